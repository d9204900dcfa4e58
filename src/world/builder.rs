//! Building a world in Rust.

use super::accelerators::AcceleratorTable;
use super::anomaly::{AnomalySetup, AnomalyWatch};
use super::cells::CellTables;
use super::core::{Core, WorldCounts};
use super::decisions::{Decisions, PointSpec};
use super::energy::EnergyTable;
use super::event::{Event, UserEvent};
use super::governor::{Governor, GovernorTimes};
use super::mission_engagement::Engager;
use super::movements::Movements;
use super::network_energy::NetworkEnergyTable;
use super::orchestration::Orchestration;
use super::radio::{RadioSampling, RadioTable};
use super::replica_allocation::ReplicaAllocator;
use super::resource_scope::Scoper;
use super::sampling::{Sampler, Sampling};
use super::service_placement::{ServicePlacement, ServicePlacer};
use super::simulation::{Simulation, World};
use super::tables::Tables;
use super::training::TrainingPolicies;
use super::vehicles::{TelemetrySampling, VehicleTables};
use super::wifi::WifiTables;
use crate::apps::orchestration::PlaneHandle;
use crate::apps::{DecisionPoint, Workload};
use crate::engine::{Kernel, Phase, RandomStreams, SimDuration, SimTime};
use crate::infra::dynamics::PerturbationSpec;
use crate::infra::network::LinkSpec;
use crate::infra::{
    ClassId, Criterion, FaultTarget, FaultTimes, InfraBuilder, InfraError, LinkId, LocalPlane,
    MobilityModel, NodeClass, NodeId, PositionFeed,
};
use crate::placement::anomaly;
use crate::placement::consolidation::{self, ConsolidationPolicy, Nothing};
use crate::placement::engagement::{self, EngagementPolicy, Threshold};
use crate::placement::frequency::{self, FrequencyGovernor};
use crate::placement::functions::{self, Macro, ReplicaAllocationPolicy};
use crate::placement::offloading::{self, LocalOnly, OffloadingPolicy};
use crate::placement::orchestration::{self, ControlPlane};
use crate::placement::scopes::{self, ResourceScopePolicy, Written};
use crate::placement::services::{self, ServicePlacementPolicy};
use crate::placement::training::{self, Fifo, Packed, QueuePolicy, TrainingPlacement};
use crate::placement::vm_allocation::{self, FirstFit, VmAllocationPolicy};
use crate::placement::workflows::{self, Heft, WorkflowPolicy};
use crate::records::{RecordError, Records};

/// What makes no world.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The infrastructure does not fit together.
    #[error(transparent)]
    Infrastructure(#[from] InfraError),
    /// A table cannot be opened.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// More workloads than can be told apart.
    #[error("there are {0} workloads, but at most 65534 are possible")]
    TooManyWorkloads(usize),
    /// Detectors of anomalies without anything that they could look at.
    #[error(
        "there are detectors of anomalies, but no 5G cells whose links they could watch: add some by InfraBuilder::cells"
    )]
    DetectorsWithoutCells,
    /// A detector is to act that there is not.
    #[error("the detector {name:?} is to act, but there are only these: {known}")]
    UnknownDetector {
        /// Its name.
        name: String,
        /// The names of those that there are.
        known: String,
    },
}

/// Collects the parts of a world.
#[derive(Debug)]
pub struct WorldBuilder {
    streams: RandomStreams,
    infrastructure: InfraBuilder,
    horizon: SimTime,
    warm_up_end: SimTime,
    workloads: Vec<Box<dyn Workload>>,
    offloading: (String, Box<dyn OffloadingPolicy>),
    governor: Option<(String, Box<dyn FrequencyGovernor>, GovernorTimes)>,
    vm_allocation: (String, Box<dyn VmAllocationPolicy>),
    consolidation: (String, Box<dyn ConsolidationPolicy>),
    service_placement: Vec<(String, Box<dyn ServicePlacementPolicy>)>,
    control_planes: Vec<(PlaneHandle, Box<dyn ControlPlane>)>,
    workflow_scheduling: (String, Box<dyn WorkflowPolicy>),
    replica_allocation: (String, Box<dyn ReplicaAllocationPolicy>),
    mission_engagement: (String, Box<dyn EngagementPolicy>),
    training_queue: (String, Box<dyn QueuePolicy>),
    training_placement: (String, Box<dyn TrainingPlacement>),
    resource_scope: (String, Box<dyn ResourceScopePolicy>),
    pub(super) anomaly: AnomalySetup,
    recorded: Vec<DecisionPoint>,
    sampling: Sampling,
    radio_sampling: Option<RadioSampling>,
    telemetry_sampling: Option<TelemetrySampling>,
    events: Vec<(SimTime, Box<dyn UserEvent>)>,
    plane: Option<LocalPlane>,
    notes: Vec<String>,
}

