//! The scenario as a whole.

use super::{
    AnomalySpec, AssetSpecification, CalendarSpec, CellsSpec, DynamicsSpec, FaultSpec,
    InfrastructureSpec, JammerSpec, NetworkSpec, NodeClassSpec, RadioEnvironmentSpec, RadioSampleSpec,
    SignalSpec, SiteSpecification, TelemetrySampleSpec, TraceDepth, WifiSpecification,
    WindSpecification,
};
use crate::apps::DecisionPoint;
use crate::placement::offloading::TierName;
use crate::scenario::{Duration, Gain, Length};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Something chosen by `kind` from what is registered under names; its schema is put together from the
/// registry.
macro_rules! kinds {
    ($($(#[$doc:meta])* $type:ident $definition:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub(crate) Value);

        impl $type {
            /// The name of its definition in the schema.
            pub(crate) const DEFINITION: &str = $definition;

            /// Its kind; empty if there is none, which the schema does not allow.
            pub(crate) fn kind(&self) -> &str {
                self.0.get("kind").and_then(Value::as_str).unwrap_or_default()
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $definition.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "$ref": concat!("#/$defs/", $definition) })
            }
        }
    )*};
}

kinds! {
    /// A workload with its parameters.
    WorkloadKind "workload";
    /// A mobility model with its parameters.
    MobilityKind "mobility_model";
    /// An offloading policy with its parameters.
    OffloadingKind "offloading_policy";
    /// A frequency governor with its parameters.
    FrequencyKind "frequency_governor";
    /// A power model with its parameters, or a preset.
    PowerKind "power_model";
    /// A VM allocation policy with its parameters.
    VmAllocationKind "vm_allocation_policy";
    /// A consolidation policy with its parameters.
    ConsolidationKind "consolidation_policy";
    /// A detection of overloaded hosts with its parameters.
    OverloadKind "overload_detection";
    /// A selection of virtual machines with its parameters.
    SelectionKind "vm_selection";
    /// A predictor with its parameters.
    PredictorKind "predictor";
    /// A service placement policy with its parameters.
    ServicePlacementKind "service_placement_policy";
    /// A scheduling policy of workflows with its parameters.
    WorkflowSchedulingKind "workflow_scheduling_policy";
    /// A policy that allocates replicas of functions, with its parameters.
    ReplicaAllocationKind "replica_allocation_policy";
    /// A policy that engages drones, with its parameters.
    MissionEngagementKind "mission_engagement_policy";
    /// A policy that orders waiting training jobs, with its parameters.
    TrainingQueueKind "training_queue_policy";
    /// A policy that gives training jobs GPUs, with its parameters.
    TrainingPlacementKind "training_placement_policy";
    /// A policy that chooses the sites of geo-distributed resources, with its parameters.
    ResourceScopeKind "resource_scope_policy";
    /// A control plane with its parameters.
    ControlKind "control_plane";
    /// A model of path loss with its parameters.
    PathLossKind "path_loss_model";
    /// A scheduler of 5G cells with its parameters.
    SchedulerKind "block_scheduler";
    /// A choice among the links of a device, with its parameters.
    LinkChoiceKind "link_choice";
    /// A detector of anomalies with its parameters.
    DetectorKind "anomaly_detector";
    /// A response to anomalies with its parameters.
    ResponseKind "anomaly_response";
}

/// The thing of a kind with its defaults.
macro_rules! of_kind {
    ($($type:ident),*) => {$(
        impl $type {
            /// The thing of this kind with its defaults.
            pub(crate) fn of_kind(kind: &str) -> Self {
                $type(serde_json::json!({ "kind": kind }))
            }
        }
    )*};
}

of_kind!(
    WorkloadKind,
    MobilityKind,
    OffloadingKind,
    VmAllocationKind,
    ConsolidationKind,
    OverloadKind,
    SelectionKind,
    PredictorKind,
    ServicePlacementKind,
    ReplicaAllocationKind,
    MissionEngagementKind,
    TrainingQueueKind,
    TrainingPlacementKind,
    ResourceScopeKind,
    WorkflowSchedulingKind,
    ControlKind,
    PathLossKind,
    SchedulerKind,
    LinkChoiceKind,
    ResponseKind
);

