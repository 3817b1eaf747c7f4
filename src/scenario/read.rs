//! From a file's text to a scenario, or to all its mistakes.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{Entry, Sheet};
use super::{Model, Scenario, Sent, worded};
use crate::history::name::unknown;
use crate::history::{
    Details, Drawn, Label, Mistake, Oid, Picture, Ref, RefName, Refs, Seconds, TagDetails, TagOf,
};
use crate::rules;

const KEYS: [&str; 15] = [
    "title",
    "policy",
    "beside",
    "history",
    "commits",
    "files",
    "tree_of",
    "same_change",
    "squash",
    "dates",
    "authors",
    "symbolic",
    "now",
    "push",
    "audit",
];
const PUSH_KEYS: [&str; 9] = ["title", "set", "delete", "by", "options", "expect", "says", "forced", "now"];
const TAG_KEYS: [&str; 6] = ["at", "header", "message", "date", "by", "of"];
const OUTCOMES: [&str; 5] = ["warn", "evaluated", "overridden", "excepted", "baselined"];

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// With all mistakes in it, from top to bottom.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        let (root, broken) = DeTable::parse_recoverable(text);
        let mut sheet = Sheet::new(text);
        // What follows the first few is mostly their consequence.
        for error in broken.into_iter().take(3) {
            let at = error.span().map_or(0, |span| span.start);
            sheet.mistake(at, error.message());
        }
        let scenario =
            if sheet.mistakes.is_empty() { Reader::new(&mut sheet, root.get_ref()).scenario() } else { None };
        sheet.mistakes.sort();
        match scenario {
            Some(scenario) if sheet.mistakes.is_empty() => Ok(scenario),
            _ => Err(sheet.mistakes),
        }
    }
}

/// The tables of one file while they are read.
struct Reader<'s, 't> {
    sheet: &'s mut Sheet<'t>,
    root: BTreeMap<&'t str, Entry<'t>>,
}

impl<'s, 't> Reader<'s, 't> {
    fn new(sheet: &'s mut Sheet<'t>, root: &'t DeTable<'t>) -> Self {
        let entries = sheet.entries(root, &KEYS);
        Self { sheet, root: entries.into_iter().map(|entry| (entry.key, entry)).collect() }
    }

    fn scenario(mut self) -> Option<Scenario> {
        if self.value("lines").is_some() && self.value("history").is_none() {
            self.sheet.mistakes.clear();
            self.sheet.mistake(0, "this is a policy; a scenario has a `title` and a `history`");
            return None;
        }
        let title = self.required("title").and_then(|value| self.sheet.string(value));
        let policy = self.value("policy").and_then(|value| self.policy(value));
        let beside = plain(self.names("beside"));
        let symbolic = self.names("symbolic");
        let now = self.value("now").and_then(|value| self.sheet.moment(value));
        let picture = self.picture()?;
        let details = self.details(&picture);
        let mut drawn = self.drawn(&picture, &details)?;
        let pushes = self.pushes(&mut drawn);
        let audit = self.value("audit").map(|value| expected(self.sheet, value));
        let own_clock = now.is_some() || pushes.iter().any(|push| push.now.is_some());
        let now = now.unwrap_or(drawn.newest_date() + 3600);
        let pushes: Vec<Sent> = pushes.into_iter().map(|push| push.sent(now)).collect();
        let branch = |name: &str| RefName::of_branch(name);
        Some(Scenario {
            title: title?.to_owned(),
            policy,
            beside,
            drawn,
            symbolic: symbolic.iter().map(|(alias, of)| (branch(alias), branch(&of.0))).collect(),
            now: pushes.last().map_or(now, |push| push.now),
            pushes,
            audit,
            own_clock,
        })
    }

    fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.root.get(key).map(|entry| entry.value)
    }

    fn required(&mut self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        let value = self.value(key);
        if value.is_none() {
            self.sheet.mistake(0, format!("a scenario needs a `{key}`"));
        }
        value
    }

    fn policy(&mut self, value: &'t Spanned<DeValue<'t>>) -> Option<Model> {
        let text = self.sheet.string(value)?;
        let is_toml = text.contains(['\n', '=']);
        Some(if is_toml { Model::Text(text.to_owned()) } else { Model::Preset(text.to_owned()) })
    }

    fn picture(&mut self) -> Option<Picture> {
        let history = self.required("history")?;
        let drawing = self.sheet.string(history)?;
        let written = self.value("commits").map_or(vec![], |value| self.sheet.strings(value));
        let lines: Vec<&str> = written.iter().map(|(line, _)| *line).collect();
        let mistakes = match Picture::read_with(drawing, &lines) {
            Ok(picture) => return Some(picture),
            Err(mistakes) => mistakes,
        };
        let rows = drawing.lines().count();
        for mistake in mistakes {
            let at = match mistake.row.checked_sub(rows + 1).and_then(|n| written.get(n)) {
                Some((_, at)) => *at,
                None => self.drawn_at(history.span().start, &mistake),
            };
            self.sheet.mistake(at, mistake.what);
        }
        None
    }

    /// Returns where in the file a mistake in the picture stands whose string begins at `start`.
    fn drawn_at(&self, start: usize, mistake: &Mistake) -> usize {
        let quoted = &self.sheet.text[start..];
        let Some(inner) = quoted.strip_prefix("'''").or_else(|| quoted.strip_prefix("\"\"\"")) else {
            return start + mistake.column;
        };
        let inner = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')).unwrap_or(inner);
        let row = inner.split_inclusive('\n').take(mistake.row - 1).map(str::len).sum::<usize>();
        self.sheet.text.len() - inner.len() + row + mistake.column - 1
    }

    fn details(&mut self, picture: &Picture) -> Details {
        let details = Details {
            files: self.files(),
            dates: self.dates(),
            authors: plain(self.names("authors")),
            tree_of: self.commits("tree_of", picture),
            same_change: self.commits("same_change", picture),
            squash: self.commits("squash", picture),
        };
        for key in ["files", "dates", "authors", "tree_of", "same_change", "squash"] {
            let table = self.value(key).and_then(|value| value.get_ref().as_table());
            for entry in table.map(Sheet::any).unwrap_or_default() {
                self.check_commit(entry.key, entry.key_at, picture);
            }
        }
        details
    }

    fn files(&mut self) -> BTreeMap<String, BTreeMap<String, Option<String>>> {
        let mut files = BTreeMap::new();
        for commit in self.entries_of("files") {
            let Some(table) = self.sheet.table(commit.value) else { continue };
            let mut written = BTreeMap::new();
            for file in Sheet::any(table) {
                if file.key.contains('/') || file.key.is_empty() {
                    self.sheet.mistake(file.key_at, "a file stands at the top of the tree: no `/`");
                }
                let content = match file.value.get_ref().as_bool() {
                    Some(false) => None,
                    _ => self.sheet.string(file.value).map(str::to_owned),
                };
                written.insert(file.key.to_owned(), content);
            }
            files.insert(commit.key.to_owned(), written);
        }
        files
    }

    fn dates(&mut self) -> BTreeMap<String, Seconds> {
        let entries = self.entries_of("dates");
        let dates =
            entries.iter().filter_map(|entry| Some((entry.key.to_owned(), self.sheet.moment(entry.value)?)));
        dates.collect()
    }

    /// Returns the entries of the table `key` of the file, if it is there.
    fn entries_of(&mut self, key: &str) -> Vec<Entry<'t>> {
        let table = self.value(key).and_then(|value| self.sheet.table(value));
        table.map(Sheet::any).unwrap_or_default()
    }

    fn names(&mut self, key: &str) -> BTreeMap<String, (String, usize)> {
        let entries = self.entries_of(key);
        let names = entries.iter().filter_map(|entry| {
            let name = self.sheet.string(entry.value)?;
            Some((entry.key.to_owned(), (name.to_owned(), entry.at())))
        });
        names.collect()
    }

    fn commits(&mut self, key: &str, picture: &Picture) -> BTreeMap<String, String> {
        let names = self.names(key);
        for (name, at) in names.values() {
            self.check_commit(name, *at, picture);
        }
        plain(names)
    }

    fn check_commit(&mut self, name: &str, at: usize, picture: &Picture) {
        let names: Vec<&str> = picture.commits.iter().map(|commit| commit.name.as_str()).collect();
        if !names.contains(&name) {
            self.sheet.mistake(at, unknown(&format!("commit `{name}`"), name, &names));
        }
    }

    fn drawn(&mut self, picture: &Picture, details: &Details) -> Option<Drawn> {
        if !self.sheet.mistakes.is_empty() {
            return None;
        }
        let history = self.value("history").map_or(0, |value| value.span().start);
        match Drawn::new(picture, details) {
            Ok(drawn) => Some(drawn),
            Err(mistake) => {
                let at = if mistake.row > 0 { self.drawn_at(history, &mistake) } else { history };
                self.sheet.mistake(at, mistake.what);
                None
            }
        }
    }

    fn pushes(&mut self, drawn: &mut Drawn) -> Vec<Pushed> {
        let mut known = drawn.refs.clone();
        let Some(list) = self.value("push") else {
            if self.value("audit").is_none() {
                self.sheet.mistake(0, "a scenario needs a `[[push]]`, or an `audit`");
            }
            return vec![];
        };
        let Some(list) = list.get_ref().as_array() else {
            self.sheet.mistake(list.span().start, "write `[[push]]`: there may be several");
            return vec![];
        };
        let tables: Vec<_> =
            list.iter().filter_map(|item| Some((self.sheet.table(item)?, item.span().start))).collect();
        tables
            .into_iter()
            .map(|(table, at)| PushReader { sheet: self.sheet, drawn, known: &mut known }.push(table, at))
            .collect()
    }
}

