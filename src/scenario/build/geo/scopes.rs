//! Scopes of scenarios.

use crate::apps::geo::ScopePlan;
use crate::scenario::Site;
use crate::scope::{Location, Resolved, Scope, SiteIndex, Sites, resolve};

/// Sites and services by name; their latencies are not known before the run, when each is as near as any other.
pub(super) struct KnownSites<'a> {
    pub(super) names: &'a [String],
    pub(super) services: &'a [String],
}

impl Sites for &KnownSites<'_> {
    fn count(&self) -> usize {
        self.names.len()
    }

    fn name(&self, site: SiteIndex) -> &str {
        &self.names[site.index()]
    }

    fn latency_s(&self, _: SiteIndex, _: SiteIndex) -> Option<f64> {
        None
    }

    fn services(&self) -> Option<&[String]> {
        Some(self.services)
    }
}

fn has_radius(location: &Location) -> bool {
    match location {
        Location::Site(_) => false,
        Location::Around { .. } => true,
        Location::Both(list) | Location::Across(list) | Location::Otherwise(list) => {
            list.iter().any(has_radius)
        }
    }
}

/// Whether a resource is to be spread within a replica.
fn spreads_replicas(location: &Location, is_replica: bool) -> bool {
    match location {
        Location::Site(_) | Location::Around { .. } => false,
        Location::Both(list) => list.iter().any(|own| spreads_replicas(own, true)),
        Location::Across(list) => is_replica || list.iter().any(|own| spreads_replicas(own, is_replica)),
        Location::Otherwise(list) => list.iter().any(|own| spreads_replicas(own, is_replica)),
    }
}

impl KnownSites<'_> {
    /// Reads a scope and finds its sites and services; what is wrong is told with its place in the expression.
    pub(super) fn read(&self, text: &str, site: &Site<'_>) -> Option<ScopePlan> {
        let scope = site.check(Scope::parse(text))?;
        site.check(resolve(&scope, &self))?;
        for part in &scope.parts {
            if spreads_replicas(&part.location, false) {
                site.error_with_help(
                    format!("`{}` is spread within a replica, which is not possible", part.service),
                    "spread it first, and replicate the parts: `(a & b) % c`",
                );
                return None;
            }
        }
        let has_radius = scope.parts.iter().any(|part| has_radius(&part.location));
        Some(ScopePlan { scope, has_radius })
    }

    /// The scope with its sites found, each radius taken for its centre.
    pub(super) fn resolved(&self, plan: &ScopePlan) -> Option<Resolved> {
        resolve(&plan.scope, &self).ok()
    }
}
