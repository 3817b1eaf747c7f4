//! The status for a chat or a merge request.

use std::fmt::Write as _;

use super::super::markdown::{block, md};
use super::super::{clean, short};
use super::{Debt, Status, day, few, moment, proof};

/// Returns what runs where, a table of the releases, and the commands to type next.
#[must_use]
pub fn markdown(status: &Status) -> String {
    let mut out = running(status);
    out += &places(status);
    out += &table(status);
    for at in (0..status.releases.len()).rev().filter(|at| !status.is_done(*at)) {
        out += &details(status, at);
    }
    if !status.coming.is_empty() {
        let names = md(&few(&status.coming, 20));
        let _ = write!(out, "\nOn {} for the next release: {names}\n", code(&status.cut_from));
    }
    if !status.cut_next.is_empty() {
        let _ = write!(out, "\nNo release is open. Cut one:\n{}\n", block(&status.cut_next));
    }
    for expired in &status.expired {
        let text = format!("the exception from `{}` for `{}` has expired", expired.rule, expired.name);
        let _ = write!(out, "\n- Owed: {} ({})\n", md(&text), day(expired.at));
    }
    out
}

fn code(text: &str) -> String {
    md(&format!("`{text}`"))
}

fn running(status: &Status) -> String {
    let environment = md(&status.environment);
    let Some((tag, since, by)) = status.running() else {
        return super::at_rest(status, "Nothing", &format!("**{environment}**")) + "\n";
    };
    let by = if by.is_empty() { String::new() } else { format!(", confirmed by {}", md(by)) };
    let mut out = format!("**{environment}** runs {} since {}{by}\n", code(tag), moment(since));
    let back = status.roll_back_to();
    if !back.is_empty() {
        let back: Vec<String> = back.iter().map(|tag| format!("`{tag}`")).collect();
        let _ = write!(out, "\nIt could go back to {}\n", md(&few(&back, 4)));
    }
    out
}

fn places(status: &Status) -> String {
    let mut out = String::new();
    for place in status.places.iter().filter(|place| place.name != status.environment) {
        for held in &place.holds {
            let verb = if place.by_record { "runs" } else { "takes" };
            let (place, name, since) = (md(&place.name), code(&held.name), day(held.since));
            let _ = writeln!(out, "- **{place}** {verb} {name} since {since}");
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn table(status: &Status) -> String {
    if status.releases.is_empty() {
        return "\nThere is no release yet.\n".to_owned();
    }
    let mut out =
        "\n| Release | State | Newest tag | Owed | Brought |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (at, release) in status.releases.iter().enumerate().rev() {
        let newest = release.versions.last();
        let newest = newest.map(|newest| format!("{} {}", code(&newest.tag), md(&proof(status, newest))));
        let owed: Vec<String> = status.owed(at).into_iter().map(owed).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            release.release,
            release.state.name(),
            newest.unwrap_or_default(),
            owed.join(", "),
            md(&few(&status.brought[at], 5)),
        );
    }
    out
}

fn owed(debt: Debt<'_>) -> String {
    match debt {
        Debt::LostFix(lost) => format!("{} is missing", code(lost)),
        Debt::MergeBack(line, None) => format!("merge back into {}", code(line)),
        Debt::MergeBack(line, Some(until)) => format!("merge back into {} by {}", code(line), day(until)),
    }
}

fn details(status: &Status, at: usize) -> String {
    let release = &status.releases[at];
    let mut out = String::new();
    if !status.next[at].is_empty() {
        let cut = release.cut.map_or_else(String::new, |cut| {
            format!(", cut from {} at {}", code(&status.cut_from), short(cut))
        });
        let _ = write!(
            out,
            "\nNext for {} ({}{cut}):\n{}\n",
            release.release,
            clean(release.state.name()),
            block(&status.next[at])
        );
    }
    out
}
