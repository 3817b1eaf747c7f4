//! Where releases stand in a history that nobody held to the flow.

use super::Place;

fn names(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(serde_json::Value::as_str).collect()
}

#[test]
fn what_a_release_holds_does_not_wait_for_the_next() {
    let place = Place::new(
        "develop",
        "
        step begin; git branch master
        take feature/a develop
        git branch release-1.1.0; tag v1.1.0 release-1.1.0; merge master v1.1.0
        # Made on master, whose own trunk left develop before all of this.
        git checkout -qb release-1.1.1; step mended; tag v1.1.1 release-1.1.1
        take feature/b develop
        git checkout -qb feature/b develop; step more; merge develop feature/b
        ",
    );
    let status = place.flowcheck(&["status", "--format", "json"]).json();
    assert_eq!(names(&status["coming"]), ["feature/b"], "{status:#}");
    place.tell("cd shop; git checkout -q develop; git branch release-1.2.0");
    let status = place.flowcheck(&["status", "--format", "json"]).json();
    assert_eq!(names(&status["coming"]), [""; 0]);
    let newest = status["releases"].as_array().and_then(|releases| releases.last()).expect("a release");
    assert_eq!((&newest["release"], names(&newest["brought"])), (&"1.2.0".into(), vec!["feature/b"]));
}

#[test]
fn a_release_that_is_tagged_on_another_line_was_cut_where_its_own_was() {
    let place = Place::new(
        "develop",
        "
        step begin; git branch master
        take feature/a develop
        git branch release/1.1.0; merge master release/1.1.0; tag 1.1.0 master; merge develop release/1.1.0
        take feature/b develop
        git checkout -qb release/1.2.0; step ready; merge master release/1.2.0; tag 1.2.0 master
        merge develop release/1.2.0
        git checkout -qb hotfix/1.2.1 master; step mended; merge master hotfix/1.2.1; tag 1.2.1 master
        git branch -D -q release/1.1.0 release/1.2.0 hotfix/1.2.1
        ",
    );
    place.flowcheck(&["init", "--preset", "git-flow", "policy.toml"]);
    let status = place.flowcheck(&["status", "--policy", "policy.toml", "--format", "json"]).json();
    let releases = status["releases"].as_array().expect("a list");
    let brought: Vec<_> = releases.iter().map(|it| (&it["release"], names(&it["brought"]))).collect();
    let cuts: Vec<bool> = releases.iter().map(|it| it["cut"].is_string()).collect();
    assert_eq!(brought[1], (&"1.2.0".into(), vec!["feature/b"]), "{brought:?}");
    assert_eq!(cuts, [true, true, false], "{status:#}");
}
