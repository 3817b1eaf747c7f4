//! The `packed-refs` file, read only where the asked names stand.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use gix::hash::Kind as Hash;

use crate::history::{Answer, BStr, BString, ByteSlice, Oid, Unreadable};

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
    Memory(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peeled {
    No,
    Tags,
    Fully,
}

/// How much is read at a time.
const BLOCK: usize = 64 << 10;
/// No line is longer: an id, a name that fits the file system's limits, a line end.
const LINE: usize = 8 << 10;

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
        let mut top = vec![];
        source.read(0, LINE, &mut top)?;
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
        let mut all = vec![];
        source.read(0, usize::try_from(len).unwrap_or(usize::MAX), &mut all)?;
        let source = Source::Memory(sorted(&all, hash));
        Ok(Some(Self { source, hash, start: 0, peeled }))
    }

    /// Returns what the ref called `name` holds.
    pub(super) fn find(&self, name: &[u8]) -> Answer<Option<Oid>> {
        let mut found = None;
        self.visit(name, |line_name, id, _| {
            if line_name == name {
                found = Some(id);
            }
            false
        })?;
        Ok(found)
    }

    /// Visits every ref whose name begins with `prefix`: its name, what it holds, and what that
    /// peels to where the file says.
    pub(super) fn below(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(BString, Oid, Option<Oid>),
    ) -> Answer<()> {
        self.visit(prefix, |name, id, peeled| {
            let inside = name.starts_with(prefix);
            if inside {
                visit(name, id, peeled);
            }
            inside
        })
    }

    /// Visits the entries that are not before `from`, as long as `visit` says so.
    fn visit(&self, from: &[u8], mut visit: impl FnMut(BString, Oid, Option<Oid>) -> bool) -> Answer<()> {
        let mut at = self.shortly_before(from)?;
        let mut block = vec![];
        let mut pending: Option<(BString, Oid)> = None;
        loop {
            block.clear();
            self.source.read(at, BLOCK, &mut block)?;
            let whole = if at + block.len() as u64 >= self.source.len() {
                block.len()
            } else {
                block.rfind_byte(b'\n').ok_or_else(|| damaged(&block))? + 1
            };
            at += whole as u64;
            for line in block[..whole].lines() {
                if let Some(hex) = line.strip_prefix(b"^") {
                    if let Some((name, id)) = pending.take()
                        && let peeled = Some(self.id(hex, line)?)
                        && !visit(name, id, peeled)
                    {
                        return Ok(());
                    }
                    continue;
                }
                if let Some((name, id)) = pending.take()
                    && let peeled = self.unpeeled(&name, id)
                    && !visit(name, id, peeled)
                {
                    return Ok(());
                }
                let (hex, name) = self.entry(line)?;
                if name.as_bytes() >= from {
                    pending = Some((name.to_owned(), self.id(hex, line)?));
                }
            }
            if whole == 0 || at >= self.source.len() {
                break;
            }
        }
        if let Some((name, id)) = pending {
            let peeled = self.unpeeled(&name, id);
            visit(name, id, peeled);
        }
        Ok(())
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
        while high - low > BLOCK as u64 {
            let middle = low + (high - low) / 2;
            let mut window = vec![];
            let begin = self.next_entry(middle, &mut window)?;
            let line = window.lines().next().unwrap_or_default();
            if begin < high && self.entry(line)?.1.as_bytes() < name {
                low = begin + line.len() as u64 + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Finds the first entry that begins after `at`: returns where, and the text from there on.
    fn next_entry(&self, at: u64, window: &mut Vec<u8>) -> Answer<u64> {
        self.source.read(at, 3 * LINE, window)?;
        let mut skip = window.find_byte(b'\n').map_or(window.len(), |end| end + 1);
        while window.get(skip) == Some(&b'^') {
            skip += window[skip..].find_byte(b'\n').map_or(window.len(), |end| end + 1);
        }
        let skip = skip.min(window.len());
        window.drain(..skip);
        Ok(if window.is_empty() { self.source.len() } else { at + skip as u64 })
    }

    /// Splits an entry into the id as text and the name.
    fn entry<'a>(&self, line: &'a [u8]) -> Answer<(&'a [u8], &'a BStr)> {
        let (hex, name) = line.split_at_checked(self.hash.len_in_hex()).ok_or_else(|| damaged(line))?;
        let name = name.strip_prefix(b" ").ok_or_else(|| damaged(line))?;
        Ok((hex, name.as_bstr()))
    }

    fn id(&self, hex: &[u8], line: &[u8]) -> Answer<Oid> {
        let id = Oid::from_hex(hex).ok().filter(|id| id.kind() == self.hash);
        id.ok_or_else(|| damaged(line))
    }
}

impl Source {
    fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory(text) => text.len() as u64,
        }
    }

    /// Appends up to `most` bytes from `at`.
    fn read(&self, at: u64, most: usize, into: &mut Vec<u8>) -> Answer<()> {
        let left = usize::try_from(self.len().saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = most.min(left);
        match self {
            Self::Memory(text) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
                into.extend_from_slice(&text[at..at + wanted]);
            }
            Self::File { file, .. } => {
                let old = into.len();
                into.resize(old + wanted, 0);
                file.read_exact_at(&mut into[old..], at).map_err(|error| unreadable(&error))?;
            }
        }
        Ok(())
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
    entries.concat()
}

fn unreadable(error: &std::io::Error) -> Unreadable {
    Unreadable::Store(format!("`packed-refs` cannot be read: {error}"))
}

fn damaged(line: &[u8]) -> Unreadable {
    let shown = crate::history::name::escape(&line[..line.len().min(80)]);
    Unreadable::Store(format!("`packed-refs` is damaged at `{shown}`"))
}
