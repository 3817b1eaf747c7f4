//! Every branch is of a kind that the policy knows.

use super::{Check, Context, Rule, words};
use crate::facts::RefKind;
use crate::finding::{Clause, Finding, Level};
use crate::history::name::escape;
use crate::history::{ByteSlice, RefName};
use crate::policy::Pattern;
use crate::push::{Place, RefUpdate};

pub(super) static RULE: Rule = Rule {
    id: "branch-name",
    summary: "every branch is of a kind the policy knows",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/branch-name.md"),
    check: Check::Update(check),
};

/// How alike (by Jaro and Winkler, 0 to 1) a word is to a kind's that is meant to be it.
const ALIKE: f64 = 0.88;

/// What people write for kinds of other names.
const HABITS: [(&str, &str); 10] = [
    ("feat", "feature"),
    ("feats", "feature"),
    ("ft", "feature"),
    ("fix", "bugfix"),
    ("fixes", "bugfix"),
    ("bug", "bugfix"),
    ("bugs", "bugfix"),
    ("hf", "hotfix"),
    ("rel", "release"),
    ("rc", "release"),
];

/// Beginnings of branches that tools make, and whose they are.
const TOOLS: [(&str, &str); 8] = [
    ("renovate/", "Renovate"),
    ("dependabot/", "Dependabot"),
    ("snyk-", "Snyk"),
    ("pre-commit-ci-", "pre-commit.ci"),
    ("all-contributors/", "All Contributors"),
    ("gh-readonly-queue/", "GitHub's merge queue"),
    ("revert-", "GitLab's revert button"),
    ("cherry-pick-", "GitLab's cherry-pick button"),
];

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.creates() || cx.facts.kind(&update.name) != RefKind::Branch {
        return vec![];
    }
    let finding =
        Finding::new(&update.name, format!("`{}` is not a branch name of this policy", update.name.short()));
    let Some(branch) = update.name.branch().and_then(|branch| branch.to_str().ok()) else {
        return vec![all_kinds(finding, cx)];
    };
    if let Some(tool) = tool(branch) {
        return vec![made_by_a_tool(finding, tool)];
    }
    if let Some(line) = nearest_line(branch, cx) {
        return vec![like_a_line(finding, line, cx)];
    }
    vec![match nearest_kind(branch, cx).or_else(|| kind_by_content(update, branch, cx)) {
        Some(nearest) => like_a_kind(finding, update, &nearest, cx),
        None => all_kinds(finding, cx),
    }]
}

/// A kind that a name comes close to.
struct Nearest {
    /// What the kind is called.
    kind: String,
    /// Where the policy has its pattern.
    clause: Clause,
    /// What the branch would be called; `None` where its name says too little.
    name: Option<String>,
    /// Whether its commits say so, rather than its name.
    by_content: bool,
}

fn like_a_kind(finding: Finding, update: &RefUpdate, nearest: &Nearest, cx: &Context<'_>) -> Finding {
    let finding = finding.clause(&nearest.clause);
    let Some(name) = &nearest.name else {
        return finding.note(format!("a {} is called {}", nearest.kind, shape_of(&nearest.kind, cx)));
    };
    let (kind, shown) = (&nearest.kind, escape(name.as_bytes()));
    let finding = finding.note(if nearest.by_content {
        format!("by its commits it is a {kind}: `{shown}`")
    } else {
        format!("a {kind} of that name is called `{shown}`")
    });
    let renamed = RefName::of_branch(name);
    let instead = RefUpdate { name: renamed.clone(), old: None, new: update.new };
    let taken = cx.facts.refs(crate::facts::When::After).get(&renamed).is_some();
    let open = cx.push.place != Place::Audit && !taken;
    match (words::typed(&update.name), words::typed(&renamed)) {
        (Some(_), Some(new)) if open && cx.would_pass(update, &instead) => {
            words::rename(finding, update, &new, cx)
                .fix(format!("git push {} {new}", words::quoted(&cx.push.remote)))
        }
        _ if taken => finding.note("a branch of that name is there already; take another one"),
        _ if open => finding.note("other rules may have a word on it under that name too"),
        _ => finding,
    }
}

