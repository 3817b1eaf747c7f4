//! What was released or recorded stays as it was.

use super::{Check, Context, Rule, words};
use crate::facts::{RecordName, RefKind, When};
use crate::finding::{Finding, Level};
use crate::history::name::escape;
use crate::push::RefUpdate;
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "tag-immutable",
    summary: "a version tag or a confirmation record is never moved or deleted",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-immutable.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.moves() && !update.deletes() {
        return vec![];
    }
    match cx.facts.kind(&update.name) {
        RefKind::VersionTag(version) => vec![version_tag(update, version, cx)],
        RefKind::Record(record) => vec![confirmation(update, &record, cx)],
        _ => vec![],
    }
}

fn version_tag(update: &RefUpdate, version: Version, cx: &Context<'_>) -> Finding {
    let tag = update.name.short();
    let message = if update.deletes() {
        format!("the version tag `{tag}` would be deleted")
    } else if same_commit(update, cx) {
        format!("the version tag `{tag}` would be replaced by another tag object")
    } else {
        format!("the version tag `{tag}` would move to another commit")
    };
    let clause = match version.hotfix {
        None => &cx.policy.tags.release_clause,
        Some(_) => &cx.policy.tags.hotfix_clause,
    };
    let finding = Finding::new(&update.name, message)
        .note("images, deployments and records go by this name: it stands for one commit, for good")
        .note(match (&cx.policy.tags.hotfix, update.deletes()) {
            (_, true) => "if it has to go, an administrator deletes it on the server".to_owned(),
            (None, false) => "what is new gets a new version number".to_owned(),
            (Some(_), false) => {
                let next = cx.facts.next_version(version.release, When::After);
                format!("what is new gets the next tag: `{}`", words::version(next, cx))
            }
        })
        .clause(clause);
    as_on_the_server(finding, update, cx)
}

fn confirmation(update: &RefUpdate, record: &RecordName, cx: &Context<'_>) -> Finding {
    let what = if record.revokes { "revocation" } else { "confirmation" };
    let change = if update.deletes() { "deleted" } else { "changed" };
    let message = format!("the {what} `{}` would be {change}", update.name.short());
    let tag = escape(record.version_tag.as_bytes());
    let finding = Finding::new(&update.name, message)
        .note("records are only ever added: the newest one of a version counts")
        .note(if record.revokes {
            format!("if `{tag}` runs well again, `flowcheck confirm {}` says so", words::quoted(&tag))
        } else {
            format!("to take it back: flowcheck confirm {} --revoke --reason \"…\"", words::quoted(&tag))
        })
        .clause(&cx.policy.confirmation.clause);
    as_on_the_server(finding, update, cx)
}

/// The way out of a move: take the tag as the server has it.
fn as_on_the_server(finding: Finding, update: &RefUpdate, cx: &Context<'_>) -> Finding {
    match words::typed(&update.name).filter(|_| update.moves()) {
        Some(tag) => finding.fix(format!("git fetch --force {} tag {tag}", words::quoted(&cx.push.remote))),
        None => finding,
    }
}

fn same_commit(update: &RefUpdate, cx: &Context<'_>) -> bool {
    let below = |id| cx.facts.tag_object(id).map(|tag| tag.target);
    let (old, new) = (update.old.and_then(below), update.new.and_then(below));
    old.is_some() && old == new
}
