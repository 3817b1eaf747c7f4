//! Where a topic came from, and whether its release's state admits it.

use flowcheck::facts::RefKind;
use flowcheck::history::Oid;
use flowcheck::policy::{Base, LineRole, Topic, While};
use flowcheck::push::RefUpdate;
use flowcheck::version::{Release, Version};

use super::lines::admits;
use super::{Case, Said, Set, error, sets, warn};

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    let RefKind::Topic { kind, release, .. } = case.kind(&update.name) else { return Said::new() };
    let Some(tip) = sets(update) else { return Said::new() };
    let topic = &case.policy.topics[kind];
    let foreign = match topic.from {
        Base::Confirmed => beyond_proof(case, tip),
        Base::Line(LineRole::Release) => return of_a_release(case, topic, release, update.old, tip),
        Base::Line(role) => foreign(case, topic, tip, Line::One(role)),
    };
    if foreign.is_empty() { Said::new() } else { Said::from([error("branch-origin")]) }
}

/// The line that a topic starts from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    One(LineRole),
    Release(Release),
}

/// The foreign commits of a topic with regard to one base.
fn foreign(case: &Case<'_>, topic: &Topic, tip: Oid, base: Line) -> Set {
    let mut lines = vec![];
    for role in [LineRole::Integration, LineRole::Production] {
        lines.extend(case.tip(&case.after, role).map(|tip| (Line::One(role), tip)));
    }
    lines.extend(case.releases(&case.after).into_iter().map(|(release, tip)| (Line::Release(release), tip)));
    let tags = case.versions(&case.after).into_values();
    let others = lines.iter().filter(|(line, _)| *line != base).map(|(_, tip)| *tip).chain(tags);
    let own = case.all(lines.iter().filter(|(line, _)| *line == base).map(|(_, tip)| *tip));
    let mut foreign = &*case.anc(tip) & &case.all(others);
    foreign = &foreign - &own;
    if topic.into.contains(&LineRole::Integration) {
        foreign = &foreign - &case.shipped();
    }
    if let Line::Release(release) = base {
        foreign = &foreign - &case.shipped_below(release);
    }
    foreign
}

/// What a topic that starts from what is confirmed must not hold.
fn beyond_proof(case: &Case<'_>, tip: Oid) -> Set {
    let line = |role| case.all(case.tip(&case.after, role));
    let proven = &(&line(LineRole::Integration) | &line(LineRole::Production)) | &case.shipped();
    let rest = &*case.anc(tip) - &proven;
    // A merge is as good as what it merges.
    rest.into_iter().filter(|commit| case.parents(*commit).len() < 2).collect()
}

/// How a topic stands with one release.
struct Standing {
    foreign: bool,
    admitted: bool,
    behind: bool,
}

fn of_a_release(case: &Case<'_>, topic: &Topic, named: Option<Release>, old: Option<Oid>, tip: Oid) -> Said {
    let candidates = case.releases(&case.after).into_keys();
    let standings: Vec<Standing> = candidates
        .filter(|release| named.is_none_or(|named| named == *release))
        .map(|release| standing(case, topic, release, old, tip))
        .collect();
    let at_home: Vec<&Standing> = standings.iter().filter(|standing| !standing.foreign).collect();
    let admitted: Vec<&&Standing> = at_home.iter().filter(|standing| standing.admitted).collect();
    if at_home.is_empty() {
        Said::from([error("branch-origin")])
    } else if admitted.is_empty() {
        Said::from([error("release-state")])
    } else if admitted.iter().all(|standing| standing.behind) {
        Said::from([warn("release-state")])
    } else {
        Said::new()
    }
}

fn standing(case: &Case<'_>, topic: &Topic, release: Release, old: Option<Oid>, tip: Oid) -> Standing {
    let foreign = !foreign(case, topic, tip, Line::Release(release)).is_empty();
    let line = case.releases(case.before()).get(&release).copied();
    let known = case.all(old.into_iter().chain(line));
    if old.is_some() && case.anc(tip).is_subset(&known) {
        return Standing { foreign, admitted: true, behind: false };
    }
    let holds = |tag: &Oid| case.anc(tip).contains(tag);
    let tags = case.versions_of(&case.after, release);
    let mends = topic.while_ == While::AfterTag;
    let admitted = admits(case, release, topic.while_, tip)
        && (!mends || tags.get(&Version::of(release)).is_none_or(holds));
    let newest = tags.iter().rev().find(|(version, _)| version.hotfix.is_some());
    let inside = |tag: &Oid| case.anc(*tag).contains(&tip);
    let behind = mends && newest.is_some_and(|(_, tag)| !holds(tag) && !inside(tag));
    Standing { foreign, admitted, behind }
}
