//! The world as a model of the kernel, and a run of it.

use super::core::{Core, WorldContext};
use super::event::Event;
use crate::apps::{Context, Workload};
use crate::engine::{Kernel, Model, Phase, Schedule, SimTime};
use crate::infra::{InfraEvent, Infrastructure, Notice, Tier, TransferId};
use crate::records::Records;
use serde_json::json;
use std::collections::VecDeque;

/// With fewer nodes than this all that is kept of them is in the caches, and asking for it is lost time.
const FEWEST_TO_PREFETCH: usize = 2048;

/// What is noted if energies are null.
const BEYOND_NUMBERS: &str = "energies that are null have become greater than any number: look for a power or an \
    energy per bit of the scenario that is far too great";

/// Infrastructure, policies, records and workloads.
#[derive(Debug)]
pub struct World {
    pub(super) core: Core,
    pub(super) workloads: Vec<Box<dyn Workload>>,
    /// Notices that have been handled, kept for their memory.
    pub(super) handled: VecDeque<Notice>,
}

impl World {
    /// The infrastructure.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        &self.core.infrastructure
    }

    /// The workloads.
    #[must_use]
    pub fn workloads(&self) -> &[Box<dyn Workload>] {
        &self.workloads
    }

    fn with_workload(
        &mut self,
        schedule: &mut Schedule<Event>,
        workload: u16,
        act: impl FnOnce(&mut dyn Workload, &mut dyn Context),
    ) {
        let mut context = WorldContext { core: &mut self.core, schedule, workload };
        if let Some(workload) = self.workloads.get_mut(usize::from(workload)) {
            act(&mut **workload, &mut context);
        }
    }

    fn with_each(
        &mut self,
        schedule: &mut Schedule<Event>,
        mut act: impl FnMut(&mut dyn Workload, &mut dyn Context),
    ) {
        for workload in 0..self.workloads.len() {
            self.with_workload(schedule, workload as u16, &mut act);
        }
    }

    /// Records what was measured of 5G cells, and lets detectors look at it; whether anything is done about alarms.
    fn on_cells_measured(&mut self, schedule: &mut Schedule<Event>, responds: bool) {
        let Some(cells) = self.core.infrastructure.cells_mut() else { return };
        let reports = cells.take_reports();
        self.core.record_cells(schedule.now(), &reports);
        let told = self.core.detect(schedule, &reports, responds);
        if let Some(cells) = self.core.infrastructure.cells_mut() {
            cells.return_reports(reports);
        }
        for anomaly in &told {
            self.with_each(schedule, |workload, context| workload.on_anomaly(anomaly, context));
        }
    }

    /// Records what was measured of WiFi.
    fn on_wifi_measured(&mut self, now: SimTime) {
        let Some(wifi) = self.core.infrastructure.wifi_mut() else { return };
        let reports = wifi.take_reports();
        self.core.record_wifi(now, &reports);
        if let Some(wifi) = self.core.infrastructure.wifi_mut() {
            wifi.return_reports(reports);
        }
    }

    /// Schedules the first events of the infrastructure and of all workloads.
    pub(super) fn start(&mut self, schedule: &mut Schedule<Event>) {
        self.core.infrastructure.start(schedule);
        self.core.record_jammers();
        self.core.heed_anomalies(self.workloads.iter().any(|workload| workload.heeds_anomalies()));
        self.core.infrastructure.expect_ends_of_events();
        self.with_each(schedule, |workload, context| workload.start(context));
        self.dispatch(schedule);
        self.core.infrastructure.end_event(schedule);
        if let Some(governor) = &self.core.governor {
            governor.start(schedule);
        }
        self.core.watch_loads(schedule);
    }

    /// Whether it is worth the while to ask for memory ahead of time.
    fn is_large(&self) -> bool {
        self.core.infrastructure.nodes().len() >= FEWEST_TO_PREFETCH
    }

    /// Asks for what comes after the end of a transfer or job, which is itself at hand by now.
    fn prepare_end(&self, event: InfraEvent) {
        match event {
            InfraEvent::TransferDue(id) => self.prepare_transfer(id),
            InfraEvent::UpdateDue(datacenter) => {
                if let Some(owner) = self.core.infrastructure.next_to_end(datacenter)
                    && let Some(workload) = self.workloads.get(usize::from(owner.workload))
                {
                    workload.prepare_token(owner.token);
                }
            }
            _ => {}
        }
    }

    fn prepare_transfer(&self, id: TransferId) {
        let network = self.core.infrastructure.network();
        if let (Some(owner), Some((from, to))) = (network.owner(id), network.ends(id)) {
            self.core.infrastructure.prefetch_node(from.node);
            self.core.infrastructure.prefetch_node(to.node);
            if let Some(workload) = self.workloads.get(usize::from(owner.workload)) {
                workload.prepare_token(owner.token);
            }
            self.core.infrastructure.prefetch_datacenter_of(to.node);
        }
    }

    /// Records and passes on what the infrastructure has to tell.
    fn dispatch(&mut self, schedule: &mut Schedule<Event>) {
        let mut notices = std::mem::take(&mut self.handled);
        while self.core.infrastructure.take_notices(&mut notices) {
            for notice in &notices {
                self.pass_on(schedule, notice);
            }
        }
        self.handled = notices;
    }

    fn pass_on(&mut self, schedule: &mut Schedule<Event>, notice: &Notice) {
        let now = schedule.now();
        match notice {
            Notice::JobEnded { job, outcome, .. } => {
                self.with_workload(schedule, job.owner.workload, |workload, context| {
                    workload.on_job_end(job.owner.token, job, *outcome, context);
                });
            }
            Notice::AcceleratedEnded { job, outcome, .. } => {
                self.with_workload(schedule, job.owner.workload, |workload, context| {
                    workload.on_accelerated_end(job.owner.token, job, *outcome, context);
                });
            }
            Notice::TransferEnded(transfer) => {
                self.core.record_transfer(now, transfer);
                self.with_workload(schedule, transfer.owner.workload, |workload, context| {
                    workload.on_transfer_end(transfer, context);
                });
            }
            &Notice::NodeChanged(node, change) => {
                self.core.record_node_change(now, node, change);
                self.with_each(schedule, |workload, context| {
                    workload.on_node_change(node, change, context);
                });
            }
            Notice::OffersChanged => {
                self.core.record_offer_changes(now);
                self.with_each(schedule, |workload, context| workload.on_offers_change(context));
            }
            &Notice::FrequencyChanged(node) => self.core.record_frequency(now, node),
            &Notice::VmChanged { vm, change } => {
                let owner = self.core.infrastructure.virtual_machines().owner(vm);
                self.with_workload(schedule, owner.workload, |workload, context| {
                    workload.on_vm_change(vm, owner.token, change, context);
                });
            }
            Notice::VmMigrated(record) => {
                let owner = self.core.infrastructure.virtual_machines().owner(record.vm);
                self.with_workload(schedule, owner.workload, |workload, context| {
                    workload.on_migration_end(record, owner.token, context);
                });
            }
            &Notice::HostChanged { host, state } => {
                self.with_each(schedule, |workload, context| {
                    workload.on_host_change(host, state, context);
                });
            }
            &Notice::LinkChanged { link, up } => {
                self.core.record_link_change(now, link, up);
                self.with_each(schedule, |workload, context| workload.on_link_change(link, up, context));
            }
            &Notice::PortChanged { layer, switch, port, works } => {
                self.core.counts.failures += u64::from(!works);
                self.with_each(schedule, |workload, context| {
                    workload.on_port_change(layer, switch, port, works, context);
                });
            }
            &Notice::Moved(node) => self.core.record_movement(now, node),
            &Notice::Handover { device, from, to } => {
                self.core.record_handover(now, device, from, to);
                self.with_each(schedule, |workload, context| {
                    workload.on_handover(device, to, context);
                });
            }
            &Notice::VehicleChanged { node, event } => {
                self.core.record_vehicle(now, node, event);
                self.with_each(schedule, |workload, context| workload.on_vehicle(node, event, context));
            }
            Notice::CellsMeasured => self.on_cells_measured(schedule, true),
            Notice::WifiMeasured => self.on_wifi_measured(schedule.now()),
            Notice::CellChanged(change) => self.core.record_cell_change(now, change),
            &Notice::JammerChanged { jammer, .. } => self.core.record_jammer(now, jammer),
        }
    }
}

