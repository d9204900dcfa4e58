//! The workload: its applications, and how it answers the world.

use super::application::{Application, Service};
use super::arrivals::Clock;
use super::lifecycle::Repair;
use super::migration::MigrationKind;
use super::outcome::Outcome;
use super::replicas::Replica;
use super::report::{Account, FlowCounts, Prices, Span};
use super::requests::{Request, STATE};
use super::routing::{Candidate, Routing};
use super::tables::Registered;
use crate::apps::{Anomaly, Context, DecisionId, DecisionPoint, Message, Workload};
use crate::engine::{Phase, RandomStreams, SimDuration, SimTime, Stream, Summary};
use crate::infra::applications::Violation;
use crate::infra::compute::Job;
use crate::infra::{ApplicationId, JobOutcome, LinkId, NodeChange, NodeId, TransferRecord};
use crate::records::Symbol;
use serde_json::json;
use slab::Slab;
use std::ops::Range;

/// Rules for all applications of a workload.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Time between control steps, above zero.
    pub control_period: SimDuration,
    /// Which replica a request goes to.
    pub routing: Routing,
    /// What is done about violated requirements.
    pub repair: Repair,
    /// How replicas that serve are moved.
    pub migration: MigrationKind,
    /// Whether requests wait for a replica that is being moved; they are lost if not.
    pub hold: bool,
    /// Nodes that services may be placed on; all that take services if `None`.
    pub nodes: Option<Vec<NodeId>>,
    /// What things cost.
    pub prices: Prices,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        ServiceOptions {
            control_period: SimDuration::from_secs(1.0),
            routing: Routing::default(),
            repair: Repair::default(),
            migration: MigrationKind::default(),
            hold: true,
            nodes: None,
            prices: Prices::default(),
        }
    }
}

const ARRIVE: u32 = 0;
pub(super) const START: u32 = 1;
const CONTROL: u32 = 2;
const AUDIT: u32 = 3;
const BEGIN: u32 = 4;

/// One of the applications.
#[derive(Debug)]
pub(super) struct App {
    pub(super) name: String,
    /// The number of its description.
    pub(super) spec: u32,
    pub(super) id: ApplicationId,
    pub(super) symbol: Option<Symbol>,
    pub(super) first_replica: u32,
    pub(super) replicas: u32,
    /// Replicas that have a node.
    pub(super) placed_replicas: u32,
    /// For each service the replicas that serve.
    pub(super) serving: Vec<u32>,
    /// Services of which none serves.
    pub(super) idle_services: u32,
    pub(super) has_served: bool,
    pub(super) ever_placed: bool,
    /// For each service how many requests were routed in turn.
    pub(super) turns: Vec<u32>,
    /// How often in a row no placement was found.
    pub(super) rejected: u32,
    /// The last decision, until it is known whether it holds.
    pub(super) decision: Option<DecisionId>,
    pub(super) placed: Span,
    pub(super) down: Span,
    pub(super) flows: Vec<FlowCounts>,
    /// ECLYPSE's response time of the worst flow, at control steps.
    pub(super) worst_s: Summary,
    pub(super) account: Account,
    /// Response times since the last sample.
    pub(super) sampled: Summary,
}

/// Where requests of a flow come from, and when.
#[derive(Debug)]
struct Source {
    application: u32,
    flow: u32,
    /// `None` for the first service, and for traces, whose rows say.
    node: Option<NodeId>,
    clock: Clock,
    /// The device of the row that is due.
    row_device: Option<u32>,
}

/// Applications that serve requests. See the [module](super).
#[derive(Debug)]
pub struct ServiceWorkload {
    pub(super) name: String,
    pub(super) request_stream: String,
    pub(super) specs: Vec<Application>,
    /// For each description where the replicas of its services begin.
    pub(super) first_replicas: Vec<Vec<u32>>,
    pub(super) applications: Vec<App>,
    pub(super) replicas: Vec<Replica>,
    pub(super) requests: Slab<Request>,
    pub(super) next_number: u64,
    sources: Vec<Source>,
    pub(super) options: ServiceOptions,
    horizon: SimTime,
    pub(super) random: Stream,
    pub(super) registered: Option<Registered>,
    /// What became of decisions: held, violated, rejected.
    pub(super) ends: Option<[Symbol; 3]>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) violations: Vec<Violation>,
    /// When all was audited last, and when it will be beside control steps.
    pub(super) controlled: Option<SimTime>,
    pub(super) sampled: Option<SimTime>,
    audit_due: Option<SimTime>,
    pub(super) first_rejection: Option<String>,
    /// When the run ended.
    ended: SimTime,
    pub(super) begins: SimTime,
}

