//! The dates along a trunk: read when they are asked for, and searched backwards.

use std::cell::RefCell;

use crate::history::{Answer, Seconds};

/// Dates of the commits of a trunk, as claimed.
pub(super) struct Dates {
    blocks: RefCell<Vec<Option<Block>>>,
    len: usize,
}

struct Block {
    dates: Vec<Seconds>,
    earliest: Seconds,
}

/// How many dates are read at once.
const BLOCK: usize = 256;

impl Dates {
    pub(super) fn new(len: usize) -> Self {
        let blocks = (0..len.div_ceil(BLOCK)).map(|_| None).collect();
        Self { blocks: RefCell::new(blocks), len }
    }

    /// Returns the date at a place.
    pub(super) fn at(&self, at: u32, read: impl Fn(u32) -> Answer<Seconds>) -> Answer<Seconds> {
        let at = at as usize;
        self.in_block(at / BLOCK, read, |block| block.dates[at % BLOCK])
    }

    /// Returns the last place from `lowest` up to `from` whose date is not after `date`; `lowest`
    /// where there is none.
    pub(super) fn last_until(
        &self,
        date: Seconds,
        lowest: u32,
        from: u32,
        read: impl Fn(u32) -> Answer<Seconds>,
    ) -> Answer<u32> {
        let mut at = from as usize;
        while at > lowest as usize {
            let block = at / BLOCK;
            let found = self.in_block(block, &read, |known| {
                if known.earliest > date {
                    return None;
                }
                known.dates[..=at % BLOCK].iter().rposition(|one| *one <= date)
            })?;
            if let Some(found) = found {
                let found = u32::try_from(block * BLOCK + found).expect("places are u32");
                return Ok(found.max(lowest));
            }
            let Some(below) = (block * BLOCK).checked_sub(1) else { break };
            at = below;
        }
        Ok(lowest)
    }

    fn in_block<T>(
        &self,
        block: usize,
        read: impl Fn(u32) -> Answer<Seconds>,
        ask: impl FnOnce(&Block) -> T,
    ) -> Answer<T> {
        let mut blocks = self.blocks.borrow_mut();
        if let Some(known) = &blocks[block] {
            return Ok(ask(known));
        }
        let places = block * BLOCK..self.len.min((block + 1) * BLOCK);
        let places = places.map(|at| u32::try_from(at).expect("places are u32"));
        let dates = places.map(read).collect::<Answer<Vec<_>>>()?;
        let earliest = dates.iter().copied().min().unwrap_or(Seconds::MIN);
        Ok(ask(blocks[block].insert(Block { dates, earliest })))
    }
}
