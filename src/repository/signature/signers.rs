//! Who may sign: the text of an `allowed_signers` file, in the format that `man ssh-keygen` has.
//!
//! Beside ssh's own lines, a comment of the form `# openpgp <principal> <fingerprint>` lists an
//! `OpenPGP` key; ssh skips it.

use std::iter::Peekable;
use std::str::Chars;

use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::history::Seconds;

/// The lines of an `allowed_signers` file.
#[derive(Debug, Default)]
pub(super) struct Signers {
    pub(super) ssh: Vec<Signer>,
    pub(super) openpgp: Vec<OpenPgp>,
    /// The numbers of the lines that make no sense; they list nobody.
    pub(super) unreadable: Vec<usize>,
}

/// One ssh key and what it may be used for.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) principals: String,
    pub(super) key: KeyData,
    authority: bool,
    namespaces: Option<String>,
    after: Option<Seconds>,
    before: Option<Seconds>,
}

/// One `OpenPGP` key.
#[derive(Debug)]
pub(super) struct OpenPgp {
    pub(super) principal: String,
    /// The fingerprint of the primary key, upper case, without blanks.
    pub(super) fingerprint: String,
}

/// Why a listed key does not count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("its key is listed as a certificate authority, and certificates are not supported")]
    Authority,
    #[error("its key is listed for other purposes than `git`")]
    Namespace,
    #[error("its key was not valid yet when the tag says it was made")]
    Early,
    #[error("its key was not valid any more when the tag says it was made")]
    Late,
    #[error("its key is valid for a time only, and the tag has no date")]
    Undated,
}

impl Signers {
    /// Reads the text of the file. A line that makes no sense lists nobody.
    pub(super) fn parse(text: &str) -> Self {
        let mut signers = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                signers.openpgp.extend(OpenPgp::parse(comment));
            } else if !line.is_empty() {
                match Signer::parse(line) {
                    Some(signer) => signers.ssh.push(signer),
                    None => signers.unreadable.push(at + 1),
                }
            }
        }
        signers
    }
}

impl OpenPgp {
    fn parse(comment: &str) -> Option<Self> {
        let mut words = comment.split_whitespace();
        if words.next()? != "openpgp" {
            return None;
        }
        let principal = words.next()?.to_owned();
        let fingerprint = words.collect::<String>().to_ascii_uppercase();
        // Short ids are no identities: anybody can make a key that has one.
        let whole =
            matches!(fingerprint.len(), 40 | 64) && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then_some(Self { principal, fingerprint })
    }
}

impl Signer {
    fn parse(line: &str) -> Option<Self> {
        let (principals, rest) = word(line)?;
        let (options, key) = if let Ok(key) = PublicKey::from_openssh(rest) {
            (String::new(), key)
        } else {
            let (options, rest) = options(rest);
            (options, PublicKey::from_openssh(rest).ok()?)
        };
        let mut signer = Self {
            principals,
            key: key.key_data().clone(),
            authority: false,
            namespaces: None,
            after: None,
            before: None,
        };
        for option in split(&options) {
            signer.take(option)?;
        }
        Some(signer)
    }

    fn take(&mut self, option: &str) -> Option<()> {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let value = value.map(|value| value.trim_matches('"'));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => self.authority = true,
            ("namespaces", Some(list)) if self.namespaces.is_none() => {
                self.namespaces = Some(list.to_owned());
            }

            ("valid-after", Some(time)) if self.after.is_none() => self.after = Some(seconds(time)?),
            ("valid-before", Some(time)) if self.before.is_none() => self.before = Some(seconds(time)?),
            _ => return None,
        }
        Some(())
    }

    /// Whether the key may sign in `namespace` at the moment `at`.
    pub(super) fn admits(&self, namespace: &str, at: Option<Seconds>) -> Result<(), Refusal> {
        if self.authority {
            return Err(Refusal::Authority);
        }
        if self.namespaces.as_deref().is_some_and(|list| !listed(list, namespace)) {
            return Err(Refusal::Namespace);
        }
        if self.after.is_none() && self.before.is_none() {
            return Ok(());
        }
        let at = at.ok_or(Refusal::Undated)?;
        if self.after.is_some_and(|after| at < after) {
            return Err(Refusal::Early);
        }
        if self.before.is_some_and(|before| at > before) {
            return Err(Refusal::Late);
        }
        Ok(())
    }
}

/// Splits off the first word, which may be in double quotes.
fn word(line: &str) -> Option<(String, &str)> {
    if let Some(quoted) = line.strip_prefix('"') {
        let (word, rest) = quoted.split_once('"')?;
        return Some((word.to_owned(), rest.trim_start()));
    }
    let (word, rest) = line.split_once([' ', '\t'])?;
    Some((word.to_owned(), rest.trim_start()))
}

/// Splits off the options: they end at the first blank that is not in double quotes.
fn options(text: &str) -> (String, &str) {
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && (c == ' ' || c == '\t')
    });
    let end = end.unwrap_or(text.len());
    (text[..end].to_owned(), text[end..].trim_start())
}

