//! Words that several answers say alike.

use super::Asked;
use crate::facts::{Proof, RefKind, Standing};
use crate::history::Seconds;
use crate::policy::{Base, LineRole, Policy};
use crate::report::status::moment;

/// Returns what the ref is, in words that follow "it is".
pub(super) fn what(asked: &Asked<'_>) -> String {
    match &asked.kind {
        RefKind::Integration => "the integration line".to_owned(),
        RefKind::Production => "the production line".to_owned(),
        RefKind::Release(release) => format!("the release line of {release}"),
        RefKind::Topic { kind, release, .. } => {
            let kind = a(&asked.policy.topics[*kind].kind);
            release.map_or(format!("{kind} branch"), |release| format!("{kind} branch for {release}"))
        }
        RefKind::Branch => "a branch of no kind".to_owned(),
        RefKind::VersionTag(version) => match version.hotfix {
            None => format!("the release tag of {}", version.release),
            Some(n) => format!("hotfix tag {n} of {}", version.release),
        },
        RefKind::Record(record) if record.revokes => format!("a roll-back of `{}`", record.version_tag),
        RefKind::Record(record) => format!("a confirmation of `{}`", record.version_tag),
        RefKind::OtherTag => "a tag that is nobody's business".to_owned(),
        RefKind::Tag => "a tag of no kind".to_owned(),
        RefKind::Foreign => "neither a branch nor a tag".to_owned(),
    }
}

/// Returns a word with its article.
pub(super) fn a(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// Returns `1 commit` or `2 commits`.
pub(super) fn commits(n: usize) -> String {
    format!("{n} {}", if n == 1 { "commit" } else { "commits" })
}

/// Returns lines by name where they have one: "`develop` and release lines".
pub(super) fn lines(policy: &Policy, roles: &[LineRole]) -> String {
    let names: Vec<String> = roles.iter().map(|role| line(policy, *role)).collect();
    names.join(" and ")
}

/// Returns a line by its name where it has one.
pub(super) fn line(policy: &Policy, role: LineRole) -> String {
    policy.line(role).map_or_else(|| "release lines".to_owned(), |line| format!("`{}`", line.branch))
}

/// Returns what a kind starts from.
pub(super) fn base(policy: &Policy, base: Base) -> String {
    match base {
        Base::Line(LineRole::Release) => "a release line".to_owned(),
        Base::Line(role) => line(policy, role),
        Base::Confirmed => "what is confirmed".to_owned(),
    }
}

/// Returns the day of a moment, in UTC.
pub(super) fn day(at: Seconds) -> String {
    moment(at).split(' ').next().unwrap_or_default().to_owned()
}

/// Returns what the proof of a version says, in words that follow its name.
pub(super) fn proof(proof: &Proof) -> String {
    match proof {
        Proof::Confirmed => "is confirmed".to_owned(),
        Proof::Missing => "is not confirmed: there is no record".to_owned(),
        Proof::InThisPush(_) => "is recorded, and the record is new".to_owned(),
        Proof::Flawed(record, flaw) => {
            format!("is not confirmed: the record `{}` does not count: {flaw}", record.short())
        }
        Proof::RolledBack(record) => format!("was rolled back: `{}`", record.short()),
        Proof::NotDeployed => "is recorded, but the newest deployment is another".to_owned(),
    }
}

/// Returns what a standing says, for a line of evidence.
pub(super) fn standing(standing: &Standing) -> String {
    let verb = if standing.deployed { "runs in" } else { "rolled back in" };
    let by = if standing.by.is_empty() { String::new() } else { format!(", {}", standing.by) };
    format!("{verb} {} since {}{by}", standing.environment, moment(standing.since))
}
