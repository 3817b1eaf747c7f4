//! Where a walk reads commits: the commit-graph, and the objects for what it does not have.

use std::cell::{Cell, OnceCell, RefCell};

use gix::hash::Kind as Hash;
use gix::objs::Kind;

use super::place::{ObjectDirectories, Place};
use super::{Environment, Failure, decode, graph, objects};
use crate::history::walk::{Commits, Header};
use crate::history::{Answer, ByteSlice, IdSet, Oid, Refs, Seconds, Unreadable};

/// What a walk over a repository reads.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) objects: objects::Objects,
    pub(super) directories: ObjectDirectories,
    table: OnceCell<graph::Table>,
    distrusted: Cell<bool>,
    hash: Hash,
    shallow: IdSet<Oid>,
    pub(super) tips: RefCell<Tips>,
    pub(super) deadline: objects::Deadline,
    /// The commit that was read last, for it is asked for more than once; `None`: nothing sound.
    last: RefCell<(Option<Oid>, Vec<u8>)>,
}

/// What refs point to: whole histories, that were here before the push.
#[derive(Debug, Default)]
pub(super) struct Tips {
    unsorted: Vec<Refs>,
    ids: IdSet<Oid>,
}

impl Tips {
    pub(super) fn add(&mut self, refs: &Refs) {
        self.unsorted.push(refs.clone());
    }

    fn contain(&mut self, id: &Oid) -> bool {
        for refs in self.unsorted.drain(..) {
            self.ids.extend(refs.iter().map(|entry| entry.peeled.unwrap_or(entry.id)));
        }
        self.ids.contains(id)
    }
}

impl Source {
    pub(super) fn new(directories: &ObjectDirectories, hash: Hash, shallow: IdSet<Oid>) -> Self {
        Self {
            objects: objects::Objects::open(directories, hash),
            directories: directories.clone(),
            table: OnceCell::new(),
            distrusted: Cell::new(false),
            hash,
            shallow,
            tips: RefCell::default(),
            deadline: objects::Deadline::default(),
            last: RefCell::default(),
        }
    }

    fn table(&self) -> &graph::Table {
        // Where the history is cut off, git neither writes nor reads a graph.
        self.table.get_or_init(|| {
            if self.is_shallow() {
                return graph::Table::default();
            }
            graph::Table::open(&self.directories.all, self.hash)
        })
    }

    /// Returns the date that the table has for `id`.
    pub(super) fn listed_date(&self, id: &Oid) -> Option<Seconds> {
        self.date_of(self.listed(id)?)
    }

    /// Returns the tree that the table has for `id`.
    pub(super) fn listed_tree(&self, id: &Oid) -> Option<Oid> {
        Some(self.table().tree_of(self.listed(id)?))
    }

    /// Returns the trees that the table has for the first parent of `id`, if it has one, and for `id`.
    pub(super) fn listed_change(&self, id: &Oid) -> Option<(Option<Oid>, Oid)> {
        let row = self.listed(id)?;
        let mut parents = vec![];
        let sound =
            self.table().parents_of(row, &mut parents) && parents.iter().all(|parent| *parent < self.rows());
        let tree = |row: &u32| self.table().tree_of(*row);
        sound.then(|| (parents.first().map(tree), tree(&row)))
    }

    fn listed(&self, id: &Oid) -> Option<u32> {
        (self.rows() > 0).then(|| self.row_of(id))?
    }

    pub(super) fn trouble(&self) -> Option<String> {
        if self.distrusted.get() {
            return Some("its levels contradict each other".to_owned());
        }
        self.table().trouble.clone()
    }

    pub(super) fn with_commit<T>(&self, id: Oid, decode: impl FnOnce(&[u8]) -> Answer<T>) -> Answer<T> {
        let mut last = self.last.borrow_mut();
        let (known, data) = &mut *last;
        if *known != Some(id) {
            *known = None;
            match self.objects.read(id, data)? {
                Kind::Commit => *known = Some(id),
                kind => {
                    return Err(Unreadable::Damaged { id, why: format!("it is a {kind}, not a commit") });
                }
            }
        }
        decode(data)
    }
}

impl Commits for Source {
    fn rows(&self) -> u32 {
        if self.distrusted.get() { 0 } else { self.table().rows() }
    }

    fn row_of(&self, id: &Oid) -> Option<u32> {
        self.table().row_of(id)
    }

    fn id_of(&self, row: u32) -> Oid {
        self.table().id_of(row)
    }

    fn level_of(&self, row: u32) -> u32 {
        self.table().level_of(row)
    }

    fn date_of(&self, row: u32) -> Option<Seconds> {
        self.table().date_of(row)
    }

    fn is_sound(&self) -> bool {
        self.table().is_sound()
    }

    fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool {
        self.table().parents_of(row, parents)
    }

    fn read(&self, id: Oid) -> Answer<Header> {
        self.with_commit(id, |data| decode::header(id, data))
    }

    fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    fn is_boundary(&self, id: &Oid) -> bool {
        self.shallow.contains(id)
    }

    fn is_fresh(&self, id: &Oid) -> Answer<bool> {
        self.objects.is_fresh(*id)
    }

    fn is_settled(&self, id: &Oid) -> bool {
        !self.objects.is_quarantined()
            || self.tips.borrow_mut().contain(id)
            || (self.rows() > 0 && self.row_of(id).is_some())
    }

    fn pause(&self) -> Answer<()> {
        self.deadline.check()
    }

    fn distrust(&self) {
        self.distrusted.set(true);
    }
}

/// Returns the commits that the history of a shallow clone stops at.
///
/// # Errors
/// Where the list cannot be read: then nothing can be said safely.
pub(super) fn shallow_boundary(environment: &Environment, place: &Place) -> Result<IdSet<Oid>, Failure> {
    let named = environment.path("GIT_SHALLOW_FILE").filter(|_| place.environment_counts);
    let path = named.unwrap_or_else(|| place.common_dir.join("shallow"));
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(IdSet::default()),
        Err(source) => return Err(Failure::Read { path, source }),
    };
    let ids = text.lines().filter(|line| !line.is_empty()).map(|line| Oid::from_hex(line.trim()));
    ids.collect::<Result<_, _>>().map_err(|_| Failure::Shallow(path))
}
