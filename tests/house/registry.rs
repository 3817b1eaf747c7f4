//! No rule's file is forgotten in the registry, and none is listed twice.

use std::collections::BTreeSet;

use flowcheck::rules::RULES;

use crate::{files, top};

#[test]
fn every_file_of_a_rule_is_in_the_registry() {
    let files: BTreeSet<String> = files(&top().join("src/rules"), "rs")
        .iter()
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().replace('_', "-"))
        .filter(|stem| !["mod", "words"].contains(&stem.as_str()))
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
