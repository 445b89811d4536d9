//! Values of knobs: from text and back to text.

use std::fmt;

use super::Kind;
use super::stop::{StopText, stop};
use crate::random::Dist;
use crate::units::{IntOrPercent, Nanos, format_duration, parse_duration, parse_quantity_milli};

/// A value of a knob.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A span of time.
    Duration(Nanos),
    /// A span of time; `None` for `never`.
    Limit(Option<Nanos>),
    /// Whole seconds.
    Seconds(u32),
    /// A distribution of a span.
    Dist(Dist),
    /// Service time, and the CPU time within its mean if it was said.
    Service(Dist, Option<Nanos>),
    /// What a process does on its stop signal.
    Stop(StopText),
    /// A whole number.
    Count(u64),
    /// A whole number; `None` for `unbounded`.
    Bound(Option<u32>),
    /// A share from 0 to 1.
    Share(f64),
    /// A number.
    Number(f64),
    /// Thousandths of a core.
    Cores(u64),
    /// Yes or no.
    Switch(bool),
    /// One of the words of a [`Kind::Choice`].
    Choice(&'static str),
    /// A count or a percentage.
    IntOrPercent(IntOrPercent),
    /// The minor version of Kubernetes 1.x.
    Version(u32),
    /// Any text.
    Text(String),
}

/// What was said of a knob: a value, or a range of an unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// One value.
    Value(Value),
    /// Somewhere between these two.
    Range(Value, Value),
}

