//! The real history against the obvious one: the same answers, whatever dates and stores say.

mod disk;
mod random;
mod stores;
mod walks;
