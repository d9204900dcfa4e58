//! What functions are, and the rules of a workload of them.

use super::agents::AgentOptions;
use super::epochs::EpochOptions;
use crate::engine::Distribution;
use crate::infra::NodeId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The number of its image; `None` if it needs none.
    pub image: Option<u32>,
    /// Memory of a replica in MB (of 1 000 000 bytes), at least 1.
    pub memory_mb: u64,
    /// Cores of a replica, above 0.
    pub cores: f64,
    /// Requests that a replica serves at the same time, at least 1.
    pub concurrency: u32,
    /// Seconds for which a request that is alone on a replica is served: one distribution, or one for each node of the
    /// workload and then for each node of its cloud.
    pub time_s: Vec<Distribution>,
    /// In place of that: million instructions of a request.
    pub work_mi: Option<Distribution>,
    /// Bytes of a request that is forwarded.
    pub request_bytes: Distribution,
    /// Bytes of its answer.
    pub answer_bytes: Distribution,
    /// Seconds from the creation of a request within which the answer should be there.
    pub deadline_s: Option<f64>,
    /// Utilisation that a replica is planned to have, above 0 and at most 1.
    pub max_utilisation: f64,
    /// Seconds of the first request of a replica, start and service together, in place of the stages of the start and of
    /// that service.
    pub cold_time_s: Option<Distribution>,
    /// What the start of a replica takes, beside its image.
    pub start: StartStages,
    /// How long replicas stay that nobody needs.
    pub keep_alive: KeepAlive,
    /// Where requests wait.
    pub queue: Queue,
    /// Replicas at each node that there are at least.
    pub minimum: u32,
    /// Replicas at each node that there are at most.
    pub maximum: u32,
}

impl Function {
    /// A function with a core and this memory and service time, started in no time, with replicas that stay, a queue
    /// without limit, and messages without bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, memory_mb: u64, time_s: Distribution) -> Self {
        Function {
            name: name.into(),
            image: None,
            memory_mb,
            cores: 1.0,
            concurrency: 1,
            time_s: vec![time_s],
            work_mi: None,
            request_bytes: Distribution::zero(),
            answer_bytes: Distribution::zero(),
            deadline_s: None,
            max_utilisation: 0.8,
            cold_time_s: None,
            start: StartStages::default(),
            keep_alive: KeepAlive::default(),
            queue: Queue::default(),
            minimum: 0,
            maximum: 1000,
        }
    }
}

/// Stages of the start of a replica, in seconds. The image is pulled after the first, if it is not there.
#[derive(Clone, Debug)]
pub struct StartStages {
    /// Until a node has been found and told.
    pub scheduling_s: Distribution,
    /// Until the container is there.
    pub create_s: Distribution,
    /// Until runtime and code can serve.
    pub init_s: Distribution,
}

impl Default for StartStages {
    fn default() -> Self {
        StartStages {
            scheduling_s: Distribution::zero(),
            create_s: Distribution::zero(),
            init_s: Distribution::zero(),
        }
    }
}

/// An image of functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its name.
    pub name: String,
    /// Its bytes, at least 0.
    pub bytes: f64,
}

/// How long idle replicas stay that are beyond what was allocated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeepAlive {
    /// Not at all.
    None,
    /// For so long.
    Fixed {
        /// Seconds for which a replica is idle before it stops.
        idle_s: f64,
    },
    /// By the histogram of how long the function was idle at the node, as in the study of Azure Functions (Shahrad et al.,
    /// *Serverless in the Wild*, USENIX ATC 2020): it is unloaded after a request, warmed up again before the next one is
    /// likely, and kept until that is no longer likely.
    Histogram {
        /// Width of a bin in seconds.
        bin_s: f64,
        /// Number of bins; times beyond the last count as out of bounds.
        bins: u32,
        /// Fraction of idle times that are shorter than the time until it is warmed up.
        head: f64,
        /// Fraction of idle times that are shorter than the time up to which it is kept.
        tail: f64,
        /// By which part both times are moved to the safe side.
        margin: f64,
        /// Seconds for which it is kept as long as the histogram tells nothing.
        fixed_s: f64,
    },
    /// Until the memory is needed: those with the least priority by Greedy-Dual-Size-Frequency go first (FaasCache, Fuerst
    /// and Sharma, ASPLOS 2021).
    Greedy,
}

