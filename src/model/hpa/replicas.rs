//! From a usage ratio to a number of pods.
//!
//! The order of the operations is the controller's, integer divisions and doubles included: some
//! results hang on the last bit (290 % at target 70 on 7 pods gives 30, not 29).
//! Source: replica_calculator.go and metrics/utilization.go.

use super::options::{Options, Tolerances};

/// What the controller reports as the metric's current value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Of a Utilization target.
    Utilization {
        /// Use as a percentage of the requests, cut to a whole number.
        percent: i64,
        /// Use per pod in thousandths.
        average_milli: i64,
    },
    /// Of the other targets: per pod in thousandths, for a Value target for all pods together.
    Usage {
        /// In thousandths.
        milli: i64,
    },
}

/// How a proposal came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The ratio times this many pods, rounded up.
    Pods(u64),
    /// The total divided by the target per pod, rounded up.
    Total,
    /// Kept: the ratio is within the tolerance.
    WithinTolerance,
    /// Kept: with unready and missing pods filled in, the ratio is within the tolerance.
    FilledWithinTolerance,
    /// Kept: with unready and missing pods filled in, the ratio lies on the other side of 1.
    FilledTurns,
    /// Kept: surge pods would turn the step into one in the other direction.
    CountTurns,
}

/// A proposal of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    /// The current value that is reported; that of the first pass.
    pub reading: Reading,
    /// Current value over target.
    pub first_ratio: f64,
    /// The same with unready and missing pods filled in, where that was done.
    pub second_ratio: Option<f64>,
    /// The proposed size.
    pub replicas: i32,
    /// How it came about.
    pub basis: Basis,
}

/// What a per-pod metric is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodTarget {
    /// Percent of the requests.
    Utilization(i32),
    /// Thousandths per pod.
    Average(i64),
}

/// A per-pod metric, added up by group. Sums are wider than the controller's so that they cannot
/// overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pods that count as ready.
    pub ready: u32,
    /// Samples that are left once those of ignored and unready pods are dropped, including
    /// samples of pods that no longer match.
    pub samples: u64,
    /// Sum of those samples; for a Utilization target only of pods that are known.
    pub value: i128,
    /// Number of samples in `value`.
    pub valued: u64,
    /// Sum of the requests of the pods in `value` (Utilization only).
    pub requested: i128,
    /// Pods without a sample.
    pub missing: u64,
    /// Sum of their requests (Utilization only).
    pub missing_requested: i128,
    /// Sum of what they count for when shrinking (Utilization only: each share is cut to a whole
    /// thousandth on its own).
    pub missing_filled: i128,
    /// Pods that are unready.
    pub unready: u64,
    /// Sum of their requests (Utilization only).
    pub unready_requested: i128,
}

/// Use over target of the samples in `tally`: the ratio and what is reported. `None` if there is
/// nothing to divide by.
///
/// It is a ratio of sums, not a mean of ratios, and the utilization is cut to a whole percent
/// before it is divided.
/// Source: utilization.go GetResourceUtilizationRatio, GetMetricUsageRatio.
pub fn usage_ratio(target: PodTarget, tally: &Tally) -> Option<(f64, Reading)> {
    let average = |sum: i128, count: u64| (count > 0).then(|| clamp_i64(sum / i128::from(count)));
    match target {
        PodTarget::Utilization(percent) => {
            if tally.requested == 0 {
                return None;
            }
            let utilization = clamp_i64(tally.value * 100 / tally.requested);
            let average_milli = average(tally.value, tally.valued)?;
            let reading = Reading::Utilization { percent: utilization, average_milli };
            Some((utilization as f64 / f64::from(percent), reading))
        }
        PodTarget::Average(target) => {
            let milli = average(tally.value, tally.valued)?;
            Some((milli as f64 / target as f64, Reading::Usage { milli }))
        }
    }
}

