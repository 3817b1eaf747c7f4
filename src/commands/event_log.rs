//! The event log: a line of JSON for each push, added to and never changed.
//!
//! Pushes come at the same time and disks fill up: a line is written in one piece under a lock,
//! and a line that does not fit is taken back whole.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::kept;
use crate::facts::version_of;
use crate::history::name::escape;
use crate::history::{ByteSlice as _, Oid, RefName};
use crate::input::replay::Arrivals;
use crate::input::{HookLine, Host};
use crate::policy::{Mode, Policy};
use crate::repository::Repository;
use crate::verdict::{Judged, Outcome, Verdict};

/// How much of a log is read back, from its end.
const MEMORY: u64 = 32 << 20;

/// How long a push waits for those that write at the same time.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a push was.
pub(super) struct Scene<'a> {
    pub(super) time: jiff::Timestamp,
    pub(super) lines: &'a [HookLine],
    pub(super) arrival: &'a Arrival,
    pub(super) from: Option<&'a str>,
    /// What is thought of it now; `None` where that could not be found out.
    pub(super) verdict: Option<&'a Verdict>,
}

/// A line of the log. Text of others is escaped: logs are read on terminals.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    version: u32,
    time: String,
    #[serde(rename = "event")]
    kind: &'static str,
    server: &'static str,
    repository: String,
    pusher: Who,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    /// Push options that are meant for flowcheck; others may hold secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    updates: Vec<Update>,
    /// `accepted`, `raced` (it would be rejected now) or `unjudged`.
    verdict: &'static str,
    policy: Source,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Who {
    name: Option<String>,
    id: Option<String>,
}

#[derive(Debug, Serialize)]
struct Update {
    r#ref: String,
    old: Option<String>,
    new: Option<String>,
}

#[derive(Debug, Serialize)]
struct Source {
    source: String,
    mode: &'static str,
}

#[derive(Debug, Serialize)]
struct Finding {
    rule: &'static str,
    r#ref: String,
    level: &'static str,
    outcome: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Event {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let Arrival { policy, environment, host, .. } = scene.arrival;
        let (options, pusher) = (environment.push_options(), scene.arrival.pusher());
        let protocol = environment.get("GL_PROTOCOL").filter(|_| *host == Host::GitLab);
        Self {
            version: 1,
            time: scene.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            kind: "push",
            server: server(*host),
            repository: scene.arrival.name(),
            pusher: Who {
                name: pusher.name.as_ref().map(|name| escape(name.as_bytes())),
                id: pusher.id.as_ref().map(|id| escape(id.as_bytes())),
            },
            from: scene.from.map(|from| escape(from.as_bytes())),
            protocol: protocol.map(|protocol| escape(protocol)),
            options: options
                .iter()
                .filter(|option| option.starts_with(b"flowcheck."))
                .map(|option| escape(option))
                .collect(),
            updates: scene.lines.iter().map(update).collect(),
            verdict: verdict(scene.verdict),
            policy: Source {
                source: escape(policy.source.as_bytes()),
                mode: if policy.mode == Mode::Enforce { "enforce" } else { "evaluate" },
            },
            findings: scene
                .verdict
                .map_or_else(Vec::new, |verdict| verdict.findings.iter().map(finding).collect()),
        }
    }

    /// Returns the event as it stands in the log.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).expect("text and numbers are always JSON") + "\n"
    }
}

fn server(host: Host) -> &'static str {
    match host {
        Host::GitLab => "gitlab",
        Host::Gitea => "gitea",
        Host::Ghes => "ghes",
        Host::Bitbucket => "bitbucket",
        Host::Gitolite => "gitolite",
        Host::Http => "http",
        Host::Plain => "plain",
    }
}

fn verdict(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "unjudged",
        Some(verdict) if verdict.accepted() => "accepted",
        Some(_) => "raced",
    }
}

