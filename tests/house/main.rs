//! What holds for the house as a whole: its layers, its registry, its papers, its links.

mod columns;
mod demo;
mod examples;
mod fences;
mod layers;
mod linkage;
mod packages;
mod papers;
mod reference;
mod registry;
mod traces;

use std::path::{Path, PathBuf};

/// Returns the top of the repository.
fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file of the repository.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path)
        .unwrap_or_else(|failure| panic!("could not read {}: {failure}", path.display()))
}

/// Returns every file below `dir` whose name ends in `.extension`, sorted; none where there is no `dir`.
fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for entry in entries {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|has| has == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}
