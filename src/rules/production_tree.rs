//! What is on the production line is byte for byte what runs in prod.

use super::{Check, Context, Rule, unconfirmed_merge_back, words};
use crate::facts::LineId;
use crate::finding::{Finding, Level};
use crate::history::Oid;
use crate::policy::LineRole;
use crate::push::RefUpdate;
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "production-tree",
    summary: "the production line has the tree of the confirmed version tag",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/production-tree.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if cx.policy.tags.on != LineRole::Release {
        return vec![];
    }
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    if moved.line != LineId::Production {
        return vec![];
    }
    let differing = moved.trunk.iter().find_map(|commit| Some((*commit, differs(*commit, cx)?)));
    let Some((commit, version)) = differing else { return vec![] };
    let tag = words::version(version, cx);
    let line = words::line(moved.line, cx);
    let finding = Finding::new(&update.name, format!("{line} would not have the content of `{tag}`"))
        .clause(&cx.policy.confirmation.clause)
        .note(format!(
            "what is on {line} is byte for byte what runs in {}",
            cx.policy.confirmation.environment
        ));
    let finding = words::listing(finding, format!("its tree is not the tree of `{tag}`:"), &[commit], cx);
    vec![unconfirmed_merge_back::merge_with_the_tags_tree(finding, version, cx)]
}

/// Returns the version whose tree `commit` should have and has not.
fn differs(commit: Oid, cx: &Context<'_>) -> Option<Version> {
    let (version, tag) = newest_confirmed_in(commit, cx)?;
    let ours = cx.facts.ask(cx.facts.history.commit(commit))?.tree;
    let theirs = cx.facts.ask(cx.facts.history.commit(tag))?.tree;
    (ours != theirs).then_some(version)
}

/// The newest confirmed version in the ancestry of `commit`; with parallel lines the newest of
/// those that this update took in, where it took one in.
fn newest_confirmed_in(commit: Oid, cx: &Context<'_>) -> Option<(Version, Oid)> {
    let tags: Vec<(Version, Oid)> = cx.facts.shipped().collect();
    let commits: Vec<Oid> = tags.iter().map(|(_, tag)| *tag).collect();
    let contained = cx.facts.among(&commits, &[commit])?;
    let newest = |of: &[Oid]| tags.iter().rfind(|(_, tag)| of.contains(tag)).copied();
    if cx.policy.parallel() {
        let first = cx.facts.ask(cx.facts.history.parents(commit))?.first().copied();
        let new = cx.facts.without(&contained, first.as_slice())?;
        if let Some(taken) = newest(&new) {
            return Some(taken);
        }
    }
    newest(&contained)
}
