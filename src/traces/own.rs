//! Our own tables of comma-separated values.

use super::error::{Faults, SkippedRows, TraceError};
use super::input::{TraceFile, files};
use super::options::TraceOptions;
use super::record::{
    Batch, DemandUnit, MachineChange, MachineEvent, Sample, TraceJob, TraceReader, TraceVm,
};
use super::table::{
    ANY, Header, Layout, NOT_NEGATIVE, POSITIVE, Row, Seen, TableReader, Tables, read_rows,
};
use crate::names::did_you_mean;
use rustc_hash::FxHashMap;
use std::path::Path;

/// The tables, in the order in which they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnKind {
    Dependencies,
    Machines,
    Vms,
    Samples,
    Jobs,
}

impl OwnKind {
    pub(super) const ALL: [OwnKind; 5] =
        [OwnKind::Dependencies, OwnKind::Machines, OwnKind::Vms, OwnKind::Samples, OwnKind::Jobs];

    /// The name of its file.
    pub(super) fn file(self) -> &'static str {
        match self {
            OwnKind::Dependencies => "dependencies.csv",
            OwnKind::Machines => "machines.csv",
            OwnKind::Vms => "vms.csv",
            OwnKind::Samples => "samples.csv",
            OwnKind::Jobs => "jobs.csv",
        }
    }

    /// Its columns, and how many must be there.
    pub(super) fn columns(self) -> (&'static [&'static str], usize) {
        match self {
            OwnKind::Dependencies => (&["parent", "child", "table"], 3),
            OwnKind::Machines => (&["machine", "t_s", "change", "cores", "memory_bytes"], 3),
            OwnKind::Vms => (
                &[
                    "vm",
                    "start_s",
                    "end_s",
                    "cores",
                    "core_mhz",
                    "memory_bytes",
                    "class",
                    "priority",
                    "group",
                    "length_s",
                ],
                2,
            ),
            OwnKind::Samples => (
                &[
                    "vm",
                    "t_s",
                    "duration_s",
                    "cpu_share",
                    "cpu_cores",
                    "cpu_max",
                    "memory_bytes",
                    "received_bytes_per_s",
                    "sent_bytes_per_s",
                ],
                3,
            ),
            OwnKind::Jobs => (
                &[
                    "job",
                    "submit_s",
                    "wait_s",
                    "run_time_s",
                    "requested_time_s",
                    "instances",
                    "cores",
                    "memory_bytes",
                    "class",
                    "user",
                    "status",
                    "group",
                    "think_time_s",
                ],
                2,
            ),
        }
    }

    fn layout(self) -> Layout {
        let (columns, required) = self.columns();
        Layout { columns, required, header: Header::KnownNames, delimiter: b',' }
    }
}

/// Reads our own tables out of a folder or an archive: `vms.csv`, `samples.csv`, `jobs.csv`, `machines.csv` and
/// `dependencies.csv`, each of which may be missing or end in `.gz`. `docs/traces.md` describes them. The
/// table of dependencies is kept in memory.
#[derive(Debug)]
pub struct OwnReader {
    tables: TableReader<OwnTables>,
}

