//! Which policy is in force here, and what it says.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::{Failure, Global};
use crate::history::{History as _, Oid, RefName};
use crate::policy::discovery::{self, Found, Home, Lookups, Place, Side};
use crate::policy::{Policy, Reading};
use crate::repository::Repository;

/// Returns the policy that a push to this repository, or from it, is judged by.
pub(super) fn policy(global: &Global, repository: &Repository, side: Side) -> Result<Policy, Failure> {
    let found = found(global, repository, side)?;
    found.map_or_else(|| built_in(repository, side), Ok)
}

/// Returns the policy that somebody has written for this repository; `None` where the built-in
/// default is all there is.
pub(super) fn found(global: &Global, repository: &Repository, side: Side) -> Result<Option<Policy>, Failure> {
    let lookups = Here::of(Some(repository));
    let Some(found) = discover(global, &lookups, side)? else { return Ok(None) };
    let mut policy = read(&found, &lookups)?.policy;
    if discovery::is_in_tree(Some(&found)) {
        policy.home = default_branch(repository, side)?.map(|branch| Home { branch });
    }
    Ok(Some(policy))
}

/// Returns the built-in default, which a push to the default branch can replace.
pub(super) fn built_in(repository: &Repository, side: Side) -> Result<Policy, Failure> {
    let home = default_branch(repository, side)?.map(|branch| Home { branch });
    Ok(Policy { home, ..Policy::built_in() })
}

/// Returns the server's default branch; a clone knows it from the remote that it was made of.
fn default_branch(repository: &Repository, side: Side) -> Result<Option<RefName>, Failure> {
    if side == Side::Server {
        return repository.default_branch().map_err(Failure::Judge);
    }
    let head = RefName::new("refs/remotes/origin/HEAD");
    let stands_for = repository.stands_for(&head).map_err(Failure::Judge)?;
    let branch = stands_for.full().strip_prefix(b"refs/remotes/origin/");
    let branch =
        branch.filter(|branch| *branch != b"HEAD").and_then(|branch| std::str::from_utf8(branch).ok());
    Ok(branch.map(RefName::of_branch))
}

/// Returns the policy for whoever looks at this directory, be it a repository or not.
pub(super) fn policy_here(global: &Global) -> Result<Policy, Failure> {
    let environment = crate::repository::Environment::of_process()?;
    match Repository::open(&environment, global.repo.as_deref()) {
        Ok(repository) => policy(global, &repository, side_of(&repository)),
        Err(crate::repository::Failure::NotFound(_)) if global.repo.is_none() => {
            let lookups = Here::of(None);
            let found = match global.policy {
                Some(_) => discover(global, &lookups, Side::Server)?,
                None => None,
            };
            found.map_or_else(|| Ok(Policy::built_in()), |found| Ok(read(&found, &lookups)?.policy))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Returns the side that somebody stands on who looks at this repository: a bare one is a server's.
pub(super) fn side_of(repository: &Repository) -> Side {
    if repository.worktree().is_some() { Side::Client } else { Side::Server }
}

/// Finds the file of the policy in force; `None`: the built-in default counts.
pub(super) fn discover(global: &Global, here: &Here<'_>, side: Side) -> Result<Option<Found>, Failure> {
    let option = global.policy.as_deref().map(text).transpose()?;
    Ok(discovery::discover(option, side, here)?)
}

/// Reads a policy that was found.
pub(super) fn read(found: &Found, here: &Here<'_>) -> Result<Reading, Failure> {
    found.read(here).map_err(|mistakes| Failure::Policy(Box::new(mistakes)))
}

/// Returns a path as text, for it has to be quoted.
pub(super) fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| Failure::NotText(path.to_owned()))
}

/// What discovery looks up on this machine.
pub(super) struct Here<'r> {
    /// The repository, where there is one.
    pub(super) repository: Option<&'r Repository>,
    tip: OnceCell<Option<Oid>>,
}

impl<'r> Here<'r> {
    /// Returns the lookups in a repository, where there is one.
    pub(super) fn of(repository: Option<&'r Repository>) -> Self {
        Self { repository, tip: OnceCell::new() }
    }

    /// Returns the tip of the default branch; the same for every file that is looked for.
    fn tip(&self, repository: &Repository) -> Result<Option<Oid>, String> {
        if let Some(tip) = self.tip.get() {
            return Ok(*tip);
        }
        let tip = repository.head().map_err(|failure| failure.to_string())?;
        Ok(*self.tip.get_or_init(|| tip))
    }
}

impl Lookups for Here<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn config(&self, key: &str) -> Option<String> {
        self.repository?.config(key)
    }

    fn read(&self, place: Place, path: &str) -> Result<Option<Vec<u8>>, String> {
        // Outside a repository a policy can be named; there is nowhere else to look.
        let Some(repository) = self.repository else {
            return if place == Place::Disk { file(Path::new(path)) } else { Ok(None) };
        };
        match place {
            Place::Disk => file(Path::new(path)),
            Place::Repository => {
                let top = repository.worktree().unwrap_or_else(|| repository.common_dir());
                file(&top.join(from_home(path)))
            }
            Place::Server => file(&repository.common_dir().join(path)),
            Place::WorkTree => match repository.worktree() {
                Some(top) => file(&top.join(path)),
                None => Ok(None),
            },
            Place::Tip => {
                let Some(tip) = self.tip(repository)? else { return Ok(None) };
                repository.file(tip, path).map_err(|failure| failure.to_string())
            }
        }
    }
}

/// Returns a path of git's configuration, in which `~/` is the home directory.
fn from_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// More than any file that is read here may have; the policy's own limit is said by its reader.
const MOST: u64 = 4 << 20;

fn file(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let mut bytes = vec![];
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
