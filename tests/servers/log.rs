//! One event log for several repositories, and one that several accounts write to.

use crate::support::BINARY;
use crate::support::command::{command, run};
use crate::support::shop::Shop;

/// A repository whose `release-1.0.0` has a hotfix that wants its first tag, and whose log is a
/// file outside.
fn with_hotfix(log: &str) -> Shop {
    let shop = Shop::new();
    shop.policy(&[("file = \"\"", &format!("file = \"{log}\""))], "");
    shop.install("", "");
    shop.commit_on("hotfix/1.0.0-login", "release-1.0.0", "D");
    shop.in_clone(&["checkout", "-q", "release-1.0.0"]);
    let words = "Merge branch 'hotfix/1.0.0-login' into release-1.0.0";
    shop.in_clone(&["merge", "-q", "--no-ff", "-m", words, "hotfix/1.0.0-login"]);
    shop.in_clone(&["tag", "-a", "-m", "fix", "v1.0.0-hotfix1"]);
    shop
}

#[test]
fn a_number_that_another_repository_has_used_is_free_here() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("all.jsonl");
    let shops = [with_hotfix(log.to_str().unwrap()), with_hotfix(log.to_str().unwrap())];
    let refs = ["hotfix/1.0.0-login", "release-1.0.0", "v1.0.0-hotfix1"];
    for shop in &shops {
        let pushed = shop.push(&[], &refs);
        assert!(pushed.accepted(), "{}", pushed.text());
    }
    let lines = std::fs::read_to_string(&log).unwrap();
    let names: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["repository"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let expected: Vec<String> =
        shops.iter().map(|shop| shop.server().canonicalize().unwrap().display().to_string()).collect();
    assert_eq!(names, expected);
    // In the repository that used it, it stays used.
    shops[0].in_server(&["update-ref", "-d", "refs/tags/v1.0.0-hotfix1"]);
    let pushed = shops[0].push(&[], &["v1.0.0-hotfix1"]);
    assert!(pushed.text().contains("error[tag-sequence]"), "{}", pushed.text());
}

/// The rules that an audit on the server finds broken, sorted.
fn audited(shop: &Shop) -> Vec<String> {
    let mut audit = command(&shop.server(), BINARY);
    let ended = run(audit.args(["audit", "--format", "json"]), b"");
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let mut rules: Vec<String> =
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    rules.sort();
    rules
}

/// The log's line of a push to `repository`.
fn line(shop: &Shop, repository: &str, name: &str, old: Option<&str>) -> String {
    let new = shop.in_server(&["rev-parse", name]);
    let old = old.map(|old| shop.in_server(&["rev-parse", old]));
    let update = serde_json::json!({"ref": name, "old": old, "new": new});
    serde_json::json!({"repository": repository, "updates": [update]}).to_string() + "\n"
}

#[test]
fn an_audit_believes_the_log_of_its_own_repository_alone() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("all.jsonl");
    let shop = with_hotfix(log.to_str().unwrap());
    let fix = shop.in_clone(&["rev-parse", "v1.0.0-hotfix1^{commit}"]);
    let words = format!(
        "v1.0.0-hotfix1 runs well in prod\n\nEnvironment: prod\nVersion: v1.0.0-hotfix1\nCommit: {fix}\nResult: \
         success\n"
    );
    let record = "deployed/prod/v1.0.0-hotfix1/1";
    shop.in_clone(&["tag", "-a", "-m", &words, record, &fix]);
    shop.in_clone(&["checkout", "-q", "develop"]);
    let words = "Merge tag 'v1.0.0-hotfix1' into develop";
    shop.in_clone(&["merge", "-q", "--no-ff", "-m", words, "v1.0.0-hotfix1"]);
    std::fs::remove_dir_all(shop.server().join("hooks")).unwrap();
    std::fs::create_dir_all(shop.server().join("hooks")).unwrap();
    shop.policy(&[("file = \"\"", &format!("file = \"{}\"", log.display()))], "");
    let refs = ["develop", "release-1.0.0", "v1.0.0-hotfix1", record];
    assert!(shop.push(&[], &refs).accepted());

    let tag = |of: &str| line(&shop, of, "refs/tags/v1.0.0-hotfix1", None);
    let record = |of: &str| line(&shop, of, &format!("refs/tags/{record}"), None);
    let merge = |of: &str| line(&shop, of, "refs/heads/develop", Some("develop^"));
    let (ours, fork) = (shop.server().canonicalize().unwrap().display().to_string(), "/somewhere/fork.git");
    // All of it may be of one second: the log decides nothing as long as it lacks a tag.
    let all = shop.in_server(&["for-each-ref", "--format=%(refname)", "refs/tags"]);
    let others: Vec<&str> = all.lines().filter(|name| !name.contains("v1.0.0-hotfix1")).collect();
    let before =
        |of: &str| others.iter().map(|name| line(&shop, of, name, None)).collect::<String>() + &tag(of);
    let early = |of: &str| before(of) + &merge(of) + &record(of);
    let in_time = |of: &str| before(of) + &record(of) + &merge(of);
    let merged_early = || audited(&shop).contains(&"unconfirmed-merge-back".to_owned());
    for (lines, found) in [
        (early(&ours), true),
        (early(fork), false),
        (in_time(&ours), false),
        (early(fork) + &in_time(&ours), false),
        (in_time(fork) + &early(&ours), true),
    ] {
        std::fs::write(&log, &lines).unwrap();
        assert_eq!(merged_early(), found, "{lines}");
    }
}
