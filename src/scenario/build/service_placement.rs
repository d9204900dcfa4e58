//! Service placement policies: from the format to the policies, and their numbers in the world.

use super::{NodeDirectory, WorkloadSite};
use crate::placement::services::{EclypseStatic, Fixed, ServicePlacementPolicy};
use crate::scenario::format::{EclypseStaticSpec, FixedPlacementSpec, ServicePlacementKind};
use crate::scenario::{BuildServicePlacement, Registry, Site};
use std::cell::RefCell;
use std::collections::BTreeMap;

impl BuildServicePlacement for FixedPlacementSpec {
    fn build(
        &self,
        site: &Site<'_>,
        _: &Registry,
        directory: &NodeDirectory,
    ) -> Option<Box<dyn ServicePlacementPolicy>> {
        let site = site.key("nodes");
        let mut nodes = BTreeMap::new();
        for (service, names) in &self.nodes {
            nodes.insert(service.clone(), directory.nodes(names, &site.key(service))?);
        }
        Some(Box::new(Fixed { nodes }))
    }
}

impl BuildServicePlacement for EclypseStaticSpec {
    fn build(
        &self,
        site: &Site<'_>,
        _: &Registry,
        directory: &NodeDirectory,
    ) -> Option<Box<dyn ServicePlacementPolicy>> {
        let site = site.key("mapping");
        if self.mapping.is_empty() {
            site.error("a mapping of no services places nothing");
        }
        let mut nodes = BTreeMap::new();
        for (service, name) in &self.mapping {
            nodes.insert(service.clone(), vec![directory.node(name, &site.key(service))?]);
        }
        Some(Box::new(EclypseStatic { fixed: Fixed { nodes } }))
    }
}

/// Policies that applications have of their own, until the world has them.
#[derive(Debug, Default)]
pub(super) struct OwnPlacements {
    pub(super) first: u32,
    pub(super) policies: RefCell<Vec<(String, Box<dyn ServicePlacementPolicy>)>>,
}

impl WorkloadSite<'_> {
    /// Makes a service placement policy of an application's own, and returns its number for requests; errors go to
    /// `site`. Applications without one have number 0.
    #[must_use]
    pub fn service_placement(&self, kind: &ServicePlacementKind, site: &Site<'_>) -> Option<u32> {
        let policy = self.registry.make_service_placement(kind, site, self.directory)?;
        let mut policies = self.own_placements.policies.borrow_mut();
        policies.push((kind.kind().to_string(), policy));
        Some(self.own_placements.first + policies.len() as u32 - 1)
    }
}
