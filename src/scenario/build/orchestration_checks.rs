//! What can be told of services that agents orchestrate before a run: what could never work.

use super::WorkloadSite;
use crate::apps::orchestration::{INSTANCE_ASSETS, ServiceFacts};
use crate::infra::assets::{AssetId, Label};
use crate::infra::{InfraBuilder, NodeClass, NodeId};
use crate::scenario::Site;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeSet;

/// What a node of a class offers of each of the assets of instances.
fn offers(class: &NodeClass) -> [f64; 4] {
    let counted: u32 = class.resources.accelerators.iter().map(|own| own.count).sum();
    let timed: u32 = class.accelerators.iter().map(|own| own.count).sum();
    INSTANCE_ASSETS.map(|asset| match asset {
        AssetId::CORES => f64::from(class.cores),
        AssetId::MEMORY_BYTES => class.resources.memory_bytes,
        AssetId::STORAGE_BYTES => class.resources.storage_bytes,
        _ => f64::from(counted) + f64::from(timed),
    })
}

/// The first requirement of a service that nodes of a class do not meet, in words.
fn shortage(service: &ServiceFacts, class: &NodeClass, taken_cores: f64) -> Option<String> {
    if !service.requirements.runs_on(&class.architecture) {
        return Some(format!("it is {}", class.architecture));
    }
    let mut offers = offers(class);
    offers[0] -= taken_cores;
    let what = ["cores", "bytes of memory", "bytes of storage", "accelerators"];
    let needs = service.requirements.amounts();
    let short = (0..4).find(|&own| needs[own] > offers[own])?;
    let beside = if short == 0 && taken_cores > 0.0 {
        format!(" beside the {taken_cores} of its agent")
    } else {
        String::new()
    };
    Some(format!("it has {} {}{beside}, and {} are needed", offers[short], what[short], needs[short]))
}

fn listed(labels: &BTreeSet<&Label>) -> String {
    labels.iter().map(|label| label.to_string()).collect::<Vec<_>>().join(", ")
}

impl InfraBuilder {
    /// Least seconds of propagation from any of `to` to each node that a link leads to, by the links so far and radios.
    fn least_latency_s(&self, to: &[NodeId], users: &[NodeId]) -> Option<f64> {
        let mut graph: DiGraph<(), f64> = DiGraph::default();
        let nodes: u32 = self.classes().iter().map(|class| class.count).sum();
        for _ in 0..nodes {
            graph.add_node(());
        }
        let place = |node: NodeId| NodeIndex::new(node.index());
        for (_, link) in self.links() {
            graph.add_edge(place(link.a), place(link.b), link.latency.as_secs());
            graph.add_edge(place(link.b), place(link.a), link.latency.as_secs());
        }
        // All access points are as near to all devices as if these stood in their midst; nothing leads on from there.
        let air = graph.add_node(());
        let node_of = |node: u32| self.class_of(NodeId(node)).zip(Some(NodeId(node)));
        for (class, node) in (0..nodes).filter_map(node_of) {
            if let Some(point) = &class.access_point {
                let is_fixed = class.gnb.is_none();
                let latency_s = if is_fixed { point.radio.latency.as_secs() } else { 0.0 };
                graph.add_edge(place(node), air, latency_s);
            }
        }
        let start = graph.add_node(());
        for &node in to {
            graph.add_edge(start, place(node), 0.0);
        }
        let found = dijkstra(&graph, start, None, |edge| *edge.weight());
        let latency_s = |&user: &NodeId| {
            let wireless = self.class_of(user).is_some_and(|class| class.wireless);
            found.get(&if wireless { air } else { place(user) }).copied()
        };
        users.iter().filter_map(latency_s).reduce(f64::min)
    }
}