impl WorldBuilder {
    /// An empty world that runs for `duration`, with all chance from `seed`.
    #[must_use]
    pub fn new(seed: u64, duration: SimDuration) -> Self {
        let streams = RandomStreams::new(seed);
        WorldBuilder {
            streams,
            infrastructure: InfraBuilder::new(streams),
            horizon: SimTime::ZERO + duration,
            warm_up_end: SimTime::ZERO,
            workloads: Vec::new(),
            offloading: ("local_only".into(), Box::new(LocalOnly {})),
            governor: None,
            vm_allocation: ("first_fit".into(), Box::new(FirstFit {})),
            consolidation: ("nothing".into(), Box::new(Nothing {})),
            service_placement: vec![("first_fit".into(), Box::new(services::FirstFit {}))],
            control_planes: Vec::new(),
            workflow_scheduling: ("heft".into(), Box::new(Heft {})),
            replica_allocation: ("macro".into(), Box::new(Macro::default())),
            mission_engagement: ("threshold".into(), Box::new(Threshold::default())),
            training_queue: ("fifo".into(), Box::new(Fifo::default())),
            training_placement: ("packed".into(), Box::new(Packed {})),
            resource_scope: ("written".into(), Box::new(Written {})),
            anomaly: AnomalySetup::default(),
            recorded: DecisionPoint::ALL.to_vec(),
            sampling: Sampling::default(),
            radio_sampling: None,
            telemetry_sampling: None,
            events: Vec::new(),
            plane: None,
            notes: Vec::new(),
        }
    }

    /// The random streams of the run.
    #[must_use]
    pub fn streams(&self) -> RandomStreams {
        self.streams
    }

    /// The end of the run.
    #[must_use]
    pub fn horizon(&self) -> SimTime {
        self.horizon
    }

    /// The plane on the earth that places are on, told in the summary.
    pub fn plane(&mut self, plane: LocalPlane) {
        self.plane = Some(plane);
    }

    /// Adds what must be read before the results are trusted, told in the summary.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What was noted so far.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What is created before the end of the warm-up is no part of the workloads' summaries.
    pub fn warm_up(&mut self, duration: SimDuration) -> &mut Self {
        self.warm_up_end = SimTime::ZERO + duration;
        self
    }

    /// Adds the nodes of a class, placed and moved by `mobility`.
    pub fn class(&mut self, class: NodeClass, mobility: impl MobilityModel + 'static) -> ClassId {
        self.infrastructure.class(class, Box::new(mobility))
    }

    /// The nodes of a class.
    pub fn nodes_of(&self, class: ClassId) -> impl Iterator<Item = NodeId> + use<> {
        self.infrastructure.nodes_of(class)
    }

    /// The infrastructure so far, for what has no method here.
    pub fn infrastructure(&mut self) -> &mut InfraBuilder {
        &mut self.infrastructure
    }

    /// What has been built of the infrastructure.
    pub(crate) fn built(&self) -> &InfraBuilder {
        &self.infrastructure
    }

    /// Adds a link; all classes must have been added.
    pub fn link(&mut self, name: impl Into<String>, spec: LinkSpec) -> LinkId {
        self.infrastructure.link(name, spec)
    }

    /// Adds the faults of a node or link.
    pub fn fault(&mut self, target: FaultTarget, times: FaultTimes) -> &mut Self {
        self.infrastructure.fault(target, times);
        self
    }

    /// Adds what changes nodes or links as time goes on.
    pub fn perturb(&mut self, spec: PerturbationSpec) -> &mut Self {
        self.infrastructure.perturb(spec);
        self
    }

    /// Feeds the positions of a class from outside.
    pub fn feed(&mut self, class: ClassId, source: impl PositionFeed + 'static) -> &mut Self {
        self.infrastructure.feed(class, Box::new(source));
        self
    }

    /// By which rule devices choose their access points.
    pub fn attach_by(&mut self, criterion: Criterion) -> &mut Self {
        self.infrastructure.attach_by(criterion);
        self
    }

    /// Adds a workload.
    pub fn workload(&mut self, workload: impl Workload + 'static) -> &mut Self {
        self.workloads.push(Box::new(workload));
        self
    }