impl ServiceWorkload {
    /// A workload of applications under these names, each of one of the descriptions by its number. Requests come until
    /// `horizon`.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        specs: Vec<Application>,
        applications: Vec<(String, usize)>,
        options: ServiceOptions,
        horizon: SimTime,
    ) -> Self {
        let name = name.into();
        let first_replicas: Vec<Vec<u32>> = specs.iter().map(Application::first_replicas).collect();
        let mut replicas = Vec::new();
        let mut apps = Vec::new();
        for (name, spec) in applications {
            let Some(own) = specs.get(spec) else { continue };
            let first_replica = replicas.len() as u32;
            let number = apps.len() as u32;
            replicas.extend(own.replicas().map(|service| Replica::new(number, service)));
            apps.push(App {
                name,
                spec: spec as u32,
                id: ApplicationId(0),
                symbol: None,
                first_replica,
                replicas: replicas.len() as u32 - first_replica,
                placed_replicas: 0,
                serving: vec![0; own.services.len()],
                idle_services: own.services.len() as u32,
                has_served: false,
                ever_placed: false,
                turns: vec![0; own.services.len()],
                rejected: 0,
                decision: None,
                placed: Span::new(SimTime::ZERO),
                down: Span::new(SimTime::ZERO),
                flows: own.flows.iter().map(|_| FlowCounts::default()).collect(),
                worst_s: Summary::default(),
                account: Account::default(),
                sampled: Summary::default(),
            });
        }
        ServiceWorkload {
            request_stream: format!("{name}/requests"),
            name,
            specs,
            first_replicas,
            applications: apps,
            replicas,
            requests: Slab::new(),
            next_number: 0,
            sources: Vec::new(),
            options,
            horizon,
            // That of the run takes its place at the start.
            random: RandomStreams::new(0).stream("routing"),
            registered: None,
            ends: None,
            candidates: Vec::new(),
            violations: Vec::new(),
            controlled: None,
            sampled: None,
            audit_due: None,
            first_rejection: None,
            ended: SimTime::ZERO,
            begins: SimTime::ZERO,
        }
    }

    pub(super) fn service(&self, application: u32, service: u32) -> &Service {
        let spec = self.applications[application as usize].spec;
        &self.specs[spec as usize].services[service as usize]
    }

    /// The replicas of a service.
    pub(super) fn replicas_of(&self, application: u32, service: u32) -> Range<u32> {
        let app = &self.applications[application as usize];
        let first = &self.first_replicas[app.spec as usize];
        app.first_replica + first[service as usize]..app.first_replica + first[service as usize + 1]
    }

    /// Makes the sources of requests, and sets the time of the first from each.
    fn start_sources(&mut self, context: &mut dyn Context) {
        let stream = format!("{}/arrivals", self.name);
        let mut sources = Vec::new();
        for (application, app) in (0..).zip(&self.applications) {
            for (flow, own) in (0..).zip(&self.specs[app.spec as usize].flows) {
                let Some(arrival) = &own.arrival else { continue };
                let is_trace = matches!(arrival, crate::apps::tasks::Arrival::Trace(_));
                let nodes: Vec<Option<NodeId>> = match own.sources.as_slice() {
                    nodes if is_trace || nodes.is_empty() => vec![None],
                    nodes => nodes.iter().copied().map(Some).collect(),
                };
                for node in nodes {
                    let random = context.streams().entity(&stream, sources.len() as u64);
                    let clock = Clock::new(random);
                    sources.push(Source { application, flow, node, clock, row_device: None });
                }
            }
        }
        self.sources = sources;
        for source in 0..self.sources.len() as u32 {
            self.schedule_next(source, context);
        }
    }

    fn schedule_next(&mut self, source: u32, context: &mut dyn Context) {
        let own = &mut self.sources[source as usize];
        let spec = self.applications[own.application as usize].spec;
        let flow = &self.specs[spec as usize].flows[own.flow as usize];
        let Some(arrival) = &flow.arrival else { return };
        if let Some((time, device)) = own.clock.next(arrival, self.horizon) {
            own.row_device = device;
            let message = Message { code: ARRIVE, subject: source, detail: 0 };
            context.set_timer(time, Phase::Demand, message);
        }
    }

    fn on_arrival(&mut self, source: u32, context: &mut dyn Context) {
        let own = &self.sources[source as usize];
        let (application, flow, mut node) = (own.application, own.flow, own.node);
        if let Some(device) = own.row_device {
            let spec = self.applications[application as usize].spec;
            let nodes = &self.specs[spec as usize].flows[flow as usize].sources;
            node = (!nodes.is_empty()).then(|| nodes[device as usize % nodes.len()]);
        }
        if node.is_none_or(|node| context.infrastructure().node(node).is_available()) {
            self.create(application, flow, node, context);
        }
        self.schedule_next(source, context);
    }

    /// Notes how often ways of the applications have changed since the start.
    fn note_reroutes(&mut self, context: &mut dyn Context) {
        for app in &mut self.applications {
            app.account.reroutes = context.infrastructure().application(app.id).reroutes();
        }
    }

    /// Audits all applications once everything has happened that happens now.
    fn audit_soon(&mut self, context: &mut dyn Context) {
        let now = context.now();
        if self.audit_due != Some(now) {
            self.audit_due = Some(now);
            context.set_timer(now, Phase::Control, Message { code: AUDIT, ..Message::default() });
        }
    }
}

