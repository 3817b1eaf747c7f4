//! Every way git can store a history gives the same answers.

use std::path::{Path, PathBuf};

use flowcheck::history::{History, Memory, Object, Oid, Unreadable};
use flowcheck::repository::{Environment, Repository};

use crate::disk::Disk;
use crate::random::{DATES, Dates, Plan, Random, cases, plan, remember};

/// What the plan says, in memory; on disk the same commits have other ids.
struct Known {
    memory: Memory,
    ids: Vec<Oid>,
    on_disk: Vec<Oid>,
}

impl Known {
    fn new(plan: &[Plan], on_disk: Vec<Oid>) -> Self {
        let (memory, ids) = remember(plan);
        Self { memory, ids, on_disk }
    }

    fn back(&self, id: &Oid) -> Oid {
        self.on_disk[self.ids.iter().position(|ours| ours == id).unwrap()]
    }

    fn backs(&self, ids: &[Oid]) -> Vec<Oid> {
        ids.iter().map(|id| self.back(id)).collect()
    }

    /// Asks the repository and the plan the same, about random commits.
    fn compare(&self, random: &mut Random, repository: &dyn History, case: &str) {
        for _ in 0..30 {
            let mut pick = || random.below(self.ids.len());
            let (a, b, c, d) = (pick(), pick(), pick(), pick());
            let ours = |at: usize| self.ids[at];
            let theirs = |at: usize| self.on_disk[at];
            let memory = &self.memory;
            assert_eq!(
                repository.is_ancestor(theirs(a), theirs(b)),
                memory.is_ancestor(ours(a), ours(b)),
                "{case}: is {a} an ancestor of {b}"
            );
            let mut bases = self.backs(&memory.merge_bases(ours(a), ours(b)).unwrap());
            bases.sort();
            assert_eq!(repository.merge_bases(theirs(a), theirs(b)), Ok(bases), "{case}: {a} and {b}");
            assert_eq!(
                repository.introduced(&[theirs(a), theirs(b)], &[theirs(c), theirs(d)]),
                memory.introduced(&[ours(a), ours(b)], &[ours(c), ours(d)]).map(|ids| self.backs(&ids)),
                "{case}: {a} and {b} without {c} and {d}"
            );
            assert_eq!(
                repository.reached(&[theirs(a), theirs(b)], &[vec![theirs(c)], vec![theirs(d)]]),
                memory.reached(&[ours(a), ours(b)], &[vec![ours(c)], vec![ours(d)]]),
                "{case}: {a} and {b} from {c} or {d}"
            );
            assert_eq!(
                repository.trunk_meets(theirs(a), theirs(b)),
                memory.trunk_meets(ours(a), ours(b)).map(|met| met.map(|id| self.back(&id))),
                "{case}: trunks of {a} and {b}"
            );
            assert_eq!(
                repository.on_trunk(theirs(a), theirs(b)),
                memory.on_trunk(ours(a), ours(b)),
                "{case}: is {a} on the trunk of {b}"
            );
            let read = repository.commit(theirs(a)).unwrap();
            assert_eq!(read.parents, self.backs(&memory.commit(ours(a)).unwrap().parents), "{case}: {a}");
        }
    }
}

/// Returns how often to try each kind of store: once, or more with `FLOWCHECK_CASES`. With 200 the
/// walks and the stores answer more than 100,000 questions each.
fn rounds() -> u64 {
    cases(8) / 8
}

fn random_plan(seed: u64, dates: Dates) -> (Random, Vec<Plan>) {
    let mut random = Random::new(seed);
    let plan = plan(&mut random, 60, dates);
    (random, plan)
}

fn open(path: &Path) -> Repository {
    Repository::at(path).unwrap()
}

/// A bare repository with a random history.
fn made(disk: &Disk, seed: u64, dates: Dates, args: &[&str]) -> (Random, PathBuf, Known) {
    let (random, plan) = random_plan(seed, dates);
    let path = disk.init("a.git", args);
    let ids = disk.import(&path, &plan);
    (random, path, Known::new(&plan, ids))
}

