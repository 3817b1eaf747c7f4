//! What commits hold: files, changes as patches, merges tried in memory.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::rc::Rc;

use git2::{DiffOptions, MergeFileInput, MergeOptions, ObjectFormat};
use gix::hash::Kind as Hash;

use super::Watch;
use super::objects::Objects;
use super::trees;
use crate::history::{Answer, Oid, PatchId, Unreadable};

/// A second reader of the same object directories, for trees and blobs; opened when first asked.
pub(super) struct Content {
    directories: Vec<PathBuf>,
    hash: Hash,
    watch: Watch,
    reader: OnceCell<git2::Repository>,
    /// Whether merges of single files gave ours again: by the file before, ours and theirs.
    merged: RefCell<HashMap<[git2::Oid; 3], bool>>,
    lines: RefCell<Lines>,
}

/// The lines of the files that were read last, as numbers that stand for them.
#[derive(Default)]
struct Lines {
    of: HashMap<git2::Oid, Rc<HashSet<u64>>>,
    count: usize,
}

impl Lines {
    /// How many lines are kept.
    const KEPT: usize = 1 << 20;

    fn keep(&mut self, id: git2::Oid, lines: &Rc<HashSet<u64>>) {
        self.count += lines.len();
        if self.count > Self::KEPT {
            self.of.clear();
            self.count = lines.len();
        }
        self.of.insert(id, Rc::clone(lines));
    }
}

/// What one side of a merge has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Side {
    id: git2::Oid,
    mode: u32,
}

impl Side {
    fn of_entry(entry: trees::Entry<'_>) -> Option<Self> {
        Some(Self { id: git2::Oid::from_bytes(entry.id).ok()?, mode: entry.mode() })
    }

    fn is_file(self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Content").field(&self.directories).finish()
    }
}

impl Content {
    pub(super) fn new(directories: Vec<PathBuf>, hash: Hash, watch: Watch) -> Self {
        Self {
            watch,
            directories,
            hash,
            reader: OnceCell::new(),
            merged: RefCell::default(),
            lines: RefCell::default(),
        }
    }

