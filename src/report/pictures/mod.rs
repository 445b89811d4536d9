//! The pictures of a result: what an incident report shows.
//!
//! Time pictures show run 1, because an average of rollouts is a rollout that never happened;
//! their titles speak of all runs.

mod latency;
mod lives;
mod overlay;
mod pods;
mod requests;
mod unknown;
mod words;

use std::borrow::Cow;

pub use overlay::overlay;

use super::plot::{Chart, Event, Size, Span};
use super::result::StoredResult;
use crate::study::{FirstRun, PodLife};

/// One picture and the name of its file, without an ending.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// For example `requests`.
    pub name: Cow<'static, str>,
    /// What to draw.
    pub chart: Chart,
    /// How large.
    pub size: Size,
}

/// Every picture that a result has something to show in, in the order in which to look at them.
pub fn pictures(result: &StoredResult) -> Vec<Picture> {
    let lives = lives::chart(result);
    let size = lives.comfortable_size(Size::DEFAULT.width);
    let mut pictures = vec![
        Picture::new("requests", Chart::Time(requests::chart(result))),
        Picture::new("pods", Chart::Time(pods::chart(result))),
        Picture { name: "pod-lives".into(), chart: Chart::Pods(lives), size },
        Picture::new("latency", Chart::Latency(latency::over_time(result))),
        Picture::new("latency-percentiles", Chart::Latency(latency::percentiles(result))),
    ];
    pictures.extend(unknown::chart(result).map(|chart| Picture::new("unknown", Chart::Range(chart))));
    pictures
}

impl Picture {
    fn new(name: &'static str, chart: Chart) -> Picture {
        Picture { name: name.into(), chart, size: Size::DEFAULT }
    }
}

/// What the time axes count from.
const X_LABEL: &str = "since the beginning of the run";

fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// The pods that pictures of single pods are about, with their numbers: those of the service, or the front
/// end's own if more is lost at them, or nothing is lost and only they come and go.
fn subjects(first: &FirstRun) -> Vec<(usize, &PodLife)> {
    let weight = |deployment: u16| {
        let is_theirs =
            |pod: u32| first.pods.get(pod as usize).is_some_and(|pod| pod.deployment == deployment);
        let losses = first.pod_losses.iter().filter(|loss| is_theirs(loss.pod));
        let pods = first.pods.iter().filter(|pod| pod.deployment == deployment);
        let moves = pods.filter(|pod| pod.created_ns > 0 || pod.deleted_ns.is_some());
        (losses.map(|loss| loss.count).sum::<u64>(), moves.count())
    };
    let shown = u16::from(weight(1) > weight(0));
    first.pods.iter().enumerate().filter(|(_, pod)| pod.deployment == shown).collect()
}

/// The stretch in which pods come and go and requests are lost, with some room at both sides.
fn eventful(first: &FirstRun) -> Option<(f64, f64)> {
    let end = seconds(first.end_ns);
    let length = first.series.row_length().as_secs_f64();
    let milestones =
        |pod: &PodLife| [Some(pod.created_ns), pod.listed_ns, pod.deleted_ns, pod.unlisted_ns, pod.gone_ns];
    let pods = subjects(first).into_iter().flat_map(|(_, pod)| milestones(pod));
    let pods = pods.flatten().filter(|at| *at > 0).map(seconds);
    let rows = first.series.rows().iter().enumerate().filter(|(_, row)| row.lost() > 0);
    let losses = rows.flat_map(|(index, _)| [index as f64 * length, (index + 1) as f64 * length]);
    let (begin, finish) =
        pods.chain(losses).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), at| (lo.min(at), hi.max(at)));
    let room = ((finish - begin) * 0.08).max(5.0);
    (begin <= finish).then(|| ((begin - room).max(0.0), (finish + room).min(end.max(begin + room))))
}

/// The part of the run to show: what is eventful and as much again around it, if the rest of the
/// run is longer than that; else all of it.
fn shown(first: &FirstRun) -> Option<(f64, f64)> {
    let (begin, finish) = eventful(first)?;
    let end = seconds(first.end_ns);
    let room = (finish - begin) * 0.5;
    let (from, to) = ((begin - room).max(0.0), (finish + room).min(end));
    (to - from < 0.8 * end).then_some((from, to))
}

/// The rollouts as shaded stretches.
fn rollout_spans(first: &FirstRun) -> Vec<Span> {
    let spans = first.rollouts.iter().map(|rollout| Span {
        from: seconds(rollout.start_ns),
        to: seconds(rollout.end_ns.unwrap_or(first.end_ns)),
        label: if rollout.end_ns.is_some() { "rollout" } else { "rollout, unfinished" }.to_owned(),
    });
    spans.collect()
}

/// What is marked over time: events besides rollouts, which are spans, and when pods stop.
fn events(result: &StoredResult) -> Vec<Event> {
    let planned = result.header.events.iter().filter(|(_, what)| what != "rollout");
    let planned = planned.map(|(at, what)| Event { at: *at, label: what.clone() });
    let mut events: Vec<Event> = planned.chain(stop_events(&result.first)).collect();
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    events
}

/// When the first and the last pod stop serving, if pods were deleted.
fn stop_events(first: &FirstRun) -> Vec<Event> {
    let stops = subjects(first).into_iter().map(|(_, pod)| pod).filter(|pod| pod.deleted_ns.is_some());
    let mut stops: Vec<i64> = stops.filter_map(lives::stopped_serving).collect();
    stops.sort_unstable();
    match stops[..] {
        [] => Vec::new(),
        [only] => vec![Event { at: seconds(only), label: "pod stops serving".to_owned() }],
        [earliest, .., latest] => vec![
            Event { at: seconds(earliest), label: "first pod stops serving".to_owned() },
            Event { at: seconds(latest), label: "last pod stops serving".to_owned() },
        ],
    }
}

#[cfg(test)]
mod tests;
