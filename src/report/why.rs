//! How one ref is judged: what it is, by which clauses, from which evidence.

use serde::Serialize;

use super::json::{self, Finding};
use super::text::{self, wrap_to};
use super::{clean, count, place, short};
use crate::finding::Clause;
use crate::history::{Oid, RefName};
use crate::verdict::Verdict;

/// How wide an answer is at most.
const COLUMNS: usize = 80;
/// How wide the column is that says what a point is about.
const LABELS: usize = 9;

/// Everything that `flowcheck why` tells about a ref.
#[derive(Debug, Clone)]
pub struct Why {
    /// The ref.
    pub name: RefName,
    /// Where it stands; `None` where it does not.
    pub at: Option<Oid>,
    /// The word for what it is, as `flowcheck target` has it.
    pub kind: String,
    /// What it is, in words that follow "it is".
    pub is: String,
    /// What was found out, in the order in which one would ask.
    pub points: Vec<Point>,
    /// What is said of it.
    pub verdict: Verdict,
    /// How it was judged, a clause that a verdict follows.
    pub judged: String,
}

/// One answer, the clause that asks for it, and what it rests on.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// What it is about, one word.
    pub about: &'static str,
    /// The answer, names in backticks.
    pub says: String,
    /// The clause of the policy.
    pub clause: Option<Clause>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// A commit or a ref that an answer rests on.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The object.
    pub object: Option<Oid>,
    /// The ref, by its short name.
    pub name: Option<String>,
    /// What it shows; not escaped.
    pub says: String,
}

impl Point {
    /// Returns an answer that nothing is said beside.
    #[must_use]
    pub fn new(about: &'static str, says: impl Into<String>) -> Self {
        Self { about, says: says.into(), ..Self::default() }
    }

    /// Says which clause asks for it.
    #[must_use]
    pub fn clause(mut self, clause: &Clause) -> Self {
        self.clause = Some(clause.clone());
        self
    }

    /// Adds commits, the first few of `total`.
    #[must_use]
    pub fn commits(mut self, commits: Vec<crate::finding::Named>, total: usize) -> Self {
        let more = total.saturating_sub(commits.len());
        self.evidence.extend(commits.into_iter().map(|commit| Evidence {
            object: Some(commit.id),
            name: None,
            says: commit.subject,
        }));
        if more > 0 {
            let says = format!("and {more} more");
            self.evidence.push(Evidence { name: Some(says), ..Evidence::default() });
        }
        self
    }

    /// Adds a ref, and what it shows.
    #[must_use]
    pub fn shown_by(mut self, name: impl Into<String>, object: Option<Oid>, says: impl Into<String>) -> Self {
        self.evidence.push(Evidence { object, name: Some(name.into()), says: says.into() });
        self
    }
}

/// Returns the answer for a terminal.
#[must_use]
pub fn text(why: &Why) -> String {
    let stands = why.at.map_or_else(|| "is not here".to_owned(), |at| format!("is at {}", short(at)));
    let head = format!("`{}` is {}; it {stands}", why.name.short(), clean(&why.is));
    let mut out = wrap_to(COLUMNS, &head, "", "  ");
    out.push('\n');
    for point in &why.points {
        out += &point_text(point);
    }
    out.push('\n');
    out += &said(why);
    out
}

fn point_text(point: &Point) -> String {
    let first = format!("  {:<LABELS$}", point.about);
    let rest = " ".repeat(first.len());
    let clause = point.clause.as_ref().filter(|clause| clause.file != "built-in");
    let clause = clause.map_or_else(String::new, |clause| format!(" ({})", place(clause)));
    let mut out = wrap_to(COLUMNS, &format!("{}{clause}", clean(&point.says)), &first, &rest);
    out.extend(point.evidence.iter().map(|evidence| evidence_text(evidence, &rest)));
    out
}

fn evidence_text(evidence: &Evidence, margin: &str) -> String {
    let object = evidence.object.map(short);
    let Some(name) = &evidence.name else {
        let line = format!("{margin}  {}  {}", object.unwrap_or_default(), clean(&evidence.says));
        return text::cut_to(COLUMNS, line.trim_end()) + "\n";
    };
    let object = object.map_or_else(String::new, |object| format!("({object}) "));
    let line = format!("{} {object}{}", clean(name), clean(&evidence.says));
    wrap_to(COLUMNS, line.trim_end(), &format!("{margin}  "), &format!("{margin}    "))
}

fn said(why: &Why) -> String {
    let verdict = &why.verdict;
    let source = match verdict.source.as_str() {
        "built-in" => "the built-in policy".to_owned(),
        source => clean(source),
    };
    let counts = verdict.counts();
    let some = |n: usize, what: &str| (n > 0).then(|| count(n, what));
    let found = [some(counts.errors + counts.evaluated, "error"), some(counts.warnings, "warning")];
    let found: Vec<String> = found.into_iter().flatten().collect();
    let found = if found.is_empty() { "nothing is said against it".to_owned() } else { found.join(", ") };
    let mut out: String = verdict.findings.iter().map(text::finding_alone).collect();
    out += &wrap_to(COLUMNS, &format!("flowcheck: {}, by {source}: {found}", clean(&why.judged)), "", "  ");
    out
}

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    command: &'a str,
    r#ref: String,
    at: Option<String>,
    kind: &'a str,
    is: String,
    policy: Source,
    points: Vec<PointRow<'a>>,
    judged: String,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Source {
    source: String,
}

#[derive(Serialize)]
struct PointRow<'a> {
    about: &'a str,
    says: String,
    clause: Option<json::Clause>,
    evidence: Vec<EvidenceRow>,
}

#[derive(Serialize)]
struct EvidenceRow {
    object: Option<String>,
    name: Option<String>,
    says: String,
}

/// Returns the answer for programs.
///
/// # Panics
/// Never: text and numbers are always JSON.
#[must_use]
pub fn json(why: &Why) -> String {
    let root = Root {
        version: 1,
        command: "why",
        r#ref: why.name.to_string(),
        at: why.at.map(|at| at.to_string()),
        kind: &why.kind,
        is: clean(&why.is),
        policy: Source { source: clean(&why.verdict.source) },
        points: why.points.iter().map(point_row).collect(),
        judged: clean(&why.judged),
        findings: why.verdict.findings.iter().map(json::finding).collect(),
    };
    serde_json::to_string_pretty(&root).expect("text and numbers are always JSON") + "\n"
}

fn point_row(point: &Point) -> PointRow<'_> {
    let evidence = point.evidence.iter().map(|evidence| EvidenceRow {
        object: evidence.object.map(|object| object.to_string()),
        name: evidence.name.as_deref().map(clean),
        says: clean(&evidence.says),
    });
    PointRow {
        about: point.about,
        says: clean(&point.says),
        clause: point.clause.as_ref().map(json::clause),
        evidence: evidence.collect(),
    }
}
