//! gitolite 3: a hook for all repositories, and one that a repository's option asks for.

use crate::support::gitolite::Gitolite;
use crate::support::shop::{Shop, log_of};
use crate::support::{BINARY, raw};

fn hook(name: &str) -> String {
    format!("#!/bin/sh\nexec {BINARY} {name}\n")
}

#[test]
fn the_common_hook_judges_the_repositories_that_have_a_policy() {
    let (before, after) = (hook("pre-receive"), hook("post-receive"));
    let files = [("hooks/common/pre-receive", before.as_str()), ("hooks/common/post-receive", &after)];
    let Some(gitolite) = Gitolite::start("repo shop other\n  RW+ = ann bob\n", &files) else { return };
    let shop = Shop::new();
    for name in ["shop", "other"] {
        gitolite.fill(name, &shop.server());
    }
    shop.policy(&[], "[override]\nby = [\"ann\"]\n");
    let policy = gitolite.repository("shop").join("hooks/policy.toml");
    std::fs::copy(shop.server().join("hooks/policy.toml"), policy).unwrap();

    let nonsense = ["develop:refs/heads/nonsense"];
    let pushed = gitolite.push("bob", &shop.clone(), "other", &nonsense);
    assert!(pushed.accepted(), "{}", pushed.text());
    assert_eq!(log_of(&gitolite.repository("other")), Vec::<serde_json::Value>::new());

    let pushed = gitolite.push("bob", &shop.clone(), "shop", &nonsense);
    assert!(pushed.text().contains("error[branch-name]"), "{}", pushed.text());
    let pushed = gitolite.push("bob", &shop.clone(), "shop", &["develop:refs/heads/feature/a"]);
    assert!(pushed.accepted(), "{}", pushed.text());
    let log = log_of(&gitolite.repository("shop"));
    assert_eq!(log[0]["server"], "gitolite");
    assert_eq!(log[0]["repository"], "shop");
    assert_eq!(log[0]["pusher"]["name"], "bob");
    assert_eq!(log[0]["from"], "127.0.0.1");
}

#[test]
fn an_option_puts_the_hook_into_one_repository() {
    let text = hook("pre-receive");
    let files = [("hooks/repo-specific/flowcheck", text.as_str())];
    let repos =
        "repo shop\n  RW+ = ann bob\n  option hook.pre-receive = flowcheck\nrepo other\n  RW+ = bob\n";
    let Some(gitolite) = Gitolite::start(repos, &files) else { return };
    let shop = Shop::new();
    gitolite.fill("shop", &shop.server());
    let refs = ["develop:refs/heads/nonsense", "develop:refs/heads/feature/a"];
    assert!(gitolite.push("bob", &shop.clone(), "other", &refs).accepted());
    let pushed = gitolite.push("bob", &shop.clone(), "shop", &refs);
    assert!(!pushed.accepted());
    assert!(pushed.text().contains("error[branch-name]"), "{}", pushed.text());
    assert!(!pushed.text().contains("feature/a`"), "{}", pushed.text());
    let pushed = gitolite.push("bob", &shop.clone(), "shop", &refs[1..]);
    assert!(pushed.accepted(), "{}", pushed.text());
}

/// gitolite's driver of such hooks prints the input with a shell's `echo`, and some shells take
/// `\n` and `\c` in it for orders: a name can then hide the lines that follow.
#[test]
fn a_name_does_not_hide_what_follows_it() {
    let (before, one) = (hook("pre-receive"), format!("#!/bin/sh\nexec {BINARY} update \"$@\"\n"));
    let files = [("hooks/repo-specific/flowcheck", before.as_str()), ("VREF/FLOW", &one)];
    let repos = "repo shop\n  RW+ = ann\n  - VREF/FLOW = @all\n  option hook.pre-receive = flowcheck\n";
    let Some(gitolite) = Gitolite::start(repos, &files) else { return };
    let shop = Shop::new();
    gitolite.fill("shop", &shop.server());
    let (zero, tip) = ("0".repeat(40), shop.in_clone(&["rev-parse", "develop"]));
    let mut client = crate::support::command::command(shop.dir(), "sh");
    client.arg("-c").arg(gitolite.receiver("ann", "shop"));
    let lines: [raw::Line<'_>; 2] =
        [(&zero, &tip, b"refs/heads/feature/a\\n\\c"), (&zero, &tip, b"refs/heads/nonsense")];
    let said = raw::push(&mut client, &lines, &raw::pack(&shop.clone(), &[&tip]));
    assert!(said.contains("flowcheck: "), "{said}");
    let there = crate::support::command::git(&gitolite.repository("shop"), &["branch"]);
    assert!(!there.contains("nonsense"), "{there}\n{said}");
}
