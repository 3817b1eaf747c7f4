//! The files for pipelines and hook managers are run, as far as that goes without their services:
//! the YAML is parsed, its rules are applied, and its script parts run in real repositories.

mod action;
#[path = "../gits/claimed.rs"]
mod claimed_git;
mod component;
mod fleet;
mod gitlab;
mod managers;
mod shop;
mod stage;
mod yaml;

/// Returns the path of a file of this repository.
fn top(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(top(name)).expect("it is in this repository")
}
