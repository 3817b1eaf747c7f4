//! From findings to accept or reject: levels, exceptions, overrides, baseline.
//!
//! A finding never disappears; its outcome changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use globset::{Candidate, GlobBuilder, GlobMatcher};
use sha2::{Digest as _, Sha256};

use crate::facts::Facts;
use crate::finding::{Finding, Level};
use crate::history::{ByteSlice, History, Oid, RefName, Seconds, Unreadable, name};
use crate::policy::{self, Mode, Policy};
use crate::push::{Place, Push};
use crate::rules::{self, Context};

pub use crate::rules::rule_level;

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It rejects the push.
    Rejected,
    /// It is said.
    Warned,
    /// It would reject, but the policy only evaluates.
    Evaluated,
    /// A listed user overrode it.
    Overridden,
    /// The policy excepts it.
    Excepted,
    /// It was there when the baseline was written.
    Baselined,
}

impl Outcome {
    /// Returns the word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Warned => "warned",
            Self::Evaluated => "evaluated",
            Self::Overridden => "overridden",
            Self::Excepted => "excepted",
            Self::Baselined => "baselined",
        }
    }
}

/// A finding, its level and what becomes of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// The level that counts: never `Off`.
    pub level: Level,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why it does not reject: the reason of the exception or override.
    pub reason: Option<String>,
    /// The finding (by its place in the verdict) that says the same of the same object under
    /// another ref; reports for people say it once.
    pub repeats: Option<usize>,
}

impl Judged {
    /// Returns what the finding is known by from run to run: its rule, ref and object.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.finding)
    }
}

/// The judgement of a push or a history.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// All findings, in the order of the refs, then of the rules.
    pub findings: Vec<Judged>,
    /// How many refs were read.
    pub refs: usize,
    /// Per rule: how many questions had no answer, and why.
    pub undecidable: BTreeMap<String, Undecidable>,
    /// What the pusher should know beside the findings, one sentence each.
    pub remarks: Vec<String>,
    /// The policy's mode.
    pub mode: Mode,
    /// Where the policy was read from.
    pub source: String,
}

/// Questions of one rule that had no answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undecidable {
    /// How many.
    pub count: usize,
    /// Why, one sentence.
    pub why: String,
}

/// How many findings there are of each outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that reject.
    pub errors: usize,
    /// Those that are only said.
    pub warnings: usize,
    /// Those that would reject if the policy did not only evaluate.
    pub evaluated: usize,
    /// Those that a listed user overrode.
    pub overridden: usize,
    /// Those that the policy excepts.
    pub excepted: usize,
    /// Those that the baseline has.
    pub baselined: usize,
}

/// The fingerprints of findings that are known and owed.
pub type Baseline = BTreeSet<String>;

impl Verdict {
    /// Whether the push passes.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.findings.iter().all(|judged| judged.outcome != Outcome::Rejected)
    }

    /// Counts the findings by outcome.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for judged in &self.findings {
            *match judged.outcome {
                Outcome::Rejected => &mut counts.errors,
                Outcome::Warned => &mut counts.warnings,
                Outcome::Evaluated => &mut counts.evaluated,
                Outcome::Overridden => &mut counts.overridden,
                Outcome::Excepted => &mut counts.excepted,
                Outcome::Baselined => &mut counts.baselined,
            } += 1;
        }
        counts
    }

    /// Lets pass what `baseline` has.
    pub fn forgive(&mut self, baseline: &Baseline) {
        for judged in &mut self.findings {
            let counts = matches!(judged.outcome, Outcome::Rejected | Outcome::Warned | Outcome::Evaluated);
            if counts && baseline.contains(&judged.fingerprint()) {
                judged.outcome = Outcome::Baselined;
                judged.reason = Some("it was there when the baseline was written".to_owned());
            }
        }
    }

    /// Returns the fingerprints of everything that would count.
    #[must_use]
    pub fn baseline(&self) -> Baseline {
        let excused = [Outcome::Excepted, Outcome::Overridden];
        let counts = self.findings.iter().filter(|judged| !excused.contains(&judged.outcome));
        counts.map(Judged::fingerprint).collect()
    }
}

