//! The rules' pages: their sections, and the scenarios in them.

use flowcheck::rules::{RULES, Rule};
use flowcheck::scenario::Scenario;

use crate::Written;

const SECTIONS: [&str; 4] = ["What it does", "Why", "Fails", "Passes"];

/// A fenced scenario of a page.
struct Fence {
    section: String,
    line: usize,
    text: String,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut found = vec![];
    let mut section = String::new();
    let mut open: Option<Fence> = None;
    for (at, line) in page.lines().enumerate() {
        if let Some(mut fence) = open.take() {
            if line.trim_end() == "```" {
                found.push(fence);
            } else {
                fence.text += line;
                fence.text.push('\n');
                open = Some(fence);
            }
        } else if let Some(title) = line.strip_prefix("## ") {
            title.trim().clone_into(&mut section);
        } else if line.trim_end() == "```scenario" {
            open = Some(Fence { section: section.clone(), line: at + 1, text: String::new() });
        }
    }
    found
}

fn place(rule: &Rule, fence: &Fence) -> String {
    format!("the page of {}, `{}`", rule.id, fence.section)
}

/// Returns every scenario of every page.
pub fn examples() -> Vec<Written> {
    let of = |rule: &&Rule| {
        let rule = *rule;
        let written =
            |fence: Fence| Written { place: place(rule, &fence), line: fence.line, text: fence.text };
        fences(rule.docs).into_iter().map(written).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(of).collect()
}

#[test]
fn every_rule_has_its_page() {
    let mut missing = vec![];
    for rule in RULES {
        let has = |section: &str| rule.docs.lines().any(|line| line.trim_end() == format!("## {section}"));
        let lacks: Vec<&str> = SECTIONS.into_iter().filter(|section| !has(section)).collect();
        if !lacks.is_empty() {
            missing.push(format!("{}: {}", rule.id, lacks.join(", ")));
        }
    }
    assert!(missing.is_empty(), "sections that are missing:\n{}", missing.join("\n"));
}

#[test]
fn what_fails_is_of_the_rule_and_what_passes_is_accepted() {
    let wrong: Vec<String> = RULES.iter().flat_map(|rule| objections(rule)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn objections(rule: &Rule) -> Vec<String> {
    let fences = fences(rule.docs);
    let of = |section: &str| -> Vec<Vec<String>> {
        let those = fences.iter().filter(|fence| fence.section == section);
        those.filter_map(|fence| Scenario::read(&fence.text).ok()).map(|read| expected(&read)).collect()
    };
    let (fails, passes) = (of("Fails"), of("Passes"));
    let mut wrong = vec![];
    let names_it =
        |findings: &Vec<String>| findings.iter().any(|finding| finding.contains(&format!("{} ", rule.id)));
    if fails.is_empty() || !fails.iter().all(names_it) {
        wrong.push(format!("{}: `Fails` shows no scenario with a finding of it", rule.id));
    }
    let rejects = |findings: &Vec<String>| findings.iter().any(|finding| finding.split(' ').count() == 2);
    if passes.is_empty() || passes.iter().any(rejects) {
        wrong.push(format!("{}: `Passes` shows no scenario that is accepted", rule.id));
    }
    wrong
}

fn expected(scenario: &Scenario) -> Vec<String> {
    let pushes = scenario.pushes.iter().flat_map(|push| push.expect.clone());
    pushes.chain(scenario.audit.clone().unwrap_or_default()).collect()
}
