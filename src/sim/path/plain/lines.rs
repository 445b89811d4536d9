//! Attempts that wait for a connection, because their process may not open another one.

use super::{PlainPath, Timer};
use crate::sim::path::front::{HolderId, Turn};
use crate::sim::path::outer::NOBODY;
use crate::sim::path::pool::Reuse;
use crate::sim::path::{Observer, PodId, Sent};

impl<O: Observer> PlainPath<O> {
    /// Whether an attempt need not wait for its connection, which then counts as in use.
    pub(super) fn takes_connection(&mut self, id: u64, pod: PodId, reuse: Reuse, now: u64) -> bool {
        let holder = self.requests[&id].holder;
        let (pods, servers) = (&self.pods, &self.servers);
        let server = |pod: PodId| pods[pod as usize].server_side(servers);
        self.front.takes_connection(holder, pod, reuse, now, server)
    }

    pub(super) fn wait_in_line(&mut self, id: u64, pod: PodId, now: u64) -> Sent {
        let request = self.request(id);
        request.reused = false;
        let holder = request.holder;
        if !self.front.joins_line(holder, pod, id, now) {
            return Sent::Overflow;
        }
        self.request(id).turn = Some(Turn::Waiting);
        Sent::Underway
    }

    /// The current attempt waits in no line any more.
    pub(super) fn stop_queueing(&mut self, id: u64) {
        let request = self.request(id);
        let (holder, pod) = (request.holder, request.pod);
        if request.turn.take() == Some(Turn::Waiting) && holder != NOBODY {
            let pod = pod.expect("who waits for a connection waits for one to a pod");
            self.front.leaves_line(holder, pod, id);
        }
    }

    /// Gives connections to those who may have one now.
    pub(super) fn serve_lines(&mut self, now: u64) {
        for (holder, pod) in self.front.take_stirred() {
            loop {
                let (pods, servers) = (&self.pods, &self.servers);
                let server = |pod: PodId| pods[pod as usize].server_side(servers);
                let Some((id, reuse)) = self.front.grant(holder, pod, now, server) else { break };
                self.request(id).take_turn(Turn::Granted(reuse));
                self.set_timer(id, now, Timer::Turn);
            }
        }
    }

    /// Nobody who waits for a connection of this holder to this pod gets one.
    pub(super) fn fail_line(&mut self, holder: HolderId, pod: PodId, now: u64, failed: Turn) {
        for id in self.front.fail_line(holder, pod) {
            self.request(id).take_turn(failed);
            self.set_timer(id, now, Timer::Turn);
        }
    }
}
