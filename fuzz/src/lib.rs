//! What is fuzzed, one function per target: any bytes may come, none may make it panic, and what
//! is said about them holds. Each says whether it was understood what came.
//!
//! The targets run these with bytes that libFuzzer makes up; `cargo test` runs them with those of
//! `corpus/`, so that they stay alive where there is no cargo-fuzz. What it finds goes into a
//! directory of its own, so that the corpus stays readable:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none policy /tmp/policy fuzz/corpus/policy
//! ```

use flowcheck::facts::{Facts, Record, When, deployment_of, kind_of};
use flowcheck::finding::Finding;
use flowcheck::history::{BString, Memory, NewCommit, Oid, Ref, RefName, Refs, Signed};
use flowcheck::input::deployments::{Claim, Search, next_page};
use flowcheck::input::{Environment, pre_push_lines, server_lines, subject};
use flowcheck::policy::{Policy, no_files, read, settings};
use flowcheck::push::{Push, RefUpdate};
use flowcheck::report::{Format, Report, render};
use flowcheck::repository::{decode, signature};
use flowcheck::verdict;
use gix::hash::Kind;

/// Panics where a text that is shown to people moves their cursor or hides what it says.
fn shown(text: &str) {
    let hides = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(hides), "{text:?} is not fit to be shown");
}

fn hex(id: Option<Oid>, hash: Kind) -> String {
    id.map_or_else(|| "0".repeat(hash.len_in_hex()), |id| id.to_string())
}

/// The standard input of hooks: what is accepted is what git writes, byte for byte.
pub fn hook_lines(data: &[u8]) -> bool {
    let mut understood = false;
    for hash in [Kind::Sha1, Kind::Sha256] {
        match server_lines(data, hash, 1000) {
            Ok(lines) => {
                let written = lines.iter().flat_map(|line| {
                    let ids = format!("{} {} ", hex(line.old, hash), hex(line.new, hash));
                    [ids.as_bytes(), line.name.full(), b"\n"].concat()
                });
                assert!(written.eq(data.iter().copied()), "what was read is not what was written");
                understood |= !lines.is_empty();
            }
            Err(unusable) => shown(&unusable.to_string()),
        }
        match pre_push_lines(data, hash, 1000) {
            Ok(lines) => {
                let written = lines.iter().flat_map(|line| {
                    let (new, old) = (hex(line.new, hash), hex(line.old, hash));
                    let (new, old) = (format!(" {new} "), format!(" {old}\n"));
                    [&line.local, new.as_bytes(), line.name.full(), old.as_bytes()].concat()
                });
                assert!(written.eq(data.iter().copied()), "what was read is not what was written");
                understood |= !lines.is_empty();
            }
            Err(unusable) => shown(&unusable.to_string()),
        }
    }
    understood
}

/// Names that a policy is asked about: of its own kinds, and of nobody's.
const NAMES: [&str; 12] = [
    "refs/heads/develop",
    "refs/heads/master",
    "refs/heads/release-1.0.0",
    "refs/heads/release/1.0.0",
    "refs/heads/hotfix/1.0.0-login",
    "refs/heads/feature/a/b",
    "refs/heads/x",
    "refs/tags/v1.0.0",
    "refs/tags/v1.0.0-hotfix10",
    "refs/tags/deployed/prod/v1.0.0/1",
    "refs/notes/commits",
    "HEAD",
];

/// A policy file: it is read, or every mistake is said; what was read can be judged by.
pub fn policy(data: &[u8]) -> bool {
    match read("policy.toml", data, &no_files) {
        Ok(reading) => {
            shown(&reading.advice.render(false));
            assert!(settings("policy.toml", data, &no_files).is_ok(), "it was read a moment ago");
            judged_by(&reading.policy, NAMES[data.len() % NAMES.len()]);
            true
        }
        Err(mistakes) => {
            assert!(mistakes.count() > 0, "refused, and nothing said");
            // Rendering takes most of the time: now the whole, now the first.
            if data.len().is_multiple_of(2) {
                shown(&mistakes.render(false));
            } else {
                shown(&mistakes.summary());
            }
            false
        }
    }
}

/// Judges a push to one of the names by the policy that came.
fn judged_by(policy: &Policy, name: &str) {
    let mut history = Memory::default();
    let first = history.add_commit(&NewCommit::default());
    let next = history.add_commit(&NewCommit { parents: vec![first], ..NewCommit::default() });
    let name = RefName::new(name);
    let _ = kind_of(policy, &name);
    let target = deployment_of(policy, &name);
    assert!(target.image_tag.is_some() || target.environment.is_none(), "nothing is deployed there");
    let before = [Ref::new(RefName::new(NAMES[0]), first)].into_iter().collect();
    let push = Push::new(before, vec![RefUpdate { name, old: None, new: Some(next) }]);
    if let Ok(verdict) = verdict::judge(policy, &history, &push) {
        let report = Report { command: "pre-receive", verdict: &verdict, verbose: true, audited: None };
        shown(&render(&report, Format::Text));
    }
}

