//! `flowcheck confirm`: records that a version tag runs well in an environment.
//!
//! The record is an annotated tag of its own; it is read back as a hook will read it before it is
//! kept, so that what is made here counts there.

mod gitlab;
mod record;

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Exit, Failure, Global, in_force, output};
use crate::facts::{Facts, NewRecord, RecordName, When, version_of};
use crate::history::name::escape;
use crate::history::{Oid, RefName, Refs};
use crate::policy::Policy;
use crate::push::{Place, Push};
use crate::repository::{Environment, Repository};

/// What `flowcheck confirm` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The version tag that runs well
    #[arg(value_name = "TAG")]
    tag: String,
    /// Where it runs (default: the environment that the policy asks for)
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// The record's own id (default: the CI job's id, else the time)
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Send the record there at once
    #[arg(long, value_name = "REMOTE")]
    push: Option<String>,
    /// Record a roll-back instead
    #[arg(long, requires = "reason")]
    revoke: bool,
    /// Why it was rolled back
    #[arg(long, value_name = "TEXT", requires = "revoke", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// The job that deployed: a URL or an id (default: the CI job)
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// The repository that the record is for (default: the policy's, else the CI project)
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// Record it only where this source says so too
    #[arg(long, value_name = "SOURCE", conflicts_with = "revoke")]
    from: Option<Source>,
}

/// Who else has to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Source {
    /// GitLab's Deployments API (`CI_API_V4_URL`, `CI_PROJECT_ID`; the token is read from
    /// `FLOWCHECK_GITLAB_TOKEN`, `GITLAB_TOKEN` or `CI_JOB_TOKEN`)
    Gitlab,
}

/// Why there is no record now. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The name is no version tag's.
    #[error("confirm `{0}`: it is not the name of a version tag in this policy")]
    NoVersion(String),
    /// The tag is not here.
    #[error("confirm `{0}`: there is no such tag here (`git fetch --tags` may bring it)")]
    NoSuchTag(String),
    /// The tag is not of a commit.
    #[error("confirm `{0}`: it does not point to a commit")]
    NoCommit(String),
    /// The environment is not one of the policy's.
    #[error("confirm for `{asked}`: the policy knows only {known}")]
    NoEnvironment {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: String,
    },
    /// The record cannot be called so.
    #[error("name a record `{0}`: git takes no such name")]
    Name(String),
    /// It would not count.
    #[error("confirm for the repository `{asked}`: the policy asks for `{wanted}`")]
    OtherRepository {
        /// What was asked for.
        asked: String,
        /// What the policy has.
        wanted: String,
    },
    /// The record is there already.
    #[error("record it twice: `{0}` is there already (another `--id` makes another record)")]
    Exists(String),
    /// Nobody is known to record it.
    #[error("tell who records it: set `git config user.name` and `git config user.email`")]
    Nobody,
    /// A variable that a pipeline has is missing.
    #[error("ask GitLab: {0}")]
    NoPipeline(&'static str),
    /// GitLab does not say so.
    #[error(transparent)]
    Gitlab(Box<dyn std::error::Error + Send + Sync>),
    /// git refused.
    #[error("{doing}: {why}")]
    Git {
        /// What was tried.
        doing: String,
        /// What git said.
        why: String,
    },
    /// What was made would not count.
    #[error("make a record that counts: {0}")]
    Flawed(String),
    /// The record is made, but did not arrive.
    #[error(
        "send the record; try again with `git push {remote} {name}`, or drop it with `git tag -d {name}`"
    )]
    Unsent {
        /// Where to.
        remote: String,
        /// The tag.
        name: String,
    },
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let pipeline = Pipeline::read(|name| std::env::var(name).ok());
    let refs = repository.refs(&["refs/tags/"]).map_err(Failure::Judge)?;
    let new = plan(args, &policy, &pipeline, &repository, &refs)?;
    let name = new.parts.tag();
    record::make(&repository, &new, must_be_signed(&policy))?;
    if let Err(flawed) = read_back(&repository, &policy, &name) {
        record::drop(&repository, &name)?;
        return Err(flawed.into());
    }
    if !global.quiet {
        output::tell(&said(&new, args.push.as_deref()));
    }
    output::print(&format!("{name}\n"))?;
    match &args.push {
        Some(remote) => Ok(send(&repository, remote, &name, pipeline.in_gitlab)?),
        None => Ok(Exit::Clean),
    }
}

