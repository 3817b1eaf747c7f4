//! What must hold for every push, whatever the rules say of it.

use flowcheck::history::{NewCommit, Ref, RefName};
use flowcheck::push::{Push, RefUpdate};

use crate::actors::Actor;
use crate::compare::{real, shrunk, worded_for};
use crate::models::{self, Model};
use crate::obvious::Fired;
use crate::rng::Rng;
use crate::story::{Content, Sketch, Stage, Story, passes};
use crate::{cases, first_seed, model};

/// Something that does not hold.
type Broken = String;

/// Tells stories and holds every push of them against `holds`; what fails is shrunk and printed.
fn for_every_push(few: u64, mut holds: impl FnMut(&mut Stage, &Push, &Fired) -> Result<(), Broken>) {
    let models: Vec<Model> = models::all();
    let mut asked = 0;
    let mut failed = vec![];
    for seed in first_seed()..first_seed() + cases(few) {
        let model = model(&models, seed);
        let story = Actor::tell(model, seed, 22, |stage, push, _| passes(&real(stage, push)));
        asked += story.pushes.len();
        failed.extend(broken(&story, &mut holds).map(|broken| (broken, story)));
    }
    println!("{asked} pushes, {} stories in which it does not hold", failed.len());
    for (broken, story) in failed.iter().take(SHOWN) {
        let holds = std::cell::RefCell::new(&mut holds);
        let small = shrunk(story, &|story| self::broken(story, &mut **holds.borrow_mut()).is_some());
        println!("{broken}\n\n{}", worded_for(&small, real));
    }
    assert!(failed.is_empty(), "it does not hold");
    assert!(asked > 0, "no push was judged");
}

/// How many of the stories that fail are printed.
const SHOWN: usize = 3;

fn broken(
    story: &Story,
    holds: &mut impl FnMut(&mut Stage, &Push, &Fired) -> Result<(), Broken>,
) -> Option<Broken> {
    let played = story.play_on("dev", |stage, push, _| {
        let said = real(stage, push);
        holds(stage, push, &said)?;
        Ok::<_, Broken>(passes(&said))
    });
    played.err()
}

fn same(what: &str, before: &Fired, after: &Fired) -> Result<(), Broken> {
    if before == after {
        return Ok(());
    }
    Err(format!("{what} changes the verdict\n  from {before:?}\n  to   {after:?}"))
}

#[test]
fn the_order_of_the_updates_is_no_matter() {
    let mut rng = Rng::new(7);
    for_every_push(60, |stage, push, said| {
        let mut shuffled = push.clone();
        rng.shuffle(&mut shuffled.updates);
        same("another order of the updates", said, &real(stage, &shuffled))
    });
}

#[test]
fn unrelated_branches_are_no_matter() {
    for_every_push(60, |stage, push, said| {
        let memory = &mut stage.memory;
        let lonely =
            memory.add_commit(&NewCommit { message: "elsewhere\n".to_owned(), ..NewCommit::default() });
        let mut more = push.clone();
        for name in ["refs/heads/feature/elsewhere", "refs/heads/old thing", "refs/notes/elsewhere"] {
            more.before.set(Ref::new(RefName::new(name), lonely));
        }
        same("an unrelated branch", said, &real(stage, &more))
    });
}

#[test]
fn what_the_ids_are_is_no_matter() {
    let models = models::all();
    let mut asked = 0;
    for seed in first_seed()..first_seed() + cases(60) {
        let story = Actor::tell(model(&models, seed), seed, 22, |stage, push, _| passes(&real(stage, push)));
        let told = |author| {
            let mut told: Vec<Fired> = vec![];
            let judge = |stage: &mut Stage, push: &Push, _: &_| {
                let said = real(stage, push);
                let pass = passes(&said);
                told.push(said);
                Ok::<_, Broken>(pass)
            };
            story.play_on(author, judge).expect("nothing is broken here");
            told
        };
        let by_dev = told("dev");
        asked += by_dev.len();
        for author in ["somebody", "else"] {
            // The name of a replacement is an id, and changes with the author.
            let names_ids =
                |fired: &&Fired| fired.iter().any(|(_, name, _)| name.full().starts_with(b"refs/replace/"));
            let plain =
                |told: &[Fired]| told.iter().filter(|fired| !names_ids(fired)).cloned().collect::<Vec<_>>();
            assert_eq!(plain(&by_dev), plain(&told(author)), "seed {seed}, author {author}");
        }
    }
    assert!(asked > 0, "no push was judged");
}

#[test]
fn a_push_that_is_accepted_whole_is_accepted_in_parts_in_some_order() {
    let mut split = 0;
    for_every_push(150, |stage, push, said| {
        let several = (2..=5).contains(&push.updates.len());
        if !passes(said) || !several {
            return Ok(());
        }
        split += 1;
        if in_some_order(stage, push, &push.updates) {
            return Ok(());
        }
        Err("no order of the single updates is accepted".to_owned())
    });
    assert!(split > 0, "no push had several updates");
}

/// Whether the updates, sent one by one in some order, are all let pass.
fn in_some_order(stage: &Stage, push: &Push, updates: &[RefUpdate]) -> bool {
    if updates.is_empty() {
        return true;
    }
    (0..updates.len()).any(|at| {
        let mut rest = updates.to_vec();
        let first = rest.remove(at);
        let alone = Push { updates: vec![first], ..push.clone() };
        if !passes(&real(stage, &alone)) {
            return false;
        }
        let next = Push { before: alone.after(), ..push.clone() };
        in_some_order(stage, &next, &rest)
    })
}

#[test]
fn pushing_twice_changes_nothing() {
    for_every_push(60, |stage, push, _| {
        let updates = push.updates.iter().map(|update| RefUpdate { old: update.new, ..update.clone() });
        let updates = updates.filter(|update| update.old.is_some()).collect();
        let again = Push { before: push.after(), updates, ..push.clone() };
        let mut said = real(stage, &again);
        // What is owed, and what the policy should leave out, is said until it is mended.
        said.retain(|(rule, _, _)| !["merge-back-missing", "exception"].contains(rule));
        same("pushing the same again", &Fired::new(), &said)
    });
}

/// The story of a merge that only its content can judge, so that printing and playing it is tried.
#[test]
fn a_story_is_printed_as_a_scenario_that_plays() {
    let model = models::all().remove(0);
    let commit = |parents: &[usize], content| Sketch {
        parents: parents.to_vec(),
        content,
        date: crate::story::clock(0),
    };
    let to = |name: &str, at| (name.to_owned(), Some(crate::story::Target::Commit(at)));
    let sent = |updates| crate::story::Sent {
        option: None,
        updates,
        by: "dev",
        now: crate::story::clock(0),
        forced: false,
    };
    let story = Story {
        model,
        commits: vec![
            commit(&[], Content::Usual),
            commit(&[0], Content::Usual),
            commit(&[0, 1], Content::Evil),
            commit(&[2], Content::SameChange(1)),
        ],
        pushes: vec![
            sent(vec![to("refs/heads/develop", 0)]),
            sent(vec![to("refs/heads/develop", 2), to("refs/heads/feature/a", 3)]),
        ],
    };
    let text = worded_for(&story, real);
    let scenario = flowcheck::scenario::Scenario::read(&text).expect("it is a scenario");
    assert_eq!(scenario.pushes.len(), 2);
    assert!(scenario.drawn.commit("c3").is_some(), "{text}");
}
