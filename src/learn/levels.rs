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

/// Returns the rules that reject by themselves and that more than an accident of `updates` broke.
#[must_use]
pub fn levels(policy: &Policy, push: &Push, findings: &[Finding], updates: usize) -> Vec<Level> {
    let mut broken: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| rejects(finding)) {
        *broken.entry(finding.rule).or_default() += 1;
    }
    let level = |rule: &'static crate::rules::Rule| {
        let count = broken.get(rule.id).copied()?;
        let (level, _) = rule_level(policy, rule, push.now);
        let of = asked_of(rule.id, push, updates).max(count);
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

/// Returns how many updates a rule has something to say about: tags, where it is about tags.
fn asked_of(rule: &str, push: &Push, updates: usize) -> usize {
    let tags = push.before.below("refs/tags/").len();
    if rule.starts_with("tag-") { tags } else { updates.saturating_sub(tags).max(1) }
}
