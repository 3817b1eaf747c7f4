//! Everything that some commits reach, read in one go.

use super::{Answer, Commits, Oid, Seconds, Step, Stop, Walk};
use crate::history::order::children_first;
use crate::history::survey::Survey;

impl<C: Commits> Walk<C> {
    /// Returns all that `tips` reach. Where the history is cut off, it ends.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn survey(&self, tips: &[Oid]) -> Answer<Survey> {
        self.answer(|| {
            let tips = self.all_asked(tips)?;
            let mut seen = self.colours::<bool>();
            let mut order = children_first(
                &tips,
                |commit| !std::mem::replace(seen.at(commit), true),
                |commit, parents| self.known_parents(commit, parents),
            )?;
            drop(seen);
            order.reverse();
            let mut survey = Survey::of(order.len());
            let mut numbers = self.colours::<u32>();
            let mut parents = vec![];
            for (number, &commit) in (1..).zip(&order) {
                *numbers.at(commit) = number;
                parents.clear();
                self.known_parents(commit, &mut parents)?;
                for parent in &mut parents {
                    // A parent that comes behind its child: the table goes in circles.
                    *parent = numbers.get(*parent).checked_sub(1).ok_or(Stop::Contradiction)?;
                }
                survey.push(self.id(commit), self.date_at_hand(commit), parents.drain(..));
            }
            if self.commits.is_shallow() {
                survey.stops_early();
            }
            Ok(survey)
        })
    }

    /// Returns the date of a commit that was read, or that the table has.
    fn date_at_hand(&self, commit: u32) -> Option<Seconds> {
        match commit.checked_sub(self.rows.get()) {
            None => self.commits.date_of(commit),
            Some(late) => Some(self.late.borrow().list[late as usize].date),
        }
    }

    fn known_parents(&self, commit: u32, parents: &mut Vec<u32>) -> Step<()> {
        if self.commits.is_shallow() && self.commits.is_boundary(&self.id(commit)) {
            return Ok(());
        }
        self.parents_into(commit, parents)
    }
}
