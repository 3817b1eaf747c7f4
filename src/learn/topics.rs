//! The kinds of topics: what their names have in common, where they start, what they enter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fit::{Fit, Outlier, Side};
use super::lines;
use super::names::{Group, Names, is_telling};
use super::tags;
use super::trunk::{Merge, Trunks};
use super::write::literal;
use super::{Kind, Releases, Tags};
use crate::history::{Answer, History, Oid, Refs};
use crate::policy::{Base, LineRole, Pattern, While};
use crate::version::Release;

/// How many names make a group a kind, where its first word says nothing.
const ENOUGH: usize = 3;
/// From how many first words of one shape on the shape is the kind.
const MANY: usize = 10;
/// How many first words are listed in one pattern.
const LISTED: usize = 60;
/// One merge in so many makes a kind one that is seldom used.
const SELDOM: usize = 100;
/// How many of the lines that branches enter, or start from, decide.
const LINES: [LineRole; 3] = [LineRole::Integration, LineRole::Production, LineRole::Release];

/// Names that belong together, and the pattern of them.
#[derive(Debug)]
struct Draft<'n> {
    name: String,
    pattern: String,
    names: Vec<(&'n str, usize)>,
    /// What all of them begin with, and the pattern of the rest.
    prefix: Option<(String, &'static str)>,
}

/// Returns the kinds, the most used first, and what fits none of them.
pub(super) fn kinds(
    names: &Names,
    trunks: &Trunks,
    releases: Option<&Releases>,
) -> (Vec<Kind>, Vec<Outlier>) {
    let (drafts, loose) = drafts(names, releases);
    let mut outliers: Vec<Outlier> = vec![];
    let all = trunks.merges().filter(|merge| named_topic(names, merge).is_some()).count();
    let mut kinds: Vec<Kind> = joined(drafts, trunks, releases, all)
        .iter()
        .map(|draft| kind(draft, trunks, releases, all, &mut outliers))
        .collect();
    kinds.sort_by(|a, b| b.share.fits.cmp(&a.share.fits).then_with(|| a.name.cmp(&b.name)));
    outliers.extend(loose.into_iter().map(|(name, _)| Outlier {
        side: Side::Branch,
        name: name.to_owned(),
        kind: "branch".to_owned(),
        does: "has a name like no other".to_owned(),
    }));
    outliers.extend(other_releases(names, releases));
    (kinds, outliers)
}

/// Returns how many of the named merges are of a line, a release or a kind; see [`kinds`].
pub(super) fn named(names: &Names, trunks: &Trunks, releases: Option<&Releases>) -> Fit {
    let (drafts, _) = drafts(names, releases);
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

/// Names of release lines that are of another form than most.
fn other_releases(names: &Names, releases: Option<&Releases>) -> Vec<Outlier> {
    let Some(releases) = releases else { return vec![] };
    let form = format!("{}X.Y.Z", releases.stem);
    let others = names
        .releases()
        .filter(|name| lines::release_named(name).is_some_and(|(stem, _)| stem != releases.stem));
    let outlier = |name: &str| Outlier {
        side: Side::Branch,
        name: name.to_owned(),
        kind: "release".to_owned(),
        does: format!("begins like a release line, and they are called `{form}`"),
    };
    others.chain(names.odd_releases()).map(outlier).collect()
}

type Loose<'n> = Vec<(&'n str, usize)>;

fn drafts<'n>(names: &'n Names, releases: Option<&Releases>) -> (Vec<Draft<'n>>, Loose<'n>) {
    let mut drafts = vec![];
    let mut loose: Loose<'_> = names.odd_releases().map(|name| (name, 1)).collect();
    let odd = loose.len();
    let mut words: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
    let mut groups = names.groups();
    drafts.extend([2, 3].into_iter().filter_map(|letters| initials(&mut groups, letters)));
    for (group, members) in groups {
        match group {
            Group::Prefix(prefix)
                if members.len() >= ENOUGH || is_telling(&prefix) && prefix.ends_with('/') =>
            {
                words.insert(prefix, members);
            }
            Group::Number => drafts.push(draft("issue", r"[0-9]+-(?<topic>[^/]+)", members)),
            Group::Ticket => drafts.push(draft("ticket", r"(?<topic>[A-Z]{2,}-[0-9]+[^/]*)", members)),
            Group::Whole(name) => drafts.push(draft(&name, &literal(&name), members)),
            Group::Prefix(_) | Group::Loose => loose.extend(members),
        }
    }
    let (telling, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        words.into_iter().partition(|(prefix, _)| is_telling(prefix));
    drafts.extend(telling.into_iter().map(|(prefix, members)| of_prefix(&prefix, members)));
    let few = others.len() < MANY;
    let others = of_others(others, &mut loose);
    let kept = Fit { fits: weight(&loose), of: weight(&loose) + weight_of(&drafts) + weight_of(&others) };
    if few || !kept.is_habit() {
        drafts.extend(others);
    } else {
        // Most names are people's own, and no list of first words would hold the next one.
        loose.extend(others.into_iter().flat_map(|draft| draft.names));
    }
    loose.drain(..odd);
    let drafts = disjoint(drafts, names, releases, &mut loose);
    (drafts, loose)
}

/// Takes the groups whose names begin with so many letters and a slash, where these are many: the
/// initials of people.
fn initials<'n>(groups: &mut BTreeMap<Group, Loose<'n>>, letters: usize) -> Option<Draft<'n>> {
    let is_short = |group: &Group| {
        let word = match group {
            Group::Prefix(prefix) => prefix.strip_suffix('/'),
            _ => None,
        };
        word.is_some_and(|word| word.len() == letters && word.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    if groups.keys().filter(|group| is_short(group)).count() < MANY {
        return None;
    }
    let (short, others) = std::mem::take(groups).into_iter().partition(|(group, _)| is_short(group));
    *groups = others;
    let short: BTreeMap<Group, Loose<'n>> = short;
    let members: Loose<'n> = short.into_values().flatten().collect();
    let rests: Vec<&str> = members.iter().map(|(name, _)| &name[letters + 1..]).collect();
    Some(draft("topic", &format!("[a-z]{{{letters}}}/{}", topic(&rests, true)), members))
}

/// How often names were merged; what was not yet counts once.
fn weight(names: &[(&str, usize)]) -> usize {
    names.iter().map(|(_, merged)| (*merged).max(1)).sum()
}

fn weight_of(drafts: &[Draft<'_>]) -> usize {
    drafts.iter().map(|draft| weight(&draft.names)).sum()
}

/// Keeps the drafts, the most used first, that have no name in common with a line or with one that
/// is kept: no name may be of two kinds.
fn disjoint<'n>(
    mut drafts: Vec<Draft<'n>>,
    names: &Names,
    releases: Option<&Releases>,
    loose: &mut Loose<'n>,
) -> Vec<Draft<'n>> {
    drafts
        .sort_by_key(|draft| std::cmp::Reverse(draft.names.iter().map(|(_, merged)| merged).sum::<usize>()));
    let release = releases.map(Releases::pattern);
    let mut taken: Vec<Pattern> = release.iter().filter_map(|text| Pattern::new(text).ok()).collect();
    let mut kept = vec![];
    for draft in drafts {
        let pattern = Pattern::new(&draft.pattern).ok().filter(|pattern| {
            !names.lines().any(|line| pattern.is_match(line))
                && taken.iter().all(|other| other.common_name(pattern).is_none())
        });
        match pattern {
            Some(pattern) => {
                taken.push(pattern);
                kept.push(draft);
            }
            None => loose.extend(draft.names),
        }
    }
    kept
}

