//! The common vocabulary of traces: what every format is read into.

use super::error::{SkippedRows, TraceError};

/// How many rows a reader puts into a batch, about.
pub const BATCH_ROWS: usize = 8192;

/// What the CPU demand of a trace is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandUnit {
    /// Shares of what the VM requested: 1 is all its cores.
    Share,
    /// Busy cores.
    Cores,
}

impl DemandUnit {
    /// The name of the column of our CSV that is in this unit.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            DemandUnit::Share => "cpu_share",
            DemandUnit::Cores => "cpu_cores",
        }
    }
}

/// What happens to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineChange {
    /// It joins the cluster.
    Add,
    /// It leaves the cluster.
    Remove,
    /// Its capacity changes.
    Update,
}

impl MachineChange {
    /// All of them.
    pub const ALL: [MachineChange; 3] =
        [MachineChange::Add, MachineChange::Remove, MachineChange::Update];

    /// Its name in our CSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MachineChange::Add => "add",
            MachineChange::Remove => "remove",
            MachineChange::Update => "update",
        }
    }
}

/// A machine of the cluster joins, leaves or changes.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineEvent {
    /// The machine's name.
    pub id: String,
    /// When, in seconds from the start of the trace.
    pub t_s: f64,
    /// What happens.
    pub change: MachineChange,
    /// Its cores.
    pub cores: Option<f64>,
    /// Its memory in bytes.
    pub memory_bytes: Option<f64>,
}

/// A virtual machine, a container or a task that runs for a while with a demand that varies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceVm {
    /// Its name, unique among the VMs of the trace.
    pub id: String,
    /// What it belongs to: a job, deployment or application.
    pub group: Option<String>,
    /// When it arrives, in seconds from the start of the trace.
    pub start_s: f64,
    /// When it ends; `None` if the trace does not say, or it outlives the trace.
    pub end_s: Option<f64>,
    /// Cores that it requests; `None` if the trace does not say.
    pub cores: Option<f64>,
    /// Speed of a core in MHz.
    pub core_mhz: Option<f64>,
    /// Memory that it requests, in bytes.
    pub memory_bytes: Option<f64>,
    /// Category or class, as the trace names it.
    pub class: Option<String>,
    /// Priority; higher is more important.
    pub priority: Option<f64>,
    /// Declared length of life in seconds.
    pub length_s: Option<f64>,
    /// Names of the VMs that must end before it may start.
    pub parents: Vec<String>,
}

/// The end of a VM is known, or that it has not ended after all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VmEnd {
    /// The VM, by its number.
    pub vm: u32,
    /// When, in seconds from the start of the trace; `None` if it has been started again.
    pub end_s: Option<f64>,
}

/// What a VM used in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The VM: 0 for the first [`TraceVm`] that the reader has given, and so on.
    pub vm: u32,
    /// The start of the interval, in seconds from the start of the trace.
    pub t_s: f64,
    /// The length of the interval in seconds, above 0.
    pub duration_s: f64,
    /// Mean CPU demand, in the unit of the reader.
    pub cpu: f32,
    /// Greatest CPU demand, in the unit of the reader.
    pub cpu_max: Option<f32>,
    /// Memory in use, in bytes.
    pub memory_bytes: Option<f32>,
    /// Bytes received a second.
    pub received_bytes_per_s: Option<f32>,
    /// Bytes sent a second.
    pub sent_bytes_per_s: Option<f32>,
}

impl Sample {
    /// A sample of nothing but the mean CPU demand.
    #[must_use]
    pub fn of_cpu(vm: u32, t_s: f64, duration_s: f64, cpu: f32) -> Self {
        Sample {
            vm,
            t_s,
            duration_s,
            cpu,
            cpu_max: None,
            memory_bytes: None,
            received_bytes_per_s: None,
            sent_bytes_per_s: None,
        }
    }
}

