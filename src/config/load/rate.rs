//! The language of `--rps`: what the request rate does over time.
//!
//! A comma-separated list in order of time:
//!
//! | written                 | means                                                           |
//! |-------------------------|-----------------------------------------------------------------|
//! | `900`                   | 900 requests per second from the beginning (first item only)    |
//! | `200@5m`                | a step: 200 from minute 5 on                                    |
//! | `1200@20m..25m`         | a ramp from the rate in force at minute 20 to 1200 at minute 25 |
//! | `3000@7m+30s`           | a spike: 3000 for 30 s, then what would have been without it    |
//! | `mean=500,amplitude=..` | a sine from the beginning on                                    |
//!
//! A sine, `mean=500,amplitude=300,period=24h,phase=6h`, is mean + amplitude sin(2 pi (t + phase) / period).
//! What is in force at the end of the list stays until the load ends.

use super::pieces::{between, replaced};
use crate::units::{Nanos, parse_duration};
use crate::workload::{Profile, Segment, Shape};

/// How a rate is written, for messages and help.
pub const RATE_FORM: &str = "write a rate such as 900, steps and ramps such as 200@0,900@10m,1200@20m..25m, \
     a spike such as 3000@7m+30s, or mean=500,amplitude=300,period=24h";

/// The most items in one list.
const ITEMS_MAX: usize = 10_000;

