//! The same questions where the history stops before its roots: answered where what is here
//! decides, unknown where it does not.

use super::{Answer, Commits, IdSet, Oid, Unreadable, Walk};
use crate::history::order::children_first;

/// What is here of the ancestors of some commits.
struct Visible {
    commits: IdSet<Oid>,
    /// Where the history stops, if it does.
    boundary: Option<Oid>,
}

impl Visible {
    /// Whether `commit` is among the ancestors.
    fn contains(&self, commit: &Oid) -> Answer<bool> {
        match self.boundary {
            _ if self.commits.contains(commit) => Ok(true),
            Some(boundary) => Err(Unreadable::Shallow(boundary)),
            None => Ok(false),
        }
    }
}

impl<C: Commits> Walk<C> {
    pub(super) fn shallow_is_ancestor(&self, ancestor: Oid, descendant: Oid) -> Answer<bool> {
        self.visible(&[descendant])?.contains(&ancestor)
    }

    pub(super) fn shallow_merge_bases(&self, a: Oid, b: Oid) -> Answer<Vec<Oid>> {
        let (of_a, of_b) = (self.visible(&[a])?, self.visible(&[b])?);
        if of_b.commits.contains(&a) {
            return Ok(vec![a]);
        }
        if of_a.commits.contains(&b) {
            return Ok(vec![b]);
        }
        // A common ancestor may lie behind the boundary, and one that is here below another.
        if let Some(boundary) = of_a.boundary.or(of_b.boundary) {
            return Err(Unreadable::Shallow(boundary));
        }
        let common: Vec<Oid> = of_a.commits.intersection(&of_b.commits).copied().collect();
        let mut below = IdSet::default();
        for &commit in &common {
            for parent in self.parents(commit)? {
                below.extend(self.visible(&[parent])?.commits);
            }
        }
        let mut best: Vec<Oid> = common.into_iter().filter(|commit| !below.contains(commit)).collect();
        best.sort();
        Ok(best)
    }

    pub(super) fn shallow_introduced(&self, tips: &[Oid], hidden: &[Oid]) -> Answer<Vec<Oid>> {
        let hidden = self.visible(hidden)?;
        let mut seen = IdSet::default();
        let order = children_first(
            tips,
            |commit| !hidden.commits.contains(&commit) && seen.insert(commit),
            |commit, parents| {
                parents.extend(self.parents(commit)?);
                Ok(())
            },
        )?;
        match hidden.boundary {
            Some(boundary) if !order.is_empty() => Err(Unreadable::Shallow(boundary)),
            _ => Ok(order),
        }
    }

    pub(super) fn shallow_reached(&self, commits: &[Oid], groups: &[Vec<Oid>]) -> Answer<Vec<Vec<bool>>> {
        groups
            .iter()
            .map(|group| {
                let visible = self.visible(group)?;
                commits.iter().map(|commit| visible.contains(commit)).collect()
            })
            .collect()
    }

    fn visible(&self, tips: &[Oid]) -> Answer<Visible> {
        let mut commits = IdSet::default();
        let mut boundary = None;
        let mut todo = tips.to_vec();
        while let Some(commit) = todo.pop() {
            if !commits.insert(commit) {
                continue;
            }
            match self.parents(commit) {
                Ok(parents) => todo.extend(parents),
                Err(Unreadable::Shallow(at)) => boundary = Some(at),
                Err(why) => return Err(why),
            }
        }
        Ok(Visible { commits, boundary })
    }
}
