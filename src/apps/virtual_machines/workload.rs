//! The workload: what it keeps of its virtual machines, and how it answers the world.

use super::config::{BatchJob, Demand, VmOptions, VmRequest, VmType};
use super::demand::Demands;
use super::jobs::Jobs;
use super::order::VmOrder;
use super::report::Totals;
use super::tables::Registered;
use crate::apps::{Context, Copying, DecisionId, DecisionPoint, Message, VmHistories, Workload};
use crate::engine::{EventHandle, Phase, SimTime};
use crate::infra::compute::Job;
use crate::infra::{
    HostId, HostState, JobOutcome, MigrationOutcome, MigrationRecord, NodeId, VmAccount, VmChange, VmId,
};
use crate::records::Cell;
use std::collections::VecDeque;

pub(super) const ARRIVAL: u32 = 0;
pub(super) const GRID: u32 = 1;
pub(super) const FRAGMENT: u32 = 2;
pub(super) const END: u32 = 3;
pub(super) const CONTROL: u32 = 4;
pub(super) const JOB: u32 = 5;
pub(super) const DRAIN: u32 = 6;
pub(super) const REOPEN: u32 = 7;
pub(super) const RESTART: u32 = 8;

/// Virtual machines, their hosts and jobs. See the [module](super).
#[derive(Debug)]
pub struct VmWorkload {
    pub(super) name: String,
    pub(super) types: Vec<VmType>,
    /// In the order of their times.
    pub(super) requests: Vec<VmRequest>,
    pub(super) demands: Demands,
    pub(super) options: VmOptions,
    pub(super) hosts: Vec<HostId>,
    /// Whether the energy of any of them is that of a site.
    pub(super) has_sites: bool,
    /// For each request that has come its virtual machine.
    pub(super) vms: Vec<Vm>,
    /// Requests without a host, in the order in which they are tried.
    pub(super) queue: VecDeque<u32>,
    /// Requests whose hosts have been lost at this instant, in order.
    pub(super) lost: Vec<u32>,
    pub(super) order: VmOrder,
    /// For each grid the requests on it that have come and not ended, with their rows.
    pub(super) on_grids: Vec<Vec<(u32, u32)>>,
    pub(super) histories: VmHistories,
    pub(super) jobs: Jobs,
    pub(super) registered: Option<Registered>,
    pub(super) totals: Totals,
    /// The last consolidation, with what was asked for and got before it.
    pub(super) last_step: Option<(DecisionId, f64, f64)>,
    pub(super) steps: u64,
    pub(super) summary: serde_json::Value,
}

/// A virtual machine that has come.
#[derive(Clone, Debug)]
pub(super) struct Vm {
    pub(super) vm: VmId,
    pub(super) started: Option<SimTime>,
    pub(super) ended: bool,
    pub(super) end: Option<EventHandle>,
    pub(super) fragment: u32,
    /// The decision that put it where it is, and its account then.
    pub(super) decision: Option<(DecisionId, VmAccount)>,
    /// Whether it is leaving a host that is being emptied.
    pub(super) is_drained: bool,
    /// Money for its migrations.
    pub(super) migration_cost: f64,
    /// Its last host, if it has ended while it was copied: its row waits for what the copy cost.
    pub(super) unrecorded: Option<HostId>,
}

