//! `flowcheck init --from-history`.

use serde_json::Value;

use crate::{Ended, Place, SPRINTS, WORDS};

/// Learns, and holds that the policy has no mistake, and that its first audit judges the whole history
/// and says what was listed and nothing else: of each sort of things less than a twentieth.
fn adopt(place: &Place) -> Ended {
    let learned = place.flowcheck(&["init", "--from-history", "learned.toml"]);
    assert_eq!(learned.code, Some(0), "{}", learned.told);
    let policy = place.read("learned.toml");
    let checked = place.flowcheck(&["policy", "check", "learned.toml"]);
    assert_eq!(checked.told, "flowcheck: no mistake in learned.toml\n", "{policy}");
    assert_eq!(setting(place, "audit.since"), "[]");
    assert_eq!(setting(place, "mode"), "\"enforce\"");
    let told = listed(place);
    let audit = place.flowcheck(&["audit", "--policy", "learned.toml", "--format", "json"]);
    let said = audit.json();
    assert_eq!(said["summary"]["refs"], told["judged"], "{policy}");
    let key = |rule: &Value, of: &Value| {
        let text = |key: &str| of[key].as_str().expect("a text").to_owned();
        (rule.as_str().expect("a rule").to_owned(), text("ref"), text("level"), text("message"))
    };
    let groups = array(&told["first_audit"]);
    let mut expected: Vec<_> = groups
        .iter()
        .flat_map(|group| array(&group["each"]).iter().map(|each| key(&group["rule"], each)))
        .collect();
    let counts = |finding: &&Value| finding["outcome"] != "excepted";
    let mut found: Vec<_> =
        array(&said["findings"]).iter().filter(counts).map(|each| key(&each["rule"], each)).collect();
    expected.sort();
    found.sort();
    assert_eq!(expected, found, "{policy}");
    let rejects = found.iter().any(|(_, _, level, _)| level == "error");
    assert_eq!(audit.code, Some(i32::from(rejects)), "{policy}");
    for group in groups.iter().chain(array(&told["elsewhere"])) {
        let count = |key: &str| group["share"][key].as_u64().expect("a number");
        let is_owed = group["rule"] == "merge-back-missing";
        assert!((is_owed || 0 < count("fits")) && count("fits") * 20 < count("of"), "{group:#}");
    }
    learned
}

/// Learns once more, and returns what programs are told.
fn listed(place: &Place) -> Value {
    let json = place.flowcheck(&["init", "--from-history", "again.toml", "--format", "json"]).json();
    std::fs::remove_file(place.repo().join("again.toml")).expect("it was written");
    json
}

/// Takes the day out of what was told.
fn undated(told: &str) -> String {
    let Some((before, rest)) = told.split_once("since = [") else { return told.to_owned() };
    let rest = rest.split_once(']').map_or("", |(_, rest)| rest);
    format!("{before}since = [TODAY]{rest}")
}

