//! `flowcheck post-receive`: server hook: checks again what has become true, appends to the event log.

use super::{Exit, Failure, Global};

/// What `flowcheck post-receive` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("post-receive"))
}
