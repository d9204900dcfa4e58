//! Agents of trees with mail that comes late, doubled, out of order or never, without a world around them.

use crate::apps::agents::{AgentId, Body, RequestId, Stimulus};
use crate::apps::orchestration::{
    ActionEnd, ActionKind, ActionPhase, Answer, DEPLOYED, FORCED, Forced, InstanceFacts, LoadShares,
    OrchestrationFacts, OrchestrationRequest, Order, QUERY, Query, ServiceFacts, ServiceRequirements,
    UserFacts, UserId,
};
use crate::engine::{EntityStream, RandomStreams, SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::{NodeId, Position};
use crate::placement::orchestration::tree::messages::kinds;
use crate::placement::orchestration::tree::node::Link;
use crate::placement::orchestration::{
    ControlPlane, OrchestrationView, Platform, PlatformList, Senses, Tree, TreeParameters,
};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the mail does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mail {
    pub loss: f64,
    pub doubled: f64,
    /// Least and greatest seconds that a message takes.
    pub delay_s: [f64; 2],
    pub timeout_s: f64,
    pub retries: u32,
}

impl Default for Mail {
    fn default() -> Self {
        Mail { loss: 0.0, doubled: 0.0, delay_s: [0.01, 0.02], timeout_s: 1.0, retries: 2 }
    }
}

impl Mail {
    /// Seconds until a request counts as not answered.
    pub(super) fn patience_s(&self) -> f64 {
        self.timeout_s * f64::from(self.retries + 1)
    }
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Plain,
    Request(u32),
    Answer(u32),
}

#[derive(Clone, Debug)]
enum Event {
    Start { agent: AgentId, incarnation: u32, returned: bool },
    Deliver { from: AgentId, to: AgentId, kind: u16, body: Body, content: Content },
    Timer { agent: AgentId, incarnation: u32, code: u32, detail: u64 },
    TimedOut { serial: u32 },
    Ready { agent: AgentId, incarnation: u32, service: u32 },
}

#[derive(Debug)]
struct Asked {
    asker: AgentId,
    incarnation: u32,
    to: AgentId,
    kind: u16,
    body: Body,
    tag: u64,
    tries: u32,
}

/// An action as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub agent: AgentId,
    pub kind: ActionKind,
    pub began: SimTime,
    pub ended: Option<SimTime>,
    pub end: Option<ActionEnd>,
    pub target: Option<NodeId>,
    pub hops: u32,
    pub asked: u32,
}

#[derive(Debug, Default)]
pub(super) struct Facts {
    pub services: Vec<ServiceFacts>,
    platforms: Vec<NodeId>,
    pub hosted: BTreeMap<(NodeId, u32), (InstanceFacts, Vec<UserFacts>)>,
    pub load: BTreeMap<NodeId, LoadShares>,
    pub forced: Vec<Forced>,
}

impl OrchestrationFacts for Facts {
    fn services(&self) -> &[ServiceFacts] {
        &self.services
    }
    fn platforms(&self) -> &[NodeId] {
        &self.platforms
    }
    fn users(&self) -> u32 {
        1000
    }
    fn hosted(&self, node: NodeId, service: u32) -> Option<InstanceFacts> {
        self.hosted.get(&(node, service)).map(|own| own.0)
    }
    fn users_of(&self, node: NodeId, service: u32, out: &mut Vec<UserFacts>) {
        out.extend(self.hosted.get(&(node, service)).into_iter().flat_map(|own| own.1.iter().copied()));
    }
    fn load_of(&self, node: NodeId) -> LoadShares {
        self.load.get(&node).copied().unwrap_or_default()
    }
    fn forced(&self, number: u64) -> Option<Forced> {
        self.forced.get(number as usize).copied()
    }
}

struct Node(Position);

impl Senses for Node {
    fn position(&self) -> Position {
        self.0
    }
    fn residual(&self, _: AssetId) -> f64 {
        4.0
    }
    fn round_trip_s(&mut self, _: NodeId) -> Option<f64> {
        Some(0.03)
    }
}

