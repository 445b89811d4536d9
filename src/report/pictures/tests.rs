//! The pictures of a small study.

use super::*;
use crate::config::case::Override;
use crate::report::plot::{Format, MarkKind, PodState, SeriesKind, render};
use crate::study::testing::case;
use crate::study::{Options, Quiet, run};

fn result(overrides: &[(&str, &str)]) -> StoredResult {
    let set = |(knob, value): &(&str, &str)| Override { knob: (*knob).into(), value: (*value).into() };
    let fixed: Vec<Override> = overrides.iter().map(set).collect();
    let study = run(
        &|more: &[Override]| case(&fixed.iter().chain(more).cloned().collect::<Vec<_>>()),
        Options::default(),
        &Quiet,
        &|| false,
    );
    StoredResult::new(study.expect("a study")).expect("expectations that can be judged")
}

fn losing() -> StoredResult {
    result(&[])
}

fn safe() -> StoredResult {
    result(&[("preStop", "12s"), ("stop", "drain")])
}

fn title(chart: &Chart) -> &str {
    match chart {
        Chart::Time(chart) => &chart.heading.title,
        Chart::Pods(chart) => &chart.heading.title,
        Chart::Range(chart) => &chart.heading.title,
        Chart::Latency(chart) => &chart.heading.title,
        Chart::Heat(chart) => &chart.heading.title,
        Chart::Scatter(chart) => &chart.heading.title,
    }
}

