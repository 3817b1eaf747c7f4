//! Which version tags are proven to run well: confirmation records, and what they add up to.
//!
//! A record is an annotated tag `deployed/<environment>/<version tag>/<id>`, a revocation one of
//! `rolled-back/…`. What permits something must be there before the push that relies on it, so
//! records of the push itself never confirm; revocations of the push do revoke.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::{Facts, RecordName, RefKind, VersionTag, When, version_of};
use crate::history::name::escape;
use crate::history::{ByteSlice, Object, Oid, Ref, RefName, Seconds, Signed, Tag};
use crate::version::Version;

/// A confirmation or a revocation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The ref.
    pub name: RefName,
    /// What the name says.
    pub parts: RecordName,
    /// The object that the ref points to.
    pub object: Oid,
    /// The commit it is about, below all tags.
    pub commit: Option<Oid>,
    /// The version of the tag it is about; `None` where that is no version tag's name.
    pub version: Option<Version>,
    /// When it was made, as the tagger says; 0 where there is no date (which is a flaw).
    pub time: Seconds,
    /// Who made it: the signer where signatures are asked for, else the tagger; not escaped.
    pub by: String,
    /// The job that deployed: a URL or an id; not escaped.
    pub job: Option<String>,
    /// Why it was rolled back; not escaped.
    pub reason: Option<String>,
    /// What keeps it from counting; empty: it is valid.
    pub flaws: Vec<Flaw>,
}

impl Record {
    /// Whether it counts.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.flaws.is_empty()
    }

    /// Returns the order in which records of one version and environment count: by date, then by
    /// id; of two that tie, the revocation is the newer one.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.time
            .cmp(&other.time)
            .then_with(|| id_order(&self.parts.id, &other.parts.id))
            .then_with(|| self.parts.revokes.cmp(&other.parts.revokes))
            .then_with(|| self.name.cmp(&other.name))
    }
}

/// What keeps a record from counting. The text follows "the record … does not count:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The tag object cannot be read.
    #[error("its tag object cannot be read")]
    Unreadable,
    /// There is no tag object.
    #[error("it is a lightweight tag, and a record is an annotated one")]
    Lightweight,
    /// The object was made under another name.
    #[error("the tag object inside calls itself `{0}`")]
    OtherName(String),
    /// It is not of a commit.
    #[error("it does not point to a commit")]
    NoCommit,
    /// There is no date.
    #[error("it has no tagger with a date")]
    Undated,
    /// A trailer that must be there is not.
    #[error("its message has no trailer `{0}:`")]
    Missing(&'static str),
    /// A trailer is there more than once.
    #[error("its message has the trailer `{0}:` more than once")]
    Repeated(&'static str),
    /// A trailer contradicts the record's name or target.
    #[error("its trailer `{key}:` says `{found}` instead of `{wanted}`")]
    Differs {
        /// The trailer.
        key: &'static str,
        /// What it says, escaped.
        found: String,
        /// What it should say.
        wanted: String,
    },
    /// Its second part names no environment of the policy.
    #[error("the policy knows no environment `{0}`")]
    UnknownEnvironment(String),
    /// Its third part is no version tag's name.
    #[error("`{0}` is not the name of a version tag")]
    NoVersion(String),
    /// The version tag does not exist.
    #[error("there is no version tag `{0}`")]
    NoSuchTag(String),
    /// The version tag is on another commit.
    #[error("the version tag `{0}` is on another commit")]
    OtherCommit(String),
    /// A signature is asked for and there is none.
    #[error("it is not signed")]
    Unsigned,
    /// The signature does not count.
    #[error("its signature does not count: {0}")]
    BadlySigned(String),
}

/// A version tag that is confirmed for the policy's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The version tag.
    pub tag: RefName,
    /// The commit it is on.
    pub commit: Oid,
    /// Since when: the first confirmation after the last revocation; where nothing has to be
    /// confirmed, the date of the version tag itself.
    pub since: Seconds,
    /// Who says so; not escaped, empty where nobody is known to.
    pub by: String,
    /// The newest record; `None` where records are not asked for.
    pub record: Option<RefName>,
}

/// Why a version tag counts as confirmed, or what it lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It is confirmed.
    Confirmed,
    /// Nobody recorded it.
    Missing,
    /// The record comes in this very push; it permits from the next one on.
    InThisPush(RefName),
    /// There are records, but none counts; the newest, and why.
    Flawed(RefName, Flaw),
    /// The newest record is this revocation.
    RolledBack(RefName),
    /// It is recorded, but GitLab's own newest deployment is of another commit, or there is none.
    NotDeployed,
}

/// What the records of one version in one environment add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The version.
    pub version: Version,
    /// The environment.
    pub environment: String,
    /// Whether the newest record says that it runs there (and not that it was rolled back).
    pub deployed: bool,
    /// Since when this holds.
    pub since: Seconds,
    /// The newest record.
    pub record: RefName,
    /// Who made it; not escaped.
    pub by: String,
    /// Why it was rolled back; not escaped.
    pub reason: Option<String>,
}

/// A record that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Its name.
    pub parts: RecordName,
    /// The version tag's commit.
    pub commit: Oid,
    /// The repository, against replay in a fork.
    pub repository: Option<String>,
    /// The job that deployed.
    pub job: Option<String>,
    /// Why it was rolled back.
    pub reason: Option<String>,
}

