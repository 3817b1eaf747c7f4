//! Version tags, confirmations, findings, and what the shapes mean.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::markup::{Element, element};
use super::super::short;
use super::drawing::{Drawing, path};
use super::layout::{marker_width, numbers, text_width};
use super::{LISTED, cut_to};
use crate::flow::{Stop, TagMark, What};
use crate::verdict::{Judged, Outcome};

impl Drawing<'_> {
    /// Returns what a stop is, in words.
    pub fn stop_words(&self, stop: &Stop) -> String {
        let mut words = match &stop.what {
            What::Step { commit, subject, .. } => format!("{subject} ({})", short(*commit)),
            what => super::layout::fold_words(what).join(", "),
        };
        for tag in &stop.tags {
            let _ = write!(words, "\n{}", tag.name);
            for told in &tag.words {
                let _ = write!(words, "\n  {told}");
            }
        }
        for at in stop.findings.iter().take(LISTED) {
            let finding = &self.picture.findings[*at].finding;
            let _ = write!(words, "\n{}. {}: {}", at + 1, finding.rule, finding.message);
        }
        words
    }

    /// The marker of findings: their numbers in a broken edge; in a page it leads to the first.
    pub fn marker(&self, findings: &[usize], (x, y): (i32, i32)) -> Option<Element> {
        let first = findings.first()?;
        let wide = marker_width(findings).max(20);
        let level = findings.iter().map(|at| severity(&self.picture.findings[*at])).max();
        let class = match level {
            Some(2) => "fc-mark",
            Some(1) => "fc-mark fc-mark-warn",
            _ => "fc-mark fc-mark-done",
        };
        let edge = element("rect").class(class).with("x", x - wide / 2).with("y", y - 10);
        let edge = edge.with("width", wide).with("height", 20).with("rx", 10);
        let number = element("text").class("fc-number").with("x", x).with("y", y + 4).text(numbers(findings));
        let list: Vec<String> = findings.iter().map(|at| (at + 1).to_string()).collect();
        let marker = match self.picture.anchors {
            Some(anchors) => element("a").with("href", format!("#{}", anchors[*first])),
            None => element("g"),
        };
        let marker = marker.with("data-findings", list.join(" "));
        Some(marker.holding(edge).holding(number))
    }

    /// Findings that stand nowhere in the picture: at its right end.
    pub fn elsewhere(&self) -> Option<Element> {
        let findings = &self.flow().elsewhere;
        let at = (self.layout.width - 30 - marker_width(findings) / 2, 20);
        let title = element("title").text("found at refs that are not drawn");
        Some(element("g").holding(title).all([self.marker(findings, at)?]))
    }

    /// Returns what the shapes mean, and makes room for it.
    pub fn legend(&mut self) -> Element {
        let y = self.layout.height + 14;
        self.layout.height = y + 12;
        let mut x = 24;
        let mut group = element("g");
        for (sign, words, wide) in signs() {
            let moved = element("g").with("transform", format!("translate({x} {y})")).holding(sign);
            let text =
                element("text").class("fc-small fc-muted").with("x", x + wide).with("y", y + 4).text(words);
            group = group.holding(moved).holding(text);
            x += wide + text_width(words, 11) + 22;
        }
        let more = self.flow().more_branches;
        if more > 0 {
            let words = format!("… {} not drawn", super::super::count(more, "open topic"));
            group = group.holding(
                element("text").class("fc-small fc-muted").with("x", x).with("y", y + 4).text(words),
            );
        }
        group
    }

    /// Returns the findings below a picture that stands alone; what is said alike is said once.
    pub fn listed(&mut self) -> Element {
        let said = said(self.picture.findings);
        let room = said.iter().take(LISTED).map(|(_, of)| marker_width(of)).max().unwrap_or_default();
        let left = 40 + room;
        let mut list = element("g").class("fc-list");
        for (text, of) in said.iter().take(LISTED) {
            self.layout.height += 24;
            let y = self.layout.height;
            let words = element("text").with("x", left).with("y", y + 4);
            let words = words.text(cut_to(text, 12, self.layout.width - left - 30));
            list = list.all(self.marker(of, (24 + room / 2, y))).holding(words);
        }
        let more: usize = said.iter().skip(LISTED).map(|(_, of)| of.len()).sum();
        if more > 0 {
            self.layout.height += 22;
            let text = element("text").class("fc-muted").with("x", left).with("y", self.layout.height + 4);
            list = list.holding(text.text(format!("and {more} more: flowcheck audit")));
        }
        list
    }
}