impl OwnReader {
    /// Opens a folder or an archive.
    ///
    /// # Errors
    /// If it cannot be read, or has none of the tables.
    pub fn open(path: &Path, options: &TraceOptions) -> Result<Self, TraceError> {
        let mut tables = Vec::new();
        for file in files(path)? {
            let name = file.plain_name();
            match OwnKind::ALL.into_iter().find(|kind| kind.file() == name) {
                Some(kind) => tables.push((kind, file)),
                // Others may lie beside them, but not mistyped ones.
                None => {
                    let near = did_you_mean(name, OwnKind::ALL.map(OwnKind::file));
                    if let Some(near) = near.filter(|_| name.ends_with(".csv")) {
                        let message = format!("is no table of a trace; did you mean {near:?}?");
                        return Err(TraceError::table(&file.path, message));
                    }
                }
            }
        }
        let has = |wanted| tables.iter().any(|(kind, _)| *kind == wanted);
        if !has(OwnKind::Vms) && !has(OwnKind::Jobs) {
            return Err(TraceError::table(path, "has neither vms.csv nor jobs.csv"));
        }
        tables.sort_by_key(|(kind, _)| *kind);
        let mut faults = Faults::new(options.skip_bad_rows);
        let mut format = OwnTables::default();
        if let Some((OwnKind::Dependencies, file)) = tables.first() {
            format.read_dependencies(file, &mut faults)?;
            tables.remove(0);
        }
        for (kind, file) in &tables {
            if *kind == OwnKind::Samples {
                format.read_unit(file)?;
            }
        }
        Ok(OwnReader { tables: TableReader::new(format, tables, faults) })
    }
}

impl TraceReader for OwnReader {
    fn demand_unit(&self) -> DemandUnit {
        self.tables.demand_unit()
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        self.tables.read_batch(batch)
    }

    fn skipped(&self) -> &SkippedRows {
        self.tables.skipped()
    }
}

/// What is known while the tables are read.
#[derive(Debug, Default)]
struct OwnTables {
    in_cores: bool,
    vms: FxHashMap<String, u32>,
    /// The VM of the row before, since rows of one VM follow each other.
    last_vm: Option<(String, u32)>,
    /// For each VM the end of its last sample.
    ends_s: Vec<f64>,
    jobs: Seen,
    parents_of_vms: FxHashMap<String, Vec<String>>,
    parents_of_jobs: FxHashMap<String, Vec<String>>,
}

impl OwnTables {
    fn read_dependencies(&mut self, file: &TraceFile, faults: &mut Faults) -> Result<(), TraceError> {
        read_rows(file, OwnKind::Dependencies.layout(), faults, |row| {
            let (parent, child) = (row.exact_text(0)?, row.exact_text(1)?);
            let table = match row.bytes(2) {
                b"vms" => &mut self.parents_of_vms,
                b"jobs" => &mut self.parents_of_jobs,
                _ => return Err(row.error(2, "vms or jobs")),
            };
            table.entry(child.to_string()).or_default().push(parent.to_string());
            Ok(())
        })
    }

    /// Which of the two columns of demand there is.
    fn read_unit(&mut self, file: &TraceFile) -> Result<(), TraceError> {
        let line = file.first_line()?;
        let line = String::from_utf8_lossy(&line);
        let has = |unit: DemandUnit| {
            line.split(',').any(|name| name.trim_matches([' ', '"']) == unit.column())
        };
        self.in_cores = has(DemandUnit::Cores);
        if self.in_cores == has(DemandUnit::Share) {
            let message = "expected a header with either cpu_share or cpu_cores";
            return Err(TraceError::table(&file.path, message));
        }
        Ok(())
    }

    fn vm_row(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let id = row.exact_text(0)?;
        if self.vms.contains_key(id) {
            return Err(row.error(0, "a VM that did not occur before"));
        }
        let start_s = row.number(1, NOT_NEGATIVE)?;
        let vm = TraceVm {
            id: id.to_string(),
            start_s,
            end_s: row.optional_number(2, NOT_NEGATIVE)?,
            cores: row.optional_number(3, NOT_NEGATIVE)?,
            core_mhz: row.optional_number(4, NOT_NEGATIVE)?,
            memory_bytes: row.optional_number(5, NOT_NEGATIVE)?,
            class: row.label(6)?,
            priority: row.optional_number(7, ANY)?,
            group: row.label(8)?,
            length_s: row.optional_number(9, NOT_NEGATIVE)?,
            parents: self.parents_of_vms.remove(id).unwrap_or_default(),
        };
        if let Some(end_s) = vm.end_s
            && end_s < start_s
        {
            return Err(row.error(2, &format!("an end of at least {start_s} s, the start")));
        }
        self.vms.insert(id.to_string(), self.vms.len() as u32);
        self.ends_s.push(f64::NEG_INFINITY);
        into.vms.push(vm);
        Ok(())
    }