pub(super) struct Bench {
    pub plane: Tree,
    pub list: PlatformList,
    pub facts: Facts,
    pub mail: Mail,
    pub now: SimTime,
    /// Agents with different numbers cannot reach each other.
    pub sides: Vec<u8>,
    /// Messages of this kind are all lost.
    pub blocked: Option<&'static str>,
    pub alive: Vec<bool>,
    pub actions: Vec<Done>,
    /// Messages by the name of their kind; resends and doubles count once.
    pub sent: BTreeMap<&'static str, u64>,
    /// The same by who has sent them.
    pub sent_by: Vec<u64>,
    /// What users were told, by number.
    pub told: BTreeMap<u32, Option<NodeId>>,
    incarnations: Vec<u32>,
    queue: BTreeMap<(SimTime, u64), Event>,
    next_event: u64,
    asked: BTreeMap<u32, Asked>,
    next_request: u32,
    memory: Vec<BTreeMap<u32, Option<(u16, Body)>>>,
    open: BTreeMap<(AgentId, u64), usize>,
    streams: Vec<EntityStream>,
    chance: EntityStream,
    kinds: Vec<&'static str>,
}

fn instance(now: SimTime, is_ready: bool) -> (InstanceFacts, Vec<UserFacts>) {
    let facts = InstanceFacts { is_ready, load: LoadShares::default(), users: 0, last_access: now };
    (facts, Vec::new())
}

impl Bench {
    /// Platforms at these places, in metres, of which the first ones have an instance from the start.
    pub(super) fn new(
        places: &[(f64, f64)],
        given: usize,
        parameters: TreeParameters,
        mail: Mail,
        seed: u64,
    ) -> Self {
        let platform = |(number, &(x_m, y_m)): (u32, &(f64, f64))| Platform {
            node: NodeId(number),
            position: Position::ground(x_m, y_m),
            architecture: "x86_64".into(),
            offers: [4.0; 4],
        };
        let requirements = ServiceRequirements { cores: 1.0, ..ServiceRequirements::default() };
        Self::of((0..).zip(places).map(platform).collect(), given, requirements, parameters, mail, seed)
    }

    /// These platforms, for a service that needs this.
    pub(super) fn of(
        platforms: Vec<Platform>,
        given: usize,
        requirements: ServiceRequirements,
        parameters: TreeParameters,
        mail: Mail,
        seed: u64,
    ) -> Self {
        let nodes: Vec<NodeId> = platforms.iter().map(|own| own.node).collect();
        let service = ServiceFacts {
            name: "video".into(),
            requirements,
            limit_s: 0.06,
            image_bytes: 0.0,
            instances: nodes[..given].to_vec(),
        };
        let mut facts = Facts { services: vec![service], platforms: nodes.clone(), ..Facts::default() };
        for &node in &nodes[..given] {
            facts.hosted.insert((node, 0), instance(SimTime::ZERO, true));
        }
        let list = PlatformList::new(platforms, None);
        let mut names = vec!["query", "answer"];
        names.extend(kinds(parameters.free_refusals).iter().map(|own| own.name));
        let mut plane = Tree::new(parameters);
        plane.check().unwrap();
        plane.begin(&list, &facts.services);
        let streams = RandomStreams::new(seed);
        let count = nodes.len();
        let mut bench = Bench {
            plane,
            list,
            facts,
            mail,
            now: SimTime::ZERO,
            sides: vec![0; count],
            blocked: None,
            alive: vec![true; count],
            actions: Vec::new(),
            sent: BTreeMap::new(),
            sent_by: vec![0; count],
            told: BTreeMap::new(),
            incarnations: vec![0; count],
            queue: BTreeMap::new(),
            next_event: 0,
            asked: BTreeMap::new(),
            next_request: 0,
            memory: vec![BTreeMap::new(); count],
            open: BTreeMap::new(),
            streams: (0..count as u64).map(|own| streams.entity("agent", own)).collect(),
            chance: streams.entity("mail", 0),
            kinds: names,
        };
        for agent in (0..count as u32).map(AgentId) {
            bench.at(SimTime::ZERO, Event::Start { agent, incarnation: 0, returned: false });
        }
        bench
    }

