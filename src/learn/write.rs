//! A policy that says what was learned, with the share of the history that fits each clause.

use std::fmt::Write as _;

use super::{Fit, Kind, Learned, Level, Line, Releases};
use crate::policy::{Base, LineRole, MergeStyle, While};

/// How wide a comment is at most.
const COLUMNS: usize = 80;

/// Returns the commented policy; `levels` are the rules that the history does not keep, `now` is
/// when it was learned.
#[must_use]
pub fn policy(learned: &Learned, levels: &[Level], now: &str) -> String {
    let mut text = head(learned);
    text += &lines(learned);
    text +=
        &learned.releases.as_ref().map_or_else(String::new, |lines| releases(lines, learned.tags.in_order));
    text.extend(learned.kinds.iter().map(kind));
    text += &tags(learned);
    text += &confirmation(learned, now);
    text += "\n[audit]\n";
    text += &comment(
        "The whole history is judged. To let what is older rest, name a day, or the tips of the lines.",
    );
    text += "since = []\n";
    text += &rules(levels);
    text
}

fn head(learned: &Learned) -> String {
    let mut text = comment(&format!(
        "The branching model of this repository as its history shows it: written by `flowcheck init \
         --from-history` from {} merges and {} tags. The figures say how much of the history fits.",
        learned.merges, learned.tags.release.of
    ));
    text += "#\n";
    text += &comment("After every change: flowcheck policy check");
    text += &comment("What a change would have said of the past: flowcheck audit --compare-policy FILE");
    text += "\nversion = 1\n\n";
    text += &comment("\"enforce\" rejects; \"evaluate\" says the same and lets it pass.");
    text + "mode = \"enforce\"\n"
}

/// Returns a comment, broken between words.
fn comment(text: &str) -> String {
    let mut out = String::new();
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            out += &line;
            out.push('\n');
            line.truncate(1);
        }
        line.push(' ');
        line += word;
    }
    out + &line + "\n"
}

/// Returns a string of TOML: as it is where it can be, for patterns are read by people.
fn quoted(text: &str) -> String {
    let plain = !text.contains('\'') && !text.chars().any(char::is_control);
    if plain { format!("'{text}'") } else { toml::Value::String(text.to_owned()).to_string() }
}

fn name(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn merge(style: MergeStyle) -> &'static str {
    match style {
        MergeStyle::MergeCommit => "merge-commit",
        MergeStyle::FastForward => "fast-forward",
        MergeStyle::Any => "any",
    }
}

fn lines(learned: &Learned) -> String {
    let mut text = "\n[lines]\n".to_owned();
    text += &line("integration", &learned.integration);
    text +=
        &learned.production.as_ref().map_or_else(String::new, |production| line("production", production));
    text
}

fn line(role: &str, line: &Line) -> String {
    let says = match line.merged.of {
        0 => format!("`{}` has no step of its own: it is fast-forwarded.", shown(&line.branch)),
        steps => {
            format!("{} of the {steps} steps of `{}` are merges.", line.merged.share(), shown(&line.branch))
        }
    };
    let value = match (line.merge, line.direct) {
        (MergeStyle::MergeCommit, false) => name(&line.branch),
        (style, direct) => {
            format!("{{ branch = {}, merge = \"{}\", direct = {direct} }}", name(&line.branch), merge(style))
        }
    };
    comment(&says) + &format!("{role} = {value}\n")
}

fn shown(text: &str) -> String {
    crate::history::name::escape(text.as_bytes())
}

fn roles(into: &[(LineRole, Fit)]) -> String {
    let names: Vec<String> = into.iter().map(|(role, _)| format!("\"{}\"", role.name())).collect();
    format!("[{}]", names.join(", "))
}

/// Returns the shares of the lines that something went into.
fn shares(into: &[(LineRole, Fit)]) -> String {
    let share = |(role, fit): &(LineRole, Fit)| format!("{} into {}", fit.share(), role.name());
    let total = into.first().map_or(0, |(_, fit)| fit.of);
    let shares: Vec<String> = into.iter().map(share).collect();
    match total {
        0 => "None was merged yet.".to_owned(),
        total => format!("Of {total} merges: {}.", shares.join(", ")),
    }
}

fn releases(releases: &Releases, in_order: Fit) -> String {
    let mut text = "\n[releases]\n".to_owned();
    let were = if releases.count == 1 { "line was" } else { "lines were" };
    text += &comment(&format!("{} release {were} seen.", releases.count));
    let _ = writeln!(text, "branch = {}", quoted(&releases.pattern()));
    text += &started(releases.cut);
    let _ = writeln!(text, "from = \"{}\"", releases.from.name());
    text += &comment(&shares(&releases.into));
    let _ = writeln!(text, "into = {}", roles(&releases.into));
    text += &comment(&format!("{} steps of release lines are merges.", releases.merged));
    let _ = writeln!(text, "merge = \"{}\"\ndirect = {}", merge(releases.merge), releases.direct);
    if in_order.rest().is_habit() {
        text += &comment(&format!(
            "{} release tags came after a higher one: several lines stay open.",
            in_order.rest()
        ));
        text += "parallel = true\n";
    }
    text
}

