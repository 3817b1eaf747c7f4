//! The built binary as a hook: real pushes into a bare repository, and the input that no git
//! would write.

mod clone;
mod support;
mod words;

use support::{Server, absent};

#[test]
fn a_good_push_is_accepted_without_a_word() {
    let server = Server::new();
    let pushed = server.push(&["develop", "develop:refs/heads/feature/a"]);
    assert!(pushed.status.success(), "{pushed:?}");
    assert!(!pushed.text().contains("flowcheck"), "{}", pushed.text());
}

#[test]
fn a_bad_push_is_told_everything_at_once_and_changes_nothing() {
    let server = Server::new();
    let pushed =
        server.push(&["develop:refs/heads/foo", "develop:refs/heads/bar", "develop:refs/heads/feature/a"]);
    assert_eq!(pushed.status.code(), Some(1));
    let text = pushed.text();
    assert!(text.contains("remote: error[branch-name]: `foo` "), "{text}");
    assert!(text.contains("remote: error[branch-name]: `bar` "), "{text}");
    assert!(text.contains("remote: flowcheck: 2 errors in 2 of 3 refs, push rejected"), "{text}");
    assert_eq!(server.refs(), "");
}

#[test]
fn a_branch_that_would_stand_on_a_tag_is_told_so() {
    let server = Server::new();
    server.push(&["develop"]);
    server.clone_git(&["tag", "-a", "-m", "one", "one", "HEAD"]);
    let pushed = server.push(&["one:refs/heads/feature/a", "develop:refs/heads/feature/b"]);
    let text = pushed.text();
    assert!(text.contains("remote: error[ref-namespace]: `feature/a` would not stand on a commit"), "{text}");
    assert!(text.contains("remote: flowcheck: 1 error in 1 of 2 refs, push rejected"), "{text}");
}

#[test]
fn no_input_is_no_push() {
    let ended = Server::new().hook("", &[]);
    assert_eq!((ended.status.code(), ended.text().as_str()), (Some(0), ""));
}

