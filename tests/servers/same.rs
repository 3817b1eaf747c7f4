//! The same push gets the same findings before it leaves, on every server, and from an audit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::command::{Ended, command, git, run};
use crate::support::gitaly::{ANN, Gitaly};
use crate::support::gitolite::Gitolite;
use crate::support::http::Http;
use crate::support::pushed::{Found, findings, report};
use crate::support::shop::Shop;
use crate::support::ssh::Ssh;
use crate::support::{BINARY, hook};

/// A push: what the clone does first, which refs go, what every judge has to say, and whether
/// their history still shows it afterwards.
struct Case {
    title: &'static str,
    make: fn(&Shop),
    refs: &'static [&'static str],
    rules: &'static [&'static str],
    is_in_history: bool,
}

const CASES: [Case; 9] = [
    Case {
        title: "a topic that starts where it may",
        make: |shop| drop(shop.commit_on("feature/search", "develop", "D")),
        refs: &["feature/search"],
        rules: &[],
        is_in_history: true,
    },
    Case {
        title: "a branch of no kind",
        make: |shop| drop(shop.commit_on("nonsense", "develop", "D")),
        refs: &["nonsense"],
        rules: &["branch-name"],
        is_in_history: true,
    },
    Case {
        title: "a commit that comes by no merge",
        make: |shop| drop(shop.commit_on("develop", "develop", "D")),
        refs: &["develop"],
        rules: &["direct-commit"],
        is_in_history: true,
    },
    Case {
        title: "a hotfix that starts from the integration line",
        make: |shop| drop(shop.commit_on("hotfix/1.0.0-login", "develop", "D")),
        refs: &["hotfix/1.0.0-login"],
        rules: &["branch-origin"],
        is_in_history: true,
    },
    Case {
        title: "a version tag that says nothing, on a line that has none",
        make: |shop| drop(shop.in_clone(&["tag", "v1.0.0-hotfix1", "develop"])),
        refs: &["v1.0.0-hotfix1"],
        rules: &["tag-annotated", "tag-origin"],
        is_in_history: true,
    },
    Case {
        title: "a release that is merged before it is proven",
        make: |shop| {
            shop.in_clone(&["checkout", "-q", "master"]);
            shop.in_clone(&["merge", "-q", "--no-ff", "-m", "Merge release-1.0.0", "release-1.0.0"]);
        },
        refs: &["master"],
        rules: &["unconfirmed-merge-back"],
        is_in_history: true,
    },
    Case {
        title: "a release that is older than one there is",
        make: |shop| drop(shop.in_clone(&["branch", "release-0.9.0", "develop"])),
        refs: &["release-0.9.0"],
        rules: &["release-version"],
        is_in_history: false,
    },
    Case {
        title: "a line that goes back",
        make: |shop| drop(shop.in_clone(&["checkout", "-q", "-B", "develop", "develop~1"])),
        refs: &["develop"],
        rules: &["history-rewrite"],
        is_in_history: false,
    },
    Case {
        title: "right and wrong together",
        make: |shop| {
            shop.commit_on("feature/search", "develop", "D");
            shop.in_clone(&["branch", "feature/Search"]);
            shop.in_clone(&["branch", "foo"]);
        },
        refs: &["feature/search", "feature/Search", "foo"],
        rules: &["branch-lookalike", "branch-lookalike", "branch-name"],
        is_in_history: false,
    },
];

/// Somebody who judges pushes to a repository.
struct Judge<'a> {
    name: &'static str,
    repository: PathBuf,
    push: Push<'a>,
}

/// Pushes refs; `None` where that cannot be done in one go.
type Push<'a> = Box<dyn Fn(&[String]) -> Option<Ended> + 'a>;

