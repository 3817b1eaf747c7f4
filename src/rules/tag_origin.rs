//! A version is a commit that its line itself stood on.

use super::{Check, Context, Rule, tagging, words};
use crate::facts::{Ground, Target};
use crate::finding::{Finding, Level};
use crate::history::Oid;
use crate::push::RefUpdate;
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "tag-origin",
    summary: "a version tag stands on the trunk of its line",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-origin.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(set) = tagging::set_by(update, cx) else { return vec![] };
    let Some(object) = cx.facts.tag_object(set.id) else { return vec![] };
    match object.target {
        Target::Commit(commit) => on_commit(update, set.version, commit, cx),
        Target::Tree => vec![on_no_commit(update, set.version, "a tree", cx)],
        Target::Blob => vec![on_no_commit(update, set.version, "a blob", cx)],
    }
}

fn on_no_commit(update: &RefUpdate, version: Version, what: &str, cx: &Context<'_>) -> Finding {
    let message = format!("the version tag `{}` is set on {what}", update.name.short());
    let finding = Finding::new(&update.name, message)
        .note(format!("a version is a commit of {}", tagging::home(version, cx)))
        .clause(&cx.policy.tags.on_clause);
    place(finding, update, version, None, cx)
}

fn on_commit(update: &RefUpdate, version: Version, commit: Oid, cx: &Context<'_>) -> Vec<Finding> {
    let (tag, home) = (update.name.short(), tagging::home(version, cx));
    let (message, note) = match cx.facts.ground(version, commit) {
        None | Some(Ground::OnTrunk) => return vec![],
        Some(Ground::NoLine) => return vec![no_line(update, version, cx)],
        Some(Ground::Inside) => (
            format!("`{tag}` is on a commit that {home} took in with a branch"),
            format!("only what {home} itself stood on was ever built and tested as such"),
        ),
        Some(Ground::BelowCut) => (
            format!("`{tag}` is set below the commit where {home} was cut"),
            format!("what lies there was never on {home}"),
        ),
        Some(Ground::Beside) => (
            format!("`{tag}` is not on {home}"),
            format!("a version tag stands on a commit that {home} itself stood on"),
        ),
    };
    let finding = Finding::new(&update.name, message)
        .commits("the tag is on:", cx.facts.named(&[commit]), 1)
        .note(note)
        .clause(&cx.policy.tags.on_clause);
    vec![place(finding, update, version, Some(commit), cx)]
}

fn no_line(update: &RefUpdate, version: Version, cx: &Context<'_>) -> Finding {
    let home = tagging::home(version, cx);
    Finding::new(&update.name, format!("`{}` has no {home} to stand on", update.name.short()))
        .note(format!("there is no branch {home}: push it first, or together with the tag"))
        .clause(&cx.policy.tags.on_clause)
        .absent()
}

/// Adds the commands that set the tag where it belongs, if that is evident; else says what to do.
fn place(
    finding: Finding,
    update: &RefUpdate,
    version: Version,
    commit: Option<Oid>,
    cx: &Context<'_>,
) -> Finding {
    let home = tagging::home(version, cx);
    if !tagging::is_open(update, cx) {
        return finding.note("only an administrator can still set it elsewhere");
    }
    let entry = commit.and_then(|commit| cx.facts.taken_in_by(version, commit));
    let tip = tagging::tip_of_home(version, cx).map(|(_, tip)| tip);
    // On a line that goes on and on, its tip says nothing about this version.
    let candidates = [entry, tip.filter(|_| tagging::on_releases(cx))];
    for candidate in candidates.into_iter().flatten() {
        if tagging::could_be(update, &update.name, candidate, cx) {
            let said = if Some(candidate) == entry { "took it in with" } else { "ends in" };
            let at = words::short(candidate);
            let finding = finding.note(format!("{home} {said} {}", at.get(..7).unwrap_or(&at)));
            let finding = tagging::fetched(finding, version, cx);
            return tagging::set_again(finding, &update.name, &at, cx);
        }
    }
    finding.note(format!("merge what it should hold into {home} first, then tag the merge"))
}
