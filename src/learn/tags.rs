//! The forms of tags, and the line that version tags stand on.

use std::collections::BTreeMap;

use super::Tags;
use super::fit::Fit;
use super::lines;
use super::trunk::Trunks;
use super::write::literal;
use crate::facts::{RecordName, is_image_tag};
use crate::history::{Answer, History, Object, Oid, Ref, Refs, Seconds};
use crate::policy::LineRole;
use crate::version::Release;

/// How many tags make a form, where they are fewer than a twentieth of all.
const ENOUGH: usize = 3;

/// Returns the forms of the tags.
pub(super) fn learn(history: &dyn History, refs: &Refs, trunks: &Trunks, has_releases: bool) -> Answer<Tags> {
    let named = refs.below("refs/tags/").iter().filter_map(|entry| {
        let name = std::str::from_utf8(entry.name.tag()?).ok()?;
        RecordName::parse(name).is_none().then_some((name, entry))
    });
    let all: Vec<(&str, &Ref)> = named.collect();
    let stem = stem(&all);
    let (releases, others): (Vec<_>, Vec<_>) =
        all.iter().partition(|(name, _)| stem.is_some_and(|stem| is_release(name, stem)));
    let release = Fit { fits: releases.len(), of: all.len() };
    let (hotfix, others) = hotfixes(stem.unwrap_or("v"), others);
    let other = forms(&others, all.len());
    let newest = releases.iter().filter_map(|(name, entry)| Some((lines::split(name)?.1, *name, *entry)));
    let newest = newest.max_by_key(|(release, ..)| *release).map(|(_, name, entry)| (name, entry));
    let (on, standing) = ground(history, &releases, newest, trunks, has_releases)?;
    Ok(Tags {
        stem: stem.unwrap_or("v").to_owned(),
        release,
        hotfix,
        on,
        standing,
        in_order: in_order(history, &releases)?,
        other,
        newest: newest.map(|(name, _)| newest_fix(name, stem.unwrap_or("v"), &all).to_owned()),
    })
}

fn is_release(name: &str, stem: &str) -> bool {
    lines::split(name).is_some_and(|(other, _)| other == stem)
}

/// Returns what most version tags begin with.
fn stem<'t>(tags: &[(&'t str, &Ref)]) -> Option<&'t str> {
    let mut stems: BTreeMap<&str, usize> = BTreeMap::new();
    for (stem, _) in tags.iter().filter_map(|(name, _)| lines::split(name)) {
        if stem.is_empty() || is_image_tag(stem) {
            *stems.entry(stem).or_default() += 1;
        }
    }
    stems
        .into_iter()
        .max_by_key(|(stem, count)| (*count, std::cmp::Reverse(stem.len())))
        .map(|(stem, _)| stem)
}

type Named<'t> = (&'t str, &'t Ref);

/// Splits off the tags `<release tag><what><number>` of the form that is used most, if that says
/// that it is a hotfix.
fn hotfixes<'t>(stem: &str, others: Vec<Named<'t>>) -> (Option<(String, usize)>, Vec<Named<'t>>) {
    let mut infixes: BTreeMap<String, usize> = BTreeMap::new();
    for infix in others.iter().filter_map(|(name, _)| hotfix_infix(name, stem)) {
        *infixes.entry(infix.to_owned()).or_default() += 1;
    }
    let Some((infix, count)) = infixes.into_iter().max_by_key(|(_, count)| *count) else {
        return (None, others);
    };
    let rest = others.into_iter().filter(|(name, _)| hotfix_infix(name, stem) != Some(&infix));
    let rest = rest.collect();
    (Some((infix, count)), rest)
}

/// Returns `-hotfix.` of `v1.0.0-hotfix.1`.
fn hotfix_infix<'t>(name: &'t str, stem: &str) -> Option<&'t str> {
    let rest = name.strip_prefix(stem)?;
    let version = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    Release::parse(&rest[..version])?;
    let rest = &rest[version..];
    let number = rest.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (infix, number) = rest.split_at(number);
    let counts = !number.is_empty() && !number.starts_with('0');
    let word = infix.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    (counts && ["hotfix", "hf", "patch", "fix"].contains(&word.as_str())).then_some(infix)
}

/// Returns the newest hotfix tag of a release tag's version; where there is none, the release tag.
fn newest_fix<'t>(release: &'t str, stem: &str, tags: &[Named<'t>]) -> &'t str {
    let number = |name: &'t str| {
        let infix = name.strip_prefix(release).and_then(|_| hotfix_infix(name, stem))?;
        let number = name.strip_prefix(release)?.strip_prefix(infix)?;
        Some((number.parse::<u64>().ok()?, name))
    };
    tags.iter().filter_map(|(name, _)| number(name)).max().map_or(release, |(_, name)| name)
}

