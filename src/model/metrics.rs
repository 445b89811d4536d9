//! How metrics come about: what metrics-server, Prometheus and an exporter make of counters.

use std::collections::VecDeque;

use crate::units::{Nanos, SimTime};

/// What the kubelet read of a container or pod. CPU time before a run's beginning is
/// extrapolated, hence signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When.
    pub at: SimTime,
    /// CPU time used so far, nanoseconds.
    pub cpu_ns: i128,
    /// Working set, bytes.
    pub memory: i64,
}

/// What the resource metrics pipeline holds of one container or pod: the kubelet's last reading
/// and the two that metrics-server keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The kubelet's last reading.
    pub read: Option<Reading>,
    last: Option<Reading>,
    previous: Option<Reading>,
}

/// What metrics-server serves of one container or pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// End of the window.
    pub time: SimTime,
    /// Its length.
    pub window: Nanos,
    /// Mean CPU in the window, thousandths of a core.
    pub cpu_milli: i64,
    /// Last working set, bytes.
    pub memory: i64,
}

/// A container at least this old and younger than metrics-server's resolution is given its start
/// as the first of two points. Source: kubernetes-sigs/metrics-server pkg/storage/pod.go (5ed5d3a).
const FRESH_FROM: Nanos = Nanos::from_secs(10);

impl Meter {
    /// A meter that has long been read: two points, the second of them at the kubelet.
    pub fn warm(previous: Reading, last: Reading) -> Meter {
        Meter { read: Some(last), last: Some(last), previous: Some(previous) }
    }

    /// metrics-server takes over the kubelet's last reading, if it is a new one. `start` is when
    /// the youngest process began.
    ///
    /// Source: kubernetes-sigs/metrics-server pkg/storage/pod.go (5ed5d3a).
    pub fn scrape(&mut self, start: SimTime, now: SimTime, resolution: Nanos) {
        let Some(read) = self.read else { return };
        if self.last.is_some_and(|last| read.at <= last.at) {
            return;
        }
        if self.last.is_some_and(|last| last.at < start) {
            // A new process: its counter began again.
            (self.last, self.previous) = (None, None);
        }
        self.previous = self.last;
        self.last = Some(read);
        let age = now.since(start);
        if self.previous.is_none() && age >= FRESH_FROM && age < resolution && read.at > start {
            self.previous = Some(Reading { at: start, cpu_ns: 0, memory: 0 });
        }
    }

    /// What metrics-server serves; nothing without two points.
    pub fn usage(&self) -> Option<Usage> {
        let (last, previous) = (self.last?, self.previous?);
        let window = last.at.since(previous.at);
        if window == Nanos::ZERO {
            return None;
        }
        let milli = (last.cpu_ns - previous.cpu_ns).max(0) * 1_000 / i128::from(window.0);
        let cpu_milli = i64::try_from(milli).unwrap_or(i64::MAX);
        Some(Usage { time: last.at, window, cpu_milli, memory: last.memory })
    }
}

/// What Prometheus scraped of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scraped {
    /// When.
    pub at: SimTime,
    /// Requests served so far. Before a run's beginning it is extrapolated, hence signed.
    pub served: i64,
    /// Requests accepted and not finished.
    pub in_flight: u32,
    /// Of these, requests that wait for a worker.
    pub waiting: u32,
}

/// An instant query looks back no further than this.
/// Source: Prometheus `--query.lookback-delta`.
pub const LOOKBACK: Nanos = Nanos::from_secs(300);

/// What Prometheus holds of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrapes {
    points: VecDeque<Scraped>,
}

impl Scrapes {
    /// Adds a scrape and forgets what neither a window of `window` nor an instant query needs.
    pub fn push(&mut self, scraped: Scraped, window: Nanos) {
        self.points.push_back(scraped);
        let keep = window.max(LOOKBACK);
        while self.points.front().is_some_and(|first| first.at + keep < scraped.at) {
            self.points.pop_front();
        }
    }

    /// The last scrape, as an instant query at `now` finds it.
    pub fn last(&self, now: SimTime) -> Option<Scraped> {
        self.points.back().filter(|last| last.at + LOOKBACK > now).copied()
    }

    /// Requests per second in thousandths: `rate()` over `window` at `now`. Two points at least.
    ///
    /// Between the first and the last point the slope is Prometheus' own; it also stretches the
    /// increase to the edges of the window and divides by the window, which gives the same slope
    /// wherever the points reach both edges within one and a tenth of their distance.
    pub fn rate_milli(&self, now: SimTime, window: Nanos) -> Option<i64> {
        let inside = |point: &&Scraped| point.at + window > now;
        let first = self.points.iter().find(inside)?;
        let last = self.points.back()?;
        let span = last.at.since(first.at);
        if span == Nanos::ZERO {
            return None;
        }
        let served = i128::from((last.served - first.served).max(0));
        i64::try_from(served * 1_000 * 1_000_000_000 / i128::from(span.0)).ok()
    }
}

