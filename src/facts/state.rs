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
        let newest = self.newest_confirmed_of_all()?;
        (newest.release > release).then_some(newest)
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
        if self.brings_nothing(release, update)? {
            return Some(None);
        }
        if let Some(refusal) = self.refusal(release, while_, new)? {
            return Some(Some(refusal));
        }
        if while_ == While::AfterTag && self.lacks(Version::of(release), new)? {
            return Some(Some(Refusal::LacksTag));
        }
        Some(None)
    }

    /// Whether a topic of `release` is moved to what it or the release's line had before.
    fn brings_nothing(&self, release: Release, update: &RefUpdate) -> Option<bool> {
        let (Some(old), Some(new)) = (update.old, update.new) else { return Some(false) };
        let line = self.tip(LineId::Release(release), When::Before);
        let known: Vec<Oid> = [Some(old), line].into_iter().flatten().collect();
        Some(self.ask(self.history.introduced(&[new], &known))?.is_empty())
    }

    /// Returns the newest hotfix tag of `release`, where the topic that `update` creates or moves
    /// mends the release and lacks it. A tag that contains the topic came after it. The outer
    /// `None`: unknown.
    pub fn lacks_newest(
        &self,
        release: Release,
        while_: While,
        update: &RefUpdate,
    ) -> Option<Option<Version>> {
        let newest = self.newest_version(release, When::After).filter(|newest| newest.hotfix.is_some());
        let (Some(newest), Some(new), While::AfterTag) = (newest, update.new, while_) else {
            return Some(None);
        };
        let Some(tag) = self.version_commit(newest, When::After) else { return Some(None) };
        let excused = self.ask(self.history.is_ancestor(new, tag))?
            || self.ask(self.history.is_ancestor(tag, new))?
            || self.brings_nothing(release, update)?;
        Some((!excused).then_some(newest))
    }

    /// Whether `commit` does not contain the commit of a version tag that is set.
    pub fn lacks(&self, version: Version, commit: Oid) -> Option<bool> {
        let Some(tag) = self.version_commit(version, When::After) else { return Some(false) };
        Some(!self.ask(self.history.is_ancestor(tag, commit))?)
    }

    /// Returns the confirmed version tags that stand where they were confirmed, in flow order. A
    /// confirmation is of a commit: a tag that the push moves or deletes ships nothing.
    pub fn shipped(&self) -> impl Iterator<Item = (Version, Oid)> {
        let stands = |version: Version, commit| self.version_commit(version, When::After) == Some(commit);
        let confirmed = self.confirmed().iter().map(|(version, confirmed)| (*version, confirmed.commit));
        confirmed.filter(move |(version, commit)| stands(*version, *commit))
    }

    /// Returns the tips of what is shipped of releases below `release`; all where it is `None`.
    pub fn shipped_below(&self, release: Option<Release>) -> Vec<Oid> {
        let below = |version: Version| release.is_none_or(|release| version.release < release);
        self.shipped().filter(|(version, _)| below(*version)).map(|(_, commit)| commit).collect()
    }
}
