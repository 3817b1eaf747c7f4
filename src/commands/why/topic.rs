//! How a topic is judged: its kind, its base, and what it may enter.

use super::{Asked, words};
use crate::facts::{Closest, LineId, Refusal, TopicOrigin, When};
use crate::finding::LISTED;
use crate::history::Oid;
use crate::policy::{LineRole, Topic, While};
use crate::push::RefUpdate;
use crate::report::why::Point;
use crate::version::{Release, Version};

pub(super) fn points(asked: &Asked<'_>, kind: usize, named: Option<Release>) -> Option<Vec<Point>> {
    let topic = &asked.policy.topics[kind];
    let pattern = topic.branch.source();
    let mut points = vec![Point::new("kind", format!("its name matches `{pattern}`")).clause(&topic.clause)];
    let (base, release) = base(asked, topic, named)?;
    points.push(base);
    points.push(into(asked, topic)?);
    if topic.into.contains(&LineRole::Release) {
        points.extend(release.map(|release| state(asked, topic, release)));
    }
    Some(points)
}

/// Returns where the topic starts, and the release that it is for.
fn base(asked: &Asked<'_>, topic: &Topic, named: Option<Release>) -> Option<(Point, Option<Release>)> {
    let Some(tip) = asked.at else { return Some((start(asked, topic, named), named)) };
    let update = RefUpdate { name: asked.name.clone(), old: None, new: Some(tip) };
    let origin = asked.facts.topic_origin(&update)?;
    let release = match &origin {
        TopicOrigin::Fits(Some(line)) => line.release(),
        TopicOrigin::Refused(release, _) | TopicOrigin::NoLine(release) => Some(*release),
        TopicOrigin::Foreign(closest) => closest.base.and_then(LineId::release),
        TopicOrigin::Fits(None) | TopicOrigin::NoRelease => None,
    };
    let from = words::base(asked.policy, topic.from);
    let point = match origin {
        TopicOrigin::Fits(Some(line)) => fits(asked, line, tip, "")?,
        TopicOrigin::Fits(None) => Point::new("base", "it holds what is confirmed, and merges of it"),
        TopicOrigin::NoLine(release) => {
            let line = asked.facts.release_name(release);
            Point::new("base", format!("it starts from `{line}`, which does not exist"))
        }
        TopicOrigin::NoRelease => Point::new("base", "it starts from a release line, and there is none"),
        TopicOrigin::Foreign(closest) => foreign(asked, &closest, &from),
        TopicOrigin::Refused(release, _) => fits(asked, LineId::Release(release), tip, ", by its commits")?,
    };
    Some((point.clause(&topic.from_clause), release.or(named)))
}

/// Returns what a topic that does not exist yet would start from.
fn start(asked: &Asked<'_>, topic: &Topic, named: Option<Release>) -> Point {
    let from = match named {
        Some(release) if topic.from == crate::policy::Base::Line(LineRole::Release) => {
            format!("`{}`", asked.facts.release_name(release))
        }
        _ => words::base(asked.policy, topic.from),
    };
    Point::new("base", format!("it would start from {from}")).clause(&topic.from_clause)
}

fn fits(asked: &Asked<'_>, line: LineId, tip: Oid, how: &str) -> Option<Point> {
    let name = asked.facts.line_name(line);
    let stands = asked.facts.tip(line, When::After);
    let base: Vec<Oid> = stands.into_iter().collect();
    let own = asked.facts.ask(asked.facts.history.introduced(&[tip], &base))?;
    let says = match own.len() {
        0 => format!("it starts from `{name}`{how}, and holds nothing of its own"),
        n => format!("it starts from `{name}`{how}, and holds {} of its own", words::commits(n)),
    };
    let listed = asked.facts.named(&own[..own.len().min(LISTED)]);
    Some(Point::new("base", says).shown_by(name, stands, "").commits(listed, own.len()))
}

fn foreign(asked: &Asked<'_>, closest: &Closest, from: &str) -> Point {
    let commits = &closest.foreign.commits;
    let base = closest.base.map_or(from.to_owned(), |line| format!("`{}`", asked.facts.line_name(line)));
    let says = format!(
        "it starts from {base}, but holds {} of `{}`",
        words::commits(commits.len()),
        closest.foreign.owner
    );
    let listed = asked.facts.named(&commits[..commits.len().min(LISTED)]);
    Point::new("base", says).commits(listed, commits.len())
}

/// Returns the lines that the topic may enter, and those that it is in.
fn into(asked: &Asked<'_>, topic: &Topic) -> Option<Point> {
    let says = format!("it may enter {}", words::lines(asked.policy, &topic.into));
    let mut point = Point::new("into", says).clause(&topic.into_clause);
    let Some(tip) = asked.at else { return Some(point) };
    for (line, stands) in asked.facts.lines(When::After) {
        let asks = topic.into.contains(&line.role());
        if asks && asked.facts.ask(asked.facts.history.is_ancestor(tip, stands))? {
            let name = asked.facts.line_name(line);
            point = point.shown_by(name, Some(stands), "holds it already");
        }
    }
    Some(point)
}

/// Returns whether the release takes such a topic now.
fn state(asked: &Asked<'_>, topic: &Topic, release: Release) -> Point {
    let tag = Version::of(release);
    let name = asked.facts.version_name(tag);
    let set = asked.facts.version_commit(tag, When::After);
    let refusal = match (topic.while_, set) {
        _ if asked.facts.closed(release) => Some(Refusal::Closed),
        (While::BeforeTag, Some(_)) => Some(Refusal::Tagged),
        (While::AfterTag, None) => Some(Refusal::NotTagged),
        _ => None,
    };
    let kind = &topic.kind;
    let says = match (refusal, topic.while_) {
        (Some(Refusal::Closed), _) => format!("{release} is closed, and takes nothing more"),
        (Some(Refusal::Tagged), _) => format!("{release} takes no {kind} any more: `{name}` is set"),
        (Some(_), _) => format!("{release} takes no {kind} yet: `{name}` is not set"),
        (None, While::BeforeTag) => format!("{release} takes {}: `{name}` is not set", words::a(kind)),
        (None, While::AfterTag) => format!("{release} takes {}: `{name}` is set", words::a(kind)),
        (None, While::Open) => format!("{release} takes {}", words::a(kind)),
    };
    let mut point = Point::new("state", says).clause(&topic.while_clause);
    if let Some(commit) = set {
        point = point.shown_by(name, Some(commit), "");
    }
    if let Some(newest) = asked.facts.closed_by(release) {
        let name = asked.facts.version_name(newest);
        point = point.shown_by(name, asked.facts.version_commit(newest, When::After), "is confirmed");
    }
    point
}
