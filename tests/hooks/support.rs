//! A bare repository with the hook in it, and a clone that pushes there.

#[path = "../servers/support/command.rs"]
mod command;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use command::{command, git, run};

pub use command::Ended;

/// A server and a clone beside it.
pub struct Server {
    dir: tempfile::TempDir,
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
