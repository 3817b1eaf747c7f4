//! People who live the flow, and now and then do not: random stories.

use std::collections::{BTreeMap, BTreeSet};

use flowcheck::facts::{RefKind, kind_of};
use flowcheck::history::{RefName, Seconds};
use flowcheck::policy::LineRole;
use flowcheck::push::Push;
use flowcheck::version::{Release, Version};

use crate::models::Model;
use crate::rng::Rng;
use crate::story::{Below, Content, Flaw, Sent, Sketch, Stage, Story, Target, clock};

/// Somebody who works on a clone and pushes.
pub struct Actor {
    rng: Rng,
    /// How many steps in a hundred go wrong.
    slips: usize,
    /// Whether a push is now and then forced in around the hook.
    forces: bool,
    story: Story,
    stage: Stage,
    /// The refs as the clone wants them.
    wanted: BTreeMap<String, Target>,
    /// The refs as the server has them.
    server: BTreeMap<String, Target>,
    /// The line that a topic was cut from, by the topic's full name.
    home: BTreeMap<String, String>,
    /// The version tags that are thought to be confirmed.
    confirmed: BTreeSet<Version>,
    serial: usize,
}

struct Branch {
    name: String,
    kind: usize,
    release: Option<Release>,
    tip: usize,
}

fn branch(short: &str) -> String {
    format!("refs/heads/{short}")
}

fn tag(short: &str) -> String {
    format!("refs/tags/{short}")
}

type Act = fn(&mut Actor) -> Option<()>;

/// What people do, and how often.
const ACTS: &[(usize, Act)] = &[
    (10, Actor::starts_feature),
    (6, Actor::goes_on),
    (16, Actor::merges_topic),
    (5, Actor::merges_unpushed),
    (9, Actor::cuts_release),
    (6, Actor::starts_bugfix),
    (13, Actor::tags_version),
    (15, Actor::confirms),
    (9, Actor::starts_hotfix),
    (16, Actor::merges_back),
    (3, Actor::opens_merge_back),
    (6, Actor::rolls_back),
    (4, Actor::deletes),
    (2, Actor::brings_release_back),
    (6, Actor::merges_upward),
    (5, Actor::changes_the_policy),
];

/// What people do by mistake.
const SLIPS: &[(usize, Act)] = &[
    (5, Actor::rewrites),
    (5, Actor::moves_tag),
    (4, Actor::cuts_any_release),
    (5, Actor::tags_anything),
    (4, Actor::merges_the_wrong_way),
    (4, Actor::mends_prod),
    (4, Actor::commits_directly),
    (6, Actor::misnames),
    (2, Actor::pushes_elsewhere),
    (4, Actor::merges_anything),
    (2, Actor::deletes_tag),
    (3, Actor::deletes_line),
    (2, Actor::sets_anything),
];

impl Actor {
    /// Tells a story of `steps` steps under one of the models; `passes` says what the server
    /// lets pass.
    pub fn tell(
        model: Model,
        seed: u64,
        steps: usize,
        passes: impl FnMut(&Stage, &Push, &Sent) -> bool,
    ) -> Story {
        Self::new(model, seed, true).lives(steps, passes).0
    }

    /// Tells a story in which nothing gets past the hook; returns the stage at its end as well.
    pub fn tell_by_the_hook(
        model: Model,
        seed: u64,
        steps: usize,
        passes: impl FnMut(&Stage, &Push, &Sent) -> bool,
    ) -> (Story, Stage) {
        Self::new(model, seed, false).lives(steps, passes)
    }

    fn new(model: Model, seed: u64, forces: bool) -> Self {
        let mut rng = Rng::new(seed);
        let slips = [0, 8, 15, 25, 40][rng.below(5)];
        let stage = Stage::new(&model, "dev");
        let story = Story { model, commits: vec![], pushes: vec![] };
        Self {
            rng,
            slips,
            forces,
            story,
            stage,
            wanted: BTreeMap::new(),
            server: BTreeMap::new(),
            home: BTreeMap::new(),
            confirmed: BTreeSet::new(),
            serial: 0,
        }
    }

