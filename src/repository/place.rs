//! Where a repository's parts are: git directory, common directory, work tree, object directories.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{Environment, Failure};

/// Where a repository is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `.git`, the bare repository, or `.git/worktrees/NAME`.
    pub git_dir: PathBuf,
    /// What all work trees share.
    pub common_dir: PathBuf,
    /// The directory that held `.git`, where it was found by looking for it.
    pub found_in: Option<PathBuf>,
    /// Whether the environment's object directories belong to this repository.
    pub environment_counts: bool,
}

/// Finds the repository: at `dir` and above it where given, else as git would from the
/// environment.
pub(super) fn find(environment: &Environment, dir: Option<&Path>) -> Result<Place, Failure> {
    if environment.get("GIT_NAMESPACE").is_some() {
        return Err(Failure::Namespace);
    }
    let named = environment.path("GIT_DIR");
    let Some(dir) = dir else {
        return match named {
            Some(git_dir) => at_git_dir(environment, git_dir),
            None => discover(environment, environment.dir()),
        };
    };
    let mut place = discover(environment, &environment.dir().join(dir))?;
    // A hook may name its own repository; then the push's quarantine is still meant.
    place.environment_counts = named.is_some_and(|named| same(&named, &place.git_dir));
    Ok(place)
}

fn same(a: &Path, b: &Path) -> bool {
    match (identity(a), identity(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Returns what tells a file or directory from all others, whatever it is called: its device and
/// its number there. `None` where there is none.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let known = path.metadata().ok()?;
    Some((known.dev(), known.ino()))
}

fn at_git_dir(environment: &Environment, git_dir: PathBuf) -> Result<Place, Failure> {
    let git_dir = if git_dir.is_file() { linked(&git_dir)? } else { git_dir };
    let common_dir = match environment.path("GIT_COMMON_DIR") {
        Some(common_dir) => common_dir,
        None => common_dir_of(&git_dir)?,
    };
    if !is_repository(&git_dir, &common_dir) {
        return Err(Failure::NotFound(git_dir));
    }
    Ok(Place { git_dir, common_dir, found_in: None, environment_counts: true })
}

fn discover(environment: &Environment, start: &Path) -> Result<Place, Failure> {
    let start = start.canonicalize().map_err(|source| Failure::Read { path: start.to_owned(), source })?;
    let ceilings: Vec<PathBuf> = environment
        .get("GIT_CEILING_DIRECTORIES")
        .map(|list| std::env::split_paths(list).filter(|path| path.is_absolute()).collect())
        .unwrap_or_default();
    for dir in start.ancestors() {
        if dir != start && ceilings.iter().any(|ceiling| ceiling == dir) {
            break;
        }
        let below = dir.join(".git");
        for (git_dir, found_in) in [(below, Some(dir)), (dir.to_owned(), None)] {
            let git_dir = if found_in.is_some() && git_dir.is_file() { linked(&git_dir)? } else { git_dir };
            if git_dir.join("HEAD").symlink_metadata().is_err() {
                continue;
            }
            let common_dir = common_dir_of(&git_dir)?;
            if is_repository(&git_dir, &common_dir) {
                let found_in = found_in.map(Path::to_owned);
                return Ok(Place { git_dir, common_dir, found_in, environment_counts: true });
            }
        }
    }
    Err(Failure::NotFound(start))
}

/// Returns where a `.git` file points.
fn linked(file: &Path) -> Result<PathBuf, Failure> {
    let text = read(file)?;
    let Some(target) = text.strip_prefix(b"gitdir: ") else {
        return Err(Failure::NotFound(file.to_owned()));
    };
    Ok(file.parent().unwrap_or(file).join(line(target)))
}

/// Whether `dir` is a git directory.
pub(super) fn looks_like_git_dir(dir: &Path) -> bool {
    common_dir_of(dir).is_ok_and(|common_dir| is_repository(dir, &common_dir))
}

/// Returns the git directory of the work tree whose top is `dir`, where it is one.
pub(super) fn git_dir_in(dir: &Path) -> Option<PathBuf> {
    let git_dir = dir.join(".git");
    let git_dir = if git_dir.is_file() { linked(&git_dir).ok()? } else { git_dir };
    looks_like_git_dir(&git_dir).then_some(git_dir)
}

pub(super) fn common_dir_of(git_dir: &Path) -> Result<PathBuf, Failure> {
    let file = git_dir.join("commondir");
    if !file.is_file() {
        return Ok(git_dir.to_owned());
    }
    Ok(git_dir.join(line(&read(&file)?)))
}

fn is_repository(git_dir: &Path, common_dir: &Path) -> bool {
    git_dir.join("HEAD").symlink_metadata().is_ok()
        && common_dir.join("objects").is_dir()
        && common_dir.join("refs").is_dir()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| Failure::Read { path: path.to_owned(), source })
}

fn line(text: &[u8]) -> &OsStr {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    OsStr::from_bytes(&text[..end])
}

/// The directories objects are read from, in this order.
#[derive(Debug, Clone)]
pub(super) struct ObjectDirectories {
    /// Every directory once.
    pub all: Vec<PathBuf>,
    /// Whether the first one holds what a push brings, apart from what was here before.
    pub quarantine: bool,
}

/// git's limit: an alternate of an alternate and so on.
const DEEPEST: usize = 5;

impl ObjectDirectories {
    pub(super) fn of(environment: &Environment, place: &Place) -> Self {
        let main = place.common_dir.join("objects");
        let mut found = Self { all: vec![], quarantine: false };
        let mut seen = BTreeSet::new();
        let first = environment.path("GIT_OBJECT_DIRECTORY").filter(|_| place.environment_counts);
        found.quarantine = first.as_ref().is_some_and(|first| !same(first, &main));
        let first = first.unwrap_or(main);
        seen.extend(identity(&first));
        found.all.push(first.clone());
        if place.environment_counts
            && let Some(list) = environment.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        {
            for entry in entries(list.as_bytes()) {
                found.add(&environment.dir().join(entry), 0, &mut seen);
            }
        }
        found.add_alternates_of(&first, 0, &mut seen);
        found
    }

    fn add(&mut self, dir: &Path, depth: usize, seen: &mut BTreeSet<(u64, u64)>) {
        // git skips, with a warning, what is not there.
        let Some(identity) = identity(dir) else { return };
        if seen.insert(identity) {
            self.all.push(dir.to_owned());
            self.add_alternates_of(dir, depth + 1, seen);
        }
    }

    fn add_alternates_of(&mut self, dir: &Path, depth: usize, seen: &mut BTreeSet<(u64, u64)>) {
        if depth > DEEPEST {
            return;
        }
        let Ok(text) = std::fs::read(dir.join("info/alternates")) else { return };
        for entry in text.split(|byte| *byte == b'\n') {
            if entry.is_empty() || entry.starts_with(b"#") {
                continue;
            }
            let entry = match unquoted(entry) {
                Some((path, _)) => path,
                None => PathBuf::from(OsStr::from_bytes(entry)),
            };
            self.add(&dir.join(entry), depth, seen);
        }
    }
}

/// Splits a list of paths at colons: git quotes an entry that holds one as a C string, others
/// join entries as they are.
fn entries(list: &[u8]) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut rest = list;
    while !rest.is_empty() {
        if rest[0] == b':' {
            rest = &rest[1..];
        } else if let Some((path, used)) = unquoted(rest)
            && matches!(rest.get(used), None | Some(b':'))
        {
            found.push(path);
            rest = &rest[used..];
        } else {
            let used = unquoted_length(rest);
            found.push(PathBuf::from(OsStr::from_bytes(&rest[..used])));
            rest = &rest[used..];
        }
    }
    found
}

