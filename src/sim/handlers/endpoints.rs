//! How endpoint changes travel on: front-end control plane, processes, workers.

use crate::model::endpoints::conditions;
use crate::random::{Keyed, Stream, Streams};
use crate::sim::engine::Engine;
use crate::sim::event::{Event, ReplicaId, TierId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{FrontSpec, Mechanism, SimSpec};
use crate::sim::world::Pod;
use crate::units::{Nanos, SimTime};

/// What the control planes of a tier's processes know and have handed on.
#[derive(Debug)]
pub(crate) struct FrontControl {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) targets: super::targets::Targets,
    /// Pods taken out of rotation ahead of the controllers.
    pub(super) barred: Vec<PodId>,
}

/// One process and its controller.
#[derive(Debug)]
pub(crate) struct Replica {
    /// The pod that it runs in, if the tier's processes are pods.
    pub(super) pod: Option<PodId>,
    /// It has ended: nothing reaches it any more.
    pub(super) gone: bool,
    /// It hears of no changes before this.
    pub(super) stale_until: Option<SimTime>,
    /// Usable endpoints as its controller knows them, in order of addition.
    pub(crate) known: Vec<PodId>,
    /// Those that terminate and still serve, where they are what is left.
    pub(crate) terminating: Vec<PodId>,
    /// What the process was last given.
    pub(crate) published: Vec<PodId>,
    /// What it was told to use, if it checks its servers itself.
    pub(crate) servers: super::server_checks::Servers,
    sync_due: bool,
    /// The earliest moment of the next sync or reload.
    next_allowed: SimTime,
    /// A list that the workers have not looked at yet, with its whole-second stamp.
    pub(super) pending: Option<(u64, Vec<PodId>)>,
    held_stamp: u64,
    poll_due: bool,
    /// Reloads whose old generation still accepts.
    reloading: u32,
    /// When its controller hears of the newest slice that is on its way to it, and of the newest weight.
    pub(super) heard_at: SimTime,
    pub(super) weight_heard_at: SimTime,
    /// The canary's share of the requests as its controller knows it, in percent.
    pub(super) weight: u32,
    /// Phase of its workers' timer.
    poll_phase: Nanos,
    /// Phase of its controller's clock.
    sync_phase: Nanos,
    /// Shift between the simulated clock and this process' whole seconds.
    second_phase: u64,
}

impl FrontControl {
    /// What every tier knows at first.
    pub(crate) fn of_tiers(spec: &SimSpec, streams: Streams) -> Vec<FrontControl> {
        let tiers = (0..).zip(&spec.tiers);
        tiers.map(|(tier, front)| FrontControl::new(front, first_key(spec, tier), streams)).collect()
    }

    fn new(spec: &FrontSpec, first_key: u64, streams: Streams) -> FrontControl {
        let replicas = if spec.pods.is_some() { 0 } else { spec.clusters() };
        let replica = |number| Replica::new(spec, first_key + u64::from(number), streams);
        FrontControl {
            replicas: (0..replicas).map(replica).collect(),
            targets: Default::default(),
            barred: Vec::new(),
        }
    }
}

/// Where a tier's processes begin in keys of draws. The last tier is always the same to the pods.
pub(super) fn first_key(spec: &SimSpec, tier: TierId) -> u64 {
    (spec.tiers.len() as u64 - 1 - u64::from(tier)) << 20
}

impl Replica {
    /// A process whose draws have this key.
    pub(super) fn new(spec: &FrontSpec, key: u64, streams: Streams) -> Replica {
        let phases: Keyed = streams.keyed(Stream::FrontPhase);
        let poll = match &spec.delivery.mechanism {
            Mechanism::SyncAndPoll { poll, .. } => *poll,
            _ => Nanos::ZERO,
        };
        let period = sync_period(&spec.delivery.mechanism);
        // A controller's clock beside its workers' timer has a phase of its own.
        let clock = if poll > Nanos::ZERO { 2 } else { 0 };
        Replica {
            pod: None,
            gone: false,
            stale_until: None,
            known: Vec::new(),
            terminating: Vec::new(),
            published: Vec::new(),
            servers: Default::default(),
            sync_due: false,
            next_allowed: SimTime(0),
            pending: None,
            held_stamp: 0,
            poll_due: false,
            reloading: 0,
            heard_at: SimTime(0),
            weight_heard_at: SimTime(0),
            weight: 0,
            poll_phase: Nanos::from_secs_f64(poll.as_secs_f64() * phases.fraction(key, 0)),
            sync_phase: Nanos::from_secs_f64(period.as_secs_f64() * phases.fraction(key, clock)),
            second_phase: phases.at(key, 1) % 1_000_000_000,
        }
    }

