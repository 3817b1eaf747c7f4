//! History, turned back into the updates that made it, and each judged by the hook's own rules.
//!
//! A step of a line's trunk is an update of that line. What the other refs were at that moment is
//! not recorded, so a step is judged in two worlds: the *latest* one, in which everything had
//! happened that does not contain the step, and the *dated* one, in which everything had happened
//! that claims an earlier date. What both worlds object to is a finding; what only one objects to
//! is undecidable, for then dates alone decide, and dates are claims.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::subject::merged_name;
use crate::facts::{Facts, LineId, RefKind, kind_of};
use crate::finding::Finding;
use crate::history::{Answer, ByteSlice, History, Object, Oid, Ref, RefName, Refs, Seconds, Unreadable};
use crate::policy::{LineRole, MergeStyle, Policy};
use crate::push::{Place, Push, RefUpdate};
use crate::rules::{self, Context};
use crate::verdict::Undecidable;
use crate::version::{Release, Version};

/// What a replay needs to know.
pub struct Replay<'a> {
    /// The policy that is held against the history.
    pub policy: &'a Policy,
    /// The history.
    pub history: &'a dyn History,
    /// The refs as they stand: heads, tags, and what the policy's confirmation reads.
    pub refs: &'a Refs,
    /// Where the flow was adopted: what these commits contain is not judged.
    pub since: Vec<Oid>,
    /// When the flow was adopted: what claims to be older is not judged.
    pub since_date: Option<Seconds>,
    /// The judge's clock.
    pub now: Seconds,
}

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// The findings: lines in the order of the model and each from its oldest step on, then
    /// branches, tags, and the state of the whole.
    pub findings: Vec<Finding>,
    /// Per rule: what history cannot show.
    pub undecidable: BTreeMap<String, Undecidable>,
    /// How many updates were judged.
    pub updates: usize,
}

/// One step of a line's trunk.
struct Step {
    commit: Oid,
    parent: Oid,
    introduced: Vec<Oid>,
    date: Seconds,
}

/// A line's trunk, oldest step first.
struct Trunk {
    line: LineId,
    name: RefName,
    tip: Oid,
    /// Where the line stood before its first step.
    birth: Option<Oid>,
    steps: Vec<Step>,
    /// At which step the line took a commit in.
    entered: HashMap<Oid, usize>,
    /// Whether the line is gone and was put together again from its version tags.
    gone: bool,
}

impl Trunk {
    /// Where the line stood before step `at`.
    fn before(&self, at: usize) -> Option<Oid> {
        self.steps.get(at).map_or(Some(self.tip), |step| Some(step.parent))
    }
}

/// A version tag, a record or another tag, with what the replay asks of it.
struct Dated {
    entry: Ref,
    kind: RefKind,
    date: Seconds,
    commit: Option<Oid>,
}

/// A topic that stands, and the commits on it that its first-parent chain does not share.
struct Standing {
    entry: Ref,
}

type Beside = (Option<(usize, usize)>, HashSet<Oid>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum World {
    Latest,
    Dated,
}

impl Replay<'_> {
    /// Judges every update that history still shows, then the state of the refs.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn run(&self) -> Answer<Replayed> {
        let scene = Scene::read(self)?;
        let mut found = Replayed::default();
        for trunk in &scene.trunks {
            scene.judge_trunk(trunk, &mut found)?;
        }
        scene.judge_branches(&mut found)?;
        scene.judge_tags(&mut found)?;
        scene.judge_state(&mut found)?;
        Ok(found)
    }

    fn facts_judge(&self, push: &Push) -> Answer<Vec<Finding>> {
        let facts = Facts::new(self.history, self.policy, push);
        let findings = rules::judge(&Context { policy: self.policy, push, facts: &facts });
        match facts.trouble().into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(findings),
        }
    }

    fn date_of(&self, commit: Oid) -> Answer<Seconds> {
        Ok(self.history.commit(commit)?.committer.map_or(0, |by| by.time))
    }

    /// Whether the flow was adopted after `commit`.
    fn too_old(&self, commit: Oid) -> Answer<bool> {
        for since in &self.since {
            if self.history.is_ancestor(commit, *since)? {
                return Ok(true);
            }
        }
        match self.since_date {
            Some(date) => Ok(self.date_of(commit)? < date),
            None => Ok(false),
        }
    }
}

