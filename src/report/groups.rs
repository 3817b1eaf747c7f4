//! Findings in the order in which people read an audit: rule by rule, and in each release by release.

use std::collections::BTreeMap;

use super::Report;
use crate::rules::{RULES, Rule};

/// The findings of one rule.
pub(super) struct Group {
    pub rule: &'static Rule,
    pub releases: Vec<Part>,
}

/// The findings of one rule about one release, by their places in the verdict.
pub(super) struct Part {
    /// The release in words; `None` where nobody knows of releases.
    pub name: Option<String>,
    pub findings: Vec<usize>,
}

/// What is said of findings that belong to no release.
pub(super) const NO_RELEASE: &str = "in no release yet";

/// Returns the findings, rule by rule in the order of the rules, release by release in flow order.
pub(super) fn by_rule(report: &Report<'_>) -> Vec<Group> {
    let mut groups = vec![];
    for rule in RULES {
        let mut parts: BTreeMap<_, Part> = BTreeMap::new();
        for (at, _) in
            report.verdict.findings.iter().enumerate().filter(|(_, judged)| judged.finding.rule == rule.id)
        {
            let circumstance = report.audited.and_then(|audited| audited.account.each.get(at));
            let release = circumstance.map(|circumstance| circumstance.release);
            let name =
                release.map(|release| release.map_or(NO_RELEASE.to_owned(), |release| release.to_string()));
            // What is in no release yet is the newest.
            let key = release.map(|release| (release.is_none(), release));
            parts.entry(key).or_insert_with(|| Part { name, findings: vec![] }).findings.push(at);
        }
        if !parts.is_empty() {
            groups.push(Group { rule, releases: parts.into_values().collect() });
        }
    }
    groups
}
