//! Least connections: the peer with the fewest requests under way.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A list of peers and how many requests this holder has under way at each.
#[derive(Clone, Debug, Default)]
pub struct LeastConnections {
    list: Vec<u32>,
    /// Requests under way, in list order, so that the search runs over neighbours.
    loads: Vec<u32>,
    /// The place of each pod in the list by pod number; [`UNLISTED`] if it has none.
    places: Vec<u32>,
    /// Requests under way at pods that are not in the list.
    elsewhere: BTreeMap<u32, u32>,
    /// Where the search for the next minimum begins, so that ties go round.
    start: usize,
    /// The smallest load. In a long list it holds while some peer has it.
    least: u32,
    /// In a long list: how many peers have the smallest load; 0 if it has to be looked for.
    at_least: u32,
    /// In a short list: which places have so many requests under way, a bit for each.
    levels: Vec<u64>,
}

const UNLISTED: u32 = u32::MAX;
/// Lists up to this length are short: their places fit a word.
const SHORT: usize = u64::BITS as usize;

impl LeastConnections {
    /// The peers in list order.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// Replaces the list. Requests under way at pods that leave it are remembered.
    pub fn replace(&mut self, list: Vec<u32>) {
        for (&pod, &load) in self.list.iter().zip(&self.loads) {
            self.places[pod as usize] = UNLISTED;
            if load > 0 {
                self.elsewhere.insert(pod, load);
            }
        }
        let needed = list.iter().max().map_or(0, |&p| p as usize + 1);
        if self.places.len() < needed {
            self.places.resize(needed, UNLISTED);
        }
        self.loads.clear();
        for (place, &pod) in (0..).zip(&list) {
            self.places[pod as usize] = place;
            self.loads.push(self.elsewhere.remove(&pod).unwrap_or(0));
        }
        self.list = list;
        (self.start, self.at_least) = (0, 0);
        self.least = self.loads.iter().copied().min().unwrap_or(0);
        self.levels.clear();
        if self.is_short() {
            let highest = self.loads.iter().copied().max().map_or(0, |load| load as usize + 1);
            self.levels.resize(highest, 0);
            self.loads.iter().enumerate().for_each(|(place, &load)| self.levels[load as usize] |= 1 << place);
        }
    }

    #[inline]
    fn is_short(&self) -> bool {
        self.list.len() <= SHORT
    }

    /// The first peer with the fewest requests that was not tried; when all were tried, the first
    /// with the fewest. `None` when the list is empty.
    pub fn pick(&mut self, tried: &[u32]) -> Option<u32> {
        let untried = if tried.is_empty() { None } else { self.least_of(|pod| !tried.contains(&pod)) };
        let at = untried.or_else(|| self.least())?;
        self.start = if at + 1 == self.list.len() { 0 } else { at + 1 };
        self.list.get(at).copied()
    }

    /// The first place from `start` on with the smallest load.
    fn least(&mut self) -> Option<usize> {
        if self.is_short() { self.least_of_few() } else { self.least_of_many() }
    }

    /// In a short list it is a bit of a word: nothing is looked for, and nothing has to be foreseen.
    #[inline]
    fn least_of_few(&self) -> Option<usize> {
        let places = *self.levels.get(self.least as usize)?;
        let ahead = places & (u64::MAX << self.start);
        Some(if ahead == 0 { places } else { ahead }.trailing_zeros() as usize)
    }

    /// The peer at `place` of a short list has one request more or less than `from`.
    #[inline]
    fn shift(&mut self, place: usize, from: u32, to: u32) {
        if self.levels.len() <= to as usize {
            self.levels.push(0);
        }
        self.levels[from as usize] &= !(1 << place);
        self.levels[to as usize] |= 1 << place;
        // When the last of the least loaded got a request, it is still one of the least loaded.
        if to < self.least || self.levels[self.least as usize] == 0 {
            self.least = to;
        }
    }

