//! Answers about a push, each found once, without opinions.
//!
//! Only this layer and those below may fail. A question that has no answer is remembered (see
//! [`Facts::trouble`]) and given as `None` or as an unknown, so that rules stay pure.

mod confirmation;
mod deployment;
mod kinds;
mod lines;
mod lookalikes;
mod merge;
mod newest;
mod origin;
mod presence;
mod releases;
mod shared;
mod state;
mod tags;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::finding::Named;
use crate::history::{Answer, History, Object, Oid, RefName, Refs, Unreadable};
use crate::policy::{LineRole, Policy};
use crate::push::{Push, RefUpdate};
use crate::version::{Release, Version};
use shared::Tagged;

pub use confirmation::{Confirmed, Flaw, NewRecord, Proof, Record, Standing};
pub use deployment::{Deployment, deployment_of, is_image_tag};
pub use kinds::{RecordName, RefKind, kind_of, name_of, release_of, version_of};
pub use lines::{Cut, LineId, LineMove};
pub use lookalikes::Alike;
pub use merge::{Accused, Entry, Stranger, Unconfirmed};
pub use origin::{Closest, Foreign, TopicOrigin};
pub use presence::{MergedBack, Presence};
pub use releases::{ReleaseStatus, State, VersionStatus};
pub use shared::Shared;
pub use state::Refusal;
pub use tags::{Ground, Sequence, TagObject, Target};

/// Without the push, or with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// The refs without the push.
    Before,
    /// The refs with the push.
    After,
}

/// A version tag as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionTag {
    /// The ref.
    pub name: RefName,
    /// The object that the ref points to: a tag object, or a commit where it is lightweight.
    pub id: Oid,
    /// The commit below all tags; `None` where it is a tree, a blob, or unreadable.
    pub commit: Option<Oid>,
}

/// Facts about one push.
pub struct Facts<'a> {
    /// The history that is asked.
    pub history: &'a dyn History,
    policy: &'a Policy,
    push: &'a Push,
    after: Refs,
    shared: Option<&'a Shared>,
    tagged: [Rc<Tagged>; 2],
    releases: [OnceCell<BTreeMap<Release, Oid>>; 2],
    confirmed: OnceCell<BTreeMap<Version, Confirmed>>,
    newest: OnceCell<Option<Version>>,
    release_names: [OnceCell<BTreeMap<Release, String>>; 2],
    known: releases::Known,
    moves: RefCell<HashMap<LineId, Option<Rc<LineMove>>>>,
    origins: RefCell<HashMap<RefUpdate, TopicOrigin>>,
    accused: RefCell<HashMap<LineId, merge::Unwelcome>>,
    lookalikes: lookalikes::Lookalikes,
    trial: bool,
    trouble: RefCell<Vec<Unreadable>>,
}

impl<'a> Facts<'a> {
    /// Returns the facts about `push`; nothing is asked yet.
    #[must_use]
    pub fn new(history: &'a dyn History, policy: &'a Policy, push: &'a Push) -> Self {
        Self::sharing(history, policy, push, None)
    }

    /// Returns the facts about `push`, which is one of many over the same history and policy.
    #[must_use]
    pub fn of_many(history: &'a dyn History, policy: &'a Policy, push: &'a Push, shared: &'a Shared) -> Self {
        Self::sharing(history, policy, push, Some(shared))
    }

    fn sharing(
        history: &'a dyn History,
        policy: &'a Policy,
        push: &'a Push,
        shared: Option<&'a Shared>,
    ) -> Self {
        let after = push.after();
        let tagged =
            [&push.before, &after].map(|refs| shared.map_or_else(Rc::default, |shared| shared.tagged(refs)));
        let tagged = match tagged {
            [before, _] if push.before.shares_tags(&after) => [Rc::clone(&before), before],
            both => both,
        };
        Self {
            history,
            policy,
            push,
            after,
            shared,
            tagged,
            releases: Default::default(),
            confirmed: OnceCell::new(),
            newest: OnceCell::new(),
            release_names: Default::default(),
            known: releases::Known::default(),
            moves: RefCell::default(),
            origins: RefCell::default(),
            accused: RefCell::default(),
            lookalikes: lookalikes::Lookalikes::default(),
            trial: false,
            trouble: RefCell::default(),
        }
    }

