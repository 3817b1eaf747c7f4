//! `flowcheck audit`: judges the history of a repository.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::clone::{self, Remote};
use super::output::{self, Output, Stream};
use super::progress::Progress;
use super::{Exit, FailOn, Failure, Global, compare, event_log, fleet, in_force};
use crate::flow::{self, Reading};
use crate::history::{Oid, RefName, Refs, Seconds};
use crate::input::replay::{Replay, Replayed};
use crate::policy::Policy;
use crate::push::{Place, Push};
use crate::report::{Audited, Format, Report};
use crate::repository::{Environment, Repository};
use crate::verdict::{self, Baseline, Verdict};

/// What `flowcheck audit` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the flow was adopted: a commit, a ref or a date; repeatable (default: `[audit] since`
    /// of the policy)
    #[arg(long, value_name = "REV|DATE")]
    since: Vec<String>,
    /// Let pass what this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found into this file, to be let pass from now on
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Show which past updates this policy would judge otherwise, in either direction; the exit
    /// code is 1 where there are any
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "write_baseline"])]
    compare_policy: Option<PathBuf>,
    /// What makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,
    /// Judge a shallow clone as far as it goes
    #[arg(long)]
    allow_shallow: bool,
    /// Only count: by rule, release, branch, month and person
    #[arg(long)]
    statistics: bool,
    #[command(flatten)]
    fleet: fleet::Args,
}

impl Args {
    /// Returns what makes the exit code 1.
    pub(super) fn fail_on(&self) -> FailOn {
        self.fail_on
    }

    /// Returns those options that every repository of a fleet is audited with.
    pub(super) fn of_each(&self) -> Vec<OsString> {
        let since = self.since.iter().flat_map(|since| ["--since".into(), since.into()]);
        since.chain(self.allow_shallow.then(|| "--allow-shallow".into())).collect()
    }
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    if let Some(dir) = &args.fleet.dir {
        return fleet::run(global, &args.fleet, dir, args);
    }
    let output = Output::of_command(global, Stream::Stdout)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    if repository.is_shallow() && !args.allow_shallow {
        return Err(Failure::Shallow);
    }
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let refs = refs(&repository)?;
    let now = jiff::Timestamp::now().as_second();
    if let Some(other) = &args.compare_policy {
        return compare::run(global, &repository, &policy, other, (&refs, &args.since, now));
    }
    let arrivals = event_log::arrivals(&policy, &repository);
    let replay = replay(&policy, &repository, &refs, &args.since, now)?;
    let bar = Progress::new(0, "updates", global.quiet);
    let chronicle = replay.read(&arrivals).map_err(Failure::History)?;
    let replayed = chronicle.judge(&|at, of| bar.at(at, of)).map_err(Failure::History)?;
    drop(bar);
    let mut verdict = weigh(&policy, refs.clone(), replayed, now);
    if repository.is_shallow() {
        verdict.remarks.push("this clone is shallow: what is older was not judged".to_owned());
    }
    if let Some(path) = &args.write_baseline {
        return write_baseline(path, &verdict);
    }
    if let Some(path) = &args.baseline {
        let stale = forgive(path, &mut verdict)?;
        if stale > 0 {
            let entries = if stale == 1 { "1 entry" } else { &format!("{stale} entries") };
            verdict.remarks.push(format!("{entries} of the baseline: nothing like it is found any more"));
        }
    }
    let source = flow::Source {
        policy: &policy,
        history: chronicle.history(),
        refs: &refs,
        findings: &verdict.findings,
        now,
        releases: flow::RELEASES,
    };
    let audited = audited(source, &output, args.statistics)?;
    let (verbose, audited) = (global.verbose > 0, audited.as_ref());
    output.say(&Report { command: "audit", verdict: &verdict, verbose, audited })?;
    Ok(args.fail_on.exit(&verdict))
}

/// Returns the refs that an audit looks at: a server's own; in a clone the branches of its remote,
/// as they were fetched last, and those that only this clone has. (A pipeline's clone often has no
/// branch of its own, and would be clean for that.)
pub(super) fn refs(repository: &Repository) -> Result<Refs, Failure> {
    clone::seen(repository, &Remote::chosen(repository, None)?, &["refs/environments/"])
}

