//! `flowcheck policy check`: says every mistake of a policy at once.

use std::path::PathBuf;

use serde_json::json;

use super::super::in_force::Here;
use super::super::output::{print, tell};
use super::super::{Color, Exit, Failure, Global};
use crate::policy::discovery::Found;
use crate::policy::{Mistakes, PRESETS, no_files, read};

/// What `flowcheck policy check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The policy (default: the one in force here)
    file: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = super::repository(global)?;
    let here = Here { repository: repository.as_ref() };
    let found = super::found(global, &here, args.file.as_deref())?;
    let result = match &found {
        Some(found) => found.read(&here),
        None => read("built-in", PRESETS[0].text.as_bytes(), &no_files),
    };
    let source = found.as_ref().map_or("built-in", Found::shown);
    if global.format.iter().any(|format| format == "json") {
        print(&as_json(source, result.as_ref().map(|reading| &reading.advice)))?;
    } else {
        let said = result.as_ref().map_or_else(|mistakes| mistakes, |reading| &reading.advice);
        say(global, said, result.is_ok(), source);
    }
    // A policy with mistakes is no finding about a push: nothing can be judged by it.
    if result.is_ok() { Ok(Exit::Clean) } else { Err(Failure::Said) }
}

fn say(global: &Global, said: &Mistakes, good: bool, source: &str) {
    if !said.is_empty() {
        tell(&said.render(colours(global.color)));
    }
    let source = crate::history::name::escape(source.as_bytes());
    match (good, said.count()) {
        (true, _) if global.quiet => {}
        (true, 0) => tell(&format!("flowcheck: no mistake in {source}\n")),
        (true, count) => tell(&format!("flowcheck: no mistake in {source}, {}\n", counted(count, "warning"))),
        (false, count) => tell(&format!("flowcheck: {} in {source}\n", counted(count, "mistake"))),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn as_json(source: &str, result: Result<&Mistakes, &Mistakes>) -> String {
    let places = |mistakes: Option<&Mistakes>| mistakes.map(Mistakes::places).unwrap_or_default();
    let answer = json!({
        "version": 1,
        "command": "policy check",
        "policy": { "source": source },
        "mistakes": places(result.err()),
        "warnings": places(result.ok()),
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
