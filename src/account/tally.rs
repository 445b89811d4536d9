//! What one run, or a sum of runs, counted.

use std::collections::BTreeMap;

use super::{Histogram, PodLosses, Series};
use crate::model::outcome::{Cause, Method, Status};

/// At most this many lost requests per cause are kept with their particulars.
pub const MAX_SAMPLES_PER_CAUSE: usize = 5;

/// One lost request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossSample {
    /// The request's stable number: its place in the arrivals, or connection and k.
    pub request: u64,
    /// When the client sent it, nanoseconds after the run's beginning.
    pub sent_ns: u64,
    /// When the client knew that it was lost, on the same clock.
    pub lost_ns: u64,
    /// Method class.
    pub method: Method,
    /// The pod of the last attempt, if there was one.
    pub pod: Option<u32>,
    /// How many attempts the front end made.
    pub attempts: u32,
}

/// Losses of one status and cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CauseTally {
    /// How many.
    pub count: u64,
    /// Of these, how many were not idempotent.
    pub posts: u64,
    /// Of these, how many were lost at the pods that the front end's processes are, if they are pods.
    pub at_ingress: u64,
    /// First and last loss, nanoseconds after the run's beginning; meaningful when `count > 0`.
    pub first_ns: u64,
    /// See `first_ns`.
    pub last_ns: u64,
    /// When the losses happened.
    pub when: Histogram,
    /// The first few.
    pub samples: Vec<LossSample>,
}

/// Everything a run counts about requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that arrived.
    pub arrived: u64,
    /// Finished requests by status, in the order of [`Status::ALL`].
    pub statuses: [u64; Status::ALL.len()],
    /// Losses by status and cause.
    pub causes: BTreeMap<(Status, Cause), CauseTally>,
    /// Requests neither answered nor lost when the run ended.
    pub in_flight_at_end: u64,
    /// Sum of their ages at the end, nanoseconds.
    pub in_flight_age_ns: u128,
    /// Latency of ok answers.
    pub latency_ok: Histogram,
    /// Sum of the latencies of all finished requests, lost ones included, nanoseconds.
    pub latency_all_ns: u128,
    /// Time that closed-loop connections spent between an answer and their next request, nanoseconds.
    pub think_ns: u128,
    /// Time covered by all closed-loop connections together, nanoseconds.
    pub connections_ns: u128,
    /// Requests that more than one pod began to execute.
    pub sent_twice: u64,
    /// Requests that a pod executed to the end although the client got a 5xx.
    pub executed_but_5xx: u64,
    /// Requests per second.
    pub series: Series,
    /// Losses by pod. Pods of different runs have nothing in common, so a sum of runs has none.
    pub pod_losses: PodLosses,
}

impl Tally {
    /// Counts the arrival of a request `at` nanoseconds after the run's beginning.
    #[inline]
    pub fn arrive(&mut self, at: u64) {
        self.arrived += 1;
        self.series.row(at).offered += 1;
    }

    /// Counts an ok answer that reached the client `at` nanoseconds after the run's beginning,
    /// `latency` nanoseconds after the request was sent.
    #[inline]
    pub fn answer(&mut self, at: u64, latency: u64) {
        self.statuses[Status::Ok as usize] += 1;
        self.latency_ok.add(latency);
        let row = self.series.row(at);
        row.finished[Status::Ok as usize] += 1;
        row.ok_latency_us += latency / 1_000;
        row.ok_latency_max_us = row.ok_latency_max_us.max(latency / 1_000);
    }

    /// Counts a lost request.
    pub fn lose(&mut self, status: Status, cause: Cause, sample: LossSample) {
        let at = sample.lost_ns;
        self.statuses[status as usize] += 1;
        self.latency_all_ns += u128::from(at - sample.sent_ns);
        self.series.row(at).finished[status as usize] += 1;
        let tally = self.causes.entry((status, cause)).or_default();
        tally.first_ns = if tally.count == 0 { at } else { tally.first_ns.min(at) };
        tally.last_ns = tally.last_ns.max(at);
        tally.count += 1;
        tally.posts += u64::from(sample.method == Method::Post);
        tally.when.add(at);
        if let Some(pod) = sample.pod {
            self.pod_losses.add(pod, at);
        }
        if tally.samples.len() < MAX_SAMPLES_PER_CAUSE {
            tally.samples.push(sample);
        }
    }

