//! A release takes what its state admits: bugfixes until its tag, hotfixes after, nothing when closed.

use super::words::{self, quoted};
use super::{Check, Context, Rule};
use crate::facts::{LineId, RefKind, Refusal, TopicOrigin, When};
use crate::finding::{Finding, Level};
use crate::policy::{LineRole, Topic, While};
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "release-state",
    summary: "a release takes only what its state admits",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/release-state.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    match cx.facts.kind(&update.name) {
        RefKind::Topic { kind, .. } if update.creates() || update.moves() => {
            topic(update, &cx.policy.topics[kind], cx)
        }
        RefKind::Release(release) => line(update, release, cx),
        RefKind::VersionTag(version) if update.creates() => tag(update, version, cx),
        _ => vec![],
    }
}

fn topic(update: &RefUpdate, topic: &Topic, cx: &Context<'_>) -> Vec<Finding> {
    match cx.facts.topic_origin(update) {
        Some(TopicOrigin::Refused(release, refusal)) => vec![refused(update, topic, release, refusal, cx)],
        Some(TopicOrigin::Fits(Some(LineId::Release(release)))) => lacks_newest(update, topic, release, cx),
        _ => vec![],
    }
}

fn refused(
    update: &RefUpdate,
    topic: &Topic,
    release: Release,
    refusal: Refusal,
    cx: &Context<'_>,
) -> Finding {
    let branch = update.name.short();
    let line = cx.facts.release_name(release);
    let tag = words::version(Version::of(release), cx);
    match refusal {
        Refusal::Closed => closed(update, release, cx),
        Refusal::Tagged => {
            let finding = Finding::new(
                &update.name,
                format!("`{branch}` comes after `{tag}`, which closed `{line}` to a {}", topic.kind),
            )
            .note(format!("since `{tag}` is set, what is mended on `{line}` is {}", instead(topic, true, cx)))
            .clause(&topic.while_clause);
            rename(finding, update, true, cx)
        }
        Refusal::NotTagged => {
            let finding =
                Finding::new(&update.name, format!("`{branch}` comes before `{tag}` is set on `{line}`"))
                    .note(format!(
                        "until `{tag}` is set, what is mended on `{line}` is {}",
                        instead(topic, false, cx)
                    ))
                    .clause(&topic.while_clause)
                    .absent();
            rename(finding, update, false, cx)
        }
        Refusal::LacksTag => {
            let finding =
                Finding::new(&update.name, format!("`{branch}` does not contain `{tag}`, which it mends"))
                    .note(format!("a {} of {release} starts from `{line}` at `{tag}` or later", topic.kind))
                    .clause(&topic.from_clause)
                    .fix(format!("git fetch {}", quoted(&cx.push.remote)))
                    .fix(format!(
                        "git rebase {} {}",
                        quoted(&format!("{}/{line}", cx.push.remote)),
                        words::at_hand(update, cx)
                    ));
            words::push_again(finding, update, cx)
        }
    }
}

/// The kind that the release's state does admit, with its article.
fn instead(topic: &Topic, tagged: bool, cx: &Context<'_>) -> String {
    other_kind(tagged, cx)
        .map_or_else(|| format!("not a {}", topic.kind), |other| format!("a {}", other.kind))
}

fn other_kind<'a>(tagged: bool, cx: &Context<'a>) -> Option<&'a Topic> {
    let wanted = if tagged { While::AfterTag } else { While::BeforeTag };
    cx.policy.topics.iter().find(|topic| topic.while_ == wanted && topic.into.contains(&LineRole::Release))
}

