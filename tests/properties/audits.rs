//! The hook and the audit are one judge: what the hook let pass audits clean, and what it rejects
//! is found by the audit, once it was forced in around the hook.

use std::collections::{BTreeMap, BTreeSet};

use flowcheck::facts::{RefKind, kind_of};
use flowcheck::finding::Level;
use flowcheck::history::{History, Object, Oid, Ref, RefName, Refs, Seconds};
use flowcheck::input::replay::{Replay, Replayed};
use flowcheck::policy::LineRole;
use flowcheck::push::{Place, Push, RefUpdate};
use flowcheck::rules::RULES;
use flowcheck::verdict::{self, Judged, Outcome};
use flowcheck::version::Version;

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

/// Whether history does not show that `rule` rejected `update`: each excuse says why it cannot.
fn leaves_no_trace(rule: &str, update: &RefUpdate, stage: &Stage, push: &Push) -> bool {
    let develop = RefName::of_branch(&stage.policy.integration.branch);
    match rule {
        // What is gone is gone.
        _ if update.deletes() => true,
        // What stood where something else stands now is not recorded: an older tip, another tag, or
        // which side of a merge was the line. Nor is when a line was made, or by whose push and with
        // what else a policy changed.
        "history-rewrite" | "tag-immutable" | "foxtrot-merge" | "release-version" | "policy-change" => true,
        // When the production line was made is recorded nowhere, and what the first version tag was
        // set after is not judged.
        "unconfirmed-merge-back" if update.creates() => true,
        // An audit looks at branches and tags: most clones have nothing else.
        "ref-namespace" => update.name.branch().is_none() && update.name.tag().is_none(),
        // Before there is a line to hold it against, a release may have been cut anywhere.
        "branch-origin" if push.after().get(&develop).is_none() => true,
        _ => could_have_come_otherwise(rule, update, stage, push),
    }
}

fn is_line(stage: &Stage, name: &RefName) -> bool {
    let kind = kind_of(&stage.policy, name);
    matches!(kind, RefKind::Integration | RefKind::Production | RefKind::Release(_))
}

/// Whether the same refs could stand there without a rejection: nobody can see from them who pushed,
/// when, in what order, and what came in one push.
fn could_have_come_otherwise(rule: &str, update: &RefUpdate, stage: &Stage, push: &Push) -> bool {
    let by_nobody = Push { pusher: None, now: push.now + 1_000_000, ..push.clone() };
    let alone = Push { updates: vec![update.clone()], ..by_nobody.clone() };
    let others = push.updates.iter().filter(|other| other.name != update.name).cloned().collect();
    let last = Push { before: Push { updates: others, ..push.clone() }.after(), ..alone.clone() };
    let in_time = Push { before: without_later_records(update, stage, &last.before), ..last.clone() };
    let among_all = Push { before: with_all_lines(stage, &in_time.before), ..last.clone() };
    let first = Push { before: before_the_step(update, stage, &push.before), ..last.clone() };
    let first_of_all = Push { before: before_the_step(update, stage, &last.before), ..last.clone() };
    let made = [&push.before, &last.before].map(|refs| made_there(update, stage, refs, &last));
    let [made_before, made_last] = made;
    [by_nobody, alone, last, in_time, among_all, first, first_of_all, made_before, made_last]
        .iter()
        .any(|push| !real(stage, push).iter().any(|(other, name, _)| *other == rule && *name == update.name))
}

/// The push as if the line had been made where its trunk meets that of the line beside it: when and
/// where a line was made is recorded nowhere, and a fast-forward leaves no other trace.
fn made_there(update: &RefUpdate, stage: &Stage, refs: &Refs, last: &Push) -> Push {
    let branch = match kind_of(&stage.policy, &update.name) {
        RefKind::Integration => stage.policy.production.as_ref().map(|line| &line.branch),
        RefKind::Production | RefKind::Release(_) => Some(&stage.policy.integration.branch),
        _ => None,
    };
    let beside = branch.and_then(|branch| refs.get(&RefName::of_branch(branch)));
    let (Some(beside), Some(new)) = (beside, update.new) else { return last.clone() };
    let met = stage.memory.trunk_meets(new, beside.id).expect("a history in memory is whole");
    let mut before = refs.clone();
    before.remove(&update.name);
    let old = met.filter(|_| !matches!(kind_of(&stage.policy, &update.name), RefKind::Release(_)));
    before.extend(old.map(|old| Ref::new(update.name.clone(), old)));
    Push { before, updates: vec![RefUpdate { old, ..update.clone() }], ..last.clone() }
}

