//! The answer of Prometheus to a range query.
//! Source: the format of /api/v1/query_range, Prometheus HTTP API version 1.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::recording::{RecordingError, Series, push};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Option<String>,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
    // A bare `data` object.
    #[serde(borrow, default, rename = "resultType")]
    result_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    result: Option<Vec<Row<'a>>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default, rename = "resultType")]
    result_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    result: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(borrow, default)]
    values: Option<Vec<(f64, Number<'a>)>>,
    #[serde(default)]
    histograms: Option<IgnoredAny>,
    #[serde(default)]
    value: Option<IgnoredAny>,
}

/// Prometheus writes numbers as texts, so that they can be NaN; other tools do not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Plain(f64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl Number<'_> {
    fn read(&self) -> Option<f64> {
        match self {
            Number::Plain(value) => Some(*value),
            Number::Text(text) => match text.as_ref() {
                "+Inf" => Some(f64::INFINITY),
                "-Inf" => Some(f64::NEG_INFINITY),
                text => text.parse().ok(),
            },
        }
    }
}

pub(super) fn read(text: &str) -> Result<Vec<Series>, RecordingError> {
    let syntax = |error: serde_json::Error| {
        let problem = format!("{error}: this is not the answer of a Prometheus range query");
        RecordingError::at(format!("line {}", error.line()), problem)
    };
    let rows = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<Row<'_>>>(text).map_err(syntax)?
    } else {
        let answer: Answer<'_> = serde_json::from_str(text).map_err(syntax)?;
        if let (Some("error"), problem) = (answer.status.as_deref(), &answer.error) {
            let problem = problem.as_deref().unwrap_or("without a reason");
            return Err(RecordingError::at("status", format!("the query failed: {problem}")));
        }
        let (kind, rows) = match answer.data {
            Some(data) => (data.result_type, data.result),
            None => (answer.result_type, answer.result.unwrap_or_default()),
        };
        if let Some(kind) = kind.filter(|kind| kind != "matrix") {
            let problem = format!("is `{kind}`: ask /api/v1/query_range, which answers with a `matrix`");
            return Err(RecordingError::at("data.resultType", problem));
        }
        rows
    };
    if rows.is_empty() {
        return Err(RecordingError::at("data.result", "the query found nothing"));
    }
    rows.into_iter().enumerate().map(|(index, row)| read_row(index, row)).collect()
}

fn read_row(index: usize, row: Row<'_>) -> Result<Series, RecordingError> {
    let place = format!("data.result[{index}]");
    let Some(values) = row.values else {
        let problem = if row.histograms.is_some() {
            "holds native histograms: query a number, such as histogram_quantile(0.99, ...)"
        } else if row.value.is_some() {
            "holds a single `value`: ask /api/v1/query_range"
        } else {
            "has no `values`"
        };
        return Err(RecordingError::at(place, problem));
    };
    let mut labels = row.metric;
    let name = labels.remove("__name__").unwrap_or_default();
    let mut points = Vec::with_capacity(values.len());
    for (at, (seconds, number)) in values.iter().enumerate() {
        let place = || format!("{place}.values[{at}]");
        let value = number.read().ok_or_else(|| RecordingError::at(place(), "the value is no number"))?;
        push(&mut points, *seconds, value).map_err(|problem| RecordingError::at(place(), problem))?;
    }
    Ok(Series { name, labels, points })
}
