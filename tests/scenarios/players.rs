//! Playing scenarios: all of them, on all processors, and what came of each.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowcheck::policy::Policy;
use flowcheck::report::{Format, Report, render};
use flowcheck::scenario::{self, Said, Scenario, Step};
use flowcheck::verdict::Verdict;

use crate::Written;
use crate::server::Server;

/// What came of one scenario.
pub struct Told(Vec<String>, String);

impl Told {
    /// Returns everything that is wrong, under the scenario's place; `None` where nothing is.
    pub fn failure(self) -> Option<String> {
        let Self(wrong, place) = self;
        (!wrong.is_empty()).then(|| format!("{place}\n{}", wrong.join("\n")))
    }
}

/// Plays all scenarios; what came of them is in their order.
pub fn play_all(all: &[Written]) -> Vec<Told> {
    let next = AtomicUsize::new(0);
    let players = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut told: Vec<(usize, Told)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = vec![];
            while let Some((at, written)) = take(&next, all) {
                done.push((at, Told(wrong_with(written), written.place.clone())));
            }
            done
        };
        let threads: Vec<_> = (0..players).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a player ends")).collect()
    });
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, told)| told).collect()
}

fn take<'a>(next: &AtomicUsize, all: &'a [Written]) -> Option<(usize, &'a Written)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, all.get(at)?))
}

fn wrong_with(written: &Written) -> Vec<String> {
    let scenario = match Scenario::read(&written.text) {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            let moved = |mut mistake: flowcheck::history::Mistake| {
                mistake.row += written.line;
                mistake.to_string()
            };
            return mistakes.into_iter().map(moved).collect();
        }
    };
    let chosen = match scenario.chosen() {
        Ok(chosen) => chosen,
        Err(failure) => return vec![failure],
    };
    let policy = chosen.as_ref().map_or_else(Policy::built_in, |chosen| chosen.policy.clone());
    let (mut wrong, steps) = in_memory(written, &scenario, &policy);
    // The hook does not read a policy yet.
    if !scenario.own_clock && chosen.is_none() {
        wrong.extend(by_push(written, &scenario, chosen.as_ref().map(|chosen| &*chosen.text), &steps));
    }
    wrong
}

/// Pushes for real; what is said there has to be what was said in memory.
fn by_push(written: &Written, scenario: &Scenario, policy: Option<&str>, steps: &[Step<'_>]) -> Vec<String> {
    if scenario.pushes.is_empty() {
        return vec![];
    }
    let server = Server::open(scenario, policy);
    let mut wrong = vec![];
    for step in steps {
        let head = head(written, scenario, step, "by git push");
        match server.push(step.sent) {
            Some(Ok(said)) => {
                let said_in_memory = &step.said.findings;
                if said.findings != *said_in_memory || said.accepted != step.said.accepted {
                    let (real, memory) = (list(&said.findings), list(said_in_memory));
                    wrong.push(format!(
                        "{head}\n    said:      {real}\n    in memory: {memory}\n{}",
                        said.text
                    ));
                }
            }
            Some(Err(failure)) => wrong.push(format!("{head}\n    {failure}")),
            None => wrong.push(format!("{head}\n    git had nothing to send")),
        }
        let expected: Vec<String> =
            step.after.iter().map(|entry| format!("{} {}", entry.id, entry.name)).collect();
        let refs = server.refs();
        if refs != expected {
            wrong.push(format!(
                "{head}\n    the server's refs afterwards:\n{}\n    expected:\n{}",
                refs.join("\n"),
                expected.join("\n")
            ));
        }
    }
    wrong
}

fn list(findings: &[String]) -> String {
    if findings.is_empty() { "nothing to say".to_owned() } else { findings.join(", ") }
}

fn head(written: &Written, scenario: &Scenario, step: &Step<'_>, how: &str) -> String {
    let what = step.sent.title.as_deref().unwrap_or(&scenario.title);
    format!("  line {}, {how}: {what}", written.line + step.sent.line)
}

fn in_memory<'a>(written: &Written, scenario: &'a Scenario, policy: &Policy) -> (Vec<String>, Vec<Step<'a>>) {
    let steps = match scenario::play(scenario, policy, &tell) {
        Ok(steps) => steps,
        Err(stopped) => return (vec![format!("could not {stopped}: {}", stopped.source)], vec![]),
    };
    let mut wrong = vec![];
    for step in &steps {
        let head = head(written, scenario, step, "in memory");
        note(&mut wrong, &head, &step.sent.expect, &step.sent.says, &step.said);
    }
    if let Some(expect) = &scenario.audit {
        let last = steps.last().map_or_else(|| scenario.drawn.refs.clone(), |step| step.after.clone());
        match scenario::audit(scenario, policy, &last, &tell) {
            Ok(said) => note(&mut wrong, "  the audit, in memory", expect, &[], &said),
            Err(stopped) => wrong.push(format!("  the audit could not be made: {}", stopped.source)),
        }
    }
    (wrong, steps)
}

fn note(wrong: &mut Vec<String>, head: &str, expect: &[String], says: &[String], said: &Said) {
    if let Some(difference) = scenario::difference(expect, says, said) {
        let mut text = format!("{head}\n");
        let _ = write!(text, "{difference}");
        wrong.push(text);
    }
}

fn tell(verdict: &Verdict) -> String {
    render(&Report { command: "pre-receive", verdict, verbose: true }, Format::Text)
}
