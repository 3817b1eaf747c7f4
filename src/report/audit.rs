//! The text of an audit: rule by rule and release by release, with totals.

use std::fmt::Write as _;

use super::groups::{self, Group, Part};
use super::text::{finding, is_said, last_line, remarks, wrap};
use super::{Report, count, tables};
use crate::verdict::Judged;

/// How many findings of a rule are told in full; more are counted, and told with `--verbose`.
const TOLD: usize = 20;

/// Returns the report.
pub(super) fn render(report: &Report<'_>) -> String {
    let statistics = report.audited.is_some_and(|audited| audited.statistics);
    let mut text = String::new();
    if statistics {
        text += &tables::all(report).iter().map(tables::text).collect::<Vec<_>>().join("\n");
    } else {
        text.extend(groups::by_rule(report).iter().map(|group| rule(report, group)));
        text += &totals(report);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text + &remarks(report) + &wrap(&last_line(report), "", "  ")
}

fn rule(report: &Report<'_>, group: &Group) -> String {
    let mut text = String::new();
    let mut room = if report.verbose { usize::MAX } else { TOLD };
    let mut explained = false;
    let several = group.releases.len() > 1;
    for part in &group.releases {
        let said: Vec<usize> = part.findings.iter().copied().filter(|at| is_told(report, *at)).collect();
        if let (true, false, true, Some(name)) = (several, said.is_empty(), room > 0, &part.name) {
            let _ = writeln!(text, "-- {}, {name}: {}", group.rule.id, count(said.len(), "finding"));
        }
        for at in said.iter().take(room) {
            text += &finding(&report.verdict.findings[*at], &again(report, *at), explained);
            explained = true;
        }
        room = room.saturating_sub(said.len());
    }
    let left = told(report, group).saturating_sub(if report.verbose { usize::MAX } else { TOLD });
    if left > 0 {
        text +=
            &wrap(&format!("note[{}]: and {left} more; --verbose tells them all", group.rule.id), "", "  ");
    }
    text
}

fn told(report: &Report<'_>, group: &Group) -> usize {
    let told = |part: &Part| part.findings.iter().filter(|at| is_told(report, **at)).count();
    group.releases.iter().map(told).sum()
}

fn is_told(report: &Report<'_>, at: usize) -> bool {
    let judged = &report.verdict.findings[at];
    is_said(report, judged) && judged.repeats.is_none()
}

fn again<'a>(report: &Report<'a>, at: usize) -> Vec<&'a Judged> {
    report.verdict.findings.iter().filter(|other| other.repeats == Some(at)).collect()
}

/// The totals by rule and by release, where there is more than one finding to add up.
fn totals(report: &Report<'_>) -> String {
    if report.verdict.findings.len() < 2 {
        return String::new();
    }
    let mut text = String::new();
    for table in tables::all(report).iter().take(2) {
        text.push('\n');
        text += &tables::text(table);
    }
    text
}
