//! Traces of OpenDC: a table of tasks, and one of fragments, as CSV or Parquet.

use super::error::{Faults, SkippedRows, TraceError};
use super::input::{TraceFile, files};
#[cfg(feature = "parquet")]
use super::opendc_parquet::{FragmentSource, read_tasks};
use super::options::TraceOptions;
use super::record::{BATCH_ROWS, Batch, DemandUnit, Sample, TraceReader, TraceVm, single};
use super::table::{ANY, Header, Layout, NOT_NEGATIVE, POSITIVE, Row, TableReader, Tables, read_rows};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;

/// A task as the table has it.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: i64,
    pub(super) submission_ms: f64,
    pub(super) duration_ms: Option<f64>,
    pub(super) cpu_count: f64,
    pub(super) capacity_mhz: f64,
    pub(super) memory: Option<f64>,
    pub(super) parents: Vec<i64>,
}

/// What must be known of the tasks to read fragments: small, and looked up for each.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    numbers: FxHashMap<i64, u32>,
    /// For each VM the end of its last fragment, in milliseconds from the start of the trace, and its capacity.
    tasks: Vec<(f64, f64)>,
    last: Option<(i64, u32)>,
}

impl Clocks {
    /// The next fragment of a task; `None` if it has no length, and the task's id if there is no such task.
    #[inline]
    pub(super) fn fragment(
        &mut self,
        id: i64,
        duration_ms: f64,
        usage_mhz: f64,
    ) -> Result<Option<Sample>, i64> {
        let vm = match self.last {
            Some((last, vm)) if last == id => vm,
            _ => *self.numbers.get(&id).ok_or(id)?,
        };
        self.last = Some((id, vm));
        let Some((end_ms, capacity_mhz)) = self.tasks.get_mut(vm as usize) else { return Err(id) };
        let t_ms = *end_ms;
        *end_ms += duration_ms;
        let share = single(usage_mhz / *capacity_mhz);
        Ok((duration_ms > 0.0).then(|| Sample::of_cpu(vm, t_ms / 1e3, duration_ms / 1e3, share)))
    }
}

/// Reads an OpenDC trace: `tasks` and `fragments`, each `.parquet`, `.csv` or `.csv.gz`.
///
/// Tasks become VMs, whose demand is the share of their `cpu_capacity` (that of all cores together). A
/// fragment starts where the one before of its task has ended, the first at the task's submission; the
/// trace starts with its first submission. All tasks are kept in memory, and of fragments a batch, or a row
/// group of a Parquet file.
#[derive(Debug)]
pub struct OpenDcReader {
    tasks: std::vec::IntoIter<Task>,
    origin_ms: f64,
    memory_unit_bytes: Option<f64>,
    has_memory: bool,
    fragments: Fragments,
    skipped: SkippedRows,
}

#[derive(Debug)]
enum Fragments {
    None,
    Csv(Box<TableReader<FragmentTable>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<FragmentSource>, Clocks),
}

impl OpenDcReader {
    /// Opens a folder with a file of tasks and one of fragments (their names may start with more than that), or
    /// the file of tasks beside the one of fragments. Without fragments, VMs have no samples.
    ///
    /// # Errors
    /// If the tables cannot be read, or a task is bad and bad rows are not skipped.
    pub fn open(path: &Path, options: &TraceOptions) -> Result<Self, TraceError> {
        let (tasks, fragments) = find(path)?;
        let mut faults = Faults::new(options.skip_bad_rows);
        let tasks = if is_parquet(&tasks) {
            #[cfg(feature = "parquet")]
            {
                read_tasks(&tasks.path, &mut faults)?
            }
            #[cfg(not(feature = "parquet"))]
            return Err(TraceError::NoParquet { path: tasks.path });
        } else {
            csv_tasks(&tasks, &mut faults)?
        };
        let skipped = faults.skipped.clone();
        let origin_ms = tasks.iter().map(|task| task.submission_ms).fold(f64::INFINITY, f64::min);
        let mut clocks = Clocks::default();
        for (number, task) in (0..).zip(&tasks) {
            clocks.numbers.insert(task.id, number);
            clocks.tasks.push((task.submission_ms - origin_ms, task.capacity_mhz));
        }
        let fragments = match fragments {
            None => Fragments::None,
            Some(file) if is_parquet(&file) => {
                #[cfg(feature = "parquet")]
                {
                    Fragments::Parquet(Box::new(FragmentSource::open(&file.path, faults)?), clocks)
                }
                #[cfg(not(feature = "parquet"))]
                return Err(TraceError::NoParquet { path: file.path });
            }
            Some(file) => Fragments::Csv(Box::new(TableReader::new(
                FragmentTable { clocks },
                [((), file)],
                faults,
            ))),
        };
        Ok(OpenDcReader {
            has_memory: tasks.iter().any(|task| task.memory.is_some()),
            tasks: tasks.into_iter(),
            origin_ms,
            memory_unit_bytes: options.memory_unit_bytes,
            fragments,
            skipped,
        })
    }

    fn vm(&self, task: &Task) -> TraceVm {
        let start_s = (task.submission_ms - self.origin_ms) / 1e3;
        TraceVm {
            id: task.id.to_string(),
            start_s,
            end_s: task.duration_ms.map(|duration_ms| start_s + duration_ms / 1e3),
            cores: Some(task.cpu_count),
            core_mhz: Some(task.capacity_mhz / task.cpu_count),
            memory_bytes: task.memory.zip(self.memory_unit_bytes).map(|(memory, unit)| memory * unit),
            length_s: task.duration_ms.map(|duration_ms| duration_ms / 1e3),
            parents: task.parents.iter().map(i64::to_string).collect(),
            ..TraceVm::default()
        }
    }
}

