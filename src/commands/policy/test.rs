//! `flowcheck policy test`: runs scenario files against the policy.

use super::super::{Exit, Failure, Global};

/// What `flowcheck policy test` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("policy test"))
}
