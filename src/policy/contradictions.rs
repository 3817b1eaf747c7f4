//! Settings that are each fine and cannot stand together.

use std::ops::Range;

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

use super::build::View;
use super::mistake::{Mistake, choice, quote};
use super::{Base, Deploys, LineRole, Pattern, Policy, overlap, pattern, value};
use crate::finding::Level;
use crate::history::name::nearest;

/// Finds what contradicts, and what may not be meant.
pub(super) fn find(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>, advice: &mut Vec<Mistake>) {
    lines(root, policy, mistakes);
    releases(root, policy, mistakes);
    topics(root, policy, mistakes);
    tags(root, policy, mistakes, advice);
    confirmation(root, policy, mistakes, advice);
    environments(root, policy, mistakes, advice);
    names(root, policy, mistakes);
    lists_of_people(root, advice);
}

fn lines(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>) {
    let Some(production) = &policy.production else { return };
    if production.branch == policy.integration.branch && !production.branch.is_empty() {
        let lines = root.section("lines");
        mistakes.push(
            Mistake::new(lines.span("production"), "the integration and the production line are one branch")
                .label(format!("is the integration line, line {}", policy.integration.clause.line))
                .help("name two branches, or leave `production` out: then nothing is proven on a branch"),
        );
    }
}

/// Says that the policy has no such line.
fn lacks(policy: &Policy, role: LineRole, span: Range<usize>) -> Option<Mistake> {
    let (has, help) = match role {
        LineRole::Integration => (true, ""),
        LineRole::Production => (policy.production.is_some(), "add `production = \"...\"` under [lines]"),
        LineRole::Release => (policy.releases.is_some(), "add [releases], or name another line"),
    };
    (!has).then(|| {
        Mistake::new(span, format!("the policy has no {} line", role.name())).label("no such line").help(help)
    })
}

fn releases(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>) {
    let Some(releases) = &policy.releases else { return };
    let view = root.section("releases");
    mistakes.extend(lacks(policy, releases.from, view.span("from")));
    into_lines(policy, &releases.into, &view, "a release", mistakes);
}

fn into_lines(policy: &Policy, into: &[LineRole], view: &View<'_>, what: &str, mistakes: &mut Vec<Mistake>) {
    if into.is_empty() && view.has("into") && view.texts("into").is_empty() {
        mistakes.push(
            Mistake::new(view.span("into"), format!("{what} that goes into nothing never ends"))
                .label("into nothing")
                .help("name the lines that take it in"),
        );
    }
    mistakes.extend(into.iter().filter_map(|role| lacks(policy, *role, view.span("into"))));
}

fn topics(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>) {
    for (kind, view) in root.entries("topics") {
        let Some(topic) = policy.topics.iter().find(|topic| topic.kind == kind) else { continue };
        if let Base::Line(role) = topic.from {
            // A topic of a release table with mistakes of its own is not to blame.
            if role != LineRole::Release || !root.has("releases") {
                mistakes.extend(lacks(policy, role, view.span("from")));
            }
        }
        into_lines(policy, &topic.into, &view, "a topic", mistakes);
        let touches = topic.from == Base::Line(LineRole::Release) || topic.into.contains(&LineRole::Release);
        if view.has("while") && !touches {
            mistakes.push(
                Mistake::new(view.span("while"), format!("`while` says nothing about a {}", quote(kind)))
                    .label("a topic that enters no release")
                    .help("leave it out, or let the topic start from or go into a \"release\""),
            );
        }
        if topic.from == Base::Confirmed && topic.into.contains(&LineRole::Release) {
            mistakes.push(
                Mistake::new(
                    view.span("into"),
                    "what is confirmed does not go back into a release by a topic",
                )
                .label("not \"release\"")
                .help("merge the confirmed version tag itself into the newer release"),
            );
        }
    }
}

