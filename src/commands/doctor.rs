//! `flowcheck doctor`: proves that the hook runs and sees every ref, and says by which policy.
//!
//! The proof is a push that moves nothing: in a clone a dry run to an empty repository, on a
//! server every ref from where it is to where it is.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::in_force::{self, Here};
use super::output::print;
use super::{Exit, Failure, Global, install};
use crate::history::name::escape;
use crate::history::{Ref, RefName};
use crate::policy::Policy;
use crate::policy::discovery::{Found, Side};
use crate::repository::{Environment, Repository};

/// What `flowcheck doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Where the local hook writes what it sees, instead of judging it. A server's hook never looks
/// at this: who pushes may be able to set variables there.
const WITNESS: &str = "FLOWCHECK_DOCTOR";

/// One thing that was looked at.
enum Sign {
    Good(String),
    Note(String),
    Bad(String, &'static str),
}

pub(super) fn run(global: &Global, _args: &Args) -> Result<Exit, Failure> {
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let side = in_force::side_of(&repository);
    let mut signs = vec![Sign::Good(format!("flowcheck {}", env!("CARGO_PKG_VERSION")))];
    signs.push(match install::git_version(&repository) {
        Some((major, minor)) => Sign::Good(format!("git {major}.{minor}")),
        None => Sign::Bad("git does not run".to_owned(), "install git, or put it into PATH"),
    });
    signs.extend(policy(global, &repository, side)?);
    signs.extend(match side {
        Side::Client => of_clone(&repository)?,
        Side::Server => of_server(&repository)?,
    });
    print(&signs.iter().map(text).collect::<String>())?;
    let bad = signs.iter().any(|sign| matches!(sign, Sign::Bad(..)));
    Ok(if bad { Exit::Findings } else { Exit::Clean })
}

fn text(sign: &Sign) -> String {
    match sign {
        Sign::Good(what) => format!("ok: {what}\n"),
        Sign::Note(what) => format!("note: {what}\n"),
        Sign::Bad(what, help) => format!("wrong: {what}\nhint: {help}\n"),
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// Says which policy is read, and whether it can be.
fn policy(global: &Global, repository: &Repository, side: Side) -> Result<Vec<Sign>, Failure> {
    let here = Here::of(Some(repository));
    let found = in_force::discover(global, &here, side)?;
    let source = escape(found.as_ref().map_or("built-in", Found::shown).as_bytes());
    let policy = match found.as_ref().map(|found| found.read(&here)) {
        None => Policy::built_in(),
        Some(Ok(reading)) => reading.policy,
        Some(Err(mistakes)) => {
            return Ok(vec![Sign::Bad(mistakes.summary(), "flowcheck policy check")]);
        }
    };
    let mut signs = vec![Sign::Good(format!("the policy is {source}"))];
    let line = RefName::of_branch(&policy.integration.branch);
    let default = repository.default_branch().map_err(Failure::Judge)?;
    if side == Side::Server && default.as_ref() != Some(&line) {
        signs.push(Sign::Note(format!(
            "the default branch is not `{}`: a policy in the repository changes in the ordinary way only there",
            line.short()
        )));
    }
    let options = repository.config("receive.advertisePushOptions");
    if side == Side::Server && !policy.override_by.is_empty() && options.as_deref() != Some("true") {
        signs.push(Sign::Bad(
            "nobody can override: this repository takes no push options".to_owned(),
            "git config receive.advertisePushOptions true",
        ));
    }
    Ok(signs)
}

fn of_clone(repository: &Repository) -> Result<Vec<Sign>, Failure> {
    let mut signs = vec![];
    if repository.is_shallow() {
        signs.push(Sign::Note("this clone is shallow: the server decides alone".to_owned()));
    }
    let hooks = install::of_clone(repository)?;
    for hook in &hooks {
        signs.push(Sign::Good(format!("the hook is in {}", shown(hook))));
    }
    let expected = refs(repository)?.len();
    let Some(seen) = dry_run(repository)? else {
        let what = if hooks.is_empty() { "no hook of flowcheck runs here" } else { "the hook does not run" };
        signs.push(Sign::Bad(what.to_owned(), "flowcheck install"));
        return Ok(signs);
    };
    signs.push(sight(seen, expected));
    Ok(signs)
}

fn of_server(repository: &Repository) -> Result<Vec<Sign>, Failure> {
    let Some(hook) = install::of_server(repository)? else {
        let what = "no hook of flowcheck is in place here".to_owned();
        return Ok(vec![Sign::Bad(what, "flowcheck install --server")]);
    };
    let mut signs = vec![Sign::Good(format!("the hook is in {}", shown(&hook)))];
    let expected = refs(repository)?;
    signs.push(match standing_push(repository, &hook, &expected)? {
        Some(seen) => sight(seen, expected.len()),
        None => Sign::Bad(format!("{} does not judge", shown(&hook)), "flowcheck install --server"),
    });
    Ok(signs)
}

fn sight(seen: usize, expected: usize) -> Sign {
    let refs = if expected == 1 { "ref" } else { "refs" };
    let said = format!("the hook runs, and sees {seen} of {expected} {refs}");
    match expected {
        0 => Sign::Note("there is no ref yet that the hook could see".to_owned()),
        _ if seen == expected => Sign::Good(said),
        _ => Sign::Bad(said, "give it the standard input that git writes: another hook may have read it"),
    }
}

fn refs(repository: &Repository) -> Result<Vec<Ref>, Failure> {
    let refs = repository.refs(&["refs/heads/", "refs/tags/"]).map_err(Failure::Judge)?;
    Ok(refs.iter().cloned().collect())
}

/// Pushes everything to an empty repository, but does not; returns how many refs the hook saw.
fn dry_run(repository: &Repository) -> Result<Option<usize>, Failure> {
    let dir = tempfile::tempdir().map_err(Failure::Temporary)?;
    let empty = dir.path().join("empty.git");
    let format = format!("--object-format={}", repository.hash());
    let mut init = Command::new("git");
    init.env_remove("GIT_DIR").env_remove("GIT_COMMON_DIR").env_remove("GIT_WORK_TREE");
    let made = install::ask(&mut init, &["init", "-q", "--bare", &format, &text_of(&empty)]);
    if made.is_none() {
        return Ok(None);
    }
    let seen = dir.path().join("seen");
    let mut push = Command::new("git");
    push.arg("-C").arg(repository.worktree().unwrap_or_else(|| repository.git_dir()));
    push.args(["push", "--dry-run", "--quiet", "--no-signed", "--recurse-submodules=no"]).arg(&empty);
    push.args(["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"]);
    push.env(WITNESS, &seen).env_remove("FLOWCHECK").stdin(Stdio::null());
    // What other hooks say of it is nobody's business here.
    let _ = push.output().map_err(Failure::Git)?;
    Ok(std::fs::read_to_string(&seen).ok().and_then(|count| count.trim().parse().ok()))
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Returns the file that a dry run of the doctor's wants to hear from this hook in.
pub(super) fn witness_file() -> Option<PathBuf> {
    std::env::var_os(WITNESS).filter(|path: &OsString| !path.is_empty()).map(PathBuf::from)
}

/// Writes down what the local hook sees, and judges nothing.
pub(super) fn witness(file: &Path) -> Result<Exit, Failure> {
    let mut input = vec![];
    std::io::stdin().lock().read_to_end(&mut input).map_err(Failure::StandardInput)?;
    let count = input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let written = std::fs::write(file, format!("{count}\n"));
    written.map_err(|source| Failure::Write { path: file.to_owned(), source })?;
    Ok(Exit::Clean)
}

/// Runs a server's hook on a push that leaves every ref where it is; returns how many it saw.
fn standing_push(repository: &Repository, hook: &Path, refs: &[Ref]) -> Result<Option<usize>, Failure> {
    let dir = tempfile::tempdir().map_err(Failure::Temporary)?;
    let report = dir.path().join("report.json");
    let mut lines = vec![];
    for entry in refs {
        lines.extend(format!("{0} {0} ", entry.id).bytes());
        lines.extend_from_slice(entry.name.full());
        lines.push(b'\n');
    }
    let mut command = Command::new(hook);
    command.current_dir(repository.common_dir()).env("GIT_DIR", ".");
    command.env("FLOWCHECK_FORMAT", format!("json={}", text_of(&report)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Ok(None) };
    if let Some(mut stdin) = child.stdin.take() {
        // A hook that reads nothing is found out below.
        let _ = stdin.write_all(&lines);
    }
    child.wait().map_err(Failure::Git)?;
    if refs.is_empty() {
        return Ok(Some(0));
    }
    let seen = std::fs::read(&report).ok();
    let seen = seen.and_then(|report| serde_json::from_slice::<serde_json::Value>(&report).ok());
    Ok(seen.and_then(|report| usize::try_from(report["summary"]["refs"].as_u64()?).ok()))
}
