//! A branch contains what its base contains and new commits, and nothing of another line.

use super::words::{self, count, quoted};
use super::{Check, Context, Rule};
use crate::facts::{Closest, Cut, LineId, RefKind, Refusal, TopicOrigin, When};
use crate::finding::{Clause, Finding, LISTED, Level};
use crate::history::Oid;
use crate::policy::Topic;
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "branch-origin",
    summary: "a branch holds what its base holds, and what is new",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/branch-origin.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    match cx.facts.kind(&update.name) {
        RefKind::Topic { kind, .. } if update.creates() || update.moves() => topic(update, kind, cx),
        RefKind::Release(release) if update.creates() => created_release(update, release, cx),
        _ => vec![],
    }
}

fn topic(update: &RefUpdate, kind: usize, cx: &Context<'_>) -> Vec<Finding> {
    let topic = &cx.policy.topics[kind];
    match cx.facts.topic_origin(update) {
        Some(TopicOrigin::Foreign(closest)) => vec![foreign(update, topic, &closest, cx)],
        Some(TopicOrigin::NoLine(release)) => vec![no_line(update, topic, release, cx)],
        Some(TopicOrigin::NoRelease) => vec![no_release(update, topic)],
        _ => vec![],
    }
}

fn foreign(update: &RefUpdate, topic: &Topic, closest: &Closest, cx: &Context<'_>) -> Finding {
    let branch = update.name.short();
    let commits = &closest.foreign.commits;
    let owner = &closest.foreign.owner;
    let message = if owner.is_empty() {
        format!("`{branch}` has commits of its own, and may only merge what is confirmed")
    } else {
        format!("`{branch}` has commits of `{owner}`")
    };
    let base = closest.base.map(|line| cx.facts.line_name(line));
    let (caption, reason) = match &base {
        Some(base) => (
            format!("{} on `{owner}` but not on `{base}`:", count(commits.len(), "commit is", "commits are")),
            starts_from(update, topic, closest.base, base, cx),
        ),
        None => (
            format!(
                "{} neither confirmed nor on the line it goes into:",
                count(commits.len(), "commit is", "commits are")
            ),
            format!("a {} branch holds confirmed versions and merges of them", topic.kind),
        ),
    };
    let named = cx.facts.named(&commits[..commits.len().min(LISTED)]);
    let finding = Finding::new(&update.name, message)
        .commits(caption, named, commits.len())
        .note(reason)
        .clause(&topic.from_clause);
    let stands = closest.base.is_none_or(|line| cx.facts.tip(line, When::After).is_some());
    match (base, refused_there(update, topic, closest, cx)) {
        (Some(base), _) if !stands => push_first(finding, &base),
        (Some(_), Some(why)) => finding.note(why),
        (Some(base), None) => rebase(finding, update, closest, &base, cx),
        (None, _) => restart_merge_back(finding, update, cx),
    }
}

/// Why the release that the topic fits best would not take it either: then no rebase mends it.
fn refused_there(update: &RefUpdate, topic: &Topic, closest: &Closest, cx: &Context<'_>) -> Option<String> {
    let release = closest.base?.release()?;
    let refusal = cx.facts.refusal(release, topic.while_, update.new?)??;
    let (line, kind) = (cx.facts.release_name(release), &topic.kind);
    let tag = words::version(Version::of(release), cx);
    Some(match refusal {
        Refusal::Closed => format!("`{line}` is closed and takes no {kind} any more: a newer release does"),
        Refusal::Tagged => {
            format!("since `{tag}` is set, `{line}` takes no {kind}: make the change anew there")
        }
        Refusal::NotTagged | Refusal::LacksTag => {
            format!(
                "until a release manager sets `{tag}`, `{line}` takes no {kind}: make the change anew there"
            )
        }
    })
}

fn starts_from(
    update: &RefUpdate,
    topic: &Topic,
    line: Option<LineId>,
    base: &str,
    cx: &Context<'_>,
) -> String {
    let named = matches!(cx.facts.kind(&update.name), RefKind::Topic { release: Some(_), .. });
    match line.and_then(LineId::release).filter(|_| named) {
        Some(release) => format!("a {} of {release} starts from `{base}`", topic.kind),
        None => format!("a {} starts from `{base}`", topic.kind),
    }
}

