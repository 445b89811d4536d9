//! Draws every kind of chart with invented but plausible numbers into a folder, as SVG and PNG:
//!
//! ```text
//! cargo run --release --example plot_gallery -- out/gallery
//! ```
//!
//! Look at the pictures after every change to `src/report/plot`: tests find texts that overlap,
//! but not a picture that nobody understands.

use std::error::Error;
use std::path::{Path, PathBuf};

use podloss::report::plot::{
    Chart, Event, Format, Heading, HeatMap, LatencyChart, LatencyForm, Mark, MarkKind, OK, Panel,
    PercentileCurve, PodRow, PodState, PodTimeline, QuantileSeries, RangeChart, RangePoint, Scatter,
    ScatterPoint, Segment, Series, SeriesKind, Size, Span, TimeChart, YAxis, render, series_colour,
    status_colour,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: plot_gallery FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    for (name, chart) in charts() {
        for (suffix, size) in [("", Size::DEFAULT), ("-small", Size::SMALL)] {
            write(&folder, &format!("{name}{suffix}"), &chart, size)?;
        }
        if let Chart::Pods(pods) = &chart {
            write(&folder, &format!("{name}-tall"), &chart, pods.comfortable_size(1200))?;
        }
    }
    Ok(())
}

fn write(folder: &Path, name: &str, chart: &Chart, size: Size) -> Result<(), Box<dyn Error>> {
    std::fs::write(folder.join(format!("{name}.svg")), render(chart, Format::Svg, size)?)?;
    std::fs::write(folder.join(format!("{name}.png")), render(chart, Format::Png, size)?)?;
    Ok(())
}

fn charts() -> Vec<(&'static str, Chart)> {
    vec![
        ("loss", Chart::Time(loss_over_time(true))),
        ("no-loss", Chart::Time(loss_over_time(false))),
        ("all-statuses", Chart::Time(all_statuses())),
        ("hpa", Chart::Time(hpa())),
        (
            "no-data",
            Chart::Time(TimeChart { panels: vec![Panel::new("lost per second")], ..TimeChart::default() }),
        ),
        ("pods-3", Chart::Pods(pods(3))),
        ("pods-12", Chart::Pods(pods(12))),
        ("pods-40", Chart::Pods(pods(20))),
        ("pods-150", Chart::Pods(pods(75))),
        (
            "pods-none",
            Chart::Pods(PodTimeline { heading: Heading::new("Pods", ""), ..PodTimeline::default() }),
        ),
        ("removal", Chart::Range(removal())),
        ("removal-safe", Chart::Range(safe_removal())),
        ("percentiles", Chart::Latency(percentiles())),
        ("quantiles", Chart::Latency(quantiles())),
        ("grid", Chart::Heat(grid(5, 6))),
        ("grid-large", Chart::Heat(grid(24, 30))),
        ("cost", Chart::Scatter(cost())),
    ]
}

/// Numbers from 0 to 1 that look random and are always the same.
fn noise(index: u32) -> f64 {
    let mixed = index.wrapping_add(1).wrapping_mul(0x9E37_79B9);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B);
    f64::from(mixed ^ (mixed >> 13)) / f64::from(u32::MAX)
}

