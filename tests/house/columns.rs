//! Nothing that a user meets in a terminal goes beyond 80 columns, but for what cannot be broken: a
//! name, a command to be pasted, a setting as its file has it.

use std::path::Path;
use std::process::Command;

use flowcheck::rules::RULES;

/// A history with everything in it: features, a release, a hotfix, a confirmation, and branches
/// that are wrong.
const HISTORY: &str = "
git init -q --bare -b develop server
git init -q -b develop clone
cd clone
git remote add origin ../server
step() { echo $1 >$1; git add .; git commit -qm \"$1\"; }
merge() { git checkout -q $1; git merge -q --no-ff --no-edit $2; }
step begin
git branch master
for topic in basket search a-rather-long-name-of-a-feature-that-somebody-gave-it; do
    git checkout -qb feature/$topic develop; step $topic; merge develop feature/$topic
done
git branch release-1.0.0
git checkout -qb bugfix/1.0.0-price release-1.0.0; step price; merge release-1.0.0 bugfix/1.0.0-price
git tag -a -m 1 v1.0.0
git push -q origin develop master release-1.0.0 v1.0.0
flowcheck confirm v1.0.0 --push origin
git checkout -qb hotfix/1.0.0-a-rather-long-name-of-a-hotfix release-1.0.0; step login
merge release-1.0.0 hotfix/1.0.0-a-rather-long-name-of-a-hotfix
git tag -a -m 1 v1.0.0-hotfix1
git checkout -qb hotfix/1.0.0-from-the-wrong-line develop; step wrong
git checkout -qb unheard/of develop; step unheard
git checkout -q develop; step direct
git push -q origin develop release-1.0.0 v1.0.0-hotfix1
flowcheck init model.toml
sed 's/^direct = false/direct = true/; s/^integration = .*/integration = { branch = \"develop\", direct = true }/' model.toml >other.toml
";

/// Commands as a user types them, right and wrong ones.
const COMMANDS: &[&str] = &[
    "rules",
    "status",
    "audit",
    "audit --since nowhere-at-all",
    "audit --compare-policy other.toml",
    "audit --compare-policy missing.toml",
    "check hotfix/1.0.0-from-the-wrong-line unheard/of develop",
    "check nothing-of-that-name",
    "why develop",
    "why master",
    "why release-1.0.0",
    "why release-1.1.0",
    "why v1.0.0",
    "why v1.0.0-hotfix1",
    "why v1.0.0-hotfix2",
    "why hotfix/1.0.0-from-the-wrong-line",
    "why hotfix/1.0.0-a-rather-long-name-of-a-hotfix",
    "why bugfix/not-there-yet",
    "why unheard/of",
    "why refs/notes/commits",
    "why deployed/prod/v1.0.0/1",
    "policy show",
    "policy show --origin",
    "policy check",
    "policy check other.toml",
    "policy check begin",
    "policy test begin",
    "target develop",
    "target release-1.0.0",
    "next release-1.0.0",
    "next nothing-of-that-name",
    "check --source feature/basket --target develop",
    "check --source nothing-of-that-name --target develop",
    "report merge begin",
    "confirm v9.9.9",
    "confirm v1.0.0-hotfix1",
    "confirm v1.0.0 --revoke --reason 'the prices of everything were wrong by a factor of a hundred'",
    "confirm v1.0.0 --environment nowhere",
    "explain nothing-of-that-name",
    "init other.toml",
    "init new.toml",
    "init --preset git-flow flow.toml",
    "init --preset release-lines lines.toml",
    "init --from-history learned.toml",
    "init --preset nothing-of-that-name x.toml",
    "status --format nothing-of-that-name",
    "install --server",
    "install --dry-run",
    "install",
    "doctor",
    "uninstall",
    "nothing-of-that-name",
];

#[test]
fn nothing_is_wider_than_a_terminal() {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowcheck"), home.path().join("flowcheck"))
        .expect("it is empty");
    let (played, said) = run(home.path(), home.path(), HISTORY);
    assert!(played, "{said}");
    let clone = home.path().join("clone");
    let explained = RULES.iter().map(|rule| format!("explain {}", rule.id));
    let mut wide = vec![];
    for command in COMMANDS.iter().map(|command| (*command).to_owned()).chain(explained) {
        let (_, said) = run(home.path(), &clone, &format!("flowcheck {command}"));
        assert!(!said.trim().is_empty(), "`flowcheck {command}` says nothing");
        wide.extend(said.lines().filter(|line| is_too_wide(line)).map(|line| format!("{command}: {line}")));
    }
    assert!(wide.is_empty(), "beyond 80 columns:\n{}", wide.join("\n"));
}

fn run(home: &Path, directory: &Path, script: &str) -> (bool, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-ec", &format!("exec 2>&1\n{script}")])
        .current_dir(directory)
        .env_clear()
        .env("PATH", format!("{}:{path}", home.display()))
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@shop.example")])
        .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@shop.example")])
        .output()
        .expect("there is a shell, for git needs one");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a line is too wide and could have been broken.
fn is_too_wide(line: &str) -> bool {
    line.chars().count() > 80 && !is_unbreakable(line.trim_start())
}

/// Whether a line is a command, a setting of a policy, a path, or one word behind its label.
fn is_unbreakable(line: &str) -> bool {
    let text =
        line.strip_prefix("hint: ").or_else(|| line.strip_prefix("next ")).unwrap_or(line).trim_start();
    let is_command = text.starts_with("git ") || text.starts_with("flowcheck ");
    let is_setting = text.split_once(" = ").is_some_and(|(key, _)| {
        let key = key.rsplit('\t').next().unwrap_or(key);
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-[]".contains(c))
    });
    is_command || is_setting || !text.contains(' ')
}

#[test]
fn only_what_cannot_be_broken_may_be_wide() {
    let long = "x".repeat(90);
    assert!(!is_too_wide(&long) && !is_too_wide(&format!("hint: git push origin {long} {long}")));
    assert!(!is_too_wide(&format!("policy.toml:7\ttopics.a.branch = '{long}'")));
    assert!(is_too_wide(&format!("a sentence {long}")));
    assert!(!is_too_wide(&"word ".repeat(16)));
}
