//! A set of refs, as they stand at one moment.

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

/// Refs sorted by name; at most one of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs(Vec<Ref>);

impl Refs {
    /// Returns the ref called `name`.
    #[must_use]
    pub fn get(&self, name: &RefName) -> Option<&Ref> {
        self.0.binary_search_by(|entry| entry.name.cmp(name)).ok().map(|at| &self.0[at])
    }

    /// Sets the ref, replacing one of the same name.
    pub fn set(&mut self, entry: Ref) {
        match self.0.binary_search_by(|known| known.name.cmp(&entry.name)) {
            Ok(at) => self.0[at] = entry,
            Err(at) => self.0.insert(at, entry),
        }
    }

    /// Removes the ref called `name`, if it is there.
    pub fn remove(&mut self, name: &RefName) {
        if let Ok(at) = self.0.binary_search_by(|entry| entry.name.cmp(name)) {
            self.0.remove(at);
        }
    }

    /// Iterates over the refs, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Ref> {
        self.0.iter()
    }

    /// Returns the refs whose full name begins with `prefix`.
    #[must_use]
    pub fn below(&self, prefix: &str) -> &[Ref] {
        let from = self.0.partition_point(|entry| entry.name.full() < prefix.as_bytes().as_bstr());
        let len = self.0[from..].partition_point(|entry| entry.name.full().starts_with(prefix.as_bytes()));
        &self.0[from..from + len]
    }

    /// Returns how many refs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no ref at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Ref> for Refs {
    fn from_iter<I: IntoIterator<Item = Ref>>(iter: I) -> Self {
        let mut entries: Vec<Ref> = iter.into_iter().collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|later, earlier| later.name == earlier.name);
        Self(entries)
    }
}

impl<'a> IntoIterator for &'a Refs {
    type Item = &'a Ref;
    type IntoIter = std::slice::Iter<'a, Ref>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
