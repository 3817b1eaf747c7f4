//! Two policies over one history: which updates they judge otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::json::{self, Finding};
use super::text::wrap_to;
use super::{clean, count, place, short};
use crate::history::{Oid, RefName};
use crate::verdict::{Judged, Outcome, Verdict};

/// How wide a line is at most.
const COLUMNS: usize = 80;

/// What two policies make of one history.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The policy in force, as the user knows it.
    pub source: String,
    /// The policy that it is compared with.
    pub other: String,
    /// How many updates each judged.
    pub updates: [usize; 2],
    /// The updates that they judge otherwise, in the order of the refs.
    pub changes: Vec<Change>,
}

/// One update that is judged otherwise.
#[derive(Debug, Clone)]
pub struct Change {
    /// The ref.
    pub name: RefName,
    /// What it went to, or what is objected to about it.
    pub object: Option<Oid>,
    /// What the policy in force says, and the other does not.
    pub was: Vec<Judged>,
    /// What the other policy says, and the one in force does not.
    pub would: Vec<Judged>,
    /// Whether each of them rejects it, the policy in force first.
    pub rejects: [bool; 2],
}

/// How a judgement changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// It was accepted.
    Rejected,
    /// It was rejected.
    Accepted,
    /// The verdict is the same, what is said is not.
    Reworded,
}

impl Turn {
    const ALL: [Self; 3] = [Self::Rejected, Self::Accepted, Self::Reworded];

    fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
            Self::Reworded => "other-findings",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Rejected => "would be rejected, and was accepted",
            Self::Accepted => "would be accepted, and was rejected",
            Self::Reworded => "the same verdict, with other findings",
        }
    }
}

impl Change {
    fn turn(&self) -> Turn {
        match self.rejects {
            [false, true] => Turn::Rejected,
            [true, false] => Turn::Accepted,
            _ => Turn::Reworded,
        }
    }
}

/// The findings on one update, by the place of each in its verdict.
type Findings<'a> = BTreeMap<(RefName, Option<Oid>), Vec<&'a Judged>>;

/// Compares what two policies say; `old` is by the one in force.
#[must_use]
pub fn compare(old: &Verdict, new: &Verdict) -> Comparison {
    let (was, would) = (by_update(old), by_update(new));
    let updates: BTreeSet<&(RefName, Option<Oid>)> = was.keys().chain(would.keys()).collect();
    let changes = updates.into_iter().filter_map(|update| {
        let sides = [was.get(update), would.get(update)].map(|side| side.map_or(&[][..], Vec::as_slice));
        change(update, sides)
    });
    Comparison {
        source: old.source.clone(),
        other: new.source.clone(),
        updates: [old.refs, new.refs],
        changes: changes.collect(),
    }
}

fn by_update(verdict: &Verdict) -> Findings<'_> {
    let mut found = Findings::new();
    for judged in &verdict.findings {
        let finding = &judged.finding;
        let object = finding.new.or(finding.object).or(finding.old);
        found.entry((finding.name.clone(), object)).or_default().push(judged);
    }
    found
}

fn change(update: &(RefName, Option<Oid>), [was, would]: [&[&Judged]; 2]) -> Option<Change> {
    let beyond = |ours: &[&Judged], theirs: &[&Judged]| -> Vec<Judged> {
        let new = ours.iter().filter(|one| !theirs.iter().any(|other| says_the_same(one, other)));
        new.map(|judged| (*judged).clone()).collect()
    };
    let rejects = [was, would].map(|side| side.iter().any(|judged| judged.outcome == Outcome::Rejected));
    let (only_was, only_would) = (beyond(was, would), beyond(would, was));
    let differs = !only_was.is_empty() || !only_would.is_empty();
    differs.then(|| Change {
        name: update.0.clone(),
        object: update.1,
        was: only_was,
        would: only_would,
        rejects,
    })
}

fn says_the_same(one: &Judged, other: &Judged) -> bool {
    one.finding.rule == other.finding.rule && one.outcome == other.outcome && one.level == other.level
}

/// Returns the comparison for a terminal.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    for turn in Turn::ALL {
        let those: Vec<&Change> = comparison.changes.iter().filter(|change| change.turn() == turn).collect();
        if those.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{} ({}):", turn.title(), those.len());
        out.extend(those.into_iter().map(change_text));
        out.push('\n');
    }
    out += &in_all(&comparison.changes);
    let [was, would] = comparison.updates;
    let judged = if was == would {
        count(was, "update")
    } else {
        format!("{} (of {was}, the other policy knows {would})", count(was.max(would), "update"))
    };
    let last = format!(
        "flowcheck: {} and {} judge {} of {judged} otherwise",
        source(&comparison.source),
        source(&comparison.other),
        comparison.changes.len(),
    );
    out + &wrap_to(COLUMNS, &last, "", "  ")
}

