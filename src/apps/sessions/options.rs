//! What a workload of user sessions goes by.

use super::demand::Demand;
use super::service::SessionService;
use crate::apps::agents::{AgentOptions, CarriedBy};
use crate::apps::orchestration::{Forced, PlaneHandle};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::NodeId;

/// How long users are there, and away, in turn.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Seconds for which a user is there.
    pub active_s: Distribution,
    /// Seconds for which it is away.
    pub idle_s: Distribution,
}

/// Something that an experiment forces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForcedAction {
    /// When.
    pub at: SimTime,
    /// The node of the instance.
    pub node: NodeId,
    /// What.
    pub action: Forced,
}

/// What a workload of user sessions goes by.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Nodes that instances may be on; each has an agent if the control plane has any.
    pub platforms: Vec<NodeId>,
    /// Nodes that users are on.
    pub devices: Vec<NodeId>,
    /// Users on each of them.
    pub per_node: u32,
    /// The services, at least one.
    pub services: Vec<SessionService>,
    /// Where images are pulled from; they are everywhere already if `None`.
    pub registry: Option<NodeId>,
    /// Seconds between the requests of a user where the demand is greatest.
    pub interval_s: Distribution,
    /// How that goes with places and hours.
    pub demand: Demand,
    /// How long users are there; always if `None`.
    pub presence: Option<Presence>,
    /// Time after which a user asks again for an instance.
    pub ask_again: SimDuration,
    /// Metres by which what is known of the place of a user may be wrong.
    pub position_error_m: f64,
    /// Whether instances may tell their users with responses to go elsewhere.
    pub redirects_at_once: bool,
    /// What carries requests and responses.
    pub requests_by: CarriedBy,
    /// What an experiment forces.
    pub forced: Vec<ForcedAction>,
    /// Rules for the agents; their name is that of the workload.
    pub agents: AgentOptions,
    /// The control plane.
    pub plane: PlaneHandle,
}