    /// Adds a workload that is boxed already.
    pub fn boxed_workload(&mut self, workload: Box<dyn Workload>) -> &mut Self {
        self.workloads.push(workload);
        self
    }

    /// Sets the policy that decides where tasks run; `name` is what the records call it.
    pub fn offloading(
        &mut self,
        name: impl Into<String>,
        policy: impl OffloadingPolicy + 'static,
    ) -> &mut Self {
        self.boxed_offloading(name, Box::new(policy))
    }

    /// Sets the offloading policy from a box.
    pub fn boxed_offloading(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn OffloadingPolicy>,
    ) -> &mut Self {
        self.offloading = (name.into(), policy);
        self
    }

    /// Sets the governor of the nodes that have frequency steps; without one they keep their initial step. `name` is
    /// what the records call it.
    pub fn governor(
        &mut self,
        name: impl Into<String>,
        governor: impl FrequencyGovernor + 'static,
        times: GovernorTimes,
    ) -> &mut Self {
        self.boxed_governor(name, Box::new(governor), times)
    }

    /// Sets the governor from a box.
    pub fn boxed_governor(
        &mut self,
        name: impl Into<String>,
        governor: Box<dyn FrequencyGovernor>,
        times: GovernorTimes,
    ) -> &mut Self {
        self.governor = Some((name.into(), governor, times));
        self
    }

    /// Sets the policy that decides on which hosts virtual machines start; `name` is what the records call it.
    pub fn vm_allocation(
        &mut self,
        name: impl Into<String>,
        policy: impl VmAllocationPolicy + 'static,
    ) -> &mut Self {
        self.boxed_vm_allocation(name, Box::new(policy))
    }

    /// Sets the VM allocation policy from a box.
    pub fn boxed_vm_allocation(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn VmAllocationPolicy>,
    ) -> &mut Self {
        self.vm_allocation = (name.into(), policy);
        self
    }

    /// Sets the policy that decides which virtual machines move and which hosts sleep; `name` is what the records
    /// call it.
    pub fn consolidation(
        &mut self,
        name: impl Into<String>,
        policy: impl ConsolidationPolicy + 'static,
    ) -> &mut Self {
        self.boxed_consolidation(name, Box::new(policy))
    }

    /// Sets the consolidation policy from a box.
    pub fn boxed_consolidation(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn ConsolidationPolicy>,
    ) -> &mut Self {
        self.consolidation = (name.into(), policy);
        self
    }

    /// Sets the policy that places services whose application has none of its own: number 0. `name` is what the records
    /// call it.
    pub fn service_placement(
        &mut self,
        name: impl Into<String>,
        policy: impl ServicePlacementPolicy + 'static,
    ) -> &mut Self {
        self.service_placement[0] = (name.into(), Box::new(policy));
        self
    }

    /// Sets that policy from a box.
    pub fn default_service_placement(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn ServicePlacementPolicy>,
    ) -> &mut Self {
        self.service_placement[0] = (name.into(), policy);
        self
    }

    /// Adds a policy for applications of their own and returns its number, to be named in requests.
    pub fn boxed_service_placement(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn ServicePlacementPolicy>,
    ) -> u32 {
        self.service_placement.push((name.into(), policy));
        self.service_placement.len() as u32 - 1
    }

    /// The number that the next policy of an application will have.
    pub(crate) fn next_service_placement(&self) -> u32 {
        self.service_placement.len() as u32
    }

    /// Adds a control plane for a workload of its own, and returns what the workload must know of it. `name` is what the
    /// records call it.
    pub fn control_plane(
        &mut self,
        name: impl Into<String>,
        plane: impl ControlPlane + 'static,
    ) -> PlaneHandle {
        self.boxed_control_plane(name, Box::new(plane))
    }

    /// Adds a control plane from a box.
    pub fn boxed_control_plane(
        &mut self,
        name: impl Into<String>,
        plane: Box<dyn ControlPlane>,
    ) -> PlaneHandle {
        let handle = PlaneHandle::new(self.next_control_plane(), name, &*plane);
        self.control_planes.push((handle.clone(), plane));
        handle
    }

    /// The number that the next control plane will have.
    pub(crate) fn next_control_plane(&self) -> u32 {
        self.control_planes.len() as u32
    }

    /// Sets the policy that decides on which nodes the tasks of workflows run; `name` is what the records call it.
    pub fn workflow_scheduling(
        &mut self,
        name: impl Into<String>,
        policy: impl WorkflowPolicy + 'static,
    ) -> &mut Self {
        self.boxed_workflow_scheduling(name, Box::new(policy))
    }