/// What a CI pipeline says about itself.
#[derive(Debug, Default)]
struct Pipeline {
    in_gitlab: bool,
    job_id: Option<String>,
    job_url: Option<String>,
    project_path: Option<String>,
    api: Option<String>,
    project_id: Option<String>,
    token: Option<gitlab::Token>,
}

impl Pipeline {
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        Self {
            in_gitlab: get("GITLAB_CI").is_some(),
            job_id: get("CI_JOB_ID"),
            job_url: get("CI_JOB_URL"),
            project_path: get("CI_PROJECT_PATH"),
            api: get("CI_API_V4_URL"),
            project_id: get("CI_PROJECT_ID"),
            token: gitlab::Token::find(get),
        }
    }
}

/// Returns the record that is asked for, where nothing speaks against it.
fn plan(
    args: &Args,
    policy: &Policy,
    pipeline: &Pipeline,
    repository: &Repository,
    refs: &Refs,
) -> Result<NewRecord, Trouble> {
    let shown = || escape(args.tag.as_bytes());
    version_of(policy, &args.tag).ok_or_else(|| Trouble::NoVersion(shown()))?;
    let tag = refs.get(&RefName::of_tag(&args.tag)).ok_or_else(|| Trouble::NoSuchTag(shown()))?;
    let push = Push { place: Place::Clone, ..Push::new(refs.clone(), vec![]) };
    let commit =
        Facts::new(repository, policy, &push).peel(tag.id).ok_or_else(|| Trouble::NoCommit(shown()))?;
    let parts = RecordName {
        revokes: args.revoke,
        environment: environment(args, policy)?,
        version_tag: args.tag.clone(),
        id: args.id.clone().or_else(|| pipeline.job_id.clone()).unwrap_or_else(now),
    };
    let name = parts.tag();
    let understood = RecordName::parse(&name).as_ref() == Some(&parts);
    if !understood || !git2::Reference::is_valid_name(&format!("refs/tags/{name}")) {
        return Err(Trouble::Name(escape(name.as_bytes())));
    }
    if refs.get(&RefName::of_tag(&name)).is_some() {
        return Err(Trouble::Exists(name));
    }
    let proven = match args.from {
        Some(Source::Gitlab) => Some(ask_gitlab(&parts, commit, pipeline)?),
        None => None,
    };
    Ok(NewRecord {
        job: args
            .job
            .clone()
            .or(proven)
            .or_else(|| pipeline.job_url.clone())
            .or_else(|| pipeline.job_id.clone()),
        repository: named_repository(args, policy, pipeline)?,
        reason: args.reason.clone(),
        parts,
        commit,
    })
}

fn environment(args: &Args, policy: &Policy) -> Result<String, Trouble> {
    let confirmed = &policy.confirmation.environment;
    let Some(asked) = &args.environment else { return Ok(confirmed.clone()) };
    let known: Vec<&String> = policy.environments.iter().map(|environment| &environment.name).collect();
    if asked == confirmed || known.contains(&asked) {
        return Ok(asked.clone());
    }
    let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    Err(Trouble::NoEnvironment { asked: escape(asked.as_bytes()), known: known.join(", ") })
}

fn named_repository(args: &Args, policy: &Policy, pipeline: &Pipeline) -> Result<Option<String>, Trouble> {
    match (&args.repository, &policy.confirmation.repository) {
        (Some(asked), Some(wanted)) if asked != wanted => {
            Err(Trouble::OtherRepository { asked: escape(asked.as_bytes()), wanted: wanted.clone() })
        }
        (asked, wanted) => {
            Ok(asked.clone().or_else(|| wanted.clone()).or_else(|| pipeline.project_path.clone()))
        }
    }
}