/// Counts what is said no more and what is said anew, rule by rule.
fn in_all(changes: &[Change]) -> String {
    let mut counts: BTreeMap<(&str, bool, &str), usize> = BTreeMap::new();
    for (anew, findings) in changes.iter().flat_map(|change| [(false, &change.was), (true, &change.would)]) {
        for judged in findings {
            *counts.entry((judged.finding.rule, anew, judged.outcome.name())).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let line = |((rule, anew, outcome), count)| {
        let sign = if anew { '+' } else { '-' };
        format!("  {sign} {count} {outcome} {rule}\n")
    };
    format!("in all:\n{}\n", counts.into_iter().map(line).collect::<String>())
}

fn source(source: &str) -> String {
    if source == "built-in" { "the built-in policy".to_owned() } else { format!("`{}`", clean(source)) }
}

fn change_text(change: &Change) -> String {
    let at = change.object.map_or_else(String::new, |object| format!(" at {}", short(object)));
    let mut out = wrap_to(COLUMNS, &format!("`{}`{at}", change.name.short()), "  ", "    ");
    for (sign, findings) in [("-", &change.was), ("+", &change.would)] {
        for judged in findings {
            let finding = &judged.finding;
            let clause = finding.clause.as_ref().filter(|clause| clause.file != "built-in");
            let clause = clause.map_or_else(String::new, |clause| format!(" ({})", place(clause)));
            let text =
                format!("{} {}: {}{clause}", judged.outcome.name(), finding.rule, clean(&finding.message));
            out += &wrap_to(COLUMNS, &text, &format!("  {sign} "), "    ");
        }
    }
    out
}

#[derive(Serialize)]
struct Root {
    version: u32,
    command: &'static str,
    policy: Source,
    compared_with: Source,
    changes: Vec<ChangeRow>,
    summary: Summary,
}

#[derive(Serialize)]
struct Source {
    source: String,
    updates: usize,
}

#[derive(Serialize)]
struct ChangeRow {
    r#ref: String,
    object: Option<String>,
    turn: &'static str,
    was: Vec<Finding>,
    would: Vec<Finding>,
}

#[derive(Serialize)]
struct Summary {
    rejected: usize,
    accepted: usize,
    other_findings: usize,
}

/// Returns the comparison for programs.
///
/// # Panics
/// Never: text and numbers are always JSON.
#[must_use]
pub fn json(comparison: &Comparison) -> String {
    let [was, would] = comparison.updates;
    let number = |turn| comparison.changes.iter().filter(|change| change.turn() == turn).count();
    let row = |change: &Change| ChangeRow {
        r#ref: change.name.to_string(),
        object: change.object.map(|object| object.to_string()),
        turn: change.turn().name(),
        was: change.was.iter().map(json::finding).collect(),
        would: change.would.iter().map(json::finding).collect(),
    };
    let root = Root {
        version: 1,
        command: "audit --compare-policy",
        policy: Source { source: clean(&comparison.source), updates: was },
        compared_with: Source { source: clean(&comparison.other), updates: would },
        changes: comparison.changes.iter().map(row).collect(),
        summary: Summary {
            rejected: number(Turn::Rejected),
            accepted: number(Turn::Accepted),
            other_findings: number(Turn::Reworded),
        },
    };
    serde_json::to_string_pretty(&root).expect("text and numbers are always JSON") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::samples::{judged, name, origin, verdict};
    use super::*;

    #[test]
    fn both_directions_are_told_and_what_is_the_same_is_not() {
        let old = verdict(vec![judged(origin(), Outcome::Rejected), judged(name(), Outcome::Warned)]);
        let mut new = verdict(vec![judged(name(), Outcome::Rejected)]);
        new.source = "new.toml".to_owned();
        let comparison = compare(&old, &new);
        insta::assert_snapshot!(text(&comparison), @r"
        would be rejected, and was accepted (1):
          `bugfix/a` at 7700000
          - warned branch-lookalike: `bugfix/a` looks like `Bugfix/a`, which would be
            the same file on a disk that does not tell upper from lower case
          + rejected branch-lookalike: `bugfix/a` looks like `Bugfix/a`, which would be
            the same file on a disk that does not tell upper from lower case

        would be accepted, and was rejected (1):
          `hotfix/1.0.0-login` at 5d1c000
          - rejected branch-origin: `hotfix/1.0.0-login` has commits of `develop`
            (policy.toml:31)

        in all:
          - 1 warned branch-lookalike
          + 1 rejected branch-lookalike
          - 1 rejected branch-origin

        flowcheck: `policy.toml` and `new.toml` judge 2 of 2 updates otherwise
        ");
        let same = compare(&old, &old);
        assert!(same.changes.is_empty());
        assert!(text(&same).ends_with("judge 0 of 2 updates otherwise\n"), "{}", text(&same));
        let json: serde_json::Value = serde_json::from_str(&json(&comparison)).unwrap();
        assert_eq!(json["summary"]["rejected"], 1);
        assert_eq!(json["summary"]["accepted"], 1);
        assert_eq!(json["changes"][0]["turn"], "rejected");
    }
}
