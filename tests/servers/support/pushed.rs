//! What a judgement found, as its JSON has it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// What counts of a finding: rule, ref, level, and what is said.
pub type Found = BTreeSet<(String, String, String, String)>;

/// Returns the findings of a report.
pub fn findings(report: &Value) -> Found {
    let of = |finding: &Value| {
        ["rule", "ref", "level", "message"]
            .map(|part| finding[part].as_str().unwrap_or_default().to_owned())
            .into()
    };
    report["findings"].as_array().expect("there is a list").iter().map(of).collect()
}

/// Reads a report that a hook has written, and takes it away.
pub fn report(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).expect("the hook has written its report");
    std::fs::remove_file(file).unwrap();
    serde_json::from_str(&text).expect("it is JSON")
}
