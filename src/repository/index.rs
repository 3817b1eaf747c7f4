//! Where an object stands in a pack, found without going through the whole index.
//!
//! The crate looks at every offset when it opens an index, which for millions of objects takes
//! longer than judging a push. So the first few objects are looked for here, and it is opened where
//! there are many.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gix::hash::Kind as Hash;
use gix::odb::pack::{self, MMap};

use super::sorted;

/// The index of a pack.
pub(super) struct Index {
    path: PathBuf,
    hash: Hash,
    /// `None`: of the old format, which is left to the crate.
    table: Option<Table>,
    asked: Cell<u32>,
    whole: OnceCell<pack::index::File<MMap>>,
}

/// A file of version 2: how many ids begin with each byte or a lower one, the ids, their checksums,
/// their offsets, and the offsets that need more than 31 bits.
struct Table {
    file: File,
    fan: Vec<u32>,
}

/// From so many questions on, opening the whole index is worth it.
const MANY: u32 = 500;
const MAGIC: &[u8; 8] = b"\xfftOc\0\0\0\x02";
const FAN: usize = 4 * 256;
/// How many ids are looked at together; ids are spread evenly, so most are where they should be.
const WINDOW: u32 = 128;

impl Index {
    /// Opens the index at `path`.
    ///
    /// # Errors
    /// Where it cannot be read or makes no sense.
    pub(super) fn open(path: &Path, hash: Hash) -> Result<Self, String> {
        let table = Table::open(path, hash)?;
        let index = Self { path: path.to_owned(), hash, table, asked: Cell::new(0), whole: OnceCell::new() };
        if index.table.is_none() {
            index.whole()?;
        }
        Ok(index)
    }

    /// Returns where in the pack `id` stands.
    ///
    /// # Errors
    /// Where the index cannot be read.
    pub(super) fn offset(&self, id: &gix::oid) -> Result<Option<u64>, String> {
        self.asked.set(self.asked.get().saturating_add(1));
        match &self.table {
            Some(table) if self.asked.get() < MANY => table.offset(id).map_err(|error| error.to_string()),
            _ => {
                let whole = self.whole()?;
                let at = sorted::place(0..whole.num_objects(), id, |at| whole.oid_at_index(at));
                Ok(at.map(|at| whole.pack_offset_at_index(at)))
            }
        }
    }

    fn whole(&self) -> Result<&pack::index::File<MMap>, String> {
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let whole = pack::index::File::at(&self.path, self.hash).map_err(|error| error.to_string())?;
        Ok(self.whole.get_or_init(|| whole))
    }
}

impl Table {
    fn open(path: &Path, hash: Hash) -> Result<Option<Self>, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut head = [0; MAGIC.len() + FAN];
        file.read_exact_at(&mut head, 0).map_err(|error| error.to_string())?;
        let Some(fan) = head.strip_prefix(MAGIC) else { return Ok(None) };
        let fan: Vec<u32> = fan.chunks_exact(4).map(number).collect();
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let table = Self { file, fan };
        let least = table.offsets(hash) + 4 * u64::from(table.len()) + 2 * hash.len_in_bytes() as u64;
        if !table.fan.is_sorted() || length < least {
            return Err("it is damaged".to_owned());
        }
        Ok(Some(table))
    }

    fn len(&self) -> u32 {
        self.fan.last().copied().unwrap_or_default()
    }

    /// Returns where the offsets begin.
    fn offsets(&self, hash: Hash) -> u64 {
        (MAGIC.len() + FAN) as u64 + u64::from(self.len()) * (hash.len_in_bytes() as u64 + 4)
    }

    fn offset(&self, id: &gix::oid) -> std::io::Result<Option<u64>> {
        let Some(at) = self.find(id)? else { return Ok(None) };
        let offsets = self.offsets(id.kind());
        let mut short = [0; 4];
        self.file.read_exact_at(&mut short, offsets + 4 * u64::from(at))?;
        let short = u32::from_be_bytes(short);
        if short & LONG == 0 {
            return Ok(Some(short.into()));
        }
        let mut long = [0; 8];
        let long_offsets = offsets + 4 * u64::from(self.len());
        self.file.read_exact_at(&mut long, long_offsets + 8 * u64::from(short & !LONG))?;
        Ok(Some(u64::from_be_bytes(long)))
    }

    fn find(&self, id: &gix::oid) -> std::io::Result<Option<u32>> {
        let bytes = id.as_bytes();
        let first = usize::from(bytes[0]);
        let (mut low, mut high) =
            (first.checked_sub(1).map_or(0, |before| self.fan[before]), self.fan[first]);
        let share = u64::from(number(&bytes[1..5]));
        let mut guess = low + u32::try_from((u64::from(high - low) * share) >> 32).unwrap_or_default();
        let mut ids = vec![];
        while low < high {
            let from = guess.saturating_sub(WINDOW / 2).max(low);
            let to = high.min(from + WINDOW);
            ids.resize((to - from) as usize * bytes.len(), 0);
            let ids_start = (MAGIC.len() + FAN) as u64;
            self.file.read_exact_at(&mut ids, ids_start + u64::from(from) * bytes.len() as u64)?;
            let here = ids.chunks_exact(bytes.len()).collect::<Vec<_>>().binary_search(&bytes);
            match here.map_err(|at| u32::try_from(at).unwrap_or_default()) {
                Ok(at) => return Ok(u32::try_from(at).ok().map(|at| from + at)),
                Err(0) if from > low => high = from,
                Err(at) if at == to - from && to < high => low = to,
                Err(_) => return Ok(None),
            }
            guess = low + (high - low) / 2;
        }
        Ok(None)
    }
}

