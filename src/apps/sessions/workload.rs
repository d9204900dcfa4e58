//! The workload: users, instances and agents, and how they answer the world.

use super::actions::Action;
use super::directory::{ASK_AGAIN, Outage};
use super::instances::{BOOTED, Instance, PULL};
use super::options::SessionOptions;
use super::report::{Ending, Normalisation, Period, Totals};
use super::requests::{ARRIVED, Request};
use super::tables::Registered;
use super::users::{ARRIVE, PRESENCE, User};
use crate::apps::agents::{AgentId, Agents, Behaviour, Body, Mailbox, Stimulus};
use crate::apps::orchestration::{
    AgentLayout, FORCED, LoadShares, NO_SERVICE, OrchestrationRequest, Order, QUERY, QUERY_BYTES, Query,
    ServiceFacts, UserId,
};
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::{ABSENT, Phase, SimTime};
use crate::infra::compute::Job;
use crate::infra::{JobOutcome, LinkId, NodeChange, NodeId, Position, TransferRecord};
use rand::RngExt;
use serde_json::Value;
use slab::Slab;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Timer: an experiment forces something.
const FORCE: u32 = 5;

/// What is left to be done by agents when an event has been handled.
#[derive(Debug)]
pub(super) enum Errand {
    /// A user asks an agent.
    Ask { user: u32, agent: AgentId },
    /// An agent learns of something on its node.
    Wake { agent: AgentId, code: u32, detail: u64 },
    /// An agent has died.
    Forget { agent: AgentId },
}

/// Memory for the facts of users: users, latencies of users, latencies of one of them.
type Scratch = (Vec<u32>, Vec<(u32, f32)>, Vec<f64>);

/// All but the agents.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) options: SessionOptions,
    pub(super) service_facts: Vec<ServiceFacts>,
    pub(super) most_demand: f64,
    /// For each node its place among the platforms, and among the devices.
    pub(super) platform_of_node: Vec<u32>,
    pub(super) device_of_node: Vec<u32>,
    pub(super) users: Vec<User>,
    /// For each user metres by which its place is known wrongly; none if all are known well.
    pub(super) errors: Vec<(f64, f64)>,
    pub(super) requests: Slab<Request>,
    pub(super) next_serial: u32,
    pub(super) instances: Slab<Instance>,
    /// By place: the instance, when there was none, and whether the image is there.
    pub(super) instance_at: Vec<u32>,
    pub(super) outages: Vec<Outage>,
    pub(super) has_image: Vec<bool>,
    pub(super) next_life: u32,
    /// By service.
    pub(super) present: Vec<u32>,
    pub(super) instance_counts: Vec<u32>,
    pub(super) periods: Vec<Period>,
    pub(super) actions: BTreeMap<(AgentId, u64), Action>,
    pub(super) errands: VecDeque<Errand>,
    pub(super) totals: Totals,
    pub(super) normalisation: Normalisation,
    pub(super) ending: Ending,
    pub(super) registered: Option<Registered>,
    pub(super) warm_up_end: SimTime,
    pub(super) sampled: Option<SimTime>,
    /// What agents may see at the instant of their stimulus.
    pub(super) now: SimTime,
    pub(super) load_of: (NodeId, LoadShares),
    /// Kept for their memory.
    pub(super) query_body: Arc<Query>,
    pub(super) orders: Vec<Order>,
    pub(super) scratch: RefCell<Scratch>,
}

/// Users who access services, and the instances that serve them. See the [module](super).
#[derive(Debug)]
pub struct SessionWorkload {
    agents: Agents,
    state: Sessions,
}

fn places(nodes: &[NodeId]) -> Vec<u32> {
    let length = nodes.iter().map(|node| node.index() + 1).max().unwrap_or(0);
    let mut places = vec![ABSENT; length];
    for (place, node) in (0..).zip(nodes) {
        places[node.index()] = place;
    }
    places
}

