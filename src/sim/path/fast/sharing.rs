//! How pods enter, live in, and leave the state in which their requests share the CPU.

use super::backend::{Backend, Job, Stage};
use super::flights::TimerKind;
use super::ingress::Answered;
use super::shared::Shared;
use super::{FastPath, NEVER};
use crate::model::cpu::CpuClock;
use crate::sim::path::front::Reached;
use crate::sim::path::{Notice, Observer, PodId};

impl<O: Observer> FastPath<O> {
    /// Whether a pod has to leave the provisional way for this job, or has left it already.
    pub(super) fn must_share(&mut self, pod_id: PodId, job: &Job, now: u64) -> bool {
        let pod = &self.pods[pod_id as usize];
        if pod.shared.is_some() {
            return true;
        }
        let server = &self.servers[pod.server as usize];
        let Some(limit) = server.cpu_limit_milli else { return false };
        let contends = |others: usize| CpuClock::contends(limit, 1 + others as u64);
        // CPU comes first in every service, and starts are in order: who computes when this job
        // starts are those that started before and have not had their CPU yet. Mostly a simpler look
        // shows that they are few enough.
        if !contends(pod.ring.len())
            || !contends(pod.ring.count(|other| other.end > job.start))
            || !contends(pod.ring.count(|other| Backend::computes(other, server, job.start)))
        {
            return false;
        }
        self.begin_sharing(pod_id, limit, now);
        true
    }

    /// The pod leaves the provisional way.
    #[cold]
    fn begin_sharing(&mut self, pod_id: PodId, limit_milli: u64, now: u64) {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let (shared, used) = Shared::take_over(pod, server, limit_milli, now);
        pod.cpu_ns += used;
        pod.shared = Some(Box::new(shared));
        pod.draining |= self.watched.waits_for_drain(pod_id);
        self.watched.forget(pod_id);
        // What was said about ends that lie ahead does not hold any more.
        for number in pod.ring.numbers() {
            let job = self.pods[pod_id as usize].ring.get(number).copied();
            let Some(job) = job.filter(|job| job.stage != Stage::Done && !job.is_probe()) else { continue };
            match job.flight() {
                None => self.source.reopen(job.id),
                Some(place) if self.flights.waits_for(place, pod_id, number) => {
                    self.source.reopen(self.flights.get(place).id);
                    let deadline = self.read_deadline(place);
                    self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
                }
                Some(_) => {}
            }
        }
    }

    /// Adds a job to a pod that shares its CPU; `false` if the accept queue has no room for it.
    pub(super) fn place_shared(
        &mut self,
        pod_id: PodId,
        mut job: Job,
        service: u64,
        flight: Option<u32>,
        now: u64,
    ) -> bool {
        let is_new = flight.is_none_or(|place| self.flights.get(place).reached != Reached::Connected);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let Some(shared) = &mut pod.shared else { return false };
        let free = server.workers.is_none_or(|w| shared.serving < w);
        if server.lazy && pod.behind_proxy.is_none() && !free && shared.queued >= server.accept_queue {
            self.reschedule(pod_id);
            return false;
        }
        if let Some(place) = flight {
            job.attach(place);
        }
        job.end = service;
        let number = pod.ring.next_number();
        let forwarded_at = (pod.forward_delay > 0).then(|| now + pod.forward_delay);
        job.stage = shared.arrived(number, forwarded_at);
        pod.ring.push(job);
        if is_new && !job.is_probe() {
            self.front.connected(job.holder, pod_id);
        }
        shared.start_queued(&mut pod.ring, server, now);
        if let Some(place) = flight {
            self.attach(place, number, now);
            let deadline = self.read_deadline(place);
            self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
        }
        self.reschedule(pod_id);
        true
    }

    /// Everything in a sharing pod that ends, or loses patience, at `now`.
    pub(super) fn run_sharing(&mut self, pod_id: PodId, now: u64) {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let server = &self.servers[pod.server as usize];
            let Some(shared) = &mut pod.shared else { break };
            let Some(number) = shared.next_done(&mut pod.ring, server, now) else { break };
            shared.start_queued(&mut pod.ring, server, now);
            let Some(&job) = pod.ring.get(number) else { continue };
            self.finish_shared(pod_id, number, &job, now);
        }
        self.settle(pod_id, now);
        let patience = self.lose_patience(pod_id, now);
        self.end_sharing(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        if pod.ring.is_empty() {
            if let Some(shared) = pod.shared.take() {
                pod.cpu_units += shared.clock.used_units(now);
                pod.slots.refill(std::iter::empty());
            }
            if std::mem::take(&mut pod.draining) {
                self.notices.push_back((now, Notice::Drained(pod_id)));
            }
        }
        self.schedule(pod_id, patience);
    }

    /// The pod goes back to the provisional way if what it has left fits its limit, and nobody but a
    /// client waits for it.
    fn end_sharing(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let Some(shared) = pod.shared.as_mut().filter(|shared| shared.may_be_over(&pod.ring)) else { return };
        let fates = shared.fates(&pod.ring, now);
        let is_common = |job: &Job| {
            job.is_plain()
                && job.end <= job.sent.saturating_add(self.patience)
                && !self.front.wants_ends(job.holder)
        };
        if pod.draining || fates.is_empty() || !fates.iter().all(|(_, job)| is_common(job)) {
            return;
        }
        pod.cpu_units += shared.clock.used_units(now);
        pod.shared = None;
        pod.resumed_at = now;
        pod.slots.refill(fates.iter().map(|(_, job)| job.end));
        for (number, job) in fates {
            if let Some(place) = self.pods[pod_id as usize].ring.get_mut(number) {
                *place = job;
            }
            self.source.ended(job.id, job.end + self.books.overhead, None, &self.draws);
            self.count_at_end(pod_id, &job);
        }
    }

