//! How lists of endpoints reach the holders.

use super::{Front, HolderId, Peers};
use crate::model::balancer::RingRestart;
use crate::model::retry::RetryPeer;
use crate::sim::path::pool::Pool;
use crate::sim::spec::Balancer;
use crate::units::Nanos;

impl Front {
    /// Replaces the list of every worker of `replica` at once, in place if the balancer can.
    pub(crate) fn replace_list(&mut self, replica: u32, list: &[u32], now: u64) {
        if self.begins_anew() {
            self.begin_reload(replica, list, now);
            self.retire_old(replica);
            return;
        }
        self.update_list(replica, list, now);
    }

    /// Whether every list makes a new generation, and requests that are there stay with the list of theirs:
    /// nginx' own balancer, and Traefik, which builds its routers and balancers anew (retries go through those
    /// of the request's beginning; measured with 3.7.15).
    pub(crate) fn begins_anew(&self) -> bool {
        matches!(self.spec.balancer, Balancer::Nginx(_) | Balancer::EarliestDeadline)
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
            let (key, published) = (u64::from(self.first_key) + place as u64, self.published);
            let bits = |nth: u64| self.ring_bits.at(key, published + (nth << 32));
            match &mut self.holders[holder].peers {
                Peers::Nginx(_) | Peers::Ewma | Peers::LeastRequest => {}
                Peers::Ring(ring) => {
                    let restart = match self.spec.balancer {
                        Balancer::IngressRing => RingRestart::Random,
                        Balancer::EarliestDeadline => RingRestart::Shuffled,
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
            let old = self.current[place];
            if self.shares_pool() {
                self.holders[holder as usize].pool = std::mem::take(&mut self.holders[old as usize].pool);
            }
            self.retiring[place] = Some(old);
            self.current[place] = holder;
        }
        if !matches!(self.spec.balancer, Balancer::Nginx(_)) {
            self.update_list(replica, list, now);
        }
    }

    /// The old generation of `replica` stops accepting. Returns whether it is time to look for
    /// generations that can be forgotten, see [`Self::forget_below`].
    pub(crate) fn end_reload(&mut self, replica: u32) -> bool {
        self.retire_old(replica);
        self.reloads += 1;
        self.reloads.is_multiple_of(64)
    }

    fn retire_old(&mut self, replica: u32) {
        for place in self.places(replica) {
            if self.retiring[place].take().is_some() {
                self.overlaps -= 1;
            }
        }
    }

    /// Whether a generation goes on with the connections of the one before it.
    fn shares_pool(&self) -> bool {
        self.spec.balancer == Balancer::EarliestDeadline
    }

    /// The connections of a holder, or of its heir.
    #[inline]
    pub(super) fn pool_of(&mut self, holder: HolderId) -> &mut Pool {
        let owner = match self.shares_pool() {
            true => self.current[self.holders[holder as usize].place as usize],
            false => holder,
        };
        &mut self.holders[owner as usize].pool
    }

    pub(super) fn places(&self, replica: u32) -> std::ops::Range<usize> {
        let workers = self.spec.workers.max(1) as usize;
        let first = replica as usize * workers;
        first..(first + workers).min(self.current.len())
    }
}
