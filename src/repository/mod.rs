//! Git in: a repository on disk as a [`History`], its refs, and what its configuration says.
//!
//! A [`Repository`] is opened once per process, from an [`Environment`] that is a plain value. It
//! reads and never writes; replaced objects and grafts do not exist for it. Ancestry is exact
//! whatever the dates say (see [`crate::history::walk`]), with or without a commit-graph.

mod ahead;
mod below;
mod content;
pub mod decode;
mod delta;
mod environment;
mod graph;
mod index;
mod near;
mod objects;
mod outlines;
mod packed;
mod place;
mod refs;
mod settings;
pub mod signature;
mod small;
mod sorted;
mod source;
mod trees;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gix::hash::Kind as Hash;
use gix::objs::Kind;

pub use below::{Found, below};
pub use environment::{Environment, VARIABLES};

use crate::history::walk::{Commits, Walk};
use crate::history::{
    Answer, BString, ByteSlice, Commit, History, IdMap, Object, Oid, PatchId, RefName, Refs, Seconds, Signed,
    Survey, Unreadable,
};
use place::{ObjectDirectories, Place};
use settings::{Format, Settings};
use source::Source;

/// Why a repository cannot be opened. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is none.
    #[error("find a git repository at `{}`", .0.display())]
    NotFound(PathBuf),
    /// The working directory is gone.
    #[error("find the working directory")]
    WorkingDirectory(#[source] std::io::Error),
    /// A file of the repository cannot be read.
    #[error("read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration makes no sense.
    #[error("read the configuration `{}`: {why}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// `core.repositoryformatversion` is not 0 or 1.
    #[error("read this repository: its format version is {0}, and only 0 and 1 are known")]
    Version(i64),
    /// An `extensions.*` setting that is not known here, so anything might be different.
    #[error("read this repository: `extensions.{name} = {value}` is not known to flowcheck")]
    Extension {
        /// The name below `extensions.`.
        name: String,
        /// Its value.
        value: String,
    },
    /// `GIT_NAMESPACE` is set.
    #[error("judge a push to a namespace: GIT_NAMESPACE is set, and namespaces are not supported")]
    Namespace,
    /// The boundary of a shallow clone cannot be read.
    #[error("read the boundary of this shallow clone: `{}` holds a line that is no id", .0.display())]
    Shallow(PathBuf),
}

/// A repository on disk.
#[derive(Debug)]
pub struct Repository {
    environment: Environment,
    place: Place,
    format: Format,
    settings: Settings,
    worktree: Option<PathBuf>,
    walk: Walk<Source>,
    directories: ObjectDirectories,
    /// Subjects that will be asked for.
    ahead: RefCell<Option<ahead::Ahead>>,
    content: content::Content,
    /// The outlines that were found.
    outlines: RefCell<IdMap<Oid, u64>>,
    watch: Watch,
    /// The last commit whose tree was asked for, and the last tree that was read: files that are
    /// looked for at one tip are looked for one after the other.
    last_tree_of: Cell<Option<(Oid, Oid)>>,
    last_tree: RefCell<Option<(Oid, Vec<u8>)>>,
}

/// Who has to know before something begins that cannot look at the clock.
#[derive(Clone, Default)]
struct Watch(Rc<OnceCell<Box<dyn Fn()>>>);

