//! Every message in one place, to be read in one go: what each rule says in the scenarios and on
//! the rules' pages, once for each wording.

use std::cell::RefCell;
use std::collections::BTreeMap;

use flowcheck::finding::Finding;
use flowcheck::policy::Policy;
use flowcheck::rules::RULES;
use flowcheck::scenario::{self, Scenario};

use crate::{Written, of_files, pages};

/// Wordings of one rule: the shape of each, and its first example.
type Wordings = BTreeMap<String, String>;

#[test]
fn the_messages_of_all_rules() {
    let said: RefCell<BTreeMap<&str, Wordings>> = RefCell::default();
    for written in pages::examples().into_iter().chain(of_files()) {
        listen(&written, &said);
    }
    let said = said.into_inner();
    let mut text = String::new();
    let mut silent = vec![];
    for rule in RULES {
        match said.get(rule.id) {
            None => silent.push(rule.id),
            Some(wordings) => {
                text.extend([rule.id, "\n", &"=".repeat(rule.id.len()), "\n"]);
                text.extend(wordings.values().map(|wording| format!("{wording}\n")));
            }
        }
    }
    assert!(silent.is_empty(), "no scenario makes these rules speak: {}", silent.join(", "));
    insta::assert_snapshot!(text);
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
