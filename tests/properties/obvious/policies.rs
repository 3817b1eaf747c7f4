//! What judges a push, where it lies in the repository itself.

use flowcheck::history::{History, Oid};
use flowcheck::push::RefUpdate;

use super::{Case, Said, error};

const FILE: &str = ".flowcheck.toml";

pub(super) fn judge(case: &Case<'_>, update: &RefUpdate) -> Said {
    if case.policy.home.as_ref().is_none_or(|home| home.branch != update.name) {
        return Said::new();
    }
    let (before, after) = (file(case, update.old), file(case, update.new));
    if before == after {
        return Said::new();
    }
    let editors = &case.policy.editors;
    let stranger = !editors.is_empty() && !case.push.pusher.as_ref().is_none_or(|who| who.is_among(editors));
    let together = update.old.is_some() && case.push.updates.len() > 1;
    if stranger || together || after.is_some_and(|text| text.starts_with("nonsense")) {
        return Said::from([error("policy-change")]);
    }
    Said::new()
}

fn file(case: &Case<'_>, tip: Option<Oid>) -> Option<String> {
    let content = case.memory.file(tip?, FILE).expect("a history in memory is whole")?;
    Some(String::from_utf8(content).expect("the stories write text"))
}
