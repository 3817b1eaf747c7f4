//! Every tag is a version, a record, or one that the policy lists.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Context, Rule, tagging, words};
use crate::facts::{RefKind, Target, When, name_of};
use crate::finding::{Finding, Level};
use crate::history::name::escape;
use crate::history::{ByteSlice, Oid, RefName};
use crate::policy::Policy;
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "tag-name",
    summary: "every tag is a version tag, a confirmation record, or one the policy lists",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-name.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.creates() || cx.facts.kind(&update.name) != RefKind::Tag {
        return vec![];
    }
    let tag = update.name.short();
    let finding = Finding::new(&update.name, format!("`{tag}` is not a tag name of this policy"))
        .clause(&cx.policy.tags.release_clause);
    vec![match meant(&update.name, cx.policy) {
        Some(Meant::Version(version)) => version_tag(finding, update, version, cx),
        Some(Meant::NextHotfix(release)) => {
            version_tag(finding, update, cx.facts.next_version(release, When::After), cx)
        }
        Some(Meant::Candidate(release)) => candidate(finding, Version::of(release), cx),
        Some(Meant::Record(tag)) => record(finding, &tag),
        None => finding.note(known_names(cx.policy)),
    }]
}

/// What a malformed name was probably meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    /// This version.
    Version(Version),
    /// A hotfix of this release, without a number that makes sense.
    NextHotfix(Release),
    /// Something on the way to this release.
    Candidate(Release),
    /// A confirmation of the version tag of this name.
    Record(String),
}

/// A number of a version, possibly padded; the words around it.
static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?s)\A(?<lead>[^0-9]*)(?<x>[0-9]+)(?:[._](?<y>[0-9]+))?(?:[._](?<z>[0-9]+))?(?<rest>.*)\z";
    Regex::new(text).expect("it is written right here")
});

/// What follows the three numbers of a hotfix: a word, and a number that may be missing.
static HOTFIX: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?i)\A[-._/+ ]*(?<word>[a-z]+(?:-[a-z]+)?)[-._/ ]*(?<n>[0-9]*)\z";
    Regex::new(text).expect("it is written right here")
});

/// Words before the numbers that only say "version".
const LEADS: [&str; 9] = ["", "v", "r", "rel", "release", "ver", "version", "tag", "tags"];

/// Words after the numbers that say "hotfix".
const HOTFIXES: [&str; 6] = ["hotfix", "hot-fix", "hf", "fix", "patch", "bugfix"];

/// Words after the numbers that say "not yet".
const CANDIDATES: [&str; 9] = ["rc", "alpha", "beta", "pre", "preview", "snapshot", "dev", "test", "m"];

fn meant(name: &RefName, policy: &Policy) -> Option<Meant> {
    let tag = name.tag()?.to_str().ok()?;
    if let Some(version_tag) = recorded(tag) {
        return Some(Meant::Record(version_tag));
    }
    let parts = PARTS.captures(tag)?;
    let group = |name| parts.name(name).map(|text| text.as_str());
    let lead = letters(group("lead").unwrap_or_default());
    let own = letters(policy.tags.release.prefixes().first().map_or("", String::as_str));
    let says_hotfix = HOTFIXES.contains(&lead.as_str());
    if lead != own && !says_hotfix && !lead.split('-').all(|word| LEADS.contains(&word)) {
        return None;
    }
    // `v1` is a version without its zeros; `1` or `2026` is a number.
    if group("y").is_none() && lead.is_empty() {
        return None;
    }
    let number = |name| group(name).map_or(Some(0), |digits| digits.parse::<u64>().ok());
    let release = Release { major: number("x")?, minor: number("y")?, patch: number("z")? };
    let rest = group("rest").unwrap_or_default();
    match after(rest.split('+').next().unwrap_or_default(), policy)? {
        After::Nothing if says_hotfix => Some(Meant::NextHotfix(release)),
        After::Nothing => Some(Meant::Version(Version::of(release))),
        After::Hotfix(n) => {
            policy.tags.hotfix.as_ref()?;
            Some(Version::hotfix(release, n).map_or(Meant::NextHotfix(release), Meant::Version))
        }
        After::Candidate => Some(Meant::Candidate(release)),
    }
}

/// What follows the three numbers; a hotfix without a number is number 0.
enum After {
    Nothing,
    Hotfix(u64),
    Candidate,
}

fn after(rest: &str, policy: &Policy) -> Option<After> {
    if rest.chars().all(|c| "-._/ ".contains(c)) {
        return Some(After::Nothing);
    }
    // A fourth number counts what was mended since: `v1.0.0.1`.
    if let Some(n) = rest.strip_prefix(['.', '-']).and_then(|n| n.parse::<u64>().ok()) {
        return Some(After::Hotfix(n));
    }
    let parts = HOTFIX.captures(rest);
    let Some(parts) = parts else { return candidate_word(rest).then_some(After::Candidate) };
    let word = parts["word"].to_lowercase();
    let own = own_hotfix_word(policy).unwrap_or_default();
    let alike = |right: &str| word == right || strsim::jaro_winkler(&word, right) >= 0.92;
    if alike(&own) || HOTFIXES.iter().any(|right| alike(right)) {
        let n = &parts["n"];
        return if n.is_empty() { Some(After::Hotfix(0)) } else { n.parse().ok().map(After::Hotfix) };
    }
    candidate_word(rest).then_some(After::Candidate)
}

