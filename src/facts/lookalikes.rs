//! Which refs a reader, or a disk that ignores case, takes for one another.

use std::cell::OnceCell;
use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::{Facts, RefKind, When};
use crate::history::name::escape;
use crate::history::{BStr, ByteSlice, RefName};

/// Branches and tags, grouped by what makes them look alike; filled when it is first asked for.
#[derive(Default)]
pub(super) struct Lookalikes {
    by_case: [OnceCell<Groups>; 2],
    by_shape: [OnceCell<Groups>; 2],
    all_plain: [OnceCell<bool>; 2],
}

/// Names, by what they are folded to.
type Groups = HashMap<Vec<u8>, Vec<RefName>>;

/// How two names look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// They differ by letter case alone.
    Case,
    /// They are the same text, composed from other code points.
    Normalisation,
    /// They have characters that look alike.
    Characters,
}

/// Two namespaces in which names are held against each other.
#[derive(Debug, Clone, Copy)]
enum Space {
    Branches,
    Tags,
}

impl Space {
    fn prefix(self) -> &'static str {
        match self {
            Self::Branches => "refs/heads/",
            Self::Tags => "refs/tags/",
        }
    }
}

/// How many updates a push of a few refs has.
const FEW: usize = 16;

impl Facts<'_> {
    /// Returns the refs after the push that look like `name`, branches for a branch and tags for a
    /// tag, sorted by name, each with what they have in common.
    pub fn lookalikes(&self, name: &RefName) -> Vec<(RefName, Alike)> {
        let (space, short) = match (name.branch(), name.tag()) {
            (Some(branch), _) => (Space::Branches, branch),
            (_, Some(tag)) => (Space::Tags, tag),
            _ => return vec![],
        };
        let same_case = self.same_case(space, short);
        let mut found: Vec<(RefName, Alike)> =
            same_case.into_iter().map(|other| (other, Alike::Case)).collect();
        found.extend(self.same_shape(space, short));
        found.retain(|(other, _)| other != name);
        found.sort();
        found.dedup_by(|later, earlier| later.0 == earlier.0);
        found
    }

    /// Returns the names that are `short` but for the case of letters.
    fn same_case(&self, space: Space, short: &BStr) -> Vec<RefName> {
        // For a push of a few refs, looking at every name costs less than sorting them in.
        if self.push.updates.len() <= FEW {
            let refs = self.refs(When::After).below(space.prefix());
            let names = refs.iter().map(|entry| &entry.name);
            let same = |name: &&RefName| name.full()[space.prefix().len()..].eq_ignore_ascii_case(short);
            return names.filter(same).cloned().collect();
        }
        let by_case = self.grouped(&self.lookalikes.by_case, space, |short| short.to_ascii_lowercase());
        by_case.get(&short.to_ascii_lowercase()).cloned().unwrap_or_default()
    }

    /// Shapes are compared only where one of the two names has a character outside ASCII.
    fn same_shape(&self, space: Space, short: &BStr) -> Vec<(RefName, Alike)> {
        let plain = short.is_ascii();
        // Among plain names alone there is nothing to compare, and that is the ordinary case.
        if plain && self.are_plain(space) {
            return vec![];
        }
        let groups = self.grouped(&self.lookalikes.by_shape, space, shape);
        let same = groups.get(&shape(short));
        let others = same.into_iter().flatten();
        others
            .filter(|other| !plain || !other.full().is_ascii())
            .map(|other| {
                let theirs = other.branch().or_else(|| other.tag()).unwrap_or_default();
                (other.clone(), how(short, theirs))
            })
            .collect()
    }

    /// Whether all names are ASCII.
    fn are_plain(&self, space: Space) -> bool {
        *self.lookalikes.all_plain[space as usize].get_or_init(|| {
            let mut refs = self.refs(When::After).below(space.prefix()).iter();
            refs.all(|entry| entry.name.full().is_ascii())
        })
    }

    fn grouped<'a>(
        &self,
        cells: &'a [OnceCell<Groups>; 2],
        space: Space,
        fold: impl Fn(&BStr) -> Vec<u8>,
    ) -> &'a Groups {
        cells[space as usize].get_or_init(|| {
            let mut groups = Groups::new();
            for entry in self.refs(When::After).below(space.prefix()) {
                let short = entry.name.branch().or_else(|| entry.name.tag()).unwrap_or_default();
                groups.entry(fold(short)).or_default().push(entry.name.clone());
            }
            groups
        })
    }
}

/// Returns what a name looks like: its skeleton (Unicode TR39) without letter case. Bytes that are
/// no text look like themselves, escaped.
fn shape(short: &BStr) -> Vec<u8> {
    let text = short.to_str().map_or_else(|_| escape(short), str::to_owned);
    let lower: String = text.nfkc().collect::<String>().to_lowercase();
    let skeleton: String = unicode_security::skeleton(&lower).collect();
    skeleton.to_lowercase().into_bytes()
}

fn how(a: &BStr, b: &BStr) -> Alike {
    let (a, b) = (a.to_str_lossy(), b.to_str_lossy());
    if a.nfkc().eq(b.nfkc()) {
        Alike::Normalisation
    } else if a.nfkc().collect::<String>().to_lowercase() == b.nfkc().collect::<String>().to_lowercase() {
        Alike::Case
    } else {
        Alike::Characters
    }
}

impl Facts<'_> {
    /// Returns the name in ASCII that `name` looks like, where that is a line or version tag.
    #[must_use]
    pub fn plain_twin(&self, name: &RefName) -> Option<RefName> {
        let text = name.full().to_str().ok()?;
        let plain: String = text.nfkc().collect();
        let plain = if plain.is_ascii() { plain } else { unicode_security::skeleton(&plain).collect() };
        let twin = RefName::new(plain.as_str());
        let ours = matches!(
            self.kind(&twin),
            RefKind::Integration | RefKind::Production | RefKind::Release(_) | RefKind::VersionTag(_)
        );
        (plain.is_ascii() && ours).then_some(twin)
    }
}
