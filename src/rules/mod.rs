//! The rules: opinions about facts, one file each, in the order of `docs/rules.md`.

mod branch_lookalike;
mod branch_name;
mod branch_origin;
mod confirmation;
mod direct_commit;
mod exception;
mod foxtrot_merge;
mod history_rewrite;
mod line_deletion;
mod lost_fix;
mod merge_back_missing;
mod merge_source;
mod policy_change;
mod production_tree;
mod ref_namespace;
mod release_backflow;
mod release_state;
mod release_version;
mod tag_annotated;
mod tag_immutable;
mod tag_lineage;
mod tag_name;
mod tag_order;
mod tag_origin;
mod tag_sequence;
mod tag_signature;
mod tagging;
mod unconfirmed_merge_back;
mod words;

use crate::facts::Facts;
use crate::finding::{Clause, Finding, Level};
use crate::history::{RefName, Seconds};
use crate::policy::{Exception, Policy, RuleLevel};
use crate::push::{Push, RefUpdate};

/// A rule: what it says about itself, and what it asks.
pub struct Rule {
    /// The name, kebab-case: the id everywhere.
    pub id: &'static str,
    /// What holds where nothing fires, in one line.
    pub summary: &'static str,
    /// The level where the policy says nothing.
    pub level: Level,
    /// The flowcheck version that brought it.
    pub since: &'static str,
    /// The page, in Markdown: `## What it does`, `## Why`, `## Fails` and `## Passes` (each with
    /// one fenced `scenario` block, which is run), `## How to mend it`, `## Settings`.
    pub docs: &'static str,
    /// What is asked.
    pub check: Check,
}

/// When a rule is asked.
#[derive(Clone, Copy)]
pub enum Check {
    /// For each update of a push (and each update that history still shows).
    Update(fn(&RefUpdate, &Context<'_>) -> Vec<Finding>),
    /// Once for a state of the refs (audit, status): a push changes nothing about it.
    State(fn(&Context<'_>) -> Vec<Finding>),
    /// By the verdict itself, which alone knows what was used.
    Verdict,
}

/// What a rule sees.
pub struct Context<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What is judged.
    pub push: &'a Push,
    /// What is known.
    pub facts: &'a Facts<'a>,
}

/// Every rule, in the order of its documentation.
pub static RULES: &[&Rule] = &[
    &branch_name::RULE,
    &branch_lookalike::RULE,
    &tag_name::RULE,
    &branch_origin::RULE,
    &release_backflow::RULE,
    &release_state::RULE,
    &release_version::RULE,
    &direct_commit::RULE,
    &foxtrot_merge::RULE,
    &merge_source::RULE,
    &unconfirmed_merge_back::RULE,
    &production_tree::RULE,
    &merge_back_missing::RULE,
    &lost_fix::RULE,
    &tag_origin::RULE,
    &tag_sequence::RULE,
    &tag_lineage::RULE,
    &tag_order::RULE,
    &tag_immutable::RULE,
    &tag_annotated::RULE,
    &tag_signature::RULE,
    &history_rewrite::RULE,
    &line_deletion::RULE,
    &confirmation::RULE,
    &ref_namespace::RULE,
    &exception::RULE,
    &policy_change::RULE,
];

/// Returns the finding of the rule `exception` about one that has expired or, where not, met
/// nothing: only the verdict knows.
#[must_use]
pub fn exception_finding(exception: &Exception, name: &RefName, expired: bool) -> Finding {
    exception::finding(exception, name, expired)
}

/// Returns the finding of the rule `ref-namespace` about a branch that would stand on no commit.
#[must_use]
pub fn no_commit_finding(update: &RefUpdate) -> Finding {
    ref_namespace::on_no_commit(update)
}

/// Returns the rule called `id`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// Returns the level that `rule` has at the moment `now`, and where the policy says so.
#[must_use]
pub fn rule_level<'a>(policy: &'a Policy, rule: &Rule, now: Seconds) -> (Level, Option<&'a Clause>) {
    let holds = |level: &&RuleLevel| level.rule == rule.id && level.until.is_none_or(|until| now <= until);
    match policy.levels.iter().find(holds) {
        Some(level) => (level.level, Some(&level.clause)),
        None => (rule.level, None),
    }
}

/// How many updates a push may have for its ways out to be tried.
const TRIED: usize = 50;

impl Context<'_> {
    /// Whether `instead` would be let in, if it came in the place of `update`. A way out is tried
    /// before it is printed.
    fn would_pass(&self, update: &RefUpdate, instead: &RefUpdate) -> bool {
        let replace = |known: &RefUpdate| if known == update { instead } else { known }.clone();
        self.passes(self.push.updates.iter().map(replace).collect(), instead)
    }

    /// Whether `update` would be let in, if it came alone.
    fn would_pass_alone(&self, update: &RefUpdate) -> bool {
        self.passes(vec![update.clone()], update)
    }

    fn passes(&self, updates: Vec<RefUpdate>, update: &RefUpdate) -> bool {
        if self.facts.is_trial() || self.push.updates.len() > TRIED {
            return false;
        }
        let push = Push { updates, ..self.push.clone() };
        let facts = Facts::of_trial(self.facts.history, self.policy, &push);
        let cx = Context { policy: self.policy, push: &push, facts: &facts };
        let passes = RULES.iter().all(|rule| {
            let Check::Update(check) = rule.check else { return true };
            let (level, _) = rule_level(self.policy, rule, self.push.now);
            level < Level::Error
                || check(update, &cx).iter().all(|finding| finding.at_most.is_some_and(|most| most < level))
        });
        passes && facts.trouble().is_empty()
    }
}

/// Returns the rules that are not off: what nobody is told need not be found out.
fn counting<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'static Rule> + use<'a> {
    let (policy, now) = (cx.policy, cx.push.now);
    RULES.iter().copied().filter(move |rule| rule_level(policy, rule, now).0 != Level::Off)
}

/// Returns the findings of every rule that asks about updates, ref by ref in the order of the
/// push, then rule by rule.
#[must_use]
pub fn judge(cx: &Context<'_>) -> Vec<Finding> {
    judge_watched(cx, |_| {})
}

/// [`judge`], and tells of each rule when it has been asked about an update.
#[must_use]
pub fn judge_watched(cx: &Context<'_>, mut asked: impl FnMut(&'static str)) -> Vec<Finding> {
    let mut findings = vec![];
    for update in &cx.push.updates {
        for rule in counting(cx) {
            let Check::Update(check) = rule.check else { continue };
            findings.extend(check(update, cx).into_iter().map(|finding| Finding {
                rule: rule.id,
                old: update.old,
                new: update.new,
                ..finding
            }));
            asked(rule.id);
        }
    }
    findings
}

/// Returns the findings of every rule that asks about a state.
#[must_use]
pub fn judge_state(cx: &Context<'_>) -> Vec<Finding> {
    judge_state_watched(cx, |_| {})
}

/// [`judge_state`], and tells of each rule when it has been asked.
#[must_use]
pub fn judge_state_watched(cx: &Context<'_>, mut asked: impl FnMut(&'static str)) -> Vec<Finding> {
    let mut findings = vec![];
    for rule in counting(cx) {
        let Check::State(check) = rule.check else { continue };
        findings.extend(check(cx).into_iter().map(|finding| Finding { rule: rule.id, ..finding }));
        asked(rule.id);
    }
    findings
}