/// Everything that the steps are judged against, read once.
struct Scene<'a> {
    replay: &'a Replay<'a>,
    trunks: Vec<Trunk>,
    tags: Vec<Dated>,
    topics: Vec<Standing>,
    /// The topics that hold a commit, by their place in `topics`.
    holders: HashMap<Oid, Vec<usize>>,
    /// Where a commit stands on a trunk: which, and after how many of its steps.
    places: HashMap<Oid, (usize, usize)>,
    /// For a tag or topic beside every trunk: where its own trunk joins one, and what it holds
    /// above that.
    beside: HashMap<Oid, Beside>,
    /// Commits of releases: what makes a step of the other lines worth a second look.
    of_releases: BTreeSet<Oid>,
}

impl<'a> Scene<'a> {
    fn read(replay: &'a Replay<'a>) -> Answer<Self> {
        let mut scene = Self {
            replay,
            trunks: vec![],
            tags: read_tags(replay)?,
            topics: vec![],
            holders: HashMap::new(),
            places: HashMap::new(),
            beside: HashMap::new(),
            of_releases: BTreeSet::new(),
        };
        scene.read_lines()?;
        scene.read_topics()?;
        scene.read_beside()?;
        for trunk in scene.trunks.iter().filter(|trunk| trunk.line.release().is_some()) {
            scene.of_releases.extend(trunk.steps.iter().flat_map(|step| &step.introduced));
        }
        Ok(scene)
    }

