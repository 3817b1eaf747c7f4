//! Objects from several directories as one store: loose ones and packs, nothing replaced.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use gix::hash::Kind as Hash;
use gix::objs::Kind;
use gix::odb::loose;
use gix::odb::pack::cache::Never;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{self, MMap};

use super::delta;
use super::index::Index;
use super::near::{Near, Tree};
use super::place::ObjectDirectories;
use super::small::{Room, Small};
use crate::history::{Answer, IdSet, Oid, Unreadable};

/// No object that is read whole may be larger: a judgement needs commits, tags and small files.
const LARGEST: usize = 64 << 20;

/// The object directories of a repository.
pub(super) struct Objects {
    hash: Hash,
    directories: Vec<Directory>,
    quarantine: bool,
    inflate: RefCell<gix::zlib::Inflate>,
    whole: RefCell<Option<libdeflater::Decompressor>>,
    near: RefCell<Near<Pack>>,
    small: RefCell<Room>,
    /// The loose object whose kind was asked for last: it is asked for next.
    held: RefCell<Option<(Oid, Kind, Vec<u8>)>>,
    /// The pack that had the last object: its neighbours are asked for next.
    last: RefCell<Option<Rc<Pack>>>,
}

struct Directory {
    path: PathBuf,
    loose: loose::Store,
    packs: RefCell<Option<Packs>>,
    /// The loose objects, by the first byte of their ids, where it was worth listing them.
    listed: RefCell<HashMap<u8, IdSet<Oid>>>,
    /// How many objects were looked for that are in no pack.
    asked: Cell<u32>,
}

/// git's limit: a change of a change and so on. A chain may have no end where a pack is damaged.
const DELTAS: usize = 4096;

/// So many loose objects are looked for one by one.
const FEW: u32 = 64;

struct Packs {
    list: Vec<Rc<Pack>>,
    listed: Option<SystemTime>,
}

struct Pack {
    path: PathBuf,
    index: Index,
    data: RefCell<Option<Rc<pack::data::File<MMap>>>>,
    /// How often the file was asked for.
    asked: Cell<u32>,
}

/// So many objects are read by way of one mapping.
const STRETCH: u32 = 1 << 12;

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Objects").field(&self.directories).finish()
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Directory").field(&self.path).finish()
    }
}

impl std::fmt::Debug for Pack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pack").field(&self.path).finish()
    }
}

