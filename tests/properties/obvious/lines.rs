//! What may become of a line: created, moved, deleted.

use std::collections::BTreeSet;

use flowcheck::facts::RefKind;
use flowcheck::history::{History, Oid, PatchId};
use flowcheck::policy::{Base, Direct, LineRole, MergeStyle, While};
use flowcheck::push::RefUpdate;
use flowcheck::version::{Release, Version};

use super::{Case, Said, Set, error, tags, warn};

/// A line of the policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Integration,
    Production,
    Release(Release),
}

impl Line {
    fn role(self) -> LineRole {
        match self {
            Self::Integration => LineRole::Integration,
            Self::Production => LineRole::Production,
            Self::Release(_) => LineRole::Release,
        }
    }
}

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    let line = match case.kind(&update.name) {
        RefKind::Integration => Line::Integration,
        RefKind::Production => Line::Production,
        RefKind::Release(release) => Line::Release(release),
        _ => return Said::new(),
    };
    match (update.old, update.new) {
        (Some(old), Some(new)) => moved(case, line, old, new),
        (Some(old), None) if !may_go(case, line, old) => Said::from([error("line-deletion")]),
        (None, Some(new)) => created(case, line, new),
        _ => Said::new(),
    }
}

fn created(case: &Case<'_>, line: Line, tip: Oid) -> Said {
    match line {
        Line::Integration => Said::new(),
        Line::Production => {
            let versioned = !case.set_versions(case.before()).is_empty();
            let unproven = !case.anc(tip).is_subset(&case.shipped());
            if case.policy.confirmation.required() && versioned && unproven {
                return Said::from([error("unconfirmed-merge-back")]);
            }
            Said::new()
        }
        Line::Release(release) => created_release(case, release, tip),
    }
}

fn created_release(case: &Case<'_>, release: Release, tip: Oid) -> Said {
    let before = case.set_versions(case.before());
    let newest = before.iter().rfind(|version| version.release == release);
    let newest_tag = newest.and_then(|newest| case.versions(case.before()).get(newest).copied());
    if newest_tag == Some(tip) {
        let closed = case.closed(release).then(|| error("release-version"));
        return closed.into_iter().collect();
    }
    let mut said = Said::new();
    let above = before.iter().any(|version| version.hotfix.is_none() && version.release > release);
    if newest.is_some() || (above && !case.policy.parallel()) {
        said.insert(error("release-version"));
    }
    let (errors, warnings) = tags::lost(case, release, tip);
    if errors || warnings {
        said.insert(warn("lost-fix"));
    }
    let base = case.trunk_of(case.tip(&case.after, case.cut_from()));
    let begins = case.begins(tip);
    if begins.is_none_or(|begins| !base.contains(&begins)) {
        said.insert(error("branch-origin"));
    }
    if let Some(begins) = begins.filter(|begins| *begins != tip) {
        said.extend(moved(case, Line::Release(release), begins, tip));
    }
    said
}

fn moved(case: &Case<'_>, line: Line, old: Oid, new: Oid) -> Said {
    if !case.anc(new).contains(&old) {
        return Said::from([error("history-rewrite")]);
    }
    let step = Step::new(case, line, old, new);
    let mut said = Said::new();
    if !case.trunk(new).contains(&old) {
        said.insert(error("foxtrot-merge"));
    }
    if step.style == MergeStyle::MergeCommit && (step.commits_directly() || step.takes_anothers_trunk()) {
        said.insert(error("direct-commit"));
    }
    said.extend(step.sources());
    if let Line::Release(release) = line {
        if step.flows_back(release) {
            said.insert(error("release-backflow"));
        }
        if case.closed(release) && !step.new.is_empty() {
            said.insert(error("release-state"));
        }
    }
    if case.policy.confirmation.required() && step.is_unconfirmed() {
        said.insert(error("unconfirmed-merge-back"));
    }
    if line == Line::Production && case.policy.tags.on == LineRole::Release && step.differs_from_prod() {
        said.insert(error("production-tree"));
    }
    said
}

