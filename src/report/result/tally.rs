//! Sums over runs in their stored form: columns of integers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{CauseTally, Histogram, LossSample, Row, Series, Tally};
use crate::model::outcome::{Cause, Method, Status};
use crate::study::Sample;
use crate::units::Nanos;

/// A histogram: its cells that counted anything as (cell, count), the exact sum and maximum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistogramForm {
    sum_ns: u128,
    max_ns: u64,
    cells: Vec<(u32, u64)>,
}

impl HistogramForm {
    fn of(histogram: &Histogram) -> HistogramForm {
        HistogramForm { sum_ns: histogram.sum(), max_ns: histogram.max(), cells: histogram.sparse() }
    }

    fn back(&self) -> Result<Histogram, String> {
        Histogram::from_sparse(&self.cells, self.sum_ns, self.max_ns)
            .ok_or_else(|| "a histogram has a cell that does not exist".to_owned())
    }
}

/// A series, column by column; columns of nothing but zeros are left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesForm {
    row_s: u64,
    offered: Vec<u32>,
    finished: BTreeMap<Status, Vec<u32>>,
    ok_latency_us: Vec<u64>,
    ok_latency_max_us: Vec<u64>,
}

impl SeriesForm {
    pub(super) fn of(series: &Series) -> SeriesForm {
        let rows = series.rows();
        let column =
            |status: Status| -> Vec<u32> { rows.iter().map(|r| r.finished[status as usize]).collect() };
        let columns = Status::ALL.iter().map(|status| (*status, column(*status)));
        SeriesForm {
            row_s: series.row_length().whole_secs(),
            offered: rows.iter().map(|r| r.offered).collect(),
            finished: columns.filter(|(_, column)| column.iter().any(|n| *n > 0)).collect(),
            ok_latency_us: rows.iter().map(|r| r.ok_latency_us).collect(),
            ok_latency_max_us: rows.iter().map(|r| r.ok_latency_max_us).collect(),
        }
    }

    pub(super) fn back(&self) -> Result<Series, String> {
        let length = self.offered.len();
        let even = self.finished.values().all(|column| column.len() == length)
            && self.ok_latency_us.len() == length
            && self.ok_latency_max_us.len() == length;
        if !even {
            return Err("the columns of a series differ in length".to_owned());
        }
        if !self.row_s.is_power_of_two() {
            return Err(format!("rows of {} s: a series has rows of 1, 2, 4, ... s", self.row_s));
        }
        let row = |i: usize| {
            let mut row = Row {
                offered: self.offered[i],
                ok_latency_us: self.ok_latency_us[i],
                ok_latency_max_us: self.ok_latency_max_us[i],
                ..Row::default()
            };
            for (status, column) in &self.finished {
                row.finished[*status as usize] = column[i];
            }
            row
        };
        Series::from_rows((0..length).map(row).collect(), self.row_s.ilog2())
            .ok_or_else(|| "a series is longer than any run".to_owned())
    }
}

/// Where the front end's processes are no pods, there is nothing to say.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseForm {
    status: Status,
    cause: Cause,
    count: u64,
    posts: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    at_ingress: u64,
    first_ns: u64,
    last_ns: u64,
    when: HistogramForm,
}

/// A [`Tally`]; its samples are stored apart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TallyForm {
    arrived: u64,
    statuses: BTreeMap<Status, u64>,
    causes: Vec<CauseForm>,
    in_flight_at_end: u64,
    in_flight_age_ns: u128,
    latency_ok: HistogramForm,
    latency_lost_ns: u128,
    think_ns: u128,
    connections_ns: u128,
    sent_twice: u64,
    executed_but_5xx: u64,
    series: SeriesForm,
}

impl TallyForm {
    pub(super) fn of(tally: &Tally) -> TallyForm {
        let statuses = Status::ALL.iter().copied().zip(tally.statuses).filter(|(_, n)| *n > 0);
        let causes = tally.causes.iter().map(|(&(status, cause), t)| CauseForm {
            status,
            cause,
            count: t.count,
            posts: t.posts,
            at_ingress: t.at_ingress,
            first_ns: t.first_ns,
            last_ns: t.last_ns,
            when: HistogramForm::of(&t.when),
        });
        TallyForm {
            arrived: tally.arrived,
            statuses: statuses.collect(),
            causes: causes.collect(),
            in_flight_at_end: tally.in_flight_at_end,
            in_flight_age_ns: tally.in_flight_age_ns,
            latency_ok: HistogramForm::of(&tally.latency_ok),
            latency_lost_ns: tally.latency_all_ns,
            think_ns: tally.think_ns,
            connections_ns: tally.connections_ns,
            sent_twice: tally.sent_twice,
            executed_but_5xx: tally.executed_but_5xx,
            series: SeriesForm::of(&tally.series),
        }
    }

    pub(super) fn back(&self) -> Result<Tally, String> {
        let mut tally = Tally {
            arrived: self.arrived,
            in_flight_at_end: self.in_flight_at_end,
            in_flight_age_ns: self.in_flight_age_ns,
            latency_ok: self.latency_ok.back()?,
            latency_all_ns: self.latency_lost_ns,
            think_ns: self.think_ns,
            connections_ns: self.connections_ns,
            sent_twice: self.sent_twice,
            executed_but_5xx: self.executed_but_5xx,
            series: self.series.back()?,
            ..Tally::default()
        };
        for (status, count) in &self.statuses {
            tally.statuses[*status as usize] = *count;
        }
        for form in &self.causes {
            let cause = CauseTally {
                count: form.count,
                posts: form.posts,
                at_ingress: form.at_ingress,
                first_ns: form.first_ns,
                last_ns: form.last_ns,
                when: form.when.back()?,
                samples: Vec::new(),
            };
            if tally.causes.insert((form.status, form.cause), cause).is_some() {
                return Err(format!("two counts for {} {}", form.status, form.cause));
            }
        }
        if tally.conserves() { Ok(tally) } else { Err("the counts do not add up".to_owned()) }
    }
}

/// A [`Sample`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleForm {
    run: u32,
    status: Status,
    cause: Cause,
    request: u64,
    sent_ns: u64,
    lost_ns: u64,
    method: Method,
    pod: Option<u32>,
    attempts: u32,
}

impl SampleForm {
    pub(super) fn of(sample: &Sample) -> SampleForm {
        let loss = &sample.loss;
        SampleForm {
            run: sample.run,
            status: sample.status,
            cause: sample.cause,
            request: loss.request,
            sent_ns: loss.sent_ns,
            lost_ns: loss.lost_ns,
            method: loss.method,
            pod: loss.pod,
            attempts: loss.attempts,
        }
    }

    pub(super) fn back(&self) -> Sample {
        let loss = LossSample {
            request: self.request,
            sent_ns: self.sent_ns,
            lost_ns: self.lost_ns,
            method: self.method,
            pod: self.pod,
            attempts: self.attempts,
        };
        Sample { run: self.run, status: self.status, cause: self.cause, loss }
    }
}

/// Nanoseconds as seconds.
pub(super) fn seconds(ns: u64) -> f64 {
    Nanos(ns).as_secs_f64()
}
