//! What a merge request would do to its line: the merge is made, judged and forgotten.
//!
//! git itself makes it, with objects that go into a directory of their own, as a server keeps
//! those of a push apart until it is accepted.

use std::process::Output as Ended;

use super::Failure;
use super::clone::{self, Remote};
use crate::history::{ByteSlice as _, History as _, Oid, RefName, Refs, name};
use crate::policy::{MergeStyle, Policy};
use crate::push::RefUpdate;
use crate::repository::{Environment, Repository};
use crate::verdict::Verdict;

/// A merge request: branches by their short names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// What is merged.
    pub source: String,
    /// The line that takes it in.
    pub target: String,
    /// What a pipeline says about it; `None`: somebody asks by hand.
    pub pipeline: Option<Pipeline>,
}

/// What a pipeline says about the request that it runs for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pipeline {
    /// The tip of the branch; GitLab says it where a trial merge is checked out.
    pub tip: Option<Oid>,
    /// A trial merge of the branch into the line; GitHub checks that out.
    pub trial: Option<Oid>,
    /// Whether the branch goes in as one new commit.
    pub squashes: bool,
}

/// Why a merge cannot be tried. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum NoMerge {
    /// A branch is unknown.
    #[error("find the branch `{0}`, neither as the remote has it nor in this clone")]
    NoBranch(String),
    /// A pipeline has checked out nothing that the request would bring.
    #[error("find what the request brings: what is checked out is on `{0}` already")]
    NothingNew(String),
    /// git did not do it.
    #[error("try the merge: `git {what}` says: {why} (git 2.38 or newer is needed)")]
    Git {
        /// The command.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// A directory or process failed.
    #[error("try the merge: {0}")]
    System(#[from] std::io::Error),
}

/// Judges the line as it would be after the merge.
pub(super) fn judge(
    policy: &Policy,
    repository: &Repository,
    remote: &Remote,
    request: &Request,
) -> Result<Verdict, Failure> {
    let here = repository.refs(&["refs/heads/"]).map_err(Failure::Judge)?;
    let there = remote.refs(repository)?;
    let line = RefName::of_branch(&request.target);
    let topic = RefName::of_branch(&request.source);
    let old = tip(&line, &there, &here)?;
    let source = match &request.pipeline {
        // What is not pushed yet is what is asked about.
        None => tip(&topic, &here, &there)?,
        Some(pipeline) => match brought(repository, pipeline, old)? {
            Some(id) => id,
            None if topic == line => return Err(NoMerge::NothingNew(line.short()).into()),
            None => tip(&topic, &here, &there)?,
        },
    };

    let store = tempfile::tempdir().map_err(NoMerge::System)?;
    let aside = Repository::open(&kept_aside(repository, store.path())?, None)?;
    let is_in = repository.is_ancestor(source, old).map_err(Failure::Judge)?;
    let (new, conflicts) = if is_in { (old, false) } else { tried(policy, &aside, old, source, request)? };
    let before = clone::with(clone::with(there, &topic, Some(source)), &line, Some(old));
    let update = RefUpdate { name: line, old: Some(old), new: Some(new) };
    let mut verdict = clone::judge(policy, &aside, remote, before, vec![update]).map_err(Failure::Judge)?;
    if is_in {
        let (source, target) =
            (name::escape(request.source.as_bytes()), name::escape(request.target.as_bytes()));
        verdict.remarks.push(format!("nothing would be merged: `{source}` is in `{target}` already"));
    }
    if conflicts {
        verdict.remarks.push(format!(
            "the merge has conflicts; it is judged as if they were settled on `{}`",
            name::escape(request.source.as_bytes())
        ));
    }
    Ok(verdict)
}

/// Makes what the line would get; returns it, and whether there were conflicts.
fn tried(
    policy: &Policy,
    aside: &Repository,
    old: Oid,
    source: Oid,
    request: &Request,
) -> Result<(Oid, bool), Failure> {
    let taken = match &request.pipeline {
        Some(pipeline) if pipeline.squashes => squashed(aside, old, source, request)?,
        _ => source,
    };
    let fits = aside.is_ancestor(old, taken).map_err(Failure::Judge)?;
    match merge_style(policy, &request.target) {
        MergeStyle::FastForward if fits => Ok((taken, false)),
        _ => Ok(merged(aside, old, taken, request)?),
    }
}

fn tip(name: &RefName, first: &Refs, second: &Refs) -> Result<Oid, NoMerge> {
    let entry = first.get(name).or_else(|| second.get(name));
    entry.map(|entry| entry.id).ok_or_else(|| NoMerge::NoBranch(name.short()))
}

/// Returns the tip of the branch that a pipeline runs for. Its name is not asked: the branch may be
/// in a fork, and called like one of ours. `None` where what is checked out is the line's own.
fn brought(repository: &Repository, pipeline: &Pipeline, line: Oid) -> Result<Option<Oid>, Failure> {
    if let Some(tip) = pipeline.tip {
        repository.object(tip).map_err(Failure::Judge)?;
        return Ok(Some(tip));
    }
    let Some(head) = repository.head().map_err(Failure::Judge)? else { return Ok(None) };
    let head = match repository.parents(head).map_err(Failure::Judge)?.as_slice() {
        [_, second] if pipeline.trial == Some(head) => *second,
        _ => head,
    };
    let is_old = repository.is_ancestor(head, line).map_err(Failure::Judge)?;
    Ok((!is_old).then_some(head))
}

fn merge_style(policy: &Policy, branch: &str) -> MergeStyle {
    let lines = [Some(&policy.integration), policy.production.as_ref()];
    let line = lines.into_iter().flatten().find(|line| line.branch == branch);
    let release = policy.releases.as_ref().filter(|releases| releases.branch.is_match(branch));
    let style = line.map(|line| line.merge).or(release.map(|releases| releases.merge));
    style.unwrap_or(MergeStyle::MergeCommit)
}

/// Returns the environment in which git reads this repository and writes into `store`.
fn kept_aside(repository: &Repository, store: &std::path::Path) -> Result<Environment, Failure> {
    let objects = repository.common_dir().join("objects");
    let mut alternates = objects.into_os_string();
    let environment = Environment::of_process()?;
    for name in ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        if let Some(more) = environment.get(name) {
            alternates.push(":");
            alternates.push(more);
        }
    }
    Ok(environment
        .with("GIT_DIR", repository.git_dir())
        .with("GIT_COMMON_DIR", repository.common_dir())
        .with("GIT_OBJECT_DIRECTORY", store)
        .with("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates))
}

/// Makes the merge commit; returns it, and whether there were conflicts.
fn merged(aside: &Repository, old: Oid, source: Oid, request: &Request) -> Result<(Oid, bool), NoMerge> {
    let tried = aside
        .git()
        .args(["merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories"])
        .args([old.to_string(), source.to_string()])
        .output()?;
    let conflicts = tried.status.code() == Some(1);
    if !conflicts && !tried.status.success() {
        return Err(refused("merge-tree", &tried));
    }
    let first = tried.stdout.split(|byte| *byte == b'\n' || *byte == 0).next().unwrap_or_default();
    let tree = Oid::from_hex(first.trim_ascii()).map_err(|_| refused("merge-tree", &tried))?;
    let message = format!("Merge branch '{}' into '{}'", request.source, request.target);
    Ok((committed(aside, &tree.to_string(), &[old, source], &message)?, conflicts))
}

/// Makes the one commit that stands for the whole branch, on what it has in common with the line.
fn squashed(aside: &Repository, old: Oid, source: Oid, request: &Request) -> Result<Oid, NoMerge> {
    let asked = aside.git().args(["merge-base", &old.to_string(), &source.to_string()]).output()?;
    let base = Oid::from_hex(asked.stdout.trim_ascii()).map_err(|_| refused("merge-base", &asked))?;
    committed(aside, &format!("{source}^{{tree}}"), &[base], &format!("Squashed `{}`", request.source))
}

fn committed(aside: &Repository, tree: &str, parents: &[Oid], message: &str) -> Result<Oid, NoMerge> {
    let made = aside
        .git()
        .args(["-c", "user.name=flowcheck", "-c", "user.email=flowcheck@localhost", "commit-tree", tree])
        .args(parents.iter().flat_map(|parent| ["-p".to_owned(), parent.to_string()]))
        .args(["-m", message])
        .output()?;
    let made = if made.status.success() { made } else { return Err(refused("commit-tree", &made)) };
    Oid::from_hex(made.stdout.trim_ascii()).map_err(|_| refused("commit-tree", &made))
}

fn refused(what: &'static str, ended: &Ended) -> NoMerge {
    // git may give advice before it says what is wrong.
    let said = ended.stderr.lines().filter(|line| !line.starts_with(b"hint:"));
    NoMerge::Git { what, why: said.map(name::escape).next().unwrap_or_default() }
}
