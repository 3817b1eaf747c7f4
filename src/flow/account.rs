//! Of which release, branch, month and person a finding is, and how many there are of each.

use std::collections::BTreeMap;

use super::spots::Spot;
use super::trunks::{Place, Trunks};
use super::{Reading, Source};
use crate::facts::LineId;
use crate::finding::Finding;
use crate::history::name::escape;
use crate::history::{Object, Oid, Seconds, Signature};
use crate::verdict::{Judged, Outcome};
use crate::version::Release;

/// The circumstances of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstance {
    /// The release that it belongs to; `None`: to none yet.
    pub release: Option<Release>,
    /// The ref, as people say it.
    pub branch: String,
    /// The month that the commit or tag claims, as `2026-11`; `None`: it claims none.
    pub month: Option<String>,
    /// Who made the commit or tag, as it claims, escaped.
    pub person: Option<String>,
}

/// The circumstances of all findings, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// One for each finding.
    pub each: Vec<Circumstance>,
}

/// How many findings there are of something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Of what.
    pub of: String,
    /// Those that reject, or would if the policy did not only evaluate.
    pub errors: usize,
    /// Those that are only said.
    pub warnings: usize,
    /// Those that are excused.
    pub excused: usize,
}

impl Account {
    /// Counts the findings by a circumstance; `of` says which one, in the order of its first value.
    pub fn tally<K: Ord>(
        &self,
        findings: &[Judged],
        of: impl Fn(&Judged, &Circumstance) -> (K, String),
    ) -> Vec<Tally> {
        let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
        for (judged, circumstance) in findings.iter().zip(&self.each) {
            let (key, name) = of(judged, circumstance);
            let tally = tallies.entry(key).or_insert_with(|| Tally { of: name, ..Tally::default() });
            *match judged.outcome {
                Outcome::Rejected | Outcome::Evaluated => &mut tally.errors,
                Outcome::Warned => &mut tally.warnings,
                Outcome::Overridden | Outcome::Excepted | Outcome::Baselined => &mut tally.excused,
            } += 1;
        }
        tallies.into_values().collect()
    }
}

impl Reading<'_> {
    /// Returns the circumstances of the findings.
    #[must_use]
    pub fn account(&self) -> Account {
        let cuts = self.cuts();
        let each = self.source.findings.iter().zip(self.spots.iter());
        let each = each.map(|(judged, (_, spot))| {
            let made = made(&self.source, &judged.finding);
            Circumstance {
                release: self.release(spot, &cuts),
                branch: judged.finding.name.short(),
                month: made.as_ref().and_then(|by| month(by.time)),
                person: made.map(|by| escape(&by.name)).filter(|name| !name.is_empty()),
            }
        });
        Account { each: each.collect() }
    }

    /// Where releases were cut from the integration line: step by step the first release that has
    /// what came before.
    fn cuts(&self) -> BTreeMap<usize, Release> {
        let mut cuts = BTreeMap::new();
        for trunk in &self.trunks.all {
            let joined = trunk.joins.filter(|place| on(&self.trunks, *place) == LineId::Integration);
            if let (Some(place), Some(release)) = (joined, trunk.line.release()) {
                let first = cuts.entry(place.step).or_insert(release);
                *first = release.min(*first);
            }
        }
        cuts
    }

    fn release(&self, spot: &Spot, cuts: &BTreeMap<usize, Release>) -> Option<Release> {
        match spot {
            Spot::Release(release) => Some(*release),
            Spot::At(place) => match on(&self.trunks, *place) {
                LineId::Release(release) => Some(release),
                LineId::Integration => cuts.range(place.step..).next().map(|(_, release)| *release),
                LineId::Production => self.shipped_at(*place),
            },
            Spot::Branch(name) => match crate::facts::kind_of(self.source.policy, name) {
                crate::facts::RefKind::Topic { release, .. } => release,
                _ => None,
            },
            Spot::Nowhere => None,
        }
    }

    /// The release that a step of the production line took in, or was tagged as.
    fn shipped_at(&self, place: Place) -> Option<Release> {
        let trunk = &self.trunks.all[place.trunk];
        let mut sides = trunk.sides_of(place.step).iter().map(|(_, side)| *side);
        let came = sides.find_map(|side| on(&self.trunks, *self.trunks.places.get(&side)?).release());
        came.or_else(|| {
            let commit = trunk.steps[place.step];
            let mut tags = self.statuses.iter().flat_map(|status| &status.versions);
            let tag = tags.rfind(|version| version.commit == Some(commit));
            tag.map(|version| version.version.release)
        })
    }
}

fn on(trunks: &Trunks, place: Place) -> LineId {
    trunks.all[place.trunk].line
}

/// Who made what a finding is about, and when, as far as it says.
fn made(source: &Source<'_>, finding: &Finding) -> Option<Signature> {
    let id: Oid = finding.object.or(finding.new).or(finding.old)?;
    match source.history.object(id).ok()? {
        Object::Commit => source.history.commit(id).ok()?.committer,
        Object::Tag(tag) => tag.tagger,
        Object::Tree | Object::Blob => None,
    }
}

fn month(time: Seconds) -> Option<String> {
    Some(jiff::Timestamp::from_second(time).ok()?.strftime("%Y-%m").to_string())
}
