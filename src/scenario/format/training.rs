//! Training jobs as a workload, and queue policies that are put together.

use super::{Draw, Names};
use crate::apps::training::{Discipline, DlrmModel, JobKind, LlmModel};
use crate::infra::optical::{PortMode, SwitchPreset};
use crate::placement::training::LinearPredictor;
use crate::scenario::{DataRate, Duration, Power, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The servers of a cluster, and what they hang on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingClusterSpec {
    /// Its servers: nodes with cores, of which a job keeps as many busy as it has of the GPUs. Those of a leaf follow each other.
    pub servers: Names,
    /// Servers of a leaf.
    #[schemars(range(min = 1, max = 4096))]
    pub servers_per_leaf: u32,
    /// GPUs of a server; each has a NIC on a rail of its own.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 4096))]
    pub gpus_per_server: u32,
    /// Nodes that are the leaves, with which their servers fail; as many as there are leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Names>,
    /// Rate of a NIC, of an uplink and of a circuit, in each direction.
    #[serde(default = "usual_nic")]
    pub nic: DataRate,
}

fn eight() -> u32 {
    8
}

fn usual_nic() -> DataRate {
    DataRate::from_bps(400e9)
}

/// When ports of circuit switches fail, each by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortFaultsSpec {
    /// Time in service until a failure.
    pub time_to_failure: Draw<Duration>,
    /// Time from a failure to its repair.
    pub time_to_repair: Draw<Duration>,
}

/// What connects the leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrainingFabricSpec {
    /// Spines that never block.
    Ideal {},
    /// Spines that all leaves hang on, with flows spread over them by hashing.
    LeafSpine {
        /// Uplinks of a leaf; as many as it has GPUs if left out.
        #[serde(default)]
        #[schemars(range(min = 1, max = 4096))]
        uplinks: Option<u32>,
    },
    /// Pods of leaves under core switches, with flows spread over them by hashing.
    FatTree {
        /// Uplinks of a leaf; as many as it has GPUs if left out.
        #[serde(default)]
        #[schemars(range(min = 1, max = 4096))]
        uplinks: Option<u32>,
        /// Leaves of a pod.
        #[schemars(range(min = 1))]
        leaves_per_pod: u32,
    },
    /// A Clos of four tiers: pods of leaves, groups of pods, and what connects these.
    FourTier {
        /// Uplinks of a leaf; as many as it has GPUs if left out.
        #[serde(default)]
        #[schemars(range(min = 1, max = 4096))]
        uplinks: Option<u32>,
        /// Leaves of a pod.
        #[schemars(range(min = 1))]
        leaves_per_pod: u32,
        /// Pods of a group.
        #[schemars(range(min = 1))]
        pods_per_group: u32,
    },
    /// Optical circuit switches: uplink i of every leaf ends at switch i.
    Optical {
        /// Uplinks of a leaf, and circuit switches; as many as a leaf has GPUs if left out.
        #[serde(default)]
        #[schemars(range(min = 1, max = 4096))]
        uplinks: Option<u32>,
        /// What their ports are.
        #[serde(default)]
        ports: PortMode,
        /// Ports of a switch; as many as there are leaves if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        switch_ports: Option<u32>,
        /// Nodes that are the switches, by whose power they draw and with which they fail; as many as there are uplinks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        switches: Option<Names>,
        /// What devices they are: their switching time.
        #[serde(default = "usual_switch")]
        switch: SwitchPreset,
        /// Another switching time.
        #[serde(default)]
        switching: Option<Duration>,
        /// Time until a link is up after that.
        #[serde(default = "one_second")]
        link_up: Duration,
        /// The part of the circuits of each pair of leaves that is enough for a job to start, above 0.
        #[serde(default = "all_of_it")]
        accept: Ratio,
        /// Whether pairs may do without circuits if other leaves of the job can send on what they exchange.
        #[serde(default)]
        multi_hop: bool,
        /// Whether circuits of other jobs may be moved.
        #[serde(default = "yes")]
        may_move: bool,
        /// Whether jobs get the circuits that they lack when others end.
        #[serde(default = "yes")]
        upgrade: bool,
        /// Circuits that are moved at most when a job ends, so that free ports come to be on the same switches.
        #[serde(default)]
        #[schemars(range(max = 1_000_000))]
        defragment: u32,
        /// When their ports fail; never if left out.
        #[serde(default)]
        port_faults: Option<PortFaultsSpec>,
    },
}

fn usual_switch() -> SwitchPreset {
    SwitchPreset::Mems
}

fn one_second() -> Duration {
    Duration::from_secs(1.0)
}

fn all_of_it() -> Ratio {
    Ratio::from_fraction(1.0)
}