    fn finish_shared(&mut self, pod_id: PodId, number: u32, job: &Job, now: u64) {
        self.pods[pod_id as usize].served += u64::from(!job.is_probe());
        let (request, born, sent) = match job.flight() {
            _ if job.is_probe() => {
                self.notices.push_back((now, Notice::ProbeAnswered(pod_id, job.id)));
                return;
            }
            None => {
                self.books.answer(pod_id, job, now);
                (job.id, job.sent, job.sent)
            }
            Some(place) => {
                let flight = self.flights.get(place);
                let facts = (flight.id, flight.born, flight.sent);
                if !self.flight_served(pod_id, number, place, now) {
                    return;
                }
                self.retry_over(place);
                facts
            }
        };
        self.front.ended(job.holder, pod_id, sent, now);
        self.pin(&Answered { request, holder: job.holder, pod: pod_id, born, sent }, now);
        self.source.ended(request, now + self.books.overhead, None, &self.draws);
    }

    /// Gives a flight and a timer to every job whose patience ends at `now`; the answer is when the
    /// next one's ends.
    fn lose_patience(&mut self, pod_id: PodId, now: u64) -> u64 {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let Some(shared) = &mut pod.shared else { return NEVER };
            let Some((number, &job)) = shared.impatient(&pod.ring) else { return NEVER };
            let patience = job.sent.saturating_add(self.patience);
            if patience > now {
                return patience;
            }
            self.give_flight(pod_id, number, &job, now);
        }
    }

    /// From now on more is known about a job in a pod's ring, and its patience has a timer.
    pub(super) fn give_flight(&mut self, pod_id: PodId, number: u32, job: &Job, now: u64) {
        let place = self.flight_of_job(pod_id, job);
        if let Some(job) = self.pods[pod_id as usize].ring.get_mut(number) {
            job.attach(place);
        }
        self.attach(place, number, now);
        let deadline = self.read_deadline(place);
        self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
    }

    /// Finds out when the pod comes next.
    pub(super) fn reschedule(&mut self, pod_id: PodId) {
        let pod = &mut self.pods[pod_id as usize];
        let first = pod.shared.as_mut().and_then(|shared| shared.impatient(&pod.ring));
        let patience = first.map_or(NEVER, |(_, job)| job.sent.saturating_add(self.patience));
        self.schedule(pod_id, patience);
    }

    /// Moves the pod's leaf in the tree of sharing pods.
    fn schedule(&mut self, pod_id: PodId, patience: u64) {
        let shared = &self.pods[pod_id as usize].shared;
        let moment = shared.as_ref().map_or(NEVER, |shared| shared.next_moment().min(patience));
        self.sharing.set(pod_id, moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Dist, Streams};
    use crate::sim::path::plain::PlainPath;
    use crate::sim::path::{BackendSpec, NoObserver, PathSpec, RequestPath};
    use crate::sim::spec::ServerSpec;
    use crate::units::{Nanos, SimTime};
    use crate::workload::{Load, OpenLoad, OpenSource, Profile};

    const MS: u64 = 1_000_000;

    /// A pod with two cores, which are in use most of the time.
    fn busy_pod<P: RequestPath<Observer = NoObserver>>() -> P {
        let mut server = ServerSpec::ideal(None, Dist::log_normal_mean(Nanos(45 * MS), 0.5));
        (server.cpu_share, server.cpu_limit_milli) = (0.7, Some(2_000));
        let profile = Profile::constant(40.0, Nanos::from_secs(60)).expect("a load");
        let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
        let mut path = P::new(PathSpec::ideal(load, server, Streams::new(1, 0)));
        path.add_pod(BackendSpec { server: 0, behind_proxy: None, forward_delay: 0, is_ingress: false });
        path.open(0, SimTime::START.0);
        path.front().replace_list(0, &[0], SimTime::START.0);
        path
    }

    /// Half a nanosecond too many at each return would show as a different sum of CPU time.
    #[test]
    fn pods_come_and_go_with_contention_and_lose_nothing_by_it() {
        let (mut fast, mut plain) = (busy_pod::<FastPath<NoObserver>>(), busy_pod::<PlainPath<NoObserver>>());
        let (mut sharing, mut resumed) = (0, 0);
        for at in (SimTime::START.0..SimTime::START.0 + 60_000 * MS).step_by(7 * MS as usize + 1) {
            assert_eq!((fast.run_to(at), plain.run_to(at)), (None, None));
            assert_eq!(fast.cpu_used(0, at), plain.cpu_used(0, at));
            sharing += u32::from(fast.pods[0].shared.is_some());
            resumed += u32::from(fast.pods[0].ring.iter().any(|(_, job)| job.stage == Stage::Resumed));
        }
        assert!(sharing > 1_000 && resumed > 1_000, "{sharing} looks at sharing, {resumed} after it");
        let end = SimTime::START.0 + 70_000 * MS;
        assert_eq!((fast.run_to(end), plain.run_to(end)), (None, None));
        assert_eq!(fast.finish(end).0, plain.finish(end).0);
    }
}
