//! Playing scenarios: all of them, on all processors, and what came of each.

use std::sync::atomic::{AtomicUsize, Ordering};

use flowcheck::policy::Policy;
use flowcheck::report::{Format, Report, render};
use flowcheck::scenario::{self, Difference, Scenario, Step};
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

/// Plays all scenarios as `wrong_with` does; what came of them is in their order.
pub fn play_all(all: &[Written], wrong_with: fn(&Written) -> Vec<String>) -> Vec<Told> {
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

/// Returns what is said otherwise than the scenario expects.
pub fn wrong_with(written: &Written) -> Vec<String> {
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
    let (differences, steps) = match scenario::hold(&scenario, &policy, &tell) {
        Ok(held) => held,
        Err(stopped) => return vec![format!("could not {stopped}: {}", stopped.source)],
    };
    let mut wrong: Vec<String> = differences.iter().map(|difference| shown(written, difference)).collect();
    if !scenario.own_clock {
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
    }
    if let Some(last) = steps.last() {
        let expected: Vec<String> =
            last.after.iter().map(|entry| format!("{} {}", entry.id, entry.name)).collect();
        let refs = server.refs();
        if refs != expected {
            let (refs, expected) = (refs.join("\n    "), expected.join("\n    "));
            wrong
                .push(format!("  by git push, the refs at the end\n    {refs}\n  in memory\n    {expected}"));
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

fn shown(written: &Written, difference: &Difference) -> String {
    let Difference { line, title, text } = difference;
    match line {
        Some(line) => format!("  line {}, in memory: {title}\n{text}", written.line + line),
        None => format!("  the audit, in memory\n{text}"),
    }
}

fn tell(verdict: &Verdict) -> String {
    render(&Report { command: "pre-receive", verdict, verbose: true, audited: None }, Format::Text)
}

#[test]
fn git_gives_the_drawn_objects_the_same_ids() {
    let text = r#"
title = "one of everything"
history = '''
A---B---C---M    (develop, light-tag: light, refs/notes/x@A)
     \     /
      R---S      (release-1.0.0, tag: v1.0.0, confirmed: v1.0.0, rolled-back: v1.0.0)
'''
commits = ["Z:  another root", "O: C S Z  an octopus"]
files = { S = { "A.txt" = false, "b.txt" = "" } }
dates = { R = "2024-02-29T12:00:00Z", Z = 3 }
authors = { R = "Ann Example" }
[[push]]
set = { "tag: tree" = { at = "A", of = "tree" }, "tag: blob" = { at = "A", of = "blob" }, "tag: v2.0.0" = { at = "O", of = "tag", header = "v1.9.9", message = "nested\n\nand long" }, "feature/o" = "O" }
expect = []
"#;
    let scenario = Scenario::read(text).expect("it is whole");
    let server = Server::open(&scenario, None);
    let all = scenario.drawn.everything();
    assert_eq!(all.len(), 8 + 3 + 4 + 1, "commits, tags, tags that the push brings, a blob");
    assert_eq!(server.lacks(&all), Vec::<String>::new());
    let refs: Vec<String> =
        scenario.drawn.refs.iter().map(|entry| format!("{} {}", entry.id, entry.name)).collect();
    assert_eq!(server.refs(), refs);
}
