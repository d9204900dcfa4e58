//! Virtual machines.

use super::root::{OverloadKind, SelectionKind, VmAllocationKind};
use super::{Draw, Names, SchedulingSpec, SlaSpec, TraceSpec};
use crate::energy::JobClass;
use crate::scenario::{DataRate, DataSize, Duration, InstructionRate, Instructions, Power, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How hosts give their cores to virtual machines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HostSharingSpec {
    /// A virtual machine holds as many cores as it has virtual ones, alone.
    SpaceShared,
    /// All run at once; if they want more than there is, each gets the same share of what it wants.
    TimeShared {
        /// Sizes of a host's virtual machines together over its capacity, at most; no limit if left out.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        oversubscription: Option<f64>,
    },
}

/// How hosts fall asleep and wake up. What they draw asleep is said by the power of their class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SleepSpecification {
    /// Time to fall asleep.
    pub fall_asleep: Duration,
    /// Power while falling asleep; as idle if left out.
    pub fall_asleep_power: Option<Power>,
    /// Time to wake up.
    pub wake: Duration,
    /// Power while waking up; as idle if left out.
    pub wake_power: Option<Power>,
}

impl Default for SleepSpecification {
    fn default() -> Self {
        SleepSpecification {
            fall_asleep: Duration::from_secs(0.0),
            fall_asleep_power: None,
            wake: Duration::from_secs(0.0),
            wake_power: None,
        }
    }
}

/// What nodes are as hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostsSpec {
    /// The nodes: classes or single nodes.
    pub nodes: Names,
    /// Name of their site, between which copying may cost more; the nodes' first name if left out.
    #[serde(default)]
    pub site: Option<String>,
    /// How they give their cores to virtual machines.
    #[serde(default = "time_shared")]
    pub sharing: HostSharingSpec,
    /// How they sleep.
    #[serde(default)]
    pub sleep: SleepSpecification,
}

fn time_shared() -> HostSharingSpec {
    HostSharingSpec::TimeShared { oversubscription: None }
}

/// Hosts: the name of a class or node whose hosts are as by default, or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HostsEntry {
    /// A name.
    Name(String),
    /// Nodes with what they are as hosts.
    Hosts(HostsSpec),
}

/// When virtual machines are requested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum VmArrivalSpec {
    /// All at one time.
    AtOnce {
        /// The time.
        #[serde(default)]
        at: Duration,
    },
    /// A Poisson process from the start on.
    Poisson {
        /// Mean time between requests.
        mean_interval: Duration,
    },
    /// Independent times between requests, from the start on.
    Intervals {
        /// The time between requests.
        interval: Draw<Duration>,
    },
}

/// What virtual machines want over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum VmDemandSpec {
    /// Always the same.
    Constant {
        /// Share of the size.
        utilisation: Ratio,
    },
    /// A daily sine with a random phase and normal noise, cut to 0 to 1.
    Synthetic {
        /// Mean share of the size.
        mean: Ratio,
        /// How far the sine goes above and below the mean.
        #[serde(default = "fifth")]
        amplitude: Ratio,
        /// Standard deviation of the noise.
        #[serde(default = "tenth")]
        noise: Ratio,
        /// Correlation of the noise of a step with that of the next one: 0 if it forgets at once, 1 if it stays.
        #[serde(default)]
        correlation: Ratio,
        /// Length of a day.
        #[serde(default = "day")]
        day: Duration,
    },
    /// What jobs ask for: batch jobs of this workload, or the tasks that these virtual machines serve.
    Jobs,
    /// What the virtual machines of the workload's trace want, each of which is of one type with this demand: `count`
    /// of as many consecutive ones as these types count together. The trace also says when they come and end, and
    /// how large they are, as far as it knows.
    Trace,
}

fn fifth() -> Ratio {
    Ratio::from_fraction(0.2)
}

fn tenth() -> Ratio {
    Ratio::from_fraction(0.1)
}

fn day() -> Duration {
    Duration::from_secs(86_400.0)
}