/// Judges a history: from where `since` or the policy says that the flow was adopted.
pub(super) fn judge(
    policy: &Policy,
    repository: &Repository,
    refs: &Refs,
    since: &[String],
    now: Seconds,
) -> Result<Verdict, Failure> {
    let replayed = replayed(policy, repository, refs, since, now)?;
    Ok(weigh(policy, refs.clone(), replayed, now))
}

/// Replays a history: from where `since` or the policy says that the flow was adopted.
pub(super) fn replayed(
    policy: &Policy,
    repository: &Repository,
    refs: &Refs,
    since: &[String],
    now: Seconds,
) -> Result<Replayed, Failure> {
    let arrivals = event_log::arrivals(policy, repository);
    let replay = replay(policy, repository, refs, since, now)?;
    let chronicle = replay.read(&arrivals).map_err(Failure::History)?;
    chronicle.judge(&|_, _| ()).map_err(Failure::History)
}

/// Returns the replay of a history from where `since` or the policy says that the flow was adopted.
pub(super) fn replay<'a>(
    policy: &'a Policy,
    history: &'a Repository,
    refs: &'a Refs,
    since: &[String],
    now: Seconds,
) -> Result<Replay<'a>, Failure> {
    let (since, since_date) = adopted(since, policy, refs)?;
    Ok(Replay { policy, history, refs, since, since_date, now })
}

/// Returns what reports for people tell beside the verdict; the picture only where one shows it.
fn audited(source: flow::Source<'_>, output: &Output, statistics: bool) -> Result<Option<Audited>, Failure> {
    let page = output.writes(Format::Html);
    if !page && !output.writes(Format::Text) {
        return Ok(None);
    }
    let reading = Reading::new(source).map_err(Failure::History)?;
    let flow = page.then(|| reading.flow()).transpose().map_err(Failure::History)?;
    Ok(Some(Audited { account: reading.account(), flow, statistics }))
}

/// Returns the findings with their levels and outcomes.
pub(super) fn weigh(policy: &Policy, refs: Refs, replayed: Replayed, now: Seconds) -> Verdict {
    let push = Push { place: Place::Audit, pusher: None, now, ..Push::new(refs, vec![]) };
    let verdict = verdict::weigh(policy, &push, replayed.findings);
    Verdict { refs: replayed.updates, undecidable: replayed.undecidable, ..verdict }
}

/// Returns where the flow was adopted.
fn adopted(since: &[String], policy: &Policy, refs: &Refs) -> Result<(Vec<Oid>, Option<Seconds>), Failure> {
    let named = if since.is_empty() { &policy.audit_since } else { since };
    let mut commits = vec![];
    let mut date: Option<Seconds> = None;
    for since in named {
        match (commit_of(since, refs), date_of(since)) {
            (Some(commit), _) => commits.push(commit),
            (None, Some(at)) => date = Some(date.map_or(at, |known| known.max(at))),
            (None, None) => return Err(Failure::Since(since.clone())),
        }
    }
    Ok((commits, date))
}

fn commit_of(text: &str, refs: &Refs) -> Option<Oid> {
    let names = [RefName::of_branch(text), RefName::of_tag(text), RefName::new(text)];
    let found = names.iter().find_map(|name| refs.get(name));
    found.map(|entry| entry.peeled.unwrap_or(entry.id)).or_else(|| Oid::from_hex(text.as_bytes()).ok())
}

fn date_of(text: &str) -> Option<Seconds> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second());
    }
    let day = text.parse::<jiff::civil::Date>().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Writes the fingerprints of what was found, one a line, sorted.
fn write_baseline(path: &Path, verdict: &Verdict) -> Result<Exit, Failure> {
    let lines: Vec<String> = verdict.baseline().into_iter().collect();
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    output::write_whole(path, text.as_bytes())?;
    output::tell(&format!("flowcheck: {} findings written to {}\n", lines.len(), path.display()));
    Ok(Exit::Clean)
}

/// Lets pass what the baseline lists; returns how many of its entries match nothing.
fn forgive(path: &Path, verdict: &mut Verdict) -> Result<usize, Failure> {
    let unread = |why: String| Failure::Baseline { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
    let mut baseline = Baseline::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.len() != 32 || !line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unread(format!("line {} is no fingerprint", at + 1)));
        }
        baseline.insert(line.to_owned());
    }
    let found: BTreeSet<String> = verdict.baseline();
    verdict.forgive(&baseline);
    Ok(baseline.difference(&found).count())
}