fn like_a_line(finding: Finding, (line, clause): (&str, &Clause), cx: &Context<'_>) -> Finding {
    let exists = cx.facts.refs(crate::facts::When::After).get(&RefName::of_branch(line)).is_some();
    let line = escape(line.as_bytes());
    let there = if exists { ", and it is there already" } else { "" };
    finding.note(format!("the line is called `{line}`{there}")).clause(clause)
}

fn made_by_a_tool(finding: Finding, tool: &str) -> Finding {
    finding
        .note(format!("it looks like a branch of {tool}"))
        .note("the policy can take these as a kind of their own: see policy.toml.example")
}

fn all_kinds(finding: Finding, cx: &Context<'_>) -> Finding {
    let mut shapes: Vec<String> = cx.policy.topics.iter().map(|topic| shape(&topic.branch)).collect();
    shapes.extend(cx.policy.releases.as_ref().map(|releases| shape(&releases.branch)));
    let finding = finding.note(if shapes.is_empty() {
        "the policy knows no branches but its lines: kinds stand under [topics]".to_owned()
    } else {
        format!("name it like one of {}", shapes.join(", "))
    });
    match cx.policy.topics.first() {
        Some(topic) => finding.clause(&topic.clause),
        None => finding.clause(&cx.policy.integration.clause),
    }
}

/// Returns the tool that makes branches of this name.
fn tool(branch: &str) -> Option<&'static str> {
    let of_a_button = |rest: &str| rest.len() >= 7 && rest.bytes().take(7).all(|b| b.is_ascii_hexdigit());
    TOOLS.iter().find_map(|(prefix, tool)| {
        let rest = branch.strip_prefix(prefix)?;
        let plausible = !matches!(*prefix, "revert-" | "cherry-pick-") || of_a_button(rest);
        plausible.then_some(*tool)
    })
}

/// Returns the integration or production line whose name the branch nearly has.
fn nearest_line<'a>(branch: &str, cx: &'a Context<'_>) -> Option<(&'a str, &'a Clause)> {
    let lines = [Some(&cx.policy.integration), cx.policy.production.as_ref()];
    let near = |name: &str| strsim::jaro_winkler(&branch.to_lowercase(), &name.to_lowercase()) >= 0.93;
    let line = lines.into_iter().flatten().find(|line| near(&line.branch))?;
    Some((&line.branch, &line.clause))
}

/// A kind of branch, as its name may be meant.
struct Kind<'a> {
    name: &'a str,
    pattern: &'a Pattern,
    clause: &'a Clause,
}

fn kinds<'a>(cx: &'a Context<'_>) -> Vec<Kind<'a>> {
    let topics = cx.policy.topics.iter().map(|topic| Kind {
        name: &topic.kind,
        pattern: &topic.branch,
        clause: &topic.clause,
    });
    let releases = cx.policy.releases.as_ref().map(|releases| Kind {
        name: "release",
        pattern: &releases.branch,
        clause: &releases.clause,
    });
    topics.chain(releases).collect()
}

/// Returns the kind that the beginning of the name is meant to say.
fn nearest_kind(branch: &str, cx: &Context<'_>) -> Option<Nearest> {
    let mut best: Option<(f64, Nearest)> = None;
    for kind in kinds(cx) {
        for prefix in kind.pattern.prefixes() {
            for (head, rest) in splits(branch) {
                let likeness = likeness(head, &prefix, kind.name);
                if likeness < ALIKE || best.as_ref().is_some_and(|(most, _)| *most >= likeness) {
                    continue;
                }
                let nearest = Nearest {
                    kind: kind.name.to_owned(),
                    clause: kind.clause.clone(),
                    name: corrected(&prefix, rest, kind.pattern, cx),
                    by_content: false,
                };
                best = Some((likeness, nearest));
            }
        }
    }
    best.map(|(_, nearest)| nearest)
}

