//! Where a topic comes from: what it contains that belongs to no line it may start from.

use super::{Facts, LineId, RefKind, Refusal, When};
use crate::history::{IdSet, Oid};
use crate::policy::{Base, LineRole, Topic};
use crate::push::RefUpdate;
use crate::version::Release;

/// Commits of a topic that belong to a line it does not start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The foreign commits, children before parents.
    pub commits: Vec<Oid>,
    /// The topic's own commits: neither on its base nor foreign, children before parents.
    pub own: Vec<Oid>,
    /// The short name of the line or version tag that the newest foreign commit belongs to.
    pub owner: String,
}

/// The base that a topic fits best, though it does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closest {
    /// The base; `None` for what is confirmed.
    pub base: Option<LineId>,
    /// What does not fit.
    pub foreign: Foreign,
}

/// What became of the question where a topic comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicOrigin {
    /// It fits this base (`None`: what is confirmed).
    Fits(Option<LineId>),
    /// Its name carries a release that has no line.
    NoLine(Release),
    /// It needs a release line, and there is none.
    NoRelease,
    /// It has foreign commits, whatever base is taken.
    Foreign(Closest),
    /// Its commits fit this release, whose state refuses it.
    Refused(Release, Refusal),
}

impl Facts<'_> {
    /// Returns where the topic that `update` creates or moves comes from; `None`: unknown.
    pub fn topic_origin(&self, update: &RefUpdate) -> Option<TopicOrigin> {
        if let Some(known) = self.origins.borrow().get(update) {
            return Some(known.clone());
        }
        let troubles = self.troubles();
        let origin = self.find_topic_origin(update)?;
        // Whoever asks what cannot be learned is to hear of it.
        if self.troubles() == troubles {
            self.origins.borrow_mut().insert(update.clone(), origin.clone());
        }
        Some(origin)
    }

    fn find_topic_origin(&self, update: &RefUpdate) -> Option<TopicOrigin> {
        let RefKind::Topic { kind, release, .. } = self.kind(&update.name) else { return None };
        let topic = &self.policy.topics[kind];
        let tip = update.new?;
        match topic.from {
            Base::Line(LineRole::Integration) => self.line_origin(topic, LineId::Integration, tip),
            Base::Line(LineRole::Production) => self.line_origin(topic, LineId::Production, tip),
            Base::Line(LineRole::Release) => match release {
                Some(release) => self.named_origin(topic, release, update),
                None => self.any_release_origin(topic, update),
            },
            Base::Confirmed => self.confirmed_origin(tip),
        }
    }

    fn line_origin(&self, topic: &Topic, base: LineId, tip: Oid) -> Option<TopicOrigin> {
        Some(match self.foreign(topic, base, tip)? {
            None => TopicOrigin::Fits(Some(base)),
            Some(foreign) => TopicOrigin::Foreign(Closest { base: Some(base), foreign }),
        })
    }

    fn named_origin(&self, topic: &Topic, release: Release, update: &RefUpdate) -> Option<TopicOrigin> {
        if self.tip(LineId::Release(release), When::After).is_none() {
            return Some(TopicOrigin::NoLine(release));
        }
        let tip = update.new?;
        match self.line_origin(topic, LineId::Release(release), tip)? {
            TopicOrigin::Fits(base) => Some(match self.topic_refusal(release, topic.while_, update)? {
                None => TopicOrigin::Fits(base),
                Some(refusal) => TopicOrigin::Refused(release, refusal),
            }),
            other => Some(other),
        }
    }

    /// Tries every release: the newest first, for most topics belong to it.
    fn any_release_origin(&self, topic: &Topic, update: &RefUpdate) -> Option<TopicOrigin> {
        let mut best: Option<TopicOrigin> = None;
        for release in self.releases(When::After).keys().rev() {
            let found = self.named_origin(topic, *release, update)?;
            let fits = matches!(found, TopicOrigin::Fits(_));
            if fits && self.lacks_newest(*release, topic.while_, update)?.is_none() {
                return Some(found);
            }
            if best.as_ref().is_none_or(|best| closeness(&found) < closeness(best)) {
                best = Some(found);
            }
        }
        Some(best.unwrap_or(TopicOrigin::NoRelease))
    }

    /// Returns the foreign commits of `tip` with regard to `base`. The outer `None`: unknown.
    fn foreign(&self, topic: &Topic, base: LineId, tip: Oid) -> Option<Option<Foreign>> {
        let base_tip: Vec<Oid> = self.tip(base, When::After).into_iter().collect();
        let own = self.ask(self.history.introduced(&[tip], &base_tip))?;
        let others = self.others(base);
        let tips: Vec<Oid> = others.iter().map(|(_, tip)| *tip).collect();
        let mut commits = self.among(&own, &tips)?;
        if !commits.is_empty() {
            let welcome = if topic.into.contains(&LineRole::Integration) {
                self.shipped_below(None)
            } else {
                base.release().map_or_else(Vec::new, |release| self.shipped_below(Some(release)))
            };
            commits = self.without(&commits, &welcome)?;
        }
        self.describe(&own, commits, &others)
    }

    /// Every line but `base`, and every version tag, with its short name.
    fn others(&self, base: LineId) -> Vec<(String, Oid)> {
        let mut others: Vec<(String, Oid)> = self
            .lines(When::After)
            .into_iter()
            .filter(|(line, _)| *line != base)
            .map(|(line, tip)| (self.line_name(line), tip))
            .collect();
        for tag in self.versions(When::After).values() {
            others.extend(tag.commit.map(|commit| (tag.name.short(), commit)));
        }
        others
    }

    fn describe(&self, all: &[Oid], commits: Vec<Oid>, others: &[(String, Oid)]) -> Option<Option<Foreign>> {
        let Some(newest) = commits.first() else { return Some(None) };
        let groups: Vec<Vec<Oid>> = others.iter().map(|(_, tip)| vec![*tip]).collect();
        let reached = self.ask(self.history.reached(&[*newest], &groups))?;
        let owner = others.iter().zip(&reached).find(|(_, hit)| hit.first() == Some(&true));
        let owner = owner.map_or_else(String::new, |((name, _), _)| name.clone());
        let foreign: IdSet<Oid> = commits.iter().copied().collect();
        let own = all.iter().copied().filter(|commit| !foreign.contains(commit)).collect();
        Some(Some(Foreign { commits, own, owner }))
    }

    /// A branch for a merge-back may hold what the lines it goes into hold, what is shipped, and
    /// merges of these.
    fn confirmed_origin(&self, tip: Oid) -> Option<TopicOrigin> {
        let lines = [LineRole::Integration, LineRole::Production];
        let lines: Vec<Oid> = lines.into_iter().filter_map(|role| self.line(role, When::After)).collect();
        let mut own = self.ask(self.history.introduced(&[tip], &lines))?;
        if !own.is_empty() {
            own = self.without(&own, &self.shipped_below(None))?;
        }
        let commits = self.but_merges(&own)?;
        let others: Vec<(String, Oid)> = self.others(LineId::Integration);
        Some(match self.describe(&own, commits, &others)? {
            None => TopicOrigin::Fits(None),
            Some(foreign) => TopicOrigin::Foreign(Closest { base: None, foreign }),
        })
    }

    /// Returns those of `commits` that are not merges of what is outside `commits` or of such
    /// merges. `commits` must be closed: a parent that is not in it counts as welcome.
    pub fn but_merges(&self, commits: &[Oid]) -> Option<Vec<Oid>> {
        let mut accused: IdSet<Oid> = IdSet::default();
        // Parents come after children in `commits`: backwards, parents are decided first.
        for commit in commits.iter().rev() {
            let parents = self.ask(self.history.parents(*commit))?;
            if parents.len() < 2 || parents.iter().any(|parent| accused.contains(parent)) {
                accused.insert(*commit);
            }
        }
        Some(commits.iter().copied().filter(|commit| accused.contains(commit)).collect())
    }
}

/// Orders what does not fit: a refusing state is closer than foreign commits, few of these closer
/// than many.
fn closeness(origin: &TopicOrigin) -> (u8, usize) {
    match origin {
        TopicOrigin::Fits(_) => (0, 0),
        TopicOrigin::Refused(_, Refusal::LacksTag) => (1, 0),
        TopicOrigin::Refused(..) => (2, 0),
        TopicOrigin::Foreign(closest) => (3, closest.foreign.commits.len()),
        TopicOrigin::NoLine(_) | TopicOrigin::NoRelease => (4, 0),
    }
}