/// Groups tags whose names differ in numbers alone; what stands alone has no form.
fn forms(others: &[Named<'_>], all: usize) -> Vec<(String, usize)> {
    let mut forms: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in others {
        *forms.entry(form(name)).or_default() += 1;
    }
    let is_form = |(_, count): &(String, usize)| *count >= ENOUGH || Fit { fits: *count, of: all }.is_habit();
    let mut kept: Vec<(String, usize)> = forms.into_iter().filter(is_form).collect();
    kept.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kept
}

/// Returns a name as a pattern in which any number may stand for a number.
fn form(name: &str) -> String {
    let mut form = String::new();
    let mut in_number = false;
    for c in name.chars() {
        match (c.is_ascii_digit(), in_number) {
            (true, false) => form.push_str(r"\d+"),
            (true, true) => {}
            (false, _) => form.push_str(&literal(&c.to_string())),
        }
        in_number = c.is_ascii_digit();
    }
    form
}

/// Returns the line that most release tags stand on, and how many do. Where that is no habit of all
/// of them, the line that the newest stands on counts.
fn ground(
    history: &dyn History,
    releases: &[Named<'_>],
    newest: Option<Named<'_>>,
    trunks: &Trunks,
    has_releases: bool,
) -> Answer<(LineRole, Fit)> {
    let mut commits: Vec<Oid> = vec![];
    for (_, entry) in releases {
        commits.extend(commit(history, entry)?);
    }
    let stands = |role: LineRole| Fit::count(commits.iter().map(|commit| trunks.stands_on(role, *commit)));
    let mut roles = vec![LineRole::Integration];
    roles.extend(has_releases.then_some(LineRole::Release));
    roles.extend(trunks.production.is_some().then_some(LineRole::Production));
    let best = roles.iter().copied().max_by_key(|role| stands(*role).fits).unwrap_or(LineRole::Integration);
    if !stands(best).rest().is_habit() {
        return Ok((best, stands(best)));
    }
    let newest = newest.map(|(_, entry)| commit(history, entry)).transpose()?.flatten();
    let latest =
        newest.and_then(|newest| roles.into_iter().rev().find(|role| trunks.stands_on(*role, newest)));
    let on = latest.unwrap_or(best);
    Ok((on, stands(on)))
}

/// Returns how many release tags are not below one that says it is older.
fn in_order(history: &dyn History, releases: &[Named<'_>]) -> Answer<Fit> {
    let mut dated: Vec<(Seconds, Release)> = vec![];
    for (name, entry) in releases {
        if let (Some((_, release)), Some(date)) = (lines::split(name), date(history, entry)?) {
            dated.push((date, release));
        }
    }
    dated.sort_unstable();
    let mut highest = None;
    Ok(Fit::count(dated.into_iter().map(|(_, release)| {
        let above = highest < Some(release);
        highest = highest.max(Some(release));
        above
    })))
}

/// Returns when a tag says it was made; a lightweight one: its commit.
fn date(history: &dyn History, entry: &Ref) -> Answer<Option<Seconds>> {
    if let Object::Tag(tag) = history.object(entry.id)?
        && let Some(tagger) = tag.tagger
    {
        return Ok(Some(tagger.time));
    }
    commit(history, entry)?.map(|commit| history.date(commit)).transpose()
}

/// Returns the commit below all tags.
pub(super) fn commit(history: &dyn History, entry: &Ref) -> Answer<Option<Oid>> {
    let mut at = entry.peeled.unwrap_or(entry.id);
    for _ in 0..64 {
        match history.object(at)? {
            Object::Commit => return Ok(Some(at)),
            Object::Tag(tag) => at = tag.target,
            Object::Tree | Object::Blob => return Ok(None),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hotfix_tag_says_that_it_is_one() {
        assert_eq!(hotfix_infix("v1.0.0-hotfix1", "v"), Some("-hotfix"));
        assert_eq!(hotfix_infix("v1.0.0-hotfix.2", "v"), Some("-hotfix."));
        assert_eq!(hotfix_infix("1.0.0_HF3", ""), Some("_HF"));
        for other in ["v1.0.0-rc1", "v1.0.0-hotfix", "v1.0.0-hotfix01", "1.0.0-hotfix1", "v1.0-hotfix1"] {
            assert_eq!(hotfix_infix(other, "v"), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_what_tags_of_one_form_differ_in() {
        assert_eq!(form("v1.10.0-rc2"), r"v\d+\.\d+\.\d+-rc\d+");
        assert_eq!(form("nightly"), "nightly");
    }
}