/// The refs as they may have been before the first new step of a line, where they hold it too: it may
/// have been this line's first, and history shows whose it was no more (a fast-forward, a release cut
/// beside the trunk of a line that took it in).
fn before_the_step(update: &RefUpdate, stage: &Stage, refs: &Refs) -> Refs {
    let is_line = is_line(stage, &update.name);
    let Some(step) = is_line.then(|| first_step(update, stage, refs)).flatten() else { return refs.clone() };
    let holds = |id| stage.memory.is_ancestor(step, id).expect("a history in memory is whole");
    let without = |entry: &Ref| {
        let is_held = commit_below(stage, entry.id).is_some_and(holds);
        match kind_of(&stage.policy, &entry.name) {
            _ if !is_held || entry.name == update.name => Some(entry.clone()),
            RefKind::Integration | RefKind::Production | RefKind::Release(_) => {
                let older = trunk(stage, entry.id).into_iter().find(|commit| !holds(*commit));
                older.map(|older| Ref::new(entry.name.clone(), older))
            }
            _ => None,
        }
    };
    refs.iter().filter_map(without).collect()
}

/// The oldest new commit of a line's trunk; of a new release, the oldest that the trunk of the line it
/// is cut from had not.
fn first_step(update: &RefUpdate, stage: &Stage, refs: &Refs) -> Option<Oid> {
    let base = refs.get(&RefName::of_branch(&stage.policy.integration.branch)).map(|entry| entry.id);
    let old = trunk(stage, update.old.or(base)?);
    let new = trunk(stage, update.new?);
    new.into_iter().take_while(|commit| !old.contains(commit)).last()
}

fn trunk(stage: &Stage, tip: Oid) -> Vec<Oid> {
    let parent =
        |commit: &Oid| stage.memory.parents(*commit).expect("a history in memory is whole").first().copied();
    std::iter::successors(Some(tip), parent).collect()
}

/// The refs with the release lines that are gone, where their newest version tags show them: a topic
/// may have been cut from one.
fn with_all_lines(stage: &Stage, refs: &Refs) -> Refs {
    let mut all = refs.clone();
    let pattern = stage.policy.releases.as_ref().map(|releases| &releases.branch);
    let mut newest: BTreeMap<Version, Oid> = BTreeMap::new();
    for entry in refs {
        if let RefKind::VersionTag(version) = kind_of(&stage.policy, &entry.name) {
            newest.extend(commit_below(stage, entry.id).map(|commit| (version, commit)));
        }
    }
    for (version, commit) in newest {
        let name = pattern.and_then(|pattern| pattern.example(&version.release.to_string()));
        let name = name.map(|name| RefName::of_branch(&name));
        if let Some(name) = name.filter(|name| refs.get(name).is_none()) {
            all.set(Ref::new(name, commit));
        }
    }
    all
}

/// The refs as they may have been on the day that an update claims to be of: without the revocations
/// that are dated later (a merge made before a roll-back and pushed after it), and, for a record,
/// without the records that are.
fn without_later_records(update: &RefUpdate, stage: &Stage, refs: &Refs) -> Refs {
    let Some(claimed_by) = update.new.map(|new| claimed(stage, new)) else { return refs.clone() };
    let is_record = matches!(kind_of(&stage.policy, &update.name), RefKind::Record(_));
    let stood = |entry: &&Ref| match kind_of(&stage.policy, &entry.name) {
        RefKind::Record(record) if record.revokes || is_record => claimed(stage, entry.id) <= claimed_by,
        _ => true,
    };
    refs.iter().filter(stood).cloned().collect()
}

fn commit_below(stage: &Stage, id: Oid) -> Option<Oid> {
    match stage.memory.object(id).ok()? {
        Object::Commit => Some(id),
        Object::Tag(tag) => commit_below(stage, tag.target),
        Object::Tree | Object::Blob => None,
    }
}

/// When a commit or a tag says it was made.
fn claimed(stage: &Stage, id: Oid) -> Seconds {
    match stage.memory.object(id).expect("a history in memory is whole") {
        Object::Tag(tag) => tag.tagger.map_or(0, |by| by.time),
        _ => stage.memory.date(id).unwrap_or(0),
    }
}

/// What an audit says of a branch or tag beside the lines, and would not without it: in the whole,
/// something else may have gone by the same push.
fn said_of_it(rule: &str, update: &RefUpdate, stage: &Stage, push: &Push, after: &Audit) -> Option<Trace> {
    if update.deletes() || is_line(stage, &update.name) {
        return None;
    }
    let mut refs = push.after();
    refs.remove(&update.name);
    let without = Audit::of(stage, &refs, &[], push.now);
    let said = &after.known() - &without.known();
    let open = |rule| after.open(rule) > without.open(rule);
    if said.iter().any(|(other, _)| *other == rule) {
        return Some(Trace::Reported);
    }
    let otherwise = (!said.is_empty() || open(None)).then_some(Trace::Otherwise);
    if open(Some(rule)) { Some(Trace::Undecidable) } else { otherwise }
}

/// What the audit has of a rejection that was forced in.
enum Trace {
    Reported,
    Undecidable,
    Otherwise,
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
            } else if let Some(trace) =
                update.and_then(|update| said_of_it(rule, update, stage, push, &after))
            {
                match trace {
                    Trace::Reported => &mut self.reported,
                    Trace::Undecidable => &mut self.undecidable,
                    Trace::Otherwise => &mut self.otherwise,
                }
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
