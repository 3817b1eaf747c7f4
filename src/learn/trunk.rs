//! The trunks of the lines, read once: which merges each took, under which names, from where.

use std::collections::{HashMap, HashSet};

use super::lines::{self, Chosen};
use crate::history::{Answer, History, Oid, RefName, Refs};
use crate::input::subject::merged_name;
use crate::policy::LineRole;
use crate::version::Release;

/// How far a merged branch is followed to where it started.
const FAR: usize = 5000;

/// One merge into a line.
#[derive(Debug, Clone)]
pub(super) struct Merge {
    /// The line that took it in.
    pub into: LineRole,
    /// The release whose line that is.
    pub release: Option<Release>,
    /// The merge.
    pub commit: Oid,
    /// What was merged.
    pub tip: Oid,
    /// The name of what was merged, where the subject has one.
    pub name: Option<String>,
    /// The line that the branch started from.
    pub from: Option<LineRole>,
    /// Where the release line that took it in was cut.
    pub cut: Option<Oid>,
}

/// One line's own steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Trunk {
    /// Its commits and how old each is, counted from the tip.
    pub commits: HashMap<Oid, usize>,
    /// How many of its steps are no merges.
    pub plain: usize,
    /// Its merges, newest first.
    pub merges: Vec<Merge>,
}

/// All trunks.
#[derive(Debug, Clone, Default)]
pub(super) struct Trunks {
    pub integration: Trunk,
    pub production: Option<Trunk>,
    /// What release lines did above their cuts: the lines that stand, and those that were merged.
    pub releases: Trunk,
    /// The line that each release line was cut from, where one is known.
    pub cuts: HashMap<String, Option<LineRole>>,
    /// How old the integration line's newest commit is that the production line begins with,
    /// counted from its tip.
    pub shared: Option<usize>,
}

impl Trunks {
    /// Iterates over every merge of every line.
    pub(super) fn merges(&self) -> impl Iterator<Item = &Merge> {
        let production = self.production.iter().flat_map(|trunk| &trunk.merges);
        self.integration.merges.iter().chain(production).chain(&self.releases.merges)
    }

    /// Whether a line's trunk, down to where the history begins, has the commit.
    pub(super) fn stands_on(&self, role: LineRole, commit: Oid) -> bool {
        let age = self.integration.commits.get(&commit);
        match role {
            LineRole::Integration => age.is_some(),
            LineRole::Release => self.releases.commits.contains_key(&commit),
            LineRole::Production => {
                let shared = age.zip(self.shared).is_some_and(|(age, shared)| *age >= shared);
                shared || self.production.as_ref().is_some_and(|own| own.commits.contains_key(&commit))
            }
        }
    }

    fn line_of(&self, commit: Oid) -> Option<LineRole> {
        if self.releases.commits.contains_key(&commit) {
            return Some(LineRole::Release);
        }
        let integration = self.integration.commits.get(&commit);
        let production = self.production.as_ref().and_then(|trunk| trunk.commits.get(&commit));
        match (integration, production) {
            (Some(_), _) => Some(LineRole::Integration),
            (None, Some(_)) => Some(LineRole::Production),
            (None, None) => None,
        }
    }
}

/// Reads the trunks of the chosen lines, then those of the releases.
pub(super) fn read(history: &dyn History, refs: &Refs, chosen: &Chosen) -> Answer<Trunks> {
    let mut trunks = Trunks::default();
    let tip = |branch: &str| refs.get(&RefName::of_branch(branch)).map(|entry| entry.id);
    if let Some(tip) = tip(&chosen.integration) {
        (trunks.integration, _) = walk(history, tip, &|_| false, LineRole::Integration, None)?;
    }
    if let Some(tip) = chosen.production.as_deref().and_then(tip) {
        let shared = |commit: &Oid| trunks.integration.commits.contains_key(commit);
        let (own, below) = walk(history, tip, &shared, LineRole::Production, None)?;
        trunks.production = Some(own);
        trunks.shared = below.and_then(|commit| trunks.integration.commits.get(&commit).copied());
    }
    read_releases(history, refs, &mut trunks)?;
    find_starts(history, &mut trunks)?;
    Ok(trunks)
}

/// Walks first parents from `tip` until a step comes that is another line's, which is returned too.
fn walk(
    history: &dyn History,
    tip: Oid,
    of_another: &dyn Fn(&Oid) -> bool,
    into: LineRole,
    release: Option<Release>,
) -> Answer<(Trunk, Option<Oid>)> {
    let mut trunk = Trunk::default();
    let mut at = Some(tip);
    while let Some(commit) = at.filter(|commit| !of_another(commit)) {
        let parents = history.parents(commit)?;
        trunk.commits.insert(commit, trunk.commits.len());
        match parents[..] {
            [_, tip] => {
                let name = merged_name(&history.commit(commit)?.subject()).map(str::to_owned);
                trunk.merges.push(Merge { into, release, commit, tip, name, from: None, cut: None });
            }
            [_] => trunk.plain += 1,
            // Where a history begins is no habit of its line.
            _ => {}
        }
        at = parents.first().copied();
    }
    trunk.merges.iter_mut().for_each(|merge| merge.cut = at);
    Ok((trunk, at))
}

fn read_releases(history: &dyn History, refs: &Refs, trunks: &mut Trunks) -> Answer<()> {
    let live = refs.below("refs/heads/").iter().filter_map(|entry| {
        let name = entry.name.branch()?.to_string();
        Some((name, entry.id))
    });
    let production = trunks.production.iter().flat_map(|trunk| &trunk.merges);
    let merged = trunks.integration.merges.iter().chain(production);
    let merged = merged.filter_map(|merge| Some((merge.name.clone()?, merge.tip)));
    let all: Vec<(String, Oid)> = live.chain(merged).collect();
    for (name, tip) in all {
        let Some((_, release)) = lines::release_named(&name) else { continue };
        let known = |commit: &Oid| trunks.line_of(*commit).is_some();
        let (own, below) = walk(history, tip, &known, LineRole::Release, Some(release))?;
        let cut = below.and_then(|commit| trunks.line_of(commit));
        trunks.releases.commits.extend(own.commits);
        trunks.releases.plain += own.plain;
        trunks.releases.merges.extend(own.merges);
        trunks.cuts.entry(name).or_insert(cut);
    }
    Ok(())
}

/// Finds the line that each merged branch started from: the first trunk that its own first
/// parents come upon.
fn find_starts(history: &dyn History, trunks: &mut Trunks) -> Answer<()> {
    let mut starts: HashMap<Oid, Option<(LineRole, Oid)>> = HashMap::new();
    let tips: HashSet<Oid> = trunks.merges().map(|merge| merge.tip).collect();
    for tip in tips {
        let mut at = Some(tip);
        let mut left = FAR;
        let mut found = None;
        while let (Some(commit), true, None) = (at, left > 0, found) {
            found = trunks.line_of(commit).map(|line| (line, commit));
            at = history.parents(commit)?.first().copied();
            left -= 1;
        }
        starts.insert(tip, found);
    }
    let known = |merges: &mut Vec<Merge>| {
        for merge in merges {
            let start = starts.get(&merge.tip).copied().flatten();
            merge.from = start.map(|(line, commit)| match merge.into {
                // What starts at the cut of the release that takes it in starts from that release.
                LineRole::Release if merge.cut == Some(commit) => LineRole::Release,
                _ => line,
            });
        }
    };
    known(&mut trunks.integration.merges);
    known(&mut trunks.releases.merges);
    trunks.production.iter_mut().for_each(|trunk| known(&mut trunk.merges));
    Ok(())
}
