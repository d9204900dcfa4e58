//! What workloads act on: infrastructure, policies and records, and the context that leads to them.

use super::accelerators::AcceleratorTable;
use super::anomaly::AnomalyWatch;
use super::cells::CellTables;
use super::decisions::{Decisions, MOST_FEATURES, Made};
use super::energy::EnergyTable;
use super::event::Event;
use super::governor::Governor;
use super::hosting;
use super::mission_engagement::{self, Engager};
use super::movements::Movements;
use super::network_energy::NetworkEnergyTable;
use super::orchestration::{self, Orchestration};
use super::radio::RadioTable;
use super::replica_allocation::{self, ReplicaAllocator};
use super::resource_scope::{self, Scoper};
use super::sampling::Sampler;
use super::service_placement::{self, ServicePlacement};
use super::tables::Tables;
use super::training::{self, TrainingPolicies};
use super::vehicles::VehicleTables;
use super::wifi::WifiTables;
use super::workflow_scheduling;
use crate::apps::agents::AgentId;
use crate::apps::geo::{ScopeChoice, ScopeRequest};
use crate::apps::missions::{EngagementChoice, EngagementRequest};
use crate::apps::orchestration::{OrchestrationFacts, OrchestrationRequest, Order, PlaneFacts};
use crate::apps::replica_allocation::{
    AgentReply, AgentTurn, FunctionProblem, ReplicaAllocationChoice, ReplicaAllocationRequest,
};
use crate::apps::training::{
    TrainingPlacementChoice, TrainingPlacementRequest, TrainingQueueChoice, TrainingQueueRequest,
};
use crate::apps::workflows::{WorkflowChoice, WorkflowRequest};
use crate::apps::{
    ConsolidationChoice, ConsolidationRequest, Context, DecisionEnd, DecisionId, DecisionPoint, Message,
    OffloadingChoice, OffloadingRequest, ServicePlacementChoice, ServicePlacementRequest,
    VmAllocationChoice, VmAllocationRequest,
};
use crate::engine::{EventHandle, Phase, RandomStreams, Schedule, SimDuration, SimTime, Stream};
use crate::infra::accelerators::AcceleratorRequest;
use crate::infra::applications::ReplicaIndex;
use crate::infra::cells::{RadioCommand, RadioRefusal};
use crate::infra::compute::{Discipline, Job, JobRequest, Refusal, Resources};
use crate::infra::network::{NetworkClass, NetworkRefusal};
use crate::infra::optical::{Circuit, OpticalError, OpticalLayerId, OpticalLayerSpec};
use crate::infra::vehicles::{VehicleCommand, VehicleRefusal};
use crate::infra::{
    AcceleratorJobId, ApplicationId, DeployedEnergy, HostId, HostSpec, Infrastructure, JammerId, JobId,
    LinkId, LocalPlane, MigrationId, MigrationSpec, NodeChange, NodeId, Owner, ProcessorId, Share,
    TransferId, TransferOutcome, TransferRecord, VmId, VmRefusal, VmSpec,
};
use crate::placement::consolidation::ConsolidationPolicy;
use crate::placement::offloading::{
    OffloadingDecision, OffloadingPolicy, OffloadingTarget, OffloadingView,
};
use crate::placement::vm_allocation::VmAllocationPolicy;
use crate::placement::workflows::WorkflowPolicy;
use crate::records::{Cell, RecordError, Records, Symbol, TableId, TableSpec};

/// What is counted of the whole world.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WorldCounts {
    pub(super) transfers: u64,
    pub(super) transferred_bytes: f64,
    pub(super) handovers: u64,
    pub(super) failures: u64,
    pub(super) refused_decisions: u64,
}

