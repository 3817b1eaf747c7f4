//! `flowcheck policy check`: says every mistake of a policy at once.

use std::path::PathBuf;

use serde_json::json;

use super::super::in_force::Here;
use super::super::output::{print, tell};
use super::super::{Color, Exit, Failure, Global};
use crate::facts::deployment_of;
use crate::history::RefName;
use crate::policy::discovery::Found;
use crate::policy::{Mistakes, PRESETS, Policy, no_files, read};
use crate::report::{self, wrap};
use crate::repository::Repository;

/// What `flowcheck policy check` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy (default: the one in force here)
    file: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = super::repository(global)?;
    let here = Here::of(repository.as_ref());
    let found = super::found(global, &here, args.file.as_deref())?;
    let result = match &found {
        Some(found) => found.read(&here),
        None => read("built-in", PRESETS[0].text.as_bytes(), &no_files),
    };
    let source = found.as_ref().map_or("built-in", Found::shown);
    let refs = match (&result, &repository) {
        (Ok(reading), Some(repository)) => undeployable(&reading.policy, repository)?,
        _ => vec![],
    };
    if global.format.iter().any(|format| format == "json") {
        print(&as_json(source, result.as_ref().map(|reading| &reading.advice), &refs))?;
    } else {
        let said = result.as_ref().map_or_else(|mistakes| mistakes, |reading| &reading.advice);
        for (name, environment) in &refs {
            tell(&wrap(&report::undeployable(name, environment), "warning: ", "  "));
        }
        say(global, said, refs.len(), result.is_ok(), source);
    }
    // A policy with mistakes is no finding about a push: nothing can be judged by it.
    if result.is_ok() { Ok(Exit::Clean) } else { Err(Failure::Said) }
}

/// Returns the refs of this repository that their names keep from being deployed, and where they
/// should go.
fn undeployable(policy: &Policy, repository: &Repository) -> Result<Vec<(RefName, String)>, Failure> {
    let refs = repository.refs(&["refs/heads/", "refs/tags/"]).map_err(Failure::History)?;
    let names = refs.iter().map(|entry| &entry.name);
    Ok(names.filter_map(|name| Some((name.clone(), deployment_of(policy, name).undeployable?))).collect())
}

fn say(global: &Global, said: &Mistakes, refs: usize, good: bool, source: &str) {
    if !said.is_empty() {
        tell(&said.render(colours(global.color)));
    }
    let source = crate::history::name::escape(source.as_bytes());
    match (good, said.count() + refs) {
        (true, _) if global.quiet => {}
        (true, 0) => tell(&format!("flowcheck: no mistake in {source}\n")),
        (true, count) => tell(&format!("flowcheck: no mistake in {source}, {}\n", counted(count, "warning"))),
        (false, count) => tell(&format!("flowcheck: {} in {source}\n", counted(count, "mistake"))),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn as_json(source: &str, result: Result<&Mistakes, &Mistakes>, refs: &[(RefName, String)]) -> String {
    let places = |mistakes: Option<&Mistakes>| mistakes.map(Mistakes::places).unwrap_or_default();
    let answer = json!({
        "version": 1,
        "command": "policy check",
        "policy": { "source": source },
        "mistakes": places(result.err()),
        "warnings": places(result.ok()),
        "refs": refs.iter().map(|(name, environment)| json!({
            "ref": name.to_string(),
            "environment": environment,
            "message": report::undeployable(name, environment),
        })).collect::<Vec<_>>(),
    });
    format!("{answer:#}\n")
}

/// Whether people who read standard error see colours.
fn colours(asked: Color) -> bool {
    match asked {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
    }
}
