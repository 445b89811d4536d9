//! Pods at work on the plain path.

use super::PlainPath;
use crate::model::cpu::CpuClock;
use crate::model::outcome::Status;
use crate::sim::path::pool::{Parting, ServerSide};
use crate::sim::path::server::Server;
use crate::sim::path::{App, BackendSpec, Door, Notice, Observer, PodId, Sent};

const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Pod {
    pub(super) backend: BackendSpec,
    pub(super) door: Door,
    pub(super) app: App,
    pub(super) opened_at: u64,
    pub(super) stopped_at: Option<u64>,
    pub(super) parting: Option<Parting>,
    pub(super) draining: bool,
    pub(super) clock: Option<CpuClock>,
    /// CPU used by finished requests where no clock measures it.
    pub(super) cpu_finished: u64,
    /// Requests served to the end.
    pub(super) served: u64,
    pub(super) jobs: Vec<Job>,
    pub(super) half_open: Vec<u64>,
    /// How many connections the kernel has completed that nobody will accept.
    pub(super) unaccepted: usize,
    /// The instant of the last resent SYNs and whether there was room at that instant.
    pub(super) syn_bunch: (u64, bool),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) owner: Owner,
    pub(super) service: u64,
    pub(super) sent: u64,
    pub(super) started: u64,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Request(u64),
    Probe(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In a proxy container until then.
    Forwarding(u64),
    Queued,
    /// Until the CPU clock reaches this virtual moment.
    Computing(u64),
    /// Until then.
    Serving(u64),
}

impl Job {
    pub(super) fn in_service(&self) -> bool {
        matches!(self.stage, Stage::Computing(_) | Stage::Serving(_))
    }
}

impl Pod {
    /// What decides whether it still has its end of an idle connection.
    pub(super) fn server_side(&self, servers: &[Server]) -> ServerSide {
        servers[self.backend.server as usize].side(self.opened_at, self.stopped_at, self.parting)
    }

    pub(super) fn waiting(&self) -> usize {
        self.jobs.iter().filter(|j| j.stage == Stage::Queued).count()
    }

    pub(super) fn has_room(&self, server: &Server) -> bool {
        let serving = self.jobs.iter().filter(|j| j.in_service()).count();
        let free = server.workers.is_none_or(|w| serving < w as usize);
        !server.lazy || self.backend.behind_proxy.is_some() || free || self.waiting() < server.accept_queue
    }

    pub(super) fn next_moment(&self) -> u64 {
        let of = |job: &Job| match job.stage {
            Stage::Forwarding(until) | Stage::Serving(until) => until,
            Stage::Queued => NEVER,
            Stage::Computing(due) => self.clock.as_ref().map_or(NEVER, |clock| clock.when(due)),
        };
        self.jobs.iter().map(of).min().unwrap_or(NEVER)
    }
}

impl<O: Observer> PlainPath<O> {
    pub(super) fn add_job(&mut self, pod_id: PodId, owner: Owner, bits: u64, now: u64) -> u64 {
        self.jobs += 1;
        let number = self.jobs;
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let service = match owner {
            Owner::Request(_) => server.service(bits, now, pod.opened_at),
            Owner::Probe(_) => server.probe_service(bits, now, pod.opened_at),
        };
        let stage = match pod.backend.forward_delay {
            0 => Stage::Queued,
            delay => Stage::Forwarding(now + delay),
        };
        pod.jobs.push(Job { number, owner, service, sent: now, started: 0, stage });
        self.start_queued(pod_id, now);
        number
    }

    pub(super) fn start_queued(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let serving = pod.jobs.iter().filter(|j| j.in_service()).count();
        let free = server.workers.map_or(usize::MAX, |w| (w as usize).saturating_sub(serving));
        for job in pod.jobs.iter_mut().filter(|j| j.stage == Stage::Queued).take(free) {
            job.started = now;
            job.stage = match (&mut pod.clock, server.cpu_of(job.service, job.sent)) {
                (Some(clock), cpu) if cpu > 0 => Stage::Computing(clock.join(now, cpu)),
                _ => Stage::Serving(now + job.service),
            };
        }
    }

