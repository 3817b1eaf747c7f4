//! The hooks of a server: those of a bare repository, and an archive for GitLab.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::scripts::{self, EARLIER};
use super::tar::Packed;
use super::{Plan, Step, hooks_directory, shown};
use crate::commands::Failure;
use crate::repository::Repository;

const HOOKS: [&str; 2] = ["pre-receive", "post-receive"];

/// Plans to put the hooks into a bare repository, beside whatever is there.
pub(super) fn install(repository: &Repository, binary: &str) -> Result<Plan, Failure> {
    if repository.worktree().is_some() {
        return Err(Failure::NotBare(repository.git_dir().to_owned()));
    }
    let mut steps = vec![];
    for hook in HOOKS {
        match beside(&path_of(repository, hook), hook, binary, EARLIER)? {
            Plan::Steps(more) => steps.extend(more),
            Plan::Done(_) => {}
            add @ Plan::Add(_) => return Ok(add),
        }
    }
    // The second hook finds the directory that the first one makes.
    let mut made = std::collections::BTreeSet::new();
    steps.retain(|step| !matches!(step, Step::MakeDirectory(path) if !made.insert(path.clone())));
    if steps.is_empty() {
        return Ok(Plan::Done("the hooks are in place already".to_owned()));
    }
    Ok(Plan::Steps(steps))
}

/// Returns where a hook of a server belongs: Gitea's own hooks call those in a directory.
fn path_of(repository: &Repository, hook: &str) -> PathBuf {
    let (directory, _) = hooks_directory(repository);
    let several = directory.join(format!("{hook}.d"));
    if several.is_dir() { several.join("flowcheck") } else { directory.join(hook) }
}

/// Plans to put a hook at `path`; one that is there gets `suffix` behind its name, and is run too.
pub(super) fn beside(path: &Path, hook: &str, binary: &str, suffix: &str) -> Result<Plan, Failure> {
    let alone = scripts::hook(hook, binary);
    let hook_at = |text: String| Step::WriteHook { path: path.to_owned(), text };
    let earlier = with_suffix(path, suffix);
    match there(path)? {
        Some(text) if scripts::is_ours(&text) => {
            let chained = !suffix.is_empty() && earlier.symlink_metadata().is_ok();
            let wanted = if chained { scripts::chained(hook, binary) } else { alone };
            let made = scripts::made_its_directory(&String::from_utf8_lossy(&text));
            let wanted = if made { scripts::with_directory(&wanted) } else { wanted };
            if wanted.as_bytes() == text {
                return Ok(Plan::Done(format!("the hook is in {} already", shown(path))));
            }
            Ok(Plan::Steps(vec![hook_at(wanted)]))
        }
        Some(_) if suffix.is_empty() => Err(Failure::Exists(path.to_owned())),
        Some(_) => {
            if earlier.symlink_metadata().is_ok() {
                return Err(Failure::Exists(earlier));
            }
            let step = Step::Move { from: path.to_owned(), to: earlier };
            Ok(Plan::Steps(vec![step, hook_at(scripts::chained(hook, binary))]))
        }
        None => {
            let directory = path.parent().unwrap_or(Path::new("."));
            if directory.is_dir() {
                return Ok(Plan::Steps(vec![hook_at(alone)]));
            }
            let made = Step::MakeDirectory(directory.to_owned());
            Ok(Plan::Steps(vec![made, hook_at(scripts::with_directory(&alone))]))
        }
    }
}

/// Returns a hook's text; `None` where there is none. What is there and cannot be read stays.
pub(super) fn there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(text)),
        // A link to nothing is there all the same.
        Err(_) if path.is_symlink() => Ok(Some(vec![])),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Failure::Read { path: shown(path), why: error.to_string() }),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Plans to take a hook of ours out, and to put back what was there before.
pub(super) fn taken_out(path: &Path) -> Result<Vec<Step>, Failure> {
    let Some(text) = there(path)?.filter(|text| scripts::is_ours(text)) else { return Ok(vec![]) };
    let mut steps = vec![Step::Remove(path.to_owned())];
    let earlier = with_suffix(path, EARLIER);
    if earlier.symlink_metadata().is_ok() {
        steps.push(Step::Move { from: earlier, to: path.to_owned() });
    }
    if scripts::made_its_directory(&String::from_utf8_lossy(&text))
        && let Some(directory) = path.parent()
    {
        steps.push(Step::RemoveDirectory(directory.to_owned()));
    }
    Ok(steps)
}

/// Plans to take the hooks of a server out.
pub(in super::super) fn uninstall(repository: &Repository) -> Result<Vec<Step>, Failure> {
    let mut steps = vec![];
    for hook in HOOKS {
        steps.extend(taken_out(&path_of(repository, hook))?);
    }
    Ok(steps)
}

/// Returns the hook of ours that judges pushes here, if it is in place.
pub(in super::super) fn in_place(repository: &Repository) -> Result<Option<PathBuf>, Failure> {
    let custom = repository.common_dir().join("custom_hooks/pre-receive.d/50-flowcheck");
    for path in [path_of(repository, HOOKS[0]), custom] {
        if there(&path)?.is_some_and(|text| scripts::is_ours(&text)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Returns the files of the archive that `gitaly hooks set` reads.
pub(super) fn gitlab(binary: &str, policy: Vec<u8>) -> Vec<Packed> {
    let directory = |path: &str| Packed { path: path.to_owned(), bytes: None, mode: 0o755 };
    let file = |path: String, bytes: Vec<u8>, mode| Packed { path, bytes: Some(bytes), mode };
    let mut files = vec![directory("custom_hooks/")];
    for hook in HOOKS {
        files.push(directory(&format!("custom_hooks/{hook}.d/")));
        let text = scripts::hook(hook, binary).into_bytes();
        files.push(file(format!("custom_hooks/{hook}.d/50-flowcheck"), text, 0o755));
    }
    files.push(file("custom_hooks/policy.toml".to_owned(), policy, 0o644));
    files
}
