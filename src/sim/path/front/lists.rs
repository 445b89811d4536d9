//! How lists of endpoints reach the holders.

use super::{Front, Peers};
use crate::model::balancer::RingRestart;
use crate::model::retry::RetryPeer;
use crate::sim::spec::Balancer;
use crate::units::Nanos;

impl Front {
    /// Replaces the list of every worker of `replica` in place. nginx' own balancer cannot do
    /// that: it gets a new generation that takes over at once.
    pub(crate) fn replace_list(&mut self, replica: u32, list: &[u32], now: u64) {
        if matches!(self.spec.balancer, Balancer::Nginx(_)) {
            self.begin_reload(replica, list, now);
            self.end_reload(replica);
            return;
        }
        self.update_list(replica, list, now);
    }

    /// The servers that a process is told to have from now on, whether its checks find them up or not.
    pub(crate) fn fill_lines(&mut self, replica: u32, told: &[u32]) {
        if matches!(self.spec.retry.peer, RetryPeer::SameServer { .. }) {
            self.processes[replica as usize].lines.replace(told);
        }
    }

    fn update_list(&mut self, replica: u32, list: &[u32], now: u64) {
        // Envoy closes what it keeps to a host that is gone, and then it does not count any more.
        if self.limits_connections() {
            for place in self.places(replica) {
                self.holders[self.current[place] as usize].pool.forget_others(list);
            }
        }
        let service = self.processes[replica as usize].replace_list(list, now);
        self.give_to_workers(replica, service.as_deref().unwrap_or(list), now);
    }

    /// From now on the workers of a process choose among these.
    pub(super) fn give_to_workers(&mut self, replica: u32, list: &[u32], now: u64) {
        self.processes[replica as usize].give(&self.spec.balancer, list, now);
        if self.spec.slow_start > Nanos::ZERO {
            self.processes[replica as usize].slow_start.replace(list, now);
        }
        for place in self.places(replica) {
            let holder = self.current[place] as usize;
            self.published += 1;
            let bits = self.ring_bits.at(u64::from(self.first_key) + place as u64, self.published);
            match &mut self.holders[holder].peers {
                Peers::Nginx(_) | Peers::Ewma | Peers::LeastRequest => {}
                Peers::Ring(ring) => {
                    let restart = match self.spec.balancer {
                        Balancer::IngressRing => RingRestart::Random,
                        _ => RingRestart::KeepCounter,
                    };
                    ring.replace(list.to_vec(), restart, bits);
                }
                Peers::Least(least) => least.replace(list.to_vec()),
                Peers::Turns(turns) => turns.replace(list),
                Peers::Random(peers) => *peers = list.to_vec(),
            }
        }
    }

    /// Lets the outlier detection of a process catch up with the time.
    #[cold]
    pub(super) fn catch_up(&mut self, process: u32, now: u64) {
        if let Some(list) = self.processes[process as usize].catch_up(now) {
            self.give_to_workers(process, &list, now);
        }
    }

    /// Starts a new generation of `replica` beside the old one: from now on each connection goes
    /// to either with equal chance.
    pub(crate) fn begin_reload(&mut self, replica: u32, list: &[u32], now: u64) {
        for place in self.places(replica) {
            let holder = self.new_holder(place, list);
            if self.retiring[place].is_none() {
                self.overlaps += 1;
            }
            self.retiring[place] = Some(self.current[place]);
            self.current[place] = holder;
        }
        if !matches!(self.spec.balancer, Balancer::Nginx(_)) {
            self.update_list(replica, list, now);
        }
    }

    /// The old generation of `replica` stops accepting. Returns whether it is time to look for
    /// generations that can be forgotten, see [`Self::forget_below`].
    pub(crate) fn end_reload(&mut self, replica: u32) -> bool {
        for place in self.places(replica) {
            if self.retiring[place].take().is_some() {
                self.overlaps -= 1;
            }
        }
        self.reloads += 1;
        self.reloads.is_multiple_of(64)
    }

    pub(super) fn places(&self, replica: u32) -> std::ops::Range<usize> {
        let workers = self.spec.workers.max(1) as usize;
        let first = replica as usize * workers;
        first..(first + workers).min(self.current.len())
    }
}
