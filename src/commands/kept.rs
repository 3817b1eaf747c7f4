//! The files that hooks keep in a server's repository, for everybody who pushes there.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Opens a file to read it and add to it, and makes it where there is none. Where the users of a
/// group share the repository, each with an account of their own, they share the file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o640);
    let file = match options.clone().create_new(true).open(path) {
        Ok(file) => {
            if is_shared(path) {
                file.set_permissions(Permissions::from_mode(0o660))?;
            }
            file
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path)?,
        Err(error) => return Err(error),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
}

/// Whether the directory is one that a group writes to.
fn is_shared(path: &Path) -> bool {
    let directory = path.parent().and_then(|directory| directory.metadata().ok());
    directory.is_some_and(|directory| directory.permissions().mode() & 0o020 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shares_the_repository_shares_its_files() {
        for (directory, expected) in [(0o755, 0o640), (0o2775, 0o660), (0o700, 0o640)] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::set_permissions(dir.path(), Permissions::from_mode(directory)).unwrap();
            let path = dir.path().join("log");
            for _ in 0..2 {
                let mode = open(&path).unwrap().metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, expected, "{directory:o}");
            }
        }
    }
}
