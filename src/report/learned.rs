//! What was learned from a history, how well it fits, and what to type first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::text::wrap_to;
use super::{clean, count};
use crate::finding::Finding;
use crate::learn::{Fit, Kind, Learned, Level, Outlier};
use crate::policy::{Base, LineRole};

/// How wide a line is at most; commands are never broken.
const COLUMNS: usize = 80;
/// How many outliers are said before the rest is counted.
const OUTLIERS: usize = 12;
/// How wide the longest name of a rule is.
const RULE: usize = 22;

/// A policy that was learned and tried.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// Where it was written, escaped.
    pub path: String,
    /// What was learned.
    pub learned: Learned,
    /// How many past updates it was tried on.
    pub judged: usize,
    /// Whether these are all that there are.
    pub begins: bool,
    /// The rules that the history breaks too often.
    pub levels: Vec<Level>,
    /// How often past updates broke each rule that rejects.
    pub broken: BTreeMap<&'static str, usize>,
    /// What the first audit will say.
    pub first: Vec<Finding>,
    /// The remote that commands name.
    pub remote: String,
}

impl Adoption {
    /// Returns the first commands of adoption, each with what it is for.
    fn commands(&self) -> Vec<(String, &'static str)> {
        let mut commands =
            vec![(format!("flowcheck policy check {}", self.path), "after every change to it")];
        commands.push((format!("flowcheck audit --policy {}", self.path), "the first audit"));
        let newest = self.learned.tags.newest.as_ref();
        if let (true, Some(tag)) = (self.learned.confirms(), newest) {
            let why = "if that is what runs in prod today; else name what does";
            commands.push((
                format!("flowcheck confirm {} --policy {} --push {}", clean(tag), self.path, self.remote),
                why,
            ));
        }
        commands.push(("flowcheck install".to_owned(), "the local hook; --server DIR on the server"));
        commands
    }

    /// Returns the outliers of the history, the first audit's findings last.
    fn outliers(&self) -> Vec<String> {
        let name = |outlier: &Outlier| {
            format!("`{}` {} ({})", clean(&outlier.name), clean(&outlier.does), clean(&outlier.kind))
        };
        self.learned.outliers.iter().map(name).collect()
    }
}

/// Returns what is told when the policy is written.
#[must_use]
pub fn text(adoption: &Adoption) -> String {
    let learned = &adoption.learned;
    let mut out = wrap_to(
        COLUMNS,
        &format!("flowcheck: wrote {}: what this repository does, as a policy", adoption.path),
        "",
        "  ",
    );
    out += "\n";
    out += &lines(learned);
    out += &kinds(learned);
    out += &tags(learned);
    out += &rules(adoption);
    out += &outliers(adoption);
    out += "\nnext:\n";
    for (command, why) in adoption.commands() {
        let _ = writeln!(out, "  {command}");
        out += &wrap_to(COLUMNS, why, "    # ", "    # ");
    }
    out
}

fn row(label: &str, text: &str) -> String {
    column(13, label, text)
}

fn column(width: usize, label: &str, text: &str) -> String {
    wrap_to(COLUMNS, text, &format!("  {label:<width$} "), &" ".repeat(width + 3))
}

fn lines(learned: &Learned) -> String {
    let mut out = String::new();
    let roles = [("integration", Some(&learned.integration)), ("production", learned.production.as_ref())];
    for (role, line) in roles {
        let Some(line) = line else {
            out += &row(role, "none");
            continue;
        };
        let fit = match line.merged.of {
            0 => "fast-forwarded".to_owned(),
            steps => format!("{} of {} are merges", line.merged.share(), count(steps, "step")),
        };
        out += &row(role, &format!("`{}`: {fit}", clean(&line.branch)));
    }
    match &learned.releases {
        None => out += &row("releases", "none: there are no release lines"),
        Some(releases) => {
            let lines = count(releases.count, "line");
            let text = format!("`{}X.Y.Z`, {lines}, {}", clean(&releases.stem), into(&releases.into));
            out += &row("releases", &text);
        }
    }
    out
}

fn into(into: &[(LineRole, Fit)]) -> String {
    let share = |(role, fit): &(LineRole, Fit)| format!("{} into {}", fit.share(), role.name());
    match into.first() {
        None | Some((_, Fit { of: 0, .. })) => "none merged yet".to_owned(),
        Some(_) => into.iter().map(share).collect::<Vec<_>>().join(", "),
    }
}

fn kinds(learned: &Learned) -> String {
    let mut out = String::new();
    for kind in &learned.kinds {
        let from = match kind.from {
            Base::Line(role) => role.name(),
            Base::Confirmed => "what is confirmed",
        };
        let started = if kind.started.of == 0 { String::new() } else { format!("{} ", kind.started.share()) };
        let text = format!(
            "{} of {}, {started}from {from}, {}",
            kind.share.share(),
            count(kind.share.of, "merge"),
            into(&kind.into)
        );
        out += &row(&clean(&kind.name), &text);
    }
    let named = learned.named;
    out + &row(
        "in all",
        &format!("{} of {} are of a kind or a line", named.share(), count(named.of, "merge")),
    )
}

