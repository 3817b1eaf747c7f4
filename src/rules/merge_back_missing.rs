//! What is confirmed is merged back, soon.

use super::words::{self, quoted};
use super::{Check, Context, Rule, unconfirmed_merge_back};
use crate::facts::{LineId, Presence};
use crate::finding::{Finding, Level};
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "merge-back-missing",
    summary: "what is confirmed is merged back into the lines",
    level: Level::Warn,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/merge-back-missing.md"),
    check: Check::State(check),
};

fn check(cx: &Context<'_>) -> Vec<Finding> {
    let mut releases: Vec<_> = cx.facts.confirmed().keys().map(|version| version.release).collect();
    releases.dedup();
    let newest = releases.into_iter().filter_map(|release| cx.facts.newest_confirmed(release));
    newest.flat_map(|version| owed(version, cx)).collect()
}

fn owed(version: Version, cx: &Context<'_>) -> Vec<Finding> {
    let lines = cx.facts.merged_back(version).unwrap_or_default();
    let missing = lines.into_iter().filter(|line| line.presence == Presence::Missing);
    missing.map(|line| finding(version, line.line, cx)).collect()
}

fn finding(version: Version, line: LineId, cx: &Context<'_>) -> Finding {
    let tag = words::version(version, cx);
    let name = words::line(line, cx);
    let since = cx.facts.confirmed().get(&version).map_or(cx.push.now, |confirmed| confirmed.since);
    let within = cx.policy.confirmation.merge_back_within;
    let late = cx.push.now.saturating_sub(since) > within;
    let days = cx.push.now.saturating_sub(since) / 86_400;
    let mut finding = Finding::new(
        &crate::history::RefName::of_branch(&cx.facts.line_name(line)),
        format!("`{tag}` is confirmed and not merged back into {name}"),
    )
    .note(format!(
        "confirmed {} ago, owed within {}",
        words::count_days(days),
        words::count_days(within / 86_400)
    ))
    .clause(&cx.policy.confirmation.clause);
    finding.overdue = late;
    finding.object = cx.facts.version_commit(version, crate::facts::When::After);
    if line == LineId::Production {
        return unconfirmed_merge_back::merge_with_the_tags_tree(finding, version, cx);
    }
    let branch = cx.facts.line_name(line);
    let remote = &cx.push.remote;
    finding
        .fix(format!("git fetch --tags {}", quoted(remote)))
        .fix(format!("git checkout -B {} {}", quoted(&branch), quoted(&format!("{remote}/{branch}"))))
        .fix(format!("git merge --no-ff --no-edit {}", quoted(&tag)))
        .fix(format!("git push {} {}", quoted(remote), quoted(&branch)))
}
