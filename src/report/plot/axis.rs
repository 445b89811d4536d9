//! Axes: which range they show, where their ticks stand, and where on them a number lies.

use super::numbers::{self, magnitude, power_of_ten};

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// How numbers are laid out along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    Linear,
    Logarithmic,
    /// Equal distances for every further nine: 90, 99, 99.9, ...
    Percentile,
}

/// One axis. Every tick lies inside `lo..=hi`, and no two have the same label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    layout: Layout,
    pub lo: f64,
    pub hi: f64,
    pub ticks: Vec<Tick>,
}

/// `value`, if it is a number that a chart can show. Beyond 1e100 the arithmetic of axes would
/// overflow; nothing that podloss counts comes near.
pub(super) fn usable(value: f64) -> Option<f64> {
    (value.abs() <= 1e100).then_some(if value.abs() < 1e-100 { 0.0 } else { value })
}

/// The least and the greatest usable value.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter_map(usable).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((lo, hi)) => Some((value.min(lo), value.max(hi))),
    })
}

impl Axis {
    /// An axis of amounts: it contains zero, and ends on a tick or a little beyond the data,
    /// whichever is nearer. `whole` amounts get whole ticks. Where all is zero, only zero is a tick.
    pub(super) fn amounts(range: Option<(f64, f64)>, whole: bool, most: usize) -> Axis {
        let (lo, hi) = range.map_or((0.0, 0.0), |(lo, hi)| (lo.min(0.0), hi.max(0.0)));
        if hi - lo < 1e-90 {
            let mut axis = Axis::linear(0.0, 1.0, 1.0);
            axis.ticks.truncate(usize::from(range.is_some()));
            return axis;
        }
        let step = nice_step((hi - lo) / most.max(2) as f64, whole);
        let headroom = (hi - lo) * 0.08;
        let (low, high) = ((lo / step).floor() * step, (hi / step).ceil() * step);
        let (bottom, top) = (low.max(lo - headroom), high.min(hi + headroom));
        // At least one tick beside zero, or nobody could read the scale.
        let (bottom, top) = if bottom > -step && top < step { (low, high) } else { (bottom, top) };
        Axis::linear(bottom, top, step)
    }

    /// An axis that shows just this range, for the input of a chart.
    pub(super) fn input(range: Option<(f64, f64)>, most: usize) -> Axis {
        let (lo, hi) = opened(range.unwrap_or((0.0, 1.0)), 0.5);
        Axis::linear(lo, hi, nice_step((hi - lo) / most.max(1) as f64, false))
    }

    /// An axis of seconds that shows just this range.
    pub(super) fn time(range: Option<(f64, f64)>, most: usize) -> Axis {
        let (lo, hi) = opened(range.unwrap_or((0.0, 60.0)), 1.0);
        let step = time_step((hi - lo) / most.max(1) as f64);
        let mut axis = Axis::linear(lo, hi, step);
        let longest = lo.abs().max(hi.abs());
        for tick in &mut axis.ticks {
            tick.label = numbers::time(tick.value, step, longest);
        }
        axis
    }

    fn linear(lo: f64, hi: f64, step: f64) -> Axis {
        let largest = lo.abs().max(hi.abs());
        // Below one, a step is 1, 2 or 5 by a power of ten: dividing gives 0.3 where multiplying
        // would give 0.30000000000000004.
        let inverse = power_of_ten(-magnitude(step));
        let unit = (step * inverse).round();
        let value = |index: f64| if step < 1.0 { index * unit / inverse } else { index * step };
        let slack = 1e-6;
        let first = (lo / step - slack).ceil();
        let count = ((hi / step + slack).floor() - first).clamp(-1.0, 100.0) as i32;
        let ticks = (0..=count)
            .map(|index| value(first + f64::from(index)).clamp(lo, hi))
            .map(|value| Tick { value, label: numbers::tick(value, step, largest) })
            .collect();
        Axis { layout: Layout::Linear, lo, hi, ticks }
    }

