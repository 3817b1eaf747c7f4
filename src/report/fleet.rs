//! The audit of many repositories: a line for each, parts that are joined again, and a summary.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::wrap_to;
use super::{clean, count};

/// Which part of a fleet: the `index`-th, from 1, of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// Not a part of a fleet. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("take the part `{0}`: it is written I/N, with I from 1 to N")]
pub struct NoShard(String);

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Whether the repository at `path` belongs to this part. The same path is in the same part
    /// on every machine, whatever else stands beside it.
    #[must_use]
    pub fn has(self, path: &str) -> bool {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(path.as_bytes());
        let head = digest.iter().take(8).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
        head % u64::from(self.of) == u64::from(self.index - 1)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let no = || NoShard(clean(text));
        let (index, of) = text.split_once('/').ok_or_else(no)?;
        let shard = Self { index: index.parse().map_err(|_| no())?, of: of.parse().map_err(|_| no())? };
        if shard.index == 0 || shard.index > shard.of { Err(no()) } else { Ok(shard) }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The first line of a part: what it is, and how many lines follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The form of these lines: 1.
    pub version: u32,
    /// `audit --fleet`.
    pub command: String,
    /// Which part.
    pub shard: Shard,
    /// How many repositories it has.
    pub repositories: usize,
}

impl Header {
    /// What [`Header::command`] says.
    pub const COMMAND: &'static str = "audit --fleet";

    /// Returns the first line of a part that has so many repositories.
    #[must_use]
    pub fn new(shard: Shard, repositories: usize) -> Self {
        Self { version: 1, command: Self::COMMAND.to_owned(), shard, repositories }
    }
}

/// What was found in one repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name: what its server calls it, else its path.
    pub repository: String,
    /// Where it is, relative to the directory that was audited.
    pub path: String,
    /// `accepted`, `rejected`, or `unjudged`.
    pub verdict: Judgement,
    /// Why it could not be judged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// The report on it, as `flowcheck audit --format json` writes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub report: Option<Value>,
}

/// How the audit of one repository ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// No finding counts as an error.
    Accepted,
    /// A finding does.
    Rejected,
    /// It could not be judged.
    Unjudged,
}

impl Entry {
    /// Returns the entry for a repository from what its audit wrote and said.
    #[must_use]
    pub fn of_audit(repository: String, path: String, report: &[u8], said: &str) -> Self {
        let report: Option<Value> = serde_json::from_slice(report).ok();
        let verdict = match report.as_ref().map(|report| &report["verdict"]) {
            Some(Value::String(word)) if word == "accepted" => Judgement::Accepted,
            Some(Value::String(word)) if word == "rejected" => Judgement::Rejected,
            _ => return Self::unjudged(repository, path, said),
        };
        Self { repository, path, verdict, why: None, report }
    }

    /// Returns the entry for a repository that could not be judged.
    #[must_use]
    pub fn unjudged(repository: String, path: String, why: &str) -> Self {
        let why = why.trim().strip_prefix("flowcheck: could not ").unwrap_or(why.trim());
        let why = if why.is_empty() { "the audit ended without a word" } else { why };
        let words: Vec<&str> = why.split_whitespace().collect();
        let why = Some(clean(&words.join(" ")));
        Self { repository, path, verdict: Judgement::Unjudged, why, report: None }
    }

    fn number(&self, of: &str) -> u64 {
        let summary = self.report.as_ref().map(|report| &report["summary"][of]);
        summary.and_then(Value::as_u64).unwrap_or_default()
    }

    /// Returns how many findings are errors.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.number("errors")
    }

    /// Returns how many findings are warnings, or errors that the policy only evaluates.
    #[must_use]
    pub fn warnings(&self) -> u64 {
        self.number("warnings") + self.number("evaluated")
    }
}

/// Why parts cannot be joined. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFleet {
    /// A file holds something else.
    #[error("read `{file}`: line {line} is not of a fleet's audit: {why}")]
    Foreign {
        /// The file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A file ends early, or goes on too long.
    #[error("read `{file}`: part {shard} has {found} of its {announced} repositories: it was cut off")]
    CutOff {
        /// The file.
        file: String,
        /// Which part it is.
        shard: Shard,
        /// How many there are.
        found: usize,
        /// How many there should be.
        announced: usize,
    },
    /// Parts of different divisions.
    #[error("join parts of {0} and of {1}: they were divided differently")]
    Divided(u32, u32),
    /// Two files are the same part.
    #[error("join `{file}`: part {shard} is there already")]
    Twice {
        /// The second file.
        file: String,
        /// The part.
        shard: Shard,
    },
    /// Parts are not there.
    #[error("join the parts: {0} of {1} missing")]
    Missing(String, u32),
}

/// A fleet's audit: what was found in each repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// Which part it is.
    pub shard: Shard,
    /// By name, then by path.
    pub entries: Vec<Entry>,
}

