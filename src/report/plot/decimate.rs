//! Thinning: no more than two points per pixel column, and no extreme is lost.

type Point = (f64, f64);
/// A pixel column's x with the upper and the lower end of what is drawn there.
type Bar = (f64, f64, f64);

/// The points in the order of their x, which is how they should come; a line that went back and
/// forth could not be thinned.
pub(super) fn ascending<T: Copy>(points: &[T], x: impl Fn(&T) -> f64) -> Vec<T> {
    let mut points = points.to_vec();
    if !points.is_sorted_by(|a, b| x(a) <= x(b)) {
        points.sort_by(|a, b| x(a).total_cmp(&x(b)));
    }
    points
}

/// Whether two x lie in the same pixel column.
pub(super) fn same_column(a: f64, b: f64) -> bool {
    a.floor() as i64 == b.floor() as i64
}

/// A line in pixels, reduced to the lowest and the highest point of every pixel column, in their
/// order.
pub(super) fn thin_line(points: &[Point]) -> Vec<Point> {
    let mut thin = Vec::new();
    for column in points.chunk_by(|a, b| same_column(a.0, b.0)) {
        let by_height = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0));
        let (Some(low), Some(high)) = (column.iter().min_by(by_height), column.iter().max_by(by_height))
        else {
            continue;
        };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        thin.push(*first);
        if first != second {
            thin.push(*second);
        }
    }
    thin
}

/// A line with more than two points per pixel column as what it looks like, a filled outline;
/// nothing for a line that is sparser than that.
///
/// A column reaches to the last point of the column before it, so that a jump is as wide as a
/// column.
pub(super) fn outline(points: &[Point]) -> Option<Vec<Bar>> {
    let columns = points.last()?.0 - points.first()?.0 + 1.0;
    if points.len() as f64 <= 2.0 * columns {
        return None;
    }
    let mut bars: Vec<Bar> = Vec::new();
    let mut before = points.first()?.1;
    for column in points.chunk_by(|a, b| same_column(a.0, b.0)) {
        let (upper, lower) = column
            .iter()
            .fold((before, before), |(upper, lower), point| (point.1.min(upper), point.1.max(lower)));
        bars.push((column[0].0, upper, lower));
        before = column[column.len() - 1].1;
    }
    bars.push((points.last()?.0, before, before));
    Some(bars)
}

/// A band in pixels, reduced to its hull per pixel column.
pub(super) fn thin_band(band: Vec<Bar>) -> Vec<Bar> {
    let mut thin: Vec<Bar> = Vec::new();
    for (x, upper, lower) in band {
        match thin.last_mut() {
            Some(last) if same_column(last.0, x) => {
                last.1 = last.1.min(upper);
                last.2 = last.2.max(lower);
            }
            _ => thin.push((x, upper, lower)),
        }
    }
    thin
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extremes(ys: impl Iterator<Item = f64>) -> (f64, f64) {
        ys.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), y| (y.min(lo), y.max(hi)))
    }

    proptest! {
        #[test]
        fn at_most_two_per_column_and_the_extremes_stay(
            ys in proptest::collection::vec(0.0_f64..100.0, 1..400),
            step in 0.01_f64..2.0,
        ) {
            let points: Vec<Point> = ys.iter().enumerate().map(|(i, y)| (i as f64 * step, *y)).collect();
            let thin = thin_line(&points);
            for column in thin.chunk_by(|a, b| same_column(a.0, b.0)) {
                prop_assert!(column.len() <= 2);
            }
            prop_assert_eq!(extremes(thin.iter().map(|p| p.1)), extremes(ys.iter().copied()));
            prop_assert!(thin.is_sorted_by(|a, b| a.0 <= b.0));

            if let Some(bars) = outline(&points) {
                prop_assert!(bars.len() as f64 <= points.len() as f64 / 2.0 + 3.0);
                prop_assert_eq!(extremes(bars.iter().flat_map(|b| [b.1, b.2])), extremes(ys.iter().copied()));
                // Neighbouring bars touch, so the line has no holes.
                prop_assert!(bars.windows(2).all(|pair| pair[1].1 <= pair[0].2 && pair[0].1 <= pair[1].2));
            } else {
                // At most two points per column: as thin as the outline would be.
                let columns = (points.len() - 1) as f64 * step + 1.0;
                prop_assert!(points.len() as f64 <= 2.0 * columns + 1e-6);
            }
        }
    }

    #[test]
    fn few_points_are_left_alone() {
        let points = [(0.0, 3.0), (10.0, 1.0), (20.5, 2.0)];
        assert_eq!(thin_line(&points), points);
        assert_eq!(outline(&points), None);
        assert_eq!(thin_line(&[]), []);
        assert_eq!(outline(&[]), None);
    }

    #[test]
    fn bands_keep_their_hull() {
        let band = vec![(1.0, 5.0, 6.0), (1.5, 4.0, 5.5), (2.0, 1.0, 1.0)];
        assert_eq!(thin_band(band), [(1.0, 4.0, 6.0), (2.0, 1.0, 1.0)]);
    }
}
