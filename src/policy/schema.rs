//! The JSON Schema of `policy.toml`, for editors, from the same table that reads it.

use serde_json::{Map, Value, json};

use super::keys::{Absent, Key, ROOT, RULE_NAMES, Shape};

/// Returns the schema (draft 7, which all editors' TOML plugins read).
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(ROOT);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("flowcheck policy");
    schema["description"] = json!("The branching model that flowcheck holds.");
    schema
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<_, _> = keys.iter().map(|key| (key.name.to_owned(), described(key))).collect();
    let required: Vec<_> =
        keys.iter().filter(|key| key.absent == Absent::Mistake).map(|key| key.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn described(key: &Key) -> Value {
    let mut schema = shape(&key.shape);
    schema["description"] = json!(key.about);
    if let Some(default) = default(key) {
        schema["default"] = default;
    }
    schema
}

/// Returns the value that holds where the setting is absent.
fn default(key: &Key) -> Option<Value> {
    let Absent::Means(toml) = key.absent else { return None };
    let table: toml::Table = format!("value = {toml}").parse().expect("the table has TOML");
    serde_json::to_value(table.get("value")).ok()
}

fn shape(shape_: &Shape) -> Value {
    match shape_ {
        Shape::Text | Shape::File | Shape::Variable => json!({ "type": "string" }),
        Shape::Branch | Shape::Glob => json!({ "type": "string", "minLength": 1 }),
        Shape::Pattern(_) => json!({ "type": "string", "format": "regex" }),
        Shape::Duration => json!({ "type": "string", "pattern": r"^[0-9]+\s*(ms|s|m|min|h|d|w)$" }),
        Shape::Object => json!({ "type": "string", "pattern": "^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$" }),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Count => json!({ "type": "integer", "minimum": 1 }),
        Shape::Version => json!({ "type": "integer", "const": 1 }),
        Shape::Word(words) => json!({ "type": "string", "enum": words }),
        Shape::Rule => json!({ "type": "string", "enum": RULE_NAMES }),
        Shape::Words(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
        Shape::Patterns | Shape::Globs | Shape::Since => {
            json!({ "type": "array", "items": { "type": "string" } })
        }
        Shape::Table(keys) => table(keys),
        Shape::Each(of) => json!({ "type": "object", "additionalProperties": shape(of) }),
        Shape::PerRule(of) => {
            let rules: Map<_, _> = RULE_NAMES.iter().map(|rule| ((*rule).to_owned(), shape(of))).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": rules })
        }
        Shape::List(keys) => json!({ "type": "array", "items": table(keys) }),
        Shape::Either(plain, keys) => json!({ "anyOf": [shape(plain), table(keys)] }),
    }
}
