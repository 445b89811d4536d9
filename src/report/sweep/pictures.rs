//! What a sweep looks like: a heat map, a line with its interval per knob, and what it all costs.
//!
//! Where a picture shows fewer knobs than the sweep has, the others stand still: in the heat map at
//! their values in the best point, along one knob where that knob changes most. The subtitle says
//! where.

use crate::report::comparison::shown;
use crate::report::pictures::Picture;
use crate::report::plot::{
    Chart, Heading, HeatMap, RangeChart, RangePoint, Scatter, ScatterPoint, Size, YAxis, series_colour,
};
use crate::sweep::{Axis, Measured, Merged, Order, Row, best};
use crate::units::parse_duration;

/// The pictures of a metric over the sweep.
pub fn pictures(merged: &Merged, order: &Order) -> Vec<Picture> {
    let Some(best) = best(&merged.rows, order).first().copied() else { return Vec::new() };
    let view = View { merged, order, best };
    let mut pictures = Vec::new();
    if merged.header.axes.len() > 1 {
        pictures.push(view.heat_map());
    }
    pictures.extend(merged.header.axes.iter().enumerate().filter_map(|(index, axis)| view.line(index, axis)));
    pictures.push(view.scatter());
    pictures
}

struct View<'a> {
    merged: &'a Merged,
    order: &'a Order,
    best: &'a Row,
}