    fn lives(mut self, steps: usize, mut passes: impl FnMut(&Stage, &Push, &Sent) -> bool) -> (Story, Stage) {
        self.founds();
        self.pushes(&mut passes);
        for _ in 0..steps {
            self.acts();
            if self.rng.chance(72) {
                self.pushes(&mut passes);
            }
        }
        self.pushes(&mut passes);
        (self.story, self.stage)
    }

    fn acts(&mut self) {
        let acts = if self.slip() { SLIPS } else { ACTS };
        let all: usize = acts.iter().map(|(weight, _)| weight).sum();
        let mut at = self.rng.below(all);
        for (weight, act) in acts {
            if at < *weight {
                act(self);
                return;
            }
            at -= weight;
        }
    }

    /// Sends what the clone has and the server has not.
    fn pushes(&mut self, passes: &mut impl FnMut(&Stage, &Push, &Sent) -> bool) {
        let names: BTreeSet<&String> = self.wanted.keys().chain(self.server.keys()).collect();
        let mut updates: Vec<(String, Option<Target>)> = names
            .into_iter()
            .filter(|name| self.wanted.get(*name) != self.server.get(*name))
            .map(|name| (name.clone(), self.wanted.get(name).cloned()))
            .collect();
        if updates.is_empty() {
            return;
        }
        self.rng.shuffle(&mut updates);
        if self.rng.chance(5) {
            updates.truncate(self.rng.below(updates.len()) + 1);
        }
        let by = ["dev", "dev", "alice", "ci"][self.rng.below(4)];
        let forced = self.slips > 0 && self.rng.chance(3) && self.forces;
        let option = [
            None,
            None,
            None,
            Some("flowcheck.override=INC-1"),
            Some("flowcheck.override="),
            Some("ci.skip"),
        ][self.rng.below(6)];
        let sent = Sent { option, updates, by, now: self.now(), forced };
        let push = self.stage.push(&sent);
        if !push.updates.is_empty() && (passes(&self.stage, &push, &sent) || forced) {
            self.stage.accept(&push);
            for (name, target) in &sent.updates {
                match target {
                    Some(target) => self.server.insert(name.clone(), target.clone()),
                    None => self.server.remove(name),
                };
            }
        }
        self.story.pushes.push(sent);
        self.wanted = self.server.clone();
    }

    // What the clone knows.

    fn slip(&mut self) -> bool {
        self.rng.chance(self.slips)
    }

    fn tip(&self, name: &str) -> Option<usize> {
        self.wanted.get(name).map(Target::at)
    }

    fn kind(&self, name: &str) -> RefKind {
        kind_of(&self.story.model.policy, &RefName::new(name))
    }

    fn develop(&self) -> Option<usize> {
        self.tip("refs/heads/develop")
    }

    fn releases(&self) -> BTreeMap<Release, usize> {
        let releases = self.wanted.iter().filter_map(|(name, target)| match self.kind(name) {
            RefKind::Release(release) => Some((release, target.at())),
            _ => None,
        });
        releases.collect()
    }

    fn versions(&self) -> BTreeMap<Version, usize> {
        let versions = self.wanted.iter().filter_map(|(name, target)| match self.kind(name) {
            RefKind::VersionTag(version) => Some((version, target.at())),
            _ => None,
        });
        versions.collect()
    }

    fn newest(&self, release: Release) -> Option<(Version, usize)> {
        self.versions().into_iter().rfind(|(version, _)| version.release == release)
    }

    fn topics(&self) -> Vec<Branch> {
        let topics = self.wanted.iter().filter_map(|(name, target)| match self.kind(name) {
            RefKind::Topic { kind, release, .. } => {
                Some(Branch { name: name.clone(), kind, release, tip: target.at() })
            }
            _ => None,
        });
        topics.collect()
    }

    /// A release line: mostly the newest one, or one of those that `fits`.
    fn some_release(&mut self, fits: impl Fn(&Self, Release) -> bool) -> Option<(Release, usize)> {
        let all: Vec<(Release, usize)> = self.releases().into_iter().collect();
        let slip = self.slip();
        let fitting: Vec<_> =
            all.iter().copied().filter(|(release, _)| slip || fits(self, *release)).collect();
        if self.rng.chance(75) { fitting.last().copied() } else { self.rng.pick(&fitting).copied() }
    }

