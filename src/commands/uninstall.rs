//! `flowcheck uninstall`: takes the hook out again.

use super::{Exit, Failure, Global};

/// What `flowcheck uninstall` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("uninstall"))
}
