//! The pages of the rules that have something to say, so that nobody has to look them up.

use toml::{Table, Value};

use super::super::Report;
use super::super::markup::{Element, element};
use super::{history, prose};
use crate::finding::Level;
use crate::rules::{RULES, Rule};

/// Returns a link to a rule's page.
pub(super) fn link(rule: &str) -> Element {
    element("a").with("href", format!("#rule-{rule}")).text(rule)
}

/// Returns the pages of the rules that a report names.
pub(super) fn pages(report: &Report<'_>) -> Element {
    let verdict = report.verdict;
    let named = |rule: &&&Rule| {
        verdict.findings.iter().any(|judged| judged.finding.rule == rule.id)
            || verdict.undecidable.contains_key(rule.id)
    };
    let pages: Vec<Element> = RULES.iter().filter(named).map(|rule| page(rule)).collect();
    if pages.is_empty() {
        return element("div");
    }
    element("section").holding(element("h2").text("The rules")).all(pages)
}

fn page(rule: &Rule) -> Element {
    let level = match rule.level {
        Level::Error => "error: it rejects a push",
        Level::Warn => "warn: it is said, and the push passes",
        Level::Off => "off, until a policy turns it on",
    };
    let facts =
        format!("{}. Level where the policy says nothing: {level}. Since {}.", rule.summary, rule.since);
    element("section")
        .class("rule")
        .with("id", format!("rule-{}", rule.id))
        .holding(element("h3").text(rule.id))
        .holding(element("p").class("muted").text(facts))
        .all(body(rule.docs))
}

/// Returns the Markdown of a page as elements.
pub(super) fn body(markdown: &str) -> Vec<Element> {
    let mut out = vec![];
    let mut paragraph: Vec<&str> = vec![];
    let mut items: Vec<Element> = vec![];
    let mut lines = markdown.lines();
    loop {
        let line = lines.next();
        let ends = line.is_none_or(|line| {
            line.is_empty() || ["```", "#", "- "].iter().any(|start| line.starts_with(start))
        });
        if ends && !paragraph.is_empty() {
            let text = std::mem::take(&mut paragraph).join(" ");
            match text.strip_prefix("- ") {
                Some(item) => items.push(element("li").nodes(prose(item))),
                None => out.push(element("p").nodes(prose(&text))),
            }
        }
        let goes_on = line.is_some_and(|line| line.starts_with("- ") || !ends);
        if !goes_on && !items.is_empty() {
            out.push(element("ul").all(std::mem::take(&mut items)));
        }
        let Some(line) = line else { return out };
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            out.push(fenced(fence, &block.join("\n")));
        } else if let Some(title) = line.strip_prefix("## ") {
            out.push(element("h4").text(title));
        } else if !line.starts_with("# ") && !line.is_empty() {
            paragraph.push(line);
        }
    }
}

fn fenced(fence: &str, text: &str) -> Element {
    match text.parse::<Table>() {
        Ok(scenario) if fence == "scenario" => scene(&scenario),
        _ => element("pre").holding(element("code").text(text)),
    }
}

/// A scenario: its picture, and what is said to each push.
fn scene(scenario: &Table) -> Element {
    let string = |key| scenario.get(key).and_then(Value::as_str);
    let title = string("title").unwrap_or_default();
    let written: Vec<&str> = strings(scenario.get("commits")).collect();
    let pushes: Vec<&Value> = scenario.get("push").and_then(Value::as_array).into_iter().flatten().collect();
    let rejected = pushes.first().is_some_and(|push| strings(push.get("expect")).next().is_some());
    let set = pushes.first().and_then(|push| push.get("set")).and_then(Value::as_table);
    let set = set.into_iter().flatten().filter_map(|(name, to)| Some((name.as_str(), to.as_str()?)));
    let moved: Vec<(&str, &str)> = set.collect();
    let mut figure = element("figure").class("scene").holding(element("figcaption").nodes(prose(title)));
    if let Some(text) = string("history") {
        figure = figure.all(history::picture(text, &written, (&moved, rejected), title));
    }
    if let Some(policy) = string("policy") {
        let policy = element("pre").holding(element("code").text(policy.trim()));
        figure = figure.holding(element("p").text("Policy:")).holding(policy);
    }
    figure.all(pushes.into_iter().map(told))
}

/// What is said to a push.
fn told(push: &Value) -> Element {
    let set = push.get("set").and_then(Value::as_table).into_iter().flatten();
    let set = set.map(|(name, to)| match to.as_str().unwrap_or_default() {
        "" => format!("`{name}`"),
        to => format!("`{name}` to {to}"),
    });
    let delete = strings(push.get("delete")).map(|name| format!("`{name}` away"));
    let what: Vec<String> = set.chain(delete).collect();
    let by = push.get("by").and_then(Value::as_str).map_or_else(String::new, |by| format!(" by {by}"));
    let expect: Vec<&str> = strings(push.get("expect")).collect();
    let said =
        if expect.is_empty() { "it is accepted".to_owned() } else { format!("said: {}", expect.join(", ")) };
    element("p").nodes(prose(&format!("Push{by}: {}; {said}.", what.join(", "))))
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
