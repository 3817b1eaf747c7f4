//! Whether one commit is an ancestor of another, and the best common ancestors of two.

use std::collections::BinaryHeap;

use super::{Answer, Colours, Commits, Oid, Step, Stop, Unreadable, Walk};

impl<C: Commits> Walk<C> {
    /// Whether `ancestor` is reachable from `descendant`.
    ///
    /// # Errors
    /// Where a commit between the two cannot be read.
    pub fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        if self.commits.is_shallow() {
            return self.shallow_is_ancestor(ancestor, descendant);
        }
        self.answer(|| self.reaches(&[self.asked(&descendant)?], self.asked(&ancestor)?))
    }

    /// Returns the best common ancestors of `a` and `b`, sorted by id.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        if self.commits.is_shallow() {
            return self.shallow_merge_bases(a, b);
        }
        self.answer(|| {
            let bases = self.best_common(self.asked(&a)?, self.asked(&b)?)?;
            let mut bases: Vec<Oid> = bases.into_iter().map(|base| self.id(base)).collect();
            bases.sort();
            Ok(bases)
        })
    }

    /// Whether `target` is one of `from` or an ancestor of one.
    ///
    /// What has a level is searched depth first down to the level of the target. The rest is read
    /// in the order of dates, for that finds a near ancestor soon; no date excludes a commit.
    pub(super) fn reaches(&self, from: &[u32], target: u32) -> Step<bool> {
        if from.contains(&target) {
            // A commit that is not there is nobody's ancestor, not even its own.
            self.parents_into(target, &mut vec![])?;
            return Ok(true);
        }
        let floor = self.level(target);
        if floor == 0 && self.rows.get() == 0 && self.is_there(target)? {
            return self.reaches_by_paint(from, target);
        }
        let mut seen = self.colours::<bool>();
        let mut deep = vec![];
        let mut wide = BinaryHeap::new();
        let mut parents = vec![];
        for &commit in from {
            self.sort_in(commit, floor, &mut seen, &mut deep, &mut wide)?;
        }
        loop {
            // Many steps down the table cost what one commit costs to read.
            for _ in 0..DEEP_STEPS {
                let Some(commit) = deep.pop() else { break };
                parents.clear();
                self.parents_into(commit, &mut parents)?;
                for &parent in parents.iter().rev() {
                    if parent == target {
                        return Ok(true);
                    }
                    if !std::mem::replace(seen.at(parent), true) && self.sound_level(parent)? > floor {
                        deep.push(parent);
                    }
                }
            }
            let Some((_, commit)) = wide.pop() else {
                if deep.is_empty() {
                    return Ok(false);
                }
                continue;
            };
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                if parent == target {
                    return Ok(true);
                }
                self.sort_in(parent, floor, &mut seen, &mut deep, &mut wide)?;
            }
        }
    }

    /// Whether `commit` can be read; only what is missing cannot be without being damaged.
    fn is_there(&self, commit: u32) -> Step<bool> {
        match self.date(commit) {
            Ok(_) => Ok(true),
            Err(Stop::Unreadable(Unreadable::Missing(_))) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    /// [`Self::reaches`] where no level says how far down to look: from both sides, newest first.
    ///
    /// What `target` has as well is *stale*, for it cannot have the target as an ancestor itself. A
    /// new paint is passed on however late it comes, so that the walk ends when all that is left is
    /// stale, and dates change how long it takes and nothing else.
    fn reaches_by_paint(&self, from: &[u32], target: u32) -> Step<bool> {
        let mut painting = Painting::new(self.colours());
        for (commit, colour) in from.iter().map(|commit| (*commit, A)).chain([(target, B)]) {
            painting.add(commit, colour, || self.date(commit))?;
        }
        let mut parents = vec![];
        while let Some((commit, paint)) = painting.next() {
            let colours = passed_on(paint);
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                if parent == target && colours & A != 0 {
                    return Ok(true);
                }
                painting.add(parent, colours, || self.date(parent))?;
            }
        }
        Ok(false)
    }

    /// Puts a commit where it will be searched, if it can have the target as an ancestor at all:
    /// all ancestors of what has a level have one, and a lower one.
    fn sort_in(
        &self,
        commit: u32,
        floor: u32,
        seen: &mut super::Colours<bool>,
        deep: &mut Vec<u32>,
        wide: &mut BinaryHeap<(i64, u32)>,
    ) -> Step<()> {
        if std::mem::replace(seen.at(commit), true) {
            return Ok(());
        }
        match self.sound_level(commit)? {
            0 => wide.push((self.date(commit)?, commit)),
            level if floor > 0 && level > floor => deep.push(commit),
            _ => {}
        }
        Ok(())
    }

    /// Returns the best common ancestors.
    ///
    /// Both commits paint their ancestors; what gets both paints is common, and what lies below
    /// it is *stale*. A commit that gets a new paint late passes it on again, so the order of the
    /// walk changes how long it takes and nothing else: it ends when all that is left is stale,
    /// and no path to a best common ancestor is stale. By levels nothing is ever painted late.
    fn best_common(&self, a: u32, b: u32) -> Step<Vec<u32>> {
        if self.rows.get() > 0 {
            self.find_levels(&[a, b])?;
        }
        let by_level = self.level(a) > 0 && self.level(b) > 0;
        let key = |commit: u32| -> Step<i64> {
            if by_level { Ok(i64::from(self.sound_level(commit)?)) } else { self.date(commit) }
        };
        let mut painting = Painting::new(self.colours());
        for (commit, colour) in [(a, A), (b, B)] {
            painting.add(commit, colour, || key(commit))?;
        }
        let mut common = vec![];
        let mut parents = vec![];
        while let Some((commit, paint)) = painting.next() {
            if paint & (A | B | STALE | COMMON) == A | B {
                *painting.paint.at(commit) |= COMMON;
                common.push(commit);
            }
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                painting.add(parent, passed_on(paint), || key(parent))?;
            }
        }
        common.retain(|commit| painting.paint.get(*commit) & STALE == 0);
        if by_level { Ok(common) } else { self.without_ancestors_of_others(&common) }
    }

    /// Returns `commits` without those that are ancestors of another.
    fn without_ancestors_of_others(&self, commits: &[u32]) -> Step<Vec<u32>> {
        let mut best = vec![];
        for &commit in commits {
            let mut below_another = false;
            for &other in commits {
                below_another = below_another || (other != commit && self.reaches(&[other], commit)?);
            }
            if !below_another {
                best.push(commit);
            }
        }
        Ok(best)
    }
}

