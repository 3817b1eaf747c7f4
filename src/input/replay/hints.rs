//! What the name of a branch that is known from a merge's subject only would add: warnings.

use super::Replayed;
use super::scene::{Scene, Trunk};
use super::settle::note;
use super::worlds::World;
use crate::facts::{LineId, RefKind, kind_of};
use crate::finding::{Finding, Named};
use crate::history::{Answer, Oid, Ref, RefName};
use crate::input::subject::{merged_name, merges_a_tag};

impl Scene<'_> {
    /// What the name in a merge's subject would add: a warning, for it is only a claim.
    pub(super) fn hint(&self, trunk: &Trunk, at: u32, found: &mut Replayed) -> Answer<()> {
        let step = self.chart.trunk(trunk.lane)[at as usize];
        let [_, merged] = *self.chart.survey.parents(step) else { return Ok(()) };
        let (step, merged) = (self.chart.survey.id(step), self.chart.survey.id(merged));
        let subject = self.replay.history.subject(step)?;
        let Some(branch) = merged_name(&subject).filter(|_| !merges_a_tag(&subject)) else {
            return Ok(());
        };
        let name = RefName::of_branch(branch);
        if name == trunk.name {
            // Somebody's copy of the line and the line itself: which of them was the line before?
            note(found, "foxtrot-merge", "a line was merged into itself, and may have changed sides");
            return Ok(());
        }
        let policy = self.replay.policy;
        let kind = kind_of(policy, &name);
        let is_line = matches!(kind, RefKind::Integration);
        let known = self.replay.refs.get(&name).is_some() && !is_line;
        if known || kind_of(policy, &RefName::of_tag(branch)) != RefKind::Tag {
            return Ok(());
        }
        found.asked.names += usize::from(matches!(kind, RefKind::Branch | RefKind::Topic { .. }));
        if kind == RefKind::Branch {
            let message = format!("`{}` was merged, and is not a branch name of this policy", name.short());
            let mut finding = claimed(Finding::new(&name, message), step, subject);
            finding.rule = "branch-name";
            finding.new = Some(merged);
            finding.object = Some(step);
            found.findings.push(finding);
            return Ok(());
        }
        if kind == RefKind::Integration && trunk.line == LineId::Production {
            let message = format!("`{}` was merged into `{}`", name.short(), trunk.name.short());
            let mut finding = claimed(Finding::new(&trunk.name, message), step, subject);
            finding.rule = "merge-source";
            finding.new = Some(step);
            found.findings.push(finding);
            return Ok(());
        }
        let RefKind::Topic { kind, .. } = kind else { return Ok(()) };
        if policy.topics[kind].into.contains(&trunk.line.role()) {
            return Ok(());
        }
        let plain = self.step_findings(trunk, at, World::Latest, None, &mut Replayed::default())?;
        let named = self.step_findings(
            trunk,
            at,
            World::Latest,
            Some(Ref::new(name.clone(), merged)),
            &mut Replayed::default(),
        )?;
        for finding in named {
            if !plain.iter().any(|other| other.rule == finding.rule) && !finding.momentary {
                found
                    .findings
                    .push(finding.note("the name is known from the merge's subject only").warning());
            }
        }
        Ok(())
    }
}

/// Adds the merge that a name is known from: a warning, for a subject is only a claim.
fn claimed(finding: Finding, merge: Oid, subject: String) -> Finding {
    finding
        .commits("the merge:", vec![Named { id: merge, subject }], 1)
        .note("the name is known from the merge's subject only")
        .warning()
}
