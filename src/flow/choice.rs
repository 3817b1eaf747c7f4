//! What of a history is drawn, and what is folded.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use super::spots::{Spot, Spots};
use super::trunks::{Place, Trunks};
use crate::facts::{LineId, ReleaseStatus, State};
use crate::version::Release;

/// How many steps are drawn because something is to be seen there.
const KEYS: usize = 90;

/// How many steps are drawn at most.
const MOST: usize = 110;

/// How many ends of what went between the integration and the production line are drawn.
const CROSSINGS: usize = 16;

/// How many steps with findings are drawn one by one, whatever stands around them.
const FOUND: usize = 40;

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// The trunks that have a lane: production, integration, releases.
    pub trunks: Vec<usize>,
    /// The steps that are drawn, by trunk.
    pub steps: BTreeMap<usize, BTreeSet<usize>>,
    /// Releases that are folded, neighbours together.
    pub folded: Vec<Vec<Release>>,
    /// Releases that are drawn.
    pub shown: BTreeSet<Release>,
    /// Steps with findings that stay folded, for there are many like them in a row.
    crowded: BTreeSet<Place>,
}

impl Choice {
    pub fn make(source: &Source<'_>, trunks: &Trunks, releases: &[ReleaseStatus], spots: &Spots) -> Self {
        let shown = shown(source.releases, trunks, releases, spots);
        let lanes = [LineId::Production, LineId::Integration].into_iter();
        let lanes = lanes.chain(shown.iter().map(|release| LineId::Release(*release)));
        let mut choice =
            Self { trunks: lanes.filter_map(|line| trunks.of_line(line)).collect(), ..Self::default() };
        choice.folded = folded(releases, &shown);
        choice.shown = shown;
        for tier in [
            choice.ends(trunks),
            choice.tags(trunks, releases),
            choice.links(trunks, true),
            choice.spots(trunks, spots),
            choice.links(trunks, false),
        ] {
            choice.keep(trunks, tier);
        }
        choice.unfold(trunks);
        choice
    }

    fn has(&self, trunk: usize) -> bool {
        self.trunks.contains(&trunk)
    }

    fn count(&self) -> usize {
        self.steps.values().map(BTreeSet::len).sum()
    }

    /// Keeps places as long as there is room, those nearest to the tips first.
    fn keep(&mut self, trunks: &Trunks, mut places: Vec<Place>) {
        places.retain(|place| self.has(place.trunk));
        places.sort_by_key(|place| (trunks.all[place.trunk].steps.len() - place.step, *place));
        for place in places {
            if self.count() >= KEYS {
                return;
            }
            self.steps.entry(place.trunk).or_default().insert(place.step);
        }
    }

    /// Where lanes begin and end, and where they were cut.
    fn ends(&self, trunks: &Trunks) -> Vec<Place> {
        let ends = self.trunks.iter().flat_map(|trunk| {
            let of = &trunks.all[*trunk];
            let own = [0, of.steps.len() - 1].map(|step| Place { trunk: *trunk, step });
            own.into_iter().chain(of.joins)
        });
        ends.collect()
    }

    fn tags(&self, trunks: &Trunks, releases: &[ReleaseStatus]) -> Vec<Place> {
        let shown = releases.iter().filter(|release| self.shown.contains(&release.release));
        let tags =
            shown.flat_map(|release| release.versions.iter().map(|version| (release.release, version)));
        tags.filter_map(|(release, version)| trunks.place_for(release, version.commit?)).collect()
    }

    /// Where something went from one lane to another: to or from a release, or between the others.
    fn links(&self, trunks: &Trunks, of_releases: bool) -> Vec<Place> {
        let mut places = vec![];
        for trunk in &self.trunks {
            for (step, side) in &trunks.all[*trunk].sides {
                let Some(from) = trunks.places.get(side).filter(|from| self.has(from.trunk)) else {
                    continue;
                };
                let ends = [Place { trunk: *trunk, step: *step }, *from];
                let of_release = ends.iter().any(|end| trunks.all[end.trunk].line.release().is_some());
                if of_release == of_releases {
                    places.extend(ends);
                }
            }
        }
        places.sort_by_key(|place| (trunks.all[place.trunk].steps.len() - place.step, *place));
        places.truncate(if of_releases { usize::MAX } else { CROSSINGS });
        places
    }

