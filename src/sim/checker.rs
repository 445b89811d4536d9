//! An observer that believes nothing: it watches a run from outside and says what cannot be.
//!
//! It knows the ends of requests, the milestones of pods and the changes of views, and nothing of
//! how the simulator came to them. Tests run whole configurations under it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::path::fast::FastPath;
use super::path::plain::PlainPath;
use super::path::{Ended, Observer, RequestPath};
use super::run::{RunResult, run_on};
use super::spec::{Mechanism, PlannedAction, PlannedEvent, SimSpec};
use super::timeline::{PodRecord, Restart, Timeline, ViewChange, ViewHolder};
use crate::units::{Nanos, SimTime};

/// Which of the two request paths is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchedPath {
    /// The one that `run` uses.
    Fast,
    /// Its reference.
    Plain,
}

/// Simulates a run (0-based) under the checker. The second part says what cannot be; it is empty
/// for a sound run.
pub fn run_checked(spec: &Arc<SimSpec>, seed: u64, run: u64, path: WatchedPath) -> (RunResult, Vec<String>) {
    match path {
        WatchedPath::Fast => on::<FastPath<Ends>>(spec, seed, run),
        WatchedPath::Plain => on::<PlainPath<Ends>>(spec, seed, run),
    }
}

fn on<P: RequestPath<Observer = Ends>>(spec: &Arc<SimSpec>, seed: u64, run: u64) -> (RunResult, Vec<String>) {
    let (result, ends) = run_on::<P>(spec, seed, run, &|| false);
    let mut wrong = ends.twice.clone();
    check_requests(spec, &result, &ends, &mut wrong);
    check_entries(&result.timeline, spec.overhead(), &ends, &mut wrong);
    check_pods(&result.timeline, &mut wrong);
    check_views(spec, &result.timeline, &mut wrong);
    (result, wrong)
}

/// The end of every request.
#[derive(Debug, Default)]
struct Ends {
    by_request: BTreeMap<u64, End>,
    /// The ingress pod that took a request, and when.
    entered: BTreeMap<u64, (u32, u64)>,
    twice: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    born: u64,
    at: u64,
    /// The pod that answered; `None` if the request was lost.
    answered_by: Option<u32>,
}

