//! A git that claims to be of some version, whatever git is here.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes it into a directory, which may be on the search path.
pub fn write(directory: &Path, version: &str) {
    let usual = std::env::var("PATH").unwrap_or_default();
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo git version {version}; exit; }}\nPATH='{usual}'\nexec git \"$@\"\n"
    );
    let path = directory.join("git");
    std::fs::write(&path, text).expect("the directory is ours");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
}
