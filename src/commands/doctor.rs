//! `flowcheck doctor`: proves that the hook runs and sees every ref.

use super::{Exit, Failure, Global};

/// What `flowcheck doctor` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("doctor"))
}
