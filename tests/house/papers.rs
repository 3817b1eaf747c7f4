//! The papers at the top of the repository say what they have to.

use crate::fences::fences;
use crate::{files, text, top};

#[test]
fn the_readme_opens_with_two_commands() {
    let readme = text(&top().join("README.md"));
    let commands: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("```"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .collect();
    assert_eq!(commands, ["$ cargo run --release -- demo", "$ cargo test"]);
    let before: Vec<&str> = readme.lines().take_while(|line| !line.starts_with("```")).collect();
    assert_eq!(before, ["# flowcheck", ""], "nothing stands before the commands but the name");
}

#[test]
fn five_commands_lead_from_a_clone_to_the_first_refused_push() {
    let blocks = fences(&text(&top().join("README.md")));
    let first =
        blocks.iter().find(|block| block.lines.first().is_some_and(|line| line.starts_with("$ git clone")));
    let lines = &first.expect("it begins with a clone").lines;
    let commands: Vec<&String> = lines.iter().filter(|line| line.starts_with("$ ")).collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    assert!(
        commands[4].starts_with("$ git push ") && lines.iter().any(|line| line.ends_with("push rejected"))
    );
}

#[test]
fn both_licences_are_there_and_named() {
    let named = text(&top().join("LICENSE"));
    assert!(named.contains("SPDX-License-Identifier: MIT OR Apache-2.0"));
    for (file, words) in [
        ("LICENSE-MIT", "THE SOFTWARE IS PROVIDED \"AS IS\""),
        ("LICENSE-APACHE", "END OF TERMS AND CONDITIONS"),
    ] {
        assert!(named.contains(file), "LICENSE does not name {file}");
        assert!(text(&top().join(file)).contains(words), "{file} is not whole");
    }
    assert!(text(&top().join("Cargo.toml")).contains("license = \"MIT OR Apache-2.0\""));
}

#[test]
fn the_changelog_has_a_place_for_the_next_change() {
    let changelog = text(&top().join("CHANGELOG.md"));
    assert!(changelog.starts_with("# Changelog\n"));
    assert!(changelog.contains("\n## [Unreleased]\n"));
}

/// Every page but those of the rules, which the registry holds.
fn pages() -> Vec<std::path::PathBuf> {
    let rules = top().join("docs/rules");
    crate::fences::pages().into_iter().filter(|page| !page.starts_with(&rules)).collect()
}

#[test]
fn the_index_of_the_documentation_is_complete() {
    let index = text(&top().join("docs/README.md"));
    for page in files(&top().join("docs"), "md") {
        let name = page.strip_prefix(top().join("docs")).expect("it is below docs/");
        let is_listed = index.contains(&format!("]({})", name.display()));
        let is_elsewhere = name.starts_with("rules") || name.ends_with("README.md");
        assert!(is_listed || is_elsewhere, "docs/README.md does not lead to {}", name.display());
    }
}

#[test]
fn both_readmes_show_the_same() {
    let [english, chinese] = ["README.md", "README.zh.md"].map(|name| text(&top().join(name)));
    let shown = |page: &str| -> Vec<_> {
        fences(page).into_iter().map(|fence| (fence.kind, fence.note, fence.lines)).collect()
    };
    for (one, other) in shown(&english).into_iter().zip(shown(&chinese)) {
        assert_eq!(one, other);
    }
    let links = |page: &str| -> std::collections::BTreeSet<String> {
        page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
    };
    let (mut english, mut chinese) = (links(&english), links(&chinese));
    english.remove("README.zh.md");
    chinese.remove("README.md");
    assert_eq!(english, chinese, "both lead to the same pages");
}

#[test]
fn every_command_that_is_named_exists() {
    let mut asked = std::collections::BTreeSet::new();
    for page in pages() {
        let text = text(&page);
        let named = text.split("flowcheck ").skip(1).zip(text.split("flowcheck "));
        for (after, before) in named.filter(|(_, before)| before.ends_with(['`', '$', ' ', '/'])) {
            let quoted = before.ends_with(['`', '/']) || before.ends_with("$ ") || before.ends_with("exec ");
            let word: String = after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            if quoted && !word.is_empty() && !word.starts_with('-') && asked.insert(word.clone()) {
                let help = std::process::Command::new(env!("CARGO_BIN_EXE_flowcheck"))
                    .args([&word, "--help"])
                    .output()
                    .expect("the binary was built");
                assert!(help.status.success(), "{}: there is no `flowcheck {word}`", page.display());
            }
        }
    }
    assert!(asked.contains("pre-receive") && asked.contains("confirm"), "{asked:?}");
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for page in pages() {
        let own = text(&page);
        for link in own.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let to = page.parent().expect("a page is in a directory").join(file);
            assert!(to.exists(), "{} links to {link}", page.display());
            let other = if file.is_empty() { own.clone() } else { text(&to) };
            assert!(place.is_empty() || has_place(&other, place), "{} links to {link}", page.display());
        }
    }
}

/// Whether a page has a heading that is called so in links.
fn has_place(page: &str, place: &str) -> bool {
    let called = |heading: &str| -> String {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    page.lines()
        .filter_map(|line| line.strip_prefix("##"))
        .any(|rest| called(rest.trim_start_matches('#')) == place)
}

#[test]
fn every_key_of_the_policy_is_in_its_reference() {
    let reference = text(&top().join("docs/policy.md"));
    let example = text(&top().join("policy.toml.example"));
    let keys = example.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    let keys: Vec<&str> =
        keys.filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect();
    assert!(keys.len() > 20, "policy.toml.example was not read: {keys:?}");
    for key in keys {
        let named = reference.contains(&format!("`{key}`")) || reference.contains(&format!("] {key}`"));
        assert!(named, "docs/policy.md does not have `{key}`");
    }
}
