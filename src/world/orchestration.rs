//! The decision point about services that agents orchestrate: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{
    ANSWER, ActionEnd, AgentLayout, FIRST_TOLD_CODE, NO_SERVICE, OrchestrationFacts,
    OrchestrationRequest, Order, PlaneHandle,
};
use crate::apps::{DecisionEnd, DecisionId, DecisionPoint};
use crate::engine::{EntityStream, RandomStreams, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::{Infrastructure, NodeId, Position};
use crate::placement::orchestration::{ControlPlane, OrchestrationView, PlatformList, Senses, features};
use crate::records::{Records, Symbol};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A control plane, and what it needs from call to call.
#[derive(Debug)]
pub(super) struct Planner {
    pub(super) plane: Box<dyn ControlPlane>,
    name: Symbol,
    layout: AgentLayout,
    kinds: u16,
    list: PlatformList,
    stream: String,
    /// For each agent; that of nobody is the first.
    randoms: Vec<Option<EntityStream>>,
    /// Actions that have not ended, with their decisions if these are recorded.
    open: BTreeMap<(AgentId, u64), Option<DecisionId>>,
}

/// The control planes by number.
#[derive(Debug)]
pub(super) struct Orchestration {
    pub(super) planners: Vec<Planner>,
    /// By their numbers; none without planes.
    ends: Vec<Symbol>,
}

impl Orchestration {
    pub(super) fn new(
        planes: Vec<(PlaneHandle, Box<dyn ControlPlane>)>,
        records: &mut dyn Records,
    ) -> Self {
        let ends = if planes.is_empty() { &[][..] } else { &ActionEnd::ALL };
        let ends = ends.iter().map(|end| records.symbol(end.name())).collect();
        let planners = planes.into_iter().map(|(handle, plane)| Planner {
            plane,
            name: records.symbol(&handle.name),
            layout: handle.layout,
            kinds: handle.kinds.len() as u16,
            list: PlatformList::default(),
            stream: format!("policy/orchestration/{}", handle.number),
            randoms: Vec::new(),
            open: BTreeMap::new(),
        });
        Orchestration { planners: planners.collect(), ends }
    }
}

/// What an agent finds out of the world by itself.
struct NodeSenses<'a> {
    infrastructure: &'a mut Infrastructure,
    node: NodeId,
    now: SimTime,
}

impl Senses for NodeSenses<'_> {
    fn position(&self) -> Position {
        self.infrastructure.position(self.node, self.now)
    }

    fn residual(&self, asset: AssetId) -> f64 {
        self.infrastructure.assets().residual(self.node, asset)
    }

    fn round_trip_s(&mut self, to: NodeId) -> Option<f64> {
        let there_s = self.infrastructure.latency_s(self.node, to)?;
        Some(there_s + self.infrastructure.latency_s(to, self.node)?)
    }
}

/// Tells a control plane what all its agents know from the start.
pub(super) fn begin(core: &mut Core, now: SimTime, plane: u32, facts: &dyn OrchestrationFacts) {
    let Some(planner) = core.orchestration.planners.get_mut(plane as usize) else { return };
    let centre = match planner.layout {
        AgentLayout::PerPlatformAndCentral { node } => Some(node),
        AgentLayout::None | AgentLayout::PerPlatform => None,
    };
    let list = PlatformList::of(&core.infrastructure, facts.platforms(), centre, now);
    planner.list = if planner.layout == AgentLayout::None { list.without_agents() } else { list };
    planner.plane.begin(&planner.list, facts.services());
}

/// Asks a control plane what an agent does, and leaves those of its orders that can be.
pub(super) fn decide(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &OrchestrationRequest<'_>,
    facts: &dyn OrchestrationFacts,
    orders: &mut Vec<Order>,
) {
    let streams = core.streams;
    let first = orders.len();
    let Some(planner) = core.orchestration.planners.get_mut(request.plane as usize) else { return };
    let random = random_of(&mut planner.randoms, streams, &planner.stream, request.agent);
    let mut senses = NodeSenses { infrastructure: &mut core.infrastructure, node: request.node, now };
    let mut view = OrchestrationView::new(now, request, facts, &planner.list, &mut senses, random);
    planner.plane.on(&mut view, orders);
    if orders.len() == first {
        return;
    }
    let ordered: SmallVec<[Order; 8]> = orders.drain(first..).collect();
    let mut made = Instances { request, facts, changed: SmallVec::new() };
    for order in ordered {
        let is_done = is_possible(&core.orchestration, request, facts, &order)
            && made.allows(&order)
            && note(core, now, workload, request, &order);
        if is_done {
            orders.push(order);
        } else {
            core.counts.refused_decisions += 1;
        }
    }
}

/// The random numbers of an agent.
fn random_of<'a>(
    randoms: &'a mut Vec<Option<EntityStream>>,
    streams: RandomStreams,
    name: &str,
    agent: AgentId,
) -> &'a mut EntityStream {
    // Nobody, whose number is the greatest, comes first.
    let place = agent.0.wrapping_add(1) as usize;
    if randoms.len() <= place {
        randoms.resize(place + 1, None);
    }
    randoms[place].get_or_insert_with(|| streams.entity(name, u64::from(agent.0)))
}