/// A kind of virtual machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VmTypeSpec {
    /// Name in tables.
    pub name: String,
    /// How many are requested; with arrivals over time, at most this many.
    pub count: u32,
    /// Virtual cores.
    #[schemars(range(min = 1))]
    pub vcpus: u32,
    /// Speed of each.
    pub mips_per_vcpu: InstructionRate,
    /// Memory.
    pub memory: DataSize,
    /// Storage.
    pub storage: DataSize,
    /// Accelerators by kind.
    pub accelerators: BTreeMap<String, u32>,
    /// When they are requested.
    pub arrival: VmArrivalSpec,
    /// How long they stay from when they first run; to the end of the run if left out.
    pub lifetime: Option<Draw<Duration>>,
    /// What they want.
    pub demand: VmDemandSpec,
    /// What the speed of all that runs in them depends on where the frequency of hosts changes.
    #[serde(rename = "class")]
    pub job_class: JobClass,
    /// How their jobs share their virtual cores.
    pub scheduling: SchedulingSpec,
    /// The node whose tasks they serve; their demand must be that of jobs.
    pub serves: Option<String>,
    /// What is agreed on them; nothing if left out.
    pub sla: Option<SlaSpec>,
}

impl Default for VmTypeSpec {
    fn default() -> Self {
        VmTypeSpec {
            name: "vm".into(),
            count: 1,
            vcpus: 1,
            mips_per_vcpu: InstructionRate::from_mips(1000.0),
            memory: DataSize::from_bytes(f64::from(1 << 30)),
            storage: DataSize::from_bytes(0.0),
            accelerators: BTreeMap::new(),
            arrival: VmArrivalSpec::AtOnce { at: Duration::from_secs(0.0) },
            lifetime: None,
            demand: VmDemandSpec::Synthetic {
                mean: Ratio::from_fraction(0.3),
                amplitude: fifth(),
                noise: tenth(),
                correlation: Ratio::from_fraction(0.0),
                day: day(),
            },
            job_class: JobClass::Compute,
            scheduling: SchedulingSpec::TimeShared { job_limit: None },
            serves: None,
            sla: None,
        }
    }
}

/// What of the memory of a virtual machine is copied when it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopiedMemorySpec {
    /// All of it.
    #[default]
    Whole,
    /// What is in use, where a trace says that.
    InUse,
}

/// How virtual machines move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MigrationKindSpec {
    /// Paused, copied, and on.
    StopAndCopy {
        /// What of the memory is copied.
        #[serde(default)]
        memory: CopiedMemorySpec,
    },
    /// Copied while they run, in rounds of what was written meanwhile, then paused for the rest.
    PreCopy {
        /// Rate at which memory is written.
        #[serde(default = "dirty_rate")]
        dirty_rate: DataRate,
        /// Longest pause that is aimed at.
        #[serde(default = "downtime_limit")]
        downtime_limit: Duration,
        /// Rounds after which they are paused in any case.
        #[serde(default = "round_limit")]
        #[schemars(range(min = 1))]
        round_limit: u32,
        /// Share of their speed that they lose while they are copied.
        #[serde(default = "tenth")]
        degradation: Ratio,
        /// What of the memory is copied.
        #[serde(default)]
        memory: CopiedMemorySpec,
    },
}

fn dirty_rate() -> DataRate {
    DataRate::from_bps(80e6)
}

fn downtime_limit() -> Duration {
    Duration::from_secs(0.3)
}

fn round_limit() -> u32 {
    30
}

/// What copying costs between two sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostFactorSpec {
    /// Site that is left.
    pub from: String,
    /// Site that is gone to.
    pub to: String,
    /// Cost of a byte relative to one within a site.
    #[schemars(range(min = 0.0))]
    pub factor: f64,
}

/// A time in which hosts are to be empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrainSpec {
    /// The hosts.
    pub hosts: Names,
    /// When their virtual machines are moved away.
    pub at: Duration,
    /// When they take virtual machines again.
    pub until: Duration,
}

