//! The local hook and `flowcheck check`, in a clone of a server that has no hook.

use crate::support::{Ended, Server};

/// A server with a confirmed release and an open one, and a clone that has fetched it.
fn sprint() -> Server {
    let server = Server::without_hook();
    server.clone_git(&["checkout", "-q", "-b", "release-1.0.0"]);
    server.commit("R");
    server.clone_git(&["tag", "-a", "-m", "1.0.0", "v1.0.0"]);
    server.clone_git(&["push", "-q", "origin", "develop", "release-1.0.0", "v1.0.0"]);
    server.clone_git(&["fetch", "-q", "origin"]);
    server.clone_git(&["checkout", "-q", "develop"]);
    server
}

fn pre_push(server: &Server, args: &[&str], variables: &[(&str, &str)]) -> Ended {
    server.write_hook("clone/.git/hooks/pre-push", "pre-push \"$@\"");
    server.push_with(args, variables)
}

#[test]
fn a_good_push_leaves_without_a_word() {
    let server = sprint();
    server.clone_git(&["checkout", "-q", "-b", "feature/a"]);
    server.commit("F");
    let pushed = pre_push(&server, &["origin", "feature/a"], &[]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert!(!pushed.text().contains("flowcheck"), "{}", pushed.text());
    let again = pre_push(&server, &["origin", "feature/a"], &[]);
    assert!(again.status.success() && !again.text().contains("flowcheck"), "{}", again.text());
}

#[test]
fn a_bad_push_does_not_leave() {
    let server = sprint();
    let pushed = pre_push(&server, &["origin", "HEAD~1:refs/heads/foo", "develop:refs/heads/bar"], &[]);
    assert_eq!(pushed.status.code(), Some(1));
    let text = pushed.text();
    assert!(text.starts_with("error[branch-name]: `"), "{text}");
    assert!(text.contains("flowcheck: 2 errors in 2 of 2 refs, push rejected\n"), "{text}");
    assert!(!server.refs().contains("foo"));
}

/// Returns the commands that a rejection prints, but for the one that explains its rule.
fn commands(said: &Ended) -> Vec<String> {
    let hints = said.answer() + &said.text();
    let commands = hints.lines().filter_map(|line| line.strip_prefix("hint: git "));
    commands.map(|rest| format!("git {rest}")).collect()
}

#[test]
fn commands_put_right_what_was_pushed_from_no_branch_of_that_name() {
    let develop = ["checkout", "-q", "--detach", "develop"];
    let release = ["checkout", "-q", "--detach", "release-1.0.0~1"];
    let cases = [
        (&develop, "HEAD~1:refs/heads/foo", "branch-name", "git branch feature/foo "),
        (&develop, "develop:refs/heads/foo", "branch-name", "git branch feature/foo "),
        (&develop, "foo", "branch-name", "git branch -m foo feature/foo"),
        (&develop, "foo~1:refs/heads/foo", "branch-name", "git branch feature/foo "),
        (
            &develop,
            "HEAD:refs/heads/hotfix/1.0.0-a",
            "branch-origin",
            "git rebase --onto origin/release-1.0.0 ",
        ),
        (&develop, "hotfix/1.0.0-a", "branch-origin", "git rebase --onto origin/release-1.0.0 "),
        (&release, "HEAD:refs/heads/hotfix/1.0.0-a", "release-state", "git rebase origin/release-1.0.0 "),
        (&release, "HEAD:refs/heads/bugfix/1.0.0-a", "release-state", "git branch hotfix/1.0.0-a "),
    ];
    for (start, refspec, rule, command) in cases {
        let server = sprint();
        server.commit("D");
        server.clone_git(&["push", "-q", "origin", "develop"]);
        server.clone_git(start);
        server.commit("T");
        if !refspec.contains(':') || refspec.starts_with("foo") {
            server.clone_git(&["branch", refspec.split('~').next().unwrap()]);
        }
        let pushed = pre_push(&server, &["origin", refspec], &[]);
        assert!(pushed.text().contains(&format!("error[{rule}]: ")), "{refspec}: {}", pushed.text());
        let commands = commands(&pushed);
        assert!(commands.iter().any(|it| it.starts_with(command)), "{refspec}: {commands:?}");
        for command in commands {
            let ended = server.in_dir("clone", "sh", &["-c", &command], &[]);
            assert!(ended.status.success(), "{refspec}: {command}: {}", ended.text());
        }
        assert!(server.refs().contains("feature/foo") || server.refs().contains("hotfix/1.0.0-a"));
    }
}

#[test]
fn commands_name_the_remote_as_this_clone_does() {
    let server = sprint();
    server.clone_git(&["remote", "rename", "origin", "upstream"]);
    server.clone_git(&["checkout", "-q", "develop"]);
    server.commit("C");
    let pushed = pre_push(&server, &["upstream", "develop"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
    assert!(pushed.text().contains("error[direct-commit]: "), "{}", pushed.text());
    assert!(pushed.text().contains("upstream"), "{}", pushed.text());
}

#[test]
fn a_remote_is_known_by_its_address() {
    let server = sprint();
    let address = server.path("server.git");
    let pushed = pre_push(&server, &[address.to_str().unwrap(), "develop:refs/heads/foo"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
}

#[test]
fn an_address_without_a_name_is_left_to_the_server() {
    let server = sprint();
    server.clone_git(&["remote", "set-url", "origin", "/nowhere"]);
    let address = server.path("server.git");
    let pushed = pre_push(&server, &[address.to_str().unwrap(), "develop:refs/heads/foo"], &[]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert!(pushed.text().contains("the server will judge"), "{}", pushed.text());
    assert!(!pushed.text().contains("error["), "{}", pushed.text());
}

#[test]
fn a_switch_turns_the_local_hook_off_with_one_line() {
    let server = sprint();
    let pushed = pre_push(&server, &["origin", "develop:refs/heads/foo"], &[("FLOWCHECK", "0")]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert_eq!(pushed.text().lines().filter(|line| line.contains("FLOWCHECK=0")).count(), 1);
}

#[test]
fn a_shallow_clone_leaves_it_to_the_server_and_check_says_the_cure() {
    let server = sprint();
    let url = format!("file://{}", server.path("server.git").display());
    server.run_git("", &["clone", "-q", "--depth", "1", "-b", "develop", &url, "shallow"]);
    server.write_hook("shallow/.git/hooks/pre-push", "pre-push \"$@\"");
    let pushed = server.in_dir("shallow", "git", &["push", "origin", "develop:refs/heads/foo"], &[]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert!(pushed.text().contains("this clone is shallow; the server will judge"), "{}", pushed.text());
    let checked = server.in_dir("shallow", Server::BINARY, &["check"], &[]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(checked.sentences().contains("`GIT_DEPTH: 0`"), "{}", checked.text());
    assert!(checked.sentences().contains("`git fetch --unshallow --tags`"), "{}", checked.text());
}

#[test]
fn what_the_remote_has_and_this_clone_has_not_is_left_to_the_server() {
    let server = sprint();
    server.run_git("", &["clone", "-q", "server.git", "other"]);
    server.run_git("other", &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    server.run_git("other", &["push", "-q", "origin", "HEAD:refs/heads/feature/a"]);
    let pushed = pre_push(&server, &["--force", "origin", "develop:refs/heads/feature/a"], &[]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert!(pushed.sentences().contains("the server will judge"), "{}", pushed.text());
}

#[test]
fn the_hook_works_from_a_linked_work_tree() {
    let server = sprint();
    server.clone_git(&["worktree", "add", "-q", "-b", "foo", "../linked"]);
    server.write_hook("clone/.git/hooks/pre-push", "pre-push \"$@\"");
    let pushed = server.in_dir("linked", "git", &["push", "origin", "foo"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
    assert!(pushed.text().contains("error[branch-name]: `foo`"), "{}", pushed.text());
}

#[test]
fn garbled_input_stops_the_push_and_tells_the_switch() {
    let server = sprint();
    let ended = server.flowcheck_in("clone", &["pre-push", "origin", "url"], b"garbage\n", &[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.text().contains("Nothing is wrong with your commits"), "{}", ended.text());
    assert!(ended.text().contains("FLOWCHECK=0"), "{}", ended.text());
    let nothing = server.flowcheck_in("clone", &["pre-push", "origin", "url"], b"", &[]);
    assert_eq!((nothing.status.code(), nothing.text().as_str()), (Some(0), ""));
}

fn check(server: &Server, args: &[&str], variables: &[(&str, &str)]) -> Ended {
    server.in_dir("clone", Server::BINARY, &[&["check"], args].concat(), variables)
}

#[test]
fn a_branch_is_judged_before_it_is_pushed() {
    let server = sprint();
    server.clone_git(&["checkout", "-q", "-b", "feature/a"]);
    server.commit("F");
    let good = check(&server, &[], &[]);
    assert_eq!((good.status.code(), good.text().as_str()), (Some(0), ""));
    assert_eq!(good.answer(), "flowcheck: nothing in 0 of 1 ref, a push would be accepted\n");
    server.clone_git(&["branch", "foo"]);
    let bad = check(&server, &["feature/a", "foo"], &[]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        bad.answer().ends_with("flowcheck: 1 error in 1 of 2 refs, a push would be rejected\n"),
        "{bad:?}"
    );
    let quiet = check(&server, &["-q", "feature/a"], &[]);
    assert_eq!(quiet.answer(), "");
}

#[test]
fn what_is_not_there_is_not_checked() {
    let server = sprint();
    let ended = check(&server, &["nowhere"], &[]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.text().contains("`nowhere`"), "{}", ended.text());
    server.clone_git(&["checkout", "-q", "--detach"]);
    assert_eq!(check(&server, &[], &[]).status.code(), Some(2));
}

#[test]
fn a_merge_request_is_judged_before_it_is_merged() {
    let server = sprint();
    let bad = check(&server, &["--source", "release-1.0.0", "--target", "develop"], &[]);
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    assert!(bad.answer().contains("error[unconfirmed-merge-back]: "), "{}", bad.answer());
    server.clone_git(&["checkout", "-q", "-b", "feature/a", "develop"]);
    server.commit("F");
    let good = check(&server, &["--source", "feature/a", "--target", "develop"], &[]);
    assert_eq!(good.status.code(), Some(0), "{}", good.answer());
    let objects = server.clone_git(&["count-objects"]);
    check(&server, &["--source", "feature/a", "--target", "develop"], &[]);
    assert_eq!(server.clone_git(&["count-objects"]), objects, "nothing is left behind");
}

#[test]
fn a_pipeline_says_which_merge_request_it_is_for() {
    let server = sprint();
    for [source, target] in [
        ["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"],
        ["GITHUB_HEAD_REF", "GITHUB_BASE_REF"],
    ] {
        let bad = check(&server, &[], &[(source, "release-1.0.0"), (target, "develop")]);
        assert_eq!(bad.status.code(), Some(1), "{bad:?}");
        assert!(bad.answer().contains("error[unconfirmed-merge-back]: "), "{}", bad.answer());
    }
    server.clone_git(&["checkout", "-q", "--detach", "release-1.0.0"]);
    let fork = [("GITHUB_HEAD_REF", "release-9.9.9"), ("GITHUB_BASE_REF", "develop")];
    assert_eq!(check(&server, &[], &fork).status.code(), Some(1), "what is checked out is judged");
}

/// A clone as a pipeline has it: the remote's refs, and a commit on no branch.
fn pipelines_clone(server: &Server, rev: &str) {
    server.run_git("", &["clone", "-q", "--no-checkout", "server.git", "ci"]);
    server.run_git("ci", &["checkout", "-q", "--detach", rev]);
    server
        .run_git("ci", &["for-each-ref", "--format=%(refname:short)", "refs/heads"])
        .lines()
        .for_each(|branch| drop(server.run_git("ci", &["branch", "-q", "-D", branch])));
}

fn check_in_pipeline(server: &Server, variables: &[(&str, &str)]) -> Ended {
    server.in_dir("ci", Server::BINARY, &["check"], variables)
}

#[test]
fn a_forks_branch_may_be_called_like_the_line() {
    let server = sprint();
    pipelines_clone(&server, "origin/release-1.0.0");
    let of_fork = [("GITHUB_HEAD_REF", "develop"), ("GITHUB_BASE_REF", "develop")];
    let bad = check_in_pipeline(&server, &of_fork);
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    // `pull_request_target` checks out the line itself.
    server.run_git("ci", &["checkout", "-q", "origin/develop"]);
    let nothing = check_in_pipeline(&server, &of_fork);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
    assert!(
        nothing.sentences().contains("what is checked out is on `develop` already"),
        "{}",
        nothing.text()
    );
    let ours = [("GITHUB_HEAD_REF", "release-1.0.0"), ("GITHUB_BASE_REF", "develop")];
    assert_eq!(check_in_pipeline(&server, &ours).status.code(), Some(1), "the branch itself is judged");
}

#[test]
fn a_trial_merge_is_seen_through() {
    let server = sprint();
    server.clone_git(&["checkout", "-q", "-b", "feature/a", "develop"]);
    server.commit("F");
    server.clone_git(&["push", "-q", "origin", "feature/a"]);
    pipelines_clone(&server, "origin/develop");
    server.run_git("ci", &["merge", "-q", "--no-ff", "--no-edit", "origin/feature/a"]);
    let trial = server.run_git("ci", &["rev-parse", "HEAD"]);
    let names = [("GITHUB_HEAD_REF", "feature/a"), ("GITHUB_BASE_REF", "develop")];
    let of_github = [&names[..], &[("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_SHA", &trial)]].concat();
    let good = check_in_pipeline(&server, &of_github);
    assert_eq!((good.status.code(), good.text().as_str()), (Some(0), ""), "{good:?}");
    let tip = server.run_git("ci", &["rev-parse", "origin/release-1.0.0"]);
    let of_gitlab = [
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "release-1.0.0"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "develop"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", &tip),
    ];
    let bad = check_in_pipeline(&server, &of_gitlab);
    assert_eq!(bad.status.code(), Some(1), "GitLab says which commit is meant: {bad:?}");
}

#[test]
fn a_branch_that_goes_in_as_one_new_commit_is_judged_as_that() {
    let server = sprint();
    server.clone_git(&["push", "-q", "origin", "develop:refs/heads/master"]);
    let confirmed = server.in_dir("clone", Server::BINARY, &["confirm", "v1.0.0", "--push", "origin"], &[]);
    assert!(confirmed.status.success(), "{}", confirmed.text());
    pipelines_clone(&server, "origin/release-1.0.0");
    for (squashes, code) in [("false", 0), ("true", 1)] {
        let ended = check_in_pipeline(
            &server,
            &[
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "release-1.0.0"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "master"),
                ("CI_MERGE_REQUEST_SQUASH_ON_MERGE", squashes),
            ],
        );
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert_eq!(ended.answer().contains("Squashed `release-1.0.0`"), code == 1, "{}", ended.answer());
    }
}

#[test]
fn a_pipeline_in_a_fork_says_whose_lines_it_has() {
    let server = sprint();
    let paths = [("CI_PROJECT_PATH", "ann/shop"), ("CI_MERGE_REQUEST_PROJECT_PATH", "group/shop")];
    let forked = check(&server, &["--source", "release-1.0.0", "--target", "develop"], &paths);
    let note =
        "note: this pipeline runs in `ann/shop`: its lines and tags are judged, not those of `group/shop`";
    let said = forked.answer().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(note), "{said}");
}

#[test]
fn what_is_in_the_line_already_is_not_merged() {
    let server = sprint();
    server.clone_git(&["branch", "feature/a", "develop~1"]);
    let ended = check(&server, &["--source", "feature/a", "--target", "develop"], &[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.answer().contains("note: nothing would be merged: `feature/a` is in `develop` already"));
}

#[test]
fn a_pipeline_for_no_merge_request_is_told_what_judges_pushes() {
    let server = sprint();
    pipelines_clone(&server, "origin/develop");
    let ended = check_in_pipeline(&server, &[("GITHUB_REF", "refs/heads/develop")]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.sentences().contains("`flowcheck audit` judges what was pushed"), "{}", ended.text());
}

#[test]
fn what_a_partial_clone_lacks_is_left_to_the_server_and_check_says_the_cure() {
    let server = Server::without_hook();
    server.git(&["config", "uploadpack.allowFilter", "true"]);
    let write = |name: &str, text: &str| std::fs::write(server.path("clone").join(name), text).unwrap();
    let commit = |name: &str, text: &str| {
        write(name, text);
        server.clone_git(&["add", name]);
        server.commit(text);
    };
    commit("a", "one");
    server.clone_git(&["checkout", "-q", "-b", "release-1.0.0"]);
    commit("a", "fix");
    server.clone_git(&["tag", "-am", "1.0.0", "v1.0.0"]);
    server.clone_git(&["push", "-q", "origin", "develop", "release-1.0.0", "v1.0.0"]);
    let confirmed = server.in_dir("clone", Server::BINARY, &["confirm", "v1.0.0", "--push", "origin"], &[]);
    assert!(confirmed.status.success(), "{}", confirmed.text());
    server.clone_git(&["checkout", "-q", "develop"]);
    commit("b", "two");
    server.clone_git(&["push", "-q", "origin", "develop"]);

    let url = format!("file://{}", server.path("server.git").display());
    server
        .run_git("", &["clone", "-q", "--no-checkout", "--filter=tree:0", "-b", "develop", &url, "partial"]);
    server.write_hook("partial/.git/hooks/pre-push", "pre-push \"$@\"");
    server.run_git("partial", &["branch", "-q", "release-1.1.0", "origin/develop"]);
    let checked = server.in_dir("partial", Server::BINARY, &["check", "release-1.1.0"], &[]);
    assert_eq!(checked.status.code(), Some(2), "{checked:?}");
    assert!(checked.sentences().contains("`git fetch --refetch --no-filter`"), "{}", checked.text());
    let pushed = server.in_dir("partial", "git", &["push", "--dry-run", "origin", "release-1.1.0"], &[]);
    assert!(pushed.status.success(), "{}", pushed.text());
    assert!(pushed.sentences().contains("this clone is partial, and what decides is on the server only"));
    server.run_git("partial", &["fetch", "-q", "--refetch", "--no-filter"]);
    let checked = server.in_dir("partial", Server::BINARY, &["check", "release-1.1.0"], &[]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert!(checked.answer().contains("warning[lost-fix]: "), "{}", checked.answer());
}

#[test]
fn what_git_says_about_a_merge_is_the_reason_and_not_its_advice() {
    let server = sprint();
    server.clone_git(&["checkout", "-q", "-b", "feature/a", "develop"]);
    std::fs::write(server.path("clone/file"), "text").unwrap();
    server.clone_git(&["add", "file"]);
    server.commit("F");
    let blob = server.clone_git(&["rev-parse", "HEAD^{tree}"]);
    std::fs::remove_file(server.path("clone/.git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let ended = check(&server, &["--source", "feature/a", "--target", "develop"], &[]);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(!ended.text().contains("hint: "), "{}", ended.text());
}

#[test]
fn a_remote_that_was_never_fetched_is_known_by_its_name_and_an_address_by_any_form() {
    let server = sprint();
    let address = server.path("server.git");
    let slashed = format!("{}/", address.display());
    let pushed = pre_push(&server, &[&slashed, "develop:refs/heads/foo"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
    server.clone_git(&["remote", "add", "team/up", &format!("{}/../server.git", address.display())]);
    let pushed = pre_push(&server, &["team/up", "develop:refs/heads/foo"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
}

#[test]
fn conflicts_are_said() {
    let server = sprint();
    for (branch, text) in [("feature/a", "one\n"), ("feature/b", "two\n")] {
        server.clone_git(&["checkout", "-q", "-b", branch, "develop"]);
        std::fs::write(server.path("clone/file"), text).unwrap();
        server.clone_git(&["add", "file"]);
        server.commit(branch);
    }
    server.clone_git(&["push", "-q", "origin", "feature/a:develop"]);
    let ended = check(&server, &["--source", "feature/b", "--target", "develop"], &[]);
    assert!(ended.answer().contains("note: the merge has conflicts"), "{ended:?}");
}
#[test]
fn a_deletion_is_judged_too() {
    let server = sprint();
    let pushed = pre_push(&server, &["origin", ":develop"], &[]);
    assert_eq!(pushed.status.code(), Some(1), "{}", pushed.text());
    assert!(pushed.text().contains("error[line-deletion]: "), "{}", pushed.text());
}

#[test]
fn a_tag_of_this_clone_is_new_to_the_remote() {
    let server = sprint();
    server.clone_git(&["tag", "1.1"]);
    let bad = check(&server, &["1.1", "--format", "json"], &[]);
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let report: serde_json::Value = serde_json::from_str(&bad.answer()).unwrap();
    assert_eq!(report["findings"][0]["ref"], "refs/tags/1.1");
}

#[test]
fn warnings_fail_only_where_that_is_asked_for() {
    let server = sprint();
    let policy = server.path("mild.toml");
    std::fs::write(
        &policy,
        "version = 1\n[lines]\nintegration = \"develop\"\n[rules]\nbranch-name = \"warn\"\n",
    )
    .unwrap();
    server.clone_git(&["branch", "foo"]);
    let policy = policy.to_str().unwrap();
    let mild = check(&server, &["foo", "--policy", policy], &[]);
    assert_eq!(mild.status.code(), Some(0), "{mild:?}");
    assert!(mild.answer().contains("warning[branch-name]: "), "{}", mild.answer());
    let strict = check(&server, &["foo", "--policy", policy, "--fail-on", "warn"], &[]);
    assert_eq!(strict.status.code(), Some(1), "{strict:?}");
}
