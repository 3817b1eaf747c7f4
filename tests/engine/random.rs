//! Random histories, the same for the same seed.

use std::collections::BTreeMap;

use flowcheck::history::{Memory, NewCommit, Oid, Signature};

/// A small generator of numbers; good enough to reach every corner, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// What the dates of a history are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    Honest,
    Equal,
    Skewed,
    Forged,
    /// Above 2^32, and before 1970.
    Extreme,
}

pub const DATES: [Dates; 5] = [Dates::Honest, Dates::Equal, Dates::Skewed, Dates::Forged, Dates::Extreme];

/// A commit before it has an id: parents by position, and a date.
pub struct Plan {
    pub parents: Vec<usize>,
    pub date: i64,
}

/// Returns a random graph of `size` commits, parents before children.
pub fn plan(random: &mut Random, size: usize, dates: Dates) -> Vec<Plan> {
    let reach = 1 + random.below(size.min(12));
    let merges = 2 + random.below(5);
    (0..size)
        .map(|at| {
            let mut parents = vec![];
            let count = match random.below(20) {
                _ if at == 0 => 0,
                0 => 0,
                1 => 3,
                _ if random.chance(merges) => 2,
                _ => 1,
            };
            for _ in 0..count {
                let parent = at - 1 - random.below(reach.min(at));
                if !parents.contains(&parent) {
                    parents.push(parent);
                }
            }
            let honest = 1_600_000_000 + i64::try_from(at).unwrap() * 60;
            let noise = |random: &mut Random, range: usize| i64::try_from(random.below(range)).unwrap();
            let date = match dates {
                Dates::Honest => honest,
                Dates::Equal => 1_600_000_000,
                Dates::Skewed => honest + noise(random, 7200) - 3600,
                Dates::Forged => noise(random, 4_000_000_000),
                Dates::Extreme if random.chance(2) => noise(random, 1 << 30) * -7,
                Dates::Extreme => (1 << 33) + noise(random, 1 << 30) * 3,
            };
            Plan { parents, date }
        })
        .collect()
}

/// Returns the history in memory, and the ids in the order of the plan.
pub fn remember(plan: &[Plan]) -> (Memory, Vec<Oid>) {
    let mut memory = Memory::default();
    let mut ids: Vec<Oid> = vec![];
    for (at, commit) in plan.iter().enumerate() {
        let by = Signature { name: "A".into(), email: "a@b".into(), time: commit.date };
        ids.push(memory.add_commit(&NewCommit {
            parents: commit.parents.iter().map(|parent| ids[*parent]).collect(),
            files: BTreeMap::new(),
            by,
            message: format!("{at}\n"),
        }));
    }
    (memory, ids)
}

/// Returns how many cases to try: `FLOWCHECK_CASES`, or what a few seconds allow.
pub fn cases(usual: u64) -> u64 {
    std::env::var("FLOWCHECK_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}
