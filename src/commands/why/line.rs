//! How a line is judged: how it takes branches in, which, and what it owes or is owed.

use super::{Asked, words};
use crate::facts::{LineId, Presence, When};
use crate::finding::Clause;
use crate::history::Oid;
use crate::policy::{Direct, LineRole, MergeStyle, Topic, While};
use crate::report::why::Point;
use crate::version::{Release, Version};

/// Returns how the integration or production line is judged.
pub(super) fn points(asked: &Asked<'_>, line: LineId) -> Option<Vec<Point>> {
    let role = line.role();
    let clause = &asked.policy.line(role)?.clause;
    let mut points = vec![Point::new("kind", "the policy names it").clause(clause)];
    points.push(merging(asked, line, clause));
    points.extend(
        entering(asked, role)
            .map(|topic| Point::new("takes", format!("{} branches", topic.kind)).clause(&topic.into_clause)),
    );
    if let Some(releases) = asked.policy.releases.as_ref().filter(|releases| releases.into.contains(&role)) {
        let when = if asked.policy.confirmation.required() { ", once they are confirmed" } else { "" };
        points.push(Point::new("takes", format!("releases{when}")).clause(&releases.into_clause));
    }
    if let (LineId::Production, Some(tip)) = (line, asked.at) {
        points.push(proven(asked, tip)?);
    }
    points.extend(owed(asked, line)?);
    points.extend(home(asked));
    Some(points)
}

fn entering<'a>(asked: &'a Asked<'_>, role: LineRole) -> impl Iterator<Item = &'a Topic> {
    asked.policy.topics.iter().filter(move |topic| topic.into.contains(&role))
}

fn merging(asked: &Asked<'_>, line: LineId, clause: &Clause) -> Point {
    let how = match asked.facts.merge_style(line) {
        MergeStyle::MergeCommit => "by merge commits only",
        MergeStyle::FastForward => "by fast-forward only",
        MergeStyle::Any => "by merge commits or by fast-forward",
    };
    let direct = match asked.facts.direct(line) {
        Some(Direct::Yes) => "commits may be made straight on it".to_owned(),
        Some(Direct::By(people)) => format!("only {} may commit straight on it", people.join(", ")),
        Some(Direct::No) | None => "no commits are made straight on it".to_owned(),
    };
    Point::new("merge", format!("branches come in {how}; {direct}")).clause(clause)
}

/// Returns the newest confirmed version that the production line holds.
fn proven(asked: &Asked<'_>, tip: Oid) -> Option<Point> {
    for (version, confirmed) in asked.facts.confirmed().iter().rev() {
        if !asked.facts.ask(asked.facts.history.is_ancestor(confirmed.commit, tip))? {
            continue;
        }
        let name = asked.facts.version_name(*version);
        let tree = |commit| asked.facts.ask(asked.facts.history.commit(commit)).map(|commit| commit.tree);
        let same = tree(tip)? == tree(confirmed.commit)?;
        let says = if same { "byte for byte what" } else { "not byte for byte what" };
        let point = Point::new("holds", format!("it is {says} `{name}` is"));
        return Some(point.shown_by(name, Some(confirmed.commit), "is confirmed"));
    }
    Some(Point::new("holds", "it holds no confirmed version tag yet"))
}

/// Returns the confirmed versions that are missing from the line.
fn owed(asked: &Asked<'_>, line: LineId) -> Option<Vec<Point>> {
    let mut releases: Vec<Release> = asked.facts.confirmed().keys().map(|version| version.release).collect();
    releases.dedup();
    let mut points = vec![];
    for version in releases.into_iter().filter_map(|release| asked.facts.newest_confirmed(release)) {
        let lines = asked.facts.merged_back(version)?;
        if lines.iter().any(|one| one.line == line && one.presence == Presence::Missing) {
            let name = asked.facts.version_name(version);
            let says = format!("`{name}` is confirmed and not merged back into it");
            let commit = asked.facts.version_commit(version, When::After);
            let point = Point::new("owed", says).clause(&asked.policy.confirmation.clause);
            points.push(point.shown_by(name, commit, ""));
        }
    }
    Some(points)
}