/// A line that goes from an old tip to a descendant of it.
struct Step<'a> {
    case: &'a Case<'a>,
    line: Line,
    old: Oid,
    style: MergeStyle,
    direct: Direct,
    /// Whether the push creates it.
    created: bool,
    /// The new commits of the line's trunk.
    trunk: Vec<Oid>,
    /// `I(L)`.
    new: Set,
}

impl<'a> Step<'a> {
    fn new(case: &'a Case<'a>, line: Line, old: Oid, new: Oid) -> Self {
        let (style, direct) = match (case.policy.line(line.role()), &case.policy.releases) {
            (Some(line), _) => (line.merge, line.direct.clone()),
            (None, Some(releases)) => (releases.merge, releases.direct.clone()),
            (None, None) => unreachable!("a ref is a line by the policy alone"),
        };
        let trunk = case.new_trunk(Some(old), Some(new));
        let new = case.anc(new).difference(&case.anc(old)).copied().collect();
        let created =
            matches!(line, Line::Release(release) if !case.releases(case.before()).contains_key(&release));
        Self { case, line, old, style, direct, created, trunk, new }
    }

    /// What the further parents of a commit bring that its first parent does not have.
    fn side(&self, commit: Oid) -> Set {
        let parents = self.case.parents(commit);
        let first = self.case.all(parents.first().copied());
        let further = self.case.all(parents.into_iter().skip(1));
        further.difference(&first).copied().collect()
    }

    fn commits_directly(&self) -> bool {
        let allowed = match &self.direct {
            Direct::No => false,
            Direct::Yes => true,
            Direct::By(people) => self.case.push.pusher.as_ref().is_none_or(|pusher| pusher.is_among(people)),
        };
        !allowed && self.trunk.iter().any(|commit| self.side(*commit).is_empty())
    }

    fn takes_anothers_trunk(&self) -> bool {
        let case = self.case;
        let mut others = Set::new();
        for (line, role) in
            [(Line::Integration, LineRole::Integration), (Line::Production, LineRole::Production)]
        {
            if line != self.line {
                others.extend(case.trunk_of(case.tip(case.before(), role)));
            }
        }
        let releases = case.releases(case.before());
        for (&release, &tip) in &releases {
            if Line::Release(release) != self.line {
                others.extend(case.trunk(tip));
            }
        }
        for (release, tip) in case.releases(&case.after) {
            if Line::Release(release) != self.line && releases.get(&release) != Some(&tip) {
                let cut = case.cut(tip);
                others.extend(case.trunk(tip).into_iter().take_while(|commit| Some(*commit) != cut));
            }
        }
        self.trunk.iter().any(|commit| others.contains(commit))
    }

    /// `merge-source`, and `release-state` where only the state forbids.
    fn sources(&self) -> Said {
        let case = self.case;
        let proven = case.proven.iter().filter(|(version, tag)| {
            let below = match self.line {
                Line::Release(release) => version.release < release,
                Line::Integration | Line::Production => true,
            };
            below && !self.permits_itself(**version, **tag)
        });
        let welcome = case.all(proven.map(|(_, tag)| *tag));
        let (topics, lines, wrong) = (self.topics(), self.permitted_lines(), self.wrong_lines());
        let mut said = Said::new();
        for &merge in &self.trunk {
            for commit in self.brought(merge).difference(&welcome) {
                let may: Vec<_> =
                    topics.iter().filter(|topic| topic.may_enter && topic.shows(*commit)).collect();
                if lines.contains(commit) || may.iter().any(|topic| self.admits(topic, merge)) {
                    continue;
                }
                let is_accused = topics.iter().any(|topic| topic.accuses(*commit));
                let is_stray = topics.iter().any(|topic| !topic.may_enter && topic.commits.contains(commit));
                let comes_late = !may.is_empty();
                if comes_late && is_accused {
                    said.insert(error("release-state"));
                } else if !comes_late && (is_stray && is_accused || wrong.contains(commit)) {
                    said.insert(error("merge-source"));
                }
            }
        }
        said
    }

