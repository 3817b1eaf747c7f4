//! Refs as the store has them now: of the `files` backend, or asked of git for reftables.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gix::hash::Kind as Hash;

use super::packed::Packed;
use crate::history::{Answer, BString, ByteSlice, Oid, Ref, RefName, Refs, Unreadable, name::escape};

/// git's limit of aliases of aliases.
const LONGEST_ALIAS: usize = 5;

/// What one ref holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Object(Oid),
    Alias(BString),
}

/// The `files` backend.
#[derive(Debug)]
pub(super) struct Files<'a> {
    pub git_dir: &'a Path,
    pub common_dir: &'a Path,
    pub hash: Hash,
}

impl Files<'_> {
    /// Returns the refs whose full name begins with one of `prefixes`.
    pub(super) fn below(&self, prefixes: &[&str]) -> Answer<Refs> {
        let mut loose = BTreeMap::new();
        for prefix in prefixes {
            // The last `/` ends the directory; what follows is the beginning of a name.
            let dir = prefix.rfind('/').map_or("", |end| &prefix[..end]);
            self.walk(dir.as_bytes(), prefix.as_bytes(), &mut loose)?;
        }
        // Loose ones first, then the packed ones: a ref that `git pack-refs` moves meanwhile is
        // seen twice, never not at all.
        let mut packed = self.packed()?;
        if let Some(packed) = &mut packed {
            packed.read_ahead()?;
        }
        let mut unpacked = vec![];
        for (name, value) in &loose {
            let name = RefName::new(name.clone());
            match value {
                Value::Object(id) => unpacked.push(Ref::new(name, *id)),
                Value::Alias(target) => {
                    // An alias of nothing is no ref yet.
                    if let Some((id, end)) = self.follow(target, packed.as_ref())? {
                        unpacked.push(Ref { symbolic: Some(end), ..Ref::new(name, id) });
                    }
                }
            }
        }
        let mut refs = Refs::default();
        if let Some(packed) = &packed {
            for prefix in prefixes {
                let mut below = vec![];
                packed.below(prefix.as_bytes(), |name, id, peeled| {
                    if loose.is_empty() || !loose.contains_key(name.full()) {
                        below.push(Ref { peeled, ..Ref::new(name, id) });
                    }
                })?;
                refs.extend_sorted(below);
            }
        }
        refs.extend(unpacked);
        Ok(refs)
    }

    /// Returns what `name` holds; `None` where there is no such ref.
    pub(super) fn value(&self, name: &[u8]) -> Answer<Option<Value>> {
        match self.loose(name)? {
            Some(value) => Ok(Some(value)),
            None => Self::packed_value(name, self.packed()?.as_ref()),
        }
    }

    /// Returns what `name` is an alias of. Only a ref with a file of its own can be one.
    pub(super) fn alias(&self, name: &[u8]) -> Answer<Option<BString>> {
        match self.loose(name)? {
            Some(Value::Alias(target)) => Ok(Some(target)),
            _ => Ok(None),
        }
    }

    fn packed_value(name: &[u8], packed: Option<&Packed>) -> Answer<Option<Value>> {
        Ok(packed.map(|packed| packed.find(name)).transpose()?.flatten().map(Value::Object))
    }

    fn packed(&self) -> Answer<Option<Packed>> {
        Packed::open(&self.common_dir.join("packed-refs"), self.hash)
    }

    /// Follows an alias to the ref at its end.
    fn follow(&self, target: &BString, packed: Option<&Packed>) -> Answer<Option<(Oid, RefName)>> {
        let mut at = target.clone();
        for _ in 0..LONGEST_ALIAS {
            let value = match self.loose(&at)? {
                Some(value) => Some(value),
                None => Self::packed_value(&at, packed)?,
            };
            match value {
                None => return Ok(None),
                Some(Value::Object(id)) => return Ok(Some((id, RefName::new(at)))),
                Some(Value::Alias(next)) => at = next,
            }
        }
        Err(Unreadable::Store(format!("the symbolic ref `{}` does not end", escape(target))))
    }

    fn walk(&self, dir: &[u8], prefix: &[u8], found: &mut BTreeMap<BString, Value>) -> Answer<()> {
        let path = self.path(dir);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&path, &error))?;
            let file_name = entry.file_name();
            let file_name = file_name.as_bytes();
            // As git does: what it is writing, and what other programs leave behind.
            if file_name.starts_with(b".") || file_name.ends_with(b".lock") {
                continue;
            }
            let name = [dir, b"/", file_name].concat();
            let shorter = name.len().min(prefix.len());
            if name[..shorter] != prefix[..shorter] {
                continue;
            }
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_dir {
                self.walk(&name, prefix, found)?;
            } else if name.len() >= prefix.len()
                && let Some(value) = self.loose(&name)?
            {
                found.insert(name.into(), value);
            }
        }
        Ok(())
    }

    fn loose(&self, name: &[u8]) -> Answer<Option<Value>> {
        let path = self.path(name);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        if let Some(target) = text.strip_prefix(b"ref:") {
            let target = target.trim();
            let sound = gix::validate::reference::name(target.as_bstr()).is_ok();
            return if sound { Ok(Some(Value::Alias(target.into()))) } else { Err(broken(name)) };
        }
        let hex = text.get(..self.hash.len_in_hex()).ok_or_else(|| broken(name))?;
        let ends = text.get(hex.len()).is_none_or(u8::is_ascii_whitespace);
        let id = Oid::from_hex(hex).ok().filter(|id| ends && !id.is_null());
        id.map(|id| Some(Value::Object(id))).ok_or_else(|| broken(name))
    }

    /// Returns the file of a ref: some belong to one work tree, the others to all of them.
    fn path(&self, name: &[u8]) -> PathBuf {
        const OF_A_WORK_TREE: [&str; 3] = ["refs/bisect", "refs/worktree", "refs/rewritten"];
        let own =
            !name.starts_with(b"refs") || OF_A_WORK_TREE.iter().any(|dir| name.starts_with(dir.as_bytes()));
        let dir = if own { self.git_dir } else { self.common_dir };
        dir.join(OsStr::from_bytes(name))
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Unreadable {
    Unreadable::Store(format!("`{}` cannot be read: {error}", path.display()))
}

fn broken(name: &[u8]) -> Unreadable {
    Unreadable::Store(format!(
        "the ref `{}` is broken: its file holds neither an id nor a name",
        escape(name)
    ))
}

/// Refs in reftables: git reads them for us.
pub(super) struct Reftable<G> {
    pub git: G,
    pub hash: Hash,
}

impl<G: Fn() -> Command> Reftable<G> {
    pub(super) fn below(&self, prefixes: &[&str]) -> Answer<Refs> {
        let mut command = (self.git)();
        command.args(["for-each-ref", "--format=%(objectname) %(refname) %(symref)"]);
        // git matches whole parts of a name; the rest of the prefix is checked below.
        command.args(prefixes.iter().map(|prefix| prefix.rfind('/').map_or("", |end| &prefix[..end])));
        let text = run(&mut command)?;
        let mut refs = vec![];
        for line in text.lines() {
            let mut parts = line.splitn(3, |byte| *byte == b' ');
            let (id, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let id =
                Oid::from_hex(id).ok().filter(|id| id.kind() == self.hash).ok_or_else(|| broken(name))?;
            if prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes())) {
                let symbolic = parts.next().filter(|target| !target.is_empty()).map(RefName::new);
                refs.push(Ref { symbolic, ..Ref::new(RefName::new(name), id) });
            }
        }
        Ok(refs.into_iter().collect())
    }

    pub(super) fn alias(&self, name: &[u8]) -> Answer<Option<BString>> {
        let mut command = (self.git)();
        command.args(["symbolic-ref", "-q", "--no-recurse", "--"]).arg(OsStr::from_bytes(name));
        let output = command.output().map_err(|error| no_git(&error))?;
        Ok(output.status.success().then(|| output.stdout.trim_end().into()))
    }

    pub(super) fn value(&self, name: &[u8]) -> Answer<Option<Value>> {
        if let Some(target) = self.alias(name)? {
            return Ok(Some(Value::Alias(target)));
        }
        if !name.starts_with(b"refs/") {
            return Ok(None);
        }
        let prefix = name.to_str_lossy();
        let found = self.below(&[&prefix])?;
        Ok(found.get(&RefName::new(name)).map(|entry| Value::Object(entry.id)))
    }
}

fn run(command: &mut Command) -> Answer<Vec<u8>> {
    let output = command.output().map_err(|error| no_git(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = output.stderr.lines().next().unwrap_or_default();
    Err(Unreadable::Store(format!("git cannot list the refs: {}", escape(said))))
}

fn no_git(error: &std::io::Error) -> Unreadable {
    Unreadable::Store(format!("git, which has to read the refs here, cannot be run: {error}"))
}
