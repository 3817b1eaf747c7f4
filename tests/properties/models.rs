//! The policies that the stories are told under.

use std::rc::Rc;

use flowcheck::policy::{Base, Direct, LineRole, MergeStyle, Pattern, Policy, Topic, While};
use flowcheck::version::{Release, Version};

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
    let changed = |name, change: fn(&mut Policy)| {
        let mut policy = Policy::built_in();
        change(&mut policy);
        Model { name, policy: Rc::new(policy), release: "release-", tag: "v" }
    };
    vec![
        changed("gitlab-flow", |_| {}),
        changed("parallel = true", |policy| {
            policy.releases.as_mut().expect("the default has them").parallel = true;
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
    ]
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
