//! A line moves by merges of its own: nothing is committed straight onto it.

use super::words::{self, count};
use super::{Check, Context, Rule};
use crate::facts::{LineId, LineMove, Stranger};
use crate::finding::{Clause, Finding, Level};
use crate::history::Oid;
use crate::policy::{Base, Direct, LineRole, MergeStyle, While};
use crate::push::RefUpdate;
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "direct-commit",
    summary: "a line moves by merges, and takes no commits of its own",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/direct-commit.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    if cx.facts.merge_style(moved.line) != MergeStyle::MergeCommit {
        return vec![];
    }
    let Some((plain, theirs)) = cx.facts.direct_commits(&moved) else { return vec![] };
    let plain = if allowed(moved.line, cx) { vec![] } else { plain };
    let line = words::line(moved.line, cx);
    if !plain.is_empty() {
        let message = format!("{line} takes {} not by a merge", count(plain.len(), "commit", "commits"));
        let finding = Finding::new(&update.name, message).clause(&clause(moved.line, cx));
        let finding = words::listing(finding, format!("made straight on {line}:"), &plain, cx)
            .note("a line takes branches in by merge commits, so that history shows whose they were");
        return vec![match cx.facts.stranger(&moved, &plain) {
            Some(Some(stranger)) => without_a_stranger(finding, &moved, &stranger, cx),
            _ => by_a_branch(finding, &moved, cx),
        }];
    }
    if theirs.is_empty() {
        return vec![];
    }
    let finding = Finding::new(&update.name, format!("{line} is moved onto the commits of another line"))
        .clause(&clause(moved.line, cx));
    let finding = words::listing(finding, "made on the trunk of another line:".to_owned(), &theirs, cx)
        .note("merge the other line with a merge commit, so that history shows whose they were");
    vec![words::merge_again(finding, &moved, &words::short(moved.new), cx)]
}

/// Whether the policy lets the line take commits of its own, from this pusher.
fn allowed(line: LineId, cx: &Context<'_>) -> bool {
    match cx.facts.direct(line) {
        None | Some(Direct::No) => false,
        Some(Direct::Yes) => true,
        Some(Direct::By(people)) => cx.push.pusher.as_ref().is_none_or(|pusher| pusher.is_among(people)),
    }
}

/// Where the policy names the line.
pub(super) fn clause(line: LineId, cx: &Context<'_>) -> Clause {
    let releases = || cx.policy.releases.as_ref().map(|releases| releases.clause.clone());
    cx.policy.line(line.role()).map(|line| line.clause.clone()).or_else(releases).unwrap_or_default()
}

/// The way out: the same commits on a topic, merged.
fn by_a_branch(finding: Finding, moved: &LineMove, cx: &Context<'_>) -> Finding {
    let Some(kind) = kind_for(moved.line, cx) else { return finding };
    let topic = format!("{kind}/{}", slug(moved.new, cx));
    let finding = finding.fix(format!("git branch {} {}", words::quoted(&topic), words::short(moved.new)));
    words::merge_again(finding, moved, &topic, cx)
}

/// The way out where a topic of another kind holds the same commits: they stay there.
fn without_a_stranger(finding: Finding, moved: &LineMove, stranger: &Stranger, cx: &Context<'_>) -> Finding {
    let Stranger { name, kind, keeps_all } = stranger;
    let line = words::line(moved.line, cx);
    let finding = finding.note(format!("`{name}` holds them too, and a {kind} may not enter {line}"));
    if !keeps_all {
        return finding.note("make the change anew, on a branch of a kind that may");
    }
    words::start_over(finding, moved, cx)
}

/// A kind of topic that the line takes now.
fn kind_for<'a>(line: LineId, cx: &Context<'a>) -> Option<&'a str> {
    let tagged = |release| cx.facts.versions(crate::facts::When::After).contains_key(&Version::of(release));
    let now = line.release().map(|release| if tagged(release) { While::AfterTag } else { While::BeforeTag });
    let fits = |topic: &&crate::policy::Topic| {
        topic.into.contains(&line.role())
            && topic.from == Base::Line(line.role())
            && (line.role() != LineRole::Release || topic.while_ == While::Open || Some(topic.while_) == now)
    };
    cx.policy.topics.iter().find(fits).map(|topic| topic.kind.as_str())
}

/// A branch name made of a commit's subject.
fn slug(commit: Oid, cx: &Context<'_>) -> String {
    let subject = cx.facts.named(&[commit]).pop().map(|named| named.subject).unwrap_or_default();
    let words: Vec<String> = subject
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(4)
        .map(str::to_ascii_lowercase)
        .collect();
    if words.is_empty() { words::short(commit) } else { words.join("-") }
}
