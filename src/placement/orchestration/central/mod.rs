//! One centre for all: platforms report to it, and it decides, as an orchestrator of containers does.

mod hosts;
mod round;
mod swirly;
#[cfg(test)]
mod tests;

pub use swirly::Swirly;

use super::{ControlPlane, OrchestrationView, PlaceIndex, Platform, PlatformList};
use crate::apps::agents::{AgentId, Handling, MessageKind, RequestId, Stimulus};
use crate::apps::orchestration::{
    ActionEnd, ActionPhase, AgentLayout, Answer, DEPLOY_REFUSED, DEPLOYED, FIRST_OWN_KIND,
    InstanceFacts, LoadShares, Order, Query, ServiceFacts, UserFacts, UserId,
};
use crate::engine::{SimDuration, SimTime};
use crate::infra::{NodeId, Position};
use crate::placement::ParameterError;
use hosts::Hosts;
use rand::RngExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A platform tells the centre how it is.
const REPORT: u16 = FIRST_OWN_KIND;
/// The centre has a platform make or end an instance.
const COMMAND: u16 = FIRST_OWN_KIND + 1;
/// Whether the platform does it.
const CONSENT: u16 = FIRST_OWN_KIND + 2;

/// Bytes of a report without users, of a command, and of the answer to it; ours.
const MESSAGE_BYTES: f64 = 64.0;
/// Bytes of a report for each user; ours.
const USER_BYTES: f64 = 32.0;

/// Reports in a row that must be missing until a platform counts as dead.
const MISSING_REPORTS: u64 = 3;

/// Timer of a platform: a report is due.
const REPORT_DUE: u32 = 0;
/// Timer of the centre: it decides.
const ROUND_DUE: u32 = 1;
/// Timer of the centre: it has decided.
const DECIDED: u32 = 2;

/// What a central control plane goes by.
#[derive(Clone, Debug)]
pub struct CentralParameters {
    /// Where the centre is.
    pub node: NodeId,
    /// Time between the reports of a platform, and between the rounds of the centre.
    pub report: SimDuration,
    /// What a round takes.
    pub decision_time: SimDuration,
    /// What it takes more for each platform that has reported.
    pub per_node_time: SimDuration,
    /// What it takes more for each user of these.
    pub per_user_time: SimDuration,
    /// Platforms, in the order of the list, that the centre can have; the others neither report nor are used.
    pub node_limit: u32,
    /// Metres from the mean position of a group of badly served users within which one more belongs to it.
    pub cluster_radius_m: f64,
    /// Loads above which users are to leave an instance.
    pub load_bounds: LoadShares,
    /// Time without any access after which an instance ends.
    pub idle: SimDuration,
}

/// What a platform tells of an instance.
#[derive(Clone, Debug)]
struct Reported {
    service: u32,
    facts: InstanceFacts,
    users: Vec<UserFacts>,
}

/// What a platform tells of itself.
#[derive(Clone, Debug)]
struct Report {
    at: SimTime,
    load: LoadShares,
    free: [f64; 4],
    instances: Vec<Reported>,
    /// The service of an instance that it could not make.
    refused: Option<u32>,
}

/// What the centre wants of a platform.
#[derive(Clone, Copy, Debug)]
struct Command {
    service: u32,
    is_wanted: bool,
}

/// What a platform says to a command.
#[derive(Clone, Copy, Debug)]
struct Consent {
    is_given: bool,
    at: SimTime,
}

/// A platform as the centre knows it.
#[derive(Clone, Debug)]
struct Known {
    heard: SimTime,
    report: Option<Arc<Report>>,
}

/// An instance that the centre waits for.
#[derive(Clone, Debug)]
struct Pending {
    action: u64,
    /// When the platform has agreed to it.
    agreed: Option<SimTime>,
    users: Vec<UserId>,
}

