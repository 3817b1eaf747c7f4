//! What the hooks of a server have in common: who pushes what to where, judged, said, and closed
//! where it cannot be judged.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::{Duration, Instant};

use gix::hash::Kind as Hash;

use super::output::{self, Output};
use super::{Exit, Failure, Global, event_log, in_force};
use crate::history::BString;
use crate::input::{self, Environment, HookLine};
use crate::policy::discovery::Side;
use crate::policy::{Limits, Policy};
use crate::push::{Place, Push};
use crate::report::{self, Report};
use crate::repository::{self, Repository};
use crate::verdict::{self, Verdict};

/// How a hook learns which refs are pushed.
pub(super) type ReadLines<'a> = &'a dyn Fn(Hash, &Limits) -> Result<Vec<HookLine>, Failure>;

/// Judges a push to the repository that a server runs the hook in.
///
/// Whatever goes wrong, the push is stopped and the pusher told that the commits are not at fault:
/// by what is said here, not by the caller.
pub(super) fn run(global: &Global, command: &'static str, read: ReadLines<'_>) -> Result<Exit, Failure> {
    let variables = variables(None);
    judged(global, command, read, &variables).map_err(|failure| {
        unjudged(&failure, &variables);
        Failure::Said
    })
}

/// Returns the variables that count, as they are now.
pub(super) fn variables(user_variable: Option<&str>) -> Environment {
    Environment::read(user_variable, |name| Some(BString::from(std::env::var_os(name)?.into_vec())))
}

fn judged(
    global: &Global,
    command: &'static str,
    read: ReadLines<'_>,
    first: &Environment,
) -> Result<Exit, Failure> {
    let start = Instant::now();
    first.without_namespace()?;
    let repository = Repository::open(&repository::Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, Side::Server)?;
    repository.set_deadline(start, Duration::from_millis(policy.limits.deadline_ms));
    let environment = variables(policy.server.user_variable.as_deref());
    let host = environment.host(&policy.server);
    let output = Output::of_hook(global, &environment, environment.is_web(host))?;
    if environment.is_exempt(host) {
        return Ok(Exit::Clean);
    }
    let lines = read(repository.hash(), &policy.limits)?;
    if lines.is_empty() {
        return Ok(Exit::Clean);
    }
    let verdict = verdict_on(&lines, &policy, &repository, |push| Push {
        pusher: Some(environment.pusher(host, &policy.server)),
        options: environment.push_options(),
        ..push
    })?;
    output.say(&Report { command, verdict: &verdict, verbose: global.verbose > 0 })?;
    Ok(if verdict.accepted() { Exit::Clean } else { Exit::Findings })
}

fn verdict_on(
    lines: &[HookLine],
    policy: &Policy,
    repository: &Repository,
    sent_by: impl FnOnce(Push) -> Push,
) -> Result<Verdict, Failure> {
    let mut namespaces = input::namespaces(lines);
    if policy.confirmation.gitlab_environment {
        namespaces.insert("refs/environments/".to_owned());
    }
    let prefixes: Vec<&str> = namespaces.iter().map(String::as_str).collect();
    let before = repository.refs(&prefixes).map_err(Failure::Judge)?;
    let received = input::received(lines, &before, repository, &|name| repository.stands_for(name))?;
    let push = sent_by(Push {
        place: Place::Server,
        now: jiff::Timestamp::now().as_second(),
        seen_tags: event_log::seen_tags(policy, repository, lines),
        ..Push::new(before, received.updates)
    });
    let verdict = verdict::judge(policy, repository, &push).map_err(Failure::Judge)?;
    Ok(Verdict { refs: received.refs, ..verdict })
}

fn unjudged(failure: &Failure, variables: &Environment) {
    let on_the_web = variables.is_web(variables.host(&Policy::built_in().server));
    let may_pass = matches!(failure, Failure::Input(unusable) if unusable.may_pass());
    let why = failure.to_string();
    let text = if on_the_web { report::unjudged_on_the_web(&why) } else { report::unjudged(&why, may_pass) };
    output::tell(&text);
}

/// Returns what was typed, byte for byte.
pub(super) fn bytes(text: &OsString) -> Vec<u8> {
    text.clone().into_vec()
}
