//! What an agent sees.

use crate::apps::agents::{AgentId, Stimulus};
use crate::apps::orchestration::{
    FORCED, Forced, INSTANCE_ASSETS, InstanceFacts, LoadShares, OrchestrationFacts,
    OrchestrationRequest, QUERY, Query, ServiceFacts, ServiceRequirements, UserFacts,
};
use crate::engine::{EntityStream, SimTime};
use crate::infra::assets::{AssetId, Label};
use crate::infra::{Infrastructure, NodeId, Position};
use rustc_hash::FxHashMap;
use std::fmt;

/// A platform in the list that all agents have.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// Its node.
    pub node: NodeId,
    /// Where it was at the start.
    pub position: Position,
    /// Its CPU architecture.
    pub architecture: Label,
    /// What it offered at the start of each of the
    /// [`INSTANCE_ASSETS`](crate::apps::orchestration::INSTANCE_ASSETS).
    pub offers: [f64; 4],
}

impl Platform {
    /// Whether it could hold an instance that needs this, if nothing else were on it.
    #[must_use]
    pub fn is_capable(&self, needs: &ServiceRequirements) -> bool {
        let amounts = needs.amounts();
        needs.runs_on(&self.architecture)
            && amounts.iter().zip(self.offers).all(|(need, offer)| *need <= offer)
    }
}

/// The list of all platforms, as it was made at the start: each agent has a copy. The agent of the platform at place `i`
/// is number `i`; that of the centre, if there is one, comes after them.
#[derive(Clone, Debug, Default)]
pub struct PlatformList {
    platforms: Vec<Platform>,
    places: FxHashMap<NodeId, u32>,
    centre: Option<NodeId>,
    has_agents: bool,
}

impl PlatformList {
    /// A list of these platforms, each with an agent, and with the centre on this node if there is one.
    #[must_use]
    pub fn new(platforms: Vec<Platform>, centre: Option<NodeId>) -> Self {
        let places = (0..).zip(&platforms).map(|(place, own)| (own.node, place)).collect();
        PlatformList { platforms, places, centre, has_agents: true }
    }

    /// The same without agents.
    #[must_use]
    pub fn without_agents(self) -> Self {
        PlatformList { centre: None, has_agents: false, ..self }
    }

    /// As an infrastructure has these nodes at this instant.
    pub(crate) fn of(
        infrastructure: &Infrastructure,
        nodes: &[NodeId],
        centre: Option<NodeId>,
        now: SimTime,
    ) -> Self {
        let assets = infrastructure.assets();
        let platform = |&node: &NodeId| Platform {
            node,
            position: infrastructure.position(node, now),
            architecture: infrastructure.class_of(node).architecture.clone(),
            offers: INSTANCE_ASSETS.map(|asset| assets.base(node, asset)),
        };
        PlatformList::new(nodes.iter().map(platform).collect(), centre)
    }

    /// The platforms, in order.
    #[must_use]
    pub fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// The place of a node in the list; `None` if it is no platform.
    #[must_use]
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.places.get(&node).map(|&place| place as usize)
    }

    /// The entry of a node; `None` if it is no platform.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Platform> {
        self.platforms.get(self.place(node)?)
    }

    /// The agent of a platform.
    #[must_use]
    pub fn agent_of(&self, node: NodeId) -> Option<AgentId> {
        self.place(node).filter(|_| self.has_agents).map(|place| AgentId(place as u32))
    }

    /// The agent of the centre.
    #[must_use]
    pub fn centre(&self) -> Option<AgentId> {
        self.centre.map(|_| AgentId(self.platforms.len() as u32))
    }

    /// The node of an agent.
    #[must_use]
    pub fn node_of(&self, agent: AgentId) -> Option<NodeId> {
        let platform = self.platforms.get(agent.index()).filter(|_| self.has_agents);
        match platform {
            Some(platform) => Some(platform.node),
            None => self.centre.filter(|_| self.centre() == Some(agent)),
        }
    }
}

/// What an agent can find out of the world by itself.
pub trait Senses {
    /// Where its node is now.
    fn position(&self) -> Position;

    /// What is left of an asset of its node.
    fn residual(&self, asset: AssetId) -> f64;

    /// Seconds to another node and back, as an empty message would take now; `None` if there is no way.
    fn round_trip_s(&mut self, to: NodeId) -> Option<f64>;
}

