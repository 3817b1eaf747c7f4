//! A judgement leaves no trace in the repository, and no hook can reach a network.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{files, text, top};

/// Runs a program in `dir` and returns its exit code and what it wrote.
fn run(dir: &Path, program: &str, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@shop.example")])
        .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@shop.example")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).trim().to_owned())
}

/// Returns every file below `dir` with its bytes.
fn bytes(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("the directory is ours") {
        let path = entry.expect("the directory is ours").path();
        if path.is_dir() {
            found.insert(path.clone(), vec![]);
            found.extend(bytes(&path));
        } else {
            let held = std::fs::read(&path).expect("the file is ours");
            found.insert(path, held);
        }
    }
    found
}

#[test]
fn a_judgement_changes_nothing_in_the_repository() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let shop = place.path().join("shop.git");
    let git = |arguments: &[&str]| {
        let (code, said) = run(&shop, "git", arguments, "");
        assert_eq!(code, Some(0), "git {arguments:?}: {said}");
        said
    };
    std::fs::create_dir(&shop).expect("the directory is ours");
    git(&["init", "-q", "--bare", "-b", "develop"]);
    let tree = git(&["mktree"]);
    let first = git(&["commit-tree", "-m", "Open the shop", &tree]);
    let second = git(&["commit-tree", "-m", "Mend a typo in passing", "-p", &first, &tree]);
    for branch in ["develop", "master", "release-1.0.0"] {
        git(&["update-ref", &format!("refs/heads/{branch}"), &first]);
    }
    git(&["tag", "-a", "-m", "v1.0.0", "v1.0.0", &first]);
    let zero = "0".repeat(first.len());
    let good = format!("{zero} {first} refs/heads/feature/search\n");
    let bad = format!("{first} {second} refs/heads/develop\n{zero} {second} refs/heads/my-search\n");
    let flowcheck = env!("CARGO_BIN_EXE_flowcheck");
    let before = bytes(&shop);
    for (arguments, input, ends) in [
        (&["pre-receive"][..], good.as_str(), 0),
        (&["pre-receive"], &bad, 1),
        (&["pre-receive"], "garbled\n", 2),
        (&["update", "refs/heads/my-search", &zero, &second], "", 1),
        (&["audit"], "", 0),
        (&["status"], "", 0),
        (&["target", "develop"], "", 0),
        (&["next", "1.0.0"], "", 0),
        (&["policy", "show"], "", 0),
    ] {
        let (code, said) = run(&shop, flowcheck, arguments, input);
        assert_eq!(code, Some(ends), "flowcheck {arguments:?}: {said}");
        assert!(bytes(&shop) == before, "flowcheck {arguments:?} left something behind");
    }
}

#[test]
fn one_file_connects_and_it_belongs_to_one_command() {
    let connects = |source: &&PathBuf| {
        let code = text(source);
        ["ureq::", "TcpStream", "UdpSocket", "std::net"].iter().any(|name| code.contains(name))
    };
    let sources = files(&top().join("src"), "rs");
    let found: Vec<_> = sources.iter().filter(connects).collect();
    // Private to `flowcheck confirm`: what it offers is `pub(super)`.
    assert_eq!(found, [&top().join("src/commands/confirm/gitlab.rs")]);
    assert!(text(&top().join("src/commands/confirm.rs")).contains("\nmod gitlab;\n"));
}
