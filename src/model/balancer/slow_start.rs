//! New peers that get their share of requests little by little.
//!
//! Source: AWS documentation of target groups, "slow start mode": the share grows linearly over the
//! duration; targets that come into an empty group get their whole share at once. HAProxy's
//! `slowstart` and Envoy's `slow_start_config` grow a weight in the same way, from a least weight on,
//! which is left out.

use std::collections::BTreeMap;

/// Since when a process has its peers.
#[derive(Clone, Debug, Default)]
pub struct SlowStart {
    /// Peers that began in company, until they have their whole share.
    begun: BTreeMap<u32, u64>,
    listed: Vec<u32>,
}

impl SlowStart {
    /// The process has this list from `now` on, nanoseconds.
    pub fn replace(&mut self, list: &[u32], now: u64) {
        self.begun.retain(|peer, _| list.contains(peer));
        if !self.listed.is_empty() {
            let new = list.iter().filter(|peer| !self.listed.contains(peer));
            self.begun.extend(new.map(|peer| (*peer, now)));
        }
        self.listed = list.to_vec();
    }

    /// Whether a peer takes the turn that is its own at `now`, if a slow start lasts `duration`
    /// nanoseconds; `bits` are 64 random bits.
    pub fn takes_turn(&self, peer: u32, now: u64, duration: u64, bits: u64) -> bool {
        let Some(begun) = self.begun.get(&peer) else { return true };
        let point = ((u128::from(bits) * u128::from(duration)) >> 64) as u64;
        point < now - begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_peer_takes_as_many_turns_as_of_its_time_has_passed() {
        let mut slow = SlowStart::default();
        slow.replace(&[1, 2], 100);
        assert!(slow.takes_turn(1, 100, 1_000, u64::MAX), "into an empty group at once");
        slow.replace(&[1, 2, 3], 500);
        assert!(slow.takes_turn(2, 500, 1_000, u64::MAX));
        for (now, share) in [(500, 0), (750, 25), (1_000, 50), (1_499, 99), (1_500, 100)] {
            let turns = |percent: u64| slow.takes_turn(3, now, 1_000, u64::MAX / 100 * percent);
            let taken = (0..100).filter(|percent| turns(*percent)).count();
            assert!(taken.abs_diff(share) <= 1, "{taken} of 100 at {now}, not {share}");
        }
        slow.replace(&[1, 2], 1_600);
        slow.replace(&[1, 2, 3], 1_700);
        assert!(!slow.takes_turn(3, 1_700, 1_000, 0), "registered again");
        slow.replace(&[], 2_000);
        slow.replace(&[3], 2_100);
        assert!(slow.takes_turn(3, 2_100, 1_000, u64::MAX));
    }
}
