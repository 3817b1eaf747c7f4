//! The newest confirmed version, for those who ask for no other: only the records of the newest
//! versions are read.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::confirmation::Record;
use super::{Facts, RecordName, When, version_of};
use crate::history::Ref;
use crate::version::Version;

/// The records of each version, by what their names say.
type ByVersion<'a> = BTreeMap<Version, Vec<(&'a Ref, RecordName)>>;

impl Facts<'_> {
    /// Returns the newest version that is confirmed, as [`Facts::confirmed`] has it.
    pub fn newest_confirmed_of_all(&self) -> Option<Version> {
        if let Some(confirmed) = self.known_confirmed().get() {
            return confirmed.keys().next_back().copied();
        }
        let [before, after] = &self.tagged;
        let known = if Rc::ptr_eq(before, after) { &before.newest } else { &self.newest };
        *known.get_or_init(|| self.find_newest())
    }

    fn find_newest(&self) -> Option<Version> {
        if !self.policy.confirmation.required() {
            let mut versions = self.versions(When::After).iter().rev();
            return versions.find(|(_, tag)| tag.commit.is_some()).map(|(version, _)| *version);
        }
        let named = [When::Before, When::After].map(|when| self.decisive_records(when));
        let deployed = self.deployed_commit();
        let mut versions = self.versions(When::Before).iter().rev();
        versions.find_map(|(version, tag)| {
            let [before, added] = [When::Before, When::After]
                .map(|when| self.read_records_of(&named[when as usize], *version, when));
            let counting = before.iter().chain(&added).filter(|record| record.is_valid());
            let mut events: Vec<&Record> = counting.collect();
            events.sort_by(|a, b| a.order(b));
            self.weigh(tag, &events, deployed).ok().map(|_| *version)
        })
    }

    /// Returns the records that may count: those that were there before the push; of those that
    /// come with it the revocations.
    fn decisive_records(&self, when: When) -> ByVersion<'_> {
        let mut named = ByVersion::new();
        for (entry, parts) in self.record_refs(when) {
            let counts = when == When::Before || self.comes_to_revoke(entry.id, &entry.name, &parts);
            let version = version_of(self.policy, &parts.version_tag);
            if let Some(version) = version.filter(|_| counts && self.is_decisive(&parts)) {
                named.entry(version).or_default().push((entry, parts));
            }
        }
        named
    }

    fn read_records_of(&self, named: &ByVersion<'_>, version: Version, when: When) -> Vec<Record> {
        let of_version = named.get(&version).into_iter().flatten();
        of_version.map(|(entry, parts)| self.read_record(entry, parts.clone(), when)).collect()
    }
}
