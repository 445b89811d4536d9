//! An attempt's way to a connection: SYNs that are sent again, connections of which a pod knows
//! nothing, and the request on them.

use super::pods::Owner;
use super::{Connecting, PlainPath, Timer};
use crate::model::outcome::Cause;
use crate::sim::path::front::Reached;
use crate::sim::path::outer::NOBODY;
use crate::sim::path::{Met, Observer, PodId, Sent, met_by_connection, next_resend, next_syn};

impl<O: Observer> PlainPath<O> {
    pub(super) fn begin_connecting(&mut self, id: u64, now: u64, cause: Cause) -> Sent {
        let request = &self.requests[&id];
        if request.connecting.is_none() && !self.front.begins_to_wait(request.holder) {
            return Sent::Overflow;
        }
        let deadline = now + self.front.spec().connect_timeout.0;
        self.set_timer(id, deadline, Timer::ConnectTimeout);
        self.request(id).connecting = Some(Connecting { since: now, syns: 1, cause });
        Sent::Underway
    }

    /// Nobody on the node that the connection goes to answers it, for this reason.
    pub(super) fn connect_to_nobody(&mut self, id: u64, now: u64, cause: Cause) {
        let request = self.request(id);
        (request.pod, request.attempts) = (None, request.attempts + 1);
        let outcome = self.begin_connecting(id, now, cause);
        self.settle_attempt(id, now, outcome);
    }

    /// The SYN was dropped because the accept queue is full; it will be sent again.
    pub(super) fn wait_for_room(&mut self, id: u64, now: u64, resent: bool) -> Sent {
        if !resent && self.begin_connecting(id, now, Cause::AcceptQueueFull) == Sent::Overflow {
            return Sent::Overflow;
        }
        self.schedule_syn(id);
        Sent::Underway
    }

    pub(super) fn schedule_syn(&mut self, id: u64) {
        let linear = self.spec.network.linear_syn_retries;
        let request = self.request(id);
        let Some(connecting) = &mut request.connecting else { return };
        let at = next_syn(connecting.since, connecting.syns, linear);
        connecting.syns += 1;
        self.set_timer(id, at, Timer::ResendSyn);
    }

    pub(super) fn stop_connecting(&mut self, id: u64) {
        let request = self.request(id);
        let holder = request.holder;
        if request.connecting.take().is_some() && holder != NOBODY {
            self.front.waited(holder);
        }
        self.cancel_timers(id, |timer| matches!(timer, Timer::ConnectTimeout | Timer::ResendSyn));
    }

    /// The attempt has a connection and waits for the answer.
    pub(super) fn connected_to(&mut self, id: u64, pod_id: PodId, now: u64) {
        let holder = self.requests[&id].holder;
        self.front.connected(holder, pod_id);
        let request = self.request(id);
        request.reached = Reached::Connected;
        request.connected_at = now;
        let read_timeout = self.front.spec().read_timeout.0;
        self.set_timer(id, now + read_timeout, Timer::ReadTimeout);
    }

    /// The pod's kernel has taken the connection, with the request on it.
    pub(super) fn hand_over(&mut self, id: u64, pod_id: PodId, now: u64) {
        let bits = self.draws.service.at(id, u64::from(self.requests[&id].attempts - 1));
        let number = self.add_job(pod_id, Owner::Request(id), bits, now);
        let request = self.request(id);
        request.jobs += 1;
        request.current_job = Some(number);
        let again = request.may_have_run && !std::mem::replace(&mut request.was_sent_twice, true);
        self.tally.sent_twice += u64::from(again);
    }

    /// The pod's kernel takes the connection if its accept queue has room, and nobody will accept it.
    pub(super) fn wait_unaccepted(&mut self, id: u64, pod_id: PodId, now: u64, resent: bool) -> Sent {
        let pod = &mut self.pods[pod_id as usize];
        if pod.unaccepted < self.servers[pod.backend.server as usize].accept_queue {
            pod.unaccepted += 1;
            pod.half_open.push(id);
            self.stop_connecting(id);
            self.connected_to(id, pod_id, now);
            self.request(id).half_open = true;
            Sent::Underway
        } else {
            self.wait_for_room(id, now, resent)
        }
    }

    /// The request is sent again on a half-open connection: the pod's kernel takes it if there is
    /// room by now.
    pub(super) fn resend_request(&mut self, id: u64, now: u64) -> Sent {
        let pod_id = self.requests[&id].pod.expect("a half-open attempt has a pod");
        let pod = &self.pods[pod_id as usize];
        match met_by_connection(pod.door, pod.app, false) {
            Met::End(sent) => return sent,
            Met::Silence(_) | Met::Unaccepted => return Sent::Underway,
            Met::Server => {}
        }
        if pod.has_room(&self.servers[pod.backend.server as usize]) {
            self.request(id).half_open = false;
            self.pods[pod_id as usize].half_open.retain(|other| *other != id);
            self.hand_over(id, pod_id, now);
        } else {
            self.schedule_resend(id);
        }
        Sent::Underway
    }

    pub(super) fn schedule_resend(&mut self, id: u64) {
        let request = self.request(id);
        let at = next_resend(request.connected_at, request.resent);
        request.resent += 1;
        self.set_timer(id, at, Timer::ResendRequest);
    }
}
