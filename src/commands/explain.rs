//! `flowcheck explain`: prints a rule's page.

use super::{Exit, Failure, Global};

/// What `flowcheck explain` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("explain"))
}
