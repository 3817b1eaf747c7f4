//! Bytes in: what a hook is given, read strictly, as a push that can be judged.
//!
//! Nothing that a pusher controls is believed: values of refs come from the ref store, names stay
//! bytes, and a line that git would not write stops the judgement.

pub mod deployments;
mod environment;
mod lines;
pub mod replay;
pub mod subject;
mod updates;

use crate::history::{Oid, RefName, Unreadable};

pub use environment::{Environment, Host};
pub use lines::{HookLine, PrePushLine, absent_or_id, pre_push_lines, server_lines};
pub use updates::{Received, StandsFor, is_forges_own, namespaces, received};

/// How many bytes of hook input are read at most.
pub const LONGEST_INPUT: usize = 64 * 1024 * 1024;

/// How many bytes a line may have: more than any packet of git's protocol can carry.
pub const LONGEST_LINE: usize = 66_000;

/// Why a hook's input cannot be judged. The text follows "could not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// A line is not of the form that git writes.
    #[error("read line {line} of the hook's input: {why}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        why: Garbled,
    },
    /// There are more bytes than any push needs.
    #[error("read the hook's input: it has more than {LONGEST_INPUT} bytes")]
    TooLong,
    /// There are more refs than the policy lets a push have.
    #[error("judge more than {limit} refs in one push (`refs` under [limits] in the policy)")]
    TooMany {
        /// The policy's limit.
        limit: usize,
    },
    /// One ref is updated twice.
    #[error("tell what becomes of `{name}`: the push names it twice")]
    Twice {
        /// The ref.
        name: RefName,
    },
    /// The input and the ref store disagree.
    #[error("believe the input: it says that `{name}` {}, but here it {}", is(*.said), is(*.stored))]
    Contradiction {
        /// The ref.
        name: RefName,
        /// Its value as the input has it.
        said: Option<Oid>,
        /// Its value as the ref store has it.
        stored: Option<Oid>,
    },
    /// The object that a ref shall point to did not arrive.
    #[error("find the object {id} that `{name}` shall point to")]
    Missing {
        /// The ref.
        name: RefName,
        /// The object.
        id: Oid,
    },
    /// git runs inside a namespace, whose refs are called otherwise than the pusher calls them.
    #[error("judge inside a git namespace (GIT_NAMESPACE is set, which flowcheck does not support)")]
    Namespace,
    /// The history does not answer.
    #[error("read what `{name}` shall point to: {source}")]
    History {
        /// The ref.
        name: RefName,
        /// Why not.
        source: Unreadable,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// The parts are not all there.
    #[error("it is not of the form `{0}`")]
    Form(&'static str),
    /// An id is not one of this repository's.
    #[error("an object id of {0} hexadecimal digits is expected")]
    Id(usize),
    /// The line does not end, so what follows may be missing.
    #[error("it does not end in a newline, so the input may be cut off")]
    Unended,
    /// No packet of git's protocol holds such a line.
    #[error("it has more than {LONGEST_LINE} bytes")]
    Overlong,
}

impl Unusable {
    /// Whether pushing again, after a fetch, may be all that is needed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Contradiction { .. })
    }
}

fn is(value: Option<Oid>) -> String {
    value.map_or_else(|| "is absent".to_owned(), |id| format!("is at {}", id.to_hex_with_len(10)))
}
