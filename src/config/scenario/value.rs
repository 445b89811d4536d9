//! Values of TOML as the texts that flags take.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lists and tables nested deeper than this are no values of a knob.
const DEPTH_MAX: usize = 3;

/// The text of a value: `8s` and `64` as they are, a table as `median=8s,p99=15s`, a list as
/// `8s,9s`; a list inside a table, or one for a distribution (`list` is then `empirical=`), is
/// joined by slashes.
///
/// # Errors
/// What cannot be a value, in words that follow "expected a text or number, found".
pub(super) fn text(value: &DeValue<'_>, distribution: bool) -> Result<String, String> {
    match value {
        DeValue::Array(items) if distribution => {
            let items: Vec<String> =
                items.iter().map(|item| scalar(item.get_ref())).collect::<Result<_, _>>()?;
            Ok(format!("empirical={}", items.join("/")))
        }
        value => nested(value, 0),
    }
}

fn nested(value: &DeValue<'_>, depth: usize) -> Result<String, String> {
    match value {
        DeValue::Array(_) | DeValue::Table(_) if depth >= DEPTH_MAX => Err("deep nesting".to_owned()),
        DeValue::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| nested(item.get_ref(), depth + 1)).collect::<Result<_, _>>()?;
            if items.is_empty() {
                return Err("an empty list".to_owned());
            }
            Ok(items.join(if depth == 0 { "," } else { "/" }))
        }
        DeValue::Table(table) => {
            let mut parts = Vec::new();
            for (key, value) in in_order(table) {
                let value = nested(value.get_ref(), depth + 1)?;
                if value.contains([',', '=']) || key.get_ref().contains([',', '=']) {
                    return Err(format!("`{value}` with a comma or an equals sign inside a table"));
                }
                parts.push(format!("{}={value}", key.get_ref()));
            }
            if parts.is_empty() { Err("an empty table".to_owned()) } else { Ok(parts.join(",")) }
        }
        value => scalar(value),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) if text.trim().is_empty() => Err("an empty text".to_owned()),
        DeValue::String(text) => Ok(text.trim().to_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err("a number of more than 64 bits".to_owned()),
        },
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Ok(yes.to_string()),
        other => Err(describe(other).to_owned()),
    }
}

/// What a value is, in words.
pub(super) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

type Entry<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

/// The entries of a table as they were written.
pub(super) fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut entries: Vec<Entry<'t, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_the_texts_of_flags() {
        for (toml, distribution, expected) in [
            ("\"8s\"", true, Ok("8s")),
            ("64", false, Ok("64")),
            ("1_000", false, Ok("1000")),
            ("0x10", false, Ok("16")),
            ("0.5", false, Ok("0.5")),
            ("nan", false, Ok("nan")),
            ("true", false, Ok("true")),
            ("{ median = \"8s\", p99 = \"15s\" }", true, Ok("median=8s,p99=15s")),
            ("{ p99 = \"15s\", median = \"8s\" }", true, Ok("p99=15s,median=8s")),
            ("[\"1s\", \"2s\"]", true, Ok("empirical=1s/2s")),
            ("{ empirical = [\"1s\", \"2s\"] }", true, Ok("empirical=1s/2s")),
            ("[\"200@0\", \"900@10m\"]", false, Ok("200@0,900@10m")),
            ("\" \"", false, Err("an empty text")),
            ("[]", false, Err("an empty list")),
            ("{}", false, Err("an empty table")),
            ("2024-01-01", false, Err("a date")),
            ("{ a = \"b,c\" }", false, Err("`b,c` with a comma or an equals sign inside a table")),
            ("99999999999999999999", false, Err("a number of more than 64 bits")),
            ("[[[[1]]]]", false, Err("deep nesting")),
        ] {
            let value = DeValue::parse(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
            let got = text(value.get_ref(), distribution);
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{toml}");
        }
    }
}
