//! What was learned from a history, how well it fits, and what to type first.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::text::wrap_to;
use super::{clean, count};
use crate::finding::Level as Weight;
use crate::learn::{Fit, Group, HABIT, Kind, Learned, Level, Outlier, Said};
use crate::policy::{Base, LineRole};

/// How wide a line is at most; commands are never broken.
const COLUMNS: usize = 80;
/// How many outliers of one sort are said before the rest is counted.
const LISTED: usize = 20;
/// How wide the longest name of a rule is.
const RULE: usize = 22;

/// A policy that was learned and tried.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// Where it was written, escaped.
    pub path: String,
    /// What was learned.
    pub learned: Learned,
    /// How many past updates it was tried on: all that there are.
    pub judged: usize,
    /// The rules that the history does not keep.
    pub levels: Vec<Level>,
    /// What the first audit will say.
    pub first: Vec<Group>,
    /// When it was learned.
    pub since: String,
    /// The remote that commands name.
    pub remote: String,
}

/// One of the first things to do.
enum Step {
    /// To be typed, and what for.
    Type(String, String),
    /// To be written into the policy, and what for, with what stands before it.
    Write(String, Option<String>),
}

impl Adoption {
    /// Returns the first things to do, in their order.
    fn steps(&self) -> Vec<Step> {
        let mut steps = self.audits();
        steps.extend(self.confirmations());
        let check = format!("flowcheck policy check {}", self.path);
        steps.push(Step::Type(check, "after every change to it".to_owned()));
        let install = "the local hook; --server DIR on the server".to_owned();
        steps.push(Step::Type("flowcheck install".to_owned(), install));
        steps
    }

    /// The first audit, and how the next one says only what is new.
    fn audits(&self) -> Vec<Step> {
        let audit = format!("flowcheck audit --policy {}", self.path);
        let said = self.first.iter().map(|group| group.said.len()).sum::<usize>();
        if said == 0 {
            return vec![Step::Type(audit, "the first audit: it is clean".to_owned())];
        }
        let known = format!("from then on only what is new counts: {audit} --baseline known.txt");
        let first = format!("the first audit: it says {}, those above", count(said, "outlier"));
        let write = format!("{audit} --write-baseline known.txt");
        vec![Step::Type(audit, first), Step::Type(write, known)]
    }

    /// The first confirmation, and how it comes to be asked for.
    fn confirmations(&self) -> Vec<Step> {
        let mut steps = vec![];
        if let Some(tag) = &self.learned.tags.newest {
            let confirm =
                format!("flowcheck confirm {} --policy {} --push {}", clean(tag), self.path, self.remote);
            let why = "if that is what runs in prod today; else name what does".to_owned();
            steps.push(Step::Type(confirm, why));
        }
        if self.can_switch() {
            let ask = "[confirmation] require = [\"record\"]".to_owned();
            let from = format!("[audit] since = [\"{}\"]", self.since);
            let why = "from then on a release goes back only when it is confirmed".to_owned();
            steps.extend([Step::Write(ask, None), Step::Write(from, Some(why))]);
        }
        steps
    }

