//! The next version contains every fix that prod already has.

use super::words::{self, quoted};
use super::{Check, Context, Rule};
use crate::facts::{Cut, LineId, RefKind, When};
use crate::finding::{Finding, Level};
use crate::history::Oid;
use crate::push::RefUpdate;
use crate::version::{Release, Version};

pub(super) static RULE: Rule = Rule {
    id: "lost-fix",
    summary: "a version contains what earlier releases shipped",
    level: Level::Error,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/lost-fix.md"),
    check: Check::Update(check),
};

fn check(update: &RefUpdate, cx: &Context<'_>) -> Vec<Finding> {
    match (cx.facts.kind(&update.name), update.new) {
        (RefKind::VersionTag(version), Some(_)) if update.creates() || update.moves() => {
            let commit = cx.facts.version_commit(version, When::After);
            commit.map_or_else(Vec::new, |commit| lost(update, version.release, commit, cx))
        }
        (RefKind::Release(release), Some(tip)) if update.creates() => {
            if cx.facts.cut_of_created(release, tip) == Some(Cut::Again) {
                return vec![];
            }
            lost(update, release, tip, cx).into_iter().map(Finding::warning).collect()
        }
        _ => vec![],
    }
}

fn lost(update: &RefUpdate, release: Release, tip: Oid, cx: &Context<'_>) -> Vec<Finding> {
    let Some(lost) = cx.facts.lost_fixes(release, tip) else { return vec![] };
    let finding = |(version, confirmed)| finding(update, release, tip, version, confirmed, cx);
    lost.into_iter().map(finding).collect()
}

fn finding(
    update: &RefUpdate,
    release: Release,
    tip: Oid,
    lost: Version,
    confirmed: bool,
    cx: &Context<'_>,
) -> Finding {
    let (name, tag) = (update.name.short(), words::version(lost, cx));
    let environment = &cx.policy.confirmation.environment;
    let commit = cx.facts.version_commit(lost, When::After);
    let mut finding = Finding::new(&update.name, format!("`{name}` does not contain `{tag}`"))
        .clause(&cx.policy.tags.release_clause);
    finding.object = commit;
    let brought = commit.and_then(|commit| cx.facts.lacked(lost, commit, tip)).unwrap_or_default();
    let finding = words::listing(finding, format!("what `{tag}` brought would be lost:"), &brought, cx);
    let finding = if confirmed {
        finding.note(format!("{environment} has `{tag}`: shipping {release} without it would undo it"))
    } else {
        finding.note(format!("`{tag}` is not confirmed; when it is, {release} has to contain it")).warning()
    };
    if update.moves() {
        return finding.note("a version tag stays where it is; what is new gets a new version number");
    }
    let line = cx.facts.release_name(release);
    if cx.facts.tip(LineId::Release(release), When::After).is_none() {
        return finding;
    }
    let finding = finding
        .fix(format!("git fetch --tags {}", quoted(&cx.push.remote)))
        .fix(format!("git checkout -B {} {}", quoted(&line), tip_to_mend(update, &line, cx)))
        .fix(format!("git merge --no-ff --no-edit {}", quoted(&tag)))
        .fix(format!("git push {} {}", quoted(&cx.push.remote), quoted(&line)));
    match update.name.tag() {
        Some(_) => finding
            .fix(format!("git tag -f -a {} -m {} HEAD", quoted(&name), quoted(&name)))
            .fix(format!("git push {} {}", quoted(&cx.push.remote), quoted(&format!("refs/tags/{name}")))),
        None => finding,
    }
}

/// Where the release line is mended from: as the server has it, else as the push brings it.
fn tip_to_mend(update: &RefUpdate, line: &str, cx: &Context<'_>) -> String {
    let known = cx.push.before.get(&crate::history::RefName::of_branch(line)).is_some();
    match (known, update.new) {
        (true, _) | (false, None) => quoted(&format!("{}/{line}", cx.push.remote)),
        (false, Some(_)) => quoted(line),
    }
}
