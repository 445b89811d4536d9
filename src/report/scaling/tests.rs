//! The details keep to what the result says.

use super::*;
use crate::model::hpa::LevelUnit;
use crate::study::{HpaCondition, HpaReading, HpaStep, PodWay, ScaleOutSpan, Scaler, ScalerMetric};

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> HpaCondition {
    HpaCondition { kind: kind.into(), status: status.into(), reason: reason.into(), message: message.into() }
}

fn cpu(percent: i64, replicas: i32) -> HpaReading {
    HpaReading {
        value: Some(percent),
        target: Some(50),
        unit: Some(LevelUnit::PercentOfRequests),
        replicas: Some(replicas),
        error: None,
        ready: 3,
        unready: 0,
        missing: 0,
        ignored: 0,
    }
}

fn step(at_s: i64, (current, desired): (u32, i32), reading: HpaReading) -> HpaStep {
    HpaStep {
        at_ns: at_s * 1_000_000_000,
        current,
        proposal: reading.replicas,
        stabilized: reading.replicas,
        desired,
        reason: "DesiredWithinRange".into(),
        winner: Some(0),
        readings: vec![reading],
        conditions: vec![condition("ScalingLimited", "False", "DesiredWithinRange", "fine")],
    }
}

fn scaler() -> Scaler {
    let metric = ScalerMetric { kind: "Resource".into(), name: "cpu".into(), resource: Some("cpu".into()) };
    Scaler { min: 2, max: 9, metrics: vec![metric] }
}

fn text(first: &FirstRun) -> String {
    let mut out = Vec::new();
    write(first, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn every_sync_has_a_line_with_its_reason() {
    let mut limited = step(60, (3, 6), HpaReading { unready: 2, ignored: 1, ..cpu(190, 12) });
    limited.conditions = vec![condition("ScalingLimited", "True", "ScaleUpLimit", "too fast")];
    let mut held = step(75, (6, 6), cpu(10, 2));
    held.stabilized = Some(6);
    let mut slow = step(80, (6, 6), cpu(90, 9));
    slow.stabilized = Some(6);
    let failure = HpaReading {
        value: None,
        target: None,
        unit: None,
        replicas: None,
        error: Some("no-metrics".into()),
        ..cpu(0, 0)
    };
    let mut failed = step(90, (6, 6), failure);
    failed.proposal = None;
    let mut above = step(105, (12, 9), cpu(0, 0));
    (above.reason, above.readings) = ("AboveMaxReplicas".into(), Vec::new());
    let mut queue = step(
        120,
        (9, 9),
        HpaReading {
            value: Some(180_000),
            target: Some(20_000),
            unit: Some(LevelUnit::TotalForEach),
            ..cpu(0, 9)
        },
    );
    queue.conditions = vec![
        condition("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
        condition("ScalingLimited", "False", "DesiredWithinRange", "the desired count is fine"),
    ];
    let hpa = vec![step(45, (3, 3), cpu(48, 3)), limited, held, slow, failed, above, queue];
    let first = FirstRun { scaler: Some(scaler()), hpa, ..FirstRun::default() };
    let text = text(&first);
    let want = "
The autoscaler in run 1, sync by sync (minReplicas 2, maxReplicas 9):
    +45.0 s     3          cpu 48 % of the requests, target 50 %: asks for 3
    +60.0 s     3 -> 6     cpu 190 % of the requests, target 50 % (3 counted, 2 unready, 1 ignored): asks for 12; ScaleUpLimit
    +75.0 s     6          cpu 10 % of the requests, target 50 %: asks for 2; held at 6 by the scale-down window
    +80.0 s     6          cpu 90 % of the requests, target 50 %: asks for 9; held at 6 by the scale-up window
    +90.0 s     6          cpu failed: no-metrics; no metric can be used
   +105.0 s    12 -> 9     above maxReplicas 9: cut at once
   +120.0 s     9          cpu 180000m in all, target 20000m per pod: asks for 9

Conditions at the end:
  Type            Status  Reason              Message
  AbleToScale     True    ReadyForNewScale    recommended size matches current size
  ScalingLimited  False   DesiredWithinRange  the desired count is fine
";
    assert_eq!(text, want, "\n{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" s  ")).count(), first.hpa.len());
}

#[test]
fn a_step_up_is_told_stage_by_stage() {
    let second = 1_000_000_000;
    let stages = |list: [u64; 7]| list.map(|s| Some(s * second));
    let arrived = PodWay { pod: 3, stages_ns: stages([8, 4, 3, 0, 2, 12, 5]) };
    let mut waiting = PodWay { pod: 5, ..arrived };
    waiting.stages_ns[6] = None;
    let step = ScaleOutSpan {
        at_ns: 75 * 1_000_000_000,
        from: 3,
        to: 6,
        load_rose_ns: Some(60 * 1_000_000_000),
        pods: 3,
        first: Some(arrived),
        last: Some(waiting),
    };
    let none = ScaleOutSpan { pods: 0, first: None, last: None, ..step.clone() };
    let first = FirstRun { scaler: Some(scaler()), scale_outs: vec![step, none], ..FirstRun::default() };
    let text = text(&first);
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("3 -> 6")).collect();
    assert_eq!(
        rows,
        [
            "  +75.0 s  3 -> 6  first pod                8 24 %  4 12 %   3 9 %    0 0 %    2 6 %  12 35 %       5 15 %     34",
            "  +75.0 s  3 -> 6  last pod                 8 28 %  4 14 %  3 10 %    0 0 %    2 7 %  12 41 %            -    >29",
            "  +75.0 s  3 -> 6  no pod was made",
        ],
        "\n{text}"
    );
    let shares: f64 = parts(&arrived).map(|part| part.share).sum();
    assert!((shares - 1.0).abs() < 1e-12);
}

#[test]
fn without_an_autoscaler_there_is_nothing_to_tell() {
    assert_eq!(text(&FirstRun::default()), "");
}