    /// Whether confirmations could be asked for, and are not.
    fn can_switch(&self) -> bool {
        self.learned.can_confirm() && !self.learned.records
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
    for step in adoption.steps() {
        let (step, why) = match step {
            Step::Type(command, why) => (command, Some(why)),
            Step::Write(line, why) => (format!("in {}: {line}", adoption.path), why),
        };
        let _ = writeln!(out, "  {step}");
        out += &why.map_or_else(String::new, |why| wrap_to(COLUMNS, &why, "    # ", "    # "));
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
    let mut out = format!("\ntried on all {} past updates:\n", adoption.judged);
    for level in &adoption.levels {
        let so = match (&level.on, level.level) {
            (Some(line), _) => format!("`{}` is excepted", clean(&line.short())),
            (None, Weight::Off) => "it is off".to_owned(),
            (None, _) => "it only warns".to_owned(),
        };
        out += &column(RULE, level.rule, &format!("kept by {} {}: {so}", level.kept, level.of));
    }
    if adoption.levels.is_empty() {
        out += "  every rule is kept, but for outliers\n";
    }
    out
}

fn outliers(adoption: &Adoption) -> String {
    let mut out = String::new();
    for (kind, outliers) in elsewhere(&adoption.learned) {
        let each: Vec<String> = outliers
            .iter()
            .map(|outlier| format!("`{}` went into the {} line", clean(&outlier.name), outlier.into.name()))
            .collect();
        let share = Fit { fits: outliers.len(), of: kind.share.fits };
        out += &listed(&format!("{}: {} merges went elsewhere", clean(&kind.name), share_of(share)), &each);
    }
    for group in &adoption.first {
        let each: Vec<String> = group.said.iter().map(said).collect();
        out += &listed(&format!("{}: {} {}", group.rule, share_of(group.broken), group.of), &each);
    }
    match adoption.first.is_empty() {
        true if out.is_empty() => "\nthere are no outliers: the first audit is clean\n".to_owned(),
        true => format!("\noutliers, of which the first audit says nothing:\n{out}"),
        false => format!("\noutliers, each below {HABIT} % of its kind:\n{out}"),
    }
}

fn share_of(fit: Fit) -> String {
    format!("{} of {} ({})", fit.fits, fit.of, fit.share())
}

/// What is said, and of which step where the ref is a line.
fn said(said: &Said) -> String {
    let message = clean(&said.message);
    match said.object.filter(|_| said.name.tag().is_none()) {
        Some(commit) => format!("{message} ({})", commit.to_hex_with_len(7)),
        None => message,
    }
}

fn listed(head: &str, each: &[String]) -> String {
    let mut out = wrap_to(COLUMNS, head, "  ", "    ");
    for line in each.iter().take(LISTED) {
        out += &wrap_to(COLUMNS, line, "    ", "      ");
    }
    if each.len() > LISTED {
        let _ = writeln!(out, "    and {} more (--format json lists all)", each.len() - LISTED);
    }
    out
}

/// Returns the kinds of which some branches went into a line that the others do not go into.
fn elsewhere(learned: &Learned) -> impl Iterator<Item = (&Kind, Vec<&Outlier>)> {
    learned.kinds.iter().filter_map(|kind| {
        let of_kind = |outlier: &&Outlier| outlier.kind == kind.name;
        let outliers: Vec<&Outlier> = learned.outliers.iter().filter(of_kind).collect();
        (!outliers.is_empty()).then_some((kind, outliers))
    })
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
        "levels": adoption.levels.iter().map(|level| json!({
            "rule": level.rule, "level": level.level.name(), "on": level.on.as_ref().map(ToString::to_string), "kept": fit(level.kept), "of": level.of,
        })).collect::<Vec<_>>(),
        "elsewhere": elsewhere(learned).map(|(kind, outliers)| json!({
            "kind": clean(&kind.name),
            "share": fit(Fit { fits: outliers.len(), of: kind.share.fits }),
            "each": outliers.iter().map(|outlier| json!({
                "name": clean(&outlier.name), "into": outlier.into.name(),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "first_audit": adoption.first.iter().map(|group| json!({
            "rule": group.rule,
            "of": group.of,
            "share": fit(group.broken),
            "each": group.said.iter().map(|said| json!({
                "ref": said.name.to_string(),
                "object": said.object.map(|id| id.to_string()),
                "level": said.level.name(),
                "message": clean(&said.message),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "confirmation": {
            "require": if learned.records { json!(["record"]) } else { json!([]) },
            "then": adoption.can_switch().then(|| json!({"require": ["record"], "since": [adoption.since]})),
        },
        "next": adoption.steps().into_iter().filter_map(|step| match step {
            Step::Type(command, _) => Some(command),
            Step::Write(..) => None,
        }).collect::<Vec<_>>(),
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
