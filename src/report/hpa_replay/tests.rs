use super::*;

#[test]
fn times_are_dates_or_counted_from_the_start() {
    let at = |seconds: u64| clock(SimTime::START + Nanos::from_secs(seconds));
    assert_eq!(at(0), "+0s");
    assert_eq!(at(3_723), "+1h2m3s");
    for (seconds, date) in [
        (951_868_799, "2000-02-29 23:59:59"),
        (1_000_000_000, "2001-09-09 01:46:40"),
        (1_772_366_400, "2026-03-01 12:00:00"),
        (1_798_761_599, "2026-12-31 23:59:59"),
        (4_107_542_400, "2100-03-01 00:00:00"),
    ] {
        assert_eq!(at(seconds), date);
    }
}

/// A small replay of two autoscalers, one of them held against what really happened.
fn sample() -> ReplayReport {
    use crate::hpa_replay::{Setup, assign, compare_with_observed, read_recording, replay, summarize};
    use crate::model::hpa::{HpaSpec, MetricSource, MetricSpec, MetricTarget, Options};

    let rows: String =
        (0..40).map(|i| format!("{},{}\n", 1_772_366_400 + i * 15, if i < 4 { 3 } else { 14 })).collect();
    let recording = read_recording(&format!("time,queue\n{rows}")).expect("a valid table");
    let hpa = |max_replicas| HpaSpec {
        min_replicas: 1,
        max_replicas,
        metrics: vec![MetricSpec {
            source: MetricSource::External { metric: "queue".into() },
            target: MetricTarget::average_value(1_000),
        }],
        behavior: None,
    };
    let options = Options::for_kubernetes(35);
    let sync_period = Nanos::from_secs(15);
    let mut variants = Vec::new();
    let mut agreement = None;
    let mut limits = None;
    for (name, max) in [("hpa.yaml", 20), ("tight.yaml", 8)] {
        let hpa = hpa(max);
        let inputs = assign(&hpa, &recording, None, None).expect("one metric, one row");
        let setup = Setup {
            hpa: &hpa,
            options: &options,
            sync_period,
            inputs: &inputs,
            fleet: None,
            follow: Follow::Replay,
            startup: Nanos::from_secs(30),
            initial: None,
        };
        let steps = replay(&setup).expect("a replay");
        if agreement.is_none() {
            let mut real = recording.series[0].clone();
            let sizes = [3, 3, 3, 3, 3, 3, 6, 12].into_iter().chain([14; 22]).chain([17; 10]);
            real.points.iter_mut().zip(sizes).for_each(|(point, size)| point.value = f64::from(size));
            agreement = Some(compare_with_observed(&setup, &real).expect("the same times"));
            limits = Some(setup.limits());
        }
        let summary = summarize(&steps, sync_period, options.tolerances.up);
        let metrics = vec!["queue".to_owned()];
        variants.push(Variant { name: name.to_owned(), metrics, bounds: (1, max), steps, summary });
    }
    ReplayReport {
        title: "default/web on queue.csv".to_owned(),
        sync_period,
        follow: Follow::Replay,
        startup: Nanos::from_secs(30),
        startup_given: false,
        kubernetes: "kubernetes 1.35 assumed".to_owned(),
        limits: limits.expect("there are variants"),
        variants,
        agreement,
        warnings: Vec::new(),
    }
}

#[test]
fn the_table_tells_sizes_changes_differences_and_what_is_unknown() {
    let mut text = Vec::new();
    sample().write_text(&mut text).expect("a vector takes everything");
    insta::assert_snapshot!(String::from_utf8(text).expect("text"));
}

#[test]
fn csv_has_a_line_per_sync_and_json_every_change() {
    let mut text = Vec::new();
    let report = sample();
    report.write_csv(&mut text).expect("a vector takes everything");
    let text = String::from_utf8(text).expect("text");
    assert_eq!(text.lines().count(), 81);
    assert_eq!(
        text.lines().nth(5),
        Some("hpa.yaml,1772366460,3,3,4.666666666666667,14,14,6,ReadyForNewScale,ScaleUpLimit,false")
    );
    let json = report.to_json();
    assert_eq!(json["autoscalers"][0]["changes"][0]["desired"], 6);
    assert_eq!(json["autoscalers"][1]["wanted_more_s"], 525.0);
    assert_eq!(json["agreement"]["differences"][0]["reason"], "one-interval-later");
    assert!(json["unknown"].as_array().is_some_and(|lines| lines.len() >= 3));
}

#[test]
fn the_picture_shows_ratio_and_sizes() {
    use crate::report::plot::{Chart, Format, Size, render};
    let Chart::Time(chart) = sample().chart() else { panic!("something over time") };
    assert_eq!(chart.panels.iter().map(|panel| panel.series.len()).collect::<Vec<_>>(), [3, 4]);
    let svg = render(&Chart::Time(chart), Format::Svg, Size::DEFAULT).expect("a picture");
    let svg = String::from_utf8(svg).expect("text");
    assert!(svg.contains("hpa.yaml: 3 to 14 replicas"), "{}", &svg[..400]);
}
