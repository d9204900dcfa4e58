//! Traces of training jobs: who asked for how many GPUs, when, and for how long.
//!
//! | format | columns |
//! | --- | --- |
//! | [`TiresiasCsv`](TrainingFormat::TiresiasCsv) | `job_id`, `num_gpu`, `submit_time`, `duration`, perhaps `iterations`, `model_name`, `user`, `num_inst`: of Tiresias, and of Alibaba's simulator for its trace of 2020 |
//! | [`Alibaba2020Tasks`](TrainingFormat::Alibaba2020Tasks) | the table `pai_task_table`, as published without a header |
//! | [`Alibaba2023Pods`](TrainingFormat::Alibaba2023Pods) | the lists of pods `openb_pod_list_*` |
//! | [`GavelCsv`](TrainingFormat::GavelCsv) | `arrival_s`, `num_gpus`, `job_type`, `total_steps`, perhaps `vc`: no durations |
//! | [`Own`](TrainingFormat::Own) | `job_id`, `submit_s`, `gpus`, `duration_s`, perhaps `model` |
//!
//! [`read_samples`] reads what has no times of submission: pairs of duration and GPUs, or durations alone.

mod formats;
#[cfg(test)]
mod tests;

use super::error::{Faults, SkippedRows, TraceError};
use super::input::files;
use super::table::{Header, Layout, NOT_NEGATIVE, POSITIVE, read_rows};
use std::path::Path;

/// How a trace of training jobs is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingFormat {
    /// Job lists of Tiresias and of Alibaba's simulator. GPUs are those of an instance, which there may be several of.
    TiresiasCsv,
    /// Tasks of Alibaba's trace of 2020; 100 of `plan_gpu` are one GPU of an instance. A task is submitted when it starts, since
    /// the table has nothing else.
    Alibaba2020Tasks,
    /// Pods of Alibaba's trace of 2023; 1000 of `gpu_milli` are one GPU.
    Alibaba2023Pods,
    /// Jobs of Gavel's traces, which have steps instead of durations.
    GavelCsv,
    /// Our own.
    Own,
}

/// What is taken of a trace of training jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingTraceOptions {
    /// The start of the window, in seconds from the start of the trace; it becomes time 0.
    pub from_s: f64,
    /// The end of the window; the end of the trace if left out.
    pub until_s: Option<f64>,
    /// Jobs with fewer GPUs are left out.
    pub least_gpus: f64,
    /// Count bad rows and go on, rather than fail at the first.
    pub skip_bad_rows: bool,
}

impl Default for TrainingTraceOptions {
    fn default() -> Self {
        TrainingTraceOptions { from_s: 0.0, until_s: None, least_gpus: 0.0, skip_bad_rows: false }
    }
}

impl TrainingTraceOptions {
    fn check(&self) -> Result<(), TraceError> {
        let until_s = self.until_s.unwrap_or(f64::INFINITY);
        if !(self.from_s >= 0.0 && until_s > self.from_s) {
            let message = format!("the window from {} s until {until_s} s is empty", self.from_s);
            return Err(TraceError::Options(message));
        }
        if !(self.least_gpus >= 0.0 && self.least_gpus.is_finite()) {
            let message =
                format!("the least number of GPUs is {}, but must be at least 0", self.least_gpus);
            return Err(TraceError::Options(message));
        }
        Ok(())
    }
}

/// A job of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedTrainingJob {
    /// Its name; of traces without names the number of its row, from 0.
    pub name: String,
    /// When it was submitted, in seconds from the start of the window.
    pub submit_s: f64,
    /// How many GPUs it asked for, above 0; parts of one where GPUs are shared.
    pub gpus: f64,
    /// Seconds that it ran, if that is known.
    pub duration_s: Option<f64>,
    /// Steps of training, if they are known.
    pub steps: Option<f64>,
    /// What it trained, as the trace has it.
    pub model: Option<String>,
    /// Whose it was: a user, or a virtual cluster.
    pub owner: Option<String>,
}

impl TracedTrainingJob {
    /// Whole GPUs: parts are rounded up. At least 1.
    #[must_use]
    pub fn whole_gpus(&self) -> u32 {
        // The cast saturates.
        (self.gpus.ceil() as u32).max(1)
    }
}

/// What was taken of a trace of training jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingTrace {
    /// Its jobs, in the order in which they were submitted, then of the file.
    pub jobs: Vec<TracedTrainingJob>,
    /// Rows that are no jobs with GPUs, or were never started, or are outside the window.
    pub left_out: u64,
    /// Bad rows that were skipped.
    pub skipped: SkippedRows,
}

/// Reads a trace of training jobs: a file, or the files of a folder or archive.
///
/// # Errors
/// If a file cannot be read, a row is bad, options make no sense, or no job is left.
pub fn read_training(
    path: &Path,
    format: TrainingFormat,
    options: &TrainingTraceOptions,
) -> Result<TrainingTrace, TraceError> {
    options.check()?;
    let until_s = options.until_s.unwrap_or(f64::INFINITY);
    let mut faults = Faults::new(options.skip_bad_rows);
    let mut trace = TrainingTrace::default();
    let mut number = 0_u64;
    for file in files(path)? {
        read_rows(&file, format.layout(), &mut faults, |row| {
            let job = format.job(row, number)?;
            number += 1;
            let wanted = |job: &TracedTrainingJob| {
                job.gpus > 0.0
                    && job.gpus >= options.least_gpus
                    && job.submit_s >= options.from_s
                    && job.submit_s < until_s
            };
            match job.filter(wanted) {
                Some(mut job) => {
                    job.submit_s -= options.from_s;
                    trace.jobs.push(job);
                }
                None => trace.left_out += 1,
            }
            Ok(())
        })?;
    }
    if trace.jobs.is_empty() {
        let message = "no job with GPUs is left: widen the window, or ask for fewer GPUs";
        return Err(TraceError::table(path, message));
    }
    // Stable.
    trace.jobs.sort_by(|a, b| a.submit_s.total_cmp(&b.submit_s));
    trace.skipped = faults.skipped;
    Ok(trace)
}

/// A sample of jobs without times of submission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobSample {
    /// Seconds that it ran.
    pub duration_s: f64,
    /// How many GPUs it had; `None` if the file does not say.
    pub gpus: Option<f64>,
}

/// Reads samples of jobs: columns `duration_s` and perhaps `num_gpus`, or the one column `runtime` of Philly's run times in Alibaba's
/// trace of 2020.
///
/// # Errors
/// If a file cannot be read or a row is bad.
pub fn read_samples(path: &Path, kind: SampleColumns) -> Result<Vec<JobSample>, TraceError> {
    let columns: &'static [&'static str] = match kind {
        SampleColumns::DurationAndGpus => &["duration_s", "num_gpus"],
        SampleColumns::Runtime => &["runtime"],
    };
    let layout = Layout { columns, required: 1, header: Header::Names, delimiter: b',' };
    let mut faults = Faults::new(false);
    let mut samples = Vec::new();
    for file in files(path)? {
        read_rows(&file, layout, &mut faults, |row| {
            let duration_s = row.number(0, NOT_NEGATIVE)?;
            let gpus = if columns.len() > 1 { row.optional_number(1, POSITIVE)? } else { None };
            samples.push(JobSample { duration_s, gpus });
            Ok(())
        })?;
    }
    Ok(samples)
}

/// The columns of a file of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleColumns {
    /// `duration_s` and perhaps `num_gpus`.
    DurationAndGpus,
    /// `runtime`, in seconds.
    Runtime,
}