thread_local! {
    /// The built-in policy, read once.
    static BUILT_IN: Policy = Policy::built_in();
    /// The same, where a release manager may override.
    static WITH_OVERRIDE: Policy =
        Policy { override_by: vec!["release-manager".to_owned()], ..Policy::built_in() };
}

/// A key that nobody has signed with.
const SIGNERS: &str = "ops@shop.example ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAINrbrTaSSo81reny0psUuFhcLMF2TfY2TeLrfE28l9hs\n";

/// An annotated tag, read as a confirmation record with its trailers and its signature.
pub fn tag_object(data: &[u8]) -> bool {
    let mut history = Memory::default();
    // What the records of the corpus are about: see the seed `record`.
    let commit = history.add_commit(&NewCommit::default());
    let id = Oid::from_hex(&[b'a'; 40]).expect("forty digits");
    let _ = decode::commit(id, data);
    let Ok(tag) = decode::tag(id, data) else { return false };
    assert!(data.ends_with(tag.signature.as_deref().map_or(&tag.message, |signature| signature)));
    let at = tag.tagger.as_ref().map(|tagger| tagger.time);
    if tag.signature.as_ref().is_some_and(|block| !block.starts_with(b"-----BEGIN PGP ")) {
        let signed = signature::check(|| unreachable!("it is no PGP signature"), id, data, at, SIGNERS);
        assert!(!matches!(signed, Ok(Signed::By(_))), "nobody has this key");
    }
    let name = RefName::new([b"refs/tags/", tag.name.as_slice()].concat());
    history.add_tag_as_read(id, tag);
    let refs: Refs = [Ref::new(RefName::of_tag("v1.0.0"), commit), Ref::new(name, id)].into_iter().collect();
    let push = Push::new(refs, vec![]);
    BUILT_IN.with(|policy| {
        let facts = Facts::new(&history, policy, &push);
        for record in facts.records(When::Before) {
            for flaw in &record.flaws {
                shown(&flaw.to_string());
            }
            assert!(!record.is_valid() || record.commit == Some(commit), "valid, and about something else");
        }
        let counts = facts.records(When::Before).iter().any(Record::is_valid);
        if counts {
            let _ = facts.confirmed();
        }
        counts
    })
}

/// The subject of a merge: a name that it gives is a part of it, and can be a ref's name.
pub fn merge_subject(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let name = subject::merged_name(&text);
    if let Some(name) = name {
        assert!(text.contains(name));
        assert!(!name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control()));
    }
    name.is_some()
}

/// Pages of GitLab's answers, with a line `---` between them, after the headers of the first.
pub fn gitlab_answer(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let commit = "a".repeat(40);
    let mut search = Search::new(Claim { environment: "prod", tag: "v1.0.0", commit: &commit });
    let mut pages = text.split("\n---\n");
    let headers = pages.next().unwrap_or_default();
    let (next, link) = headers.split_once('\n').unwrap_or((headers, ""));
    for number in [next_page(Some(next), None), next_page(None, Some(link))].into_iter().flatten() {
        assert!(!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    }
    for page in pages {
        match search.page(page) {
            Ok(None) => {}
            Ok(Some(_)) => {
                assert!(page.contains(&commit), "proven, and nothing was said of this commit");
                return true;
            }
            Err(not_proven) => {
                shown(&not_proven.to_string());
                return false;
            }
        }
    }
    shown(&search.ended().to_string());
    false
}

/// Push options, a line each, by somebody who may override; before them, who it is.
pub fn push_options(data: &[u8]) -> bool {
    let (who, options) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let options: Vec<&[u8]> = options.split(|byte| *byte == b'\n').skip(1).collect();
    let environment = Environment::read(None, |name| match name {
        "GIT_PUSH_OPTION_COUNT" => Some(BString::from(options.len().to_string())),
        "REMOTE_USER" => Some(BString::from(who)),
        name => {
            let at: usize = name.strip_prefix("GIT_PUSH_OPTION_")?.parse().ok()?;
            options.get(at).map(|option| BString::from(*option))
        }
    });
    WITH_OVERRIDE.with(|policy| overridden(policy, &environment, who))
}

fn overridden(policy: &Policy, environment: &Environment, who: &[u8]) -> bool {
    let pusher = environment.pusher(environment.host(&policy.server), &policy.server);
    let name = RefName::of_branch("x");
    let finding = Finding { rule: "branch-name", ..Finding::new(&name, "no") };
    let push = Push {
        pusher: Some(pusher),
        options: environment.push_options(),
        ..Push::new(Refs::default(), vec![])
    };
    let verdict = verdict::weigh(policy, &push, vec![finding]);
    assert_eq!(verdict.findings.len(), 1, "a finding never disappears");
    assert!(!verdict.accepted() || who == b"release-manager", "only who is listed overrides");
    let format = [Format::Text, Format::Web, Format::Concise][push.options.len() % 3];
    shown(&render(
        &Report { command: "pre-receive", verdict: &verdict, verbose: true, audited: None },
        format,
    ));
    verdict.accepted()
}
