//! A set of refs, as they stand at one moment.

use std::sync::Arc;

use super::{ByteSlice, Oid, RefName};

/// One ref and what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// The full name.
    pub name: RefName,
    /// The object, not peeled. For a symbolic ref: the object at its end.
    pub id: Oid,
    /// The commit or other object below all tags, where the store knows it without reading
    /// objects (packed-refs does).
    pub peeled: Option<Oid>,
    /// The ref this one is an alias of.
    pub symbolic: Option<RefName>,
}

impl Ref {
    /// Returns an ordinary ref that points to `id`.
    #[must_use]
    pub fn new(name: RefName, id: Oid) -> Self {
        Self { name, id, peeled: None, symbolic: None }
    }
}

/// Refs sorted by name; at most one of a name. Copies share what neither has changed: branches
/// and tags apart, for a push rarely moves both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs([Arc<Vec<Ref>>; 5]);

/// The part that has the tags.
const TAGS: usize = 3;

/// Returns the part that has `name`: what sorts before branches, branches, what sorts between,
/// tags, what sorts behind.
fn part_of(name: &[u8]) -> usize {
    let (branches, tags) = (b"refs/heads/".as_slice(), b"refs/tags/".as_slice());
    if name.starts_with(tags) {
        TAGS
    } else if name.starts_with(branches) {
        1
    } else {
        [branches, tags].iter().filter(|below| name > **below).count() * 2
    }
}

impl Refs {
    /// Returns the ref called `name`.
    #[must_use]
    pub fn get(&self, name: &RefName) -> Option<&Ref> {
        let part = &self.0[part_of(name.full())];
        part.binary_search_by(|entry| entry.name.cmp(name)).ok().map(|at| &part[at])
    }

    /// Sets the ref, replacing one of the same name.
    pub fn set(&mut self, entry: Ref) {
        let part = Arc::make_mut(&mut self.0[part_of(entry.name.full())]);
        match part.binary_search_by(|known| known.name.cmp(&entry.name)) {
            Ok(at) => part[at] = entry,
            Err(at) => part.insert(at, entry),
        }
    }

    /// Removes the ref called `name`, if it is there.
    pub fn remove(&mut self, name: &RefName) {
        if self.get(name).is_some() {
            let part = Arc::make_mut(&mut self.0[part_of(name.full())]);
            part.retain(|entry| entry.name != *name);
        }
    }

    /// Adds refs that come sorted by name, no name twice: what thousands need not be sorted for.
    pub fn extend_sorted(&mut self, sorted: Vec<Ref>) {
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return };
        let part = part_of(first.name.full());
        if part == part_of(last.name.full()) && self.0[part].is_empty() {
            self.0[part] = Arc::new(sorted);
        } else {
            self.extend(sorted);
        }
    }

    /// Iterates over the refs, sorted by name.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().flat_map(|part| part.iter())
    }

    /// Returns the refs whose full name begins with `prefix`, which names a namespace such as
    /// `refs/heads/` or something below one.
    #[must_use]
    pub fn below(&self, prefix: &str) -> &[Ref] {
        let part = &self.0[part_of(prefix.as_bytes())];
        let from = part.partition_point(|entry| entry.name.full() < prefix.as_bytes().as_bstr());
        let len = part[from..].partition_point(|entry| entry.name.full().starts_with(prefix.as_bytes()));
        &part[from..from + len]
    }

    /// Whether the tags are known to be the same: one set of refs was made from the other, and no
    /// tag was touched since.
    #[must_use]
    pub fn shares_tags(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0[TAGS], &other.0[TAGS])
    }

    /// Returns how many refs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|part| part.len()).sum()
    }

    /// Whether there is no ref at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Extend<Ref> for Refs {
    fn extend<I: IntoIterator<Item = Ref>>(&mut self, iter: I) {
        let mut new: [Vec<Ref>; 5] = Default::default();
        for entry in iter {
            new[part_of(entry.name.full())].push(entry);
        }
        for (part, mut new) in self.0.iter_mut().zip(new).filter(|(_, new)| !new.is_empty()) {
            // Of refs of one name the new one stays, and of these the first.
            new.extend(part.iter().cloned());
            new.sort_by(|a, b| a.name.cmp(&b.name));
            new.dedup_by(|later, earlier| later.name == earlier.name);
            *part = Arc::new(new);
        }
    }
}

impl FromIterator<Ref> for Refs {
    fn from_iter<I: IntoIterator<Item = Ref>>(iter: I) -> Self {
        let mut refs = Self::default();
        refs.extend(iter);
        refs
    }
}

/// Goes through the parts.
pub type Iter<'a> = std::iter::FlatMap<
    std::slice::Iter<'a, Arc<Vec<Ref>>>,
    std::slice::Iter<'a, Ref>,
    fn(&Arc<Vec<Ref>>) -> std::slice::Iter<'_, Ref>,
>;

impl<'a> IntoIterator for &'a Refs {
    type Item = &'a Ref;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
