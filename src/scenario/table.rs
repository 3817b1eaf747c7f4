//! Tables of a scenario file, read with the place of every key: all mistakes are said at once.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::history::name::unknown;
use crate::history::{Mistake, Seconds};

/// One key of a table with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'t> {
    pub key: &'t str,
    /// Where the key stands, in bytes.
    pub key_at: usize,
    pub value: &'t Spanned<DeValue<'t>>,
}

impl Entry<'_> {
    /// Where the value stands.
    pub fn at(&self) -> usize {
        self.value.span().start
    }
}

/// The text of a scenario file and the mistakes found in it so far.
pub(super) struct Sheet<'t> {
    pub text: &'t str,
    pub mistakes: Vec<Mistake>,
}

impl<'t> Sheet<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, mistakes: vec![] }
    }

    /// Notes a mistake at the byte `at`.
    pub fn mistake(&mut self, at: usize, what: impl Into<String>) {
        let (row, start) = self.line_of(at);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let column = self.text[start..at.min(start + line.len())].chars().count() + 1;
        self.mistakes.push(Mistake { row, column, line: line.to_owned(), what: what.into() });
    }

    /// Returns the number of the line that the byte `at` is in, and where that line begins.
    pub fn line_of(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |newline| newline + 1))
    }

    /// Returns the entries of a table in the order of the file; a key that is not among `known`
    /// is a mistake.
    pub fn entries(&mut self, table: &'t DeTable<'t>, known: &[&str]) -> Vec<Entry<'t>> {
        let all = Self::any(table);
        for entry in &all {
            if !known.contains(&entry.key) {
                self.mistake(entry.key_at, unknown(&format!("key `{}` here", entry.key), entry.key, known));
            }
        }
        all
    }

    /// Returns the entries of a table whose keys are of the user's choice.
    pub fn any(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
        let entries = table.iter();
        let mut all: Vec<Entry<'t>> = entries
            .map(|(key, value)| Entry { key: key.get_ref(), key_at: key.span().start, value })
            .collect();
        all.sort_by_key(|entry| entry.key_at);
        all
    }

    pub fn string(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<&'t str> {
        let found = value.get_ref().as_str();
        self.expected(found, value, "a string")
    }

    pub fn flag(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<bool> {
        let found = value.get_ref().as_bool();
        self.expected(found, value, "`true` or `false`")
    }

    pub fn table(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<&'t DeTable<'t>> {
        let found = value.get_ref().as_table();
        self.expected(found, value, "a table")
    }

    /// Returns the strings of a list, and where each stands.
    pub fn strings(&mut self, value: &'t Spanned<DeValue<'t>>) -> Vec<(&'t str, usize)> {
        let found = value.get_ref().as_array();
        let Some(list) = self.expected(found, value, "a list of strings") else { return vec![] };
        let strings = list.iter().map(|item| (self.string(item), item.span().start));
        strings.filter_map(|(string, at)| Some((string?, at))).collect()
    }

    /// Returns a moment: seconds since 1970, a day, or a day and a time in UTC.
    pub fn moment(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<Seconds> {
        let found = match value.get_ref() {
            DeValue::Integer(number) => Seconds::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::Datetime(moment) => seconds(&moment.to_string()),
            DeValue::String(text) => seconds(text),
            _ => None,
        };
        self.expected(
            found,
            value,
            "a moment: \"2026-01-31\", \"2026-01-31T10:00:00Z\", or seconds since 1970",
        )
    }

    fn expected<T>(&mut self, found: Option<T>, value: &Spanned<DeValue<'_>>, what: &str) -> Option<T> {
        if found.is_none() {
            let is = value.get_ref().type_str();
            self.mistake(value.span().start, format!("this has to be {what}; it is of the type {is}"));
        }
        found
    }
}

fn seconds(text: &str) -> Option<Seconds> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second());
    }
    let day = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}
