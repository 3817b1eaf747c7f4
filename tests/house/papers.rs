//! The papers at the top of the repository say what they have to.

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

/// README.md and the pages below docs/, but for those of the rules.
fn pages() -> Vec<std::path::PathBuf> {
    let rules = top().join("docs/rules");
    let docs = files(&top().join("docs"), "md").into_iter().filter(|page| !page.starts_with(&rules));
    docs.chain([top().join("README.md"), top().join("ARCHITECTURE.md")]).collect()
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
        let text = text(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if link.is_empty() || link.contains("://") {
                continue;
            }
            let to = page.parent().expect("a page is in a directory").join(link);
            assert!(to.exists(), "{} links to {link}", page.display());
        }
    }
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
