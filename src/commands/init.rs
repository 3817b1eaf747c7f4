//! `flowcheck init`: writes a commented policy.toml.

use super::{Exit, Failure, Global};

/// What `flowcheck init` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("init"))
}
