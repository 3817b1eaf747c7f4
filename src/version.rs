//! Versions and the order they ship in, which is not SemVer's.
//!
//! SemVer 2.0.0 (§9, §11) puts `1.0.0-hotfix1` before `1.0.0` and `hotfix10` before `hotfix2`.
//! A hotfix ships after the release it mends, so flow order is: X, Y, Z as numbers, then the
//! release itself, then its hotfixes by number.

use std::fmt;

/// X.Y.Z: what one sprint ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    /// X of X.Y.Z.
    pub major: u64,
    /// Y of X.Y.Z.
    pub minor: u64,
    /// Z of X.Y.Z.
    pub patch: u64,
}

impl Release {
    /// Reads `X.Y.Z` strictly, as SemVer 2.0.0 §2 has it: no leading zeros, nothing before or
    /// after. `None` for anything else, also where a number does not fit 64 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let version = semver::Version::parse(text).ok()?;
        (version.pre.is_empty() && version.build.is_empty()).then_some(Self {
            major: version.major,
            minor: version.minor,
            patch: version.patch,
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A release or one of its hotfixes. `Ord` is flow order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The release this is, or mends.
    pub release: Release,
    /// The number of the hotfix, from 1; `None` for the release itself, which comes first.
    pub hotfix: Option<u64>,
}

impl Version {
    /// Returns the release's own version.
    #[must_use]
    pub fn of(release: Release) -> Self {
        Self { release, hotfix: None }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hotfix {
            None => write!(f, "{}", self.release),
            Some(n) => write!(f, "{}-hotfix{n}", self.release),
        }
    }
}
