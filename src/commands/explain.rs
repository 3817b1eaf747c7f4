//! `flowcheck explain`: prints a rule's page.

use super::output::print;
use super::{Exit, Failure, Global};
use crate::report;

/// What `flowcheck explain` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rule, as messages name it in brackets
    #[arg(value_parser = clap::builder::StringValueParser::new())]
    rule: String,
}

pub(super) fn run(_global: &Global, args: &Args) -> Result<Exit, Failure> {
    print(&report::page(report::rule(&args.rule)?))?;
    Ok(Exit::Clean)
}
