//! Least connections: the peer with the fewest requests under way.

/// A list of peers and how many requests this holder has under way at each.
#[derive(Clone, Debug, Default)]
pub struct LeastConnections {
    list: Vec<u32>,
    /// Requests under way, by pod number; keeps counting for pods that left the list.
    under_way: Vec<u32>,
    /// Where the search for the next minimum begins, so that ties go round.
    start: usize,
}

impl LeastConnections {
    /// The peers in list order.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// Replaces the list.
    pub fn replace(&mut self, list: Vec<u32>) {
        let needed = list.iter().max().map_or(0, |&p| p as usize + 1);
        if self.under_way.len() < needed {
            self.under_way.resize(needed, 0);
        }
        self.list = list;
        self.start = 0;
    }

    /// The first peer with the fewest requests that was not tried; when all were tried, the first
    /// with the fewest. `None` when the list is empty.
    pub fn pick(&mut self, tried: &[u32]) -> Option<u32> {
        let untried = self.scan(|pod| !tried.contains(&pod));
        let at = if tried.is_empty() { untried? } else { untried.or_else(|| self.scan(|_| true))? };
        self.start = if at + 1 == self.list.len() { 0 } else { at + 1 };
        self.list.get(at).copied()
    }

    fn scan(&self, allowed: impl Fn(u32) -> bool) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        let (head, tail) = self.list.split_at(self.start.min(self.list.len()));
        let from_start = (self.start..).zip(tail).chain((0..).zip(head));
        for (at, &pod) in from_start {
            let load = self.under_way.get(pod as usize).copied().unwrap_or(0);
            if best.is_none_or(|(least, _)| load < least) && allowed(pod) {
                best = Some((load, at));
            }
        }
        best.map(|(_, at)| at)
    }

    /// A request goes to `pod`.
    pub fn began(&mut self, pod: u32) {
        if let Some(count) = self.under_way.get_mut(pod as usize) {
            *count += 1;
        }
    }

    /// A request at `pod` ended, well or badly.
    pub fn ended(&mut self, pod: u32) {
        if let Some(count) = self.under_way.get_mut(pod as usize) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_idle_peers_and_goes_round_on_ties() {
        let mut balancer = LeastConnections::default();
        assert_eq!(balancer.pick(&[]), None);
        balancer.replace(vec![3, 5, 9]);
        let mut take = |tried: &[u32]| {
            let pod = balancer.pick(tried).unwrap();
            balancer.began(pod);
            pod
        };
        assert_eq!([take(&[]), take(&[]), take(&[]), take(&[])], [3, 5, 9, 3]);
        assert_eq!(take(&[5]), 9);
        balancer.ended(3);
        balancer.ended(3);
        assert_eq!(balancer.pick(&[]), Some(3));
        assert_eq!(balancer.pick(&[3, 5, 9]), Some(3), "all tried: the least loaded again");
    }
}
