//! Logs of batch jobs in the Standard Workload Format.

use super::error::{Faults, SkippedRows, TraceError};
use super::input::{Lines, TraceFile};
use super::record::{BATCH_ROWS, Batch, DemandUnit, TraceJob, TraceReader};
use super::table::{NOT_NEGATIVE, Seen};
use std::collections::VecDeque;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// The fields of a line, in their order.
const FIELDS: [&str; 18] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "processors used",
    "average CPU time",
    "memory used",
    "processors requested",
    "time requested",
    "memory requested",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
];

/// Reads the Standard Workload Format of the Parallel Workloads Archive, version 2.2: 18 numbers a line,
/// of which -1 is unknown, and comments that start with `;`.
///
/// A job needs the processors that it requested, else those that it used; its memory is that for each
/// processor times these. Times are seconds since the start of the log.
pub struct SwfReader {
    files: VecDeque<TraceFile>,
    lines: Option<Lines>,
    last_submit_s: f64,
    seen: Seen,
    faults: Faults,
}

impl fmt::Debug for SwfReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwfReader").field("files", &self.files).finish_non_exhaustive()
    }
}

impl SwfReader {
    /// Reads a log from `source`; `name` stands for it in messages.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn new(
        name: impl AsRef<Path>,
        source: impl Read + Send + 'static,
        skip_bad_rows: bool,
    ) -> Result<Self, TraceError> {
        let mut reader = Self::of_files(Vec::new(), skip_bad_rows);
        reader.lines = Some(Lines::new(name.as_ref(), source)?);
        Ok(reader)
    }

    pub(super) fn of_files(files: Vec<TraceFile>, skip_bad_rows: bool) -> Self {
        SwfReader {
            files: files.into(),
            lines: None,
            last_submit_s: f64::NEG_INFINITY,
            seen: Seen::default(),
            faults: Faults::new(skip_bad_rows),
        }
    }

    /// The job of the last line; `None` for a comment or an empty line.
    fn job(&self, lines: &Lines) -> Result<Option<TraceJob>, TraceError> {
        let line = lines.line();
        if line.is_empty() || line.starts_with(b";") {
            return Ok(None);
        }
        let mut cells = [&b""[..]; 18];
        let mut count = 0;
        for cell in line.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty()) {
            if let Some(slot) = cells.get_mut(count) {
                *slot = cell;
            }
            count += 1;
        }
        if count != cells.len() {
            let found = format!("{count} fields");
            let expected = "18, those of the Standard Workload Format".into();
            return Err(TraceError::Row { place: lines.place(0), found, expected });
        }
        let number = |field: usize| -> Result<Option<f64>, TraceError> {
            let cell = cells[field];
            let number = str::from_utf8(cell).ok().and_then(|text| text.parse::<f64>().ok());
            match number {
                Some(-1.0) => Ok(None),
                Some(number) if NOT_NEGATIVE.contains(&number) => Ok(Some(number)),
                _ => {
                    let expected =
                        format!("{}: a number of at least 0, or -1 if unknown", FIELDS[field]);
                    Err(lines.error(field + 1, cell, expected))
                }
            }
        };
        let name = |field: usize| -> Result<Option<String>, TraceError> {
            Ok(number(field)?.map(|number| number.to_string()))
        };
        let needed = |field: usize| -> Result<f64, TraceError> {
            let expected = format!("{}: a number of at least 0", FIELDS[field]);
            number(field)?.ok_or_else(|| lines.error(field + 1, cells[field], expected))
        };
        let id = needed(0)?.to_string();
        if self.seen.has(&id) {
            return Err(lines.error(1, cells[0], "a job that did not occur before"));
        }
        let submit_s = needed(1)?;
        if submit_s < self.last_submit_s {
            let expected =
                format!("a submit time of at least {}, that of the job before", self.last_submit_s);
            return Err(lines.error(2, cells[1], expected));
        }
        let positive = |number: Option<f64>| number.filter(|&number| number > 0.0);
        let cores = positive(number(7)?).or(positive(number(4)?));
        let memory_kb = positive(number(9)?).or(positive(number(6)?));
        // Every field is looked at, so that what is not a number anywhere is told.
        for field in [5, 12, 13, 15] {
            number(field)?;
        }
        Ok(Some(TraceJob {
            id,
            submit_s,
            wait_s: number(2)?,
            run_time_s: number(3)?,
            requested_time_s: positive(number(8)?),
            cores,
            memory_bytes: memory_kb.zip(cores).map(|(memory_kb, cores)| 1024.0 * memory_kb * cores),
            class: name(14)?,
            user: name(11)?,
            status: number(10)?.map(status),
            parents: number(16)?
                .filter(|&job| job > 0.0)
                .map(|job| job.to_string())
                .into_iter()
                .collect(),
            think_time_s: number(17)?,
            ..TraceJob::default()
        }))
    }
}

/// What the numbers of the field `status` mean.
fn status(number: f64) -> String {
    match number as i64 {
        0 => "failed".into(),
        1 => "completed".into(),
        2 => "partial, to be continued".into(),
        3 => "partial, last and completed".into(),
        4 => "partial, last and failed".into(),
        5 => "cancelled".into(),
        other => other.to_string(),
    }
}

impl TraceReader for SwfReader {
    fn demand_unit(&self) -> DemandUnit {
        DemandUnit::Share
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        batch.clear();
        while batch.len() < BATCH_ROWS {
            let Some(lines) = &mut self.lines else {
                let Some(file) = self.files.pop_front() else { break };
                self.lines = Some(file.lines()?);
                continue;
            };
            if lines.next()?.is_none() {
                self.lines = None;
                continue;
            }
            let Some(lines) = &self.lines else { break };
            let job = self.job(lines);
            if let Some(Some(job)) = self.faults.pass(job)? {
                self.last_submit_s = job.submit_s;
                self.seen.add(&job.id);
                batch.jobs.push(job);
            }
        }
        Ok(!batch.is_empty())
    }

    fn skipped(&self) -> &SkippedRows {
        &self.faults.skipped
    }
}
