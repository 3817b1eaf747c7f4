//! No bytes make flowcheck panic or print a control character.

use flowcheck::history::{Memory, NewCommit, NewTag, Ref, RefName, Refs, Signature};
use flowcheck::input::{pre_push_lines, server_lines};
use flowcheck::policy::{Policy, no_files, read};
use flowcheck::push::{Push, RefUpdate};
use flowcheck::report::{Format, Report, render};
use flowcheck::verdict;
use gix::hash::Kind;

use crate::rng::Rng;
use crate::{cases, first_seed};

/// Pieces that names and messages are put together from, among random bytes.
const PIECES: [&[u8]; 24] = [
    b"refs/heads/",
    b"refs/tags/",
    b"refs/replace/",
    b"feature/",
    b"hotfix/1.0.0-",
    b"release-",
    b"v1.0.0",
    b"-hotfix",
    b"deployed/prod/v1.0.0/",
    b"rolled-back/",
    b"\x1b[2J",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\x07",
    "\u{202e}".as_bytes(),
    "\u{430}".as_bytes(),
    b"99999999999999999999",
    b"0000000000000000000000000000000000000000",
    b"Version: v1.0.0\n",
    b"Commit: ",
    b" ",
    b"\n",
    b"..",
];

fn bytes(rng: &mut Rng, pieces: usize) -> Vec<u8> {
    let mut bytes = vec![];
    for _ in 0..rng.below(pieces) {
        if rng.chance(70) {
            bytes.extend_from_slice(PIECES[rng.below(PIECES.len())]);
        } else {
            bytes.extend((0..rng.below(6)).map(|_| u8::try_from(rng.below(256)).expect("it is a byte")));
        }
    }
    bytes
}

fn is_clean(text: &str) -> bool {
    let moves = |c: char| c.is_control() && c != '\n';
    !text.contains(|c| moves(c) || c == '\u{202e}')
}

#[test]
fn no_line_on_standard_input_makes_it_panic() {
    for seed in first_seed()..first_seed() + cases(300) {
        let mut rng = Rng::new(seed);
        let input = bytes(&mut rng, 20);
        let said = [
            server_lines(&input, Kind::Sha1, 100).err().map(|error| error.to_string()),
            pre_push_lines(&input, Kind::Sha256, 100).err().map(|error| error.to_string()),
        ];
        for text in said.into_iter().flatten() {
            assert!(is_clean(&text), "seed {seed}: {text:?}");
        }
    }
}

#[test]
fn no_policy_file_makes_it_panic() {
    let example = include_bytes!("../../policy.toml.example");
    for seed in first_seed()..first_seed() + cases(100) {
        let mut rng = Rng::new(seed);
        let mut text = example.to_vec();
        for _ in 0..=rng.below(4) {
            let at = rng.below(text.len());
            let end = (at + rng.below(12)).min(text.len());
            text.splice(at..end, bytes(&mut rng, 3));
        }
        if let Err(mistakes) = read("policy.toml", &text, &no_files) {
            let said = mistakes.render(false);
            assert!(is_clean(&said), "seed {seed}: {said:?}");
        }
    }
}

#[test]
fn no_name_and_no_message_makes_it_panic_or_reaches_a_terminal() {
    let policy = Policy::built_in();
    let mut said_something = 0;
    for seed in first_seed()..first_seed() + cases(300) {
        let mut rng = Rng::new(seed);
        let (memory, push) = some_push(&mut rng);
        let verdict = verdict::judge(&policy, &memory, &push).expect("a history in memory is whole");
        said_something += usize::from(!verdict.findings.is_empty());
        let report = Report { command: "pre-receive", verdict: &verdict, verbose: true, audited: None };
        for format in Format::ALL.into_iter().chain([Format::Web]) {
            let text = render(&report, format);
            assert!(is_clean(&text), "seed {seed}, {}: {text:?}", format.name());
        }
    }
    assert!(said_something > 0, "nothing was ever said");
}

/// A push of refs, commits and tags with any bytes in their names and messages.
fn some_push(rng: &mut Rng) -> (Memory, Push) {
    let mut memory = Memory::default();
    let root = memory.add_commit(&NewCommit::default());
    let develop = Ref::new(RefName::new("refs/heads/develop"), root);
    let before: Refs = [develop].into_iter().collect();
    let mut updates: Vec<RefUpdate> = vec![];
    for _ in 0..=rng.below(3) {
        let text = |rng: &mut Rng| String::from_utf8_lossy(&bytes(rng, 8)).into_owned();
        let by = Signature { name: bytes(rng, 4).into(), email: "x".into(), time: 0 };
        let message = text(rng);
        let commit = memory.add_commit(&NewCommit {
            parents: vec![root],
            message,
            by: by.clone(),
            ..NewCommit::default()
        });
        let mut name = PIECES[rng.below(3)].to_vec();
        name.extend(bytes(rng, 5));
        let name = RefName::new(name);
        let tag = NewTag { target: commit, name: text(rng), by, message: text(rng) };
        // git lets no branch stand on anything but a commit.
        let new = if name.branch().is_none() && rng.chance(70) { memory.add_tag(&tag) } else { commit };
        let known = updates.iter().any(|update| update.name == name);
        if !known && before.get(&name).is_none() {
            updates.push(RefUpdate { name, old: None, new: Some(new) });
        }
    }
    (memory, Push::new(before, updates))
}
