//! Where the policy is found, as a pure function over what can be looked up.
//!
//! A policy that a push would change never judges that push: what is read from a repository is
//! read at the tip before the push.

use toml::de::DeTable;

use crate::history::RefName;

/// Where a file is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// As a path of this machine, relative to the working directory.
    Disk,
    /// In the repository: the work tree, or the directory of a bare repository.
    Repository,
    /// In the git directory, beside the hooks.
    Server,
    /// In the tree at the tip of the default branch, before the push.
    Tip,
    /// In the work tree.
    WorkTree,
}

/// What discovery has to look up.
pub trait Lookups {
    /// Returns the value of an environment variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;

    /// Returns the value that `git config KEY` would give.
    fn config(&self, key: &str) -> Option<String>;

    /// Returns a file's bytes; `None` where there is none.
    ///
    /// # Errors
    /// With a fragment that says why it cannot be read.
    fn read(&self, place: Place, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// Who judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server, or whoever looks at its repository.
    Server,
    /// A clone with a work tree.
    Client,
}

/// A policy file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// Its path there.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why discovery could not end. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undiscovered {
    /// A file that is named does not exist.
    #[error("find the policy `{path}`, which {named_by} names")]
    Missing {
        /// The file.
        path: String,
        /// Who names it.
        named_by: &'static str,
    },
    /// A file is there and cannot be read.
    #[error("read the policy `{path}`: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

/// The policy's names in the tree of a repository, in the order they are looked for.
pub const IN_TREE: [&str; 2] = [".flowcheck.toml", "policy.toml"];
/// The policy's names in the git directory of a server.
const BESIDE_HOOKS: [&str; 2] = ["custom_hooks/policy.toml", "hooks/policy.toml"];

/// The branch that a policy in the repository is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The default branch.
    pub branch: RefName,
}

/// Finds the policy; `None`: the built-in default counts. `option` is the value of `--policy`.
///
/// # Errors
/// Where a file that is named is missing, or one that is there cannot be read.
pub fn discover(
    option: Option<&str>,
    side: Side,
    lookups: &dyn Lookups,
) -> Result<Option<Found>, Undiscovered> {
    if let Some(path) = option {
        return named(lookups, Place::Disk, path, "--policy").map(Some);
    }
    if let Some(path) = lookups.variable("FLOWCHECK_POLICY") {
        return named(lookups, Place::Disk, &path, "FLOWCHECK_POLICY").map(Some);
    }
    if let Some(path) = lookups.config("flowcheck.policy").filter(|path| !path.is_empty()) {
        return named(lookups, Place::Repository, &path, "git config flowcheck.policy").map(Some);
    }
    let read = |place| move |path: &str| found(lookups, place, path);
    match side {
        Side::Client => in_tree(read(Place::WorkTree)),
        Side::Server => {
            for path in BESIDE_HOOKS {
                if let Some(found) = found(lookups, Place::Server, path)? {
                    return Ok(Some(found));
                }
            }
            in_tree(read(Place::Tip))
        }
    }
}

/// Whether the policy that was found is one that a push to the default branch can change: one in
/// the tree, or none, which a push could bring.
#[must_use]
pub fn is_in_tree(found: Option<&Found>) -> bool {
    found.is_none_or(|found| matches!(found.place, Place::Tip | Place::WorkTree))
}

