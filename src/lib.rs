//! flowcheck holds a branching model: it judges what a push would do to it.
//!
//! Read, then think, then speak: [`input`] and [`repository`] read, [`facts`] answers questions
//! about history once, [`rules`] hold opinions about facts, [`verdict`] applies the policy's
//! levels and exceptions, [`report`] words the result. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]

pub mod commands;
pub mod facts;
pub mod finding;
pub mod history;
pub mod input;
pub mod policy;
pub mod push;
pub mod report;
pub mod repository;
pub mod rules;
pub mod verdict;
pub mod version;
