//! `flowcheck install`: puts the hook in place beside whatever is there.

mod client;
mod scripts;
mod server;
mod settings;
mod steps;
mod tar;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::output::tell;
use super::{Exit, Failure, Global};
use crate::repository::{Environment, Repository};

pub(super) use client::in_place as of_clone;
pub(super) use server::in_place as of_server;
pub(super) use steps::Step;

/// What `flowcheck install` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Put the hooks of a server into this bare repository
    #[arg(long)]
    server: bool,
    /// Print the tar archive that `gitaly hooks set` reads
    #[arg(long, requires = "server")]
    gitlab: bool,
    /// The flowcheck that the hooks run (default: this one)
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What is to be done, or what the user has to do.
pub(super) enum Plan {
    /// These steps, in this order.
    Steps(Vec<Step>),
    /// Nothing: it is as it should be.
    Done(String),
    /// Somebody else looks after the hooks; this is what to add there.
    Add(String),
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let binary = binary(args)?;
    if args.gitlab {
        return gitlab(global, &binary, args.dry_run);
    }
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let plan = if args.server {
        server::install(&repository, &binary)?
    } else {
        client::install(&repository, &binary)?
    };
    carry_out(global, plan, args.dry_run, "hint: flowcheck doctor")
}

/// Plans to take out every hook of ours.
pub(super) fn taken_out(repository: &Repository) -> Result<Vec<Step>, Failure> {
    let mut steps = server::uninstall(repository)?;
    steps.extend(client::uninstall(repository)?);
    Ok(steps)
}

/// Takes the steps of a plan, and says each.
pub(super) fn carry_out(global: &Global, plan: Plan, dry_run: bool, next: &str) -> Result<Exit, Failure> {
    let steps = match plan {
        Plan::Steps(steps) => steps,
        Plan::Done(why) => {
            say(global, &format!("flowcheck: {why}\n"));
            return Ok(Exit::Clean);
        }
        Plan::Add(text) => {
            tell(&text);
            return Err(Failure::Said);
        }
    };
    for step in &steps {
        say(global, &format!("flowcheck: {}{step}\n", if dry_run { "would " } else { "" }));
        if !dry_run {
            step.take()?;
        }
    }
    if !dry_run {
        say(global, &format!("{next}\n"));
    }
    Ok(Exit::Clean)
}

fn say(global: &Global, text: &str) {
    if !global.quiet {
        tell(text);
    }
}

/// Returns the program that the hooks run, by its full path: a hook's PATH is not the user's.
fn binary(args: &Args) -> Result<String, Failure> {
    let path = match &args.binary {
        Some(path) => std::path::absolute(path),
        None => std::env::current_exe(),
    };
    let path = path.map_err(Failure::Itself)?;
    super::in_force::text(&path).map(str::to_owned)
}

fn gitlab(global: &Global, binary: &str, dry_run: bool) -> Result<Exit, Failure> {
    let policy = match &global.policy {
        Some(path) => std::fs::read(path)
            .map_err(|why| Failure::Read { path: path.display().to_string(), why: why.to_string() })?,
        None => crate::policy::PRESETS[0].text.as_bytes().to_vec(),
    };
    let files = server::gitlab(binary, policy);
    for file in &files {
        say(global, &format!("flowcheck: {}pack {}\n", if dry_run { "would " } else { "" }, file.path));
    }
    if !dry_run {
        use std::io::Write as _;
        let archive = tar::archive(&files);
        std::io::stdout().write_all(&archive).map_err(Failure::Output)?;
        say(
            global,
            "hint: gitaly hooks set --repository <path> --config config.toml < hooks.tar\n\
             hint: it replaces all of custom_hooks: add the hooks that are there already\n",
        );
    }
    Ok(Exit::Clean)
}

/// Returns what git prints, without the line's end; `None` where it fails.
pub(super) fn ask(command: &mut Command, args: &[&str]) -> Option<String> {
    let output = command.args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}

/// Returns the version of git: major and minor.
pub(super) fn git_version(repository: &Repository) -> Option<(u32, u32)> {
    let text = ask(&mut repository.git(), &["--version"])?;
    let mut numbers = text.split(' ').nth(2)?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Returns the directory that git runs hooks from, and whether `core.hooksPath` names it.
pub(super) fn hooks_directory(repository: &Repository) -> (PathBuf, bool) {
    let named = ask(&mut repository.git(), &["config", "--type=path", "--get", "core.hooksPath"]);
    if let Some(path) = named.filter(|path| !path.is_empty()) {
        let top = repository.worktree().unwrap_or_else(|| repository.common_dir());
        return (top.join(path), true);
    }
    let shared = repository.common_dir();
    // From a linked work tree, the way there goes up and down.
    let shared = std::fs::canonicalize(shared).unwrap_or_else(|_| shared.to_owned());
    (shared.join("hooks"), false)
}

/// Returns how a path is shown.
fn shown(path: &Path) -> String {
    crate::history::name::escape(path.as_os_str().as_encoded_bytes())
}
