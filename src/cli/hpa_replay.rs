//! `podloss hpa replay`: what an autoscaler would have done with a recorded metric.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::failure::Failure;
use super::files::read_text;
use super::out_dir::OutDir;
use super::terminal::Terminal;
use crate::config::autoscaler::{hpa_spec, pod_requests};
use crate::config::manifest::{HorizontalPodAutoscaler, Manifests, Source, read_manifests};
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::hpa_replay::{
    Counts, Follow, Point, Recording, ReplayError, Series, Setup, assign, compare_with_observed, fleet_of,
    read_recording, replay, summarize,
};
use crate::model::hpa::{HpaSpec, MetricSource, Options};
use crate::report::hpa_replay::{ReplayReport, Variant};
use crate::report::plot::{Format, Size, render};
use crate::units::{Nanos, SimTime, parse_duration, parse_quantity_milli};

/// What an autoscaler would have done with a recorded metric
///
/// Steps through a recording one sync at a time with the controller's own rules. The recording is
/// the answer of Prometheus' /api/v1/query_range, or CSV with a header (`time,cpu,replicas`).
/// With a number of pods in it (`replicas`, or one row per pod), a recorded mean is turned into a
/// load and shared by the pods that the replay has.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss hpa replay --hpa hpa.yaml --metrics cpu.json
  podloss hpa replay --hpa hpa.yaml --compare slower.yaml --metrics week.csv --out replay/
  podloss hpa replay --hpa hpa.yaml --metrics cpu.json --observed desired.json
  podloss hpa replay --hpa hpa.yaml --metrics rps.csv --values total --capacity 50")]
