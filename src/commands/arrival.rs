//! Where a push arrives: the repository, its policy and the server, and how it is judged there.

use super::{Failure, event_log};
use crate::history::Refs;
use crate::input::{self, Environment, HookLine, Host};
use crate::policy::Policy;
use crate::push::{Place, Push, Pusher};
use crate::repository::Repository;
use crate::verdict::{self, Verdict};

/// Where a push arrives.
pub(super) struct Arrival {
    pub(super) repository: Repository,
    pub(super) policy: Policy,
    pub(super) environment: Environment,
    pub(super) host: Host,
}

impl Arrival {
    /// Returns who pushes, as this server says.
    pub(super) fn pusher(&self) -> Pusher {
        self.environment.pusher(self.host, &self.policy.server)
    }

    /// Returns what the server calls the repository.
    pub(super) fn name(&self) -> String {
        name(&self.repository, &self.environment, self.host)
    }

    /// Returns the refs that must be known to judge these lines, as they are now.
    pub(super) fn refs(&self, lines: &[HookLine]) -> Result<Refs, Failure> {
        let mut namespaces = input::namespaces(lines);
        if self.policy.confirmation.gitlab_environment {
            namespaces.insert("refs/environments/".to_owned());
        }
        let prefixes: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        self.repository.refs(&prefixes).map_err(Failure::Judge)
    }

    /// Judges the lines as a push to a repository that has the refs `before`.
    pub(super) fn judge(&self, lines: &[HookLine], before: Refs, now: i64) -> Result<Verdict, Failure> {
        let Self { repository, policy, environment, .. } = self;
        let received = input::received(lines, &before, repository, &|name| repository.stands_for(name))?;
        let push = Push {
            place: Place::Server,
            now,
            pusher: Some(self.pusher()),
            options: environment.push_options(),
            seen_tags: event_log::seen_tags(self, lines),
            ..Push::new(before, received.updates)
        };
        let verdict = verdict::judge(policy, repository, &push).map_err(Failure::Judge)?;
        Ok(Verdict { refs: received.refs, ..verdict })
    }
}

/// Returns what a server calls a repository; where it calls it nothing, its path.
pub(super) fn name(repository: &Repository, environment: &Environment, host: Host) -> String {
    environment.repository(host).unwrap_or_else(|| {
        let path = repository.common_dir();
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        crate::history::name::escape(path.as_os_str().as_encoded_bytes())
    })
}
