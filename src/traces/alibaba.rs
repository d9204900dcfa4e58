//! Alibaba cluster traces of 2017 and 2018: machines, containers and batch tasks.

use super::error::{Faults, TraceError};
use super::holding::Holding;
use super::input::TraceFile;
use super::options::TraceOptions;
use super::record::{Batch, MachineChange, MachineEvent, Sample, TraceJob, TraceVm, VmEnd, single};
use super::table::{ANY, Header, Layout, NOT_NEGATIVE, PERCENT, Row, Seen, TableReader, Tables};
use rustc_hash::FxHashMap;
use std::ops::RangeInclusive;

/// Seconds that a reading of a container is a mean over (2017), and that the last one holds.
const INTERVAL_S: f64 = 300.0;

/// The year of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Year {
    Y2017,
    Y2018,
}

/// The tables that are read, in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AlibabaKind {
    /// `server_event` (2017), `machine_meta` (2018).
    Machines,
    /// `container_event` (2017), `container_meta` (2018).
    Containers,
    /// `container_usage`.
    Usage,
    /// `batch_task`.
    Tasks,
}

impl AlibabaKind {
    const NAMES: [(&'static str, Option<Year>, AlibabaKind); 6] = [
        ("server_event", Some(Year::Y2017), AlibabaKind::Machines),
        ("machine_meta", Some(Year::Y2018), AlibabaKind::Machines),
        ("container_event", Some(Year::Y2017), AlibabaKind::Containers),
        ("container_meta", Some(Year::Y2018), AlibabaKind::Containers),
        ("container_usage", None, AlibabaKind::Usage),
        ("batch_task", None, AlibabaKind::Tasks),
    ];

    /// What a file is by its name, and the year if that shows.
    pub(super) fn of(file: &TraceFile) -> Option<(Self, Option<Year>)> {
        let name = file.plain_name();
        let found = Self::NAMES.into_iter().find(|(table, _, _)| name.contains(table));
        found.map(|(_, year, kind)| (kind, year))
    }
}

/// What is known while the tables are read.
#[derive(Debug)]
pub(super) struct AlibabaTables {
    year: Year,
    machine_memory_bytes: Option<f64>,
    has_memory: bool,
    containers: FxHashMap<String, u32>,
    /// Memory that each container requests, in bytes.
    requested_bytes: Vec<Option<f64>>,
    /// Cores and memory of each machine.
    machines: FxHashMap<String, (Option<f64>, Option<f64>)>,
    holding: Holding,
    tasks: Seen,
}

impl AlibabaTables {
    /// A reader of these files; tables of which nothing is taken are passed over.
    pub(super) fn reader(
        year: Year,
        files: Vec<TraceFile>,
        options: &TraceOptions,
    ) -> TableReader<Self> {
        let mut tables: Vec<(AlibabaKind, TraceFile)> =
            files.into_iter().filter_map(|file| Some((AlibabaKind::of(&file)?.0, file))).collect();
        // Stable: parts of a table stay in the order of their names.
        tables.sort_by_key(|(kind, _)| *kind);
        let format = AlibabaTables {
            year,
            machine_memory_bytes: options.machine_memory_bytes,
            has_memory: false,
            containers: FxHashMap::default(),
            requested_bytes: Vec::new(),
            machines: FxHashMap::default(),
            holding: Holding::new(INTERVAL_S, options.gaps),
            tasks: Seen::default(),
        };
        TableReader::new(format, tables, Faults::new(options.skip_bad_rows))
    }

    /// Memory in bytes: normalised to 1 in 2017 and to 100 in 2018.
    fn memory_bytes(&mut self, row: &Row<'_>, column: usize) -> Result<Option<f64>, TraceError> {
        let whole = if self.year == Year::Y2017 { 1.0 } else { 100.0 };
        let share = row.optional_number(column, NOT_NEGATIVE)?;
        self.has_memory |= share.is_some();
        Ok(share.zip(self.machine_memory_bytes).map(|(share, bytes)| share / whole * bytes))
    }

    /// A time in seconds; what is before the trace is at 0, or below in some tables.
    fn time_s(row: &Row<'_>, column: usize) -> Result<f64, TraceError> {
        Ok(row.number(column, ANY)?.max(0.0))
    }

    fn machine(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let [id, time, cores, memory] = match self.year {
            Year::Y2017 => [1, 0, 4, 5],
            Year::Y2018 => [0, 1, 4, 5],
        };
        let (id, t_s) = (row.text(id)?, Self::time_s(row, time)?);
        let size = (row.optional_number(cores, NOT_NEGATIVE)?, self.memory_bytes(row, memory)?);
        let before = self.machines.get(id).copied();
        let change = match (self.year, row.bytes(2)) {
            (Year::Y2017, b"softerror" | b"harderror") => MachineChange::Remove,
            (Year::Y2017, b"add") => MachineChange::Add,
            (Year::Y2017, _) => return Err(row.error(2, "add, softerror or harderror")),
            (Year::Y2018, _) if before == Some(size) => return Ok(()),
            (Year::Y2018, _) if before.is_some() => MachineChange::Update,
            (Year::Y2018, _) => MachineChange::Add,
        };
        self.machines.insert(id.to_string(), size);
        into.machines.push(MachineEvent {
            id: id.to_string(),
            t_s,
            change,
            cores: size.0,
            memory_bytes: size.1,
        });
        Ok(())
    }

