//! How well a clause fits what was done, and what does not fit.

use std::fmt;

use crate::policy::LineRole;

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fit {
    /// Those that fit.
    pub fits: usize,
    /// All of them.
    pub of: usize,
}

/// The share from which on something is a habit and no accident, in percent.
pub const HABIT: usize = 5;

impl Fit {
    /// Counts those that fit.
    pub fn count(all: impl IntoIterator<Item = bool>) -> Self {
        all.into_iter()
            .fold(Self::default(), |fit, fits| Self { fits: fit.fits + usize::from(fits), of: fit.of + 1 })
    }

    /// Returns the share in percent, rounded down, so that only all of them are 100 %.
    #[must_use]
    pub fn percent(self) -> usize {
        (self.fits * 100).checked_div(self.of).unwrap_or(100)
    }

    /// Returns the share as people read it: `94 %`, and `under 1 %` where that is not none.
    #[must_use]
    pub fn share(self) -> String {
        match self.percent() {
            0 if self.fits > 0 => "under 1 %".to_owned(),
            percent => format!("{percent} %"),
        }
    }

    /// Whether those that fit are too many to be an accident.
    #[must_use]
    pub fn is_habit(self) -> bool {
        self.fits > 0 && self.fits * 100 >= self.of * HABIT
    }

    /// Returns both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { fits: self.fits + other.fits, of: self.of + other.of }
    }

    /// Returns the rest.
    #[must_use]
    pub fn rest(self) -> Self {
        Self { fits: self.of - self.fits, of: self.of }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.share(), self.of)
    }
}

/// A merge that went where its kind does not go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outlier {
    /// The kind.
    pub kind: String,
    /// The branch; not escaped.
    pub name: String,
    /// Where it went.
    pub into: LineRole,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_of_them_are_a_hundred_percent() {
        assert_eq!(Fit { fits: 293, of: 312 }.to_string(), "93 % of 312");
        assert_eq!(Fit { fits: 999, of: 1000 }.percent(), 99);
        assert_eq!(Fit::default().percent(), 100);
        assert_eq!(Fit { fits: 2, of: 305 }.to_string(), "under 1 % of 305");
        assert_eq!(Fit { fits: 0, of: 305 }.to_string(), "0 % of 305");
    }

    #[test]
    fn one_in_twenty_is_a_habit() {
        assert!(Fit { fits: 5, of: 100 }.is_habit());
        assert!(!Fit { fits: 4, of: 100 }.is_habit());
        assert!(!Fit { fits: 0, of: 3 }.is_habit());
    }
}
