//! What many commits change at the top of their trees, found on every processor: a whole history is
//! asked about at once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;

use gix::hash::Kind as Hash;

use super::objects::Objects;
use super::place::ObjectDirectories;
use super::trees;
use crate::history::{Answer, Oid};

/// The trees that a change lies between; the first may be empty.
pub(super) type Between = (Option<Oid>, Oid);

/// So many are not worth another thread, which has to open the packs again.
const FEW: usize = 500;

/// No more threads than that: each keeps trees of its own.
const MOST: usize = 4;

/// Returns a number that says which names at the top differ between two trees.
pub(super) fn outline(objects: &Objects, hash: Hash, (from, to): Between) -> Answer<u64> {
    let mut outline = DefaultHasher::new();
    let [old, new] = objects.trees([from, Some(to)])?;
    for sides in trees::differences(&old, &new, hash.len_in_bytes()) {
        let entry = sides[0].or(sides[1]);
        entry.map(|entry| (entry.name, entry.is_tree())).hash(&mut outline);
    }
    Ok(outline.finish())
}

/// Returns the outlines of many changes, in their order.
pub(super) fn of_many(
    objects: &Objects,
    directories: &ObjectDirectories,
    hash: Hash,
    changes: &[Between],
) -> Answer<Vec<u64>> {
    let all = |objects: &Objects, part: &[Between]| -> Answer<Vec<u64>> {
        part.iter().map(|change| outline(objects, hash, *change)).collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = processors.min(MOST).min(changes.len() / FEW).max(1);
    let mut parts = changes.chunks(changes.len().div_ceil(threads).max(1));
    let Some(first) = parts.next() else { return Ok(vec![]) };
    std::thread::scope(|scope| {
        let other = |part| scope.spawn(move || all(&Objects::open(directories, hash), part));
        let others: Vec<_> = parts.map(other).collect();
        let mut outlines = all(objects, first)?;
        for other in others {
            outlines.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(outlines)
    })
}
