//! What the steps of a history are judged against, read once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

use super::chart::Chart;
use super::dates::Dates;
use super::settle::Open;
use super::{Arrivals, Progress, Replay, Replayed, squashes};
use crate::facts::{Facts, LineId, RefKind, Shared, kind_of};
use crate::finding::Finding;
use crate::history::{Answer, History, Object, Oid, Ref, RefName, Refs, Seconds, Unreadable};
use crate::policy::LineRole;
use crate::push::Push;
use crate::rules::{self, Context};
use crate::version::{Release, Version};

/// A line's trunk: a lane of the chart.
pub(super) struct Trunk {
    pub(super) line: LineId,
    pub(super) name: RefName,
    pub(super) lane: u32,
    /// Where the line stood before the first step that is judged.
    pub(super) birth: u32,
    /// Whether the line is gone and was put together again from its version tags.
    pub(super) gone: bool,
    /// Whether it is a release line that has nothing of the trunk it should be cut from.
    pub(super) uncut: bool,
    pub(super) dates: Dates,
    /// Where a release that is not confirmed may come in squashed.
    pub(super) open: OnceCell<Vec<bool>>,
    /// Which push brought each step.
    pub(super) arrivals: OnceCell<Vec<Option<u64>>>,
}

/// A version tag, a record or another tag, with what the replay asks of it.
pub(super) struct Dated {
    pub(super) entry: Ref,
    pub(super) kind: RefKind,
    pub(super) date: Seconds,
    pub(super) commit: Option<Oid>,
}

impl Dated {
    /// Whether it is a revocation.
    pub(super) fn revokes(&self) -> bool {
        matches!(&self.kind, RefKind::Record(record) if record.revokes)
    }

    /// Whether it means nothing to the flow.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self.kind, RefKind::VersionTag(_) | RefKind::Record(_))
    }

    pub(super) fn version(&self) -> Option<Version> {
        match self.kind {
            RefKind::VersionTag(version) => Some(version),
            _ => None,
        }
    }
}

/// What stands beside the lines, and up to which place it has each line: one more than the place,
/// 0 for nothing.
pub(super) struct Beside {
    upto: Vec<Vec<u32>>,
}

impl Beside {
    fn new(lines: u32) -> Self {
        Self { upto: vec![vec![]; lines as usize] }
    }

    /// Whether the one numbered `one` contains the line's commit at a place.
    pub(super) fn has(&self, one: usize, lane: u32, at: u32) -> bool {
        self.upto[lane as usize][one] > at
    }

    /// Returns one more than the place up to which `one` has the line.
    pub(super) fn upto(&self, one: usize, lane: u32) -> u32 {
        self.upto[lane as usize][one]
    }
}

/// Everything that the steps are judged against.
pub(super) struct Scene<'a> {
    pub(super) replay: &'a Replay<'a>,
    /// Whether to ask about what is beyond doubt, too.
    pub(super) thorough: bool,
    /// What the event log says, where there is one.
    pub(super) arrivals: Option<&'a Arrivals>,
    pub(super) chart: Chart<'a>,
    pub(super) trunks: Vec<Trunk>,
    pub(super) tags: Vec<Dated>,
    /// The tags by their places in `tags`, sorted by name.
    pub(super) tags_by_name: Vec<usize>,
    pub(super) topics: Vec<Ref>,
    /// Whether anything was ever rolled back.
    pub(super) rolled_back: bool,
    /// Where the tags are, by their places in `tags`.
    pub(super) tagged: Beside,
    /// Where the topics are, by their places in `topics`.
    pub(super) held: Beside,
    /// The topics that have a lane beside the lines, and up to where.
    pub(super) riders: HashMap<u32, Vec<(u32, usize)>>,
    /// Per commit: whether it was there when the flow was adopted.
    old: Vec<bool>,
    pub(super) shared: Shared,
    /// No refs; copies are known to have the same tags.
    pub(super) nothing: Refs,
    /// The sets of tags that were asked for last, newest first.
    pub(super) tag_sets: RefCell<Vec<(Vec<usize>, Refs)>>,
}