impl NewRecord {
    /// Returns the tag's message: a sentence, then the trailers.
    #[must_use]
    pub fn message(&self) -> String {
        let RecordName { revokes, environment, version_tag, .. } = &self.parts;
        let (sentence, result) = if *revokes {
            (format!("{version_tag} was rolled back in {environment}"), ROLLED_BACK)
        } else {
            (format!("{version_tag} runs well in {environment}"), SUCCESS)
        };
        let mut message = format!(
            "{sentence}\n\nEnvironment: {environment}\nVersion: {version_tag}\nCommit: {}\nResult: {result}\n",
            self.commit
        );
        for (key, value) in [("Repository", &self.repository), ("Job", &self.job), ("Reason", &self.reason)] {
            if let Some(value) = value {
                message.extend([key, ": ", &one_line(value), "\n"]);
            }
        }
        message
    }
}

const SUCCESS: &str = "success";
const ROLLED_BACK: &str = "rolled-back";

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl RecordName {
    /// Returns the tag's short name.
    #[must_use]
    pub fn tag(&self) -> String {
        let verb = if self.revokes { "rolled-back" } else { "deployed" };
        format!("{verb}/{}/{}/{}", self.environment, self.version_tag, self.id)
    }
}

impl Facts<'_> {
    /// Returns every confirmation and revocation, valid or not, of every environment, sorted by
    /// name.
    pub fn records(&self, when: When) -> &[Record] {
        self.tagged[when as usize].records.get_or_init(|| self.read_records(when))
    }

    /// Returns the record that is called `name`.
    pub fn record(&self, name: &RefName, when: When) -> Option<&Record> {
        let records = self.records(when);
        records.binary_search_by(|record| record.name.cmp(name)).ok().map(|at| &records[at])
    }

    /// Returns the version tags that are confirmed, in flow order: by what was there before the
    /// push and is not revoked with it. Where nothing has to be confirmed: every version tag.
    pub fn confirmed(&self) -> &BTreeMap<Version, Confirmed> {
        self.known_confirmed().get_or_init(|| {
            if !self.policy.confirmation.required() {
                return self.all_versions();
            }
            let events = self.events();
            let deployed = self.deployed_commit();
            let versions = self.versions(When::Before).iter();
            versions
                .filter_map(|(version, tag)| {
                    let events = events.get(version).map_or(&[][..], Vec::as_slice);
                    Some((*version, self.weigh(tag, events, deployed).ok()?))
                })
                .collect()
        })
    }

    /// With revocations of its own, what a push finds confirmed is nobody else's.
    pub(super) fn known_confirmed(&self) -> &OnceCell<BTreeMap<Version, Confirmed>> {
        let [before, after] = &self.tagged;
        if Rc::ptr_eq(before, after) { &before.confirmed } else { &self.confirmed }
    }

    /// Returns the commits of the confirmed version tags: what is reachable from them is shipped.
    pub fn shipped_tips(&self) -> Vec<Oid> {
        let tips: BTreeSet<Oid> = self.confirmed().values().map(|confirmed| confirmed.commit).collect();
        tips.into_iter().collect()
    }

    /// Returns why `version` counts as confirmed, or what it lacks.
    pub fn proof(&self, version: Version) -> Proof {
        if self.confirmed().contains_key(&version) {
            return Proof::Confirmed;
        }
        let Some(tag) = self.versions(When::Before).get(&version) else {
            return self.proof_in_push(version).unwrap_or(Proof::Missing);
        };
        let events = self.events().remove(&version).unwrap_or_default();
        let lacks = self.weigh(tag, &events, self.deployed_commit()).err().unwrap_or(Proof::Missing);
        match lacks {
            Proof::Missing => {
                self.proof_in_push(version).or_else(|| self.flawed_proof(version)).unwrap_or(Proof::Missing)
            }
            known => known,
        }
    }

    /// Returns what the valid records add up to, version by version in flow order, then
    /// environment by environment.
    pub fn standings(&self, when: When) -> Vec<Standing> {
        let mut grouped: BTreeMap<(Version, &str), Vec<&Record>> = BTreeMap::new();
        for record in self.records(when).iter().filter(|record| record.is_valid()) {
            if let Some(version) = record.version {
                grouped.entry((version, &record.parts.environment)).or_default().push(record);
            }
        }
        grouped
            .into_iter()
            .filter_map(|((version, environment), mut records)| {
                records.sort_by(|a, b| a.order(b));
                let (newest, since) = newest_run(&records)?;
                Some(Standing {
                    version,
                    environment: environment.to_owned(),
                    deployed: !newest.parts.revokes,
                    since,
                    record: newest.name.clone(),
                    by: newest.by.clone(),
                    reason: newest.reason.clone(),
                })
            })
            .collect()
    }

    /// Returns the versions that the names of records speak of, valid or not: numbers that are
    /// used up even where their tag is gone. Reads no objects.
    pub fn recorded_versions(&self, when: When) -> BTreeSet<Version> {
        let names = self.record_refs(when).into_iter();
        names.filter_map(|(_, parts)| version_of(self.policy, &parts.version_tag)).collect()
    }

    /// Returns the commit that GitLab's own newest deployment ref of the confirmed environment
    /// names; `None` where there is no such ref (or this clone has not fetched it).
    pub fn deployed_commit(&self) -> Option<Oid> {
        let slug = environment_slug(&self.policy.confirmation.environment);
        let prefix = format!("refs/environments/{slug}/deployments/");
        let (_, newest) = self
            .refs(When::Before)
            .below(&prefix)
            .iter()
            .filter_map(|entry| {
                let number = entry.name.full().strip_prefix(prefix.as_bytes())?.to_str().ok()?;
                Some((number.parse::<u64>().ok()?, entry))
            })
            .max_by_key(|(number, _)| *number)?;
        newest.peeled.or_else(|| self.peel(newest.id))
    }

    pub(super) fn record_refs(&self, when: When) -> Vec<(&Ref, RecordName)> {
        // Sorted by name: `deployed/` comes before `rolled-back/`.
        ["refs/tags/deployed/", "refs/tags/rolled-back/"]
            .into_iter()
            .flat_map(|prefix| self.refs(when).below(prefix))
            .filter_map(|entry| match self.kind(&entry.name) {
                RefKind::Record(parts) => Some((entry, parts)),
                _ => None,
            })
            .collect()
    }

    fn read_records(&self, when: When) -> Vec<Record> {
        let [before, after] = &self.tagged;
        let changed = !Rc::ptr_eq(before, after);
        self.record_refs(when)
            .into_iter()
            .map(|(entry, parts)| {
                let read = match when {
                    When::After if changed => self.known_before(entry),
                    _ => None,
                };
                read.unwrap_or_else(|| self.read_record(entry, parts, when))
            })
            .collect()
    }

    /// Returns what was read of a record before the push, where neither it nor its version tag
    /// changes with the push.
    fn known_before(&self, entry: &Ref) -> Option<Record> {
        let known = self.record(&entry.name, When::Before).filter(|record| record.object == entry.id)?;
        let version = known.version?;
        let [before, after] =
            [When::Before, When::After].map(|when| self.versions(when).get(&version).map(|tag| tag.id));
        (before == after).then(|| known.clone())
    }

    /// Reads a record, unless that was done for another push over the same history: what it says
    /// depends on the record and on the version tag that it is about.
    pub(super) fn read_record(&self, entry: &Ref, parts: RecordName, when: When) -> Record {
        let Some(shared) = self.shared else { return self.read_new_record(entry, parts, when) };
        let version = version_of(self.policy, &parts.version_tag);
        let about = version.and_then(|version| self.versions(when).get(&version));
        let key = (entry.name.clone(), entry.id, about.map(|tag| (tag.name.clone(), tag.id)));
        if let Some(known) = shared.record(&key) {
            return known;
        }
        let troubles = self.troubles();
        let record = self.read_new_record(entry, parts, when);
        // Whoever asks for what cannot be read is to hear of it.
        if self.troubles() == troubles {
            shared.keep_record(key, record.clone());
        }
        record
    }

    fn read_new_record(&self, entry: &Ref, parts: RecordName, when: When) -> Record {
        let mut record = Record {
            name: entry.name.clone(),
            version: version_of(self.policy, &parts.version_tag),
            parts,
            object: entry.id,
            commit: None,
            time: 0,
            by: String::new(),
            job: None,
            reason: None,
            flaws: vec![],
        };
        match self.ask(self.history.object(entry.id)) {
            Some(Object::Tag(tag)) => self.read_tag(&mut record, &tag, when),
            Some(_) => record.flaws.push(Flaw::Lightweight),
            None => record.flaws.push(Flaw::Unreadable),
        }
        record
    }

    fn read_tag(&self, record: &mut Record, tag: &Tag, when: When) {
        if Some(tag.name.as_bstr()) != record.name.tag() {
            record.flaws.push(Flaw::OtherName(escape(&tag.name)));
        }
        match &tag.tagger {
            Some(tagger) => {
                record.time = tagger.time;
                record.by = format!("{} <{}>", tagger.name.to_str_lossy(), tagger.email.to_str_lossy());
            }
            None => record.flaws.push(Flaw::Undated),
        }
        self.check_target(record, tag, when);
        self.check_trailers(record, &trailers(&tag.message));
        if self.policy.confirmation.signed {
            self.check_signature(record);
        }
    }

    fn check_target(&self, record: &mut Record, tag: &Tag, when: When) {
        let name = &record.parts.version_tag;
        let known = record
            .version
            .and_then(|version| self.versions(when).get(&version))
            .filter(|known| known.name == RefName::of_tag(name));
        record.commit = match known.and_then(|known| known.commit) {
            Some(commit) if commit == tag.target => Some(commit),
            _ => self.peel(tag.target),
        };
        let flaw = match known {
            _ if record.commit.is_none() => Flaw::NoCommit,
            _ if record.version.is_none() => Flaw::NoVersion(escape(name.as_bytes())),
            None => Flaw::NoSuchTag(escape(name.as_bytes())),
            Some(known) if known.commit != record.commit => Flaw::OtherCommit(escape(name.as_bytes())),
            Some(_) => return,
        };
        record.flaws.push(flaw);
    }

    fn check_trailers(&self, record: &mut Record, found: &[(String, String)]) {
        let confirmation = &self.policy.confirmation;
        let parts = &record.parts;
        let known = self.policy.environments.iter().any(|one| one.name == parts.environment);
        let mut flaws = vec![];
        if !known && parts.environment != confirmation.environment {
            flaws.push(Flaw::UnknownEnvironment(escape(parts.environment.as_bytes())));
        }
        let result = if parts.revokes { ROLLED_BACK } else { SUCCESS };
        let commit = record.commit.map(|commit| commit.to_string());
        let required = [
            ("Environment", Some(parts.environment.as_str())),
            ("Version", Some(parts.version_tag.as_str())),
            ("Commit", commit.as_deref()),
            ("Result", Some(result)),
        ];
        for (key, wanted) in required {
            match one(found, key) {
                Ok(Some(value)) => flaws.extend(differs(key, value, wanted)),
                Ok(None) => flaws.push(Flaw::Missing(key)),
                Err(flaw) => flaws.push(flaw),
            }
        }
        match (one(found, "Repository"), confirmation.repository.as_deref()) {
            (Ok(None), Some(_)) => flaws.push(Flaw::Missing("Repository")),
            (Ok(Some(value)), Some(wanted)) => flaws.extend(differs("Repository", value, Some(wanted))),
            (Ok(_), None) => {}
            (Err(flaw), _) => flaws.push(flaw),
        }
        for (key, place) in [("Job", &mut record.job), ("Reason", &mut record.reason)] {
            match one(found, key) {
                Ok(value) => *place = value.map(str::to_owned),
                Err(flaw) => flaws.push(flaw),
            }
        }
        record.flaws.extend(flaws);
    }

    fn check_signature(&self, record: &mut Record) {
        let allowed = self.policy.confirmation.allowed_signers.as_deref().unwrap_or_default();
        match self.ask(self.history.signature(record.object, allowed)) {
            Some(Signed::By(principal)) => record.by = principal,
            Some(Signed::Not) => record.flaws.push(Flaw::Unsigned),
            Some(Signed::Badly(why)) => record.flaws.push(Flaw::BadlySigned(escape(why.as_bytes()))),
            None => record.flaws.push(Flaw::Unreadable),
        }
    }

    /// Returns the valid records for the policy's environment that count for this push, oldest
    /// first: all that were there before, and revocations that come with the push.
    fn events(&self) -> BTreeMap<Version, Vec<&Record>> {
        let counts = |record: &&Record| record.is_valid() && self.is_decisive(&record.parts);
        let before = self.records(When::Before).iter().filter(counts);
        let added = self.records(When::After).iter().filter(counts);
        let added = added.filter(|record| self.comes_to_revoke(record.object, &record.name, &record.parts));
        let mut events: BTreeMap<Version, Vec<&Record>> = BTreeMap::new();
        for record in before.chain(added) {
            if let Some(version) = record.version {
                events.entry(version).or_default().push(record);
            }
        }
        for records in events.values_mut() {
            records.sort_by(|a, b| a.order(b));
        }
        events
    }

    /// Whether a record of this name is about the environment that decides.
    pub(super) fn is_decisive(&self, parts: &RecordName) -> bool {
        parts.environment == self.policy.confirmation.environment
    }

    /// Whether it is a revocation that the push sets.
    pub(super) fn comes_to_revoke(&self, object: Oid, name: &RefName, parts: &RecordName) -> bool {
        parts.revokes && self.refs(When::Before).get(name).map(|was| was.id) != Some(object)
    }

    pub(super) fn weigh(
        &self,
        tag: &VersionTag,
        events: &[&Record],
        deployed: Option<Oid>,
    ) -> Result<Confirmed, Proof> {
        let confirmation = &self.policy.confirmation;
        let commit = tag.commit.ok_or(Proof::Missing)?;
        let newest = newest_run(events);
        if let Some((record, _)) = newest
            && record.parts.revokes
        {
            return Err(Proof::RolledBack(record.name.clone()));
        }
        if confirmation.record && newest.is_none() {
            return Err(Proof::Missing);
        }
        if confirmation.gitlab_environment && deployed != Some(commit) {
            return Err(Proof::NotDeployed);
        }
        let (since, by, record) = match newest {
            Some((record, since)) => (since, record.by.clone(), Some(record.name.clone())),
            None => (self.date_of(tag), String::new(), None),
        };
        Ok(Confirmed { tag: tag.name.clone(), commit, since, by, record })
    }

    fn all_versions(&self) -> BTreeMap<Version, Confirmed> {
        let versions = self.versions(When::After).iter();
        versions
            .filter_map(|(version, tag)| {
                let confirmed = Confirmed {
                    tag: tag.name.clone(),
                    commit: tag.commit?,
                    since: self.date_of(tag),
                    by: String::new(),
                    record: None,
                };
                Some((*version, confirmed))
            })
            .collect()
    }

    /// Returns when a version tag was set: its tagger's date, else its commit's.
    fn date_of(&self, tag: &VersionTag) -> Seconds {
        if let Some(Object::Tag(Tag { tagger: Some(tagger), .. })) = self.ask(self.history.object(tag.id)) {
            return tagger.time;
        }
        let commit = tag.commit.and_then(|commit| self.ask(self.history.commit(commit)));
        commit.and_then(|commit| commit.committer).map_or(0, |committer| committer.time)
    }

    fn proof_in_push(&self, version: Version) -> Option<Proof> {
        let record = self.newest_named(version, When::After, |record| {
            !record.parts.revokes && record.is_valid() && self.record(&record.name, When::Before).is_none()
        })?;
        Some(Proof::InThisPush(record.name.clone()))
    }

    fn flawed_proof(&self, version: Version) -> Option<Proof> {
        let record = self.newest_named(version, When::Before, |record| !record.is_valid())?;
        Some(Proof::Flawed(record.name.clone(), record.flaws.first()?.clone()))
    }

    fn newest_named(
        &self,
        version: Version,
        when: When,
        counts: impl Fn(&Record) -> bool,
    ) -> Option<&Record> {
        self.records(when)
            .iter()
            .filter(|record| record.version == Some(version))
            .filter(|record| record.parts.environment == self.policy.confirmation.environment)
            .filter(|record| counts(record))
            .max_by(|a, b| a.order(b))
    }
}

