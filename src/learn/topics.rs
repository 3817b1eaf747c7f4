//! The kinds of topics: where they start, what they enter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::drafts::{Draft, drafts, join, tell_apart};
use super::fit::{Fit, Outlier};
use super::lines;
use super::names::Names;
use super::tags;
use super::trunk::{Merge, Trunks};
use super::{Kind, Releases, Tags};
use crate::history::{Answer, History, Oid, Refs};
use crate::policy::{Base, LineRole, While};

/// One merge in so many makes a kind one that is seldom used.
const SELDOM: usize = 100;
/// How many of the lines that branches enter, or start from, decide.
const LINES: [LineRole; 3] = [LineRole::Integration, LineRole::Production, LineRole::Release];

/// Returns the kinds, the most used first, and the merges that went where their kind does not go.
pub(super) fn kinds(
    names: &Names,
    trunks: &Trunks,
    releases: Option<&Releases>,
) -> (Vec<Kind>, Vec<Outlier>) {
    let drafts = drafts(names, releases);
    let mut outliers: Vec<Outlier> = vec![];
    let all = trunks.merges().filter(|merge| named_topic(names, merge).is_some()).count();
    let mut kinds: Vec<Kind> = joined(drafts, trunks, releases, all)
        .iter()
        .map(|draft| kind(draft, trunks, releases, all, &mut outliers))
        .collect();
    kinds.sort_by(|a, b| b.share.fits.cmp(&a.share.fits).then_with(|| a.name.cmp(&b.name)));
    (kinds, outliers)
}

/// Returns how many of the named merges are of a line, a release or a kind; see [`kinds`].
pub(super) fn named(names: &Names, trunks: &Trunks, releases: Option<&Releases>) -> Fit {
    let drafts = drafts(names, releases);
    let known: BTreeSet<&str> = drafts.iter().flat_map(|draft| &draft.names).map(|(name, _)| *name).collect();
    let merges = trunks.merges().filter_map(|merge| merge.name.as_deref());
    Fit::count(
        merges
            .map(|name| known.contains(name) || names.is_line(name) || lines::release_named(name).is_some()),
    )
}

fn named_topic<'m>(names: &Names, merge: &'m Merge) -> Option<&'m str> {
    let name = merge.name.as_deref()?;
    (!names.is_line(name) && lines::release_named(name).is_none()).then_some(name)
}

/// Joins the kinds that are seldom used and go the same way, if their names are built alike.
fn joined<'n>(
    drafts: Vec<Draft<'n>>,
    trunks: &Trunks,
    releases: Option<&Releases>,
    all: usize,
) -> Vec<Draft<'n>> {
    let mut kept = vec![];
    let mut alike: BTreeMap<_, Vec<Draft<'n>>> = BTreeMap::new();
    for draft in drafts {
        let kind = kind(&draft, trunks, releases, all, &mut vec![]);
        let seldom = kind.share.fits * SELDOM < all;
        match &draft.prefix {
            Some((prefix, rest)) if seldom && !rest.contains("<version>") => {
                let end = prefix.chars().next_back();
                let from = LINES.iter().position(|line| kind.from == Base::Line(*line));
                let into: Vec<LineRole> = kind.into.iter().map(|(line, _)| *line).collect();
                alike.entry((end, *rest, from, into)).or_default().push(draft);
            }
            _ => kept.push(draft),
        }
    }
    kept.extend(alike.into_iter().flat_map(|((_, rest, ..), drafts)| join(rest, drafts)));
    tell_apart(&mut kept);
    kept
}