    fn trunk(&self, tip: usize) -> Vec<usize> {
        let mut trunk = vec![tip];
        let mut at = tip;
        while let Some(&first) = self.story.commits[at].parents.first() {
            at = first;
            trunk.push(at);
        }
        trunk
    }

    fn some_tip(&mut self) -> usize {
        let tips: Vec<usize> = self.wanted.values().map(Target::at).collect();
        let any = self.rng.below(self.story.commits.len());
        if self.rng.chance(70) { self.rng.pick(&tips).copied().unwrap_or(any) } else { any }
    }

    /// `right`, or by a slip any other commit.
    fn base(&mut self, right: usize) -> usize {
        if self.slip() { self.some_tip() } else { right }
    }

    fn commit(&mut self, parents: &[usize], content: Content) -> usize {
        let mut seen = BTreeSet::new();
        let parents = parents.iter().copied().filter(|parent| seen.insert(*parent)).collect();
        let sketch = Sketch { parents, content, date: self.now() - 120 };
        self.stage.add(&sketch);
        self.story.commits.push(sketch);
        self.story.commits.len() - 1
    }

    fn commits(&mut self, base: usize) -> usize {
        let mut at = base;
        for _ in 0..=self.rng.below(3) / 2 {
            at = self.commit(&[at], Content::Usual);
        }
        at
    }

    /// What the clock shows when the next push is sent.
    fn now(&self) -> Seconds {
        clock(self.story.pushes.len())
    }

    fn set(&mut self, name: &str, target: Target) {
        self.wanted.insert(name.to_owned(), target);
    }

    fn set_branch(&mut self, name: &str, at: usize) {
        self.set(name, Target::Commit(at));
    }

    fn number(&mut self) -> usize {
        self.serial += 1;
        self.serial
    }

    // What people do.

    fn founds(&mut self) {
        let root = self.commit(&[], Content::Usual);
        let develop = if self.rng.chance(50) { self.commit(&[root], Content::Usual) } else { root };
        self.set_branch("refs/heads/develop", develop);
        if self.rng.chance(85) {
            self.set_branch("refs/heads/master", root);
        }
    }

    fn starts_feature(&mut self) -> Option<()> {
        let develop = self.develop()?;
        let old = self.trunk(develop);
        let right = if self.rng.chance(70) { develop } else { *self.rng.pick(&old)? };
        let base = self.base(right);
        let tip = self.commits(base);
        let name = branch(&format!("feature/f{}", self.number()));
        self.home.insert(name.clone(), "refs/heads/develop".to_owned());
        self.set_branch(&name, tip);
        Some(())
    }

    fn goes_on(&mut self) -> Option<()> {
        let topics = self.topics();
        let topic = self.rng.pick(&topics)?;
        let home = self.home.get(&topic.name).and_then(|home| self.tip(home)).unwrap_or(topic.tip);
        let tip = match self.rng.below(10) {
            0..=4 => self.commits(topic.tip),
            5..=7 => {
                let from = self.base(home);
                self.commit(&[topic.tip, from], Content::Usual)
            }
            8 => self.commit(&[home], Content::SameChange(topic.tip)),
            _ => home,
        };
        self.set_branch(&topic.name, tip);
        Some(())
    }

    fn merges_topic(&mut self) -> Option<()> {
        let mut topics = self.topics();
        if self.rng.chance(80) {
            topics.retain(|topic| {
                let home = self.home.get(&topic.name).and_then(|home| self.tip(home));
                home.is_none_or(|home| !self.reaches(home, topic.tip))
            });
        }
        let topic = self.rng.pick(&topics)?;
        let (name, tip) = (topic.name.clone(), topic.tip);
        let mut line = self.line_of(topic)?;
        if self.slip() {
            line = self.some_line()?;
        }
        self.takes(&line, tip)?;
        if self.story.model.tags_production() && name.contains("/hotfix/") {
            let version = Version::of(topic.release?);
            let at = self.tip(&line)?;
            let short = self.story.model.tag(version);
            self.set(&tag(&short), Target::Tag { at, header: None, below: Below::Commit });
            self.takes("refs/heads/develop", tip)?;
        }
        if self.rng.chance(40) {
            self.wanted.remove(&name);
        }
        Some(())
    }

