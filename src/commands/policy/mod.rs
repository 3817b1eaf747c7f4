//! `flowcheck policy`: checks, shows, describes or tests a policy.

mod check;
mod show;
mod test;

use std::path::Path;

use super::in_force::{self, Here};
use super::output::print;
use super::{Exit, Failure, Global};
use crate::policy::discovery::{Found, Lookups as _, Place, Side};
use crate::policy::schema;
use crate::repository::{Environment, Repository};

/// Where a policy is looked for, for the long help.
pub(super) const DISCOVERY: &str = "\
The policy is the first of these that is there:
  1. --policy FILE
  2. FLOWCHECK_POLICY: on a server, only where the hook's own script sets it
  3. `git config flowcheck.policy`
  4. custom_hooks/policy.toml or hooks/policy.toml in a server's repository
  5. .flowcheck.toml, or a policy.toml that has `version` and `[lines]`: on a
     server at the tip of the default branch as it was before the push, in a
     clone in the work tree
  6. the built-in flow, which `flowcheck init` writes down";

/// What can be done with a policy.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Says every mistake of a policy at once
    Check(check::Args),
    /// Shows every setting
    Show(show::Args),
    /// Prints the JSON Schema of policy.toml, for editors
    Schema,
    /// Runs scenario files against the policy
    Test(test::Args),
}

pub(super) fn run(global: &Global, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(args) => check::run(global, args),
        Command::Show(args) => show::run(global, args),
        Command::Schema => {
            print(&format!("{:#}\n", schema()))?;
            Ok(Exit::Clean)
        }
        Command::Test(args) => test::run(global, args),
    }
}

/// The policy that a command is about: the file that is named, else the one in force here.
/// `None`: the built-in default.
fn found(global: &Global, here: &Here<'_>, file: Option<&Path>) -> Result<Option<Found>, Failure> {
    let Some(file) = file else {
        let side = here.repository.map_or(Side::Client, in_force::side_of);
        return in_force::discover(global, here, side);
    };
    let path = in_force::text(file)?.to_owned();
    match here.read(Place::Disk, &path) {
        Ok(Some(bytes)) => Ok(Some(Found { place: Place::Disk, path, bytes })),
        Ok(None) => Err(Failure::Read { path, why: "there is no such file".to_owned() }),
        Err(why) => Err(Failure::Read { path, why }),
    }
}

/// Returns the repository here; a policy can be looked at without one.
fn repository(global: &Global) -> Result<Option<Repository>, Failure> {
    let environment = Environment::of_process()?;
    match Repository::open(&environment, global.repo.as_deref()) {
        Ok(repository) => Ok(Some(repository)),
        Err(crate::repository::Failure::NotFound(_)) if global.repo.is_none() => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
