//! A stored result: the one object that every output is drawn from.
//!
//! `result.jsonl` has a header line with the complete input, one line per run, and one line with
//! the sums, run 1 in detail and what follows from all of it. [`StoredResult::read`] takes such a
//! file back, so a result can be rendered anew, as text, JSON, tables or pictures, and compared or
//! simulated again, without a second source of truth. No value depends on a clock, on the number
//! of threads or on the platform.

mod csv;
mod lines;
mod read;
mod scaling;
mod summary;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod write;

use serde::{Deserialize, Serialize};

use super::remedies;
use crate::account::Tally;
use crate::config::case::{Case, Origin};
use crate::config::lower::is_mesh_proxy;
use crate::config::scenario::MODEL;
use crate::sim::spec::PodTemplate;
use crate::study::{
    Answer, Curve, Effect, FirstRun, Judged, Margin, MetricError, RolloutEstimate, RunSummary, Sample, Study,
    margins,
};
use crate::study::{ComparisonError, Context, Metric, judge, parse_comparison};

pub use csv::write_csv;
pub use read::ReadError;
pub use summary::{Summary, summary};
pub use timeline::write_timeline;

/// The name and version of the result's format.
pub const SCHEMA: &str = "podloss-result/1";

/// Everything that is known before a run: the first line of a stored result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of podloss.
    pub podloss: String,
    /// [`MODEL`].
    pub model: u32,
    /// The scenario's name.
    pub name: String,
    /// Hash of every input.
    pub hash: String,
    /// `--seed`.
    pub seed: u64,
    /// Runs that were asked for; the finished ones have a line each.
    pub runs: u32,
    /// Length of the load in seconds.
    pub load_s: f64,
    /// Words for headings.
    pub heading: Heading,
    /// Everything the files did not give.
    pub assumptions: Vec<Assumed>,
    /// Fields and objects that play no part, by object.
    pub not_modelled: Vec<NotModelled>,
    /// What no file can show and podloss did not see: words for the last line of the screen.
    pub not_seen: Vec<String>,
    /// Plain words about the input.
    pub warnings: Vec<Warning>,
    /// When something was planned to happen, seconds, and what.
    pub events: Vec<(f64, String)>,
    /// How long a rollout should take, where that can be told.
    #[serde(default)]
    pub rollout: Option<RolloutEstimate>,
    /// Every input text by name: the result can be simulated again from these.
    pub inputs: Vec<(String, String)>,
}

/// The words of the first line. See [`crate::config::case::Heading`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// `namespace/name`.
    pub workload: String,
    /// The load.
    pub load: String,
    /// Pods.
    pub size: String,
    /// The front end.
    pub front_end: String,
    /// The version of Kubernetes.
    pub kubernetes: String,
}

/// An assumption. See [`crate::config::case::Assumption`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The knob's name.
    pub key: String,
    /// In words.
    pub label: String,
    /// The value used.
    pub value: String,
    /// The plausible range, the end first that is expected to lose less.
    pub range: Option<(String, String)>,
    /// `given`, `documented`, `measured` or `guess`.
    pub origin: String,
    /// Source in a few words.
    pub source: String,
    /// The flag or key that sets it.
    pub set_with: String,
    /// Worth varying.
    pub decisive: bool,
}

/// Something that was read and plays no part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotModelled {
    /// `Kind/name`.
    pub object: String,
    /// The field's path.
    pub field: String,
}

/// A warning about the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// What to know.
    pub message: String,
    /// `file:line:column`.
    pub place: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// What would end the losses of one status and cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// What the client saw.
    pub status: crate::model::outcome::Status,
    /// Why.
    pub cause: crate::model::outcome::Cause,
    /// For a table.
    pub short: String,
    /// In full, with side costs.
    pub full: String,
}

