//! What every world objects to is a finding; what only some object to is undecidable, for then
//! dates alone decide, and dates are claims.

use std::collections::BTreeSet;

use super::Replayed;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::history::{Answer, Unreadable};

/// Why what only some worlds object to is no finding.
pub(super) const DATES: &str = "only the dates say what came first, and dates are claims";

/// The rules that lacked the contents of commits, and could not say everything.
#[derive(Default)]
pub(super) struct Open {
    rules: BTreeSet<&'static str>,
    troubles: usize,
}

impl Open {
    /// Notes the rule that was just asked, if something could not be learned for it.
    pub(super) fn watch(&mut self, rule: &'static str, facts: &Facts<'_>) {
        if facts.troubles() > self.troubles {
            self.troubles = facts.troubles();
            self.rules.insert(rule);
        }
    }

    /// Contents that are not here leave a question open; everything else ends the audit.
    pub(super) fn settle(self, facts: &Facts<'_>, findings: &[Finding], found: &mut Replayed) -> Answer<()> {
        if facts.troubles() == 0 {
            return Ok(());
        }
        let mut why = DATES;
        for trouble in facts.trouble() {
            match trouble {
                Unreadable::NotCompared(_) => {}
                Unreadable::Missing(_) => why = "a file or directory that it compares is not in this clone",
                other => return Err(other),
            }
        }
        for rule in self.rules {
            if findings.iter().all(|finding| finding.rule != rule) {
                note(found, rule, why);
            }
        }
        Ok(())
    }
}

/// Keeps what the latest world and all others object to; the rest rests on dates alone.
pub(super) fn settle(latest: Vec<Finding>, others: &[&[Finding]], found: &mut Replayed) {
    let same =
        |a: &Finding, b: &Finding| a.rule == b.rule && a.at_most == b.at_most && a.message == b.message;
    let said_in = |world: &[Finding], finding: &Finding| world.iter().any(|other| same(finding, other));
    let (sure, unsure): (Vec<Finding>, Vec<Finding>) = latest
        .into_iter()
        .partition(|finding| others.iter().all(|world| said_in(world, finding)) && !finding.momentary);
    let mut open: Vec<&Finding> = unsure.iter().collect();
    for finding in others.iter().copied().flatten() {
        if !said_in(&sure, finding) && !open.iter().any(|other| same(finding, other)) {
            open.push(finding);
        }
    }
    for finding in open {
        if sure.iter().all(|other| other.rule != finding.rule) {
            note(found, finding.rule, DATES);
        }
    }
    found.findings.extend(sure.into_iter().map(known));
}

/// Says of a finding what it cannot know.
pub(super) fn known(finding: Finding) -> Finding {
    match finding.rule {
        // Another branch may have held the same commits, and be gone.
        "merge-source" => finding.note("as far as the branches that still stand show").warning(),
        _ => finding,
    }
}

/// Counts a question that history does not answer.
pub(super) fn note(found: &mut Replayed, rule: &str, why: &str) {
    let entry = found.undecidable.entry(rule.to_owned()).or_default();
    entry.count += 1;
    if entry.why.is_empty() {
        why.clone_into(&mut entry.why);
    }
}
