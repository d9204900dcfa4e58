//! The tables of OpenDC in Parquet, through polars.

use super::error::{Faults, Place, SkippedRows, TraceError};
use super::opendc::{Clocks, Task};
use super::record::{BATCH_ROWS, Batch};
use super::table::{MOST, NOT_NEGATIVE};
use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    Column, DataFrame, DataType, ParallelStrategy, ParquetReader, PolarsError, SerReader,
};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn damaged(path: &Path) -> impl Fn(PolarsError) -> TraceError {
    move |error| TraceError::table(path, format!("cannot be read as Parquet: {error}"))
}

/// A file and what is in it.
struct ParquetTable {
    path: PathBuf,
    file: File,
    metadata: Arc<FileMetadata>,
    /// First row and number of rows of the groups that are not read yet.
    groups: VecDeque<(usize, usize)>,
}

impl ParquetTable {
    fn open(path: &Path) -> Result<Self, TraceError> {
        let file = File::open(path).map_err(TraceError::open(path))?;
        let mut reader = ParquetReader::new(file.try_clone().map_err(TraceError::open(path))?);
        let metadata = Arc::clone(reader.get_metadata().map_err(damaged(path))?);
        let mut start = 0;
        let groups = metadata.row_groups.iter().map(|group| {
            let first = start;
            start += group.num_rows();
            (first, group.num_rows())
        });
        let groups = groups.collect();
        Ok(ParquetTable { path: path.to_path_buf(), file, metadata, groups })
    }

    /// The columns of the next group that has rows, and the number of its first row from 1.
    fn next(
        &mut self,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Option<(u64, DataFrame)>, TraceError> {
        while let Some(group) = self.groups.pop_front() {
            if group.1 == 0 {
                continue;
            }
            let file = self.file.try_clone().map_err(TraceError::open(&self.path))?;
            let mut reader = ParquetReader::new(file);
            let schema = reader.schema().map_err(damaged(&self.path))?;
            if let Some(missing) = required.iter().find(|name| schema.get(name).is_none()) {
                let found: Vec<&str> = schema.iter_names().map(|name| name.as_str()).collect();
                let message = format!("has no column {missing:?}; found {}", found.join(", "));
                return Err(TraceError::table(&self.path, message));
            }
            let optional = optional.iter().filter(|name| schema.get(name).is_some());
            let names = required.iter().chain(optional).map(ToString::to_string).collect();
            let mut reader = reader
                .read_parallel(ParallelStrategy::None)
                .with_columns(Some(names))
                .with_slice(Some(group));
            reader.set_metadata(Arc::clone(&self.metadata));
            let frame = reader.finish().map_err(damaged(&self.path))?;
            return Ok(Some((group.0 as u64 + 1, frame)));
        }
        Ok(None)
    }
}

/// A column as numbers.
fn floats(path: &Path, column: &Column) -> Result<Vec<Option<f64>>, TraceError> {
    let column = column.as_materialized_series().strict_cast(&DataType::Float64);
    let column = column.map_err(damaged(path))?;
    Ok(column.f64().map_err(damaged(path))?.iter().collect())
}

/// A column as whole numbers.
fn integers(path: &Path, column: &Column) -> Result<Vec<Option<i64>>, TraceError> {
    let column = column.as_materialized_series().strict_cast(&DataType::Int64);
    let column = column.map_err(damaged(path))?;
    Ok(column.i64().map_err(damaged(path))?.iter().collect())
}

/// That a cell is not what it should be.
fn refuse(path: &Path, row: u64, found: impl fmt::Debug, expected: &str) -> TraceError {
    let mut place = Place::file(path);
    place.line = row;
    TraceError::Row { place, found: format!("{found:?}"), expected: expected.into() }
}

/// Reads all tasks.
pub(super) fn read_tasks(path: &Path, faults: &mut Faults) -> Result<Vec<Task>, TraceError> {
    let mut table = ParquetTable::open(path)?;
    let required = ["id", "submission_time", "cpu_count", "cpu_capacity"];
    let optional = ["duration", "mem_capacity", "parents"];
    let (mut tasks, mut known) = (Vec::new(), FxHashSet::default());
    while let Some((first, frame)) = table.next(&required, &optional)? {
        let column = |name: &str| frame.column(name).map_err(damaged(path));
        let number = |name: &str| match frame.column(name) {
            Ok(column) => floats(path, column),
            Err(_) => Ok(vec![None; frame.height()]),
        };
        let ids = integers(path, column("id")?)?;
        let [submission, count, capacity] =
            [number("submission_time")?, number("cpu_count")?, number("cpu_capacity")?];
        let [duration, memory] = [number("duration")?, number("mem_capacity")?];
        let mut parents = parents(path, &frame)?;
        for row in 0..frame.height() {
            let line = first + row as u64;
            let mut task = || -> Result<Task, TraceError> {
                let id = ids[row].ok_or_else(|| refuse(path, line, ids[row], "id: a whole number"))?;
                let among = |cell: Option<f64>, name: &str, least: f64| match cell {
                    Some(cell) if cell >= least && cell <= MOST => Ok(cell),
                    _ => Err(refuse(path, line, cell, &format!("{name}: a number of at least {least}"))),
                };
                let above = |cell: Option<f64>, name: &str| match cell {
                    Some(cell) if cell > 0.0 && cell <= MOST => Ok(cell),
                    _ => Err(refuse(path, line, cell, &format!("{name}: a number above 0"))),
                };
                let optional =
                    |cell: Option<f64>, name| cell.map(|cell| among(Some(cell), name, 0.0)).transpose();
                if !known.insert(id) {
                    return Err(refuse(path, line, id, "a task that did not occur before"));
                }
                Ok(Task {
                    id,
                    submission_ms: among(submission[row], "submission_time", -MOST)?,
                    duration_ms: optional(duration[row], "duration")?,
                    cpu_count: above(count[row], "cpu_count")?,
                    capacity_mhz: above(capacity[row], "cpu_capacity")?,
                    memory: optional(memory[row], "mem_capacity")?,
                    parents: std::mem::take(&mut parents[row]),
                })
            };
            tasks.extend(faults.pass(task())?);
        }
    }
    Ok(tasks)
}

/// The lists of parents, empty if there is no such column.
fn parents(path: &Path, frame: &DataFrame) -> Result<Vec<Vec<i64>>, TraceError> {
    let Ok(column) = frame.column("parents") else { return Ok(vec![Vec::new(); frame.height()]) };
    let lists = column.as_materialized_series().list().map_err(damaged(path))?;
    let mut parents = Vec::with_capacity(lists.len());
    for index in 0..lists.len() {
        let Some(list) = lists.get_as_series(index) else {
            parents.push(Vec::new());
            continue;
        };
        let list = list.strict_cast(&DataType::Int64).map_err(damaged(path))?;
        parents.push(list.i64().map_err(damaged(path))?.iter().flatten().collect());
    }
    Ok(parents)
}

/// Reads fragments, a row group at a time.
pub(super) struct FragmentSource {
    table: ParquetTable,
    /// Number of the first row from 1; id, duration, usage.
    group: Group,
    next: usize,
    faults: Faults,
}

#[derive(Default)]
struct Group {
    first: u64,
    id: Vec<Option<i64>>,
    duration_ms: Vec<Option<f64>>,
    usage_mhz: Vec<Option<f64>>,
}

impl fmt::Debug for FragmentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FragmentSource").field("path", &self.table.path).finish_non_exhaustive()
    }
}