    /// The number of a container; one without an event appears at its first use.
    fn add(&mut self, vm: TraceVm, into: &mut Batch) -> u32 {
        let number = self.containers.len() as u32;
        self.containers.insert(vm.id.clone(), number);
        self.requested_bytes.push(vm.memory_bytes);
        into.vms.push(vm);
        number
    }

    fn container(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let (id, t_s, cores, memory_bytes, group);
        match self.year {
            Year::Y2017 => {
                (id, t_s) = (row.text(2)?, Self::time_s(row, 0)?);
                cores = row.optional_number(4, NOT_NEGATIVE)?;
                memory_bytes = self.memory_bytes(row, 5)?;
                group = None;
                match (row.bytes(1).to_ascii_lowercase().as_slice(), self.containers.get(id)) {
                    (b"create", None) => {}
                    (b"create", Some(&vm)) => {
                        into.ends.push(VmEnd { vm, end_s: None });
                        return Ok(());
                    }
                    (b"remove", Some(&vm)) => {
                        into.ends.push(VmEnd { vm, end_s: Some(t_s) });
                        return Ok(());
                    }
                    (b"remove", None) => return Err(row.error(2, "a container that was created before")),
                    _ => return Err(row.error(1, "Create or Remove")),
                }
            }
            Year::Y2018 => {
                (id, t_s) = (row.text(0)?, Self::time_s(row, 2)?);
                cores = row.optional_number(5, NOT_NEGATIVE)?.map(|hundredths| hundredths / 100.0);
                memory_bytes = self.memory_bytes(row, 7)?;
                group = row.optional_text(3)?.map(String::from);
                if self.containers.contains_key(id) {
                    // Later rows tell of changes of its status.
                    return Ok(());
                }
            }
        }
        let vm = TraceVm {
            id: id.to_string(),
            group,
            start_s: t_s,
            cores,
            memory_bytes,
            ..TraceVm::default()
        };
        self.add(vm, into);
        Ok(())
    }

    fn usage(&mut self, row: &Row<'_>, faults: &mut Faults, into: &mut Batch) -> Result<(), TraceError> {
        // Of 2018 nothing bounds what a container uses of its request.
        let ([id, time, cpu, memory], range): (_, RangeInclusive<f64>) = match self.year {
            Year::Y2017 => ([1, 0, 2, 3], PERCENT),
            Year::Y2018 => ([0, 2, 3, 4], NOT_NEGATIVE),
        };
        let (id, t_s) = (row.text(id)?, Self::time_s(row, time)?);
        let Some(cpu) = row.optional_number(cpu, range.clone())? else {
            // Some rows have no readings.
            return Ok(());
        };
        let memory = row.optional_number(memory, range)?;
        let known = self.containers.get(id).copied();
        let vm = known.unwrap_or(self.containers.len() as u32);
        let requested = self.requested_bytes.get(vm as usize).copied().flatten();
        let sample = Sample {
            memory_bytes: memory.zip(requested).map(|(percent, bytes)| single(percent / 100.0 * bytes)),
            ..Sample::of_cpu(vm, t_s, INTERVAL_S, single(cpu / 100.0))
        };
        let before = self.holding.push(sample, faults, |misplaced| {
            row.refuse(format!("{} of container {id}", misplaced.found), misplaced.expected)
        })?;
        into.samples.extend(before);
        if known.is_none() {
            self.add(TraceVm { id: id.to_string(), start_s: t_s, ..TraceVm::default() }, into);
        }
        Ok(())
    }