/// Commits painted from two sides. What both reach is common, and what lies below that is *stale*.
struct Painting {
    paint: Colours<u8>,
    queue: BinaryHeap<(i64, u32)>,
    /// How many queued commits are not stale.
    fresh: usize,
}

impl Painting {
    fn new(paint: Colours<u8>) -> Self {
        Self { paint, queue: BinaryHeap::new(), fresh: 0 }
    }

    /// Adds colours to a commit; what gets a new one has its turn, or has it once more.
    fn add(&mut self, commit: u32, colours: u8, key: impl FnOnce() -> Step<i64>) -> Step<()> {
        let known = self.paint.get(commit);
        if known & colours == colours {
            return Ok(());
        }
        *self.paint.at(commit) |= colours | QUEUED;
        let was_fresh = known & (QUEUED | STALE) == QUEUED;
        let is_fresh = (known | colours) & STALE == 0;
        if known & QUEUED == 0 {
            self.queue.push((key()?, commit));
        }
        self.fresh = self.fresh + usize::from(is_fresh) - usize::from(was_fresh);
        Ok(())
    }

    /// Returns the next commit and its paint, unless all that is left is stale.
    fn next(&mut self) -> Option<(u32, u8)> {
        if self.fresh == 0 {
            return None;
        }
        let (_, commit) = self.queue.pop()?;
        let paint = self.paint.at(commit);
        *paint &= !QUEUED;
        self.fresh -= usize::from(*paint & STALE == 0);
        Some((commit, *paint))
    }
}

/// Returns what a commit's parents are painted with.
fn passed_on(paint: u8) -> u8 {
    let colours = paint & (A | B | STALE);
    if colours == A | B { colours | STALE } else { colours }
}

const DEEP_STEPS: usize = 64;

const A: u8 = 1;
const B: u8 = 2;
const STALE: u8 = 4;
const COMMON: u8 = 8;
const QUEUED: u8 = 16;
