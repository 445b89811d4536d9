//! The fast request path against the plain one.
//!
//! Both run the same cluster with the same draws, so every request must meet the same end at the
//! same nanosecond. This is how a scenario is shown to lie within what the fast path covers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use super::path::fast::FastPath;
use super::path::plain::PlainPath;
use super::path::{Ended, NoObserver, Observer};
use super::run::{RunResult, run_on};
use super::spec::SimSpec;
use super::timeline::Timeline;
use crate::account::Tally;

/// Simulates run number `run` on the plain request path. It searches every pod at every step, so
/// it is tens of times slower than [`super::run()`] and gives the same result.
pub fn run_plain(spec: &Arc<SimSpec>, seed: u64, run: u64, stop: &dyn Fn() -> bool) -> RunResult {
    run_on::<PlainPath<NoObserver>>(spec, seed, run, stop).0
}

/// Runs both paths and compares request by request, in memory that grows with the requests.
///
/// # Errors
/// The first difference, in words.
pub fn compare(spec: &Arc<SimSpec>, seed: u64, run: u64) -> Result<RunResult, String> {
    let (fast, fast_ends) = run_on::<FastPath<Recorder>>(spec, seed, run, &|| false);
    let (plain, plain_ends) = run_on::<PlainPath<Recorder>>(spec, seed, run, &|| false);
    let (fast_ends, plain_ends) = (fast_ends.in_order(), plain_ends.in_order());
    if let Some((fast, plain)) = first_difference(&fast_ends, &plain_ends) {
        return Err(format!("a request ends differently: fast {fast:?}, plain {plain:?}"));
    }
    if let Some(divergence) = first_divergence(&fast.timeline, &plain.timeline) {
        return Err(format!("the cluster takes another course: {divergence}"));
    }
    if (fast.end, fast_ends.len()) != (plain.end, plain_ends.len()) {
        return Err(format!(
            "the run ends at {} on the fast path, at {} on the plain one",
            fast.end.0, plain.end.0
        ));
    }
    let (a, b) = (without_samples(fast.tally.clone()), without_samples(plain.tally));
    if a != b {
        return Err(format!("the totals differ: fast {a:?}, plain {b:?}"));
    }
    Ok(fast)
}

/// Where two courses of a cluster part, in words; `None` if they are one.
pub fn first_divergence(a: &Timeline, b: &Timeline) -> Option<String> {
    differs("pod", &a.pods, &b.pods)
        .or_else(|| differs("count of pods", &a.counts, &b.counts))
        .or_else(|| differs("size", &a.desired, &b.desired))
        .or_else(|| differs("rollout", &a.rollouts, &b.rollouts))
        .or_else(|| differs("decision of the autoscaler", &a.hpa, &b.hpa))
        .or_else(|| differs("step of the autoscaler", &a.scale_outs, &b.scale_outs))
        .or_else(|| differs("change of a view", &a.views, &b.views))
}

/// A ratio of nothing to nothing is no number and not equal to itself, so the texts decide.
fn differs<T: Debug + PartialEq>(what: &str, a: &[T], b: &[T]) -> Option<String> {
    let unlike = |(a, b): (&T, &T)| a != b && format!("{a:?}") != format!("{b:?}");
    let shorter = a.len().min(b.len());
    match a.iter().zip(b).position(unlike) {
        None if a.len() == b.len() => None,
        found => {
            let at = found.unwrap_or(shorter);
            Some(format!("{what} {at}: {:?} against {:?}", a.get(at), b.get(at)))
        }
    }
}

/// Remembers every end.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Vec<Ended>);

impl Observer for Recorder {
    fn ended(&mut self, ended: &Ended) {
        self.0.push(*ended);
    }
}

impl Recorder {
    /// All ends, by request.
    pub(crate) fn in_order(mut self) -> Vec<Ended> {
        self.0.sort_by_key(|ended| (ended.request, ended.at));
        self.0
    }
}

/// The earliest request that does not end the same way in both.
pub(crate) fn first_difference(fast: &[Ended], plain: &[Ended]) -> Option<(Option<Ended>, Option<Ended>)> {
    let by_request = |ends: &[Ended]| ends.iter().map(|e| (e.request, *e)).collect::<BTreeMap<_, _>>();
    let (fast, plain) = (by_request(fast), by_request(plain));
    let requests: BTreeSet<u64> = fast.keys().chain(plain.keys()).copied().collect();
    let pairs = requests.iter().map(|r| (fast.get(r).copied(), plain.get(r).copied()));
    pairs.filter(|(a, b)| a != b).min_by_key(|(a, b)| a.or(*b).map(|e| e.at))
}

/// Samples are the first few in order of time, and ties may fall either way.
pub(crate) fn without_samples(mut tally: Tally) -> Tally {
    tally.causes.values_mut().for_each(|c| c.samples.clear());
    tally
}
