//! A history seen from its lines: which line took a commit in, and at which step.
//!
//! A *lane* is a first-parent chain: a line's trunk, or the chain of a topic or tag that stands
//! beside every line. Its places count from where it leaves another lane (or begins), and each
//! commit knows the lanes that took it in themselves. What a lane has from below, from where it
//! left another lane or by merging one, it has from that lane's place on. So whether a commit is
//! among the ancestors of another is a look at a short list, not a walk.

use std::cell::{Cell, RefCell};
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use crate::history::{Answer, History, Oid, Survey};

/// A place on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lane: u32,
    pub(super) at: u32,
}

/// A first-parent chain.
struct Lane {
    /// The chain, oldest first; the first commit may belong to the lane below.
    trunk: Vec<u32>,
    /// Where in the list of what was taken in each place begins.
    begins: Vec<u32>,
    /// Where the chain leaves another lane.
    base: Option<Place>,
    /// Whether all that lies above the base was taken in by the lane itself, as lines do.
    whole: bool,
    /// From which place on the lane has another lane, and up to where; in the order of the places.
    below: Vec<(u32, Place)>,
}

/// That a lane took a commit in.
#[derive(Clone, Copy)]
struct Taken {
    commit: u32,
    place: Place,
    /// The next lane that took the same commit in.
    next: u32,
}

const NONE: u32 = u32::MAX;
const NOWHERE: Place = Place { lane: NONE, at: NONE };

/// The history and its lanes.
pub(super) struct Chart<'a> {
    pub(super) history: &'a dyn History,
    pub(super) survey: Survey,
    lanes: Vec<Lane>,
    taken: Vec<Taken>,
    /// Per commit: the last lane that took it in, by its place in `taken`.
    takers: Vec<u32>,
    /// Per commit: where it stands on a lane's chain.
    places: Vec<Place>,
    marks: RefCell<Marks>,
    /// The number that was asked for last.
    last: Cell<u32>,
    pub(super) known: super::answers::Known,
}

/// Which commits one walk has met.
#[derive(Default)]
struct Marks {
    of: Vec<u32>,
    walk: u32,
}

impl Marks {
    fn begin(&mut self, commits: usize) {
        self.of.resize(commits, 0);
        self.walk = self.walk.checked_add(1).unwrap_or_else(|| {
            self.of.fill(0);
            1
        });
    }

    fn meet(&mut self, commit: u32) -> bool {
        std::mem::replace(&mut self.of[commit as usize], self.walk) != self.walk
    }
}

/// What some commits contain: per lane up to which place, and commits on no lane.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// One more than the place; 0: nothing of the lane.
    upto: Vec<u32>,
    beside: HashSet<u32>,
}

impl Content {
    /// Returns one more than the place up to which the lane is contained; 0: nothing of it.
    pub(super) fn upto(&self, lane: u32) -> u32 {
        self.upto.get(lane as usize).copied().unwrap_or(0)
    }

    /// Returns how much it is to keep.
    pub(super) fn size(&self) -> usize {
        self.upto.len() + 4 * self.beside.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.beside.is_empty() && self.upto.iter().all(|upto| *upto == 0)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("there are fewer lanes, places and commits than u32 can count")
}

impl<'a> Chart<'a> {
    /// Reads all that `tips` reach.
    pub(super) fn read(history: &'a dyn History, tips: &[Oid]) -> Answer<Self> {
        let survey = history.survey(tips)?;
        let commits = survey.len();
        Ok(Self {
            history,
            survey,
            lanes: vec![],
            taken: Vec::with_capacity(commits),
            takers: vec![NONE; commits],
            places: vec![NOWHERE; commits],
            marks: RefCell::default(),
            last: Cell::new(0),
            known: super::answers::Known::default(),
        })
    }

    /// Returns the number of a commit; what is asked for is mostly a neighbour of what was asked last.
    pub(super) fn number(&self, id: &Oid) -> Option<u32> {
        let last = self.last.get();
        let near = [last.wrapping_sub(1), last.wrapping_add(1)];
        let is_it = |number: &u32| (*number as usize) < self.survey.len() && self.survey.is(*number, id);
        let number = near.into_iter().find(is_it).or_else(|| self.survey.number(id))?;
        self.last.set(number);
        Some(number)
    }

    /// Returns the chain of a lane, oldest first.
    pub(super) fn trunk(&self, lane: u32) -> &[u32] {
        &self.lanes[lane as usize].trunk
    }

    pub(super) fn lanes(&self) -> u32 {
        count(self.lanes.len())
    }

    /// Returns where a commit stands on a lane's chain.
    pub(super) fn place(&self, commit: u32) -> Option<Place> {
        Some(self.places[commit as usize]).filter(|place| *place != NOWHERE)
    }