fn judges<'a>(
    shop: &'a Shop,
    ssh: Option<&'a Ssh>,
    http: Option<&'a Http>,
    gitolite: Option<&'a Gitolite>,
    gitaly: &'a Gitaly<'a>,
) -> Vec<Judge<'a>> {
    let own = |name: &str| shop.dir().join(name);
    let by_path = |name: &'static str, variables: &'static [(&'static str, &'static str)]| {
        let repository = own(name);
        let to = repository.clone();
        let push = move |refs: &[String]| {
            let mut git = command(&shop.clone(), "git");
            Some(run(git.arg("push").arg(&to).args(refs).envs(variables.iter().copied()), b""))
        };
        Judge { name, repository, push: Box::new(push) }
    };
    let mut judges = vec![
        by_path("plain", &[]),
        by_path("gitea", &[("GITEA_REPO_NAME", "shop"), ("GITEA_PUSHER_NAME", "ann")]),
        by_path("ghes", &[("GITHUB_REPO_NAME", "team/shop"), ("GITHUB_USER_LOGIN", "ann")]),
        by_path("bitbucket", &[("BB_HOOK_TYPE", "PRE"), ("BB_USER_NAME", "ann")]),
        Judge {
            name: "gitaly",
            repository: shop.server(),
            push: Box::new(|refs| {
                Some(gitaly.push(ANN, &refs.iter().map(String::as_str).collect::<Vec<_>>()))
            }),
        },
        Judge {
            name: "a click",
            repository: shop.server(),
            push: Box::new(|refs| click(shop, gitaly, refs)),
        },
    ];
    let one = by_path("update", &[]);
    let push = move |refs: &[String]| if refs.len() == 1 { (one.push)(refs) } else { None };
    judges.push(Judge { name: "update", repository: one.repository, push: Box::new(push) });
    if let Some(ssh) = ssh {
        let url = ssh.url(&own("ssh"));
        let push = move |refs: &[String]| {
            let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
            Some(ssh.push("ann", &shop.clone(), &url, &[], &refs))
        };
        judges.push(Judge { name: "ssh", repository: own("ssh"), push: Box::new(push) });
    }
    if let Some(http) = http {
        let push = |refs: &[String]| {
            Some(http.push(&shop.clone(), "http", &refs.iter().map(String::as_str).collect::<Vec<_>>()))
        };
        judges.push(Judge { name: "http", repository: own("http"), push: Box::new(push) });
    }
    if let Some(gitolite) = gitolite {
        let push = |refs: &[String]| {
            let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
            Some(gitolite.push("ann", &shop.clone(), "shop", &refs))
        };
        judges.push(Judge {
            name: "gitolite",
            repository: gitolite.repository("shop"),
            push: Box::new(push),
        });
    }
    judges
}

/// A click is about one ref.
fn click(shop: &Shop, gitaly: &Gitaly<'_>, refs: &[String]) -> Option<Ended> {
    let [refspec] = refs else { return None };
    let (from, to) = refspec.trim_start_matches('+').split_once(':').unwrap();
    Some(gitaly.click(ANN, to, Some(&shop.in_clone(&["rev-parse", from]))).0)
}

fn with_report(repository: &Path) -> String {
    format!("export FLOWCHECK_FORMAT=text,json={}/said.json", repository.display())
}

/// Makes a repository as it was before any case, hooks and all else kept.
fn reset(repository: &Path, start: &Path) {
    git(repository, &["fetch", "-q", "--prune", start.to_str().unwrap(), "+refs/*:refs/*"]);
    git(repository, &["symbolic-ref", "HEAD", "refs/heads/develop"]);
}

fn full(shop: &Shop, name: &str) -> String {
    let kind = if shop.in_clone(&["tag", "-l", name]).is_empty() { "heads" } else { "tags" };
    format!("refs/{kind}/{name}")
}

