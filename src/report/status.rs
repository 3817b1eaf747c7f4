//! What is in prod, what is owed, and the next command to type.

use std::fmt::Write as _;

use serde::Serialize;

use super::clean;
use crate::facts::{LineId, Presence, Proof, ReleaseStatus, State};
use crate::history::{Oid, Seconds};

/// Everything that `flowcheck status` tells.
#[derive(Debug, Clone)]
pub struct Status {
    /// The releases, in flow order.
    pub releases: Vec<ReleaseStatus>,
    /// For each release the names or subjects of what it took from the integration line.
    pub brought: Vec<Vec<String>>,
    /// For each release the versions of earlier ones that its line does not contain.
    pub lost: Vec<Vec<String>>,
    /// The integration line's branch.
    pub integration: String,
    /// The production line's branch, where there is one.
    pub production: Option<String>,
    /// The environment that has to be confirmed.
    pub environment: String,
    /// The remote that commands name.
    pub remote: String,
    /// Exceptions of the policy that have expired, as they are to be shown.
    pub expired: Vec<String>,
}

impl Status {
    fn line(&self, line: LineId) -> &str {
        match line {
            LineId::Integration => &self.integration,
            LineId::Production => self.production.as_deref().unwrap_or_default(),
            LineId::Release(_) => "",
        }
    }

    /// Returns the version that runs in the confirmed environment: the newest, in flow order, of
    /// those whose newest record says so.
    fn running(&self) -> Option<(&ReleaseStatus, &str, Seconds, &str)> {
        self.standings()
            .filter(|(_, _, deployed, ..)| *deployed)
            .map(|(r, tag, _, since, by)| (r, tag, since, by))
            .last()
    }

    fn standings(&self) -> impl Iterator<Item = (&ReleaseStatus, &str, bool, Seconds, &str)> {
        self.releases.iter().flat_map(move |release| {
            release.versions.iter().flat_map(move |version| {
                let here =
                    version.standings.iter().filter(|standing| standing.environment == self.environment);
                here.map(move |standing| {
                    (release, version.tag.as_str(), standing.deployed, standing.since, standing.by.as_str())
                })
            })
        })
    }

    /// Returns the version tags that ran well before the one that runs now, newest first.
    fn roll_back_to(&self) -> Vec<&str> {
        let running = self.running().map(|(_, tag, ..)| tag);
        let mut tags: Vec<&str> = self
            .standings()
            .filter(|(_, tag, deployed, ..)| *deployed && Some(*tag) != running)
            .map(|(_, tag, ..)| tag)
            .collect();
        tags.reverse();
        tags
    }

    /// Returns the next command for a release, where there is one to type.
    fn next(&self, release: &ReleaseStatus) -> Option<String> {
        let newest = release.versions.last();
        let remote = &self.remote;
        match release.state {
            State::Cut => Some(format!("git tag -a $(flowcheck next {0}) -m {0} {remote}/{0}", release.line)),
            State::Tagged => newest.map(|newest| format!("flowcheck confirm {} --push {remote}", newest.tag)),
            State::RolledBack => {
                Some(format!("git checkout -b hotfix/{}-… {remote}/{}", release.release, release.line))
            }
            State::Confirmed => {
                let line = release.owed().next().map(|line| self.line(line))?;
                let tag = release.versions.iter().rfind(|version| version.proof == Proof::Confirmed)?;
                Some(format!("git checkout -B {line} {remote}/{line} && git merge --no-ff {}", tag.tag))
            }
            State::MergedBack | State::Closed => None,
        }
    }
}

/// Returns a moment as people read it, in UTC; a moment that no calendar has: in seconds.
#[must_use]
pub fn moment(seconds: Seconds) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("second {seconds}"), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn short(id: Oid) -> String {
    id.to_hex_with_len(7).to_string()
}

