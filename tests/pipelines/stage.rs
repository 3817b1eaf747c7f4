//! A server with a hook, a pipeline's clone of it, and stand-ins for what a pipeline calls.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The built binary.
const FLOWCHECK: &str = env!("CARGO_BIN_EXE_flowcheck");

/// Notes how it was called. `kubectl` says what runs, `ssh` leads to the server beside it.
const STAND_IN: &str = r#"#!/bin/sh
name=${0##*/}
{ printf %s "$name"; [ $# -eq 0 ] || printf ' [%s]' "$@"; echo; } >>"$RECORD"
for last; do :; done
case $name:$last in
docker:*) [ "$1" != login ] || cat >/dev/null ;;
kubectl:jsonpath=*) printf %s "$RUNNING" ;;
ssh:git-*) cd "$SERVERS" && exec sh -c "$last" ;;
esac
"#;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// How a process ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub said: String,
    pub answer: String,
}

/// A directory with everything in it.
pub struct Stage {
    dir: tempfile::TempDir,
}

impl Stage {
    /// Makes a server whose `develop`, `master`, `release-1.0.0` and `v1.0.0` are there, and a
    /// clone as a pipeline has it: nothing but the remote's refs.
    pub fn new() -> Self {
        let stage = Self { dir: tempfile::tempdir().expect("a directory for this test") };
        for dir in ["bin", "tools", "servers/group"] {
            fs::create_dir_all(stage.path(dir)).expect("the directory is ours");
        }
        symlink(FLOWCHECK, stage.path("bin/flowcheck")).expect("it is empty");
        for name in ["docker", "kubectl", "ssh", "make", "cargo"] {
            program(&stage.path("tools").join(name), STAND_IN);
        }
        stage.git("", &["init", "-q", "--bare", "-b", "develop", "servers/group/shop.git"]);
        stage.git("", &["clone", "-q", "servers/group/shop.git", "work"]);
        stage.commit("Open the shop");
        stage.git("work", &["branch", "master"]);
        stage.git("work", &["branch", "-q", "release-1.0.0"]);
        stage.git("work", &["switch", "-q", "-c", "bugfix/1.0.0-rounding"]);
        stage.commit("Round prices to cents");
        stage.git("work", &["switch", "-q", "release-1.0.0"]);
        stage.git("work", &["merge", "-q", "--no-ff", "--no-edit", "bugfix/1.0.0-rounding"]);
        stage.git("work", &["tag", "-am", "Shop 1.0.0", "v1.0.0"]);
        stage.git("work", &["push", "-q", "origin", "--all", "--follow-tags"]);
        let installed = stage.sh("servers/group/shop.git", "flowcheck install --server", &Variables::new());
        assert_eq!(installed.code, 0, "{}", installed.said);
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes a clone in which `rev` is checked out, on no branch.
    pub fn check_out(&self, rev: &str) {
        let _ = fs::remove_dir_all(self.path("ci"));
        self.git("", &["clone", "-q", "--no-checkout", "servers/group/shop.git", "ci"]);
        self.git("ci", &["checkout", "-q", "--detach", rev]);
        self.git("ci", &["branch", "-q", "-D", "develop"]);
    }

    /// Commits in the clone that pushes.
    pub fn commit(&self, message: &str) {
        self.git("work", &["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git, which has to succeed.
    pub fn git(&self, dir: &str, args: &[&str]) -> String {
        let ended = ended(self.command(dir, "git").args(args));
        assert_eq!(ended.code, 0, "git {args:?}: {}", ended.said);
        ended.answer.trim_end().to_owned()
    }

    /// Runs a script.
    pub fn sh(&self, dir: &str, script: &str, variables: &Variables) -> Ended {
        ended(self.command(dir, "sh").args(["-e", "-c", script]).envs(variables))
    }

    /// Runs a script that gets its arguments and its input from git.
    pub fn hook(&self, dir: &str, script: &str, args: &[&str], input: &str, variables: &Variables) -> Ended {
        fs::write(self.path("input"), input).expect("the directory is ours");
        let file = fs::File::open(self.path("input")).expect("it is there");
        let mut command = self.command(dir, "sh");
        ended(command.args(["-e", "-c", script, "hook"]).args(args).envs(variables).stdin(file))
    }

    /// Returns what the stand-ins noted since this was asked last.
    pub fn record(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.path("record")).unwrap_or_default();
        let _ = fs::remove_file(self.path("record"));
        let dir = self.dir.path().to_str().expect("it is text");
        noted.lines().map(|line| line.replace(dir, "DIR")).collect()
    }

    /// Nobody's own settings and variables matter here.
    fn command(&self, dir: &str, program: &str) -> Command {
        let mut command = Command::new(program);
        let inherited = std::env::var("PATH").expect("there is one");
        let (bin, tools) = (self.path("bin"), self.path("tools"));
        command.env_clear().current_dir(self.path(dir)).stdin(Stdio::null());
        command.env("PATH", format!("{}:{}:{inherited}", bin.display(), tools.display()));
        command.env("RECORD", self.path("record")).env("SERVERS", self.path("servers"));
        for (name, value) in [
            ("HOME", "/nonexistent"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ann"),
            ("GIT_AUTHOR_EMAIL", "ann@shop.example"),
            ("GIT_COMMITTER_NAME", "Ann"),
            ("GIT_COMMITTER_EMAIL", "ann@shop.example"),
            ("LC_ALL", "C"),
        ] {
            command.env(name, value);
        }
        command
    }
}

pub fn program(path: &Path, text: &str) {
    fs::write(path, text).expect("the directory is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Returns variables.
pub fn variables(of: &[(&str, &str)]) -> Variables {
    of.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("the program is there");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended {
        code: output.status.code().unwrap_or(-1),
        said: text(&output.stderr),
        answer: text(&output.stdout),
    }
}
