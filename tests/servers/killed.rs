//! A hook that is killed, at any moment, has rejected the push and left nothing behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::command::{Ended, command, run};
use crate::support::shop::Shop;
use crate::support::{BINARY, script};

/// Where a hook stands when it is killed: what its script does instead of going on.
const MOMENTS: [(&str, &str); 4] = [
    ("before it has read the policy", "FLOWCHECK_POLICY=$PWD/pipe exec {} pre-receive"),
    ("before it has read its input", "exec {} pre-receive <>pipe"),
    ("before it has said what it found", "FLOWCHECK_FORMAT=json=$PWD/pipe exec {} pre-receive"),
    ("after it has judged", "{} pre-receive && exec sleep 1000"),
];

fn shop() -> Shop {
    let shop = Shop::new();
    let changes = [("deadline = \"4s\"", "deadline = \"1h\""), ("lock = false", "lock = true")];
    shop.policy(&changes, "");
    assert!(run(command(&shop.server(), "mkfifo").arg("pipe"), b"").accepted());
    shop
}

fn install(shop: &Shop, text: &str) {
    let text = text.replace("{}", BINARY);
    script(&shop.server().join("hooks/pre-receive"), &format!("#!/bin/sh\necho $$ >pid\n{text}\n"));
}

/// Pushes, and kills the hook when `is_time` says so of its process.
fn push_and_kill(shop: &Shop, refspec: &str, is_time: impl Fn(&Path) -> bool) -> Ended {
    let pid_file = shop.server().join("pid");
    let _ = std::fs::remove_file(&pid_file);
    std::thread::scope(|scope| {
        let push = scope.spawn(|| shop.push(&[], &[refspec]));
        while !push.is_finished() {
            let pid = std::fs::read_to_string(&pid_file).unwrap_or_default();
            let process = PathBuf::from("/proc").join(pid.trim());
            if pid.ends_with('\n') && is_time(&process) {
                run(command(shop.dir(), "sh").args(["-c", &format!("kill -9 {pid}")]), b"");
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        push.join().unwrap()
    })
}

fn is_as_it_was(shop: &Shop, refs: &str, commit: &str) {
    assert_eq!(shop.refs(), refs);
    let is_there = run(command(&shop.server(), "git").args(["cat-file", "-e", commit]), b"").accepted();
    assert!(!is_there, "what was pushed is gone");
    let left =
        std::fs::read_dir(shop.server().join("objects")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("tmp_objdir")).collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
}

/// Whether the process is asleep in what its script has become.
fn waits(process: &Path) -> bool {
    let program = std::fs::read_link(process.join("exe")).unwrap_or_default();
    let is_shell = program.file_name().is_none_or(|name| name.to_string_lossy().ends_with("sh"));
    !is_shell && std::fs::read_to_string(process.join("stat")).unwrap_or_default().contains(") S ")
}

#[test]
fn at_the_moments_that_differ() {
    let shop = shop();
    for (moment, text) in MOMENTS {
        install(&shop, text);
        let (refs, commit) = (shop.refs(), shop.commit_on("feature/a", "develop", moment));
        // A sleep may be a short one on the way; the moment is the one that does not end.
        let pushed = push_and_kill(&shop, "feature/a", |process| {
            waits(process) && {
                std::thread::sleep(Duration::from_millis(100));
                waits(process)
            }
        });
        assert!(!pushed.accepted(), "{moment}: {}", pushed.text());
        assert!(pushed.text().contains("pre-receive hook declined"), "{moment}: {}", pushed.text());
        is_as_it_was(&shop, &refs, &commit);
    }
    // Nobody holds the lock, and nothing is in the way of who comes next.
    install(&shop, "exec {} pre-receive");
    let pushed = shop.push(&[], &["feature/a"]);
    assert!(pushed.accepted(), "{}", pushed.text());
}

#[test]
fn at_any_moment() {
    let shop = shop();
    install(&shop, "exec {} pre-receive");
    let mut killed = 0;
    for round in 0..40 {
        let (refs, commit) = (shop.refs(), shop.commit_on("feature/a", "develop", &format!("{round}")));
        let after = Duration::from_micros(round * 500);
        let began = std::cell::Cell::new(None);
        let pushed = push_and_kill(&shop, &format!("feature/a:refs/heads/feature/r-{round}"), |_| {
            let start = began.get().unwrap_or_else(Instant::now);
            began.set(Some(start));
            start.elapsed() >= after
        });
        if pushed.accepted() {
            assert!(shop.refs().contains(&format!("refs/heads/feature/r-{round}")));
        } else {
            killed += 1;
            is_as_it_was(&shop, &refs, &commit);
        }
    }
    assert!(killed > 0, "at the first moment a hook has not even begun");
    let pushed = shop.push(&[], &["feature/a"]);
    assert!(pushed.accepted(), "who is not killed accepts: {}", pushed.text());
}
