//! How a push moves the lines: what each takes in, and by which steps of its trunk.

use std::rc::Rc;

use super::{Facts, RefKind, When};
use crate::history::{IdSet, Oid, RefName};
use crate::policy::{Direct, LineRole, MergeStyle};
use crate::push::RefUpdate;
use crate::version::{Release, Version};

/// One line of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineId {
    /// The integration line.
    Integration,
    /// The production line.
    Production,
    /// The release line of a version.
    Release(Release),
}

impl LineId {
    /// Returns its role.
    #[must_use]
    pub fn role(self) -> LineRole {
        match self {
            Self::Integration => LineRole::Integration,
            Self::Production => LineRole::Production,
            Self::Release(_) => LineRole::Release,
        }
    }

    /// Returns the release that it is the line of.
    #[must_use]
    pub fn release(self) -> Option<Release> {
        match self {
            Self::Release(release) => Some(release),
            Self::Integration | Self::Production => None,
        }
    }
}

/// How a push moves one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMove {
    /// The line.
    pub line: LineId,
    /// Where it stood; for a release that the push creates: its cut.
    pub old: Oid,
    /// Where it shall stand.
    pub new: Oid,
    /// Whether the push creates it.
    pub created: bool,
    /// Whether `new` contains `old`; where it does not, nothing else here has a meaning.
    pub forward: bool,
    /// What it takes in: `anc(new) \ anc(old)`, children before parents.
    pub introduced: Vec<Oid>,
    /// The new part of its trunk, newest first: what is on the first-parent chain of `new` and
    /// not in `anc(old)`.
    pub trunk: Vec<Oid>,
}

impl LineMove {
    /// Returns what came in from the side: introduced, and not on the trunk.
    #[must_use]
    pub fn brought(&self) -> Vec<Oid> {
        let trunk: IdSet<&Oid> = self.trunk.iter().collect();
        self.introduced.iter().copied().filter(|commit| !trunk.contains(commit)).collect()
    }
}

/// Where a release line that a push creates was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// On the trunk of the line that releases are cut from.
    At(Oid),
    /// On this commit, which that line only contains.
    Beside(Oid),
    /// Nowhere: it shares no trunk with that line.
    Nowhere,
    /// It is set up again at its newest version tag.
    Again,
}

