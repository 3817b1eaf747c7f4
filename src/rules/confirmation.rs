//! A confirmation record is what it says it is, and comes from somebody who may say it.

use super::words::remake;
use super::{Check, Context, Rule};
use crate::facts::{Flaw, Record, RefKind, When};
use crate::finding::{Finding, Level};
use crate::history::Seconds;
use crate::history::name::escape;
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "confirmation",
    summary: "a confirmation record is well formed, true, and made by somebody who may make it",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/confirmation.md"),
    check: Check::Update(check),
};

/// How far a record's date may be ahead of the server's clock.
const AHEAD: Seconds = 600;

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.creates() || !matches!(cx.facts.kind(&update.name), RefKind::Record(_)) {
        return vec![];
    }
    let Some(record) = cx.facts.record(&update.name, When::After) else {
        return vec![];
    };
    let found = [form(record, cx), ahead(record, cx), backdated(record, cx), pusher(record, cx)];
    let clause = &cx.policy.confirmation.clause;
    found.into_iter().flatten().map(|finding| finding.clause(clause)).collect()
}

fn form(record: &Record, cx: &Context<'_>) -> Option<Finding> {
    let flaws: Vec<&Flaw> = record.flaws.iter().filter(|flaw| is_ours(flaw, cx)).collect();
    let (first, rest) = flaws.split_first()?;
    let message = format!("the record `{}` does not count: {first}", record.name.short());
    let mut finding = Finding::new(&record.name, message);
    for flaw in rest {
        finding = finding.note(format!("also: {flaw}"));
    }
    for flaw in &flaws {
        if let Some(note) = way_out(flaw, cx) {
            finding = finding.note(note);
        }
    }
    if flaws.iter().all(|flaw| is_of_form(flaw)) {
        finding = remake(finding, record, cx);
    }
    if flaws.iter().any(|flaw| matches!(flaw, Flaw::NoSuchTag(_))) {
        finding = finding.absent();
    }
    Some(finding)
}

/// Whether the flaw is this rule's to say: signatures are `tag-signature`'s where that is on.
fn is_ours(flaw: &Flaw, cx: &Context<'_>) -> bool {
    let of_signature = matches!(flaw, Flaw::Unsigned | Flaw::BadlySigned(_));
    !(of_signature && cx.policy.turns_on("tag-signature", cx.push.now))
}

/// Whether making the record anew mends it: nothing that it claims is in doubt.
fn is_of_form(flaw: &Flaw) -> bool {
    match flaw {
        Flaw::Lightweight
        | Flaw::OtherName(_)
        | Flaw::Undated
        | Flaw::Missing(_)
        | Flaw::Repeated(_)
        | Flaw::Unsigned => true,
        Flaw::Differs { key, .. } => *key != "Repository" && *key != "Commit",
        _ => false,
    }
}

fn way_out(flaw: &Flaw, cx: &Context<'_>) -> Option<String> {
    match flaw {
        Flaw::UnknownEnvironment(_) => {
            let known: Vec<String> =
                cx.policy.environments.iter().map(|one| format!("`{}`", one.name)).collect();
            Some(format!("the policy knows {}", known.join(", ")))
        }
        Flaw::NoVersion(_) => Some("the third part of the name is a version tag".to_owned()),
        Flaw::NoSuchTag(tag) => Some(format!("push `{tag}` first, or together with its record")),
        Flaw::OtherCommit(_) | Flaw::NoCommit | Flaw::Differs { key: "Commit", .. } => {
            Some("find out which commit was deployed before you record anything".to_owned())
        }
        Flaw::Differs { key: "Repository", .. } => {
            Some("it was made for another repository, and proves nothing about this one".to_owned())
        }
        Flaw::BadlySigned(_) => {
            Some("whoever keeps the policy lists the keys that count in its allowed-signers file".to_owned())
        }
        _ => None,
    }
}

fn ahead(record: &Record, cx: &Context<'_>) -> Option<Finding> {
    if record.time <= cx.push.now.saturating_add(AHEAD) {
        return None;
    }
    let message = format!(
        "the record `{}` is dated {}, more than ten minutes ahead of the clock here",
        record.name.short(),
        date(record.time)
    );
    let finding = Finding::new(&record.name, message).note(format!(
        "the clock here says {}; set the clock of the machine that records",
        date(cx.push.now)
    ));
    Some(remake(finding, record, cx))
}

