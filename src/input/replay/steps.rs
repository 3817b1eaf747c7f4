//! Each step of a line's trunk is an update of that line, judged in two worlds.

use super::chart::Place;
use super::scene::{Scene, Trunk};
use super::settle::{known, note, settle};
use super::worlds::World;
use super::{Replayed, squashes};
use crate::facts::LineId;
use crate::finding::Finding;
use crate::history::Answer;
use crate::policy::{Direct, LineRole, MergeStyle};

/// What can be objected to in a step.
enum Doubt {
    /// Nothing: no rule needs to be asked.
    None,
    /// The step itself, whatever else there was when it was made.
    Alone,
    /// Anything.
    Open,
}

impl Scene<'_> {
    pub(super) fn judge_trunk(
        &self,
        trunk: &Trunk,
        watch: &dyn Fn(&Replayed),
        found: &mut Replayed,
    ) -> Answer<()> {
        for at in trunk.birth + 1..=self.end(trunk) {
            self.judge_step(trunk, at, found)?;
            watch(found);
        }
        if trunk.uncut && !self.too_old(self.commit(trunk, self.end(trunk)))? {
            note(found, "branch-origin", "what a release line was cut from is not in the line that stands");
        }
        if trunk.gone {
            let why = "the release line is gone: whether its tags stood on it is no longer shown";
            note(found, "tag-origin", why);
        }
        if self.may_have_been_moved_there(trunk)? {
            let why = "the production line begins on the trunk of the integration line: whether it was made \
                       there or moved there is not recorded";
            note(found, "unconfirmed-merge-back", why);
        }
        let stepped = self.end(trunk) > trunk.birth;
        if stepped && self.style(trunk.line).is_some_and(|style| style != MergeStyle::MergeCommit) {
            note(found, "merge-source", "a fast-forward leaves no trace of what was merged");
        }
        Ok(())
    }

    /// Whether the production line begins with what the integration line made and nobody confirmed: it
    /// may have been made there, or fast-forwarded there.
    fn may_have_been_moved_there(&self, trunk: &Trunk) -> Answer<bool> {
        let begins = self.chart.trunk(trunk.lane)[0];
        let made = !self.chart.survey.parents(begins).is_empty();
        let shared = made && self.chart.place(begins).is_some_and(|place| place.lane != trunk.lane);
        if trunk.line != LineId::Production || !self.replay.policy.confirmation.required() || !shared {
            return Ok(false);
        }
        let begins_at = self.commit(trunk, 0);
        Ok(!self.too_old(begins_at)? && !squashes::was_confirmed(self, begins))
    }

    fn style(&self, line: LineId) -> Option<MergeStyle> {
        let policy = self.replay.policy;
        match line.role() {
            LineRole::Release => policy.releases.as_ref().map(|releases| releases.merge),
            role => policy.line(role).map(|line| line.merge),
        }
    }

    fn judge_step(&self, trunk: &Trunk, at: u32, found: &mut Replayed) -> Answer<()> {
        found.updates += 1;
        match if self.thorough { Doubt::Open } else { self.doubt(trunk, at) } {
            Doubt::None => return self.hint(trunk, at, found),
            Doubt::Alone => {
                let findings = self.step_alone(trunk, at, found)?;
                found.findings.extend(findings);
                return self.hint(trunk, at, found);
            }
            Doubt::Open => {}
        }
        let latest = self.step_findings(trunk, at, World::Latest, None, found)?;
        if latest.is_empty() && !self.brings_a_release(trunk, at) && !self.may_bring_what_failed(trunk) {
            return self.hint(trunk, at, found);
        }
        if self.log_decides(trunk, at)? {
            let logged = self.step_findings(trunk, at, World::Logged, None, found)?;
            found.findings.extend(logged.into_iter().map(known));
            return self.hint(trunk, at, found);
        }
        let dated = self.step_findings(trunk, at, World::Dated, None, found)?;
        let (latest, shared): (Vec<Finding>, Vec<Finding>) = latest
            .into_iter()
            .partition(|finding| finding.rule != "release-backflow" || self.made_on_a_line(finding));
        if !shared.is_empty() {
            note(
                found,
                "release-backflow",
                "two lines took the same branch in; which was first is not recorded",
            );
        }
        // No record that was ever made permits it, and a release had made it: whatever dates say.
        let (never, latest): (Vec<Finding>, Vec<Finding>) =
            latest.into_iter().partition(|finding| self.was_never_confirmed(finding));
        let said = |it: &Finding| never.iter().any(|other| other.rule == it.rule);
        let dated: Vec<Finding> = dated.into_iter().filter(|it| !said(it)).collect();
        // What the dates do not object to is undecidable, whatever came first of the same second.
        if !dated.is_empty() && self.is_tied(trunk, at)? {
            let tied = self.step_findings(trunk, at, World::Tied, None, &mut Replayed::default())?;
            let tied: Vec<Finding> = tied.into_iter().filter(|it| !said(it)).collect();
            settle(latest, &[&dated, &tied], found);
        } else {
            settle(latest, &[&dated], found);
        }
        found.findings.extend(never);
        self.hint(trunk, at, found)
    }

    /// Returns what can be objected to in a step: what the integration line takes in by a merge is
    /// nobody's else, for whatever holds some of it holds the step. (The production line likewise,
    /// where its content is no question.)
    fn doubt(&self, trunk: &Trunk, at: u32) -> Doubt {
        let policy = self.replay.policy;
        let asks_content = policy.confirmation.required() || policy.tags.on == LineRole::Release;
        let Some(line) = policy.line(trunk.line.role()) else { return Doubt::Open };
        if trunk.line == LineId::Production && asks_content || self.may_take_squashed(trunk, at) {
            return Doubt::Open;
        }
        let place = Place { lane: trunk.lane, at };
        let step = self.chart.trunk(trunk.lane)[at as usize];
        let mut brought = 0;
        for commit in self.chart.taken(place) {
            brought += 1;
            for taker in self.chart.takers(commit) {
                let with_the_step = || self.chart.takers(step).any(|other| other == taker);
                if taker.lane != trunk.lane && !with_the_step() {
                    return Doubt::Open;
                }
            }
        }
        let own_merge = brought > 1 || line.direct != Direct::No || line.merge != MergeStyle::MergeCommit;
        if own_merge { Doubt::None } else { Doubt::Alone }
    }

    /// Whether a step brings commits of a release: worth a second look.
    fn brings_a_release(&self, trunk: &Trunk, at: u32) -> bool {
        self.chart.taken(Place { lane: trunk.lane, at }).any(|commit| {
            self.chart.takers(commit).any(|taker| {
                let of = self.trunks.get(taker.lane as usize);
                of.is_some_and(|of| of.line.release().is_some() && taker.at > of.birth)
            })
        })
    }

    /// Whether a step of the line may take in a version that had been rolled back: it need not have
    /// commits of its own.
    fn may_bring_what_failed(&self, trunk: &Trunk) -> bool {
        self.rolled_back && trunk.line == LineId::Production
    }

    /// Whether one of the commits that a finding lists is a merge that a line made itself: nobody
    /// can have had it before the line.
    pub(super) fn made_on_a_line(&self, finding: &Finding) -> bool {
        self.made_on(finding, |_| true)
    }

    /// Whether a release made what a finding of the latest world says is not confirmed.
    fn was_never_confirmed(&self, finding: &Finding) -> bool {
        finding.rule == "unconfirmed-merge-back"
            && !finding.momentary
            && self.made_on(finding, |trunk| trunk.line.release().is_some())
    }

    fn made_on(&self, finding: &Finding, is_meant: impl Fn(&Trunk) -> bool) -> bool {
        finding.commits.iter().filter_map(|named| self.chart.number(&named.id)).any(|commit| {
            self.chart.takers(commit).any(|taker| {
                self.trunks.get(taker.lane as usize).is_some_and(|trunk| {
                    is_meant(trunk)
                        && taker.at > trunk.birth
                        && self.chart.trunk(taker.lane)[taker.at as usize] == commit
                        && self.chart.taken(taker).nth(1).is_some()
                })
            })
        })
    }
}