impl SessionWorkload {
    /// A workload of user sessions. Its name is that of the options of its agents.
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        let services = options.services.len();
        let slots = options.platforms.len() * services;
        let outage = Outage { since: SimTime::ZERO, until: SimTime::MAX };
        let query = Query { user: UserId(0), service: 0, position: Position::default() };
        let state = Sessions {
            service_facts: options.services.iter().map(|service| service.facts.clone()).collect(),
            most_demand: options.demand.most(),
            platform_of_node: places(&options.platforms),
            device_of_node: places(&options.devices),
            users: Vec::new(),
            errors: Vec::new(),
            requests: Slab::new(),
            next_serial: 0,
            instances: Slab::new(),
            instance_at: vec![ABSENT; slots],
            outages: vec![outage; slots],
            has_image: vec![false; slots],
            next_life: 0,
            present: vec![0; services],
            instance_counts: vec![0; services],
            periods: (0..services).map(|_| Period::default()).collect(),
            actions: BTreeMap::new(),
            errands: VecDeque::new(),
            totals: Totals::default(),
            normalisation: Normalisation::default(),
            ending: Ending::default(),
            registered: None,
            warm_up_end: SimTime::ZERO,
            sampled: None,
            now: SimTime::ZERO,
            load_of: (NodeId(u32::MAX), LoadShares::default()),
            query_body: Arc::new(query),
            orders: Vec::new(),
            scratch: RefCell::default(),
            options,
        };
        let agents = Agents::new(state.options.agents.clone(), state.options.plane.kinds.clone());
        SessionWorkload { agents, state }
    }

    /// Does what agents have to do with what has just happened.
    fn settle(&mut self, context: &mut dyn Context) {
        while let Some(errand) = self.state.errands.pop_front() {
            match errand {
                Errand::Ask { user, agent } => {
                    let query = self.state.query(user, context);
                    let (node, tag) = (self.state.users[user as usize].node, self.state.query_tag(user));
                    let body: Body = Arc::new(query);
                    self.agents.ask(node, agent, QUERY, QUERY_BYTES, body, tag, context);
                }
                Errand::Wake { agent, code, detail } => {
                    self.agents.wake(agent, code, detail, &mut self.state, context);
                }
                Errand::Forget { agent } => {
                    context.forget_agent(self.state.options.plane.number, agent);
                    self.state.lose_actions(agent, context);
                }
            }
        }
    }
}

impl Sessions {
    /// Makes the users: which service each accesses, and how well its place is known.
    fn make_users(&mut self, context: &mut dyn Context) {
        let streams = context.streams();
        let name = &self.options.agents.name;
        let [kinds, arrivals, draws] =
            ["users", "arrivals", "requests"].map(|what| format!("{name}/{what}"));
        let total: f64 = self.options.services.iter().map(|service| service.share).sum();
        let count = self.options.devices.len() * self.options.per_node as usize;
        self.users.reserve_exact(count);
        for user in 0..count {
            let number = user as u64;
            let mut random = streams.entity(&kinds, number);
            let mut rest = random.random::<f64>() * total;
            let (radius, angle) = (random.random::<f64>(), random.random::<f64>());
            let services = self.options.services.iter();
            let found = services.map(|service| service.share).position(|share| {
                rest -= share;
                rest < 0.0
            });
            // Rounding may leave nothing; the last one with a share is meant then.
            let last = || self.options.services.iter().rposition(|service| service.share > 0.0);
            let service = found.or_else(last).unwrap_or(0) as u32;
            if self.options.position_error_m > 0.0 {
                // Evenly over the disc.
                let error_m = self.options.position_error_m * radius.sqrt();
                let angle = angle * std::f64::consts::TAU;
                self.errors.push((error_m * angle.cos(), error_m * angle.sin()));
            }
            let node = self.options.devices[user / self.options.per_node as usize];
            let arrivals = streams.entity(&arrivals, number);
            self.users.push(User::new(node, service, arrivals, streams.entity(&draws, number)));
        }
    }

