use super::*;
use crate::model::hpa::{
    Behavior, Direction, HpaSpec, MetricSource, MetricSpec, MetricTarget, Options, ScalingRules,
};
use crate::units::{Nanos, SimTime};

const PERIOD: Nanos = Nanos::from_secs(15);

fn read(text: &str) -> Recording {
    read_recording(text).expect("a valid recording")
}

/// What is wrong with a text.
fn error(text: &str) -> String {
    read_recording(text).expect_err("an invalid recording").to_string()
}

fn numbers(series: &Series) -> Vec<(f64, f64)> {
    series.points.iter().map(|point| (point.at.run_secs(), point.value)).collect()
}

fn hpa(source: MetricSource, target: MetricTarget, bounds: (i32, i32)) -> HpaSpec {
    HpaSpec {
        min_replicas: bounds.0,
        max_replicas: bounds.1,
        metrics: vec![MetricSpec { source, target }],
        behavior: None,
    }
}

fn queue(bounds: (i32, i32)) -> HpaSpec {
    hpa(MetricSource::External { metric: "queue".into() }, MetricTarget::average_value(1_000), bounds)
}

fn cpu(percent: i32, bounds: (i32, i32)) -> HpaSpec {
    hpa(MetricSource::Resource { resource: "cpu".into() }, MetricTarget::utilization(percent), bounds)
}

/// One number per period from the start on.
fn csv(header: &str, period: u64, values: &[f64]) -> Recording {
    let rows = (0..).zip(values).map(|(i, value): (u64, &f64)| format!("{},{value}\n", i * period));
    read(&format!("time,{header}\n{}", rows.collect::<String>()))
}

struct Case<'a> {
    hpa: &'a HpaSpec,
    recording: &'a Recording,
    counts: Option<Counts>,
    capacity: Option<f64>,
    follow: Follow,
    startup: u64,
    initial: Option<i32>,
    period: Nanos,
}

impl<'a> Case<'a> {
    fn new(hpa: &'a HpaSpec, recording: &'a Recording) -> Case<'a> {
        Case {
            hpa,
            recording,
            counts: None,
            capacity: None,
            follow: Follow::Replay,
            startup: 0,
            initial: None,
            period: PERIOD,
        }
    }

    fn with<T>(
        &self,
        use_setup: impl FnOnce(&Setup<'_>) -> Result<T, ReplayError>,
    ) -> Result<T, ReplayError> {
        let inputs = assign(self.hpa, self.recording, self.counts, self.capacity)?;
        let fleet = fleet_of(self.recording);
        use_setup(&Setup {
            hpa: self.hpa,
            options: &Options::for_kubernetes(35),
            sync_period: self.period,
            inputs: &inputs,
            fleet: fleet.as_ref(),
            follow: self.follow,
            startup: Nanos::from_secs(self.startup),
            initial: self.initial,
        })
    }

    fn steps(&self) -> Result<Vec<Step>, ReplayError> {
        self.with(replay)
    }

    fn sizes(&self) -> Vec<i32> {
        self.steps().expect("a replay").iter().map(|step| step.desired).collect()
    }
}

// === Reading ===