/// A result in memory, fresh or read back.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResult {
    /// What was known before.
    pub header: Header,
    /// One line per finished run.
    pub runs: Vec<RunSummary>,
    /// The sum over runs.
    pub total: Tally,
    /// The first few losses per status and cause.
    pub samples: Vec<Sample>,
    /// Run 1 in detail.
    pub first: FirstRun,
    /// What there is, is needed, is left over.
    pub margins: Vec<Margin>,
    /// By assumption of the header; `None` for those that were not varied.
    pub effects: Vec<Option<Effect>>,
    /// The loss along the most decisive unknown with a scale.
    pub curve: Option<Curve>,
    /// Always, never, or depends.
    pub answer: Answer,
    /// Expectations with their verdicts.
    pub expectations: Vec<Judged>,
    /// By status and cause, the one with the most losses first.
    pub remedies: Vec<Remedy>,
    /// Broken off: there are fewer runs than asked for, or ranges that were not looked at.
    pub interrupted: bool,
}

/// An expectation that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    /// Not a metric.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Not a comparison for that metric.
    #[error("expectation on `{metric}`: {error}")]
    Comparison {
        /// The metric.
        metric: String,
        /// What is wrong.
        error: ComparisonError,
    },
}

/// Checks the expectations of a case without any run, so that a typo is told before the work.
///
/// # Errors
/// The first expectation with an unknown metric or a comparison that does not fit it.
pub fn check_expectations(case: &Case) -> Result<(), ExpectationError> {
    case.expectations
        .iter()
        .try_for_each(|e| judge_one(&e.metric, &e.is, &[], case.runs, &context(case)).map(drop))
}

fn judge_one(
    name: &str,
    is: &str,
    lines: &[RunSummary],
    runs: u32,
    context: &Context,
) -> Result<Judged, ExpectationError> {
    let metric = Metric::parse(name)?;
    let comparison = parse_comparison(is, metric.quantity(), runs)
        .map_err(|error| ExpectationError::Comparison { metric: name.to_owned(), error })?;
    Ok(judge((name, metric), (is, comparison), lines, context))
}

fn context(case: &Case) -> Context {
    Context { load_s: case.spec.load.duration().as_secs_f64(), keepalive_s: case.margins.keepalive_s }
}

impl StoredResult {
    /// Draws up a finished study.
    ///
    /// # Errors
    /// An expectation of the case that cannot be judged.
    pub fn new(study: Study) -> Result<StoredResult, ExpectationError> {
        let case = &study.case;
        let context = context(case);
        let judged = case.expectations.iter();
        let expectations = judged
            .map(|e| judge_one(&e.metric, &e.is, &study.runs, study.runs.len() as u32, &context))
            .collect::<Result<_, _>>()?;
        let margins = margins(case, &study.runs);
        let remedies = remedies::remedies(case, &study.total, &study.runs, &margins);
        let mut total = study.total;
        total.causes.values_mut().for_each(|cause| cause.samples.clear());
        Ok(StoredResult {
            header: Header::of(case),
            runs: study.runs,
            total,
            samples: study.samples,
            first: study.first,
            margins,
            effects: study.effects,
            curve: study.curve,
            answer: study.answer,
            expectations,
            remedies,
            interrupted: study.interrupted,
        })
    }

    /// The words that decisive assumptions with a range, by effect, the largest first: index into
    /// the header's assumptions and effect.
    pub fn effects_by_size(&self) -> Vec<(usize, Effect)> {
        let mut known: Vec<_> =
            self.effects.iter().enumerate().filter_map(|(i, effect)| Some((i, (*effect)?))).collect();
        // Stable: equal effects stay in the order of the header.
        known.sort_by(|a, b| b.1.width().total_cmp(&a.1.width()));
        known
    }

    /// When the first planned event happens, seconds; the beginning of the run without any.
    pub fn first_event_s(&self) -> f64 {
        self.header.events.first().map_or(0.0, |event| event.0)
    }
}

impl Header {
    fn of(case: &Case) -> Header {
        let heading = &case.heading;
        Header {
            schema: SCHEMA.to_owned(),
            podloss: env!("CARGO_PKG_VERSION").to_owned(),
            model: MODEL,
            name: case.name.clone(),
            hash: case.hash.clone(),
            seed: case.seed,
            runs: case.runs,
            load_s: case.spec.load.duration().as_secs_f64(),
            heading: Heading {
                workload: heading.workload.clone(),
                load: heading.load.clone(),
                size: heading.size.clone(),
                front_end: heading.front_end_words(),
                kubernetes: heading.kubernetes.clone(),
            },
            assumptions: case.assumptions.iter().map(Assumed::of).collect(),
            not_modelled: case
                .not_modelled
                .iter()
                .map(|(object, field)| NotModelled { object: object.clone(), field: field.clone() })
                .collect(),
            not_seen: not_seen(case),
            warnings: case.warnings.iter().map(Warning::of).collect(),
            events: case.spec.events.iter().map(|e| (e.at.as_secs_f64(), event_words(e))).collect(),
            rollout: RolloutEstimate::of(case),
            inputs: case.inputs.clone(),
        }
    }
}