fn started(fit: Fit) -> String {
    if fit.of == 0 { String::new() } else { comment(&format!("{fit} started there{}.", most(fit))) }
}

/// What a clause that is no habit of all is chosen for.
fn most(fit: Fit) -> &'static str {
    if fit.rest().is_habit() { ", more than anywhere else" } else { "" }
}

/// What the line of tags is chosen for, where it is no habit of all.
fn also(fit: Fit) -> &'static str {
    if fit.rest().is_habit() { ", and on no line nearly all" } else { "" }
}

fn kind(kind: &Kind) -> String {
    let examples: Vec<String> = kind.examples.iter().map(|name| format!("`{}`", shown(name))).collect();
    let mut text = format!("\n[topics.{}]\n", kind.name);
    text += &comment(&format!("{} named merges; for example {}.", kind.share, examples.join(", ")));
    let _ = writeln!(text, "branch = {}", quoted(&kind.pattern));
    text += &started(kind.started);
    let from = match kind.from {
        Base::Line(role) => role.name(),
        Base::Confirmed => "confirmed",
    };
    let _ = writeln!(text, "from = \"{from}\"");
    text += &comment(&shares(&kind.into));
    let _ = writeln!(text, "into = {}", roles(&kind.into));
    match kind.while_ {
        While::Open => {}
        While::BeforeTag => text += "while = \"before-tag\"\n",
        While::AfterTag => text += "while = \"after-tag\"\n",
    }
    text
}

fn tags(learned: &Learned) -> String {
    let tags = &learned.tags;
    let version = format!(r"{}(?<version>\d+\.\d+\.\d+)", literal(&tags.stem));
    let mut text = "\n[tags]\n".to_owned();
    text += &match tags.release.fits {
        0 => comment("No version tag was seen: this is the form of the default."),
        _ => comment(&format!("{} tags.", tags.release)),
    };
    let _ = writeln!(text, "release = {}", quoted(&version));
    if let Some((infix, count)) = &tags.hotfix {
        text += &comment(&format!("{count} tags."));
        let _ = writeln!(text, "hotfix = {}", quoted(&format!(r"{version}{}(?<n>[1-9]\d*)", literal(infix))));
    }
    if tags.standing.of > 0 {
        text += &comment(&format!("{} release tags stand there{}.", tags.standing, also(tags.standing)));
    }
    let _ = writeln!(text, "on = \"{}\"", tags.on.name());
    if !tags.other.is_empty() {
        text += &comment("Tags that are nobody's business.");
        text += "other = [\n";
        for (pattern, count) in &tags.other {
            let _ = writeln!(text, "    {}, # {count}", quoted(pattern));
        }
        text += "]\n";
    }
    text
}

/// Returns text as a pattern of itself.
pub(super) fn literal(text: &str) -> String {
    let plain = |c: char| if r"\.+*?()|[]{}^$".contains(c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(plain).collect()
}

fn confirmation(learned: &Learned, now: &str) -> String {
    let says = match (learned.records, learned.can_confirm()) {
        (true, _) => "A release goes back once a record says that its version tag runs well in prod: \
                      `flowcheck confirm` makes it."
            .to_owned(),
        (false, true) => format!(
            "Nothing was ever confirmed here, so nothing has to be. To have prod confirmed from now on before a \
             release goes back: `flowcheck confirm` what runs there, then write require = [\"record\"] here and \
             since = [\"{now}\"] below."
        ),
        (false, false) if learned.tags.release.fits == 0 => {
            "Nothing was ever confirmed here, for no version was tagged.".to_owned()
        }
        (false, false) => format!(
            "Nothing was ever confirmed here, and nothing could have been before a release went back: version \
             tags stand on the {} line. `flowcheck confirm` records what runs in prod all the same.",
            learned.tags.on.name()
        ),
    };
    let require = if learned.records { "[\"record\"]" } else { "[]" };
    format!(
        "\n[confirmation]\n{}environment = \"prod\"\nrequire = {require}\n\n[environments.prod]\nfrom = \"tag\"\n\
         deploy = \"manual\"\n",
        comment(&says)
    )
}

fn rules(levels: &[Level]) -> String {
    let (excepted, levels): (Vec<&Level>, Vec<&Level>) = levels.iter().partition(|level| level.on.is_some());
    let mut text = "\n[rules]\n".to_owned();
    text += &comment(if levels.is_empty() {
        "The history keeps every rule, but for the outliers that were listed."
    } else {
        "Rules that the history does not keep. To hold one from now on: \"warn\" first, then \"error\"."
    });
    for level in levels {
        text += &comment(&format!("Kept by {} {}.", level.kept, level.of));
        let _ = writeln!(text, "{} = \"{}\"", level.rule, level.level.name());
    }
    text.extend(excepted.into_iter().map(exception));
    text
}

fn exception(level: &Level) -> String {
    let on = level.on.as_ref().map(ToString::to_string).unwrap_or_default();
    let reason = format!("kept by {} {}", level.kept, level.of);
    format!("\n[[exceptions]]\nrule = \"{}\"\nref = {}\nreason = \"{reason}\"\n", level.rule, name(&on))
}
