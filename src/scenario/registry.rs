//! What can be named by `kind` in a scenario: built in, or a user's own.

use super::Site;
use super::build::{Movement, NodeDirectory, WorkloadSite};
use super::format::{MobilityKind, OffloadingKind, Scenario, WorkloadKind};
use crate::apps::Workload;
use crate::placement::offloading::{self as policies, OffloadingPolicy};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Parameters of a kind in JSON.
pub trait Parameters: DeserializeOwned + Serialize + JsonSchema + 'static {}

impl<T: DeserializeOwned + Serialize + JsonSchema + 'static> Parameters for T {}

/// Parameters from which a mobility model is made.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use stratosim::infra::{Position, Static};
/// use stratosim::scenario::{BuildMobility, Movement, NodeDirectory, Registry, Site};
///
/// /// All nodes stand on one spot.
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Spot { x_m: f64, y_m: f64 }
///
/// impl BuildMobility for Spot {
///     fn build(&self, site: &Site<'_>, _: &NodeDirectory, _: Option<u32>) -> Option<Movement> {
///         let place = Static::at(vec![Position::ground(self.x_m, self.y_m)]);
///         site.check(place).map(|model| Movement::Model(Box::new(model)))
///     }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.mobility::<Spot>("spot");
/// ```
pub trait BuildMobility: Parameters {
    /// Makes the model for a class of `count` nodes (`None` if the count is still open); errors go to
    /// `site`.
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, count: Option<u32>) -> Option<Movement>;
}

/// Parameters from which a workload is made.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use stratosim::apps::{Context, Message, Workload};
/// use stratosim::scenario::{BuildWorkload, Registry, WorkloadSite};
///
/// /// Does nothing, under a name.
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Idle { name: String }
///
/// impl Workload for Idle {
///     fn name(&self) -> &str { &self.name }
///     fn start(&mut self, _: &mut dyn Context) {}
///     fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}
///     fn summary(&self) -> serde_json::Value { serde_json::Value::Null }
/// }
///
/// impl BuildWorkload for Idle {
///     fn build(&self, _: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
///         Some(Box::new(Idle { name: self.name.clone() }))
///     }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.workload::<Idle>("idle");
/// ```
pub trait BuildWorkload: Parameters {
    /// Makes the workload; errors go to the site.
    fn build(&self, site: &WorkloadSite<'_>) -> Option<Box<dyn Workload>>;
}

type MakeOffloading = Box<dyn Fn(&Value, &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> + Send + Sync>;
type MakeMobility =
    Box<dyn Fn(&Value, &Site<'_>, &NodeDirectory, Option<u32>) -> Option<Movement> + Send + Sync>;
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

/// The names that a scenario can give as `kind`, and what they make. Built-in kinds are registered in the
/// same way as a user's own.
pub struct Registry {
    offloading: BTreeMap<String, Entry<MakeOffloading>>,
    mobility: BTreeMap<String, Entry<MakeMobility>>,
    workloads: BTreeMap<String, Entry<MakeWorkload>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("offloading", &self.offloading.keys())
            .field("mobility", &self.mobility.keys())
            .field("workloads", &self.workloads.keys())
            .finish()
    }
}

/// The parameters beside `kind`.
fn parameters<P: Parameters>(value: &Value) -> Result<P, serde_json::Error> {
    let mut object = value.as_object().cloned().unwrap_or_default();
    object.remove("kind");
    serde_json::from_value(Value::Object(object))
}

/// One kind, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct KindInfo {
    /// What it is a kind of: `offloading policy`, `mobility model`, `workload`.
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
        Registry { offloading: BTreeMap::new(), mobility: BTreeMap::new(), workloads: BTreeMap::new() }
    }

    /// All built-in kinds.
    #[must_use]
    pub fn with_builtins() -> Self {
        use super::format::{
            CloudSimSpec, FcdMobility, NomadicMobility, RandomWaypointMobility, StaticMobility,
            TasksSpec, TrajectoryMobility,
        };
        let mut registry = Registry::empty();
        registry
            .offloading::<policies::LocalOnly>("local_only")
            .offloading::<policies::EdgeOnly>("edge_only")
            .offloading::<policies::CloudOnly>("cloud_only")
            .offloading::<policies::Nearest>("nearest")
            .offloading::<policies::Random>("random")
            .offloading::<policies::FirstFit>("first_fit")
            .offloading::<policies::NextFit>("next_fit")
            .offloading::<policies::BestFit>("best_fit")
            .offloading::<policies::WorstFit>("worst_fit")
            .offloading::<policies::LeastLoaded>("least_loaded")
            .offloading::<policies::MinLatency>("min_latency")
            .offloading::<policies::EnergyAware>("energy_aware")
            .offloading::<policies::NetworkBased>("network_based")
            .offloading::<policies::UtilizationBased>("utilization_based")
            .offloading::<policies::Hybrid>("hybrid")
            .mobility::<StaticMobility>("static")
            .mobility::<RandomWaypointMobility>("random_waypoint")
            .mobility::<NomadicMobility>("nomadic")
            .mobility::<TrajectoryMobility>("trajectories")
            .mobility::<FcdMobility>("sumo_fcd")
            .workload::<TasksSpec>("tasks")
            .workload::<CloudSimSpec>("virtual_machines");
        registry
    }

