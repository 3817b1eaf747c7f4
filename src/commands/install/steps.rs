//! What `install` and `uninstall` do to files, one step each, so that it can be said before.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::output::write_whole;
use super::shown;

/// One change of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a directory.
    MakeDirectory(PathBuf),
    /// Renames a file, which keeps its bytes and its mode. Nothing may be in the way.
    Move {
        /// From here.
        from: PathBuf,
        /// To here.
        to: PathBuf,
    },
    /// Writes a program.
    WriteHook {
        /// The file.
        path: PathBuf,
        /// Its text.
        text: String,
    },
    /// Writes a file of settings anew.
    WriteSettings {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Removes a file.
    Remove(PathBuf),
    /// Removes a directory if nothing is left in it.
    RemoveDirectory(PathBuf),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeDirectory(path) => write!(f, "make {}", shown(path)),
            Self::Move { from, to } => write!(f, "move {} to {}", shown(from), shown(to)),
            Self::WriteHook { path, .. } => write!(f, "write {}", shown(path)),
            Self::WriteSettings { path, .. } => write!(f, "change {}", shown(path)),
            Self::Remove(path) => write!(f, "remove {}", shown(path)),
            Self::RemoveDirectory(path) => write!(f, "remove {} if it is empty", shown(path)),
        }
    }
}

impl Step {
    /// Takes the step.
    pub(in super::super) fn take(&self) -> Result<(), Failure> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Failure::Write { path, source }
        };
        match self {
            Self::MakeDirectory(path) => fs::create_dir(path).map_err(failed(path)),
            Self::Move { from, to } => {
                if to.symlink_metadata().is_ok() {
                    return Err(Failure::Exists(to.clone()));
                }
                fs::rename(from, to).map_err(failed(from))
            }
            Self::WriteHook { path, text } => {
                write_whole(path, text.as_bytes())?;
                executable(path).map_err(failed(path))
            }
            Self::WriteSettings { path, bytes } => replace(path, bytes).map_err(failed(path)),
            Self::Remove(path) => fs::remove_file(path).map_err(failed(path)),
            Self::RemoveDirectory(path) => match fs::remove_dir(path) {
                Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(failed(path)(error)),
                _ => Ok(()),
            },
        }
    }
}

fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata()?.permissions().mode();
    // Who may read it may run it.
    fs::set_permissions(path, fs::Permissions::from_mode(mode | ((mode & 0o444) >> 2)))
}

/// Replaces a file as git does: its lock file keeps others out, and becomes the file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    let mut file = fs::File::create_new(&lock)?;
    let written = file
        .set_permissions(path.metadata()?.permissions())
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&lock, path));
    if written.is_err() {
        let _ = fs::remove_file(&lock);
    }
    written
}
