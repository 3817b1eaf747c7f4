//! Releases ship in the order of their numbers.

use super::{Check, Context, Rule, tagging};
use crate::finding::{Finding, Level};
use crate::push::RefUpdate;

pub(super) static RULE: Rule = Rule {
    id: "tag-order",
    summary: "a release is not below one that was released before",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-order.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    let Some(set) = tagging::set_by(update, cx).filter(|_| update.creates()) else { return vec![] };
    if set.version.hotfix.is_some() || cx.policy.parallel() {
        return vec![];
    }
    let Some((_, above)) = cx.facts.released_above(set.version) else { return vec![] };
    let message = format!("`{}` is below `{}`, which is released", update.name.short(), above.name.short());
    let clause = cx.policy.releases.as_ref().map_or(&cx.policy.tags.release_clause, |it| &it.parallel_clause);
    vec![
        Finding::new(&update.name, message)
            .note(format!("what ships next needs a version number above that of `{}`", above.name.short()))
            .note("`parallel = true` under [releases] keeps several releases open side by side")
            .clause(clause),
    ]
}
