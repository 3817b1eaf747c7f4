//! From a hook's lines to updates, held against the ref store and the object store.

use std::collections::{BTreeMap, BTreeSet};

use super::{HookLine, Unusable};
use crate::history::{Answer, ByteSlice, History, Oid, RefName, Refs, Unreadable};
use crate::push::RefUpdate;

/// What a hook was given, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// What is judged, in the order it came.
    pub updates: Vec<RefUpdate>,
    /// How many refs were read, those included that are not judged.
    pub refs: usize,
    /// How many of them are the forge's own, which it guards itself.
    pub skipped: usize,
}

/// Namespaces that a forge writes itself. The server refuses a push there on its own; rejecting
/// it here as well would stop the rest of the push.
const FORGES_OWN: [&[u8]; 9] = [
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

/// Says which ref a push to the given one moves, where that may be an alias of something absent.
pub type StandsFor<'a> = dyn Fn(&RefName) -> Answer<RefName> + 'a;

/// Whether a ref belongs to the forge and not to the people who push.
#[must_use]
pub fn is_forges_own(name: &RefName) -> bool {
    FORGES_OWN.iter().any(|prefix| name.full().starts_with(prefix))
}

/// Returns the prefixes of the refs that must be known to judge these lines: branches, tags, and
/// whatever else is pushed.
#[must_use]
pub fn namespaces(lines: &[HookLine]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ["refs/heads/", "refs/tags/"].map(str::to_owned).into();
    let others = lines.iter().map(|line| &line.name).filter(|name| !is_forges_own(name));
    for name in others.filter(|name| name.branch().is_none() && name.tag().is_none()) {
        let second = name.full().split_inclusive(|byte| *byte == b'/').take(2).collect::<Vec<_>>().concat();
        // A name that is no text is malformed or rare: then all refs are read.
        found.insert(second.to_str().unwrap_or("refs/").to_owned());
    }
    found
}

/// Checks a server hook's lines against what is here: the refs without the push, and the objects
/// with it.
///
/// # Errors
/// Where the input contradicts the repository, names a ref twice, or an object did not arrive.
pub fn received(
    lines: &[HookLine],
    before: &Refs,
    history: &dyn History,
    stands_for: &StandsFor<'_>,
) -> Result<Received, Unusable> {
    let mut received = Received { refs: lines.len(), ..Received::default() };
    let mut known = BTreeMap::new();
    for line in lines {
        if is_forges_own(&line.name) {
            received.skipped += 1;
            continue;
        }
        let update = checked(line, before, history, stands_for)?;
        match known.insert(update.name.clone(), (update.new, &line.name)) {
            None => received.updates.push(update),
            // A mirror push sends an alias and what it stands for; git carries out one of them.
            Some((new, other)) if new == update.new && *other != line.name => {}
            Some(_) => return Err(Unusable::Twice { name: line.name.clone() }),
        }
    }
    let aliases = aliases_moved(&received.updates, before);
    received.updates.extend(aliases);
    Ok(received)
}

/// Returns the updates of the refs that stand for an updated one: they move with it, and one of
/// them may be a line of the policy.
fn aliases_moved(updates: &[RefUpdate], before: &Refs) -> Vec<RefUpdate> {
    let moved: BTreeMap<&RefName, &RefUpdate> = updates.iter().map(|update| (&update.name, update)).collect();
    let aliases = before.iter().filter_map(|entry| Some((entry, moved.get(entry.symbolic.as_ref()?)?)));
    aliases
        .filter(|(entry, _)| !is_forges_own(&entry.name))
        .map(|(entry, update)| RefUpdate { name: entry.name.clone(), ..(*update).clone() })
        .collect()
}

fn checked(
    line: &HookLine,
    before: &Refs,
    history: &dyn History,
    stands_for: &StandsFor<'_>,
) -> Result<RefUpdate, Unusable> {
    let name = meant(&line.name, before, stands_for)?;
    let stored = before.get(&name).map(|entry| entry.id);
    if stored != line.old {
        return Err(Unusable::Contradiction { name: line.name.clone(), said: line.old, stored });
    }
    if let Some(id) = line.new {
        arrived(&name, id, history)?;
    }
    Ok(RefUpdate { name, old: stored, new: line.new })
}

/// Returns the ref that a push to `name` would write.
fn meant(name: &RefName, refs: &Refs, stands_for: &StandsFor<'_>) -> Result<RefName, Unusable> {
    let is_plain = refs.get(name).is_some_and(|entry| entry.symbolic.is_none());
    if is_plain || !is_well_formed(name) {
        return Ok(name.clone());
    }
    stands_for(name).map_err(|source| Unusable::History { name: name.clone(), source })
}

/// Whether git itself could store a ref of this name. Others are judged by the rule
/// `ref-namespace`, and nobody looks for them on a disk.
fn is_well_formed(name: &RefName) -> bool {
    name.full().starts_with(b"refs/") && gix::validate::reference::name(name.full()).is_ok()
}

/// What a branch stands on is for the rules to say.
fn arrived(name: &RefName, id: Oid, history: &dyn History) -> Result<(), Unusable> {
    match history.object(id) {
        Ok(_) => Ok(()),
        Err(Unreadable::Missing(_)) => Err(Unusable::Missing { name: name.clone(), id }),
        Err(source) => Err(Unusable::History { name: name.clone(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Memory, NewCommit, Ref};

    struct Story {
        history: Memory,
        refs: Refs,
        old: Oid,
        new: Oid,
    }

    fn story() -> Story {
        let mut history = Memory::default();
        let old = history.add_commit(&NewCommit { message: "old".to_owned(), ..NewCommit::default() });
        let new = history.add_commit(&NewCommit {
            message: "new".to_owned(),
            parents: vec![old],
            ..NewCommit::default()
        });
        let mut refs: Refs = [Ref::new(RefName::of_branch("master"), old)].into_iter().collect();
        refs.set(Ref {
            symbolic: Some(RefName::of_branch("master")),
            ..Ref::new(RefName::of_branch("main"), old)
        });
        Story { history, refs, old, new }
    }

    fn line(name: &str, old: Option<Oid>, new: Option<Oid>) -> HookLine {
        HookLine { old, new, name: RefName::new(name) }
    }

    impl Story {
        fn read(&self, lines: &[HookLine]) -> Result<Received, Unusable> {
            received(lines, &self.refs, &self.history, &|name| {
                let aliased = self.refs.get(name).and_then(|entry| entry.symbolic.clone());
                let dangling = (*name == RefName::of_branch("trunk")).then(|| RefName::of_branch("gone"));
                Ok(aliased.or(dangling).unwrap_or_else(|| name.clone()))
            })
        }
    }

    #[test]
    fn an_alias_is_judged_as_what_it_stands_for() {
        let story = story();
        let read = story.read(&[line("refs/heads/main", Some(story.old), Some(story.new))]).unwrap();
        assert_eq!(read.updates[0].name, RefName::of_branch("master"));
        assert_eq!(read.updates[0].old, Some(story.old));
    }

    #[test]
    fn an_alias_moves_with_what_it_stands_for() {
        let story = story();
        let read = story.read(&[line("refs/heads/master", Some(story.old), Some(story.new))]).unwrap();
        assert_eq!(read.updates[1].name, RefName::of_branch("main"));
        assert_eq!((read.updates[1].new, read.refs), (Some(story.new), 1));
    }

    #[test]
    fn an_alias_of_something_absent_creates_that() {
        let story = story();
        let read = story.read(&[line("refs/heads/trunk", None, Some(story.new))]).unwrap();
        assert_eq!(read.updates[0].name, RefName::of_branch("gone"));
    }

    #[test]
    fn a_malformed_name_is_never_looked_up() {
        let story = story();
        for name in ["refs/heads/../../HEAD", "HEAD", "refs/heads/a b", "refs/heads/x.lock", "../x", "refs/"]
        {
            let lines = [line(name, None, Some(story.new))];
            let read = received(&lines, &story.refs, &story.history, &|name| panic!("{name} was looked up"));
            assert_eq!(read.unwrap().updates[0].name, RefName::new(name));
        }
    }

    #[test]
    fn only_what_a_push_touches_is_read_beside_branches_and_tags() {
        let lines = ["refs/notes/a/b", "refs/heads/x", "refs/merge-requests/1", "HEAD", "refs/x"]
            .map(|name| line(name, None, None));
        let expected = ["HEAD", "refs/heads/", "refs/notes/", "refs/tags/", "refs/x"];
        assert_eq!(namespaces(&lines).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_alias_and_what_it_stands_for_are_one_update_where_they_agree() {
        let story = story();
        let both = |new| {
            [
                line("refs/heads/main", Some(story.old), Some(story.new)),
                line("refs/heads/master", Some(story.old), new),
            ]
        };
        let read = story.read(&both(Some(story.new))).unwrap();
        assert_eq!((read.updates.len(), read.refs), (2, 2));
        assert!(matches!(story.read(&both(None)), Err(Unusable::Twice { .. })));
    }

    #[test]
    fn a_ref_is_named_once() {
        let story = story();
        let twice = line("refs/heads/x", None, Some(story.new));
        let read = story.read(&[twice.clone(), twice]);
        assert_eq!(read, Err(Unusable::Twice { name: RefName::of_branch("x") }));
    }

    #[test]
    fn the_ref_store_is_believed_and_not_the_input() {
        let story = story();
        for said in [None, Some(story.new)] {
            let read = story.read(&[line("refs/heads/master", said, None)]);
            assert!(matches!(read, Err(Unusable::Contradiction { .. })), "{said:?}");
        }
        // git lets a "corrupt" ref be deleted whatever the old id was.
        let read = story.read(&[line("refs/heads/nowhere", Some(story.old), None)]);
        assert!(matches!(read, Err(Unusable::Contradiction { stored: None, .. })));
    }

    #[test]
    fn deleting_what_is_not_there_is_an_update_that_does_nothing() {
        let story = story();
        let read = story.read(&[line("refs/heads/nowhere", None, None)]).unwrap();
        assert!(!read.updates[0].creates() && !read.updates[0].deletes() && !read.updates[0].moves());
    }

    #[test]
    fn an_object_that_did_not_arrive_is_named_with_its_ref() {
        let story = story();
        let absent = Oid::from_hex(&[b'9'; 40]).unwrap();
        let error = story.read(&[line("refs/heads/x", None, Some(absent))]).unwrap_err();
        assert_eq!(error, Unusable::Missing { name: RefName::of_branch("x"), id: absent });
        assert!(error.to_string().contains("`refs/heads/x`"));
    }

    #[test]
    fn what_a_ref_stands_on_is_for_the_rules_to_say() {
        let mut story = story();
        let blob = story.history.add_blob(b"x");
        assert!(story.read(&[line("refs/heads/x", None, Some(blob))]).is_ok());
        assert!(story.read(&[line("refs/tags/x", None, Some(blob))]).is_ok());
    }

    #[test]
    fn what_is_the_forges_own_is_counted_and_left_alone() {
        let story = story();
        let absent = Oid::from_hex(&[b'9'; 40]).unwrap();
        let read = story
            .read(&[
                line("refs/merge-requests/1/head", None, Some(absent)),
                line("refs/heads/x", None, Some(story.new)),
            ])
            .unwrap();
        assert_eq!((read.updates.len(), read.refs, read.skipped), (1, 2, 1));
    }

    #[test]
    fn a_refusal_shows_no_control_character() {
        let story = story();
        let error = story.read(&[line("refs/heads/\u{1b}[2J", Some(story.old), None)]).unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
