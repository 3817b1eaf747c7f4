//! A version tag says who released it, and when.

use super::{Check, Context, Rule, tagging, words};
use crate::facts::Target;
use crate::finding::{Finding, Level};
use crate::history::name::escape;
use crate::history::{BString, ByteSlice};
use crate::push::RefUpdate;
use crate::version::Version;

pub(super) static RULE: Rule = Rule {
    id: "tag-annotated",
    summary: "a version tag is an annotated tag that goes by its own name",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/tag-annotated.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    // A way out makes the tag object that it needs; on trial, only the commit is known.
    if cx.facts.is_trial() {
        return vec![];
    }
    let Some(set) = tagging::set_by(update, cx) else { return vec![] };
    let Some(object) = cx.facts.tag_object(set.id) else { return vec![] };
    let Some(objection) = objection(update, object.calls_itself.as_ref()) else { return vec![] };
    let finding = objection.clause(clause(set.version, cx));
    let Target::Commit(commit) = object.target else { return vec![finding] };
    let Some(tag) = words::typed(&update.name) else { return vec![finding] };
    if tagging::could_be(update, &update.name, commit, cx) {
        return vec![tagging::set_again(finding, &update.name, &tagging::peeled(&tag), cx)];
    }
    vec![finding.note(if tagging::is_open(update, cx) {
        "set it with `git tag -a`, once the rest is mended"
    } else {
        "only an administrator can still replace it"
    })]
}

fn objection(update: &RefUpdate, calls_itself: Option<&BString>) -> Option<Finding> {
    let tag = update.name.short();
    match calls_itself {
        None => Some(
            Finding::new(&update.name, format!("the version tag `{tag}` is a lightweight tag"))
                .note("an annotated tag says who released the version, and when"),
        ),
        Some(inner) if Some(inner.as_bstr()) != update.name.tag() => {
            let message = format!("the tag object of `{tag}` calls itself `{}`", escape(inner));
            Some(
                Finding::new(&update.name, message)
                    .note("`git describe` and whoever checks the signature go by the name inside"),
            )
        }
        Some(_) => None,
    }
}

fn clause<'a>(version: Version, cx: &'a Context<'_>) -> &'a crate::finding::Clause {
    match version.hotfix {
        None => &cx.policy.tags.release_clause,
        Some(_) => &cx.policy.tags.hotfix_clause,
    }
}