fn tags(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>, advice: &mut Vec<Mistake>) {
    let view = root.section("tags");
    if view.has("on") && (policy.tags.on != LineRole::Release || !root.has("releases")) {
        mistakes.extend(lacks(policy, policy.tags.on, view.span("on")));
    }
    let versions = [("release", Some(&policy.tags.release)), ("hotfix", policy.tags.hotfix.as_ref())];
    for (key, pattern) in versions {
        let Some(pattern) = pattern else { continue };
        let deployed = "version tags are deployed by name";
        if let Some(part) = not_of_an_image_tag(pattern) {
            mistakes.push(no_image_tag("with", &part, deployed, view.span(key)));
        } else if let Some(name) = name_of_no_image(pattern) {
            advice.push(no_image_tag("like", &name, deployed, view.span(key)));
        }
        for other in &policy.tags.other {
            if let Some(name) = overlap::common_name(pattern, other) {
                advice.push(
                    Mistake::new(
                        view.span("other"),
                        format!("{} is a version tag all the same", quote(&name)),
                    )
                    .label(format!("also matches what `{key}` matches"))
                    .help("a version tag is always judged; let `other` match what is none"),
                );
            }
        }
    }
    let hotfix = policy.tags.hotfix.as_ref();
    if let Some(name) = hotfix.and_then(|hotfix| overlap::common_name(&policy.tags.release, hotfix)) {
        mistakes.push(
            Mistake::new(
                view.span("hotfix"),
                format!("{} could be a release tag or a hotfix tag", quote(&name)),
            )
            .label("also matches what `release` matches")
            .help("let the two patterns have no name in common"),
        );
    }
}

/// Says that a name `like` this one, or `with` this part, cannot be deployed.
fn no_image_tag(how: &str, name: &str, deployed: &str, span: Range<usize>) -> Mistake {
    Mistake::new(span, format!("a name {how} {} cannot be an image tag", quote(name)))
        .label(deployed)
        .help("image tags have letters, digits, `_`, `.` and `-`, and begin with a letter, a digit or `_`")
}

/// Names in ASCII that no image tag has.
const NO_IMAGE: &str = r"[!-~]*[!-,/:-@\[-\^`\{-~][!-~]*|[.-][!-~]*";

/// Returns a name that the pattern lets through and that no image tag has.
fn name_of_no_image(pattern: &Pattern) -> Option<String> {
    overlap::common_name(pattern, &Pattern::new(NO_IMAGE).ok()?)
}

/// Returns a part of the names that no image tag has.
fn not_of_an_image_tag(pattern: &Pattern) -> Option<String> {
    let hir = pattern::parse(pattern.source()).ok()?;
    if let Some(c) = first_foreign_char(&hir) {
        return Some(c.to_string());
    }
    let whole = literal(&hir)?;
    (!value::is_image_tag(&whole)).then_some(whole)
}

/// Returns a character that stands in every name and in no image tag.
fn first_foreign_char(hir: &Hir) -> Option<char> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            String::from_utf8_lossy(&literal.0).chars().find(|c| !value::is_image_char(*c))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let good =
                |c: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c));
            let any = ('!'..='~').filter(|c| value::is_image_char(*c)).any(good);
            if any { None } else { class.ranges().first().map(ClassUnicodeRange::start) }
        }
        HirKind::Capture(group) => first_foreign_char(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => first_foreign_char(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().find_map(first_foreign_char),
        HirKind::Alternation(parts) => {
            let all: Option<Vec<char>> = parts.iter().map(first_foreign_char).collect();
            all?.first().copied()
        }
        _ => None,
    }
}

/// Returns how every name begins, where that cannot begin an image tag.
fn literal(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0).into_owned();
            text.starts_with(['.', '-']).then_some(text)
        }
        HirKind::Capture(group) => literal(&group.sub),
        HirKind::Concat(parts) => parts.first().and_then(literal),
        _ => None,
    }
}

fn confirmation(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>, advice: &mut Vec<Mistake>) {
    let view = root.section("confirmation");
    let confirmation = &policy.confirmation;
    let no_signers = view.some_text("allowed-signers").is_none();
    if confirmation.signed && no_signers {
        mistakes.push(
            Mistake::new(view.span("signed"), "records have to be signed, but nobody may sign")
                .label("needs `allowed-signers`")
                .help("name the file of the signers' keys: allowed-signers = \"allowed_signers\""),
        );
    }
    let asked = policy.levels.iter().find(|level| level.rule == "tag-signature" && level.level > Level::Off);
    if asked.is_some() && !confirmation.signed && no_signers {
        mistakes.push(
            Mistake::new(
                root.section("rules").span("tag-signature"),
                "tags have to be signed, but nobody may sign",
            )
            .label("needs `allowed-signers` under [confirmation]")
            .help("name the file of the signers' keys: allowed-signers = \"allowed_signers\""),
        );
    }
    if confirmation.signed && !confirmation.record {
        advice.push(
            Mistake::new(view.span("signed"), "no record is required, so none is asked for a signature")
                .label("says nothing without \"record\" in `require`")
                .help("write require = [\"record\"], or leave `signed` out"),
        );
    }
    if confirmation.required()
        && !policy.environments.iter().any(|known| known.name == confirmation.environment)
    {
        let names = || policy.environments.iter().map(|known| known.name.as_str());
        let help = match nearest(&confirmation.environment, names()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("name one of [environments]: {}", choice(names())),
        };
        let environment = quote(&confirmation.environment);
        mistakes.push(
            Mistake::new(view.span("environment"), format!("there is no environment {environment}"))
                .label("confirmations are for this environment")
                .help(help),
        );
    }
}