    /// Everything in one pod that ends at `now`.
    pub(super) fn run_pod(&mut self, pod_id: PodId, now: u64) {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let server = &self.servers[pod.backend.server as usize];
            let mut finished = None;
            let mut moved = false;
            for job in &mut pod.jobs {
                match job.stage {
                    Stage::Forwarding(until) if until <= now => {
                        job.stage = Stage::Queued;
                        moved = true;
                    }
                    Stage::Computing(due) if pod.clock.as_ref().is_some_and(|c| c.reached(now, due)) => {
                        if let Some(clock) = &mut pod.clock {
                            clock.leave(now);
                        }
                        job.stage = Stage::Serving(now + job.service - server.cpu_of(job.service, job.sent));
                        moved = true;
                    }
                    Stage::Serving(until) if until <= now => {
                        finished = Some(job.number);
                    }
                    _ => {}
                }
                if moved || finished.is_some() {
                    break;
                }
            }
            if let Some(number) = finished {
                self.finish_job(pod_id, number, now);
            } else if !moved {
                break;
            }
            self.start_queued(pod_id, now);
        }
        let pod = &mut self.pods[pod_id as usize];
        if pod.draining && pod.jobs.is_empty() {
            pod.draining = false;
            self.notices.push_back((now, Notice::Drained(pod_id)));
        }
    }

    pub(super) fn finish_job(&mut self, pod_id: PodId, number: u64, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let at = pod.jobs.iter().position(|j| j.number == number).expect("found a moment ago");
        let job = pod.jobs.remove(at);
        if pod.clock.is_none() {
            pod.cpu_finished += self.servers[pod.backend.server as usize].cpu_of(job.service, job.sent);
        }
        match job.owner {
            Owner::Probe(probe) => self.notices.push_back((now, Notice::ProbeAnswered(pod_id, probe))),
            Owner::Request(id) => {
                pod.served += 1;
                let request = self.request(id);
                request.jobs -= 1;
                if request.current_job == Some(number) {
                    return self.answer(id, now);
                }
                let newly = !std::mem::replace(&mut request.was_executed, true);
                if newly && request.ended.is_some_and(Status::is_server_error) {
                    self.tally.executed_but_5xx += 1;
                }
                self.forget_if_done(id);
            }
        }
    }

    /// Takes jobs out of a pod that will not be served any more; the requests they belong to
    /// meet `outcome`.
    pub(super) fn evict(&mut self, pod_id: PodId, now: u64, outcome: Sent, which: impl Fn(&Job) -> bool) {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let (gone, kept): (Vec<Job>, Vec<Job>) = pod.jobs.iter().partition(|j| which(j));
        pod.jobs = kept;
        for job in &gone {
            match (&mut pod.clock, job.stage) {
                (Some(clock), Stage::Computing(_)) => clock.leave(now),
                (None, Stage::Serving(_)) => {
                    pod.cpu_finished += server.cpu_of(job.service, job.sent).min(now - job.started);
                }
                _ => {}
            }
        }
        let mut losers = Vec::new();
        for job in gone {
            if let Owner::Request(id) = job.owner {
                let request = self.request(id);
                request.jobs -= 1;
                if request.current_job == Some(job.number) {
                    losers.push(id);
                } else {
                    self.forget_if_done(id);
                }
            }
        }
        for id in losers {
            self.settle_attempt(id, now, outcome);
        }
    }

    /// The front end closes its connections to a pod, which goes on with what it has.
    pub(super) fn cut_off(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        self.front.close_idle_to(pod_id);
        let open = self.requests.iter().filter(|(_, request)| {
            let connected = request.current_job.is_some() || request.half_open;
            request.ended.is_none() && request.pod == Some(pod_id) && connected
        });
        for id in open.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.settle_attempt(id, now, outcome);
        }
    }

    /// Takes jobs out of a pod of which nobody hears any more; the requests they belong to wait for an
    /// answer as before, and are the answer.
    pub(super) fn leave_unanswered(&mut self, pod_id: PodId, which: impl Fn(&Job) -> bool) -> Vec<u64> {
        let jobs = std::mem::take(&mut self.pods[pod_id as usize].jobs);
        let (gone, kept): (Vec<Job>, Vec<Job>) = jobs.iter().partition(|job| which(job));
        self.pods[pod_id as usize].jobs = kept;
        let mut waiting = Vec::new();
        for job in gone {
            if let Owner::Request(id) = job.owner {
                let request = self.request(id);
                request.jobs -= 1;
                if request.current_job == Some(job.number) {
                    request.current_job = None;
                    request.half_open = true;
                    waiting.push(id);
                } else {
                    self.forget_if_done(id);
                }
            }
        }
        waiting
    }

    /// What the kernel holds, and will not be accepted, ends.
    pub(super) fn end_half_open(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        for id in std::mem::take(&mut self.pods[pod_id as usize].half_open) {
            self.request(id).half_open = false;
            self.settle_attempt(id, now, outcome);
        }
    }

    pub(super) fn begin_draining(&mut self, pod_id: PodId) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.draining = !pod.jobs.is_empty();
        !pod.draining
    }
}
