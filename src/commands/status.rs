//! `flowcheck status`: shows every release with its state and what is owed.

use super::{Exit, Failure, Global};

/// What `flowcheck status` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("status"))
}
