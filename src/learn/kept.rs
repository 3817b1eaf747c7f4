//! How well a history keeps the rules: what the audit of the whole of it says, rule by rule, each
//! as a share of what the rule could have had a word on.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::Fit;
use super::{Kind, Learned};
use crate::facts::{RefKind, kind_of};
use crate::finding::{Finding, Level as Weight};
use crate::history::{Oid, RefName, Refs};
use crate::input::replay::Asked;
use crate::policy::{LineRole, Policy};
use crate::rules::RULES;
use crate::verdict::Judged;
use crate::version::Version;

/// A rule that the policy holds less strictly, because the history does not keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The rule.
    pub rule: &'static str,
    /// The level.
    pub level: Weight,
    /// The line on which alone it is not kept: an exception there, and its own level elsewhere.
    pub on: Option<RefName>,
    /// How many kept it.
    pub kept: Fit,
    /// What they are.
    pub of: String,
}

/// What the audit says by one rule about things of one sort.
#[derive(Debug, Clone)]
pub struct Group {
    /// The rule.
    pub rule: &'static str,
    /// What it is said of.
    pub of: String,
    /// The integration or production line, where they are steps of it.
    pub line: Option<RefName>,
    /// How many of them.
    pub broken: Fit,
    /// What is said.
    pub said: Vec<Said>,
}

/// What the audit says of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it rejects.
    pub level: Weight,
    /// The ref.
    pub name: RefName,
    /// What of it, where the ref is a line: the commit.
    pub object: Option<Oid>,
    /// What is wrong; not escaped.
    pub message: String,
}

/// A history, as it was judged.
pub struct Tried<'a> {
    /// The policy that it was held against.
    pub policy: &'a Policy,
    /// What was learned from it.
    pub learned: &'a Learned,
    /// Its refs.
    pub refs: &'a Refs,
    /// How much of each sort was judged.
    pub asked: &'a Asked,
}

impl Tried<'_> {
    /// Returns what was said, rule by rule in the order of their documentation.
    #[must_use]
    pub fn groups(&self, verdict: &[Judged]) -> Vec<Group> {
        let mut groups: BTreeMap<(usize, String), Group> = BTreeMap::new();
        let mut things: BTreeSet<(usize, String, Thing)> = BTreeSet::new();
        for judged in verdict {
            let finding = &judged.finding;
            let place = RULES.iter().position(|rule| rule.id == finding.rule).unwrap_or(RULES.len());
            let kind = kind_of(self.policy, &finding.name);
            let (of, all) = self.population(finding, &kind);
            let group = groups.entry((place, of.clone())).or_insert_with(|| Group {
                rule: finding.rule,
                of: of.clone(),
                line: self.line(finding, &kind),
                broken: Fit { fits: 0, of: all },
                said: vec![],
            });
            // What is owed and not late yet breaks nothing.
            let breaks = finding.overdue || finding.rule != "merge-back-missing";
            let is_another = things.insert((place, of, thing(finding, &kind)));
            group.broken.fits += usize::from(breaks && is_another);
            group.broken.of = group.broken.of.max(group.broken.fits);
            group.said.push(Said {
                level: judged.level,
                name: finding.name.clone(),
                object: finding.object.or(finding.new),
                message: finding.message.clone(),
            });
        }
        groups.into_values().collect()
    }

    /// Returns what a finding is one of, and how many there are.
    fn population(&self, finding: &Finding, kind: &RefKind) -> (String, usize) {
        if let Some(kind) = self.accused(finding) {
            return (format!("merges of the kind {}", kind.name), kind.share.fits);
        }
        let (of, all) = self.of_ref(finding.rule, kind);
        (of.to_owned(), all)
    }

    /// Returns the kind of topic that a finding says may not enter a line.
    fn accused(&self, finding: &Finding) -> Option<&Kind> {
        let clause = finding.clause.as_ref().filter(|_| finding.rule == "merge-source");
        let topic = self.policy.topics.iter().find(|topic| Some(&topic.into_clause) == clause)?;
        self.learned.kinds.iter().find(|kind| kind.name == topic.kind)
    }

    /// Returns the line of which a finding is about a step. What is owed is about a release, and what
    /// a kind does about the kind.
    fn line(&self, finding: &Finding, kind: &RefKind) -> Option<RefName> {
        let is_line = matches!(kind, RefKind::Integration | RefKind::Production);
        let is_of_it = finding.rule != "merge-back-missing" && self.accused(finding).is_none();
        (is_line && is_of_it).then(|| finding.name.clone())
    }

    fn of_ref(&self, rule: &str, kind: &RefKind) -> (&'static str, usize) {
        let asked = self.asked;
        match kind {
            RefKind::Integration => self.of_line(rule, LineRole::Integration),
            RefKind::Production => self.of_line(rule, LineRole::Production),
            RefKind::Release(_) => self.of_line(rule, LineRole::Release),
            RefKind::Topic { .. } | RefKind::Branch if rule == "branch-name" => {
                ("names of branches", asked.branches + asked.names)
            }
            RefKind::Topic { .. } | RefKind::Branch => ("branches that stand", asked.branches),
            RefKind::VersionTag(_) if ["tag-sequence", "tag-lineage"].contains(&rule) => (
                "hotfix tags",
                self.tags(|kind| version(kind).is_some_and(|version| version.hotfix.is_some())),
            ),
            RefKind::VersionTag(_) if rule == "tag-order" => (
                "release tags",
                self.tags(|kind| version(kind).is_some_and(|version| version.hotfix.is_none())),
            ),
            RefKind::VersionTag(_) => ("version tags", self.tags(|kind| version(kind).is_some())),
            RefKind::Record(_) => ("records", self.tags(|kind| matches!(kind, RefKind::Record(_)))),
            RefKind::OtherTag | RefKind::Tag => {
                ("tags", self.tags(|kind| !matches!(kind, RefKind::Record(_))))
            }
            RefKind::Foreign => ("refs", self.refs.iter().count()),
        }
    }

    fn of_line(&self, rule: &str, line: LineRole) -> (&'static str, usize) {
        let of = |counts: &BTreeMap<LineRole, usize>| counts.get(&line).copied().unwrap_or_default();
        match rule {
            "merge-back-missing" => ("releases that were tagged", self.released()),
            "unconfirmed-merge-back" => (lines(line), self.brought(line)),
            "merge-source" if line != LineRole::Release => (lines(line), self.brought(line)),
            "branch-origin" | "branch-lookalike" | "release-version" | "lost-fix" | "line-deletion"
                if line == LineRole::Release =>
            {
                ("release lines", self.asked.releases)
            }
            "direct-commit" | "production-tree" | "history-rewrite" => (steps(line), of(&self.asked.steps)),
            _ => (merges(line), of(&self.asked.merges)),
        }
    }

    fn brought(&self, line: LineRole) -> usize {
        self.learned.brought.get(&line).copied().unwrap_or_default()
    }

    fn tags(&self, is_meant: impl Fn(&RefKind) -> bool) -> usize {
        let tags = self.refs.below("refs/tags/").iter();
        tags.filter(|entry| is_meant(&kind_of(self.policy, &entry.name))).count()
    }

    fn released(&self) -> usize {
        let tags = self.refs.below("refs/tags/").iter();
        let releases = tags.filter_map(|entry| Some(version(&kind_of(self.policy, &entry.name))?.release));
        releases.collect::<BTreeSet<_>>().len()
    }
}