/// The proposal of a Resource, ContainerResource or Pods metric; `None` if the samples belong to
/// no pod that requests anything.
pub(super) fn propose_for_pods(
    target: PodTarget,
    tally: &Tally,
    current: i32,
    tolerances: Tolerances,
    options: &Options,
) -> Option<Proposal> {
    let (ratio, reading) = usage_ratio(target, tally)?;
    let keep = |second_ratio, basis| Proposal {
        reading,
        first_ratio: ratio,
        second_ratio,
        replicas: current,
        basis,
    };
    let grow_past_unready = tally.unready > 0 && ratio > 1.0;
    if tally.missing == 0 && !grow_past_unready {
        if options.within(tolerances, ratio) {
            return Some(keep(None, Basis::WithinTolerance));
        }
        // The pods that count, not the current size, are multiplied.
        let basis = Basis::Pods(u64::from(tally.ready));
        let replicas = ceil_i32(ratio * f64::from(tally.ready));
        return Some(Proposal { replicas, ..keep(None, basis) });
    }

    let filled = fill(target, tally, ratio, grow_past_unready, options);
    let (second, _) = usage_ratio(target, &filled)?;
    if options.within(tolerances, second) {
        return Some(keep(Some(second), Basis::FilledWithinTolerance));
    }
    if (ratio < 1.0 && second > 1.0) || (ratio > 1.0 && second < 1.0) {
        return Some(keep(Some(second), Basis::FilledTurns));
    }
    let replicas = ceil_i32(second * filled.samples as f64);
    let turns = (second < 1.0 && replicas > current) || (second > 1.0 && replicas < current);
    if turns && (matches!(target, PodTarget::Utilization(_)) || options.averages_keep_direction) {
        return Some(keep(Some(second), Basis::CountTurns));
    }
    Some(Proposal { replicas, ..keep(Some(second), Basis::Pods(filled.samples)) })
}

/// Adds what pods without a usable sample count for, against the direction of the change: none of
/// their request when growing, all of it (or the target) when shrinking.
fn fill(target: PodTarget, tally: &Tally, ratio: f64, unready: bool, options: &Options) -> Tally {
    let mut filled = *tally;
    let mut add = |pods: u64, value: i128, requested: i128| {
        filled.samples += pods;
        filled.valued += pods;
        filled.value += value;
        filled.requested += requested;
    };
    let average = match target {
        PodTarget::Utilization(_) => None,
        PodTarget::Average(milli) => Some(i128::from(milli)),
    };
    if ratio < 1.0 {
        let value = average.map_or(tally.missing_filled, |milli| milli * i128::from(tally.missing));
        add(tally.missing, value, tally.missing_requested);
    } else if ratio > 1.0 || (average.is_some() && options.missing_pods_count_at_target) {
        add(tally.missing, 0, tally.missing_requested);
    }
    if unready {
        add(tally.unready, 0, tally.unready_requested);
    }
    filled
}

/// What a pod without a sample counts for when shrinking, of its request.
/// Source: replica_calculator.go GetResourceReplicas, fallbackUtilization (kubernetes#112178).
pub(super) fn missing_fill(request: i64, target_percent: i32, options: &Options) -> i128 {
    let percent = if options.missing_pods_follow_target { target_percent.max(100) } else { 100 };
    i128::from(request) * i128::from(percent) / 100
}

/// The proposal of an Object or External metric with a Value target; `None` if pods are needed
/// and there are none.
///
/// `ready` counts pods that run and are ready; deletion plays no role, so terminating pods count
/// until they turn unready.
/// Source: replica_calculator.go getUsageRatioReplicaCount.
pub(super) fn propose_for_value(
    value: i64,
    target: i64,
    current: i32,
    ready: Option<u32>,
    tolerances: Tolerances,
    options: &Options,
) -> Option<Proposal> {
    let ratio = value as f64 / target as f64;
    let (replicas, basis) = if current == 0 {
        (ceil_i32(ratio), Basis::Pods(1))
    } else if options.within(tolerances, ratio) {
        (current, Basis::WithinTolerance)
    } else {
        let ready = ready?;
        (ceil_i32(ratio * f64::from(ready)), Basis::Pods(u64::from(ready)))
    };
    let reading = Reading::Usage { milli: value };
    Some(Proposal { reading, first_ratio: ratio, second_ratio: None, replicas, basis })
}