impl Default for KeepAlive {
    fn default() -> Self {
        KeepAlive::Fixed { idle_s: 600.0 }
    }
}

/// Where requests of a function wait at a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Requests that wait at most.
    pub limit: usize,
    /// Seconds for which they wait at most.
    pub timeout_s: f64,
}

impl Default for Queue {
    fn default() -> Self {
        Queue { limit: usize::MAX, timeout_s: f64::INFINITY }
    }
}

/// How requests are split by shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Each request by chance: a Poisson process stays one.
    #[default]
    Random,
    /// By weighted round robin, so that parts are met as closely as whole requests can.
    Smooth,
}

/// Where requests go if the policy gives no shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Routing {
    /// They stay where they enter.
    #[default]
    Local,
    /// To the node, of their own and its neighbours, with the fewest requests of the function for each that its replicas can
    /// serve at once; their own among equals.
    LeastLoaded,
    /// The same of so many of these nodes drawn by chance, without repetition.
    PowerOfD {
        /// How many are drawn.
        #[serde(default = "two")]
        #[schemars(range(min = 1))]
        choices: u32,
    },
    /// To the node with an idle replica that is nearest, by delay; they stay if there is none.
    Nearest,
}

fn two() -> u32 {
    2
}

/// How requests and answers travel between nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Travel {
    /// As transfers, which share links with all others.
    #[default]
    Transfer,
    /// In the time that a transfer would take if nothing else came or went, without a part in what links carry.
    Delay,
}

/// What functions cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// Money for a gigabyte of memory that a replica at a node holds for a second.
    pub memory_gb_s: f64,
    /// Money for the same in the cloud while it serves a request.
    pub cloud_memory_gb_s: f64,
    /// Money for a request to the cloud.
    pub request: f64,
    /// Money for a gigabyte that is sent.
    pub transfer_gb: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Prices { memory_gb_s: 1.67e-5, cloud_memory_gb_s: 1.67e-5, request: 2e-7, transfer_gb: 0.0 }
    }
}

/// Rules for all functions of a workload.
#[derive(Debug)]
pub struct FunctionOptions {
    /// How epochs go, over which is accounted.
    pub epochs: EpochOptions,
    /// How the policy's method is agents that talk; it knows all at once if left out.
    pub agents: Option<AgentOptions>,
    /// How requests are split by shares.
    pub split: Split,
    /// Where they go if there are none.
    pub routing: Routing,
    /// Whether a replica is started where a request finds none, nor one that starts.
    pub start_on_demand: bool,
    /// Where rejected requests go, the first that can be reached; they are dropped if empty.
    pub cloud: Vec<NodeId>,
    /// From where images are pulled, the nearest first; they are there already if empty.
    pub registries: Vec<NodeId>,
    /// Bytes of images that a node keeps.
    pub image_cache_bytes: f64,
    /// Megabytes that the replicas at each node may hold, if not all that is free.
    pub memory_limits_mb: Option<Vec<u64>>,
    /// How requests and answers travel.
    pub travel: Travel,
    /// What things cost.
    pub prices: Prices,
}

impl Default for FunctionOptions {
    fn default() -> Self {
        FunctionOptions {
            epochs: EpochOptions::default(),
            agents: None,
            split: Split::default(),
            routing: Routing::default(),
            start_on_demand: true,
            cloud: Vec::new(),
            registries: Vec::new(),
            image_cache_bytes: f64::INFINITY,
            memory_limits_mb: None,
            travel: Travel::default(),
            prices: Prices::default(),
        }
    }
}
