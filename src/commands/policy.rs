//! `flowcheck policy`: checks, shows, describes or tests a policy.

use super::{Exit, Failure, Global};

/// What `flowcheck policy` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("policy"))
}