    /// The node of an agent.
    fn node_of_agent(&self, agent: AgentId) -> Option<NodeId> {
        let platform = self.options.platforms.get(agent.index()).copied();
        match self.options.plane.layout {
            AgentLayout::PerPlatformAndCentral { node } => platform.or(Some(node)),
            AgentLayout::None | AgentLayout::PerPlatform => platform,
        }
    }

    /// An experiment forces something: its user is at the instance from now on, whoever has sent it elsewhere.
    fn on_force(&mut self, number: u32, context: &mut dyn Context) {
        let Some(&forced) = self.options.forced.get(number as usize) else { return };
        let now = context.now();
        self.normalisation.disturb(now);
        let Some(slot) = self.slot(forced.node, forced.action.service) else { return };
        if let Some(UserId(user)) = forced.action.user
            && self.users[user as usize].is_present
            && context.infrastructure().node(self.users[user as usize].node).is_available()
        {
            self.choose_service(user, forced.action.service, now);
            self.tell_position(user, context);
            self.tell_address(user, slot, now);
            self.connect(user, slot, now);
            // The answer to what it has asked before would send it back.
            self.users[user as usize].is_asking = false;
            self.go_on_asking(user, context);
        }
        if self.options.plane.layout != AgentLayout::None {
            let agent = AgentId(self.platform_of_node[forced.node.index()]);
            self.errands.push_back(Errand::Wake { agent, code: FORCED, detail: u64::from(number) });
        }
    }

    /// A user who is there accesses this service from now on.
    fn choose_service(&mut self, user: u32, service: u32, now: SimTime) {
        let before = self.users[user as usize].service;
        if before != service {
            self.forget_user(user, now);
            self.users[user as usize].service = service;
            self.present[before as usize] -= 1;
            self.present[service as usize] += 1;
        }
    }

    /// Does what an agent wants and its mail cannot.
    fn carry_out(&mut self, agent: AgentId, node: NodeId, order: &Order, context: &mut dyn Context) {
        match *order {
            Order::Deploy { service } => {
                if let Some(slot) = self.slot(node, service) {
                    self.deploy(slot, context);
                }
            }
            Order::Undeploy { service } => {
                if let Some(slot) = self.slot(node, service) {
                    self.end_instance(slot, context);
                }
            }
            Order::Redirect { service, ref users, to } => {
                let Some(to) = self.slot(to, service) else { return };
                for user in users {
                    self.users[user.index()].redirect = to;
                }
            }
            _ => self.note_action(agent, node, order, context),
        }
    }
}

impl Behaviour for Sessions {
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    ) {
        let Some(node) = self.node_of_agent(agent) else { return };
        let service = match &stimulus {
            Stimulus::Message { kind: QUERY, body, .. } => {
                self.now = context.now();
                body.downcast_ref::<Query>().map_or(NO_SERVICE, |query| query.service)
            }
            _ => {
                self.note_load(node, context);
                NO_SERVICE
            }
        };
        let plane = self.options.plane.number;
        let request = OrchestrationRequest { plane, agent, node, service, stimulus: &stimulus };
        let mut orders = std::mem::take(&mut self.orders);
        context.decide_orchestration(&request, &*self, &mut orders);
        for order in orders.drain(..) {
            if let Some(order) = order.hand_to(mail) {
                self.carry_out(agent, node, &order, context);
            }
        }
        self.orders = orders;
    }

    fn on_answer(&mut self, tag: u64, answer: Option<(u16, Body)>, context: &mut dyn Context) {
        self.on_reply(tag, answer, context);
    }

    fn forget(&mut self, agent: AgentId) {
        self.errands.push_back(Errand::Forget { agent });
    }
}

