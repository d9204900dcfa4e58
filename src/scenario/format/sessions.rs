//! User sessions as a workload.

use super::{ControlKind, Draw, DrawnFrom, Names};
use crate::scenario::{Coordinate, DataSize, Duration, Instructions, Length, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an instance of a service needs of its platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstanceNeedsSpec {
    /// Cores, or a part of one.
    #[schemars(range(min = 0.0))]
    pub cores: f64,
    /// Memory.
    pub memory: DataSize,
    /// Storage.
    pub storage: DataSize,
    /// Accelerators, all of one kind.
    pub gpus: u32,
    /// CPU architectures that there are images for; any if left out.
    pub architecture: Option<Names>,
}

impl Default for InstanceNeedsSpec {
    fn default() -> Self {
        InstanceNeedsSpec {
            cores: 1.0,
            memory: DataSize::from_bytes(512.0 * 1024.0 * 1024.0),
            storage: DataSize::default(),
            gpus: 0,
            architecture: None,
        }
    }
}

/// A service that users access.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionServiceSpec {
    /// Name, unique in the workload.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What an instance needs of its platform.
    #[serde(default)]
    pub requires: InstanceNeedsSpec,
    /// Latency beyond which a request violates what was promised.
    #[serde(default = "default_limit")]
    pub limit: Duration,
    /// Size of the image, which is pulled from the `registry` to each platform once.
    #[serde(default = "default_image")]
    pub image: DataSize,
    /// Time until an instance whose image is there takes requests.
    #[serde(default = "default_boot")]
    pub boot: Duration,
    /// Work of a request, on one core.
    #[serde(default = "default_work")]
    pub work: Draw<Instructions>,
    /// Size of a request.
    #[serde(default = "default_request")]
    pub request: Draw<DataSize>,
    /// Size of a response.
    #[serde(default = "default_response")]
    pub response: Draw<DataSize>,
    /// Platforms with an instance at the start, which takes requests at once; the first of them is that of the root, where
    /// there is one.
    pub instances: Names,
    /// Share of the users who access it, relative to the other services' shares.
    #[serde(default = "default_share")]
    #[schemars(range(min = 0.0))]
    pub share: f64,
}

fn default_limit() -> Duration {
    Duration::from_secs(0.06)
}

fn default_image() -> DataSize {
    DataSize::from_bytes(200.0 * 1024.0 * 1024.0)
}

fn default_boot() -> Duration {
    Duration::from_secs(1.0)
}

fn default_work() -> Draw<Instructions> {
    Draw::Constant(Instructions::from_mi(2.0))
}

fn default_request() -> Draw<DataSize> {
    Draw::Constant(DataSize::from_bytes(1024.0))
}

fn default_response() -> Draw<DataSize> {
    Draw::Constant(DataSize::from_bytes(20.0 * 1024.0))
}

fn default_share() -> f64 {
    1.0
}

/// How users learn of another instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedirectName {
    /// When they ask next.
    #[default]
    WhenAsked,
    /// By the next response, too, where the control plane wants it.
    AtOnce,
}

/// What carries messages, requests and responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarriedByName {
    /// Transfers, which share links with all else.
    #[default]
    Transfers,
    /// The way as it is at the time of sending, as if they were alone: for large worlds.
    Paths,
}

/// How long users are there, and away, in turn: both, or none to be there always.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PresenceSpec {
    /// Time for which a user is there.
    pub active: Option<Draw<Duration>>,
    /// Time for which it is away.
    pub idle: Option<Draw<Duration>>,
}

/// A circle with a demand of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandPlaceSpec {
    /// Its centre, east.
    pub x: Coordinate,
    /// Its centre, north.
    pub y: Coordinate,
    /// Its radius.
    #[serde(default = "default_radius")]
    pub radius: Length,
    /// How many times as many requests as by `interval` its users make, one factor for each hour of the run, over and over.
    pub by_hour: Vec<f64>,
}

fn default_radius() -> Length {
    Length::from_metres(500.0)
}

/// How much users want where and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserDemandSpec {
    /// How many times as many requests as by `interval` users make, one factor for each hour of the run, over and over;
    /// always one if left out.
    pub by_hour: Option<Vec<f64>>,
    /// How long an hour of `by_hour` is: less to see a day in a shorter run.
    pub hour: Duration,
    /// Places where it is otherwise; of those that overlap the first counts.
    pub places: Vec<DemandPlaceSpec>,
}

