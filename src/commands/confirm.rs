//! `flowcheck confirm`: records that a version tag runs well in an environment.

use super::{Exit, Failure, Global};

/// What `flowcheck confirm` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("confirm"))
}
