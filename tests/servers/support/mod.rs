//! Real servers on the loopback address, each in a directory of its own, run by whoever tests.

pub mod command;
pub mod gitaly;
pub mod gitolite;
pub mod http;
#[path = "../../gits/newer.rs"]
pub mod newer_git;
pub mod pushed;
pub mod raw;
pub mod shop;
pub mod ssh;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

/// The built binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_flowcheck");

/// Returns the full path of a program; `None` where it is not installed and the test cannot be run.
///
/// In CI it has to be there, unless CI says that it could not install it.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let without = std::env::var("CI_WITHOUT").unwrap_or_default();
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!is_ci || without.split(' ').any(|it| it == name), "CI has to have `{name}`");
        eprintln!("skipped: `{name}` is not installed");
    }
    found
}

/// A server process, which ends with the test.
pub struct Daemon(Child);

impl Daemon {
    /// Waits until the process listens at `port`; `None` where it ended, as when somebody else
    /// took the port meanwhile.
    fn listening(mut child: Child, port: u16) -> Option<Self> {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Whoever else has the port would have ended this one by now.
        std::thread::sleep(Duration::from_millis(50));
        child.try_wait().unwrap().is_none().then_some(Self(child))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server at a free port of the loopback address.
fn start(spawn: impl Fn(u16) -> Child) -> (Daemon, u16) {
    for _ in 0..20 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        if let Some(daemon) = Daemon::listening(spawn(port), port) {
            return (daemon, port);
        }
    }
    panic!("the server does not start");
}

/// Writes a script that can be run.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes the hook that runs flowcheck, with what `before` sets and `options`.
pub fn hook(path: &Path, name: &str, before: &str, options: &str) {
    script(path, &format!("#!/bin/sh\n{before}\nexec {BINARY} {name} {options}\n"));
}
