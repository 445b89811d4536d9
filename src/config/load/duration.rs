//! How long the load lasts when nobody says.
//!
//! The load has to outlast what it is there to show. How long a rollout takes is only known once
//! it has been simulated, so this is a generous guess from the manifest; a rollout that is still
//! under way when the load ends is reported as incomplete.

use crate::config::described::{EventAction, EventLine};
use crate::config::manifest::{Deployment, HorizontalPodAutoscaler, Strategy};
use crate::model::canary::{pauses, weights};
use crate::model::node_health::TOLERATION;
use crate::units::Nanos;

/// The shortest load: enough for a picture of the steady state.
const LEAST: Nanos = Nanos::from_secs(180);
/// After an event or the last change of the rate, at least so long.
const AFTERMATH: Nanos = Nanos::from_secs(120);
/// Time for one wave of new pods beyond what its manifest asks for: scheduling, image, start.
const WAVE: u32 = 30;
/// Nothing is waited for longer than this; say `duration` for slower rollouts.
const MOST: Nanos = Nanos::from_secs(4 * 3_600);

/// The duration of a load whose rate last changes at `last_change` (assumption: at least three
/// minutes, and after the last event what [`Rollouts`] allow), in whole minutes.
pub(super) fn duration(last_change: Nanos, events: &[EventLine], rollouts: Rollouts) -> Nanos {
    let aftermath = rollouts.whole;
    let event = |event: &EventLine| match event.action.of_pods() {
        EventAction::Rollout | EventAction::Rollback => event.at + aftermath,
        EventAction::BlueGreen(delay) => event.at + *delay + aftermath,
        // The rollout goes on in waves between the pauses.
        EventAction::Canary(steps) => event.at + pauses(steps) + aftermath,
        // All pods of a step come at once, however many may surge.
        EventAction::RoutedCanary { steps, scale_down_delay } => {
            let steps_take =
                pauses(steps) + Nanos(rollouts.wave.0.saturating_mul(weights(steps) + 1)).min(MOST);
            event.at + steps_take + *scale_down_delay + AFTERMATH
        }
        // A dead node's pods are replaced when nobody tolerates it any longer.
        EventAction::LoseNode(_) | EventAction::LoseZone => event.at + TOLERATION + AFTERMATH + AFTERMATH,
        EventAction::Drain(nodes) => event.at + Nanos(aftermath.0.saturating_mul((*nodes).into())),
        EventAction::Slow { lasts, .. } | EventAction::DependencyDown(lasts) => event.at + *lasts + AFTERMATH,
        EventAction::StaleFrontEnd { lasts: Some(lasts), .. } => event.at + *lasts + AFTERMATH,
        EventAction::StaleFrontEnd { lasts: None, .. }
        | EventAction::Scale(_)
        | EventAction::DeletionCost { .. }
        | EventAction::KillPod(_)
        | EventAction::CrashPod(_)
        | EventAction::OomKill(_)
        | EventAction::OfIngress(_) => event.at + AFTERMATH,
    };
    let events = events.iter().map(event).max().unwrap_or_default();
    let change = if last_change == Nanos::ZERO { Nanos::ZERO } else { last_change + AFTERMATH };
    let minutes = LEAST.max(events).max(change).whole_secs().div_ceil(60);
    Nanos::from_secs(60 * minutes).min(Nanos::MAX_SPAN)
}

/// Generous guesses at the times of a workload's rollouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollouts {
    /// Until new pods are available.
    wave: Nanos,
    /// From a rollout's beginning to its end.
    whole: Nanos,
}

#[cfg(test)]
impl Rollouts {
    /// Rollouts that take so long, and each of their waves as well.
    pub(super) fn within(time: Nanos) -> Rollouts {
        Rollouts { wave: time, whole: time }
    }
}