fn candidate_word(rest: &str) -> bool {
    let word: String =
        rest.chars().skip_while(|c| !c.is_alphabetic()).take_while(|c| c.is_alphabetic()).collect();
    CANDIDATES.contains(&word.to_lowercase().as_str())
}

/// Returns the word by which the policy's hotfix tags say so.
fn own_hotfix_word(policy: &Policy) -> Option<String> {
    let release = Release { major: 1, minor: 2, patch: 3 };
    let name = name_of(policy, Version { release, hotfix: Some(4) })?;
    let (_, after) = name.split_once("1.2.3")?;
    Some(letters(after))
}

fn letters(text: &str) -> String {
    text.chars()
        .map(|c| if "/_. ".contains(c) { '-' } else { c })
        .filter(|c| c.is_alphabetic() || *c == '-')
        .collect::<String>()
        .trim_matches('-')
        .to_lowercase()
}

/// Returns the version tag that a tag which is nearly a record's name speaks of.
fn recorded(tag: &str) -> Option<String> {
    let mut parts = tag.split('/');
    let verb = parts.next()?.to_lowercase();
    let close = |right: &str| strsim::damerau_levenshtein(&verb, right) <= 2;
    if !["deployed", "rolled-back"].into_iter().any(close) {
        return None;
    }
    let version_tag = parts.nth(1).filter(|part| !part.is_empty());
    Some(version_tag.unwrap_or_default().to_owned())
}

fn version_tag(finding: Finding, update: &RefUpdate, version: Version, cx: &Context<'_>) -> Finding {
    let Some(name) = name_of(cx.policy, version) else {
        return finding.note(known_names(cx.policy));
    };
    let shown = escape(name.as_bytes());
    let renamed = RefName::of_tag(&name);
    if let Some(set) = cx.facts.versions(When::After).get(&version) {
        return already_set(finding, update, &shown, set.commit, cx);
    }
    let finding = finding.note(format!("`{shown}` is probably meant"));
    let commit = update.new.and_then(|id| cx.facts.tag_object(id)).map(|object| object.target);
    match commit {
        Some(Target::Commit(commit))
            if alone(update, version, cx) && tagging::could_be(update, &renamed, commit, cx) =>
        {
            tagging::rename(finding, &update.name, &renamed, cx)
        }
        _ if tagging::is_open(update, cx) => {
            finding.note("other rules may have a word on it under that name too")
        }
        _ => finding,
    }
}

fn already_set(
    finding: Finding,
    update: &RefUpdate,
    name: &str,
    commit: Option<Oid>,
    cx: &Context<'_>,
) -> Finding {
    let ours = update.new.and_then(|id| cx.facts.tag_object(id)).map(|object| object.target);
    let same = matches!((ours, commit), (Some(Target::Commit(ours)), Some(commit)) if ours == commit);
    let where_it_is = if same { "on the same commit" } else { "on another commit" };
    let finding = finding.note(format!("`{name}` is probably meant, and is set already, {where_it_is}"));
    match words::typed(&update.name).filter(|_| same && tagging::is_open(update, cx)) {
        Some(tag) => finding.note("nothing more is needed").fix(format!("git tag -d {tag}")),
        None => finding,
    }
}

/// Whether no other new tag of the push is meant to be the same version: else it is not evident
/// which of them is.
fn alone(update: &RefUpdate, version: Version, cx: &Context<'_>) -> bool {
    cx.push.updates.iter().filter(|other| other.creates() && other.name != update.name).all(|other| match cx
        .facts
        .kind(&other.name)
    {
        RefKind::Tag => match meant(&other.name, cx.policy) {
            Some(Meant::Version(theirs)) => theirs != version,
            Some(Meant::NextHotfix(release)) => version.hotfix.is_none() || release != version.release,
            _ => true,
        },
        _ => true,
    })
}

fn candidate(finding: Finding, version: Version, cx: &Context<'_>) -> Finding {
    let name = words::version(version, cx);
    finding
        .note(format!("what is on the way to `{name}` is the tip of its release line, and needs no tag"))
        .note(format!("set `{name}` when it is stable"))
}

fn record(finding: Finding, version_tag: &str) -> Finding {
    let tag =
        if version_tag.is_empty() { "<version tag>".to_owned() } else { escape(version_tag.as_bytes()) };
    finding
        .note("a record is called deployed/<environment>/<version tag>/<id>")
        .note(format!("`flowcheck confirm {tag}` makes it, with all that has to be in it"))
}