impl View<'_> {
    /// `at` has the knobs that are not shown.
    fn heading(&self, title: String, at: &Row, shown: &[usize]) -> Heading {
        let header = &self.merged.header;
        let others = at.knobs.iter().enumerate().filter(|(index, _)| !shown.contains(index));
        let others: Vec<String> = others.map(|(_, (knob, value))| format!("{knob}={value}")).collect();
        let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(" ")) };
        Heading::new(title, format!("{}; {} runs at each point{others}", header.name, header.runs))
    }

    fn title(&self) -> String {
        let mean = |row: &Row| row.measured(&self.order.name).map(|measured| measured.mean);
        let best = mean(self.best);
        let equals = self.merged.rows.iter().filter(|row| mean(row) == best).count().saturating_sub(1);
        let others = match equals {
            0 => String::new(),
            1 => ", as at one other point".to_owned(),
            n => format!(", as at {n} other points"),
        };
        let value = shown(self.order.metric, best.unwrap_or(f64::NAN));
        format!("{} is best at {}: {value}{others}", self.order.name, self.best.settings())
    }

    /// The row that differs from this one in the given knobs alone, by axis and place of the value.
    fn at(&self, row: &Row, shown: &[(usize, usize)]) -> Option<&Row> {
        let axes = &self.merged.header.axes;
        let wanted = row.knobs.iter().enumerate().map(|(index, (_, value))| {
            shown.iter().find(|(axis, _)| *axis == index).map_or(value, |(_, at)| &axes[index].values[*at])
        });
        let places = wanted.zip(axes).map(|(value, axis)| axis.values.iter().position(|v| v == value));
        let mut point: usize = 0;
        for (place, axis) in places.zip(axes) {
            point = point * axis.values.len() + place?;
        }
        self.merged.rows.get(point)
    }

    fn heat_map(&self) -> Picture {
        let axes = &self.merged.header.axes;
        let cell = |x: usize, y: usize| {
            let row = self.at(self.best, &[(0, x), (1, y)]);
            row.and_then(|row| row.measured(&self.order.name)).map_or(f64::NAN, |measured| measured.mean)
        };
        let place = |axis: usize| axes[axis].values.iter().position(|v| *v == self.best.knobs[axis].1);
        let cells =
            (0..axes[1].values.len()).map(|y| (0..axes[0].values.len()).map(|x| cell(x, y)).collect());
        let chart = HeatMap {
            heading: self.heading(self.title(), self.best, &[0, 1]),
            x_label: axes[0].knob.clone(),
            y_label: axes[1].knob.clone(),
            value_label: format!("{} per run", self.order.name),
            columns: axes[0].values.clone(),
            rows: axes[1].values.clone(),
            cells: cells.collect(),
            framed: place(0).zip(place(1)),
        };
        Picture { name: "heat-map".into(), chart: Chart::Heat(chart), size: Size::DEFAULT }
    }

    /// The metric along one knob whose values have a scale.
    fn line(&self, index: usize, axis: &Axis) -> Option<Picture> {
        let values: Vec<(f64, &str)> =
            axis.values.iter().map(|value| quantity(value)).collect::<Option<_>>()?;
        let unit = values.first()?.1;
        if values.len() < 2 || values.iter().any(|(_, other)| *other != unit) {
            return None;
        }
        let start = self.steepest(index)?;
        let point = |(at, (x, _)): (usize, &(f64, &str))| {
            let Measured { mean, ci95 } = self.at(start, &[(index, at)])?.measured(&self.order.name)?;
            let (lo, hi) = ci95.map_or((mean, mean), |interval| (interval.lo, interval.hi));
            Some(RangePoint { x: *x, middle: mean, lo, hi })
        };
        let mut points: Vec<RangePoint> = values.iter().enumerate().filter_map(point).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let title = format!("{} along {}", self.order.name, axis.knob);
        let chart = RangeChart {
            heading: self.heading(title, start, &[index]),
            x_label: if unit.is_empty() { axis.knob.clone() } else { format!("{}, {unit}", axis.knob) },
            y_label: format!("{} per run", self.order.name),
            y: YAxis::Linear,
            points,
            middle_label: "mean".to_owned(),
            band_label: "95 % interval".to_owned(),
            markers: Vec::new(),
            when_empty: "zero at every value".to_owned(),
        };
        let name = format!("along-{}", plain(&axis.knob));
        Some(Picture { name: name.into(), chart: Chart::Range(chart), size: Size::DEFAULT })
    }

    /// The first point of the line along a knob on which the metric changes most; of equals the one
    /// through the best point.
    fn steepest(&self, index: usize) -> Option<&Row> {
        let values = self.merged.header.axes[index].values.len();
        let change = |row: &&Row| {
            let means = (0..values).filter_map(|at| self.at(row, &[(index, at)])?.measured(&self.order.name));
            let (lo, hi) = means
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), m| (lo.min(m.mean), hi.max(m.mean)));
            hi - lo
        };
        let first = |row: &&Row| row.knobs[index].1 == self.merged.header.axes[index].values[0];
        let best = self.at(self.best, &[(index, 0)])?;
        let others = self.merged.rows.iter().filter(first);
        Some(others.fold(best, |known, row| if change(&row) > change(&known) { row } else { known }))
    }

    /// Loss against pods against time.
    fn scatter(&self) -> Picture {
        let mean = |row: &Row, name: &str| row.measured(name).map_or(f64::NAN, |measured| measured.mean);
        let places = |row: &Row| (mean(row, "pod_hours"), mean(row, "lost"));
        let rows: Vec<&Row> = self.merged.rows.iter().filter(|row| row.figures().is_some()).collect();
        // On the front: nothing loses less for no more pods.
        let mut sorted: Vec<(f64, f64, u64)> =
            rows.iter().map(|row| (places(row).0, places(row).1, row.point)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut least = f64::INFINITY;
        let mut front = std::collections::BTreeSet::new();
        for (_, lost, point) in sorted {
            if lost < least {
                least = lost;
                front.insert(point);
            }
        }
        let point = |row: &&Row| {
            let on_front = front.contains(&row.point);
            ScatterPoint {
                x: places(row).0,
                y: places(row).1,
                size: mean(row, "rollout_time"),
                label: row.settings(),
                colour: series_colour(if on_front { 0 } else { 4 }),
                important: on_front,
            }
        };
        let chart = Scatter {
            heading: self.heading(
                "What fewer losses cost".to_owned(),
                self.best,
                &(0..self.best.knobs.len()).collect::<Vec<_>>(),
            ),
            x_label: "pod-hours per run".to_owned(),
            y_label: "lost requests per run".to_owned(),
            y: YAxis::Linear,
            size_label: "rollout time in seconds".to_owned(),
            points: rows.iter().map(point).collect(),
        };
        Picture { name: "cost".into(), chart: Chart::Scatter(chart), size: Size::DEFAULT }
    }
}

/// A value with a scale: a number, a share, a time.
fn quantity(text: &str) -> Option<(f64, &'static str)> {
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        return Some((percent.trim().parse().ok()?, "%"));
    }
    match (text.parse::<f64>(), parse_duration(text)) {
        (Ok(number), _) => number.is_finite().then_some((number, "")),
        (_, Ok(span)) => Some((span.as_secs_f64(), "seconds")),
        _ => None,
    }
}

/// A knob as a part of a file name.
fn plain(knob: &str) -> String {
    let words: String = knob.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    words.split_whitespace().collect::<Vec<_>>().join("-")
}