/// One name, or several: of node classes (all their nodes), groups of them, or single nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One name.
    One(String),
    /// Several names.
    Several(Vec<String>),
}

impl Names {
    /// The names.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Names::One(name) => std::slice::from_ref(name).iter(),
            Names::Several(names) => names.iter(),
        }
    }
}

/// The rectangle that nodes are placed in, from the origin to the east and north.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AreaSpec {
    /// West to east.
    pub width: Length,
    /// South to north.
    pub height: Length,
}

impl Default for AreaSpec {
    fn default() -> Self {
        AreaSpec { width: Length::from_metres(1000.0), height: Length::from_metres(1000.0) }
    }
}

/// The place of x = 0, y = 0 on the earth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginSpec {
    /// Degrees east of Greenwich.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub longitude: f64,
    /// Degrees north of the equator.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub latitude: f64,
}

/// What access points are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachBy {
    /// The nearest.
    #[default]
    Distance,
    /// The strongest received signal, by the log-distance model.
    Signal,
}

/// How devices choose their access point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttachmentSpec {
    /// What access points are compared by.
    pub by: AttachBy,
    /// By distance: how much nearer another one must be before a device hands over to it, as a share of its
    /// distance.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub hysteresis_ratio: f64,
    /// By signal: how much stronger another one must be before a device hands over to it.
    pub hysteresis: Gain,
    /// By signal: path loss exponent of the log-distance model; 2 in free space, 3 to 4 in cities.
    #[schemars(range(min = 1.0, max = 10.0))]
    pub path_loss_exponent: f64,
    /// By signal: how signals spread, in place of the log-distance model: with shadowing, and down to a threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radio: Option<RadioEnvironmentSpec>,
}

impl Default for AttachmentSpec {
    fn default() -> Self {
        AttachmentSpec {
            by: AttachBy::Distance,
            hysteresis_ratio: 0.0,
            hysteresis: Gain::from_db(3.0),
            path_loss_exponent: 3.0,
            radio: None,
        }
    }
}

/// The policies, one for each decision point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoliciesSpec {
    /// Where device tasks run.
    pub offloading: OffloadingKind,
    /// At which frequency nodes with frequency steps run; at their initial one if left out.
    pub frequency: Option<FrequencyKind>,
    /// On which hosts virtual machines start.
    pub vm_allocation: VmAllocationKind,
    /// Which virtual machines move, and which hosts sleep.
    pub consolidation: ConsolidationKind,
    /// On which nodes the services of applications run that have no `placement` of their own.
    pub service_placement: ServicePlacementKind,
    /// On which nodes the tasks of workflows run.
    pub workflow_scheduling: WorkflowSchedulingKind,
    /// How many replicas of functions there are at which nodes, and where their requests go.
    pub replica_allocation: ReplicaAllocationKind,
    /// Whether drones help vehicles that scan fields, and which.
    pub mission_engagement: MissionEngagementKind,
    /// In which order waiting training jobs are tried.
    pub training_queue: TrainingQueueKind,
    /// Which GPUs training jobs get.
    pub training_placement: TrainingPlacementKind,
    /// On which sites geo-distributed resources are.
    pub resource_scope: ResourceScopeKind,
    /// What watches the radio links of devices of 5G, and what is done about alarms; nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<AnomalySpec>,
}

impl Default for PoliciesSpec {
    fn default() -> Self {
        PoliciesSpec {
            offloading: OffloadingKind::of_kind("nearest"),
            frequency: None,
            vm_allocation: VmAllocationKind::of_kind("first_fit"),
            consolidation: ConsolidationKind::of_kind("nothing"),
            service_placement: ServicePlacementKind::of_kind("greedy_latency"),
            workflow_scheduling: WorkflowSchedulingKind::of_kind("heft"),
            replica_allocation: ReplicaAllocationKind::of_kind("macro"),
            mission_engagement: MissionEngagementKind::of_kind("threshold"),
            training_queue: TrainingQueueKind::of_kind("fifo"),
            training_placement: TrainingPlacementKind::of_kind("packed"),
            resource_scope: ResourceScopeKind::of_kind("written"),
            anomaly: None,
        }
    }
}

