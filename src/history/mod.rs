//! What can be asked of a history: commits, tags, ancestry, and what two commits differ in.

mod drawn;
mod memory;
pub mod name;
mod order;
mod picture;
mod refs;
mod survey;
pub mod walk;

use std::collections::{BTreeMap, HashSet};

pub use drawn::{Details, Drawn, FIRST_DATE, TagDetails, TagOf, draw};
pub use gix::ObjectId as Oid;
pub use gix::bstr::{BStr, BString, ByteSlice};
pub use gix::hashtable::{HashMap as IdMap, HashSet as IdSet};
pub use memory::{Memory, NewCommit, NewTag};
pub use name::RefName;
pub use order::children_first;
pub use picture::{Label, Mistake, Picture, Placed, Sketch};
pub use refs::{Ref, Refs};
pub use survey::Survey;

/// Seconds since 1970-01-01T00:00:00Z; may be negative or far ahead, for a pusher chooses it.
pub type Seconds = i64;

/// Why a question about history has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The object is not in the store.
    #[error("object {0} is missing")]
    Missing(Oid),
    /// The answer lies behind the boundary of a shallow clone.
    #[error("the history stops at {0}: this clone is shallow")]
    Shallow(Oid),
    /// The object or index is there, but its bytes make no sense.
    #[error("object {id} is damaged: {why}")]
    Damaged {
        /// The object that cannot be read.
        id: Oid,
        /// What is wrong with it.
        why: String,
    },
    /// The object is larger than anything that is read whole.
    #[error("object {id} has more than {limit} MiB, the limit of what is judged")]
    TooLarge {
        /// The object that is not read.
        id: Oid,
        /// The limit.
        limit: usize,
    },
    /// The time allowed for the judgement is over.
    #[error("the deadline of {0} s has passed (`deadline` under [limits] in the policy)")]
    Deadline(String),
    /// Contents were not to be compared for this.
    #[error("the contents of {0} were not compared")]
    NotCompared(Oid),
    /// The store itself cannot be read.
    #[error("{0}")]
    Store(String),
}

/// The answer to a question about history.
pub type Answer<T> = Result<T, Unreadable>;

/// Who made a commit or tag, and when they say they did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// The name as written in the object.
    pub name: BString,
    /// The address as written in the object.
    pub email: BString,
    /// When, as claimed.
    pub time: Seconds,
}

/// A commit, decoded as far as a judgement can need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The id of the commit's tree.
    pub tree: Oid,
    /// The parents, first parent first.
    pub parents: Vec<Oid>,
    /// The author; `None` where the header is malformed.
    pub author: Option<Signature>,
    /// The committer; `None` where the header is malformed.
    pub committer: Option<Signature>,
    /// The whole message.
    pub message: BString,
}

impl Commit {
    /// Returns the first line of the message, lossily decoded, not escaped.
    #[must_use]
    pub fn subject(&self) -> String {
        subject_of(&self.message)
    }
}

/// Returns the first line of a message, lossily decoded, not escaped.
pub(crate) fn subject_of(message: &[u8]) -> String {
    message.lines().next().unwrap_or_default().to_str_lossy().trim().to_owned()
}

/// An annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What the tag points to (not peeled further).
    pub target: Oid,
    /// The `tag` header inside the object.
    pub name: BString,
    /// The tagger; `None` where there is none or it is malformed.
    pub tagger: Option<Signature>,
    /// The message without its signature.
    pub message: BString,
    /// The signature block, if there is one.
    pub signature: Option<BString>,
}

/// What an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag(Tag),
    /// A tree.
    Tree,
    /// A blob.
    Blob,
}

/// A change, compared by what it does and not by where it was made: `git patch-id`'s idea.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatchId(pub String);

/// A history: exact whatever dates the commits claim.
///
/// Every method fails with [`Unreadable`] when the store cannot answer; a shallow or partial
/// clone answers [`Unreadable::Shallow`] or [`Unreadable::Missing`] and never guesses.
/// A commit counts as an ancestor of itself. All ids are of commits unless said otherwise.
pub trait History {
    /// Returns what `id` names.
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where no such object is in the store.
    fn object(&self, id: Oid) -> Answer<Object>;

    /// Whether `id` names a commit.
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where no such object is in the store.
    fn is_commit(&self, id: Oid) -> Answer<bool> {
        Ok(matches!(self.object(id)?, Object::Commit))
    }

    /// Returns the decoded commit `id`.
    ///
    /// # Errors
    /// Where the commit is missing or is no commit.
    fn commit(&self, id: Oid) -> Answer<Commit>;

    /// Returns the committer's date of `id`, as claimed; 0 where there is none.
    ///
    /// # Errors
    /// Where the commit is missing or is no commit.
    fn date(&self, id: Oid) -> Answer<Seconds> {
        Ok(self.commit(id)?.committer.map_or(0, |by| by.time))
    }

    /// Returns the first line of the message of `id`, as [`Commit::subject`] does.
    ///
    /// # Errors
    /// Where the commit is missing or is no commit.
    fn subject(&self, id: Oid) -> Answer<String> {
        Ok(self.commit(id)?.subject())
    }

    /// Is told which subjects will be asked for, and in which order, so that they can be read
    /// meanwhile.
    fn expect_subjects(&self, commits: Vec<Oid>) {
        let _ = commits;
    }