/// What `--stdin-commits` reads.
fn lines(ids: &[Oid]) -> Vec<u8> {
    let lines: Vec<String> = ids.iter().map(|id| format!("{id}\n")).collect();
    lines.concat().into_bytes()
}

#[test]
fn with_and_without_a_graph_of_either_version() {
    for round in 0..rounds() {
        for (seed, dates) in (1000 * round..).zip(DATES) {
            for format in ["sha1", "sha256"] {
                of_either_version(seed, dates, format);
            }
        }
    }
}

fn of_either_version(seed: u64, dates: Dates, format: &str) {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, seed, dates, &[&format!("--object-format={format}")]);
    let case = format!("{seed}, {format}, {dates:?}");
    known.compare(&mut random, &open(&path), &format!("{case}, no graph"));
    disk.run(&path, &["repack", "-qad"]);
    for version in ["1", "2"] {
        let setting = format!("commitGraph.generationVersion={version}");
        let _ = std::fs::remove_dir_all(path.join("objects/info"));
        disk.run(&path, &["-c", &setting, "commit-graph", "write", "--reachable"]);
        let repository = open(&path);
        assert_eq!(repository.graph_size() as usize, known.ids.len());
        known.compare(&mut random, &repository, &format!("{case}, graph {version}"));
        assert_eq!(repository.graph_trouble(), None);
    }
}

#[test]
fn git_itself_agrees_where_dates_are_sane() {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, 3, Dates::Honest, &[]);
    disk.run(&path, &["commit-graph", "write", "--reachable"]);
    let repository = open(&path);
    for _ in 0..40 {
        let (a, b) = (known.on_disk[random.below(60)], known.on_disk[random.below(60)]);
        let (a_text, b_text) = (a.to_string(), b.to_string());
        let asked = ["merge-base", "--is-ancestor", &a_text, &b_text];
        let theirs = disk.git(&path).args(asked).status().unwrap();
        assert_eq!(repository.is_ancestor(a, b).unwrap(), theirs.success(), "{a} {b}");
        let theirs = disk.git(&path).args(["merge-base", "--all", &a_text, &b_text]).output().unwrap();
        let mut theirs: Vec<Oid> = String::from_utf8(theirs.stdout)
            .unwrap()
            .lines()
            .map(|id| Oid::from_hex(id.as_bytes()).unwrap())
            .collect();
        theirs.sort();
        assert_eq!(repository.merge_bases(a, b).unwrap(), theirs, "{a} {b}");
    }
}

#[test]
fn a_graph_that_lags_behind() {
    let seeds = (0..rounds()).flat_map(|round| (1000 * round + 10..).zip(DATES));
    for (seed, dates) in seeds {
        let disk = Disk::new();
        let (mut random, path, known) = made(&disk, seed, dates, &[]);
        let some: Vec<Oid> = (0..5).map(|_| known.on_disk[random.below(30)]).collect();
        disk.feed(&path, &["commit-graph", "write", "--stdin-commits"], &lines(&some));
        let repository = open(&path);
        let size = repository.graph_size() as usize;
        assert!(size > 0 && size < known.ids.len());
        known.compare(&mut random, &repository, &format!("{seed}, {dates:?}, graph of {size}"));
    }
}

#[test]
fn a_graph_in_layers() {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, 20, Dates::Forged, &[]);
    for upto in [10, 30, 50] {
        let commits = lines(&known.on_disk[..upto]);
        disk.feed(&path, &["commit-graph", "write", "--stdin-commits", "--split=no-merge"], &commits);
    }
    let chain = path.join("objects/info/commit-graphs/commit-graph-chain");
    let layers = std::fs::read_to_string(&chain).unwrap();
    assert_eq!(layers.lines().count(), 3);
    let repository = open(&path);
    assert_eq!(repository.graph_size(), 50);
    known.compare(&mut random, &repository, "three layers");

    // Without its middle layer, the lowest one is what can be used.
    let middle = layers.lines().nth(1).unwrap();
    std::fs::remove_file(path.join(format!("objects/info/commit-graphs/graph-{middle}.graph"))).unwrap();
    let repository = open(&path);
    assert_eq!(repository.graph_size(), 10);
    assert!(repository.graph_trouble().unwrap().contains("is missing"));
    known.compare(&mut random, &repository, "one layer of three");
}

