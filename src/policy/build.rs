//! From a policy's tree to the validated types.
//!
//! What the table of settings has already objected to is passed over here: then the result is
//! thrown away, and only the mistakes count.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Source};
use super::read::Load;
use super::{
    Base, Confirmation, Deploys, Direct, Environment, Exception, Limits, Line, LineRole, MergeStyle, Mode,
    Pattern, Policy, Releases, RuleLevel, Server, Tags, Topic, While, shape, value,
};
use crate::finding::{Clause, Level};
use crate::history::Seconds;

/// A table of the policy, and where things stand in it.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    source: &'t Source,
    table: Option<&'t DeTable<'t>>,
    /// Where the table itself stands; `None`: nowhere, or it is the whole file.
    at: Option<usize>,
    /// Whether it is known to have no mistake.
    ours: bool,
}

impl<'t> View<'t> {
    pub(super) fn of(source: &'t Source, root: &'t DeTable<'t>) -> Self {
        Self { source, table: Some(root), at: None, ours: false }
    }

    /// Returns the view of a policy that has no mistake.
    pub(super) fn of_ours(source: &'t Source, root: &'t DeTable<'t>) -> Self {
        Self { ours: true, ..Self::of(source, root) }
    }

    /// Returns the setting's key and value.
    fn entry(&self, key: &str) -> Option<(&'t Spanned<Cow<'t, str>>, &'t Spanned<DeValue<'t>>)> {
        self.table?.get_key_value(key)
    }

    fn value(&self, key: &str) -> Option<&'t DeValue<'t>> {
        self.entry(key).map(|(_, value)| value.get_ref())
    }

    /// Whether the setting is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Returns the section or inline table.
    pub(super) fn section(&self, key: &str) -> Self {
        let Some((name, value)) = self.entry(key) else {
            return Self { table: None, ..*self };
        };
        Self { table: value.get_ref().as_table(), at: Some(name.span().start), ..*self }
    }

    /// Returns the tables below a name of the user's choice, in the order of the file.
    pub(super) fn entries(&self, key: &str) -> Vec<(&'t str, Self)> {
        let Some(table) = self.value(key).and_then(DeValue::as_table) else { return vec![] };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let view = |name: &'t Spanned<Cow<'t, str>>, value: &'t Spanned<DeValue<'t>>| {
            let at = Some(name.span().start);
            (name.get_ref().as_ref(), Self { table: value.get_ref().as_table(), at, ..*self })
        };
        entries.into_iter().map(|(name, value)| view(name, value)).collect()
    }

    /// Returns the tables of an array.
    fn list(&self, key: &str) -> Vec<Self> {
        let Some(DeValue::Array(list)) = self.value(key) else { return vec![] };
        let view = |entry: &'t Spanned<DeValue<'t>>| Self {
            table: entry.get_ref().as_table(),
            at: Some(entry.span().start),
            ..*self
        };
        list.iter().map(view).collect()
    }

    pub(super) fn text(&self, key: &str) -> Option<&'t str> {
        self.value(key).and_then(DeValue::as_str)
    }

    /// Returns the text where it says something.
    pub(super) fn some_text(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let Some(DeValue::Array(list)) = self.value(key) else { return vec![] };
        list.iter().filter_map(|item| item.get_ref().as_str()).map(str::to_owned).collect()
    }

    fn flag(&self, key: &str) -> bool {
        self.value(key).and_then(DeValue::as_bool).unwrap_or_default()
    }

    fn pattern(&self, key: &str) -> Option<Pattern> {
        let text = self.text(key)?;
        if self.ours { Some(Pattern::of_ours(text)) } else { Pattern::new(text).ok() }
    }

    fn day(&self, key: &str) -> Option<Seconds> {
        self.value(key)?.as_datetime()?.date.and_then(value::end_of_day)
    }

    /// Returns the bytes of the setting's value, else those of its key, else where it should be.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        match self.entry(key) {
            Some((_, value)) if !matches!(value.get_ref(), DeValue::Table(_)) => value.span(),
            Some((name, _)) => name.span(),
            None => self.at.map_or(0..0, |at| at..at + 1),
        }
    }

    /// Returns where the setting stands, else its section, else that no file speaks.
    fn clause(&self, key: &str) -> Clause {
        match self.entry(key).map(|(name, _)| name.span().start).or(self.at) {
            Some(at) => self.source.clause(at),
            None => Clause { file: "built-in".to_owned(), line: 0 },
        }
    }

    /// Returns where the section itself stands.
    fn here(&self) -> Clause {
        self.clause("")
    }
}