impl Model for World {
    type Event = Event;

    fn prepare(&self, next: &Event) {
        if !self.is_large() {
            return;
        }
        match next {
            Event::Infrastructure(event) => self.core.infrastructure.prefetch_event(event),
            Event::Timer { workload, message } => {
                let workload = self.workloads.get(usize::from(*workload));
                if let Some(node) = workload.and_then(|workload| workload.prepare(message)) {
                    self.core.infrastructure.prefetch_node(node);
                }
            }
            _ => {}
        }
    }

    fn handle(&mut self, event: Event, schedule: &mut Schedule<Event>) {
        match event {
            Event::Infrastructure(event) => {
                if self.is_large() {
                    self.prepare_end(event);
                }
                self.core.infrastructure.handle(schedule, event);
            }
            Event::Timer { workload, message } => {
                self.with_workload(schedule, workload, |workload, context| {
                    workload.on_timer(message, context);
                });
            }
            Event::GovernorPeriod => self.core.on_governor_period(schedule),
            Event::GovernorLoad => self.core.on_governor_load(schedule),
            Event::Sample => {
                self.core.sample(schedule.now());
                self.with_each(schedule, |workload, context| workload.on_sample(context));
                let interval = self.core.sampler.sampling.interval;
                schedule.after(interval, Phase::Metering, Event::Sample);
            }
            Event::SampleRadio => {
                if let Some(interval) = self.core.sample_radio(schedule.now()) {
                    schedule.after(interval, Phase::Metering, Event::SampleRadio);
                }
            }
            Event::SampleTelemetry => {
                if let Some(interval) = self.core.sample_telemetry(schedule.now()) {
                    schedule.after(interval, Phase::Metering, Event::SampleTelemetry);
                }
            }
            Event::User(event) => {
                let mut context = WorldContext { core: &mut self.core, schedule, workload: u16::MAX };
                event.happen(&mut context);
            }
        }
        self.dispatch(schedule);
        self.core.infrastructure.end_event(schedule);
        self.core.watch_loads(schedule);
    }
}

