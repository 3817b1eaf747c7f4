//! A line takes in branches of the kinds that may enter it.

use super::words::{self, count};
use super::{Check, Context, Rule, direct_commit};
use crate::facts::LineId;
use crate::finding::{Clause, Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "merge-source",
    summary: "a line takes in branches of the kinds that may enter it",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/merge-source.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    let Some((Some(accused), _)) = cx.facts.accused(&moved) else { return vec![] };
    let line = words::line(moved.line, cx);
    let (name, kind) = accused.holders.first().cloned().unwrap_or_default();
    let message = match (name.as_str(), kind.as_str()) {
        ("", _) => format!("{line} takes in commits that may not enter it"),
        (name, "line") => format!("{line} takes in `{name}`, which is never merged into it"),
        (name, kind) => format!("{line} takes in `{name}`, and a {kind} may not enter it"),
    };
    let caption = count(accused.commits.len(), "commit comes in with it:", "commits come in with it:");
    let finding = Finding::new(&update.name, message).clause(&clause(&kind, moved.line, cx));
    let finding = words::listing(finding, caption, &accused.commits, cx).note(reason(&kind, moved.line, cx));
    let mut finding = words::start_over(finding, &moved, cx);
    // Once the release is gone by which it came, the line it was cut from is all that holds it.
    finding.momentary = kind == "line" && moved.line == LineId::Production;
    vec![finding]
}

fn clause(kind: &str, line: LineId, cx: &Context<'_>) -> Clause {
    let topic = cx.policy.topics.iter().find(|topic| topic.kind == kind);
    topic.map_or_else(|| direct_commit::clause(line, cx), |topic| topic.into_clause.clone())
}

fn reason(kind: &str, line: LineId, cx: &Context<'_>) -> String {
    if let Some(topic) = cx.policy.topics.iter().find(|topic| topic.kind == kind) {
        let into: Vec<&str> = topic.into.iter().map(|role| role.name()).collect();
        return format!("a {kind} goes into the {} line", into.join(" or the "));
    }
    match line {
        LineId::Production => {
            "what is on it has been proven in prod: merge the confirmed version tag".to_owned()
        }
        _ => "merge the release instead, when it is confirmed".to_owned(),
    }
}
