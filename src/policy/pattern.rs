//! A name pattern of the policy: a regular expression that matches whole names.
//!
//! A hook starts for every push, and compiling regular expressions costs more than most pushes.
//! So a pattern is only parsed when the policy is read; what matches a name is made when one comes
//! that begins the way all its names begin.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use super::automaton::Automaton;
use super::plain::Plain;

/// A pattern that matches whole short names.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    start: OnceLock<String>,
    plain: Option<Plain>,
    automaton: OnceLock<Option<Automaton>>,
    compiled: OnceLock<Regex>,
}

/// What a pattern's groups caught.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    /// Group `version`.
    pub version: Option<String>,
    /// Group `n`.
    pub n: Option<String>,
    /// Group `topic`.
    pub topic: Option<String>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadPattern {
    /// The bytes of the text it is about.
    pub span: Range<usize>,
    /// What is wrong, a fragment.
    pub message: String,
}

/// How much memory a compiled pattern may take.
const SIZE_LIMIT: usize = 4 << 20;
/// A pattern of at most this weight compiles within the limit; a heavier one is tried.
const LIGHT: usize = 2000;
/// How long a pattern may be.
const LONGEST: usize = 4096;

impl Pattern {
    /// Takes the text of a regular expression.
    ///
    /// # Errors
    /// Where the text is no regular expression, or one that would take too much memory.
    pub fn new(source: &str) -> Result<Self, BadPattern> {
        let hir = parse(source)?;
        let bad = |message: &str| BadPattern { span: 0..source.len(), message: message.to_owned() };
        // A comment (flag `x`) would swallow what the pattern is wrapped in.
        if source.contains('#') && regex_syntax::parse(&anchored(source)).is_err() {
            return Err(bad("its comment does not end"));
        }
        if weight(&hir) > LIGHT && compile(source).is_none() {
            return Err(bad("it takes too much memory; repeat less"));
        }
        Ok(Self { start: OnceLock::from(start(&hir)), ..Self::of_ours(source) })
    }

    /// Takes the text of a regular expression of ours, which is none that [`Self::new`] refuses; it
    /// is not parsed before a name comes that it may match.
    pub(super) fn of_ours(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            start: OnceLock::new(),
            plain: Plain::of(source),
            automaton: OnceLock::new(),
            compiled: OnceLock::new(),
        }
    }

    /// Returns the text as the policy has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns what all names that match begin with.
    pub(super) fn start(&self) -> &str {
        self.start.get_or_init(|| match plain_start(&self.source) {
            Some(start) => start.to_owned(),
            None => parse(&self.source).map(|hir| start(&hir)).unwrap_or_default(),
        })
    }

    /// Returns what the groups caught where the whole of `name` matches.
    #[must_use]
    pub fn captures(&self, name: &str) -> Option<Captures> {
        if !self.may_match(name.as_bytes()) {
            return None;
        }
        if let Some(plain) = self.plain.as_ref().filter(|_| name.is_ascii()) {
            return plain.captures(name);
        }
        if let Some(automaton) = self.automaton(name) {
            let slots = automaton.run(name)?;
            let group = |group| automaton.caught(group, name, &slots);
            return Some(Captures { version: group("version"), n: group("n"), topic: group("topic") });
        }
        self.captures_by_regex(name)
    }

    /// [`Self::captures`] by the crate `regex`: slow to begin with, and what everything else is
    /// held against.
    pub(super) fn captures_by_regex(&self, name: &str) -> Option<Captures> {
        let caught = self.regex().captures(name)?;
        let group = |group| caught.name(group).map(|text| text.as_str().to_owned());
        Some(Captures { version: group("version"), n: group("n"), topic: group("topic") })
    }

    /// Whether the whole of `name` matches.
    #[must_use]
    pub fn is_match(&self, name: &str) -> bool {
        self.captures(name).is_some()
    }

    /// Returns a name that both patterns match; `None` where there is none, or where it cannot be
    /// said at a small price.
    #[must_use]
    pub fn common_name(&self, other: &Self) -> Option<String> {
        super::overlap::common_name(self, other)
    }

    /// Whether `name` begins as all names do that match: `false` is certain, and costs nothing.
    #[must_use]
    pub fn may_match(&self, name: &[u8]) -> bool {
        name.starts_with(self.start().as_bytes())
    }

    /// Returns the automaton where it is exact for names such as this one.
    fn automaton(&self, name: &str) -> Option<&Automaton> {
        let made = self.automaton.get_or_init(|| Automaton::of(parse(&self.source).ok()?.as_ref()));
        made.as_ref().filter(|automaton| automaton.can_match(name.len()))
    }

    fn regex(&self) -> &Regex {
        self.compiled
            .get_or_init(|| compile(&self.source).expect("a pattern's size was judged when it was read"))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.source)
    }
}

thread_local! {
    /// What was parsed already: reading a policy asks for the same patterns several times.
    static PARSED: RefCell<HashMap<String, Rc<Hir>>> = RefCell::default();
}

/// Returns the meaning of a pattern.
pub(super) fn parse(source: &str) -> Result<Rc<Hir>, BadPattern> {
    if let Some(known) = PARSED.with_borrow(|parsed| parsed.get(source).cloned()) {
        return Ok(known);
    }
    let hir = Rc::new(parse_anew(source)?);
    PARSED.with_borrow_mut(|parsed| parsed.insert(source.to_owned(), Rc::clone(&hir)));
    Ok(hir)
}

