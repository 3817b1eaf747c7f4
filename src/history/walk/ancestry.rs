//! Whether one commit is an ancestor of another, and the best common ancestors of two.

use std::collections::BinaryHeap;

use super::{Answer, Commits, Oid, Step, Walk};

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
        let mut paint = self.colours::<u8>();
        let mut queue = BinaryHeap::new();
        let mut fresh = 0_usize;
        let mut common = vec![];
        let mut parents = vec![];
        for (commit, colour) in [(a, A), (b, B)] {
            let known = paint.at(commit);
            if *known & QUEUED == 0 {
                queue.push((key(commit)?, commit));
                fresh += 1;
            }
            *paint.at(commit) |= colour | QUEUED;
        }
        while fresh > 0 {
            let (_, commit) = queue.pop().expect("what is not stale is queued");
            let known = paint.at(commit);
            *known &= !QUEUED;
            let mut colours = *known & (A | B | STALE);
            fresh -= usize::from(colours & STALE == 0);
            if colours == A | B {
                if *known & COMMON == 0 {
                    *known |= COMMON;
                    common.push(commit);
                }
                colours |= STALE;
            }
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                let known = *paint.at(parent);
                if known & colours == colours {
                    continue;
                }
                *paint.at(parent) |= colours | QUEUED;
                let was_fresh = known & (QUEUED | STALE) == QUEUED;
                let is_fresh = (known | colours) & STALE == 0;
                if known & QUEUED == 0 {
                    queue.push((key(parent)?, parent));
                }
                fresh = fresh + usize::from(is_fresh) - usize::from(was_fresh);
            }
        }
        common.retain(|commit| paint.get(*commit) & STALE == 0);
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

const DEEP_STEPS: usize = 64;

const A: u8 = 1;
const B: u8 = 2;
const STALE: u8 = 4;
const COMMON: u8 = 8;
const QUEUED: u8 = 16;
