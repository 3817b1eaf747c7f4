//! The findings, rule by rule, each with its fix and a link of its own.

use std::collections::BTreeMap;

use super::super::markup::{Element, element};
use super::super::{Report, groups, place, short};
use super::{commands, prose, rule};
use crate::flow::Circumstance;
use crate::verdict::{Judged, Outcome, Verdict};

/// Returns the fragment that leads to each finding: `branch-origin-91288d3`.
pub(super) fn anchors(verdict: &Verdict) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let anchors = verdict.findings.iter().map(|judged| {
        let finding = &judged.finding;
        let object = finding.new.or(finding.object).or(finding.old);
        let known = object.map_or_else(|| judged.fingerprint()[..7].to_owned(), short);
        let anchor = format!("{}-{known}", finding.rule);
        let times = seen.entry(anchor.clone()).or_default();
        *times += 1;
        if *times == 1 { anchor } else { format!("{anchor}-{times}") }
    });
    anchors.collect()
}

/// Returns all findings.
pub(super) fn all(report: &Report<'_>, anchors: &[String]) -> Element {
    let section = element("section").with("id", "findings").holding(element("h2").text("Findings"));
    if report.verdict.findings.is_empty() {
        return section.holding(element("p").text("Nothing was found."));
    }
    let mut section = section;
    for group in groups::by_rule(report) {
        let head = element("h3").holding(rule::link(group.rule.id)).text(format!(": {}", group.rule.summary));
        section = section.holding(head);
        for part in group.releases {
            let name = part.name.map(|name| element("h4").text(name));
            section = section.all(name).all(part.findings.iter().map(|at| article(report, *at, anchors)));
        }
    }
    section
}

fn article(report: &Report<'_>, at: usize, anchors: &[String]) -> Element {
    let judged = &report.verdict.findings[at];
    let finding = &judged.finding;
    let (class, word) = word(judged);
    let link = element("a").class("number").with("href", format!("#{}", anchors[at])).text(at + 1);
    let head = element("p").class("message").holding(link).holding(element("strong").class(class).text(word));
    let head = head.text(" ").nodes(prose(&finding.message));
    let mut article = element("article").with("id", &anchors[at]).class(class).holding(head);
    if let Some(circumstance) = report.audited.and_then(|audited| audited.account.each.get(at)) {
        article = article.holding(element("p").class("muted").text(circumstances(judged, circumstance)));
    }
    if let Some(reason) = &judged.reason {
        article = article.holding(element("p").text(format!("Reason: {reason}")));
    }
    article = article.all(listed(judged));
    article = article.all(finding.notes.iter().map(|note| element("p").nodes(prose(note))));
    let clause = finding.clause.as_ref().map(|clause| format!("Asked for by {}.", place(clause)));
    article = article.all(clause.map(|clause| element("p").class("muted").text(clause)));
    let fix = (!finding.fix.is_empty()).then(|| commands(&finding.fix));
    article.all(fix)
}

fn word(judged: &Judged) -> (&'static str, &'static str) {
    match judged.outcome {
        Outcome::Rejected => ("bad", "error"),
        Outcome::Evaluated => ("warn", "error, only evaluated"),
        Outcome::Warned => ("warn", "warning"),
        other => ("done", other.name()),
    }
}

fn circumstances(judged: &Judged, circumstance: &Circumstance) -> String {
    let finding = &judged.finding;
    let object = finding.object.or(finding.new).map(|id| format!(" at {}", short(id)));
    let mut words = format!("{}{}", circumstance.branch, object.unwrap_or_default());
    words.extend(circumstance.person.iter().map(|person| format!(", by {person}")));
    words.extend(circumstance.month.iter().map(|month| format!(", {month}")));
    words
}

fn listed(judged: &Judged) -> Vec<Element> {
    let finding = &judged.finding;
    let caption = finding.caption.iter().map(|caption| element("p").nodes(prose(caption)));
    let more = finding.commits_total.saturating_sub(finding.commits.len());
    let commits = finding.commits.iter().map(|commit| {
        element("li").holding(element("code").text(short(commit.id))).text(format!(" {}", commit.subject))
    });
    let more =
        (more > 0 && !finding.commits.is_empty()).then(|| element("li").text(format!("and {more} more")));
    let list = (!finding.commits.is_empty()).then(|| element("ul").class("commits").all(commits).all(more));
    caption.chain(list).collect()
}