/// Returns the policy's text among the files of a tree, with its name; `None` where it has none.
///
/// # Errors
/// Where a file cannot be read.
pub fn policy_in_tree<E>(
    mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Option<(&'static str, Vec<u8>)>, E> {
    for path in IN_TREE {
        if let Some(bytes) = read(path)?
            && (path != "policy.toml" || is_ours(&bytes))
        {
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}

fn in_tree(
    mut read: impl FnMut(&str) -> Result<Option<Found>, Undiscovered>,
) -> Result<Option<Found>, Undiscovered> {
    let mut place = None;
    let bytes = policy_in_tree(|path| {
        let found = read(path)?;
        Ok(found.map(|found| {
            place = Some(found.place);
            found.bytes
        }))
    })?;
    Ok(bytes.zip(place).map(|((path, bytes), place)| Found { place, path: path.to_owned(), bytes }))
}

fn named(
    lookups: &dyn Lookups,
    place: Place,
    path: &str,
    named_by: &'static str,
) -> Result<Found, Undiscovered> {
    let missing = || Undiscovered::Missing { path: crate::history::name::escape(path.as_bytes()), named_by };
    found(lookups, place, path)?.ok_or_else(missing)
}

fn found(lookups: &dyn Lookups, place: Place, path: &str) -> Result<Option<Found>, Undiscovered> {
    match lookups.read(place, path) {
        Ok(bytes) => Ok(bytes.map(|bytes| Found { place, path: path.to_owned(), bytes })),
        Err(why) => {
            Err(Undiscovered::Unreadable { path: crate::history::name::escape(path.as_bytes()), why })
        }
    }
}

/// Whether a `policy.toml` is a policy of flowcheck's: it has `version` and `[lines]`. Any other
/// is somebody else's; one of ours with mistakes in it is still ours.
fn is_ours(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (root, _) = DeTable::parse_recoverable(text);
    root.get_ref().contains_key("version") && root.get_ref().contains_key("lines")
}

impl Found {
    /// Returns what the user calls the file.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.path
    }

    /// Returns the path of a file beside this one, in the same place.
    #[must_use]
    pub fn beside(&self, name: &str) -> String {
        match self.path.rsplit_once('/') {
            Some((directory, _)) => format!("{directory}/{name}"),
            None => name.to_owned(),
        }
    }

    /// Reads the policy, and what lies beside it in the same place.
    ///
    /// # Errors
    /// With all mistakes at once.
    pub fn read(&self, lookups: &dyn Lookups) -> Result<super::Reading, super::Mistakes> {
        super::read(self.shown(), &self.bytes, &|name: &str| self.load(lookups, name))
    }

    /// Returns the bytes of a file beside the policy.
    ///
    /// # Errors
    /// Where it is not there or cannot be read.
    pub fn load(&self, lookups: &dyn Lookups, name: &str) -> Result<Vec<u8>, String> {
        let path = self.beside(name);
        let bytes = lookups.read(self.place, &path)?;
        bytes.ok_or_else(|| format!("there is no file `{}`", crate::history::name::escape(path.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const OURS: &str = "version = 1\n[lines]\nintegration = \"main\"\n";

    /// What there is to be found.
    #[derive(Default)]
    struct Here {
        variable: Option<String>,
        config: Option<String>,
        files: BTreeMap<(u8, &'static str), &'static str>,
        broken: BTreeSet<&'static str>,
    }

    impl Here {
        fn file(mut self, place: Place, path: &'static str, text: &'static str) -> Self {
            self.files.insert((place as u8, path), text);
            self
        }
    }

    impl Lookups for Here {
        fn variable(&self, name: &str) -> Option<String> {
            self.variable.clone().filter(|_| name == "FLOWCHECK_POLICY")
        }

        fn config(&self, key: &str) -> Option<String> {
            self.config.clone().filter(|_| key == "flowcheck.policy")
        }

        fn read(&self, place: Place, path: &str) -> Result<Option<Vec<u8>>, String> {
            if self.broken.contains(path) {
                return Err("it is a directory".to_owned());
            }
            let known = self.files.iter().find(|((at, name), _)| *at == place as u8 && *name == path);
            Ok(known.map(|(_, text)| text.as_bytes().to_vec()))
        }
    }

    fn all() -> Here {
        Here {
            variable: Some("env.toml".to_owned()),
            config: Some("config.toml".to_owned()),
            ..Here::default()
        }
        .file(Place::Disk, "option.toml", OURS)
        .file(Place::Disk, "env.toml", OURS)
        .file(Place::Repository, "config.toml", OURS)
        .file(Place::Server, "custom_hooks/policy.toml", OURS)
        .file(Place::Server, "hooks/policy.toml", OURS)
        .file(Place::Tip, ".flowcheck.toml", OURS)
        .file(Place::Tip, "policy.toml", OURS)
        .file(Place::WorkTree, ".flowcheck.toml", OURS)
    }

    fn path(option: Option<&str>, side: Side, here: &Here) -> String {
        let found = discover(option, side, here).expect("nothing is broken");
        found.map_or_else(|| "built-in".to_owned(), |found| format!("{:?} {}", found.place, found.path))
    }

    #[test]
    fn the_first_place_that_has_a_policy_counts() {
        let mut here = all();
        assert_eq!(path(Some("option.toml"), Side::Server, &here), "Disk option.toml");
        assert_eq!(path(None, Side::Server, &here), "Disk env.toml");
        here.variable = None;
        assert_eq!(path(None, Side::Server, &here), "Repository config.toml");
        here.config = None;
        for expected in ["Server custom_hooks/policy.toml", "Server hooks/policy.toml", "Tip .flowcheck.toml"]
        {
            assert_eq!(path(None, Side::Server, &here), expected);
            let (_, name) = expected.split_once(' ').expect("two words");
            here.files.retain(|(place, path), _| *path != name || *place == Place::WorkTree as u8);
        }
        assert_eq!(path(None, Side::Server, &here), "Tip policy.toml");
        here.files.retain(|(place, _), _| *place != Place::Tip as u8);
        assert_eq!(path(None, Side::Server, &here), "built-in");
        assert_eq!(path(None, Side::Client, &here), "WorkTree .flowcheck.toml");
    }

    #[test]
    fn a_policy_toml_of_somebody_else_is_passed_over() {
        let here = Here::default().file(Place::Tip, "policy.toml", "[server]\nport = 1\nversion = 2\n");
        assert_eq!(path(None, Side::Server, &here), "built-in");
        let broken = Here::default().file(Place::Tip, "policy.toml", "version = 1\nmode = \"x\n[lines]\n");
        assert_eq!(path(None, Side::Server, &broken), "Tip policy.toml");
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let here = Here { config: Some("gone.toml".to_owned()), ..Here::default() };
        let why = discover(None, Side::Server, &here).expect_err("it is not there").to_string();
        assert_eq!(why, "find the policy `gone.toml`, which git config flowcheck.policy names");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_passed_over() {
        let here = Here { broken: BTreeSet::from(["hooks/policy.toml"]), ..all() };
        let here = Here { variable: None, config: None, ..here };
        let mut without = here;
        without.files.remove(&(Place::Server as u8, "custom_hooks/policy.toml"));
        let why = discover(None, Side::Server, &without).expect_err("it cannot be read").to_string();
        assert_eq!(why, "read the policy `hooks/policy.toml`: it is a directory");
    }

    #[test]
    fn signers_lie_beside_the_policy() {
        let found = |path: &str| Found { place: Place::Tip, path: path.to_owned(), bytes: vec![] };
        assert_eq!(found("hooks/policy.toml").beside("keys"), "hooks/keys");
        assert_eq!(found("policy.toml").beside("keys"), "keys");
        assert_eq!(found("/policy.toml").beside("keys"), "/keys");
    }
}
