//! `flowcheck sort`: puts versions from standard input into flow order.

use super::{Exit, Failure, Global};

/// What `flowcheck sort` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("sort"))
}
