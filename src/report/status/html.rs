//! The status as a page.

use super::super::html::{commands, page, prose};
use super::super::markup::{Element, element};
use super::super::{count, short};
use super::text::owed;
use super::{Debt, Place, Status, day, held, moment, proof};
use crate::facts::{Proof, VersionStatus};

/// How many names of what came in are listed.
const NAMES: usize = 30;

/// Returns the status as a page that needs nothing else.
#[must_use]
pub fn html(status: &Status) -> String {
    let (done, open): (Vec<usize>, Vec<usize>) =
        (0..status.releases.len()).rev().partition(|at| status.is_done(*at));
    let mut body = vec![head(status)];
    body.extend(coming(status));
    body.extend(open.into_iter().map(|at| release(status, at)));
    body.extend((!done.is_empty()).then(|| closed(status, &done)));
    page("flowcheck status", body)
}

fn head(status: &Status) -> Element {
    let mut lines = vec![running(status)];
    let back = status.roll_back_to();
    if !back.is_empty() {
        let back: Vec<&str> = back.into_iter().take(4).collect();
        lines.push(element("p").class("muted").text(format!("It could go back to {}.", back.join(", "))));
    }
    let elsewhere = status.places.iter().filter(|place| place.name != status.environment);
    let elsewhere: Vec<Element> = elsewhere.flat_map(place).collect();
    if !elsewhere.is_empty() {
        lines.push(element("ul").class("facts").all(elsewhere));
    }
    lines.extend(status.expired.iter().map(|expired| {
        let text = format!("the exception from `{}` for `{}` has expired", expired.rule, expired.name);
        let place = format!(" ({}, {})", day(expired.at), super::super::place(&expired.clause));
        element("p").class("owed").text("Owed: ").nodes(prose(&text)).text(place)
    }));
    element("header").holding(element("h1").text("Where the releases stand")).all(lines)
}

fn running(status: &Status) -> Element {
    let Some((tag, since, by)) = status.running() else {
        return element("p").text(super::at_rest(status, "Nothing", &status.environment) + ".");
    };
    let by = if by.is_empty() { String::new() } else { format!(", confirmed by {by}") };
    let what = element("p").text(format!("{} runs ", status.environment));
    what.holding(element("code").text(tag)).text(format!(" since {}{by}.", moment(since)))
}

fn place(place: &Place) -> Vec<Element> {
    let verb = if place.by_record { "runs" } else { "takes" };
    let held = place.holds.iter().map(|held| {
        let item = element("li").text(format!("{} {verb} ", place.name));
        item.holding(element("code").text(&held.name)).text(format!(" since {}", day(held.since)))
    });
    held.collect()
}

/// What comes next: what waits for a release, and how to cut one where none is open.
fn coming(status: &Status) -> Option<Element> {
    if status.coming.is_empty() && status.cut_next.is_empty() {
        return None;
    }
    let waits = element("p").text(format!("On {} for the next release: ", status.cut_from));
    let waits = (!status.coming.is_empty()).then(|| waits.all(names(&status.coming)));
    let cut = element("p").text("No release is open. Cut one:");
    let cut = (!status.cut_next.is_empty()).then(|| [cut, commands(&status.cut_next)]);
    let section = element("section").class("release").holding(element("h3").text("Next"));
    Some(section.all(waits).all(cut.into_iter().flatten()))
}

fn names(names: &[String]) -> Vec<Element> {
    let more = names.len().saturating_sub(NAMES);
    let listed = names.iter().take(NAMES).map(|name| element("code").class("name").text(name));
    listed.chain((more > 0).then(|| element("span").text(format!("and {more} more")))).collect()
}

fn release(status: &Status, at: usize) -> Element {
    let release = &status.releases[at];
    let state = element("span").class("state").text(release.state.name());
    let mut rows = vec![line(status, at)];
    if let Some(cut) = release.cut {
        rows.push(("cut", element("dd").text(format!("from {} at {}", status.cut_from, short(cut)))));
    }
    if !status.brought[at].is_empty() {
        rows.push(("brought", element("dd").all(names(&status.brought[at]))));
    }
    rows.extend(release.versions.iter().map(|version| ("tag", tag(status, version))));
    if let (true, Some(newest)) = (release.unreleased > 0, release.versions.last()) {
        let beyond = format!("{} beyond {}", count(release.unreleased, "commit"), newest.tag);
        rows.push(("untagged", element("dd").text(beyond)));
    }
    for line in &release.merged_back {
        if let Some(how) = held(line.presence) {
            rows.push(("back in", element("dd").text(format!("{} ({how})", status.line(line.line)))));
        }
    }
    rows.extend(status.owed(at).into_iter().map(|debt| ("owed", debt_words(status, debt))));
    let list = rows.into_iter().flat_map(|(word, what)| [element("dt").text(word), what]);
    let next = (!status.next[at].is_empty()).then(|| commands(&status.next[at]));
    element("section")
        .class("release")
        .with("id", format!("release-{}", release.release))
        .holding(element("h3").text(release.release).holding(state))
        .holding(element("dl").all(list))
        .all(next)
}

fn line(status: &Status, at: usize) -> (&'static str, Element) {
    let release = &status.releases[at];
    let gone = if release.tip.is_none() { " (gone)" } else { "" };
    ("line", element("dd").holding(element("code").text(&release.line)).text(gone))
}

fn debt_words(status: &Status, debt: Debt<'_>) -> Element {
    element("dd").holding(element("strong").class("owed").text(owed(status, debt)))
}

fn tag(status: &Status, version: &VersionStatus) -> Element {
    let sign = match version.proof {
        Proof::Confirmed if status.required => "✓ ",
        Proof::RolledBack(_) => "↶ ",
        _ => "",
    };
    let mut words = vec![format!("{sign}{}", proof(status, version))];
    words.extend(version.standings.iter().map(|standing| {
        let verb = if standing.deployed { "runs in" } else { "rolled back in" };
        let by = if standing.by.is_empty() { String::new() } else { format!(" by {}", standing.by) };
        let why = standing.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        format!("{verb} {} since {}{by}{why}", standing.environment, moment(standing.since))
    }));
    element("dd").holding(element("code").text(&version.tag)).text(format!(" {}", words.join("; ")))
}

fn closed(status: &Status, done: &[usize]) -> Element {
    let head = |text| element("th").with("scope", "col").text(text);
    let heads = [head("Release"), head("Newest tag").class("words"), head("Brought")];
    let rows = done.iter().map(|at| {
        let release = &status.releases[*at];
        let newest = release.versions.last().map_or("", |version| version.tag.as_str());
        let brought = match status.brought[*at].len() {
            0 => String::new(),
            n => n.to_string(),
        };
        element("tr")
            .holding(element("th").with("scope", "row").text(release.release))
            .holding(element("td").class("words").text(newest))
            .holding(element("td").text(brought))
    });
    let table = element("table")
        .holding(element("thead").holding(element("tr").all(heads)))
        .holding(element("tbody").all(rows));
    element("section").holding(element("h2").text("Closed")).holding(table)
}
