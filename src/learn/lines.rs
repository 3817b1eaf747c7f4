//! Which branches are lines, and how they take branches in.

use std::collections::BTreeMap;

use super::fit::Fit;
use super::names::Names;
use super::trunk::{Trunk, Trunks};
use super::{Line, Releases};
use crate::history::{RefName, Refs};
use crate::policy::{LineRole, MergeStyle};
use crate::version::Release;

/// The branches that are taken for lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub integration: String,
    pub production: Option<String>,
}

/// Names of branches in which work comes together before it is released.
const INTEGRATION: &[&str] = &["develop", "development", "dev", "devel", "integration"];
/// Names of branches on which either everything happens, or releases alone.
const MAIN: &[&str] = &["main", "master", "trunk"];
/// Names of branches that hold what is deployed.
const PRODUCTION: &[&str] = &["production", "prod", "stable", "live"];
/// What the names of release lines begin with.
const RELEASE: &[&str] = &["release", "releases", "rel", "version", "versions", "support", "sprint"];

/// Returns the lines among the branches that stand; `None` where none stands.
pub(super) fn choose(refs: &Refs, default: Option<&RefName>) -> Option<Chosen> {
    let stands = |name: &str| refs.get(&RefName::of_branch(name)).is_some();
    let first = |names: &[&str]| names.iter().copied().find(|name| stands(name)).map(str::to_owned);
    let default = default.and_then(RefName::branch).map(ToString::to_string).filter(|name| stands(name));
    let any = || Some(refs.below("refs/heads/").first()?.name.branch()?.to_string());
    let integration = first(INTEGRATION).or(default).or_else(|| first(MAIN)).or_else(any)?;
    let candidates = match INTEGRATION.contains(&integration.as_str()) {
        true => [MAIN, PRODUCTION].concat(),
        false if PRODUCTION.contains(&integration.as_str()) => vec![],
        false => PRODUCTION.to_vec(),
    };
    let production = first(&candidates).filter(|name| *name != integration);
    Some(Chosen { integration, production })
}

/// Returns the names that a line may have had before: those of its sort that no branch has now.
pub(super) fn former(refs: &Refs, chosen: &Chosen) -> Vec<String> {
    let mains = [Some(&chosen.integration), chosen.production.as_ref()];
    let has_main = mains.into_iter().flatten().any(|line| MAIN.contains(&line.as_str()));
    let gone = MAIN.iter().filter(|name| has_main && refs.get(&RefName::of_branch(name)).is_none());
    gone.map(|name| (*name).to_owned()).collect()
}

/// Returns what stands before the version of a release line's name, and the version.
pub(super) fn release_named(name: &str) -> Option<(&str, Release)> {
    let (stem, version) = split(name)?;
    let word = stem.trim_end_matches('v').trim_end_matches(['-', '_', '/']);
    let is_release = RELEASE.contains(&word.to_ascii_lowercase().as_str());
    is_release.then_some((stem, version))
}

/// Whether a name begins like that of a release line.
pub(super) fn is_like_a_release(name: &str) -> bool {
    let word = name.find(|c: char| !c.is_ascii_alphabetic()).map(|end| &name[..end]);
    word.is_some_and(|word| RELEASE.contains(&word.to_ascii_lowercase().as_str()))
}

/// Splits a name that ends in X.Y.Z.
pub(super) fn split(name: &str) -> Option<(&str, Release)> {
    let at = name
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |at| at + name[at..].chars().next().map_or(0, char::len_utf8));
    Some((&name[..at], Release::parse(&name[at..])?))
}

/// Returns a line as its trunk shows it.
pub(super) fn line(branch: &str, trunk: &Trunk) -> Line {
    let (merge, direct, merged) = style(trunk);
    Line { branch: branch.to_owned(), merge, direct, merged }
}

/// Returns how a trunk takes branches in, whether it takes commits of its own, and the share of
/// merges.
fn style(trunk: &Trunk) -> (MergeStyle, bool, Fit) {
    let count = trunk.merges.len();
    let merged = Fit { fits: count, of: count + trunk.plain };
    match merged.of {
        // It never made a step of its own: it is fast-forwarded.
        0 => (MergeStyle::Any, false, merged),
        _ if merged.rest().is_habit() => (MergeStyle::Any, true, merged),
        _ => (MergeStyle::MergeCommit, false, merged),
    }
}