#[test]
fn a_layer_that_lies_in_an_alternate() {
    let disk = Disk::new();
    let (mut random, pool, known) = made(&disk, 21, Dates::Forged, &[]);
    let commits = lines(&known.on_disk[..30]);
    disk.feed(&pool, &["commit-graph", "write", "--stdin-commits", "--split"], &commits);
    let fork = disk.init("fork.git", &[]);
    std::fs::write(fork.join("objects/info/alternates"), format!("{}/objects\n", pool.display())).unwrap();
    let all = lines(&known.on_disk);
    disk.feed(&fork, &["commit-graph", "write", "--stdin-commits", "--split=no-merge"], &all);
    let own = std::fs::read_dir(fork.join("objects/info/commit-graphs")).unwrap().count();
    assert_eq!(own, 2, "the chain and one layer; the other layer is the pool's");
    let repository = open(&fork);
    assert_eq!(repository.graph_size(), 60);
    known.compare(&mut random, &repository, "a layer in the pool");
}

#[test]
fn a_damaged_graph_changes_no_answer() {
    for round in 0..rounds() {
        damaged(22 + 1000 * round);
    }
}

fn damaged(seed: u64) {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, seed, Dates::Skewed, &[]);
    disk.run(&path, &["commit-graph", "write", "--reachable"]);
    let file = path.join("objects/info/commit-graph");
    let sound = std::fs::read(&file).unwrap();
    disk.run(&path, &["config", "gc.auto", "0"]);
    let replace = |bytes: &[u8]| {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
    };
    for cut in [0, 7, 100, sound.len() / 2, sound.len() - 1] {
        replace(&sound[..cut]);
        let repository = open(&path);
        known.compare(&mut random, &repository, &format!("{seed}, cut after {cut}"));
        assert!(repository.graph_trouble().is_some(), "cut after {cut}");
    }
    // The level of a commit: the upper 30 bits of the eight bytes at the end of its row.
    let rows = chunk(&sound, *b"CDAT");
    for row in (0..known.ids.len()).step_by(7) {
        let mut bytes = sound.clone();
        let at = rows + row * 36 + 28 + 3;
        bytes[at] = bytes[at].wrapping_add(4 * (1 + u8::try_from(random.below(9)).unwrap()));
        replace(&bytes);
        let repository = open(&path);
        known.compare(&mut random, &repository, &format!("{seed}, another level in row {row}"));
    }
    // A parent that is no commit of the graph.
    for row in (0..known.ids.len()).step_by(7) {
        let mut bytes = sound.clone();
        bytes[rows + row * 36 + 20..][..4].copy_from_slice(&[0, 0, 77, 77]);
        replace(&bytes);
        known.compare(&mut random, &open(&path), &format!("{seed}, no such parent in row {row}"));
    }
}

/// Returns where a chunk of a commit-graph file begins.
fn chunk(file: &[u8], name: [u8; 4]) -> usize {
    let entry = file[8..].chunks(12).find(|entry| entry[..4] == name).unwrap();
    usize::try_from(u64::from_be_bytes(entry[4..12].try_into().unwrap())).unwrap()
}

