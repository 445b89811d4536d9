//! The tier before the front end, where the front end's processes are pods.
//!
//! A request comes to one of these pods first. If the pod takes it, one of its workers handles it as
//! any front end does; if not, the outer tier answers, for it makes one attempt. What goes on inside
//! an ingress pod takes no time and no CPU of its own beyond the front end's overhead, and there is
//! no queue in it.

use std::collections::BTreeMap;

use super::front::{Front, HolderId, Picked, Sender};
use super::pool::{Reuse, ServerSide};
use super::{App, Door, Met, PodId, Sent, met_by_connection, status_of};
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::random::Streams;
use crate::sim::spec::FrontSpec;
use crate::units::Nanos;

/// Stands for the holder of a request that no front-end process has.
pub(crate) const NOBODY: HolderId = HolderId::MAX;

/// Whether a request that this holder had was lost at an ingress pod. The outer tier's patience with
/// answers is not the pod's fault.
pub(crate) fn lost_at_ingress(holder: HolderId, cause: Cause) -> bool {
    holder == NOBODY && cause != Cause::ReadTimeout
}

/// Where the outer tier's numbers begin in keys of draws.
const FIRST_KEY: u32 = 1 << 20;

/// The outer tier as the request path has to know it.
#[derive(Clone, Debug)]
pub(crate) struct OuterSpec {
    pub(crate) front: FrontSpec,
    /// Servers with smaller numbers are the service's, the others the front end's own.
    pub(crate) first_server: u32,
}

/// The outer tier at work, and the front-end processes that run in pods.
#[derive(Debug)]
pub(crate) struct Outer {
    pub(crate) front: Front,
    /// The living process of a pod.
    processes: BTreeMap<PodId, u32>,
    /// The pod of every process so far.
    pods: Vec<PodId>,
    /// Processes that finish what they have, with how many requests that is.
    draining: BTreeMap<u32, u64>,
}

/// What a request finds at an ingress pod.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doorstep {
    pub(crate) door: Door,
    pub(crate) app: App,
    pub(crate) side: ServerSide,
}

/// What becomes of a request at the outer tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// This process in this pod has it.
    Inside(PodId, u32),
    /// It is lost.
    Lost(Refusal),
    /// Its connection is not answered, for this reason; without a pod nobody has got it.
    Silent(Option<PodId>, Cause),
    /// It was sent on a connection whose other end is dead.
    Unanswered(PodId),
}

/// A request that the outer tier answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Where it was sent; `None` if there was no pod to send it to.
    pub(crate) pod: Option<PodId>,
    pub(crate) status: Status,
    pub(crate) cause: Cause,
    pub(crate) failure: Option<Failure>,
    pub(crate) reused: bool,
}

impl Outer {
    /// `followed` says whether clients' connections are, and then whether they have many requests at a time.
    pub(crate) fn new(spec: &FrontSpec, race_window: u64, followed: Option<bool>, streams: Streams) -> Outer {
        let mut front = Front::new(spec, FIRST_KEY, race_window, false, streams);
        if let Some(multiplexed) = followed {
            front.follow_clients(multiplexed);
        }
        Outer { front, processes: BTreeMap::new(), pods: Vec::new(), draining: BTreeMap::new() }
    }

    /// A front-end process listens in a pod.
    pub(crate) fn begin(&mut self, pod: PodId, process: u32) {
        debug_assert_eq!(process as usize, self.pods.len(), "processes are numbered as they begin");
        self.pods.push(pod);
        self.processes.insert(pod, process);
    }

    /// The process of a pod has ended, if it had one.
    pub(crate) fn end(&mut self, pod: PodId) -> Option<u32> {
        let process = self.processes.remove(&pod)?;
        self.draining.remove(&process);
        Some(process)
    }

    /// The living process of a pod.
    pub(crate) fn process_in(&self, pod: PodId) -> Option<u32> {
        self.processes.get(&pod).copied()
    }

    /// The pod of a process.
    pub(crate) fn pod_of(&self, process: u32) -> PodId {
        self.pods[process as usize]
    }

    /// A process takes no more requests and has so many to finish. `true` if it has none.
    pub(crate) fn drain(&mut self, process: u32, requests: usize) -> bool {
        self.draining.remove(&process);
        if requests > 0 {
            self.draining.insert(process, requests as u64);
        }
        requests == 0
    }

    /// A process takes requests again.
    pub(crate) fn stop_draining(&mut self, pod: PodId) {
        if let Some(process) = self.process_in(pod) {
            self.draining.remove(&process);
        }
    }

