//! `flowcheck status`: every release with its state, what is deployed where, what is owed.

mod next;
mod places;

use std::collections::HashSet;

use super::clone::{self, Remote};
use super::{Exit, Failure, Global, in_force, output};
use crate::facts::{Facts, RefKind, ReleaseStatus, When, kind_of};
use crate::history::{Oid, RefName, Seconds};
use crate::input::subject::merged_name;
use crate::policy::{Exception, LineRole, Policy};
use crate::push::{Place, Push};
use crate::report::status::{self, Expired, Status};
use crate::repository::{Environment, Repository};
use crate::rules::{self, Context};

/// What `flowcheck status` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The remote whose branches count, and that commands name (default: where the current branch
    /// is pushed to)
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let write = writer(global)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    output::print(&write(&read(&repository, &policy, args.remote.as_deref())?))?;
    Ok(Exit::Clean)
}

/// Reads the status of a repository.
pub(super) fn read(
    repository: &Repository,
    policy: &Policy,
    remote: Option<&str>,
) -> Result<Status, Failure> {
    let remote = Remote::chosen(repository, remote)?;
    let more: &[&str] = if policy.confirmation.gitlab_environment { &["refs/environments/"] } else { &[] };
    let refs = clone::seen(repository, &remote, more)?;
    let now = jiff::Timestamp::now().as_second();
    let push =
        Push { place: Place::Audit, pusher: None, now, remote: remote.name, ..Push::new(refs, vec![]) };
    let facts = Facts::new(repository, policy, &push);
    let status = gather(&Context { policy, push: &push, facts: &facts });
    match (facts.trouble().into_iter().next(), status) {
        (None, Some(status)) => Ok(status),
        (Some(failure), _) => Err(Failure::History(failure)),
        (None, None) => unreachable!("what is unknown is remembered as trouble"),
    }
}

/// How a status is written.
type Writer = fn(&Status) -> String;

fn writer(global: &Global) -> Result<Writer, Failure> {
    match global.format.last().map_or("text", String::as_str) {
        "text" => Ok(status::text),
        "json" => Ok(status::json),
        "markdown" => Ok(status::markdown),
        "html" => Ok(status::html),
        other => Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text, json, markdown and html" }),
    }
}

fn gather(cx: &Context<'_>) -> Option<Status> {
    let (facts, policy) = (cx.facts, cx.policy);
    let releases = facts.release_statuses()?;
    let brought = (0..releases.len()).map(|at| brought(cx, &releases, at)).collect::<Option<_>>()?;
    let lost: Vec<Vec<String>> =
        releases.iter().map(|release| lost(facts, release)).collect::<Option<_>>()?;
    let findings = rules::judge_state(cx);
    let next = releases.iter().zip(&lost).map(|(release, lost)| next::of(cx, release, lost, &findings));
    let next: Vec<Vec<String>> = next.collect();
    let cut_from = policy.releases.as_ref().map_or(LineRole::Integration, |releases| releases.from);
    let coming = coming(cx, &releases)?;
    Some(Status {
        now: cx.push.now,
        cut_next: next::cut(cx, &releases, &coming),
        brought,
        lost,
        next,
        coming,
        integration: policy.integration.branch.clone(),
        production: policy.line(LineRole::Production).map(|line| line.branch.clone()),
        cut_from: policy.line(cut_from).map(|line| line.branch.clone()).unwrap_or_default(),
        places: places::of(cx, &releases),
        environment: policy.confirmation.environment.clone(),
        required: policy.confirmation.required(),
        merge_back_within: policy.confirmation.merge_back_within,
        remote: cx.push.remote.clone(),
        expired: policy.exceptions.iter().filter_map(|exception| expired(exception, cx.push.now)).collect(),
        releases,
    })
}

/// The branches, by name where the merge says one, that a release took over from the one before.
fn brought(cx: &Context<'_>, releases: &[ReleaseStatus], at: usize) -> Option<Vec<String>> {
    let Some(cut) = releases[at].cut else { return Some(vec![]) };
    let previous = releases[..at].iter().rev().find(|release| release.cut.is_some());
    // Nothing came before the first release: all of history is not news.
    let Some(previous) = previous else { return Some(vec![]) };
    between(cx, cut, &previous.holds().collect::<Vec<_>>())
}

/// What has come onto the line that releases are cut from, and is in no release.
fn coming(cx: &Context<'_>, releases: &[ReleaseStatus]) -> Option<Vec<String>> {
    let holds: Vec<Oid> = releases.iter().flat_map(ReleaseStatus::holds).collect();
    match cx.facts.release_base(When::After) {
        Some(tip) if !holds.is_empty() => between(cx, tip, &holds),
        _ => Some(vec![]),
    }
}

/// Names the topics that a line has taken in up to a commit of its trunk and that nothing of
/// `earlier` holds, oldest first, each once.
fn between(cx: &Context<'_>, newer: Oid, earlier: &[Oid]) -> Option<Vec<String>> {
    let merges = cx.facts.merges_of(newer, earlier)?;
    let names =
        cx.facts.named(&merges).into_iter().rev().filter_map(|named| match merged_name(&named.subject) {
            Some(name) => is_news(cx.policy, name).then(|| name.to_owned()),
            None => Some(named.subject),
        });
    let mut seen = HashSet::new();
    Some(names.filter(|name| seen.insert(name.clone())).collect())
}

/// Whether a branch of that name brings something new, which a merge-back does not.
fn is_news(policy: &Policy, name: &str) -> bool {
    let branch = kind_of(policy, &RefName::of_branch(name));
    let tag = kind_of(policy, &RefName::of_tag(name));
    matches!(branch, RefKind::Topic { .. } | RefKind::Branch) && !matches!(tag, RefKind::VersionTag(_))
}

/// The versions of earlier releases that an open release does not contain.
fn lost(facts: &Facts<'_>, release: &ReleaseStatus) -> Option<Vec<String>> {
    let Some(tip) = release.tip.filter(|_| !facts.closed(release.release)) else { return Some(vec![]) };
    let lost = facts.lost_fixes(release.release, tip)?;
    Some(lost.into_iter().map(|(version, _)| facts.version_name(version)).collect())
}

fn expired(exception: &Exception, now: Seconds) -> Option<Expired> {
    let at = exception.expires.filter(|at| *at < now)?;
    let (rule, name) = (exception.rule.clone(), exception.name.clone());
    Some(Expired { rule, name, at, clause: exception.clause.clone() })
}
