//! Servers that keep ids of 64 digits, and refs in tables.

use crate::support::command::{command, run};
use crate::support::gitaly::{ANN, Gitaly};
use crate::support::shop::Shop;

#[test]
fn every_way_to_store_a_repository_is_judged_alike() {
    for objects in ["sha1", "sha256"] {
        for refs in ["files", "reftable"] {
            let options = [format!("--object-format={objects}"), format!("--ref-format={refs}")];
            let dir = tempfile::tempdir().unwrap();
            let knows = run(command(dir.path(), "git").args(["init", "-q"]).args(&options), b"");
            if !knows.accepted() {
                eprintln!("skipped: this git has no {refs} ({})", knows.text());
                continue;
            }
            let shop = Shop::stored_as(&options.each_ref().map(String::as_str));
            let gitaly = Gitaly::new(&shop);
            for name in ["pre-receive", "post-receive"] {
                gitaly.install(name, "");
            }
            shop.commit_on("feature/search", "develop", "D");
            let pushed = gitaly.push(ANN, &["feature/search"]);
            assert!(pushed.accepted(), "{options:?}: {}", pushed.text());
            let refs = ["develop:refs/heads/nonsense", ":release-1.0.0"];
            let pushed = gitaly.push(ANN, &refs);
            for rule in ["branch-name", "line-deletion"] {
                assert!(pushed.text().contains(&format!("error[{rule}]")), "{options:?}: {}", pushed.text());
            }
            let stray = shop.commit_on("stray", "develop", "E");
            let (_, shown) = gitaly.click(ANN, "refs/heads/develop", Some(&stray));
            assert!(shown.contains("direct-commit"), "{options:?}: {shown}");
            let log = shop.log();
            assert_eq!((log.len(), log[0]["verdict"].as_str()), (1, Some("accepted")));
        }
    }
}