/// Returns the newest of the records (oldest first), and since when what it says holds: the date
/// of the first record of the unbroken run that it ends.
fn newest_run<'a>(records: &[&'a Record]) -> Option<(&'a Record, Seconds)> {
    let newest = *records.last()?;
    let run = records.iter().rev().take_while(|record| record.parts.revokes == newest.parts.revokes);
    Some((newest, run.last().map_or(newest.time, |first| first.time)))
}

/// Returns the order of two records' ids: numbers by value and before everything else, the rest
/// as strings.
fn id_order(a: &str, b: &str) -> Ordering {
    let number = |id: &str| {
        id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.trim_start_matches('0').to_owned())
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(&b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Returns the one value of a trailer; a second one, even of the same text, is a flaw.
fn one<'a>(found: &'a [(String, String)], key: &'static str) -> Result<Option<&'a str>, Flaw> {
    let mut values = found.iter().filter(|(found, _)| found.eq_ignore_ascii_case(key));
    let first = values.next().map(|(_, value)| value.as_str());
    match values.next() {
        None => Ok(first),
        Some(_) => Err(Flaw::Repeated(key)),
    }
}

fn differs(key: &'static str, found: &str, wanted: Option<&str>) -> Option<Flaw> {
    let wanted = wanted?;
    (found != wanted).then(|| Flaw::Differs {
        key,
        found: escape(found.as_bytes()),
        wanted: escape(wanted.as_bytes()),
    })
}

/// Returns the trailers of a message as `git interpret-trailers` finds them: `Key: value` lines,
/// and lines that continue them, which make up the whole last paragraph, if that is not the first.
fn trailers(message: &[u8]) -> Vec<(String, String)> {
    let text = message.to_str_lossy();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let Some(blank) = lines.iter().rposition(|line| line.trim().is_empty()) else {
        return vec![];
    };
    let mut found: Vec<(String, String)> = vec![];
    for line in &lines[blank + 1..] {
        if line.starts_with([' ', '\t']) {
            let Some((_, value)) = found.last_mut() else { return vec![] };
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((key, value)) = line.split_once(':').filter(|(key, _)| is_key(key)) {
            found.push((key.trim_end().to_owned(), value.trim().to_owned()));
        } else {
            return vec![];
        }
    }
    found
}

fn is_key(text: &str) -> bool {
    let key = text.trim_end();
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Returns the slug that GitLab makes of an environment's name and uses in its refs.
fn environment_slug(name: &str) -> String {
    let mut slug = String::new();
    let lower = name.to_lowercase();
    let starts_well = lower.starts_with(|c: char| c.is_ascii_lowercase());
    for c in if starts_well { "" } else { "env-" }.chars().chain(lower.chars()) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        if c != '-' || !slug.ends_with('-') {
            slug.push(c);
        }
    }
    if slug == name && slug.len() <= 24 {
        return slug.trim_end_matches('-').to_owned();
    }
    slug.truncate(17);
    if !slug.ends_with('-') {
        slug.push('-');
    }
    slug + &slug_suffix(name)
}

/// Returns the last six digits, to the base of 36, of the SHA-256 of a name.
fn slug_suffix(name: &str) -> String {
    const BASE: u64 = 36;
    let digest = Sha256::digest(name.as_bytes());
    let mut rest = digest.iter().fold(0, |rest, byte| (rest * 256 + u64::from(*byte)) % BASE.pow(6));
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"
            [usize::try_from(rest % BASE).expect("a digit is below 36")];
        rest /= BASE;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Memory, NewCommit, NewTag, Refs, Signature};
    use crate::policy::Policy;
    use crate::push::{Push, RefUpdate};

    /// A repository with `v1.0.0` on its own commit, and whatever records a test adds.
    struct Scene {
        history: Memory,
        policy: Policy,
        before: Refs,
        updates: Vec<RefUpdate>,
        v1: Oid,
    }

    fn at(time: Seconds) -> Signature {
        Signature { name: "Ops".into(), email: "ops@example.com".into(), time }
    }

    fn version(text: &str) -> Version {
        version_of(&Policy::built_in(), text).expect("the tests name versions")
    }

    impl Scene {
        fn new() -> Self {
            let mut history = Memory::default();
            let v1 =
                history.add_commit(&NewCommit { message: "one".into(), by: at(10), ..NewCommit::default() });
            let mut scene =
                Self { history, policy: Policy::built_in(), before: Refs::default(), updates: vec![], v1 };
            let tag = scene.tag("v1.0.0", v1, 20, "1.0.0\n");
            scene.there("v1.0.0", tag);
            scene
        }

        fn tag(&mut self, name: &str, target: Oid, time: Seconds, message: &str) -> Oid {
            let (name, message) = (name.to_owned(), message.to_owned());
            self.history.add_tag(&NewTag { target, name, by: at(time), message })
        }

        fn there(&mut self, tag: &str, id: Oid) {
            self.before.set(Ref::new(RefName::of_tag(tag), id));
        }

        fn pushed(&mut self, tag: &str, id: Oid) {
            let name = RefName::of_tag(tag);
            let old = self.before.get(&name).map(|entry| entry.id);
            self.updates.push(RefUpdate { name, old, new: Some(id) });
        }

        fn message(&self, tag: &str) -> String {
            let parts = RecordName::parse(tag).expect("the tests name records");
            let new = NewRecord { parts, commit: self.v1, repository: None, job: None, reason: None };
            new.message()
        }

        fn record(&mut self, tag: &str, time: Seconds) -> Oid {
            let message = self.message(tag);
            self.tag(tag, self.v1, time, &message)
        }

        fn recorded(&mut self, tag: &str, time: Seconds) {
            let id = self.record(tag, time);
            self.there(tag, id);
        }

        fn ask<T>(&self, question: impl Fn(&Facts<'_>) -> T) -> T {
            let push = Push::new(self.before.clone(), self.updates.clone());
            question(&Facts::new(&self.history, &self.policy, &push))
        }

        fn confirmed(&self) -> bool {
            self.ask(|facts| facts.confirmed().contains_key(&version("v1.0.0")))
        }

        fn proof(&self) -> Proof {
            self.ask(|facts| facts.proof(version("v1.0.0")))
        }

        fn flaws(&self, tag: &str) -> Vec<Flaw> {
            let name = RefName::of_tag(tag);
            self.ask(|facts| facts.record(&name, When::After).expect("the tests name records").flaws.clone())
        }

        /// Returns the flaws of a record whose message was changed.
        fn flaws_with(change: impl Fn(&str) -> String) -> Vec<Flaw> {
            let mut scene = Self::new();
            let message = change(&scene.message("deployed/prod/v1.0.0/1"));
            let id = scene.tag("deployed/prod/v1.0.0/1", scene.v1, 30, &message);
            scene.there("deployed/prod/v1.0.0/1", id);
            scene.flaws("deployed/prod/v1.0.0/1")
        }
    }

    #[test]
    fn a_version_tag_without_a_record_is_not_confirmed() {
        let scene = Scene::new();
        assert!(!scene.confirmed());
        assert_eq!(scene.proof(), Proof::Missing);
    }

    #[test]
    fn the_newest_confirmed_version_is_the_same_however_it_is_asked_for() {
        let (versions, mut kinds) = (["v1.0.0", "v1.0.0-hotfix1", "v1.1.0", "v2.0.0"], BTreeSet::new());
        for case in 0_u32..3000 {
            let mut scene = Scene::new();
            let mut dice = case.wrapping_mul(2_654_435_769);
            let mut below = |n: u32| {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (dice >> 16) % n
            };
            for (name, time) in versions.into_iter().zip(20..) {
                let tag = scene.tag(name, scene.v1, time, "it\n");
                match below(5) {
                    0 => scene.pushed(name, tag),
                    1 => {}
                    _ => scene.there(name, tag),
                }
                for number in 1..=below(4) {
                    let family = if below(3) == 0 { "rolled-back" } else { "deployed" };
                    let environment = if below(4) == 0 { "alpha" } else { "prod" };
                    let record = format!("{family}/{environment}/{name}/{number}");
                    let time = 30 + Seconds::from(below(6));
                    let id = if below(5) == 0 {
                        scene.tag(&record, scene.v1, time, "no trailers\n")
                    } else {
                        scene.record(&record, time)
                    };
                    if below(3) > 0 {
                        scene.there(&record, id);
                    } else {
                        scene.pushed(&record, id);
                    }
                }
            }
            let newest = |facts: &Facts<'_>| facts.newest_confirmed_of_all();
            let newest = scene.ask(newest);
            let all = scene.ask(|facts| facts.confirmed().keys().next_back().copied());
            assert_eq!(newest, all, "case {case}");
            kinds.insert(newest);
        }
        assert_eq!(kinds.len(), versions.len() + 1);
    }

    #[test]
    fn a_record_that_is_there_confirms() {
        let mut scene = Scene::new();
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        scene.recorded("deployed/prod/v1.0.0/2", 40);
        let confirmed = scene.ask(|facts| facts.confirmed()[&version("v1.0.0")].clone());
        assert_eq!(confirmed.commit, scene.v1);
        assert_eq!(confirmed.since, 30);
        assert_eq!(confirmed.by, "Ops <ops@example.com>");
        assert_eq!(confirmed.record, Some(RefName::of_tag("deployed/prod/v1.0.0/2")));
        let shipped = scene.ask(|facts| (facts.shipped_tips(), facts.trouble()));
        assert_eq!(shipped, (vec![scene.v1], vec![]));
    }

    #[test]
    fn a_record_of_the_same_push_permits_nothing() {
        let mut scene = Scene::new();
        let id = scene.record("deployed/prod/v1.0.0/1", 30);
        scene.pushed("deployed/prod/v1.0.0/1", id);
        assert!(!scene.confirmed());
        assert_eq!(scene.proof(), Proof::InThisPush(RefName::of_tag("deployed/prod/v1.0.0/1")));
    }

    #[test]
    fn a_record_may_come_with_its_version_tag() {
        let mut scene = Scene::new();
        scene.before = Refs::default();
        let tag = scene.tag("v1.0.0", scene.v1, 20, "1.0.0\n");
        scene.pushed("v1.0.0", tag);
        let id = scene.record("deployed/prod/v1.0.0/1", 30);
        scene.pushed("deployed/prod/v1.0.0/1", id);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/1"), []);
        assert!(!scene.confirmed());
    }

    #[test]
    fn a_roll_back_of_the_same_push_revokes() {
        let mut scene = Scene::new();
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        let id = scene.record("rolled-back/prod/v1.0.0/2", 40);
        scene.pushed("rolled-back/prod/v1.0.0/2", id);
        assert_eq!(scene.proof(), Proof::RolledBack(RefName::of_tag("rolled-back/prod/v1.0.0/2")));
        assert!(!scene.confirmed());
    }

    #[test]
    fn deleting_a_roll_back_brings_nothing_back() {
        let mut scene = Scene::new();
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        scene.recorded("rolled-back/prod/v1.0.0/2", 40);
        let name = RefName::of_tag("rolled-back/prod/v1.0.0/2");
        let old = scene.before.get(&name).map(|entry| entry.id);
        scene.updates.push(RefUpdate { name, old, new: None });
        assert!(!scene.confirmed());
    }

    #[test]
    fn the_newest_record_wins_by_date_then_by_id_then_the_roll_back() {
        let cases = [
            (("deployed/prod/v1.0.0/2", 50), ("rolled-back/prod/v1.0.0/1", 40), true),
            (("deployed/prod/v1.0.0/1", 40), ("rolled-back/prod/v1.0.0/2", 50), false),
            (("deployed/prod/v1.0.0/10", 40), ("rolled-back/prod/v1.0.0/9", 40), true),
            (("deployed/prod/v1.0.0/b10", 40), ("rolled-back/prod/v1.0.0/b9", 40), false),
            (("deployed/prod/v1.0.0/7", 40), ("rolled-back/prod/v1.0.0/7", 40), false),
            (("deployed/prod/v1.0.0/07", 40), ("rolled-back/prod/v1.0.0/7", 40), false),
        ];
        for (deployed, rolled_back, expected) in cases {
            let mut scene = Scene::new();
            scene.recorded(deployed.0, deployed.1);
            scene.recorded(rolled_back.0, rolled_back.1);
            assert_eq!(scene.confirmed(), expected, "{deployed:?} {rolled_back:?}");
        }
    }

    #[test]
    fn ids_have_one_order() {
        let ids = ["9", "10", "100000000000000000000000", "1a", "20261122T100000Z", "a"];
        for (i, a) in ids.iter().enumerate() {
            for (j, b) in ids.iter().enumerate() {
                assert_eq!(id_order(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_record_of_another_environment_is_valid_and_confirms_nothing() {
        let mut scene = Scene::new();
        scene.recorded("deployed/alpha/v1.0.0/1", 30);
        assert_eq!(scene.flaws("deployed/alpha/v1.0.0/1"), []);
        assert!(!scene.confirmed());
        let standings = scene.ask(|facts| facts.standings(When::Before));
        assert_eq!(standings.len(), 1);
        assert_eq!((standings[0].environment.as_str(), standings[0].deployed), ("alpha", true));
    }

    #[test]
    fn a_record_says_what_its_name_says() {
        assert_eq!(Scene::flaws_with(str::to_owned), []);
        let gone = |key: &'static str| {
            move |message: &str| {
                message.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n")
            }
        };
        for key in ["Environment", "Version", "Commit", "Result"] {
            assert_eq!(Scene::flaws_with(gone(key)), [Flaw::Missing(key)]);
        }
        let other = Scene::flaws_with(|message| message.replace("Version: v1.0.0", "Version: v1.0.1"));
        let differs = Flaw::Differs { key: "Version", found: "v1.0.1".into(), wanted: "v1.0.0".into() };
        assert_eq!(other, [differs]);
        let failed = Scene::flaws_with(|message| message.replace("success", "failed\x1b[2J"));
        let differs =
            Flaw::Differs { key: "Result", found: "failed\\u{1b}[2J".into(), wanted: "success".into() };
        assert_eq!(failed, [differs]);
        let twice = Scene::flaws_with(|message| format!("{message}Result: rolled-back\n"));
        assert_eq!(twice, [Flaw::Repeated("Result")]);
    }

    #[test]
    fn trailers_are_the_last_paragraph() {
        let moved = Scene::flaws_with(|message| format!("{message}\nThat was it.\n"));
        assert_eq!(moved.len(), 4);
        assert_eq!(trailers(b"Result: success\n"), []);
        assert_eq!(
            trailers(b"Title\n\nText\n\nA: 1\nb-c :  2\n  and more\n\n"),
            [("A".into(), "1".into()), ("b-c".into(), "2 and more".into())]
        );
        assert_eq!(trailers(b"Title\n\nA: 1\nno trailer\n"), []);
        assert_eq!(trailers(b"Title\n\n  continues nothing\nA: 1\n"), []);
    }

    #[test]
    fn a_record_is_an_annotated_tag_of_that_name() {
        let mut scene = Scene::new();
        scene.there("deployed/prod/v1.0.0/1", scene.v1);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/1"), [Flaw::Lightweight]);
        let id = scene.record("deployed/prod/v1.0.0/1", 30);
        scene.there("deployed/prod/v1.0.0/2", id);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/2"), [Flaw::OtherName("deployed/prod/v1.0.0/1".into())]);
        assert!(!scene.confirmed());
        assert!(matches!(scene.proof(), Proof::Flawed(..)));
    }

    #[test]
    fn a_record_is_about_the_commit_of_its_version_tag() {
        let mut scene = Scene::new();
        let other = scene.history.add_commit(&NewCommit { message: "other".into(), ..NewCommit::default() });
        let message =
            scene.message("deployed/prod/v1.0.0/1").replace(&scene.v1.to_string(), &other.to_string());
        let id = scene.tag("deployed/prod/v1.0.0/1", other, 30, &message);
        scene.there("deployed/prod/v1.0.0/1", id);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/1"), [Flaw::OtherCommit("v1.0.0".into())]);
        scene.recorded("deployed/prod/v9.0.0/1", 30);
        assert_eq!(scene.flaws("deployed/prod/v9.0.0/1"), [Flaw::NoSuchTag("v9.0.0".into())]);
        scene.recorded("deployed/prod/nightly/1", 30);
        assert_eq!(scene.flaws("deployed/prod/nightly/1"), [Flaw::NoVersion("nightly".into())]);
        scene.recorded("deployed/moon/v1.0.0/1", 30);
        assert_eq!(scene.flaws("deployed/moon/v1.0.0/1"), [Flaw::UnknownEnvironment("moon".into())]);
    }

    #[test]
    fn a_nested_record_is_peeled() {
        let mut scene = Scene::new();
        let version_tag = scene.before.get(&RefName::of_tag("v1.0.0")).expect("it was set").id;
        let message = scene.message("deployed/prod/v1.0.0/1");
        let id = scene.tag("deployed/prod/v1.0.0/1", version_tag, 30, &message);
        scene.there("deployed/prod/v1.0.0/1", id);
        assert!(scene.confirmed());
    }

    #[test]
    fn a_record_names_the_repository_where_the_policy_asks_for_it() {
        let mut scene = Scene::new();
        scene.policy.confirmation.repository = Some("group/shop".into());
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/1"), [Flaw::Missing("Repository")]);
        for (repository, flaws) in [("group/shop", 0), ("fork/shop", 1)] {
            let message = scene.message("deployed/prod/v1.0.0/2") + &format!("Repository: {repository}\n");
            let id = scene.tag("deployed/prod/v1.0.0/2", scene.v1, 30, &message);
            scene.there("deployed/prod/v1.0.0/2", id);
            assert_eq!(scene.flaws("deployed/prod/v1.0.0/2").len(), flaws, "{repository}");
        }
    }

    #[test]
    fn a_record_is_signed_where_the_policy_asks_for_it() {
        let mut scene = Scene::new();
        scene.policy.confirmation.signed = true;
        let id = scene.record("deployed/prod/v1.0.0/1", 30);
        scene.there("deployed/prod/v1.0.0/1", id);
        assert_eq!(scene.flaws("deployed/prod/v1.0.0/1"), [Flaw::Unsigned]);
        scene.history.sign(id, "deployer@example.com");
        let by = scene.ask(|facts| facts.confirmed()[&version("v1.0.0")].by.clone());
        assert_eq!(by, "deployer@example.com");
    }

    #[test]
    fn without_a_requirement_every_version_tag_is_confirmed_at_once() {
        let mut scene = Scene::new();
        scene.policy.confirmation.record = false;
        let id = scene.tag("v1.0.0-hotfix1", scene.v1, 40, "hotfix\n");
        scene.pushed("v1.0.0-hotfix1", id);
        let all: Vec<_> = scene.ask(|facts| facts.confirmed().iter().map(|(v, c)| (*v, c.since)).collect());
        assert_eq!(all, [(version("v1.0.0"), 20), (version("v1.0.0-hotfix1"), 40)]);
    }

    #[test]
    fn gitlabs_newest_deployment_must_agree_where_it_is_asked_for() {
        let mut scene = Scene::new();
        scene.policy.confirmation.gitlab_environment = true;
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        assert_eq!(scene.proof(), Proof::NotDeployed);
        let other = scene.history.add_commit(&NewCommit { message: "other".into(), ..NewCommit::default() });
        for (iid, commit, expected) in [(9, scene.v1, true), (10, other, false), (11, scene.v1, true)] {
            scene
                .before
                .set(Ref::new(RefName::new(format!("refs/environments/prod/deployments/{iid}")), commit));
            assert_eq!(scene.confirmed(), expected, "{iid}");
        }
        scene.policy.confirmation.record = false;
        scene.before.remove(&RefName::of_tag("deployed/prod/v1.0.0/1"));
        assert!(scene.confirmed());
    }

    #[test]
    fn a_deployment_ref_of_the_push_itself_is_no_proof() {
        let mut scene = Scene::new();
        scene.policy.confirmation.gitlab_environment = true;
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        let name = RefName::new("refs/environments/prod/deployments/1");
        scene.updates.push(RefUpdate { name, old: None, new: Some(scene.v1) });
        assert!(!scene.confirmed());
    }

    #[test]
    fn an_environments_slug_is_gitlabs() {
        // The suffixes are the last six digits of `Digest::SHA256.hexdigest(name).to_i(16).to_s(36)`.
        assert_eq!(environment_slug("production"), "production");
        assert_eq!(environment_slug("PRODUCTION"), "production-vl4voz");
        assert_eq!(environment_slug("review/1-foo"), "review-1-foo-9tdj0u");
        assert_eq!(environment_slug("9-staging"), "env-9-staging-cnqix1");
        assert_eq!(environment_slug("staging-12345678901234567"), "staging-123456789-s729ne");
    }

    #[test]
    fn a_number_that_a_record_names_is_known_without_reading_it() {
        let mut scene = Scene::new();
        let nowhere = Oid::null(scene.v1.kind());
        scene.there("deployed/prod/v1.0.0-hotfix3/1", nowhere);
        let known = scene.ask(|facts| (facts.recorded_versions(When::Before), facts.trouble()));
        assert_eq!(known, ([version("v1.0.0-hotfix3")].into(), vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_remembered() {
        let mut scene = Scene::new();
        let nowhere = Oid::null(scene.v1.kind());
        scene.there("deployed/prod/v1.0.0/1", nowhere);
        let trouble = scene.ask(|facts| (facts.confirmed().len(), facts.trouble().len()));
        assert_eq!(trouble, (0, 1));
    }

    #[test]
    fn standings_tell_since_when() {
        let mut scene = Scene::new();
        scene.recorded("deployed/prod/v1.0.0/1", 30);
        scene.recorded("rolled-back/prod/v1.0.0/2", 40);
        scene.recorded("rolled-back/prod/v1.0.0/3", 50);
        let standings = scene.ask(|facts| facts.standings(When::Before));
        assert_eq!(standings.len(), 1);
        assert_eq!((standings[0].deployed, standings[0].since), (false, 40));
        assert_eq!(standings[0].record, RefName::of_tag("rolled-back/prod/v1.0.0/3"));
    }
}