    fn line_of(&mut self, topic: &Branch) -> Option<String> {
        let into = self.story.model.policy.topics[topic.kind].into.clone();
        Some(match self.rng.pick(&into)? {
            LineRole::Integration => "refs/heads/develop".to_owned(),
            LineRole::Production => "refs/heads/master".to_owned(),
            LineRole::Release => match (topic.release, self.home.get(&topic.name)) {
                (Some(release), _) => branch(&self.story.model.release(release)),
                (None, Some(home)) => home.clone(),
                (None, None) => return None,
            },
        })
    }

    fn some_line(&mut self) -> Option<String> {
        let lines = self.wanted.keys().filter(|name| {
            matches!(self.kind(name), RefKind::Integration | RefKind::Production | RefKind::Release(_))
        });
        let lines: Vec<String> = lines.cloned().collect();
        self.rng.pick(&lines).cloned()
    }

    fn reaches(&self, tip: usize, commit: usize) -> bool {
        let mut todo = vec![tip];
        let mut seen = BTreeSet::new();
        while let Some(at) = todo.pop() {
            if seen.insert(at) {
                todo.extend(&self.story.commits[at].parents);
            }
        }
        seen.contains(&commit)
    }

    /// A line takes a branch in: by a merge commit, or by a slip in any other way.
    fn takes(&mut self, line: &str, tip: usize) -> Option<()> {
        let old = self.tip(line)?;
        let way = if self.slip() { self.rng.below(8) } else { 0 };
        let new = match way {
            0 => self.commit(&[old, tip], Content::Usual),
            1 | 2 => tip,
            3 => self.commit(&[tip, old], Content::Usual),
            4 => self.commit(&[old], Content::Squash(tip)),
            5 => self.commit(&[old], Content::SameChange(tip)),
            6 => self.commit(&[old, tip], Content::Evil),
            _ => {
                let other = self.some_tip();
                self.commit(&[old, tip, other], Content::Usual)
            }
        };
        self.set_branch(line, new);
        Some(())
    }

    fn merges_unpushed(&mut self) -> Option<()> {
        let line = if self.rng.chance(40) { "refs/heads/develop".to_owned() } else { self.some_line()? };
        let old = self.tip(&line)?;
        if self.kind(&line) == RefKind::Production && !self.slip() {
            return None;
        }
        let base = self.base(old);
        let tip = self.commits(base);
        self.takes(&line, tip)
    }

    fn next_release(&mut self) -> Release {
        let known: BTreeSet<Release> = self
            .releases()
            .into_keys()
            .chain(self.versions().into_keys().map(|version| version.release))
            .collect();
        let low = self.slip() || (self.story.model.policy.parallel() && self.rng.chance(30));
        let Some(top) = (if low { known.iter().nth(self.rng.below(known.len())) } else { known.last() })
        else {
            return Release { major: 1, minor: 0, patch: 0 };
        };
        match self.rng.below(10) {
            0 => Release { patch: top.patch + 1, ..*top },
            1 => Release { major: top.major + 1, minor: 0, patch: 0 },
            2 if low => *top,
            _ => Release { minor: top.minor + 1, patch: 0, ..*top },
        }
    }

    fn cuts_release(&mut self) -> Option<()> {
        if self.releases().len() > 3 && self.rng.chance(80) {
            return None;
        }
        let develop = self.develop()?;
        let release = self.next_release();
        let old = self.trunk(develop);
        let right = if self.rng.chance(80) { develop } else { *self.rng.pick(&old)? };
        let base = self.base(right);
        let name = branch(&self.story.model.release(release));
        self.set_branch(&name, base);
        Some(())
    }

    fn starts_bugfix(&mut self) -> Option<()> {
        self.starts_mending("bugfix", |actor, release| actor.newest(release).is_none())
    }

