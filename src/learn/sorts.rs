//! What a finding is one of, and how many of these there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Learned};
use crate::facts::{RefKind, kind_of};
use crate::finding::Finding;
use crate::history::{RefName, Refs};
use crate::input::replay::Asked;
use crate::policy::{LineRole, Policy};
use crate::version::Version;

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
    /// Returns what a finding is one of, and how many there are.
    pub(super) fn population(&self, finding: &Finding, kind: &RefKind) -> (String, usize) {
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
    pub(super) fn line(&self, finding: &Finding, kind: &RefKind) -> Option<RefName> {
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
