//! Which commits some tips reach and others do not, in one walk from the highest level down.

use std::collections::BinaryHeap;

use super::{Answer, Colours, Commits, Oid, Step, Walk};
use crate::history::order::children_first;

impl<C: Commits> Walk<C> {
    /// Returns what is reachable from `tips` and from none of `hidden`, children before parents.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        if self.commits.is_shallow() {
            return self.shallow_introduced(tips, hidden);
        }
        self.answer(|| {
            let (tips, hidden) = (self.all_asked(tips)?, self.all_asked(hidden)?);
            let mut wanted = match self.fresh_difference(&tips, &hidden)? {
                Some(wanted) => wanted,
                None => self.difference(&tips, &hidden)?,
            };
            let order = children_first(
                &tips,
                |commit| std::mem::replace(wanted.at(commit), false),
                |commit, parents| self.parents_into(commit, parents),
            )?;
            let ids = order.iter().map(|commit| self.id(*commit)).collect();
            self.listed.replace(order);
            Ok(ids)
        })
    }

    /// For each group of tips and each of `commits`: whether the group reaches the commit.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        if self.commits.is_shallow() {
            return self.shallow_reached(commits, groups);
        }
        self.answer(|| {
            let commits = self.all_asked(commits)?;
            let groups = groups.iter().map(|group| self.all_asked(group)).collect::<Step<Vec<_>>>()?;
            if let Some(reached) = self.fresh_reached(&commits, &groups)? {
                return Ok(reached);
            }
            let mut reached = vec![];
            for groups in groups.chunks(64) {
                let paint = self.painted(&commits, groups)?;
                let of_group =
                    |group| commits.iter().map(|commit| paint.get(*commit) >> group & 1 == 1).collect();
                reached.extend((0..groups.len()).map(of_group));
            }
            Ok(reached)
        })
    }

    /// Returns the commits that `tips` reach and `hidden` do not.
    ///
    /// By level, so that a commit's paint is final when its turn comes, and until nothing without
    /// the paint of `hidden` is left.
    fn difference(&self, tips: &[u32], hidden: &[u32]) -> Step<Colours<bool>> {
        self.find_levels(tips)?;
        self.find_levels(hidden)?;
        let mut wanted = self.colours::<bool>();
        let mut frontier = Frontier { paint: self.colours(), queue: BinaryHeap::new(), plain: 0 };
        for (commits, colour) in [(tips, TIP), (hidden, HIDDEN)] {
            for &commit in commits {
                frontier.add(self, commit, colour)?;
            }
        }
        let mut parents = vec![];
        while frontier.plain > 0 {
            let (_, commit) = frontier.queue.pop().expect("what is not hidden is queued");
            let colour = frontier.paint.get(commit);
            if colour == TIP {
                frontier.plain -= 1;
                *wanted.at(commit) = true;
            }
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                frontier.add(self, parent, colour)?;
            }
        }
        Ok(wanted)
    }

    /// Returns `commits` painted with a bit for each group that reaches them.
    fn painted(&self, commits: &[u32], groups: &[Vec<u32>]) -> Step<Colours<u64>> {
        for group in groups {
            self.find_levels(group)?;
        }
        let mut paint = self.colours::<u64>();
        let mut queue = BinaryHeap::new();
        for (bit, group) in groups.iter().enumerate() {
            for &tip in group {
                let known = paint.at(tip);
                if *known == 0 {
                    queue.push((self.level(tip), tip));
                }
                *known |= 1 << bit;
            }
        }
        // What has no level now is not an ancestor of any tip.
        let levels = commits.iter().map(|commit| self.level(*commit)).filter(|level| *level > 0);
        let Some(lowest) = levels.min() else { return Ok(paint) };
        let mut parents = vec![];
        while let Some((level, commit)) = queue.pop() {
            if level <= lowest {
                break;
            }
            let colours = paint.get(commit);
            parents.clear();
            self.parents_into(commit, &mut parents)?;
            for &parent in &parents {
                let known = paint.at(parent);
                if *known == 0 {
                    let level = self.sound_level(parent)?;
                    if level >= lowest {
                        queue.push((level, parent));
                    }
                }
                *known |= colours;
            }
        }
        Ok(paint)
    }

    /// [`Self::difference`] without levels, where the push says it all: what came with the push is
    /// an ancestor of nothing that was here before, so only the edge between the two is in doubt.
    fn fresh_difference(&self, tips: &[u32], hidden: &[u32]) -> Step<Option<Colours<bool>>> {
        let both: Vec<u32> = tips.iter().chain(hidden).copied().collect();
        if self.find_levels_within(&both, self.cheap())? {
            return Ok(None);
        }
        let (hidden, hidden_edge) = self.fresh_part(hidden, None)?;
        let settled = |commit: &u32| self.commits.is_settled(&self.id(*commit));
        if !hidden_edge.iter().all(settled) {
            return Ok(None);
        }
        let (wanted, edge) = self.fresh_part(tips, Some(&hidden))?;
        for commit in edge {
            if !self.reaches(&hidden_edge, commit)? {
                return Ok(None);
            }
        }
        Ok(Some(wanted))
    }

    /// [`Self::reached`] without levels, for commits that came with the push.
    fn fresh_reached(&self, commits: &[u32], groups: &[Vec<u32>]) -> Step<Option<Vec<Vec<bool>>>> {
        let all: Vec<u32> = groups.iter().flatten().copied().collect();
        if self.find_levels_within(&all, self.cheap())? {
            return Ok(None);
        }
        for &commit in commits {
            if !self.is_fresh(commit)? {
                return Ok(None);
            }
        }
        let mut reached = vec![];
        for group in groups {
            let (fresh, edge) = self.fresh_part(group, None)?;
            if !edge.iter().all(|commit| self.commits.is_settled(&self.id(*commit))) {
                return Ok(None);
            }
            reached.push(commits.iter().map(|commit| fresh.get(*commit)).collect());
        }
        Ok(Some(reached))
    }

    /// Returns how many commits are read to find levels before anything cleverer is tried. Above a
    /// table there are few; without one the whole history would have to be read.
    fn cheap(&self) -> usize {
        if self.rows.get() > 0 { 512 } else { 64 }
    }

    /// Returns the fresh commits that `tips` reach through fresh ones (less `hidden`), and the
    /// first commits on every path that are not fresh.
    fn fresh_part(&self, tips: &[u32], hidden: Option<&Colours<bool>>) -> Step<(Colours<bool>, Vec<u32>)> {
        let mut fresh = self.colours::<bool>();
        let mut seen = self.colours::<bool>();
        let mut edge = vec![];
        let mut todo = tips.to_vec();
        while let Some(commit) = todo.pop() {
            if std::mem::replace(seen.at(commit), true) || hidden.is_some_and(|hidden| hidden.get(commit)) {
                continue;
            }
            if self.is_fresh(commit)? {
                *fresh.at(commit) = true;
                self.parents_into(commit, &mut todo)?;
            } else {
                edge.push(commit);
            }
        }
        Ok((fresh, edge))
    }
}

/// What [`Walk::difference`] has met and not finished.
struct Frontier {
    paint: Colours<u8>,
    queue: BinaryHeap<(u32, u32)>,
    /// How many queued commits have no paint of the hidden tips.
    plain: usize,
}

impl Frontier {
    fn add<C: Commits>(&mut self, walk: &Walk<C>, commit: u32, colour: u8) -> Step<()> {
        let known = self.paint.at(commit);
        if *known == 0 {
            self.queue.push((walk.sound_level(commit)?, commit));
            self.plain += usize::from(colour == TIP);
        } else if *known == TIP && colour == HIDDEN {
            self.plain -= 1;
        }
        // What is hidden stays hidden.
        *known = (*known).max(colour);
        Ok(())
    }
}

const TIP: u8 = 1;
const HIDDEN: u8 = 2;
