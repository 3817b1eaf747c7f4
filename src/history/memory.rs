//! A history in memory, answered from the definitions: the tests' history and the obvious oracle.
//!
//! Objects get the ids git would give them, so a picture drawn here and the repository made from
//! it speak of the same commits. Ancestry is plain set arithmetic and nothing is cached: slow,
//! and plainly right.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gix::hash::Kind as Hash;
use gix::objs::Kind;

use super::order::children_first;
use super::{Answer, Commit, History, Object, Oid, PatchId, Signature, Signed, Tag, Unreadable};

/// A history in memory.
#[derive(Debug, Clone)]
pub struct Memory {
    hash: Hash,
    commits: HashMap<Oid, Commit>,
    tags: HashMap<Oid, Tag>,
    trees: HashMap<Oid, BTreeMap<String, Oid>>,
    blobs: HashMap<Oid, Vec<u8>>,
    shallow: BTreeSet<Oid>,
    signed: HashMap<Oid, String>,
}

/// What a new commit is made of.
#[derive(Debug, Clone, Default)]
pub struct NewCommit {
    /// The parents, first parent first.
    pub parents: Vec<Oid>,
    /// Every file of its tree: a name without `/`, and the content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Author and committer, and the date of both.
    pub by: Signature,
    /// The message.
    pub message: String,
}

/// What a new annotated tag is made of.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// What it points to.
    pub target: Oid,
    /// The `tag` header.
    pub name: String,
    /// The tagger.
    pub by: Signature,
    /// The message.
    pub message: String,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(Hash::Sha1)
    }
}

impl Memory {
    /// Returns an empty history whose ids are made with `hash`.
    #[must_use]
    pub fn new(hash: Hash) -> Self {
        Self {
            hash,
            commits: HashMap::new(),
            tags: HashMap::new(),
            trees: HashMap::new(),
            blobs: HashMap::new(),
            shallow: BTreeSet::new(),
            signed: HashMap::new(),
        }
    }

    /// Adds a blob and returns its id.
    pub fn add_blob(&mut self, content: &[u8]) -> Oid {
        let id = self.hash_of(Kind::Blob, content);
        self.blobs.insert(id, content.to_vec());
        id
    }

    /// Adds a commit with its tree and returns its id.
    pub fn add_commit(&mut self, new: &NewCommit) -> Oid {
        let tree = self.add_tree(&new.files);
        let mut text = format!("tree {tree}\n").into_bytes();
        for parent in &new.parents {
            text.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        for role in ["author", "committer"] {
            text.extend_from_slice(&line_of(role, &new.by));
        }
        text.push(b'\n');
        text.extend_from_slice(new.message.as_bytes());
        let id = self.hash_of(Kind::Commit, &text);
        self.commits.insert(
            id,
            Commit {
                tree,
                parents: new.parents.clone(),
                author: Some(new.by.clone()),
                committer: Some(new.by.clone()),
                message: new.message.as_str().into(),
            },
        );
        id
    }

    /// Adds an annotated tag and returns the id of the tag object.
    pub fn add_tag(&mut self, new: &NewTag) -> Oid {
        let kind = match self.object(new.target) {
            Ok(Object::Tag(_)) => "tag",
            Ok(Object::Tree) => "tree",
            Ok(Object::Blob) => "blob",
            _ => "commit",
        };
        let mut text = format!("object {}\ntype {kind}\ntag {}\n", new.target, new.name).into_bytes();
        text.extend_from_slice(&line_of("tagger", &new.by));
        text.push(b'\n');
        text.extend_from_slice(new.message.as_bytes());
        let id = self.hash_of(Kind::Tag, &text);
        self.tags.insert(
            id,
            Tag {
                target: new.target,
                name: new.name.as_str().into(),
                tagger: Some(new.by.clone()),
                message: new.message.as_str().into(),
                signature: None,
            },
        );
        id
    }

    /// Adds a tag object as it was read from somewhere.
    pub fn add_tag_as_read(&mut self, id: Oid, tag: Tag) {
        self.tags.insert(id, tag);
    }

    /// Makes `commit` a boundary of a shallow clone: its parents are unknown.
    pub fn make_shallow(&mut self, commit: Oid) {
        self.shallow.insert(commit);
    }

    /// Says that the tag `tag` carries a good signature by `principal`.
    pub fn sign(&mut self, tag: Oid, principal: &str) {
        self.signed.insert(tag, principal.to_owned());
    }

    /// Returns the files of the tree of `commit`: name and content.
    #[must_use]
    pub fn files(&self, commit: Oid) -> BTreeMap<String, Vec<u8>> {
        let Some(tree) = self.commits.get(&commit).and_then(|commit| self.trees.get(&commit.tree)) else {
            return BTreeMap::new();
        };
        tree.iter()
            .map(|(name, blob)| (name.clone(), self.blobs.get(blob).cloned().unwrap_or_default()))
            .collect()
    }

    /// Returns the tree of `commit`; the commit itself where there is none.
    #[must_use]
    pub fn commit_tree(&self, commit: Oid) -> Oid {
        self.commits.get(&commit).map_or(commit, |known| known.tree)
    }

    /// Returns `commit` and all its ancestors.
    ///
    /// # Errors
    /// Where the history stops before its roots.
    pub fn ancestors(&self, commit: Oid) -> Answer<BTreeSet<Oid>> {
        self.union(&[commit])
    }

    /// Returns `tips` and all their ancestors.
    fn union(&self, tips: &[Oid]) -> Answer<BTreeSet<Oid>> {
        let mut seen = BTreeSet::new();
        let mut todo = tips.to_vec();
        while let Some(next) = todo.pop() {
            if seen.insert(next) {
                todo.extend(self.parents(next)?);
            }
        }
        Ok(seen)
    }

    fn trunk(&self, tip: Oid) -> Answer<Vec<Oid>> {
        let mut trunk = vec![tip];
        let mut at = tip;
        while let Some(parent) = self.parents(at)?.first() {
            at = *parent;
            trunk.push(at);
        }
        Ok(trunk)
    }

    fn add_tree(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Oid {
        let entries: BTreeMap<String, Oid> =
            files.iter().map(|(name, content)| (name.clone(), self.add_blob(content))).collect();
        let mut text = vec![];
        for (name, blob) in &entries {
            text.extend_from_slice(format!("100644 {name}\0").as_bytes());
            text.extend_from_slice(blob.as_slice());
        }
        let id = self.hash_of(Kind::Tree, &text);
        self.trees.insert(id, entries);
        id
    }

    fn hash_of(&self, kind: Kind, data: &[u8]) -> Oid {
        gix::objs::compute_hash(self.hash, kind, data)
            .expect("what is made here is no known collision attack")
    }

    fn tree_of(&self, commit: Oid) -> Answer<&BTreeMap<String, Oid>> {
        let commit = self.commits.get(&commit).ok_or(Unreadable::Missing(commit))?;
        self.trees.get(&commit.tree).ok_or(Unreadable::Missing(commit.tree))
    }
}

fn line_of(role: &str, by: &Signature) -> Vec<u8> {
    let mut line = format!("{role} ").into_bytes();
    line.extend_from_slice(&by.name);
    line.extend_from_slice(b" <");
    line.extend_from_slice(&by.email);
    line.extend_from_slice(format!("> {} +0000\n", by.time).as_bytes());
    line
}

impl History for Memory {
    fn object(&self, id: Oid) -> Answer<Object> {
        if self.commits.contains_key(&id) {
            Ok(Object::Commit)
        } else if let Some(tag) = self.tags.get(&id) {
            Ok(Object::Tag(tag.clone()))
        } else if self.trees.contains_key(&id) {
            Ok(Object::Tree)
        } else if self.blobs.contains_key(&id) {
            Ok(Object::Blob)
        } else {
            Err(Unreadable::Missing(id))
        }
    }

    fn commit(&self, id: Oid) -> Answer<Commit> {
        self.commits.get(&id).cloned().ok_or(Unreadable::Missing(id))
    }

    fn parents(&self, id: Oid) -> Answer<Vec<Oid>> {
        let commit = self.commits.get(&id).ok_or(Unreadable::Missing(id))?;
        if self.shallow.contains(&id) && !commit.parents.is_empty() {
            return Err(Unreadable::Shallow(id));
        }
        Ok(commit.parents.clone())
    }

    fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        Ok(self.ancestors(descendant)?.contains(&ancestor))
    }

    fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        let common: BTreeSet<Oid> = self.ancestors(a)?.intersection(&self.ancestors(b)?).copied().collect();
        let mut best = vec![];
        for &candidate in &common {
            let mut below_another = false;
            for &other in &common {
                below_another |= other != candidate && self.ancestors(other)?.contains(&candidate);
            }
            if !below_another {
                best.push(candidate);
            }
        }
        Ok(best)
    }

    fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        let hidden = self.union(hidden)?;
        let mut seen = BTreeSet::new();
        children_first(
            tips,
            |commit| !hidden.contains(&commit) && seen.insert(commit),
            |commit, parents| {
                parents.extend(self.parents(commit)?);
                Ok(())
            },
        )
    }

    fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        groups
            .iter()
            .map(|group| {
                let reached = self.union(group)?;
                Ok(commits.iter().map(|commit| reached.contains(commit)).collect())
            })
            .collect()
    }

    fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>> {
        let other: BTreeSet<Oid> = self.trunk(other)?.into_iter().collect();
        Ok(self.trunk(tip)?.into_iter().find(|commit| other.contains(commit)))
    }

    fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        let none = BTreeMap::new();
        let old = from.map_or(Ok(&none), |from| self.tree_of(from))?;
        let new = self.tree_of(to)?;
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changes: Vec<String> = names
            .into_iter()
            .filter(|name| old.get(*name) != new.get(*name))
            .map(|name| format!("{name}: {:?} > {:?}", old.get(name), new.get(name)))
            .collect();
        Ok((!changes.is_empty()).then(|| PatchId(changes.join("\n"))))
    }

    fn merge_over(&self, bases: &[Oid], into: Oid, from: Oid) -> Answer<bool> {
        let none = BTreeMap::new();
        let mut bases = bases.iter().map(|base| self.tree_of(*base)).collect::<Answer<Vec<_>>>()?;
        if bases.is_empty() {
            bases.push(&none);
        }
        let (ours, theirs) = (self.tree_of(into)?, self.tree_of(from)?);
        let is_ours = |base: &BTreeMap<String, Oid>| {
            let mut names = base.keys().chain(theirs.keys());
            names.all(|name| theirs.get(name) == base.get(name) || theirs.get(name) == ours.get(name))
        };
        Ok(bases.into_iter().all(is_ours))
    }

    fn file(&self, commit: Oid, path: &str) -> Answer<Option<Vec<u8>>> {
        Ok(self.tree_of(commit)?.get(path).and_then(|blob| self.blobs.get(blob)).cloned())
    }

    fn signature(&self, tag: Oid, _allowed: &str) -> Answer<Signed> {
        Ok(self.signed.get(&tag).cloned().map_or(Signed::Not, Signed::By))
    }
}
