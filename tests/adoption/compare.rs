//! `flowcheck audit --compare-policy`.

use crate::{Place, SPRINTS};

const MODEL: &str = "version = 1\n[lines]\nintegration = 'develop'\nproduction = 'master'\n";

fn place() -> Place {
    let place = Place::new("develop", SPRINTS);
    place.write("model.toml", include_str!("../../policy.toml.example"));
    let loose = include_str!("../../policy.toml.example").replace("require = [\"record\"]", "require = []");
    place.write("loose.toml", &loose);
    place
}

#[test]
fn what_would_be_let_in_is_told_and_the_other_way_round() {
    let place = place();
    let there = place.flowcheck(&["audit", "--policy", "model.toml", "--compare-policy", "loose.toml"]);
    assert_eq!(there.code, Some(1), "{}", there.told);
    assert!(there.said.starts_with("would be accepted, and was rejected (4):\n"), "{}", there.said);
    assert!(there.said.contains("- rejected unconfirmed-merge-back"), "{}", there.said);
    let back = place.flowcheck(&["audit", "--policy", "loose.toml", "--compare-policy", "model.toml"]);
    assert!(back.said.starts_with("would be rejected, and was accepted (4):\n"), "{}", back.said);
    assert!(back.said.contains("+ rejected unconfirmed-merge-back"), "{}", back.said);
    let arguments = ["audit", "--policy", "loose.toml", "--compare-policy", "model.toml", "--format", "json"];
    let json = place.flowcheck(&arguments).json();
    assert_eq!(json["summary"], serde_json::json!({"rejected": 4, "accepted": 0, "other_findings": 0}));
    assert_eq!(json["changes"][0]["would"][0]["clause"]["file"], "model.toml");
}

#[test]
fn a_policy_differs_from_itself_in_nothing() {
    let place = place();
    let same = place.flowcheck(&["audit", "--policy", "model.toml", "--compare-policy", "model.toml"]);
    assert_eq!(same.code, Some(0), "{}", same.said);
    assert!(same.said.contains("judge 0 of"), "{}", same.said);
}

#[test]
fn a_policy_with_a_mistake_judges_nothing() {
    let place = place();
    place.write("bad.toml", &format!("{MODEL}[rules]\nlost-fixx = 'warn'\n"));
    let bad = place.flowcheck(&["audit", "--compare-policy", "bad.toml"]);
    assert_eq!(bad.code, Some(2), "{}", bad.said);
    assert!(bad.told.contains("bad.toml:6"), "{}", bad.told);
}

#[test]
fn a_change_of_what_was_learned_is_told_step_by_step() {
    let place = Place::new("develop", SPRINTS);
    place.flowcheck(&["init", "--from-history", "learned.toml"]);
    let learned = place.read("learned.toml");
    let (before, kind) = learned.split_once("[topics.feature]").expect("there are features");
    let moved = kind.replacen("into = [\"integration\"]", "into = [\"production\"]", 1);
    assert_ne!(kind, moved);
    place.write("moved.toml", &format!("{before}[topics.feature]{moved}"));
    let compared = |other: &str| {
        let arguments = ["audit", "--policy", "learned.toml", "--compare-policy", other, "--format", "json"];
        place.flowcheck(&arguments).json()
    };
    assert_eq!(compared("learned.toml")["changes"], serde_json::json!([]));
    let moved = compared("moved.toml");
    let changes = moved["changes"].as_array().expect("an array");
    let rules: Vec<_> = changes.iter().map(|change| change["would"][0]["rule"].as_str()).collect();
    assert_eq!(rules, [Some("merge-source"); 3], "{moved:#}");
    assert!(changes.iter().all(|change| change["ref"] == "refs/heads/develop"), "{moved:#}");
}
