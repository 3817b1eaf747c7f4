//! The papers at the top of the repository say what they have to.

use crate::{text, top};

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