/// Platforms report all they know to one place, which decides in rounds: badly served users go to the nearest instance
/// with room, or to a new one on the nearest capable platform; instances without users end. It sees what reports told,
/// and takes time that grows with their number.
#[derive(Debug)]
pub struct Central {
    parameters: CentralParameters,
    centre: AgentId,
    list: PlatformList,
    /// How many of them it can have: the first ones.
    reach: usize,
    /// Those that could hold each service, by place.
    capable: Vec<PlaceIndex>,
    /// By agent.
    known: Vec<Known>,
    /// For each service its instances, as far as the centre knows.
    hosts: Vec<Hosts>,
    /// For each service and user the node that was told last.
    assigned: Vec<Vec<Option<NodeId>>>,
    pending: BTreeMap<(u32, NodeId), Pending>,
    /// Instances that were told to end, by action.
    ending: BTreeMap<u64, (u32, NodeId)>,
    next_action: u64,
    /// For each service where it was asked for since the last round while there was no instance, on average, and how often.
    wanted: Vec<Option<(Position, u32)>>,
    /// Until when it has lost what it knew, and not every platform could report yet: it answers nobody.
    is_blind_until: SimTime,
    /// What leaves when the round has been paid for, and who goes where then.
    decided: Vec<Order>,
    moves: Vec<(u32, UserId, NodeId)>,
    rounds: u64,
    busy_s: f64,
}

impl Central {
    /// A centre that knows nothing yet.
    #[must_use]
    pub fn new(parameters: CentralParameters) -> Self {
        Central {
            parameters,
            centre: AgentId::NOBODY,
            list: PlatformList::default(),
            reach: 0,
            capable: Vec::new(),
            known: Vec::new(),
            hosts: Vec::new(),
            assigned: Vec::new(),
            pending: BTreeMap::new(),
            ending: BTreeMap::new(),
            next_action: 0,
            wanted: Vec::new(),
            is_blind_until: SimTime::ZERO,
            decided: Vec::new(),
            moves: Vec::new(),
            rounds: 0,
            busy_s: 0.0,
        }
    }

    /// All that the centre has learned is gone.
    fn reset(&mut self, now: SimTime) {
        self.known = vec![Known { heard: now, report: None }; self.reach];
        self.hosts.iter_mut().for_each(|hosts| *hosts = Hosts::default());
        self.assigned.iter_mut().for_each(Vec::clear);
        self.wanted.iter_mut().for_each(|own| *own = None);
        self.pending.clear();
        self.ending.clear();
        self.decided.clear();
        self.moves.clear();
    }

    fn has(&self, agent: AgentId) -> bool {
        agent.index() < self.reach
    }

    fn on_platform(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        if !self.has(view.agent()) {
            return;
        }
        let interval = self.parameters.report;
        match view.stimulus() {
            Stimulus::Started { .. } => {
                // Spread, so that not all report at once.
                let after = SimDuration::from_secs(interval.as_secs() * view.random().random::<f64>());
                orders.push(Order::Timer { after, code: REPORT_DUE, detail: 0 });
            }
            Stimulus::Timer { code: REPORT_DUE, .. } => {
                orders.push(self.report(view, None));
                orders.push(Order::Timer { after: interval, code: REPORT_DUE, detail: 0 });
            }
            Stimulus::Timer { code: DEPLOYED, .. } => orders.push(self.report(view, None)),
            Stimulus::Timer { code: DEPLOY_REFUSED, detail } => {
                orders.push(self.report(view, Some(*detail as u32)));
            }
            Stimulus::Message { kind: COMMAND, body, asked: Some(asked), .. } => {
                if let Some(&command) = body.downcast_ref::<Command>() {
                    Self::obey(command, *asked, view, orders);
                }
            }
            _ => {}
        }
    }

    fn obey(command: Command, asked: RequestId, view: &OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let (consents, service) = (Self::does(command, view), command.service);
        if consents {
            let makes = command.is_wanted;
            orders.push(if makes { Order::Deploy { service } } else { Order::Undeploy { service } });
        }
        let consent = Consent { is_given: consents, at: view.now() };
        let (kind, bytes, body) = (CONSENT, MESSAGE_BYTES, Arc::new(consent));
        orders.push(Order::Reply { asked, kind, bytes, body });
    }

    /// Whether a platform can do what it is told.
    fn does(Command { service, is_wanted }: Command, view: &OrchestrationView<'_>) -> bool {
        let is_hosted = view.hosted(service).is_some();
        let has_room = || {
            let needs = view.services().get(service as usize).map(|own| own.requirements.amounts());
            needs.is_some_and(|needs| {
                needs.iter().zip(view.residuals()).all(|(need, left)| *need <= left)
            })
        };
        is_hosted != is_wanted && (!is_wanted || has_room())
    }

