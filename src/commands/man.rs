//! `flowcheck man`: writes the man pages.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::output::{print, write_whole};
use super::{Cli, Exit, Failure, Global};

/// What `flowcheck man` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write every page into this directory, one per command, and one so that
    /// `git help flowcheck` finds it; without it, the main page is printed
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub(super) fn run(_global: &Global, args: &Args) -> Result<Exit, Failure> {
    if let Some(directory) = &args.to {
        write(directory)?;
        return Ok(Exit::Clean);
    }
    let mut page = vec![];
    let command = Cli::command().disable_help_subcommand(true);
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::Output)?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Clean)
}

/// Writes the pages of all commands into `directory`, which is made where it is not there.
fn write(directory: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: directory.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
    write_whole(&directory.join("git-flowcheck.1"), b".so man1/flowcheck.1\n")
}
