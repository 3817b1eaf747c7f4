//! `flowcheck why`: how a ref is judged, by which clauses, from which evidence.

mod line;
mod other;
mod tag;
mod topic;
mod words;

use super::clone::{self, Remote};
use super::{Exit, Failure, Global, audit, in_force, output};
use crate::facts::{Facts, LineId, RefKind, deployment_of, kind_of};
use crate::history::{Oid, RefName, Refs, Seconds};
use crate::policy::{Base, LineRole, Policy, ref_glob_matches};
use crate::push::{Place, Push, RefUpdate};
use crate::report::why::{self, Point, Why};
use crate::repository::{Environment, Repository};
use crate::rules::{self, Context};
use crate::verdict::{self, Verdict};

/// What `flowcheck why` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A branch or tag; it need not exist yet
    #[arg(value_name = "REF")]
    name: String,
    /// The remote whose branches count (default: where the current branch is pushed to)
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
}

/// What is asked about, and what answers.
struct Asked<'a> {
    facts: &'a Facts<'a>,
    policy: &'a Policy,
    name: &'a RefName,
    kind: RefKind,
    at: Option<Oid>,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let write = writer(global)?;
    let repository = Repository::open(&Environment::of_process()?, global.repo.as_deref())?;
    let policy = in_force::policy(global, &repository, in_force::side_of(&repository))?;
    let remote = Remote::chosen(&repository, args.remote.as_deref())?;
    let mut refs = clone::seen(&repository, &remote, &["refs/environments/"])?;
    let name = named(&args.name, &refs, &policy, &remote);
    if matches!(kind_of(&policy, &name), RefKind::Topic { .. } | RefKind::Branch) {
        // What is not pushed yet is what is asked about.
        let here = repository.refs(&["refs/heads/"]).map_err(Failure::History)?;
        here.get(&name).into_iter().for_each(|entry| refs.set(entry.clone()));
    }
    let now = jiff::Timestamp::now().as_second();
    let push = state(refs, &remote, now);
    let facts = Facts::new(&repository, &policy, &push);
    let at = push.before.get(&name).map(|entry| entry.id);
    let asked = Asked { facts: &facts, policy: &policy, name: &name, kind: kind_of(&policy, &name), at };
    let points = points(&asked);
    if let Some(failure) = facts.trouble().into_iter().next() {
        return Err(Failure::History(failure));
    }
    let (verdict, judged) = judge(&asked, &repository, &push)?;
    let kind = deployment_of(&policy, &name).kind;
    let is = words::what(&asked);
    let points = points.unwrap_or_default();
    output::print(&write(&Why { name: name.clone(), at, kind, is, points, verdict, judged }))?;
    Ok(Exit::Clean)
}

fn writer(global: &Global) -> Result<fn(&Why) -> String, Failure> {
    match global.format.last().map_or("text", String::as_str) {
        "text" => Ok(why::text),
        "json" => Ok(why::json),
        other => Err(Failure::NoSuchForm { asked: other.to_owned(), known: "text and json" }),
    }
}

fn state(refs: Refs, remote: &Remote, now: Seconds) -> Push {
    Push { place: Place::Audit, pusher: None, now, remote: remote.name.clone(), ..Push::new(refs, vec![]) }
}

/// Returns the ref that is meant: one that stands, else what the name would be in the model.
fn named(text: &str, refs: &Refs, policy: &Policy, remote: &Remote) -> RefName {
    if text.starts_with("refs/") {
        return RefName::new(text);
    }
    let (tag, branch) = (RefName::of_tag(text), RefName::of_branch(text));
    let there = text.strip_prefix(&format!("{}/", remote.name)).map(RefName::of_branch);
    let stands = [Some(&branch), Some(&tag), there.as_ref()];
    if let Some(name) = stands.into_iter().flatten().find(|name| refs.get(name).is_some()) {
        return name.clone();
    }
    match (kind_of(policy, &branch), kind_of(policy, &tag)) {
        (RefKind::Branch, RefKind::VersionTag(_) | RefKind::Record(_) | RefKind::OtherTag) => tag,
        _ => branch,
    }
}

fn points(asked: &Asked<'_>) -> Option<Vec<Point>> {
    let mut points = match &asked.kind {
        RefKind::Topic { kind, release, .. } => topic::points(asked, *kind, *release)?,
        RefKind::Integration => line::points(asked, LineId::Integration)?,
        RefKind::Production => line::points(asked, LineId::Production)?,
        RefKind::Release(release) => line::release_points(asked, *release)?,
        RefKind::VersionTag(version) => tag::points(asked, *version)?,
        RefKind::Record(record) => tag::record_points(asked, record),
        RefKind::Branch | RefKind::Tag | RefKind::OtherTag | RefKind::Foreign => other::points(asked),
    };
    points.extend(deployed(asked));
    points.extend(excepted(asked));
    Some(points)
}

