//! Which repositories stand below a directory: what `git init` and servers put there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::place;
use super::{Environment, Failure, Repository};

/// A repository that was found below a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where it is, relative to the directory that was searched: the work tree's top, or the bare
    /// repository. `.` where it is that directory itself.
    pub path: PathBuf,
    /// Its git directory.
    pub git_dir: PathBuf,
}

impl Found {
    /// Returns the name that GitLab's server writes into a repository's configuration
    /// (`gitlab.fullpath`); `None` where it does not, or where that cannot be read.
    #[must_use]
    pub fn full_path(&self) -> Option<String> {
        let environment =
            Environment::new("/").with("GIT_DIR", &self.git_dir).with("GIT_CONFIG_NOSYSTEM", "1");
        let repository = Repository::open(&environment, None).ok()?;
        repository.config("gitlab.fullpath").filter(|name| !name.is_empty())
    }
}

/// Returns the repositories below `dir`, sorted by path, each once however many work trees it has.
/// Symbolic links are not followed, and nothing inside a git directory is searched.
///
/// # Errors
/// Where `dir` itself cannot be read. What cannot be read below it is passed over.
pub fn below(dir: &Path) -> Result<Vec<Found>, Failure> {
    let unread = |source| Failure::Read { path: dir.to_owned(), source };
    let dir = dir.canonicalize().map_err(unread)?;
    std::fs::read_dir(&dir).map_err(unread)?;
    let mut found = vec![];
    search(&dir, &dir, &mut found);
    found.sort();
    let mut known = BTreeSet::new();
    found.retain(|found: &Found| known.insert(shared(&found.git_dir)));
    Ok(found)
}

/// Returns what all work trees of a repository share, wherever it is looked at from.
fn shared(git_dir: &Path) -> PathBuf {
    let common_dir = place::common_dir_of(git_dir).unwrap_or_else(|_| git_dir.to_owned());
    common_dir.canonicalize().unwrap_or(common_dir)
}

fn search(top: &Path, dir: &Path, found: &mut Vec<Found>) {
    let relative = dir.strip_prefix(top).unwrap_or(dir);
    let path = if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative.to_owned() };
    if place::looks_like_git_dir(dir) {
        found.push(Found { path, git_dir: dir.to_owned() });
        return;
    }
    if let Some(git_dir) = place::git_dir_in(dir) {
        found.push(Found { path, git_dir });
    }
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && entry.file_name() != OsStr::new(".git") {
            search(top, &entry.path(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(path: &Path, bare: bool) {
        let git_dir = if bare { path.to_owned() } else { path.join(".git") };
        std::fs::create_dir_all(git_dir.join("objects")).unwrap();
        std::fs::create_dir_all(git_dir.join("refs")).unwrap();
        std::fs::write(git_dir.join("HEAD"), "ref: refs/heads/develop\n").unwrap();
    }

    fn paths(dir: &Path) -> Vec<String> {
        below(dir).unwrap().iter().map(|found| found.path.display().to_string()).collect()
    }

    #[test]
    fn bare_ones_clones_and_what_lies_below_a_clone_are_found() {
        let dir = tempfile::tempdir().unwrap();
        made(&dir.path().join("@hashed/ab/cd/abcd.git"), true);
        made(&dir.path().join("team/shop"), false);
        made(&dir.path().join("team/shop/vendor/lib"), false);
        std::fs::create_dir_all(dir.path().join("team/empty")).unwrap();
        assert_eq!(paths(dir.path()), ["@hashed/ab/cd/abcd.git", "team/shop", "team/shop/vendor/lib"]);
    }

    #[test]
    fn a_repository_with_two_work_trees_is_found_once() {
        let dir = tempfile::tempdir().unwrap();
        made(&dir.path().join("shop"), false);
        let linked = dir.path().join("shop/.git/worktrees/fix");
        std::fs::create_dir_all(&linked).unwrap();
        std::fs::write(linked.join("HEAD"), "ref: refs/heads/fix\n").unwrap();
        std::fs::write(linked.join("commondir"), "../..\n").unwrap();
        std::fs::create_dir_all(dir.path().join("worktree")).unwrap();
        let link = format!("gitdir: {}\n", linked.display());
        std::fs::write(dir.path().join("worktree/.git"), link).unwrap();
        assert_eq!(paths(dir.path()), ["shop"]);
    }

    #[test]
    fn the_directory_itself_may_be_one_and_has_to_be_there() {
        let dir = tempfile::tempdir().unwrap();
        made(&dir.path().join("shop.git"), true);
        assert_eq!(paths(&dir.path().join("shop.git")), ["."]);
        assert!(below(&dir.path().join("nowhere")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        made(&dir.path().join("shop.git"), true);
        std::os::unix::fs::symlink(dir.path(), dir.path().join("again")).unwrap();
        assert_eq!(paths(dir.path()), ["shop.git"]);
    }

    #[test]
    fn gitlab_s_name_of_a_repository_is_read_from_its_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("@hashed/ab/cd/abcd.git");
        made(&path, true);
        std::fs::write(path.join("config"), "[gitlab]\n\tfullpath = shop/web\n").unwrap();
        assert_eq!(below(dir.path()).unwrap()[0].full_path().as_deref(), Some("shop/web"));
        std::fs::write(path.join("config"), "[core]\n\tbare = true\n").unwrap();
        assert_eq!(below(dir.path()).unwrap()[0].full_path(), None);
    }
}
