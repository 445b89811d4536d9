//! How long a picture takes: 10,000 points as SVG and as PNG, 1200 x 600 logical pixels.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use podloss::report::plot::{
    Chart, Format, Panel, Series, SeriesKind, Size, TimeChart, YAxis, render, series_colour, status_colour,
};

/// Four series of 2,500 points: two lines above two stacked areas, as a report draws them.
fn chart() -> Chart {
    let row = |seed: u32, base: f64, spread: f64| -> Vec<(f64, f64)> {
        (0..2_500_u32)
            .map(|second| {
                let mixed = (second + seed).wrapping_mul(0x9E37_79B9);
                (f64::from(second), base + spread * f64::from(mixed ^ (mixed >> 15)) / f64::from(u32::MAX))
            })
            .collect()
    };
    let series = |label: &str, colour, kind| Series { label: label.into(), colour, kind };
    let offered = series("offered", series_colour(0), SeriesKind::Line(row(0, 900.0, 80.0)));
    let ok = series("ok", series_colour(1), SeriesKind::Line(row(7, 700.0, 150.0)));
    let lost =
        ["502", "503"].map(|key| series(key, status_colour(key), SeriesKind::Area(row(99, 0.0, 90.0))));
    Chart::Time(TimeChart {
        panels: vec![
            Panel { series: vec![offered, ok], ..Panel::new("requests per second") },
            Panel { y: YAxis::Count, series: lost.into(), ..Panel::new("lost per second") },
        ],
        ..TimeChart::default()
    })
}

fn pictures(criterion: &mut Criterion) {
    let chart = chart();
    for (name, format) in [("svg", Format::Svg), ("png", Format::Png)] {
        criterion.bench_function(&format!("plot/10000 points/{name}"), |bencher| {
            bencher.iter(|| render(black_box(&chart), format, Size::DEFAULT).map(|bytes| bytes.len()));
        });
    }
    criterion.bench_function("plot/10000 points/svg and png", |bencher| {
        bencher.iter(|| {
            [Format::Svg, Format::Png]
                .map(|format| render(black_box(&chart), format, Size::DEFAULT).map(|b| b.len()))
        });
    });
}

criterion_group!(benches, pictures);
criterion_main!(benches);
