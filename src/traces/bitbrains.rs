//! Bitbrains, Grid Workloads Archive T-12: one file a VM.

use super::error::{Faults, TraceError};
use super::holding::Holding;
use super::input::{TraceFile, check_names, files};
use super::options::TraceOptions;
use super::record::{Batch, Sample, TraceReader, TraceVm, VmEnd, single};
use super::table::{ANY, Header, Layout, NOT_NEGATIVE, PERCENT, POSITIVE, Row, TableReader, Tables};
use std::path::Path;

/// Seconds between rows, about: real ones are a few seconds off.
const INTERVAL_S: f64 = 300.0;
/// Of memory and throughput, which are in kB of 1024 bytes.
const KIB_BYTES: f64 = 1024.0;

const LAYOUT: Layout = Layout {
    columns: &[
        "timestamp",
        "CPU cores",
        "CPU capacity provisioned [MHZ]",
        "CPU usage [MHZ]",
        "CPU usage [%]",
        "memory capacity provisioned [KB]",
        "memory usage [KB]",
        "disk read throughput [KB/s]",
        "disk write throughput [KB/s]",
        "network received throughput [KB/s]",
        "network transmitted throughput [KB/s]",
    ],
    required: 11,
    header: Header::Perhaps,
    delimiter: b';',
};

/// Files of VMs one after the other; the kind of a table is the number of its file.
#[derive(Debug)]
pub(super) struct BitbrainsTables {
    names: Vec<String>,
    /// The first timestamp of all files.
    origin_s: f64,
    holding: Holding,
    /// The VM of the file that is being read, once a row of it was good.
    vm: Option<u32>,
    next_vm: u32,
}

impl BitbrainsTables {
    fn new(names: Vec<String>, origin_s: f64, options: &TraceOptions) -> Self {
        let holding = Holding::new(INTERVAL_S, options.gaps);
        BitbrainsTables { names, origin_s, holding, vm: None, next_vm: 0 }
    }
}

impl Tables for BitbrainsTables {
    type Kind = usize;

    fn layout(&self, _: usize) -> Layout {
        LAYOUT
    }

    fn row(
        &mut self,
        file: usize,
        row: &Row<'_>,
        faults: &mut Faults,
        into: &mut Batch,
    ) -> Result<(), TraceError> {
        let t_s = row.number(0, ANY)? - self.origin_s;
        let (cores, capacity_mhz) = (row.number(1, NOT_NEGATIVE)?, row.number(2, NOT_NEGATIVE)?);
        let memory_bytes = KIB_BYTES * row.number(5, NOT_NEGATIVE)?;
        let kib = |column| -> Result<Option<f32>, TraceError> {
            Ok(Some(single(KIB_BYTES * row.number(column, NOT_NEGATIVE)?)))
        };
        for column in [3, 7, 8] {
            row.number(column, NOT_NEGATIVE)?;
        }
        let vm = self.vm.unwrap_or(self.next_vm);
        let share = (row.number(4, PERCENT)? / 100.0) as f32;
        let sample = Sample {
            memory_bytes: kib(6)?,
            received_bytes_per_s: kib(9)?,
            sent_bytes_per_s: kib(10)?,
            ..Sample::of_cpu(vm, t_s, INTERVAL_S, share)
        };
        let before = self
            .holding
            .push(sample, faults, |misplaced| row.refuse(misplaced.found, misplaced.expected))?;
        into.samples.extend(before);
        if self.vm.is_none() {
            self.vm = Some(vm);
            self.next_vm += 1;
            let known = |value: f64| POSITIVE.contains(&value).then_some(value);
            into.vms.push(TraceVm {
                id: self.names.get(file).cloned().unwrap_or_default(),
                start_s: t_s,
                cores: known(cores),
                core_mhz: known(capacity_mhz / cores),
                memory_bytes: known(memory_bytes),
                ..TraceVm::default()
            });
        }
        Ok(())
    }

    fn file_ends(&mut self, _: usize, _: Option<usize>, into: &mut Batch) {
        if let Some(vm) = self.vm.take()
            && let Some(last) = self.holding.finish_one(vm)
        {
            into.samples.push(last);
            into.ends.push(VmEnd { vm, end_s: Some(last.t_s + last.duration_s) });
        }
    }
}

/// Reads Bitbrains files: a folder, an archive, or one file.
///
/// A row holds until the next one, 300 s later, give or take; CPU is the column in percent. What is requested
/// is that of the first row. The timestamps are seconds since 1970, whatever the header says; the trace starts
/// with the first of all files.
pub(super) fn open(path: &Path, options: &TraceOptions) -> Result<impl TraceReader + use<>, TraceError> {
    let files: Vec<TraceFile> = files(path)?;
    let mut origin_s = f64::INFINITY;
    for file in &files {
        origin_s = origin_s.min(first_timestamp(file)?);
    }
    let name = |file: &TraceFile| file.name.trim_end_matches(".gz").trim_end_matches(".csv").to_string();
    let names: Vec<String> = files.iter().map(name).collect();
    check_names(path, names.iter().map(String::as_str))?;
    let tables = BitbrainsTables::new(names, if origin_s.is_finite() { origin_s } else { 0.0 }, options);
    Ok(TableReader::new(tables, files.into_iter().enumerate(), Faults::new(options.skip_bad_rows)))
}

/// The first timestamp of a file, infinite if there is none: then reading the file will say why.
fn first_timestamp(file: &TraceFile) -> Result<f64, TraceError> {
    let mut lines = file.lines()?;
    for _ in 0..2 {
        let Some(line) = lines.next()? else { break };
        let cell = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let number = str::from_utf8(cell.trim_ascii()).ok().and_then(|text| text.parse::<f64>().ok());
        if let Some(number) = number.filter(|number| number.is_finite()) {
            return Ok(number);
        }
    }
    Ok(f64::INFINITY)
}
