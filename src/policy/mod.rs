//! The policy: a model of branching, read from `policy.toml`, with the line of every clause.
//!
//! A [`Policy`] has no mistakes: reading gives one, or all mistakes at once.

mod automaton;
mod build;
mod contradictions;
pub mod discovery;
mod keys;
mod mistake;
mod naming;
mod overlap;
mod pattern;
mod plain;
mod presets;
mod read;
mod schema;
mod shape;
mod show;
mod value;

use crate::finding::{Clause, Level};
use crate::history::Seconds;

pub use keys::{RULE_NAMES, SERVERS};
pub use mistake::{Mistakes, Place};
pub use pattern::{BadPattern, Captures, Pattern};
pub use presets::{PRESETS, Preset, UnknownPreset, preset};
pub use read::{Load, Reading, no_files, read};
pub use schema::schema;
pub use show::{Setting, settings};

/// A validated policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file it was read from, as the user knows it; `built-in` for the default.
    pub source: String,
    /// The branch whose pushes can change the policy; `None` where it is read from elsewhere, or
    /// where nobody has looked.
    pub home: Option<discovery::Home>,
    /// Whether findings reject or are only said.
    pub mode: Mode,
    /// The integration line (`develop`).
    pub integration: Line,
    /// The production line (`master`), where the model has one.
    pub production: Option<Line>,
    /// The release lines, where the model has them.
    pub releases: Option<Releases>,
    /// The kinds of topics, in the order of the policy.
    pub topics: Vec<Topic>,
    /// Version tags and others.
    pub tags: Tags,
    /// What counts as proof that prod runs well.
    pub confirmation: Confirmation,
    /// Where what is deployed.
    pub environments: Vec<Environment>,
    /// Globs of ref names that are allowed beside heads and tags; see [`ref_glob_matches`].
    pub refs_allow: Vec<String>,
    /// Where `[refs] allow` stands.
    pub refs_clause: Clause,
    /// Who may change the policy in the repository; empty: whoever may push there.
    pub editors: Vec<String>,
    /// Where `[policy] editors` stands.
    pub editors_clause: Clause,
    /// Commits or dates where the flow was adopted.
    pub audit_since: Vec<String>,
    /// Where `[audit] since` stands.
    pub audit_clause: Clause,
    /// Bounds of a judgement.
    pub limits: Limits,
    /// What the hook runs under.
    pub server: Server,
    /// The event log's file; `None`: `flowcheck.jsonl` in the repository.
    pub log_file: Option<String>,
    /// Levels that the policy gives to rules, where they differ from the rules' own.
    pub levels: Vec<RuleLevel>,
    /// What is let pass, and why.
    pub exceptions: Vec<Exception>,
    /// Who may override with a push option.
    pub override_by: Vec<String>,
    /// Where `[override] by` stands.
    pub override_clause: Clause,
}

/// Whether a policy rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Findings at level error reject the push.
    Enforce,
    /// Findings are said, and the push passes.
    Evaluate,
}

/// How a line takes branches in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeStyle {
    /// By merge commits only.
    MergeCommit,
    /// By fast-forward only.
    FastForward,
    /// Either way.
    Any,
}

/// Who may commit straight onto a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Direct {
    /// Nobody.
    No,
    /// Everybody who may push there.
    Yes,
    /// These pushers only.
    By(Vec<String>),
}

/// One long-lived branch: the integration or the production line.
#[derive(Debug, Clone)]
pub struct Line {
    /// The branch's short name.
    pub branch: String,
    /// How it takes branches in.
    pub merge: MergeStyle,
    /// Whether it takes commits of its own.
    pub direct: Direct,
    /// Where the policy names it.
    pub clause: Clause,
}

/// The release lines.
#[derive(Debug, Clone)]
pub struct Releases {
    /// What their names look like; has the group `version`.
    pub branch: Pattern,
    /// The line they are cut from.
    pub from: LineRole,
    /// Where `from` stands.
    pub from_clause: Clause,
    /// The lines they are merged into when confirmed.
    pub into: Vec<LineRole>,
    /// Where `into` stands.
    pub into_clause: Clause,
    /// Whether several stay open.
    pub parallel: bool,
    /// Where `parallel` stands, or `[releases]`.
    pub parallel_clause: Clause,
    /// How they take topics in.
    pub merge: MergeStyle,
    /// Whether they take commits of their own.
    pub direct: Direct,
    /// Where `branch` stands.
    pub clause: Clause,
}

/// One of the lines, by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineRole {
    /// The integration line.
    Integration,
    /// The production line.
    Production,
    /// A release line.
    Release,
}

impl LineRole {
    /// Returns the word that policies use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Integration => "integration",
            Self::Production => "production",
            Self::Release => "release",
        }
    }
}

/// What a topic starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// A line.
    Line(LineRole),
    /// What is shipped, and the line it goes into (`from = "confirmed"`).
    Confirmed,
}

/// When topics of a kind may enter a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum While {
    /// At any time until the release is closed.
    Open,
    /// Until the release tag is set.
    BeforeTag,
    /// From the release tag on.
    AfterTag,
}

