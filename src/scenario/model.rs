//! The policy of a scenario: a preset, a whole policy, or what differs from a preset.

use toml::{Table, Value};

use super::{Model, Scenario};
use crate::policy::{Policy, preset};

/// A policy as a file, and as it was read from it.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The policy.
    pub policy: Policy,
    /// Its TOML.
    pub text: String,
}

impl Scenario {
    /// Returns the policy that the scenario is about; `None` where it leaves the choice.
    ///
    /// # Errors
    /// With everything that is wrong with it, in lines.
    pub fn chosen(&self) -> Result<Option<Chosen>, String> {
        let text = match &self.policy {
            None => return Ok(None),
            Some(Model::Preset(name)) => {
                preset(name).map_err(|no| format!("could not {no}"))?.text.to_owned()
            }
            Some(Model::Text(text)) => whole(text)?,
        };
        let load = |path: &str| match self.beside.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(format!("no file `{path}` lies `beside` the scenario's policy")),
        };
        let policy = Policy::parse("policy", &text, &load).map_err(|mistakes| mistakes.render(false))?;
        Ok(Some(Chosen { policy, text }))
    }
}

/// Returns the whole policy: a text without both `version` and `[lines]` says what differs from the
/// preset that it names, or from the default.
fn whole(text: &str) -> Result<String, String> {
    let mut differs: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    if differs.contains_key("lines") && differs.contains_key("version") {
        return Ok(text.to_owned());
    }
    let name = match differs.remove("preset") {
        None => "gitlab-flow".to_owned(),
        Some(name) => name.as_str().map(str::to_owned).ok_or("`preset` has to be a preset's name")?,
    };
    let preset = preset(&name).map_err(|no| format!("could not {no}"))?;
    let mut whole: Table = preset.text.parse().expect("a preset is TOML, which a test holds");
    lay(&mut whole, differs);
    Ok(whole.to_string())
}

/// Lays what differs over a table: tables key by key, everything else whole.
fn lay(table: &mut Table, differs: Table) {
    for (key, value) in differs {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay(under, over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(policy: &str) -> Result<Option<Chosen>, String> {
        let text = format!("title = 't'\npolicy = '''{policy}'''\nhistory = 'A'\naudit = []");
        Scenario::read(&text).expect("it is whole").chosen()
    }

    #[test]
    fn what_is_not_a_whole_policy_is_laid_over_a_preset() {
        let policy = chosen("[confirmation]\nby = ['bot']").expect("it is one").expect("it is chosen").policy;
        assert_eq!(policy.confirmation.by, ["bot"]);
        assert_eq!((policy.confirmation.environment.as_str(), policy.topics.len()), ("prod", 4));
        let policy = chosen("preset = 'release-lines'\nmode = 'evaluate'").expect("it is one");
        assert!(policy.expect("it is chosen").policy.parallel());
    }

    #[test]
    fn a_whole_policy_stands_alone_and_a_preset_has_a_name() {
        let policy = chosen("version = 1\n[lines]\nintegration = 'trunk'").expect("it is one");
        assert!(policy.expect("it is chosen").policy.releases.is_none());
        assert!(chosen("git-flow").expect("it is one").expect("it is chosen").policy.releases.is_some());
        assert!(chosen("gitflow").expect_err("there is none").contains("git-flow"));
        assert!(chosen("[line]\nx = 1").expect_err("no such table").contains("line"));
    }
}