/// Batch jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobGroupSpec {
    /// How many times the group is submitted.
    pub count: u32,
    /// When: at once, or over time.
    pub arrival: VmArrivalSpec,
    /// Jobs of the group one after the other: each starts when all of the stage before are done.
    #[schemars(range(min = 1))]
    pub stages: u32,
    /// Jobs of each stage.
    #[schemars(range(min = 1))]
    pub width: u32,
    /// Work of a job.
    pub length: Draw<Instructions>,
    /// Virtual cores that a job asks for.
    #[schemars(range(min = 1))]
    pub cores: u32,
    /// Memory of its virtual machine that a job asks for.
    pub memory: DataSize,
}

impl Default for JobGroupSpec {
    fn default() -> Self {
        JobGroupSpec {
            count: 1,
            arrival: VmArrivalSpec::AtOnce { at: Duration::from_secs(0.0) },
            stages: 1,
            width: 1,
            length: Draw::Constant(Instructions::from_mi(60_000.0)),
            cores: 1,
            memory: DataSize::from_bytes(0.0),
        }
    }
}

/// Virtual machines on hosts that share them, and batch jobs in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VirtualMachinesSpec {
    /// Name in tables and summary.
    #[serde(default = "virtual_machines")]
    pub name: String,
    /// The hosts.
    #[schemars(length(min = 1))]
    pub hosts: Vec<HostsEntry>,
    /// The virtual machines, by type.
    #[serde(default = "one_type")]
    #[schemars(length(min = 1))]
    pub types: Vec<VmTypeSpec>,
    /// Time between control steps, at which virtual machines are consolidated.
    #[serde(default = "five_minutes")]
    pub period: Duration,
    /// Time from when its host is on until a virtual machine runs there.
    #[serde(default)]
    pub boot: Duration,
    /// How virtual machines move.
    #[serde(default = "pre_copy")]
    pub migration: MigrationKindSpec,
    /// What copying costs between sites; 1 where nothing is given.
    #[serde(default)]
    pub cost_factors: Vec<CostFactorSpec>,
    /// Hosts to be emptied.
    #[serde(default)]
    pub drains: Vec<DrainSpec>,
    /// Batch jobs, for virtual machines whose demand is that of jobs.
    #[serde(default)]
    pub jobs: Vec<JobGroupSpec>,
    /// Currency of prices and penalties; that of the price of energy at the hosts' sites if left out.
    #[serde(default)]
    pub currency: Option<String>,
    /// Price of a gigabyte that a migration sends, times the cost factor of the sites.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub transfer_price_per_gb: f64,
    /// A trace, whose virtual machines are of the types with the demand `trace`, and whose jobs run in those with the
    /// demand `jobs`.
    #[serde(default)]
    pub trace: Option<TraceSpec>,
}

fn virtual_machines() -> String {
    "virtual_machines".into()
}

fn one_type() -> Vec<VmTypeSpec> {
    vec![VmTypeSpec::default()]
}

fn five_minutes() -> Duration {
    Duration::from_secs(300.0)
}

fn pre_copy() -> MigrationKindSpec {
    MigrationKindSpec::PreCopy {
        dirty_rate: dirty_rate(),
        downtime_limit: downtime_limit(),
        round_limit: round_limit(),
        degradation: tenth(),
        memory: CopiedMemorySpec::Whole,
    }
}

/// Relieves overloaded hosts, empties underloaded ones, and puts empty ones to sleep (Beloglazov and Buyya, 2012).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComposedSpec {
    /// Which hosts are overloaded.
    pub overload: OverloadKind,
    /// Which virtual machines leave them.
    pub selection: SelectionKind,
    /// Where virtual machines go: a VM allocation policy.
    pub placement: VmAllocationKind,
    /// Whether underloaded hosts are emptied.
    pub empties: bool,
    /// After how many hosts in a row that cannot be emptied no further ones are tried in a step.
    #[schemars(range(min = 1))]
    pub give_up_after: u32,
    /// Whether empty hosts are put to sleep.
    pub sleeps: bool,
}

impl Default for ComposedSpec {
    fn default() -> Self {
        ComposedSpec {
            overload: OverloadKind::of_kind("threshold"),
            selection: SelectionKind::of_kind("minimum_migration_time"),
            placement: VmAllocationKind::of_kind("power_aware_best_fit"),
            empties: true,
            give_up_after: 32,
            sleeps: true,
        }
    }
}
