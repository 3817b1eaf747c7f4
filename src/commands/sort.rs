//! `flowcheck sort`: puts versions from standard input into flow order.

use super::output::{print, tell};
use super::{Exit, Failure, Global, in_force, pre_receive};
use crate::facts::version_of;
use crate::history::name::escape;
use crate::policy::Policy;
use crate::report;
use crate::version::Version;

/// What `flowcheck sort` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The last version first
    #[arg(short, long)]
    reverse: bool,
}

/// A line that is no version: then nothing is printed, for half an order is none.
#[derive(Debug, thiserror::Error)]
#[error("sort: line {line} is no version: `{text}`")]
pub struct NoVersion {
    line: usize,
    text: String,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let input = pre_receive::standard_input()?;
    let mut sorted = sorted(&in_force::policy_here(global)?, &input)?;
    if let Some(note) = difference(&sorted) {
        tell(&report::wrap(&note, "", "  "));
    }
    if args.reverse {
        sorted.reverse();
    }
    let lines: Vec<String> = sorted.into_iter().map(|(_, text)| text + "\n").collect();
    print(&lines.concat())?;
    Ok(Exit::Clean)
}

/// Returns the versions with the lines that name them, in flow order; empty lines are left out.
fn sorted(policy: &Policy, input: &[u8]) -> Result<Vec<(Version, String)>, NoVersion> {
    let mut versions = vec![];
    for (at, line) in input.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let text = std::str::from_utf8(line).ok();
        let named = text.and_then(|text| Some((version(policy, text)?, text.to_owned())));
        versions.push(named.ok_or_else(|| NoVersion { line: at + 1, text: escape(line) })?);
    }
    versions.sort_by_key(|(version, _)| *version);
    Ok(versions)
}

/// Reads a version tag of the policy, or `X.Y.Z` and `X.Y.Z-hotfixN` as they stand.
fn version(policy: &Policy, text: &str) -> Option<Version> {
    version_of(policy, text).or_else(|| Version::parse(text))
}

/// Returns a sentence where Semantic Versioning would order otherwise.
fn difference(sorted: &[(Version, String)]) -> Option<String> {
    let semver = |version: &Version| semver::Version::parse(&version.to_string()).ok();
    let swapped = |pair: &&[(Version, String)]| semver(&pair[0].0) > semver(&pair[1].0);
    let pair = sorted.windows(2).find(swapped)?;
    Some(format!(
        "note: this is the order in which versions ship; Semantic Versioning would put `{}` before `{}`",
        escape(pair[1].1.as_bytes()),
        escape(pair[0].1.as_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(input: &str) -> Vec<String> {
        let sorted = sorted(&Policy::built_in(), input.as_bytes()).unwrap();
        sorted.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_hotfix_ships_after_its_release_and_before_the_next() {
        let input = "v1.0.1\nv1.0.0-hotfix10\n\nv1.0.0-hotfix2\r\nv1.0.0\nv0.9.10\nv0.9.9\n";
        let expected = ["v0.9.9", "v0.9.10", "v1.0.0", "v1.0.0-hotfix2", "v1.0.0-hotfix10", "v1.0.1"];
        assert_eq!(order(input), expected);
        assert_eq!(order("1.0.0-hotfix1\n1.0.0"), ["1.0.0", "1.0.0-hotfix1"]);
    }

    #[test]
    fn a_line_that_is_no_version_is_named() {
        for text in ["v1.0", "1.0.0-hotfix0", "1.0.0-hotfix01", "1.0.0-hotfix+1", "v1.0.0-rc1", "\u{1b}[2J"] {
            let error = sorted(&Policy::built_in(), format!("1.0.0\n{text}\n").as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("sort: line 2 is no version: `{}`", escape(text.as_bytes()))
            );
        }
    }

    #[test]
    fn where_semver_would_order_otherwise_it_is_said() {
        let note = |input: &str| difference(&sorted(&Policy::built_in(), input.as_bytes()).unwrap());
        assert!(note("v1.0.0\nv1.0.0-hotfix1\n").unwrap().ends_with("put `v1.0.0-hotfix1` before `v1.0.0`"));
        assert!(note("1.0.0-hotfix2\n1.0.0-hotfix10\n").unwrap().contains("`1.0.0-hotfix10` before"));
        assert_eq!(note("v1.0.0\nv1.0.1\n"), None);
    }
}
