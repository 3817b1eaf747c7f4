//! `flowcheck rules`: lists all rules with their levels.

use super::{Exit, Failure, Global};

/// What `flowcheck rules` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("rules"))
}