impl Default for UserDemandSpec {
    fn default() -> Self {
        UserDemandSpec { by_hour: None, hour: Duration::from_secs(3600.0), places: Vec::new() }
    }
}

/// Agents of the control plane, and their mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentsSpec {
    /// What carries messages.
    pub carried_by: CarriedByName,
    /// Probability that a link loses a message.
    pub loss: Ratio,
    /// Probability that a message is there twice.
    pub doubled: Ratio,
    /// Probability that a message is late.
    pub late: Ratio,
    /// By how much.
    pub late_by: Draw<Duration>,
    /// Time that handling a message takes; not of users' queries and of reports.
    pub handling_time: Duration,
    /// Work of such a message.
    pub handling_work: Instructions,
    /// Work of a user's query, and of a report.
    pub light_work: Instructions,
    /// Work of such a message for each KiB of it.
    pub work_per_kib: Instructions,
    /// Cores that the agents of a node reserve if any of this work is above zero.
    #[schemars(range(min = 1))]
    pub cores: u32,
    /// Round trips before a message leaves, in which connections are set up.
    #[schemars(range(min = 0.0))]
    pub handshake_round_trips: f64,
    /// Time for which an agent waits for an answer until it asks again.
    pub timeout: Duration,
    /// How often it asks again.
    pub retries: u32,
    /// Whether what agents remember of requests outlives the failure of their node.
    pub keeps_state: bool,
}

impl Default for AgentsSpec {
    fn default() -> Self {
        AgentsSpec {
            carried_by: CarriedByName::default(),
            loss: Ratio::default(),
            doubled: Ratio::default(),
            late: Ratio::default(),
            late_by: Draw::Constant(Duration::from_secs(1.0)),
            handling_time: Duration::from_secs(0.0395),
            handling_work: Instructions::default(),
            light_work: Instructions::default(),
            work_per_kib: Instructions::default(),
            cores: 1,
            handshake_round_trips: 0.0,
            timeout: Duration::from_secs(2.0),
            retries: 3,
            keeps_state: false,
        }
    }
}

/// Users at places, who access services by requests; a control plane says where instances are, and who goes where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionsSpec {
    /// Name in tables and summary.
    #[serde(default = "default_name")]
    pub name: String,
    /// Nodes that instances may be on: wired ones with cores.
    pub platforms: Names,
    /// Nodes that users are on.
    pub users: Names,
    /// Users on each of them.
    #[serde(default = "default_per_node")]
    #[schemars(range(min = 1))]
    pub per_node: u32,
    /// The services.
    #[schemars(length(min = 1))]
    pub services: Vec<SessionServiceSpec>,
    /// Node that images are pulled from; they are everywhere already if left out.
    #[serde(default)]
    pub registry: Option<String>,
    /// Time between the requests of a user.
    #[serde(default = "default_interval")]
    pub interval: Draw<Duration>,
    /// Time after which a user asks again for an instance.
    #[serde(default = "default_ask_again")]
    pub ask_again: Duration,
    /// Time for which a user waits for an answer until it asks a standby, if there is one.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How far what is known of the place of a user may be off: evenly over a circle of this radius, the same at all times.
    #[serde(default)]
    pub position_error: Length,
    /// How users learn of another instance.
    #[serde(default)]
    pub redirect: RedirectName,
    /// How long users are there; always if left out.
    #[serde(default)]
    pub presence: PresenceSpec,
    /// How much they want where and when; the same everywhere at all times if left out.
    #[serde(default)]
    pub demand: UserDemandSpec,
    /// What carries requests and responses.
    #[serde(default)]
    pub requests_by: CarriedByName,
    /// Agents of the control plane.
    #[serde(default)]
    pub agents: AgentsSpec,
    /// The control plane.
    #[serde(default = "default_control")]
    pub control: ControlKind,
}

fn default_name() -> String {
    "sessions".into()
}

fn default_per_node() -> u32 {
    1
}

fn default_interval() -> Draw<Duration> {
    Draw::From(DrawnFrom::Exponential { mean: Duration::from_secs(60.0) })
}

fn default_ask_again() -> Duration {
    Duration::from_secs(60.0)
}

fn default_timeout() -> Duration {
    Duration::from_secs(2.0)
}

fn default_control() -> ControlKind {
    ControlKind::of_kind("tree")
}