/// Judges a push.
///
/// # Errors
/// With the first thing that could not be learned: then nothing can be said about the push.
pub fn judge(policy: &Policy, history: &dyn History, push: &Push) -> Result<Verdict, Unreadable> {
    let (push, mut findings) = on_commits(history, push)?;
    let facts = Facts::new(history, policy, &push);
    findings.extend(rules::judge(&Context { policy, push: &push, facts: &facts }));
    if let Some(failure) = facts.trouble().into_iter().next() {
        return Err(failure);
    }
    Ok(weigh(policy, &push, findings))
}

/// Takes branches out of the push that would not stand on commits: git lets none, but only after
/// the hook. All that can be said of them is that.
fn on_commits<'a>(
    history: &dyn History,
    push: &'a Push,
) -> Result<(Cow<'a, Push>, Vec<Finding>), Unreadable> {
    let mut astray = vec![];
    for update in &push.updates {
        let tip = update.new.filter(|new| update.name.branch().is_some() && update.old != Some(*new));
        if let Some(tip) = tip
            && !history.is_commit(tip)?
        {
            astray.push(update);
        }
    }
    if astray.is_empty() {
        return Ok((Cow::Borrowed(push), vec![]));
    }
    let findings = astray.iter().map(|update| rules::no_commit_finding(update)).collect();
    let updates = push.updates.iter().filter(|update| !astray.contains(update)).cloned().collect();
    Ok((Cow::Owned(Push { updates, ..push.clone() }), findings))
}

/// Gives each finding its level and outcome.
#[must_use]
pub fn weigh(policy: &Policy, push: &Push, findings: Vec<Finding>) -> Verdict {
    let exceptions: Vec<Excuse<'_>> = policy.exceptions.iter().filter_map(Excuse::new).collect();
    let request = Override::of(policy, push);
    let mut used = vec![false; exceptions.len()];
    let mut judged: Vec<Judged> = vec![];
    for finding in findings {
        let Some(level) = level_of(policy, &finding, push.now) else { continue };
        let found = exceptions.iter().position(|excuse| excuse.holds(push.now) && excuse.covers(&finding));
        let (outcome, reason) = match (found, &request) {
            (Some(at), _) => {
                used[at] = true;
                (Outcome::Excepted, Some(exceptions[at].exception.reason.clone()))
            }
            _ if level == Level::Warn => (Outcome::Warned, None),
            _ if policy.mode == Mode::Evaluate => (Outcome::Evaluated, None),
            (None, Override::Granted(reason)) if !is_replacement(&finding) => {
                (Outcome::Overridden, Some(reason.clone()))
            }
            _ => (Outcome::Rejected, None),
        };
        judged.push(Judged { finding: seen_from(push, finding), level, outcome, reason, repeats: None });
    }
    judged.extend(stale(policy, push, &exceptions, &used));
    mark_repeats(&mut judged);
    Verdict {
        findings: judged,
        refs: push.updates.len(),
        undecidable: BTreeMap::new(),
        remarks: request.remark(),
        mode: policy.mode,
        source: policy.source.clone(),
    }
}

fn level_of(policy: &Policy, finding: &Finding, now: Seconds) -> Option<Level> {
    let (mut level, clause) = rule_level(policy, rules::find(finding.rule)?, now);
    if finding.overdue && clause.is_none() {
        // The policy says nothing, and the time that the rule grants is over.
        level = Level::Error;
    }
    let level = finding.at_most.map_or(level, |most| most.min(level));
    (level != Level::Off).then_some(level)
}