    /// What one new commit of the trunk brings in.
    fn brought(&self, merge: Oid) -> Set {
        let old = self.case.anc(self.old);
        let mut brought: Set = self.side(merge).difference(&old).copied().collect();
        if self.style != MergeStyle::MergeCommit {
            brought.insert(merge);
        }
        brought
    }

    /// The topics before and after, each with the commits that its base did not have before.
    fn topics(&self) -> Vec<Entering> {
        let case = self.case;
        let mut topics = vec![];
        let before = case.before().iter().map(|entry| (entry, false));
        for (entry, is_new) in before.chain(case.after.iter().map(|entry| (entry, true))) {
            let RefKind::Topic { kind, .. } = case.kind(&entry.name) else { continue };
            let topic = &case.policy.topics[kind];
            let tip = |role| case.all(case.tip(case.before(), role));
            let base = match topic.from {
                Base::Line(LineRole::Release) => case.all(case.releases(case.before()).into_values()),
                Base::Line(role) => tip(role),
                Base::Confirmed => {
                    let lines = &tip(LineRole::Integration) | &tip(LineRole::Production);
                    &lines | &case.shipped()
                }
            };
            topics.push(Entering {
                is_new,
                from_here: self.given_to(entry.id),
                no_evidence: self.no_evidence(entry.id),
                commits: case.anc(entry.id).difference(&base).copied().collect(),
                may_enter: topic.into.contains(&self.line.role()),
                while_: topic.while_,
            });
        }
        topics
    }

    /// The commits of releases, where these may enter the line.
    fn permitted_lines(&self) -> Set {
        let case = self.case;
        let Some(releases) = &case.policy.releases else { return Set::new() };
        if !releases.into.contains(&self.line.role()) {
            return Set::new();
        }
        let mut permitted = Set::new();
        permitted.extend(case.all(case.releases(case.before()).into_values()));
        for tip in case.releases(&case.after).into_values() {
            permitted.extend(case.anc(tip).difference(&self.given_to(tip)));
        }
        permitted.extend(case.all(case.versions(case.before()).into_values()));
        let after = case.versions(&case.after).into_iter();
        let tags = after.filter(|(version, tag)| !self.permits_itself(*version, *tag));
        permitted.extend(case.all(tags.map(|(_, tag)| tag)));
        permitted
    }

    /// Whether a version tag that the push sets stands on the line's own new steps: it is no
    /// evidence for what these took in.
    fn permits_itself(&self, version: Version, tag: Oid) -> bool {
        let case = self.case;
        let is_new = case.versions(case.before()).get(&version) != Some(&tag);
        is_new && self.trunk.iter().any(|step| case.anc(tag).contains(step))
    }

    /// What a ref has because it was cut from the line's own new steps.
    fn given_to(&self, tip: Oid) -> Set {
        if self.style != MergeStyle::MergeCommit {
            return Set::new();
        }
        let inside = self.case.anc(tip);
        self.case.all(self.trunk.iter().copied().find(|step| inside.contains(step)))
    }

    /// What a topic that the push sets cannot have brought: what it has from the line's own new
    /// steps, and what another line had already.
    fn no_evidence(&self, tip: Oid) -> Set {
        let inside = self.case.anc(tip);
        let step = self.trunk.iter().copied().find(|step| inside.contains(step));
        let taken = if self.created { self.case.all(step) } else { self.given_to(tip) };
        &taken | &self.case.all(self.case.tip(self.case.before(), self.wrong_role()))
    }

    fn wrong_role(&self) -> LineRole {
        match self.line {
            Line::Integration | Line::Release(_) => LineRole::Production,
            Line::Production => LineRole::Integration,
        }
    }

    fn wrong_lines(&self) -> Set {
        let (case, role) = (self.case, self.wrong_role());
        let mut wrong = case.own(role);
        // Two lines that take in the same at once.
        if !matches!(self.line, Line::Release(_))
            && let (Some(old), Some(new)) = (case.tip(case.before(), role), case.tip(&case.after, role))
            && case.anc(new).contains(&old)
        {
            wrong.extend(case.anc(new).difference(&case.anc(old)));
        }
        wrong
    }

