//! Numbers as people read them.

/// A whole number with commas between thousands.
#[expect(clippy::needless_pass_by_value, reason = "whatever has digits, most of it is copied anyway")]
pub fn grouped(whole: impl ToString) -> String {
    let text = whole.to_string();
    let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
    let mut out = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with at most so many decimals: no zeros at the end, and never `-0`.
pub fn decimals(value: f64, most: usize) -> String {
    let text = format!("{value:.most$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_thousands_apart() {
        for (value, text) in
            [(0, "0"), (999, "999"), (1_000_000, "1,000,000"), (-123, "-123"), (-4_567, "-4,567")]
        {
            assert_eq!(grouped(value), text);
        }
        for (value, most, text) in [
            (0.25, 3, "0.25"),
            (3.0, 2, "3"),
            (100.0, 0, "100"),
            (-0.01, 1, "0"),
            (-3.5, 1, "-3.5"),
            (f64::INFINITY, 1, "inf"),
        ] {
            assert_eq!(decimals(value, most), text, "{value}");
        }
    }
}