/// Returns the policy, and what is wrong with the files beside it.
pub(super) fn policy(root: &View<'_>, load: &Load<'_>) -> (Policy, Vec<Mistake>) {
    let mut mistakes = vec![];
    let lines = root.section("lines");
    let releases = root.has("releases").then(|| releases(&root.section("releases"))).flatten();
    let production = lines.has("production").then(|| line(&lines, "production"));
    let on = default_line_of_tags(releases.is_some(), production.is_some());
    let confirmation = confirmation(&root.section("confirmation"), load, &mut mistakes);
    let refs = root.section("refs");
    let editors = root.section("policy");
    let audit = root.section("audit");
    let overrides = root.section("override");
    let policy = Policy {
        source: root.source.name.clone(),
        home: None,
        mode: if root.text("mode") == Some("evaluate") { Mode::Evaluate } else { Mode::Enforce },
        integration: line(&lines, "integration"),
        production,
        releases,
        topics: root.entries("topics").iter().filter_map(|(kind, view)| topic(kind, view)).collect(),
        tags: tags(&root.section("tags"), on),
        environments: environments(root, &confirmation),
        confirmation,
        refs_allow: refs.texts("allow"),
        refs_clause: refs.clause("allow"),
        editors: editors.texts("editors"),
        editors_clause: editors.clause("editors"),
        audit_since: since(&audit),
        audit_clause: audit.clause("since"),
        limits: limits(&root.section("limits")),
        server: server(&root.section("server")),
        log_file: root.section("log").some_text("file"),
        levels: levels(root),
        exceptions: root.list("exceptions").iter().filter_map(exception).collect(),
        override_by: overrides.texts("by"),
        override_clause: overrides.clause("by"),
    };
    (policy, mistakes)
}

fn line(lines: &View<'_>, role: &str) -> Line {
    let table = lines.section(role);
    let branch = lines.text(role).or_else(|| table.text("branch")).unwrap_or_default();
    Line {
        branch: branch.to_owned(),
        merge: merge(&table),
        direct: direct(&table),
        clause: lines.clause(role),
    }
}

fn merge(view: &View<'_>) -> MergeStyle {
    match view.text("merge") {
        Some("fast-forward") => MergeStyle::FastForward,
        Some("any") => MergeStyle::Any,
        _ => MergeStyle::MergeCommit,
    }
}

fn direct(view: &View<'_>) -> Direct {
    match view.value("direct") {
        Some(DeValue::Boolean(true)) => Direct::Yes,
        Some(DeValue::Table(_)) => Direct::By(view.section("direct").texts("by")),
        _ => Direct::No,
    }
}

fn role(word: &str) -> Option<LineRole> {
    match word {
        "integration" => Some(LineRole::Integration),
        "production" => Some(LineRole::Production),
        "release" => Some(LineRole::Release),
        _ => None,
    }
}

