//! An exception of the policy that no longer does anything is taken out.

use super::{Check, Rule};
use crate::finding::{Finding, Level};
use crate::history::RefName;
use crate::policy::Exception;

pub(super) static RULE: Rule = Rule {
    id: "exception",
    summary: "every exception of the policy still holds and is still needed",
    level: Level::Warn,
    since: "0.1.0",
    docs: include_str!("../../docs/rules/exception.md"),
    check: Check::Verdict,
};

/// Returns the finding about an exception that has expired or, where not, met nothing.
pub(super) fn finding(exception: &Exception, name: &RefName, expired: bool) -> Finding {
    let rule = &exception.rule;
    let message = match exception.expires.filter(|_| expired) {
        Some(last) => format!("the exception for `{rule}` expired on {}", day(last)),
        None => format!("the exception for `{rule}` meets nothing"),
    };
    let finding = Finding::new(name, message)
        .note(format!("its reason was: {}", crate::history::name::escape(exception.reason.as_bytes())))
        .note("who keeps the policy renews it or takes it out")
        .clause(&exception.clause);
    Finding { rule: RULE.id, ..finding }
}

fn day(seconds: i64) -> String {
    let day = jiff::Timestamp::from_second(seconds);
    day.map_or_else(|_| format!("second {seconds}"), |day| day.strftime("%Y-%m-%d").to_string())
}
