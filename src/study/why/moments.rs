//! Everything that matters to one request on one clock.

use std::collections::BTreeSet;

use crate::model::outcome::Cause;
use crate::model::retry::Failure;
use crate::sim::{Attempt, Lost, PodRecord, Timeline, ViewHolder};
use crate::units::{Nanos, SimTime, format_duration};

/// Where something happens, in the order of a picture from the client to the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The client.
    Client,
    /// The front end and what it knows.
    FrontEnd,
    /// API server and controllers.
    ControlPlane,
    /// The pod: kubelet and process.
    Pod,
}

impl Lane {
    /// All of them, the client's side first.
    pub const ALL: [Lane; 4] = [Lane::Client, Lane::FrontEnd, Lane::ControlPlane, Lane::Pod];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Lane::Client => "client",
            Lane::FrontEnd => "front end",
            Lane::ControlPlane => "control plane",
            Lane::Pod => "pod",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: SimTime,
    /// Where.
    pub lane: Lane,
    /// What, in a few words.
    pub words: String,
    /// Whether the request itself is the subject.
    pub of_request: bool,
}

/// Moments in order, and what their times count from.
pub(super) struct Told {
    pub(super) zero: (SimTime, String),
    pub(super) moments: Vec<Moment>,
}

/// The story of a request beside the lives of the pods that failed it: `pod`, where it was lost, and those
/// of the attempts before. Times count from what happened to `pod`.
pub(super) fn tell(
    timeline: &Timeline,
    sent: SimTime,
    lost: Option<&Lost>,
    attempts: &[Attempt],
    pod: Option<u32>,
) -> Told {
    let ends = lost.map_or(sent, |lost| lost.at).max(attempts.last().map_or(sent, |attempt| attempt.failed));
    let mut moments = of_request(timeline, sent, lost, attempts);
    let involved: BTreeSet<u32> = attempts.iter().map(|attempt| attempt.pod).chain(pod).collect();
    let records = involved.iter().filter_map(|pod| timeline.pods.get(*pod as usize));
    let from = records.map(|record| told_from(record, ends)).min().unwrap_or(sent);
    moments.extend(involved.into_iter().flat_map(|pod| life_of(timeline, pod, ends)));
    moments.extend(weights_of(timeline, from, ends));
    // In one instant causes come before what they do to the request.
    moments.sort_by_key(|moment| (moment.at, moment.of_request));
    Told { zero: zero(timeline, pod, sent, ends), moments }
}

/// When a pod was deleted, if its end had begun by then: its story is that of a stop.
fn deleted_by(record: &PodRecord, ends: SimTime) -> Option<SimTime> {
    record.deleted.filter(|deleted| *deleted <= ends)
}

fn life_of(timeline: &Timeline, pod: u32, ends: SimTime) -> Vec<Moment> {
    let Some(record) = timeline.pods.get(pod as usize) else { return Vec::new() };
    let name = named(timeline, pod);
    let deleted = deleted_by(record, ends);
    let mut moments = match deleted {
        Some(_) => stop_of(record, &name),
        None => start_of(record, &name),
    };
    moments.extend(restarts_of(record, &name));
    moments.extend(views_of(timeline, pod, &name, told_from(record, ends)));
    moments
}

/// From when on a pod's lists are told. One whose Service was switched stays for a while, and the switch is
/// what began its end.
fn told_from(record: &PodRecord, ends: SimTime) -> SimTime {
    let deleted = deleted_by(record, ends);
    deleted.map_or(record.created, |deleted| record.deselected.unwrap_or(deleted))
}

fn weights_of(timeline: &Timeline, from: SimTime, ends: SimTime) -> Vec<Moment> {
    let several = timeline.weights.iter().any(|change| change.process > 0);
    let changes = timeline.weights.iter().filter(|change| (from..=ends).contains(&change.at));
    let told = changes.map(|change| {
        let who = if several { format!("process {}", change.process + 1) } else { "front end".to_owned() };
        let words = format!("{who} sends {} % of the requests to the canary Service", change.weight);
        Moment { at: change.at, lane: Lane::FrontEnd, words, of_request: false }
    });
    told.collect()
}

