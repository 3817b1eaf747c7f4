//! `flowcheck audit`: judges the history of a repository.

use super::{Exit, Failure, Global};

/// What `flowcheck audit` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("audit"))
}