impl Fleet {
    /// Returns what all parts found together; each is a file's name and its content.
    ///
    /// # Errors
    /// Where a file is no part, was cut off, or a part is missing or there twice.
    pub fn join(files: &[(String, Vec<u8>)]) -> Result<Self, NoFleet> {
        let mut parts: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
        let mut of = None;
        for (file, content) in files {
            let (header, entries) = part(file, content)?;
            let known = *of.get_or_insert(header.shard.of);
            if known != header.shard.of {
                return Err(NoFleet::Divided(known, header.shard.of));
            }
            if parts.insert(header.shard.index, entries).is_some() {
                return Err(NoFleet::Twice { file: clean(file), shard: header.shard });
            }
        }
        let of = of.unwrap_or(1);
        let missing: Vec<String> =
            (1..=of).filter(|index| !parts.contains_key(index)).map(|index| index.to_string()).collect();
        if !missing.is_empty() {
            return Err(NoFleet::Missing(missing.join(", "), of));
        }
        let mut entries: Vec<Entry> = parts.into_values().flatten().collect();
        entries.sort_by(|a, b| (&a.repository, &a.path).cmp(&(&b.repository, &b.path)));
        Ok(Self { shard: Shard::WHOLE, entries })
    }

    /// Returns the lines that [`Fleet::join`] reads.
    #[must_use]
    pub fn lines(&self) -> String {
        let header = Header::new(self.shard, self.entries.len());
        self.entries.iter().fold(header.line(), |lines, entry| lines + &entry.line())
    }

    /// Returns how many repositories ended so.
    #[must_use]
    pub fn ended(&self, so: Judgement) -> usize {
        self.entries.iter().filter(|entry| entry.verdict == so).count()
    }

    /// Returns the summary for a terminal: a line that counts, then the repositories that something
    /// was found in.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = wrap_to(80, &self.counted(), "", "  ");
        let longest = self.rows().map(|(entry, _)| clean(&entry.repository).chars().count()).max();
        let longest = longest.unwrap_or_default().min(40);
        for (entry, what) in self.rows() {
            let first = format!("  {:longest$}  ", clean(&entry.repository));
            text += &wrap_to(80, &what, &first, "      ");
        }
        text
    }

    /// Returns the summary as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let head = format!("### flowcheck: {}\n", self.counted());
        let table = if self.rows().next().is_some() { "\n| Repository | |\n| --- | --- |\n" } else { "" };
        let cell = |text: &str| super::markdown::md(text);
        let rows =
            self.rows().map(|(entry, what)| format!("| {} | {} |\n", cell(&entry.repository), cell(&what)));
        head + table + &rows.collect::<String>()
    }

    fn counted(&self) -> String {
        let repositories = match self.entries.len() {
            1 => "1 repository".to_owned(),
            many => format!("{many} repositories"),
        };
        let clean = self.entries.len() - self.rows().count();
        let found = self.rows().filter(|(entry, _)| entry.verdict != Judgement::Unjudged).count();
        let unjudged = self.ended(Judgement::Unjudged);
        let unjudged = if unjudged > 0 { format!(", {unjudged} not judged") } else { String::new() };
        format!("{repositories}: {clean} clean, {found} with findings{unjudged}")
    }

    fn rows(&self) -> impl Iterator<Item = (&Entry, String)> {
        self.entries.iter().filter_map(|entry| {
            let what = match (entry.verdict, entry.errors(), entry.warnings()) {
                (Judgement::Unjudged, ..) => {
                    format!("not judged: could not {}", clean(entry.why.as_deref().unwrap_or_default()))
                }
                (_, 0, 0) => return None,
                (_, errors, 0) => many(errors, "error"),
                (_, 0, warnings) => many(warnings, "warning"),
                (_, errors, warnings) => format!("{}, {}", many(errors, "error"), many(warnings, "warning")),
            };
            Some((entry, what))
        })
    }
}

fn many(n: u64, what: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), what)
}