/// The proposal of an Object or External metric with an AverageValue target.
///
/// Note the status size: within the tolerance the proposal is what exists, which during a rollout
/// differs from what is asked for. At zero the ratio is infinite or not a number and never within.
/// The sum of an External metric that has reached the largest number is reported undivided.
/// Source: replica_calculator.go GetObjectPerPodMetricReplicas, GetExternalPerPodMetricReplicas.
pub(super) fn propose_for_average(
    value: i64,
    external: bool,
    target: i64,
    status_replicas: i32,
    tolerances: Tolerances,
    options: &Options,
) -> Proposal {
    let ratio = value as f64 / (target as f64 * f64::from(status_replicas));
    let (replicas, basis) = if options.within(tolerances, ratio) {
        (status_replicas, Basis::WithinTolerance)
    } else {
        (ceil_i32(value as f64 / target as f64), Basis::Total)
    };
    let milli = match status_replicas {
        _ if external && value as f64 >= i64::MAX as f64 => i64::MAX,
        0 => 0,
        pods => ceil_i64(value as f64 / f64::from(pods)),
    };
    Proposal { reading: Reading::Usage { milli }, first_ratio: ratio, second_ratio: None, replicas, basis }
}

/// Adds the series of an External metric for an AverageValue target: a sum below zero is taken for
/// one that overflowed.
/// Source: replica_calculator.go GetExternalPerPodMetricReplicas.
pub(super) fn sum_for_average(values: &[i64]) -> i64 {
    let mut sum: i64 = 0;
    for value in values {
        match sum.checked_add(*value) {
            Some(next) if next >= 0 => sum = next,
            _ => return i64::MAX,
        }
    }
    sum
}

/// Adds the series of an External metric for a Value target, stopping at the largest number there
/// is.
pub(super) fn sum_of_series(values: &[i64]) -> i64 {
    let mut sum: i64 = 0;
    for value in values {
        match sum.checked_add(*value) {
            Some(next) => sum = next,
            None if *value > 0 => return i64::MAX,
            None => return i64::MIN,
        }
    }
    sum
}

/// Rounds up into 32 bits; beyond them the bound, not a number is 0.
pub(super) fn ceil_i32(value: f64) -> i32 {
    trunc_i32(value.ceil())
}

/// Cuts towards zero into 32 bits; beyond them the bound, not a number is 0.
#[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate, which is what is meant")]
pub(super) fn trunc_i32(value: f64) -> i32 {
    value as i32
}

#[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate, which is what is meant")]
fn ceil_i64(value: f64) -> i64 {
    value.ceil() as i64
}