/// Splits options at the commas that are not in double quotes.
fn split(options: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = options.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == ','
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// Reads `YYYYMMDD[HHMM[SS]][Z]`. Without `Z` ssh means the machine's own zone; here every time is
/// UTC, for the answer must not depend on the machine.
fn seconds(text: &str) -> Option<Seconds> {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i8>().ok();
    let (hour, minute, second) = match digits.len() {
        8 => (0, 0, 0),
        12 => (part(8, 10)?, part(10, 12)?, 0),
        14 => (part(8, 10)?, part(10, 12)?, part(12, 14)?),
        _ => return None,
    };
    let year = digits.get(0..4)?.parse().ok()?;
    let date = jiff::civil::DateTime::new(year, part(4, 6)?, part(6, 8)?, hour, minute, second, 0).ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Whether `name` is in a list of patterns separated by commas; a pattern with `!` takes it out.
fn listed(list: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.trim().strip_prefix('!') {
            Some(pattern) if matches(pattern, name) => return false,
            None if matches(pattern.trim(), name) => found = true,
            _ => {}
        }
    }
    found
}

/// Whether the whole of `name` fits a pattern with `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    fits(pattern.chars().peekable(), name.chars().peekable())
}

fn fits(mut pattern: Peekable<Chars<'_>>, mut name: Peekable<Chars<'_>>) -> bool {
    // The last `*` and where it began to match: the only place worth going back to.
    let mut star: Option<(Peekable<Chars<'_>>, Peekable<Chars<'_>>)> = None;
    while name.peek().is_some() {
        match pattern.next() {
            Some('*') => star = Some((pattern.clone(), name.clone())),
            Some(c) if c == '?' || Some(&c) == name.peek() => {
                name.next();
            }
            _ => {
                let Some((after, from)) = &mut star else { return false };
                from.next();
                (pattern, name) = (after.clone(), from.clone());
            }
        }
    }
    pattern.all(|c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn only(line: &str) -> Signer {
        let mut signers = Signers::parse(line);
        assert_eq!((signers.ssh.len(), &signers.unreadable), (1, &vec![]), "{line}");
        signers.ssh.remove(0)
    }

    #[test]
    fn a_line_is_principals_options_and_a_key() {
        let signers = Signers::parse(&format!(
            "# people\n\nalice@example.com,*@ops {KEY} a comment\n\"b c\"\tnamespaces=\"git,file\" {KEY}\nnonsense\n"
        ));
        let names: Vec<_> = signers.ssh.iter().map(|signer| signer.principals.as_str()).collect();
        assert_eq!(names, ["alice@example.com,*@ops", "b c"]);
        assert_eq!(signers.unreadable, [5]);
    }

    #[test]
    fn a_line_with_an_unknown_option_lists_nobody() {
        for option in
            ["unknown", "namespaces", "valid-after=\"tomorrow\"", "valid-after=2026", "no-touch=\"1\""]
        {
            let signers = Signers::parse(&format!("alice {option} {KEY}"));
            assert_eq!((signers.ssh.len(), signers.unreadable.len()), (0, 1), "{option}");
        }
    }

    #[test]
    fn a_key_counts_in_its_namespaces_only() {
        let cases = [
            ("namespaces=\"git\"", true),
            ("namespaces=\"file, g?t\"", true),
            ("NAMESPACES=\"*\"", true),
            ("namespaces=\"*,!git\"", false),
            ("namespaces=\"file\"", false),
            ("namespaces=\"\"", false),
        ];
        for (options, expected) in cases {
            assert_eq!(
                only(&format!("alice {options} {KEY}")).admits("git", None).is_ok(),
                expected,
                "{options}"
            );
        }
        assert_eq!(only(&format!("alice cert-authority {KEY}")).admits("git", None), Err(Refusal::Authority));
    }

    #[test]
    fn a_key_counts_in_its_time_only() {
        let signer = only(&format!("a valid-after=\"20260101\",valid-before=\"202601021200Z\" {KEY}"));
        let new_year = 1_767_225_600;
        let noon = new_year + 36 * 3600;
        let cases = [
            (Some(new_year - 1), Err(Refusal::Early)),
            (Some(new_year), Ok(())),
            (Some(noon), Ok(())),
            (Some(noon + 1), Err(Refusal::Late)),
            (None, Err(Refusal::Undated)),
        ];
        for (at, expected) in cases {
            assert_eq!(signer.admits("git", at), expected, "{at:?}");
        }
    }

    #[test]
    fn openpgp_keys_are_listed_by_whole_fingerprints() {
        let whole = "0123 4567 89ab cdef 0123  4567 89AB CDEF 0123 4567";
        let signers =
            Signers::parse(&format!("# openpgp alice {whole}\n#openpgp bob 89ABCDEF\n# openpgp\n# text\n"));
        let listed: Vec<_> = signers.openpgp.iter().map(|key| (&*key.principal, &*key.fingerprint)).collect();
        assert_eq!(listed, [("alice", "0123456789ABCDEF0123456789ABCDEF01234567")]);
    }

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("git", "git", true),
            ("git", "gita", false),
            ("*", "", true),
            ("?", "", false),
            ("*.org", "a.org.org", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(!matches(&"*a".repeat(40), &"a".repeat(39)));
    }
}