/// Everything but the workloads.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) infrastructure: Infrastructure,
    pub(super) offloading: Box<dyn OffloadingPolicy>,
    pub(super) offloading_random: Stream,
    pub(super) vm_allocation: Box<dyn VmAllocationPolicy>,
    pub(super) vm_allocation_random: Stream,
    pub(super) consolidation: Box<dyn ConsolidationPolicy>,
    pub(super) consolidation_random: Stream,
    pub(super) service_placement: ServicePlacement,
    pub(super) orchestration: Orchestration,
    pub(super) workflow_scheduling: Box<dyn WorkflowPolicy>,
    pub(super) workflow_scheduling_random: Stream,
    pub(super) replica_allocation: ReplicaAllocator,
    pub(super) mission_engagement: Engager,
    pub(super) training: TrainingPolicies,
    pub(super) resource_scope: Scoper,
    pub(super) decisions: Decisions,
    pub(super) governor: Option<Governor>,
    pub(super) energy: Option<EnergyTable>,
    pub(super) network_energy: Option<NetworkEnergyTable>,
    pub(super) accelerators: Option<AcceleratorTable>,
    /// If there are 5G cells.
    pub(super) cells: Option<CellTables>,
    /// If there is modelled WiFi.
    pub(super) wifi: Option<WifiTables>,
    /// If the radio links of devices are watched.
    pub(super) anomaly: Option<Box<AnomalyWatch>>,
    pub(super) streams: RandomStreams,
    pub(super) records: Box<dyn Records>,
    pub(super) tables: Tables,
    pub(super) node_symbols: Vec<Symbol>,
    pub(super) link_symbols: Vec<Symbol>,
    pub(super) workload_symbols: Vec<Symbol>,
    pub(super) warm_up_end: SimTime,
    pub(super) sampler: Sampler,
    pub(super) movements: Movements,
    /// If signals are sampled.
    pub(super) radio: Option<RadioTable>,
    /// If there are vehicles.
    pub(super) vehicles: Option<VehicleTables>,
    pub(super) counts: WorldCounts,
    /// The plane on the earth that places are on.
    pub(super) plane: Option<LocalPlane>,
    /// What must be read before the results are trusted.
    pub(super) notes: Vec<String>,
}

impl Core {
    pub(super) fn record_transfer(&mut self, now: SimTime, transfer: &TransferRecord) {
        self.counts.transfers += 1;
        self.counts.transferred_bytes += transfer.sent_bytes;
        if !self.records.is_recorded(self.tables.transfers) {
            return;
        }
        self.records.write(
            self.tables.transfers,
            &[
                Cell::Float(now.as_secs()),
                Cell::Float(transfer.started.as_secs()),
                Cell::Category(self.node_symbols[transfer.from.index()]),
                Cell::Category(self.node_symbols[transfer.to.index()]),
                Cell::Float(transfer.size_bytes),
                Cell::Float(transfer.sent_bytes),
                Cell::Unsigned(u64::from(transfer.hops)),
                Cell::Unsigned(u64::from(transfer.reroutes)),
                Cell::Category(self.tables.names.transfer_outcomes[transfer.outcome as usize]),
            ],
        );
    }

    pub(super) fn record_handover(
        &mut self,
        now: SimTime,
        device: NodeId,
        from: Option<NodeId>,
        to: Option<NodeId>,
    ) {
        // The first attachment is not a handover.
        if from.is_some() && to.is_some() {
            self.counts.handovers += 1;
        }
        if !self.records.is_recorded(self.tables.handovers) {
            return;
        }
        let place = self.infrastructure.position(device, now);
        let power =
            |site: Option<NodeId>| Some(self.infrastructure.received(device, site?, now)?.received_dbm);
        let cells = [
            Cell::Float(now.as_secs()),
            Cell::Category(self.node_symbols[device.index()]),
            from.map(|node| self.node_symbols[node.index()]).into(),
            to.map(|node| self.node_symbols[node.index()]).into(),
            Cell::Float(place.x_m),
            Cell::Float(place.y_m),
            power(from).into(),
            power(to).into(),
        ];
        let columns = if self.infrastructure.radio_environment().is_some() { 8 } else { 6 };
        self.records.write(self.tables.handovers, &cells[..columns]);
    }

    pub(super) fn record_node_change(&mut self, now: SimTime, node: NodeId, change: NodeChange) {
        let names = &self.tables.names;
        let change = match change {
            NodeChange::Failed => {
                self.counts.failures += 1;
                names.failed
            }
            NodeChange::Repaired => names.repaired,
            NodeChange::BatteryEmpty => names.battery_empty,
            NodeChange::BatteryLow => names.battery_low,
            NodeChange::BatteryCharged => names.battery_charged,
            NodeChange::Appeared => names.appeared,
            NodeChange::Vanished => names.vanished,
        };
        let (subject, kind) = (self.node_symbols[node.index()], names.node);
        self.record_fault(now, subject, kind, change);
    }

