//! Confirmation records: what one must say, and which version tags they prove.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use flowcheck::facts::{RecordName, RefKind, version_of};
use flowcheck::history::{ByteSlice, History};
use flowcheck::history::{Object, Oid, Ref, RefName, Refs, Seconds, Tag};
use flowcheck::push::RefUpdate;
use flowcheck::version::Version;

use super::{Case, Said, error, tags};

const TEN_MINUTES: Seconds = 600;

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    let (RefKind::Record(record), None, Some(id)) = (case.kind(&update.name), update.old, update.new) else {
        return Said::new();
    };
    let by = &case.policy.confirmation.by;
    let stranger = !by.is_empty() && case.push.pusher.as_ref().is_some_and(|pusher| !pusher.is_among(by));
    let entry = Ref::new(update.name.clone(), id);
    // Where `tag-signature` is on, it says so.
    let unsigned = lacks_signature(case, id) && !case.policy.turns_on("tag-signature", case.push.now);
    if stranger
        || unsigned
        || !is_sound(case, &entry, &record, &case.after)
        || comes_late_or_early(case, id, &record)
    {
        return Said::from([error("confirmation")]);
    }
    Said::new()
}

fn lacks_signature(case: &Case<'_>, id: Oid) -> bool {
    case.policy.confirmation.signed && !tags::is_signed(case, id)
}

/// Whether a record is well formed and speaks of a version tag as it stands in `refs`.
fn is_sound(case: &Case<'_>, entry: &Ref, record: &RecordName, refs: &Refs) -> bool {
    let Some(tag) = tag_object(case, entry.id) else { return false };
    let Some(commit) = case.peel(entry.id) else { return false };
    if version_of(case.policy, &record.version_tag).is_none() {
        return false;
    }
    let about = refs.get(&RefName::of_tag(&record.version_tag)).and_then(|entry| case.peel(entry.id));
    let mut said = BTreeMap::new();
    let text = tag.message.to_str_lossy().into_owned();
    for (key, value) in text.lines().filter_map(|line| line.split_once(": ")) {
        said.insert(key.to_owned(), value.trim().to_owned());
    }
    let says = |key: &str, value: &str| said.get(key).is_some_and(|said| said == value);
    let result = if record.revokes { "rolled-back" } else { "success" };
    let repository = case.policy.confirmation.repository.as_deref();
    Some(tag.name.as_bstr()) == entry.name.tag()
        && about == Some(commit)
        && case.policy.environments.iter().any(|known| known.name == record.environment)
        && says("Environment", &record.environment)
        && says("Version", &record.version_tag)
        && says("Commit", &commit.to_string())
        && says("Result", result)
        && repository.is_none_or(|repository| says("Repository", repository))
}

fn tag_object(case: &Case<'_>, id: Oid) -> Option<Tag> {
    match case.memory.object(id).ok()? {
        Object::Tag(tag) => Some(tag),
        _ => None,
    }
}

fn date(case: &Case<'_>, id: Oid) -> Seconds {
    tag_object(case, id).and_then(|tag| tag.tagger).map_or(0, |tagger| tagger.time)
}

/// Whether a record is dated ahead of the clock, or before one that is already there.
fn comes_late_or_early(case: &Case<'_>, id: Oid, record: &RecordName) -> bool {
    let date_of = date(case, id);
    let mut earlier = case.before().iter().filter(|entry| match case.kind(&entry.name) {
        // What does not count holds up nothing that does.
        RefKind::Record(other) => {
            other.version_tag == record.version_tag
                && other.environment == record.environment
                && !lacks_signature(case, entry.id)
                && is_sound(case, entry, &other, case.before())
        }
        _ => false,
    });
    date_of > case.push.now + TEN_MINUTES || earlier.any(|entry| date(case, entry.id) > date_of)
}

/// The version tags that were confirmed before the push and are not revoked after it.
pub(super) fn confirmed(case: &Case<'_>) -> BTreeSet<Version> {
    if !case.policy.confirmation.required() {
        return case.versions(&case.after).into_keys().collect();
    }
    let permits = |version: &Version| {
        [false, true].into_iter().all(|revoked| newest_permits(&records(case, *version, revoked)))
    };
    case.versions(case.before()).into_keys().filter(permits).collect()
}

/// Those of them that stand where they were confirmed.
pub(super) fn proven(case: &Case<'_>) -> BTreeMap<Version, Oid> {
    let before = case.versions(case.before());
    let needs = case.policy.confirmation.required();
    let mut proven = case.versions(&case.after);
    proven.retain(|version, commit| {
        case.confirmed.contains(version) && (!needs || before.get(version) == Some(commit))
    });
    proven
}

/// A record that counts.
struct Counted {
    revokes: bool,
    date: Seconds,
    id: String,
}

/// The records about one version that are there before the push, with its revocations or not.
fn records(case: &Case<'_>, version: Version, with_revocations: bool) -> Vec<Counted> {
    let mut counted = vec![];
    // One that is made anew is a new one.
    let stood = |entry: &Ref| case.before().get(&entry.name).is_some_and(|before| before.id == entry.id);
    let later = case.after.iter().filter(|entry| !stood(entry));
    let old = case.before().iter().map(|entry| (entry, case.before(), false));
    let new = later.filter(|_| with_revocations).map(|entry| (entry, &case.after, true));
    for (entry, refs, is_new) in old.chain(new) {
        let RefKind::Record(record) = case.kind(&entry.name) else { continue };
        let about = version_of(case.policy, &record.version_tag) == Some(version);
        let here = record.environment == case.policy.confirmation.environment;
        let counts = about && here && (record.revokes || !is_new) && !lacks_signature(case, entry.id);
        if counts && is_sound(case, entry, &record, refs) {
            counted.push(Counted { revokes: record.revokes, date: date(case, entry.id), id: record.id });
        }
    }
    counted
}

/// Since when a confirmed version is: the first confirmation after the last revocation.
pub(super) fn since(case: &Case<'_>, version: Version) -> Seconds {
    if !case.policy.confirmation.required() {
        let tag = case.before().iter().find(|entry| case.kind(&entry.name) == RefKind::VersionTag(version));
        return tag.map_or(0, |tag| made(case, tag.id));
    }
    let mut records = records(case, version, false);
    records.sort_by(order);
    let run = records.iter().rev().take_while(|record| !record.revokes);
    run.last().map_or(0, |first| first.date)
}

/// When a version tag was made, or, where it is a lightweight one, its commit.
fn made(case: &Case<'_>, id: Oid) -> Seconds {
    if tag_object(case, id).is_some() {
        return date(case, id);
    }
    let commit = case.memory.commit(id).expect("a history in memory is whole");
    commit.committer.map_or(0, |by| by.time)
}

fn newest_permits(records: &[Counted]) -> bool {
    records.iter().max_by(|a, b| order(a, b)).is_some_and(|newest| !newest.revokes)
}

fn order(a: &Counted, b: &Counted) -> Ordering {
    let ids = match (a.id.parse::<u128>(), b.id.parse::<u128>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.id.cmp(&b.id),
    };
    a.date.cmp(&b.date).then(ids).then(a.revokes.cmp(&b.revokes))
}
