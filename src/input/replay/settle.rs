//! What both worlds object to is a finding; what only one objects to is undecidable, for then
//! dates alone decide, and dates are claims.

use super::Replayed;
use crate::finding::Finding;

/// Keeps what both worlds object to; the rest rests on dates alone.
pub(super) fn settle(latest: Vec<Finding>, dated: &[Finding], found: &mut Replayed) {
    let same =
        |a: &Finding, b: &Finding| a.rule == b.rule && a.at_most == b.at_most && a.message == b.message;
    let (sure, unsure): (Vec<Finding>, Vec<Finding>) = latest
        .into_iter()
        .partition(|finding| dated.iter().any(|other| same(finding, other)) && !finding.momentary);
    let only_dated: Vec<&Finding> = dated
        .iter()
        .filter(|finding| !sure.iter().chain(&unsure).any(|other| same(finding, other)))
        .collect();
    for finding in unsure.iter().chain(only_dated) {
        if sure.iter().all(|known| known.rule != finding.rule) {
            note(found, finding.rule, "only the dates say what came first, and dates are claims");
        }
    }
    found.findings.extend(sure.into_iter().map(|finding| match finding.rule {
        // Another branch may have held the same commits, and be gone.
        "merge-source" => finding.note("as far as the branches that still stand show").warning(),
        _ => finding,
    }));
}

/// Counts a question that history does not answer.
pub(super) fn note(found: &mut Replayed, rule: &str, why: &str) {
    let entry = found.undecidable.entry(rule.to_owned()).or_default();
    entry.count += 1;
    if entry.why.is_empty() {
        why.clone_into(&mut entry.why);
    }
}
