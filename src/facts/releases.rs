//! Each release as the state machine it goes through, read from refs alone.

use std::cell::OnceCell;

use super::{Facts, LineId, MergedBack, Presence, Proof, Standing, When};
use crate::history::{IdMap, IdSet, Oid};
use crate::policy::LineRole;
use crate::version::{Release, Version};

/// What a release has gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The line exists, no tag is set.
    Cut,
    /// A version tag is set that is not confirmed.
    Tagged,
    /// The newest version tag is confirmed.
    Confirmed,
    /// The newest version tag was rolled back.
    RolledBack,
    /// The confirmed version tag is in every line that releases go into.
    MergedBack,
    /// A newer release is confirmed.
    Closed,
}

impl State {
    /// Returns the words for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Tagged => "tagged",
            Self::Confirmed => "confirmed",
            Self::RolledBack => "rolled back",
            Self::MergedBack => "merged back",
            Self::Closed => "closed",
        }
    }
}

/// One version tag of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionStatus {
    /// The version.
    pub version: Version,
    /// The tag's short name.
    pub tag: String,
    /// The commit it is on; `None` where it is on none.
    pub commit: Option<Oid>,
    /// Whether it is confirmed, or what it lacks.
    pub proof: Proof,
    /// What its records add up to, environment by environment.
    pub standings: Vec<Standing>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseStatus {
    /// The release.
    pub release: Release,
    /// The name of its line.
    pub line: String,
    /// The tip of its line; `None` where the line is gone.
    pub tip: Option<Oid>,
    /// What it has gone through.
    pub state: State,
    /// Where it was cut.
    pub cut: Option<Oid>,
    /// Its version tags, in flow order.
    pub versions: Vec<VersionStatus>,
    /// How its newest confirmed version is present in the lines it goes into.
    pub merged_back: Vec<MergedBack>,
    /// How many commits its line holds beyond its newest version tag.
    pub unreleased: usize,
}

impl ReleaseStatus {
    /// Returns where it was cut, and what was tagged of it: whoever has these has the release.
    pub fn holds(&self) -> impl Iterator<Item = Oid> {
        self.cut.into_iter().chain(self.versions.iter().filter_map(|version| version.commit))
    }

    /// Returns the lines that the newest confirmed version is missing from.
    pub fn owed(&self) -> impl Iterator<Item = LineId> {
        self.merged_back.iter().filter(|line| line.presence == Presence::Missing).map(|line| line.line)
    }
}

/// What is asked for every release, found out once for all of them.
#[derive(Default)]
pub(super) struct Known {
    /// The trunk of the line that releases are cut from.
    trunk: OnceCell<IdSet<Oid>>,
    /// By the tip of each line that releases go into: the version tags' commits that it holds.
    held: OnceCell<IdMap<Oid, IdSet<Oid>>>,
}