#[test]
fn titles_say_what_is_seen() {
    let titles = |result: &StoredResult| -> String {
        let pictures = pictures(result);
        let lines = pictures.iter().map(|picture| format!("{}: {}\n", picture.name, title(&picture.chart)));
        lines.collect()
    };
    insta::assert_snapshot!(titles(&losing()), @r"
    requests: Rollout at 20 s loses about 239 of 4,790 requests
    pods: Never fewer than 4 ready pods, at most 5 at once with those that come and go
    pod-lives: 4 of 4 stopping pods stay in rotation after they have closed, for up to 4 s
    latency: Half of the answers take up to 40 ms, 99 of 100 up to 128 ms, the slowest 330 ms
    latency-percentiles: 1 of 1,000 answers takes longer than 185 ms
    unknown: The loss goes from 66 to 494 over the plausible removal of the test
    ");
    let safe = titles(&safe());
    for line in [
        "requests: Rollout at 20 s loses none of 4,790 requests in each of 6 runs\n",
        "pod-lives: Every stopping pod is out of rotation before it closes\n",
    ] {
        assert!(safe.contains(line), "{line} is missing in\n{safe}");
    }
}

#[test]
fn every_picture_can_be_drawn_and_is_always_the_same() {
    for result in [losing(), safe()] {
        for picture in pictures(&result) {
            for format in [Format::Svg, Format::Png] {
                let draw = || render(&picture.chart, format, picture.size).expect(&picture.name);
                assert!(draw() == draw(), "{}", picture.name);
            }
        }
    }
}

#[test]
fn the_dots_on_the_pods_are_all_the_losses_of_the_run() {
    let result = losing();
    let chart = lives::chart(&result);
    let lost = |mark: &&crate::report::plot::Mark| mark.kind == MarkKind::Lost;
    let marked: u64 = chart.pods.iter().flat_map(|pod| &pod.marks).filter(lost).map(|mark| mark.count).sum();
    assert!(marked > 0);
    assert_eq!(marked, result.runs[0].lost, "every loss of this case happens on a pod");
    let areas = requests::lost_panel(&result.first).series;
    let drawn = areas.iter().map(|series| match &series.kind {
        SeriesKind::Area(points) => points.iter().map(|point| point.1).sum::<f64>(),
        other => panic!("losses are areas, not {other:?}"),
    });
    assert_eq!(drawn.sum::<f64>().round() as u64, marked);
    // Four old pods with their ends, then four new ones with their beginnings.
    let has = |state| chart.pods.iter().filter(|pod| pod.segments.iter().any(|s| s.state == state)).count();
    assert_eq!((chart.pods.len(), has(PodState::Starting), has(PodState::Stopping)), (8, 4, 4));
    assert!(chart.pods[..4].iter().all(|pod| pod.revision == "old"), "{:?}", chart.pods[0]);
}

#[test]
fn an_unfinished_run_still_has_pictures() {
    let study = run(&case, Options::default(), &Quiet, &|| true).expect("a study");
    let result = StoredResult::new(study).expect("expectations that can be judged");
    assert!(result.interrupted);
    for picture in pictures(&result) {
        render(&picture.chart, Format::Png, picture.size).expect(&picture.name);
    }
}

#[test]
fn gaps_dead_nodes_and_every_event_are_shown() {
    let mut result = losing();
    let listed = result.first.pods[7].listed_ns.expect("a new pod takes requests");
    result.first.pods[7].absences_ns = vec![(listed + 5_000_000_000, listed + 8_000_000_000)];
    let chart = lives::chart(&result);
    let row = chart.pods.iter().find(|row| row.name == "pod 8").expect("its bar");
    let rotation: Vec<_> = row.segments.iter().filter(|s| s.state == PodState::InRotation).collect();
    assert_eq!(rotation.len(), 2, "{:?}", row.segments);
    assert!((rotation[1].from_s - rotation[0].to_s - 3.0).abs() < 1e-9, "{:?}", row.segments);

    // What is drawn of a pod whose Service was switched five seconds before its deletion.
    let mut switched = losing();
    let old = switched.first.pods.iter().position(|pod| pod.deleted_ns.is_some()).expect("a pod goes");
    let pod = &mut switched.first.pods[old];
    let deleted = pod.deleted_ns.expect("just asked");
    pod.deselected_ns = Some(deleted - 5_000_000_000);
    pod.unlisted_ns = Some(deleted - 4_000_000_000);
    let name = format!("pod {}", old + 1);
    let chart = lives::chart(&switched);
    let row = chart.pods.iter().find(|row| row.name == name).expect("its bar");
    let waits = row.segments.iter().rfind(|s| s.state == PodState::ReadyNotInRotation).expect("it waits");
    assert!((waits.to_s - waits.from_s - 4.0).abs() < 1e-9, "{:?}", row.segments);

    result.first.pods[7].lost_ns = Some(listed + 10_000_000_000);
    let title = lives::chart(&result).heading.title;
    assert!(title.starts_with("1 pod of a dead node stays in rotation for up to "), "{title}");

    result.header.events.push((40.0, "crash of a pod".to_owned()));
    assert!(requests::chart(&result).events.iter().any(|event| event.label == "crash of a pod"));
    assert!(words::happening(&result).ends_with("and 1 more event"), "{}", words::happening(&result));
}

/// Losses of the front end's own pods are shown on those, not beside pods to which nothing happens.
#[test]
fn pods_of_the_ingress_are_shown_where_they_lose() {
    let mut result = losing();
    let losers: Vec<usize> = result.first.pod_losses.iter().map(|loss| loss.pod as usize).collect();
    for (number, pod) in result.first.pods.iter_mut().enumerate() {
        pod.deployment = u16::from(losers.contains(&number));
    }
    let chart = lives::chart(&result);
    let of_ingress = result.first.pods.iter().filter(|pod| pod.deployment == 1).count();
    assert_eq!(chart.pods.len(), of_ingress);
    assert!(chart.pods.iter().all(|row| row.name.starts_with("ingress pod ")), "{:?}", chart.pods[0].name);
    // Where nobody loses, it is those that come and go.
    result.first.pod_losses.clear();
    for pod in &mut result.first.pods {
        pod.deployment = u16::from(pod.created_ns > 0);
        pod.deleted_ns = None;
    }
    assert_eq!(lives::chart(&result).heading.title, "4 pods start, none stops");
    result.first.pods.retain(|pod| pod.deployment == 0);
    assert_eq!(lives::chart(&result).heading.title, "No pod comes or goes");
}