/// Returns the first kind of topic that the branch's commits would fit under this name.
fn kind_by_content(update: &RefUpdate, branch: &str, cx: &Context<'_>) -> Option<Nearest> {
    cx.policy.topics.iter().find_map(|topic| {
        let prefixes = topic.branch.prefixes();
        let name = prefixes.iter().find_map(|prefix| corrected(prefix, branch, &topic.branch, cx))?;
        let instead = RefUpdate { name: RefName::of_branch(&name), old: None, new: update.new };
        cx.would_pass(update, &instead).then(|| Nearest {
            kind: topic.kind.clone(),
            clause: topic.clause.clone(),
            name: Some(name),
            by_content: true,
        })
    })
}

/// Returns every way to part a name in a word for its kind and the rest: at a separator, or where
/// digits begin.
fn splits(branch: &str) -> Vec<(&str, &str)> {
    let mut parts = vec![];
    let mut last = ' ';
    for (at, c) in branch.char_indices() {
        if at > 0 && "/-_.:@".contains(c) {
            parts.push((&branch[..at], &branch[at + 1..]));
        } else if last.is_alphabetic() && c.is_ascii_digit() {
            parts.push((&branch[..at], &branch[at..]));
        }
        last = c;
    }
    parts.push((branch, ""));
    parts
}

/// Returns how much `head` is the word of a kind whose names begin with `prefix`.
fn likeness(head: &str, prefix: &str, kind: &str) -> f64 {
    let head = head.to_lowercase();
    let word = prefix.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let habit = HABITS.iter().any(|(said, meant)| *said == head && (*meant == kind || *meant == word));
    if head == word || head == kind {
        1.0
    } else if habit {
        0.99
    } else {
        strsim::jaro_winkler(&head, &word)
    }
}

/// Returns a name that the pattern takes: `prefix` and what `rest` says, mended as little as it
/// needs.
fn corrected(prefix: &str, rest: &str, pattern: &Pattern, cx: &Context<'_>) -> Option<String> {
    let clean = clean(rest);
    let candidates = [rest.to_owned(), clean.clone(), clean.to_lowercase(), three_numbers(rest)?];
    let names = candidates.iter().filter(|rest| !rest.is_empty()).map(|rest| format!("{prefix}{rest}"));
    let known = |name: &str| cx.facts.kind(&RefName::of_branch(name)) != RefKind::Branch;
    names.into_iter().find(|name| name.is_ascii() && pattern.is_match(name) && known(name))
}

