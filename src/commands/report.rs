//! `flowcheck report merge`: joins the parts of a fleet's audit.

use std::path::PathBuf;

use super::fleet::{self, Reports};
use super::{Exit, FailOn, Failure, Global};
use crate::history::name::escape;
use crate::report::Format;
use crate::report::fleet::Fleet;

/// What can be done with reports.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Joins the parts that `flowcheck audit --fleet DIR --shard I/N` wrote
    Merge(Merge),
}

/// What `flowcheck report merge` takes.
#[derive(Debug, clap::Args)]
pub struct Merge {
    /// The parts, in any order: lines of JSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,
}

pub(super) fn run(global: &Global, command: &Command) -> Result<Exit, Failure> {
    let Command::Merge(args) = command;
    let reports = Reports::or(global, Format::Text)?;
    let mut files = vec![];
    for file in &args.files {
        let name = escape(file.as_os_str().as_encoded_bytes());
        let content = std::fs::read(file)
            .map_err(|error| Failure::Read { path: name.clone(), why: error.to_string() })?;
        files.push((name, content));
    }
    let fleet = Fleet::join(&files)?;
    reports.write(&fleet, false)?;
    fleet::exit(&fleet, args.fail_on)
}
