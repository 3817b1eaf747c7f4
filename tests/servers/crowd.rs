//! Two hundred pushes by eight clients at once, over ssh.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use crate::support::BINARY;
use crate::support::command::{Ended, command, git, run};
use crate::support::pushed::findings;
use crate::support::shop::Shop;
use crate::support::ssh::Ssh;

const CLIENTS: usize = 8;
const ROUNDS: usize = 25;

/// Rules whose facts only grow: no push can take away what another was judged by.
const GROW_ONLY: [&str; 8] = [
    "branch-name",
    "branch-origin",
    "direct-commit",
    "merge-source",
    "tag-annotated",
    "tag-immutable",
    "tag-origin",
    "unconfirmed-merge-back",
];

/// What somebody saw accepted: a ref, and what it was moved to.
type Accepted = Mutex<Vec<(String, Option<String>)>>;

struct Client<'a> {
    number: usize,
    dir: PathBuf,
    ssh: &'a Ssh,
    url: String,
    accepted: &'a Accepted,
    rejected: &'a Mutex<Vec<String>>,
}

impl Client<'_> {
    fn git(&self, args: &[&str]) -> String {
        git(&self.dir, args)
    }

    /// Fetches past ssh: what is looked at here are pushes.
    fn fetch(&self) {
        self.git(&[
            "fetch",
            "-q",
            "--prune",
            "--prune-tags",
            "--force",
            "origin",
            "+refs/tags/*:refs/tags/*",
        ]);
        self.git(&["fetch", "-q", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
    }

    fn commit_on(&self, base: &str, message: &str) -> String {
        self.git(&["checkout", "-q", "--detach", base]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Merges `commit` into `base` and returns the merge.
    fn merge_into(&self, base: &str, commit: &str, message: &str) -> String {
        self.git(&["checkout", "-q", "--detach", base]);
        self.git(&["merge", "-q", "--no-ff", "-m", message, commit]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes, as one or not at all, and keeps what came of it.
    fn push(&self, updates: &[(&str, Option<&str>)]) -> Ended {
        let refspecs: Vec<String> =
            updates.iter().map(|(name, id)| format!("{}:{name}", id.unwrap_or_default())).collect();
        let args: Vec<&str> = ["--atomic"].into_iter().chain(refspecs.iter().map(String::as_str)).collect();
        let ended = self.ssh.push("ann", &self.dir, &self.url, &[], &args);
        if ended.accepted() {
            let of = |(name, id): &(&str, Option<&str>)| ((*name).to_owned(), id.map(str::to_owned));
            self.accepted.lock().unwrap().extend(updates.iter().map(of));
        } else {
            self.rejected.lock().unwrap().push(ended.text());
        }
        ended
    }

    fn round(&self, round: usize) {
        let (me, name) = (self.number, format!("c{}-{round}", self.number));
        match round % 5 {
            // A topic of one's own.
            0 => {
                self.fetch();
                let commit = self.commit_on("origin/develop", &name);
                self.push(&[(&format!("refs/heads/feature/{name}"), Some(&commit))]);
            }
            // That topic into the line that everybody merges into.
            1 => {
                self.fetch();
                let topic = format!("feature/c{me}-{}", round - 1);
                let words = format!("Merge branch '{topic}' into develop");
                let merge = self.merge_into("origin/develop", &format!("origin/{topic}"), &words);
                self.push(&[("refs/heads/develop", Some(&merge))]);
            }
            // The next number, which everybody wants.
            2 => self.hotfix(&name),
            // Names that only their case tells apart.
            3 => {
                let name = if me.is_multiple_of(2) { "Both" } else { "both" };
                let commit = self.commit_on("origin/develop", &format!("{me} {round}"));
                let pair = me / 2;
                self.push(&[(&format!("refs/heads/feature/{name}-{pair}-{round}"), Some(&commit))]);
            }
            // What is wrong whoever comes first, and a branch that has served.
            _ if round.is_multiple_of(2) => {
                let ended =
                    self.push(&[("refs/heads/nonsense", Some(&self.git(&["rev-parse", "origin/develop"])))]);
                assert!(ended.text().contains("error[branch-name]"), "{}", ended.text());
            }
            _ => drop(self.push(&[(&format!("refs/heads/feature/c{me}-{}", round - 4), None)])),
        }
    }

    fn hotfix(&self, name: &str) {
        self.fetch();
        let tags = self.git(&["tag", "-l", "v1.0.0-hotfix*"]).lines().count();
        let next = format!("v1.0.0-hotfix{}", tags + 1);
        let topic = format!("hotfix/1.0.0-{name}");
        let fix = self.commit_on("origin/release-1.0.0", name);
        let merge = self.merge_into(
            "origin/release-1.0.0",
            &fix,
            &format!("Merge branch '{topic}' into release-1.0.0"),
        );
        self.git(&["tag", "-f", "-a", "-m", &next, &next, &merge]);
        let tag = self.git(&["rev-parse", &format!("refs/tags/{next}")]);
        self.push(&[
            (&format!("refs/heads/{topic}"), Some(&fix)),
            ("refs/heads/release-1.0.0", Some(&merge)),
            (&format!("refs/tags/{next}"), Some(&tag)),
        ]);
    }
}

#[test]
fn no_push_is_lost_and_what_raced_is_in_the_log() {
    let Some(ssh) = Ssh::start(&BTreeMap::from([("ann", String::new())])) else { return };
    let shop = Shop::new();
    shop.policy(&[("kind = \"auto\"", "kind = \"plain\""), ("deadline = \"4s\"", "deadline = \"1m\"")], "");
    shop.install("", "");
    shop.in_server(&["config", "receive.autogc", "false"]);
    let (accepted, rejected) = (Accepted::default(), Mutex::default());
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            git(shop.dir(), &["clone", "-q", "server.git", &format!("client-{number}")]);
            let dir = shop.dir().join(format!("client-{number}"));
            let url = ssh.url(&shop.server());
            let client = Client { number, dir, ssh: &ssh, url, accepted: &accepted, rejected: &rejected };
            scope.spawn(move || (0..ROUNDS).for_each(|round| client.round(round)));
        }
    });
    let (accepted, rejected) = (accepted.into_inner().unwrap(), rejected.into_inner().unwrap());
    nobody_is_left(&shop.server());
    let log = shop.log();
    let pushes = log.len() + rejected.len();
    assert_eq!(pushes, CLIENTS * ROUNDS, "every push is in the log or was rejected");
    let wrong: Vec<_> = rejected.iter().filter(|text| !is_expected(text)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(accepted.len() > pushes / 4, "{} of {pushes}", accepted.len());
    none_is_lost(&shop, &accepted);
    only_races_are_wrong(&shop, &log);
    assert!(run(command(&shop.server(), "git").args(["fsck", "--strict"]), b"").accepted());
    let raced = log.iter().filter(|event| event["verdict"] == "raced").count();
    eprintln!("{pushes} pushes, {} in the log, {} rejected, {raced} raced", log.len(), rejected.len());
}

/// A push is rejected by a rule, or by git because another was faster.
fn is_expected(text: &str) -> bool {
    [
        "error[",
        "fetch first",
        "non-fast-forward",
        "failed to update ref",
        "cannot lock ref",
        "believe the input",
    ]
    .iter()
    .any(|reason| text.contains(reason))
        || text.contains("already exists")
        || text.contains("remote ref does not exist")
        || text.contains("atomic")
}

/// Every ref that somebody saw accepted is what it was made, or holds it, or was deleted later.
fn none_is_lost(shop: &Shop, accepted: &[(String, Option<String>)]) {
    let deleted: BTreeSet<&str> =
        accepted.iter().filter(|(_, id)| id.is_none()).map(|(name, _)| name.as_str()).collect();
    for (name, id) in accepted {
        let Some(id) = id else {
            assert!(!shop.refs().contains(&format!("{name}\n")), "{name} is still there");
            continue;
        };
        if !deleted.contains(name.as_str()) {
            let mut git = command(&shop.server(), "git");
            let holds = run(git.args(["merge-base", "--is-ancestor", id, name]), b"");
            assert!(holds.accepted(), "{name} has lost {id}");
        }
    }
}

/// What an audit finds was let through by a race and is in the log, and no rule is among it whose
/// facts only grow.
fn only_races_are_wrong(shop: &Shop, log: &[Value]) {
    let audit = run(command(&shop.server(), BINARY).args(["audit", "--format", "json"]), b"");
    let audit: Value = serde_json::from_slice(&audit.stdout).unwrap_or_else(|_| panic!("{}", audit.text()));
    let mut raced = BTreeSet::new();
    for event in log.iter().filter(|event| event["verdict"] == "raced") {
        for finding in event["findings"].as_array().unwrap() {
            if finding["outcome"] == "raced" {
                raced.insert((finding["rule"].as_str().unwrap(), finding["ref"].as_str().unwrap()));
            }
        }
    }
    for (rule, name) in &raced {
        assert!(!GROW_ONLY.contains(rule), "a race let through what {rule} forbids: {name}");
    }
    for (rule, name, level, message) in findings(&audit) {
        let is_logged = raced.iter().any(|(logged, _)| *logged == rule);
        assert!(level != "error" || is_logged, "no race explains {rule} of {name}: {message}");
    }
    for name in shop.refs().lines().filter_map(|line| line.split_once("feature/both-").map(|(_, rest)| rest))
    {
        if shop.refs().contains(&format!("feature/Both-{name}\n")) {
            let is_logged = raced.iter().any(|(_, logged)| logged.ends_with(&format!("oth-{name}")));
            assert!(is_logged, "both names of {name} are there and no event says so");
        }
    }
}

/// Waits for every process to end that works in the repository: hooks do.
fn nobody_is_left(repository: &Path) {
    let works_here = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter(|process| {
                std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == repository)
            })
            .count()
    };
    for _ in 0..1000 {
        if works_here() == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} processes are still at work", works_here());
}