/// Returns the status for a terminal.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut out = String::new();
    match status.running() {
        Some((_, tag, since, by)) => {
            let _ = writeln!(out, "{} runs {} since {}", status.environment, clean(tag), moment(since));
            if !by.is_empty() {
                let _ = writeln!(out, "  confirmed by {}", clean(by));
            }
            let back = status.roll_back_to();
            if !back.is_empty() {
                let few: Vec<String> = back.iter().take(4).map(|tag| clean(tag)).collect();
                let _ = writeln!(out, "  could go back to {}", few.join(", "));
            }
        }
        None => {
            let _ = writeln!(out, "nothing is confirmed in {} yet", status.environment);
        }
    }
    let rows = status.releases.iter().enumerate().rev();
    for (at, release) in rows.clone().filter(|(_, release)| release.state != State::Closed || owes(release)) {
        out.push('\n');
        out.push_str(&release_text(status, at, release));
    }
    let closed: Vec<String> = rows
        .filter(|(_, release)| release.state == State::Closed && !owes(release))
        .map(|(_, release)| release.release.to_string())
        .collect();
    if !closed.is_empty() {
        let more = closed.len().saturating_sub(8);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(out, "\nclosed: {}{tail}", closed[..closed.len().min(8)].join(", "));
    }
    for expired in &status.expired {
        let _ = writeln!(out, "\nowed: {}", clean(expired));
    }
    if status.releases.is_empty() {
        let line = clean(&status.integration);
        let _ = writeln!(out, "\nno release yet: cut one with `git branch release-1.0.0 {line}`");
    }
    out
}

fn owes(release: &ReleaseStatus) -> bool {
    release.owed().next().is_some()
}

fn release_text(status: &Status, at: usize, release: &ReleaseStatus) -> String {
    let mut out = format!(
        "{:<10} {:<12} {}\n",
        release.release.to_string(),
        release.state.name(),
        clean(&release.line)
    );
    let mut row = |label: &str, value: String| {
        let _ = writeln!(out, "  {label:<9}{value}");
    };
    if release.tip.is_none() {
        row("line", "gone".to_owned());
    }
    if let Some(cut) = release.cut {
        row("cut", format!("from {} at {}", clean(&status.integration), short(cut)));
    }
    let brought = &status.brought[at];
    if !brought.is_empty() {
        let more = brought.len().saturating_sub(5);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        let few: Vec<String> = brought.iter().take(5).map(|name| clean(name)).collect();
        row("brought", format!("{}{tail}", few.join(", ")));
    }
    for version in &release.versions {
        let proof = match &version.proof {
            Proof::Confirmed => "confirmed".to_owned(),
            Proof::RolledBack(_) => "rolled back".to_owned(),
            Proof::Missing => "not confirmed".to_owned(),
            Proof::InThisPush(_) => "recorded".to_owned(),
            Proof::Flawed(record, flaw) => format!("{} does not count: {flaw}", record.short()),
            Proof::NotDeployed => "recorded, but the newest deployment is another".to_owned(),
        };
        row("tag", format!("{:<18} {proof}", clean(&version.tag)));
        for standing in &version.standings {
            let verb = if standing.deployed { "runs in" } else { "rolled back in" };
            let reason =
                standing.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", clean(reason)));
            row(
                "",
                format!("{verb} {} since {}{reason}", clean(&standing.environment), moment(standing.since)),
            );
        }
    }
    if release.unreleased > 0 {
        row(
            "untagged",
            format!("{} beyond {}", super::count(release.unreleased, "commit"), newest_tag(release)),
        );
    }
    for line in &release.merged_back {
        let how = match line.presence {
            Presence::Ancestry => "merged",
            Presence::Patches => "there by the same changes",
            Presence::Content => "there by content",
            Presence::Missing => continue,
        };
        row("back in", format!("{} ({how})", clean(status.line(line.line))));
    }
    for line in release.owed() {
        row("owed", format!("merge it back into {}", clean(status.line(line))));
    }
    for lost in &status.lost[at] {
        row("owed", format!("{} is missing from it", clean(lost)));
    }
    if let Some(next) = status.next(release) {
        row("next", next);
    }
    out
}

fn newest_tag(release: &ReleaseStatus) -> String {
    release.versions.last().map_or_else(String::new, |version| clean(&version.tag))
}