impl Observer for Ends {
    fn entered(&mut self, request: u64, ingress: u32, at: u64) {
        if self.entered.insert(request, (ingress, at)).is_some() {
            self.twice.push(format!("request {request} entered twice"));
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let answered_by = ended.pod.filter(|_| ended.cause.is_none());
        let end = End { born: ended.born, at: ended.at, answered_by };
        if self.by_request.insert(ended.request, end).is_some() {
            self.twice.push(format!("request {} ended twice", ended.request));
        }
    }
}

/// One end per request, none before it was sent, and no answer by a pod that did not serve.
fn check_requests(spec: &SimSpec, result: &RunResult, ends: &Ends, wrong: &mut Vec<String>) {
    let tally = &result.tally;
    let ended = ends.by_request.len() as u64;
    if ended + tally.in_flight_at_end != tally.arrived {
        wrong.push(format!(
            "{} requests arrived, {ended} ended and {} are under way",
            tally.arrived, tally.in_flight_at_end
        ));
    }
    let overhead = spec.overhead();
    for (request, end) in &ends.by_request {
        if end.at < end.born {
            wrong.push(format!("request {request} ended before it was sent"));
        }
        let Some(pod) = end.answered_by else { continue };
        let left_pod = SimTime(end.at) - overhead;
        match result.timeline.pods.get(pod as usize) {
            None => wrong.push(format!("request {request} was answered by pod {pod}, which never was")),
            Some(record) if record.deployment > 0 => {
                wrong.push(format!("request {request} was answered by pod {pod}, which serves nobody"));
            }
            Some(record) => wrong.extend(not_serving(record, left_pod).map(|why| {
                format!("request {request} was answered by pod {pod} at {:.6} s, {why}", left_pod.run_secs())
            })),
        }
    }
}

/// With ingress pods every answer came through one of them, which took connections when the request
/// came and lived until the answer was there.
fn check_entries(timeline: &Timeline, overhead: Nanos, ends: &Ends, wrong: &mut Vec<String>) {
    let has_ingress = timeline.pods.iter().any(|pod| pod.deployment > 0);
    for (request, end) in &ends.by_request {
        let entered = ends.entered.get(request).copied();
        match (entered, end.answered_by.filter(|_| has_ingress)) {
            (None, Some(pod)) => {
                wrong.push(format!("request {request} came to pod {pod} past every ingress"))
            }
            (Some((ingress, at)), answered) => {
                let record = &timeline.pods[ingress as usize];
                let closed = record.closed.filter(|closed| SimTime(at) > *closed).map(|_| "which had closed");
                let lived = |until: u64| not_serving(record, SimTime(until));
                let left = end.at - overhead.0;
                let late = answered.and_then(|_| lived(left));
                let between =
                    |restart: &Restart| SimTime(at) < restart.ended && restart.ended < SimTime(left);
                let cut = answered.filter(|_| record.restarts.iter().any(between));
                let cut = cut.map(|_| "whose process ended meanwhile");
                for why in [closed, lived(at), late, cut].into_iter().flatten() {
                    wrong.push(format!("request {request} came through pod {ingress}, {why}"));
                }
            }
            (None, None) => {}
        }
    }
}

/// Why a pod cannot have answered at a moment.
fn not_serving(pod: &PodRecord, at: SimTime) -> Option<&'static str> {
    let restarting = |r: &Restart| at > r.ended && r.listening.is_none_or(|listening| at < listening);
    match () {
        () if pod.listening.is_none_or(|since| at < since) => Some("before it listened"),
        () if pod.restarts.iter().any(restarting) => Some("before its process listened again"),
        () if pod.exited.is_some_and(|end| at > end) => Some("after its process had ended"),
        () if pod.killed.is_some_and(|end| at > end) => Some("after SIGKILL"),
        // Without grace the object is gone at once, and the process lives a little longer.
        () if pod.gone != pod.deleted && pod.gone.is_some_and(|gone| at > gone) => Some("when it was gone"),
        () if pod.lost.is_some_and(|lost| at > lost) => Some("when its node was dead"),
        () => None,
    }
}

/// A pod's milestones come in the order of its life.
fn check_pods(timeline: &Timeline, wrong: &mut Vec<String>) {
    for (number, pod) in timeline.pods.iter().enumerate() {
        let orders: [&[(&str, Option<SimTime>)]; 3] = [
            &[
                ("created", Some(pod.created)),
                ("bound", pod.bound),
                ("started", pod.started),
                ("listening", pod.listening),
            ],
            &[("created", Some(pod.created)), ("deleted", pod.deleted), ("gone", pod.gone)],
            &[("deleted", pod.deleted), ("hook", pod.hook_began), ("signalled", pod.signalled)],
        ];
        for order in orders {
            let known: Vec<(&str, SimTime)> =
                order.iter().filter_map(|(name, at)| at.map(|at| (*name, at))).collect();
            for pair in known.windows(2) {
                if pair[1].1 < pair[0].1 {
                    wrong.push(format!("pod {number} was {} before it was {}", pair[1].0, pair[0].0));
                }
            }
        }
    }
}

