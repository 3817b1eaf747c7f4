//! What a clone knows of a remote: its branches as they were fetched last, and the tags.

use std::collections::BTreeSet;

use super::Failure;
use crate::history::{History as _, Oid, Ref, RefName, Refs, Unreadable};
use crate::policy::Policy;
use crate::push::{Place, Push, RefUpdate};
use crate::repository::Repository;
use crate::verdict::{self, Verdict};

/// A remote, by the name that this clone gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// The name: what commands call it.
    pub name: String,
    tracking: String,
}

impl Remote {
    /// Returns the remote that is called `name`.
    pub(super) fn named(repository: &Repository, name: &str) -> Self {
        let fetched = repository.config(&format!("remote.{name}.fetch"));
        let tracking = fetched.as_deref().and_then(tracking_prefix);
        let tracking = tracking.unwrap_or_else(|| format!("refs/remotes/{name}/"));
        Self { name: name.to_owned(), tracking }
    }

    /// Returns the remote called `name`, else the one that the current branch is pushed to.
    pub(super) fn chosen(repository: &Repository, name: Option<&str>) -> Result<Self, Failure> {
        if let Some(name) = name {
            return Ok(Self::named(repository, name));
        }
        let current = repository.default_branch().map_err(Failure::History)?;
        let current = current.as_ref().and_then(RefName::branch).map(ToString::to_string);
        Ok(Self::of_branch(repository, current.as_deref()))
    }

    /// Returns the remote that `git push` was given: a name, or the address of one that has a
    /// name. `None` where nothing is known of that address.
    pub(super) fn given(repository: &Repository, name_or_url: &str) -> Option<Self> {
        let url = |name: &str| repository.config(&format!("remote.{name}.url"));
        if url(name_or_url).is_some() {
            return Some(Self::named(repository, name_or_url));
        }
        let pushes_there = |name: &String| {
            let push_url = repository.config(&format!("remote.{name}.pushurl"));
            push_url.or_else(|| url(name)).is_some_and(|known| plain(&known) == plain(name_or_url))
        };
        let known = repository.remotes().into_iter().find(pushes_there)?;
        Some(Self::named(repository, &known))
    }

    /// Returns the remote that the branch `branch` is pushed to.
    pub(super) fn of_branch(repository: &Repository, branch: Option<&str>) -> Self {
        let configured = branch
            .and_then(|branch| {
                let of_branch = |key| repository.config(&format!("branch.{branch}.{key}"));
                of_branch("pushRemote")
                    .or_else(|| repository.config("remote.pushDefault"))
                    .or_else(|| of_branch("remote"))
            })
            .filter(|name| name != ".");
        Self::named(repository, configured.as_deref().unwrap_or("origin"))
    }

    /// Returns the refs that the remote is known to have, or has if nobody was quicker: its
    /// branches as they were fetched last, and every tag of this clone.
    pub(super) fn refs(&self, repository: &Repository) -> Result<Refs, Failure> {
        let refs = repository.refs(&[&self.tracking, "refs/tags/"]).map_err(Failure::Judge)?;
        Ok(refs.iter().filter_map(|entry| self.as_there(entry)).collect())
    }

    fn as_there(&self, entry: &Ref) -> Option<Ref> {
        if entry.name.tag().is_some() {
            return Some(entry.clone());
        }
        let branch = entry.name.full().strip_prefix(self.tracking.as_bytes())?;
        // `HEAD` is this clone's note of the default branch.
        (branch != b"HEAD").then(|| {
            let name = RefName::new([b"refs/heads/", branch].concat());
            Ref { name, symbolic: None, ..entry.clone() }
        })
    }
}

/// Returns the refs that a repository speaks of: a server's own; in a clone the branches of the
/// remote, as they were fetched last, and those that only this clone has.
pub(super) fn seen(repository: &Repository, remote: &Remote, more: &[&str]) -> Result<Refs, Failure> {
    let prefixes = [&["refs/heads/", "refs/tags/"], more].concat();
    let mut refs = repository.refs(&prefixes).map_err(Failure::History)?;
    if repository.worktree().is_some() {
        let there = remote.refs(repository)?;
        there.below("refs/heads/").iter().for_each(|entry| refs.set(entry.clone()));
    }
    Ok(refs)
}

/// Returns where a fetch rule keeps the remote's branches, if it fetches them all.
fn tracking_prefix(rule: &str) -> Option<String> {
    let (from, to) = rule.trim_start_matches('+').split_once(':')?;
    let to = to.strip_suffix('*').filter(|_| from == "refs/heads/*")?;
    Some(to.to_owned())
}

/// Returns an address without what servers do not look at.
fn plain(address: &str) -> &str {
    let address = address.trim_end_matches('/');
    address.strip_suffix(".git").unwrap_or(address)
}

/// Judges what would arrive on `remote`; nobody is known to push, and what is absent may be there.
pub(super) fn judge(
    policy: &Policy,
    repository: &Repository,
    remote: &Remote,
    before: Refs,
    updates: Vec<RefUpdate>,
) -> Result<Verdict, Unreadable> {
    let push = Push {
        from_elsewhere: from_elsewhere(&repository.refs(&["refs/heads/"])?, &updates),
        place: Place::Clone,
        pusher: None,
        now: jiff::Timestamp::now().as_second(),
        remote: remote.name.clone(),
        ..Push::new(before, updates)
    };
    for old in push.updates.iter().filter_map(|update| update.old) {
        repository.object(old)?;
    }
    verdict::judge(policy, repository, &push)
}

/// Returns the branches that are pushed from no branch of that name.
fn from_elsewhere(here: &Refs, updates: &[RefUpdate]) -> BTreeSet<RefName> {
    let is_here = |update: &RefUpdate| here.get(&update.name).map(|entry| entry.id) == update.new;
    let branches = updates.iter().filter(|update| update.name.branch().is_some());
    branches.filter(|update| !is_here(update)).map(|update| update.name.clone()).collect()
}

/// Whether only somebody with more of the history can answer: the server can.
pub(super) fn server_knows(failure: &Unreadable) -> bool {
    matches!(failure, Unreadable::Missing(_) | Unreadable::Shallow(_))
}

/// Returns the refs with `name` at `value`.
pub(super) fn with(mut refs: Refs, name: &RefName, value: Option<Oid>) -> Refs {
    match value {
        Some(id) => refs.set(Ref::new(name.clone(), id)),
        None => refs.remove(name),
    }
    refs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_in_several_ways() {
        for address in
            ["https://git.example/shop", "https://git.example/shop.git", "https://git.example/shop/"]
        {
            assert_eq!(plain(address), "https://git.example/shop");
        }
        assert_ne!(plain("https://git.example/shop"), plain("https://git.example/other"));
    }

    #[test]
    fn a_rule_that_fetches_every_branch_says_where_they_are_kept() {
        let kept = |rule| tracking_prefix(rule);
        assert_eq!(kept("+refs/heads/*:refs/remotes/up/*").as_deref(), Some("refs/remotes/up/"));
        assert_eq!(kept("refs/heads/*:refs/kept/*").as_deref(), Some("refs/kept/"));
        assert_eq!(kept("+refs/heads/develop:refs/remotes/origin/develop"), None);
        assert_eq!(kept("+refs/*:refs/*"), None);
        assert_eq!(kept("refs/heads/develop"), None);
    }
}