impl Facts<'_> {
    /// Reads for all releases in one walk what would take one for each.
    fn know_all(&self) -> Option<()> {
        if let Some(base) = self.release_base(When::After) {
            let mut trunk = IdSet::default();
            let mut at = Some(base);
            while let Some(commit) = at.filter(|commit| trunk.insert(*commit)) {
                at = self.ask(self.history.parents(commit))?.first().copied();
            }
            let _ = self.known.trunk.set(trunk);
        }
        let tags: Vec<Oid> = self.versions(When::After).values().filter_map(|tag| tag.commit).collect();
        let lines = self.merge_back_lines().into_iter();
        let tips: Vec<Oid> = lines.filter_map(|line| self.tip(line, When::After)).collect();
        let groups: Vec<Vec<Oid>> = tips.iter().map(|tip| vec![*tip]).collect();
        let reached = self.ask(self.history.reached(&tags, &groups))?;
        let held =
            |hits: Vec<bool>| tags.iter().zip(hits).filter(|(_, hit)| *hit).map(|(tag, _)| *tag).collect();
        let _ = self.known.held.set(tips.into_iter().zip(reached.into_iter().map(held)).collect());
        Some(())
    }

    /// Returns where the trunk of `tip` left the line that releases are cut from, where that
    /// line's trunk has been read.
    pub(super) fn known_cut(&self, tip: Oid) -> Option<Option<Oid>> {
        let trunk = self.known.trunk.get()?;
        let mut at = Some(tip);
        while let Some(commit) = at.filter(|commit| !trunk.contains(commit)) {
            at = self.ask(self.history.parents(commit))?.first().copied();
        }
        Some(at)
    }

    /// Whether the line at `tip` is known to hold the commit of a version tag.
    pub(super) fn is_known_to_hold(&self, tip: Oid, tag: Oid) -> bool {
        self.known.held.get().and_then(|held| held.get(&tip)).is_some_and(|tags| tags.contains(&tag))
    }

    /// Returns every release that has a line or a version tag, in flow order; `None`: unknown.
    pub fn release_statuses(&self) -> Option<Vec<ReleaseStatus>> {
        self.release_statuses_where(|_| true)
    }

    /// Returns the same, but asks only of open releases where they were cut, what they owe and what
    /// is not released yet: of the others that can take long, where there are many.
    pub fn release_outlines(&self) -> Option<Vec<ReleaseStatus>> {
        self.release_statuses_where(|release| !self.closed(release))
    }

    fn release_statuses_where(&self, full: impl Fn(Release) -> bool) -> Option<Vec<ReleaseStatus>> {
        let mut releases: Vec<Release> = self.releases(When::After).keys().copied().collect();
        releases.extend(self.versions(When::After).keys().map(|version| version.release));
        releases.sort_unstable();
        releases.dedup();
        self.know_all()?;
        let standings = self.standings(When::After);
        releases.into_iter().map(|release| self.release_status(release, &standings, full(release))).collect()
    }

    fn release_status(&self, release: Release, standings: &[Standing], full: bool) -> Option<ReleaseStatus> {
        let tip = self.tip(LineId::Release(release), When::After);
        let versions: Vec<VersionStatus> = self
            .versions_of(release, When::After)
            .into_iter()
            .map(|version| {
                let tag = &self.versions(When::After)[&version];
                let standings = standings.iter().filter(|standing| standing.version == version);
                VersionStatus {
                    version,
                    tag: tag.name.short(),
                    commit: tag.commit,
                    proof: self.proof(version),
                    standings: standings.cloned().collect(),
                }
            })
            .collect();
        let newest = versions.last();
        let confirmed = self.newest_confirmed(release);
        let merged_back = match confirmed {
            Some(version) if full => self.merged_back(version)?,
            _ => vec![],
        };
        Some(ReleaseStatus {
            release,
            line: self.release_name(release),
            tip,
            state: self.state_of(release, newest, &merged_back),
            cut: match tip {
                _ if !full => None,
                Some(tip) => self.cut_of(tip),
                None => self.cut_of_gone(&versions),
            },
            unreleased: match (tip, newest.and_then(|newest| newest.commit)) {
                (Some(tip), Some(newest)) if full => {
                    self.ask(self.history.introduced(&[tip], &[newest]))?.len()
                }
                _ => 0,
            },
            versions,
            merged_back,
        })
    }

    /// Returns where a release was cut whose line is gone; `None` where nothing tells.
    fn cut_of_gone(&self, versions: &[VersionStatus]) -> Option<Oid> {
        let mut tagged = versions.iter().filter_map(|version| version.commit);
        if self.policy.tags.on == LineRole::Release || self.policy.releases.is_none() {
            return self.cut_of(tagged.next_back()?);
        }
        // Tagged on another line: what was merged there was the release.
        let side = tagged.find_map(|commit| self.ask(self.history.parents(commit))?.get(1).copied())?;
        let line = self.tip(self.line_of_tags(versions.first()?.version), When::After)?;
        // What was made on that line has its trunk, and left the other where that line did.
        let beginning = self.cut_of(line);
        self.cut_of(side).filter(|cut| Some(*cut) != beginning)
    }

    fn state_of(&self, release: Release, newest: Option<&VersionStatus>, merged: &[MergedBack]) -> State {
        if self.closed(release) {
            return State::Closed;
        }
        match newest.map(|newest| &newest.proof) {
            None => State::Cut,
            Some(Proof::Confirmed) if merged.iter().all(|line| line.presence != Presence::Missing) => {
                State::MergedBack
            }
            Some(Proof::Confirmed) => State::Confirmed,
            Some(Proof::RolledBack(_)) => State::RolledBack,
            Some(_) => State::Tagged,
        }
    }

    /// Returns the merges that a release took from the line it was cut from: those on the trunk up
    /// to its cut which nothing of the releases before it holds, newest first.
    pub fn merges_of(&self, cut: Oid, earlier: &[Oid]) -> Option<Vec<Oid>> {
        let introduced = self.ask(self.history.introduced(&[cut], earlier))?;
        let mut merges = vec![];
        for commit in self.first_parents_within(cut, &introduced)? {
            if self.ask(self.history.parents(commit))?.len() > 1 {
                merges.push(commit);
            }
        }
        Some(merges)
    }
}