impl Kind {
    /// Reads a value, or a range `a..b` of an unknown.
    ///
    /// # Errors
    /// What is allowed here, as a sentence to show behind the knob's name.
    pub fn parse_said(self, text: &str) -> Result<Said, String> {
        let ranged = !matches!(self, Kind::Text) && !text.contains('=');
        match text.split_once("..").filter(|_| ranged) {
            Some((a, b)) => Ok(Said::Range(self.parse(a)?, self.parse(b)?)),
            None => self.parse(text).map(Said::Value),
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// What is allowed here, as a sentence to show behind the knob's name.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        Ok(match self {
            Kind::Duration => Value::Duration(duration(text)?),
            Kind::Limit if text == "never" => Value::Limit(None),
            Kind::Limit => Value::Limit(Some(
                duration(text).map_err(|error| format!("{error}; `never` means without limit"))?,
            )),
            Kind::Seconds => Value::Seconds(seconds(text)?),
            Kind::Dist => Value::Dist(dist(text)?),
            Kind::Service => service(text)?,
            Kind::Stop => Value::Stop(stop(text)?),
            Kind::Count { min, max } => match text.parse() {
                Ok(count) if (min..=max).contains(&count) => Value::Count(count),
                _ => return Err(format!("`{text}` is not a whole number from {min} to {max}")),
            },
            Kind::Bound if text == "unbounded" => Value::Bound(None),
            Kind::Bound => match text.parse() {
                Ok(count) => Value::Bound(Some(count)),
                _ => return Err(format!("`{text}` is neither a whole number nor `unbounded`")),
            },
            Kind::Share => Value::Share(share(text)?),
            Kind::Number => match text.parse::<f64>() {
                Ok(number) if number >= 0.0 && number.is_finite() => Value::Number(number),
                _ => return Err(format!("`{text}` is not a finite number, zero or more")),
            },
            Kind::Cores => Value::Cores(parse_quantity_milli(text).map_err(|error| error.to_string())?),
            Kind::Switch => match text {
                "true" => Value::Switch(true),
                "false" => Value::Switch(false),
                _ => return Err(format!("`{text}` is neither `true` nor `false`")),
            },
            Kind::Choice(words) => match words.iter().find(|word| **word == text) {
                Some(word) => Value::Choice(word),
                None => return Err(format!("`{text}` is not one of {}", words.join(", "))),
            },
            Kind::IntOrPercent => Value::IntOrPercent(
                IntOrPercent::parse(text)
                    .ok_or_else(|| format!("`{text}` is neither a whole number nor a percentage like 25%"))?,
            ),
            Kind::Version => Value::Version(version(text)?),
            Kind::Text => Value::Text(text.to_owned()),
        })
    }

    /// What a value looks like, for help and schema.
    pub fn describe(self) -> String {
        match self {
            Kind::Duration => "a duration such as 500ms, 30s or 1m30s".into(),
            Kind::Limit => "a duration such as 30s, or never".into(),
            Kind::Seconds => "whole seconds: 30 or 30s".into(),
            Kind::Dist => {
                "a duration, a distribution (median=8s,p99=15s, uniform=1s..3s, exponential=2s) or a range 8s..15s".into()
            }
            Kind::Service => "a duration or distribution, with the CPU time in it: 45ms,p99=82ms,cpu=8ms".into(),
            Kind::Stop => "exit, drain, drain,keep=busy, hold, decline, linger=5s or ignore, those that end by themselves also with limit=20s; or a termination preset".into(),
            Kind::Count { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Bound => "a whole number, or unbounded".into(),
            Kind::Share => "a share: 20% or 0.2".into(),
            Kind::Number => "a number, zero or more".into(),
            Kind::Cores => "CPU: 250m or 0.5".into(),
            Kind::Switch => "true or false".into(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::IntOrPercent => "a whole number or a percentage: 3 or 25%".into(),
            Kind::Version => "a version of Kubernetes such as 1.35".into(),
            Kind::Text => "text".into(),
        }
    }
}

impl Value {
    /// One number to compare values of a kind by; `None` for words.
    pub fn magnitude(&self) -> Option<f64> {
        Some(match self {
            Value::Duration(span) => span.as_secs_f64(),
            Value::Limit(span) => span.map_or(f64::INFINITY, Nanos::as_secs_f64),
            Value::Seconds(seconds) => f64::from(*seconds),
            Value::Dist(dist) | Value::Service(dist, _) => dist.mean().as_secs_f64(),
            Value::Count(count) => *count as f64,
            Value::Bound(count) => count.map_or(f64::INFINITY, f64::from),
            Value::Share(number) | Value::Number(number) => *number,
            Value::Cores(milli) => *milli as f64 / 1e3,
            Value::IntOrPercent(IntOrPercent::Int(n) | IntOrPercent::Percent(n)) => f64::from(*n),
            Value::Version(minor) => f64::from(*minor),
            Value::Stop(_) | Value::Switch(_) | Value::Choice(_) | Value::Text(_) => return None,
        })
    }

    /// This value moved to another place: a plain duration among distributions says where the mean
    /// lies, and the spread stays. That is what the end of a range means for an unknown that varies
    /// from pod to pod or from request to request; without a spread pods would do in step what real
    /// ones do one after the other.
    pub fn moved(&self, to: &Value) -> Value {
        match (self, to) {
            (Value::Dist(shape), Value::Dist(Dist::Fixed(mean))) => {
                Value::Dist(readable(&shape.with_mean(*mean)))
            }
            (Value::Service(shape, _), Value::Service(Dist::Fixed(mean), cpu)) => {
                Value::Service(readable(&shape.with_mean(*mean)), *cpu)
            }
            _ => to.clone(),
        }
    }

    /// A value between two of one kind: the geometric mean (times to three digits), or where one end is
    /// zero half of the other. Of words the second, which is expected to lose more.
    pub fn between(a: &Value, b: &Value) -> Value {
        let middle = |a: f64, b: f64| if a * b > 0.0 { libm::sqrt(a * b) } else { (a + b) / 2.0 };
        let (Some(x), Some(y)) = (a.magnitude(), b.magnitude()) else { return b.clone() };
        let number = middle(x, y);
        let span = Nanos::from_secs_f64(number).three_digits();
        let whole = number.round() as u64;
        let small = u32::try_from(whole).unwrap_or(u32::MAX);
        match b {
            Value::Duration(_) => Value::Duration(span),
            Value::Limit(_) if number.is_finite() => Value::Limit(Some(span)),
            Value::Seconds(_) => Value::Seconds(small),
            Value::Dist(_) => Value::Dist(Dist::Fixed(span)),
            Value::Service(_, cpu) => Value::Service(Dist::Fixed(span), *cpu),
            Value::Count(_) => Value::Count(whole),
            Value::Bound(_) if number.is_finite() => Value::Bound(Some(small)),
            Value::Share(_) => Value::Share(number),
            Value::Number(_) => Value::Number(number),
            Value::Cores(_) => Value::Cores((number * 1e3).round() as u64),
            Value::IntOrPercent(IntOrPercent::Percent(_)) => {
                Value::IntOrPercent(IntOrPercent::Percent(small))
            }
            Value::IntOrPercent(_) => Value::IntOrPercent(IntOrPercent::Int(small)),
            other => other.clone(),
        }
    }
}

impl fmt::Display for Value {
    /// As a user would write it; [`Kind::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Duration(span) | Value::Limit(Some(span)) => write!(f, "{span}"),
            Value::Limit(None) => f.write_str("never"),
            Value::Seconds(seconds) => write!(f, "{seconds}s"),
            Value::Dist(dist) => write_dist(f, dist),
            Value::Service(dist, cpu) => {
                write_dist(f, dist)?;
                cpu.map_or(Ok(()), |cpu| write!(f, ",cpu={cpu}"))
            }
            Value::Stop(stop) => write!(f, "{stop}"),
            Value::Count(count) => write!(f, "{count}"),
            Value::Bound(Some(count)) => write!(f, "{count}"),
            Value::Bound(None) => f.write_str("unbounded"),
            Value::Share(share) => write!(f, "{share}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Cores(milli) if milli % 1_000 == 0 => write!(f, "{}", milli / 1_000),
            Value::Cores(milli) => write!(f, "{milli}m"),
            Value::Switch(on) => write!(f, "{on}"),
            Value::Choice(word) => f.write_str(word),
            Value::IntOrPercent(value) => write!(f, "{value}"),
            Value::Version(minor) => write!(f, "1.{minor}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// A log-normal through figures of three digits, as people write one; others as they are.
fn readable(dist: &Dist) -> Dist {
    match dist {
        Dist::LogNormal { median, max, .. } if *max >= Nanos::MAX_SPAN => {
            let p99 = Nanos::from_secs_f64(dist.upper_quantile_secs(0.01));
            Dist::log_normal_p99(median.three_digits(), p99.three_digits())
        }
        other => other.clone(),
    }
}

/// The 99th percentile by which a log-normal can be written, if one of three digits gives exactly it.
fn written_p99(dist: &Dist) -> Option<Nanos> {
    let Dist::LogNormal { median, .. } = dist else { return None };
    let exact = Nanos::from_secs_f64(dist.upper_quantile_secs(0.01));
    // The quantile itself may fall short of the figure by a rounding error.
    let p99 = Nanos(exact.0 + exact.0 / 1_000_000).three_digits();
    (p99 >= *median && Dist::log_normal_p99(*median, p99) == *dist).then_some(p99)
}

fn write_dist(f: &mut fmt::Formatter<'_>, dist: &Dist) -> fmt::Result {
    if let (Dist::LogNormal { median, .. }, Some(p99)) = (dist, written_p99(dist)) {
        return write!(f, "median={median},p99={p99}");
    }
    match dist {
        Dist::Fixed(span) => write!(f, "{span}"),
        Dist::Uniform { lo, hi } => write!(f, "uniform={lo}..{hi}"),
        Dist::Exponential { mean } => write!(f, "exponential={mean}"),
        Dist::LogNormal { median, sigma, max } => {
            write!(f, "median={median},sigma={sigma}")?;
            if *max < Nanos::MAX_SPAN { write!(f, ",max={max}") } else { Ok(()) }
        }
        Dist::Empirical(values) => {
            let values: Vec<String> = values.iter().map(|value| format_duration(*value)).collect();
            write!(f, "empirical={}", values.join("/"))
        }
    }
}

pub(super) fn duration(text: &str) -> Result<Nanos, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<u32, String> {
    if let Ok(seconds) = text.parse::<u32>()
        && u64::from(seconds) <= Nanos::MAX_SPAN.whole_secs()
    {
        return Ok(seconds);
    }
    if text.parse::<f64>().is_ok() {
        return Err(format!("`{text}` is not a whole number of seconds between 0 and a year"));
    }
    let span = duration(text)?;
    if span.0 % 1_000_000_000 != 0 {
        return Err(format!("`{text}` is not whole seconds, and Kubernetes takes no other"));
    }
    u32::try_from(span.whole_secs()).map_err(|_| format!("`{text}` is longer than a year"))
}

fn share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.parse().ok(),
    };
    number
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is not a share: write a percentage up to 100%, or 0 to 1"))
}

fn version(text: &str) -> Result<u32, String> {
    let minor = text.trim_start_matches('v').strip_prefix("1.").and_then(|rest| {
        let minor = rest.split(['.', '+', '-']).next()?;
        minor.parse::<u32>().ok()
    });
    match minor {
        Some(minor @ 15..=99) => Ok(minor),
        Some(minor) => Err(format!("Kubernetes 1.{minor} is older than podloss knows: 1.15 and later")),
        None => Err(format!("`{text}` is not a version of Kubernetes such as 1.35")),
    }
}

/// The parts of `8s,p99=15s` as names and texts; the first may stand without its name.
pub(super) fn parts<'t>(text: &'t str, first: &'static str) -> Result<Vec<(&'t str, &'t str)>, String> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (index, part) in text.split(',').map(str::trim).enumerate() {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), value.trim()),
            None if index == 0 => (first, part),
            None => return Err(format!("`{part}` has no name: write name=value behind the first part")),
        };
        if found.iter().any(|(other, _)| *other == name) {
            return Err(format!("`{name}` is said twice in `{text}`"));
        }
        found.push((name, value));
    }
    Ok(found)
}