/// A run of a world, from its start to its horizon.
///
/// It can be advanced in steps of any size; [`finish`](Simulation::finish) then records what is
/// unfinished.
#[derive(Debug)]
pub struct Simulation {
    pub(super) kernel: Kernel<World>,
    pub(super) horizon: SimTime,
}

impl Simulation {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.kernel.now()
    }

    /// The end of the run.
    #[must_use]
    pub fn horizon(&self) -> SimTime {
        self.horizon
    }

    /// Number of events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.kernel.processed()
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.kernel.model
    }

    /// What is to be known of it before the run.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.world().core.notes
    }

    /// Where the rows go.
    #[must_use]
    pub fn records(&self) -> &dyn Records {
        &*self.kernel.model.core.records
    }

    /// The kernel, to step, stop and look into as one likes.
    pub fn kernel(&mut self) -> &mut Kernel<World> {
        &mut self.kernel
    }

    /// Handles at most `count` events; whether the run goes on after them.
    pub fn advance(&mut self, count: u64) -> bool {
        for _ in 0..count {
            let due = self.kernel.schedule.pending().peek_time();
            if due.is_none_or(|time| time > self.horizon) {
                self.kernel.run_until(self.horizon);
                return false;
            }
            self.kernel.step();
        }
        true
    }

    /// Why the run cannot go on, if it cannot: an input broke off, or the output cannot be written.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let core = &self.kernel.model.core;
        core.infrastructure.failure().map(str::to_string).or_else(|| core.records.failure())
    }

    /// Runs to the horizon and records what is unfinished.
    ///
    /// # Errors
    /// Why it could not go on to the end.
    pub fn run(mut self) -> Result<Finished, String> {
        while self.advance(1 << 16) {
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
        }
        self.finish()
    }

    /// Ends the run where it is: workloads record what is unfinished.
    ///
    /// # Errors
    /// Why the run had failed before.
    pub fn finish(mut self) -> Result<Finished, String> {
        let now = self.kernel.now();
        let (world, schedule) = (&mut self.kernel.model, &mut self.kernel.schedule);
        world.core.infrastructure.settle_vehicles(schedule);
        world.core.infrastructure.settle(now);
        if world.core.infrastructure.close_cells(now) {
            world.on_cells_measured(schedule, false);
        }
        if world.core.infrastructure.close_wifi(schedule) {
            world.on_wifi_measured(now);
        }
        world.with_each(schedule, |workload, context| workload.finish(context));
        let core = &mut world.core;
        core.finish_frequencies(now);
        core.finish_flights(now);
        core.finish_anomaly(now);
        core.decisions.finish(&mut *core.records, &core.node_symbols);
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        self.kernel.model.core.infrastructure.settle(now);
        let summary = self.summary(now);
        Ok(Finished {
            summary,
            events: self.kernel.processed(),
            records: self.kernel.model.core.records,
        })
    }

    fn summary(&self, now: SimTime) -> serde_json::Value {
        let World { core, workloads, .. } = &self.kernel.model;
        let infrastructure = &core.infrastructure;
        let mut tiers = serde_json::Map::new();
        let mut nodes_j = 0.0;
        for tier in Tier::ALL {
            let load = infrastructure.tier_load(tier);
            if load.nodes == 0 {
                continue;
            }
            let (mut busy_core_s, mut energy_j) = (0.0, 0.0);
            for (id, node) in (0..).map(crate::infra::NodeId).zip(infrastructure.nodes()) {
                if node.tier == tier {
                    busy_core_s += infrastructure.meter(id).busy_core_s(now);
                    energy_j += infrastructure.meter(id).energy_j(now);
                }
            }
            let core_s = load.cores * now.as_secs();
            let mut of_tier = json!({
                "nodes": load.nodes,
                "cores": load.cores,
                "utilisation": if core_s > 0.0 { busy_core_s / core_s } else { 0.0 },
                "energy_j": energy_j,
                "network_j": infrastructure.tier_network_energy_j(tier, now),
            });
            nodes_j += energy_j;
            of_tier["predicted_utilisation"] =
                json!(infrastructure.predicted().mean_utilisation(tier, now));
            if let Some(accelerators) = super::accelerators::summary(infrastructure, tier, now) {
                of_tier["accelerators"] = accelerators;
            }
            let batteries = infrastructure.batteries_of(tier, now);
            if batteries.nodes > 0 {
                of_tier["batteries"] = json!({
                    "nodes": batteries.nodes,
                    "empty": batteries.empty,
                    "initial_j": batteries.initial_j,
                    "charged_j": batteries.charged_j,
                    "changed_j": batteries.changed_j,
                    "left_j": batteries.left_j,
                });
            }
            tiers.insert(tier.name().into(), of_tier);
        }
        let workloads: serde_json::Map<_, _> =
            workloads.iter().map(|workload| (workload.name().to_string(), workload.summary())).collect();
        let energy = super::network_energy::summary(infrastructure, nodes_j, now);
        let mut notes = core.notes.clone();
        notes.extend(core.cells_note());
        notes.extend(core.wifi_note());
        if super::network_energy::is_beyond_numbers(&energy) {
            notes.push(BEYOND_NUMBERS.into());
        }
        let mut summary = json!({
            "simulated_s": now.as_secs(),
            "warm_up_s": core.warm_up_end.as_secs(),
            "events": self.kernel.processed(),
            "workloads": workloads,
            "tiers": tiers,
            "energy": energy,
            "network": {
                "transfers": core.counts.transfers,
                "sent_bytes": core.counts.transferred_bytes,
                "unfinished_transfers": infrastructure.network().transfers(),
            },
            "handovers": core.counts.handovers,
            "mobility": super::mobility::summary(core),
            "notes": notes,
            "failures": core.counts.failures,
            "decisions": { "made": core.decisions.made(), "refused": core.counts.refused_decisions },
        });
        if let Some(sites) = super::energy::summary(infrastructure) {
            summary["sites"] = sites;
        }
        if let Some(cells) = core.cells_summary() {
            summary["cells"] = cells;
        }
        if let Some(vehicles) = core.vehicles_summary(now) {
            summary["vehicles"] = vehicles;
        }
        if let Some(wifi) = core.wifi_summary(now) {
            summary["wifi"] = wifi;
        }
        if let Some(governor) = &core.governor {
            summary["frequency"] = json!({
                "decisions": governor.made,
                "changes": governor.changes,
                "refused": governor.refused,
            });
        }
        summary
    }
}

/// A run that has come to its end.
#[derive(Debug)]
pub struct Finished {
    /// What `summary.json` holds.
    pub summary: serde_json::Value,
    /// Number of events.
    pub events: u64,
    /// The records, to be closed by whoever made them.
    pub records: Box<dyn Records>,
}
