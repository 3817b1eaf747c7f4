//! A status worded in each form, and what it says of every state.

use super::*;
use crate::facts::Standing;
use crate::history::RefName;
use crate::version::{Release, Version};

fn release(minor: u64, state: State, versions: Vec<VersionStatus>) -> ReleaseStatus {
    let release = Release { major: 1, minor, patch: 0 };
    ReleaseStatus {
        release,
        line: format!("release-{release}"),
        tip: None,
        state,
        cut: None,
        versions,
        merged_back: vec![],
        unreleased: 0,
    }
}

fn version(minor: u64, by: &str, deployed: bool) -> VersionStatus {
    let version = Version::of(Release { major: 1, minor, patch: 0 });
    let record = RefName::of_tag(&format!("deployed/prod/v{version}/1"));
    VersionStatus {
        version,
        tag: format!("v{version}"),
        commit: None,
        proof: if deployed { Proof::Confirmed } else { Proof::RolledBack(record.clone()) },
        standings: vec![Standing {
            version,
            environment: "prod".to_owned(),
            deployed,
            since: 0,
            record,
            by: by.to_owned(),
            reason: (!deployed).then(|| "baskets lost\u{1b}[2J".to_owned()),
        }],
    }
}

fn sample() -> Status {
    let releases = vec![
        release(0, State::Closed, vec![version(0, "Ann", true)]),
        release(1, State::Closed, vec![version(1, "Ben\u{1b}[2J", true)]),
        release(2, State::RolledBack, vec![version(2, "Cleo", false)]),
    ];
    Status {
        now: 1_000_000,
        brought: vec![
            vec![],
            vec!["feature/a".to_owned()],
            (0..30).map(|n| format!("feature/{n}")).collect(),
        ],
        lost: vec![vec![], vec![], vec!["v1.1.0-hotfix1".to_owned()]],
        next: vec![vec![], vec![], vec!["git checkout -b hotfix/1.2.0-mend origin/release-1.2.0".to_owned()]],
        releases,
        coming: vec!["feature/new".to_owned()],
        cut_next: vec![],
        integration: "develop".to_owned(),
        production: Some("master".to_owned()),
        cut_from: "develop".to_owned(),
        places: vec![Place {
            name: "integration".to_owned(),
            auto: true,
            by_record: false,
            holds: vec![Deployed {
                name: "develop".to_owned(),
                commit: None,
                since: 0,
                by: String::new(),
                record: None,
            }],
        }],
        environment: "prod".to_owned(),
        required: true,
        merge_back_within: 604_800,
        remote: "origin".to_owned(),
        expired: vec![Expired {
            rule: "branch-name".to_owned(),
            name: "refs/heads/legacy/*".to_owned(),
            at: 0,
            clause: Clause { file: "policy.toml".to_owned(), line: 7 },
        }],
    }
}

#[test]
fn a_terminal_reads_what_runs_what_is_owed_and_what_to_type() {
    let told = text(&sample());
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
    insta::assert_snapshot!(told, @r"
    prod runs v1.1.0 since 1970-01-01 00:00 UTC
      confirmed by Ben\u{1b}[2J
      could go back to v1.0.0
    integration takes develop since 1970-01-01

    1.2.0      rolled back  release-1.2.0
      line     gone
      brought  feature/0, feature/1, feature/2, feature/3, feature/4, feature/5,
               feature/6, feature/7 and 22 more
      tag      v1.2.0 rolled back
                 rolled back in prod since 1970-01-01 00:00 UTC by Cleo: baskets
                 lost\u{1b}[2J
      owed     v1.1.0-hotfix1 is missing from it
      next     git checkout -b hotfix/1.2.0-mend origin/release-1.2.0

    closed: 1.1.0, 1.0.0

    on develop for the next release: feature/new

      owed     the exception from branch-name for refs/heads/legacy/* has expired
               (1970-01-01, policy.toml:7)
    ");
}

#[test]
fn a_chat_reads_the_same() {
    let told = markdown(&sample());
    assert!(!told.contains('\u{1b}'), "{told}");
    insta::assert_snapshot!(told, @r"
    **prod** runs <code>v1.1.0</code> since 1970-01-01 00:00 UTC, confirmed by Ben&#92;u&#123;1b&#125;&#91;2J

    It could go back to <code>v1.0.0</code>

    - **integration** takes <code>develop</code> since 1970-01-01

    | Release | State | Newest tag | Owed | Brought |
    | --- | --- | --- | --- | --- |
    | 1.2.0 | rolled back | <code>v1.2.0</code> rolled back | <code>v1.1.0-hotfix1</code> is missing | feature/0, feature/1, feature/2, feature/3, feature/4 and 25 more |
    | 1.1.0 | closed | <code>v1.1.0</code> confirmed |  | feature/a |
    | 1.0.0 | closed | <code>v1.0.0</code> confirmed |  |  |

    Next for 1.2.0 (rolled back):

    ```sh
    git checkout -b hotfix/1.2.0-mend origin/release-1.2.0
    ```

    On <code>develop</code> for the next release: feature/new

    - Owed: the exception from <code>branch-name</code> for <code>refs/heads/legacy/&#42;</code> has expired (1970-01-01)
    ");
}

#[test]
fn programs_read_the_same() {
    let told = json(&sample());
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(json["running"], "v1.1.0");
    assert_eq!(json["roll_back_to"], serde_json::json!(["v1.0.0"]));
    assert_eq!(json["releases"][2]["state"], "rolled back");
    assert_eq!(json["releases"][2]["owed"][0]["tag"], "v1.1.0-hotfix1");
    assert_eq!(json["environments"][0]["holds"][0]["name"], "develop");
    assert_eq!(json["expired_exceptions"][0]["line"], 7);
    assert!(!told.contains('\u{1b}'));
}

#[test]
fn what_is_late_is_said_to_be() {
    let status = sample();
    assert_eq!(
        text::owed(&status, Debt::MergeBack("develop", Some(0))),
        "merge it back into develop (overdue since 1970-01-01)"
    );
    assert_eq!(
        text::owed(&status, Debt::MergeBack("develop", Some(2_000_000))),
        "merge it back into develop by 1970-01-24"
    );
}

#[test]
fn a_browser_reads_the_same() {
    let page = html(&sample());
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&page, options).expect("well-formed XML");
    let shown: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    for words in
        ["git checkout -b hotfix/1.2.0-mend origin/release-1.2.0", "v1.1.0-hotfix1 is missing from it"]
    {
        assert!(shown.contains(&words), "{words} is not there");
    }
    assert!(!page.contains('\u{1b}') && !page.contains("<script") && !page.contains("http"));
}