impl VmWorkload {
    /// A workload of these virtual machines, whose classes number the `types`, and of `jobs` for those of them
    /// that take jobs. Requests that come at the same time are tried in their order.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        types: Vec<VmType>,
        requests: Vec<VmRequest>,
        demands: Demands,
        jobs: Vec<BatchJob>,
        options: VmOptions,
    ) -> Self {
        let (requests, order) = VmOrder::sort(requests, &options.order);
        let on_grids = vec![Vec::new(); demands.grids.len()];
        VmWorkload {
            name: name.into(),
            types,
            requests,
            demands,
            options,
            hosts: Vec::new(),
            has_sites: false,
            vms: Vec::new(),
            queue: VecDeque::new(),
            lost: Vec::new(),
            order,
            on_grids,
            histories: VmHistories::default(),
            jobs: Jobs::new(jobs),
            registered: None,
            totals: Totals::default(),
            last_step: None,
            steps: 0,
            summary: serde_json::Value::Null,
        }
    }

    /// The virtual machines that have come, in order.
    pub fn machines(&self) -> impl Iterator<Item = VmId> + '_ {
        self.vms.iter().map(|own| own.vm)
    }

    /// The hosts.
    #[must_use]
    pub fn hosts(&self) -> &[HostId] {
        &self.hosts
    }

    /// What a virtual machine wants at `now`, as a share of its size.
    fn share_at(&self, number: u32, now: SimTime) -> Option<f64> {
        match self.requests[number as usize].demand {
            Demand::Constant(share) => Some(share),
            Demand::Grid { grid, row } => {
                let grid = self.demands.grids.get(usize::from(grid))?;
                Some(f64::from(grid.share(grid.step_at(now), row as usize)))
            }
            Demand::Fragments { .. } | Demand::Jobs => None,
        }
    }

    /// The share of its memory that a virtual machine uses at `now`, if that is known.
    fn memory_share_at(&self, number: u32, now: SimTime) -> Option<f64> {
        let Demand::Grid { grid, row } = self.requests[number as usize].demand else { return None };
        let grid = self.demands.grids.get(usize::from(grid))?;
        grid.memory_share(grid.step_at(now), row as usize).map(f64::from)
    }

    /// Takes in the requests that are due.
    fn on_arrival(&mut self, context: &mut dyn Context) {
        let now = context.now();
        while let Some(request) = self.requests.get(self.vms.len()).filter(|next| next.time <= now) {
            let number = self.vms.len() as u32;
            let class = &self.types[usize::from(request.spec.class)];
            let vm = context.add_vm(request.spec.clone(), u64::from(number));
            let (discipline, serves) = (class.discipline, class.serves);
            let takes_jobs = request.demand == Demand::Jobs;
            match request.demand {
                Demand::Grid { grid, row } => {
                    if let Some(on_grid) = self.on_grids.get_mut(usize::from(grid)) {
                        on_grid.push((number, row));
                    }
                }
                Demand::Jobs => context.take_jobs(vm, discipline),
                Demand::Constant(_) | Demand::Fragments { .. } => {}
            }
            if let Some(front) = serves.filter(|_| takes_jobs) {
                let known = context.infrastructure().virtual_machines().servers_of(front);
                let mut servers = known.unwrap_or_default().to_vec();
                servers.push(vm);
                context.serve_by(front, &servers);
            }
            self.vms.push(Vm {
                vm,
                started: None,
                ended: false,
                end: None,
                fragment: 0,
                decision: None,
                is_drained: false,
                migration_cost: 0.0,
                unrecorded: None,
            });
            let spec = &self.requests[number as usize].spec;
            if let Some(share) = self.share_at(number, now) {
                context.set_vm_demand(vm, share * spec.size_mips());
            }
            if let Some(share) = self.memory_share_at(number, now) {
                context.set_vm_memory(vm, share * spec.resources.memory_bytes);
            }
            if !self.order.waits(number) {
                self.queue.push_back(number);
            }
        }
        self.place_waiting(context);
        if let Some(next) = self.requests.get(self.vms.len()) {
            context.set_timer(next.time, Phase::Demand, Message { code: ARRIVAL, ..Message::default() });
        }
    }

    /// All virtual machines on a grid want something else.
    fn on_grid_step(&mut self, index: usize, context: &mut dyn Context) {
        let now = context.now();
        let (Some(grid), Some(on_grid)) = (self.demands.grids.get(index), self.on_grids.get_mut(index))
        else {
            return;
        };
        let step = grid.step_at(now);
        let (vms, requests) = (&self.vms, &self.requests);
        on_grid.retain(|&(number, _)| !vms[number as usize].ended);
        for &(number, row) in &*on_grid {
            let (vm, spec) = (vms[number as usize].vm, &requests[number as usize].spec);
            context.set_vm_demand(vm, f64::from(grid.share(step, row as usize)) * spec.size_mips());
            if let Some(share) = grid.memory_share(step, row as usize) {
                context.set_vm_memory(vm, f64::from(share) * spec.resources.memory_bytes);
            }
        }
        self.schedule_grid(index, context);
    }

    fn schedule_grid(&self, index: usize, context: &mut dyn Context) {
        let grid = &self.demands.grids[index];
        let next = grid.step_at(context.now()) + 1;
        if next < grid.steps() {
            let time = SimTime::from_nanos(grid.step().as_nanos().saturating_mul(next as u64));
            let message = Message { code: GRID, subject: index as u32, detail: 0 };
            context.set_timer(time, Phase::Demand, message);
        }
    }

    /// The next fragment of a virtual machine begins, or it ends with its last one.
    pub(super) fn on_fragment(&mut self, number: u32, context: &mut dyn Context) {
        let own = &mut self.vms[number as usize];
        let Demand::Fragments { first, count } = self.requests[number as usize].demand else { return };
        if own.ended {
            return;
        }
        let next = (own.fragment < count).then(|| first as usize + own.fragment as usize);
        let Some(fragment) = next.and_then(|next| self.demands.fragments.get(next)) else {
            return self.end(number, context);
        };
        own.fragment += 1;
        context.set_vm_demand(own.vm, f64::from(fragment.demand_mips));
        if !fragment.memory_share.is_nan() {
            let memory_bytes = self.requests[number as usize].spec.resources.memory_bytes;
            context.set_vm_memory(own.vm, f64::from(fragment.memory_share) * memory_bytes);
        }
        let message = Message { code: FRAGMENT, subject: number, detail: 0 };
        context.set_timer(context.now() + fragment.duration, Phase::Demand, message);
    }

    /// A virtual machine runs, for the first time or again.
    fn on_started(&mut self, number: u32, context: &mut dyn Context) {
        let own = &mut self.vms[number as usize];
        if own.started.is_none() {
            own.started = Some(context.now());
            let request = &self.requests[number as usize];
            if let Some(lifetime) = request.lifetime {
                let message = Message { code: END, subject: number, detail: 0 };
                own.end = Some(context.set_timer(context.now() + lifetime, Phase::Completion, message));
            }
            if let Demand::Fragments { .. } = request.demand {
                self.on_fragment(number, context);
            }
        }
        if self.requests[number as usize].demand == Demand::Jobs {
            self.jobs.open(number, &self.requests[number as usize].spec);
            self.start_jobs(context);
        }
    }

    /// Ends a virtual machine, and tries whether what it held is enough for one that waits.
    pub(super) fn end(&mut self, number: u32, context: &mut dyn Context) {
        let own = &mut self.vms[number as usize];
        if std::mem::replace(&mut own.ended, true) {
            return;
        }
        let vm = own.vm;
        let machines = context.infrastructure().virtual_machines();
        let (host, is_copied) = (machines.host(vm), machines.is_migrating(vm));
        self.jobs.close(number);
        context.stop_vm(vm);
        if host.is_none() {
            self.queue.retain(|&other| other != number);
            self.lost.retain(|&other| other != number);
        }
        let come = self.vms.len() as u32;
        self.queue.extend(self.order.end(number).into_iter().filter(|&follower| follower < come));
        let words = self.registered.as_ref().map(|registered| registered.words);
        if let Some(words) = words {
            self.resolve_allocation(number, words.stopped, context);
            if is_copied {
                self.vms[number as usize].unrecorded = host;
            } else {
                self.record_vm(number, words.stopped, host, context);
            }
        }
        self.place_waiting(context);
    }
}

