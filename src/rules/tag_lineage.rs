//! A hotfix is set on top of what it fixes.

use super::{Check, Context, Rule, tagging, words};
use crate::facts::{Ground, When};
use crate::finding::{Finding, Level};
use crate::history::Oid;
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "tag-lineage",
    summary: "a hotfix tag is set on a later commit than the version before it",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-lineage.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(set) = tagging::set_by(update, cx).filter(|set| set.version.hotfix.is_some()) else {
        return vec![];
    };
    let Some(commit) = set.commit(cx) else { return vec![] };
    let Some((_, before)) = cx.facts.predecessor(set.version, When::After) else { return vec![] };
    let (Some(below), Some(false)) = (before.commit, cx.facts.follows(set.version, commit)) else {
        return vec![];
    };
    let (tag, predecessor) = (update.name.short(), before.name.short());
    let (message, note) = match how(commit, below, cx) {
        Some(Lies::On) => (
            format!("`{tag}` is on the same commit as `{predecessor}`"),
            "nothing was fixed between the two".to_owned(),
        ),
        Some(Lies::Below) => (
            format!("`{tag}` is set below `{predecessor}`, which comes before it"),
            format!("`{predecessor}` has what `{tag}` would take away again"),
        ),
        Some(Lies::Beside) => (
            format!("`{tag}` does not contain `{predecessor}`, which comes before it"),
            format!("whoever deploys it loses what `{predecessor}` fixed"),
        ),
        None => return vec![],
    };
    let finding = Finding::new(&update.name, message).note(note).clause(&cx.policy.tags.hotfix_clause);
    // Where the tag is off its line, `tag-origin` says where it belongs.
    if cx.facts.ground(set.version, commit) != Some(Ground::OnTrunk) || !tagging::is_open(update, cx) {
        return vec![finding];
    }
    let home = tagging::home(set.version, cx);
    let tip = tagging::tip_of_home(set.version, cx).map(|(_, tip)| tip);
    vec![match tip.filter(|tip| tagging::could_be(update, &update.name, *tip, cx)) {
        Some(tip) => {
            let finding = finding.note(format!("the tip of {home} goes on from `{predecessor}`"));
            let finding = tagging::fetched(finding, set.version, cx);
            tagging::set_again(finding, &update.name, &words::short(tip), cx)
        }
        None => finding.note(format!("merge the fix into {home} first, then tag its new tip")),
    }]
}

/// Where a commit lies, seen from the version before it.
enum Lies {
    On,
    Below,
    Beside,
}

fn how(commit: Oid, below: Oid, cx: &Context<'_>) -> Option<Lies> {
    if commit == below {
        return Some(Lies::On);
    }
    let contained = cx.facts.ask(cx.facts.history.is_ancestor(commit, below))?;
    Some(if contained { Lies::Below } else { Lies::Beside })
}
