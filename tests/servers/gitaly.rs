//! GitLab: hooks called as Gitaly calls them, and what its pages show.

use crate::support::gitaly::{ANN, Caller, Gitaly};
use crate::support::shop::Shop;

#[test]
fn a_push_is_judged_and_logged_with_who_it_was() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    gitaly.install("pre-receive", "env >env.txt; pwd >cwd.txt");
    gitaly.install("post-receive", "");
    let key = Caller { id: "key-12", protocol: "ssh", ..ANN };
    let good = gitaly.push(key, &["-o", "ci.skip", "feature/basket"]);
    assert!(good.accepted(), "{}", good.text());
    assert!(!good.text().contains("remote:"), "{}", good.text());
    let log = shop.log();
    assert_eq!(log[0]["server"], "gitlab");
    assert_eq!(log[0]["repository"], "project-12");
    assert_eq!(log[0]["pusher"], serde_json::json!({ "name": "ann", "id": "key-12" }));
    assert_eq!(log[0]["protocol"], "ssh");
    assert_eq!(log[0]["verdict"], "accepted");

    let bad = gitaly.push(key, &["develop:refs/heads/nonsense"]);
    assert!(bad.text().contains("remote: error[branch-name]"), "{}", bad.text());
    assert!(!bad.text().contains("GL-HOOK-ERR"), "{}", bad.text());

    // What the driver has to be like for all this to mean something.
    let seen = std::fs::read_to_string(shop.server().join("env.txt")).unwrap();
    assert!(seen.contains("GIT_OBJECT_DIRECTORY=") && !seen.contains("GIT_QUARANTINE_PATH"), "{seen}");
    assert!(!seen.contains("GIT_CONFIG_NOSYSTEM"), "{seen}");
    let cwd = std::fs::read_to_string(shop.server().join("cwd.txt")).unwrap();
    assert_eq!(std::path::Path::new(cwd.trim()), shop.server().canonicalize().unwrap());
}

#[test]
fn a_click_shows_marked_lines_and_nothing_else() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    gitaly.install("pre-receive", "");
    let merge = shop.commit_on("stray", "develop", "D");
    let (ended, shown) = gitaly.click(ANN, "refs/heads/develop", Some(&merge));
    assert_eq!(ended.status.code(), Some(1), "{}", ended.text());
    assert!(shown.contains("(direct-commit, "), "{shown}");
    assert!(ended.stdout.is_empty(), "standard output is not shown where anything else is");
    assert!(ended.text().lines().all(|line| line.starts_with("GL-HOOK-ERR: ")), "{}", ended.text());

    let (ended, shown) = gitaly.click(ANN, "refs/heads/feature/web", Some(&merge));
    assert_eq!((ended.status.code(), shown.as_str(), ended.text().as_str()), (Some(0), "", ""));
    let (ended, shown) = gitaly.click(ANN, "refs/heads/feature/web", None);
    assert_eq!((ended.status.code(), shown.as_str()), (Some(0), ""), "{}", ended.text());
    let (_, shown) = gitaly.click(ANN, "refs/heads/develop", None);
    assert!(shown.contains("line-deletion"), "{shown}");

    std::fs::write(shop.server().join("custom_hooks/policy.toml"), "version = 9\n").unwrap();
    let (ended, shown) = gitaly.click(ANN, "refs/heads/feature/web", Some(&merge));
    assert!(!ended.accepted());
    assert!(
        shown.starts_with("flowcheck could not") && shown.contains("Nothing is wrong with your commits"),
        "{shown}"
    );
}

#[test]
fn a_merge_button_that_merges_a_topic_is_let_through() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    gitaly.install("pre-receive", "");
    shop.commit_on("feature/search", "develop", "D");
    shop.in_clone(&["push", "-q", "origin", "feature/search"]);
    shop.in_clone(&["checkout", "-q", "develop"]);
    shop.in_clone(&[
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "Merge branch 'feature/search' into 'develop'",
        "feature/search",
    ]);
    let merge = shop.in_clone(&["rev-parse", "develop"]);
    let (ended, shown) = gitaly.click(ANN, "refs/heads/develop", Some(&merge));
    assert_eq!((ended.status.code(), shown.as_str()), (Some(0), ""), "{}", ended.text());
    assert_eq!(shop.in_server(&["rev-parse", "develop"]), merge);
}