    /// Returns the places of the lanes that took a commit in themselves.
    pub(super) fn takers(&self, commit: u32) -> impl Iterator<Item = Place> {
        let mut next = self.takers[commit as usize];
        std::iter::from_fn(move || {
            let taken = self.taken.get(next as usize)?;
            next = taken.next;
            Some(taken.place)
        })
    }

    /// Returns at which place the lane itself took a commit in.
    pub(super) fn taken_at(&self, lane: u32, commit: u32) -> Option<u32> {
        self.takers(commit).find(|place| place.lane == lane).map(|place| place.at)
    }

    /// Returns what the lane took in at a place, in no particular order.
    pub(super) fn taken(&self, place: Place) -> impl Iterator<Item = u32> {
        let lane = &self.lanes[place.lane as usize];
        let at = place.at as usize;
        let end = lane.begins[at + 1] as usize;
        self.taken[lane.begins[at] as usize..end].iter().map(|taken| taken.commit)
    }

    /// Adds the lane of a line: its chain down to `cut`, or to where it begins. It counts
    /// everything that it took in, whichever lanes had it before.
    pub(super) fn add_line(&mut self, tip: u32, cut: Option<u32>) -> u32 {
        let mut trunk = vec![tip];
        while let Some(&at) = trunk.last().filter(|at| Some(**at) != cut) {
            let Some(&parent) = self.survey.parents(at).first() else { break };
            trunk.push(parent);
        }
        trunk.reverse();
        let base = self.place(trunk[0]);
        self.add_lane(trunk, base, true)
    }

    /// Notes which lines have which up to where, once all are added.
    pub(super) fn link_lines(&mut self) {
        for lane in 0..self.lanes.len() {
            let mut below: Vec<(u32, Place)> = vec![];
            for at in 0..count(self.lanes[lane].trunk.len()) {
                let here = below.len();
                for commit in self.taken(Place { lane: count(lane), at }) {
                    for other in self.takers(commit).filter(|other| other.lane as usize != lane) {
                        if self.trunk(other.lane)[other.at as usize] != commit {
                            continue;
                        }
                        match below[here..].iter_mut().find(|(_, known)| known.lane == other.lane) {
                            Some((_, known)) => known.at = known.at.max(other.at),
                            None => below.push((at, other)),
                        }
                    }
                }
            }
            self.lanes[lane].below.extend(below);
        }
    }

    /// Adds the lane of something that stands beside the lines, if it has a chain of its own.
    pub(super) fn add_beside(&mut self, tip: u32) {
        let mut trunk = vec![];
        let mut at = Some(tip);
        while let Some(commit) = at.filter(|commit| self.place(*commit).is_none()) {
            trunk.push(commit);
            at = self.survey.parents(commit).first().copied();
        }
        if trunk.is_empty() {
            return;
        }
        trunk.reverse();
        let base = at.and_then(|at| self.place(at));
        self.add_lane(trunk, base, false);
    }

    fn add_lane(&mut self, trunk: Vec<u32>, base: Option<Place>, whole: bool) -> u32 {
        let number = count(self.lanes.len());
        let mut lane = Lane { trunk: vec![], begins: vec![], base, whole, below: vec![] };
        let mut content = Content::default();
        if let Some(base) = base {
            lane.below.push((0, base));
            self.climb(base, &mut content);
        }
        for (at, &commit) in (0..).zip(&trunk) {
            lane.begins.push(count(self.taken.len()));
            self.take_in(Place { lane: number, at }, commit, whole, &mut lane.below, &mut content);
        }
        lane.begins.push(count(self.taken.len()));
        for (at, &commit) in (0..).zip(&trunk) {
            let place = &mut self.places[commit as usize];
            if *place == NOWHERE {
                *place = Place { lane: number, at };
            }
        }
        lane.trunk = trunk;
        self.lanes.push(lane);
        number
    }

    /// Enters all that `commit` brings to a lane at a place. Where it is not to be `whole`, what
    /// other lanes have up to one of their places is entered as that place alone; from the highest
    /// number down, such a place is met before anything below it.
    fn take_in(
        &mut self,
        place: Place,
        commit: u32,
        whole: bool,
        below: &mut Vec<(u32, Place)>,
        content: &mut Content,
    ) {
        let mut todo = BinaryHeap::from([commit]);
        while let Some(commit) = todo.pop() {
            let last = self.takers[commit as usize];
            let again = self.taken.get(last as usize).is_some_and(|taken| taken.place.lane == place.lane);
            if again || self.has(content, commit) {
                continue;
            }
            if let Some(met) = self.place(commit).filter(|_| !whole) {
                below.push((place.at, met));
                self.climb(met, content);
                continue;
            }
            self.takers[commit as usize] = count(self.taken.len());
            self.taken.push(Taken { commit, place, next: last });
            todo.extend(self.survey.parents(commit));
        }
    }

