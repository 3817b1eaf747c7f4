//! Where a finding happened.

use super::Source;
use super::trunks::{Place, Trunks};
use crate::facts::{Facts, LineId, RefKind, When, kind_of, version_of};
use crate::finding::Finding;
use crate::history::{Oid, RefName};
use crate::version::Release;

/// Where a finding happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot {
    /// On a trunk.
    At(Place),
    /// On a branch that stands and is no line.
    Branch(RefName),
    /// Somewhere about a release that has no such place.
    Release(Release),
    /// Nowhere that is known.
    Nowhere,
}

/// Where each finding happened, in their order.
pub(super) struct Spots(Vec<Spot>);

impl Spots {
    pub fn find(source: &Source<'_>, facts: &Facts<'_>, trunks: &Trunks) -> Self {
        let spot = |finding| Finder { source, facts, trunks }.spot(finding);
        Self(source.findings.iter().map(|judged| spot(&judged.finding)).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &Spot)> {
        self.0.iter().enumerate()
    }
}

struct Finder<'a> {
    source: &'a Source<'a>,
    facts: &'a Facts<'a>,
    trunks: &'a Trunks,
}

impl Finder<'_> {
    fn spot(&self, finding: &Finding) -> Spot {
        match kind_of(self.source.policy, &finding.name) {
            RefKind::Integration => self.on_line(LineId::Integration, finding),
            RefKind::Production => self.on_line(LineId::Production, finding),
            RefKind::Release(release) => self.on_line(LineId::Release(release), finding),
            RefKind::Topic { release, .. } => self.on_branch(finding, release),
            RefKind::Branch => self.on_branch(finding, None),
            RefKind::VersionTag(version) => self.at_tag(&finding.name, finding, Some(version.release)),
            RefKind::Record(record) => {
                let version = version_of(self.source.policy, &record.version_tag);
                let tag = RefName::of_tag(&record.version_tag);
                self.at_tag(&tag, finding, version.map(|version| version.release))
            }
            RefKind::OtherTag | RefKind::Tag | RefKind::Foreign => self.at_tag(&finding.name, finding, None),
        }
    }

    fn on_line(&self, line: LineId, finding: &Finding) -> Spot {
        let Some(trunk) = self.trunks.of_line(line) else {
            return self.somewhere(finding, line.release());
        };
        let steps = &self.trunks.all[trunk].steps;
        let own = |commit: Oid| match self.trunks.places.get(&commit) {
            Some(place) if place.trunk == trunk => Some(*place),
            _ => None,
        };
        let place = objects(finding).find_map(own);
        Spot::At(place.unwrap_or(Place { trunk, step: steps.len() - 1 }))
    }

    fn on_branch(&self, finding: &Finding, release: Option<Release>) -> Spot {
        if self.source.refs.get(&finding.name).is_some() {
            return Spot::Branch(finding.name.clone());
        }
        self.somewhere(finding, release)
    }

    fn at_tag(&self, tag: &RefName, finding: &Finding, release: Option<Release>) -> Spot {
        match self.trunks.place_of_ref(self.source, self.facts, tag) {
            Some(place) => Spot::At(place),
            None => self.somewhere(finding, release),
        }
    }

    fn somewhere(&self, finding: &Finding, release: Option<Release>) -> Spot {
        let known = |commit: Oid| self.trunks.places.get(&commit).copied();
        match (objects(finding).find_map(known), release) {
            (Some(place), _) => Spot::At(place),
            (None, Some(release)) => self.at_release(release),
            (None, None) => Spot::Nowhere,
        }
    }

    fn at_release(&self, release: Release) -> Spot {
        match self.trunks.of_release(release) {
            Some(trunk) => Spot::At(Place { trunk, step: self.trunks.all[trunk].steps.len() - 1 }),
            None if self.facts.versions(When::After).keys().any(|version| version.release == release) => {
                Spot::Release(release)
            }
            None => Spot::Nowhere,
        }
    }
}

fn objects(finding: &Finding) -> impl Iterator<Item = Oid> {
    [finding.object, finding.new, finding.old].into_iter().flatten()
}
