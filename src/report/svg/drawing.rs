//! Lanes, links and topics.

use super::super::markup::{Element, element};
use super::layout::{HANG, Layout, fold_width, fold_words, marker_width, name_width, text_width};
use super::marks::flags;
use super::{Picture, cut_to};
use crate::facts::LineId;
use crate::flow::{Flow, Lane, Stop, What};

/// A picture and where everything stands on it.
pub(super) struct Drawing<'a> {
    pub picture: &'a Picture<'a>,
    pub layout: Layout,
}

/// Returns the class of a line's colour.
pub(super) fn color(line: LineId) -> &'static str {
    match line {
        LineId::Integration => "fc-i",
        LineId::Production => "fc-p",
        LineId::Release(_) => "fc-r",
    }
}

/// Returns a path.
pub(super) fn path(class: impl std::fmt::Display, d: impl std::fmt::Display) -> Element {
    element("path").class(class).with("d", d)
}

impl Drawing<'_> {
    pub fn flow(&self) -> &Flow {
        self.picture.flow
    }

    /// Returns where a stop is.
    pub fn at(&self, stop: usize) -> (i32, i32) {
        let y = self.flow().stops[stop].lane.map_or(self.layout.folded_y[stop], |lane| self.layout.y[lane]);
        (self.layout.x[stop], y)
    }

    /// Everything, what is behind first.
    pub fn all(&self) -> Vec<Element> {
        let lanes = (0..self.flow().lanes.len()).map(|lane| self.lane(lane));
        let mut all: Vec<Element> = lanes.collect();
        all.extend(self.links());
        // A name covers what passes behind it.
        all.extend((0..self.flow().lanes.len()).map(|lane| self.lane_name(lane)));
        all.extend(self.branches());
        all.extend((0..self.flow().stops.len()).map(|stop| self.stop(stop)));
        all.extend(self.elsewhere());
        all
    }

    fn lane(&self, at: usize) -> Element {
        let lane = &self.flow().lanes[at];
        let class = color(lane.line);
        let y = self.layout.y[at];
        let mut group = element("g").holding(element("title").text(lane_words(lane)));
        let mut from = self.lane_begins(at);
        let mut dotted = false;
        for stop in &lane.stops {
            let x = self.layout.x[*stop];
            let folds = matches!(self.flow().stops[*stop].what, What::Run { .. });
            let style = if folds || dotted { " fc-dotted" } else { "" };
            group = group.holding(path(format!("fc-line {class}{style}"), format!("M{from} {y}H{x}")));
            (from, dotted) = (x, folds);
        }
        if lane.line.release().is_none() {
            let end = self.layout.right;
            group = group.holding(path(format!("fc-line {class}"), format!("M{from} {y}H{end}")));
        }
        group.all(self.cut(at))
    }

    fn lane_begins(&self, at: usize) -> i32 {
        let lane = &self.flow().lanes[at];
        let first = lane.stops.first().map_or(self.layout.left, |stop| self.layout.x[*stop]);
        match lane.line {
            LineId::Release(_) => self.layout.name_x[at] + name_width(lane),
            _ if lane.cut.is_some() => first,
            _ => self.layout.left,
        }
    }

    /// The curve from where a lane was cut to where it begins.
    fn cut(&self, at: usize) -> Option<Element> {
        let lane = &self.flow().lanes[at];
        let (x, y) = self.at(lane.cut?);
        let to = self.layout.y[at];
        let end = match lane.line {
            LineId::Release(_) => self.layout.name_x[at],
            _ => self.layout.x[*lane.stops.first()?],
        };
        if end <= x {
            return None;
        }
        let turn = x + (end - x).min(40);
        let d = format!("M{x} {y}C{} {y} {} {to} {turn} {to}H{end}", x + (turn - x) / 2, x + (turn - x) / 2);
        Some(path(format!("fc-link {}", color(lane.line)), d))
    }

    fn lane_name(&self, at: usize) -> Element {
        let lane = &self.flow().lanes[at];
        let (y, class) = (self.layout.y[at], color(lane.line));
        if lane.line.release().is_none() {
            let name = element("text").class(format!("fc-name {class} fc-end"));
            let name = name.with("x", self.layout.left - 14).with("y", y + 5).text(&lane.name);
            let again = (self.layout.right + 30 < self.layout.width).then(|| {
                let name = element("text").class(format!("fc-name {class}"));
                name.with("x", self.layout.right + 12).with("y", y + 5).text(&lane.name)
            });
            return element("g").holding(name).all(again);
        }
        let (x, wide) = (self.layout.name_x[at], name_width(lane));
        let pill = element("rect")
            .class(format!("fc-pill {class}"))
            .with("x", x)
            .with("y", y - 12)
            .with("width", wide)
            .with("height", 24)
            .with("rx", 12);
        let name = element("text").class(class).with("x", x + 9).with("y", y + 4).text(&lane.name);
        let state = lane.state.map(|state| {
            let text = element("text").class("fc-small fc-muted fc-end");
            text.with("x", x + wide - 9).with("y", y + 4).text(state.name())
        });
        element("g").holding(pill).holding(name).all(state)
    }

    fn links(&self) -> Vec<Element> {
        let links = self.flow().links.iter().map(|link| {
            let from = self.flow().stops[link.from].lane;
            let class = from.map_or("fc-r", |lane| color(self.flow().lanes[lane].line));
            let wrong = if self.flow().stops[link.to].findings.is_empty() { "" } else { " fc-wrong" };
            path(format!("fc-link {class}{wrong}"), curve(self.at(link.from), self.at(link.to)))
        });
        links.collect()
    }

    /// The branches, those that hang lowest first: the name of a higher one covers their arcs.
    fn branches(&self) -> impl Iterator<Item = Element> {
        let mut order: Vec<usize> = (0..self.flow().branches.len()).collect();
        order.sort_by_key(|branch| std::cmp::Reverse(self.hangs_down_to(*branch)));
        order.into_iter().filter_map(|branch| self.branch(branch))
    }

    fn hangs_down_to(&self, branch: usize) -> Option<i32> {
        let lane = Layout::hangs_at(self.flow(), branch)?;
        let (level, _) = self.layout.levels[branch];
        Some(self.layout.y[lane] + HANG.0 + HANG.1 * i32::try_from(level).unwrap_or_default())
    }

    fn branch(&self, at: usize) -> Option<Element> {
        let branch = &self.flow().branches[at];
        let down = self.hangs_down_to(at)?;
        let (_, named) = self.layout.levels[at];
        let wrong = branch.into.is_some_and(|into| !self.flow().stops[into].findings.is_empty())
            || !branch.findings.is_empty();
        let class = if wrong { "fc-arc fc-wrong" } else { "fc-arc" };
        let kind = branch.kind.as_ref().map_or_else(String::new, |kind| format!(", a {kind}"));
        let title = format!("{}{kind}, {}", branch.name, super::super::count(branch.commits, "commit"));
        let group = element("g").holding(element("title").text(title));
        let (d, name_x, middle) = match (branch.into, branch.from) {
            (Some(into), from) => (self.arc(from, into, down), self.at(into).0 - 22, true),
            (None, Some(from)) => {
                let (x, y) = self.at(from);
                let end = x + 30;
                (format!("M{x} {y}C{x} {down} {} {down} {end} {down}", x + 8), end + 9, false)
            }
            (None, None) => return None,
        };
        let mut group = group.holding(path(class, d));
        if branch.into.is_none() {
            group = group.holding(
                element("circle").class("fc-tip").with("cx", name_x - 9).with("cy", down).with("r", 4),
            );
        }
        let marker = marker_width(&branch.findings);
        if marker > 0 {
            let at = name_x + if middle { 0 } else { marker / 2 };
            group = group.all(self.marker(&branch.findings, (at, down)));
        }
        if named || wrong {
            let (class, x) = if middle {
                ("fc-small fc-halo fc-mid", name_x)
            } else {
                ("fc-small fc-halo", name_x + marker + 3)
            };
            let y = if middle { down + 13 } else { down + 4 };
            group = group.holding(element("text").class(class).with("x", x).with("y", y).text(cut_to(
                &branch.name,
                11,
                260,
            )));
        }
        Some(group)
    }

    /// The arc of a merged topic: short where it comes back to the lane that it left.
    fn arc(&self, from: Option<usize>, into: usize, down: i32) -> String {
        let (end, y) = self.at(into);
        let lane = self.flow().stops[into].lane;
        let cut = lane.and_then(|lane| self.flow().lanes[lane].cut);
        let same = from.is_none_or(|from| self.flow().stops[from].lane == lane || Some(from) == cut);
        let begin = from.filter(|_| !same).map(|from| self.at(from)).filter(|(x, _)| *x < end);
        let flat = end - 30;
        if let Some((x, from_y)) = begin {
            let turn = (x + 44).min(flat);
            return format!(
                "M{x} {from_y}C{x} {down} {x} {down} {turn} {down}H{flat}Q{end} {down} {end} {y}"
            );
        }
        let begin = from.map_or(end - 44, |from| self.at(from).0.max(end - 44).min(end - 20));
        format!("M{begin} {y}Q{begin} {down} {} {down}H{}Q{end} {down} {end} {y}", begin + 14, end - 14)
    }

    fn stop(&self, at: usize) -> Element {
        let stop = &self.flow().stops[at];
        let (x, y) = self.at(at);
        let group = element("g").holding(element("title").text(self.stop_words(stop)));
        let group = match &stop.what {
            What::Step { merge, .. } => group.all(self.wrong_way(at)).all(self.dot(stop, *merge, (x, y))),
            What::Run { .. } => group.all(fold(&stop.what, (x, y))),
            What::Releases { .. } => group.all(self.folded_releases(stop, (x, y))),
        };
        let beside = match stop.what {
            What::Step { .. } => (x, y),
            What::Run { .. } => (x, y + 18),
            What::Releases { .. } => (x, y + 26),
        };
        group.all(flags(stop, (x, y))).all(self.marker(&stop.findings, beside))
    }

    /// The step itself, drawn as what was wrong, where nothing came in from the side.
    fn wrong_way(&self, at: usize) -> Option<Element> {
        let stop = &self.flow().stops[at];
        let came = self.flow().links.iter().any(|link| link.to == at)
            || self.flow().branches.iter().any(|branch| branch.into == Some(at));
        if stop.findings.is_empty() || came || !stop.tags.is_empty() {
            return None;
        }
        let (x, y) = self.at(at);
        Some(path("fc-wrong", format!("M{} {y}H{x}", x - 26)))
    }

    fn dot(&self, stop: &Stop, merge: bool, (x, y): (i32, i32)) -> Option<Element> {
        let class = color(self.flow().lanes[stop.lane?].line);
        let full = if merge { " fc-full" } else { "" };
        let r = if merge { 5 } else { 4 };
        Some(
            element("circle").class(format!("fc-dot{full} {class}")).with("cx", x).with("cy", y).with("r", r),
        )
    }

    fn folded_releases(&self, stop: &Stop, (x, y): (i32, i32)) -> Vec<Element> {
        let wide = fold_width(&stop.what).max(text_width("all clean", 11) + 16);
        let card = |by: i32| {
            element("rect")
                .class("fc-fold")
                .with("x", x - wide / 2 + by)
                .with("y", y - 22 - by)
                .with("width", wide)
                .with("height", 46)
                .with("rx", 8)
        };
        let mut words = fold_words(&stop.what);
        if stop.findings.is_empty() {
            words.push("all clean".to_owned());
        }
        let lines = words.into_iter().zip([-7, 7, 19]).map(|(words, by)| {
            element("text").class("fc-small fc-mid").with("x", x).with("y", y + by).text(words)
        });
        let bottom = self.layout.y.iter().copied().max().unwrap_or(y);
        let up = path("fc-thin", format!("M{x} {bottom}V{}", y + 24));
        [up, card(6), card(3), card(0)].into_iter().chain(lines).collect()
    }
}

/// A curve that stays on its own row until it is near.
fn curve((x, y): (i32, i32), (to_x, to_y): (i32, i32)) -> String {
    let near = (to_x - 64).max(x);
    let bend = (to_x - near) / 2;
    format!("M{x} {y}H{near}C{} {y} {} {to_y} {to_x} {to_y}", near + bend, to_x - bend)
}

fn fold(what: &What, (x, y): (i32, i32)) -> Vec<Element> {
    let wide = fold_width(what);
    let pill = element("rect").class("fc-fold").with("x", x - wide / 2).with("y", y - 10);
    let pill = pill.with("width", wide).with("height", 20).with("rx", 10);
    let words = fold_words(what).into_iter().map(|words| {
        element("text").class("fc-small fc-muted fc-mid").with("x", x).with("y", y + 4).text(words)
    });
    [pill].into_iter().chain(words).collect()
}

fn lane_words(lane: &Lane) -> String {
    let state = lane.state.map_or_else(String::new, |state| format!(", {}", state.name()));
    let gone = if lane.gone { ", gone" } else { "" };
    format!("{}{state}{gone}", lane.name)
}