/// Whether an order has a form that can be carried out: whom and what it names is there.
fn is_possible(
    orchestration: &Orchestration,
    request: &OrchestrationRequest<'_>,
    facts: &dyn OrchestrationFacts,
    order: &Order,
) -> bool {
    let Some(planner) = orchestration.planners.get(request.plane as usize) else { return false };
    let list = &planner.list;
    if request.agent == AgentId::NOBODY {
        // Without agents there is nobody who could do more than to answer.
        return matches!(order, Order::Send { to: AgentId::NOBODY, kind: ANSWER, .. });
    }
    let is_message = |kind: u16, bytes: f64| kind < planner.kinds && bytes.is_finite() && bytes >= 0.0;
    let is_service = |service: u32| (service as usize) < facts.services().len();
    match order {
        Order::Send { to, kind, bytes, .. } | Order::Request { to, kind, bytes, .. } => {
            is_message(*kind, *bytes) && list.node_of(*to).is_some()
        }
        Order::Reply { kind, bytes, .. } => is_message(*kind, *bytes),
        Order::Timer { code, .. } => *code < FIRST_TOLD_CODE,
        Order::Busy { .. } => true,
        Order::Deploy { service } => {
            let service = facts.services().get(*service as usize);
            let own = list.get(request.node).zip(service);
            own.is_some_and(|(own, service)| own.is_capable(&service.requirements))
        }
        Order::Undeploy { service } => is_service(*service),
        Order::Redirect { service, users, to } => {
            if !facts.redirects_at_once() || !is_service(*service) || list.get(*to).is_none() {
                return false;
            }
            let mut served = Vec::new();
            facts.users_of(request.node, *service, &mut served);
            let mut served: Vec<_> = served.into_iter().map(|own| own.user).collect();
            served.sort_unstable();
            users.iter().all(|user| served.binary_search(user).is_ok())
        }
        Order::Open { action, service, .. } => {
            (*service == NO_SERVICE || is_service(*service))
                && !planner.open.contains_key(&(request.agent, *action))
        }
        Order::Phase { action, .. } => planner.open.contains_key(&(request.agent, *action)),
        Order::Close { action, target, .. } => {
            planner.open.contains_key(&(request.agent, *action))
                && target.is_none_or(|target| list.get(target).is_some())
        }
    }
}

/// Which instances there are on the agent's node, as far as the orders so far change that.
struct Instances<'a> {
    request: &'a OrchestrationRequest<'a>,
    facts: &'a dyn OrchestrationFacts,
    changed: SmallVec<[(u32, bool); 2]>,
}

impl Instances<'_> {
    fn is_hosted(&self, service: u32) -> bool {
        let changed = self.changed.iter().rev().find(|own| own.0 == service);
        changed.map_or_else(
            || self.facts.hosted(self.request.node, service).is_some(),
            |&(_, is_hosted)| is_hosted,
        )
    }

    /// Whether an instance that is wanted is not there yet, and one that is to end is there.
    fn allows(&mut self, order: &Order) -> bool {
        let (service, is_wanted) = match *order {
            Order::Deploy { service } => (service, true),
            Order::Undeploy { service } => (service, false),
            _ => return true,
        };
        let allowed = self.is_hosted(service) != is_wanted;
        if allowed {
            self.changed.push((service, is_wanted));
        }
        allowed
    }
}

/// Keeps and records the beginning and the end of actions. Whether that could be done.
fn note(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &OrchestrationRequest<'_>,
    order: &Order,
) -> bool {
    match order {
        Order::Open { action, kind, cluster, features: seen, .. } => {
            core.decisions.count();
            let planner = &mut core.orchestration.planners[request.plane as usize];
            let decision = core.decisions.enabled(DecisionPoint::Orchestration).then(|| {
                let made = Made {
                    time: now,
                    point: DecisionPoint::Orchestration,
                    workload: core.workload_symbols.get(usize::from(workload)).copied(),
                    policy: Some(planner.name),
                    subject: u64::from(request.agent.0),
                    device: Some(request.node),
                    choice: None,
                };
                let seen = features(*kind, cluster.map(|own| own.1), seen);
                core.decisions.add(made, None, Some(&seen))
            });
            planner.open.insert((request.agent, *action), decision);
            true
        }
        Order::Close { action, end, target } => {
            let planner = &mut core.orchestration.planners[request.plane as usize];
            let Some(decision) = planner.open.remove(&(request.agent, *action)) else { return false };
            resolve(core, now, decision, *end, *target);
            true
        }
        _ => true,
    }
}

fn resolve(
    core: &mut Core,
    now: SimTime,
    decision: Option<DecisionId>,
    end: ActionEnd,
    target: Option<NodeId>,
) {
    let Some(decision) = decision else { return };
    core.decisions.choose(decision, target);
    let reward = if end == ActionEnd::Done { 1.0 } else { 0.0 };
    let Some(&name) = core.orchestration.ends.get(end as usize) else { return };
    let end = DecisionEnd::scored(name, reward);
    core.decisions.resolve(&mut *core.records, &core.node_symbols, now, decision, end);
}

/// An agent has died: what it knew, and what it was about to do, is lost.
pub(super) fn forget(core: &mut Core, now: SimTime, plane: u32, agent: AgentId) {
    let Some(planner) = core.orchestration.planners.get_mut(plane as usize) else { return };
    planner.plane.forget(agent);
    let own = planner.open.range((agent, 0)..=(agent, u64::MAX));
    let lost: SmallVec<[(u64, Option<DecisionId>); 4]> =
        own.map(|(&(_, action), &decision)| (action, decision)).collect();
    for &(action, _) in &lost {
        planner.open.remove(&(agent, action));
    }
    for (_, decision) in lost {
        resolve(core, now, decision, ActionEnd::Lost, None);
    }
}
