//! History, turned back into the updates that made it, and each judged by the hook's own rules.
//!
//! A step of a line's trunk is an update of that line (`steps`). What the other refs were at that
//! moment is not recorded, so a step is judged in several worlds (`worlds`), and what all object to
//! is a finding (`settle`). The history is read once, into a chart that answers without walking.

mod answers;
mod arrivals;
mod asked;
#[cfg(test)]
mod chance;
mod chart;
mod creations;
mod dates;
mod hints;
mod scene;
mod settle;
mod squashes;
mod steps;
mod worlds;

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::history::{Answer, ByteSlice, History, Oid, RefName, Refs, Seconds};
use crate::policy::Policy;
use crate::push::{Place, Push, RefUpdate};
use crate::verdict::Undecidable;
pub use arrivals::Arrivals;
pub use asked::Asked;
use scene::Scene;

/// What a replay needs to know.
pub struct Replay<'a> {
    /// The policy that is held against the history.
    pub policy: &'a Policy,
    /// The history.
    pub history: &'a dyn History,
    /// The refs as they stand: heads, tags, and what the policy's confirmation reads.
    pub refs: &'a Refs,
    /// Where the flow was adopted: what these commits contain is not judged.
    pub since: Vec<Oid>,
    /// When the flow was adopted: what claims to be older is not judged.
    pub since_date: Option<Seconds>,
    /// The judge's clock.
    pub now: Seconds,
}

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// The findings: lines in the order of the model and each from its oldest step on, then
    /// branches, tags, and the state of the whole.
    pub findings: Vec<Finding>,
    /// Per rule: what history cannot show.
    pub undecidable: BTreeMap<String, Undecidable>,
    /// How many updates were judged.
    pub updates: usize,
    /// How many of each sort.
    pub asked: Asked,
}

/// Who wants to know how many of how many updates are judged.
pub type Progress<'a> = &'a dyn Fn(usize, usize);

/// A history that was read: to be judged, and then to be looked at without reading it again.
pub struct Chronicle<'a>(Scene<'a>);

impl Chronicle<'_> {
    /// Judges every update that history still shows, then the state of the refs; tells how far it
    /// has come.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn judge(&self, progress: Progress<'_>) -> Answer<Replayed> {
        self.0.judge(progress)
    }

    /// Returns the history, which answers from what was read where it can.
    #[must_use]
    pub fn history(&self) -> &dyn History {
        &self.0.chart
    }
}

impl Replay<'_> {
    /// Reads the history; the event log may say when refs arrived.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn read<'a>(&'a self, arrivals: &'a Arrivals) -> Answer<Chronicle<'a>> {
        Ok(Chronicle(Scene::read(self, false, Some(arrivals))?))
    }

    /// Reads the history and judges it.
    ///
    /// # Errors
    /// With the first thing that could not be read.
    pub fn run(&self) -> Answer<Replayed> {
        Scene::read(self, false, None)?.judge(&|_, _| ())
    }

    /// [`Self::run`], but the rules are asked about every step, those beyond doubt included: slower,
    /// and the same findings.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_thoroughly(&self) -> Answer<Replayed> {
        Scene::read(self, true, None)?.judge(&|_, _| ())
    }
}

fn replayed(before: Refs, updates: Vec<RefUpdate>, now: Seconds) -> Push {
    Push { place: Place::Audit, pusher: None, now, ..Push::new(before, updates) }
}

