//! `flowcheck pre-receive`: server hook: judges the push that standard input describes.

use super::{Exit, Failure, Global};

/// What `flowcheck pre-receive` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("pre-receive"))
}
