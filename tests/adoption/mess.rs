//! `flowcheck audit` of histories as they are: every kind of mess has a story, and what is found
//! beside it is what would be found without.

use crate::{Place, SPRINTS};

/// What an audit finds and what it cannot know, in its order.
fn audited_with(place: &Place, arguments: &[&str]) -> Vec<String> {
    let ended = place.flowcheck(&[&["audit", "--format", "json"], arguments].concat());
    assert!(matches!(ended.code, Some(0 | 1)), "{}", ended.told);
    let report = ended.json();
    let text = |value: &serde_json::Value| value.as_str().expect("it is text").to_owned();
    let findings = report["findings"].as_array().expect("it is a list");
    let mut said: Vec<String> = findings
        .iter()
        .map(|it| format!("{} {} {}", text(&it["level"]), text(&it["rule"]), short(&text(&it["ref"]))))
        .collect();
    let open = report["summary"]["undecidable"].as_object().into_iter().flatten();
    said.extend(open.map(|(rule, it)| format!("undecidable {rule} {}", it["count"])));
    said
}

/// [`audited_with`], by any number of tables the same.
fn audited(place: &Place) -> Vec<String> {
    let bare = audited_with(place, &[]);
    place.tell("cd shop; git commit-graph write --reachable 2>/dev/null || true");
    assert_eq!(audited_with(place, &[]), bare, "with a commit-graph");
    bare
}

fn short(name: &str) -> String {
    name.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").to_owned()
}

fn found_in(story: &str) -> Vec<String> {
    audited(&Place::new("develop", &format!("step begin; git branch master\n{story}")))
}

/// More words: a topic that is left alone, and a commit of any parents on the tree of the first.
const MORE: &str = r#"
beside() { topic "$1" "$2"; git checkout -q develop; }
made() {
  parents=; for parent in "$@"; do parents="$parents -p $parent"; done
  git commit-tree -m "Merge $*" $parents "$1^{tree}"
}
gone() { git branch -qD "$@"; }
"#;

#[test]
fn an_octopus_takes_in_what_each_of_its_arms_may() {
    let topics = format!(
        "{MORE}
beside feature/1 develop; beside feature/2 develop; beside feature/3 develop
git merge -q --no-ff -m 'Merge three' feature/1 feature/2 feature/3; gone feature/1 feature/2 feature/3"
    );
    assert_eq!(found_in(&topics), [""; 0]);
    let release = "
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0
beside feature/4 develop; git merge -q --no-ff -m 'Merge two' feature/4 release-1.0.0; gone feature/4";
    assert_eq!(found_in(&(topics + release)), ["error unconfirmed-merge-back develop"]);
}

#[test]
fn a_second_root_is_a_topic_like_another() {
    let story = "
git checkout -q --orphan feature/import; git rm -rfq .; step import; git checkout -q develop
git merge -q --no-ff --allow-unrelated-histories -m 'Merge the import' feature/import; git branch -qD feature/import";
    assert_eq!(found_in(story), [""; 0]);
    let line = "git checkout -q --orphan release-1.0.0; git rm -rfq .; step other; git checkout -q develop";
    assert_eq!(found_in(line), ["undecidable branch-origin 1"]);
}

#[test]
fn branches_that_took_each_other_in_are_told_apart() {
    let topics = format!(
        "{MORE}
beside feature/a develop; beside feature/b develop
a=$(made feature/a feature/b); b=$(made feature/b feature/a)
git branch -qf feature/a $a; git branch -qf feature/b $b
merge develop feature/a; merge develop feature/b; gone feature/a feature/b"
    );
    assert_eq!(found_in(&topics), [""; 0]);
    let lines = format!(
        "{MORE}
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; take feature/a develop
d=$(made develop release-1.0.0); r=$(made release-1.0.0 develop)
git checkout -q --detach; git branch -qf develop $d; git branch -qf release-1.0.0 $r; git checkout -q develop"
    );
    assert_eq!(
        found_in(&lines),
        ["error unconfirmed-merge-back develop", "error release-backflow release-1.0.0"]
    );
}

