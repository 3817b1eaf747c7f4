//! The text that a person reads behind git's `remote: `.
//!
//! `error[…]:`, `warning[…]:` and `hint:` stand at the start of a line because git's client
//! colours these words there.

use super::{Report, clean, count, place, short};
use crate::finding::Finding;
use crate::verdict::{Judged, Outcome};

/// How wide a line of ours is at most: git puts `remote: ` before it.
pub const WIDTH: usize = 72;

/// Returns the report; empty where nothing stands against the push.
pub(super) fn render(report: &Report<'_>) -> String {
    if report.audited.is_some() {
        return super::audit::render(report);
    }
    let mut text = String::new();
    let mut explained = vec![];
    for (at, judged) in report.verdict.findings.iter().enumerate() {
        if !is_said(report, judged) || judged.repeats.is_some() {
            continue;
        }
        let again: Vec<&Judged> =
            report.verdict.findings.iter().filter(|other| other.repeats == Some(at)).collect();
        text += &finding(judged, &again, explained.contains(&judged.finding.rule));
        explained.push(judged.finding.rule);
    }
    text += &remarks(report);
    if !text.is_empty() || !report.is_of_a_hook() {
        text += &wrap(&last_line(report), "", "  ");
    }
    text
}

/// Returns what has no answer, and what is to be known beside the findings.
pub(super) fn remarks(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (rule, undecidable) in &report.verdict.undecidable {
        let questions = count(undecidable.count, "question");
        let line = format!("note[{rule}]: {questions} without an answer: {}", clean(&undecidable.why));
        text += &wrap(&line, "", "  ");
    }
    for remark in &report.verdict.remarks {
        text += &wrap(&format!("note: {}", clean(remark)), "", "  ");
    }
    text
}

/// Returns what a pusher reads where a hook could not judge: `why` follows "could not".
#[must_use]
pub fn unjudged(why: &str, may_pass: bool) -> String {
    let mut text = wrap(&format!("flowcheck: could not {}", clean(why)), "", "  ");
    text += &wrap(
        "Nothing is wrong with your commits: the push was stopped because it could not be judged.",
        "",
        "",
    );
    let way_out = if may_pass {
        "The ref may have been moved while you pushed: fetch and push again. If that does not help, tell \
         whoever looks after this server."
    } else {
        "Tell whoever looks after this server."
    };
    text + &wrap(way_out, "", "")
}

/// Returns what a pusher reads where the local hook could not judge: `why` follows "could not".
#[must_use]
pub fn unjudged_here(why: &str) -> String {
    wrap(&format!("flowcheck: could not {}", clean(why)), "", "  ")
        + &wrap(
            "Nothing is wrong with your commits: the push was stopped because it could not be judged here. \
             FLOWCHECK=0 switches this hook off for one push; the server judges all the same.",
            "",
            "",
        )
}

/// Returns `text` broken between words into lines of at most [`WIDTH`] columns: `first` stands
/// before the first line, `rest` before the others. A word that is too long stays whole.
#[must_use]
pub fn wrap(text: &str, first: &str, rest: &str) -> String {
    wrap_to(WIDTH, text, first, rest)
}