    /// Returns the facts about a push that nobody sent: what a way out would lead to. Tag objects
    /// that the way out would make are not there yet.
    #[must_use]
    pub fn of_trial(history: &'a dyn History, policy: &'a Policy, push: &'a Push) -> Self {
        Self { trial: true, ..Self::new(history, policy, push) }
    }

    /// Whether the push is one that nobody sent.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.trial
    }

    /// Returns the refs without or with the push.
    #[must_use]
    pub fn refs(&self, when: When) -> &Refs {
        match when {
            When::Before => &self.push.before,
            When::After => &self.after,
        }
    }

    /// Returns what `name` is in the policy's model.
    #[must_use]
    pub fn kind(&self, name: &RefName) -> RefKind {
        match self.shared {
            Some(shared) => shared.kind(self.policy, name),
            None => kind_of(self.policy, name),
        }
    }

    /// Returns the version tags, in flow order.
    pub fn versions(&self, when: When) -> &BTreeMap<Version, VersionTag> {
        self.tagged[when as usize].versions.get_or_init(|| {
            let mut versions = BTreeMap::new();
            for entry in self.refs(when).below("refs/tags/") {
                if let RefKind::VersionTag(version) = self.kind(&entry.name) {
                    // The store says what a tag peels to, not what that is.
                    let commit = match entry.peeled {
                        Some(id) => self.ask(self.history.is_commit(id)).unwrap_or(false).then_some(id),
                        None => self.peel(entry.id),
                    };
                    let tag = VersionTag { name: entry.name.clone(), id: entry.id, commit };
                    versions.insert(version, tag);
                }
            }
            versions
        })
    }

    /// Returns the tips of the release lines.
    pub fn releases(&self, when: When) -> &BTreeMap<Release, Oid> {
        self.releases[when as usize].get_or_init(|| {
            let mut releases = BTreeMap::new();
            for entry in self.refs(when).below("refs/heads/") {
                if let Some(release) = self.release_of(&entry.name) {
                    releases.insert(release, entry.id);
                }
            }
            releases
        })
    }

    /// Returns the release whose line `name` is.
    fn release_of(&self, name: &RefName) -> Option<Release> {
        match self.shared.map(|shared| shared.kind(self.policy, name)) {
            Some(RefKind::Release(release)) => Some(release),
            Some(_) => None,
            None => release_of(self.policy, name),
        }
    }

    /// Returns the branch names of the release lines that stand.
    fn release_names(&self, when: When) -> &BTreeMap<Release, String> {
        self.release_names[when as usize].get_or_init(|| {
            let mut names = BTreeMap::new();
            for entry in self.refs(when).below("refs/heads/") {
                if let Some(release) = self.release_of(&entry.name) {
                    names.entry(release).or_insert_with(|| entry.name.short());
                }
            }
            names
        })
    }

    /// Returns the tip of the integration or production line.
    #[must_use]
    pub fn line(&self, role: LineRole, when: When) -> Option<Oid> {
        let line = self.policy.line(role)?;
        Some(self.refs(when).get(&RefName::of_branch(&line.branch))?.id)
    }

    /// Returns the commit below all tags of `id`; `None` where there is none.
    pub fn peel(&self, id: Oid) -> Option<Oid> {
        let mut at = id;
        // git itself follows any depth; nobody nests deeper than a few.
        for _ in 0..64 {
            match self.ask(self.history.object(at))? {
                Object::Commit => return Some(at),
                Object::Tag(tag) => at = tag.target,
                Object::Tree | Object::Blob => return None,
            }
        }
        None
    }

    /// Returns the commits with their subjects.
    pub fn named(&self, commits: &[Oid]) -> Vec<Named> {
        commits
            .iter()
            .map(|&id| Named { id, subject: self.history.subject(id).unwrap_or_default() })
            .collect()
    }

    /// Returns the value of an answer; a failure is remembered and becomes `None`.
    pub fn ask<T>(&self, answer: Answer<T>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(failure) => {
                let mut trouble = self.trouble.borrow_mut();
                if !trouble.contains(&failure) {
                    trouble.push(failure);
                }
                None
            }
        }
    }

    /// Returns how much could not be learned so far.
    #[must_use]
    pub fn troubles(&self) -> usize {
        self.trouble.borrow().len()
    }

    /// Returns what could not be learned so far. A hook that finds anything here cannot judge.
    #[must_use]
    pub fn trouble(&self) -> Vec<Unreadable> {
        self.trouble.borrow().clone()
    }
}