#[test]
fn a_line_that_was_built_again_is_judged_as_it_stands() {
    let release = "
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; tag v1.0.0 release-1.0.0
take feature/a develop; git branch -qf release-1.0.0 develop";
    assert_eq!(found_in(release), ["error tag-origin v1.0.0"]);
    let develop = "
take feature/a develop; git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; tag v1.0.0 release-1.0.0
git checkout -q --orphan anew; git commit -qm 'All of it, without its history'; git branch -qM develop";
    // What was develop's own past is taken for the release's now, as far as that can be told.
    assert_eq!(found_in(develop), ["warn merge-source release-1.0.0", "undecidable branch-origin 1"]);
}

#[test]
fn a_tag_on_no_branch_shows_its_line_as_far_as_it_goes() {
    let story = "
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; tag v1.0.0 release-1.0.0
git checkout -q develop; git branch -qD release-1.0.0";
    assert_eq!(found_in(story), ["undecidable tag-origin 1"]);
    let beside = "
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0
git checkout -q --detach develop; step stray; tag v1.0.0 HEAD; git checkout -q develop";
    assert_eq!(found_in(beside), ["error tag-origin v1.0.0"]);
}

#[test]
fn tags_of_every_make_are_read_to_their_end() {
    let story = "
git branch release-1.0.0; take bugfix/1.0.0-price release-1.0.0; git checkout -q develop
git tag v1.0.0 release-1.0.0
take hotfix/1.0.0-a release-1.0.0; tag inner release-1.0.0; git tag -am nested v1.0.0-hotfix1 inner; git tag -d inner
git tag -am tree v1.0.0-hotfix2 release-1.0.0^{tree}; git tag -am blob v1.0.0-hotfix3 release-1.0.0:begin
git tag tree HEAD^{tree}; git tag blob HEAD:begin; git checkout -q develop";
    let found = found_in(story);
    for expected in [
        "error tag-annotated v1.0.0",
        "error tag-origin v1.0.0-hotfix2",
        "error tag-origin v1.0.0-hotfix3",
        "error tag-name tree",
        "error tag-name blob",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:?}");
    }
    assert!(!found.iter().any(|it| it.ends_with("v1.0.0-hotfix1")), "{found:?}");
}

/// The sprints, with dates that `next` makes of the ones before.
fn dated(first: i64, next: &str) -> Place {
    let clock = format!(
        "now={first}\ntick() {{ now=$((now {next})); export GIT_COMMITTER_DATE=\"@$now +0000\" \
         GIT_AUTHOR_DATE=\"@$now +0000\"; }}\n\
         git() {{ case $1 in commit|merge|tag) tick;; esac; command git \"$@\"; }}\n"
    );
    Place::new("develop", &(clock + SPRINTS))
}

#[test]
fn dates_that_run_backwards_or_are_of_another_age_accuse_nobody() {
    let judged = |place: &Place| {
        let found = audited(place).into_iter().filter(|it| !it.starts_with("undecidable"));
        found.collect::<Vec<_>>()
    };
    let plain = judged(&dated(1_700_000_000, "+ 60"));
    assert_eq!(plain.iter().filter(|it| it.contains("unconfirmed-merge-back")).count(), 4, "{plain:?}");
    for (first, next) in
        [(1_700_000_000, "- 60"), (0, "+ 1"), (7_258_118_400, "+ 60"), (4_294_967_290, "+ 1")]
    {
        assert_eq!(judged(&dated(first, next)), plain, "from {first} on, {next}");
    }
}

#[test]
fn main_beside_master_is_a_branch_of_no_kind() {
    assert_eq!(found_in("git branch main"), ["error branch-name main"]);
}

