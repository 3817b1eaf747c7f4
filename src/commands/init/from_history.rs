//! `flowcheck init --from-history`: a policy of what this repository already does.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::clone::{self, Remote};
use super::super::output::{print, tell};
use super::super::{Exit, Failure, Global};
use super::{adopted_at, write_new};
use crate::facts::{Facts, When, release_of};
use crate::finding::{Finding, Level};
use crate::history::{Oid, RefName, Refs, Seconds};
use crate::input::replay::{Replay, Replayed};
use crate::learn::{self, Learned};
use crate::policy::{Policy, no_files};
use crate::push::{Place, Push};
use crate::report::learned::{self, Adoption};
use crate::repository::{Environment, Repository};
use crate::verdict;

/// How many of the newest steps of the integration line are judged to see which rules hold.
const STEPS: usize = 2000;

pub(super) fn run(global: &Global, path: &Path) -> Result<Exit, Failure> {
    let write = writer(global)?;
    if path.symlink_metadata().is_ok() {
        return Err(Failure::Exists(path.to_owned()));
    }
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    if repository.is_shallow() {
        return Err(Failure::Shallow);
    }
    let remote = Remote::chosen(&repository, None)?;
    let refs = clone::seen(&repository, &remote, &[])?;
    let default = repository.default_branch().map_err(Failure::History)?;
    let learned = learn::learn(&repository, &refs, default.as_ref()).map_err(Failure::History)?;
    let learned = learned.ok_or(Failure::NothingToLearn)?;
    let mut trial = Trial { repository: &repository, refs: &refs, now: jiff::Timestamp::now().as_second() };
    let (text, adoption) = trial.adopt(learned, path, &remote.name)?;
    write_new(path, text.as_bytes())?;
    write(global, &adoption)?;
    Ok(Exit::Clean)
}

type Writer = fn(&Global, &Adoption) -> Result<(), Failure>;

fn writer(global: &Global) -> Result<Writer, Failure> {
    match global.format.last().map_or("text", String::as_str) {
        "text" => Ok(|global, adoption| {
            if !global.quiet {
                tell(&learned::text(adoption));
            }
            Ok(())
        }),
        "json" => Ok(|_, adoption| print(&learned::json(adoption))),
        other => Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text and json" }),
    }
}

/// What a policy is tried on before it is written.
struct Trial<'a> {
    repository: &'a Repository,
    refs: &'a Refs,
    now: Seconds,
}

impl Trial<'_> {
    /// Finds out which rules the history keeps, and what the first audit will say.
    fn adopt(&mut self, learned: Learned, path: &Path, remote: &str) -> Result<(String, Adoption), Failure> {
        // What was never asked to be confirmed cannot have been.
        let mut policy = parse(&learn::policy(&learned, &[]))?;
        policy.confirmation.record &= learned.records;
        let (since_date, begins) = self.window(&learned)?;
        let replayed = self.replay(&policy, vec![], since_date)?;
        let standing = self.refs.below("refs/heads/").len();
        let asked = learn::Asked {
            tags: self.refs.below("refs/tags/").len(),
            branches: learned.named.of + standing,
            updates: replayed.updates,
        };
        let levels = learn::levels(&policy, &self.push(), &replayed.findings, asked);
        let tips = self.tips(&learned, &policy)?;
        let text = adopted_at(&learn::policy(&learned, &levels), &tips);
        let policy = parse(&text)?;
        let first = self.replay(&policy, tips, None)?;
        let verdict = verdict::weigh(&policy, &self.push(), first.findings);
        let rejected = verdict.findings.into_iter().filter(|judged| judged.level == Level::Error);
        let first = rejected.map(|judged| judged.finding).collect();
        let broken = by_rule(&replayed.findings, &policy);
        let adoption = Adoption {
            path: crate::history::name::escape(path.as_os_str().as_encoded_bytes()),
            judged: replayed.updates,
            begins,
            levels,
            broken,
            first,
            remote: remote.to_owned(),
            learned,
        };
        Ok((text, adoption))
    }

    fn push(&self) -> Push {
        Push { place: Place::Audit, pusher: None, now: self.now, ..Push::new(self.refs.clone(), vec![]) }
    }

    fn replay(
        &self,
        policy: &Policy,
        since: Vec<Oid>,
        since_date: Option<Seconds>,
    ) -> Result<Replayed, Failure> {
        let (history, refs, now) = (self.repository, self.refs, self.now);
        Replay { policy, history, refs, since, since_date, now }.run().map_err(Failure::History)
    }

    /// Returns from when on the history is judged, where it is longer than need be.
    fn window(&self, learned: &Learned) -> Result<(Option<Seconds>, bool), Failure> {
        use crate::history::History as _;
        let tip = self.refs.get(&RefName::of_branch(&learned.integration.branch)).map(|entry| entry.id);
        let mut at = tip;
        for _ in 0..STEPS {
            let Some(commit) = at else { return Ok((None, true)) };
            at = self.repository.parents(commit).map_err(Failure::History)?.first().copied();
        }
        let Some(commit) = at else { return Ok((None, true)) };
        let commit = self.repository.commit(commit).map_err(Failure::History)?;
        Ok((commit.committer.map(|by| by.time), false))
    }

    /// Returns where the lines stand today, and the version tags that none of them holds.
    fn tips(&self, learned: &Learned, policy: &Policy) -> Result<Vec<Oid>, Failure> {
        use crate::history::History as _;
        let lines = learned.lines().filter_map(|line| self.refs.get(&RefName::of_branch(&line.branch)));
        let heads = self.refs.below("refs/heads/").iter();
        let releases = heads.filter(|entry| release_of(policy, &entry.name).is_some());
        let mut tips: Vec<Oid> = lines.chain(releases).map(|entry| entry.id).collect();
        let push = self.push();
        let facts = Facts::new(self.repository, policy, &push);
        let tags: Vec<Oid> = facts.versions(When::After).values().filter_map(|tag| tag.commit).collect();
        let held = self.repository.reached(&tags, std::slice::from_ref(&tips)).map_err(Failure::History)?;
        let held = held.first().map_or(&[][..], Vec::as_slice);
        tips.extend(tags.iter().zip(held).filter(|(_, held)| !**held).map(|(tag, _)| *tag));
        let mut seen = std::collections::BTreeSet::new();
        tips.retain(|tip| seen.insert(*tip));
        Ok(tips)
    }
}

fn parse(text: &str) -> Result<Policy, Failure> {
    Policy::parse("the learned policy", text, &no_files)
        .map_err(|mistakes| Failure::Policy(Box::new(mistakes)))
}

/// Counts what would have been rejected, rule by rule.
fn by_rule(findings: &[Finding], policy: &Policy) -> BTreeMap<&'static str, usize> {
    let mut broken = BTreeMap::new();
    for finding in findings {
        let rule = crate::rules::find(finding.rule).map(|rule| crate::rules::rule_level(policy, rule, 0).0);
        if rule == Some(Level::Error) && learn::rejects(finding) {
            *broken.entry(finding.rule).or_default() += 1;
        }
    }
    broken
}