fn clamp_i64(value: i128) -> i64 {
    let bound = if value < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(value).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BAND: Tolerances = Tolerances { up: 0.1, down: 0.1 };

    fn newest() -> Options {
        Options::for_kubernetes(37)
    }

    /// Ready pods with a value and a request each; missing and unready pods with a request each.
    fn tally(
        target: i32,
        ready: &[(i64, i64)],
        missing: &[i64],
        unready: &[i64],
        options: &Options,
    ) -> Tally {
        let sum = |requests: &[i64]| requests.iter().copied().map(i128::from).sum();
        Tally {
            ready: u32::try_from(ready.len()).unwrap(),
            samples: ready.len() as u64,
            valued: ready.len() as u64,
            value: ready.iter().map(|(value, _)| i128::from(*value)).sum(),
            requested: ready.iter().map(|(_, request)| i128::from(*request)).sum(),
            missing: missing.len() as u64,
            missing_requested: sum(missing),
            missing_filled: missing.iter().map(|request| missing_fill(*request, target, options)).sum(),
            unready: unready.len() as u64,
            unready_requested: sum(unready),
        }
    }

    #[test]
    fn a_ratio_is_of_sums_and_cut_to_whole_percents() {
        let two = tally(50, &[(50, 100), (76, 100)], &[], &[], &newest());
        let reading = Reading::Utilization { percent: 63, average_milli: 63 };
        assert_eq!(usage_ratio(PodTarget::Utilization(50), &two), Some((1.26, reading)));
        // 10/1000 and 90/100 are 1 % and 90 %, together 100/1100.
        let uneven = tally(50, &[(10, 1000), (90, 100)], &[], &[], &newest());
        let (ratio, _) = usage_ratio(PodTarget::Utilization(9), &uneven).unwrap();
        assert_eq!(ratio.to_bits(), 1.0_f64.to_bits());
        let average = tally(0, &[(5_000, 0), (10_001, 0)], &[], &[], &newest());
        let reading = Reading::Usage { milli: 7_500 };
        assert_eq!(usage_ratio(PodTarget::Average(10_000), &average), Some((0.75, reading)));
        assert_eq!(usage_ratio(PodTarget::Utilization(50), &average), None, "nothing is requested");
        assert_eq!(usage_ratio(PodTarget::Average(10), &Tally::default()), None, "no sample");
    }

    #[test]
    fn sums_do_not_overflow() {
        let huge = tally(80, &[(i64::MAX, i64::MAX); 3], &[], &[], &newest());
        let (ratio, reading) = usage_ratio(PodTarget::Utilization(80), &huge).unwrap();
        assert_eq!(ratio.to_bits(), 1.25_f64.to_bits());
        assert_eq!(reading, Reading::Utilization { percent: 100, average_milli: i64::MAX });
        let absurd = tally(80, &[(i64::MAX, 1)], &[], &[], &newest());
        let proposal = propose_for_pods(PodTarget::Utilization(80), &absurd, 1, BAND, &newest()).unwrap();
        assert_eq!(proposal.replicas, i32::MAX);
    }

    struct Case {
        name: &'static str,
        target: i32,
        current: i32,
        ready: Vec<(i64, i64)>,
        missing: Vec<i64>,
        unready: Vec<i64>,
        want: (i32, Basis),
    }

    fn case(name: &'static str, target: i32, current: i32, ready: &[(i64, i64)], want: (i32, Basis)) -> Case {
        Case { name, target, current, ready: ready.to_vec(), missing: vec![], unready: vec![], want }
    }

    /// Several cases follow kubernetes replica_calculator_test.go TestReplicaCalc...; the edges are
    /// worked out by hand.
    #[test]
    fn utilization_to_replicas() {
        let full = |n: usize, value: i64| vec![(value, 1000); n];
        let missing = |case: Case, missing: &[i64]| Case { missing: missing.to_vec(), ..case };
        let unready = |case: Case, unready: &[i64]| Case { unready: unready.to_vec(), ..case };
        for case in [
            case("up by the ratio", 30, 3, &[(300, 1000), (500, 1000), (700, 1000)], (5, Basis::Pods(3))),
            case("down by the ratio", 50, 5, &full(5, 280), (3, Basis::Pods(5))),
            // 290/70*7 is 29.000000000000004 in doubles.
            case("doubles show", 70, 7, &full(7, 2900), (30, Basis::Pods(7))),
            case("within: upper edge", 100, 10, &full(10, 1100), (10, Basis::WithinTolerance)),
            case("within: lower edge", 100, 10, &full(10, 900), (10, Basis::WithinTolerance)),
            // 1109/1000 is cut to 110 %.
            case("within: by truncation", 100, 10, &full(10, 1109), (10, Basis::WithinTolerance)),
            case("outside: up", 100, 10, &full(10, 1110), (12, Basis::Pods(10))),
            case("outside: down, by truncation", 100, 10, &full(10, 899), (9, Basis::Pods(10))),
            case("idle", 50, 4, &full(4, 0), (0, Basis::Pods(4))),
            case("one pod", 50, 1, &full(1, 60), (1, Basis::Pods(1))),
            case("the counted pods are multiplied, not the size", 50, 8, &full(4, 1000), (8, Basis::Pods(4))),
            // 2 pods at 20 % and one at 100 % of its request: 1400/3000 = 46 %.
            missing(case("missing pods damp down", 60, 3, &full(2, 200), (3, Basis::Pods(3))), &[1000]),
            missing(case("missing pods turn down", 50, 3, &full(2, 400), (3, Basis::FilledTurns)), &[1000]),
            // 1600/2000 = 80 % is 1.6; with the missing one 1600/3000 = 53 %, 1.06.
            missing(
                case("missing pods stop up", 50, 3, &full(2, 800), (3, Basis::FilledWithinTolerance)),
                &[1000],
            ),
            missing(case("missing pods damp up", 50, 3, &full(2, 1600), (7, Basis::Pods(3))), &[1000]),
            missing(
                case(
                    "nothing to fill at the target",
                    50,
                    3,
                    &full(2, 500),
                    (3, Basis::FilledWithinTolerance),
                ),
                &[1000],
            ),
            // 1200/2000 = 60 % is 1.2; with the unready one 40 %.
            unready(case("unready pods turn up", 50, 3, &full(2, 600), (3, Basis::FilledTurns)), &[1000]),
            unready(case("unready pods damp up", 50, 4, &full(3, 900), (6, Basis::Pods(4))), &[1000]),
            unready(
                case("unready pods are left out down", 50, 4, &full(3, 100), (1, Basis::Pods(3))),
                &[1000],
            ),
            unready(
                case("unready pods are left out within", 50, 4, &full(3, 475), (4, Basis::WithinTolerance)),
                &[1000],
            ),
            unready(
                case(
                    "unready pods are left out at exactly the target",
                    50,
                    4,
                    &full(3, 500),
                    (4, Basis::WithinTolerance),
                ),
                &[1000],
            ),
            // 3 at 60 % of 70, one missing at 100 %: 2800/4000 = 70 %, exactly the target.
            missing(
                case("filled to exactly the target", 70, 4, &full(3, 600), (4, Basis::FilledWithinTolerance)),
                &[1000],
            ),
            // 5 pods of 4: 40 %, filled 2600/5000 = 52 %, 0.86 * 5 = 4.3 -> 5 > 4.
            missing(
                case("surge pods would turn down into up", 60, 4, &full(4, 400), (4, Basis::CountTurns)),
                &[1000],
            ),
            // 2 pods of 6 counted, ratio 2 * 2 = 4, filled 100/60 * 3 = 5 < 6.
            unready(
                case(
                    "few counted pods would turn up into down",
                    60,
                    6,
                    &full(2, 1500),
                    (6, Basis::CountTurns),
                ),
                &[1000],
            ),
            // The second pass with both: 4800/6000 = 80 %, 1.6 * 4.
            unready(
                missing(
                    case("missing and unready together", 50, 4, &full(2, 1600), (7, Basis::Pods(4))),
                    &[1000],
                ),
                &[1000],
            ),
        ] {
            let options = newest();
            let target = PodTarget::Utilization(case.target);
            let tally = tally(case.target, &case.ready, &case.missing, &case.unready, &options);
            let proposal = propose_for_pods(target, &tally, case.current, BAND, &options).unwrap();
            assert_eq!((proposal.replicas, proposal.basis), case.want, "{}: {proposal:?}", case.name);
        }
    }

    #[test]
    fn averages_fill_with_the_target() {
        let options = newest();
        let tally = |ready: &[i64], missing: usize, unready: usize| {
            let ready: Vec<_> = ready.iter().map(|value| (*value, 0)).collect();
            tally(0, &ready, &vec![0; missing], &vec![0; unready], &options)
        };
        for (name, target, current, tally, want) in [
            ("up", 15_000, 3, tally(&[20_000, 10_000, 30_000], 0, 0), (4, Basis::Pods(3))),
            ("within", 20_000, 3, tally(&[20_000, 21_000, 21_000], 0, 0), (3, Basis::WithinTolerance)),
            // 2 at 10 and one at 20: 13.3 of 20, 0.66665 * 3 -> 2.
            ("missing count as the target down", 20_000, 3, tally(&[10_000; 2], 1, 0), (2, Basis::Pods(3))),
            // 2 at 30: 1.5; with a 0 exactly 1.
            (
                "missing count as nothing up",
                20_000,
                3,
                tally(&[30_000; 2], 1, 0),
                (3, Basis::FilledWithinTolerance),
            ),
            ("unready count as nothing up", 20_000, 3, tally(&[60_000; 2], 0, 1), (6, Basis::Pods(3))),
            (
                "nothing to fill at the target",
                20_000,
                3,
                tally(&[20_000; 2], 1, 0),
                (3, Basis::FilledWithinTolerance),
            ),
            // Source: TestReplicaCalcDuringRollingUpdateWithMaxSurge.
            (
                "surge pods would turn down into up",
                17_000,
                2,
                tally(&[10_000; 2], 1, 0),
                (2, Basis::CountTurns),
            ),
        ] {
            let proposal =
                propose_for_pods(PodTarget::Average(target), &tally, current, BAND, &options).unwrap();
            assert_eq!((proposal.replicas, proposal.basis), want, "{name}: {proposal:?}");
        }
    }

    #[test]
    fn the_reported_ratios_are_those_of_both_passes() {
        let options = newest();
        let tally = tally(50, &[(800, 1000), (800, 1000)], &[1000], &[], &options);
        let proposal = propose_for_pods(PodTarget::Utilization(50), &tally, 3, BAND, &options).unwrap();
        assert_eq!(proposal.reading, Reading::Utilization { percent: 80, average_milli: 800 });
        assert_eq!((proposal.first_ratio, proposal.second_ratio), (1.6, Some(1.06)));
    }

    #[test]
    fn old_versions_fill_differently() {
        let (v25, v26) = (Options::for_kubernetes(25), Options::for_kubernetes(26));
        // Missing pods at 100 % or at the target of 300 %, each share cut on its own.
        assert_eq!((missing_fill(333, 300, &v25), missing_fill(333, 300, &v26)), (333, 999));
        assert_eq!((missing_fill(333, 50, &v25), missing_fill(333, 50, &v26)), (333, 333));
        assert_eq!(missing_fill(3, 133, &v26), 3);

        let at_target = |version| {
            let options = Options::for_kubernetes(version);
            let tally = tally(0, &[(10, 0), (10, 0), (10, 0)], &[0], &[], &options);
            propose_for_pods(PodTarget::Average(10), &tally, 4, BAND, &options).unwrap().replicas
        };
        // Exactly at the target with one sample missing: 30/4 = 7, 0.7 * 4 -> 3.
        assert_eq!((at_target(27), at_target(28)), (3, 4));

        let surge = |version| {
            let options = Options::for_kubernetes(version);
            let tally = tally(0, &[(10_000, 0), (10_000, 0)], &[0], &[], &options);
            propose_for_pods(PodTarget::Average(17_000), &tally, 2, BAND, &options).unwrap().replicas
        };
        assert_eq!((surge(20), surge(21)), (3, 2));
        let surge_utilization = |version| {
            let options = Options::for_kubernetes(version);
            let tally = tally(60, &[(400, 1000); 4], &[1000], &[], &options);
            propose_for_pods(PodTarget::Utilization(60), &tally, 4, BAND, &options).unwrap().replicas
        };
        assert_eq!((surge_utilization(20), surge_utilization(21)), (4, 4));
    }

    #[test]
    fn samples_of_unknown_pods_multiply_but_do_not_count() {
        let options = newest();
        // Two known samples at 200 %, one of a pod that is gone, one missing: 4000/3000 = 133 %
        // at target 60 is 2.2166..., times 4 samples.
        let tally = Tally { samples: 3, ..tally(60, &[(2000, 1000); 2], &[1000], &[], &options) };
        let proposal = propose_for_pods(PodTarget::Utilization(60), &tally, 3, BAND, &options).unwrap();
        assert_eq!((proposal.replicas, proposal.basis), (9, Basis::Pods(4)));
    }

    #[test]
    fn values_of_the_whole() {
        let options = newest();
        for (name, value, target, current, ready, want) in [
            ("up", 20_000, 15_000, 3, Some(3), Some((4, Basis::Pods(3)))),
            ("within looks at no pods", 20_666, 20_000, 3, None, Some((3, Basis::WithinTolerance))),
            ("no pods", 40_000, 20_000, 3, None, None),
            ("few ready pods turn up into down", 8_600, 4_400, 3, Some(1), Some((2, Basis::Pods(1)))),
            ("none ready", 40_000, 20_000, 3, Some(0), Some((0, Basis::Pods(0)))),
            ("from zero", 20_000, 15_000, 0, None, Some((2, Basis::Pods(1)))),
            ("from zero without tolerance", 1_000, 1_000, 0, None, Some((1, Basis::Pods(1)))),
            ("from zero without demand", 0, 1_000, 0, None, Some((0, Basis::Pods(1)))),
            ("capped", i64::MAX, 1, 3, Some(3), Some((i32::MAX, Basis::Pods(3)))),
        ] {
            let proposal = propose_for_value(value, target, current, ready, BAND, &options);
            assert_eq!(proposal.map(|p| (p.replicas, p.basis)), want, "{name}");
            assert!(proposal.is_none_or(|p| p.reading == Reading::Usage { milli: value }), "{name}");
        }
    }

    #[test]
    fn totals_per_pod() {
        let options = newest();
        let max = i64::MAX;
        for (name, value, target, status, want, milli) in [
            ("up", 8_600, 2_150, 3, (4, Basis::Total), 2_867),
            ("down", 6_000, 2_000, 5, (3, Basis::Total), 1_200),
            ("within gives the status size", 25_000, 5_000, 5, (5, Basis::WithinTolerance), 5_000),
            ("nothing running", 8_600, 2_150, 0, (4, Basis::Total), 0),
            ("nothing running, nothing asked", 0, 2_150, 0, (0, Basis::Total), 0),
            ("capped", max, 1, 1, (i32::MAX, Basis::Total), max),
            ("a capped sum is not divided", max, 1, 3, (i32::MAX, Basis::Total), max),
            ("near the cap in doubles", max - 500, 1, 3, (i32::MAX, Basis::Total), max),
            ("below the cap", max - 600, 1, 3, (i32::MAX, Basis::Total), 3_074_457_345_618_258_432),
        ] {
            let proposal = propose_for_average(value, true, target, status, BAND, &options);
            assert_eq!((proposal.replicas, proposal.basis), want, "{name}");
            assert_eq!(proposal.reading, Reading::Usage { milli }, "{name}");
        }
        let object = propose_for_average(max, false, 1, 3, BAND, &options);
        assert_eq!(
            object.reading,
            Reading::Usage { milli: 3_074_457_345_618_258_432 },
            "an object is divided"
        );
    }

    #[test]
    fn series_add_up_to_the_largest_number() {
        for (values, sum) in [
            (vec![], 0),
            (vec![3_000, 4_000, 1_500], 8_500),
            (vec![i64::MAX, 1], i64::MAX),
            (vec![i64::MAX, 1, -5], i64::MAX),
            (vec![i64::MIN, -1, 5], i64::MIN),
            (vec![-5, 3], -2),
        ] {
            assert_eq!(sum_of_series(&values), sum, "{values:?}");
            let lowest = values
                .iter()
                .scan(0_i64, |sum, v| {
                    *sum = sum.saturating_add(*v);
                    Some(*sum)
                })
                .min();
            let per_pod = if lowest.is_some_and(|lowest| lowest < 0) { i64::MAX } else { sum };
            assert_eq!(sum_for_average(&values), per_pod, "{values:?}");
        }
    }

    #[test]
    fn rounding_saturates() {
        for (value, up, cut) in [
            (1.000_1, 2, 1),
            (-1.5, -1, -1),
            (1e10, i32::MAX, i32::MAX),
            (-1e10, i32::MIN, i32::MIN),
            (f64::NAN, 0, 0),
        ] {
            assert_eq!((ceil_i32(value), trunc_i32(value)), (up, cut), "{value}");
        }
        assert_eq!((clamp_i64(i128::MAX), clamp_i64(i128::MIN), clamp_i64(-7)), (i64::MAX, i64::MIN, -7));
    }

    proptest! {
        /// Where every pod counts and the size is settled, more use never asks for fewer pods.
        #[test]
        fn more_use_never_asks_for_fewer_pods(
            values in prop::collection::vec(0_i64..5_000, 1..20),
            target in 1_i32..200,
            more in 0_i64..5_000,
        ) {
            let options = newest();
            let size = i32::try_from(values.len()).unwrap();
            let propose = |extra: i64| {
                let ready: Vec<_> = values.iter().map(|value| (value + extra, 1000)).collect();
                let tally = tally(target, &ready, &[], &[], &options);
                propose_for_pods(PodTarget::Utilization(target), &tally, size, BAND, &options).unwrap().replicas
            };
            prop_assert!(propose(more) >= propose(0));
        }

        /// Pods without a usable sample only ever damp: the proposal never crosses the current
        /// size in the direction opposite to the first ratio.
        #[test]
        fn filled_pods_never_turn_the_direction(
            ready in prop::collection::vec((0_i64..3_000, 1_i64..2_000), 1..8),
            missing in prop::collection::vec(1_i64..2_000, 0..4),
            unready in prop::collection::vec(1_i64..2_000, 0..4),
            target in 1_i32..200,
            current in 1_i32..20,
        ) {
            let options = newest();
            let tally = tally(target, &ready, &missing, &unready, &options);
            let proposal = propose_for_pods(PodTarget::Utilization(target), &tally, current, BAND, &options).unwrap();
            if proposal.second_ratio.is_some() {
                if proposal.first_ratio > 1.0 {
                    prop_assert!(proposal.replicas >= current);
                } else if proposal.first_ratio < 1.0 {
                    prop_assert!(proposal.replicas <= current);
                } else {
                    prop_assert_eq!(proposal.replicas, current);
                }
            }
        }
    }
}
