//! A line is not deleted while anything depends on it.

use super::{Check, Context, Rule, words};
use crate::facts::{RefKind, When};
use crate::finding::{Clause, Finding, Level};
use crate::push::RefUpdate;
use crate::version::Release;

pub(super) static RULE: Rule = Rule {
    id: "line-deletion",
    summary: "the integration and production lines stay; a release line stays until it is merged back",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/line-deletion.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.deletes() {
        return vec![];
    }
    match cx.facts.kind(&update.name) {
        RefKind::Integration => vec![lasting(update, "integration", &cx.policy.integration.clause)],
        RefKind::Production => match &cx.policy.production {
            Some(line) => vec![lasting(update, "production", &line.clause)],
            None => vec![],
        },
        RefKind::Release(release) => release_line(update, release, cx),
        _ => vec![],
    }
}

/// The integration and the production line.
fn lasting(update: &RefUpdate, role: &str, clause: &Clause) -> Finding {
    let branch = update.name.short();
    Finding::new(&update.name, format!("`{branch}`, the {role} line, would be deleted"))
        .note("every other branch is judged by it; leave it out of the push")
        .note("where the model itself changes, the policy is changed first, and then it is no line")
        .clause(clause)
}

/// A release line: it may go when it is merged back or closed, or when nothing came of it.
fn release_line(update: &RefUpdate, release: Release, cx: &Context<'_>) -> Vec<Finding> {
    let done = update.old.and_then(|tip| cx.facts.line_is_done(release, tip));
    let (Some(false), Some(releases)) = (done, cx.policy.releases.as_ref()) else { return vec![] };
    let branch = update.name.short();
    let owed = match cx.facts.newest_version(release, When::After) {
        None => format!("`{branch}` has commits that nothing else holds, and no version tag"),
        Some(newest) => {
            let tag = words::version(newest, cx);
            if cx.facts.is_shipped(newest) {
                format!("`{tag}` is confirmed and not merged back everywhere yet")
            } else if cx.facts.newest_confirmed(release) == Some(newest) {
                format!("`{tag}` does not stand where it was confirmed, so nothing of it is merged back")
            } else {
                format!("`{tag}` is not confirmed yet, so it is not merged back either")
            }
        }
    };
    vec![
        Finding::new(&update.name, format!("`{branch}` would be deleted before it is merged back"))
            .note(owed)
            .note("delete it after the merge-back; until then, leave it out of the push")
            .clause(&releases.into_clause)
            .absent(),
    ]
}
