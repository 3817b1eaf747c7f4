//! Which paths differ between two trees, read as git writes them: most entries are the same, and
//! are passed over without a look at what they are.

use std::cmp::Ordering;

use crate::history::{ByteSlice as _, Oid};

/// One entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    mode: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) id: &'a [u8],
}

impl Entry<'_> {
    pub(super) fn is_tree(&self) -> bool {
        self.mode == b"40000"
    }

    /// Returns its mode as git writes it today: files had other bits once.
    pub(super) fn mode(&self) -> u32 {
        let mode = self.mode.iter().fold(0, |mode: u32, digit| mode << 3 | u32::from(digit & 7));
        match mode & 0o170_000 {
            0o100_000 if mode & 0o100 != 0 => 0o100_755,
            0o100_000 => 0o100_644,
            _ => mode,
        }
    }

    pub(super) fn oid(&self) -> Option<Oid> {
        Oid::try_from(self.id).ok()
    }

    /// git sorts a tree as if its name ended in a slash.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |entry: &Self| (entry.is_tree()).then_some(b'/');
        let (ours, theirs) = (self.name.iter().copied(), other.name.iter().copied());
        ours.chain(key(self)).cmp(theirs.chain(key(other)))
    }
}

/// Takes the first entry of `data` off; `None` where there is none, or no sense in it.
fn take<'a>(data: &mut &'a [u8], id_len: usize) -> Option<Entry<'a>> {
    let space = data.iter().position(|byte| *byte == b' ')?;
    let end = space + 1 + data[space + 1..].iter().position(|byte| *byte == 0)?;
    let id = data.get(end + 1..end + 1 + id_len)?;
    let entry = Entry { mode: &data[..space], name: &data[space + 1..end], id };
    *data = &data[end + 1 + id_len..];
    Some(entry)
}

/// Passes over the entries that two trees begin with alike.
fn skip_same(old: &mut &[u8], new: &mut &[u8], id_len: usize) {
    let same = &old[..common(old, new)];
    let mut at = 0;
    while let Some(end) = same[at..].find_byte(0).map(|nul| at + nul + 1 + id_len)
        && end <= same.len()
    {
        at = end;
    }
    (*old, *new) = (&old[at..], &new[at..]);
}

/// Returns how many bytes two trees begin with alike; compared as numbers, which needs no calls.
fn common(old: &[u8], new: &[u8]) -> usize {
    const STRIDE: usize = size_of::<u128>();
    let (ours, theirs) = (old.as_chunks::<STRIDE>().0, new.as_chunks::<STRIDE>().0);
    let strides = ours.iter().zip(theirs).take_while(|(ours, theirs)| {
        let (ours, theirs) = (u128::from_ne_bytes(**ours), u128::from_ne_bytes(**theirs));
        ours == theirs
    });
    let at = strides.count() * STRIDE;
    at + old[at..].iter().zip(&new[at..]).take_while(|(ours, theirs)| ours == theirs).count()
}

/// Returns what differs between two trees, in their order: what the old one has, and the new one.
pub(super) fn differences<'a>(
    mut old: &'a [u8],
    mut new: &'a [u8],
    id_len: usize,
) -> Vec<[Option<Entry<'a>>; 2]> {
    let mut found = vec![];
    skip_same(&mut old, &mut new, id_len);
    let (mut ours, mut theirs) = (take(&mut old, id_len), take(&mut new, id_len));
    loop {
        let order = match (&ours, &theirs) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) if ours == theirs => Ordering::Equal,
            (Some(ours), Some(theirs)) => ours.cmp(theirs),
        };
        let pair = [ours.filter(|_| order.is_le()), theirs.filter(|_| order.is_ge())];
        if pair[0] != pair[1] {
            found.push(pair);
        }
        if order.is_eq() {
            skip_same(&mut old, &mut new, id_len);
        }
        if order.is_le() {
            ours = take(&mut old, id_len);
        }
        if order.is_ge() {
            theirs = take(&mut new, id_len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let mut data = vec![];
        for (mode, name, id) in entries {
            data.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            data.extend_from_slice(&[*id; 20]);
        }
        data
    }

    fn said(old: &[u8], new: &[u8]) -> Vec<String> {
        let side = |entry: Option<Entry<'_>>| {
            entry.map_or_else(|| "-".to_owned(), |it| format!("{}{}", it.name.escape_ascii(), it.id[0]))
        };
        differences(old, new, 20).into_iter().map(|pair| pair.map(side).join(" ")).collect()
    }

    #[test]
    fn what_differs_is_paired_by_its_name() {
        let old = tree(&[("100644", "a", 1), ("100644", "b", 2), ("40000", "c", 3), ("100644", "d", 4)]);
        let new = tree(&[("100644", "a", 1), ("100755", "b", 2), ("40000", "c", 9), ("100644", "e", 5)]);
        assert_eq!(said(&old, &new), ["b2 b2", "c3 c9", "d4 -", "- e5"]);
        assert_eq!(said(&old, &old), [""; 0]);
        assert_eq!(said(&[], &new).len(), 4);
    }

    #[test]
    fn a_file_that_becomes_a_directory_is_two_changes_in_gits_order() {
        let old = tree(&[("100644", "a", 1), ("100644", "a.b", 2)]);
        let new = tree(&[("100644", "a.b", 2), ("40000", "a", 3)]);
        assert_eq!(said(&old, &new), ["a1 -", "- a3"]);
    }

    #[test]
    fn what_makes_no_sense_ends_the_tree() {
        for bad in [&b"100644"[..], b"100644 a", b"100644 a\0short"] {
            assert_eq!(said(bad, &[]), [""; 0]);
        }
    }
}
