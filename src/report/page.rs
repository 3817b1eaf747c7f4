//! A rule's page, laid out for a terminal of 80 columns.

use toml::{Table, Value};

use super::clean;
use super::text::wrap_to;
use crate::finding::Level;
use crate::history::name::nearest;
use crate::rules::{RULES, Rule};

/// How wide a page is at most.
const PAGE: usize = 80;

/// A rule that does not exist. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("explain `{asked}`: there is no such rule; {}", meant(.asked))]
pub struct UnknownRule {
    asked: String,
}

/// Returns the rule called `asked`.
///
/// # Errors
/// Where there is none; the error names the nearest one.
pub fn rule(asked: &str) -> Result<&'static Rule, UnknownRule> {
    crate::rules::find(asked).ok_or_else(|| UnknownRule { asked: clean(asked) })
}

fn meant(asked: &str) -> String {
    match nearest(asked, RULES.iter().map(|rule| rule.id)) {
        Some(name) => format!("`{name}` was probably meant"),
        None => "`flowcheck rules` lists them".to_owned(),
    }
}

/// Returns the page of a rule.
#[must_use]
pub fn page(rule: &Rule) -> String {
    let level = match rule.level {
        Level::Error => "error: it rejects a push",
        Level::Warn => "warn: it is said, and the push passes",
        Level::Off => "off, until a policy turns it on",
    };
    let head = format!("{}: {}\n\n", rule.id, rule.summary);
    let facts = format!("level     {level}\nsince     flowcheck {}\n", rule.since);
    wrap_to(PAGE, head.trim_end(), "", "  ") + "\n" + &facts + &body(rule.docs)
}

/// Returns the page of a rule as its file in `docs/rules/` has it.
#[must_use]
pub fn page_markdown(rule: &Rule) -> String {
    rule.docs.to_owned()
}

/// Returns the page of a rule for programs.
#[must_use]
pub fn page_json(rule: &Rule) -> String {
    let answer = serde_json::json!({
        "version": 1,
        "command": "explain",
        "rule": rule.id,
        "summary": rule.summary,
        "level": rule.level.name(),
        "since": rule.since,
        "page": rule.docs,
    });
    format!("{answer:#}\n")
}

fn body(markdown: &str) -> String {
    let mut out = Page::default();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            out.block(fence, &block);
        } else if let Some(title) = line.strip_prefix("## ") {
            out.heading(title);
        } else if !line.starts_with("# ") {
            out.prose(line);
        }
    }
    out.end_of_paragraph();
    out.text
}

#[derive(Default)]
struct Page {
    text: String,
    paragraph: Vec<String>,
}

impl Page {
    fn heading(&mut self, title: &str) {
        self.end_of_paragraph();
        self.text += "\n";
        self.text += &clean(title).to_uppercase();
        self.text += "\n";
    }

    fn prose(&mut self, line: &str) {
        let starts_item = line.starts_with("- ") || line.starts_with("| ");
        if line.is_empty() || starts_item {
            self.end_of_paragraph();
        }
        if !line.is_empty() {
            self.paragraph.push(clean(line));
        }
    }

