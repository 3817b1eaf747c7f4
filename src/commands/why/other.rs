//! How a ref of no kind is judged: by which names it could have, and who lets it be.

use super::Asked;
use crate::facts::RefKind;
use crate::input::is_forges_own;
use crate::policy::ref_glob_matches;
use crate::report::why::Point;

/// Returns what the policy says about a ref that is neither a line, a topic, a version tag nor a
/// record.
pub(super) fn points(asked: &Asked<'_>) -> Vec<Point> {
    let tags = &asked.policy.tags;
    match asked.kind {
        RefKind::OtherTag => {
            vec![
                Point::new("kind", "the policy lists such tags under `[tags] other`")
                    .clause(&tags.other_clause),
            ]
        }
        RefKind::Foreign => vec![foreign(asked)],
        RefKind::Tag => vec![tag(asked)],
        _ => vec![branch(asked)],
    }
}

fn branch(asked: &Asked<'_>) -> Point {
    let mut point = Point::new("kind", "its name is none of these:");
    point = point.shown_by(asked.policy.integration.branch.clone(), None, "the integration line");
    if let Some(line) = &asked.policy.production {
        point = point.shown_by(line.branch.clone(), None, "the production line");
    }
    if let Some(releases) = &asked.policy.releases {
        point = point.shown_by("release", None, releases.branch.source());
    }
    for topic in &asked.policy.topics {
        point = point.shown_by(topic.kind.clone(), None, topic.branch.source());
    }
    point
}

fn tag(asked: &Asked<'_>) -> Point {
    let tags = &asked.policy.tags;
    let mut point = Point::new("kind", "its name is none of these:");
    point = point.shown_by("release tag", None, tags.release.source());
    if let Some(hotfix) = &tags.hotfix {
        point = point.shown_by("hotfix tag", None, hotfix.source());
    }
    for pattern in &tags.other {
        point = point.shown_by("other", None, pattern.source());
    }
    point
}

fn foreign(asked: &Asked<'_>) -> Point {
    let full = asked.name.full();
    if is_forges_own(asked.name) {
        return Point::new("kind", "the server keeps it for itself: it is not judged");
    }
    let allowed = asked.policy.refs_allow.iter().any(|glob| ref_glob_matches(glob, full));
    let says = if allowed { "the policy allows it" } else { "the policy allows no such ref" };
    Point::new("kind", format!("{says} (`[refs] allow`)")).clause(&asked.policy.refs_clause)
}