    fn report(&self, view: &OrchestrationView<'_>, refused: Option<u32>) -> Order {
        let instances = (0..view.services().len() as u32).filter_map(|service| {
            let facts = view.hosted(service)?;
            let mut users = Vec::new();
            view.users(service, &mut users);
            Some(Reported { service, facts, users })
        });
        let instances: Vec<Reported> = instances.collect();
        let users: usize = instances.iter().map(|own| own.users.len()).sum();
        let at = view.now();
        let report = Report { at, load: view.load(), free: view.residuals(), instances, refused };
        let bytes = MESSAGE_BYTES + USER_BYTES * users as f64;
        Order::Send { to: self.centre, kind: REPORT, bytes, body: Arc::new(report) }
    }

    fn on_centre(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        match view.stimulus() {
            Stimulus::Started { returned } => {
                self.reset(view.now());
                if *returned {
                    self.is_blind_until = view.now() + self.parameters.report;
                } else {
                    self.know_given(view.services());
                }
                orders.push(Order::Timer { after: self.parameters.report, code: ROUND_DUE, detail: 0 });
            }
            Stimulus::Timer { code: ROUND_DUE, .. } => self.round(view, orders),
            Stimulus::Timer { code: DECIDED, .. } => {
                orders.append(&mut self.decided);
                for (service, user, node) in std::mem::take(&mut self.moves) {
                    self.assign(service, user, node);
                }
                orders.push(Order::Timer { after: self.parameters.report, code: ROUND_DUE, detail: 0 });
            }
            Stimulus::Message { kind: REPORT, from, body, .. } => {
                if let Ok(report) = body.clone().downcast::<Report>()
                    && self.has(*from)
                {
                    self.hear(*from, report, view.now(), orders);
                }
            }
            Stimulus::Reply { tag, from, kind: CONSENT, body } => {
                if let Some(&consent) = body.downcast_ref::<Consent>() {
                    self.on_consent(*tag, *from, consent, orders);
                }
            }
            Stimulus::TimedOut { tag, .. } => self.give_up(*tag, ActionEnd::TimedOut, orders),
            _ => {
                if let Some(query) = view.query().filter(|_| !self.is_blind(view.now())) {
                    let instance = self.instance_for(&query);
                    orders.extend(Order::answer(view.stimulus(), Answer { instance }));
                }
            }
        }
    }

    /// The instances that there are at the start.
    fn know_given(&mut self, services: &[ServiceFacts]) {
        for (hosts, service) in self.hosts.iter_mut().zip(services) {
            for &node in &service.instances {
                if let Some(place) = self.list.place(node).filter(|&place| place < self.reach) {
                    hosts.insert(node, self.list.platforms()[place].position);
                }
            }
        }
    }

    /// Whether it has lost what it knew, and some that are there had no time to report again.
    fn is_blind(&self, now: SimTime) -> bool {
        now < self.is_blind_until
    }

    fn instance_for(&mut self, query: &Query) -> Option<NodeId> {
        let hosts = self.hosts.get(query.service as usize)?;
        let known = self.assigned[query.service as usize].get(query.user.index()).copied().flatten();
        let known = known.filter(|&node| hosts.contains(node));
        let Some(node) = known.or_else(|| hosts.index().nearest(query.position)) else {
            let wanted = self.wanted.get_mut(query.service as usize)?;
            let (mean, count) = wanted.get_or_insert((query.position, 0));
            *count += 1;
            *mean = mean.towards(query.position, 1.0 / f64::from(*count));
            return None;
        };
        self.assign(query.service, query.user, node);
        Some(node)
    }

    fn assign(&mut self, service: u32, user: UserId, node: NodeId) {
        let Some(own) = self.assigned.get_mut(service as usize) else { return };
        if own.len() <= user.index() {
            own.resize(user.index() + 1, None);
        }
        own[user.index()] = Some(node);
    }