/// Returns the flags of the version tags, one above the other.
pub(super) fn flags(stop: &Stop, (x, y): (i32, i32)) -> Vec<Element> {
    let mut flags = vec![];
    if !stop.tags.is_empty() {
        flags.push(path("fc-stem", format!("M{x} {}V{}", y - 6, y - 20)));
    }
    // More would reach into the row above; the title names them all.
    for (nth, tag) in stop.tags.iter().rev().take(3).enumerate() {
        let up = 30 + 24 * i32::try_from(nth).unwrap_or_default();
        flags.push(flag(tag, (x, y - up)));
    }
    flags
}

/// Returns what is said, in the order of the findings, each with those that say it.
fn said(findings: &[Judged]) -> Vec<(String, Vec<usize>)> {
    let mut said: Vec<(String, Vec<usize>)> = vec![];
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, judged) in findings.iter().enumerate() {
        let finding = &judged.finding;
        let text = format!("{}: {}", finding.rule, finding.message.replace('`', ""));
        let place = *known.entry(text.clone()).or_insert(said.len());
        match said.get_mut(place) {
            Some((_, of)) => of.push(at),
            None => said.push((text, vec![at])),
        }
    }
    said
}

fn severity(judged: &Judged) -> u8 {
    match judged.outcome {
        Outcome::Rejected | Outcome::Evaluated => 2,
        Outcome::Warned => 1,
        Outcome::Overridden | Outcome::Excepted | Outcome::Baselined => 0,
    }
}

/// A flag around a middle, with the signs of its records.
fn flag(tag: &TagMark, (x, y): (i32, i32)) -> Element {
    let signs = i32::from(tag.confirmed) + i32::from(tag.rolled_back);
    let text = text_width(&tag.name, 11);
    let wide = text + 16 + 18 * signs;
    let left = x - wide / 2;
    let cloth = element("rect").class("fc-flag").with("x", left).with("y", y - 10);
    let cloth = cloth.with("width", wide).with("height", 20).with("rx", 3);
    let name = element("text").class("fc-mono").with("x", left + 7).with("y", y + 4).text(&tag.name);
    let mut at = left + text + 20;
    let mut flag = element("g").holding(cloth).holding(name);
    if tag.rolled_back {
        flag = flag.holding(rolled_back((at, y)));
        at += 18;
    }
    if tag.confirmed {
        flag = flag.holding(confirmed((at, y)));
    }
    flag
}

/// A tick in a disc.
fn confirmed((x, y): (i32, i32)) -> Element {
    let disc = element("circle").class("fc-ok").with("cx", x).with("cy", y).with("r", 7);
    let tick = path("fc-sign", format!("M{} {y}l2 3 4 -6", x - 3));
    element("g").holding(disc).holding(tick)
}

/// An arrow that turns back, in a square that stands on its corner.
fn rolled_back((x, y): (i32, i32)) -> Element {
    let square = element("path").class("fc-back").with("d", format!("M{x} {}l8 8 -8 8 -8 -8z", y - 8));
    let arrow =
        path("fc-sign", format!("M{} {}h4a2 2 0 0 1 0 4h-2M{} {}l-2 2 2 2", x - 3, y - 2, x - 2, y - 4));
    element("g").holding(square).holding(arrow)
}

/// The signs of the legend, around the origin, each with its words and its width.
fn signs() -> Vec<(Element, &'static str, i32)> {
    let circle =
        |class: &str, r: i32| element("circle").class(class).with("cx", 4).with("cy", 0).with("r", r);
    let rect = |class: &str, wide: i32, round: i32| {
        element("rect")
            .class(class)
            .with("x", 0)
            .with("y", -8)
            .with("width", wide)
            .with("height", 16)
            .with("rx", round)
    };
    vec![
        (circle("fc-dot fc-full fc-i", 5), "merge", 16),
        (circle("fc-dot fc-i", 4), "commit", 16),
        (path("fc-arc", "M0 -5Q0 6 8 6H14Q22 6 22 -5"), "topic", 30),
        (rect("fc-flag", 22, 3), "version tag", 30),
        (confirmed((7, 0)), "confirmed", 22),
        (rolled_back((8, 0)), "rolled back", 24),
        (rect("fc-fold", 26, 8), "folded", 34),
        (rect("fc-mark", 20, 8), "finding: error", 28),
        (rect("fc-mark fc-mark-warn", 20, 8), "finding: warning", 28),
    ]
}