/// Returns whether the policy is read from this branch.
fn home(asked: &Asked<'_>) -> Option<Point> {
    let home = asked.policy.home.as_ref()?;
    let editors = &asked.policy.editors;
    (home.branch == *asked.name).then(|| {
        let who = if editors.is_empty() { "whoever may push here".to_owned() } else { editors.join(", ") };
        let says = format!("the policy is read from its tip; {who} may change it");
        Point::new("policy", says).clause(&asked.policy.editors_clause)
    })
}

/// Returns how a release line is judged.
pub(super) fn release_points(asked: &Asked<'_>, release: Release) -> Option<Vec<Point>> {
    let releases = asked.policy.releases.as_ref()?;
    let line = LineId::Release(release);
    let says = format!("its name matches `{}`", releases.branch.source());
    let mut points = vec![Point::new("kind", says).clause(&releases.clause)];
    let base = words::line(asked.policy, releases.from);
    let cut = asked.at.map(|tip| asked.facts.cut_of(tip));
    let says = match cut {
        Some(Some(_)) => format!("it was cut from {base}"),
        Some(None) => format!("it shares no trunk with {base}, which releases are cut from"),
        None => format!("it would be cut from {base}"),
    };
    let point = Point::new("base", says).clause(&releases.from_clause);
    points.push(point.commits(asked.facts.named(cut.flatten().as_slice()), 0));
    points.push(merging(asked, line, &releases.clause));
    points.push(state(asked, release)?);
    points.extend(entering(asked, LineRole::Release).map(|topic| takes(asked, topic, release)));
    if !asked.facts.closed(release) {
        let next = asked.facts.version_name(asked.facts.next_version(release, When::After));
        let point = Point::new("next", format!("the next version tag is `{next}`"));
        points.push(point.clause(&asked.policy.tags.on_clause));
    }
    points.push(goes_back(asked, release)?.clause(&releases.into_clause));
    Some(points)
}

fn state(asked: &Asked<'_>, release: Release) -> Option<Point> {
    let statuses = asked.facts.release_statuses()?;
    let Some(status) = statuses.into_iter().find(|status| status.release == release) else {
        return Some(Point::new("state", "it is not cut yet"));
    };
    let mut point = Point::new("state", format!("it is {}", status.state.name()));
    for version in &status.versions {
        point = point.shown_by(version.tag.clone(), version.commit, words::proof(&version.proof));
        for standing in &version.standings {
            point = point.shown_by(standing.record.short(), None, words::standing(standing));
        }
    }
    if let Some(newest) = asked.facts.closed_by(release) {
        let name = asked.facts.version_name(newest);
        point =
            point.shown_by(name, asked.facts.version_commit(newest, When::After), "is confirmed, and newer");
    }
    Some(point)
}

/// Returns whether the release takes topics of a kind now.
fn takes(asked: &Asked<'_>, topic: &Topic, release: Release) -> Point {
    let tag = Version::of(release);
    let name = asked.facts.version_name(tag);
    let set = asked.facts.version_commit(tag, When::After).is_some();
    let kind = &topic.kind;
    let says = match topic.while_ {
        _ if asked.facts.closed(release) => format!("no {kind} branches: it is closed"),
        While::BeforeTag if set => format!("no {kind} branches any more: `{name}` is set"),
        While::AfterTag if !set => format!("no {kind} branches yet: `{name}` is not set"),
        _ => format!("{kind} branches"),
    };
    Point::new("takes", says).clause(&topic.while_clause)
}

fn goes_back(asked: &Asked<'_>, release: Release) -> Option<Point> {
    let into = asked.policy.releases.as_ref().map_or(&[][..], |releases| &releases.into);
    let lines = words::lines(asked.policy, into);
    let Some(version) = asked.facts.newest_confirmed(release) else {
        return Some(Point::new("into", format!("it goes into {lines} once a version tag is confirmed")));
    };
    let name = asked.facts.version_name(version);
    let mut point = Point::new("into", format!("`{name}` goes into {lines}"));
    for line in asked.facts.merged_back(version)? {
        let how = match line.presence {
            Presence::Ancestry => "holds it",
            Presence::Patches => "holds the same changes",
            Presence::Content => "holds its content: merging it would change nothing",
            Presence::Missing => "does not hold it yet",
        };
        let name = asked.facts.line_name(line.line);
        point = point.shown_by(name, asked.facts.tip(line.line, When::After), how);
    }
    Some(point)
}
