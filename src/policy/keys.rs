//! Every setting of `policy.toml`: what drives its reading, the suggestions and the JSON Schema.

/// What a setting's value has to look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Any string.
    Text,
    /// True or false.
    Flag,
    /// A number from 1.
    Count,
    /// The version of the policy's language.
    Version,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A list of strings, none empty.
    Texts,
    /// The name of one branch.
    Branch,
    /// A regular expression over whole names that has these groups.
    Pattern(&'static [&'static str]),
    /// A list of such expressions.
    Patterns,
    /// A stretch of time such as "7d".
    Duration,
    /// A day.
    Date,
    /// A list of commits and dates.
    Since,
    /// A glob over full ref names.
    Glob,
    /// A list of such globs.
    Globs,
    /// The id of an object.
    Object,
    /// A file beside the policy; empty: none.
    File,
    /// An environment variable that only the server sets; empty: none.
    Variable,
    /// The name of a rule.
    Rule,
    /// A table of these settings.
    Table(&'static [Key]),
    /// A table with a name of the user's choice for each entry.
    Each(&'static Shape),
    /// A table with an entry for some of the rules.
    PerRule(&'static Shape),
    /// An array of tables of these settings.
    List(&'static [Key]),
    /// A plain value, or a table that says more.
    Either(&'static Shape, &'static [Key]),
}

/// What holds where a setting is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It has to be there.
    Mistake,
    /// The model has no such thing.
    Nothing,
    /// This value, written as TOML.
    Means(&'static str),
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value has to look like.
    pub shape: Shape,
    /// What holds where it is absent.
    pub absent: Absent,
    /// What it says, one sentence.
    pub about: &'static str,
}

const fn key(name: &'static str, shape: Shape, absent: Absent, about: &'static str) -> Key {
    Key { name, shape, absent, about }
}

use Absent::{Means, Mistake, Nothing};
use Shape::{Each, Either, List, PerRule, Table};

/// The names of the rules, which stand above this layer. A test holds them against the registry.
pub const RULE_NAMES: &[&str] = &[
    "branch-name",
    "branch-lookalike",
    "tag-name",
    "branch-origin",
    "release-backflow",
    "release-state",
    "release-version",
    "direct-commit",
    "foxtrot-merge",
    "merge-source",
    "unconfirmed-merge-back",
    "production-tree",
    "merge-back-missing",
    "lost-fix",
    "tag-origin",
    "tag-sequence",
    "tag-lineage",
    "tag-order",
    "tag-immutable",
    "tag-annotated",
    "tag-signature",
    "history-rewrite",
    "line-deletion",
    "confirmation",
    "ref-namespace",
    "exception",
    "policy-change",
];

pub(super) const LEVELS: &[&str] = &["error", "warn", "off"];
pub(super) const GROUPS: &[&str] = &["version", "n", "topic"];
const MODES: &[&str] = &["enforce", "evaluate"];
const MERGES: &[&str] = &["merge-commit", "fast-forward", "any"];
const LINES: &[&str] = &["integration", "production", "release"];
const NAMED_LINES: &[&str] = &["integration", "production"];
const BASES: &[&str] = &["integration", "production", "release", "confirmed"];
const DEPLOYS: &[&str] = &["integration", "production", "release", "tag"];
const WHILES: &[&str] = &["before-tag", "after-tag"];

/// What a hook can run under.
pub const SERVERS: &[&str] = &["auto", "gitlab", "gitea", "gitolite", "ghes", "bitbucket", "http", "plain"];

/// The whole file.
pub(super) const ROOT: &[Key] = &[
    key("version", Shape::Version, Mistake, "The version of the policy's language: 1."),
    key(
        "mode",
        Shape::Word(MODES),
        Means(r#""enforce""#),
        "\"enforce\" rejects; \"evaluate\" says the same and lets it pass.",
    ),
    key("lines", Table(LINES_KEYS), Mistake, "The long-lived branches."),
    key("releases", Table(RELEASES), Nothing, "The release lines, one for each version."),
    key("topics", Each(&Table(TOPIC)), Nothing, "The kinds of topics: short-lived branches."),
    key("tags", Table(TAGS), Nothing, "The tags of the model."),
    key("confirmation", Table(CONFIRMATION), Nothing, "What proves that a version runs well."),
    key("environments", Each(&Table(ENVIRONMENT)), Nothing, "What is deployed where."),
    key("refs", Table(REFS), Nothing, "Refs beside heads and tags."),
    key("policy", Table(POLICY), Nothing, "Who may change this file in the repository."),
    key("audit", Table(AUDIT), Nothing, "What an audit judges."),
    key("limits", Table(LIMITS), Nothing, "Bounds of a judgement."),
    key("server", Table(SERVER), Nothing, "What the hook runs under."),
    key("log", Table(LOG), Nothing, "The event log that post-receive writes."),
    key("rules", PerRule(&LEVEL), Nothing, "Levels that differ from the rules' own."),
    key("exceptions", List(EXCEPTION), Nothing, "What is let pass, and why."),
    key("override", Table(OVERRIDE), Nothing, "Who may let a push pass with a push option."),
];

const LINES_KEYS: &[Key] = &[
    key("integration", LINE, Mistake, "The branch that features are merged into."),
    key("production", LINE, Nothing, "The branch that holds what is proven in prod."),
];

const LINE: Shape = Either(&Shape::Branch, LINE_TABLE);

const LINE_TABLE: &[Key] = &[key("branch", Shape::Branch, Mistake, "The branch's name."), MERGE, DIRECT];

const MERGE: Key = key(
    "merge",
    Shape::Word(MERGES),
    Means(r#""merge-commit""#),
    "How branches are taken in: by merge commits only, by fast-forward only, or either way.",
);

const DIRECT: Key = key(
    "direct",
    Either(&Shape::Flag, DIRECT_TABLE),
    Means("false"),
    "Whether commits may be made straight on it, or by whom.",
);

const DIRECT_TABLE: &[Key] =
    &[key("by", Shape::Texts, Mistake, "The user names or ids that may commit straight on it.")];

const RELEASES: &[Key] = &[
    key(
        "branch",
        Shape::Pattern(&["version"]),
        Mistake,
        "What the names look like; the group `version` catches X.Y.Z.",
    ),
    key("from", Shape::Word(NAMED_LINES), Means(r#""integration""#), "The line they are cut from."),
    key("into", Shape::Words(NAMED_LINES), Mistake, "The lines they are merged into."),
    key("parallel", Shape::Flag, Means("false"), "Whether older releases stay open."),
    MERGE,
    DIRECT,
];

const TOPIC: &[Key] = &[
    key(
        "branch",
        Shape::Pattern(&[]),
        Mistake,
        "What the names look like; groups `version`, `n` and `topic` may be in it.",
    ),
    key("from", Shape::Word(BASES), Mistake, "What they start from."),
    key("into", Shape::Words(LINES), Mistake, "The lines they may enter."),
    key(
        "while",
        Shape::Word(WHILES),
        Nothing,
        "When they may enter a release: before or after its release tag is set.",
    ),
];

const TAGS: &[Key] = &[
    key(
        "release",
        Shape::Pattern(&["version"]),
        Means(r"'v(?<version>\d+\.\d+\.\d+)'"),
        "What a release tag looks like; the group `version` catches X.Y.Z.",
    ),
    key(
        "hotfix",
        Shape::Pattern(&["version", "n"]),
        Nothing,
        "What a hotfix tag looks like; the group `n` catches its number.",
    ),
    key(
        "on",
        Shape::Word(LINES),
        Nothing,
        "The line that version tags stand on; absent: release, else production, else integration.",
    ),
    key("other", Shape::Patterns, Means("[]"), "Further tag names that are nobody's business."),
];

const CONFIRMATION: &[Key] = &[
    key("environment", Shape::Text, Means(r#""prod""#), "The environment whose records permit."),
    key(
        "by",
        Shape::Texts,
        Means("[]"),
        "Who may record: user names or key ids. Empty: whoever may push a tag.",
    ),
    key("signed", Shape::Flag, Means("false"), "Whether records must be signed."),
    key(
        "allowed-signers",
        Shape::File,
        Means(r#""""#),
        "A file beside the policy, in the format of ssh's allowed_signers.",
    ),
    key(
        "require",
        Shape::Words(&["record", "gitlab-environment"]),
        Means(r#"["record"]"#),
        "What has to agree. Empty: nothing has to be confirmed.",
    ),
    key("repository", Shape::Text, Means(r#""""#), "Where set, records must name it."),
    key(
        "merge-back-within",
        Shape::Duration,
        Means(r#""7d""#),
        "How long a merge-back may be owed before it is an error.",
    ),
];

const ENVIRONMENT: &[Key] = &[
    key("from", Shape::Word(DEPLOYS), Mistake, "What is deployed: a line, or version tags."),
    key(
        "deploy",
        Shape::Word(&["auto", "manual"]),
        Means(r#""manual""#),
        "Whether a deployment starts by itself or by a person's click.",
    ),
];

const REFS: &[Key] =
    &[key("allow", Shape::Globs, Means("[]"), "Namespaces beside heads and tags, e.g. \"refs/notes/*\".")];

const POLICY: &[Key] = &[key(
    "editors",
    Shape::Texts,
    Means("[]"),
    "Who may change the policy in the repository. Empty: whoever may push there.",
)];

const AUDIT: &[Key] =
    &[key("since", Shape::Since, Means("[]"), "Commits or dates where the flow was adopted.")];

const LIMITS: &[Key] = &[
    key("deadline", Shape::Duration, Means(r#""4s""#), "How long a hook may judge."),
    key("refs", Shape::Count, Means("100000"), "How many refs a push may have."),
];

const SERVER: &[Key] = &[
    key("kind", Shape::Word(SERVERS), Means(r#""auto""#), "What the hook runs under."),
    key(
        "user-variable",
        Shape::Variable,
        Means(r#""""#),
        "On plain servers: the environment variable that says who pushes.",
    ),
    key("lock", Shape::Flag, Means("false"), "On plain servers: hold a lock until the push has ended."),
];

const LOG: &[Key] = &[key(
    "file",
    Shape::Text,
    Means(r#""""#),
    "The event log's file. Empty: `flowcheck.jsonl` in the repository.",
)];

const LEVEL: Shape = Either(&Shape::Word(LEVELS), LEVEL_TABLE);

const LEVEL_TABLE: &[Key] = &[
    key("level", Shape::Word(LEVELS), Mistake, "The level."),
    key("until", Shape::Date, Nothing, "The last day (UTC) on which the level holds."),
];

const EXCEPTION: &[Key] = &[
    key("rule", Shape::Rule, Mistake, "The rule that is excepted."),
    key("ref", Shape::Glob, Mistake, "A glob over full ref names."),
    key("object", Shape::Object, Nothing, "The one object that the exception is bound to."),
    key("reason", Shape::Text, Mistake, "Why."),
    key("expires", Shape::Date, Nothing, "The last day (UTC) on which it holds."),
];

const OVERRIDE: &[Key] =
    &[key("by", Shape::Texts, Mistake, "The user names or ids that may let a push pass.")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_name_here() {
        let rules: Vec<_> = crate::rules::RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(rules, RULE_NAMES);
    }
}
