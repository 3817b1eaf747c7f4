//! Every branch is of a kind that the policy knows.

use super::{Check, Context, Rule};
use crate::facts::RefKind;
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "branch-name",
    summary: "every branch is of a kind the policy knows",
    level: Level::Error,
    since: "0.1.0",
    docs: "",
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    if !update.creates() || cx.facts.kind(&update.name) != RefKind::Branch {
        return vec![];
    }
    vec![Finding::new(&update.name, format!("`{}` is not a branch name of this policy", update.name.short()))]
}
