//! What becomes of a policy file: a policy, or every mistake at once, each at its place.

use flowcheck::finding::Level;
use flowcheck::policy::{
    Base, Deploys, Direct, LineRole, Mistakes, Mode, PRESETS, Policy, While, no_files, read, ref_glob_matches,
};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../policy.toml.example");

fn mistakes(text: &str) -> Mistakes {
    match Policy::parse("policy.toml", text, &no_files) {
        Ok(_) => panic!("a mistake was passed over:\n{text}"),
        Err(mistakes) => mistakes,
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse("policy.toml", text, &no_files).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
}

/// A policy that is fine, and that mistakes are put into.
const FINE: &str = r#"version = 1
[lines]
integration = "develop"
production = "master"
[releases]
branch = 'release-(?<version>\d+\.\d+\.\d+)'
into = ["integration", "production"]
[topics.feature]
branch = 'feature/.+'
from = "integration"
into = ["integration"]
[topics.fix]
branch = 'fix/.+'
from = "release"
into = ["release"]
while = "before-tag"
[tags]
hotfix = 'v(?<version>\d+\.\d+\.\d+)-hotfix(?<n>[1-9]\d*)'
"#;

#[test]
fn what_mistakes_are_put_into_is_fine() {
    let reading = read("policy.toml", FINE.as_bytes(), &no_files).expect("no mistake");
    assert!(reading.advice.is_empty(), "{}", reading.advice);
}

/// What is replaced, by what, where the mistake is, what is said, what helps.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn each_is_said(cases: &[Case]) {
    for (from, to, place, says, helps) in cases {
        let text = FINE.replacen(from, to, 1);
        assert_ne!(text, FINE, "`{from}` is not in the policy");
        let mistakes = mistakes(&text);
        let places = mistakes.places();
        let found = places
            .iter()
            .find(|at| at.message.contains(says) && format!("{}:{}", at.line, at.column) == *place);
        let Some(found) = found else { panic!("{place}: {says}\n{mistakes}") };
        assert!(
            found.help.iter().any(|help| help.contains(helps)) || helps.is_empty(),
            "{helps}\n{mistakes}"
        );
        assert!(mistakes.render(false).contains(&format!(" --> policy.toml:{place}\n")), "{mistakes}");
    }
}

#[test]
fn a_line_that_is_written_wrong_is_said_at_its_place() {
    each_is_said(&[
        ("version = 1\n", "\n", "1:1", "the policy has no `version`", "write version = 1"),
        ("version = 1", "version = 2", "1:11", "policies of version 1, not 2", "newer flowcheck"),
        ("version = 1", "version = \"1\"", "1:11", "`version` is a string", "write version = 1"),
        ("version = 1", "version = 1\nversion = 1", "2:1", "this is no TOML: duplicate key", ""),
        ("[lines]", "mode = \"of\"\n[lines]", "2:8", "`of` is not a word", "`enforce` or `evaluate`"),
        ("[lines]", "[line]", "2:2", "the policy knows no `line`", "did you mean `lines`?"),
        (
            "[lines]",
            "paralel = true\n[lines]",
            "2:1",
            "no `paralel`",
            "`parallel`? It stands under `[releases]`",
        ),
        ("[lines]", "[lines]\nintegratoin = \"x\"", "3:1", "knows no `integratoin`", "`integration`?"),
        ("\"develop\"", "\"dev elop\"", "3:15", "cannot be the name of a branch", "one branch"),
        ("\"develop\"", "3", "3:15", "`integration` is a number, but has to be a string", "in quotes"),
        ("\"develop\"", "{ merge = \"any\" }", "3:1", "`[lines.integration]` has no `branch`", "\"develop\""),
        ("\"develop\"", "{ branch = \"d\", merge = \"ff\" }", "3:39", "`ff` is not a word", "`fast-forward`"),
        (
            "\"develop\"",
            "{ branch = \"d\", direct = \"no\" }",
            "3:40",
            "has to be true or false",
            "direct = false",
        ),
        ("\"master\"", "\"develop\"", "4:14", "one branch", "name two branches"),
        ("production = \"master\"\n", "", "6:8", "the policy has no production line", "under [lines]"),
    ]);
}

