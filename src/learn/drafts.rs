//! Names that have something in common, and the pattern of them: what may become a kind.

use std::collections::{BTreeMap, HashMap};

use super::Releases;
use super::fit::Fit;
use super::names::{Group, Names, is_telling};
use super::write::literal;
use crate::policy::Pattern;
use crate::version::Release;

/// How many names make a group a kind, where its first word says nothing.
const ENOUGH: usize = 3;
/// From how many first words of one shape on the shape is the kind.
const MANY: usize = 10;
/// How many first words are listed in one pattern.
const LISTED: usize = 60;

/// Names that belong together, and the pattern of them.
#[derive(Debug)]
pub(super) struct Draft<'n> {
    /// The name of the kind.
    pub name: String,
    /// The pattern.
    pub pattern: String,
    /// The names, and how often each was merged.
    pub names: Loose<'n>,
    /// What all of them begin with, and the pattern of the rest.
    pub prefix: Option<(String, &'static str)>,
}

/// Names, each with how often it was merged.
pub(super) type Loose<'n> = Vec<(&'n str, usize)>;

/// Returns what names have in common; what has nothing in common with others is left out.
pub(super) fn drafts<'n>(names: &'n Names, releases: Option<&Releases>) -> Vec<Draft<'n>> {
    let mut drafts = vec![];
    let mut loose: Loose<'_> = names.odd_releases().map(|name| (name, 1)).collect();
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
    let left_out = Fit { fits: weight(&loose), of: weight(&loose) + weight_of(&drafts) + weight_of(&others) };
    // Else most names are people's own, and no list of first words would hold the next one.
    if few || !left_out.is_habit() {
        drafts.extend(others);
    }
    disjoint(drafts, names, releases)
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
fn disjoint<'n>(mut drafts: Vec<Draft<'n>>, names: &Names, releases: Option<&Releases>) -> Vec<Draft<'n>> {
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
        if let Some(pattern) = pattern {
            taken.push(pattern);
            kept.push(draft);
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
pub(super) fn tell_apart(drafts: &mut [Draft<'_>]) {
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

/// Makes one kind of several whose names go on alike after their first words.
pub(super) fn join<'n>(rest: &'static str, drafts: Vec<Draft<'n>>) -> Vec<Draft<'n>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(names: &[String]) -> Vec<String> {
        let mut all = Names::default();
        for name in names {
            all.add(name, 1);
        }
        drafts(&all, None).into_iter().map(|draft| draft.pattern).collect()
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