fn zero(timeline: &Timeline, pod: Option<u32>, sent: SimTime, ends: SimTime) -> (SimTime, String) {
    let known = pod.and_then(|pod| Some((named(timeline, pod), timeline.pods.get(pod as usize)?)));
    match known.map(|(name, record)| (name, record, deleted_by(record, ends))) {
        Some((name, _, Some(deleted))) => (deleted, format!("{name}'s deletion")),
        Some((name, record, None))
            if record.created > SimTime::START && record.created + Nanos::from_secs(300) > sent =>
        {
            (record.created, format!("{name}'s creation"))
        }
        _ => (sent, "the request".to_owned()),
    }
}

/// The number of a pod for people, counted from 1.
pub fn pod_number(pod: u32) -> u32 {
    pod + 1
}

/// What a pod is called: those that the front end runs in are told from those of the service.
pub(super) fn named(timeline: &Timeline, pod: u32) -> String {
    let is_ingress = timeline.pods.get(pod as usize).is_some_and(|record| record.deployment > 0);
    format!("{}pod {}", if is_ingress { "ingress " } else { "" }, pod_number(pod))
}

fn of_request(timeline: &Timeline, sent: SimTime, lost: Option<&Lost>, attempts: &[Attempt]) -> Vec<Moment> {
    let moment = |at, lane, words: String| Moment { at, lane, words, of_request: true };
    let mut moments = vec![moment(sent, Lane::Client, "request sent".to_owned())];
    for (index, attempt) in attempts.iter().enumerate() {
        let number = index + 1;
        let how = if attempt.reused { " on a kept connection" } else { "" };
        let out = format!("attempt {number} to {}{how}", named(timeline, attempt.pod));
        moments.push(moment(attempt.sent, Lane::FrontEnd, out));
        let same = attempts.get(index + 1).is_some_and(|next| next.pod == attempt.pod);
        let next = match (attempt.retried, attempt.failure, attempt.cause) {
            (true, _, _) if same => "tries the same pod again",
            (true, _, _) => "tries another pod",
            (false, None, Cause::CircuitOpen) => "answers itself",
            (false, None, _) => "passes the answer on",
            (false, Some(_), _) => "gives up",
        };
        let seen = format!("attempt {number}: {}; {next}", socket_words(attempt));
        moments.push(moment(attempt.failed, Lane::FrontEnd, seen));
    }
    if let Some(lost) = lost {
        let took = format_duration(rounded(lost.at.since(lost.sent)));
        let words = format!("gets {} after {took} ({})", lost.status, lost.cause);
        moments.push(moment(lost.at, Lane::Client, words));
    }
    moments
}

/// What the front end's socket saw, and why.
fn socket_words(attempt: &Attempt) -> String {
    let seen = match (attempt.failure, attempt.cause) {
        (Some(Failure::Connect), Cause::Unreachable) => "no route to host",
        (Some(Failure::Connect), _) => "connection refused",
        (Some(Failure::ConnectTimeout), _) => "no connection in time",
        (Some(Failure::Closed), Cause::AcceptQueueReset) => "reset in the accept queue",
        (Some(Failure::Closed), _) => "closed before an answer",
        (Some(Failure::ReadTimeout), _) => "no answer in time",
        (None, Cause::Overloaded) => "503 at once, its queue was full",
        (None, Cause::CircuitOpen) => "not sent, the circuit breaker is at its limit",
        (None, _) => "an error as answer",
    };
    format!("{seen} ({})", attempt.cause)
}

fn of_pod(pod: &str, lane: Lane, at: Option<SimTime>, words: &str) -> Option<Moment> {
    let words = format!("{pod} {words}");
    Some(Moment { at: at?, lane, words, of_request: false })
}

