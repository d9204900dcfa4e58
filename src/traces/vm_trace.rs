//! A trace in memory.

use super::columns::{Dependencies, Labels, Names};
use super::detect::{TraceFormat, open};
use super::error::{SkippedRows, TraceError};
use super::loader::Loader;
use super::options::TraceOptions;
use super::record::{Batch, DemandUnit, MachineEvent, TraceReader};
use super::series::Series;
use std::path::Path;

/// The VMs of a trace: a column for each property, a row for each VM, in the order of the trace.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Vms {
    /// Names, each once.
    pub ids: Names,
    /// What each belongs to.
    pub groups: Labels,
    /// When each arrives, in seconds from the start; 0 for those that were there before.
    pub start_s: Vec<f64>,
    /// When each ends, in seconds from the start; `None` if it outlives the trace, or that is not known.
    pub end_s: Vec<Option<f64>>,
    /// Cores that it requests.
    pub cores: Vec<Option<f64>>,
    /// Speed of a core in MHz.
    pub core_mhz: Vec<Option<f64>>,
    /// Memory that it requests, in bytes.
    pub memory_bytes: Vec<Option<f64>>,
    /// Category or class.
    pub classes: Labels,
    /// Priority; higher is more important.
    pub priority: Vec<Option<f64>>,
    /// Declared length of life in seconds.
    pub length_s: Vec<Option<f64>>,
    /// VMs that must end before one may start.
    pub dependencies: Dependencies,
}

impl Vms {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// The jobs of a trace: a column for each property, a row for each job, in the order of the trace.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Jobs {
    /// Names, each once.
    pub ids: Names,
    /// What each belongs to: a workflow, or the job that it is a task of.
    pub groups: Labels,
    /// When each is submitted, in seconds from the start.
    pub submit_s: Vec<f64>,
    /// How long each waited in the traced system, in seconds.
    pub wait_s: Vec<Option<f64>>,
    /// How long each ran in the traced system, in seconds.
    pub run_time_s: Vec<Option<f64>>,
    /// How long each asked to run, in seconds.
    pub requested_time_s: Vec<Option<f64>>,
    /// Instances that run side by side.
    pub instances: Vec<Option<u32>>,
    /// Cores of an instance.
    pub cores: Vec<Option<f64>>,
    /// Memory of an instance in bytes.
    pub memory_bytes: Vec<Option<f64>>,
    /// Queue or type.
    pub classes: Labels,
    /// Who submitted each.
    pub users: Labels,
    /// What came of each.
    pub statuses: Labels,
    /// Seconds between the end of the last parent and the start.
    pub think_time_s: Vec<Option<f64>>,
    /// Jobs that must end before one may start.
    pub dependencies: Dependencies,
}

impl Jobs {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// How many rows of a trace were read, and how many of them were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceReport {
    /// VMs in the trace.
    pub vms_read: u64,
    /// Samples in the trace.
    pub samples_read: u64,
    /// Jobs in the trace.
    pub jobs_read: u64,
    /// Events of machines in the trace.
    pub machine_events_read: u64,
    /// Dependencies on what is not in the trace, or not in the part of it that was taken.
    pub dependencies_left_out: u64,
    /// Bad rows that were skipped.
    pub skipped: SkippedRows,
    /// What a user should know, such as columns that were left out because their unit is not known.
    pub notes: Vec<String>,
}

/// How far the reading of a trace is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadingProgress {
    /// VMs so far.
    pub vms: u64,
    /// Samples so far.
    pub samples: u64,
    /// Jobs so far.
    pub jobs: u64,
}

/// A trace in memory: VMs with what they used over time, jobs with what they wait for, and events of machines.
///
/// ```
/// use std::io::Write;
/// use stratosim::traces::{TraceOptions, VmTrace};
/// // Two VMs for 10 minutes, in the manner of PlanetLab.
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("b"), "0\n100\n")?;
/// std::fs::write(folder.path().join("a"), "20\n45\n")?;
///
/// let options = TraceOptions { any_length: true, ..TraceOptions::default() };
/// let trace = VmTrace::open(folder.path(), None, &options)?;
/// assert_eq!(trace.vms.ids.get(0), Some("a"));
/// assert_eq!(trace.vms.end_s[0], Some(600.0));
/// assert_eq!(trace.series.step_s(), Some(300.0));
/// assert_eq!(trace.series.cpu_of(0), [0.2, 0.45]);
/// assert_eq!(trace.series.cpu_at(1, 300.0), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VmTrace {
    /// What the CPU demand in `series` is counted in.
    pub demand_unit: DemandUnit,
    /// The VMs.
    pub vms: Vms,
    /// What the VMs used over time, by the row in `vms`.
    pub series: Series,
    /// The jobs.
    pub jobs: Jobs,
    /// Machines that join, leave or change, in the order of the trace.
    pub machines: Vec<MachineEvent>,
    /// What was read, and what of it was taken.
    pub report: TraceReport,
}

impl VmTrace {
    /// Reads the trace at `path`, of this format or of the one that it looks like.
    ///
    /// # Errors
    /// If the trace cannot be read, its format cannot be told, or an option is out of its range.
    pub fn open(
        path: impl AsRef<Path>,
        format: Option<TraceFormat>,
        options: &TraceOptions,
    ) -> Result<Self, TraceError> {
        let mut reader = open(path.as_ref(), format, options)?;
        Self::read(&mut *reader, options, |_| true)
    }

    /// Reads a trace to its end, and takes what `options` say. `watch` is told how far it is after each batch,
    /// and ends the reading by giving `false`.
    ///
    /// # Errors
    /// If the trace cannot be read, an option is out of its range, dependencies go round in a circle, or `watch`
    /// has ended the reading.
    pub fn read(
        reader: &mut dyn TraceReader,
        options: &TraceOptions,
        mut watch: impl FnMut(ReadingProgress) -> bool,
    ) -> Result<Self, TraceError> {
        options.check()?;
        let mut loader = Loader::new(options, reader.demand_unit());
        let mut batch = Batch::default();
        while reader.read_batch(&mut batch)? {
            loader.take(&mut batch)?;
            if !watch(loader.progress()) {
                return Err(TraceError::Interrupted);
            }
        }
        let mut trace = loader.finish()?;
        let TraceReport { skipped, notes, .. } = &mut trace.report;
        let cycles = std::mem::replace(skipped, reader.skipped().clone());
        skipped.count += cycles.count;
        skipped.messages.extend(cycles.messages);
        notes.splice(0..0, reader.notes());
        Ok(trace)
    }
}
