//! Histories that grew by chance, for tests: whatever can be among what a repository has.

use std::collections::BTreeMap;

use crate::history::{Memory, NewCommit, NewTag, Oid, Ref, RefName, Refs, Signature};

/// The same numbers on every machine.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % n
    }

    /// Somebody whose clock is mostly right, and else anywhere between 1970 and 2200.
    fn somebody(&mut self, n: usize) -> Signature {
        let hours = i64::try_from(if self.below(4) == 0 { self.below(2_000_000) } else { 500_000 + n });
        Signature { time: 3600 * hours.expect("it is a small number"), ..Signature::default() }
    }

    pub(super) fn some(&mut self, of: &[Oid], most: usize) -> Vec<Oid> {
        (0..=self.below(most)).map(|_| of[self.below(of.len())]).collect()
    }
}

/// Commits with up to three parents, most of them recent, now and then a new root.
pub(super) fn grown(dice: &mut Dice, commits: usize) -> (Memory, Vec<Oid>) {
    let mut memory = Memory::default();
    let mut ids: Vec<Oid> = vec![];
    for n in 0..commits {
        let wanted = if n == 0 || dice.below(20) == 0 { 0 } else { [1, 1, 1, 2, 2, 3][dice.below(6)] };
        let mut parents: Vec<Oid> = vec![];
        for _ in 0..wanted {
            let back = if dice.below(4) == 0 { n } else { n.min(6) };
            let parent = ids[n - 1 - dice.below(back)];
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        ids.push(memory.add_commit(&NewCommit { parents, message: n.to_string(), ..NewCommit::default() }));
    }
    (memory, ids)
}

const BRANCHES: [&str; 12] = [
    "develop",
    "master",
    "main",
    "release-1.0.0",
    "release-1.1.0",
    "release-2.0.0",
    "feature/a",
    "feature/b",
    "bugfix/c",
    "hotfix/1.0.0-d",
    "merge-back/1.0.0",
    "stuff",
];

const TAGS: [&str; 9] = [
    "v1.0.0",
    "v1.0.0-hotfix1",
    "v1.0.0-hotfix2",
    "v1.1.0",
    "v2.0.0",
    "deployed/prod/v1.0.0/1",
    "rolled-back/prod/v1.0.0/2",
    "deployed/prod/v1.1.0/3",
    "nightly",
];

/// Branches and tags anywhere in a history: tags that are lightweight, nested, of trees and blobs.
pub(super) fn refs(dice: &mut Dice, memory: &mut Memory, ids: &[Oid]) -> Refs {
    let mut refs = Refs::default();
    for name in BRANCHES {
        if dice.below(5) > 0 {
            let recent = if dice.below(3) == 0 { ids.len() } else { ids.len() / 3 };
            refs.set(Ref::new(RefName::of_branch(name), ids[ids.len() - 1 - dice.below(recent)]));
        }
    }
    for name in TAGS {
        let commit = ids[dice.below(ids.len())];
        let (target, depth) = match dice.below(9) {
            0 => (memory.add_blob(b"x"), dice.below(2)),
            1 => (memory.commit_tree(commit), dice.below(2)),
            2 => (commit, 0),
            3 => (commit, 3),
            _ => (commit, 1),
        };
        let mut id = target;
        for _ in 0..depth {
            let by = dice.somebody(ids.len());
            let message = told(name, commit);
            id = memory.add_tag(&NewTag { target: id, name: name.to_owned(), by, message });
        }
        refs.set(Ref::new(RefName::of_tag(name), id));
    }
    refs
}

/// The message that makes a record of a tag whose name is one's.
fn told(name: &str, commit: Oid) -> String {
    let parts: BTreeMap<usize, &str> = name.split('/').enumerate().collect();
    let version = parts.get(&2).copied().unwrap_or(name);
    let result = if name.starts_with("rolled-back") { "rolled-back" } else { "success" };
    format!("{name}\n\nEnvironment: prod\nVersion: {version}\nCommit: {commit}\nResult: {result}\n")
}
