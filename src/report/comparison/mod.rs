//! Two or more results side by side, metric by metric, with what the runs decide.

mod csv;
mod json;
#[cfg(test)]
mod tests;
mod text;

use super::result::StoredResult;
use crate::study::{self, Change, Compared, Context, Effect, Metric, Side};

pub use csv::write_csv;
pub use json::to_json;
pub(super) use text::shown;
pub use text::write;

/// The metrics of a comparison when nobody names any.
pub const DEFAULT_METRICS: [&str; 9] = [
    "lost",
    "rollouts_with_loss",
    "sent_twice",
    "executed_but_5xx",
    "p99",
    "rollout_time",
    "pod_hours",
    "pods.max",
    "replicas.max",
];

/// What to compare, and how strictly.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Metrics by name, in the order of the table.
    pub metrics: Vec<(String, Metric)>,
    /// The share of the first configuration's mean that counts as no difference.
    pub tolerance: f64,
    /// Names of the metrics that decide the verdict.
    pub deciding: Vec<String>,
}

/// A comparison of everything with the first configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The configurations in order: a letter and where each comes from.
    pub sides: Vec<Label>,
    /// Whether runs of equal seeds were compared one by one.
    pub paired: bool,
    /// One row per metric that the first configuration has a value of.
    pub rows: Vec<Row>,
    /// For each configuration after the first, what the ranges of the unmeasured inputs say.
    pub ranges: Vec<Ranges>,
    /// The verdict for each configuration after the first.
    pub verdicts: Vec<Change>,
    /// See [`Question::tolerance`].
    pub tolerance: f64,
    /// See [`Question::deciding`].
    pub deciding: Vec<String>,
}

/// How a configuration is called.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Label {
    /// `A`, `B`, ...
    pub letter: char,
    /// A path and what was set, such as `web.yaml with preStop=20s`.
    pub source: String,
    /// The scenario's name.
    pub name: String,
    /// Hash of every input.
    pub hash: String,
    /// Seed.
    pub seed: u64,
    /// Finished runs.
    pub runs: usize,
    /// What stands in front of the pods.
    pub front_end: String,
}

/// One metric of all configurations.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The metric.
    pub metric: Metric,
    /// For each configuration after the first; `None` where it has no value.
    pub others: Vec<Option<Compared>>,
}

/// Mean losses at the ends of the ranges of what both configurations had to assume.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ranges {
    /// Ends that were simulated for both.
    pub points: u32,
    /// Of these, how many lose less than the first configuration there.
    pub less: u32,
    /// How many lose more.
    pub more: u32,
    /// Those against the trend, as `removal = 25s`.
    pub against: Vec<String>,
}

/// Compares every result with the first. `sources` says where each comes from.
pub fn compare(results: &[StoredResult], sources: &[String], question: &Question) -> Comparison {
    let paired = results.windows(2).all(|two| two[0].header.seed == two[1].header.seed);
    let sides = results.iter().zip(sources).zip('A'..).map(|((result, source), letter)| Label {
        letter,
        source: source.clone(),
        name: result.header.name.clone(),
        hash: result.header.hash.clone(),
        seed: result.header.seed,
        runs: result.runs.len(),
        front_end: result.header.heading.front_end.clone(),
    });
    let (base, others) = results.split_first().map_or((None, &[][..]), |(base, rest)| (Some(base), rest));
    let row = |(name, metric): &(String, Metric)| {
        let one = |other: &StoredResult| {
            study::compare(*metric, side(base?), side(other), paired, question.tolerance)
        };
        Row { name: name.clone(), metric: *metric, others: others.iter().map(one).collect() }
    };
    let rows: Vec<Row> = question.metrics.iter().map(row).collect();
    let verdicts = (0..others.len()).map(|index| verdict(&rows, index, &question.deciding)).collect();
    Comparison {
        sides: sides.collect(),
        paired,
        verdicts,
        ranges: others.iter().filter_map(|other| Some(ranges(base?, other))).collect(),
        rows: rows.into_iter().filter(|row| row.others.iter().any(Option::is_some)).collect(),
        tolerance: question.tolerance,
        deciding: question.deciding.clone(),
    }
}

fn side(result: &StoredResult) -> Side<'_> {
    Side { runs: &result.runs, context: context_of(result) }
}

/// What metrics need besides the runs, from a result that may have been read from a file.
pub(super) fn context_of(result: &StoredResult) -> Context {
    let keepalive = result.margins.iter().find(|margin| margin.name == "keepalive");
    Context { load_s: result.header.load_s, keepalive_s: keepalive.map(|margin| (margin.have, margin.need)) }
}

/// The worst that any deciding metric says; one that a configuration has no value of is undecided.
fn verdict(rows: &[Row], index: usize, deciding: &[String]) -> Change {
    let decides = rows.iter().filter(|row| deciding.contains(&row.name));
    let change = |row: &Row| match row.others[index] {
        Some(compared) if compared.change == Change::Differs => Change::Same,
        Some(compared) => compared.change,
        None => Change::Inconclusive,
    };
    let changes: Vec<Change> = decides.map(change).collect();
    let worst = changes.iter().copied().max().unwrap_or(Change::Same);
    let better = changes.contains(&Change::Better);
    if worst == Change::Same && better { Change::Better } else { worst }
}

/// Where both were simulated at the same value of the same unknown.
fn ranges(base: &StoredResult, other: &StoredResult) -> Ranges {
    let mut points: Vec<(String, f64, f64)> = Vec::new();
    let mut both = |key: &str, ends: (&str, &str), a: Effect, b: Effect| {
        points.push((format!("{key} = {}", ends.0), a.lo.mean(), b.lo.mean()));
        points.push((format!("{key} = {}", ends.1), a.hi.mean(), b.hi.mean()));
    };
    for (assumed, effect) in base.header.assumptions.iter().zip(&base.effects) {
        let mut theirs = other.header.assumptions.iter().zip(&other.effects);
        let same = theirs.find(|(their, _)| their.key == assumed.key && their.range == assumed.range);
        if let (Some((lo, hi)), Some(a), Some((_, Some(b)))) = (&assumed.range, effect, same) {
            both(&assumed.key, (lo, hi), *a, *b);
        }
    }
    if let (Some(a), Some(b)) = (base.answer.corners, other.answer.corners) {
        both("all unmeasured inputs", ("low end", "high end"), a, b);
    }
    let count = |wanted: std::cmp::Ordering| {
        points.iter().filter(|(_, a, b)| b.total_cmp(a) == wanted).count() as u32
    };
    let (less, more) = (count(std::cmp::Ordering::Less), count(std::cmp::Ordering::Greater));
    let against = |(name, a, b): &(String, f64, f64)| {
        let stands_out = if less >= more { b > a } else { b < a };
        stands_out.then(|| name.clone())
    };
    Ranges { points: points.len() as u32, less, more, against: points.iter().filter_map(against).collect() }
}
