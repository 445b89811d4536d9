//! A cloud load balancer's target group: registration, its own health checks, readiness gates.

use std::collections::BTreeMap;

use crate::model::outcome::Cause;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{Event, TierId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{HealthCheck, Mechanism, TargetGroup};
use crate::units::{Nanos, SimTime};

/// Registered targets, in order of registration: pods, or nodes by number where connections go to those.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    list: Vec<u32>,
    state: BTreeMap<u32, Target>,
    /// Targets that were let go, and when their last connections are closed.
    leaving: BTreeMap<u32, SimTime>,
}

#[derive(Clone, Copy, Debug)]
struct Target {
    health: Health,
    /// Checks in a row with the same result.
    run: u32,
    passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// Registered, not yet checked.
    Initial,
    Healthy,
    Unhealthy,
}

impl Targets {
    /// Targets that get requests: the healthy ones; if there are none, the unhealthy ones (the
    /// group fails open); targets that were never checked get nothing.
    /// Source: AWS documentation of target group health checks; the last rule is an assumption.
    pub(super) fn in_service(&self) -> Vec<u32> {
        let of = |wanted: Health| {
            let matches = |target: &&u32| self.state.get(target).is_some_and(|t| t.health == wanted);
            self.list.iter().filter(matches).copied().collect::<Vec<_>>()
        };
        let healthy = of(Health::Healthy);
        if healthy.is_empty() { of(Health::Unhealthy) } else { healthy }
    }

    /// A target that has long been in service.
    pub(crate) fn add_healthy(&mut self, target: u32) {
        self.add_checked(target, true);
    }

    /// A target whose checks have long had the same result.
    pub(super) fn add_checked(&mut self, target: u32, passed: bool) {
        let health = if passed { Health::Healthy } else { Health::Unhealthy };
        self.list.push(target);
        self.state.insert(target, Target { health, run: 1, passed });
    }

    /// One more check of a target; whether that changes who is in service.
    pub(super) fn checked(&mut self, target: u32, passed: bool, check: &HealthCheck) -> bool {
        let Some(target) = self.state.get_mut(&target) else { return false };
        let before = std::mem::replace(target, after_check(*target, passed, check));
        before.health != target.health
    }
}

/// What one more check makes of a target.
fn after_check(target: Target, passed: bool, check: &HealthCheck) -> Target {
    let run = if target.passed == passed { target.run + 1 } else { 1 };
    let needed = match (target.health, passed) {
        (Health::Initial, true) => check.initial_threshold,
        (Health::Unhealthy, true) => check.healthy_threshold,
        (_, true) => u32::MAX,
        (Health::Unhealthy, false) => u32::MAX,
        (_, false) => check.unhealthy_threshold,
    };
    let health = match (run >= needed, passed) {
        (true, true) => Health::Healthy,
        (true, false) => Health::Unhealthy,
        (false, _) => target.health,
    };
    Target { health, run, passed }
}

impl<P: RequestPath> Engine<P> {
    /// The target group that a pod is, or would be, in.
    fn target_group(&self, pod: PodId) -> Option<TargetGroup> {
        match &self.delivery(self.tier_of(pod)).mechanism {
            Mechanism::TargetGroup(group) => Some(group.clone()),
            _ => None,
        }
    }

    /// The load balancer's controller learns that a pod should be, or no longer be, a target.
    pub(crate) fn target_wanted(&mut self, pod: PodId, wanted: bool) {
        let Some(group) = self.target_group(pod) else { return };
        let stream = if wanted { Stream::Addition } else { Stream::Removal };
        let key = u64::from(self.world.pods[pod as usize].endpoint_events);
        let reconcile = self.world.draw_for(stream, &group.reconcile, pod, key | 1 << 40);
        let apply = self.world.draw_for(stream, &group.apply, pod, key | 2 << 40);
        self.queue.push(self.now + reconcile + apply, Event::TargetChanged(pod, wanted));
    }

    pub(crate) fn target_changed(&mut self, pod: PodId, registered: bool) {
        let Some(group) = self.target_group(pod) else { return };
        let tier = self.tier_of(pod);
        let targets = &mut self.tiers[usize::from(tier)].targets;
        if !registered {
            targets.list.retain(|target| *target != pod);
            let was_target = targets.state.remove(&pod).is_some();
            if let Some(delay) = group.deregistration_delay.filter(|_| was_target) {
                targets.leaving.insert(pod, self.now + delay);
                self.queue.push(self.now + delay, Event::DeregistrationEnds(pod));
            }
        } else if self.world.pods[pod as usize].deleted.is_none() && !targets.state.contains_key(&pod) {
            targets.list.push(pod);
            targets.state.insert(pod, Target { health: Health::Initial, run: 0, passed: true });
            targets.leaving.remove(&pod);
            let at = self.now + self.first_check_after(pod, &group.health);
            self.queue.push(at, Event::HealthCheck(pod));
        }
        self.publish_targets(tier);
    }