fn version(kind: &RefKind) -> Option<Version> {
    match kind {
        RefKind::VersionTag(version) => Some(*version),
        _ => None,
    }
}

fn steps(role: LineRole) -> &'static str {
    match role {
        LineRole::Integration => "steps of the integration line",
        LineRole::Production => "steps of the production line",
        LineRole::Release => "steps of release lines",
    }
}

fn lines(role: LineRole) -> &'static str {
    match role {
        LineRole::Integration => "merges of lines into the integration line",
        LineRole::Production => "merges of lines into the production line",
        LineRole::Release => "merges of lines into release lines",
    }
}

fn merges(role: LineRole) -> &'static str {
    match role {
        LineRole::Integration => "merges into the integration line",
        LineRole::Production => "merges into the production line",
        LineRole::Release => "merges into release lines",
    }
}

/// What a finding is about, to be counted once: a ref that was made, or a step, whichever lines
/// have it.
type Thing = (Option<RefName>, Option<Oid>);

fn thing(finding: &Finding, kind: &RefKind) -> Thing {
    let step = finding.object.or(finding.new);
    match kind {
        RefKind::Integration | RefKind::Production | RefKind::Release(_) if finding.rule != "lost-fix" => {
            (None, step)
        }
        RefKind::Topic { .. } | RefKind::Branch => (Some(finding.name.clone()), step),
        _ => (Some(finding.name.clone()), None),
    }
}

/// Returns the rules that are no rules here: more than an accident of what they are about breaks
/// them. Each with the sort of things that keeps it worst; where only steps of one line break it, it
/// is excepted there.
#[must_use]
pub fn unkept(groups: &[Group]) -> Vec<Level> {
    let broken: Vec<&Group> = groups.iter().filter(|group| group.broken.is_habit()).collect();
    let anywhere: BTreeSet<&str> =
        broken.iter().filter(|group| group.line.is_none()).map(|group| group.rule).collect();
    let mut levels: Vec<Level> = vec![];
    for group in broken {
        let on = group.line.clone().filter(|_| !anywhere.contains(group.rule));
        let level = Level {
            rule: group.rule,
            level: Weight::Off,
            on,
            kept: group.broken.rest(),
            of: group.of.clone(),
        };
        match levels.iter_mut().find(|known| known.rule == level.rule && known.on == level.on) {
            Some(worse) if worse.kept.percent() <= level.kept.percent() => {}
            Some(better) => *better = level,
            None => levels.push(level),
        }
    }
    levels
}

impl Level {
    /// Whether a group need not be listed, for it is not said, or excepted.
    #[must_use]
    pub fn silences(&self, group: &Group) -> bool {
        self.rule == group.rule && self.level == Weight::Off && (self.on.is_none() || self.on == group.line)
    }
}

/// Returns the rules of which the refs that stand show little, and what was merged that they are
/// not kept: where branches start, where version tags stand, and in which order they were set.
#[must_use]
pub fn doubted(learned: &Learned) -> Vec<Level> {
    let starts = learned.kinds.iter().map(|kind| kind.started);
    let starts =
        starts.chain(learned.releases.as_ref().map(|releases| releases.cut)).fold(Fit::default(), Fit::with);
    // Where there are release lines, the policy keeps several open.
    let unordered = if learned.releases.is_some() { Fit::default() } else { learned.tags.in_order };
    let doubts = [
        ("branch-origin", Weight::Warn, starts, "merged branches and releases"),
        ("tag-origin", Weight::Off, learned.tags.standing, "release tags"),
        ("tag-order", Weight::Off, unordered, "release tags, as their dates say"),
        ("release-state", Weight::Off, unordered, "release tags, as their dates say"),
    ];
    let unkept = doubts.into_iter().filter(|(_, _, kept, _)| kept.rest().is_habit());
    unkept.map(|(rule, level, kept, of)| Level { rule, level, on: None, kept, of: of.to_owned() }).collect()
}