impl Watch {
    fn begin(&self) {
        if let Some(tell) = self.0.get() {
            tell();
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Repository {
    /// Opens the repository that git would find from `environment`, or, where `dir` is given,
    /// the one at `dir` or above it. The caller is trusted: who owns it does not matter.
    ///
    /// # Errors
    /// Where there is none, or where its format is not known.
    pub fn open(environment: &Environment, dir: Option<&Path>) -> Result<Self, Failure> {
        let place = place::find(environment, dir)?;
        let settings = Settings::read(&place)?;
        let format = settings.format()?;
        let directories = ObjectDirectories::of(environment, &place);
        let shallow = source::shallow_boundary(environment, &place)?;
        let watch = Watch::default();
        let walk = Walk::new(Source::new(&directories, format.hash, shallow));
        Ok(Self {
            environment: environment.clone(),
            worktree: worktree(environment, &place, &format),
            content: content::Content::new(directories.all.clone(), format.hash, watch.clone()),
            directories,
            outlines: RefCell::default(),
            ahead: RefCell::default(),
            watch,
            place,
            format,
            settings,
            walk,
            last_tree_of: Cell::default(),
            last_tree: RefCell::default(),
        })
    }

    /// Opens the repository at `path`, whatever repository this process was started for: for tests
    /// and for walks over many repositories.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn at(path: &Path) -> Result<Self, Failure> {
        Self::open(&Environment::elsewhere(path), None)
    }

    /// Ends walks that take longer than `allowed` from `start` on.
    pub fn set_deadline(&self, start: Instant, allowed: Duration) {
        self.walk.commits().deadline.set(start + allowed, allowed);
    }

    /// Calls `tell` before anything that cannot look at the clock, each time: a program that is
    /// run, or contents that are compared. Only the first to ask for it is told.
    pub fn before_waiting(&self, tell: impl Fn() + 'static) {
        self.watch.0.get_or_init(|| Box::new(tell));
    }

    /// Returns the refs whose full name begins with one of `prefixes`, such as `refs/heads/`.
    /// Refs below other prefixes cost nothing. Aliases of nothing are left out.
    ///
    /// # Errors
    /// Where a ref is broken or the store cannot be read.
    pub fn refs(&self, prefixes: &[&str]) -> Answer<Refs> {
        let refs = if self.format.reftable {
            self.reftable().below(prefixes)
        } else {
            self.files().below(prefixes)
        }?;
        self.walk.commits().tips.borrow_mut().add(&refs);
        Ok(refs)
    }

    /// Returns the ref that a push to `name` moves: `name`, or what it is an alias of, at any
    /// depth, whether or not that exists.
    ///
    /// # Errors
    /// Where a ref is broken or the store cannot be read.
    pub fn stands_for(&self, name: &RefName) -> Answer<RefName> {
        let mut at = name.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(at.clone()) {
            match self.alias(&at)? {
                Some(target) => at = RefName::new(target),
                None => return Ok(at),
            }
        }
        Err(Unreadable::Store(format!("the symbolic ref `{name}` does not end")))
    }

    /// Returns the branch that `HEAD` names, whether or not it exists: on a server the default
    /// branch. `None` where `HEAD` names a commit.
    ///
    /// # Errors
    /// Where `HEAD` cannot be read.
    pub fn default_branch(&self) -> Answer<Option<RefName>> {
        Ok(self.alias(&RefName::new("HEAD"))?.map(RefName::new))
    }

    /// Returns the commit that `HEAD` stands for; `None` where it is not born yet.
    ///
    /// # Errors
    /// Where `HEAD` cannot be read.
    pub fn head(&self) -> Answer<Option<Oid>> {
        let end = self.stands_for(&RefName::new("HEAD"))?;
        match self.value(&end)? {
            Some(refs::Value::Object(id)) => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    /// Returns the value that `git config KEY` would give (files that a configuration includes
    /// are not followed).
    #[must_use]
    pub fn config(&self, key: &str) -> Option<String> {
        settings::configured(&self.settings, &self.environment, key)
    }

    /// Returns the names of the remotes that the repository's own configuration has.
    #[must_use]
    pub fn remotes(&self) -> BTreeSet<String> {
        self.settings.remotes()
    }

    /// Returns what makes the ids.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.format.hash
    }

    /// Returns the git directory: `.git`, the bare repository, or `.git/worktrees/NAME`.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.place.git_dir
    }

    /// Returns the directory that all work trees share; hooks and configuration are there.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.place.common_dir
    }

    /// Returns the top of the work tree; `None` where the repository is bare.
    #[must_use]
    pub fn worktree(&self) -> Option<&Path> {
        self.worktree.as_deref()
    }

    /// Whether refs are in reftables.
    #[must_use]
    pub fn has_reftables(&self) -> bool {
        self.format.reftable
    }

    /// Whether the history may stop before its roots.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.walk.commits().is_shallow()
    }

