//! `flowcheck install`: puts the local hook in place beside whatever is there.

use super::{Exit, Failure, Global};

/// What `flowcheck install` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("install"))
}
