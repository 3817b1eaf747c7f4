//! Walks over sources in memory, with a table of everything, of half, of nothing, and a false one.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};

use flowcheck::history::walk::{Commits, Header, Walk};
use flowcheck::history::{Answer, History, Memory, Oid, Unreadable};

use crate::random::{DATES, Dates, Plan, Random, cases, plan, remember};

/// How much of a history its table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covers {
    All,
    Half,
    Nothing,
    /// Everything, with one level that is not true.
    Falsely,
}

struct Source {
    memory: Memory,
    dates: HashMap<Oid, i64>,
    table: Vec<Row>,
    rows: HashMap<Oid, u32>,
    fresh: HashSet<Oid>,
    settled: HashSet<Oid>,
    shallow: bool,
    boundary: HashSet<Oid>,
    distrusted: Cell<bool>,
}

struct Row {
    id: Oid,
    level: u32,
    parents: Vec<u32>,
}

impl Source {
    fn new(random: &mut Random, plan: &[Plan], memory: &Memory, ids: &[Oid], covers: Covers) -> Self {
        let mut in_table: BTreeSet<usize> = match covers {
            Covers::All | Covers::Falsely => (0..plan.len()).collect(),
            Covers::Half => (0..plan.len()).filter(|_| random.chance(4)).collect(),
            Covers::Nothing => BTreeSet::new(),
        };
        // A table has the parents of whatever it has.
        for at in (0..plan.len()).rev() {
            if in_table.contains(&at) {
                in_table.extend(&plan[at].parents);
            }
        }
        // Rows are in no order that walks could lean on.
        let mut order: Vec<usize> = in_table.into_iter().collect();
        order.sort_by_key(|at| ids[*at]);
        let rows: HashMap<usize, u32> =
            order.iter().enumerate().map(|(row, at)| (*at, u32::try_from(row).unwrap())).collect();
        let mut levels: Vec<u32> = vec![];
        for commit in plan {
            levels.push(1 + commit.parents.iter().map(|parent| levels[*parent]).max().unwrap_or(0));
        }
        if covers == Covers::Falsely {
            let damaged = random.below(levels.len());
            levels[damaged] = u32::try_from(random.below(levels.len() + 2)).unwrap();
        }
        let row = |at: &usize| Row {
            id: ids[*at],
            level: levels[*at],
            parents: plan[*at].parents.iter().map(|parent| rows[parent]).collect(),
        };
        Self {
            memory: memory.clone(),
            dates: ids.iter().copied().zip(plan.iter().map(|commit| commit.date)).collect(),
            table: order.iter().map(row).collect(),
            rows: rows.iter().map(|(at, row)| (ids[*at], *row)).collect(),
            fresh: HashSet::new(),
            settled: HashSet::new(),
            shallow: false,
            boundary: HashSet::new(),
            distrusted: Cell::new(false),
        }
    }
}

impl Commits for Source {
    fn rows(&self) -> u32 {
        u32::try_from(self.table.len()).unwrap()
    }

    fn row_of(&self, id: &Oid) -> Option<u32> {
        assert!(!self.distrusted.get(), "a table that is not trusted is not asked");
        self.rows.get(id).copied()
    }

    fn id_of(&self, row: u32) -> Oid {
        self.table[row as usize].id
    }

    fn level_of(&self, row: u32) -> u32 {
        self.table[row as usize].level
    }

    fn parents_of(&self, row: u32, parents: &mut Vec<u32>) -> bool {
        parents.extend(&self.table[row as usize].parents);
        true
    }

    fn read(&self, id: Oid) -> Answer<Header> {
        let commit = self.memory.commit(id)?;
        Ok(Header { parents: commit.parents, date: self.dates[&id] })
    }

    fn is_shallow(&self) -> bool {
        self.shallow
    }

    fn is_boundary(&self, id: &Oid) -> bool {
        self.boundary.contains(id)
    }

    fn is_fresh(&self, id: &Oid) -> Answer<bool> {
        Ok(self.fresh.contains(id))
    }

    fn is_settled(&self, id: &Oid) -> bool {
        self.settled.contains(id)
    }

