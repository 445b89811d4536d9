//! When a probe worker attempts: a ticker whose phase belongs to the pod, not to the container.
//!
//! The worker is made when the pod is admitted on the node, before images are pulled; a restart
//! of the container changes neither the worker nor its ticks. So the time from a container's start
//! to its first startup or liveness probe is anything up to one period.
//!
//! Source: pkg/kubelet/prober/worker.go run (v1.31.13); time.Ticker of Go, which keeps at most one
//! tick that nobody has taken.

use crate::units::{Nanos, SimTime};

/// The ticks of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeTicker {
    /// Ticks come whole periods after this instant, at which the worker attempts as well.
    phase: SimTime,
    period: Nanos,
}

impl ProbeTicker {
    /// A worker that makes its first attempt at `first` and then one per `period` (above zero).
    pub fn new(first: SimTime, period: Nanos) -> ProbeTicker {
        ProbeTicker { phase: first, period: Nanos(period.0.max(1)) }
    }

    /// Starts the period anew, as a triggered readiness attempt at `now` does.
    pub fn reset(&mut self, now: SimTime) {
        self.phase = now;
    }

    /// When the attempt after the one that lasted from `began` to `finished` starts.
    ///
    /// A slow probe misses ticks: one of them is kept and served at once, the rest are lost, and
    /// after that the worker is back on its ticks.
    pub fn next(&self, began: SimTime, finished: SimTime) -> SimTime {
        if self.ticks_until(finished) > self.ticks_until(began) {
            return finished;
        }
        self.phase + Nanos(self.period.0.saturating_mul(self.ticks_until(finished) + 1))
    }

    fn ticks_until(&self, at: SimTime) -> u64 {
        at.since(self.phase).0 / self.period.0
    }
}

/// How long a new worker sleeps before its first attempt, `uniform` being drawn from 0 to 1.
///
/// Zero unless the kubelet itself has just started (a node that an autoscaler has just added).
pub fn start_jitter(kubelet_uptime: Nanos, period: Nanos, uniform: f64) -> Nanos {
    if period > kubelet_uptime { Nanos::from_secs_f64(period.as_secs_f64() * uniform) } else { Nanos::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    #[test]
    fn attempts_follow_the_ticks_and_realign_after_a_slow_one() {
        let ticker = ProbeTicker::new(at(0), Nanos::from_secs(10));
        for (name, began, finished, next) in [
            ("first, at the phase itself", 0, 1, 10),
            ("regular", 10, 11, 20),
            ("ends just before a tick", 10, 19, 20),
            ("ends on the tick", 10, 20, 20),
            ("two ticks missed: one is served at once", 10, 35, 35),
            ("then back on the ticks", 35, 36, 40),
            ("late and slow again", 35, 41, 41),
        ] {
            assert_eq!(ticker.next(at(began), at(finished)), at(next), "{name}");
        }
    }

    #[test]
    fn a_trigger_moves_the_phase() {
        let mut ticker = ProbeTicker::new(at(0), Nanos::from_secs(10));
        ticker.reset(at(3));
        assert_eq!(ticker.next(at(3), at(4)), at(13));
    }

    #[test]
    fn jitter_only_beside_a_young_kubelet() {
        let (period, half) = (Nanos::from_secs(10), 0.5);
        assert_eq!(start_jitter(Nanos::from_secs(3), period, half), Nanos::from_secs(5));
        assert_eq!(start_jitter(Nanos::from_secs(10), period, half), Nanos::ZERO);
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_never_early_and_at_most_a_period_away(
            began in 0_u64..100_000, took in 0_u64..50_000, period in 1_u64..20_000,
        ) {
            let milli = |ms| SimTime::START + Nanos::from_millis(ms);
            let ticker = ProbeTicker::new(SimTime::START, Nanos::from_millis(period));
            let next = ticker.next(milli(began), milli(began + took));
            prop_assert!(next >= milli(began + took));
            prop_assert!(next.since(milli(began + took)) <= Nanos::from_millis(period));
            prop_assert!(next > milli(began));
        }
    }
}
