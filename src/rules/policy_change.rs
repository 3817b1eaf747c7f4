//! What judges a push does not come with it.

use super::{Check, Context, Rule, words};
use crate::finding::{Clause, Finding, Level};
use crate::history::Oid;
use crate::history::name::escape;
use crate::policy::Policy;
use crate::policy::discovery::policy_in_tree;
use crate::push::{Place, RefUpdate};

pub(super) static RULE: Rule = Rule {
    id: "policy-change",
    summary: "the policy in the repository stays readable, and changes alone and by whom it says",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/policy-change.md"),
    check: Check::Update(check),
};

/// The policy in a tree: its file's name and text.
type InTree = (&'static str, Vec<u8>);

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(home) = cx.policy.home.as_ref().filter(|home| home.branch == update.name) else { return vec![] };
    // History shows neither who changed it, nor with what else, nor whether one push brought a
    // mistake and its mending; a policy that makes no sense now stops the audit itself.
    if update.old == update.new || cx.push.place == Place::Audit {
        return vec![];
    }
    let (Some(before), Some(after)) = (policy_at(update.old, cx), policy_at(update.new, cx)) else {
        return vec![];
    };
    if before == after {
        return vec![];
    }
    let branch = home.branch.short();
    let file = after.as_ref().or(before.as_ref()).map_or("", |(file, _)| *file);
    let found = [
        unreadable(update, after.as_ref(), &branch, cx),
        not_alone(update, file, cx),
        not_an_editor(update, file, cx),
    ];
    found.into_iter().flatten().collect()
}

/// Returns the policy in the tree of `tip`. The outer `None`: unknown.
fn policy_at(tip: Option<Oid>, cx: &Context<'_>) -> Option<Option<InTree>> {
    let Some(tip) = tip else { return Some(None) };
    cx.facts.ask(policy_in_tree(|path| cx.facts.history.file(tip, path)))
}

fn unreadable(update: &RefUpdate, after: Option<&InTree>, branch: &str, cx: &Context<'_>) -> Option<Finding> {
    let (tip, (file, text)) = (update.new?, after?);
    let beside = |name: &str| {
        let content = cx.facts.ask(cx.facts.history.file(tip, name)).flatten();
        content.ok_or_else(|| format!("there is no file `{}`", escape(name.as_bytes())))
    };
    let mistakes = Policy::parse(file, text, &beside).err()?;
    let line = mistakes.places().first().map_or(0, |place| place.line);
    Some(
        Finding::new(&update.name, format!("`{branch}` would bring a policy that makes no sense"))
            .note(mistakes.summary())
            .note("nothing could be judged by it, so every push would be stopped: mend it first")
            .clause(&Clause { file: (*file).to_owned(), line }),
    )
}

/// What a push brings with a new policy is judged by the old one, and would not pass twice.
fn not_alone(update: &RefUpdate, file: &str, cx: &Context<'_>) -> Option<Finding> {
    let others = cx.push.updates.iter().filter(|other| other.name != update.name && other.old != other.new);
    let others = others.count();
    // Where the branch begins, there is no policy of it yet that anything could be judged by.
    if others == 0 || update.old.is_none() {
        return None;
    }
    let message =
        format!("`{file}` changes in one push with {}", words::count(others, "other ref", "other refs"));
    let finding = Finding::new(&update.name, message)
        .note("a push is judged by the policy before it: what follows is judged by the new one")
        .clause(&cx.policy.editors_clause);
    Some(match words::typed(&update.name).filter(|_| cx.would_pass_alone(update)) {
        Some(branch) => finding.fix(format!("git push {} {branch}", words::quoted(&cx.push.remote))),
        None => finding.note(format!("push `{}` alone first, then the rest", update.name.short())),
    })
}

fn not_an_editor(update: &RefUpdate, file: &str, cx: &Context<'_>) -> Option<Finding> {
    let pusher = cx.push.pusher.as_ref()?;
    let editors = &cx.policy.editors;
    if editors.is_empty() || pusher.is_among(editors) {
        return None;
    }
    let listed: Vec<String> = editors.iter().map(|name| format!("`{}`", escape(name.as_bytes()))).collect();
    Some(
        Finding::new(&update.name, format!("`{}` may not change `{file}`", pusher.shown()))
            .note(format!("whom the policy lets change it: {}", listed.join(", ")))
            .clause(&cx.policy.editors_clause),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::facts::Facts;
    use crate::history::{Memory, NewCommit, Ref, RefName, Refs};
    use crate::policy::discovery::Home;
    use crate::push::{Push, Pusher};

    const POLICY: &str = "version = 1\n[lines]\nintegration = 'develop'\n";

    /// Judges `develop` going from a tree with `before` as its policy to one with `after`, pushed
    /// by `who`; the policy lists `ann` and `key-7` as editors.
    fn said(before: Option<&str>, after: Option<&str>, who: Option<Pusher>) -> Vec<String> {
        let mut history = Memory::default();
        let mut commit = |policy: Option<&str>, parents: Vec<Oid>| {
            let file = policy.map(|text| (".flowcheck.toml".to_owned(), text.as_bytes().to_vec()));
            let files: BTreeMap<_, _> = file.into_iter().collect();
            history.add_commit(&NewCommit { parents, files, ..NewCommit::default() })
        };
        let old = commit(before, vec![]);
        let new = commit(after, vec![old]);
        let branch = RefName::of_branch("develop");
        let refs: Refs = [Ref::new(branch.clone(), old)].into_iter().collect();
        let update = RefUpdate { name: branch.clone(), old: Some(old), new: Some(new) };
        let push = Push { pusher: who, ..Push::new(refs, vec![update.clone()]) };
        let editors = vec!["ann".to_owned(), "key-7".to_owned()];
        let policy = Policy { home: Some(Home { branch }), editors, ..Policy::built_in() };
        let facts = Facts::new(&history, &policy, &push);
        let found = check(&update, &Context { policy: &policy, push: &push, facts: &facts });
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn named(name: &str) -> Pusher {
        Pusher { name: Some(name.to_owned()), id: None }
    }

    #[test]
    fn only_an_editor_changes_or_removes_the_policy() {
        let changed = format!("{POLICY}# changed\n");
        assert_eq!(said(Some(POLICY), Some(&changed), Some(named("ann"))), [""; 0]);
        assert_eq!(
            said(Some(POLICY), Some(&changed), Some(Pusher { name: None, id: Some("key-7".to_owned()) })),
            [""; 0]
        );
        let refused = ["`bob` may not change `.flowcheck.toml`"];
        assert_eq!(said(Some(POLICY), Some(&changed), Some(named("bob"))), refused);
        assert_eq!(said(Some(POLICY), None, Some(named("bob"))), refused);
        assert_eq!(said(None, Some(POLICY), Some(named("bob"))), refused);
    }

    #[test]
    fn whoever_pushes_something_else_is_not_asked() {
        assert_eq!(said(Some(POLICY), Some(POLICY), Some(named("bob"))), [""; 0]);
        assert_eq!(said(None, None, Some(named("bob"))), [""; 0]);
    }

    #[test]
    fn a_clone_knows_no_pusher_and_judges_none() {
        assert_eq!(said(None, Some(POLICY), None), [""; 0]);
    }

    #[test]
    fn a_policy_that_names_a_file_that_is_not_there_makes_no_sense() {
        let policy = format!("{POLICY}[confirmation]\nallowed-signers = 'signers'\n");
        let said = said(None, Some(&policy), Some(named("ann")));
        assert_eq!(said, ["`develop` would bring a policy that makes no sense"]);
    }
}
