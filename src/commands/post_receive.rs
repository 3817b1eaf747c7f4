//! `flowcheck post-receive`: server hook: judges again what has become true, and keeps the event
//! log.
//!
//! Between pre-receive's judgement and the update of the refs another push can come in; here the
//! refs are what they are, so the same rules see what pre-receive could not. Nothing that goes
//! wrong here fails a push: it has happened already.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::deadline::Deadline;
use super::event_log::{self, Event, Scene};
use super::host::HostArgs;
use super::output::tell;
use super::pre_receive::standard_input;
use super::{Exit, Failure, Global};
use crate::history::{History as _, Oid, Ref, Refs, Unreadable};
use crate::input::{self, HookLine, Host};
use crate::policy::Policy;
use crate::policy::discovery::IN_TREE;
use crate::report::{self, Format, Report};
use crate::repository::Repository;
use crate::verdict::{Outcome, Verdict};

/// How much longer than the judgement the hook may take, before it is taken to hang.
const GRACE: Duration = Duration::from_secs(1);

/// What `flowcheck post-receive` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    host: HostArgs,
}

pub(super) fn run(global: &Global, args: &Args) -> Exit {
    if let Err(failure) = look_back(global, args) {
        warn(&failure.to_string());
    }
    Exit::Clean
}

fn look_back(global: &Global, args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let Some(arrival) = args.host.arrival(global, "post-receive")? else { return Ok(()) };
    let Arrival { repository, policy, host, .. } = &arrival;
    let lines = input::server_lines(&standard_input()?, repository.hash(), policy.limits.refs)?;
    if lines.is_empty() {
        return Ok(());
    }
    let time = jiff::Timestamp::now();
    let from = came_from(*host);
    let seen_as = |verdict: Option<&Verdict>| {
        let from = from.as_deref();
        Event::new(&Scene { time, lines: &lines, arrival: &arrival, from, verdict }).line()
    };
    let log = event_log::path(policy, repository);
    let allowed = Duration::from_millis(policy.limits.deadline_ms);
    repository.set_deadline(start, allowed);
    let deadline = at_the_latest(allowed + GRACE, log.clone(), seen_as(None));
    deadline.watch();
    let verdict = look_again(&arrival, &lines, time.as_second());
    deadline.is_met();
    if let Some(verdict) = &verdict {
        report_race(verdict);
    }
    append(&log, &seen_as(verdict.as_ref()))
}

/// Writes the event as one that nobody judged where the judgement hangs, and ends the hook.
fn at_the_latest(allowed: Duration, log: PathBuf, line: String) -> Deadline {
    Deadline::after(allowed, move || {
        warn(&format!("judge it again: {}", Unreadable::Deadline(allowed.as_secs_f64().to_string())));
        if let Err(failure) = append(&log, &line) {
            warn(&failure.to_string());
        }
        std::process::exit(0);
    })
}

fn append(log: &Path, line: &str) -> Result<(), Failure> {
    event_log::append(log, line).map_err(|source| Failure::Write { path: log.to_owned(), source })
}

/// Returns what is thought of the push now; `None` where that cannot be said.
fn look_again(arrival: &Arrival, lines: &[HookLine], now: i64) -> Option<Verdict> {
    if changes_the_policy(lines, &arrival.policy, &arrival.repository) {
        return None;
    }
    let verdict = judge_again(arrival, lines, now);
    verdict.inspect_err(|failure| warn(&failure.to_string())).ok()
}

/// Whether the push changed the policy that it was judged by: then the one that is in force now is
/// not the one that let it pass.
fn changes_the_policy(lines: &[HookLine], policy: &Policy, repository: &Repository) -> bool {
    let Some(home) = &policy.home else { return false };
    let text = |tip: Option<Oid>, name: &str| repository.file(tip?, name).ok().flatten();
    lines
        .iter()
        .filter(|line| line.name == home.branch)
        .any(|line| IN_TREE.iter().any(|name| text(line.old, name) != text(line.new, name)))
}

/// Judges the push by the refs as they are now, with only what it did itself undone.
fn judge_again(arrival: &Arrival, lines: &[HookLine], now: i64) -> Result<Verdict, Failure> {
    let mut before = arrival.refs(lines)?;
    for line in lines {
        undo(line, &mut before, &arrival.repository)?;
    }
    arrival.judge(lines, before, now)
}

/// Puts a ref, and those that stand for it, back to where they were.
fn undo(line: &HookLine, refs: &mut Refs, repository: &Repository) -> Result<(), Failure> {
    let meant = repository.stands_for(&line.name).map_err(Failure::Judge)?;
    let aliases: Vec<Ref> =
        refs.iter().filter(|entry| entry.symbolic.as_ref() == Some(&meant)).cloned().collect();
    let Some(id) = line.old else {
        for alias in aliases {
            refs.remove(&alias.name);
        }
        refs.remove(&meant);
        return Ok(());
    };
    for alias in aliases {
        refs.set(Ref { id, peeled: None, ..alias });
    }
    refs.set(Ref::new(meant, id));
    Ok(())
}

/// Says what the push would be rejected for now, though it was accepted.
fn report_race(verdict: &Verdict) {
    let mut against = verdict.clone();
    against.findings.retain(|judged| judged.outcome == Outcome::Rejected);
    if against.findings.is_empty() {
        return;
    }
    tell(
        "flowcheck: this push is in, but as things stand now it would be\n  \
         rejected: another push came in between, or nothing judged it before.\n  \
         Tell a release manager:\n",
    );
    tell(&report::render(
        &Report { command: "post-receive", verdict: &against, verbose: false, audited: None },
        Format::Concise,
    ));
}

fn warn(why: &str) {
    let text = format!("the push is in, but flowcheck could not {why}");
    tell(&format!("{}\n", report::wrap(&text, "flowcheck: warning: ", "  ").trim_end()));
}

/// Returns the address that the push came from, where this host says one.
fn came_from(host: Host) -> Option<String> {
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let first_word = |text: String| text.split_whitespace().next().map(str::to_owned);
    match host {
        Host::Ghes => get("GITHUB_USER_IP"),
        Host::Http => get("REMOTE_ADDR"),
        Host::Gitolite | Host::Plain => get("SSH_CONNECTION").and_then(first_word),
        Host::GitLab | Host::Gitea | Host::Bitbucket => None,
    }
}
