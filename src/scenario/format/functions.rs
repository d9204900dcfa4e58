//! Functions (FaaS) as a workload.

use super::function_arrivals::FunctionArrivalsSpec;
use super::{Draw, Names, PredictorKind};
use crate::apps::functions::{Routing, Split, Travel};
use crate::placement::functions::Normalisation;
use crate::scenario::{DataSize, Duration, Instructions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The image of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionImageSpec {
    /// Name: functions with an image of the same name share it; that of the function if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Its size.
    pub size: DataSize,
}

/// What the start of a replica takes, beside the pull of its image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FunctionStartSpec {
    /// Until a node has been found and told.
    pub scheduling: Draw<Duration>,
    /// Until the container is there, once its image is.
    pub create: Draw<Duration>,
    /// Until runtime and code can serve.
    pub init: Draw<Duration>,
}

impl Default for FunctionStartSpec {
    fn default() -> Self {
        let time = |own| Draw::Constant(Duration::from_secs(own));
        FunctionStartSpec { scheduling: time(0.02), create: time(0.3), init: time(0.2) }
    }
}

/// How long idle replicas stay that are beyond what was allocated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeepAliveSpec {
    /// Not at all.
    None,
    /// For so long.
    Fixed {
        /// Time for which a replica is idle before it stops.
        #[serde(default = "ten_minutes")]
        idle: Duration,
    },
    /// By the histogram of how long the function was idle at the node: unloaded after a request, warmed up before the next
    /// one is likely, kept until it is no longer.
    Histogram {
        /// Width of a bin.
        #[serde(default = "one_minute")]
        bin: Duration,
        /// Number of bins.
        #[serde(default = "bins")]
        #[schemars(range(min = 1, max = 100_000))]
        bins: u32,
        /// Fraction of idle times that are shorter than the time until it is warmed up.
        #[serde(default = "head")]
        #[schemars(range(min = 0.0, max = 1.0))]
        head: f64,
        /// Fraction of idle times that are shorter than the time up to which it is kept.
        #[serde(default = "tail")]
        #[schemars(range(min = 0.0, max = 1.0))]
        tail: f64,
        /// By which part both times are moved to the safe side.
        #[serde(default = "margin")]
        #[schemars(range(min = 0.0, max = 1.0))]
        margin: f64,
        /// Time for which it is kept as long as the histogram tells nothing.
        #[serde(default = "ten_minutes")]
        fixed: Duration,
    },
    /// Until memory is needed: those with the least priority by Greedy-Dual-Size-Frequency go first.
    Greedy,
}

fn ten_minutes() -> Duration {
    Duration::from_secs(600.0)
}

fn one_minute() -> Duration {
    Duration::from_secs(60.0)
}

fn bins() -> u32 {
    240
}

fn head() -> f64 {
    0.05
}

fn tail() -> f64 {
    0.99
}

fn margin() -> f64 {
    0.1
}

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionSpec {
    /// Name, unique in the workload.
    #[schemars(length(min = 1))]
    pub name: String,
    /// So many functions like this one, with the names `name-0` and so on; one with its own name if left out.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    /// Memory of a replica. Must be given unless an instance gives it.
    #[serde(default)]
    pub memory: Option<DataSize>,
    /// Cores of a replica, above zero.
    #[serde(default = "one_core")]
    #[schemars(range(min = 0.0))]
    pub cores: f64,
    /// Requests that a replica serves at the same time.
    #[serde(default = "one_request")]
    #[schemars(range(min = 1))]
    pub concurrency: u32,
    /// Time that a request takes which is alone on a replica.
    #[serde(default)]
    pub time: Option<Draw<Duration>>,
    /// The same on nodes of these classes.
    #[serde(default)]
    pub time_by_class: BTreeMap<String, Draw<Duration>>,
    /// Work of a request, in place of `time`.
    #[serde(default)]
    pub work: Option<Draw<Instructions>>,
    /// Time of the first request of a replica, in place of its start and that request's `time`.
    #[serde(default)]
    pub cold_time: Option<Draw<Duration>>,
    /// Size of a request.
    #[serde(default = "default_request")]
    pub request: Draw<DataSize>,
    /// Size of an answer.
    #[serde(default = "default_answer")]
    pub answer: Draw<DataSize>,
    /// Time within which the answer should be there; any if left out.
    #[serde(default)]
    pub deadline: Option<Duration>,
    /// Utilisation that replicas are planned to have, above 0 and at most 1; 0.8 if left out.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_utilisation: Option<f64>,
    /// Its image; it needs none if left out.
    #[serde(default)]
    pub image: Option<FunctionImageSpec>,
    /// What the start of a replica takes.
    #[serde(default)]
    pub start: FunctionStartSpec,
    /// How long idle replicas stay that are beyond what was allocated.
    #[serde(default = "default_keep_alive")]
    pub keep_alive: KeepAliveSpec,
    /// Requests that wait at a node at most; any number if null.
    #[serde(default = "default_queue_limit")]
    pub queue_limit: Option<u64>,
    /// Time for which they wait at most; any if left out.
    #[serde(default)]
    pub queue_timeout: Option<Duration>,
    /// Replicas at each node that there are at least.
    #[serde(default)]
    pub minimum: u32,
    /// Replicas at each node that there are at most.
    #[serde(default = "default_maximum")]
    pub maximum: u32,
}

