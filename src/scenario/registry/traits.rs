//! What makes parameters in JSON into models, policies and workloads.

use super::Registry;
use crate::apps::Workload;
use crate::energy::PowerModel;
use crate::infra::nr::{BlockScheduler, PathLoss};
use crate::infra::wifi::LinkChoice;
use crate::placement::consolidation::{ConsolidationPolicy, OverloadDetection};
use crate::placement::offloading::OffloadingPolicy;
use crate::placement::services::ServicePlacementPolicy;
use crate::scenario::Site;
use crate::scenario::build::{Movement, NodeDirectory, PowerSite, WorkloadSite};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

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

/// Parameters from which an offloading policy is made that is not itself made of its parameters: it reads a
/// file, say. Others are registered by [`Registry::offloading`] as they are.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use stratosim::placement::offloading::{
///     OffloadingDecision, OffloadingPolicy, OffloadingView, TierName,
/// };
/// use stratosim::scenario::{BuildOffloading, Registry, Site};
///
/// /// As a file says, line by line, over and over.
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Script { file: String }
///
/// #[derive(Debug)]
/// struct Scripted { to_cloud: Vec<bool> }
///
/// impl OffloadingPolicy for Scripted {
///     fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
///         let line = view.decision() as usize % self.to_cloud.len();
///         let tier = if self.to_cloud[line] { TierName::Cloud } else { TierName::Edge };
///         view.least_loaded(&[tier]).into()
///     }
/// }
///
/// impl BuildOffloading for Script {
///     fn build(&self, site: &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> {
///         let text = site.key("file").check(std::fs::read_to_string(site.file(&self.file)))?;
///         if text.is_empty() {
///             site.key("file").error("the file is empty");
///             return None;
///         }
///         let to_cloud = text.lines().map(|line| line == "cloud").collect();
///         Some(Box::new(Scripted { to_cloud }))
///     }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.offloading_from::<Script>("script");
/// ```
pub trait BuildOffloading: Parameters {
    /// Makes the policy; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn OffloadingPolicy>>;
}

/// Parameters from which a power model is made.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use std::sync::Arc;
/// use stratosim::energy::{Load, PowerModel};
/// use stratosim::scenario::{BuildPower, Power, PowerSite, Registry};
///
/// /// Draws the same whatever it does.
/// #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Flat { always: Power }
///
/// impl PowerModel for Flat {
///     fn power_w(&self, _: &Load) -> f64 { self.always.as_watts() }
/// }
///
/// impl BuildPower for Flat {
///     fn build(&self, _: &PowerSite<'_>) -> Option<Arc<dyn PowerModel>> { Some(Arc::new(self.clone())) }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.power::<Flat>("flat");
/// ```
pub trait BuildPower: Parameters {
    /// Makes the model for nodes of a class; errors go to the site.
    fn build(&self, site: &PowerSite<'_>) -> Option<Arc<dyn PowerModel>>;
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

/// Parameters from which a consolidation policy is made that needs more than these: parts of its own that are
/// chosen by `kind`. Others are registered as [policies](Registry::consolidation).
pub trait BuildConsolidation: Parameters {
    /// Makes the policy; errors go to the site.
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn ConsolidationPolicy>>;
}

/// Parameters from which a detection of overloaded hosts is made that has parts of its own, chosen by `kind`. Others are
/// registered as [detections](Registry::overload).
pub trait BuildOverload: Parameters {
    /// Makes the detection; errors go to the site.
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn OverloadDetection>>;
}

/// Parameters from which a service placement policy is made that needs more than these: nodes by name, or parts of its
/// own that are chosen by `kind`. Others are registered as [policies](Registry::service_placement).
pub trait BuildServicePlacement: Parameters {
    /// Makes the policy; errors go to `site`.
    fn build(
        &self,
        site: &Site<'_>,
        registry: &Registry,
        directory: &NodeDirectory,
    ) -> Option<Box<dyn ServicePlacementPolicy>>;
}

/// Parameters from which a model of path loss of 5G cells is made.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use std::sync::Arc;
/// use stratosim::infra::nr::{PathLoss, RadioPath, free_space_db};
/// use stratosim::scenario::{BuildPathLoss, Gain, Registry, Site};
///
/// /// Free space, and so much for each metre.
/// #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Wood { a_metre: Gain }
///
/// impl PathLoss for Wood {
///     fn path_loss_db(&self, path: &RadioPath) -> f64 {
///         let distance_m = path.distance_3d_m().max(1.0);
///         free_space_db(path.carrier_hz, distance_m) + self.a_metre.as_db() * distance_m
///     }
/// }
///
/// impl BuildPathLoss for Wood {
///     fn build(&self, _: &Site<'_>) -> Option<Arc<dyn PathLoss>> { Some(Arc::new(self.clone())) }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.path_loss::<Wood>("wood");
/// ```
pub trait BuildPathLoss: Parameters {
    /// Makes the model; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>>;

    /// Height of base stations in metres where a scenario does not say: 10 m.
    fn base_height_m(&self) -> f64 {
        10.0
    }
}

/// Parameters from which a choice among the links of devices is made.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use std::sync::Arc;
/// use stratosim::infra::wifi::{Access, LinkChoice, LinkView};
/// use stratosim::scenario::{BuildLinkChoice, Registry, Site};
///
/// /// WiFi or nothing.
/// #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
/// struct OnlyWifi {}
///
/// impl LinkChoice for OnlyWifi {
///     fn choose(&self, view: &LinkView<'_>) -> Option<Access> {
///         view.option(Access::Wifi).map(|option| option.access)
///     }
/// }
///
/// impl BuildLinkChoice for OnlyWifi {
///     fn build(&self, _: &Site<'_>) -> Option<Arc<dyn LinkChoice>> { Some(Arc::new(self.clone())) }
/// }
///
/// let mut registry = Registry::with_builtins();
/// registry.link_choice::<OnlyWifi>("only_wifi");
/// ```
pub trait BuildLinkChoice: Parameters {
    /// Makes the choice; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn LinkChoice>>;
}

/// Parameters from which a scheduler of 5G cells is made.
pub trait BuildScheduler: Parameters {
    /// Makes the scheduler; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn BlockScheduler>>;
}