/// Returns how many merges brought another line, a release or a version into a line.
pub(super) fn brought(role: LineRole, chosen: &Chosen, names: &Names, trunks: &Trunks) -> usize {
    let own = match role {
        LineRole::Production => chosen.production.as_deref(),
        _ => Some(chosen.integration.as_str()),
    };
    let brought =
        trunks.merges().filter(|merge| merge.into == role).filter_map(|merge| merge.name.as_deref());
    brought
        .filter(|name| Some(*name) != own && (release_named(name).is_some() || names.is_line(name)))
        .count()
}

/// Returns the release lines that the names show: those of the form that is used most.
pub(super) fn releases(names: &Names, trunks: &Trunks) -> Option<Releases> {
    let mut stems: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.releases() {
        if let Some((stem, _)) = release_named(name) {
            *stems.entry(stem).or_default() += 1;
        }
    }
    let (stem, count) = stems.into_iter().max_by_key(|(_, count)| *count)?;
    let of_stem = |name: &str| release_named(name).is_some_and(|(other, _)| other == stem);
    let merges = trunks.merges().filter(|merge| merge.name.as_deref().is_some_and(of_stem));
    // One release in another, or in a copy of itself, is no way back.
    let back: Vec<LineRole> =
        merges.map(|merge| merge.into).filter(|into| *into != LineRole::Release).collect();
    let cuts = trunks.cuts.iter().filter(|(name, _)| of_stem(name));
    let starts: Vec<LineRole> = cuts.filter_map(|(_, cut)| *cut).collect();
    let from_production = Fit::count(starts.iter().map(|from| *from == LineRole::Production));
    let (from, cut) = if from_production.fits * 2 > from_production.of {
        (LineRole::Production, from_production)
    } else {
        (LineRole::Integration, Fit::count(starts.iter().map(|from| *from == LineRole::Integration)))
    };
    let into: Vec<(LineRole, Fit)> = [LineRole::Integration, LineRole::Production]
        .into_iter()
        .filter(|role| *role != LineRole::Production || trunks.production.is_some())
        .map(|role| (role, Fit::count(back.iter().map(|into| *into == role))))
        .filter(|(_, fit)| fit.is_habit() || fit.of == 0)
        .collect();
    let (merge, direct, own) = style(&trunks.releases);
    Some(Releases { stem: stem.to_owned(), from, cut, into, merge, direct, merged: own, count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Memory, NewCommit, Ref};

    fn chosen(branches: &[&str], default: &str) -> Option<(String, Option<String>)> {
        let commit = Memory::default().add_commit(&NewCommit::default());
        let refs = branches.iter().map(|name| Ref::new(RefName::of_branch(name), commit)).collect();
        let chosen = choose(&refs, Some(&RefName::of_branch(default)))?;
        Some((chosen.integration, chosen.production))
    }

    #[test]
    fn lines_are_known_by_their_names() {
        let pair = |one: &str, other: Option<&str>| Some((one.to_owned(), other.map(str::to_owned)));
        assert_eq!(chosen(&["develop", "master", "feature/a"], "master"), pair("develop", Some("master")));
        assert_eq!(chosen(&["develop", "main"], "develop"), pair("develop", Some("main")));
        assert_eq!(chosen(&["main", "production"], "main"), pair("main", Some("production")));
        assert_eq!(chosen(&["main", "feature/a"], "main"), pair("main", None));
        assert_eq!(chosen(&["odd"], "main"), pair("odd", None));
        assert_eq!(chosen(&[], "main"), None);
    }

    #[test]
    fn a_release_line_is_known_by_its_word_and_version() {
        let named = |name| release_named(name).map(|(stem, release)| (stem.to_owned(), release.to_string()));
        let some = |stem: &str, release: &str| Some((stem.to_owned(), release.to_owned()));
        assert_eq!(named("release-1.0.0"), some("release-", "1.0.0"));
        assert_eq!(named("release/v1.2.3"), some("release/v", "1.2.3"));
        assert_eq!(named("releases/1.2.3"), some("releases/", "1.2.3"));
        assert_eq!(named("hotfix/1.2.3"), None);
        assert_eq!(named("release/1.2"), None);
        assert_eq!(named("release-é1.2.3"), None);
        assert_eq!(named("1.2.3"), None);
    }
}
