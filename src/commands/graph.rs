//! `flowcheck graph`: draws the flow as a picture (SVG).

use super::{Exit, Failure, Global};

/// What `flowcheck graph` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("graph"))
}