    fn pause(&self) -> Answer<()> {
        Ok(())
    }

    fn distrust(&self) {
        self.distrusted.set(true);
    }
}

/// Asks everything about random commits and compares; returns how many questions that were.
fn compare(random: &mut Random, walk: &Walk<Source>, memory: &Memory, ids: &[Oid], case: &str) -> u64 {
    let mut pick = || ids[random.below(ids.len())];
    let (a, b) = (pick(), pick());
    assert_eq!(walk.is_ancestor(a, b), memory.is_ancestor(a, b), "{case}: is {a} an ancestor of {b}");
    assert_eq!(walk.merge_bases(a, b), memory.merge_bases(a, b), "{case}: merge bases of {a} and {b}");
    assert_eq!(walk.trunk_meets(a, b), memory.trunk_meets(a, b), "{case}: trunks of {a} and {b}");
    assert_eq!(walk.on_trunk(a, b), memory.on_trunk(a, b), "{case}: is {a} on the trunk of {b}");
    assert_eq!(walk.parents(a), memory.parents(a), "{case}: parents of {a}");
    let mut some = |most: usize| -> Vec<Oid> {
        let count = random.below(most + 1);
        (0..count).map(|_| ids[random.below(ids.len())]).collect()
    };
    let (tips, hidden) = (some(3), some(3));
    let (ours, theirs) = (walk.introduced(&tips, &hidden), memory.introduced(&tips, &hidden));
    assert_eq!(ours, theirs, "{case}: {tips:?} without {hidden:?}");
    let (commits, groups) = (some(5), vec![some(2), some(3), some(1)]);
    let (ours, theirs) = (walk.reached(&commits, &groups), memory.reached(&commits, &groups));
    assert_eq!(ours, theirs, "{case}: which of {commits:?} do {groups:?} reach");
    7
}

#[test]
fn every_answer_is_that_of_the_definitions() {
    let mut questions = 0;
    for seed in 0..cases(40) {
        for dates in DATES {
            for covers in [Covers::All, Covers::Half, Covers::Nothing, Covers::Falsely] {
                let mut random = Random::new(seed);
                let size = 1 + random.below(40);
                let plan = plan(&mut random, size, dates);
                let (memory, ids) = remember(&plan);
                let source = Source::new(&mut random, &plan, &memory, &ids, covers);
                let walk = Walk::new(source);
                let case = format!("seed {seed}, dates {dates:?}, table {covers:?}");
                for _ in 0..4 {
                    questions += compare(&mut random, &walk, &memory, &ids, &case);
                }
            }
        }
    }
    assert!(questions >= cases(40) * 5 * 4 * 7 * 4);
}

#[test]
fn more_groups_than_a_word_has_bits() {
    let mut random = Random::new(7);
    let plan = plan(&mut random, 150, Dates::Forged);
    let (memory, ids) = remember(&plan);
    let walk = Walk::new(Source::new(&mut random, &plan, &memory, &ids, Covers::Half));
    let groups: Vec<Vec<Oid>> = ids.iter().map(|id| vec![*id]).collect();
    assert_eq!(walk.reached(&ids, &groups), memory.reached(&ids, &groups));
}

/// A push to a history without a table that is too long to be read for every push: what came with
/// the push decides, and the answer is the same.
#[test]
fn what_came_with_a_push_is_known_to_be_new() {
    for seed in 0..cases(40).min(400) {
        let mut random = Random::new(seed);
        let dates = DATES[random.below(DATES.len())];
        let long = 600 + random.below(200);
        let size = long + 1 + random.below(30);
        let plan = plan(&mut random, size, dates);
        let (memory, ids) = remember(&plan);
        let mut source = Source::new(&mut random, &plan, &memory, &ids, Covers::Nothing);
        source.fresh = ids[long..].iter().copied().collect();
        source.settled = ids[..long].iter().copied().collect();
        let walk = Walk::new(source);
        let pick = |random: &mut Random| ids[size - 1 - random.below(60)];
        let tips = [pick(&mut random), pick(&mut random)];
        let hidden = [pick(&mut random), pick(&mut random), pick(&mut random)];
        let case = format!("seed {seed}, dates {dates:?}");
        assert_eq!(walk.introduced(&tips, &hidden), memory.introduced(&tips, &hidden), "{case}");
        let groups = [hidden.to_vec(), tips.to_vec()];
        let fresh = &ids[long..];
        assert_eq!(walk.reached(fresh, &groups), memory.reached(fresh, &groups), "{case}");
    }
}

