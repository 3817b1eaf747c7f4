//! OpenSSH's server, with a key for each who pushes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::command::{Ended, command, run};
use super::{Daemon, program, start};

/// A server, and the keys of those who may come.
pub struct Ssh {
    dir: tempfile::TempDir,
    port: u16,
    user: String,
    _daemon: Daemon,
}

impl Ssh {
    /// Starts a server for keys with options as `authorized_keys` has them. A client may set
    /// `GL_*`, `GITEA_*`, `REMOTE_USER` and `LC_*`, which no careful administrator permits.
    pub fn start(keys: &BTreeMap<&str, String>) -> Option<Self> {
        let sshd = program("sshd")?;
        let dir = tempfile::tempdir().unwrap();
        make_key(dir.path(), "host");
        let mut authorized = String::new();
        for (name, options) in keys {
            let public = make_key(dir.path(), name);
            writeln!(authorized, "{options}{}{public}", if options.is_empty() { "" } else { " " }).unwrap();
        }
        std::fs::write(dir.path().join("authorized_keys"), authorized).unwrap();
        let user = run(command(dir.path(), "id").arg("-un"), b"");
        let user = String::from_utf8(user.stdout).unwrap().trim().to_owned();
        if user == "root" {
            // It is compiled into sshd, and only root's sshd asks for it.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let (daemon, port) = start(|port| {
            let file = dir.path().join("sshd_config");
            std::fs::write(&file, configuration(dir.path(), port)).unwrap();
            let log = File::create(dir.path().join("log")).unwrap();
            let mut daemon = command(dir.path(), &sshd);
            daemon.args(["-D", "-e", "-f"]).arg(file);
            daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
        });
        Some(Self { dir, port, user, _daemon: daemon })
    }

    /// Returns where a repository is pushed to.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}/{}", self.user, self.port, repository.display())
    }

    /// Pushes as the owner of a key; the client asks for `variables` to be set on the server.
    pub fn push(
        &self,
        who: &str,
        from: &Path,
        url: &str,
        variables: &[(&str, &str)],
        args: &[&str],
    ) -> Ended {
        let mut git = command(from, "git");
        git.envs(variables.iter().copied()).env("GIT_SSH_COMMAND", self.client(who, variables));
        run(git.args(["push", url]).args(args), b"")
    }

    /// Returns what git runs to come here.
    pub fn client(&self, who: &str, variables: &[(&str, &str)]) -> String {
        let mut options = vec!["IdentitiesOnly=yes".to_owned()];
        options.extend(["BatchMode=yes", "LogLevel=ERROR"].map(str::to_owned));
        options.extend(["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no"].map(str::to_owned));
        options.extend(variables.iter().map(|(name, _)| format!("SendEnv={name}")));
        format!("ssh -F none -i {} -o {}", self.key(who).display(), options.join(" -o "))
    }

    /// Returns what `ssh` itself calls the server.
    pub fn address(&self) -> String {
        format!("-p {} {}@127.0.0.1", self.port, self.user)
    }

    fn key(&self, who: &str) -> PathBuf {
        self.dir.path().join(who)
    }
}

fn configuration(dir: &Path, port: u16) -> String {
    let path = std::env::var("PATH").unwrap();
    let dir = dir.display();
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/authorized_keys\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n\
         MaxStartups 200\nPermitUserEnvironment FLOW_USER\nAcceptEnv GL_* GITEA_* REMOTE_USER LC_*\n\
         SetEnv HOME={dir} GIT_CONFIG_NOSYSTEM=1 \"PATH={path}\"\n"
    )
}

fn make_key(dir: &Path, name: &str) -> String {
    let ended =
        run(command(dir, "ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]), b"");
    assert!(ended.accepted(), "{}", ended.text());
    std::fs::read_to_string(dir.join(format!("{name}.pub"))).unwrap().trim().to_owned()
}
