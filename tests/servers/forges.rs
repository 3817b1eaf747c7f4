//! Gitea and Forgejo, GitHub Enterprise Server and Bitbucket, by the variables they set.

use std::path::Path;

use crate::support::shop::Shop;
use crate::support::{hook, script};

const OVERRIDE: [&str; 2] = ["-o", "flowcheck.override=INC-7 a tool's branch"];

/// Calls every hook of a directory with the same input, as Gitea's own hook does: all of them,
/// whatever the others say.
const GITEA: &str = "#!/bin/sh\ninput=$(cat)\nended=0\nfor file in hooks/${0##*/}.d/*; do\n    \
                     [ -x \"$file\" ] || continue\n    printf '%s\\n' \"$input\" | \"$file\" || ended=1\ndone\nexit $ended\n";

fn gitea(shop: &Shop) {
    for name in ["pre-receive", "post-receive"] {
        let hooks = shop.server().join("hooks");
        script(&hooks.join(name), GITEA);
        script(&hooks.join(format!("{name}.d/gitea")), "#!/bin/sh\ncat >/dev/null\n");
        hook(&hooks.join(format!("{name}.d/flowcheck")), name, "", "");
    }
}

fn plain(shop: &Shop) {
    shop.install("", "");
}

type Forge = (&'static str, fn(&Shop), &'static [(&'static str, &'static str)], &'static str);

const FORGES: [Forge; 3] = [
    (
        "gitea",
        gitea,
        &[
            ("GITEA_REPO_NAME", "shop"),
            ("GITEA_REPO_USER_NAME", "team"),
            ("GITEA_REPO_IS_WIKI", "false"),
            ("GITEA_PUSHER_ID", "7"),
            ("GITEA_KEY_ID", "12"),
        ],
        "GITEA_PUSHER_NAME",
    ),
    (
        "ghes",
        plain,
        &[("GITHUB_REPO_NAME", "team/shop"), ("GITHUB_USER_IP", "192.0.2.7")],
        "GITHUB_USER_LOGIN",
    ),
    (
        "bitbucket",
        plain,
        &[
            ("BB_HOOK_TYPE", "PRE"),
            ("BB_HOOK_TRIGGER_ID", "push"),
            ("BB_PROJECT_KEY", "team"),
            ("BB_REPO_SLUG", "shop"),
        ],
        "BB_USER_NAME",
    ),
];

#[test]
fn each_says_who_pushes_in_its_own_way() {
    for (server, install, variables, user) in FORGES {
        let shop = Shop::new();
        shop.policy(&[], "[override]\nby = [\"ann\"]\n");
        install(&shop);
        let push = |who| {
            let variables = [variables, &[(user, who)]].concat();
            shop.push(&variables, &[&OVERRIDE[..], &["develop:refs/heads/nonsense"]].concat())
        };
        let pushed = push("bob");
        assert!(pushed.text().contains("error[branch-name]"), "{server}: {}", pushed.text());
        let pushed = push("ann");
        assert!(pushed.accepted(), "{server}: {}", pushed.text());
        let log = shop.log();
        assert_eq!(log.len(), 1, "{server}");
        assert_eq!(log[0]["server"], server);
        assert_eq!(log[0]["repository"], "team/shop");
        assert_eq!(log[0]["pusher"]["name"], "ann");
        assert_eq!(log[0]["verdict"], "accepted");
        let from = variables.iter().find(|(name, _)| *name == "GITHUB_USER_IP").map(|(_, ip)| *ip);
        assert_eq!(log[0]["from"].as_str(), from);
    }
}

#[test]
fn a_pinned_server_believes_its_own_variables_alone() {
    for (server, install, variables, user) in FORGES {
        let shop = Shop::new();
        shop.policy(&[("kind = \"auto\"", "kind = \"gitlab\"")], "[override]\nby = [\"ann\"]\n");
        install(&shop);
        let variables = [variables, &[(user, "ann")]].concat();
        let pushed = shop.push(&variables, &[&OVERRIDE[..], &["develop:refs/heads/nonsense"]].concat());
        assert!(pushed.text().contains("error[branch-name]"), "{server}: {}", pushed.text());
    }
}

#[test]
fn what_gitea_pushes_to_itself_and_its_wikis_pass_untouched() {
    let shop = Shop::new();
    gitea(&shop);
    for variable in ["GITEA_REPO_IS_WIKI", "GITEA_INTERNAL_PUSH"] {
        let variables = [("GITEA_REPO_NAME", "shop"), ("GITEA_PUSHER_NAME", "ann"), (variable, "true")];
        let pushed = shop.push(&variables, &[&format!("develop:refs/heads/{variable}")]);
        assert!(pushed.accepted(), "{}", pushed.text());
    }
    assert_eq!(shop.log(), Vec::<serde_json::Value>::new());
}

#[test]
fn every_hook_of_a_directory_has_its_say() {
    let shop = Shop::new();
    gitea(&shop);
    script(Path::new(&shop.server().join("hooks/pre-receive.d/a")), "#!/bin/sh\necho no >&2\nexit 1\n");
    let pushed = shop.push(&[("GITEA_REPO_NAME", "shop")], &["develop:refs/heads/nonsense"]);
    assert!(
        pushed.text().contains("remote: no") && pushed.text().contains("branch-name"),
        "{}",
        pushed.text()
    );
}
