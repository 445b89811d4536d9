//! Round robin over a list without any memory of failures.

/// What a new list does to the position in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingRestart {
    /// A counter that runs on: the next pick is entry `counter mod length` of the new list.
    KeepCounter,
    /// The ring starts anew at a random entry.
    /// Source: ingress-nginx rootfs/etc/nginx/lua/balancer/round_robin.lua over resty.roundrobin.
    Random,
}

/// A list of peers and a position, shared by first attempts and retries.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    list: Vec<u32>,
    /// Index of the next pick, already reduced to the list's length.
    next: usize,
    /// Picks since the beginning, for [`RingRestart::KeepCounter`].
    picks: u64,
}

impl Ring {
    /// The peers in ring order.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// Replaces the list; `bits` are 64 random bits.
    pub fn replace(&mut self, list: Vec<u32>, restart: RingRestart, bits: u64) {
        self.list = list;
        let n = self.list.len() as u64;
        let at = match (n, restart) {
            (0, _) => 0,
            (_, RingRestart::KeepCounter) => self.picks % n,
            (_, RingRestart::Random) => bits % n,
        };
        self.next = usize::try_from(at).unwrap_or(0);
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
            self.next = 0;
        }
        self.picks += 1;
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_and_keeps_its_counter_over_a_new_list() {
        let mut ring = Ring::default();
        assert_eq!(ring.pick(), None);
        ring.replace(vec![1, 2, 3], RingRestart::KeepCounter, 99);
        let picks: Vec<_> = (0..4).filter_map(|_| ring.pick()).collect();
        assert_eq!(picks, [1, 2, 3, 1]);
        ring.replace(vec![1, 2, 3, 4, 5], RingRestart::KeepCounter, 99);
        assert_eq!(ring.pick(), Some(5), "four picks were made: entry 4 is next");
        ring.replace(vec![7, 8, 9], RingRestart::Random, 5);
        assert_eq!((ring.ahead(0), ring.ahead(1)), (Some(9), None));
        assert_eq!(ring.pick(), Some(9));
        ring.replace(vec![], RingRestart::Random, 5);
        assert_eq!(ring.pick(), None);
    }

    /// The law behind "all three picks were dead": k dead neighbours among N, T tries on one
    /// shared ring lose floor(k/T) of every floor(k/T) + N - k requests.
    #[test]
    fn dead_neighbours_lose_in_blocks() {
        for (n, dead, tries) in [(8_u32, 3, 3), (10, 5, 2), (10, 2, 3), (6, 4, 1)] {
            let mut ring = Ring::default();
            ring.replace((0..n).collect(), RingRestart::Random, 4);
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