impl Workload for SessionWorkload {
    fn name(&self) -> &str {
        &self.state.options.agents.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::Orchestration]
    }

    fn start(&mut self, context: &mut dyn Context) {
        let state = &mut self.state;
        state.warm_up_end = context.warm_up_end();
        // Tables of these names and shapes are shared by all workloads of this kind; nothing else can be wrong.
        let _ = state.register(context);
        let layout = state.options.plane.layout;
        state.make_users(context);
        context.begin_orchestration(state.options.plane.number, &*state);
        if layout != AgentLayout::None {
            let _ = self.agents.start(context);
            for place in 0..state.options.platforms.len() {
                self.agents.spawn(state.options.platforms[place], context);
            }
        }
        if let AgentLayout::PerPlatformAndCentral { node } = layout {
            self.agents.spawn(node, context);
        }
        for service in 0..state.options.services.len() {
            for place in 0..state.service_facts[service].instances.len() {
                let node = state.service_facts[service].instances[place];
                if let Some(slot) = state.slot(node, service as u32)
                    && !state.place_given(slot, context)
                {
                    state.totals.not_placed += 1;
                }
            }
        }
        for (number, forced) in (0..).zip(&state.options.forced) {
            let message = Message { code: FORCE, subject: number, detail: 0 };
            context.set_timer(forced.at, Phase::Demand, message);
        }
        state.start_users(context);
        self.settle(context);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        let Message { code, subject, detail } = message;
        match code {
            ARRIVE => self.state.on_arrive(subject, detail, context),
            PRESENCE => self.state.on_presence(subject, context),
            ASK_AGAIN => self.state.on_ask_again(subject, detail, context),
            ARRIVED => self.state.on_arrived(subject, detail, context),
            BOOTED => self.state.booted(subject, detail, context),
            FORCE => self.state.on_force(subject, context),
            _ => {
                self.agents.on_timer(message, &mut self.state, context);
            }
        }
        self.settle(context);
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        if !self.agents.on_job_end(token, outcome, &mut self.state, context) {
            self.state.job_ended(token, outcome, context);
        }
        self.settle(context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        if !self.agents.on_transfer_end(transfer, &mut self.state, context) {
            if transfer.owner.token & PULL != 0 {
                self.state.pulled(transfer, context);
            } else {
                self.state.transfer_ended(transfer, context);
            }
        }
        self.settle(context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        self.agents.on_node_change(node, change, &mut self.state, context);
        let goes = match change {
            NodeChange::Failed | NodeChange::BatteryEmpty | NodeChange::Vanished => true,
            NodeChange::Repaired | NodeChange::BatteryCharged | NodeChange::Appeared => false,
            NodeChange::BatteryLow => return self.settle(context),
        };
        let place = self.state.platform_of_node.get(node.index()).copied().unwrap_or(ABSENT);
        let now = context.now();
        if place != ABSENT && goes {
            self.state.normalisation.disturb(now);
            self.state.platform_gone(place, context);
        } else if place != ABSENT && context.infrastructure().node(node).is_available() {
            self.state.platform_back(place, context);
        }
        if goes {
            for user in self.state.users_on(node) {
                self.state.forget_user(user, now);
            }
        }
        self.settle(context);
    }

    fn on_link_change(&mut self, _: LinkId, up: bool, context: &mut dyn Context) {
        if !up {
            self.state.normalisation.disturb(context.now());
        }
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.state.sample(context);
        if !self.agents.is_empty() {
            self.agents.on_sample(context);
        }
    }

    fn finish(&mut self, context: &mut dyn Context) {
        let now = context.now();
        self.state.sample(context);
        self.state.leave_unfinished(context);
        for user in 0..self.state.users.len() as u32 {
            self.state.end_address(user, now);
            self.state.end_violation(user, now);
        }
        self.state.note_ending(context);
    }

    fn summary(&self) -> Value {
        self.state.summary(&self.agents)
    }
}