    fn sample(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let id = row.exact_text(0)?;
        let vm = match &self.last_vm {
            Some((last, vm)) if last == id => *vm,
            _ => {
                let vm = *self.vms.get(id).ok_or_else(|| row.error(0, "a VM of vms.csv"))?;
                self.last_vm = Some((id.to_string(), vm));
                vm
            }
        };
        let (t_s, duration_s) = (row.number(1, NOT_NEGATIVE)?, row.number(2, POSITIVE)?);
        let column = if self.in_cores { 4 } else { 3 };
        let cpu =
            row.optional_single(column)?.ok_or_else(|| row.error(column, "a number of at least 0"))?;
        let sample = Sample {
            cpu_max: row.optional_single(5)?,
            memory_bytes: row.optional_single(6)?,
            received_bytes_per_s: row.optional_single(7)?,
            sent_bytes_per_s: row.optional_single(8)?,
            ..Sample::of_cpu(vm, t_s, duration_s, cpu)
        };
        if let Some(end_s) = self.ends_s.get_mut(vm as usize) {
            if t_s < *end_s - super::series::CONTIGUOUS_S {
                return Err(
                    row.error(1, &format!("at least {end_s} s, the end of the VM's sample before"))
                );
            }
            *end_s = t_s + duration_s;
        }
        into.samples.push(sample);
        Ok(())
    }

    fn job(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let id = row.exact_text(0)?;
        if self.jobs.has(id) {
            return Err(row.error(0, "a job that did not occur before"));
        }
        let time_s = |column| row.optional_number(column, NOT_NEGATIVE);
        let instances = if row.bytes(5).is_empty() { None } else { Some(row.count(5)?) };
        let job = TraceJob {
            id: id.to_string(),
            alias: None,
            submit_s: row.number(1, NOT_NEGATIVE)?,
            wait_s: time_s(2)?,
            run_time_s: time_s(3)?,
            requested_time_s: time_s(4)?,
            instances,
            cores: row.optional_number(6, NOT_NEGATIVE)?,
            memory_bytes: row.optional_number(7, NOT_NEGATIVE)?,
            class: row.label(8)?,
            user: row.label(9)?,
            status: row.label(10)?,
            group: row.label(11)?,
            think_time_s: time_s(12)?,
            parents: self.parents_of_jobs.remove(id).unwrap_or_default(),
        };
        self.jobs.add(id);
        into.jobs.push(job);
        Ok(())
    }

    fn machine(row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let name = row.bytes(2);
        let change = MachineChange::ALL.into_iter().find(|change| change.name().as_bytes() == name);
        into.machines.push(MachineEvent {
            id: row.exact_text(0)?.to_string(),
            t_s: row.number(1, NOT_NEGATIVE)?,
            change: change.ok_or_else(|| row.error(2, "add, remove or update"))?,
            cores: row.optional_number(3, NOT_NEGATIVE)?,
            memory_bytes: row.optional_number(4, NOT_NEGATIVE)?,
        });
        Ok(())
    }
}

impl Tables for OwnTables {
    type Kind = OwnKind;

    fn layout(&self, kind: OwnKind) -> Layout {
        kind.layout()
    }

    fn demand_unit(&self) -> DemandUnit {
        if self.in_cores { DemandUnit::Cores } else { DemandUnit::Share }
    }

    fn row(
        &mut self,
        kind: OwnKind,
        row: &Row<'_>,
        _: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        match kind {
            // Read before all others.
            OwnKind::Dependencies => Ok(()),
            OwnKind::Machines => Self::machine(row, into),
            OwnKind::Vms => self.vm_row(row, into),
            OwnKind::Samples => self.sample(row, into),
            OwnKind::Jobs => self.job(row, into),
        }
    }
}
