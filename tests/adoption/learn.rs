//! `flowcheck init --from-history`.

use crate::{Ended, Place, SPRINTS};

/// Learns, and holds that the policy has no mistake and the first audit nothing to reject.
fn adopt(place: &Place) -> Ended {
    let learned = place.flowcheck(&["init", "--from-history", "learned.toml"]);
    assert_eq!(learned.code, Some(0), "{}", learned.told);
    let policy = place.read("learned.toml");
    let checked = place.flowcheck(&["policy", "check", "learned.toml"]);
    assert_eq!(checked.told, "flowcheck: no mistake in learned.toml\n", "{policy}");
    let audit = place.flowcheck(&["audit", "--policy", "learned.toml"]);
    assert_eq!(audit.code, Some(0), "{}{}{policy}", audit.said, audit.told);
    learned
}

fn setting(place: &Place, key: &str) -> String {
    let shown = place.flowcheck(&["policy", "show", "learned.toml"]).said;
    let prefix = format!("{key} = ");
    let value = shown.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned);
    value.unwrap_or_else(|| panic!("{key} is not in\n{shown}"))
}

fn model(place: &Place, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| format!("{key} = {}", setting(place, key))).collect()
}

#[test]
fn the_default_flow_is_recognised() {
    let place = Place::new("develop", SPRINTS);
    let learned = adopt(&place);
    let keys = [
        "lines.integration",
        "lines.integration.merge",
        "lines.production",
        "releases.branch",
        "releases.from",
        "releases.into",
        "topics.feature.from",
        "topics.feature.into",
        "topics.bugfix.from",
        "topics.bugfix.while",
        "topics.hotfix.into",
        "topics.hotfix.while",
        "tags.release",
        "tags.hotfix",
        "tags.on",
        "confirmation.require",
    ];
    insta::assert_snapshot!(model(&place, &keys).join("\n"), @r#"
    lines.integration = "develop"
    lines.integration.merge = "merge-commit"
    lines.production = "master"
    releases.branch = 'release-(?<version>\d+\.\d+\.\d+)'
    releases.from = "integration"
    releases.into = ["integration", "production"]
    topics.feature.from = "integration"
    topics.feature.into = ["integration"]
    topics.bugfix.from = "release"
    topics.bugfix.while = "before-tag"
    topics.hotfix.into = ["release"]
    topics.hotfix.while = "after-tag"
    tags.release = 'v(?<version>\d+\.\d+\.\d+)'
    tags.hotfix = 'v(?<version>\d+\.\d+\.\d+)-hotfix(?<n>[1-9]\d*)'
    tags.on = "release"
    confirmation.require = ["record"]
    "#);
    insta::assert_snapshot!(learned.told, @r"
    flowcheck: wrote learned.toml: what this repository does, as a policy

      integration   `develop`: 100 % of 5 steps are merges
      production    `master`: 100 % of 2 steps are merges
      releases      `release-X.Y.Z`, 2 lines, 50 % into integration, 50 % into
                    production
      feature       50 % of 6 merges, 100 % from integration, 100 % into integration
      bugfix        33 % of 6 merges, 100 % from release, 100 % into release
      hotfix        16 % of 6 merges, 100 % from release, 100 % into release
      in all        100 % of 10 merges are of a kind or a line
      tags          `vX.Y.Z`, 66 % of 3 tags, 100 % of them on release;
                    `vX.Y.Z-hotfixN`, 1

    tried on the 13 past updates:
      every rule that rejects was kept

    the first audit will have nothing to reject

    next:
      flowcheck policy check learned.toml
        # after every change to it
      flowcheck audit --policy learned.toml
        # the first audit
      flowcheck confirm v1.1.0 --policy learned.toml --push origin
        # if that is what runs in prod today; else name what does
      flowcheck install
        # the local hook; --server DIR on the server
    ");
    let audit = place.flowcheck(&["audit", "--policy", "learned.toml"]);
    assert!(audit.said.contains("nothing in 0 of 0 refs"), "{}", audit.said);
}

#[test]
fn git_flow_with_main_is_recognised() {
    let place = Place::new(
        "main",
        r"
        step begin; git checkout -qb develop
        for n in 0 1 2; do
            take feature/a$n develop; take feature/b$n develop
            git checkout -qb release/1.$n.0 develop; step bump$n
            merge main release/1.$n.0; tag 1.$n.0 main; merge develop release/1.$n.0
            git branch -qD release/1.$n.0
            git checkout -qb hotfix/1.$n.1 main; step urgent$n
            merge main hotfix/1.$n.1; tag 1.$n.1 main; merge develop hotfix/1.$n.1
            git branch -qD hotfix/1.$n.1
        done
        ",
    );
    adopt(&place);
    let keys = [
        "lines.integration",
        "lines.production",
        "releases.branch",
        "releases.direct",
        "topics.hotfix.branch",
        "topics.hotfix.from",
        "topics.hotfix.into",
        "tags.release",
        "tags.on",
        "confirmation.require",
    ];
    insta::assert_snapshot!(model(&place, &keys).join("\n"), @r#"
    lines.integration = "develop"
    lines.production = "main"
    releases.branch = 'release/(?<version>\d+\.\d+\.\d+)'
    releases.direct = true
    topics.hotfix.branch = 'hotfix/(?<version>\d+\.\d+\.\d+)'
    topics.hotfix.from = "production"
    topics.hotfix.into = ["integration", "production"]
    tags.release = '(?<version>\d+\.\d+\.\d+)'
    tags.on = "production"
    confirmation.require = []
    "#);
}

#[test]
fn a_trunk_has_no_release_lines() {
    let place = Place::new(
        "main",
        "step begin; step two; tag v0.1.0 main; take fix/it main; step three; tag v0.2.0 main",
    );
    let learned = adopt(&place);
    assert!(learned.told.contains("releases      none: there are no release lines"), "{}", learned.told);
    let keys = ["lines.integration.branch", "lines.integration.direct", "topics.fix.into", "tags.on"];
    insta::assert_snapshot!(model(&place, &keys).join("\n"), @r#"
    lines.integration.branch = "main"
    lines.integration.direct = true
    topics.fix.into = ["integration"]
    tags.on = "integration"
    "#);
}

#[test]
fn one_branch_with_one_commit_is_enough() {
    let place = Place::new("main", "step begin");
    adopt(&place);
    assert_eq!(setting(&place, "lines.integration.branch"), "\"main\"");
}

#[test]
fn an_empty_repository_teaches_nothing() {
    let place = Place::new("main", "");
    let learned = place.flowcheck(&["init", "--from-history", "learned.toml"]);
    assert_eq!(learned.code, Some(2));
    assert!(learned.told.contains("no branch has a commit yet"), "{}", learned.told);
    assert!(!place.repo().join("learned.toml").exists());
}

#[test]
fn what_does_otherwise_is_listed_and_counted() {
    let mut story = "step begin; git branch master\n".to_owned();
    story.extend((0..25).map(|n| format!("take feature/{n} develop\n")));
    story += "take feature/straight master\n git checkout -q develop; take odd develop; git branch unheard_of_name\n";
    let place = Place::new("develop", &story);
    let json = place.flowcheck(&["init", "--from-history", "learned.toml", "--format", "json"]).json();
    let feature = &json["kinds"][0];
    assert_eq!(feature["kind"], "feature");
    assert_eq!(feature["share"]["fits"], 26);
    assert_eq!(feature["into"][0]["share"]["percent"], 96);
    let outliers = json["outliers"].as_array().expect("there are outliers");
    let names: Vec<&str> = outliers.iter().filter_map(|outlier| outlier["name"].as_str()).collect();
    assert_eq!(names, ["feature/straight", "odd", "unheard_of_name"], "{json:#}");
    assert!(place.read("learned.toml").contains("# Of 26 merges: 96 % into integration.\n"));
}

#[test]
fn a_rule_that_the_history_breaks_too_often_only_warns() {
    let place = Place::new(
        "develop",
        "step begin; for n in 0 1 2 3; do take feature/$n develop; git tag v1.$n.0; done",
    );
    adopt(&place);
    assert_eq!(setting(&place, "rules.tag-annotated"), "\"warn\"");
    assert_eq!(setting(&place, "rules.history-rewrite"), "\"error\"");
    assert!(place.read("learned.toml").contains("# Kept by 0 % of 4.\ntag-annotated = \"warn\"\n"));
}

#[test]
fn a_clone_learns_from_the_branches_of_its_remote() {
    let place = Place::new("develop", SPRINTS);
    place.tell("git clone -q shop here; cd here; mv ../shop ../there; mv ../here ../shop; git remote set-url origin ../there");
    let json = place.flowcheck(&["init", "--from-history", "learned.toml", "--format", "json"]).json();
    assert_eq!(json["production"]["branch"], "master", "{json:#}");
    assert!(json["next"].to_string().contains("flowcheck confirm v1.1.0"), "{json:#}");
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new("develop", SPRINTS);
    place.write("policy.toml", "mine");
    let learned = place.flowcheck(&["init", "--from-history"]);
    assert_eq!(learned.code, Some(2), "{}", learned.told);
    assert_eq!(place.read("policy.toml"), "mine");
}
