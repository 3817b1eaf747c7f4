//! The `packed-refs` file, read only where the asked names stand.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use gix::hash::Kind as Hash;

use crate::history::{Answer, ByteSlice, Oid, RefName, Unreadable};

/// An open `packed-refs` file.
#[derive(Debug)]
pub(super) struct Packed {
    source: Source,
    hash: Hash,
    /// Where the entries begin.
    start: u64,
    /// Whether an entry without a peeled value is no annotated tag: anywhere, or below refs/tags/.
    peeled: Peeled,
}

#[derive(Debug)]
enum Source {
    /// Sorted by name, so the file itself can be searched.
    File { file: File, len: u64 },
    /// Unsorted (very old, or written by hand): sorted here.
    Memory(Arc<[u8]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peeled {
    No,
    Tags,
    Fully,
}

/// A search ends when so little is left to look through.
const BLOCK: u64 = 4 << 10;
/// A file of no more is read whole where many names are asked for.
const SMALL: u64 = 128 << 10;
/// No line is longer: an id, a name that fits the file system's limits, a line end.
const LINE: u64 = 8 << 10;
/// How much is read first where one line is wanted.
const WINDOW: u64 = 1 << 10;

impl Packed {
    /// Opens the file; `None` where there is none.
    pub(super) fn open(path: &Path, hash: Hash) -> Answer<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        let len = file.metadata().map_err(|error| unreadable(&error))?.len();
        let source = Source::File { file, len };
        let top = source.read(0, WINDOW)?;
        let header = top.lines().next().filter(|line| line.starts_with(b"#")).unwrap_or_default();
        let traits = header.strip_prefix(b"# pack-refs with:").unwrap_or_default();
        let has = |name: &str| traits.split_str(" ").any(|word| word == name.as_bytes());
        let peeled = match (has("fully-peeled"), has("peeled")) {
            (true, _) => Peeled::Fully,
            (_, true) => Peeled::Tags,
            _ => Peeled::No,
        };
        let start = if header.is_empty() { 0 } else { header.len() + 1 };
        if has("sorted") || len == 0 {
            return Ok(Some(Self { source, hash, start: start as u64, peeled }));
        }
        let source = Source::Memory(sorted(&source.read(0, len)?, hash).into());
        Ok(Some(Self { source, hash, start: 0, peeled }))
    }

    /// Reads a small file whole: then what is asked of it costs nothing.
    pub(super) fn read_ahead(&mut self) -> Answer<()> {
        if self.source.len() <= SMALL {
            self.source = Source::Memory(self.source.read(0, SMALL)?);
        }
        Ok(())
    }

    /// Returns what the ref called `name` holds.
    pub(super) fn find(&self, name: &[u8]) -> Answer<Option<Oid>> {
        let mut found = None;
        self.below(name, |known, id, _| {
            if known.full() == name {
                found = Some(id);
            }
        })?;
        Ok(found)
    }

    /// Visits every ref whose name begins with `prefix`: its name, what it holds, and what that
    /// peels to where the file says.
    pub(super) fn below(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(RefName, Oid, Option<Oid>),
    ) -> Answer<()> {
        let (text, part) = self.part(prefix)?;
        let mut entries = Entries { text: &text[..part.end], at: part.start, hash: self.hash };
        while let Some(entry) = entries.next()? {
            let name = &text[entry.name.clone()];
            if !name.starts_with(prefix) {
                if name < prefix {
                    continue;
                }
                break;
            }
            let id = self.id(&text[entry.id])?;
            let peeled = match entry.peeled {
                Some(peeled) => Some(self.id(&text[peeled])?),
                None => self.unpeeled(name, id),
            };
            let name = RefName::part_of(&text, entry.name).ok_or_else(|| damaged(prefix))?;
            visit(name, id, peeled);
        }
        Ok(())
    }

    /// Returns where the lines of all names that begin with `prefix` stand, and few others.
    fn part(&self, prefix: &[u8]) -> Answer<(Arc<[u8]>, Range<usize>)> {
        let start = self.shortly_before(prefix)?;
        if let Source::Memory(text) = &self.source {
            let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
            return Ok((Arc::clone(text), start..text.len()));
        }
        let end = match after(prefix) {
            // What begins before the end is before it, and has two lines at most.
            Some(after) => self.shortly_before(&after)? + BLOCK + 2 * LINE,
            None => self.source.len(),
        };
        let text = self.source.read(start, end - start)?;
        let whole = start + text.len() as u64 >= self.source.len();
        let end = if whole { text.len() } else { text.rfind_byte(b'\n').map_or(0, |at| at + 1) };
        Ok((text, 0..end))
    }

    /// An entry that git looked at and found to be no tag is its own end.
    fn unpeeled(&self, name: &[u8], id: Oid) -> Option<Oid> {
        let known = match self.peeled {
            Peeled::Fully => true,
            Peeled::Tags => name.starts_with(b"refs/tags/"),
            Peeled::No => false,
        };
        known.then_some(id)
    }

    /// Returns a place that no entry from `name` on stands before, a block away from it at most.
    fn shortly_before(&self, name: &[u8]) -> Answer<u64> {
        // What begins before `low` is before `name`; what begins first from `high` on is not.
        let (mut low, mut high) = (self.start, self.source.len());
        while high - low > BLOCK {
            let middle = low + (high - low) / 2;
            match self.next_entry(middle, WINDOW)? {
                Some((known, next)) if known.as_slice() < name => low = next.min(high),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// Returns the name of the first entry that begins after `at`, and where what follows it begins.
    fn next_entry(&self, at: u64, window: u64) -> Answer<Option<(Vec<u8>, u64)>> {
        let text = self.source.read(at, window)?;
        let begin = text.find_byte(b'\n').map_or(text.len(), |end| end + 1);
        let mut entries = Entries { text: &text, at: begin, hash: self.hash };
        let is_cut = |end: usize| at + (end as u64) < self.source.len() && text.get(end - 1) != Some(&b'\n');
        match entries.next() {
            Ok(Some(entry)) if !is_cut(entries.at) => {
                Ok(Some((text[entry.name].to_vec(), at + entries.at as u64)))
            }
            // A cut line makes no sense; a longer piece has all of it.
            _ if text.len() as u64 == window && window < 4 * LINE => self.next_entry(at, 4 * LINE),
            entry => entry.map(|_| None),
        }
    }

    fn id(&self, hex: &[u8]) -> Answer<Oid> {
        let id = Oid::from_hex(hex).ok().filter(|id| id.kind() == self.hash);
        id.ok_or_else(|| damaged(hex))
    }
}

/// Returns the first name after all that begin with `prefix`; `None` where there is none.
fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut after = prefix.to_vec();
    let last = after.last_mut()?;
    *last = last.checked_add(1)?;
    Some(after)
}

/// Where the parts of an entry stand.
struct Entry {
    id: Range<usize>,
    name: Range<usize>,
    peeled: Option<Range<usize>>,
}

/// The entries of a part of the file.
struct Entries<'a> {
    text: &'a [u8],
    at: usize,
    hash: Hash,
}

impl Entries<'_> {
    fn next(&mut self) -> Answer<Option<Entry>> {
        // The part may begin with what the entry before it peels to.
        while self.text.get(self.at) == Some(&b'^') {
            self.line();
        }
        if self.at >= self.text.len() {
            return Ok(None);
        }
        let line = self.line();
        let name = line.start + self.hash.len_in_hex() + 1;
        if name >= line.end || self.text[name - 1] != b' ' {
            return Err(damaged(&self.text[line]));
        }
        let mut entry = Entry { id: line.start..name - 1, name: name..line.end, peeled: None };
        if self.text.get(self.at) == Some(&b'^') {
            let line = self.line();
            if line.len() != self.hash.len_in_hex() + 1 {
                return Err(damaged(&self.text[line]));
            }
            entry.peeled = Some(line.start + 1..line.end);
        }
        Ok(Some(entry))
    }

    /// Goes past a line; returns where it stands, without its end.
    fn line(&mut self) -> Range<usize> {
        let start = self.at;
        let end = self.text[start..].find_byte(b'\n').map_or(self.text.len(), |length| start + length);
        self.at = (end + 1).min(self.text.len());
        start..if self.text[start..end].ends_with(b"\r") { end - 1 } else { end }
    }
}

impl Source {
    fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory(text) => text.len() as u64,
        }
    }

    /// Returns up to `most` bytes from `at`.
    fn read(&self, at: u64, most: u64) -> Answer<Arc<[u8]>> {
        let wanted = most.min(self.len().saturating_sub(at));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        match self {
            Self::Memory(text) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
                Ok(text[at..at + wanted].into())
            }
            Self::File { file, .. } => {
                let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, wanted).collect();
                let place = Arc::get_mut(&mut bytes).expect("nobody else has it");
                file.read_exact_at(place, at).map_err(|error| unreadable(&error))?;
                Ok(bytes)
            }
        }
    }
}

