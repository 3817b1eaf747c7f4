//! One event log for several repositories, and one that several accounts write to.

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
