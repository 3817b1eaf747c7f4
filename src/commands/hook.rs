//! What the hooks of a server have in common: who pushes what to where, judged, said, and closed
//! where it cannot be judged.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::{Duration, Instant};

use gix::hash::Kind as Hash;

use super::arrival::Arrival;
use super::deadline::Deadline;
use super::host::HostArgs;
use super::lock::Lock;
use super::output::{self, Output};
use super::{Exit, Failure, Global};
use crate::history::{BString, Unreadable};
use crate::input::{Environment, HookLine};
use crate::policy::Limits;
use crate::report::{self, Report};
use crate::verdict::Verdict;

/// How a hook learns which refs are pushed.
pub(super) type ReadLines<'a> = &'a dyn Fn(Hash, &Limits, &Deadline) -> Result<Vec<HookLine>, Failure>;

/// So little is compared with each other before anybody could look at a clock.
const FEW_LINES: usize = 16;
const FEW_REFS: usize = 10_000;

/// One of a server's hooks that can reject.
pub(super) struct Hook<'a> {
    /// What git calls it.
    pub(super) name: &'static str,
    /// What its command line says about the server.
    pub(super) host: &'a HostArgs,
    /// How it learns which refs are pushed.
    pub(super) read: ReadLines<'a>,
    /// Whether it sees the whole push, so that a lock can serve it.
    pub(super) is_whole: bool,
}

/// Judges a push to the repository that a server runs the hook in.
///
/// Whatever goes wrong, the push is stopped and the pusher told that the commits are not at fault:
/// by what is said here, not by the caller.
pub(super) fn run(global: &Global, hook: &Hook<'_>) -> Result<Exit, Failure> {
    hook.judge(global).map_err(|failure| {
        unjudged(&failure, hook.host.is_web());
        Failure::Said
    })
}

/// Returns the variables that count, as they are now.
pub(super) fn variables(user_variable: Option<&str>) -> Environment {
    Environment::read(user_variable, |name| Some(BString::from(std::env::var_os(name)?.into_vec())))
}

impl Hook<'_> {
    fn judge(&self, global: &Global) -> Result<Exit, Failure> {
        let start = Instant::now();
        let Some(arrival) = self.host.arrival(global, self.name)? else { return Ok(Exit::Clean) };
        if self.is_whole
            && let Some(lock) = Lock::of(&arrival)?
        {
            // While this push waited, others moved refs; one of them may have changed the policy.
            let Some(arrival) = self.host.arrival(global, self.name)? else { return Ok(Exit::Clean) };
            let ended = self.judge_arrival(global, &arrival, Instant::now())?;
            if ended == Exit::Clean {
                lock.keep()?;
            }
            return Ok(ended);
        }
        let ended = self.judge_arrival(global, &arrival, start);
        // The process ends here: taking everything apart first would only take time.
        std::mem::forget(arrival);
        ended
    }

    fn judge_arrival(&self, global: &Global, arrival: &Arrival, start: Instant) -> Result<Exit, Failure> {
        let Arrival { repository, policy, environment, host } = arrival;
        let allowed = Duration::from_millis(policy.limits.deadline_ms);
        let is_web = environment.is_web(*host);
        repository.set_deadline(start, allowed);
        let deadline = Deadline::after(allowed.saturating_sub(start.elapsed()), move || {
            let late = Unreadable::Deadline(allowed.as_secs_f64().to_string());
            unjudged(&Failure::Judge(late), is_web);
            std::process::exit(2);
        });
        let watch = deadline.clone();
        repository.before_waiting(move || watch.watch());
        let judged = self.verdict_on(arrival, &deadline);
        deadline.is_met();
        let Some(verdict) = judged? else { return Ok(Exit::Clean) };
        let output = Output::of_hook(global, environment, is_web)?;
        let verbose = global.verbose > 0;
        output.say(&Report { command: self.name, verdict: &verdict, verbose, audited: None })?;
        Ok(if verdict.accepted() { Exit::Clean } else { Exit::Findings })
    }

    fn verdict_on(&self, arrival: &Arrival, deadline: &Deadline) -> Result<Option<Verdict>, Failure> {
        let lines = (self.read)(arrival.repository.hash(), &arrival.policy.limits, deadline)?;
        if lines.is_empty() {
            return Ok(None);
        }
        let before = arrival.refs(&lines)?;
        if lines.len() > FEW_LINES || before.len() > FEW_REFS {
            deadline.watch();
        }
        arrival.judge(&lines, before, jiff::Timestamp::now().as_second()).map(Some)
    }
}

fn unjudged(failure: &Failure, is_web: bool) {
    let may_pass = matches!(failure, Failure::Input(unusable) if unusable.may_pass());
    let why = failure.to_string();
    let text = if is_web { report::unjudged_on_the_web(&why) } else { report::unjudged(&why, may_pass) };
    output::tell(&text);
}

/// Returns what was typed, byte for byte.
pub(super) fn bytes(text: &OsString) -> Vec<u8> {
    text.clone().into_vec()
}
