//! `flowcheck pre-push`: client hook: judges what is about to arrive on a remote.

use super::clone::{self, Remote};
use super::output::{self, Output, Stream};
use super::{Exit, Failure, Global, hook, in_force, pre_receive};
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
    remote: String,
    /// The remote's address; not looked at, for it may hold a password
    url: Option<String>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    if hook::variables(None).get("FLOWCHECK").is_some_and(|value| value == "0") {
        return Ok(leave_it("FLOWCHECK=0 switches this hook off"));
    }
    judged(global, args).map_err(|failure| {
        output::tell(&report::unjudged_here(&failure.to_string()));
        Failure::Said
    })
}

fn judged(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let output = Output::of_command(global, Stream::Stderr)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, Side::Client)?;
    let lines =
        input::pre_push_lines(&pre_receive::standard_input()?, repository.hash(), policy.limits.refs)?;
    if lines.is_empty() {
        return Ok(Exit::Clean);
    }
    if repository.is_shallow() {
        return Ok(leave_it("this clone is shallow"));
    }
    let Some(remote) = Remote::given(&repository, &args.remote)? else {
        return Ok(leave_it("nothing is known here of this remote"));
    };
    let before = known(&lines, remote.refs(&repository)?)?;
    let verdict = match clone::judge(&policy, &repository, &remote, before, updates(&lines)) {
        Ok(verdict) => Verdict { refs: lines.len(), ..verdict },
        Err(failure) if clone::server_knows(&failure) => {
            return Ok(leave_it("the remote has commits that are not here"));
        }
        Err(failure) => return Err(Failure::Judge(failure)),
    };
    output.say(&Report { command: "pre-push", verdict: &verdict, verbose: global.verbose > 0 })?;
    Ok(if verdict.accepted() { Exit::Clean } else { Exit::Findings })
}

/// Says why nothing is judged here, and that the server does it anyway.
fn leave_it(why: &str) -> Exit {
    output::tell(&report::wrap(&format!("flowcheck: {why}; the server will judge the push"), "", "  "));
    Exit::Clean
}

/// What git has just heard from the remote is newer than what was fetched.
fn known(lines: &[PrePushLine], mut refs: Refs) -> Result<Refs, Unusable> {
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