    pub(super) fn record_frequency(&mut self, now: SimTime, node: NodeId) {
        let state = self.infrastructure.node(node);
        let Some(steps) = self.infrastructure.frequency_steps(node) else { return };
        let Some(table) = self.tables.frequencies else { return };
        let step = usize::from(state.frequency_step);
        let (point, meter) = (steps.points()[step], self.infrastructure.meter(node));
        let cores = f64::from(self.infrastructure.class_of(node).cores);
        let load = if cores > 0.0 { meter.busy_cores() / cores } else { 0.0 };
        self.records.write(
            table,
            &[
                Cell::Float(now.as_secs()),
                Cell::Category(self.node_symbols[node.index()]),
                Cell::Float(point.frequency_hz()),
                Cell::Float(point.voltage_v()),
                Cell::Boolean(step < usize::from(state.wanted_step)),
                Cell::Float(load),
                Cell::Float(meter.power_w()),
            ],
        );
    }

    pub(super) fn record_link_change(&mut self, now: SimTime, link: LinkId, up: bool) {
        let names = &self.tables.names;
        self.counts.failures += u64::from(!up);
        let change = if up { names.repaired } else { names.failed };
        let (subject, kind) = (self.link_symbols[link.index()], names.link);
        self.record_fault(now, subject, kind, change);
    }

    fn record_fault(&mut self, now: SimTime, subject: Symbol, kind: Symbol, change: Symbol) {
        self.records.write(
            self.tables.faults,
            &[
                Cell::Float(now.as_secs()),
                Cell::Category(subject),
                Cell::Category(kind),
                Cell::Category(change),
            ],
        );
    }

    /// What a policy wants, if the infrastructure can do it: the node computes, works, has the accelerator that the
    /// task cannot do without, and can be reached from `from`; the instance is one of its own.
    fn checked(
        &self,
        from: NodeId,
        request: &OffloadingRequest,
        decision: OffloadingDecision,
    ) -> Option<OffloadingTarget> {
        let target = match decision {
            OffloadingDecision::Run(node) => OffloadingTarget { node, processor: None, network: None },
            OffloadingDecision::Place(target) => target,
            OffloadingDecision::Refuse => return None,
        };
        let infrastructure = &self.infrastructure;
        let node = infrastructure.nodes().get(target.node.index())?;
        let own = target.processor.is_none_or(|own| node.processors().any(|other| other == own));
        let reachable = infrastructure.is_reachable(from, target.node);
        let computes = infrastructure.takes_tasks(target.node);
        let accelerates = request.accelerated.is_none_or(|part| {
            !part.is_required || infrastructure.accelerators().can_serve(target.node, &part)
        });
        (own && computes && reachable && accelerates).then_some(target)
    }
}

/// The context of one workload.
pub(super) struct WorldContext<'a> {
    pub(super) core: &'a mut Core,
    pub(super) schedule: &'a mut Schedule<Event>,
    pub(super) workload: u16,
}

impl WorldContext<'_> {
    fn owner(&self, token: u64) -> Owner {
        Owner { workload: self.workload, token }
    }
}

