//! Whether what a version shipped is there in another line of history.

use std::collections::HashSet;

use super::{Facts, LineId, When};
use crate::history::{IdSet, Oid};
use crate::policy::LineRole;
use crate::version::{Release, Version};

/// How the content of a version is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its commit is an ancestor.
    Ancestry,
    /// Every one of its changes was made there as well (cherry-picked), or all of them as one.
    Patches,
    /// Merging it would change nothing.
    Content,
    /// It is missing.
    Missing,
}

impl Facts<'_> {
    /// Returns how the version `version` (at commit `tag`) is present in `tip`; `None`: unknown.
    pub fn presence(&self, version: Version, tag: Oid, tip: Oid) -> Option<Presence> {
        if self.ask(self.history.is_ancestor(tag, tip))? {
            return Some(Presence::Ancestry);
        }
        if self.present_by_patches(version, tag, tip)? {
            return Some(Presence::Patches);
        }
        let same = self.ask(self.history.merge_changes_nothing(tip, tag))?;
        Some(if same { Presence::Content } else { Presence::Missing })
    }

    /// Returns what a version brought, children before parents: for a hotfix what lies above its
    /// previous version tag, for a release what lies above the cut.
    fn brought_by(&self, version: Version, tag: Oid) -> Option<Vec<Oid>> {
        let below: Vec<Oid> = self.base_of(version, tag).into_iter().collect();
        self.ask(self.history.introduced(&[tag], &below))
    }

    /// Returns those of what a version brought that `tip` does not have, in the same order.
    pub fn lacked(&self, version: Version, tag: Oid, tip: Oid) -> Option<Vec<Oid>> {
        let known: Vec<Oid> = self.base_of(version, tag).into_iter().chain([tip]).collect();
        self.ask(self.history.introduced(&[tag], &known))
    }

    fn base_of(&self, version: Version, tag: Oid) -> Option<Oid> {
        let previous =
            self.versions_of(version.release, When::After).into_iter().rfind(|other| *other < version);
        match previous.and_then(|previous| self.version_commit(previous, When::After)) {
            Some(previous) => Some(previous),
            None => self.cut_of(tag),
        }
    }

    fn present_by_patches(&self, version: Version, tag: Oid, tip: Oid) -> Option<bool> {
        let fixes = self.but_merges_of(self.lacked(version, tag, tip)?)?;
        if fixes.is_empty() {
            return Some(!self.but_merges_of(self.brought_by(version, tag)?)?.is_empty());
        }
        let below: Vec<Oid> = self.base_of(version, tag).into_iter().collect();
        // A change may have been made once more by a commit that both have.
        let alike = self.ask(self.history.alike(&fixes, tip, &below))?;
        let mut asked: Vec<(Oid, Vec<Oid>)> = fixes.into_iter().zip(alike).collect();
        // One that is missing is enough: what few can have made again is soonest known to be.
        asked.sort_by_key(|(_, alike)| alike.len());
        let mut open = vec![];
        for (fix, alike) in asked {
            let close = self.close_to(fix, &alike)?;
            if !close.is_empty() {
                open.push((fix, close));
            } else if self.ask(self.history.differs(self.first_parent(fix)?, fix))? {
                return Some(false);
            }
        }
        for (fix, close) in open {
            if !self.made_again(fix, &close)? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Returns those of `alike` that touch the same paths as `fix`: most need no closer look.
    fn close_to(&self, fix: Oid, alike: &[Oid]) -> Option<Vec<Oid>> {
        let touched = |commit| self.ask(self.history.touched(self.first_parent(commit)?, commit));
        let mut close = vec![];
        for commit in alike {
            close.extend((touched(*commit)? == touched(fix)?).then_some(*commit));
        }
        Some(close)
    }

    /// Whether one of `close` made the change of `fix`, or that changed nothing.
    fn made_again(&self, fix: Oid, close: &[Oid]) -> Option<bool> {
        let change = |commit| self.ask(self.history.patch(self.first_parent(commit)?, commit));
        let Some(made) = change(fix)? else { return Some(true) };
        for commit in close {
            if change(*commit)?.as_ref() == Some(&made) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Returns those of `commits` that are no merges.
    fn but_merges_of(&self, commits: Vec<Oid>) -> Option<Vec<Oid>> {
        let mut plain = vec![];
        for commit in commits {
            if self.ask(self.history.parents(commit))?.len() < 2 {
                plain.push(commit);
            }
        }
        Some(plain)
    }

    /// Returns the first parent of a commit, if it has one. The outer `None`: unknown.
    pub(super) fn first_parent(&self, commit: Oid) -> Option<Option<Oid>> {
        Some(self.ask(self.history.parents(commit))?.first().copied())
    }

    /// Returns the versions of releases below `release` that something after them should contain:
    /// of each release the newest confirmed one, and the newest hotfix where that is not confirmed.
    pub fn owed_versions(&self, release: Release) -> Vec<(Version, bool)> {
        let mut owed: Vec<(Version, bool)> = vec![];
        let shipped: HashSet<Version> = self.shipped().map(|(version, _)| version).collect();
        let mut releases: Vec<Release> = self
            .versions(When::After)
            .keys()
            .map(|version| version.release)
            .filter(|of| *of < release)
            .collect();
        releases.dedup();
        for release in releases {
            // A tag of a tree or a blob is no version of anything.
            let mut versions = self.versions_of(release, When::After);
            versions.retain(|version| self.version_commit(*version, When::After).is_some());
            let confirmed = versions.iter().rfind(|version| shipped.contains(version));
            owed.extend(confirmed.map(|version| (*version, true)));
            let newest =
                versions.last().filter(|newest| newest.hotfix.is_some() && Some(*newest) != confirmed);
            owed.extend(newest.map(|version| (*version, false)));
        }
        owed
    }

    /// Returns those of the owed versions that are missing from `tip`, with whether each is
    /// confirmed.
    pub fn lost_fixes(&self, release: Release, tip: Oid) -> Option<Vec<(Version, bool)>> {
        let owed = self.owed_versions(release);
        let commits: Vec<(Version, bool, Oid)> = owed
            .into_iter()
            .filter_map(|(version, confirmed)| {
                Some((version, confirmed, self.version_commit(version, When::After)?))
            })
            .collect();
        let tags: Vec<Oid> = commits.iter().map(|(_, _, tag)| *tag).collect();
        // One walk for the ordinary case: everything is there by ancestry.
        let absent: IdSet<Oid> = self.without(&tags, &[tip])?.into_iter().collect();
        let mut lost = vec![];
        for (version, confirmed, tag) in commits.into_iter().filter(|(_, _, tag)| absent.contains(tag)) {
            // What one version hides says nothing of the next.
            if self.is_there_otherwise(version, tag, tip) == Some(false) {
                lost.push((version, confirmed));
            }
        }
        Some(lost)
    }

    /// Whether what a version brought is in `tip`, though its commit is not. Which way it came
    /// matters to nobody here, and content is the cheaper question. `None`: unknown.
    fn is_there_otherwise(&self, version: Version, tag: Oid, tip: Oid) -> Option<bool> {
        Some(
            self.ask(self.history.merge_changes_nothing(tip, tag))?
                || self.present_by_patches(version, tag, tip)?,
        )
    }
}

/// How far a confirmed version is merged back into one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedBack {
    /// The line.
    pub line: LineId,
    /// How the version is present there.
    pub presence: Presence,
}

impl Facts<'_> {
    /// Returns, for each line that releases go into, how `version` is present there. Lines that do
    /// not exist are left out.
    pub fn merged_back(&self, version: Version) -> Option<Vec<MergedBack>> {
        let tag = self.version_commit(version, When::After)?;
        let mut found = vec![];
        for line in self.merge_back_lines() {
            let Some(tip) = self.tip(line, When::After) else { continue };
            let presence = if self.is_known_to_hold(tip, tag) {
                Presence::Ancestry
            } else {
                self.presence(version, tag, tip)?
            };
            found.push(MergedBack { line, presence });
        }
        Some(found)
    }

    pub(super) fn merge_back_lines(&self) -> Vec<LineId> {
        let into = self.policy.releases.as_ref().map_or(&[][..], |releases| &releases.into);
        let line = |role: &LineRole| match role {
            LineRole::Integration => Some(LineId::Integration),
            LineRole::Production => Some(LineId::Production),
            LineRole::Release => None,
        };
        into.iter().filter_map(line).collect()
    }

    /// Returns the newest confirmed version of a release.
    pub fn newest_confirmed(&self, release: Release) -> Option<Version> {
        self.confirmed().keys().rfind(|version| version.release == release).copied()
    }

    /// Whether a version is confirmed and its tag stands where it was.
    pub fn is_shipped(&self, version: Version) -> bool {
        self.shipped().any(|(shipped, _)| shipped == version)
    }

    /// Whether the line of `release`, which stood at `tip`, is no longer needed: it is merged back
    /// or closed, or nothing was ever made of it. `None`: unknown.
    pub fn line_is_done(&self, release: Release, tip: Oid) -> Option<bool> {
        if self.closed(release) {
            return Some(true);
        }
        let Some(newest) = self.newest_version(release, When::After) else {
            let base: Vec<Oid> = self.release_base(When::After).into_iter().collect();
            return Some(self.without(&[tip], &base)?.is_empty());
        };
        if !self.is_shipped(newest) {
            return Some(false);
        }
        let lines: Vec<Oid> =
            self.merge_back_lines().into_iter().filter_map(|line| self.tip(line, When::After)).collect();
        let mut in_all = true;
        for line in &lines {
            in_all &= self.ask(self.history.is_ancestor(tip, *line))?;
        }
        if in_all {
            return Some(true);
        }
        Some(self.merged_back(newest)?.iter().all(|line| line.presence != Presence::Missing))
    }
}
