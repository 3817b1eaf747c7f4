//! A name pattern of the policy: a regular expression that matches whole names.

use std::sync::OnceLock;

use regex::Regex;

/// A pattern that matches whole short names. Compiled when it is first needed, for most pushes
/// need few of them.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
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

impl Pattern {
    /// Takes the text of a regular expression.
    ///
    /// # Errors
    /// Where the text is no regular expression.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        regex_syntax_check(source)?;
        Ok(Self { source: source.to_owned(), compiled: OnceLock::new() })
    }

    /// Returns the text as the policy has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns what the groups caught where the whole of `name` matches.
    #[must_use]
    pub fn captures(&self, name: &str) -> Option<Captures> {
        let caught = self.regex().captures(name)?;
        let group = |group| caught.name(group).map(|text| text.as_str().to_owned());
        Some(Captures { version: group("version"), n: group("n"), topic: group("topic") })
    }

    /// Whether the whole of `name` matches.
    #[must_use]
    pub fn is_match(&self, name: &str) -> bool {
        self.regex().is_match(name)
    }

    /// Returns a name that the pattern matches with `version` in it, for patterns that have one
    /// obvious such name: everything around the group `version` is plain text.
    #[must_use]
    pub fn example(&self, version: &str) -> Option<String> {
        let start = self.source.find("(?<version>")?;
        let mut depth = 0;
        let end = self.source[start..].char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            (depth == 0).then_some(start + at + 1)
        })?;
        let name = format!("{}{version}{}", plain(&self.source[..start])?, plain(&self.source[end..])?);
        self.captures(&name).filter(|caught| caught.version.as_deref() == Some(version)).map(|_| name)
    }

    fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            Regex::new(&anchored(&self.source)).expect("the pattern was compiled when it was read")
        })
    }
}

/// Returns the text that a piece of a pattern stands for where it stands for one text only.
fn plain(piece: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = piece.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '(' | ')' | '[' | ']' | '{' | '}' | '*' | '+' | '?' | '|' | '.' | '^' | '$' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

fn anchored(source: &str) -> String {
    format!(r"\A(?:{source})\z")
}

fn regex_syntax_check(source: &str) -> Result<(), regex::Error> {
    Regex::new(&anchored(source)).map(|_| ())
}
