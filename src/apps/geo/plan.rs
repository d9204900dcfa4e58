//! What a workload of geo-distributed resources is to do.

use crate::apps::agents::AgentOptions;
use crate::engine::{SimDuration, SimTime};
use crate::infra::NodeId;
use crate::replication::{GroupOptions, Mode};
use crate::scope::{Catalogue, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// A new one is made.
    Create,
    /// It is looked at.
    Read,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

impl Access {
    /// All, in the order of tables and mixes.
    pub const ALL: [Access; 4] = [Access::Create, Access::Read, Access::Update, Access::Delete];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Access::Create => "create",
            Access::Read => "read",
            Access::Update => "update",
            Access::Delete => "delete",
        }
    }
}

/// What a read of a replica sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadRule {
    /// What the replica has executed, which may be behind the others.
    #[default]
    Local,
    /// All that was acknowledged before: the leader answers, once a majority has confirmed that it leads.
    Linearisable,
}

/// Who stands for leader first in a new group of replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeaderRule {
    /// The first site of the scope.
    FirstSite,
    /// The site at which the first resource is created.
    #[default]
    Creator,
    /// The site whose round trips to the users, by the requests that each site's users make, are the shortest on average.
    NearestUsers,
}

/// A call of a service that an operation causes where it is executed, after its own work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowCall {
    /// Which operations cause it, in the order of [`Access::ALL`].
    pub on: [bool; 4],
    /// The kind of resource that it is about, by index in the catalogue.
    pub kind: u16,
    /// What it does with it.
    pub access: Access,
    /// Whether it is executed where its cause is, whatever the scope says: parts of a composition.
    pub is_local: bool,
}

/// A kind of resource beside what the [`Catalogue`] says of it, by the same index.
#[derive(Clone, Debug)]
pub struct KindPlan {
    /// How replicas are kept equal.
    pub mode: Mode,
    /// What reads of replicas see.
    pub reads: ReadRule,
    /// Bytes of a request.
    pub request_bytes: f64,
    /// Bytes of a response.
    pub response_bytes: f64,
    /// Million instructions of each operation at a site, in the order of [`Access::ALL`].
    pub work_mi: [f64; 4],
    /// Calls that operations cause, those of dependencies among them.
    pub calls: Vec<WorkflowCall>,
    /// Share of the users' requests, relative to those of the other kinds.
    pub share: f64,
    /// Shares of the operations, relative to each other, in the order of [`Access::ALL`].
    pub mix: [f64; 4],
    /// The scope that its requests carry, by index in [`GeoPlan::scopes`].
    pub scope: Option<u16>,
    /// Resources that are there from the start, homes drawn by the sites' rates.
    pub initial: u32,
    /// Exponent of Zipf's law by which users choose resources; 0 for all alike.
    pub zipf: f64,
    /// Probability that a user chooses among resources that were created at the user's own site.
    pub locality: f64,
}

/// A scope as it was written.
#[derive(Clone, Debug)]
pub struct ScopePlan {
    /// The expression.
    pub scope: Scope,
    /// Whether its sites depend on latencies, so that it is resolved anew as these become known.
    pub has_radius: bool,
}

/// Who asks for what, when.
#[derive(Clone, Debug)]
pub struct UserPlan {
    /// Requests a second of the users of each site.
    pub rate_per_s: Vec<f64>,
    /// When they begin.
    pub from: SimTime,
    /// When they stop.
    pub until: SimTime,
    /// Whether users of a site that is down use the nearest one that is not.
    pub fail_over: bool,
}

/// A request that is made at a given time.
#[derive(Clone, Debug)]
pub struct ListedRequest {
    /// When.
    pub at: SimTime,
    /// At which site, by index.
    pub site: u32,
    /// What is done.
    pub access: Access,
    /// With a resource of which kind.
    pub kind: u16,
    /// Which resource: the listed request that creates it, by index; none of creations.
    pub of: Option<u32>,
    /// With which scope; that of the kind if `None`.
    pub scope: Option<u16>,
}

/// A site that is taken out of service for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// When.
    pub at: SimTime,
    /// Which, by index.
    pub site: u32,
}

/// A workload of geo-distributed resources.
#[derive(Clone, Debug)]
pub struct GeoPlan {
    /// The nodes of the sites.
    pub sites: Vec<NodeId>,
    /// Their names, as scopes name them.
    pub names: Vec<String>,
    /// The kinds of resources and what they need of each other.
    pub catalogue: Catalogue,
    /// The rest of what is known of the kinds.
    pub kinds: Vec<KindPlan>,
    /// Scopes that requests carry.
    pub scopes: Vec<ScopePlan>,
    /// Users.
    pub users: UserPlan,
    /// Requests at given times.
    pub requests: Vec<ListedRequest>,
    /// Sites that are taken out of service.
    pub removals: Vec<Removal>,
    /// Rules for the agents and their mail; their name is that of the workload.
    pub agents: AgentOptions,
    /// Time between signs of life of agents to those that they know.
    pub heartbeat: SimDuration,
    /// A site that has not been heard for so long counts as unavailable.
    pub unavailable_after: SimDuration,
    /// So many nearest sites are heard from the start, beside those with which replicas are shared.
    pub neighbours: usize,
    /// Rules for groups of replicas.
    pub group: GroupOptions,
    /// Who leads first.
    pub leader: LeaderRule,
    /// How long a site waits for replicas to agree before it gives up.
    pub agreement_timeout: SimDuration,
    /// Each time this has passed, what agents remember of the demand of users is halved.
    pub demand_epoch: SimDuration,
}