/// Returns the status as a table for a chat or a merge request.
#[must_use]
pub fn markdown(status: &Status) -> String {
    let mut out = match status.running() {
        Some((_, tag, since, _)) => {
            format!("**{}** runs `{}` since {}\n\n", status.environment, clean(tag), moment(since))
        }
        None => format!("Nothing is confirmed in **{}** yet\n\n", status.environment),
    };
    out.push_str("| Release | State | Newest tag | Owed | Next |\n| --- | --- | --- | --- | --- |\n");
    for (at, release) in status.releases.iter().enumerate().rev() {
        let mut owed: Vec<String> =
            release.owed().map(|line| format!("merge back into `{}`", clean(status.line(line)))).collect();
        owed.extend(status.lost[at].iter().map(|lost| format!("`{}` is missing", clean(lost))));
        let next = status
            .next(release)
            .map_or_else(String::new, |next| format!("`{}`", clean(&next).replace('|', "\\|")));
        let tag = newest_tag(release);
        let tag = if tag.is_empty() { tag } else { format!("`{tag}`") };
        let _ = writeln!(
            out,
            "| {} | {} | {tag} | {} | {next} |",
            release.release,
            release.state.name(),
            owed.join(", ")
        );
    }
    out
}

#[derive(Serialize)]
struct Root<'a> {
    version: u32,
    command: &'a str,
    environment: &'a str,
    running: Option<&'a str>,
    roll_back_to: Vec<&'a str>,
    releases: Vec<ReleaseRow<'a>>,
    expired_exceptions: Vec<String>,
}

#[derive(Serialize)]
struct ReleaseRow<'a> {
    release: String,
    state: &'a str,
    line: String,
    tip: Option<String>,
    cut: Option<String>,
    tags: Vec<TagRow<'a>>,
    brought: Vec<String>,
    owed: Vec<&'a str>,
    lost: Vec<String>,
    unreleased_commits: usize,
    next: Option<String>,
}

#[derive(Serialize)]
struct TagRow<'a> {
    tag: String,
    commit: Option<String>,
    confirmed: bool,
    deployed: Vec<DeployedRow<'a>>,
}

#[derive(Serialize)]
struct DeployedRow<'a> {
    environment: &'a str,
    deployed: bool,
    since: Seconds,
    by: String,
    record: String,
    reason: Option<String>,
}

/// Returns the status for programs.
#[must_use]
pub fn json(status: &Status) -> String {
    let releases = status.releases.iter().enumerate().map(|(at, release)| ReleaseRow {
        release: release.release.to_string(),
        state: release.state.name(),
        line: clean(&release.line),
        tip: release.tip.map(|tip| tip.to_string()),
        cut: release.cut.map(|cut| cut.to_string()),
        tags: release.versions.iter().map(tag_row).collect(),
        brought: status.brought[at].iter().map(|name| clean(name)).collect(),
        owed: release.owed().map(|line| status.line(line)).collect(),
        lost: status.lost[at].clone(),
        unreleased_commits: release.unreleased,
        next: status.next(release),
    });
    let root = Root {
        version: 1,
        command: "status",
        environment: &status.environment,
        running: status.running().map(|(_, tag, ..)| tag),
        roll_back_to: status.roll_back_to(),
        releases: releases.collect(),
        expired_exceptions: status.expired.iter().map(|text| clean(text)).collect(),
    };
    let text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text + "\n"
}

fn tag_row(version: &crate::facts::VersionStatus) -> TagRow<'_> {
    TagRow {
        tag: clean(&version.tag),
        commit: version.commit.map(|commit| commit.to_string()),
        confirmed: version.proof == Proof::Confirmed,
        deployed: version
            .standings
            .iter()
            .map(|standing| DeployedRow {
                environment: &standing.environment,
                deployed: standing.deployed,
                since: standing.since,
                by: clean(&standing.by),
                record: standing.record.to_string(),
                reason: standing.reason.as_ref().map(|reason| clean(reason)),
            })
            .collect(),
    }
}