fn environments(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>, advice: &mut Vec<Mistake>) {
    for (name, view) in root.entries("environments") {
        let Some(environment) = policy.environments.iter().find(|known| known.name == name) else { continue };
        let Deploys::Line(role) = environment.from else { continue };
        if role != LineRole::Release || !root.has("releases") {
            mistakes.extend(lacks(policy, role, view.span("from")));
        }
        let release = policy.releases.as_ref().map(|releases| &releases.branch);
        let part = match role {
            LineRole::Release => release.and_then(not_of_an_image_tag),
            line => policy
                .line(line)
                .map(|line| line.branch.clone())
                .filter(|branch| !value::is_image_tag(branch)),
        };
        let deployed = "this line is deployed by name";
        if let Some(part) = part {
            advice.push(no_image_tag("with", &part, deployed, view.span("from")));
        } else if role == LineRole::Release
            && let Some(name) = release.and_then(name_of_no_image)
        {
            advice.push(no_image_tag("like", &name, deployed, view.span("from")));
        }
    }
}

/// A pattern or a line, as it competes for names.
struct Claim<'p> {
    what: String,
    pattern: Option<&'p Pattern>,
    branch: Option<&'p str>,
    span: Range<usize>,
}

/// No name may belong to two kinds.
fn names(root: &View<'_>, policy: &Policy, mistakes: &mut Vec<Mistake>) {
    let claims = claims(root, policy);
    for (at, later) in claims.iter().enumerate() {
        for earlier in &claims[..at] {
            let Some(name) = common(earlier, later) else { continue };
            mistakes.push(
                Mistake::new(
                    later.span.clone(),
                    format!("{} could be {} or {}", quote(&name), earlier.what, later.what),
                )
                .label(format!("also matches {}", earlier.what))
                .help("let each name belong to one kind alone"),
            );
        }
    }
}

fn claims<'p>(root: &View<'_>, policy: &'p Policy) -> Vec<Claim<'p>> {
    let lines = root.section("lines");
    let mut claims = vec![];
    for (role, line) in
        [("integration", Some(&policy.integration)), ("production", policy.production.as_ref())]
    {
        if let Some(line) = line {
            let what = format!("the {role} line");
            claims.push(Claim { what, pattern: None, branch: Some(&line.branch), span: lines.span(role) });
        }
    }
    if let Some(releases) = &policy.releases {
        let span = root.section("releases").span("branch");
        claims.push(Claim {
            what: "a release".to_owned(),
            pattern: Some(&releases.branch),
            branch: None,
            span,
        });
    }
    for (kind, view) in root.entries("topics") {
        if let Some(topic) = policy.topics.iter().find(|topic| topic.kind == kind) {
            let what = format!("a {}", quote(kind));
            claims.push(Claim {
                what,
                pattern: Some(&topic.branch),
                branch: None,
                span: view.span("branch"),
            });
        }
    }
    claims
}

fn common(one: &Claim<'_>, other: &Claim<'_>) -> Option<String> {
    match (one.pattern, other.pattern) {
        (Some(one), Some(other)) => overlap::common_name(one, other),
        (Some(pattern), None) => other.branch.filter(|branch| pattern.is_match(branch)).map(str::to_owned),
        (None, Some(pattern)) => one.branch.filter(|branch| pattern.is_match(branch)).map(str::to_owned),
        // Two lines of one name are said elsewhere.
        (None, None) => None,
    }
}

fn lists_of_people(root: &View<'_>, advice: &mut Vec<Mistake>) {
    let lists = [("confirmation", "by"), ("policy", "editors"), ("override", "by")];
    for (section, key) in lists {
        let view = root.section(section);
        let people = view.texts(key);
        let (keys, names): (Vec<_>, Vec<_>) = people.iter().partition(|person| person.starts_with("key-"));
        let (Some(key_id), Some(name)) = (keys.first(), names.first()) else { continue };
        advice.push(
            Mistake::new(view.span(key), format!("the list holds the name {} and the key {}", quote(name), quote(key_id)))
                .label("a name and a key")
                .help("GitLab gives a deploy key the user name of its creator: to mean the machine alone, list its key alone"),
        );
    }
}
