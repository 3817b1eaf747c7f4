//! A fix fixes: whatever commands a rejection prints are run, one finding at a time, in a clone
//! like the pusher's, and the push is sent again: the finding is gone, and none is new.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use flowcheck::history::ByteSlice;
use flowcheck::scenario::{Scenario, Sent};
use serde_json::Value;

use crate::Written;
use crate::server::Server;

/// A finding, by its rule and ref.
type Key = (String, String);

/// Returns what does not help, of all that a scenario's rejections print.
pub fn useless_in(written: &Written) -> Vec<String> {
    // What is wrong with the file itself, other tests say.
    let Ok(scenario) = Scenario::read(&written.text) else { return vec![] };
    let Ok(chosen) = scenario.chosen() else { return vec![] };
    let rejects = |sent: &Sent| sent.expect.iter().any(|finding| finding.split(' ').count() == 2);
    if scenario.own_clock || !scenario.pushes.iter().any(rejects) {
        return vec![];
    }
    let server = Server::open(&scenario, chosen.as_ref().map(|chosen| &*chosen.text));
    let pusher = Pusher::at(&server);
    let mut wrong = vec![];
    for sent in &scenario.pushes {
        pusher.take_up(sent);
        let said = pusher.push(sent, "work", &sent.changes);
        if rejects(sent) && said.rejected.is_empty() {
            wrong.push(format!(
                "  line {}: the clone's push is not rejected\n{}",
                written.line + sent.line,
                said.text
            ));
        }
        for finding in said.rejected.iter().filter(|finding| can_be_run(finding)) {
            if let Err(why) = pusher.try_out(sent, finding, &said) {
                let line = written.line + sent.line;
                wrong.push(format!("  line {line}: {why}\n{}", said.text));
            }
        }
        if sent.forced {
            let _ = server.push(sent);
        }
    }
    wrong
}

/// What the hook said to a push.
#[derive(Default)]
struct Heard {
    rejected: Vec<Value>,
    text: String,
}

impl Heard {
    fn keys(&self) -> BTreeSet<Key> {
        self.rejected.iter().map(key).collect()
    }
}

fn key(finding: &Value) -> Key {
    let part = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (part("rule"), part("ref"))
}

fn commands(finding: &Value) -> Vec<String> {
    let list = finding["fix"].as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(|command| command.as_str().map(str::to_owned)).collect()
}

/// Whether there is something to run; who has no key cannot sign.
fn can_be_run(finding: &Value) -> bool {
    !commands(finding).is_empty() && finding["rule"] != "tag-signature"
}

/// Somebody with a clone of the server, in which everything that will be pushed lies about.
struct Pusher<'s> {
    server: &'s Server,
}

impl<'s> Pusher<'s> {
    fn at(server: &'s Server) -> Self {
        let pusher = Self { server };
        pusher.must("sh", "git clone --quiet server.git work 2>/dev/null");
        pusher.must("work", "git fetch --quiet ../clone.git 2>/dev/null || true");
        pusher.must("work", "cp -r ../clone.git/objects/. .git/objects/");
        pusher.must("work", "git checkout --quiet --detach 2>/dev/null || true");
        pusher
    }

    /// Sets the refs of the clone as the push has them, as if they had been made here.
    fn take_up(&self, sent: &Sent) {
        self.must("work", "git checkout --quiet --detach 2>/dev/null || true");
        let own =
            "git for-each-ref --format='delete %(refname)' refs/heads refs/tags | git update-ref --stdin";
        self.must("work", own);
        self.must("work", "git fetch --quiet --prune --tags --force origin");
        for (name, id) in &sent.changes {
            let name = quoted(&name.to_string());
            let _ = match id {
                Some(id) => self.shell("work", sent, &format!("git update-ref {name} {id}")),
                None => self.shell("work", sent, &format!("git update-ref -d {name}")),
            };
        }
    }

