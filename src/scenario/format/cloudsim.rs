//! Virtual machines as CloudSim 3.0.3 runs them.

use crate::scenario::{DataRate, DataSize, Duration, InstructionRate, Power};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum VmProfile {
    /// Those of CloudSim with all its quirks repaired.
    #[default]
    #[serde(rename = "corrected")]
    Corrected,
    /// Those of CloudSim 3.0.3, with its quirks but for those that are repaired.
    #[serde(rename = "cloudsim-3.0.3")]
    CloudSim303,
}

/// A quirk of CloudSim 3.0.3 that can be repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuirkName {
    /// Q1: a virtual machine whose demand is exactly 0 when it is looked at leaves for good.
    IdleIsFinished,
    /// Q2: running virtual machines hold no memory.
    MemoryIsFree,
    /// Q3: a host that has just been chosen as a target may be evacuated in the same step.
    TargetsAreEvacuated,
    /// Q4, first half: added power is counted from the host's utilisation as last measured.
    PowerFromLastMeasurement,
    /// Q4, second half: waking a host is counted as if it idled already.
    WakingIsFree,
    /// Q5: local regression is an unweighted line, robust or not.
    RegressionIsUnweighted,
    /// Q6: nothing is computed in the first interval, nor after the last control step.
    EndsAreCut,
    /// Q8: a host that could not be evacuated is no target for the rest of the step.
    FailedEvacuationBars,
    /// Needs are added in the order of a hash table of names.
    SumsFollowHashTable,
}

/// How hosts of several classes are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostOrder {
    /// One of each class in turn, as long as there are any.
    #[default]
    Alternate,
    /// Class by class.
    ByClass,
}

/// Hosts of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudSimHosts {
    /// A node class: its nodes are the hosts, with its cores and memory.
    pub class: String,
    /// Power at a utilisation of 0, 10, .., 100 %, with straight lines between; that of the class if left out.
    #[serde(default)]
    #[schemars(length(min = 11, max = 11))]
    pub power: Option<Vec<Power>>,
    /// Rate of a host's network interface, half of which a migration takes.
    #[serde(default = "gigabit")]
    pub bandwidth: DataRate,
}

fn gigabit() -> DataRate {
    DataRate::from_bps(1e9)
}

/// A kind of virtual machine, with one core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudSimVmType {
    /// Name.
    pub name: String,
    /// Speed of the core.
    pub mips: InstructionRate,
    /// Memory, which a migration copies.
    pub memory: DataSize,
    /// Bandwidth that its first placement asks for.
    #[serde(default = "tenth_of_gigabit")]
    pub bandwidth: DataRate,
}

fn tenth_of_gigabit() -> DataRate {
    DataRate::from_bps(1e8)
}

/// The types of the power examples of CloudSim, which follow Amazon EC2 of 2012.
fn ec2_types() -> Vec<CloudSimVmType> {
    let of = |name: &str, mips, megabytes| CloudSimVmType {
        name: name.into(),
        mips: InstructionRate::from_mips(mips),
        memory: DataSize::from_bytes(megabytes * 1e6),
        bandwidth: tenth_of_gigabit(),
    };
    vec![
        of("high-CPU medium", 2500.0, 870.0),
        of("extra large", 2000.0, 1740.0),
        of("small", 1000.0, 1740.0),
        of("micro", 500.0, 613.0),
    ]
}

/// Where the demand comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CloudSimTrace {
    /// A folder or archive of PlanetLab traces: a file a virtual machine, a whole percentage a line, a line each
    /// five minutes. Files are taken in the byte order of their names. If left out, a trace is made.
    pub path: Option<String>,
    /// Virtual machines of a trace that is made: each a daily wave with noise, in whole percents.
    #[schemars(range(min = 1))]
    pub vms: u32,
    /// Time between samples.
    pub interval: Duration,
}

impl Default for CloudSimTrace {
    fn default() -> Self {
        CloudSimTrace { path: None, vms: 60, interval: Duration::from_secs(300.0) }
    }
}

/// What hosts draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloudSimPower {
    /// Power follows the load, and hosts without any are off.
    #[default]
    FollowsLoad,
    /// All hosts draw their full power, always (CloudSim's `NPA`); virtual machines cannot be consolidated then.
    AlwaysFull,
}

/// Virtual machines on the hosts of a datacenter, allocated, metered and consolidated as CloudSim does it, quirk by
/// quirk if wanted. The policy `consolidation` says by which overload detection and selection, or that nothing is
/// moved (CloudSim's `DVFS`); all else of it is as in CloudSim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudSimSpec {
    /// Whose rules hold.
    #[serde(default)]
    pub profile: VmProfile,
    /// Name in tables and summary.
    #[serde(default = "name")]
    pub name: String,
    /// The hosts, by class.
    #[schemars(length(min = 1))]
    pub hosts: Vec<CloudSimHosts>,
    /// How hosts of several classes are numbered.
    #[serde(default)]
    pub host_order: HostOrder,
    /// Types of virtual machines: as many blocks of consecutive ones, equally long.
    #[serde(default = "ec2_types")]
    #[schemars(length(min = 1))]
    pub types: Vec<CloudSimVmType>,
    /// Their demand.
    #[serde(default)]
    pub trace: CloudSimTrace,
    /// Time between control steps.
    #[serde(default = "five_minutes")]
    pub period: Duration,
    /// What hosts draw.
    #[serde(default)]
    pub power: CloudSimPower,
    /// Quirks that are repaired.
    #[serde(default)]
    pub repairs: Vec<QuirkName>,
}

fn name() -> String {
    "virtual_machines".into()
}

fn five_minutes() -> Duration {
    Duration::from_secs(300.0)
}