impl FragmentSource {
    pub(super) fn open(path: &Path, faults: Faults) -> Result<Self, TraceError> {
        Ok(FragmentSource { table: ParquetTable::open(path)?, group: Group::default(), next: 0, faults })
    }

    pub(super) fn skipped(&self) -> &SkippedRows {
        &self.faults.skipped
    }

    /// Adds the next fragments to an empty batch; `false` at the end.
    pub(super) fn read(&mut self, clocks: &mut Clocks, batch: &mut Batch) -> Result<bool, TraceError> {
        while batch.is_empty() {
            if self.next >= self.group.id.len() && !self.next_group()? {
                return Ok(false);
            }
            let (path, group) = (&self.table.path, &self.group);
            let end = group.id.len().min(self.next + BATCH_ROWS);
            for row in self.next..end {
                let cells = (group.id[row], group.duration_ms[row], group.usage_mhz[row]);
                let line = group.first + row as u64;
                let sample = match cells {
                    (Some(id), Some(duration_ms), Some(usage_mhz))
                        if NOT_NEGATIVE.contains(&duration_ms) && NOT_NEGATIVE.contains(&usage_mhz) =>
                    {
                        clocks
                            .fragment(id, duration_ms, usage_mhz)
                            .map_err(|id| refuse(path, line, id, "id: one of the table of tasks"))
                    }
                    _ => Err(refuse(path, line, cells, "id, duration and cpu_usage, of at least 0")),
                };
                match sample {
                    Ok(sample) => batch.samples.extend(sample),
                    Err(error) => {
                        self.faults.pass::<()>(Err(error))?;
                    }
                }
            }
            self.next = end;
        }
        Ok(true)
    }

    fn next_group(&mut self) -> Result<bool, TraceError> {
        let Some((first, frame)) = self.table.next(&["id", "duration", "cpu_usage"], &[])? else {
            return Ok(false);
        };
        let path = &self.table.path;
        let column = |name: &str| frame.column(name).map_err(damaged(path));
        self.group = Group {
            first,
            id: integers(path, column("id")?)?,
            duration_ms: floats(path, column("duration")?)?,
            usage_mhz: floats(path, column("cpu_usage")?)?,
        };
        self.next = 0;
        Ok(true)
    }
}
