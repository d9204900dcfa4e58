//! The built-in policies.

use super::view::replicas;
use super::{ResourceScopePolicy, ScopeView};
use crate::names::did_you_mean;
use crate::placement::ParameterError;
use crate::scope::{Place, SiteIndex};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As the scope of the request says; on the site itself if it does not name the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {}

impl ResourceScopePolicy for Written {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        let own = view.request();
        own.written.and_then(|written| written.place(own.service)).cloned()
    }
}

/// On the site itself, and nowhere else: sites do not collaborate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalOnly {}

impl ResourceScopePolicy for LocalOnly {
    fn decide(&mut self, _: &mut ScopeView<'_>) -> Option<Place> {
        None
    }

    fn collaborates(&self) -> bool {
        false
    }
}

fn some_sites(sites: u32) -> Result<(), ParameterError> {
    if sites == 0 {
        return Err(ParameterError::new("a resource is on one site at least").at("sites"));
    }
    Ok(())
}

/// Replicas on the site itself and on the nearest others that are available.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nearest {
    /// Sites in all.
    #[schemars(range(min = 1))]
    pub sites: u32,
}

impl Default for Nearest {
    fn default() -> Self {
        Nearest { sites: 3 }
    }
}

impl ResourceScopePolicy for Nearest {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        replicas(view.nearest(self.sites as usize))
    }

    fn check(&self) -> Result<(), ParameterError> {
        some_sites(self.sites)
    }
}

/// Replicas on the site itself and where most requests for resources of the kind have come from, as far as the site has handled
/// them; the nearest sites where that leaves some.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FollowDemand {
    /// Sites in all.
    #[schemars(range(min = 1))]
    pub sites: u32,
}

impl Default for FollowDemand {
    fn default() -> Self {
        FollowDemand { sites: 3 }
    }
}

impl ResourceScopePolicy for FollowDemand {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        let own = view.request();
        let count = self.sites as usize;
        let mut wanted: Vec<(f64, u32)> = own
            .demand
            .iter()
            .filter(|(site, _)| **site != own.site && view.is_available(**site))
            .map(|(site, demand)| (*demand, *site))
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut sites = vec![SiteIndex(own.site)];
        sites.extend(wanted.into_iter().map(|(_, site)| SiteIndex(site)).take(count - 1));
        if sites.len() < count {
            for site in view.nearest(2 * count) {
                if sites.len() < count && !sites.contains(&site) {
                    sites.push(site);
                }
            }
        }
        replicas(sites)
    }

    fn check(&self) -> Result<(), ParameterError> {
        some_sites(self.sites)
    }
}

/// All at one site, which serves everybody: a centralised application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Centralised {
    /// The site; the first one if left out.
    pub site: Option<String>,
}

impl Centralised {
    /// The site among those of this name.
    ///
    /// # Errors
    /// If there is none, with the nearest name.
    pub fn find(&self, names: &[String]) -> Result<SiteIndex, String> {
        let Some(site) = &self.site else { return Ok(SiteIndex(0)) };
        let found = names.iter().position(|own| own == site);
        found.map(|index| SiteIndex(index as u32)).ok_or_else(|| {
            let near = did_you_mean(site, names.iter().map(String::as_str));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            format!("there is no site {site:?}{hint}")
        })
    }
}

impl ResourceScopePolicy for Centralised {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        self.find(view.request().names).ok().map(Place::Site)
    }
}

/// Replicas on all sites that are available: with strong kinds and linearisable reads a geo-distributed database, in which each
/// access takes a majority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Everywhere {}

impl ResourceScopePolicy for Everywhere {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        replicas(view.nearest(usize::MAX))
    }
}