    /// A logarithmic axis over the positive part of this range, ending on 1, 2 or 5 times a power
    /// of ten.
    pub(super) fn logarithmic(range: Option<(f64, f64)>, most: usize) -> Axis {
        let (lo, hi) = range.filter(|(_, hi)| *hi > 0.0).unwrap_or((1.0, 10.0));
        let hi = hi.max(1e-90);
        let lo = if lo > 0.0 { lo.clamp(1e-90, hi) } else { hi / 1e3 };
        let (first, last) = (magnitude(lo), magnitude(hi) + 1);
        let marks: Vec<f64> =
            (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|unit| unit * power_of_ten(power))).collect();
        let below = marks.partition_point(|&mark| mark <= lo).max(1) - 1;
        let above = marks.partition_point(|&mark| mark < hi).max(below + 1);
        // 1, 2 and 5 while they fit, else whole decades: every one, every second one, ...
        let (from, to, stride) = if above - below < most.max(2) {
            (below, above, 1)
        } else {
            let decades = (above.div_ceil(3) - below / 3).div_ceil(most.max(2));
            (below / 3 * 3, above.div_ceil(3) * 3, 3 * decades)
        };
        let ticks = (from..=to)
            .step_by(stride)
            .map(|index| Tick { value: marks[index], label: numbers::number(marks[index]) })
            .collect();
        Axis { layout: Layout::Logarithmic, lo: marks[from], hi: marks[to], ticks }
    }

    /// An axis of percentiles from 0 to `highest`, which is below 100.
    pub(super) fn percentiles(highest: Option<f64>) -> Axis {
        let hi = highest.unwrap_or(99.9).clamp(99.0, 99.999_9);
        let ticks = [50.0, 90.0, 99.0, 99.9, 99.99, 99.999]
            .into_iter()
            .filter(|&value| value <= hi)
            .map(|value| Tick { value, label: format!("p{value}") })
            .collect();
        Axis { layout: Layout::Percentile, lo: 0.0, hi, ticks }
    }

    /// Where `value` lies between the ends of the axis, 0 to 1; nothing for a value that the axis
    /// does not show.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let value = usable(value)?;
        let place = |value: f64| match self.layout {
            Layout::Linear => value,
            Layout::Logarithmic => libm::log10(value),
            Layout::Percentile => -libm::log10(1.0 - value / 100.0),
        };
        let value = match self.layout {
            Layout::Logarithmic if value <= 0.0 => return None,
            // Percentile 100 would lie at infinity.
            Layout::Percentile if value >= 100.0 => return None,
            _ => value,
        };
        let (lo, hi) = (place(self.lo), place(self.hi));
        let share = (place(value) - lo) / (hi - lo);
        (-1e-6..=1.0 + 1e-6).contains(&share).then_some(share.clamp(0.0, 1.0))
    }

    /// The widest label, measured by `width`.
    pub(super) fn label_width(&self, width: impl Fn(&str) -> f64) -> f64 {
        self.ticks.iter().map(|tick| width(&tick.label)).fold(0.0, f64::max)
    }
}

