//! Versions and the order they ship in, which is not SemVer's.
//!
//! SemVer 2.0.0 (§9, §11) puts `1.0.0-hotfix1` before `1.0.0` and `hotfix10` before `hotfix2`.
//! A hotfix ships after the release it mends, so flow order is: X, Y, Z as numbers, then the
//! release itself, then its hotfixes by number.

use std::collections::BTreeSet;
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

    /// Returns hotfix `n` of a release; `None` for 0, for hotfixes count from 1.
    #[must_use]
    pub fn hotfix(release: Release, n: u64) -> Option<Self> {
        (n > 0).then_some(Self { release, hotfix: Some(n) })
    }

    /// Reads `X.Y.Z` or `X.Y.Z-hotfixN` strictly: `N` counts from 1 and has no leading zeros.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let version = semver::Version::parse(text).ok()?;
        let release = Release { major: version.major, minor: version.minor, patch: version.patch };
        if !version.build.is_empty() {
            return None;
        }
        if version.pre.is_empty() {
            return Some(Self::of(release));
        }
        let n = version.pre.strip_prefix("hotfix")?;
        let plain = n.bytes().all(|digit| digit.is_ascii_digit()) && !n.starts_with('0');
        Self::hotfix(release, n.parse().ok().filter(|_| plain)?)
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

/// Returns the version that `release` sets next: itself, then the lowest hotfix number that is
/// neither `set` nor `used` (by a tag that is gone).
#[must_use]
pub fn next(release: Release, set: &BTreeSet<Version>, used: &BTreeSet<u64>) -> Version {
    if !set.contains(&Version::of(release)) {
        return Version::of(release);
    }
    let free = |n: &u64| !used.contains(n) && !set.contains(&Version { release, hotfix: Some(*n) });
    Version { release, hotfix: (1..=u64::MAX).find(free) }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).expect("the test wrote a version")
    }

    #[test]
    fn a_hotfix_ships_after_its_release_and_the_tenth_after_the_second() {
        let flow = ["0.9.9", "1.0.0", "1.0.0-hotfix1", "1.0.0-hotfix2", "1.0.0-hotfix10", "1.0.1", "1.10.0"];
        let mut shuffled: Vec<Version> = flow.iter().rev().map(|text| version(text)).collect();
        shuffled.sort_unstable();
        assert_eq!(shuffled.iter().map(ToString::to_string).collect::<Vec<_>>(), flow);
    }

    #[test]
    fn semver_orders_hotfixes_the_other_way() {
        let semver = |text: &str| semver::Version::parse(text).expect("the test wrote a version");
        assert!(semver("1.0.0-hotfix1") < semver("1.0.0"));
        assert!(version("1.0.0-hotfix1") > version("1.0.0"));
        assert!(semver("1.0.0-hotfix10") < semver("1.0.0-hotfix2"));
        assert!(version("1.0.0-hotfix10") > version("1.0.0-hotfix2"));
    }

    #[test]
    fn what_is_nearly_a_version_is_none() {
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "01.0.0",
            "1.0.00",
            "1.0.0-",
            "1.0.0+build",
            "1.0.0-rc1",
            "1.0.0-hotfix",
            "1.0.0-hotfix0",
            "1.0.0-hotfix01",
            "1.0.0-Hotfix1",
            "1.0.0-hotfix.1",
            "1.0.0-hotfix1+build",
            "1.0.0-hotfix-1",
            " 1.0.0",
            "1.0.0\n",
            "１.0.0",
            "-1.0.0",
            "18446744073709551616.0.0",
            "1.0.0-hotfix18446744073709551616",
        ] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_next_version_fills_the_first_gap_and_skips_used_numbers() {
        let release = Release { major: 1, minor: 0, patch: 0 };
        let next = |set: &[&str], used: &[u64]| {
            let set = set.iter().map(|text| version(text)).collect();
            next(release, &set, &used.iter().copied().collect()).to_string()
        };
        assert_eq!(next(&[], &[]), "1.0.0");
        assert_eq!(next(&["1.0.0-hotfix1", "1.1.0"], &[]), "1.0.0");
        assert_eq!(next(&["1.0.0"], &[]), "1.0.0-hotfix1");
        assert_eq!(next(&["1.0.0", "1.0.0-hotfix1", "1.0.0-hotfix3"], &[]), "1.0.0-hotfix2");
        assert_eq!(next(&["1.0.0", "1.0.0-hotfix1"], &[2, 3]), "1.0.0-hotfix4");
    }

    /// The order as a person would explain it, number by number.
    fn naive(a: &Version, b: &Version) -> Ordering {
        let numbers = |version: &Version| {
            let Release { major, minor, patch } = version.release;
            [major, minor, patch, version.hotfix.unwrap_or(0)]
        };
        let (a, b) = (numbers(a), numbers(b));
        let first_difference = a.iter().zip(&b).find(|(a, b)| a != b);
        match first_difference {
            None => Ordering::Equal,
            Some((a, b)) if a < b => Ordering::Less,
            Some(_) => Ordering::Greater,
        }
    }

    fn versions() -> impl Strategy<Value = Version> {
        let number = || prop_oneof![0..4_u64, Just(u64::MAX)];
        let hotfix = prop_oneof![Just(None), (1..12_u64).prop_map(Some), Just(Some(u64::MAX))];
        (number(), number(), number(), hotfix).prop_map(|(major, minor, patch, hotfix)| Version {
            release: Release { major, minor, patch },
            hotfix,
        })
    }

    proptest! {
        #[test]
        fn flow_order_is_the_naive_order(a in versions(), b in versions()) {
            prop_assert_eq!(a.cmp(&b), naive(&a, &b));
        }

        #[test]
        fn flow_order_of_releases_is_semvers(a in versions(), b in versions()) {
            let semver = |version: &Version| semver::Version::parse(&version.release.to_string());
            let (left, right) = (semver(&a).expect("it was printed"), semver(&b).expect("it was printed"));
            prop_assert_eq!(a.release.cmp(&b.release), left.cmp(&right));
        }

        #[test]
        fn what_is_printed_is_read_back(a in versions()) {
            prop_assert_eq!(Version::parse(&a.to_string()), Some(a));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            if let Some(version) = Version::parse(&text) {
                prop_assert_eq!(version.to_string(), text);
            }
        }

        #[test]
        fn the_next_version_is_free_and_leaves_no_gap(
            numbers in prop::collection::btree_set(1..9_u64, 0..6),
            used in prop::collection::btree_set(1..9_u64, 0..4),
        ) {
            let release = Release { major: 1, minor: 2, patch: 3 };
            let mut set: BTreeSet<Version> =
                numbers.iter().map(|n| Version { release, hotfix: Some(*n) }).collect();
            set.insert(Version::of(release));
            let n = next(release, &set, &used).hotfix.expect("the release itself is set");
            prop_assert!(!numbers.contains(&n) && !used.contains(&n));
            prop_assert!((1..n).all(|below| numbers.contains(&below) || used.contains(&below)));
        }
    }
}
