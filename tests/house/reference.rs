//! The policy's reference says what the policy's schema says, and every example keeps to it.
//!
//! `REFERENCE=write cargo test --test house reference` writes docs/policy-reference.md anew.

use serde_json::{Map, Value};

use crate::fences::{fences, pages};
use crate::{text, top};

const HEAD: &str = "\
# Policy reference

Every setting of `policy.toml`, as `flowcheck policy schema` describes it to editors: this page is
made from it. [policy.md](policy.md) explains what the settings are for, and
[`policy.toml.example`](../policy.toml.example) shows all of them at work. A dotted name is a
setting inside a table: `integration.merge` is written
`integration = { branch = \"develop\", merge = \"any\" }`.
";

#[test]
fn the_reference_is_what_the_schema_says() {
    let path = top().join("docs/policy-reference.md");
    let wanted = format!("{HEAD}{}", page(&flowcheck::policy::schema()));
    if std::env::var_os("REFERENCE").is_some() {
        std::fs::write(&path, &wanted).expect("the file is ours");
    }
    assert!(text(&path) == wanted, "docs/policy-reference.md is old: REFERENCE=write writes it anew");
}

#[test]
fn every_piece_of_a_policy_on_a_page_keeps_to_the_schema() {
    let mut schema = flowcheck::policy::schema();
    // A piece of a policy leaves out most of it.
    schema["required"] = Value::Array(vec![]);
    schema["properties"]["lines"]["required"] = Value::Array(vec![]);
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let mut pieces = 0;
    for page in pages() {
        for fence in fences(&text(&page)).into_iter().filter(|fence| fence.kind == "toml") {
            let place = format!("{}:{}", page.display(), fence.at);
            let table: toml::Table =
                fence.lines.join("\n").parse().unwrap_or_else(|failure| panic!("{place}: {failure}"));
            // Files that a page writes are read by the commands after them.
            if fence.note.is_empty() {
                let wrong: Vec<String> = validator
                    .iter_errors(&json(toml::Value::Table(table)))
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(wrong.is_empty(), "{place}:\n{}", wrong.join("\n"));
                pieces += 1;
            }
        }
    }
    assert!(pieces > 2, "no piece of a policy was found");
}

/// Returns TOML as JSON, days as text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
        toml::Value::Array(values) => Value::Array(values.into_iter().map(json).collect()),
        toml::Value::Datetime(day) => Value::String(day.to_string()),
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => Value::Bool(is),
    }
}

/// Returns the sections of the page: the plain settings of the root, then one for each table.
fn page(schema: &Value) -> String {
    let (tables, plain): (Vec<_>, Vec<_>) =
        properties(schema).into_iter().partition(|(_, setting)| inner(setting).is_some());
    let required = required(schema);
    let rows = plain.into_iter().flat_map(|(name, setting)| rows(name, setting, required.contains(&name)));
    let mut page = format!("\n## The file\n\n{}", listed(&rows.collect::<Vec<_>>()));
    for (name, setting) in tables {
        page.push_str(&section(name, setting));
    }
    page
}

/// Returns the section of a table of the root.
fn section(name: &str, setting: &Value) -> String {
    let (heading, table) = inner(setting).expect("it is a table");
    let heading = heading.replace("NAME", name);
    let about = setting["description"].as_str().unwrap_or_default();
    let required = required(table);
    let settings = properties(table);
    let alike = settings.len() > 1 && settings.iter().all(|(_, setting)| *setting == settings[0].1);
    let rows = match (alike, settings.first()) {
        (true, Some((_, setting))) => rows("<rule>", setting, false),
        _ => {
            settings.iter().flat_map(|(name, setting)| rows(name, setting, required.contains(name))).collect()
        }
    };
    format!("\n## `{heading}`\n\n{about}\n\n{}", listed(&rows))
}

/// Returns how a table is written, and what it holds; `None`: the setting is none.
fn inner(setting: &Value) -> Option<(&'static str, &Value)> {
    if setting["additionalProperties"].is_object() {
        return Some(("[NAME.<name>]", &setting["additionalProperties"]));
    }
    if setting["items"]["properties"].is_object() {
        return Some(("[[NAME]]", &setting["items"]));
    }
    setting["properties"].is_object().then_some(("[NAME]", setting))
}

fn properties(table: &Value) -> Vec<(&str, &Value)> {
    let settings: Option<&Map<_, _>> = table["properties"].as_object();
    settings.into_iter().flatten().map(|(name, setting)| (name.as_str(), setting)).collect()
}

fn required(table: &Value) -> Vec<&str> {
    table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns the rows of a setting: its own, and those of the table that may stand in its place.
fn rows(name: &str, setting: &Value, required: bool) -> Vec<[String; 4]> {
    let (plain, table) = match setting["anyOf"].as_array().map(Vec::as_slice) {
        Some([plain, table]) => (plain, Some(table)),
        _ => (setting, None),
    };
    let value = format!("{}{}", value(plain), if table.is_some() { ", or a table" } else { "" });
    let default = match setting.get("default") {
        Some(default) => format!("`{}`", written(default)),
        None if required => "required".to_owned(),
        None => String::new(),
    };
    let about = setting["description"].as_str().unwrap_or_default().replace('|', "\\|");
    let own = [format!("`{name}`"), value, default, about];
    let inside = table.map(|table| {
        let needed = self::required(table);
        let settings = properties(table);
        settings.into_iter().flat_map(move |(inner, setting)| {
            rows(&format!("{name}.{inner}"), setting, needed.contains(&inner))
        })
    });
    std::iter::once(own).chain(inside.into_iter().flatten()).collect()
}

/// Returns a value as a policy has it: patterns in single quotes, so that nothing is escaped.
fn written(value: &Value) -> String {
    match value.as_str() {
        Some(text) if text.contains('\\') => format!("'{text}'"),
        _ => value.to_string(),
    }
}

/// Returns what a value may be.
fn value(setting: &Value) -> String {
    if let Some(constant) = setting.get("const") {
        return format!("`{constant}`");
    }
    if let Some(words) = setting["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        return if words.len() > 10 { "a rule's name".to_owned() } else { words.join(", ") };
    }
    match (setting["type"].as_str(), setting["format"].as_str(), setting["pattern"].as_str()) {
        (Some("boolean"), ..) => "`true`, `false`".to_owned(),
        (Some("integer"), ..) => "a number".to_owned(),
        (Some("array"), ..) => format!("a list: {}", value(&setting["items"])),
        (_, Some("regex"), _) => "a pattern".to_owned(),
        (_, Some("date"), _) => "a day".to_owned(),
        (_, _, Some(pattern)) if pattern.contains("ms") => "a duration".to_owned(),
        (_, _, Some(_)) => "an object's full id".to_owned(),
        _ => "text".to_owned(),
    }
}

fn listed(rows: &[[String; 4]]) -> String {
    let head = "| key | value | default | |\n| --- | --- | --- | --- |\n".to_owned();
    rows.iter().fold(head, |page, row| format!("{page}| {} |\n", row.join(" | ")).replace("|  |", "| |"))
}
