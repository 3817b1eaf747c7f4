//! `flowcheck graph`: the flow as a picture.

use super::output;
use super::{Exit, Failure, Global, audit, event_log, in_force};
use crate::flow::{self, Reading};
use crate::report::svg::{self, Picture};
use crate::repository::{Environment, Repository};

/// What `flowcheck graph` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is written above the picture
    #[arg(long, default_value = "The flow")]
    title: String,
    /// How many releases are drawn in full; the others are folded
    #[arg(long, value_name = "N", default_value_t = flow::RELEASES)]
    releases: usize,
    /// Draw the flow only, and do not judge it
    #[arg(long)]
    no_findings: bool,
    /// Where the flow was adopted: a commit, a ref or a date; repeatable (default: `[audit] since`
    /// of the policy)
    #[arg(long, value_name = "REV|DATE")]
    since: Vec<String>,
    /// Draw a shallow clone as far as it goes
    #[arg(long)]
    allow_shallow: bool,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let file = file(global)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    if repository.is_shallow() && !args.allow_shallow {
        return Err(Failure::Shallow);
    }
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let refs = audit::refs(&repository)?;
    let now = jiff::Timestamp::now().as_second();
    let arrivals = event_log::arrivals(&policy, &repository);
    let replay = audit::replay(&policy, &repository, &refs, &args.since, now)?;
    let chronicle = (!args.no_findings).then(|| replay.read(&arrivals)).transpose();
    let chronicle = chronicle.map_err(Failure::History)?;
    let findings = match &chronicle {
        Some(chronicle) => {
            let replayed = chronicle.judge(&|_, _| ()).map_err(Failure::History)?;
            audit::weigh(&policy, refs.clone(), replayed, now).findings
        }
        None => vec![],
    };
    let source = flow::Source {
        policy: &policy,
        history: chronicle.as_ref().map_or(&repository, |chronicle| chronicle.history()),
        refs: &refs,
        findings: &findings,
        now,
        releases: args.releases,
    };
    let flow = Reading::new(source).and_then(|reading| reading.flow()).map_err(Failure::History)?;
    let picture = Picture { flow: &flow, findings: &findings, title: &args.title, anchors: None };
    let text = svg::render(&picture);
    match file {
        Some(file) => output::write_whole(file.as_ref(), text.as_bytes())?,
        None => output::print(&text)?,
    }
    Ok(Exit::Clean)
}

/// The file that the picture goes into: `--format svg=FILE`; `None`: standard output.
fn file(global: &Global) -> Result<Option<String>, Failure> {
    let Some(asked) = global.format.last() else { return Ok(None) };
    match asked.split_once('=') {
        Some(("svg", file)) => Ok(Some(file.to_owned())),
        None if asked == "svg" => Ok(None),
        _ => Err(Failure::NoSuchForm { asked: asked.clone(), known: "svg" }),
    }
}