    /// A platform has reported.
    fn hear(&mut self, from: AgentId, report: Arc<Report>, now: SimTime, orders: &mut Vec<Order>) {
        let Platform { node, position, .. } = self.list.platforms()[from.index()];
        for (service, hosts) in (0..).zip(&mut self.hosts) {
            let own = report.instances.iter().find(|own| own.service == service);
            let is_ready = own.is_some_and(|own| own.facts.is_ready);
            if !is_ready {
                hosts.remove(node, position);
            } else if !self.ending.values().any(|&ending| ending == (service, node)) {
                hosts.insert(node, position);
            }
        }
        for service in 0..self.hosts.len() as u32 {
            // Of one that came to nothing it may have told in a report that was lost.
            let agreed = self.pending.get(&(service, node)).and_then(|own| own.agreed);
            let is_gone = agreed.is_some_and(|agreed| agreed < report.at)
                && report.instances.iter().all(|own| own.service != service);
            if is_gone || report.refused == Some(service) {
                if let Some(pending) = self.pending.remove(&(service, node)) {
                    let (action, end) = (pending.action, ActionEnd::NoTarget);
                    orders.push(Order::Close { action, end, target: None });
                }
            } else if self.hosts[service as usize].contains(node)
                && let Some(Pending { action, users, .. }) = self.pending.remove(&(service, node))
            {
                let moved = users.len() as u32;
                users.into_iter().for_each(|user| self.assign(service, user, node));
                orders.push(Order::Phase { action, phase: ActionPhase::Deployed });
                orders.push(Order::Phase { action, phase: ActionPhase::Redirected { users: moved } });
                orders.push(Order::Close { action, end: ActionEnd::Done, target: Some(node) });
            }
        }
        self.known[from.index()] = Known { heard: now, report: Some(report) };
    }

    fn on_consent(&mut self, action: u64, from: AgentId, consent: Consent, orders: &mut Vec<Order>) {
        if !consent.is_given {
            self.give_up(action, ActionEnd::NoTarget, orders);
        } else if self.ending.remove(&action).is_some() {
            let target = self.list.node_of(from);
            orders.push(Order::Close { action, end: ActionEnd::Done, target });
        } else if let Some(pending) = self.pending.values_mut().find(|own| own.action == action) {
            pending.agreed = Some(consent.at);
            let phase = ActionPhase::Searched { hops: 1, asked: 1 };
            orders.push(Order::Phase { action, phase });
        }
    }

    /// Ends an action that comes to nothing.
    fn give_up(&mut self, action: u64, end: ActionEnd, orders: &mut Vec<Order>) {
        let was_ending = self.ending.remove(&action).is_some();
        let pending = self.pending.iter().find(|(_, own)| own.action == action).map(|(&key, _)| key);
        if let Some(key) = pending {
            self.pending.remove(&key);
        }
        if was_ending || pending.is_some() {
            orders.push(Order::Close { action, end, target: None });
        }
    }
}

impl ControlPlane for Central {
    fn kinds(&self) -> Vec<MessageKind> {
        let kind = |name, handling| MessageKind { name, handling };
        vec![
            kind("report", Handling::Light),
            kind("command", Handling::Full),
            kind("consent", Handling::Full),
        ]
    }

    fn layout(&self) -> AgentLayout {
        AgentLayout::PerPlatformAndCentral { node: self.parameters.node }
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.parameters.report < SimDuration::from_secs(0.001) {
            let error = ParameterError::new("reports need at least 1 ms between them");
            return Err(error.at("report").help("10 s is what it is if left out"));
        }
        Ok(())
    }

    fn note(&self, platforms: usize) -> Option<String> {
        let limit = self.parameters.node_limit as usize;
        (platforms > limit).then(|| {
            format!("the centre can have {limit} of {platforms} platforms: the others neither report nor are used")
        })
    }

    fn begin(&mut self, list: &PlatformList, services: &[ServiceFacts]) {
        self.centre = list.centre().unwrap_or(AgentId::NOBODY);
        self.reach = list.platforms().len().min(self.parameters.node_limit as usize);
        self.list = list.clone();
        let capable = |service: &ServiceFacts| {
            let own = list.platforms()[..self.reach].iter();
            let own = own.filter(|own| own.is_capable(&service.requirements));
            PlaceIndex::new(own.map(|own| (own.node, own.position)))
        };
        self.capable = services.iter().map(capable).collect();
        self.hosts = services.iter().map(|_| Hosts::default()).collect();
        self.assigned = services.iter().map(|_| Vec::new()).collect();
        self.wanted = vec![None; services.len()];
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        if view.agent() == self.centre {
            self.on_centre(view, orders);
        } else {
            self.on_platform(view, orders);
        }
    }

    fn directory(&self, _: u32, attempt: u32) -> Option<AgentId> {
        (attempt == 0).then_some(self.centre)
    }

    fn forget(&mut self, agent: AgentId) {
        if agent == self.centre {
            self.reset(SimTime::ZERO);
        }
    }

    fn summary(&self) -> Value {
        json!({
            "rounds": self.rounds,
            "busy_s": self.busy_s,
            "platforms_beyond_limit": self.list.platforms().len() - self.reach,
        })
    }
}
