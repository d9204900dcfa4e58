//! The workload: its functions, and how it answers the world.

use super::agents::Agents;
use super::arrivals::{Arrivals, StreamClock};
use super::epochs::{EpochOptions, Epochs};
use super::function::{Function, FunctionOptions, Image};
use super::keep_alive::Keeper;
use super::outcome::Outcome;
use super::replicas::{Pool, Replica};
use super::report::{Accounts, Load};
use super::requests::Request;
use super::router::Router;
use super::start::Images;
use super::window::Windows;
use crate::apps::replica_allocation::FunctionProblem;
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::{Phase, SimTime};
use crate::infra::compute::Job;
use crate::infra::{DeployedEnergy, JobOutcome, NodeChange, NodeId, TransferRecord};
use slab::Slab;

/// A request enters; the subject is the stream, the detail its seed.
const ARRIVE: u32 = 0;
/// A stage of a start is over; the subject is the replica's key, the detail its number.
pub(super) const STAGE: u32 = 1;
/// Idle replicas of a pool may have to stop.
pub(super) const KEEP: u32 = 2;
/// Requests of a pool may have waited for too long.
pub(super) const TIMEOUT: u32 = 3;
/// A request or answer that travels without a transfer is there; the detail is its token.
pub(super) const HOP: u32 = 4;
/// A function is likely to be needed soon at the node of a pool.
pub(super) const WARM: u32 = 5;
/// The warm-up ends.
const WARMED_UP: u32 = 6;

/// Where requests of a function enter.
#[derive(Debug)]
struct Source {
    clock: StreamClock,
    /// Service time of the request that is due; NaN if it is to be drawn.
    service_s: f64,
}

/// Functions that serve requests. See the [module](super).
#[derive(Debug)]
pub struct FunctionWorkload {
    pub(super) name: String,
    pub(super) functions: Vec<Function>,
    pub(super) images: Vec<Image>,
    pub(super) arrivals: Arrivals,
    pub(super) problem: FunctionProblem,
    pub(super) options: FunctionOptions,
    pub(super) horizon: SimTime,
    /// The nodes, then those of the cloud.
    pub(super) sites: Vec<NodeId>,
    /// For each site the pools of the functions.
    pub(super) pools: Vec<Pool>,
    pub(super) replicas: Slab<Replica>,
    pub(super) next_replica: u64,
    pub(super) requests: Slab<Request>,
    pub(super) next_request: u64,
    sources: Vec<Source>,
    pub(super) router: Router,
    pub(super) image_store: Images,
    /// Of Greedy-Dual: for each site the priority of what was evicted last.
    pub(super) eviction_clocks: Vec<f64>,
    pub(super) windows: Windows,
    pub(super) accounts: Accounts,
    /// The number of the present epoch.
    pub(super) epoch: u32,
    pub(super) epochs: Option<Epochs>,
    pub(super) agents: Agents,
    pub(super) epoch_options: Option<EpochOptions>,
}