    /// Sets the scheduling policy of workflows from a box.
    pub fn boxed_workflow_scheduling(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn WorkflowPolicy>,
    ) -> &mut Self {
        self.workflow_scheduling = (name.into(), policy);
        self
    }

    /// Sets the policy that decides how many replicas of functions there are, and where their requests go; `name` is what
    /// the records call it.
    pub fn replica_allocation(
        &mut self,
        name: impl Into<String>,
        policy: impl ReplicaAllocationPolicy + 'static,
    ) -> &mut Self {
        self.boxed_replica_allocation(name, Box::new(policy))
    }

    /// Sets the policy that allocates replicas of functions from a box.
    pub fn boxed_replica_allocation(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn ReplicaAllocationPolicy>,
    ) -> &mut Self {
        self.replica_allocation = (name.into(), policy);
        self
    }

    /// Sets the policy that engages drones in missions; `name` is what the records call it.
    pub fn mission_engagement(
        &mut self,
        name: impl Into<String>,
        policy: impl EngagementPolicy + 'static,
    ) -> &mut Self {
        self.boxed_mission_engagement(name, Box::new(policy))
    }

    /// Sets the policy that engages drones from a box.
    pub fn boxed_mission_engagement(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn EngagementPolicy>,
    ) -> &mut Self {
        self.mission_engagement = (name.into(), policy);
        self
    }

    /// Sets the policy that chooses the sites of geo-distributed resources; `name` is what the records call it.
    pub fn resource_scope(
        &mut self,
        name: impl Into<String>,
        policy: impl ResourceScopePolicy + 'static,
    ) -> &mut Self {
        self.boxed_resource_scope(name, Box::new(policy))
    }

    /// Sets the policy that chooses the sites of geo-distributed resources from a box.
    pub fn boxed_resource_scope(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn ResourceScopePolicy>,
    ) -> &mut Self {
        self.resource_scope = (name.into(), policy);
        self
    }

    /// Sets the policy that orders waiting training jobs; `name` is what the records call it.
    pub fn training_queue(
        &mut self,
        name: impl Into<String>,
        policy: impl QueuePolicy + 'static,
    ) -> &mut Self {
        self.boxed_training_queue(name, Box::new(policy))
    }

    /// Sets the policy that orders waiting training jobs from a box.
    pub fn boxed_training_queue(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn QueuePolicy>,
    ) -> &mut Self {
        self.training_queue = (name.into(), policy);
        self
    }

    /// Sets the policy that gives training jobs GPUs; `name` is what the records call it.
    pub fn training_placement(
        &mut self,
        name: impl Into<String>,
        policy: impl TrainingPlacement + 'static,
    ) -> &mut Self {
        self.boxed_training_placement(name, Box::new(policy))
    }

    /// Sets the policy that gives training jobs GPUs from a box.
    pub fn boxed_training_placement(
        &mut self,
        name: impl Into<String>,
        policy: Box<dyn TrainingPlacement>,
    ) -> &mut Self {
        self.training_placement = (name.into(), policy);
        self
    }

    /// At which points decisions are recorded; at all if this is not called.
    pub fn record_decisions(&mut self, points: impl IntoIterator<Item = DecisionPoint>) -> &mut Self {
        self.recorded = points.into_iter().collect();
        self
    }

    /// What is sampled, and how often.
    pub fn sample(&mut self, sampling: Sampling) -> &mut Self {
        self.sampling = sampling;
        self
    }

    /// Of which devices signals are sampled, and how often.
    pub fn sample_radio(&mut self, sampling: RadioSampling) -> &mut Self {
        self.radio_sampling = Some(sampling);
        self
    }

    /// Of which vehicles telemetry is sampled, and how often.
    pub fn sample_telemetry(&mut self, sampling: TelemetrySampling) -> &mut Self {
        self.telemetry_sampling = Some(sampling);
        self
    }

    /// Lets something of one's own happen at `time`.
    pub fn at(&mut self, time: SimTime, event: impl UserEvent + 'static) -> &mut Self {
        self.events.push((time, Box::new(event)));
        self
    }