impl Workload for VmWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::VmAllocation, DecisionPoint::Consolidation]
    }

    fn hosts(&self) -> Vec<NodeId> {
        self.options.hosts.iter().map(|(node, _)| *node).collect()
    }

    fn start(&mut self, context: &mut dyn Context) {
        let types: Vec<String> = self.types.iter().map(|kind| kind.name.clone()).collect();
        // Tables of these names and shapes are shared by all workloads of this kind; nothing else can be wrong.
        self.registered = Registered::new(context, &self.name, &types).ok();
        for &(node, spec) in &self.options.hosts {
            let host = context.add_host(node, spec);
            self.hosts.push(host);
        }
        self.hosts.sort_unstable();
        self.hosts.dedup();
        let infrastructure = context.infrastructure();
        let nodes = infrastructure.virtual_machines().fleet().nodes();
        let is_at_site = |host: &HostId| infrastructure.site_of(nodes[host.index()]).is_some();
        self.has_sites = self.hosts.iter().any(is_at_site);
        // Until the first of its servers is requested, a front has none, and refuses what comes.
        for front in self.types.iter().filter_map(|kind| kind.serves) {
            context.serve_by(front, &[]);
        }
        self.histories = VmHistories::new(context.consolidation_history().unwrap_or(0));
        if let Some(first) = self.requests.first() {
            context.set_timer(
                first.time,
                Phase::Demand,
                Message { code: ARRIVAL, ..Message::default() },
            );
        }
        (0..self.demands.grids.len()).for_each(|index| self.schedule_grid(index, context));
        let step = context.now() + self.options.period;
        context.set_timer(step, Phase::Control, Message { code: CONTROL, ..Message::default() });
        self.schedule_jobs(context);
        for (index, drain) in (0..).zip(&self.options.drains) {
            for (code, time) in [(DRAIN, drain.from), (REOPEN, drain.until)] {
                context.set_timer(time, Phase::Control, Message { code, subject: index, detail: 0 });
            }
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            ARRIVAL => self.on_arrival(context),
            GRID => self.on_grid_step(message.subject as usize, context),
            FRAGMENT => self.on_fragment(message.subject, context),
            END => self.end(message.subject, context),
            CONTROL => self.on_control(context),
            JOB => self.on_job_due(context),
            DRAIN => self.on_drain(message.subject as usize, context),
            REOPEN => self.on_reopen(message.subject as usize, context),
            _ => self.on_restart(context),
        }
    }

    fn on_vm_change(&mut self, _: VmId, token: u64, change: VmChange, context: &mut dyn Context) {
        let number = token as u32;
        match change {
            VmChange::Started => self.on_started(number, context),
            VmChange::Lost => self.on_lost(number, context),
        }
    }

    fn on_migration_end(&mut self, migration: &MigrationRecord, token: u64, context: &mut dyn Context) {
        let cost_factor = self.cost_factor(migration, context);
        self.totals.add_migration(migration, cost_factor);
        self.vms[token as usize].migration_cost += self.migration_cost(migration, cost_factor);
        self.record_migration(token as u32, migration, context);
        let last_host = self.vms[token as usize].unrecorded.take();
        if let (Some(host), Some(registered)) = (last_host, &self.registered) {
            let stopped = registered.words.stopped;
            self.record_vm(token as u32, stopped, Some(host), context);
        }
        self.vms[token as usize].is_drained = false;
        if migration.outcome == MigrationOutcome::Done {
            if let Some(registered) = &self.registered {
                let migrated = registered.words.migrated;
                self.resolve_allocation(token as u32, migrated, context);
            }
            self.place_waiting(context);
        }
    }

    fn on_host_change(&mut self, _: HostId, state: HostState, context: &mut dyn Context) {
        if state == HostState::On {
            self.place_waiting(context);
        }
    }

    fn on_job_end(&mut self, token: u64, job: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.job_ended(token as u32, job, outcome, context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.finish_jobs(context);
        let unfinished = self.registered.as_ref().map(|registered| registered.words.unfinished);
        for number in 0..self.vms.len() as u32 {
            if self.vms[number as usize].ended {
                continue;
            }
            if let Some(unfinished) = unfinished {
                self.resolve_allocation(number, unfinished, context);
                let vm = self.vms[number as usize].vm;
                let machines = context.infrastructure().virtual_machines();
                let (state, host) = (machines.state(vm), machines.host(vm));
                let outcome = context.symbol(state.name());
                self.record_vm(number, outcome, host, context);
            }
        }
        self.resolve_step(context);
        self.summary = self.summarise(context);
    }

    fn summary(&self) -> serde_json::Value {
        self.summary.clone()
    }
}

