//! `podloss sweep`: every combination of some knobs' values.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::case_args::CaseArgs;
use super::failure::{Failure, reason};
use super::out_dir::OutDir;
use super::progress::Progress;
use super::render::write_picture;
use super::stop::Stop;
use super::terminal::Terminal;
use crate::config::inputs::Inputs;
use crate::config::scenario::sweep_values;
use crate::config::settings::Layer;
use crate::config::statements::setting;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::comparison::DEFAULT_METRICS;
use crate::report::sweep::{pictures, write_top};
use crate::report::text::counted;
use crate::study::Metric;
use crate::sweep::{
    self, Axis, ENVIRONMENT_HELP, Ended, Header, Merged, Order, Outcome, Plan, Row, Shard, Sink,
};

/// Simulate every combination of some knobs' values, on one machine or many
///
/// `plan` lists the points, `run` simulates them (or a shard of them) into a folder of part files,
/// `podloss merge` puts the parts together, `top` and `plot` read what comes out.
#[derive(Debug, clap::Args)]
pub(super) struct Sweep {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Plan(PlanCommand),
    Run(RunCommand),
    Top(Top),
    Plot(Plot),
}

impl Sweep {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        match self.command {
            Command::Plan(command) => command.run(terminal),
            Command::Run(command) => command.run(terminal),
            Command::Top(command) => command.run(terminal),
            Command::Plot(command) => command.run(terminal),
        }
    }
}

/// What to go through.
#[derive(Clone, Debug, clap::Args)]
struct What {
    /// One scenario (.toml) or manifests
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// A knob and its values: preStop=0s,20s,40s or preStop=0s..60s/5s; over [sweep] of the
    /// scenario; may be repeated, the last one changes fastest
    #[arg(long = "sweep", value_name = "KNOB=VALUES", help_heading = "Sweep")]
    sweep: Vec<String>,
    /// A metric to keep beside losses, p99, rollout time and pods; may be repeated
    #[arg(long = "metric", value_name = "METRIC", help_heading = "Sweep")]
    metrics: Vec<String>,
    #[command(flatten)]
    case: CaseArgs,
}

impl What {
    fn inputs(&self) -> Result<Inputs, Failure> {
        let mut all = self.case.read(&self.paths)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(Diagnostic::error("command-line", "a sweep has one scenario")
                .help("sweep them one by one, each into a folder of its own")
                .into()),
        }
    }

    fn plan<'i>(&self, inputs: &'i Inputs) -> Result<Plan<'i>, Failure> {
        let mut axes: Vec<Axis> = inputs
            .sweep()
            .iter()
            .map(|swept| Axis { knob: swept.knob.clone(), values: swept.values.clone() })
            .collect();
        for text in &self.sweep {
            let axis = axis(text)?;
            match axes.iter_mut().find(|known| known.is_of(&axis.knob)) {
                Some(known) => *known = axis,
                None => axes.push(axis),
            }
        }
        let mut names = DEFAULT_METRICS.map(str::to_owned).to_vec();
        let more = self.metrics.iter().map(|name| name.trim().to_owned());
        more.for_each(|name| {
            if !names.contains(&name) {
                names.push(name)
            }
        });
        let metrics = names.into_iter().map(|name| Ok((name.clone(), metric(&name)?)));
        let metrics = metrics.collect::<Result<_, Diagnostic>>()?;
        // The name a point's result would have; a case that cannot be built without its knobs has none.
        let name = inputs.case(&[]).map_or_else(|_| "sweep".to_owned(), |case| case.name);
        Plan::new(inputs, &name, axes, metrics).map_err(|error| {
            Diagnostic::error("sweep", error.to_string())
                .help("write [sweep] in the scenario, or --sweep preStop=0s..60s/10s")
                .into()
        })
    }
}

fn metric(name: &str) -> Result<Metric, Diagnostic> {
    Metric::parse(name).map_err(|error| Diagnostic::error("metric", error.to_string()))
}

fn axis(text: &str) -> Result<Axis, Diagnostic> {
    let bad = |message: String| Diagnostic::error("sweep", format!("--sweep {text}: {message}"));
    let (knob, values) = text
        .split_once('=')
        .ok_or_else(|| bad("there are no values: write --sweep preStop=0s,20s,40s".to_owned()))?;
    let values = sweep_values(values).map_err(bad)?;
    for value in &values {
        setting(knob, value, Layer::Override)?;
    }
    Ok(Axis { knob: knob.trim().to_owned(), values })
}