fn dist(text: &str) -> Result<Dist, String> {
    dist_of(text, &parts(text, "fixed")?)
}

fn dist_of(text: &str, parts: &[(&str, &str)]) -> Result<Dist, String> {
    const NAMES: &[&str] =
        &["fixed", "median", "mean", "sigma", "p95", "p99", "max", "uniform", "exponential", "empirical"];
    if let Some((name, _)) = parts.iter().find(|(name, _)| !NAMES.contains(name)) {
        return Err(format!("`{name}` is no part of a distribution: use {}", NAMES.join(", ")));
    }
    let get = |name: &str| parts.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let alone = |shape: Dist| match parts.len() {
        1 => Ok(shape),
        _ => Err(format!("`{text}` mixes `{}` with other parts", parts[0].0)),
    };
    if let Some(value) = get("uniform") {
        let (lo, hi) = value.split_once("..").ok_or("write uniform=LOW..HIGH, such as uniform=1s..3s")?;
        let (lo, hi) = (duration(lo)?, duration(hi)?);
        if hi < lo {
            return Err(format!("`{value}` runs backwards: write the lower end first"));
        }
        return alone(Dist::Uniform { lo, hi });
    }
    if let Some(value) = get("exponential") {
        return alone(Dist::Exponential { mean: duration(value)? });
    }
    if let Some(value) = get("empirical") {
        let mut values = value.split('/').map(duration).collect::<Result<Vec<_>, _>>()?;
        values.sort_unstable();
        return alone(Dist::Empirical(values));
    }
    if let (Some(value), 1) = (get("fixed"), parts.len()) {
        return Ok(Dist::Fixed(duration(value)?));
    }
    log_normal(text, &get)
}

