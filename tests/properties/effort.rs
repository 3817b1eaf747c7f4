//! What a push costs goes by what it brings and by the number of refs, not by how long the history
//! is: counted in commits that a walk touches and in questions that are asked.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use flowcheck::history::walk::{Commits, Header, Walk};
use flowcheck::history::{
    Answer, Commit, History, Memory, NewCommit, NewTag, Object, Oid, PatchId, Ref, RefName, Refs, Signature,
    Signed,
};
use flowcheck::policy::Policy;
use flowcheck::push::{Push, RefUpdate};
use flowcheck::verdict;

/// The commits that were there before a push, with their levels, as git's commit-graph has them.
struct Table<'a> {
    memory: &'a Memory,
    ids: Vec<Oid>,
    rows: HashMap<Oid, u32>,
    levels: Vec<u32>,
    touched: Cell<usize>,
}

impl<'a> Table<'a> {
    /// `commits` come parents first.
    fn new(memory: &'a Memory, commits: &[Oid]) -> Self {
        let mut table =
            Self { memory, ids: vec![], rows: HashMap::new(), levels: vec![], touched: Cell::new(0) };
        for id in commits {
            let parents = memory.parents(*id).expect("a history in memory is whole");
            let below = parents.iter().map(|parent| table.levels[table.rows[parent] as usize]);
            table.levels.push(below.max().unwrap_or(0) + 1);
            table.rows.insert(*id, u32::try_from(table.ids.len()).expect("there are few"));
            table.ids.push(*id);
        }
        table
    }

    fn touch(&self) {
        self.touched.set(self.touched.get() + 1);
    }
}

impl Commits for Table<'_> {
    fn rows(&self) -> u32 {
        u32::try_from(self.ids.len()).expect("there are few")
    }

    fn row_of(&self, id: &Oid) -> Option<u32> {
        self.rows.get(id).copied()
    }

    fn id_of(&self, row: u32) -> Oid {
        self.ids[row as usize]
    }

    fn level_of(&self, row: u32) -> u32 {
        self.levels[row as usize]
    }

    fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool {
        self.touch();
        let ids = self.memory.parents(self.ids[row as usize]).expect("a history in memory is whole");
        parents.extend(ids.iter().map(|id| self.rows[id]));
        true
    }

    fn read(&self, id: Oid) -> Answer<Header> {
        self.touch();
        Ok(Header { parents: self.memory.parents(id)?, date: 0 })
    }

    fn is_shallow(&self) -> bool {
        false
    }

    fn is_boundary(&self, _: &Oid) -> bool {
        false
    }

    fn is_fresh(&self, id: &Oid) -> Answer<bool> {
        Ok(!self.rows.contains_key(id))
    }

    fn is_settled(&self, id: &Oid) -> bool {
        self.rows.contains_key(id)
    }

    fn pause(&self) -> Answer<()> {
        Ok(())
    }

    fn distrust(&self) {
        unreachable!("the table is right");
    }
}

/// A history that counts what is asked of it, by the name of the question.
struct Counting<'a> {
    memory: &'a Memory,
    walk: Walk<Table<'a>>,
    asked: RefCell<BTreeMap<&'static str, usize>>,
}

impl Counting<'_> {
    fn count(&self, question: &'static str) {
        *self.asked.borrow_mut().entry(question).or_default() += 1;
    }
}