#[test]
fn who_pushes_is_not_for_clients_to_say() {
    for (variable, says) in [
        ("LC_USER", "whoever pushes may be able to set `LC_USER`"),
        ("LANG", "may be able to set"),
        ("HTTP_AUTHORIZATION", "may be able to set"),
        ("GIT_PUSH_OPTION_0", "may be able to set"),
        ("FLOW USER", "`FLOW USER` is not the name of a variable"),
        ("7USER", "is not the name of a variable"),
    ] {
        let mistakes = mistakes(&format!("{FINE}[server]\nuser-variable = \"{variable}\"\n"));
        let places = mistakes.places();
        assert!(places.len() == 1 && places[0].message.contains(says), "{variable}: {mistakes}");
    }
    for variable in ["", "FLOW_USER", "REMOTE_USER"] {
        policy(&format!("{FINE}[server]\nuser-variable = \"{variable}\"\n"));
    }
}

#[test]
fn a_pattern_that_is_wrong_is_said_at_its_place() {
    each_is_said(&[
        (
            "(?<version>\\d+\\.\\d+\\.\\d+)'\ninto",
            "x'\ninto",
            "6:10",
            "no group `version`",
            "put (?<version>",
        ),
        (
            "(?<version>\\d+\\.\\d+\\.\\d+)'\ninto",
            "(?<verson>\\d+)'\ninto",
            "6:10",
            "no group",
            "says `verson`",
        ),
        (
            "(?<version>\\d+\\.\\d+\\.\\d+)'\ninto",
            "(?<version>\\d+)?'\ninto",
            "6:10",
            "without the",
            "part of every",
        ),
        ("'feature/.+'", "'feature/(.+'", "9:19", "no regular expression: unclosed group", "`regex`"),
        ("'feature/.+'", "'feature/(?=x).+'", "9:19", "look-around", "`regex`"),
        ("'feature/.+'", "'(\\w{900}){900}'", "9:11", "too much memory", "`regex`"),
        ("'feature/.+'", "'f.*'", "13:10", "could be a `feature` or a `fix`", "one kind alone"),
        ("'feature/.+'", "'de.*'", "9:10", "could be the integration line or a `feature`", "one kind alone"),
        (
            "\"develop\"",
            "\"release-1.0.0\"",
            "6:10",
            "`release-1.0.0` could be the integration line or a",
            "",
        ),
        ("(?<n>[1-9]\\d*)", "[1-9]\\d*", "18:10", "no group `n`", "put (?<n>"),
        (
            "[tags]",
            "[tags]\nrelease = 'v/(?<version>\\d+)'",
            "18:11",
            "a name with `/` cannot be an",
            "letters",
        ),
        (
            "[tags]",
            "[tags]\nrelease = '-(?<version>\\d+)'",
            "18:11",
            "a name with `-` cannot be an",
            "begin with",
        ),
        (
            "[tags]",
            "[tags]\nrelease = 'v(?<version>.+)'",
            "19:10",
            "release tag or a hotfix tag",
            "in common",
        ),
    ]);
}

#[test]
fn a_topic_that_goes_nowhere_is_said_at_its_place() {
    each_is_said(&[
        (
            "from = \"integration\"",
            "from = \"releese\"",
            "10:8",
            "`releese` is not a word",
            "mean \"release\"?",
        ),
        ("into = [\"release\"]", "into = []", "15:8", "into nothing", "name the lines"),
        (
            "into = [\"release\"]",
            "into = \"release\"",
            "15:8",
            "a list of strings",
            "write into = [\"release\"]",
        ),
        ("into = [\"release\"]", "into = [3]", "15:9", "has to be a string", "in quotes"),
        (
            "into = [\"integration\"]",
            "into = [\"integration\"]\nwhile = \"after-tag\"",
            "12:9",
            "`while` says nothing about",
            "release",
        ),
    ]);
}

