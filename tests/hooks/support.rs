//! A bare repository with the hook in it, and a clone that pushes there.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A server and a clone beside it.
pub struct Server {
    dir: tempfile::TempDir,
}

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    /// Returns what was said to people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Returns what was written to standard output.
    pub fn answer(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns what was said to people, on one line.
    pub fn sentences(&self) -> String {
        self.text().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// An id of nothing.
pub fn absent() -> String {
    "9".repeat(40)
}

impl Server {
    /// The built binary.
    pub const BINARY: &str = env!("CARGO_BIN_EXE_flowcheck");

    /// Makes an empty server with the hook, and a clone with two commits on `develop`.
    pub fn new() -> Self {
        let server = Self::without_hook();
        server.write_hook("server.git/hooks/pre-receive", "pre-receive");
        server
    }

    /// Makes an empty server, and a clone with two commits on `develop`.
    pub fn without_hook() -> Self {
        let server = Self { dir: tempfile::tempdir().unwrap() };
        let bare = server.path("server.git");
        server.run_git("", &["init", "-q", "--bare", "server.git"]);
        server.run_git("", &["init", "-q", "-b", "develop", "clone"]);
        server.clone_git(&["remote", "add", "origin", bare.to_str().unwrap()]);
        server.commit("A");
        server.commit("B");
        server
    }

    /// Writes a hook that runs flowcheck.
    pub fn write_hook(&self, path: &str, command: &str) {
        let hook = self.path(path);
        std::fs::write(&hook, format!("#!/bin/sh\nexec {} {command}\n", Self::BINARY)).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Commits in the clone.
    pub fn commit(&self, message: &str) {
        self.clone_git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git in the clone.
    pub fn clone_git(&self, args: &[&str]) -> String {
        self.run_git("clone", args)
    }

    /// Runs git, which has to succeed.
    pub fn run_git(&self, dir: &str, args: &[&str]) -> String {
        git(&self.path(dir), args)
    }

    /// Runs a program.
    pub fn in_dir(&self, dir: &str, program: &str, args: &[&str], variables: &[(&str, &str)]) -> Ended {
        run(command(&self.path(dir), program).args(args).envs(variables.iter().copied()), b"")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Pushes from the clone.
    pub fn push(&self, args: &[&str]) -> Ended {
        self.push_with(&[&["origin"], args].concat(), &[])
    }

    pub fn push_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ended {
        self.in_dir("clone", "git", &[&["push"], args].concat(), variables)
    }

    /// Runs git in the server.
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.path("server.git"), args)
    }

    /// Returns the server's refs.
    pub fn refs(&self) -> String {
        self.git(&["for-each-ref"])
    }

    /// Returns the tip of `develop` in the clone.
    pub fn tip(&self) -> String {
        git(&self.path("clone"), &["rev-parse", "develop"])
    }

    /// Runs `flowcheck pre-receive` in the server, as git would.
    pub fn hook(&self, input: &str, variables: &[(&str, &str)]) -> Ended {
        self.hook_bytes(input.as_bytes(), variables)
    }

    pub fn hook_bytes(&self, input: &[u8], variables: &[(&str, &str)]) -> Ended {
        self.flowcheck(&["pre-receive"], input, variables)
    }

    pub fn flowcheck(&self, args: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ended {
        self.flowcheck_in("server.git", args, input, variables)
    }

    pub fn flowcheck_in(&self, dir: &str, args: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ended {
        let mut flowcheck = command(&self.path(dir), Self::BINARY);
        run(flowcheck.args(args).envs(variables.iter().copied()), input)
    }
}

fn git(dir: &Path, args: &[&str]) -> String {
    let ended = run(command(dir, "git").args(args), b"");
    assert!(ended.status.success(), "git {args:?}: {}", ended.text());
    String::from_utf8(ended.stdout).unwrap().trim_end().to_owned()
}

/// Nobody's own settings and variables matter here.
fn command(dir: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(dir);
    for (name, value) in [
        ("PATH", std::env::var("PATH").unwrap().as_str()),
        ("HOME", "/nonexistent"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_COMMITTER_NAME", "A"),
        ("GIT_COMMITTER_EMAIL", "a@example.org"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    command
}

fn run(command: &mut Command, input: &[u8]) -> Ended {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who does not read its input ends without it.
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended { status: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}
