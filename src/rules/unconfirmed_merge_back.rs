//! The heart of the flow: only what is confirmed in prod goes back into the lines.

use super::words::{self, count, quoted};
use super::{Check, Context, Rule};
use crate::facts::{LineId, LineMove, Proof, RefKind, Unconfirmed, When};
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "unconfirmed-merge-back",
    summary: "only what is confirmed in prod is merged back",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/unconfirmed-merge-back.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !cx.policy.confirmation.required() {
        return vec![];
    }
    if update.creates() && cx.facts.kind(&update.name) == RefKind::Production {
        return born(update, cx);
    }
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    let unconfirmed = match moved.line {
        LineId::Integration => cx.facts.unconfirmed_in_integration(&moved),
        LineId::Production => cx.facts.unconfirmed_in_production(&moved),
        LineId::Release(_) => return vec![],
    };
    match unconfirmed.flatten() {
        Some(unconfirmed) => vec![finding(update, &moved, &unconfirmed, cx)],
        None => vec![],
    }
}

fn finding(update: &RefUpdate, moved: &LineMove, unconfirmed: &Unconfirmed, cx: &Context<'_>) -> Finding {
    let line = words::line(moved.line, cx);
    let release = unconfirmed.release;
    let what = release
        .map_or_else(|| "commits".to_owned(), |release| format!("`{}`", cx.facts.release_name(release)));
    let environment = &cx.policy.confirmation.environment;
    let message = match release {
        _ if unconfirmed.squashed => {
            format!("{line} takes in {what} as one squashed commit, and it is not confirmed")
        }
        Some(_) => format!("{line} takes in {what}, which is not confirmed in {environment}"),
        None => format!("{line} takes in commits that are not confirmed in {environment}"),
    };
    let n = unconfirmed.commits.len();
    let caption = match release.and_then(|release| newest_confirmed(release, cx)) {
        Some(version) => {
            format!(
                "{} than what `{}` confirms:",
                count(n, "commit is newer", "commits are newer"),
                words::version(version, cx)
            )
        }
        None => format!("{} in no confirmed version:", count(n, "commit is", "commits are")),
    };
    let finding = Finding::new(&update.name, message).clause(&cx.policy.confirmation.clause).absent();
    let finding = words::listing(finding, caption, &unconfirmed.commits, cx);
    way_out(finding, moved, release, cx)
}

fn newest_confirmed(release: Release, cx: &Context<'_>) -> Option<Version> {
    cx.facts.confirmed().keys().rfind(|version| version.release == release).copied()
}

fn way_out(finding: Finding, moved: &LineMove, release: Option<Release>, cx: &Context<'_>) -> Finding {
    match release.and_then(|release| newest_confirmed(release, cx)) {
        Some(version) => merge_the_tag(finding, moved, version, cx),
        None => confirm_first(finding, release, cx),
    }
}

/// The way out where something is confirmed: merge exactly that.
fn merge_the_tag(finding: Finding, moved: &LineMove, version: Version, cx: &Context<'_>) -> Finding {
    let tag = words::version(version, cx);
    let finding = finding.note(format!("what is confirmed is `{tag}`: merge that, not the branch"));
    match moved.line {
        LineId::Production => merge_with_the_tags_tree(finding, version, cx),
        _ => words::merge_again(finding, moved, &tag, cx),
    }
}

/// The merge into the production line that has the tag's tree whatever the line held before.
pub(super) fn merge_with_the_tags_tree(finding: Finding, version: Version, cx: &Context<'_>) -> Finding {
    let tag = words::version(version, cx);
    let line = cx.facts.line_name(LineId::Production);
    let tip = cx.facts.tip(LineId::Production, When::Before);
    let there = match (tip, cx.facts.version_commit(version, When::After)) {
        (Some(tip), Some(commit)) => cx.facts.ask(cx.facts.history.is_ancestor(commit, tip)) == Some(true),
        _ => false,
    };
    if there {
        return finding.note(format!("`{line}` has `{tag}` already: there is nothing to merge"));
    }
    let remote = &cx.push.remote;
    let tree = quoted(&format!("{tag}^{{tree}}"));
    let parent = quoted(&format!("{remote}/{line}"));
    let shipped = quoted(&format!("{tag}^{{commit}}"));
    let message = quoted(&format!("Merge tag {tag}"));
    let commit = format!("git commit-tree {tree} -p {parent} -p {shipped} -m {message}");
    let line = quoted(&line);
    // By way of the branch: were the commit not made, a push of nothing would delete the line.
    finding
        .fix(format!("git fetch --tags {}", quoted(remote)))
        .fix(format!("git checkout -B {line} \"$({commit})\""))
        .fix(format!("git push {} {line}", quoted(remote)))
}

