//! The updates that are judged together, and what is known about who sends them.

use std::collections::BTreeSet;

use crate::history::{BString, Oid, RefName, Refs, Seconds};

/// One ref going from an old to a new object. git writes an absent ref as zeros; here it is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefUpdate {
    /// The ref, with symbolic refs resolved to what they stand for.
    pub name: RefName,
    /// What the ref pointed to, as the ref store says (never as the pusher says).
    pub old: Option<Oid>,
    /// What it shall point to.
    pub new: Option<Oid>,
}

impl RefUpdate {
    /// Whether the ref is new.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.old.is_none() && self.new.is_some()
    }

    /// Whether the ref goes away.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.old.is_some() && self.new.is_none()
    }

    /// Whether an existing ref gets another object.
    #[must_use]
    pub fn moves(&self) -> bool {
        matches!((self.old, self.new), (Some(old), Some(new)) if old != new)
    }
}

/// Where the judgement takes place; the rules are the same, what can be known is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a server's hook: what is read here is what is true.
    Server,
    /// In a clone: what is absent here may be on the remote.
    Clone,
    /// Over a history that is already there.
    Audit,
}

/// Who pushes, as the server says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pusher {
    /// The user name; `None` where the server gives none.
    pub name: Option<String>,
    /// The server's id of the user or key (GitLab: `user-7`, `key-12`).
    pub id: Option<String>,
}

impl Pusher {
    /// Whether one of `people` (user names or ids) is the pusher.
    #[must_use]
    pub fn is_among(&self, people: &[String]) -> bool {
        people.iter().any(|listed| Some(listed) == self.name.as_ref() || Some(listed) == self.id.as_ref())
    }

    /// Returns the name for people: the user name, else the id, else `somebody`.
    #[must_use]
    pub fn shown(&self) -> String {
        let known = self.name.as_deref().or(self.id.as_deref());
        known.map_or_else(|| "somebody".to_owned(), |name| crate::history::name::escape(name.as_bytes()))
    }
}

/// Everything that is judged together.
#[derive(Debug, Clone)]
pub struct Push {
    /// The updates in the order they came; a ref at most once.
    pub updates: Vec<RefUpdate>,
    /// The refs as they stand without the push.
    pub before: Refs,
    /// Where this is judged.
    pub place: Place,
    /// Who pushes; `None` where nobody is known to (the local hook, an audit): then lists of
    /// people are not judged.
    pub pusher: Option<Pusher>,
    /// Push options, as sent.
    pub options: Vec<BString>,
    /// The judge's clock.
    pub now: Seconds,
    /// What hint commands call the remote: `origin` on a server.
    pub remote: String,
    /// Branches that are pushed from something else than a branch of that name, as `HEAD~1:x` is.
    /// The local hook sees that; a server takes it that a branch has one name everywhere.
    pub from_elsewhere: BTreeSet<RefName>,
    /// Tags that the event log has seen: their numbers are used, even where a tag is gone.
    pub seen_tags: BTreeSet<RefName>,
}

impl Push {
    /// Returns a push as a server's hook would see it, at time 0 by nobody in particular.
    #[must_use]
    pub fn new(before: Refs, updates: Vec<RefUpdate>) -> Self {
        Self {
            updates,
            before,
            place: Place::Server,
            pusher: Some(Pusher::default()),
            options: vec![],
            now: 0,
            remote: "origin".to_owned(),
            from_elsewhere: BTreeSet::new(),
            seen_tags: BTreeSet::new(),
        }
    }

    /// Returns the refs with the push.
    #[must_use]
    pub fn after(&self) -> Refs {
        let mut refs = self.before.clone();
        for update in &self.updates {
            match update.new {
                Some(id) if update.old != Some(id) => {
                    refs.set(crate::history::Ref::new(update.name.clone(), id));
                }
                Some(_) => {}
                None => refs.remove(&update.name),
            }
        }
        refs
    }

    /// Returns the update of `name`, if the push has one.
    #[must_use]
    pub fn update(&self, name: &RefName) -> Option<&RefUpdate> {
        self.updates.iter().find(|update| update.name == *name)
    }
}
