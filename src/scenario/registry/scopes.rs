//! Policies that choose the sites of geo-distributed resources.

use super::{Entry, Make, Parameters, Registry, parameters};
use crate::placement::scopes::ResourceScopePolicy;
use crate::scenario::Site;
use crate::scenario::format::ResourceScopeKind;

impl Registry {
    /// Registers a policy that chooses the sites of geo-distributed resources, whose fields are its parameters.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use stratosim::placement::scopes::{ResourceScopePolicy, ScopeView};
    /// use stratosim::scenario::Registry;
    /// use stratosim::scope::{Place, SiteIndex};
    ///
    /// /// All on the last site.
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct Last {}
    ///
    /// impl ResourceScopePolicy for Last {
    ///     fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
    ///         Some(Place::Site(SiteIndex(view.request().names.len() as u32 - 1)))
    ///     }
    /// }
    ///
    /// let mut registry = Registry::with_builtins();
    /// registry.resource_scope::<Last>("last");
    /// ```
    pub fn resource_scope<P: Parameters + ResourceScopePolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn ResourceScopePolicy> = Box::new(|value, site, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn ResourceScopePolicy>)
        });
        self.resource_scope.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a policy that chooses the sites of geo-distributed resources; errors go to the site.
    #[must_use]
    pub fn make_resource_scope(
        &self,
        kind: &ResourceScopeKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn ResourceScopePolicy>> {
        (self.resource_scope.get(kind.kind())?.make)(&kind.0, site, self)
    }
}