    /// Whether the state of the release lets the topic in by `merge`.
    fn admits(&self, topic: &Entering, merge: Oid) -> bool {
        match self.line {
            Line::Release(release) => admits(self.case, release, topic.while_, merge),
            Line::Integration | Line::Production => true,
        }
    }

    /// `release-backflow`.
    fn flows_back(&self, release: Release) -> bool {
        let case = self.case;
        let welcome = case.shipped_below(release);
        let mut foreign = case.own(case.cut_from());
        let base = case.all(case.tip(case.before(), case.cut_from()));
        let tips = case.releases(case.before()).into_iter();
        let tags = case.versions(case.before()).into_iter().map(|(version, tip)| (version.release, tip));
        for (other, tip) in tips.chain(tags) {
            if other != release {
                foreign.extend(case.anc(tip).difference(&base));
            }
        }
        for (other, tip) in case.releases(&case.after) {
            // When the flow begins, all lines are there at once.
            if other != release && case.tip(case.before(), case.cut_from()).is_some() {
                let theirs = case.anc(tip).difference(&base).copied().collect::<Set>();
                let theirs = &theirs - &case.all(case.cut(tip));
                foreign.extend(theirs.difference(&self.given_to(tip)));
            }
        }
        self.new.iter().any(|commit| foreign.contains(commit) && !welcome.contains(commit))
    }

    fn is_unconfirmed(&self) -> bool {
        match self.line {
            Line::Integration => self.takes_unconfirmed() || self.squashes_unconfirmed(),
            Line::Production => self.holds_unproven() || self.squashes_unconfirmed(),
            Line::Release(_) => false,
        }
    }

    /// Whether the integration line takes in commits of a release that are not *shipped*.
    fn takes_unconfirmed(&self) -> bool {
        let case = self.case;
        let shipped = case.shipped();
        let lines = case.releases(&case.after);
        let versions = case.versions(&case.after);
        let releases: BTreeSet<Release> =
            lines.keys().copied().chain(versions.keys().map(|version| version.release)).collect();
        releases.into_iter().any(|release| {
            let line = lines.get(&release).copied();
            let tags = case.versions_of(&case.after, release);
            let mut owned = case.all(line.into_iter().chain(tags.into_values()));
            let is_new = !case.releases(case.before()).contains_key(&release);
            if let Some(begins) = line.filter(|_| is_new).and_then(|tip| case.begins(tip)) {
                owned = &owned - &*case.anc(begins);
            }
            self.new.iter().any(|commit| owned.contains(commit) && !shipped.contains(commit))
        })
    }

    /// Whether the production line takes in something that is neither *shipped* nor a merge of it.
    fn holds_unproven(&self) -> bool {
        let case = self.case;
        let mut proven = &*case.anc(self.old) | &case.shipped();
        let mut open = &self.new - &proven;
        loop {
            let merges: Set = open
                .iter()
                .copied()
                .filter(|commit| {
                    let parents = case.parents(*commit);
                    parents.len() > 1 && parents.iter().all(|parent| proven.contains(parent))
                })
                .collect();
            if merges.is_empty() {
                return !open.is_empty();
            }
            open = &open - &merges;
            proven.extend(merges);
        }
    }

    /// Whether one commit does what a release does that is not confirmed.
    fn squashes_unconfirmed(&self) -> bool {
        let case = self.case;
        let shipped = case.shipped();
        // As it stands, and as it stood: a release is not another one because the push moves it.
        let lines = [case.before(), &case.after].map(|refs| case.releases(refs).into_values());
        let lines = lines.into_iter().flatten();
        let tips: Set = lines.chain(case.versions(&case.after).into_values()).collect();
        self.trunk.iter().any(|&commit| {
            let Some(&first) = case.parents(commit).first() else { return false };
            // What is shipped is welcome, and whatever else makes the same change did not come.
            let side = self.side(commit);
            if !side.is_empty() && side.is_subset(&shipped) {
                return false;
            }
            let Some(change) = patch(case, Some(first), commit) else { return false };
            // What holds the commit itself, or came in as it is, is not here as one commit.
            let others = tips.difference(&shipped);
            let others = others.filter(|tip| !case.anc(**tip).contains(&commit) && !self.new.contains(*tip));
            let others = others.filter(|tip| !case.anc(self.old).contains(*tip));
            others.copied().any(|tip| {
                let bases = case.memory.merge_bases(self.old, tip).expect("a history in memory is whole");
                bases.into_iter().any(|base| patch(case, Some(base), tip).as_ref() == Some(&change))
            })
        })
    }