#[test]
fn a_setting_that_is_wrong_is_said_at_its_place() {
    each_is_said(&[
        ("[tags]", "[tags", "17:6", "this is no TOML", ""),
        ("[tags]", "[tags]\non = \"trunk\"", "18:6", "`trunk` is not a word", "`release`"),
        ("[tags]", "[confirmation]\nsigned = true\n[tags]", "18:10", "nobody may sign", "allowed-signers ="),
        (
            "[tags]",
            "[confirmation]\nallowed-signers = \"x\"\n[tags]",
            "18:19",
            "read the allowed signers",
            "beside",
        ),
        (
            "[tags]",
            "[confirmation]\nallowed-signers = \"/x\"\n[tags]",
            "18:19",
            "does not lie beside",
            "name alone",
        ),
        ("[tags]", "[confirmation]\nrequire = [\"tag\"]\n[tags]", "18:12", "`tag` is not a word", "`record`"),
        (
            "[tags]",
            "[confirmation]\nmerge-back-within = \"7\"\n[tags]",
            "18:21",
            "not a stretch of time",
            "\"7d\"",
        ),
        ("[tags]", "[confirmation]\nby = [\" al\"]\n[tags]", "18:7", "nobody's name", "without spaces"),
        (
            "[tags]",
            "[confirmation]\nenvironment = \"prd\"\n[environments.prod]\nfrom = \"tag\"\n[tags]",
            "18:15",
            "no environment `prd`",
            "did you mean \"prod\"?",
        ),
        (
            "[tags]",
            "[environments.prod]\nfrom = \"tags\"\n[tags]",
            "18:8",
            "`tags` is not a word",
            "mean \"tag\"?",
        ),
        ("[tags]", "[limits]\nrefs = 0\n[tags]", "18:8", "a number from 1", "refs ="),
        ("[tags]", "[server]\nkind = \"github\"\n[tags]", "18:8", "`github` is not a word", "gitlab"),
        (
            "[tags]",
            "[refs]\nallow = [\"notes/*\"]\n[tags]",
            "18:10",
            "not a full ref name",
            "refs/heads/notes/*",
        ),
        ("[tags]", "[refs]\nallow = [\"refs/[a\"]\n[tags]", "18:10", "no glob", "`*` stands for anything"),
        (
            "[tags]",
            "[audit]\nsince = [\"monday\"]\n[tags]",
            "18:10",
            "neither a commit nor a date",
            "2026-11-01",
        ),
    ]);
}

#[test]
fn a_level_or_exception_that_is_wrong_is_said_at_its_place() {
    each_is_said(&[
        ("[tags]", "[rules]\nlost-fixs = \"off\"\n[tags]", "18:1", "no rule `lost-fixs`", "mean `lost-fix`?"),
        (
            "[tags]",
            "[rules]\nlost-fix = \"warning\"\n[tags]",
            "18:12",
            "`warning` is not a word",
            "mean \"warn\"?",
        ),
        ("[tags]", "[rules]\nlost-fix = { until = 2027-01-31 }\n[tags]", "18:1", "has no `level`", "level ="),
        (
            "[tags]",
            "[rules]\nlost-fix = { level = \"off\", until = \"x\" }\n[tags]",
            "18:37",
            "has to be a day",
            "2027-01-31",
        ),
        (
            "[tags]",
            "[rules]\ntag-signature = \"warn\"\n[tags]",
            "18:17",
            "nobody may sign",
            "allowed-signers =",
        ),
        (
            "[tags]",
            "[[exceptions]]\nrule = \"tag-name\"\nref = \"refs/tags/x\"\n[tags]",
            "17:1",
            "has no `reason`",
            "reason",
        ),
        (
            "[tags]",
            "[[exceptions]]\nrule = \"tag-name\"\nref = \"refs/tags/x\"\nreason = \" \"\n[tags]",
            "20:10",
            "needs a reason",
            "in a year",
        ),
        (
            "[tags]",
            "[[exceptions]]\nrule = \"tag-name\"\nref = \"refs/tags/x\"\nreason = \"r\"\nobject = \"12\"\n[tags]",
            "21:10",
            "not the id of an object",
            "rev-parse",
        ),
        (
            "[tags]",
            "[[exceptions]]\nrule = \"tag-name\"\nref = \"refs/tags/x\"\nreason = \"r\"\nexpires = 2027-02-30\n[tags]",
            "21:11",
            "no TOML: invalid date",
            "",
        ),
    ]);
}

