//! Round robin over a list without any memory of failures.

/// What a new list does to the position in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingRestart {
    /// A counter that runs on: the next pick is entry `counter mod length` of the new list.
    KeepCounter,
    /// The ring starts anew at a random entry.
    /// Source: ingress-nginx rootfs/etc/nginx/lua/balancer/round_robin.lua over resty.roundrobin.
    Random,
    /// The ring starts anew in a random order, and every round has the order that a heap of deadlines
    /// makes of the last one.
    /// Source: Traefik pkg/server/service/loadbalancer/wrr/wrr.go over Go's container/heap, the servers
    /// shuffled whenever a configuration is applied; measured with 3.7.15.
    Shuffled,
}

/// A list of peers and a position, shared by first attempts and retries.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    list: Vec<u32>,
    /// Index of the next pick, already reduced to the list's length.
    next: usize,
    /// Picks since the beginning, for [`RingRestart::KeepCounter`].
    picks: u64,
    /// Where in a round each peer of the next one is, for [`RingRestart::Shuffled`]; else empty.
    reorder: Vec<usize>,
    /// Where the next round is put together.
    coming: Vec<u32>,
}

impl Ring {
    /// The peers in ring order.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// Replaces the list; `bits(i)` are the i-th 64 random bits.
    pub fn replace(&mut self, list: Vec<u32>, restart: RingRestart, bits: impl Fn(u64) -> u64) {
        self.list = list;
        let n = self.list.len() as u64;
        let at = match (n, restart) {
            (0, _) | (_, RingRestart::Shuffled) => 0,
            (_, RingRestart::KeepCounter) => self.picks % n,
            (_, RingRestart::Random) => bits(0) % n,
        };
        self.next = usize::try_from(at).unwrap_or(0);
        self.reorder.clear();
        if restart == RingRestart::Shuffled {
            for last in (1..self.list.len()).rev() {
                let other = usize::try_from(bits(last as u64) % (last as u64 + 1)).unwrap_or(0);
                self.list.swap(last, other);
            }
            if n > 1 {
                self.reorder = reorder_by_heap(self.list.len());
            }
        }
    }

    /// The peer that will be picked after `more` further picks if the list stays, or `None` where the
    /// ring begins anew before that.
    #[inline]
    pub fn ahead(&self, more: usize) -> Option<u32> {
        self.list.get(self.next + more).copied()
    }

    /// The next peer, or `None` when the list is empty.
    #[inline]
    pub fn pick(&mut self) -> Option<u32> {
        let peer = *self.list.get(self.next)?;
        self.next += 1;
        if self.next == self.list.len() {
            self.begin_round();
        }
        self.picks += 1;
        Some(peer)
    }

    fn begin_round(&mut self) {
        self.next = 0;
        if !self.reorder.is_empty() {
            self.coming.clear();
            self.coming.extend(self.reorder.iter().map(|at| self.list[*at]));
            std::mem::swap(&mut self.list, &mut self.coming);
        }
    }
}

/// How a binary heap of equal weights permutes `n` peers from one round to the next: the i-th peer of a
/// round was the `reorder[i]`-th of the round before.
///
/// A pick takes the peer with the earliest deadline from the root and puts it back one round later; who
/// is first among equals follows from where the sifting left them.
fn reorder_by_heap(n: usize) -> Vec<usize> {
    let mut heap: Vec<(u32, usize)> = (0..n).map(|peer| (0, peer)).collect();
    let mut round = || (0..n).map(|_| take_first(&mut heap)).collect::<Vec<usize>>();
    let (first, second) = (round(), round());
    let mut place = vec![0; n];
    for (at, peer) in first.into_iter().enumerate() {
        place[peer] = at;
    }
    second.into_iter().map(|peer| place[peer]).collect()
}

