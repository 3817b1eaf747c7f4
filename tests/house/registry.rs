//! No rule's file is forgotten in the registry, and none is listed twice.

use std::collections::BTreeSet;

use flowcheck::rules::RULES;

use crate::{files, text, top};

#[test]
fn every_file_of_a_rule_is_in_the_registry() {
    let files: BTreeSet<String> = files(&top().join("src/rules"), "rs")
        .iter()
        .filter(|path| text(path).contains("static RULE: Rule"))
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().replace('_', "-"))
        .collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    let forgotten: Vec<_> = files.difference(&rules).collect();
    let without_a_file: Vec<_> = rules.difference(&files).collect();
    assert!(forgotten.is_empty(), "in src/rules/ but not in RULES: {forgotten:?}");
    assert!(
        without_a_file.is_empty(),
        "in RULES but without a file of that name in src/rules/: {without_a_file:?}"
    );
    assert_eq!(rules.len(), RULES.len(), "a rule is in RULES twice");
}

#[test]
fn every_page_is_of_a_rule_and_every_rule_has_its_page() {
    let pages: BTreeSet<String> = files(&top().join("docs/rules"), "md")
        .iter()
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    for page in &pages {
        assert!(flowcheck::rules::find(page).is_some(), "docs/rules/{page}.md is the page of no rule");
    }
    for rule in RULES.iter().filter(|rule| !rule.docs.is_empty()) {
        assert!(pages.contains(rule.id), "the page of {} is not in docs/rules/", rule.id);
        assert_eq!(
            rule.docs,
            text(&top().join(format!("docs/rules/{}.md", rule.id))),
            "the page of {}",
            rule.id
        );
    }
}

#[test]
fn the_index_of_the_rules_is_complete() {
    let index = text(&top().join("docs/rules.md"));
    let listed: Vec<&str> = index.lines().filter(|line| line.starts_with("| [")).collect();
    let wanted: Vec<String> = RULES
        .iter()
        .map(|rule| {
            format!("| [`{0}`](rules/{0}.md) | {1} | {2} |", rule.id, rule.level.name(), rule.summary)
        })
        .collect();
    assert!(listed == wanted, "the table in docs/rules.md has to be:\n{}", wanted.join("\n"));
}