/// Marks an offset that stands among the long ones.
const LONG: u32 = 1 << 31;

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Oid;

    /// Writes an index of these ids; the offset of each is its place, and every third is long.
    fn written(dir: &Path, ids: &[[u8; 20]]) -> PathBuf {
        let count = |byte: usize| ids.iter().filter(|id| usize::from(id[0]) <= byte).count();
        let long = |at: usize| at.is_multiple_of(3);
        let mut text = MAGIC.to_vec();
        for byte in 0..256 {
            text.extend(u32::try_from(count(byte)).unwrap().to_be_bytes());
        }
        text.extend(ids.concat());
        text.extend(vec![0; 4 * ids.len()]);
        let mut longs = vec![];
        for at in 0..u32::try_from(ids.len()).unwrap() {
            if long(at as usize) {
                text.extend((LONG | u32::try_from(longs.len() / 8).unwrap()).to_be_bytes());
                longs.extend((u64::from(at) << 33).to_be_bytes());
            } else {
                text.extend(at.to_be_bytes());
            }
        }
        text.extend(longs);
        text.extend([0; 40]);
        let path = dir.join("a.idx");
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn every_object_is_found_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let id = |at: u32| {
            let mut id = [0; 20];
            // Some begin alike, so that they are not where they should be.
            let start = if at.is_multiple_of(5) { at.wrapping_mul(2_654_435_769) } else { 0x4000_0000 + at };
            id[..4].copy_from_slice(&start.to_be_bytes());
            id
        };
        for size in [0, 1, 2, 127, 128, 129, 3000] {
            let mut ids: Vec<[u8; 20]> = (0..size).map(id).collect();
            ids.sort_unstable();
            let index = Index::open(&written(dir.path(), &ids), Hash::Sha1).unwrap();
            let offset = |id: &[u8; 20]| {
                index.asked.set(0);
                index.offset(&Oid::from(*id)).unwrap()
            };
            for (at, id) in ids.iter().enumerate() {
                let place = if at.is_multiple_of(3) { (at as u64) << 33 } else { at as u64 };
                assert_eq!(offset(id), Some(place), "{size} {at}");
                let mut other = *id;
                other[19] = 1;
                assert_eq!(offset(&other), None, "{size} {at}");
            }
            assert_eq!(offset(&[0; 20]).is_some(), ids.contains(&[0; 20]));
            assert_eq!(offset(&[0xff; 20]), None);
        }
    }

    #[test]
    fn a_file_that_is_too_short_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path(), &[[1; 20], [2; 20]]);
        let text = std::fs::read(&path).unwrap();
        for length in [0, 8, 1031, text.len() - 9 - 8] {
            std::fs::write(&path, &text[..length]).unwrap();
            assert!(Index::open(&path, Hash::Sha1).is_err(), "{length}");
        }
    }
}
