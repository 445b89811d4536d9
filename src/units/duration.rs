//! Durations as Go and Kubernetes write them: `500ms`, `1m30s`, `1.5h`, and `d` for days.

use super::Nanos;

/// Why a text is not a duration. The messages say how to write it instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing to read.
    #[error("empty duration: write a number with a unit, such as 500ms, 30s or 1m30s")]
    Empty,
    /// A number with nothing behind it.
    #[error("`{0}` has no unit: write `{0}s` for seconds or `{0}ms` for milliseconds")]
    NoUnit(String),
    /// A unit nobody knows.
    #[error("unknown unit `{unit}` in `{text}`: use ns, us, ms, s, m (minutes), h or d")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The part that is no unit.
        unit: String,
    },
    /// Something else than digits where a number is due.
    #[error("`{0}` is not a duration: write a number with a unit, such as 500ms, 30s or 1m30s")]
    NotANumber(String),
    /// Below zero.
    #[error("`{0}` is negative: a duration is zero or more")]
    Negative(String),
    /// Longer than anything podloss simulates.
    #[error("`{0}` is longer than a year, the longest time podloss simulates")]
    TooLong(String),
}

/// Reads a duration such as `500ms`, `1m30s`, `1.5h` or `0`.
///
/// # Errors
/// A [`DurationError`] that says what is wrong and how to write it; in particular a bare number
/// other than `0` is refused, because nobody can tell seconds from milliseconds.
pub fn parse_duration(text: &str) -> Result<Nanos, DurationError> {
    let body = text.trim();
    if body.is_empty() {
        return Err(DurationError::Empty);
    }
    if body.starts_with('-') {
        return Err(DurationError::Negative(body.to_owned()));
    }
    if body.chars().all(|c| c == '0') {
        return Ok(Nanos::ZERO);
    }
    if body.parse::<f64>().is_ok() && body.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(DurationError::NoUnit(body.to_owned()));
    }
    let mut total = 0.0_f64;
    let mut rest = body;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, after) = tail.split_at(letters);
        let number: f64 = number.parse().map_err(|_| DurationError::NotANumber(body.to_owned()))?;
        if unit.is_empty() {
            return Err(DurationError::NoUnit(body.to_owned()));
        }
        let scale = unit_nanos(unit)
            .ok_or_else(|| DurationError::UnknownUnit { text: body.to_owned(), unit: unit.to_owned() })?;
        total += number * scale;
        rest = after;
    }
    if total > Nanos::MAX_SPAN.0 as f64 {
        return Err(DurationError::TooLong(body.to_owned()));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and a year in ns"
    )]
    Ok(Nanos(total.round() as u64))
}

fn unit_nanos(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        _ => return None,
    })
}

/// Writes a duration so that [`parse_duration`] reads the same value back.
pub fn format_duration(span: Nanos) -> String {
    const MINUTE: u64 = 60_000_000_000;
    const HOUR: u64 = 60 * MINUTE;
    let ns = span.0;
    if ns == 0 {
        return "0s".to_owned();
    }
    if ns < 1_000 {
        return format!("{ns}ns");
    }
    if ns < 1_000_000 {
        return format!("{}us", decimal(ns, 1_000));
    }
    if ns < 1_000_000_000 {
        return format!("{}ms", decimal(ns, 1_000_000));
    }
    let (hours, minutes, rest) = (ns / HOUR, ns % HOUR / MINUTE, ns % MINUTE);
    let mut out = String::new();
    if hours > 0 {
        out.push_str(&format!("{hours}h"));
    }
    if minutes > 0 {
        out.push_str(&format!("{minutes}m"));
    }
    if rest > 0 {
        out.push_str(&format!("{}s", decimal(rest, 1_000_000_000)));
    }
    out
}

/// `value / unit` without losing a digit and without trailing zeros.
fn decimal(value: u64, unit: u64) -> String {
    let (whole, fraction) = (value / unit, value % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_go_and_kubernetes_write() {
        for (text, millis) in [
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1.5s", 1_500),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("0", 0),
            ("0s", 0),
            ("250m", 250 * 60_000),
            (" 30s ", 30_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Nanos::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_with_a_remedy() {
        for (text, part) in [
            ("", "empty"),
            ("30", "write `30s`"),
            ("-5s", "negative"),
            ("5x", "unknown unit `x`"),
            ("s", "is not a duration"),
            ("1.2.3s", "is not a duration"),
            ("NaN", "is not a duration"),
            ("10000000h", "longer than a year"),
            ("5s 5s", "unknown unit"),
        ] {
            let error = parse_duration(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ns in 0_u64..31_000_000_000_000_000) {
            let text = format_duration(Nanos(ns));
            // Text is decimal and sums are doubles: the round trip is exact to a nanosecond in 2^53.
            let back = parse_duration(&text).unwrap();
            prop_assert!(back.0.abs_diff(ns) <= 4, "{} -> {} -> {}", ns, text, back.0);
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = parse_duration(&text);
        }
    }
}