    fn starts_hotfix(&mut self) -> Option<()> {
        if !self.story.model.tags_production() {
            return self.starts_mending("hotfix", |actor, release| actor.newest(release).is_some());
        }
        let master = self.tip("refs/heads/master")?;
        let top = self.versions().into_keys().next_back().map(|version| version.release);
        let top = top.unwrap_or(Release { major: 0, minor: 9, patch: 0 });
        let base = self.base(master);
        let tip = self.commits(base);
        let release = Release { patch: top.patch + 1, ..top };
        let name = branch(&format!("hotfix/{release}"));
        self.home.insert(name.clone(), "refs/heads/master".to_owned());
        self.set_branch(&name, tip);
        Some(())
    }

    fn starts_mending(&mut self, kind: &str, fits: impl Fn(&Self, Release) -> bool) -> Option<()> {
        let (release, line) = self.some_release(fits)?;
        let right = match self.newest(release) {
            Some((_, tag)) if self.rng.chance(30) => tag,
            _ => line,
        };
        let base = self.base(right);
        let tip = if self.rng.chance(95) { self.commits(base) } else { base };
        let n = self.number();
        let short = match self.rng.below(2) {
            0 => format!("{kind}/{release}-b{n}"),
            _ => format!("{kind}/b{n}"),
        };
        let name = branch(&short);
        self.home.insert(name.clone(), branch(&self.story.model.release(release)));
        self.set_branch(&name, tip);
        Some(())
    }

    fn tags_version(&mut self) -> Option<()> {
        if self.story.model.tags_production() {
            return self.finishes_release();
        }
        let (release, line) = self.some_release(|actor, release| {
            let line = actor.releases()[&release];
            actor.newest(release).is_none_or(|(_, at)| at != line)
        })?;
        let next = match self.newest(release) {
            None => Version::of(release),
            Some((version, _)) => Version { release, hotfix: Some(version.hotfix.unwrap_or(0) + 1) },
        };
        let version = if self.slip() {
            let hotfix = [None, Some(1), Some(2), Some(3)][self.rng.below(4)];
            Version { release, hotfix }
        } else {
            next
        };
        let trunk = self.trunk(line);
        let at = if self.slip() { *self.rng.pick(&trunk)? } else { self.base(line) };
        let name = tag(&self.story.model.tag(version));
        if self.wanted.contains_key(&name) && !self.slip() {
            return None;
        }
        let target = self.some_tag(at);
        self.set(&name, target);
        Some(())
    }

    fn some_tag(&mut self, at: usize) -> Target {
        let target = |below| Target::Tag { at, header: None, below };
        if self.rng.chance(3) {
            return target(Below::Tag);
        }
        if !self.slip() {
            return target(Below::Commit);
        }
        match self.rng.below(6) {
            0 | 1 => Target::Commit(at),
            2 => target(Below::Tree),
            3 => target(Below::Blob),
            _ => Target::Tag { at, header: Some("v7.7.7".to_owned()), below: Below::Commit },
        }
    }

    /// Classic git-flow: the release goes into production, is tagged there, and comes back.
    fn finishes_release(&mut self) -> Option<()> {
        let (release, line) = self.some_release(|actor, release| actor.newest(release).is_none())?;
        self.takes("refs/heads/master", line)?;
        let right = self.tip("refs/heads/master")?;
        let at = self.base(right);
        let name = tag(&self.story.model.tag(Version::of(release)));
        let target = self.some_tag(at);
        self.set(&name, target);
        if self.rng.chance(70) {
            let back = if self.rng.chance(50) { line } else { at };
            self.takes("refs/heads/develop", back)?;
        }
        if self.rng.chance(30) {
            self.wanted.remove(&branch(&self.story.model.release(release)));
        }
        Some(())
    }

    fn confirms(&mut self) -> Option<()> {
        let (release, _) = self.some_release(|actor, release| {
            actor.newest(release).is_some_and(|(version, _)| !actor.confirmed.contains(&version))
        })?;
        let (mut version, at) = self.newest(release)?;
        if self.slip() {
            version = *self.rng.pick(&self.versions().into_keys().collect::<Vec<_>>())?;
        }
        self.records(version, at, false);
        Some(())
    }

    fn rolls_back(&mut self) -> Option<()> {
        let confirmed: Vec<Version> = self.confirmed.iter().copied().collect();
        let version = *self.rng.pick(&confirmed)?;
        let at = *self.versions().get(&version)?;
        self.records(version, at, true);
        Some(())
    }

