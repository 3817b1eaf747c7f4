//! The flow as a picture: SVG without scripts, for a browser, a talk, or the HTML report.

mod drawing;
mod layout;
mod marks;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::markup::{Element, element};
use crate::flow::Flow;
use crate::verdict::Judged;

use drawing::Drawing;
use layout::Layout;

pub(in crate::report) use layout::text_width;

/// What a picture shows, and how.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// What was found; numbered from 1 in this order.
    pub findings: &'a [Judged],
    /// What is written above it.
    pub title: &'a str,
    /// Where a page has the findings, as fragments; `None`: the picture stands alone, and says
    /// below what was found.
    pub anchors: Option<&'a [String]>,
}

/// How many findings a picture that stands alone lists below.
const LISTED: usize = 20;

/// Returns the picture as a file of its own.
#[must_use]
pub fn render(picture: &Picture<'_>) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    picture_element(picture).write(&mut out);
    out
}

/// Returns the picture as an element of a page.
pub(super) fn picture_element(picture: &Picture<'_>) -> Element {
    let alone = picture.anchors.is_none();
    let top = if alone { 84 } else { 24 };
    let layout = Layout::new(picture.flow, top);
    let mut drawing = Drawing { picture, layout };
    let legend = drawing.legend();
    let listed = alone.then(|| drawing.listed());
    let (width, height) = (drawing.layout.width, drawing.layout.height + 16);
    let root = element("svg")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .class("fc")
        .with("width", width)
        .with("height", height)
        .with("viewBox", format!("0 0 {width} {height}"))
        .with("role", "img")
        .with("aria-labelledby", "fc-title fc-desc")
        .holding(element("title").with("id", "fc-title").text(picture.title))
        .holding(element("desc").with("id", "fc-desc").text(described(picture)))
        .holding(element("style").style(include_str!("style.css")));
    let ground = element("rect").class("fc-bg").with("width", width).with("height", height);
    let head = alone.then(|| head(picture));
    root.holding(ground).all(head).all(drawing.all()).holding(legend).all(listed)
}

fn head(picture: &Picture<'_>) -> Element {
    let line =
        |y: i32, class: &str, text: &str| element("text").class(class).with("x", 24).with("y", y).text(text);
    let title = line(38, "fc-title", picture.title);
    element("g").holding(title).holding(line(60, "fc-muted", &summary(picture)))
}

/// Returns what there is, in one line.
fn summary(picture: &Picture<'_>) -> String {
    let flow = picture.flow;
    let mut parts = vec![super::count(flow.releases, "release")];
    parts.push(match picture.findings.len() {
        0 => "nothing found".to_owned(),
        n => super::count(n, "finding"),
    });
    parts.extend(flow.running.as_ref().map(|(environment, tag)| format!("{environment} runs {tag}")));
    parts.join(" · ")
}

/// Returns the picture in words, for those who do not see it.
fn described(picture: &Picture<'_>) -> String {
    let flow = picture.flow;
    let mut text = format!("{}. Lines, from the top: ", summary(picture));
    let names: Vec<String> = flow
        .lanes
        .iter()
        .map(|lane| match lane.state {
            Some(state) => format!("{} ({})", lane.name, state.name()),
            None => lane.name.clone(),
        })
        .collect();
    text += &names.join(", ");
    text.push('.');
    for (at, judged) in picture.findings.iter().enumerate().take(LISTED) {
        let _ = write!(text, "\n{}. {}: {}", at + 1, judged.finding.rule, judged.finding.message);
    }
    if picture.findings.len() > LISTED {
        let _ = write!(text, "\nAnd {} more.", picture.findings.len() - LISTED);
    }
    text
}

/// Returns text that is cut to a width.
fn cut_to(text: &str, size: i32, width: i32) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if text_width(&short, size) > width - size {
            break;
        }
    }
    short + "…"
}