fn draft<'n>(name: &str, pattern: &str, names: Vec<(&'n str, usize)>) -> Draft<'n> {
    Draft { name: key(name), pattern: pattern.to_owned(), names, prefix: None }
}

/// Returns a name as a bare key of TOML.
fn key(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let key: String = name.to_ascii_lowercase().chars().map(plain).collect();
    let key = key.trim_matches('-');
    if key.is_empty() { "topic".to_owned() } else { key.to_owned() }
}

/// Kinds of the same name get numbers.
fn tell_apart(drafts: &mut [Draft<'_>]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for draft in drafts {
        let times = seen.entry(draft.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            draft.name = format!("{}-{times}", draft.name);
        }
    }
}

fn of_prefix<'n>(prefix: &str, names: Vec<(&'n str, usize)>) -> Draft<'n> {
    let rests: Vec<&str> = names.iter().filter_map(|(name, _)| name.strip_prefix(prefix)).collect();
    let version = Fit::count(rests.iter().map(|rest| Release::parse(rest).is_some()));
    let rest = if version.fits > 0 && !version.rest().is_habit() {
        r"(?<version>\d+\.\d+\.\d+)"
    } else {
        topic(&rests, prefix.ends_with('/'))
    };
    Draft {
        prefix: Some((prefix.to_owned(), rest)),
        ..draft(prefix, &format!("{}{rest}", literal(prefix)), names)
    }
}

/// Returns the part of a pattern that these rests of names match.
fn topic(rests: &[&str], slashes: bool) -> &'static str {
    let plain = |rest: &&str| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
    };
    match (rests.iter().all(plain), slashes) {
        (true, true) => "(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)",
        (true, false) => "(?<topic>[A-Za-z0-9][A-Za-z0-9._-]*)",
        (false, true) => "(?<topic>.+)",
        (false, false) => "(?<topic>[^/]+)",
    }
}

