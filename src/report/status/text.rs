//! The status for a terminal.

use std::fmt::Write as _;

use super::super::text::wrap_to;
use super::super::{clean, count, place, short};
use super::{Debt, Place, Status, day, few, held, moment, proof};
use crate::facts::ReleaseStatus;

/// How wide a line is at most; commands are never broken, for they will be pasted.
const COLUMNS: usize = 80;
/// How many names of what a release brought are said.
const NAMES: usize = 8;

/// Returns the status for a terminal.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut out = running(status);
    for place in status.places.iter().filter(|place| place.name != status.environment) {
        out += &elsewhere(place);
    }
    let shown = (0..status.releases.len()).rev().filter(|at| !status.is_done(*at));
    for at in shown {
        out.push('\n');
        out += &release(status, at);
    }
    out += &done(status);
    out += &coming(status);
    for expired in &status.expired {
        let text = format!(
            "the exception from {} for {} has expired ({}, {})",
            expired.rule,
            clean(&expired.name),
            day(expired.at),
            place(&expired.clause)
        );
        out.push('\n');
        out += &row("owed", &text, "");
    }
    out
}

fn running(status: &Status) -> String {
    let environment = clean(&status.environment);
    let Some((tag, since, by)) = status.running() else {
        return super::at_rest(status, "nothing", &environment) + "\n";
    };
    let mut out =
        wrap_to(COLUMNS, &format!("{environment} runs {} since {}", clean(tag), moment(since)), "", "  ");
    if !by.is_empty() {
        out += &wrap_to(COLUMNS, &format!("confirmed by {}", clean(by)), "  ", "    ");
    }
    let back = status.roll_back_to();
    if !back.is_empty() {
        out += &wrap_to(COLUMNS, &format!("could go back to {}", few(&back, 4)), "  ", "    ");
    }
    out
}

/// Returns what is deployed in an environment that need not be confirmed.
fn elsewhere(place: &Place) -> String {
    let name = clean(&place.name);
    let held = |one: &super::Deployed| {
        let commit = one.commit.map_or_else(String::new, |commit| format!(" ({})", short(commit)));
        format!("{}{commit} since {}", clean(&one.name), day(one.since))
    };
    let names: Vec<String> = place.holds.iter().map(held).collect();
    let text = match (names.is_empty(), place.by_record) {
        (true, true) => format!("{name} runs nothing that a record tells of"),
        (true, false) => format!("{name} has nothing to take yet"),
        (false, true) => format!("{name} runs {}", few(&names, 3)),
        (false, false) => format!("{name} takes {}", few(&names, 3)),
    };
    wrap_to(COLUMNS, &text, "", "  ")
}

fn done(status: &Status) -> String {
    let done = (0..status.releases.len()).rev().filter(|at| status.is_done(*at));
    let done: Vec<String> = done.map(|at| status.releases[at].release.to_string()).collect();
    if done.is_empty() {
        return String::new();
    }
    format!("\n{}", wrap_to(COLUMNS, &format!("closed: {}", few(&done, 8)), "", "  "))
}

fn coming(status: &Status) -> String {
    let mut out = String::new();
    if !status.coming.is_empty() {
        let text =
            format!("on {} for the next release: ", clean(&status.cut_from)) + &few(&status.coming, NAMES);
        let _ = write!(out, "\n{}", wrap_to(COLUMNS, &text, "", "  "));
    }
    if !status.cut_next.is_empty() {
        let why = if status.releases.is_empty() { "no release yet" } else { "no release is open" };
        let _ = write!(out, "\n{why}: cut one\n{}", commands("next", &status.cut_next));
    }
    out
}

fn row(label: &str, text: &str, indent: &str) -> String {
    let first = format!("  {label:<9}{indent}");
    wrap_to(COLUMNS, text, &first, &" ".repeat(first.len()))
}

/// Returns commands, one a line.
fn commands(label: &str, commands: &[String]) -> String {
    let line = |(at, command): (usize, &String)| {
        let label = if at == 0 { label } else { "" };
        format!("  {label:<9}{}\n", clean(command))
    };
    commands.iter().enumerate().map(line).collect()
}

fn release(status: &Status, at: usize) -> String {
    let release = &status.releases[at];
    let mut out = format!(
        "{:<10} {:<12} {}\n",
        release.release.to_string(),
        release.state.name(),
        clean(&release.line)
    );
    if release.tip.is_none() {
        out += &row("line", "gone", "");
    }
    if let Some(cut) = release.cut {
        out += &row("cut", &format!("from {} at {}", clean(&status.cut_from), short(cut)), "");
    }
    if !status.brought[at].is_empty() {
        out += &row("brought", &few(&status.brought[at], NAMES), "");
    }
    out += &versions(status, release);
    for line in &release.merged_back {
        if let Some(how) = held(line.presence) {
            out += &row("back in", &format!("{} ({how})", clean(status.line(line.line))), "");
        }
    }
    for debt in status.owed(at) {
        out += &row("owed", &owed(status, debt), "");
    }
    out + &commands("next", &status.next[at])
}

fn versions(status: &Status, release: &ReleaseStatus) -> String {
    let mut out = String::new();
    for version in &release.versions {
        out += &row("tag", &format!("{} {}", clean(&version.tag), proof(status, version)), "");
        for standing in &version.standings {
            let verb = if standing.deployed { "runs in" } else { "rolled back in" };
            let by =
                if standing.by.is_empty() { String::new() } else { format!(" by {}", clean(&standing.by)) };
            let reason =
                standing.reason.as_ref().map_or_else(String::new, |text| format!(": {}", clean(text)));
            let since = moment(standing.since);
            out +=
                &row("", &format!("{verb} {} since {since}{by}{reason}", clean(&standing.environment)), "  ");
        }
    }
    if let (true, Some(newest)) = (release.unreleased > 0, release.versions.last()) {
        let beyond = format!("{} beyond {}", count(release.unreleased, "commit"), clean(&newest.tag));
        out += &row("untagged", &beyond, "");
    }
    out
}

pub(super) fn owed(status: &Status, debt: Debt<'_>) -> String {
    match debt {
        Debt::LostFix(lost) => format!("{} is missing from it", clean(lost)),
        Debt::MergeBack(line, None) => format!("merge it back into {}", clean(line)),
        Debt::MergeBack(line, Some(until)) if until < status.now => {
            format!("merge it back into {} (overdue since {})", clean(line), day(until))
        }
        Debt::MergeBack(line, Some(until)) => {
            format!("merge it back into {} by {}", clean(line), day(until))
        }
    }
}
