//! Which rules a history keeps: a rule that it breaks too often can only be told, not enforced.

use std::collections::BTreeMap;

use super::fit::Fit;
use crate::finding::Finding;
use crate::push::Push;
use crate::rules::{RULES, rule_level};
use crate::{finding, policy::Policy};

/// A rule that the history breaks too often to be enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The rule.
    pub rule: &'static str,
    /// How many updates kept it.
    pub kept: Fit,
}

/// How many updates there were that a rule could have had a word on.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Tags that were set.
    pub tags: usize,
    /// Branches with a name of their own, standing or merged.
    pub branches: usize,
    /// Updates of every sort.
    pub updates: usize,
}

impl Asked {
    fn of(self, rule: &str) -> usize {
        let about_tags = rule.starts_with("tag-") || ["lost-fix", "confirmation"].contains(&rule);
        match rule {
            _ if about_tags => self.tags,
            _ if rule.starts_with("branch-") => self.branches,
            _ => self.updates.saturating_sub(self.tags),
        }
    }
}

/// Returns the rules that reject by themselves and that more than an accident of updates broke.
#[must_use]
pub fn levels(policy: &Policy, push: &Push, findings: &[Finding], asked: Asked) -> Vec<Level> {
    let mut broken: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| rejects(finding)) {
        *broken.entry(finding.rule).or_default() += 1;
    }
    let level = |rule: &'static crate::rules::Rule| {
        let count = broken.get(rule.id).copied()?;
        let (level, _) = rule_level(policy, rule, push.now);
        let of = asked.of(rule.id).max(count);
        let broken = Fit { fits: count, of };
        let strict = level == finding::Level::Error;
        (strict && broken.is_habit()).then(|| Level { rule: rule.id, kept: broken.rest() })
    };
    RULES.iter().copied().filter_map(level).collect()
}

/// Whether a finding rejects where its rule does.
#[must_use]
pub fn rejects(finding: &Finding) -> bool {
    finding.at_most.is_none_or(|most| most == finding::Level::Error)
}
