//! The lines of `result.jsonl`.

use serde::{Deserialize, Serialize};

use super::tally::{SampleForm, SeriesForm, TallyForm};
use super::{Header, Remedy, StoredResult};
use crate::study::{
    Answer, CountsAt, Curve, DrainSpan, Effect, FirstRun, HpaStep, Judged, Margin, PodLife, PodLoss,
    RolloutSpan, RunSummary, ScaleOutSpan, Scaler,
};

/// One line. The header comes first, runs follow in order, the sums come last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Line {
    /// What was known before.
    Header(Box<Header>),
    /// One run.
    Run(Box<RunSummary>),
    /// Everything else.
    Sums(Box<Sums>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sums {
    interrupted: bool,
    answer: Answer,
    effects: Vec<Option<Effect>>,
    curve: Option<Curve>,
    expectations: Vec<Judged>,
    margins: Vec<Margin>,
    remedies: Vec<Remedy>,
    total: TallyForm,
    samples: Vec<SampleForm>,
    first: FirstForm,
}

/// A [`FirstRun`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstForm {
    end_ns: i64,
    pods: Vec<PodLife>,
    counts: Vec<CountsAt>,
    desired: Vec<(i64, u32)>,
    rollouts: Vec<RolloutSpan>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    drains: Vec<DrainSpan>,
    scaler: Option<Scaler>,
    hpa: Vec<HpaStep>,
    scale_outs: Vec<ScaleOutSpan>,
    series: SeriesForm,
    pod_losses: Vec<PodLoss>,
}

impl Sums {
    pub(super) fn of(result: &StoredResult) -> Sums {
        let first = &result.first;
        Sums {
            interrupted: result.interrupted,
            answer: result.answer.clone(),
            effects: result.effects.clone(),
            curve: result.curve.clone(),
            expectations: result.expectations.clone(),
            margins: result.margins.clone(),
            remedies: result.remedies.clone(),
            total: TallyForm::of(&result.total),
            samples: result.samples.iter().map(SampleForm::of).collect(),
            first: FirstForm {
                end_ns: first.end_ns,
                pods: first.pods.clone(),
                counts: first.counts.clone(),
                desired: first.desired.clone(),
                rollouts: first.rollouts.clone(),
                drains: first.drains.clone(),
                scaler: first.scaler.clone(),
                hpa: first.hpa.clone(),
                scale_outs: first.scale_outs.clone(),
                series: SeriesForm::of(&first.series),
                pod_losses: first.pod_losses.clone(),
            },
        }
    }

    pub(super) fn back(self, header: Header, runs: Vec<RunSummary>) -> Result<StoredResult, String> {
        if self.effects.len() != header.assumptions.len() {
            return Err("there are not as many effects as assumptions".to_owned());
        }
        let total = self.total.back()?;
        let sum = |of: fn(&RunSummary) -> u64| runs.iter().map(of).sum::<u64>();
        if (sum(|r| r.total), sum(|r| r.lost)) != (total.arrived, total.lost()) {
            return Err("the runs do not add up to the sums: lines are missing or changed".to_owned());
        }
        let first = self.first;
        Ok(StoredResult {
            header,
            runs,
            total,
            samples: self.samples.iter().map(SampleForm::back).collect(),
            first: FirstRun {
                end_ns: first.end_ns,
                pods: first.pods,
                counts: first.counts,
                desired: first.desired,
                rollouts: first.rollouts,
                drains: first.drains,
                scaler: first.scaler,
                hpa: first.hpa,
                scale_outs: first.scale_outs,
                series: first.series.back()?,
                pod_losses: first.pod_losses,
            },
            margins: self.margins,
            effects: self.effects,
            curve: self.curve,
            answer: self.answer,
            expectations: self.expectations,
            remedies: self.remedies,
            interrupted: self.interrupted,
        })
    }
}