    fn records(&mut self, version: Version, right: usize, revokes: bool) {
        let at = self.base(right);
        let place = if self.slip() { ["integration", "alpha", "moon"][self.rng.below(3)] } else { "prod" };
        let space = if revokes { "rolled-back" } else { "deployed" };
        let now = self.now();
        let (mut time, mut flaw) = (now - 60, None);
        if self.slip() {
            let flaws = [
                Flaw::NoResult,
                Flaw::OtherVersion,
                Flaw::OtherHeader,
                Flaw::Lightweight,
                Flaw::OtherRepository,
            ];
            match self.rng.below(7) {
                0 => time = now + 601,
                1 => time = now - 20_000,
                n => flaw = Some(flaws[n - 2]),
            }
        }
        let n = self.number();
        let name = tag(&format!("{space}/{place}/{}/{n}", self.story.model.tag(version)));
        self.set(&name, Target::Record { at, time, flaw });
        if revokes {
            self.confirmed.remove(&version);
        } else if place == "prod" {
            self.confirmed.insert(version);
        }
    }

    /// The tag of a release that may go back; by a slip something else of it.
    fn going_back(&mut self) -> Option<(Release, usize)> {
        let needs = self.story.model.policy.confirmation.required();
        let mut versions: Vec<(Version, usize)> = self.versions().into_iter().collect();
        versions.retain(|(version, _)| !needs || self.confirmed.contains(version));
        if self.slip() {
            return self.some_release(|_, _| true);
        }
        let newest = if self.rng.chance(85) { versions.last() } else { self.rng.pick(&versions) };
        newest.map(|(version, at)| (version.release, *at))
    }

    fn merges_back(&mut self) -> Option<()> {
        let (_, tip) = self.going_back()?;
        let lines: &[&str] = match self.rng.below(4) {
            0 => &["refs/heads/develop"],
            1 => &["refs/heads/master"],
            _ => &["refs/heads/develop", "refs/heads/master"],
        };
        for line in lines {
            let Some(old) = self.tip(line) else { continue };
            if self.reaches(old, tip) {
                continue;
            }
            if *line == "refs/heads/master" && !self.slip() {
                let merge = self.commit(&[old, tip], Content::TreeOf(tip));
                self.set_branch(line, merge);
            } else {
                self.takes(line, tip)?;
            }
        }
        if self.tip("refs/heads/master").is_none() {
            self.set_branch("refs/heads/master", tip);
        }
        Some(())
    }

    fn opens_merge_back(&mut self) -> Option<()> {
        let (release, tip) = self.going_back()?;
        let develop = self.develop()?;
        let name = branch(&format!("merge-back/{release}"));
        let at = match self.rng.below(4) {
            0 => tip,
            1 | 2 => self.commit(&[tip, develop], Content::Usual),
            _ => self.commit(&[develop, tip], Content::Usual),
        };
        let at = if self.slip() { self.commits(at) } else { at };
        self.home.insert(name.clone(), "refs/heads/develop".to_owned());
        self.set_branch(&name, at);
        Some(())
    }

    fn deletes(&mut self) -> Option<()> {
        let topics = self.topics();
        let releases: Vec<(Release, usize)> = self.releases().into_iter().collect();
        let gone = if self.rng.chance(50) {
            self.rng.pick(&topics)?.name.clone()
        } else {
            let (release, tip) = *self.rng.pick(&releases)?;
            let develop = self.develop()?;
            if !self.reaches(develop, tip) && !self.slip() {
                return None;
            }
            branch(&self.story.model.release(release))
        };
        self.wanted.remove(&gone);
        Some(())
    }

    fn brings_release_back(&mut self) -> Option<()> {
        let lines = self.releases();
        let versions = self.versions();
        let gone: Vec<Release> = versions
            .keys()
            .map(|version| version.release)
            .filter(|release| !lines.contains_key(release))
            .collect();
        let release = *self.rng.pick(&gone)?;
        let (_, right) = self.newest(release)?;
        let at = self.base(right);
        let name = branch(&self.story.model.release(release));
        self.set_branch(&name, at);
        Some(())
    }

