//! Taking the flow up in a repository that is there already: what is learned from its history, what
//! another policy would have said, and why a ref is judged as it is.

mod compare;
mod learn;
mod mess;
mod status;
mod why;

use std::path::PathBuf;
use std::process::Command;

/// Shell functions that the stories of these tests are told in.
const WORDS: &str = r#"
step() { echo "$1" >"$(echo "$1" | tr '/ ' '--')"; git add .; git commit -qm "$1"; }
topic() { git checkout -qb "$1" "$2"; step "$1"; }
merge() { git checkout -q "$1"; git merge -q --no-ff -m "Merge branch '$2' into '$1'" "$2"; }
take() { topic "$1" "$2"; merge "$2" "$1"; git branch -qD "$1"; }
tag() { git tag -a -m "$1" "$1" "$2"; }
"#;

/// A repository in a directory of its own.
struct Place {
    dir: tempfile::TempDir,
}

/// How a command ended.
struct Ended {
    /// The exit code.
    code: Option<i32>,
    /// What was written to standard output.
    said: String,
    /// What was written to standard error.
    told: String,
}

impl Ended {
    /// Returns what was written to standard output, as JSON.
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.said).unwrap_or_else(|error| panic!("{error}: {}{}", self.said, self.told))
    }
}

impl Place {
    /// Tells a story in an empty repository whose first branch is `branch`.
    fn new(branch: &str, story: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().expect("a directory for this test") };
        place.tell(&format!("git init -q -b {branch} shop"));
        place.tell(&format!("cd shop\n{WORDS}{story}"));
        place
    }

    /// Returns where the repository is.
    fn repo(&self) -> PathBuf {
        self.dir.path().join("shop")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("there are programs"));
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command.envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@shop.example")]);
        command.envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@shop.example")]);
        command
    }

    /// Runs a script beside the repository.
    fn tell(&self, story: &str) {
        let output = self.command("sh").args(["-ec", story]).current_dir(self.dir.path()).output();
        let output = output.expect("there is a shell, for git needs one");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs flowcheck in the repository.
    fn flowcheck(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(env!("CARGO_BIN_EXE_flowcheck"));
        let output = command.args(arguments).current_dir(self.repo()).output().expect("the program is there");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
        Ended { code: output.status.code(), said: text(output.stdout), told: text(output.stderr) }
    }

    /// Writes a file.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.repo().join(name), text).expect("the directory is ours");
    }

    /// Reads a file.
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.repo().join(name)).expect("it was written")
    }
}

/// Two sprints of the default flow.
const SPRINTS: &str = r"
step begin; git branch master
take feature/basket develop; take feature/search develop
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; tag v1.0.0 release-1.0.0
merge develop release-1.0.0; merge master release-1.0.0
take feature/pay develop
git branch release-1.1.0; take bugfix/1.1.0-tax release-1.1.0; tag v1.1.0 release-1.1.0
take hotfix/1.1.0-login release-1.1.0; tag v1.1.0-hotfix1 release-1.1.0
merge develop release-1.1.0; merge master release-1.1.0
git branch -qD release-1.0.0; git checkout -q develop
";
