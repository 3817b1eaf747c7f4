//! What is drawn of a history, what is folded, and where findings stand.

use std::collections::BTreeSet;

use super::samples::{Sample, found, judged, on_develop, sprint, sprints, story};
use super::{Flow, Stop, What};

fn words(flow: &Flow, stop: &Stop) -> String {
    let what = match &stop.what {
        What::Step { subject, .. } => subject.clone(),
        What::Run { steps, merges } => format!("{steps} steps, {merges} merges"),
        What::Releases { span: (first, last), count } => format!("{count} releases, {first} to {last}"),
    };
    let lane = stop.lane.map_or("-", |lane| flow.lanes[lane].name.as_str());
    let tags = stop.tags.iter().map(|tag| format!("[{}]", tag.name));
    let findings = stop.findings.iter().map(|at| format!("!{}", at + 1));
    let marks: Vec<String> = tags.chain(findings).collect();
    format!("{lane}: {what} {}", marks.join(" ")).trim_end().to_owned()
}

fn told(sample: &Sample) -> Vec<String> {
    sample.flow.stops.iter().map(|stop| words(&sample.flow, stop)).collect()
}

#[test]
fn a_sprint_is_drawn_step_by_step_in_an_order_that_its_history_has() {
    let sample = judged(&sprint());
    insta::assert_snapshot!(told(&sample).join("\n"), @r"
    develop: A
    develop: Merge branch 'feature/basket' into develop
    release-1.0.0: Merge branch 'bugfix/1.0.0-login' into release-1.0.0 [v1.0.0]
    release-1.0.0: Merge branch 'hotfix/1.0.0-crash' into release-1.0.0 [v1.0.0-hotfix1]
    develop: Mend a typo in passing !1
    develop: Merge tag 'v1.0.0-hotfix1' into develop
    master: Merge tag 'v1.0.0-hotfix1' into master
    ");
    let topics: Vec<String> = sample
        .flow
        .branches
        .iter()
        .map(|branch| format!("{} {:?} {}", branch.name, branch.kind.as_deref(), branch.into.is_some()))
        .collect();
    insta::assert_snapshot!(topics.join("\n"), @r#"
    feature/basket Some("feature") true
    bugfix/1.0.0-login Some("bugfix") true
    hotfix/1.0.0-crash Some("hotfix") true
    my-branch None false
    "#);
    assert_eq!(sample.flow.elsewhere, [0; 0]);
    assert_eq!(sample.flow.running, Some(("prod".to_owned(), "v1.0.0-hotfix1".to_owned())));
}

#[test]
fn old_clean_releases_are_folded_and_counted() {
    let sample = found(&sprints(40), vec![]);
    let told = told(&sample);
    assert_eq!(sample.flow.releases, 40);
    assert!(told.contains(&"-: 32 releases, 1.0.0 to 32.0.0".to_owned()), "{told:#?}");
    let steps: usize = sample
        .flow
        .stops
        .iter()
        .map(|stop| match stop.what {
            What::Step { .. } => 1,
            What::Run { steps, .. } => steps,
            What::Releases { .. } => 0,
        })
        .sum();
    // A, two steps of develop and one of master in each sprint, and the releases that are drawn.
    assert_eq!(steps, 1 + 3 * 40 + 8);
}

#[test]
fn an_old_release_with_findings_is_drawn() {
    let drawn = sprints(40);
    let mut finding = on_develop(&drawn, "R3");
    finding.name = crate::history::RefName::of_branch("release-3.0.0");
    let sample = found(&drawn, vec![finding]);
    let told = told(&sample);
    assert!(
        told.iter().any(|stop| stop.starts_with("release-3.0.0: ") && stop.ends_with(" !1")),
        "{told:#?}"
    );
    assert!(told.contains(&"-: 2 releases, 1.0.0 to 2.0.0".to_owned()), "{told:#?}");
}

#[test]
fn every_finding_stands_somewhere_however_many_there_are() {
    let drawn = sprints(60);
    let findings = (1..=60).flat_map(|n| [format!("M{n}"), format!("B{n}")]);
    let findings: Vec<_> = findings.map(|commit| on_develop(&drawn, &commit)).collect();
    let sample = found(&drawn, findings);
    let placed: BTreeSet<usize> =
        sample.flow.stops.iter().flat_map(|stop| stop.findings.iter().copied()).collect();
    assert_eq!(placed.len(), 120);
    assert!(sample.flow.stops.len() < 130, "{}", sample.flow.stops.len());
}

#[test]
fn nothing_comes_before_what_it_contains() {
    let sample = judged(&sprint());
    for link in &sample.flow.links {
        assert!(link.from < link.to);
    }
    for lane in &sample.flow.lanes {
        assert!(lane.stops.is_sorted(), "{}: {:?}", lane.name, lane.stops);
        assert!(lane.cut.is_none_or(|cut| cut < lane.stops[0]));
    }
}

#[test]
fn a_finding_belongs_to_the_release_that_shipped_it() {
    let drawn = story(
        &["A:", "B: A", "C: B", "F: C", "R: C F  Merge branch 'bugfix/1.0.0-a' into release-1.0.0", "D: C"],
        &[("develop", "D"), ("release-1.0.0", "R")],
    );
    let findings = ["B", "C", "D"].map(|commit| on_develop(&drawn, commit)).to_vec();
    let releases: Vec<Option<String>> = found(&drawn, findings)
        .account
        .each
        .iter()
        .map(|of| of.release.map(|release| release.to_string()))
        .collect();
    assert_eq!(releases, [Some("1.0.0".to_owned()), Some("1.0.0".to_owned()), None]);
}
