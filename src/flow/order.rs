//! The order of what is drawn: nothing before what it contains; dates only settle ties.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::choice::Choice;
use super::spots::{Spot, Spots};
use super::trunks::{Place, Trunks};
use super::{Flow, Lane, Link, Source, Stop, TagMark, What};
use crate::facts::{LineId, Proof, ReleaseStatus, VersionStatus};
use crate::history::name::escape;
use crate::history::{Answer, Oid, Seconds};
use crate::version::Release;

/// A stop that has no column yet.
struct Raw {
    stop: Stop,
    /// The first and the last step that it stands for.
    span: (usize, usize),
    date: Seconds,
}

/// Everything that is drawn, lane by lane.
struct Drawing<'a> {
    source: &'a Source<'a>,
    trunks: &'a Trunks,
    choice: &'a Choice,
    raw: Vec<Raw>,
    of_lane: Vec<Vec<usize>>,
    edges: BTreeSet<(usize, usize)>,
}

/// Which stop stands for a step: by trunk and first step, the last step and the stop.
#[derive(Default)]
pub(super) struct Stands(BTreeMap<(usize, usize), (usize, usize)>);

impl Stands {
    pub fn at(&self, place: Place) -> Option<usize> {
        let ((trunk, _), (last, stop)) = self.0.range(..=(place.trunk, place.step)).next_back()?;
        (*trunk == place.trunk && place.step <= *last).then_some(*stop)
    }
}

/// Returns the lanes and stops that are chosen, and which stop stands for what.
pub(super) fn drawn(
    source: &Source<'_>,
    trunks: &Trunks,
    releases: &[ReleaseStatus],
    choice: &Choice,
    spots: &Spots,
) -> Answer<(Flow, Stands)> {
    let mut drawing =
        Drawing { source, trunks, choice, raw: vec![], of_lane: vec![], edges: BTreeSet::new() };
    for lane in 0..choice.trunks.len() {
        drawing.add_lane(lane)?;
    }
    let mut stands = drawing.stands();
    let links = drawing.join(&stands);
    drawing.add_folded(releases, &stands);
    drawing.mark_tags(releases, &stands);
    drawing.mark_findings(spots, &stands);
    let order = drawing.order();
    for (_, stop) in stands.0.values_mut() {
        *stop = order[*stop];
    }
    Ok((drawing.finish(releases, &stands, &links, &order), stands))
}

