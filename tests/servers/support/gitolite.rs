//! gitolite 3 in a home of its own, behind OpenSSH.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::command::{Ended, command, git, run};
use super::ssh::Ssh;
use super::{program, script};

/// A gitolite where ann and bob may push.
pub struct Gitolite {
    home: tempfile::TempDir,
    ssh: Ssh,
}

const SETTINGS: &str = "%RC = (\n  UMASK => 0077,\n  GIT_CONFIG_KEYS => '.*',\n  LOCAL_CODE => \"$ENV{HOME}/local\",\n  \
                        ROLES => { READERS => 1, WRITERS => 1 },\n  ENABLE => [ 'git-config', 'repo-specific-hooks' ],\n);\n1;\n";

impl Gitolite {
    /// Starts one whose repositories are what `repos` says, with these files below `LOCAL_CODE`.
    pub fn start(repos: &str, files: &[(&str, &str)]) -> Option<Self> {
        program("gitolite")?;
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::write(at(".gitolite.rc"), SETTINGS).unwrap();
        std::fs::create_dir_all(at("local/hooks/repo-specific")).unwrap();
        for (name, text) in files {
            script(&at("local").join(name), text);
        }
        let gitolite = |args: &[&str]| {
            let ended = run(command(home.path(), "gitolite").env("HOME", home.path()).args(args), b"");
            assert!(ended.accepted(), "gitolite {args:?}: {}", ended.text());
        };
        gitolite(&["setup", "-a", "admin"]);
        std::fs::write(
            at(".gitolite/conf/gitolite.conf"),
            format!("repo gitolite-admin\n  RW+ = admin ann\n{repos}"),
        )
        .unwrap();
        gitolite(&["compile"]);
        gitolite(&["trigger", "POST_COMPILE"]);
        let shell = Path::new("/usr/share/gitolite3/gitolite-shell");
        let shell = if shell.is_file() { shell.to_owned() } else { program("gitolite-shell")? };
        let key = |who: &str| {
            format!("command=\"env HOME={} {} {who}\",restrict", home.path().display(), shell.display())
        };
        let keys: BTreeMap<&str, String> = ["ann", "bob"].map(|who| (who, key(who))).into();
        let ssh = Ssh::start(&keys)?;
        Some(Self { home, ssh })
    }

    pub fn repository(&self, name: &str) -> PathBuf {
        self.home.path().join("repositories").join(format!("{name}.git"))
    }

    /// Gives a repository the objects and refs of another, past every hook.
    pub fn fill(&self, name: &str, from: &Path) {
        let to = self.repository(name);
        git(&to, &["fetch", "-q", from.to_str().unwrap(), "+refs/*:refs/*"]);
        git(&to, &["symbolic-ref", "HEAD", "refs/heads/develop"]);
    }

    pub fn push(&self, who: &str, from: &Path, name: &str, args: &[&str]) -> Ended {
        self.ssh.push(who, from, &self.url(name), &[], args)
    }

    pub fn url(&self, name: &str) -> String {
        self.ssh.url(Path::new(name))
    }

    /// Returns what a shell runs to speak with `git receive-pack` as somebody.
    pub fn receiver(&self, who: &str, name: &str) -> String {
        format!("{} {} \"git-receive-pack '{name}'\"", self.ssh.client(who, &[]), self.ssh.address())
    }
}