/// Returns the job that GitLab says deployed the tag.
fn ask_gitlab(parts: &RecordName, commit: Oid, pipeline: &Pipeline) -> Result<String, Trouble> {
    let missing = Trouble::NoPipeline;
    let server = gitlab::Server {
        api: pipeline.api.clone().ok_or(missing("CI_API_V4_URL, its API's address, is not set"))?,
        project: pipeline.project_id.clone().ok_or(missing("CI_PROJECT_ID, the project, is not set"))?,
        token: pipeline
            .token
            .clone()
            .ok_or(missing("there is no token in FLOWCHECK_GITLAB_TOKEN, GITLAB_TOKEN or CI_JOB_TOKEN"))?,
        timeout: Duration::from_secs(30),
    };
    let commit = commit.to_string();
    let claim = gitlab::Claim { environment: &parts.environment, tag: &parts.version_tag, commit: &commit };
    match gitlab::prove(&server, &claim) {
        Ok(proven) => Ok(proven.job),
        Err(failure) => Err(Trouble::Gitlab(Box::new(failure))),
    }
}

/// Returns the time in the form that a record's id has.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn must_be_signed(policy: &Policy) -> bool {
    policy.confirmation.signed || policy.turns_on("tag-signature", jiff::Timestamp::now().as_second())
}

/// Reads the record as a hook will.
fn read_back(repository: &Repository, policy: &Policy, name: &str) -> Result<(), Trouble> {
    let git = |why: String| Trouble::Git { doing: "read the record back".to_owned(), why };
    let refs = repository.refs(&["refs/tags/"]).map_err(|failure| git(failure.to_string()))?;
    let push = Push { place: Place::Clone, ..Push::new(refs, vec![]) };
    let facts = Facts::new(repository, policy, &push);
    let record = facts.record(&RefName::of_tag(name), When::Before);
    match record.map(|record| record.flaws.first()) {
        Some(None) => Ok(()),
        Some(Some(flaw)) => Err(Trouble::Flawed(flaw.to_string())),
        None => Err(git("it is not there".to_owned())),
    }
}

/// Returns what was recorded, and what comes next.
fn said(new: &NewRecord, remote: Option<&str>) -> String {
    let RecordName { revokes, environment, version_tag, .. } = &new.parts;
    let name = new.parts.tag();
    let what = if *revokes { "was rolled back" } else { "runs well" };
    let commit = new.commit.to_hex_with_len(10);
    let recorded = format!(
        "flowcheck: recorded that `{version_tag}` ({commit}) {what} in `{environment}`\n  the record is the tag {name}\n"
    );
    match remote {
        Some(_) => recorded,
        None => format!("{recorded}next: git push origin {name}\n"),
    }
}

/// Sends the record; what git and the server's hook say goes to the terminal as it comes.
fn send(repository: &Repository, remote: &str, name: &str, in_gitlab: bool) -> Result<Exit, Trouble> {
    let mut push = record::git(repository);
    push.arg("push");
    if in_gitlab {
        // A record is evidence about a pipeline; it must not start one.
        push.args(["-o", "ci.skip"]);
    }
    push.arg("--").arg(remote).arg(format!("refs/tags/{name}"));
    if succeeds(&mut push)? {
        output::tell("next: flowcheck status\n");
        return Ok(Exit::Clean);
    }
    Err(Trouble::Unsent { remote: escape(remote.as_bytes()), name: name.to_owned() })
}

fn succeeds(command: &mut Command) -> Result<bool, Trouble> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr())).status();
    match status {
        Ok(status) => Ok(status.success()),
        Err(error) => Err(Trouble::Git { doing: "run git".to_owned(), why: error.to_string() }),
    }
}
