//! The lock: of two pushes that are each right and together wrong, one is judged after the other
//! has moved its refs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::command::Ended;
use crate::support::gitolite::Gitolite;
use crate::support::http::Http;
use crate::support::shop::Shop;
use crate::support::ssh::Ssh;
use crate::support::{BINARY, script};

/// Lets a hook that has accepted its push wait for the other's, but not for ever: so both are
/// judged before either moves a ref, where that is possible at all.
fn meeting(tenths: u32) -> String {
    format!(
        "#!/bin/sh\n{BINARY} pre-receive || exit\n: >judged-$$\nn=0\n\
         while [ $n -lt {tenths} ]; do\n    set -- judged-*\n    [ $# -ge 2 ] && break\n    sleep 0.1\n    n=$((n + 1))\ndone\n"
    )
}

/// Pushes two names at once that differ by case alone, and returns how many were accepted.
fn both(repository: &Path, round: usize, push: impl Fn(&str) -> Ended + Sync) -> usize {
    let names = [format!("feature/login-{round}"), format!("feature/Login-{round}")];
    let ended: Vec<Ended> = std::thread::scope(|scope| {
        let pushes: Vec<_> = names
            .iter()
            .map(|name| {
                let push = &push;
                scope.spawn(move || push(&format!("develop:refs/heads/{name}")))
            })
            .collect();
        pushes.into_iter().map(|push| push.join().unwrap()).collect()
    });
    for entry in std::fs::read_dir(repository).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("judged-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let rejected: Vec<String> = ended.iter().filter(|ended| !ended.accepted()).map(Ended::text).collect();
    assert!(rejected.iter().all(|text| text.contains("error[branch-lookalike]")), "{rejected:?}");
    2 - rejected.len()
}

fn lock(shop: &Shop) {
    shop.policy(&[("lock = false", "lock = true")], "");
}

#[test]
fn without_it_both_come_in_and_the_log_says_so() {
    let shop = Shop::new();
    shop.install("", "");
    script(&shop.server().join("hooks/pre-receive"), &meeting(300));
    assert_eq!(both(&shop.server(), 0, |refspec| shop.push(&[], &[refspec])), 2);
    let log = shop.log();
    let raced = log.iter().find(|event| event["verdict"] == "raced").expect("whoever looks last sees both");
    assert_eq!(raced["findings"][0]["rule"], "branch-lookalike");
    assert_eq!((log.len(), raced["findings"][0]["outcome"].as_str()), (2, Some("raced")));
}

#[test]
fn with_it_one_of_them_does() {
    let shop = Shop::new();
    lock(&shop);
    script(&shop.server().join("hooks/pre-receive"), &meeting(1));
    for round in 0..25 {
        assert_eq!(both(&shop.server(), round, |refspec| shop.push(&[], &[refspec])), 1, "round {round}");
    }
    nobody_holds(&shop.server());
}

#[test]
fn over_ssh() {
    let Some(ssh) = Ssh::start(&BTreeMap::from([("ann", String::new())])) else { return };
    let shop = Shop::new();
    lock(&shop);
    script(&shop.server().join("hooks/pre-receive"), &meeting(1));
    let url = ssh.url(&shop.server());
    for round in 0..5 {
        let accepted =
            both(&shop.server(), round, |refspec| ssh.push("ann", &shop.clone(), &url, &[], &[refspec]));
        assert_eq!(accepted, 1);
    }
    nobody_holds(&shop.server());
}

#[test]
fn over_http() {
    let shop = Shop::new();
    let Some(http) = Http::start(shop.dir()) else { return };
    shop.in_server(&["config", "http.receivepack", "true"]);
    lock(&shop);
    script(&shop.server().join("hooks/pre-receive"), &meeting(1));
    for round in 0..5 {
        let accepted =
            both(&shop.server(), round, |refspec| http.push(&shop.clone(), "server.git", &[refspec]));
        assert_eq!(accepted, 1);
    }
    nobody_holds(&shop.server());
}

#[test]
fn under_gitolites_driver() {
    let text = meeting(1);
    let files = [("hooks/repo-specific/flowcheck", text.as_str())];
    let repos = "repo shop\n  RW+ = ann\n  option hook.pre-receive = flowcheck\n";
    let Some(gitolite) = Gitolite::start(repos, &files) else { return };
    let shop = Shop::new();
    lock(&shop);
    gitolite.fill("shop", &shop.server());
    let repository = gitolite.repository("shop");
    std::fs::copy(shop.server().join("hooks/policy.toml"), repository.join("hooks/policy.toml")).unwrap();
    for round in 0..5 {
        let accepted =
            both(&repository, round, |refspec| gitolite.push("ann", &shop.clone(), "shop", &[refspec]));
        assert_eq!(accepted, 1);
    }
    nobody_holds(&repository);
}

#[test]
fn where_nothing_says_when_the_push_ends_it_is_refused() {
    let shop = Shop::new();
    lock(&shop);
    let line =
        format!("{} {} refs/heads/feature/a\n", "0".repeat(40), shop.in_clone(&["rev-parse", "develop"]));
    let mut hook = crate::support::command::command(&shop.server(), BINARY);
    let ended = crate::support::command::run(hook.arg("pre-receive"), line.as_bytes());
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.sentences().contains("no `git receive-pack` runs this hook"), "{}", ended.text());
}

/// Waits until the last keeper has seen that its push has ended.
fn nobody_holds(repository: &Path) {
    std::fs::File::open(repository.join("flowcheck.locked")).unwrap().lock().unwrap();
}