/// List the points of a sweep without simulating
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss sweep plan sweep.toml
  podloss sweep plan web.yaml --rps 900 --event rollout@60s --sweep preStop=0s..60s/5s")]
struct PlanCommand {
    #[command(flatten)]
    what: What,
}

impl PlanCommand {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let inputs = self.what.inputs()?;
        let plan = self.what.plan(&inputs)?;
        let Header { name, points, parts, runs, seed, .. } = &plan.header;
        writeln!(
            terminal.out,
            "{name}: {} in {}, {} each, seed {seed}",
            counted(*points as usize, "point"),
            counted(*parts as usize, "part"),
            counted(*runs as usize, "run")
        )?;
        for point in 0..*points {
            let set: Vec<String> =
                plan.overrides(point).iter().map(|set| format!("{}={}", set.knob, set.value)).collect();
            writeln!(terminal.out, "{point:>6}  {}  {}", plan.point_id(point), set.join(" "))?;
        }
        Ok(exit_code::OK)
    }
}

/// Simulate the points of a sweep, or a shard of them
///
/// Every finished part is a file that is there as a whole or not at all. Started again with the
/// same folder, parts that are there are skipped, so whatever ends the process loses at most the
/// part in progress. A combination that cannot exist is a row with its reason. Unmeasured inputs
/// stay at their central values; sweep them like any knob to see what hangs on them.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  podloss sweep run sweep.toml --out parts/
  podloss sweep run web.yaml --rps 900 --event rollout@60s --sweep preStop=0s..60s/5s --out parts/
  podloss sweep run sweep.toml --shard 3/8 --out parts/
  seq 8 | parallel podloss sweep run sweep.toml --shard {{}}/8 --threads 1 --out parts/

{ENVIRONMENT_HELP}"))]
struct RunCommand {
    #[command(flatten)]
    what: What,
    /// Which share to run, counted from 1: 3/8
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, help_heading = "Sweep")]
    shard: Option<Shard>,
    /// Folder for the part files
    #[arg(long, value_name = "DIR", required = true, help_heading = "Output")]
    out: PathBuf,
    /// Threads [default: one per core]; the result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Simulation")]
    threads: Option<u16>,
}

impl RunCommand {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let inputs = self.what.inputs()?;
        let plan = self.what.plan(&inputs)?;
        let (shard, said) = self.shard()?;
        if let Some(name) = said {
            terminal.say(&format!("shard {shard}, from {name}"));
        }
        let stop =
            Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
        let mut folder =
            Folder { out: OutDir::prepare(&self.out)?, header: &plan.header, wrote: 0, refused: 0 };
        folder.refuse_foreign()?;
        let wanted = shard.parts(plan.header.parts).count() as u64;
        let progress = Progress::new(terminal.style.progress);
        let threads = self.threads.map(usize::from);
        let ended = sweep::run(&plan, shard, threads, &progress, &|| stop.asked(), &mut folder);
        drop(progress);
        let done = ended.map_err(|ended| match ended {
            Ended::Sink(failure) => failure,
            Ended::Threads(error) => Failure::Failed(format!("cannot start threads: {error}")),
        })?;
        let Folder { wrote, refused, .. } = folder;
        let skipped = if done { wanted - wrote } else { 0 };
        let there = if skipped > 0 { format!(", {skipped} there before") } else { String::new() };
        terminal.say(&format!("wrote {wrote} of {wanted} parts into {}{there}", self.out.display()));
        if refused > 0 {
            terminal.say(&format!("{} cannot be; the rows say why", counted(refused as usize, "point")));
        }
        if done {
            terminal.say(&format!("next: podloss merge {} --out sweep.jsonl", self.out.display()));
        }
        Ok(stop.exit_code().unwrap_or(exit_code::OK))
    }

    fn shard(&self) -> Result<(Shard, Option<&'static str>), Failure> {
        if let Some(shard) = self.shard {
            return Ok((shard, None));
        }
        let found = Shard::from_environment(&|name| std::env::var(name).ok())
            .map_err(|error| Diagnostic::error("shard", error).help("or say which with --shard I/N"))?;
        Ok(found.map_or((Shard::WHOLE, None), |(shard, name)| (shard, Some(name))))
    }
}

/// The folder of part files.
struct Folder<'a> {
    out: OutDir,
    header: &'a Header,
    wrote: u64,
    refused: u64,
}