    /// What may be used: kube-proxy falls back to terminating endpoints that serve, see
    /// [`crate::model::kube_proxy::categorize`].
    pub(super) fn usable(&self) -> &[PodId] {
        if self.known.is_empty() { &self.terminating } else { &self.known }
    }

    fn stamp(&self, at: SimTime) -> u64 {
        (at.0 + self.second_phase) / 1_000_000_000
    }
}

/// An endpoint that is `serving` and `terminating`.
pub(super) fn serves_while_terminating(pod: &Pod) -> bool {
    let conditions = conditions(pod.api_ready, pod.deleted.is_some(), false);
    conditions.serving && conditions.terminating && pod.has_ip && !pod.gone
}

/// The period of the clock at whose ticks alone lists are handed on; zero for at once.
fn sync_period(mechanism: &Mechanism) -> Nanos {
    match mechanism {
        Mechanism::InPlace { period, .. }
        | Mechanism::Reload { period, .. }
        | Mechanism::SyncAndPoll { period, .. } => *period,
        Mechanism::TargetGroup(_) => Nanos::ZERO,
    }
}

/// The first moment of a timer with this phase that is not before `at`.
fn next_poll(at: SimTime, phase: Nanos, period: Nanos) -> SimTime {
    let period = period.0.max(1);
    let since_tick = (at.0 + period - phase.0 % period) % period;
    if since_tick == 0 { at } else { at + Nanos(period - since_tick) }
}

impl<P: RequestPath> Engine<P> {
    /// A process' controller learns of a change.
    pub(crate) fn endpoint_known(&mut self, id: ReplicaId, pod: PodId, usable: bool) {
        let replica = self.replica(id);
        if replica.gone || replica.stale_until.is_some() {
            return;
        }
        let delivery = self.delivery(id.tier).clone();
        let at_once = usable && delivery.addition_override.is_some();
        if let Mechanism::TargetGroup(_) = delivery.mechanism {
            // One target group, however many load balancer nodes.
            match (id.number, at_once) {
                (0, true) => self.target_in_service(pod),
                (0, false) => self.target_wanted(pod, usable),
                _ => {}
            }
            return;
        }
        let serves_on = serves_while_terminating(&self.world.pods[pod as usize]);
        let deleted = self.world.pods[pod as usize].deleted.is_some();
        let replica = self.replica(id);
        // Changes may overtake each other: the pod's own state decides.
        replica.known.retain(|known| *known != pod);
        replica.terminating.retain(|known| *known != pod);
        if usable && !deleted {
            replica.known.push(pod);
        } else if delivery.falls_back_to_terminating && serves_on {
            replica.terminating.push(pod);
        }
        if at_once {
            // A list on its way to the workers must not take the pod out again.
            if let Some((_, pending)) = replica.pending.as_mut().filter(|(_, list)| !list.contains(&pod)) {
                pending.push(pod);
            }
            let list = replica.usable().to_vec();
            return self.publish(id, list);
        }
        self.schedule_sync(id);
    }

    // === Handing the list on ===

    pub(super) fn schedule_sync(&mut self, id: ReplicaId) {
        let id = self.process(id);
        let replica = self.replica(id);
        if std::mem::replace(&mut replica.sync_due, true) {
            return;
        }
        let (next_allowed, sync_phase) = (replica.next_allowed, replica.sync_phase);
        let batch = match &self.delivery(id.tier).mechanism {
            Mechanism::InPlace { batch, .. }
            | Mechanism::Reload { batch, .. }
            | Mechanism::SyncAndPoll { batch, .. } => *batch,
            Mechanism::TargetGroup(_) => Nanos::ZERO,
        };
        let mut at = (self.now + batch).max(next_allowed);
        let period = sync_period(&self.delivery(id.tier).mechanism);
        if period > Nanos::ZERO {
            at = next_poll(at, sync_phase, period);
        }
        self.queue.push(at, Event::FrontSync(id));
    }

