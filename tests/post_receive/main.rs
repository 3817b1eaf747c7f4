//! `flowcheck post-receive` behind real pushes: the event log, and races that pre-receive lost.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_flowcheck");

/// A server with both hooks, and a clone with two commits on `develop`.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.git(place.dir.path(), &["init", "-q", "--bare", "server"]);
        place.git(place.dir.path(), &["init", "-q", "-b", "develop", "clone"]);
        place.git(&place.server(), &["config", "receive.advertisePushOptions", "true"]);
        for message in ["A", "B"] {
            place.git(&place.clone(), &["commit", "-q", "--allow-empty", "-m", message]);
        }
        place.git(&place.clone(), &["remote", "add", "origin", "../server"]);
        for hook in ["pre-receive", "post-receive"] {
            place.hook(hook, &format!("exec {BINARY} {hook}"));
        }
        place
    }

    fn server(&self) -> PathBuf {
        self.dir.path().join("server")
    }

    fn clone(&self) -> PathBuf {
        self.dir.path().join("clone")
    }

    fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.server().join("hooks").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, dir: &Path, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "A").env(format!("GIT_{role}_EMAIL"), "a@example.org");
        }
        command
    }

    fn git(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = self.command(dir, "git").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn push(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut push = self.command(&self.clone(), "git");
        push.args(["push", "origin"]).args(arguments).envs(variables.iter().copied()).output().unwrap()
    }

    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.server().join("flowcheck.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of the log is JSON")).collect()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_push_is_a_line_of_the_log() {
    let place = Place::new();
    let variables = [
        ("GL_REPOSITORY", "project-7"),
        ("GL_PROTOCOL", "ssh"),
        ("GL_USERNAME", "alice\u{1b}[2J"),
        ("GL_ID", "key-12"),
        ("HTTP_AUTHORIZATION", "Basic c2VjcmV0"),
    ];
    let options = ["-o", "ci.variable=PASSWORD=hunter2", "-o", "flowcheck.note=x"];
    let pushed =
        place.push(&variables, &[&options[..], &["develop", "develop:refs/heads/feature/a"]].concat());
    assert!(pushed.status.success(), "{}", text(&pushed));
    assert!(!text(&pushed).contains("flowcheck"), "{}", text(&pushed));
    let log = place.log();
    assert_eq!(log.len(), 1);
    let tip = place.git(&place.clone(), &["rev-parse", "develop"]);
    assert_eq!(log[0]["event"], "push");
    assert_eq!(log[0]["server"], "gitlab");
    assert_eq!(log[0]["repository"], "project-7");
    assert_eq!(log[0]["pusher"], serde_json::json!({"name": "alice\\u{1b}[2J", "id": "key-12"}));
    assert_eq!(log[0]["verdict"], "accepted");
    assert_eq!(log[0]["options"], serde_json::json!(["flowcheck.note=x"]));
    let updates = serde_json::json!([
        {"ref": "refs/heads/develop", "old": null, "new": tip},
        {"ref": "refs/heads/feature/a", "old": null, "new": tip},
    ]);
    assert_eq!(log[0]["updates"], updates);
    let bytes = std::fs::read_to_string(place.server().join("flowcheck.jsonl")).unwrap();
    assert!(!bytes.contains("hunter2") && !bytes.contains("c2VjcmV0"), "{bytes}");
}

#[test]
fn deletions_and_further_pushes_are_added() {
    let place = Place::new();
    place.push(&[], &["develop", "develop:refs/heads/feature/a"]);
    place.push(&[], &[":refs/heads/feature/a"]);
    place.push(&[], &["develop:refs/heads/nonsense"]);
    let log = place.log();
    assert_eq!(log.len(), 2, "what pre-receive rejects has not happened");
    assert_eq!(log[1]["updates"][0]["new"], Value::Null);
    assert_eq!(log[1]["verdict"], "accepted");
}

#[test]
fn what_another_push_made_wrong_is_said_and_logged() {
    let place = Place::new();
    place.push(&[], &["develop"]);
    // The other push comes after the judgement and before the refs are updated.
    place.hook(
        "pre-receive",
        &format!("{BINARY} pre-receive || exit 1\nenv -u GIT_QUARANTINE_PATH git update-ref refs/tags/v3.0.0 develop"),
    );
    let pushed = place.push(&[], &["develop:refs/heads/release-2.0.0"]);
    assert!(pushed.status.success(), "{}", text(&pushed));
    assert!(text(&pushed).contains("this push is in, but as things stand now"), "{}", text(&pushed));
    assert!(text(&pushed).contains("error[release-version]"), "{}", text(&pushed));
    let log = place.log();
    assert_eq!(log[1]["verdict"], "raced");
    assert_eq!(log[1]["findings"][0]["rule"], "release-version");
}

#[test]
fn nothing_that_goes_wrong_fails_a_push() {
    let place = Place::new();
    std::fs::create_dir(place.server().join("flowcheck.jsonl")).unwrap();
    let pushed = place.push(&[], &["develop"]);
    assert!(pushed.status.success(), "{}", text(&pushed));
    assert!(text(&pushed).contains("flowcheck: warning: the push is in"), "{}", text(&pushed));
    for input in ["garbage\n", "", "\0\0\n"] {
        let mut hook = place.command(&place.server(), BINARY);
        hook.arg("post-receive").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = hook.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{input:?}: {}", text(&output));
    }
}