#[test]
fn everybody_says_the_same() {
    let shop = Shop::new();
    let start = shop.dir().join("start");
    git(shop.dir(), &["clone", "-q", "--mirror", "server.git", "start"]);
    for name in ["plain", "gitea", "ghes", "bitbucket", "ssh", "http"] {
        git(shop.dir(), &["init", "-q", "--bare", "-b", "develop", name]);
        let repository = shop.dir().join(name);
        git(&repository, &["config", "http.receivepack", "true"]);
        hook(&repository.join("hooks/pre-receive"), "pre-receive", &with_report(&repository), "");
    }
    git(shop.dir(), &["init", "-q", "--bare", "-b", "develop", "update"]);
    let repository = shop.dir().join("update");
    hook(&repository.join("hooks/update"), "update", &with_report(&repository), "\"$@\"");
    let ssh = Ssh::start(&BTreeMap::from([("ann", String::new())]));
    let http = Http::start(shop.dir());
    let text = format!("#!/bin/sh\n{}\nexec {BINARY} pre-receive\n", with_report(Path::new("$PWD")));
    let repos = "repo shop\n  RW+ = ann\n  option hook.pre-receive = flowcheck\n";
    let gitolite = Gitolite::start(repos, &[("hooks/repo-specific/flowcheck", text.as_str())]);
    let gitaly = Gitaly::new(&shop);
    gitaly.install("pre-receive", &with_report(&shop.server()));
    git(shop.dir(), &["init", "-q", "--bare", "-b", "develop", "unjudged"]);
    let unjudged = shop.dir().join("unjudged");
    let judges = judges(&shop, ssh.as_ref(), http.as_ref(), gitolite.as_ref(), &gitaly);

    for case in &CASES {
        for repository in judges.iter().map(|judge| &judge.repository).chain([&unjudged]) {
            reset(repository, &start);
        }
        shop.in_clone(&["fetch", "-q", "--prune", "origin"]);
        shop.in_clone(&["checkout", "-q", "--detach"]);
        for line in ["develop", "master"] {
            shop.in_clone(&["branch", "-q", "-f", line, &format!("origin/{line}")]);
        }
        (case.make)(&shop);
        let names: Vec<String> = case.refs.iter().map(|name| full(&shop, name)).collect();
        let refspecs: Vec<String> = names.iter().map(|name| format!("+{name}:{name}")).collect();
        let here = shop.dir().join("here.json");

        let expected = checked(&shop, case.refs);
        let rules: Vec<&str> = expected.iter().map(|(rule, ..)| rule.as_str()).collect();
        assert_eq!(rules, case.rules, "{}: check says {expected:?}", case.title);
        assert_eq!(pre_pushed(&shop, &here, &refspecs), expected, "{}: pre-push", case.title);
        for judge in &judges {
            let Some(ended) = (judge.push)(&refspecs) else { continue };
            let title = format!("{}: {}", case.title, judge.name);
            assert_eq!(ended.accepted(), case.rules.is_empty(), "{title}: {}", ended.text());
            let said = report(&judge.repository.join("said.json"));
            assert_eq!(findings(&said), expected, "{title}");
        }
        if case.is_in_history {
            let pushed = run(command(&shop.clone(), "git").arg("push").arg(&unjudged).args(&refspecs), b"");
            assert!(pushed.accepted(), "{}", pushed.text());
            let audited = audited(&unjudged);
            assert_eq!(places(&audited), places(&expected), "{}: the audit says {audited:?}", case.title);
        }
        for name in
            names.iter().filter(|name| !["refs/heads/develop", "refs/heads/master"].contains(&name.as_str()))
        {
            shop.in_clone(&["checkout", "-q", "--detach"]);
            shop.in_clone(&["update-ref", "-d", name]);
        }
    }
}

/// Returns rules and refs: an audit words what was done, not what is being done, and where what
/// still stands cannot show who was first it warns.
fn places(found: &Found) -> Vec<(&str, &str)> {
    found.iter().map(|(rule, name, ..)| (rule.as_str(), name.as_str())).collect()
}

fn checked(shop: &Shop, refs: &[&str]) -> Found {
    let mut check = command(&shop.clone(), BINARY);
    let ended = run(check.args(["check", "--format", "json", "--remote", "origin"]).args(refs), b"");
    findings(&serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.text())))
}

fn pre_pushed(shop: &Shop, file: &Path, refspecs: &[String]) -> Found {
    let path = shop.clone().join(".git/hooks/pre-push");
    let text = format!("#!/bin/sh\nexec {BINARY} pre-push --format json={} \"$@\"\n", file.display());
    crate::support::script(&path, &text);
    // Nothing leaves, and no other hook runs.
    let mut push = command(&shop.clone(), "git");
    run(push.args(["push", "--dry-run", "origin"]).args(refspecs), b"");
    std::fs::remove_file(path).unwrap();
    findings(&report(file))
}

fn audited(repository: &Path) -> Found {
    let mut audit = command(repository, BINARY);
    let ended = run(audit.args(["audit", "--format", "json"]), b"");
    findings(&serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.text())))
}
