//! The status for programs.

use serde::Serialize;

use super::super::clean;
use super::{Debt, Status, held};
use crate::facts::{Presence, Proof, VersionStatus};
use crate::history::{Oid, Seconds};

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    command: &'a str,
    environment: &'a str,
    confirmation_required: bool,
    running: Option<&'a str>,
    running_since: Option<Seconds>,
    confirmed_by: Option<String>,
    roll_back_to: Vec<&'a str>,
    environments: Vec<PlaceRow<'a>>,
    releases: Vec<ReleaseRow<'a>>,
    coming: Vec<String>,
    next: &'a [String],
    expired_exceptions: Vec<ExpiredRow<'a>>,
}

#[derive(Serialize)]
struct PlaceRow<'a> {
    name: &'a str,
    deploy: &'a str,
    known_by: &'a str,
    holds: Vec<HeldRow>,
}

#[derive(Serialize)]
struct HeldRow {
    name: String,
    commit: Option<String>,
    since: Seconds,
    by: Option<String>,
    record: Option<String>,
}

#[derive(Serialize)]
struct ReleaseRow<'a> {
    release: String,
    state: &'a str,
    line: String,
    tip: Option<String>,
    cut_from: String,
    cut: Option<String>,
    tags: Vec<TagRow<'a>>,
    brought: Vec<String>,
    merged_back: Vec<BackRow<'a>>,
    owed: Vec<OwedRow<'a>>,
    unreleased_commits: usize,
    next: &'a [String],
}

#[derive(Serialize)]
struct BackRow<'a> {
    line: &'a str,
    how: Option<&'a str>,
}

#[derive(Serialize)]
struct OwedRow<'a> {
    what: &'a str,
    line: Option<&'a str>,
    until: Option<Seconds>,
    overdue: bool,
    tag: Option<&'a str>,
}

#[derive(Serialize)]
struct TagRow<'a> {
    tag: String,
    commit: Option<String>,
    confirmed: bool,
    proof: String,
    deployed: Vec<DeployedRow<'a>>,
}

#[derive(Serialize)]
struct DeployedRow<'a> {
    environment: &'a str,
    deployed: bool,
    since: Seconds,
    by: String,
    record: String,
    reason: Option<String>,
}

#[derive(Serialize)]
struct ExpiredRow<'a> {
    rule: &'a str,
    r#ref: String,
    at: Seconds,
    file: String,
    line: u32,
}

/// Returns the status for programs.
///
/// # Panics
/// Never: text and numbers are always JSON.
#[must_use]
pub fn json(status: &Status) -> String {
    let running = status.running();
    let root = Root {
        version: 1,
        command: "status",
        environment: &status.environment,
        confirmation_required: status.required,
        running: running.map(|(tag, ..)| tag),
        running_since: running.map(|(_, since, _)| since),
        confirmed_by: running.map(|(.., by)| clean(by)),
        roll_back_to: status.roll_back_to(),
        environments: places(status),
        releases: (0..status.releases.len()).map(|at| release(status, at)).collect(),
        coming: status.coming.iter().map(|name| clean(name)).collect(),
        next: &status.cut_next,
        expired_exceptions: expired(status),
    };
    serde_json::to_string_pretty(&root).expect("text and numbers are always JSON") + "\n"
}

fn id(id: Option<Oid>) -> Option<String> {
    id.map(|id| id.to_string())
}

fn places(status: &Status) -> Vec<PlaceRow<'_>> {
    let held = |held: &super::Deployed| HeldRow {
        name: clean(&held.name),
        commit: id(held.commit),
        since: held.since,
        by: Some(clean(&held.by)).filter(|by| !by.is_empty()),
        record: held.record.as_deref().map(clean),
    };
    let rows = status.places.iter().map(|place| PlaceRow {
        name: &place.name,
        deploy: if place.auto { "auto" } else { "manual" },
        known_by: if place.by_record { "record" } else { "policy" },
        holds: place.holds.iter().map(held).collect(),
    });
    rows.collect()
}

fn release(status: &Status, at: usize) -> ReleaseRow<'_> {
    let release = &status.releases[at];
    let back = release.merged_back.iter().filter(|line| line.presence != Presence::Missing);
    ReleaseRow {
        release: release.release.to_string(),
        state: release.state.name(),
        line: clean(&release.line),
        tip: id(release.tip),
        cut_from: clean(&status.cut_from),
        cut: id(release.cut),
        tags: release.versions.iter().map(tag).collect(),
        brought: status.brought[at].iter().map(|name| clean(name)).collect(),
        merged_back: back
            .map(|line| BackRow { line: status.line(line.line), how: held(line.presence) })
            .collect(),
        owed: status.owed(at).into_iter().map(|debt| owed(status, debt)).collect(),
        unreleased_commits: release.unreleased,
        next: &status.next[at],
    }
}

fn owed<'a>(status: &Status, debt: Debt<'a>) -> OwedRow<'a> {
    match debt {
        Debt::MergeBack(line, until) => OwedRow {
            what: "merge-back",
            line: Some(line),
            until,
            overdue: until.is_some_and(|until| until < status.now),
            tag: None,
        },
        Debt::LostFix(tag) => {
            OwedRow { what: "lost-fix", line: None, until: None, overdue: false, tag: Some(tag) }
        }
    }
}

fn tag(version: &VersionStatus) -> TagRow<'_> {
    let deployed = version.standings.iter().map(|standing| DeployedRow {
        environment: &standing.environment,
        deployed: standing.deployed,
        since: standing.since,
        by: clean(&standing.by),
        record: standing.record.to_string(),
        reason: standing.reason.as_ref().map(|reason| clean(reason)),
    });
    TagRow {
        tag: clean(&version.tag),
        commit: id(version.commit),
        confirmed: version.proof == Proof::Confirmed,
        proof: proof(&version.proof).to_owned(),
        deployed: deployed.collect(),
    }
}

fn proof(proof: &Proof) -> &'static str {
    match proof {
        Proof::Confirmed => "confirmed",
        Proof::Missing => "missing",
        Proof::InThisPush(_) => "in-this-push",
        Proof::Flawed(..) => "flawed",
        Proof::RolledBack(_) => "rolled-back",
        Proof::NotDeployed => "not-deployed",
    }
}

fn expired(status: &Status) -> Vec<ExpiredRow<'_>> {
    let rows = status.expired.iter().map(|expired| ExpiredRow {
        rule: &expired.rule,
        r#ref: clean(&expired.name),
        at: expired.at,
        file: clean(&expired.clause.file),
        line: expired.clause.line,
    });
    rows.collect()
}