#[test]
fn a_graph_that_lists_what_is_gone() {
    let disk = Disk::new();
    let (_, path, known) = made(&disk, 23, Dates::Honest, &[]);
    disk.run(&path, &["commit-graph", "write", "--reachable"]);
    let gone = *known.on_disk.last().unwrap();
    let hex = gone.to_string();
    disk.run(&path, &["update-ref", "-d", "refs/heads/c59"]);
    disk.run(&path, &["repack", "-qAd", "--unpack-unreachable=now"]);
    disk.run(&path, &["prune", "--expire=now"]);
    assert!(!disk.git(&path).args(["cat-file", "-e", &hex]).status().unwrap().success());
    let repository = open(&path);
    assert_eq!(repository.graph_size(), 60);
    assert_eq!(repository.object(gone), Err(Unreadable::Missing(gone)));
    assert_eq!(repository.commit(gone), Err(Unreadable::Missing(gone)));
    let parent = known.back(&known.memory.commit(known.ids[59]).unwrap().parents[0]);
    assert_eq!(repository.is_ancestor(parent, gone), Ok(true));
}

#[test]
fn replaced_objects_and_grafts_do_not_exist() {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, 24, Dates::Honest, &[]);
    let id = |at: usize| known.on_disk[at].to_string();
    for at in [20, 40, 55] {
        disk.run(&path, &["replace", "-f", &id(at), &id(at / 3)]);
    }
    let grafts = format!("{} {}\n{}\n", id(30), id(2), id(45));
    std::fs::write(path.join("info/grafts"), grafts).unwrap();
    known.compare(&mut random, &open(&path), "replaced and grafted");
}

#[test]
fn objects_in_alternates_of_alternates() {
    let disk = Disk::new();
    let (mut random, pool, known) = made(&disk, 25, Dates::Skewed, &[]);
    let mut at = pool;
    // git's limit: an alternate of an alternate, five times.
    for depth in 0..7 {
        let next = disk.init(&format!("n:\"{depth}.git"), &[]);
        let entry = format!("# a comment\n{}/objects\n", at.display());
        std::fs::write(next.join("objects/info/alternates"), entry).unwrap();
        let deepest = known.on_disk[0].to_string();
        let theirs = disk.git(&next).args(["cat-file", "-e", &deepest]).output().unwrap().status.success();
        let repository = open(&next);
        assert_eq!(repository.object(known.on_disk[0]).is_ok(), theirs, "depth {depth}");
        if theirs {
            known.compare(&mut random, &repository, &format!("depth {depth}"));
        }
        at = next;
    }
    let by_environment = disk.init("last.git", &[]);
    let quoted = format!("\"{}/objects\"", disk.path("n:\"1.git").display().to_string().replace('"', "\\\""));
    let plain = disk.path("n:\"1.git/objects").display().to_string();
    for list in [quoted, plain] {
        let environment = Environment::new(&by_environment).with("GIT_ALTERNATE_OBJECT_DIRECTORIES", &list);
        let repository = Repository::open(&environment, None).unwrap();
        known.compare(&mut random, &repository, &list);
    }
}

#[test]
fn a_shallow_clone_does_not_guess() {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, 26, Dates::Honest, &[]);
    let clone = disk.path("shallow.git");
    let url = format!("file://{}", path.display());
    disk.run(
        &path,
        &["clone", "-q", "--bare", "--depth=4", "--no-single-branch", &url, clone.to_str().unwrap()],
    );
    disk.run(
        &path,
        &["clone", "-q", "--bare", "--depth=1", "-b", "c59", &url, disk.path("one.git").to_str().unwrap()],
    );
    let repository = open(&disk.path("one.git"));
    assert!(repository.is_shallow());
    let tip = known.on_disk[59];
    assert_eq!(repository.is_ancestor(tip, tip), Ok(true));
    assert_eq!(repository.is_ancestor(known.on_disk[0], tip), Err(Unreadable::Shallow(tip)));
    assert_eq!(repository.parents(tip), Err(Unreadable::Shallow(tip)));
    assert_eq!(repository.introduced(&[tip], &[]), Err(Unreadable::Shallow(tip)));
    assert_eq!(repository.introduced(&[tip], &[tip]), Ok(vec![]));

    let repository = open(&clone);
    let mut answers = 0;
    for _ in 0..300 {
        let (a, b) = (random.below(60), random.below(60));
        match repository.is_ancestor(known.on_disk[a], known.on_disk[b]) {
            Ok(answer) => {
                assert_eq!(Ok(answer), known.memory.is_ancestor(known.ids[a], known.ids[b]), "{a} {b}");
                answers += 1;
            }
            Err(Unreadable::Shallow(_)) => {}
            Err(why) => panic!("{why}"),
        }
    }
    assert!(answers > 0);
}

