//! How many findings there are: by rule, release, branch, month and person.

use std::fmt::Write as _;

use super::groups::NO_RELEASE;
use super::{Report, clean};
use crate::flow::Tally;
use crate::rules::RULES;

/// Counts by one circumstance.
pub(super) struct Table {
    pub title: &'static str,
    pub rows: Vec<Tally>,
}

/// Returns the tables; empty where there is no account of the findings.
pub(super) fn all(report: &Report<'_>) -> Vec<Table> {
    let Some(audited) = report.audited else { return vec![] };
    let findings = &report.verdict.findings;
    if findings.is_empty() {
        return vec![];
    }
    let account = &audited.account;
    let rule = |id: &str| RULES.iter().position(|rule| rule.id == id);
    let by_rule =
        account.tally(findings, |judged, _| (rule(judged.finding.rule), judged.finding.rule.to_owned()));
    let by_release = account.tally(findings, |_, of| {
        let name = of.release.map_or(NO_RELEASE.to_owned(), |release| release.to_string());
        ((of.release.is_none(), of.release), name)
    });
    let by_branch = account.tally(findings, |_, of| (of.branch.clone(), of.branch.clone()));
    let by_month = account.tally(findings, |_, of| {
        ((of.month.is_none(), of.month.clone()), of.month.clone().unwrap_or_else(|| "no date".to_owned()))
    });
    let by_person = account.tally(findings, |_, of| {
        let person = of.person.clone();
        ((person.is_none(), person.clone()), person.unwrap_or_else(|| "nobody named".to_owned()))
    });
    let table = |title, rows| Table { title, rows };
    vec![
        table("rule", by_rule),
        table("release", by_release),
        table("branch", most_first(by_branch)),
        table("month", by_month),
        table("person", most_first(by_person)),
    ]
}

/// Those with the most findings first.
fn most_first(mut rows: Vec<Tally>) -> Vec<Tally> {
    rows.sort_by_key(|row| std::cmp::Reverse((row.errors, row.warnings, row.excused)));
    rows
}

/// Returns a table for a terminal.
pub(super) fn text(table: &Table) -> String {
    let excused = table.rows.iter().any(|row| row.excused > 0);
    let last = if excused { format!(" {:>8}", "excused") } else { String::new() };
    let mut out = format!("{:<44} {:>8} {:>9}{last}\n", format!("by {}", table.title), "errors", "warnings");
    for row in &table.rows {
        let last = if excused { format!(" {:>8}", row.excused) } else { String::new() };
        let name = clean(&row.of);
        let name =
            if name.chars().count() > 42 { name.chars().take(39).collect::<String>() + "..." } else { name };
        let _ = writeln!(out, "  {name:<42} {:>8} {:>9}{last}", row.errors, row.warnings);
    }
    out
}
