//! Random histories and random pushes: what must hold for every one of them.

mod actors;
mod audits;
mod broken;
mod bytes;
mod compare;
mod corpus;
mod effort;
mod holds;
mod mending;
mod models;
mod obvious;
mod pushes;
mod rng;
mod story;

use std::collections::BTreeMap;

use actors::Actor;
use compare::{Counts, difference, first_difference, shrunk, worded};
use models::Model;
use story::{Story, passes};

/// How many stories are told; `FLOWCHECK_CASES` asks for more.
fn cases(few: u64) -> u64 {
    std::env::var("FLOWCHECK_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}

/// Where the seeds begin; `FLOWCHECK_SEED` asks for others.
fn first_seed() -> u64 {
    std::env::var("FLOWCHECK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0)
}

/// The model of a seed: every second story is of the default flow.
fn model(models: &[Model], seed: u64) -> Model {
    let others = u64::try_from(models.len() - 1).expect("there are few");
    let n = if seed.is_multiple_of(2) { 0 } else { 1 + (seed / 2) % others };
    models[usize::try_from(n).expect("there are few")].clone()
}

#[test]
fn the_rules_say_what_their_definitions_say() {
    let models = models::all();
    let mut counts = Counts::default();
    let mut different: BTreeMap<String, (usize, Story)> = BTreeMap::new();
    let mut all = 0;
    for seed in first_seed()..first_seed() + cases(300) {
        let mut found = None;
        let story = Actor::tell(model(&models, seed), seed, 26, |stage, push, _| {
            let said = compare::obvious(stage, push);
            let pass = passes(&said);
            counts.add(&said);
            let differs = difference(said, compare::real(stage, push));
            found = found.take().or(differs);
            pass
        });
        if let Some(found) = found {
            all += 1;
            different.entry(format!("{:?}", found.rules)).or_insert((0, story)).0 += 1;
        }
    }
    counts.print();
    println!("{all} stories with a difference");
    for (rules, (times, story)) in &different {
        let fails = |story: &Story| {
            first_difference(story, &compare::real)
                .is_some_and(|found| format!("{:?}", found.rules) == *rules)
        };
        let small = shrunk(story, &fails);
        let difference = first_difference(&small, &compare::real).expect("it still fails");
        println!("\n{times} times: {}", worded(&small, &difference));
    }
    assert!(different.is_empty(), "{all} stories on which the judges differ");
}
