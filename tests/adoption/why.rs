//! `flowcheck why`.

use crate::{Place, SPRINTS};

fn place() -> Place {
    let place = Place::new("develop", SPRINTS);
    place.tell(
        "cd shop; git checkout -qb hotfix/1.1.0-wrong develop
         git -c user.name=Ann -c user.email=a@b commit -q --allow-empty -m wrong; git checkout -q develop",
    );
    place.write("policy.toml", include_str!("../../policy.toml.example"));
    place
}

fn why(place: &Place, name: &str) -> String {
    let ended = place.flowcheck(&["why", name]);
    assert_eq!(ended.code, Some(0), "{name}: {}", ended.told);
    let id = regex::Regex::new(r"\b[0-9a-f]{7,40}\b").expect("it is written right here");
    id.replace_all(&ended.said, "<id>").into_owned()
}

#[test]
fn a_hotfix_from_the_wrong_line_is_told_why() {
    insta::assert_snapshot!(why(&place(), "hotfix/1.1.0-wrong"), @r"
    `hotfix/1.1.0-wrong` is a hotfix branch for 1.1.0; it is at <id>

      kind     its name matches
               `hotfix/((?<version>\d+\.\d+\.\d+)-)?(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)`
               (policy.toml:57)
      base     it starts from `release-1.1.0`, but holds 1 commit of `develop`
               (policy.toml:58)
                 <id>  Merge branch 'release-1.1.0' into 'develop'
      into     it may enter release lines (policy.toml:59)
      state    1.1.0 takes a hotfix: `v1.1.0` is set (policy.toml:60)
                 v1.1.0 (<id>)

    error[branch-origin]: `hotfix/1.1.0-wrong` has commits of `develop`
      1 commit is on `develop` but not on `release-1.1.0`:
        <id>  Merge branch 'release-1.1.0' into 'develop'
      a hotfix of 1.1.0 starts from `release-1.1.0` (policy.toml:58)
    hint: git fetch origin
    hint: git rebase --onto origin/release-1.1.0 <id> hotfix/1.1.0-wrong
    hint: git push origin hotfix/1.1.0-wrong
    hint: flowcheck explain branch-origin
    flowcheck: as if it were pushed now, by policy.toml: 1 error
    ");
}

#[test]
fn a_release_line_is_told_its_state_and_what_it_takes() {
    insta::assert_snapshot!(why(&place(), "release-1.1.0"), @r"
    `release-1.1.0` is the release line of 1.1.0; it is at <id>

      kind     its name matches `release-(?<version>\d+\.\d+\.\d+)` (policy.toml:31)
      base     it was cut from `develop` (policy.toml:32)
                 <id>  Merge branch 'feature/pay' into 'develop'
      merge    branches come in by merge commits only; no commits are made straight
               on it (policy.toml:31)
      state    it is tagged
                 v1.1.0 (<id>) is not confirmed: there is no record
                 v1.1.0-hotfix1 (<id>) is not confirmed: there is no record
      takes    no bugfix branches any more: `v1.1.0` is set (policy.toml:53)
      takes    hotfix branches (policy.toml:60)
      next     the next version tag is `v1.1.0-hotfix2` (policy.toml:97)
      into     it goes into `develop` and `master` once a version tag is confirmed
               (policy.toml:33)
      deploys  the image `release-1.1.0` goes to alpha by itself (policy.toml:124)

    flowcheck: as the audit judges it, by policy.toml: nothing is said against it
    ");
}

#[test]
fn a_tag_that_is_not_set_yet_is_told_where_it_belongs() {
    insta::assert_snapshot!(why(&place(), "v1.2.0"), @r"
    `v1.2.0` is the release tag of 1.2.0; it is not here

      kind     its name matches `v(?<version>\d+\.\d+\.\d+)` (policy.toml:94)
      line     it has to stand on the trunk of `release-1.2.0` (policy.toml:97)
      order    it is the first version tag of 1.2.0
      deploys  the image `v1.2.0` goes to prod by a person's click (policy.toml:128)

    error[tag-origin]: `v1.2.0` has no `release-1.2.0` to stand on
      there is no branch `release-1.2.0`: push it first, or together with
      the tag (policy.toml:97)
    hint: flowcheck explain tag-origin
    flowcheck: as if it were made at `develop` now, by policy.toml: 1 error
    ");
}

#[test]
fn every_kind_of_name_has_an_answer() {
    let place = place();
    for (name, kind) in [
        ("develop", "integration"),
        ("master", "production"),
        ("release-1.1.0", "release"),
        ("release-9.9.9", "release"),
        ("feature/new", "feature"),
        ("v1.1.0-hotfix1", "version-tag"),
        ("deployed/prod/v1.1.0/7", "record"),
        ("unheard/of", "branch"),
        ("refs/tags/unheard-of", "tag"),
        ("refs/notes/commits", "ref"),
        ("refs/keep-around/1", "ref"),
    ] {
        let json = place.flowcheck(&["why", name, "--format", "json"]).json();
        assert_eq!(json["kind"], kind, "{name}: {json:#}");
        assert!(json["points"].as_array().is_some_and(|points| !points.is_empty()), "{name}: {json:#}");
        let text = why(&place, name);
        assert!(text.lines().last().is_some_and(|line| !line.is_empty()), "{name}: {text}");
    }
}

#[test]
fn an_answer_points_at_the_clause() {
    let json = place().flowcheck(&["why", "hotfix/1.1.0-wrong", "--format", "json"]).json();
    let base =
        json["points"].as_array().and_then(|points| points.iter().find(|point| point["about"] == "base"));
    let base = base.expect("it says where the branch starts");
    let line = base["clause"]["line"].as_u64().expect("it has a line");
    let text = include_str!("../../policy.toml.example");
    let line = text.lines().nth(usize::try_from(line).expect("it is small") - 1);
    assert_eq!(line, Some("from = \"release\""));
    assert_eq!(json["findings"][0]["rule"], "branch-origin");
}