impl<'a> Scene<'a> {
    pub(super) fn read(
        replay: &'a Replay<'a>,
        thorough: bool,
        arrivals: Option<&'a Arrivals>,
    ) -> Answer<Self> {
        let tags = read_tags(replay)?;
        let mut tags_by_name: Vec<usize> = (0..tags.len()).collect();
        tags_by_name.sort_by_key(|tag| &tags[*tag].entry.name);
        let mut tips: Vec<Oid> = replay.refs.below("refs/heads/").iter().map(|branch| branch.id).collect();
        tips.extend(tags.iter().filter_map(|tag| tag.commit));
        for since in &replay.since {
            tips.extend(replay.history.is_commit(*since)?.then_some(*since));
        }
        let mut scene = Self {
            replay,
            thorough,
            arrivals,
            chart: Chart::read(replay.history, &tips)?,
            trunks: vec![],
            rolled_back: tags.iter().any(Dated::revokes),
            tags,
            tags_by_name,
            topics: vec![],
            tagged: Beside::new(0),
            held: Beside::new(0),
            riders: HashMap::new(),
            old: vec![],
            shared: Shared::default(),
            nothing: Refs::default(),
            tag_sets: RefCell::default(),
        };
        scene.read_old();
        scene.read_lines()?;
        scene.read_beside();
        Ok(scene)
    }

    fn read_old(&mut self) {
        let since: Vec<u32> = self.replay.since.iter().filter_map(|since| self.chart.number(since)).collect();
        self.old = vec![false; self.chart.survey.len()];
        for commit in self.chart.listed(&since, |_| true) {
            self.old[commit as usize] = true;
        }
    }

    /// Whether the flow was adopted after `commit`.
    pub(super) fn too_old(&self, commit: Oid) -> Answer<bool> {
        if self.chart.number(&commit).is_some_and(|number| self.old[number as usize]) {
            return Ok(true);
        }
        match self.replay.since_date {
            Some(date) => Ok(self.chart.date(commit)? < date),
            None => Ok(false),
        }
    }

