//! The full name of a ref, as bytes, and its parts.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use super::{BStr, BString, ByteSlice};

/// A full ref name such as `refs/heads/develop`. Bytes, for git does not promise UTF-8.
///
/// Names that are read together share their bytes: a store has thousands, and a push touches one.
#[derive(Clone)]
pub struct RefName {
    text: Arc<[u8]>,
    from: u32,
    to: u32,
}

impl RefName {
    /// Takes a full name as it stands; whether it is well formed is a question for the border.
    ///
    /// # Panics
    /// Where the name has 4 GiB or more.
    pub fn new(full: impl Into<BString>) -> Self {
        let text: Arc<[u8]> = Vec::from(full.into()).into();
        let whole = 0..text.len();
        Self::part_of(&text, whole).expect("a name is shorter than 4 GiB")
    }

    /// Takes the name that stands in `text`; `None` where it is not all there, or too far along.
    #[must_use]
    pub fn part_of(text: &Arc<[u8]>, place: Range<usize>) -> Option<Self> {
        text.get(place.clone())?;
        let (from, to) = (u32::try_from(place.start).ok()?, u32::try_from(place.end).ok()?);
        Some(Self { text: Arc::clone(text), from, to })
    }

    /// Returns the name of the branch `short`.
    #[must_use]
    pub fn of_branch(short: &str) -> Self {
        Self::new(format!("refs/heads/{short}"))
    }

    /// Returns the name of the tag `short`.
    #[must_use]
    pub fn of_tag(short: &str) -> Self {
        Self::new(format!("refs/tags/{short}"))
    }

    /// Returns the full name.
    #[must_use]
    pub fn full(&self) -> &BStr {
        self.text[self.from as usize..self.to as usize].as_bstr()
    }

    /// Returns the part after `refs/heads/` where this is a branch.
    #[must_use]
    pub fn branch(&self) -> Option<&BStr> {
        self.full().strip_prefix(b"refs/heads/").map(ByteSlice::as_bstr)
    }

    /// Returns the part after `refs/tags/` where this is a tag.
    #[must_use]
    pub fn tag(&self) -> Option<&BStr> {
        self.full().strip_prefix(b"refs/tags/").map(ByteSlice::as_bstr)
    }

    /// Returns the name as people say it: without `refs/heads/` or `refs/tags/`, control and
    /// format characters escaped.
    #[must_use]
    pub fn short(&self) -> String {
        escape(self.branch().or_else(|| self.tag()).unwrap_or_else(|| self.full()))
    }
}

impl PartialEq for RefName {
    fn eq(&self, other: &Self) -> bool {
        self.full() == other.full()
    }
}

impl Eq for RefName {}

impl PartialOrd for RefName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RefName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.full().cmp(other.full())
    }
}

impl Hash for RefName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.full().hash(state);
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.full()))
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Returns the one of `known` that `word` was probably meant to be, whatever its case.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(64).collect::<String>().to_lowercase().replace('_', "-");
    let length = word.chars().count();
    let distance = |name: &&str| strsim::damerau_levenshtein(&word, &name.to_lowercase());
    let is_part = |name: &str| length >= 4 && (name.starts_with(&word) || word.starts_with(name));
    // Of a name of one letter nothing is left where that is wrong.
    let near =
        |name: &&str| is_part(name) || (distance(name) < length && distance(name) <= (name.len() / 3).max(1));
    known.into_iter().filter(near).min_by_key(distance)
}

/// Returns "there is no `what`", with the nearest name that there is.
pub(crate) fn unknown<T: AsRef<str>>(what: &str, word: &str, known: &[T]) -> String {
    match nearest(word, known.iter().map(AsRef::as_ref)) {
        Some(near) => format!("there is no {what}; did you mean `{near}`?"),
        None => format!("there is no {what}"),
    }
}

/// Returns foreign text that is safe to print: control characters and the format characters that
/// reorder or hide text (Unicode category Cf and the line separators) come out as `\u{…}`, bytes
/// that are no UTF-8 as `\xNN`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_format(c) {
                out.extend(c.escape_unicode());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether `c` changes how its neighbours are shown without being seen itself
/// (Unicode 16, general category Cf, plus the line and paragraph separators).
fn is_format(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x180E
        | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB
        | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0001 | 0xE0020..=0xE007F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_shown_instead() {
        assert_eq!(escape(b"a\x1b[2Jb\nc\xff"), "a\\u{1b}[2Jb\\u{a}c\\xff");
        assert_eq!(escape("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(escape("größe".as_bytes()), "größe");
    }

    #[test]
    fn a_name_is_said_without_its_namespace() {
        assert_eq!(RefName::new("refs/heads/feature/a").short(), "feature/a");
        assert_eq!(RefName::new("refs/tags/v1.0.0").short(), "v1.0.0");
        assert_eq!(RefName::new("refs/notes/x").short(), "refs/notes/x");
    }
}
