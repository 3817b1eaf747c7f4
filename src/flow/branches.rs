//! Topics: those that were merged where a merge is drawn, and those that stand.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::Choice;
use super::order::Stands;
use super::spots::{Spot, Spots};
use super::trunks::{Place, Trunks};
use super::{Branch, Flow, Source, What};
use crate::facts::{RefKind, ReleaseStatus, kind_of};
use crate::history::name::escape;
use crate::history::{Answer, IdMap, Oid, RefName};
use crate::input::subject::merged_name;

/// How many topics that stand are drawn.
const STANDING: usize = 8;

/// How many version tags beside every line are drawn.
const BESIDE: usize = 8;

/// How many topics that stand are drawn because something was found about them.
const FOUND: usize = 24;

struct Topics<'a> {
    source: &'a Source<'a>,
    trunks: &'a Trunks,
    stands: &'a Stands,
    /// For commits beside the trunks that were met: how many lie above the trunk, and where that is.
    met: IdMap<Oid, (usize, Option<Place>)>,
}

/// Adds the topics to a flow.
pub(super) fn add(
    source: &Source<'_>,
    trunks: &Trunks,
    releases: &[ReleaseStatus],
    choice: &Choice,
    spots: &Spots,
    stands: &Stands,
    flow: &mut Flow,
) -> Answer<()> {
    let mut topics = Topics { source, trunks, stands, met: IdMap::default() };
    topics.merged(choice, flow)?;
    topics.standing(spots, flow)?;
    topics.beside(releases, choice, flow)
}

impl Topics<'_> {
    /// The topics that came in where a merge is drawn.
    fn merged(&mut self, choice: &Choice, flow: &mut Flow) -> Answer<()> {
        for (trunk, steps) in &choice.steps {
            for step in steps {
                let place = Place { trunk: *trunk, step: *step };
                let Some(into) = self.stands.at(place) else { continue };
                let What::Step { subject, .. } = &flow.stops[into].what else { continue };
                let subject = subject.clone();
                for (nth, (_, side)) in self.trunks.all[*trunk].sides_of(*step).iter().enumerate() {
                    if self.trunks.places.contains_key(side) {
                        continue;
                    }
                    let named = merged_name(&subject).filter(|_| nth == 0);
                    let branch = self.branch(named, *side, Some(into))?;
                    flow.branches.push(branch);
                }
            }
        }
        flow.branches.sort_by_key(|branch| branch.into);
        Ok(())
    }

    fn branch(&mut self, named: Option<&str>, tip: Oid, into: Option<usize>) -> Answer<Branch> {
        let (commits, place) = self.descend(tip)?;
        let kind = named.and_then(|name| self.kind(&RefName::of_branch(name)));
        Ok(Branch {
            name: named.map_or_else(|| tip.to_hex_with_len(7).to_string(), |name| escape(name.as_bytes())),
            kind,
            commits,
            from: place.and_then(|place| self.stands.at(place)),
            into,
            findings: vec![],
        })
    }

    fn kind(&self, name: &RefName) -> Option<String> {
        match kind_of(self.source.policy, name) {
            RefKind::Topic { kind, .. } => Some(self.source.policy.topics[kind].kind.clone()),
            _ => None,
        }
    }

    /// Walks down to a trunk; what was walked once is not walked again.
    fn descend(&mut self, tip: Oid) -> Answer<(usize, Option<Place>)> {
        let mut chain = vec![];
        let mut at = Some(tip);
        let (mut count, mut place) = (0, None);
        while let Some(commit) = at {
            if let Some(found) = self.trunks.places.get(&commit) {
                place = Some(*found);
                break;
            }
            if let Some((above, found)) = self.met.get(&commit) {
                (count, place) = (*above, *found);
                break;
            }
            chain.push(commit);
            at = super::trunks::parents(self.source, commit)?.first().copied();
        }
        for commit in chain.into_iter().rev() {
            count += 1;
            self.met.insert(commit, (count, place));
        }
        Ok((count, place))
    }

    /// The topics that stand and were merged nowhere, or that something was found about.
    fn standing(&mut self, spots: &Spots, flow: &mut Flow) -> Answer<()> {
        let mut found: BTreeMap<&RefName, Vec<usize>> = BTreeMap::new();
        for (finding, spot) in spots.iter() {
            if let Spot::Branch(name) = spot {
                found.entry(name).or_default().push(finding);
            }
        }
        let merged: BTreeSet<Oid> =
            self.trunks.all.iter().flat_map(|trunk| trunk.sides.iter().map(|(_, side)| *side)).collect();
        let mut open = vec![];
        for entry in self.source.refs.below("refs/heads/") {
            let topic =
                matches!(kind_of(self.source.policy, &entry.name), RefKind::Topic { .. } | RefKind::Branch);
            let news = !merged.contains(&entry.id) && !self.trunks.places.contains_key(&entry.id);
            if topic && entry.symbolic.is_none() && news && !found.contains_key(&entry.name) {
                open.push((&entry.name, entry.id));
            }
        }
        for (name, findings) in found.iter().take(FOUND) {
            let Some(entry) = self.source.refs.get(name) else { continue };
            self.stand(name, entry.id, findings.clone(), flow)?;
        }
        let room = STANDING.saturating_sub(found.len());
        for (name, tip) in open.iter().take(room) {
            self.stand(name, *tip, vec![], flow)?;
        }
        flow.more_branches = open.len().saturating_sub(room) + found.len().saturating_sub(FOUND);
        Ok(())
    }

    /// The version tags that no line holds.
    fn beside(&mut self, releases: &[ReleaseStatus], choice: &Choice, flow: &mut Flow) -> Answer<()> {
        let shown = releases.iter().filter(|release| choice.shown.contains(&release.release));
        let tags = shown.flat_map(|release| release.versions.iter().map(move |version| (release, version)));
        let tags = tags.filter_map(|(release, version)| {
            let commit = version.commit?;
            self.trunks.place_for(release.release, commit).is_none().then_some((version, commit))
        });
        let tags: Vec<_> = tags.take(BESIDE).collect();
        for (version, commit) in tags {
            let name = RefName::of_tag(&version.tag);
            self.stand(&name, commit, vec![], flow)?;
        }
        Ok(())
    }

    fn stand(&mut self, name: &RefName, tip: Oid, findings: Vec<usize>, flow: &mut Flow) -> Answer<()> {
        let mut branch = self.branch(None, tip, None)?;
        branch.name = name.short();
        branch.kind = self.kind(name);
        branch.findings = findings;
        flow.branches.push(branch);
        Ok(())
    }
}
