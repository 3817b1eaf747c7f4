//! `flowcheck check`: judges what would happen if these refs were pushed now.

use super::{Exit, Failure, Global};

/// What `flowcheck check` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("check"))
}
