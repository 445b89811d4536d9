//! Distributions compiled into tables of integers, for the request path.
//!
//! A draw is one index, one multiplication and one addition on integers: about 2 ns, against 7 ns
//! for a ziggurat and 25 ns for logarithms, and the same bits on every build. The quantile
//! function is cut into cells of equal probability; inside a cell the draw is uniform with exactly
//! the cell's own mean and variance, so the table's mean and variance are the distribution's (plain
//! interpolation between quantiles would be 0.1 to 0.3 % too high). The last cell is cut again,
//! twice, which resolves the tail down to one draw in 2^26.

use super::Dist;

const FIRST_BITS: u32 = 10;
const TAIL_BITS: u32 = 8;
const FIRST: usize = 1 << FIRST_BITS;
const TAIL: usize = 1 << TAIL_BITS;
const TAIL_LEVELS: usize = 2;

/// A uniform stretch: values from `base` up to `base + width`.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    base: u64,
    width: u64,
}

impl Cell {
    #[inline]
    fn at(self, fraction: u64) -> u64 {
        self.base + ((u128::from(fraction) * u128::from(self.width)) >> 64) as u64
    }
}

#[derive(Clone, Debug)]
struct Table {
    first: Box<[Cell; FIRST]>,
    tail: Box<[[Cell; TAIL]; TAIL_LEVELS]>,
}

impl Table {
    /// Compiles the function that maps "probability of being exceeded" to a value.
    fn new(upper_quantile: impl Fn(f64) -> f64) -> Table {
        let level = |cells: &mut [Cell], top: f64| {
            let step = top / cells.len() as f64;
            for (i, cell) in cells.iter_mut().enumerate() {
                *cell = fit(&upper_quantile, top - step * i as f64, step);
            }
        };
        let mut table = Table {
            first: Box::new([Cell::default(); FIRST]),
            tail: Box::new([[Cell::default(); TAIL]; TAIL_LEVELS]),
        };
        level(&mut table.first[..], 1.0);
        let mut top = 1.0 / FIRST as f64;
        for cells in table.tail.iter_mut() {
            level(&mut cells[..], top);
            top /= TAIL as f64;
        }
        table
    }

    #[inline]
    fn draw(&self, bits: u64) -> u64 {
        let index = (bits >> (64 - FIRST_BITS)) as usize;
        if index == FIRST - 1 {
            self.draw_tail(bits << FIRST_BITS)
        } else {
            self.first[index].at(bits << FIRST_BITS)
        }
    }

    #[cold]
    fn draw_tail(&self, mut bits: u64) -> u64 {
        let mut cell = Cell::default();
        for cells in self.tail.iter() {
            let index = (bits >> (64 - TAIL_BITS)) as usize;
            bits <<= TAIL_BITS;
            cell = cells[index];
            if index != TAIL - 1 {
                break;
            }
        }
        cell.at(bits)
    }
}

/// The uniform stretch with the mean and variance that the quantile function has on the cell of
/// exceedance probabilities `top - step .. top` (five-point Gauss-Legendre quadrature).
fn fit(upper_quantile: &impl Fn(f64) -> f64, top: f64, step: f64) -> Cell {
    const NODES: [(f64, f64); 5] = [
        (0.046_910_077_030_668, 0.118_463_442_528_094_5),
        (0.230_765_344_947_158_5, 0.239_314_335_249_683_2),
        (0.5, 0.284_444_444_444_444_4),
        (0.769_234_655_052_841_5, 0.239_314_335_249_683_2),
        (0.953_089_922_969_332, 0.118_463_442_528_094_5),
    ];
    let values = NODES.map(|(x, w)| (upper_quantile(top - step * x), w));
    let mean: f64 = values.iter().map(|(v, w)| v * w).sum();
    let variance: f64 = values.iter().map(|(v, w)| (v - mean) * (v - mean) * w).sum();
    let half = libm::sqrt(3.0 * variance.max(0.0)).min(mean.max(0.0));
    Cell { base: libm::round(mean - half) as u64, width: libm::round(2.0 * half) as u64 }
}

