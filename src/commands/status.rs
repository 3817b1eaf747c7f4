//! `flowcheck status`: every release with its state, what is deployed where, what is owed.

use super::output;
use super::{Exit, Failure, Global, in_force};
use crate::facts::{Facts, ReleaseStatus};
use crate::history::{Oid, Seconds};
use crate::input::subject::merged_name;
use crate::policy::{Exception, LineRole, Policy};
use crate::push::{Place, Push};
use crate::report::status::{self, Status};
use crate::repository::{Environment, Repository};

/// What `flowcheck status` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The remote that the printed commands name
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let write = writer(global)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let mut prefixes = vec!["refs/heads/", "refs/tags/"];
    if policy.confirmation.gitlab_environment {
        prefixes.push("refs/environments/");
    }
    let refs = repository.refs(&prefixes).map_err(Failure::History)?;
    let now = jiff::Timestamp::now().as_second();
    let push = Push { place: Place::Audit, pusher: None, now, ..Push::new(refs, vec![]) };
    let facts = Facts::new(&repository, &policy, &push);
    let status = gather(&facts, &policy, args, now);
    match (status, facts.trouble().into_iter().next()) {
        (_, Some(failure)) => Err(Failure::History(failure)),
        (None, None) => Ok(Exit::Clean),
        (Some(status), None) => {
            output::print(&write(&status))?;
            Ok(Exit::Clean)
        }
    }
}

/// How a status is written.
type Writer = fn(&Status) -> String;

fn writer(global: &Global) -> Result<Writer, Failure> {
    match global.format.last().map_or("text", String::as_str) {
        "text" => Ok(status::text),
        "json" => Ok(status::json),
        "markdown" => Ok(status::markdown),
        other => Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text, json and markdown" }),
    }
}

fn gather(facts: &Facts<'_>, policy: &Policy, args: &Args, now: Seconds) -> Option<Status> {
    let releases = facts.release_statuses()?;
    let brought = (0..releases.len()).map(|at| brought(facts, &releases, at)).collect::<Option<_>>()?;
    let lost = releases.iter().map(|release| lost(facts, release)).collect::<Option<_>>()?;
    Some(Status {
        brought,
        lost,
        integration: policy.integration.branch.clone(),
        production: policy.line(LineRole::Production).map(|line| line.branch.clone()),
        environment: policy.confirmation.environment.clone(),
        remote: args.remote.clone(),
        expired: policy.exceptions.iter().filter_map(|exception| expired(exception, now)).collect(),
        releases,
    })
}

/// The branches, by name where the merge says one, that a release took over from the one before.
fn brought(facts: &Facts<'_>, releases: &[ReleaseStatus], at: usize) -> Option<Vec<String>> {
    let Some(cut) = releases[at].cut else { return Some(vec![]) };
    let previous: Option<Oid> = releases[..at].iter().rev().find_map(|release| release.cut);
    // Nothing came before the first release: all of history is not news.
    let Some(previous) = previous else { return Some(vec![]) };
    let merges = facts.merges_of(cut, Some(previous))?;
    let names = facts.named(&merges).into_iter().map(|named| match merged_name(&named.subject) {
        Some(name) => name.to_owned(),
        None => named.subject,
    });
    Some(names.collect())
}

/// The versions of earlier releases that an open release does not contain.
fn lost(facts: &Facts<'_>, release: &ReleaseStatus) -> Option<Vec<String>> {
    let Some(tip) = release.tip.filter(|_| !facts.closed(release.release)) else { return Some(vec![]) };
    let lost = facts.lost_fixes(release.release, tip)?;
    Some(lost.into_iter().map(|(version, _)| facts.tag_name(version)).collect())
}

fn expired(exception: &Exception, now: Seconds) -> Option<String> {
    let at = exception.expires.filter(|at| *at < now)?;
    Some(format!(
        "the exception from {} for {} has expired ({}, {}:{})",
        exception.rule,
        exception.name,
        status::moment(at),
        exception.clause.file,
        exception.clause.line
    ))
}
