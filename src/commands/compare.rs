//! `flowcheck audit --compare-policy`: which past updates another policy would judge otherwise.

use std::path::Path;

use super::{Exit, Failure, Global, audit, in_force, output};
use crate::history::{Refs, Seconds};
use crate::policy::Policy;
use crate::report::compare::{self, Comparison};
use crate::repository::Repository;

/// Judges the history by both policies, from one and the same beginning, and says where they differ.
pub(super) fn run(
    global: &Global,
    repository: &Repository,
    policy: &Policy,
    other: &Path,
    (refs, since, now): (&Refs, &[String], Seconds),
) -> Result<Exit, Failure> {
    let write = writer(global)?;
    let named = Global { policy: Some(other.to_owned()), ..global.clone() };
    let mut other = in_force::policy(&named, repository, in_force::side_of(repository))?;
    // What is compared is the model: both begin where the flow was adopted here.
    other.audit_since.clone_from(&policy.audit_since);
    let was = audit::judge(policy, repository, refs, since, now)?;
    let would = audit::judge(&other, repository, refs, since, now)?;
    let comparison = compare::compare(&was, &would);
    output::print(&write(&comparison))?;
    Ok(if comparison.changes.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn writer(global: &Global) -> Result<fn(&Comparison) -> String, Failure> {
    match global.format.last().map_or("text", String::as_str) {
        "text" => Ok(compare::text),
        "json" => Ok(compare::json),
        other => Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text and json" }),
    }
}
