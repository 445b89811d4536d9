//! Playing a recorded load: which part of it, how much of it, from when on.

use std::sync::Arc;

use super::pieces::{between, earlier, later};
use super::trace::{Series, Trace};
use crate::units::{Nanos, parse_duration};
use crate::workload::{OpenSource, Profile, Segment, Shape};

/// The most requests of an arrival list, which is kept in memory as eight bytes each.
const ARRIVALS_MAX: f64 = 100e6;

/// What to do with a recording. In this order: cut, scale, shift.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Only this part, in the recording's own time.
    pub cut: Option<(Nanos, Nanos)>,
    /// So many times the requests.
    pub scale: f64,
    /// Begins so long after the run.
    pub shift: Nanos,
    /// What to make of missing rows.
    pub gaps: Gaps,
    /// Variance-to-mean ratio of the arrivals that a rate makes; lists have their own.
    pub dispersion: f64,
}

/// What the rate is where rows are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// That of the row before.
    Hold,
    /// That of the row before for the usual step, then none.
    Zero,
    /// That of the row before for the usual step, then a straight line to the next.
    Interpolate,
}

impl Gaps {
    /// The words of `load.gaps`.
    pub const WORDS: &'static [&'static str] = &["hold", "zero", "interpolate"];

    /// The one of that name.
    pub fn named(word: &str) -> Option<Gaps> {
        [Gaps::Hold, Gaps::Zero, Gaps::Interpolate]
            .into_iter()
            .zip(Gaps::WORDS)
            .find(|(_, name)| **name == word)
            .map(|(gaps, _)| gaps)
    }
}

/// Reads `1h..2h`.
///
/// # Errors
/// Anything else.
pub fn parse_cut(text: &str) -> Result<(Nanos, Nanos), String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| format!("`{text}` is not a stretch of time: write 1h..2h"))?;
    let from = parse_duration(from).map_err(|error| error.to_string())?;
    let to = parse_duration(to).map_err(|error| error.to_string())?;
    if from < to {
        Ok((from, to))
    } else {
        Err(format!("`{text}` runs backwards: write the earlier time first"))
    }
}

impl Replay {
    /// The load that a recording gives.
    ///
    /// # Errors
    /// A cut that leaves nothing, or more requests than podloss holds, in words.
    pub fn of(&self, trace: &Trace) -> Result<OpenSource, String> {
        match trace {
            Trace::Series(series) => {
                let profile = self.profile(series)?;
                Ok(OpenSource::Rate { profile, dispersion: self.dispersion })
            }
            Trace::Arrivals(list) => self.arrivals(list).map(OpenSource::List),
        }
    }

    fn profile(&self, series: &Series) -> Result<Profile, String> {
        let mut segments = self.segments(series);
        if let Some((from, to)) = self.cut {
            segments = earlier(between(&segments, from, to), from);
            if segments.is_empty() {
                let end = series.rows.last().map_or(Nanos::ZERO, |row| row.0 + series.step);
                return Err(format!("the cut {from}..{to} leaves nothing of a recording that ends at {end}"));
            }
        }
        Profile::new(later(segments, self.shift)).map_err(|error| error.to_string())
    }

    fn segments(&self, series: &Series) -> Vec<Segment> {
        let mut segments = Vec::with_capacity(series.rows.len());
        for (index, &(from, rate)) in series.rows.iter().enumerate() {
            let rate = rate * self.scale;
            let next = series.rows.get(index + 1);
            let to = next.map_or(from + series.step, |row| row.0);
            let missing = to.saturating_sub(from) > series.step + Nanos(series.step.0 / 2);
            if !missing || self.gaps == Gaps::Hold {
                segments.push(Segment { from, to, shape: Shape::Constant(rate) });
                continue;
            }
            let middle = from + series.step;
            segments.push(Segment { from, to: middle, shape: Shape::Constant(rate) });
            if self.gaps == Gaps::Interpolate {
                let after = next.map_or(rate, |row| row.1 * self.scale);
                segments.push(Segment { from: middle, to, shape: Shape::Linear(rate, after) });
            }
        }
        segments
    }

