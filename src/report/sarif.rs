//! SARIF 2.1.0, which code scanning reads.
//!
//! A ref has no file, so a result points at the clause of the policy; ref and commits are logical
//! locations.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, clean};
use crate::finding::{Clause, Level};
use crate::rules::{RULES, Rule};
use crate::verdict::{Judged, Outcome};

/// How many results one run may have before code scanning refuses it.
const MOST: usize = 25_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    automation_details: AutomationDetails,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Result<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<ReportingDescriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportingDescriptor {
    id: &'static str,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: &'static str,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Result<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    suppressions: Vec<Suppression>,
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct Properties {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fix: Vec<String>,
}

/// Returns the report as one run.
pub(super) fn render(report: &Report<'_>) -> String {
    let findings = &report.verdict.findings;
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "flowcheck",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: RULES.iter().map(|rule| descriptor(rule)).collect(),
                },
            },
            automation_details: AutomationDetails { id: format!("flowcheck/{}/", report.command) },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications(report),
            }],
            column_kind: "unicodeCodePoints",
            results: findings.iter().take(MOST).map(result).collect(),
        }],
    };
    serde_json::to_string_pretty(&log).expect("text and numbers are always JSON") + "\n"
}

fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let page = rule.docs.trim();
    let help = || Help { text: rule.summary.to_owned(), markdown: page.to_owned() };
    ReportingDescriptor {
        id: rule.id,
        short_description: Message { text: rule.summary.to_owned() },
        help: (!page.is_empty()).then(help),
        default_configuration: Configuration {
            enabled: rule.level != Level::Off,
            level: if rule.level == Level::Warn { "warning" } else { "error" },
        },
    }
}

fn notifications(report: &Report<'_>) -> Vec<Notification> {
    let verdict = report.verdict;
    let open = verdict.undecidable.iter().map(|(rule, open)| {
        format!("{rule}: {} without an answer: {}", super::count(open.count, "question"), clean(&open.why))
    });
    let left = verdict.findings.len().saturating_sub(MOST);
    let cut = (left > 0).then(|| format!("{left} more results are left out"));
    let remarks = verdict.remarks.iter().map(|remark| clean(remark));
    open.chain(remarks)
        .chain(cut)
        .map(|text| Notification { level: "note", message: Message { text } })
        .collect()
}

fn result(judged: &Judged) -> Result<'_> {
    let finding = &judged.finding;
    Result {
        rule_id: finding.rule,
        rule_index: RULES.iter().position(|rule| rule.id == finding.rule),
        level: if judged.level == Level::Error { "error" } else { "warning" },
        message: Message { text: sentences(judged) },
        locations: [Location {
            physical_location: finding.clause.as_ref().and_then(physical),
            logical_locations: logical(judged),
        }],
        partial_fingerprints: BTreeMap::from([("flowcheck/v1", judged.fingerprint())]),
        suppressions: suppression(judged).into_iter().collect(),
        properties: Properties {
            outcome: judged.outcome.name(),
            fix: finding.fix.iter().map(|command| clean(command)).collect(),
        },
    }
}

fn sentences(judged: &Judged) -> String {
    let finding = &judged.finding;
    let notes = finding.notes.iter().map(|note| clean(note));
    [clean(&finding.message)].into_iter().chain(notes).collect::<Vec<_>>().join(". ") + "."
}

fn physical(clause: &Clause) -> Option<PhysicalLocation> {
    if clause.file == "built-in" {
        return None;
    }
    let region = (clause.line > 0).then_some(Region { start_line: clause.line });
    Some(PhysicalLocation { artifact_location: ArtifactLocation { uri: uri(&clause.file) }, region })
}

fn logical(judged: &Judged) -> Vec<LogicalLocation> {
    let finding = &judged.finding;
    let named = LogicalLocation {
        name: finding.name.short(),
        fully_qualified_name: finding.name.to_string(),
        kind: "ref",
    };
    let commits = finding.commits.iter().map(|commit| LogicalLocation {
        name: super::short(commit.id),
        fully_qualified_name: commit.id.to_string(),
        kind: "commit",
    });
    [named].into_iter().chain(commits).collect()
}

fn suppression(judged: &Judged) -> Option<Suppression> {
    let excused = matches!(judged.outcome, Outcome::Overridden | Outcome::Excepted | Outcome::Baselined);
    excused.then(|| Suppression {
        kind: "external",
        status: "accepted",
        justification: judged.reason.as_ref().map_or_else(String::new, |reason| clean(reason)),
    })
}

