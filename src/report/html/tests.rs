//! The page as a document: well formed, complete, and sufficient.

use super::super::samples::{every_outcome, hostile, judged as outcome, report};
use super::super::{Audited, Format, Report, render};
use crate::flow::samples::{Sample, judged, sprint};
use crate::verdict::{Outcome, Verdict};

fn parse(text: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(text, options).expect("well-formed XML, and so HTML")
}

fn of_audit(sample: Sample) -> (Verdict, String) {
    let audited = Audited { account: sample.account, flow: Some(sample.flow), statistics: false };
    let verdict = sample.verdict;
    let text = render(&Report { audited: Some(&audited), ..report("audit", &verdict) }, Format::Html);
    (verdict, text)
}

#[test]
fn every_finding_has_an_anchor_a_mark_a_fix_and_its_rule() {
    let (verdict, text) = of_audit(judged(&sprint()));
    let document = parse(&text);
    let articles: Vec<_> = document.descendants().filter(|node| node.has_tag_name("article")).collect();
    assert_eq!(articles.len(), verdict.findings.len());
    let ids: std::collections::BTreeSet<&str> =
        document.descendants().filter_map(|node| node.attribute("id")).collect();
    for judged in &verdict.findings {
        assert!(ids.contains(format!("rule-{}", judged.finding.rule).as_str()));
        for command in &judged.finding.fix {
            let shown = document.descendants().filter(|node| node.has_tag_name("code"));
            assert!(
                shown.into_iter().any(|node| node.text().is_some_and(|text| text.contains(command))),
                "{command}"
            );
        }
    }
    let links = document.descendants().filter_map(|node| node.attribute("href"));
    for link in links {
        assert!(ids.contains(link.strip_prefix('#').expect("links lead nowhere else")), "{link}");
    }
    let marks = document.descendants().filter_map(|node| node.attribute("data-findings"));
    let mut marked: Vec<usize> = marks.flat_map(|list| list.split(' ').map(|n| n.parse().unwrap())).collect();
    marked.sort_unstable();
    assert_eq!(marked, (1..=verdict.findings.len()).collect::<Vec<_>>());
}

#[test]
fn an_anchor_names_the_rule_and_the_object() {
    let verdict = every_outcome();
    let anchors = super::findings::anchors(&verdict);
    assert_eq!(anchors[..2], ["branch-origin-5d1c000", "branch-origin-5d1c000-2"]);
}

#[test]
fn a_page_needs_nothing_else() {
    let (_, text) = of_audit(judged(&sprint()));
    for bad in ["<script", "<link", "url(", "@import", "src=", "onload"] {
        assert!(!text.contains(bad), "{bad}");
    }
    let without = text.replace("http://www.w3.org/2000/svg", "");
    assert!(!without.contains("http"), "only the namespace is an address");
    assert!(text.contains("prefers-color-scheme:dark") && text.contains("@media print"));
}

#[test]
fn hostile_text_is_text() {
    let verdict = super::super::samples::verdict(vec![outcome(hostile(), Outcome::Rejected)]);
    let text = render(&report("audit", &verdict), Format::Html);
    let document = parse(&text);
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
}

#[test]
fn every_page_of_a_rule_can_be_shown() {
    for rule in crate::rules::RULES {
        let mut text = String::new();
        super::element("div").all(super::rule::body(rule.docs)).write(&mut text);
        let document = parse(&text);
        let pictures = document.descendants().filter(|node| node.has_tag_name("svg")).count();
        let told = rule.docs.matches("history = ").count();
        let as_text = document.descendants().filter(|node| node.has_tag_name("pre")).count();
        assert!(pictures + as_text >= told, "{}: {pictures} of {told} pictures", rule.id);
        assert!(pictures > 0 || told == 0, "{}: no picture is drawn", rule.id);
        assert!(!text.contains("```") && !text.contains("## "), "{}", rule.id);
    }
}

#[test]
fn the_same_history_gives_the_same_page() {
    assert_eq!(of_audit(judged(&sprint())).1, of_audit(judged(&sprint())).1);
}
