//! Version tags and confirmation records are signed by a key that the policy lists.

use super::words::{quoted, remake};
use super::{Check, Context, Rule};
use crate::facts::{RefKind, When};
use crate::finding::{Finding, Level};
use crate::history::name::escape;
use crate::history::{Object, Signed};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "tag-signature",
    summary: "a version tag or confirmation record is signed by a key the policy lists",
    level: Level::Off,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-signature.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(id) = update.new.filter(|_| update.creates() || update.moves()) else {
        return vec![];
    };
    let kind = cx.facts.kind(&update.name);
    // Off by default, and a signature is not cheap to check.
    if !cx.policy.turns_on(RULE.id, cx.push.now)
        || !matches!(kind, RefKind::VersionTag(_) | RefKind::Record(_))
    {
        return vec![];
    }
    let lacks = match cx.facts.ask(cx.facts.history.object(id)) {
        Some(Object::Tag(_)) => {
            let allowed = cx.policy.confirmation.allowed_signers.as_deref().unwrap_or_default();
            cx.facts.ask(cx.facts.history.signature(id, allowed))
        }
        Some(_) => Some(Signed::Not),
        None => None,
    };
    let finding = match lacks {
        None | Some(Signed::By(_)) => return vec![],
        Some(Signed::Not) => mended(unsigned(update), &kind, update, cx),
        Some(Signed::Badly(why)) => badly_signed(update, &why),
    };
    vec![finding.clause(&cx.policy.confirmation.clause)]
}

fn unsigned(update: &RefUpdate) -> Finding {
    Finding::new(&update.name, format!("`{}` is not signed", update.name.short()))
        .note("sign it with a key that the policy's allowed-signers file lists")
}

fn badly_signed(update: &RefUpdate, why: &str) -> Finding {
    let message =
        format!("the signature of `{}` does not count: {}", update.name.short(), escape(why.as_bytes()));
    Finding::new(&update.name, message)
        .note("whoever keeps the policy lists the keys that count in its allowed-signers file")
}

fn mended(finding: Finding, kind: &RefKind, update: &RefUpdate, cx: &Context<'_>) -> Finding {
    match kind {
        RefKind::VersionTag(_) => {
            let tag = update.name.short();
            let remote = quoted(&cx.push.remote);
            finding
                .fix(format!("git tag -s -f -m {0} {0} {1}", quoted(&tag), quoted(&format!("{tag}^{{}}"))))
                .fix(format!("git push {remote} {}", quoted(&tag)))
        }
        _ => match cx.facts.record(&update.name, When::After) {
            Some(record) => remake(finding, record, cx),
            None => finding,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::finding::Clause;
    use crate::history::{Memory, NewCommit, NewTag, Oid, RefName, Refs, Signature};
    use crate::policy::{Policy, RuleLevel};
    use crate::push::Push;

    fn scene() -> (Memory, Policy, Oid, Oid) {
        let mut history = Memory::default();
        let commit = history.add_commit(&NewCommit { message: "one".into(), ..NewCommit::default() });
        let tag = history.add_tag(&NewTag {
            target: commit,
            name: "v1.0.0".into(),
            by: Signature::default(),
            message: "1.0.0\n".into(),
        });
        let mut policy = Policy::built_in();
        policy.levels.push(RuleLevel {
            rule: "tag-signature".into(),
            level: Level::Error,
            until: None,
            clause: Clause::default(),
        });
        (history, policy, commit, tag)
    }

    fn judge(history: &Memory, policy: &Policy, name: &str, id: Oid) -> Vec<Finding> {
        let update = RefUpdate { name: RefName::new(name), old: None, new: Some(id) };
        let push = Push::new(Refs::default(), vec![update.clone()]);
        let facts = Facts::new(history, policy, &push);
        check(&update, &Context { policy, push: &push, facts: &facts })
    }

    #[test]
    fn a_version_tag_is_signed_by_a_listed_key() {
        let (mut history, policy, commit, tag) = scene();
        assert_eq!(judge(&history, &policy, "refs/tags/v1.0.0", tag).len(), 1);
        assert_eq!(judge(&history, &policy, "refs/tags/v1.0.0", commit).len(), 1);
        history.sign(tag, "release@example.com");
        assert_eq!(judge(&history, &policy, "refs/tags/v1.0.0", tag), []);
    }

    #[test]
    fn an_unsigned_record_is_made_again_by_the_command_that_signs() {
        let (history, policy, commit, _) = scene();
        let found = judge(&history, &policy, "refs/tags/deployed/prod/v1.0.0/1", commit);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fix[1], "flowcheck confirm v1.0.0 --environment prod --id 1 --push origin");
    }

    #[test]
    fn other_refs_need_no_signature() {
        let (history, policy, commit, _) = scene();
        assert_eq!(judge(&history, &policy, "refs/tags/nightly", commit), []);
        assert_eq!(judge(&history, &policy, "refs/heads/develop", commit), []);
    }

    #[test]
    fn nothing_is_asked_where_the_policy_does_not_turn_it_on() {
        let (history, mut policy, _, tag) = scene();
        policy.levels.clear();
        assert_eq!(judge(&history, &policy, "refs/tags/v1.0.0", tag), []);
    }
}
