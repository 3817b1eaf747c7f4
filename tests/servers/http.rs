//! git's `http-backend` behind nginx, where the hook's variables hold the pusher's password.

use crate::support::http::{Http, PASSWORD};
use crate::support::shop::Shop;

/// The password as the web server hands it on.
const ENCODED: &str = "YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==";

#[test]
fn the_web_servers_user_pushes_and_the_password_is_nowhere() {
    let shop = Shop::new();
    let Some(http) = Http::start(shop.dir()) else { return };
    shop.in_server(&["config", "http.receivepack", "true"]);
    shop.policy(&[], "[override]\nby = [\"ann\"]\n");
    let file = shop.dir().join("said.json");
    let formats = format!("export FLOWCHECK_FORMAT=text,json={}", file.display());
    shop.install(&format!("env >env-$$.txt\n{formats}"), "-vv");

    let rejected = http.push(&shop.clone(), "server.git", &["develop:refs/heads/nonsense"]);
    assert!(rejected.text().contains("error[branch-name]"), "{}", rejected.text());
    let options = ["-o", "flowcheck.override=INC-7 a tool's branch", "develop:refs/heads/nonsense"];
    let pushed = http.push(&shop.clone(), "server.git", &options);
    assert!(pushed.accepted(), "{}", pushed.text());

    let log = shop.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["server"], "http");
    assert_eq!(log[0]["pusher"]["name"], "ann");
    assert_eq!(log[0]["from"], "127.0.0.1");
    assert_eq!(log[0]["findings"][0]["reason"], "INC-7 a tool's branch (ann)");

    let is_env = |name: &str| name.starts_with("env-");
    let mut arrived = 0;
    for entry in std::fs::read_dir(shop.server()).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let text = std::fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        if is_env(&name) {
            arrived += usize::from(text.contains(ENCODED));
        } else {
            assert!(!text.contains(ENCODED) && !text.contains(PASSWORD), "{name}: {text}");
        }
    }
    assert_eq!(arrived, 3, "the password has to reach the hooks for the test to mean something");
    let json = std::fs::read_to_string(file).unwrap();
    let said = [rejected.text(), pushed.text().replace(&http.url("server.git"), ""), json].concat();
    let said = said.replace(&format!("{PASSWORD}@127.0.0.1"), "");
    assert!(!said.contains(ENCODED) && !said.contains(PASSWORD), "{said}");
}

#[test]
fn a_hook_that_cannot_judge_prints_no_variable() {
    let shop = Shop::new();
    let Some(http) = Http::start(shop.dir()) else { return };
    shop.in_server(&["config", "http.receivepack", "true"]);
    std::fs::write(shop.server().join("hooks/policy.toml"), "version = 2\n").unwrap();
    shop.install("", "-vv");
    let pushed = http.push(&shop.clone(), "server.git", &["develop:refs/heads/feature/a"]);
    assert!(pushed.sentences().contains("Nothing is wrong with your commits"), "{}", pushed.text());
    assert!(!pushed.text().contains(ENCODED), "{}", pushed.text());
}
