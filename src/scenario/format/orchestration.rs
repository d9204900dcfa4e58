//! Control planes of workloads whose services agents orchestrate.

use crate::apps::orchestration::{ActionKind, LoadShares};
use crate::engine::SimDuration;
use crate::placement::orchestration::TreeParameters;
use crate::scenario::{Duration, Length};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an experiment can force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForcedActionName {
    /// A user is served badly: it is to go to another instance.
    Migrate,
    /// The load of an instance is too high: there is to be one more.
    Replicate,
    /// An instance has been idle for too long: it is to end.
    Terminate,
}

impl From<ForcedActionName> for ActionKind {
    fn from(name: ForcedActionName) -> Self {
        match name {
            ForcedActionName::Migrate => ActionKind::Migrate,
            ForcedActionName::Replicate => ActionKind::Replicate,
            ForcedActionName::Terminate => ActionKind::Terminate,
        }
    }
}

/// Something that an experiment forces on an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceSpec {
    /// When.
    pub at: Duration,
    /// What.
    pub what: ForcedActionName,
    /// The node of the instance.
    pub node: String,
    /// The user whom it is about, by the device that the first user sits on; from then on the instance serves it.
    #[serde(default)]
    pub user: Option<String>,
    /// The service, by name; the first one if left out.
    #[serde(default)]
    pub service: Option<String>,
}

/// What any control plane may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControlSharedSpec {
    /// What an experiment forces, and when.
    pub force: Vec<ForceSpec>,
}

/// Loads above which users are to leave an instance, as shares of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoadBoundsSpec {
    /// Of the cores.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub cpu: f64,
    /// Of the memory.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub memory: f64,
    /// Of the storage.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub storage: f64,
    /// Of the accelerators.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gpu: f64,
}

impl Default for LoadBoundsSpec {
    fn default() -> Self {
        LoadBoundsSpec { cpu: 0.8, memory: 0.9, storage: 0.95, gpu: 0.9 }
    }
}

impl From<LoadBoundsSpec> for LoadShares {
    fn from(LoadBoundsSpec { cpu, memory, storage, gpu }: LoadBoundsSpec) -> Self {
        LoadShares { cpu, memory, storage, gpu }
    }
}

/// Platforms report all they know to one place, which decides in rounds: badly served users go to the nearest instance
/// with room, or to a new one on the nearest capable platform; instances without users end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CentralSpec {
    /// The node of the centre.
    pub node: String,
    /// Time between the reports of a platform, and between the rounds of the centre.
    #[serde(default = "default_report")]
    pub report: Duration,
    /// What a round takes.
    #[serde(default = "default_decision_time")]
    pub decision_time: Duration,
    /// What it takes more for each platform that has reported.
    #[serde(default = "default_per_node_time")]
    pub per_node_time: Duration,
    /// What it takes more for each user of these.
    #[serde(default = "default_per_user_time")]
    pub per_user_time: Duration,
    /// Platforms that the centre can have, in their order; the others neither report nor are used.
    #[serde(default = "default_node_limit")]
    #[schemars(range(min = 1))]
    pub node_limit: u32,
    /// How near to the mean position of a group of badly served users one more must be to belong to it.
    #[serde(default = "default_cluster_radius")]
    pub cluster_radius: Length,
    /// Loads above which users are to leave an instance.
    #[serde(default)]
    pub load_bounds: LoadBoundsSpec,
    /// Time without any access after which an instance ends.
    #[serde(default = "default_idle")]
    pub idle: Duration,
}

fn default_report() -> Duration {
    Duration::from_secs(10.0)
}

fn default_decision_time() -> Duration {
    Duration::from_secs(0.001)
}

fn default_per_node_time() -> Duration {
    Duration::from_secs(2e-6)
}

fn default_per_user_time() -> Duration {
    Duration::from_secs(1e-6)
}

fn default_node_limit() -> u32 {
    5000
}

fn default_cluster_radius() -> Length {
    Length::from_metres(500.0)
}

fn default_idle() -> Duration {
    Duration::from_secs(300.0)
}

