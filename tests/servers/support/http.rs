//! git's `http-backend` behind nginx and fcgiwrap.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

use super::command::{Ended, command, git, run};
use super::{Daemon, program, start};

/// A web server for the repositories of one directory; ann's password is [`PASSWORD`].
pub struct Http {
    _dir: tempfile::TempDir,
    port: u16,
    _daemons: Vec<Daemon>,
}

/// What nobody may ever see.
pub const PASSWORD: &str = "correct-horse-battery";

impl Http {
    pub fn start(repositories: &Path) -> Option<Self> {
        let (nginx, wrapper) = (program("nginx")?, program("fcgiwrap")?);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("passwords"), format!("ann:{{PLAIN}}{PASSWORD}\n")).unwrap();
        let socket = UnixListener::bind(dir.path().join("socket")).unwrap();
        let mut daemons = vec![];
        for _ in 0..2 {
            let socket = OwnedFd::from(socket.try_clone().unwrap());
            let mut wrapper = command(dir.path(), &wrapper);
            wrapper.stdin(socket).stdout(Stdio::null()).stderr(Stdio::null());
            daemons.push(Daemon(wrapper.spawn().unwrap()));
        }
        let (daemon, port) = start(|port| {
            let file = dir.path().join("nginx.conf");
            std::fs::write(&file, configuration(dir.path(), repositories, port)).unwrap();
            let mut daemon = command(dir.path(), &nginx);
            daemon.args(["-e", "stderr", "-p"]).arg(dir.path()).arg("-c").arg(file);
            daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        daemons.push(daemon);
        Some(Self { _dir: dir, port, _daemons: daemons })
    }

    pub fn url(&self, repository: &str) -> String {
        format!("http://ann:{PASSWORD}@127.0.0.1:{}/{repository}", self.port)
    }

    pub fn push(&self, from: &Path, repository: &str, args: &[&str]) -> Ended {
        run(command(from, "git").args(["push", &self.url(repository)]).args(args), b"")
    }
}

fn configuration(dir: &Path, repositories: &Path, port: u16) -> String {
    let backend = format!("{}/git-http-backend", git(dir, &["--exec-path"]));
    let here = dir.display();
    let parameters: String = [
        ("SCRIPT_FILENAME", backend.as_str()),
        ("GIT_PROJECT_ROOT", repositories.to_str().unwrap()),
        ("GIT_HTTP_EXPORT_ALL", "1"),
        ("PATH_INFO", "$uri"),
        ("QUERY_STRING", "$query_string"),
        ("REQUEST_METHOD", "$request_method"),
        ("CONTENT_TYPE", "$content_type"),
        ("CONTENT_LENGTH", "$content_length"),
        ("REMOTE_USER", "$remote_user"),
        ("REMOTE_ADDR", "$remote_addr"),
    ]
    .map(|(name, value)| format!("fastcgi_param {name} {value};\n"))
    .concat();
    let directories: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {here}/{what};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {here}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{directories}\
         server {{\nlisten 127.0.0.1:{port};\nlocation / {{\nauth_basic shop;\nauth_basic_user_file {here}/passwords;\n\
         client_max_body_size 0;\n{parameters}fastcgi_pass unix:{here}/socket;\n}}\n}}\n}}\n"
    )
}