/// Returns `text` broken as [`wrap`] does, into lines of at most `columns`.
pub(super) fn wrap_to(columns: usize, text: &str, first: &str, rest: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    let mut at_start = true;
    for word in words(text, columns.saturating_sub(rest.chars().count())) {
        let width = word.chars().count();
        if !at_start && column + 1 + width > columns {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
            at_start = true;
        }
        if !at_start {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
        at_start = false;
    }
    out.push('\n');
    out
}

/// Returns the words of a text; what stands in backticks is one word, for it is a name or a command
/// to be pasted, where it is not wider than `most`.
fn words(text: &str, most: usize) -> Vec<&str> {
    let mut found = vec![];
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() {
        let end = quoted_end(rest).filter(|end| rest[..*end].chars().count() <= most);
        let end = end.or_else(|| rest.find(' ')).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = rest[end..].trim_start_matches(' ');
    }
    found
}

/// Returns where the word ends that `text` begins with, if it has a quotation that spaces are in.
fn quoted_end(text: &str) -> Option<usize> {
    let open = text.find('`').filter(|open| !text[..*open].contains(' '))?;
    let close = open + 1 + text[open + 1..].find('`')? + 1;
    Some(close + text[close..].find(' ').unwrap_or(text.len() - close))
}

pub(super) fn is_said(report: &Report<'_>, judged: &Judged) -> bool {
    match judged.outcome {
        Outcome::Rejected | Outcome::Warned | Outcome::Evaluated | Outcome::Overridden => true,
        Outcome::Excepted | Outcome::Baselined => report.verbose,
    }
}

pub(super) fn finding(judged: &Judged, again: &[&Judged], explained: bool) -> String {
    let finding = &judged.finding;
    let word = match judged.outcome {
        Outcome::Rejected => "error",
        Outcome::Warned | Outcome::Evaluated => "warning",
        other => other.name(),
    };
    let mut text = wrap(&format!("{word}[{}]: {}", finding.rule, clean(&finding.message)), "", "  ");
    if let Some(reason) = &judged.reason {
        return text + &wrap(&format!("reason: {}", clean(reason)), "  ", "  ");
    }
    text += &commits(finding);
    if !again.is_empty() {
        let names: Vec<String> =
            again.iter().map(|other| format!("`{}`", other.finding.name.short())).collect();
        text += &wrap(&format!("the same holds for {}", names.join(", ")), "  ", "  ");
    }
    text += &notes(finding);
    for command in again.iter().fold(finding.fix.clone(), |all, other| joined(all, &other.finding.fix)) {
        text += &hint(&command);
    }
    if !explained {
        text += &hint(&format!("flowcheck explain {}", finding.rule));
    }
    text
}

/// Returns one finding as it stands in a report of its own.
pub(super) fn finding_alone(judged: &Judged) -> String {
    finding(judged, &[], false)
}

/// A command is never broken, for it will be pasted.
fn hint(command: &str) -> String {
    format!("hint: {}\n", clean(command))
}

fn joined(mut all: Vec<String>, more: &[String]) -> Vec<String> {
    for command in more {
        if !all.contains(command) {
            all.push(command.clone());
        }
    }
    all
}

fn commits(finding: &Finding) -> String {
    let mut text = finding.caption.as_ref().map_or_else(String::new, |text| wrap(&clean(text), "  ", "  "));
    for commit in &finding.commits {
        let line = format!("    {}  {}", short(commit.id), clean(&commit.subject));
        text += cut_to(WIDTH, &line).trim_end();
        text.push('\n');
    }
    let more = finding.commits_total.saturating_sub(finding.commits.len());
    if more > 0 && !finding.commits.is_empty() {
        text += &wrap(&format!("and {more} more"), "    ", "    ");
    }
    text
}

/// Returns a line without what passes `columns`.
pub(super) fn cut_to(columns: usize, line: &str) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    line.chars().take(columns - 3).collect::<String>() + "..."
}

/// Returns the notes; the last one says which clause asks for it.
fn notes(finding: &Finding) -> String {
    let mut notes: Vec<String> = finding.notes.iter().map(|note| clean(note)).collect();
    if let Some(clause) = &finding.clause {
        let place = place(clause);
        match notes.last_mut() {
            Some(last) => *last = format!("{last} ({place})"),
            None => notes.push(format!("asked for by {place}")),
        }
    }
    notes.iter().map(|note| wrap(note, "  ", "  ")).collect()
}

