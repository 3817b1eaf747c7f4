//! `flowcheck update`: server hook for one ref: the same judgement.

use super::{Exit, Failure, Global};

/// What `flowcheck update` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("update"))
}