    /// In a long one the smallest load is looked for only when the last peer that had it got a request.
    fn least_of_many(&mut self) -> Option<usize> {
        if self.at_least == 0 {
            self.least = self.loads.iter().copied().min()?;
            self.at_least = self.loads.iter().map(|&load| u32::from(load == self.least)).sum();
        }
        let (head, tail) = self.loads.split_at(self.start);
        let within = |loads: &[u32]| loads.iter().position(|&load| load == self.least);
        within(tail).map(|at| self.start + at).or_else(|| within(head))
    }

    fn least_of(&self, allowed: impl Fn(u32) -> bool) -> Option<usize> {
        let from_start = (self.start..self.list.len()).chain(0..self.start);
        from_start.filter(|&at| allowed(self.list[at])).min_by_key(|&at| self.loads[at])
    }

    /// A request goes to `pod`.
    pub fn began(&mut self, pod: u32) {
        match self.place(pod) {
            Some(place) => {
                let load = self.loads[place];
                self.loads[place] = load + 1;
                if self.is_short() {
                    self.shift(place, load, load + 1);
                } else if load == self.least {
                    self.at_least = self.at_least.saturating_sub(1);
                }
            }
            None => *self.elsewhere.entry(pod).or_insert(0) += 1,
        }
    }

    /// A request at `pod` ended, well or badly.
    pub fn ended(&mut self, pod: u32) {
        if let Some(place) = self.place(pod) {
            let before = self.loads[place];
            let load = before.saturating_sub(1);
            self.loads[place] = load;
            if load == before {
                return;
            }
            if self.is_short() {
                self.shift(place, before, load);
            } else if self.at_least > 0 {
                match load.cmp(&self.least) {
                    Ordering::Less => (self.least, self.at_least) = (load, 1),
                    Ordering::Equal => self.at_least += 1,
                    Ordering::Greater => {}
                }
            }
        } else if let Some(load) = self.elsewhere.get_mut(&pod) {
            *load -= 1;
            if *load == 0 {
                self.elsewhere.remove(&pod);
            }
        }
    }

    #[inline]
    fn place(&self, pod: u32) -> Option<usize> {
        let place = *self.places.get(pod as usize)?;
        (place != UNLISTED).then_some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        /// Short lists and long ones are searched in two ways, and both must mean the same.
        #[test]
        fn takes_the_first_with_the_fewest(length in 1_u32..90, steps in prop::collection::vec((any::<bool>(), 0_u32..90), 1..400)) {
            let mut balancer = LeastConnections::default();
            balancer.replace((0..length).collect());
            let (mut plain, mut start) = (vec![0_u32; length as usize], 0);
            for (begins, pod) in steps {
                if begins {
                    let picked = balancer.pick(&[]).unwrap();
                    let expected = (start..length).chain(0..start).min_by_key(|&pod| plain[pod as usize]);
                    prop_assert_eq!(Some(picked), expected);
                    balancer.began(picked);
                    plain[picked as usize] += 1;
                    start = (picked + 1) % length;
                } else if plain[(pod % length) as usize] > 0 {
                    balancer.ended(pod % length);
                    plain[(pod % length) as usize] -= 1;
                }
            }
        }
    }

    #[test]
    fn requests_at_pods_that_leave_and_come_back_still_count() {
        let mut balancer = LeastConnections::default();
        balancer.replace(vec![1, 2]);
        balancer.began(1);
        balancer.began(1);
        balancer.replace(vec![2, 7]);
        balancer.ended(1);
        balancer.began(7);
        balancer.replace(vec![1, 7, 2]);
        balancer.began(2);
        // One request each: the ended one at pod 1 was not forgotten while it was away.
        assert_eq!([balancer.pick(&[]), balancer.pick(&[]), balancer.pick(&[])], [Some(1), Some(7), Some(2)]);
        balancer.ended(1);
        assert_eq!(balancer.pick(&[]), Some(1));
    }
}