    /// Whether a process finishes what it has.
    pub(crate) fn drains(&self, process: u32) -> bool {
        self.draining.contains_key(&process)
    }

    /// A request of this process has ended; the answer is the pod, if that was what it waited for.
    pub(crate) fn left(&mut self, process: u32) -> Option<PodId> {
        let left = self.draining.get_mut(&process)?;
        *left -= 1;
        if *left > 0 {
            return None;
        }
        self.draining.remove(&process);
        Some(self.pod_of(process))
    }

    /// How long the outer tier waits for an answer, if it does not wait for ever.
    pub(crate) fn patience(&self) -> Option<u64> {
        let timeout = self.front.spec().read_timeout;
        (timeout < Nanos::MAX_SPAN).then_some(timeout.0)
    }

    /// Sends a request to an ingress pod; `at` tells what it finds there.
    pub(crate) fn enter(&mut self, from: Sender, now: u64, at: impl Fn(PodId) -> Doorstep) -> Entry {
        let holder = self.front.holder_of(from.connection);
        let decided = self.front.decided(holder, from, now, |pod| at(pod).side);
        let pod = match decided {
            Some((pod, _)) => pod,
            None => match self.front.pick(holder, &[], now) {
                Picked::Peer(pod) => pod,
                picked => {
                    return match self.front.silent_because(holder).filter(|_| picked == Picked::Empty) {
                        Some(cause) => Entry::Silent(None, cause),
                        None => Entry::Lost(self.nowhere(picked)),
                    };
                }
            },
        };
        let own = decided.and_then(|(_, reuse)| reuse);
        let chosen = || self.front.connection(holder, pod, &[], from.first, now, at(pod).side);
        let reuse = own.unwrap_or_else(chosen);
        if self.front.has_memory() {
            self.front.remember(from, pod, now);
        }
        let reused = reuse != Reuse::Fresh;
        let answers = self.front.spec().answers;
        let pod_and =
            |status, cause, failure| Entry::Lost(Refusal { pod: Some(pod), status, cause, failure, reused });
        if reuse == Reuse::Stale {
            return pod_and(answers.stale, Cause::KeepaliveRace, Some(Failure::Closed));
        }
        let Doorstep { door, app, .. } = at(pod);
        match met_by_connection(door, app, reused) {
            Met::Server => {
                let process = self.process_in(pod).expect("a process holds the open door");
                Entry::Inside(pod, process)
            }
            Met::End(Sent::Answered(status, cause)) => pod_and(status, cause, None),
            Met::End(Sent::Failed(failure, cause)) => {
                pod_and(status_of(self.front.spec(), failure, reused), cause, Some(failure))
            }
            Met::End(Sent::Underway | Sent::Overflow) => unreachable!("a pod gives an answer or none"),
            Met::Unaccepted => unreachable!("no ingress holds its listener: `OnStop::suits_ingress`"),
            // The pool to a dead node is not followed: a request that no client's own connection leads
            // there opens one.
            Met::Silence(_) if own.is_some() => Entry::Unanswered(pod),
            Met::Silence(cause) => Entry::Silent(Some(pod), cause),
        }
    }

    fn nowhere(&self, picked: Picked) -> Refusal {
        let answers = self.front.spec().answers;
        let (status, cause) = match picked {
            Picked::AllDown => (answers.all_down, Cause::AllMarkedDown),
            _ => (answers.no_endpoints, Cause::NoEndpoints),
        };
        Refusal { pod: None, status, cause, failure: None, reused: false }
    }

    /// A request has ended at the outer tier; `failure` is what its attempt met, if that was it. Its client's
    /// own connection ends with it, unless others are on it.
    pub(crate) fn lost_on(&mut self, connection: u64, failure: Option<Failure>) {
        if self.front.follows_clients() {
            failure.into_iter().for_each(|failure| self.front.failed_on(connection, failure));
            self.front.lost_on(connection);
        }
    }

    /// A process of the front end has answered a request that was sent at `born`: the client's own
    /// connection to its pod is idle from `at` on.
    pub(crate) fn answered_on(&mut self, connection: u64, process: u32, born: u64, at: u64) {
        if self.front.follows_clients() {
            let pod = self.pod_of(process);
            self.front.pin(connection, pod, born, at);
        }
    }

    /// The status of a request whose ingress process ended before it had answered.
    pub(crate) fn cut(&self) -> Status {
        let kept = self.front.spec().keepalive.is_some() || self.front.follows_clients();
        status_of(self.front.spec(), Failure::Closed, kept)
    }
}