#[test]
fn pushes_at_the_same_time_are_all_there() {
    let place = Place::new();
    place.push(&[], &["develop"]);
    std::thread::scope(|scope| {
        for n in 0..6 {
            let place = &place;
            scope.spawn(move || {
                let pushed = place.push(&[], &[&format!("develop:refs/heads/feature/topic-{n}")]);
                assert!(pushed.status.success(), "{}", text(&pushed));
            });
        }
    });
    assert_eq!(place.log().len(), 7);
}

#[test]
fn a_wikis_pushes_are_nobodys_business() {
    let place = Place::new();
    let variables = [("GL_REPOSITORY", "wiki-7"), ("GL_PROTOCOL", "http")];
    assert!(place.push(&variables, &["develop:refs/heads/nonsense"]).status.success());
    assert_eq!(place.log(), Vec::<Value>::new());
}

#[test]
fn a_line_that_does_not_fit_on_the_disk_leaves_no_half_of_it() {
    let place = Place::new();
    let before = format!("{{\"x\":\"{}\"}}\n", "x".repeat(440));
    std::fs::write(place.server().join("flowcheck.jsonl"), &before).unwrap();
    // A file that may not grow past a block is as full as a disk can be; git itself is not limited.
    place.hook("post-receive", &format!("trap '' XFSZ\nulimit -f 1\nexec {BINARY} post-receive"));
    let names: Vec<String> =
        (0..9).map(|n| format!("develop:refs/heads/feature/{n}-{}", "y".repeat(40))).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).chain(["develop"]).collect();
    let pushed = place.push(&[], &refs);
    assert!(pushed.status.success(), "{}", text(&pushed));
    assert!(text(&pushed).contains("flowcheck: warning: the push is in"), "{}", text(&pushed));
    let after = std::fs::read_to_string(place.server().join("flowcheck.jsonl")).unwrap();
    assert_eq!(after, before);
}

#[test]
fn an_override_is_logged_with_its_reason() {
    let place = Place::new();
    std::fs::write(
        place.server().join("hooks/policy.toml"),
        "version = 1\n[lines]\nintegration = \"develop\"\nproduction = \"master\"\n[override]\nby = [\"boss\"]\n",
    )
    .unwrap();
    let variables = [("GL_REPOSITORY", "project-7"), ("GL_PROTOCOL", "ssh"), ("GL_USERNAME", "boss")];
    let pushed =
        place.push(&variables, &["-o", "flowcheck.override=INC-7 import", "develop:refs/heads/nonsense"]);
    assert!(pushed.status.success(), "{}", text(&pushed));
    let log = place.log();
    assert_eq!(log[0]["verdict"], "accepted");
    assert_eq!(log[0]["findings"][0]["rule"], "branch-name");
    assert_eq!(log[0]["findings"][0]["outcome"], "overridden");
    assert_eq!(log[0]["findings"][0]["reason"], "INC-7 import (boss)");
    assert_eq!(log[0]["policy"]["source"].as_str().map(|source| source.ends_with("policy.toml")), Some(true));
}

#[test]
fn a_number_that_the_log_has_seen_is_not_given_again() {
    let place = Place::new();
    let (clone, server) = (place.clone(), place.server());
    place.hook("pre-receive", "exit 0");
    place.git(&clone, &["tag", "-a", "-m", "1", "v1.0.0", "develop~"]);
    place.git(&clone, &["tag", "-a", "-m", "1", "v1.0.0-hotfix1", "develop"]);
    place.git(&clone, &["branch", "release-1.0.0"]);
    let pushed =
        place.push(&[], &["develop~:refs/heads/develop", "release-1.0.0", "v1.0.0", "v1.0.0-hotfix1"]);
    assert!(pushed.status.success(), "{}", text(&pushed));
    place.git(&server, &["update-ref", "-d", "refs/tags/v1.0.0-hotfix1"]);
    place.hook("pre-receive", &format!("exec {BINARY} pre-receive"));
    let pushed = place.push(&[], &["v1.0.0-hotfix1"]);
    assert!(text(&pushed).contains("error[tag-sequence]"), "{}", text(&pushed));
    assert!(text(&pushed).contains("used before"), "{}", text(&pushed));
    std::fs::remove_file(server.join("flowcheck.jsonl")).unwrap();
    let pushed = place.push(&[], &["v1.0.0-hotfix1"]);
    assert!(!text(&pushed).contains("used before"), "{}", text(&pushed));
}

#[test]
fn a_push_that_changes_the_policy_is_not_judged_by_the_new_one() {
    let place = Place::new();
    let policy =
        |line: &str| format!("version = 1\n[lines]\nintegration = \"{line}\"\nproduction = \"master\"\n");
    place.hook("pre-receive", "exit 0");
    place.git(&place.server(), &["symbolic-ref", "HEAD", "refs/heads/develop"]);
    for line in ["develop", "main"] {
        std::fs::write(place.clone().join(".flowcheck.toml"), policy(line)).unwrap();
        place.git(&place.clone(), &["add", "."]);
        place.git(&place.clone(), &["commit", "-q", "-m", line]);
        let pushed = place.push(&[], &["develop"]);
        assert!(pushed.status.success() && !text(&pushed).contains("flowcheck"), "{}", text(&pushed));
    }
    assert_eq!(place.log()[1]["verdict"], "unjudged");
}
