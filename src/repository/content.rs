//! What commits hold: files, changes as patches, merges tried in memory.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use git2::{DiffOptions, MergeOptions, ObjectFormat};
use gix::hash::Kind as Hash;

use crate::history::{Answer, Oid, PatchId, Unreadable};

/// A second reader of the same object directories, for trees and blobs; opened when first asked.
pub(super) struct Content {
    directories: Vec<PathBuf>,
    hash: Hash,
    reader: OnceCell<git2::Repository>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Content").field(&self.directories).finish()
    }
}

impl Content {
    pub(super) fn new(directories: Vec<PathBuf>, hash: Hash) -> Self {
        Self { directories, hash, reader: OnceCell::new() }
    }

    /// Returns the identity of the change between two trees.
    pub(super) fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        if from == Some(to) {
            return Ok(None);
        }
        let diff = self.diff(from, to)?;
        if diff.deltas().len() == 0 {
            return Ok(None);
        }
        let id = diff.patchid(None).map_err(|error| unreadable(to, &error))?;
        let mut identity = id.to_string();
        // The patch of a binary file says only that it differs, so its contents are named.
        for delta in diff.deltas().filter(|delta| delta.flags().is_binary()) {
            let (old, new) = (delta.old_file(), delta.new_file());
            let path = String::from_utf8_lossy(new.path_bytes().or(old.path_bytes()).unwrap_or_default());
            let _ = write!(identity, "\n{path} {} {}", old.id(), new.id());
        }
        Ok(Some(PatchId(identity)))
    }

    /// Returns a number that says which paths differ between two trees.
    pub(super) fn touched(&self, from: Option<Oid>, to: Oid) -> Answer<u64> {
        let mut hash = DefaultHasher::new();
        for delta in self.diff(from, to)?.deltas() {
            delta.old_file().path_bytes().hash(&mut hash);
            delta.new_file().path_bytes().hash(&mut hash);
        }
        Ok(hash.finish())
    }

    fn diff(&self, from: Option<Oid>, to: Oid) -> Answer<git2::Diff<'_>> {
        let reader = self.reader()?;
        let old = from.map(|from| tree(reader, from)).transpose()?;
        let new = tree(reader, to)?;
        let mut options = DiffOptions::new();
        options.ignore_submodules(false).include_typechange(true).context_lines(3);
        reader
            .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))
            .map_err(|error| unreadable(to, &error))
    }

    /// Whether a merge of the tree `theirs` into `ours` over `base` gives `ours` again.
    pub(super) fn merge_is_ours(&self, base: Option<Oid>, ours: Oid, theirs: Oid) -> Answer<bool> {
        if base == Some(theirs) || ours == theirs {
            return Ok(true);
        }
        if let Some(known) = self.merge_is_plain(base, ours, theirs)? {
            return Ok(known);
        }
        let reader = self.reader()?;
        let base = match base {
            Some(base) => tree(reader, base)?,
            None => empty_tree(reader, ours)?,
        };
        let (our_tree, their_tree) = (tree(reader, ours)?, tree(reader, theirs)?);
        let mut options = MergeOptions::new();
        options.find_renames(true);
        let merged = reader
            .merge_trees(&base, &our_tree, &their_tree, Some(&options))
            .map_err(|error| unreadable(theirs, &error))?;
        if merged.has_conflicts() {
            return Ok(false);
        }
        let diff = reader
            .diff_tree_to_index(Some(&our_tree), Some(&merged), None)
            .map_err(|error| unreadable(ours, &error))?;
        Ok(diff.deltas().len() == 0)
    }

    /// Answers [`Self::merge_is_ours`] where no file has to be merged: what they changed is in ours
    /// already, or some of it is in ours as it was before, and would change.
    fn merge_is_plain(&self, base: Option<Oid>, ours: Oid, theirs: Oid) -> Answer<Option<bool>> {
        let our_tree = tree(self.reader()?, ours)?;
        let mut all_known = true;
        for delta in self.diff(base, theirs)?.deltas() {
            let (old, new) = (delta.old_file(), delta.new_file());
            let Some(path) = new.path().or_else(|| old.path()) else { return Ok(None) };
            let known = our_tree.get_path(path).ok();
            let known = known.map(|entry| (entry.id(), u32::try_from(entry.filemode()).unwrap_or(0)));
            let side = |file: &git2::DiffFile<'_>| {
                (!file.id().is_zero()).then(|| (file.id(), u32::from(file.mode())))
            };
            if known == side(&new) {
                continue;
            }
            if known == side(&old) {
                return Ok(Some(false));
            }
            all_known = false;
        }
        Ok(all_known.then_some(true))
    }

    fn reader(&self) -> Answer<&git2::Repository> {
        if let Some(reader) = self.reader.get() {
            return Ok(reader);
        }
        let reader = self.open().map_err(|error| {
            Unreadable::Store(format!("the object directories cannot be opened: {}", error.message()))
        })?;
        Ok(self.reader.get_or_init(|| reader))
    }

    fn open(&self) -> Result<git2::Repository, git2::Error> {
        let format = match self.hash {
            Hash::Sha256 => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        };
        // git names what it receives by what it is, and believes that name ever after; so do we.
        git2::opts::strict_hash_verification(false);
        let objects = git2::Odb::new_ext(format)?;
        for directory in &self.directories {
            let path = directory.to_str().ok_or_else(|| git2::Error::from_str("its path is not UTF-8"))?;
            objects.add_disk_alternate(path)?;
        }
        // A merge writes the files it merges: to memory, never to disk.
        objects.add_new_mempack_backend(1000)?;
        git2::Repository::from_odb(objects)
    }
}

fn tree(reader: &git2::Repository, id: Oid) -> Answer<git2::Tree<'_>> {
    let raw = git2::Oid::from_bytes(id.as_slice()).map_err(|error| unreadable(id, &error))?;
    reader.find_tree(raw).map_err(|error| unreadable(id, &error))
}

fn empty_tree(reader: &git2::Repository, near: Oid) -> Answer<git2::Tree<'_>> {
    let id = reader
        .treebuilder(None)
        .and_then(|builder| builder.write())
        .map_err(|error| unreadable(near, &error))?;
    reader.find_tree(id).map_err(|error| unreadable(near, &error))
}

/// Says which object is missing where libgit2 does; it names it in the text alone.
fn unreadable(near: Oid, error: &git2::Error) -> Unreadable {
    if error.code() != git2::ErrorCode::NotFound {
        return Unreadable::Damaged { id: near, why: error.message().to_owned() };
    }
    let is_hex = |c: char| c.is_ascii_hexdigit();
    let named =
        error.message().split(|c: char| !is_hex(c)).find_map(|word| Oid::from_hex(word.as_bytes()).ok());
    Unreadable::Missing(named.unwrap_or(near))
}
