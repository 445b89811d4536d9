//! Kubernetes resource quantities (`250m`, `1`, `512Mi`, `1e3`) as whole thousandths.

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number with a known suffix.
    #[error("`{0}` is not a quantity: write a number with a suffix such as 250m, 1, 512Mi or 2Gi")]
    Malformed(String),
    /// Below zero.
    #[error("`{0}` is negative: a quantity is zero or more")]
    Negative(String),
    /// More than a 64-bit number of thousandths.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

/// Reads a quantity as thousandths: CPU `250m` gives 250, `2` gives 2000, memory `1Ki` gives 1,024,000.
///
/// Fractions below a thousandth are rounded up, as the API server does.
///
/// # Errors
/// A [`QuantityError`] naming the text.
pub fn parse_quantity_milli(text: &str) -> Result<u64, QuantityError> {
    let body = text.trim();
    if body.starts_with('-') {
        return Err(QuantityError::Negative(body.to_owned()));
    }
    let malformed = || QuantityError::Malformed(body.to_owned());
    let body = body.strip_prefix('+').unwrap_or(body);
    let digits = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
    let (number, suffix) = body.split_at(digits);
    if number.is_empty() || number == "." {
        return Err(malformed());
    }
    let value: f64 = number.parse().map_err(|_| malformed())?;
    let scale = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0_f64.powi(2),
        "Gi" => 1024.0_f64.powi(3),
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        "Ei" => 1024.0_f64.powi(6),
        _ => exponent(suffix).ok_or_else(malformed)?,
    };
    // Rounding to the nearest first keeps 0.1 from becoming 101 thousandths.
    let milli = value * scale * 1e3;
    let milli = if (milli - milli.round()).abs() < 1e-6 { milli.round() } else { milli.ceil() };
    if !(0.0..9.2e18).contains(&milli) {
        return Err(QuantityError::TooLarge(body.to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked above")]
    Ok(milli as u64)
}

fn exponent(suffix: &str) -> Option<f64> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-9..=18).contains(&power).then(|| 10.0_f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_kubernetes_forms() {
        for (text, milli) in [
            ("250m", 250),
            ("2", 2_000),
            ("0.1", 100),
            ("1.5", 1_500),
            ("100u", 1),
            ("1Ki", 1_024_000),
            ("128Mi", 134_217_728_000),
            ("1e3", 1_000_000),
            ("2E2", 200_000),
            ("0", 0),
        ] {
            assert_eq!(parse_quantity_milli(text), Ok(milli), "{text}");
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in ["", "m", "-1", "1 Gi", "1Kib", "1e99", "999999999E", "NaN", "inf", "0x10"] {
            assert!(parse_quantity_milli(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = parse_quantity_milli(&text);
        }
    }
}
