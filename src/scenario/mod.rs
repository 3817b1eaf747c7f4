//! Scenario files: a history, pushes onto it, and what has to be said about each.
//!
//! ```toml
//! title = "a feature may not enter a release"
//! history = '''
//! A---B---------F    (feature/basket, develop@B)
//!      \         \
//!       R---------M  (release-1.0.0@R)
//! '''
//! [[push]]
//! set = { "release-1.0.0" = "M" }
//! expect = ["release-backflow release-1.0.0"]
//! ```
//!
//! `title` and `history` are required; `history` is a [`Picture`](crate::history::Picture).
//! Beside it may stand
//! - `policy`: the name of a preset, or a policy's TOML; without `version` and `[lines]` it is
//!   laid over the preset that its key `preset` names, or over the default; absent: the policy that is tested;
//! - `beside`: files beside that policy, `{ allowed_signers = "…" }`;
//! - `commits`: what is hard to draw, `"M: S H  subject"` each;
//! - `files`, `tree_of`, `same_change`, `squash`, `dates`, `authors`: see
//!   [`Details`](crate::history::Details);
//! - `symbolic`: branches that are aliases, `{ main = "master" }`;
//! - `now`: the judge's clock; absent: an hour after the newest date of the picture.
//!
//! - `audit`: every finding about the refs as the last push leaves them, in the form of `expect`.
//!
//! Each `[[push]]` is judged against what the accepted ones before it left behind:
//! - `set`: labels and the commits they are set to; a record (`"confirmed: v1.0.0" = ""`) finds
//!   its commit itself; `{ at = "S", header = …, message = …, date = …, by = …, of = … }` makes a
//!   tag that is unlike the usual one;
//! - `delete`: labels that go away;
//! - `by`, `options`: who pushes, with which push options;
//! - `expect`: every finding, `"rule ref"` each, `"warn rule ref"` where it does not reject,
//!   `"excepted rule ref"` and so on where something lets it pass; `[]`: not a word;
//! - `says`: parts of the text that the pusher reads;
//! - `forced`: whether it is applied even if it is rejected (as an administrator would);
//! - `title`, `now`, as above.

mod model;
mod play;
mod read;
mod table;

use std::collections::BTreeMap;

use crate::history::{Drawn, Oid, RefName, Seconds};

pub use model::Chosen;
pub use play::{Difference, Said, Step, Stopped, hold, worded};

/// A scenario that makes sense.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it shows.
    pub title: String,
    /// The policy it is about; `None`: the one that is tested.
    pub policy: Option<Model>,
    /// The files beside that policy.
    pub beside: BTreeMap<String, String>,
    /// The history, with every object that a push brings.
    pub drawn: Drawn,
    /// Branches that are aliases, and of which branch.
    pub symbolic: Vec<(RefName, RefName)>,
    /// The pushes, in order.
    pub pushes: Vec<Sent>,
    /// Every finding about the refs that the last push leaves, sorted; `None`: nobody asks.
    pub audit: Option<Vec<String>>,
    /// What the clock shows after the last push.
    pub now: Seconds,
    /// Whether it says what the clock shows; only the judge in memory can be told so.
    pub own_clock: bool,
}

/// The policy of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// One of the presets, by name.
    Preset(String),
    /// A policy's TOML.
    Text(String),
}

/// One push and what has to be said about it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What it shows.
    pub title: Option<String>,
    /// The line of the file that it begins in.
    pub line: usize,
    /// What each ref shall point to; `None`: it goes away.
    pub changes: Vec<(RefName, Option<Oid>)>,
    /// The user name of who pushes.
    pub by: Option<String>,
    /// Push options.
    pub options: Vec<String>,
    /// Every finding, as [`worded`] words it, sorted.
    pub expect: Vec<String>,
    /// Parts of the text for people.
    pub says: Vec<String>,
    /// Whether it is applied though it is rejected.
    pub forced: bool,
    /// What the judge's clock shows.
    pub now: Seconds,
}
