//! What a line takes in: from which refs, and whether it has been confirmed.

use super::{Facts, LineId, LineMove, RefKind, When};
use crate::history::{IdMap, IdSet, Oid, Ref};
use crate::policy::{Base, LineRole, MergeStyle, Topic, While};
use crate::version::{Release, Version};

/// Why a commit may not enter a line by the refs that hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// A ref of a kind that may enter holds it.
    Permitted,
    /// A ref of a kind that may enter holds it, but the release's state does not admit that kind.
    NotNow,
    /// Only refs of kinds that may not enter hold it.
    WrongKind,
    /// No ref holds it: a topic that was never pushed.
    Unknown,
}

/// Commits that a line takes in and may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accused {
    /// The commits, children before parents.
    pub commits: Vec<Oid>,
    /// The short names of the refs that hold the newest of them, with the word for their kind.
    pub holders: Vec<(String, String)>,
}

/// What a line takes in of a wrong kind, and of a kind that is not admitted now.
pub(super) type Unwelcome = (Option<Accused>, Option<Accused>);

/// A topic that holds what a line may not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Its short name.
    pub name: String,
    /// The word for its kind.
    pub kind: String,
    /// Whether it holds all that the line takes in.
    pub keeps_all: bool,
}

/// What a line takes in that is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfirmed {
    /// The commits, children before parents.
    pub commits: Vec<Oid>,
    /// The release that they belong to, where one is known.
    pub release: Option<Release>,
    /// Whether it came as one commit that makes the release's whole change.
    pub squashed: bool,
}

/// Tips that stand for one kind of ref, and what of them does not count as theirs.
struct Group {
    entry: Entry,
    tips: Vec<Oid>,
    bases: Vec<Oid>,
    /// For kinds that may enter a release until its tag: the line's newest step that the tag has.
    until: Option<Oid>,
}

