//! `flowcheck demo`: plays one whole sprint with real pushes and shows what is said.

use super::{Exit, Failure, Global};

/// What `flowcheck demo` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("demo"))
}
