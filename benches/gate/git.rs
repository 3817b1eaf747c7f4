//! git, without anybody's configuration.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

/// Returns a git command that works in `dir`.
pub fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(dir).stdin(Stdio::null());
    alone(&mut command);
    command
}

/// Takes everybody's configuration away from a command.
pub fn alone(command: &mut Command) {
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A U Thor").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        command.env(format!("GIT_{who}_DATE"), "1760000000 +0000");
    }
}

/// What is done with a command in one breath.
pub trait Run {
    /// Runs the command, which must succeed.
    fn ok(&mut self) {
        self.said();
    }

    /// Runs the command, which must succeed, and returns what it prints.
    fn said(&mut self) -> String;

    /// Runs the command, which must succeed, and feeds it.
    fn fed(&mut self, feed: impl FnOnce(&mut BufWriter<ChildStdin>) -> std::io::Result<()>) -> String;
}

impl Run for Command {
    fn said(&mut self) -> String {
        let output = self.output().expect("git can be run");
        assert!(output.status.success(), "{self:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn fed(&mut self, feed: impl FnOnce(&mut BufWriter<ChildStdin>) -> std::io::Result<()>) -> String {
        let mut child = self.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git can be run");
        let mut stdin = BufWriter::with_capacity(1 << 20, child.stdin.take().expect("it was asked for"));
        feed(&mut stdin).and_then(|()| stdin.flush()).expect("git reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("it was started");
        assert!(output.status.success(), "{self:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}