/// A rate over time without an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// What begins when; sorted.
    courses: Vec<(Nanos, Course)>,
    /// From, to, rate; sorted, not overlapping.
    spikes: Vec<(Nanos, Nanos, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Course {
    Constant(f64),
    /// Straight to a rate, which then stays.
    Ramp {
        to: f64,
        until: Nanos,
    },
    Sine(Sine),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sine {
    mean: f64,
    amplitude: f64,
    period: Nanos,
    phase: Nanos,
}

/// One item of the list.
enum Item {
    From(Nanos, Course),
    Spike(Nanos, Nanos, f64),
}

impl Rate {
    /// Reads the list.
    ///
    /// # Errors
    /// What is wrong, naming the item.
    pub fn parse(text: &str) -> Result<Rate, String> {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        if items.len() > ITEMS_MAX {
            return Err(format!("more than {ITEMS_MAX} items: put the rate into a file and use --trace"));
        }
        let mut rate = Rate { courses: Vec::new(), spikes: Vec::new() };
        let waves: Vec<&str> = items.iter().copied().filter(|item| item.contains('=')).collect();
        if !waves.is_empty() {
            rate.courses.push((Nanos::ZERO, Course::Sine(Sine::parse(&waves)?)));
        }
        for (index, item) in items.iter().filter(|item| !item.contains('=')).enumerate() {
            match parse_item(item)? {
                Item::From(at, _) if index == 0 && !waves.is_empty() && !item.contains('@') => {
                    return Err(format!("`{item}` and a sine both begin at {at}: give one of them"));
                }
                Item::From(..) if index > 0 && !item.contains('@') => {
                    return Err(format!("`{item}` has no time: write `{item}@10m`"));
                }
                Item::From(at, course) => rate.begin(item, at, course)?,
                Item::Spike(from, to, height) => rate.spikes.push((from, to, height)),
            }
        }
        rate.spikes.sort_by_key(|spike| spike.0);
        if let Some(pair) = rate.spikes.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            return Err(format!(
                "spikes overlap: one lasts until {}, the next begins at {}",
                pair[0].1, pair[1].0
            ));
        }
        Ok(rate)
    }

    fn begin(&mut self, item: &str, at: Nanos, course: Course) -> Result<(), String> {
        let free = match self.courses.last() {
            Some((_, Course::Ramp { until, .. })) => *until,
            Some((from, _)) => *from + Nanos(1),
            None => Nanos::ZERO,
        };
        if at < free {
            return Err(format!("`{item}` begins before the item in front of it has ended: sort by time"));
        }
        self.courses.push((at, course));
        Ok(())
    }

    /// When the rate last changes its course; the load should not end before.
    pub fn last_change(&self) -> Nanos {
        let course = self.courses.last().map_or(Nanos::ZERO, |(from, course)| match course {
            Course::Constant(_) => *from,
            Course::Ramp { until, .. } => *until,
            Course::Sine(sine) => *from + sine.period,
        });
        self.spikes.iter().map(|spike| spike.1).max().unwrap_or_default().max(course)
    }

    /// The rate until `end`.
    ///
    /// # Errors
    /// Rates that are negative, not finite or too high, in words.
    pub fn profile(&self, end: Nanos) -> Result<Profile, String> {
        let mut segments = Vec::new();
        let mut level = 0.0;
        for (index, (from, course)) in self.courses.iter().enumerate() {
            let next = self.courses.get(index + 1).map_or(end, |(at, _)| *at);
            let mut push = |from: Nanos, to: Nanos, shape| {
                if from < to {
                    segments.push(Segment { from, to, shape });
                }
            };
            match *course {
                Course::Constant(rate) => {
                    push(*from, next, Shape::Constant(rate));
                    level = rate;
                }
                Course::Ramp { to, until } => {
                    push(*from, until, Shape::Linear(level, to));
                    push(until, next, Shape::Constant(to));
                    level = to;
                }
                Course::Sine(sine) => {
                    push(*from, next, sine.shape());
                    level = sine.at(next.saturating_sub(*from));
                }
            }
        }
        for &(from, to, height) in &self.spikes {
            segments = replaced(&segments, from, to, height);
        }
        Profile::new(between(&segments, Nanos::ZERO, end)).map_err(|error| error.to_string())
    }
}

impl Sine {
    fn parse(items: &[&str]) -> Result<Sine, String> {
        let (mut mean, mut amplitude, mut period, mut phase) = (None, None, None, None);
        for item in items {
            let (word, value) = item.split_once('=').unwrap_or((item, ""));
            let value = value.trim();
            let twice = match word.trim() {
                "mean" => mean.replace(number(value)?).is_some(),
                "amplitude" => amplitude.replace(number(value)?).is_some(),
                "period" => period.replace(duration(value)?).is_some(),
                "phase" => phase.replace(duration(value)?).is_some(),
                other => {
                    return Err(format!(
                        "`{other}` is not part of a sine: it has mean, amplitude, period, phase"
                    ));
                }
            };
            if twice {
                return Err(format!("`{}` is given twice", word.trim()));
            }
        }
        match (mean, amplitude, period) {
            (Some(_), Some(_), Some(Nanos::ZERO)) => {
                Err("the period of a sine must be longer than 0s".to_owned())
            }
            (Some(mean), Some(amplitude), Some(_)) if amplitude > mean => {
                Err(format!("a sine of mean {mean} and amplitude {amplitude} would go below zero"))
            }
            (Some(mean), Some(amplitude), Some(period)) => {
                Ok(Sine { mean, amplitude, period, phase: phase.unwrap_or_default() })
            }
            _ => Err("a sine needs all of mean, amplitude and period".to_owned()),
        }
    }

    fn shape(self) -> Shape {
        Shape::Sine {
            mean: self.mean,
            amplitude: self.amplitude,
            period_s: self.period.as_secs_f64(),
            phase_s: self.phase.as_secs_f64(),
        }
    }

    fn at(self, t: Nanos) -> f64 {
        let angle = std::f64::consts::TAU * (t + self.phase).as_secs_f64() / self.period.as_secs_f64();
        self.mean + self.amplitude * libm::sin(angle)
    }
}

fn parse_item(item: &str) -> Result<Item, String> {
    let Some((rate, when)) = item.split_once('@') else {
        return Ok(Item::From(Nanos::ZERO, Course::Constant(number(item)?)));
    };
    let (rate, when) = (number(rate.trim())?, when.trim());
    if let Some((from, until)) = when.split_once("..") {
        let (from, until) = (duration(from)?, duration(until)?);
        if until <= from {
            return Err(format!("`{item}` ramps backwards: write the earlier time first"));
        }
        return Ok(Item::From(from, Course::Ramp { to: rate, until }));
    }
    if let Some((from, length)) = when.split_once('+') {
        let (from, length) = (duration(from)?, duration(length)?);
        if length == Nanos::ZERO {
            return Err(format!("`{item}` lasts no time"));
        }
        return Ok(Item::Spike(from, from + length, rate));
    }
    Ok(Item::From(duration(when)?, Course::Constant(rate)))
}

/// A rate in requests per second.
fn number(text: &str) -> Result<f64, String> {
    let digits = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    match text.parse::<f64>() {
        Ok(rate) if digits && rate.is_finite() && rate >= 0.0 => Ok(rate),
        Ok(rate) if rate < 0.0 => Err(format!("`{text}` is negative: a rate is zero or more")),
        _ => Err(format!("`{text}` is not a number of requests per second: {RATE_FORM}")),
    }
}

fn duration(text: &str) -> Result<Nanos, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rates in force at some seconds.
    fn check(text: &str, end: u64, expected: &[(u64, f64)]) {
        let rate = Rate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let profile = rate.profile(Nanos::from_secs(end)).unwrap();
        for (second, wanted) in expected {
            let got = profile.rate(Nanos::from_secs(*second));
            assert!((got - wanted).abs() < 1e-6, "{text} at {second} s: {got}, not {wanted}");
        }
    }

    #[test]
    fn the_rate_at_every_time_is_the_one_written() {
        check("900", 100, &[(0, 900.0), (99, 900.0), (100, 0.0)]);
        check(
            "200@0,900@10m,1200@20m..25m",
            3_600,
            &[
                (599, 200.0),
                (600, 900.0),
                (1_199, 900.0),
                (1_350, 1_050.0),
                (1_500, 1_200.0),
                (3_599, 1_200.0),
            ],
        );
        check("100@10s", 60, &[(9, 0.0), (10, 100.0)]);
        check("100@0s..10s, 50@20s", 60, &[(0, 0.0), (5, 50.0), (15, 100.0), (20, 50.0)]);
        check("100,3000@10s+5s,200@12s", 60, &[(9, 100.0), (10, 3_000.0), (14, 3_000.0), (15, 200.0)]);
        check("mean=500,amplitude=300,period=40s", 60, &[(0, 500.0), (10, 800.0), (30, 200.0), (50, 800.0)]);
        check(
            "mean=500,amplitude=300,period=40s,phase=10s,9@45s+1s",
            60,
            &[(0, 800.0), (45, 9.0), (40, 800.0)],
        );
        check("mean=500,amplitude=300,period=40s,0@10s..20s", 60, &[(10, 800.0), (15, 400.0), (30, 0.0)]);
        check("900,100@50s", 20, &[(19, 900.0)]);
    }

    #[test]
    fn the_last_change_bounds_the_load() {
        for (text, seconds) in [
            ("900", 0),
            ("200@0,900@10m,1200@20m..25m", 1_500),
            ("100,3000@7m+30s", 450),
            ("mean=5,amplitude=1,period=1h", 3_600),
        ] {
            assert_eq!(Rate::parse(text).unwrap().last_change(), Nanos::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_a_remedy() {
        for (text, part) in [
            ("", "not a number of requests"),
            ("-5", "negative"),
            ("NaN", "not a number of requests"),
            ("inf", "not a number of requests"),
            ("1e999", "not a number of requests"),
            ("900rps", "not a number of requests"),
            ("200@0,900", "`900` has no time"),
            ("200@10m,900@5m", "sort by time"),
            ("200@0,300@0", "sort by time"),
            ("200@0..10m,900@5m", "sort by time"),
            ("200@10", "write `10s`"),
            ("200@25m..20m", "ramps backwards"),
            ("200@10000000h", "longer than a year"),
            ("9@7m+0s", "lasts no time"),
            ("1,9@7m+60s,8@450s+1s", "spikes overlap"),
            ("mean=5", "all of mean, amplitude and period"),
            ("mean=5,amplitude=6,period=1h", "below zero"),
            ("mean=5,amplitude=1,period=0s", "longer than 0s"),
            ("mean=5,mean=6", "twice"),
            ("mean=5,amplitude=1,perod=1h", "not part of a sine"),
            ("900,mean=5,amplitude=1,period=1h", "both begin"),
        ] {
            let error = Rate::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let error = Rate::parse("1e12").unwrap().profile(Nanos::from_secs(1)).expect_err("too fast");
        assert!(error.contains("at most 100 million"), "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9a-z@.,=+]{0,40}", end in 0_u64..10_000) {
            if let Ok(rate) = Rate::parse(&text) {
                let _ = rate.profile(Nanos::from_secs(end));
            }
        }
    }
}
