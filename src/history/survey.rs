//! A whole history read once and numbered, for those who ask about every commit of it.

use super::{Oid, Seconds};

/// Every commit that some tips reach, numbered so that parents come before their children.
#[derive(Debug, Default)]
pub struct Survey {
    ids: Vec<Oid>,
    /// The dates that were at hand; 0: not known here.
    dates: Vec<u32>,
    /// Where the parents of a commit begin in `parents`.
    starts: Vec<u32>,
    parents: Vec<u32>,
    table: Vec<u32>,
    cut_off: bool,
}

/// No commit has this number.
const NONE: u32 = u32::MAX;

impl Survey {
    /// Returns an empty survey with room for so many commits.
    pub(super) fn of(commits: usize) -> Self {
        assert!(u32::try_from(commits).is_ok_and(|commits| commits < NONE), "commits have u32 numbers");
        let slots = (commits * 2).next_power_of_two().max(2);
        Self {
            ids: Vec::with_capacity(commits),
            dates: Vec::with_capacity(commits),
            starts: Vec::with_capacity(commits + 1),
            parents: Vec::with_capacity(commits),
            table: vec![NONE; slots],
            cut_off: false,
        }
    }

    /// Adds a commit whose parents are there already, with its date where that is at hand.
    pub(super) fn push(&mut self, id: Oid, date: Option<Seconds>, parents: impl IntoIterator<Item = u32>) {
        let number = count(self.ids.len());
        let slot = self.slot(&id);
        self.table[slot] = number;
        self.ids.push(id);
        self.dates.push(date.and_then(|date| u32::try_from(date).ok()).unwrap_or(0));
        self.starts.push(count(self.parents.len()));
        self.parents.extend(parents);
    }

    /// Says that the history goes on where it is not known.
    pub(super) fn stops_early(&mut self) {
        self.cut_off = true;
    }

    /// Returns how many commits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether some commits have parents that are not known here: the clone is shallow.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// Returns the commit of a number.
    #[must_use]
    pub fn id(&self, number: u32) -> Oid {
        self.ids[number as usize]
    }

    /// Returns the committer's date, as claimed; `None`: it is not known here.
    #[must_use]
    pub fn date(&self, number: u32) -> Option<Seconds> {
        Some(Seconds::from(self.dates[number as usize])).filter(|date| *date > 0)
    }

    /// Whether a commit has this number.
    #[must_use]
    pub fn is(&self, number: u32, id: &Oid) -> bool {
        self.ids[number as usize] == *id
    }

    /// Returns the number of a commit.
    #[must_use]
    pub fn number(&self, id: &Oid) -> Option<u32> {
        Some(self.table[self.slot(id)]).filter(|number| *number != NONE)
    }

    /// Returns the parents of a commit, first parent first; all have lower numbers.
    #[must_use]
    pub fn parents(&self, number: u32) -> &[u32] {
        let at = number as usize;
        let end = self.starts.get(at + 1).map_or(self.parents.len(), |end| *end as usize);
        &self.parents[self.starts[at] as usize..end]
    }

    /// Returns where `id` is in the table, or would be.
    fn slot(&self, id: &Oid) -> usize {
        let mask = self.table.len() - 1;
        let first = id.as_slice().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let mut slot = usize::try_from(first & mask as u64).unwrap_or(0);
        while self.table[slot] != NONE && self.ids[self.table[slot] as usize] != *id {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// Returns a count as a number.
fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a survey is made for no more commits and parents than u32 can count")
}