    fn line_ref(&self, role: LineRole) -> Option<&'a Ref> {
        let line = self.replay.policy.line(role)?;
        self.replay.refs.get(&RefName::of_branch(&line.branch))
    }

    fn read_lines(&mut self) -> Answer<()> {
        let integration = self.line_ref(LineRole::Integration).cloned();
        let production = self.line_ref(LineRole::Production).cloned();
        let mut shared = None;
        if let (Some(ours), Some(theirs)) = (&integration, &production) {
            shared = self.replay.history.trunk_meets(theirs.id, ours.id)?;
        }
        if let Some(line) = &integration {
            self.add_trunk(LineId::Integration, line.name.clone(), line.id, None, false)?;
        }
        if let Some(line) = &production {
            self.add_trunk(LineId::Production, line.name.clone(), line.id, shared, false)?;
        }
        let base = self.replay.policy.releases.as_ref().map(|releases| releases.from);
        let base = base.and_then(|role| self.line_ref(role)).map(|line| line.id);
        for (release, name, tip, gone) in self.release_tips() {
            let cut = match base {
                Some(base) => self.replay.history.trunk_meets(tip, base)?,
                None => None,
            };
            self.add_trunk(LineId::Release(release), name, tip, cut, gone)?;
        }
        Ok(())
    }

    /// The release lines that stand, and those that only their version tags still show.
    fn release_tips(&self) -> Vec<(Release, RefName, Oid, bool)> {
        let policy = self.replay.policy;
        let mut tips: BTreeMap<Release, (RefName, Oid, bool)> = BTreeMap::new();
        if policy.tags.on == LineRole::Release {
            let mut newest: BTreeMap<Version, Oid> = BTreeMap::new();
            for tag in &self.tags {
                if let (RefKind::VersionTag(version), Some(commit)) = (&tag.kind, tag.commit) {
                    newest.insert(*version, commit);
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

    fn add_trunk(
        &mut self,
        line: LineId,
        name: RefName,
        tip: Oid,
        birth: Option<Oid>,
        gone: bool,
    ) -> Answer<()> {
        let history = self.replay.history;
        let mut commits = vec![];
        let mut at = tip;
        let mut birth = birth;
        loop {
            if Some(at) == birth {
                break;
            }
            if self.replay.too_old(at)? || self.shipped_elsewhere(line, at) {
                birth = Some(at);
                break;
            }
            commits.push(at);
            match history.parents(at)?.first() {
                Some(parent) => at = *parent,
                None => break,
            }
        }
        commits.reverse();
        let mut trunk = Trunk { line, name, tip, birth, steps: vec![], entered: HashMap::new(), gone };
        let mut before = birth;
        for commit in commits {
            if let Some(parent) = before {
                let introduced = history.introduced(&[commit], &[parent])?;
                let at = trunk.steps.len();
                for commit in &introduced {
                    trunk.entered.entry(*commit).or_insert(at);
                }
                let date = self.replay.date_of(commit)?;
                trunk.steps.push(Step { commit, parent, introduced, date });
            } else {
                trunk.birth = Some(commit);
            }
            before = Some(commit);
        }
        let here = self.trunks.len();
        for (at, step) in trunk.steps.iter().enumerate() {
            self.places.entry(step.commit).or_insert((here, at + 1));
        }
        if let Some(birth) = trunk.birth {
            self.places.entry(birth).or_insert((here, 0));
        }
        self.trunks.push(trunk);
        Ok(())
    }

    /// Whether a release that is tagged on another line stands at one of its version tags: what
    /// lies below was judged where it was tagged.
    fn shipped_elsewhere(&self, line: LineId, commit: Oid) -> bool {
        let LineId::Release(release) = line else { return false };
        self.replay.policy.tags.on != LineRole::Release
            && self.tags.iter().any(|tag| {
                tag.commit == Some(commit)
                    && matches!(tag.kind, RefKind::VersionTag(version) if version.release == release)
            })
    }

    fn read_topics(&mut self) -> Answer<()> {
        let refs = self.replay.refs;
        for entry in refs.below("refs/heads/") {
            let kind = kind_of(self.replay.policy, &entry.name);
            if matches!(kind, RefKind::Topic { .. } | RefKind::Branch) && entry.symbolic.is_none() {
                self.topics.push(Standing { entry: entry.clone() });
            }
        }
        for at in 0..self.topics.len() {
            if !matches!(kind_of(self.replay.policy, &self.topics[at].entry.name), RefKind::Topic { .. }) {
                continue;
            }
            let tip = self.topics[at].entry.id;
            let mut below = vec![];
            for trunk in &self.trunks {
                below.extend(self.replay.history.trunk_meets(tip, trunk.tip)?);
            }
            for commit in self.replay.history.introduced(&[tip], &below)? {
                self.holders.entry(commit).or_default().push(at);
            }
        }
        Ok(())
    }

    fn read_beside(&mut self) -> Answer<()> {
        let tags = self.tags.iter().filter(|tag| matches!(tag.kind, RefKind::VersionTag(_)));
        let tips = tags.filter_map(|tag| tag.commit).chain(self.topics.iter().map(|topic| topic.entry.id));
        let tips: BTreeSet<Oid> = tips.filter(|tip| !self.places.contains_key(tip)).collect();
        for tip in tips {
            let mut at = Some(tip);
            while let Some(commit) = at.filter(|commit| !self.places.contains_key(commit)) {
                at = self.replay.history.parents(commit)?.first().copied();
            }
            let above = self.replay.history.introduced(&[tip], at.as_slice())?;
            let place = at.and_then(|at| self.places.get(&at)).copied();
            self.beside.insert(tip, (place, above.into_iter().collect()));
        }
        Ok(())
    }

    /// Whether `holder` contains `commit`.
    fn contains(&self, holder: Oid, commit: Oid) -> Answer<bool> {
        if holder == commit {
            return Ok(true);
        }
        let mut place = self.places.get(&holder);
        if place.is_none() {
            let Some((joins, above)) = self.beside.get(&holder) else {
                return self.replay.history.is_ancestor(commit, holder);
            };
            if above.contains(&commit) {
                return Ok(true);
            }
            place = joins.as_ref();
        }
        let Some(&(mut at, mut steps)) = place else { return Ok(false) };
        // Down from line to the line that it was cut from: each knows when it took a commit in.
        loop {
            let trunk = &self.trunks[at];
            if let Some(entered) = trunk.entered.get(&commit) {
                return Ok(*entered < steps);
            }
            let Some(birth) = trunk.birth else { return Ok(false) };
            match self.places.get(&birth) {
                _ if birth == commit => return Ok(true),
                Some(&(below, taken)) if below != at => (at, steps) = (below, taken),
                _ => return Ok(false),
            }
        }
    }

    fn judge_trunk(&self, trunk: &Trunk, found: &mut Replayed) -> Answer<()> {
        let style = match trunk.line.role() {
            LineRole::Release => self.replay.policy.releases.as_ref().map(|releases| releases.merge),
            role => self.replay.policy.line(role).map(|line| line.merge),
        };
        for at in 0..trunk.steps.len() {
            self.judge_step(trunk, at, found)?;
        }
        if trunk.gone {
            let why = "the release line is gone: whether its tags stood on it is no longer shown";
            note(found, "tag-origin", why);
        }
        if style.is_some_and(|style| style != MergeStyle::MergeCommit) && !trunk.steps.is_empty() {
            note(found, "merge-source", "a fast-forward leaves no trace of what was merged");
        }
        Ok(())
    }

    fn judge_step(&self, trunk: &Trunk, at: usize, found: &mut Replayed) -> Answer<()> {
        found.updates += 1;
        let step = &trunk.steps[at];
        let latest = self.step_findings(trunk, at, World::Latest, None)?;
        let heavy = step.introduced.iter().any(|commit| self.of_releases.contains(commit));
        if latest.is_empty() && !heavy {
            return self.hint(trunk, at, found);
        }
        let dated = self.step_findings(trunk, at, World::Dated, None)?;
        let (latest, shared): (Vec<Finding>, Vec<Finding>) = latest
            .into_iter()
            .partition(|finding| finding.rule != "release-backflow" || self.made_on_a_line(finding));
        if !shared.is_empty() {
            note(
                found,
                "release-backflow",
                "two lines took the same branch in; which was first is not recorded",
            );
        }
        settle(latest, &dated, found);
        self.hint(trunk, at, found)
    }

    fn step_findings(
        &self,
        trunk: &Trunk,
        at: usize,
        world: World,
        named: Option<Ref>,
    ) -> Answer<Vec<Finding>> {
        let step = &trunk.steps[at];
        let mut refs = self.refs_at(trunk, step, world)?;
        refs.extend(named);
        let mut before: Refs = refs.into_iter().collect();
        before.set(Ref::new(trunk.name.clone(), step.parent));
        let update = RefUpdate { name: trunk.name.clone(), old: Some(step.parent), new: Some(step.commit) };
        let now = if world == World::Dated { step.date } else { self.replay.now };
        self.replay.facts_judge(&replayed(before, vec![update], now))
    }

    /// The refs beside the line itself, as they may have stood when the step was made.
    fn refs_at(&self, trunk: &Trunk, step: &Step, world: World) -> Answer<Vec<Ref>> {
        let mut refs: Vec<Ref> = vec![];
        for other in &self.trunks {
            if other.line != trunk.line {
                refs.extend(self.stood(other, step, world)?.map(|tip| Ref::new(other.name.clone(), tip)));
            }
        }
        for tag in &self.tags {
            let on_time = world == World::Latest || tag.date <= step.date;
            let (RefKind::VersionTag(_), true, Some(commit)) = (&tag.kind, on_time, tag.commit) else {
                continue;
            };
            if !self.contains(commit, step.commit)? {
                refs.push(tag.entry.clone());
            }
        }
        for tag in &self.tags {
            let on_time = match world {
                // What was ever confirmed, was confirmed: a later roll-back does not undo it.
                World::Latest => !matches!(&tag.kind, RefKind::Record(record) if record.revokes),
                World::Dated => tag.date <= step.date,
            };
            if matches!(tag.kind, RefKind::Record(_)) && on_time {
                refs.push(tag.entry.clone());
            }
        }
        let mut holding: BTreeSet<usize> = BTreeSet::new();
        for commit in &step.introduced {
            holding.extend(self.holders.get(commit).into_iter().flatten());
        }
        for at in holding {
            let topic = &self.topics[at].entry;
            if !self.contains(topic.id, step.commit)? {
                refs.push(topic.clone());
            }
        }
        refs.extend(self.replay.refs.below("refs/environments/").iter().cloned());
        Ok(refs)
    }

    /// Where `other` stood when `step` of another line was made.
    fn stood(&self, other: &Trunk, step: &Step, world: World) -> Answer<Option<Oid>> {
        let mut at = other.entered.get(&step.commit).copied().unwrap_or(other.steps.len());
        let cut = other.birth.filter(|_| at == other.steps.len() && other.line.release().is_some());
        if let Some(cut) = cut
            && self.contains(cut, step.commit)?
        {
            // Cut later, from something that contains the step: it was not there yet.
            return Ok(None);
        }
        if world == World::Dated {
            while at > 0 && other.steps[at - 1].date > step.date {
                at -= 1;
            }
        }
        let stood = if other.steps.is_empty() { Some(other.tip) } else { other.before(at) };
        if let (World::Dated, 0, None, Some(birth)) = (world, at, other.line.release(), stood)
            && !self.contains(step.commit, birth)?
        {
            // Nothing says that the line was there yet.
            return Ok(None);
        }
        Ok(stood)
    }

    /// What the name in a merge's subject would add: a warning, for it is only a claim.
    fn hint(&self, trunk: &Trunk, at: usize, found: &mut Replayed) -> Answer<()> {
        let step = &trunk.steps[at];
        let commit = self.replay.history.commit(step.commit)?;
        let [_, merged] = commit.parents[..] else { return Ok(()) };
        let subject = commit.subject();
        let Some(branch) = merged_name(&subject) else { return Ok(()) };
        let name = RefName::of_branch(branch);
        let policy = self.replay.policy;
        let kind = kind_of(policy, &name);
        let is_line = matches!(kind, RefKind::Integration);
        let known = self.replay.refs.get(&name).is_some() && !is_line;
        if known || kind_of(policy, &RefName::of_tag(branch)) != RefKind::Tag {
            return Ok(());
        }
        if kind == RefKind::Branch {
            let message = format!("`{}` was merged, and is not a branch name of this policy", name.short());
            let mut finding = Finding::new(&name, message)
                .note("the name is known from the merge's subject only")
                .warning();
            finding.rule = "branch-name";
            finding.new = Some(merged);
            finding.object = Some(step.commit);
            found.findings.push(finding);
            return Ok(());
        }
        if kind == RefKind::Integration && trunk.line == LineId::Production {
            let message = format!("`{}` was merged into `{}`", name.short(), trunk.name.short());
            let mut finding = Finding::new(&trunk.name, message)
                .note("the name is known from the merge's subject only")
                .warning();
            finding.rule = "merge-source";
            finding.new = Some(step.commit);
            found.findings.push(finding);
            return Ok(());
        }
        let RefKind::Topic { kind, .. } = kind else { return Ok(()) };
        if policy.topics[kind].into.contains(&trunk.line.role()) {
            return Ok(());
        }
        let plain = self.step_findings(trunk, at, World::Latest, None)?;
        let named = self.step_findings(trunk, at, World::Latest, Some(Ref::new(name.clone(), merged)))?;
        for finding in named {
            if !plain.iter().any(|other| other.rule == finding.rule) && !finding.momentary {
                found
                    .findings
                    .push(finding.note("the name is known from the merge's subject only").warning());
            }
        }
        Ok(())
    }

    /// The refs of the lines, those that are gone included.
    fn lines(&self) -> Vec<Ref> {
        self.trunks.iter().map(|trunk| Ref::new(trunk.name.clone(), trunk.tip)).collect()
    }

    fn tags_where(&self, keep: impl Fn(&Dated) -> bool) -> Vec<Ref> {
        self.tags.iter().filter(|tag| keep(tag)).map(|tag| tag.entry.clone()).collect()
    }

    /// Judges the branches that stand and are no lines, as if they were made now.
    fn judge_branches(&self, found: &mut Replayed) -> Answer<()> {
        let mut updates = vec![];
        for topic in &self.topics {
            if !self.replay.too_old(topic.entry.id)? {
                let name = topic.entry.name.clone();
                updates.push(RefUpdate { name, old: None, new: Some(topic.entry.id) });
            }
        }
        found.updates += updates.len();
        let mut before = self.lines();
        before.extend(self.tags_where(|_| true));
        let push = replayed(before.into_iter().collect(), updates, self.replay.now);
        for finding in self.replay.facts_judge(&push)? {
            // Whether the release took it when it was made is not shown by what stands now.
            match finding.rule {
                "release-state" => note(found, "release-state", "when a branch was made is not recorded"),
                "branch-origin" if !finding.momentary => self.settle_origin(finding, found),
                _ if finding.momentary => {
                    note(found, finding.rule, "the release line that it came from is gone");
                }
                _ => found.findings.push(finding),
            }
        }
        Ok(())
    }

    /// What stands says whose a commit is now, and not who had it first: a warning at most.
    fn settle_origin(&self, finding: Finding, found: &mut Replayed) {
        if self.made_on_a_line(&finding) {
            found.findings.push(finding.warning());
        } else {
            note(found, "branch-origin", "a line took the branch's commits in, and may have done so later");
        }
    }

    /// Whether one of the commits that a finding lists is a merge that a line made itself: nobody
    /// can have had it before the line.
    fn made_on_a_line(&self, finding: &Finding) -> bool {
        let made = |commit: &Oid| {
            self.trunks.iter().any(|trunk| {
                let entered = trunk.entered.get(commit).map(|at| &trunk.steps[*at]);
                entered.is_some_and(|step| step.commit == *commit && step.introduced.len() > 1)
            })
        };
        finding.commits.iter().any(|named| made(&named.id))
    }

    /// Judges each tag as one creation.
    fn judge_tags(&self, found: &mut Replayed) -> Answer<()> {
        for tag in &self.tags {
            let old = match tag.commit {
                Some(commit) => self.replay.too_old(commit)?,
                None => self.replay.since_date.is_some_and(|date| tag.date < date),
            };
            if old {
                continue;
            }
            found.updates += 1;
            let latest = self.tag_findings(tag, World::Latest)?;
            let dated = self.tag_findings(tag, World::Dated)?;
            settle(latest, &dated, found);
        }
        Ok(())
    }

    fn tag_findings(&self, tag: &Dated, world: World) -> Answer<Vec<Finding>> {
        let mut before = self.lines();
        before.extend(self.tags_where(|other| match (&tag.kind, &other.kind) {
            _ if other.entry.name == tag.entry.name => false,
            (RefKind::VersionTag(ours), RefKind::VersionTag(theirs)) => match world {
                World::Latest => theirs < ours,
                World::Dated => (other.date, theirs) < (tag.date, ours),
            },
            (RefKind::Record(_), RefKind::Record(_)) => {
                (other.date, &other.entry.name) < (tag.date, &tag.entry.name)
            }
            (_, RefKind::Record(record)) => match world {
                World::Latest => !record.revokes,
                World::Dated => other.date <= tag.date,
            },
            _ => true,
        }));
        before.extend(self.replay.refs.below("refs/environments/").iter().cloned());
        let update = RefUpdate { name: tag.entry.name.clone(), old: None, new: Some(tag.entry.id) };
        self.replay.facts_judge(&replayed(before.into_iter().collect(), vec![update], self.replay.now))
    }

    fn judge_state(&self, found: &mut Replayed) -> Answer<()> {
        let push = replayed(self.replay.refs.clone(), vec![], self.replay.now);
        let facts = Facts::new(self.replay.history, self.replay.policy, &push);
        let findings =
            rules::judge_state(&Context { policy: self.replay.policy, push: &push, facts: &facts });
        if let Some(failure) = facts.trouble().into_iter().next() {
            return Err(failure);
        }
        for finding in findings {
            let old = match finding.object {
                Some(object) => self.replay.too_old(object)?,
                None => false,
            };
            if !old {
                found.findings.push(finding);
            }
        }
        Ok(())
    }
}

fn replayed(before: Refs, updates: Vec<RefUpdate>, now: Seconds) -> Push {
    Push { place: Place::Audit, pusher: None, now, ..Push::new(before, updates) }
}

/// Keeps what both worlds object to; the rest rests on dates alone.
fn settle(latest: Vec<Finding>, dated: &[Finding], found: &mut Replayed) {
    let same =
        |a: &Finding, b: &Finding| a.rule == b.rule && a.at_most == b.at_most && a.message == b.message;
    let (sure, unsure): (Vec<Finding>, Vec<Finding>) = latest
        .into_iter()
        .partition(|finding| dated.iter().any(|other| same(finding, other)) && !finding.momentary);
    let only_dated: Vec<&Finding> = dated
        .iter()
        .filter(|finding| !sure.iter().chain(&unsure).any(|other| same(finding, other)))
        .collect();
    for finding in unsure.iter().chain(only_dated) {
        if sure.iter().all(|known| known.rule != finding.rule) {
            note(found, finding.rule, "only the dates say what came first, and dates are claims");
        }
    }
    found.findings.extend(sure.into_iter().map(|finding| match finding.rule {
        // Another branch may have held the same commits, and be gone.
        "merge-source" => finding.note("as far as the branches that still stand show").warning(),
        _ => finding,
    }));
}

fn note(found: &mut Replayed, rule: &str, why: &str) {
    let entry = found.undecidable.entry(rule.to_owned()).or_default();
    entry.count += 1;
    if entry.why.is_empty() {
        why.clone_into(&mut entry.why);
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
    tags.sort_by(|a, b| {
        (a.date, version(&a.kind), &a.entry.name).cmp(&(b.date, version(&b.kind), &b.entry.name))
    });
    Ok(tags)
}

fn version(kind: &RefKind) -> Option<Version> {
    match kind {
        RefKind::VersionTag(version) => Some(*version),
        _ => None,
    }
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
                    None => replay.date_of(at)?,
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

/// Whether a ref is one that an audit looks at.
#[must_use]
pub fn concerns(name: &RefName) -> bool {
    name.branch().is_some() || name.tag().is_some() || name.full().starts_with_str("refs/environments/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Details, Drawn, FIRST_DATE, Picture};

    fn audit(drawn: &Drawn) -> Replayed {
        let policy = Policy::built_in();
        let replay = Replay {
            policy: &policy,
            history: &drawn.history,
            refs: &drawn.refs,
            since: drawn.commit("A").into_iter().collect(),
            since_date: None,
            now: FIRST_DATE + 86_400,
        };
        replay.run().expect("a picture can be read")
    }

    fn found(drawn: &Drawn) -> Vec<String> {
        audit(drawn)
            .findings
            .iter()
            .map(|finding| format!("{} {}", finding.rule, finding.name.short()))
            .collect()
    }

    /// A history told commit by commit (`M: A F`), and where its refs stand.
    fn story(commits: &[&str], labels: &[(&str, &str)]) -> Drawn {
        let picture = Picture::read_with("", commits).expect("commits of ours");
        let drawn = Drawn::new(&picture, &Details::default()).expect("a history of ours");
        labels.iter().fold(drawn, |drawn, (label, commit)| drawn.at(commit, label))
    }

    /// One sprint: feature F, release cut at M, bugfix X, tag, hotfix H, and the merge-backs.
    const SPRINT: [&str; 11] = [
        "A:",
        "F: A",
        "M: A F  Merge branch 'feature/basket' into develop",
        "X: M",
        "R: M X  Merge branch 'bugfix/login' into release-1.0.0",
        "H: R",
        "S: R H  Merge branch 'hotfix/crash' into release-1.0.0",
        "G: M",
        "N: M G  Merge branch 'feature/next' into develop",
        "B: N S  Merge tag 'v1.0.0-hotfix1' into develop",
        "P: A S  Merge tag 'v1.0.0-hotfix1' into master",
    ];

    const REFS: [(&str, &str); 7] = [
        ("develop", "B"),
        ("master", "P"),
        ("release-1.0.0", "S"),
        ("tag: v1.0.0", "R"),
        ("confirmed: v1.0.0", "R"),
        ("tag: v1.0.0-hotfix1", "S"),
        ("confirmed: v1.0.0-hotfix1", "S"),
    ];

    #[test]
    fn a_sprint_that_kept_to_the_flow_is_clean() {
        assert_eq!(found(&story(&SPRINT, &REFS)), [""; 0]);
    }

    #[test]
    fn a_merge_back_that_was_never_confirmed_is_found() {
        let refs: Vec<_> = REFS.into_iter().filter(|(label, _)| !label.starts_with("confirmed")).collect();
        assert_eq!(
            found(&story(&SPRINT, &refs)),
            ["unconfirmed-merge-back develop", "unconfirmed-merge-back master"]
        );
    }

    #[test]
    fn a_direct_commit_is_found_where_it_was_made() {
        let mut commits = SPRINT.to_vec();
        commits.push("Z: B");
        let mut refs = REFS.to_vec();
        refs[0].1 = "Z";
        let drawn = story(&commits, &refs);
        let findings = audit(&drawn).findings;
        assert_eq!(found(&drawn), ["direct-commit develop"]);
        assert_eq!(findings[0].new, drawn.commit("Z"));
    }

    #[test]
    fn develop_merged_into_a_release_is_found_even_after_the_merge_back() {
        let commits = [
            "A:",
            "F: A",
            "M: A F",
            "X: M",
            "R: M X",
            "G: M",
            "N: M G",
            "T: R N  Merge branch 'develop' into release-1.0.0",
            "B: N T",
            "P: A T",
        ];
        let refs = [
            ("develop", "B"),
            ("master", "P"),
            ("release-1.0.0", "T"),
            ("tag: v1.0.0", "T"),
            ("confirmed: v1.0.0", "T"),
        ];
        assert_eq!(found(&story(&commits, &refs)), ["release-backflow release-1.0.0"]);
    }

    #[test]
    fn a_hotfix_that_went_straight_into_develop_is_known_by_its_name_only() {
        let commits = ["A:", "H: A", "M: A H  Merge branch 'hotfix/crash' into develop"];
        let drawn = story(&commits, &[("develop", "M")]);
        let findings = audit(&drawn).findings;
        assert_eq!(found(&drawn), ["merge-source develop"]);
        assert_eq!(findings[0].at_most, Some(crate::finding::Level::Warn));
    }
}