#[test]
fn a_partial_clone_answers_ancestry_and_misses_content() {
    let disk = Disk::new();
    let (mut random, path, known) = made(&disk, 27, Dates::Skewed, &[]);
    disk.run(&path, &["config", "uploadpack.allowFilter", "true"]);
    let clone = disk.path("partial.git");
    let url = format!("file://{}", path.display());
    disk.run(&path, &["clone", "-q", "--bare", "--filter=tree:0", &url, clone.to_str().unwrap()]);
    let repository = open(&clone);
    assert!(repository.is_partial() && !open(&path).is_partial());
    known.compare(&mut random, &repository, "partial clone");
    let (from, to) = (known.on_disk[3], known.on_disk[4]);
    assert!(matches!(repository.patch(Some(from), to), Err(Unreadable::Missing(_))));
    assert!(matches!(repository.file(to, "f4"), Err(Unreadable::Missing(_))));
}

#[test]
fn a_walk_ends_at_its_deadline() {
    let disk = Disk::new();
    let mut random = Random::new(28);
    let plan = plan(&mut random, 6000, Dates::Honest);
    let path = disk.init("a.git", &[]);
    let ids = disk.import(&path, &plan);
    let repository = open(&path);
    let start = std::time::Instant::now();
    repository.set_deadline(start, std::time::Duration::ZERO);
    let late = Unreadable::Deadline("0".to_owned());
    assert_eq!(repository.introduced(&ids, &[]), Err(late));
}

#[test]
fn subjects_that_were_announced_are_what_the_commits_say() {
    let disk = Disk::new();
    let path = disk.init("a.git", &[]);
    let commits = 2500;
    let commit = |number: usize| {
        let subject = format!("Subject {number}");
        format!(
            "commit refs/heads/main\nmark :{number}\ncommitter A <a@b> {number} +0000\ndata {}\n{subject}\n",
            subject.len()
        )
    };
    let stream: String = (1..=commits).map(commit).collect();
    disk.feed(&path, &["fast-import", "--quiet"], stream.as_bytes());
    let listed = disk.run(&path, &["rev-list", "--reverse", "main"]);
    let ids: Vec<Oid> = listed.lines().map(|id| Oid::from_hex(id.as_bytes()).unwrap()).collect();
    let subject = |at: usize| Ok(format!("Subject {}", at + 1));
    let repository = open(&path);
    repository.expect_subjects(ids.clone());
    for (at, id) in ids.iter().enumerate() {
        // In turn, and now and then one that was asked for before or comes later.
        if at % 97 == 0 {
            let other = (at * 31) % commits;
            assert_eq!(repository.subject(ids[other]), subject(other));
        }
        assert_eq!(repository.subject(*id), subject(at));
    }
    assert_eq!(repository.subject(ids[7]), subject(7));
    // Where one cannot be read, whoever asks for it is told, and the rest is there.
    let missing = Oid::from_hex(b"1111111111111111111111111111111111111111").unwrap();
    let mut some = ids.clone();
    some[1200] = missing;
    repository.expect_subjects(some.clone());
    for (at, id) in some.into_iter().enumerate() {
        let expected = if at == 1200 { Err(Unreadable::Missing(missing)) } else { subject(at) };
        assert_eq!(repository.subject(id), expected);
    }
}