#[test]
fn a_shallow_history_answers_what_it_can_and_never_wrongly() {
    let (mut known, mut unknown) = (0, 0);
    for seed in 0..cases(40) {
        let mut random = Random::new(seed);
        let size = 2 + random.below(30);
        let dates = DATES[random.below(DATES.len())];
        let plan = plan(&mut random, size, dates);
        let (memory, ids) = remember(&plan);
        let mut source = Source::new(&mut random, &plan, &memory, &ids, Covers::Nothing);
        source.shallow = true;
        source.boundary = ids.iter().copied().filter(|_| random.chance(6)).collect();
        let mut cut = memory.clone();
        for id in &source.boundary {
            cut.make_shallow(*id);
        }
        let walk = Walk::new(source);
        let mut pick = || ids[random.below(ids.len())];
        let (a, b, c) = (pick(), pick(), pick());
        let mut check =
            |ours: Answer<String>, whole: Answer<String>, conservative: Answer<String>, what: &str| {
                match &ours {
                    Ok(_) => {
                        assert_eq!(ours, whole, "seed {seed}: {what}");
                        known += 1;
                    }
                    Err(Unreadable::Shallow(_)) => unknown += 1,
                    Err(why) => panic!("seed {seed}: {what}: {why}"),
                }
                if conservative.is_ok() {
                    assert_eq!(ours, conservative, "seed {seed}: {what}: nothing here needs the boundary");
                }
            };
        check(
            text(walk.is_ancestor(a, b)),
            text(memory.is_ancestor(a, b)),
            text(cut.is_ancestor(a, b)),
            "ancestor",
        );
        check(
            text(walk.merge_bases(a, b)),
            text(memory.merge_bases(a, b)),
            text(cut.merge_bases(a, b)),
            "bases",
        );
        check(
            text(walk.trunk_meets(a, b)),
            text(memory.trunk_meets(a, b)),
            text(cut.trunk_meets(a, b)),
            "trunks",
        );
        check(text(walk.on_trunk(a, b)), text(memory.on_trunk(a, b)), text(cut.on_trunk(a, b)), "on trunk");
        let of = |history: &dyn History| text(history.introduced(&[a, c], &[b]));
        check(text(walk.introduced(&[a, c], &[b])), of(&memory), of(&cut), "introduced");
        let groups = [vec![b], vec![c]];
        let of = |history: &dyn History| text(history.reached(&[a], &groups));
        check(text(walk.reached(&[a], &groups)), of(&memory), of(&cut), "reached");
    }
    assert!(known > 0 && unknown > 0, "{known} answers and {unknown} unknown ones are no test");
}

#[test]
fn a_commit_that_is_not_there_is_missing() {
    let mut random = Random::new(1);
    let plan = plan(&mut random, 5, Dates::Honest);
    let (memory, ids) = remember(&plan);
    for covers in [Covers::All, Covers::Nothing] {
        let walk = Walk::new(Source::new(&mut random, &plan, &memory, &ids, covers));
        let nowhere = Oid::from_hex(b"0123456789012345678901234567890123456789").unwrap();
        let missing = Unreadable::Missing(nowhere);
        assert_eq!(walk.is_ancestor(ids[0], nowhere), Err(missing.clone()));
        assert_eq!(walk.is_ancestor(nowhere, ids[0]), Ok(false));
        assert_eq!(walk.merge_bases(nowhere, ids[0]), Err(missing.clone()));
        assert_eq!(walk.introduced(&[nowhere], &[]), Err(missing.clone()));
        assert_eq!(walk.trunk_meets(ids[0], nowhere), Err(missing));
    }
}

fn text<T: std::fmt::Debug>(answer: Answer<T>) -> Answer<String> {
    answer.map(|value| format!("{value:?}"))
}
