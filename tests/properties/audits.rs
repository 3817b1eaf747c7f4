//! What the hook let pass audits clean.

use std::collections::BTreeMap;

use flowcheck::finding::Level;
use flowcheck::history::{Oid, RefName};
use flowcheck::input::replay::Replay;
use flowcheck::policy::LineRole;
use flowcheck::push::{Place, Push};
use flowcheck::verdict;

use crate::compare::{obvious, real, shrunk, worded_for};
use crate::story::{Sent, Stage, Story, passes};
use crate::{Actor, cases, first_seed, model, models};

/// Where the flow begins: what the two lines held when they were made.
fn births(stage: &Stage, push: &Push, since: &mut Vec<Oid>) {
    for role in [LineRole::Integration, LineRole::Production] {
        let name = stage.policy.line(role).map(|line| RefName::of_branch(&line.branch));
        let made = name.and_then(|name| push.update(&name).filter(|update| update.creates()).cloned());
        since.extend(made.and_then(|update| update.new));
    }
}

/// The errors that an audit finds at the end of a story of which only accepted pushes came true.
fn errors(story: &Story, undecided: &mut BTreeMap<String, usize>) -> Vec<String> {
    let mut since = vec![];
    let mut last = None;
    let told = story.play_on("dev", |stage, push, sent| {
        let pass = passes(&real(stage, push));
        if pass {
            births(stage, push, &mut since);
            last = Some((push.after(), sent.now));
        }
        Ok::<_, ()>(pass && !sent.forced)
    });
    let Some((refs, now)) = last.filter(|_| told.is_ok()) else { return vec![] };
    let mut stage = Stage::new(&story.model, "dev");
    let _ = story.play_on("dev", |at, push, _| {
        let pass = passes(&real(at, push));
        stage.memory = at.memory.clone();
        Ok::<_, ()>(pass)
    });
    let policy = &stage.policy;
    let history = &stage.memory;
    let replay = Replay { policy, history, refs: &refs, since, since_date: None, now };
    let replayed = replay.run().expect("a history in memory is whole");
    let thorough = replay.run_thoroughly().expect("a history in memory is whole");
    assert_eq!(replayed.findings, thorough.findings, "what is not asked has nothing to say");
    assert_eq!(replayed.undecidable, thorough.undecidable);
    for (rule, open) in replayed.undecidable {
        *undecided.entry(rule).or_default() += open.count;
    }
    let push = Push { place: Place::Audit, pusher: None, now, ..Push::new(refs, vec![]) };
    let verdict = verdict::weigh(policy, &push, replayed.findings);
    let errors = verdict.findings.into_iter().filter(|judged| judged.level == Level::Error);
    errors
        // A merge-back that is owed is a matter of time alone, and no push would have been refused.
        .filter(|judged| judged.finding.rule != "merge-back-missing")
        .map(|judged| format!("{} {}: {}", judged.finding.rule, judged.finding.name, judged.finding.message))
        .collect()
}

#[test]
fn what_the_hook_let_pass_audits_clean() {
    let models = models::all();
    let mut dirty: BTreeMap<String, (usize, Story)> = BTreeMap::new();
    let mut undecided = BTreeMap::new();
    for seed in first_seed()..first_seed() + cases(200) {
        let judge = |stage: &Stage, push: &Push, _: &Sent| passes(&obvious(stage, push));
        let mut story = Actor::tell(model(&models, seed), seed, 26, judge);
        story.pushes.retain(|sent| !sent.forced);
        if let Some(error) = errors(&story, &mut undecided).first() {
            let rule = error.split(' ').next().unwrap_or_default().to_owned();
            dirty.entry(rule).or_insert((0, story)).0 += 1;
        }
    }
    println!("undecidable: {undecided:?}");
    let all: usize = dirty.values().map(|(times, _)| times).sum();
    for (rule, (times, story)) in &dirty {
        let fails = |story: &Story| {
            errors(story, &mut BTreeMap::new()).iter().any(|error| error.split(' ').next() == Some(rule))
        };
        let small = shrunk(story, &fails);
        println!(
            "\n{times} times: {:#?}\n{}",
            errors(&small, &mut BTreeMap::new()),
            worded_for(&small, real)
        );
    }
    assert!(dirty.is_empty(), "{all} histories that the hook let pass and an audit does not");
}
