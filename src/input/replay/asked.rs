//! How often history let the rules have a word: what a share of their findings is a share of.

use std::collections::{BTreeMap, HashSet};

use super::scene::Scene;
use crate::policy::LineRole;

/// How much of each sort was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The steps of the lines' trunks; those that release lines share count once.
    pub steps: BTreeMap<LineRole, usize>,
    /// Those of them that are merges.
    pub merges: BTreeMap<LineRole, usize>,
    /// The release lines, those included that only their version tags still show.
    pub releases: usize,
    /// The branches that stand and are no lines.
    pub branches: usize,
    /// The names of such branches that only the subjects of merges still have, merge by merge.
    pub names: usize,
}

impl Scene<'_> {
    /// Counts the lines and their steps.
    pub(super) fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        let mut counted: HashSet<(LineRole, u32)> = HashSet::new();
        for trunk in &self.trunks {
            let role = trunk.line.role();
            asked.releases += usize::from(role == LineRole::Release);
            let steps = &self.chart.trunk(trunk.lane)[trunk.birth as usize + 1..];
            for step in steps.iter().filter(|step| counted.insert((role, **step))) {
                let is_merge = self.chart.survey.parents(*step).len() > 1;
                *asked.steps.entry(role).or_default() += 1;
                *asked.merges.entry(role).or_default() += usize::from(is_merge);
            }
        }
        asked
    }
}
