//! `flowcheck post-receive`: server hook: judges again what has become true, and keeps the event
//! log.
//!
//! Between pre-receive's judgement and the update of the refs another push can come in; here the
//! refs are what they are, so the same rules see what pre-receive could not. Nothing that goes
//! wrong here fails a push: it has happened already.

use std::time::{Duration, Instant};

use super::hook::variables;
use super::output::tell;
use super::pre_receive::standard_input;
use super::{Exit, Failure, Global, event_log, in_force};
use crate::history::{History as _, Oid, Ref, Refs};
use crate::input::{self, Environment, HookLine, Host};
use crate::policy::Policy;
use crate::policy::discovery::{IN_TREE, Side};
use crate::push::{Place, Push};
use crate::report::{self, Format, Report};
use crate::repository::{self, Repository};
use crate::verdict::{self, Outcome, Verdict};

/// What `flowcheck post-receive` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(global: &Global, _args: &Args) -> Exit {
    if let Err(failure) = look_back(global) {
        warn(&failure.to_string());
    }
    Exit::Clean
}

fn look_back(global: &Global) -> Result<(), Failure> {
    let start = Instant::now();
    let environment = variables(None);
    environment.without_namespace()?;
    let repository = Repository::open(&repository::Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, Side::Server)?;
    repository.set_deadline(start, Duration::from_millis(policy.limits.deadline_ms));
    let environment = variables(policy.server.user_variable.as_deref());
    let host = environment.host(&policy.server);
    if environment.is_exempt(host) {
        return Ok(());
    }
    let lines = input::server_lines(&standard_input()?, repository.hash(), policy.limits.refs)?;
    if lines.is_empty() {
        return Ok(());
    }
    let now = jiff::Timestamp::now();
    let verdict = if changes_the_policy(&lines, &policy, &repository) {
        None
    } else {
        let verdict = judge_again(&lines, &policy, &repository, &environment, host, now.as_second());
        verdict.inspect_err(|failure| warn(&failure.to_string())).ok()
    };
    if let Some(verdict) = &verdict {
        report_race(verdict);
    }
    let event = event_log::Event::new(&event_log::Scene {
        time: now,
        lines: &lines,
        environment: &environment,
        host,
        pusher: &environment.pusher(host, &policy.server),
        from: came_from(host),
        policy: &policy,
        verdict: verdict.as_ref(),
    });
    let path = event_log::path(&policy, &repository);
    event_log::append(&path, &event.line()).map_err(|source| Failure::Write { path, source })
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
fn judge_again(
    lines: &[HookLine],
    policy: &Policy,
    repository: &Repository,
    environment: &Environment,
    host: Host,
    now: i64,
) -> Result<Verdict, Failure> {
    let mut namespaces = input::namespaces(lines);
    if policy.confirmation.gitlab_environment {
        namespaces.insert("refs/environments/".to_owned());
    }
    let prefixes: Vec<&str> = namespaces.iter().map(String::as_str).collect();
    let mut before = repository.refs(&prefixes).map_err(Failure::Judge)?;
    for line in lines {
        undo(line, &mut before, repository)?;
    }
    let received = input::received(lines, &before, repository, &|name| repository.stands_for(name))?;
    let push = Push {
        place: Place::Server,
        now,
        pusher: Some(environment.pusher(host, &policy.server)),
        options: environment.push_options(),
        seen_tags: event_log::seen_tags(policy, repository, lines),
        ..Push::new(before, received.updates)
    };
    let verdict = verdict::judge(policy, repository, &push).map_err(Failure::Judge)?;
    Ok(Verdict { refs: received.refs, ..verdict })
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
        &Report { command: "post-receive", verdict: &against, verbose: false },
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
