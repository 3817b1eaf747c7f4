//! `flowcheck policy show`: every setting, and where it comes from.

use std::path::PathBuf;

use serde_json::{Map, json};

use super::super::in_force::Here;
use super::super::output::print;
use super::super::{Exit, Failure, Global};
use crate::policy::discovery::Found;
use crate::policy::{PRESETS, Setting, no_files, settings};
use crate::rules::RULES;

/// What `flowcheck policy show` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy (default: the one in force here)
    file: Option<PathBuf>,
    /// Say the file and the line that each setting comes from
    #[arg(long)]
    origin: bool,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = super::repository(global)?;
    let here = Here::of(repository.as_ref());
    let found = super::found(global, &here, args.file.as_deref())?;
    let read = match &found {
        Some(found) => settings(found.shown(), &found.bytes, &|name: &str| found.load(&here, name)),
        None => settings("built-in", PRESETS[0].text.as_bytes(), &no_files),
    };
    let mut lines = read.map_err(|mistakes| Failure::Policy(Box::new(mistakes)))?;
    add_levels(&mut lines);
    if global.format.iter().any(|format| format == "json") {
        print(&as_json(found.as_ref().map_or("built-in", Found::shown), &lines))?;
    } else {
        print(&as_text(&lines, args.origin))?;
    }
    Ok(Exit::Clean)
}

/// Adds the levels of the rules that the policy says nothing about.
fn add_levels(settings: &mut Vec<Setting>) {
    let end = settings.iter().position(|setting| setting.key.starts_with("exceptions"));
    let mut at = end.unwrap_or(settings.len());
    for rule in RULES {
        let key = format!("rules.{}", rule.id);
        let table = format!("{key}.");
        if settings.iter().any(|setting| setting.key == key || setting.key.starts_with(&table)) {
            continue;
        }
        let value = format!("\"{}\"", rule.level.name());
        settings.insert(at, Setting { key, value, clause: crate::finding::Clause::default(), default: true });
        at += 1;
    }
}

fn as_text(settings: &[Setting], origin: bool) -> String {
    let line = |setting: &Setting| {
        let line = format!("{} = {}", setting.key, setting.value);
        let line = crate::history::name::escape(line.as_bytes());
        if origin { format!("{}\t{line}\n", shown(setting)) } else { format!("{line}\n") }
    };
    settings.iter().map(line).collect()
}

/// Returns `policy.toml:31`, as `git config --show-origin` puts it in front.
fn shown(setting: &Setting) -> String {
    let file = crate::history::name::escape(setting.clause.file.as_bytes());
    match (file.as_str(), setting.clause.line) {
        ("", _) => "the rule itself".to_owned(),
        (_, 0) => file,
        (_, line) => format!("{file}:{line}"),
    }
}

fn as_json(source: &str, settings: &[Setting]) -> String {
    let setting = |setting: &Setting| {
        let from = json!({ "file": setting.clause.file, "line": setting.clause.line });
        let value = json!({ "value": setting.value, "default": setting.default, "clause": from });
        (setting.key.clone(), value)
    };
    let answer = json!({
        "version": 1,
        "command": "policy show",
        "policy": { "source": source },
        "settings": settings.iter().map(setting).collect::<Map<_, _>>(),
    });
    format!("{answer:#}\n")
}
