//! Pattern read backwards: which names a pattern would match.
//!
//! Patterns are written to recognise names. Messages and `flowcheck next` need to make them: what
//! is `v1.0.0`'s next hotfix called here? A name is made by walking the parsed pattern, and it
//! counts only if the pattern then reads out of it what was put in.

use regex_syntax::ast::{Ast, ClassSet, ClassSetItem, GroupKind, RepetitionKind, RepetitionRange};

use super::{Captures, Pattern};

impl Pattern {
    /// Returns a name that the pattern matches with these parts in it; `None` where the pattern
    /// does not say what the rest of the name would be.
    #[must_use]
    pub fn name_with(&self, parts: &Captures) -> Option<String> {
        let ast = regex_syntax::ast::parse::Parser::new().parse(self.source()).ok()?;
        let mut name = String::new();
        write(&ast, parts, &mut name)?;
        (self.captures(&name).as_ref() == Some(parts)).then_some(name)
    }

    /// Returns a name that the pattern matches with `version` in it and nothing optional.
    #[must_use]
    pub fn example(&self, version: &str) -> Option<String> {
        self.name_with(&Captures { version: Some(version.to_owned()), ..Captures::default() })
    }

    /// Returns the texts that names begin with: one for each alternative of the pattern, empty
    /// ones left out.
    #[must_use]
    pub fn prefixes(&self) -> Vec<String> {
        let Ok(ast) = regex_syntax::ast::parse::Parser::new().parse(self.source()) else { return vec![] };
        let branches = match &ast {
            Ast::Alternation(alternation) => alternation.asts.iter().collect(),
            one => vec![one],
        };
        let prefixes = branches.into_iter().map(|branch| {
            let mut prefix = String::new();
            read_literal(branch, &mut prefix);
            prefix
        });
        prefixes.filter(|prefix| !prefix.is_empty()).collect()
    }
}

/// Appends a text that `ast` matches.
fn write(ast: &Ast, parts: &Captures, name: &mut String) -> Option<()> {
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => Some(()),
        Ast::Literal(literal) => {
            name.push(literal.c);
            Some(())
        }
        Ast::ClassBracketed(class) if !class.negated => {
            name.push(first_of(&class.kind)?);
            Some(())
        }
        Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => None,
        Ast::Repetition(repetition) => {
            let times = if holds(&repetition.ast, parts) { 1 } else { at_least(&repetition.op.kind) };
            (0..times).try_for_each(|_| write(&repetition.ast, parts, name))
        }
        Ast::Group(group) => match part(&group.kind, parts) {
            Some(Some(value)) => {
                name.push_str(value);
                Some(())
            }
            Some(None) => None,
            None => write(&group.ast, parts, name),
        },
        Ast::Alternation(alternation) => {
            let wanted = alternation.asts.iter().find(|ast| holds(ast, parts));
            write(wanted.or(alternation.asts.first())?, parts, name)
        }
        Ast::Concat(concat) => concat.asts.iter().try_for_each(|ast| write(ast, parts, name)),
    }
}

/// Returns what a group takes: the outer `None` for a group that is not one of a name's parts.
fn part<'a>(kind: &GroupKind, parts: &'a Captures) -> Option<Option<&'a str>> {
    let GroupKind::CaptureName { name, .. } = kind else { return None };
    match name.name.as_str() {
        "version" => Some(parts.version.as_deref()),
        "n" => Some(parts.n.as_deref()),
        "topic" => Some(parts.topic.as_deref()),
        _ => None,
    }
}

/// Whether a part that is given goes somewhere into `ast`.
fn holds(ast: &Ast, parts: &Captures) -> bool {
    match ast {
        Ast::Group(group) => matches!(part(&group.kind, parts), Some(Some(_))) || holds(&group.ast, parts),
        Ast::Repetition(repetition) => holds(&repetition.ast, parts),
        Ast::Concat(concat) => concat.asts.iter().any(|ast| holds(ast, parts)),
        Ast::Alternation(alternation) => alternation.asts.iter().any(|ast| holds(ast, parts)),
        _ => false,
    }
}