fn one_core() -> f64 {
    1.0
}

fn one_request() -> u32 {
    1
}

fn default_request() -> Draw<DataSize> {
    Draw::Constant(DataSize::from_bytes(100e3))
}

fn default_answer() -> Draw<DataSize> {
    Draw::Constant(DataSize::from_bytes(10e3))
}

fn default_keep_alive() -> KeepAliveSpec {
    KeepAliveSpec::Fixed { idle: ten_minutes() }
}

fn default_queue_limit() -> Option<u64> {
    Some(100)
}

fn default_maximum() -> u32 {
    1000
}

/// Who are neighbours without naming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighboursName {
    /// Nodes with a link between them.
    Links,
    /// All nodes.
    All,
}

/// A random graph of neighbours: one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomNeighboursSpec {
    /// So many neighbours of each node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<u32>,
    /// Two nodes are neighbours with this probability.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// Between which nodes requests may be forwarded, both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NeighboursSpec {
    /// As the links are, or all.
    Named(NeighboursName),
    /// These pairs of nodes.
    Pairs(Vec<[String; 2]>),
    /// By chance.
    Random(RandomNeighboursSpec),
}

/// Numbers by node and function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ByStream {
    /// The same everywhere.
    One(f64),
    /// For each node a list by function.
    Table(Vec<Vec<f64>>),
    /// Drawn for each function.
    Drawn(IntervalSpec),
}

/// A number from an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalSpec {
    /// Its least value.
    pub min: f64,
    /// Its greatest value.
    pub max: f64,
}

/// Weights of the objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FunctionWeightsSpec {
    /// Reward of a request that is served where it enters.
    pub alpha: ByStream,
    /// Reward of a request that is forwarded.
    pub beta: ByStream,
    /// Penalty of a request that is rejected, or sent up to the cloud.
    pub gamma: ByStream,
    /// Reward that is expected of a request that is offered to others; `beta` if left out.
    pub delta: Option<ByStream>,
}

impl Default for FunctionWeightsSpec {
    fn default() -> Self {
        let one = ByStream::One;
        FunctionWeightsSpec { alpha: one(1.0), beta: one(0.9), gamma: one(0.1), delta: None }
    }
}

/// Which loads the policy is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadsName {
    /// What entered in the epoch before; in the first what is announced.
    #[default]
    Measured,
    /// What is expected to enter in the epoch that begins.
    Announced,
    /// What the `predictor` makes of what entered before.
    Forecast,
}

/// What becomes of rejected requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectedName {
    /// They are lost.
    #[default]
    Drop,
    /// They are served in the `cloud`.
    Cloud,
}

/// What things cost, in the currency of your choice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FunctionPricesSpec {
    /// A gigabyte of memory that a replica at a node holds for a second.
    #[schemars(range(min = 0.0))]
    pub memory_gb_s: f64,
    /// A gigabyte of memory in the cloud for a second in which it serves a request.
    #[schemars(range(min = 0.0))]
    pub cloud_memory_gb_s: f64,
    /// A request to the cloud.
    #[schemars(range(min = 0.0))]
    pub request: f64,
    /// A gigabyte that is sent.
    #[schemars(range(min = 0.0))]
    pub transfer_gb: f64,
}

