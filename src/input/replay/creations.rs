//! What stands is judged as if it were made: branches now, tags when they say they were.

use super::scene::{Dated, Scene};
use super::settle::{note, settle};
use super::worlds::World;
use super::{Replayed, replayed};
use crate::facts::{Facts, RefKind};
use crate::finding::Finding;
use crate::history::{Answer, Ref};
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
        let mut before = self.lines();
        before.extend(self.tags_where(|_| true));
        let push = replayed(before.into_iter().collect(), updates, self.replay.now);
        for finding in self.facts_judge(&push)? {
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

    /// Judges each tag as one creation.
    pub(super) fn judge_tags(&self, found: &mut Replayed) -> Answer<()> {
        for tag in &self.tags {
            let old = match tag.commit {
                Some(commit) => self.too_old(commit)?,
                None => self.replay.since_date.is_some_and(|date| tag.date < date),
            };
            if old {
                continue;
            }
            found.updates += 1;
            let latest = self.tag_findings(tag, World::Latest)?;
            let dated = self.tag_findings(tag, World::Dated)?;
            settle(latest, &dated, found);
        }
        Ok(())
    }

    fn tag_findings(&self, tag: &Dated, world: World) -> Answer<Vec<Finding>> {
        let mut before = self.lines();
        before.extend(self.tags_where(|other| match (&tag.kind, &other.kind) {
            _ if other.entry.name == tag.entry.name => false,
            (RefKind::VersionTag(ours), RefKind::VersionTag(theirs)) => match world {
                World::Latest => theirs < ours,
                World::Dated => (other.date, theirs) < (tag.date, ours),
            },
            (RefKind::Record(_), RefKind::Record(_)) => {
                (other.date, &other.entry.name) < (tag.date, &tag.entry.name)
            }
            (_, RefKind::Record(record)) => match world {
                World::Latest => !record.revokes,
                World::Dated => other.date <= tag.date,
            },
            _ => true,
        }));
        before.extend(self.replay.refs.below("refs/environments/").iter().cloned());
        let update = RefUpdate { name: tag.entry.name.clone(), old: None, new: Some(tag.entry.id) };
        self.facts_judge(&replayed(before.into_iter().collect(), vec![update], self.replay.now))
    }

    pub(super) fn judge_state(&self, found: &mut Replayed) -> Answer<()> {
        let push = replayed(self.replay.refs.clone(), vec![], self.replay.now);
        let facts = Facts::of_many(&self.chart, self.replay.policy, &push, &self.shared);
        let findings =
            rules::judge_state(&Context { policy: self.replay.policy, push: &push, facts: &facts });
        if let Some(failure) = facts.trouble().into_iter().next() {
            return Err(failure);
        }
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