fn plain(names: BTreeMap<String, (String, usize)>) -> BTreeMap<String, String> {
    names.into_iter().map(|(key, (name, _))| (key, name)).collect()
}

/// A push before the clock is known.
struct Pushed {
    sent: Sent,
    now: Option<Seconds>,
}

impl Pushed {
    fn sent(self, now: Seconds) -> Sent {
        Sent { now: self.now.unwrap_or(now), ..self.sent }
    }
}

struct PushReader<'s, 't> {
    sheet: &'s mut Sheet<'t>,
    drawn: &'s mut Drawn,
    /// Every ref that was ever set so far: where a record finds its tag.
    known: &'s mut Refs,
}

impl<'t> PushReader<'_, 't> {
    fn push(mut self, table: &'t DeTable<'t>, at: usize) -> Pushed {
        let entries = self.sheet.entries(table, &PUSH_KEYS);
        let value = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
        let mut changes = value("set").map_or(vec![], |value| self.set(value));
        changes.extend(value("delete").map_or(vec![], |value| self.delete(value)));
        for (n, (name, at, _)) in changes.iter().enumerate() {
            if changes[..n].iter().any(|(earlier, _, _)| earlier == name) {
                self.sheet.mistake(*at, format!("`{}` is in this push already", name.short()));
            }
        }
        if value("set").is_none() && value("delete").is_none() {
            self.sheet.mistake(at, "this push changes nothing; it needs a `set` or a `delete`");
        }
        let Some(expect) = value("expect") else {
            self.sheet.mistake(at, "say what is expected of this push; `expect = []`: not a word");
            return self.finish(at, changes, Sent::blank());
        };
        let now = value("now").and_then(|value| self.sheet.moment(value));
        let text =
            |sheet: &mut Sheet<'t>, key| value(key).and_then(|value| sheet.string(value)).map(str::to_owned);
        let texts = |sheet: &mut Sheet<'t>, key| value(key).map_or(vec![], |value| sheet.strings(value));
        let owned = |list: Vec<(&str, usize)>| list.into_iter().map(|(text, _)| text.to_owned()).collect();
        let sent = Sent {
            title: text(self.sheet, "title"),
            by: text(self.sheet, "by"),
            options: owned(texts(self.sheet, "options")),
            says: owned(texts(self.sheet, "says")),
            expect: expected(self.sheet, expect),
            forced: value("forced").and_then(|value| self.sheet.flag(value)).unwrap_or(false),
            ..Sent::blank()
        };
        Pushed { now, ..self.finish(at, changes, sent) }
    }

    fn finish(&self, at: usize, changes: Vec<Change>, sent: Sent) -> Pushed {
        let changes = changes.into_iter().map(|(name, _, id)| (name, id)).collect();
        Pushed { sent: Sent { line: self.sheet.line_of(at).0, changes, ..sent }, now: None }
    }

    fn set(&mut self, value: &'t Spanned<DeValue<'t>>) -> Vec<Change> {
        let Some(table) = self.sheet.table(value) else { return vec![] };
        let mut wanted: Vec<(Label, Entry<'t>)> = vec![];
        for entry in Sheet::any(table) {
            match Label::read(entry.key) {
                Ok(label) => wanted.push((label, entry)),
                Err(what) => self.sheet.mistake(entry.key_at, what),
            }
        }
        // A record finds its tag also where both come in one push.
        wanted.sort_by_key(|(label, _)| matches!(label, Label::Record { .. }));
        let mut changes = vec![];
        for (label, entry) in wanted {
            let (at, details) = self.target(&entry, &label);
            if !self.sheet.mistakes.is_empty() {
                continue;
            }
            match self.drawn.place(&label, at, &details, self.known) {
                Ok((name, id)) => {
                    self.known.set(Ref::new(name.clone(), id));
                    changes.push((name, entry.key_at, Some(id)));
                }
                Err(what) => self.sheet.mistake(entry.key_at, what),
            }
        }
        changes.sort_by_key(|(_, at, _)| *at);
        changes
    }

    fn target(&mut self, entry: &Entry<'t>, label: &Label) -> (Option<Oid>, TagDetails) {
        let Some(table) = entry.value.get_ref().as_table() else {
            let name = self.sheet.string(entry.value).unwrap_or_default();
            return (self.commit(name, entry.at(), label), TagDetails::default());
        };
        let mut details = TagDetails::default();
        let mut at = None;
        for part in self.sheet.entries(table, &TAG_KEYS) {
            let text = |sheet: &mut Sheet<'t>| sheet.string(part.value).map(str::to_owned);
            match part.key {
                "at" => {
                    let name = self.sheet.string(part.value).unwrap_or_default();
                    at = self.commit(name, part.at(), label);
                }
                "header" => details.header = text(self.sheet),
                "message" => details.message = text(self.sheet),
                "by" => details.by = text(self.sheet),
                "date" => details.date = self.sheet.moment(part.value),
                "of" => details.of = self.tag_of(&part),
                _ => {}
            }
        }
        (at, details)
    }

    fn commit(&mut self, name: &str, at: usize, label: &Label) -> Option<Oid> {
        let found = self.drawn.commit(name);
        let may_be_empty = name.is_empty() && matches!(label, Label::Record { .. });
        if found.is_none() && !may_be_empty {
            self.sheet.mistake(at, unknown(&format!("commit `{name}`"), name, &self.drawn.names()));
        }
        found
    }

    fn tag_of(&mut self, part: &Entry<'t>) -> TagOf {
        let kinds =
            [("commit", TagOf::Commit), ("tree", TagOf::Tree), ("blob", TagOf::Blob), ("tag", TagOf::Tag)];
        let word = self.sheet.string(part.value).unwrap_or("commit");
        let found = kinds.into_iter().find(|(name, _)| *name == word);
        if found.is_none() {
            self.sheet.mistake(
                part.at(),
                unknown(&format!("`of = \"{word}\"`"), word, &kinds.map(|(name, _)| name)),
            );
        }
        found.map_or(TagOf::Commit, |(_, of)| of)
    }

    fn delete(&mut self, value: &'t Spanned<DeValue<'t>>) -> Vec<Change> {
        let mut changes = vec![];
        for (text, at) in self.sheet.strings(value) {
            let name = match Label::read(text) {
                Ok(Label::Branch(name)) => RefName::of_branch(&name),
                Ok(Label::Tag(name) | Label::LightTag(name)) => RefName::of_tag(&name),
                Ok(Label::Ref(name)) => RefName::new(name),
                Ok(Label::Record { .. }) => {
                    self.sheet.mistake(at, "name the record's tag: `tag: deployed/prod/v1.0.0/1`");
                    continue;
                }
                Err(what) => {
                    self.sheet.mistake(at, what);
                    continue;
                }
            };
            changes.push((name, at, None));
        }
        changes
    }
}

