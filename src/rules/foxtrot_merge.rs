//! A line stays its own first parent: no merge made the wrong way round.

use super::words;
use super::{Check, Context, Rule, direct_commit};
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "foxtrot-merge",
    summary: "a line's old tip stays on its trunk",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/foxtrot-merge.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    if cx.facts.ask(cx.facts.history.on_trunk(moved.old, moved.new)) != Some(false) {
        return vec![];
    }
    let line = words::line(moved.line, cx);
    let finding = Finding::new(&update.name, format!("the merge into {line} was made the wrong way round"))
        .note(format!("{line} was merged into the branch, so its own history would become a side branch"))
        .clause(&direct_commit::clause(moved.line, cx));
    let caption = format!("the tip of {line}, no longer on its first-parent chain:");
    let finding = words::listing(finding, caption, &[moved.old], cx);
    vec![words::merge_again(finding, &moved, &words::short(moved.new), cx)]
}