/// Who can mend it where nothing is confirmed: whoever sees prod run.
fn confirm_first(finding: Finding, release: Option<Release>, cx: &Context<'_>) -> Finding {
    let environment = &cx.policy.confirmation.environment;
    match (release.and_then(|release| cx.facts.newest_version(release, When::After)), release) {
        (Some(newest), _) => what_it_lacks(finding, newest, cx),
        (None, Some(release)) => finding.note(format!(
            "`{}` comes first: set it on `{}`, deploy it to {environment} and have it confirmed",
            words::version(Version::of(release), cx),
            cx.facts.release_name(release),
        )),
        (None, None) => finding
            .note(format!("what enters is merged from a version tag that is confirmed in {environment}")),
    }
}

/// What the newest version tag lacks to be confirmed, and who can give it.
fn what_it_lacks(finding: Finding, newest: Version, cx: &Context<'_>) -> Finding {
    let environment = &cx.policy.confirmation.environment;
    let remote = quoted(&cx.push.remote);
    let tag = words::version(newest, cx);
    let command =
        format!("flowcheck confirm {}{} --push {remote}", quoted(&tag), words::for_the_repository(cx));
    let again = format!("a release manager records it: `{command}`");
    match cx.facts.proof(newest) {
        Proof::InThisPush(record) => finding
            .note("its record comes in this very push, and permits from the next one on: push it first")
            .fix(format!("git push {remote} {}", quoted(&record.to_string()))),
        Proof::RolledBack(record) => finding.note(format!(
            "`{tag}` was rolled back (`{}`): a newer version tag has to be confirmed before anything is merged back",
            record.short()
        )),
        Proof::Flawed(record, flaw) => {
            finding.note(format!("the record `{}` does not count: {flaw}", record.short())).note(again)
        }
        Proof::NotDeployed => finding.note(format!(
            "`{tag}` is recorded, but GitLab's own newest deployment to {environment} is of another commit"
        )),
        Proof::Missing | Proof::Confirmed => {
            finding.note(format!("when `{tag}` runs well in {environment}, {again}; then merge that tag"))
        }
    }
}

/// A production line that comes after the first version tag holds what is shipped, and no more.
fn born(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let (Some(tip), false) = (update.new, cx.facts.versions(When::Before).is_empty()) else { return vec![] };
    let Some(commits) = cx.facts.unconfirmed_at_birth(tip).filter(|commits| !commits.is_empty()) else {
        return vec![];
    };
    let environment = &cx.policy.confirmation.environment;
    let name = update.name.short();
    let finding = Finding::new(
        &update.name,
        format!("`{name}` would begin with what is not confirmed in {environment}"),
    )
    .clause(&cx.policy.confirmation.clause)
    .absent();
    let caption = format!("{} in no confirmed version:", count(commits.len(), "commit is", "commits are"));
    let finding = words::listing(finding, caption, &commits, cx);
    let newest = cx.facts.confirmed().keys().next_back().copied();
    vec![match newest {
        Some(newest) => {
            let tag = words::version(newest, cx);
            let remote = quoted(&cx.push.remote);
            finding.note(format!("begin it at `{tag}`, the newest confirmed version")).fix(format!(
                "git push {remote} {}:{}",
                quoted(&format!("{tag}^{{commit}}")),
                quoted(&format!("refs/heads/{name}"))
            ))
        }
        None => confirm_first(
            finding,
            cx.facts.versions(When::After).keys().next_back().map(|version| version.release),
            cx,
        ),
    }]
}
