//! One line per finding: for editors, `grep`, and people who know the rules.

use super::{Report, clean, counts, place};
use crate::finding::Level;
use crate::verdict::Judged;

/// Returns a line for every finding that counts; with `verbose`, for those that are excused, too.
/// What else is to be known of the judgement comes after them.
pub(super) fn render(report: &Report<'_>) -> String {
    let said = report.verdict.findings.iter().filter(|judged| report.verbose || counts(judged));
    let remarks = report.verdict.remarks.iter().map(|remark| format!("note: {}\n", clean(remark)));
    said.map(line).chain(remarks).collect()
}

fn line(judged: &Judged) -> String {
    let finding = &judged.finding;
    let word = if judged.level == Level::Error { "error" } else { "warning" };
    let excused = if counts(judged) { String::new() } else { format!(" ({})", judged.outcome.name()) };
    let clause = finding.clause.as_ref().map_or_else(String::new, |clause| format!(" ({})", place(clause)));
    let message = clean(&finding.message);
    format!("{}: {word}[{}]: {message}{clause}{excused}\n", finding.name, finding.rule)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{every_outcome, report};
    use super::*;

    #[test]
    fn a_finding_is_a_line() {
        let verdict = every_outcome();
        insta::assert_snapshot!(render(&Report { verbose: true, ..report("audit", &verdict) }), @r"
        refs/heads/hotfix/1.0.0-login: error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31)
        refs/heads/hotfix/1.0.0-login: warning[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31)
        refs/heads/hotfix/1.0.0-login: error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31)
        refs/heads/hotfix/1.0.0-login: error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31) (overridden)
        refs/heads/hotfix/1.0.0-login: error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31) (excepted)
        refs/heads/hotfix/1.0.0-login: error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop` (policy.toml:31) (baselined)
        note: the override was not honoured
        ");
        assert_eq!(render(&report("audit", &verdict)).lines().count(), 4);
    }
}