    pub(crate) fn front_sync(&mut self, id: ReplicaId) {
        let now = self.now;
        let mechanism = self.delivery(id.tier).mechanism.clone();
        let replica = &mut self.tiers[usize::from(id.tier)].replicas[id.number as usize];
        if replica.gone {
            return;
        }
        replica.sync_due = false;
        let list = replica.usable().to_vec();
        match mechanism {
            Mechanism::InPlace { min_interval, .. } => {
                replica.next_allowed = now + min_interval;
                let weight = replica.weight;
                self.publish(id, list);
                if let Some(canary) = self.canary_of(id) {
                    let list = self.replica(canary).usable().to_vec();
                    self.publish(canary, list);
                    self.set_weight(id, weight);
                }
            }
            Mechanism::TargetGroup(_) => self.publish(id, list),
            Mechanism::Reload { min_interval, start, .. } => {
                replica.next_allowed = now + min_interval;
                replica.pending = Some((0, list));
                self.queue.push(now + start, Event::ReloadBegins(id));
            }
            Mechanism::SyncAndPoll { rate_per_s, poll, .. } => {
                if rate_per_s > 0.0 {
                    replica.next_allowed = now + Nanos::from_secs_f64(1.0 / rate_per_s);
                }
                replica.pending = Some((replica.stamp(now), list));
                if !std::mem::replace(&mut replica.poll_due, true) {
                    let at = next_poll(now, replica.poll_phase, poll);
                    self.queue.push(at, Event::WorkerPoll(id));
                }
            }
        }
    }

    /// The workers' timer: a list with a newer stamp than the held one is taken.
    pub(crate) fn worker_poll(&mut self, id: ReplicaId) {
        let whole_seconds = matches!(
            self.delivery(id.tier).mechanism,
            Mechanism::SyncAndPoll { whole_second_stamp: true, .. }
        );
        let replica = self.replica(id);
        replica.poll_due = false;
        let Some((stamp, list)) = replica.pending.take() else { return };
        if whole_seconds && stamp <= replica.held_stamp {
            // Ignored; the list is seen again only with the next push.
            return;
        }
        replica.held_stamp = stamp;
        self.publish(id, list);
    }

    pub(crate) fn reload_begins(&mut self, id: ReplicaId) {
        let Mechanism::Reload { overlap, .. } = self.delivery(id.tier).mechanism else { return };
        let replica = self.replica(id);
        let Some((_, list)) = replica.pending.take() else { return };
        replica.reloading += 1;
        let (list, at) = (self.without_barred(id, list), self.now);
        self.front_of(id.tier).begin_reload(id.number, &list, at.0);
        self.record_published(id, list);
        self.queue.push(self.now + overlap, Event::ReloadEnds(id));
    }

    pub(crate) fn reload_ends(&mut self, id: ReplicaId) {
        // Of reloads that overlap, the last one counts: each stops the generation before it.
        let replica = self.replica(id);
        replica.reloading -= 1;
        if replica.reloading == 0 && !replica.gone {
            self.end_generation(id);
        }
    }

    fn end_generation(&mut self, id: ReplicaId) {
        if usize::from(id.tier) + 1 == self.tiers.len() {
            self.path.end_reload(id.number);
        } else {
            self.path.outer().end_reload(id.number);
        }
    }

    /// Gives a process its list, in place.
    pub(crate) fn publish(&mut self, id: ReplicaId, list: Vec<PodId>) {
        let list = self.without_barred(id, list);
        self.front_of(id.tier).fill_lines(id.number, &list);
        let list = self.up_of(id, list);
        if list == self.replica(id).published {
            return;
        }
        let at = self.now.0;
        let front = self.front_of(id.tier);
        front.replace_list(id.number, &list, at);
        if front.begins_anew() {
            self.end_generation(id);
        }
        self.record_published(id, list);
    }

    pub(super) fn record_published(&mut self, id: ReplicaId, list: Vec<PodId>) {
        let before = std::mem::take(&mut self.replica(id).published);
        let holder = self.view_holder(id);
        for &pod in list.iter().filter(|pod| !before.contains(pod)) {
            let listed_by = &mut self.world.pods[pod as usize].listed_by;
            *listed_by += 1;
            if *listed_by == 1 {
                self.timeline.pod(pod).enters_rotation(self.now);
            }
            self.timeline.view_changed(self.now, holder, pod, true);
        }
        for &pod in before.iter().filter(|pod| !list.contains(pod)) {
            self.timeline.view_changed(self.now, holder, pod, false);
            let listed_by = &mut self.world.pods[pod as usize].listed_by;
            *listed_by -= 1;
            if *listed_by == 0 {
                self.timeline.pod(pod).unlisted = Some(self.now);
            }
        }
        self.replica(id).published = list;
        self.look_for_pods(id.tier);
        self.timeline.count_pods(self.now, &self.world);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_timer_ticks_at_its_phase() {
        let phase = Nanos::from_millis(300);
        for (at_ms, poll_ms) in [(0, 300), (300, 300), (301, 1_300), (1_250, 1_300), (1_300, 1_300)] {
            let at = SimTime::START + Nanos::from_millis(at_ms);
            let poll = next_poll(at, phase, Nanos::from_secs(1));
            assert_eq!(poll, SimTime::START + Nanos::from_millis(poll_ms), "at {at_ms}");
        }
    }
}