/// Two minutes at least for a rollout: the number of waves that surge and unavailability allow, each as long
/// as its probes and `minReadySeconds` ask for and half a minute more.
pub fn rollouts(deployment: &Deployment, autoscaler: Option<&HorizontalPodAutoscaler>) -> Rollouts {
    let replicas = match autoscaler {
        Some(hpa) => hpa.max_replicas,
        None => deployment.replicas.unwrap_or(1),
    };
    let at_once = match deployment.strategy {
        Strategy::Recreate => replicas,
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            max_surge.of_rounded_up(replicas).saturating_add(max_unavailable.of_rounded_down(replicas))
        }
    };
    let waves = replicas.div_ceil(at_once.max(1));
    let probes = deployment.pod_spec.serving_containers().filter_map(|container| {
        container.readiness_probe.as_ref().map(|probe| {
            let successes = probe.period_seconds.saturating_mul(probe.success_threshold);
            probe.initial_delay_seconds.saturating_add(successes)
        })
    });
    let wave =
        probes.max().unwrap_or_default().saturating_add(deployment.min_ready_seconds).saturating_add(WAVE);
    let whole = Nanos::from_secs(u64::from(waves) * u64::from(wave)).clamp(AFTERMATH, MOST);
    Rollouts { wave: Nanos::from_secs(u64::from(wave)), whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::manifest::{Source, read_manifests};
    use crate::model::canary::CanaryStep;

    fn at(seconds: u64, action: EventAction) -> EventLine {
        EventLine { at: Nanos::from_secs(seconds), action, place: None }
    }

    #[test]
    fn the_load_outlasts_its_events_in_whole_minutes() {
        let rollouts = Rollouts { wave: Nanos::from_secs(40), whole: Nanos::from_secs(200) };
        for (name, change, events, minutes) in [
            ("nothing happens", 0, vec![], 3),
            ("an early rollout", 0, vec![at(10, EventAction::Rollout)], 4),
            ("a rollout at a minute", 0, vec![at(60, EventAction::Rollout)], 5),
            ("a switch", 0, vec![at(60, EventAction::BlueGreen(Nanos::from_secs(300)))], 10),
            (
                "a canary that pauses",
                0,
                vec![at(60, EventAction::Canary(vec![CanaryStep::Pause(Nanos::from_secs(600))]))],
                15,
            ),
            (
                "one whose old pods stay",
                0,
                vec![at(
                    60,
                    EventAction::RoutedCanary {
                        steps: vec![CanaryStep::SetWeight(20), CanaryStep::Pause(Nanos::from_secs(600))],
                        scale_down_delay: Nanos::from_secs(120),
                    },
                )],
                17,
            ),
            ("a killed pod", 0, vec![at(90, EventAction::KillPod(1))], 4),
            ("a dead node", 0, vec![at(60, EventAction::LoseNode(1))], 10),
            ("two drains", 0, vec![at(60, EventAction::Drain(2))], 8),
            ("a slow hour", 0, vec![at(0, EventAction::DependencyDown(Nanos::from_secs(3_600)))], 62),
            ("a ramp", 1_500, vec![], 27),
            ("the later one counts", 1_500, vec![at(3_600, EventAction::Rollback)], 64),
        ] {
            let got = duration(Nanos::from_secs(change), &events, rollouts);
            assert_eq!(got, Nanos::from_secs(60 * minutes), "{name}");
        }
    }

    #[test]
    fn a_slow_rollout_gets_more_time() {
        let seconds = |replicas: u32, strategy: &str, probe: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
                 strategy: {strategy}\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: \
                 {{a: b}}}}\n    spec:\n      containers:\n      - name: app\n        image: app\n{probe}"
            );
            let source = Source::Text { name: "web.yaml".into(), text };
            let manifests = read_manifests(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"));
            rollouts(&manifests.deployments[0], None).whole.whole_secs()
        };
        let one_by_one = "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
        let probe =
            "        readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 30, periodSeconds: 30}\n";
        assert_eq!(seconds(3, "{}", ""), 120);
        assert_eq!(seconds(12, "{}", ""), 120);
        assert_eq!(seconds(12, one_by_one, ""), 12 * 30);
        assert_eq!(seconds(12, one_by_one, probe), 12 * 90);
        assert_eq!(seconds(50_000, one_by_one, probe), 4 * 3_600);
        assert_eq!(seconds(1_000, "{type: Recreate}", probe), 120);
    }
}