/// Returns the text with what branch names rarely take made into `-`.
fn clean(rest: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._/-".contains(c) { c } else { '-' };
    let text: String = rest.chars().map(plain).collect();
    text.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// Returns `v1.2` as `1.2.0`; other text as it is. `None` where there is nothing to say.
fn three_numbers(rest: &str) -> Option<String> {
    let bare = rest.trim_start_matches(['v', 'V', '-', '_', '.']);
    let numbers: Vec<&str> = bare.split(['.', '_']).collect();
    let all = numbers.iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if !all || numbers.len() > 3 {
        return Some(rest.to_owned());
    }
    let mut parts: Vec<String> = vec![];
    for number in numbers {
        parts.push(number.parse::<u64>().ok()?.to_string());
    }
    parts.resize(3, "0".to_owned());
    Some(parts.join("."))
}

fn shape_of(kind: &str, cx: &Context<'_>) -> String {
    kinds(cx).iter().find(|known| known.name == kind).map_or_else(String::new, |known| shape(known.pattern))
}

/// Returns what names of a pattern look like: `feature/…`.
fn shape(pattern: &Pattern) -> String {
    if let Some(example) = pattern.example("1.2.3") {
        return format!("`{}`", escape(example.as_bytes()));
    }
    let prefixes = pattern.prefixes();
    if prefixes.is_empty() {
        return format!("`{}`", escape(pattern.source().as_bytes()));
    }
    prefixes.iter().map(|prefix| format!("`{}…`", escape(prefix.as_bytes()))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::history::{Memory, NewCommit, Oid, Ref, Refs};
    use crate::policy::Policy;
    use crate::push::Push;

    /// Judges a new branch on a commit of its own above `develop`; returns what is said.
    fn said(branch: &str) -> (Vec<String>, Vec<String>) {
        let mut history = Memory::default();
        let base = history.add_commit(&NewCommit::default());
        let mut commit = |message: &str, parents: Vec<Oid>| {
            history.add_commit(&NewCommit { message: message.to_owned(), parents, ..NewCommit::default() })
        };
        let released = commit("release", vec![base]);
        let own = commit("own", vec![base]);
        let before: Refs = [("refs/heads/develop", base), ("refs/heads/release-1.0.0", released)]
            .into_iter()
            .map(|(name, id)| Ref::new(RefName::new(name), id))
            .collect();
        let update = RefUpdate { name: RefName::of_branch(branch), old: None, new: Some(own) };
        let push = Push::new(before, vec![update.clone()]);
        let policy = Policy::built_in();
        let facts = Facts::new(&history, &policy, &push);
        let found = check(&update, &Context { policy: &policy, push: &push, facts: &facts });
        let finding = found.into_iter().next().expect("the name is no kind's");
        (finding.notes, finding.fix)
    }

    #[test]
    fn a_name_that_is_nearly_right_is_corrected() {
        for (wrong, right) in [
            ("features/x", "feature/x"),
            ("feature-x", "feature/x"),
            ("Feature/x", "feature/x"),
            ("fetaure/x", "feature/x"),
            ("feat/my basket", "feature/my-basket"),
            ("feature/-x", "feature/x"),
            ("fix/login", "bugfix/login"),
        ] {
            let (notes, fix) = said(wrong);
            let kind = right.split('/').next().expect("a name has a first part");
            assert_eq!(notes[0], format!("a {kind} of that name is called `{right}`"), "{wrong}");
            assert_eq!(fix.last(), Some(&format!("git push origin {right}")), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_corrected_without_a_command_where_the_commits_do_not_fit_it() {
        for (wrong, kind, right) in [
            ("hotfix-login", "hotfix", "hotfix/login"),
            ("hot-fix/login", "hotfix", "hotfix/login"),
            ("mergeback/1.0.0", "merge-back", "merge-back/1.0.0"),
        ] {
            let (notes, fix) = said(wrong);
            assert_eq!(notes[0], format!("a {kind} of that name is called `{right}`"), "{wrong}");
            assert_eq!(fix, [""; 0], "{wrong}");
        }
    }

    #[test]
    fn a_release_is_called_by_three_numbers() {
        for wrong in [
            "Release-1.1.0",
            "release/1.1.0",
            "release-v1.1.0",
            "release-1.1",
            "release1.1.0",
            "rel_1.1.0",
            "release-01.1.0",
        ] {
            assert_eq!(said(wrong).0[0], "a release of that name is called `release-1.1.0`", "{wrong}");
        }
    }

    #[test]
    fn a_name_that_says_nothing_is_judged_by_its_commits() {
        let (notes, fix) = said("my-stuff");
        assert_eq!(notes, ["by its commits it is a feature: `feature/my-stuff`"]);
        assert_eq!(fix, ["git branch -m my-stuff feature/my-stuff", "git push origin feature/my-stuff"]);
    }

    #[test]
    fn a_line_that_is_mistyped_is_told_its_name() {
        assert_eq!(said("Develop").0, ["the line is called `develop`, and it is there already"]);
        assert_eq!(said("devlop").0, ["the line is called `develop`, and it is there already"]);
        assert_eq!(said("masters").0, ["the line is called `master`"]);
    }

    #[test]
    fn branches_of_tools_are_for_the_policy_to_take() {
        for tool in ["renovate/serde", "dependabot/cargo/serde", "revert-3f2a91c0", "cherry-pick-3f2a91c0"] {
            assert!(said(tool).0[1].contains("policy.toml.example"), "{tool}");
        }
        assert!(said("revert-login").1[0].starts_with("git branch -m"));
    }

    #[test]
    fn a_name_that_cannot_be_typed_gets_no_command() {
        assert_eq!(said("feature/\u{202e}x").1, [""; 0]);
        assert_eq!(said("-x").1, [""; 0]);
    }
}
