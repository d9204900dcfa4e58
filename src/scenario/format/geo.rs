//! Geo-distributed resources as a workload.

use super::{CarriedByName, Draw, Names, Outage};
use crate::apps::geo::{Access, LeaderRule, ReadRule};
use crate::scenario::{DataSize, Duration, Instructions, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who may use resources of a kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnershipSpec {
    /// Services of all sites.
    #[default]
    Global,
    /// Services of the same site only, because of this: `its address means nothing elsewhere`.
    Local(String),
}

/// How replicas of a kind are kept equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    /// By a log of Raft; an operation is executed once a majority has it.
    Strong,
    /// By a log of Raft; an operation is executed once a majority is available, and by the others as they hear of it.
    #[default]
    Eventual,
    /// At once; of two writes the later one wins.
    LastWriter,
    /// At once; a counter to which all updates are added.
    Counter,
    /// At once; a set in which additions win over removals that did not see them.
    Set,
}

/// Work of operations: the same for all, or by operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AccessWorkSpec {
    /// The same for all.
    All(Instructions),
    /// By operation; none where it is left out.
    By(ByAccessSpec<Instructions>),
}

/// Something for each operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ByAccessSpec<T: Default> {
    /// Of creations.
    pub create: T,
    /// Of reads.
    pub read: T,
    /// Of updates.
    pub update: T,
    /// Of deletions.
    pub delete: T,
}

/// A call that operations cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowCallSpec {
    /// Which operations cause it.
    pub on: Vec<Access>,
    /// The kind of resource that it is about.
    #[serde(rename = "with")]
    pub kind: String,
    /// What it does with one.
    #[serde(default = "read")]
    pub access: Access,
}

fn read() -> Access {
    Access::Read
}

/// A kind of resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceKindSpec {
    /// Name, unique in the workload.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The service that manages it; one of the kind's name if left out.
    #[serde(default)]
    pub service: Option<String>,
    /// Who may use it.
    #[serde(default)]
    pub ownership: OwnershipSpec,
    /// Whether its interface can split it over sites.
    #[serde(default)]
    pub divisible: bool,
    /// How replicas are kept equal.
    #[serde(default)]
    pub mode: ModeName,
    /// What reads of replicas see.
    #[serde(default)]
    pub reads: ReadRule,
    /// Size of a request.
    #[serde(default = "default_request")]
    pub request: DataSize,
    /// Size of a response.
    #[serde(default = "default_response")]
    pub response: DataSize,
    /// Work of an operation at each site that executes it, on one core.
    #[serde(default = "default_work")]
    pub work: AccessWorkSpec,
    /// Calls that operations cause, after their own work.
    #[serde(default)]
    pub calls: Vec<WorkflowCallSpec>,
    /// Share of the users' requests, relative to those of the other kinds.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub share: f64,
    /// How often users do what, relative to each other.
    #[serde(default = "default_mix")]
    pub mix: ByAccessSpec<f64>,
    /// The scope of requests; wholly local if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Resources that are there from the start, at homes drawn by the users' rates.
    #[serde(default)]
    pub initial: u32,
    /// Exponent of Zipf's law by which users choose resources, older ones more often; all alike if 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub zipf: f64,
    /// Probability that users choose among the resources that were created at their own site.
    #[serde(default = "default_locality")]
    pub locality: Ratio,
}

fn default_request() -> DataSize {
    DataSize::from_bytes(1024.0)
}

fn default_response() -> DataSize {
    DataSize::from_bytes(4096.0)
}

fn default_work() -> AccessWorkSpec {
    AccessWorkSpec::All(Instructions::default())
}

fn one() -> f64 {
    1.0
}

fn default_mix() -> ByAccessSpec<f64> {
    ByAccessSpec { create: 1.0, read: 90.0, update: 8.0, delete: 1.0 }
}

fn default_locality() -> Ratio {
    Ratio::from_fraction(0.8)
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationName {
    /// Needed for a creation only: it is read then.
    Requirement,
    /// Needed as long as the dependant lives: it is read by creations, reads and updates.
    Reliance,
    /// Created and destroyed together, on each site of the dependant.
    Composition,
}

/// That resources of a kind need those of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DependencySpec {
    /// The kind that needs.
    pub dependant: String,
    /// The kind that is needed.
    pub needed: String,
    /// What for.
    pub relation: RelationName,
}

/// Requests a second: of the users of each site, or by site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SiteRatesSpec {
    /// At each site.
    Each(f64),
    /// By site; none at sites that are left out.
    By(BTreeMap<String, f64>),
}

/// Users who ask all the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeoUsersSpec {
    /// Requests a second (Poisson).
    pub rate_per_s: SiteRatesSpec,
    /// When they begin.
    pub from: Duration,
    /// When they stop; at the end of the run if left out.
    pub until: Option<Duration>,
    /// Whether users of a site that is down use the nearest one that is not.
    pub fail_over: bool,
}

