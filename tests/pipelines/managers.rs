//! Hook managers: pre-commit, lefthook, husky. What they run is run as they do it.

use crate::claimed_git;
use crate::stage::{Stage, Variables, variables};
use crate::yaml::{self, string};

/// What git writes to the hook for a push of two refs, the second of no kind.
fn lines(stage: &Stage) -> String {
    let id = stage.git("work", &["rev-parse", "develop"]);
    let zero = "0".repeat(40);
    format!("refs/heads/a {id} refs/heads/feature/a {zero}\nrefs/heads/b {id} refs/heads/foo {zero}\n")
}

/// What pre-commit 4.7 hands over of the ref `name`, as it was seen to do.
fn handed(stage: &Stage, name: &str) -> Variables {
    let id = stage.git("work", &["rev-parse", "develop"]);
    variables(&[
        ("PRE_COMMIT", "1"),
        ("PRE_COMMIT_FROM_REF", &id),
        ("PRE_COMMIT_TO_REF", &id),
        ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/develop"),
        ("PRE_COMMIT_REMOTE_BRANCH", name),
        ("PRE_COMMIT_REMOTE_NAME", "origin"),
        ("PRE_COMMIT_REMOTE_URL", "/somewhere"),
    ])
}

const LIMIT: &str = "flowcheck: pre-commit hands over only the first ref of a push\n";

#[test]
fn pre_commit_hands_over_the_first_ref_and_that_is_said() {
    let stage = Stage::new();
    let hooks = yaml::document(&crate::text(".pre-commit-hooks.yaml"));
    let hooks = hooks.as_array().expect("there are hooks");
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        assert_eq!(hook["stages"][0], "pre-push");
        assert_eq!((&hook["pass_filenames"], &hook["always_run"]), (&false.into(), &true.into()));
        let entry = string(&hook["entry"]);
        let bad = stage.sh("work", &entry, &handed(&stage, "refs/heads/foo"));
        assert_eq!(bad.code, 1, "{bad:?}");
        assert!(
            bad.said.starts_with(LIMIT) && bad.said.contains("error[branch-name]: `foo`"),
            "{}",
            bad.said
        );
        let good = stage.sh("work", &entry, &handed(&stage, "refs/heads/feature/a"));
        assert_eq!(good.code, 0, "{good:?}");
        assert!(good.said.starts_with(LIMIT) && !good.said.contains("error["), "{}", good.said);
    }
}

#[test]
fn pre_commit_names_no_object_where_a_whole_history_is_pushed() {
    let stage = Stage::new();
    for local in ["refs/heads/develop", "HEAD"] {
        let mut handed = handed(&stage, "refs/heads/foo");
        handed.remove("PRE_COMMIT_TO_REF");
        handed.remove("PRE_COMMIT_FROM_REF");
        handed.insert("PRE_COMMIT_LOCAL_BRANCH".into(), local.into());
        let ended = stage.sh("work", "flowcheck pre-push", &handed);
        assert_eq!(ended.code, 1, "{local}: {ended:?}");
    }
}

#[test]
fn pre_commit_started_by_hand_pushes_nothing() {
    let stage = Stage::new();
    let ended = stage.sh("work", "flowcheck pre-push", &variables(&[("PRE_COMMIT", "1")]));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.said.contains("pre-commit names no push"), "{}", ended.said);
    let alone = stage.sh("work", "flowcheck pre-push", &Variables::new());
    assert_eq!(alone.code, 2, "{alone:?}");
}

#[test]
fn beside_pre_commit_every_ref_is_seen() {
    let stage = Stage::new();
    let ended = stage.hook(
        "work",
        "flowcheck pre-push \"$@\"",
        &["origin", "x"],
        &lines(&stage),
        &variables(&[("PRE_COMMIT", "1")]),
    );
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.said.ends_with("flowcheck: 1 error in 1 of 2 refs, push rejected\n"), "{}", ended.said);
    assert!(!ended.said.contains("pre-commit"), "{}", ended.said);
}

#[test]
fn lefthook_runs_a_script_which_it_never_skips() {
    let stage = Stage::new();
    let of = yaml::document(&crate::text("docs/hook-managers/lefthook.yml"));
    let script = &of["pre-push"]["scripts"]["flowcheck"];
    assert_eq!((&script["runner"], &script["use_stdin"]), (&"sh".into(), &true.into()));
    let hook = crate::top("hooks/pre-push");
    let hook = format!("{} '{}' \"$@\"", string(&script["runner"]), hook.display());
    let ended = stage.hook("work", &hook, &["origin", "x"], &lines(&stage), &Variables::new());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.said.ends_with("flowcheck: 1 error in 1 of 2 refs, push rejected\n"), "{}", ended.said);
}

/// Returns the lines that `flowcheck install` says to add, without the words before them.
fn advice(said: &str) -> String {
    said.lines().filter_map(|line| line.strip_prefix("hint:     ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_said_to_add_to_husky_and_lefthook_works() {
    let stage = Stage::new();
    // A newer one runs the hook from its settings, beside these.
    claimed_git::write(&stage.path("tools"), "2.53.0");
    stage.git("work", &["config", "core.hooksPath", ".husky/_"]);
    let husky = stage.sh("work", "flowcheck install", &Variables::new());
    let ended = stage.hook("work", &advice(&husky.said), &["origin", "x"], &lines(&stage), &Variables::new());
    assert_eq!(ended.code, 1, "{ended:?}");

    std::fs::write(stage.path("work/lefthook.yml"), "").expect("the directory is ours");
    let lefthook = stage.sh("work", "flowcheck install", &Variables::new());
    let (settings, script) = lefthook.said.split_once("hint: and this").expect("two parts");
    let settings = yaml::document(&advice(settings));
    assert_eq!(settings, yaml::document(&crate::text("docs/hook-managers/lefthook.yml")));
    let ended = stage.hook("work", &advice(script), &["origin", "x"], &lines(&stage), &Variables::new());
    assert_eq!(ended.code, 1, "{ended:?}");
}
