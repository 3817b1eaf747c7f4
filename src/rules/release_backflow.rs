//! After the cut a release takes fixes, and neither features nor another release.

use super::words::{self, count};
use super::{Check, Context, Rule};
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "release-backflow",
    summary: "after its cut, a release takes nothing from the line it was cut from",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/release-backflow.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    let Some(Some((commits, owner))) = cx.facts.backflow(&moved) else { return vec![] };
    let Some(releases) = cx.policy.releases.as_ref() else { return vec![] };
    let (line, owner) = (words::line(moved.line, cx), words::line(owner, cx));
    let caption =
        format!("{} into {line}:", count(commits.len(), "commit of it comes", "commits of it come"));
    let finding = Finding::new(&update.name, format!("{line} takes in commits of {owner}"))
        .clause(&releases.from_clause);
    let finding = words::listing(finding, caption, &commits, cx)
        .note("after the cut a release takes fixes, made on branches of its own");
    vec![
        words::start_over(finding, &moved, cx)
            .note("then merge the fix alone, from a branch that starts there"),
    ]
}
