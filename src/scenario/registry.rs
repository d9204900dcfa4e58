//! What can be named by `kind` in a scenario: built in, or a user's own.

mod anomaly;
mod builtins;
mod describe;
mod orchestration;
mod radio;
mod scopes;
mod training;
mod traits;

pub use anomaly::{BuildDetector, BuildResponse};
pub use orchestration::BuildControlPlane;
pub use training::BuildTrainingQueue;
pub use traits::{
    BuildConsolidation, BuildLinkChoice, BuildMobility, BuildOffloading, BuildOverload, BuildPathLoss,
    BuildPower, BuildScheduler, BuildServicePlacement, BuildWorkload, Parameters,
};

use anomaly::AnomalyKinds;
use describe::{add_shared, alternatives, infos, one_of, shared_info, split};
use orchestration::MakeControlPlane;
use radio::{MakeLinkChoice, MakePathLoss, MakeScheduler};
use training::TrainingKinds;

use super::Site;
use super::build::{Movement, NodeDirectory, PowerSite, WorkloadSite, node_power};
use super::format::{
    ChangeSpec, ConsolidationKind, ControlKind, FrequencyKind, GovernorTimesSpec, LinkChoiceKind,
    MissionEngagementKind, MobilityKind, OffloadingKind, OverloadKind, PathLossKind, PowerKind,
    PowerStatesSpec, PredictorKind, ReplicaAllocationKind, ResourceScopeKind, Scenario, SchedulerKind,
    SelectionKind, ServicePlacementKind, TrainingPlacementKind, TrainingQueueKind, VmAllocationKind,
    WorkflowSchedulingKind, WorkloadKind,
};
use crate::apps::Workload;
use crate::energy::{NodePower, PowerModel, frequency_presets, power_preset, power_presets};
use crate::placement::consolidation::{ConsolidationPolicy, OverloadDetection, VmSelection};
use crate::placement::engagement::EngagementPolicy;
use crate::placement::forecast::Predictor;
use crate::placement::frequency::FrequencyGovernor;
use crate::placement::functions::ReplicaAllocationPolicy;
use crate::placement::offloading::OffloadingPolicy;
use crate::placement::scopes::ResourceScopePolicy;
use crate::placement::services::ServicePlacementPolicy;
use crate::placement::vm_allocation::VmAllocationPolicy;
use crate::placement::workflows::WorkflowPolicy;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