fn log_normal<'t>(text: &str, get: &dyn Fn(&str) -> Option<&'t str>) -> Result<Dist, String> {
    let sigma = get("sigma")
        .map(|value| match value.parse::<f64>() {
            Ok(sigma) if (0.0..=5.0).contains(&sigma) => Ok(sigma),
            _ => Err(format!("sigma `{value}` is not a number from 0 to 5")),
        })
        .transpose()?;
    let spread = [sigma.map(|_| "sigma"), get("p95").map(|_| "p95"), get("p99").map(|_| "p99")];
    if spread.iter().flatten().count() != 1 {
        return Err(format!("`{text}` needs exactly one of p95, p99 and sigma to say how far it spreads"));
    }
    let mut shape = match (get("fixed").or(get("median")), get("mean"), sigma) {
        (Some(median), None, sigma) => {
            let median = duration(median)?;
            let upper = |name: &str| get(name).map(duration).transpose();
            let (p95, p99) = (upper("p95")?, upper("p99")?);
            if let Some(upper) = p95.or(p99).filter(|upper| *upper < median) {
                return Err(format!("the percentile {upper} is below the median {median}"));
            }
            match (p95, p99, sigma) {
                (Some(p95), ..) => match Dist::log_normal_p95_bounded(median, p95) {
                    Dist::LogNormal { median, sigma, .. } => {
                        Dist::LogNormal { median, sigma, max: Nanos::MAX_SPAN }
                    }
                    other => other,
                },
                (None, Some(p99), _) => Dist::log_normal_p99(median, p99),
                (None, None, sigma) => {
                    Dist::LogNormal { median, sigma: sigma.unwrap_or(0.0), max: Nanos::MAX_SPAN }
                }
            }
        }
        (None, Some(mean), Some(sigma)) => Dist::log_normal_mean(duration(mean)?, sigma),
        (None, Some(_), None) => {
            return Err(format!("`{text}`: beside a mean say sigma; percentiles go with a median"));
        }
        _ => return Err(format!("`{text}` needs one of median and mean")),
    };
    if let (Dist::LogNormal { median, sigma, max }, Some(cut)) = (&mut shape, get("max")) {
        *max = match cut {
            "p99" => Nanos::from_secs_f64(median.as_secs_f64() * libm::exp(*sigma * 2.326_347_874_040_841)),
            cut => duration(cut)?,
        };
    }
    Ok(shape)
}