#[test]
fn all_mistakes_are_said_at_once_with_line_and_caret() {
    let text = "version = 1\nmode = \"enforced\"\n\n[lines]\nintegration = \"develop\"\nproduction = \"develop\"\n\
                \n[topics.feature]\nbranch = 'feature/(.+'\nfrom = \"integration\"\ninto = []\n";
    insta::assert_snapshot!(mistakes(text).render(false), @r#"
    error: `enforced` is not a word that can stand here
     --> policy.toml:2:8
      |
    2 | mode = "enforced"
      |        ^^^^^^^^^^ `enforce` or `evaluate` can stand here
      |
      = help: did you mean "enforce"?

    error: the integration and the production line are one branch
     --> policy.toml:6:14
      |
    6 | production = "develop"
      |              ^^^^^^^^^ is the integration line, line 5
      |
      = help: name two branches, or leave `production` out: then nothing is
              proven on a branch

    error: this is no regular expression: unclosed group
     --> policy.toml:9:19
      |
    9 | branch = 'feature/(.+'
      |                   ^ here
      |
      = help: patterns are written in the syntax of Rust's crate `regex`
    "#);
}

#[test]
fn colour_comes_only_when_asked() {
    let mistakes = mistakes("version = 3\n");
    assert!(!mistakes.render(false).contains('\u{1b}'));
    assert!(mistakes.render(true).contains('\u{1b}'));
}

#[test]
fn a_broken_line_does_not_hide_the_mistakes_of_the_others() {
    let text = FINE.replace("'fix/.+'", "'fix/.+").replace("\"before-tag\"", "\"befor-tag\"");
    let said = mistakes(&text).to_string();
    assert!(said.contains("this is no TOML"), "{said}");
    assert!(said.contains("did you mean \"before-tag\"?"), "{said}");
}

#[test]
fn a_broken_header_is_not_blamed_on_its_settings() {
    let said = mistakes(&FINE.replace("[topics.fix]", "[topics.fix")).to_string();
    assert!(said.contains("this is no TOML"), "{said}");
    assert!(!said.contains("knows no"), "{said}");
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    let text = format!("\u{feff}{}", FINE.replace('\n', "\r\n").replace(" = ", "\t=\t"));
    assert_eq!(policy(&text).topics.len(), 2);
    let said = mistakes(&text.replace("\"develop\"", "\"dev elop\"")).to_string();
    assert!(said.contains("policy.toml:3:15"), "{said}");
    assert!(!said.contains('\r') && !said.contains('\t'), "{said:?}");
}

#[test]
fn what_is_no_text_or_too_large_or_empty_is_said() {
    let parse =
        |bytes: &[u8]| Policy::parse("policy.toml", bytes, &no_files).expect_err("a mistake").to_string();
    assert!(parse(b"version = 1\n# gr\xfc\xdfe\n").contains("byte 0xfc is not UTF-8"));
    assert!(parse(b"version = 1\n# gr\xfc\xdfe\n").contains("policy.toml:2:5"));
    assert!(parse(&vec![b'#'; 2 << 20]).contains("a policy has at most 1048576 bytes"));
    let empty = parse(b"");
    assert!(empty.contains("no `version`") && empty.contains("no `lines`"), "{empty}");
}

#[test]
fn many_mistakes_are_counted_rather_than_shown() {
    let text =
        format!("{FINE}[rules]\n{}", (0..200).fold(String::new(), |all, n| format!("{all}r{n} = \"off\"\n")));
    let mistakes = mistakes(&text);
    assert_eq!(mistakes.count(), 200);
    assert!(mistakes.to_string().ends_with("... and 150 more"));
}

#[test]
fn advice_is_no_mistake() {
    let advice = |from: &str, to: &str| {
        let text = FINE.replacen(from, to, 1);
        let reading = read("policy.toml", text.as_bytes(), &no_files);
        reading.unwrap_or_else(|mistakes| panic!("{mistakes}")).advice.to_string()
    };
    assert!(advice("[tags]", "[override]\nby = [\"al\", \"key-7\"]\n[tags]").contains("its key alone"));
    assert!(advice("[tags]", "[tags]\nother = ['v1.+']").contains("is a version tag all the same"));
    assert!(advice("'feature/.+'", "'feature/(?<tpic>.+)'").contains("did you mean `topic`?"));
    let deployed = "[environments.prod]\nfrom = \"tag\"\n[environments.alpha]\nfrom = \"release\"\n[tags]";
    assert_eq!(advice("[tags]", deployed), "");
    let text = FINE.replacen("[tags]", deployed, 1).replace("'release-(", "'release/(");
    let reading = read("policy.toml", text.as_bytes(), &no_files).expect("no mistake");
    assert!(reading.advice.to_string().contains("a name with `/` cannot be an image tag"));
    let text = FINE.replacen("[tags]", deployed, 1).replace("'release-(", "'release[-/](");
    let reading = read("policy.toml", text.as_bytes(), &no_files).expect("no mistake");
    assert!(reading.advice.to_string().contains("a name like `release/"), "{}", reading.advice);
    let built = advice("[tags]", "[tags]\nrelease = 'v(?<version>\\d+\\.\\d+\\.\\d+)(\\+x)?'");
    assert!(built.contains("a name like `v") && built.contains("cannot be an image tag"), "{built}");
}

#[test]
fn the_file_of_the_signers_is_read_beside_the_policy() {
    let text = "version = 1\n[lines]\nintegration = \"a\"\n[confirmation]\nsigned = true\nallowed-signers = \"keys\"\n";
    let load = |path: &str| Ok(format!("# {path}\nbot ssh-ed25519 AAAA\n").into_bytes());
    let policy = Policy::parse("policy.toml", text, &load).expect("no mistake");
    assert_eq!(policy.confirmation.allowed_signers.as_deref(), Some("# keys\nbot ssh-ed25519 AAAA\n"));
    let empty = Policy::parse("policy.toml", text, &|_: &str| Ok(b"# nobody\n".to_vec()));
    assert!(empty.expect_err("nobody may sign").to_string().contains("it lists no key"));
}

#[test]
fn every_clause_knows_its_line() {
    let policy = policy(FINE);
    let line = |needle: &str| {
        let before = &FINE[..FINE.find(needle).expect("it is there")];
        u32::try_from(before.lines().count() + 1).expect("a small number")
    };
    let releases = policy.releases.expect("it has releases");
    assert_eq!(policy.integration.clause.line, 3);
    assert_eq!(releases.clause.line, line("branch = 'release"));
    assert_eq!(releases.parallel_clause.line, line("[releases]"));
    assert_eq!(policy.topics[1].while_clause.line, line("while"));
    assert_eq!(policy.topics[0].while_clause.line, line("from = \"integration\""));
    assert_eq!(policy.tags.hotfix_clause.line, line("hotfix ="));
    assert_eq!(policy.tags.hotfix_clause.file, "policy.toml");
    assert_eq!((policy.editors_clause.file.as_str(), policy.editors_clause.line), ("built-in", 0));
}

#[test]
fn days_end_with_the_day_and_exceptions_say_all() {
    let text = format!(
        "{FINE}[rules]\nlost-fix = {{ level = \"warn\", until = 2027-01-31 }}\ntag-order = \"off\"\n[[exceptions]]\n\
         rule = \"branch-name\"\nref = \"refs/heads/legacy/*\"\nreason = \"old\"\nexpires = 2027-01-31\n\
         object = \"{}\"\n[override]\nby = [\"alice\"]\n[audit]\nsince = [2026-11-01, \"abcdef0123\"]\n",
        "A".repeat(40)
    );
    let policy = policy(&text);
    let levels: Vec<_> =
        policy.levels.iter().map(|level| (level.rule.as_str(), level.level, level.until)).collect();
    assert_eq!(levels, [("lost-fix", Level::Warn, Some(1_801_439_999)), ("tag-order", Level::Off, None)]);
    let exception = &policy.exceptions[0];
    assert_eq!(exception.expires, Some(1_801_439_999));
    assert_eq!(exception.object.as_deref(), Some("a".repeat(40).as_str()));
    assert!(ref_glob_matches(&exception.name, b"refs/heads/legacy/a/b"));
    assert!(!ref_glob_matches(&exception.name, b"refs/heads/other"));
    assert_eq!(policy.override_by, ["alice"]);
    assert_eq!(policy.audit_since, ["2026-11-01", "abcdef0123"]);
}

#[test]
fn lines_may_say_more_than_their_name() {
    let text =
        FINE.replace("\"develop\"", "{ branch = \"develop\", merge = \"any\", direct = { by = [\"bot\"] } }");
    let line = policy(&text).integration;
    assert_eq!(line.branch, "develop");
    assert_eq!(line.direct, Direct::By(vec!["bot".to_owned()]));
}

#[test]
fn a_small_policy_means_what_it_leaves_out() {
    let policy = policy("version = 1\n[lines]\nintegration = \"main\"\n");
    assert!(policy.production.is_none() && policy.releases.is_none() && policy.tags.hotfix.is_none());
    assert_eq!(policy.tags.on, LineRole::Integration);
    assert!(policy.confirmation.record);
    assert_eq!(policy.environments[0].name, "prod");
}

/// The settings of the default, as the contract has them.
const SPECIFIED: &str = r#"
version = 1
mode = "enforce"
[lines]
integration = "develop"
production = "master"
[releases]
branch = 'release-(?<version>\d+\.\d+\.\d+)'
from = "integration"
into = ["integration", "production"]
parallel = false
merge = "merge-commit"
direct = false
[topics.feature]
branch = 'feature/(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)'
from = "integration"
into = ["integration"]
[topics.bugfix]
branch = 'bugfix/((?<version>\d+\.\d+\.\d+)-)?(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)'
from = "release"
into = ["release"]
while = "before-tag"
[topics.hotfix]
branch = 'hotfix/((?<version>\d+\.\d+\.\d+)-)?(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)'
from = "release"
into = ["release"]
while = "after-tag"
[topics.merge-back]
branch = 'merge-back/(?<version>\d+\.\d+\.\d+)(-hotfix(?<n>[1-9]\d*))?'
from = "confirmed"
into = ["integration", "production"]
[tags]
release = 'v(?<version>\d+\.\d+\.\d+)'
hotfix = 'v(?<version>\d+\.\d+\.\d+)-hotfix(?<n>[1-9]\d*)'
on = "release"
other = []
[confirmation]
environment = "prod"
by = []
signed = false
allowed-signers = ""
require = ["record"]
repository = ""
merge-back-within = "7d"
[environments.integration]
from = "integration"
deploy = "auto"
[environments.alpha]
from = "release"
deploy = "auto"
[environments.prod]
from = "tag"
deploy = "manual"
[refs]
allow = []
[policy]
editors = []
[audit]
since = []
[limits]
deadline = "4s"
refs = 100000
[server]
kind = "auto"
user-variable = ""
lock = false
[log]
file = ""
[rules]
"#;

#[test]
fn the_example_has_every_setting_of_the_contract() {
    let table = |text: &str| text.parse::<toml::Table>().expect("it is TOML");
    assert_eq!(table(EXAMPLE), table(SPECIFIED));
    for tool in ["renovate/", "dependabot/", "revert-", "cherry-pick-"] {
        assert!(EXAMPLE.contains(&format!("# branch = '{tool}")), "{tool}");
    }
}

#[test]
fn what_the_example_has_commented_out_is_right_as_well() {
    let is_setting = |text: &&str| {
        let key = text.split(" = ").next().unwrap_or_default();
        text.starts_with('[')
            || (text.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
    };
    let uncomment = |line: &'static str| line.strip_prefix("# ").filter(is_setting).unwrap_or(line);
    let policy = policy(&EXAMPLE.lines().map(uncomment).collect::<Vec<_>>().join("\n"));
    assert_eq!(policy.topics.len(), 8);
    assert_eq!(policy.exceptions.len(), 1);
    assert_eq!(policy.levels.len(), 3);
    assert_eq!(policy.override_by, ["release-manager"]);
}

#[test]
fn the_default_is_the_flow_of_the_example() {
    let policy = Policy::built_in();
    assert_eq!(policy.source, "built-in");
    assert_eq!(policy.mode, Mode::Enforce);
    assert_eq!(policy.integration.branch, "develop");
    let line = EXAMPLE.lines().position(|line| line == "integration = \"develop\"").expect("it is there") + 1;
    assert_eq!(policy.integration.clause.line as usize, line);
    assert_eq!(policy.integration.clause.file, "built-in");
    let kinds: Vec<_> =
        policy.topics.iter().map(|topic| (topic.kind.as_str(), topic.from, topic.while_)).collect();
    let release = Base::Line(LineRole::Release);
    assert_eq!(
        kinds,
        [
            ("feature", Base::Line(LineRole::Integration), While::Open),
            ("bugfix", release, While::BeforeTag),
            ("hotfix", release, While::AfterTag),
            ("merge-back", Base::Confirmed, While::Open),
        ]
    );
    assert_eq!(policy.confirmation.merge_back_within, 7 * 24 * 3600);
    assert_eq!(policy.limits.deadline_ms, 4000);
    assert_eq!(policy.environments[2].from, Deploys::Tag);
}

#[test]
fn no_preset_has_a_mistake_or_needs_advice() {
    for preset in PRESETS {
        let reading = read(preset.name, preset.text.as_bytes(), &no_files);
        let reading = reading.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(reading.advice.is_empty(), "{}", reading.advice);
    }
    assert_eq!(include_str!("../docs/presets/gitlab-flow.toml"), EXAMPLE);
}

#[test]
fn presets_differ_where_their_flows_do() {
    let git_flow = Policy::preset("git-flow").expect("there is one");
    assert!(!git_flow.confirmation.required());
    assert!(git_flow.tags.hotfix.is_none());
    assert_eq!(git_flow.tags.on, LineRole::Production);
    assert!(git_flow.tags.release.is_match("1.2.1"));
    let hotfix = &git_flow.topics[2];
    assert_eq!((hotfix.kind.as_str(), hotfix.from), ("hotfix", Base::Line(LineRole::Production)));
    assert_eq!(hotfix.into, [LineRole::Integration, LineRole::Production]);
    assert!(Policy::preset("release-lines").expect("there is one").parallel());
    assert!(!Policy::preset("gitlab-flow").expect("there is one").parallel());
    let unknown = Policy::preset("gitflow").expect_err("there is none").to_string();
    assert_eq!(unknown, "find a preset `gitflow`: did you mean `git-flow`?");
}

/// Bytes that are shown as text where a test fails.
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.escape_ascii().to_string())
    }
}