#[test]
fn tags_that_a_pack_keeps_as_changes_of_others() {
    let disk = Disk::new();
    let (_, path, known) = made(&disk, 27, Dates::Honest, &[]);
    let message = |number: usize| format!("Release {number}\n\n{}", "What is the same in all.\n".repeat(30));
    let tags: Vec<Oid> = (0..40)
        .map(|number| {
            let name = format!("v1.{number}.0");
            disk.run(&path, &["tag", "-m", &message(number), &name, &known.on_disk[number].to_string()]);
            Oid::from_hex(disk.run(&path, &["rev-parse", &name]).as_bytes()).unwrap()
        })
        .collect();
    for way in ["repack.usedeltabaseoffset=true", "repack.usedeltabaseoffset=false"] {
        disk.run(&path, &["-c", way, "repack", "-qadf", "--depth=20"]);
        let packs = std::fs::read_dir(path.join("objects/pack")).unwrap();
        let index = packs.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "idx");
        let listed = disk.run(&path, &["verify-pack", "-v", index.unwrap().to_str().unwrap()]);
        let is_change = |line: &&str| line.contains(" tag ") && line.split_whitespace().count() == 7;
        assert!(listed.lines().filter(is_change).count() > 20, "{listed}");
        let repository = open(&path);
        for (number, id) in tags.iter().enumerate() {
            let Ok(Object::Tag(tag)) = repository.object(*id) else { panic!("{id} is a tag") };
            assert_eq!(tag.target, known.on_disk[number], "{way}");
            assert_eq!(tag.message, message(number), "{way}");
        }
    }
}

#[test]
fn loose_objects_of_every_size_and_what_is_left_of_a_broken_one() {
    let disk = Disk::new();
    let path = disk.init("a.git", &[]);
    let tree = disk.feed(&path, &["mktree"], b"");
    let message =
        |lines: usize| (0..lines).fold("Subject\n".to_owned(), |text, line| text + &format!("{line}\n"));
    // Below and above what is read in one go, as a file and as an object.
    let sizes = [0, 10, 500, 1000, 5000, 7000, 50_000];
    let mut commits = vec![];
    for lines in sizes {
        let id = disk.feed(&path, &["commit-tree", &tree], message(lines).as_bytes());
        commits.push((Oid::from_hex(id.as_bytes()).unwrap(), message(lines)));
    }
    let tag =
        |target: &Oid| format!("object {target}\ntype commit\ntag v1.0.0\ntagger A <a@b> 1 +0000\n\nIt\n");
    let tag = disk.feed(&path, &["mktag"], tag(&commits[0].0).as_bytes());
    let tag = Oid::from_hex(tag.as_bytes()).unwrap();
    let repository = open(&path);
    for (id, message) in &commits {
        assert_eq!(repository.object(*id), Ok(Object::Commit));
        assert_eq!(repository.commit(*id).unwrap().message, message.as_str());
        assert_eq!(repository.is_commit(*id), Ok(true));
    }
    let Ok(Object::Tag(read)) = repository.object(tag) else { panic!("it is a tag") };
    assert_eq!((read.target, read.message), (commits[0].0, "It\n".into()));
    // What is asked for between a kind and its object changes neither.
    assert_eq!(repository.object(commits[1].0), Ok(Object::Commit));
    assert_eq!(repository.commit(commits[2].0).unwrap().message, commits[2].1.as_str());
    assert_eq!(repository.commit(commits[1].0).unwrap().message, commits[1].1.as_str());
    for (id, message) in &commits {
        let hex = id.to_string();
        let file = path.join("objects").join(&hex[..2]).join(&hex[2..]);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        for length in [0, 1, bytes.len() / 2] {
            std::fs::write(&file, &bytes[..length]).unwrap();
            let read = open(&path).commit(*id);
            assert!(matches!(read, Err(Unreadable::Damaged { .. })), "{} bytes: {read:?}", message.len());
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(open(&path).commit(*id), Err(Unreadable::Missing(*id)));
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(open(&path).commit(*id).unwrap().message, message.as_str());
    }
}
