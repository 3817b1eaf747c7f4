//! The part of a process's environment that says which repository is meant, as a plain value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Failure;

/// The variables that are looked at; nothing else of the environment reaches a repository.
pub const VARIABLES: [&str; 17] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DIR",
    "GIT_EXEC_PATH",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    "HOME",
    "LD_LIBRARY_PATH",
    "PATH",
    "XDG_CONFIG_HOME",
];

/// A working directory and the variables of [`VARIABLES`] (with the `GIT_CONFIG_KEY_n` and
/// `GIT_CONFIG_VALUE_n` that `GIT_CONFIG_COUNT` announces).
#[derive(Debug, Clone)]
pub struct Environment {
    dir: PathBuf,
    values: BTreeMap<String, OsString>,
}

impl Environment {
    /// Returns an environment without variables in `dir`, which must be absolute.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), values: BTreeMap::new() }
    }

    /// Returns an environment in `dir` that has only what any program needs: where programs are.
    #[must_use]
    pub fn elsewhere(dir: impl Into<PathBuf>) -> Self {
        let environment = Self::new(dir);
        ["PATH", "LD_LIBRARY_PATH", "GIT_EXEC_PATH"].into_iter().fold(environment, |environment, name| {
            match std::env::var_os(name) {
                Some(value) => environment.with(name, value),
                None => environment,
            }
        })
    }

    /// Returns the environment of this process.
    ///
    /// # Errors
    /// Where the working directory is gone.
    pub fn of_process() -> Result<Self, Failure> {
        let dir = std::env::current_dir().map_err(Failure::WorkingDirectory)?;
        let mut environment = Self::new(dir);
        for name in VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                environment = environment.with(name, value);
            }
        }
        for at in 0..environment.overrides() {
            for name in [format!("GIT_CONFIG_KEY_{at}"), format!("GIT_CONFIG_VALUE_{at}")] {
                if let Some(value) = std::env::var_os(&name) {
                    environment = environment.with(&name, value);
                }
            }
        }
        Ok(environment)
    }

    /// Returns the environment with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the working directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the value of a variable that is set and not empty, as git treats most of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.values.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns how many settings `GIT_CONFIG_COUNT` announces; no more than a command line holds.
    #[must_use]
    pub fn overrides(&self) -> usize {
        let count = self.get("GIT_CONFIG_COUNT").and_then(OsStr::to_str).and_then(|count| count.parse().ok());
        count.unwrap_or(0).min(1024)
    }

    /// Returns the variable as a path, relative ones below the working directory.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.dir.join(value))
    }
}
