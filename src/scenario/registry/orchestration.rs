//! Kinds of control planes.

use super::describe::{add_shared, infos, one_of, shared_info, split};
use super::{Entry, KindInfo, Parameters, Registry, parameters};
use crate::placement::orchestration::ControlPlane;
use crate::scenario::Site;
use crate::scenario::build::NodeDirectory;
use crate::scenario::format::{ControlKind, ControlSharedSpec};
use schemars::SchemaGenerator;
use serde_json::Value;

pub(super) type MakeControlPlane =
    Box<dyn Fn(&Value, &Site<'_>, &NodeDirectory) -> Option<Box<dyn ControlPlane>> + Send + Sync>;

/// Parameters from which a control plane is made that needs more than these: nodes by name, say. Others are registered by
/// [`Registry::control_plane`] as they are.
pub trait BuildControlPlane: Parameters {
    /// Makes the control plane; errors go to `site`.
    fn build(&self, site: &Site<'_>, directory: &NodeDirectory) -> Option<Box<dyn ControlPlane>>;
}

impl Registry {
    /// Registers a control plane whose fields are its parameters.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use stratosim::apps::orchestration::{AgentLayout, Answer, Order};
    /// use stratosim::placement::orchestration::{ControlPlane, OrchestrationView};
    /// use stratosim::scenario::Registry;
    ///
    /// /// Sends all users away.
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct Closed {}
    ///
    /// impl ControlPlane for Closed {
    ///     fn layout(&self) -> AgentLayout { AgentLayout::None }
    ///     fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
    ///         orders.extend(Order::answer(view.stimulus(), Answer { instance: None }));
    ///     }
    /// }
    ///
    /// let mut registry = Registry::with_builtins();
    /// registry.control_plane::<Closed>("closed");
    /// ```
    pub fn control_plane<P: Parameters + ControlPlane>(&mut self, name: &str) -> &mut Self {
        let make: MakeControlPlane = Box::new(|value, site, _| {
            let plane = site.check(parameters::<P>(value))?;
            plane.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(plane) as Box<dyn ControlPlane>)
        });
        self.control_planes.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a control plane that is made from its parameters.
    pub fn built_control_plane<P: BuildControlPlane>(&mut self, name: &str) -> &mut Self {
        let make: MakeControlPlane = Box::new(|value, site, directory| {
            let plane = site.check(parameters::<P>(value))?.build(site, directory)?;
            plane.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(plane)
        });
        self.control_planes.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a control plane, with what any of them may have; errors go to the site.
    #[must_use]
    pub fn make_control_plane(
        &self,
        kind: &ControlKind,
        site: &Site<'_>,
        directory: &NodeDirectory,
    ) -> Option<(Box<dyn ControlPlane>, ControlSharedSpec)> {
        let (own, shared) = split::<ControlSharedSpec>(&kind.0);
        let Some(entry) = self.control_planes.get(kind.kind()) else {
            // The schema has found the kinds that are written out.
            site.unknown("control plane", kind.kind(), self.control_planes.keys().map(String::as_str));
            return None;
        };
        let plane = (entry.make)(&own, site, directory)?;
        Some((plane, site.check(serde_json::from_value(shared))?))
    }

    /// Fills the defaults of the control plane of a workload in, if it has one.
    pub(super) fn fill_control(&self, workload: &mut Value) {
        if let Some(control) = workload.get_mut("control") {
            super::fill_both::<_, ControlSharedSpec>(&self.control_planes, control);
        }
    }

    /// Their definition in the schema.
    pub(super) fn control_schema(&self, generator: &mut SchemaGenerator) -> Value {
        let mut kinds = one_of(&self.control_planes, generator);
        add_shared::<ControlSharedSpec>(&mut kinds, generator);
        kinds
    }

    /// All of them, for people.
    pub(super) fn control_infos(&self) -> Vec<KindInfo> {
        let mut kinds = infos("control plane", &self.control_planes);
        kinds.push(shared_info::<ControlSharedSpec>("control plane"));
        kinds
    }
}
