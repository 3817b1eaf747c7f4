//! The report that other programs and tests read; `docs/schema/report.json` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, clean};
use crate::policy::Mode;
use crate::verdict::Judged;

/// The JSON Schema of this report.
pub const SCHEMA: &str = include_str!("../../docs/schema/report.json");

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    command: &'a str,
    verdict: &'a str,
    policy: Policy<'a>,
    findings: Vec<Finding>,
    summary: Summary,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct Policy<'a> {
    source: String,
    mode: &'a str,
}

#[derive(Serialize)]
pub(super) struct Finding {
    rule: &'static str,
    level: &'static str,
    outcome: &'static str,
    r#ref: String,
    old: Option<String>,
    new: Option<String>,
    message: String,
    caption: Option<String>,
    commits: Vec<String>,
    commits_total: usize,
    notes: Vec<String>,
    clause: Option<Clause>,
    fix: Vec<String>,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Clause {
    file: String,
    line: u32,
}

#[derive(Serialize)]
struct Summary {
    refs: usize,
    errors: usize,
    warnings: usize,
    evaluated: usize,
    overridden: usize,
    excepted: usize,
    baselined: usize,
    undecidable: BTreeMap<String, Undecidable>,
}

#[derive(Serialize)]
struct Undecidable {
    count: usize,
    why: String,
}

/// Returns the report as one JSON object.
pub(super) fn render(report: &Report<'_>) -> String {
    let verdict = report.verdict;
    let counts = verdict.counts();
    let undecidable = verdict
        .undecidable
        .iter()
        .map(|(rule, open)| (rule.clone(), Undecidable { count: open.count, why: clean(&open.why) }));
    let root = Root {
        version: 1,
        command: report.command,
        verdict: if verdict.accepted() { "accepted" } else { "rejected" },
        policy: Policy {
            source: clean(&verdict.source),
            mode: if verdict.mode == Mode::Enforce { "enforce" } else { "evaluate" },
        },
        findings: verdict.findings.iter().map(finding).collect(),
        summary: Summary {
            refs: verdict.refs,
            errors: counts.errors,
            warnings: counts.warnings,
            evaluated: counts.evaluated,
            overridden: counts.overridden,
            excepted: counts.excepted,
            baselined: counts.baselined,
            undecidable: undecidable.collect(),
        },
        remarks: verdict.remarks.iter().map(|remark| clean(remark)).collect(),
    };
    let text = serde_json::to_string_pretty(&root).expect("text and numbers are always JSON");
    text + "\n"
}

pub(super) fn finding(judged: &Judged) -> Finding {
    let finding = &judged.finding;
    Finding {
        rule: finding.rule,
        level: judged.level.name(),
        outcome: judged.outcome.name(),
        r#ref: finding.name.to_string(),
        old: finding.old.map(|id| id.to_string()),
        new: finding.new.map(|id| id.to_string()),
        message: clean(&finding.message),
        caption: finding.caption.as_ref().map(|caption| clean(caption)),
        commits: finding.commits.iter().map(|commit| commit.id.to_string()).collect(),
        commits_total: finding.commits_total,
        notes: finding.notes.iter().map(|note| clean(note)).collect(),
        clause: finding.clause.as_ref().map(clause),
        fix: finding.fix.iter().map(|command| clean(command)).collect(),
        fingerprint: judged.fingerprint(),
        reason: judged.reason.as_ref().map(|reason| clean(reason)),
    }
}

pub(super) fn clause(clause: &crate::finding::Clause) -> Clause {
    Clause { file: clean(&clause.file), line: clause.line }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{every_outcome, hostile, judged, origin, report, verdict};
    use super::*;
    use crate::verdict::Outcome;

    #[test]
    fn the_report_has_the_published_form() {
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected)]);
        insta::assert_snapshot!(render(&report("pre-receive", &verdict)), @r#"
        {
          "version": 1,
          "command": "pre-receive",
          "verdict": "rejected",
          "policy": {
            "source": "policy.toml",
            "mode": "enforce"
          },
          "findings": [
            {
              "rule": "branch-origin",
              "level": "error",
              "outcome": "rejected",
              "ref": "refs/heads/hotfix/1.0.0-login",
              "old": null,
              "new": "5d1c000000000000000000000000000000000000",
              "message": "`hotfix/1.0.0-login` has commits of `develop`",
              "caption": "2 commits are on `develop` but not on `release-1.0.0`:",
              "commits": [
                "3f2a91c000000000000000000000000000000000",
                "8d0c4e1000000000000000000000000000000000"
              ],
              "commits_total": 2,
              "notes": [
                "a hotfix of 1.0.0 starts from `release-1.0.0`"
              ],
              "clause": {
                "file": "policy.toml",
                "line": 31
              },
              "fix": [
                "git fetch origin",
                "git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login"
              ],
              "fingerprint": "da8ada5e7ddd1e956af7abaef0c45978"
            }
          ],
          "summary": {
            "refs": 2,
            "errors": 1,
            "warnings": 0,
            "evaluated": 0,
            "overridden": 0,
            "excepted": 0,
            "baselined": 0,
            "undecidable": {}
          }
        }
        "#);
    }

    #[test]
    fn every_report_meets_the_schema() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let built_in = crate::finding::Clause { file: "built-in".to_owned(), line: 0 };
        let verdicts = [
            verdict(vec![]),
            every_outcome(),
            verdict(vec![
                judged(hostile(), Outcome::Rejected),
                judged(origin().clause(&built_in), Outcome::Warned),
            ]),
        ];
        for verdict in &verdicts {
            let value: serde_json::Value = serde_json::from_str(&render(&report("check", verdict))).unwrap();
            let wrong: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(wrong, Vec::<String>::new());
        }
        let forged = serde_json::json!({"version": 1, "verdict": "maybe"});
        assert!(!schema.is_valid(&forged));
    }
}
