//! Markdown for a merge request's comment or a pipeline's summary.

use super::{Report, clean, place};
use crate::verdict::{Judged, Outcome};

/// Returns a heading, a table of the findings, and for each the way out.
pub(super) fn render(report: &Report<'_>) -> String {
    let verdict = report.verdict;
    let counts = verdict.counts();
    let heading = format!(
        "### flowcheck: {}, {} in {}\n",
        super::count(counts.errors + counts.evaluated, "error"),
        super::count(counts.warnings, "warning"),
        super::count(verdict.refs, "ref")
    );
    let mut text =
        vec![heading, format!("\nPolicy: {}. Verdict: {}.\n", md(&verdict.source), report.ending())];
    if !verdict.findings.is_empty() {
        text.push("\n| | Rule | Ref | What is wrong |\n| --- | --- | --- | --- |\n".to_owned());
        text.extend(verdict.findings.iter().map(row));
        let open = verdict.findings.iter().filter(|judged| super::counts(judged) && judged.repeats.is_none());
        text.extend(open.map(details));
    }
    text.extend(verdict.undecidable.iter().map(|(rule, open)| {
        format!("\n- {}: {} without an answer: {}\n", md(rule), open.count, md(&open.why))
    }));
    text.extend(verdict.remarks.iter().map(|remark| format!("\n- {}\n", md(remark))));
    text.concat()
}

fn row(judged: &Judged) -> String {
    let finding = &judged.finding;
    let word = match judged.outcome {
        Outcome::Rejected => "**error**",
        Outcome::Warned => "warning",
        other => other.name(),
    };
    let reason = judged.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", md(reason)));
    let (rule, name) = (md(finding.rule), md(&format!("`{}`", finding.name.short())));
    format!("| {word} | {rule} | {name} | {}{reason} |\n", md(&finding.message))
}

fn details(judged: &Judged) -> String {
    let finding = &judged.finding;
    let mut lines = vec![];
    lines.extend(finding.caption.as_ref().map(|caption| md(caption)));
    lines.extend(
        finding.commits.iter().map(|commit| format!("- {} {}", super::short(commit.id), md(&commit.subject))),
    );
    lines.extend(finding.notes.iter().map(|note| format!("\n{}", md(note))));
    lines.extend(finding.clause.as_ref().map(|clause| format!("\nAsked for by {}.", md(&place(clause)))));
    if !finding.fix.is_empty() {
        lines.push(block(&finding.fix));
    }
    let title = md(&format!("{}: {}", finding.rule, finding.name.short()));
    format!("\n<details><summary>{title}</summary>\n\n{}\n\n</details>\n", lines.join("\n"))
}

/// Returns commands in a fence that none of them can close.
pub(super) fn block(commands: &[String]) -> String {
    let commands: Vec<String> = commands.iter().map(|command| clean(command)).collect();
    let text = commands.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}sh\n{text}\n{fence}")
}

/// Returns text as itself: names in backticks as code, and nothing in it as markup, a mention or
/// a link. Character references mean nothing to Markdown, whatever dialect it is.
pub(super) fn md(text: &str) -> String {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1;
    let code = |(at, part): (usize, &&str)| match (at % 2, paired) {
        (1, true) => format!("<code>{}</code>", references(part)),
        (_, true) => references(part),
        (0, false) if at == 0 => references(part),
        _ => references(&format!("`{part}")),
    };
    parts.iter().enumerate().map(code).collect()
}

fn references(text: &str) -> String {
    let plain = |c: char| !c.is_ascii_punctuation() || "-./(),';".contains(c);
    let shown = |c: char| if plain(c) { c.to_string() } else { format!("&#{};", u32::from(c)) };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{hostile, judged, name, origin, report, verdict};
    use super::*;

    #[test]
    fn a_summary_has_a_table_and_the_way_out() {
        let verdict = verdict(vec![judged(origin(), Outcome::Rejected), judged(name(), Outcome::Excepted)]);
        insta::assert_snapshot!(render(&report("check", &verdict)), @r"
        ### flowcheck: 1 error, 0 warnings in 2 refs

        Policy: policy.toml. Verdict: a push would be rejected.

        | | Rule | Ref | What is wrong |
        | --- | --- | --- | --- |
        | **error** | branch-origin | <code>hotfix/1.0.0-login</code> | <code>hotfix/1.0.0-login</code> has commits of <code>develop</code> |
        | excepted | branch-lookalike | <code>bugfix/a</code> | <code>bugfix/a</code> looks like <code>Bugfix/a</code>, which would be the same file on a disk that does not tell upper from lower case (imported) |

        <details><summary>branch-origin&#58; hotfix/1.0.0-login</summary>

        2 commits are on <code>develop</code> but not on <code>release-1.0.0</code>&#58;
        - 3f2a91c Add the new basket
        - 8d0c4e1 Rework sessions

        a hotfix of 1.0.0 starts from <code>release-1.0.0</code>

        Asked for by policy.toml&#58;31.

        ```sh
        git fetch origin
        git rebase --onto origin/release-1.0.0 8d0c4e1 hotfix/1.0.0-login
        ```

        </details>
        ");
    }

    #[test]
    fn foreign_text_is_no_markup() {
        assert_eq!(md("`a|b` <b> @all"), "<code>a&#124;b</code> &#60;b&#62; &#64;all");
        assert_eq!(md("one ` only"), "one &#96; only");
        let in_prose = crate::finding::Finding { fix: vec![], ..hostile() };
        let text = render(&report("check", &verdict(vec![judged(in_prose, Outcome::Rejected)])));
        assert!(!text.contains("<script"), "{text}");
    }

    #[test]
    fn no_command_closes_its_fence() {
        assert!(block(&["git tag '````'".to_owned()]).starts_with("\n`````sh\n"));
    }
}
