//! flowcheck holds a branching model: it judges what a push would do to it.
//!
//! Read, then think, then speak: [`input`] and [`repository`] read, [`facts`] answers questions
//! about history once, [`rules`] hold opinions about facts, [`verdict`] applies the policy's
//! levels and exceptions, [`report`] words the result. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

#[allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "commands talk to the people, files and processes around a judgement"
)]
pub mod commands;
pub mod facts;
pub mod finding;
pub mod flow;
pub mod history;
pub mod input;
pub mod learn;
pub mod policy;
pub mod push;
pub mod report;
#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the repository is files, and git's own processes where nothing else will do"
)]
pub mod repository;
pub mod rules;
pub mod scenario;
pub mod verdict;
pub mod version;
