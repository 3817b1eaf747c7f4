//! What is in prod, what is owed, and the next command to type.

mod html;
mod json;
mod markdown;
mod text;

use crate::facts::{LineId, Presence, Proof, ReleaseStatus, State, VersionStatus};
use crate::finding::Clause;
use crate::history::{Oid, Seconds};

pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use text::text;

/// Everything that `flowcheck status` tells.
#[derive(Debug, Clone)]
pub struct Status {
    /// The moment at which it was read.
    pub now: Seconds,
    /// The releases, in flow order.
    pub releases: Vec<ReleaseStatus>,
    /// For each release the names or subjects of what it took from the line it was cut from.
    pub brought: Vec<Vec<String>>,
    /// For each release the versions of earlier ones that its line does not contain.
    pub lost: Vec<Vec<String>>,
    /// For each release the commands to type next, in this order.
    pub next: Vec<Vec<String>>,
    /// What has come onto the line that releases are cut from since the newest cut.
    pub coming: Vec<String>,
    /// The commands that cut the next release, where none is open.
    pub cut_next: Vec<String>,
    /// The integration line's branch.
    pub integration: String,
    /// The production line's branch, where there is one.
    pub production: Option<String>,
    /// The line that releases are cut from.
    pub cut_from: String,
    /// What is deployed where, in the order of the policy.
    pub places: Vec<Place>,
    /// The environment that has to be confirmed.
    pub environment: String,
    /// Whether anything has to be confirmed at all.
    pub required: bool,
    /// How long a merge-back may be owed.
    pub merge_back_within: Seconds,
    /// The remote that commands name.
    pub remote: String,
    /// Exceptions of the policy that have expired, as they are to be shown.
    pub expired: Vec<Expired>,
}

/// One environment, and what is there.
#[derive(Debug, Clone)]
pub struct Place {
    /// The environment.
    pub name: String,
    /// Whether a deployment starts by itself.
    pub auto: bool,
    /// Whether version tags are deployed there, which only records tell of; a line's tips
    /// otherwise, which the policy tells of.
    pub by_record: bool,
    /// What is there, newest version first.
    pub holds: Vec<Deployed>,
}

/// What is deployed somewhere.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The version tag or branch.
    pub name: String,
    /// The commit.
    pub commit: Option<Oid>,
    /// Since when: as the record says, or the date of the line's tip.
    pub since: Seconds,
    /// Who confirmed it; not escaped, empty where nobody did.
    pub by: String,
    /// The record that says so.
    pub record: Option<String>,
}

/// An exception that has expired.
#[derive(Debug, Clone)]
pub struct Expired {
    /// The rule that it was from.
    pub rule: String,
    /// The refs that it was for.
    pub name: String,
    /// When it ended.
    pub at: Seconds,
    /// Where it stands.
    pub clause: Clause,
}

/// Says that nothing runs where versions are confirmed; `nothing` begins the sentence.
fn at_rest(status: &Status, nothing: &str, environment: &str) -> String {
    if status.required {
        format!("{nothing} is confirmed in {environment} yet")
    } else {
        format!("{nothing} has to be confirmed in {environment}, and nothing is")
    }
}

/// Something that a release owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debt<'a> {
    /// A merge-back into this line, owed until then.
    MergeBack(&'a str, Option<Seconds>),
    /// A version whose fix is missing from it.
    LostFix(&'a str),
}

impl Status {
    /// Returns a line's name.
    #[must_use]
    pub fn line(&self, line: LineId) -> &str {
        match line {
            LineId::Integration => &self.integration,
            LineId::Production => self.production.as_deref().unwrap_or_default(),
            LineId::Release(_) => "",
        }
    }

    /// Returns the version that runs in the confirmed environment: the newest, in flow order, of
    /// those whose newest record says so.
    #[must_use]
    pub fn running(&self) -> Option<(&str, Seconds, &str)> {
        let deployed = self.standings().filter(|(_, deployed, ..)| *deployed);
        deployed.map(|(tag, _, since, by)| (tag, since, by)).last()
    }

    fn standings(&self) -> impl Iterator<Item = (&str, bool, Seconds, &str)> {
        let versions = self.releases.iter().flat_map(|release| &release.versions);
        versions.flat_map(move |version| {
            let here = version.standings.iter().filter(|standing| standing.environment == self.environment);
            here.map(|standing| {
                (version.tag.as_str(), standing.deployed, standing.since, standing.by.as_str())
            })
        })
    }

    /// Returns the version tags that ran well before the one that runs now, newest first.
    #[must_use]
    pub fn roll_back_to(&self) -> Vec<&str> {
        let running = self.running().map(|(tag, ..)| tag);
        let well = self.standings().filter(|(tag, deployed, ..)| *deployed && Some(*tag) != running);
        let mut tags: Vec<&str> = well.map(|(tag, ..)| tag).collect();
        tags.reverse();
        tags
    }

    /// Returns what a release owes.
    #[must_use]
    pub fn owed(&self, at: usize) -> Vec<Debt<'_>> {
        let release = &self.releases[at];
        let until = confirmed_since(release, &self.environment)
            .map(|since| since.saturating_add(self.merge_back_within));
        let lines = release.owed().map(|line| Debt::MergeBack(self.line(line), until));
        lines.chain(self.lost[at].iter().map(|lost| Debt::LostFix(lost))).collect()
    }

    /// Whether a release is over and owes nothing.
    #[must_use]
    pub fn is_done(&self, at: usize) -> bool {
        self.releases[at].state == State::Closed && self.owed(at).is_empty()
    }
}

/// Returns since when the newest confirmed version of a release is.
fn confirmed_since(release: &ReleaseStatus, environment: &str) -> Option<Seconds> {
    let newest = release.versions.iter().rfind(|version| version.proof == Proof::Confirmed)?;
    let standing = newest.standings.iter().find(|standing| standing.environment == environment)?;
    Some(standing.since)
}

/// Returns a moment as people read it, in UTC; a moment that no calendar has: in seconds.
#[must_use]
pub fn moment(seconds: Seconds) -> String {
    shown(seconds, "%Y-%m-%d %H:%M UTC")
}

/// Returns the day of a moment, in UTC.
#[must_use]
pub fn day(seconds: Seconds) -> String {
    shown(seconds, "%Y-%m-%d")
}

fn shown(seconds: Seconds, form: &str) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("second {seconds}"), |at| at.strftime(form).to_string())
}

/// Returns what the proof of a version says.
fn proof(status: &Status, version: &VersionStatus) -> String {
    match &version.proof {
        Proof::Confirmed if !status.required => "released".to_owned(),
        Proof::Confirmed => "confirmed".to_owned(),
        Proof::RolledBack(_) => "rolled back".to_owned(),
        Proof::Missing => "not confirmed".to_owned(),
        Proof::InThisPush(_) => "recorded".to_owned(),
        Proof::Flawed(record, flaw) => format!("{} does not count: {flaw}", record.short()),
        Proof::NotDeployed => "recorded, but the newest deployment is another".to_owned(),
    }
}

/// Returns how a line holds a version; `None` where it does not.
fn held(presence: Presence) -> Option<&'static str> {
    match presence {
        Presence::Ancestry => Some("merged"),
        Presence::Patches => Some("there by the same changes"),
        Presence::Content => Some("there by content"),
        Presence::Missing => None,
    }
}

/// Returns the first few of `names`, and how many more there are.
fn few(names: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| super::clean(name.as_ref())).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;