impl Context for WorldContext<'_> {
    fn now(&self) -> SimTime {
        self.schedule.now()
    }

    fn warm_up_end(&self) -> SimTime {
        self.core.warm_up_end
    }

    fn infrastructure(&mut self) -> &mut Infrastructure {
        &mut self.core.infrastructure
    }

    fn streams(&self) -> RandomStreams {
        self.core.streams
    }

    fn set_timer(&mut self, time: SimTime, phase: Phase, message: Message) -> EventHandle {
        self.schedule.at(time, phase, Event::Timer { workload: self.workload, message })
    }

    fn cancel_timer(&mut self, timer: EventHandle) {
        self.schedule.cancel(timer);
    }

    fn submit_job(&mut self, node: NodeId, request: JobRequest, token: u64) -> Result<JobId, Refusal> {
        let owner = self.owner(token);
        self.core.infrastructure.submit_job(self.schedule, node, request, owner)
    }

    fn submit_job_on(
        &mut self,
        processor: ProcessorId,
        request: JobRequest,
        share: Share,
        token: u64,
    ) -> Result<JobId, Refusal> {
        let owner = self.owner(token);
        self.core.infrastructure.submit_job_on(self.schedule, processor, request, share, owner)
    }

    fn book(&mut self, processor: ProcessorId, share: Share) {
        self.core.infrastructure.book(self.schedule.now(), processor, share);
    }

    fn release(&mut self, processor: ProcessorId, share: Share) {
        self.core.infrastructure.release(self.schedule.now(), processor, share);
    }

    fn cancel_job(&mut self, job: JobId, token: u64) {
        let known = self.core.infrastructure.compute().job(job);
        if known.is_none_or(|known| known.owner != self.owner(token)) {
            return;
        }
        self.core.infrastructure.cancel_job(self.schedule, job);
    }

    fn submit_accelerated(
        &mut self,
        node: NodeId,
        request: AcceleratorRequest,
        token: u64,
    ) -> Result<AcceleratorJobId, Refusal> {
        let owner = self.owner(token);
        self.core.infrastructure.submit_accelerated(self.schedule, node, request, owner)
    }

    fn cancel_accelerated(&mut self, job: AcceleratorJobId, token: u64) {
        let known = self.core.infrastructure.accelerators().job(job);
        if known.is_none_or(|known| known.owner != self.owner(token)) {
            return;
        }
        self.core.infrastructure.cancel_accelerated(self.schedule, job);
    }

    fn deploy(
        &mut self,
        node: NodeId,
        cores: f64,
        discipline: Discipline,
        resources: &Resources,
    ) -> Result<ProcessorId, Refusal> {
        self.core.infrastructure.deploy(self.schedule, node, cores, discipline, resources)
    }

    fn undeploy(&mut self, instance: ProcessorId) -> (Vec<Job>, DeployedEnergy) {
        self.core.infrastructure.undeploy(self.schedule, instance)
    }

    fn start_transfer_via(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        token: u64,
        via: Option<NetworkClass>,
    ) -> Result<TransferId, NetworkRefusal> {
        let owner = self.owner(token);
        self.core.infrastructure.start_transfer(self.schedule, from, to, bytes, owner, via)
    }

    fn abort_transfer(
        &mut self,
        transfer: TransferId,
        token: u64,
        outcome: TransferOutcome,
    ) -> Option<TransferRecord> {
        if self.core.infrastructure.network().owner(transfer) != Some(self.owner(token)) {
            return None;
        }
        let ended = self.core.infrastructure.abort_transfer(self.schedule, transfer, outcome);
        if let Some(record) = &ended {
            self.core.record_transfer(self.schedule.now(), record);
        }
        ended
    }

    fn decide_offloading(&mut self, request: &OffloadingRequest) -> OffloadingChoice {
        let (now, core) = (self.schedule.now(), &mut *self.core);
        let number = core.decisions.count();
        let random = &mut core.offloading_random;
        let mut view = OffloadingView::new(number, request, now, &mut core.infrastructure, random);
        let features = core.decisions.enabled(DecisionPoint::Offloading).then(|| {
            let mut seen =
                smallvec::SmallVec::<[Option<f64>; MOST_FEATURES]>::from_slice(&view.features());
            if !view.infrastructure().accelerators().is_empty() {
                seen.extend(view.accelerator_features());
            }
            seen
        });
        let decision = core.offloading.decide(&mut view);
        let asks_on_arrival = core.offloading.decides_on_arrival();
        let target = core.checked(request.device, request, decision);
        core.counts.refused_decisions += u64::from(target.is_none());
        let node = target.map(|target| target.node);
        let workload = core.workload_symbols.get(usize::from(self.workload)).copied();
        let awaited = features.is_some() || core.offloading.learns();
        let decision = awaited.then(|| {
            let made = Made {
                time: now,
                point: DecisionPoint::Offloading,
                workload,
                policy: None,
                subject: request.task,
                device: Some(request.device),
                choice: node,
            };
            let learned = core.offloading.learns().then_some(*request);
            core.decisions.add(made, learned, features.as_ref().map(|seen| &seen[..]))
        });
        OffloadingChoice {
            number,
            node,
            processor: target.and_then(|target| target.processor),
            network: target.and_then(|target| target.network),
            asks_on_arrival,
            decision,
        }
    }

    fn decide_on_arrival(
        &mut self,
        number: u64,
        request: &OffloadingRequest,
        node: NodeId,
    ) -> OffloadingChoice {
        let (now, core) = (self.schedule.now(), &mut *self.core);
        let random = &mut core.offloading_random;
        let mut view = OffloadingView::new(number, request, now, &mut core.infrastructure, random);
        let decision = core.offloading.decide_on_arrival(&mut view, node);
        let target = core.checked(node, request, decision);
        OffloadingChoice {
            number,
            node: target.map(|target| target.node),
            processor: target.and_then(|target| target.processor),
            network: None,
            asks_on_arrival: false,
            decision: None,
        }
    }

    fn add_host(&mut self, node: NodeId, spec: HostSpec) -> HostId {
        let now = self.schedule.now();
        self.core.infrastructure.add_host(node, spec, now)
    }

    fn add_vm(&mut self, spec: VmSpec, token: u64) -> VmId {
        let owner = self.owner(token);
        let now = self.schedule.now();
        self.core.infrastructure.add_vm(spec, owner, now)
    }

    fn place_vm(
        &mut self,
        vm: VmId,
        host: HostId,
        boot: SimDuration,
        expected_mips: f64,
    ) -> Result<(), VmRefusal> {
        self.core.infrastructure.place_vm(self.schedule, vm, host, boot, expected_mips)
    }

    fn set_vm_demand(&mut self, vm: VmId, demand_mips: f64) {
        self.core.infrastructure.set_vm_demand(self.schedule, vm, demand_mips);
    }

    fn set_vm_memory(&mut self, vm: VmId, bytes: f64) {
        let now = self.schedule.now();
        self.core.infrastructure.set_vm_memory(vm, bytes, now);
    }

    fn stop_vm(&mut self, vm: VmId) {
        self.core.infrastructure.stop_vm(self.schedule, vm);
    }

    fn migrate_vm(
        &mut self,
        vm: VmId,
        to: HostId,
        spec: MigrationSpec,
    ) -> Result<MigrationId, VmRefusal> {
        self.core.infrastructure.migrate_vm(self.schedule, vm, to, spec)
    }

    fn sleep_host(&mut self, host: HostId) {
        self.core.infrastructure.sleep_host(self.schedule, host);
    }

    fn wake_host(&mut self, host: HostId) {
        self.core.infrastructure.wake_host(self.schedule, host);
    }

    fn close_host(&mut self, host: HostId, closed: bool) {
        self.core.infrastructure.close_host(host, closed);
    }

    fn take_jobs(&mut self, vm: VmId, discipline: Discipline) {
        self.core.infrastructure.take_jobs(self.schedule, vm, discipline);
    }

    fn submit_vm_job(&mut self, vm: VmId, request: JobRequest, token: u64) -> Result<JobId, Refusal> {
        let owner = self.owner(token);
        self.core.infrastructure.submit_vm_job(self.schedule, vm, request, owner)
    }

    fn serve_by(&mut self, front: NodeId, vms: &[VmId]) {
        self.core.infrastructure.serve_by(front, vms);
    }

    fn decide_vm_allocation(&mut self, request: &VmAllocationRequest<'_>) -> VmAllocationChoice {
        hosting::decide_vm_allocation(self.core, self.schedule.now(), self.workload, request)
    }

    fn consolidation_history(&self) -> Option<usize> {
        self.core.consolidation.history()
    }

    fn decide_consolidation(&mut self, request: &ConsolidationRequest<'_>) -> ConsolidationChoice {
        hosting::decide_consolidation(self.core, self.schedule.now(), self.workload, request)
    }

    fn decide_service_placement(
        &mut self,
        request: &ServicePlacementRequest<'_>,
    ) -> ServicePlacementChoice {
        let now = self.schedule.now();
        service_placement::decide_service_placement(self.core, now, self.workload, request)
    }

    fn displace(&mut self, application: ApplicationId, replica: ReplicaIndex) {
        self.core.infrastructure.displace(application, replica);
    }

    fn plans_workflows_ahead(&self) -> bool {
        self.core.workflow_scheduling.plans_ahead()
    }

    fn decide_workflow(&mut self, request: &WorkflowRequest<'_>) -> WorkflowChoice {
        workflow_scheduling::decide(self.core, self.schedule.now(), self.workload, request)
    }

    fn control_plane(&self, plane: u32) -> Option<&dyn PlaneFacts> {
        self.core.orchestration.planners.get(plane as usize).map(|own| &own.plane as _)
    }

    fn begin_orchestration(&mut self, plane: u32, facts: &dyn OrchestrationFacts) {
        orchestration::begin(self.core, self.schedule.now(), plane, facts);
    }

    fn decide_orchestration(
        &mut self,
        request: &OrchestrationRequest<'_>,
        facts: &dyn OrchestrationFacts,
        orders: &mut Vec<Order>,
    ) {
        let now = self.schedule.now();
        orchestration::decide(self.core, now, self.workload, request, facts, orders);
    }

    fn forget_agent(&mut self, plane: u32, agent: AgentId) {
        orchestration::forget(self.core, self.schedule.now(), plane, agent);
    }

    fn add_function_problem(&mut self, problem: FunctionProblem) -> Result<(), String> {
        self.core.replica_allocation.add(self.workload, problem)
    }

    fn replica_allocation_period_s(&self) -> Option<f64> {
        self.core.replica_allocation.policy.period_s()
    }

    fn decide_replica_allocation(
        &mut self,
        request: &ReplicaAllocationRequest<'_>,
    ) -> ReplicaAllocationChoice {
        replica_allocation::decide(self.core, self.schedule.now(), self.workload, request)
    }

    fn take_agent_turn(&mut self, turn: &AgentTurn<'_>) -> AgentReply {
        replica_allocation::take_agent_turn(self.core, self.schedule.now(), self.workload, turn)
    }

    fn engagement_looks_ahead(&self) -> bool {
        self.core.mission_engagement.policy.looks_ahead()
    }

    fn decide_engagement(&mut self, request: &EngagementRequest<'_>) -> EngagementChoice {
        mission_engagement::decide(self.core, self.schedule.now(), self.workload, request)
    }

    fn add_optical_layer(&mut self, spec: &OpticalLayerSpec) -> OpticalLayerId {
        let streams = self.core.streams;
        self.core.infrastructure.add_optical_layer(self.schedule, spec, streams)
    }

    fn connect_circuits(
        &mut self,
        layer: OpticalLayerId,
        circuits: &[Circuit],
    ) -> Result<SimTime, OpticalError> {
        self.core.infrastructure.connect_circuits(self.schedule.now(), layer, circuits)
    }

    fn training_jobs_giving_way(&mut self, request: &TrainingQueueRequest<'_>) -> Vec<usize> {
        training::giving_way(self.core, request)
    }

    fn decide_training_queue(&mut self, request: &TrainingQueueRequest<'_>) -> TrainingQueueChoice {
        training::decide_queue(self.core, self.schedule.now(), self.workload, request)
    }

    fn decide_training_placement(
        &mut self,
        request: &TrainingPlacementRequest<'_>,
    ) -> TrainingPlacementChoice {
        training::decide_placement(self.core, self.schedule.now(), self.workload, request)
    }

    fn resource_scopes_collaborate(&self) -> bool {
        self.core.resource_scope.policy.collaborates()
    }

    fn decide_resource_scope(&mut self, request: &ScopeRequest<'_>) -> ScopeChoice {
        resource_scope::decide(self.core, self.schedule.now(), self.workload, request)
    }

    fn set_battery_level(&mut self, node: NodeId, level: f64) {
        self.core.infrastructure.set_battery_level(self.schedule, node, level);
    }

    fn resolve_decision(&mut self, decision: DecisionId, end: DecisionEnd) {
        let (now, core) = (self.schedule.now(), &mut *self.core);
        let resolved =
            core.decisions.resolve(&mut *core.records, &core.node_symbols, now, decision, end);
        if let Some(outcome) = resolved.filter(|_| core.offloading.learns()) {
            core.offloading.learn(&outcome);
        }
    }

    fn command_radio(&mut self, device: NodeId, command: RadioCommand) -> Result<(), RadioRefusal> {
        self.core.infrastructure.command(self.schedule, device, command)
    }

    fn set_jammer(&mut self, jammer: JammerId, on: bool) {
        self.core.infrastructure.set_jammer(jammer, on);
    }

    fn command_vehicle(&mut self, node: NodeId, command: VehicleCommand) -> Result<(), VehicleRefusal> {
        self.core.infrastructure.command_vehicle(self.schedule, node, &command)
    }

    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError> {
        self.core.records.table(spec)
    }

    fn is_recorded(&self, table: TableId) -> bool {
        self.core.records.is_recorded(table)
    }

    fn record(&mut self, table: TableId, cells: &[Cell<'_>]) {
        self.core.records.write(table, cells);
    }

    fn symbol(&mut self, text: &str) -> Symbol {
        self.core.records.symbol(text)
    }

    fn node_symbol(&self, node: NodeId) -> Symbol {
        self.core.node_symbols[node.index()]
    }
}
