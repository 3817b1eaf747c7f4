//! A fix fixes: the commands that a finding prints are run in a real clone, and the push is
//! repeated against a real server.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flowcheck::finding::Level;
use flowcheck::history::{Ref, RefName, Refs};
use flowcheck::policy::Policy;
use flowcheck::push::{Push, RefUpdate};
use flowcheck::scenario::Scenario;
use flowcheck::verdict::{self, Verdict};

use crate::actors::Actor;
use crate::compare::{real, worded_for};
use crate::models;
use crate::story::{Story, passes};
use crate::{cases, first_seed};

/// A rejected push of one ref for one reason, with the commands that mend it.
struct Patient {
    rule: &'static str,
    story: String,
    scenario: Scenario,
    before: Refs,
    name: RefName,
    fix: Vec<String>,
}

#[test]
fn a_fix_fixes() {
    let model = models::all().remove(0);
    let wanted = cases(20).div_ceil(20);
    let mut tried: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed = vec![];
    for seed in first_seed()..first_seed() + 40 * wanted {
        let mut rejected = vec![];
        let mut n = 0;
        let story = Actor::tell(model.clone(), seed, 26, |stage, push, _| {
            let said = real(stage, push);
            if said.len() == 1 && push.updates.len() == 1 && !passes(&said) {
                rejected.push(n);
            }
            n += 1;
            passes(&said)
        });
        for n in rejected {
            let Some(patient) = patient(&story, n) else { continue };
            let times = tried.entry(patient.rule).or_default();
            if *times >= wanted {
                continue;
            }
            *times += 1;
            if let Err(trouble) = mend(&patient) {
                failed.push(format!("{}: {trouble}\n\n{}", patient.rule, patient.story));
            }
        }
    }
    println!("mended: {tried:?}");
    assert!(tried.len() > 5, "hardly a rule printed commands: {tried:?}");
    assert!(failed.is_empty(), "{} fixes do not fix\n\n{}", failed.len(), failed.join("\n\n"));
}

/// The push number `n` of a story after those that were accepted before it, if its one finding
/// prints commands.
fn patient(story: &Story, n: usize) -> Option<Patient> {
    let mut told = story.clone();
    told.pushes.truncate(n + 1);
    let text = worded_for(&told, real);
    let scenario = Scenario::read(&text).expect("a story is printed as a scenario");
    let policy = Policy::built_in();
    let mut refs = scenario.drawn.refs.clone();
    let mut last = None;
    for sent in &scenario.pushes {
        let (push, verdict) = judged(&scenario, &policy, &refs, sent);
        let next = if verdict.accepted() || sent.forced { push.after() } else { refs.clone() };
        last = Some((push, verdict));
        refs = next;
    }
    let (push, verdict) = last?;
    let [judged] = verdict.findings.as_slice() else { return None };
    if judged.level != Level::Error || judged.finding.fix.is_empty() || push.updates.len() != 1 {
        return None;
    }
    let (rule, name, fix) = (judged.finding.rule, judged.finding.name.clone(), judged.finding.fix.clone());
    Some(Patient { rule, story: text, before: push.before, scenario, name, fix })
}

fn judged(
    scenario: &Scenario,
    policy: &Policy,
    refs: &Refs,
    sent: &flowcheck::scenario::Sent,
) -> (Push, Verdict) {
    let updates = sent.changes.iter().map(|(name, new)| {
        let old = refs.get(name).map(|entry| entry.id);
        RefUpdate { name: name.clone(), old, new: *new }
    });
    let updates = updates.filter(|update| update.old != update.new).collect();
    let push = Push { now: sent.now, ..Push::new(refs.clone(), updates) };
    let verdict = verdict::judge(policy, &scenario.drawn.history, &push).expect("everything was drawn");
    (push, verdict)
}

/// Runs the commands in a clone, and pushes again.
fn mend(patient: &Patient) -> Result<(), String> {
    let place = Place::new(patient);
    let said = place.push(&patient.name);
    if said.is_ok() {
        return Err("the real server accepts the push".to_owned());
    }
    for command in &patient.fix {
        place.sh(command).map_err(|said| format!("`{command}` fails:\n{said}\nof {:#?}", patient.fix))?;
    }
    if !place.has(&patient.name) {
        return Ok(());
    }
    place
        .push(&patient.name)
        .map_err(|said| format!("after {:#?} the push is rejected:\n{said}", patient.fix))
}

