//! What a version tag must be, and what it must not have lost.

use flowcheck::facts::{RecordName, RefKind};
use flowcheck::history::{History, Object, Oid, PatchId, Signed};
use flowcheck::policy::{LineRole, MergeStyle};
use flowcheck::push::RefUpdate;
use flowcheck::version::{Release, Version};

use super::lines::patch;
use super::{Case, Said, Set, error, sets, warn};

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    let mut said = Said::new();
    let kind = case.kind(&update.name);
    let asks_for_one = matches!(kind, RefKind::VersionTag(_) | RefKind::Record(_));
    if asks_for_one && sets(update).is_some_and(|id| !is_signed(case, id)) {
        said.insert(error("tag-signature"));
    }
    let version = match kind {
        RefKind::VersionTag(version) => version,
        RefKind::Record(_) => {
            if update.old.is_some() {
                said.insert(error("tag-immutable"));
            }
            return said;
        }
        _ => return said,
    };
    if update.old.is_some() {
        said.insert(error("tag-immutable"));
    }
    let Some(id) = sets(update) else { return said };
    let name = update.name.tag().expect("a version tag is a tag");
    match case.memory.object(id) {
        Ok(Object::Tag(tag)) if tag.name == name => {}
        _ => {
            said.insert(error("tag-annotated"));
        }
    }
    let commit = case.peel(id);
    if !commit.is_some_and(|commit| stands_on_its_line(case, version, commit)) {
        said.insert(error("tag-origin"));
    }
    // Number, order and state are the version's, wherever it stands: moving the tag does not set it anew.
    if update.old.is_none() {
        if out_of_sequence(case, version) {
            said.insert(error("tag-sequence"));
        }
        if version.hotfix.is_none() && !case.policy.parallel() && is_below_another(case, version) {
            said.insert(error("tag-order"));
        }
        if case.closed(version.release) {
            said.insert(error("release-state"));
        }
    }
    let Some(commit) = commit else { return said };
    if version.hotfix.is_some() && !goes_on(case, version, commit) {
        said.insert(error("tag-lineage"));
    }
    let (errors, warnings) = lost(case, version.release, commit);
    said.extend(errors.then(|| error("lost-fix")));
    said.extend(warnings.then(|| warn("lost-fix")));
    said
}

/// Whether the tag object `id` has a good signature.
pub(super) fn is_signed(case: &Case<'_>, id: Oid) -> bool {
    let is_tag = matches!(case.memory.object(id), Ok(Object::Tag(_)));
    is_tag && matches!(case.memory.signature(id, ""), Ok(Signed::By(_)))
}

/// Whether the tag stands on the trunk of its line, at or above the cut.
fn stands_on_its_line(case: &Case<'_>, version: Version, commit: Oid) -> bool {
    let on = case.policy.tags.on;
    if on != LineRole::Release {
        return case.trunk_of(case.tip(&case.after, on)).contains(&commit);
    }
    let Some(&line) = case.releases(&case.after).get(&version.release) else { return false };
    let trunk = case.trunk(line);
    // A base that takes fast-forwards may have the release's trunk as its own: no cut to be seen.
    let base = case.policy.line(case.cut_from());
    let cut = base.filter(|base| base.merge == MergeStyle::MergeCommit).and_then(|_| case.cut(line));
    let cut = cut.and_then(|cut| trunk.iter().position(|at| *at == cut));
    let place = trunk.iter().position(|at| *at == commit);
    place.is_some_and(|place| cut.is_none_or(|cut| place <= cut))
}

fn out_of_sequence(case: &Case<'_>, version: Version) -> bool {
    let Some(n) = version.hotfix else { return false };
    let set = case.set_versions(&case.after);
    let earlier = (1..n).map(Some).chain([None]);
    let missing = earlier.map(|hotfix| Version { hotfix, ..version }).any(|earlier| !set.contains(&earlier));
    let used = case.before().iter().any(|entry| match case.kind(&entry.name) {
        RefKind::Record(RecordName { version_tag, .. }) => {
            flowcheck::facts::version_of(case.policy, &version_tag) == Some(version)
        }
        _ => false,
    });
    missing || used
}

fn is_below_another(case: &Case<'_>, version: Version) -> bool {
    let mut released = case.set_versions(case.before()).into_iter().filter(|other| other.hotfix.is_none());
    released.any(|other| other > version)
}

/// Whether a hotfix tag is above the one before it.
fn goes_on(case: &Case<'_>, version: Version, commit: Oid) -> bool {
    let previous = previous(case, version);
    previous.is_none_or(|previous| previous != commit && case.anc(commit).contains(&previous))
}

fn previous(case: &Case<'_>, version: Version) -> Option<Oid> {
    let set = case.set_versions(&case.after);
    let before = set.range(Version::of(version.release)..version).next_back()?;
    case.versions(&case.after).get(before).copied()
}

/// Whether `tip` lacks a confirmed tag of a release before `release`, and whether it lacks an
/// unconfirmed hotfix of one.
pub(super) fn lost(case: &Case<'_>, release: Release, tip: Oid) -> (bool, bool) {
    let tags = case.versions(&case.after);
    let mut earlier: Vec<Release> = tags.keys().map(|version| version.release).collect();
    earlier.retain(|other| *other < release);
    earlier.dedup();
    let missing = |version: &Version| !is_there(case, *version, tags[version], tip);
    let mut lost = (false, false);
    for earlier in earlier {
        let of_it: Vec<&Version> = tags.keys().filter(|version| version.release == earlier).collect();
        let proven = of_it.iter().rfind(|version| case.proven.contains_key(version));
        let newest = of_it.last().filter(|newest| newest.hotfix.is_some() && Some(*newest) != proven);
        lost.0 |= proven.is_some_and(|version| missing(version));
        lost.1 |= newest.is_some_and(|version| missing(version));
    }
    lost
}

/// Whether what `version`, which stands on `tag`, brought is in `tip`: by ancestry, by patch
/// identity of every commit, or because merging it would change nothing.
pub(super) fn is_there(case: &Case<'_>, version: Version, tag: Oid, tip: Oid) -> bool {
    if case.anc(tip).contains(&tag) {
        return true;
    }
    let previous = version.hotfix.and_then(|_| previous(case, version));
    let cut = previous.or_else(|| case.cut(tag));
    let below = case.all(cut);
    let asked = &*case.anc(tag) - &below;
    let here = case.anc(tip);
    let above = here.difference(&below);
    let changes: Vec<PatchId> = above.filter_map(|commit| change(case, *commit)).collect();
    let is_made = |commit: &Oid| {
        here.contains(commit) || change(case, *commit).is_none_or(|change| changes.contains(&change))
    };
    // Where there is no commit to be found, finding all of them proves nothing.
    let asked = plain(case, &asked);
    let picked = !asked.is_empty() && asked.iter().all(is_made);
    picked || case.memory.merge_changes_nothing(tip, tag).expect("a history in memory is whole")
}

/// The commits that are no merges.
fn plain(case: &Case<'_>, commits: &Set) -> Set {
    commits.iter().copied().filter(|commit| case.parents(*commit).len() < 2).collect()
}

/// What a commit that is no merge changes.
fn change(case: &Case<'_>, commit: Oid) -> Option<PatchId> {
    let parents = case.parents(commit);
    if parents.len() > 1 { None } else { patch(case, parents.first().copied(), commit) }
}
