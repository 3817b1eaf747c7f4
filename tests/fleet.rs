//! `flowcheck audit --fleet` and `flowcheck report merge`, on repositories that git made.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

fn flowcheck(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowcheck"));
    command.args(args).current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.output().expect("the binary was built")
}

fn git(dir: &Path, args: &[&str]) {
    let ended = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
        .envs([("GIT_AUTHOR_DATE", "1767225600 +0000"), ("GIT_COMMITTER_DATE", "1767225600 +0000")])
        .output()
        .expect("git is installed");
    assert!(ended.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// A repository whose develop has so many commits that no merge brought.
fn repository(path: &Path, straight: usize) {
    std::fs::create_dir_all(path).unwrap();
    git(path, &["init", "-q", "--bare", "-b", "develop"]);
    let mut script = String::new();
    for n in 0..=straight {
        let (message, date) = (format!("c{n}"), 1_767_225_600 + n);
        let _ = write!(
            script,
            "commit refs/heads/develop\ncommitter A <a@example.com> {date} +0000\ndata {}\n{message}\n",
            message.len()
        );
    }
    let file = path.join("script");
    std::fs::write(&file, script).unwrap();
    let input = std::fs::File::open(&file).unwrap();
    let ended =
        Command::new("git").args(["fast-import", "--quiet"]).current_dir(path).stdin(input).status().unwrap();
    assert!(ended.success());
    std::fs::remove_file(file).unwrap();
}

/// Two clean repositories, one with a finding, one that cannot be read, and what is no project's.
fn server() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let hashed = dir.path().join("@hashed");
    for (path, straight) in [("aa/aa/aaaa.git", 0), ("bb/bb/bbbb.git", 2), ("cc/cc/cccc.git", 0)] {
        repository(&hashed.join(path), straight);
    }
    repository(&hashed.join("aa/aa/aaaa.wiki.git"), 3);
    git(&hashed.join("aa/aa/aaaa.git"), &["config", "gitlab.fullpath", "shop/web"]);
    dir
}

fn break_one(dir: &Path) {
    std::fs::write(dir.join("@hashed/cc/cc/cccc.git/config"), "[core\n").unwrap();
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_repository_is_audited_and_named_as_its_server_names_it() {
    let dir = server();
    let output = flowcheck(dir.path(), &["audit", "--fleet", "."]);
    let lines = lines(&output);
    assert_eq!(lines[0]["repositories"], 3, "{}", said(&output));
    let names: Vec<_> = lines[1..].iter().map(|line| line["repository"].as_str().unwrap()).collect();
    assert_eq!(names, ["shop/web", "@hashed/bb/bb/bbbb.git", "@hashed/cc/cc/cccc.git"]);
    assert_eq!(lines[2]["verdict"], "rejected");
    assert_eq!(lines[2]["report"]["findings"][0]["rule"], "direct-commit");
    assert!(said(&output).starts_with("3 repositories: 2 clean, 1 with findings\n"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn one_bad_repository_never_stops_the_rest() {
    let dir = server();
    break_one(dir.path());
    let output = flowcheck(dir.path(), &["audit", "--fleet", "."]);
    let lines = lines(&output);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3]["verdict"], "unjudged");
    assert!(lines[3]["why"].as_str().unwrap().contains("config"), "{}", lines[3]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn parts_joined_are_the_whole_whatever_the_number_of_jobs() {
    let dir = server();
    let whole = flowcheck(dir.path(), &["audit", "--fleet", "@hashed", "--jobs", "1"]);
    let many = flowcheck(dir.path(), &["audit", "--fleet", "@hashed", "--jobs", "7"]);
    assert_eq!(whole.stdout, many.stdout);
    let mut names = vec![];
    for part in ["1/3", "2/3", "3/3"] {
        let file = format!("part-{}.jsonl", &part[..1]);
        let to = format!("json={file}");
        let output =
            flowcheck(dir.path(), &["audit", "--fleet", "@hashed", "--shard", part, "--format", &to]);
        assert!(output.stdout.is_empty(), "the lines are in the file");
        names.push(file);
    }
    let mut args = vec!["report", "merge", "--format", "json"];
    args.extend(names.iter().map(String::as_str));
    let joined = flowcheck(dir.path(), &args);
    assert_eq!(said(&joined), "");
    let sorted = |output: &Output| {
        let mut found: Vec<String> = lines(output)[1..].iter().map(ToString::to_string).collect();
        found.sort();
        found
    };
    assert_eq!(sorted(&joined), sorted(&whole));
    assert_eq!(joined.status.code(), Some(1));
    let text = flowcheck(dir.path(), &["report", "merge", &names[0], &names[1], &names[2]]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("3 repositories: 2 clean, 1 with findings"), "{text}");
    let short = flowcheck(dir.path(), &["report", "merge", &names[0]]);
    assert!(said(&short).contains("could not join the parts: 2, 3 of 3 missing"), "{}", said(&short));
    assert_eq!(short.status.code(), Some(2));
}

#[test]
fn names_come_from_a_table_and_a_repository_of_the_environment_is_not_meant() {
    let dir = server();
    std::fs::write(dir.path().join("names"), "bbbb shop/api\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowcheck"));
    let output = command
        .args(["audit", "--fleet", "@hashed", "--names", "names", "--format", "text"])
        .current_dir(dir.path())
        .env("GIT_DIR", dir.path().join("@hashed/cc/cc/cccc.git"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n  shop/api  2 errors\n"), "{text}");
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_audited() {
    let dir = tempfile::tempdir().unwrap();
    for (args, why) in [
        (&["audit", "--fleet", "nowhere"][..], "could not read"),
        (&["audit", "--fleet", ".", "--shard", "3/2"], "I from 1 to N"),
        (&["audit", "--fleet", ".", "--format", "sarif"], "text, json, markdown"),
        (&["audit", "--shard", "1/2"], "--fleet"),
        (&["audit", "--fleet", ".", "--baseline", "x"], "cannot be used with"),
        (&["audit", "--fleet", ".", "--statistics"], "cannot be used with '--statistics'"),
        (&["audit", "--fleet", ".", "--compare-policy", "x"], "cannot be used with '--compare-policy"),
    ] {
        let output = flowcheck(dir.path(), args);
        assert!(
            said(&output).split_whitespace().collect::<Vec<_>>().join(" ").contains(why),
            "{args:?}: {}",
            said(&output)
        );
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    let empty = flowcheck(dir.path(), &["audit", "--fleet", "."]);
    assert_eq!(said(&empty), "0 repositories: 0 clean, 0 with findings\n");
}

#[test]
fn an_audit_that_is_interrupted_leaves_a_whole_report_or_none() {
    let dir = tempfile::tempdir().unwrap();
    repository(&dir.path().join("shop.git"), 400);
    let report = dir.path().join("report.json");
    for pause in [0, 20, 60, 120, 200, 300] {
        let to = format!("json={}", report.display());
        let mut audit = Command::new(env!("CARGO_BIN_EXE_flowcheck"))
            .args(["-C", "shop.git", "audit", "--format", &to])
            .current_dir(dir.path())
            .spawn()
            .unwrap();
        // Wherever it is by then, the report is whole or not there.
        std::thread::sleep(std::time::Duration::from_millis(pause));
        let pid = audit.id().to_string();
        Command::new("sh").args(["-c", &format!("kill -INT {pid} 2>/dev/null || true")]).status().unwrap();
        let ended = audit.wait().unwrap();
        assert!(ended.code().is_none_or(|code| code == 1), "interrupted or done, and nothing else: {ended}");
        if let Ok(text) = std::fs::read(&report) {
            let value: serde_json::Value = serde_json::from_slice(&text).expect("the report is whole");
            assert_eq!(value["command"], "audit");
            std::fs::remove_file(&report).unwrap();
        }
    }
}

#[test]
fn a_pipeline_s_clone_has_no_branches_of_its_own_and_is_audited_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    repository(&dir.path().join("shop.git"), 2);
    git(dir.path(), &["clone", "-q", "shop.git", "ci"]);
    git(&dir.path().join("ci"), &["checkout", "-q", "--detach"]);
    git(&dir.path().join("ci"), &["branch", "-q", "-D", "develop"]);
    let output = flowcheck(&dir.path().join("ci"), &["audit", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["errors"], 2, "{report}");
}