#[test]
fn the_forge_s_own_refs_are_not_looked_at() {
    let place = Place::new("develop", SPRINTS);
    let before = audited(&place);
    place.tell(
        "cd shop; git checkout -q --orphan stray; git commit -qm stray; stray=$(git rev-parse HEAD)
git checkout -q develop; git branch -qD stray; git pack-refs --all
{ seq -f \"$stray refs/merge-requests/%05.0f/head\" 1 30000; seq -f \"$stray refs/pull/%05.0f/head\" 1 30000; } >foreign
awk '/ refs.tags/ && !done { while ((getline line < \"foreign\") > 0) print line; done = 1 } { print }' .git/packed-refs >all
mv all .git/packed-refs; rm foreign
test $(git for-each-ref | wc -l) -gt 60000",
    );
    assert_eq!(audited(&place), before);
}

#[test]
fn commits_that_are_malformed_are_part_of_the_history_all_the_same() {
    let bad = |headers: &str| {
        format!(
            "take feature/$n develop; n=$((n + 1))
bad=$({{ printf 'tree %s\\nparent %s\\nparent %s\\n' $(git rev-parse develop^{{tree}} develop^ develop^2)
printf '{headers}\\n\\nMerge it\\n'; }} | git hash-object -t commit -w --stdin --literally)
git update-ref refs/heads/develop $bad\n"
        )
    };
    let mess = [
        "author nobody",
        "author A <a@b> 1 +0000\\ncommitter A a@b 1 +0000",
        "committer A <a@b> junk",
        "author A <a@b> 99999999999999999999 +0000\\ncommitter A <a@b> 99999999999999999999 +9999",
        "author <> -1 +0000\\ncommitter <> -1 +0000",
        "x y",
    ];
    let story: String = mess.iter().map(|headers| bad(headers)).collect();
    assert_eq!(found_in(&format!("n=0\n{story}")), [""; 0]);
    let straight = format!("n=0\n{story}git reset -q --hard; step straight\n{}", bad("author nobody"));
    assert_eq!(found_in(&straight), ["error direct-commit develop"]);
}

#[test]
fn a_shallow_clone_is_judged_only_where_that_is_asked_for() {
    let place = Place::new("develop", SPRINTS);
    place.tell("mv shop whole; git clone -q --depth 2 file://$PWD/whole shop");
    let refused = place.flowcheck(&["audit"]);
    assert_eq!(refused.code, Some(2), "{}", refused.told);
    for cure in ["GIT_DEPTH: 0", "fetch-depth: 0", "git fetch --unshallow --tags"] {
        assert!(refused.told.contains(cure), "{}", refused.told);
    }
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "gitlab", "github", "concise"] {
        let ended = place.flowcheck(&["audit", "--allow-shallow", "--fail-on", "never", "--format", format]);
        assert_eq!(ended.code, Some(0), "{format}: {}", ended.told);
        assert!((ended.said + &ended.told).contains("shallow"), "{format} does not say so");
    }
}

#[test]
fn contents_that_were_not_fetched_matter_to_those_who_compare_them_alone() {
    let place = Place::new(
        "develop",
        &format!("{SPRINTS}git config uploadpack.allowFilter true; git tag 1.0.0; step straight"),
    );
    let whole = audited(&place);
    assert!(whole.contains(&"error direct-commit develop".to_owned()), "{whole:?}");
    place.tell("mv shop whole");
    for filter in ["blob:none", "tree:0"] {
        place.tell(&format!("rm -rf shop; git clone -q --bare --filter={filter} file://$PWD/whole shop"));
        place.write("policy.toml", include_str!("../../policy.toml.example"));
        let needs_contents = |it: &String| {
            ["lost-fix", "merge-back-missing", "unconfirmed-merge-back"].iter().any(|rule| it.contains(rule))
        };
        let plain =
            |found: Vec<String>| found.into_iter().filter(|it| !needs_contents(it)).collect::<Vec<_>>();
        assert_eq!(
            plain(audited_with(&place, &["--policy", "policy.toml"])),
            plain(whole.clone()),
            "{filter}"
        );
        place.tell("cd shop; test \"$(git count-objects -v | grep '^count')\" = 'count: 0'");
    }
}