/// Returns what the finding is known by from run to run: the hash of its rule, ref and object.
#[must_use]
pub fn fingerprint(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    hash.update(finding.rule);
    hash.update(b"\0");
    hash.update(finding.name.full().as_bytes());
    hash.update(b"\0");
    if let Some(id) = object_of(finding) {
        hash.update(id.to_string());
    }
    hash.finalize().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn object_of(finding: &Finding) -> Option<Oid> {
    finding.object.or(finding.new).or(finding.old)
}

/// A replaced object would change the answer to every question, so nobody may excuse it.
fn is_replacement(finding: &Finding) -> bool {
    finding.rule == "ref-namespace" && finding.name.full().starts_with(b"refs/replace/")
}

/// In a clone, what is absent may only not have been fetched: the finding says so, and how to know.
fn seen_from(push: &Push, finding: Finding) -> Finding {
    if push.place != Place::Clone || !finding.rests_on_absence {
        return finding;
    }
    let mut finding = finding.note("this is as far as this clone knows; the server may have more");
    let remote = if push.remote == "origin" { String::new() } else { format!(" {}", push.remote) };
    finding.fix.insert(0, format!("git fetch --tags{remote}"));
    finding
}

/// An exception of the policy, ready to be asked.
struct Excuse<'a> {
    exception: &'a policy::Exception,
    glob: GlobMatcher,
}

impl<'a> Excuse<'a> {
    fn new(exception: &'a policy::Exception) -> Option<Self> {
        let glob = GlobBuilder::new(&exception.name).literal_separator(false).build().ok()?;
        Some(Self { exception, glob: glob.compile_matcher() })
    }

    fn holds(&self, now: Seconds) -> bool {
        self.exception.expires.is_none_or(|expires| now <= expires)
    }

    fn matches(&self, name: &RefName) -> bool {
        self.glob.is_match_candidate(&Candidate::from_bytes(name.full().as_bytes()))
    }

    fn covers(&self, finding: &Finding) -> bool {
        let bound = self.exception.object.as_deref();
        let objects = [finding.object, finding.new, finding.old];
        self.exception.rule == finding.rule
            && self.matches(&finding.name)
            && !is_replacement(finding)
            && bound.is_none_or(|hex| {
                objects.into_iter().flatten().any(|id| id.to_string().eq_ignore_ascii_case(hex))
            })
    }
}

/// Whether the pusher asks for an override, and what the policy says to that.
enum Override {
    NotAsked,
    Granted(String),
    Refused(String),
}

impl Override {
    /// Reads `flowcheck.override=<reason>` from the push options: on a server only, for there
    /// alone somebody else than the pusher says who pushes.
    fn of(policy: &Policy, push: &Push) -> Self {
        let given = |option: &crate::history::BString| {
            let reason = option.strip_prefix(b"flowcheck.override")?;
            Some(reason.strip_prefix(b"=").unwrap_or_default().trim().to_owned())
        };
        let reasons: Vec<Vec<u8>> = push.options.iter().filter_map(given).collect();
        if reasons.is_empty() || push.place != Place::Server {
            return Self::NotAsked;
        }
        let Some(pusher) = push.pusher.as_ref().filter(|pusher| pusher.is_among(&policy.override_by)) else {
            let who = push.pusher.as_ref().map_or_else(|| "somebody".to_owned(), crate::push::Pusher::shown);
            return Self::Refused(format!(
                "the override was not honoured: the policy does not list `{who}` under [override]"
            ));
        };
        match reasons.iter().find(|reason| !reason.is_empty()) {
            Some(reason) => Self::Granted(format!("{} ({})", name::escape(reason), pusher.shown())),
            None => Self::Refused(
                "the override was not honoured: it gives no reason (flowcheck.override=\"INC-1 why\")"
                    .to_owned(),
            ),
        }
    }

    fn remark(self) -> Vec<String> {
        match self {
            Self::Refused(why) => vec![why],
            Self::NotAsked | Self::Granted(_) => vec![],
        }
    }
}

