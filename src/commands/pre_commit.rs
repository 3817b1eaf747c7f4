//! What the framework pre-commit hands over of a push: the first ref, in variables.

use super::Failure;
use super::check::NoCheck;
use crate::history::{Oid, RefName, Refs};
use crate::input::{Environment, PrePushLine};
use crate::repository::Repository;

/// Said whenever it happens: nobody can tell here whether there were more.
pub(super) const ONLY_THE_FIRST: &str = "\
flowcheck: pre-commit hands over only the first ref of a push
hint: flowcheck install puts a hook beside it that sees every ref
";

/// Returns the remote that is pushed to.
pub(super) fn remote(variables: &Environment) -> Option<String> {
    variables.get("PRE_COMMIT_REMOTE_NAME").map(ToString::to_string)
}

/// Returns the line that git would have written for the ref. What it had before is not handed
/// over: it is taken from what was fetched last.
pub(super) fn lines(
    variables: &Environment,
    repository: &Repository,
    known: &Refs,
) -> Result<Vec<PrePushLine>, Failure> {
    let get = |name: &str| variables.get(name).map(ToOwned::to_owned);
    let (Some(local), Some(name)) = (get("PRE_COMMIT_LOCAL_BRANCH"), get("PRE_COMMIT_REMOTE_BRANCH")) else {
        return Ok(vec![]);
    };
    let new = match get("PRE_COMMIT_TO_REF").and_then(|hex| Oid::from_hex(&hex).ok()) {
        Some(id) => id,
        // Where a whole history is pushed, only its name is handed over.
        None => here(repository, &RefName::new(local.clone()))?,
    };
    let name = RefName::new(name);
    let old = known.get(&name).map(|entry| entry.id);
    Ok(vec![PrePushLine { local, new: Some(new), name, old }])
}

fn here(repository: &Repository, name: &RefName) -> Result<Oid, Failure> {
    let refs = repository.refs(&["refs/heads/", "refs/tags/"]).map_err(Failure::Judge)?;
    let head = || repository.head().ok().flatten().filter(|_| name.full() == "HEAD");
    let found = refs.get(name).map(|entry| entry.id).or_else(head);
    found.ok_or_else(|| NoCheck::NoRef(name.short()).into())
}
