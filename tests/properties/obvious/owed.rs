//! What is confirmed and not merged back.

use std::collections::BTreeSet;

use flowcheck::finding::Level;
use flowcheck::history::RefName;
use flowcheck::version::Release;

use super::verdict::Raw;
use super::{Case, records, tags};

/// Returns what `merge-back-missing` says of the refs before the push.
pub(super) fn judge(case: &Case<'_>) -> Vec<Raw> {
    let Some(releases) = &case.policy.releases else { return vec![] };
    let confirmed: BTreeSet<Release> = case.confirmed.iter().map(|version| version.release).collect();
    let mut owed = vec![];
    for release in confirmed {
        let of_it = case.confirmed.iter().rfind(|version| version.release == release);
        let version = *of_it.expect("it is a release of a confirmed version");
        let Some(tag) = case.versions(case.before()).get(&version).copied() else { continue };
        let late = case.push.now - records::since(case, version) > case.policy.confirmation.merge_back_within;
        for role in &releases.into {
            let missing = |line| !tags::is_there(case, version, tag, line);
            if let (Some(line), true) =
                (case.policy.line(*role), case.tip(case.before(), *role).is_some_and(missing))
            {
                let name = RefName::of_branch(&line.branch);
                owed.push(Raw { rule: "merge-back-missing", name, most: Level::Error, overdue: late });
            }
        }
    }
    owed
}