fn yes() -> bool {
    true
}

/// How often jobs come in each hour of the day, in proportion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DaySpec {
    /// A known one.
    Named(DayName),
    /// 24 weights.
    Hours([f64; 24]),
}

/// A known profile of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayName {
    /// The same all day.
    Flat,
    /// From 5.4 at 6 h to 50 at 16 h, as in a cluster of Helios.
    Helios,
}

fn flat() -> DaySpec {
    DaySpec::Named(DayName::Flat)
}

/// When jobs of a kind are submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum JobArrivalsSpec {
    /// By chance.
    Poisson {
        /// Mean gap over the day.
        mean_gap: Duration,
        /// How that goes with the hour.
        #[serde(default = "flat")]
        day: DaySpec,
    },
    /// At regular times.
    Periodic {
        /// Time from one to the next.
        period: Duration,
        /// When the first comes.
        #[serde(default)]
        first: Duration,
    },
}

/// How many GPUs jobs want.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum JobSizesSpec {
    /// Powers of two, all as often.
    PowersOfTwo {
        /// Least number.
        #[schemars(range(min = 1))]
        least: u32,
        /// Greatest number.
        #[schemars(range(min = 1))]
        most: u32,
    },
    /// These, with weights.
    Weights {
        /// Pairs of a number of GPUs and its weight.
        weights: Vec<(u32, f64)>,
    },
    /// Slices of TPU v4, from 32 to 2048.
    TpuV4Slices {},
    /// Jobs of Philly, from 1 to 64.
    Philly {},
}

/// How long jobs take at full rate: log-normal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDurationsSpec {
    /// The median.
    pub median: Duration,
    /// Standard deviation of the natural logarithm.
    #[schemars(range(min = 0.0, max = 20.0))]
    pub sigma: f64,
    /// None is shorter.
    #[serde(default = "one_second")]
    pub least: Duration,
    /// None is longer.
    #[serde(default = "a_month")]
    pub most: Duration,
}

fn a_month() -> Duration {
    Duration::from_secs(30.0 * 86_400.0)
}

/// Jobs of one kind that are drawn. What is left out is that of language models (64 to 1024 GPUs, median 12 h) or of recommendation
/// models (8 to 128 GPUs, median 3 h).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobMixSpec {
    /// What they train; that of the model if one is named.
    #[serde(default)]
    pub train: Option<JobKind>,
    /// Name of their model; only their part of communication is known if left out.
    #[serde(default)]
    pub model: Option<String>,
    /// When they come.
    pub arrivals: JobArrivalsSpec,
    /// How many GPUs they want.
    #[serde(default)]
    pub sizes: Option<JobSizesSpec>,
    /// How long they take at full rate.
    #[serde(default)]
    pub durations: Option<JobDurationsSpec>,
    /// Iterations of the model, in place of durations.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub iterations: Option<u64>,
    /// The part of an iteration that is communication, below 1, where no model tells it.
    #[serde(default)]
    pub communication: Option<Ratio>,
}

/// A job that is written out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedJobSpec {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// When it is submitted.
    #[serde(default)]
    pub submit: Duration,
    /// GPUs that it wants.
    #[schemars(range(min = 1))]
    pub gpus: u32,
    /// What it trains; that of the model if one is named.
    #[serde(default)]
    pub train: Option<JobKind>,
    /// Name of its model.
    #[serde(default)]
    pub model: Option<String>,
    /// How long it takes at full rate.
    #[serde(default)]
    pub duration: Option<Duration>,
    /// Iterations of the model, in place of a duration.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub iterations: Option<u64>,
    /// The part of an iteration that is communication, below 1, where no model tells it.
    #[serde(default)]
    pub communication: Option<Ratio>,
}

/// How a trace of training jobs is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrainingFormatName {
    /// Job lists of Tiresias and of Alibaba's simulator.
    TiresiasCsv,
    /// Tasks of Alibaba's trace of 2020.
    Alibaba2020Tasks,
    /// Pods of Alibaba's trace of 2023.
    Alibaba2023Pods,
    /// Jobs of Gavel's traces: steps are taken as seconds.
    GavelCsv,
    /// Our own.
    Own,
}

