//! A scenario played in memory, and how what was said differs from what was expected.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Scenario, Sent};
use crate::history::{Oid, Ref, RefName, Refs, Unreadable};
use crate::input::replay::Replay;
use crate::policy::Policy;
use crate::policy::discovery::Home;
use crate::push::{Place, Push, Pusher, RefUpdate};
use crate::verdict::{self, Judged, Outcome, Verdict};

/// What was said about one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it was accepted.
    pub accepted: bool,
    /// Every finding, worded, sorted.
    pub findings: Vec<String>,
    /// The text for people.
    pub text: String,
}

/// One push as it was judged.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The push.
    pub sent: &'a Sent,
    /// What was said.
    pub said: Said,
    /// The refs after it.
    pub after: Refs,
}

/// Why a scenario could not be played to its end.
#[derive(Debug, Clone, thiserror::Error)]
#[error("judge the push in line {line}")]
pub struct Stopped {
    /// The line of the push.
    pub line: usize,
    /// What could not be read.
    pub source: Unreadable,
}

/// Returns a finding as scenarios write it: a rejecting one is "rule ref".
#[must_use]
pub fn worded(outcome: &str, rule: &str, name: &str) -> String {
    match outcome {
        "rejected" => format!("{rule} {name}"),
        "warned" | "warn" => format!("warn {rule} {name}"),
        other => format!("{other} {rule} {name}"),
    }
}

/// Judges the pushes of a scenario, one after the other.
fn play<'a>(
    scenario: &'a Scenario,
    policy: &Policy,
    tell: &dyn Fn(&Verdict) -> String,
) -> Result<Vec<Step<'a>>, Stopped> {
    let policy = &at_home(scenario, policy);
    let mut refs = with_aliases(scenario.drawn.refs.clone(), &scenario.symbolic);
    let mut steps = vec![];
    for sent in &scenario.pushes {
        let push = push_of(sent, &refs);
        let verdict = verdict::judge(policy, &scenario.drawn.history, &push)
            .map_err(|source| Stopped { line: sent.line, source })?;
        if verdict.accepted() || sent.forced {
            refs = with_aliases(push.after(), &scenario.symbolic);
        }
        let said = said_in(&verdict, tell);
        steps.push(Step { sent, said, after: refs.clone() });
    }
    Ok(steps)
}

/// What one push, or the audit at the end, says otherwise than the scenario expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of the push; `None`: the audit.
    pub line: Option<usize>,
    /// What the push shows.
    pub title: String,
    /// Both sides, and the whole text, in lines.
    pub text: String,
}

/// Judges the pushes of a scenario by `policy`, one after the other, and the refs that they leave;
/// returns everything that is said otherwise than expected. `tell` words a verdict for people.
///
/// # Errors
/// Where the history cannot answer.
pub fn hold<'a>(
    scenario: &'a Scenario,
    policy: &Policy,
    tell: &dyn Fn(&Verdict) -> String,
) -> Result<(Vec<Difference>, Vec<Step<'a>>), Stopped> {
    let steps = play(scenario, policy, tell)?;
    let mut differences: Vec<Difference> = steps
        .iter()
        .filter_map(|step| {
            let text = difference(&step.sent.expect, &step.sent.says, &step.said)?;
            let title = step.sent.title.as_ref().unwrap_or(&scenario.title).clone();
            Some(Difference { line: Some(step.sent.line), title, text })
        })
        .collect();
    if let Some(expect) = &scenario.audit {
        let last = steps.last().map_or(&scenario.drawn.refs, |step| &step.after);
        let said = audit(scenario, policy, last, tell)?;
        let text = difference(expect, &[], &said);
        let of_audit = |text| Difference { line: None, title: scenario.title.clone(), text };
        differences.extend(text.map(of_audit));
    }
    Ok((differences, steps))
}

/// Judges the refs that the last push left, as an audit does.
fn audit(
    scenario: &Scenario,
    policy: &Policy,
    refs: &Refs,
    tell: &dyn Fn(&Verdict) -> String,
) -> Result<Said, Stopped> {
    let (since, since_date) = (vec![], None);
    let history = &scenario.drawn.history;
    let replayed = Replay { policy, history, refs, since, since_date, now: scenario.now }
        .run()
        .map_err(|source| Stopped { line: 0, source })?;
    let push =
        Push { place: Place::Audit, pusher: None, now: scenario.now, ..Push::new(refs.clone(), vec![]) };
    Ok(said_in(&verdict::weigh(policy, &push, replayed.findings), tell))
}

/// Returns what is unlike the expectation, in lines; `None` where nothing is.
fn difference(expect: &[String], says: &[String], said: &Said) -> Option<String> {
    let mut found = said.findings.clone();
    found.dedup();
    let mut expected = expect.to_vec();
    expected.dedup();
    let text = flat(&said.text);
    let unsaid: Vec<&String> = says.iter().filter(|part| !text.contains(&flat(part))).collect();
    let accepted = expected.iter().all(|finding| finding.split(' ').count() > 2);
    if found == expected && unsaid.is_empty() && accepted == said.accepted {
        return None;
    }
    let mut text = findings_beside(&expected, &found);
    if accepted != said.accepted {
        let is = if said.accepted { "accepted" } else { "rejected" };
        let _ = writeln!(text, "    and the push was {is}");
    }
    for part in unsaid {
        let _ = writeln!(text, "    the text does not say: {part}");
    }
    for line in said.text.lines() {
        let _ = writeln!(text, "    | {line}");
    }
    Some(text)
}

