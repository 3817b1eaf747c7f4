//! How well a history keeps the rules: what the audit of the whole of it says, rule by rule, each
//! as a share of what the rule could have had a word on.

use std::collections::{BTreeMap, BTreeSet};

use super::Learned;
use super::fit::Fit;
use super::sorts::Tried;
use crate::facts::{RefKind, kind_of};
use crate::finding::{Finding, Level as Weight};
use crate::history::{Oid, RefName};
use crate::rules::RULES;
use crate::verdict::Judged;

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