pub(super) fn last_line(report: &Report<'_>) -> String {
    let verdict = report.verdict;
    let counted = verdict.counts();
    let some = |n: usize, what: &str| (n > 0).then(|| count(n, what));
    let said: Vec<String> =
        [some(counted.errors + counted.evaluated, "error"), some(counted.warnings, "warning")]
            .into_iter()
            .flatten()
            .collect();
    let said = if said.is_empty() { "nothing".to_owned() } else { said.join(", ") };
    let noun = if verdict.refs == 1 { "ref" } else { "refs" };
    let found = format!("flowcheck: {said} in {} of {} {noun}", report.refs_in_question(), verdict.refs);
    let excused = [
        (counted.overridden, "overridden"),
        (counted.excepted, "excepted"),
        (counted.baselined, "in the baseline"),
    ];
    let excused = excused.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let because =
        if counted.evaluated > 0 && verdict.accepted() { " because the policy only evaluates" } else { "" };
    let ending = format!("{}{because}", report.ending());
    [found].into_iter().chain(excused).chain([ending]).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{every_outcome, judged, name, origin, report, verdict};
    use super::*;
    use crate::policy::Mode;

    #[test]
    fn a_rejected_pusher_reads_what_why_and_the_way_out() {
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected)]);
        insta::assert_snapshot!(render(&report("pre-receive", &verdict)), @r"
        error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          2 commits are on `develop` but not on `release-1.0.0`:
            3f2a91c  Add the new basket
            8d0c4e1  Rework sessions
          a hotfix of 1.0.0 starts from `release-1.0.0` (policy.toml:31)
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        hint: flowcheck explain branch-origin
        flowcheck: 1 error in 1 of 2 refs, push rejected
        ");
    }

    #[test]
    fn an_accepted_push_is_told_its_warnings_and_nothing_else() {
        let warned = verdict(vec![judged(name(), Outcome::Warned)]);
        insta::assert_snapshot!(render(&report("pre-receive", &warned)), @r"
        warning[branch-lookalike]: `bugfix/a` looks like `Bugfix/a`, which would
          be the same file on a disk that does not tell upper from lower case
        hint: flowcheck explain branch-lookalike
        flowcheck: 1 warning in 1 of 2 refs, push accepted
        ");
        for quiet in
            [vec![], vec![judged(name(), Outcome::Excepted)], vec![judged(name(), Outcome::Baselined)]]
        {
            assert_eq!(render(&report("pre-receive", &verdict(quiet))), "");
        }
    }

    #[test]
    fn every_outcome_is_counted() {
        let verdict = every_outcome();
        let text = render(&Report { verbose: true, ..report("audit", &verdict) });
        insta::assert_snapshot!(text, @r"
        error[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          2 commits are on `develop` but not on `release-1.0.0`:
            3f2a91c  Add the new basket
            8d0c4e1  Rework sessions
          a hotfix of 1.0.0 starts from `release-1.0.0` (policy.toml:31)
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        hint: flowcheck explain branch-origin
        warning[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          2 commits are on `develop` but not on `release-1.0.0`:
            3f2a91c  Add the new basket
            8d0c4e1  Rework sessions
          a hotfix of 1.0.0 starts from `release-1.0.0` (policy.toml:31)
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        warning[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          2 commits are on `develop` but not on `release-1.0.0`:
            3f2a91c  Add the new basket
            8d0c4e1  Rework sessions
          a hotfix of 1.0.0 starts from `release-1.0.0` (policy.toml:31)
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        overridden[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          reason: INC-1 prod is down (alice)
        excepted[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          reason: imported
        baselined[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          2 commits are on `develop` but not on `release-1.0.0`:
            3f2a91c  Add the new basket
            8d0c4e1  Rework sessions
          a hotfix of 1.0.0 starts from `release-1.0.0` (policy.toml:31)
        hint: git fetch origin
        hint: git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        note[merge-source]: 3 questions without an answer: a fast-forward leaves
          no trace
        note: the override was not honoured
        flowcheck: 2 errors, 1 warning in 1 of 2 refs, 1 overridden, 1 excepted,
          1 in the baseline, rejected
        ");
    }

    #[test]
    fn an_override_shows_its_reason() {
        let verdict = verdict(vec![judged(origin(), Outcome::Overridden)]);
        insta::assert_snapshot!(render(&report("pre-receive", &verdict)), @r"
        overridden[branch-origin]: `hotfix/1.0.0-login` has commits of `develop`
          reason: INC-1 prod is down (alice)
        flowcheck: nothing in 0 of 2 refs, 1 overridden, push accepted
        ");
    }

    #[test]
    fn a_policy_that_evaluates_says_so() {
        let mut verdict = verdict(vec![judged(name(), Outcome::Evaluated)]);
        verdict.mode = Mode::Evaluate;
        let text = render(&report("pre-receive", &verdict));
        assert!(text.starts_with("warning[branch-lookalike]: "), "{text}");
        assert!(
            text.ends_with(
                "flowcheck: 1 error in 1 of 2 refs, push accepted because the policy only\n  evaluates\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_is_said_of_several_refs_is_said_once() {
        let mut second = judged(origin().fix("git push"), Outcome::Rejected);
        second.finding.name = crate::history::RefName::of_branch("hotfix/1.0.0-again");
        second.repeats = Some(0);
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected), second]);
        let text = render(&report("pre-receive", &verdict));
        assert_eq!(text.matches("error[").count(), 1);
        assert!(text.contains("  the same holds for `hotfix/1.0.0-again`\n"));
        assert!(text.contains("hint: git push\nhint: flowcheck explain branch-origin\n"));
        assert!(text.ends_with("flowcheck: 2 errors in 2 of 2 refs, push rejected\n"));
    }

    #[test]
    fn a_rule_is_offered_for_explanation_once() {
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected), judged(origin(), Outcome::Rejected)]);
        let text = render(&report("pre-receive", &verdict));
        assert_eq!(text.matches("flowcheck explain").count(), 1);
    }

    #[test]
    fn commits_beyond_the_first_few_are_counted_and_long_subjects_are_cut() {
        let mut finding = origin();
        finding.commits_total = 40;
        finding.commits[0].subject = "x".repeat(100);
        let text = commits(&finding);
        assert!(text.ends_with("    and 38 more\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.contains("xxx...\n"));
    }

    #[test]
    fn a_quoted_command_is_not_broken() {
        let filler = "x".repeat(60);
        let text = wrap(&format!("{filler} try `git push origin v1.0.0`, then wait"), "", "  ");
        assert_eq!(text, format!("{filler} try\n  `git push origin v1.0.0`, then wait\n"));
        assert_eq!(words("a `b c`d `e f", 70), ["a", "`b c`d", "`e", "f"]);
        assert_eq!(words("`too wide`", 5), ["`too", "wide`"]);
        assert_eq!(words("  ", 5), Vec::<&str>::new());
    }

    #[test]
    fn a_hook_that_cannot_judge_says_that_the_commits_are_fine() {
        insta::assert_snapshot!(unjudged("read the refs: permission denied", false), @r"
        flowcheck: could not read the refs: permission denied
        Nothing is wrong with your commits: the push was stopped because it
        could not be judged.
        Tell whoever looks after this server.
        ");
        assert!(unjudged("believe the input", true).contains("fetch and push again"));
    }
}
