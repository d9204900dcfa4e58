//! Device tasks.

use super::{AcceleratorNeed, Draw, DrawnFrom, Names};
use crate::energy::JobClass;
use crate::scenario::{DataSize, Duration, Instructions, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When devices create tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ArrivalSpec {
    /// A Poisson process on each device.
    Poisson {
        /// Mean time between tasks.
        mean_interval: Duration,
    },
    /// Independent times between tasks.
    Intervals {
        /// The time between tasks.
        interval: Draw<Duration>,
    },
    /// A task every so often, from a random phase on.
    Periodic {
        /// Time between tasks.
        period: Duration,
    },
    /// The tasks of a CSV file with the column `t_s` and, if one likes, `device` (number among the devices
    /// that run the application), `length_mi`, `upload_bytes`, `download_bytes`.
    Trace {
        /// The file, relative to the scenario.
        file: String,
    },
}

/// A kind of application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApplicationSpec {
    /// Name.
    pub name: String,
    /// Share of the devices that run it, relative to the other applications' shares.
    #[schemars(range(min = 0.0))]
    pub share: f64,
    /// When tasks are created.
    pub arrival: ArrivalSpec,
    /// Length of an active period; always active if left out.
    pub active: Option<Draw<Duration>>,
    /// Length of an idle period.
    pub idle: Option<Draw<Duration>>,
    /// Work of a task.
    pub length: Draw<Instructions>,
    /// Size of its input.
    pub upload: Draw<DataSize>,
    /// Size of its result.
    pub download: Draw<DataSize>,
    /// Cores it asks for.
    #[schemars(range(min = 1))]
    pub cores: u32,
    /// Memory it asks for.
    pub memory: Draw<DataSize>,
    /// Accelerators it needs.
    pub accelerator: Option<AcceleratorNeed>,
    /// What its speed depends on where frequencies change.
    pub class: JobClass,
    /// Time within which it should be done.
    pub deadline: Option<Draw<Duration>>,
    /// How much its user minds delay.
    pub delay_sensitivity: Ratio,
    /// When the first active period begins after the device's start; at a random point of the cycle if left out.
    pub first_active: Option<Draw<Duration>>,
    /// The share of an instance that a task announces it will take. Tasks are then admitted to an instance while
    /// the shares there come to no more than 100 %, and wait nowhere.
    pub predicted_utilisation: Option<PredictedUtilisation>,
    /// Share of its tasks that is to go to the cloud, for policies that go by it.
    pub cloud_share: Ratio,
}

/// The share of an instance that a task announces, by the tier it runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PredictedUtilisation {
    /// On its device.
    pub device: Ratio,
    /// At the edge.
    pub edge: Ratio,
    /// In the fog.
    pub fog: Ratio,
    /// In the cloud.
    pub cloud: Ratio,
}

impl Default for ApplicationSpec {
    fn default() -> Self {
        ApplicationSpec {
            name: "application".into(),
            share: 1.0,
            arrival: ArrivalSpec::Poisson { mean_interval: Duration::from_secs(5.0) },
            active: None,
            idle: None,
            length: Draw::From(DrawnFrom::Exponential { mean: Instructions::from_mi(2000.0) }),
            upload: Draw::From(DrawnFrom::Exponential { mean: DataSize::from_bytes(200e3) }),
            download: Draw::From(DrawnFrom::Exponential { mean: DataSize::from_bytes(50e3) }),
            cores: 1,
            memory: Draw::Constant(DataSize::from_bytes(0.0)),
            accelerator: None,
            class: JobClass::Compute,
            deadline: None,
            delay_sensitivity: Ratio::from_fraction(0.5),
            first_active: None,
            predicted_utilisation: None,
            cloud_share: Ratio::from_fraction(0.0),
        }
    }
}

/// What happens at a deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineRule {
    /// The task goes on, and counts as missed if its result comes late.
    #[default]
    Finish,
    /// The task is dropped.
    Drop,
}

/// What happens to a task that is on the air at a handover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoverRule {
    /// The rest is sent over the new access point.
    #[default]
    Continue,
    /// The task is lost.
    Lose,
    /// Input arrives nevertheless, and a result is led to where the device is; it is lost if the device goes
    /// while the result is on the radio to it.
    LoseResultOnAir,
    /// Input arrives nevertheless; a result is lost if the device is not where it created the task when the
    /// result is sent, or goes before it has arrived.
    LoseResultElsewhere,
}

/// What is done as in EdgeCloudSim instead; all off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeCloudSimTasks {
    /// Tasks that are refused before their upload are counted within the warm-up, too.
    pub warm_up_leak: bool,
    /// A task is admitted to an instance before its upload, and nothing is reserved meanwhile.
    pub nothing_reserved: bool,
    /// Input that goes on to another edge node gets there at no time.
    pub free_upload_relay: bool,
    /// A result from another edge node comes from there at no time as long as the device is where it was.
    pub free_result_relay: bool,
    /// Sizes are truncated to whole kB and MI, at least one.
    pub whole_sizes: bool,
}

/// Devices that create tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TasksSpec {
    /// Name in tables and summary.
    pub name: String,
    /// The devices: classes or nodes; all nodes of the tier `device` if left out.
    pub devices: Option<Names>,
    /// What they run; each device one of them.
    #[schemars(length(min = 1))]
    pub applications: Vec<ApplicationSpec>,
    /// What happens at a deadline.
    pub on_deadline: DeadlineRule,
    /// What happens to a task that is on the air at a handover.
    pub on_handover: HandoverRule,
    /// How often a task that a fault has hit is started anew.
    pub fault_retries: u32,
    /// How long it waits before that.
    pub retry_delay: Duration,
    /// What is done as in EdgeCloudSim instead.
    pub edgecloudsim: EdgeCloudSimTasks,
}

impl Default for TasksSpec {
    fn default() -> Self {
        TasksSpec {
            name: "tasks".into(),
            devices: None,
            applications: vec![ApplicationSpec::default()],
            on_deadline: DeadlineRule::Finish,
            on_handover: HandoverRule::Continue,
            fault_retries: 0,
            retry_delay: Duration::from_secs(1.0),
            edgecloudsim: EdgeCloudSimTasks::default(),
        }
    }
}