    /// Returns everything that `tips` reach, as far as it is here.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn survey(&self, tips: &[Oid]) -> Answer<Survey> {
        let mut cut_off = false;
        let mut known_parents = |commit: Oid| match self.parents(commit) {
            Err(Unreadable::Shallow(_)) => {
                cut_off = true;
                Ok(vec![])
            }
            parents => parents,
        };
        let mut seen = HashSet::new();
        let mut order = order::children_first(
            tips,
            |commit| seen.insert(commit),
            |commit, parents| {
                parents.extend(known_parents(commit)?);
                Ok(())
            },
        )?;
        order.reverse();
        let mut survey = Survey::of(order.len());
        for commit in order {
            let parents = known_parents(commit)?;
            let numbers: Vec<u32> = parents.iter().filter_map(|parent| survey.number(parent)).collect();
            survey.push(commit, None, numbers);
        }
        if cut_off {
            survey.stops_early();
        }
        Ok(survey)
    }

    /// Returns the parents of `id`, first parent first.
    ///
    /// # Errors
    /// [`Unreadable::Shallow`] at the boundary of a shallow clone.
    fn parents(&self, id: Oid) -> Answer<Vec<Oid>>;

    /// Whether `ancestor` is reachable from `descendant`.
    ///
    /// # Errors
    /// Where a commit between the two cannot be read.
    fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool>;

    /// Returns the best common ancestors of `a` and `b`, sorted by id; none: unrelated.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>>;

    /// Returns what is reachable from `tips` and from none of `hidden`, children before parents,
    /// in an order that depends on the graph and the order of `tips` alone, never on dates or ids.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>>;

    /// For each group of tips and each of `commits`: whether the group reaches the commit
    /// (`result[group][commit]`). One walk, however many groups there are.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>>;

    /// Returns the newest commit on the first-parent chain of `tip` that is on the first-parent
    /// chain of `other` as well.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>>;

    /// Whether `commit` is on the first-parent chain of `tip`.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    fn on_trunk(&self, commit: Oid, tip: Oid) -> Answer<bool> {
        Ok(self.trunk_meets(commit, tip)? == Some(commit))
    }

    /// Returns the identity of the change from the tree of `from` (none: the empty tree) to that
    /// of `to`; `None` where nothing changed.
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where a tree or blob is not here (a partial clone).
    fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>>;

    /// Whether there is such a change at all.
    ///
    /// # Errors
    /// As [`Self::patch`].
    fn differs(&self, from: Option<Oid>, to: Oid) -> Answer<bool> {
        Ok(self.patch(from, to)?.is_some())
    }

    /// Returns a number that is the same for changes that touch the same paths; a history that
    /// does not look at paths has one number for all.
    ///
    /// # Errors
    /// As [`Self::patch`].
    fn touched(&self, from: Option<Oid>, to: Oid) -> Answer<u64> {
        let _ = (from, to);
        Ok(0)
    }

    /// Returns for each commit a number that is the same where the changes touch the same names at
    /// the top of the tree: less than [`Self::touched`] says, and sooner known. A history that does
    /// not look at names has one number for all.
    ///
    /// # Errors
    /// As [`Self::patch`].
    fn outlines(&self, commits: &[Oid]) -> Answer<Vec<u64>> {
        Ok(vec![0; commits.len()])
    }

    /// Returns for each of `fixes` the commits of `tip`, but not of `below`, that are no merges and
    /// whose [outline](Self::outlines) is the same.
    ///
    /// # Errors
    /// As [`Self::patch`].
    fn alike(&self, fixes: &[Oid], tip: Oid, below: &[Oid]) -> Answer<Vec<Vec<Oid>>> {
        let mut plain = vec![];
        for commit in self.introduced(&[tip], below)? {
            plain.extend((self.parents(commit)?.len() < 2).then_some(commit));
        }
        let mut by_outline: BTreeMap<u64, Vec<Oid>> = BTreeMap::new();
        for (outline, commit) in self.outlines(&plain)?.into_iter().zip(plain) {
            by_outline.entry(outline).or_default().push(commit);
        }
        let alike = |outline| by_outline.get(&outline).cloned().unwrap_or_default();
        Ok(self.outlines(fixes)?.into_iter().map(alike).collect())
    }

    /// Whether merging `from` into `into` would leave the tree of `into` as it is (a conflict
    /// changes something).
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where a tree or blob is not here.
    fn merge_changes_nothing(&self, into: Oid, from: Oid) -> Answer<bool> {
        self.merge_over(&self.merge_bases(into, from)?, into, from)
    }

    /// [`Self::merge_changes_nothing`], where the merge bases are known.
    ///
    /// # Errors
    /// [`Unreadable::Missing`] where a tree or blob is not here.
    fn merge_over(&self, bases: &[Oid], into: Oid, from: Oid) -> Answer<bool>;

    /// Returns the content of the file at `path` (a name at the top of the tree) in `commit`.
    ///
    /// # Errors
    /// Where the tree or blob cannot be read.
    fn file(&self, commit: Oid, path: &str) -> Answer<Option<Vec<u8>>>;

    /// Returns whether the annotated tag `tag` carries a good signature by a signer that
    /// `allowed` (the text of an ssh `allowed_signers` file) lists.
    ///
    /// # Errors
    /// Where the tag cannot be read or the signature cannot be checked at all.
    fn signature(&self, tag: Oid, allowed: &str) -> Answer<Signed>;
}

/// What was found out about a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// A good signature by this principal.
    By(String),
    /// There is no signature.
    Not,
    /// There is one, but it does not count; says why.
    Badly(String),
}
