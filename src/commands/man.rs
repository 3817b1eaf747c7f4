//! `flowcheck man`: writes the man pages.

use std::path::PathBuf;

use clap::{Command, CommandFactory as _};

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
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &args.to else {
        print(&roff(command)?)?;
        return Ok(Exit::Clean);
    };
    let subcommands = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    for sub in subcommands {
        let name = format!("flowcheck-{}", sub.get_name());
        let page = roff(sub.clone().name(&name))?;
        write_whole(&directory.join(format!("{name}.1")), page.as_bytes())?;
    }
    write_whole(&directory.join("flowcheck.1"), roff(command)?.as_bytes())?;
    write_whole(&directory.join("git-flowcheck.1"), b".so man1/flowcheck.1\n")?;
    Ok(Exit::Clean)
}

fn roff(command: Command) -> Result<String, Failure> {
    let mut page = vec![];
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::Output)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
