//! GitLab's Code Quality report, shown beside the changes of a merge request.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, clean};
use crate::finding::Finding;
use crate::history::RefName;
use crate::verdict::{Judged, Outcome, fingerprint};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Returns the report as one array.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut seen = BTreeMap::new();
    let mut issues: Vec<Issue> =
        report.verdict.findings.iter().map(|judged| issue(judged, &mut seen)).collect();
    issues.extend(report.verdict.remarks.iter().map(|remark| of_remark(remark)));
    serde_json::to_string_pretty(&issues).expect("text and numbers are always JSON") + "\n"
}

fn issue(judged: &Judged, seen: &mut BTreeMap<String, usize>) -> Issue {
    let finding = &judged.finding;
    let notes = finding.notes.iter().map(|note| format!("; {}", clean(note)));
    let what: String = [clean(&finding.message)].into_iter().chain(notes).collect();
    Issue {
        description: format!("{}: {what}{}", finding.name, excuse(judged)),
        check_name: finding.rule,
        fingerprint: distinct(judged.fingerprint(), seen),
        severity: severity(judged),
        location: location(judged),
    }
}

/// The report has no place for what is said beside the findings: it becomes an issue as well.
fn of_remark(remark: &str) -> Issue {
    Issue {
        description: clean(remark),
        check_name: "flowcheck",
        fingerprint: fingerprint(&Finding::new(&RefName::new(remark), remark)),
        severity: "info",
        location: Location { path: "policy.toml".to_owned(), lines: Lines { begin: 1 } },
    }
}

fn severity(judged: &Judged) -> &'static str {
    match judged.outcome {
        Outcome::Rejected => "major",
        Outcome::Warned | Outcome::Evaluated => "minor",
        Outcome::Overridden | Outcome::Excepted | Outcome::Baselined => "info",
    }
}

fn excuse(judged: &Judged) -> String {
    match &judged.reason {
        Some(reason) => format!(" ({}: {})", judged.outcome.name(), clean(reason)),
        None => String::new(),
    }
}

/// GitLab merges issues of one fingerprint into one.
fn distinct(fingerprint: String, seen: &mut BTreeMap<String, usize>) -> String {
    let times = seen.entry(fingerprint.clone()).or_default();
    *times += 1;
    if *times == 1 { fingerprint } else { format!("{fingerprint}-{times}") }
}

/// Returns the clause's place; every issue must have one.
fn location(judged: &Judged) -> Location {
    let clause = judged.finding.clause.as_ref().filter(|clause| clause.file != "built-in");
    let path = clause.map_or("policy.toml", |clause| clause.file.trim_start_matches("./"));
    let begin = clause.map_or(1, |clause| clause.line.max(1));
    Location { path: clean(path), lines: Lines { begin } }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::samples::{every_outcome, judged, name, report, verdict};
    use super::*;

    fn issues(verdict: &crate::verdict::Verdict) -> Vec<Value> {
        serde_json::from_str(&render(&report("audit", verdict))).unwrap()
    }

    #[test]
    fn a_remark_is_an_issue_for_information() {
        let mut verdict = verdict(vec![]);
        verdict.remarks.push("this clone is shallow".to_owned());
        let issues = issues(&verdict);
        assert_eq!(issues[0]["description"], "this clone is shallow");
        assert_eq!(issues[0]["severity"], "info");
    }

    #[test]
    fn an_issue_points_at_the_clause() {
        insta::assert_json_snapshot!(issues(&every_outcome())[3], @r#"
        {
          "description": "refs/heads/hotfix/1.0.0-login: `hotfix/1.0.0-login` has commits of `develop`; a hotfix of 1.0.0 starts from `release-1.0.0` (overridden: INC-1 prod is down (alice))",
          "check_name": "branch-origin",
          "fingerprint": "da8ada5e7ddd1e956af7abaef0c45978-4",
          "severity": "info",
          "location": {
            "path": "policy.toml",
            "lines": {
              "begin": 31
            }
          }
        }
        "#);
    }

    #[test]
    fn no_two_issues_are_merged() {
        let issues = issues(&every_outcome());
        let fingerprints: std::collections::BTreeSet<_> =
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(fingerprints.len(), issues.len());
    }

    #[test]
    fn every_issue_has_a_place() {
        let issues = issues(&verdict(vec![judged(name(), Outcome::Warned)]));
        assert_eq!(issues[0]["location"]["path"], "policy.toml");
        assert_eq!(issues[0]["location"]["lines"]["begin"], 1);
        assert_eq!(issues[0]["severity"], "minor");
    }
}