pub(super) struct Replay {
    /// Manifest with the HorizontalPodAutoscaler; its Deployment may stand there, too
    #[arg(long, value_name = "FILE")]
    hpa: PathBuf,
    /// The recording: a Prometheus range query's answer, or CSV
    #[arg(long, value_name = "FILE")]
    metrics: PathBuf,
    /// Another autoscaler for the same recording; may be repeated
    #[arg(long, value_name = "FILE")]
    compare: Vec<PathBuf>,
    /// The sizes that the real controller set, recorded at the same time
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
    /// Which autoscaler, if a file holds several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// Folder for replay.json, replay.csv, replay.svg and replay.png
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the recorded numbers count [default: percent for Utilization targets, per pod for
    /// other metrics of pods, the total for Object and External metrics]
    #[arg(long, value_name = "WHAT", help_heading = "Reading the recording")]
    values: Option<Values>,
    /// What one pod does at 100 % of its request, in the unit of the recording (200m, 50)
    #[arg(long, value_name = "NUMBER", help_heading = "Reading the recording")]
    capacity: Option<String>,
    /// How many pods there were all the time, if the recording does not say
    #[arg(long, value_name = "N", help_heading = "Reading the recording")]
    replicas: Option<u32>,
    /// Whose number of pods counts: the replay's own, or the recorded one at every sync [default:
    /// the replay's, unless a Value target makes the metric independent of the load]
    #[arg(long, value_name = "WHO", help_heading = "Replaying")]
    follow: Option<Whose>,
    /// The size at the beginning [default: as recorded, or where the autoscaler comes to rest]
    #[arg(long, value_name = "N", help_heading = "Replaying")]
    initial: Option<u32>,
    /// From a pod being asked for to it being ready [default: 30s, a guess]
    #[arg(long, value_name = "TIME", help_heading = "Replaying")]
    startup: Option<String>,
    /// --horizontal-pod-autoscaler-sync-period of the controller
    #[arg(long, value_name = "TIME", default_value = "15s", help_heading = "Replaying")]
    sync_period: String,
    /// The cluster's version [default: 1.35]
    #[arg(long, value_name = "1.N", help_heading = "Replaying")]
    kubernetes: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Values {
    /// Mean use in percent of the requests
    Percent,
    /// Mean use as a share of the requests: 0.6 is 60 %
    Share,
    /// Mean of the pods in the metric's own unit
    PerPod,
    /// All pods together
    Total,
}

impl From<Values> for Counts {
    fn from(values: Values) -> Counts {
        match values {
            Values::Percent => Counts::Percent,
            Values::Share => Counts::Share,
            Values::PerPod => Counts::PerPod,
            Values::Total => Counts::Total,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Whose {
    Replay,
    Recorded,
}

/// The Kubernetes release whose rules hold where nobody names one.
const DEFAULT_MINOR: u32 = 35;
/// A pod's start where nobody gives one: a guess between a small image that is there (5 s) and a
/// large one that starts slowly (minutes).
const DEFAULT_STARTUP: Nanos = Nanos::from_secs(30);

/// One autoscaler and what its file says about its pods.
struct Candidate {
    file: String,
    object: HorizontalPodAutoscaler,
    spec: HpaSpec,
    /// CPU request of a pod in cores, if the Deployment is there.
    cores: Option<f64>,
}

impl Replay {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        // A folder that cannot be written should not be found out after the work.
        let out = self.out.as_deref().map(OutDir::prepare).transpose()?;
        let report = self.report(terminal)?;
        match self.output {
            Output::Text => report.write_text(terminal.out)?,
            Output::Json => terminal.print_json(&report.to_json())?,
            Output::Csv => report.write_csv(terminal.out)?,
        }
        if let Some(out) = out {
            out.write("replay.json", |file| {
                serde_json::to_writer_pretty(&mut *file, &report.to_json())?;
                writeln!(file)
            })?;
            out.write("replay.csv", |file| report.write_csv(file))?;
            let chart = report.chart();
            for (name, format) in [("replay.svg", Format::Svg), ("replay.png", Format::Png)] {
                let picture = render(&chart, format, Size::DEFAULT);
                let picture = picture.map_err(|error| Failure::Failed(error.to_string()))?;
                out.write(name, |file| file.write_all(&picture))?;
            }
            terminal.say(&format!("wrote replay.json, .csv, .svg and .png to {}", out.path().display()));
        }
        Ok(exit_code::OK)
    }

    fn report(&self, terminal: &mut Terminal<'_>) -> Result<ReplayReport, Failure> {
        let minor = self.kubernetes.as_deref().map_or(Ok(DEFAULT_MINOR), minor_of)?;
        let options = Options::for_kubernetes(minor);
        let sync_period = duration("--sync-period", &self.sync_period)?;
        let startup =
            self.startup.as_deref().map_or(Ok(DEFAULT_STARTUP), |text| duration("--startup", text))?;
        let recording = recording(&self.metrics)?;
        let observed = self.observed.as_deref().map(observed).transpose()?;
        let files = [&self.hpa].into_iter().chain(&self.compare);
        let candidates = files.map(|path| self.candidate(path, terminal)).collect::<Result<Vec<_>, _>>()?;
        let constant = self.replicas.map(|replicas| constant_fleet(&recording, replicas));
        let fleet = constant.or_else(|| fleet_of(&recording)).or_else(|| observed.clone());

        let first = candidates.first().expect("--hpa is required");
        let follow = self.follow(&first.spec, fleet.is_some());
        let mut report = ReplayReport {
            title: format!(
                "{}/{} on {}",
                first.object.meta.namespace,
                first.object.meta.name,
                name_of(&self.metrics)
            ),
            sync_period,
            follow,
            startup,
            startup_given: self.startup.is_some(),
            kubernetes: match &self.kubernetes {
                Some(_) => format!("kubernetes 1.{minor}"),
                None => format!("kubernetes 1.{minor} assumed"),
            },
            limits: Default::default(),
            variants: Vec::new(),
            agreement: None,
            warnings: Vec::new(),
        };
        for candidate in &candidates {
            let refused = |error: ReplayError| refused(&candidate.file, &error);
            let counts = self.values.map(Counts::from);
            let capacity = self.capacity(candidate, counts)?;
            let inputs = assign(&candidate.spec, &recording, counts, capacity).map_err(refused)?;
            let setup = Setup {
                hpa: &candidate.spec,
                options: &options,
                sync_period,
                inputs: &inputs,
                fleet: fleet.as_ref(),
                follow,
                startup,
                initial: self.initial.map(|size| i32::try_from(size).unwrap_or(i32::MAX)),
            };
            let steps = replay(&setup).map_err(refused)?;
            if report.variants.is_empty() {
                report.limits = setup.limits();
                report.agreement = match &observed {
                    Some(observed) => Some(compare_with_observed(&setup, observed).map_err(refused)?),
                    None => None,
                };
                report.warnings.extend(looks_like_shares(&candidate.spec, &inputs));
            }
            let tolerance = options.tolerances_for(candidate.spec.behavior.as_ref()).up;
            report.variants.push(Variant {
                name: candidate.file.clone(),
                metrics: inputs.iter().map(|input| input.values.title()).collect(),
                bounds: (candidate.spec.min_replicas, candidate.spec.max_replicas),
                summary: summarize(&steps, sync_period, tolerance),
                steps,
            });
        }
        Ok(report)
    }

    /// A metric with a Value target does not follow from the load, so such a replay stays with
    /// the recorded sizes if there are any.
    fn follow(&self, hpa: &HpaSpec, has_fleet: bool) -> Follow {
        let is_value = |metric: &crate::model::hpa::MetricSpec| {
            metric.target.value.is_some() && metric.target.average_value.is_none()
        };
        match self.follow {
            Some(Whose::Replay) => Follow::Replay,
            Some(Whose::Recorded) => Follow::Recorded,
            None if has_fleet && hpa.metrics.iter().any(is_value) => Follow::Recorded,
            None => Follow::Replay,
        }
    }

    fn candidate(&self, path: &Path, terminal: &mut Terminal<'_>) -> Result<Candidate, Failure> {
        let source = if path.as_os_str() == "-" { Source::Stdin } else { Source::Path(path.to_owned()) };
        let manifests = read_manifests(&[source])?;
        terminal.diagnose(&manifests.warnings);
        let object = choose(&manifests, self.name.as_deref(), path)?.clone();
        let spec = hpa_spec(&object);
        let target = manifests.deployments.iter().find(|deployment| {
            object.target.kind == deployment.meta.kind
                && deployment.meta.name == object.target.name
                && deployment.meta.namespace == object.meta.namespace
        });
        let milli = target.and_then(|target| pod_requests(&target.pod_spec).of("cpu", None, true).ok());
        Ok(Candidate { file: name_of(path), object, spec, cores: milli.map(|milli| milli as f64 / 1_000.0) })
    }

    /// `--capacity`, or for recorded CPU the request that the manifest states.
    fn capacity(&self, candidate: &Candidate, counts: Option<Counts>) -> Result<Option<f64>, Failure> {
        if let Some(text) = &self.capacity {
            let milli =
                parse_quantity_milli(text).map_err(|error| bad_flag("--capacity", &error.to_string()))?;
            if milli == 0 {
                return Err(bad_flag("--capacity", "must be more than zero").into());
            }
            return Ok(Some(milli as f64 / 1_000.0));
        }
        let is_cpu = |metric: &crate::model::hpa::MetricSpec| matches!(&metric.source, MetricSource::Resource { resource } if resource == "cpu");
        let of_cpu = candidate.spec.metrics.iter().all(is_cpu);
        let amounts = matches!(counts, Some(Counts::PerPod | Counts::Total));
        Ok(candidate.cores.filter(|_| of_cpu && amounts))
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn bad_flag(flag: &str, problem: &str) -> Diagnostic {
    Diagnostic::error("bad-flag", format!("{flag}: {problem}"))
}

fn duration(flag: &str, text: &str) -> Result<Nanos, Failure> {
    Ok(parse_duration(text).map_err(|error| bad_flag(flag, &error.to_string()))?)
}

pub(super) fn minor_of(version: &str) -> Result<u32, Failure> {
    let rest = version.strip_prefix('v').unwrap_or(version).strip_prefix("1.");
    let minor = rest.and_then(|rest| rest.split('.').next()?.parse().ok());
    minor.ok_or_else(|| {
        bad_flag("--kubernetes", &format!("`{version}` is no version: write it as 1.35")).into()
    })
}

fn recording(path: &Path) -> Result<Recording, Failure> {
    let source = read_text(path)?;
    Ok(read_recording(&source.text)
        .map_err(|error| Diagnostic::error("bad-recording", format!("{}: {error}", source.name)))?)
}

/// The one row of observed sizes.
fn observed(path: &Path) -> Result<Series, Failure> {
    let mut recording = recording(path)?;
    let named = fleet_of(&recording);
    match (named, recording.series.len()) {
        (Some(series), _) => Ok(series),
        (None, 1) => Ok(recording.series.remove(0)),
        (None, _) => {
            let problem = "holds several rows: query the sizes alone, or name one `replicas`";
            Err(Diagnostic::error("bad-recording", format!("{}: {problem}", path.display())).into())
        }
    }
}

/// The same number of pods from the beginning of the recording to its end.
fn constant_fleet(recording: &Recording, replicas: u32) -> Series {
    let times = || recording.series.iter().flat_map(|series| &series.points).map(|point| point.at);
    let mut ends: Vec<SimTime> = times().min().into_iter().chain(times().max()).collect();
    ends.dedup();
    let points = ends.into_iter().map(|at| Point { at, value: f64::from(replicas) }).collect();
    Series { name: "replicas".to_owned(), points, ..Series::default() }
}

fn choose<'m>(
    manifests: &'m Manifests,
    name: Option<&str>,
    path: &Path,
) -> Result<&'m HorizontalPodAutoscaler, Diagnostic> {
    let all = &manifests.autoscalers;
    let wanted = |hpa: &&HorizontalPodAutoscaler| name.is_none_or(|name| hpa.meta.name == name);
    let found: Vec<_> = all.iter().filter(wanted).collect();
    let names = all.iter().map(|hpa| hpa.meta.name.as_str()).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [hpa] => Ok(hpa),
        [] if all.is_empty() => {
            let message = format!("{} holds no HorizontalPodAutoscaler", path.display());
            Err(Diagnostic::error("no-autoscaler", message).help("name the file that does"))
        }
        [] => {
            let message = format!("{} holds no autoscaler of that name", path.display());
            Err(Diagnostic::error("no-autoscaler", message).help(format!("--name is one of: {names}")))
        }
        _ => {
            let message = format!("{} holds several autoscalers", path.display());
            Err(Diagnostic::error("no-autoscaler", message).help(format!("choose with --name: {names}")))
        }
    }
}

fn refused(file: &str, error: &ReplayError) -> Diagnostic {
    Diagnostic::error("no-replay", format!("{file}: {error}"))
}

/// Percentages that never leave the unit interval are probably shares.
fn looks_like_shares(hpa: &HpaSpec, inputs: &[crate::hpa_replay::Input]) -> Option<String> {
    let suspicious = hpa.metrics.iter().zip(inputs).find(|(metric, input)| {
        input.counts == Counts::Percent
            && metric.target.average_utilization.is_some_and(|target| target >= 10)
            && input.values.points.iter().all(|point| point.value <= 1.5)
    });
    suspicious.map(|(_, input)| {
        format!(
            "no number of `{}` is above 1.5: if these are shares and not percent, add --values share",
            input.values.title()
        )
    })
}