#[test]
fn reads_what_prometheus_answers() {
    let recording = read(
        r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"cpu","pod":"a"},"values":[[1772366400,"0.25"],[1772366415.5,"NaN"],[1772366430,"1e-3"]]},
            {"metric":{},"values":[[0,7],[15,"+Inf"]]}]},"warnings":[]}"#,
    );
    assert_eq!(recording.series[0].title(), r#"cpu{pod="a"}"#);
    assert_eq!(numbers(&recording.series[0]), [(1_772_366_400.0, 0.25), (1_772_366_430.0, 0.001)]);
    assert_eq!(numbers(&recording.series[1]), [(0.0, 7.0)]);
    let bare = read(r#"[{"metric":{"__name__":"x"},"values":[[5,"1"]]}]"#);
    assert_eq!((bare.series[0].name.as_str(), bare.series[0].points.len()), ("x", 1));
    let data = read(r#"{"resultType":"matrix","result":[{"metric":{},"values":[[5,"1"]]}]}"#);
    assert_eq!(data.series.len(), 1);
}

#[test]
fn says_what_is_wrong_with_an_answer() {
    for (text, want) in [
        (r#"{"status":"error","error":"bad query"}"#, "status: the query failed: bad query"),
        (
            r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            "data.resultType: is `vector`: ask /api/v1/query_range, which answers with a `matrix`",
        ),
        (
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            "data.result: the query found nothing",
        ),
        (
            r#"[{"metric":{},"values":[[5,"1"],[5,"2"]]}]"#,
            "data.result[0].values[1]: the time is not later than the one before: sort the rows and drop doubles",
        ),
        (r#"[{"metric":{},"values":[[5,"many"]]}]"#, "data.result[0].values[0]: the value is no number"),
        (
            r#"[{"metric":{},"values":[[-5,"1"]]}]"#,
            "data.result[0].values[0]: -5 is no time in seconds: write seconds since 1970 or since the start",
        ),
        (
            r#"[{"metric":{},"value":[5,"1"]}]"#,
            "data.result[0]: holds a single `value`: ask /api/v1/query_range",
        ),
        (r#"[{"metric":{},"values":[[5,"NaN"]]}]"#, "there is no number in it: widen the range of the query"),
        ("", "the file is empty"),
    ] {
        assert_eq!(error(text), want, "{text}");
    }
    assert!(error("{\"status\":\n oops}").starts_with("line 2: "), "{}", error("{\"status\":\n oops}"));
}

#[test]
fn reads_csv_as_tools_export_it() {
    let recording = read(
        "# from a dashboard\n\"Time\";\"cpu, mean\";replicas\n2026-03-01 12:00:00;55.5%;3\n2026-03-01T12:00:15Z;;3\n1772366430000;60;4\n",
    );
    assert_eq!(recording.series[0].name, "cpu, mean");
    assert_eq!(numbers(&recording.series[0]), [(1_772_366_400.0, 55.5), (1_772_366_430.0, 60.0)]);
    assert_eq!(recording.series[1].points.len(), 3);
}

#[test]
fn says_what_is_wrong_with_a_table() {
    for (text, want) in [
        ("cpu\n1\n", "line 1: write a header such as `time,cpu`: the time first, then one column per metric"),
        ("0,50\n15,60\n", "line 1: the first line must name the columns, such as `time,cpu`"),
        ("time,cpu\n0,1\n15\n", "line 3: 1 cells under a header of 2"),
        (
            "time,cpu\nnoon,1\n",
            "line 2: `noon` is no time: write seconds, or a date such as 2026-03-01T12:00:00Z",
        ),
        ("time,cpu\n0,high\n", "line 2: column `cpu`: `high` is no number"),
        (
            "time,cpu\n15,1\n0,1\n",
            "line 3: the time is not later than the one before: sort the rows and drop doubles",
        ),
        ("time,cpu\n0,\n", "there is no number in it: widen the range of the query"),
        ("# nothing\n", "the file holds no line"),
    ] {
        assert_eq!(error(text), want, "{text}");
    }
}

// === Assigning ===

#[test]
fn rows_find_their_metrics_by_name() {
    let two =
        HpaSpec { metrics: [cpu(50, (1, 9)).metrics, queue((1, 9)).metrics].concat(), ..cpu(50, (1, 9)) };
    let recording = read("time,queue,cpu,replicas\n0,12,60,3\n");
    let inputs = assign(&two, &recording, None, None).expect("both are there");
    let of = |input: &Input| (input.values.points[0].value, input.counts);
    assert_eq!(inputs.iter().map(of).collect::<Vec<_>>(), [(60.0, Counts::Percent), (12.0, Counts::Total)]);
    assert_eq!(fleet_of(&recording).map(|fleet| numbers(&fleet)), Some(vec![(0.0, 3.0)]));
    let error = assign(&two, &read("time,queue,load\n0,12,60\n"), None, None).expect_err("cpu is missing");
    assert_eq!(
        error.to_string(),
        "no row feeds metric `cpu`: name a row or column so; the recording has `load`, `queue`"
    );
}

#[test]
fn rows_of_pods_are_added_up_or_averaged() {
    let recording = read(
        r#"[{"metric":{"__name__":"cpu","pod":"a"},"values":[[0,"10"],[15,"20"]]},
            {"metric":{"__name__":"cpu","pod":"b"},"values":[[15,"40"]]}]"#,
    );
    let values = |counts| {
        let inputs = assign(&cpu(50, (1, 9)), &recording, counts, Some(100.0)).expect("one metric");
        numbers(&inputs[0].values)
    };
    assert_eq!(values(None), [(0.0, 10.0), (15.0, 30.0)]);
    assert_eq!(values(Some(Counts::Total)), [(0.0, 10.0), (15.0, 60.0)]);
    assert_eq!(fleet_of(&recording).map(|fleet| numbers(&fleet)), Some(vec![(0.0, 1.0), (15.0, 2.0)]));
    let twice = read(
        r#"[{"metric":{"__name__":"cpu","zone":"a"},"values":[[0,"1"]]},
            {"metric":{"__name__":"cpu","zone":"b"},"values":[[0,"1"]]}]"#,
    );
    let error = assign(&cpu(50, (1, 9)), &twice, None, None).expect_err("not pods").to_string();
    assert!(error.starts_with("several rows feed metric `cpu`: add them up in the query"), "{error}");
}

#[test]
fn numbers_that_do_not_fit_the_target_are_refused() {
    let recording = csv("cpu", 15, &[60.0]);
    let assign = |hpa: &HpaSpec, counts, capacity| assign(hpa, &recording, Some(counts), capacity);
    let no_capacity = assign(&cpu(50, (1, 9)), Counts::Total, None);
    assert!(matches!(no_capacity, Err(ReplayError::NoCapacity { .. })), "{no_capacity:?}");
    let zero = assign(&cpu(50, (1, 9)), Counts::Total, Some(0.0));
    assert!(matches!(zero, Err(ReplayError::NoCapacity { .. })), "{zero:?}");
    let percent = assign(&queue((1, 9)), Counts::Percent, None);
    assert!(matches!(percent, Err(ReplayError::NoRequest { .. })), "{percent:?}");
}

#[test]
fn a_mean_without_a_number_of_pods_is_refused() {
    let (hpa, recording) = (cpu(50, (1, 9)), csv("cpu", 15, &[60.0, 60.0]));
    for follow in [Follow::Replay, Follow::Recorded] {
        let case = Case { follow, ..Case::new(&hpa, &recording) };
        assert_eq!(case.steps(), Err(ReplayError::NoFleet));
    }
    let apart = read("time,cpu,replicas\n0,50,\n15,50,\n30,,3\n45,,3\n");
    assert_eq!(Case::new(&hpa, &apart).steps(), Err(ReplayError::NoOverlap));
    let slow = Case { period: Nanos::ZERO, ..Case::new(&hpa, &apart) };
    assert_eq!(slow.steps(), Err(ReplayError::NoPeriod));
}

// === Replaying ===

/// Ten to eighty: with `behavior` the size doubles every 15 s, and without it, too.
/// Source: published case H3.
#[test]
fn a_size_doubles_per_sync_at_most() {
    let recording = csv("queue", 15, &[10.0, 80.0, 80.0, 80.0, 80.0]);
    let mut hpa = queue((1, 100));
    assert_eq!(Case::new(&hpa, &recording).sizes(), [10, 20, 40, 80, 80]);
    hpa.behavior = Some(Behavior::default());
    assert_eq!(Case::new(&hpa, &recording).sizes(), [10, 20, 40, 80, 80]);
}

/// Two windows of five minutes: up takes the least of its window, down the most.
/// Source: published case H2.
#[test]
fn two_windows_keep_a_size_that_wavers() {
    let window = Some(Nanos::from_secs(300));
    let rules =
        |direction| ScalingRules { stabilization_window: window, ..ScalingRules::default_for(direction) };
    let hpa = HpaSpec {
        behavior: Some(Behavior { scale_up: rules(Direction::Up), scale_down: rules(Direction::Down) }),
        ..queue((2, 100))
    };
    let recording = csv("queue", 60, &[2.0, 3.0, 1.0]);
    let case = Case { period: Nanos::from_secs(60), ..Case::new(&hpa, &recording) };
    assert_eq!(case.sizes(), [2, 2, 2]);
}

/// 90 % on 4 pods is a load of 360 %; on six pods that is 60 %.
#[test]
fn a_recorded_mean_is_shared_anew_by_the_replays_pods() {
    let rows = (0..40).map(|i| format!("{},90,4\n", i * 15)).collect::<String>();
    let recording = read(&format!("time,cpu,replicas\n{rows}"));
    let hpa = cpu(60, (1, 20));
    let steps = Case::new(&hpa, &recording).steps().expect("a replay");
    assert_eq!(steps[0].ratio, Some(1.5));
    assert_eq!((steps[0].current, steps[0].desired), (4, 6));
    let last = steps.last().expect("forty of them");
    assert_eq!((last.ratio, last.desired), (Some(1.0), 6));
    // As recorded the metric never falls, and every decision starts from four pods.
    let recorded =
        Case { follow: Follow::Recorded, ..Case::new(&hpa, &recording) }.steps().expect("a replay");
    assert!(recorded.iter().all(|step| (step.current, step.desired) == (4, 6)));
}

/// The closed form: a load of 6.1 cores on pods that request 200m each, held to 50 %.
#[test]
fn a_total_with_a_capacity_needs_no_number_of_pods() {
    let recording = csv("load", 15, &[6.1; 100]);
    let hpa = cpu(50, (1, 100));
    let case = Case { capacity: Some(0.2), counts: Some(Counts::Total), ..Case::new(&hpa, &recording) };
    let sizes = case.sizes();
    // ceil(6.1 / 0.2 / 0.5) = 61; 10 % of tolerance lets it rest a little lower.
    assert!((56..=61).contains(&sizes[0]), "{sizes:?}");
    assert!(sizes.iter().all(|size| *size == sizes[0]), "it begins where it rests: {sizes:?}");
}

/// Pods that start slowly are counted as 0 % on the way up, which damps the next step.
#[test]
fn slow_starters_hold_the_next_step_back() {
    let load: Vec<f64> = (0..40).map(|i| if i < 2 { 1.0 } else { 4.0 }).collect();
    let recording = csv("load", 15, &load);
    let hpa = cpu(50, (1, 100));
    let case = |startup| Case { capacity: Some(1.0), startup, ..Case::new(&hpa, &recording) };
    let (fast, slow) = (case(0).steps().expect("a replay"), case(120).steps().expect("a replay"));
    assert_eq!(fast[2].desired, slow[2].desired, "the first step is the same");
    let above = |steps: &[Step]| summarize(steps, PERIOD, 0.1).above_target;
    assert!(above(&slow) > above(&fast), "{:?} {:?}", above(&slow), above(&fast));
    assert!(slow.iter().any(|step| step.ready < step.current));
    assert_eq!(slow.last().map(|step| step.desired), fast.last().map(|step| step.desired));
}

#[test]
fn a_gap_in_the_recording_fails_the_metric() {
    let recording = read("time,queue\n0,5\n15,5\n30,5\n120,5\n135,5\n");
    let hpa = queue((1, 100));
    let steps = Case::new(&hpa, &recording).steps().expect("a replay");
    let failed: Vec<f64> = steps
        .iter()
        .filter(|step| step.failed)
        .map(|step| step.at.since(steps[0].at).as_secs_f64())
        .collect();
    assert_eq!(failed, [60.0, 75.0, 90.0, 105.0], "a number holds for less than two steps");
    assert_eq!(summarize(&steps, PERIOD, 0.1).failed, 4);
}

#[test]
fn a_summary_counts_turns_only_when_they_follow_soon() {
    let fast = ScalingRules {
        stabilization_window: Some(Nanos::ZERO),
        ..ScalingRules::default_for(Direction::Down)
    };
    let hpa =
        HpaSpec { behavior: Some(Behavior { scale_down: fast, ..Behavior::default() }), ..queue((1, 100)) };
    // Up at 1, down at 3, up at 60: the last turn comes more than ten minutes later.
    let load: Vec<f64> = (0..70).map(|i| if matches!(i, 1 | 2) || i >= 60 { 8.0 } else { 4.0 }).collect();
    let recording = csv("queue", 15, &load);
    let steps = Case::new(&hpa, &recording).steps().expect("a replay");
    let summary = summarize(&steps, PERIOD, 0.1);
    assert_eq!((summary.ups, summary.downs, summary.flaps), (2, 1, 1));
    assert_eq!(summary.replicas.0, 4);
    assert_eq!(summary.replicas.1, 8);
    let pods: i32 = steps.iter().map(|step| step.desired).sum();
    assert!((summary.pod_hours - f64::from(pods) * 15.0 / 3_600.0).abs() < 1e-9);
    assert_eq!(summary.span, Nanos::from_secs(70 * 15));
    // Twice the load rose above what was there: one sync each.
    assert_eq!(summary.above_target, Nanos::from_secs(30));
    assert_eq!(summary.beyond_tolerance, Nanos::from_secs(30));
}

// === Against the real controller ===

fn observed(sizes: &[i32]) -> Series {
    let points = (0..).zip(sizes).map(|(i, size): (u64, &i32)| Point {
        at: SimTime::START + Nanos::from_secs(i * 15),
        value: f64::from(*size),
    });
    Series { name: "desired".into(), points: points.collect(), ..Series::default() }
}

#[test]
fn a_controller_that_did_the_same_agrees_everywhere() {
    let recording = csv("queue", 15, &[4.0, 4.0, 9.0, 9.0, 9.0, 16.0, 16.0]);
    let hpa = queue((1, 100));
    let sizes = Case { initial: Some(4), ..Case::new(&hpa, &recording) }.sizes();
    assert_eq!(sizes, [4, 4, 8, 9, 9, 16, 16]);
    // The size at a point is what the syncs before it left.
    let real = observed(&[4, 4, 4, 8, 9, 9, 16]);
    let agreement =
        Case::new(&hpa, &recording).with(|setup| compare_with_observed(setup, &real)).expect("times");
    assert_eq!((agreement.compared, agreement.equal), (6, 6));
    assert_eq!((agreement.changes, agreement.equal_changes), (3, 3));
}

#[test]
fn differences_have_reasons() {
    let reasons = |load: &[f64], sizes: &[i32], bounds| {
        let (hpa, recording) = (queue(bounds), csv("queue", 15, load));
        let case = Case::new(&hpa, &recording);
        let agreement = case.with(|setup| compare_with_observed(setup, &observed(sizes))).expect("times");
        agreement.differences.iter().map(|d| (d.replayed, d.observed, d.reason)).collect::<Vec<_>>()
    };
    let steady = [4.0; 60];
    let mut sizes = vec![4; 60];
    assert_eq!(reasons(&steady, &sizes, (1, 100)), []);
    // A size that nothing explains, after the window.
    sizes[50..].fill(6);
    assert_eq!(reasons(&steady, &sizes, (1, 100))[0], (4, 6, DifferenceReason::Unexplained));
    assert_eq!(reasons(&steady, &sizes, (1, 5))[0], (4, 6, DifferenceReason::OutsideBounds));
    // The same at once, when the memory of the controller is not known.
    let mut early = vec![4; 60];
    early[3] = 5;
    assert_eq!(reasons(&steady, &early, (1, 100))[0].2, DifferenceReason::EarlierMemory);
    // A controller that reacts one interval later.
    let mut load = [4.0; 60];
    load[40..].fill(7.0);
    let mut late = vec![4; 60];
    late[42..].fill(7);
    assert_eq!(reasons(&load, &late, (1, 100)), [(7, 4, DifferenceReason::OneIntervalLater)]);
    // A peak in one number only, which the real controller read one sync later.
    let mut peak = [4.0; 60];
    peak[40] = 6.0;
    let mut seen = vec![4; 60];
    seen[42..].fill(6);
    let found = reasons(&peak, &seen, (1, 100));
    assert!(found.iter().all(|(_, _, reason)| *reason != DifferenceReason::Unexplained), "{found:?}");
}

#[test]
fn what_a_replay_cannot_know_depends_on_its_kind() {
    let recording = read("time,queue,replicas\n0,5,5\n15,5,5\n");
    let hpa = queue((1, 100));
    let limits = |follow| {
        Case { follow, ..Case::new(&hpa, &recording) }.with(|setup| Ok(setup.limits())).expect("limits")
    };
    let replayed = limits(Follow::Replay);
    assert!(
        replayed.load_is_shared && !replayed.metric_stays && !replayed.uses_fleet && !replayed.value_stays
    );
    let recorded = limits(Follow::Recorded);
    assert!(recorded.metric_stays && recorded.uses_fleet && !recorded.load_is_shared);
}
