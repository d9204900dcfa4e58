//! Accelerators of nodes, and what tasks ask of them.

use super::Draw;
use crate::scenario::{
    DataRate, DataSize, Duration, FloatingPointRate, FloatingPointWork, Instructions, Power, Ratio,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Accelerators of a class: counted ones by kind, which tasks hold while they run on the cores, or a list of devices
/// whose time is modelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AcceleratorsSpec {
    /// How many there are, by kind.
    Counted(BTreeMap<String, u32>),
    /// Groups of equal devices.
    Timed(Vec<AcceleratorSpecification>),
}

impl Default for AcceleratorsSpec {
    fn default() -> Self {
        AcceleratorsSpec::Counted(BTreeMap::new())
    }
}

impl AcceleratorsSpec {
    /// How many counted ones of a kind there are.
    #[must_use]
    pub fn counted(&self, kind: &str) -> u32 {
        match self {
            AcceleratorsSpec::Counted(counted) => counted.get(kind).copied().unwrap_or(0),
            AcceleratorsSpec::Timed(_) => 0,
        }
    }
}

/// A known type of accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceleratorPresetName {
    /// NVIDIA T4: 8100 GFLOPS, 16 GB, 320 GB/s.
    T4,
    /// NVIDIA A100 with 40 GB: 19 500 GFLOPS, 1555 GB/s.
    A100,
}

impl AcceleratorPresetName {
    /// The name of the preset, and of its type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AcceleratorPresetName::T4 => "t4",
            AcceleratorPresetName::A100 => "a100",
        }
    }
}

/// A class of accelerators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceleratorClassName {
    /// Graphics processors.
    #[default]
    Gpu,
    /// Tensor processors.
    Tpu,
    /// Programmable gate arrays.
    Fpga,
    /// Neural processors.
    Npu,
}

impl AcceleratorClassName {
    /// The name by which tasks ask for the class.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AcceleratorClassName::Gpu => "gpu",
            AcceleratorClassName::Tpu => "tpu",
            AcceleratorClassName::Fpga => "fpga",
            AcceleratorClassName::Npu => "npu",
        }
    }
}

/// How devices are shared out among tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AcceleratorSharingSpec {
    /// A task has a whole device; others wait.
    #[default]
    Exclusive,
    /// Each device is cut into equal slots of fixed speed and memory, as MIG does.
    Slots {
        /// How many.
        #[schemars(range(min = 1, max = 1000))]
        count: u32,
    },
    /// Tasks share a device in proportion to the fractions they are promised, and all of it while others do not
    /// compute.
    Fraction,
}

/// The link between a node and each of its devices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcceleratorLinkSpec {
    /// Rate each way.
    pub bandwidth: DataRate,
    /// Delay of each copy.
    pub latency: Duration,
}

impl Default for AcceleratorLinkSpec {
    fn default() -> Self {
        AcceleratorLinkSpec {
            bandwidth: DataRate::from_bps(8.0 * 15.75e9),
            latency: Duration::from_secs(0.5e-3),
        }
    }
}

/// A group of equal accelerators in each node of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcceleratorSpecification {
    /// A known type, whose values hold where none are given.
    pub preset: Option<AcceleratorPresetName>,
    /// Name of the type; that of the preset if left out.
    pub kind: Option<String>,
    /// Its class, so that tasks can ask for any device of it.
    pub class: AcceleratorClassName,
    /// How many each node has.
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Speed.
    pub throughput: Option<FloatingPointRate>,
    /// Speed at kinds of work that tasks name, where it is another.
    pub throughput_by_work: BTreeMap<String, FloatingPointRate>,
    /// Memory of each.
    pub memory: Option<DataSize>,
    /// Rate between a device and its memory; no limit if left out.
    pub memory_bandwidth: Option<DataRate>,
    /// Link to the node.
    pub link: AcceleratorLinkSpec,
    /// Time to launch a task's kernels.
    pub kernel_launch: Duration,
    /// Time that a task takes more if others are on the device when it starts.
    pub context_switch: Duration,
    /// Power of each that is idle.
    pub idle_power: Power,
    /// Power of each that is busy.
    pub max_power: Power,
    /// How they are shared out.
    pub sharing: AcceleratorSharingSpec,
    /// How many tasks may wait for them; as many as for the node's cores if left out.
    pub queue_limit: Option<u32>,
}

impl Default for AcceleratorSpecification {
    fn default() -> Self {
        AcceleratorSpecification {
            preset: None,
            kind: None,
            class: AcceleratorClassName::Gpu,
            count: 1,
            throughput: None,
            throughput_by_work: BTreeMap::new(),
            memory: None,
            memory_bandwidth: None,
            link: AcceleratorLinkSpec::default(),
            kernel_launch: Duration::from_secs(0.1e-3),
            context_switch: Duration::from_secs(1e-3),
            idle_power: Power::from_watts(50.0),
            max_power: Power::from_watts(250.0),
            sharing: AcceleratorSharingSpec::Exclusive,
            queue_limit: None,
        }
    }
}

/// What a task needs of accelerators. With `work` or `execution_time` it goes to a device whose time is modelled after
/// its work on the cores; without, it holds counted ones during that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceleratorNeed {
    /// Their type or class, or kind of counted ones, as node classes have it.
    pub kind: String,
    /// How many counted ones.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub count: u32,
    /// Work on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Draw<FloatingPointWork>>,
    /// Kind of the work, for devices whose throughput depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_kind: Option<String>,
    /// Measured times by type, alone on a whole device, with launch and copies: they go before the work.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub execution_time: BTreeMap<String, Draw<Duration>>,
    /// Memory of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Draw<DataSize>>,
    /// What it moves between the device and its memory; the work takes at least the time of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_traffic: Option<Draw<DataSize>>,
    /// What is copied to the device; the task's input if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Draw<DataSize>>,
    /// What is copied back; the task's result if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Draw<DataSize>>,
    /// Share of a device that it asks for, 100 % to have it alone; a slot or 10 % if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Ratio>,
    /// Slots that it asks for instead; only devices with slots have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub slots: Option<u32>,
    /// Whether it cannot run on nodes without such devices.
    #[serde(default = "yes")]
    pub required: bool,
    /// What it does on the cores of such nodes, beside its length, if it is not required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_length: Option<Draw<Instructions>>,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}
