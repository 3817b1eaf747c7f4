//! Words for people and programs: one file per format.
//!
//! Everything that somebody else wrote is escaped here once more, so that no format can carry a
//! control character whatever a rule puts into its findings.

mod audit;
pub mod compare;
mod concise;
mod deployment;
pub mod fleet;
mod github;
mod gitlab;
mod groups;
mod html;
mod json;
mod junit;
pub mod learned;
mod list;
mod markdown;
mod markup;
mod page;
mod sarif;
pub mod status;
pub mod svg;
mod tables;
mod text;
mod web;
pub mod why;

use std::path::PathBuf;

use crate::finding::Clause;
use crate::flow::{Account, Flow};
use crate::history::{Oid, name};
use crate::verdict::{Judged, Outcome, Verdict};

pub use deployment::undeployable;
pub use json::SCHEMA;
pub use list::list_of_rules;
pub use page::{UnknownRule, page, page_json, page_markdown, rule};
pub use text::{WIDTH, unjudged, unjudged_here, wrap};
pub use web::unjudged as unjudged_on_the_web;

/// A verdict and what it was reached for.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The command, as it is typed: `pre-receive`.
    pub command: &'a str,
    /// The verdict.
    pub verdict: &'a Verdict,
    /// Whether findings that the policy excepts are said to people, too.
    pub verbose: bool,
    /// What an audit knows beside the verdict.
    pub audited: Option<&'a Audited>,
}

/// What an audit knows beside the verdict.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// Of which release, branch, month and person each finding is.
    pub account: Account,
    /// The picture of the history, where a report has room for it.
    pub flow: Option<Flow>,
    /// Whether totals are asked for instead of the findings.
    pub statistics: bool,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, at most 72 columns.
    Text,
    /// For people, a line per finding.
    Concise,
    /// For programs; its schema is [`SCHEMA`].
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For pipelines that list tests.
    Junit,
    /// For GitLab's Code Quality.
    Gitlab,
    /// For the annotations of a GitHub or Gitea workflow.
    Github,
    /// For comments and summaries.
    Markdown,
    /// For a browser: one page that needs nothing else.
    Html,
    /// The lines that GitLab shows on a web page.
    Web,
}

/// One report that is asked for: how, and into which file where not onto standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub format: Format,
    /// Where to.
    pub file: Option<PathBuf>,
}

/// A format that does not exist. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write the format `{asked}`: there are {}{}", list(), meant(.asked))]
pub struct UnknownFormat {
    asked: String,
}

impl Format {
    /// Every format that can be asked for by name. [`Format::Web`] is chosen by the situation.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Concise,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Gitlab,
        Self::Github,
        Self::Markdown,
        Self::Html,
    ];

    /// Returns the name that `--format` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Gitlab => "gitlab",
            Self::Github => "github",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Web => "web",
        }
    }

    /// Whether programs read it.
    #[must_use]
    pub fn is_for_programs(self) -> bool {
        !matches!(self, Self::Text | Self::Concise | Self::Web)
    }
}

impl Request {
    /// Reads `FORMAT` or `FORMAT=FILE`.
    ///
    /// # Errors
    /// Where there is no such format; the error names the nearest one.
    pub fn parse(text: &str) -> Result<Self, UnknownFormat> {
        let (asked, file) = match text.split_once('=') {
            Some((asked, file)) => (asked, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = Format::ALL.into_iter().find(|format| format.name() == asked);
        let format = format.ok_or_else(|| UnknownFormat { asked: clean(asked) })?;
        Ok(Self { format, file })
    }
}

/// Returns the report in a format, ending in a newline; empty where there is nothing to say.
#[must_use]
pub fn render(report: &Report<'_>, format: Format) -> String {
    match format {
        Format::Text => text::render(report),
        Format::Concise => concise::render(report),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Junit => junit::render(report),
        Format::Gitlab => gitlab::render(report),
        Format::Github => github::render(report),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Web => web::render(report),
    }
}

fn list() -> String {
    Format::ALL.map(Format::name).join(", ")
}

fn meant(asked: &str) -> String {
    let nearest = name::nearest(asked, Format::ALL.map(Format::name));
    nearest.map_or_else(String::new, |name| format!("; `{name}` was probably meant"))
}

impl Report<'_> {
    /// Whether a hook reports, which says nothing where all is well.
    fn is_of_a_hook(&self) -> bool {
        ["pre-receive", "update", "pre-push", "post-receive"].contains(&self.command)
    }

    /// Returns what becomes of what was judged, in words.
    fn ending(&self) -> &'static str {
        match (self.command, self.verdict.accepted()) {
            ("pre-receive" | "update" | "pre-push", true) => "push accepted",
            ("pre-receive" | "update" | "pre-push", false) => "push rejected",
            ("check", true) => "a push would be accepted",
            ("check", false) => "a push would be rejected",
            (_, true) => "accepted",
            (_, false) => "rejected",
        }
    }

