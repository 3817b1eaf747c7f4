//! Histories on disk, made by git itself.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flowcheck::history::Oid;
use tempfile::TempDir;

use crate::random::Plan;

/// A directory that goes away, and git in it without anybody's configuration.
pub struct Disk {
    dir: TempDir,
}

impl Disk {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn git(&self, dir: &Path) -> Command {
        let mut command = Command::new("git");
        command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@b");
            command.env(format!("GIT_{who}_DATE"), "1600000000 +0000");
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs git and returns what it prints; it must succeed.
    pub fn run<S: AsRef<OsStr>>(&self, dir: &Path, args: &[S]) -> String {
        let output = self.git(dir).args(args).output().unwrap();
        let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {}: {said}", shown.join(" "));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs git with something to read and returns what it prints; it must succeed.
    pub fn feed(&self, dir: &Path, args: &[&str], input: &[u8]) -> String {
        let mut command = self.git(dir);
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {}", args.join(" "));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Whether this git knows reftables; if not, says that a test says nothing.
    pub fn has_reftables(&self) -> bool {
        let path = self.path("probe.git");
        let args = ["init", "-q", "--bare", "--ref-format=reftable"];
        let known = self.git(self.dir.path()).args(args).arg(path).output().unwrap().status.success();
        if !known {
            eprintln!("this git has no reftables: not tested");
        }
        known
    }

    /// Makes a bare repository called `name`; `args` are further options of `git init`.
    pub fn init(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.path(name);
        let path_text = path.to_str().unwrap();
        let all = [&["init", "-q", "--bare", "-b", "main"], args, &[path_text]].concat();
        self.run(self.dir.path(), &all);
        path
    }

    /// Writes the plan's commits into a repository, each as `refs/heads/cN`; returns their ids.
    pub fn import(&self, repository: &Path, plan: &[Plan]) -> Vec<Oid> {
        let mut text = vec![];
        for (at, commit) in plan.iter().enumerate() {
            write_commit(&mut text, at, commit).unwrap();
        }
        let marks = self.path("marks");
        let mut command = self.git(repository);
        command.args(["fast-import", "--quiet", "--force", "--date-format=raw-permissive"]);
        command.arg(format!("--export-marks={}", marks.display()));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        assert!(child.wait().unwrap().success());
        let marks = std::fs::read_to_string(marks).unwrap();
        let mut ids: Vec<(usize, Oid)> = marks
            .lines()
            .map(|line| {
                let (mark, id) = line[1..].split_once(' ').unwrap();
                (mark.parse().unwrap(), Oid::from_hex(id.as_bytes()).unwrap())
            })
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }
}

/// Writes a commit as fast-import reads it; it adds one file, named by its number.
fn write_commit(text: &mut Vec<u8>, at: usize, commit: &Plan) -> std::io::Result<()> {
    let message = format!("{at}\n");
    writeln!(text, "commit refs/heads/c{at}\nmark :{}", at + 1)?;
    for who in ["author", "committer"] {
        writeln!(text, "{who} A <a@b> {} +0000", commit.date)?;
    }
    write!(text, "data {}\n{message}", message.len())?;
    match commit.parents.split_first() {
        None => writeln!(text, "deleteall")?,
        Some((first, others)) => {
            writeln!(text, "from :{}", first + 1)?;
            for other in others {
                writeln!(text, "merge :{}", other + 1)?;
            }
        }
    }
    writeln!(text, "M 100644 inline f{at}\ndata 2\n{}\n", at % 10)
}
