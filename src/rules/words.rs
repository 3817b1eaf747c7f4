//! Words and commands that several rules say alike.

use super::Context;
use crate::facts::{LineId, LineMove, Record};
use crate::finding::{Finding, LISTED};
use crate::history::name::escape;
use crate::history::{ByteSlice, Oid, RefName};
use crate::push::RefUpdate;
use crate::version::Version;

/// Returns a number with its noun: `1 commit`, `2 commits`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Returns a word as a shell takes it: in single quotes where it has anything but plain characters.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-+:@%=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Returns a ref's short name as it can be typed in a command; `None` where it cannot: it has
/// bytes that no terminal shows as they are, or it looks like an option.
pub(super) fn typed(name: &RefName) -> Option<String> {
    let short = name.branch().or_else(|| name.tag())?;
    let shown = name.short();
    (shown.as_bytes() == short.as_bytes() && !shown.starts_with('-')).then(|| quoted(&shown))
}

/// Returns a commit's id as commands use it.
pub(super) fn short(id: Oid) -> String {
    id.to_hex_with_len(12).to_string()
}

/// Whether the pusher has a branch of the name that is pushed; if not, commands work on its commit.
fn has_it(update: &RefUpdate, cx: &Context<'_>) -> bool {
    !cx.push.from_elsewhere.contains(&update.name)
}

/// Returns what a command names that works on what is pushed: the branch, else its commit.
pub(super) fn at_hand(update: &RefUpdate, cx: &Context<'_>) -> String {
    match update.new {
        Some(tip) if !has_it(update, cx) => short(tip),
        _ => quoted(&update.name.short()),
    }
}

/// Adds the command that gives a branch another name.
pub(super) fn rename(finding: Finding, update: &RefUpdate, new: &str, cx: &Context<'_>) -> Finding {
    let old = at_hand(update, cx);
    finding.fix(if has_it(update, cx) {
        format!("git branch -m {old} {new}")
    } else {
        format!("git branch {new} {old}")
    })
}

/// Adds the command that starts a branch over at `start`.
pub(super) fn restart(finding: Finding, update: &RefUpdate, start: &str, cx: &Context<'_>) -> Finding {
    finding.fix(if has_it(update, cx) {
        format!("git checkout -B {} {start}", at_hand(update, cx))
    } else {
        format!("git checkout --detach {start}")
    })
}

/// Adds the command that sends a branch again: one that the server has is replaced with a lease.
pub(super) fn push_again(finding: Finding, update: &RefUpdate, cx: &Context<'_>) -> Finding {
    let remote = quoted(&cx.push.remote);
    let branch = quoted(&update.name.short());
    let branch = if has_it(update, cx) { branch } else { format!("HEAD:refs/heads/{branch}") };
    let force = if update.old.is_some() { "--force-with-lease " } else { "" };
    finding.fix(format!("git push {force}{remote} {branch}"))
}

/// Lists the first few of `commits` under a caption.
pub(super) fn listing(finding: Finding, caption: String, commits: &[Oid], cx: &Context<'_>) -> Finding {
    let named = cx.facts.named(&commits[..commits.len().min(LISTED)]);
    finding.commits(caption, named, commits.len())
}

/// Adds the commands that start a line's update over from where the line stands on the server, a
/// new release from its cut.
pub(super) fn start_over(finding: Finding, moved: &LineMove, cx: &Context<'_>) -> Finding {
    let line = cx.facts.line_name(moved.line);
    let remote = &cx.push.remote;
    let start = if moved.created { short(moved.old) } else { quoted(&format!("{remote}/{line}")) };
    finding
        .fix(format!("git fetch {}", quoted(remote)))
        .fix(format!("git checkout -B {} {start}", quoted(&line)))
}

/// Adds the commands that merge `what` into the line again, as a merge of the line's own.
pub(super) fn merge_again(finding: Finding, moved: &LineMove, what: &str, cx: &Context<'_>) -> Finding {
    let line = cx.facts.line_name(moved.line);
    start_over(finding, moved, cx).fix(format!("git merge --no-ff --no-edit {}", quoted(what))).fix(format!(
        "git push {} {}",
        quoted(&cx.push.remote),
        quoted(&line)
    ))
}

/// Returns a line's name in backticks, as messages have it.
pub(super) fn line(line: LineId, cx: &Context<'_>) -> String {
    format!("`{}`", cx.facts.line_name(line))
}

/// Returns the short name of a version's tag, safe to print: as it is set, else as the policy has it.
pub(super) fn version(version: Version, cx: &Context<'_>) -> String {
    escape(cx.facts.version_name(version).as_bytes())
}

/// Returns a number of days with its noun.
pub(super) fn count_days(days: i64) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

/// Adds the commands that make a record anew under the same name.
pub(super) fn remake(finding: Finding, record: &Record, cx: &Context<'_>) -> Finding {
    let parts = &record.parts;
    if escape(parts.tag().as_bytes()) != parts.tag() {
        return finding.note("delete the tag and let `flowcheck confirm` make the record");
    }
    let [version_tag, environment, id] =
        [&parts.version_tag, &parts.environment, &parts.id].map(|word| quoted(word));
    let revoke = if parts.revokes {
        let reason = record.reason.as_deref().filter(|reason| escape(reason.as_bytes()) == *reason);
        format!(" --revoke --reason {}", quoted(reason.unwrap_or("rolled back")))
    } else {
        String::new()
    };
    finding.fix(format!("git tag -d {}", quoted(&parts.tag()))).fix(format!(
        "flowcheck confirm {version_tag} --environment {environment} --id {id}{revoke}{} --push {}",
        for_the_repository(cx),
        quoted(&cx.push.remote)
    ))
}

/// Returns the option by which a record names the repository, where the policy asks for that: a
/// clone may not have the policy.
pub(super) fn for_the_repository(cx: &Context<'_>) -> String {
    let named = cx.policy.confirmation.repository.as_ref();
    named.map(|repository| format!(" --repository {}", quoted(repository))).unwrap_or_default()
}
