//! Envoy's least request: of two random hosts the one with fewer requests under way.
//!
//! Source: Envoy source/extensions/load_balancing_policies/least_request/least_request_lb.cc,
//! unweightedHostPickNChoices: both are drawn with replacement and the first wins ties. A request
//! counts from the moment it is on an established connection, so hosts that refuse connections count
//! as idle and draw traffic.

/// Hosts and their requests under way, common to all workers of one process.
#[derive(Clone, Debug, Default)]
pub struct LeastRequest {
    list: Vec<u32>,
    /// By pod number, also for pods that have left the list.
    active: Vec<u32>,
}

impl LeastRequest {
    /// Replaces the list.
    pub fn replace(&mut self, list: &[u32]) {
        self.list.clear();
        self.list.extend_from_slice(list);
    }

    /// The hosts.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// The better of two random hosts for 64 random bits; `None` when the list is empty.
    #[inline]
    pub fn pick(&self, bits: u64) -> Option<u32> {
        let nth = |half: u64| self.list.get(((half * self.list.len() as u64) >> 32) as usize).copied();
        let (first, second) = (nth(bits >> 32)?, nth(bits & 0xffff_ffff)?);
        Some(if self.active(second) < self.active(first) { second } else { first })
    }

    fn active(&self, pod: u32) -> u32 {
        self.active.get(pod as usize).copied().unwrap_or(0)
    }

    /// A request is on a connection to `pod`.
    pub fn began(&mut self, pod: u32) {
        let at = pod as usize;
        if self.active.len() <= at {
            self.active.resize(at + 1, 0);
        }
        self.active[at] += 1;
    }

    /// Such a request has ended, well or badly.
    pub fn ended(&mut self, pod: u32) {
        if let Some(active) = self.active.get_mut(pod as usize) {
            *active = active.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With k of n hosts idle and the others busy, an idle one is taken unless both draws miss them.
    #[test]
    fn idle_hosts_draw_traffic() {
        let mut hosts = LeastRequest::default();
        assert_eq!(hosts.pick(7), None);
        hosts.replace(&[0, 1, 2, 3, 4]);
        (0..4).for_each(|pod| hosts.began(pod));
        let draws = 100_000_u64;
        // A Weyl sequence with two halves that do not follow each other.
        let bits = |i: u64| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (i * i).wrapping_mul(0xd1b5_4a32);
        let share = |hosts: &LeastRequest| {
            (0..draws).filter(|i| hosts.pick(bits(*i)) == Some(4)).count() as f64 / draws as f64
        };
        assert!((share(&hosts) - 0.36).abs() < 0.01, "1 - (4/5)^2");
        (0..4).for_each(|pod| hosts.ended(pod));
        assert!((share(&hosts) - 0.2).abs() < 0.01, "all alike");
        hosts.ended(9);
    }
}