#[test]
fn what_git_would_not_write_stops_the_push_and_blames_nobody() {
    let server = Server::new();
    server.push(&["develop"]);
    let (zero, tip) = ("0".repeat(40), server.tip());
    let nines = "9".repeat(40);
    let cases = [
        ("garbage\n".to_owned(), "line 1"),
        (format!("{zero} {tip} refs/heads/feature/a"), "cut off"),
        (format!("{zero} {tip} refs/heads/feature/a\n{zero}\n"), "line 2"),
        (format!("{zero} {tip} refs/heads/feature/a\n").repeat(2), "names it twice"),
        (format!("{zero} {nines} refs/heads/feature/a\n"), "`refs/heads/feature/a`"),
        (format!("{tip} {zero} refs/heads/feature/a\n"), "is absent"),
        (format!("{zero} {tip} refs/heads/develop\n"), "fetch and push again"),
        (format!("{} {} refs/heads/x\n", "0".repeat(64), "1".repeat(64)), "40 hexadecimal digits"),
    ];
    for (input, says) in cases {
        let ended = server.hook(&input, &[]);
        let text = ended.text();
        assert_eq!(ended.status.code(), Some(2), "{input}: {text}");
        assert!(ended.sentences().contains(says), "{input}: {text}");
        assert!(text.contains("Nothing is wrong with your commits"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
    }
}

#[test]
fn a_line_that_a_name_smuggled_in_stands_for_itself() {
    let server = Server::new();
    server.push(&["develop"]);
    let (zero, tip) = ("0".repeat(40), server.tip());
    let ended =
        server.hook(&format!("{zero} {tip} refs/heads/feature/a\n{zero} {tip} refs/heads/forged\n"), &[]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.text().contains("`forged`"), "{}", ended.text());
}

#[test]
fn bytes_that_are_no_text_are_shown_and_never_sent() {
    let server = Server::new();
    server.push(&["develop"]);
    let line =
        [format!("{} {} refs/heads/", "0".repeat(40), server.tip()).as_bytes(), b"\x1b[2J\xff\x07\r\n"]
            .concat();
    let ended = server.hook_bytes(&line, &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.text());
    assert!(!ended.text().contains(|c: char| c.is_control() && c != '\n'), "{}", ended.text());
}

#[test]
fn a_malformed_name_is_rejected_even_if_git_were_to_send_it() {
    let server = Server::new();
    server.push(&["develop"]);
    let (zero, tip) = ("0".repeat(40), server.tip());
    let names = [
        "a..b", "a.lock", "a/", "/a", "a//b", ".a", "a/.b", "a.", "a@{b", "a b", "a~1", "a^", "a:b", "a?",
        "a*", "a[", "a\\b",
    ];
    for name in names {
        let name = format!("refs/heads/feature/{name}");
        let ended = server.hook(&format!("{zero} {tip} {name}\n{zero} {tip} refs/heads/feature/fine\n"), &[]);
        let text = ended.text();
        assert_eq!(ended.status.code(), Some(1), "{name}: {text}");
        assert!(text.contains("error[ref-namespace]: "), "{name}: {text}");
        assert!(ended.sentences().contains("is no name of a ref"), "{name}: {text}");
        assert!(text.contains(" in 1 of 2 refs, push rejected"), "{name}: {text}");
    }
}

#[test]
fn a_hundred_thousand_refs_are_the_limit() {
    let server = Server::new();
    server.push(&["develop"]);
    // A busy machine may take longer than a push may.
    let patient = include_str!("../../policy.toml.example").replace("deadline = \"4s\"", "deadline = \"1h\"");
    std::fs::write(server.path("server.git/hooks/policy.toml"), patient).unwrap();
    let line = format!("{} {} refs/merge-requests/1/head\n", "0".repeat(40), server.tip());
    assert_eq!(server.hook(&line.repeat(100_000), &[]).status.code(), Some(0));
    let ended = server.hook(&line.repeat(100_001), &[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.text().contains("100000 refs"), "{}", ended.text());
}

#[test]
fn a_namespace_is_refused() {
    let ended = Server::new().hook("", &[("GIT_NAMESPACE", "x")]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.text().contains("GIT_NAMESPACE"), "{}", ended.text());
}

const GITLAB: [(&str, &str); 3] =
    [("GL_REPOSITORY", "project-7"), ("GL_PROTOCOL", "web"), ("GL_USERNAME", "alice")];

#[test]
fn gitlab_shows_only_marked_lines_on_the_web() {
    let server = Server::new();
    server.push(&["develop"]);
    let (zero, tip) = ("0".repeat(40), server.tip());
    for (input, code) in [(format!("{zero} {tip} refs/heads/foo\n"), 1), ("garbage\n".to_owned(), 2)] {
        let ended = server.hook(&input, &GITLAB);
        assert_eq!(ended.status.code(), Some(code));
        assert!(ended.stdout.is_empty());
        assert!(!ended.stderr.is_empty());
        assert!(ended.text().lines().all(|line| line.starts_with("GL-HOOK-ERR: ")), "{}", ended.text());
    }
}

#[test]
fn a_wiki_is_no_code() {
    let server = Server::new();
    let input = format!("{} {} refs/heads/anything\n", "0".repeat(40), absent());
    for variables in [
        [("GL_REPOSITORY", "wiki-7"), ("GL_PROTOCOL", "ssh")],
        [("GITEA_REPO_NAME", "r"), ("GITEA_REPO_IS_WIKI", "true")],
        [("GITEA_REPO_NAME", "r"), ("GITEA_INTERNAL_PUSH", "true")],
    ] {
        assert_eq!(server.hook(&input, &variables).status.code(), Some(0), "{variables:?}");
    }
    assert_eq!(server.hook(&input, &[("GITEA_REPO_IS_WIKI", "true")]).status.code(), Some(2));
}

#[test]
fn the_switch_of_the_local_hook_does_nothing_on_a_server() {
    let server = Server::new();
    server.push(&["develop"]);
    let input = format!("{} {} refs/heads/foo\n", "0".repeat(40), server.tip());
    assert_eq!(server.hook(&input, &[("FLOWCHECK", "0")]).status.code(), Some(1));
}

#[test]
fn programs_read_standard_output() {
    let server = Server::new();
    server.push(&["develop"]);
    let input = format!("{} {} refs/heads/foo\n", "0".repeat(40), server.tip());
    let file = server.path("report.sarif");
    let formats = format!("json, sarif={}", file.display());
    let ended =
        server.hook(&input, &[("FLOWCHECK_FORMAT", &formats), ("HTTP_AUTHORIZATION", "Basic secret")]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.is_empty(), "{}", ended.text());
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "branch-name");
    assert_eq!(report["findings"][0]["ref"], "refs/heads/foo");
    let sarif: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(!ended.text().contains("secret"));

    let ended = server.hook(&input, &[("FLOWCHECK_FORMAT", "jsn")]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.sentences().contains("`json` was probably meant"), "{}", ended.text());
}

#[test]
fn an_alias_is_what_it_stands_for() {
    let server = Server::new();
    server.push(&["develop~1:refs/heads/develop"]);
    server.git(&["symbolic-ref", "refs/heads/trunk", "refs/heads/develop"]);
    let pushed = server.push(&["develop:refs/heads/trunk"]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
    assert!(pushed.text().contains("`develop`"), "{}", pushed.text());
}

#[test]
fn one_ref_is_judged_like_a_push() {
    let server = Server::new();
    server.push(&["develop"]);
    let (zero, tip) = ("0".repeat(40), server.tip());
    let update = |name: &str, rest: &[&str]| {
        server.flowcheck(&[&["update", name, &zero, &tip], rest].concat(), b"", &[])
    };
    assert_eq!(update("refs/heads/feature/a", &[]).status.code(), Some(0));
    let refused = update("refs/heads/foo", &["tree", "tree", "W", "VREF/FLOW"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.text().ends_with("flowcheck: 1 error in 1 of 1 ref, push rejected\n"),
        "{}",
        refused.text()
    );
    let garbled = server.flowcheck(&["update", "refs/heads/feature/a", "zero", &tip], b"", &[]);
    assert_eq!(garbled.status.code(), Some(2));
}

#[test]
fn outside_a_repository_nothing_is_judged() {
    let nowhere = tempfile::tempdir().unwrap();
    let server = Server::new();
    let dir = nowhere.path().to_str().unwrap();
    let ended = server.flowcheck(&["-C", dir, "pre-receive"], b"", &[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.text().contains("Nothing is wrong with your commits"), "{}", ended.text());
}