/// Returns the length of the entry at the start of `list`: up to the first colon, but where only
/// a longer entry is a directory, that one.
fn unquoted_length(list: &[u8]) -> usize {
    let ends = || {
        let colons = list.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
        colons.chain([list.len()])
    };
    let is_dir = |end: &usize| Path::new(OsStr::from_bytes(&list[..*end])).is_dir();
    ends().take(16).find(is_dir).unwrap_or_else(|| ends().next().unwrap_or(list.len()))
}

/// Reads a C string with its quotes; returns it and its length as written.
fn unquoted(text: &[u8]) -> Option<(PathBuf, usize)> {
    let mut bytes = vec![];
    let mut at = 1;
    if text.first() != Some(&b'"') {
        return None;
    }
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((PathBuf::from(std::ffi::OsString::from_vec(bytes)), at)),
            b'\\' => {
                let escape = *text.get(at)?;
                at += 1;
                bytes.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digits = text.get(at - 1..at + 2)?;
                        at += 2;
                        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?
                    }
                    _ => return None,
                });
            }
            _ => bytes.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_alternate_may_hold_a_colon() {
        let paths = |list: &str| -> Vec<String> {
            entries(list.as_bytes()).iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(paths(r#""/a:b\"c\303\251":/d"#), ["/a:b\"cé", "/d"]);
        assert_eq!(paths("/a:/b::/c"), ["/a", "/b", "/c"]);
        assert_eq!(paths(r#""/never closed:/b"#), [r#""/never closed"#, "/b"]);
    }
}