/// Returns the entries of `text`, each with its peeled value, sorted by name.
fn sorted(text: &[u8], hash: Hash) -> Vec<u8> {
    let mut entries: Vec<Vec<u8>> = vec![];
    for line in text.lines_with_terminator().filter(|line| !line.starts_with(b"#")) {
        match entries.last_mut() {
            Some(entry) if line.starts_with(b"^") => entry.extend_from_slice(line),
            _ => entries.push(line.to_vec()),
        }
        if let Some(entry) = entries.last_mut().filter(|entry| !entry.ends_with(b"\n")) {
            entry.push(b'\n');
        }
    }
    let name = |entry: &Vec<u8>| -> Vec<u8> {
        let line = entry.lines().next().unwrap_or_default();
        line.get(hash.len_in_hex() + 1..).unwrap_or_default().to_vec()
    };
    entries.sort_by_key(name);
    entries.dedup_by_key(|entry| name(entry));
    entries.concat()
}

fn unreadable(error: &std::io::Error) -> Unreadable {
    Unreadable::Store(format!("`packed-refs` cannot be read: {error}"))
}

fn damaged(line: &[u8]) -> Unreadable {
    let shown = crate::history::name::escape(&line[..line.len().min(80)]);
    Unreadable::Store(format!("`packed-refs` is damaged at `{shown}`"))
}