/// A kind of topic.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name in the policy (`feature`).
    pub kind: String,
    /// What the branches' names look like.
    pub branch: Pattern,
    /// What they start from.
    pub from: Base,
    /// Where `from` stands.
    pub from_clause: Clause,
    /// The lines they may enter.
    pub into: Vec<LineRole>,
    /// Where `into` stands.
    pub into_clause: Clause,
    /// When they may enter a release.
    pub while_: While,
    /// Where `while` stands, else `from`.
    pub while_clause: Clause,
    /// Where `branch` stands.
    pub clause: Clause,
}

/// The tags of the model.
#[derive(Debug, Clone)]
pub struct Tags {
    /// What a release tag looks like; has the group `version`.
    pub release: Pattern,
    /// Where `release` stands.
    pub release_clause: Clause,
    /// What a hotfix tag looks like (groups `version` and `n`), where the model has them.
    pub hotfix: Option<Pattern>,
    /// Where `hotfix` stands.
    pub hotfix_clause: Clause,
    /// The line that version tags stand on.
    pub on: LineRole,
    /// Where `on` stands.
    pub on_clause: Clause,
    /// Further tag names that are nobody's business.
    pub other: Vec<Pattern>,
    /// Where `other` stands.
    pub other_clause: Clause,
}

/// What counts as proof that prod runs well.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The environment whose records permit.
    pub environment: String,
    /// Where `environment` stands, or `[confirmation]`.
    pub environment_clause: Clause,
    /// Who may record; empty: whoever may push a tag.
    pub by: Vec<String>,
    /// Where `by` stands, or `[confirmation]`.
    pub by_clause: Clause,
    /// Whether records must be signed.
    pub signed: bool,
    /// The text of the allowed-signers file, where one is named.
    pub allowed_signers: Option<String>,
    /// Whether a record is required.
    pub record: bool,
    /// Whether GitLab's own deployment ref must agree.
    pub gitlab_environment: bool,
    /// The repository that records must name, where set.
    pub repository: Option<String>,
    /// How long a merge-back may be owed before it is an error.
    pub merge_back_within: Seconds,
    /// Where `[confirmation]` stands.
    pub clause: Clause,
}

impl Confirmation {
    /// Whether anything has to be confirmed at all (`require` is not empty).
    #[must_use]
    pub fn required(&self) -> bool {
        self.record || self.gitlab_environment
    }
}

/// What an environment takes.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// What is deployed there.
    pub from: Deploys,
    /// Whether a deployment starts by itself.
    pub auto: bool,
    /// Where it stands.
    pub clause: Clause,
}

/// What an environment is deployed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deploys {
    /// The tip of a line.
    Line(LineRole),
    /// Version tags.
    Tag,
}

/// Bounds of a judgement.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a hook may judge, in milliseconds.
    pub deadline_ms: u64,
    /// How many refs a push may have.
    pub refs: usize,
}

/// What the hook runs under.
#[derive(Debug, Clone)]
pub struct Server {
    /// `auto` or the name of a server.
    pub kind: String,
    /// The variable that says who pushes, on plain servers.
    pub user_variable: Option<String>,
    /// Whether to hold a lock until the push has ended.
    pub lock: bool,
}

/// A level that the policy gives to a rule.
#[derive(Debug, Clone)]
pub struct RuleLevel {
    /// The rule's id.
    pub rule: String,
    /// The level.
    pub level: Level,
    /// The last day on which the level holds (the end of that day in UTC, in seconds).
    pub until: Option<Seconds>,
    /// Where it stands.
    pub clause: Clause,
}

/// Something that is let pass.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The rule's id.
    pub rule: String,
    /// A glob over full ref names; see [`ref_glob_matches`].
    pub name: String,
    /// The object it is bound to, in hex, if it is.
    pub object: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds (the end of that day in UTC, in seconds).
    pub expires: Option<Seconds>,
    /// Where it stands.
    pub clause: Clause,
}

impl Policy {
    /// Returns the line of a role, for the two that have one branch.
    #[must_use]
    pub fn line(&self, role: LineRole) -> Option<&Line> {
        match role {
            LineRole::Integration => Some(&self.integration),
            LineRole::Production => self.production.as_ref(),
            LineRole::Release => None,
        }
    }

    /// Whether the policy gives the rule a level above `off` at the moment `now`.
    #[must_use]
    pub fn turns_on(&self, rule: &str, now: Seconds) -> bool {
        let holds = |level: &&RuleLevel| level.rule == rule && level.until.is_none_or(|until| now <= until);
        self.levels.iter().find(holds).is_some_and(|level| level.level != Level::Off)
    }

    /// Whether several releases stay open side by side.
    #[must_use]
    pub fn parallel(&self) -> bool {
        self.releases.as_ref().is_some_and(|releases| releases.parallel)
    }
}

/// Whether a glob of the policy matches a full ref name. `*` stands for anything, `/` too.
#[must_use]
pub fn ref_glob_matches(glob: &str, name: &[u8]) -> bool {
    // globset matches paths; on unix those are any bytes.
    value::glob(glob).is_ok_and(|matcher| match std::str::from_utf8(name) {
        Ok(name) => matcher.is_match(name),
        Err(_) => matcher.is_match(String::from_utf8_lossy(name).as_ref()),
    })
}
