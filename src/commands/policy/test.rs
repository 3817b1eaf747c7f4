//! `flowcheck policy test`: runs scenario files against the policy.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::in_force::{Here, read};
use super::super::output::print;
use super::super::{Exit, Failure, Global};
use crate::history::name::escape;
use crate::policy::Policy;
use crate::report::{Format, Report, render};
use crate::scenario::{self, Difference, Scenario};
use crate::verdict::Verdict;

/// What `flowcheck policy test` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A scenario file draws a history, pushes onto it, and says what has to be said:

    title = \"a feature may not enter a release\"
    history = '''
    A---B---------F    (feature/basket, develop@B)
         \\         \\
          R---------M  (release-1.0.0@R)
    '''
    [[push]]
    set = { \"release-1.0.0\" = \"M\" }
    expect = [\"merge-source release-1.0.0\"]

`expect` lists every finding as \"rule ref\", or \"warn rule ref\" where it does
not reject; `[]` means: accepted without a word. A scenario that names a
`policy` of its own is judged by that.")]
pub struct Args {
    /// Scenario files, and directories that hold them (`*.toml`)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What came of one file.
enum Outcome {
    /// Everything is said as expected.
    Holds(String),
    /// Something is not.
    Differs(String, Vec<Difference>),
    /// The file, or what it asks for, makes no sense; says why.
    Broken(String),
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let policy = policy(global)?;
    let mut outcomes = vec![];
    for path in &args.files {
        for file in scenarios(path)? {
            let shown = escape(file.to_string_lossy().as_bytes());
            outcomes.push((shown, outcome(&file, &policy)?));
        }
    }
    if global.format.iter().any(|format| format == "json") {
        print(&as_json(&outcomes))?;
    } else {
        print(&as_text(&outcomes, global.quiet))?;
    }
    let broken = |outcome: &Outcome| matches!(outcome, Outcome::Broken(_));
    let holds = |outcome: &Outcome| matches!(outcome, Outcome::Holds(_));
    if outcomes.iter().any(|(_, outcome)| broken(outcome)) {
        // What is wrong with which file stands in the answer.
        return Err(Failure::Said);
    }
    Ok(if outcomes.iter().all(|(_, outcome)| holds(outcome)) { Exit::Clean } else { Exit::Findings })
}

/// Returns the policy that scenarios without one of their own are held against.
fn policy(global: &Global) -> Result<Policy, Failure> {
    let repository = super::repository(global)?;
    let here = Here::of(repository.as_ref());
    match super::found(global, &here, global.policy.as_deref())? {
        Some(found) => Ok(read(&found, &here)?.policy),
        None => Ok(Policy::built_in()),
    }
}

/// Returns the file, or every scenario file below the directory.
fn scenarios(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::Read {
        path: escape(path.to_string_lossy().as_bytes()),
        why: error.to_string(),
    };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = vec![];
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let inside = entry.path();
        // Links are not followed: a directory may hold itself.
        if entry.file_type().map_err(failed)?.is_dir() {
            found.extend(scenarios(&inside)?);
        } else if inside.extension().is_some_and(|extension| extension == "toml") {
            found.push(inside);
        }
    }
    found.sort();
    Ok(found)
}

fn outcome(file: &Path, policy: &Policy) -> Result<Outcome, Failure> {
    let shown = || escape(file.to_string_lossy().as_bytes());
    let bytes =
        std::fs::read(file).map_err(|error| Failure::Read { path: shown(), why: error.to_string() })?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Outcome::Broken("it is not UTF-8".to_owned()));
    };
    Ok(match held(&text, policy) {
        Ok((title, differences)) if differences.is_empty() => Outcome::Holds(title),
        Ok((title, differences)) => Outcome::Differs(title, differences),
        Err(why) => Outcome::Broken(why),
    })
}

fn held(text: &str, policy: &Policy) -> Result<(String, Vec<Difference>), String> {
    let scenario = Scenario::read(text)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let chosen = scenario.chosen()?;
    let policy = chosen.as_ref().map_or(policy, |chosen| &chosen.policy);
    let (differences, _) = scenario::hold(&scenario, policy, &worded)
        .map_err(|stopped| format!("could not {stopped}: {}", stopped.source))?;
    Ok((scenario.title.clone(), differences))
}

fn worded(verdict: &Verdict) -> String {
    render(&Report { command: "policy test", verdict, verbose: true, audited: None }, Format::Text)
}

/// Returns text that is safe to print, every line behind `margin`.
fn clean(text: &str, margin: &str) -> String {
    let line = |line: &str| format!("{margin}{}\n", escape(line.as_bytes()));
    text.lines().map(line).collect::<Vec<_>>().concat()
}

fn as_text(outcomes: &[(String, Outcome)], quiet: bool) -> String {
    let said: Vec<String> = outcomes.iter().map(|(file, outcome)| lines(file, outcome, quiet)).collect();
    let count = |kind: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, outcome)| kind(outcome)).count();
    let holds = count(|outcome| matches!(outcome, Outcome::Holds(_)));
    let others = [
        (count(|outcome| matches!(outcome, Outcome::Differs(..))), "differ"),
        (count(|outcome| matches!(outcome, Outcome::Broken(_))), "broken"),
    ];
    let others = others.into_iter().filter(|(count, _)| *count > 0);
    let others: Vec<String> = others.map(|(count, what)| format!(", {count} {what}")).collect();
    format!("{}flowcheck: {holds} of {} hold{}\n", said.concat(), outcomes.len(), others.concat())
}

fn lines(file: &str, outcome: &Outcome, quiet: bool) -> String {
    match outcome {
        Outcome::Holds(_) if quiet => String::new(),
        Outcome::Holds(title) => format!("holds    {file}: {}\n", escape(title.as_bytes())),
        Outcome::Broken(why) => format!("broken   {file}\n{}", clean(why, "  ")),
        Outcome::Differs(title, differences) => {
            let parts: Vec<String> = differences
                .iter()
                .map(|difference| place(file, difference) + &clean(&difference.text, ""))
                .collect();
            format!("differs  {file}: {}\n{}", escape(title.as_bytes()), parts.concat())
        }
    }
}

fn place(file: &str, difference: &Difference) -> String {
    match difference.line {
        Some(line) => format!("  {file}:{line}: {}\n", escape(difference.title.as_bytes())),
        None => "  the audit after the last push\n".to_owned(),
    }
}

fn as_json(outcomes: &[(String, Outcome)]) -> String {
    let scenarios: Vec<_> = outcomes
        .iter()
        .map(|(file, outcome)| match outcome {
            Outcome::Holds(title) => json!({"file": file, "title": title, "result": "holds"}),
            Outcome::Differs(title, differences) => {
                let differences: Vec<_> = differences
                    .iter()
                    .map(|one| json!({"line": one.line, "title": one.title, "text": one.text}))
                    .collect();
                json!({"file": file, "title": title, "result": "differs", "differences": differences})
            }
            Outcome::Broken(why) => json!({"file": file, "result": "broken", "why": why}),
        })
        .collect();
    format!("{:#}\n", json!({"version": 1, "command": "policy test", "scenarios": scenarios}))
}
