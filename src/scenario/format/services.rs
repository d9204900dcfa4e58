//! Applications made of services, and what services may ask of nodes.

use super::{ArrivalSpec, Draw, Names, ServicePlacementKind};
use crate::scenario::{DataRate, DataSize, Duration, Instructions, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the values of an asset add up along services and compare with what is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlgebraName {
    /// Consumed: needs on a node sum up, and their sum must not exceed the offer (seats, cores).
    Additive,
    /// Multiplied along what is used together, and at least as great as what is needed (availability).
    Multiplicative,
    /// The greatest value counts, and must not exceed what is allowed (a delay).
    Concave,
    /// The least value counts, and must be at least what is needed (a security level).
    Convex,
    /// Labels: the node must have all that are needed.
    Symbolic,
}

/// An asset of the user's own: a named quantity that nodes offer and services require.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetSpecification {
    /// How its values add up and compare.
    pub algebra: AlgebraName,
    /// Its unit, such as `"seats"`; `"1"` for a number without one.
    #[schemars(length(min = 1))]
    pub unit: String,
    /// Whether placements are held to it; if not, it is only shown.
    #[serde(default = "yes")]
    pub checked: bool,
}

fn yes() -> bool {
    true
}

/// So much of an asset, or the labels of a symbolic one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AssetAmount {
    /// An amount in the asset's unit.
    Amount(#[schemars(range(min = 0.0))] f64),
    /// One label or several.
    Labels(Names),
}

/// What a replica of a service needs of the node that it is placed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequirementsSpec {
    /// Cores, or a part of one.
    #[schemars(range(min = 0.0))]
    pub cores: f64,
    /// Memory.
    pub memory: DataSize,
    /// Storage.
    pub storage: DataSize,
    /// Accelerators of any kind, or a part of one.
    #[schemars(range(min = 0.0))]
    pub accelerators: f64,
    /// Availability that the node must have at least.
    pub availability: Ratio,
    /// Architectures of which the node must have one; any if left out.
    pub architecture: Option<Names>,
    /// Assets of the user's own, by name.
    pub assets: BTreeMap<String, AssetAmount>,
}

/// How a replica serves the requests that are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceDiscipline {
    /// All at once, sharing the cores.
    #[default]
    ProcessorSharing,
    /// One after the other on each core, first in, first out.
    Fifo,
}

/// A service of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// Name, unique in the application.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What each replica needs of its node.
    #[serde(default)]
    pub requires: RequirementsSpec,
    /// Time that a request takes on a core of the node, whatever its speed; none if neither this nor `work` is
    /// given.
    #[serde(default)]
    pub processing_time: Option<Draw<Duration>>,
    /// Instructions that a request takes, so that faster nodes are faster, in place of `processing_time`.
    #[serde(default)]
    pub work: Option<Draw<Instructions>>,
    /// How a replica serves its requests.
    #[serde(default)]
    pub discipline: ServiceDiscipline,
    /// Requests that a replica serves at once; with `fifo` as many as it has whole cores, at least one, and
    /// any number with `processor_sharing`, if left out.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
    /// Requests that may wait for a replica; any number if left out.
    #[serde(default)]
    pub queue_limit: Option<u32>,
    /// State that moves with a replica; the application's if left out.
    #[serde(default)]
    pub state: Option<DataSize>,
    /// Time from the placement of a replica until it serves; the application's if left out.
    #[serde(default)]
    pub start_time: Option<Duration>,
    /// Instances of the service.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub replicas: u32,
}

fn one() -> u32 {
    1
}

/// What one service needs of the way to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractionSpec {
    /// The service that calls.
    pub from: String,
    /// The service that is called.
    pub to: String,
    /// Longest delay of the way, one way; any if left out.
    #[serde(default)]
    pub latency: Option<Duration>,
    /// Bandwidth of the way that is set aside.
    #[serde(default)]
    pub bandwidth: DataRate,
    /// Size of a message; the application's if left out.
    #[serde(default)]
    pub message: Option<Draw<DataSize>>,
    /// Whether the same is needed the other way round.
    #[serde(default)]
    pub symmetric: bool,
}

