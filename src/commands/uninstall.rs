//! `flowcheck uninstall`: takes the hook out again.

use super::install::{self, Plan};
use super::{Exit, Failure, Global};
use crate::repository::{Environment, Repository};

/// What `flowcheck uninstall` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let steps = install::taken_out(&repository)?;
    let plan = if steps.is_empty() {
        Plan::Done("no hook of flowcheck is here".to_owned())
    } else {
        Plan::Steps(steps)
    };
    install::carry_out(global, plan, args.dry_run, "flowcheck: everything is as it was before")
}