/// The way out: replay the topic's own commits on its base.
fn rebase(finding: Finding, update: &RefUpdate, closest: &Closest, base: &str, cx: &Context<'_>) -> Finding {
    let onto = quoted(&format!("{}/{base}", cx.push.remote));
    let finding = finding.fix(format!("git fetch {}", quoted(&cx.push.remote)));
    let finding = match single_head(&closest.foreign.commits, cx) {
        Some(upstream) => {
            let branch = words::at_hand(update, cx);
            finding.fix(format!("git rebase --onto {onto} {} {branch}", upstream.to_hex_with_len(12)))
        }
        None => cherry_pick(finding, update, &onto, &closest.foreign.own, cx),
    };
    words::push_again(finding, update, cx)
}

/// The foreign commit that contains all others, if there is one.
fn single_head(foreign: &[Oid], cx: &Context<'_>) -> Option<Oid> {
    let newest = *foreign.first()?;
    cx.facts.without(foreign, &[newest])?.is_empty().then_some(newest)
}

fn cherry_pick(finding: Finding, update: &RefUpdate, onto: &str, own: &[Oid], cx: &Context<'_>) -> Finding {
    let plain: Vec<String> = own
        .iter()
        .rev()
        .filter(|commit| cx.facts.history.parents(**commit).is_ok_and(|parents| parents.len() < 2))
        .map(|commit| commit.to_hex_with_len(12).to_string())
        .collect();
    let finding = words::restart(finding, update, onto, cx);
    if plain.is_empty() { finding } else { finding.fix(format!("git cherry-pick {}", plain.join(" "))) }
}

fn restart_merge_back(finding: Finding, update: &RefUpdate, cx: &Context<'_>) -> Finding {
    let Some((version, _)) = cx.facts.confirmed().iter().next_back() else {
        return finding.note("no version is confirmed yet, so there is nothing to merge back");
    };
    let Some(tag) = cx.facts.versions(When::After).get(version) else { return finding };
    let finding = finding.fix("git fetch --tags");
    let finding = words::restart(finding, update, &quoted(&tag.name.short()), cx);
    words::push_again(finding, update, cx)
}

fn no_line(update: &RefUpdate, topic: &Topic, release: Release, cx: &Context<'_>) -> Finding {
    let branch = update.name.short();
    let line = cx.facts.release_name(release);
    Finding::new(
        &update.name,
        format!("`{branch}` is a {} of {release}, which has no release line", topic.kind),
    )
    .note(format!("there is no branch `{line}` to start from, or to merge into"))
    .clause(&topic.from_clause)
    .absent()
}

fn no_release(update: &RefUpdate, topic: &Topic) -> Finding {
    let branch = update.name.short();
    Finding::new(&update.name, format!("`{branch}` has no release line to start from"))
        .note(format!("a {} starts from a release line, and there is none", topic.kind))
        .clause(&topic.from_clause)
        .absent()
        .momentary()
}

/// The way out where the line to start from is not there.
fn push_first(finding: Finding, base: &str) -> Finding {
    finding.note(format!("`{base}` does not exist yet: push it first"))
}

fn created_release(update: &RefUpdate, release: Release, cx: &Context<'_>) -> Vec<Finding> {
    let (Some(tip), Some(releases)) = (update.new, cx.policy.releases.as_ref()) else { return vec![] };
    let base = cx.policy.line(releases.from).map_or("", |line| line.branch.as_str());
    let branch = update.name.short();
    let finding = |message: String, clause: &Clause| {
        let finding = Finding::new(&update.name, message).clause(clause);
        match cx.facts.release_base(When::After) {
            Some(_) => {
                let onto = quoted(&format!("{}/{base}", cx.push.remote));
                let finding = finding
                    .note("deleting it and cutting it again loses what was committed on it")
                    .fix(format!("git fetch {}", quoted(&cx.push.remote)));
                let finding = words::restart(finding, update, &onto, cx);
                words::push_again(finding, update, cx)
            }
            None => push_first(finding, base).absent(),
        }
    };
    match cx.facts.cut_of_created(release, tip) {
        Some(Cut::Nowhere) => {
            let message = format!("`{branch}` does not come from `{base}`");
            vec![
                finding(message, &releases.from_clause)
                    .note(format!("a release is cut from the trunk of `{base}`")),
            ]
        }
        Some(Cut::Beside(commit)) => {
            let message = format!("`{branch}` was cut beside the trunk of `{base}`");
            let caption = format!("`{base}` took in this commit with a branch, and was never there itself:");
            let finding = finding(message, &releases.from_clause);
            vec![finding.commits(caption, cx.facts.named(&[commit]), 1)]
        }
        _ => vec![],
    }
}