    fn line_ref(&self, role: LineRole) -> Option<&'a Ref> {
        let line = self.replay.policy.line(role)?;
        self.replay.refs.get(&RefName::of_branch(&line.branch))
    }

    fn read_lines(&mut self) -> Answer<()> {
        let integration = self.line_ref(LineRole::Integration);
        let production = self.line_ref(LineRole::Production);
        if let Some(line) = integration {
            self.add_trunk(LineId::Integration, line.name.clone(), line.id, None, false)?;
        }
        if let Some(line) = production {
            let shared = match integration {
                Some(other) => self.chart.trunk_meets(line.id, other.id)?,
                None => None,
            };
            self.add_trunk(LineId::Production, line.name.clone(), line.id, shared, false)?;
        }
        let base = self.replay.policy.releases.as_ref().map(|releases| releases.from);
        let base = base.and_then(|role| self.line_ref(role)).map(|line| line.id);
        for (release, name, tip, gone) in self.release_tips() {
            let cut = match base {
                Some(base) => self.chart.trunk_meets(tip, base)?,
                None => None,
            };
            // What a line that is gone has of another one that is known, nobody saw it make.
            let begins = cut.or_else(|| self.leaves(tip).filter(|_| gone));
            self.add_trunk(LineId::Release(release), name, tip, begins, gone)?;
            let uncut = base.is_some() && cut.is_none() && !gone;
            self.trunks.last_mut().expect("it was just added").uncut = uncut;
        }
        self.chart.link_lines();
        Ok(())
    }

    /// Where the first-parent chain of a commit leaves a lane.
    fn leaves(&self, tip: Oid) -> Option<Oid> {
        let mut at = self.chart.number(&tip)?;
        while self.chart.place(at).is_none() {
            at = *self.chart.survey.parents(at).first()?;
        }
        Some(self.chart.survey.id(at))
    }

    /// The release lines that stand, and those that only their version tags still show.
    fn release_tips(&self) -> Vec<(Release, RefName, Oid, bool)> {
        let policy = self.replay.policy;
        let mut tips: BTreeMap<Release, (RefName, Oid, bool)> = BTreeMap::new();
        if policy.tags.on == LineRole::Release {
            let mut newest: BTreeMap<Version, Oid> = BTreeMap::new();
            for tag in &self.tags {
                if let (Some(version), Some(commit)) = (tag.version(), tag.commit) {
                    newest.insert(version, commit);
                }
            }
            let pattern = policy.releases.as_ref().map(|releases| &releases.branch);
            for (version, commit) in newest {
                let name = pattern.and_then(|pattern| pattern.example(&version.release.to_string()));
                if let Some(name) = name {
                    tips.insert(version.release, (RefName::of_branch(&name), commit, true));
                }
            }
        }
        for entry in self.replay.refs.below("refs/heads/") {
            if let RefKind::Release(release) = kind_of(policy, &entry.name) {
                tips.insert(release, (entry.name.clone(), entry.id, false));
            }
        }
        tips.into_iter().map(|(release, (name, tip, gone))| (release, name, tip, gone)).collect()
    }

    fn add_trunk(&mut self, of: LineId, name: RefName, tip: Oid, cut: Option<Oid>, gone: bool) -> Answer<()> {
        let Some(tip) = self.chart.number(&tip) else { return Err(Unreadable::Missing(tip)) };
        let cut = cut.and_then(|cut| self.chart.number(&cut));
        let lane = self.chart.add_line(tip, cut);
        let shipped = self.shipped_elsewhere(of);
        let dated = self.replay.since_date.is_some();
        let mut birth = 0;
        let chain = self.chart.trunk(lane);
        let end = u32::try_from(chain.len()).expect("places are u32");
        for (at, commit) in (0..end).zip(chain).rev() {
            let old = self.old[*commit as usize];
            if old || dated && self.too_old(self.chart.survey.id(*commit))? || shipped.contains(commit) {
                birth = at;
                break;
            }
        }
        self.trunks.push(Trunk {
            line: of,
            name,
            lane,
            birth,
            gone,
            uncut: false,
            dates: Dates::new(end as usize),
            open: OnceCell::new(),
            arrivals: OnceCell::new(),
        });
        Ok(())
    }

    /// Returns the version tags of a release that is tagged on another line: where it stands at
    /// one of them, what lies below was judged where it was tagged.
    fn shipped_elsewhere(&self, line: LineId) -> Vec<u32> {
        if self.replay.policy.tags.on == LineRole::Release {
            return vec![];
        }
        let of_line =
            |tag: &&Dated| tag.version().is_some_and(|version| line == LineId::Release(version.release));
        self.tags.iter().filter(of_line).filter_map(|tag| self.chart.number(&tag.commit?)).collect()
    }

    fn read_beside(&mut self) {
        let lines = self.chart.lanes();
        let mut kept = vec![];
        for entry in self.replay.refs.below("refs/heads/") {
            let kind = kind_of(self.replay.policy, &entry.name);
            if matches!(kind, RefKind::Topic { .. } | RefKind::Branch) && entry.symbolic.is_none() {
                self.topics.push(entry.clone());
                kept.push(matches!(kind, RefKind::Topic { .. }));
            }
        }
        let number = |id: &Oid| self.chart.number(id);
        let topics: Vec<Option<u32>> = self.topics.iter().map(|topic| number(&topic.id)).collect();
        let versions = self.tags.iter().map(|tag| tag.commit.filter(|_| tag.version().is_some()));
        let versions: Vec<Option<u32>> = versions.map(|commit| number(&commit?)).collect();
        let mut beside: Vec<u32> = versions.iter().copied().flatten().collect();
        beside.extend(topics.iter().zip(&kept).filter_map(|(topic, kept)| topic.filter(|_| *kept)));
        // From the newest down: what others stand on has its place on their lane then.
        beside.sort_unstable_by(|a, b| b.cmp(a));
        for tip in beside {
            self.chart.add_beside(tip);
        }
        self.tagged = Beside::new(lines);
        self.held = Beside::new(lines);
        for version in versions {
            self.climb(version, lines, None);
        }
        for (at, (topic, kept)) in topics.into_iter().zip(kept).enumerate() {
            self.climb(topic.filter(|_| kept), lines, Some(at));
        }
    }

    /// Notes what a version tag, or the topic `topic`, has of every lane.
    fn climb(&mut self, tip: Option<u32>, lines: u32, topic: Option<usize>) {
        let content = self.chart.content(tip);
        let beside = if topic.is_some() { &mut self.held } else { &mut self.tagged };
        for lane in 0..lines {
            beside.upto[lane as usize].push(content.upto(lane));
        }
        let Some(topic) = topic else { return };
        for lane in lines..self.chart.lanes() {
            let upto = content.upto(lane);
            if upto > 0 {
                self.riders.entry(lane).or_default().push((upto, topic));
            }
        }
    }

    /// Returns the last place of a trunk: where its tip is.
    pub(super) fn end(&self, trunk: &Trunk) -> u32 {
        u32::try_from(self.chart.trunk(trunk.lane).len() - 1).expect("places are u32")
    }

    /// Returns the commit at a place of a trunk.
    pub(super) fn commit(&self, trunk: &Trunk, at: u32) -> Oid {
        self.chart.survey.id(self.chart.trunk(trunk.lane)[at as usize])
    }

    /// Returns the date of the commit at a place of a trunk.
    pub(super) fn date(&self, trunk: &Trunk, at: u32) -> Answer<Seconds> {
        trunk.dates.at(at, |at| self.chart.date_of(self.chart.trunk(trunk.lane)[at as usize]))
    }

    /// Where a release that is not confirmed may come into the line squashed.
    pub(super) fn may_take_squashed(&self, trunk: &Trunk, at: u32) -> bool {
        trunk.open.get_or_init(|| squashes::open_places(self, trunk))[at as usize]
    }

    /// Returns what the rules say of a push. Which of them lacked contents is noted.
    pub(super) fn facts_judge(&self, push: &Push, found: &mut Replayed) -> Answer<Vec<Finding>> {
        let facts = Facts::of_many(&self.chart, self.replay.policy, push, &self.shared);
        let cx = Context { policy: self.replay.policy, push, facts: &facts };
        let mut open = Open::default();
        let findings = rules::judge_watched(&cx, |rule| open.watch(rule, &facts));
        open.settle(&facts, &findings, found)?;
        Ok(findings)
    }

    /// Returns the merges of two among the steps of a trunk, in their order: their subjects name
    /// what was merged.
    fn merges(&self, trunk: &Trunk) -> impl Iterator<Item = Oid> {
        let steps = &self.chart.trunk(trunk.lane)[trunk.birth as usize + 1..];
        let merges = steps.iter().filter(|step| self.chart.survey.parents(**step).len() == 2);
        merges.map(|step| self.chart.survey.id(*step))
    }

    pub(super) fn judge(&self, progress: Progress<'_>) -> Answer<Replayed> {
        let mut found = Replayed { asked: self.asked(), ..Replayed::default() };
        let steps = |trunk| (self.end(trunk) - trunk.birth) as usize;
        let total = self.trunks.iter().map(steps).sum::<usize>() + self.topics.len() + self.tags.len();
        let watch = |found: &Replayed| progress(found.updates, total);
        self.replay
            .history
            .expect_subjects(self.trunks.iter().flat_map(|trunk| self.merges(trunk)).collect());
        for trunk in &self.trunks {
            self.judge_trunk(trunk, &watch, &mut found)?;
        }
        self.judge_branches(&mut found)?;
        self.judge_tags(&watch, &mut found)?;
        self.judge_state(&mut found)?;
        Ok(found)
    }
}

