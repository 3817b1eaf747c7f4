//! Hooks called as Gitaly calls them: by its own list of variables, with the input fed again to
//! each, in the order of its directories; and what a merge button shows of their words.

use std::path::{Path, PathBuf};

use super::command::{Ended, command, git_fed, run};
use super::raw::pack;
use super::shop::Shop;
use super::{hook, script};

/// A node with a repository and a directory of hooks for all.
pub struct Gitaly<'s> {
    shop: &'s Shop,
}

/// Who comes, and how.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub protocol: &'a str,
    pub repository: &'a str,
}

pub const ANN: Caller<'static> =
    Caller { id: "user-7", name: "ann", protocol: "http", repository: "project-12" };

/// Runs a hook's files one after the other, each with the whole input, until one fails. What
/// surrounds them is not passed on: only Gitaly's own variables are.
const DRIVER: &str = r#"#!/bin/sh
name=${0##*/}
repository=$(pwd)
input=$(mktemp) || exit 1
trap 'rm -f "$input"' EXIT
cat >"$input"
objects= others=
[ -n "$GIT_QUARANTINE_PATH" ] && objects="GIT_OBJECT_DIRECTORY=$GIT_OBJECT_DIRECTORY" &&
    others="GIT_ALTERNATE_OBJECT_DIRECTORIES=$GIT_ALTERNATE_OBJECT_DIRECTORIES"
options=$(env | grep '^GIT_PUSH_OPTION_[0-9]*=')
[ "$GIT_PUSH_OPTION_COUNT" != 0 ] && options="GIT_PUSH_OPTION_COUNT=$GIT_PUSH_OPTION_COUNT
$options" || options=
for file in "custom_hooks/$name" "custom_hooks/$name.d"/* "$GITALY_HOOKS/$name.d"/*; do
    case $file in *~) continue ;; esac
    [ -f "$file" ] && [ -x "$file" ] || continue
    case $file in /*) ;; *) file=$repository/$file ;; esac
    (
        IFS='
'
        exec env -i GIT_DIR="$repository" GL_ID="$GL_ID" GL_USERNAME="$GL_USERNAME" \
            GL_PROTOCOL="$GL_PROTOCOL" GL_REPOSITORY="$GL_REPOSITORY" GL_PROJECT_PATH=team/shop \
            $objects $others $options PATH="$PATH" HOME="$HOME" LANG=en_US.UTF-8 \
            GIT_TERMINAL_PROMPT=0 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
            XDG_CONFIG_HOME=/dev/null "$file"
    ) <"$input" || exit
done
"#;

impl<'s> Gitaly<'s> {
    pub fn new(shop: &'s Shop) -> Self {
        let gitaly = Self { shop };
        for name in ["pre-receive", "post-receive"] {
            script(&gitaly.own(name), DRIVER);
        }
        gitaly
    }

    /// Puts the hook into the project's own directory.
    pub fn install(&self, name: &str, before: &str) {
        hook(&self.shop.server().join("custom_hooks").join(name), name, before, "");
    }

    /// Puts the hook into the directory of the hooks for all projects.
    pub fn install_for_all(&self, name: &str, options: &str) {
        hook(&self.for_all().join(format!("{name}.d/50-flowcheck")), name, "", options);
    }

    fn own(&self, name: &str) -> PathBuf {
        self.shop.dir().join("gitaly-hooks").join(name)
    }

    fn for_all(&self) -> PathBuf {
        self.shop.dir().join("global-hooks")
    }

    /// Pushes by git.
    pub fn push(&self, caller: Caller<'_>, args: &[&str]) -> Ended {
        let receiver = format!("git -c core.hooksPath={} receive-pack", self.own("").display());
        let mut push = command(&self.shop.clone(), "git");
        push.args(["push", "--receive-pack", &receiver, "origin"]).args(args);
        run(push.envs(variables(caller)).env("GITALY_HOOKS", self.for_all()), b"")
    }

    /// Does what a button does: one ref, its objects in a quarantine, its hooks, then the ref.
    /// Returns how it ended and what the page shows.
    pub fn click(&self, caller: Caller<'_>, name: &str, new: Option<&str>) -> (Ended, String) {
        let server = self.shop.server();
        let caller = Caller { protocol: "web", ..caller };
        let quarantine = server.join("objects/tmp_objdir-incoming-web");
        std::fs::create_dir_all(&quarantine).unwrap();
        let zero = "0".repeat(40);
        let old = run(command(&server, "git").args(["rev-parse", "-q", "--verify", name]), b"");
        let old = if old.accepted() { String::from_utf8(old.stdout).unwrap() } else { zero.clone() };
        let line = format!("{} {} {name}\n", old.trim(), new.unwrap_or(&zero));
        let mut driver = command(&server, self.own("pre-receive"));
        driver.envs(variables(caller)).env("GITALY_HOOKS", self.for_all());
        if let Some(new) = new {
            let mut unpack = command(&server, "git");
            unpack.args(["unpack-objects", "-q"]);
            within(&mut unpack, &server, &quarantine);
            assert!(run(&mut unpack, &pack(&self.shop.clone(), &[new])).accepted());
            within(&mut driver, &server, &quarantine);
            driver.env("GIT_QUARANTINE_PATH", &quarantine);
        }
        let ended = run(&mut driver, line.as_bytes());
        if ended.accepted() {
            if let Some(new) = new {
                git_fed(&server, &["unpack-objects", "-q"], &pack(&self.shop.clone(), &[new]));
            }
            git_fed(&server, &["update-ref", "--stdin"], order(name, new).as_bytes());
        }
        let _ = std::fs::remove_dir_all(&quarantine);
        let shown = shown(&ended);
        (ended, shown)
    }
}

fn order(name: &str, new: Option<&str>) -> String {
    new.map_or_else(|| format!("delete {name}\n"), |new| format!("update {name} {new}\n"))
}

fn within(git: &mut std::process::Command, server: &Path, quarantine: &Path) {
    git.env("GIT_OBJECT_DIRECTORY", quarantine);
    git.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", server.join("objects"));
}

fn variables(caller: Caller<'_>) -> [(&'static str, &str); 4] {
    [
        ("GL_ID", caller.id),
        ("GL_USERNAME", caller.name),
        ("GL_PROTOCOL", caller.protocol),
        ("GL_REPOSITORY", caller.repository),
    ]
}

/// Returns what a web page shows: of standard error, or of standard output where that is blank,
/// the lines that are marked.
fn shown(ended: &Ended) -> String {
    let text = String::from_utf8_lossy(&ended.stderr).into_owned();
    let text =
        if text.trim().is_empty() { String::from_utf8_lossy(&ended.stdout).into_owned() } else { text };
    let marked = text.lines().filter_map(|line| {
        ["GitLab:", "GL-HOOK-ERR:"].into_iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim)
    });
    marked.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("<br>")
}
