//! Every setting of a policy with its value and where it comes from.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Absent, Key, ROOT, Shape};
use super::mistake::Source;
use super::presets::DEFAULT;
use super::read::{Load, source};
use super::{Mistakes, Policy};
use crate::finding::Clause;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its path, e.g. `releases.parallel`.
    pub key: String,
    /// Its value, as TOML.
    pub value: String,
    /// Where it stands: in the policy, or in the built-in default where the policy leaves it out.
    pub clause: Clause,
    /// Whether the policy leaves it out.
    pub default: bool,
}

/// Returns every setting of a policy, in the order of the example.
///
/// # Errors
/// With all mistakes of the policy at once.
pub fn settings(name: &str, bytes: &[u8], load: &Load<'_>) -> Result<Vec<Setting>, Mistakes> {
    let policy = Policy::parse(name, bytes, load)?;
    let (source, _) = source(name, bytes);
    let mut settings = written(&source);
    if !settings.iter().any(|setting| setting.key == "tags.on") {
        let on = format!("{:?}", policy.tags.on.name());
        let at = settings.iter().position(|setting| setting.key == "tags.other").unwrap_or(settings.len());
        settings.insert(at, default_setting("tags.on", &on));
    }
    let known = example_lines();
    for setting in settings.iter_mut().filter(|setting| setting.default) {
        setting.clause.line = known.get(&setting.key).copied().unwrap_or(0);
    }
    Ok(settings)
}

fn example_lines() -> BTreeMap<String, u32> {
    let source = Source::new("built-in", DEFAULT.to_owned());
    let written = written(&source).into_iter().filter(|setting| !setting.default);
    written.map(|setting| (setting.key, setting.clause.line)).collect()
}

fn written(source: &Source) -> Vec<Setting> {
    let (root, _) = DeTable::parse_recoverable(&source.text);
    let mut out = vec![];
    Walk { source, out: &mut out }.table(ROOT, "", Some(root.get_ref()));
    out
}

fn default_setting(path: &str, value: &str) -> Setting {
    let clause = Clause { file: "built-in".to_owned(), line: 0 };
    Setting { key: path.to_owned(), value: value.to_owned(), clause, default: true }
}

struct Walk<'s> {
    source: &'s Source,
    out: &'s mut Vec<Setting>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Walk<'_> {
    fn table(&mut self, keys: &[Key], path: &str, table: Option<&DeTable<'_>>) {
        for key in keys {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            let written = table.and_then(|table| table.get_key_value(key.name));
            match written {
                Some((name, value)) => self.value(&key.shape, &path, value, name.span().start),
                None => self.absent(key, &path),
            }
        }
    }

    fn absent(&mut self, key: &Key, path: &str) {
        if let Absent::Means(value) = key.absent {
            self.out.push(default_setting(path, value));
        }
        if let Shape::Table(keys) = key.shape
            && !MODELS.contains(&key.name)
        {
            self.table(keys, path, None);
        }
    }

    fn value(&mut self, shape: &Shape, path: &str, value: &Value<'_>, at: usize) {
        match (shape, value.get_ref()) {
            (Shape::Table(keys) | Shape::Either(_, keys), DeValue::Table(table)) => {
                self.table(keys, path, Some(table));
            }
            (Shape::Each(of) | Shape::PerRule(of), DeValue::Table(table)) => {
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_by_key(|(name, _)| name.span().start);
                for (name, entry) in entries {
                    self.value(of, &format!("{path}.{}", name.get_ref()), entry, name.span().start);
                }
            }
            (Shape::List(keys), DeValue::Array(list)) => {
                for (number, entry) in list.iter().enumerate() {
                    self.table(keys, &format!("{path}[{number}]"), entry.get_ref().as_table());
                }
            }
            (_, plain) => {
                let clause = self.source.clause(at);
                self.out.push(Setting { key: path.to_owned(), value: toml(plain), clause, default: false });
                if let Shape::Either(_, keys) = shape {
                    let others = keys.iter().filter(|key| key.absent != Absent::Mistake);
                    others.for_each(|key| self.absent(key, &format!("{path}.{}", key.name)));
                }
            }
        }
    }
}

/// The sections that the model has not where the policy leaves them out.
const MODELS: &[&str] = &["releases", "override"];

fn toml(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()).to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(list) => {
            let items: Vec<_> = list.iter().map(|item| toml(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let item = |(name, value): (&Spanned<_>, &Value<'_>)| {
                let name: &std::borrow::Cow<'_, str> = name.get_ref();
                format!("{name} = {}", toml(value.get_ref()))
            };
            format!("{{ {} }}", table.iter().map(item).collect::<Vec<_>>().join(", "))
        }
    }
}
