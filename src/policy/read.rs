//! From the bytes of a policy to a [`Policy`], or to all mistakes at once.

use std::ops::Range;

use toml::de::{DeTable, Error as TomlError};

use super::mistake::{Mistake, Mistakes, Source, Weight};
use super::shape::Found;
use super::{Policy, build, contradictions, shape};

/// Reads a file beside the policy: the bytes, or why not, a fragment.
pub type Load<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

/// What reading a policy gives where there is no mistake in it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The policy.
    pub policy: Policy,
    /// What may not say what was meant.
    pub advice: Mistakes,
}

/// How large a policy may be.
const LARGEST: usize = 1 << 20;

/// A loader for policies that can have no file beside them.
///
/// # Errors
/// Always.
pub fn no_files(_path: &str) -> Result<Vec<u8>, String> {
    Err("no file lies beside this policy".to_owned())
}

/// Reads a policy; `name` is what the user calls the file.
///
/// # Errors
/// With all mistakes at once.
pub fn read(name: &str, bytes: &[u8], load: &Load<'_>) -> Result<Reading, Mistakes> {
    let (source, unreadable) = source(name, bytes);
    if let Some(mistake) = unreadable {
        return Err(Mistakes::new(source, Weight::Mistake, vec![mistake]));
    }
    match read_text(&source, load) {
        Ok((policy, advice)) => Ok(Reading { policy, advice: Mistakes::new(source, Weight::Advice, advice) }),
        Err(mistakes) => Err(Mistakes::new(source, Weight::Mistake, mistakes)),
    }
}

/// Reads a policy of ours, without asking whether there is a mistake in it: a hook that has no
/// policy file does this for every push.
pub(super) fn read_ours(name: &str, text: &str) -> Policy {
    let source = Source::new(name, text.to_owned());
    let (root, _) = DeTable::parse_recoverable(&source.text);
    build::policy(&build::View::of_ours(&source, root.get_ref()), &no_files).0
}

/// Returns the text as it can be shown, and why it cannot be read where it cannot.
pub(super) fn source(name: &str, bytes: &[u8]) -> (Source, Option<Mistake>) {
    if bytes.len() > LARGEST {
        let message = format!("a policy has at most {LARGEST} bytes, this file has {}", bytes.len());
        return (Source::new(name, String::new()), Some(Mistake::of_file(message)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (Source::new(name, text.to_owned()), None),
        Err(error) => {
            let at = error.valid_up_to();
            let mistake = Mistake::new(at..at + 1, format!("byte 0x{:02x} is not UTF-8", bytes[at]))
                .label("not UTF-8")
                .help("save the file as UTF-8");
            (Source::new(name, with_question_marks(bytes)), Some(mistake))
        }
    }
}

/// Returns the text with a `?` for each byte that is no UTF-8, so that places stay what they are.
fn with_question_marks(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

fn read_text(source: &Source, load: &Load<'_>) -> Result<(Policy, Vec<Mistake>), Vec<Mistake>> {
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return read_tree(source, root.get_ref(), load);
    }
    let mut mistakes = syntax_mistakes(&source.text, &errors);
    // Where a section's header is broken, its settings would be blamed on the section above.
    let broken: Vec<_> = mistakes.iter().map(|mistake| line_of(&source.text, mistake)).collect();
    if broken.iter().all(|line| is_setting(&source.text[line.clone()])) {
        let Found { mistakes: found, .. } = shape::check(&source.text, root.get_ref());
        let elsewhere = |mistake: &Mistake| {
            let line = line_of(&source.text, mistake);
            mistake.span.as_ref().is_some_and(|span| !span.is_empty()) && !broken.contains(&line)
        };
        mistakes.extend(found.into_iter().filter(elsewhere));
    }
    Err(mistakes)
}

fn read_tree(
    source: &Source,
    root: &DeTable<'_>,
    load: &Load<'_>,
) -> Result<(Policy, Vec<Mistake>), Vec<Mistake>> {
    let Found { mut mistakes, mut advice } = shape::check(&source.text, root);
    let view = build::View::of(source, root);
    let (policy, unread) = build::policy(&view, load);
    mistakes.extend(unread);
    contradictions::find(&view, &policy, &mut mistakes, &mut advice);
    if mistakes.is_empty() { Ok((policy, advice)) } else { Err(mistakes) }
}

fn syntax_mistakes(text: &str, errors: &[TomlError]) -> Vec<Mistake> {
    let mistake = |error: &TomlError| {
        let span = error.span().unwrap_or(0..0);
        let start = span.start.min(text.len());
        let span = start..span.end.clamp(start, text.len());
        Mistake::new(
            span,
            format!("this is no TOML: {}", error.message().lines().collect::<Vec<_>>().join("; ")),
        )
        .label("here")
    };
    errors.iter().map(mistake).collect()
}

fn line_of(text: &str, mistake: &Mistake) -> Range<usize> {
    let at = mistake.span.as_ref().map_or(0, |span| span.start.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    start..end
}

/// Whether the line is one setting: a key, `=`, a value that does not go on below.
fn is_setting(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.\"' \t".contains(c);
    let balanced = value.matches('[').count() == value.matches(']').count()
        && value.matches('{').count() == value.matches('}').count();
    let one_line = !value.contains("'''") && !value.contains("\"\"\"");
    !key.trim().is_empty() && key.chars().all(plain) && balanced && one_line
}