fn service(text: &str) -> Result<Value, String> {
    let mut parts = parts(text, "fixed")?;
    let cpu = parts.iter().position(|(name, _)| *name == "cpu").map(|at| parts.remove(at).1);
    if parts.is_empty() {
        return Err(format!("`{text}` says no time: write 45ms,cpu=8ms"));
    }
    let dist = dist_of(text, &parts)?;
    Ok(Value::Service(dist, cpu.map(duration).transpose()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_and_written_back() {
        let count = Kind::Count { min: 1, max: 9 };
        for (kind, text, back) in [
            (Kind::Duration, "90s", "1m30s"),
            (Kind::Limit, "never", "never"),
            (Kind::Limit, "5s", "5s"),
            (Kind::Seconds, "40", "40s"),
            (Kind::Seconds, "1m", "60s"),
            (Kind::Dist, "8s", "8s"),
            (Kind::Dist, "median=8s,sigma=0.5", "median=8s,sigma=0.5"),
            (Kind::Dist, "uniform=1s..3s", "uniform=1s..3s"),
            (Kind::Dist, "exponential=2s", "exponential=2s"),
            (Kind::Dist, "empirical=3s/1s/2s", "empirical=1s/2s/3s"),
            (Kind::Service, "45ms,cpu=8ms", "45ms,cpu=8ms"),
            (Kind::Stop, "drain,limit=20s", "drain,limit=20s"),
            (Kind::Stop, "behaviour=drain,limit=20s", "drain,limit=20s"),
            (Kind::Stop, "linger=5s,limit=9s", "linger=5s,limit=9s"),
            (Kind::Stop, "drain,limit=9s,keep=busy", "drain,keep=busy,limit=9s"),
            (Kind::Stop, "drain,keep=all", "drain,keep=all"),
            (Kind::Stop, "nginx-quit", "nginx-quit"),
            (count, "9", "9"),
            (Kind::Bound, "0", "0"),
            (Kind::Bound, "unbounded", "unbounded"),
            (Kind::Share, "20%", "0.2"),
            (Kind::Cores, "0.25", "250m"),
            (Kind::Cores, "2", "2"),
            (Kind::Switch, "true", "true"),
            (Kind::IntOrPercent, "25%", "25%"),
            (Kind::Version, "v1.31.4-gke.1", "1.31"),
            (Kind::Choice(&["a", "b"]), "b", "b"),
        ] {
            let value = kind.parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(value.to_string(), back, "{text}");
            assert_eq!(kind.parse(back), Ok(value), "{text}");
        }
    }

    #[test]
    fn distributions_go_through_the_points_they_name() {
        let quantile = |text: &str, tail: f64| match Kind::Dist.parse(text) {
            Ok(Value::Dist(dist)) => dist.upper_quantile_secs(tail),
            other => panic!("{text}: {other:?}"),
        };
        assert!((quantile("8s,p99=15s", 0.01) - 15.0).abs() < 1e-6);
        assert!((quantile("median=8s,p95=30s", 0.05) - 30.0).abs() < 1e-6);
        assert!((quantile("median=8s,p95=30s,max=20s", 0.05) - 20.0).abs() < 1e-6);
        assert!((quantile("median=8s,p95=30s,max=p99", 1e-9) - quantile("8s,p95=30s", 0.01)).abs() < 1e-5);
        assert!(matches!(Kind::Dist.parse("mean=45ms,sigma=0.5"), Ok(Value::Dist(Dist::LogNormal { .. }))));
    }

    #[test]
    fn ranges_of_unknowns_are_no_distributions() {
        let range = Kind::Dist.parse_said("8s..15s").unwrap();
        let end = |s| Value::Dist(Dist::Fixed(Nanos::from_secs(s)));
        assert_eq!(range, Said::Range(end(8), end(15)));
        assert!(matches!(Kind::Dist.parse_said("uniform=8s..15s"), Ok(Said::Value(_))));
        assert!(matches!(Kind::Stop.parse_said("drain..ignore"), Ok(Said::Range(..))));
        assert!(matches!(Kind::Text.parse_said("200@0,900@10m,1200@20m..25m"), Ok(Said::Value(_))));
        assert_eq!(Value::between(&end(4), &end(16)), end(8));
        assert_eq!(Value::between(&end(0), &end(16)), end(8));
    }

    #[test]
    fn refusals_say_what_is_allowed() {
        let word = Kind::Choice(&["refused", "blackhole"]);
        for (kind, text, part) in [
            (Kind::Duration, "30", "write `30s`"),
            (Kind::Limit, "soon", "`never`"),
            (Kind::Seconds, "1.5s", "not whole seconds"),
            (Kind::Seconds, "-1", "not a whole number"),
            (Kind::Seconds, "1.5", "not a whole number"),
            (Kind::Dist, "median=8s", "exactly one of"),
            (Kind::Dist, "8s,p99=15s,sigma=1", "exactly one of"),
            (Kind::Dist, "8s,p99=2s", "below the median"),
            (Kind::Dist, "8s,p90=9s", "`p90` is no part"),
            (Kind::Dist, "uniform=3s..1s", "backwards"),
            (Kind::Dist, "8s,9s", "has no name"),
            (Kind::Dist, "mean=8s,p99=9s", "sigma"),
            (Kind::Dist, "exponential=2s,max=3s", "mixes"),
            (Kind::Service, "cpu=8ms", "says no time"),
            (Kind::Stop, "limit=3s", "say exit"),
            (Kind::Stop, "exit,limit=3s", "takes no limit"),
            (Kind::Stop, "linger", "for how long"),
            (Kind::Stop, "hold,keep=all", "goes with `drain`"),
            (Kind::Stop, "drain,keep=none", "neither `busy` nor `all`"),
            (Kind::Stop, "drain,kept=all", "use behaviour, limit, keep"),
            (Kind::Count { min: 1, max: 9 }, "10", "from 1 to 9"),
            (Kind::Bound, "-1", "nor `unbounded`"),
            (Kind::Share, "120%", "is not a share"),
            (Kind::Number, "NaN", "finite"),
            (Kind::Cores, "-1", "negative"),
            (Kind::Switch, "yes", "neither"),
            (word, "reset", "refused, blackhole"),
            (Kind::IntOrPercent, "1.5", "neither"),
            (Kind::Version, "latest", "such as 1.35"),
            (Kind::Version, "1.9", "1.15 and later"),
        ] {
            let error = kind.parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            for kind in [Kind::Dist, Kind::Service, Kind::Stop, Kind::Seconds, Kind::Share, Kind::Version] {
                let _ = kind.parse_said(&text);
            }
        }
    }
}