    fn merges_upward(&mut self) -> Option<()> {
        let (release, line) = self.some_release(|_, _| true)?;
        let tags = self.versions();
        let lower: Vec<usize> =
            tags.iter().filter(|(version, _)| version.release < release).map(|(_, at)| *at).collect();
        let from = *self.rng.pick(&lower)?;
        let name = branch(&self.story.model.release(release));
        match self.rng.below(4) {
            0 => {
                let topic = branch(&format!("bugfix/{release}-up{}", self.number()));
                let tip = self.commit(&[line, from], Content::Usual);
                self.home.insert(topic.clone(), name);
                self.set_branch(&topic, tip);
            }
            1 => {
                let pick = self.commit(&[line], Content::SameChange(from));
                self.takes(&name, pick)?;
            }
            _ => self.takes(&name, from)?,
        }
        Some(())
    }

    /// Where the policy lies in the repository: it changes as everything does, by a merge.
    fn changes_the_policy(&mut self) -> Option<()> {
        self.story.model.policy.home.as_ref()?;
        let develop = self.develop()?;
        let makes_sense = !self.rng.chance(25);
        let change = self.commit(&[develop], Content::Policy { makes_sense });
        self.takes("refs/heads/develop", change)
    }

    // What people do by mistake.

    fn rewrites(&mut self) -> Option<()> {
        let line = self.some_line()?;
        let at = self.some_tip();
        let at = if self.rng.chance(50) { at } else { self.commits(at) };
        self.set_branch(&line, at);
        Some(())
    }

    fn moves_tag(&mut self) -> Option<()> {
        let tags: Vec<String> =
            self.wanted.keys().filter(|name| name.starts_with("refs/tags/")).cloned().collect();
        let name = self.rng.pick(&tags)?.clone();
        let at = self.some_tip();
        let target = if let Target::Record { .. } = self.wanted.get(&name)? {
            Target::Record { at, time: self.now() - 60, flaw: None }
        } else {
            self.some_tag(at)
        };
        self.set(&name, target);
        Some(())
    }

    fn deletes_tag(&mut self) -> Option<()> {
        let tags: Vec<String> =
            self.wanted.keys().filter(|name| name.starts_with("refs/tags/")).cloned().collect();
        let name = self.rng.pick(&tags)?.clone();
        self.wanted.remove(&name);
        Some(())
    }

    fn deletes_line(&mut self) -> Option<()> {
        let line = self.some_line()?;
        self.wanted.remove(&line);
        Some(())
    }

    fn cuts_any_release(&mut self) -> Option<()> {
        let develop = self.develop()?;
        let base = if self.rng.chance(60) { develop } else { self.some_tip() };
        let known: BTreeSet<Release> = self
            .releases()
            .into_keys()
            .chain(self.versions().into_keys().map(|version| version.release))
            .collect();
        let known: Vec<Release> = known.into_iter().collect();
        let near = *self.rng.pick(&known)?;
        let release = match self.rng.below(4) {
            0 => near,
            1 => Release { patch: near.patch + 1, ..near },
            2 => Release { minor: near.minor + 1, patch: 0, ..near },
            _ => Release { major: 0, minor: 1, patch: 0 },
        };
        let name = branch(&self.story.model.release(release));
        self.set_branch(&name, base);
        Some(())
    }

    fn tags_anything(&mut self) -> Option<()> {
        let (release, line) = self.some_release(|_, _| true)?;
        let hotfix = [None, None, Some(1), Some(2), Some(3), Some(4)][self.rng.below(6)];
        let trunk = self.trunk(line);
        let at = match self.rng.below(4) {
            0 => self.some_tip(),
            1 => line,
            _ => *self.rng.pick(&trunk)?,
        };
        let name = tag(&self.story.model.tag(Version { release, hotfix }));
        if self.wanted.contains_key(&name) {
            return None;
        }
        let target = self.some_tag(at);
        self.set(&name, target);
        Some(())
    }

