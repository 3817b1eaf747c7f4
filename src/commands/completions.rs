//! `flowcheck completions`: prints a completion script for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::output::print;
use super::{Cli, Exit, Failure, Global};

/// What `flowcheck completions` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell that shall complete
    shell: Shell,
}

pub(super) fn run(_global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "flowcheck", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
