//! A pattern as an automaton over characters: small enough to be made when a hook starts.
//!
//! Compiling a regular expression costs more than a millisecond for the patterns of one policy,
//! and a hook matches a handful of names. So names are matched here, by trying the ways through
//! the automaton in the order of preference and never twice from the same place. What this cannot
//! express exactly is left to the crate `regex`; a test holds both against each other.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// What a state does.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Goes on without reading: the earlier ways are preferred.
    Either(Vec<usize>),
    /// Reads one character of these ranges.
    Read(Vec<(char, char)>, usize),
    /// Notes where a group begins or ends.
    Note(usize, usize),
    /// Holds only at the start, or only at the end, of the name.
    Only(Edge, usize),
    /// The name ends here.
    End,
}

/// An edge of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Before the first character.
    Start,
    /// After the last.
    End,
}

/// An automaton; the last state is the first.
#[derive(Debug, Clone)]
pub(super) struct Automaton {
    states: Vec<State>,
    groups: Vec<String>,
    /// Whether it says exactly what the regular expression says.
    exact: bool,
}

/// How many states an automaton may have.
const STATES: usize = 4000;
/// How many places (a state, and how much is read) are looked at for one name.
const PLACES: usize = 400_000;

impl Automaton {
    /// Returns the automaton of a pattern; `None` where it would be too large.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        let mut automaton = Self { states: vec![State::End], groups: vec![], exact: true };
        let start = automaton.build(hir, 0)?;
        automaton.states.push(State::Either(vec![start]));
        Some(automaton)
    }

    /// Returns the states; the last is the first.
    pub(super) fn states(&self) -> &[State] {
        &self.states
    }

    /// Whether names of this length can be matched here, just as the crate would.
    pub(super) fn can_match(&self, length: usize) -> bool {
        self.exact && self.states.len().saturating_mul(length + 1) <= PLACES
    }

    fn add(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    /// Adds the states of `hir`, which go on at `next`; returns where they start.
    fn build(&mut self, hir: &Hir, next: usize) -> Option<usize> {
        if self.states.len() > STATES {
            return None;
        }
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Look(look) => Some(self.look(*look, next)),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                Some(text.chars().rev().fold(next, |next, c| self.add(State::Read(vec![(c, c)], next))))
            }
            HirKind::Class(class) => {
                let ranges = match class {
                    Class::Unicode(class) => class.ranges().iter().map(|r| (r.start(), r.end())).collect(),
                    Class::Bytes(class) => {
                        class.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect()
                    }
                };
                Some(self.add(State::Read(ranges, next)))
            }
            HirKind::Capture(group) => {
                let Some(name) = &group.name else { return self.build(&group.sub, next) };
                let slot = 2 * self.group(name);
                let end = self.add(State::Note(slot + 1, next));
                let body = self.build(&group.sub, end)?;
                Some(self.add(State::Note(slot, body)))
            }
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.build(part, next)),
            HirKind::Alternation(parts) => {
                let starts = parts.iter().map(|part| self.build(part, next)).collect::<Option<_>>()?;
                Some(self.add(State::Either(starts)))
            }
            HirKind::Repetition(repeated) => {
                // What may repeat nothing has rules of its own for what its groups catch.
                self.exact &= repeated.sub.properties().minimum_len().is_some_and(|length| length > 0);
                let ways = |body, next| if repeated.greedy { vec![body, next] } else { vec![next, body] };
                let mut at = next;
                if let Some(most) = repeated.max {
                    for _ in repeated.min..most {
                        let body = self.build(&repeated.sub, at)?;
                        // Leaving early skips the rest, not only this round.
                        at = self.add(State::Either(ways(body, next)));
                    }
                } else {
                    let again = self.add(State::Either(vec![next]));
                    let body = self.build(&repeated.sub, again)?;
                    self.states[again] = State::Either(ways(body, next));
                    at = again;
                }
                (0..repeated.min).try_fold(at, |at, _| self.build(&repeated.sub, at))
            }
        }
    }

    fn look(&mut self, look: Look, next: usize) -> usize {
        match look {
            Look::Start => self.add(State::Only(Edge::Start, next)),
            Look::End => self.add(State::Only(Edge::End, next)),
            _ => {
                self.exact = false;
                next
            }
        }
    }

    fn group(&mut self, name: &str) -> usize {
        let known = self.groups.iter().position(|group| group == name);
        known.unwrap_or_else(|| {
            self.groups.push(name.to_owned());
            self.groups.len() - 1
        })
    }

    /// Returns what the groups catch where the whole of `name` matches: pairs of positions.
    pub(super) fn run(&self, name: &str) -> Option<Vec<Option<usize>>> {
        let width = name.len() + 1;
        let mut seen = vec![false; self.states.len() * width];
        let mut slots = vec![None; 2 * self.groups.len()];
        let mut stack = vec![Frame::Go(self.states.len() - 1, 0)];
        while let Some(frame) = stack.pop() {
            match frame {
                Frame::Restore(slot, was) => slots[slot] = was,
                Frame::Go(state, at) => {
                    if std::mem::replace(&mut seen[state * width + at], true) {
                        continue;
                    }
                    match &self.states[state] {
                        State::End if at == name.len() => return Some(slots),
                        State::End => {}
                        State::Either(ways) => {
                            stack.extend(ways.iter().rev().map(|way| Frame::Go(*way, at)));
                        }
                        State::Read(ranges, next) => {
                            if let Some(c) = name[at..].chars().next().filter(|c| holds(ranges, *c)) {
                                stack.push(Frame::Go(*next, at + c.len_utf8()));
                            }
                        }
                        State::Note(slot, next) => {
                            stack.push(Frame::Restore(*slot, slots[*slot]));
                            slots[*slot] = Some(at);
                            stack.push(Frame::Go(*next, at));
                        }
                        State::Only(edge, next) => {
                            let there = if *edge == Edge::Start { 0 } else { name.len() };
                            if at == there {
                                stack.push(Frame::Go(*next, at));
                            }
                        }
                    }
                }
            }
        }
        None
    }

    /// Returns what the group `name` has caught.
    pub(super) fn caught(&self, group: &str, name: &str, slots: &[Option<usize>]) -> Option<String> {
        let slot = 2 * self.groups.iter().position(|known| known == group)?;
        Some(name[slots[slot]?..slots[slot + 1]?].to_owned())
    }
}

