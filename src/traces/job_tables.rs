//! Tables of jobs with a header: the small form of the Grid Workloads Format, and CloudSimPy's.

use super::error::{Faults, TraceError};
use super::input::TraceFile;
use super::options::TraceOptions;
use super::record::{Batch, TraceJob};
use super::table::{Header, Layout, NOT_NEGATIVE, POSITIVE, Row, Seen, TableReader, Tables};

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobTable {
    /// Grid Workloads Format in its small form: workflows.
    Gwf,
    /// Alibaba's batch tasks as CloudSimPy has them.
    CloudSimPy,
}

#[derive(Debug)]
pub(super) struct JobTables {
    machine_memory_bytes: Option<f64>,
    has_memory: bool,
    seen: Seen,
}

impl JobTables {
    pub(super) fn reader(
        kind: JobTable,
        files: Vec<TraceFile>,
        options: &TraceOptions,
    ) -> TableReader<JobTables> {
        let files = files.into_iter().map(|file| (kind, file));
        let machine_memory_bytes = options.machine_memory_bytes;
        let format = JobTables { machine_memory_bytes, has_memory: false, seen: Seen::default() };
        TableReader::new(format, files, Faults::new(options.skip_bad_rows))
    }

    fn of_gwf(row: &Row<'_>) -> Result<TraceJob, TraceError> {
        let used = row.optional_number(4, POSITIVE)?;
        let parents = row.optional_text(6)?.unwrap_or_default();
        Ok(TraceJob {
            id: row.text(1)?.to_string(),
            group: Some(row.text(0)?.to_string()),
            submit_s: row.number(2, NOT_NEGATIVE)?,
            run_time_s: Some(row.number(3, NOT_NEGATIVE)?),
            cores: row.optional_number(5, POSITIVE)?.or(used),
            parents: parents.split_ascii_whitespace().map(String::from).collect(),
            ..TraceJob::default()
        })
    }

    fn of_cloudsimpy(&mut self, row: &Row<'_>) -> Result<TraceJob, TraceError> {
        let job = row.text(4)?;
        let share = row.number(3, 0.0..=1.0)?;
        self.has_memory = true;
        Ok(TraceJob {
            id: format!("{job}_{}", row.text(5)?),
            group: Some(job.to_string()),
            submit_s: row.number(0, NOT_NEGATIVE)?,
            run_time_s: Some(row.number(1, NOT_NEGATIVE)?),
            cores: Some(row.number(2, NOT_NEGATIVE)?),
            memory_bytes: self.machine_memory_bytes.map(|whole| share * whole),
            instances: Some(row.count(6)?),
            ..TraceJob::default()
        })
    }
}

impl Tables for JobTables {
    type Kind = JobTable;

    fn layout(&self, kind: JobTable) -> Layout {
        let columns: &[&str] = match kind {
            JobTable::Gwf => {
                &["WorkflowID", "JobID", "SubmitTime", "RunTime", "NProcs", "ReqNProcs", "Dependencies"]
            }
            JobTable::CloudSimPy => {
                &["submit_time", "duration", "cpu", "memory", "job_id", "task_id", "instances_num"]
            }
        };
        Layout { columns, required: columns.len(), header: Header::Names, delimiter: b',' }
    }

    fn row(
        &mut self,
        kind: JobTable,
        row: &Row<'_>,
        _: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        let (job, column) = match kind {
            JobTable::Gwf => (Self::of_gwf(row)?, 1),
            JobTable::CloudSimPy => (self.of_cloudsimpy(row)?, 5),
        };
        if self.seen.has(&job.id) {
            return Err(row.error(column, "a job that did not occur before"));
        }
        self.seen.add(&job.id);
        into.jobs.push(job);
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        if !self.has_memory || self.machine_memory_bytes.is_some() {
            return Vec::new();
        }
        vec![
            "memory is left out: the trace has shares of a machine; say how much that has (machine_memory in a scenario, --machine-memory of import)"
                .into(),
        ]
    }
}
