//! One text file a VM, one line a sample: PlanetLab, and two other collections of that kind.

use super::error::{Faults, SkippedRows, TraceError};
use super::input::{Lines, TraceFile, check_names, files, unpack};
use super::options::TraceOptions;
use super::record::{BATCH_ROWS, Batch, DemandUnit, Sample, TraceReader, TraceVm, VmEnd, single};
use super::table::ANY;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

/// Seconds between two lines.
const STEP_S: f64 = 300.0;
/// Lines of a file of PlanetLab or of the Google data summed by job: 24 hours.
const LINES_OF_A_DAY: u64 = 288;
/// A file with these letters in its name has the requests of the VMs of ExtCloudSim's example.
const VM_EVENTS: &str = "vm_events";

/// What a line of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesKind {
    /// A whole percentage of the VM's CPU, as in the PlanetLab data of Beloglazov and Buyya (Concurrency and
    /// Computation 24(13), 2012): 288 lines.
    PlanetLab,
    /// Percentages of a machine's CPU and memory, as in the Google data summed by job and day: 288 lines.
    CpuMemory,
    /// A fraction of the VM's CPU, as in the example workload of ExtCloudSim, beside which a file `vm_events...`
    /// gives CPU and memory requests in shares of a host, and priorities.
    Fraction,
}

/// Reads one text file a VM, whose line `i` (from 0) is the sample from `300 i` seconds on.
///
/// The VMs are numbered in the **byte order** of the names of their files, which are the VMs' names: results of
/// placement depend on that order, and the order in which a file system lists a folder is that of no one.
#[derive(Debug)]
pub struct SeriesReader {
    kind: SeriesKind,
    files: VecDeque<TraceFile>,
    lines: Option<OpenSeries>,
    any_length: bool,
    requests: FxHashMap<String, Request>,
    /// Names of files without the folder; `None` if two files would have the same.
    short_names: bool,
    next_vm: u32,
    machine_cores: Option<f64>,
    machine_memory_bytes: Option<f64>,
    faults: Faults,
}

struct OpenSeries {
    lines: Lines,
    vm: u32,
    read: u64,
}

impl std::fmt::Debug for OpenSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSeries").field("vm", &self.vm).finish_non_exhaustive()
    }
}

/// A line of `vm_events`.
#[derive(Clone, Copy, Debug)]
struct Request {
    cpu: f64,
    memory: f64,
    priority: f64,
}

impl SeriesReader {
    /// Opens a folder or an archive (`.tar`, `.tar.gz`).
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(kind: SeriesKind, path: &Path, options: &TraceOptions) -> Result<Self, TraceError> {
        Self::of_files(kind, path, files(path)?, options)
    }

    /// Reads an archive (tar, perhaps gzipped) from `source`; `name` stands for it in messages.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn new(
        kind: SeriesKind,
        name: impl AsRef<Path>,
        source: impl Read + Send + 'static,
        options: &TraceOptions,
    ) -> Result<Self, TraceError> {
        let mut files = unpack(name.as_ref(), source)?;
        files.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        Self::of_files(kind, name.as_ref(), files, options)
    }

    fn of_files(
        kind: SeriesKind,
        path: &Path,
        files: Vec<TraceFile>,
        options: &TraceOptions,
    ) -> Result<Self, TraceError> {
        let is_request =
            |file: &TraceFile| kind == SeriesKind::Fraction && file.name.starts_with(VM_EVENTS);
        let (events, series): (Vec<_>, Vec<_>) = files.into_iter().partition(is_request);
        if series.is_empty() {
            return Err(TraceError::table(path, "has no files of VMs in it"));
        }
        let mut names = FxHashSet::default();
        let short_names = series.iter().all(|file| names.insert(file.plain_name()));
        if !short_names {
            check_names(path, series.iter().map(|file| file.name.as_str()))?;
        }
        let mut reader = SeriesReader {
            kind,
            lines: None,
            any_length: options.any_length || kind == SeriesKind::Fraction,
            requests: FxHashMap::default(),
            short_names,
            next_vm: 0,
            machine_cores: options.machine_cores,
            machine_memory_bytes: options.machine_memory_bytes,
            faults: Faults::new(options.skip_bad_rows),
            files: series.into(),
        };
        for file in &events {
            reader.read_requests(file)?;
        }
        Ok(reader)
    }

    fn read_requests(&mut self, file: &TraceFile) -> Result<(), TraceError> {
        let mut lines = file.lines()?;
        while lines.next()?.is_some() {
            if let Some((id, request)) = self.faults.pass(request(&lines))? {
                self.requests.insert(id, request);
            }
        }
        Ok(())
    }

    /// Starts the next file.
    fn start(&mut self, file: &TraceFile, batch: &mut Batch) -> Result<(), TraceError> {
        let id = if self.short_names { file.plain_name() } else { &file.name };
        let request = self.requests.get(id);
        let times = |share: Option<f64>, whole: Option<f64>| Some(share? * whole?);
        batch.vms.push(TraceVm {
            id: id.to_string(),
            cores: match self.kind {
                // Demand is in shares of a machine, so that the VM counts as a whole one.
                SeriesKind::CpuMemory => self.machine_cores,
                _ => times(request.map(|request| request.cpu), self.machine_cores),
            },
            memory_bytes: times(request.map(|request| request.memory), self.machine_memory_bytes),
            priority: request.map(|request| request.priority),
            ..TraceVm::default()
        });
        self.lines = Some(OpenSeries { lines: file.lines()?, vm: self.next_vm, read: 0 });
        self.next_vm += 1;
        Ok(())
    }
}