impl History for Counting<'_> {
    fn object(&self, id: Oid) -> Answer<Object> {
        self.count("object");
        self.memory.object(id)
    }

    fn commit(&self, id: Oid) -> Answer<Commit> {
        self.count("commit");
        self.memory.commit(id)
    }

    fn parents(&self, id: Oid) -> Answer<Vec<Oid>> {
        self.count("parents");
        self.walk.parents(id)
    }

    fn is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        self.count("is_ancestor");
        self.walk.is_ancestor(ancestor, descendant)
    }

    fn merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        self.count("merge_bases");
        self.walk.merge_bases(a, b)
    }

    fn introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        self.count("introduced");
        self.walk.introduced(tips, hidden)
    }

    fn reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        self.count("reached");
        self.walk.reached(commits, groups)
    }

    fn trunk_meets(&self, tip: Oid, other: Oid) -> Answer<Option<Oid>> {
        self.count("trunk_meets");
        self.walk.trunk_meets(tip, other)
    }

    fn on_trunk(&self, commit: Oid, tip: Oid) -> Answer<bool> {
        self.count("on_trunk");
        self.walk.on_trunk(commit, tip)
    }

    fn patch(&self, from: Option<Oid>, to: Oid) -> Answer<Option<PatchId>> {
        self.count("patch");
        self.memory.patch(from, to)
    }

    fn merge_over(&self, bases: &[Oid], into: Oid, from: Oid) -> Answer<bool> {
        self.count("merge_over");
        self.memory.merge_over(bases, into, from)
    }

    fn file(&self, commit: Oid, path: &str) -> Answer<Option<Vec<u8>>> {
        self.count("file");
        self.memory.file(commit, path)
    }

    fn signature(&self, tag: Oid, allowed: &str) -> Answer<Signed> {
        self.count("signature");
        self.memory.signature(tag, allowed)
    }
}

/// A team's repository: `age` features before the last two releases, the older of which is
/// confirmed and merged back, and `others` branches beside.
struct Repository {
    memory: Memory,
    /// Parents first.
    commits: Vec<Oid>,
    refs: Refs,
    develop: Oid,
    release: Oid,
    hotfixed: Oid,
}

impl Repository {
    fn new(age: usize, others: usize) -> Self {
        let mut memory = Memory::default();
        let root = memory.add_commit(&NewCommit { message: "root\n".to_owned(), ..NewCommit::default() });
        let (commits, refs) = (vec![root], Refs::default());
        let mut at = Self { memory, commits, refs, develop: root, release: root, hotfixed: root };
        (0..age).for_each(|_| at.takes_a_feature());
        let first = at.takes_a_fix(at.develop);
        at.tag("v1.0.0", first);
        at.tag("deployed/prod/v1.0.0/1", first);
        let master = at.commit(&[root, first]);
        at.develop = at.commit(&[at.develop, first]);
        (0..5).for_each(|_| at.takes_a_feature());
        at.release = at.takes_a_fix(at.develop);
        at.hotfixed = first;
        (0..5).for_each(|_| at.takes_a_feature());
        for n in 0..others {
            let topic = at.commit(&[at.develop]);
            at.set(&format!("refs/heads/feature/o{n}"), topic);
        }
        let lines = [
            ("develop", at.develop),
            ("master", master),
            ("release-1.0.0", first),
            ("release-1.1.0", at.release),
        ];
        for (line, tip) in lines {
            at.set(&format!("refs/heads/{line}"), tip);
        }
        at
    }

    fn commit(&mut self, parents: &[Oid]) -> Oid {
        let message = format!("c{}\n", self.commits.len());
        let id =
            self.memory.add_commit(&NewCommit { parents: parents.to_vec(), message, ..NewCommit::default() });
        self.commits.push(id);
        id
    }

    fn takes_a_feature(&mut self) {
        self.develop = self.takes_a_fix(self.develop);
    }

    fn takes_a_fix(&mut self, line: Oid) -> Oid {
        let topic = self.commit(&[line]);
        self.commit(&[line, topic])
    }

    fn tag_object(&mut self, name: &str, target: Oid) -> Oid {
        let version = name.split('/').nth(2).unwrap_or(name);
        let message =
            format!("it\n\nEnvironment: prod\nVersion: {version}\nCommit: {target}\nResult: success\n");
        let by = Signature { time: 1, ..Signature::default() };
        self.memory.add_tag(&NewTag { target, name: name.to_owned(), by, message })
    }

    fn tag(&mut self, name: &str, target: Oid) {
        let id = self.tag_object(name, target);
        self.refs.set(Ref { peeled: Some(target), ..Ref::new(RefName::of_tag(name), id) });
    }

    fn set(&mut self, name: &str, tip: Oid) {
        self.refs.set(Ref::new(RefName::new(name), tip));
    }