/// One rollout at 900 requests per second, with or without losses.
fn loss_over_time(loses: bool) -> TimeChart {
    let mut offered = Vec::new();
    let mut ok = Vec::new();
    let mut lost: [Vec<(f64, f64)>; 4] = Default::default();
    for second in 0..180_u32 {
        let at = f64::from(second);
        let rate = 900.0 + 70.0 * (noise(second) - 0.5);
        let wave = |centre: f64, width: f64, height: f64| {
            let distance = (at - centre) / width;
            if loses {
                (height * (-distance * distance).exp() * (0.8 + 0.4 * noise(second + 999))).round()
            } else {
                0.0
            }
        };
        let parts = [
            wave(74.0, 7.0, 210.0) + wave(96.0, 8.0, 260.0),
            wave(76.0, 4.0, 40.0),
            wave(98.0, 6.0, 60.0),
            wave(70.0, 2.0, 25.0) + wave(104.0, 3.0, 30.0),
        ];
        offered.push((at, rate));
        ok.push((at, rate - parts.iter().sum::<f64>()));
        for (row, part) in lost.iter_mut().zip(parts) {
            row.push((at, part));
        }
    }
    let line =
        |label: &str, colour, points| Series { label: label.into(), colour, kind: SeriesKind::Line(points) };
    let areas = ["502", "503", "refused", "timeout"].into_iter().zip(lost).map(|(key, points)| Series {
        label: key.into(),
        colour: status_colour(key),
        kind: SeriesKind::Area(points),
    });
    let heading = if loses {
        Heading::new(
            "Rolling update loses about 8,100 of 162,000 requests",
            "default/web, 900 rps open loop, 12 pods, AWS ALB with IP targets, no preStop; run 1 of 60",
        )
    } else {
        Heading::new(
            "Rolling update with preStop sleep 30 s loses nothing",
            "default/web, 900 rps open loop, 12 pods, AWS ALB with IP targets; run 1 of 60",
        )
    };
    TimeChart {
        heading,
        panels: vec![
            Panel {
                series: vec![line("offered", series_colour(4), offered), line("answered well", OK, ok)],
                ..Panel::new("requests per second")
            },
            Panel {
                y: YAxis::Count,
                series: areas.collect(),
                when_empty: "no request was lost".into(),
                ..Panel::new("lost per second")
            },
        ],
        events: vec![
            Event { at: 60.0, label: "rollout".into() },
            Event { at: 66.0, label: "first old pod stops".into() },
            Event { at: 112.0, label: "last old pod stops".into() },
        ],
        spans: vec![Span { from: 60.0, to: 124.0, label: "rolling update".into() }],
        x_label: "since the start of the run".into(),
        ..TimeChart::default()
    }
}

fn all_statuses() -> TimeChart {
    let keys = "502 503 504 500 refused reset timeout closed truncated 499 408 460";
    let series = keys.split(' ').zip(0_u32..).map(|(key, row)| {
        let points = (0..60_u32).map(|bin| (f64::from(bin) * 60.0, (20.0 * noise(bin * 13 + row)).round()));
        Series { label: key.into(), colour: status_colour(key), kind: SeriesKind::Area(points.collect()) }
    });
    TimeChart {
        heading: Heading::new("Every status at once", "the worst hour anybody can have"),
        panels: vec![Panel { y: YAxis::Count, series: series.collect(), ..Panel::new("lost per minute") }],
        ..TimeChart::default()
    }
}

/// A day with an autoscaler: a band of load, replicas as steps.
fn hpa() -> TimeChart {
    let mut load = Vec::new();
    let mut band = Vec::new();
    let mut replicas = Vec::new();
    let mut samples = Vec::new();
    let mut held = 3.0_f64;
    for minute in 0..(24 * 60_u32) {
        let at = f64::from(minute) * 60.0;
        let day = 0.5 - 0.5 * (f64::from(minute) / 1440.0 * std::f64::consts::TAU).cos();
        let rate = 400.0 + 2_600.0 * day * day + 160.0 * (noise(minute) - 0.5);
        load.push((at, rate));
        band.push((at, rate * 0.86, rate * 1.17));
        let want = (rate / 140.0).ceil();
        held = if want > held { want } else { held.min(held - (held - want).min(0.06)) };
        replicas.push((at, held.ceil()));
        if minute % 45 == 0 {
            samples.push((at, (rate * (0.9 + 0.2 * noise(minute + 7)) / 140.0).ceil()));
        }
    }
    TimeChart {
        heading: Heading::new(
            "A day under the autoscaler",
            "hpa 3..24 at 65 % CPU, stabilization 300 s down, 0 s up",
        ),
        panels: vec![
            Panel {
                series: vec![
                    Series {
                        label: "5 % to 95 %".into(),
                        colour: series_colour(0),
                        kind: SeriesKind::Band(band),
                    },
                    Series { label: "mean".into(), colour: series_colour(0), kind: SeriesKind::Line(load) },
                ],
                ..Panel::new("requests per second")
            },
            Panel {
                y: YAxis::Count,
                series: vec![
                    Series {
                        label: "replicas".into(),
                        colour: series_colour(1),
                        kind: SeriesKind::Step(replicas),
                    },
                    Series {
                        label: "wanted".into(),
                        colour: series_colour(3),
                        kind: SeriesKind::Points(samples),
                    },
                ],
                ..Panel::new("pods")
            },
        ],
        events: vec![
            Event { at: 9.0 * 3600.0, label: "release".into() },
            Event { at: 9.2 * 3600.0, label: "rollback".into() },
            Event { at: 9.5 * 3600.0, label: "release, second try".into() },
            Event { at: 23.8 * 3600.0, label: "nightly node drain".into() },
        ],
        ..TimeChart::default()
    }
}