type Make<T> = Box<dyn Fn(&Value, &Site<'_>, &Registry) -> Option<Box<T>> + Send + Sync>;
type MakeOffloading = Box<dyn Fn(&Value, &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> + Send + Sync>;
type MakeGovernor = Box<dyn Fn(&Value, &Site<'_>) -> Option<Box<dyn FrequencyGovernor>> + Send + Sync>;
type MakePower = Box<dyn Fn(&Value, &PowerSite<'_>) -> Option<Arc<dyn PowerModel>> + Send + Sync>;
type MakeMobility =
    Box<dyn Fn(&Value, &Site<'_>, &NodeDirectory, Option<u32>) -> Option<Movement> + Send + Sync>;
type MakeServicePlacement = Box<
    dyn Fn(&Value, &Site<'_>, &Registry, &NodeDirectory) -> Option<Box<dyn ServicePlacementPolicy>>
        + Send
        + Sync,
>;
type MakeWorkload = Box<dyn Fn(&Value, &WorkloadSite<'_>) -> Option<Box<dyn Workload>> + Send + Sync>;

struct Entry<M> {
    schema: fn(&mut SchemaGenerator) -> Schema,
    fill: fn(&Value) -> Option<Value>,
    make: M,
}

impl<M> Entry<M> {
    fn new<P: Parameters>(make: M) -> Self {
        Entry {
            schema: P::json_schema,
            fill: |value| serde_json::to_value(parameters::<P>(value).ok()?).ok(),
            make,
        }
    }
}

/// The kind of a power model that names none.
const DEFAULT_POWER: &str = "linear";

/// The names that a scenario can give as `kind`, and what they make. Built-in kinds are registered in the
/// same way as a user's own.
pub struct Registry {
    offloading: BTreeMap<String, Entry<MakeOffloading>>,
    governors: BTreeMap<String, Entry<MakeGovernor>>,
    power: BTreeMap<String, Entry<MakePower>>,
    mobility: BTreeMap<String, Entry<MakeMobility>>,
    workloads: BTreeMap<String, Entry<MakeWorkload>>,
    vm_allocation: BTreeMap<String, Entry<Make<dyn VmAllocationPolicy>>>,
    consolidation: BTreeMap<String, Entry<Make<dyn ConsolidationPolicy>>>,
    overload: BTreeMap<String, Entry<Make<dyn OverloadDetection>>>,
    selection: BTreeMap<String, Entry<Make<dyn VmSelection>>>,
    predictors: BTreeMap<String, Entry<Make<dyn Predictor>>>,
    service_placement: BTreeMap<String, Entry<MakeServicePlacement>>,
    workflow_scheduling: BTreeMap<String, Entry<Make<dyn WorkflowPolicy>>>,
    replica_allocation: BTreeMap<String, Entry<Make<dyn ReplicaAllocationPolicy>>>,
    mission_engagement: BTreeMap<String, Entry<Make<dyn EngagementPolicy>>>,
    training: TrainingKinds,
    resource_scope: BTreeMap<String, Entry<Make<dyn ResourceScopePolicy>>>,
    path_loss: BTreeMap<String, Entry<MakePathLoss>>,
    schedulers: BTreeMap<String, Entry<MakeScheduler>>,
    link_choices: BTreeMap<String, Entry<MakeLinkChoice>>,
    control_planes: BTreeMap<String, Entry<MakeControlPlane>>,
    anomaly: AnomalyKinds,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("offloading", &self.offloading.keys())
            .field("governors", &self.governors.keys())
            .field("power", &self.power.keys())
            .field("mobility", &self.mobility.keys())
            .field("workloads", &self.workloads.keys())
            .field("vm_allocation", &self.vm_allocation.keys())
            .field("consolidation", &self.consolidation.keys())
            .field("overload", &self.overload.keys())
            .field("selection", &self.selection.keys())
            .field("predictors", &self.predictors.keys())
            .field("service_placement", &self.service_placement.keys())
            .field("control_planes", &self.control_planes.keys())
            .field("workflow_scheduling", &self.workflow_scheduling.keys())
            .field("replica_allocation", &self.replica_allocation.keys())
            .field("mission_engagement", &self.mission_engagement.keys())
            .field("training_queue", &self.training.queues.keys())
            .field("training_placement", &self.training.placements.keys())
            .field("resource_scope", &self.resource_scope.keys())
            .field("path_loss", &self.path_loss.keys())
            .field("schedulers", &self.schedulers.keys())
            .field("link_choices", &self.link_choices.keys())
            .field("detectors", &self.anomaly.detectors.keys())
            .field("responses", &self.anomaly.responses.keys())
            .finish()
    }
}

/// The parameters beside `kind`.
pub(super) fn parameters<P: Parameters>(value: &Value) -> Result<P, serde_json::Error> {
    let mut object = value.as_object().cloned().unwrap_or_default();
    object.remove("kind");
    serde_json::from_value(Value::Object(object))
}

/// Fills the defaults of a kind in.
fn fill_kind<M>(entries: &BTreeMap<String, Entry<M>>, value: &mut Value) {
    let Some(kind) = value.get("kind").and_then(Value::as_str).map(str::to_string) else {
        return;
    };
    let filled = entries.get(&kind).and_then(|entry| (entry.fill)(value));
    if let Some(Value::Object(parameters)) = filled {
        let mut object = Map::new();
        object.insert("kind".into(), kind.into());
        object.extend(parameters);
        *value = Value::Object(object);
    }
}

/// The same where the family has parameters of its own, which go last.
fn fill_both<M, C: Parameters>(entries: &BTreeMap<String, Entry<M>>, value: &mut Value) {
    let (mut own, common) = split::<C>(value);
    fill_kind(entries, &mut own);
    let filled = serde_json::from_value::<C>(common).and_then(serde_json::to_value);
    if let (Value::Object(mut object), Ok(Value::Object(common))) = (own, filled) {
        object.extend(common);
        *value = Value::Object(object);
    }
}

/// One kind, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct KindInfo {
    /// What it is a kind of, such as `offloading policy` or `power model`.
    pub family: &'static str,
    /// The name to give as `kind`.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// Its parameters: name, meaning, default as JSON (`None` if it must be given).
    pub parameters: Vec<(String, String, Option<Value>)>,
}

impl Registry {
    /// Nothing registered.
    #[must_use]
    pub fn empty() -> Self {
        Registry {
            offloading: BTreeMap::new(),
            governors: BTreeMap::new(),
            power: BTreeMap::new(),
            mobility: BTreeMap::new(),
            workloads: BTreeMap::new(),
            vm_allocation: BTreeMap::new(),
            consolidation: BTreeMap::new(),
            overload: BTreeMap::new(),
            selection: BTreeMap::new(),
            predictors: BTreeMap::new(),
            service_placement: BTreeMap::new(),
            workflow_scheduling: BTreeMap::new(),
            replica_allocation: BTreeMap::new(),
            mission_engagement: BTreeMap::new(),
            training: TrainingKinds::default(),
            resource_scope: BTreeMap::new(),
            path_loss: BTreeMap::new(),
            schedulers: BTreeMap::new(),
            link_choices: BTreeMap::new(),
            control_planes: BTreeMap::new(),
            anomaly: AnomalyKinds::default(),
        }
    }

    /// Registers an offloading policy whose fields are its parameters.
    pub fn offloading<P: Parameters + OffloadingPolicy>(&mut self, name: &str) -> &mut Self {
        let make: MakeOffloading = Box::new(|value, site| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn OffloadingPolicy>)
        });
        self.offloading.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers an offloading policy that is made from its parameters.
    pub fn offloading_from<P: BuildOffloading>(&mut self, name: &str) -> &mut Self {
        let make: MakeOffloading =
            Box::new(|value, site| site.check(parameters::<P>(value))?.build(site));
        self.offloading.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a frequency governor whose fields are its parameters.
    pub fn governor<P: Parameters + FrequencyGovernor>(&mut self, name: &str) -> &mut Self {
        let make: MakeGovernor = Box::new(|value, site| {
            site.check(parameters::<P>(value))
                .map(|governor| Box::new(governor) as Box<dyn FrequencyGovernor>)
        });
        self.governors.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a power model.
    pub fn power<P: BuildPower>(&mut self, name: &str) -> &mut Self {
        let make: MakePower =
            Box::new(|value, site| site.site.check(parameters::<P>(value))?.build(site));
        self.power.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a mobility model.
    pub fn mobility<P: BuildMobility>(&mut self, name: &str) -> &mut Self {
        let make: MakeMobility = Box::new(|value, site, nodes, count| {
            site.check(parameters::<P>(value))?.build(site, nodes, count)
        });
        self.mobility.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a workload.
    pub fn workload<P: BuildWorkload>(&mut self, name: &str) -> &mut Self {
        let make: MakeWorkload =
            Box::new(|value, site| site.site.check(parameters::<P>(value))?.build(site));
        self.workloads.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a VM allocation policy whose fields are its parameters. It can place what a consolidation moves,
    /// too.
    pub fn vm_allocation<P: Parameters + VmAllocationPolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn VmAllocationPolicy> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.vm_allocation.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a consolidation policy whose fields are its parameters.
    pub fn consolidation<P: Parameters + ConsolidationPolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn ConsolidationPolicy> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.consolidation.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a consolidation policy that is made from its parameters.
    pub fn built_consolidation<P: BuildConsolidation>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn ConsolidationPolicy> =
            Box::new(|value, site, registry| site.check(parameters::<P>(value))?.build(site, registry));
        self.consolidation.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a detection of overloaded hosts whose fields are its parameters.
    pub fn overload<P: Parameters + OverloadDetection>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn OverloadDetection> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.overload.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a detection of overloaded hosts that is made from its parameters.
    pub fn built_overload<P: BuildOverload>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn OverloadDetection> =
            Box::new(|value, site, registry| site.check(parameters::<P>(value))?.build(site, registry));
        self.overload.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a predictor whose fields are its parameters.
    pub fn predictor<P: Parameters + Predictor>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn Predictor> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.predictors.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a selection of virtual machines whose fields are its parameters.
    pub fn selection<P: Parameters + VmSelection>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn VmSelection> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.selection.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a service placement policy whose fields are its parameters.
    pub fn service_placement<P: Parameters + ServicePlacementPolicy>(
        &mut self,
        name: &str,
    ) -> &mut Self {
        let make: MakeServicePlacement = Box::new(|value, site, _, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn ServicePlacementPolicy>)
        });
        self.service_placement.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a service placement policy that is made from its parameters.
    pub fn built_service_placement<P: BuildServicePlacement>(&mut self, name: &str) -> &mut Self {
        let make: MakeServicePlacement = Box::new(|value, site, registry, directory| {
            site.check(parameters::<P>(value))?.build(site, registry, directory)
        });
        self.service_placement.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a service placement policy; errors go to the site.
    #[must_use]
    pub fn make_service_placement(
        &self,
        kind: &ServicePlacementKind,
        site: &Site<'_>,
        directory: &NodeDirectory,
    ) -> Option<Box<dyn ServicePlacementPolicy>> {
        (self.service_placement.get(kind.kind())?.make)(&kind.0, site, self, directory)
    }

    /// Registers a scheduling policy of workflows whose fields are its parameters.
    pub fn workflow_scheduling<P: Parameters + WorkflowPolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn WorkflowPolicy> =
            Box::new(|value, site, _| Some(Box::new(site.check(parameters::<P>(value))?)));
        self.workflow_scheduling.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a scheduling policy of workflows; errors go to the site.
    #[must_use]
    pub fn make_workflow_scheduling(
        &self,
        kind: &WorkflowSchedulingKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn WorkflowPolicy>> {
        (self.workflow_scheduling.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Registers a policy that allocates replicas of functions, whose fields are its parameters.
    pub fn replica_allocation<P: Parameters + ReplicaAllocationPolicy>(
        &mut self,
        name: &str,
    ) -> &mut Self {
        let make: Make<dyn ReplicaAllocationPolicy> = Box::new(|value, site, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn ReplicaAllocationPolicy>)
        });
        self.replica_allocation.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a policy that allocates replicas of functions; errors go to the site.
    #[must_use]
    pub fn make_replica_allocation(
        &self,
        kind: &ReplicaAllocationKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn ReplicaAllocationPolicy>> {
        (self.replica_allocation.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Registers a policy that engages drones in missions, whose fields are its parameters.
    pub fn mission_engagement<P: Parameters + EngagementPolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn EngagementPolicy> = Box::new(|value, site, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn EngagementPolicy>)
        });
        self.mission_engagement.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a policy that engages drones; errors go to the site.
    #[must_use]
    pub fn make_mission_engagement(
        &self,
        kind: &MissionEngagementKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn EngagementPolicy>> {
        (self.mission_engagement.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a VM allocation policy; errors go to the site.
    #[must_use]
    pub fn make_vm_allocation(
        &self,
        kind: &VmAllocationKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn VmAllocationPolicy>> {
        (self.vm_allocation.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a consolidation policy; errors go to the site.
    #[must_use]
    pub fn make_consolidation(
        &self,
        kind: &ConsolidationKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn ConsolidationPolicy>> {
        (self.consolidation.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a detection of overloaded hosts; errors go to the site.
    #[must_use]
    pub fn make_overload(
        &self,
        kind: &OverloadKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn OverloadDetection>> {
        (self.overload.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a selection of virtual machines; errors go to the site.
    #[must_use]
    pub fn make_selection(&self, kind: &SelectionKind, site: &Site<'_>) -> Option<Box<dyn VmSelection>> {
        (self.selection.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a predictor; errors go to the site.
    #[must_use]
    pub fn make_predictor(&self, kind: &PredictorKind, site: &Site<'_>) -> Option<Box<dyn Predictor>> {
        (self.predictors.get(kind.kind())?.make)(&kind.0, site, self)
    }

    pub(super) fn make_offloading(
        &self,
        kind: &OffloadingKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn OffloadingPolicy>> {
        (self.offloading.get(kind.kind())?.make)(&kind.0, site)
    }

    /// The governor, and when it is asked.
    pub(super) fn make_governor(
        &self,
        kind: &FrequencyKind,
        site: &Site<'_>,
    ) -> Option<(Box<dyn FrequencyGovernor>, GovernorTimesSpec)> {
        let (own, times) = split::<GovernorTimesSpec>(&kind.0);
        let governor = (self.governors.get(kind.kind())?.make)(&own, site)?;
        Some((governor, site.check(serde_json::from_value(times))?))
    }

    /// The power of a class, from a model of a kind or from a preset.
    pub(super) fn make_power(
        &self,
        kind: &PowerKind,
        site: &PowerSite<'_>,
        nodes: &NodeDirectory,
    ) -> Option<NodePower> {
        let (own, states) = split::<PowerStatesSpec>(&kind.0);
        let model = match kind.preset() {
            Some(preset) => power_preset(preset)?.model(site.cores),
            None => {
                let name = if kind.kind().is_empty() { DEFAULT_POWER } else { kind.kind() };
                (self.power.get(name)?.make)(&own, site)?
            }
        };
        let states: PowerStatesSpec = site.site.check(serde_json::from_value(states))?;
        Some(node_power(model, &states, site, nodes))
    }

    pub(super) fn make_mobility(
        &self,
        kind: &MobilityKind,
        site: &Site<'_>,
        nodes: &NodeDirectory,
        count: Option<u32>,
    ) -> Option<Movement> {
        (self.mobility.get(kind.kind())?.make)(&kind.0, site, nodes, count)
    }

    pub(super) fn make_workload(
        &self,
        kind: &WorkloadKind,
        site: &WorkloadSite<'_>,
    ) -> Option<Box<dyn Workload>> {
        (self.workloads.get(kind.kind())?.make)(&kind.0, site)
    }

    /// Fills the defaults of all parameters in, so that a record of the scenario says everything.
    pub(super) fn fill(&self, scenario: &mut Scenario) {
        fill_kind(&self.offloading, &mut scenario.policies.offloading.0);
        if let Some(cells) = &mut scenario.cells {
            fill_kind(&self.path_loss, &mut cells.path_loss.0);
            fill_kind(&self.schedulers, &mut cells.scheduler.0);
        }
        if let Some(wifi) = &mut scenario.wifi {
            fill_kind(&self.path_loss, &mut wifi.path_loss.0);
            fill_kind(&self.link_choices, &mut wifi.link_choice.0);
        }
        if let Some(governor) = &mut scenario.policies.frequency {
            fill_both::<_, GovernorTimesSpec>(&self.governors, &mut governor.0);
        }
        fill_kind(&self.vm_allocation, &mut scenario.policies.vm_allocation.0);
        fill_kind(&self.service_placement, &mut scenario.policies.service_placement.0);
        fill_kind(&self.workflow_scheduling, &mut scenario.policies.workflow_scheduling.0);
        fill_kind(&self.replica_allocation, &mut scenario.policies.replica_allocation.0);
        fill_kind(&self.mission_engagement, &mut scenario.policies.mission_engagement.0);
        fill_kind(&self.training.queues, &mut scenario.policies.training_queue.0);
        fill_kind(&self.resource_scope, &mut scenario.policies.resource_scope.0);
        fill_kind(&self.training.placements, &mut scenario.policies.training_placement.0);
        if let Some(anomaly) = &mut scenario.policies.anomaly {
            self.fill_anomaly(anomaly);
        }
        let mut part = Some(&mut scenario.policies.consolidation.0);
        while let Some(consolidation) = part {
            fill_kind(&self.consolidation, consolidation);
            // Its parts, if it has any of these.
            if let Some(part) = consolidation.get_mut("overload") {
                fill_kind(&self.overload, part);
                if let Some(part) = part.get_mut("predictor") {
                    fill_kind(&self.predictors, part);
                }
            }
            if let Some(part) = consolidation.get_mut("selection") {
                fill_kind(&self.selection, part);
            }
            if let Some(part) = consolidation.get_mut("placement") {
                fill_kind(&self.vm_allocation, part);
            }
            part = consolidation.get_mut("within");
        }
        for class in &mut scenario.nodes {
            if let Some(power) = &mut class.power {
                if power.preset().is_none() && power.kind().is_empty() {
                    let mut named = Map::new();
                    named.insert("kind".into(), DEFAULT_POWER.into());
                    named.extend(power.0.as_object().cloned().unwrap_or_default());
                    power.0 = Value::Object(named);
                }
                fill_both::<_, PowerStatesSpec>(&self.power, &mut power.0);
            }
            if let Some(mobility) = &mut class.mobility {
                fill_kind(&self.mobility, &mut mobility.0);
            }
        }
        for workload in &mut scenario.workloads {
            fill_kind(&self.workloads, &mut workload.0);
            self.fill_control(&mut workload.0);
        }
    }

    /// The JSON Schema of scenarios, with all that is registered.
    #[must_use]
    pub fn scenario_schema(&self) -> Value {
        let mut generator = SchemaGenerator::default();
        let definitions = [
            (OffloadingKind::DEFINITION, one_of(&self.offloading, &mut generator)),
            (FrequencyKind::DEFINITION, {
                let mut kinds = one_of(&self.governors, &mut generator);
                add_shared::<GovernorTimesSpec>(&mut kinds, &mut generator);
                kinds
            }),
            (PowerKind::DEFINITION, self.power_schema(&mut generator)),
            (MobilityKind::DEFINITION, one_of(&self.mobility, &mut generator)),
            (WorkloadKind::DEFINITION, one_of(&self.workloads, &mut generator)),
            (VmAllocationKind::DEFINITION, one_of(&self.vm_allocation, &mut generator)),
            (ConsolidationKind::DEFINITION, one_of(&self.consolidation, &mut generator)),
            (OverloadKind::DEFINITION, one_of(&self.overload, &mut generator)),
            (SelectionKind::DEFINITION, one_of(&self.selection, &mut generator)),
            (PredictorKind::DEFINITION, one_of(&self.predictors, &mut generator)),
            (ServicePlacementKind::DEFINITION, one_of(&self.service_placement, &mut generator)),
            (WorkflowSchedulingKind::DEFINITION, one_of(&self.workflow_scheduling, &mut generator)),
            (ReplicaAllocationKind::DEFINITION, one_of(&self.replica_allocation, &mut generator)),
            (MissionEngagementKind::DEFINITION, one_of(&self.mission_engagement, &mut generator)),
            (TrainingQueueKind::DEFINITION, one_of(&self.training.queues, &mut generator)),
            (ResourceScopeKind::DEFINITION, one_of(&self.resource_scope, &mut generator)),
            (TrainingPlacementKind::DEFINITION, one_of(&self.training.placements, &mut generator)),
            (ControlKind::DEFINITION, self.control_schema(&mut generator)),
            (PathLossKind::DEFINITION, one_of(&self.path_loss, &mut generator)),
            (SchedulerKind::DEFINITION, one_of(&self.schedulers, &mut generator)),
            (LinkChoiceKind::DEFINITION, one_of(&self.link_choices, &mut generator)),
        ];
        let anomaly = self.anomaly_schemas(&mut generator);
        let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
        if let Some(known) = schema["$defs"].as_object_mut() {
            known.extend(anomaly.map(|(name, definition)| (name.to_string(), definition)));
            known.extend(definitions.map(|(name, definition)| (name.to_string(), definition)));
        }
        schema
    }

    /// Power models by kind, the default one without, and presets.
    fn power_schema(&self, generator: &mut SchemaGenerator) -> Value {
        let mut kinds = one_of(&self.power, generator);
        let names: Vec<&str> = power_presets().iter().map(|preset| preset.name).collect();
        let mut others = vec![json!({
            "type": "object",
            "properties": { "preset": { "description": "A real machine, of those that `stratosim list power` lists.", "type": "string", "enum": names } },
            "required": ["preset"],
            "additionalProperties": false,
        })];
        if let Some(entry) = self.power.get(DEFAULT_POWER) {
            others.insert(0, (entry.schema)(generator).to_value());
        }
        if let Some(alternatives) = kinds["oneOf"].as_array_mut() {
            alternatives.extend(others);
        }
        add_shared::<PowerStatesSpec>(&mut kinds, generator);
        kinds
    }

    /// All kinds, by family and name.
    #[must_use]
    pub fn kinds(&self) -> Vec<KindInfo> {
        let mut kinds = infos("workload", &self.workloads);
        kinds.extend(infos("offloading policy", &self.offloading));
        kinds.extend(infos("frequency governor", &self.governors));
        kinds.push(shared_info::<GovernorTimesSpec>("frequency governor"));
        kinds.extend(infos("VM allocation policy", &self.vm_allocation));
        kinds.extend(infos("consolidation policy", &self.consolidation));
        kinds.extend(infos("overload detection", &self.overload));
        kinds.extend(infos("VM selection", &self.selection));
        kinds.extend(infos("predictor", &self.predictors));
        kinds.extend(infos("service placement policy", &self.service_placement));
        kinds.extend(infos("workflow scheduling policy", &self.workflow_scheduling));
        kinds.extend(infos("replica allocation policy", &self.replica_allocation));
        kinds.extend(infos("mission engagement policy", &self.mission_engagement));
        kinds.extend(infos("training queue policy", &self.training.queues));
        kinds.extend(infos("training placement policy", &self.training.placements));
        kinds.extend(infos("resource scope policy", &self.resource_scope));
        kinds.extend(self.control_infos());
        kinds.extend(self.anomaly_infos());
        kinds.extend(infos("mobility model", &self.mobility));
        kinds.extend(infos("path loss model", &self.path_loss));
        kinds.extend(infos("block scheduler", &self.schedulers));
        kinds.extend(infos("link choice", &self.link_choices));
        kinds.extend(alternatives::<ChangeSpec>("change of dynamics"));
        kinds.extend(infos("power model", &self.power));
        kinds.push(shared_info::<PowerStatesSpec>("power model"));
        let preset = |family, name: &str, about: &str, source: &str| KindInfo {
            family,
            name: name.into(),
            summary: format!("{about} ({source})"),
            parameters: Vec::new(),
        };
        let own = power_presets().iter();
        kinds.extend(own.map(|own| preset("power preset", own.name, own.about, own.source)));
        let own = frequency_presets().iter();
        kinds.extend(own.map(|own| preset("frequency preset", own.name, own.about, own.source)));
        kinds
    }
}
