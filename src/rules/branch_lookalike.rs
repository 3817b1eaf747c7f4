//! No two names that a reader or a disk takes for one.

use super::{Check, Context, Rule};
use crate::facts::{Alike, RefKind};
use crate::finding::{Finding, Level};
use crate::history::{ByteSlice, RefName};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "branch-lookalike",
    summary: "no new branch or tag looks like another one",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/branch-lookalike.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.creates() {
        return vec![];
    }
    let alike = cx.facts.lookalikes(&update.name);
    if let Some((other, how)) = alike.first() {
        return vec![taken_for(update, other, *how)];
    }
    if is_foreign_to_a_line(&update.name, cx) {
        return vec![outside_ascii(update, cx)];
    }
    vec![]
}

fn taken_for(update: &RefUpdate, other: &RefName, how: Alike) -> Finding {
    let (name, twin) = (update.name.short(), other.short());
    let (differ, note) = match how {
        Alike::Case => (
            "by letter case alone",
            "on disks that ignore case (macOS, Windows) the two are one file".to_owned(),
        ),
        Alike::Normalisation => (
            "by how Unicode composes the same text",
            format!("a reader cannot tell them apart: {}", spelled(&update.name)),
        ),
        Alike::Characters => (
            "by characters that look alike",
            format!("a reader cannot tell them apart: {}", spelled(&update.name)),
        ),
    };
    Finding::new(&update.name, format!("`{name}` differs from `{twin}` {differ}"))
        .note(note)
        .note(format!("push to `{twin}` if that is meant, else give it a name of its own"))
}

fn outside_ascii(update: &RefUpdate, cx: &Context<'_>) -> Finding {
    let what = if update.name.tag().is_some() { "version tag" } else { "line" };
    let name = update.name.short();
    let finding = Finding::new(&update.name, format!("the {what} `{name}` has characters outside ASCII"))
        .note(format!("no reader can be sure what it says: {}", spelled(&update.name)));
    match cx.facts.plain_twin(&update.name) {
        Some(plain) => finding.note(format!("in plain characters it is `{}`", plain.short())),
        None => finding.note("lines and version tags are image tags too: plain letters and digits only"),
    }
}

/// Whether the name is, or by its pattern would be, that of a line or version tag, and has
/// characters outside ASCII.
fn is_foreign_to_a_line(name: &RefName, cx: &Context<'_>) -> bool {
    if name.full().is_ascii() {
        return false;
    }
    let releases = cx.policy.releases.as_ref().map(|releases| &releases.branch);
    let tags = [Some(&cx.policy.tags.release), cx.policy.tags.hotfix.as_ref()];
    let text = |short: &[u8]| String::from_utf8(short.to_vec()).ok();
    match cx.facts.kind(name) {
        RefKind::Integration | RefKind::Production | RefKind::Release(_) | RefKind::VersionTag(_) => true,
        RefKind::Branch => {
            let branch = name.branch().and_then(|short| text(short));
            branch.is_some_and(|branch| releases.is_some_and(|pattern| pattern.is_match(&branch)))
        }
        RefKind::Tag => {
            let tag = name.tag().and_then(|short| text(short));
            tag.is_some_and(|tag| tags.into_iter().flatten().any(|pattern| pattern.is_match(&tag)))
        }
        _ => false,
    }
}

/// Returns the characters outside ASCII with their code points, the first few.
fn spelled(name: &RefName) -> String {
    let text = name.full().to_str_lossy();
    let odd: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
    let shown: Vec<String> = odd.iter().take(4).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let more = if odd.len() > 4 { ", …" } else { "" };
    if shown.is_empty() {
        return "the other one has characters outside ASCII".to_owned();
    }
    format!("it has {}{more}", shown.join(", "))
}
