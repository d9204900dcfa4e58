//! The scopes of requests with their sites found, as far as an agent knows latencies.

use super::peers::Contacts;
use super::plan::GeoPlan;
use crate::scope::{Location, Resolved, SiteIndex, Sites, resolve};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
struct Entry {
    /// What holds everywhere and always, of a scope without a radius.
    fixed: Option<Arc<Resolved>>,
    /// By site, with the state of its latencies that it was found by.
    by_site: FxHashMap<u32, (u32, Arc<Resolved>)>,
}

/// The scopes of a workload.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    entries: Vec<Entry>,
    /// Latencies from sites that are in the middle of a radius, as the network is laid out.
    pub(super) centres: BTreeMap<u32, Vec<f64>>,
}

/// What the agent of a site knows.
struct Known<'a> {
    here: u32,
    names: &'a [String],
    own: &'a [f64],
    centres: &'a BTreeMap<u32, Vec<f64>>,
}

impl Sites for Known<'_> {
    fn count(&self) -> usize {
        self.names.len()
    }

    fn name(&self, site: SiteIndex) -> &str {
        &self.names[site.index()]
    }

    fn latency_s(&self, from: SiteIndex, to: SiteIndex) -> Option<f64> {
        let row = match self.centres.get(&from.0) {
            Some(row) if from.0 != self.here => row.as_slice(),
            _ => self.own,
        };
        row.get(to.index()).copied().filter(|latency_s| latency_s.is_finite())
    }
}

/// Names in the middle of a radius.
fn centres<'l>(location: &'l Location, found: &mut Vec<&'l str>) {
    match location {
        Location::Site(_) => {}
        Location::Around { site, .. } => found.push(&site.text),
        Location::Both(list) | Location::Across(list) | Location::Otherwise(list) => {
            list.iter().for_each(|location| centres(location, found));
        }
    }
}

impl Scopes {
    pub(super) fn new(plan: &GeoPlan) -> Self {
        let entries = plan.scopes.iter().map(|_| Entry::default()).collect();
        Scopes { entries, centres: BTreeMap::new() }
    }

    /// The sites in the middle of a radius, in ascending order.
    pub(super) fn centre_sites(plan: &GeoPlan) -> Vec<u32> {
        let mut names = Vec::new();
        for part in plan.scopes.iter().flat_map(|own| &own.scope.parts) {
            centres(&part.location, &mut names);
        }
        let site = |name: &str| plan.names.iter().position(|own| own == name);
        let mut sites: Vec<u32> = names.into_iter().filter_map(site).map(|site| site as u32).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    /// A scope as the agent of a site understands it. `None` of no scope, and of one that names no sites of the plan.
    pub(super) fn resolved(
        &mut self,
        scope: Option<u16>,
        site: u32,
        plan: &GeoPlan,
        contacts: &[Contacts],
    ) -> Option<Arc<Resolved>> {
        let number = usize::from(scope?);
        let entry = self.entries.get_mut(number)?;
        if let Some(fixed) = &entry.fixed {
            return Some(fixed.clone());
        }
        let own = &contacts[site as usize];
        if let Some((version, found)) = entry.by_site.get(&site)
            && *version == own.version
        {
            return Some(found.clone());
        }
        let known =
            Known { here: site, names: &plan.names, own: &own.latency_s, centres: &self.centres };
        let found = Arc::new(resolve(&plan.scopes[number].scope, &known).ok()?);
        if plan.scopes[number].has_radius {
            entry.by_site.insert(site, (own.version, found.clone()));
        } else {
            entry.fixed = Some(found.clone());
        }
        Some(found)
    }
}