    fn at(&mut self, time: SimTime, event: Event) {
        self.queue.insert((time, self.next_event), event);
        self.next_event += 1;
    }

    /// Runs for a while.
    pub(super) fn run(&mut self, time_s: f64) {
        let end = self.now + SimDuration::from_secs(time_s);
        while let Some(entry) = self.queue.first_entry() {
            let time = entry.key().0;
            if time > end {
                break;
            }
            self.now = time;
            let event = entry.remove();
            self.happen(event);
        }
        self.now = end;
    }

    fn is_current(&self, agent: AgentId, incarnation: u32) -> bool {
        self.alive[agent.index()] && self.incarnations[agent.index()] == incarnation
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start { agent, incarnation, returned } => {
                if self.is_current(agent, incarnation) {
                    self.tell(agent, Stimulus::Started { returned });
                }
            }
            Event::Timer { agent, incarnation, code, detail } => {
                if self.is_current(agent, incarnation) {
                    self.tell(agent, Stimulus::Timer { code, detail });
                }
            }
            Event::Ready { agent, incarnation, service } => {
                let node = NodeId(agent.0);
                if self.is_current(agent, incarnation)
                    && let Some(own) = self.facts.hosted.get_mut(&(node, service))
                {
                    own.0.is_ready = true;
                    self.tell(agent, Stimulus::Timer { code: DEPLOYED, detail: u64::from(service) });
                }
            }
            Event::TimedOut { serial } => self.time_out(serial),
            Event::Deliver { from, to, kind, body, content } => {
                self.deliver(from, to, kind, body, content)
            }
        }
    }

    fn deliver(&mut self, from: AgentId, to: AgentId, kind: u16, body: Body, content: Content) {
        if to == AgentId::NOBODY {
            if let Content::Answer(serial) = content {
                self.told.insert(serial, body.downcast_ref::<Answer>().unwrap().instance);
            }
            return;
        }
        if !self.alive[to.index()] {
            return;
        }
        match content {
            Content::Plain => self.tell(to, Stimulus::Message { from, kind, body, asked: None }),
            Content::Request(serial) => match self.memory[to.index()].get(&serial) {
                Some(Some((kind, body))) => {
                    let (kind, body) = (*kind, Arc::clone(body));
                    self.answer(to, serial, kind, body);
                }
                Some(None) => {}
                None => {
                    self.memory[to.index()].insert(serial, None);
                    let asked = Some(RequestId::numbered(serial));
                    self.tell(to, Stimulus::Message { from, kind, body, asked });
                }
            },
            Content::Answer(serial) => {
                let is_waited_for = self.asked.get(&serial).is_some_and(|own| own.asker == to);
                if let Some(own) = is_waited_for.then(|| self.asked.remove(&serial)).flatten()
                    && self.is_current(to, own.incarnation)
                {
                    self.tell(to, Stimulus::Reply { tag: own.tag, from, kind, body });
                }
            }
        }
    }

    fn answer(&mut self, from: AgentId, serial: u32, kind: u16, body: Body) {
        let to = self.asked.get(&serial).map_or(AgentId::NOBODY, |own| own.asker);
        let is_known = self.asked.contains_key(&serial) || serial >= USERS;
        if is_known {
            self.post(from, to, kind, body, Content::Answer(serial));
        }
    }

    fn time_out(&mut self, serial: u32) {
        let Some(own) = self.asked.get_mut(&serial) else { return };
        let (asker, incarnation, to, kind) = (own.asker, own.incarnation, own.to, own.kind);
        own.tries += 1;
        let (tries, body, tag) = (own.tries, Arc::clone(&own.body), own.tag);
        if !self.is_current(asker, incarnation) {
            self.asked.remove(&serial);
        } else if tries <= self.mail.retries {
            self.post(asker, to, kind, body, Content::Request(serial));
            self.at(self.now + SimDuration::from_secs(self.mail.timeout_s), Event::TimedOut { serial });
        } else {
            self.asked.remove(&serial);
            self.tell(asker, Stimulus::TimedOut { tag, to });
        }
    }

    /// Sends a message, which may be lost, doubled and late.
    fn post(&mut self, from: AgentId, to: AgentId, kind: u16, body: Body, content: Content) {
        let side = |agent: AgentId| self.sides.get(agent.index()).copied();
        let is_cut = to != AgentId::NOBODY && from != AgentId::NOBODY && side(from) != side(to);
        let copies = 1 + usize::from(self.chance.random::<f64>() < self.mail.doubled);
        for _ in 0..copies {
            let [least_s, most_s] = self.mail.delay_s;
            let delay_s = least_s + (most_s - least_s) * self.chance.random::<f64>();
            let is_lost = self.chance.random::<f64>() < self.mail.loss && from != to;
            let is_blocked = self.blocked == Some(self.kinds[usize::from(kind)]);
            if is_lost || is_cut || is_blocked {
                continue;
            }
            let time = self.now + SimDuration::from_secs(if from == to { 0.0 } else { delay_s });
            self.at(time, Event::Deliver { from, to, kind, body: Arc::clone(&body), content });
        }
    }

    fn tell(&mut self, agent: AgentId, stimulus: Stimulus) {
        let platform = &self.list.platforms()[agent.index()];
        let node = platform.node;
        let request = OrchestrationRequest { plane: 0, agent, node, service: 0, stimulus: &stimulus };
        let mut senses = Node(platform.position);
        let random = &mut self.streams[agent.index()];
        let mut view =
            OrchestrationView::new(self.now, &request, &self.facts, &self.list, &mut senses, random);
        let mut orders = Vec::new();
        self.plane.on(&mut view, &mut orders);
        for order in orders {
            self.carry_out(agent, order);
        }
    }

    fn count(&mut self, agent: AgentId, kind: u16) {
        self.sent_by[agent.index()] += 1;
        *self.sent.entry(self.kinds[usize::from(kind)]).or_insert(0) += 1;
    }

    fn carry_out(&mut self, agent: AgentId, order: Order) {
        let (now, node, incarnation) = (self.now, NodeId(agent.0), self.incarnations[agent.index()]);
        match order {
            Order::Send { to, kind, bytes, body } => {
                assert!(bytes > 0.0 && self.list.node_of(to).is_some());
                self.count(agent, kind);
                self.post(agent, to, kind, body, Content::Plain);
            }
            Order::Request { to, kind, bytes, body, tag } => {
                assert!(bytes > 0.0 && self.list.node_of(to).is_some(), "{to:?}");
                self.count(agent, kind);
                let serial = self.next_request;
                self.next_request += 1;
                let own = Asked {
                    asker: agent,
                    incarnation,
                    to,
                    kind,
                    body: Arc::clone(&body),
                    tag,
                    tries: 0,
                };
                self.asked.insert(serial, own);
                self.post(agent, to, kind, body, Content::Request(serial));
                let due = now + SimDuration::from_secs(self.mail.timeout_s);
                self.at(due, Event::TimedOut { serial });
            }
            Order::Reply { asked, kind, body, .. } => {
                self.count(agent, kind);
                let serial = asked.number();
                if let Some(answer) = self.memory[agent.index()].get_mut(&serial) {
                    *answer = Some((kind, Arc::clone(&body)));
                }
                self.answer(agent, serial, kind, body);
            }
            Order::Timer { after, code, detail } => {
                self.at(now + after, Event::Timer { agent, incarnation, code, detail });
            }
            Order::Deploy { service } => {
                let old = self.facts.hosted.insert((node, service), instance(now, false));
                assert!(old.is_none(), "deployed twice");
                let due = now + SimDuration::from_secs(0.5);
                self.at(due, Event::Ready { agent, incarnation, service });
            }
            Order::Undeploy { service } => {
                assert!(self.facts.hosted.remove(&(node, service)).is_some(), "nothing to undeploy");
            }
            Order::Open { action, kind, .. } => {
                let done = Done {
                    agent,
                    kind,
                    began: now,
                    ended: None,
                    end: None,
                    target: None,
                    hops: 0,
                    asked: 0,
                };
                self.actions.push(done);
                let old = self.open.insert((agent, action), self.actions.len() - 1);
                assert!(old.is_none(), "action {action} is open already");
            }
            Order::Phase { action, phase } => {
                let own = &mut self.actions[self.open[&(agent, action)]];
                if let ActionPhase::Searched { hops, asked } = phase {
                    (own.hops, own.asked) = (hops, asked);
                }
            }
            Order::Close { action, end, target } => {
                let place = self.open.remove(&(agent, action)).expect("an open action");
                let own = &mut self.actions[place];
                (own.ended, own.end, own.target) = (Some(now), Some(end), target);
            }
            Order::Busy { .. } | Order::Redirect { .. } => panic!("not of this plane"),
        }
    }

    /// A node dies.
    pub(super) fn kill(&mut self, agent: u32) {
        let own = AgentId(agent);
        if !std::mem::replace(&mut self.alive[own.index()], false) {
            return;
        }
        self.incarnations[own.index()] += 1;
        self.memory[own.index()].clear();
        self.plane.forget(own);
        self.open.retain(|key, _| key.0 != own);
    }

    /// It is back; its instances start again if they were left to the platform.
    pub(super) fn revive(&mut self, agent: u32, restarts: bool) {
        let own = AgentId(agent);
        if std::mem::replace(&mut self.alive[own.index()], true) {
            return;
        }
        let incarnation = self.incarnations[own.index()];
        let was_hosted = self.facts.hosted.contains_key(&(NodeId(agent), 0));
        self.facts.hosted.remove(&(NodeId(agent), 0));
        if was_hosted && restarts {
            self.facts.hosted.insert((NodeId(agent), 0), instance(self.now, false));
            let due = self.now + SimDuration::from_secs(1.0);
            self.at(due, Event::Ready { agent: own, incarnation, service: 0 });
        }
        self.at(self.now, Event::Start { agent: own, incarnation, returned: true });
    }

    /// An instance comes to a platform by the way.
    pub(super) fn host(&mut self, agent: u32) {
        let node = NodeId(agent);
        if self.alive[agent as usize] && !self.facts.hosted.contains_key(&(node, 0)) {
            self.facts.hosted.insert((node, 0), instance(self.now, false));
            let incarnation = self.incarnations[agent as usize];
            self.at(self.now, Event::Ready { agent: AgentId(agent), incarnation, service: 0 });
        }
    }

    /// An experiment forces something.
    pub(super) fn force(&mut self, agent: u32, kind: ActionKind, user: Option<u32>) {
        self.facts.forced.push(Forced { kind, service: 0, user: user.map(UserId) });
        if self.alive[agent as usize] {
            let detail = self.facts.forced.len() as u64 - 1;
            self.tell(AgentId(agent), Stimulus::Timer { code: FORCED, detail });
        }
    }

    /// Users of an instance: number, x, y, median latency.
    pub(super) fn serve(&mut self, agent: u32, users: &[(u32, f64, f64, f64)]) {
        let now = self.now;
        let own = self.facts.hosted.get_mut(&(NodeId(agent), 0)).unwrap();
        own.0.users = users.len() as u32;
        own.0.last_access = now;
        own.1 = users
            .iter()
            .map(|&(user, x_m, y_m, median_s)| UserFacts {
                user: UserId(user),
                position: Position::ground(x_m, y_m),
                median_s: Some(median_s),
                p95_s: None,
                requests: 1,
                last_access: now,
            })
            .collect();
    }

    /// A user asks an agent; the answer will be in `told` under its number.
    pub(super) fn ask(&mut self, number: u32, agent: AgentId, user: u32, at: (f64, f64)) {
        let position = Position::ground(at.0, at.1);
        let body: Body = Arc::new(Query { user: UserId(user), service: 0, position });
        self.post(AgentId::NOBODY, agent, QUERY, body, Content::Request(USERS + number));
    }

    pub(super) fn answer_to(&self, number: u32) -> Option<Option<NodeId>> {
        self.told.get(&(USERS + number)).copied()
    }

    pub(super) fn hosts(&self) -> BTreeSet<u32> {
        let ready = self.facts.hosted.iter().filter(|own| own.1.0.is_ready);
        ready.map(|own| own.0.0.0).filter(|&own| self.alive[own as usize]).collect()
    }

    fn link(&self, agent: u32) -> Option<Link> {
        self.plane.link_of(AgentId(agent), 0).copied()
    }

    pub(super) fn parent(&self, agent: u32) -> Option<u32> {
        match self.link(agent) {
            Some(Link::Attached(parent)) => Some(parent.0),
            _ => None,
        }
    }

    pub(super) fn roots(&self) -> Vec<u32> {
        let all = 0..self.alive.len() as u32;
        all.filter(|&own| self.alive[own as usize] && self.link(own) == Some(Link::Root)).collect()
    }

    /// What is wrong with the tree; nothing, if it is one.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let hosts = self.hosts();
        let roots = self.roots();
        let [root] = roots[..] else { return vec![format!("roots {roots:?}")] };
        for agent in (0..self.alive.len() as u32).filter(|&own| self.alive[own as usize]) {
            let platform = &self.plane.platforms[agent as usize];
            let acts = platform.office(0).is_some_and(|own| own.acts);
            if acts != (agent == root) {
                faults.push(format!("{agent} acts {acts}, the root is {root}"));
            }
            let Some(member) = platform.member(0) else {
                if hosts.contains(&agent) {
                    faults.push(format!("{agent} is not in the tree"));
                }
                continue;
            };
            if !hosts.contains(&agent) && agent != root {
                faults.push(format!("{agent} is in the tree"));
            }
            let (mut at, mut steps) = (agent, 0);
            while at != root && steps <= self.alive.len() {
                match self.parent(at).filter(|&parent| self.alive[parent as usize]) {
                    Some(parent) => at = parent,
                    None => break,
                }
                steps += 1;
            }
            if at != root {
                faults.push(format!("{agent} does not reach the root but {at}, {:?}", self.link(at)));
            }
            let children: BTreeSet<u32> = member.children.iter().map(|own| own.agent.0).collect();
            let all = 0..self.alive.len() as u32;
            let expected: BTreeSet<u32> = all.filter(|&own| self.parent(own) == Some(agent)).collect();
            if children != expected || member.children.len() != children.len() {
                faults.push(format!("{agent} has children {children:?}, should {expected:?}"));
            }
        }
        let Some(office) = self.plane.platforms[root as usize].office(0) else { return faults };
        let known: BTreeMap<u32, Option<u32>> =
            office.index.agents().map(|own| (own.0.0, own.1.parent.map(|parent| parent.0))).collect();
        let expected: BTreeMap<u32, Option<u32>> =
            hosts.iter().map(|&own| (own, self.parent(own))).collect();
        if known != expected {
            faults.push(format!("the index has {known:?}, there is {expected:?}"));
        }
        if office.index.agents().any(|own| own.1.is_suspect) {
            faults.push("suspects".into());
        }
        faults
    }
}

/// Requests of users have numbers from here on.
const USERS: u32 = 1 << 30;