    /// The request that was counted last under this status and cause was lost at a pod of the front end.
    pub fn was_at_ingress(&mut self, status: Status, cause: Cause) {
        if let Some(tally) = self.causes.get_mut(&(status, cause)) {
            tally.at_ingress += 1;
        }
    }

    /// Answered requests.
    pub fn ok(&self) -> u64 {
        self.statuses[Status::Ok as usize]
    }

    /// Requests lost, whatever the status.
    pub fn lost(&self) -> u64 {
        self.statuses.iter().sum::<u64>() - self.ok()
    }

    /// Sum of the latencies of all finished requests, nanoseconds.
    pub fn latency_all_sum(&self) -> u128 {
        self.latency_all_ns + self.latency_ok.sum()
    }

    /// Whether every request is accounted for: arrivals = ok + lost + in flight.
    pub fn conserves(&self) -> bool {
        self.arrived == self.ok() + self.lost() + self.in_flight_at_end
            && self.causes.values().map(|c| c.count).sum::<u64>() == self.lost()
    }

    /// The closed-loop identity: latencies of all outcomes + ages of what is in flight + thinking
    /// = time covered by the connections, to the nanosecond. Trivially true for open loads.
    pub fn closes(&self) -> bool {
        self.connections_ns == 0
            || self.latency_all_sum() + self.in_flight_age_ns + self.think_ns == self.connections_ns
    }

    /// Adds everything that `other` counted. Samples keep the order of merging, up to the maximum.
    pub fn merge(&mut self, other: &Tally) {
        self.arrived += other.arrived;
        for (a, b) in self.statuses.iter_mut().zip(&other.statuses) {
            *a += b;
        }
        for (key, theirs) in &other.causes {
            let mine = self.causes.entry(*key).or_default();
            mine.first_ns =
                if mine.count == 0 { theirs.first_ns } else { mine.first_ns.min(theirs.first_ns) };
            mine.last_ns = mine.last_ns.max(theirs.last_ns);
            mine.count += theirs.count;
            mine.posts += theirs.posts;
            mine.at_ingress += theirs.at_ingress;
            mine.when.merge(&theirs.when);
            let room = MAX_SAMPLES_PER_CAUSE.saturating_sub(mine.samples.len());
            mine.samples.extend(theirs.samples.iter().take(room).cloned());
        }
        self.in_flight_at_end += other.in_flight_at_end;
        self.in_flight_age_ns += other.in_flight_age_ns;
        self.latency_ok.merge(&other.latency_ok);
        self.latency_all_ns += other.latency_all_ns;
        self.think_ns += other.think_ns;
        self.connections_ns += other.connections_ns;
        self.sent_twice += other.sent_twice;
        self.executed_but_5xx += other.executed_but_5xx;
        self.series.merge(&other.series);
        self.pod_losses.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(at: u64, method: Method) -> LossSample {
        LossSample { request: at, sent_ns: at, lost_ns: at, method, pod: Some(1), attempts: 1 }
    }

    #[test]
    fn counts_conserve_and_samples_are_bounded() {
        let mut tally = Tally::default();
        for at in 0..20 {
            tally.arrive(at);
        }
        for at in 0..8 {
            tally.lose(Status::BadGateway, Cause::ListenerClosed, loss(at, Method::Post));
        }
        (0..10).for_each(|at| tally.answer(at, 5));
        assert!(!tally.conserves());
        tally.in_flight_at_end = 2;
        assert!(tally.conserves());
        let cause = &tally.causes[&(Status::BadGateway, Cause::ListenerClosed)];
        assert_eq!((cause.count, cause.posts, cause.samples.len()), (8, 8, MAX_SAMPLES_PER_CAUSE));
        let mut twice = tally.clone();
        twice.merge(&tally);
        assert!(twice.conserves());
        assert_eq!((twice.lost(), twice.ok(), twice.series.rows()[0].lost()), (16, 20, 16));
    }
}