fn tags(learned: &Learned) -> String {
    let tags = &learned.tags;
    if tags.release.fits == 0 {
        return row("tags", "no version tag: the policy has `vX.Y.Z`");
    }
    let mut text = format!(
        "`{}X.Y.Z`, {} of {}",
        clean(&tags.stem),
        tags.release.share(),
        count(tags.release.of, "tag")
    );
    let _ = write!(text, ", {} of them on {}", tags.standing.share(), tags.on.name());
    if let Some((infix, number)) = &tags.hotfix {
        let _ = write!(text, "; `{}X.Y.Z{}N`, {number}", clean(&tags.stem), clean(infix));
    }
    row("tags", &text)
}

fn rules(adoption: &Adoption) -> String {
    let all = if adoption.begins { "past" } else { "newest" };
    let mut out = format!("\ntried on the {} {all} updates:\n", adoption.judged);
    for level in &adoption.levels {
        out += &column(RULE, level.rule, &format!("kept by {}: the policy only warns", level.kept));
    }
    for (rule, number) in &adoption.broken {
        if !adoption.levels.iter().any(|level| level.rule == *rule) {
            let times = if *number == 1 { "once".to_owned() } else { format!("{number} times") };
            out += &column(RULE, rule, &format!("broken {times}"));
        }
    }
    if adoption.broken.is_empty() && adoption.levels.is_empty() {
        out += "  every rule that rejects was kept\n";
    }
    out
}

fn outliers(adoption: &Adoption) -> String {
    let outliers = adoption.outliers();
    let mut out = String::new();
    if !outliers.is_empty() {
        let verb = if outliers.len() == 1 { "fits" } else { "fit" };
        let _ = write!(out, "\n{} {verb} no clause:\n", count(outliers.len(), "outlier"));
        for outlier in outliers.iter().take(OUTLIERS) {
            out += &wrap_to(COLUMNS, outlier, "  ", "    ");
        }
        if outliers.len() > OUTLIERS {
            let _ = writeln!(out, "  and {} more (--format json lists all)", outliers.len() - OUTLIERS);
        }
    }
    match adoption.first.len() {
        0 => out + "\nthe first audit will have nothing to reject\n",
        number => {
            let _ = write!(out, "\nthe first audit will say {}:\n", count(number, "error"));
            for finding in adoption.first.iter().take(OUTLIERS) {
                out += &wrap_to(
                    COLUMNS,
                    &format!("{}: {}", finding.rule, clean(&finding.message)),
                    "  ",
                    "    ",
                );
            }
            out
        }
    }
}

/// Returns the same for programs.
#[must_use]
pub fn json(adoption: &Adoption) -> String {
    let learned = &adoption.learned;
    let answer = json!({
        "version": 1,
        "command": "init --from-history",
        "file": adoption.path,
        "integration": line(&learned.integration),
        "production": learned.production.as_ref().map(line),
        "releases": learned.releases.as_ref().map(|releases| json!({
            "form": format!("{}X.Y.Z", clean(&releases.stem)),
            "lines": releases.count,
            "from": releases.from.name(),
            "started": fit(releases.cut),
            "into": lines_json(&releases.into),
        })),
        "kinds": learned.kinds.iter().map(kind).collect::<Vec<_>>(),
        "named": fit(learned.named),
        "tags": {
            "release": format!("{}X.Y.Z", clean(&learned.tags.stem)),
            "fit": fit(learned.tags.release),
            "on": learned.tags.on.name(),
            "standing": fit(learned.tags.standing),
        },
        "judged": adoption.judged,
        "broken": adoption.broken,
        "warned": adoption.levels.iter().map(|level| json!({"rule": level.rule, "kept": fit(level.kept)})).collect::<Vec<_>>(),
        "outliers": learned.outliers.iter().map(|outlier| json!({
            "name": clean(&outlier.name), "kind": clean(&outlier.kind), "does": clean(&outlier.does),
        })).collect::<Vec<_>>(),
        "first_audit": adoption.first.iter().map(|finding| json!({
            "rule": finding.rule, "ref": finding.name.to_string(), "message": clean(&finding.message),
        })).collect::<Vec<_>>(),
        "next": adoption.commands().into_iter().map(|(command, _)| command).collect::<Vec<_>>(),
    });
    format!("{answer:#}\n")
}

fn fit(fit: Fit) -> Value {
    json!({"fits": fit.fits, "of": fit.of, "percent": fit.percent()})
}

fn line(line: &crate::learn::Line) -> Value {
    json!({"branch": clean(&line.branch), "merges": fit(line.merged)})
}

fn lines_json(into: &[(LineRole, Fit)]) -> Value {
    into.iter().map(|(role, share)| json!({"line": role.name(), "share": fit(*share)})).collect()
}

fn kind(kind: &Kind) -> Value {
    json!({
        "kind": clean(&kind.name),
        "pattern": clean(&kind.pattern),
        "share": fit(kind.share),
        "from": match kind.from { Base::Line(role) => role.name(), Base::Confirmed => "confirmed" },
        "started": fit(kind.started),
        "into": lines_json(&kind.into),
    })
}