impl VmWorkload {
    fn record_migration(&mut self, number: u32, migration: &MigrationRecord, context: &mut dyn Context) {
        let cost_factor = self.cost_factor(migration, context);
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.migrations) {
            return;
        }
        let nodes = context.infrastructure().virtual_machines().fleet().nodes();
        let ends = [migration.from, migration.to].map(|host| nodes[host.index()]);
        let words = &registered.words;
        let drained = self.vms[number as usize].is_drained;
        let row = [
            Cell::Float(context.now().as_secs()),
            Cell::from(migration.vm.0),
            Cell::Category(registered.name),
            Cell::Category(context.node_symbol(ends[0])),
            Cell::Category(context.node_symbol(ends[1])),
            Cell::Category(if drained { words.drain } else { words.consolidation }),
            Cell::Float(migration.started.as_secs()),
            Cell::from(migration.rounds),
            Cell::Float(migration.sent_bytes),
            Cell::Float(migration.downtime_s),
            Cell::Float(cost_factor),
            Cell::Float(self.migration_cost(migration, cost_factor)),
            Cell::Category(registered.outcomes[migration.outcome as usize]),
        ];
        context.record(registered.migrations, &row);
    }

    /// What a byte of a migration costs, by its sites.
    fn cost_factor(&self, migration: &MigrationRecord, context: &mut dyn Context) -> f64 {
        let specs = context.infrastructure().virtual_machines().fleet().specs();
        let (from, to) = (specs[migration.from.index()].site, specs[migration.to.index()].site);
        self.copying().factor(from, to)
    }

    /// How virtual machines are copied, and what that costs.
    pub(super) fn copying(&self) -> Copying<'_> {
        Copying {
            spec: self.options.migration,
            price_per_byte: self.options.transfer_price_per_byte,
            factors: &self.options.cost_factors,
        }
    }
}
