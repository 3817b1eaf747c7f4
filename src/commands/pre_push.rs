//! `flowcheck pre-push`: client hook: judges what is about to arrive on a remote.

use super::{Exit, Failure, Global};

/// What `flowcheck pre-push` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("pre-push"))
}