/// A policy of the example's bytes, cut, repeated and spoiled.
fn spoiled() -> impl Strategy<Value = Bytes> {
    let part = (0..EXAMPLE.len(), 0..200usize, prop::collection::vec(any::<u8>(), 0..12));
    prop::collection::vec(part, 0..12).prop_map(|parts| {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (at, length, with) in parts {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, with);
        }
        Bytes(bytes)
    })
}

fn outcome_is_clear(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Err(mistakes) = Policy::parse("policy.toml", bytes, &no_files) else { return Ok(()) };
    prop_assert!(!mistakes.is_empty());
    let text = mistakes.render(false);
    prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    for line in text.lines() {
        // A single word that cannot be broken may be longer; beyond ASCII, the terminal decides.
        let words = line.trim_start_matches([' ', '=']).split(' ').count();
        prop_assert!(!line.is_ascii() || line.len() <= 80 || words <= 3, "{line}");
    }
    let places = mistakes.places();
    prop_assert!(places.iter().all(|place| !place.message.chars().any(char::is_control)));
    Ok(())
}

/// Once printed with a line of 81 columns.
#[test]
fn a_line_that_is_cut_in_its_middle_is_not_too_long() {
    let bytes = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 11, 11, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 11, 0, 128, 0, 0, 11, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 204, 128, 0, 0, 0,
    ];
    outcome_is_clear(&bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_spoiled_policy_panics_or_prints_control_characters(policy in spoiled()) {
        outcome_is_clear(&policy.0)?;
    }

    #[test]
    fn no_bytes_panic_or_print_control_characters(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        outcome_is_clear(&bytes)?;
    }

    #[test]
    fn no_pattern_panics_now_or_later(pattern in r"[a-z(?<>)\[\]{}0-9|*+.\\#x: -]{0,30}", name in "[a-z0-9/.-]{0,12}") {
        if let Ok(pattern) = flowcheck::policy::Pattern::new(&pattern) {
            let _ = pattern.captures(&name);
        }
    }
}