    fn merges_the_wrong_way(&mut self) -> Option<()> {
        let line = self.some_line()?;
        let old = self.tip(&line)?;
        let topics = self.topics();
        let tip = if self.rng.chance(50) { self.rng.pick(&topics)?.tip } else { self.commits(old) };
        if self.reaches(tip, old) && self.rng.chance(70) {
            let beside = self.commits(tip);
            let root = self.trunk(old).last().copied()?;
            let other = self.commits(root);
            let side = self.commit(&[other, old], Content::Usual);
            let at = if self.rng.chance(50) { side } else { self.commit(&[beside, side], Content::Usual) };
            self.set_branch(&line, at);
            return Some(());
        }
        let at = self.commit(&[tip, old], Content::Usual);
        self.set_branch(&line, at);
        Some(())
    }

    /// Production takes in what is confirmed, but not as it ran there.
    fn mends_prod(&mut self) -> Option<()> {
        let (_, tip) = self.going_back()?;
        let old = self.tip("refs/heads/master")?;
        let content = if self.rng.chance(50) { Content::Evil } else { Content::Usual };
        let at = self.commit(&[old, tip], content);
        self.set_branch("refs/heads/master", at);
        Some(())
    }

    fn commits_directly(&mut self) -> Option<()> {
        let line = self.some_line()?;
        let old = self.tip(&line)?;
        let content = if self.rng.chance(80) { Content::Usual } else { Content::Empty };
        let at = if self.rng.chance(85) {
            self.commit(&[old], content)
        } else {
            let parents = self.story.commits[old].parents.clone();
            let older = parents.first().copied().unwrap_or(old);
            self.commit(&[old, older], content)
        };
        self.set_branch(&line, at);
        Some(())
    }

    fn misnames(&mut self) -> Option<()> {
        let at = self.develop()?;
        let known: Vec<String> = self.wanted.keys().cloned().collect();
        let known = self.rng.pick(&known)?.clone();
        let n = self.number();
        let names = [
            branch(&format!("fix-{n}")),
            branch("Develop"),
            branch(&format!("Feature/f{n}")),
            branch("release-1.0"),
            branch("release-01.0.0"),
            branch(&format!("hotfix/01.0.0-x{n}")),
            branch("fe\u{430}ture/f1"),
            branch("feature/a..b"),
            branch(&format!("feature/x{n}.lock")),
            branch(&format!("feature/x{n}/")),
            tag("1.0.0"),
            tag("V1.0.0"),
            tag("v1.0"),
            tag("v01.0.0"),
            tag("v1.0.0-hotfix"),
            tag("v1.0.0-hotfix0"),
            tag("v1.0.0-hotfix01"),
            tag("v1.0.0-Hotfix1"),
            tag("v1.0.0-hotfix.1"),
            tag("v1.0.0+build"),
            tag("v99999999999999999999.0.0"),
            tag("deployed/prod/v1.0.0"),
            tag("v1.\u{660}.0"),
        ];
        if self.rng.chance(50) {
            let (space, short) = known.split_at(known.rfind('/')? + 1);
            let other = match self.rng.below(3) {
                0 => short.to_uppercase(),
                1 => short.replace('e', "\u{435}"),
                _ => short.replace('f', "F"),
            };
            let name = format!("{space}{other}");
            if name != known {
                let base = self.tip(&known)?;
                self.set_branch(&name, base);
            }
            if self.rng.chance(20) {
                self.wanted.remove(&known);
            }
            return Some(());
        }
        let name = self.rng.pick(&names)?.clone();
        self.set_branch(&name, at);
        Some(())
    }

    fn pushes_elsewhere(&mut self) -> Option<()> {
        let at = self.some_tip();
        let n = self.number();
        let names = [
            format!("refs/notes/n{n}"),
            format!("refs/replace/{}", self.stage.id(at)),
            format!("refs/merge-requests/{n}/head"),
            format!("refs/other/o{n}"),
            format!("refs/changes/{n}"),
        ];
        let name = self.rng.pick(&names)?.clone();
        self.set_branch(&name, at);
        Some(())
    }

    fn merges_anything(&mut self) -> Option<()> {
        let line = self.some_line()?;
        let tip = self.some_tip();
        self.takes(&line, tip)
    }

    fn sets_anything(&mut self) -> Option<()> {
        let refs: Vec<String> =
            self.wanted.keys().filter(|name| name.starts_with("refs/heads/")).cloned().collect();
        let name = self.rng.pick(&refs)?.clone();
        let at = self.some_tip();
        self.set_branch(&name, at);
        Some(())
    }
}