/// Returns what a pipeline for the ref does, where the policy has environments at all.
fn deployed(asked: &Asked<'_>) -> Option<Point> {
    let target = deployment_of(asked.policy, asked.name);
    let image = target.image_tag?;
    let environment =
        asked.policy.environments.iter().find(|one| Some(&one.name) == target.environment.as_ref());
    let Some(environment) = environment else {
        return Some(Point::new("deploys", format!("the image `{image}` is kept, and deployed nowhere")));
    };
    let how = if environment.auto { "by itself" } else { "by a person's click" };
    let says = format!("the image `{image}` goes to {} {how}", environment.name);
    Some(Point::new("deploys", says).clause(&environment.clause))
}

/// Returns the exceptions that cover the ref.
fn excepted<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = Point> + 'a {
    let covers = |name: &str| ref_glob_matches(name, asked.name.full());
    let exceptions = asked.policy.exceptions.iter().filter(move |exception| covers(&exception.name));
    exceptions.map(|exception| {
        let until = exception.expires.map_or_else(String::new, |at| format!(", until {}", words::day(at)));
        let says = format!("{} is let pass: {}{until}", exception.rule, exception.reason);
        Point::new("except", says).clause(&exception.clause)
    })
}

/// Judges the ref: what history made, as the audit does; anything else as if it came now.
fn judge(asked: &Asked<'_>, repository: &Repository, push: &Push) -> Result<(Verdict, String), Failure> {
    let audited = matches!(
        asked.kind,
        RefKind::Integration
            | RefKind::Production
            | RefKind::Release(_)
            | RefKind::VersionTag(_)
            | RefKind::Record(_)
    );
    let nothing = || verdict::weigh(asked.policy, push, vec![]);
    match asked.at {
        Some(_) if audited => {
            let mut verdict = audit::judge(asked.policy, repository, &push.before, &[], push.now)?;
            verdict.findings.retain(|judged| judged.finding.name == *asked.name);
            Ok((verdict, "as the audit judges it".to_owned()))
        }
        Some(id) => Ok((arrives(asked, repository, push, id)?, "as if it were pushed now".to_owned())),
        None => match start(asked) {
            Some((id, place)) => {
                let judged = format!("as if it were made at `{place}` now");
                Ok((arrives(asked, repository, push, id)?, judged))
            }
            None => Ok((nothing(), "by its name alone".to_owned())),
        },
    }
}

fn arrives(asked: &Asked<'_>, repository: &Repository, push: &Push, id: Oid) -> Result<Verdict, Failure> {
    let update = RefUpdate { name: asked.name.clone(), old: None, new: Some(id) };
    let mut before = push.before.clone();
    before.remove(asked.name);
    let push = Push { before, updates: vec![update], ..push.clone() };
    if asked.at.is_some() {
        return verdict::judge(asked.policy, repository, &push).map_err(Failure::History);
    }
    // The tag object that would be made is not there yet.
    let facts = Facts::of_trial(repository, asked.policy, &push);
    let findings = rules::judge(&Context { policy: asked.policy, push: &push, facts: &facts });
    match facts.trouble().into_iter().next() {
        Some(failure) => Err(Failure::History(failure)),
        None => Ok(verdict::weigh(asked.policy, &push, findings)),
    }
}

/// Returns where a ref that is not there would ordinarily be made.
fn start(asked: &Asked<'_>) -> Option<(Oid, String)> {
    let line = match &asked.kind {
        RefKind::Topic { kind, release, .. } => match asked.policy.topics[*kind].from {
            Base::Line(LineRole::Integration) => LineId::Integration,
            Base::Line(LineRole::Production) => LineId::Production,
            Base::Line(LineRole::Release) => {
                release.or_else(|| newest_release(asked)).map_or(LineId::Integration, LineId::Release)
            }
            Base::Confirmed => {
                let (_, confirmed) = asked.facts.confirmed().iter().next_back()?;
                return Some((confirmed.commit, confirmed.tag.short()));
            }
        },
        RefKind::Release(_) => match asked.policy.releases.as_ref()?.from {
            LineRole::Production => LineId::Production,
            _ => LineId::Integration,
        },
        RefKind::VersionTag(version) => asked.facts.line_of_tags(*version),
        RefKind::Branch | RefKind::Tag | RefKind::Foreign => LineId::Integration,
        _ => return None,
    };
    let stands =
        |line| Some((asked.facts.tip(line, crate::facts::When::After)?, asked.facts.line_name(line)));
    stands(line).or_else(|| stands(LineId::Integration))
}

fn newest_release(asked: &Asked<'_>) -> Option<crate::version::Release> {
    asked.facts.releases(crate::facts::When::After).keys().next_back().copied()
}
