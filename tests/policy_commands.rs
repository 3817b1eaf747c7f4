//! The policy as it is used: written, checked, shown, and found by a hook.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn flowcheck(dir: &Path, args: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_flowcheck")).args(args).current_dir(dir))
}

fn run(command: &mut Command) -> Output {
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")])
        .env("GIT_COMMITTER_EMAIL", "a@b")
        .env_remove("FLOWCHECK_POLICY")
        .output()
        .expect("the program is there")
}

fn git(dir: &Path, args: &[&str]) -> String {
    let output = run(Command::new("git").args(args).current_dir(dir));
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn empty() -> TempDir {
    tempfile::tempdir().expect("a directory for this test")
}

#[test]
fn init_writes_the_default_and_says_what_comes_next() {
    let dir = empty();
    let output = flowcheck(dir.path(), &["init"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    assert!(stderr(&output).ends_with("then: flowcheck policy check policy.toml\n"), "{}", stderr(&output));
    let written = fs::read_to_string(dir.path().join("policy.toml")).expect("it is written");
    assert_eq!(written, include_str!("../policy.toml.example"));
    let checked = flowcheck(dir.path(), &["policy", "check", "policy.toml"]);
    assert_eq!(stderr(&checked), "flowcheck: no mistake in policy.toml\n");
    assert!(checked.status.success());
}

#[test]
fn init_overwrites_nothing() {
    let dir = empty();
    fs::write(dir.path().join("policy.toml"), "mine").expect("a file");
    let output = flowcheck(dir.path(), &["init"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("it exists, and is not\n  overwritten"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(dir.path().join("policy.toml")).expect("it is there"), "mine");
    let output = flowcheck(dir.path(), &["init", "--preset", "gitflow"]);
    assert_eq!(stderr(&output), "flowcheck: could not find a preset `gitflow`: did you mean `git-flow`?\n");
}

#[test]
fn init_notes_where_the_flow_is_adopted() {
    for preset in ["gitlab-flow", "git-flow", "release-lines"] {
        let dir = empty();
        git(dir.path(), &["init", "-q", "-b", "develop"]);
        git(dir.path(), &["commit", "-q", "--allow-empty", "-m", "old"]);
        let tip = git(dir.path(), &["rev-parse", "HEAD"]);
        assert!(flowcheck(dir.path(), &["init", "--preset", preset]).status.success());
        let shown = stdout(&flowcheck(dir.path(), &["policy", "show", "policy.toml"]));
        assert!(shown.contains(&format!("audit.since = [\"{tip}\"]\n")), "{preset}: {shown}");
    }
}

#[test]
fn check_says_every_mistake_and_exits_two() {
    let dir = empty();
    let text = "version = 1\n[lines]\nintegration = \"develop\"\nproduktion = \"master\"\n[rules]\nlost-fix = \"no\"\n";
    fs::write(dir.path().join("p.toml"), text).expect("a file");
    let output = flowcheck(dir.path(), &["policy", "check", "p.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).is_empty());
    let said = stderr(&output);
    assert!(said.contains(" --> p.toml:4:1\n") && said.contains("did you mean `production`?"), "{said}");
    assert!(
        said.contains(" --> p.toml:6:12\n") && said.ends_with("flowcheck: 2 mistakes in p.toml\n"),
        "{said}"
    );
    let output = flowcheck(dir.path(), &["policy", "check", "p.toml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["mistakes"][0]["line"], 4);
    assert_eq!(json["mistakes"].as_array().map(Vec::len), Some(2));
    let missing = flowcheck(dir.path(), &["policy", "check", "none.toml"]);
    assert_eq!(stderr(&missing), "flowcheck: could not read `none.toml`: there is no such file\n");
}

#[test]
fn check_warns_about_what_may_not_be_meant() {
    let dir = empty();
    let text = "version = 1\n[lines]\nintegration = \"develop\"\n[override]\nby = [\"alice\", \"key-7\"]\n";
    fs::write(dir.path().join("p.toml"), text).expect("a file");
    let output = flowcheck(dir.path(), &["policy", "check", "p.toml"]);
    assert!(output.status.success());
    assert!(stderr(&output).contains("warning: the list holds the name `alice` and the key `key-7`"));
    assert!(stderr(&output).ends_with("flowcheck: no mistake in p.toml, 1 warning\n"));
}

#[test]
fn check_names_the_refs_that_cannot_be_deployed() {
    let dir = empty();
    git(dir.path(), &["init", "-q", "-b", "develop"]);
    git(dir.path(), &["commit", "-q", "--allow-empty", "-m", "first"]);
    git(dir.path(), &["branch", "release/1.0.0"]);
    let policy = "version = 1\n[lines]\nintegration = \"develop\"\n[releases]\n\
                  branch = 'release/(?<version>\\d+\\.\\d+\\.\\d+)'\ninto = [\"integration\"]\n\
                  [confirmation]\nrequire = []\n[environments.alpha]\nfrom = \"release\"\n";
    fs::write(dir.path().join("policy.toml"), policy).expect("the directory is ours");
    let output = flowcheck(dir.path(), &["policy", "check"]);
    let said = "warning: `release/1.0.0` cannot be an image tag: it is not deployed to";
    assert!(output.status.success() && stderr(&output).contains(said), "{}", stderr(&output));
    let json = flowcheck(dir.path(), &["policy", "check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
    assert_eq!(json["refs"][0]["ref"], "refs/heads/release/1.0.0");
    let target = flowcheck(dir.path(), &["target", "release/1.0.0"]);
    assert_eq!(stdout(&target), "release/1.0.0: no image, deployed nowhere\n");
    assert!(stderr(&target).contains("cannot be an image tag"), "{}", stderr(&target));
}

#[test]
fn show_says_where_each_setting_comes_from() {
    let dir = empty();
    let text = "version = 1\n[lines]\nintegration = \"develop\"\n[rules]\ntag-order = \"off\"\n";
    fs::write(dir.path().join("p.toml"), text).expect("a file");
    let shown = stdout(&flowcheck(dir.path(), &["policy", "show", "--origin", "p.toml"]));
    assert!(shown.contains("p.toml:3\tlines.integration = \"develop\"\n"), "{shown}");
    assert!(shown.contains("p.toml:5\trules.tag-order = \"off\"\n"), "{shown}");
    assert!(shown.contains("the rule itself\trules.branch-name = \"error\"\n"), "{shown}");
    assert!(shown.contains("\tlimits.deadline = \"4s\"\n"), "{shown}");
    let json = flowcheck(dir.path(), &["policy", "show", "p.toml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(json["settings"]["lines.integration"]["clause"]["line"], 3);
}

#[test]
fn schema_is_what_the_library_has() {
    let dir = empty();
    let output = flowcheck(dir.path(), &["policy", "schema"]);
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(printed, flowcheck::policy::schema());
}

/// A server with the hook, and a clone of it.
struct Pair {
    _dir: TempDir,
    server: std::path::PathBuf,
    clone: std::path::PathBuf,
}

fn pair() -> Pair {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = empty();
    let server = dir.path().join("server.git");
    let clone = dir.path().join("clone");
    git(dir.path(), &["init", "-q", "--bare", "-b", "develop", "server.git"]);
    git(dir.path(), &["init", "-q", "-b", "develop", "clone"]);
    git(&clone, &["remote", "add", "origin", "../server.git"]);
    let hook = server.join("hooks/pre-receive");
    let script = format!("#!/bin/sh\nexec '{}' pre-receive\n", env!("CARGO_BIN_EXE_flowcheck"));
    fs::write(&hook, script).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it may run");
    Pair { _dir: dir, server, clone }
}

impl Pair {
    fn commit(&self, file: &str, content: &str) {
        fs::write(self.clone.join(file), content).expect("a file");
        git(&self.clone, &["add", "-A"]);
        git(&self.clone, &["commit", "-q", "-m", file]);
    }

    fn push(&self, refs: &[&str]) -> Result<String, String> {
        self.push_with(refs, &[])
    }

    fn push_as(&self, user: &str, refs: &[&str]) -> Result<String, String> {
        self.push_with(refs, &[("REMOTE_USER", user)])
    }

    fn push_with(&self, refs: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
        let mut push = Command::new("git");
        push.args(["push", "-q", "origin"]).args(refs).envs(variables.iter().copied());
        let output = run(push.current_dir(&self.clone));
        let said = stderr(&output).replace("remote:", "");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if output.status.success() { Ok(said) } else { Err(said) }
    }
}

fn with_kind(kind: &str) -> String {
    format!(
        "version = 1\n[lines]\nintegration = {{ branch = \"develop\", merge = \"any\", direct = true }}\n\
         [topics.{kind}]\nbranch = '{kind}/.+'\nfrom = \"integration\"\ninto = [\"integration\"]\n"
    )
}

#[test]
fn a_hook_judges_by_the_policy_before_the_push() {
    let pair = pair();
    pair.commit(".flowcheck.toml", &with_kind("task"));
    pair.push(&["develop"]).expect("the first push brings the policy");
    pair.push(&["develop:refs/heads/task/one"]).expect("a kind of this policy");
    let said = pair.push(&["develop:refs/heads/feature/one"]).expect_err("no kind of this policy");
    assert!(said.contains("error[branch-name]"), "{said}");
    pair.commit(".flowcheck.toml", &with_kind("job"));
    let said = pair.push(&["develop:refs/heads/job/one"]).expect_err("the policy is not there yet");
    assert!(said.contains("error[branch-name]"), "{said}");
    pair.push(&["develop"]).expect("the policy changes by a push of its own");
    pair.push(&["develop:refs/heads/job/one"]).expect("now it counts");
}

#[test]
fn what_the_administrator_put_beside_the_hook_counts_first() {
    let pair = pair();
    pair.commit(".flowcheck.toml", &with_kind("task"));
    fs::write(pair.server.join("hooks/policy.toml"), with_kind("work")).expect("a file");
    pair.push(&["develop"]).expect("a line's creation");
    pair.push(&["develop:refs/heads/work/one"]).expect("the administrator's policy");
    assert!(pair.push(&["develop:refs/heads/task/one"]).is_err());
    fs::write(pair.server.join("hooks/policy.toml"), "version = 1\n[lines]\nintegratio = 1\n")
        .expect("a file");
    let said = pair.push(&["develop:refs/heads/work/two"]).expect_err("nothing can be judged by it");
    assert!(
        said.contains("hooks/policy.toml:2: `[lines]` has no `integration`, and 1 more mistake"),
        "{said}"
    );
}

#[test]
fn a_push_that_spoils_the_policy_is_rejected() {
    let pair = pair();
    pair.commit(".flowcheck.toml", &with_kind("task"));
    pair.push(&["develop"]).expect("the first push brings the policy");
    pair.commit(".flowcheck.toml", "version = 1\n");
    let said = pair.push(&["develop"]).expect_err("it is no policy");
    assert!(said.contains("error[policy-change]"), "{said}");
    // The clone knows it before, for it knows which branch is the server's default.
    git(&pair.clone, &["fetch", "-q", "origin"]);
    git(&pair.clone, &["remote", "set-head", "origin", "develop"]);
    git(&pair.clone, &["checkout", "-q", "-b", "task/one", "develop~1"]);
    let checked = flowcheck(&pair.clone, &["check", "develop"]);
    assert_eq!(checked.status.code(), Some(1), "{}", stderr(&checked));
    let both = stderr(&checked) + &stdout(&checked);
    assert!(both.contains("error[policy-change]"), "{both}");
    let checked = flowcheck(&pair.clone, &["check", "task/one"]);
    assert!(checked.status.success(), "{}", stderr(&checked));
}

#[test]
fn whom_the_policy_lists_changes_it() {
    let pair = pair();
    let edited_by = |list: &str| with_kind("task") + &format!("[policy]\neditors = [{list}]\n");
    pair.commit(".flowcheck.toml", &edited_by("'alice', 'bob'"));
    pair.push_as("carol", &["develop"]).expect("before it there is no list");
    pair.commit("a", "a");
    pair.push_as("carol", &["develop"]).expect("the policy stays as it is");
    pair.commit(".flowcheck.toml", &edited_by("'alice', 'carol'"));
    let said = pair.push_as("carol", &["develop"]).expect_err("the list before the push counts");
    assert!(said.contains("error[policy-change]: `carol` may not change `.flowcheck.toml`"), "{said}");
    assert!(said.contains("whom the policy lets change it: `alice`, `bob`"), "{said}");
    git(&pair.clone, &["rm", "-q", ".flowcheck.toml"]);
    git(&pair.clone, &["commit", "-q", "-m", "away with it"]);
    let said = pair.push_as("carol", &["develop"]).expect_err("to remove it is to change it");
    assert!(said.contains("error[policy-change]"), "{said}");
    git(&pair.clone, &["reset", "-q", "--hard", "HEAD~1"]);
    pair.push_as("bob", &["develop"]).expect("bob is listed");
    pair.commit(".flowcheck.toml", &edited_by(""));
    assert!(pair.push_as("bob", &["develop"]).is_err(), "bob no longer is");
    pair.push_as("carol", &["develop"]).expect("carol now is");
    pair.commit(".flowcheck.toml", &with_kind("task"));
    pair.push_as("dave", &["develop"]).expect("an empty list is nobody's");
}

#[test]
fn a_policy_that_is_named_and_not_there_stops_the_push() {
    let pair = pair();
    git(&pair.server, &["config", "flowcheck.policy", "gone.toml"]);
    pair.commit("a", "a");
    let said = pair.push(&["develop"]).expect_err("it is named");
    assert!(said.contains("`gone.toml`, which git config flowcheck.policy"), "{said}");
}
