//! Plain git over ssh: who pushes is what the server says, never what a client says.

use std::collections::BTreeMap;

use crate::support::script;
use crate::support::shop::Shop;
use crate::support::ssh::Ssh;

const OVERRIDE: [&str; 2] = ["-o", "flowcheck.override=INC-7 a tool's branch"];

fn pinned(shop: &Shop, more: &str) {
    let changes =
        [("kind = \"auto\"", "kind = \"plain\""), ("user-variable = \"\"", "user-variable = \"FLOW_USER\"")];
    shop.policy(&changes, more);
}

#[test]
fn a_key_says_who_pushes_by_a_variable_or_by_a_forced_command() {
    let keys = [
        ("ann", "environment=\"FLOW_USER=ann\"".to_owned()),
        ("bob", "environment=\"FLOW_USER=bob\"".to_owned()),
        ("carl", String::new()),
        (
            "dora",
            "command=\"FLOW_USER=dora; export FLOW_USER; eval \\\"$SSH_ORIGINAL_COMMAND\\\"\"".to_owned(),
        ),
    ];
    let Some(ssh) = Ssh::start(&BTreeMap::from(keys)) else { return };
    let shop = Shop::new();
    pinned(&shop, "[override]\nby = [\"ann\", \"dora\"]\n");
    shop.install("", "");
    let url = ssh.url(&shop.server());
    for (who, accepted) in [("ann", true), ("bob", false), ("carl", false), ("dora", true)] {
        let refspec = format!("develop:refs/heads/{who}");
        let pushed = ssh.push(who, &shop.clone(), &url, &[], &[&OVERRIDE[..], &[&refspec]].concat());
        assert_eq!(pushed.accepted(), accepted, "{who}: {}", pushed.text());
        assert!(accepted || pushed.text().contains("error[branch-name]"), "{}", pushed.text());
    }
    let log = shop.log();
    let who: Vec<_> = log.iter().map(|event| event["pusher"]["name"].as_str()).collect();
    assert_eq!(who, [Some("ann"), Some("dora")]);
    for event in &log {
        assert_eq!(event["from"], "127.0.0.1");
        assert_eq!(event["server"], "plain");
        assert_eq!(event["findings"][0]["outcome"], "overridden");
    }
}

#[test]
fn what_a_client_sets_makes_it_nobody_else_and_the_server_nothing_else() {
    let Some(ssh) = Ssh::start(&BTreeMap::from([("carl", String::new())])) else { return };
    let shop = Shop::new();
    let url = ssh.url(&shop.server());
    let claims: [&[(&str, &str)]; 4] = [
        &[("GL_REPOSITORY", "wiki-7"), ("GL_PROTOCOL", "ssh"), ("GL_USERNAME", "ann")],
        &[("GITEA_REPO_NAME", "r"), ("GITEA_REPO_IS_WIKI", "true"), ("GITEA_PUSHER_NAME", "ann")],
        &[("GL_USER", "ann"), ("GL_REPO", "shop")],
        &[("REMOTE_USER", "ann")],
    ];
    // Pinned by the policy, or by the hook's own command line; that it is no GitLab shows by itself.
    let gitlab = &claims[..1];
    for (kind, options, claims) in
        [("plain", "", &claims[..]), ("auto", "--server plain", &claims), ("auto", "", gitlab)]
    {
        shop.policy(&[("kind = \"auto\"", &format!("kind = \"{kind}\""))], "[override]\nby = [\"ann\"]\n");
        shop.install("env >env.txt", options);
        for claim in claims {
            let args = [&OVERRIDE[..], &["develop:refs/heads/nonsense"]].concat();
            let pushed = ssh.push("carl", &shop.clone(), &url, claim, &args);
            assert!(pushed.text().contains("error[branch-name]"), "{claim:?}: {}", pushed.text());
            let seen = std::fs::read_to_string(shop.server().join("env.txt")).unwrap();
            let (name, value) = claim[0];
            assert!(seen.contains(&format!("{name}={value}\n")), "the claim has to arrive: {seen}");
        }
    }
    assert_eq!(shop.log(), Vec::<serde_json::Value>::new());
}

/// Notes what the keeper of this push's lock has open; nothing where it has ended.
const WITNESS: &str = r#"#!/bin/sh
for process in /proc/[0-9]*; do
    tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q " keep-lock $PPID " || continue
    readlink "$process"/fd/*
done >seen
"#;

/// git moves the refs when nobody has the output of `pre-receive` open any more, and the keeper of
/// the lock ends after that. With the output in its hands each would wait for the other, and the
/// keeper, which does not wait for ever, would be gone before the refs move.
#[test]
fn what_a_hook_starts_in_the_background_does_not_hold_the_push_open() {
    let Some(ssh) = Ssh::start(&BTreeMap::from([("carl", String::new())])) else { return };
    let shop = Shop::new();
    shop.policy(&[("lock = false", "lock = true")], "");
    shop.install("", "--server plain");
    script(&shop.server().join("hooks/update"), WITNESS);
    let url = ssh.url(&shop.server());
    let pushed = ssh.push("carl", &shop.clone(), &url, &[], &["develop:refs/heads/feature/a"]);
    assert!(pushed.accepted(), "{}", pushed.text());
    let seen = std::fs::read_to_string(shop.server().join("seen")).unwrap();
    let locked = shop.server().join("flowcheck.locked").canonicalize().unwrap();
    assert_eq!(seen.lines().collect::<Vec<_>>(), [locked.to_str().unwrap(), "/dev/null", "/dev/null"]);
}
