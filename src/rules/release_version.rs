//! A release line is for a version that has not shipped, above all that have.

use super::{Check, Context, Rule, words};
use crate::facts::{Cut, RefKind, When};
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "release-version",
    summary: "a release line is for a version above every one released",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/release-version.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let RefKind::Release(release) = cx.facts.kind(&update.name) else { return vec![] };
    let (true, Some(tip), Some(releases)) = (update.creates(), update.new, cx.policy.releases.as_ref())
    else {
        return vec![];
    };
    let again = cx.facts.cut_of_created(release, tip) == Some(Cut::Again);
    if again && !cx.facts.closed(release) {
        return vec![];
    }
    let shipped = cx.facts.versions(When::Before);
    let branch = update.name.short();
    let finding = |message| {
        let free = next_free(shipped.keys().next_back().copied(), release);
        Finding::new(&update.name, message)
            .note(format!("the next version that is free is {free}"))
            .clause(&releases.parallel_clause)
    };
    if let Some(newest) = cx.facts.newest_version(release, When::Before) {
        if let Some(by) = cx.facts.closed_by(release) {
            let by = words::version(by, cx);
            return vec![finding(format!("`{branch}` is for {release}, which `{by}` closed"))];
        }
        let message = format!("`{branch}` is for {release}, which is tagged already");
        let again = format!("to set the line up again, push it at `{}`", words::version(newest, cx));
        return vec![finding(message).note(again)];
    }
    let highest = shipped.keys().rev().find(|version| version.hotfix.is_none()).copied();
    match highest.filter(|highest| highest.release > release && !cx.policy.parallel()) {
        Some(highest) => {
            let message = format!("`{branch}` is below `{}`, which is released", words::version(highest, cx));
            vec![finding(message)]
        }
        None => vec![],
    }
}

fn next_free(newest: Option<Version>, wanted: Release) -> Release {
    match newest {
        Some(newest) if newest.release >= wanted => {
            Release { minor: newest.release.minor.saturating_add(1), patch: 0, ..newest.release }
        }
        _ => wanted,
    }
}
