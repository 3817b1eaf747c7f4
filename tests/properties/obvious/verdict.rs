//! What becomes of what fires: levels, exceptions, overrides, and a policy that only evaluates.

use flowcheck::finding::Level;
use flowcheck::history::{ByteSlice, RefName};
use flowcheck::policy::{Exception, Mode};
use flowcheck::verdict::Outcome;

use super::{Case, Fired};

/// The rules that are not errors where the policy says nothing.
const MILD: [(&str, Level); 3] =
    [("tag-signature", Level::Off), ("merge-back-missing", Level::Warn), ("exception", Level::Warn)];

/// Something that fires: the rule, the ref, the level that it has at most, and whether time has
/// made an error of it.
pub(super) struct Raw {
    pub(super) rule: &'static str,
    pub(super) name: RefName,
    pub(super) most: Level,
    pub(super) overdue: bool,
}

/// Weighs what fires, and the exceptions that have expired.
pub(super) fn weigh(case: &Case<'_>, raw: Vec<Raw>) -> Fired {
    let expired = case.policy.exceptions.iter().filter(|exception| !holds(exception, case));
    let expired = expired.filter_map(|exception| {
        let mut names = case.push.updates.iter().map(|update| &update.name);
        let name = names.find(|name| covers(&exception.name, name))?.clone();
        Some(Raw { rule: "exception", name, most: Level::Error, overdue: false })
    });
    let stale: Vec<Raw> = expired.collect();
    let weighed = raw.into_iter().chain(stale).filter_map(|raw| {
        let outcome = outcome(case, &raw)?;
        Some((raw.rule, raw.name, outcome))
    });
    weighed.collect()
}

fn outcome(case: &Case<'_>, raw: &Raw) -> Option<Outcome> {
    let level = level(case, raw).min(raw.most);
    let replaces = raw.name.full().starts_with(b"refs/replace/");
    let excepted = case.policy.exceptions.iter().any(|exception| {
        exception.rule == raw.rule && holds(exception, case) && covers(&exception.name, &raw.name)
    });
    match level {
        Level::Off => None,
        _ if excepted && !replaces => Some(Outcome::Excepted),
        Level::Warn => Some(Outcome::Warned),
        Level::Error if case.policy.mode == Mode::Evaluate => Some(Outcome::Evaluated),
        Level::Error if is_overridden(case) && !replaces => Some(Outcome::Overridden),
        Level::Error => Some(Outcome::Rejected),
    }
}

fn level(case: &Case<'_>, raw: &Raw) -> Level {
    let now = case.push.now;
    let mut set = case.policy.levels.iter().filter(|level| level.rule == raw.rule);
    if let Some(level) = set.find(|level| level.until.is_none_or(|until| now <= until)) {
        return level.level;
    }
    if raw.overdue {
        return Level::Error;
    }
    MILD.iter().find(|(rule, _)| *rule == raw.rule).map_or(Level::Error, |(_, level)| *level)
}

fn holds(exception: &Exception, case: &Case<'_>) -> bool {
    exception.expires.is_none_or(|expires| case.push.now <= expires)
}

fn covers(glob: &str, name: &RefName) -> bool {
    match glob.strip_suffix('*') {
        Some(prefix) => name.full().starts_with(prefix.as_bytes()),
        None => name.full() == glob.as_bytes(),
    }
}

/// Whether somebody whom the policy lists gives a reason for an override.
fn is_overridden(case: &Case<'_>) -> bool {
    let listed = case.push.pusher.as_ref().is_some_and(|who| who.is_among(&case.policy.override_by));
    let reasons = case.push.options.iter().filter_map(|option| option.strip_prefix(b"flowcheck.override="));
    listed && reasons.into_iter().any(|reason| !reason.trim().is_empty())
}