/// Returns the findings of the rule `exception`: in a push, expired exceptions that a ref of the
/// push would have met; in an audit, every expired one and every one that met nothing.
fn stale(policy: &Policy, push: &Push, exceptions: &[Excuse<'_>], used: &[bool]) -> Vec<Judged> {
    let mut findings = vec![];
    for (excuse, used) in exceptions.iter().zip(used) {
        let expired = !excuse.holds(push.now);
        let names: Vec<RefName> = match push.place {
            Place::Audit if expired || !used => vec![RefName::new(excuse.exception.name.as_str())],
            Place::Server | Place::Clone if expired => push
                .updates
                .iter()
                .map(|update| update.name.clone())
                .find(|name| excuse.matches(name))
                .into_iter()
                .collect(),
            _ => vec![],
        };
        let found = names.iter().map(|name| rules::exception_finding(excuse.exception, name, expired));
        findings.extend(found.filter_map(|finding| {
            let level = level_of(policy, &finding, push.now)?;
            let outcome = match (level, policy.mode) {
                (Level::Error, Mode::Enforce) => Outcome::Rejected,
                (Level::Error, Mode::Evaluate) => Outcome::Evaluated,
                _ => Outcome::Warned,
            };
            Some(Judged { finding, level, outcome, reason: None, repeats: None })
        }));
    }
    findings
}

/// Marks findings that say the same of the same object under another ref.
fn mark_repeats(judged: &mut [Judged]) {
    let mut first: BTreeMap<_, usize> = BTreeMap::new();
    for (at, judged) in judged.iter_mut().enumerate() {
        let finding = &judged.finding;
        if finding.commits.is_empty() {
            continue;
        }
        let commits: Vec<Oid> = finding.commits.iter().map(|commit| commit.id).collect();
        let key = (finding.rule, object_of(finding), commits, judged.outcome.name());
        match first.get(&key) {
            Some(earlier) => judged.repeats = Some(*earlier),
            None => drop(first.insert(key, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Clause;
    use crate::finding::Named;
    use crate::history::{BString, Refs};
    use crate::policy::{Exception, RuleLevel};
    use crate::push::{Pusher, RefUpdate};

    const DAY: Seconds = 24 * 3600;

    fn id(digit: u8) -> Oid {
        Oid::from_hex(&[digit; 40]).unwrap()
    }

    fn push_of(name: &str) -> Push {
        let update = RefUpdate { name: RefName::new(name), old: None, new: Some(id(b'1')) };
        Push::new(Refs::default(), vec![update])
    }

    fn finding(name: &str) -> Finding {
        Finding {
            rule: "branch-name",
            new: Some(id(b'1')),
            ..Finding::new(&RefName::new(name), "no such kind")
        }
    }

    fn exception(name: &str) -> Exception {
        Exception {
            rule: "branch-name".to_owned(),
            name: name.to_owned(),
            object: None,
            reason: "imported".to_owned(),
            expires: None,
            clause: Clause::default(),
        }
    }

    fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
        let mut policy = Policy::built_in();
        change(&mut policy);
        policy
    }

    fn outcomes(policy: &Policy, push: &Push) -> Vec<(&'static str, Outcome)> {
        let findings = push.updates.iter().map(|update| finding(&update.name.full().to_string())).collect();
        weigh(policy, push, findings)
            .findings
            .iter()
            .map(|judged| (judged.finding.rule, judged.outcome))
            .collect()
    }

    #[test]
    fn an_error_rejects_and_a_warning_does_not() {
        let push = push_of("refs/heads/x");
        let strict = weigh(&Policy::built_in(), &push, vec![finding("refs/heads/x")]);
        assert!(!strict.accepted());
        let mild = weigh(&Policy::built_in(), &push, vec![finding("refs/heads/x").warning()]);
        assert!(mild.accepted());
        assert_eq!(mild.counts(), Counts { warnings: 1, ..Counts::default() });
    }

    #[test]
    fn the_policy_sets_levels_until_the_end_of_a_day() {
        let policy = |level, until| {
            policy(|policy| {
                let rule = "branch-name".to_owned();
                policy.levels = vec![RuleLevel { rule, level, until, clause: Clause::default() }];
            })
        };
        let mut push = push_of("refs/heads/x");
        assert_eq!(outcomes(&policy(Level::Off, None), &push), []);
        assert_eq!(outcomes(&policy(Level::Warn, None), &push), [("branch-name", Outcome::Warned)]);
        push.now = DAY;
        assert_eq!(outcomes(&policy(Level::Warn, Some(DAY)), &push), [("branch-name", Outcome::Warned)]);
        push.now = DAY + 1;
        assert_eq!(outcomes(&policy(Level::Warn, Some(DAY)), &push), [("branch-name", Outcome::Rejected)]);
    }

    #[test]
    fn a_policy_that_evaluates_lets_pass() {
        let policy = policy(|policy| policy.mode = Mode::Evaluate);
        let verdict = weigh(&policy, &push_of("refs/heads/x"), vec![finding("refs/heads/x")]);
        assert!(verdict.accepted());
        assert_eq!(verdict.findings[0].outcome, Outcome::Evaluated);
    }

    #[test]
    fn an_exception_covers_names_at_any_depth() {
        let policy = policy(|policy| policy.exceptions = vec![exception("refs/heads/legacy/*")]);
        for (name, outcome) in [
            ("refs/heads/legacy/a", Outcome::Excepted),
            ("refs/heads/legacy/a/b", Outcome::Excepted),
            ("refs/heads/x/legacy/a", Outcome::Rejected),
        ] {
            assert_eq!(outcomes(&policy, &push_of(name)), [("branch-name", outcome)], "{name}");
        }
    }

    #[test]
    fn an_exception_may_be_bound_to_an_object() {
        for (digit, outcome) in [("1", Outcome::Excepted), ("2", Outcome::Rejected)] {
            let object = Some(digit.repeat(40));
            let policy =
                policy(|policy| policy.exceptions = vec![Exception { object, ..exception("refs/heads/*") }]);
            assert_eq!(outcomes(&policy, &push_of("refs/heads/x")), [("branch-name", outcome)]);
        }
    }

    #[test]
    fn an_expired_exception_excuses_nothing_and_is_said_where_it_would_have_met_something() {
        let policy = policy(|policy| {
            policy.exceptions = vec![Exception { expires: Some(DAY), ..exception("refs/heads/legacy/*") }];
        });
        let mut push = push_of("refs/heads/legacy/a");
        push.now = DAY;
        assert_eq!(outcomes(&policy, &push), [("branch-name", Outcome::Excepted)]);
        push.now = DAY + 1;
        let expected = [("branch-name", Outcome::Rejected), ("exception", Outcome::Warned)];
        assert_eq!(outcomes(&policy, &push), expected);
        let mut elsewhere = push_of("refs/heads/x");
        elsewhere.now = DAY + 1;
        assert_eq!(outcomes(&policy, &elsewhere), [("branch-name", Outcome::Rejected)]);
    }

    #[test]
    fn an_exception_that_meets_nothing_is_said_by_an_audit() {
        let policy = policy(|policy| policy.exceptions = vec![exception("refs/heads/legacy/*")]);
        let mut push = push_of("refs/heads/x");
        push.place = Place::Audit;
        let expected = [("branch-name", Outcome::Rejected), ("exception", Outcome::Warned)];
        assert_eq!(outcomes(&policy, &push), expected);
        let mut met = push_of("refs/heads/legacy/x");
        met.place = Place::Audit;
        assert_eq!(outcomes(&policy, &met), [("branch-name", Outcome::Excepted)]);
    }

    fn overriding(option: &str, who: &str) -> (Policy, Push) {
        let policy = policy(|policy| policy.override_by = vec!["release-manager".to_owned()]);
        let mut push = push_of("refs/heads/x");
        push.options = vec![BString::from("ci.skip"), BString::from(option)];
        push.pusher = Some(Pusher { name: Some(who.to_owned()), id: None });
        (policy, push)
    }

    #[test]
    fn a_listed_user_overrides_with_a_reason() {
        let (policy, push) = overriding("flowcheck.override=INC-1 \u{1b}[2Jprod is down", "release-manager");
        let verdict = weigh(&policy, &push, vec![finding("refs/heads/x")]);
        assert!(verdict.accepted());
        let reason = verdict.findings[0].reason.as_deref();
        assert_eq!(reason, Some("INC-1 \\u{1b}[2Jprod is down (release-manager)"));
    }

    #[test]
    fn an_override_needs_a_reason_a_listed_user_and_a_server() {
        for (option, who) in [
            ("flowcheck.override=", "release-manager"),
            ("flowcheck.override", "release-manager"),
            ("flowcheck.override=INC-1", "mallory"),
        ] {
            let (policy, push) = overriding(option, who);
            let verdict = weigh(&policy, &push, vec![finding("refs/heads/x")]);
            assert!(!verdict.accepted(), "{option} by {who}");
            assert_eq!(verdict.remarks.len(), 1);
        }
        let (policy, mut push) = overriding("flowcheck.override=INC-1", "release-manager");
        push.place = Place::Clone;
        assert_eq!(outcomes(&policy, &push), [("branch-name", Outcome::Rejected)]);
    }

    #[test]
    fn nobody_excuses_a_replaced_object() {
        let (mut policy, push) = overriding("flowcheck.override=INC-1", "release-manager");
        policy.exceptions = vec![Exception { rule: "ref-namespace".to_owned(), ..exception("refs/*") }];
        for (name, excused) in [("refs/replace/1", false), ("refs/other/1", true)] {
            let finding = Finding { rule: "ref-namespace", ..finding(name) };
            let covered =
                policy.exceptions.iter().filter_map(Excuse::new).any(|excuse| excuse.covers(&finding));
            assert_eq!(covered, excused);
            assert_eq!(is_replacement(&finding), !excused);
        }
        assert!(matches!(Override::of(&policy, &push), Override::Granted(_)));
    }

    #[test]
    fn what_the_baseline_has_is_let_pass() {
        let push = push_of("refs/heads/x");
        let mut verdict = weigh(&Policy::built_in(), &push, vec![finding("refs/heads/x")]);
        let baseline = verdict.baseline();
        verdict.forgive(&Baseline::new());
        assert!(!verdict.accepted());
        verdict.forgive(&baseline);
        assert_eq!(verdict.counts(), Counts { baselined: 1, ..Counts::default() });
    }

    #[test]
    fn a_fingerprint_is_of_rule_ref_and_object_and_stays_the_same() {
        let one = finding("refs/heads/x");
        assert_eq!(fingerprint(&one), "005e9d2d5eca4a789af705fd26fa9fed");
        assert_eq!(fingerprint(&one), fingerprint(&one.clone().note("worded otherwise")));
        for other in [
            finding("refs/heads/y"),
            Finding { new: Some(id(b'2')), ..finding("refs/heads/x") },
            Finding { rule: "tag-name", ..finding("refs/heads/x") },
        ] {
            assert_ne!(fingerprint(&one), fingerprint(&other));
        }
    }

    #[test]
    fn the_same_commits_under_two_names_are_one_story() {
        let commits = vec![Named { id: id(b'3'), subject: "s".to_owned() }];
        let finding = |name| finding(name).commits("1 commit:", commits.clone(), 1);
        let push = push_of("refs/heads/x");
        let verdict =
            weigh(&Policy::built_in(), &push, vec![finding("refs/heads/x"), finding("refs/heads/y")]);
        assert_eq!(verdict.findings[0].repeats, None);
        assert_eq!(verdict.findings[1].repeats, Some(0));
        assert_eq!(verdict.counts().errors, 2);
    }

    #[test]
    fn a_clone_says_that_it_may_not_know() {
        let mut push = push_of("refs/heads/x");
        let absent = || vec![finding("refs/heads/x").fix("git push").absent()];
        let server = weigh(&Policy::built_in(), &push, absent());
        assert_eq!(server.findings[0].finding.fix, ["git push"]);
        push.place = Place::Clone;
        push.remote = "upstream".to_owned();
        let clone = weigh(&Policy::built_in(), &push, absent());
        assert_eq!(clone.findings[0].finding.fix, ["git fetch --tags upstream", "git push"]);
        assert!(clone.findings[0].finding.notes[0].contains("as far as this clone knows"));
        assert!(!clone.accepted());
    }
}