/// The jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrainingJobsSpec {
    /// Drawn, of several kinds.
    Generated {
        /// The kinds.
        #[schemars(length(min = 1))]
        mixes: Vec<JobMixSpec>,
        /// No job comes later; the end of the run if left out.
        #[serde(default)]
        until: Option<Duration>,
        /// So many jobs at most, the first ones.
        #[serde(default)]
        most: Option<u32>,
    },
    /// Written out.
    Listed {
        /// The jobs.
        jobs: Vec<ListedJobSpec>,
    },
    /// Of a trace.
    Trace {
        /// A file, a folder or an archive, relative to the scenario.
        path: String,
        /// How it is written.
        format: TrainingFormatName,
        /// The start of the window; it becomes time 0.
        #[serde(default)]
        from: Duration,
        /// The end of the window; that of the trace if left out.
        #[serde(default)]
        until: Option<Duration>,
        /// Jobs with fewer GPUs are left out.
        #[serde(default)]
        least_gpus: f64,
        /// Count bad rows and go on.
        #[serde(default)]
        skip_bad_rows: bool,
        /// Models, as the trace names them, whose GPUs all talk to each other; those of others form rings.
        #[serde(default)]
        all_to_all: Vec<String>,
        /// The part of an iteration that is communication, below 1.
        #[serde(default = "a_tenth")]
        communication: Ratio,
    },
}

fn a_tenth() -> Ratio {
    Ratio::from_fraction(0.1)
}

/// A model whose iterations are worked out from its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrainingModelSpec {
    /// A language model.
    Llm {
        /// Its sizes.
        sizes: LlmModel,
        /// Operations that a GPU does in a second, in TFLOPS.
        #[serde(default = "usual_tflops")]
        gpu_tflops: f64,
        /// The part of the computation behind which gradients can hide.
        #[serde(default)]
        overlap: Ratio,
    },
    /// A recommendation model.
    Dlrm {
        /// Its sizes.
        sizes: DlrmModel,
        /// Computation of an iteration.
        compute: Duration,
        /// The part of the computation behind which dense gradients can hide.
        #[serde(default)]
        overlap: Ratio,
    },
}

fn usual_tflops() -> f64 {
    140.0
}

/// What is lost when a job stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointSpec {
    /// Work between checkpoints; when something fails, what was done since the last one is lost. 0 for none to be lost.
    pub interval: Duration,
    /// Time for which a job that starts again computes nothing.
    pub restart: Duration,
}

impl Default for CheckpointSpec {
    fn default() -> Self {
        CheckpointSpec { interval: Duration::from_secs(1800.0), restart: Duration::from_secs(60.0) }
    }
}

/// What the parts of a fabric draw, for what the summary says of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FabricPowerSpec {
    /// A leaf without its transceivers.
    pub leaf: Power,
    /// A switch above the leaves without its transceivers.
    pub spine: Power,
    /// An optical circuit switch.
    pub circuit_switch: Power,
    /// A transceiver of an uplink.
    pub transceiver: Power,
}

impl Default for FabricPowerSpec {
    fn default() -> Self {
        FabricPowerSpec {
            leaf: Power::from_watts(500.0),
            spine: Power::from_watts(500.0),
            circuit_switch: Power::from_watts(100.0),
            transceiver: Power::from_watts(10.0),
        }
    }
}

/// AI training jobs on a cluster of servers with GPUs, under packet switches or optical circuit switches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    /// Name in tables and summary.
    #[serde(default = "usual_name")]
    pub name: String,
    /// Its servers.
    pub cluster: TrainingClusterSpec,
    /// What connects the leaves.
    pub fabric: TrainingFabricSpec,
    /// The jobs.
    pub jobs: TrainingJobsSpec,
    /// Models by name.
    #[serde(default)]
    pub models: BTreeMap<String, TrainingModelSpec>,
    /// What is lost when jobs stop.
    #[serde(default)]
    pub checkpoint: CheckpointSpec,
    /// What the parts of a fabric draw.
    #[serde(default)]
    pub power: FabricPowerSpec,
    /// So many waiting jobs at most are shown in the table `training_windows`.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 1000))]
    pub window: u32,
}

fn usual_name() -> String {
    "training".into()
}

fn five() -> u32 {
    5
}

/// What tells how good an order of jobs is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderPredictorSpec {
    /// Plays the order through: the part of the GPUs that is busy on average until the horizon.
    Oracle {
        /// How far is looked ahead.
        #[serde(default = "a_day")]
        horizon: Duration,
    },
    /// A sum of weighted features.
    Linear {
        /// The weights.
        weights: LinearPredictor,
    },
}

fn a_day() -> Duration {
    Duration::from_secs(86_400.0)
}

/// Tries all orders of the first jobs of the queue, and takes the best by a predictor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PermutationSpec {
    /// How many jobs.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 8))]
    pub window: u32,
    /// What happens when a job cannot start.
    #[serde(default)]
    pub discipline: Discipline,
    /// Tells how good an order is.
    #[serde(default = "oracle")]
    pub predictor: OrderPredictorSpec,
}

fn oracle() -> OrderPredictorSpec {
    OrderPredictorSpec::Oracle { horizon: a_day() }
}
