//! Service placement policies: from the format to the policies, and their numbers in the world.

use super::{NodeDirectory, WorkloadSite};
use crate::infra::NodeId;
use crate::placement::services::{EclypseStatic, Fixed, ServicePlacementPolicy};
use crate::scenario::format::{EclypseStaticSpec, FixedPlacementSpec, Names, ServicePlacementKind};
use crate::scenario::registry::parameters;
use crate::scenario::{BuildServicePlacement, Registry, Site};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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
            let here = site.key(service);
            let own = directory.nodes(names, &here)?;
            if own.is_empty() {
                here.error_with_help(
                    format!("no node is given for the service {service:?}"),
                    "name a node, or a class that has some",
                );
                return None;
            }
            nodes.insert(service.clone(), own);
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

/// All services that are not named.
const OTHERS: &str = "*";

/// Where a policy has the nodes that it is given for services, and these; `None` of a policy that chooses itself.
fn given(kind: &ServicePlacementKind) -> Option<(&'static str, BTreeMap<String, Names>)> {
    match kind.kind() {
        "static" => {
            let spec: FixedPlacementSpec = parameters(&kind.0).ok()?;
            Some(("nodes", spec.nodes))
        }
        "eclypse_static" => {
            let spec: EclypseStaticSpec = parameters(&kind.0).ok()?;
            let one = |(service, node)| (service, Names::One(node));
            Some(("mapping", spec.mapping.into_iter().map(one).collect()))
        }
        _ => None,
    }
}

/// Reports services of an application for which a policy is given no node, or one that the workload may not use.
pub(super) fn check_given(
    kind: &ServicePlacementKind,
    (application, services): (&str, &[&str]),
    nodes: Option<&[NodeId]>,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> bool {
    let Some((key, given)) = given(kind) else { return true };
    let site = site.key(key);
    let mut good = true;
    let mut used = BTreeSet::new();
    for &service in services {
        match given.get_key_value(service).or_else(|| given.get_key_value(OTHERS)) {
            Some((name, _)) => {
                used.insert(name);
            }
            None => {
                site.error_with_help(
                    format!("no node is given for the service {service:?} of {application:?}"),
                    "give it one, or give one to \"*\", which is all that are not named",
                );
                good = false;
            }
        }
    }
    let Some(nodes) = nodes else { return good };
    for name in used {
        let own = here.directory.found(&given[name]);
        if let Some(&other) = own.iter().find(|node| !nodes.contains(node)) {
            site.key(name).error_with_help(
                format!(
                    "node {:?} is not among the `nodes` that the services of {application:?} may use",
                    here.directory.name(other)
                ),
                "name it there, too, or give another node",
            );
            good = false;
        }
    }
    good
}

/// Reports services that a policy is given nodes for but that are not there.
pub(super) fn check_known(kind: &ServicePlacementKind, services: &BTreeSet<String>, site: &Site<'_>) {
    let Some((key, given)) = given(kind) else { return };
    let site = site.key(key);
    for name in given.keys().filter(|name| *name != OTHERS && !services.contains(*name)) {
        site.key(name).unknown("service", name, services.iter().map(String::as_str));
    }
}

impl WorkloadSite<'_> {
    /// Checks the nodes that the policy of an application is given, its own or else that of the scenario.
    pub(super) fn check_given_nodes(
        &self,
        own: Option<&ServicePlacementKind>,
        (application, services): (&str, &[&str]),
        nodes: Option<&[NodeId]>,
        site: &Site<'_>,
    ) -> bool {
        if let Some(kind) = own {
            let site = site.key("placement");
            check_known(kind, &services.iter().map(|name| name.to_string()).collect(), &site);
            return check_given(kind, (application, services), nodes, self, &site);
        }
        self.placed_by_all.borrow_mut().extend(services.iter().map(|name| name.to_string()));
        let site = self.policies_site.key("service_placement");
        check_given(&self.policies.service_placement, (application, services), nodes, self, &site)
    }
}
