//! What a repository already does: its lines, the kinds of its branches, its tags, as a policy.
//!
//! Names of live branches and of merged ones (from the subjects of merges) are grouped; where each
//! group starts and goes is counted over the merges of the lines' trunks. What most of a group
//! does becomes a clause, with the share that fits; the rest is listed, not hidden.

mod drafts;
mod fit;
mod kept;
mod lines;
mod names;
mod sorts;
mod tags;
mod topics;
mod trunk;
mod write;

use std::collections::BTreeMap;

use crate::history::{Answer, History, RefName, Refs};
use crate::policy::{Base, LineRole, MergeStyle, While};

pub use fit::{Fit, HABIT, Outlier};
pub use kept::{Group, Level, Said, doubted, unkept};
pub use sorts::Tried;
pub use write::policy;

/// What was learned.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The integration line.
    pub integration: Line,
    /// The production line, where there is one.
    pub production: Option<Line>,
    /// The release lines, where there are any.
    pub releases: Option<Releases>,
    /// The kinds of topics, the most used first.
    pub kinds: Vec<Kind>,
    /// How many merges of branches with a name were counted.
    pub merges: usize,
    /// How many of the merges belong to a line or a kind.
    pub named: Fit,
    /// The tags.
    pub tags: Tags,
    /// How many merges brought another line, a release or a version into each line.
    pub brought: BTreeMap<LineRole, usize>,
    /// Whether the repository holds confirmation records.
    pub records: bool,
    /// The merges that went where their kind does not go.
    pub outliers: Vec<Outlier>,
}

/// A long-lived branch.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub branch: String,
    /// How it takes branches in.
    pub merge: MergeStyle,
    /// Whether it takes commits of its own.
    pub direct: bool,
    /// How many steps of its trunk are merges.
    pub merged: Fit,
}

/// The release lines.
#[derive(Debug, Clone)]
pub struct Releases {
    /// What stands before the version in their names.
    pub stem: String,
    /// The line they are cut from.
    pub from: LineRole,
    /// How many were cut from there.
    pub cut: Fit,
    /// The lines they go into, and how many merges of releases went there.
    pub into: Vec<(LineRole, Fit)>,
    /// How they take topics in.
    pub merge: MergeStyle,
    /// Whether they take commits of their own.
    pub direct: bool,
    /// How many steps of their trunks are merges.
    pub merged: Fit,
    /// How many there are or were.
    pub count: usize,
}

/// A kind of topic.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name in the policy.
    pub name: String,
    /// What its branches' names look like.
    pub pattern: String,
    /// How many of its names match the pattern.
    pub matching: Fit,
    /// How many of all merges are of this kind.
    pub share: Fit,
    /// Where its branches start.
    pub from: Base,
    /// How many started there, of those whose start is known.
    pub started: Fit,
    /// The lines they go into, and how many of its merges went there.
    pub into: Vec<(LineRole, Fit)>,
    /// When they enter a release.
    pub while_: While,
    /// A few of its names.
    pub examples: Vec<String>,
}

/// The tags.
#[derive(Debug, Clone)]
pub struct Tags {
    /// What stands before the version in a release tag's name.
    pub stem: String,
    /// How many of all tags are release tags; of none: the default's form.
    pub release: Fit,
    /// What stands between the version and the number in a hotfix tag's name.
    pub hotfix: Option<(String, usize)>,
    /// The line that release tags stand on, and how many do.
    pub on: LineRole,
    /// How many stand there.
    pub standing: Fit,
    /// How many release tags came after every lower one, as they say.
    pub in_order: Fit,
    /// Patterns of the other tags, and how many match each.
    pub other: Vec<(String, usize)>,
    /// The newest release tag, in flow order.
    pub newest: Option<String>,
}

/// Returns what the repository does; `None` where it has no branch to learn from.
///
/// # Errors
/// Where the history cannot be read.
pub fn learn(history: &dyn History, refs: &Refs, default: Option<&RefName>) -> Answer<Option<Learned>> {
    let Some(chosen) = lines::choose(refs, default) else { return Ok(None) };
    let trunks = trunk::read(history, refs, &chosen)?;
    let seen = names::collect(refs, &chosen, &trunks);
    let releases = lines::releases(&seen, &trunks);
    let (kinds, mut outliers) = topics::kinds(&seen, &trunks, releases.as_ref());
    let tags = tags::learn(history, refs, &trunks, releases.is_some())?;
    let kinds = topics::timed(history, refs, &tags, &trunks, kinds)?;
    let named = topics::named(&seen, &trunks, releases.as_ref());
    let records = refs.below("refs/tags/deployed/").iter().any(|entry| {
        entry.name.tag().is_some_and(|tag| crate::facts::RecordName::parse(&tag.to_string()).is_some())
    });
    let brought = [LineRole::Integration, LineRole::Production]
        .map(|role| (role, lines::brought(role, &chosen, &seen, &trunks)));
    outliers.sort();
    Ok(Some(Learned {
        integration: lines::line(&chosen.integration, &trunks.integration),
        production: chosen
            .production
            .as_ref()
            .zip(trunks.production.as_ref())
            .map(|(name, trunk)| lines::line(name, trunk)),
        merges: named.of,
        named,
        releases,
        kinds,
        tags,
        brought: brought.into(),
        records,
        outliers,
    }))
}

impl Releases {
    /// Returns the pattern of their names.
    #[must_use]
    pub fn pattern(&self) -> String {
        format!(r"{}(?<version>\d+\.\d+\.\d+)", write::literal(&self.stem))
    }
}

impl Learned {
    /// Whether a release has its version tag before it goes back, so that it can be confirmed first.
    #[must_use]
    pub fn can_confirm(&self) -> bool {
        self.releases.is_some() && self.tags.on == LineRole::Release && self.tags.release.fits > 0
    }

    /// Returns the branches of the lines.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        [Some(&self.integration), self.production.as_ref()].into_iter().flatten()
    }
}