    /// What a push costs that is made by `push` and has to be accepted.
    fn cost(mut self, push: &dyn Fn(&mut Self) -> Vec<(&'static str, Oid)>) -> Cost {
        let known = self.commits.clone();
        let updates = push(&mut self).into_iter().map(|(name, new)| {
            let name = RefName::new(name);
            RefUpdate { old: self.refs.get(&name).map(|entry| entry.id), name, new: Some(new) }
        });
        let push = Push { now: 1_000, ..Push::new(self.refs.clone(), updates.collect()) };
        let walk = Walk::new(Table::new(&self.memory, &known));
        let history = Counting { memory: &self.memory, walk, asked: RefCell::default() };
        let verdict = verdict::judge(&Policy::built_in(), &history, &push).expect("the history is whole");
        let said: Vec<&String> = verdict.findings.iter().map(|judged| &judged.finding.message).collect();
        assert!(verdict.accepted(), "{said:?}");
        Cost { touched: history.walk.commits().touched.get(), asked: history.asked.into_inner() }
    }
}

/// What was counted.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    touched: usize,
    asked: BTreeMap<&'static str, usize>,
}

/// A kind of push.
type Kind = (&'static str, fn(&mut Repository) -> Vec<(&'static str, Oid)>);

/// What people push, day by day.
const PUSHES: &[Kind] = &[
    ("a feature of 20 commits", |at| {
        let mut tip = at.develop;
        for _ in 0..20 {
            tip = at.commit(&[tip]);
        }
        vec![("refs/heads/feature/basket", tip)]
    }),
    ("a feature's merge into develop", |at| {
        let topic = at.commit(&[at.develop]);
        let merge = at.commit(&[at.develop, topic]);
        vec![("refs/heads/develop", merge)]
    }),
    ("a new release", |at| vec![("refs/heads/release-1.2.0", at.develop)]),
    ("a bugfix and its merge", |at| {
        let topic = at.commit(&[at.release]);
        let merge = at.commit(&[at.release, topic]);
        vec![("refs/heads/bugfix/1.1.0-price", topic), ("refs/heads/release-1.1.0", merge)]
    }),
    ("a version tag", |at| {
        let tag = at.tag_object("v1.1.0", at.release);
        vec![("refs/tags/v1.1.0", tag)]
    }),
    ("a hotfix, its merge and its tag", |at| {
        let topic = at.commit(&[at.hotfixed]);
        let merge = at.commit(&[at.hotfixed, topic]);
        let tag = at.tag_object("v1.0.0-hotfix1", merge);
        vec![
            ("refs/heads/hotfix/1.0.0-leak", topic),
            ("refs/heads/release-1.0.0", merge),
            ("refs/tags/v1.0.0-hotfix1", tag),
        ]
    }),
    ("a record", |at| {
        let tag = at.tag_object("deployed/prod/v1.0.0/2", at.hotfixed);
        vec![("refs/tags/deployed/prod/v1.0.0/2", tag)]
    }),
];

#[test]
fn a_push_costs_the_same_however_long_the_history_is() {
    for (what, push) in PUSHES {
        let [young, old] = [20, 2_000].map(|age| Repository::new(age, 10).cost(push));
        println!("{what}: {} commits touched, {:?}", young.touched, young.asked);
        assert_eq!(young, old, "{what}");
    }
}

#[test]
fn a_push_costs_by_what_it_brings_and_by_the_refs() {
    let feature = |commits: usize, others: usize| {
        let made = |at: &mut Repository| {
            let mut tip = at.develop;
            for _ in 0..commits {
                tip = at.commit(&[tip]);
            }
            vec![("refs/heads/feature/basket", tip)]
        };
        Repository::new(100, others).cost(&made).touched
    };
    let (small, longer, wider) = (feature(10, 10), feature(100, 10), feature(10, 100));
    println!("10 commits: {small} touched, 100 commits: {longer}, 100 other branches: {wider}");
    assert!(longer <= 10 * small + 100, "{longer} for ten times the commits that cost {small}");
    assert!(wider <= 10 * small + 100, "{wider} for ten times the refs that cost {small}");
}