impl WorkloadSite<'_> {
    /// Reports platforms that can hold no instances: that are wireless, have no cores, or are hosts of virtual machines.
    #[must_use]
    pub fn check_platforms(&self, platforms: &[NodeId], site: &Site<'_>) -> bool {
        let fault = platforms.iter().find_map(|&node| {
            let class = self.infrastructure.class_of(node)?;
            let what = match (class.wireless, class.cores) {
                (true, _) => "is wireless",
                (false, 0) => "has no cores",
                _ if self.vm_hosts.contains(&node) => "is a host of virtual machines",
                _ => return None,
            };
            Some((node, what))
        });
        if let Some((node, what)) = fault {
            site.error_with_help(
                format!("{:?} {what}, so that it can be no platform", self.directory.name(node)),
                "name wired nodes with cores that are no hosts of virtual machines",
            );
        }
        fault.is_none()
    }

    /// Reports a service that no platform could hold, and instances of it on nodes that could not; `agent_cores` are those
    /// that its agent takes of each platform. `site` is that of the service.
    #[must_use]
    pub fn check_service(
        &self,
        service: &ServiceFacts,
        platforms: &[NodeId],
        agent_cores: f64,
        site: &Site<'_>,
    ) -> bool {
        let class = |node: &NodeId| self.infrastructure.class_of(*node);
        let short = |node: &NodeId| shortage(service, class(node)?, agent_cores);
        let name = &service.name;
        if platforms.iter().all(|node| short(node).is_some()) {
            let site = site.key("requires");
            let there: BTreeSet<&Label> =
                platforms.iter().filter_map(class).map(|class| &class.architecture).collect();
            let runs = there.iter().any(|own| service.requirements.runs_on(own));
            if !runs && !there.is_empty() {
                let wanted: BTreeSet<&Label> = service.requirements.architectures.iter().collect();
                site.key("architecture").error_with_help(
                    format!("no platform offers {}; there are {}", listed(&wanted), listed(&there)),
                    format!("name one of these, if there is an image of {name:?} for it"),
                );
            } else {
                let why = platforms.first().and_then(|node| Some((node, short(node)?)));
                let why = why.map_or_else(String::new, |(node, why)| {
                    format!(": the first one, {:?}, cannot, for {why}", self.directory.name(*node))
                });
                site.error_with_help(
                    format!("no platform could hold an instance of {name:?}{why}"),
                    "require less, or give the platforms more",
                );
            }
            return false;
        }
        let known: BTreeSet<&NodeId> = platforms.iter().collect();
        for &node in &service.instances {
            let site = site.key("instances");
            if !known.contains(&node) {
                site.error_with_help(
                    format!("{:?} is no platform", self.directory.name(node)),
                    "name some of the `platforms`",
                );
                return false;
            }
            if let Some(why) = short(&node) {
                let node = self.directory.name(node);
                site.error(format!("{node:?} cannot hold an instance of {name:?}: {why}"));
                return false;
            }
        }
        true
    }

    /// Reports a latency limit of a service below the least round trip of light between any user and any platform that
    /// could hold it. Nothing is reported where latencies may change, or networks lead past access points. `site` is that
    /// of the limit.
    #[must_use]
    pub fn check_limit(
        &self,
        service: &ServiceFacts,
        platforms: &[NodeId],
        users: &[NodeId],
        site: &Site<'_>,
    ) -> bool {
        let builder = self.infrastructure;
        if !builder.has_fixed_latencies() {
            return true;
        }
        let can_hold = |node: &&NodeId| {
            builder.class_of(**node).is_some_and(|class| shortage(service, class, 0.0).is_none())
        };
        let capable: Vec<NodeId> = platforms.iter().filter(can_hold).copied().collect();
        let Some(least_s) = builder.least_latency_s(&capable, users) else { return true };
        let is_possible = 2.0 * least_s <= service.limit_s;
        if !is_possible {
            site.error_with_help(
                format!(
                    "no user is nearer than {} ms there and back to any platform that could hold {:?}, but the limit is {} ms",
                    2.0 * least_s * 1e3,
                    service.name,
                    service.limit_s * 1e3
                ),
                "raise the limit, or lower the latencies of the links",
            );
        }
        is_possible
    }
}
