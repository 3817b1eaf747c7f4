//! Both judges side by side, and the smallest story on which they differ.

use std::collections::{BTreeMap, BTreeSet};

use flowcheck::facts::Facts;
use flowcheck::history::RefName;
use flowcheck::push::Push;
use flowcheck::rules::{self, Context, RULES};
use flowcheck::verdict::{self, Judged, Outcome};

use crate::obvious::{self, Fired};
use crate::story::{Content, Sent, Stage, Story, passes};

/// What the rules of flowcheck say of a push, and of what is owed once it is true.
pub fn real(stage: &Stage, push: &Push) -> Fired {
    let verdict = verdict::judge(&stage.policy, &stage.memory, push).expect("a history in memory is whole");
    verdict.findings.into_iter().chain(owed(stage, push)).map(told).collect()
}

fn owed(stage: &Stage, push: &Push) -> Vec<Judged> {
    let (policy, then) = (&stage.policy, Push { before: push.after(), updates: vec![], ..push.clone() });
    let facts = Facts::new(&stage.memory, policy, &then);
    let owed = rules::judge_state(&Context { policy, push: &then, facts: &facts });
    assert_eq!(facts.trouble(), [], "a history in memory is whole");
    verdict::weigh(policy, &then, owed).findings
}

/// A finding as both judges tell it.
pub fn told(judged: Judged) -> (&'static str, RefName, Outcome) {
    (judged.finding.rule, judged.finding.name, judged.outcome)
}

/// What the definitions say.
pub fn obvious(stage: &Stage, push: &Push) -> Fired {
    obvious::judge(&stage.memory, &stage.policy, push)
}

/// How often what happened.
#[derive(Default)]
pub struct Counts {
    pub pushes: usize,
    pub accepted: usize,
    pub fired: BTreeMap<&'static str, usize>,
    pub alone: BTreeMap<&'static str, usize>,
}

impl Counts {
    pub fn add(&mut self, fired: &Fired) {
        self.pushes += 1;
        self.accepted += usize::from(passes(fired));
        let rules: BTreeSet<&'static str> = fired.iter().map(|(rule, _, _)| *rule).collect();
        for rule in &rules {
            *self.fired.entry(rule).or_default() += 1;
        }
        let errors: BTreeSet<&'static str> = fired
            .iter()
            .filter(|(_, _, outcome)| *outcome == Outcome::Rejected)
            .map(|(rule, _, _)| *rule)
            .collect();
        if let (1, Some(rule)) = (errors.len(), errors.first()) {
            *self.alone.entry(rule).or_default() += 1;
        }
    }

    pub fn print(&self) {
        let share = 100 * self.accepted / self.pushes.max(1);
        println!("{} pushes, {} accepted ({share} %)", self.pushes, self.accepted);
        for rule in RULES.iter().map(|rule| rule.id) {
            let of = |counts: &BTreeMap<_, usize>| counts.get(rule).copied().unwrap_or_default();
            println!("{rule:24} fired {:7}   the only reason {:7}", of(&self.fired), of(&self.alone));
        }
    }
}

/// Two judges that differ about a push: what each says.
pub struct Difference {
    pub rules: BTreeSet<&'static str>,
    pub obvious: Fired,
    pub real: Fired,
}

/// Whether two sets of findings differ.
pub fn difference(obvious: Fired, real: Fired) -> Option<Difference> {
    let rules: BTreeSet<_> = obvious.symmetric_difference(&real).map(|(rule, _, _)| *rule).collect();
    (!rules.is_empty()).then_some(Difference { rules, obvious, real })
}

/// Returns the first difference in a story, if there is one.
pub fn first_difference(story: &Story, real: &dyn Fn(&Stage, &Push) -> Fired) -> Option<Difference> {
    let judge = |stage: &Stage, push: &Push, _: &Sent| {
        let said = obvious(stage, push);
        let pass = passes(&said);
        match difference(said, real(stage, push)) {
            Some(difference) => Err(difference),
            None => Ok(pass),
        }
    };
    story.play("dev", judge).err()
}

/// Returns the smallest story found in which `fails` still holds.
pub fn shrunk(story: &Story, fails: &dyn Fn(&Story) -> bool) -> Story {
    let mut story = story.clone();
    loop {
        let smaller = candidates(&story).into_iter().find(|candidate| fails(candidate));
        let Some(smaller) = smaller else { return story };
        story = smaller;
    }
}

fn candidates(story: &Story) -> Vec<Story> {
    let mut candidates = vec![];
    for n in (0..story.pushes.len()).rev() {
        let mut less = story.clone();
        less.pushes.remove(n);
        candidates.push(less);
    }
    for (n, sent) in story.pushes.iter().enumerate() {
        for update in 0..sent.updates.len() {
            let mut less = story.clone();
            less.pushes[n].updates.remove(update);
            candidates.push(less);
        }
    }
    for (n, commit) in story.commits.iter().enumerate() {
        if commit.content != Content::Usual {
            let mut less = story.clone();
            less.commits[n].content = Content::Usual;
            candidates.push(less);
        }
        if commit.parents.len() == 1 && n + 1 < story.commits.len() {
            candidates.extend(without(story, n));
        }
        for parent in 1..commit.parents.len() {
            let mut less = story.clone();
            less.commits[n].parents.remove(parent);
            candidates.push(less);
        }
    }
    candidates
}

/// The story with a commit's parent in the commit's place, where that changes anything.
fn without(story: &Story, n: usize) -> Option<Story> {
    let parent = story.commits[n].parents[0];
    let mut less = story.clone();
    let mut changed = false;
    for commit in &mut less.commits {
        for at in &mut commit.parents {
            changed |= *at == n;
            if *at == n {
                *at = parent;
            }
        }
        let mut seen = BTreeSet::new();
        commit.parents.retain(|parent| seen.insert(*parent));
    }
    changed.then_some(less)
}

/// Words a difference so that it can be played again.
pub fn worded(story: &Story, difference: &Difference) -> String {
    format!(
        "the judges differ about {:?}\n  by the definitions: {:?}\n  by the rules:       {:?}\n\n{}",
        difference.rules,
        difference.obvious,
        difference.real,
        worded_for(story, obvious)
    )
}

/// Prints a story as a scenario that expects what `judge` says.
pub fn worded_for(story: &Story, judge: impl Fn(&Stage, &Push) -> Fired) -> String {
    let mut expect = vec![];
    let judge = |stage: &Stage, push: &Push, _: &Sent| {
        let said = judge(stage, push);
        let pass = passes(&said);
        expect.push(said);
        Ok::<_, ()>(pass)
    };
    let _ = story.play("dev", judge);
    story.scenario("found at random", &expect)
}