fn update(line: &HookLine) -> Update {
    let hex = |id: Option<Oid>| id.map(|id| id.to_string());
    Update { r#ref: line.name.to_string(), old: hex(line.old), new: hex(line.new) }
}

fn finding(judged: &Judged) -> Finding {
    Finding {
        rule: judged.finding.rule,
        r#ref: judged.finding.name.to_string(),
        level: judged.level.name(),
        outcome: if judged.outcome == Outcome::Rejected { "raced" } else { judged.outcome.name() },
        message: escape(judged.finding.message.as_bytes()),
        reason: judged.reason.as_ref().map(|reason| escape(reason.as_bytes())),
    }
}

/// Returns where the log of a repository is.
pub(super) fn path(policy: &Policy, repository: &Repository) -> PathBuf {
    repository.common_dir().join(policy.log_file.as_deref().unwrap_or("flowcheck.jsonl"))
}

/// Returns the tags of this repository that the log has seen, where the push creates one whose
/// number must be new. A log that cannot be read has seen nothing: records are what is relied on.
pub(super) fn seen_tags(arrival: &Arrival, lines: &[HookLine]) -> BTreeSet<RefName> {
    let Arrival { repository, policy, .. } = arrival;
    let is_counted = |line: &HookLine| {
        let tag = line.name.tag().and_then(|tag| tag.to_str().ok());
        line.old.is_none()
            && tag.and_then(|tag| version_of(policy, tag)).is_some_and(|it| it.hotfix.is_some())
    };
    if !lines.iter().any(is_counted) {
        return BTreeSet::new();
    }
    let path = path(policy, repository);
    let name = name_in(&path, repository, || arrival.name());
    tags_in(&path, name.as_deref()).unwrap_or_default()
}

/// Returns when refs arrived in this repository, as far as the log has it; nothing where there is
/// no log. (Forks have the same commits and refs of the same names: their lines decide nothing.)
pub(super) fn arrivals(policy: &Policy, repository: &Repository) -> Arrivals {
    let path = path(policy, repository);
    let name = name_in(&path, repository, || {
        let environment = super::hook::variables(policy.server.user_variable.as_deref());
        super::arrival::name(repository, &environment, environment.host(&policy.server))
    });
    arrivals_in(&path, name.as_deref()).unwrap_or_default()
}

/// Returns which name the lines of a log must have. `None`: a log inside a repository is that
/// repository's whole, whatever it was called when it stood elsewhere.
fn name_in(log: &Path, repository: &Repository, name: impl FnOnce() -> String) -> Option<String> {
    (!log.starts_with(repository.common_dir())).then(name)
}

fn arrivals_in(path: &Path, repository: Option<&str>) -> io::Result<Arrivals> {
    let mut arrivals = Arrivals::default();
    for (push, line) in (0..).zip(BufReader::new(File::open(path)?).split(b'\n')) {
        let Ok(named) = serde_json::from_slice::<Named>(&line?) else { continue };
        if !named.is_of(repository) {
            continue;
        }
        for update in named.updates {
            let id = |hex: Option<String>| Oid::from_hex(hex?.as_bytes()).ok();
            if let Some(new) = id(update.new) {
                arrivals.add(push, RefName::new(update.r#ref), id(update.old), new);
            }
        }
    }
    Ok(arrivals)
}

/// The part of a line that names refs; lines of other kinds may lack it.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    repository: Option<String>,
    #[serde(default)]
    updates: Vec<NamedRef>,
}

impl Named {
    /// Whether it is about the repository of that name; `None`: every line is.
    fn is_of(&self, repository: Option<&str>) -> bool {
        repository.is_none_or(|it| self.repository.as_deref() == Some(it))
    }
}

#[derive(Deserialize)]
struct NamedRef {
    r#ref: String,
    #[serde(default)]
    old: Option<String>,
    #[serde(default)]
    new: Option<String>,
}

fn tags_in(path: &Path, repository: Option<&str>) -> io::Result<BTreeSet<RefName>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MEMORY)))?;
    let mut tags = BTreeSet::new();
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        // Most lines are about branches, and a line that was cut off is no JSON.
        let named =
            line.contains_str("refs/tags/").then(|| serde_json::from_slice::<Named>(&line).ok()).flatten();
        let refs = named.filter(|named| named.is_of(repository)).map_or_else(Vec::new, |named| named.updates);
        tags.extend(
            refs.into_iter().map(|named| RefName::new(named.r#ref)).filter(|name| name.tag().is_some()),
        );
    }
    Ok(tags)
}

/// Adds a line to the log.
pub(super) fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = kept::open(path)?;
    let is_alone = locked(&file);
    let length = file.seek(SeekFrom::End(0))?;
    // A line that was cut off by a crash ends here, so that this one stays readable.
    let cut_off = length > 0 && last_byte(&mut file)? != b'\n';
    let text = if cut_off { format!("\n{line}") } else { line.to_owned() };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    if written.is_err() && is_alone {
        file.set_len(length)?;
    }
    written
}

/// Waits for the lock, but not for ever: whoever holds it may have been stopped.
fn locked(file: &File) -> bool {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return false,
        }
    }
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_writers_stay_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..20 {
                        append(path, &format!("{writer} {n} {}\n", "x".repeat(20_000))).unwrap();
                    }
                });
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 160);
        assert!(text.lines().all(|line| line.split(' ').count() == 3 && line.len() > 20_000));
    }

    #[test]
    fn what_a_crash_left_behind_does_not_spoil_the_next_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "{\"half").unwrap();
        append(&path, "whole\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"half\nwhole\n");
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let holder = kept::open(&path).unwrap();
        holder.lock().unwrap();
        append(&path, "line\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "line\n");
    }

    #[test]
    fn the_log_knows_every_tag_it_has_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for line in [
            r#"{"updates":[{"ref":"refs/tags/v1.0.0-hotfix1","old":null},{"ref":"refs/heads/x"}]}"#,
            r#"{"updates":[{"ref":"refs/tags/half"#,
            r#"{"event":"other","text":"refs/tags/v9.0.0"}"#,
            r#"{"updates":[{"ref":"refs/tags/v1.0.0-hotfix2","new":null}]}"#,
        ] {
            append(&path, &format!("{line}\n")).unwrap();
        }
        let expected = ["v1.0.0-hotfix1", "v1.0.0-hotfix2"].map(RefName::of_tag);
        assert_eq!(tags_in(&path, None).unwrap(), expected.into());
        assert!(tags_in(&dir.path().join("none"), None).is_err());
    }

    #[test]
    fn a_log_that_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(append(dir.path(), "x\n").is_err());
        assert!(append(Path::new("/dev/full"), "x\n").is_err());
        assert!(append(&dir.path().join("no/log"), "x\n").is_err());
    }
}