/// First words that say nothing (people's names, mostly) make one kind together for each way in
/// which they are separated from the rest.
fn of_others<'n>(words: BTreeMap<String, Vec<(&'n str, usize)>>, loose: &mut Loose<'n>) -> Vec<Draft<'n>> {
    let mut by_end: BTreeMap<char, Vec<(String, Loose<'n>)>> = BTreeMap::new();
    for (prefix, members) in words {
        let end = prefix.chars().next_back().unwrap_or('/');
        by_end.entry(end).or_default().push((prefix, members));
    }
    let mut drafts = vec![];
    for (end, mut groups) in by_end {
        groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
        let few = groups.len() < MANY;
        if few {
            drafts.extend(groups.into_iter().map(|(prefix, members)| of_prefix(&prefix, members)));
            continue;
        }
        let rest = groups.split_off(groups.len().min(LISTED));
        loose.extend(rest.into_iter().flat_map(|(_, members)| members));
        let alternatives: Vec<String> =
            groups.iter().map(|(prefix, _)| literal(prefix.trim_end_matches(end))).collect();
        let members: Vec<(&str, usize)> = groups.into_iter().flat_map(|(_, members)| members).collect();
        let rests: Vec<&str> =
            members.iter().filter_map(|(name, _)| name.split_once(end).map(|(_, rest)| rest)).collect();
        let pattern = format!("({}){end}{}", alternatives.join("|"), topic(&rests, end == '/'));
        drafts.push(draft("topic", &pattern, members));
    }
    drafts
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

fn join<'n>(rest: &'static str, drafts: Vec<Draft<'n>>) -> Vec<Draft<'n>> {
    if drafts.len() < ENOUGH {
        return drafts;
    }
    let prefixes: Vec<&str> =
        drafts.iter().filter_map(|draft| Some(draft.prefix.as_ref()?.0.as_str())).collect();
    let end = prefixes[0].chars().next_back().unwrap_or('/');
    let words: Vec<String> = prefixes.iter().map(|prefix| literal(prefix.trim_end_matches(end))).collect();
    let pattern = format!("({}){end}{rest}", words.join("|"));
    let names = drafts.iter().flat_map(|draft| draft.names.iter().copied()).collect();
    vec![draft("others", &pattern, names)]
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
            outliers.push(Outlier::merge(merge.name.as_deref().unwrap_or_default(), &draft.name, merge.into));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(names: &[String]) -> Vec<String> {
        let mut all = Names::default();
        for name in names {
            all.add(name, 1);
        }
        let (drafts, _) = drafts(&all, None);
        drafts.into_iter().map(|draft| draft.pattern).collect()
    }

    #[test]
    fn initials_are_one_kind_where_they_are_many() {
        let people = |count: u8| (0..count).map(|at| format!("a{}/it", char::from(b'a' + at)));
        let kinds =
            patterns(&people(10).chain(["gh/1".to_owned(), "feature/a".to_owned()]).collect::<Vec<_>>());
        let topic = "(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)";
        assert_eq!(kinds, [format!("[a-z]{{2}}/{topic}"), format!("feature/{topic}")]);
        assert_eq!(patterns(&people(9).collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn names_of_people_are_no_kind_where_they_leave_out_too_many() {
        let ours =
            (0..12).flat_map(|at| ["x", "y", "z"].map(|what| format!("ann{}-{what}", char::from(b'a' + at))));
        let ours: Vec<String> = ours.collect();
        let kinds = patterns(&ours);
        assert_eq!(kinds.len(), 1, "{kinds:?}");
        assert!(kinds[0].starts_with("(anna|annb|"), "{kinds:?}");
        let odd = ["one", "two"].map(str::to_owned);
        assert_eq!(patterns(&[ours, odd.to_vec()].concat()), [""; 0]);
    }

    #[test]
    fn seldom_kinds_that_are_built_alike_are_one() {
        let of = |prefix: &str| of_prefix(prefix, vec![("fix/a", 1)]);
        let rest = "(?<topic>.+)";
        let kinds = join(rest, vec![of("fix/"), of("docs/"), of("c++/")]);
        assert_eq!(kinds.len(), 1);
        assert_eq!(kinds[0].pattern, r"(fix|docs|c\+\+)/(?<topic>.+)");
        assert_eq!(kinds[0].names.len(), 3);
        assert_eq!(join(rest, vec![of("fix/"), of("docs/")]).len(), 2);
    }
}
