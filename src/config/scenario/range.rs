//! Values of a sweep: lists, and ranges with a step such as `0s..60s/5s`.

use crate::units::{Nanos, format_duration, parse_duration};

/// The most values of one knob.
const VALUES_MAX: usize = 10_000;

/// The values that a text stands for: `a..b/step` gives every value from a to b, both included
/// where the steps meet b; a comma-separated list gives its items; anything else is one value.
/// A range without a step stays what it is, the range of an unknown.
///
/// # Errors
/// A range that runs backwards, has no step or gives too many values.
pub fn values(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("there is no value".to_owned());
    }
    let mut all = Vec::new();
    // Commas inside `median=8s,p99=15s` belong to the value.
    let items: Vec<&str> = if text.contains('=') { vec![text] } else { text.split(',').collect() };
    for item in items {
        all.extend(one(item.trim())?);
        if all.len() > VALUES_MAX {
            return Err(format!("`{text}` gives more than {VALUES_MAX} values"));
        }
    }
    Ok(all)
}

fn one(item: &str) -> Result<Vec<String>, String> {
    if item.is_empty() {
        return Err("a value between two commas is missing".to_owned());
    }
    let Some((from, rest)) = item.split_once("..") else { return Ok(vec![item.to_owned()]) };
    let Some((to, step)) = rest.split_once('/') else { return Ok(vec![item.to_owned()]) };
    let (from, to, step) = (from.trim(), to.trim(), step.trim());
    if let (Some(from), Some(to), Some(step)) = (percent(from), percent(to), percent(step)) {
        return steps(item, from, to, step, |value| format!("{value}%"));
    }
    if let (Ok(from), Ok(to), Ok(step)) = (from.parse(), to.parse(), step.parse()) {
        return steps(item, from, to, step, |value: u64| value.to_string());
    }
    let nanos = |text: &str| parse_duration(text).map(|span| span.0).map_err(|error| error.to_string());
    steps(item, nanos(from)?, nanos(to)?, nanos(step)?, |value| format_duration(Nanos(value)))
}

fn percent(text: &str) -> Option<u64> {
    text.strip_suffix('%')?.parse().ok()
}

fn steps(
    item: &str,
    from: u64,
    to: u64,
    step: u64,
    write: impl Fn(u64) -> String,
) -> Result<Vec<String>, String> {
    if step == 0 {
        return Err(format!("`{item}` has a step of zero"));
    }
    if to < from {
        return Err(format!("`{item}` runs backwards: write the smaller value first"));
    }
    let count = (to - from) / step;
    if count >= VALUES_MAX as u64 {
        return Err(format!("`{item}` gives more than {VALUES_MAX} values"));
    }
    Ok((0..=count).map(|index| write(from + index * step)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_and_ranges_are_expanded() {
        for (text, expected) in [
            ("0s..60s/20s", vec!["0s", "20s", "40s", "1m"]),
            ("0s..50s/20s", vec!["0s", "20s", "40s"]),
            ("1..9/4", vec!["1", "5", "9"]),
            ("10%..50%/20%", vec!["10%", "30%", "50%"]),
            ("0s,20s,40s", vec!["0s", "20s", "40s"]),
            ("5s..25s", vec!["5s..25s"]),
            ("5s..25s, 9s", vec!["5s..25s", "9s"]),
            ("median=8s,p99=15s", vec!["median=8s,p99=15s"]),
            ("drain", vec!["drain"]),
        ] {
            assert_eq!(values(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn endless_and_backward_ranges_are_refused() {
        for (text, part) in [
            ("", "no value"),
            ("1,,2", "missing"),
            ("1..9/0", "step of zero"),
            ("9..1/1", "backwards"),
            ("0s..1h/1ms", "more than 10000 values"),
            ("0..18446744073709551615/1", "more than 10000"),
            ("1s..9s/1", "write `1s`"),
            ("a..b/c", "not a duration"),
        ] {
            let error = values(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9sm%.,/]{0,30}") {
            let _ = values(&text);
        }
    }
}