/// A range of some length around one that has none, or less than f64 can divide.
fn opened((lo, hi): (f64, f64), least: f64) -> (f64, f64) {
    let largest = lo.abs().max(hi.abs());
    if hi - lo > 1e-6 * least + largest * 1e-9 {
        return (lo, hi);
    }
    let half = least.max(largest * 0.05);
    (lo - half, hi + half)
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `least`; at least 1 if `whole`.
fn nice_step(least: f64, whole: bool) -> f64 {
    let power = power_of_ten(magnitude(least.max(1e-95)));
    let step = [1.0, 2.0, 5.0].into_iter().map(|unit| unit * power).find(|step| *step >= least);
    let step = step.unwrap_or(10.0 * power);
    if whole { step.max(1.0) } else { step }
}

/// The smallest step that clocks are divided by and that is not below `least` seconds.
fn time_step(least: f64) -> f64 {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3_600.0;
    const DAY: f64 = 86_400.0;
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0]
        .into_iter()
        .chain([1.0, 2.0, 5.0, 10.0, 15.0, 30.0].map(|minutes| minutes * MINUTE))
        .chain([1.0, 2.0, 3.0, 6.0, 12.0].map(|hours| hours * HOUR));
    if least <= 0.5 {
        nice_step(least, false)
    } else {
        steps.into_iter().find(|step| *step >= least).unwrap_or_else(|| nice_step(least / DAY, true) * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn axes_read_as_people_would_draw_them() {
        let cases = [
            ("lost", Axis::amounts(Some((0.0, 390.0)), true, 5), vec!["0", "100", "200", "300", "400"]),
            ("just over a tick", Axis::amounts(Some((0.0, 153.0)), true, 6), vec!["0", "50", "100", "150"]),
            ("few pods", Axis::amounts(Some((0.0, 2.0)), true, 6), vec!["0", "1", "2"]),
            ("fractions", Axis::amounts(Some((0.0, 0.29)), false, 5), vec!["0.0", "0.1", "0.2", "0.3"]),
            ("nothing lost", Axis::amounts(Some((0.0, 0.0)), true, 5), vec!["0"]),
            ("no data", Axis::amounts(None, true, 5), vec![]),
            ("below zero", Axis::amounts(Some((-5.0, 10.0)), true, 4), vec!["−5", "0", "5", "10"]),
            ("input", Axis::input(Some((5.0, 25.0)), 5), vec!["5", "10", "15", "20", "25"]),
            (
                "seconds",
                Axis::time(Some((0.0, 60.0)), 6),
                vec!["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"],
            ),
            (
                "minutes",
                Axis::time(Some((0.0, 300.0)), 5),
                vec!["0 s", "1 min", "2 min", "3 min", "4 min", "5 min"],
            ),
            ("hours", Axis::time(Some((0.0, 7_200.0)), 4), vec!["0 s", "30 min", "1 h", "1 h 30", "2 h"]),
            ("a day", Axis::time(Some((0.0, 86_400.0)), 4), vec!["0 s", "6 h", "12 h", "18 h", "24 h"]),
            (
                "decades",
                Axis::logarithmic(Some((3.0, 4_000.0)), 5),
                vec!["1", "10", "100", "1,000", "10,000"],
            ),
            ("one decade", Axis::logarithmic(Some((2.5, 40.0)), 6), vec!["2", "5", "10", "20", "50"]),
            ("percentiles", Axis::percentiles(Some(99.95)), vec!["p50", "p90", "p99", "p99.9"]),
        ];
        for (name, axis, want) in cases {
            assert_eq!(labels(&axis), want, "{name}");
        }
    }

    #[test]
    fn values_lie_where_they_belong() {
        let log = Axis::logarithmic(Some((1.0, 1_000.0)), 6);
        assert!((log.share(10.0).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((log.share(0.0), log.share(-1.0), log.share(f64::NAN)), (None, None, None));
        let nines = Axis::percentiles(Some(99.9));
        assert!((nines.share(90.0).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert!((nines.share(99.0).unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(nines.share(100.0), None);
        let amounts = Axis::amounts(Some((0.0, 10.0)), true, 5);
        assert_eq!((amounts.share(5.0), amounts.share(11.0), amounts.share(1e300)), (Some(0.5), None, None));
    }

    fn end() -> impl Strategy<Value = f64> {
        let power = (-95..95_i32, -10.0..10.0_f64).prop_map(|(power, factor)| factor * power_of_ten(power));
        prop_oneof![3 => -1e6..1e6_f64, 2 => 0.0..1e5_f64, 2 => power, 1 => Just(0.0)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn ticks_are_inside_and_their_labels_distinct(a in end(), b in end(), most in 1_usize..12) {
            let range = Some((a.min(b), a.max(b)));
            let axes = [
                ("amounts", Axis::amounts(range, false, most)),
                ("counts", Axis::amounts(range, true, most)),
                ("input", Axis::input(range, most)),
                ("time", Axis::time(range, most)),
                ("logarithmic", Axis::logarithmic(range, most)),
                ("narrow", Axis::input(Some((a, a + a.abs() * 1e-7)), most)),
                ("narrow time", Axis::time(Some((a, a + a.abs() * 1e-7)), most)),
            ];
            for (name, axis) in axes {
                prop_assert!(axis.lo < axis.hi, "{} {:?}", name, axis);
                prop_assert!(axis.ticks.len() <= 3 * most + 4, "{} {:?}", name, axis);
                prop_assert!(axis.ticks.is_sorted_by(|a, b| a.value < b.value), "{} {:?}", name, axis);
                for tick in &axis.ticks {
                    prop_assert!(axis.lo <= tick.value && tick.value <= axis.hi, "{} {:?}", name, axis);
                    prop_assert!(axis.share(tick.value).is_some(), "{} {:?}", name, axis);
                }
                let mut labels = labels(&axis);
                labels.sort_unstable();
                labels.dedup();
                prop_assert_eq!(labels.len(), axis.ticks.len(), "{} {:?}", name, axis);
                if name == "amounts" && (a - b).abs() > 1e-89 {
                    prop_assert!(axis.ticks.len() >= 2, "{:?}", axis);
                    prop_assert!(axis.share(a).is_some() && axis.share(b).is_some());
                }
            }
        }
    }
}