fn roles(view: &View<'_>, key: &str) -> Vec<LineRole> {
    let mut roles = vec![];
    for role in view.texts(key).iter().filter_map(|word| role(word)) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

fn releases(view: &View<'_>) -> Option<Releases> {
    Some(Releases {
        branch: view.pattern("branch")?,
        from: view.text("from").and_then(role).unwrap_or(LineRole::Integration),
        from_clause: view.clause("from"),
        into: roles(view, "into"),
        into_clause: view.clause("into"),
        parallel: view.flag("parallel"),
        parallel_clause: view.clause("parallel"),
        merge: merge(view),
        direct: direct(view),
        clause: view.clause("branch"),
    })
}

fn topic(kind: &str, view: &View<'_>) -> Option<Topic> {
    let from = match view.text("from")? {
        "confirmed" => Base::Confirmed,
        word => Base::Line(role(word)?),
    };
    Some(Topic {
        kind: kind.to_owned(),
        branch: view.pattern("branch")?,
        from,
        from_clause: view.clause("from"),
        into: roles(view, "into"),
        into_clause: view.clause("into"),
        while_: match view.text("while") {
            Some("before-tag") => While::BeforeTag,
            Some("after-tag") => While::AfterTag,
            _ => While::Open,
        },
        while_clause: if view.has("while") { view.clause("while") } else { view.clause("from") },
        clause: view.clause("branch"),
    })
}

fn default_line_of_tags(releases: bool, production: bool) -> LineRole {
    match (releases, production) {
        (true, _) => LineRole::Release,
        (false, true) => LineRole::Production,
        (false, false) => LineRole::Integration,
    }
}

fn tags(view: &View<'_>, on: LineRole) -> Tags {
    let default = || Pattern::new(r"v(?<version>\d+\.\d+\.\d+)").expect("a pattern of ours");
    Tags {
        release: view.pattern("release").unwrap_or_else(default),
        release_clause: view.clause("release"),
        hotfix: view.pattern("hotfix"),
        hotfix_clause: view.clause("hotfix"),
        on: view.text("on").and_then(role).unwrap_or(on),
        on_clause: view.clause("on"),
        other: view.texts("other").iter().filter_map(|text| Pattern::new(text).ok()).collect(),
        other_clause: view.clause("other"),
    }
}

fn confirmation(view: &View<'_>, load: &Load<'_>, mistakes: &mut Vec<Mistake>) -> Confirmation {
    let require = if view.has("require") { view.texts("require") } else { vec!["record".to_owned()] };
    let within = view.text("merge-back-within").and_then(value::duration_ms);
    Confirmation {
        environment: view.text("environment").unwrap_or("prod").to_owned(),
        environment_clause: view.clause("environment"),
        by: view.texts("by"),
        by_clause: view.clause("by"),
        signed: view.flag("signed"),
        allowed_signers: allowed_signers(view, load, mistakes),
        record: require.iter().any(|word| word == "record"),
        gitlab_environment: require.iter().any(|word| word == "gitlab-environment"),
        repository: view.some_text("repository"),
        merge_back_within: within
            .map_or(7 * 24 * 3600, |ms| Seconds::try_from(ms / 1000).unwrap_or(Seconds::MAX)),
        clause: view.here(),
    }
}

fn allowed_signers(view: &View<'_>, load: &Load<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let path = view.some_text("allowed-signers").filter(|path| value::is_beside(path))?;
    let wrong = |what: &str, help: &str| {
        Mistake::new(view.span("allowed-signers"), format!("could not read the allowed signers: {what}"))
            .label("this file")
            .help(help)
    };
    let text = match load(&path) {
        Ok(bytes) => String::from_utf8(bytes),
        Err(why) => {
            mistakes.push(wrong(&why, "put the file beside the policy, or correct its name"));
            return None;
        }
    };
    let Ok(text) = text else {
        mistakes.push(wrong("it is not UTF-8", "save the file as UTF-8"));
        return None;
    };
    // `# openpgp <principal> <fingerprint>` lists an OpenPGP key; ssh takes it for a comment.
    let lists = |line: &str| match line.strip_prefix('#') {
        Some(comment) => comment.trim_start().starts_with("openpgp "),
        None => !line.is_empty(),
    };
    if !text.lines().map(str::trim).any(lists) {
        mistakes
            .push(wrong("it lists no key", "write a line `<principal> <key type> <key>` for each signer"));
        return None;
    }
    Some(text)
}

fn environments(root: &View<'_>, confirmation: &Confirmation) -> Vec<Environment> {
    if !root.has("environments") {
        // A policy that deploys nothing still confirms in one environment.
        return vec![Environment {
            name: confirmation.environment.clone(),
            from: Deploys::Tag,
            auto: false,
            clause: confirmation.environment_clause.clone(),
        }];
    }
    let environment = |(name, view): &(&str, View<'_>)| {
        let from = match view.text("from")? {
            "tag" => Deploys::Tag,
            word => Deploys::Line(role(word)?),
        };
        let auto = view.text("deploy") == Some("auto");
        Some(Environment { name: (*name).to_owned(), from, auto, clause: view.here() })
    };
    root.entries("environments").iter().filter_map(environment).collect()
}

fn since(view: &View<'_>) -> Vec<String> {
    let Some(DeValue::Array(list)) = view.value("since") else { return vec![] };
    let text = |value: &DeValue<'_>| match value {
        DeValue::Datetime(date) => Some(date.to_string()),
        other => other.as_str().map(str::to_owned),
    };
    list.iter().filter_map(|item| text(item.get_ref())).collect()
}

fn limits(view: &View<'_>) -> Limits {
    Limits {
        deadline_ms: view.text("deadline").and_then(value::duration_ms).unwrap_or(4000),
        refs: view.value("refs").and_then(shape::count).unwrap_or(100_000),
    }
}

fn server(view: &View<'_>) -> Server {
    Server {
        kind: view.text("kind").unwrap_or("auto").to_owned(),
        user_variable: view.some_text("user-variable"),
        lock: view.flag("lock"),
    }
}

fn level(word: &str) -> Option<Level> {
    [Level::Off, Level::Warn, Level::Error].into_iter().find(|level| level.name() == word)
}

fn levels(root: &View<'_>) -> Vec<RuleLevel> {
    let rules = root.section("rules");
    let read = |(rule, view): (&str, View<'_>)| {
        let word = rules.text(rule).or_else(|| view.text("level"))?;
        Some(RuleLevel {
            rule: rule.to_owned(),
            level: level(word)?,
            until: view.day("until"),
            clause: view.here(),
        })
    };
    root.entries("rules").into_iter().filter_map(read).collect()
}

fn exception(view: &View<'_>) -> Option<Exception> {
    Some(Exception {
        rule: view.text("rule")?.to_owned(),
        name: view.text("ref")?.to_owned(),
        object: view.some_text("object").map(|object| object.to_lowercase()),
        reason: view.text("reason")?.to_owned(),
        expires: view.day("expires"),
        clause: view.here(),
    })
}
