//! The next commands to type for a release, by its state.

use crate::facts::{Facts, Proof, ReleaseStatus, State, When};
use crate::finding::Finding;
use crate::history::RefName;
use crate::policy::{Captures, LineRole, Topic, While};
use crate::push::{Push, RefUpdate};
use crate::rules::{self, Context};
use crate::version::Release;

/// Returns what to type next for a release; `findings` are those about the state of the refs.
pub(super) fn of(
    cx: &Context<'_>,
    release: &ReleaseStatus,
    lost: &[String],
    findings: &[Finding],
) -> Vec<String> {
    let owed = || merge_back(release, findings);
    match release.state {
        State::Cut if !lost.is_empty() => take_in(cx, release),
        State::Cut => tag(cx, release),
        State::Tagged => confirm(cx, release),
        State::RolledBack => mend(cx, release),
        State::Confirmed | State::MergedBack | State::Closed => owed(),
    }
}

/// Sets the release tag where version tags stand on the release; where they stand on another line,
/// the release is merged there first.
fn tag(cx: &Context<'_>, release: &ReleaseStatus) -> Vec<String> {
    let remote = &cx.push.remote;
    let name = cx.facts.version_name(cx.facts.next_version(release.release, When::After));
    let line = &release.line;
    let Some(on) = cx.policy.line(cx.policy.tags.on).map(|line| &line.branch) else {
        return vec![
            format!("git fetch {remote}"),
            format!("git tag -a {name} -m {name} {remote}/{line}"),
            format!("git push {remote} {name}"),
        ];
    };
    vec![
        format!("git fetch {remote}"),
        format!("git checkout -B {on} {remote}/{on}"),
        format!("git merge --no-ff --no-edit {remote}/{line}"),
        format!("git tag -a {name} -m {name}"),
        format!("git push {remote} {on} {name}"),
    ]
}

fn confirm(cx: &Context<'_>, release: &ReleaseStatus) -> Vec<String> {
    let newest = release.versions.last();
    newest
        .map(|newest| format!("flowcheck confirm {} --push {}", newest.tag, cx.push.remote))
        .into_iter()
        .collect()
}

/// What a version tag would be told that is set now: to take in first what is lost.
fn take_in(cx: &Context<'_>, release: &ReleaseStatus) -> Vec<String> {
    let name = cx.facts.version_name(cx.facts.next_version(release.release, When::After));
    let update = RefUpdate { name: RefName::of_tag(&name), old: None, new: release.tip };
    let push = Push { updates: vec![update], ..cx.push.clone() };
    let facts = Facts::of_trial(cx.facts.history, cx.policy, &push);
    let findings = rules::judge(&Context { policy: cx.policy, push: &push, facts: &facts });
    let lost = findings.into_iter().find(|finding| finding.rule == "lost-fix");
    let fix = lost.map(|finding| finding.fix).unwrap_or_default();
    let pushed = fix.iter().position(|command| command.starts_with("git push"));
    fix.into_iter().take(pushed.map_or(usize::MAX, |at| at + 1)).collect()
}

/// Starts the branch that mends what was rolled back.
fn mend(cx: &Context<'_>, release: &ReleaseStatus) -> Vec<String> {
    let mends = |topic: &&Topic| topic.into.contains(&LineRole::Release) && topic.while_ != While::BeforeTag;
    let named = |topic: &Topic| {
        let version = Some(release.release.to_string());
        let topic_ = Some("mend".to_owned());
        let full = Captures { version, n: None, topic: topic_.clone() };
        topic.branch.name_with(&full).or_else(|| topic.branch.name_with(&Captures { version: None, ..full }))
    };
    let Some(branch) = cx.policy.topics.iter().find(mends).and_then(named) else { return vec![] };
    let remote = &cx.push.remote;
    let start = match (release.tip, release.versions.last()) {
        (None, Some(newest)) => newest.tag.clone(),
        _ => format!("{remote}/{}", release.line),
    };
    vec![format!("git fetch --tags {remote}"), format!("git checkout -b {branch} {start}")]
}

/// What the rule prints that asks for the merge-back.
fn merge_back(release: &ReleaseStatus, findings: &[Finding]) -> Vec<String> {
    let newest = release.versions.iter().rfind(|version| version.proof == Proof::Confirmed);
    let Some(commit) = newest.and_then(|newest| newest.commit) else { return vec![] };
    let owed = |finding: &&Finding| finding.rule == "merge-back-missing" && finding.object == Some(commit);
    findings.iter().find(owed).map(|finding| finding.fix.clone()).unwrap_or_default()
}

/// Returns how the next release is cut, where none is open and something waits for it.
pub(super) fn cut(cx: &Context<'_>, releases: &[ReleaseStatus], coming: &[String]) -> Vec<String> {
    let open = |release: &ReleaseStatus| !matches!(release.state, State::MergedBack | State::Closed);
    let Some(model) = cx.policy.releases.as_ref() else { return vec![] };
    let waits = releases.is_empty() || !coming.is_empty();
    let from = cx.policy.line(model.from).map(|line| line.branch.clone());
    let (Some(from), true, Some(_)) = (from, waits, cx.facts.release_base(When::After)) else {
        return vec![];
    };
    if releases.iter().any(|release| open(release) || release.owed().next().is_some()) {
        return vec![];
    }
    let next = releases.last().map_or(Release { major: 1, minor: 0, patch: 0 }, |newest| Release {
        minor: newest.release.minor.saturating_add(1),
        patch: 0,
        ..newest.release
    });
    let Some(line) = model.branch.example(&next.to_string()) else { return vec![] };
    let remote = &cx.push.remote;
    vec![
        format!("git fetch {remote}"),
        format!("git branch {line} {remote}/{from}"),
        format!("git push {remote} {line}"),
    ]
}
