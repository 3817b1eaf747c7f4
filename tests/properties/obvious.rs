//! The second reading of the rules: slow, and plainly what their definitions say.
//!
//! Everything is a set of commits that is computed in full. Nothing is shared with the facts or
//! the rules of flowcheck but the reading of names, so that a mistake has to be made twice.

mod lines;
mod names;
mod owed;
mod policies;
mod records;
mod tags;
mod topics;
mod verdict;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use flowcheck::facts::{RefKind, kind_of};
use flowcheck::finding::Level;
use flowcheck::history::{History, Memory, Object, Oid, RefName, Refs};
use flowcheck::policy::{LineRole, Policy};
use flowcheck::push::{Push, RefUpdate};
use flowcheck::verdict::Outcome;
use flowcheck::version::{Release, Version};
use verdict::Raw;

/// A set of commits.
pub type Set = BTreeSet<Oid>;

/// What fires: the rule, the ref, and what becomes of it.
pub type Fired = BTreeSet<(&'static str, RefName, Outcome)>;

/// What fires for one update.
type Said = BTreeSet<(&'static str, Level)>;

/// Returns everything that fires for `push`, and what is owed once it is true.
pub fn judge(memory: &Memory, policy: &Policy, push: &Push) -> Fired {
    let case = Case::new(memory, policy, push);
    let mut raw = vec![];
    for update in push.updates.iter().filter(|update| update.old != update.new) {
        let said = [
            names::judge(&case, update),
            lines::judge(&case, update),
            topics::judge(&case, update),
            tags::judge(&case, update),
            records::judge(&case, update),
            policies::judge(&case, update),
        ];
        let each = said.into_iter().flatten();
        raw.extend(each.map(|(rule, most)| Raw { rule, name: update.name.clone(), most, overdue: false }));
    }
    let then = Push { before: push.after(), updates: vec![], ..push.clone() };
    raw.extend(owed::judge(&Case::new(memory, policy, &then)));
    verdict::weigh(&case, raw)
}

/// A push, and the sets that its judgement speaks of.
struct Case<'a> {
    memory: &'a Memory,
    policy: &'a Policy,
    push: &'a Push,
    after: Refs,
    ancestors: RefCell<HashMap<Oid, Rc<Set>>>,
    /// The commits of the confirmed version tags: *shipped* is what they hold.
    proven: BTreeMap<Version, Oid>,
    /// The version tags that were confirmed before the push, whatever it does to the tags.
    confirmed: BTreeSet<Version>,
}

impl<'a> Case<'a> {
    fn new(memory: &'a Memory, policy: &'a Policy, push: &'a Push) -> Self {
        let mut case = Self {
            memory,
            policy,
            push,
            after: push.after(),
            ancestors: RefCell::default(),
            proven: BTreeMap::new(),
            confirmed: BTreeSet::new(),
        };
        case.confirmed = records::confirmed(&case);
        case.proven = records::proven(&case);
        case
    }

    fn before(&self) -> &Refs {
        &self.push.before
    }

    fn kind(&self, name: &RefName) -> RefKind {
        kind_of(self.policy, name)
    }

    /// `anc(c)`.
    fn anc(&self, commit: Oid) -> Rc<Set> {
        if let Some(known) = self.ancestors.borrow().get(&commit) {
            return Rc::clone(known);
        }
        let set = Rc::new(self.memory.ancestors(commit).expect("a history in memory is whole"));
        self.ancestors.borrow_mut().insert(commit, Rc::clone(&set));
        set
    }

    /// The union of `anc(c)` over some commits.
    fn all(&self, commits: impl IntoIterator<Item = Oid>) -> Set {
        let mut all = Set::new();
        for commit in commits {
            all.extend(self.anc(commit).iter());
        }
        all
    }

    fn parents(&self, commit: Oid) -> Vec<Oid> {
        self.memory.parents(commit).expect("a history in memory is whole")
    }

    /// `trunk(c)`, newest first.
    fn trunk(&self, tip: Oid) -> Vec<Oid> {
        let mut trunk = vec![tip];
        let mut at = tip;
        while let Some(&first) = self.parents(at).first() {
            at = first;
            trunk.push(at);
        }
        trunk
    }

    fn trunk_of(&self, tip: Option<Oid>) -> Vec<Oid> {
        tip.map(|tip| self.trunk(tip)).unwrap_or_default()
    }

    fn tree(&self, commit: Oid) -> BTreeMap<String, Vec<u8>> {
        self.memory.files(commit)
    }

    fn peel(&self, id: Oid) -> Option<Oid> {
        match self.memory.object(id).ok()? {
            Object::Commit => Some(id),
            Object::Tag(tag) => self.peel(tag.target),
            Object::Tree | Object::Blob => None,
        }
    }

    /// The tip of the integration or the production line.
    fn tip(&self, refs: &Refs, role: LineRole) -> Option<Oid> {
        let line = self.policy.line(role)?;
        refs.get(&RefName::of_branch(&line.branch)).map(|entry| entry.id)
    }

    fn releases(&self, refs: &Refs) -> BTreeMap<Release, Oid> {
        let releases = refs.iter().filter_map(|entry| match self.kind(&entry.name) {
            RefKind::Release(release) => Some((release, entry.id)),
            _ => None,
        });
        releases.collect()
    }

    /// The version tags that stand on commits.
    fn versions(&self, refs: &Refs) -> BTreeMap<Version, Oid> {
        let versions = refs.iter().filter_map(|entry| match self.kind(&entry.name) {
            RefKind::VersionTag(version) => Some((version, self.peel(entry.id)?)),
            _ => None,
        });
        versions.collect()
    }

    /// The version tags, whatever they stand on.
    fn set_versions(&self, refs: &Refs) -> BTreeSet<Version> {
        let versions = refs.iter().filter_map(|entry| match self.kind(&entry.name) {
            RefKind::VersionTag(version) => Some(version),
            _ => None,
        });
        versions.collect()
    }

    /// The version tags of one release.
    fn versions_of(&self, refs: &Refs, release: Release) -> BTreeMap<Version, Oid> {
        let mut versions = self.versions(refs);
        versions.retain(|version, _| version.release == release);
        versions
    }

    /// *Shipped*.
    fn shipped(&self) -> Set {
        self.all(self.proven.values().copied())
    }

    /// *Shipped* of the releases below `release`.
    fn shipped_below(&self, release: Release) -> Set {
        self.all(self.proven.iter().filter(|(version, _)| version.release < release).map(|(_, tip)| *tip))
    }

    /// Whether a newer release is confirmed, where releases do not stay open side by side.
    fn closed(&self, release: Release) -> bool {
        !self.policy.parallel() && self.confirmed.iter().any(|version| version.release > release)
    }

    /// The line that releases are cut from.
    fn cut_from(&self) -> LineRole {
        self.policy.releases.as_ref().map_or(LineRole::Integration, |releases| releases.from)
    }

    /// The newest commit of `trunk(tip)` that is on the trunk of the line releases are cut from.
    fn cut(&self, tip: Oid) -> Option<Oid> {
        let base = self.trunk_of(self.tip(&self.after, self.cut_from()));
        self.trunk(tip).into_iter().find(|commit| base.contains(commit))
    }

    /// Where a release that the push creates begins: the newest commit of its trunk that its base
    /// knows.
    fn begins(&self, tip: Oid) -> Option<Oid> {
        let base = self.tip(&self.after, self.cut_from())?;
        let old = self.all(self.tip(self.before(), self.cut_from()));
        let new = self.trunk(base);
        self.trunk(tip).into_iter().find(|commit| old.contains(commit) || new.contains(commit))
    }

    /// The new commits of a line's trunk.
    fn new_trunk(&self, old: Option<Oid>, new: Option<Oid>) -> Vec<Oid> {
        let old = self.all(old);
        self.trunk_of(new).into_iter().filter(|commit| !old.contains(commit)).collect()
    }

    /// The commits of the integration or production line, as other lines see them.
    fn own(&self, role: LineRole) -> Set {
        // What a line holds when it is created is not judged, and accuses nobody.
        let Some(old) = self.tip(self.before(), role) else { return Set::new() };
        let mut own = Set::clone(&self.anc(old));
        // A line that is rewritten has no steps.
        let new = self.tip(&self.after, role).filter(|new| self.anc(*new).contains(&old));
        own.extend(self.new_trunk(Some(old), new));
        own
    }
}

/// The tip that an update sets, where it sets one.
fn sets(update: &RefUpdate) -> Option<Oid> {
    update.new.filter(|new| update.old != Some(*new))
}

/// One error.
fn error(rule: &'static str) -> (&'static str, Level) {
    (rule, Level::Error)
}

/// One warning.
fn warn(rule: &'static str) -> (&'static str, Level) {
    (rule, Level::Warn)
}
