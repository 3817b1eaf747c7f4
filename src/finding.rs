//! An objection before it is worded for a terminal, a pipeline or a browser.

use crate::history::{Oid, RefName};

/// How much a rule's word counts. Ordered: `Off < Warn < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not said at all.
    Off,
    /// Said, and let pass.
    Warn,
    /// Said, and the push is rejected.
    Error,
}

impl Level {
    /// Returns the name as policies and reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Where in the policy something stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clause {
    /// The policy file's name as the user knows it; `built-in` where no file speaks.
    pub file: String,
    /// The line, from 1; 0 where no file speaks.
    pub line: u32,
}

/// A commit as it is shown to people: its id and its subject (not yet escaped).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The commit.
    pub id: Oid,
    /// The first line of its message.
    pub subject: String,
}

/// One objection of one rule to one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule; filled in by the registry.
    pub rule: &'static str,
    /// The ref it is about.
    pub name: RefName,
    /// What the ref pointed to.
    pub old: Option<Oid>,
    /// What it shall point to.
    pub new: Option<Oid>,
    /// A level that this finding has instead of its rule's, where the rule says so.
    pub at_most: Option<Level>,
    /// What is wrong, one sentence without a full stop, names in backticks.
    pub message: String,
    /// What the commits below are, e.g. "2 commits are on `develop` but not on `release-1.0.0`:".
    pub caption: Option<String>,
    /// The commits in question, the first few.
    pub commits: Vec<Named>,
    /// How many there are in all.
    pub commits_total: usize,
    /// Further sentences: the reason, who can mend it.
    pub notes: Vec<String>,
    /// The clause of the policy that asks for it.
    pub clause: Option<Clause>,
    /// Commands that mend it, to be run in this order in the pusher's clone.
    pub fix: Vec<String>,
    /// The object that a fingerprint or an exception binds to, where it is not `new`.
    pub object: Option<Oid>,
    /// Whether time has turned a warning into an error, where the policy does not say otherwise.
    pub overdue: bool,
    /// Whether it holds only for the moment at which the ref was set: an audit cannot know it.
    pub momentary: bool,
    /// Whether it rests on something being absent that a clone may simply not have fetched.
    pub rests_on_absence: bool,
}

/// How many commits a finding lists before it only counts.
pub const LISTED: usize = 5;

impl Finding {
    /// Returns an objection to `name`; the registry fills in the rule, and the ids where the push
    /// has the ref.
    #[must_use]
    pub fn new(name: &RefName, message: impl Into<String>) -> Self {
        Self {
            rule: "",
            name: name.clone(),
            old: None,
            new: None,
            at_most: None,
            message: message.into(),
            caption: None,
            commits: vec![],
            commits_total: 0,
            notes: vec![],
            clause: None,
            fix: vec![],
            object: None,
            overdue: false,
            momentary: false,
            rests_on_absence: false,
        }
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a command that mends it.
    #[must_use]
    pub fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix.push(command.into());
        self
    }

    /// Says which clause of the policy asks for it.
    #[must_use]
    pub fn clause(mut self, clause: &Clause) -> Self {
        self.clause = Some(clause.clone());
        self
    }

    /// Makes it a warning at most.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.at_most = Some(Level::Warn);
        self
    }

    /// Says that it rests on something being absent.
    #[must_use]
    pub fn absent(mut self) -> Self {
        self.rests_on_absence = true;
        self
    }

    /// Says that it holds only for the moment at which the ref was set.
    #[must_use]
    pub fn momentary(mut self) -> Self {
        self.momentary = true;
        self
    }

    /// Lists commits under a caption; `total` counts those beyond the first few too.
    #[must_use]
    pub fn commits(mut self, caption: impl Into<String>, commits: Vec<Named>, total: usize) -> Self {
        self.caption = Some(caption.into());
        self.commits = commits;
        self.commits_total = total;
        self
    }
}
