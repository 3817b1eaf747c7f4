//! The picture as a document: well formed, complete, small, and the same every time.

use std::collections::BTreeSet;

use super::{Picture, render};
use crate::finding::Finding;
use crate::flow::samples::{Sample, found, judged, on_develop, sprint, sprints};
use crate::history::RefName;

fn drawn(sample: &Sample) -> String {
    let (flow, findings) = (&sample.flow, sample.verdict.findings.as_slice());
    render(&Picture { flow, findings, title: "Shop", anchors: None })
}

/// The numbers of the findings that a picture marks, its list left out.
fn marked(text: &str) -> BTreeSet<usize> {
    let document = roxmltree::Document::parse(text).expect("well-formed XML");
    let listed = |node: &roxmltree::Node<'_, '_>| {
        node.ancestors().any(|above| above.attribute("class") == Some("fc-list"))
    };
    let marks = document.descendants().filter(|node| !listed(node));
    let marks = marks.filter_map(|node| node.attribute("data-findings"));
    marks.flat_map(|list| list.split(' ').map(|n| n.parse::<usize>().unwrap())).collect()
}

#[test]
fn a_picture_is_well_formed_and_says_what_it_is() {
    let text = drawn(&judged(&sprint()));
    let document = roxmltree::Document::parse(&text).expect("well-formed XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("role"), Some("img"));
    let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
    for (id, tag) in named.into_iter().zip(["title", "desc"]) {
        let node = document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap();
        assert_eq!(node.tag_name().name(), tag);
        assert!(!node.text().unwrap().is_empty());
    }
    for lane in ["master", "develop", "release-1.0.0", "v1.0.0-hotfix1", "feature/basket", "my-branch"] {
        assert!(document.descendants().any(|node| node.text() == Some(lane)), "{lane} is not there");
    }
    assert!(text.contains("prefers-color-scheme:dark"));
}

#[test]
fn every_finding_has_a_mark() {
    let sample = judged(&sprint());
    assert!(sample.verdict.findings.len() >= 2);
    assert_eq!(marked(&drawn(&sample)), (1..=sample.verdict.findings.len()).collect());
}

#[test]
fn what_is_said_alike_is_listed_once() {
    let history = sprints(9);
    let text = drawn(&found(&history, (1..=9).map(|n| on_develop(&history, &format!("M{n}"))).collect()));
    let document = roxmltree::Document::parse(&text).expect("well-formed XML");
    let list = document.descendants().find(|node| node.attribute("class") == Some("fc-list")).unwrap();
    let lines: Vec<&str> =
        list.children().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
    assert_eq!(lines, ["direct-commit: develop takes it"]);
    assert!(list.descendants().any(|node| node.text() == Some("1–9")));
}

#[test]
fn nothing_is_asked_for_and_nothing_runs() {
    let text = drawn(&judged(&sprint()));
    for bad in ["<script", "href", "url(", "@import", "onload"] {
        assert!(!text.contains(bad), "{bad}");
    }
    let without = text.replace("http://www.w3.org/2000/svg", "");
    assert!(!without.contains("http"), "only the namespace is an address");
}

#[test]
fn hostile_names_are_text() {
    let mut drawn_history = sprint();
    drawn_history = drawn_history.at("O", "feature/<script>alert(1)</script>\"'&");
    let mut evil = on_develop(&drawn_history, "Z");
    evil.message = "\u{1b}[2J</desc><script>alert(2)</script>".to_owned();
    let name = RefName::of_branch("feature/<script>alert(1)</script>\"'&");
    let about = Finding { rule: "branch-name", ..Finding::new(&name, "`<b>`") };
    let text = drawn(&found(&drawn_history, vec![evil, about]));
    let document = roxmltree::Document::parse(&text).expect("well-formed XML");
    assert!(!document.descendants().any(|node| ["script", "b"].contains(&node.tag_name().name())));
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn three_hundred_releases_fit() {
    let drawn_history = sprints(300);
    let findings = (1..=300).map(|n| on_develop(&drawn_history, &format!("M{n}"))).collect();
    let text = drawn(&found(&drawn_history, findings));
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert_eq!(marked(&text).len(), 300);
    assert!(text.contains("292 releases"));
}

#[test]
fn what_hangs_lower_is_drawn_first_so_that_names_cover_its_arc() {
    let text = drawn(&judged(&sprint()));
    let document = roxmltree::Document::parse(&text).expect("well-formed XML");
    let arcs = document.descendants().filter(|node| node.attribute("class") == Some("fc-arc"));
    let names = arcs.filter_map(|arc| arc.next_sibling_element()?.attribute("y")?.parse::<i32>().ok());
    let heights: Vec<i32> = names.collect();
    assert!(heights.first() > heights.last(), "{heights:?}");
    assert!(heights.is_sorted_by(|earlier, later| earlier >= later), "{heights:?}");
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    assert_eq!(drawn(&judged(&sprint())), drawn(&judged(&sprint())));
}

#[test]
fn a_small_picture() {
    let history = crate::flow::samples::story(
        &["A:", "F: A", "M: A F  Merge branch 'feature/basket' into develop"],
        &[("develop", "M")],
    );
    let text = drawn(&found(&history, vec![]));
    let start = text.find("<g><title>develop</title>").unwrap();
    let end = text.find("<g><g transform").unwrap();
    insta::assert_snapshot!(text[start..end].trim_end(), @r#"
    <g><title>develop</title><path class="fc-line fc-i" d="M103 190H129"/><path class="fc-line fc-i" d="M129 190H187"/><path class="fc-line fc-i" d="M187 190H993"/></g>
    <g><text class="fc-name fc-i fc-end" x="89" y="195">develop</text></g>
    <g><title>feature/basket, a feature, 1 commit</title><path class="fc-arc" d="M143 190Q143 218 157 218H173Q187 218 187 190"/><text class="fc-small fc-halo fc-mid" x="165" y="231">feature/basket</text></g>
    <g><title>A (82a01dc)</title><circle class="fc-dot fc-i" cx="129" cy="190" r="4"/></g>
    <g><title>Merge branch &apos;feature/basket&apos; into develop (f7eabac)</title><circle class="fc-dot fc-full fc-i" cx="187" cy="190" r="5"/></g>
    "#);
}