    /// Where something was found. Of many, those that stand alone are drawn, the newest first.
    fn spots(&mut self, trunks: &Trunks, spots: &Spots) -> Vec<Place> {
        let places = spots.iter().filter_map(|(_, spot)| match spot {
            Spot::At(place) if self.has(place.trunk) => Some(*place),
            _ => None,
        });
        let all: BTreeSet<Place> = places.collect();
        if all.len() <= FOUND {
            return all.into_iter().collect();
        }
        let mut alone: Vec<Place> = all.iter().copied().filter(|place| !is_in_a_row(&all, *place)).collect();
        alone.sort_by_key(|place| (trunks.all[place.trunk].steps.len() - place.step, *place));
        alone.truncate(FOUND);
        self.crowded = all.into_iter().filter(|place| !alone.contains(place)).collect();
        alone
    }

    /// Draws folded steps after all: everything where that is little, else what is shorter than the
    /// fold would be.
    fn unfold(&mut self, trunks: &Trunks) {
        let mut runs = self.runs(trunks);
        runs.retain(|(trunk, from, to)| {
            let at = |step: usize| Place { trunk: *trunk, step };
            self.crowded.range(at(*from)..at(*to)).next().is_none()
        });
        let folded: usize = runs.iter().map(|(_, from, to)| to - from).sum();
        let longest = if self.count() + folded <= MOST { usize::MAX } else { 2 };
        for (trunk, from, to) in runs.into_iter().filter(|(_, from, to)| to - from <= longest) {
            self.steps.entry(trunk).or_default().extend(from..to);
        }
    }

    /// The steps between those that are drawn: trunk, from, to (not included).
    fn runs(&self, trunks: &Trunks) -> Vec<(usize, usize, usize)> {
        let mut runs = vec![];
        for trunk in &self.trunks {
            let mut from = 0;
            let end = trunks.all[*trunk].steps.len();
            let drawn = self.steps.get(trunk).into_iter().flatten().copied();
            for step in drawn.chain([end]) {
                if step > from {
                    runs.push((*trunk, from, step));
                }
                from = step + 1;
            }
        }
        runs
    }
}

/// Whether at least three steps that stand in a row are among `places`, this one with them.
fn is_in_a_row(places: &BTreeSet<Place>, place: Place) -> bool {
    let has = |by: isize| {
        let step = place.step.checked_add_signed(by);
        step.is_some_and(|step| places.contains(&Place { step, ..place }))
    };
    [-2, -1, 0].into_iter().any(|from| (from..from + 3).all(has))
}

/// The releases that are drawn: the newest, those that are open, those with findings, the others.
fn shown(most: usize, trunks: &Trunks, releases: &[ReleaseStatus], spots: &Spots) -> BTreeSet<Release> {
    let found: BTreeSet<Release> = spots
        .iter()
        .filter_map(|(_, spot)| match spot {
            Spot::At(place) => trunks.all[place.trunk].line.release(),
            Spot::Release(release) => Some(*release),
            Spot::Branch(_) | Spot::Nowhere => None,
        })
        .collect();
    let mut ranked: Vec<(usize, &ReleaseStatus)> = releases.iter().rev().enumerate().collect();
    ranked.sort_by_key(|(age, release)| {
        let open = release.state != State::Closed || release.owed().next().is_some();
        (*age >= 3, !open, !found.contains(&release.release), *age)
    });
    ranked.into_iter().take(most).map(|(_, release)| release.release).collect()
}

/// The other releases, neighbours together.
fn folded(releases: &[ReleaseStatus], shown: &BTreeSet<Release>) -> Vec<Vec<Release>> {
    let mut folded: Vec<Vec<Release>> = vec![];
    let mut together = false;
    for release in releases.iter().map(|release| release.release) {
        if shown.contains(&release) {
            together = false;
            continue;
        }
        match folded.last_mut().filter(|_| together) {
            Some(group) => group.push(release),
            None => folded.push(vec![release]),
        }
        together = true;
    }
    folded
}
