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
            let mut level = shape(of);
            level["description"] = json!("The level of this rule; `flowcheck explain` has its page.");
            let rules: Map<_, _> =
                RULE_NAMES.iter().map(|rule| ((*rule).to_owned(), level.clone())).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": rules })
        }
        Shape::List(keys) => json!({ "type": "array", "items": table(keys) }),
        Shape::Either(plain, keys) => json!({ "anyOf": [shape(plain), table(keys)] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that every key below `schema` says what it is.
    fn described_below(schema: &Value, path: &str) {
        for (name, key) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            assert!(key["description"].as_str().is_some_and(|text| text.ends_with('.')), "{path}: {key}");
            described_below(key, &path);
            described_below(&key["items"], &path);
            described_below(&key["additionalProperties"], &path);
            for either in key["anyOf"].as_array().into_iter().flatten() {
                described_below(either, &path);
            }
        }
    }

    #[test]
    fn every_key_is_described_for_whoever_completes_it() {
        let schema = schema();
        assert!(schema["properties"].as_object().is_some_and(|keys| keys.len() > 10));
        described_below(&schema, "");
    }

    #[test]
    fn the_default_meets_it_and_a_slip_of_the_pen_does_not() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let read = |text: &str| {
            let table: toml::Table = text.parse().unwrap();
            serde_json::to_value(table).unwrap()
        };
        for preset in super::super::PRESETS {
            let wrong: Vec<String> =
                validator.iter_errors(&read(preset.text)).map(|error| error.to_string()).collect();
            assert_eq!(wrong, Vec::<String>::new(), "{}", preset.name);
        }
        let good = "version = 1\n[lines]\nintegration = 'develop'\n";
        assert!(validator.is_valid(&read(good)));
        for slip in ["produktion = 'x'", "[rules]\nlost-fixx = 'error'", "[releases]\nparallel = 'no'"] {
            assert!(!validator.is_valid(&read(&format!("{good}{slip}\n"))), "{slip}");
        }
    }
}