/// What an agent sees: its own node, the stimulus, and what all know from the start. Nothing of other nodes.
pub struct OrchestrationView<'a> {
    now: SimTime,
    request: &'a OrchestrationRequest<'a>,
    facts: &'a dyn OrchestrationFacts,
    list: &'a PlatformList,
    senses: &'a mut dyn Senses,
    random: &'a mut EntityStream,
}

impl fmt::Debug for OrchestrationView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrchestrationView")
            .field("now", &self.now)
            .field("request", self.request)
            .finish()
    }
}

impl<'a> OrchestrationView<'a> {
    /// A view for the agent of a request.
    pub fn new(
        now: SimTime,
        request: &'a OrchestrationRequest<'a>,
        facts: &'a dyn OrchestrationFacts,
        list: &'a PlatformList,
        senses: &'a mut dyn Senses,
        random: &'a mut EntityStream,
    ) -> Self {
        OrchestrationView { now, request, facts, list, senses, random }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The agent; [`AgentId::NOBODY`] if the plane has none.
    #[must_use]
    pub fn agent(&self) -> AgentId {
        self.request.agent
    }

    /// Its node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.request.node
    }

    /// Where its node is now.
    #[must_use]
    pub fn position(&self) -> Position {
        self.senses.position()
    }

    /// What has happened.
    #[must_use]
    pub fn stimulus(&self) -> &'a Stimulus {
        self.request.stimulus
    }

    /// What a user asks, if the stimulus is a query.
    #[must_use]
    pub fn query(&self) -> Option<Query> {
        match self.request.stimulus {
            Stimulus::Message { kind: QUERY, body, .. } => body.downcast_ref().copied(),
            _ => None,
        }
    }

    /// What is forced, if the stimulus is that of an experiment.
    #[must_use]
    pub fn forced(&self) -> Option<Forced> {
        match *self.request.stimulus {
            Stimulus::Timer { code: FORCED, detail } => self.facts.forced(detail),
            _ => None,
        }
    }

    /// The list of platforms.
    #[must_use]
    pub fn list(&self) -> &'a PlatformList {
        self.list
    }

    /// The services, by number.
    #[must_use]
    pub fn services(&self) -> &'a [ServiceFacts] {
        self.facts.services()
    }

    /// Whether a platform could hold an instance of a service, if nothing else were on it.
    #[must_use]
    pub fn is_capable(&self, platform: NodeId, service: u32) -> bool {
        let (platform, service) = (self.list.get(platform), self.services().get(service as usize));
        platform.zip(service).is_some_and(|(own, service)| own.is_capable(&service.requirements))
    }

    /// Seconds to a platform and back, as an empty message would take now; `None` if there is no way.
    pub fn round_trip_s(&mut self, to: NodeId) -> Option<f64> {
        self.senses.round_trip_s(to)
    }

    /// The instance of a service on the agent's own node.
    #[must_use]
    pub fn hosted(&self, service: u32) -> Option<InstanceFacts> {
        self.facts.hosted(self.request.node, service)
    }

    /// The users whom the instance of a service on the agent's own node serves.
    pub fn users(&self, service: u32, out: &mut Vec<UserFacts>) {
        out.clear();
        self.facts.users_of(self.request.node, service, out);
    }

    /// How much of what it has the agent's own node uses.
    #[must_use]
    pub fn load(&self) -> LoadShares {
        self.facts.load_of(self.request.node)
    }

    /// What is left of an asset of the agent's own node.
    #[must_use]
    pub fn residual(&self, asset: AssetId) -> f64 {
        self.senses.residual(asset)
    }

    /// What is left of each of the [`INSTANCE_ASSETS`](crate::apps::orchestration::INSTANCE_ASSETS) of the agent's own
    /// node.
    #[must_use]
    pub fn residuals(&self) -> [f64; 4] {
        INSTANCE_ASSETS.map(|asset| self.residual(asset))
    }

    /// Whether instances may [redirect](crate::apps::orchestration::Order::Redirect) their users at once.
    #[must_use]
    pub fn redirects_at_once(&self) -> bool {
        self.facts.redirects_at_once()
    }

    /// The random numbers of this agent.
    pub fn random(&mut self) -> &mut EntityStream {
        self.random
    }
}
