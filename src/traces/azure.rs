//! Azure Public Dataset, traces V1 (2017) and V2 (2019): VMs and CPU readings.

use super::error::{Faults, TraceError};
use super::holding::Holding;
use super::input::TraceFile;
use super::options::TraceOptions;
use super::record::{Batch, Sample, TraceVm};
use super::table::{Header, Layout, MOST, NOT_NEGATIVE, PERCENT, POSITIVE, Row, TableReader, Tables};
use rustc_hash::FxHashMap;

/// Seconds between readings of a VM.
const INTERVAL_S: f64 = 300.0;
/// V2 gives the largest sizes as open buckets; these are the sizes that its own notebook takes for them.
const OPEN_BUCKETS: [(&str, f64); 2] = [(">24", 30.0), (">64", 70.0)];
/// Sizes of VMs are sold in GB of 2^30 bytes.
const GIB_BYTES: f64 = 1_073_741_824.0;

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AzureKind {
    /// `vmtable.csv`.
    Vms,
    /// `vm_cpu_readings-file-N-of-M.csv`.
    Readings,
    /// Readings with a header, in any order of columns.
    NamedReadings,
}

/// What is known while the tables are read.
#[derive(Debug)]
pub(super) struct AzureTables {
    numbers: FxHashMap<String, u32>,
    holding: Holding,
    has_open_buckets: bool,
}

impl AzureTables {
    pub(super) fn new(options: &TraceOptions) -> Self {
        AzureTables {
            numbers: FxHashMap::default(),
            holding: Holding::new(INTERVAL_S, options.gaps),
            has_open_buckets: false,
        }
    }

    /// A reader of these files, the table of VMs first, and readings in the order of their numbers.
    pub(super) fn reader(
        files: Vec<TraceFile>,
        options: &TraceOptions,
    ) -> Result<TableReader<Self>, TraceError> {
        let mut tables = Vec::new();
        for file in files {
            if let Some(kind) = AzureKind::of(&file)? {
                tables.push((kind, file));
            }
        }
        tables.sort_by_key(|(kind, file)| (*kind, number_in(file.plain_name())));
        let faults = Faults::new(options.skip_bad_rows);
        Ok(TableReader::new(AzureTables::new(options), tables, faults))
    }

    /// The number of a VM; one that the table of VMs has not appears at its first reading.
    fn vm(&mut self, vm: TraceVm, into: &mut Batch) -> u32 {
        if let Some(&number) = self.numbers.get(&vm.id) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(vm.id.clone(), number);
        into.vms.push(vm);
        number
    }

    fn vm_row(&mut self, row: &Row<'_>, into: &mut Batch) -> Result<(), TraceError> {
        let id = row.text(0)?;
        if self.numbers.contains_key(id) {
            return Err(row.error(0, "a VM that did not occur before"));
        }
        let start_s = row.number(3, NOT_NEGATIVE)?;
        let end_s = row.number(4, start_s..=MOST)?;
        let group = row.optional_text(2)?.map(String::from);
        let (cores, memory_gib) = (self.size(row, 9)?, self.size(row, 10)?);
        let vm = TraceVm {
            id: id.to_string(),
            group,
            start_s,
            end_s: Some(end_s),
            cores: Some(cores),
            memory_bytes: Some(memory_gib * GIB_BYTES),
            class: row.optional_text(8)?.map(String::from),
            ..TraceVm::default()
        };
        for column in [5, 6, 7] {
            row.optional_number(column, PERCENT)?;
        }
        self.vm(vm, into);
        Ok(())
    }

    /// A number of cores or gigabytes, or the open bucket above all numbers.
    fn size(&mut self, row: &Row<'_>, column: usize) -> Result<f64, TraceError> {
        let cell = row.bytes(column);
        if let Some((_, size)) = OPEN_BUCKETS.iter().find(|(bucket, _)| bucket.as_bytes() == cell) {
            self.has_open_buckets = true;
            return Ok(*size);
        }
        row.number(column, POSITIVE)
    }

