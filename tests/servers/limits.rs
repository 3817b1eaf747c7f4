//! What a hook does not do for ever: each bound says which it is, stops the push, and blames
//! nobody.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::command::{Ended, command, git_fed, run};
use crate::support::shop::Shop;
use crate::support::{BINARY, script};

fn is_not_the_pushers_fault(ended: &Ended, limit: &str) {
    let said = ended.sentences();
    assert!(!ended.accepted(), "{said}");
    assert!(said.contains(limit), "{limit}: {said}");
    assert!(said.contains("Nothing is wrong with your commits"), "{said}");
    assert!(said.contains("Tell whoever looks after this server"), "{said}");
}

/// The hook's exit code does not travel over git's protocol: it is written down.
fn install(shop: &Shop) {
    let hook = format!("#!/bin/sh\n{BINARY} pre-receive\ncode=$?\necho $code >code.txt\nexit $code\n");
    script(&shop.server().join("hooks/pre-receive"), &hook);
}

fn code(shop: &Shop) -> String {
    std::fs::read_to_string(shop.server().join("code.txt")).unwrap().trim().to_owned()
}

#[test]
fn refs() {
    let shop = Shop::new();
    shop.policy(&[("refs = 100000", "refs = 2")], "");
    install(&shop);
    let refs =
        ["develop:refs/heads/feature/a", "develop:refs/heads/feature/b", "develop:refs/heads/feature/c"];
    is_not_the_pushers_fault(
        &shop.push(&[], &refs),
        "more than 2 refs in one push (`refs` under [limits] in the policy)",
    );
    assert_eq!(code(&shop), "2");
    assert!(shop.push(&[], &refs[1..]).accepted());
}

#[test]
fn the_size_of_a_policy() {
    let shop = Shop::new();
    install(&shop);
    shop.policy(&[], &"# padding\n".repeat(120_000));
    is_not_the_pushers_fault(
        &shop.push(&[], &["develop:refs/heads/feature/a"]),
        "a policy has at most 1048576 bytes",
    );
    assert_eq!(code(&shop), "2");
}

#[test]
fn the_size_of_a_message() {
    let shop = Shop::new();
    install(&shop);
    let message = "x".repeat(70 << 20);
    let tree = shop.in_clone(&["rev-parse", "develop^{tree}"]);
    let text = format!(
        "tree {tree}\nparent {}\nauthor A <a@example.org> 0 +0000\ncommitter A <a@example.org> 0 +0000\n\n{message}",
        shop.in_clone(&["rev-parse", "develop"])
    );
    let id = git_fed(&shop.clone(), &["hash-object", "-t", "commit", "-w", "--stdin"], text.as_bytes());
    is_not_the_pushers_fault(
        &shop.push(&[], &[&format!("{id}:refs/heads/feature/a")]),
        "has more than 64 MiB",
    );
    assert_eq!(code(&shop), "2");
}

/// The hook waits for an input that does not end, which no walk over history would notice.
#[test]
fn time() {
    let shop = Shop::new();
    shop.policy(&[("deadline = \"4s\"", "deadline = \"50ms\"")], "");
    install(&shop);
    let hook = shop.server().join("hooks/pre-receive");
    let text = std::fs::read_to_string(&hook).unwrap();
    script(&hook, &text.replace("pre-receive\n", "pre-receive <>pipe\n"));
    assert!(run(command(&shop.server(), "mkfifo").arg("pipe"), b"").accepted());
    let pushed = shop.push(&[], &["develop:refs/heads/feature/a"]);
    is_not_the_pushers_fault(
        &pushed,
        "the deadline of 0.05 s has passed (`deadline` under [limits] in the policy)",
    );
    assert_eq!(code(&shop), "2");
}

#[test]
fn time_on_a_web_page() {
    let shop = Shop::new();
    shop.policy(&[("deadline = \"4s\"", "deadline = \"50ms\"")], "");
    let mut hook = command(&shop.server(), BINARY);
    hook.arg("pre-receive").envs([
        ("GL_PROTOCOL", "web"),
        ("GL_REPOSITORY", "project-1"),
        ("GL_ID", "user-1"),
    ]);
    hook.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = hook.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"0000").unwrap();
    let ended = child.wait_with_output().unwrap();
    drop(stdin);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("the deadline of 0.05 s has passed"), "{said}");
    assert!(said.lines().all(|line| line.starts_with("GL-HOOK-ERR: ")), "{said}");
}

/// Nobody waits for a look back that hangs, and the push is in the log all the same.
#[test]
fn time_after_the_push() {
    let shop = Shop::new();
    shop.policy(&[("deadline = \"4s\"", "deadline = \"1ms\"")], "");
    let line =
        format!("{} {} refs/heads/feature/a\n", "0".repeat(40), shop.in_clone(&["rev-parse", "develop"]));
    shop.in_server(&["update-ref", "refs/heads/feature/a", "develop"]);
    let mut hook = command(&shop.server(), BINARY);
    let ended = run(hook.arg("post-receive"), line.as_bytes());
    assert!(ended.accepted(), "{}", ended.text());
    assert_eq!(shop.log().len(), 1);
}
