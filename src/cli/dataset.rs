//! `stratosim dataset`: makes a dataset for machine learning.

use super::interrupt::interrupted;
use super::{Failure, print};
use crate::dataset::{Dataset, DatasetError, DatasetSummary, LabelClasses, Progress};
use crate::output::OutputError;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Classes of a label that the report shows.
const MOST_CLASSES: usize = 8;

/// Make a dataset for machine learning from the tables of runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stratosim dataset scenarios/datasets/offloading.json --out /tmp/d\n  \
    stratosim dataset my-windows.json --runs runs/quickstart-*\n\n\
    The directory appears complete or not at all. Exit codes: 0 done, 1 failed or interrupted, 2 bad input."
)]
pub(super) struct DatasetCommand {
    /// Dataset file.
    dataset: PathBuf,
    /// Directory for the dataset; `datasets/NAME` if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Run and sweep directories to take instead of those that the file names.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    runs: Vec<PathBuf>,
    /// How many runs are read at the same time; as many as there are processors if left out.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Replace the dataset in the directory if there is one.
    #[arg(long)]
    force: bool,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Whether the user or the machine is at fault.
fn failure(error: DatasetError) -> Failure {
    match error {
        DatasetError::Output(OutputError::Exists { .. }) => {
            Failure::BadInput(format!("{error} (--out names another, --force replaces it)"))
        }
        DatasetError::Output(OutputError::Foreign { .. } | OutputError::Unnamed { .. })
        | DatasetError::BadInput(_)
        | DatasetError::Refused(_)
        | DatasetError::Read(_)
        | DatasetError::BackInTime { .. }
        | DatasetError::Silence { .. }
        | DatasetError::EmptyPart { .. } => Failure::bad_input(error),
        DatasetError::Interrupted => Failure::Failed(format!("{error}; nothing was written")),
        error => Failure::failed(error),
    }
}

impl DatasetCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let mut dataset = Dataset::from_file(&self.dataset).map_err(failure)?.runs(&self.runs);
        if let Some(out) = &self.out {
            dataset = dataset.out(out);
        }
        if let Some(jobs) = self.jobs {
            dataset = dataset.jobs(jobs.get());
        }
        if self.force {
            dataset = dataset.replace();
        }
        let interrupted = interrupted();
        let bar = progress_bar(self.quiet);
        let shown = bar.clone();
        let dataset = dataset.stop_on(interrupted).watch(move |progress| show(&shown, progress));
        let result = dataset.run();
        bar.finish_and_clear();
        let summary = result.map_err(failure)?;
        if !self.quiet {
            print(&report(&summary));
        }
        Ok(())
    }
}

fn progress_bar(quiet: bool) -> ProgressBar {
    let target = if quiet || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(5)
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} runs {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.finished as u64);
    bar.set_message(if progress.writing { "written" } else { "read" });
}

/// What a dataset came to, for people.
fn report(summary: &DatasetSummary) -> String {
    let mut text = format!("{} columns\n", summary.columns);
    // Writing to a string cannot fail.
    for (part, rows) in &summary.parts {
        let _ = writeln!(text, "  {part:<22} {rows} rows");
    }
    for LabelClasses { label, classes } in &summary.classes {
        for (class, counts) in classes.iter().take(MOST_CLASSES) {
            let by_part = ["train", "validation", "test"].into_iter().zip(counts);
            let there = by_part.filter(|(part, _)| summary.rows(part).is_some());
            let counts: Vec<String> = there.map(|(part, count)| format!("{count} in {part}")).collect();
            let _ = writeln!(text, "  {:<22} {}", format!("{label} = {class}"), counts.join(", "));
        }
        if classes.len() > MOST_CLASSES {
            let _ = writeln!(text, "  ... and {} more values of {label}", classes.len() - MOST_CLASSES);
        }
    }
    let left_out = [("lack a value", summary.incomplete), ("over a border", summary.purged)];
    for (why, count) in left_out.into_iter().filter(|(_, count)| *count > 0) {
        let _ = writeln!(text, "  left out: {why:<12} {count} samples");
    }
    let _ = writeln!(text, "  {:<22} {:016x}", "fingerprint", summary.fingerprint);
    let _ = writeln!(text, "  {:<22} {}", "written to", summary.path.display());
    text
}