enum Frame {
    Go(usize, usize),
    Restore(usize, Option<usize>),
}

/// Whether one of the ranges, which are sorted, holds the character.
pub(super) fn holds(ranges: &[(char, char)], c: char) -> bool {
    let after = ranges.partition_point(|(low, _)| *low <= c);
    after > 0 && c <= ranges[after - 1].1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// Holds the automaton against the crate `regex`; where it gives up, there is nothing to hold.
    fn agrees(source: &str, name: &str) -> bool {
        let hir = regex_syntax::parse(source).expect("a pattern of this test");
        let automaton = Automaton::of(&hir).expect("a small one");
        if !automaton.can_match(name.len()) {
            return false;
        }
        let regex = Regex::new(&format!(r"\A(?:{source})\z")).expect("a pattern of this test");
        let expected = regex.captures(name);
        let found = automaton.run(name);
        assert_eq!(found.is_some(), expected.is_some(), "{source} {name:?}");
        let (Some(found), Some(expected)) = (found, expected) else { return true };
        for group in regex.capture_names().flatten() {
            let caught = automaton.caught(group, name, &found);
            let wanted = expected.name(group).map(|text| text.as_str().to_owned());
            assert_eq!(caught, wanted, "{source} {name:?} {group}");
        }
        true
    }

    #[test]
    fn the_patterns_of_every_preset_are_matched_here() {
        let names = [
            "release-1.0.0",
            "release-1.0",
            "release/1.2.0",
            "feature/a",
            "feature/a/b-c.d",
            "feature/",
            "bugfix/1.0.0-login",
            "bugfix/login",
            "bugfix/1.0.0-",
            "hotfix/10.20.30-a",
            "hotfix/1.2.1",
            "merge-back/1.0.0",
            "merge-back/1.0.0-hotfix2",
            "merge-back/1.0.0-hotfix0",
            "v1.0.0",
            "v1.0.0-hotfix1",
            "v1.0.0-hotfix01",
            "v١.0.0",
            "1.2.1",
            "",
            "ä",
        ];
        for preset in crate::policy::PRESETS {
            let policy = crate::policy::Policy::preset(preset.name).expect("a preset");
            let topics = policy.topics.iter().map(|topic| &topic.branch);
            let releases = policy.releases.iter().map(|releases| &releases.branch);
            let tags = [Some(&policy.tags.release), policy.tags.hotfix.as_ref()].into_iter().flatten();
            for pattern in topics.chain(releases).chain(tags) {
                assert!(names.iter().all(|name| agrees(pattern.source(), name)), "{}", pattern.source());
            }
        }
    }

    #[test]
    fn what_is_preferred_is_what_the_crate_prefers() {
        for source in [
            "(?<n>a|ab)(?<topic>c|bcd)?",
            "(?<n>a*?)(?<topic>a*)",
            "(?<n>a*)(?<topic>a*)",
            "(?<n>a){2,3}(?<topic>a?)",
            "(?<n>a){1,3}?(?<topic>a*)",
            "^a$|(?<n>b)",
            "(?:(?<n>a)|b)+",
            "(?:(?<n>a)|(?<topic>b))+",
            "(?i)ä(?<n>.)",
        ] {
            for name in ["", "a", "ab", "abc", "abcd", "aa", "aaa", "aaaa", "b", "ba", "Äx", "äß"] {
                assert!(agrees(source, name), "{source}");
            }
        }
    }

    #[test]
    fn what_cannot_be_said_exactly_is_left_to_the_crate() {
        for source in [r"\bа\b", "(?:a?)*", "(?m:^a$)"] {
            assert!(!agrees(source, "a"), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_pattern_matches_as_the_crate_does(
            source in "(a|b|ab|\\.|\\.\\*|a\\+|b\\?|\\(\\?<n>(a|b|ab|a\\+|a\\|b)\\)|\\(a\\|(b|ba)\\)(\\*|\\+|\\{1,2\\})?){0,5}",
            name in "[abc]{0,8}",
        ) {
            if regex_syntax::parse(&source).is_ok() {
                agrees(&source, &name);
            }
        }
    }
}
