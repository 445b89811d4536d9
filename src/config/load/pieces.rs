//! Cutting and joining stretches of a rate.

use crate::units::Nanos;
use crate::workload::{Segment, Shape};

/// What lies between two instants, where it was.
pub(super) fn between(segments: &[Segment], from: Nanos, to: Nanos) -> Vec<Segment> {
    segments.iter().filter_map(|segment| clipped(segment, from, to)).collect()
}

/// The segments with a stretch replaced by a constant rate.
pub(super) fn replaced(segments: &[Segment], from: Nanos, to: Nanos, rate: f64) -> Vec<Segment> {
    let mut all = between(segments, Nanos::ZERO, from);
    all.push(Segment { from, to, shape: Shape::Constant(rate) });
    all.extend(between(segments, to, Nanos(u64::MAX)));
    all
}

/// The segments, all earlier by `by`; none may begin before that.
pub(super) fn earlier(mut segments: Vec<Segment>, by: Nanos) -> Vec<Segment> {
    for segment in &mut segments {
        segment.from = segment.from.saturating_sub(by);
        segment.to = segment.to.saturating_sub(by);
    }
    segments
}

/// The segments, all later by `by`.
pub(super) fn later(mut segments: Vec<Segment>, by: Nanos) -> Vec<Segment> {
    for segment in &mut segments {
        segment.from += by;
        segment.to += by;
    }
    segments
}

fn clipped(segment: &Segment, from: Nanos, to: Nanos) -> Option<Segment> {
    let (from, to) = (segment.from.max(from), segment.to.min(to));
    if from >= to {
        return None;
    }
    let shape = match segment.shape {
        Shape::Constant(rate) => Shape::Constant(rate),
        Shape::Linear(first, last) => {
            let length = (segment.to.0 - segment.from.0) as f64;
            let at = |t: Nanos| first + (last - first) * ((t.0 - segment.from.0) as f64 / length);
            Shape::Linear(at(from), at(to))
        }
        Shape::Sine { mean, amplitude, period_s, phase_s } => {
            let phase_s = phase_s + (from.0 - segment.from.0) as f64 / 1e9;
            Shape::Sine { mean, amplitude, period_s, phase_s }
        }
    };
    Some(Segment { from, to, shape })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Profile;

    #[test]
    fn pieces_of_every_shape_keep_their_rates() {
        let secs = Nanos::from_secs;
        for shape in [
            Shape::Constant(40.0),
            Shape::Linear(10.0, 90.0),
            Shape::Sine { mean: 40.0, amplitude: 30.0, period_s: 17.0, phase_s: 3.0 },
        ] {
            let whole = [Segment { from: secs(5), to: secs(105), shape }];
            let profile = Profile::new(whole.to_vec()).unwrap();
            let piece = Profile::new(between(&whole, secs(20), secs(70))).unwrap();
            let moved =
                Profile::new(later(earlier(between(&whole, secs(20), secs(70)), secs(20)), secs(7))).unwrap();
            let with_spike = Profile::new(replaced(&whole, secs(20), secs(70), 7.0)).unwrap();
            for second in 20..70 {
                let (rate, at) = (profile.rate(secs(second)), secs(second));
                assert!((piece.rate(at) - rate).abs() < 1e-9, "{shape:?} at {second}");
                assert!((moved.rate(secs(second - 13)) - rate).abs() < 1e-9, "{shape:?} at {second}");
                assert!((with_spike.rate(at) - 7.0).abs() < 1e-9, "{shape:?} at {second}");
            }
            for second in (5..20).chain(70..105) {
                let rate = profile.rate(secs(second));
                assert!((with_spike.rate(secs(second)) - rate).abs() < 1e-9, "{shape:?} at {second}");
                assert!(piece.rate(secs(second)).abs() < 1e-9, "{shape:?} at {second}");
            }
        }
    }
}
