//! What a workload may ask of the world.

use super::agents::AgentId;
use super::geo::{ScopeChoice, ScopeRequest};
use super::missions::{EngagementChoice, EngagementRequest};
use super::orchestration::{OrchestrationFacts, OrchestrationRequest, Order, PlaneFacts};
use super::replica_allocation::{
    AgentReply, AgentTurn, FunctionProblem, ReplicaAllocationChoice, ReplicaAllocationRequest,
};
use super::training::{
    TrainingPlacementChoice, TrainingPlacementRequest, TrainingQueueChoice, TrainingQueueRequest,
};
use super::workflows::{WorkflowChoice, WorkflowRequest};
use super::{
    ConsolidationChoice, ConsolidationRequest, DecisionEnd, Message, OffloadingChoice,
    OffloadingRequest, ServicePlacementChoice, ServicePlacementRequest, VmAllocationChoice,
    VmAllocationRequest,
};
use crate::engine::{EventHandle, Phase, RandomStreams, SimDuration, SimTime};
use crate::infra::accelerators::AcceleratorRequest;
use crate::infra::applications::ReplicaIndex;
use crate::infra::cells::{RadioCommand, RadioRefusal};
use crate::infra::compute::{Discipline, Job, JobRequest, Refusal, Resources};
use crate::infra::network::{NetworkClass, NetworkRefusal};
use crate::infra::optical::{Circuit, OpticalError, OpticalLayerId, OpticalLayerSpec};
use crate::infra::vehicles::{VehicleCommand, VehicleRefusal};
use crate::infra::{
    AcceleratorJobId, ApplicationId, DeployedEnergy, HostId, HostSpec, Infrastructure, JammerId, JobId,
    MigrationId, MigrationSpec, NodeId, ProcessorId, Share, TransferId, TransferOutcome, TransferRecord,
    VmId, VmRefusal, VmSpec,
};
use crate::records::{Cell, RecordError, Symbol, TableId, TableSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A decision whose outcome is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionId(pub u32);

/// What policies decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionPoint {
    /// Where a task runs.
    Offloading,
    /// On which host a virtual machine starts.
    VmAllocation,
    /// Which virtual machines move, and which hosts sleep and wake.
    Consolidation,
    /// At which frequency a node runs.
    Frequency,
    /// On which nodes the replicas of an application's services run.
    ServicePlacement,
    /// On which nodes the tasks of workflows run.
    WorkflowScheduling,
    /// What is done about a device whose radio link something is wrong with.
    AnomalyResponse,
    /// Where instances of services run, and which users they serve.
    Orchestration,
    /// How many replicas of functions there are at which nodes, and where their requests go.
    ReplicaAllocation,
    /// Whether a drone helps a vehicle that scans a field, and which.
    MissionEngagement,
    /// In which order waiting training jobs are tried.
    TrainingQueue,
    /// Which GPUs a training job gets.
    TrainingPlacement,
    /// On which sites a geo-distributed resource is.
    ResourceScope,
}

impl DecisionPoint {
    /// All decision points, in the order of their columns.
    pub const ALL: [DecisionPoint; 13] = [
        DecisionPoint::Offloading,
        DecisionPoint::VmAllocation,
        DecisionPoint::Consolidation,
        DecisionPoint::Frequency,
        DecisionPoint::ServicePlacement,
        DecisionPoint::WorkflowScheduling,
        DecisionPoint::AnomalyResponse,
        DecisionPoint::Orchestration,
        DecisionPoint::ReplicaAllocation,
        DecisionPoint::MissionEngagement,
        DecisionPoint::TrainingQueue,
        DecisionPoint::TrainingPlacement,
        DecisionPoint::ResourceScope,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DecisionPoint::Offloading => "offloading",
            DecisionPoint::VmAllocation => "vm_allocation",
            DecisionPoint::Consolidation => "consolidation",
            DecisionPoint::Frequency => "frequency",
            DecisionPoint::ServicePlacement => "service_placement",
            DecisionPoint::WorkflowScheduling => "workflow_scheduling",
            DecisionPoint::AnomalyResponse => "anomaly_response",
            DecisionPoint::Orchestration => "orchestration",
            DecisionPoint::ReplicaAllocation => "replica_allocation",
            DecisionPoint::MissionEngagement => "mission_engagement",
            DecisionPoint::TrainingQueue => "training_queue",
            DecisionPoint::TrainingPlacement => "training_placement",
            DecisionPoint::ResourceScope => "resource_scope",
        }
    }
}

