//! What version tags point to, where they stand, and which number comes next.

use std::collections::BTreeSet;

use super::{Facts, LineId, RefKind, VersionTag, When, name_of};
use crate::history::{BString, Object, Oid};
use crate::policy::{LineRole, MergeStyle};
use crate::version::{self, Release, Version};

/// What a tag's ref points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagObject {
    /// The name that the tag object calls itself; `None` for a lightweight tag.
    pub calls_itself: Option<BString>,
    /// What lies below all tags.
    pub target: Target,
}

/// What lies below all tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A commit.
    Commit(Oid),
    /// A tree, which is no version of anything.
    Tree,
    /// A blob, likewise.
    Blob,
}

/// Where a version tag stands, seen from the line that it belongs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// On the trunk of its line.
    OnTrunk,
    /// The line took the commit in with a branch, and was never there itself.
    Inside,
    /// On the line that releases are cut from, before this one was cut.
    BelowCut,
    /// On a commit that the line does not have.
    Beside,
    /// The line does not exist.
    NoLine,
}

/// Why a hotfix number cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// The numbers below it are set, and it is new.
    InOrder,
    /// This is the lowest version that is missing below it.
    Missing(Version),
    /// The number was used before.
    Used,
}

impl Facts<'_> {
    /// Returns what the tag that points to `id` is.
    pub fn tag_object(&self, id: Oid) -> Option<TagObject> {
        let mut calls_itself = None;
        let mut at = id;
        // git itself follows any depth; nobody nests deeper than a few.
        for _ in 0..64 {
            let target = match self.ask(self.history.object(at))? {
                Object::Tag(tag) => {
                    calls_itself.get_or_insert(tag.name);
                    at = tag.target;
                    continue;
                }
                Object::Commit => Target::Commit(at),
                Object::Tree => Target::Tree,
                Object::Blob => Target::Blob,
            };
            return Some(TagObject { calls_itself, target });
        }
        None
    }

    /// Returns the line that tags of `version` stand on.
    #[must_use]
    pub fn line_of_tags(&self, version: Version) -> LineId {
        match self.policy.tags.on {
            LineRole::Integration => LineId::Integration,
            LineRole::Production => LineId::Production,
            LineRole::Release => LineId::Release(version.release),
        }
    }

    /// Returns where `commit` stands as the commit of a tag of `version`.
    pub fn ground(&self, version: Version, commit: Oid) -> Option<Ground> {
        let line = self.line_of_tags(version);
        let Some(tip) = self.tip(line, When::After) else { return Some(Ground::NoLine) };
        if !self.ask(self.history.on_trunk(commit, tip))? {
            let inside = self.ask(self.history.is_ancestor(commit, tip))?;
            return Some(if inside { Ground::Inside } else { Ground::Beside });
        }
        let below = match self.lowest_of_tags(line) {
            Some(cut) => !self.ask(self.history.is_ancestor(cut, commit))?,
            None => false,
        };
        Some(if below { Ground::BelowCut } else { Ground::OnTrunk })
    }

    /// Returns the cut of a release line, where its own trunk can be told from its base's.
    fn lowest_of_tags(&self, line: LineId) -> Option<Oid> {
        let releases = self.policy.releases.as_ref()?;
        let base = self.policy.line(releases.from)?;
        // A base that was fast-forwarded onto the release has the release's trunk as its own.
        if base.merge != MergeStyle::MergeCommit {
            return None;
        }
        self.cut(line.release()?)
    }

    /// Returns the trunk commit with which the line of `version` took `commit` in.
    pub fn taken_in_by(&self, version: Version, commit: Oid) -> Option<Oid> {
        let mut at = self.tip(self.line_of_tags(version), When::After)?;
        if !self.ask(self.history.is_ancestor(commit, at))? {
            return None;
        }
        while let Some(parent) = self.ask(self.history.parents(at))?.first().copied() {
            if !self.ask(self.history.is_ancestor(commit, parent))? {
                break;
            }
            at = parent;
        }
        Some(at)
    }

    /// Returns the version tag of the same release that comes before `version` in flow order.
    pub fn predecessor(&self, version: Version, when: When) -> Option<(Version, &VersionTag)> {
        let range = Version::of(version.release)..version;
        self.versions(when).range(range).next_back().map(|(version, tag)| (*version, tag))
    }

    /// Returns the highest version above `version` that has a release tag before the push.
    pub fn released_above(&self, version: Version) -> Option<(Version, &VersionTag)> {
        let released = self.versions(When::Before).iter().rev().find(|(other, _)| other.hotfix.is_none());
        released.filter(|(other, _)| other.release > version.release).map(|(other, tag)| (*other, tag))
    }

    /// Returns the hotfix numbers of `release` that records or the event log name: used, even
    /// where their tag is gone.
    pub fn used_numbers(&self, release: Release) -> BTreeSet<u64> {
        let seen = self.push.seen_tags.iter().filter_map(|name| match self.kind(name) {
            RefKind::VersionTag(version) => Some(version),
            _ => None,
        });
        let recorded = self.recorded_versions(When::Before).into_iter();
        let of_release = recorded.chain(seen).filter(|version| version.release == release);
        of_release.filter_map(|version| version.hotfix).collect()
    }

    /// Returns how the number of `version` follows those of its release.
    pub fn sequence(&self, version: Version) -> Sequence {
        let Some(n) = version.hotfix else { return Sequence::InOrder };
        let release = version.release;
        let set = self.versions(When::After);
        if !set.contains_key(&Version::of(release)) {
            return Sequence::Missing(Version::of(release));
        }
        let used = self.used_numbers(release);
        let free = |n: &u64| !used.contains(n) && !set.contains_key(&Version { release, hotfix: Some(*n) });
        match (1..n).find(free) {
            Some(missing) => Sequence::Missing(Version { release, hotfix: Some(missing) }),
            None if used.contains(&n) => Sequence::Used,
            None => Sequence::InOrder,
        }
    }

    /// Returns the version that `release` sets next, counting what `when` has.
    pub fn next_version(&self, release: Release, when: When) -> Version {
        let set: BTreeSet<Version> = self.versions_of(release, when).into_iter().collect();
        version::next(release, &set, &self.used_numbers(release))
    }

    /// Returns the short name of the tag of `version`: as it is set, else as the policy has it.
    pub fn version_name(&self, version: Version) -> String {
        let set = [When::After, When::Before].into_iter().find_map(|when| self.versions(when).get(&version));
        match set {
            Some(tag) => tag.name.short(),
            None => name_of(self.policy, version).unwrap_or_else(|| version.to_string()),
        }
    }

    /// Whether `commit` is a strict descendant of the commit of `version`'s predecessor; so is
    /// everything where there is none.
    pub fn follows(&self, version: Version, commit: Oid) -> Option<bool> {
        let Some((_, predecessor)) = self.predecessor(version, When::After) else { return Some(true) };
        let Some(below) = predecessor.commit else { return Some(true) };
        Some(below != commit && self.ask(self.history.is_ancestor(below, commit))?)
    }
}
