//! Fog assignment user by user, after Swirly.

use super::{Central, CentralParameters, Command, DECIDED, Pending, ROUND_DUE};
use crate::apps::agents::{AgentId, MessageKind, Stimulus};
use crate::apps::orchestration::{
    ActionFeatures, ActionKind, AgentLayout, Answer, Order, Query, ServiceFacts,
};
use crate::engine::SimDuration;
use crate::infra::{NodeId, fibre_latency_s};
use crate::placement::ParameterError;
use crate::placement::orchestration::{ControlPlane, OrchestrationView, PlatformList};
use serde_json::Value;
use std::collections::BTreeMap;

/// How much longer the fibre between two places is than the straight line; ours.
const ROUTE_FACTOR: f64 = 1.5;

/// Each user goes to the nearest instance with room within a limit of the round trip, else to a new one on the nearest
/// platform that can take it; instances without users end. One place decides, when a user asks, and looks at its
/// neighbourhood alone. After the public description of Swirly (Goethals, De Turck and Volckaert, 2020), not its code; round
/// trips are those of fibre one and a half times as long as the distance.
#[derive(Debug)]
pub struct Swirly {
    centre: Central,
    /// In place of the limits of the services.
    limit_s: Option<f64>,
    /// Users that were sent to an instance since its platform has reported.
    sent: BTreeMap<(u32, NodeId), u32>,
}

impl Swirly {
    /// A centre that knows nothing yet; `limit_s` is in place of the limits of the services.
    #[must_use]
    pub fn new(parameters: CentralParameters, limit_s: Option<f64>) -> Self {
        Swirly { centre: Central::new(parameters), limit_s, sent: BTreeMap::new() }
    }

    fn on_query(
        &mut self,
        query: &Query,
        service: &ServiceFacts,
        orders: &mut Vec<Order>,
    ) -> Option<NodeId> {
        let limit_s = self.limit_s.unwrap_or(service.limit_s);
        let number = query.service;
        let is_near =
            |squared_m2: f64| 2.0 * fibre_latency_s(squared_m2.sqrt(), ROUTE_FACTOR) <= limit_s;
        let own = &mut self.centre;
        let known = own.assigned.get(number as usize)?.get(query.user.index()).copied().flatten();
        let hosts = own.hosts.get(number as usize)?;
        let near = hosts.index().by_distance(query.position).take_while(|near| is_near(near.1));
        let chosen = near.map(|near| near.0).find(|&node| {
            let sent = self.sent.get(&(number, node)).copied().unwrap_or(0);
            known == Some(node) || own.room(number, node) > sent
        });
        if let Some(node) = chosen {
            if known != Some(node) {
                *self.sent.entry((number, node)).or_insert(0) += 1;
            }
            own.assign(number, query.user, node);
            return Some(node);
        }
        let needs = service.requirements.amounts();
        let free = own.capable[number as usize]
            .by_distance(query.position)
            .take_while(|near| is_near(near.1))
            .find(|near| own.can_take(number, near.0, &needs));
        if let Some((node, squared_m2)) = free {
            self.make(query, node, squared_m2, limit_s, orders);
        }
        // Until then the nearest, as full or far as it is.
        self.centre.instance_for(query)
    }

    /// Has an instance made for a user, or notes that the user waits for it.
    fn make(
        &mut self,
        query: &Query,
        node: NodeId,
        squared_m2: f64,
        limit_s: f64,
        orders: &mut Vec<Order>,
    ) {
        let own = &mut self.centre;
        let number = query.service;
        if let Some(pending) = own.pending.get_mut(&(number, node)) {
            if !pending.users.contains(&query.user) {
                pending.users.push(query.user);
            }
            return;
        }
        let features = ActionFeatures {
            cluster_distance_m: Some(squared_m2.sqrt()),
            limit_s: Some(limit_s),
            candidates: Some(own.hosts[number as usize].len() as f64),
            ..ActionFeatures::default()
        };
        let cluster = Some((query.position, 1));
        let action = own.open(ActionKind::Replicate, number, cluster, features, orders);
        own.pending.insert((number, node), Pending { action, agreed: None, users: vec![query.user] });
        if let Some(to) = own.list.agent_of(node) {
            own.command(to, Command { service: number, is_wanted: true }, action);
        }
        orders.append(&mut own.decided);
    }

    /// Ends what has no users.
    fn round(&mut self, view: &OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let own = &mut self.centre;
        own.rounds += 1;
        own.bury(view.now());
        let mut platforms = 0_u64;
        for place in 0..own.known.len() {
            let Some(report) = own.known[place].report.clone() else { continue };
            platforms += 1;
            let node = own.list.platforms()[place].node;
            for instance in report.instances.iter().filter(|instance| instance.facts.is_ready) {
                if own.is_idle(instance, node, view.now()) {
                    own.terminate(AgentId(place as u32), instance.service, orders);
                }
            }
        }
        let time_s = own.parameters.decision_time.as_secs()
            + own.parameters.per_node_time.as_secs() * platforms as f64;
        own.busy_s += time_s;
        orders.push(Order::Busy { time: SimDuration::from_secs(time_s) });
        orders.push(Order::Timer { after: SimDuration::ZERO, code: DECIDED, detail: 0 });
    }
}

impl ControlPlane for Swirly {
    fn kinds(&self) -> Vec<MessageKind> {
        self.centre.kinds()
    }

    fn layout(&self) -> AgentLayout {
        self.centre.layout()
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.centre.check()
    }

    fn begin(&mut self, list: &PlatformList, services: &[ServiceFacts]) {
        self.centre.begin(list, services);
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        if view.agent() != self.centre.centre {
            return self.centre.on(view, orders);
        }
        if let Stimulus::Timer { code: ROUND_DUE, .. } = view.stimulus() {
            return self.round(view, orders);
        }
        let query = view.query();
        let service = query.and_then(|query| view.services().get(query.service as usize));
        let Some((query, service)) = query.zip(service) else {
            if let Stimulus::Message { from, .. } = view.stimulus()
                && let Some(node) = self.centre.list.node_of(*from)
            {
                // It is a report, which has all that were sent there.
                self.sent.retain(|own, _| own.1 != node);
            }
            return self.centre.on(view, orders);
        };
        if self.centre.is_blind(view.now()) {
            return;
        }
        let instance = self.on_query(&query, service, orders);
        orders.extend(Order::answer(view.stimulus(), Answer { instance }));
    }

    fn directory(&self, service: u32, attempt: u32) -> Option<AgentId> {
        self.centre.directory(service, attempt)
    }

    fn forget(&mut self, agent: AgentId) {
        if agent == self.centre.centre {
            self.sent.clear();
        }
        self.centre.forget(agent);
    }

    fn summary(&self) -> Value {
        self.centre.summary()
    }
}
