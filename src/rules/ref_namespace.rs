//! Only branches, tags and what the policy lists are pushed.

use globset::{Candidate, GlobBuilder};

use super::{Check, Context, Rule};
use crate::finding::{Finding, Level};
use crate::history::ByteSlice;
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "ref-namespace",
    summary: "nothing but branches, tags and what the policy lists is pushed",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/ref-namespace.md"),
    check: Check::Update(check),
};

/// Where forges keep refs of their own. The server refuses these itself, after the hook has seen
/// them: an objection here would stop the rest of the push (`git push --mirror`) as well.
const OF_FORGES: [&[u8]; 9] = [
    b"refs/merge-requests/",
    b"refs/pull/",
    b"refs/keep-around/",
    b"refs/pipelines/",
    b"refs/environments/",
    b"refs/remotes/",
    b"refs/tmp/",
    b"refs/for/",
    b"refs/changes/",
];

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if update.old == update.new {
        return vec![];
    }
    let full = update.name.full();
    if full.starts_with(b"refs/replace/") {
        return vec![replacement(update)];
    }
    if gix::validate::reference::name(full).is_err() {
        return vec![malformed(update)];
    }
    let ours = update.name.branch().is_some() || update.name.tag().is_some();
    if ours || OF_FORGES.iter().any(|prefix| full.starts_with(prefix)) || is_listed(update, cx) {
        return vec![];
    }
    vec![outside(update)]
}

fn replacement(update: &RefUpdate) -> Finding {
    let what = if update.deletes() { "removes" } else { "sets" };
    Finding::new(&update.name, format!("this push {what} `{}`", update.name.short()))
        .note("a replaced object changes what every question about history answers")
        .note("no policy and no override lets it in; an administrator works on the server itself")
}

fn malformed(update: &RefUpdate) -> Finding {
    Finding::new(&update.name, format!("`{}` is no name of a ref", update.name.short()))
        .note("`git check-ref-format` says what a name may hold; give it another one")
}

/// Returns the finding about a branch that would stand on a tag, a tree or a blob.
pub(super) fn on_no_commit(update: &RefUpdate) -> Finding {
    let finding =
        Finding::new(&update.name, format!("`{}` would not stand on a commit", update.name.short()))
            .note("a branch stands on a commit; for the one below a tag, push `<tag>^{commit}`");
    Finding { rule: RULE.id, old: update.old, new: update.new, ..finding }
}

fn outside(update: &RefUpdate) -> Finding {
    let name = update.name.short();
    let finding = Finding::new(&update.name, format!("`{name}` is neither a branch nor a tag"));
    let finding = match meant(&name) {
        Some(meant) => finding.note(format!("`{meant}` may be meant")),
        None => finding.note("leave it out of the push"),
    };
    finding.note(format!("who keeps the policy can let it in: [refs] allow = [\"{}\"]", glob_for(&name)))
}

/// Whether the policy lists the name. `*` stays within one part of it.
fn is_listed(update: &RefUpdate, cx: &Context<'_>) -> bool {
    cx.policy.refs_allow.iter().any(|glob| {
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        glob.is_ok_and(|glob| {
            glob.compile_matcher().is_match_candidate(&Candidate::from_bytes(update.name.full().as_bytes()))
        })
    })
}

/// Returns the branch or tag of a name that was mistyped (`refs/head/x`).
fn meant(name: &str) -> Option<String> {
    let rest = name.strip_prefix("refs/").unwrap_or(name);
    let (space, short) = rest.split_once('/')?;
    let space = space.to_lowercase();
    let close = |right: &str| strsim::damerau_levenshtein(&space, right) <= 1;
    let right = ["heads", "tags"].into_iter().find(|right| close(right))?;
    Some(format!("refs/{right}/{short}"))
}

fn glob_for(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((above, _)) if above.contains('/') => format!("{above}/*"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_namespace_is_mended() {
        assert_eq!(meant("refs/head/x").as_deref(), Some("refs/heads/x"));
        assert_eq!(meant("refs/Heads/a/b").as_deref(), Some("refs/heads/a/b"));
        assert_eq!(meant("refs/tag/v1.0.0").as_deref(), Some("refs/tags/v1.0.0"));
        assert_eq!(meant("refs/notes/x"), None);
        assert_eq!(meant("HEAD"), None);
    }

    #[test]
    fn the_policy_is_shown_a_glob_for_the_neighbours_too() {
        assert_eq!(glob_for("refs/notes/build"), "refs/notes/*");
        assert_eq!(glob_for("refs/stash"), "refs/stash");
        assert_eq!(glob_for("HEAD"), "HEAD");
    }
}
