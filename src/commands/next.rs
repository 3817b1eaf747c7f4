//! `flowcheck next`: prints the next version tag of a release line.

use super::output::print;
use super::{Exit, Failure, Global, in_force};
use crate::facts::{Facts, RefKind, When, kind_of, name_of, version_of};
use crate::history::{History, RefName, Refs, Unreadable, name};
use crate::policy::Policy;
use crate::push::{Place, Push};
use crate::repository::{Environment, Repository};
use crate::version::{Release, Version};

/// What `flowcheck next` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A release line, a version, or one of its tags: release-1.0.0, 1.0.0, v1.0.0
    release: String,
}

/// Why there is no next tag. The text follows "could not".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNext {
    /// The argument names no release.
    #[error("tell which release `{0}` is: it is no release line, no version and no version tag")]
    Release(String),
    /// The policy knows no hotfix tags.
    #[error("name a tag after {0}: the policy has no hotfix tags, so the next one is a release of its own")]
    NoHotfixes(Release),
    /// The policy's pattern allows many names.
    #[error("spell the tag of {0}: the pattern of the policy allows more than one name")]
    Spelling(Version),
    /// The refs do not tell.
    #[error("read the version tags: {0}")]
    Tags(Unreadable),
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let refs = repository.refs(&["refs/heads/", "refs/tags/"]).map_err(Failure::Judge)?;
    print(&(next(&policy, &repository, refs, &args.release)? + "\n"))?;
    Ok(Exit::Clean)
}

/// Returns the tag that is set next: the release's own, then the first hotfix whose number neither
/// a tag nor a record has used.
fn next(policy: &Policy, history: &dyn History, refs: Refs, asked: &str) -> Result<String, NoNext> {
    let release = release(policy, asked).ok_or_else(|| NoNext::Release(name::escape(asked.as_bytes())))?;
    let push = Push { place: Place::Audit, ..Push::new(refs, vec![]) };
    let facts = Facts::new(history, policy, &push);
    let version = facts.next_version(release, When::After);
    if let Some(trouble) = facts.trouble().into_iter().next() {
        return Err(NoNext::Tags(trouble));
    }
    if version.hotfix.is_some() && policy.tags.hotfix.is_none() {
        return Err(NoNext::NoHotfixes(release));
    }
    name_of(policy, version).ok_or(NoNext::Spelling(version))
}

fn release(policy: &Policy, asked: &str) -> Option<Release> {
    let line = || match kind_of(policy, &RefName::of_branch(asked)) {
        RefKind::Release(release) => Some(release),
        _ => None,
    };
    let tag = || version_of(policy, asked).map(|version| version.release);
    line().or_else(|| Release::parse(asked)).or_else(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Memory, NewCommit, Ref};

    fn next_of(policy: &Policy, tags: &[&str], asked: &str) -> Result<String, NoNext> {
        let mut history = Memory::default();
        let commit = history.add_commit(&NewCommit::default());
        let refs = tags.iter().map(|tag| Ref::new(RefName::of_tag(tag), commit)).collect();
        next(policy, &history, refs, asked)
    }

    #[test]
    fn the_release_comes_first_and_then_its_hotfixes() {
        let next_of = |tags: &[&str], asked| next_of(&Policy::built_in(), tags, asked);
        for asked in ["release-1.0.0", "1.0.0", "v1.0.0", "v1.0.0-hotfix7"] {
            assert_eq!(next_of(&["v0.9.0"], asked).as_deref(), Ok("v1.0.0"));
            assert_eq!(next_of(&["v1.0.0"], asked).as_deref(), Ok("v1.0.0-hotfix1"));
            let nine: Vec<String> = (1..10).map(|n| format!("v1.0.0-hotfix{n}")).collect();
            let tags: Vec<&str> = nine.iter().map(String::as_str).chain(["v1.0.0"]).collect();
            assert_eq!(next_of(&tags, asked).as_deref(), Ok("v1.0.0-hotfix10"));
        }
    }

    #[test]
    fn a_number_that_a_record_names_is_used() {
        let tags = ["v1.0.0", "deployed/prod/v1.0.0-hotfix1/7", "rolled-back/prod/v1.0.0-hotfix2/8"];
        assert_eq!(next_of(&Policy::built_in(), &tags, "1.0.0").as_deref(), Ok("v1.0.0-hotfix3"));
    }

    #[test]
    fn what_is_no_release_is_refused() {
        let mut policy = Policy::built_in();
        assert_eq!(next_of(&policy, &[], "develop"), Err(NoNext::Release("develop".to_owned())));
        policy.tags.hotfix = None;
        assert!(matches!(next_of(&policy, &["v1.0.0"], "1.0.0"), Err(NoNext::NoHotfixes(_))));
    }
}
