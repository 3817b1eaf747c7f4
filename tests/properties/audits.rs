//! The hook and the audit are one judge: what the hook let pass audits clean, and what it rejects
//! is found by the audit, once it was forced in around the hook.

use std::collections::{BTreeMap, BTreeSet};

use flowcheck::facts::{RefKind, kind_of};
use flowcheck::finding::Level;
use flowcheck::history::{History, Oid, RefName, Refs};
use flowcheck::input::replay::{Replay, Replayed};
use flowcheck::policy::LineRole;
use flowcheck::push::{Place, Push, RefUpdate};
use flowcheck::rules::RULES;
use flowcheck::verdict::{self, Judged, Outcome};

use crate::compare::{real, shrunk, worded_for};
use crate::obvious::Fired;
use crate::story::{Stage, Story, passes};
use crate::{Actor, cases, first_seed, model, models};

/// What an audit says of refs: its findings, and per rule how much it cannot decide.
struct Audit {
    findings: Vec<Judged>,
    undecidable: BTreeMap<String, usize>,
}

impl Audit {
    fn of(stage: &Stage, refs: &Refs, since: &[Oid], now: i64) -> Self {
        let (policy, history, since) = (&stage.policy, &stage.memory, since.to_vec());
        let replay = Replay { policy, history, refs, since, since_date: None, now };
        let replayed = replay.run().expect("a history in memory is whole");
        Self::weighed(stage, refs, now, replayed)
    }

    fn weighed(stage: &Stage, refs: &Refs, now: i64, replayed: Replayed) -> Self {
        let push = Push { place: Place::Audit, pusher: None, now, ..Push::new(refs.clone(), vec![]) };
        let undecidable = replayed.undecidable.into_iter().map(|(rule, open)| (rule, open.count)).collect();
        Self { findings: verdict::weigh(&stage.policy, &push, replayed.findings).findings, undecidable }
    }

    fn errors(&self) -> Vec<String> {
        let errors = self.findings.iter().filter(|judged| judged.level == Level::Error);
        errors
            // A merge-back that is owed is a matter of time alone, and no push would have been refused.
            .filter(|judged| judged.finding.rule != "merge-back-missing")
            .map(|Judged { finding, .. }| format!("{} {}: {}", finding.rule, finding.name, finding.message))
            .collect()
    }

    /// The findings, by what they are known by from run to run.
    fn known(&self) -> BTreeSet<(&'static str, String)> {
        self.findings.iter().map(|judged| (judged.finding.rule, judged.fingerprint())).collect()
    }

    /// How many questions have no answer: of one rule, or of all.
    fn open(&self, rule: Option<&str>) -> usize {
        let asked = self.undecidable.iter().filter(|(of, _)| rule.is_none_or(|rule| rule == *of));
        asked.map(|(_, count)| count).sum()
    }
}

/// Adds where the flow begins: what the two lines held when they were made.
fn births(stage: &Stage, push: &Push, since: &mut Vec<Oid>) {
    for role in [LineRole::Integration, LineRole::Production] {
        let name = stage.policy.line(role).map(|line| RefName::of_branch(&line.branch));
        let made = name.and_then(|name| push.update(&name).filter(|update| update.creates()).cloned());
        since.extend(made.and_then(|update| update.new));
    }
}

/// A story as the hook and the audit see it: where the flow began, and what stands.
#[derive(Default)]
struct Standing {
    since: Vec<Oid>,
    refs: Refs,
    now: i64,
}

impl Standing {
    fn take(&mut self, stage: &Stage, push: &Push) {
        births(stage, push, &mut self.since);
        self.refs = push.after();
        self.now = push.now;
    }

    /// The audit of what stands. What it does not ask has nothing to say.
    fn audit(&self, stage: &Stage) -> Audit {
        let (policy, history) = (&stage.policy, &stage.memory);
        let (refs, since, now) = (&self.refs, self.since.clone(), self.now);
        let replay = Replay { policy, history, refs, since, since_date: None, now };
        let replayed = replay.run().expect("a history in memory is whole");
        let thorough = replay.run_thoroughly().expect("a history in memory is whole");
        assert_eq!(replayed.findings, thorough.findings);
        assert_eq!(replayed.undecidable, thorough.undecidable);
        Audit::weighed(stage, refs, now, replayed)
    }
}

/// The errors that an audit finds at the end of a story of which only accepted pushes came true.
fn errors(story: &Story) -> Vec<String> {
    let mut standing = Standing::default();
    let told = story.play_on("dev", |stage, push, _| {
        let pass = passes(&real(stage, push));
        if pass {
            standing.take(stage, push);
        }
        Ok::<_, ()>(pass)
    });
    told.map_or_else(|()| vec![], |stage| standing.audit(&stage).errors())
}

