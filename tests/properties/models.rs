//! The policies that the stories are told under.

use std::rc::Rc;

use flowcheck::finding::{Clause, Level};
use flowcheck::history::{RefName, Seconds};
use flowcheck::policy::discovery::Home;
use flowcheck::policy::{
    Base, Direct, Exception, LineRole, MergeStyle, Mode, Pattern, Policy, RuleLevel, Topic, While,
};
use flowcheck::version::{Release, Version};

use crate::story::clock;

/// A policy, and how its names are made.
#[derive(Debug, Clone)]
pub struct Model {
    pub name: &'static str,
    pub policy: Rc<Policy>,
    release: &'static str,
    tag: &'static str,
}

impl Model {
    pub fn release(&self, release: Release) -> String {
        format!("{}{release}", self.release)
    }

    pub fn tag(&self, version: Version) -> String {
        format!("{}{version}", self.tag)
    }

    /// Whether version tags stand on the production line.
    pub fn tags_production(&self) -> bool {
        self.policy.tags.on == LineRole::Production
    }
}

/// Every model; the first is the default flow.
pub fn all() -> Vec<Model> {
    let mut models = strict();
    models.extend(lenient());
    models
}

fn changed(name: &'static str, change: fn(&mut Policy)) -> Model {
    let mut policy = Policy::built_in();
    change(&mut policy);
    Model { name, policy: Rc::new(policy), release: "release-", tag: "v" }
}

/// The models that let nothing pass which a rule rejects.
pub fn strict() -> Vec<Model> {
    vec![
        changed("gitlab-flow", |_| {}),
        changed("parallel = true", |policy| {
            policy.releases.as_mut().expect("the default has them").parallel = true;
            policy.confirmation.merge_back_within = 3 * 3600;
        }),
        changed("[confirmation] require = []", |policy| policy.confirmation.record = false),
        changed("merge = any on develop, fast-forward on releases", |policy| {
            policy.integration.merge = MergeStyle::Any;
            policy.releases.as_mut().expect("the default has them").merge = MergeStyle::FastForward;
        }),
        changed("direct = true on releases, by alice on develop; records by alice", |policy| {
            policy.releases.as_mut().expect("the default has them").direct = Direct::Yes;
            policy.integration.direct = Direct::By(vec!["alice".to_owned()]);
            policy.confirmation.by = vec!["alice".to_owned(), "ci".to_owned()];
            policy.confirmation.repository = Some("team/shop".to_owned());
            policy.refs_allow = vec!["refs/notes/*".to_owned()];
        }),
        git_flow(),
        changed("[rules] tag-signature = error, [confirmation] signed = true", |policy| {
            policy.levels = vec![level("tag-signature", Level::Error, Some(clock(8)))];
            policy.confirmation.signed = true;
        }),
        changed("the policy lies on develop; alice and ci change it", |policy| {
            policy.home = Some(Home { branch: RefName::of_branch("develop") });
            policy.editors = vec!["alice".to_owned(), "ci".to_owned()];
        }),
    ]
}

/// The models under which more passes than the rules let in.
fn lenient() -> Vec<Model> {
    vec![
        changed("levels, exceptions and overrides", |policy| {
            policy.levels = vec![
                level("tag-order", Level::Warn, Some(clock(8))),
                level("tag-sequence", Level::Off, Some(clock(10))),
                level("history-rewrite", Level::Warn, None),
                level("tag-annotated", Level::Off, None),
            ];
            policy.exceptions = vec![
                exception("branch-name", "refs/heads/fix-*", None),
                exception("direct-commit", "refs/heads/develop", Some(clock(6))),
                exception("merge-source", "refs/heads/release-*", Some(clock(9))),
                exception("ref-namespace", "refs/*", None),
            ];
            policy.override_by = vec!["alice".to_owned()];
            policy.confirmation.merge_back_within = 5 * 3600;
        }),
        changed("mode = evaluate", |policy| {
            policy.mode = Mode::Evaluate;
            policy.levels = vec![level("merge-back-missing", Level::Error, Some(clock(7)))];
        }),
    ]
}

fn level(rule: &str, level: Level, until: Option<Seconds>) -> RuleLevel {
    RuleLevel { rule: rule.to_owned(), level, until, clause: Clause::default() }
}

fn exception(rule: &str, name: &str, expires: Option<Seconds>) -> Exception {
    let (rule, name, reason) = (rule.to_owned(), name.to_owned(), "it was so before".to_owned());
    Exception { rule, name, object: None, reason, expires, clause: Clause::default() }
}

fn git_flow() -> Model {
    let mut policy = Policy::built_in();
    let pattern = |text| Pattern::new(text).expect("a pattern of ours");
    let releases = policy.releases.as_mut().expect("the built-in policy has releases");
    releases.branch = pattern(r"release/(?<version>\d+\.\d+\.\d+)");
    policy.tags.release = pattern(r"(?<version>\d+\.\d+\.\d+)");
    policy.tags.hotfix = None;
    policy.tags.on = LineRole::Production;
    policy.confirmation.record = false;
    let feature = policy.topics[0].clone();
    let bugfix = Topic { while_: While::Open, ..policy.topics[1].clone() };
    let hotfix = Topic {
        branch: pattern(r"hotfix/(?<version>\d+\.\d+\.\d+)"),
        from: Base::Line(LineRole::Production),
        into: vec![LineRole::Production, LineRole::Integration],
        while_: While::Open,
        ..policy.topics[2].clone()
    };
    policy.topics = vec![feature, bugfix, hotfix];
    Model { name: "git-flow", policy: Rc::new(policy), release: "release/", tag: "" }
}