fn backdated(record: &Record, cx: &Context<'_>) -> Option<Finding> {
    let newest = cx
        .facts
        .records(When::Before)
        .iter()
        .filter(|known| known.is_valid())
        .filter(|known| known.parts.environment == record.parts.environment)
        .filter(|known| known.parts.version_tag == record.parts.version_tag)
        .max_by(|a, b| a.order(b))?;
    if record.time >= newest.time || record.flaws.contains(&Flaw::Undated) {
        return None;
    }
    let message = format!(
        "the record `{}` is dated {}, before the newest record of this version, `{}`",
        record.name.short(),
        date(record.time),
        newest.name.short()
    );
    let finding = Finding::new(&record.name, message).note(format!(
        "`{}` is dated {}, and the order of dates has to be the order of arrival",
        newest.name.short(),
        date(newest.time)
    ));
    if newest.time > cx.push.now {
        return Some(finding.note("an administrator has to wait that long, or to remove that record"));
    }
    Some(remake(finding, record, cx))
}

fn pusher(record: &Record, cx: &Context<'_>) -> Option<Finding> {
    let by = &cx.policy.confirmation.by;
    let pusher = cx.push.pusher.as_ref()?;
    if by.is_empty() || pusher.is_among(by) {
        return None;
    }
    let listed: Vec<String> = by.iter().map(|one| format!("`{}`", escape(one.as_bytes()))).collect();
    let message = format!(
        "the record `{}` comes from `{}`, who may not confirm anything",
        record.name.short(),
        pusher.shown()
    );
    Some(Finding::new(&record.name, message).note(format!("the policy lets {} record it", listed.join(", "))))
}

