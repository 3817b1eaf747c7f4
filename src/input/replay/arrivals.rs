//! When refs arrived, as the event log of a server has it: that decides where dates only claim.

use std::collections::HashMap;

use super::scene::{Scene, Trunk};
use crate::history::{Oid, RefName};

/// What a server's event log says of the pushes that came.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    pushes: HashMap<(RefName, Oid), Arrival>,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    push: u64,
    old: Option<Oid>,
}

impl Arrivals {
    /// Adds an update of the push that came `push`th. What came before counts.
    pub fn add(&mut self, push: u64, name: RefName, old: Option<Oid>, new: Oid) {
        self.pushes.entry((name, new)).or_insert(Arrival { push, old });
    }

    fn of(&self, name: &RefName, new: Oid) -> Option<Arrival> {
        self.pushes.get(&(name.clone(), new)).copied()
    }
}

impl Scene<'_> {
    /// Returns the push that made a tag, if the log has it.
    pub(super) fn tag_arrival(&self, tag: usize) -> Option<u64> {
        let entry = &self.tags[tag].entry;
        Some(self.arrivals?.of(&entry.name, entry.id)?.push)
    }

    /// Returns the push that brought a step of a trunk, if the log has it.
    pub(super) fn step_arrival(&self, trunk: &Trunk, at: u32) -> Option<u64> {
        self.arrivals.filter(|arrivals| !arrivals.pushes.is_empty())?;
        trunk.arrivals.get_or_init(|| self.arrivals_along(trunk))[at as usize]
    }

    /// A push brought every step above where the line stood before it.
    fn arrivals_along(&self, trunk: &Trunk) -> Vec<Option<u64>> {
        let chain = self.chart.trunk(trunk.lane);
        let mut found = vec![None; chain.len()];
        for (at, commit) in chain.iter().enumerate() {
            let id = self.chart.survey.id(*commit);
            let arrival = self.arrivals.and_then(|arrivals| arrivals.of(&trunk.name, id));
            let Some(Arrival { push, old: Some(old) }) = arrival else { continue };
            let below = self.chart.number(&old).and_then(|old| chain[..at].binary_search(&old).ok());
            if let Some(below) = below {
                found[below + 1..=at].fill(Some(push));
            }
        }
        found
    }
}