/// Whether history does not show that `rule` rejected `update`.
fn leaves_no_trace(rule: &str, update: &RefUpdate, stage: &Stage, push: &Push) -> bool {
    let develop = RefName::of_branch(&stage.policy.integration.branch);
    match rule {
        // What is gone is gone, and so is what stood where something else stands now; when a line
        // was made is recorded nowhere, nor by whose push a policy changed.
        _ if update.deletes() => true,
        "history-rewrite" | "tag-immutable" | "foxtrot-merge" | "release-version" | "policy-change" => true,
        // What the integration and production lines hold when they are made is not judged.
        "unconfirmed-merge-back" if update.creates() => true,
        // The branch that accused the merge went with the same push.
        "merge-source" | "release-state" if push.updates.iter().any(RefUpdate::deletes) => true,
        "ref-namespace" => update.name.branch().is_none() && update.name.tag().is_none(),
        // Before there is a line to hold it against, a release may have been cut anywhere.
        "branch-origin" if push.after().get(&develop).is_none() => true,
        // A line that is gone may have been its base.
        "branch-origin" | "release-state" if lost_a_line(stage, push) => true,
        // Only dates say that the evidence came no earlier than what relied on it.
        "unconfirmed-merge-back" | "production-tree" if brings_evidence(stage, push) => true,
        _ => is_fast_forward(update, stage, push) || is_of_the_moment(rule, update, stage, push),
    }
}

fn lost_a_line(stage: &Stage, push: &Push) -> bool {
    let after = push.after();
    let kinds = || after.iter().map(|entry| kind_of(&stage.policy, &entry.name));
    let lines: Vec<RefKind> = kinds().filter(|kind| matches!(kind, RefKind::Release(_))).collect();
    kinds().any(|kind| match kind {
        RefKind::VersionTag(version) => !lines.contains(&RefKind::Release(version.release)),
        _ => false,
    })
}

fn brings_evidence(stage: &Stage, push: &Push) -> bool {
    let is_record = |update: &RefUpdate| matches!(kind_of(&stage.policy, &update.name), RefKind::Record(_));
    push.updates.iter().any(is_record)
}

/// Whether a line is put onto commits of another's trunk: whose they were shows no more.
fn is_fast_forward(update: &RefUpdate, stage: &Stage, push: &Push) -> bool {
    let is_line = |name: &RefName| {
        matches!(
            kind_of(&stage.policy, name),
            RefKind::Integration | RefKind::Production | RefKind::Release(_)
        )
    };
    let (Some(new), true) = (update.new, is_line(&update.name)) else { return false };
    let after = push.after();
    // A new release begins on the integration line.
    let base = after.get(&RefName::of_branch(&stage.policy.integration.branch)).map(|entry| entry.id);
    let Some(old) = update.old.or(base) else { return false };
    let mut others = push
        .before
        .iter()
        .chain(after.iter())
        .filter(|entry| entry.name != update.name && is_line(&entry.name));
    others.any(|entry| {
        let met = stage.memory.trunk_meets(new, entry.id).expect("a history in memory is whole");
        met.is_some_and(|met| !stage.memory.is_ancestor(met, old).expect("a history in memory is whole"))
    })
}

/// Whether it was rejected only because of who pushed it, when, and with what else.
fn is_of_the_moment(rule: &str, update: &RefUpdate, stage: &Stage, push: &Push) -> bool {
    let fires =
        |push: &Push| real(stage, push).iter().any(|(other, name, _)| *other == rule && *name == update.name);
    let later = Push { pusher: None, now: push.now + 1_000_000, ..push.clone() };
    !fires(&later) || !fires(&Push { updates: vec![update.clone()], ..later })
}

/// What became of the rejections that were forced in, rule by rule.
#[derive(Default)]
struct Traces {
    reported: BTreeMap<&'static str, usize>,
    /// The audit speaks of something else: what it sees could have come about otherwise.
    otherwise: BTreeMap<&'static str, usize>,
    undecidable: BTreeMap<&'static str, usize>,
    traceless: BTreeMap<&'static str, usize>,
}