impl Default for GeoUsersSpec {
    fn default() -> Self {
        GeoUsersSpec {
            rate_per_s: SiteRatesSpec::Each(0.0),
            from: Duration::default(),
            until: None,
            fail_over: false,
        }
    }
}

/// A request at a given time: one of `create`, `read`, `update` and `delete`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoRequestSpec {
    /// When.
    pub at: Duration,
    /// At which site.
    pub site: String,
    /// Creates a resource of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<String>,
    /// The name by which later requests know what is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Reads what an earlier request has created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Updates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<String>,
    /// Deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<String>,
    /// Its scope; that of the kind if left out. Of a read, update or deletion it says where the resource is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// A site that is taken out of service for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteRemovalSpec {
    /// When.
    pub at: Duration,
    /// Which.
    pub site: String,
}

/// One way that messages do not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailCutSpec {
    /// The sites whose messages do not pass.
    pub from: Names,
    /// The sites that they do not reach.
    pub to: Names,
    /// When.
    pub outages: Vec<Outage>,
}

/// The agents of the sites and their mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeoAgentsSpec {
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
    /// Where messages do not pass at times, in one direction: what is left of a `network_partition` of `dynamics`, which cuts both.
    pub cuts: Vec<MailCutSpec>,
    /// Time that an agent takes for a request of another site.
    pub handling_time: Duration,
    /// Time for which an agent waits for the answer of another site until it asks again.
    pub timeout: Duration,
    /// How often it asks again.
    pub retries: u32,
    /// Time between signs of life to the sites that it knows, which measure latencies, too.
    pub heartbeat: Duration,
    /// A site that has not been heard for so long counts as unavailable.
    pub unavailable_after: Duration,
    /// So many nearest sites are heard from the start, beside those with which replicas are shared.
    pub neighbours: u32,
    /// Each time this has passed, what they remember of the users' demand is halved.
    pub demand_epoch: Duration,
}

impl Default for GeoAgentsSpec {
    fn default() -> Self {
        GeoAgentsSpec {
            carried_by: CarriedByName::default(),
            loss: Ratio::default(),
            doubled: Ratio::default(),
            late: Ratio::default(),
            late_by: Draw::Constant(Duration::from_secs(1.0)),
            cuts: Vec::new(),
            handling_time: Duration::default(),
            timeout: Duration::from_secs(1.0),
            retries: 1,
            heartbeat: Duration::from_secs(1.0),
            unavailable_after: Duration::from_secs(3.0),
            neighbours: 3,
            demand_epoch: Duration::from_secs(3600.0),
        }
    }
}

/// How replicas agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeoReplicasSpec {
    /// Who stands for leader first.
    pub leader: LeaderRule,
    /// Time between signs of life of a leader while something is to be done.
    pub heartbeat: Duration,
    /// A follower that hears no leader for a time drawn between this and twice this stands for leader. Ten round trips between
    /// members are a sound least value.
    pub election: Duration,
    /// Time after which what was not answered is sent again.
    pub retry: Duration,
    /// How long a site waits for replicas to agree before it gives up.
    pub timeout: Duration,
    /// Whether groups in which nothing is to be done rest, and leave it to the agents to see who is down.
    pub quiet: bool,
    /// Entries of a log that are kept for members that lag; one that lags more gets the whole state.
    #[schemars(range(min = 1))]
    pub keep_entries: u32,
}

impl Default for GeoReplicasSpec {
    fn default() -> Self {
        GeoReplicasSpec {
            leader: LeaderRule::Creator,
            heartbeat: Duration::from_secs(0.2),
            election: Duration::from_secs(1.0),
            retry: Duration::from_secs(1.0),
            timeout: Duration::from_secs(5.0),
            quiet: true,
            keep_entries: 1024,
        }
    }
}

/// Users of an application whose whole instance runs on each site, and whose sites collaborate where the scope of a request
/// asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoSpec {
    /// Name of the workload.
    #[serde(default = "default_name")]
    #[schemars(length(min = 1))]
    pub name: String,
    /// The nodes of the sites, which scopes name by the names of the nodes.
    pub sites: Names,
    /// Services that scopes may name beside those of the kinds.
    #[serde(default)]
    pub services: Vec<String>,
    /// Kinds of resources.
    #[schemars(length(min = 1))]
    pub kinds: Vec<ResourceKindSpec>,
    /// What kinds need of each other.
    #[serde(default)]
    pub dependencies: Vec<DependencySpec>,
    /// Users who ask all the time.
    #[serde(default)]
    pub users: GeoUsersSpec,
    /// Requests at given times.
    #[serde(default)]
    pub requests: Vec<GeoRequestSpec>,
    /// Sites that are taken out of service for good.
    #[serde(default)]
    pub removals: Vec<SiteRemovalSpec>,
    /// The agents of the sites.
    #[serde(default)]
    pub agents: GeoAgentsSpec,
    /// How replicas agree.
    #[serde(default)]
    pub replicas: GeoReplicasSpec,
}

fn default_name() -> String {
    "geo".into()
}