#[test]
fn wikis_designs_and_snippets_pass_untouched() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    for name in ["pre-receive", "post-receive"] {
        gitaly.install(name, "");
    }
    for repository in ["wiki-12", "design-12", "snippet-12"] {
        let caller = Caller { repository, ..ANN };
        let pushed = gitaly.push(caller, &[&format!("develop:refs/heads/{repository}")]);
        assert!(pushed.accepted(), "{}", pushed.text());
        let (ended, shown) = gitaly.click(caller, "refs/heads/develop", None);
        assert_eq!((ended.status.code(), shown.as_str()), (Some(0), ""));
        shop.push(&[], &["develop"]);
    }
    assert_eq!(shop.log(), Vec::<serde_json::Value>::new());
    assert!(!gitaly.push(ANN, &["develop:refs/heads/nonsense"]).accepted());
}

#[test]
fn the_forges_own_refs_do_not_stop_a_mirror_push() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    gitaly.install("pre-receive", "");
    for name in ["keep-around/x", "merge-requests/1/head", "pipelines/7", "environments/prod/deployments/1"] {
        shop.in_server(&[
            "config",
            "--add",
            "receive.hideRefs",
            &format!("refs/{}", name.split('/').next().unwrap()),
        ]);
        shop.in_clone(&["update-ref", &format!("refs/{name}"), "develop"]);
    }
    let refs = ["refs/keep-around/x", "refs/merge-requests/1/head", "refs/pipelines/7", "feature/basket"];
    let pushed = gitaly.push(ANN, &refs);
    assert!(pushed.text().contains("hidden ref"), "{}", pushed.text());
    assert!(!pushed.text().contains("error["), "{}", pushed.text());
    assert!(shop.refs().contains("refs/heads/feature/basket"), "{}", pushed.text());
}

#[test]
fn hooks_for_all_projects_judge_those_that_have_a_policy() {
    for options in ["", "--host-wide"] {
        let shop = Shop::new();
        let gitaly = Gitaly::new(&shop);
        for name in ["pre-receive", "post-receive"] {
            gitaly.install_for_all(name, options);
        }
        let nonsense = ["develop:refs/heads/nonsense"];
        let pushed = gitaly.push(ANN, &nonsense);
        assert!(pushed.accepted() && !pushed.text().contains("flowcheck"), "{}", pushed.text());
        let (ended, shown) = gitaly.click(ANN, "refs/heads/nonsense", None);
        assert_eq!((ended.status.code(), shown.as_str()), (Some(0), ""));
        assert_eq!(shop.log(), Vec::<serde_json::Value>::new());

        let policies = shop.server().join("custom_hooks");
        std::fs::create_dir_all(&policies).unwrap();
        std::fs::write(policies.join("policy.toml"), include_str!("../../policy.toml.example")).unwrap();
        let pushed = gitaly.push(ANN, &nonsense);
        assert!(pushed.text().contains("error[branch-name]"), "{options}: {}", pushed.text());
        assert!(gitaly.push(ANN, &["feature/basket"]).accepted());
        assert_eq!(shop.log().len(), 1);
    }
}

#[test]
fn a_policy_on_the_default_branch_is_the_projects_own() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    gitaly.install_for_all("pre-receive", "--host-wide");
    shop.in_clone(&["checkout", "-q", "develop"]);
    std::fs::write(shop.clone().join(".flowcheck.toml"), include_str!("../../policy.toml.example")).unwrap();
    shop.in_clone(&["add", "."]);
    shop.commit("Take flowcheck in");
    let nonsense = "develop:refs/heads/nonsense";
    assert!(gitaly.push(ANN, &["develop", nonsense]).accepted(), "it judges from the next push on");
    let pushed = gitaly.push(ANN, &["develop:refs/heads/nonsense-2"]);
    assert!(pushed.text().contains("error[branch-name]"), "{}", pushed.text());
}

#[test]
fn nothing_is_locked_where_the_end_of_a_push_cannot_be_seen() {
    let shop = Shop::new();
    let gitaly = Gitaly::new(&shop);
    shop.policy(&[("lock = false", "lock = true")], "");
    gitaly.install("pre-receive", "");
    let pushed = gitaly.push(ANN, &["feature/basket"]);
    assert!(pushed.accepted(), "{}", pushed.text());
    assert!(!shop.server().join("flowcheck.locked").exists());
}