    /// Whether objects may be missing because a remote promises them.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.format.partial
    }

    /// Whether what a push brings is kept apart from what was here before.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.walk.commits().objects.is_quarantined()
    }

    /// Returns how many commits the commit-graph has.
    #[must_use]
    pub fn graph_size(&self) -> u32 {
        self.walk.commits().rows()
    }

    /// Returns why the commit-graph that is there is not used, if so.
    #[must_use]
    pub fn graph_trouble(&self) -> Option<String> {
        self.walk.commits().trouble()
    }

    /// Returns the kind and the bytes of an object.
    ///
    /// # Errors
    /// Where it is missing, damaged or too large to be judged.
    pub fn raw(&self, id: Oid) -> Answer<(Kind, Vec<u8>)> {
        let mut data = vec![];
        let kind = self.walk.commits().objects.read(id, &mut data)?;
        Ok((kind, data))
    }

    /// Returns a `git` command for this repository that sees the same objects as we do: those of
    /// the quarantine, none replaced, none fetched on the way; no other variable of the
    /// environment is passed on.
    #[must_use]
    pub fn git(&self) -> Command {
        self.watch.begin();
        let mut command = Command::new("git");
        command.env_clear();
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "GIT_EXEC_PATH", "XDG_CONFIG_HOME"]
            .into_iter()
            .chain(["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"])
        {
            if let Some(value) = self.environment.get(name) {
                command.env(name, value);
            }
        }
        if self.place.environment_counts {
            for name in ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"] {
                if let Some(value) = self.environment.get(name) {
                    command.env(name, value);
                }
            }
        }
        command
            .current_dir(self.environment.dir())
            .env("GIT_DIR", &self.place.git_dir)
            .env("GIT_COMMON_DIR", &self.place.common_dir)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(std::process::Stdio::null());
        command
    }

    fn alias(&self, name: &RefName) -> Answer<Option<BString>> {
        if self.format.reftable {
            self.reftable().alias(name.full())
        } else {
            self.files().alias(name.full())
        }
    }

    fn value(&self, name: &RefName) -> Answer<Option<refs::Value>> {
        if self.format.reftable {
            self.reftable().value(name.full())
        } else {
            self.files().value(name.full())
        }
    }

    fn files(&self) -> refs::Files<'_> {
        refs::Files {
            git_dir: &self.place.git_dir,
            common_dir: &self.place.common_dir,
            hash: self.format.hash,
        }
    }

    fn reftable(&self) -> refs::Reftable<impl Fn() -> Command> {
        refs::Reftable { git: || self.git(), hash: self.format.hash }
    }

    /// Returns the trees that the change of a commit lies between.
    fn change_of(&self, commit: Oid) -> Answer<outlines::Between> {
        self.walk.commits().deadline.check()?;
        if let Some(listed) = self.walk.commits().listed_change(&commit) {
            return Ok(listed);
        }
        let from = self.parents(commit)?.first().map(|from| self.tree_of(*from)).transpose()?;
        Ok((from, self.tree_of(commit)?))
    }

    fn tree_of(&self, commit: Oid) -> Answer<Oid> {
        if let Some((known, tree)) = self.last_tree_of.get()
            && known == commit
        {
            return Ok(tree);
        }
        let tree = match self.walk.commits().listed_tree(&commit) {
            Some(tree) => tree,
            None => self.commit(commit)?.tree,
        };
        self.last_tree_of.set(Some((commit, tree)));
        Ok(tree)
    }

    /// Returns the entry called `name` of the tree `tree`.
    fn entry(&self, tree: Oid, name: &str) -> Answer<Option<(gix::objs::tree::EntryMode, Oid)>> {
        let mut last = self.last_tree.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| *known != tree) {
            let (kind, data) = self.raw(tree)?;
            if kind != Kind::Tree {
                return Err(Unreadable::Damaged { id: tree, why: format!("it is a {kind}, not a tree") });
            }
            *last = Some((tree, data));
        }
        let data = last.as_ref().map_or(&[][..], |(_, data)| data);
        for entry in gix::objs::TreeRefIter::from_bytes(data, self.hash()) {
            let entry = entry.map_err(|error| Unreadable::Damaged { id: tree, why: error.to_string() })?;
            if entry.filename == name {
                return Ok(Some((entry.mode, entry.oid.to_owned())));
            }
        }
        Ok(None)
    }
}

impl History for Repository {
    fn object(&self, id: Oid) -> Answer<Object> {
        match self.walk.commits().objects.kind(id)? {
            Kind::Commit => Ok(Object::Commit),
            Kind::Tree => Ok(Object::Tree),
            Kind::Blob => Ok(Object::Blob),
            Kind::Tag => decode::tag(id, &self.raw(id)?.1).map(Object::Tag),
        }
    }

    fn is_commit(&self, id: Oid) -> Answer<bool> {
        // What the graph lists was a commit when it was written, and is no other object since.
        let source = self.walk.commits();
        let listed = source.rows() > 0 && source.row_of(&id).is_some();
        Ok(listed || source.objects.kind(id)? == Kind::Commit)
    }

    fn commit(&self, id: Oid) -> Answer<Commit> {
        self.walk.commits().with_commit(id, |data| decode::commit(id, data))
    }

    fn date(&self, id: Oid) -> Answer<Seconds> {
        match self.walk.commits().listed_date(&id) {
            Some(date) => Ok(date),
            None => self.walk.commits().with_commit(id, |data| Ok(decode::header(id, data)?.date)),
        }
    }

    fn expect_subjects(&self, commits: Vec<Oid>) {
        self.ahead.replace(ahead::Ahead::begin(&self.directories, self.format.hash, commits));
    }

    fn subject(&self, id: Oid) -> Answer<String> {
        if let Some(subject) = self.ahead.borrow_mut().as_mut().and_then(|ahead| ahead.take(id)) {
            return Ok(subject);
        }
        self.walk.commits().with_commit(id, |data| Ok(decode::subject(data)))
    }

