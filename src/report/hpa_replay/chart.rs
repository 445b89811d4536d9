//! The picture: the metric against its target, and the sizes below.

use super::{ReplayReport, Variant};
use crate::hpa_replay::Step;
use crate::report::plot::{Chart, Heading, Panel, Series, SeriesKind, TimeChart, YAxis, series_colour};
use crate::units::SimTime;

impl ReplayReport {
    /// Metric over target, what the metrics ask for, and the size that is set.
    pub fn chart(&self) -> Chart {
        let start = self.variants.iter().filter_map(|v| v.steps.first()).map(|step| step.at).min();
        let start = start.unwrap_or(SimTime::START);
        let mut ratios = Panel::new("metric / target");
        let mut sizes = Panel { y: YAxis::Count, weight: 1.4, ..Panel::new("replicas") };
        for (index, variant) in self.variants.iter().enumerate() {
            let label = |what: &str| match self.variants.len() {
                1 => what.to_owned(),
                _ => format!("{} {what}", variant.name),
            };
            let colour = series_colour(2 * index);
            let finite = |step: &Step| step.ratio.filter(|ratio| ratio.is_finite());
            let kind = SeriesKind::Step(points(variant, start, finite));
            ratios.series.push(Series { label: label("ratio"), colour, kind });
            let kind = SeriesKind::Step(points(variant, start, |step| step.proposal.map(f64::from)));
            let proposals = Series { label: label("asked for"), colour: series_colour(2 * index + 1), kind };
            let kind = SeriesKind::Step(points(variant, start, |step| Some(f64::from(step.desired))));
            sizes.series.extend([proposals, Series { label: label("set"), colour, kind }]);
        }
        if let Some(end) = self.variants.first().and_then(|v| v.steps.last()) {
            let kind = SeriesKind::Line(vec![(0.0, 1.0), (end.at.since(start).as_secs_f64(), 1.0)]);
            ratios.series.push(Series { label: "target".to_owned(), colour: series_colour(7), kind });
        }
        let words: Vec<String> = self.variants.iter().map(headline).collect();
        Chart::Time(TimeChart {
            heading: Heading::new(words.join("; "), format!("replay of {}", self.title)),
            x_label: "since the first sync".to_owned(),
            panels: vec![ratios, sizes],
            ..TimeChart::default()
        })
    }
}

fn headline(variant: &Variant) -> String {
    let summary = &variant.summary;
    let (least, most, _) = summary.replicas;
    let changes = summary.ups + summary.downs;
    format!(
        "{}: {least} to {most} replicas, {changes} changes, {:.0} pod-hours",
        variant.name, summary.pod_hours
    )
}

fn points(variant: &Variant, start: SimTime, value: impl Fn(&Step) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |step: &Step| Some((step.at.since(start).as_secs_f64(), value(step)?));
    variant.steps.iter().filter_map(point).collect()
}
