//! The drawn history of a scenario as a picture: commits where they were drawn.

use std::collections::{BTreeMap, BTreeSet};

use super::super::markup::{Element, element};
use super::super::svg::text_width;
use crate::history::{Label, Picture};

/// How wide a column of the drawing is, and how high a row.
const CELL: (i32, i32) = (11, 26);

/// What a push sets, and whether it is rejected.
type Pushed<'a> = (&'a [(&'a str, &'a str)], bool);

/// Returns the picture; as text where some of it is only written.
pub(super) fn picture(text: &str, written: &[&str], pushed: Pushed<'_>, title: &str) -> Vec<Element> {
    let drawn = Picture::read_with(text, written).ok();
    match drawn.and_then(|picture| drawing(text, &picture, pushed, title)) {
        Some(svg) => vec![svg],
        None => verbatim(text, written),
    }
}

fn verbatim(text: &str, written: &[&str]) -> Vec<Element> {
    let lines: Vec<&str> =
        text.lines().chain(written.iter().copied()).filter(|line| !line.trim().is_empty()).collect();
    vec![element("pre").holding(element("code").text(lines.join("\n")))]
}

fn drawing(text: &str, picture: &Picture, pushed: Pushed<'_>, title: &str) -> Option<Element> {
    let places = places(text);
    let at = |name: &str| places.get(name).copied();
    let mut lines = vec![];
    let mut dots = vec![];
    for commit in &picture.commits {
        let (x, y) = at(&commit.name)?;
        for (nth, parent) in commit.parents.iter().enumerate() {
            lines.push(curve(at(parent)?, (x, y), nth));
        }
        dots.push(dot(&commit.name, (x, y)));
    }
    let (labels, width) = labels(picture, pushed, &places)?;
    let rows: BTreeSet<i32> = places.values().map(|(_, y)| *y).collect();
    let height = rows.last()? + 22;
    Some(
        element("svg")
            .class("small")
            .with("width", width)
            .with("height", height)
            .with("viewBox", format!("0 0 {width} {height}"))
            .with("role", "img")
            .with("aria-label", title)
            .all(lines)
            .all(dots)
            .all(labels),
    )
}

/// Where the commits were drawn; rows without any take no room.
fn places(text: &str) -> BTreeMap<String, (i32, i32)> {
    let mut places = BTreeMap::new();
    let mut y = 18;
    for row in text.lines() {
        let drawn = row.split('(').next().unwrap_or_default();
        let mut found = false;
        let mut name = String::new();
        for (column, c) in drawn.chars().chain([' ']).enumerate() {
            if c.is_ascii_alphanumeric() || "_'.".contains(c) {
                name.push(c);
                continue;
            }
            if !name.is_empty() {
                let middle = (2 * column - name.len() - 1) * usize::try_from(CELL.0).unwrap_or(1) / 2;
                places.insert(std::mem::take(&mut name), (18 + i32::try_from(middle).unwrap_or_default(), y));
                found = true;
            }
        }
        y += if found {
            CELL.1
        } else if drawn.trim().is_empty() {
            0
        } else {
            CELL.1 / 2
        };
    }
    places
}

fn curve((x, y): (i32, i32), (to_x, to_y): (i32, i32), nth: usize) -> Element {
    let class = if nth == 0 { "edge" } else { "edge side" };
    let middle = x.midpoint(to_x);
    element("path").class(class).with("d", format!("M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"))
}

fn dot(name: &str, (x, y): (i32, i32)) -> Element {
    let wide = text_width(name, 11).max(8) + 10;
    let ring = element("rect").class("ring").with("x", x - wide / 2).with("y", y - 9);
    let ring = ring.with("width", wide).with("height", 18).with("rx", 9);
    element("g").holding(ring).holding(element("text").class("mid").with("x", x).with("y", y + 4).text(name))
}

/// The labels, each row's behind its last commit, and how wide the picture is with them.
fn labels(
    picture: &Picture,
    pushed: Pushed<'_>,
    places: &BTreeMap<String, (i32, i32)>,
) -> Option<(Vec<Element>, i32)> {
    let mut ends: BTreeMap<i32, i32> = BTreeMap::new();
    for (x, y) in places.values() {
        let end = ends.entry(*y).or_default();
        *end = (*end).max(x + 20);
    }
    let tags = tags(picture);
    let mut out = vec![];
    for placed in &picture.labels {
        let (class, text) = words(&placed.label);
        let at = placed.at.as_deref().or_else(|| tags.get(text_of(&placed.label)).copied());
        let Some(at) = at else { continue };
        let (x, y) = *places.get(at)?;
        let shown = if beyond(places, x, y) { format!("{text} at {at}") } else { text };
        out.push(label(class, &shown, y, &mut ends));
    }
    let class = if pushed.1 { "pushed bad" } else { "pushed" };
    for (name, to) in pushed.0 {
        if let Some((x, y)) = places.get(*to).copied() {
            let shown =
                if beyond(places, x, y) { format!("→ {name} at {to}") } else { format!("→ {name}") };
            out.push(label(class, &shown, y, &mut ends));
        }
    }
    Some((out, ends.values().max()? + 12))
}

/// Whether another commit stands behind on the same row.
fn beyond(places: &BTreeMap<String, (i32, i32)>, x: i32, y: i32) -> bool {
    places.values().any(|(other, row)| *row == y && *other > x)
}

fn label(class: &str, text: &str, y: i32, ends: &mut BTreeMap<i32, i32>) -> Element {
    let x = ends.entry(y).or_default();
    let wide = text_width(text, 11) + 12;
    let left = *x;
    *x += wide + 6;
    let pill = element("rect").class(format!("label {class}")).with("x", left).with("y", y - 9);
    let pill = pill.with("width", wide).with("height", 18).with("rx", 4);
    element("g").holding(pill).holding(element("text").with("x", left + 6).with("y", y + 4).text(text))
}

/// The commit of each version tag that is drawn.
fn tags(picture: &Picture) -> BTreeMap<&str, &str> {
    let tags = picture.labels.iter().filter_map(|placed| match &placed.label {
        Label::Tag(name) | Label::LightTag(name) => Some((name.as_str(), placed.at.as_deref()?)),
        _ => None,
    });
    tags.collect()
}

fn text_of(label: &Label) -> &str {
    match label {
        Label::Branch(name) | Label::Tag(name) | Label::LightTag(name) | Label::Ref(name) => name,
        Label::Record { version_tag, .. } => version_tag,
    }
}

fn words(label: &Label) -> (&'static str, String) {
    match label {
        Label::Branch(name) => ("branch", name.clone()),
        Label::Tag(name) | Label::LightTag(name) | Label::Ref(name) => ("tag", name.clone()),
        Label::Record { revokes: false, version_tag, environment } => {
            ("ok", format!("✓ {version_tag} in {environment}"))
        }
        Label::Record { revokes: true, version_tag, environment } => {
            ("back", format!("↶ {version_tag} in {environment}"))
        }
    }
}
