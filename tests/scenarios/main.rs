//! Every scenario, of `tests/scenarios/` and of the rules' pages: judged in memory and by a real
//! `git push`, both have to say what the scenario expects.
//!
//! `SCENARIO=lost-fix cargo test --test scenarios` plays those whose place contains the word.

mod command;
mod fixes;
mod messages;
mod pages;
mod players;
mod server;
mod spoken;

use std::path::{Path, PathBuf};

use players::{Told, play_all, wrong_with};

/// A scenario and where it stands.
struct Written {
    /// `tests/scenarios/…toml`, or a rule's page.
    place: String,
    /// The line of the place's file before the scenario's first.
    line: usize,
    text: String,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).expect("the directory of scenarios can be read") {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn of_files() -> Vec<Written> {
    let read = |path: PathBuf| Written {
        place: path.strip_prefix(top()).expect("it is below the top").display().to_string(),
        line: 0,
        text: std::fs::read_to_string(&path).expect("a scenario is text"),
    };
    files(&top().join("tests/scenarios")).into_iter().map(read).collect()
}

fn wanted(written: &Written) -> bool {
    std::env::var("SCENARIO").is_ok_and(|word| !word.is_empty() && !written.place.contains(&word))
}

fn hold(written: Vec<Written>) {
    let chosen: Vec<Written> = written.into_iter().filter(|written| !wanted(written)).collect();
    let failures: Vec<String> = play_all(&chosen, wrong_with).into_iter().filter_map(Told::failure).collect();
    assert!(failures.is_empty(), "{} of {} fail\n\n{}", failures.len(), chosen.len(), failures.join("\n"));
}

#[test]
fn every_scenario_says_what_it_expects() {
    hold(of_files());
}

#[test]
fn every_example_of_a_rules_page_says_what_it_expects() {
    hold(pages::examples());
}

#[test]
fn the_documentation_shows_a_scenario_that_holds() {
    let place = "docs/scenarios.md";
    let page = std::fs::read_to_string(top().join(place)).expect("the page is there");
    let (before, rest) = page.split_once("```toml").expect("it shows a scenario");
    let (_, rest) = rest.split_once('\n').expect("the scenario begins");
    let (text, _) = rest.split_once("```").expect("the scenario ends");
    let line = before.lines().count() + 1;
    hold(vec![Written { place: place.to_owned(), line, text: text.to_owned() }]);
}

#[test]
fn a_fix_fixes() {
    let all: Vec<Written> = of_files().into_iter().chain(pages::examples()).collect();
    let chosen: Vec<Written> = all.into_iter().filter(|written| !wanted(written)).collect();
    let failures: Vec<String> =
        play_all(&chosen, fixes::useless_in).into_iter().filter_map(Told::failure).collect();
    assert!(failures.is_empty(), "{} of {} fail\n\n{}", failures.len(), chosen.len(), failures.join("\n"));
}