/// Every change of a view has its cause: a slice follows a pod, a front end follows the slice.
fn check_views(spec: &SimSpec, timeline: &Timeline, wrong: &mut Vec<String>) {
    let publishes_all = spec.deployments.iter().any(|plan| plan.publish_not_ready_addresses);
    // A process that ends takes its lists with it.
    let ends: BTreeSet<SimTime> =
        timeline.pods.iter().filter(|pod| pod.deployment > 0).flat_map(ends_of).collect();
    let mut listed: BTreeMap<(ViewHolder, u32), bool> = BTreeMap::new();
    // News may be late and overtake each other, but there must have been such news.
    let mut slice_said: BTreeSet<(ViewHolder, u32, bool)> = BTreeSet::new();
    for view in &timeline.views {
        let ViewChange { at, holder, pod, usable } = *view;
        if listed.insert((holder, pod), usable) == Some(usable) {
            wrong.push(format!("{holder:?} changed pod {pod} to what it was"));
        }
        let slice = match holder {
            ViewHolder::CanarySlice | ViewHolder::FrontEndCanary(_) => ViewHolder::CanarySlice,
            _ => ViewHolder::Slice,
        };
        if holder == slice {
            slice_said.insert((slice, pod, usable));
        }
        let Some(record) = timeline.pods.get(pod as usize) else {
            wrong.push(format!("{holder:?} knows pod {pod}, which never was"));
            continue;
        };
        if at <= SimTime::START {
            continue;
        }
        let deleted = record.deleted.is_some_and(|deleted| deleted <= at);
        let delivery = match holder {
            ViewHolder::LoadBalancer(_) => &spec.tiers[0].delivery,
            _ => &spec.service_tier().delivery,
        };
        let unfounded = match (holder, usable) {
            // What happens at one instant has an order that times do not tell.
            (ViewHolder::Slice | ViewHolder::CanarySlice, true) => {
                let deleted_before = record.deleted.is_some_and(|deleted| deleted < at);
                !publishes_all && (deleted_before || record.started.is_none_or(|t| t > at))
            }
            (ViewHolder::Slice | ViewHolder::CanarySlice, false) => {
                !deleted && !may_become_unready(spec) && record.lost.is_none()
            }
            // A removal whose time is overridden may come before the slice that adds the successors.
            (_, true) => {
                let removal_overridden = delivery.removal_override.is_some();
                let ready = publishes_all || record.ready.is_some_and(|ready| ready <= at);
                // A pod that became ready only after its deletion serves as it terminates.
                let falls_back = delivery.falls_back_to_terminating && deleted;
                !(slice_said.contains(&(slice, pod, true)) || (removal_overridden || falls_back) && ready)
            }
            (_, false) => {
                let checks_health = matches!(
                    delivery.mechanism,
                    Mechanism::TargetGroup(_) | Mechanism::InPlace { checks: Some(_), .. }
                );
                let ended = matches!(holder, ViewHolder::FrontEnd(_)) && ends.contains(&at);
                !deleted && !slice_said.contains(&(slice, pod, false)) && !checks_health && !ended
            }
        };
        if unfounded {
            let what = if usable { "lists" } else { "drops" };
            wrong.push(format!("{holder:?} {what} pod {pod} at {:.6} s without a cause", at.run_secs()));
        }
    }
}

/// When processes of a pod ended, with or without it.
fn ends_of(pod: &PodRecord) -> Vec<SimTime> {
    let restarts = pod.restarts.iter().map(|restart| restart.ended);
    restarts.chain(pod.exited).chain(pod.lost).collect()
}

/// Whether a pod may leave the slice before its end: it is probed, its processes crash, or its Service is
/// switched.
fn may_become_unready(spec: &SimSpec) -> bool {
    // A Service that is switched drops pods that are as ready as before.
    let crashes = |event: &PlannedEvent| {
        matches!(
            event.action,
            PlannedAction::CrashPods { .. }
                | PlannedAction::BlueGreen { .. }
                | PlannedAction::Canary { router: Some(_), .. }
        )
    };
    if spec.events.iter().any(crashes) {
        return true;
    }
    let templates = spec.deployments.iter().flat_map(|deployment| &deployment.templates);
    templates.flat_map(|template| &template.containers).any(|container| {
        container.readiness.is_some() || container.startup.is_some() || container.liveness.is_some()
    })
}

#[cfg(test)]
mod tests;
