//! Where the demo is played: a server and a clone in a temporary directory, cut off from the
//! settings of whoever runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, io};

use tempfile::TempDir;

use super::Trouble;

/// The first Monday of the sprint, 09:00 UTC: commits have the same ids wherever this is played.
const MONDAY: i64 = 1_740_992_400;

/// A server and a clone, taken down when dropped.
pub(super) struct Theatre {
    place: PathBuf,
    path: OsString,
    _guard: Option<TempDir>,
}

impl Theatre {
    /// Sets the stage: `server.git` with this binary as its hook, and an empty clone, `shop`.
    pub(super) fn open(keep: bool) -> Result<Self, Trouble> {
        let at = |what| move |source| Trouble::Stage { what, source };
        let guard = tempfile::Builder::new()
            .prefix("flowcheck-demo-")
            .tempdir()
            .map_err(at("make a temporary directory"))?;
        let place = guard.path().to_path_buf();
        let guard = if keep {
            let _ = guard.keep();
            None
        } else {
            Some(guard)
        };
        let bin = place.join("bin");
        fs::create_dir(&bin).map_err(at("make a directory for the binary"))?;
        let me = env::current_exe().map_err(at("find this binary"))?;
        link(&me, &bin.join("flowcheck")).map_err(at("link to this binary"))?;
        let path = search_path(&bin).map_err(at("put this binary on the search path"))?;
        Ok(Self { place, path, _guard: guard })
    }

    /// Returns the directory that holds everything.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Runs one line of shell in `directory`, at the given hour of the sprint.
    pub(super) fn run(&self, directory: &str, line: &str, hour: i64) -> Result<Output, Trouble> {
        let date = format!("{} +0000", MONDAY + hour * 3600);
        Command::new("sh")
            .args(["-ec", line])
            .current_dir(self.place.join(directory))
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &self.place)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.place.join("gitconfig"))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_AUTHOR_NAME", "Ann")
            .env("GIT_AUTHOR_EMAIL", "ann@shop.example")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Ann")
            .env("GIT_COMMITTER_EMAIL", "ann@shop.example")
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .map_err(|source| Trouble::Stage { what: "run a shell", source })
    }
}

/// Returns the search path with `first` in front.
fn search_path(first: &Path) -> io::Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(first.to_path_buf()).chain(env::split_paths(&inherited));
    env::join_paths(all).map_err(io::Error::other)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    fs::copy(to, at.with_extension("exe")).map(drop)
}