/// A duration distribution ready to be drawn from on the request path, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Sampler(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Fixed(u64),
    Uniform(Cell),
    Table(Table),
}

impl Sampler {
    /// Compiles `dist`.
    pub fn new(dist: &Dist) -> Sampler {
        Sampler(match dist {
            Dist::Fixed(value) => Kind::Fixed(value.0),
            Dist::Uniform { lo, hi } => Kind::Uniform(Cell { base: lo.0, width: hi.0.saturating_sub(lo.0) }),
            other => Kind::Table(Table::new(|tail| other.upper_quantile_secs(tail) * 1e9)),
        })
    }

    /// The draw that belongs to 64 uniform bits, in nanoseconds.
    #[inline]
    pub fn draw(&self, bits: u64) -> u64 {
        match &self.0 {
            Kind::Table(table) => table.draw(bits),
            Kind::Fixed(value) => *value,
            Kind::Uniform(cell) => cell.at(bits),
        }
    }
}

/// Exponential draws with mean one, as multiples of 2^-32.
#[derive(Clone, Debug)]
pub struct UnitExponential(Table);

impl UnitExponential {
    /// The scale of the draws: this much is one mean.
    pub const ONE: f64 = 4_294_967_296.0;

    /// Compiles the table.
    pub fn new() -> UnitExponential {
        UnitExponential(Table::new(|tail| -libm::log(tail) * Self::ONE))
    }

    /// The draw that belongs to 64 uniform bits; divide by [`Self::ONE`].
    #[inline]
    pub fn draw(&self, bits: u64) -> u64 {
        self.0.draw(bits)
    }
}

impl Default for UnitExponential {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, Streams};
    use crate::units::Nanos;

    fn moments(draws: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for x in draws {
            n += 1.0;
            sum += x;
            squares += x * x;
        }
        (sum / n, squares / n - (sum / n) * (sum / n))
    }

    #[test]
    fn tables_keep_mean_and_variance() {
        let keyed = Streams::new(11, 0).keyed(Stream::Service);
        let n = 4_000_000;
        let unit = UnitExponential::new();
        let (mean, variance) =
            moments((0..n).map(|k| unit.draw(keyed.at(k, 0)) as f64 / UnitExponential::ONE));
        // Four standard errors at n = 4 M: mean 1/sqrt(n), variance sqrt(8/n).
        assert!((mean - 1.0).abs() < 0.002, "exponential mean {mean}");
        assert!((variance - 1.0).abs() < 0.006, "exponential variance {variance}");

        let sigma: f64 = 0.5;
        let dist = Dist::log_normal_mean(Nanos::from_millis(45), sigma);
        let sampler = Sampler::new(&dist);
        let (mean, variance) = moments((0..n).map(|k| sampler.draw(keyed.at(k, 1)) as f64 / 1e6));
        let want = 45.0 * 45.0 * ((sigma * sigma).exp() - 1.0);
        assert!((mean / 45.0 - 1.0).abs() < 0.0011, "log-normal mean {mean}");
        assert!((variance / want - 1.0).abs() < 0.02, "log-normal variance {variance} against {want}");
    }

    #[test]
    fn table_and_exact_quantiles_agree() {
        let dist = Dist::log_normal_p99(Nanos::from_millis(45), Nanos::from_millis(82));
        let sampler = Sampler::new(&dist);
        for (share, tolerance) in
            [(0.01, 0.01), (0.5, 0.002), (0.99, 0.01), (0.9999, 0.01), (0.999_999, 0.01)]
        {
            let bits = (share * 2.0_f64.powi(64)) as u64;
            let exact = dist.upper_quantile_secs(1.0 - share);
            let table = sampler.draw(bits) as f64 / 1e9;
            assert!((table / exact - 1.0).abs() < tolerance, "at {share}: {table} against {exact}");
        }
    }

    #[test]
    fn extremes_of_the_bits_are_harmless() {
        for dist in [Dist::Fixed(Nanos(5)), Dist::Exponential { mean: Nanos::from_secs(1) }, Dist::ZERO] {
            let sampler = Sampler::new(&dist);
            assert!(sampler.draw(0) <= sampler.draw(u64::MAX));
        }
    }
}