    /// Returns the identity of the change between two trees.
    pub(super) fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        if from == Some(to) {
            return Ok(None);
        }
        let diff = self.diff(from, to)?;
        if diff.deltas().len() == 0 {
            return Ok(None);
        }
        let id = diff.patchid(None).map_err(|error| unreadable(to, &error))?;
        let mut identity = id.to_string();
        // The patch of a binary file says only that it differs, so its contents are named.
        for delta in diff.deltas().filter(|delta| delta.flags().is_binary()) {
            let (old, new) = (delta.old_file(), delta.new_file());
            let path = String::from_utf8_lossy(new.path_bytes().or(old.path_bytes()).unwrap_or_default());
            let _ = write!(identity, "\n{path} {} {}", old.id(), new.id());
        }
        Ok(Some(PatchId(identity)))
    }

    /// Whether any file differs between two trees: [`Self::patch`] says more of it.
    pub(super) fn differ(&self, objects: &Objects, trees: [Option<Oid>; 2]) -> Answer<bool> {
        let [old, new] = objects.trees(trees)?;
        for sides in trees::differences(&old, &new, self.hash.len_in_bytes()) {
            let is_tree = sides[0].or(sides[1]).is_some_and(|entry| entry.is_tree());
            if !is_tree || self.differ(objects, sides.map(|side| side?.oid()))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns a number that says which paths differ between two trees.
    pub(super) fn touched(&self, objects: &Objects, from: Option<Oid>, to: Oid) -> Answer<u64> {
        let mut hash = DefaultHasher::new();
        self.touch(objects, [from, Some(to)], &mut vec![], &mut hash)?;
        Ok(hash.finish())
    }

    /// Adds the paths below `path` that differ between two trees.
    fn touch(
        &self,
        objects: &Objects,
        trees: [Option<Oid>; 2],
        path: &mut Vec<u8>,
        hash: &mut DefaultHasher,
    ) -> Answer<()> {
        let [old, new] = objects.trees(trees)?;
        for sides in trees::differences(&old, &new, self.hash.len_in_bytes()) {
            let Some(entry) = sides[0].or(sides[1]) else { continue };
            let begin = path.len();
            path.extend_from_slice(entry.name);
            if entry.is_tree() {
                path.push(b'/');
                self.touch(objects, sides.map(|side| side?.oid()), path, hash)?;
            } else {
                path.hash(hash);
            }
            path.truncate(begin);
        }
        Ok(())
    }

    fn diff(&self, from: Option<Oid>, to: Oid) -> Answer<git2::Diff<'_>> {
        let reader = self.reader()?;
        let old = from.map(|from| tree(reader, from)).transpose()?;
        let new = tree(reader, to)?;
        let mut options = DiffOptions::new();
        options.ignore_submodules(false).include_typechange(true).context_lines(3);
        reader
            .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))
            .map_err(|error| unreadable(to, &error))
    }

    /// Whether a merge of the tree `theirs` into `ours` over `base` gives `ours` again: what they
    /// changed is there already, in the same files or, where ours lacks one, in one that it has by
    /// another name.
    pub(super) fn merge_is_ours(
        &self,
        objects: &Objects,
        base: Option<Oid>,
        ours: Oid,
        theirs: Oid,
    ) -> Answer<bool> {
        if base == Some(theirs) || ours == theirs {
            return Ok(true);
        }
        let mut changed = vec![];
        if !self.changed_by_both(objects, [base, Some(ours), Some(theirs)], &mut changed)? {
            return Ok(false);
        }
        let mut open = vec![];
        for sides in changed {
            let is_ours = match sides {
                [Some(old), Some(our), Some(new)] => self.file_is_ours([old, our, new], theirs)?,
                _ => None,
            };
            match is_ours {
                Some(true) => {}
                Some(false) => return Ok(false),
                None => open.push(sides),
            }
        }
        if open.is_empty() {
            return Ok(true);
        }
        self.moved_files_are_ours(objects, base, ours, &open, theirs)
    }

    /// Adds what theirs changed since the base and ours has as neither has it: that of the base, of
    /// ours and of theirs. `false`: ours has something that theirs changed as the base has it.
    fn changed_by_both(
        &self,
        objects: &Objects,
        trees: [Option<Oid>; 3],
        changed: &mut Vec<[Option<Side>; 3]>,
    ) -> Answer<bool> {
        let [base, ours, theirs] = objects.trees(trees)?;
        let len = self.hash.len_in_bytes();
        let mut known: HashMap<&[u8], Option<trees::Entry<'_>>> = HashMap::new();
        for [new, our] in trees::differences(&theirs, &ours, len) {
            let Some(entry) = our.or(new) else { continue };
            let known = known.entry(entry.name).or_default();
            *known = known.or(our);
        }
        for [old, new] in trees::differences(&base, &theirs, len) {
            let Some(entry) = old.or(new) else { continue };
            // What does not differ is there already.
            let Some(our) = known.get(entry.name) else { continue };
            let is_ours = if entry.is_tree() {
                let below = |side: Option<trees::Entry<'_>>| side.filter(trees::Entry::is_tree)?.oid();
                self.changed_by_both(objects, [old, *our, new].map(below), changed)?
            } else {
                let sides = [old, *our, new].map(|side| side.and_then(Side::of_entry));
                if sides[1] != sides[0] && sides[1] != sides[2] {
                    changed.push(sides);
                }
                sides[1] != sides[0] || sides[1] == sides[2]
            };
            if !is_ours {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds the files that a tree has at paths where the base has none.
    fn added(&self, objects: &Objects, trees: [Option<Oid>; 2], added: &mut Vec<Side>) -> Answer<()> {
        let [old, new] = objects.trees(trees)?;
        for [old, new] in trees::differences(&old, &new, self.hash.len_in_bytes()) {
            let Some(entry) = new else { continue };
            if entry.is_tree() {
                self.added(objects, [old, new].map(|side| side?.oid()), added)?;
            } else if old.is_none() {
                added.extend(Side::of_entry(entry).filter(|it| it.is_file()));
            }
        }
        Ok(())
    }

    /// Whether a merge of some files alone gives ours again, where what is new in ours may be one of
    /// them by another name.
    fn moved_files_are_ours(
        &self,
        objects: &Objects,
        base: Option<Oid>,
        ours: Oid,
        open: &[[Option<Side>; 3]],
        near: Oid,
    ) -> Answer<bool> {
        let Some(new) = self.may_have_moved(objects, base, ours, open, near)? else { return Ok(false) };
        let reader = self.reader()?;
        let failed = |error: git2::Error| unreadable(near, &error);
        let tree_of = |side: usize, more: &[Side]| -> Result<git2::Tree<'_>, git2::Error> {
            let mut builder = reader.treebuilder(None)?;
            for (at, sides) in open.iter().enumerate() {
                if let Some(it) = sides[side] {
                    builder.insert(format!("open-{at}"), it.id, it.mode.cast_signed())?;
                }
            }
            for (at, it) in more.iter().enumerate() {
                builder.insert(format!("new-{at}"), it.id, it.mode.cast_signed())?;
            }
            reader.find_tree(builder.write()?)
        };
        let (old, our) = (tree_of(0, &[]).map_err(failed)?, tree_of(1, &new).map_err(failed)?);
        let their = tree_of(2, &[]).map_err(failed)?;
        let mut options = MergeOptions::new();
        options.find_renames(true);
        let merged = reader.merge_trees(&old, &our, &their, Some(&options)).map_err(failed)?;
        if merged.has_conflicts() {
            return Ok(false);
        }
        let diff = reader.diff_tree_to_index(Some(&our), Some(&merged), None).map_err(failed)?;
        Ok(diff.deltas().len() == 0)
    }

    /// Returns the new files of ours that may be one of those that it lacks: the lines that theirs
    /// brings to that are in there. `None`: nothing can be one of them.
    fn may_have_moved(
        &self,
        objects: &Objects,
        base: Option<Oid>,
        ours: Oid,
        open: &[[Option<Side>; 3]],
        near: Oid,
    ) -> Answer<Option<Vec<Side>>> {
        let lacked: Vec<(Side, Side)> = open
            .iter()
            .filter_map(|sides| match *sides {
                [Some(old), None, Some(new)] => Some((old, new)),
                _ => None,
            })
            .collect();
        if lacked.is_empty() {
            return Ok(Some(vec![]));
        }
        let mut added = vec![];
        self.added(objects, [base, Some(ours)], &mut added)?;
        let mut found = BTreeSet::new();
        for (old, new) in lacked {
            let (old, new) = (self.lines_of(old.id, near)?, self.lines_of(new.id, near)?);
            let brought: Vec<u64> = new.difference(&old).copied().collect();
            let mut one_of_them = false;
            for (at, file) in added.iter().enumerate() {
                let lines = self.lines_of(file.id, near)?;
                if brought.iter().all(|line| lines.contains(line)) {
                    one_of_them = true;
                    found.insert(at);
                }
            }
            if !one_of_them {
                return Ok(None);
            }
        }
        Ok(Some(found.into_iter().map(|at| added[at]).collect()))
    }

    /// Returns the lines of a file, as numbers that stand for them.
    fn lines_of(&self, id: git2::Oid, near: Oid) -> Answer<Rc<HashSet<u64>>> {
        if let Some(known) = self.lines.borrow().of.get(&id) {
            return Ok(Rc::clone(known));
        }
        let blob = self.reader()?.find_blob(id).map_err(|error| unreadable(near, &error))?;
        let number = |line: &[u8]| {
            let mut hash = DefaultHasher::new();
            line.hash(&mut hash);
            hash.finish()
        };
        let lines: Rc<HashSet<u64>> =
            Rc::new(blob.content().split(|byte| *byte == b'\n').map(number).collect());
        self.lines.borrow_mut().keep(id, &lines);
        Ok(lines)
    }

    /// Whether a merge of a file that all three sides have gives ours again. `None`: it is not a
    /// plain file everywhere.
    fn file_is_ours(&self, sides: [Side; 3], near: Oid) -> Answer<Option<bool>> {
        let [old, our, new] = sides;
        if sides.iter().any(|side| !side.is_file()) {
            return Ok(None);
        }
        if our.mode == old.mode && our.mode != new.mode {
            return Ok(Some(false));
        }
        if let Some(known) = self.merged.borrow().get(&sides.map(|side| side.id)) {
            return Ok(Some(*known));
        }
        let is_ours = self.lines_are_ours(sides.map(|side| side.id), near)?;
        self.merged.borrow_mut().insert([old.id, our.id, new.id], is_ours);
        Ok(Some(is_ours))
    }

    fn lines_are_ours(&self, ids: [git2::Oid; 3], near: Oid) -> Answer<bool> {
        let [old, our, new] = ids;
        if our == new || old == new {
            return Ok(true);
        }
        let reader = self.reader()?;
        let blob = |id: git2::Oid| reader.find_blob(id).map_err(|error| unreadable(near, &error));
        let [old, our, new] = [blob(old)?, blob(our)?, blob(new)?];
        // Whoever emptied a file meets every change of it.
        if our.size() == 0 || [&old, &our, &new].iter().any(|blob| blob.is_binary()) {
            return Ok(false);
        }
        let mut inputs = [MergeFileInput::new(), MergeFileInput::new(), MergeFileInput::new()];
        for (input, blob) in inputs.iter_mut().zip([&old, &our, &new]) {
            input.content(blob.content());
        }
        let merged = git2::merge_file(&inputs[0], &inputs[1], &inputs[2], None)
            .map_err(|error| unreadable(near, &error))?;
        Ok(merged.is_automergeable() && merged.content() == our.content())
    }

    fn reader(&self) -> Answer<&git2::Repository> {
        if let Some(reader) = self.reader.get() {
            return Ok(reader);
        }
        self.watch.begin();
        let reader = self.open().map_err(|error| {
            Unreadable::Store(format!("the object directories cannot be opened: {}", error.message()))
        })?;
        Ok(self.reader.get_or_init(|| reader))
    }

    fn open(&self) -> Result<git2::Repository, git2::Error> {
        let format = match self.hash {
            Hash::Sha256 => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        };
        // git names what it receives by what it is, and believes that name ever after; so do we.
        git2::opts::strict_hash_verification(false);
        // Trees that are made to try a merge may name files that a partial clone lacks; whoever reads
        // these says so.
        git2::opts::strict_object_creation(false);
        let objects = git2::Odb::new_ext(format)?;
        for directory in &self.directories {
            let path = directory.to_str().ok_or_else(|| git2::Error::from_str("its path is not UTF-8"))?;
            objects.add_disk_alternate(path)?;
        }
        // A merge writes the files it merges: to memory, never to disk.
        objects.add_new_mempack_backend(1000)?;
        git2::Repository::from_odb(objects)
    }
}

fn tree(reader: &git2::Repository, id: Oid) -> Answer<git2::Tree<'_>> {
    let raw = git2::Oid::from_bytes(id.as_slice()).map_err(|error| unreadable(id, &error))?;
    reader.find_tree(raw).map_err(|error| unreadable(id, &error))
}

/// Says which object is missing where libgit2 does; it names it in the text alone.
fn unreadable(near: Oid, error: &git2::Error) -> Unreadable {
    if error.code() != git2::ErrorCode::NotFound {
        return Unreadable::Damaged { id: near, why: error.message().to_owned() };
    }
    let is_hex = |c: char| c.is_ascii_hexdigit();
    let named =
        error.message().split(|c: char| !is_hex(c)).find_map(|word| Oid::from_hex(word.as_bytes()).ok());
    Unreadable::Missing(named.unwrap_or(near))
}
