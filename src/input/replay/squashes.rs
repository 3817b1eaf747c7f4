//! Where a line could take in, as one commit, a release that is not confirmed.

use std::collections::BTreeSet;

use super::replayed;
use super::scene::{Scene, Trunk};
use crate::facts::{Facts, LineId};
use crate::history::Refs;

/// Returns, place by place, whether some release or version tag stood there that was neither
/// confirmed nor contained in the line, as far as the later of the two worlds goes. Elsewhere
/// nothing squashed can have come in.
pub(super) fn open_places(scene: &Scene<'_>, trunk: &Trunk) -> Vec<bool> {
    let places = scene.chart.trunk(trunk.lane).len();
    let policy = scene.replay.policy;
    if !policy.confirmation.required() || trunk.line.release().is_some() {
        return vec![false; places];
    }
    let confirmed = ever_confirmed(scene);
    let mut turns = vec![0_i64; places + 1];
    for (tip, from) in unconfirmed(scene, trunk) {
        // A confirmed tag that is there whenever the tip is: the tip is shipped then.
        let shipped = |tag: &(u32, u32)| tag.1 <= from && scene.chart.contains(tag.0, tip);
        if confirmed.iter().filter_map(|tag| upto(scene, trunk, *tag)).any(|tag| shipped(&tag)) {
            continue;
        }
        let until = scene.chart.taken_at(trunk.lane, tip).map_or(places, |at| at as usize);
        if (from as usize) < until {
            turns[from as usize] += 1;
            turns[until] -= 1;
        }
    }
    let mut open = 0;
    turns.iter().take(places).map(|turn| (open += turn, open > 0).1).collect()
}

/// Whether some version that was ever confirmed contains a commit.
pub(super) fn was_confirmed(scene: &Scene<'_>, commit: u32) -> bool {
    let tags =
        ever_confirmed(scene).into_iter().filter_map(|tag| scene.chart.number(&scene.tags[tag].commit?));
    tags.into_iter().any(|tag| scene.chart.contains(tag, commit))
}

/// The version tags, by their places among the tags, that were confirmed at some time.
fn ever_confirmed(scene: &Scene<'_>) -> Vec<usize> {
    let tags = scene.tags.iter().filter(|tag| !tag.revokes()).map(|tag| tag.entry.clone());
    let mut refs: Refs = tags.collect();
    refs.extend(scene.replay.refs.below("refs/environments/").iter().cloned());
    let push = replayed(refs, vec![], scene.replay.now);
    let facts = Facts::of_many(&scene.chart, scene.replay.policy, &push, &scene.shared);
    let known: BTreeSet<_> = facts.confirmed().keys().copied().collect();
    let tags = scene.tags.iter().enumerate();
    tags.filter(|(_, tag)| tag.version().is_some_and(|version| known.contains(&version)))
        .map(|(at, _)| at)
        .collect()
}

/// A version tag's commit, and the first place of the trunk at which the tag may have stood.
fn upto(scene: &Scene<'_>, trunk: &Trunk, tag: usize) -> Option<(u32, u32)> {
    let commit = scene.chart.number(&scene.tags[tag].commit?)?;
    Some((commit, scene.tagged.upto(tag, trunk.lane)))
}

/// Tips of releases and version tags, and from which place on they may have stood there.
fn unconfirmed(scene: &Scene<'_>, trunk: &Trunk) -> BTreeSet<(u32, u32)> {
    let tags = 0..scene.tags.len();
    let versions = tags.filter(|tag| scene.tags[*tag].version().is_some());
    let mut tips: BTreeSet<(u32, u32)> = versions.filter_map(|tag| upto(scene, trunk, tag)).collect();
    for other in &scene.trunks {
        let LineId::Release(_) = other.line else { continue };
        let chain = scene.chart.trunk(other.lane);
        // From its cut on it may have stood at any of its commits.
        let from = scene.chart.content([chain[0]]).upto(trunk.lane);
        tips.extend(chain[1..].iter().map(|commit| (*commit, from)));
    }
    tips
}