    fn task(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let [job, name, instances, status, start, end, cpu, memory] = match self.year {
            Year::Y2017 => [2, 3, 4, 5, 0, 1, 6, 7],
            Year::Y2018 => [2, 0, 1, 4, 5, 6, 7, 8],
        };
        let (job, task, status) = (row.text(job)?, row.text(name)?, row.optional_text(status)?);
        let id = format!("{job}/{task}");
        if self.tasks.has(&id) {
            return Err(row.error(name, "a task that did not occur before in its job"));
        }
        let start_s = Self::time_s(row, start)?;
        let end_s = row.number(end, ANY)?;
        // Of those that have not ended the time is 0, or that of the last change.
        let has_ended = end_s > 0.0 && matches!(status, Some("Terminated" | "Failed"));
        if has_ended && end_s < start_s {
            return Err(row.error(end, &format!("an end of at least {start_s} s, the start")));
        }
        let (number, parents) = dag(task);
        let known_as = |number: u64| format!("{job}/{number}");
        let class = if self.year == Year::Y2018 { row.optional_text(3)? } else { None };
        let cores = row.optional_number(cpu, NOT_NEGATIVE)?.map(|hundredths| hundredths / 100.0);
        let (instances, memory_bytes) = (row.count(instances)?, self.memory_bytes(row, memory)?);
        self.tasks.add(&id);
        into.jobs.push(TraceJob {
            id,
            alias: number.map(known_as),
            group: Some(job.to_string()),
            submit_s: start_s,
            run_time_s: has_ended.then_some(end_s - start_s),
            instances: Some(instances),
            cores,
            memory_bytes,
            class: class.map(String::from),
            status: status.map(String::from),
            parents: parents.into_iter().map(known_as).collect(),
            ..TraceJob::default()
        });
        Ok(())
    }
}

/// The number of a task and those of its parents, out of its name: `M5_3_4` is 5 and waits for 3 and 4. Names of
/// another form (`task_...`) have neither; parts that are not numbers (`_Stg1`) are passed over.
fn dag(name: &str) -> (Option<u64>, Vec<u64>) {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default();
    let number = first.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    if number.len() == first.len() {
        return (None, Vec::new());
    }
    match number.parse() {
        Ok(number) => (Some(number), parts.filter_map(|part| part.parse().ok()).collect()),
        Err(_) => (None, Vec::new()),
    }
}

impl Tables for AlibabaTables {
    type Kind = AlibabaKind;

    fn layout(&self, kind: AlibabaKind) -> Layout {
        use AlibabaKind::{Containers, Machines, Tasks, Usage};
        let (columns, required): (&[&str], _) = match (self.year, kind) {
            (Year::Y2017, Machines) => {
                (&["timestamp", "machine id", "event type", "event detail", "cpus", "memory", "disk"], 7)
            }
            (Year::Y2018, Machines) => (
                &[
                    "machine_id",
                    "time_stamp",
                    "failure_domain_1",
                    "failure_domain_2",
                    "cpu_num",
                    "mem_size",
                    "status",
                ],
                7,
            ),
            (Year::Y2017, Containers) => (
                &[
                    "timestamp",
                    "event type",
                    "instance id",
                    "machine id",
                    "cpus requested",
                    "memory requested",
                    "disk requested",
                    "cpu set",
                ],
                8,
            ),
            (Year::Y2018, Containers) => (
                &[
                    "container_id",
                    "machine_id",
                    "time_stamp",
                    "app_du",
                    "status",
                    "cpu_request",
                    "cpu_limit",
                    "mem_size",
                ],
                8,
            ),
            (Year::Y2017, Usage) => (
                &[
                    "start of interval",
                    "instance id",
                    "cpu percent",
                    "memory percent",
                    "disk percent",
                    "load1",
                    "load5",
                    "load15",
                    "average cpi",
                    "average mpki",
                    "maximum cpi",
                    "maximum mpki",
                ],
                12,
            ),
            (Year::Y2018, Usage) => (
                &[
                    "container_id",
                    "machine_id",
                    "time_stamp",
                    "cpu_util_percent",
                    "mem_util_percent",
                    "cpi",
                    "mem_gps",
                    "mpki",
                    "net_in",
                    "net_out",
                    "disk_io_percent",
                ],
                11,
            ),
            (Year::Y2017, Tasks) => (
                &[
                    "create time",
                    "end time",
                    "job id",
                    "task id",
                    "instances",
                    "status",
                    "cpus",
                    "memory",
                ],
                8,
            ),
            (Year::Y2018, Tasks) => (
                &[
                    "task_name",
                    "instance_num",
                    "job_name",
                    "task_type",
                    "status",
                    "start_time",
                    "end_time",
                    "plan_cpu",
                    "plan_mem",
                ],
                9,
            ),
        };
        Layout { columns, required, header: Header::Perhaps, delimiter: b',' }
    }

    fn row(
        &mut self,
        kind: AlibabaKind,
        row: &Row<'_>,
        faults: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        match kind {
            AlibabaKind::Machines => self.machine(row, into),
            AlibabaKind::Containers => self.container(row, into),
            AlibabaKind::Usage => self.usage(row, faults, into),
            AlibabaKind::Tasks => self.task(row, into),
        }
    }

    fn file_ends(&mut self, kind: AlibabaKind, next: Option<AlibabaKind>, into: &mut Batch) {
        if kind == AlibabaKind::Usage && next != Some(AlibabaKind::Usage) {
            self.holding.finish(|sample| into.samples.push(sample));
        }
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

#[cfg(test)]
mod tests {
    use super::dag;

    #[test]
    fn names_of_tasks_tell_what_they_wait_for() {
        assert_eq!(dag("M5_3_4"), (Some(5), vec![3, 4]));
        assert_eq!(dag("M1"), (Some(1), vec![]));
        assert_eq!(dag("R12_1_Stg4"), (Some(12), vec![1]));
        for independent in ["task_LTg0MTUw", "MergeTask", "5_3", "", "_"] {
            assert_eq!(dag(independent), (None, vec![]), "{independent}");
        }
    }
}
