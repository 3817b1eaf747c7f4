//! The repository's own configuration: its format, and single values.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice};
use gix::config::file::{Metadata, includes, init};
use gix::config::{File, Source};
use gix::hash::Kind as Hash;

use super::{Environment, Failure, Place};

/// What the configuration says about the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    /// What makes the ids.
    pub hash: Hash,
    /// Whether refs are in reftables.
    pub reftable: bool,
    /// Whether objects may be missing because a remote promises them.
    pub partial: bool,
    /// Whether there is no work tree; `None`: not said.
    pub bare: Option<bool>,
    /// `core.worktree`.
    pub worktree: Option<PathBuf>,
}

/// The configuration of one repository.
#[derive(Debug)]
pub(super) struct Settings {
    local: File,
    worktree: Option<File>,
    /// The user's and the system's files as they are written; read when first asked for.
    files: OnceCell<Vec<(PathBuf, Vec<u8>)>>,
}

impl Settings {
    pub(super) fn read(place: &Place) -> Result<Self, Failure> {
        let local = load(&place.common_dir.join("config"), Source::Local)?.unwrap_or_default();
        let per_worktree = local.boolean("extensions.worktreeConfig").ok().flatten().unwrap_or(false);
        let own = place.git_dir.join("config.worktree");
        let worktree = if per_worktree { load(&own, Source::Worktree)? } else { None };
        Ok(Self { local, worktree, files: OnceCell::new() })
    }

    /// Returns what the store is like.
    ///
    /// # Errors
    /// Where something is asked for that is not known here: then nothing can be said safely.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let version = self.local.integer("core.repositoryformatversion").ok().flatten().unwrap_or(0);
        if !(0..=1).contains(&version) {
            return Err(Failure::Version(version));
        }
        let mut format = Format {
            hash: Hash::Sha1,
            reftable: false,
            partial: self.has_promisor(),
            bare: self.boolean("core.bare"),
            worktree: self.string("core.worktree").map(PathBuf::from),
        };
        for section in self.local.sections_by_name("extensions").into_iter().flatten() {
            for name in section.value_names() {
                let name = name.to_lowercase();
                let value = section.value(name.as_str()).map(|value| value.to_str_lossy().to_lowercase());
                format.extend(&name, &value.unwrap_or_default(), version)?;
            }
        }
        Ok(format)
    }

    /// Returns a value as the repository has it, without the user's or the system's settings.
    pub(super) fn string(&self, key: &str) -> Option<String> {
        let of = |file: &File| file.string(key).map(|value| value.to_str_lossy().into_owned());
        self.worktree.as_ref().and_then(of).or_else(|| of(&self.local))
    }

    /// Returns the names of the remotes.
    pub(super) fn remotes(&self) -> BTreeSet<String> {
        let sections = self.local.sections_by_name("remote").into_iter().flatten();
        let name = |name: &BStr| name.to_str_lossy().into_owned();
        sections.filter_map(|section| section.header().subsection_name().map(name)).collect()
    }

    /// Whether a remote promises objects that are not here.
    fn has_promisor(&self) -> bool {
        let mut remotes = self.local.sections_by_name("remote").into_iter().flatten();
        remotes.any(|remote| {
            let said = remote.value("promisor").map(|value| value.to_str_lossy().to_lowercase());
            said.is_some_and(|said| matches!(said.as_str(), "true" | "yes" | "on" | "1"))
        })
    }

    fn beyond(&self, environment: &Environment, key: &str) -> Option<String> {
        let files = self.files.get_or_init(|| {
            let read = |path: PathBuf| std::fs::read(&path).ok().map(|text| (path, text));
            files(environment).into_iter().filter_map(read).collect()
        });
        files.iter().find_map(|(path, text)| {
            // Most people's settings say nothing about it, and then they need not be understood.
            let section = key.split('.').next().unwrap_or_default();
            text.to_ascii_lowercase().find(section)?;
            let file = understood(path, text.clone(), Source::User).ok()?;
            file.string(key).map(|value| value.to_str_lossy().into_owned())
        })
    }

    fn boolean(&self, key: &str) -> Option<bool> {
        let of = |file: &File| file.boolean(key).ok().flatten();
        self.worktree.as_ref().and_then(of).or_else(|| of(&self.local))
    }
}

impl Format {
    fn extend(&mut self, name: &str, value: &str, version: i64) -> Result<(), Failure> {
        // These need version 1; git refuses them in version 0 as well.
        let needs_version_1 =
            ["objectformat", "refstorage", "compatobjectformat", "relativeworktrees", "noop-v1"];
        let unknown = || Failure::Extension { name: name.to_owned(), value: value.to_owned() };
        if version == 0 && needs_version_1.contains(&name) {
            return Err(unknown());
        }
        match (name, value) {
            ("partialclone", _) => self.partial = true,
            ("objectformat", "sha1") => self.hash = Hash::Sha1,
            ("objectformat", "sha256") => self.hash = Hash::Sha256,
            ("refstorage", "files") => self.reftable = false,
            ("refstorage", "reftable") => self.reftable = true,
            (
                "noop" | "noop-v1" | "preciousobjects" | "worktreeconfig" | "compatobjectformat"
                | "relativeworktrees",
                _,
            ) => {}
            // In version 0 git ignores what it does not know.
            _ if version == 0 => {}
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

/// Returns the last value of `key` as `git config KEY` would: the command line's, the
/// repository's, the user's, the system's.
pub(super) fn configured(settings: &Settings, environment: &Environment, key: &str) -> Option<String> {
    from_command_line(environment, key)
        .or_else(|| settings.string(key))
        .or_else(|| settings.beyond(environment, key))
}

fn from_command_line(environment: &Environment, key: &str) -> Option<String> {
    let value = |at: usize| {
        let name = environment.get(&format!("GIT_CONFIG_KEY_{at}"))?;
        let value = environment.get(&format!("GIT_CONFIG_VALUE_{at}"))?;
        name.eq_ignore_ascii_case(key).then(|| value.to_string_lossy().into_owned())
    };
    (0..environment.overrides()).rev().find_map(value)
}

/// Returns the files of the user's settings and the system's.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let home = environment.path("HOME");
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let usual = || {
        let xdg = environment.path("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
        vec![below_home(".gitconfig"), xdg.map(|dir| dir.join("git/config"))]
    };
    let global = environment.path("GIT_CONFIG_GLOBAL").map_or_else(usual, |file| vec![Some(file)]);
    let system = environment.path("GIT_CONFIG_SYSTEM").or_else(|| Some(PathBuf::from("/etc/gitconfig")));
    let system = system.filter(|_| environment.get("GIT_CONFIG_NOSYSTEM").is_none());
    global.into_iter().chain([system]).flatten().collect()
}

fn load(path: &Path, source: Source) -> Result<Option<File>, Failure> {
    match std::fs::read(path) {
        Ok(text) => understood(path, text, source).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Failure::Read { path: path.to_owned(), source }),
    }
}

fn understood(path: &Path, mut text: Vec<u8>, source: Source) -> Result<File, Failure> {
    let options =
        init::Options { includes: includes::Options::no_follow(), lossy: true, ignore_io_errors: false };
    File::from_bytes_owned(&mut text, Metadata::from(source).at(path), options)
        .map_err(|error| Failure::Configuration { path: path.to_owned(), why: error.to_string() })
}