/// Returns what tags may be called.
fn known_names(policy: &Policy) -> String {
    let release = Release { major: 1, minor: 2, patch: 3 };
    let versions = [Version::of(release), Version { release, hotfix: Some(1) }];
    let mut names: Vec<String> = versions
        .into_iter()
        .filter_map(|version| name_of(policy, version))
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        names.push(format!("`{}`", policy.tags.release.source()));
    }
    names.extend(policy.tags.other.iter().map(|pattern| format!("`{}`", pattern.source())));
    format!("a tag is called like {}", escape(names.join(", ").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Pattern;

    /// Returns the name that is probably meant: a `?` stands for the next free number.
    fn guess(tag: &str, policy: &Policy) -> Option<String> {
        Some(match meant(&RefName::of_tag(tag), policy)? {
            Meant::Version(version) => name_of(policy, version).expect("the policy's names can be made"),
            Meant::NextHotfix(release) => format!("{release} hotfix ?"),
            Meant::Candidate(release) => format!("before {release}"),
            Meant::Record(tag) => format!("record of {tag}"),
        })
    }

    #[test]
    fn every_malformed_name_is_told_what_was_meant() {
        let policy = Policy::built_in();
        for (wrong, right) in [
            ("1.0.0", "v1.0.0"),
            ("V1.0.0", "v1.0.0"),
            ("v1.0", "v1.0.0"),
            ("v1", "v1.0.0"),
            ("v01.0.0", "v1.0.0"),
            ("v1.0.0+build", "v1.0.0"),
            ("v.1.0.0", "v1.0.0"),
            ("v1_0_0", "v1.0.0"),
            ("release-1.0.0", "v1.0.0"),
            ("release-v1.0.0", "v1.0.0"),
            ("release/1.0.0", "v1.0.0"),
            ("Version 1.0.0", "v1.0.0"),
            ("v1.0.0-", "v1.0.0"),
            ("v1.0.0-hotfix", "1.0.0 hotfix ?"),
            ("v1.0.0-hotfix0", "1.0.0 hotfix ?"),
            ("hotfix-1.0.0", "1.0.0 hotfix ?"),
            ("v1.0.0-hotfix01", "v1.0.0-hotfix1"),
            ("v1.0.0-Hotfix1", "v1.0.0-hotfix1"),
            ("v1.0.0-hotfix.1", "v1.0.0-hotfix1"),
            ("v1.0.0-hot-fix-2", "v1.0.0-hotfix2"),
            ("v1.0.0-hotifx2", "v1.0.0-hotfix2"),
            ("v1.0.0.hf3", "v1.0.0-hotfix3"),
            ("v1.0.0.1", "v1.0.0-hotfix1"),
            ("v1.0.0-hotfix2+build.7", "v1.0.0-hotfix2"),
            ("1.0.0-hotfix1", "v1.0.0-hotfix1"),
            ("v1.0.0-rc1", "before 1.0.0"),
            ("v1.0.0-RC.1", "before 1.0.0"),
            ("v1.0.0rc1", "before 1.0.0"),
            ("v1.0.0-SNAPSHOT", "before 1.0.0"),
            ("v2.0.0-beta", "before 2.0.0"),
            ("deployed/prod/v1.0.0", "record of v1.0.0"),
            ("deploy/prod/v1.0.0/1", "record of v1.0.0"),
        ] {
            assert_eq!(guess(wrong, &policy).as_deref(), Some(right), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_says_no_version_is_not_guessed() {
        let policy = Policy::built_in();
        for tag in [
            "stable",
            "2026",
            "build-7",
            "feature-login-2",
            "v1.0.0-customer",
            "v99999999999999999999.0.0",
            "",
        ] {
            assert_eq!(guess(tag, &policy), None, "{tag}");
        }
    }

    #[test]
    fn the_guess_follows_the_policys_own_patterns() {
        let mut policy = Policy::built_in();
        let pattern = |text: &str| Pattern::new(text).expect("a pattern");
        policy.tags.release = pattern(r"prod-(?<version>\d+\.\d+\.\d+)");
        policy.tags.hotfix = Some(pattern(r"prod-(?<version>\d+\.\d+\.\d+)_mend(?<n>\d+)"));
        assert_eq!(guess("PROD-1.0", &policy).as_deref(), Some("prod-1.0.0"));
        assert_eq!(guess("v1.0.0", &policy).as_deref(), Some("prod-1.0.0"));
        assert_eq!(guess("prod-1.0.0-Mend-2", &policy).as_deref(), Some("prod-1.0.0_mend2"));
        assert_eq!(guess("v1.0.0-hotfix2", &policy).as_deref(), Some("prod-1.0.0_mend2"));
        policy.tags.release = pattern(r"(?<version>\d+\.\d+\.\d+)");
        policy.tags.hotfix = None;
        assert_eq!(guess("v1.2.1", &policy).as_deref(), Some("1.2.1"));
        assert_eq!(guess("1.2.1-hotfix1", &policy), None);
    }
}
