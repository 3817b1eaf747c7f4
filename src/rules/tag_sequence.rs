//! Hotfixes are counted: 1, 2, 3, and no number twice.

use super::{Check, Context, Rule, tagging, words};
use crate::facts::{RefKind, Sequence, When};
use crate::finding::{Finding, Level};
use crate::history::RefName;
use crate::push::{Place, RefUpdate};
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "tag-sequence",
    summary: "hotfixes of a release are counted without gaps, and no number is used twice",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-sequence.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(set) = tagging::set_by(update, cx).filter(|_| update.creates()) else { return vec![] };
    let tag = update.name.short();
    let finding = |message: String| Finding::new(&update.name, message).clause(&cx.policy.tags.hotfix_clause);
    match cx.facts.sequence(set.version) {
        Sequence::InOrder => vec![],
        Sequence::Missing(missing) if missing.hotfix.is_none() => {
            let release = words::version(missing, cx);
            vec![
                finding(format!("`{tag}` is a hotfix of `{release}`, which is not set"))
                    .note(format!("`{release}` is set first, on the commit that is released"))
                    .absent(),
            ]
        }
        Sequence::Missing(missing) => {
            let message = format!("`{tag}` skips a number: `{}` is not set", words::version(missing, cx));
            vec![renumbered(finding(message).absent(), update, set.version, cx)]
        }
        // What a record names was set when it was recorded; an audit cannot tell what came first.
        Sequence::Used if cx.push.place == Place::Audit => vec![],
        Sequence::Used => {
            let message = format!("`{tag}` was used before: a record or the log names it");
            vec![renumbered(finding(message), update, set.version, cx)]
        }
    }
}

/// Says which number is next, and how the tag gets it.
fn renumbered(finding: Finding, update: &RefUpdate, version: Version, cx: &Context<'_>) -> Finding {
    let next = cx.facts.next_version(version.release, When::After);
    let finding = finding.note(format!(
        "the next version tag of {} is `{}`",
        version.release,
        words::version(next, cx)
    ));
    let name = RefName::of_tag(&cx.facts.version_name(next));
    let alone = cx.push.updates.iter().filter(|other| is_out_of_order(other, version, cx)).count() == 1;
    match tagging::set_by(update, cx).and_then(|set| set.commit(cx)) {
        Some(commit) if alone && tagging::could_be(update, &name, commit, cx) => {
            tagging::rename(finding, &update.name, &name, cx)
        }
        _ => finding,
    }
}

/// Whether `other` sets a hotfix tag of the same release whose number is no good either: then it is
/// not evident which of them is the next.
fn is_out_of_order(other: &RefUpdate, version: Version, cx: &Context<'_>) -> bool {
    match cx.facts.kind(&other.name) {
        RefKind::VersionTag(found) if other.creates() && found.release == version.release => {
            cx.facts.sequence(found) != Sequence::InOrder
        }
        _ => false,
    }
}
