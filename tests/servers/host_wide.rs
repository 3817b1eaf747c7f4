//! Hooks that git's configuration of a whole host names, and repositories that did not ask for
//! them.

use crate::support::command::{command, run};
use crate::support::shop::Shop;
use crate::support::{BINARY, hook, newer_git};

/// Pushes to a host whose configuration for all repositories is `setting`.
fn push(shop: &Shop, setting: &str, refspec: &str) -> String {
    push_found(shop, &std::env::var("PATH").unwrap(), setting, refspec)
}

/// The same, with the git that is found on this search path.
fn push_found(shop: &Shop, path: &str, setting: &str, refspec: &str) -> String {
    let file = shop.dir().join("gitconfig");
    std::fs::write(&file, setting).unwrap();
    let mut push = command(&shop.clone(), "git");
    push.args(["push", "origin", refspec]).env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", file);
    run(push.env("PATH", path), b"").text()
}

fn hooks_for_all(shop: &Shop, options: &str) -> String {
    let directory = shop.dir().join("for-all");
    hook(&directory.join("pre-receive"), "pre-receive", "", options);
    format!("[core]\n\thooksPath = {}\n", directory.display())
}

#[test]
fn a_repository_without_a_policy_is_let_alone() {
    let shop = Shop::new();
    for (at, options) in ["", "--host-wide"].into_iter().enumerate() {
        let setting = hooks_for_all(&shop, options);
        let said = push(&shop, &setting, &format!("develop:refs/heads/nonsense-{at}"));
        assert!(said.contains("[new branch]") && !said.contains("flowcheck"), "{said}");
    }
    shop.policy(&[], "");
    for options in ["", "--host-wide"] {
        let setting = hooks_for_all(&shop, options);
        let said = push(&shop, &setting, "develop:refs/heads/nonsense");
        assert!(said.contains("error[branch-name]"), "{said}");
    }
}

#[test]
fn a_hook_of_the_repositorys_own_judges_without_a_policy() {
    let shop = Shop::new();
    shop.install("", "");
    let said = push(&shop, "[user]\n\tname = x\n", "develop:refs/heads/nonsense");
    assert!(said.contains("error[branch-name]"), "{said}");
    // The repository itself names the directory, whatever the host's would be.
    let setting = hooks_for_all(&shop, "");
    shop.in_server(&["config", "core.hooksPath", shop.dir().join("for-all").to_str().unwrap()]);
    let said = push(&shop, &setting, "develop:refs/heads/nonsense");
    assert!(said.contains("error[branch-name]"), "{said}");
}

#[test]
fn what_a_repository_names_as_its_policy_has_to_be_there() {
    let shop = Shop::new();
    let setting = hooks_for_all(&shop, "--host-wide");
    shop.in_server(&["config", "flowcheck.policy", "nowhere.toml"]);
    let said = push(&shop, &setting, "develop:refs/heads/feature/a");
    assert!(said.contains("could not find the policy"), "{said}");
}

#[test]
fn a_policy_that_the_hook_names_is_everybodys() {
    let shop = Shop::new();
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.toml.example");
    let setting = hooks_for_all(&shop, &format!("--host-wide --policy {policy}"));
    let said = push(&shop, &setting, "develop:refs/heads/nonsense");
    assert!(said.contains("error[branch-name]"), "{said}");
}

#[test]
fn a_hook_that_the_hosts_configuration_names_judges_where_there_is_a_policy() {
    let Some(path) = newer_git::search_path() else { return };
    let shop = Shop::new();
    let setting = format!("[hook \"flowcheck\"]\n\tevent = pre-receive\n\tcommand = {BINARY} pre-receive\n");
    let push = |refspec| push_found(&shop, &path, &setting, refspec);
    let said = push("develop:refs/heads/nonsense");
    assert!(said.contains("[new branch]") && !said.contains("flowcheck"), "{said}");
    shop.policy(&[], "");
    let said = push("develop:refs/heads/absurd");
    assert!(said.contains("error[branch-name]: `absurd`"), "{said}");
    let said = push("develop:refs/heads/feature/a");
    assert!(said.contains("[new branch]") && !said.contains("flowcheck"), "{said}");
}

/// The same by hand, for an older git does not run them.
#[test]
fn a_hook_that_the_hosts_configuration_names_serves_all() {
    let shop = Shop::new();
    let file = shop.dir().join("gitconfig");
    std::fs::write(&file, "[hook \"flowcheck\"]\n\tevent = pre-receive\n\tcommand = flowcheck pre-receive\n")
        .unwrap();
    let line =
        format!("{} {} refs/heads/nonsense\n", "0".repeat(40), shop.in_clone(&["rev-parse", "develop"]));
    let code = |system: &std::path::Path| {
        let mut hook = command(&shop.server(), BINARY);
        hook.arg("pre-receive").env_remove("GIT_CONFIG_NOSYSTEM").env("GIT_CONFIG_SYSTEM", system);
        run(&mut hook, line.as_bytes()).status.code()
    };
    assert_eq!(code(&file), Some(0));
    assert_eq!(code(std::path::Path::new("/dev/null")), Some(1), "nobody named it for all");
    shop.in_server(&["config", "hook.flowcheck.event", "pre-receive"]);
    assert_eq!(code(&file), Some(1), "this repository names it itself");
    shop.in_server(&["config", "--unset", "hook.flowcheck.event"]);
    shop.install("", "");
    assert_eq!(code(&file), Some(1), "this repository has it itself");
}
