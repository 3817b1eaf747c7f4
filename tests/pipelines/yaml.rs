//! YAML as plain values.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::Value;

/// Returns the documents of a YAML text.
pub fn documents(text: &str) -> Vec<Value> {
    let documents = Yaml::load_from_str(text).expect("it is YAML");
    documents.iter().map(value).collect()
}

/// Returns the only document of a YAML text.
pub fn document(text: &str) -> Value {
    let [document] = documents(text).try_into().expect("there is one document");
    document
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => Value::from(text.as_ref()),
        Yaml::Value(Scalar::Boolean(is)) => Value::from(*is),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Sequence(parts) => parts.iter().map(value).collect(),
        Yaml::Mapping(parts) => parts.iter().map(|(key, of)| (string(&value(key)), value(of))).collect(),
        other => panic!("no place for {other:?}"),
    }
}

/// Returns a scalar as a program sees it.
pub fn string(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the texts in a list; one text is a list of one.
pub fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(parts) => parts.iter().map(string).collect(),
        one => vec![string(one)],
    }
}