impl Warning {
    fn of(diagnostic: &crate::diag::Diagnostic) -> Warning {
        Warning {
            message: diagnostic.message.clone(),
            place: diagnostic.place.as_ref().map(ToString::to_string),
            help: diagnostic.help.clone(),
        }
    }
}

impl Assumed {
    fn of(assumption: &crate::config::case::Assumption) -> Assumed {
        let origin = match assumption.origin {
            Origin::Given => "given",
            Origin::Documented => "documented",
            Origin::Measured => "measured",
            Origin::Guess => "guess",
        };
        Assumed {
            key: assumption.key.clone(),
            label: assumption.label.clone(),
            value: assumption.value.clone(),
            range: assumption.range.clone(),
            origin: origin.to_owned(),
            source: assumption.source.clone(),
            set_with: assumption.set_with.clone(),
            decisive: assumption.decisive,
        }
    }
}

fn event_words(event: &crate::sim::spec::PlannedEvent) -> String {
    let whose = if event.deployment > 0 { "ingress: " } else { "" };
    format!("{whose}{}", action_words(&event.action))
}

fn action_words(action: &crate::sim::spec::PlannedAction) -> String {
    use crate::sim::spec::PlannedAction;
    use crate::units::format_duration;
    match action {
        PlannedAction::Rollout { .. } => "rollout".to_owned(),
        PlannedAction::BlueGreen { .. } => "blue/green".to_owned(),
        PlannedAction::Canary { router: None, .. } => "canary".to_owned(),
        PlannedAction::Canary { router: Some(_), .. } => "routed canary".to_owned(),
        PlannedAction::DeletionCost { cost, pods } => {
            format!("deletion cost {cost} for {}", several(*pods, "pod"))
        }
        PlannedAction::Scale { replicas } => format!("scale to {replicas}"),
        PlannedAction::KillPods { count } => format!("kill {}", several(*count, "pod")),
        PlannedAction::CrashPods { count, out_of_memory: false } => {
            format!("crash of {}", several(*count, "pod"))
        }
        PlannedAction::CrashPods { count, out_of_memory: true } => {
            format!("{} out of memory", several(*count, "pod"))
        }
        PlannedAction::Drain { nodes } => format!("drain {}", several(*nodes, "node")),
        PlannedAction::LoseNodes { count } => format!("{} lost", several(*count, "node")),
        PlannedAction::LoseZone => "a zone lost".to_owned(),
        PlannedAction::SlowDependency { factor, lasts } => {
            format!("{factor} times as slow for {}", format_duration(*lasts))
        }
        PlannedAction::DependencyDown { lasts } => {
            format!("dependency down for {}", format_duration(*lasts))
        }
        PlannedAction::StaleFrontEnd { processes, lasts } => {
            let lasts = lasts.map_or_else(String::new, |lasts| format!(" for {}", format_duration(lasts)));
            format!("{} of the front end stale{lasts}", several_of(*processes, "process", "processes"))
        }
    }
}

fn several(count: u32, what: &str) -> String {
    several_of(count, what, &format!("{what}s"))
}

fn several_of(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("a {one}") } else { format!("{count} {many}") }
}

/// What the model has no word of in this case.
fn not_seen(case: &Case) -> Vec<String> {
    let templates = || case.spec.deployments.iter().flat_map(|deployment| &deployment.templates);
    let mut unseen = Vec::new();
    let has_sidecar =
        |template: &PodTemplate| template.containers.iter().any(|c| c.is_sidecar || is_mesh_proxy(&c.name));
    if !templates().any(has_sidecar) {
        unseen.push("injected sidecars".to_owned());
    }
    if !templates().any(|template| template.readiness_gate) {
        unseen.push("readiness gates".to_owned());
    }
    unseen.push("node and IP room".to_owned());
    unseen
}
