//! A `.gitlab-ci.yml`, read as GitLab reads it, as far as ours need it.

use serde_json::{Map, Value};

use crate::stage::{Ended, Stage, Variables};
use crate::yaml::{string, strings};

/// Keys at the top that are no jobs.
const NO_JOBS: [&str; 5] = ["stages", "variables", "default", "workflow", "include"];

/// A pipeline's file.
pub struct File(Map<String, Value>);

/// A job of a pipeline.
#[derive(Debug, Clone)]
pub struct Job {
    pub name: String,
    pub by_hand: bool,
    of: Value,
    variables: Map<String, Value>,
}

impl File {
    pub fn new(document: Value) -> Self {
        let Value::Object(of) = document else { panic!("a pipeline is a mapping") };
        Self(of)
    }

    /// Returns the jobs of the pipeline for these variables, stage by stage; none: no pipeline.
    pub fn jobs(&self, variables: &Variables) -> Vec<Job> {
        let started = self.0.get("workflow").is_none_or(|of| when(&of["rules"], variables).is_some());
        if !started {
            return vec![];
        }
        let names = self.0.keys().filter(|name| !name.starts_with('.') && !NO_JOBS.contains(&name.as_str()));
        let mut jobs: Vec<Job> = names.filter_map(|name| self.job(name, variables)).collect();
        let stages = self.0.get("stages").map(strings).unwrap_or_default();
        jobs.sort_by_key(|job| stages.iter().position(|stage| *stage == job.of["stage"]));
        for job in &jobs {
            for need in strings(&job.of["needs"]) {
                assert!(jobs.iter().any(|other| other.name == need), "{} needs {need}", job.name);
            }
        }
        jobs
    }

    fn job(&self, name: &str, variables: &Variables) -> Option<Job> {
        let of = self.extended(name);
        let rules = &of["rules"];
        let when = match rules {
            // GitLab's default: branches and tags, no merge requests.
            Value::Null => (variables.get("CI_PIPELINE_SOURCE").map(String::as_str)
                != Some("merge_request_event"))
            .then(|| "on_success".to_owned()),
            rules => when(rules, variables),
        }?;
        let mut all = self.0.get("variables").and_then(Value::as_object).cloned().unwrap_or_default();
        all.extend(of["variables"].as_object().cloned().unwrap_or_default());
        Some(Job { name: name.to_owned(), by_hand: when == "manual", of, variables: all })
    }

    fn extended(&self, name: &str) -> Value {
        let own = self.0.get(name).unwrap_or_else(|| panic!("there is no `{name}` to extend"));
        let mut all = Map::new();
        for base in strings(&own["extends"]) {
            all.extend(self.extended(&base).as_object().cloned().expect("a job is a mapping"));
        }
        all.extend(own.as_object().cloned().expect("a job is a mapping"));
        Value::Object(all)
    }
}

impl Job {
    /// Runs the script part, as a runner does: each line has to succeed.
    pub fn run(&self, stage: &Stage, dir: &str, variables: &Variables) -> Ended {
        let exports = self.variables.iter().map(|(name, value)| {
            format!("export {name}=\"{}\"", string(value).replace('\\', r"\\").replace('"', "\\\""))
        });
        let lines = [strings(&self.of["before_script"]), strings(&self.of["script"])].concat();
        assert!(!lines.is_empty(), "{} does nothing", self.name);
        let script: Vec<String> = exports.chain(lines).collect();
        stage.sh(dir, &script.join("\n"), variables)
    }

    /// Returns the files of a kind of report.
    pub fn report(&self, kind: &str) -> String {
        string(&self.of["artifacts"]["reports"][kind])
    }

    /// Returns the environment that GitLab knows the job to deploy to, or to look at.
    pub fn environment(&self) -> Option<&str> {
        self.of["environment"]["name"].as_str()
    }
}

/// Returns when a job runs: as the first rule says that fits; `None`: never.
fn when(rules: &Value, variables: &Variables) -> Option<String> {
    let rules = rules.as_array().expect("rules are a list");
    let fits = |rule: &&Value| rule["if"].as_str().is_none_or(|clause| is_true(clause, variables));
    let rule = rules.iter().find(fits)?;
    let when = rule["when"].as_str().unwrap_or("on_success");
    (when != "never").then(|| when.to_owned())
}

/// Whether a clause holds; `&&` binds closer than `||`.
fn is_true(clause: &str, variables: &Variables) -> bool {
    clause.split(" || ").any(|part| part.split(" && ").all(|part| holds(part.trim(), variables)))
}

fn holds(part: &str, variables: &Variables) -> bool {
    let value = |text: &str| match text.strip_prefix('$') {
        Some(name) => variables.get(name).cloned().unwrap_or_default(),
        None => text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("a string").to_owned(),
    };
    let matches = |pattern: &str, text: &str| {
        let pattern = pattern.strip_prefix('/').and_then(|pattern| pattern.strip_suffix('/'));
        regex::Regex::new(pattern.expect("a pattern")).expect("it is a pattern").is_match(text)
    };
    if let Some((one, other)) = part.split_once(" == ") {
        value(one) == value(other)
    } else if let Some((text, pattern)) = part.split_once(" =~ ") {
        matches(pattern, &value(text))
    } else {
        assert!(part.starts_with('$') && !part.contains(' '), "`{part}` is not understood here");
        !value(part).is_empty()
    }
}

#[test]
fn clauses_are_read_as_gitlab_reads_them() {
    let variables = crate::stage::variables(&[("A", "x/y"), ("B", "1")]);
    for (clause, expected) in [
        ("$A", true),
        ("$C", false),
        ("$A == \"x/y\"", true),
        ("$A == $B", false),
        ("$A =~ /\\//", true),
        ("$C =~ /^x/ || $B == \"1\"", true),
        ("$A =~ /^x/ && $C || $C && $A", false),
    ] {
        assert_eq!(is_true(clause, &variables), expected, "{clause}");
    }
}
