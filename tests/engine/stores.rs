//! Every way git can store a history gives the same answers.

use std::path::Path;

use flowcheck::history::{History, Memory, Oid, RefName};
use flowcheck::repository::Repository;

use crate::disk::Disk;
use crate::random::{Dates, Plan, Random, plan, remember};

/// What the plan says, in memory, with the ids that the repository on disk has.
struct Known {
    memory: Memory,
    ids: Vec<Oid>,
}

impl Known {
    fn new(plan: &[Plan]) -> Self {
        let (memory, ids) = remember(plan);
        Self { memory, ids }
    }

    /// Asks the repository and the plan the same, about random commits.
    fn compare(&self, random: &mut Random, repository: &dyn History, on_disk: &[Oid], case: &str) {
        for _ in 0..30 {
            let mut pick = || random.below(self.ids.len());
            let (a, b, c, d) = (pick(), pick(), pick(), pick());
            let ours = |at: usize| self.ids[at];
            let theirs = |at: usize| on_disk[at];
            let back = |id: &Oid| on_disk[self.ids.iter().position(|ours| ours == id).unwrap()];
            let backs = |ids: Vec<Oid>| -> Vec<Oid> { ids.iter().map(back).collect() };
            let memory = &self.memory;
            assert_eq!(
                repository.is_ancestor(theirs(a), theirs(b)),
                memory.is_ancestor(ours(a), ours(b)),
                "{case}: is {a} an ancestor of {b}"
            );
            let mut bases = memory.merge_bases(ours(a), ours(b)).map(backs).unwrap();
            bases.sort();
            assert_eq!(repository.merge_bases(theirs(a), theirs(b)), Ok(bases), "{case}: {a} and {b}");
            assert_eq!(
                repository.introduced(&[theirs(a), theirs(b)], &[theirs(c), theirs(d)]),
                memory.introduced(&[ours(a), ours(b)], &[ours(c), ours(d)]).map(backs),
                "{case}: {a} and {b} without {c} and {d}"
            );
            assert_eq!(
                repository.reached(&[theirs(a), theirs(b)], &[vec![theirs(c)], vec![theirs(d)]]),
                memory.reached(&[ours(a), ours(b)], &[vec![ours(c)], vec![ours(d)]]),
                "{case}: {a} and {b} from {c} or {d}"
            );
            assert_eq!(
                repository.trunk_meets(theirs(a), theirs(b)),
                memory.trunk_meets(ours(a), ours(b)).map(|met| met.as_ref().map(back)),
                "{case}: trunks of {a} and {b}"
            );
            let read = repository.commit(theirs(a)).unwrap();
            assert_eq!(
                read.parents,
                backs(memory.commit(ours(a)).unwrap().parents),
                "{case}: parents of {a}"
            );
        }
    }
}

fn random_plan(seed: u64, dates: Dates) -> (Random, Vec<Plan>) {
    let mut random = Random::new(seed);
    let plan = plan(&mut random, 60, dates);
    (random, plan)
}

fn open(path: &Path) -> Repository {
    Repository::at(path).unwrap()
}

#[test]
fn a_plain_store_with_and_without_a_graph() {
    for (seed, format) in ["sha1", "sha256", "sha1", "sha256"].into_iter().enumerate() {
        let (mut random, plan) = random_plan(seed as u64, Dates::Forged);
        let disk = Disk::new();
        let path = disk.init("a.git", &[&format!("--object-format={format}")]);
        let ids = disk.import(&path, &plan);
        let known = Known::new(&plan);
        known.compare(&mut random, &open(&path), &ids, &format!("{format}, no graph"));
        disk.run(&path, &["repack", "-qad"]);
        disk.run(&path, &["pack-refs", "--all"]);
        disk.run(&path, &["commit-graph", "write", "--reachable"]);
        let repository = open(&path);
        assert_eq!(repository.graph_size() as usize, plan.len());
        known.compare(&mut random, &repository, &ids, &format!("{format}, graph"));
        let refs = repository.refs(&["refs/heads/"]).unwrap();
        assert_eq!(refs.len(), plan.len());
        assert_eq!(refs.get(&RefName::of_branch("c5")).unwrap().id, ids[5]);
    }
}
