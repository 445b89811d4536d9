//! A log-linear histogram of durations.

use std::fmt;

/// Counts of durations in cells of at most 0.8 % width: 128 cells per power of two of nanoseconds.
///
/// Adding takes one shift and one increment, under 1 ns; a general high-dynamic-range histogram
/// takes three. Merging is exact, and the exact sum is kept beside the cells.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    cells: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

const CELL_BITS: u32 = 7;
const CELLS: usize = 1 << CELL_BITS;
const OCTAVES: usize = (64 - CELL_BITS) as usize + 1;

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Thousands of zeros would hide what a failing test has to say.
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("sum", &self.sum)
            .finish_non_exhaustive()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { cells: vec![0; CELLS * OCTAVES], count: 0, sum: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one duration in nanoseconds.
    #[inline]
    pub fn add(&mut self, nanos: u64) {
        self.cells[index(nanos)] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Exact sum of all durations in nanoseconds.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The largest duration in nanoseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Arithmetic mean in nanoseconds, `None` when empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The smallest recorded cell's upper end below which at least `share` of the durations lie,
    /// in nanoseconds; `None` when empty.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = 0;
        for (i, &n) in self.cells.iter().enumerate() {
            seen += n;
            if seen >= rank {
                return Some(upper_end(i).min(self.max));
            }
        }
        Some(self.max)
    }

    /// [`Self::quantile`] of what was counted since `earlier`, which must be an earlier state of
    /// this histogram; `None` if nothing was.
    pub fn quantile_since(&self, earlier: &Histogram, share: f64) -> Option<u64> {
        let count = self.count.checked_sub(earlier.count).filter(|count| *count > 0)?;
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count);
        let mut seen = 0;
        let grown = self.cells.iter().zip(&earlier.cells).map(|(now, then)| now.saturating_sub(*then));
        let cell = grown.enumerate().find(|(_, n)| {
            seen += n;
            seen >= rank
        });
        Some(cell.map_or(self.max, |(i, _)| upper_end(i).min(self.max)))
    }

    /// Adds everything that `other` counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (a, b) in self.cells.iter_mut().zip(&other.cells) {
            *a += b;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// The cells that counted anything, as (cell, count), for storage.
    pub fn sparse(&self) -> Vec<(u32, u64)> {
        (0_u32..).zip(&self.cells).filter(|(_, n)| **n > 0).map(|(i, n)| (i, *n)).collect()
    }

    /// The inverse of [`Self::sparse`] with the exact `sum` and `max` stored beside it; `None` for
    /// a cell that does not exist.
    pub fn from_sparse(cells: &[(u32, u64)], sum: u128, max: u64) -> Option<Histogram> {
        let mut histogram = Histogram { sum, max, ..Histogram::default() };
        for &(cell, n) in cells {
            *histogram.cells.get_mut(cell as usize)? += n;
            histogram.count += n;
        }
        Some(histogram)
    }
}

/// Below 256 ns a cell is one nanosecond; above, the leading bit gives the octave and the next
/// seven bits the cell.
#[inline]
fn index(nanos: u64) -> usize {
    let shift = 56 - (nanos | 128).leading_zeros();
    ((shift as usize) << CELL_BITS) + (nanos >> shift) as usize
}

fn upper_end(index: usize) -> u64 {
    let (octave, cell) = (index >> CELL_BITS, (index & (CELLS - 1)) as u64);
    if octave == 0 {
        return cell;
    }
    let width = 1_u64 << (octave - 1);
    (CELLS as u64 + cell).saturating_mul(width).saturating_add(width - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_value_falls_into_a_cell_that_holds_it() {
        for v in [0, 1, 127, 128, 129, 255, 256, 257, 1_000_000, 45_000_000, u64::MAX / 3, u64::MAX] {
            let i = index(v);
            assert!(upper_end(i) >= v, "{v}: cell {i} ends at {}", upper_end(i));
            assert!(i == 0 || upper_end(i - 1) < v, "{v}: cell {} already holds it", i - 1);
        }
    }

    #[test]
    fn quantiles_of_a_known_sample() {
        let mut h = Histogram::default();
        assert_eq!((h.quantile(0.5), h.mean()), (None, None));
        (1..=100).for_each(|v| h.add(v));
        assert_eq!((h.quantile(0.5), h.quantile(0.99), h.quantile(1.0)), (Some(50), Some(99), Some(100)));
        assert_eq!((h.count(), h.sum(), h.max()), (100, 5_050, 100));
    }

    proptest! {
        #[test]
        fn a_quantile_since_is_that_of_the_difference(a in prop::collection::vec(1_u64..100_000, 0..50),
                                                      b in prop::collection::vec(1_u64..100_000, 0..50),
                                                      share in 0.0_f64..=1.0) {
            let (mut earlier, mut added) = (Histogram::default(), Histogram::default());
            a.iter().for_each(|&v| earlier.add(v));
            let mut now = earlier.clone();
            b.iter().for_each(|&v| { now.add(v); added.add(v); });
            // The largest duration of the difference alone is not known, only its cell.
            let (since, own) = (now.quantile_since(&earlier, share), added.quantile(share));
            prop_assert_eq!(since.map(index), own.map(index));
        }

        #[test]
        fn merging_is_adding_and_storage_is_exact(a in prop::collection::vec(any::<u64>(), 0..50),
                                                  b in prop::collection::vec(any::<u64>(), 0..50)) {
            let fill = |values: &[u64]| {
                let mut h = Histogram::default();
                values.iter().for_each(|&v| h.add(v));
                h
            };
            let (mut ab, mut ba) = (fill(&a), fill(&b));
            ab.merge(&fill(&b));
            ba.merge(&fill(&a));
            let all: Vec<u64> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(&ab, &fill(&all));
            prop_assert_eq!(&ab, &ba);
            let back = Histogram::from_sparse(&ab.sparse(), ab.sum(), ab.max());
            prop_assert_eq!(back.as_ref(), Some(&ab));
        }
    }
}