    fn survey(&self, tips: &[Oid]) -> Answer<Survey> {
        self.walk.survey(tips)
    }

    fn parents(&self, id: Oid) -> Answer<Vec<Oid>> {
        self.walk.parents(id)
    }

    fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        self.walk.is_ancestor(ancestor, descendant)
    }

    fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        self.walk.merge_bases(a, b)
    }

    fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        self.walk.introduced(tips, hidden)
    }

    fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        self.walk.reached(commits, groups)
    }

    fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>> {
        self.walk.trunk_meets(tip, other)
    }

    fn on_trunk(&self, commit: Oid, tip: Oid) -> Answer<bool> {
        self.walk.on_trunk(commit, tip)
    }

    fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        let from = from.map(|from| self.tree_of(from)).transpose()?;
        self.content.patch(from, self.tree_of(to)?)
    }

    fn touched(&self, from: Option<Oid>, to: Oid) -> Answer<u64> {
        let from = from.map(|from| self.tree_of(from)).transpose()?;
        self.content.touched(&self.walk.commits().objects, from, self.tree_of(to)?)
    }

    fn outlines(&self, commits: &[Oid]) -> Answer<Vec<u64>> {
        let mut known = self.outlines.borrow_mut();
        // In their order, for the trees of neighbours are read the sooner.
        let new: Vec<Oid> = commits.iter().copied().filter(|commit| !known.contains_key(commit)).collect();
        let changes = new.iter().map(|commit| self.change_of(*commit)).collect::<Answer<Vec<_>>>()?;
        if !changes.is_empty() {
            self.watch.begin();
        }
        let source = self.walk.commits();
        let found = outlines::of_many(&source.objects, &source.directories, self.hash(), &changes)?;
        known.extend(new.into_iter().zip(found));
        Ok(commits.iter().map(|commit| known[commit]).collect())
    }

    fn differs(&self, from: Option<Oid>, to: Oid) -> Answer<bool> {
        let from = from.map(|from| self.tree_of(from)).transpose()?;
        self.content.differ(&self.walk.commits().objects, [from, Some(self.tree_of(to)?)])
    }

    fn merge_over(&self, bases: &[Oid], into: Oid, from: Oid) -> Answer<bool> {
        let objects = &self.walk.commits().objects;
        let (ours, theirs) = (self.tree_of(into)?, self.tree_of(from)?);
        if bases.is_empty() {
            return self.content.merge_is_ours(objects, None, ours, theirs);
        }
        for base in bases {
            if !self.content.merge_is_ours(objects, Some(self.tree_of(*base)?), ours, theirs)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn file(&self, commit: Oid, path: &str) -> Answer<Option<Vec<u8>>> {
        let mut tree = self.tree_of(commit)?;
        let (dirs, name) = path.rsplit_once('/').map_or((None, path), |(dirs, name)| (Some(dirs), name));
        for dir in dirs.into_iter().flat_map(|dirs| dirs.split('/')) {
            match self.entry(tree, dir)? {
                Some((mode, id)) if mode.is_tree() => tree = id,
                _ => return Ok(None),
            }
        }
        match self.entry(tree, name)? {
            Some((mode, id)) if mode.is_blob() => Ok(Some(self.raw(id)?.1)),
            _ => Ok(None),
        }
    }

    fn signature(&self, tag: Oid, allowed: &str) -> Answer<Signed> {
        let (kind, data) = self.raw(tag)?;
        if kind != Kind::Tag {
            return Ok(Signed::Not);
        }
        let at = decode::tag(tag, &data)?.tagger.map(|tagger| tagger.time);
        signature::check(|| self.git(), tag, &data, at, allowed)
    }
}

/// Returns the top of the work tree as git would have it.
fn worktree(environment: &Environment, place: &Place, format: &Format) -> Option<PathBuf> {
    if let Some(found_in) = &place.found_in {
        return Some(format.worktree.as_ref().map_or(found_in.clone(), |path| place.git_dir.join(path)));
    }
    if let Some(named) = environment.path("GIT_WORK_TREE").filter(|_| place.environment_counts) {
        return Some(named);
    }
    if let Ok(link) = std::fs::read(place.git_dir.join("gitdir")) {
        let dot_git = place.git_dir.join(link.trim_end().to_os_str_lossy());
        return dot_git.parent().map(Path::to_owned);
    }
    if let Some(path) = &format.worktree {
        return Some(place.git_dir.join(path));
    }
    let is_dot_git = place.git_dir.file_name().is_some_and(|name| name == ".git");
    let bare = format.bare.unwrap_or(!is_dot_git);
    if bare {
        return None;
    }
    Some(if is_dot_git { place.git_dir.parent()? } else { environment.dir() }.to_owned())
}
