//! Whether two patterns match a common name.
//!
//! Both are turned into automata over characters, and a name is searched that leads through both
//! at once. The name that is found is what the message shows.

use std::collections::{HashMap, VecDeque};

use super::automaton::{Automaton, State, holds};
use super::pattern::{Pattern, parse};

/// How many pairs of states are visited.
const PAIRS: usize = 40_000;

/// Returns a short name that both patterns match; `None` where there is none, or where it cannot
/// be said at this price.
pub(super) fn common_name(one: &Pattern, other: &Pattern) -> Option<String> {
    let (one_start, other_start) = (one.start(), other.start());
    if !one_start.starts_with(other_start) && !other_start.starts_with(one_start) {
        return None;
    }
    let one_automaton = Automaton::of(parse(one.source()).ok()?.as_ref())?;
    let other_automaton = Automaton::of(parse(other.source()).ok()?.as_ref())?;
    let name = search(one_automaton.states(), other_automaton.states())?;
    // Anchors and word boundaries were passed over on the way.
    (one.is_match(&name) && other.is_match(&name)).then_some(name)
}

type Pair = (usize, usize);

fn search(one: &[State], other: &[State]) -> Option<String> {
    let first = (one.len() - 1, other.len() - 1);
    let mut from: HashMap<Pair, Option<(Pair, Option<char>)>> = HashMap::from([(first, None)]);
    let mut queue = VecDeque::from([first]);
    while let Some(pair) = queue.pop_front() {
        let steps: Vec<(Pair, Option<char>)> = match (&one[pair.0], &other[pair.1]) {
            (State::End, State::End) => return Some(spell(pair, &from)),
            (State::Either(nexts), _) => nexts.iter().map(|&next| ((next, pair.1), None)).collect(),
            (_, State::Either(nexts)) => nexts.iter().map(|&next| ((pair.0, next), None)).collect(),
            (State::Note(_, next) | State::Only(_, next), _) => vec![((*next, pair.1), None)],
            (_, State::Note(_, next) | State::Only(_, next)) => vec![((pair.0, *next), None)],
            (State::Read(first, one_next), State::Read(second, other_next)) => {
                common_char(first, second).map(|c| ((*one_next, *other_next), Some(c))).into_iter().collect()
            }
            _ => vec![],
        };
        for (next, c) in steps {
            if from.len() > PAIRS {
                return None;
            }
            from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                Some((pair, c))
            });
        }
    }
    None
}

fn spell(end: Pair, from: &HashMap<Pair, Option<(Pair, Option<char>)>>) -> String {
    let mut chars = vec![];
    let mut at = end;
    while let Some(Some((before, c))) = from.get(&at) {
        chars.extend(*c);
        at = *before;
    }
    chars.iter().rev().collect()
}

/// Returns a character that both read, a plain one where there is one.
fn common_char(first: &[(char, char)], second: &[(char, char)]) -> Option<char> {
    let plain = ('a'..='z').chain('0'..='9').find(|c| holds(first, *c) && holds(second, *c));
    plain.or_else(|| {
        let starts = first.iter().chain(second).map(|(low, _)| *low);
        starts.into_iter().find(|c| holds(first, *c) && holds(second, *c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(one: &str, other: &str) -> Option<String> {
        let pattern = |source| Pattern::new(source).expect("a pattern of this test");
        common_name(&pattern(one), &pattern(other))
    }

    #[test]
    fn a_name_that_both_match_is_shown() {
        assert_eq!(common("feature/.+", "feature/[a-z]+").as_deref(), Some("feature/a"));
        assert_eq!(common("(feature|fix)/x", "fix/(x|y)").as_deref(), Some("fix/x"));
        assert_eq!(common(r"a{2,3}", r"a*b?a{3}").as_deref(), Some("aaa"));
        assert_eq!(common(r"v\d+\.\d+", r"v1\.(0|x)").as_deref(), Some("v1.0"));
        assert_eq!(common(r"(?i)Feature/a", r"feature/a").as_deref(), Some("feature/a"));
    }

    #[test]
    fn patterns_that_share_no_name_do_not_overlap() {
        assert_eq!(common("feature/.+", "fix/.+"), None);
        assert_eq!(common(r"v\d+", r"v\d+-hotfix\d+"), None);
        assert_eq!(common("a{2}", "a{3,5}"), None);
        assert_eq!(common("a+", "b*"), None);
    }

    #[test]
    fn what_is_too_large_is_not_searched() {
        assert_eq!(common("(a{90}){90}", "a*"), None);
    }
}
