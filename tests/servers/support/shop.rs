//! A bare repository as it is after a first release, and a clone that pushes there.

use std::path::{Path, PathBuf};

use super::command::{Ended, command, git, run};
use super::hook;

/// A directory with `server.git` and `clone`.
pub struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    /// Makes a server that has `develop`, `master` and `release-1.0.0` with its tag, and a clone.
    pub fn new() -> Self {
        Self::stored_as(&[])
    }

    /// Makes them with options of `git init`.
    pub fn stored_as(options: &[&str]) -> Self {
        let shop = Self { dir: tempfile::tempdir().unwrap() };
        let init =
            |rest: &[&str]| git(shop.dir(), &[&["init", "-q", "-b", "develop"], options, rest].concat());
        init(&["--bare", "server.git"]);
        git(&shop.server(), &["config", "receive.advertisePushOptions", "true"]);
        git(&shop.server(), &["config", "receive.denyDeleteCurrent", "ignore"]);
        init(&["clone"]);
        shop.in_clone(&["remote", "add", "origin", "../server.git"]);
        shop.commit("A");
        shop.in_clone(&["branch", "master"]);
        shop.take_in("feature/first", "B");
        shop.in_clone(&["branch", "release-1.0.0"]);
        shop.in_clone(&["tag", "-a", "-m", "1.0.0", "v1.0.0"]);
        shop.take_in("feature/basket", "C");
        let push = ["push", "-q", "origin", "develop", "master", "release-1.0.0", "v1.0.0"];
        shop.in_clone(&push);
        shop.in_clone(&["fetch", "-q", "origin"]);
        shop
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn server(&self) -> PathBuf {
        self.dir().join("server.git")
    }

    pub fn clone(&self) -> PathBuf {
        self.dir().join("clone")
    }

    pub fn in_clone(&self, args: &[&str]) -> String {
        git(&self.clone(), args)
    }

    pub fn in_server(&self, args: &[&str]) -> String {
        git(&self.server(), args)
    }

    /// Gives the server the default policy with some of its lines changed, and more at its end.
    pub fn policy(&self, changes: &[(&str, &str)], more: &str) {
        let mut text = include_str!("../../../policy.toml.example").to_owned();
        for (from, to) in changes {
            assert!(text.contains(&format!("\n{from}\n")), "the policy has no line `{from}`");
            text = text.replace(&format!("\n{from}\n"), &format!("\n{to}\n"));
        }
        std::fs::write(self.server().join("hooks/policy.toml"), text + more).unwrap();
    }

    /// Puts the hooks in place, with options.
    pub fn install(&self, before: &str, options: &str) {
        for name in ["pre-receive", "post-receive"] {
            hook(&self.server().join("hooks").join(name), name, before, options);
        }
    }

    /// Commits an empty change on what is checked out.
    pub fn commit(&self, message: &str) {
        self.in_clone(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Makes a branch of `base` with one commit more, and returns that.
    pub fn commit_on(&self, branch: &str, base: &str, message: &str) -> String {
        self.in_clone(&["checkout", "-q", "-B", branch, base]);
        self.commit(message);
        self.in_clone(&["rev-parse", "HEAD"])
    }

    /// Merges a new topic with one commit into `develop`.
    fn take_in(&self, topic: &str, message: &str) {
        self.commit_on(topic, "develop", message);
        self.in_clone(&["checkout", "-q", "develop"]);
        self.in_clone(&[
            "merge",
            "-q",
            "--no-ff",
            "-m",
            &format!("Merge branch '{topic}' into develop"),
            topic,
        ]);
    }

    /// Pushes by path, without a server between.
    pub fn push(&self, variables: &[(&str, &str)], args: &[&str]) -> Ended {
        let mut push = command(&self.clone(), "git");
        run(push.args(["push", "origin"]).args(args).envs(variables.iter().copied()), b"")
    }

    /// Returns the server's refs.
    pub fn refs(&self) -> String {
        self.in_server(&["for-each-ref"])
    }

    /// Returns the lines of the event log.
    pub fn log(&self) -> Vec<serde_json::Value> {
        log_of(&self.server())
    }
}

/// Returns the lines of a repository's event log.
pub fn log_of(repository: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(repository.join("flowcheck.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line of the log is JSON")).collect()
}