/// The format of table files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormatName {
    /// Comma-separated values.
    #[default]
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// What is sampled at an interval. What is left out follows the key `trace`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SampleSpec {
    /// Time between samples, 10 s if left out; 0 for none.
    pub interval: Option<Duration>,
    /// Tiers whose nodes are sampled into the table `nodes`; edge, fog and cloud if left out, and all of them if
    /// everything is traced.
    pub tiers: Option<Vec<TierName>>,
    /// Whether links are sampled into the table `links`; they are if it is left out.
    pub links: Option<bool>,
    /// Whether the devices' positions are sampled into the table `positions`; only if everything is traced if it
    /// is left out.
    pub positions: Option<bool>,
    /// Of which devices signals are sampled into the table `radio`; of none if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radio: Option<RadioSampleSpec>,
    /// Telemetry of vehicles, sampled into the table `telemetry`; of none if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetrySampleSpec>,
}

/// What is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSpec {
    /// Format of the table files.
    pub format: FormatName,
    /// How much is recorded, where the keys below do not say otherwise.
    pub trace: TraceDepth,
    /// Tables to write; those of `trace` if left out.
    pub tables: Option<Vec<String>>,
    /// Decision points that the table `decisions` has; all of them if left out.
    pub decisions: Option<Vec<DecisionPoint>>,
    /// What is sampled at an interval.
    pub sample: SampleSpec,
}

fn default_seed() -> u64 {
    1
}

fn default_duration() -> Duration {
    Duration::from_secs(600.0)
}

fn default_workloads() -> Vec<WorkloadKind> {
    vec![WorkloadKind::of_kind("tasks")]
}

/// A Stratosim scenario: one world, what happens in it, and what is written of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Name; that of the file if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// What the scenario is about.
    #[serde(default)]
    pub description: Option<String>,
    /// Seed of all random numbers.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Simulated time.
    #[serde(default = "default_duration")]
    pub duration: Duration,
    /// Time at the start that the workloads' summaries leave out: what was created before its end is not
    /// counted there. Tables, energy and utilisation have it all.
    #[serde(default)]
    pub warm_up: Duration,
    /// The rectangle that nodes are placed in.
    #[serde(default)]
    pub area: AreaSpec,
    /// Where x = 0, y = 0 is on the earth, for what is given in longitude and latitude. If left out: the
    /// south-western corner of the first trace of vehicles in degrees, or else of the places so given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginSpec>,
    /// Assets of the user's own: what nodes offer and services require beside cores, memory and the like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assets: BTreeMap<String, AssetSpecification>,
    /// An infrastructure of the library, whose nodes and links come after those that are written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<InfrastructureSpec>,
    /// The nodes, by class; they can be left out beside an `infrastructure`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub nodes: Vec<NodeClassSpec>,
    /// Links and topology.
    #[serde(default)]
    pub network: NetworkSpec,
    /// How devices choose their access point.
    #[serde(default)]
    pub attachment: AttachmentSpec,
    /// 5G cells: carriers, how signals spread, hand-overs. Access points with the key `cell` are their base stations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<CellsSpec>,
    /// WiFi whose links are modelled: rates by what is received, turns on channels. Access points with the key `wifi` are
    /// its access points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wifi: Option<WifiSpecification>,
    /// Jammers of 5G cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jammers: Vec<JammerSpec>,
    /// What wants to happen.
    #[serde(default = "default_workloads")]
    pub workloads: Vec<WorkloadKind>,
    /// Who decides.
    #[serde(default)]
    pub policies: PoliciesSpec,
    /// The wind over all vehicles; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind: Option<WindSpecification>,
    /// What fails, and when.
    #[serde(default)]
    pub faults: Vec<FaultSpec>,
    /// What changes as time goes on: nodes, links, cells and batteries around their base values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dynamics: Vec<DynamicsSpec>,
    /// Which date the run begins at; that of each signal's first row if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarSpec>,
    /// Time series that the world follows, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signals: BTreeMap<String, SignalSpec>,
    /// Places whose energy is accounted for: what it costs, and where it comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteSpecification>,
    /// What is written.
    #[serde(default)]
    pub output: OutputSpec,
}
