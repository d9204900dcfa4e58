//! Reading runs in parallel, and writing their samples in a fixed order.

use super::balance::Balance;
use super::layout::Layout;
use super::process::{Job, Message};
use super::statistics::Counts;
use super::write::Writer;
use super::{DatasetError, Progress};
use crate::output::{FileFormat, RecorderSummary};
use rayon::prelude::*;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Batches that a run may be ahead of the writer.
const BATCHES_AHEAD: usize = 16;

/// Told how far a pass is.
pub(super) type Watch<'w> = &'w (dyn Fn(&Progress) + Send + Sync);

/// Reads all runs without writing anything.
pub(super) fn count(
    job: &Job<'_>,
    pool: &rayon::ThreadPool,
    watch: Watch<'_>,
) -> Result<Counts, DatasetError> {
    let finished = AtomicUsize::new(0);
    let found: Vec<Result<Counts, DatasetError>> = pool.install(|| {
        (0..job.runs.len())
            .into_par_iter()
            .map(|run| {
                if job.split.leaves_out(run) {
                    return Ok(Counts::none(job.plan.values.len()));
                }
                let counts = job.read(run, true, None);
                let finished = finished.fetch_add(1, Ordering::Relaxed) + 1;
                watch(&Progress { writing: false, finished, total: job.runs.len() });
                counts
            })
            .collect()
    });
    let mut all = Counts::none(job.plan.values.len());
    for counts in found {
        all.merge(counts?);
    }
    if job.exact {
        all.find_quantiles().map_err(DatasetError::Sorting)?;
    }
    Ok(all)
}

/// How the files are to be written.
#[derive(Debug)]
pub(super) struct Files<'f> {
    pub(super) layout: &'f Layout,
    pub(super) balance: Option<Balance>,
    pub(super) directory: &'f Path,
    pub(super) format: FileFormat,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    /// Counted anew if columns were to be looked at.
    pub(super) counts: Counts,
    pub(super) tables: RecorderSummary,
    pub(super) dictionary: Value,
}

/// Reads all runs again and writes their samples, in the order of the runs: several threads read ahead, as far
/// as a bounded number of batches goes. Runs are begun in their order, so that the one that is being written
/// is always among those that are read.
pub(super) fn write(
    job: &Job<'_>,
    jobs: usize,
    files: Files<'_>,
    look: bool,
    watch: Watch<'_>,
) -> Result<Written, DatasetError> {
    let Files { layout, balance, directory, format } = files;
    let mut writer = Writer::new(layout, job.plan, job.split.wanted(), balance, directory, format)?;
    let runs: Vec<usize> = (0..job.runs.len()).filter(|run| !job.split.leaves_out(*run)).collect();
    let (senders, receivers): (Vec<SyncSender<Message>>, Vec<Receiver<Message>>) =
        runs.iter().map(|_| sync_channel(BATCHES_AHEAD)).unzip();
    let senders = Mutex::new(runs.iter().zip(senders));
    let mut all = Counts::none(job.plan.values.len());
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(runs.len()) {
            scope.spawn(|| {
                loop {
                    let next = senders.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((run, sender)) = next else { return };
                    let result = job.read(*run, look, Some(&sender));
                    let is_bad = result.is_err();
                    // Where nobody waits for it, somebody else has failed.
                    let _ = sender.send(Message::Done(Box::new(result)));
                    if is_bad {
                        return;
                    }
                }
            });
        }
        // Left early, this drops the receivers, and all who read end when nobody takes their samples.
        for (index, (run, receiver)) in runs.iter().zip(receivers).enumerate() {
            writer.begin_run(*run, &job.runs[*run]);
            let result = receiver.iter().find_map(|message| match message {
                Message::Done(result) => Some(Some(*result)),
                Message::Samples(batch) => (!writer.write(batch)).then_some(None),
            });
            match result.flatten() {
                Some(Ok(counts)) => all.merge(counts),
                Some(Err(error)) => return failure = Some(error),
                // The writer has the reason.
                None => return,
            }
            watch(&Progress { writing: true, finished: index + 1, total: runs.len() });
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let dictionary = writer.dictionary();
    Ok(Written { counts: all, tables: writer.finish()?, dictionary })
}