/// A rollout of `count` old pods to as many new ones, three at a time.
fn pods(count: u32) -> PodTimeline {
    let mut rows = Vec::new();
    let name = |hash: &str, index: u32| format!("web-{hash}-{:05x}", (noise(index) * 1_048_575.0) as u32);
    let segment = |state, from_s, to_s| Segment { state, from_s, to_s };
    let wave = |index: u32| f64::from(index / 3) * (if count > 20 { 4.0 } else { 14.0 });
    for index in 0..count {
        let delete = 72.0 + wave(index) + 3.0 * noise(index + 50);
        let hook = if index % 3 == 2 { 10.0 } else { 4.0 };
        let stop = delete + hook;
        let removed = delete + 5.0 + 6.0 * noise(index + 80);
        let killed = index % 7 == 4;
        let end = if killed { stop + 14.0 } else { stop + 3.0 + 4.0 * noise(index) };
        let mut marks = Vec::new();
        for second in 0..10_u32 {
            let at_s = stop + 0.4 + f64::from(second);
            if at_s < removed {
                marks.push(Mark {
                    kind: MarkKind::Lost,
                    at_s,
                    count: 20 + (140.0 * noise(index * 31 + second)) as u64,
                });
            }
        }
        if killed {
            marks.push(Mark { kind: MarkKind::Killed, at_s: end, count: 1 });
            marks.push(Mark { kind: MarkKind::Lost, at_s: end, count: 12 });
        }
        rows.push(PodRow {
            name: name("6d4cf56db6", index),
            revision: "old".into(),
            segments: vec![
                segment(PodState::InRotation, 0.0, removed),
                segment(PodState::PreStop, delete, stop),
                segment(PodState::Stopping, stop, end),
            ],
            marks,
        });
    }
    for index in 0..count {
        let created = 60.0 + wave(index) + 2.0 * noise(index + 300);
        let starting = created + 1.0 + 2.0 * noise(index + 310);
        let running = starting + 2.0 + 2.0 * noise(index + 320);
        let ready = running + 6.0 + 4.0 * noise(index + 330);
        let rotation = ready + 1.5 + 2.0 * noise(index + 340);
        let end = 90.0 + wave(count) + 20.0;
        rows.push(PodRow {
            name: name("75675f5897", index + 700),
            revision: "new".into(),
            segments: vec![
                segment(PodState::Scheduled, created, starting),
                segment(PodState::Starting, starting, running),
                segment(PodState::RunningNotReady, running, ready),
                segment(PodState::ReadyNotInRotation, ready, rotation),
                segment(PodState::InRotation, rotation, end),
            ],
            marks: Vec::new(),
        });
    }
    PodTimeline {
        heading: Heading::new(
            "Old pods stop before the load balancer lets go of them",
            "default/web, maxSurge 25 %, maxUnavailable 25 %, preStop sleep 4 s or 10 s, removal 5..11 s",
        ),
        shown_s: Some((40.0, 90.0 + wave(count) + 20.0)),
        pods: rows,
        events: vec![Event { at: 60.0, label: "rollout".into() }],
        ..PodTimeline::default()
    }
}

fn removal() -> RangeChart {
    let points = (5..=25_u32).map(|delay| {
        let over = (f64::from(delay) - 8.0).max(0.0);
        let middle = 950.0 * over;
        RangePoint { x: f64::from(delay), middle, lo: middle * 0.82, hi: middle * 1.2 + 90.0 * over.min(1.0) }
    });
    RangeChart {
        heading: Heading::new(
            "The verdict flips at a removal delay of 8 s",
            "lost requests per rollout, default/web, preStop sleep 8 s; 60 runs at each value",
        ),
        x_label: "removal delay of the load balancer, seconds".into(),
        y_label: "lost requests per rollout".into(),
        y: YAxis::Count,
        points: points.collect(),
        middle_label: "median".into(),
        band_label: "5 % to 95 % of the runs".into(),
        markers: vec![
            Event { at: 9.0, label: "used: 9 s (guess)".into() },
            Event { at: 8.0, label: "loses from here on".into() },
        ],
        when_empty: "no request was lost at any value".into(),
    }
}

fn safe_removal() -> RangeChart {
    let points = (5..=25_u32).map(|x| RangePoint { x: f64::from(x), middle: 0.0, lo: 0.0, hi: 0.0 });
    RangeChart {
        heading: Heading::new("Safe over the whole plausible range", "preStop sleep 30 s"),
        points: points.collect(),
        markers: vec![Event { at: 9.0, label: "used: 9 s (guess)".into() }],
        ..removal()
    }
}

