//! `flowcheck completions`: prints a completion script for a shell.

use super::{Exit, Failure, Global};

/// What `flowcheck completions` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("completions"))
}