    /// Builds the world and schedules its first events. Its rows go to `records`.
    ///
    /// # Errors
    /// If the parts do not fit together, or a table cannot be opened.
    pub fn build(self, mut records: Box<dyn Records>) -> Result<Simulation, WorldError> {
        if self.workloads.len() >= usize::from(u16::MAX) {
            return Err(WorldError::TooManyWorkloads(self.workloads.len()));
        }
        let mut infrastructure = self.infrastructure.build()?;
        infrastructure.end_feeds_at(self.horizon);
        let has_steps = infrastructure.classes().iter().any(|class| class.frequency.is_some());
        let has_changes = infrastructure.has_perturbations();
        let has_signals = infrastructure.radio_environment().is_some();
        let assets = infrastructure.assets().catalogue();
        let changes = has_changes.then_some(assets);
        let tables = Tables::register(&mut *records, has_steps, has_signals, changes)?;
        let radio = match self.radio_sampling {
            Some(sampling) => Some(RadioTable::register(sampling, &mut *records)?),
            None => None,
        };
        let has_vehicles = infrastructure.vehicle_nodes().next().is_some();
        let vehicles = match has_vehicles {
            true => Some(VehicleTables::register(self.telemetry_sampling, &mut *records)?),
            false => None,
        };
        let asked = |point: DecisionPoint| {
            (point == DecisionPoint::Frequency && self.governor.is_some())
                || (point == DecisionPoint::AnomalyResponse && self.anomaly.is_asked())
                || self.workloads.iter().any(|workload| workload.decision_points().contains(&point))
        };
        let points: Vec<PointSpec> = DecisionPoint::ALL
            .into_iter()
            .filter(|point| self.recorded.contains(point))
            // A world without workloads has the table of old, without rows.
            .filter(|&point| {
                asked(point) || (self.workloads.is_empty() && point == DecisionPoint::Offloading)
            })
            .map(|point| match point {
                DecisionPoint::Offloading => {
                    let more = if infrastructure.accelerators().is_empty() {
                        Vec::new()
                    } else {
                        offloading::accelerator_feature_columns().to_vec()
                    };
                    let columns = offloading::feature_columns().into_iter().chain(more);
                    PointSpec::new(point, &self.offloading.0, columns)
                }
                DecisionPoint::VmAllocation => {
                    PointSpec::new(point, &self.vm_allocation.0, vm_allocation::feature_columns())
                }
                DecisionPoint::Consolidation => {
                    PointSpec::new(point, &self.consolidation.0, consolidation::feature_columns())
                }
                DecisionPoint::Frequency => {
                    let name = self.governor.as_ref().map_or("", |(name, _, _)| name.as_str());
                    PointSpec::new(point, name, frequency::feature_columns())
                }
                DecisionPoint::ServicePlacement => {
                    let name = &self.service_placement[0].0;
                    PointSpec::new(point, name, services::feature_columns())
                }
                DecisionPoint::WorkflowScheduling => {
                    PointSpec::new(point, &self.workflow_scheduling.0, workflows::feature_columns())
                }
                DecisionPoint::AnomalyResponse => {
                    PointSpec::new(point, self.anomaly.response_name(), anomaly::feature_columns())
                }
                DecisionPoint::Orchestration => {
                    let name = self.control_planes.first().map_or("", |(own, _)| own.name.as_str());
                    PointSpec::new(point, name, orchestration::feature_columns())
                }
                DecisionPoint::ReplicaAllocation => {
                    PointSpec::new(point, &self.replica_allocation.0, functions::feature_columns())
                }
                DecisionPoint::MissionEngagement => {
                    PointSpec::new(point, &self.mission_engagement.0, engagement::feature_columns())
                }
                DecisionPoint::TrainingQueue => {
                    PointSpec::new(point, &self.training_queue.0, training::queue_feature_columns())
                }
                DecisionPoint::ResourceScope => {
                    PointSpec::new(point, &self.resource_scope.0, scopes::feature_columns())
                }
                DecisionPoint::TrainingPlacement => {
                    let name = &self.training_placement.0;
                    PointSpec::new(point, name, training::placement_feature_columns())
                }
            })
            .collect();
        let mut notes = self.notes;
        notes.extend(self.workloads.iter().flat_map(|workload| workload.notes(&infrastructure)));
        if self.replica_allocation.1.depends_on_machine()
            && self
                .workloads
                .iter()
                .any(|workload| workload.decision_points().contains(&DecisionPoint::ReplicaAllocation))
        {
            notes.push(format!(
                "the replica allocation policy {:?} has a limit on time: its results depend on the machine",
                self.replica_allocation.0
            ));
        }
        if records.is_recorded(tables.movements) {
            infrastructure.watch_movements();
        }
        if tables.changes.is_some_and(|changes| records.is_recorded(changes)) {
            infrastructure.watch_offers();
        }
        let decisions = Decisions::register(&mut *records, &points)?;
        let streams = self.streams;
        let governor = self.governor.map(|(_, policy, times)| {
            Governor::new(policy, times, &mut infrastructure, streams, &mut *records)
        });
        let tiers = &self.sampling.tiers;
        let sampled = |node| tiers.contains(&infrastructure.node(node).tier);
        let energy = EnergyTable::register(&infrastructure, sampled, &mut *records)?;
        let network_energy = NetworkEnergyTable::register(&infrastructure, &mut *records)?;
        let accelerators = AcceleratorTable::register(&infrastructure, sampled, &mut *records)?;
        let cells = CellTables::register(&infrastructure, &mut *records)?;
        let wifi = WifiTables::register(&infrastructure, &mut *records)?;
        let random = streams.stream("policy/anomaly_response");
        let anomaly = AnomalyWatch::register(self.anomaly, &infrastructure, random, &mut *records)?;
        let node_symbols = (0..infrastructure.nodes().len() as u32)
            .map(|node| records.symbol(&infrastructure.node_name(NodeId(node))))
            .collect();
        let link_symbols = (0..infrastructure.network().links().len() as u32)
            .map(|link| records.symbol(infrastructure.link_name(LinkId(link))))
            .collect();
        let workload_symbols =
            self.workloads.iter().map(|workload| records.symbol(workload.name())).collect();
        let mut service_placement = ServicePlacement::default();
        for (number, (name, policy)) in self.service_placement.into_iter().enumerate() {
            let random = match number {
                0 => streams.stream("policy/service_placement"),
                _ => streams.stream(&format!("policy/service_placement/{number}")),
            };
            let name = records.symbol(&name);
            service_placement.placers.push(ServicePlacer { policy, random, name });
        }
        let orchestration = Orchestration::new(self.control_planes, &mut *records);
        let core = Core {
            service_placement,
            orchestration,
            infrastructure,
            offloading: self.offloading.1,
            vm_allocation: self.vm_allocation.1,
            vm_allocation_random: self.streams.stream("policy/vm_allocation"),
            consolidation: self.consolidation.1,
            consolidation_random: self.streams.stream("policy/consolidation"),
            workflow_scheduling: self.workflow_scheduling.1,
            workflow_scheduling_random: self.streams.stream("policy/workflow_scheduling"),
            replica_allocation: ReplicaAllocator::new(
                self.replica_allocation.1,
                self.streams.stream("policy/replica_allocation"),
            ),
            mission_engagement: Engager {
                policy: self.mission_engagement.1,
                random: self.streams.stream("policy/mission_engagement"),
            },
            resource_scope: Scoper {
                policy: self.resource_scope.1,
                random: self.streams.stream("policy/resource_scope"),
            },
            training: TrainingPolicies {
                queue: self.training_queue.1,
                placement: self.training_placement.1,
                random: self.streams.stream("policy/training_placement"),
            },
            offloading_random: self.streams.stream("policy/offloading"),
            decisions,
            governor,
            energy,
            network_energy,
            accelerators,
            cells,
            wifi,
            anomaly,
            streams: self.streams,
            records,
            tables,
            node_symbols,
            link_symbols,
            workload_symbols,
            warm_up_end: self.warm_up_end,
            sampler: Sampler::new(self.sampling),
            movements: Movements::default(),
            radio,
            vehicles,
            counts: WorldCounts::default(),
            plane: self.plane,
            notes,
        };
        let mut kernel = Kernel::new(World {
            core,
            workloads: self.workloads,
            handled: std::collections::VecDeque::new(),
        });
        for (time, event) in self.events {
            kernel.schedule.at(time, Phase::Demand, Event::User(event));
        }
        let interval = kernel.model.core.sampler.sampling.interval;
        if interval > SimDuration::ZERO {
            kernel.schedule.after(interval, Phase::Metering, Event::Sample);
        }
        if let Some(radio) = &kernel.model.core.radio {
            kernel.schedule.after(radio.sampling.interval, Phase::Metering, Event::SampleRadio);
        }
        if let Some(tables) = &kernel.model.core.vehicles
            && let Some(interval) = tables.telemetry_interval()
        {
            kernel.schedule.after(interval, Phase::Metering, Event::SampleTelemetry);
        }
        kernel.model.start(&mut kernel.schedule);
        Ok(Simulation { kernel, horizon: self.horizon })
    }
}
