//! The flow as a picture shows it: lanes, the steps on them in their order, and what happened where.
//!
//! A picture has room for a few hundred steps. What a reader asks for is kept (releases, what went
//! where, tags, findings), and what is alike and clean is folded and counted.

mod account;
mod branches;
mod choice;
mod order;
#[cfg(test)]
pub(crate) mod samples;
mod spots;
#[cfg(test)]
mod tests;
mod trunks;

use crate::facts::{Facts, LineId, Proof, ReleaseStatus, State};
use crate::history::{Answer, History, Oid, Refs, Seconds};
use crate::policy::Policy;
use crate::push::{Place, Push};
use crate::verdict::Judged;
use crate::version::Release;

pub use account::{Account, Circumstance, Tally};

/// What a flow is read from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The model.
    pub policy: &'a Policy,
    /// The history.
    pub history: &'a dyn History,
    /// The refs: heads, tags, and what the policy's confirmation reads.
    pub refs: &'a Refs,
    /// What was found, in the order in which it is numbered from 1.
    pub findings: &'a [Judged],
    /// The reader's clock.
    pub now: Seconds,
    /// How many releases are drawn in full at most.
    pub releases: usize,
}

/// How many releases are drawn in full where nobody says otherwise.
pub const RELEASES: usize = 8;

/// The flow, ready to be drawn. Findings are named by their places in [`Source::findings`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// The production line, the integration line, and the releases that are drawn, in flow order.
    pub lanes: Vec<Lane>,
    /// What happened, in an order in which nothing comes before what it contains.
    pub stops: Vec<Stop>,
    /// What went from lane to lane.
    pub links: Vec<Link>,
    /// The topics.
    pub branches: Vec<Branch>,
    /// How many topics stand that are not drawn.
    pub more_branches: usize,
    /// How many releases there are.
    pub releases: usize,
    /// What runs in the confirmed environment: the environment and the version tag.
    pub running: Option<(String, String)>,
    /// Findings that no place of the picture stands for.
    pub elsewhere: Vec<usize>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Which.
    pub line: LineId,
    /// Its branch, escaped.
    pub name: String,
    /// For a release: what it has gone through.
    pub state: Option<State>,
    /// Whether the line is gone and known from its version tags only.
    pub gone: bool,
    /// Where it left another lane.
    pub cut: Option<usize>,
    /// Its stops, oldest first.
    pub stops: Vec<usize>,
}

/// Something that is drawn in a column of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The lane; `None`: folded releases.
    pub lane: Option<usize>,
    /// What it is.
    pub what: What,
    /// The version tags that stand here.
    pub tags: Vec<TagMark>,
    /// What was found here.
    pub findings: Vec<usize>,
}

/// What a stop is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One step of a trunk.
    Step {
        /// The commit.
        commit: Oid,
        /// Its subject, escaped.
        subject: String,
        /// Whether it is a merge.
        merge: bool,
    },
    /// Steps that are folded.
    Run {
        /// How many.
        steps: usize,
        /// How many of them are merges.
        merges: usize,
    },
    /// Releases that are folded.
    Releases {
        /// The first and the last, in flow order.
        span: (Release, Release),
        /// How many.
        count: usize,
    },
}

/// A version tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMark {
    /// Its short name, escaped.
    pub name: String,
    /// Whether it is confirmed.
    pub confirmed: bool,
    /// Whether it was rolled back.
    pub rolled_back: bool,
    /// What its records add up to, in words, escaped.
    pub words: Vec<String>,
}

/// Something that went from one lane to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Where it came from.
    pub from: usize,
    /// Where it went.
    pub to: usize,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name, escaped: as it stands, or as the merge says.
    pub name: String,
    /// The kind that the policy has for it.
    pub kind: Option<String>,
    /// How many commits its own first-parent chain has.
    pub commits: usize,
    /// The stop that it left from.
    pub from: Option<usize>,
    /// The stop that took it in; `None`: it stands.
    pub into: Option<usize>,
    /// What was found about it.
    pub findings: Vec<usize>,
}

/// A history that was read once, for the picture and for the account of the findings.
pub struct Reading<'a> {
    source: Source<'a>,
    statuses: Vec<ReleaseStatus>,
    trunks: trunks::Trunks,
    spots: spots::Spots,
}

impl<'a> Reading<'a> {
    /// Reads the trunks of the lines, and where on them the findings happened.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn new(source: Source<'a>) -> Answer<Self> {
        let push = Push {
            place: Place::Audit,
            pusher: None,
            now: source.now,
            ..Push::new(source.refs.clone(), vec![])
        };
        let facts = Facts::new(source.history, source.policy, &push);
        let statuses = facts.release_outlines().unwrap_or_default();
        let trunks = trunks::Trunks::read(&source, &facts, &statuses)?;
        let spots = spots::Spots::find(&source, &facts, &trunks);
        Ok(Self { source, statuses, trunks, spots })
    }

    /// Returns what a picture shows.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn flow(&self) -> Answer<Flow> {
        let (source, trunks, spots) = (&self.source, &self.trunks, &self.spots);
        let choice = choice::Choice::make(source, trunks, &self.statuses, spots);
        let (mut flow, stands) = order::drawn(source, trunks, &self.statuses, &choice, spots)?;
        branches::add(source, trunks, &self.statuses, &choice, spots, &stands, &mut flow)?;
        flow.releases = self.statuses.len();
        flow.running = running(source.policy, &self.statuses);
        flow.place_the_rest(spots);
        Ok(flow)
    }
}

impl Flow {
    /// Findings that nothing drawn stands for.
    fn place_the_rest(&mut self, spots: &spots::Spots) {
        let mut placed: std::collections::BTreeSet<usize> =
            self.stops.iter().flat_map(|stop| stop.findings.iter().copied()).collect();
        placed.extend(self.branches.iter().flat_map(|branch| branch.findings.iter().copied()));
        self.elsewhere = (0..spots.len()).filter(|at| !placed.contains(at)).collect();
    }
}

fn running(policy: &Policy, releases: &[ReleaseStatus]) -> Option<(String, String)> {
    let environment = &policy.confirmation.environment;
    let versions = releases.iter().flat_map(|release| &release.versions);
    let mut runs = versions.filter(|version| {
        let mut here = version.standings.iter().filter(|standing| standing.environment == *environment);
        version.proof == Proof::Confirmed && here.next_back().is_some_and(|standing| standing.deployed)
    });
    runs.next_back().map(|version| (environment.clone(), version.tag.clone()))
}