fn date(time: Seconds) -> String {
    jiff::Timestamp::from_second(time).map_or_else(|_| format!("second {time}"), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, NewRecord, RecordName};
    use crate::history::{Memory, NewCommit, NewTag, Oid, Ref, RefName, Refs, Signature};
    use crate::policy::Policy;
    use crate::push::{Push, Pusher};

    const NOW: Seconds = 1_000_000;

    struct Scene {
        history: Memory,
        policy: Policy,
        before: Refs,
        commit: Oid,
        pusher: Option<Pusher>,
    }

    impl Scene {
        /// A repository with the version tag `v1.0.0`.
        fn new() -> Self {
            let mut history = Memory::default();
            let commit = history.add_commit(&NewCommit { message: "one".into(), ..NewCommit::default() });
            let tag = history.add_tag(&NewTag {
                target: commit,
                name: "v1.0.0".into(),
                by: Signature::default(),
                message: "1.0.0\n".into(),
            });
            let mut before = Refs::default();
            before.set(Ref::new(RefName::of_tag("v1.0.0"), tag));
            Self { history, policy: Policy::built_in(), before, commit, pusher: None }
        }

        fn record(&mut self, tag: &str, time: Seconds) -> Oid {
            let parts = RecordName::parse(tag).expect("the tests name records");
            let new = NewRecord { parts, commit: self.commit, repository: None, job: None, reason: None };
            let by = Signature { name: "Ops".into(), email: "ops@example.com".into(), time };
            let (target, message) = (self.commit, new.message());
            self.history.add_tag(&NewTag { target, name: tag.to_owned(), by, message })
        }

        fn push(&self, tag: &str, id: Oid) -> Vec<Finding> {
            let update = RefUpdate { name: RefName::of_tag(tag), old: None, new: Some(id) };
            let mut push = Push::new(self.before.clone(), vec![update.clone()]);
            push.now = NOW;
            push.pusher.clone_from(&self.pusher);
            let facts = Facts::new(&self.history, &self.policy, &push);
            check(&update, &Context { policy: &self.policy, push: &push, facts: &facts })
        }

        fn records(&mut self, tag: &str, time: Seconds) -> Vec<Finding> {
            let id = self.record(tag, time);
            self.push(tag, id)
        }
    }

    const TAG: &str = "deployed/prod/v1.0.0/1";

    #[test]
    fn a_true_record_is_welcome() {
        assert_eq!(Scene::new().records(TAG, NOW), []);
    }

    #[test]
    fn every_flaw_is_said_at_once() {
        let scene = Scene::new();
        let found = scene.push(TAG, scene.commit);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("lightweight"), "{}", found[0].message);
        assert_eq!(
            found[0].fix,
            [
                "git tag -d deployed/prod/v1.0.0/1",
                "flowcheck confirm v1.0.0 --environment prod --id 1 --push origin"
            ]
        );
        let mut scene = Scene::new();
        let found = scene.records("deployed/moon/v2.0.0/1", NOW);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("v2.0.0"), "{}", found[0].message);
        assert!(found[0].notes.iter().any(|note| note.contains("moon")), "{:?}", found[0].notes);
        assert!(found[0].fix.is_empty() && found[0].rests_on_absence);
    }

    #[test]
    fn a_clock_may_be_ten_minutes_fast() {
        assert_eq!(Scene::new().records(TAG, NOW + 600), []);
        let found = Scene::new().records(TAG, NOW + 601);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("ahead of the clock"), "{}", found[0].message);
        assert_eq!(Scene::new().records(TAG, Seconds::MAX).len(), 1);
    }

    #[test]
    fn a_record_is_not_older_than_the_newest_of_its_version_and_environment() {
        let mut scene = Scene::new();
        let id = scene.record("deployed/prod/v1.0.0/1", NOW - 10);
        scene.before.set(Ref::new(RefName::of_tag("deployed/prod/v1.0.0/1"), id));
        assert_eq!(scene.records("rolled-back/prod/v1.0.0/2", NOW - 10), []);
        assert_eq!(scene.records("deployed/alpha/v1.0.0/2", NOW - 20), []);
        let found = scene.records("rolled-back/prod/v1.0.0/2", NOW - 11);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fix.len(), 2);
        assert!(
            found[0].fix[1].ends_with("--revoke --reason 'rolled back' --push origin"),
            "{:?}",
            found[0].fix
        );
    }

    #[test]
    fn only_those_on_the_list_may_record() {
        let mut scene = Scene::new();
        scene.policy.confirmation.by = vec!["deployer".into(), "key-12".into()];
        assert_eq!(scene.records(TAG, NOW), [], "a clone knows nobody");
        let cases = [
            (Some("deployer"), None, 0),
            (Some("alice"), Some("key-12"), 0),
            (Some("alice"), Some("user-7"), 1),
            (None, None, 1),
        ];
        for (name, id, expected) in cases {
            scene.pusher = Some(Pusher { name: name.map(str::to_owned), id: id.map(str::to_owned) });
            assert_eq!(scene.records(TAG, NOW).len(), expected, "{name:?} {id:?}");
        }
    }

    #[test]
    fn moves_and_deletions_are_another_rules_business() {
        let mut scene = Scene::new();
        let id = scene.record(TAG, NOW);
        scene.before.set(Ref::new(RefName::of_tag(TAG), id));
        for new in [None, Some(scene.commit)] {
            let update = RefUpdate { name: RefName::of_tag(TAG), old: Some(id), new };
            let push = Push::new(scene.before.clone(), vec![update.clone()]);
            let facts = Facts::new(&scene.history, &scene.policy, &push);
            assert_eq!(check(&update, &Context { policy: &scene.policy, push: &push, facts: &facts }), []);
        }
    }

    #[test]
    fn no_command_is_printed_that_a_shell_would_misread() {
        let scene = Scene::new();
        let found = scene.push("deployed/prod/v1.0.0/$(id)", scene.commit);
        assert_eq!(found[0].fix[0], "git tag -d 'deployed/prod/v1.0.0/$(id)'");
        let found = scene.push("deployed/prod/v1.0.0/\u{202e}1", scene.commit);
        assert_eq!(found[0].fix, Vec::<String>::new());
    }

    #[test]
    fn a_missing_signature_is_said_once() {
        let mut scene = Scene::new();
        scene.policy.confirmation.signed = true;
        let found = scene.records(TAG, NOW);
        assert!(found[0].message.contains("not signed"), "{}", found[0].message);
        scene.policy.levels.push(crate::policy::RuleLevel {
            rule: "tag-signature".into(),
            level: Level::Error,
            until: None,
            clause: crate::finding::Clause::default(),
        });
        assert_eq!(scene.records(TAG, NOW), []);
    }
}
