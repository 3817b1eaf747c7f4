//! Where an id stands among sorted ones: ids are spread evenly, so it is near where its first bytes
//! say.

use std::cmp::Ordering;
use std::ops::Range;

use gix::oid;

/// So often a place is guessed; then what is left is halved, for ids can be made that begin alike.
const GUESSES: usize = 8;

/// Returns which of `places` has `id`, if one has; the ids `at` them are sorted.
pub(super) fn place<'a>(places: Range<u32>, id: &oid, at: impl Fn(u32) -> &'a oid) -> Option<u32> {
    let wanted = start(id);
    let Range { start: mut low, end: mut high } = places;
    // What the ids that are left can begin with.
    let (mut least, mut most) = (0, u64::MAX);
    let mut guesses = 0;
    while low < high {
        let left = high - low;
        let share = if guesses < GUESSES { part(wanted - least, most - least, left) } else { left / 2 };
        guesses += 1;
        let middle = low + share;
        let there = at(middle);
        let begins = start(there);
        match begins.cmp(&wanted).then_with(|| there.cmp(id)) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => (low, least) = (middle + 1, begins),
            Ordering::Greater => (high, most) = (middle, begins),
        }
    }
    None
}

/// Returns the part of `all` that `step` of `steps` is: less than `all`.
fn part(step: u64, steps: u64, all: u32) -> u32 {
    let part = (step >> 32) * u64::from(all) / ((steps >> 32) + 1);
    u32::try_from(part).unwrap_or(0)
}

fn start(id: &oid) -> u64 {
    id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Oid;

    fn id(start: u64, end: u8) -> Oid {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&start.to_be_bytes());
        bytes[19] = end;
        Oid::from(bytes)
    }

    fn found(ids: &[Oid], id: &Oid) -> (Option<u32>, usize) {
        let looks = std::cell::Cell::new(0);
        let count = u32::try_from(ids.len()).unwrap();
        let place = place(0..count, id, |at| {
            looks.set(looks.get() + 1);
            &ids[at as usize]
        });
        (place, looks.get())
    }

    /// Ids as hashes are, ids that begin alike, ids at both ends, and some of each.
    fn lists() -> Vec<Vec<Oid>> {
        let even = |at: u64| at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut lists: Vec<Vec<Oid>> = vec![];
        for size in [0, 1, 2, 3, 100, 4000] {
            lists.push((0..size).map(|at| id(even(at), 0)).collect());
            lists.push((0..size).map(|at| id(0x4000_0000_0000_0000 + at / 3, (at % 3) as u8)).collect());
            lists.push((0..size).map(|at| id(if at % 2 == 0 { at } else { u64::MAX - at }, 0)).collect());
            lists.push(
                (0..size)
                    .map(|at| if at % 5 == 0 { id(even(at), 0) } else { id(7 << 40, (at % 200) as u8) })
                    .collect(),
            );
        }
        for list in &mut lists {
            list.sort_unstable();
            list.dedup();
        }
        lists
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        for ids in lists() {
            for (at, id) in ids.iter().enumerate() {
                let (place, looks) = found(&ids, id);
                assert_eq!(place, u32::try_from(at).ok());
                assert!(looks <= GUESSES + 13, "{looks} of {}", ids.len());
                let mut other = *id;
                other.as_mut_slice()[18] = 1;
                assert_eq!(found(&ids, &other).0, None);
            }
            for other in [id(0, 255), id(u64::MAX, 255), id(1 << 62, 255)] {
                assert_eq!(found(&ids, &other).0, None);
            }
        }
    }

    #[test]
    fn hashes_are_found_with_a_few_looks() {
        let ids = &lists()[20];
        assert_eq!(ids.len(), 4000);
        let looks: usize = ids.iter().map(|id| found(ids, id).1).sum();
        assert!(looks < 5 * ids.len(), "{looks}");
    }
}