fn at_least(kind: &RepetitionKind) -> u32 {
    let least = match kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => 0,
        RepetitionKind::OneOrMore => 1,
        RepetitionKind::Range(
            RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n) | RepetitionRange::Bounded(n, _),
        ) => *n,
    };
    // A name is short; a pattern that asks for more is not obvious anyway.
    least.min(64)
}

fn first_of(set: &ClassSet) -> Option<char> {
    let ClassSet::Item(item) = set else { return None };
    match item {
        ClassSetItem::Literal(literal) => Some(literal.c),
        ClassSetItem::Range(range) => Some(range.start.c),
        ClassSetItem::Union(union) => match union.items.first()? {
            ClassSetItem::Literal(literal) => Some(literal.c),
            ClassSetItem::Range(range) => Some(range.start.c),
            _ => None,
        },
        _ => None,
    }
}

/// Appends the literal text that `ast` begins with; says whether it is literal to its end.
fn read_literal(ast: &Ast, text: &mut String) -> bool {
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => true,
        Ast::Literal(literal) => {
            text.push(literal.c);
            true
        }
        Ast::Group(group) if !matches!(group.kind, GroupKind::CaptureName { .. }) => {
            read_literal(&group.ast, text)
        }
        Ast::Concat(concat) => concat.asts.iter().all(|ast| read_literal(ast, text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pattern: &str, version: Option<&str>, n: Option<&str>, topic: Option<&str>) -> Option<String> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let parts = Captures { version: own(version), n: own(n), topic: own(topic) };
        Pattern::new(pattern).expect("a pattern").name_with(&parts)
    }

    #[test]
    fn a_name_is_made_from_its_parts() {
        let hotfix = r"v(?<version>\d+\.\d+\.\d+)-hotfix(?<n>[1-9]\d*)";
        assert_eq!(named(hotfix, Some("1.0.0"), Some("12"), None).as_deref(), Some("v1.0.0-hotfix12"));
        let topic = r"bugfix/((?<version>\d+\.\d+\.\d+)-)?(?<topic>[A-Za-z0-9][A-Za-z0-9._/-]*)";
        assert_eq!(named(topic, Some("1.0.0"), None, Some("a")).as_deref(), Some("bugfix/1.0.0-a"));
        assert_eq!(named(topic, None, None, Some("a")).as_deref(), Some("bugfix/a"));
        let either = r"(?:rel|release)[-_](?<version>.*)|old-(?<topic>.*)";
        assert_eq!(named(either, Some("1.0.0"), None, None).as_deref(), Some("rel-1.0.0"));
        assert_eq!(named(either, None, None, Some("x")).as_deref(), Some("old-x"));
        assert_eq!(Pattern::new(r"r\.(?<version>.+)").expect("a pattern").example("1"), Some("r.1".into()));
    }

    #[test]
    fn a_name_that_cannot_be_made_or_read_back_is_none() {
        assert_eq!(named(r"v(?<version>\d+\.\d+\.\d+)", Some("1.0"), None, None), None);
        assert_eq!(named(r"v(?<version>\d+)-(?<n>\d+)", Some("1"), None, None), None);
        assert_eq!(named(r"\w+-(?<version>\d+)", Some("1"), None, None), None);
        assert_eq!(named(r"[^a]-(?<version>\d+)", Some("1"), None, None), None);
        assert_eq!(named(r"v(?<version>\d+)", Some("1"), Some("2"), None), None);
    }

    #[test]
    fn prefixes_are_the_literal_beginnings() {
        let prefixes = |pattern: &str| Pattern::new(pattern).expect("a pattern").prefixes();
        assert_eq!(prefixes(r"feature/(?<topic>.*)"), ["feature/"]);
        assert_eq!(prefixes(r"merge\-back/((?<version>x)-)?"), ["merge-back/"]);
        assert_eq!(prefixes(r"renovate/.*|dependabot/.*"), ["renovate/", "dependabot/"]);
        assert_eq!(prefixes(r"fea?t/.*"), ["fe"]);
        assert!(prefixes(r".*").is_empty());
    }
}
