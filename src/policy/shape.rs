//! Holds a policy as written against the table of settings: unknown keys, wrong types, bad values.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Absent, GROUPS, Key, LEVELS, ROOT, RULE_NAMES, Shape};
use super::mistake::{Mistake, all, choice, quote};
use super::{pattern, value};
use crate::history::name::nearest;

type Value<'t> = Spanned<DeValue<'t>>;

/// What is wrong with the file, setting by setting, and what is worth a second look.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What makes the policy unusable.
    pub mistakes: Vec<Mistake>,
    /// What may not be meant.
    pub advice: Vec<Mistake>,
}

/// Holds the whole file against the table.
pub(super) fn check(text: &str, root: &DeTable<'_>) -> Found {
    let mut checker = Checker { text, found: Found::default() };
    checker.table(ROOT, "", root, 0..0);
    checker.found
}

struct Checker<'t> {
    text: &'t str,
    found: Found,
}

impl Checker<'_> {
    fn wrong(&mut self, mistake: Mistake) {
        self.found.mistakes.push(mistake);
    }

    fn table(&mut self, keys: &[Key], path: &str, table: &DeTable<'_>, at: Range<usize>) {
        for (name, value) in table {
            match keys.iter().find(|key| key.name == name.get_ref().as_ref()) {
                Some(key) => self.value(&key.shape, &join(path, key.name), value, name.span()),
                None => self.unknown(keys, path, name.get_ref(), name.span()),
            }
        }
        for key in keys {
            if key.absent == Absent::Mistake && !table.contains_key(key.name) {
                let place = section(path);
                self.wrong(
                    Mistake::new(at.clone(), format!("{place} has no `{}`", key.name))
                        .label(format!("`{}` is missing", key.name))
                        .help(example(key)),
                );
            }
        }
    }

    fn unknown(&mut self, keys: &[Key], path: &str, name: &str, span: Range<usize>) {
        let names: Vec<_> = keys.iter().map(|key| key.name).collect();
        let mistake =
            Mistake::new(span, format!("{} knows no {}", section(path), quote(name))).label("not a setting");
        let help = if let Some(near) = nearest(name, names.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if let Some((near, home)) = home_of(name) {
            format!("did you mean `{near}`? It stands {home}")
        } else {
            format!("{} knows {}", section(path), all(names))
        };
        self.wrong(mistake.help(help));
    }

    fn value(&mut self, shape: &Shape, path: &str, value: &Value<'_>, key: Range<usize>) {
        match shape {
            Shape::Table(keys) => match value.get_ref() {
                DeValue::Table(table) => self.table(keys, path, table, key),
                _ => self.wrong_type(path, value, "a table", &format!("write [{path}] above its settings")),
            },
            Shape::Each(of) => self.each(of, path, value),
            Shape::PerRule(of) => self.per_rule(of, path, value),
            Shape::List(keys) => self.list(keys, path, value),
            Shape::Either(plain, keys) => match value.get_ref() {
                DeValue::Table(table) => self.table(keys, path, table, key),
                _ => self.value(plain, path, value, key),
            },
            Shape::Words(words) => self.strings(path, value, |checker, text, item| {
                checker.word(words, text, item);
            }),
            Shape::Texts => self.strings(path, value, Self::person),
            Shape::Patterns => self.strings(path, value, |checker, text, item| {
                checker.pattern(&[], text, item);
            }),
            Shape::Globs => self.strings(path, value, Self::glob),
            Shape::Since => self.since(path, value),
            Shape::Flag => self.flag(path, value),
            Shape::Count => self.count(path, value),
            Shape::Version => self.version(value),
            Shape::Date => self.date(path, value),
            Shape::Text
            | Shape::Word(_)
            | Shape::Branch
            | Shape::Pattern(_)
            | Shape::Duration
            | Shape::Glob
            | Shape::Object
            | Shape::File
            | Shape::Variable
            | Shape::Rule => self.text(shape, path, value),
        }
    }

    fn text(&mut self, shape: &Shape, path: &str, value: &Value<'_>) {
        let Some(text) = value.get_ref().as_str() else {
            let help = format!("write it in quotes: {} = \"...\"", last(path));
            return self.wrong_type(path, value, "a string", &help);
        };
        match shape {
            Shape::Word(words) => self.word(words, text, value),
            Shape::Branch => self.branch(text, value),
            Shape::Pattern(groups) => self.pattern(groups, text, value),
            Shape::Duration => self.duration(text, value),
            Shape::Glob => self.glob(text, value),
            Shape::Object => self.object(text, value),
            Shape::File => self.file(text, value),
            Shape::Variable => self.variable(text, value),
            Shape::Rule => self.rule(text, value.span()),
            _ if last(path) == "reason" && text.trim().is_empty() => self.wrong(
                Mistake::new(value.span(), "an exception needs a reason")
                    .label("says nothing")
                    .help("say why this may pass, for whoever reads it in a year"),
            ),
            _ => {}
        }
    }

    fn each(&mut self, of: &Shape, path: &str, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            let help = format!("write [{path}.<name>] above the settings of each");
            return self.wrong_type(path, value, "a table", &help);
        };
        for (name, entry) in table {
            let path = join(path, name.get_ref());
            if !is_plain_name(name.get_ref()) {
                self.wrong(
                    Mistake::new(name.span(), format!("{} is no name", quote(name.get_ref())))
                        .label("not a name")
                        .help("names have letters, digits, `-`, `_` and `.`"),
                );
            }
            self.value(of, &path, entry, name.span());
        }
    }

    fn per_rule(&mut self, of: &Shape, path: &str, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong_type(path, value, "a table", "write [rules] above the levels");
        };
        for (name, level) in table {
            self.rule(name.get_ref(), name.span());
            self.value(of, &join(path, name.get_ref()), level, name.span());
        }
    }

    fn list(&mut self, keys: &[Key], path: &str, value: &Value<'_>) {
        let help = format!("write [[{path}]] above the settings of each");
        let DeValue::Array(list) = value.get_ref() else {
            return self.wrong_type(path, value, "a list of tables", &help);
        };
        for entry in list {
            match entry.get_ref() {
                DeValue::Table(table) => {
                    self.table(keys, path, table, first_line(self.text, entry.span()));
                }
                _ => self.wrong_type(path, entry, "a table", &help),
            }
        }
    }

    fn strings(&mut self, path: &str, value: &Value<'_>, mut each: impl FnMut(&mut Self, &str, &Value<'_>)) {
        let help = match value.get_ref() {
            DeValue::String(text) => format!("write {} = [\"{text}\"]", last(path)),
            _ => format!("write {} = [\"...\"]", last(path)),
        };
        let DeValue::Array(list) = value.get_ref() else {
            return self.wrong_type(path, value, "a list of strings", &help);
        };
        for item in list {
            match item.get_ref().as_str() {
                Some(text) => each(self, text, item),
                None => self.wrong_type(path, item, "a string", "write it in quotes"),
            }
        }
    }

    fn wrong_type(&mut self, path: &str, value: &Value<'_>, wanted: &str, help: &str) {
        let is = type_of(value.get_ref());
        let span = first_line(self.text, value.span());
        self.wrong(
            Mistake::new(span, format!("`{}` is {is}, but has to be {wanted}", last(path)))
                .label(format!("has to be {wanted}"))
                .help(help),
        );
    }

    fn word(&mut self, words: &[&str], text: &str, value: &Value<'_>) {
        if words.contains(&text) {
            return;
        }
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write {}", choice(words.iter().copied())),
        };
        self.wrong(
            Mistake::new(value.span(), format!("{} is not a word that can stand here", quote(text)))
                .label(format!("{} can stand here", choice(words.iter().copied())))
                .help(help),
        );
    }

    fn rule(&mut self, name: &str, span: Range<usize>) {
        if RULE_NAMES.contains(&name) {
            return;
        }
        let help = match nearest(name, RULE_NAMES.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "flowcheck rules lists the rules".to_owned(),
        };
        self.wrong(
            Mistake::new(span, format!("there is no rule {}", quote(name))).label("not a rule").help(help),
        );
    }

    fn person(&mut self, text: &str, value: &Value<'_>) {
        if text.trim().is_empty() || text.trim() != text {
            self.wrong(
                Mistake::new(value.span(), format!("{} is nobody's name", quote(text)))
                    .label("not a name")
                    .help("leave it out, or write the user name without spaces around it"),
            );
        }
    }

    fn branch(&mut self, text: &str, value: &Value<'_>) {
        if value::is_branch_name(text) {
            return;
        }
        self.wrong(
            Mistake::new(value.span(), format!("{} cannot be the name of a branch", quote(text)))
                .label("not a branch name")
                .help("a line is one branch, with a name that git accepts; patterns are for releases and topics"),
        );
    }

    fn pattern(&mut self, wanted: &[&str], text: &str, value: &Value<'_>) {
        if let Err(bad) = pattern::Pattern::new(text) {
            let span = self.inside(value, &bad.span);
            self.wrong(
                Mistake::new(span, format!("this is no regular expression: {}", bad.message))
                    .label("here")
                    .help("patterns are written in the syntax of Rust's crate `regex`"),
            );
            return;
        }
        let Ok(meaning) = pattern::parse(text) else { return };
        let groups = pattern::groups(&meaning);
        for wanted in wanted {
            match groups.iter().find(|(name, _)| name == wanted) {
                Some((_, true)) => {}
                Some((_, false)) => self.wrong(
                    Mistake::new(value.span(), format!("a name can match without the group `{wanted}`"))
                        .label(format!("`{wanted}` is not always caught"))
                        .help(format!("let the group `{wanted}` be part of every name")),
                ),
                None => self.missing_group(wanted, &groups, value),
            }
        }
        for (name, _) in &groups {
            if !GROUPS.contains(&name.as_str())
                && wanted.iter().all(|wanted| nearest(name, [*wanted]).is_none())
            {
                let near = nearest(name, GROUPS.iter().copied());
                let help = near.map_or_else(
                    || format!("flowcheck reads {}", choice(GROUPS.iter().copied())),
                    |near| format!("did you mean `{near}`?"),
                );
                self.found.advice.push(
                    Mistake::new(value.span(), format!("nobody reads the group {}", quote(name)))
                        .label("has a group of no meaning")
                        .help(help),
                );
            }
        }
    }

    fn missing_group(&mut self, wanted: &str, groups: &[(String, bool)], value: &Value<'_>) {
        let near =
            groups.iter().map(|(name, _)| name.as_str()).find(|name| nearest(name, [wanted]).is_some());
        let sample = if wanted == "n" { r"(?<n>[1-9]\d*)" } else { r"(?<version>\d+\.\d+\.\d+)" };
        let help = match near {
            Some(near) => format!("did you mean `{wanted}` where it says `{near}`?"),
            None => format!("put {sample} where the name has it"),
        };
        self.wrong(
            Mistake::new(value.span(), format!("the pattern has no group `{wanted}`"))
                .label(format!("the group `{wanted}` is missing"))
                .help(help),
        );
    }

    /// Returns the place of a part of a string, where the file has the string as it is.
    fn inside(&self, value: &Value<'_>, part: &Range<usize>) -> Range<usize> {
        let span = value.span();
        let text = value.get_ref().as_str().unwrap_or_default();
        let written = self.text.get(span.clone()).unwrap_or_default();
        let Some(start) = written.find(text).filter(|_| !text.is_empty()) else { return span };
        let from = span.start + start + part.start;
        let to = (span.start + start + part.end).max(from + 1).min(span.end);
        if self.text.get(from..to).is_some() { from..to } else { span }
    }

    fn glob(&mut self, text: &str, value: &Value<'_>) {
        if let Err(error) = value::glob(text) {
            self.wrong(
                Mistake::new(value.span(), format!("{} is no glob: {error}", quote(text)))
                    .label("not a glob")
                    .help("`*` stands for anything, `?` for one character, `[ab]` for one of these"),
            );
        } else if !text.starts_with("refs/") && !text.starts_with('*') {
            self.wrong(
                Mistake::new(value.span(), format!("{} is not a full ref name", quote(text)))
                    .label("has to begin with `refs/`")
                    .help(format!("write \"refs/heads/{text}\" for branches, \"refs/tags/{text}\" for tags")),
            );
        }
    }

    fn object(&mut self, text: &str, value: &Value<'_>) {
        if !value::is_object(text) {
            self.wrong(
                Mistake::new(value.span(), format!("{} is not the id of an object", quote(text)))
                    .label("40 or 64 hexadecimal digits")
                    .help("git rev-parse prints the id in full"),
            );
        }
    }

    fn variable(&mut self, text: &str, value: &Value<'_>) {
        if !text.is_empty() && !value::is_variable(text) {
            self.wrong(
                Mistake::new(value.span(), format!("{} is not the name of a variable", quote(text)))
                    .label("not a variable")
                    .help("names of variables have letters, digits and `_`"),
            );
        } else if value::is_for_clients(text) {
            self.wrong(
                Mistake::new(value.span(), format!("whoever pushes may be able to set {}", quote(text)))
                    .label("says nothing about who pushes")
                    .help("name a variable that the server alone sets, such as \"FLOW_USER\""),
            );
        }
    }

    fn file(&mut self, text: &str, value: &Value<'_>) {
        if !text.is_empty() && !value::is_beside(text) {
            self.wrong(
                Mistake::new(value.span(), format!("{} does not lie beside the policy", quote(text)))
                    .label("not beside this file")
                    .help("put the file into the policy's directory and write its name alone"),
            );
        }
    }

    fn duration(&mut self, text: &str, value: &Value<'_>) {
        if value::duration_ms(text).is_none() {
            self.wrong(
                Mistake::new(value.span(), format!("{} is not a stretch of time", quote(text)))
                    .label("a number and a unit")
                    .help("write \"4s\", \"15m\", \"12h\", \"7d\" or \"2w\""),
            );
        }
    }

    fn since(&mut self, path: &str, value: &Value<'_>) {
        let DeValue::Array(list) = value.get_ref() else {
            let help = "write since = [\"2026-11-01\"] or since = [\"<commit>\"]";
            return self.wrong_type(path, value, "a list", help);
        };
        for item in list {
            let good = match item.get_ref() {
                DeValue::String(text) => value::is_since(text),
                DeValue::Datetime(date) => date.date.is_some_and(|date| value::end_of_day(date).is_some()),
                _ => false,
            };
            if !good {
                self.wrong(
                    Mistake::new(item.span(), "this is neither a commit nor a date")
                        .label("a commit or a date")
                        .help("write a commit's id (at least 7 digits) or a date such as 2026-11-01"),
                );
            }
        }
    }

    fn flag(&mut self, path: &str, value: &Value<'_>) {
        if value.get_ref().as_bool().is_none() {
            let help = match value.get_ref().as_str().map(str::to_lowercase).as_deref() {
                Some("true" | "yes" | "on") => format!("write {} = true", last(path)),
                Some("false" | "no" | "off") => format!("write {} = false", last(path)),
                _ => format!("write {0} = true or {0} = false", last(path)),
            };
            self.wrong_type(path, value, "true or false", &help);
        }
    }

    fn count(&mut self, path: &str, value: &Value<'_>) {
        if count(value.get_ref()).is_none() {
            let help = format!("write {} = 100000", last(path));
            self.wrong_type(path, value, "a number from 1", &help);
        }
    }

    fn version(&mut self, value: &Value<'_>) {
        match count(value.get_ref()) {
            Some(1) => {}
            Some(other) => self.wrong(
                Mistake::new(
                    value.span(),
                    format!("this flowcheck reads policies of version 1, not {other}"),
                )
                .label("has to be 1")
                .help("a newer flowcheck may read it; write version = 1 where the file is of today"),
            ),
            None => self.wrong_type("version", value, "the number 1", "write version = 1"),
        }
    }

    fn date(&mut self, path: &str, value: &Value<'_>) {
        let good = match value.get_ref() {
            DeValue::Datetime(date) => {
                date.time.is_none()
                    && date.offset.is_none()
                    && date.date.is_some_and(|date| value::end_of_day(date).is_some())
            }
            _ => false,
        };
        if !good {
            let help = format!("write {} = 2027-01-31, without quotes and time", last(path));
            self.wrong_type(path, value, "a day", &help);
        }
    }
}