    /// Returns how many refs findings count against.
    fn refs_in_question(&self) -> usize {
        let counts = self.verdict.findings.iter().filter(|judged| counts(judged));
        counts.map(|judged| &judged.finding.name).collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// Whether a finding asks for something to be done.
fn counts(judged: &Judged) -> bool {
    matches!(judged.outcome, Outcome::Rejected | Outcome::Warned | Outcome::Evaluated)
}

/// Returns foreign text without anything that moves a cursor.
fn clean(text: &str) -> String {
    name::escape(text.as_bytes())
}

/// Returns the clause as people look it up: `policy.toml:31`.
fn place(clause: &Clause) -> String {
    match (clause.file.as_str(), clause.line) {
        ("built-in", _) => "the built-in policy".to_owned(),
        (file, 0) => clean(file),
        (file, line) => format!("{}:{line}", clean(file)),
    }
}

/// Returns the first digits of an id.
fn short(id: Oid) -> String {
    id.to_hex_with_len(7).to_string()
}

/// Returns `1 error` or `2 errors`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Verdicts to be worded by the tests of every format.

    use std::collections::BTreeMap;

    use super::*;
    use crate::finding::{Finding, Level, Named};
    use crate::history::RefName;
    use crate::policy::Mode;

    pub(crate) fn id(text: &str) -> Oid {
        Oid::from_hex(format!("{text:0<40}").as_bytes()).unwrap()
    }

    pub(crate) fn judged(finding: Finding, outcome: Outcome) -> Judged {
        let level = if outcome == Outcome::Warned { Level::Warn } else { Level::Error };
        let reason = (outcome == Outcome::Overridden).then(|| "INC-1 prod is down (alice)".to_owned());
        let reason = reason.or((outcome == Outcome::Excepted).then(|| "imported".to_owned()));
        Judged { finding, level, outcome, reason, repeats: None }
    }

    pub(crate) fn origin() -> Finding {
        let commits = [("3f2a91c", "Add the new basket"), ("8d0c4e1", "Rework sessions")];
        let named = commits.map(|(hex, subject)| Named { id: id(hex), subject: subject.to_owned() }).to_vec();
        Finding {
            rule: "branch-origin",
            new: Some(id("5d1c")),
            ..Finding::new(
                &RefName::of_branch("hotfix/1.0.0-login"),
                "`hotfix/1.0.0-login` has commits of `develop`",
            )
            .commits("2 commits are on `develop` but not on `release-1.0.0`:", named, 2)
            .note("a hotfix of 1.0.0 starts from `release-1.0.0`")
            .clause(&Clause { file: "policy.toml".to_owned(), line: 31 })
            .fix("git fetch origin")
            .fix("git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login")
        }
    }

    pub(crate) fn name() -> Finding {
        let message = "`bugfix/a` looks like `Bugfix/a`, which would be the same file on a disk that does \
                       not tell upper from lower case";
        Finding {
            rule: "branch-lookalike",
            new: Some(id("77")),
            ..Finding::new(&RefName::of_branch("bugfix/a"), message)
        }
    }

    pub(crate) fn verdict(findings: Vec<Judged>) -> Verdict {
        Verdict {
            findings,
            refs: 2,
            undecidable: BTreeMap::new(),
            remarks: vec![],
            mode: Mode::Enforce,
            source: "policy.toml".to_owned(),
        }
    }

    pub(crate) fn every_outcome() -> Verdict {
        let outcomes = [
            Outcome::Rejected,
            Outcome::Warned,
            Outcome::Evaluated,
            Outcome::Overridden,
            Outcome::Excepted,
            Outcome::Baselined,
        ];
        let mut verdict = verdict(outcomes.map(|outcome| judged(origin(), outcome)).to_vec());
        verdict.undecidable.insert(
            "merge-source".to_owned(),
            crate::verdict::Undecidable { count: 3, why: "a fast-forward leaves no trace".to_owned() },
        );
        verdict.remarks.push("the override was not honoured".to_owned());
        verdict
    }

    /// A finding in which everything foreign is hostile.
    pub(crate) fn hostile() -> Finding {
        let evil = "\u{1b}[2J\r\nerror: \u{202e}\u{7}\t]]>&<\"'`|*_<script>::%0A";
        Finding {
            rule: "branch-name",
            new: Some(id("66")),
            ..Finding::new(&RefName::new(format!("refs/heads/{evil}")), format!("`{evil}` is odd"))
                .commits(evil, vec![Named { id: id("1"), subject: evil.to_owned() }], 9)
                .note(evil)
                .clause(&Clause { file: evil.to_owned(), line: 1 })
                .fix(evil)
        }
    }

    pub(crate) fn report<'a>(command: &'a str, verdict: &'a Verdict) -> Report<'a> {
        Report { command, verdict, verbose: false, audited: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::samples::{hostile, judged, report, verdict};
    use super::*;
    use crate::finding::{Finding, Named};
    use crate::history::RefName;

    #[test]
    fn a_format_is_asked_for_by_name_and_may_go_into_a_file() {
        assert_eq!(Request::parse("json"), Ok(Request { format: Format::Json, file: None }));
        let into = Request::parse("json=a=b.json").unwrap();
        assert_eq!(into.file, Some(PathBuf::from("a=b.json")));
    }

    #[test]
    fn an_unknown_format_is_answered_with_the_nearest() {
        let text = Request::parse("jsn").unwrap_err().to_string();
        assert!(text.ends_with("; `json` was probably meant"), "{text}");
        let text = Request::parse("qqqq\u{1b}").unwrap_err().to_string();
        assert!(!text.contains("meant") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn no_format_lets_hostile_text_through() {
        let all = [Outcome::Rejected, Outcome::Warned, Outcome::Overridden];
        let mut verdict = verdict(all.map(|outcome| judged(hostile(), outcome)).to_vec());
        verdict.remarks.push("\u{1b}\n".to_owned());
        verdict.source = "\u{1b}\n".to_owned();
        for format in Format::ALL.into_iter().chain([Format::Web]) {
            harmless(&render(&report("pre-receive", &verdict), format), format);
        }
    }

    fn harmless(text: &str, format: Format) {
        let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(bad, None, "{} lets it through: {text}", format.name());
    }

    proptest! {
        #[test]
        fn no_control_character_comes_out_and_no_line_is_too_long(
            message in any::<String>(), note in "\\PC{0,300}", subject in any::<String>(), branch in any::<String>(),
        ) {
            let finding = Finding { rule: "branch-name", ..Finding::new(&RefName::of_branch(&branch), message) };
            let named = vec![Named { id: samples::id("1"), subject }];
            let finding = finding.commits("1 commit:", named, 3).note(note);
            let verdict = verdict(vec![judged(finding, Outcome::Rejected)]);
            for format in Format::ALL.into_iter().chain([Format::Web]) {
                let text = render(&report("pre-receive", &verdict), format);
                harmless(&text, format);
                if format == Format::Text {
                    for line in text.lines().filter(|line| line.chars().count() > WIDTH) {
                        let words = line.trim_start().split(' ').count();
                        let header = usize::from(line.starts_with("error["));
                        prop_assert!(words <= 1 + header, "{line}");
                    }
                }
            }
        }
    }
}