/// Reads a list of findings.
fn expected<'t>(sheet: &mut Sheet<'t>, value: &'t Spanned<DeValue<'t>>) -> Vec<String> {
    let mut expected = vec![];
    for (text, at) in sheet.strings(value) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (outcome, rule, name) = match words.as_slice() {
            [rule, name] => ("rejected", *rule, *name),
            [outcome, rule, name] if OUTCOMES.contains(outcome) => (*outcome, *rule, *name),
            _ => {
                let form = "write \"rule ref\" or \"warn rule ref\"";
                sheet.mistake(at, format!("`{text}` is no finding; {form}"));
                continue;
            }
        };
        if rules::find(rule).is_none() {
            let known: Vec<&str> = rules::RULES.iter().map(|rule| rule.id).collect();
            sheet.mistake(at, unknown(&format!("rule `{rule}`"), rule, &known));
        }
        expected.push(worded(outcome, rule, name));
    }
    expected.sort();
    expected
}

/// A ref, where the file names it, and what it shall point to.
type Change = (RefName, usize, Option<Oid>);

impl Sent {
    fn blank() -> Self {
        Self {
            title: None,
            line: 0,
            changes: vec![],
            by: None,
            options: vec![],
            expect: vec![],
            says: vec![],
            forced: false,
            now: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let mistakes = Scenario::read(text).expect_err("there is a mistake");
        mistakes.iter().map(|m| format!("{}:{} {}", m.row, m.column, m.what)).collect()
    }

    const WHOLE: &str = r#"
title = "a story"
history = '''
A---B   (develop, tag: v1.0.0)
 \
  F
'''
[[push]]
title = "first"
set = { "feature/a" = "F", "confirmed: v1.0.0" = "" }
expect = []

[[push]]
delete = ["feature/a", "tag: v1.0.0"]
by = "alice"
options = ["x=y"]
expect = ["warn branch-name feature/a", "branch-name develop"]
says = ["a branch"]
forced = true
"#;

    #[test]
    fn a_scenario_is_read_with_everything_in_it() {
        let scenario = Scenario::read(WHOLE).expect("it is whole");
        assert_eq!(scenario.title, "a story");
        assert_eq!(scenario.policy, None);
        let [first, second] = scenario.pushes.as_slice() else { panic!("two pushes") };
        let names: Vec<String> = first.changes.iter().map(|(name, _)| name.short()).collect();
        assert_eq!(names, ["feature/a", "deployed/prod/v1.0.0/1"]);
        assert_eq!(first.changes[0].1, scenario.drawn.commit("F"));
        assert_eq!((first.line, first.title.as_deref()), (8, Some("first")));
        assert_eq!(second.expect, ["branch-name develop", "warn branch-name feature/a"]);
        assert!(second.changes.iter().all(|(_, id)| id.is_none()));
        assert_eq!(second.by.as_deref(), Some("alice"));
        assert!(second.forced && !first.forced && !scenario.own_clock);
        assert_eq!(first.now, scenario.drawn.newest_date() + 3600);
    }

    #[test]
    fn every_mistake_is_said_with_its_line() {
        let text = WHOLE.replace("A---B", "A---A").replace("title = \"a story\"", "titel = 3");
        assert_eq!(
            mistakes(&text),
            [
                "1:1 a scenario needs a `title`",
                "2:1 there is no key `titel` here; did you mean `title`?",
                "4:5 `A` is drawn twice",
            ]
        );
        let text = WHOLE.replace("\"F\"", "\"G\"").replace("branch-name dev", "branchname dev");
        assert_eq!(
            mistakes(&text),
            [
                "10:23 there is no commit `G`",
                "17:41 there is no rule `branchname`; did you mean `branch-name`?",
            ]
        );
        assert_eq!(mistakes("title = "), ["1:9 string values must be quoted, expected literal string"]);
    }

    #[test]
    fn a_push_says_what_it_changes_and_what_is_expected() {
        let text = "title = 't'\nhistory = 'A'\n[[push]]\n";
        assert_eq!(
            mistakes(text),
            [
                "3:1 say what is expected of this push; `expect = []`: not a word",
                "3:1 this push changes nothing; it needs a `set` or a `delete`",
            ]
        );
        let twice = format!("{text}set = {{ a = 'A' }}\ndelete = ['a']\nexpect = ['x']");
        assert_eq!(
            mistakes(&twice),
            [
                "5:11 `a` is in this push already",
                "6:11 `x` is no finding; write \"rule ref\" or \"warn rule ref\"",
            ]
        );
    }

    #[test]
    fn a_policy_is_told_from_a_scenario() {
        let text = "version = 1\n[lines]\nintegration = 'develop'";
        assert_eq!(mistakes(text), ["1:1 this is a policy; a scenario has a `title` and a `history`"]);
    }

    #[test]
    fn details_name_commits_of_the_picture() {
        let text = "title = 't'\nhistory = 'A'\ntree_of = { A = 'X' }\ndates = { Y = 2024-01-31 }\n[[push]]\nset = {a = 'A'}\nexpect = []";
        assert_eq!(mistakes(text), ["3:17 there is no commit `X`", "4:11 there is no commit `Y`"]);
    }

    #[test]
    fn a_tag_may_be_unlike_the_usual_one() {
        let text = r#"
title = "a tag of a tree"
history = "A"
dates = { A = "2024-02-01" }
[[push]]
set = { "tag: v1.0.0" = { at = "A", of = "tree", header = "v2", date = 2024-02-02T10:00:00Z } }
expect = []
"#;
        let scenario = Scenario::read(text).expect("it is whole");
        let id = scenario.pushes[0].changes[0].1.expect("it is set");
        let made = format!("{:?}", crate::history::History::object(&scenario.drawn.history, id));
        assert!(made.contains("\"v2\"") && made.contains("1706868000"), "{made}");
        assert_eq!(scenario.drawn.peel(id), None);
    }
}