/// Pops the earliest of (deadline, peer) and pushes it again with the next deadline.
fn take_first(heap: &mut [(u32, usize)]) -> usize {
    let last = heap.len() - 1;
    heap.swap(0, last);
    let mut at = 0;
    while let Some(left) = Some(2 * at + 1).filter(|left| *left < last) {
        let right = left + 1;
        let child = if right < last && heap[right].0 < heap[left].0 { right } else { left };
        if heap[child].0 >= heap[at].0 {
            break;
        }
        heap.swap(at, child);
        at = child;
    }
    heap[last].0 += 1;
    let (deadline, peer) = heap[last];
    let mut at = last;
    while at > 0 && deadline < heap[(at - 1) / 2].0 {
        heap.swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_and_keeps_its_counter_over_a_new_list() {
        let mut ring = Ring::default();
        assert_eq!(ring.pick(), None);
        ring.replace(vec![1, 2, 3], RingRestart::KeepCounter, |_| 99);
        let picks: Vec<_> = (0..4).filter_map(|_| ring.pick()).collect();
        assert_eq!(picks, [1, 2, 3, 1]);
        ring.replace(vec![1, 2, 3, 4, 5], RingRestart::KeepCounter, |_| 99);
        assert_eq!(ring.pick(), Some(5), "four picks were made: entry 4 is next");
        ring.replace(vec![7, 8, 9], RingRestart::Random, |_| 5);
        assert_eq!((ring.ahead(0), ring.ahead(1)), (Some(9), None));
        assert_eq!(ring.pick(), Some(9));
        ring.replace(vec![], RingRestart::Random, |_| 5);
        assert_eq!(ring.pick(), None);
    }

    /// Source: the log of Traefik 3.7.15 with six servers, from the start of a round on.
    #[test]
    fn a_heap_has_another_order_in_every_round() {
        let mut ring = Ring::default();
        ring.replace(vec![3, 5, 1, 4, 2, 0], RingRestart::Shuffled, |last| last);
        let rounds: Vec<Vec<u32>> = (0..6).map(|_| (0..6).filter_map(|_| ring.pick()).collect()).collect();
        assert_eq!(
            rounds,
            [
                [3, 5, 1, 4, 2, 0],
                [2, 0, 1, 3, 5, 4],
                [5, 4, 1, 2, 0, 3],
                [0, 3, 1, 5, 4, 2],
                [4, 2, 1, 0, 3, 5],
                [3, 5, 1, 4, 2, 0],
            ]
        );
    }

    #[test]
    fn a_new_list_is_shuffled_and_every_round_has_every_peer() {
        let first_of = |seed: u64| {
            let mut ring = Ring::default();
            ring.replace((0..7).collect(), RingRestart::Shuffled, |i| {
                (seed + i).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7
            });
            let mut round = || (0..7).filter_map(|_| ring.pick()).collect::<Vec<u32>>();
            let (first, mut second) = (round(), round());
            second.sort_unstable();
            assert_eq!(second, [0, 1, 2, 3, 4, 5, 6]);
            first[0]
        };
        let mut firsts: Vec<u32> = (0..60).map(first_of).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 7, "every peer comes first for some seed");
    }

    /// The law behind "all three picks were dead": k dead neighbours among N, T tries on one
    /// shared ring lose floor(k/T) of every floor(k/T) + N - k requests.
    #[test]
    fn dead_neighbours_lose_in_blocks() {
        for (n, dead, tries) in [(8_u32, 3, 3), (10, 5, 2), (10, 2, 3), (6, 4, 1)] {
            let mut ring = Ring::default();
            ring.replace((0..n).collect(), RingRestart::Random, |_| 4);
            let requests = 100_000;
            let lost =
                (0..requests).filter(|_| (0..tries).all(|_| ring.pick().is_some_and(|p| p < dead))).count();
            let blocks = f64::from(dead / tries);
            let law = blocks / (blocks + f64::from(n - dead));
            assert!(
                (lost as f64 / requests as f64 - law).abs() < 0.01,
                "{n} {dead} {tries}: {lost} against {law}"
            );
        }
    }
}
