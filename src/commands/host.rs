//! Which server runs a hook, and for which repositories.

use std::path::Path;

use clap::builder::PossibleValuesParser;

use super::arrival::Arrival;
use super::hook::variables;
use super::{Failure, Global, in_force, install};
use crate::input::Host;
use crate::policy::discovery::Side;
use crate::policy::{Policy, SERVERS};
use crate::repository::{self, Repository};

/// What a server's hooks take.
#[derive(Debug, Default, clap::Args)]
pub struct HostArgs {
    /// What runs the hook (default: what the policy says, else what the variables show)
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(SERVERS))]
    server: Option<String>,
    /// The hook is there for every repository: only those that have a policy are judged
    #[arg(long)]
    host_wide: bool,
}

impl HostArgs {
    /// Returns where the push arrives; `None` where it is not for flowcheck to judge: a wiki, or a
    /// repository that only a hook for all repositories concerns and that has no policy.
    pub(super) fn arrival(&self, global: &Global, hook: &str) -> Result<Option<Arrival>, Failure> {
        let usual = variables(None);
        usual.without_namespace()?;
        let repository = Repository::open(&repository::Environment::of_process()?, global.repo.as_deref())?;
        let found = in_force::found(global, &repository, Side::Server)?;
        let is_built_in = found.is_none();
        let mut policy = found.map_or_else(|| in_force::built_in(&repository, Side::Server), Ok)?;
        self.pin(&mut policy);
        let environment = match policy.server.user_variable.as_deref() {
            None => usual,
            named => variables(named),
        };
        let host = environment.host(&policy.server);
        if environment.is_exempt(host)
            || is_built_in && (self.host_wide || serves_all(&repository, host, hook))
        {
            return Ok(None);
        }
        Ok(Some(Arrival { repository, policy, environment, host }))
    }

    /// Returns the words for who sees GitLab's web page, before a policy is read.
    pub(super) fn is_web(&self) -> bool {
        let mut policy = Policy::built_in();
        self.pin(&mut policy);
        let environment = variables(None);
        environment.is_web(environment.host(&policy.server))
    }

    fn pin(&self, policy: &mut Policy) {
        if let Some(kind) = &self.server {
            policy.server.kind.clone_from(kind);
        }
    }
}

/// Whether the hook that runs is not this repository's own but all repositories'.
///
/// Where that is not certain it is taken for the repository's own: then the push is judged.
fn serves_all(repository: &Repository, host: Host, hook: &str) -> bool {
    let top = repository.common_dir();
    let is_there = |directory: &str| has_hook(&top.join(directory), hook);
    match host {
        Host::GitLab => {
            // Old versions of GitLab linked every repository's `hooks` to their own.
            !is_there("custom_hooks") && (top.join("hooks").is_symlink() || !is_there("hooks"))
        }
        // gitolite's own `update` hook is there for all, but calls flowcheck by a repository's rule.
        Host::Gitolite if hook == "update" => false,
        Host::Gitolite if is_common(&top.join("hooks").join(hook)) => true,
        _ => {
            let has_own = is_there("hooks");
            // Only what this leaves is worth asking git.
            (!has_own || repository.config("core.hooksPath").is_some())
                && is_configured_for_all(repository, has_own)
        }
    }
}

fn has_hook(directory: &Path, hook: &str) -> bool {
    let mut several = std::fs::read_dir(directory.join(format!("{hook}.d"))).into_iter().flatten();
    directory.join(hook).exists() || several.next().is_some()
}

/// Whether gitolite put this hook into every repository.
fn is_common(hook: &Path) -> bool {
    let common = Path::new("hooks/common");
    std::fs::read_link(hook).is_ok_and(|to| to.parent().is_some_and(|to| to.ends_with(common)))
}

/// Whether git's configuration for this host names the hooks that run here.
fn is_configured_for_all(repository: &Repository, has_own: bool) -> bool {
    let keys = r"^(core\.hookspath|hook\..*\.event)$";
    let said = install::ask(&mut repository.git(), &["config", "--show-scope", "--get-regexp", keys]);
    let said = said.unwrap_or_default();
    let settings = || said.lines().filter_map(|line| line.split_once('\t'));
    let is_own = |scope: &str| matches!(scope, "local" | "worktree");
    if settings().any(|(scope, _)| is_own(scope)) {
        return false;
    }
    // A directory of hooks for all takes the place of the repository's own; a single hook does not.
    settings().any(|(_, setting)| !has_own || setting.starts_with("core."))
}
