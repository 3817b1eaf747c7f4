//! The step for workflows on GitHub, Gitea and Forgejo, `action.yml`.

use serde_json::Value;

use crate::stage::{Ended, Stage, Variables, variables};
use crate::yaml::{self, string};

fn action() -> Value {
    yaml::document(&crate::text("action.yml"))
}

/// Runs a step with its variables filled in: `inputs` as given or by default.
fn step(stage: &Stage, at: usize, given: &[(&str, &str)], variables: &Variables) -> Ended {
    let action = action();
    let step = &action["runs"]["steps"][at];
    assert_eq!(step["shell"], "sh");
    let mut all = variables.clone();
    for (name, value) in step["env"].as_object().expect("a step has variables") {
        let expression = string(value);
        let filled = if let Some(input) = inside(&expression, "inputs.") {
            assert!(action["inputs"][input]["description"].is_string(), "`{input}` is declared");
            let given = given.iter().find(|(name, _)| *name == input).map(|&(_, value)| value.to_owned());
            given.unwrap_or_else(|| string(&action["inputs"][input]["default"]))
        } else {
            expression
                .replace("${{ github.action_path }}", "/the/action")
                .replace("${{ runner.temp }}", &stage.path("temp").display().to_string())
        };
        assert!(!filled.contains("${{"), "{filled}");
        all.insert(name.clone(), filled);
    }
    let script = string(&step["run"]);
    assert!(!script.contains("${{"), "what is given goes through variables, never into the script");
    stage.sh("ci", &script, &all)
}

fn inside<'a>(expression: &'a str, of: &str) -> Option<&'a str> {
    expression.strip_prefix("${{ ")?.strip_prefix(of)?.strip_suffix(" }}")
}

fn pull_request(stage: &Stage, topic: &str) -> Variables {
    let summary = stage.path("summary.md");
    std::fs::write(&summary, "").expect("the directory is ours");
    variables(&[
        ("GITHUB_HEAD_REF", topic),
        ("GITHUB_BASE_REF", "develop"),
        ("GITHUB_REF", "refs/pull/1/merge"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().expect("it is text")),
    ])
}

#[test]
fn a_pull_request_is_judged_with_notes_and_a_summary() {
    let stage = Stage::new();
    stage.check_out("origin/release-1.0.0");
    let ended = step(&stage, 1, &[], &pull_request(&stage, "release-1.0.0"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.answer.starts_with("::error "), "{}", ended.answer);
    let summary = std::fs::read_to_string(stage.path("summary.md")).expect("it was written");
    assert!(summary.contains("unconfirmed-merge-back"), "{summary}");
}

#[test]
fn a_push_is_answered_by_an_audit_of_what_the_server_has() {
    let stage = Stage::new();
    stage.check_out("origin/develop");
    let clean = step(&stage, 1, &[], &Variables::new());
    assert_eq!(clean.code, 0, "{clean:?}");
    let hook = stage.path("servers/group/shop.git/hooks/pre-receive");
    std::fs::remove_file(hook).expect("it is there");
    stage.git("work", &["switch", "-q", "develop"]);
    stage.commit("Straight");
    stage.git("work", &["push", "-q", "origin", "develop"]);
    stage.check_out("origin/develop");
    // As actions/checkout leaves it: on a branch.
    stage.git("ci", &["checkout", "-q", "-B", "develop", "origin/develop"]);
    let ended = step(&stage, 1, &[], &Variables::new());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.answer.contains("direct-commit"), "{}", ended.answer);
}

#[test]
fn another_command_can_be_asked_for() {
    let stage = Stage::new();
    stage.check_out("v1.0.0");
    let given = [("command", "check"), ("args", "v1.0.0 --quiet"), ("fail-on", "warn")];
    let ended = step(&stage, 1, &given, &Variables::new());
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn flowcheck_is_built_only_where_it_is_not_there() {
    let stage = Stage::new();
    stage.check_out("v1.0.0");
    let there = step(&stage, 0, &[], &Variables::new());
    assert_eq!((there.code, stage.record().len()), (0, 0), "{there:?}");
    std::fs::remove_file(stage.path("bin/flowcheck")).expect("it is there");
    let path = stage.path("github-path");
    let path = variables(&[("GITHUB_PATH", path.to_str().expect("it is text"))]);
    let built = step(&stage, 0, &[], &path);
    assert_eq!(built.code, 0, "{built:?}");
    assert_eq!(
        stage.record(),
        ["cargo [install] [--quiet] [--locked] [--path] [/the/action] [--root] [DIR/temp/flowcheck]"]
    );
    let added = std::fs::read_to_string(stage.path("github-path")).expect("it was written");
    assert_eq!(added, format!("{}/flowcheck/bin\n", stage.path("temp").display()));
}
