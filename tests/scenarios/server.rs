//! A bare repository with the built hook in it, and a clone that pushes: made by `git
//! fast-import`, so that both speak of the commits that were drawn.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use flowcheck::history::{ByteSlice, Drawn, Oid, Refs};
use flowcheck::scenario::{Said, Scenario, Sent, worded};
use tempfile::TempDir;

/// A server, and the clone that its pushes come from.
pub struct Server {
    home: TempDir,
}

const CONFIG: &str = "[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tfsync = none
[receive]
\tadvertisePushOptions = true
\tdenyDeleteCurrent = ignore
\tautogc = false
[gc]
\tauto = 0
";

const HOOK: &str = "#!/bin/sh
[ -n \"$SCENARIO_FORCED\" ] && exit 0
\"$SCENARIO_BINARY\" pre-receive >\"$SCENARIO_HOME/said.json\" 2>\"$SCENARIO_HOME/said.txt\"
code=$?
echo $code >\"$SCENARIO_HOME/code\"
exit $code
";

impl Server {
    /// Makes the repositories: the server has what its refs need, the clone has everything.
    pub fn open(scenario: &Scenario, policy: Option<&str>) -> Self {
        let server = Self { home: tempfile::tempdir().expect("a temporary directory can be made") };
        let drawn = &scenario.drawn;
        let there = drawn.needed(&drawn.refs).expect("everything was drawn");
        server.make("server.git", drawn, &there);
        server.make("clone.git", drawn, &drawn.everything());
        server.write_refs(drawn, &drawn.refs);
        for (alias, of) in &scenario.symbolic {
            let text = format!("ref: {of}\n");
            fs::create_dir_all(server.path("server.git/refs/heads")).expect("the directory is ours");
            fs::write(server.path("server.git").join(alias.to_string()), text)
                .expect("the directory is ours");
        }
        let hooks = server.path("server.git/hooks");
        fs::create_dir(&hooks).expect("the directory is ours");
        let hook = hooks.join("pre-receive");
        fs::write(&hook, HOOK).expect("the directory is ours");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        if let Some(policy) = policy {
            fs::write(hooks.join("policy.toml"), policy).expect("the directory is ours");
        }
        for (name, text) in &scenario.beside {
            fs::write(hooks.join(name), text).expect("the directory is ours");
        }
        server
    }

    /// Returns where something of the server's and the clone's lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Returns git, run in one of the directories.
    pub fn git(&self, directory: &str) -> Command {
        let mut git = Command::new("git");
        git.current_dir(self.path(directory))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("FLOWCHECK_FORMAT", "json")
            .env("SCENARIO_BINARY", env!("CARGO_BIN_EXE_flowcheck"))
            .env("SCENARIO_HOME", self.home.path());
        git
    }

    fn make(&self, name: &str, drawn: &Drawn, wanted: &BTreeSet<Oid>) {
        let dir = self.path(name);
        for part in ["objects", "refs/heads", "refs/tags"] {
            fs::create_dir_all(dir.join(part)).expect("the directory is ours");
        }
        fs::write(dir.join("HEAD"), "ref: refs/heads/develop\n").expect("the directory is ours");
        fs::write(dir.join("config"), CONFIG).expect("the directory is ours");
        let stream = drawn.fast_import(wanted);
        if stream.is_empty() {
            return;
        }
        let mut git = self.git(name);
        git.args(["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]);
        feed(&mut git, &stream);
        // What fast-import leaves behind; the refs come from the picture.
        for left in ["refs/drawn", "packed-refs"] {
            let _ = fs::remove_file(dir.join(left));
        }
        fs::remove_dir_all(dir.join("refs/tags")).expect("the directory is ours");
    }

    fn write_refs(&self, drawn: &Drawn, refs: &Refs) {
        let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
        for entry in refs {
            let _ = writeln!(text, "{} {}", entry.id, entry.name);
            if let Some(peeled) = drawn.peel(entry.id).filter(|peeled| *peeled != entry.id) {
                let _ = writeln!(text, "^{peeled}");
            }
        }
        fs::write(self.path("server.git/packed-refs"), text).expect("the directory is ours");
    }

    /// Pushes; `None`: git found nothing to send. Where the push is rejected and `forced`, it is
    /// pushed again past the hook.
    pub fn push(&self, sent: &Sent) -> Option<Result<Said, String>> {
        for left in ["code", "said.json", "said.txt"] {
            let _ = fs::remove_file(self.path(left));
        }
        let accepted = self.send(sent, false);
        let code = self.read("code");
        if code.is_empty() {
            return accepted.err().map(Err);
        }
        let said = self.said(accepted.is_ok());
        let again = said.is_ok() && accepted.is_err() && sent.forced;
        match again.then(|| self.send(sent, true)) {
            Some(Err(failure)) => Some(Err(failure)),
            _ => Some(said),
        }
    }

    fn send(&self, sent: &Sent, forced: bool) -> Result<(), String> {
        let mut git = self.git("clone.git");
        git.arg("push").arg("--quiet");
        for option in &sent.options {
            git.args(["-o", option]);
        }
        if let Some(by) = &sent.by {
            git.env("GITEA_PUSHER_NAME", by)
                .env("GITEA_REPO_NAME", "shop")
                .env("GITEA_REPO_USER_NAME", "team");
        }
        if forced {
            git.env("SCENARIO_FORCED", "1");
        }
        git.arg("../server.git");
        for (name, id) in &sent.changes {
            git.arg(id.map_or(format!(":{name}"), |id| format!("+{id}:{name}")));
        }
        let output = git.stdin(Stdio::null()).output().expect("git can be run");
        if output.status.success() { Ok(()) } else { Err(output.stderr.to_str_lossy().into_owned()) }
    }

    fn said(&self, accepted: bool) -> Result<Said, String> {
        let text = self.read("said.txt");
        let json: serde_json::Value = serde_json::from_str(&self.read("said.json"))
            .map_err(|failure| format!("the hook says no JSON ({failure}), but:\n{text}"))?;
        let part =
            |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = json["findings"].as_array().ok_or("there is no list of findings")?;
        let mut findings: Vec<String> = findings
            .iter()
            .map(|finding| {
                let name = part(finding, "ref");
                let short = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"));
                worded(&part(finding, "outcome"), &part(finding, "rule"), short.unwrap_or(&name))
            })
            .collect();
        findings.sort();
        if (json["verdict"] == "accepted") != accepted {
            return Err(format!("the verdict is {}, and git says otherwise:\n{text}", json["verdict"]));
        }
        Ok(Said { accepted, findings, text })
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Returns the refs as they stand: `id name`, sorted by name.
    pub fn refs(&self) -> Vec<String> {
        let output = self
            .git("server.git")
            .args(["for-each-ref", "--format=%(objectname) %(refname)"])
            .output()
            .expect("git can be run");
        output.stdout.to_str_lossy().lines().map(str::to_owned).collect()
    }

    /// Returns those of `ids` that the clone has not, or has as something else than `kind`.
    pub fn lacks(&self, ids: &BTreeSet<Oid>) -> Vec<String> {
        let wanted = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
        let mut git = self.git("clone.git");
        let said = feed(git.args(["cat-file", "--batch-check"]), wanted.as_bytes());
        said.lines().filter(|line| line.ends_with("missing")).map(str::to_owned).collect()
    }
}

fn feed(git: &mut Command, input: &[u8]) -> String {
    let mut child = git
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git can be run");
    std::io::Write::write_all(&mut child.stdin.take().expect("it was asked for"), input)
        .expect("git reads on");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git: {}", output.stderr.to_str_lossy());
    output.stdout.to_str_lossy().into_owned()
}
