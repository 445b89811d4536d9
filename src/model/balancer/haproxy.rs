//! HAProxy's `roundrobin` with equal weights, and the servers that a controller fills and empties.
//!
//! Source of the turns: HAProxy 2.6 src/lb_fwrr.c. With equal weights its trees are one queue: a server that was
//! chosen goes to the end, one that becomes usable enters behind all others, and a server that is to
//! be avoided loses its turn unless it is the only one.

use std::collections::{BTreeMap, VecDeque};

/// Usable servers, the next one first.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    queue: VecDeque<u32>,
}

impl Turns {
    /// How many servers are usable.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no server is usable.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether this server is usable.
    pub fn contains(&self, pod: u32) -> bool {
        self.queue.contains(&pod)
    }

    /// From now on these servers are usable, those that were before in the order that they have.
    pub fn replace(&mut self, list: &[u32]) {
        self.queue.retain(|pod| list.contains(pod));
        for &pod in list {
            if !self.queue.contains(&pod) {
                self.queue.push_back(pod);
            }
        }
    }

    /// The next server, but not `avoided` if there is another.
    #[inline]
    pub fn pick(&mut self, avoided: Option<u32>) -> Option<u32> {
        let mut pod = self.queue.pop_front()?;
        self.queue.push_back(pod);
        if avoided == Some(pod) && self.queue.len() > 1 {
            pod = self.queue.pop_front()?;
            self.queue.push_back(pod);
        }
        Some(pod)
    }
}

/// The servers of a backend: lines that stay, while a controller changes their addresses at run time. A new pod
/// gets the first line that is free.
///
/// A request keeps the address that it had at its first attempt, but idle connections are looked for by their
/// server. So a further attempt may come to the pod that has the line by then.
/// Source: HAProxy 2.6 src/backend.c connect_server (the hash of a connection has no address where the
/// server has one), alloc_dst_address; measured.
#[derive(Clone, Debug, Default)]
pub struct ServerLines {
    /// The pod of each line; `None` while it is in maintenance.
    pods: Vec<Option<u32>>,
    /// The line that each pod has, or had.
    lines: BTreeMap<u32, usize>,
}

impl ServerLines {
    /// From now on these pods are servers.
    pub fn replace(&mut self, list: &[u32]) {
        for pod in &mut self.pods {
            *pod = pod.filter(|pod| list.contains(pod));
        }
        for &pod in list {
            if self.pods.contains(&Some(pod)) {
                continue;
            }
            let free = self.pods.iter().position(Option::is_none).unwrap_or(self.pods.len());
            if free == self.pods.len() {
                self.pods.push(None);
            }
            self.pods[free] = Some(pod);
            self.lines.insert(pod, free);
        }
    }

    /// The other pod that has the line which this one had.
    pub fn heir(&self, pod: u32) -> Option<u32> {
        let line = *self.lines.get(&pod)?;
        self.pods[line].filter(|other| *other != pod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_to_the_next_pod_that_comes() {
        let mut lines = ServerLines::default();
        assert_eq!(lines.heir(1), None);
        lines.replace(&[1, 2, 3]);
        lines.replace(&[1, 2, 3, 4]);
        lines.replace(&[2, 3, 4]);
        assert_eq!((lines.heir(1), lines.heir(2)), (None, None), "in maintenance, and its own");
        lines.replace(&[2, 3, 4, 5]);
        assert_eq!(lines.heir(1), Some(5), "the first line that is free");
        lines.replace(&[3, 4, 6, 7]);
        assert_eq!((lines.heir(1), lines.heir(5), lines.heir(2)), (Some(6), Some(6), Some(7)));
    }

    #[test]
    fn newcomers_enter_behind_all_others_and_the_avoided_lose_their_turn() {
        let mut turns = Turns::default();
        assert_eq!(turns.pick(None), None);
        turns.replace(&[1, 2, 3]);
        assert_eq!([turns.pick(None), turns.pick(None)], [Some(1), Some(2)]);
        // The next turns are 3, 1, 2; the newcomer comes after them.
        turns.replace(&[4, 2, 3, 1]);
        let picks: Vec<_> = (0..5).filter_map(|_| turns.pick(None)).collect();
        assert_eq!(picks, [3, 1, 2, 4, 3]);
        assert_eq!(turns.pick(Some(1)), Some(2), "1 is passed over");
        assert_eq!(turns.pick(None), Some(4));
        turns.replace(&[3]);
        assert!(turns.contains(3) && !turns.contains(4) && !turns.is_empty());
        assert_eq!((turns.len(), turns.pick(Some(3))), (1, Some(3)), "the only one is taken all the same");
    }
}
