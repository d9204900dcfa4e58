//! Google ClusterData 2011, version 2: machines, task events and task usage.

use super::error::{Faults, TraceError};
use super::input::TraceFile;
use super::options::TraceOptions;
use super::record::{Batch, DemandUnit, MachineChange, MachineEvent, Sample, TraceVm, VmEnd, single};
use super::table::{Header, Layout, NOT_NEGATIVE, Row, TableReader, Tables};
use rustc_hash::FxHashMap;

/// The trace starts this long after the zero of its clock; what is at zero was before.
const ORIGIN_US: i64 = 600_000_000;

/// The tables, in the order in which they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GoogleKind {
    MachineEvents,
    TaskEvents,
    TaskUsage,
}

impl GoogleKind {
    const ALL: [(&'static str, GoogleKind); 3] = [
        ("machine_events", GoogleKind::MachineEvents),
        ("task_events", GoogleKind::TaskEvents),
        ("task_usage", GoogleKind::TaskUsage),
    ];

    /// What a file is, by its name or that of its folder.
    pub(super) fn of(file: &TraceFile) -> Option<Self> {
        let path = file.path.to_string_lossy();
        let mut parts = path.rsplit(['/', '\\']);
        // The file, and the folder that it is in.
        let names: Vec<&str> = parts.by_ref().take(2).collect();
        let found =
            Self::ALL.into_iter().find(|(table, _)| names.iter().any(|name| name.starts_with(table)));
        found.map(|(_, kind)| kind)
    }
}

/// What is known of a task.
#[derive(Clone, Copy, Debug)]
struct Task {
    number: u32,
    last_usage_s: f64,
}

/// What is known while the tables are read.
#[derive(Debug)]
pub(super) struct GoogleTables {
    tasks: FxHashMap<(u64, u32), Task>,
    machine_cores: f64,
    machine_memory_bytes: Option<f64>,
    has_memory: bool,
}

/// A time of the trace in seconds from its start; 0 for what was before.
fn seconds(time_us: i64) -> f64 {
    (time_us.saturating_sub(ORIGIN_US)).max(0) as f64 / 1e6
}

impl GoogleTables {
    /// A reader of these files.
    pub(super) fn reader(
        files: Vec<TraceFile>,
        options: &TraceOptions,
    ) -> Result<TableReader<Self>, TraceError> {
        let Some(machine_cores) = options.machine_cores else {
            return Err(TraceError::Options(
                "this trace gives CPU in shares of its largest machine; say how many cores that has \
                 (machine_cores in a scenario, --machine-cores of import, for example 64)"
                    .into(),
            ));
        };
        let mut tables: Vec<(GoogleKind, TraceFile)> =
            files.into_iter().filter_map(|file| Some((GoogleKind::of(&file)?, file))).collect();
        // Stable: parts stay in the order of their names.
        tables.sort_by_key(|(kind, _)| *kind);
        let format = GoogleTables {
            tasks: FxHashMap::default(),
            machine_cores,
            machine_memory_bytes: options.machine_memory_bytes,
            has_memory: false,
        };
        Ok(TableReader::new(format, tables, Faults::new(options.skip_bad_rows)))
    }

    fn cores(&self, row: &Row<'_>, column: usize) -> Result<Option<f64>, TraceError> {
        Ok(row.optional_number(column, NOT_NEGATIVE)?.map(|share| share * self.machine_cores))
    }

    fn memory_bytes(&mut self, row: &Row<'_>, column: usize) -> Result<Option<f64>, TraceError> {
        let share = row.optional_number(column, NOT_NEGATIVE)?;
        self.has_memory |= share.is_some();
        Ok(share.zip(self.machine_memory_bytes).map(|(share, whole)| share * whole))
    }

    fn time(row: &Row<'_>, column: usize) -> Result<i64, TraceError> {
        let time_us = row.integer(column)?;
        if time_us < 0 {
            Err(row.error(column, "a time of at least 0 microseconds"))
        } else {
            Ok(time_us)
        }
    }

    /// A job's id and the task's index in it.
    fn key(row: &Row<'_>) -> Result<(u64, u32), TraceError> {
        let job = u64::try_from(row.integer(2)?).map_err(|_| row.error(2, "the id of a job"))?;
        let index = u32::try_from(row.integer(3)?).map_err(|_| row.error(3, "the index of a task"))?;
        Ok((job, index))
    }

    /// A task that is new.
    fn add(&mut self, key: (u64, u32), vm: TraceVm, into: &mut Batch) -> Task {
        let task = Task { number: self.tasks.len() as u32, last_usage_s: f64::NEG_INFINITY };
        self.tasks.insert(key, task);
        let (job, index) = key;
        into.vms.push(TraceVm { id: format!("{job}_{index}"), group: Some(job.to_string()), ..vm });
        task
    }

    fn machine_event(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let t_s = seconds(Self::time(row, 0)?);
        let change = match row.bytes(2) {
            b"0" => MachineChange::Add,
            b"1" => MachineChange::Remove,
            b"2" => MachineChange::Update,
            _ => return Err(row.error(2, "0 (add), 1 (remove) or 2 (update)")),
        };
        let (cores, memory_bytes) = (self.cores(row, 4)?, self.memory_bytes(row, 5)?);
        into.machines.push(MachineEvent { id: row.text(1)?.into(), t_s, change, cores, memory_bytes });
        Ok(())
    }