impl Facts<'_> {
    /// Returns the topic refs of one kind, before or after the push, with their tips: a topic that
    /// the push moves is there twice.
    fn topics_of(&self, wanted: usize) -> Vec<(String, Oid)> {
        let before = self.refs(When::Before);
        let stood = |entry: &&Ref| before.get(&entry.name).is_some_and(|known| known.id == entry.id);
        let stand = self.topics_at(wanted, When::After).filter(|entry| !stood(entry));
        let all = self.topics_at(wanted, When::Before).chain(stand);
        all.map(|entry| (entry.name.short(), entry.id)).collect()
    }

    fn topics_at(&self, wanted: usize, when: When) -> impl Iterator<Item = &Ref> {
        let pattern = &self.policy.topics[wanted].branch;
        let of_kind = move |entry: &&Ref| {
            entry.name.branch().is_some_and(|branch| pattern.may_match(branch))
                && matches!(self.kind(&entry.name), RefKind::Topic { kind, .. } if kind == wanted)
        };
        self.refs(when).below("refs/heads/").iter().filter(of_kind)
    }

    /// What the lines that topics of a kind start from held before the push: not the topics' own.
    fn bases_of(&self, topic: &Topic) -> Vec<Oid> {
        match topic.from {
            Base::Line(LineRole::Release) => self.releases(When::Before).values().copied().collect(),
            Base::Line(role) => self.line(role, When::Before).into_iter().collect(),
            Base::Confirmed => {
                let lines = [LineRole::Integration, LineRole::Production];
                let lines = lines.into_iter().filter_map(|role| self.line(role, When::Before));
                lines.chain(self.shipped_below(None)).collect()
            }
        }
    }

    fn topic_group(&self, moved: &LineMove, kind: usize) -> Option<Group> {
        let topic = &self.policy.topics[kind];
        let mut group = Group {
            entry: Entry::WrongKind,
            tips: self.topics_of(kind).into_iter().map(|(_, tip)| tip).collect(),
            bases: self.bases_of(topic),
            until: None,
        };
        if !topic.into.contains(&moved.line.role()) {
            return Some(group);
        }
        group.entry = Entry::Permitted;
        if let LineId::Release(release) = moved.line {
            let tag = Version::of(release);
            let tagged_before = self.versions(When::Before).contains_key(&tag);
            let tagged_after = self.versions(When::After).contains_key(&tag);
            match topic.while_ {
                While::BeforeTag if tagged_before => {
                    group.entry = Entry::NotNow;
                    let tag = self.version_commit(tag, When::After);
                    group.until = self.among(&moved.trunk, tag.as_slice())?.first().copied();
                }
                While::AfterTag if !tagged_after => group.entry = Entry::NotNow,
                _ => {}
            }
        }
        Some(group)
    }

    /// The release lines and version tags, where releases may enter the line. What the push puts
    /// onto the line's own new steps is no evidence for what these took in: a version tag set
    /// there, a release cut there.
    fn release_groups(&self, moved: &LineMove) -> Option<Vec<Group>> {
        let enters = |role: &LineRole| *role == moved.line.role();
        if !self.policy.releases.as_ref().is_some_and(|releases| releases.into.iter().any(enters)) {
            return Some(vec![]);
        }
        let permitted = |tips, bases| Group { entry: Entry::Permitted, tips, bases, until: None };
        let known = self.versions(When::Before);
        let mut tips: Vec<Oid> = known.values().filter_map(|tag| tag.commit).collect();
        tips.extend(self.releases(When::Before).values());
        for (version, tag) in self.versions(When::After) {
            let commit = tag
                .commit
                .filter(|commit| known.get(version).is_none_or(|known| known.commit != Some(*commit)));
            if let Some(commit) = commit
                && self.stands_beside(moved, commit)?
            {
                tips.push(commit);
            }
        }
        let mut groups = vec![permitted(tips, vec![])];
        for (_, tip) in self.releases_set() {
            groups.push(permitted(vec![tip], self.taken_from(moved, tip)?.into_iter().collect()));
        }
        Some(groups)
    }

    /// Returns the releases whose lines the push creates or moves, with their new tips.
    fn releases_set(&self) -> impl Iterator<Item = (Release, Oid)> {
        let before = self.releases(When::Before);
        let after = self.releases(When::After).iter().map(|(release, tip)| (*release, *tip));
        after.filter(move |(release, tip)| before.get(release) != Some(tip))
    }

    /// Returns the newest of the line's own new steps that `tip` contains: what it has by that, it
    /// has from the line. A line that takes fast-forwards has other branches' commits on its trunk.
    fn taken_from(&self, moved: &LineMove, tip: Oid) -> Option<Option<Oid>> {
        if self.merge_style(moved.line) != MergeStyle::MergeCommit {
            return Some(None);
        }
        self.step_in(moved, tip)
    }

    /// Returns the newest of the line's own new steps that `tip` contains.
    fn step_in(&self, moved: &LineMove, tip: Oid) -> Option<Option<Oid>> {
        Some(self.among(&moved.trunk, &[tip])?.first().copied())
    }

    /// What is judged for `merge-source`: what came in from the side; on a line that takes
    /// fast-forwards, everything.
    fn incoming(&self, moved: &LineMove) -> Option<Vec<Oid>> {
        let incoming = match self.merge_style(moved.line) {
            MergeStyle::MergeCommit => moved.brought(),
            MergeStyle::FastForward | MergeStyle::Any => moved.introduced.clone(),
        };
        if incoming.is_empty() {
            return Some(incoming);
        }
        let known: IdSet<Oid> = self.versions(When::Before).values().filter_map(|tag| tag.commit).collect();
        let mut shipped = vec![];
        for tip in self.shipped_below(moved.line.release()) {
            let counts = known.contains(&tip) || self.stands_beside(moved, tip)?;
            shipped.extend(counts.then_some(tip));
        }
        self.without(&incoming, &shipped)
    }

    /// Whether `commit` contains no new step of the line: what stands on these is no evidence for
    /// what they took in.
    fn stands_beside(&self, moved: &LineMove, commit: Oid) -> Option<bool> {
        // Steps are newest first: what contains one contains the oldest.
        match moved.trunk.last() {
            Some(oldest) => Some(!self.ask(self.history.is_ancestor(*oldest, commit))?),
            None => Some(true),
        }
    }

    /// Returns what a line takes in that its refs do not allow: of the wrong kind, and of a kind
    /// that the release's state does not admit now.
    pub fn accused(&self, moved: &LineMove) -> Option<Unwelcome> {
        let known = self.accused.borrow().get(&moved.line).cloned();
        if known.is_some() {
            return known;
        }
        let accused = self.find_accused(moved)?;
        self.accused.borrow_mut().insert(moved.line, accused.clone());
        Some(accused)
    }

    fn find_accused(&self, moved: &LineMove) -> Option<Unwelcome> {
        let incoming = self.incoming(moved)?;
        if incoming.is_empty() {
            return Some((None, None));
        }
        let line = moved.line;
        let entries = self.entries(&incoming, &self.groups(moved)?)?;
        let owned = self.owned_by_others(line, &incoming)?;
        let pick = |wanted: Entry| -> Vec<Oid> {
            let zipped = incoming.iter().zip(&entries);
            let hits = zipped.filter(|(commit, entry)| match wanted {
                Entry::WrongKind => {
                    **entry == wanted || (**entry == Entry::Unknown && owned.contains(*commit))
                }
                wanted => **entry == wanted,
            });
            hits.map(|(commit, _)| *commit).collect()
        };
        let (wrong, late) = (pick(Entry::WrongKind), pick(Entry::NotNow));
        Some((self.accuse(moved, wrong, &owned)?, self.accuse(moved, late, &IdSet::default())?))
    }

    /// Everything that says whether commits may enter the line.
    fn groups(&self, moved: &LineMove) -> Option<Vec<Group>> {
        let mut groups = vec![];
        for kind in 0..self.policy.topics.len() {
            groups.extend(self.topic_groups(moved, kind)?);
        }
        groups.extend(self.release_groups(moved)?);
        Some(groups)
    }

    /// The topics of one kind. What one that the push sets has from the line's own new steps, or
    /// from a line that has other commits, is no evidence for what came in.
    fn topic_groups(&self, moved: &LineMove, kind: usize) -> Option<Vec<Group>> {
        let mut known = self.topic_group(moved, kind)?;
        if known.entry == Entry::WrongKind {
            return Some(vec![known]);
        }
        let stood: IdSet<Oid> = self.topics_at(kind, When::Before).map(|entry| entry.id).collect();
        let (old, set): (Vec<Oid>, Vec<Oid>) = known.tips.iter().partition(|tip| stood.contains(*tip));
        known.tips = old;
        let other = self.tip(Self::other_line(moved.line), When::Before);
        let mut groups = vec![];
        for tip in set {
            // A line that is new has nothing by fast-forward either.
            let taken = if moved.created { self.step_in(moved, tip)? } else { self.taken_from(moved, tip)? };
            let bases = known.bases.iter().copied().chain(taken).chain(other).collect();
            groups.push(Group { tips: vec![tip], bases, ..known });
        }
        groups.push(known);
        Some(groups)
    }

    /// Returns the topic by which `commits` could not come in from the side either: one that may
    /// not enter the line holds some of them, and none that may.
    pub fn stranger(&self, moved: &LineMove, commits: &[Oid]) -> Option<Option<Stranger>> {
        let entries = self.entries(commits, &self.groups(moved)?)?;
        let strange = commits.iter().zip(&entries).find(|(_, entry)| **entry == Entry::WrongKind);
        let Some((strange, _)) = strange else { return Some(None) };
        for (at, topic) in self.policy.topics.iter().enumerate() {
            for (name, tip) in self.topics_of(at) {
                if self.ask(self.history.is_ancestor(*strange, tip))? {
                    let keeps_all = self.ask(self.history.is_ancestor(moved.new, tip))?;
                    return Some(Some(Stranger { name, kind: topic.kind.clone(), keeps_all }));
                }
            }
        }
        Some(None)
    }

    /// Commits of the integration or production line, as far as these may not enter `line`.
    /// A release that takes them in is a matter of `release-backflow`, but for the production line.
    fn owned_by_others(&self, line: LineId, commits: &[Oid]) -> Option<IdSet<Oid>> {
        let other = Self::other_line(line);
        let mut owned: IdSet<Oid> = self.owned_by(other, commits)?.into_iter().collect();
        // Of two lines that take in the same at once either may have been first.
        if line.release().is_none()
            && let Some(moved) = self.move_of(other).filter(|moved| moved.forward && !moved.created)
        {
            owned.extend(&moved.introduced);
        }
        Some(owned)
    }

    /// The line whose commits may not come into `line` by another name.
    fn other_line(line: LineId) -> LineId {
        if line == LineId::Production { LineId::Integration } else { LineId::Production }
    }

    /// For each commit the best that a group says of it.
    fn entries(&self, commits: &[Oid], groups: &[Group]) -> Option<Vec<Entry>> {
        let asked: Vec<Vec<Oid>> = groups
            .iter()
            .flat_map(|group| [group.tips.clone(), group.bases.clone(), group.until.into_iter().collect()])
            .collect();
        let reached = self.ask(self.history.reached(commits, &asked))?;
        let entry_of = |at: usize| {
            let said = groups.iter().enumerate().filter_map(|(index, group)| {
                let [tips, bases, until] = [0, 1, 2].map(|part| reached[index * 3 + part][at]);
                let entry = if until { Entry::Permitted } else { group.entry };
                (tips && !bases).then_some(entry)
            });
            said.min().unwrap_or(Entry::Unknown)
        };
        Some((0..commits.len()).map(entry_of).collect())
    }

    /// Whether topics of a kind may enter lines of this role.
    fn enters(&self, kind: &str, role: LineRole) -> bool {
        self.policy.topics.iter().any(|topic| topic.kind == kind && topic.into.contains(&role))
    }

    /// Keeps the commits that a ref really accuses, and names the refs that hold the newest.
    ///
    /// A topic that contains a step of the line's new trunk has what that step brought from the
    /// line itself: it was cut from there, and is no witness.
    fn accuse(&self, moved: &LineMove, commits: Vec<Oid>, owned: &IdSet<Oid>) -> Option<Option<Accused>> {
        if commits.is_empty() {
            return Some(None);
        }
        let mut held: IdMap<Oid, Vec<(String, String)>> = IdMap::default();
        for (kind, topic) in self.policy.topics.iter().enumerate() {
            let bases = self.bases_of(topic);
            for (name, tip) in self.topics_of(kind) {
                let mut theirs = self.without(&self.among(&commits, &[tip])?, &bases)?;
                if let Some(step) = self.taken_from(moved, tip)? {
                    theirs = self.without(&theirs, &[step])?;
                }
                for commit in theirs {
                    held.entry(commit).or_default().push((name.clone(), topic.kind.clone()));
                }
            }
        }
        let commits: Vec<Oid> = commits
            .into_iter()
            .filter(|commit| held.contains_key(commit) || owned.contains(commit))
            .collect();
        let Some(newest) = commits.first() else { return Some(None) };
        let mut holders = held.remove(newest).unwrap_or_default();
        holders.dedup();
        // Where a topic may not enter at all, one that may is not what it is about.
        let strays = |(_, kind): &(String, String)| !self.enters(kind, moved.line.role());
        if holders.iter().any(strays) {
            holders.retain(strays);
        }
        if owned.contains(newest) {
            let other = self.line_name(Self::other_line(moved.line));
            holders.insert(0, (other, "line".to_owned()));
        }
        Some(Some(Accused { commits, holders }))
    }

    /// Returns the commits that a release takes in from the line it was cut from, or from another
    /// release, with the name of that line.
    pub fn backflow(&self, moved: &LineMove) -> Option<Option<(Vec<Oid>, LineId)>> {
        let Some(release) = moved.line.release() else { return Some(None) };
        let base = match self.policy.releases.as_ref()?.from {
            LineRole::Production => LineId::Production,
            _ => LineId::Integration,
        };
        let of_base: IdSet<Oid> = self.owned_by(base, &moved.introduced)?.into_iter().collect();
        let rest: Vec<Oid> =
            moved.introduced.iter().copied().filter(|commit| !of_base.contains(commit)).collect();
        let others = self.other_releases(release);
        let tips: Vec<Oid> = others.iter().map(|(_, tip)| *tip).collect();
        let mut of_others: IdSet<Oid> = self.among(&rest, &tips)?.into_iter().collect();
        let coming = self.coming_with(moved, release, &rest)?;
        of_others.extend(coming.iter().map(|(commit, _)| *commit));
        let accused: Vec<Oid> = moved
            .introduced
            .iter()
            .copied()
            .filter(|commit| of_base.contains(commit) || of_others.contains(commit))
            .collect();
        if accused.is_empty() {
            return Some(None);
        }
        let accused = self.without(&accused, &self.shipped_below(Some(release)))?;
        let Some(newest) = accused.first() else { return Some(None) };
        if of_base.contains(newest) {
            return Some(Some((accused, base)));
        }
        let holds = |tip: Oid| self.ask(self.history.is_ancestor(*newest, tip)) == Some(true);
        let owner = others.iter().find(|(_, tip)| holds(*tip)).map(|(other, _)| *other);
        let owner = owner.or_else(|| coming.iter().find(|(commit, _)| commit == newest).map(|(_, of)| *of));
        Some(Some((accused, owner.map_or(base, LineId::Release))))
    }

    /// Returns the lines and version tags of other releases before the push.
    fn other_releases(&self, release: Release) -> Vec<(Release, Oid)> {
        let mut others: Vec<(Release, Oid)> =
            self.releases(When::Before).iter().map(|(other, tip)| (*other, *tip)).collect();
        for (version, tag) in self.versions(When::Before) {
            others.extend(tag.commit.map(|commit| (version.release, commit)));
        }
        others.retain(|(other, _)| *other != release);
        others
    }

    /// Returns those of `commits` that another release takes in by the same push, and has not from
    /// this one. What lines hold when the flow begins accuses nobody.
    fn coming_with(
        &self,
        moved: &LineMove,
        release: Release,
        commits: &[Oid],
    ) -> Option<Vec<(Oid, Release)>> {
        let mut coming = vec![];
        if self.release_base(When::Before).is_none() {
            return Some(coming);
        }
        for (other, tip) in self.releases_set().filter(|(other, _)| *other != release) {
            let mut not_theirs: Vec<Oid> = self.taken_from(moved, tip)?.into_iter().collect();
            not_theirs.extend(self.cut(other));
            let theirs = self.without(&self.among(commits, &[tip])?, &not_theirs)?;
            coming.extend(theirs.into_iter().map(|commit| (commit, other)));
        }
        Some(coming)
    }

    /// Returns what the integration line takes in of releases that is not shipped.
    pub fn unconfirmed_in_integration(&self, moved: &LineMove) -> Option<Option<Unconfirmed>> {
        let mut owned: IdSet<Oid> = IdSet::default();
        for (tips, cut) in self.release_content() {
            let held = self.among(&moved.introduced, &tips)?;
            let held = match cut {
                Some(cut) => self.without(&held, &[cut])?,
                None => held,
            };
            owned.extend(held);
        }
        let commits: Vec<Oid> =
            moved.introduced.iter().copied().filter(|commit| owned.contains(commit)).collect();
        let commits =
            if commits.is_empty() { commits } else { self.without(&commits, &self.shipped_below(None))? };
        self.blame(moved, commits)
    }

    /// Tips of release lines and version tags; for releases that the push creates, with the cut
    /// below which nothing is theirs.
    fn release_content(&self) -> Vec<(Vec<Oid>, Option<Oid>)> {
        let before = self.releases(When::Before);
        let mut old: Vec<Oid> = vec![];
        let mut content: Vec<(Vec<Oid>, Option<Oid>)> = vec![];
        let mut tags: Vec<(Release, Oid)> = vec![];
        for (version, tag) in self.versions(When::After) {
            tags.extend(tag.commit.map(|commit| (version.release, commit)));
        }
        for (release, tip) in self.releases(When::After) {
            if before.contains_key(release) {
                old.push(*tip);
                continue;
            }
            let mut tips = vec![*tip];
            tips.extend(tags.iter().filter(|(of, _)| of == release).map(|(_, commit)| *commit));
            content.push((tips, self.cut(*release)));
        }
        let after = self.releases(When::After);
        let created = |release: &Release| after.contains_key(release) && !before.contains_key(release);
        old.extend(tags.iter().filter(|(release, _)| !created(release)).map(|(_, commit)| *commit));
        content.push((old, None));
        content
    }

    /// Returns what the production line takes in that is neither shipped nor a merge of shipped.
    pub fn unconfirmed_in_production(&self, moved: &LineMove) -> Option<Option<Unconfirmed>> {
        let commits = self.without(&moved.introduced, &self.shipped_below(None))?;
        let commits = self.but_merges(&commits)?;
        self.blame(moved, commits)
    }

    /// Returns what a production line that is created after the first version tag holds beside
    /// what is shipped.
    pub fn unconfirmed_at_birth(&self, tip: Oid) -> Option<Vec<Oid>> {
        self.ask(self.history.introduced(&[tip], &self.shipped_below(None)))
    }

    /// Names the release that unconfirmed commits belong to; where there are none by ancestry,
    /// looks for a release that came squashed.
    fn blame(&self, moved: &LineMove, commits: Vec<Oid>) -> Option<Option<Unconfirmed>> {
        let Some(newest) = commits.first() else { return self.squashed(moved) };
        let mut release = None;
        for (candidate, tip) in self.unconfirmed_tips() {
            if self.ask(self.history.is_ancestor(*newest, tip))? {
                release = Some(candidate);
                break;
            }
        }
        Some(Some(Unconfirmed { commits, release, squashed: false }))
    }

    /// Tips of releases and their version tags that may not be shipped yet.
    fn unconfirmed_tips(&self) -> Vec<(Release, Oid)> {
        let mut tips: Vec<(Release, Oid)> = vec![];
        for when in [When::After, When::Before] {
            tips.extend(self.releases(when).iter().map(|(release, tip)| (*release, *tip)));
        }
        for (version, tag) in self.versions(When::After) {
            if !self.confirmed().contains_key(version) {
                tips.extend(tag.commit.map(|commit| (version.release, commit)));
            }
        }
        tips.sort();
        tips.dedup();
        tips
    }

    /// Returns the new trunk commit that makes, as one change, the whole change of an unconfirmed
    /// release since its merge base with the line.
    fn squashed(&self, moved: &LineMove) -> Option<Option<Unconfirmed>> {
        let tips = self.unconfirmed_tips();
        let mut known = self.shipped_below(None);
        known.push(moved.new);
        // What is shipped, or contained as it is, is not here as one commit.
        let candidates: Vec<Oid> = tips.iter().map(|(_, tip)| *tip).collect();
        let candidates: IdSet<Oid> = self.without(&candidates, &known)?.into_iter().collect();
        if candidates.is_empty() {
            return Some(None);
        }
        let mut open = vec![];
        for commit in &moved.trunk {
            if !self.merges_only_shipped(*commit)? {
                open.push(*commit);
            }
        }
        if open.is_empty() {
            return Some(None);
        }
        let mut whole: Vec<(Release, Oid, Oid, u64)> = vec![];
        for (release, tip) in tips.into_iter().filter(|(_, tip)| candidates.contains(tip)) {
            let bases = self.ask(self.history.merge_bases(moved.old, tip))?;
            let [base] = bases[..] else { continue };
            if base == tip {
                continue;
            }
            let touched = self.ask(self.history.touched(Some(base), tip))?;
            whole.push((release, base, tip, touched));
        }
        for commit in open {
            if let Some(release) = self.squashed_in(commit, &whole)? {
                let release = Some(release);
                return Some(Some(Unconfirmed { commits: vec![commit], release, squashed: true }));
            }
        }
        Some(None)
    }

    /// Returns the release whose whole change a commit makes. What touches other paths is another
    /// change, which is seen without looking at contents.
    fn squashed_in(&self, commit: Oid, whole: &[(Release, Oid, Oid, u64)]) -> Option<Option<Release>> {
        if whole.is_empty() {
            return Some(None);
        }
        let first = self.first_parent(commit)?;
        let ours = self.ask(self.history.touched(first, commit))?;
        for (release, base, tip, _) in whole.iter().filter(|(.., touched)| *touched == ours) {
            let Some(change) = self.ask(self.history.patch(Some(*base), *tip))? else { continue };
            let same = self.ask(self.history.patch(first, commit))? == Some(change);
            // A release that contains the commit was cut above it, and did not come with it.
            if same && !self.ask(self.history.is_ancestor(commit, *tip))? {
                return Some(Some(*release));
            }
        }
        Some(None)
    }

    /// Whether a commit is a merge that brings nothing but what is shipped.
    fn merges_only_shipped(&self, merge: Oid) -> Option<bool> {
        let parents = self.ask(self.history.parents(merge))?;
        let Some((first, further)) = parents.split_first() else { return Some(false) };
        let new = self.without(further, &[*first])?;
        let brought = self.ask(self.history.introduced(&new, &[*first]))?;
        Some(!new.is_empty() && self.without(&brought, &self.shipped_below(None))?.is_empty())
    }

    /// Returns the new trunk commits of a line that are not its own merges: plain commits and
    /// merges that bring nothing, and commits that another line made.
    pub fn direct_commits(&self, moved: &LineMove) -> Option<(Vec<Oid>, Vec<Oid>)> {
        let mut plain = vec![];
        for commit in &moved.trunk {
            let parents = self.ask(self.history.parents(*commit))?;
            let empty = match parents.split_first() {
                Some((first, further)) => self.without(further, &[*first])?.is_empty(),
                None => true,
            };
            if empty {
                plain.push(*commit);
            }
        }
        Some((plain, self.made_by_others(moved)?))
    }

    /// New trunk commits that another line had on its trunk before the push, or has above its cut
    /// where the push creates or moves it.
    fn made_by_others(&self, moved: &LineMove) -> Option<Vec<Oid>> {
        let mut theirs: IdSet<Oid> = IdSet::default();
        for (line, tip) in self.lines(When::Before) {
            if line == moved.line {
                continue;
            }
            for commit in &moved.trunk {
                if self.ask(self.history.on_trunk(*commit, tip))? {
                    theirs.insert(*commit);
                }
            }
        }
        for (release, tip) in self.releases(When::After) {
            let line = LineId::Release(*release);
            if line == moved.line || self.tip(line, When::Before) == Some(*tip) {
                continue;
            }
            let cut: Vec<Oid> = self.cut(*release).into_iter().collect();
            for commit in self.without(&moved.trunk, &cut)? {
                if self.ask(self.history.on_trunk(commit, *tip))? {
                    theirs.insert(commit);
                }
            }
        }
        Some(moved.trunk.iter().copied().filter(|commit| theirs.contains(commit)).collect())
    }
}