impl Drawing<'_> {
    fn add_lane(&mut self, lane: usize) -> Answer<()> {
        let trunk = self.choice.trunks[lane];
        let commits = &self.trunks.all[trunk].steps;
        let mut stops = vec![];
        let mut from = 0;
        let shown = self.choice.steps.get(&trunk).into_iter().flatten().copied();
        for step in shown {
            if step > from {
                stops.push(self.add_run(lane, (from, step - 1))?);
            }
            stops.push(self.add_step(lane, step, commits[step])?);
            from = step + 1;
        }
        if from < commits.len() {
            stops.push(self.add_run(lane, (from, commits.len() - 1))?);
        }
        self.edges.extend(stops.windows(2).map(|pair| (pair[0], pair[1])));
        self.of_lane.push(stops);
        Ok(())
    }

    fn add_step(&mut self, lane: usize, step: usize, commit: Oid) -> Answer<usize> {
        let read = self.source.history.commit(commit)?;
        let merge = read.parents.len() > 1;
        let what = What::Step { commit, subject: escape(read.subject().as_bytes()), merge };
        Ok(self.add(Some(lane), what, (step, step), read.committer.map_or(0, |by| by.time)))
    }

    fn add_run(&mut self, lane: usize, span: (usize, usize)) -> Answer<usize> {
        let trunk = &self.trunks.all[self.choice.trunks[lane]];
        let newest = self.source.history.commit(trunk.steps[span.1])?;
        let (steps, merges) = (span.1 - span.0 + 1, trunk.merges_within(span.0, span.1));
        let date = newest.committer.map_or(0, |by| by.time);
        Ok(self.add(Some(lane), What::Run { steps, merges }, span, date))
    }

    fn add(&mut self, lane: Option<usize>, what: What, span: (usize, usize), date: Seconds) -> usize {
        self.raw.push(Raw { stop: Stop { lane, what, tags: vec![], findings: vec![] }, span, date });
        self.raw.len() - 1
    }

    fn stands(&self) -> Stands {
        let mut stands = Stands::default();
        for (lane, stops) in self.of_lane.iter().enumerate() {
            for stop in stops {
                let (from, to) = self.raw[*stop].span;
                stands.0.insert((self.choice.trunks[lane], from), (to, *stop));
            }
        }
        stands
    }

    fn is_step(&self, stop: usize) -> bool {
        matches!(self.raw[stop].stop.what, What::Step { .. })
    }

    /// Finds what went from lane to lane. Where both ends are single steps, one comes first.
    fn join(&mut self, stands: &Stands) -> Vec<Link> {
        let mut links = vec![];
        for (lane, trunk) in self.choice.trunks.iter().enumerate() {
            let of = &self.trunks.all[*trunk];
            if let Some(cut) = of.joins.and_then(|place| stands.at(place)).filter(|cut| self.is_step(*cut)) {
                self.edges.insert((cut, self.of_lane[lane][0]));
            }
            for stop in self.of_lane[lane].iter().filter(|stop| self.is_step(**stop)) {
                for (_, side) in of.sides_of(self.raw[*stop].span.0) {
                    let Some(from) = self.trunks.places.get(side).and_then(|place| stands.at(*place)) else {
                        continue;
                    };
                    links.push(Link { from, to: *stop });
                }
            }
        }
        let both = links.iter().filter(|link| self.is_step(link.from));
        self.edges.extend(both.map(|link| (link.from, link.to)).collect::<Vec<_>>());
        links
    }

    /// Folded releases stand behind what the last of them was cut from, or is tagged on.
    fn add_folded(&mut self, releases: &[ReleaseStatus], stands: &Stands) {
        for group in &self.choice.folded {
            let of = releases.iter().filter(|release| group.contains(&release.release));
            let behind = of.filter_map(|release| self.stands_on(release, stands)).max_by_key(|stop| {
                let raw = &self.raw[*stop];
                (raw.date, raw.span)
            });
            let span = (group[0], group[group.len() - 1]);
            let date = behind.map_or(0, |stop| self.raw[stop].date);
            let stop = self.add(None, What::Releases { span, count: group.len() }, (0, 0), date);
            let Some(behind) = behind else { continue };
            self.edges.insert((behind, stop));
            let lane = self.raw[behind].stop.lane.map(|lane| &self.of_lane[lane]);
            let next = lane.and_then(|lane| {
                let at = lane.iter().position(|other| *other == behind)?;
                lane.get(at + 1).copied()
            });
            self.edges.extend(next.map(|next| (stop, next)));
        }
    }

    fn stands_on(&self, release: &ReleaseStatus, stands: &Stands) -> Option<usize> {
        if let Some(trunk) = self.trunks.of_release(release.release) {
            return stands.at(self.trunks.all[trunk].joins?);
        }
        let commit = release.versions.iter().rev().find_map(|version| version.commit)?;
        stands.at(self.trunks.place_for(release.release, commit)?)
    }

    fn mark_tags(&mut self, releases: &[ReleaseStatus], stands: &Stands) {
        for release in releases.iter().filter(|release| self.choice.shown.contains(&release.release)) {
            for version in &release.versions {
                let place = version.commit.and_then(|commit| self.trunks.place_for(release.release, commit));
                let stop = place.and_then(|place| stands.at(place)).filter(|stop| self.is_step(*stop));
                let mark = tag_mark(version, self.source.policy.confirmation.required());
                if let Some(stop) = stop {
                    self.raw[stop].stop.tags.push(mark);
                }
            }
        }
    }

    fn mark_findings(&mut self, spots: &Spots, stands: &Stands) {
        for (finding, spot) in spots.iter() {
            let stop = match spot {
                Spot::At(place) => stands.at(*place).or_else(|| self.group_of(self.release_at(*place)?)),
                Spot::Release(release) => self.group_of(*release),
                Spot::Branch(_) | Spot::Nowhere => None,
            };
            if let Some(stop) = stop {
                self.raw[stop].stop.findings.push(finding);
            }
        }
    }

    fn release_at(&self, place: Place) -> Option<Release> {
        self.trunks.all[place.trunk].line.release()
    }

    fn group_of(&self, release: Release) -> Option<usize> {
        self.raw.iter().position(|raw| match raw.stop.what {
            What::Releases { span: (first, last), .. } => (first..=last).contains(&release),
            _ => false,
        })
    }

    /// Returns for each stop its column.
    fn order(&self) -> Vec<usize> {
        let mut waits = vec![0_usize; self.raw.len()];
        let mut next: Vec<Vec<usize>> = vec![vec![]; self.raw.len()];
        for (from, to) in &self.edges {
            waits[*to] += 1;
            next[*from].push(*to);
        }
        let ready = |stop: usize| Reverse((self.raw[stop].date, stop));
        let mut heap: BinaryHeap<_> = (0..self.raw.len()).filter(|at| waits[*at] == 0).map(ready).collect();
        let mut column = vec![usize::MAX; self.raw.len()];
        let mut columns = 0;
        while let Some(Reverse((_, stop))) = heap.pop() {
            column[stop] = columns;
            columns += 1;
            for after in &next[stop] {
                waits[*after] -= 1;
                if waits[*after] == 0 {
                    heap.push(ready(*after));
                }
            }
        }
        // A replaced object can make a circle of a history; what is in it comes last.
        for at in column.iter_mut().filter(|at| **at == usize::MAX) {
            *at = columns;
            columns += 1;
        }
        column
    }

    fn finish(self, releases: &[ReleaseStatus], stands: &Stands, links: &[Link], order: &[usize]) -> Flow {
        let mut flow = Flow::default();
        for (lane, trunk) in self.choice.trunks.iter().enumerate() {
            let of = &self.trunks.all[*trunk];
            let status = releases.iter().find(|release| LineId::Release(release.release) == of.line);
            flow.lanes.push(Lane {
                line: of.line,
                name: of.name.short(),
                state: status.map(|status| status.state),
                gone: of.gone,
                cut: of.joins.and_then(|place| stands.at(place)),
                stops: self.of_lane[lane].iter().map(|stop| order[*stop]).collect(),
            });
        }
        let moved = links.iter().map(|link| Link { from: order[link.from], to: order[link.to] });
        flow.links = moved.filter(|link| link.from < link.to).collect();
        let mut stops: Vec<(usize, Stop)> =
            order.iter().copied().zip(self.raw.into_iter().map(|raw| raw.stop)).collect();
        stops.sort_by_key(|(column, _)| *column);
        flow.stops = stops.into_iter().map(|(_, stop)| stop).collect();
        flow
    }
}

fn tag_mark(version: &VersionStatus, confirms: bool) -> TagMark {
    let rolled_back = |standing: &&crate::facts::Standing| !standing.deployed;
    let words = version.standings.iter().map(|standing| {
        let verb = if standing.deployed { "runs in" } else { "rolled back in" };
        let by = if standing.by.is_empty() { String::new() } else { format!(", by {}", standing.by) };
        let why = standing.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        escape(format!("{verb} {}{by}{why}", standing.environment).as_bytes())
    });
    TagMark {
        name: version.tag.clone(),
        confirmed: confirms && version.proof == Proof::Confirmed,
        rolled_back: matches!(version.proof, Proof::RolledBack(_))
            || version.standings.iter().find(rolled_back).is_some(),
        words: words.collect(),
    }
}
