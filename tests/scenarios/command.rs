//! `flowcheck policy test`, as somebody runs it who keeps a policy.

use std::path::Path;
use std::process::Command;

const SCENARIO: &str = r#"title = "fixes have a branch"
history = '''
A---B   (develop, master@A)
     \
      F
'''
[[push]]
set = { "fix/login" = "F" }
expect = ["branch-name fix/login"]
"#;

struct Run {
    code: Option<i32>,
    said: String,
    complained: String,
}

fn policy_test(dir: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_flowcheck"))
        .args(["policy", "test"])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .output()
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    Run { code: output.status.code(), said: text(output.stdout), complained: text(output.stderr) }
}

fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the directory")).expect("it is ours");
        std::fs::write(path, text).expect("it is ours");
    }
    dir
}

#[test]
fn scenarios_that_hold_are_listed_and_end_with_0() {
    let dir = place(&[("flow/a.toml", SCENARIO), ("flow/deep/b.toml", SCENARIO), ("flow/notes.md", "-")]);
    let run = policy_test(dir.path(), &["flow"]);
    let said = "holds    flow/a.toml: fixes have a branch
holds    flow/deep/b.toml: fixes have a branch
flowcheck: 2 of 2 hold
";
    assert_eq!((run.code, run.said.as_str(), run.complained.as_str()), (Some(0), said, ""));
    assert_eq!(policy_test(dir.path(), &["-q", "flow"]).said, "flowcheck: 2 of 2 hold\n");
}

#[test]
fn a_difference_shows_both_sides_under_its_line_and_ends_with_1() {
    let policy = "version = 1\n[lines]\nintegration = 'develop'\nproduction = 'master'\n\
                  [topics.fix]\nbranch = 'fix/.+'\nfrom = 'integration'\ninto = ['integration']\n";
    let dir = place(&[("policy.toml", policy), ("a.toml", SCENARIO)]);
    let run = policy_test(dir.path(), &["--policy", "policy.toml", "a.toml"]);
    let said = "differs  a.toml: fixes have a branch
  a.toml:7: fixes have a branch
    expected (-) and said (+):
    - branch-name fix/login
    and the push was accepted
";
    assert_eq!(run.code, Some(1));
    assert!(run.said.starts_with(said), "{}", run.said);
    assert!(run.said.ends_with("flowcheck: 0 of 1 hold, 1 differ\n"), "{}", run.said);
}

#[test]
fn a_file_that_makes_no_sense_is_shown_with_its_line_and_ends_with_2() {
    let broken = SCENARIO.replace("---B", "---B-");
    let dir = place(&[("a.toml", &broken), ("b.toml", SCENARIO), ("c.toml", "title = \u{1b}")]);
    let run = policy_test(dir.path(), &["a.toml", "b.toml"]);
    let said = "broken   a.toml
  line 3, column 6: `-` leads nowhere
    A---B-   (develop, master@A)
         ^
holds    b.toml: fixes have a branch
flowcheck: 1 of 2 hold, 1 broken
";
    assert_eq!((run.code, run.said.as_str()), (Some(2), said));
    let run = policy_test(dir.path(), &["c.toml"]);
    assert!(run.code == Some(2) && !run.said.contains('\u{1b}'), "{:?}", run.said);
}

#[test]
fn programs_read_json() {
    let dir =
        place(&[("a.toml", SCENARIO), ("b.toml", &SCENARIO.replace("[\"branch-name fix/login\"]", "[]"))]);
    let run = policy_test(dir.path(), &["--format", "json", "a.toml", "b.toml"]);
    let json: serde_json::Value = serde_json::from_str(&run.said).expect("it is JSON");
    assert_eq!(json["command"], "policy test");
    assert_eq!(json["scenarios"][0]["result"], "holds");
    assert_eq!(json["scenarios"][1]["result"], "differs");
    assert_eq!(json["scenarios"][1]["differences"][0]["line"], 7);
    assert_eq!(run.code, Some(1));
}
