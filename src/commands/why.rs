//! `flowcheck why`: shows how a ref is judged, by which clauses, from which evidence.

use super::{Exit, Failure, Global};

/// What `flowcheck why` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_global: &Global, _args: &Args) -> Result<Exit, Failure> {
    Err(Failure::NotBuilt("why"))
}
