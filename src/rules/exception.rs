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
    docs: r#"
## What it does
Reports an exception whose day has passed, where a push touches a ref that it names. An audit
reports every exception that has expired, and every one that met no finding.

## Why
An exception that has expired excuses nothing any more: who relied on it should know why the push
is judged. One that meets nothing is a hole that waits for something to fall through.

## Fails
```scenario
title = "the exception for old branches has run out"
policy = '''
version = 1

[lines]
integration = "develop"
production = "master"

[[exceptions]]
rule = "branch-name"
ref = "refs/heads/legacy/*"
reason = "imported before the flow"
expires = 1969-12-31
'''
history = '''
A---B   (develop, master@A)
     \
      L
'''
[[push]]
set = { "legacy/a" = "L" }
expect = ["branch-name legacy/a", "warn exception legacy/a"]
says = ["expired on 1969-12-31"]
```

## Passes
```scenario
title = "the exception for old branches still holds"
policy = '''
version = 1

[lines]
integration = "develop"
production = "master"

[[exceptions]]
rule = "branch-name"
ref = "refs/heads/legacy/*"
reason = "imported before the flow"
expires = 2999-12-31
'''
history = '''
A---B   (develop, master@A)
     \
      L
'''
[[push]]
set = { "legacy/a" = "L" }
expect = []
```

## How to mend it
Who keeps the policy takes the entry out of `[[exceptions]]`, or gives it a new day and says why.

## Settings
`[[exceptions]]`: `rule`, `ref` (a glob over full ref names; `*` crosses `/`), `reason`, and, if
wanted, `object` (the id it is bound to) and `expires` (the last day, inclusive, UTC).
"#,
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