/// The policy as an editor's plugin sees it: dates are strings.
fn as_json(text: &str) -> serde_json::Value {
    fn convert(value: &toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(list) => list.iter().map(convert).collect(),
            toml::Value::Table(table) => {
                table.iter().map(|(key, value)| (key.clone(), convert(value))).collect()
            }
            other => serde_json::to_value(other).expect("TOML fits JSON"),
        }
    }
    convert(&toml::Value::Table(text.parse().expect("it is TOML")))
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = flowcheck::policy::schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for preset in PRESETS {
        assert!(validator.is_valid(&as_json(preset.text)), "{}", preset.name);
    }
    // Each setting renamed, and each value given another type: both must object.
    let document: toml::Table = SPECIFIED.parse().expect("it is TOML");
    let mut tried = 0;
    for (section, value) in &document {
        let Some(settings) = value.as_table() else { continue };
        for (key, value) in settings.iter().filter(|(_, value)| !value.is_table()) {
            let other =
                if value.is_integer() { toml::Value::Boolean(true) } else { toml::Value::Integer(-7) };
            for (name, value) in [(format!("{key}x"), value.clone()), (key.clone(), other)] {
                let mut changed = document.clone();
                let table = changed[section].as_table_mut().expect("a section");
                table.remove(key);
                table.insert(name.clone(), value);
                let text = changed.to_string();
                assert!(!validator.is_valid(&as_json(&text)), "the schema passes over {section}.{name}");
                assert!(
                    Policy::parse("p", &text, &no_files).is_err(),
                    "the reader passes over {section}.{name}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let settings =
        flowcheck::policy::settings("policy.toml", FINE.as_bytes(), &no_files).expect("no mistake");
    let shown = |key: &str| {
        let setting =
            settings.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("no {key}"));
        format!("{} {}:{}", setting.value, setting.clause.file, setting.clause.line)
    };
    assert_eq!(shown("lines.integration"), "\"develop\" policy.toml:3");
    assert_eq!(shown("topics.fix.while"), "\"before-tag\" policy.toml:16");
    assert_eq!(shown("topics.feature.branch"), "\"feature/.+\" policy.toml:9");
    let line = EXAMPLE.lines().position(|line| line.starts_with("deadline")).expect("it is there") + 1;
    assert_eq!(shown("limits.deadline"), format!("\"4s\" built-in:{line}"));
    assert_eq!(shown("tags.on").split(' ').next(), Some("\"release\""));
    assert_eq!(shown("lines.integration.merge"), "\"merge-commit\" built-in:0");
}

#[test]
fn the_default_shows_no_setting_that_the_example_leaves_out() {
    let settings =
        flowcheck::policy::settings("built-in", EXAMPLE.as_bytes(), &no_files).expect("no mistake");
    let left_out: Vec<_> =
        settings.iter().filter(|setting| setting.default).map(|setting| &setting.key).collect();
    let lines = ["integration.merge", "integration.direct", "production.merge", "production.direct"];
    assert_eq!(left_out, lines.map(|line| format!("lines.{line}")).iter().collect::<Vec<_>>());
}
