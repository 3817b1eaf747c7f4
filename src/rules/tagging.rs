//! What rules about version tags ask and print alike.

use super::{Context, words};
use crate::facts::{LineId, RefKind, Target};
use crate::finding::{Finding, Level};
use crate::history::{Oid, RefName};
use crate::policy::LineRole;
use crate::push::{Place, RefUpdate};
use crate::version::Version;

/// A version tag that an update sets.
pub(super) struct SetTag {
    /// The version that its name stands for.
    pub version: Version,
    /// The object that the ref shall point to.
    pub id: Oid,
}

/// Returns the version tag that `update` creates or moves.
pub(super) fn set_by(update: &RefUpdate, cx: &Context<'_>) -> Option<SetTag> {
    let id = update.new.filter(|new| update.old != Some(*new))?;
    match cx.facts.kind(&update.name) {
        RefKind::VersionTag(version) => Some(SetTag { version, id }),
        _ => None,
    }
}

impl SetTag {
    /// Returns the commit below the tag; `None` for a tree or blob, or where it cannot be read.
    pub fn commit(&self, cx: &Context<'_>) -> Option<Oid> {
        match cx.facts.tag_object(self.id)?.target {
            Target::Commit(commit) => Some(commit),
            Target::Tree | Target::Blob => None,
        }
    }
}

/// Whether the pusher can still set the tag differently: it is on no server yet.
pub(super) fn is_open(update: &RefUpdate, cx: &Context<'_>) -> bool {
    update.creates() && cx.push.place != Place::Audit
}

/// Whether the tag could be called `name` and stand on `commit`.
pub(super) fn could_be(update: &RefUpdate, name: &RefName, commit: Oid, cx: &Context<'_>) -> bool {
    let instead = RefUpdate { name: name.clone(), old: None, new: Some(commit) };
    is_open(update, cx)
        && words::typed(name).is_some()
        && (*name == update.name || cx.push.update(name).is_none())
        && cx.would_pass(update, &instead)
}

/// Adds the commands that set the tag again, as an annotated one on `at`.
pub(super) fn set_again(finding: Finding, name: &RefName, at: &str, cx: &Context<'_>) -> Finding {
    let Some(tag) = words::typed(name) else { return finding };
    finding
        .fix(format!("git tag -f {} {tag} {at} -m {tag}", kind_of_tag(cx)))
        .fix(push_with_its_line(name, &tag, cx))
}

/// Returns the command that sends a version tag, with the line it stands on where that comes in
/// the same push: neither is on the server yet.
fn push_with_its_line(name: &RefName, tag: &str, cx: &Context<'_>) -> String {
    let remote = words::quoted(&cx.push.remote);
    let RefKind::VersionTag(version) = cx.facts.kind(name) else { return format!("git push {remote} {tag}") };
    let line = cx.facts.line_of_tags(version);
    if pushes_line(line, cx) {
        format!("git push {remote} {} {tag}", words::quoted(&cx.facts.line_name(line)))
    } else {
        format!("git push {remote} {tag}")
    }
}

fn pushes_line(line: LineId, cx: &Context<'_>) -> bool {
    cx.push.updates.iter().any(|update| cx.facts.line_id(&update.name) == Some(line))
}

/// Adds the commands that give the tag another name.
pub(super) fn rename(finding: Finding, from: &RefName, to: &RefName, cx: &Context<'_>) -> Finding {
    let (Some(old), Some(new)) = (words::typed(from), words::typed(to)) else { return finding };
    finding
        .fix(format!("git tag {} {new} {} -m {new}", kind_of_tag(cx), peeled(&old)))
        .fix(format!("git tag -d {old}"))
        .fix(push_with_its_line(to, &new, cx))
}

/// Returns the expression for what lies below a tag, whose name is quoted where it has to be.
pub(super) fn peeled(tag: &str) -> String {
    format!("{tag}^{{}}")
}

/// Returns the option that makes a tag of the kind the policy asks for: signed or annotated.
fn kind_of_tag(cx: &Context<'_>) -> &'static str {
    let signed = super::find("tag-signature")
        .is_some_and(|rule| super::rule_level(cx.policy, rule, cx.push.now).0 > Level::Off);
    if signed { "-s" } else { "-a" }
}

/// Returns the line that tags of `version` stand on, in backticks.
pub(super) fn home(version: Version, cx: &Context<'_>) -> String {
    words::line(cx.facts.line_of_tags(version), cx)
}

/// Adds `git fetch` where the line of `version` may have commits that the pusher's clone lacks.
pub(super) fn fetched(finding: Finding, version: Version, cx: &Context<'_>) -> Finding {
    let line = cx.facts.line_of_tags(version);
    if pushes_line(line, cx) {
        finding
    } else {
        finding.fix(format!("git fetch {}", words::quoted(&cx.push.remote)))
    }
}

/// Whether version tags stand on release lines.
pub(super) fn on_releases(cx: &Context<'_>) -> bool {
    cx.policy.tags.on == LineRole::Release
}

/// Returns the tip of the line of `version` after the push.
pub(super) fn tip_of_home(version: Version, cx: &Context<'_>) -> Option<(LineId, Oid)> {
    let line = cx.facts.line_of_tags(version);
    Some((line, cx.facts.tip(line, crate::facts::When::After)?))
}
