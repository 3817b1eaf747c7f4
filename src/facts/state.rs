//! What a release has gone through, read from refs.

use super::{Facts, LineId, When};
use crate::history::Oid;
use crate::policy::While;
use crate::push::RefUpdate;
use crate::version::{Release, Version};

/// Why a release does not take a topic of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A newer release is confirmed.
    Closed,
    /// The release tag is set: what is mended now is a hotfix.
    Tagged,
    /// The release tag is not set yet: what is mended now is a bugfix.
    NotTagged,
    /// The topic does not contain the release tag.
    LacksTag,
}

impl Facts<'_> {
    /// Whether a newer release is confirmed and the policy keeps no older ones open.
    pub fn closed(&self, release: Release) -> bool {
        self.closed_by(release).is_some()
    }

    /// Returns the newest confirmed version of a newer release, where that closes `release`.
    pub fn closed_by(&self, release: Release) -> Option<Version> {
        if self.policy.parallel() {
            return None;
        }
        let newest = self.confirmed().keys().next_back().copied()?;
        (newest.release > release).then_some(newest)
    }

    /// Returns the short name of a version's tag: as it stands, else as the policy would have it.
    pub fn tag_name(&self, version: Version) -> String {
        for when in [When::After, When::Before] {
            if let Some(tag) = self.versions(when).get(&version) {
                return tag.name.short();
            }
        }
        let release = self.policy.tags.release.example(&version.release.to_string());
        let release = release.unwrap_or_else(|| version.release.to_string());
        version.hotfix.map_or(release.clone(), |n| format!("{release}-hotfix{n}"))
    }

    /// Returns the commit of a version tag.
    pub fn version_commit(&self, version: Version, when: When) -> Option<Oid> {
        self.versions(when).get(&version)?.commit
    }

    /// Returns why `release` does not take `commit`, which a topic of a kind with `while_` brings.
    /// The outer `None`: unknown.
    pub fn refusal(&self, release: Release, while_: While, commit: Oid) -> Option<Option<Refusal>> {
        if self.closed(release) {
            return Some(Some(Refusal::Closed));
        }
        let tag = Version::of(release);
        match while_ {
            While::Open => Some(None),
            While::BeforeTag => {
                if !self.versions(When::Before).contains_key(&tag) {
                    return Some(None);
                }
                let shipped_in = match self.version_commit(tag, When::After) {
                    Some(tag) => self.ask(self.history.is_ancestor(commit, tag))?,
                    None => false,
                };
                Some((!shipped_in).then_some(Refusal::Tagged))
            }
            While::AfterTag => {
                let set = self.versions(When::After).contains_key(&tag);
                Some((!set).then_some(Refusal::NotTagged))
            }
        }
    }

    /// Returns why `release` does not take the topic that `update` creates or moves. A move that
    /// brings nothing new is not asked about. The outer `None`: unknown.
    pub fn topic_refusal(
        &self,
        release: Release,
        while_: While,
        update: &RefUpdate,
    ) -> Option<Option<Refusal>> {
        let Some(new) = update.new else { return Some(None) };
        if let Some(old) = update.old {
            let line = self.tip(LineId::Release(release), When::Before);
            let known: Vec<Oid> = [Some(old), line].into_iter().flatten().collect();
            if self.ask(self.history.introduced(&[new], &known))?.is_empty() {
                return Some(None);
            }
        }
        if let Some(refusal) = self.refusal(release, while_, new)? {
            return Some(Some(refusal));
        }
        if while_ == While::AfterTag && self.lacks(Version::of(release), new)? {
            return Some(Some(Refusal::LacksTag));
        }
        Some(None)
    }

    /// Whether `commit` does not contain the commit of a version tag that is set.
    pub fn lacks(&self, version: Version, commit: Oid) -> Option<bool> {
        let Some(tag) = self.version_commit(version, When::After) else { return Some(false) };
        Some(!self.ask(self.history.is_ancestor(tag, commit))?)
    }

    /// Returns the tips of what is shipped of releases below `release`; all where it is `None`.
    /// A confirmation is of a commit: a tag that the push moves or deletes ships nothing.
    pub fn shipped_below(&self, release: Option<Release>) -> Vec<Oid> {
        let versions = self
            .confirmed()
            .iter()
            .filter(|(version, _)| release.is_none_or(|release| version.release < release));
        let standing = versions.filter(|(version, confirmed)| {
            self.version_commit(**version, When::After) == Some(confirmed.commit)
        });
        standing.map(|(_, confirmed)| confirmed.commit).collect()
    }
}
