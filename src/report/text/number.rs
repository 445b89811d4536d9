//! Numbers and texts in columns.

use crate::units::{decimals, grouped};

/// So many things, in the singular where there is one.
pub fn counted(number: impl ToString, thing: &str) -> String {
    let number = grouped(number);
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A mean of counts: three digits where it is large, one behind the point where it is small.
pub(in crate::report) fn about(value: f64) -> String {
    if value < 10.0 {
        let tenths = (value * 10.0).round() / 10.0;
        // Little is not nothing.
        return match value > 0.0 && tenths == 0.0 {
            true => "<0.1".to_owned(),
            false => format!("{tenths}"),
        };
    }
    let mut step = 1.0;
    while value / step >= 999.5 {
        step *= 10.0;
    }
    grouped(((value / step).round() * step) as u64)
}

/// Seconds, finer where they are few.
pub(in crate::report) fn seconds(value: f64) -> String {
    let magnitude = value.abs();
    let most = match magnitude {
        9.95.. => 0,
        0.000_5..0.095 => 3,
        _ => 1,
    };
    decimals(value, most)
}

/// At most so many characters, the last one a sign that something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Breaks a text at blanks into lines of at most `width` characters; a longer word is cut.
pub(in crate::report) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = cut(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_fine_as_they_are_known() {
        for (value, text) in [
            (0.0, "0"),
            (0.01, "<0.1"),
            (3.44, "3.4"),
            (9.97, "10"),
            (99.6, "100"),
            (999.4, "999"),
            (999.6, "1,000"),
            (8_061.3, "8,060"),
            (22_512.0, "22,500"),
            (1_234_567.0, "1,230,000"),
        ] {
            assert_eq!(about(value), text, "{value}");
        }
        for (value, text) in
            [(0.0, "0"), (0.021, "0.021"), (0.14, "0.1"), (-9.0, "-9"), (49.4, "49"), (5.0, "5")]
        {
            assert_eq!(seconds(value), text, "{value}");
        }
        assert_eq!((counted(1, "run"), counted(1_000, "run")), ("1 run".into(), "1,000 runs".into()));
    }

    #[test]
    fn texts_stay_in_their_columns() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(wrap("keep serving until it has let go", 12), ["keep serving", "until it has", "let go"]);
        assert!(wrap("  ", 5).is_empty());
    }
}
