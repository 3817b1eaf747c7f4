//! `flowcheck man`: writes the man pages.

use super::{Exit, Failure, Global};

/// What `flowcheck man` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("man"))
}