fn kind(
    draft: &Draft<'_>,
    trunks: &Trunks,
    releases: Option<&Releases>,
    all: usize,
    outliers: &mut Vec<Outlier>,
) -> Kind {
    let members: BTreeSet<&str> = draft.names.iter().map(|(name, _)| *name).collect();
    let merges: Vec<&Merge> = trunks
        .merges()
        .filter(|merge| merge.name.as_deref().is_some_and(|name| members.contains(name)))
        .collect();
    let (from, started) = started(&merges);
    let mut into = entered(&merges);
    if into.is_empty() {
        // None was merged yet: it will go where it started.
        let line = if let Base::Line(line) = from { line } else { LineRole::Integration };
        into.push((line, Fit::default()));
    }
    // A policy without release lines has no place for what entered one.
    into.retain(|(line, _)| *line != LineRole::Release || releases.is_some());
    for merge in &merges {
        if !into.iter().any(|(line, _)| *line == merge.into) {
            outliers.push(Outlier {
                kind: draft.name.clone(),
                name: merge.name.clone().unwrap_or_default(),
                into: merge.into,
            });
        }
    }
    let pattern = regex::Regex::new(&format!(r"\A(?:{})\z", draft.pattern));
    let matching = pattern.map(|pattern| Fit::count(members.iter().map(|name| pattern.is_match(name))));
    Kind {
        name: draft.name.clone(),
        pattern: draft.pattern.clone(),
        matching: matching.unwrap_or_default(),
        share: Fit { fits: merges.len(), of: all },
        from,
        started,
        into,
        while_: While::Open,
        examples: members.iter().take(3).map(|name| (*name).to_owned()).collect(),
    }
}

/// Returns the line that most of these merges' branches started from.
fn started(merges: &[&Merge]) -> (Base, Fit) {
    let starts: Vec<LineRole> = merges.iter().filter_map(|merge| merge.from).collect();
    let fit = |line: &LineRole| Fit::count(starts.iter().map(|start| start == line));
    let best = LINES.iter().rev().max_by_key(|line| fit(line).fits).filter(|line| fit(line).fits > 0);
    let best = best.copied().unwrap_or(LineRole::Integration);
    (Base::Line(best), fit(&best))
}

/// Returns the lines that these merges went into, the fewest that leave out accidents alone.
fn entered(merges: &[&Merge]) -> Vec<(LineRole, Fit)> {
    let fit = |line: LineRole| (line, Fit::count(merges.iter().map(|merge| merge.into == line)));
    let mut lines = LINES.map(fit).to_vec();
    lines.sort_by_key(|(_, fit)| std::cmp::Reverse(fit.fits));
    let mut left = Fit { fits: merges.len(), of: merges.len() };
    let mut into = vec![];
    for (line, fit) in lines {
        if left.is_habit() {
            into.push((line, fit));
        }
        left.fits -= fit.fits;
    }
    into.sort_by_key(|(line, _)| *line);
    into
}

/// Finds out which kinds enter a release only before, or only after, its release tag.
pub(super) fn timed(
    history: &dyn History,
    refs: &Refs,
    found: &Tags,
    trunks: &Trunks,
    mut kinds: Vec<Kind>,
) -> Answer<Vec<Kind>> {
    let mut early: HashMap<&str, Vec<bool>> = HashMap::new();
    for merge in &trunks.releases.merges {
        let (Some(name), Some(release)) = (merge.name.as_deref(), merge.release) else { continue };
        let tag = crate::history::RefName::of_tag(&format!("{}{release}", found.stem));
        let Some(entry) = refs.get(&tag) else { continue };
        let Some(commit) = tags::commit(history, entry)? else { continue };
        early.entry(name).or_default().push(before(history, merge.commit, commit)?);
    }
    for kind in &mut kinds {
        let goes = kind.from == Base::Line(LineRole::Release)
            && kind.into.iter().any(|(line, _)| *line == LineRole::Release);
        let Ok(pattern) = regex::Regex::new(&format!(r"\A(?:{})\z", kind.pattern)) else { continue };
        let of_kind = early.iter().filter(|(name, _)| pattern.is_match(name));
        let fit = Fit::count(of_kind.flat_map(|(_, early)| early.iter().copied()));
        kind.while_ = match () {
            () if !goes || fit.of == 0 => While::Open,
            () if !fit.rest().is_habit() => While::BeforeTag,
            () if !fit.is_habit() => While::AfterTag,
            () => While::Open,
        };
    }
    Ok(kinds)
}

fn before(history: &dyn History, merge: Oid, tag: Oid) -> Answer<bool> {
    history.is_ancestor(merge, tag)
}
