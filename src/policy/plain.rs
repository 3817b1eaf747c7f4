//! The patterns that most policies have, matched without a regular expression.
//!
//! A text, a version, perhaps a number, or a topic at the end: whatever else a pattern says is left
//! to the automaton. So are names outside ASCII, where `\d` means more than ten digits.

use super::Captures;

/// A pattern that is plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Version,
    Number,
    Topic,
}

const GROUPS: [(&str, Piece); 3] = [
    (r"(?<version>\d+\.\d+\.\d+)", Piece::Version),
    (r"(?<n>[1-9]\d*)", Piece::Number),
    (r"(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)", Piece::Topic),
];

impl Plain {
    /// Reads the text of a regular expression; `None` where it is not plain.
    pub(super) fn of(source: &str) -> Option<Self> {
        let mut pieces: Vec<Piece> = vec![];
        let mut rest = source;
        while !rest.is_empty() {
            let (piece, after) = piece(rest)?;
            let fits = match (pieces.last(), &piece) {
                // What a version leaves over is told from what follows by its first character.
                (Some(Piece::Version | Piece::Number), Piece::Text(text)) => {
                    !text.starts_with(|c: char| c.is_ascii_digit())
                }
                (Some(Piece::Text(_)) | None, _) => !pieces.contains(&piece),
                _ => false,
            };
            if !fits {
                return None;
            }
            pieces.push(piece);
            rest = after;
        }
        Some(Self(pieces))
    }

    /// Returns what the groups catch where the whole of `name`, which is ASCII, matches.
    pub(super) fn captures(&self, name: &str) -> Option<Captures> {
        let mut caught = Captures::default();
        let mut rest = name;
        for piece in &self.0 {
            let length = match piece {
                Piece::Text(text) => rest.starts_with(text.as_str()).then_some(text.len()),
                Piece::Version => version(rest),
                Piece::Number => digits(rest).filter(|_| !rest.starts_with('0')),
                Piece::Topic => topic(rest).then_some(rest.len()),
            };
            let (part, after) = rest.split_at(length?);
            match piece {
                Piece::Text(_) => {}
                Piece::Version => caught.version = Some(part.to_owned()),
                Piece::Number => caught.n = Some(part.to_owned()),
                Piece::Topic => caught.topic = Some(part.to_owned()),
            }
            rest = after;
        }
        rest.is_empty().then_some(caught)
    }
}

fn piece(source: &str) -> Option<(Piece, &str)> {
    for (text, piece) in GROUPS {
        if let Some(after) = source.strip_prefix(text) {
            return Some((piece, after));
        }
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    let (text, after) = source.split_at(source.find(|c| !plain(c)).unwrap_or(source.len()));
    // What follows may say how often the last character stands there.
    let ends = after.is_empty() || after.starts_with("(?<");
    (ends && !text.is_empty()).then(|| (Piece::Text(text.to_owned()), after))
}

fn digits(text: &str) -> Option<usize> {
    let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (length > 0).then_some(length)
}

fn version(text: &str) -> Option<usize> {
    let mut at = digits(text)?;
    for _ in 0..2 {
        let rest = text[at..].strip_prefix('.')?;
        at += 1 + digits(rest)?;
    }
    Some(at)
}

fn topic(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PRESETS, Pattern, Policy};

    const NAMES: [&str; 24] = [
        "",
        "v1.2.3",
        "v01.2.3",
        "v1.2",
        "v1.2.3.4",
        "v1.2.3-hotfix1",
        "v1.2.3-hotfix0",
        "v1.2.3-hotfix12",
        "v1.2.3-hotfix",
        "v1.2.3-hotfix1x",
        "release-1.2.3",
        "release-1.2.3-x",
        "release-1..3",
        "release-",
        "release/1.2.3",
        "feature/",
        "feature/a",
        "feature/.a",
        "feature/a/b.c-d_e",
        "feature/a b",
        "feature/-a",
        "hotfix/1.2.3",
        "v1.2.3\n",
        "xv1.2.3",
    ];

    #[test]
    fn it_catches_what_the_regular_expression_catches() {
        let presets = PRESETS.iter().map(|preset| Policy::preset(preset.name).expect("it is there"));
        let mut plain = 0;
        for policy in presets {
            let topics = policy.topics.iter().map(|topic| &topic.branch);
            let lines = policy.releases.iter().map(|releases| &releases.branch);
            let tags = [Some(&policy.tags.release), policy.tags.hotfix.as_ref()].into_iter().flatten();
            for pattern in topics.chain(lines).chain(tags) {
                let Some(matcher) = Plain::of(pattern.source()) else { continue };
                plain += 1;
                for name in NAMES {
                    let expected = pattern.captures_by_regex(name);
                    assert_eq!(matcher.captures(name), expected, "{pattern:?} {name:?}");
                }
            }
        }
        assert!(plain > 8, "{plain}");
    }

    #[test]
    fn what_says_more_is_not_plain() {
        for source in [
            "a|b",
            "a+",
            "a?(?<version>\\d+\\.\\d+\\.\\d+)",
            "(?i)a",
            "a.b",
            "(?<version>.+)",
            "^a",
            "a(?<x>b)",
        ] {
            assert_eq!(Plain::of(source), None, "{source}");
        }
        let twice = format!("{0}-{0}", GROUPS[0].0);
        assert_eq!(Plain::of(&twice), None);
        assert_eq!(Plain::of(&format!("{}1", GROUPS[0].0)), None);
        assert!(Pattern::new("a").expect("it is one").is_match("a"));
    }
}