/// Items of a queue after one step: what arrives is added, what the consumers can do is taken.
/// A fluid: fractions of items exist.
pub fn backlog_after(backlog: f64, arrivals: f64, capacity: f64) -> f64 {
    (backlog + arrivals - capacity).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLUTION: Nanos = Nanos::from_secs(15);

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    fn reading(seconds: u64, cores: i128) -> Reading {
        Reading { at: at(seconds), cpu_ns: cores * 1_000_000_000, memory: 5 }
    }

    /// CPU as served after each scrape.
    fn served(readings: &[(u64, i128)], start: u64, scrapes: &[u64]) -> Vec<Option<i64>> {
        let mut meter = Meter::default();
        let usage = |scrape: &u64| {
            let seen = readings.iter().rev().find(|(t, _)| t <= scrape);
            meter.read = seen.map(|(t, used)| reading(*t, *used));
            meter.scrape(at(start), at(*scrape), RESOLUTION);
            meter.usage().map(|usage| usage.cpu_milli)
        };
        scrapes.iter().map(usage).collect()
    }

    /// Source: metrics-server pkg/storage; a young pod is missing for 10 to 30 s.
    #[test]
    fn a_young_pod_is_missing_until_it_has_two_points() {
        // Readings every 10 s from second 2, one core used throughout.
        let steady: Vec<(u64, i128)> = (0..8).map(|i| (2 + 10 * i, i128::from(2 + 10 * i))).collect();
        assert_eq!(served(&steady, 0, &[5, 20, 35]), [None, Some(1_000), Some(1_000)], "too young at first");
        assert_eq!(served(&steady, 0, &[12, 27]), [Some(1_000), Some(1_000)], "its start counts");
        assert_eq!(served(&steady, 0, &[5, 8, 11]), [None, None, None], "no new reading, no second point");
    }

    #[test]
    fn a_reading_that_did_not_move_repeats_and_a_restart_begins_again() {
        let mut meter = Meter::warm(reading(0, 0), reading(10, 20));
        let usage = Usage { time: at(10), window: Nanos::from_secs(10), cpu_milli: 2_000, memory: 5 };
        meter.scrape(at(0), at(15), RESOLUTION);
        assert_eq!(meter.usage(), Some(usage));
        meter.read = Some(reading(40, 1));
        meter.scrape(at(38), at(45), RESOLUTION);
        assert_eq!(meter.usage(), None, "the new process has one point");
        meter.read = Some(reading(50, 11));
        meter.scrape(at(38), at(60), RESOLUTION);
        assert_eq!(meter.usage().map(|usage| usage.cpu_milli), Some(1_000));
    }

    #[test]
    fn a_rate_needs_two_points_inside_the_window() {
        let mut scrapes = Scrapes::default();
        let push = |scrapes: &mut Scrapes, seconds, served| {
            let point = Scraped { at: at(seconds), served, in_flight: 3, waiting: 1 };
            scrapes.push(point, Nanos::from_secs(60));
        };
        push(&mut scrapes, 0, -50);
        assert_eq!(scrapes.rate_milli(at(1), Nanos::from_secs(60)), None);
        push(&mut scrapes, 15, 100);
        assert_eq!(scrapes.rate_milli(at(20), Nanos::from_secs(60)), Some(10_000));
        assert_eq!(scrapes.rate_milli(at(20), Nanos::from_secs(20)), None, "the edge is outside");
        assert_eq!(scrapes.rate_milli(at(20), Nanos::from_secs(21)), Some(10_000));
        push(&mut scrapes, 30, 100);
        assert_eq!(scrapes.rate_milli(at(40), Nanos::from_secs(30)), Some(0), "the last two");
        assert_eq!(scrapes.last(at(329)).map(|s| (s.in_flight, s.waiting)), Some((3, 1)));
        assert_eq!(scrapes.last(at(330)), None, "an instant query looks back five minutes");
        push(&mut scrapes, 400, 100);
        assert_eq!(scrapes.points.len(), 1, "what nobody can ask for is forgotten");
    }

    #[test]
    fn a_backlog_never_falls_below_nothing() {
        assert_eq!(backlog_after(5.0, 2.0, 3.0).to_bits(), 4.0_f64.to_bits());
        assert_eq!(backlog_after(5.0, 2.0, 9.0).to_bits(), 0.0_f64.to_bits());
    }
}
