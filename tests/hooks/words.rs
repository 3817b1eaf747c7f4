//! Commands whose answer is the text.

use std::process::{Command, Stdio};

use crate::support::Server;

#[test]
fn a_rule_is_explained_on_standard_output() {
    let server = Server::without_hook();
    let page = server.in_dir("", Server::BINARY, &["explain", "branch-origin"], &[]);
    assert!(page.status.success());
    assert!(page.answer().starts_with("branch-origin: "), "{}", page.answer());
    let unknown = server.in_dir("", Server::BINARY, &["explain", "branch-orign"], &[]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.sentences().contains("`branch-origin` was probably meant"), "{}", unknown.text());
}

#[test]
fn all_rules_are_listed() {
    let list = Server::without_hook().in_dir("clone", Server::BINARY, &["rules"], &[]);
    assert!(list.status.success());
    assert!(list.answer().lines().any(|line| line.starts_with("branch-name ")), "{}", list.answer());
}

#[test]
fn versions_are_sorted_and_the_difference_is_said() {
    let server = Server::without_hook();
    let sort = |args: &[&str], input: &str| {
        server.flowcheck_in("clone", &[&["sort"], args].concat(), input.as_bytes(), &[])
    };
    let sorted = sort(&[], "v1.0.1\nv1.0.0-hotfix1\nv1.0.0\n");
    assert_eq!(sorted.answer(), "v1.0.0\nv1.0.0-hotfix1\nv1.0.1\n");
    assert!(sorted.text().contains("Semantic Versioning"), "{}", sorted.text());
    assert_eq!(sort(&["--reverse"], "1.0.0\n1.0.1\n").answer(), "1.0.1\n1.0.0\n");
    let wrong = sort(&[], "v1.0.1\nlatest\n");
    assert_eq!((wrong.status.code(), wrong.answer().as_str()), (Some(2), ""));
    assert!(wrong.text().contains("line 2 is no version: `latest`"), "{}", wrong.text());
}

#[test]
fn the_next_tag_is_printed() {
    let server = Server::without_hook();
    let next = |release| server.in_dir("clone", Server::BINARY, &["next", release], &[]);
    assert_eq!(next("release-1.0.0").answer(), "v1.0.0\n");
    server.clone_git(&["tag", "v1.0.0"]);
    assert_eq!(next("release-1.0.0").answer(), "v1.0.0-hotfix1\n");
    assert_eq!(next("develop").status.code(), Some(2));
}

#[test]
fn packagers_get_completions_and_man_pages() {
    let server = Server::without_hook();
    let script = server.in_dir("", Server::BINARY, &["completions", "bash"], &[]);
    assert!(script.answer().contains("pre-receive"), "{}", script.answer());
    let page = server.in_dir("", Server::BINARY, &["man"], &[]);
    assert!(page.answer().contains(".TH flowcheck 1"), "{}", page.answer());
    assert!(server.in_dir("", Server::BINARY, &["man", "--to", "man/man1"], &[]).status.success());
    for (file, has) in [
        ("flowcheck.1", "pre\\-receive"),
        ("flowcheck.1", "Exit codes"),
        ("flowcheck-check.1", "\\-\\-source"),
        ("flowcheck-policy-schema.1", "JSON Schema"),
        ("git-flowcheck.1", ".so man1/flowcheck.1"),
    ] {
        let page = std::fs::read_to_string(server.path("man/man1").join(file)).unwrap();
        assert!(page.contains(has), "{file}: {page}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut explain = Command::new(Server::BINARY);
    let mut child =
        explain.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}