    /// Registers an offloading policy whose fields are its parameters.
    pub fn offloading<P: Parameters + OffloadingPolicy>(&mut self, name: &str) -> &mut Self {
        let make: MakeOffloading = Box::new(|value, site| {
            site.check(parameters::<P>(value))
                .map(|policy| Box::new(policy) as Box<dyn OffloadingPolicy>)
        });
        self.offloading.insert(name.into(), Entry::new::<P>(make));
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

    pub(super) fn make_offloading(
        &self,
        kind: &OffloadingKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn OffloadingPolicy>> {
        (self.offloading.get(kind.kind())?.make)(&kind.0, site)
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
        fn fill<M>(entries: &BTreeMap<String, Entry<M>>, value: &mut Value) {
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
        fill(&self.offloading, &mut scenario.policies.offloading.0);
        for class in &mut scenario.nodes {
            if let Some(mobility) = &mut class.mobility {
                fill(&self.mobility, &mut mobility.0);
            }
        }
        for workload in &mut scenario.workloads {
            fill(&self.workloads, &mut workload.0);
        }
    }

    /// The JSON Schema of scenarios, with all that is registered.
    #[must_use]
    pub fn scenario_schema(&self) -> Value {
        let mut generator = SchemaGenerator::default();
        let definitions = [
            (OffloadingKind::DEFINITION, one_of(&self.offloading, &mut generator)),
            (MobilityKind::DEFINITION, one_of(&self.mobility, &mut generator)),
            (WorkloadKind::DEFINITION, one_of(&self.workloads, &mut generator)),
        ];
        let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
        if let Some(known) = schema["$defs"].as_object_mut() {
            known.extend(definitions.map(|(name, definition)| (name.to_string(), definition)));
        }
        schema
    }

    /// All kinds, by family and name.
    #[must_use]
    pub fn kinds(&self) -> Vec<KindInfo> {
        let mut kinds = infos("workload", &self.workloads);
        kinds.extend(infos("offloading policy", &self.offloading));
        kinds.extend(infos("mobility model", &self.mobility));
        kinds
    }
}

fn one_of<M>(entries: &BTreeMap<String, Entry<M>>, generator: &mut SchemaGenerator) -> Value {
    let alternatives: Vec<Value> = entries
        .iter()
        .map(|(name, entry)| {
            let mut schema = (entry.schema)(generator).to_value();
            let kind = json!({ "const": name, "type": "string" });
            if let Some(object) = schema.as_object_mut() {
                let mut properties = Map::new();
                properties.insert("kind".into(), kind);
                if let Some(Value::Object(own)) = object.remove("properties") {
                    properties.extend(own);
                }
                object.insert("properties".into(), Value::Object(properties));
                let mut required = vec![json!("kind")];
                if let Some(Value::Array(own)) = object.remove("required") {
                    required.extend(own);
                }
                object.insert("required".into(), Value::Array(required));
                object.insert("type".into(), "object".into());
            }
            schema
        })
        .collect();
    json!({ "oneOf": alternatives })
}

fn infos<M>(family: &'static str, entries: &BTreeMap<String, Entry<M>>) -> Vec<KindInfo> {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
    };
    entries
        .iter()
        .map(|(name, entry)| {
            let schema = (entry.schema)(&mut SchemaGenerator::default()).to_value();
            let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let properties =
                schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
            let parameters = properties
                .iter()
                .map(|(key, property)| {
                    let must = required.contains(&json!(key));
                    let default = property.get("default").cloned().unwrap_or(Value::Null);
                    (key.clone(), text(property, "description"), (!must).then_some(default))
                })
                .collect();
            KindInfo { family, name: name.clone(), summary: text(&schema, "description"), parameters }
        })
        .collect()
}