/// A chain of services that a request runs along.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowSpec {
    /// Name, unique in the application.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The services in order; two that follow each other need an interaction.
    #[schemars(length(min = 1))]
    pub path: Vec<String>,
    /// When requests come, from each source; the application's if left out, and none if that is, too.
    #[serde(default)]
    pub arrival: Option<ArrivalSpec>,
    /// Nodes and classes of nodes that requests come from; the application's if left out. Without any they
    /// start at the node of the first service.
    #[serde(default)]
    pub sources: Option<Names>,
    /// Time within which a request should be done; the application's if left out.
    #[serde(default)]
    pub deadline: Option<Draw<Duration>>,
}

/// An application: services, interactions between them, and flows of requests. It is written out here, or taken
/// from the library or a file and changed here: what is given of `name`, `message`, `state`, `start_time`, `arrival`,
/// `sources`, `deadline` and `flows` then takes the place of what is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceApplicationSpec {
    /// Name; that of the library's application or of the file if left out.
    pub name: Option<String>,
    /// An application of the library: see `stratosim list applications`.
    pub library: Option<String>,
    /// A file that holds an application, relative to the scenario: ours or an export of ECLYPSE (JSON), or of
    /// Docker Compose (YAML).
    pub file: Option<String>,
    /// How many of it.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// The services.
    pub services: Vec<ServiceSpec>,
    /// What they need of the ways between them.
    pub interactions: Vec<InteractionSpec>,
    /// The chains that requests run along.
    pub flows: Vec<FlowSpec>,
    /// Size of the messages of interactions that do not say.
    pub message: Draw<DataSize>,
    /// State of services that do not say, which moves with their replicas.
    pub state: DataSize,
    /// Time from the placement of a replica until it serves, of services that do not say.
    pub start_time: Duration,
    /// When requests of flows come that do not say, from each source.
    pub arrival: Option<ArrivalSpec>,
    /// Where requests of flows come from that do not say.
    pub sources: Option<Names>,
    /// Time within which requests of flows should be done that do not say.
    pub deadline: Option<Draw<Duration>>,
    /// Who places its services; the scenario's policy `service_placement` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<ServicePlacementKind>,
}

impl Default for ServiceApplicationSpec {
    fn default() -> Self {
        ServiceApplicationSpec {
            name: None,
            library: None,
            file: None,
            count: 1,
            services: Vec::new(),
            interactions: Vec::new(),
            flows: Vec::new(),
            message: Draw::Constant(DataSize::from_bytes(2000.0)),
            state: DataSize::default(),
            start_time: Duration::default(),
            arrival: None,
            sources: None,
            deadline: None,
            placement: None,
        }
    }
}

impl ServiceApplicationSpec {
    /// Name of the application.
    #[must_use]
    pub fn application_name(&self) -> &str {
        self.name.as_deref().or(self.library.as_deref()).unwrap_or("application")
    }
}

/// A file of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFileSpec {
    /// Name, unique in the workflow.
    pub name: String,
    /// Size.
    pub size: DataSize,
}

/// A task of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowTaskSpec {
    /// Name, unique in the workflow.
    pub name: String,
    /// What kind of task it is.
    #[serde(default)]
    pub category: Option<String>,
    /// Time that it takes on its cores.
    pub runtime: Duration,
    /// Cores that it takes.
    #[serde(default = "one_core")]
    #[schemars(range(min = 0.0))]
    pub cores: f64,
    /// Memory that it takes.
    #[serde(default)]
    pub memory: DataSize,
    /// Tasks that must be done before it starts.
    #[serde(default)]
    pub parents: Vec<String>,
    /// Files that it reads.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Files that it writes.
    #[serde(default)]
    pub outputs: Vec<String>,
}

fn one_core() -> f64 {
    1.0
}

/// A workflow: a job of tasks that wait for each other, without a cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowSpec {
    /// Name.
    pub name: String,
    /// The tasks.
    pub tasks: Vec<WorkflowTaskSpec>,
    /// The files that tasks read and write.
    #[serde(default)]
    pub files: Vec<WorkflowFileSpec>,
}
