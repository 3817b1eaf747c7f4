//! The lines that GitLab shows on a web page, in a proportional font: only those that begin with
//! `GL-HOOK-ERR:`, and whoever reads them has no terminal at hand.

use super::{Report, clean, place};
use crate::verdict::{Judged, Outcome};

const MARK: &str = "GL-HOOK-ERR: ";

/// How many findings are told apart.
const SHOWN: usize = 3;

/// Returns the sentences; empty where the push is accepted, which has no place to show a warning.
pub(super) fn render(report: &Report<'_>) -> String {
    let rejects = |judged: &&Judged| judged.outcome == Outcome::Rejected && judged.repeats.is_none();
    let findings: Vec<&Judged> = report.verdict.findings.iter().filter(rejects).collect();
    let more = (findings.len() > SHOWN).then(|| format!("{MARK}+{} more\n", findings.len() - SHOWN));
    findings.iter().take(SHOWN).map(|judged| sentence(judged)).chain(more).collect()
}

/// Returns what is shown where a hook could not judge: `why` follows "could not".
#[must_use]
pub fn unjudged(why: &str) -> String {
    let why = clean(why);
    format!(
        "{MARK}flowcheck could not {why}. Nothing is wrong with your commits; tell whoever looks after this \
         server.\n"
    )
}

fn sentence(judged: &Judged) -> String {
    let finding = &judged.finding;
    let why = finding.notes.first().map_or_else(String::new, |note| format!("; {}", clean(note)));
    let clause = finding.clause.as_ref().map_or_else(String::new, |clause| format!(", {}", place(clause)));
    format!("{MARK}{}{why} ({}{clause})\n", clean(&finding.message), finding.rule)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{judged, name, origin, report, verdict};
    use super::*;

    #[test]
    fn a_finding_is_one_sentence() {
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected), judged(name(), Outcome::Warned)]);
        insta::assert_snapshot!(render(&report("pre-receive", &verdict)), @"GL-HOOK-ERR: `hotfix/1.0.0-login` has commits of `develop`; a hotfix of 1.0.0 starts from `release-1.0.0` (branch-origin, policy.toml:31)");
    }

    #[test]
    fn three_are_told_and_the_rest_is_counted() {
        let verdict = verdict(vec![judged(name(), Outcome::Rejected); 5]);
        let text = render(&report("pre-receive", &verdict));
        assert_eq!(text.lines().count(), 4);
        assert!(text.ends_with("GL-HOOK-ERR: +2 more\n"));
        assert!(text.lines().all(|line| line.starts_with(MARK)));
    }

    #[test]
    fn an_accepted_push_shows_nothing() {
        assert_eq!(render(&report("pre-receive", &verdict(vec![judged(name(), Outcome::Warned)]))), "");
    }

    #[test]
    fn not_judged_is_one_line_too() {
        let text = unjudged("read the refs:\nno");
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with(MARK));
    }
}
