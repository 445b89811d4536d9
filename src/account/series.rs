//! Requests per second of simulated time.

use crate::model::outcome::Status;
use crate::units::Nanos;

/// What happened in one stretch of time. Offered requests count when they arrive, the others when
/// their answer (or failure) reaches the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Requests that arrived.
    pub offered: u32,
    /// Finished requests by status, in the order of [`Status::ALL`].
    pub finished: [u32; Status::ALL.len()],
    /// Sum of the latencies of ok answers, in microseconds.
    pub ok_latency_us: u64,
    /// Largest latency of an ok answer, in microseconds.
    pub ok_latency_max_us: u64,
}

impl Row {
    /// Answered requests.
    pub fn ok(&self) -> u32 {
        self.finished[Status::Ok as usize]
    }

    /// Requests lost, whatever the status.
    pub fn lost(&self) -> u32 {
        self.finished.iter().sum::<u32>() - self.ok()
    }

    fn merge(&mut self, other: &Row) {
        self.offered += other.offered;
        for (a, b) in self.finished.iter_mut().zip(&other.finished) {
            *a += b;
        }
        self.ok_latency_us += other.ok_latency_us;
        self.ok_latency_max_us = self.ok_latency_max_us.max(other.ok_latency_max_us);
    }
}

/// Rows of equal length from the beginning of a run. A run that outgrows [`Series::MAX_ROWS`]
/// doubles the length of its rows, so memory stays bounded for a year as for a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    rows: Vec<Row>,
    /// Rows are `2^shift` seconds long.
    shift: u32,
}

const SECOND: u64 = 1_000_000_000;

impl Series {
    /// More than a day at one row per second.
    pub const MAX_ROWS: usize = 1 << 17;

    /// The row that holds the instant `since_start` nanoseconds after the run's beginning.
    #[inline]
    pub fn row(&mut self, since_start: u64) -> &mut Row {
        let index = (since_start / SECOND) as usize >> self.shift;
        if index < self.rows.len() { &mut self.rows[index] } else { self.grow(index) }
    }

    #[cold]
    fn grow(&mut self, mut index: usize) -> &mut Row {
        while index >= Self::MAX_ROWS {
            self.coarsen();
            index >>= 1;
        }
        self.rows.resize(index + 1, Row::default());
        &mut self.rows[index]
    }

    fn coarsen(&mut self) {
        self.shift += 1;
        for i in 0..self.rows.len().div_ceil(2) {
            let mut row = self.rows[2 * i];
            if let Some(second) = self.rows.get(2 * i + 1) {
                row.merge(second);
            }
            self.rows[i] = row;
        }
        self.rows.truncate(self.rows.len().div_ceil(2));
    }

    /// A series of these rows, each `2^shift` seconds long; `None` where no run could have made it.
    pub fn from_rows(rows: Vec<Row>, shift: u32) -> Option<Series> {
        (rows.len() <= Self::MAX_ROWS && shift < 16).then_some(Series { rows, shift })
    }

    /// The rows, oldest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Length of one row.
    pub fn row_length(&self) -> Nanos {
        Nanos::from_secs(1 << self.shift)
    }

    /// Adds everything that `other` counted, at the coarser of the two row lengths.
    pub fn merge(&mut self, other: &Series) {
        let mut other = other.clone();
        while self.shift < other.shift {
            self.coarsen();
        }
        while other.shift < self.shift {
            other.coarsen();
        }
        if self.rows.len() < other.rows.len() {
            self.rows.resize(other.rows.len(), Row::default());
        }
        for (a, b) in self.rows.iter_mut().zip(&other.rows) {
            a.merge(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(series: &Series) -> u64 {
        series.rows().iter().map(|r| u64::from(r.offered)).sum()
    }

    #[test]
    fn rows_double_when_a_run_is_long() {
        let mut series = Series::default();
        for second in [0, 1, 5, Series::MAX_ROWS as u64, 10 * Series::MAX_ROWS as u64] {
            series.row(second * SECOND).offered += 1;
        }
        assert_eq!(series.row_length(), Nanos::from_secs(16));
        assert!(series.rows().len() <= Series::MAX_ROWS);
        assert_eq!((total(&series), series.rows()[0].offered), (5, 3));
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_loses_nothing(a in prop::collection::vec(0_u64..400_000, 0..40),
                                                    b in prop::collection::vec(0_u64..2_000_000, 0..40)) {
            let fill = |seconds: &[u64]| {
                let mut s = Series::default();
                seconds.iter().for_each(|t| s.row(t * SECOND).offered += 1);
                s
            };
            let (mut ab, mut ba) = (fill(&a), fill(&b));
            ab.merge(&fill(&b));
            ba.merge(&fill(&a));
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(total(&ab), (a.len() + b.len()) as u64);
        }
    }
}
