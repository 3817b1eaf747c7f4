//! The trunks of the lines, and where a commit stands on them. Linear in what they hold.

use std::collections::BTreeMap;

use super::Source;
use crate::facts::{Facts, LineId, RefKind, ReleaseStatus, When, kind_of};
use crate::history::{Answer, IdMap, Oid, RefName, Unreadable};
use crate::policy::LineRole;
use crate::version::Release;

/// A step of a trunk: which trunk, and which of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub trunk: usize,
    pub step: usize,
}

/// The first-parent chain of a line, down to where it left another line.
#[derive(Debug)]
pub(super) struct Trunk {
    pub line: LineId,
    pub name: RefName,
    /// Oldest first; never empty.
    pub steps: Vec<Oid>,
    /// The further parents of the steps, in the order of the steps.
    pub sides: Vec<(usize, Oid)>,
    /// Where it left another trunk.
    pub joins: Option<Place>,
    /// Whether the line is gone and known from its version tags only.
    pub gone: bool,
}

impl Trunk {
    /// Returns the further parents of a step.
    pub fn sides_of(&self, step: usize) -> &[(usize, Oid)] {
        let from = self.sides.partition_point(|(at, _)| *at < step);
        let to = self.sides.partition_point(|(at, _)| *at <= step);
        &self.sides[from..to]
    }

    /// Returns how many of the steps `from..=to` are merges.
    pub fn merges_within(&self, from: usize, to: usize) -> usize {
        let within = self.sides.iter().map(|(at, _)| *at).filter(|at| (from..=to).contains(at));
        within.collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// All trunks: the integration line, the production line, then the releases in flow order.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    pub all: Vec<Trunk>,
    pub places: IdMap<Oid, Place>,
    of_release: BTreeMap<Release, usize>,
}

type Chain = (Vec<(Oid, Vec<Oid>)>, Option<Place>);

impl Trunks {
    pub fn read(source: &Source<'_>, facts: &Facts<'_>, releases: &[ReleaseStatus]) -> Answer<Self> {
        let mut trunks = Self::default();
        for (line, role) in
            [(LineId::Integration, LineRole::Integration), (LineId::Production, LineRole::Production)]
        {
            let named = source.policy.line(role).map(|line| RefName::of_branch(&line.branch));
            if let (Some(name), Some(tip)) = (named, facts.line(role, When::After)) {
                trunks.add(source, line, name, tip, false)?;
            }
        }
        for release in releases {
            trunks.add_release(source, release)?;
        }
        Ok(trunks)
    }

    /// Returns the trunk of a release's line.
    pub fn of_release(&self, release: Release) -> Option<usize> {
        self.of_release.get(&release).copied()
    }

    /// Returns the trunk of a line.
    pub fn of_line(&self, line: LineId) -> Option<usize> {
        self.all.iter().position(|trunk| trunk.line == line)
    }

    /// Returns where `commit` stands, seen from the line of `release`: a line that has no commit of
    /// its own stands on another one's.
    pub fn place_for(&self, release: Release, commit: Oid) -> Option<Place> {
        let own = self.of_release(release).filter(|at| self.all[*at].steps.last() == Some(&commit));
        own.map(|trunk| Place { trunk, step: self.all[trunk].steps.len() - 1 })
            .or_else(|| self.places.get(&commit).copied())
    }

    fn add_release(&mut self, source: &Source<'_>, status: &ReleaseStatus) -> Answer<()> {
        let line = LineId::Release(status.release);
        let newest = status.versions.iter().rev().find_map(|version| version.commit);
        let on_release = source.policy.tags.on == LineRole::Release;
        let name = RefName::of_branch(&status.line);
        match (status.tip, newest) {
            (Some(tip), _) => self.add(source, line, name, tip, false),
            (None, Some(tip)) if on_release => self.add(source, line, name, tip, true),
            // Tagged on another line: what was merged there was the release.
            (None, Some(tag)) => match self.merged_at(tag) {
                Some(side) => self.add(source, line, name, side, true),
                None => Ok(()),
            },
            (None, None) => Ok(()),
        }
    }

    /// The branch that came in with the merge at `commit`, where no line is known to hold it.
    fn merged_at(&self, commit: Oid) -> Option<Oid> {
        let place = self.places.get(&commit)?;
        let (_, side) = self.all[place.trunk].sides_of(place.step).first()?;
        (!self.places.contains_key(side)).then_some(*side)
    }

    fn add(&mut self, source: &Source<'_>, line: LineId, name: RefName, tip: Oid, gone: bool) -> Answer<()> {
        let here = self.all.len();
        let (mut chain, joins) = self.walk(source, tip)?;
        if chain.is_empty() {
            // It has no commit of its own yet, and stands on another trunk's.
            chain.push((tip, vec![]));
        }
        let mut trunk = Trunk { line, name, steps: vec![], sides: vec![], joins, gone };
        for (step, (commit, sides)) in chain.into_iter().rev().enumerate() {
            trunk.steps.push(commit);
            trunk.sides.extend(sides.into_iter().map(|side| (step, side)));
            self.places.entry(commit).or_insert(Place { trunk: here, step });
        }
        if let Some(release) = line.release() {
            self.of_release.insert(release, here);
        }
        self.all.push(trunk);
        Ok(())
    }

    /// Walks down the first parents of `tip` to a trunk that is known: what lies above it, newest
    /// first, each with its further parents.
    pub fn walk(&self, source: &Source<'_>, tip: Oid) -> Answer<Chain> {
        let mut chain = vec![];
        let mut at = tip;
        loop {
            if let Some(place) = self.places.get(&at) {
                return Ok((chain, Some(*place)));
            }
            let mut parents = parents(source, at)?.into_iter();
            let first = parents.next();
            chain.push((at, parents.collect()));
            match first {
                Some(parent) => at = parent,
                None => return Ok((chain, None)),
            }
        }
    }

    /// Returns the place of what a ref of another kind stands on.
    pub fn place_of_ref(&self, source: &Source<'_>, facts: &Facts<'_>, name: &RefName) -> Option<Place> {
        let entry = source.refs.get(name)?;
        let commit = entry.peeled.or_else(|| facts.peel(entry.id))?;
        match kind_of(source.policy, name) {
            RefKind::VersionTag(version) => self.place_for(version.release, commit),
            _ => self.places.get(&commit).copied(),
        }
    }
}

/// Returns the parents; a shallow clone begins where its history stops.
pub(super) fn parents(source: &Source<'_>, commit: Oid) -> Answer<Vec<Oid>> {
    match source.history.parents(commit) {
        Err(Unreadable::Shallow(_)) => Ok(vec![]),
        answer => answer,
    }
}