/// The world as a workload sees it. A workload acts only through it, never on the infrastructure itself.
pub trait Context {
    /// The present instant.
    fn now(&self) -> SimTime;

    /// When the warm-up ends: what was created before is recorded, but not part of the summary.
    fn warm_up_end(&self) -> SimTime;

    /// The infrastructure, to look at. (Exclusive because estimates fill its route cache.)
    fn infrastructure(&mut self) -> &mut Infrastructure;

    /// Where random numbers come from.
    fn streams(&self) -> RandomStreams;

    /// Calls [`on_timer`](super::Workload::on_timer) with `message` at `time`.
    fn set_timer(&mut self, time: SimTime, phase: Phase, message: Message) -> EventHandle;

    /// Cancels a timer; nothing if it has fired.
    fn cancel_timer(&mut self, timer: EventHandle);

    /// Admits a job to a node; [`on_job_end`](super::Workload::on_job_end) tells of its end.
    ///
    /// # Errors
    /// What is short.
    fn submit_job(&mut self, node: NodeId, request: JobRequest, token: u64) -> Result<JobId, Refusal>;

    /// Admits a job to an instance, on which `share` is booked until the job ends, whether it fits or not.
    ///
    /// # Errors
    /// What else is short.
    fn submit_job_on(
        &mut self,
        processor: ProcessorId,
        request: JobRequest,
        share: Share,
        token: u64,
    ) -> Result<JobId, Refusal>;

    /// Books a share of an instance for a task that is on its way there.
    fn book(&mut self, processor: ProcessorId, share: Share);

    /// Takes such a booking back.
    fn release(&mut self, processor: ProcessorId, share: Share);

    /// Takes a job off its node, without further notice, if it still is the workload's own with this token: the number
    /// of one that has ended at this instant may be another's already.
    fn cancel_job(&mut self, job: JobId, token: u64);

    /// Admits a part of a task to an accelerator of a node;
    /// [`on_accelerated_end`](super::Workload::on_accelerated_end) tells of its end.
    ///
    /// # Errors
    /// What is short.
    fn submit_accelerated(
        &mut self,
        node: NodeId,
        request: AcceleratorRequest,
        token: u64,
    ) -> Result<AcceleratorJobId, Refusal>;

    /// Takes such a part off its accelerator, without further notice, if it still is the workload's own with this
    /// token.
    fn cancel_accelerated(&mut self, job: AcceleratorJobId, token: u64);

    /// Makes an instance on a node, with cores, memory and storage of its own, which takes jobs by
    /// [`submit_job_on`](Self::submit_job_on).
    ///
    /// # Errors
    /// What is short.
    fn deploy(
        &mut self,
        node: NodeId,
        cores: f64,
        discipline: Discipline,
        resources: &Resources,
    ) -> Result<ProcessorId, Refusal>;

    /// Ends such an instance. Its jobs, which end without further notice, and the energy that it is charged with are
    /// returned.
    fn undeploy(&mut self, instance: ProcessorId) -> (Vec<Job>, DeployedEnergy);

    /// Starts a transfer; [`on_transfer_end`](super::Workload::on_transfer_end) tells of its end.
    ///
    /// # Errors
    /// If there is no way, or a link takes no more.
    fn start_transfer(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        token: u64,
    ) -> Result<TransferId, NetworkRefusal> {
        self.start_transfer_via(from, to, bytes, token, None)
    }

    /// The same by the direct network of the class `via`, if there is one between the two.
    ///
    /// # Errors
    /// If there is no way, or a link takes no more.
    fn start_transfer_via(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        token: u64,
        via: Option<NetworkClass>,
    ) -> Result<TransferId, NetworkRefusal>;

    /// Ends a transfer, without further notice, if it still is the workload's own with this token; `None` if it is
    /// not.
    fn abort_transfer(
        &mut self,
        transfer: TransferId,
        token: u64,
        outcome: TransferOutcome,
    ) -> Option<TransferRecord>;

    /// Asks the offloading policy where a task is to run. The world has checked the answer.
    fn decide_offloading(&mut self, request: &OffloadingRequest) -> OffloadingChoice;

    /// Asks the offloading policy again, now that the input of a task has arrived at `node`. Another node in the
    /// answer means that the input is to go on there. It is part of the decision with this number, and none of
    /// its own in the records.
    fn decide_on_arrival(
        &mut self,
        number: u64,
        request: &OffloadingRequest,
        node: NodeId,
    ) -> OffloadingChoice;

    /// Makes a node a host of virtual machines, which from now on takes no jobs itself; nothing if it is one.
    fn add_host(&mut self, node: NodeId, spec: HostSpec) -> HostId;