/// Each user goes to the nearest instance with room within a limit of the round trip, else to a new one on the nearest
/// platform that can take it; instances without users end (after Swirly, Goethals and others 2020).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwirlySpec {
    /// The node that decides.
    pub node: String,
    /// Time between the reports of a platform, and between the rounds in which idle instances end.
    #[serde(default = "default_report")]
    pub report: Duration,
    /// What such a round takes.
    #[serde(default = "default_decision_time")]
    pub decision_time: Duration,
    /// What it takes more for each platform that has reported.
    #[serde(default = "default_per_node_time")]
    pub per_node_time: Duration,
    /// Longest round trip from a user to its instance; the limit of the service if left out.
    #[serde(default)]
    pub round_trip_limit: Option<Duration>,
    /// Loads above which an instance has no room.
    #[serde(default)]
    pub load_bounds: LoadBoundsSpec,
    /// Time without any access after which an instance ends.
    #[serde(default = "default_idle")]
    pub idle: Duration,
}

/// By what the candidates for a new instance are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankName {
    /// Their distance from where the instance is wanted.
    #[default]
    Distance,
    /// The round trip from the platform that looks for one, of the `most_candidates` nearest.
    RoundTrip,
}

/// What it takes to handle a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalsName {
    /// As much as any other message.
    #[default]
    Handled,
    /// Nothing.
    Free,
}

/// Platforms that stand by for the root of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StandbySpec {
    /// How many. Without any a root that fails is not replaced.
    pub count: u32,
    /// Time between two updates of their copies of the index.
    pub sync_interval: Duration,
}

impl Default for StandbySpec {
    fn default() -> Self {
        StandbySpec { count: 0, sync_interval: Duration::from_secs(5.0) }
    }
}

/// The platforms of each service are a tree that organizes itself: each knows its neighbours, and the root keeps an index
/// of all (after VineIO, Baun 2021).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TreeSpec {
    /// Time between two assessments of an instance.
    pub assess: Duration,
    /// Time between two exchanges of capacity grids with the parent.
    pub exchange: Duration,
    /// Time between two health checks of the parent.
    pub health: Duration,
    /// How far back the latencies and loads reach that are assessed.
    pub window: Duration,
    /// How near to the mean position of a cluster of badly served users one more must be to belong to it.
    pub cluster_radius: Length,
    /// Score above which a cluster is acted on: an assessment adds one for each user in it.
    #[schemars(range(min = 1))]
    pub score: u32,
    /// Cells of a capacity grid along each axis.
    #[schemars(range(min = 1, max = 64))]
    pub grid: u8,
    /// Loads above which users are to leave an instance.
    pub load_bounds: LoadBoundsSpec,
    /// Time without users and access after which an instance ends.
    pub idle: Duration,
    /// How long the answer to a search is waited for.
    pub search_timeout: Duration,
    /// Time at least from the first sign-on of one of the service's `instances` to that of the next.
    pub sign_on_interval: Duration,
    /// How long a platform rests after it could do nothing for users.
    pub cooldown: Duration,
    /// By what candidates for a new instance are ranked.
    pub rank: RankName,
    /// How many candidates are asked at most.
    #[schemars(range(min = 1))]
    pub most_candidates: u32,
    /// Whether neighbours, and at the root all platforms of the tree, are not asked.
    pub skip_known: bool,
    /// What it takes to handle the refusal of a candidate.
    pub refusals: RefusalsName,
    /// Children of a platform at most; the root takes those that find no other.
    #[schemars(range(min = 1))]
    pub most_children: Option<u32>,
    /// Who stands by for the root.
    pub standby: StandbySpec,
}

impl Default for TreeSpec {
    fn default() -> Self {
        let own = TreeParameters::default();
        let time = |own: SimDuration| Duration::from_secs(own.as_secs());
        TreeSpec {
            assess: time(own.assess),
            exchange: time(own.exchange),
            health: time(own.health),
            window: time(own.window),
            cluster_radius: Length::from_metres(own.cluster_radius_m),
            score: own.score,
            grid: own.grid,
            load_bounds: LoadBoundsSpec::default(),
            idle: time(own.idle),
            search_timeout: time(own.search_timeout),
            sign_on_interval: time(own.sign_on_interval),
            cooldown: time(own.cooldown),
            rank: RankName::default(),
            most_candidates: own.most_candidates,
            skip_known: own.skip_known,
            refusals: RefusalsName::default(),
            most_children: own.most_children,
            standby: StandbySpec::default(),
        }
    }
}
