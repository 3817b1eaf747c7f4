//! What a ref is, by its name.

use crate::history::{ByteSlice, RefName};
use crate::policy::{Captures, Policy};
use crate::version::{Release, Version};

/// What a ref is in the model of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// The integration line.
    Integration,
    /// The production line.
    Production,
    /// The release line of a version.
    Release(Release),
    /// A topic.
    Topic {
        /// The index of its kind in [`Policy::topics`].
        kind: usize,
        /// The release that its name carries.
        release: Option<Release>,
        /// The number of the hotfix that its name carries.
        hotfix: Option<u64>,
    },
    /// A branch of no kind.
    Branch,
    /// A version tag.
    VersionTag(Version),
    /// A confirmation or a revocation.
    Record(RecordName),
    /// A tag that the policy lists as nobody's business.
    OtherTag,
    /// A tag of no kind.
    Tag,
    /// A ref beside heads and tags.
    Foreign,
}

/// The parts of `deployed/<environment>/<version tag>/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordName {
    /// Whether it revokes (`rolled-back/…`).
    pub revokes: bool,
    /// The environment.
    pub environment: String,
    /// The version tag's short name.
    pub version_tag: String,
    /// The id of the event.
    pub id: String,
}

impl RecordName {
    /// Reads a tag's short name; `None` where it is not of a record's form.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.split('/');
        let revokes = match parts.next()? {
            "deployed" => false,
            "rolled-back" => true,
            _ => return None,
        };
        let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        let record = Self { revokes, environment: part()?, version_tag: part()?, id: part()? };
        parts.next().is_none().then_some(record)
    }
}

/// Returns what `name` is in the model of `policy`.
#[must_use]
pub fn kind_of(policy: &Policy, name: &RefName) -> RefKind {
    if let Some(branch) = name.branch() {
        branch.to_str().map_or(RefKind::Branch, |branch| branch_kind(policy, branch))
    } else if let Some(tag) = name.tag() {
        tag.to_str().map_or(RefKind::Tag, |tag| tag_kind(policy, tag))
    } else {
        RefKind::Foreign
    }
}

/// Returns the release whose line `name` is. Cheaper than its kind, where thousands are asked.
#[must_use]
pub fn release_of(policy: &Policy, name: &RefName) -> Option<Release> {
    let branch = name.branch()?;
    if !policy.releases.as_ref()?.branch.may_match(branch) {
        return None;
    }
    match kind_of(policy, name) {
        RefKind::Release(release) => Some(release),
        _ => None,
    }
}

fn branch_kind(policy: &Policy, branch: &str) -> RefKind {
    if policy.integration.branch == branch {
        return RefKind::Integration;
    }
    if policy.production.as_ref().is_some_and(|line| line.branch == branch) {
        return RefKind::Production;
    }
    if let Some(release) = policy.releases.as_ref().and_then(|releases| releases.branch.captures(branch)) {
        // `release-01.0.0` matches the pattern but names no version: a branch of no kind.
        return release
            .version
            .and_then(|text| Release::parse(&text))
            .map_or(RefKind::Branch, RefKind::Release);
    }
    for (kind, topic) in policy.topics.iter().enumerate() {
        let Some(caught) = topic.branch.captures(branch) else { continue };
        let release = match caught.version {
            None => None,
            Some(text) => match Release::parse(&text) {
                Some(release) => Some(release),
                None => continue,
            },
        };
        let hotfix = match caught.n {
            None => None,
            Some(text) => match text.parse::<u64>() {
                Ok(n) => Some(n),
                Err(_) => continue,
            },
        };
        return RefKind::Topic { kind, release, hotfix };
    }
    RefKind::Branch
}

fn tag_kind(policy: &Policy, tag: &str) -> RefKind {
    if let Some(version) = version_of(policy, tag) {
        return RefKind::VersionTag(version);
    }
    if let Some(record) = RecordName::parse(tag) {
        return RefKind::Record(record);
    }
    if policy.tags.other.iter().any(|pattern| pattern.is_match(tag)) {
        return RefKind::OtherTag;
    }
    RefKind::Tag
}

/// Returns the version that a tag's short name stands for.
#[must_use]
pub fn version_of(policy: &Policy, tag: &str) -> Option<Version> {
    if let Some(caught) = policy.tags.release.captures(tag) {
        return Release::parse(&caught.version?).map(Version::of);
    }
    let caught = policy.tags.hotfix.as_ref()?.captures(tag)?;
    let hotfix = caught.n?.parse::<u64>().ok().filter(|n| *n > 0)?;
    Some(Version { release: Release::parse(&caught.version?)?, hotfix: Some(hotfix) })
}

/// Returns the short name of the tag of `version`; `None` where the model has no such tags, or
/// does not say what they are called.
#[must_use]
pub fn name_of(policy: &Policy, version: Version) -> Option<String> {
    let pattern = match version.hotfix {
        None => &policy.tags.release,
        Some(_) => policy.tags.hotfix.as_ref()?,
    };
    let parts = Captures {
        version: Some(version.release.to_string()),
        n: version.hotfix.map(|n| n.to_string()),
        topic: None,
    };
    pattern.name_with(&parts)
}
