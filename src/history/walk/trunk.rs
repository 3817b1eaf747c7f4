//! First-parent chains: where two meet, and whether a commit is on one.

use std::collections::HashSet;

use super::{Answer, Commits, Oid, Step, Unreadable, Walk};

impl<C: Commits> Walk<C> {
    /// Returns the newest commit on the trunk of `tip` that is on the trunk of `other` as well.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>> {
        self.answer(|| {
            let met = self.meet(self.asked(&tip)?, self.asked(&other)?)?;
            Ok(met.map(|commit| self.id(commit)))
        })
    }

    /// Whether `commit` is on the trunk of `tip`.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn on_trunk(&self, commit: Oid, tip: Oid) -> Answer<bool> {
        self.answer(|| {
            let commit = self.asked(&commit)?;
            let floor = self.level(commit);
            self.parents_into(commit, &mut vec![])?;
            let mut at = Some(self.asked(&tip)?);
            while let Some(here) = at {
                if here == commit {
                    return Ok(true);
                }
                // All ancestors of what has a level have one, and a lower one.
                let level = self.level(here);
                if level > 0 && (floor == 0 || level <= floor) {
                    self.parents_into(here, &mut vec![])?;
                    return Ok(false);
                }
                at = self.first_parent(here)?;
            }
            Ok(false)
        })
    }

    /// Where both have a row the higher one steps down, so neither passes the other. Without
    /// levels both step in turn and remember where they were: what the second of them finds is
    /// the first commit that both pass, for below it the chains are one.
    fn meet(&self, tip: u32, other: u32) -> Step<Option<u32>> {
        let mut ends = [Some(tip), Some(other)];
        let mut passed = [HashSet::new(), HashSet::new()];
        let mut turn = 0;
        let mut boundary = None;
        loop {
            let side = match ends {
                [None, None] => return boundary.map_or(Ok(None), |why: Unreadable| Err(why.into())),
                [Some(a), Some(b)] if a == b => {
                    // A commit that is not there is on no trunk.
                    self.parents_into(a, &mut vec![])?;
                    return Ok(Some(a));
                }
                [Some(_), None] => 0,
                [None, Some(_)] => 1,
                [Some(a), Some(b)] => match (self.level(a), self.level(b)) {
                    (0, 0) => {
                        turn = 1 - turn;
                        turn
                    }
                    // A commit without a level is not among the ancestors of one that has one.
                    (0, _) => 0,
                    (_, 0) => 1,
                    (a, b) => usize::from(a < b),
                },
            };
            let at = ends[side].expect("the side with a commit was chosen");
            if passed[1 - side].contains(&at) {
                return Ok(Some(at));
            }
            if self.level(at) == 0 || ends[1 - side].is_none() {
                passed[side].insert(at);
            }
            ends[side] = match self.first_parent(at) {
                Err(super::Stop::Unreadable(why @ Unreadable::Shallow(_))) => {
                    boundary = Some(why);
                    None
                }
                next => next?,
            };
        }
    }

    fn first_parent(&self, commit: u32) -> Step<Option<u32>> {
        let mut parents = vec![];
        self.parents_into(commit, &mut parents)?;
        let Some(&first) = parents.first() else { return Ok(None) };
        if self.commits.is_shallow() && self.commits.is_boundary(&self.id(commit)) {
            return Err(Unreadable::Shallow(self.id(commit)).into());
        }
        self.sound_level(first)?;
        Ok(Some(first))
    }
}
