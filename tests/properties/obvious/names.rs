//! What a ref may be called.

use flowcheck::facts::RefKind;
use flowcheck::history::{ByteSlice, RefName};
use flowcheck::push::RefUpdate;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::{Case, Said, error};

/// Namespaces that the forges keep for themselves.
const FORGES: [&str; 9] = [
    "refs/merge-requests/",
    "refs/pull/",
    "refs/keep-around/",
    "refs/pipelines/",
    "refs/environments/",
    "refs/remotes/",
    "refs/tmp/",
    "refs/for/",
    "refs/changes/",
];

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    let mut said = Said::new();
    let kind = case.kind(&update.name);
    if kind == RefKind::Foreign && !is_allowed(case, &update.name) {
        said.insert(error("ref-namespace"));
    }
    if !is_well_formed(&update.name) {
        said.insert(error("ref-namespace"));
    }
    if !update.creates() {
        return said;
    }
    if kind == RefKind::Branch {
        said.insert(error("branch-name"));
    }
    if kind == RefKind::Tag {
        said.insert(error("tag-name"));
    }
    if is_lookalike(case, &update.name) {
        said.insert(error("branch-lookalike"));
    }
    said
}

fn is_allowed(case: &Case<'_>, name: &RefName) -> bool {
    let text = name.full().to_str_lossy();
    let listed = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => text == *pattern,
    };
    FORGES.iter().any(|prefix| text.starts_with(prefix))
        || (!text.starts_with("refs/replace/") && case.policy.refs_allow.iter().any(listed))
}

/// What `git check-ref-format` asks.
fn is_well_formed(name: &RefName) -> bool {
    let text = name.full().to_str_lossy();
    let bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    text.split('/').all(part)
        && !text.contains(bad)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.ends_with('.')
}

/// Whether the name could be taken for another one.
fn is_lookalike(case: &Case<'_>, name: &RefName) -> bool {
    let Some(own) = short(name) else { return false };
    if has_form_of_a_line(case, name, &own) && !own.is_ascii() {
        return true;
    }
    let others = case.after.iter().filter(|entry| entry.name != *name);
    let others = others.filter(|entry| entry.name.branch().is_some() == name.branch().is_some());
    others.filter_map(|entry| short(&entry.name)).any(|other| look_alike(&own, &other))
}

/// Whether the name is of the form of a line's or a version tag's, whatever its digits are.
fn has_form_of_a_line(case: &Case<'_>, name: &RefName, short: &str) -> bool {
    let policy = case.policy;
    if name.tag().is_some() {
        let hotfix = policy.tags.hotfix.as_ref();
        return policy.tags.release.is_match(short) || hotfix.is_some_and(|hotfix| hotfix.is_match(short));
    }
    let lines = [Some(&policy.integration), policy.production.as_ref()];
    lines.into_iter().flatten().any(|line| line.branch == short)
        || policy.releases.as_ref().is_some_and(|releases| releases.branch.is_match(short))
}

fn short(name: &RefName) -> Option<String> {
    name.branch().or_else(|| name.tag()).and_then(|short| short.to_str().ok()).map(str::to_owned)
}

fn look_alike(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    let fold = |text: &str| text.nfc().collect::<String>().to_lowercase();
    let seen = |text: &str| skeleton(&fold(text)).collect::<String>();
    let shape = |text: &str| skeleton(text).collect::<String>();
    fold(a) == fold(b) || shape(a) == shape(b) || seen(a) == seen(b)
}