impl Traces {
    /// Returns the rules that rejected a push which the audit says nothing about, once it was forced in.
    fn follow(
        &mut self,
        stage: &Stage,
        standing: &Standing,
        push: &Push,
        said: &Fired,
    ) -> BTreeSet<&'static str> {
        // Where the flow was adopted is no matter here: what came before is in both audits.
        let before = Audit::of(stage, &standing.refs, &[], push.now);
        let after = Audit::of(stage, &push.after(), &[], push.now);
        let new = &after.known() - &before.known();
        let mut missed = BTreeSet::new();
        for (rule, name, _) in said.iter().filter(|(_, _, outcome)| *outcome == Outcome::Rejected) {
            let update = push.update(name);
            let is_open = |rule| after.open(rule) > before.open(rule);
            let was_open = update.is_some_and(RefUpdate::moves) && after.open(Some(rule)) > 0;
            let counts = if new.iter().any(|(other, _)| other == rule) {
                &mut self.reported
            } else if is_open(Some(rule)) || was_open {
                &mut self.undecidable
            } else if update.is_none_or(|update| leaves_no_trace(rule, update, stage, push)) {
                &mut self.traceless
            } else if !new.is_empty() || is_open(None) {
                &mut self.otherwise
            } else {
                missed.insert(*rule);
                continue;
            };
            *counts.entry(rule).or_default() += 1;
        }
        missed
    }

    fn print(&self) {
        for rule in RULES.iter().map(|rule| rule.id) {
            let of = |counts: &BTreeMap<_, usize>| counts.get(rule).copied().unwrap_or_default();
            println!(
                "{rule:24} reported {:6}   otherwise {:6}   undecidable {:6}   leaves no trace {:6}",
                of(&self.reported),
                of(&self.otherwise),
                of(&self.undecidable),
                of(&self.traceless)
            );
        }
    }
}

/// Whether the audit misses that `rule` rejected the last push of a story, once it was forced in.
fn misses(story: &Story, rule: &str) -> bool {
    let mut standing = Standing::default();
    let mut missed = BTreeSet::new();
    let _ = story.play_on("dev", |stage, push, _| {
        let said = real(stage, push);
        missed.clear();
        if passes(&said) {
            standing.take(stage, push);
        } else {
            missed = Traces::default().follow(stage, &standing, push, &said);
        }
        Ok::<_, ()>(passes(&said))
    });
    missed.contains(rule)
}

#[test]
fn the_hook_and_the_audit_are_one_judge() {
    let models = models::strict();
    let (mut dirty, mut unsaid): (Found, Found) = (BTreeMap::new(), BTreeMap::new());
    let mut traces = Traces::default();
    let mut undecided: BTreeMap<String, usize> = BTreeMap::new();
    for seed in first_seed()..first_seed() + cases(200) {
        let mut standing = Standing::default();
        let (mut followed, mut missed) = (0, vec![]);
        let (story, stage) = Actor::tell_by_the_hook(model(&models, seed), seed, 26, |stage, push, _| {
            let said = real(stage, push);
            if passes(&said) {
                standing.take(stage, push);
            } else if followed < 2 {
                followed += 1;
                missed.extend(
                    traces.follow(stage, &standing, push, &said).into_iter().map(|rule| (rule, push.now)),
                );
            }
            passes(&said)
        });
        let audit = standing.audit(&stage);
        for (rule, count) in &audit.undecidable {
            *undecided.entry(rule.clone()).or_default() += count;
        }
        if let Some(error) = audit.errors().first() {
            let rule = error.split(' ').next().unwrap_or_default().to_owned();
            dirty.entry(rule).or_insert((0, story.clone())).0 += 1;
        }
        for (rule, now) in missed {
            let mut story = story.clone();
            story.pushes.retain(|sent| sent.now <= now);
            unsaid.entry(rule.to_owned()).or_insert((0, story)).0 += 1;
        }
    }
    println!("undecidable: {undecided:?}");
    traces.print();
    let finds =
        |story: &Story, rule: &str| errors(story).iter().any(|error| error.split(' ').next() == Some(rule));
    show(&dirty, "histories that the hook let pass and the audit does not", &finds);
    show(&unsaid, "rejected pushes that the audit does not see, once they were forced in", &misses);
    assert!(dirty.is_empty() && unsaid.is_empty(), "the hook and the audit differ");
}

/// How often something was found, by rule, and the first story in which it was.
type Found = BTreeMap<String, (usize, Story)>;

fn show(found: &Found, what: &str, fails: &dyn Fn(&Story, &str) -> bool) {
    for (rule, (times, story)) in found {
        let small = shrunk(story, &|story| fails(story, rule));
        println!("\n{what}, by {rule}, {times} times: {:#?}\n{}", errors(&small), worded_for(&small, real));
    }
}