impl Default for FunctionPricesSpec {
    fn default() -> Self {
        FunctionPricesSpec {
            memory_gb_s: 1.67e-5,
            cloud_memory_gb_s: 1.67e-5,
            request: 2e-7,
            transfer_gb: 0.0,
        }
    }
}

/// How the agents of a distributed method talk: a coordinator, and each node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FunctionAgentsSpec {
    /// The coordinator's node, one of `nodes`; the first of them if left out.
    pub coordinator: Option<String>,
    /// Size of a message without what it says.
    pub message: DataSize,
    /// Size of what it says of each function.
    pub bytes_per_stream: DataSize,
    /// How long the coordinator waits for nodes in a round; nodes wait twice as long for it.
    pub timeout: Duration,
    /// Rounds after which it is over.
    #[schemars(range(min = 1))]
    pub rounds: u32,
}

impl Default for FunctionAgentsSpec {
    fn default() -> Self {
        FunctionAgentsSpec {
            coordinator: None,
            message: DataSize::from_bytes(1000.0),
            bytes_per_stream: DataSize::from_bytes(24.0),
            timeout: Duration::from_secs(2.0),
            rounds: 20,
        }
    }
}

/// Functions whose requests enter at nodes; a policy says each epoch how many replicas there are where, and which requests
/// are served where they enter, forwarded to a neighbour, or rejected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionsSpec {
    /// Name in tables and summary.
    #[serde(default = "usual_name")]
    pub name: String,
    /// Nodes at which requests enter, and which have replicas: wired ones with cores.
    pub nodes: Names,
    /// Between which of them requests may be forwarded; `links` if left out.
    #[serde(default)]
    pub neighbours: Option<NeighboursSpec>,
    /// The functions.
    #[schemars(length(min = 1))]
    pub functions: Vec<FunctionSpec>,
    /// When requests arrive.
    pub arrivals: FunctionArrivalsSpec,
    /// Factor of all rates.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub load_factor: f64,
    /// Time between two allocations.
    #[serde(default = "one_minute")]
    pub epoch: Duration,
    /// Which loads the policy is told.
    #[serde(default)]
    pub loads: LoadsName,
    /// What forecasts them.
    #[serde(default)]
    pub predictor: Option<PredictorKind>,
    /// What the objective is divided by; `per_stream` if left out.
    #[serde(default)]
    pub normalisation: Option<Normalisation>,
    /// Weights of the objective.
    #[serde(default)]
    pub weights: Option<FunctionWeightsSpec>,
    /// How requests are split by shares.
    #[serde(default)]
    pub split: Split,
    /// Where requests go if the policy gives no shares.
    #[serde(default)]
    pub routing: Routing,
    /// Whether a replica is started where a request finds none, nor one that starts.
    #[serde(default = "yes")]
    pub start_on_demand: bool,
    /// What becomes of rejected requests.
    #[serde(default)]
    pub rejected: RejectedName,
    /// Nodes that serve them in the cloud, the first that can be reached.
    #[serde(default)]
    pub cloud: Option<Names>,
    /// Nodes that images are pulled from, the nearest first; they are everywhere already if left out.
    #[serde(default)]
    pub registry: Option<Names>,
    /// Size of all images that a node keeps; any if left out.
    #[serde(default)]
    pub image_cache: Option<DataSize>,
    /// How requests and answers travel.
    #[serde(default)]
    pub network: Travel,
    /// Time that a decision takes, in which the allocation before holds.
    #[serde(default = "no_time")]
    pub decision_time: Draw<Duration>,
    /// Time that each iteration of a distributed method adds to that.
    #[serde(default)]
    pub per_iteration: Duration,
    /// How the agents of the policy's method talk over the network; it knows all at once if left out.
    #[serde(default)]
    pub agents: Option<FunctionAgentsSpec>,
    /// Methods by which to allocate each epoch, too, for comparison only.
    #[serde(default)]
    pub compare: Vec<String>,
    /// What things cost.
    #[serde(default)]
    pub prices: FunctionPricesSpec,
}

fn usual_name() -> String {
    "functions".into()
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn no_time() -> Draw<Duration> {
    Draw::Constant(Duration::from_secs(0.0))
}
