//! Programs, run without anybody's own settings and variables.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    pub fn accepted(&self) -> bool {
        self.status.success()
    }

    /// Returns what was written to standard output.
    pub fn answer(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns what was said to people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Returns what was said to people, on one line, without what git puts before each.
    pub fn sentences(&self) -> String {
        self.text().replace("remote: ", "").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Returns a program in a directory.
pub fn command(dir: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(dir).env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "A").env(format!("GIT_{role}_EMAIL"), "a@example.org");
    }
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command, input: &[u8]) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Who does not read its input ends without it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended { status: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

/// Runs git, which has to succeed.
pub fn git(dir: &Path, args: &[&str]) -> String {
    git_fed(dir, args, b"")
}

pub fn git_fed(dir: &Path, args: &[&str], input: &[u8]) -> String {
    let ended = run(command(dir, "git").args(args), input);
    assert!(ended.accepted(), "git {args:?} in {}: {}", dir.display(), ended.text());
    ended.answer().trim_end().to_owned()
}