/// A batch job, or a task of one: it is submitted, needs resources for a while, and ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceJob {
    /// Its name, unique among the jobs of the trace.
    pub id: String,
    /// Another name, by which those that wait for it know it.
    pub alias: Option<String>,
    /// What it belongs to: a workflow, or the job that it is a task of.
    pub group: Option<String>,
    /// When it is submitted, in seconds from the start of the trace.
    pub submit_s: f64,
    /// How long it waited in the traced system, in seconds.
    pub wait_s: Option<f64>,
    /// How long it ran in the traced system, in seconds.
    pub run_time_s: Option<f64>,
    /// How long it asked to run, in seconds.
    pub requested_time_s: Option<f64>,
    /// Instances that run side by side.
    pub instances: Option<u32>,
    /// Cores, or processors, of an instance.
    pub cores: Option<f64>,
    /// Memory of an instance in bytes.
    pub memory_bytes: Option<f64>,
    /// Queue or type, as the trace names it.
    pub class: Option<String>,
    /// Who submitted it.
    pub user: Option<String>,
    /// What came of it, as the trace names it.
    pub status: Option<String>,
    /// Seconds between the end of the last of `parents` and the start.
    pub think_time_s: Option<f64>,
    /// Names or aliases of the jobs that must end before it may start.
    pub parents: Vec<String>,
}

/// A number in single precision, as samples have it; one beyond its range becomes its greatest.
pub(super) fn single(number: f64) -> f32 {
    number.min(f64::from(f32::MAX)) as f32
}

/// Rows of a trace, in the order of the trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Events of machines.
    pub machines: Vec<MachineEvent>,
    /// VMs that are new; their numbers follow those of the batches before. Samples and ends in the same
    /// batch may be of these.
    pub vms: Vec<TraceVm>,
    /// Ends of VMs. The last one of a VM holds.
    pub ends: Vec<VmEnd>,
    /// Samples. Those of one VM follow each other in time and do not overlap.
    pub samples: Vec<Sample>,
    /// Jobs.
    pub jobs: Vec<TraceJob>,
}

impl Batch {
    /// Removes all rows, but keeps the memory.
    pub fn clear(&mut self) {
        self.machines.clear();
        self.vms.clear();
        self.ends.clear();
        self.samples.clear();
        self.jobs.clear();
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.machines.len() + self.vms.len() + self.ends.len() + self.samples.len() + self.jobs.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a trace of some format, batch by batch.
///
/// Memory is bounded by a batch and what is known of each VM, not by the number of samples; where a format
/// makes an exception, its reader says so.
///
/// ```
/// use stratosim::traces::{Batch, SwfReader, TraceReader};
/// // Job 7: submitted at 10 s, waited 2 s, ran 60 s on 4 processors.
/// let log = "; UnixStartTime: 0\n7 10 2 60 4 -1 -1 4 120 -1 1 3 -1 -1 0 -1 -1 -1\n";
/// let mut reader = SwfReader::new("log.swf", log.as_bytes(), false)?;
/// let mut batch = Batch::default();
/// assert!(reader.read_batch(&mut batch)?);
/// assert_eq!((batch.jobs[0].submit_s, batch.jobs[0].run_time_s), (10.0, Some(60.0)));
/// assert!(!reader.read_batch(&mut batch)?);
/// # Ok::<(), stratosim::traces::TraceError>(())
/// ```
pub trait TraceReader: Send {
    /// What the CPU demand of the samples is counted in.
    fn demand_unit(&self) -> DemandUnit;

    /// Replaces the rows in `batch` by the next ones; `false`, and none, at the end of the trace.
    ///
    /// # Errors
    /// If the trace cannot be read, or a row is bad and bad rows are not skipped. After an error the reader
    /// must not be used further.
    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError>;

    /// The bad rows that were skipped so far.
    fn skipped(&self) -> &SkippedRows;

    /// What a user should know about what was read so far, such as columns that were left out because their
    /// unit is not known.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
