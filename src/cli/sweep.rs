//! `stratosim sweep`: runs a scenario for many values of its parameters and many seeds.

use super::interrupt::interrupted;
use super::{Failure, print};
use crate::sweep::{Plan, Progress, Shard, Sweep, SweepError, SweepResults};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

/// How many points `--dry-run` shows, and how many failures the report.
const MOST_SHOWN: usize = 6;
/// How many values of an axis `--dry-run` shows.
const MOST_VALUES: usize = 8;

/// Run a scenario for many values of its parameters and many seeds, in parallel.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim sweep scenarios/sweeps/offloading.json --dry-run\n  \
    stratosim sweep scenarios/sweeps/offloading.json --out /tmp/s --jobs 8\n  \
    stratosim sweep scenarios/sweeps/offloading.json --out /tmp/s --resume\n  \
    stratosim sweep scenarios/sweeps/offloading.json --out part-2 --shard 2/8\n\n\
    Finished runs are kept whatever happens. Exit codes: 0 done, 1 a run failed or the sweep was \
    interrupted, 2 bad input.")]
pub(super) struct SweepCommand {
    /// Sweep file.
    sweep: PathBuf,
    /// Directory for the results; `runs/NAME` if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How many runs go on at the same time; as many as there are processors if left out.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Continue the sweep in the directory if there is one; failed runs are tried again.
    #[arg(long)]
    resume: bool,
    /// Replace the sweep in the directory if there is one.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Do one part of N only, to be joined by `stratosim merge`.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Check all points and print the plan, without running it.
    #[arg(long, conflicts_with_all = ["resume", "force", "shard"])]
    dry_run: bool,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Whether the user or the machine is at fault.
pub(super) fn failure(error: SweepError) -> Failure {
    match error {
        SweepError::BadInput(_) | SweepError::Refused(_) => Failure::bad_input(error),
        _ => Failure::failed(error),
    }
}

impl SweepCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let mut sweep = Sweep::from_file(&self.sweep).map_err(failure)?;
        if let Some(jobs) = self.jobs {
            sweep = sweep.jobs(jobs.get());
        }
        let interrupted = interrupted();
        sweep = sweep.stop_on(interrupted);
        if self.dry_run {
            sweep.check().map_err(failure)?;
            print(&in_words(sweep.plan()));
            return Ok(());
        }
        let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(sweep.plan().name()));
        sweep = sweep.out(&out);
        if self.resume {
            sweep = sweep.resume();
        }
        if self.force {
            sweep = sweep.replace();
        }
        if let Some(shard) = self.shard {
            sweep = sweep.shard(shard);
        }
        let shown = Arc::new(Shown::new(self.quiet));
        let watching = Arc::clone(&shown);
        sweep = sweep.watch(move |progress| watching.update(progress));
        let points = sweep.plan().points().len();
        let result = sweep.run();
        shown.finish();
        let results = result.map_err(|error| match error {
            // Where the directory could not even be made, there is nothing to continue.
            SweepError::Interrupted(_) | SweepError::Storage(_) if out.join("sweep.json").is_file() => {
                Failure::Failed(format!(
                    "{error}; what is finished is kept, continue with: {}",
                    self.resumed(&out)
                ))
            }
            error => failure(error),
        })?;
        report(&results, points, &out, self.shard, self.quiet)
    }

    /// The command that continues this one.
    fn resumed(&self, out: &Path) -> String {
        let shard =
            self.shard.map_or(String::new(), |shard| format!(" --shard {}/{}", shard.part, shard.of));
        format!("stratosim sweep {} --out {}{shard} --resume", self.sweep.display(), out.display())
    }
}