impl FunctionWorkload {
    /// A workload of functions, whose requests enter at the nodes of `problem` until `horizon`. `problem` and `arrivals` are
    /// of the same streams, and the functions of `problem` are these; images are known by their numbers.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        functions: Vec<Function>,
        images: Vec<Image>,
        arrivals: Arrivals,
        problem: FunctionProblem,
        mut options: FunctionOptions,
        horizon: SimTime,
    ) -> Self {
        let epochs = std::mem::take(&mut options.epochs);
        let agents = options.agents.take();
        let sites: Vec<NodeId> = problem.nodes.iter().chain(&options.cloud).copied().collect();
        let (nodes, count) = (problem.nodes.len(), functions.len());
        let pools = (0..sites.len() * count)
            .map(|pool| {
                Pool::new(pool >= nodes * count, Keeper::new(&functions[pool % count].keep_alive))
            })
            .collect();
        FunctionWorkload {
            name: name.into(),
            router: Router::new(&problem, options.split),
            image_store: Images::new(sites.len()),
            eviction_clocks: vec![0.0; sites.len()],
            functions,
            images,
            arrivals,
            problem,
            options,
            horizon,
            sites,
            pools,
            replicas: Slab::new(),
            next_replica: 0,
            requests: Slab::new(),
            next_request: 0,
            sources: Vec::new(),
            windows: Windows::new(0, SimTime::ZERO),
            accounts: Accounts::default(),
            epoch: 0,
            epochs: None,
            agents: Agents::new(agents),
            epoch_options: Some(epochs),
        }
    }

    /// The function of a pool or stream.
    pub(super) fn function(&self, pool: u32) -> &Function {
        &self.functions[pool as usize % self.functions.len()]
    }

    /// The number of the site of a pool or stream.
    pub(super) fn site(&self, pool: u32) -> u32 {
        pool / self.functions.len() as u32
    }

    /// The node of a pool or stream.
    pub(super) fn node(&self, pool: u32) -> NodeId {
        self.sites[self.site(pool) as usize]
    }

    /// The pools of a site.
    pub(super) fn pools_of(&self, site: u32) -> std::ops::Range<u32> {
        let count = self.functions.len() as u32;
        site * count..(site + 1) * count
    }

    /// Whether a pool is in the cloud.
    pub(super) fn is_cloud(&self, pool: u32) -> bool {
        self.site(pool) as usize >= self.problem.nodes.len()
    }

    /// What a pool does now.
    pub(super) fn load(&self, pool: u32) -> Load {
        self.pools[pool as usize].load()
    }

    /// Notes that the present of a pool has changed.
    pub(super) fn note(&mut self, pool: u32, now: SimTime) {
        let load = self.pools[pool as usize].load();
        if self.windows.ready(pool as usize) != load.ready {
            self.windows.set_ready(pool as usize, now, load.ready);
        }
        self.accounts.load(now, pool, load);
    }

    /// What replicas that are there have been charged with by now, by pool.
    fn energies(&self, context: &mut dyn Context) -> Vec<(u32, DeployedEnergy)> {
        let now = context.now();
        let infrastructure = context.infrastructure();
        let mut energy = |replica: &Replica| infrastructure.deployed_energy(replica.processor, now);
        self.replicas.iter().map(|(_, replica)| (replica.pool, energy(replica))).collect()
    }

    fn schedule_next(&mut self, stream: u32, context: &mut dyn Context) {
        let source = &mut self.sources[stream as usize];
        if let Some(arrived) = source.clock.next(&self.arrivals, self.horizon) {
            source.service_s = arrived.service_s;
            let message = Message { code: ARRIVE, subject: stream, detail: arrived.seed };
            context.set_timer(arrived.at, Phase::Demand, message);
        }
    }
}

impl Workload for FunctionWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::ReplicaAllocation]
    }

    fn start(&mut self, context: &mut dyn Context) {
        let (functions, problem) = (&self.functions, &self.problem);
        self.accounts.start(&self.name, functions, problem, &self.options, context);
        let starts = format!("{}/starts", self.name);
        for (number, pool) in (0..).zip(&mut self.pools) {
            pool.random = Some(context.streams().entity(&starts, number));
        }
        let warm_up_end = context.warm_up_end();
        if warm_up_end > context.now() {
            let message = Message { code: WARMED_UP, ..Message::default() };
            context.set_timer(warm_up_end, Phase::Completion, message);
        }
        self.start_epochs(context);
        let arrivals = format!("{}/arrivals", self.name);
        for stream in 0..self.problem.streams() {
            let random = context.streams().entity(&arrivals, stream as u64);
            let clock = StreamClock::new(&self.arrivals, stream, random);
            self.sources.push(Source { clock, service_s: f64::NAN });
        }
        for stream in 0..self.sources.len() as u32 {
            self.schedule_next(stream, context);
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            ARRIVE => {
                let service_s = self.sources[message.subject as usize].service_s;
                self.create(message.subject, message.detail, service_s, context);
                self.schedule_next(message.subject, context);
            }
            STAGE => self.stage_over(message.subject, message.detail, context),
            KEEP => self.expire(message.subject, context),
            TIMEOUT => self.time_out(message.subject, context),
            HOP => self.travelled(message.detail, Outcome::Done, 0.0, context),
            WARM => self.warm(message.subject, message.detail, context),
            WARMED_UP => {
                let energies = self.energies(context);
                let energy_j = energies.iter().map(|(_, own)| own.dynamic_j + own.idle_j).sum();
                self.accounts.end_warm_up(context.now(), energy_j);
            }
            _ => self.on_epoch(message, context),
        }
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.job_ended(token, outcome, context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        if self.delivered(transfer, context) || self.pulled(transfer, context) {
            return;
        }
        let token = transfer.owner.token;
        self.travelled(token, transfer.outcome.into(), transfer.sent_bytes, context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        let Some(site) = self.sites.iter().position(|&own| own == node) else { return };
        match (Outcome::of_change(change), change) {
            (Some(outcome), _) => self.node_gone(site as u32, outcome, context),
            (None, NodeChange::Repaired | NodeChange::BatteryCharged | NodeChange::Appeared) => {
                self.fill(site as u32, context);
            }
            _ => {}
        }
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.finish_run(context);
        self.leave_unfinished(context);
        for (pool, energy) in self.energies(context) {
            self.accounts.charge(pool, energy);
        }
        self.accounts.settle(context);
    }

    fn summary(&self) -> serde_json::Value {
        self.accounts.summary()
    }
}
