//! The names of branches, live and merged, and the groups that they fall into.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::{self, Chosen};
use super::trunk::Trunks;
use crate::history::Refs;

/// The names of branches that were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Those of topics, with how often each was merged into a line.
    topics: BTreeMap<String, usize>,
    /// Those of release lines.
    releases: BTreeSet<String>,
    /// Those that begin like release lines, and whose version is not X.Y.Z.
    odd_releases: BTreeMap<String, usize>,
    lines: BTreeSet<String>,
}

/// What names of one group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// A first word and what separates it from the rest: `feature/`.
    Prefix(String),
    /// The number of an issue, as GitLab names branches: `17-mend-it`.
    Number,
    /// The key of a ticket: `SHOP-17`.
    Ticket,
    /// The whole name; such a branch is merged again and again.
    Whole(String),
    /// Nothing.
    Loose,
}

/// Words that say what a branch is for, also where no slash follows.
const WORDS: &[&str] = &[
    "feature",
    "feat",
    "bugfix",
    "fix",
    "bug",
    "hotfix",
    "issue",
    "issues",
    "gh",
    "pr",
    "revert",
    "cherry-pick",
    "patch",
    "chore",
    "docs",
    "doc",
    "refactor",
    "renovate",
    "dependabot",
    "task",
    "story",
    "topic",
    "wip",
    "test",
    "tests",
    "build",
    "ci",
    "improvement",
    "enhancement",
    "update",
    "tag",
];

/// How often a plain name has to be merged to be a branch that lives on.
const AGAIN: usize = 3;

/// Collects the names of the live branches and of what was merged into a line.
pub(super) fn collect(refs: &Refs, chosen: &Chosen, trunks: &Trunks) -> Names {
    let mut names = Names::default();
    names.lines.insert(chosen.integration.clone());
    names.lines.extend(chosen.production.clone());
    names.lines.extend(lines::former(refs, chosen));
    for entry in refs.below("refs/heads/") {
        let Some(name) = entry.name.branch().and_then(|name| std::str::from_utf8(name).ok()) else {
            continue;
        };
        names.add(name, 0);
    }
    for name in trunks.merges().filter_map(|merge| merge.name.as_deref()) {
        names.add(name, 1);
    }
    names
}

impl Names {
    pub(super) fn add(&mut self, name: &str, merged: usize) {
        if self.lines.contains(name) || is_version(name) {
            return;
        }
        if lines::release_named(name).is_some() {
            self.releases.insert(name.to_owned());
            return;
        }
        if lines::is_like_a_release(name) {
            *self.odd_releases.entry(name.to_owned()).or_default() += merged;
            return;
        }
        *self.topics.entry(name.to_owned()).or_default() += merged;
    }

    /// Iterates over the names of the integration and production line.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// Iterates over the names of release lines.
    pub(super) fn releases(&self) -> impl Iterator<Item = &str> {
        self.releases.iter().map(String::as_str)
    }

    /// Iterates over the names that begin like those of release lines, and are none.
    pub(super) fn odd_releases(&self) -> impl Iterator<Item = &str> {
        let odd = self.odd_releases.keys().map(String::as_str);
        odd.filter(|_| !self.releases.is_empty())
    }

    /// Whether a name is that of the integration or production line, or of a version.
    pub(super) fn is_line(&self, name: &str) -> bool {
        self.lines.contains(name) || is_version(name)
    }

    /// Returns the topics' names by group, each with how often it was merged. Where no line has the
    /// name of a release, what only begins like one is a topic.
    pub(super) fn groups(&self) -> BTreeMap<Group, Vec<(&str, usize)>> {
        let mut groups: BTreeMap<Group, Vec<(&str, usize)>> = BTreeMap::new();
        let odd = self.odd_releases.iter().filter(|_| self.releases.is_empty());
        for (name, merged) in self.topics.iter().chain(odd) {
            groups.entry(group(name, *merged)).or_default().push((name, *merged));
        }
        groups
    }
}

/// Whether a name is a version's: what was merged is a tag, or a release.
fn is_version(name: &str) -> bool {
    lines::split(name).is_some_and(|(stem, _)| stem.is_empty() || stem == "v")
}

/// Returns the group of a name that was merged so often.
fn group(name: &str, merged: usize) -> Group {
    if let Some((first, rest)) = name.split_once('/') {
        return if rest.is_empty() { Group::Loose } else { Group::Prefix(format!("{first}/")) };
    }
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && name[digits..].starts_with('-') {
        return Group::Number;
    }
    if is_ticket(name) {
        return Group::Ticket;
    }
    let lower = name.to_ascii_lowercase();
    let word = WORDS.iter().find(|word| {
        lower.strip_prefix(*word).is_some_and(|rest| rest.len() > 1 && rest.starts_with(['-', '_']))
    });
    if let Some(word) = word {
        return Group::Prefix(name[..=word.len()].to_owned());
    }
    if merged >= AGAIN {
        return Group::Whole(name.to_owned());
    }
    match name.find(['-', '_']) {
        Some(at) if at > 0 && at + 1 < name.len() && name.is_char_boundary(at + 1) => {
            Group::Prefix(name[..=at].to_owned())
        }
        _ => Group::Loose,
    }
}

/// Whether a name begins with a ticket's key: `SHOP-17`.
fn is_ticket(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &name[letters..];
    let number = rest.strip_prefix('-').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    letters >= 2 && number > 0
}

/// Whether a word says by itself what a branch is for.
pub(super) fn is_telling(prefix: &str) -> bool {
    let word = prefix.trim_end_matches(['/', '-', '_']).to_ascii_lowercase();
    WORDS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_falls_into_the_group_that_its_beginning_says() {
        let prefix = |text: &str| Group::Prefix(text.to_owned());
        for (name, merged, wanted) in [
            ("feature/a", 1, prefix("feature/")),
            ("feature_a", 1, prefix("feature_")),
            ("Fix-it", 1, prefix("Fix-")),
            ("17-mend-it", 1, Group::Number),
            ("SHOP-17-mend-it", 1, Group::Ticket),
            ("ann-try", 1, prefix("ann-")),
            ("maint", 9, Group::Whole("maint".to_owned())),
            ("odd", 1, Group::Loose),
            ("odd/", 1, Group::Loose),
            ("größe-x", 1, prefix("größe-")),
        ] {
            assert_eq!(group(name, merged), wanted, "{name}");
        }
    }
}