    /// Pushes what the clone has of `changes` now.
    fn push(
        &self,
        sent: &Sent,
        clone: &str,
        changes: &[(flowcheck::history::RefName, Option<flowcheck::history::Oid>)],
    ) -> Heard {
        let _ = std::fs::remove_file(self.server.path("said.json"));
        let mut refs = vec![];
        for (name, id) in changes {
            let full = quoted(&name.to_string());
            let there = self.shell(clone, sent, &format!("git rev-parse -q --verify {full}")).is_ok();
            match id {
                Some(_) if there => refs.push(format!("+{full}:{full}")),
                Some(_) => {}
                None => refs.push(format!(":{full}")),
            }
        }
        if refs.is_empty() {
            return Heard::default();
        }
        let options: Vec<String> =
            sent.options.iter().map(|option| format!("-o {}", quoted(option))).collect();
        let command = format!("git push --quiet {} origin {}", options.join(" "), refs.join(" "));
        let text = self.shell(clone, sent, &command).err().unwrap_or_default();
        let json = std::fs::read_to_string(self.server.path("said.json")).unwrap_or_default();
        let json: Value = serde_json::from_str(&json).unwrap_or_default();
        let findings = json["findings"].as_array().cloned().unwrap_or_default();
        let rejected = findings.into_iter().filter(|finding| finding["outcome"] == "rejected").collect();
        Heard { rejected, text }
    }

    /// Runs the commands of `finding` on copies of both repositories, and pushes again.
    fn try_out(&self, sent: &Sent, finding: &Value, before: &Heard) -> Result<(), String> {
        self.must("sh", "rm -rf kept && mkdir kept && cp -r server.git work kept/");
        let outcome = self.run(sent, finding, before);
        self.must("sh", "rm -rf server.git work && mv kept/server.git kept/work . && rmdir kept");
        outcome.map_err(|why| {
            let (rule, name) = key(finding);
            format!("{rule} {name}: {why}\n    $ {}", commands(finding).join("\n    $ "))
        })
    }

    fn run(&self, sent: &Sent, finding: &Value, before: &Heard) -> Result<(), String> {
        for command in commands(finding) {
            let _ = std::fs::remove_file(self.server.path("said.json"));
            if let Err(text) = self.shell("work", sent, &command) {
                return Err(format!("`{command}` fails\n{text}"));
            }
        }
        let after = self.push(sent, "work", &sent.changes);
        let was = before.keys();
        let is = after.keys();
        if is.contains(&key(finding)) {
            return Err(format!("it is said again\n{}", after.text));
        }
        match is.difference(&was).next() {
            Some((rule, name)) => Err(format!("now there is {rule} {name}\n{}", after.text)),
            None => Ok(()),
        }
    }

    fn must(&self, place: &str, command: &str) {
        let nobody = &[];
        if let Err(text) = self.plain(place, command, nobody) {
            panic!("`{command}` fails:\n{text}");
        }
    }

    fn shell(&self, place: &str, sent: &Sent, command: &str) -> Result<String, String> {
        let by = sent.by.as_deref().unwrap_or_default();
        let who = [("GITEA_PUSHER_NAME", by), ("GITEA_REPO_NAME", "shop"), ("GITEA_REPO_USER_NAME", "team")];
        self.plain(place, command, if by.is_empty() { &[] } else { &who })
    }

    fn plain(&self, place: &str, command: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let directory = if place == "sh" { self.server.path("") } else { self.server.path(place) };
        let like_git = self.server.git("");
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(directory).stdin(Stdio::null()).env_clear();
        for (key, value) in like_git.get_envs() {
            value.map(|value| shell.env(key, value));
        }
        let binary = std::path::Path::new(env!("CARGO_BIN_EXE_flowcheck"));
        let beside = binary.parent().expect("a file lies in a directory").display();
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{beside}:{path}"));
        for role in ["AUTHOR", "COMMITTER"] {
            shell.env(format!("GIT_{role}_NAME"), "Ann").env(format!("GIT_{role}_EMAIL"), "ann@shop.example");
        }
        let output = shell.envs(variables.iter().copied()).output().expect("there is a shell");
        let said = format!("{}{}", output.stdout.to_str_lossy(), output.stderr.to_str_lossy());
        if output.status.success() { Ok(said) } else { Err(said) }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