/// Returns the number where it is one from 1.
pub(super) fn count(value: &DeValue<'_>) -> Option<usize> {
    let number = value.as_integer()?;
    usize::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| *number > 0)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn section(path: &str) -> String {
    if path.is_empty() { "the policy".to_owned() } else { format!("`[{path}]`") }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let written = text.get(span.clone()).unwrap_or_default();
    let length = written.find('\n').unwrap_or(written.len());
    span.start..span.start + length
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a point in time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Returns the setting elsewhere that was probably meant, and where it stands.
fn home_of(name: &str) -> Option<(&'static str, String)> {
    let mut homes: Vec<(&'static str, String)> = vec![];
    for section in ROOT {
        let (keys, home) = match section.shape {
            Shape::Table(keys) => (keys, format!("under `[{}]`", section.name)),
            Shape::Each(Shape::Table(keys)) => (*keys, format!("under `[{}.<name>]`", section.name)),
            Shape::List(keys) => (keys, format!("under `[[{}]]`", section.name)),
            _ => continue,
        };
        homes.extend(keys.iter().map(|key| (key.name, home.clone())));
    }
    homes.extend(ROOT.iter().map(|key| (key.name, "before the first section".to_owned())));
    homes.extend(RULE_NAMES.iter().map(|rule| (*rule, "under `[rules]`".to_owned())));
    let near = nearest(name, homes.iter().map(|(name, _)| *name))?;
    let mut meant: Vec<_> = homes.into_iter().filter(|(name, _)| *name == near).collect();
    // Where several sections have it, nobody can say which is meant.
    if meant.len() == 1 { meant.pop() } else { None }
}

/// Returns what to write where a setting is missing.
fn example(key: &Key) -> String {
    let sample = match key.shape {
        Shape::Version => "1",
        Shape::Pattern(_) if key.name == "hotfix" => r"'v(?<version>\d+\.\d+\.\d+)-hotfix(?<n>[1-9]\d*)'",
        Shape::Pattern([]) => "'feature/(?<topic>.+)'",
        Shape::Pattern(_) => r"'release-(?<version>\d+\.\d+\.\d+)'",
        Shape::Word(words) | Shape::Words(words) if words == LEVELS => "\"warn\"",
        Shape::Word(_) => "\"integration\"",
        Shape::Words(_) => "[\"integration\"]",
        Shape::Texts => "[\"release-manager\"]",
        Shape::Rule => "\"branch-name\"",
        Shape::Glob => "\"refs/heads/legacy/*\"",
        Shape::Either(..) | Shape::Branch => "\"develop\"",
        Shape::Table(_) => return format!("write [{}] with its settings below", key.name),
        _ => "\"...\"",
    };
    format!("write {} = {sample}", key.name)
}
