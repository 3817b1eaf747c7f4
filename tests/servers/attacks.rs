//! Pushes by somebody who speaks git's protocol by hand.

use crate::support::command::{command, git, git_fed};
use crate::support::raw::{self, Line};
use crate::support::shop::Shop;

/// Sends lines, and all that `develop` and `stray` of the clone have.
fn push(shop: &Shop, variables: &[(&str, &str)], lines: &[Line<'_>]) -> String {
    let mut receiver = command(shop.dir(), "git");
    receiver.args(["receive-pack", "server.git"]).envs(variables.iter().copied());
    let creates = lines.iter().any(|(_, new, _)| new.contains(|digit| digit != '0'));
    let pack = if creates { raw::whole_pack(&shop.clone()) } else { vec![] };
    raw::push(&mut receiver, lines, &pack)
}

fn zero() -> String {
    "0".repeat(40)
}

fn tip(shop: &Shop) -> String {
    shop.in_clone(&["rev-parse", "develop"])
}

#[test]
fn a_deletion_whose_old_value_is_a_lie_deletes_nothing() {
    let nines = "9".repeat(40);
    for is_judged in [false, true] {
        let shop = Shop::new();
        if is_judged {
            shop.install("", "");
        }
        let said = push(&shop, &[], &[(&nines, &zero(), b"refs/heads/master")]);
        // git alone does not compare: a value that is no object is taken for a broken ref.
        assert_eq!(shop.refs().contains("refs/heads/master"), is_judged, "{said}");
        assert!(!is_judged || said.contains("believe the input"), "{said}");
    }
}

#[test]
fn an_update_whose_old_value_is_a_lie_is_not_believed() {
    let shop = Shop::new();
    shop.install("", "");
    let (tip, stray) = (tip(&shop), shop.commit_on("stray", "master", "D"));
    let said = push(&shop, &[], &[(&zero(), &stray, b"refs/heads/develop")]);
    assert!(said.contains("believe the input"), "{said}");
    let said = push(&shop, &[], &[(&stray, &tip, b"refs/heads/master")]);
    assert!(said.contains("believe the input"), "{said}");
}

#[test]
fn an_object_that_did_not_come_is_no_pass_and_no_crash() {
    let shop = Shop::new();
    shop.install("", "");
    let (tip, nines) = (tip(&shop), "9".repeat(40));
    let before = shop.refs();
    let lines: [Line<'_>; 2] =
        [(&zero(), &nines, b"refs/heads/feature/a"), (&zero(), &tip, b"refs/heads/nonsense")];
    let said = push(&shop, &[], &lines);
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(shop.refs(), before, "{said}");
}

#[test]
fn names_that_are_none_are_not_let_in_and_come_back_harmless() {
    let shop = Shop::new();
    shop.install("", "");
    let (tip, before) = (tip(&shop), shop.refs());
    let names: [&[u8]; 9] = [
        b"HEAD",
        b"refs/heads/a b",
        b"refs/heads/../../config",
        b"../x",
        b"refs/heads/feature/\x1b]0;owned\x07",
        b"refs/heads/feature/\xe2\x80\xae",
        b"refs/heads/feature/\r",
        b"refs/heads/\xff",
        b"refs/heads/feature/x.lock",
    ];
    for name in names {
        let said = push(&shop, &[], &[(&zero(), &tip, name)]);
        let words: String =
            said.lines().filter(|line| line.contains("error[") || line.contains("flowcheck")).collect();
        assert!(words.contains("push rejected") || words.contains("could not"), "{name:?}: {said}");
        assert!(!words.contains(['\x1b', '\x07', '\r', '\u{202e}']), "{name:?}: {words:?}");
        assert_eq!(shop.refs(), before, "{name:?}");
    }
}

#[test]
fn a_newline_in_a_name_forges_no_record() {
    let shop = Shop::new();
    shop.install("", "");
    let (tip, before) = (tip(&shop), shop.refs());
    let record = format!("refs/heads/feature/a\n{} {tip} refs/tags/deployed/prod/v1.0.0/1", zero());
    let said = push(&shop, &[], &[(&zero(), &tip, record.as_bytes())]);
    assert!(said.contains("confirmation") || said.contains("tag-annotated"), "{said}");
    assert_eq!(shop.refs(), before);
    let said = push(&shop, &[], &[(&zero(), &tip, b"refs/heads/feature/a\nforged")]);
    assert!(said.contains("line 2"), "{said}");
    assert_eq!(shop.refs(), before);
}

#[test]
fn an_alias_is_judged_as_what_it_stands_for() {
    let shop = Shop::new();
    shop.install("", "");
    shop.in_server(&["symbolic-ref", "refs/heads/feature/alias", "refs/heads/master"]);
    let (old, stray) = (shop.in_clone(&["rev-parse", "master"]), shop.commit_on("stray", "master", "D"));
    let said = push(&shop, &[], &[(&old, &stray, b"refs/heads/feature/alias")]);
    assert!(said.contains("direct-commit") && said.contains("`master`"), "{said}");
    assert_eq!(shop.in_server(&["rev-parse", "master"]), old);
    // One push, two names of one ref.
    let tip = tip(&shop);
    let lines: [Line<'_>; 2] =
        [(&old, &stray, b"refs/heads/feature/alias"), (&old, &tip, b"refs/heads/master")];
    push(&shop, &[], &lines);
    assert_eq!(shop.in_server(&["rev-parse", "master"]), old);
}

#[test]
fn what_is_replaced_does_not_change_an_answer() {
    let shop = Shop::new();
    shop.install("", "");
    let stray = shop.commit_on("stray", "develop", "D");
    let merge = shop.in_clone(&["rev-parse", "develop"]);
    let name = format!("refs/replace/{stray}");
    let said = push(&shop, &[], &[(&zero(), &merge, name.as_bytes())]);
    assert!(said.contains("error[ref-namespace]"), "{said}");
    // Even where one is there already: the stray commit looks like a merge of a topic by it.
    git(&shop.server(), &["fetch", "-q", shop.clone().to_str().unwrap(), "stray:refs/heads/feature/x"]);
    let commit = shop.in_clone(&["cat-file", "commit", &merge]);
    let fake = commit.replacen("parent ", &format!("parent {merge}\nparent "), 1);
    let fake = git_fed(&shop.server(), &["hash-object", "-t", "commit", "-w", "--stdin"], fake.as_bytes());
    shop.in_server(&["update-ref", &format!("refs/replace/{stray}"), &fake]);
    shop.in_server(&["update-ref", "-d", "refs/heads/feature/x"]);
    let said = push(&shop, &[], &[(&tip(&shop), &stray, b"refs/heads/develop")]);
    assert!(said.contains("error[direct-commit]"), "{said}");
    assert_ne!(shop.in_server(&["--no-replace-objects", "rev-parse", "develop"]), stray);
}

#[test]
fn nothing_is_judged_in_a_namespace() {
    let shop = Shop::new();
    shop.install("", "");
    let before = shop.refs();
    let said = push(&shop, &[("GIT_NAMESPACE", "x")], &[(&zero(), &tip(&shop), b"refs/heads/feature/a")]);
    assert!(said.contains("GIT_NAMESPACE"), "{said}");
    assert_eq!(shop.refs(), before);
}

#[test]
fn a_commits_words_command_no_terminal() {
    let shop = Shop::new();
    shop.install("", "");
    shop.in_clone(&["config", "user.name", "\u{1b}[31mM\u{7}"]);
    shop.commit_on("stray", "develop", "\u{1b}]0;owned\u{7}\u{202e} subject");
    let pushed = shop.push(&[], &["stray:develop"]);
    assert!(pushed.text().contains("error[direct-commit]"), "{}", pushed.text());
    assert!(pushed.text().contains("owned"), "the subject has to be shown: {}", pushed.text());
    let hostile = ['\u{7}', '\u{202e}', '\u{9b}'];
    assert!(!pushed.text().contains(hostile) && !pushed.text().contains("\u{1b}]"), "{:?}", pushed.text());
}

#[test]
fn evidence_does_not_come_with_what_relies_on_it() {
    let shop = Shop::new();
    shop.install("", "");
    let message = format!(
        "v1.0.0 runs\n\nEnvironment: prod\nVersion: v1.0.0\nCommit: {}\nResult: success\n",
        shop.in_clone(&["rev-parse", "v1.0.0^{commit}"])
    );
    shop.in_clone(&["tag", "-a", "-m", &message, "deployed/prod/v1.0.0/1", "v1.0.0^{commit}"]);
    shop.in_clone(&["checkout", "-q", "master"]);
    shop.in_clone(&["merge", "-q", "--no-ff", "-m", "Merge release-1.0.0", "release-1.0.0"]);
    let together = shop.push(&[], &["master", "deployed/prod/v1.0.0/1"]);
    assert!(together.text().contains("error["), "{}", together.text());
    let alone = shop.push(&[], &["deployed/prod/v1.0.0/1"]);
    assert!(alone.accepted(), "{}", alone.text());
    let then = shop.push(&[], &["master"]);
    assert!(then.accepted(), "{}", then.text());
}
