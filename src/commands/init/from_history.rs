//! `flowcheck init --from-history`: a policy of what this repository already does.

use std::path::Path;

use super::super::clone::Remote;
use super::super::output::{print, tell};
use super::super::{Exit, Failure, Global, audit};
use super::write_new;
use crate::history::{Refs, Seconds};
use crate::learn::{self, Group, Learned};
use crate::policy::{Policy, no_files};
use crate::report::learned::{self, Adoption};
use crate::repository::{Environment, Repository};

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
    let refs = audit::refs(&repository)?;
    let default = repository.default_branch().map_err(Failure::History)?;
    let learned = learn::learn(&repository, &refs, default.as_ref()).map_err(Failure::History)?;
    let learned = learned.ok_or(Failure::NothingToLearn)?;
    let trial = Trial { repository: &repository, refs: &refs, now: jiff::Timestamp::now().as_second() };
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
    /// Finds out which rules the whole history keeps, and what the first audit will say by these.
    fn adopt(&self, learned: Learned, path: &Path, remote: &str) -> Result<(String, Adoption), Failure> {
        let since = jiff::Timestamp::from_second(self.now).map(|now| now.to_string()).unwrap_or_default();
        let mut levels = learn::doubted(&learned);
        let (judged, mut first) = self.audit(&learned, &learn::policy(&learned, &levels, &since))?;
        let unkept = learn::unkept(&first);
        // No rule hears another: those that remain say what they said.
        first.retain(|group| !unkept.iter().any(|level| level.silences(group)));
        levels.retain(|level| unkept.iter().all(|other| other.rule != level.rule));
        levels.extend(unkept);
        let text = learn::policy(&learned, &levels, &since);
        let path = crate::history::name::escape(path.as_os_str().as_encoded_bytes());
        Ok((text, Adoption { path, learned, judged, levels, first, since, remote: remote.to_owned() }))
    }

    /// Returns how many updates the first audit by a policy judges, and what it says.
    fn audit(&self, learned: &Learned, text: &str) -> Result<(usize, Vec<Group>), Failure> {
        let policy = parse(text)?;
        let (refs, now) = (self.refs, self.now);
        let mut replayed = audit::replayed(&policy, self.repository, refs, &[], now)?;
        let asked = std::mem::take(&mut replayed.asked);
        let judged = replayed.updates;
        let verdict = audit::weigh(&policy, refs.clone(), replayed, now);
        let tried = learn::Tried { policy: &policy, learned, refs, asked: &asked };
        Ok((judged, tried.groups(&verdict.findings)))
    }
}

fn parse(text: &str) -> Result<Policy, Failure> {
    Policy::parse("the learned policy", text, &no_files)
        .map_err(|mistakes| Failure::Policy(Box::new(mistakes)))
}