impl TraceReader for SeriesReader {
    fn demand_unit(&self) -> DemandUnit {
        DemandUnit::Share
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        batch.clear();
        while batch.len() < BATCH_ROWS {
            let Some(open) = &mut self.lines else {
                let Some(file) = self.files.pop_front() else { break };
                self.start(&file, batch)?;
                continue;
            };
            if open.lines.next()?.is_some() {
                let memory_bytes = self.machine_memory_bytes;
                let sample = sample(self.kind, &open.lines, open.vm, open.read, memory_bytes);
                if let Some(sample) = self.faults.pass(sample)? {
                    batch.samples.push(sample);
                }
                // The place of a bad line is passed over: those after it keep their times.
                open.read += 1;
                continue;
            }
            if !self.any_length && open.read != LINES_OF_A_DAY {
                let found = format!("{} lines", open.read);
                let expected = format!(
                    "{LINES_OF_A_DAY}, a day of samples each 300 s; other lengths may be allowed (--any-length)"
                );
                let mut place = open.lines.place(0);
                place.line = place.line.max(1);
                self.faults.pass::<()>(Err(TraceError::Row { place, found, expected }))?;
            }
            batch.ends.push(VmEnd { vm: open.vm, end_s: Some(open.read as f64 * STEP_S) });
            self.lines = None;
        }
        Ok(!batch.is_empty())
    }

    fn skipped(&self) -> &SkippedRows {
        &self.faults.skipped
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.requests.is_empty() && self.machine_cores.is_none() {
            notes.push(
                "cores are left out: the trace has shares of a host; say how many cores that is (machine_cores in a scenario, --machine-cores of import)"
                    .into(),
            );
        }
        let has_memory = self.kind == SeriesKind::CpuMemory || !self.requests.is_empty();
        if has_memory && self.machine_memory_bytes.is_none() {
            notes.push(
                "memory is left out: the trace has shares of a host; say how much that is (machine_memory in a scenario, --machine-memory of import)"
                    .into(),
            );
        }
        notes
    }
}

/// A whole percentage without the cost of a general parser.
fn whole_percentage(bytes: &[u8]) -> Option<u8> {
    let number = bytes.iter().try_fold(0_u8, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    (!bytes.is_empty() && number <= 100).then_some(number)
}

fn number(bytes: &[u8]) -> Option<f64> {
    str::from_utf8(bytes).ok()?.parse().ok().filter(|number| ANY.contains(number))
}

/// The sample of the last line.
fn sample(
    kind: SeriesKind,
    lines: &Lines,
    vm: u32,
    index: u64,
    machine_memory_bytes: Option<f64>,
) -> Result<Sample, TraceError> {
    let t_s = index as f64 * STEP_S;
    let line = lines.line();
    match kind {
        SeriesKind::PlanetLab => match whole_percentage(line) {
            Some(percent) => Ok(Sample::of_cpu(vm, t_s, STEP_S, f32::from(percent) / 100.0)),
            None => Err(lines.error(1, line, "one whole number from 0 to 100, a percentage of the CPU")),
        },
        SeriesKind::Fraction => match number(line).filter(|share| (0.0..=1.0).contains(share)) {
            Some(share) => Ok(Sample::of_cpu(vm, t_s, STEP_S, share as f32)),
            None => Err(lines.error(1, line, "one number from 0 to 1, a share of the VM's CPU")),
        },
        SeriesKind::CpuMemory => {
            let mut cells = line.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty());
            let (Some(cpu), Some(memory), None) = (cells.next(), cells.next(), cells.next()) else {
                return Err(lines.error(0, line, "two numbers, percentages of CPU and memory"));
            };
            let cpu = number(cpu)
                .filter(|percent| (0.0..=100.0).contains(percent))
                .ok_or_else(|| lines.error(1, cpu, "a percentage from 0 to 100"))?;
            // A sum over the tasks of a job, which are on several machines.
            let memory = number(memory)
                .filter(|percent| *percent >= 0.0)
                .ok_or_else(|| lines.error(2, memory, "a percentage of at least 0"))?;
            let memory_bytes = machine_memory_bytes.map(|whole| single(memory / 100.0 * whole));
            Ok(Sample { memory_bytes, ..Sample::of_cpu(vm, t_s, STEP_S, (cpu / 100.0) as f32) })
        }
    }
}

/// The VM and the request in the last line of a file of requests.
fn request(lines: &Lines) -> Result<(String, Request), TraceError> {
    let line = lines.line();
    let cells: Vec<&[u8]> =
        line.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty()).collect();
    let expected = "a VM, its CPU and memory as shares of a host, and its priority";
    let &[id, cpu, memory, priority] = cells.as_slice() else {
        return Err(lines.error(0, line, expected));
    };
    let number = |column, cell| {
        number(cell).filter(|number| *number >= 0.0).ok_or_else(|| lines.error(column, cell, expected))
    };
    let request =
        Request { cpu: number(2, cpu)?, memory: number(3, memory)?, priority: number(4, priority)? };
    Ok((String::from_utf8_lossy(id).into_owned(), request))
}
