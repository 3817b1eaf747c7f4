//! The component for GitLab's pipelines, `templates/flowcheck.yml`.

use serde_json::Value;

use crate::gitlab::{File, Job};
use crate::stage::{Stage, Variables, variables};
use crate::yaml;

/// Returns the pipeline with its inputs filled in, as GitLab does it: in the text.
fn component(given: &[(&str, &str)]) -> File {
    let text = crate::text("templates/flowcheck.yml");
    let inputs = yaml::documents(&text).swap_remove(0)["spec"]["inputs"].take();
    let inputs = inputs.as_object().expect("there are inputs");
    let (_, mut body) =
        text.split_once("\n---\n").map(|(spec, body)| (spec, body.to_owned())).expect("two parts");
    for (name, input) in inputs {
        assert!(input["description"].is_string(), "{name} says what it is for");
        let given = given.iter().find(|(known, _)| known == name).map(|&(_, value)| Value::from(value));
        let value = given.or_else(|| input.get("default").cloned());
        let value = value.unwrap_or_else(|| panic!("`{name}` has no default"));
        body = body.replace(&format!("$[[ inputs.{name} ]]"), &yaml::string(&value));
    }
    assert!(!body.contains("$[["), "an input is not declared");
    File::new(yaml::document(&body))
}

fn merge_request(topic: &str, line: &str) -> Variables {
    variables(&[
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", topic),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", line),
        ("CI_DEFAULT_BRANCH", "develop"),
    ])
}

fn of_branch(name: &str) -> Variables {
    variables(&[("CI_COMMIT_BRANCH", name), ("CI_DEFAULT_BRANCH", "develop")])
}

fn reports(stage: &Stage, job: &Job) -> (Value, String) {
    let read =
        |kind| std::fs::read_to_string(stage.path("ci").join(job.report(kind))).expect("it was written");
    (serde_json::from_str(&read("codequality")).expect("it is JSON"), read("junit"))
}

#[test]
fn a_merge_request_has_one_job_and_the_default_branch_another() {
    let names = |audit: &str, variables: &Variables| -> Vec<String> {
        let component = component(&[("image", "tools"), ("audit", audit)]);
        component.jobs(variables).into_iter().map(|job| job.name).collect()
    };
    assert_eq!(names("true", &merge_request("feature/a", "develop")), ["flowcheck"]);
    assert_eq!(names("true", &of_branch("develop")), ["flowcheck-audit"]);
    assert!(names("false", &of_branch("develop")).is_empty());
    assert!(names("true", &of_branch("feature/a")).is_empty());
}

#[test]
fn a_merge_request_is_judged_and_reported() {
    let stage = Stage::new();
    for (rev, topic, line, code, rule) in [
        ("origin/release-1.0.0", "release-1.0.0", "develop", 1, Some("unconfirmed-merge-back")),
        ("origin/develop", "feature/a", "develop", 0, None),
    ] {
        if topic == "feature/a" {
            stage.git("work", &["switch", "-q", "-c", topic, "develop"]);
            stage.commit("Add a");
            stage.git("work", &["push", "-q", "origin", topic]);
        }
        stage.check_out(if topic == "feature/a" { "origin/feature/a" } else { rev });
        let variables = merge_request(topic, line);
        let job = component(&[("image", "tools")]).jobs(&variables).remove(0);
        let ended = job.run(&stage, "ci", &variables);
        assert_eq!(ended.code, code, "{topic}: {ended:?}");
        let (quality, junit) = reports(&stage, &job);
        assert_eq!(quality.pointer("/0/check_name").and_then(Value::as_str), rule, "{topic}");
        assert_eq!(junit.contains("<failure"), rule.is_some(), "{junit}");
    }
}

#[test]
fn the_history_is_judged_as_the_server_has_it() {
    let stage = Stage::new();
    let variables = of_branch("develop");
    let audit = |stage: &Stage| {
        stage.check_out("origin/develop");
        component(&[("image", "tools")]).jobs(&variables).remove(0).run(stage, "ci", &variables)
    };
    assert_eq!(audit(&stage).code, 0);
    // Past the hook: the server is asked by nobody.
    let hook = stage.path("servers/group/shop.git/hooks/pre-receive");
    std::fs::remove_file(hook).expect("it is there");
    stage.git("work", &["switch", "-q", "develop"]);
    stage.commit("Straight");
    stage.git("work", &["push", "-q", "origin", "develop"]);
    let ended = audit(&stage);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.answer.contains("error[direct-commit]: "), "{}", ended.answer);
}

#[test]
fn a_shallow_clone_is_said_to_be_no_use() {
    let stage = Stage::new();
    let server = format!("file://{}", stage.path("servers/group/shop.git").display());
    stage.git("", &["clone", "-q", "--depth", "1", &server, "ci"]);
    let variables = merge_request("release-1.0.0", "develop");
    let ended = component(&[("image", "tools")]).jobs(&variables).remove(0).run(&stage, "ci", &variables);
    assert_eq!(ended.code, 2);
    assert!(ended.said.contains("GIT_DEPTH: 0"), "{}", ended.said);
}
