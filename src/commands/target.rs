//! `flowcheck target`: prints what a pipeline for this ref deploys, and where.

use super::{Exit, Failure, Global};

/// What `flowcheck target` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("target"))
}
