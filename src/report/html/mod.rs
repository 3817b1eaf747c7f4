//! One page that holds everything: no request, no script, readable in light, dark and on paper.

mod findings;
mod history;
mod rule;
mod tables;
#[cfg(test)]
mod tests;

use super::markup::{Element, Node, element};
use super::svg::{self, Picture};
use super::{Report, clean, count};
use crate::policy::Mode;

/// Returns the report as a page.
pub(super) fn render(report: &Report<'_>) -> String {
    let title = format!("flowcheck {}", report.command);
    let anchors = findings::anchors(report.verdict);
    let body = [
        head(report, &title),
        report.audited.and_then(|audited| audited.flow.as_ref()).map_or_else(
            || element("div"),
            |flow| {
                let findings = &report.verdict.findings;
                figure(&Picture {
                    flow,
                    findings,
                    title: "The flow, and what was found in it",
                    anchors: Some(&anchors),
                })
            },
        ),
        tables::all(report),
        findings::all(report, &anchors),
        undecided(report),
        rule::pages(report),
    ];
    page(&title, body)
}

/// Returns a whole page.
pub(super) fn page(title: &str, body: impl IntoIterator<Item = Element>) -> String {
    let head = element("head")
        .holding(element("meta").with("charset", "utf-8"))
        .holding(
            element("meta").with("name", "viewport").with("content", "width=device-width, initial-scale=1"),
        )
        .holding(element("meta").with("name", "color-scheme").with("content", "light dark"))
        .holding(element("title").text(title))
        .holding(element("style").style(include_str!("style.css")));
    let main = element("main").all(body);
    let html = element("html").with("lang", "en").holding(head).holding(element("body").holding(main));
    let mut out = "<!DOCTYPE html>\n".to_owned();
    html.write(&mut out);
    out.push('\n');
    out
}

fn head(report: &Report<'_>, title: &str) -> Element {
    let verdict = report.verdict;
    let counts = verdict.counts();
    let (class, word) = match (verdict.accepted(), verdict.mode) {
        (false, _) => ("bad", "rejected"),
        (true, Mode::Evaluate) if counts.evaluated > 0 => ("warn", "only evaluated"),
        (true, _) if counts.warnings > 0 => ("warn", "clean but for warnings"),
        (true, _) => ("good", "clean"),
    };
    let mut facts = vec![
        count(counts.errors + counts.evaluated, "error"),
        count(counts.warnings, "warning"),
        format!("{} read", count(verdict.refs, "update")),
        format!("policy: {}", clean(&verdict.source)),
    ];
    let excused = counts.overridden + counts.excepted + counts.baselined;
    facts.extend((excused > 0).then(|| format!("{excused} excused")));
    let running = report.audited.and_then(|audited| audited.flow.as_ref()?.running.clone());
    facts.extend(running.map(|(environment, tag)| format!("{environment} runs {tag}")));
    element("header")
        .holding(element("h1").text(title))
        .holding(element("p").holding(element("strong").class(format!("verdict {class}")).text(word)))
        .holding(element("ul").class("facts").all(facts.into_iter().map(|fact| element("li").text(fact))))
}

fn figure(picture: &Picture<'_>) -> Element {
    let scroll = element("div").class("scroll").with("tabindex", 0).holding(svg::picture_element(picture));
    let caption = "Left is earlier. Every number is a finding below.";
    element("figure").holding(scroll).holding(element("figcaption").text(caption))
}

fn undecided(report: &Report<'_>) -> Element {
    let verdict = report.verdict;
    if verdict.undecidable.is_empty() && verdict.remarks.is_empty() {
        return element("div");
    }
    let open = verdict.undecidable.iter().map(|(rule, open)| {
        let text = format!(": {} without an answer: {}", count(open.count, "question"), open.why);
        element("li").holding(rule::link(rule)).text(text)
    });
    let remarks = verdict.remarks.iter().map(|remark| element("li").text(remark));
    element("section")
        .holding(element("h2").text("What history cannot show"))
        .holding(element("ul").all(open).all(remarks))
}

/// Returns a sentence: names in backticks as code.
pub(super) fn prose(text: &str) -> Vec<Node> {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return vec![Node::Text(text.to_owned())];
    }
    let node = |(at, part): (usize, &&str)| match at % 2 {
        1 => Node::Element(element("code").text(part)),
        _ => Node::Text((*part).to_owned()),
    };
    parts.iter().enumerate().map(node).collect()
}

/// Returns commands to be pasted.
pub(super) fn commands<'a>(commands: impl IntoIterator<Item = &'a String>) -> Element {
    let lines: Vec<String> = commands.into_iter().map(|command| clean(command)).collect();
    element("pre").holding(element("code").text(lines.join("\n")))
}
