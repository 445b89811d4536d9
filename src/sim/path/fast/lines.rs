//! Attempts that wait for a connection, because their process may not open another one.

use super::FastPath;
use super::flights::TimerKind;
use crate::sim::path::front::{HolderId, Turn};
use crate::sim::path::outer::NOBODY;
use crate::sim::path::pool::Reuse;
use crate::sim::path::{Observer, PodId, Sent};

impl<O: Observer> FastPath<O> {
    /// Whether an attempt need not wait for its connection, which then counts as in use.
    pub(super) fn takes_connection(&mut self, holder: HolderId, pod: PodId, reuse: Reuse, now: u64) -> bool {
        let (pods, servers) = (&self.pods, &self.servers);
        let server = |pod: PodId| pods[pod as usize].server_side(servers);
        self.front.takes_connection(holder, pod, reuse, now, server)
    }

    pub(super) fn wait_in_line(&mut self, place: u32, pod: PodId, now: u64) -> Sent {
        let flight = self.flights.get(place);
        flight.reused = false;
        if !self.front.joins_line(flight.holder, pod, u64::from(place), now) {
            return Sent::Overflow;
        }
        flight.turn = Some(Turn::Waiting);
        Sent::Underway
    }

    /// The current attempt waits in no line any more.
    pub(super) fn stop_queueing(&mut self, place: u32) {
        let flight = self.flights.get(place);
        if flight.turn.take() == Some(Turn::Waiting) && flight.holder != NOBODY {
            let pod = flight.pod.expect("who waits for a connection waits for one to a pod");
            self.front.leaves_line(flight.holder, pod, u64::from(place));
        }
    }

    /// Gives connections to those who may have one now.
    pub(super) fn serve_lines(&mut self, now: u64) {
        for (holder, pod) in self.front.take_stirred() {
            let (pods, servers) = (&self.pods, &self.servers);
            let server = |pod: PodId| pods[pod as usize].server_side(servers);
            while let Some((place, reuse)) = self.front.grant(holder, pod, now, server) {
                let flight = self.flights.get(place as u32);
                flight.take_turn(Turn::Granted(reuse));
                self.timers.set(now, TimerKind::Turn, place as u32, &self.flights);
            }
        }
    }

    /// Nobody who waits for a connection of this holder to this pod gets one.
    pub(super) fn fail_line(&mut self, holder: HolderId, pod: PodId, now: u64, failed: Turn) {
        for place in self.front.fail_line(holder, pod) {
            self.flights.get(place as u32).take_turn(failed);
            self.timers.set(now, TimerKind::Turn, place as u32, &self.flights);
        }
    }
}