    /// `production-tree`.
    fn differs_from_prod(&self) -> bool {
        let case = self.case;
        self.trunk.iter().any(|&commit| {
            let inside = case.anc(commit);
            let outside = case.all(case.parents(commit).first().copied());
            let here: Vec<Oid> = case.proven.values().copied().filter(|tip| inside.contains(tip)).collect();
            let taken = here.iter().rev().find(|tip| case.policy.parallel() && !outside.contains(*tip));
            let prod = taken.or(here.last());
            prod.is_some_and(|&prod| case.tree(commit) != case.tree(prod))
        })
    }
}

/// A topic as the rules about merging see it.
struct Entering {
    /// What it has and its base had not.
    commits: Set,
    /// Whether it stands there after the push.
    is_new: bool,
    /// What it has because it was cut from the line itself: of this it is no witness.
    from_here: Set,
    /// What it proves nothing about where it is new.
    no_evidence: Set,
    may_enter: bool,
    while_: While,
}

impl Entering {
    /// Whether it is evidence that a commit may enter.
    fn shows(&self, commit: Oid) -> bool {
        self.commits.contains(&commit) && !(self.is_new && self.no_evidence.contains(&commit))
    }

    /// Whether it is evidence that a commit may not.
    fn accuses(&self, commit: Oid) -> bool {
        self.commits.contains(&commit) && !self.from_here.contains(&commit)
    }
}

/// Whether the state of `release` lets `commit`, a topic's tip or its merge, in.
pub(super) fn admits(case: &Case<'_>, release: Release, while_: While, commit: Oid) -> bool {
    if case.closed(release) {
        return false;
    }
    let version = Version::of(release);
    let tag = case.versions(&case.after).get(&version).copied();
    match while_ {
        While::Open => true,
        While::BeforeTag => {
            !case.set_versions(case.before()).contains(&version)
                || tag.is_some_and(|tag| case.anc(tag).contains(&commit))
        }
        While::AfterTag => case.set_versions(&case.after).contains(&version),
    }
}

/// Returns the change from one commit to another.
pub(super) fn patch(case: &Case<'_>, from: Option<Oid>, to: Oid) -> Option<PatchId> {
    case.memory.patch(from, to).expect("a history in memory is whole")
}

/// Whether a line may be deleted.
fn may_go(case: &Case<'_>, line: Line, tip: Oid) -> bool {
    let Line::Release(release) = line else { return false };
    let tagged = case.set_versions(&case.after).iter().any(|version| version.release == release);
    let integrated = case.all(case.tip(&case.after, LineRole::Integration)).contains(&tip);
    case.closed(release) || (integrated && !tagged) || is_merged_back(case, release, tip)
}

fn is_merged_back(case: &Case<'_>, release: Release, tip: Oid) -> bool {
    let Some(releases) = &case.policy.releases else { return false };
    let set = case.set_versions(&case.after);
    let Some(newest) = set.into_iter().rfind(|version| version.release == release) else { return false };
    let Some(tag) = case.versions(&case.after).get(&newest).copied() else { return false };
    let lines: Vec<Oid> = releases.into.iter().filter_map(|role| case.tip(&case.after, *role)).collect();
    case.proven.contains_key(&newest)
        && (lines.iter().all(|line| case.anc(*line).contains(&tip))
            || lines.iter().all(|line| tags::is_there(case, newest, tag, *line)))
}