/// Tells what came of a sweep; failed runs make a failure.
pub(super) fn report(
    results: &SweepResults,
    points: usize,
    out: &Path,
    shard: Option<Shard>,
    quiet: bool,
) -> Result<(), Failure> {
    let (runs, failed) = (results.rows().len(), results.failed().count());
    if !quiet {
        let out = out.display();
        print(&match shard {
            None => format!(
                "{points} points, {runs} runs, {failed} failed\n  \
                 {out}/results.csv    a row a run\n  \
                 {out}/aggregate.csv  a row a point and metric\n"
            ),
            Some(shard) => format!(
                "part {}/{}: {runs} runs, {failed} failed, in {out}\n\
                 join all parts with: stratosim merge OUT PART...\n",
                shard.part, shard.of
            ),
        });
    }
    if failed == 0 {
        return Ok(());
    }
    let mut text =
        if failed == 1 { "a run failed:".to_string() } else { format!("{failed} runs failed:") };
    for row in results.failed().take(MOST_SHOWN) {
        let labels: Vec<String> = results
            .axes()
            .iter()
            .zip(results.labels(row.run.point))
            .map(|(column, label)| format!("{} = {}", column.name, plain(label)))
            .collect();
        let error = row.error.as_deref().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {} ({}), seed {}: {error}", row.run, labels.join(", "), row.seed);
    }
    if failed > MOST_SHOWN {
        let _ = write!(text, "\n  ... and {} more, see the column error", failed - MOST_SHOWN);
    }
    Err(Failure::Failed(text))
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// The plan for people.
fn in_words(plan: &Plan) -> String {
    let mut text = format!("{}\n", plan.name());
    let mut units = plan.columns().iter();
    for (names, levels) in plan.axis_labels() {
        let units: Vec<String> = units
            .by_ref()
            .take(names.len())
            .map(
                |column| {
                    if column.unit.is_empty() { String::new() } else { format!(" {}", column.unit) }
                },
            )
            .collect();
        let shown = match &levels {
            None => "drawn from a range".to_string(),
            Some(levels) => {
                let level = |labels: &&[serde_json::Value]| {
                    let cells = labels.iter().zip(&units).map(|(label, unit)| plain(label) + unit);
                    cells.collect::<Vec<_>>().join(" / ")
                };
                let mut shown: Vec<String> = levels.iter().take(MOST_VALUES).map(level).collect();
                if levels.len() > MOST_VALUES {
                    shown.push("...".into());
                }
                format!("{} values: {}", levels.len(), shown.join(", "))
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  axis {}: {shown}", names.join(" / "));
    }
    let dropped = match plan.dropped() {
        0 => String::new(),
        dropped => format!(" ({dropped} more dropped)"),
    };
    let _ = writeln!(text, "  {} points{dropped}", plan.points().len());
    let (least, most) = plan.runs();
    let runs = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let _ = writeln!(text, "  {runs} runs, seeds from {}", plan.seed(0));
    let _ = writeln!(text, "first points:");
    for (index, point) in plan.points().iter().take(MOST_SHOWN).enumerate() {
        let cells = plan.columns().iter().zip(&point.labels).map(|(column, label)| {
            let gap = if column.unit.is_empty() { "" } else { " " };
            format!("{} = {}{gap}{}", column.name, plain(label), column.unit)
        });
        let _ = writeln!(text, "  {index}: {}", cells.collect::<Vec<_>>().join(", "));
    }
    text
}

/// The progress on standard error: a bar on a terminal, else a line for each tenth.
struct Shown {
    bar: ProgressBar,
    quiet: bool,
    started: Instant,
    /// The tenth that was told last, and how many runs an earlier process had done.
    told: Mutex<Option<(usize, usize)>>,
}

impl Shown {
    fn new(quiet: bool) -> Self {
        let target = if quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(5)
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} runs{msg}  left {eta}")
        {
            bar.set_style(style);
        }
        Shown { bar, quiet, started: Instant::now(), told: Mutex::new(None) }
    }

    fn update(&self, progress: &Progress) {
        let failed = match progress.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        if !self.bar.is_hidden() {
            self.bar.set_length(progress.total as u64);
            self.bar.set_position(progress.finished as u64);
            self.bar.set_message(failed);
            return;
        }
        if self.quiet {
            return;
        }
        let Ok(mut told) = self.told.lock() else { return };
        let tenth = 10 * progress.finished / progress.total.max(1);
        let (last, before) = told.unwrap_or((usize::MAX, progress.finished));
        if tenth == last {
            return;
        }
        *told = Some((tenth, before));
        let done = progress.finished - before;
        let left = match (done, progress.total - progress.finished) {
            (0, _) | (_, 0) => String::new(),
            (done, left) => {
                let left_s = self.started.elapsed().as_secs_f64() * left as f64 / done as f64;
                format!(", about {left_s:.0} s left")
            }
        };
        eprintln!("{} of {} runs{failed}{left}", progress.finished, progress.total);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
