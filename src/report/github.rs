//! Workflow commands that GitHub (and Gitea) show as annotations of a run.

use super::{Report, clean};
use crate::finding::Finding;
use crate::verdict::{Judged, Outcome};

/// How many annotations of a kind a step may have; GitHub drops further ones without a word.
const SHOWN: usize = 10;

/// Returns an annotation per line.
pub(super) fn render(report: &Report<'_>) -> String {
    let findings = &report.verdict.findings;
    let mut text = String::new();
    for kind in ["error", "warning", "notice"] {
        let of_kind: Vec<&Judged> = findings.iter().filter(|judged| kind_of(judged) == kind).collect();
        // Where some do not fit, the last one counts them.
        let shown = if of_kind.len() > SHOWN { SHOWN - 1 } else { of_kind.len() };
        text.extend(of_kind.iter().take(shown).map(|judged| annotation(kind, judged)));
        let left = of_kind.len() - shown;
        text.extend((left > 0).then(|| format!("::{kind} title=flowcheck::and {left} more\n")));
    }
    let remarks = report.verdict.remarks.iter().map(|remark| data(&clean(remark)));
    text.extend(remarks.map(|remark| format!("::notice title=flowcheck::{remark}\n")));
    text
}

fn kind_of(judged: &Judged) -> &'static str {
    match judged.outcome {
        Outcome::Rejected => "error",
        Outcome::Warned | Outcome::Evaluated => "warning",
        Outcome::Overridden | Outcome::Excepted | Outcome::Baselined => "notice",
    }
}

fn annotation(kind: &str, judged: &Judged) -> String {
    let finding = &judged.finding;
    let title = property(&format!("{}: {}", finding.rule, finding.name.short()));
    let mut lines = vec![clean(&finding.message)];
    match &judged.reason {
        Some(reason) => lines.push(format!("{}: {}", judged.outcome.name(), clean(reason))),
        None => lines.extend(finding.notes.iter().chain(&finding.fix).map(|line| clean(line))),
    }
    let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
    format!("::{kind} {}title={title}::{}\n", file(finding), lines.join("%0A"))
}

/// An annotation can stand at a file of the checkout only.
fn file(finding: &Finding) -> String {
    let in_checkout = |file: &str| file != "built-in" && !file.starts_with('/');
    match finding.clause.as_ref().filter(|clause| in_checkout(&clause.file)) {
        Some(clause) => format!("file={},line={},", property(&clean(&clause.file)), clause.line.max(1)),
        None => String::new(),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{every_outcome, judged, name, report, verdict};
    use super::*;

    #[test]
    fn a_finding_is_an_annotation() {
        insta::assert_snapshot!(render(&report("audit", &every_outcome())), @r"
        ::error file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aa hotfix of 1.0.0 starts from `release-1.0.0`%0Agit fetch origin%0Agit rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        ::warning file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aa hotfix of 1.0.0 starts from `release-1.0.0`%0Agit fetch origin%0Agit rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        ::warning file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aa hotfix of 1.0.0 starts from `release-1.0.0`%0Agit fetch origin%0Agit rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        ::notice file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aoverridden: INC-1 prod is down (alice)
        ::notice file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aexcepted: imported
        ::notice file=policy.toml,line=31,title=branch-origin%3A hotfix/1.0.0-login::`hotfix/1.0.0-login` has commits of `develop`%0Aa hotfix of 1.0.0 starts from `release-1.0.0`%0Agit fetch origin%0Agit rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        ::notice title=flowcheck::the override was not honoured
        ");
    }

    #[test]
    fn what_would_be_dropped_is_counted() {
        let text = render(&report("audit", &verdict(vec![judged(name(), Outcome::Rejected); 12])));
        assert_eq!(text.lines().count(), 10);
        assert!(text.ends_with("::error title=flowcheck::and 3 more\n"), "{text}");
        let text = render(&report("audit", &verdict(vec![judged(name(), Outcome::Rejected); 10])));
        assert!(!text.contains("more"));
    }

    #[test]
    fn a_remark_is_a_notice() {
        let mut verdict = verdict(vec![]);
        verdict.remarks.push("this clone is shallow".to_owned());
        assert_eq!(render(&report("audit", &verdict)), "::notice title=flowcheck::this clone is shallow\n");
    }

    #[test]
    fn nobody_ends_a_command_or_starts_one() {
        assert_eq!(property("a:b,c%d\n::error::"), "a%3Ab%2Cc%25d%0A%3A%3Aerror%3A%3A");
    }
}
