//! What pushes over the same history have in common: most of them move no tag.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Confirmed, Record, RefKind, VersionTag, kind_of};
use crate::history::{Oid, RefName, Refs};
use crate::policy::Policy;
use crate::version::Version;

/// What the facts about one push can leave for the next, over the same history, policy and
/// `refs/environments/`.
#[derive(Default)]
pub struct Shared {
    kinds: RefCell<HashMap<RefName, RefKind>>,
    records: RefCell<HashMap<RecordKey, Record>>,
    /// The tags that were asked about last, newest first.
    tagged: RefCell<Vec<(Refs, Rc<Tagged>)>>,
}

/// What the tags say, without a push; filled when it is first asked for.
#[derive(Default)]
pub(super) struct Tagged {
    pub(super) versions: OnceCell<BTreeMap<Version, VersionTag>>,
    pub(super) records: OnceCell<Vec<Record>>,
    pub(super) confirmed: OnceCell<BTreeMap<Version, Confirmed>>,
    pub(super) newest: OnceCell<Option<Version>>,
}

/// How many sets of tags are remembered.
const REMEMBERED: usize = 4;

/// A record's ref, and the version tag that it is about.
pub(super) type RecordKey = (RefName, Oid, Option<(RefName, Oid)>);

impl Shared {
    pub(super) fn record(&self, key: &RecordKey) -> Option<Record> {
        self.records.borrow().get(key).cloned()
    }

    pub(super) fn keep_record(&self, key: RecordKey, record: Record) {
        self.records.borrow_mut().insert(key, record);
    }

    pub(super) fn kind(&self, policy: &Policy, name: &RefName) -> RefKind {
        if let Some(kind) = self.kinds.borrow().get(name) {
            return kind.clone();
        }
        let kind = kind_of(policy, name);
        self.kinds.borrow_mut().insert(name.clone(), kind.clone());
        kind
    }

    /// Returns what the tags of `refs` say.
    pub(super) fn tagged(&self, refs: &Refs) -> Rc<Tagged> {
        let mut known = self.tagged.borrow_mut();
        if let Some(at) = known.iter().position(|(of, _)| of.shares_tags(refs)) {
            return Rc::clone(&known[at].1);
        }
        let tagged = Rc::default();
        known.insert(0, (refs.clone(), Rc::clone(&tagged)));
        known.truncate(REMEMBERED);
        tagged
    }
}
