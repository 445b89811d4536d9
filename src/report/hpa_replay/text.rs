//! The table.

use std::io::{self, Write};

use super::{ReplayReport, Variant, clock, why};
use crate::hpa_replay::{DifferenceReason, FLAP_WINDOW, Follow, Step};
use crate::units::Nanos;

/// So many changes are listed; the rest is counted.
const CHANGES: usize = 20;
/// So many differences to the real controller are listed.
const DIFFERENCES: usize = 10;

impl ReplayReport {
    /// Writes the replay as a table.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let first = self.variants.first().map(|variant| variant.summary).unwrap_or_default();
        let (span, syncs) = (first.span, first.syncs);
        writeln!(
            out,
            "replay of {}: {span}, {syncs} syncs every {}, {}",
            self.title, self.sync_period, self.kubernetes
        )?;
        for warning in &self.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        writeln!(out)?;
        self.write_summaries(out)?;
        for variant in &self.variants {
            write_changes(out, variant)?;
        }
        if self.agreement.is_some() {
            self.write_agreement(out)?;
        }
        writeln!(out, "\nA replay does not know:")?;
        for line in self.unknowns() {
            writeln!(out, "  - {line}")?;
        }
        Ok(())
    }

    fn write_summaries(&self, out: &mut dyn Write) -> io::Result<()> {
        type Cell = Box<dyn Fn(&Variant) -> String>;
        let of = |cell: fn(&Variant) -> String| Box::new(cell) as Cell;
        let share = |time: fn(&Variant) -> Nanos| {
            Box::new(move |v: &Variant| {
                let time = time(v);
                let share = 100.0 * time.as_secs_f64() / v.summary.span.as_secs_f64().max(1.0);
                format!("{time} ({share:.1} %)")
            }) as Cell
        };
        let flaps = format!("reversed within {FLAP_WINDOW}");
        let rows: [(&str, Cell); 10] = [
            ("minReplicas, maxReplicas", of(|v| format!("{}, {}", v.bounds.0, v.bounds.1))),
            (
                "replicas least, mean, most",
                of(|v| {
                    let (least, most, mean) = v.summary.replicas;
                    format!("{least}, {mean:.2}, {most}")
                }),
            ),
            ("pod-hours", of(|v| format!("{:.1}", v.summary.pod_hours))),
            ("steps up", of(|v| v.summary.ups.to_string())),
            ("steps down", of(|v| v.summary.downs.to_string())),
            (&flaps, of(|v| v.summary.flaps.to_string())),
            ("above target", share(|v| v.summary.above_target)),
            ("above target and tolerance", share(|v| v.summary.beyond_tolerance)),
            ("more wanted than maxReplicas", share(|v| v.summary.wanted_more)),
            ("syncs with a failed metric", of(|v| v.summary.failed.to_string())),
        ];
        let width = |v: &Variant| {
            rows.iter().map(|(_, cell)| cell(v).len()).chain([v.name.chars().count()]).max().unwrap_or(0)
        };
        write!(out, "{:30}", "")?;
        for variant in &self.variants {
            write!(out, "  {:>1$}", variant.name, width(variant))?;
        }
        writeln!(out)?;
        for (name, cell) in &rows {
            write!(out, " {name:29}")?;
            for variant in &self.variants {
                write!(out, "  {:>1$}", cell(variant), width(variant))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn write_agreement(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(agreement) = &self.agreement else { return Ok(()) };
        let share = |part: u64, of: u64| if of == 0 { 100.0 } else { 100.0 * part as f64 / of as f64 };
        writeln!(
            out,
            "\nthe real controller: {} of {} intervals end with the same size ({:.1} %), {} of {} changes ({:.1} %)",
            agreement.equal,
            agreement.compared,
            share(agreement.equal, agreement.compared),
            agreement.equal_changes,
            agreement.changes,
            share(agreement.equal_changes, agreement.changes),
        )?;
        for reason in DifferenceReason::ALL {
            let count = agreement.differences.iter().filter(|d| d.reason == reason).count();
            if count > 0 {
                writeln!(out, " {count:6}  {}", words(reason))?;
            }
        }
        let variant = self.variants.first();
        for difference in agreement.differences.iter().take(DIFFERENCES) {
            let why = variant.map_or_else(String::new, |variant| why(&difference.step, variant));
            writeln!(
                out,
                "   {}  {} -> {} real, {} replayed: {why} ({})",
                clock(difference.step.at),
                difference.before,
                difference.observed,
                difference.replayed,
                difference.reason.as_str(),
            )?;
        }
        if agreement.differences.len() > DIFFERENCES {
            writeln!(out, "   and {} more: -o json has them all", agreement.differences.len() - DIFFERENCES)?;
        }
        Ok(())
    }

    /// What this kind of replay cannot know, and what it takes instead.
    pub(super) fn unknowns(&self) -> Vec<String> {
        let limits = self.limits;
        let mut lines = Vec::new();
        if limits.metric_stays {
            lines.push(
                "how the metric would have moved: every decision starts from the recorded number of pods, \
                 and the metric is what it was under that number"
                    .to_owned(),
            );
        }
        if limits.load_is_shared {
            let given = if self.startup_given { "" } else { ", a guess: --startup sets it" };
            let from = if limits.uses_fleet { "recorded mean x recorded pods" } else { "the recorded total" };
            lines.push(format!(
                "how the metric would have moved: the load is {from}, shared evenly by the pods that are ready \
                 ({} after they are asked for{given}), without queues or CPU limits",
                self.startup
            ));
        }
        if limits.value_stays {
            lines.push(
                "how a metric with a Value target depends on the number of pods: it stays as recorded"
                    .to_owned(),
            );
        }
        if self.follow == Follow::Recorded {
            lines.push("which pods were unready or without a sample: all count".to_owned());
        }
        lines.push(
            "how old a sample was at each sync and when the controller's syncs fell: the last recorded number \
             counts, and the first sync is at the first number"
                .to_owned(),
        );
        lines.push(
            "what the controller remembered from before: it counts as just started, so nothing shrinks within \
             the first window"
                .to_owned(),
        );
        lines
    }
}

/// What a reason means.
fn words(reason: DifferenceReason) -> &'static str {
    match reason {
        DifferenceReason::NoMetric => "the recording has no number there",
        DifferenceReason::OutsideBounds => {
            "the real size is outside this autoscaler's bounds: other bounds then, or set by hand"
        }
        DifferenceReason::OneIntervalLater => "the real controller did the same one interval later",
        DifferenceReason::SampleAge => "with the number one point earlier or later both agree: sample age",
        DifferenceReason::EarlierMemory => {
            "within the first window: the controller remembered what is not recorded"
        }
        DifferenceReason::Unexplained => {
            "not explained by the recording: unready or missing pods, another metric, another object then"
        }
    }
}

fn write_changes(out: &mut dyn Write, variant: &Variant) -> io::Result<()> {
    let changes: Vec<&Step> = variant.steps.iter().filter(|step| step.desired != step.current).collect();
    if changes.is_empty() {
        return writeln!(out, "\n{} changes nothing", variant.name);
    }
    writeln!(out, "\nchanges by {}", variant.name)?;
    let width = changes.iter().take(CHANGES).map(|step| clock(step.at).len()).max().unwrap_or(0);
    for step in changes.iter().take(CHANGES) {
        let ratio = step.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        writeln!(
            out,
            " {:width$}  {:>4} -> {:<4}  ratio {ratio:>5}  {}",
            clock(step.at),
            step.current,
            step.desired,
            why(step, variant)
        )?;
    }
    if changes.len() > CHANGES {
        writeln!(out, " and {} more: -o csv has every sync", changes.len() - CHANGES)?;
    }
    Ok(())
}