impl TraceReader for OpenDcReader {
    fn demand_unit(&self) -> DemandUnit {
        DemandUnit::Share
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        batch.clear();
        while batch.vms.len() < BATCH_ROWS
            && let Some(task) = self.tasks.next()
        {
            batch.vms.push(self.vm(&task));
        }
        if !batch.is_empty() {
            return Ok(true);
        }
        let more = match &mut self.fragments {
            Fragments::None => false,
            Fragments::Csv(reader) => {
                let more = reader.read_batch(batch)?;
                self.skipped.clone_from(reader.skipped());
                more
            }
            #[cfg(feature = "parquet")]
            Fragments::Parquet(source, clocks) => {
                let more = source.read(clocks, batch)?;
                self.skipped.clone_from(source.skipped());
                more
            }
        };
        Ok(more)
    }

    fn skipped(&self) -> &SkippedRows {
        &self.skipped
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.has_memory && self.memory_unit_bytes.is_none() {
            notes.push(
                "memory is left out: OpenDC traces have it in kB or in MB and do not say in which; \
                 say what a unit of mem_capacity is (--memory-unit)"
                    .into(),
            );
        }
        if matches!(self.fragments, Fragments::None) {
            notes.push("there is no table of fragments: VMs have no samples".into());
        }
        notes
    }
}

fn is_parquet(file: &TraceFile) -> bool {
    file.plain_name().ends_with(".parquet")
}

/// The endings of the two tables' names.
const ENDINGS: [&str; 2] = [".parquet", ".csv"];

/// Whether this is the name of a table of OpenDC.
pub(super) fn is_table(file: &TraceFile, table: &str) -> bool {
    let stem = ENDINGS.iter().find_map(|ending| file.plain_name().strip_suffix(ending));
    stem.is_some_and(|stem| stem.ends_with(table))
}

/// The tables of tasks and of fragments.
fn find(path: &Path) -> Result<(TraceFile, Option<TraceFile>), TraceError> {
    if !path.is_dir() {
        let file = TraceFile::on_disk(path);
        if !is_table(&file, "tasks") {
            return Err(TraceError::table(
                path,
                "expected a file whose name ends in tasks.parquet or tasks.csv, or a folder with one",
            ));
        }
        let fragments = file.name.replace("tasks", "fragments");
        let stem =
            fragments.trim_end_matches(".gz").trim_end_matches(".parquet").trim_end_matches(".csv");
        let candidates =
            [".parquet", ".csv", ".csv.gz"].map(|ending| path.with_file_name(format!("{stem}{ending}")));
        let fragments =
            candidates.iter().find(|path| path.is_file()).map(|path| TraceFile::on_disk(path));
        return Ok((file, fragments));
    }
    let (mut tasks, mut fragments) = (Vec::new(), Vec::new());
    for file in files(path)? {
        if is_table(&file, "tasks") {
            tasks.push(file);
        } else if is_table(&file, "fragments") {
            fragments.push(file);
        }
    }
    let several = |table: &str, files: &[TraceFile]| {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let message =
            format!("has {} tables of {table} ({}), expected one", files.len(), names.join(", "));
        Err(TraceError::table(path, message))
    };
    if tasks.len() != 1 {
        return several("tasks", &tasks);
    }
    if fragments.len() > 1 {
        return several("fragments", &fragments);
    }
    let [task] = <[TraceFile; 1]>::try_from(tasks)
        .map_err(|_| TraceError::table(path, "expected one table of tasks"))?;
    Ok((task, fragments.pop()))
}

const TASKS: Layout = Layout {
    columns: &["id", "submission_time", "cpu_count", "cpu_capacity", "duration", "mem_capacity"],
    required: 4,
    header: Header::Names,
    delimiter: b',',
};

/// Reads all tasks of a CSV file.
fn csv_tasks(file: &TraceFile, faults: &mut Faults) -> Result<Vec<Task>, TraceError> {
    let (mut tasks, mut known) = (Vec::new(), FxHashSet::default());
    read_rows(file, TASKS, faults, |row| {
        let task = Task {
            id: row.integer(0)?,
            submission_ms: row.number(1, ANY)?,
            cpu_count: row.number(2, POSITIVE)?,
            capacity_mhz: row.number(3, POSITIVE)?,
            duration_ms: row.optional_number(4, NOT_NEGATIVE)?,
            memory: row.optional_number(5, NOT_NEGATIVE)?,
            parents: Vec::new(),
        };
        if !known.insert(task.id) {
            return Err(row.error(0, "a task that did not occur before"));
        }
        tasks.push(task);
        Ok(())
    })?;
    Ok(tasks)
}

/// The fragments of a CSV file.
#[derive(Debug)]
struct FragmentTable {
    clocks: Clocks,
}

impl Tables for FragmentTable {
    type Kind = ();

    fn layout(&self, (): ()) -> Layout {
        Layout {
            columns: &["id", "duration", "cpu_usage", "duration_s", "cpu_usage_mhz"],
            required: 1,
            header: Header::Names,
            delimiter: b',',
        }
    }

    fn row(
        &mut self,
        (): (),
        row: &Row<'_>,
        _: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        let id = row.integer(0)?;
        let duration_ms = match row.optional_number(3, NOT_NEGATIVE)? {
            Some(duration_s) => 1e3 * duration_s,
            None => row.number(1, NOT_NEGATIVE)?,
        };
        let usage_mhz = match row.optional_number(4, NOT_NEGATIVE)? {
            Some(usage_mhz) => usage_mhz,
            None => row.number(2, NOT_NEGATIVE)?,
        };
        let sample = self.clocks.fragment(id, duration_ms, usage_mhz);
        into.samples.extend(sample.map_err(|_| row.error(0, "a task of the table of tasks"))?);
        Ok(())
    }
}
