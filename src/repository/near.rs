//! The trees that were read last: packs keep most trees as changes of a tree nearby.

use std::collections::HashMap;
use std::rc::Rc;

/// The bytes of a tree.
pub(super) type Tree = Rc<Vec<u8>>;

/// How many bytes are kept of either age.
const KEPT: usize = 8 << 20;

/// Trees by the pack that has them and where. What was not asked for since as much was read as is
/// kept, is forgotten.
pub(super) struct Near<P> {
    /// Packs that are held are no others' packs.
    packs: Vec<Rc<P>>,
    young: HashMap<(usize, u64), Tree>,
    old: HashMap<(usize, u64), Tree>,
    bytes: usize,
}

impl<P> Default for Near<P> {
    fn default() -> Self {
        Self { packs: vec![], young: HashMap::new(), old: HashMap::new(), bytes: 0 }
    }
}

impl<P> Near<P> {
    /// Returns the number of a pack.
    pub(super) fn pack(&mut self, pack: &Rc<P>) -> usize {
        self.packs.iter().position(|known| Rc::ptr_eq(known, pack)).unwrap_or_else(|| {
            self.packs.push(Rc::clone(pack));
            self.packs.len() - 1
        })
    }

    pub(super) fn get(&mut self, pack: usize, at: u64) -> Option<Tree> {
        if let Some(tree) = self.young.get(&(pack, at)) {
            return Some(Rc::clone(tree));
        }
        let tree = self.old.remove(&(pack, at))?;
        self.keep(pack, at, &tree);
        Some(tree)
    }

    pub(super) fn keep(&mut self, pack: usize, at: u64, tree: &Tree) {
        self.bytes += tree.len();
        if self.bytes > KEPT {
            self.old = std::mem::take(&mut self.young);
            self.bytes = tree.len();
        }
        self.young.insert((pack, at), Rc::clone(tree));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut near = Near::default();
        let packs = [Rc::new(()), Rc::new(())].map(|pack| near.pack(&pack));
        assert_eq!(packs, [0, 1]);
        let tree = Rc::new(vec![0; KEPT / 4]);
        near.keep(0, 1, &tree);
        near.keep(0, 2, &tree);
        assert!(near.get(1, 1).is_none(), "another pack");
        for at in 3..20 {
            near.keep(0, at, &tree);
            assert!(near.get(0, 1).is_some());
            assert!(near.young.len() + near.old.len() <= 8);
        }
        assert!(near.get(0, 2).is_none());
    }
}
