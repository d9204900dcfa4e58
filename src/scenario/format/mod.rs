//! The types of the scenario format: plain data with units, from which the JSON Schema is made.

mod accelerators;
mod access;
mod anomaly;
mod cells;
mod cloudsim;
mod consolidation;
mod draw;
mod dynamics;
mod energy;
mod faults;
mod function_arrivals;
mod functions;
mod geo;
mod infrastructure;
mod jammers;
mod missions;
mod mobility;
mod network;
mod network_energy;
mod nodes;
mod offloading;
mod orchestration;
mod path_loss;
mod power;
mod radio;
mod root;
mod service_placement;
mod service_workload;
mod services;
mod sessions;
mod shaped;
mod sla;
mod tasks;
mod trace;
mod traces;
mod training;
mod vehicles;
mod virtual_machines;
mod wifi;
mod workflows;

pub use accelerators::{
    AcceleratorClassName, AcceleratorLinkSpec, AcceleratorNeed, AcceleratorPresetName,
    AcceleratorSharingSpec, AcceleratorSpecification, AcceleratorsSpec,
};
pub use access::{
    BeyondSpec, CloseInSpec, DirectNetworkSpec, DirectScopeName, EdgeCloudSimPopulationSpec,
    EdgeCloudSimRelaySpec, MobileDemandSpec, NetworkName, PopulationSpec, ThroughputTableSpec,
    WindowedQueueSpec,
};
pub use anomaly::{AnomalySpec, DetectorNameSpec, FirstOfSpec, LogisticSpec};
pub use cells::{
    BackgroundTrafficSpec, CarrierSpecification, CellFallbackName, CellHandoverSpec, CellRadioSpec,
    CellSpecification, CellsSpec, CombiningName, CqiTableName, FidelityName, HarqSpec, InsideName,
    LineOfSightName, LinkFailureSpecification, McsTableName,
};
pub use cloudsim::{
    CloudSimHosts, CloudSimPower, CloudSimSpec, CloudSimTrace, CloudSimVmType, HostOrder, QuirkName,
    VmProfile,
};
pub use consolidation::{FollowThePriceSpec, ForecastSpec};
pub use draw::{Draw, DrawnFrom, Quantity};
pub use dynamics::{
    AmountSpec, AttributeAsset, AttributeName, AttributeSpec, ChangeSpec, ConditionSpec, DemandSpec,
    DynamicsSpec, GroupBy, PhaseSpec, ReplayInterpolation, ReplayMissing, ReplaySpec, ScheduleSpec,
    WaveSpec, WeightedSpec, WindowSpec,
};
pub use energy::{
    CalendarSpec, Changing, GenerationSpec, OutsideRule, SignalInterpolation, SignalSpec,
    SiteBatterySpec, SiteSpecification,
};
pub use faults::{FaultSpec, Outage};
pub use function_arrivals::{
    AfterName, FunctionArrivalsSpec, NumberOrInterval, SaturationName, ServiceName, SpreadName,
    WithinSpec,
};
pub use functions::{
    ByStream, FunctionAgentsSpec, FunctionImageSpec, FunctionPricesSpec, FunctionSpec,
    FunctionStartSpec, FunctionWeightsSpec, FunctionsSpec, IntervalSpec, KeepAliveSpec, LoadsName,
    NeighboursName, NeighboursSpec, RandomNeighboursSpec, RejectedName,
};
pub use geo::{
    AccessWorkSpec, ByAccessSpec, DependencySpec, GeoAgentsSpec, GeoReplicasSpec, GeoRequestSpec,
    GeoSpec, GeoUsersSpec, MailCutSpec, ModeName, OwnershipSpec, RelationName, ResourceKindSpec,
    SiteRatesSpec, SiteRemovalSpec, WorkflowCallSpec,
};
pub use infrastructure::{InfrastructureSpec, OfferedValues};
pub use jammers::{
    ChannelName, DurationsName, JammerPlaceSpec, JammerPointSpec, JammerSpec, JammingSpec, WaveformName,
};
pub use missions::{
    BatteryServiceSpec, DetectionSpec, FieldSpec, HelpersSpec, MissionSpec, MissionsSpec, ObjectiveSpec,
    ObservationSpec, OffsetSpec, ProcessingName, QueueRuleName, StreamSpec, StreamTimeName, WayEndName,
    WaypointSpec, WeedsSpec,
};
pub use mobility::{
    BoundsSpec, FcdMobility, Layout, NomadicMobility, PlaceSpec, PointSpec, RandomWaypointMobility,
    RingRoadMobility, RoadSegmentSpec, SitesMobility, StaticMobility, TrajectoryMobility,
    TrajectoryPointSpec,
};
pub use network::{LinkModelSpec, LinkQualities, LinkSpecification, NetworkSpec, TopologySpec};
pub use network_energy::{RadioEnergySpec, TechnologySpec};
pub use nodes::{
    AccessPointChoice, AccessPointSpecification, BatteryModelSpec, BatterySpecification, ChargerSpec,
    InstanceSpecification, InterfaceSpec, NodeClassSpec, SchedulingSpec, UpdatesName,
};
pub use offloading::{FuzzyRulesSpec, LearnedSpec, OrFile, VehicularSpec};
pub use orchestration::{
    CentralSpec, ControlSharedSpec, ForceSpec, ForcedActionName, LoadBoundsSpec, RankName, RefusalsName,
    StandbySpec, SwirlySpec, TreeSpec,
};
pub use path_loss::{
    AlphaBetaGammaPresetName, AlphaBetaGammaSpec, CloseInPathLossSpec, CloseInPresetName, FreeSpaceSpec,
    IndoorHotspotSpec, LogDistanceSpec, MaxRateSpec, ProportionalFairSpec, RoundRobinSpec,
    RuralMacroSpec, ThreeLogDistanceSpec, TwoRaySpec, UrbanMacroSpec, UrbanMicroSpec,
};
pub use power::{
    AcceleratorPowerSpec, BudgetPowerSpec, CmosPowerSpec, CorePowerSpec, CubicPowerSpec,
    FrequencyPresetName, FrequencySpec, GovernorTimesSpec, LinearPowerSpec, OperatingPointSpec,
    PerformanceSpec, PowerStatesSpec, SquarePowerSpec, SquareRootPowerSpec, TablePowerSpec,
};
pub use radio::{RadioEnvironmentSpec, RadioPresetName, RadioSampleSpec};
pub use root::{
    AreaSpec, AttachBy, AttachmentSpec, ConsolidationKind, ControlKind, DetectorKind, FormatName,
    LinkChoiceKind, MissionEngagementKind, Names, OriginSpec, OutputSpec, OverloadKind, PathLossKind,
    PoliciesSpec, PredictorKind, ReplicaAllocationKind, ResourceScopeKind, ResponseKind, SampleSpec,
    Scenario, SchedulerKind, SelectionKind, ServicePlacementKind, TrainingPlacementKind,
    TrainingQueueKind, VmAllocationKind, WorkflowSchedulingKind,
};
pub(crate) use root::{FrequencyKind, MobilityKind, OffloadingKind, PowerKind, WorkloadKind};
pub use service_placement::{EclypseStaticSpec, FixedPlacementSpec};
pub use service_workload::{
    MovedRequestsName, RepairName, ServiceMigrationName, ServiceMigrationSpec, ServicePricesSpec,
    ServicesSpec,
};
pub use services::{
    AlgebraName, AssetAmount, AssetSpecification, FlowSpec, InteractionSpec, RequirementsSpec,
    ServiceApplicationSpec, ServiceDiscipline, ServiceSpec, WorkflowFileSpec, WorkflowSpec,
    WorkflowTaskSpec,
};
pub use sessions::{
    AgentsSpec, CarriedByName, DemandPlaceSpec, InstanceNeedsSpec, PresenceSpec, RedirectName,
    SessionServiceSpec, SessionsSpec, UserDemandSpec,
};
pub use shaped::{JitterName, PacketLossSpec, ShapeSpec, ShapedPresetName, ShapedSpec};
pub use sla::{PenaltySpec, SlaSpec, UptimePromiseName, UptimePromiseSpec, UptimeSpec, UptimeTierSpec};
pub use tasks::{
    ApplicationSpec, ArrivalSpec, DeadlineRule, EdgeCloudSimTasks, HandoverRule, PredictedUtilisation,
    TasksSpec,
};
pub use trace::TraceDepth;
pub use traces::{TraceFormatName, TraceGapRule, TraceSpec};
pub use training::{
    CheckpointSpec, DayName, DaySpec, FabricPowerSpec, JobArrivalsSpec, JobDurationsSpec, JobMixSpec,
    JobSizesSpec, ListedJobSpec, OrderPredictorSpec, PermutationSpec, PortFaultsSpec,
    TrainingClusterSpec, TrainingFabricSpec, TrainingFormatName, TrainingJobsSpec, TrainingModelSpec,
    TrainingSpec,
};
pub use vehicles::{
    CornersName, FollowSpecification, GustsSpec, HomesSpec, PayloadSpec, PropulsionModelSpec,
    PropulsionSpec, ReserveSpec, ReturnSpecification, TelemetrySampleSpec, VehicleFaultName,
    VehicleKindName, VehicleSpecification, WindSpecification,
};
pub use virtual_machines::{
    ComposedSpec, CopiedMemorySpec, CostFactorSpec, DrainSpec, HostSharingSpec, HostsEntry, HostsSpec,
    JobGroupSpec, MigrationKindSpec, SleepSpecification, VirtualMachinesSpec, VmArrivalSpec,
    VmDemandSpec, VmTypeSpec,
};
pub use wifi::{
    AccessName, AdaptationSpec, BestRateSpec, CellsFirstSpec, PreferSpec, StickySpec, WifiErrorName,
    WifiFirstSpec, WifiPointSpecification, WifiPowerSpec, WifiRadioSpecification, WifiSpecification,
    WifiStandardName,
};
pub use workflows::{WorkflowEntry, WorkflowsSpec};