impl Workload for ServiceWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::ServicePlacement]
    }

    fn start(&mut self, context: &mut dyn Context) {
        // Tables of these names and shapes are shared by all workloads of this kind; nothing else can be wrong.
        let _ = self.register(context);
        self.ends = Some(["held", "violated", "rejected"].map(|end| context.symbol(end)));
        self.random = context.streams().stream(&format!("{}/routing", self.name));
        self.begins = context.warm_up_end();
        for app in &mut self.applications {
            let needs = self.specs[app.spec as usize].needs(&app.name);
            app.id = context.infrastructure().add_application(needs);
            (app.placed, app.down) = (Span::new(self.begins), Span::new(self.begins));
        }
        self.start_sources(context);
        if self.begins > context.now() {
            let message = Message { code: BEGIN, ..Message::default() };
            context.set_timer(self.begins, Phase::Environment, message);
        }
        let message = Message { code: CONTROL, ..Message::default() };
        context.set_timer(context.now(), Phase::Control, message);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            ARRIVE => self.on_arrival(message.subject, context),
            START => self.started(message.subject, message.detail, context),
            AUDIT => self.control(false, context),
            BEGIN => self.note_reroutes(context),
            _ => {
                self.control(true, context);
                let next = context.now() + self.options.control_period;
                context.set_timer(next, Phase::Control, message);
            }
        }
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.job_ended(token, outcome, context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        if transfer.owner.token & STATE != 0 {
            return self.state_transferred(transfer, context);
        }
        self.request_transferred(transfer, context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        let outcome = match change {
            NodeChange::Failed => Outcome::LostToFault,
            NodeChange::BatteryEmpty => Outcome::LostToBattery,
            NodeChange::Vanished => Outcome::LostToMobility,
            _ => return,
        };
        for index in 0..self.replicas.len() as u32 {
            let replica = &self.replicas[index as usize];
            if replica.node() == Some(node) && !replica.queue.is_empty() {
                self.lose_queue(index, outcome, context);
            }
        }
        self.audit_soon(context);
    }

    fn on_link_change(&mut self, _: LinkId, up: bool, context: &mut dyn Context) {
        if !up {
            self.audit_soon(context);
        }
    }

    fn on_offers_change(&mut self, context: &mut dyn Context) {
        self.audit_soon(context);
    }

    fn heeds_anomalies(&self) -> bool {
        true
    }

    fn on_anomaly(&mut self, anomaly: &Anomaly, context: &mut dyn Context) {
        self.evade(anomaly.site, context);
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.sample(context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.ended = context.now();
        self.sample(context);
        self.leave_unfinished(context);
        for app in 0..self.applications.len() as u32 {
            self.settle_application(app, context);
        }
        let uncounted: Vec<u64> = self.applications.iter().map(|app| app.account.reroutes).collect();
        self.note_reroutes(context);
        for (app, before) in self.applications.iter_mut().zip(uncounted) {
            // Those of the warm-up do not count; if it has not ended, none do.
            let reroutes = app.account.reroutes - before;
            app.account.reroutes = if self.ended < self.begins { 0 } else { reroutes };
        }
    }

    fn summary(&self) -> serde_json::Value {
        let now = self.ended;
        let (mut all, mut account, mut worst_s) =
            (FlowCounts::default(), Account::default(), Summary::default());
        let (mut placed_s, mut down_s) = (0.0, 0.0);
        let mut by_name = serde_json::Map::new();
        for app in &self.applications {
            let mut total = FlowCounts::default();
            let mut flows = serde_json::Map::new();
            let names = self.specs[app.spec as usize].flows.iter().map(|flow| &flow.name);
            for (name, flow) in names.zip(&app.flows) {
                total.merge(flow);
                flows.insert(name.clone(), flow.json());
            }
            total.analytic_s = app.worst_s;
            let mut own = total.json();
            app.account.write(&mut own, &self.options.prices);
            own["placed_share"] = app.placed.share(now);
            own["downtime_s"] = json!(app.down.total_s(now));
            own["flows"] = flows.into();
            by_name.insert(app.name.clone(), own);
            all.merge(&total);
            account.merge(&app.account);
            worst_s.merge(&app.worst_s);
            placed_s += app.placed.total_s(now);
            down_s += app.down.total_s(now);
        }
        all.analytic_s = worst_s;
        let mut summary = all.json();
        account.write(&mut summary, &self.options.prices);
        let count = self.applications.len();
        let span_s = if now > self.begins { now.since(self.begins).as_secs() } else { 0.0 };
        let whole_s = span_s * count as f64;
        summary["placed_share"] =
            if whole_s > 0.0 { json!((placed_s / whole_s).min(1.0)) } else { json!(null) };
        summary["downtime_s"] = json!(down_s);
        let ever = self.applications.iter().filter(|app| app.ever_placed).count();
        summary["ever_placed"] = json!(ever);
        let at_end = self.applications.iter().filter(|app| app.placed.is_so()).count();
        summary["placed_at_end"] = json!(at_end);
        summary["first_rejection"] = json!(self.first_rejection);
        summary["applications"] = by_name.into();
        summary
    }
}