    fn reading(
        &mut self,
        row: &Row<'_>,
        columns: [usize; 5],
        faults: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        let [time, id, min, max, mean] = columns;
        let t_s = row.number(time, NOT_NEGATIVE)?;
        let id = row.text(id)?;
        row.number(min, PERCENT)?;
        let (max, mean) = (row.number(max, PERCENT)?, row.number(mean, PERCENT)?);
        let known = self.numbers.get(id).copied();
        let vm = known.unwrap_or(self.numbers.len() as u32);
        let sample = Sample {
            cpu_max: Some((max / 100.0) as f32),
            ..Sample::of_cpu(vm, t_s, INTERVAL_S, (mean / 100.0) as f32)
        };
        let before = self.holding.push(sample, faults, |misplaced| {
            row.refuse(format!("{} of VM {id}", misplaced.found), misplaced.expected)
        })?;
        into.samples.extend(before);
        if known.is_none() {
            self.vm(TraceVm { id: id.to_string(), start_s: t_s, ..TraceVm::default() }, into);
        }
        Ok(())
    }
}

impl AzureKind {
    /// What a file is, by its name or else its first line; `None` for tables that are not read.
    pub(super) fn of(file: &TraceFile) -> Result<Option<Self>, TraceError> {
        let name = file.plain_name();
        if name.starts_with("subscriptions") || name.starts_with("deployments") {
            return Ok(None);
        }
        if name.contains("vmtable") {
            return Ok(Some(AzureKind::Vms));
        }
        if name.contains("cpu_readings") {
            return Ok(Some(AzureKind::Readings));
        }
        let line = file.first_line()?;
        let columns = line.split(|&byte| byte == b',').count();
        let is_named = line.split(|&byte| byte == b',').any(|cell| cell.trim_ascii() == b"VMID");
        Ok(Some(match columns {
            _ if is_named => AzureKind::NamedReadings,
            11 => AzureKind::Vms,
            5 => AzureKind::Readings,
            _ => {
                let message = "expected a table of VMs (11 columns) or of CPU readings (5 columns)";
                return Err(TraceError::table(&file.path, message));
            }
        }))
    }
}

/// The N of `file-N-of-M`, so that 10 comes after 9.
fn number_in(name: &str) -> u64 {
    let digits = name.rsplit("file-").next().unwrap_or_default();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(0)
}

impl Tables for AzureTables {
    type Kind = AzureKind;

    fn layout(&self, kind: AzureKind) -> Layout {
        let (columns, required, header): (&[&str], _, _) = match kind {
            AzureKind::Vms => (
                &[
                    "vm id",
                    "subscription id",
                    "deployment id",
                    "VM created",
                    "VM deleted",
                    "max CPU",
                    "avg CPU",
                    "p95 max CPU",
                    "VM category",
                    "core count",
                    "memory",
                ],
                11,
                Header::Perhaps,
            ),
            AzureKind::Readings => {
                (&["timestamp", "vm id", "min CPU", "max CPU", "avg CPU"], 5, Header::Perhaps)
            }
            AzureKind::NamedReadings => {
                (&["TimeStamp", "VMID", "MinCPU", "MaxCPU", "AvgCPU"], 5, Header::Names)
            }
        };
        Layout { columns, required, header, delimiter: b',' }
    }

    fn row(
        &mut self,
        kind: AzureKind,
        row: &Row<'_>,
        faults: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        match kind {
            AzureKind::Vms => self.vm_row(row, into),
            AzureKind::Readings | AzureKind::NamedReadings => {
                self.reading(row, [0, 1, 2, 3, 4], faults, into)
            }
        }
    }

    fn file_ends(&mut self, _: AzureKind, next: Option<AzureKind>, into: &mut Batch) {
        if next.is_none() {
            self.holding.finish(|sample| into.samples.push(sample));
        }
    }

    fn notes(&self) -> Vec<String> {
        if !self.has_open_buckets {
            return Vec::new();
        }
        vec!["VMs of >24 cores were taken to have 30, and of >64 GB to have 70, as in the data set's notebook".into()]
    }
}