    /// Scaling a list by k makes k requests of each, spread evenly until the next: the shape of the
    /// rate stays, and so do bursts, k times as large.
    fn arrivals(&self, list: &Arc<[Nanos]>) -> Result<Arc<[Nanos]>, String> {
        let (from, to) = self.cut.unwrap_or((Nanos::ZERO, Nanos(u64::MAX)));
        let list = &list[list.partition_point(|t| *t < from)..list.partition_point(|t| *t < to)];
        let Some(last) = list.last() else {
            return Err(format!("the cut {from}..{to} leaves no arrival"));
        };
        let wanted = list.len() as f64 * self.scale;
        if wanted > ARRIVALS_MAX {
            return Err(format!(
                "{wanted:.0} arrivals are more than podloss keeps in memory: cut or scale less"
            ));
        }
        let mut all = Vec::new();
        let (mut owed, mut made) = (0.0, 0_u64);
        for (index, &at) in list.iter().enumerate() {
            owed += self.scale;
            let copies = (owed + 1e-9).floor() as u64 - made;
            made += copies;
            let gap = list.get(index + 1).unwrap_or(last).saturating_sub(at);
            for copy in 0..copies {
                let later = u128::from(gap.0) * u128::from(copy) / u128::from(copies);
                // The share of a gap is shorter than the gap, which is a Nanos.
                let later = Nanos(u64::try_from(later).unwrap_or(gap.0));
                all.push(at.saturating_sub(from) + later + self.shift);
            }
        }
        if all.is_empty() { Err("the scale leaves no arrival".to_owned()) } else { Ok(all.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> Nanos {
        Nanos::from_secs(s)
    }

    fn plain() -> Replay {
        Replay { cut: None, scale: 1.0, shift: Nanos::ZERO, gaps: Gaps::Hold, dispersion: 1.0 }
    }

    fn series() -> Trace {
        let rows =
            vec![(secs(0), 1.0), (secs(60), 2.0), (secs(120), 3.0), (secs(300), 4.0), (secs(360), 5.0)];
        Trace::Series(Series { rows, step: secs(60), gaps: 1 })
    }

    /// Rates at some seconds, and when it ends.
    fn check(replay: &Replay, rates: &[(u64, f64)], end: u64) {
        let OpenSource::Rate { profile, .. } = replay.of(&series()).unwrap() else { panic!("a rate") };
        for (second, wanted) in rates {
            let got = profile.rate(secs(*second));
            assert!((got - wanted).abs() < 1e-9, "{replay:?} at {second}: {got}, not {wanted}");
        }
        assert_eq!(profile.end(), secs(end), "{replay:?}");
    }

    #[test]
    fn a_series_is_held_cut_scaled_and_shifted() {
        check(&plain(), &[(0, 1.0), (119, 2.0), (200, 3.0), (299, 3.0), (300, 4.0), (419, 5.0)], 420);
        check(&Replay { scale: 20.0, ..plain() }, &[(0, 20.0), (419, 100.0)], 420);
        check(&Replay { shift: secs(30), ..plain() }, &[(29, 0.0), (30, 1.0)], 450);
        let cut = Replay { cut: Some((secs(90), secs(150))), ..plain() };
        check(&cut, &[(0, 2.0), (29, 2.0), (30, 3.0)], 60);
        check(&Replay { shift: secs(5), ..cut }, &[(4, 0.0), (34, 2.0), (35, 3.0)], 65);
        check(&Replay { gaps: Gaps::Zero, ..plain() }, &[(179, 3.0), (180, 0.0), (300, 4.0)], 420);
        check(&Replay { gaps: Gaps::Interpolate, ..plain() }, &[(179, 3.0), (240, 3.5), (300, 4.0)], 420);
    }

    #[test]
    fn a_list_is_cut_scaled_and_shifted() {
        let list = Trace::Arrivals([0, 1, 3, 3, 9].map(secs).into());
        let millis = |replay: Replay| match replay.of(&list).unwrap() {
            OpenSource::List(list) => list.iter().map(|t| t.0 / 1_000_000).collect::<Vec<_>>(),
            OpenSource::Rate { .. } => panic!("a list"),
        };
        assert_eq!(millis(plain()), [0, 1_000, 3_000, 3_000, 9_000]);
        assert_eq!(millis(Replay { cut: Some((secs(1), secs(9))), ..plain() }), [0, 2_000, 2_000]);
        assert_eq!(millis(Replay { shift: secs(2), ..plain() }), [2_000, 3_000, 5_000, 5_000, 11_000]);
        let doubled = [0, 500, 1_000, 2_000, 3_000, 3_000, 3_000, 6_000, 9_000, 9_000];
        assert_eq!(millis(Replay { scale: 2.0, ..plain() }), doubled);
        assert_eq!(millis(Replay { scale: 0.4, ..plain() }), [3_000, 9_000]);
    }

    #[test]
    fn what_leaves_nothing_is_refused() {
        let list = Trace::Arrivals([0, 1].map(secs).into());
        let late = Replay { cut: Some((secs(900), secs(901))), ..plain() };
        assert!(late.of(&series()).unwrap_err().contains("ends at 7m"), "a cut after the end");
        assert!(late.of(&list).unwrap_err().contains("no arrival"), "a cut after the end");
        assert!(Replay { scale: 1e9, ..plain() }.of(&list).unwrap_err().contains("in memory"), "too many");
        assert!(Replay { scale: 1e9, ..plain() }.of(&series()).unwrap_err().contains("100 million"));
        for bad in ["", "1h", "2h..1h", "1h..1h", "1..2", "a..b"] {
            assert!(parse_cut(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_cut("1h..2h"), Ok((secs(3_600), secs(7_200))));
    }
}
