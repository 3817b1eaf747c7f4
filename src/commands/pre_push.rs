//! `flowcheck pre-push`: client hook: judges what is about to arrive on a remote.

use super::clone::{self, Remote};
use super::output::{self, Output, Stream};
use super::{Exit, Failure, Global, hook, in_force, pre_commit, pre_receive};
use crate::history::Refs;
use crate::input::{self, PrePushLine, Unusable};
use crate::policy::discovery::Side;
use crate::push::RefUpdate;
use crate::report::{self, Report};
use crate::repository::{Environment, Repository};
use crate::verdict::Verdict;

/// What `flowcheck pre-push` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The remote's name; git gives its address where it has none
    remote: Option<String>,
    /// The remote's address; not looked at, for it may hold a password
    url: Option<String>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let variables = hook::variables(None);
    if variables.get("FLOWCHECK").is_some_and(|value| value == "0") {
        return Ok(leave_it("FLOWCHECK=0 switches this hook off"));
    }
    judged(global, args, &variables).map_err(|failure| {
        output::tell(&report::unjudged_here(&failure.to_string()));
        Failure::Said
    })
}

fn judged(global: &Global, args: &Args, variables: &input::Environment) -> Result<Exit, Failure> {
    let output = Output::of_command(global, Stream::Stderr)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, Side::Client)?;
    let input = pre_receive::standard_input()?;
    let lines = input::pre_push_lines(&input, repository.hash(), policy.limits.refs)?;
    let pre_commit = lines.is_empty() && variables.get("PRE_COMMIT").is_some();
    let Some(name) = args.remote.clone().or_else(|| pre_commit::remote(variables)) else {
        return if pre_commit { Ok(leave_it("pre-commit names no push")) } else { Err(Failure::NoRemote) };
    };
    if lines.is_empty() && !pre_commit {
        return Ok(Exit::Clean);
    }
    if repository.is_shallow() {
        return Ok(leave_it("this clone is shallow"));
    }
    let Some(remote) = Remote::given(&repository, &name) else {
        return Ok(leave_it("nothing is known here of this remote"));
    };
    let known = remote.refs(&repository)?;
    let lines = if pre_commit { pre_commit::lines(variables, &repository, &known)? } else { lines };
    if pre_commit {
        output::tell(pre_commit::ONLY_THE_FIRST);
    }
    let before = heard(&lines, known)?;
    let verdict = match clone::judge(&policy, &repository, &remote, before, updates(&lines)) {
        Ok(verdict) => Verdict { refs: lines.len(), ..verdict },
        Err(failure) if clone::server_knows(&failure) => return Ok(leave_it(lacking(&repository))),
        Err(failure) => return Err(Failure::Judge(failure)),
    };
    output.say(&Report {
        command: "pre-push",
        verdict: &verdict,
        verbose: global.verbose > 0,
        audited: None,
    })?;
    Ok(if verdict.accepted() { Exit::Clean } else { Exit::Findings })
}

fn lacking(repository: &Repository) -> &'static str {
    if repository.is_partial() {
        "this clone is partial, and what decides is on the server only"
    } else {
        "the remote has commits that are not here"
    }
}

/// Says why nothing is judged here, and that the server does it anyway.
fn leave_it(why: &str) -> Exit {
    output::tell(&report::wrap(&format!("flowcheck: {why}; the server will judge the push"), "", "  "));
    Exit::Clean
}

/// What git has just heard from the remote is newer than what was fetched.
fn heard(lines: &[PrePushLine], mut refs: Refs) -> Result<Refs, Unusable> {
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        if !seen.insert(&line.name) {
            return Err(Unusable::Twice { name: line.name.clone() });
        }
        if refs.get(&line.name).map(|entry| entry.id) != line.old {
            refs = clone::with(refs, &line.name, line.old);
        }
    }
    Ok(refs)
}

fn updates(lines: &[PrePushLine]) -> Vec<RefUpdate> {
    let ours = lines.iter().filter(|line| !input::is_forges_own(&line.name));
    ours.map(|line| RefUpdate { name: line.name.clone(), old: line.old, new: line.new }).collect()
}
