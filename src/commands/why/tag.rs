//! How a version tag or a record is judged: where it stands, what it follows, what it proves.

use super::{Asked, words};
use crate::facts::{Ground, Record, RecordName, When};
use crate::report::status::moment;
use crate::report::why::Point;
use crate::version::Version;

/// Returns how a version tag is judged.
pub(super) fn points(asked: &Asked<'_>, version: Version) -> Option<Vec<Point>> {
    let tags = &asked.policy.tags;
    let (pattern, clause) = match (version.hotfix, &tags.hotfix) {
        (Some(_), Some(hotfix)) => (hotfix.source(), &tags.hotfix_clause),
        _ => (tags.release.source(), &tags.release_clause),
    };
    let mut points = vec![Point::new("kind", format!("its name matches `{pattern}`")).clause(clause)];
    points.push(ground(asked, version)?);
    points.extend(object(asked));
    points.push(order(asked, version)?);
    if asked.at.is_some() {
        points.push(proof(asked, version));
        points.extend(lost(asked, version)?);
    }
    Some(points)
}

fn ground(asked: &Asked<'_>, version: Version) -> Option<Point> {
    let line = asked.facts.line_name(asked.facts.line_of_tags(version));
    let clause = &asked.policy.tags.on_clause;
    let Some(commit) = asked.facts.version_commit(version, When::After) else {
        let says = match asked.at {
            Some(_) => format!("it has to stand on the trunk of `{line}`, and is of no commit"),
            None => format!("it has to stand on the trunk of `{line}`"),
        };
        return Some(Point::new("line", says).clause(clause));
    };
    let says = match asked.facts.ground(version, commit)? {
        Ground::OnTrunk => format!("it stands on the trunk of `{line}`"),
        Ground::Inside => format!("`{line}` took its commit in with a branch, and was never there itself"),
        Ground::BelowCut => format!("it stands below the commit where `{line}` was cut"),
        Ground::Beside => format!("`{line}` does not hold its commit"),
        Ground::NoLine => format!("it has to stand on `{line}`, which is not here"),
    };
    Some(Point::new("line", says).clause(clause).commits(asked.facts.named(&[commit]), 0))
}

fn object(asked: &Asked<'_>) -> Option<Point> {
    let tag = asked.facts.tag_object(asked.at?)?;
    Some(match tag.calls_itself {
        None => Point::new("object", "it is a lightweight tag, and a version tag is an annotated one"),
        Some(name) if Some(name.as_ref()) == asked.name.tag() => {
            Point::new("object", "it is an annotated tag")
        }
        Some(name) => Point::new("object", format!("the tag object inside calls itself `{name}`")),
    })
}

fn order(asked: &Asked<'_>, version: Version) -> Option<Point> {
    let Some((before, tag)) = asked.facts.predecessor(version, When::After) else {
        return Some(Point::new("order", format!("it is the first version tag of {}", version.release)));
    };
    let name = asked.facts.version_name(before);
    let follows = match asked.facts.version_commit(version, When::After) {
        Some(commit) => asked.facts.follows(version, commit)?,
        None => true,
    };
    let says = if follows { "it follows" } else { "it is not on a descendant of" };
    Some(Point::new("order", format!("{says} `{name}`")).shown_by(name, tag.commit, ""))
}

fn proof(asked: &Asked<'_>, version: Version) -> Point {
    let confirmation = &asked.policy.confirmation;
    if !confirmation.required() {
        return Point::new("proof", "nothing has to be confirmed").clause(&confirmation.clause);
    }
    let says = format!("it {}", words::proof(&asked.facts.proof(version)));
    let mut point = Point::new("proof", says).clause(&confirmation.clause);
    let records = asked.facts.records(When::After).iter();
    for record in records.filter(|record| record.version == Some(version)) {
        point = point.shown_by(record.name.short(), None, told(record));
    }
    point
}

fn told(record: &Record) -> String {
    match record.flaws.first() {
        Some(flaw) => format!("does not count: {flaw}"),
        None => format!("{}, {}", moment(record.time), record.by),
    }
}

fn lost(asked: &Asked<'_>, version: Version) -> Option<Vec<Point>> {
    let Some(commit) = asked.facts.version_commit(version, When::After) else { return Some(vec![]) };
    let lost = asked.facts.lost_fixes(version.release, commit)?;
    let points = lost.into_iter().map(|(other, _)| {
        let name = asked.facts.version_name(other);
        let point = Point::new("lost", format!("what `{name}` mended is missing from it"));
        point.shown_by(name, asked.facts.version_commit(other, When::After), "")
    });
    Some(points.collect())
}

/// Returns how a confirmation or a revocation is judged.
pub(super) fn record_points(asked: &Asked<'_>, parts: &RecordName) -> Vec<Point> {
    let confirmation = &asked.policy.confirmation;
    let RecordName { environment, version_tag, id, .. } = parts;
    let says = if parts.revokes { "was rolled back in" } else { "runs well in" };
    let mut points = vec![Point::new("says", format!("`{version_tag}` {says} {environment} (id {id})"))];
    let Some(record) = asked.facts.record(asked.name, When::After) else {
        points.push(Point::new("made", format!("`flowcheck confirm {version_tag}` makes such a record")));
        return points;
    };
    points.push(Point::new("made", format!("on {} by {}", moment(record.time), shown(&record.by))));
    points.push(counts(record).clause(&confirmation.by_clause));
    let others = asked.facts.records(When::After).iter();
    let same = others.filter(|other| {
        other.version == record.version && other.parts.environment == *environment && other.is_valid()
    });
    let newer = same.filter(|other| record.order(other).is_lt()).max_by(|a, b| a.order(b));
    if let Some(newer) = newer {
        let point = Point::new("newest", "a newer record stands against it, or repeats it");
        points.push(point.shown_by(newer.name.short(), None, moment(newer.time)));
    }
    if *environment != confirmation.environment {
        let says = format!("it permits nothing: the policy asks for {}", confirmation.environment);
        points.push(Point::new("permits", says).clause(&confirmation.environment_clause));
    } else if newer.is_none() && record.is_valid() && !parts.revokes {
        let into = asked.policy.releases.as_ref().map_or(&[][..], |releases| &releases.into);
        let says = format!("the merge-back of `{version_tag}` into {}", words::lines(asked.policy, into));
        points.push(Point::new("permits", says).clause(&confirmation.clause));
    }
    points
}

fn counts(record: &Record) -> Point {
    match record.flaws.as_slice() {
        [] => Point::new("counts", "it counts").shown_by(record.parts.version_tag.clone(), record.commit, ""),
        flaws => {
            let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            Point::new("counts", format!("it does not count: {}", flaws.join("; ")))
        }
    }
}

fn shown(by: &str) -> &str {
    if by.is_empty() { "somebody" } else { by }
}
