//! The lock that closes the race between a judgement and what git then does to the refs.
//!
//! A hook ends before git moves the refs, so a lock of its own would be gone too early. A process
//! of ours keeps it until the `git receive-pack` that runs the hook has ended. It has nothing of
//! the push's in its hands, so that the push does not wait for it, and it ends by itself.

use std::fs::{File, TryLockError};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::{Exit, kept};
use crate::input::Host;

/// How long a push may hold the lock, and how long another waits for it.
const LONGEST: Duration = Duration::from_secs(30);

/// How often is looked whether something has ended.
const MOMENT: Duration = Duration::from_millis(3);

/// Why there is no lock. The text follows "could not".
#[derive(Debug, thiserror::Error)]
pub enum NoLock {
    /// Other pushes take too long.
    #[error("judge the push: other pushes to this repository have been under way for {} s", LONGEST.as_secs())]
    Busy,
    /// The file cannot be locked.
    #[error("lock `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nothing whose end would be the end of the push.
    #[error(
        "hold the lock until the push has ended: no `git receive-pack` runs this hook (`lock` under [server] in the policy)"
    )]
    NobodyToWaitFor,
    /// The process that keeps the lock cannot be started.
    #[error("keep the lock: {0}")]
    Keeper(#[source] std::io::Error),
}

/// What `flowcheck keep-lock` takes: the process that is waited for, and when it began.
#[derive(Debug, clap::Args)]
pub struct Args {
    pid: u32,
    began: u64,
}

/// The lock of a repository: no other push is judged meanwhile.
pub(super) struct Lock {
    file: File,
    receiver: Process,
}

impl Lock {
    /// Waits for the lock, where the policy asks for one and the server is one that can have it:
    /// forges move refs in processes of their own, which do not end with the push.
    pub(super) fn of(arrival: &Arrival) -> Result<Option<Self>, NoLock> {
        let can_have_it = !matches!(arrival.host, Host::GitLab | Host::Ghes | Host::Bitbucket);
        if !arrival.policy.server.lock || !can_have_it {
            return Ok(None);
        }
        let receiver = Process::receiver().ok_or(NoLock::NobodyToWaitFor)?;
        let file = locked(&arrival.repository.common_dir().join("flowcheck.locked"))?;
        Ok(Some(Self { file, receiver }))
    }

    /// Keeps the lock until the push has ended, beyond the end of this process.
    pub(super) fn keep(self) -> Result<(), NoLock> {
        let keeper = Command::new("/proc/self/exe")
            .args(["keep-lock", &self.receiver.pid.to_string(), &self.receiver.began.to_string()])
            .env_clear()
            .current_dir("/")
            .stdin(self.file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        keeper.map(drop).map_err(NoLock::Keeper)
    }
}

/// Ends when the process that is waited for has; standard input holds the lock.
pub(super) fn run(args: &Args) -> Exit {
    let end = Instant::now() + LONGEST;
    let is_still = |process: Process| process.began == args.began && !process.has_ended;
    while Process::read(args.pid).is_some_and(is_still) && Instant::now() < end {
        std::thread::sleep(MOMENT);
    }
    Exit::Clean
}

fn locked(path: &Path) -> Result<File, NoLock> {
    let failed = |source| NoLock::File { path: path.to_owned(), source };
    let file = kept::open(path).map_err(failed)?;
    let end = Instant::now() + LONGEST;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(MOMENT),
            Err(TryLockError::WouldBlock) => return Err(NoLock::Busy),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// A process, as `/proc` has it.
struct Process {
    pid: u32,
    parent: u32,
    /// Tells it from a later one with the same number.
    began: u64,
    has_ended: bool,
}

impl Process {
    /// Returns the `git receive-pack` that this hook runs for, at whatever distance.
    fn receiver() -> Option<Self> {
        let mut process = Self::read(std::os::unix::process::parent_id())?;
        while !process.is_receive_pack() {
            process = Self::read(process.parent)?;
        }
        Some(process)
    }

    fn read(pid: u32) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may hold anything; after it come numbers.
        let rest = String::from_utf8_lossy(&stat).rsplit_once(") ")?.1.to_owned();
        let fields: Vec<&str> = rest.split(' ').collect();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
            has_ended: matches!(*fields.first()?, "Z" | "X"),
        })
    }

    fn is_receive_pack(&self) -> bool {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let program = words[0].rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        program == b"git-receive-pack" || program == b"git" && words.get(1) == Some(&&b"receive-pack"[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_when_it_began() {
        let this = Process::read(std::process::id()).unwrap();
        assert_eq!(this.parent, std::os::unix::process::parent_id());
        assert!(!this.has_ended && !this.is_receive_pack());
        assert_eq!(Process::read(std::process::id()).unwrap().began, this.began);
        assert!(Process::read(u32::MAX).is_none());
    }

    #[test]
    fn what_has_ended_is_not_waited_for() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        let began = Process::read(pid).unwrap().began;
        // Nobody has asked how it ended, so it is still listed.
        run(&Args { pid, began });
        assert!(Process::read(pid).unwrap().has_ended);
        child.wait().unwrap();
        run(&Args { pid: std::process::id(), began: 0 });
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = locked(&path).unwrap();
        assert!(matches!(File::open(&path).unwrap().try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        locked(&path).unwrap();
        assert!(matches!(locked(&dir.path().join("no/lock")), Err(NoLock::File { .. })));
    }
}
