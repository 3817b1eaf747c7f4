//! `flowcheck rules`: lists all rules with their levels.

use super::output::print;
use super::{Exit, Failure, Global, in_force};
use crate::report;

/// What `flowcheck rules` takes.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(global: &Global, _args: &Args) -> Result<Exit, Failure> {
    let policy = in_force::policy_here(global)?;
    print(&report::list_of_rules(&policy, jiff::Timestamp::now().as_second()))?;
    Ok(Exit::Clean)
}