    /// The scenario says how long an addition takes in all, and that time is over.
    pub(crate) fn target_in_service(&mut self, pod: PodId) {
        let Some(group) = self.target_group(pod) else { return };
        let tier = self.tier_of(pod);
        let targets = &mut self.tiers[usize::from(tier)].targets;
        if self.world.pods[pod as usize].deleted.is_some() || targets.state.contains_key(&pod) {
            return;
        }
        targets.add_healthy(pod);
        targets.leaving.remove(&pod);
        let at = self.now + self.first_check_after(pod, &group.health);
        self.queue.push(at, Event::HealthCheck(pod));
        self.publish_targets(tier);
        if !self.world.pods[pod as usize].gate_set {
            self.gate_set(pod);
        }
    }

    /// A target that was let go, and has not come back, has had its time.
    pub(crate) fn deregistration_ends(&mut self, pod: PodId) {
        let tier = self.tier_of(pod);
        let leaving = &mut self.tiers[usize::from(tier)].targets.leaving;
        if leaving.get(&pod) == Some(&self.now) {
            leaving.remove(&pod);
            // Nobody there would have answered in any time.
            let dead = self.world.is_on_dead_node(pod);
            let cause = if dead { Cause::NodeLost } else { Cause::DeregisteredInFlight };
            self.path.cut_connections(pod, self.now.0, cause);
        }
    }

    /// Checks of a target have a random phase.
    pub(crate) fn first_check_after(&self, pod: PodId, check: &HealthCheck) -> Nanos {
        let fraction = self.world.keyed(Stream::FrontPhase).fraction(u64::from(pod), 1 << 32);
        Nanos::from_secs_f64(check.interval.as_secs_f64() * fraction)
    }

    pub(crate) fn health_check(&mut self, pod: PodId) {
        let Some(group) = self.target_group(pod) else { return };
        let passed = self.answers_checks(pod);
        let tier = self.tier_of(pod);
        let targets = &mut self.tiers[usize::from(tier)].targets;
        let Some(target) = targets.state.get_mut(&pod) else { return };
        let before = target.health;
        *target = after_check(*target, passed, &group.health);
        let became_healthy = before != Health::Healthy && target.health == Health::Healthy;
        self.queue.push(self.now + group.health.interval, Event::HealthCheck(pod));
        self.publish_targets(tier);
        if became_healthy && !self.world.pods[pod as usize].gate_set {
            // The controller polls the health of targets it waits for every 15 s.
            // Source: aws-load-balancer-controller targetgroupbinding resource_manager.go.
            let fraction = self.world.keyed(Stream::FrontPhase).fraction(u64::from(pod), 2 << 32);
            self.queue.push(self.now + Nanos::from_secs_f64(15.0 * fraction), Event::GateSet(pod));
        }
    }

    /// Whether the pod would answer a check with the expected status. One that nobody answers
    /// counts when it is sent, not when the load balancer gives it up.
    pub(crate) fn answers_checks(&self, id: PodId) -> bool {
        let pod = &self.world.pods[id as usize];
        let up = |index: u8| {
            let container = &pod.containers[usize::from(index)];
            container.listening && container.app_ready
        };
        !self.world.is_on_dead_node(id) && up(pod.route.entry) && up(pod.route.server())
    }

    /// Whether the pod would accept the connection of a check that asks for no more.
    pub(crate) fn accepts_connections(&self, id: PodId) -> bool {
        let pod = &self.world.pods[id as usize];
        !self.world.is_on_dead_node(id) && pod.containers[usize::from(pod.route.entry)].listening
    }

    pub(crate) fn gate_set(&mut self, pod: PodId) {
        self.world.pods[pod as usize].gate_set = true;
        self.update_readiness(pod);
    }

    fn publish_targets(&mut self, tier: TierId) {
        let list = self.tiers[usize::from(tier)].targets.in_service();
        for replica in self.living_replicas(tier) {
            self.publish(replica, list.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: HealthCheck = HealthCheck {
        interval: Nanos::from_secs(15),
        healthy_threshold: 2,
        unhealthy_threshold: 2,
        initial_threshold: 1,
    };

    #[test]
    fn one_passed_check_brings_a_new_target_into_service_and_two_failed_ones_out() {
        let mut target = Target { health: Health::Initial, run: 0, passed: true };
        let mut check = |passed| {
            target = after_check(target, passed, &CHECK);
            target.health
        };
        let seen =
            [check(true), check(false), check(true), check(false), check(false), check(true), check(true)];
        use Health::{Healthy, Unhealthy};
        assert_eq!(seen, [Healthy, Healthy, Healthy, Healthy, Unhealthy, Unhealthy, Healthy]);
    }

    #[test]
    fn a_group_without_healthy_targets_fails_open_but_not_to_unchecked_ones() {
        let mut targets = Targets::default();
        for (pod, health) in [(1, Health::Initial), (2, Health::Unhealthy), (3, Health::Healthy)] {
            targets.list.push(pod);
            targets.state.insert(pod, Target { health, run: 0, passed: true });
        }
        assert_eq!(targets.in_service(), [3]);
        targets.state.remove(&3);
        assert_eq!(targets.in_service(), [2]);
        targets.state.remove(&2);
        assert_eq!(targets.in_service(), Vec::<PodId>::new());
    }
}
