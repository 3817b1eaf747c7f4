//! A git that runs the hooks which its configuration names: 2.54 or newer.

use std::process::Command;

/// Returns the search path with which such a git is run: the usual one, or that with the directory
/// first that `FLOWCHECK_TEST_GIT` names; `None` where neither has one, and the test cannot be run.
pub fn search_path() -> Option<String> {
    let usual = std::env::var("PATH").unwrap_or_default();
    let named = std::env::var("FLOWCHECK_TEST_GIT").map(|directory| format!("{directory}:{usual}"));
    let found = named.into_iter().chain([usual]).find(|path| is_newer(path));
    if found.is_none() {
        eprintln!("skipped: git 2.54 or newer is not installed");
    }
    found
}

fn is_newer(path: &str) -> bool {
    let output = Command::new("git").arg("--version").env("PATH", path).output().expect("git can be run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers =
        said.split(' ').nth(2).unwrap_or_default().split('.').map_while(|part| part.parse().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(54_u32))
}
