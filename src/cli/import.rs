//! `stratosim import`: turns a trace of any format into our own tables, or a model of others into ours.

use super::import_maps::Maps;
use super::import_model::ModelImport;
use super::interrupt::interrupted;
use super::{Failure, print};
use crate::output::{OutputError, RunDirectory};
use crate::traces::{
    Gaps, ReadingProgress, Sampling, TraceError, TraceFormat, TraceOptions, VmTrace, detect, open,
};
use crate::units::{DataSize, Duration};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Turn a workload trace, SUMO's movements or a list of sites into tables of our own, or a part of it; or
/// applications, infrastructures and workflows of others into ours.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Example:\n  stratosim import 20110303.tar.gz --out traces/planetlab\n  \
    stratosim import azure/ --out traces/azure --sample 0.1 --seed 1 --until 1d\n  \
    stratosim import fcd city.fcd.xml.gz --out maps/city\n  \
    stratosim import clusterdata-2011-2/ --format google2011 --machine-cores 64 --out traces/google\n  \
    stratosim import compose compose.yaml --out shop.json\n  \
    stratosim import eclypse application.json\n\n\
    SOURCE is a file, a folder or an archive (.tar, .tar.gz); files may be gzipped. Formats: stratosim, \
    planetlab, cpu-memory, extcloudsim, opendc, bitbrains, azure, google2011, alibaba2017, alibaba2018, swf, \
    gwf, cloudsimpy; docs/traces.md says what is taken from each, \
    docs/services.md what of applications, infrastructures and workflows.")]
pub(super) struct Import {
    #[command(subcommand)]
    other: Option<Other>,
    /// File, folder or archive of the trace.
    #[arg(required = true)]
    source: Option<PathBuf>,
    /// Folder to write, which must not exist yet.
    #[arg(long, required = true)]
    out: Option<PathBuf>,
    /// Format of the trace; told from its files if left out.
    #[arg(long)]
    format: Option<String>,
    /// Count bad rows and report them, rather than fail at the first.
    #[arg(long)]
    skip_bad_rows: bool,
    /// What to do with gaps in series that should come at a fixed interval.
    #[arg(long, default_value = "error")]
    gaps: GapsArgument,
    /// Allow PlanetLab files with other than 288 lines.
    #[arg(long)]
    any_length: bool,
    /// Take each VM, and each group of jobs, with this probability.
    #[arg(long, value_name = "SHARE", conflicts_with = "first")]
    sample: Option<f64>,
    /// Seed of the sample: another seed, another sample.
    #[arg(long, default_value_t = 1, requires = "sample")]
    seed: u64,
    /// Take the first N VMs, and the first N groups of jobs.
    #[arg(long, value_name = "N")]
    first: Option<u64>,
    /// Start of the window that is taken, from the start of the trace; it becomes time 0.
    #[arg(long, value_name = "DURATION", default_value = "0 s")]
    from: Duration,
    /// End of the window that is taken, from the start of the trace.
    #[arg(long, value_name = "DURATION")]
    until: Option<Duration>,
    /// Factor of all times.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale_time: f64,
    /// Factor of the CPU demand.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale_demand: f64,
    /// Cores of the machine that the trace gives CPU in shares of.
    #[arg(long, value_name = "CORES")]
    machine_cores: Option<f64>,
    /// Memory of the machine that the trace gives memory in shares of, such as "256 GB".
    #[arg(long, value_name = "SIZE")]
    machine_memory: Option<DataSize>,
    /// What a unit of memory is of an OpenDC trace, such as "1 kB".
    #[arg(long, value_name = "SIZE")]
    memory_unit: Option<DataSize>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// What is imported beside workload traces.
#[derive(Debug, Subcommand)]
enum Other {
    #[command(flatten)]
    Maps(Maps),
    #[command(flatten)]
    Model(ModelImport),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GapsArgument {
    /// Fail, or count them with --skip-bad-rows.
    Error,
    /// Leave them open: nothing is known there.
    Leave,
    /// The sample before holds until the next.
    Hold,
}

impl Import {
    fn options(&self) -> TraceOptions {
        TraceOptions {
            skip_bad_rows: self.skip_bad_rows,
            gaps: match self.gaps {
                GapsArgument::Error => Gaps::Error,
                GapsArgument::Leave => Gaps::Leave,
                GapsArgument::Hold => Gaps::Hold,
            },
            any_length: self.any_length,
            machine_cores: self.machine_cores,
            machine_memory_bytes: self.machine_memory.map(DataSize::as_bytes),
            memory_unit_bytes: self.memory_unit.map(DataSize::as_bytes),
            sampling: match (self.sample, self.first) {
                (Some(share), _) => Sampling::Share { share, seed: self.seed },
                (None, Some(count)) => Sampling::First(count),
                (None, None) => Sampling::All,
            },
            from_s: self.from.as_secs(),
            until_s: self.until.map(Duration::as_secs),
            time_scale: self.scale_time,
            demand_scale: self.scale_demand,
        }
    }

    pub(super) fn execute(&self) -> Result<(), Failure> {
        match (&self.other, &self.source, &self.out) {
            (Some(Other::Maps(maps)), ..) => maps.execute(),
            (Some(Other::Model(model)), ..) => model.execute(),
            (None, Some(source), Some(out)) => self.trace(source, out),
            // The arguments are refused without them.
            _ => Err(Failure::BadInput("name a SOURCE, and a folder to write with --out".into())),
        }
    }