    /// Adds a virtual machine that waits for a host; [`on_vm_change`](super::Workload::on_vm_change) and
    /// [`on_migration_end`](super::Workload::on_migration_end) tell of it with `token`.
    fn add_vm(&mut self, spec: VmSpec, token: u64) -> VmId;

    /// Puts a waiting or lost virtual machine on a host, which is woken if it sleeps. It runs after `boot`, from
    /// when its host is on; until then the host plans for `expected_mips`.
    ///
    /// # Errors
    /// What forbids it.
    fn place_vm(
        &mut self,
        vm: VmId,
        host: HostId,
        boot: SimDuration,
        expected_mips: f64,
    ) -> Result<(), VmRefusal>;

    /// Sets what a virtual machine wants from now on, in million instructions a second.
    fn set_vm_demand(&mut self, vm: VmId, demand_mips: f64);

    /// Sets how many bytes of its memory a virtual machine uses from now on.
    fn set_vm_memory(&mut self, vm: VmId, bytes: f64);

    /// Ends a virtual machine for good.
    fn stop_vm(&mut self, vm: VmId);

    /// Starts to move a running virtual machine.
    ///
    /// # Errors
    /// What forbids it.
    fn migrate_vm(
        &mut self,
        vm: VmId,
        to: HostId,
        spec: MigrationSpec,
    ) -> Result<MigrationId, VmRefusal>;

    /// Puts a host to sleep, now or once it is empty.
    fn sleep_host(&mut self, host: HostId);

    /// Wakes a host.
    fn wake_host(&mut self, host: HostId);

    /// Whether a host takes no further virtual machines.
    fn close_host(&mut self, host: HostId, closed: bool);

    /// Lets a virtual machine take jobs, from which its demand follows from now on.
    fn take_jobs(&mut self, vm: VmId, discipline: Discipline);

    /// Admits a job to a virtual machine that takes jobs.
    ///
    /// # Errors
    /// What is short.
    fn submit_vm_job(&mut self, vm: VmId, request: JobRequest, token: u64) -> Result<JobId, Refusal>;

    /// Has what is submitted to a node run in these virtual machines, which take jobs.
    fn serve_by(&mut self, front: NodeId, vms: &[VmId]);