impl Facts<'_> {
    /// Returns the line that `name` is.
    #[must_use]
    pub fn line_id(&self, name: &RefName) -> Option<LineId> {
        match self.kind(name) {
            RefKind::Integration => Some(LineId::Integration),
            RefKind::Production => Some(LineId::Production),
            RefKind::Release(release) => Some(LineId::Release(release)),
            _ => None,
        }
    }

    /// Returns the tip of a line.
    pub fn tip(&self, line: LineId, when: When) -> Option<Oid> {
        match line {
            LineId::Integration => self.line(LineRole::Integration, when),
            LineId::Production => self.line(LineRole::Production, when),
            LineId::Release(release) => self.releases(when).get(&release).copied(),
        }
    }

    /// Returns the branch name of a line.
    pub fn line_name(&self, line: LineId) -> String {
        match line {
            LineId::Integration => self.policy.integration.branch.clone(),
            LineId::Production => {
                self.policy.production.as_ref().map_or_else(String::new, |p| p.branch.clone())
            }
            LineId::Release(release) => self.release_name(release),
        }
    }

    /// Returns the branch name of a release's line: as it stands, else as the policy would have it.
    pub fn release_name(&self, release: Release) -> String {
        let stands = [When::After, When::Before];
        if let Some(name) = stands.into_iter().find_map(|when| self.release_names(when).get(&release)) {
            return name.clone();
        }
        let pattern = self.policy.releases.as_ref().map(|releases| &releases.branch);
        pattern
            .and_then(|pattern| pattern.example(&release.to_string()))
            .unwrap_or_else(|| release.to_string())
    }

    /// Returns how a line takes branches in.
    #[must_use]
    pub fn merge_style(&self, line: LineId) -> MergeStyle {
        match line.role() {
            LineRole::Release => {
                self.policy.releases.as_ref().map_or(MergeStyle::Any, |releases| releases.merge)
            }
            role => self.policy.line(role).map_or(MergeStyle::Any, |line| line.merge),
        }
    }

    /// Returns who may commit straight onto a line.
    #[must_use]
    pub fn direct(&self, line: LineId) -> Option<&Direct> {
        match line.role() {
            LineRole::Release => self.policy.releases.as_ref().map(|releases| &releases.direct),
            role => self.policy.line(role).map(|line| &line.direct),
        }
    }

    /// Returns every line that stands before or after the push.
    pub fn lines(&self, when: When) -> Vec<(LineId, Oid)> {
        let fixed = [LineId::Integration, LineId::Production];
        let fixed = fixed.into_iter().filter_map(|line| Some((line, self.tip(line, when)?)));
        let releases = self.releases(when).iter().map(|(release, tip)| (LineId::Release(*release), *tip));
        fixed.chain(releases).collect()
    }

    /// Returns the tip of the line that releases are cut from.
    pub fn release_base(&self, when: When) -> Option<Oid> {
        self.line(self.policy.releases.as_ref()?.from, when)
    }

    /// Returns the newest commit of the trunk of `release`'s line that is on the trunk of the line
    /// that releases are cut from.
    pub fn cut(&self, release: Release) -> Option<Oid> {
        let tip = self.tip(LineId::Release(release), When::After)?;
        self.cut_of(tip)
    }

    /// Returns the newest commit of the trunk of `tip` that is on the trunk of the line that
    /// releases are cut from.
    pub fn cut_of(&self, tip: Oid) -> Option<Oid> {
        if let Some(known) = self.known_cut(tip) {
            return known;
        }
        let base = self.release_base(When::After)?;
        self.ask(self.history.trunk_meets(tip, base))?
    }

    /// Returns where a release line that the push creates was cut.
    pub fn cut_of_created(&self, release: Release, tip: Oid) -> Option<Cut> {
        if self.stands_at_newest_tag(release, tip) {
            return Some(Cut::Again);
        }
        let Some(base) = self.release_base(When::After) else { return Some(Cut::Nowhere) };
        let cut = self.ask(self.history.trunk_meets(tip, base))?;
        let Some(before) = self.release_base(When::Before) else {
            return Some(cut.map_or(Cut::Nowhere, Cut::At));
        };
        // What lies above the cut must be new: where the base contains some of it, the release was
        // cut from a commit that the base merely took in.
        let above = self.ask(self.history.introduced(&[tip], cut.as_slice()))?;
        let trunk = self.first_parents_within(tip, &above)?;
        let old = self.among(&trunk, &[before])?;
        Some(match (old.first(), cut) {
            (Some(beside), _) => Cut::Beside(*beside),
            (None, Some(cut)) => Cut::At(cut),
            (None, None) => Cut::Nowhere,
        })
    }

    fn stands_at_newest_tag(&self, release: Release, tip: Oid) -> bool {
        let newest = self.newest_version(release, When::Before);
        newest.is_some_and(|version| self.versions(When::Before)[&version].commit == Some(tip))
    }

    /// Returns the newest version tag of a release, in flow order.
    pub fn newest_version(&self, release: Release, when: When) -> Option<Version> {
        self.versions_of(release, when).last().copied()
    }

    /// Returns the versions of a release that have a tag, in flow order.
    pub fn versions_of(&self, release: Release, when: When) -> Vec<Version> {
        let range = Version::of(release)..=Version { release, hotfix: Some(u64::MAX) };
        self.versions(when).range(range).map(|(version, _)| *version).collect()
    }

    /// Returns how `update` moves a line; `None` where it moves none, or creates the integration
    /// or production line, or sets up a release again that stood there before.
    pub fn line_move(&self, update: &RefUpdate) -> Option<Rc<LineMove>> {
        let line = self.line_id(&update.name)?;
        if let Some(known) = self.moves.borrow().get(&line) {
            return known.clone();
        }
        let found = self.find_line_move(line, update).map(Rc::new);
        self.moves.borrow_mut().insert(line, found.clone());
        found
    }

    fn find_line_move(&self, line: LineId, update: &RefUpdate) -> Option<LineMove> {
        let new = update.new?;
        let (old, created) = match (update.old, line) {
            (Some(old), _) if old != new => (old, false),
            (None, LineId::Release(release)) => match self.cut_of_created(release, new)? {
                Cut::At(commit) | Cut::Beside(commit) => (commit, true),
                Cut::Nowhere | Cut::Again => return None,
            },
            _ => return None,
        };
        let forward = self.ask(self.history.is_ancestor(old, new))?;
        let introduced = if forward { self.ask(self.history.introduced(&[new], &[old]))? } else { vec![] };
        let trunk = self.first_parents_within(new, &introduced)?;
        Some(LineMove { line, old, new, created, forward, introduced, trunk })
    }

    /// Returns how the push moves `line`, if it does.
    pub fn move_of(&self, line: LineId) -> Option<Rc<LineMove>> {
        let update = self.push.updates.iter().find(|update| self.line_id(&update.name) == Some(line))?;
        self.line_move(update)
    }

    /// Returns the first-parent chain of `tip`, newest first, as far as it stays in `commits`.
    pub fn first_parents_within(&self, tip: Oid, commits: &[Oid]) -> Option<Vec<Oid>> {
        let within: IdSet<&Oid> = commits.iter().collect();
        let mut trunk = vec![];
        let mut at = tip;
        while within.contains(&at) {
            trunk.push(at);
            match self.ask(self.history.parents(at))?.first() {
                Some(parent) => at = *parent,
                None => break,
            }
        }
        Some(trunk)
    }

    /// Returns those of `commits` that one of `tips` reaches, in their order.
    pub fn among(&self, commits: &[Oid], tips: &[Oid]) -> Option<Vec<Oid>> {
        self.sift(commits, tips, true)
    }

    /// Returns those of `commits` that none of `tips` reaches, in their order.
    pub fn without(&self, commits: &[Oid], tips: &[Oid]) -> Option<Vec<Oid>> {
        self.sift(commits, tips, false)
    }

    fn sift(&self, commits: &[Oid], tips: &[Oid], reached: bool) -> Option<Vec<Oid>> {
        if commits.is_empty() || tips.is_empty() {
            return Some(if reached { vec![] } else { commits.to_vec() });
        }
        let hits = self.ask(self.history.reached(commits, &[tips.to_vec()]))?;
        let hits = hits.first()?;
        Some(
            commits.iter().zip(hits).filter(|(_, hit)| **hit == reached).map(|(commit, _)| *commit).collect(),
        )
    }

    /// Returns those of `commits` that belong to the integration or production line as another
    /// line's update sees it: what it held before the push, and the new steps of its own trunk.
    pub fn owned_by(&self, line: LineId, commits: &[Oid]) -> Option<Vec<Oid>> {
        let held: Vec<Oid> = self.tip(line, When::Before).into_iter().collect();
        let mut owned: IdSet<Oid> = self.among(commits, &held)?.into_iter().collect();
        if let Some(moved) = self.move_of(line).filter(|moved| moved.forward) {
            owned.extend(&moved.trunk);
        }
        Some(commits.iter().copied().filter(|commit| owned.contains(commit)).collect())
    }
}