/// A line of a part: one JSON object.
pub trait Line: Serialize {
    /// Returns it, with its newline.
    fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

impl Line for Header {}
impl Line for Entry {}

fn part(file: &str, content: &[u8]) -> Result<(Header, Vec<Entry>), NoFleet> {
    let foreign = |line: usize, why: String| NoFleet::Foreign { file: clean(file), line, why: clean(&why) };
    let mut lines =
        content.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    let (_, first) = lines.next().ok_or_else(|| foreign(1, "there is none".to_owned()))?;
    let header: Header = serde_json::from_slice(first).map_err(|error| foreign(1, error.to_string()))?;
    let shard = header.shard;
    if header.version != 1 || header.command != Header::COMMAND || shard.index == 0 || shard.index > shard.of
    {
        return Err(foreign(1, format!("it is of `{}`, version {}", header.command, header.version)));
    }
    let mut entries = vec![];
    for (at, line) in lines {
        match serde_json::from_slice(line) {
            Ok(entry) => entries.push(entry),
            // A line that ends in the middle is where the file was cut off.
            Err(error) if error.is_eof() => break,
            Err(error) => return Err(foreign(at + 1, error.to_string())),
        }
    }
    let paths: BTreeSet<&str> = entries.iter().map(|entry: &Entry| entry.path.as_str()).collect();
    if paths.len() != header.repositories || entries.len() != header.repositories {
        let (found, announced) = (entries.len(), header.repositories);
        return Err(NoFleet::CutOff { file: clean(file), shard, found, announced });
    }
    Ok((header, entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, errors: u64, warnings: u64) -> Entry {
        let verdict = if errors > 0 { "rejected" } else { "accepted" };
        let summary = serde_json::json!({"errors": errors, "warnings": warnings, "evaluated": 0});
        let report = serde_json::json!({"verdict": verdict, "summary": summary});
        Entry::of_audit(name.to_owned(), format!("{name}.git"), report.to_string().as_bytes(), "")
    }

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

    fn file(part: &str, entries: &[Entry]) -> (String, Vec<u8>) {
        let header = Header::new(shard(part), entries.len()).line();
        let lines = entries.iter().fold(header, |lines, entry| lines + &entry.line());
        (format!("{}.jsonl", part.replace('/', "-of-")), lines.into_bytes())
    }

    #[test]
    fn every_repository_is_in_one_part_and_stays_there() {
        for path in ["shop/web.git", "@hashed/ab/cd/abcd.git", ""] {
            for of in 1..9 {
                let parts = (1..=of).filter(|index| Shard { index: *index, of }.has(path));
                assert_eq!(parts.count(), 1, "{path} in {of}");
            }
        }
        // Written down: other machines, and later versions, must divide the same way.
        let parts: Vec<u32> = (0..8)
            .map(|n| (1..=3).find(|index| Shard { index: *index, of: 3 }.has(&format!("r{n}.git"))).unwrap())
            .collect();
        assert_eq!(parts, [3, 3, 1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_part_is_written_i_of_n_from_1() {
        assert_eq!(shard("2/4"), Shard { index: 2, of: 4 });
        for wrong in ["0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_are_joined_by_name_whatever_their_order() {
        let parts = [file("2/2", &[entry("b", 1, 0)]), file("1/2", &[entry("c", 0, 0), entry("a", 0, 2)])];
        let fleet = Fleet::join(&parts).unwrap();
        assert_eq!(fleet.text(), "3 repositories: 1 clean, 2 with findings\n  a  2 warnings\n  b  1 error\n");
        let again = Fleet::join(&[("all.jsonl".to_owned(), fleet.lines().into_bytes())]).unwrap();
        assert_eq!(again, fleet);
    }

    #[test]
    fn what_is_missing_cut_off_or_there_twice_is_not_joined() {
        let (one, two) = (file("1/2", &[entry("a", 0, 0)]), file("2/2", &[entry("b", 0, 0)]));
        let said = |files: &[(String, Vec<u8>)]| Fleet::join(files).unwrap_err().to_string();
        assert_eq!(said(std::slice::from_ref(&two)), "join the parts: 1 of 2 missing");
        assert_eq!(
            said(&[one.clone(), two.clone(), one.clone()]),
            "join `1-of-2.jsonl`: part 1/2 is there already"
        );
        assert_eq!(
            said(&[one.clone(), file("1/3", &[])]),
            "join parts of 2 and of 3: they were divided differently"
        );
        let mut cut = one.clone();
        cut.1.truncate(cut.1.len() - 9);
        let text = said(&[cut, two.clone()]);
        assert!(text.ends_with("part 1/2 has 0 of its 1 repositories: it was cut off"), "{text}");
        let text = said(&[("x".to_owned(), b"{\"version\": 1}\n".to_vec())]);
        assert!(text.starts_with("read `x`: line 1 is not of a fleet's audit"), "{text}");
        assert!(said(&[("x".to_owned(), vec![])]).contains("there is none"));
    }

    #[test]
    fn a_repository_that_could_not_be_judged_says_why_in_one_line() {
        let said = "flowcheck: could not read `HEAD`:\n  permission\u{1b} denied\n";
        let entry = Entry::of_audit("x".to_owned(), "x.git".to_owned(), b"", said);
        assert_eq!(entry.verdict, Judgement::Unjudged);
        let fleet = Fleet { shard: Shard::WHOLE, entries: vec![entry] };
        assert_eq!(
            fleet.text(),
            "1 repository: 0 clean, 0 with findings, 1 not judged\n  x  not judged: could not read `HEAD`: permission\\u{1b} denied\n"
        );
        assert!(fleet.markdown().contains("| x | not judged"));
    }
}
