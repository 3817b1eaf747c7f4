//! Flows to be looked at by tests.

use super::{Account, Flow, RELEASES, Reading, Source};
use crate::finding::Finding;
use crate::history::{Details, Drawn, FIRST_DATE, Picture, RefName};
use crate::input::replay::Replay;
use crate::policy::Policy;
use crate::push::{Place, Push};
use crate::verdict::{self, Verdict};

/// A history that was read and judged.
pub(crate) struct Sample {
    pub verdict: Verdict,
    pub flow: Flow,
    pub account: Account,
}

/// Returns a history told commit by commit (`M: A F  subject`), and where its refs stand.
pub(crate) fn story(commits: &[&str], labels: &[(&str, &str)]) -> Drawn {
    let picture = Picture::read_with("", commits).expect("commits of ours");
    let drawn = Drawn::new(&picture, &Details::default()).expect("a history of ours");
    labels.iter().fold(drawn, |drawn, (label, commit)| drawn.at(commit, label))
}

/// Reads and judges a history by the built-in policy.
pub(crate) fn judged(drawn: &Drawn) -> Sample {
    let policy = Policy::built_in();
    let (history, refs) = (&drawn.history, &drawn.refs);
    let now = FIRST_DATE + 86_400;
    let since = drawn.commit("A").into_iter().collect();
    let replay = Replay { policy: &policy, history, refs, since, since_date: None, now };
    found(drawn, replay.run().expect("a picture can be read").findings)
}

/// Reads a history about which something was found.
pub(crate) fn found(drawn: &Drawn, findings: Vec<Finding>) -> Sample {
    let policy = Policy::built_in();
    let now = FIRST_DATE + 86_400;
    let push = Push { place: Place::Audit, pusher: None, now, ..Push::new(drawn.refs.clone(), vec![]) };
    let verdict = verdict::weigh(&policy, &push, findings);
    let source = Source {
        policy: &policy,
        history: &drawn.history,
        refs: &drawn.refs,
        findings: &verdict.findings,
        now,
        releases: RELEASES,
    };
    let reading = Reading::new(source).expect("a picture can be read");
    let (flow, account) = (reading.flow().expect("a picture can be read"), reading.account());
    Sample { verdict, flow, account }
}

/// One sprint with a hotfix, a roll-back, a commit beside the flow and a branch of no kind.
pub(crate) fn sprint() -> Drawn {
    story(
        &[
            "A:",
            "F: A",
            "M: A F  Merge branch 'feature/basket' into develop",
            "X: M",
            "R: M X  Merge branch 'bugfix/1.0.0-login' into release-1.0.0",
            "H: R",
            "S: R H  Merge branch 'hotfix/1.0.0-crash' into release-1.0.0",
            "Z: M  Mend a typo in passing",
            "B: Z S  Merge tag 'v1.0.0-hotfix1' into develop",
            "P: A S  Merge tag 'v1.0.0-hotfix1' into master",
            "O: B",
        ],
        &[
            ("develop", "B"),
            ("master", "P"),
            ("release-1.0.0", "S"),
            ("tag: v1.0.0", "R"),
            ("confirmed: v1.0.0", "R"),
            ("rolled-back: v1.0.0", "R"),
            ("tag: v1.0.0-hotfix1", "S"),
            ("confirmed: v1.0.0-hotfix1", "S"),
            ("my-branch", "O"),
        ],
    )
}

/// Many sprints that kept to the flow.
pub(crate) fn sprints(many: usize) -> Drawn {
    let mut commits = vec!["A:".to_owned()];
    let mut labels = vec![];
    let (mut develop, mut master) = ("A".to_owned(), "A".to_owned());
    for n in 1..=many {
        commits.push(format!("F{n}: {develop}"));
        commits.push(format!("M{n}: {develop} F{n}  Merge branch 'feature/number-{n}' into develop"));
        commits.push(format!("X{n}: M{n}"));
        commits.push(format!("R{n}: M{n} X{n}  Merge branch 'bugfix/{n}.0.0-late' into release-{n}.0.0"));
        commits.push(format!("B{n}: M{n} R{n}  Merge tag 'v{n}.0.0' into develop"));
        commits.push(format!("P{n}: {master} R{n}  Merge tag 'v{n}.0.0' into master"));
        (develop, master) = (format!("B{n}"), format!("P{n}"));
        labels.push((format!("release-{n}.0.0"), format!("R{n}")));
        labels.push((format!("tag: v{n}.0.0"), format!("R{n}")));
        labels.push((format!("confirmed: v{n}.0.0"), format!("R{n}")));
    }
    labels.push(("develop".to_owned(), develop));
    labels.push(("master".to_owned(), master));
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let labels: Vec<(&str, &str)> = labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    story(&commits, &labels)
}

/// Returns something that was found where `develop` took a commit.
pub(crate) fn on_develop(drawn: &Drawn, commit: &str) -> Finding {
    let name = RefName::of_branch("develop");
    Finding { rule: "direct-commit", new: drawn.commit(commit), ..Finding::new(&name, "`develop` takes it") }
}
