//! What must hold of a result, as users write it: `rollouts_with_loss == 0`, `p99 <= 120ms`.

use super::case::Expectation;

/// The comparisons, longer ones before those they begin with.
pub const COMPARISONS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "in"];

/// How an expectation is written, for messages and help.
pub const EXPECT_FORM: &str = "write METRIC COMPARISON VALUE, such as `rollouts_with_loss == 0`, `margin.removal >= 5s` or \
     `lost in 3900..4500`";

/// Reads `METRIC COMPARISON VALUE`. Whether there is such a metric, and what its values look like,
/// is for the result to say.
///
/// # Errors
/// What is missing.
pub fn parse_expectation(text: &str) -> Result<Expectation, String> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_whitespace() || "=!<>".contains(c)).unwrap_or(text.len());
    let (metric, is) = text.split_at(end);
    if metric.is_empty() {
        return Err(format!("there is no metric: {EXPECT_FORM}"));
    }
    Ok(Expectation { metric: metric.to_owned(), is: comparison(is)?, place: None })
}

/// Brings a comparison such as `>=5s` into the form `>= 5s`.
///
/// # Errors
/// No comparison, or nothing to compare with.
pub fn comparison(text: &str) -> Result<String, String> {
    let text = text.trim();
    let Some(sign) = COMPARISONS.iter().find(|sign| text.starts_with(**sign)) else {
        return Err(format!("`{text}` has no comparison (one of {}): {EXPECT_FORM}", COMPARISONS.join(" ")));
    };
    let value = &text[sign.len()..];
    if *sign == "in" && !value.starts_with(char::is_whitespace) {
        return Err(format!("`{text}` has no range after `in`: write `in 3900..4500`"));
    }
    let value = value.trim();
    if value.is_empty() {
        return Err(format!("`{text}` compares with nothing: {EXPECT_FORM}"));
    }
    if *sign == "in" && !value.contains("..") {
        return Err(format!("`{value}` is not a range: write `in 3900..4500`"));
    }
    Ok(format!("{sign} {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_comparisons_are_told_apart() {
        for (text, metric, is) in [
            ("rollouts_with_loss == 0", "rollouts_with_loss", "== 0"),
            ("margin.removal>=5s", "margin.removal", ">= 5s"),
            ("  lost.502 < 3 ", "lost.502", "< 3"),
            ("lost in 3900..4500", "lost", "in 3900..4500"),
            ("lost != 0", "lost", "!= 0"),
        ] {
            let expected = Expectation { metric: metric.to_owned(), is: is.to_owned(), place: None };
            assert_eq!(parse_expectation(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn half_an_expectation_is_refused() {
        for (text, part) in [
            ("", "no metric"),
            ("== 0", "no metric"),
            ("lost", "no comparison"),
            ("lost 0", "no comparison"),
            ("lost = 0", "no comparison"),
            ("lost ==", "compares with nothing"),
            ("lost in", "no range"),
            ("lost inside", "no range"),
            ("lost in 5", "not a range"),
        ] {
            let error = parse_expectation(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