impl Objects {
    pub(super) fn open(directories: &ObjectDirectories, hash: Hash) -> Self {
        let limited = loose::Options { alloc_limit_bytes: Some(LARGEST), ..loose::Options::default() };
        let directory = |path: &PathBuf| Directory {
            path: path.clone(),
            loose: loose::Store::at_opts(path, hash, limited),
            packs: RefCell::default(),
            listed: RefCell::default(),
            asked: Cell::default(),
        };
        Self {
            hash,
            directories: directories.all.iter().map(directory).collect(),
            quarantine: directories.quarantine,
            inflate: RefCell::default(),
            whole: RefCell::default(),
            near: RefCell::default(),
            small: RefCell::default(),
            held: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// Reads the object `id` into `data`.
    ///
    /// # Errors
    /// [`Unreadable::Missing`], or what is wrong with the object or its pack.
    pub(super) fn read(&self, id: Oid, data: &mut Vec<u8>) -> Answer<Kind> {
        if let Some((_, kind, held)) = self.held.take().filter(|(of, ..)| *of == id) {
            *data = held;
            return Ok(kind);
        }
        let kind = self.find(id, |found| match found {
            Found::Packed(pack, at) => self.read_packed(pack, at, data).map(Some),
            Found::Loose(directory) => self.read_loose(directory, id, data),
        });
        kind.map_err(|failure| self.or_too_large(id, failure))?.ok_or(Unreadable::Missing(id))
    }

    /// Returns the bytes of the tree `id`. Trees that are near one another in a history are read
    /// sooner than [`Self::read`] could.
    ///
    /// # Errors
    /// As [`Self::read`], or where it is no tree.
    pub(super) fn tree(&self, id: Oid) -> Answer<Tree> {
        let tree = self.find(id, |found| {
            let mut data = vec![];
            let kind = match found {
                Found::Packed(pack, at) => match self.tree_near(pack, at) {
                    Some(tree) => return Ok(Some((Kind::Tree, tree))),
                    None => self.read_packed(pack, at, &mut data).map(Some),
                },
                Found::Loose(directory) => self.read_loose(directory, id, &mut data),
            };
            Ok(kind?.map(|kind| (kind, Rc::new(data))))
        });
        match tree.map_err(|failure| self.or_too_large(id, failure))?.ok_or(Unreadable::Missing(id))? {
            (Kind::Tree, tree) => Ok(tree),
            (kind, _) => Err(Unreadable::Damaged { id, why: format!("it is a {kind}, not a tree") }),
        }
    }

    /// Returns the bytes of trees; where there is none, none.
    pub(super) fn trees<const N: usize>(&self, ids: [Option<Oid>; N]) -> Answer<[Tree; N]> {
        let mut trees = std::array::from_fn(|_| Tree::default());
        for (id, tree) in ids.into_iter().zip(&mut trees) {
            if let Some(id) = id {
                *tree = self.tree(id)?;
            }
        }
        Ok(trees)
    }

    /// Returns a tree of a pack by way of those that it is kept as a change of, which are mostly
    /// known. `None`: it is no tree, or something is wrong with it, which is for others to say.
    fn tree_near(&self, pack: &Rc<Pack>, at: u64) -> Option<Tree> {
        let file = pack.data(self.hash).ok()?;
        let mut near = self.near.borrow_mut();
        let number = near.pack(pack);
        let mut changes = vec![];
        let mut at = at;
        let mut tree = loop {
            if let Some(known) = near.get(number, at) {
                break known;
            }
            let entry = file.entry(at).ok()?;
            let Some(below) = pack.base_of(&entry).ok()? else {
                let tree = (entry.header == Header::Tree).then(|| self.inflated(&file, &entry))?;
                let tree = Rc::new(tree?);
                near.keep(number, at, &tree);
                break tree;
            };
            changes.push((at, entry));
            if changes.len() > DELTAS {
                return None;
            }
            at = below;
        };
        for (at, entry) in changes.iter().rev() {
            tree = Rc::new(delta::apply(&tree, &self.inflated(&file, entry)?, LARGEST)?);
            near.keep(number, *at, &tree);
        }
        Some(tree)
    }

    /// Returns the kind of the object `id` without reading it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn kind(&self, id: Oid) -> Answer<Kind> {
        let kind = self.find(id, |found| match found {
            Found::Packed(pack, at) => self.kind_of_packed(pack, at).map(Some),
            Found::Loose(directory) => self.kind_of_loose(directory, id),
        })?;
        kind.ok_or(Unreadable::Missing(id))
    }

    fn header(&self, id: Oid) -> Answer<(Kind, u64)> {
        let header = self.find(id, |found| match found {
            Found::Packed(pack, at) => self.header_of_packed(pack, at).map(Some),
            Found::Loose(directory) => {
                let found = directory.loose.try_header(&id).map_err(|error| error.to_string())?;
                Ok(found.map(|(size, kind)| (kind, size)))
            }
        })?;
        header.ok_or(Unreadable::Missing(id))
    }

    fn or_too_large(&self, id: Oid, failure: Unreadable) -> Unreadable {
        let is_too_large = self.header(id).is_ok_and(|(_, size)| size > LARGEST as u64);
        if is_too_large { Unreadable::TooLarge { id, limit: LARGEST >> 20 } } else { failure }
    }

    /// Whether `id` is in the quarantine and nowhere else.
    ///
    /// # Errors
    /// Where a store cannot be read.
    pub(super) fn is_fresh(&self, id: Oid) -> Answer<bool> {
        if !self.quarantine {
            return Ok(false);
        }
        let mut holders = self.directories.iter().map(|directory| directory.contains(id, self.hash));
        let in_quarantine = holders.next().unwrap_or(Ok(false))?;
        if !in_quarantine {
            return Ok(false);
        }
        for elsewhere in holders {
            if elsewhere? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn is_quarantined(&self) -> bool {
        self.quarantine
    }

    /// Looks in the packs that are open already, then among the loose objects, then in the packs
    /// that are not open yet: opening a large index costs more than anything else here.
    fn find<T>(
        &self,
        id: Oid,
        mut visit: impl FnMut(Found<'_>) -> Result<Option<T>, String>,
    ) -> Answer<Option<T>> {
        let damaged = |why: String| Unreadable::Damaged { id, why };
        if id.kind() != self.hash {
            return Ok(None);
        }
        if let Some((pack, at)) = self.in_open_pack(id)? {
            return visit(Found::Packed(&pack, at)).map_err(damaged);
        }
        for directory in &self.directories {
            if let Some(found) = visit(Found::Loose(directory)).map_err(damaged)? {
                return Ok(Some(found));
            }
        }
        for directory in &self.directories {
            if directory.list(self.hash)?
                && let Some((pack, at)) = directory.offset(id, None)?
            {
                *self.last.borrow_mut() = Some(Rc::clone(&pack));
                return visit(Found::Packed(&pack, at)).map_err(damaged);
            }
        }
        Ok(None)
    }

    fn in_open_pack(&self, id: Oid) -> Answer<Option<(Rc<Pack>, u64)>> {
        let last = self.last.borrow().clone();
        if let Some(last) = &last
            && let Some(at) = last.offset(id)?
        {
            return Ok(Some((Rc::clone(last), at)));
        }
        for directory in &self.directories {
            if let Some((pack, at)) = directory.offset(id, last.as_ref())? {
                *self.last.borrow_mut() = Some(Rc::clone(&pack));
                return Ok(Some((pack, at)));
            }
        }
        Ok(None)
    }

    fn read_packed(&self, pack: &Pack, at: u64, data: &mut Vec<u8>) -> Result<Kind, String> {
        let file = pack.data(self.hash)?;
        let entry = file.entry(at).map_err(|error| error.to_string())?;
        if let Some(kind) = self.read_inflated(pack, &file, entry.clone(), data) {
            return Ok(kind);
        }
        let resolve = |id: &gix::oid, _: &mut Vec<u8>| {
            let Ok(Some(base)) = pack.index.offset(id) else { return Ok(None) };
            let entry = file.entry(base)?;
            Ok(Some(pack::data::decode::entry::ResolvedBase::InPack(entry)))
        };
        let found = file
            .decode_entry(entry, data, &mut self.inflate.borrow_mut(), &resolve, &mut Never)
            .map_err(|error| error.to_string())?;
        Ok(found.kind)
    }

    /// Reads an object, or what it is kept as a change of and the changes, each inflated in one go,
    /// which takes half as long as piece by piece. Where that cannot be done, what is wrong is for
    /// others to say.
    fn read_inflated(
        &self,
        pack: &Pack,
        file: &pack::data::File<MMap>,
        mut entry: pack::data::Entry,
        data: &mut Vec<u8>,
    ) -> Option<Kind> {
        let mut changes = vec![];
        while let Some(base) = pack.base_of(&entry).ok()? {
            let below = file.entry(base).ok()?;
            changes.push(std::mem::replace(&mut entry, below));
            if changes.len() > DELTAS {
                return None;
            }
        }
        self.inflate_into(file, &entry, data)?;
        for change in changes.iter().rev() {
            *data = delta::apply(data, &self.inflated(file, change)?, LARGEST)?;
        }
        entry.header.as_kind()
    }

    fn inflated(&self, file: &pack::data::File<MMap>, entry: &pack::data::Entry) -> Option<Vec<u8>> {
        let mut data = vec![];
        self.inflate_into(file, entry, &mut data).map(|()| data)
    }

    fn inflate_into(
        &self,
        file: &pack::data::File<MMap>,
        entry: &pack::data::Entry,
        data: &mut Vec<u8>,
    ) -> Option<()> {
        let packed = file.entry_slice(entry.data_offset..file.pack_end() as u64)?;
        let size = usize::try_from(entry.decompressed_size).ok().filter(|size| *size <= LARGEST)?;
        data.resize(size, 0);
        let mut whole = self.whole.borrow_mut();
        let inflated = whole.get_or_insert_default().zlib_decompress(packed, data).ok()?;
        (inflated == size).then_some(())
    }

    fn read_small(&self, directory: &Directory, id: Oid, data: &mut Vec<u8>) -> Small {
        let mut whole = self.whole.borrow_mut();
        self.small.borrow_mut().read(&directory.path, &id, whole.get_or_insert_default(), data)
    }

    /// Reads a loose object, if it is one.
    fn read_loose(&self, directory: &Directory, id: Oid, data: &mut Vec<u8>) -> Result<Option<Kind>, String> {
        match self.read_small(directory, id, data) {
            Small::Absent => Ok(None),
            Small::Read(kind) => Ok(Some(kind)),
            Small::Unclear => read_large(&directory.loose, id, data),
        }
    }

    /// Returns the kind of a loose object, if it is one; a small one is read for that and held.
    fn kind_of_loose(&self, directory: &Directory, id: Oid) -> Result<Option<Kind>, String> {
        let mut data = vec![];
        match self.read_small(directory, id, &mut data) {
            Small::Absent => Ok(None),
            Small::Read(kind) => {
                self.held.replace(Some((id, kind, data)));
                Ok(Some(kind))
            }
            Small::Unclear => {
                let found = directory.loose.try_header(&id).map_err(|error| error.to_string())?;
                Ok(found.map(|(_, kind)| kind))
            }
        }
    }

    /// Returns the kind of what a packed object is a change of, in the end; nothing is inflated.
    fn kind_of_packed(&self, pack: &Pack, at: u64) -> Result<Kind, String> {
        let file = pack.data(self.hash)?;
        let mut entry = file.entry(at).map_err(|error| error.to_string())?;
        for _ in 0..DELTAS {
            let Some(base) = pack.base_of(&entry)? else {
                return entry.header.as_kind().ok_or_else(|| "it is of no kind".to_owned());
            };
            entry = file.entry(base).map_err(|error| error.to_string())?;
        }
        Err("its changes do not end".to_owned())
    }

    fn header_of_packed(&self, pack: &Pack, at: u64) -> Result<(Kind, u64), String> {
        let file = pack.data(self.hash)?;
        let entry = file.entry(at).map_err(|error| error.to_string())?;
        let resolve = |id: &gix::oid| {
            let Ok(Some(base)) = pack.index.offset(id) else { return Ok(None) };
            let entry = file.entry(base)?;
            Ok(Some(pack::data::decode::header::ResolvedBase::InPack(entry)))
        };
        let found = file
            .decode_header(entry, &mut self.inflate.borrow_mut(), &resolve)
            .map_err(|error| error.to_string())?;
        Ok((found.kind, found.object_size))
    }
}

/// Reads a loose object of any size, if it is one.
fn read_large(store: &loose::Store, id: Oid, data: &mut Vec<u8>) -> Result<Option<Kind>, String> {
    let found = store.try_find(&id, data).map_err(|error| error.to_string())?;
    let Some((kind, len)) = found.map(|found| (found.kind, found.data.len())) else {
        return Ok(None);
    };
    data.truncate(len);
    Ok(Some(kind))
}

enum Found<'a> {
    Packed(&'a Rc<Pack>, u64),
    Loose(&'a Directory),
}

impl Directory {
    fn contains(&self, id: Oid, hash: Hash) -> Answer<bool> {
        if self.offset(id, None)?.is_some() {
            return Ok(true);
        }
        let asked = self.asked.get().saturating_add(1);
        self.asked.set(asked);
        if asked > FEW {
            return self.has_listed(id, hash);
        }
        Ok(self.loose.contains(&id) || self.list(hash)? && self.offset(id, None)?.is_some())
    }

    /// Whether `id` is a loose object, of which those that begin alike are listed once; or in a
    /// pack that was not there before: `git repack` makes packs of loose objects.
    fn has_listed(&self, id: Oid, hash: Hash) -> Answer<bool> {
        let first = id.as_bytes()[0];
        if let Some(listed) = self.listed.borrow().get(&first) {
            return Ok(listed.contains(&id));
        }
        let listed = self.loose_ids(first)?;
        let is_loose = listed.contains(&id);
        self.listed.borrow_mut().insert(first, listed);
        Ok(is_loose || self.list(hash)? && self.offset(id, None)?.is_some())
    }

    fn loose_ids(&self, first: u8) -> Answer<IdSet<Oid>> {
        let dir = self.path.join(format!("{first:02x}"));
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(IdSet::default()),
            Err(error) => return Err(unreadable(&dir, error)),
        };
        let mut ids = IdSet::default();
        for entry in entries {
            let name = entry.map_err(|error| unreadable(&dir, error))?.file_name();
            let hex = [format!("{first:02x}").as_bytes(), name.as_encoded_bytes()].concat();
            ids.extend(Oid::from_hex(&hex));
        }
        Ok(ids)
    }

    /// Returns the open pack that has `id`, and where; `but` has it not.
    fn offset(&self, id: Oid, but: Option<&Rc<Pack>>) -> Answer<Option<(Rc<Pack>, u64)>> {
        for pack in self.packs.borrow().iter().flat_map(|packs| &packs.list) {
            if but.is_some_and(|but| Rc::ptr_eq(but, pack)) {
                continue;
            }
            if let Some(at) = pack.offset(id)? {
                return Ok(Some((Rc::clone(pack), at)));
            }
        }
        Ok(None)
    }

    /// Lists and opens the packs, unless that was done and nothing changed since (`git repack`
    /// may replace them at any time); says whether it did.
    fn list(&self, hash: Hash) -> Answer<bool> {
        let dir = self.path.join("pack");
        let changed = dir.metadata().and_then(|meta| meta.modified()).ok();
        if self.packs.borrow().as_ref().is_some_and(|packs| packs.listed == changed) {
            return Ok(false);
        }
        let mut list = vec![];
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(&dir, error)),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry.map_err(|error| unreadable(&dir, error))?.path();
            if path.extension().is_none_or(|extension| extension != "idx")
                || !path.with_extension("pack").is_file()
            {
                continue;
            }
            let index = match Index::open(&path, hash) {
                Ok(index) => index,
                // It was there a moment ago: a repack put its objects elsewhere.
                Err(_) if !path.exists() => continue,
                Err(why) => return Err(unreadable(&path, why)),
            };
            list.push(Rc::new(Pack { path, index, data: RefCell::default(), asked: Cell::default() }));
        }
        *self.packs.borrow_mut() = Some(Packs { list, listed: changed });
        Ok(true)
    }
}

impl Pack {
    fn offset(&self, id: Oid) -> Answer<Option<u64>> {
        self.index.offset(&id).map_err(|why| unreadable(&self.path, why))
    }

    /// Returns where that stands which an entry is a change of; `None`: it is whole.
    fn base_of(&self, entry: &pack::data::Entry) -> Result<Option<u64>, String> {
        let base = match entry.header {
            Header::OfsDelta { base_distance } => entry.checked_base_pack_offset(base_distance),
            Header::RefDelta { base_id } => self.index.offset(&base_id)?,
            _ => return Ok(None),
        };
        base.map(Some).ok_or_else(|| "what it is a change of is not in the pack".to_owned())
    }

    /// Returns the pack's file. What was read of a mapped file counts as memory of this program for as
    /// long as the mapping stands, so it is mapped anew now and then.
    fn data(&self, hash: Hash) -> Result<Rc<pack::data::File<MMap>>, String> {
        let mut known = self.data.borrow_mut();
        self.asked.set(self.asked.get().wrapping_add(1));
        if let Some(data) = known.as_ref().filter(|_| !self.asked.get().is_multiple_of(STRETCH)) {
            return Ok(Rc::clone(data));
        }
        let data = match (pack::data::File::at(self.path.with_extension("pack"), hash), known.take()) {
            (Ok(data), _) => Rc::new(data.with_alloc_limit_bytes(Some(LARGEST))),
            // A repack has put its objects elsewhere since; what is mapped stays.
            (Err(_), Some(data)) => data,
            (Err(error), None) => return Err(error.to_string()),
        };
        Ok(Rc::clone(known.insert(data)))
    }
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Unreadable {
    Unreadable::Store(format!("`{}` cannot be read: {why}", path.display()))
}

/// When a long walk has to end.
#[derive(Debug, Default)]
pub(super) struct Deadline(Cell<Option<(std::time::Instant, std::time::Duration)>>);

impl Deadline {
    pub(super) fn set(&self, at: std::time::Instant, allowed: std::time::Duration) {
        self.0.set(Some((at, allowed)));
    }

    pub(super) fn check(&self) -> Answer<()> {
        match self.0.get() {
            Some((at, allowed)) if std::time::Instant::now() >= at => {
                Err(Unreadable::Deadline(allowed.as_secs_f64().to_string()))
            }
            _ => Ok(()),
        }
    }
}