    /// Asks the allocation policy for a host. The world has checked the answer.
    fn decide_vm_allocation(&mut self, request: &VmAllocationRequest<'_>) -> VmAllocationChoice;

    /// Steps back that the consolidation policy looks; `None` if there is no such policy, so that it need not be
    /// asked.
    fn consolidation_history(&self) -> Option<usize>;

    /// Asks the consolidation policy what to move. The world has checked the answer.
    fn decide_consolidation(&mut self, request: &ConsolidationRequest<'_>) -> ConsolidationChoice;

    /// Asks a placement policy where replicas of an application are to run. The world has checked the answer, and booked
    /// it.
    fn decide_service_placement(
        &mut self,
        request: &ServicePlacementRequest<'_>,
    ) -> ServicePlacementChoice;

    /// Takes a replica of an application off its node, and gives back what is booked for it.
    fn displace(&mut self, application: ApplicationId, replica: ReplicaIndex);

    /// Whether the scheduling policy of workflows plans all tasks of one when that comes.
    fn plans_workflows_ahead(&self) -> bool;

    /// Asks the scheduling policy for nodes for tasks of a workflow. The world has checked the answer.
    fn decide_workflow(&mut self, request: &WorkflowRequest<'_>) -> WorkflowChoice;

    /// The control plane of this number, to ask it what users and records may know: it is by
    /// [`decide_orchestration`](Self::decide_orchestration) alone that it decides. `None` if there is none.
    fn control_plane(&self, plane: u32) -> Option<&dyn PlaneFacts>;

    /// Tells a control plane which platforms and services there are: once, before it is asked anything.
    fn begin_orchestration(&mut self, plane: u32, facts: &dyn OrchestrationFacts);

    /// Asks a control plane what an agent does, and adds that to `orders`. The world has left out what cannot be, and
    /// records the actions; the workload carries out the rest.
    fn decide_orchestration(
        &mut self,
        request: &OrchestrationRequest<'_>,
        facts: &dyn OrchestrationFacts,
        orders: &mut Vec<Order>,
    );

    /// Tells a control plane that an agent of it has died: what it knew is lost, and so are its open actions.
    fn forget_agent(&mut self, plane: u32, agent: AgentId);

    /// Tells the world what the workload has to allocate: once, when it starts. The functions of a workload are one
    /// problem.
    ///
    /// # Errors
    /// What is wrong with it.
    fn add_function_problem(&mut self, problem: FunctionProblem) -> Result<(), String>;

    /// Seconds from question to question of the policy that allocates replicas; `None` if it is to be asked once an epoch
    /// of the workload.
    fn replica_allocation_period_s(&self) -> Option<f64>;

    /// Asks the policy how many replicas of functions there are to be, and where requests go. The world has checked the
    /// answer.
    fn decide_replica_allocation(
        &mut self,
        request: &ReplicaAllocationRequest<'_>,
    ) -> ReplicaAllocationChoice;

    /// Works out a step of the agents of the policy that allocates replicas, if it has any.
    fn take_agent_turn(&mut self, turn: &AgentTurn<'_>) -> AgentReply;

    /// Whether the policy that engages drones is to be told what lies ahead.
    fn engagement_looks_ahead(&self) -> bool;

    /// Asks the policy whether a drone is to help a vehicle. The world has checked the answer.
    fn decide_engagement(&mut self, request: &EngagementRequest<'_>) -> EngagementChoice;

    /// Adds a layer of optical circuit switches, whose ports may fail:
    /// [`on_port_change`](super::Workload::on_port_change) tells.
    fn add_optical_layer(&mut self, spec: &OpticalLayerSpec) -> OpticalLayerId;

    /// Sets circuits up on the switches of a layer, cutting what else their ports were connected to. Tells since when the last
    /// of them carries.
    ///
    /// # Errors
    /// If there is no such port, or it is broken.
    fn connect_circuits(
        &mut self,
        layer: OpticalLayerId,
        circuits: &[Circuit],
    ) -> Result<SimTime, OpticalError>;

    /// Which training jobs that run give way to those that wait, as positions in the request's list; none unless the queue
    /// policy preempts.
    fn training_jobs_giving_way(&mut self, request: &TrainingQueueRequest<'_>) -> Vec<usize>;

    /// Asks the queue policy in which order waiting training jobs are tried. The world has checked the answer.
    fn decide_training_queue(&mut self, request: &TrainingQueueRequest<'_>) -> TrainingQueueChoice;

    /// Asks the placement policy for GPUs for a training job. The world has checked that they are free.
    fn decide_training_placement(
        &mut self,
        request: &TrainingPlacementRequest<'_>,
    ) -> TrainingPlacementChoice;

    /// Whether sites collaborate under the policy of scopes: if not, each knows of its own resources only.
    fn resource_scopes_collaborate(&self) -> bool;

    /// Asks the policy on which sites a resource that is created is to be. The world has checked the answer.
    fn decide_resource_scope(&mut self, request: &ScopeRequest<'_>) -> ScopeChoice;

    /// Fills a node's battery to a share of its capacity in 0..=1, as when it is swapped or charged; nothing of a node
    /// without one.
    fn set_battery_level(&mut self, node: NodeId, level: f64);

    /// Tells what came of a decision: it is recorded, and the policy learns of it. To be called once for each
    /// decision; what is never told counts as unfinished when the run ends.
    fn resolve_decision(&mut self, decision: DecisionId, end: DecisionEnd);

    /// Tells a device of 5G what to do with its radio.
    ///
    /// # Errors
    /// Why it does not do it. Nothing has changed then.
    fn command_radio(&mut self, device: NodeId, command: RadioCommand) -> Result<(), RadioRefusal>;

    /// Switches a jammer on or off from the next measurement period on, beside its windows; nothing if there is no such
    /// jammer.
    fn set_jammer(&mut self, jammer: JammerId, on: bool);

    /// Tells a vehicle what to do; [`on_vehicle`](super::Workload::on_vehicle) tells what comes of it.
    ///
    /// # Errors
    /// Why it does not do it. Nothing has changed then.
    fn command_vehicle(&mut self, node: NodeId, command: VehicleCommand) -> Result<(), VehicleRefusal>;

    /// Registers a table.
    ///
    /// # Errors
    /// If the description is not valid, or another table has the name.
    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError>;

    /// Whether rows of a table are kept; if not, finding them can be saved.
    fn is_recorded(&self, table: TableId) -> bool;

    /// Writes a row.
    fn record(&mut self, table: TableId, cells: &[Cell<'_>]);

    /// The symbol of a text that repeats.
    fn symbol(&mut self, text: &str) -> Symbol;

    /// The symbol of a node's name.
    fn node_symbol(&self, node: NodeId) -> Symbol;
}