    fn task_event(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let (t_s, key) = (seconds(Self::time(row, 0)?), Self::key(row)?);
        let event = match row.integer(5)? {
            event @ 0..=8 => event,
            _ => return Err(row.error(5, "an event from 0 (submit) to 8 (update running)")),
        };
        let class = row.optional_text(7)?.map(String::from);
        let priority = row.optional_number(8, NOT_NEGATIVE)?;
        let (cores, memory_bytes) = (self.cores(row, 9)?, self.memory_bytes(row, 10)?);
        let task = match self.tasks.get(&key) {
            Some(&task) => task,
            None => {
                let vm =
                    TraceVm { start_s: t_s, cores, memory_bytes, class, priority, ..TraceVm::default() };
                self.add(key, vm, into)
            }
        };
        // 2 to 6: evicted, failed, finished, killed, lost. What is submitted or scheduled again goes on.
        let end_s = match event {
            2..=6 => Some(t_s),
            0 | 1 => None,
            _ => return Ok(()),
        };
        into.ends.push(VmEnd { vm: task.number, end_s });
        Ok(())
    }

    fn usage(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let (from_us, until_us) = (Self::time(row, 0)?, Self::time(row, 1)?);
        let job = u64::try_from(row.integer(2)?).map_err(|_| row.error(2, "the id of a job"))?;
        let index = u32::try_from(row.integer(3)?).map_err(|_| row.error(3, "the index of a task"))?;
        let (t_s, end_s) = (seconds(from_us), seconds(until_us));
        if until_us <= from_us {
            return Err(row.error(1, &format!("an end after the start at {from_us} microseconds")));
        }
        let cores = row.number(5, NOT_NEGATIVE)? * self.machine_cores;
        let max = self.cores(row, 13)?;
        let memory = self.memory_bytes(row, 6)?;
        let known = self.tasks.get(&(job, index)).copied();
        if let Some(task) = known
            && t_s < task.last_usage_s
        {
            let expected = format!(
                "a start of at least {} microseconds, the end of the task's usage before",
                task.last_usage_s * 1e6 + ORIGIN_US as f64
            );
            return Err(row.error(0, &expected));
        }
        if end_s <= t_s {
            // Before the start of the trace.
            return Ok(());
        }
        let task = match known {
            Some(task) => task,
            None => self.add((job, index), TraceVm { start_s: t_s, ..TraceVm::default() }, into),
        };
        if let Some(task) = self.tasks.get_mut(&(job, index)) {
            task.last_usage_s = end_s;
        }
        into.samples.push(Sample {
            cpu_max: max.map(single),
            memory_bytes: memory.map(single),
            ..Sample::of_cpu(task.number, t_s, end_s - t_s, single(cores))
        });
        Ok(())
    }
}

impl Tables for GoogleTables {
    type Kind = GoogleKind;

    fn layout(&self, kind: GoogleKind) -> Layout {
        let (columns, required): (&[&str], _) = match kind {
            GoogleKind::MachineEvents => {
                (&["time", "machine ID", "event type", "platform ID", "CPUs", "memory"], 6)
            }
            GoogleKind::TaskEvents => (
                &[
                    "time",
                    "missing info",
                    "job ID",
                    "task index",
                    "machine ID",
                    "event type",
                    "user",
                    "scheduling class",
                    "priority",
                    "CPU request",
                    "memory request",
                    "disk space request",
                    "different machines restriction",
                ],
                13,
            ),
            GoogleKind::TaskUsage => (
                &[
                    "start time",
                    "end time",
                    "job ID",
                    "task index",
                    "machine ID",
                    "CPU rate",
                    "canonical memory usage",
                    "assigned memory usage",
                    "unmapped page cache",
                    "total page cache",
                    "maximum memory usage",
                    "disk I/O time",
                    "local disk space usage",
                    "maximum CPU rate",
                    "maximum disk I/O time",
                    "cycles per instruction",
                    "memory accesses per instruction",
                    "sample portion",
                    "aggregation type",
                    "sampled CPU usage",
                ],
                // The last one came with version 2.1.
                19,
            ),
        };
        Layout { columns, required, header: Header::Perhaps, delimiter: b',' }
    }

    fn demand_unit(&self) -> DemandUnit {
        DemandUnit::Cores
    }

    fn row(
        &mut self,
        kind: GoogleKind,
        row: &Row<'_>,
        _: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        match kind {
            GoogleKind::MachineEvents => self.machine_event(row, into),
            GoogleKind::TaskEvents => self.task_event(row, into),
            GoogleKind::TaskUsage => self.usage(row, into),
        }
    }

    fn notes(&self) -> Vec<String> {
        if !self.has_memory || self.machine_memory_bytes.is_some() {
            return Vec::new();
        }
        vec![
            "memory is left out: the trace has shares of its largest machine; say how much that has \
             (machine_memory in a scenario, --machine-memory of import)"
                .into(),
        ]
    }
}
