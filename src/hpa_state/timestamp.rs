//! RFC 3339 timestamps, as Kubernetes writes them: `2026-03-01T12:00:00Z`.

use crate::units::SimTime;

/// Reads a timestamp as nanoseconds since 1970; `None` if it is none, or before 1970, or so late
/// that it does not fit. A leap second counts as the second after it.
pub(crate) fn parse(text: &str) -> Option<SimTime> {
    let (date, time) = text.split_once(['T', 't'])?;
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let sign = time.rfind(['+', '-'])?;
            let (clock, offset) = time.split_at(sign);
            let (hours, minutes) = offset[1..].split_once(':')?;
            let seconds = number(hours, 2, 0..=23)? * 3_600 + number(minutes, 2, 0..=59)? * 60;
            (clock, if offset.starts_with('-') { -seconds } else { seconds })
        }
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 1970..=9_999)?;
    let month = number(parts.next()?, 2, 1..=12)?;
    let day = number(parts.next()?, 2, 1..=days_in(year, month))?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut units = clock.split(':');
    let hour = number(units.next()?, 2, 0..=23)?;
    let minute = number(units.next()?, 2, 0..=59)?;
    let second = number(units.next()?, 2, 0..=60)?;
    if parts.next().is_some() || units.next().is_some() {
        return None;
    }
    let days = days_before(year) + (1..month).map(|m| days_in(year, m)).sum::<i64>() + day - 1;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    let nanos = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
    nanos.checked_add(nanos_of(fraction)?).map(SimTime)
}

fn number(digits: &str, width: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let plain = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|value| plain && range.contains(value))
}

/// The digits behind the point as nanoseconds; those beyond the ninth are cut.
fn nanos_of(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}")[..9].parse().ok()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the start of 1970 to the start of `year`.
fn days_before(year: i64) -> i64 {
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubernetes_writes() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1972-03-01T00:00:00Z", 68_256_000_000_000_000),
            ("2000-02-29T23:59:59Z", 951_868_799_000_000_000),
            ("2001-09-09T01:46:40Z", 1_000_000_000_000_000_000),
            ("2026-03-01T12:00:00Z", 1_772_366_400_000_000_000),
            ("2026-12-31T23:59:59Z", 1_798_761_599_000_000_000),
            ("2026-03-01T12:00:00.5Z", 1_772_366_400_500_000_000),
            ("2026-03-01T12:00:00.123456789123Z", 1_772_366_400_123_456_789),
            ("2026-03-01T13:30:00+01:30", 1_772_366_400_000_000_000),
            ("2026-03-01T07:00:00-05:00", 1_772_366_400_000_000_000),
            ("2026-03-01t12:00:00z", 1_772_366_400_000_000_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000_000_000),
        ] {
            assert_eq!(parse(text), Some(SimTime(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-03-01 12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-04-31T12:00:00Z",
            "1900-01-01T12:00:00Z",
            "2026-3-01T12:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:60:00Z",
            "2026-03-01T12:00:61Z",
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:00:00Z",
            "2026-03-01-01T12:00:00Z",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00.5xZ",
            "2026-03-01T12:00:+0Z",
            "2026-03-01T12:00:00+0100",
            "2026-03-01T12:00:00+24:00",
            "2026-03-01T12:00:00+01:60",
            "1970-01-01T00:00:00+00:01",
            "9999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
