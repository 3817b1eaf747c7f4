//! From findings to accept or reject: levels, exceptions, overrides, baseline.
//!
//! A finding never disappears; its outcome changes.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::finding::{Finding, Level};
use crate::history::{History, Unreadable};
use crate::policy::{Mode, Policy};
use crate::push::Push;
use crate::rules::{self, Context};

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It rejects the push.
    Rejected,
    /// It is said.
    Warned,
    /// It would reject, but the policy only evaluates.
    Evaluated,
    /// A listed user overrode it.
    Overridden,
    /// The policy excepts it.
    Excepted,
    /// It was there when the baseline was written.
    Baselined,
}

impl Outcome {
    /// Returns the word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Warned => "warned",
            Self::Evaluated => "evaluated",
            Self::Overridden => "overridden",
            Self::Excepted => "excepted",
            Self::Baselined => "baselined",
        }
    }
}

/// A finding, its level and what becomes of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// The level that counts: never `Off`.
    pub level: Level,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why it does not reject: the reason of the exception or override.
    pub reason: Option<String>,
}

/// The judgement of a push or a history.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// All findings, in the order of the refs, then of the rules.
    pub findings: Vec<Judged>,
    /// How many refs were read.
    pub refs: usize,
    /// Per rule: how many questions had no answer, and why.
    pub undecidable: BTreeMap<String, Undecidable>,
    /// The policy's mode.
    pub mode: Mode,
    /// Where the policy was read from.
    pub source: String,
}

/// Questions of one rule that had no answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undecidable {
    /// How many.
    pub count: usize,
    /// Why, one sentence.
    pub why: String,
}

impl Verdict {
    /// Whether the push passes.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.findings.iter().all(|judged| judged.outcome != Outcome::Rejected)
    }
}

/// Judges a push.
///
/// # Errors
/// With the first thing that could not be learned: then nothing can be said about the push.
pub fn judge(policy: &Policy, history: &dyn History, push: &Push) -> Result<Verdict, Unreadable> {
    let facts = Facts::new(history, policy, push);
    let findings = rules::judge(&Context { policy, push, facts: &facts });
    if let Some(failure) = facts.trouble().into_iter().next() {
        return Err(failure);
    }
    Ok(weigh(policy, push, findings))
}

/// Gives each finding its level and outcome.
#[must_use]
pub fn weigh(policy: &Policy, push: &Push, findings: Vec<Finding>) -> Verdict {
    let findings = findings
        .into_iter()
        .filter_map(|finding| {
            let rule = rules::find(finding.rule)?;
            let level = finding.at_most.map_or(rule.level, |most| most.min(rule.level));
            let outcome = if level == Level::Error { Outcome::Rejected } else { Outcome::Warned };
            (level != Level::Off).then_some(Judged { finding, level, outcome, reason: None })
        })
        .collect();
    Verdict {
        findings,
        refs: push.updates.len(),
        undecidable: BTreeMap::new(),
        mode: policy.mode,
        source: policy.source.clone(),
    }
}
