//! The real history against the obvious one: the same answers, whatever dates and stores say.

mod contents;
mod disk;
mod places;
mod pushes;
mod random;
mod refs;
mod stores;
mod walks;
