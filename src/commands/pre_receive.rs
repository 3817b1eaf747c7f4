//! `flowcheck pre-receive`: server hook: judges the push that standard input describes.

use std::io::{self, Read};

use super::deadline::Deadline;
use super::hook::{self, Hook};
use super::host::HostArgs;
use super::{Exit, Failure, Global};
use crate::input;
use crate::policy::Limits;

/// What `flowcheck pre-receive` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    host: HostArgs,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let read = |hash, limits: &Limits, deadline: &Deadline| {
        let text = all_of(deadline.awaiting(io::stdin()))?;
        Ok(input::server_lines(&text, hash, limits.refs)?)
    };
    hook::run(global, &Hook { name: "pre-receive", host: &args.host, read: &read, is_whole: true })
}

/// Returns what git writes to the hook, up to a little more than is ever judged.
pub(super) fn standard_input() -> Result<Vec<u8>, Failure> {
    all_of(io::stdin())
}

fn all_of(input: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![];
    let most = u64::try_from(input::LONGEST_INPUT).unwrap_or(u64::MAX).saturating_add(1);
    input.take(most).read_to_end(&mut bytes).map_err(Failure::StandardInput)?;
    Ok(bytes)
}