impl Folder<'_> {
    /// Parts of another plan in the folder would only be found out when merging.
    fn refuse_foreign(&self) -> Result<(), Failure> {
        for path in part_files(self.out.path())? {
            let name = path.display().to_string();
            let start = open(&path)
                .map_err(|error| unreadable(&name, &error))
                .map(|mut file| sweep::read_part_start(&name, &mut file))?;
            let foreign = match start {
                Ok(start) if start.header == *self.header => continue,
                Ok(_) => format!("{name} is a part of another sweep"),
                Err(error) => error.to_string(),
            };
            return Err(Diagnostic::error("foreign-part", foreign)
                .help("choose another folder, or remove the file")
                .into());
        }
        Ok(())
    }
}

impl Sink for Folder<'_> {
    type Error = Failure;

    fn has(&self, part: u64) -> bool {
        self.out.path().join(part_name(part)).is_file()
    }

    fn take(&mut self, part: u64, rows: Vec<Row>) -> Result<(), Failure> {
        self.refused += rows.iter().filter(|row| matches!(row.outcome, Outcome::Refused(_))).count() as u64;
        self.wrote += 1;
        self.out.write(&part_name(part), |file| sweep::write_part(self.header, part, &rows, file))
    }
}

/// The name of a part's file; numbers count from 1, like shards.
fn part_name(part: u64) -> String {
    format!("part-{:06}.jsonl", part + 1)
}

fn open(path: &Path) -> std::io::Result<BufReader<File>> {
    File::open(path).map(BufReader::new)
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unreadable", format!("cannot read {name}: {}", reason(error)))
}

/// Files of a folder whose name ends in `.jsonl`, in order; half-written ones begin with a dot.
pub(super) fn part_files(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let name = folder.display().to_string();
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&name, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> =
        paths.collect::<Result<_, _>>().map_err(|error| unreadable(&name, &error))?;
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".jsonl") && !name.starts_with('.')
    });
    paths.sort();
    Ok(paths)
}

/// A merged sweep to look at.
#[derive(Clone, Debug, clap::Args)]
struct Seen {
    /// What `podloss merge` has written
    #[arg(value_name = "SWEEP")]
    file: PathBuf,
    /// What is best: the metric that should be small (or large, for margins and answers)
    #[arg(long, value_name = "METRIC", default_value = "lost")]
    by: String,
}

impl Seen {
    fn read(&self) -> Result<(Merged, Order), Failure> {
        let name = self.file.display().to_string();
        let mut file = open(&self.file).map_err(|error| unreadable(&name, &error))?;
        let merged = sweep::read_merged(&name, &mut file).map_err(|error| {
            Diagnostic::error("bad-sweep", error.to_string()).help("make it with `podloss merge`")
        })?;
        let order = Order { name: self.by.trim().to_owned(), metric: metric(&self.by)? };
        if !merged.header.metrics.contains(&order.name) {
            let message = format!("the sweep has not kept `{}`", order.name);
            let help =
                format!("it has {}; run it with --metric {}", merged.header.metrics.join(", "), order.name);
            return Err(Diagnostic::error("metric", message).help(help).into());
        }
        Ok((merged, order))
    }
}

/// Show the best points of a merged sweep
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss sweep top sweep.jsonl
  podloss sweep top sweep.jsonl --by p99 --count 5")]
struct Top {
    #[command(flatten)]
    seen: Seen,
    /// How many
    #[arg(long, value_name = "N", default_value = "10")]
    count: usize,
}

impl Top {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let (merged, order) = self.seen.read()?;
        write_top(&merged, &order, self.count, terminal.out)?;
        Ok(exit_code::OK)
    }
}

/// Draw a merged sweep: heat map, a line for each knob, and what fewer losses cost
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss sweep plot sweep.jsonl --out pictures/
  podloss sweep plot sweep.jsonl --by p99 --out pictures/")]
struct Plot {
    #[command(flatten)]
    seen: Seen,
    /// Folder for the pictures
    #[arg(long, value_name = "DIR", required = true)]
    out: PathBuf,
}

impl Plot {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let (merged, order) = self.seen.read()?;
        let out = OutDir::prepare(&self.out)?;
        let pictures = pictures(&merged, &order);
        pictures.iter().try_for_each(|picture| write_picture(picture, &out))?;
        terminal.say(&format!("wrote {} pictures into {}", pictures.len(), self.out.display()));
        Ok(exit_code::OK)
    }
}