/// Reads the tags with their dates, in the order in which they say they were made.
fn read_tags(replay: &Replay<'_>) -> Answer<Vec<Dated>> {
    let mut tags = vec![];
    for entry in replay.refs.below("refs/tags/") {
        let kind = kind_of(replay.policy, &entry.name);
        let (date, commit) = dated(replay, entry)?;
        tags.push(Dated { entry: entry.clone(), kind, date, commit });
    }
    tags.sort_by(|a, b| (a.date, a.version(), &a.entry.name).cmp(&(b.date, b.version(), &b.entry.name)));
    Ok(tags)
}

/// When a tag says it was made (a lightweight one: its commit), and the commit below it.
fn dated(replay: &Replay<'_>, entry: &Ref) -> Answer<(Seconds, Option<Oid>)> {
    let mut date = None;
    let mut at = entry.id;
    for _ in 0..64 {
        match replay.history.object(at) {
            Ok(Object::Commit) => {
                let date = match date {
                    Some(date) => date,
                    None => replay.history.date(at)?,
                };
                return Ok((date, Some(at)));
            }
            Ok(Object::Tag(tag)) => {
                date = date.or_else(|| tag.tagger.as_ref().map(|by| by.time));
                at = tag.target;
            }
            // A tag of something that a partial clone did not fetch is judged by its name.
            Ok(Object::Tree | Object::Blob) | Err(Unreadable::Missing(_)) => break,
            Err(failure) => return Err(failure),
        }
    }
    Ok((date.unwrap_or(0), None))
}