/// The way out is another name: `bugfix/x` becomes `hotfix/x`.
fn rename(finding: Finding, update: &RefUpdate, tagged: bool, cx: &Context<'_>) -> Finding {
    let branch = update.name.short();
    let Some((_, rest)) = branch.split_once('/') else { return finding };
    let Some(other) = other_kind(tagged, cx) else { return finding };
    let renamed = format!("{}/{rest}", other.kind);
    if !other.branch.is_match(&renamed) {
        return finding;
    }
    let finding = words::rename(finding, update, &quoted(&renamed), cx);
    let finding = match contained_line(update, cx).filter(|_| tagged) {
        Some(line) => finding.fix(format!("git fetch {}", quoted(&cx.push.remote))).fix(format!(
            "git rebase {} {}",
            quoted(&format!("{}/{line}", cx.push.remote)),
            quoted(&renamed)
        )),
        None => finding,
    };
    finding.fix(format!("git push {} {}", quoted(&cx.push.remote), quoted(&renamed)))
}

/// The release line to rebase onto, where the topic does not contain the release tag.
fn contained_line(update: &RefUpdate, cx: &Context<'_>) -> Option<String> {
    let Some(TopicOrigin::Refused(release, _)) = cx.facts.topic_origin(update) else { return None };
    let lacks = cx.facts.lacks(Version::of(release), update.new?)?;
    lacks.then(|| cx.facts.release_name(release))
}

fn closed(update: &RefUpdate, release: Release, cx: &Context<'_>) -> Finding {
    let by = cx.facts.closed_by(release).map_or_else(String::new, |version| words::version(version, cx));
    let name = update.name.short();
    let finding = Finding::new(&update.name, format!("`{name}` belongs to {release}, which is closed"))
        .momentary()
        .note(format!("`{by}` is confirmed: prod has moved on, and {release} takes nothing more"));
    match cx.policy.releases.as_ref() {
        Some(releases) => finding
            .clause(&releases.parallel_clause)
            .note("mend the newer release; `parallel = true` in the policy keeps older ones open"),
        None => finding,
    }
}

fn lacks_newest(update: &RefUpdate, topic: &Topic, release: Release, cx: &Context<'_>) -> Vec<Finding> {
    let Some(Some(newest)) = cx.facts.lacks_newest(release, topic.while_, update) else { return vec![] };
    let (branch, tag) = (update.name.short(), words::version(newest, cx));
    let finding =
        Finding::new(&update.name, format!("`{branch}` does not contain `{tag}`, the newest of {release}"))
            .note("it may be merged; what is tested with it is not what prod will get")
            .warning()
            .clause(&topic.from_clause);
    vec![finding]
}

fn line(update: &RefUpdate, release: Release, cx: &Context<'_>) -> Vec<Finding> {
    let Some(moved) = cx.facts.line_move(update).filter(|moved| moved.forward) else { return vec![] };
    if moved.introduced.is_empty() {
        return vec![];
    }
    if cx.facts.closed(release) {
        return vec![closed(update, release, cx)];
    }
    let Some((_, Some(late))) = cx.facts.accused(&moved) else { return vec![] };
    let name = words::line(moved.line, cx);
    let tag = words::version(Version::of(release), cx);
    let tagged = cx.facts.versions(When::Before).contains_key(&Version::of(release));
    let holder = late.holders.first().map_or_else(|| "a branch".to_owned(), |(name, _)| format!("`{name}`"));
    let message = if tagged {
        format!("{name} takes in {holder} although `{tag}` is set")
    } else {
        format!("{name} takes in {holder} before `{tag}` is set")
    };
    let kind = other_kind(tagged, cx).map_or("topic", |other| other.kind.as_str());
    let caption = words::count(late.commits.len(), "commit comes in:", "commits come in:");
    let finding = Finding::new(&update.name, message)
        .note(format!("what is mended {} the tag is a {kind}", if tagged { "after" } else { "before" }));
    let finding = match cx
        .policy
        .topics
        .iter()
        .find(|topic| late.holders.iter().any(|(_, kind)| *kind == topic.kind))
    {
        Some(topic) => finding.clause(&topic.while_clause),
        None => finding,
    };
    let finding = words::listing(finding, caption, &late.commits, cx).momentary();
    vec![words::start_over(finding, &moved, cx)]
}

fn tag(update: &RefUpdate, version: Version, cx: &Context<'_>) -> Vec<Finding> {
    if cx.facts.closed(version.release) { vec![closed(update, version.release, cx)] } else { vec![] }
}