fn percentiles() -> LatencyChart {
    let curve = |label: &str, colour, median: f64, tail: f64, stall: f64| {
        let points = (0..=400_u32).map(|step| {
            let nines = f64::from(step) / 100.0;
            let percentile = 100.0 * (1.0 - 10.0_f64.powf(-nines));
            let burst = if nines > 2.3 { stall * ((nines - 2.3) * 2.0).min(1.0) } else { 0.0 };
            (percentile, median * (1.0 + tail * nines * nines) + burst)
        });
        PercentileCurve {
            label: label.into(),
            colour,
            points: points.chain([(100.0, median * 30.0)]).collect(),
        }
    };
    LatencyChart {
        heading: Heading::new(
            "The rollout costs one request in 200 a stall",
            "latency of ok responses, default/web, 900 rps",
        ),
        y: YAxis::Logarithmic,
        form: LatencyForm::ByPercentile(vec![
            curve("steady state", OK, 24.0, 0.25, 0.0),
            curve("during the rollout", series_colour(1), 27.0, 0.33, 460.0),
        ]),
        when_empty: "no request was answered".into(),
    }
}

fn quantiles() -> LatencyChart {
    let row = |label: &str, colour, base: f64, bump: f64, seed: u32| {
        let points = (0..180_u32).map(|second| {
            let distance = (f64::from(second) - 85.0) / 18.0;
            (
                f64::from(second),
                base * (0.9 + 0.2 * noise(second + seed)) + bump * (-distance * distance).exp(),
            )
        });
        QuantileSeries { label: label.into(), colour, points: points.collect() }
    };
    LatencyChart {
        heading: Heading::new(
            "p99 triples while pods warm up",
            "latency of ok responses, default/web, 900 rps",
        ),
        y: YAxis::Linear,
        form: LatencyForm::OverTime {
            quantiles: vec![row("p50", OK, 26.0, 5.0, 0), row("p99", series_colour(1), 82.0, 170.0, 400)],
            events: vec![Event { at: 60.0, label: "rollout".into() }],
            spans: Vec::new(),
        },
        when_empty: "no request was answered".into(),
    }
}

fn grid(rows: u32, columns: u32) -> HeatMap {
    let hook = |row: u32| f64::from(row) * 40.0 / f64::from(rows);
    let delay = |column: u32| 5.0 + f64::from(column) * 25.0 / f64::from(columns);
    let cells = (0..rows).map(|row| {
        (0..columns)
            .map(|column| {
                if row == 2 && column == 3 {
                    f64::NAN
                } else {
                    (900.0 * (delay(column) - hook(row)).max(0.0)).round()
                }
            })
            .collect()
    });
    HeatMap {
        heading: Heading::new(
            "Sleep at least as long as the load balancer needs",
            "default/web, 900 rps, 60 runs per cell",
        ),
        x_label: "removal delay".into(),
        y_label: "preStop sleep".into(),
        value_label: "lost requests per rollout".into(),
        columns: (0..columns).map(|column| format!("{:.0} s", delay(column))).collect(),
        rows: (0..rows).map(|row| format!("{:.0} s", hook(row))).collect(),
        cells: cells.collect(),
        framed: Some((1, 0)),
    }
}

fn cost() -> Scatter {
    let points = [
        ("as it is", 2.1, 8_060.0, 3.1, true),
        ("preStop 10 s", 2.3, 2_250.0, 4.0, false),
        ("preStop 20 s", 2.5, 130.0, 5.2, false),
        ("preStop 30 s", 2.7, 0.0, 6.4, true),
        ("preStop 30 s, maxSurge 100 %", 3.9, 0.0, 1.6, false),
        ("drains on SIGTERM", 1.9, 40.0, 3.2, false),
        ("drains, grace 60 s", 2.25, 25.0, 3.4, false),
        ("maxUnavailable 0", 2.4, 7_900.0, 5.9, false),
        ("Recreate", 1.6, 21_400.0, 0.8, false),
    ];
    let points = points.map(|(label, x, y, size, important)| ScatterPoint {
        x,
        y,
        size,
        label: label.into(),
        colour: if y > 0.0 { series_colour(1) } else { series_colour(0) },
        important,
    });
    Scatter {
        heading: Heading::new("What safety costs", "default/web, one rollout of 12 pods, means of 60 runs"),
        x_label: "pod-hours".into(),
        y_label: "lost requests per rollout".into(),
        y: YAxis::Count,
        size_label: "rollout time in minutes".into(),
        points: points.into(),
    }
}
