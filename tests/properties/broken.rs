//! For each rule broken copies: each differs from the definitions before long.

use flowcheck::facts::{Cut, Facts, Ground, LineId, RefKind, Refusal, Sequence, TopicOrigin, When};
use flowcheck::finding::Finding;
use flowcheck::history::{Oid, RefName, Seconds};
use flowcheck::policy::{LineRole, Mode, Pattern, Policy};
use flowcheck::push::{Push, RefUpdate};
use flowcheck::rules::{self, Check, Context, RULES};
use flowcheck::verdict;

use crate::actors::Actor;
use crate::compare;
use crate::obvious::Fired;
use crate::story::{Stage, passes};
use crate::{cases, first_seed, model, models};

/// A copy of a rule that is wrong in one point.
struct Broken {
    rule: &'static str,
    /// What it does wrong.
    how: &'static str,
    way: Way,
}

/// What stands in the place of the right one.
enum Way {
    /// What is asked of each update.
    Update(fn(&RefUpdate, &Context<'_>) -> Vec<Finding>),
    /// What is asked of a state.
    State(fn(&Context<'_>) -> Vec<Finding>),
    /// How the verdict sees the policy and the push.
    Verdict(fn(&mut Policy, &mut Push)),
}

const fn update(
    rule: &'static str,
    how: &'static str,
    check: fn(&RefUpdate, &Context<'_>) -> Vec<Finding>,
) -> Broken {
    Broken { rule, how, way: Way::Update(check) }
}

const fn verdict(rule: &'static str, how: &'static str, change: fn(&mut Policy, &mut Push)) -> Broken {
    Broken { rule, how, way: Way::Verdict(change) }
}

/// At least one for each rule; that a rule never fires is tried for all of them.
const BROKEN: &[Broken] = &[
    update("branch-name", "takes any name below a folder", |update, cx| {
        seeing("branch-name", update, cx, |policy, _| {
            let branch = Pattern::new("[A-Za-z]+/.*").expect("a pattern of ours");
            policy.topics.push(flowcheck::policy::Topic { branch, ..policy.topics[0].clone() });
        })
    }),
    update("branch-lookalike", "knows nothing of what else is pushed", |update, cx| {
        seeing("branch-lookalike", update, cx, |_, push| {
            push.updates.retain(|other| other.name == update.name);
        })
    }),
    update("tag-name", "takes any tag that begins with a digit or a capital", |update, cx| {
        seeing("tag-name", update, cx, |policy, _| {
            policy.tags.other.push(Pattern::new("[0-9A-Z].*").expect("a pattern of ours"));
        })
    }),
    update("branch-origin", "lets a release be cut from anything that its base contains", |update, cx| {
        let beside = match (cx.facts.kind(&update.name), update.new) {
            (RefKind::Release(release), Some(tip)) => {
                matches!(cx.facts.cut_of_created(release, tip), Some(Cut::Beside(_)))
            }
            _ => false,
        };
        if beside { vec![] } else { asking("branch-origin", update, cx) }
    }),
    update("branch-origin", "looks at the commit below a topic's tip", |update, cx| {
        let new = update.new.map(|tip| older(tip, cx));
        asking("branch-origin", &RefUpdate { new, ..update.clone() }, cx)
    }),
    update("release-backflow", "forgets that what is shipped may flow upward", |update, cx| {
        seeing("release-backflow", update, cx, |_, push| without(push, "refs/tags/deployed/"))
    }),
    update("release-backflow", "minds only the line that releases are cut from", |update, cx| {
        let owner = cx.facts.line_move(update).and_then(|moved| cx.facts.backflow(&moved)).flatten();
        match owner {
            Some((_, LineId::Release(_))) => vec![],
            _ => asking("release-backflow", update, cx),
        }
    }),
    update("release-state", "takes a hotfix that lacks what it mends", |update, cx| {
        match cx.facts.topic_origin(update) {
            Some(TopicOrigin::Refused(_, Refusal::LacksTag)) => vec![],
            _ => asking("release-state", update, cx),
        }
    }),
    update("release-version", "keeps older releases open", |update, cx| {
        seeing("release-version", update, cx, |policy, _| {
            policy.releases.iter_mut().for_each(|releases| releases.parallel = true);
        })
    }),
    update("direct-commit", "lets a line be moved onto the commits of another", |update, cx| {
        let moved = cx.facts.line_move(update);
        let plain = moved.and_then(|moved| cx.facts.direct_commits(&moved)).map(|(plain, _)| plain);
        if plain.is_some_and(|plain| plain.is_empty()) { vec![] } else { asking("direct-commit", update, cx) }
    }),
    update("foxtrot-merge", "asks whether the commit below the old tip stays on the trunk", |update, cx| {
        let old = update.old.map(|old| older(old, cx));
        asking_anew("foxtrot-merge", &RefUpdate { old, ..update.clone() }, cx)
    }),
    update("merge-source", "lets the first kind of topic into releases", |update, cx| {
        seeing("merge-source", update, cx, |policy, _| policy.topics[0].into.push(LineRole::Release))
    }),
    update("unconfirmed-merge-back", "takes the word of a record of the same push", |update, cx| {
        seeing("unconfirmed-merge-back", update, cx, |_, push| {
            let (records, rest): (Vec<_>, Vec<_>) = push
                .updates
                .drain(..)
                .partition(|update| update.name.full().starts_with(b"refs/tags/deployed/"));
            push.before = Push::new(push.before.clone(), records).after();
            push.updates = rest;
        })
    }),
    update("unconfirmed-merge-back", "forgets what was rolled back", |update, cx| {
        seeing("unconfirmed-merge-back", update, cx, |_, push| without(push, "refs/tags/rolled-back/"))
    }),
    update("production-tree", "looks at the commit below the tip", |update, cx| {
        let new = update.new.map(|new| older(new, cx));
        asking_anew("production-tree", &RefUpdate { new, ..update.clone() }, cx)
    }),
    Broken {
        rule: "merge-back-missing",
        how: "is content with one of the lines",
        way: Way::State(|cx| {
            let mut policy = cx.policy.clone();
            policy.releases.iter_mut().for_each(|releases| releases.into = vec![LineRole::Integration]);
            let facts = Facts::new(cx.facts.history, &policy, cx.push);
            rules::judge_state(&Context { policy: &policy, push: cx.push, facts: &facts })
        }),
    },
    update("lost-fix", "only warns of what prod has", |update, cx| {
        asking("lost-fix", update, cx).into_iter().map(Finding::warning).collect()
    }),
    update("tag-origin", "is content with a commit that the line took in", |update, cx| {
        match (cx.facts.kind(&update.name), update.new.and_then(|id| cx.facts.peel(id))) {
            (RefKind::VersionTag(version), Some(commit))
                if cx.facts.ground(version, commit) == Some(Ground::Inside) =>
            {
                vec![]
            }
            _ => asking("tag-origin", update, cx),
        }
    }),
    update("tag-sequence", "does not ask for the release tag", |update, cx| {
        match cx.facts.kind(&update.name) {
            RefKind::VersionTag(version) => match cx.facts.sequence(version) {
                Sequence::Missing(missing) if missing.hotfix.is_none() => vec![],
                _ => asking("tag-sequence", update, cx),
            },
            _ => vec![],
        }
    }),
    update("tag-lineage", "takes a hotfix that fixed nothing", |update, cx| {
        let RefKind::VersionTag(version) = cx.facts.kind(&update.name) else { return vec![] };
        let below = cx.facts.predecessor(version, When::After).and_then(|(_, tag)| tag.commit);
        let here = update.new.and_then(|id| cx.facts.peel(id));
        if below == here { vec![] } else { asking("tag-lineage", update, cx) }
    }),
    update("tag-order", "compares the first numbers of versions only", |update, cx| {
        let RefKind::VersionTag(version) = cx.facts.kind(&update.name) else { return vec![] };
        let above = cx.facts.released_above(version).map(|(above, _)| above.release.major);
        if above == Some(version.release.major) { vec![] } else { asking("tag-order", update, cx) }
    }),
    update("tag-immutable", "minds moves only", |update, cx| {
        if update.deletes() { vec![] } else { asking("tag-immutable", update, cx) }
    }),
    update("tag-annotated", "does not look inside the tag object", |update, cx| {
        let named = update.new.and_then(|id| cx.facts.tag_object(id)).and_then(|tag| tag.calls_itself);
        if named.is_some() { vec![] } else { asking("tag-annotated", update, cx) }
    }),
    update("tag-signature", "minds records only", |update, cx| {
        let is_record = matches!(cx.facts.kind(&update.name), RefKind::Record(_));
        if is_record { asking("tag-signature", update, cx) } else { vec![] }
    }),
    update("history-rewrite", "lets the last commit be taken back", |update, cx| {
        let old = update.old.map(|old| older(old, cx));
        asking("history-rewrite", &RefUpdate { old, ..update.clone() }, cx)
    }),
    update("line-deletion", "is content with a merge-back into the integration line", |update, cx| {
        seeing("line-deletion", update, cx, |policy, _| {
            policy.releases.iter_mut().for_each(|releases| releases.into = vec![LineRole::Integration]);
        })
    }),
    update("confirmation", "takes a record from the future", |update, cx| {
        seeing("confirmation", update, cx, |_, push| push.now += DAY)
    }),
    update("ref-namespace", "does not mind how a branch is written", |update, cx| {
        if update.name.branch().is_some() { vec![] } else { asking("ref-namespace", update, cx) }
    }),
    verdict("exception", "lets an exception hold a day longer", |policy, _| {
        for exception in &mut policy.exceptions {
            exception.expires = exception.expires.map(|last| last + DAY);
        }
    }),
    update("policy-change", "lets a policy come with other refs", |update, cx| {
        seeing("policy-change", update, cx, |_, push| push.updates.retain(|other| other.name == update.name))
    }),
    verdict("", "lets a level hold a day longer", |policy, _| {
        for level in &mut policy.levels {
            level.until = level.until.map(|last| last + DAY);
        }
    }),
    verdict("", "takes an override without a reason", |_, push| {
        for option in &mut push.options {
            if *option == "flowcheck.override=" {
                option.extend_from_slice(b"why not");
            }
        }
    }),
    verdict("", "takes an override from anybody", |policy, push| {
        let who = push.pusher.iter().filter_map(|pusher| pusher.name.clone());
        policy.override_by.extend(who);
    }),
    verdict("", "rejects though the policy only evaluates", |policy, _| policy.mode = Mode::Enforce),
];

const DAY: Seconds = 24 * 3600;

/// What the right rule says.
fn asking(rule: &str, update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    match rules::find(rule).expect("it is a rule").check {
        Check::Update(check) => check(update, cx),
        Check::State(_) | Check::Verdict => unreachable!("`{rule}` asks about no update"),
    }
}

/// What the right rule says of another update, of which nothing is known yet.
fn asking_anew(rule: &str, update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let facts = Facts::new(cx.facts.history, cx.policy, cx.push);
    asking(rule, update, &Context { policy: cx.policy, push: cx.push, facts: &facts })
}

/// What the right rule says where it sees another policy or push.
fn seeing(
    rule: &str,
    update: &RefUpdate,
    cx: &Context<'_>,
    change: impl FnOnce(&mut Policy, &mut Push),
) -> Vec<Finding> {
    let (mut policy, mut push) = (cx.policy.clone(), cx.push.clone());
    change(&mut policy, &mut push);
    let facts = Facts::new(cx.facts.history, &policy, &push);
    asking(rule, update, &Context { policy: &policy, push: &push, facts: &facts })
}

fn older(commit: Oid, cx: &Context<'_>) -> Oid {
    let parents = cx.facts.history.parents(commit).unwrap_or_default();
    parents.first().copied().unwrap_or(commit)
}

/// Takes refs out of the push and of what was there before.
fn without(push: &mut Push, prefix: &str) {
    let names: Vec<RefName> = push.before.below(prefix).iter().map(|entry| entry.name.clone()).collect();
    for name in &names {
        push.before.remove(name);
    }
    push.updates.retain(|update| !update.name.full().starts_with(prefix.as_bytes()));
}

impl Broken {
    /// Whether the judge says something else with it in the place of the right rule.
    fn is_caught(&self, stage: &Stage, push: &Push, right: &Fired) -> bool {
        let of_it =
            |fired: Fired| -> Fired { fired.into_iter().filter(|(rule, _, _)| *rule == self.rule).collect() };
        match self.way {
            Way::Update(check) => {
                let each = |update: &RefUpdate, cx: &Context<'_>| {
                    let filled = |finding| Finding { old: update.old, new: update.new, ..finding };
                    check(update, cx).into_iter().map(filled).collect()
                };
                let ask = |cx: &Context<'_>| {
                    push.updates
                        .iter()
                        .flat_map(|update: &RefUpdate| -> Vec<Finding> { each(update, cx) })
                        .collect()
                };
                of_it(right.clone()) != of_it(self.judged(stage, push, &ask))
            }
            Way::State(check) => {
                let then = Push { before: push.after(), updates: vec![], ..push.clone() };
                of_it(right.clone()) != of_it(self.judged(stage, &then, &check))
            }
            Way::Verdict(change) => {
                let (mut policy, mut changed) = (Policy::clone(&stage.policy), push.clone());
                change(&mut policy, &mut changed);
                let said =
                    verdict::judge(&policy, &stage.memory, &changed).expect("a history in memory is whole");
                let mut right = right.clone();
                right.retain(|(rule, _, _)| *rule != "merge-back-missing");
                said.findings.into_iter().map(compare::told).collect::<Fired>() != right
            }
        }
    }

    fn judged(&self, stage: &Stage, push: &Push, ask: &dyn Fn(&Context<'_>) -> Vec<Finding>) -> Fired {
        let facts = Facts::new(&stage.memory, &stage.policy, push);
        let found = ask(&Context { policy: &stage.policy, push, facts: &facts });
        let found = found.into_iter().map(|finding| Finding { rule: self.rule, ..finding }).collect();
        verdict::weigh(&stage.policy, push, found).findings.into_iter().map(compare::told).collect()
    }
}

#[test]
fn every_rule_has_its_broken_copy() {
    for rule in RULES {
        assert!(BROKEN.iter().any(|broken| broken.rule == rule.id), "no copy of `{}` is broken", rule.id);
    }
    for broken in BROKEN.iter().filter(|broken| !broken.rule.is_empty()) {
        assert!(rules::find(broken.rule).is_some(), "`{}` is no rule", broken.rule);
    }
}

#[test]
fn every_broken_rule_is_caught() {
    let models = models::all();
    let mut silent: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let mut uncaught: Vec<&Broken> = BROKEN.iter().collect();
    for seed in first_seed()..first_seed() + cases(1000) {
        Actor::tell(model(&models, seed), seed, 26, |stage, push, _| {
            let right = compare::obvious(stage, push);
            silent.retain(|id| right.iter().all(|(rule, _, _)| rule != id));
            uncaught.retain(|broken| {
                let caught = broken.is_caught(stage, push, &right);
                if caught {
                    println!("story {:4} catches `{}` that {}", seed - first_seed(), broken.rule, broken.how);
                }
                !caught
            });
            passes(&right)
        });
        if uncaught.is_empty() && silent.is_empty() {
            return;
        }
    }
    let left: Vec<String> =
        uncaught.iter().map(|broken| format!("`{}` that {}", broken.rule, broken.how)).collect();
    panic!("these would pass for right: a judge without {silent:?}, and with\n{}", left.join("\n"));
}