/// A server with the hook, and the pusher's clone.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new(patient: &Patient) -> Self {
        let place = Self { home: tempfile::tempdir().expect("a temporary directory can be made") };
        let drawn = &patient.scenario.drawn;
        place.git(".", &["init", "-q", "--bare", "-b", "develop", "server.git"]);
        place.import("server.git", &drawn.fast_import(&drawn.everything()), patient.before.iter());
        place.git(".", &["clone", "-q", "server.git", "clone"]);
        place.git("clone", &["config", "user.name", "dev"]);
        place.git("clone", &["config", "user.email", "dev@example.org"]);
        place.hook();
        if place.has(&RefName::new("HEAD")) {
            place.git("clone", &["checkout", "-q", "--detach"]);
        }
        let (_, new) =
            patient.scenario.pushes.last().and_then(|sent| sent.changes.first()).expect("it was pushed");
        let pushed = new.map(|id| Ref::new(patient.name.clone(), id));
        // Importing a tag object takes a ref of its name away.
        place.import("clone", &drawn.fast_import(&drawn.everything()), [].iter());
        place.git("clone", &["fetch", "-q", "--tags", "--force"]);
        place.set("clone", pushed.iter());
        if let Some(branch) = patient.name.branch().filter(|_| new.is_some()) {
            place.git("clone", &["checkout", "-q", "-f", &branch.to_string()]);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn import<'a>(&self, dir: &str, stream: &[u8], refs: impl Iterator<Item = &'a Ref>) {
        self.feed(dir, &["fast-import", "--quiet"], stream);
        self.feed(dir, &["update-ref", "--stdin"], b"delete refs/drawn\n");
        self.set(dir, refs);
    }

    fn set<'a>(&self, dir: &str, refs: impl Iterator<Item = &'a Ref>) {
        let set =
            refs.map(|entry| format!("update {} {}", String::from_utf8_lossy(entry.name.full()), entry.id));
        let text = set.chain([String::new()]).collect::<Vec<_>>().join("\n");
        self.feed(dir, &["update-ref", "--stdin"], text.as_bytes());
    }

    fn hook(&self) {
        let hook = self.path("server.git/hooks/pre-receive");
        fs::write(&hook, format!("#!/bin/sh\nexec '{}' pre-receive\n", binary().display()))
            .expect("the directory is ours");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }

    /// Pushes one ref as it stands in the clone, away with it where it is not there.
    fn push(&self, name: &RefName) -> Result<(), String> {
        let name = String::from_utf8_lossy(name.full()).into_owned();
        let what = if self.has(&RefName::new(name.as_str())) {
            format!("+{name}:{name}")
        } else {
            format!(":{name}")
        };
        self.sh(&format!("git push origin '{what}'")).map(drop)
    }

    fn has(&self, name: &RefName) -> bool {
        let name = String::from_utf8_lossy(name.full()).into_owned();
        self.command("clone", "git")
            .args(["rev-parse", "-q", "--verify", &name])
            .output()
            .expect("git can be run")
            .status
            .success()
    }

    fn command(&self, dir: &str, program: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let own = binary().parent().expect("a binary lies somewhere").display();
        let mut command = Command::new(program);
        command
            .current_dir(self.path(dir))
            .env_clear()
            .env("PATH", format!("{own}:{path}"))
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    fn git(&self, dir: &str, args: &[&str]) {
        let output = self.command(dir, "git").args(args).output().expect("git can be run");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn sh(&self, command: &str) -> Result<String, String> {
        let output = self.command("clone", "sh").args(["-c", command]).output().expect("sh can be run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }

    fn feed(&self, dir: &str, args: &[&str], input: &[u8]) {
        let mut child = self
            .command(dir, "git")
            .args(args)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git can be run");
        child.stdin.take().expect("it was asked for").write_all(input).expect("git reads on");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_flowcheck"))
}