/// Returns both lists as one, each finding marked by whether it was expected, said, or both.
fn findings_beside(expected: &[String], found: &[String]) -> String {
    if expected == found {
        return String::new();
    }
    let all: BTreeSet<&String> = expected.iter().chain(found).collect();
    let line = |finding: &&String| match (expected.contains(finding), found.contains(finding)) {
        (true, true) => format!("      {finding}\n"),
        (true, false) => format!("    - {finding}\n"),
        _ => format!("    + {finding}\n"),
    };
    let lines: String = all.iter().map(line).collect();
    format!("    expected (-) and said (+):\n{lines}")
}

/// Returns text without its line breaks: where a line was broken is no matter to what it says.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn said_in(verdict: &Verdict, tell: &dyn Fn(&Verdict) -> String) -> Said {
    let mut findings: Vec<String> = verdict.findings.iter().map(said_of).collect();
    findings.sort();
    Said { accepted: verdict.accepted(), findings, text: tell(verdict) }
}

fn said_of(judged: &Judged) -> String {
    let outcome = if judged.outcome == Outcome::Rejected { "rejected" } else { judged.outcome.name() };
    worded(outcome, judged.finding.rule, &judged.finding.name.short())
}

/// Where a scenario names no policy, one in the tree of the integration line would count.
fn at_home(scenario: &Scenario, policy: &Policy) -> Policy {
    let branch = RefName::of_branch(&policy.integration.branch);
    let home = scenario.policy.is_none().then_some(Home { branch });
    Policy { home, ..policy.clone() }
}

fn push_of(sent: &Sent, refs: &Refs) -> Push {
    let updates = sent.changes.iter().map(|(name, new)| update(name, *new, refs)).collect();
    Push {
        pusher: Some(Pusher { name: sent.by.clone(), id: None }),
        options: sent.options.iter().map(|option| option.as_str().into()).collect(),
        now: sent.now,
        ..Push::new(refs.clone(), updates)
    }
}

/// An alias is judged as the ref it stands for.
fn update(name: &RefName, new: Option<Oid>, refs: &Refs) -> RefUpdate {
    let old = refs.get(name);
    let real = old.and_then(|entry| entry.symbolic.clone()).unwrap_or_else(|| name.clone());
    RefUpdate { name: real, old: old.map(|entry| entry.id), new }
}

/// Returns the refs with the aliases of those that are there.
fn with_aliases(mut refs: Refs, symbolic: &[(RefName, RefName)]) -> Refs {
    for (alias, of) in symbolic {
        match refs.get(of).map(|entry| entry.id) {
            Some(id) => refs.set(Ref { symbolic: Some(of.clone()), ..Ref::new(alias.clone(), id) }),
            None => refs.remove(alias),
        }
    }
    refs
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = r#"
title = "names"
history = '''
A---B   (develop)
'''
[[push]]
set = { "master" = "A" }
expect = []
[[push]]
set = { "oddity" = "B" }
expect = ["branch-name oddity"]
[[push]]
set = { "oddity" = "A" }
forced = true
expect = ["branch-name oddity"]
says = ["a finding"]
"#;

    fn played(scenario: &Scenario) -> Vec<Step<'_>> {
        let tell =
            |verdict: &Verdict| if verdict.accepted() { String::new() } else { "a\nfinding".to_owned() };
        play(scenario, &Policy::built_in(), &tell).expect("everything was drawn")
    }

    #[test]
    fn an_accepted_push_changes_the_refs_and_a_rejected_one_does_not() {
        let scenario = Scenario::read(STORY).expect("it is whole");
        let steps = played(&scenario);
        let names = |step: &Step<'_>| step.after.iter().map(|entry| entry.name.short()).collect::<Vec<_>>();
        assert_eq!(names(&steps[0]), ["develop", "master"]);
        assert_eq!(names(&steps[1]), ["develop", "master"]);
        assert_eq!(names(&steps[2]), ["develop", "master", "oddity"]);
        for step in steps {
            assert_eq!(difference(&step.sent.expect, &step.sent.says, &step.said), None);
        }
    }

    #[test]
    fn a_difference_shows_both_sides_and_the_whole_text() {
        let story = STORY
            .replace("expect = [\"branch-name oddity\"]\nsays", "expect = []\nsays")
            .replace("a finding", "a word");
        let scenario = Scenario::read(&story).expect("it is whole");
        let step = played(&scenario).remove(2);
        assert_eq!(
            difference(&step.sent.expect, &step.sent.says, &step.said).expect("there is a difference"),
            "    expected (-) and said (+):
    + branch-name oddity
    and the push was rejected
    the text does not say: a word
    | a
    | finding
"
        );
    }

    #[test]
    fn an_alias_is_judged_as_the_ref_it_stands_for() {
        let text = STORY
            .replace("title = \"names\"", "title = \"names\"\nsymbolic = { alias = \"feature/a\" }")
            .replace("(develop)", "(develop, feature/a@A)")
            .replace("{ \"master\" = \"A\" }", "{ \"alias\" = \"B\" }");
        let scenario = Scenario::read(&text).expect("it is whole");
        let after = &played(&scenario)[0].after;
        let topic = after.get(&RefName::of_branch("feature/a")).map(|entry| entry.id);
        assert_eq!(topic, scenario.drawn.commit("B"));
        assert_eq!(after.get(&RefName::of_branch("alias")).map(|entry| entry.id), topic);
    }
}