    fn end_of_paragraph(&mut self) {
        if self.paragraph.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.paragraph).join(" ");
        let rest = if text.starts_with("- ") { "    " } else { "  " };
        if self.text.ends_with(".\n") && !text.starts_with("- ") {
            self.text += "\n";
        }
        self.text += &wrap_to(PAGE, &text, "  ", rest);
    }

    fn block(&mut self, fence: &str, lines: &[&str]) {
        self.end_of_paragraph();
        let parsed = lines.join("\n").parse::<Table>();
        match parsed {
            Ok(scenario) if fence == "scenario" => self.scenario(&scenario),
            _ => {
                self.text += "\n";
                self.verbatim(lines.iter().copied());
                self.text += "\n";
            }
        }
    }

    fn verbatim<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        let lines: Vec<&str> = lines.collect();
        let blank = |line: &&&str| line.trim().is_empty();
        let end = lines.len() - lines.iter().rev().take_while(blank).count();
        let start = lines.iter().take_while(blank).count().min(end);
        let lines = &lines[start..end];
        let margin = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
        for line in lines {
            let line = clean(line.get(margin.unwrap_or_default()..).unwrap_or_default());
            self.row(&line);
        }
    }

    /// Writes a row; the labels of a picture's row that is too wide come closer, or below it.
    fn row(&mut self, line: &str) {
        let wide = line.chars().count() + 4 > PAGE;
        let Some(gap) = line.find(" (").filter(|_| wide) else {
            self.text += format!("    {line}").trim_end();
            self.text += "\n";
            return;
        };
        let (row, labels) = (line[..gap].trim_end(), line[gap..].trim_start());
        let close = format!("    {row} {labels}\n");
        let below = || format!("    {row}\n{}", wrap_to(PAGE, labels, "        ", "         "));
        self.text += &if close.chars().count() > PAGE { below() } else { close };
    }

    /// Shows a scenario as a picture and sentences.
    fn scenario(&mut self, scenario: &Table) {
        let string = |key| scenario.get(key).and_then(Value::as_str);
        if let Some(title) = string("title") {
            self.text += &wrap_to(PAGE, &clean(title), "  ", "  ");
        }
        if let Some(picture) = string("history") {
            self.text += "\n";
            self.verbatim(picture.lines());
            self.text += "\n";
        }
        for commit in strings(scenario.get("commits")) {
            self.text += &wrap_to(PAGE, &clean(commit), "    ", "      ");
        }
        if let Some(policy) = string("policy") {
            let short = !policy.contains('\n');
            let caption = if short { format!("  policy: {policy}\n") } else { "  policy:\n".to_owned() };
            self.text += &caption;
            self.verbatim(policy.lines().filter(|_| !short));
            self.text += if short { "" } else { "\n" };
        }
        for push in scenario.get("push").and_then(Value::as_array).into_iter().flatten() {
            self.push(push);
        }
    }

    fn push(&mut self, push: &Value) {
        let set = push.get("set").and_then(Value::as_table).into_iter().flatten();
        let set = set.map(|(name, to)| match to.as_str().unwrap_or_default() {
            "" => format!("`{name}`"),
            to => format!("`{name}` to {to}"),
        });
        let delete = strings(push.get("delete")).map(|name| format!("`{name}` away"));
        let what: Vec<String> = set.chain(delete).map(|part| clean(&part)).collect();
        let by = push.get("by").and_then(Value::as_str);
        let by = by.map_or_else(String::new, |by| format!(" by {}", clean(by)));
        self.text += &wrap_to(PAGE, &format!("push{by}: {}", what.join(", ")), "  ", "        ");
        let expect: Vec<String> = strings(push.get("expect")).map(clean).collect();
        let told = if expect.is_empty() { "nothing, it is accepted".to_owned() } else { expect.join(", ") };
        self.text += &wrap_to(PAGE, &format!("said: {told}"), "  ", "        ");
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_fits_a_terminal() {
        for rule in RULES {
            for line in page(rule).lines() {
                let words = line.trim_start().split(' ').count();
                assert!(line.chars().count() <= PAGE || words == 1, "{}: {line}", rule.id);
            }
        }
    }

    #[test]
    fn a_page_says_what_why_and_shows_both_sides() {
        let text = page(rule("branch-origin").unwrap());
        let end = text.find("\nPASSES").unwrap();
        insta::assert_snapshot!(&text[..end], @r"
        branch-origin: a branch holds what its base holds, and what is new

        level     error: it rejects a push
        since     flowcheck 0.1.0

        WHAT IT DOES
          A topic may hold what its base holds and commits that are new. It may not hold
          commits that belong to another line or version tag, and a release line has to
          be cut from the trunk of the integration line.

          git does not record where a branch was cut, so origin is a question about
          content: a branch that was cut wrongly and repaired passes, a branch that was
          cut right and merged the wrong line does not.

        WHY
          A hotfix that was started from `develop` brings the next sprint's features
          into the release that prod runs. Nobody sees that in its name.

        FAILS
          a hotfix cut from develop brings develop's commits with it

            A---B---C          (develop)
                 \   \
                  \   F
                   R           (release-1.0.0, tag: v1.0.0)

          push: `hotfix/1.0.0-login` to F
          said: branch-origin hotfix/1.0.0-login
        ");
    }

    #[test]
    fn the_nearest_rule_is_named() {
        let error = |asked| rule(asked).err().unwrap().to_string();
        assert_eq!(
            error("branch-orign"),
            "explain `branch-orign`: there is no such rule; `branch-origin` was probably meant"
        );
        assert!(error("qqqqqqqqqqqqqqq").ends_with("`flowcheck rules` lists them"));
        assert!(!error("\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn what_is_no_scenario_is_shown_as_it_stands() {
        let text = body("## Settings\nSo:\n```toml\n[rules]\n\nx = 1\n```\nAnd\non.\n\n- one\n- two\n");
        assert_eq!(text, "\nSETTINGS\n  So:\n\n    [rules]\n\n    x = 1\n\n  And on.\n  - one\n  - two\n");
    }
}
