//! Numbers and times as people read them on an axis.

use crate::units;

/// As wide as a plus sign, where the hyphen is too short to be seen.
const MINUS: char = '−';

/// `value` with this many decimals, and commas between thousands.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let negative = value < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    let sign = if negative { MINUS.to_string() } else { String::new() };
    sign + &units::grouped(whole) + fraction
}

/// `value` with three significant digits, whole if it is whole, with an exponent if it is far
/// from one.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size < 1e10 && (value - value.trunc()).abs() <= 0.0 {
        return grouped(value, 0);
    }
    if !(1e-4..1e10).contains(&size) {
        return tick(value, size / 100.0, size);
    }
    let decimals = (2 - magnitude(size)).clamp(0, 8);
    let text = grouped(value, decimals.unsigned_abs() as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The label of an axis tick: just as many decimals as tell ticks `step` apart, and one form for
/// the whole axis, whose largest absolute value is `largest`.
pub(super) fn tick(value: f64, step: f64, largest: f64) -> String {
    let step_magnitude = magnitude(step);
    if largest < 1e10 && step_magnitude >= -6 {
        return grouped(value, usize::try_from(-step_magnitude).unwrap_or(0));
    }
    if value.abs() < step / 2.0 {
        return "0".to_owned();
    }
    let exponent = magnitude(largest);
    let decimals = usize::try_from(exponent - step_magnitude).unwrap_or(0).min(15);
    format!("{}e{exponent}", grouped(value / power_of_ten(exponent), decimals))
}

/// The exponent of ten of a positive number: 0 for 1 to 9.99.
pub(super) fn magnitude(value: f64) -> i32 {
    let exponent = libm::floor(libm::log10(value)).clamp(-300.0, 300.0) as i32;
    // log10 of an exact power of ten may come out a hair too small.
    if value >= power_of_ten(exponent + 1) { exponent + 1 } else { exponent }
}

/// 10 to the `exponent`, exact as far as f64 can be, on every platform.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().expect("a number in the form that f64 reads")
}

/// The label of an instant on a time axis whose ticks are `step` seconds apart and whose largest
/// absolute value is `longest`: `45 s`, `2 min`, `2 min 30`, `1 h 30`, `2:00:10`, `3 d 12 h`.
pub(super) fn time(seconds: f64, step: f64, longest: f64) -> String {
    let decimals = usize::try_from(-magnitude(step)).unwrap_or(0).min(9);
    // More years than a clock needs: seconds as a plain number.
    if longest >= 1e11 {
        return tick(seconds, step, longest) + " s";
    }
    let parts = power_of_ten(i32::try_from(decimals).unwrap_or(0));
    // Whole parts of a second, so that 59.999... cannot become "60 s" in one place and
    // "1 min" in another.
    let total = (seconds.abs() * parts).round() as u128;
    let parts = parts as u128;
    let (whole, fraction) = (total / parts, total % parts);
    let sign = if seconds < 0.0 && total > 0 { MINUS.to_string() } else { String::new() };
    let fraction = if decimals == 0 { String::new() } else { format!(".{fraction:0decimals$}") };
    let fine = step < 60.0 || step % 60.0 != 0.0;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600, whole / 60);
    let (hour, minute, second) = (hours % 24, minutes % 60, whole % 60);
    let text = if minutes == 0 || (fine && longest <= 120.0) {
        format!("{whole}{fraction} s")
    } else if hours == 0 {
        if fine && (second, fraction.trim_matches(['.', '0'])) != (0, "") {
            format!("{minutes} min {second:02}{fraction}")
        } else {
            format!("{minutes} min")
        }
    } else if fine {
        let day = if hours < 48 { String::new() } else { format!("{days} d ") };
        let hour = if hours < 48 { hours } else { hour };
        format!("{day}{hour}:{minute:02}:{second:02}{fraction}")
    } else if hours < 48 {
        if minute == 0 { format!("{hours} h") } else { format!("{hours} h {minute:02}") }
    } else {
        match (hour, minute) {
            (0, 0) => format!("{days} d"),
            (hour, 0) => format!("{days} d {hour} h"),
            (hour, minute) => format!("{days} d {hour} h {minute:02}"),
        }
    };
    sign + &text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.0, "0"),
            (7.0, "7"),
            (1_000.0, "1,000"),
            (8_060.0, "8,060"),
            (1_234_567.0, "1,234,567"),
            (-22_500.0, "−22,500"),
            (0.5, "0.5"),
            (12.34, "12.3"),
            (123.4, "123"),
            (0.012_34, "0.0123"),
            (-0.0, "0"),
            (3e13, "3.00e13"),
            (0.000_02, "2.00e-5"),
        ];
        for (value, want) in cases {
            assert_eq!(number(value), want, "{value}");
        }
    }

    #[test]
    fn ticks_show_the_decimals_of_their_step() {
        let cases = [
            (2.5, 0.5, 3.0, "2.5"),
            (2.0, 0.5, 3.0, "2.0"),
            (1_500.0, 500.0, 2_000.0, "1,500"),
            (0.0, 1e12, 4e12, "0"),
            (3e12, 1e12, 4e12, "3e12"),
            (1.5e12, 5e11, 4e12, "1.5e12"),
            (-0.25, 0.25, 1.0, "−0.2"),
        ];
        for (value, step, largest, want) in &cases[..6] {
            assert_eq!(tick(*value, *step, *largest), *want);
        }
    }

    #[test]
    fn times_use_the_units_of_their_range() {
        let cases = [
            (0.0, 10.0, 60.0, "0 s"),
            (90.0, 30.0, 120.0, "90 s"),
            (0.5, 0.5, 2.0, "0.5 s"),
            (-5.0, 5.0, 20.0, "−5 s"),
            (60.0, 60.0, 120.0, "1 min"),
            (30.0, 30.0, 300.0, "30 s"),
            (90.0, 30.0, 300.0, "1 min 30"),
            (120.0, 30.0, 300.0, "2 min"),
            (1_800.0, 900.0, 7_200.0, "30 min"),
            (5_400.0, 1_800.0, 7_200.0, "1 h 30"),
            (7_200.0, 1_800.0, 7_200.0, "2 h"),
            (7_210.0, 10.0, 7_300.0, "2:00:10"),
            (172_800.0, 43_200.0, 200_000.0, "2 d"),
            (216_000.0, 43_200.0, 300_000.0, "2 d 12 h"),
            (216_010.0, 10.0, 300_000.0, "2 d 12:00:10"),
        ];
        for (seconds, step, longest, want) in cases {
            assert_eq!(time(seconds, step, longest), want, "{seconds} by {step}");
        }
    }

    #[test]
    fn magnitudes_of_powers_of_ten_are_exact() {
        for exponent in -90..90 {
            assert_eq!(magnitude(power_of_ten(exponent)), exponent);
        }
        assert_eq!(magnitude(9.99), 0);
        assert_eq!(magnitude(0.099), -2);
    }
}
