//! Every message in one place, to be read in one go: `messages.txt` holds what each rule says in
//! the scenarios and on the rules' pages, once for each wording, with one example; then why a
//! command may not do its work, and what the commands say of themselves.
//!
//! A wording that is new or gone fails the test. `MESSAGES=write cargo test --test scenarios
//! the_messages` writes the file anew; then read what has changed in it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use flowcheck::finding::Finding;
use flowcheck::policy::Policy;
use flowcheck::rules::RULES;
use flowcheck::scenario::{self, Scenario};

use crate::{Written, of_files, pages, spoken, top};

/// Wordings of one rule: the shape of each, and an example.
type Wordings = BTreeMap<String, String>;

#[test]
fn the_messages_of_all_rules_are_those_that_were_read() {
    let said: RefCell<BTreeMap<&str, Wordings>> = RefCell::default();
    for written in pages::examples().into_iter().chain(of_files()) {
        listen(&written, &said);
    }
    let said = said.into_inner();
    let silent: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !said.contains_key(id)).collect();
    assert!(silent.is_empty(), "no scenario makes these rules speak: {}", silent.join(", "));
    let file = top().join("tests/scenarios/messages.txt");
    if std::env::var_os("MESSAGES").is_some() {
        std::fs::write(&file, page(&said) + &spoken::page()).expect("the file is ours");
        return;
    }
    let text = std::fs::read_to_string(&file).expect("the file is there");
    let (rules, rest) = text.split_at(text.find(spoken::FIRST).unwrap_or(text.len()));
    let read = known(rules);
    let is: BTreeSet<(String, String)> = said
        .iter()
        .flat_map(|(rule, wordings)| wordings.keys().map(|shape| ((*rule).to_owned(), shape.clone())))
        .collect();
    let new: Vec<&str> =
        is.difference(&read).map(|(rule, shape)| said[rule.as_str()][shape].as_str()).collect();
    let gone: Vec<&str> = read.difference(&is).map(|(_, shape)| shape.as_str()).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "not in messages.txt:\n{}\nnot said any more:\n{}\n(MESSAGES=write writes it anew)",
        new.join("\n"),
        gone.join("\n")
    );
    let spoken = spoken::page();
    let differs = spoken.lines().zip(rest.lines()).find(|(is, was)| is != was);
    assert!(
        spoken == rest,
        "messages.txt is not what is said beside the rules; first: {differs:?}\n(MESSAGES=write writes it anew)"
    );
}

fn page(said: &BTreeMap<&str, Wordings>) -> String {
    let mut text = String::new();
    for rule in RULES {
        text.extend(["== ", rule.id, "\n\n"]);
        for wording in said[rule.id].values() {
            text.extend([wording.as_str(), "\n"]);
        }
    }
    text
}

/// Returns the rule and the shape of every wording in the file.
fn known(page: &str) -> BTreeSet<(String, String)> {
    let mut rule = "";
    let mut known = BTreeSet::new();
    for paragraph in page.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        match paragraph.strip_prefix("== ") {
            Some(id) => rule = id,
            None => drop(known.insert((rule.to_owned(), shape(paragraph)))),
        }
    }
    known
}

fn listen(written: &Written, said: &RefCell<BTreeMap<&'static str, Wordings>>) {
    // What is wrong with a scenario itself, other tests say.
    let Ok(scenario) = Scenario::read(&written.text) else { return };
    let Ok(chosen) = scenario.chosen() else { return };
    let policy = chosen.map_or_else(Policy::built_in, |chosen| chosen.policy);
    let hear = |verdict: &flowcheck::verdict::Verdict| {
        for judged in &verdict.findings {
            let text = worded(&judged.finding);
            let mut said = said.borrow_mut();
            let wordings = said.entry(judged.finding.rule).or_default();
            wordings.entry(shape(&text)).or_insert(text);
        }
        String::new()
    };
    let _ = scenario::hold(&scenario, &policy, &hear);
}

/// Returns a finding in lines: its message, then what follows it.
fn worded(finding: &Finding) -> String {
    let mut text = format!("{}\n", finding.message);
    text.extend(finding.caption.iter().map(|caption| format!("  {caption}\n")));
    text.extend(finding.commits.iter().map(|commit| format!("    {}\n", commit.subject)));
    text.extend(finding.notes.iter().map(|note| format!("  {note}\n")));
    text.extend(finding.fix.iter().map(|command| format!("  $ {}\n", without_ids(command))));
    text
}

/// Returns text in which whatever looks like a commit's id is `<id>`.
fn without_ids(text: &str) -> String {
    let id = regex::Regex::new(r"\b[0-9a-f]{7,40}\b").expect("it is written right here");
    id.replace_all(text, "<id>").into_owned()
}

/// Returns what two findings have in common that differ in names and numbers alone: the first
/// line, the first note, and how many commands there are.
fn shape(text: &str) -> String {
    let message = text.lines().next().unwrap_or_default();
    let note = text.lines().skip(1).find(|line| !line.starts_with("    ") && !line.ends_with(':'));
    let names = regex::Regex::new(r"`[^`]*`|\d+(\.\d+)*").expect("it is written right here");
    let commands = text.lines().filter(|line| line.starts_with("  $ ")).count();
    let said = format!("{message}\n{}", note.filter(|note| !note.starts_with("  $ ")).unwrap_or_default());
    format!("{} {commands}", names.replace_all(&said, "`"))
}
