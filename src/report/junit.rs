//! `JUnit` XML, which every pipeline shows as a list of tests: a suite per rule, a case per finding.

use std::collections::BTreeMap;

use super::Report;
use super::markup::escaped as xml;
use crate::finding::Level;
use crate::rules::RULES;
use crate::verdict::{Judged, Outcome};

/// Returns the report as one document.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for judged in &report.verdict.findings {
        by_rule.entry(judged.finding.rule).or_default().push(judged);
    }
    let asked = RULES.iter().filter(|rule| rule.level != Level::Off || by_rule.contains_key(rule.id));
    let mut suites: Vec<String> = asked
        .map(|rule| suite(rule.id, rule.summary, by_rule.get(rule.id).map_or(&[], Vec::as_slice)))
        .collect();
    suites.extend(remarks(&report.verdict.remarks));
    let counts = report.verdict.counts();
    let skipped = counts.overridden + counts.excepted + counts.baselined;
    let tests: usize = suites.iter().map(|suite| suite.matches("<testcase ").count()).sum();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"flowcheck {}\" tests=\"{tests}\" \
         failures=\"{}\" errors=\"0\" skipped=\"{skipped}\">\n{}</testsuites>\n",
        xml(report.command),
        counts.errors,
        suites.concat()
    )
}

fn suite(rule: &str, summary: &str, findings: &[&Judged]) -> String {
    let count =
        |wanted: &dyn Fn(Outcome) -> bool| findings.iter().filter(|judged| wanted(judged.outcome)).count();
    let failures = count(&|outcome| outcome == Outcome::Rejected);
    let skipped = count(&is_excused);
    let cases = match findings {
        [] => format!("    <testcase classname=\"{}\" name=\"{}\"/>\n", xml(rule), xml(summary)),
        findings => findings.iter().map(|judged| case(judged)).collect(),
    };
    format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n\
         {cases}  </testsuite>\n",
        xml(rule),
        findings.len().max(1)
    )
}

/// What is said beside the findings, as a suite whose case passes.
fn remarks(remarks: &[String]) -> Option<String> {
    if remarks.is_empty() {
        return None;
    }
    Some(format!(
        "  <testsuite name=\"flowcheck\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n    \
         <testcase classname=\"flowcheck\" name=\"remarks\"><system-out>{}</system-out></testcase>\n  \
         </testsuite>\n",
        xml_lines(remarks)
    ))
}

fn case(judged: &Judged) -> String {
    let finding = &judged.finding;
    let message = xml(&finding.message);
    let told = xml_lines(&told(judged));
    let reason = judged.reason.as_deref().unwrap_or_default();
    let inside = match judged.outcome {
        Outcome::Rejected => {
            format!("<failure type=\"{}\" message=\"{message}\">{told}</failure>", finding.rule)
        }
        Outcome::Warned | Outcome::Evaluated => format!("<system-out>{told}</system-out>"),
        Outcome::Overridden | Outcome::Excepted | Outcome::Baselined => {
            format!("<skipped message=\"{}: {}\"/>", judged.outcome.name(), xml(reason))
        }
    };
    let (rule, name) = (xml(finding.rule), xml(&finding.name.to_string()));
    format!("    <testcase classname=\"{rule}\" name=\"{name}\">{inside}</testcase>\n")
}

fn told(judged: &Judged) -> Vec<String> {
    let finding = &judged.finding;
    let mut lines = vec![finding.message.clone()];
    lines.extend(finding.caption.clone());
    let commits = finding.commits.iter();
    lines.extend(commits.map(|commit| format!("  {}  {}", super::short(commit.id), commit.subject)));
    lines.extend(finding.notes.iter().cloned());
    lines.extend(finding.fix.iter().map(|command| format!("hint: {command}")));
    lines
}

fn is_excused(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Overridden | Outcome::Excepted | Outcome::Baselined)
}

fn xml_lines(lines: &[String]) -> String {
    lines.iter().map(|line| xml(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{every_outcome, hostile, judged, report, verdict};
    use super::*;

    #[test]
    fn a_remark_is_what_a_case_that_passes_says() {
        let mut verdict = verdict(vec![]);
        assert!(!render(&report("audit", &verdict)).contains("remarks"));
        verdict.remarks.push("this clone is <shallow>".to_owned());
        let text = render(&report("audit", &verdict));
        assert!(text.contains("<system-out>this clone is &lt;shallow&gt;</system-out>"), "{text}");
    }

    #[test]
    fn a_rule_is_a_suite_and_a_finding_a_case() {
        let text = render(&report("audit", &every_outcome()));
        let start = text.find("  <testsuite name=\"branch-origin\"").unwrap();
        let end = start + text[start..].find("</testsuite>").unwrap();
        insta::assert_snapshot!(&text[start..end], @r#"
          <testsuite name="branch-origin" tests="6" failures="1" errors="0" skipped="3">
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><failure type="branch-origin" message="`hotfix/1.0.0-login` has commits of `develop`">`hotfix/1.0.0-login` has commits of `develop`
        2 commits are on `develop` but not on `release-1.0.0`:
          3f2a91c  Add the new basket
          8d0c4e1  Rework sessions
        a hotfix of 1.0.0 starts from `release-1.0.0`
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login</failure></testcase>
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><system-out>`hotfix/1.0.0-login` has commits of `develop`
        2 commits are on `develop` but not on `release-1.0.0`:
          3f2a91c  Add the new basket
          8d0c4e1  Rework sessions
        a hotfix of 1.0.0 starts from `release-1.0.0`
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login</system-out></testcase>
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><system-out>`hotfix/1.0.0-login` has commits of `develop`
        2 commits are on `develop` but not on `release-1.0.0`:
          3f2a91c  Add the new basket
          8d0c4e1  Rework sessions
        a hotfix of 1.0.0 starts from `release-1.0.0`
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login</system-out></testcase>
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><skipped message="overridden: INC-1 prod is down (alice)"/></testcase>
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><skipped message="excepted: imported"/></testcase>
            <testcase classname="branch-origin" name="refs/heads/hotfix/1.0.0-login"><skipped message="baselined: "/></testcase>
        "#);
        assert!(text.contains(" failures=\"1\" errors=\"0\" skipped=\"3\">"), "{text}");
    }

    #[test]
    fn a_rule_that_finds_nothing_has_passed() {
        let text = render(&report("audit", &verdict(vec![])));
        assert!(
            text.contains("<testcase classname=\"branch-name\" name=\"every branch is of a kind"),
            "{text}"
        );
        assert!(!text.contains("<failure"));
    }

    #[test]
    fn nothing_closes_an_element_that_it_did_not_open() {
        let text = render(&report("audit", &verdict(vec![judged(hostile(), Outcome::Rejected)])));
        assert!(!text.contains("]]>") && !text.contains("<script"), "{text}");
        assert_eq!(xml("a\u{ffff}\u{0}"), "a\\u{ffff}\\u{0}");
    }
}