    /// Imports a workload trace.
    fn trace(&self, source: &Path, out: &Path) -> Result<(), Failure> {
        let options = self.options();
        let format = match &self.format {
            Some(name) => name.parse::<TraceFormat>().map_err(Failure::bad_input)?,
            None => detect(source).map_err(Failure::bad_input)?,
        };
        let interrupted = interrupted();
        let goes_on = || !interrupted.load(Ordering::Relaxed);
        // Before the trace is read, which can take long.
        let directory = RunDirectory::create(out, false).map_err(|error| match error {
            OutputError::Exists { path } => Failure::BadInput(format!(
                "{} exists already; name another folder with --out, or remove it",
                path.display()
            )),
            error => Failure::bad_input(error),
        })?;
        let mut reader = open(source, Some(format), &options).map_err(Failure::bad_input)?;
        let shown = Shown::new(self.quiet);
        let trace = VmTrace::read(&mut *reader, &options, |progress| {
            shown.update(progress);
            goes_on()
        });
        shown.bar.finish_and_clear();
        let trace = trace.map_err(failure)?;
        trace.write(directory.staging_path(), goes_on).map_err(failure)?;
        let record = json!({
            "stratosim": env!("CARGO_PKG_VERSION"),
            "source": source.display().to_string(),
            "format": format.name(),
            "options": self.record(),
            "report": counts(&trace),
        });
        let path = directory.staging_path().join("import.json");
        std::fs::write(&path, format!("{record:#}\n"))
            .map_err(|source| failure(TraceError::Write { path, source }))?;
        let path = directory.commit().map_err(Failure::failed)?;
        if !self.quiet {
            print(&report(&trace, format));
            print(&format!("  {:<22} {}\n", "written to", path.display()));
        }
        Ok(())
    }

    /// The options that make a difference.
    fn record(&self) -> Value {
        json!({
            "skip_bad_rows": self.skip_bad_rows,
            "gaps": format!("{:?}", self.gaps).to_lowercase(),
            "any_length": self.any_length,
            "sample": self.sample,
            "seed": self.sample.map(|_| self.seed),
            "first": self.first,
            "from_s": self.from.as_secs(),
            "until_s": self.until.map(Duration::as_secs),
            "scale_time": self.scale_time,
            "scale_demand": self.scale_demand,
            "machine_cores": self.machine_cores,
            "machine_memory_bytes": self.machine_memory.map(DataSize::as_bytes),
            "memory_unit_bytes": self.memory_unit.map(DataSize::as_bytes),
        })
    }
}

/// Whether the user, the machine or an interrupt is at fault.
fn failure(error: TraceError) -> Failure {
    match error {
        TraceError::Interrupted => Failure::Failed("interrupted; nothing was written".into()),
        TraceError::Write { .. } => Failure::failed(error),
        error => Failure::bad_input(error),
    }
}

fn counts(trace: &VmTrace) -> Value {
    let report = &trace.report;
    json!({
        "vms": { "read": report.vms_read, "taken": trace.vms.len() },
        "samples": { "read": report.samples_read, "taken": trace.series.len() },
        "jobs": { "read": report.jobs_read, "taken": trace.jobs.len() },
        "machine_events": { "read": report.machine_events_read, "taken": trace.machines.len() },
        "dependencies": {
            "taken": trace.vms.dependencies.len() + trace.jobs.dependencies.len(),
            "left_out": report.dependencies_left_out,
        },
        "bad_rows_skipped": report.skipped.count,
        "bad_rows": report.skipped.messages,
        "notes": report.notes,
    })
}

/// What was imported, for people.
fn report(trace: &VmTrace, format: TraceFormat) -> String {
    let mut text = format!("{format}\n");
    let report = &trace.report;
    let dependencies = (trace.vms.dependencies.len() + trace.jobs.dependencies.len()) as u64;
    for (name, taken, read) in [
        ("VMs", trace.vms.len() as u64, report.vms_read),
        ("samples", trace.series.len() as u64, report.samples_read),
        ("jobs", trace.jobs.len() as u64, report.jobs_read),
        ("machine events", trace.machines.len() as u64, report.machine_events_read),
        ("dependencies", dependencies, dependencies + report.dependencies_left_out),
    ] {
        if read > 0 {
            let of = if taken == read { String::new() } else { format!(" of {read}") };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<22} {taken}{of}");
        }
    }
    if let Some(step_s) = trace.series.step_s() {
        let _ = writeln!(text, "  {:<22} {step_s} s", "regular, each");
    }
    for note in &report.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    if report.skipped.count > 0 {
        let _ = writeln!(text, "  {:<22} {}", "bad rows skipped", report.skipped.count);
        for message in &report.skipped.messages {
            let _ = writeln!(text, "    {message}");
        }
        if report.skipped.count > report.skipped.messages.len() as u64 {
            let _ = writeln!(text, "    ...");
        }
    }
    text
}

/// The progress on standard error, on a terminal only. How long a trace is shows at its end.
struct Shown {
    bar: ProgressBar,
}

impl Shown {
    fn new(quiet: bool) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(5)
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}  {msg}") {
            bar.set_style(style);
        }
        Shown { bar }
    }

    fn update(&self, progress: ReadingProgress) {
        if self.bar.is_hidden() {
            return;
        }
        let ReadingProgress { vms, samples, jobs } = progress;
        self.bar.set_message(format!("{vms} VMs, {samples} samples, {jobs} jobs"));
        self.bar.tick();
    }
}
