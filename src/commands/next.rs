//! `flowcheck next`: prints the next version tag of a release line.

use super::{Exit, Failure, Global};

/// What `flowcheck next` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("next"))
}
