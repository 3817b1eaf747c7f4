//! What the refs may have been when a step was made.
//!
//! That is not recorded, so a step is judged in two worlds: the *latest* one, in which everything
//! had happened that does not contain the step, and the *dated* one, in which everything had
//! happened that claims an earlier date. Of what claims the same second either may have been first:
//! in the *dated* world the step was last, in the *tied* one first, but for what it contains. Where
//! a server's event log has the pushes that the worlds differ in, it decides: the *logged* one.

use std::collections::BTreeSet;

use super::scene::{Dated, Scene, Trunk};
use super::{Replayed, replayed};
use crate::facts::RefKind;
use crate::finding::Finding;
use crate::history::{Answer, Ref, Refs};
use crate::push::RefUpdate;

/// One of the worlds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    Latest,
    Dated,
    Tied,
    Logged,
}

impl World {
    /// Whether dates make it.
    fn is_of_dates(self) -> bool {
        matches!(self, Self::Dated | Self::Tied)
    }
}

/// How many sets of tags are remembered.
const REMEMBERED: usize = 4;

impl Scene<'_> {
    /// Returns what the rules say of the step that ends at a place, in one world; `named` is a
    /// branch that is said to have stood there.
    pub(super) fn step_findings(
        &self,
        trunk: &Trunk,
        at: u32,
        world: World,
        named: Option<Ref>,
        found: &mut Replayed,
    ) -> Answer<Vec<Finding>> {
        let (old, new) = (self.commit(trunk, at - 1), self.commit(trunk, at));
        let mut branches = vec![Ref::new(trunk.name.clone(), old)];
        for other in self.trunks.iter().filter(|other| other.line != trunk.line) {
            if let Some(stood) = self.stood(other, trunk, at, world)? {
                branches.push(Ref::new(other.name.clone(), self.commit(other, stood)));
            }
        }
        branches.extend(self.topics_with(trunk, at).into_iter().map(|topic| self.topics[topic].clone()));
        branches.extend(named);
        let mut before = self.tags_at(trunk, at, world)?;
        before.extend(branches);
        let now = if world.is_of_dates() { self.date(trunk, at)? } else { self.replay.now };
        let update = RefUpdate { name: trunk.name.clone(), old: Some(old), new: Some(new) };
        self.facts_judge(&replayed(before, vec![update], now), found)
    }

    /// Returns what the rules say of a step for which it does not matter what else there was.
    pub(super) fn step_alone(&self, trunk: &Trunk, at: u32, found: &mut Replayed) -> Answer<Vec<Finding>> {
        let (old, new) = (self.commit(trunk, at - 1), self.commit(trunk, at));
        let mut before = self.nothing.clone();
        before.set(Ref::new(trunk.name.clone(), old));
        let update = RefUpdate { name: trunk.name.clone(), old: Some(old), new: Some(new) };
        self.facts_judge(&replayed(before, vec![update], self.replay.now), found)
    }

    /// Whether another line has a step of the same second, so that either may have been first.
    pub(super) fn is_tied(&self, trunk: &Trunk, at: u32) -> Answer<bool> {
        for other in self.trunks.iter().filter(|other| other.line != trunk.line) {
            if self.stood(other, trunk, at, World::Dated)? != self.stood(other, trunk, at, World::Tied)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The place where `other` stood when a step of `trunk` was made; `None`: nowhere yet.
    fn stood(&self, other: &Trunk, trunk: &Trunk, at: u32, world: World) -> Answer<Option<u32>> {
        let step = self.chart.trunk(trunk.lane)[at as usize];
        let birth = self.chart.trunk(other.lane)[other.birth as usize];
        if self.chart.contains(birth, step) {
            // Cut later, from something that contains the step.
            return Ok(None);
        }
        let taken = self.chart.taken_at(other.lane, step);
        let latest = taken.map_or_else(|| self.end(other), |taken| taken - 1);
        if !world.is_of_dates() {
            return Ok(Some(latest));
        }
        let date = self.date(trunk, at)?;
        let read = |at| self.chart.date_of(self.chart.trunk(other.lane)[at as usize]);
        let stood = if world == World::Tied {
            let before = other.dates.last_until(date - 1, other.birth, latest, read)?;
            before.max(self.chart.contents_of(&[step]).upto(other.lane).saturating_sub(1))
        } else {
            other.dates.last_until(date, other.birth, latest, read)?
        };
        let unborn = stood == other.birth && other.line.release().is_none();
        if unborn && !self.chart.contains(step, birth) {
            // Nothing says that the line was there yet.
            return Ok(None);
        }
        Ok(Some(stood))
    }

    /// The topics, by their places in `topics`, that hold something of what a step brought, and
    /// not the step.
    fn topics_with(&self, trunk: &Trunk, at: u32) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        if self.riders.is_empty() {
            return found;
        }
        let place = super::chart::Place { lane: trunk.lane, at };
        for commit in self.chart.taken(place) {
            for taker in self.chart.takers(commit) {
                let riders = self.riders.get(&taker.lane).into_iter().flatten();
                let holding = riders.filter(|(upto, _)| *upto > taker.at).map(|(_, topic)| *topic);
                found.extend(holding.filter(|topic| !self.held.has(*topic, trunk.lane, at)));
            }
        }
        found
    }

    /// The tags as they may have stood, and what GitLab says of deployments.
    fn tags_at(&self, trunk: &Trunk, at: u32, world: World) -> Answer<Refs> {
        Ok(self.tags_named(self.standing_tags(trunk, at, world)?))
    }

    /// The tags that may have stood, by their places in `tags`.
    fn standing_tags(&self, trunk: &Trunk, at: u32, world: World) -> Answer<Vec<usize>> {
        let date = if world.is_of_dates() { self.date(trunk, at)? } else { 0 };
        let push = self.step_arrival(trunk, at);
        let stands = |(index, tag): (usize, &Dated)| {
            let on_time = match world {
                // What was ever confirmed, was confirmed: a later roll-back does not undo it.
                World::Latest => !tag.revokes(),
                // As a push counts what comes with it: a roll-back at once, what permits only later.
                World::Dated | World::Tied => tag.date < date || tag.date == date && tag.revokes(),
                World::Logged => match self.tag_arrival(index) {
                    Some(arrival) => Some(arrival) < push,
                    None => !tag.revokes(),
                },
            };
            let counts = match tag.kind {
                RefKind::VersionTag(_) => tag.commit.is_some() && !self.tagged.has(index, trunk.lane, at),
                RefKind::Record(_) => true,
                _ => false,
            };
            (on_time && counts).then_some(index)
        };
        Ok(self.tags.iter().enumerate().filter_map(stands).collect())
    }

    /// Whether the event log has something to say: it has the step and every tag that stands in
    /// one of the two worlds only, and it does not agree with both.
    pub(super) fn log_decides(&self, trunk: &Trunk, at: u32) -> Answer<bool> {
        if self.step_arrival(trunk, at).is_none() {
            return Ok(false);
        }
        let latest = self.standing_tags(trunk, at, World::Latest)?;
        let dated = self.standing_tags(trunk, at, World::Dated)?;
        let logged = self.standing_tags(trunk, at, World::Logged)?;
        let [latest, dated, logged] = [latest, dated, logged].map(BTreeSet::from_iter);
        let mut between = latest.symmetric_difference(&dated);
        Ok((logged != latest || logged != dated) && between.all(|tag| self.tag_arrival(*tag).is_some()))
    }

    fn tags_named(&self, tags: Vec<usize>) -> Refs {
        let mut known = self.tag_sets.borrow_mut();
        if let Some(at) = known.iter().position(|(of, _)| *of == tags) {
            known[..=at].rotate_right(1);
        } else {
            let mut refs: Refs = tags.iter().map(|tag| self.tags[*tag].entry.clone()).collect();
            refs.extend(self.replay.refs.below("refs/environments/").iter().cloned());
            known.truncate(REMEMBERED - 1);
            known.insert(0, (tags, refs));
        }
        known[0].1.clone()
    }
}
