//! A line only ever moves forward.

use super::{Check, Context, Rule, words};
use crate::facts::LineId;
use crate::finding::{Clause, Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "history-rewrite",
    summary: "a line is never moved to something that lacks its old tip",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/history-rewrite.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let (Some(line), true) = (cx.facts.line_id(&update.name), update.moves()) else { return vec![] };
    let (Some(old), Some(new)) = (update.old, update.new) else { return vec![] };
    if cx.facts.ask(cx.facts.history.is_ancestor(old, new)) != Some(false) {
        return vec![];
    }
    let Some(lost) = cx.facts.ask(cx.facts.history.introduced(&[old], &[new])) else { return vec![] };
    let branch = update.name.short();
    let commits = words::count(lost.len(), "commit", "commits");
    let finding = Finding::new(&update.name, format!("`{branch}` would lose {commits}"))
        .note("others build on them already: a line only moves forward")
        .note("take the line as the server has it, and bring what is new with a topic");
    let finding = words::listing(finding, "no longer on it:".to_owned(), &lost, cx);
    let finding = match clause(line, cx) {
        Some(clause) => finding.clause(clause),
        None => finding,
    };
    let Some(typed) = words::typed(&update.name) else { return vec![finding] };
    let remote = &cx.push.remote;
    vec![
        finding
            .fix(format!("git fetch {}", words::quoted(remote)))
            .fix(format!("git checkout -B {typed} {}", words::quoted(&format!("{remote}/{branch}")))),
    ]
}

/// Returns where the policy names the line.
pub(super) fn clause<'a>(line: LineId, cx: &'a Context<'_>) -> Option<&'a Clause> {
    match line {
        LineId::Release(_) => cx.policy.releases.as_ref().map(|releases| &releases.clause),
        LineId::Integration | LineId::Production => cx.policy.line(line.role()).map(|line| &line.clause),
    }
}
