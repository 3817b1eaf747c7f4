//! `flowcheck check`: judges what would happen if these refs were pushed now, or this merge
//! request merged.

use super::clone::{self, Remote};
use super::merge::{self, Pipeline, Request};
use super::output::{Output, Stream};
use super::{Exit, FailOn, Failure, Global, hook, in_force};
use crate::history::name::escape;
use crate::history::{Oid, RefName, Refs, Unreadable};
use crate::policy::Policy;
use crate::policy::discovery::Side;
use crate::push::RefUpdate;
use crate::report::Report;
use crate::repository::{Environment, Repository};
use crate::verdict::Verdict;

/// What `flowcheck check` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Branches or tags (default: the current branch)
    #[arg(value_name = "REF", conflicts_with_all = ["source", "target"])]
    refs: Vec<String>,
    /// The branch of a merge request; in a pipeline for one, it is known
    #[arg(long, value_name = "BRANCH", requires = "target")]
    source: Option<String>,
    /// The line that it shall be merged into
    #[arg(long, value_name = "LINE", requires = "source")]
    target: Option<String>,
    /// The remote (default: where the current branch is pushed to)
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// What makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,
}

/// Why there is nothing to judge. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum NoCheck {
    /// `HEAD` is on no branch.
    #[error(
        "tell what to check: HEAD is on no branch; name a branch or tag (in a pipeline that is for no merge \
         request, `flowcheck audit` judges what was pushed)"
    )]
    Detached,
    /// There is no such ref.
    #[error("find a branch or tag `{0}` in this clone")]
    NoRef(String),
    /// The history of this clone ends early.
    #[error(
        "judge in a shallow clone: the history that decides is not here; in GitLab set the variable \
         `GIT_DEPTH: 0`, with actions/checkout `fetch-depth: 0`, elsewhere run `git fetch --unshallow --tags`"
    )]
    Shallow,
    /// What the judgement needs was left on the server.
    #[error(
        "judge in a partial clone: the object {0} is on the server only; run \
         `git fetch --refetch --no-filter`"
    )]
    Partial(Oid),
}

impl NoCheck {
    /// Returns the failure; what is missing in a partial clone can be had.
    fn in_partial_clone(repository: &Repository, failure: Failure) -> Failure {
        match failure {
            Failure::Judge(Unreadable::Missing(id)) if repository.is_partial() => Self::Partial(id).into(),
            other => other,
        }
    }
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let output = Output::of_command(global, Stream::Stdout)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    if repository.is_shallow() {
        return Err(NoCheck::Shallow.into());
    }
    let policy = in_force::policy(global, &repository, Side::Client)?;
    let current = repository.default_branch().map_err(Failure::Judge)?;
    let current = current.as_ref().and_then(RefName::branch).map(ToString::to_string);
    let remote = match &args.remote {
        Some(name) => Remote::named(&repository, name),
        None => Remote::of_branch(&repository, current.as_deref()),
    };
    let verdict = match request(args) {
        Some(request) => merge::judge(&policy, &repository, &remote, &request),
        None => pushed(&policy, &repository, &remote, &asked(args, current)?),
    };
    let mut verdict = verdict.map_err(|failure| NoCheck::in_partial_clone(&repository, failure))?;
    verdict.remarks.extend(in_a_fork());
    if !global.quiet || !verdict.accepted() {
        output.say(&Report {
            command: "check",
            verdict: &verdict,
            verbose: global.verbose > 0,
            audited: None,
        })?;
    }
    Ok(args.fail_on.exit(&verdict))
}

/// Returns the merge request that is asked for, or that this pipeline is for.
fn request(args: &Args) -> Option<Request> {
    if let (Some(source), Some(target)) = (&args.source, &args.target) {
        return Some(Request { source: source.clone(), target: target.clone(), pipeline: None });
    }
    if !args.refs.is_empty() {
        return None;
    }
    let environment = hook::variables(None);
    let get = |name: &str| environment.get(name).map(ToString::to_string);
    let id = |name: &str| environment.get(name).and_then(|hex| Oid::from_hex(hex).ok());
    let of_github = get("GITHUB_REF").filter(|name| name.ends_with("/merge"));
    let pipeline = Pipeline {
        tip: id("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"),
        trial: of_github.and_then(|_| id("GITHUB_SHA")),
        squashes: get("CI_MERGE_REQUEST_SQUASH_ON_MERGE").is_some_and(|value| value == "true"),
    };
    [
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        ("GITHUB_HEAD_REF", "GITHUB_BASE_REF"),
    ]
    .into_iter()
    .find_map(|(source, target)| {
        Some(Request { source: get(source)?, target: get(target)?, pipeline: Some(pipeline.clone()) })
    })
}

/// Says whose lines are judged where GitLab runs the pipeline of a merge request in a fork.
fn in_a_fork() -> Option<String> {
    let environment = hook::variables(None);
    let path = |name: &str| environment.get(name).map(|path| escape(path));
    let (here, there) = (path("CI_PROJECT_PATH")?, path("CI_MERGE_REQUEST_PROJECT_PATH")?);
    (here != there).then(|| {
        format!("this pipeline runs in `{here}`: its lines and tags are judged, not those of `{there}`")
    })
}

fn asked(args: &Args, current: Option<String>) -> Result<Vec<String>, NoCheck> {
    if args.refs.is_empty() || args.refs == ["HEAD"] {
        return Ok(vec![current.ok_or(NoCheck::Detached)?]);
    }
    Ok(args.refs.clone())
}

/// Judges pushing these refs to where they are called the same.
fn pushed(
    policy: &Policy,
    repository: &Repository,
    remote: &Remote,
    asked: &[String],
) -> Result<Verdict, Failure> {
    let here = repository.refs(&["refs/heads/", "refs/tags/"]).map_err(Failure::Judge)?;
    let mut before = remote.refs(repository)?;
    let mut updates: Vec<RefUpdate> = vec![];
    for text in asked {
        let (name, new) = local(&here, text)?;
        if updates.iter().any(|update| update.name == name) {
            continue;
        }
        if name.tag().is_some() {
            // A tag of this clone says nothing about the remote; the one that is asked for is new.
            before.remove(&name);
        }
        let old = before.get(&name).map(|entry| entry.id);
        updates.push(RefUpdate { name, old, new: Some(new) });
    }
    clone::judge(policy, repository, remote, before, updates).map_err(Failure::Judge)
}

fn local(here: &Refs, text: &str) -> Result<(RefName, Oid), NoCheck> {
    let names = [RefName::new(text), RefName::of_branch(text), RefName::of_tag(text)];
    let found = names.into_iter().find_map(|name| here.get(&name).map(|entry| (name, entry.id)));
    found.ok_or_else(|| NoCheck::NoRef(escape(text.as_bytes())))
}