fn stop_of(record: &PodRecord, pod: &str) -> Vec<Moment> {
    let all = [
        of_pod(pod, Lane::ControlPlane, record.deselected, "is selected by no Service any more"),
        of_pod(pod, Lane::ControlPlane, record.deleted, "is deleted"),
        of_pod(pod, Lane::Pod, record.hook_began, "runs its preStop hook"),
        of_pod(pod, Lane::Pod, record.egress_ended, "loses the container that its application calls through"),
        of_pod(pod, Lane::Pod, record.signalled, "gets its stop signal"),
        of_pod(pod, Lane::Pod, record.closed, "takes no new connections"),
        of_pod(pod, Lane::Pod, record.killed, "gets SIGKILL"),
        of_pod(pod, Lane::Pod, record.exited, "has ended its process"),
        of_pod(pod, Lane::Pod, record.gone, "is gone, and its address"),
        of_pod(pod, Lane::Pod, record.lost, "is cut off: its node has died"),
    ];
    all.into_iter().flatten().collect()
}

fn start_of(record: &PodRecord, pod: &str) -> Vec<Moment> {
    let all = [
        of_pod(pod, Lane::ControlPlane, Some(record.created), "is created"),
        of_pod(pod, Lane::ControlPlane, record.bound, "has a node"),
        of_pod(pod, Lane::Pod, record.started, "starts its process"),
        of_pod(pod, Lane::Pod, record.listening, "listens"),
        of_pod(pod, Lane::ControlPlane, record.ready, "is Ready"),
    ];
    // What happened before the run is no part of the story.
    all.into_iter().flatten().filter(|moment| moment.at >= SimTime::START).collect()
}

fn restarts_of(record: &PodRecord, pod: &str) -> Vec<Moment> {
    let each = record.restarts.iter().flat_map(|restart| {
        [
            of_pod(pod, Lane::Pod, Some(restart.ended), "has ended its process, to be started again"),
            of_pod(pod, Lane::Pod, restart.listening, "listens again"),
        ]
    });
    each.flatten().collect()
}

fn views_of(timeline: &Timeline, pod: u32, name: &str, from: SimTime) -> Vec<Moment> {
    let mine = timeline.views.iter().filter(|view| view.pod == pod && view.at >= from.max(SimTime::START));
    // That both Services had the same pods at first is no part of the story.
    let mine =
        mine.filter(|view| view.at > SimTime::START || !matches!(view.holder, ViewHolder::FrontEndCanary(_)));
    let several = timeline.views.iter().any(|view| matches!(view.holder, ViewHolder::FrontEnd(id) if id > 0));
    let balancers =
        timeline.views.iter().any(|view| matches!(view.holder, ViewHolder::LoadBalancer(id) if id > 0));
    mine.map(|view| {
        let (lane, words) = match (view.holder, view.usable) {
            (ViewHolder::Slice, true) => (Lane::ControlPlane, format!("EndpointSlice lists {name} as ready")),
            (ViewHolder::Slice, false) => {
                (Lane::ControlPlane, format!("EndpointSlice no longer lists {name} as ready"))
            }
            (ViewHolder::CanarySlice, usable) => {
                let does = if usable { "lists" } else { "no longer lists" };
                (Lane::ControlPlane, format!("the canary's EndpointSlice {does} {name} as ready"))
            }
            (ViewHolder::FrontEndCanary(id), usable) => {
                let who = if several { format!("process {}", id + 1) } else { "front end".to_owned() };
                let does = if usable { "has" } else { "no longer has" };
                (Lane::FrontEnd, format!("{who} {does} {name} in its list of the canary Service"))
            }
            (ViewHolder::FrontEnd(id), usable) => {
                let who = if several { format!("process {}", id + 1) } else { "front end".to_owned() };
                let does = if usable { "begins" } else { "stops" };
                (Lane::FrontEnd, format!("{who} {does} sending to {name}"))
            }
            (ViewHolder::LoadBalancer(id), usable) => {
                let who = if balancers { format!("balancer {}", id + 1) } else { "balancer".to_owned() };
                let does = if usable { "begins" } else { "stops" };
                (Lane::FrontEnd, format!("{who} {does} sending to {name}"))
            }
        };
        Moment { at: view.at, lane, words, of_request: false }
    })
    .collect()
}

/// To whole milliseconds from a millisecond up.
pub(super) fn rounded(span: Nanos) -> Nanos {
    if span.0 >= 1_000_000 { Nanos((span.0 + 500_000) / 1_000_000 * 1_000_000) } else { span }
}
