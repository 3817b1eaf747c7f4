//! What stands is judged as if it were made: branches now, tags when they say they were.

use std::collections::BTreeMap;

use super::scene::{Dated, Scene};
use super::settle::{Open, note, settle};
use super::worlds::World;
use super::{Replayed, replayed};
use crate::facts::{Facts, RefKind};
use crate::finding::Finding;
use crate::history::{Answer, Ref, RefName, Refs};
use crate::push::RefUpdate;
use crate::rules::{self, Context};

impl Scene<'_> {
    /// The refs of the lines, those that are gone included.
    fn lines(&self) -> Vec<Ref> {
        let tip = |trunk| self.commit(trunk, self.end(trunk));
        self.trunks.iter().map(|trunk| Ref::new(trunk.name.clone(), tip(trunk))).collect()
    }

    fn tags_where(&self, keep: impl Fn(&Dated) -> bool) -> Vec<Ref> {
        self.tags.iter().filter(|tag| keep(tag)).map(|tag| tag.entry.clone()).collect()
    }

    /// Judges the branches that stand and are no lines, as if they were made now.
    pub(super) fn judge_branches(&self, found: &mut Replayed) -> Answer<()> {
        let mut updates = vec![];
        for topic in &self.topics {
            if !self.too_old(topic.id)? {
                let name = topic.name.clone();
                updates.push(RefUpdate { name, old: None, new: Some(topic.id) });
            }
        }
        found.updates += updates.len();
        found.asked.branches += updates.len();
        let mut before = self.lines();
        before.extend(self.tags_where(|_| true));
        let push = replayed(before.into_iter().collect(), updates, self.replay.now);
        for finding in self.facts_judge(&push, found)? {
            // Whether the release took it when it was made is not shown by what stands now.
            match finding.rule {
                "release-state" => note(found, "release-state", "when a branch was made is not recorded"),
                "branch-origin" if !finding.momentary => self.settle_origin(finding, found),
                _ if finding.momentary => {
                    note(found, finding.rule, "the release line that it came from is gone");
                }
                _ => found.findings.push(finding),
            }
        }
        Ok(())
    }

    /// What stands says whose a commit is now, and not who had it first: a warning at most.
    fn settle_origin(&self, finding: Finding, found: &mut Replayed) {
        if self.made_on_a_line(&finding) {
            found.findings.push(finding.warning());
        } else {
            note(found, "branch-origin", "a line took the branch's commits in, and may have done so later");
        }
    }

    /// Judges each tag as one creation. Tags that mean nothing to the flow are judged together:
    /// nothing about them depends on when they were made.
    pub(super) fn judge_tags(&self, watch: &dyn Fn(&Replayed), found: &mut Replayed) -> Answer<()> {
        let mut plain = self.plain_findings(found)?;
        let mut around: Refs = self.lines().into_iter().collect();
        around.extend(self.replay.refs.below("refs/environments/").iter().cloned());
        for tag in &self.tags {
            watch(found);
            if self.tag_is_old(tag)? {
                continue;
            }
            found.updates += 1;
            if tag.is_plain() {
                found.findings.extend(plain.remove(&tag.entry.name).into_iter().flatten());
                continue;
            }
            let [dated, latest] = [World::Dated, World::Latest].map(|world| self.others(tag, world));
            let by_dates = self.tag_findings(tag, &around, &dated, found)?;
            // What the dates do not object to can be undecidable at most: no contents for that, and
            // what they do object to was compared just now.
            let in_the_end = if latest == dated {
                by_dates.clone()
            } else {
                self.chart.frugally(|| self.tag_findings(tag, &around, &latest, found))?
            };
            settle(in_the_end, &[&by_dates], found);
        }
        Ok(())
    }

    fn tag_is_old(&self, tag: &Dated) -> Answer<bool> {
        match tag.commit {
            Some(commit) => self.too_old(commit),
            None => Ok(self.replay.since_date.is_some_and(|date| tag.date < date)),
        }
    }

    fn plain_findings(&self, found: &mut Replayed) -> Answer<BTreeMap<RefName, Vec<Finding>>> {
        let mut before = self.lines();
        before.extend(self.tags_where(|tag| !tag.is_plain()));
        let mut updates = vec![];
        for tag in self.tags.iter().filter(|tag| tag.is_plain()) {
            if self.tag_is_old(tag)? {
                before.push(tag.entry.clone());
            } else {
                updates.push(created(&tag.entry));
            }
        }
        let push = replayed(before.into_iter().collect(), updates, self.replay.now);
        let mut findings: BTreeMap<RefName, Vec<Finding>> = BTreeMap::new();
        for finding in self.facts_judge(&push, found)? {
            findings.entry(finding.name.clone()).or_default().push(finding);
        }
        Ok(findings)
    }

    /// The tags that may have stood when `tag` was made, by their places in `tags`, sorted by name.
    fn others(&self, tag: &Dated, world: World) -> Vec<usize> {
        let stood = |other: &Dated| match (&tag.kind, &other.kind) {
            _ if other.entry.name == tag.entry.name => false,
            (RefKind::VersionTag(ours), RefKind::VersionTag(theirs)) => match world {
                World::Latest | World::Logged => theirs < ours,
                World::Dated | World::Tied => (other.date, theirs) < (tag.date, ours),
            },
            (RefKind::Record(_), RefKind::Record(_)) => {
                (other.date, &other.entry.name) < (tag.date, &tag.entry.name)
            }
            (_, RefKind::Record(record)) => match world {
                World::Latest | World::Logged => !record.revokes,
                World::Dated | World::Tied => {
                    other.date < tag.date || other.date == tag.date && record.revokes
                }
            },
            _ => true,
        };
        self.tags_by_name.iter().copied().filter(|other| stood(&self.tags[*other])).collect()
    }

    fn tag_findings(
        &self,
        tag: &Dated,
        around: &Refs,
        others: &[usize],
        found: &mut Replayed,
    ) -> Answer<Vec<Finding>> {
        let mut before = around.clone();
        before.extend(others.iter().map(|other| self.tags[*other].entry.clone()));
        self.facts_judge(&replayed(before, vec![created(&tag.entry)], self.replay.now), found)
    }

    pub(super) fn judge_state(&self, found: &mut Replayed) -> Answer<()> {
        let push = replayed(self.replay.refs.clone(), vec![], self.replay.now);
        let facts = Facts::of_many(&self.chart, self.replay.policy, &push, &self.shared);
        let cx = Context { policy: self.replay.policy, push: &push, facts: &facts };
        let mut open = Open::default();
        let findings = rules::judge_state_watched(&cx, |rule| open.watch(rule, &facts));
        open.settle(&facts, &findings, found)?;
        for finding in findings {
            let old = match finding.object {
                Some(object) => self.too_old(object)?,
                None => false,
            };
            if !old {
                found.findings.push(finding);
            }
        }
        Ok(())
    }
}

fn created(entry: &Ref) -> RefUpdate {
    RefUpdate { name: entry.name.clone(), old: None, new: Some(entry.id) }
}