/// Returns a path as a URI reference.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encoded: Vec<String> = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    scheme.to_owned() + &encoded.concat()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::samples::{every_outcome, judged, name, report, verdict};
    use super::*;

    fn run(verdict: &crate::verdict::Verdict) -> Value {
        let mut log: Value = serde_json::from_str(&render(&report("audit", verdict))).unwrap();
        log["runs"][0].take()
    }

    #[test]
    fn a_result_points_at_the_clause_the_ref_and_the_commits() {
        let run = run(&every_outcome());
        insta::assert_json_snapshot!(run["results"][3], @r#"
        {
          "ruleId": "branch-origin",
          "ruleIndex": 3,
          "level": "error",
          "message": {
            "text": "`hotfix/1.0.0-login` has commits of `develop`. a hotfix of 1.0.0 starts from `release-1.0.0`."
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "policy.toml"
                },
                "region": {
                  "startLine": 31
                }
              },
              "logicalLocations": [
                {
                  "name": "hotfix/1.0.0-login",
                  "fullyQualifiedName": "refs/heads/hotfix/1.0.0-login",
                  "kind": "ref"
                },
                {
                  "name": "3f2a91c",
                  "fullyQualifiedName": "3f2a91c000000000000000000000000000000000",
                  "kind": "commit"
                },
                {
                  "name": "8d0c4e1",
                  "fullyQualifiedName": "8d0c4e1000000000000000000000000000000000",
                  "kind": "commit"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "flowcheck/v1": "da8ada5e7ddd1e956af7abaef0c45978"
          },
          "suppressions": [
            {
              "kind": "external",
              "status": "accepted",
              "justification": "INC-1 prod is down (alice)"
            }
          ],
          "properties": {
            "outcome": "overridden",
            "fix": [
              "git fetch origin",
              "git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login"
            ]
          }
        }
        "#);
    }

    #[test]
    fn every_result_names_a_rule_of_the_run() {
        let run = run(&every_outcome());
        for result in run["results"].as_array().unwrap() {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
        }
        let suppressed =
            run["results"].as_array().unwrap().iter().filter(|result| result["suppressions"][0].is_object());
        assert_eq!(suppressed.count(), 3);
    }

    #[test]
    fn without_a_file_there_is_no_physical_location() {
        let run = run(&verdict(vec![judged(name(), Outcome::Rejected)]));
        assert!(run["results"][0]["locations"][0].get("physicalLocation").is_none());
    }

    #[test]
    fn a_file_is_a_uri_whatever_it_is_called() {
        assert_eq!(uri("policy.toml"), "policy.toml");
        assert_eq!(uri("/etc/flow check/a%.toml"), "file:///etc/flow%20check/a%25.toml");
    }

    #[test]
    fn what_is_too_much_for_code_scanning_is_left_out_and_said() {
        let run = run(&verdict(vec![judged(name(), Outcome::Warned); MOST + 2]));
        assert_eq!(run["results"].as_array().unwrap().len(), MOST);
        let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert_eq!(said, "2 more results are left out");
    }

    fn objections(schema: &str, log: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("it is a schema");
        validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The schema is our own: it says which part of the standard is written, and how.
    #[test]
    fn a_report_keeps_to_the_standard() {
        let mut all = every_outcome();
        all.findings.push(judged(super::super::samples::hostile(), Outcome::Rejected));
        all.findings.push(judged(name(), Outcome::Warned));
        let log: Value = serde_json::from_str(&render(&report("audit", &all))).unwrap();
        assert_eq!(objections(include_str!("../../tests/schemas/sarif.json"), &log), [""; 0]);
    }

    #[test]
    fn what_the_standard_does_not_have_is_noticed() {
        let log: Value = serde_json::from_str(&render(&report("audit", &every_outcome()))).unwrap();
        for (place, value) in [
            ("/version", Value::from("2.0")),
            ("/runs/0/results/0/level", Value::from("bad")),
            ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", Value::from(0)),
            ("/runs/0/results/3/suppressions/0/kind", Value::from("none")),
        ] {
            let mut wrong = log.clone();
            *wrong.pointer_mut(place).expect("it is there") = value;
            let objections = objections(include_str!("../../tests/schemas/sarif.json"), &wrong);
            assert_eq!(objections.len(), 1, "{place}: {objections:?}");
        }
    }
}
