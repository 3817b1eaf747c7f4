//! What a hook sees in the middle of a real push.

use std::path::{Path, PathBuf};
use std::process::Child;

use flowcheck::history::{History, Oid, Unreadable};
use flowcheck::repository::{Environment, Repository};

use crate::disk::Disk;
use crate::random::{Dates, Random, plan, remember};

/// A server whose pre-receive hook waits, and a push that it holds up.
struct HeldPush {
    server: PathBuf,
    environment: Environment,
    go: PathBuf,
    push: Child,
}

impl HeldPush {
    fn start(disk: &Disk, client: &Path, server: &Path, refs: &[&str]) -> Self {
        let (seen, go) = (disk.path("seen"), disk.path("go"));
        let hook = server.join("hooks/pre-receive");
        let text = format!(
            "#!/bin/sh\nenv -0 > {seen}.part\nmv {seen}.part {seen}\nwhile [ ! -e {go} ]; do sleep 0.01; done\n",
            seen = seen.display(),
            go = go.display()
        );
        std::fs::create_dir_all(server.join("hooks")).unwrap();
        std::fs::write(&hook, text).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, executable).unwrap();
        let push = disk.git(client).args(["push", "-q"]).arg(server).args(refs).spawn().unwrap();
        while !seen.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let mut environment = Environment::new(server);
        for entry in std::fs::read(&seen).unwrap().split(|byte| *byte == 0) {
            let entry = String::from_utf8(entry.to_vec()).unwrap();
            if let Some((name, value)) = entry.split_once('=')
                && flowcheck::repository::VARIABLES.contains(&name)
            {
                environment = environment.with(name, value);
            }
        }
        Self { server: server.to_owned(), environment, go, push }
    }

    fn let_go(mut self) {
        std::fs::write(&self.go, "").unwrap();
        assert!(self.push.wait().unwrap().success());
    }
}

fn check(unpack_limit: &str, graph: bool, size: usize) {
    let disk = Disk::new();
    let server = disk.init("server.git", &[]);
    let client = disk.init("client.git", &[]);
    disk.run(&server, &["config", "receive.unpackLimit", unpack_limit]);
    let mut random = Random::new(5);
    let plan = plan(&mut random, size, Dates::Forged);
    let ids = disk.import(&client, &plan);
    let old = size - 20;
    let old_refs: Vec<String> = (0..old).map(|at| format!("refs/heads/c{at}")).collect();
    let old_refs: Vec<&str> = old_refs.iter().map(String::as_str).collect();
    disk.run(&client, &[&["push", "-q", server.to_str().unwrap()], &old_refs[..]].concat());
    if graph {
        disk.run(&server, &["commit-graph", "write", "--reachable"]);
    }
    let (newest, tip) = (ids[size - 1], format!("refs/heads/c{}", size - 1));

    let held = HeldPush::start(&disk, &client, &server, &[&tip]);
    let repository = Repository::open(&held.environment, None).unwrap();
    assert!(repository.is_quarantined());
    assert_eq!(repository.object(newest), Ok(flowcheck::history::Object::Commit));
    let refs = repository.refs(&["refs/heads/"]).unwrap();
    let before: Vec<Oid> = refs.iter().map(|entry| entry.id).collect();
    assert_eq!(before.len(), old);
    let new = repository.introduced(&[newest], &before).unwrap();

    // A server like GitLab's says where the objects are, and nothing else.
    let mut bare = Environment::new(&server)
        .with("GIT_DIR", server.as_os_str())
        .with("GIT_CONFIG_GLOBAL", "/dev/null")
        .with("GIT_CONFIG_SYSTEM", "/dev/null");
    for name in ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        bare = bare.with(name, held.environment.get(name).unwrap());
    }
    let as_gitlab = Repository::open(&bare, None).unwrap();
    assert_eq!(as_gitlab.introduced(&[newest], &before).as_ref(), Ok(&new));
    // A hook that names its own repository means the push as well; another one is not touched by it.
    let named = Repository::open(&held.environment, Some(&server)).unwrap();
    assert!(named.is_quarantined());
    let other = Repository::open(&held.environment, Some(&client)).unwrap();
    assert!(!other.is_quarantined());
    // Without the environment what is pushed is not there.
    let without = Repository::at(&held.server).unwrap();
    assert_eq!(without.object(newest), Err(Unreadable::Missing(newest)));
    held.let_go();

    let (memory, ours) = remember(&plan);
    let on_disk = |id: &Oid| ids[ours.iter().position(|known| known == id).unwrap()];
    let expected = memory.introduced(&[ours[size - 1]], &ours[..old]).unwrap();
    assert_eq!(new, expected.iter().map(on_disk).collect::<Vec<_>>());
}

#[test]
fn new_commits_are_loose() {
    check("1000", true, 60);
}

#[test]
fn more_new_commits_are_loose_than_are_looked_for_one_by_one() {
    const OLD: usize = 150;
    let disk = Disk::new();
    let server = disk.init("server.git", &[]);
    disk.run(&server, &["config", "fastimport.unpackLimit", "100000"]);
    let mut random = Random::new(7);
    let plan = plan(&mut random, 400, Dates::Forged);
    let ids = disk.import(&server, &plan);
    let (quarantine, objects) = (disk.path("quarantine"), server.join("objects"));
    let loose = |id: &Oid| {
        let hex = id.to_string();
        format!("{}/{}", &hex[..2], &hex[2..])
    };
    for (at, id) in ids.iter().enumerate() {
        let (from, to) = (objects.join(loose(id)), quarantine.join(loose(id)));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&from, to).unwrap();
        // Half of what is pushed lies about here already, for some push that failed.
        if at >= OLD && at % 2 == 1 {
            std::fs::remove_file(from).unwrap();
        }
    }
    let environment = Environment::new(&server)
        .with("GIT_DIR", server.as_os_str())
        .with("GIT_OBJECT_DIRECTORY", quarantine.as_os_str())
        .with("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_os_str());
    let repository = Repository::open(&environment, None).unwrap();
    assert!(repository.is_quarantined());
    for hidden in [0, 1, OLD] {
        let new = repository.introduced(&[ids[399]], &ids[..hidden]).unwrap();
        let (memory, ours) = remember(&plan);
        let on_disk = |id: &Oid| ids[ours.iter().position(|known| known == id).unwrap()];
        let expected = memory.introduced(&[ours[399]], &ours[..hidden]).unwrap();
        assert_eq!(new, expected.iter().map(on_disk).collect::<Vec<_>>());
    }
}

#[test]
fn new_commits_are_in_a_pack() {
    check("1", true, 60);
}

#[test]
fn the_server_has_no_graph_and_a_long_history() {
    check("1", false, 900);
}