/// Whether a ref is one that an audit looks at.
#[must_use]
pub fn concerns(name: &RefName) -> bool {
    name.branch().is_some() || name.tag().is_some() || name.full().starts_with_str("refs/environments/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Details, Drawn, FIRST_DATE, Picture};

    fn audit(drawn: &Drawn) -> Replayed {
        audit_since(drawn, drawn.commit("A").into_iter().collect())
    }

    fn audit_all(drawn: &Drawn) -> Replayed {
        audit_since(drawn, vec![])
    }

    fn audit_since(drawn: &Drawn, since: Vec<Oid>) -> Replayed {
        let policy = Policy::built_in();
        let replay = Replay {
            policy: &policy,
            history: &drawn.history,
            refs: &drawn.refs,
            since,
            since_date: None,
            now: FIRST_DATE + 86_400,
        };
        replay.run().expect("a picture can be read")
    }

    fn found(drawn: &Drawn) -> Vec<String> {
        audit(drawn)
            .findings
            .iter()
            .map(|finding| format!("{} {}", finding.rule, finding.name.short()))
            .collect()
    }

    /// A history told commit by commit (`M: A F`), and where its refs stand.
    fn story(commits: &[&str], labels: &[(&str, &str)]) -> Drawn {
        let picture = Picture::read_with("", commits).expect("commits of ours");
        let drawn = Drawn::new(&picture, &Details::default()).expect("a history of ours");
        labels.iter().fold(drawn, |drawn, (label, commit)| drawn.at(commit, label))
    }

    /// One sprint: feature F, release cut at M, bugfix X, tag, hotfix H, and the merge-backs.
    const SPRINT: [&str; 11] = [
        "A:",
        "F: A",
        "M: A F  Merge branch 'feature/basket' into develop",
        "X: M",
        "R: M X  Merge branch 'bugfix/login' into release-1.0.0",
        "H: R",
        "S: R H  Merge branch 'hotfix/crash' into release-1.0.0",
        "G: M",
        "N: M G  Merge branch 'feature/next' into develop",
        "B: N S  Merge tag 'v1.0.0-hotfix1' into develop",
        "P: A S  Merge tag 'v1.0.0-hotfix1' into master",
    ];

    const REFS: [(&str, &str); 7] = [
        ("develop", "B"),
        ("master", "P"),
        ("release-1.0.0", "S"),
        ("tag: v1.0.0", "R"),
        ("confirmed: v1.0.0", "R"),
        ("tag: v1.0.0-hotfix1", "S"),
        ("confirmed: v1.0.0-hotfix1", "S"),
    ];

    #[test]
    fn a_sprint_that_kept_to_the_flow_is_clean() {
        assert_eq!(found(&story(&SPRINT, &REFS)), [""; 0]);
    }

    #[test]
    fn a_merge_back_that_was_never_confirmed_is_found() {
        let refs: Vec<_> = REFS.into_iter().filter(|(label, _)| !label.starts_with("confirmed")).collect();
        assert_eq!(
            found(&story(&SPRINT, &refs)),
            ["unconfirmed-merge-back develop", "unconfirmed-merge-back master"]
        );
    }

    #[test]
    fn a_production_line_on_the_integration_lines_trunk_may_have_been_moved_there() {
        let commits = ["A:", "F: A", "M: A F"];
        let open = |refs: &[(&str, &str)]| {
            let replayed = audit(&story(&commits, refs));
            assert_eq!(replayed.findings, []);
            replayed.undecidable.get("unconfirmed-merge-back").map_or(0, |open| open.count)
        };
        assert_eq!(open(&[("develop", "M"), ("master", "M")]), 1);
        assert_eq!(open(&[("develop", "M"), ("master", "A")]), 0);
        let confirmed = [
            ("develop", "M"),
            ("master", "M"),
            ("release-1.0.0", "M"),
            ("tag: v1.0.0", "M"),
            ("confirmed: v1.0.0", "M"),
        ];
        assert_eq!(open(&confirmed), 0);
    }

    #[test]
    fn releases_that_are_gone_and_were_cut_from_no_line_that_stands_are_not_judged_from_the_root_on() {
        let commits: Vec<String> = (0..40)
            .map(|at: usize| {
                format!("C{at}:{}", at.checked_sub(1).map_or(String::new(), |below| format!(" C{below}")))
            })
            .collect();
        let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
        let tags: Vec<(String, String)> =
            (1..10).map(|at| (format!("tag: v1.{at}.0"), format!("C{}", 4 * at))).collect();
        let mut labels = vec![("master", "C39")];
        labels.extend(tags.iter().map(|(tag, commit)| (tag.as_str(), commit.as_str())));
        let drawn = story(&commits, &labels);
        // One step of master for each commit but the first, and the tags.
        assert_eq!(audit_all(&drawn).updates, 39 + 9);
        let without_lines = story(&commits, &labels[1..]);
        assert_eq!(audit_all(&without_lines).updates, 36 + 9);
    }

    #[test]
    fn a_direct_commit_is_found_where_it_was_made() {
        let mut commits = SPRINT.to_vec();
        commits.push("Z: B");
        let mut refs = REFS.to_vec();
        refs[0].1 = "Z";
        let drawn = story(&commits, &refs);
        let findings = audit(&drawn).findings;
        assert_eq!(found(&drawn), ["direct-commit develop"]);
        assert_eq!(findings[0].new, drawn.commit("Z"));
    }

    #[test]
    fn develop_merged_into_a_release_is_found_even_after_the_merge_back() {
        let commits = [
            "A:",
            "F: A",
            "M: A F",
            "X: M",
            "R: M X",
            "G: M",
            "N: M G",
            "T: R N  Merge branch 'develop' into release-1.0.0",
            "B: N T",
            "P: A T",
        ];
        let refs = [
            ("develop", "B"),
            ("master", "P"),
            ("release-1.0.0", "T"),
            ("tag: v1.0.0", "T"),
            ("confirmed: v1.0.0", "T"),
        ];
        assert_eq!(found(&story(&commits, &refs)), ["release-backflow release-1.0.0"]);
    }

    #[test]
    fn a_hotfix_that_went_straight_into_develop_is_known_by_its_name_only() {
        let commits = ["A:", "H: A", "M: A H  Merge branch 'hotfix/crash' into develop"];
        let drawn = story(&commits, &[("develop", "M")]);
        let findings = audit(&drawn).findings;
        assert_eq!(found(&drawn), ["merge-source develop"]);
        assert_eq!(findings[0].at_most, Some(crate::finding::Level::Warn));
    }

    #[test]
    fn what_is_not_asked_has_nothing_to_say_however_a_history_grew() {
        let policies = [Policy::built_in(), Policy::preset("git-flow").expect("it is there")];
        let mut said = 0;
        for seed in 0..400 {
            let mut dice = chance::Dice(seed);
            let commits = 6 + dice.below(60);
            let (mut memory, ids) = chance::grown(&mut dice, commits);
            let refs = chance::refs(&mut dice, &mut memory, &ids);
            let since = if dice.below(3) == 0 { vec![ids[dice.below(ids.len())]] } else { vec![] };
            let since_date = (dice.below(4) == 0).then_some(3600 * 500_010);
            let policy = &policies[dice.below(2)];
            let now = 3600 * 501_000;
            let replay = Replay { policy, history: &memory, refs: &refs, since, since_date, now };
            let found = replay.run().expect("a history in memory is whole");
            let thorough = replay.run_thoroughly().expect("a history in memory is whole");
            assert_eq!(found.findings, thorough.findings, "seed {seed}");
            assert_eq!(found.undecidable, thorough.undecidable, "seed {seed}");
            assert_eq!(found.updates, thorough.updates, "seed {seed}");
            assert_eq!(found.asked, thorough.asked, "seed {seed}");
            said += found.findings.len();
        }
        assert!(said > 1000, "these histories are a mess, and only {said} findings");
    }

    /// Hours after the first date.
    fn logged(drawn: &Drawn, pushes: &[(&str, &str, &str)]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (push, (name, old, new)) in (0..).zip(pushes) {
            let name = RefName::new(*name);
            let new = drawn.commit(new).or_else(|| Some(drawn.refs.get(&name)?.id));
            arrivals.add(push, name, drawn.commit(old), new.expect("the story has it"));
        }
        arrivals
    }

    #[test]
    fn the_event_log_decides_where_dates_only_claim() {
        let drawn = story(&SPRINT, &REFS);
        let record = |version| {
            let below = format!("refs/tags/deployed/prod/{version}/");
            let names = drawn.refs.iter().map(|entry| entry.name.full().to_string());
            names.into_iter().find(|name| name.starts_with(&below)).expect("the story has a record")
        };
        let (first, second) = (record("v1.0.0"), record("v1.0.0-hotfix1"));
        let early = [
            ("refs/tags/v1.0.0", "", ""),
            (first.as_str(), "", ""),
            ("refs/tags/v1.0.0-hotfix1", "", ""),
            ("refs/heads/develop", "N", "B"),
            ("refs/heads/master", "A", "P"),
            (second.as_str(), "", ""),
        ];
        let late = [early[0], early[1], early[2], early[5], early[3], early[4]];
        let policy = Policy::built_in();
        let rules = |pushes: &[(&str, &str, &str)]| {
            let since = drawn.commit("A").into_iter().collect();
            let (history, refs) = (&drawn.history, &drawn.refs);
            let now = FIRST_DATE + 86_400;
            let replay = Replay { policy: &policy, history, refs, since, since_date: None, now };
            let log = logged(&drawn, pushes);
            let chronicle = replay.read(&log).expect("a picture can be read");
            let replayed = chronicle.judge(&|_, _| ()).expect("a picture can be read");
            replayed.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>()
        };
        assert_eq!(rules(&late), [""; 0]);
        assert_eq!(rules(&early), ["unconfirmed-merge-back", "unconfirmed-merge-back", "production-tree"]);
    }
}
