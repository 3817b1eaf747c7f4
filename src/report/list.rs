//! All rules at a glance: what each asks, its level, and who gave it that level.

use super::place;
use super::text::wrap_to;
use crate::history::Seconds;
use crate::policy::Policy;
use crate::rules::{RULES, Rule};
use crate::verdict::rule_level;

/// Returns a line or two for every rule, as it is judged at the moment `now`.
#[must_use]
pub fn list_of_rules(policy: &Policy, now: Seconds) -> String {
    let longest = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    RULES.iter().map(|rule| line(policy, rule, now, longest)).collect()
}

fn line(policy: &Policy, rule: &Rule, now: Seconds, longest: usize) -> String {
    let (level, clause) = rule_level(policy, rule, now);
    let first = format!("{:longest$}  {:5}  ", rule.id, level.name());
    let rest = " ".repeat(first.len());
    let origin = clause.map_or_else(String::new, |clause| format!(" ({})", place(clause)));
    wrap_to(80, &format!("{}{origin}", rule.summary), &first, &rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Clause, Level};
    use crate::policy::RuleLevel;

    #[test]
    fn a_level_of_the_policy_says_where_it_stands_and_ends_in_time() {
        let mut policy = Policy::built_in();
        policy.levels = vec![RuleLevel {
            rule: "branch-name".to_owned(),
            level: Level::Warn,
            until: Some(10),
            clause: Clause { file: "policy.toml".to_owned(), line: 7 },
        }];
        let line = |now| list_of_rules(&policy, now).lines().next().unwrap().to_owned();
        assert_eq!(line(10).split_whitespace().nth(1), Some("warn"));
        assert!(list_of_rules(&policy, 10).contains("(policy.toml:7)"));
        assert_eq!(line(11).split_whitespace().nth(1), Some("error"));
        assert!(!list_of_rules(&policy, 11).contains("policy.toml"));
    }

    #[test]
    fn the_list_fits_a_terminal_and_has_every_rule() {
        let list = list_of_rules(&Policy::built_in(), 0);
        assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
        assert!(RULES.iter().all(|rule| list.contains(rule.id)));
    }
}