    /// Adds what a lane has up to a place.
    fn climb(&self, place: Place, content: &mut Content) {
        let mut todo = vec![place];
        while let Some(place) = todo.pop() {
            let lane = place.lane as usize;
            if content.upto.len() <= lane {
                content.upto.resize(self.lanes.len().max(lane + 1), 0);
            }
            let known = content.upto[lane];
            if known > place.at {
                continue;
            }
            content.upto[lane] = place.at + 1;
            // What the lane has from below up to the place that was known is known. The newest comes
            // next: whatever is older is part of it, as a rule.
            let below = &self.lanes[lane].below;
            let begin = below.partition_point(|(from, _)| *from < known);
            let end = below.partition_point(|(from, _)| *from <= place.at);
            todo.extend(below[begin..end].iter().map(|(_, below)| *below));
        }
    }

    /// Whether `commit` is part of `content`.
    pub(super) fn has(&self, content: &Content, commit: u32) -> bool {
        self.takers(commit).any(|place| content.upto(place.lane) > place.at)
            || content.beside.contains(&commit)
    }

    #[cfg(test)]
    pub(super) fn begins_whole(&self, lane: u32) -> bool {
        self.lanes[lane as usize].whole
    }

    /// Whether a place is a step of a line: what the lane took in there is all that is new.
    pub(super) fn is_line(&self, place: Place) -> bool {
        place.at > 0 && self.lanes[place.lane as usize].whole
    }

    /// Whether a line has `commit` up to a place; `None`: it is no line's lane.
    pub(super) fn line_has(&self, place: Place, commit: u32) -> Option<bool> {
        let mut place = place;
        loop {
            if self.taken_at(place.lane, commit).is_some_and(|taken| taken <= place.at) {
                return Some(true);
            }
            place = match &self.lanes[place.lane as usize] {
                Lane { whole: false, .. } => return None,
                Lane { base: Some(base), .. } => *base,
                Lane { base: None, .. } => return Some(false),
            };
        }
    }

    /// Returns what `tips` and all their ancestors are.
    pub(super) fn content(&self, tips: impl IntoIterator<Item = u32>) -> Content {
        let mut content = Content::default();
        tips.into_iter().for_each(|tip| self.add_content(tip, &mut content));
        content
    }

    /// Adds a tip and all its ancestors.
    fn add_content(&self, tip: u32, content: &mut Content) {
        let mut todo = BinaryHeap::from([tip]);
        while let Some(commit) = todo.pop() {
            if self.has(content, commit) {
                continue;
            }
            if let Some(place) = self.place(commit) {
                self.climb(place, content);
            } else {
                content.beside.insert(commit);
                todo.extend(self.survey.parents(commit));
            }
        }
    }

    /// Returns what is reachable from `tips` as far as `wanted` lets it, children before parents,
    /// in the order that every history lists commits in.
    pub(super) fn listed(&self, tips: &[u32], wanted: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut marks = self.marks.borrow_mut();
        marks.begin(self.survey.len());
        let order = crate::history::children_first(
            tips,
            |commit| wanted(commit) && marks.meet(commit),
            |commit, parents| {
                parents.extend(self.survey.parents(commit));
                Ok::<(), std::convert::Infallible>(())
            },
        );
        order.unwrap_or_else(|never| match never {})
    }

    /// Returns the commit itself, or the newest one below it on its first-parent chain, whose
    /// number is not above `most`.
    pub(super) fn down_to(&self, commit: u32, most: u32) -> Option<u32> {
        let mut at = commit;
        while at > most {
            let on_lane = self.place(at).map(|place| &self.trunk(place.lane)[..=place.at as usize]);
            at = match on_lane {
                Some(chain) if chain[0] <= most => chain[chain.partition_point(|commit| *commit <= most) - 1],
                Some(chain) if chain[0] < at => chain[0],
                _ => *self.survey.parents(at).first()?,
            };
        }
        Some(at)
    }

    /// Returns what `tips` contain. The newest contains most of it, and is asked for with others.
    pub(super) fn contents_of(&self, tips: &[u32]) -> Rc<Content> {
        self.known.content(tips, || {
            let Some(newest) = tips.iter().copied().max() else { return Content::default() };
            let mut content = Content::clone(&self.known.content_of_one(newest, || self.content([newest])));
            for tip in tips {
                self.add_content(*tip, &mut content);
            }
            content
        })
    }
}