/// Takes the ids of commits out of what was told.
fn without_ids(told: &str) -> String {
    let is_id = |text: &str| text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = told.split('(');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| match part.split_once(')') {
        Some((id, rest)) if is_id(id) => format!("{told}(ID){rest}"),
        _ => format!("{told}({part}"),
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

/// Returns `3 of 42 version tags` for each rule of which the first audit says something.
fn shares(told: &Value) -> Vec<String> {
    let share = |group: &Value| {
        let text = |key: &str| group[key].as_str().expect("a text");
        format!("{}: {} of {} {}", text("rule"), group["share"]["fits"], group["share"]["of"], text("of"))
    };
    array(&told["first_audit"]).iter().map(share).collect()
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
    confirmation.require = []
    "#);
    insta::assert_snapshot!(undated(&learned.told), @r#"
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

    tried on all 13 past updates:
      every rule is kept, but for outliers

    there are no outliers: the first audit is clean

    next:
      flowcheck audit --policy learned.toml
        # the first audit: it is clean
      flowcheck confirm v1.1.0-hotfix1 --policy learned.toml --push origin
        # if that is what runs in prod today; else name what does
      in learned.toml: [confirmation] require = ["record"]
      in learned.toml: [audit] since = [TODAY]
        # from then on a release goes back only when it is confirmed
      flowcheck policy check learned.toml
        # after every change to it
      flowcheck install
        # the local hook; --server DIR on the server
    "#);
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

/// Forty features and one commit, two tags of versions for every feature, and accidents: a feature that
/// went straight into production, a name and a tag like no other, a tag without a tagger.
const ACCIDENTS: &str = r"
step begin; git branch master
for n in $(seq 40); do
    take feature/$n develop; tag v0.$n.0 develop
done
take feature/straight master; git checkout -q develop
step typo; take odd develop; git branch unheard_of_name
git tag v0.41.0 develop; tag nightly develop
";

#[test]
fn what_does_otherwise_is_listed_and_counted() {
    let place = Place::new("develop", ACCIDENTS);
    let learned = adopt(&place);
    let told = listed(&place);
    let feature = &told["kinds"][0];
    assert_eq!(feature["kind"], "feature");
    assert_eq!(feature["share"]["fits"], 41);
    assert_eq!(feature["into"][0]["share"]["percent"], 97);
    assert!(place.read("learned.toml").contains("# Of 41 merges: 97 % into integration.\n"));
    assert_eq!(told["elsewhere"][0]["each"][0]["name"], "feature/straight");
    insta::assert_snapshot!(shares(&told).join("\n"), @r"
    branch-name: 2 of 43 names of branches
    tag-name: 1 of 42 tags
    direct-commit: 1 of 42 steps of the integration line
    merge-source: 1 of 41 merges of the kind feature
    tag-annotated: 1 of 41 version tags
    ");
    let from = learned.told.find("tried").expect("it says what it was tried on");
    insta::assert_snapshot!(without_ids(&learned.told[from..]), @r"
    tried on all 86 past updates:
      every rule is kept, but for outliers

    outliers, each below 5 % of its kind:
      feature: 1 of 41 (2 %) merges went elsewhere
        `feature/straight` went into the production line
      branch-name: 2 of 43 (4 %) names of branches
        `odd` was merged, and is not a branch name of this policy (ID)
        `unheard_of_name` is not a branch name of this policy (ID)
      tag-name: 1 of 42 (2 %) tags
        `nightly` is not a tag name of this policy
      direct-commit: 1 of 42 (2 %) steps of the integration line
        `develop` takes 1 commit not by a merge (ID)
      merge-source: 1 of 41 (2 %) merges of the kind feature
        `master` takes in `feature/straight`, and a feature may not enter it
          (ID)
      tag-annotated: 1 of 41 (2 %) version tags
        the version tag `v0.41.0` is a lightweight tag

    next:
      flowcheck audit --policy learned.toml
        # the first audit: it says 6 outliers, those above
      flowcheck audit --policy learned.toml --write-baseline known.txt
        # from then on only what is new counts: flowcheck audit --policy
        # learned.toml --baseline known.txt
      flowcheck confirm v0.41.0 --policy learned.toml --push origin
        # if that is what runs in prod today; else name what does
      flowcheck policy check learned.toml
        # after every change to it
      flowcheck install
        # the local hook; --server DIR on the server
    ");
    let known = ["audit", "--policy", "learned.toml", "--write-baseline", "known.txt"];
    assert_eq!(place.flowcheck(&known).code, Some(0));
    let quiet = place.flowcheck(&["audit", "--policy", "learned.toml", "--baseline", "known.txt"]);
    assert_eq!(quiet.code, Some(0), "{}", quiet.said);
}

#[test]
fn a_rule_that_the_history_breaks_too_often_is_off() {
    let place = Place::new(
        "develop",
        "step begin; for n in 0 1 2 3; do take feature/$n develop; git tag v1.$n.0; done",
    );
    let learned = adopt(&place);
    assert_eq!(setting(&place, "rules.tag-annotated"), "\"off\"");
    assert_eq!(setting(&place, "rules.history-rewrite"), "\"error\"");
    assert!(
        place.read("learned.toml").contains("# Kept by 0 % of 4 version tags.\ntag-annotated = \"off\"\n")
    );
    assert!(learned.told.contains("tag-annotated          kept by 0 % of 4 version tags: it is off\n"));
}

#[test]
fn a_line_that_alone_does_otherwise_is_excepted() {
    let story = "step begin; git branch master
        for n in 1 2 3; do take feature/$n develop; merge master develop; tag v1.$n.0 master; done";
    let place = Place::new("develop", story);
    let learned = adopt(&place);
    assert_eq!(setting(&place, "rules.merge-source"), "\"error\"");
    let told = "merge-source           kept by 0 % of 3 merges of lines into the production
                         line: `master` is excepted\n";
    assert!(learned.told.contains(told), "{}", learned.told);
    let excepted = "[[exceptions]]\nrule = \"merge-source\"\nref = \"refs/heads/master\"\n";
    assert!(place.read("learned.toml").contains(excepted), "{}", place.read("learned.toml"));
    let audit = place.flowcheck(&["audit", "--policy", "learned.toml", "--format", "json"]).json();
    assert_eq!(audit["summary"]["excepted"], 3, "{audit:#}");
}

#[test]
fn older_releases_that_were_mended_later_stay_open() {
    let dated = "day() { export GIT_COMMITTER_DATE=\"2026-01-0${1}T10:00:00Z\"; }
        day 1; step begin; git branch master; day 2; take feature/a develop; git branch release-1.0.0
        take feature/b develop; git branch release-2.0.0; day 3; tag v2.0.0 release-2.0.0; day 4; tag v1.0.0 release-1.0.0";
    let place = Place::new("develop", dated);
    adopt(&place);
    assert_eq!(setting(&place, "releases.parallel"), "true");
    assert_eq!(setting(&place, "rules.tag-order"), "\"error\"");
    let said =
        "# 50 % of 2 release tags came after a higher one: several lines stay open.\nparallel = true\n";
    assert!(place.read("learned.toml").contains(said), "{}", place.read("learned.toml"));
    place.tell("cd shop; git checkout -q develop; git branch -qD release-1.0.0 release-2.0.0");
    std::fs::remove_file(place.repo().join("learned.toml")).expect("it was written");
    adopt(&place);
    assert_eq!(setting(&place, "rules.tag-order"), "\"off\"");
    assert_eq!(setting(&place, "rules.release-state"), "\"off\"");
}

#[test]
fn what_is_confirmed_has_to_be() {
    let place = Place::new("develop", SPRINTS);
    for tag in ["v1.0.0", "v1.1.0", "v1.1.0-hotfix1"] {
        assert_eq!(place.flowcheck(&["confirm", tag]).code, Some(0));
    }
    let learned = adopt(&place);
    assert_eq!(setting(&place, "confirmation.require"), "[\"record\"]");
    assert_eq!(setting(&place, "rules.unconfirmed-merge-back"), "\"error\"");
    assert!(!learned.told.contains("require"), "{}", learned.told);
    place.tell("cd shop; git tag -d $(git tag -l 'deployed/*/v1.1.0*') >&2");
    std::fs::remove_file(place.repo().join("learned.toml")).expect("it was written");
    let learned = adopt(&place);
    assert!(
        learned.told.contains("unconfirmed-merge-back kept by 50 % of 2 merges of lines"),
        "{}",
        learned.told
    );
}

#[test]
fn what_is_owed_and_not_late_breaks_no_rule() {
    let story = "step begin; git branch master; take feature/a develop; git branch release-1.0.0
        take bugfix/b release-1.0.0; tag v1.0.0 release-1.0.0";
    let place = Place::new("develop", story);
    let learned = adopt(&place);
    assert_eq!(setting(&place, "rules.merge-back-missing"), "\"warn\"");
    assert_eq!(shares(&listed(&place)), ["merge-back-missing: 0 of 1 releases that were tagged"]);
    assert!(
        learned.told.contains("`v1.0.0` is confirmed and not merged back into `develop`"),
        "{}",
        learned.told
    );
}

#[test]
fn tags_that_stand_anywhere_have_no_line_to_stand_on() {
    let place = Place::new(
        "develop",
        r"
        step begin; git branch master
        for n in 1 2 3; do take feature/a$n develop; tag v1.$n.0 develop; done
        for n in 4 5 6; do topic feature/b$n develop; tag v1.$n.0 feature/b$n; merge develop feature/b$n; done
        ",
    );
    adopt(&place);
    assert_eq!(setting(&place, "rules.tag-origin"), "\"off\"");
    assert!(
        place
            .read("learned.toml")
            .contains("# 50 % of 6 release tags stand there, and on no line nearly all.\n")
    );
}

#[test]
fn what_was_never_confirmed_can_be_from_the_day_of_adoption_on() {
    let before = "export GIT_AUTHOR_DATE='2026-01-05T10:00:00Z' GIT_COMMITTER_DATE='2026-01-05T10:00:00Z'\n";
    let place = Place::new("develop", &format!("{before}{SPRINTS}"));
    let learned = adopt(&place);
    let told = listed(&place);
    let confirm = "flowcheck confirm v1.1.0-hotfix1 --policy learned.toml --push origin";
    assert!(learned.told.contains(&format!("  {confirm}\n")), "{}", learned.told);
    let confirmed = place.flowcheck(&["confirm", "v1.1.0-hotfix1", "--policy", "learned.toml"]);
    assert_eq!(confirmed.code, Some(0), "{}", confirmed.told);
    let since = told["confirmation"]["then"]["since"].to_string();
    let asked = place.read("learned.toml").replace("require = []", "require = [\"record\"]");
    let asked = asked.replace("\nsince = []", &format!("\nsince = {since}"));
    assert!(asked.contains(&since) && asked.contains("\nrequire = [\"record\"]\n"), "{asked}");
    place.write("asked.toml", &asked);
    let audit = || place.flowcheck(&["audit", "--policy", "asked.toml"]);
    assert_eq!(audit().code, Some(0), "{}", audit().said);
    let status = place.flowcheck(&["status", "--policy", "asked.toml"]).said;
    assert!(status.contains("prod runs v1.1.0-hotfix1"), "{status}");
    let next = "take feature/more develop; git branch release-1.2.0; take bugfix/1.2.0-vat release-1.2.0
        tag v1.2.0 release-1.2.0; merge develop release-1.2.0";
    place.tell(&format!("cd shop\n{WORDS}{next}"));
    assert!(audit().said.contains("error[unconfirmed-merge-back]"), "{}", audit().said);
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
fn names_of_every_make_give_a_policy_without_a_mistake() {
    let story = r#"step begin
        again() { git checkout -qb "$1" develop; step "$1 $2"; merge develop "$1"; git branch -qD "$1"; }
        for n in 1 2 3; do again "we.ird+na'me" $n; take "größe-$n" develop; again 'a"b' $n; done
        for name in "it's/a" "it's/b" "it's/c" 'feature/{x}' 'feature/$y' "fix/'q'" 'ÜBER/1' '17-a|b' 'SHOP-1-é'; do
            take "$name" develop
        done
        git tag -am '' "v1'0" develop; git tag -am '' 'é1.0.0' develop; git branch 'release-1.0'; git branch 'deployed/x'"#;
    let place = Place::new("develop", story);
    adopt(&place);
    let policy = place.read("learned.toml");
    assert!(policy.contains("branch = 'größe-(?<topic>") && policy.contains("branch = 'a\"b'\n"), "{policy}");
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new("develop", SPRINTS);
    place.write("policy.toml", "mine");
    let learned = place.flowcheck(&["init", "--from-history"]);
    assert_eq!(learned.code, Some(2), "{}", learned.told);
    assert_eq!(place.read("policy.toml"), "mine");
}