fn parse_anew(source: &str) -> Result<Hir, BadPattern> {
    if source.len() > LONGEST {
        let message = format!("it is longer than {LONGEST} characters");
        return Err(BadPattern { span: 0..source.len(), message });
    }
    regex_syntax::parse(source).map_err(|error| {
        let (span, message) = match &error {
            regex_syntax::Error::Parse(error) => (*error.span(), error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (*error.span(), error.kind().to_string()),
            other => return BadPattern { span: 0..source.len(), message: other.to_string() },
        };
        BadPattern { span: span.start.offset..span.end.offset, message }
    })
}

fn anchored(source: &str) -> String {
    format!(r"\A(?:{source})\z")
}

fn compile(source: &str) -> Option<Regex> {
    RegexBuilder::new(&anchored(source)).size_limit(SIZE_LIMIT).build().ok()
}

/// Returns what all names that match begin with where that can be seen without parsing: plain
/// characters, and then a group to the end or one that something plain follows.
fn plain_start(source: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    let (start, rest) = source.split_at(source.find(|c| !plain(c))?);
    let depth = |depth: i32, c| depth + i32::from(c == '(') - i32::from(c == ')');
    let mut at = 0;
    let one_way = rest.chars().all(|c| {
        at = depth(at, c);
        c != '|' || at > 0
    });
    (rest.starts_with('(') && one_way).then_some(start)
}

/// Returns what all names that match begin with.
fn start(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).unwrap_or_default(),
        HirKind::Capture(group) => start(&group.sub),
        HirKind::Concat(parts) => {
            let mut all = String::new();
            for part in parts {
                match part.kind() {
                    HirKind::Literal(_) => all.push_str(&start(part)),
                    HirKind::Look(_) => {}
                    _ => return all + &start(part),
                }
            }
            all
        }
        _ => String::new(),
    }
}

/// Returns a measure of what the compiled pattern takes: the ranges of its classes, repeated.
fn weight(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => class.ranges().len(),
        HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => class.ranges().len(),
        HirKind::Capture(group) => weight(&group.sub),
        HirKind::Repetition(repeated) => {
            let times = repeated.max.unwrap_or(repeated.min.saturating_add(1)).max(1);
            weight(&repeated.sub).saturating_mul(times as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(weight).fold(0, usize::saturating_add)
        }
    }
}

/// Returns the names of a pattern's groups, with `false` for one that a name can match without.
pub(super) fn groups(hir: &Hir) -> Vec<(String, bool)> {
    let mut found = vec![];
    collect_groups(hir, true, &mut found);
    found
}

fn collect_groups(hir: &Hir, always: bool, found: &mut Vec<(String, bool)>) {
    match hir.kind() {
        HirKind::Capture(group) => {
            if let Some(name) = &group.name {
                found.push((name.to_string(), always));
            }
            collect_groups(&group.sub, always, found);
        }
        HirKind::Repetition(repeated) => {
            collect_groups(&repeated.sub, always && repeated.min > 0, found);
        }
        HirKind::Concat(parts) => {
            for part in parts {
                collect_groups(part, always, found);
            }
        }
        HirKind::Alternation(parts) => {
            for part in parts {
                collect_groups(part, false, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str) -> Pattern {
        Pattern::new(source).expect("a pattern of this test")
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        let release = pattern(r"release-(?<version>\d+\.\d+\.\d+)");
        let caught = release.captures("release-1.0.0").expect("it matches");
        assert_eq!(caught.version.as_deref(), Some("1.0.0"));
        assert_eq!(release.captures("release-1.0.0-x"), None);
        assert_eq!(release.captures("a-release-1.0.0"), None);
        assert!(pattern("a|b").is_match("b"));
        assert!(!pattern("a|b").is_match("ab"));
    }

    #[test]
    fn a_name_that_begins_otherwise_needs_no_regular_expression() {
        let starts = [
            (r"feature/(?<topic>.+)", "feature/"),
            (r"(?<topic>fix)/a", "fix"),
            (r"^v(?<version>\d+)", "v"),
            (r"(?i)feature/x", ""),
            (r"a|b", ""),
            (r"a*b", ""),
            (r"größe-\d", "größe-"),
        ];
        for (source, start) in starts {
            assert_eq!(pattern(source).start(), start, "{source}");
        }
        let feature = pattern("feature/.+");
        assert!(!feature.is_match("release-1.0.0"));
        assert!(feature.automaton.get().is_none());
    }

    #[test]
    fn our_own_patterns_need_not_be_parsed_to_see_how_names_begin() {
        for preset in crate::policy::PRESETS {
            let policy = crate::policy::Policy::preset(preset.name).expect("it is there");
            let topics = policy.topics.iter().map(|topic| &topic.branch);
            let lines = policy.releases.iter().map(|releases| &releases.branch);
            let tags = [Some(&policy.tags.release), policy.tags.hotfix.as_ref()].into_iter().flatten();
            for pattern in topics.chain(lines).chain(tags) {
                assert_eq!(plain_start(pattern.source()), Some(pattern.start()), "{pattern:?}");
            }
        }
    }

    #[test]
    fn letters_of_either_case_still_match() {
        assert!(pattern("(?i)feature/x").is_match("Feature/X"));
    }

    #[test]
    fn what_would_fail_later_fails_when_it_is_read() {
        for wrong in ["(", "a)(b", r"(?=a)b", r"(?x)a # b", r"(\w{900}){900}", r"(?<n>a)(?<n>b)"] {
            assert!(Pattern::new(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::new(&"a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn every_light_pattern_compiles_within_the_limit() {
        for heavy in [r"\w{2}", r"[^a]{1000}", r"\d{30}", r"a{2000}", r"(a|b|c){660}", r".{990}"] {
            let hir = parse(heavy).expect("it is a pattern");
            if weight(&hir) <= LIGHT {
                assert!(compile(heavy).is_some(), "{heavy}");
            }
        }
    }
}
