//! The policies that come with flowcheck, and the default, which is one of them.

use super::mistake::{choice, quote};
use super::read::{Load, no_files, read, read_ours};
use super::{Mistakes, Policy};
use crate::history::name::nearest;

/// A policy that comes with flowcheck.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// The policy, commented.
    pub text: &'static str,
}

/// The default, as `policy.toml.example` has it.
pub(super) const DEFAULT: &str = include_str!("../../policy.toml.example");

/// Every preset; the first is the default.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "gitlab-flow",
        about: "develop, release-X.Y.Z, prod confirmed before the merge-back (the default)",
        text: DEFAULT,
    },
    Preset {
        name: "git-flow",
        about: "classic git-flow: release/X.Y.Z and hotfix/X.Y.Z into master and develop",
        text: include_str!("../../docs/presets/git-flow.toml"),
    },
    Preset {
        name: "release-lines",
        about: "the default with several supported release lines side by side",
        text: include_str!("../../docs/presets/release-lines.toml"),
    },
];

/// A name that is no preset's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find a preset {}: {help}", quote(name))]
pub struct UnknownPreset {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub help: String,
}

/// Returns the preset of a name.
///
/// # Errors
/// Where there is none; says which one was probably meant.
pub fn preset(name: &str) -> Result<&'static Preset, UnknownPreset> {
    let names = || PRESETS.iter().map(|preset| preset.name);
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| UnknownPreset {
        name: crate::history::name::escape(name.as_bytes()),
        help: match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", choice(names())),
        },
    })
}

impl Policy {
    /// Reads a policy; `source` is what the user calls the file, `load` reads files beside it.
    ///
    /// # Errors
    /// With all mistakes at once.
    pub fn parse(source: &str, text: impl AsRef<[u8]>, load: &Load<'_>) -> Result<Self, Mistakes> {
        read(source, text.as_ref(), load).map(|reading| reading.policy)
    }

    /// Returns the flow of `policy.toml.example`, the default.
    ///
    /// # Panics
    /// Never: the example has no mistake, which a test holds.
    #[must_use]
    pub fn built_in() -> Self {
        read_ours("built-in", DEFAULT)
    }

    /// Returns the policy of a preset.
    ///
    /// # Errors
    /// Where there is no preset of that name.
    ///
    /// # Panics
    /// Never: no preset has a mistake, which a test holds.
    pub fn preset(name: &str) -> Result<Self, UnknownPreset> {
        let preset = preset(name)?;
        let source = if preset.text == DEFAULT { "built-in" } else { preset.name };
        Ok(Self::parse(source, preset.text, &no_files).expect("a preset has no mistake"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_reading_its_text_would_give() {
        let read = Policy::parse("built-in", DEFAULT, &no_files).expect("the example has no mistake");
        assert_eq!(format!("{:?}", Policy::built_in()), format!("{read:?}"));
    }
}
