//! Networks beside the access points, and whether all that need each other can reach each other.

use super::NodeDirectory;
use super::delays::link_models;
use super::network::NamedLink;
use super::network_energy::radio_energy;
use super::nodes::limit;
use crate::engine::{RandomStreams, SimDuration};
use crate::infra::NodeId;
use crate::infra::network::{DirectScope, DirectSpec};
use crate::placement::offloading::TierName;
use crate::scenario::Site;
use crate::scenario::format::{DirectScopeName, NetworkSpec, NodeClassSpec};

/// The networks beside the access points.
pub(super) fn direct_networks(
    network: &NetworkSpec,
    directory: &NodeDirectory,
    streams: RandomStreams,
    site: &Site<'_>,
) -> Vec<DirectSpec> {
    let mut made: Vec<DirectSpec> = Vec::new();
    for (index, spec) in network.direct.iter().enumerate() {
        let here = site.key("direct").index(index);
        if made.iter().any(|other| other.name == spec.name) {
            here.key("name").error_with_help(
                format!("another direct network has the name {:?}", spec.name),
                "give each a `name` of its own",
            );
            continue;
        }
        let Some(targets) = directory.nodes(&spec.to, &here.key("to")) else { continue };
        if let Some(&wireless) = targets.iter().find(|&&node| directory.is_wireless(node)) {
            here.key("to").error(format!(
                "{:?} is wireless, so that no network can lead to it directly",
                directory.name(wireless)
            ));
            continue;
        }
        let downlink = spec.downlink.unwrap_or(spec.uplink);
        if let Some((key, _)) =
            [("uplink", spec.uplink), ("downlink", downlink)].iter().find(|rate| rate.1.as_bps() == 0.0)
        {
            here.key(key).error("a rate of 0 carries nothing; it must be above 0");
            continue;
        }
        let model = spec.model.as_ref().unwrap_or(&network.model);
        let model_site = if spec.model.is_some() { here.key("model") } else { site.key("model") };
        let Some(models) = link_models(model, streams, &model_site) else {
            continue;
        };
        let energy_site = here.key("radio_energy");
        if spec.radio_energy.is_some_and(|own| own.idle.as_watts() > 0.0) {
            energy_site.key("idle").error_with_help(
                "the base station of a direct network is no node that could draw power while it idles",
                "leave out `idle`, and add it to the power of the nodes that the network leads to",
            );
        }
        made.push(DirectSpec {
            name: spec.name.clone(),
            class: spec.network.into(),
            targets,
            scope: match spec.scope {
                DirectScopeName::Everywhere => DirectScope::Everywhere,
                DirectScopeName::AccessPoint => DirectScope::AccessPoint,
            },
            uplink_bps: spec.uplink.as_bps(),
            downlink_bps: downlink.as_bps(),
            half_duplex: spec.half_duplex,
            latency: SimDuration::from_secs(spec.latency.as_secs()),
            model: models.up,
            down_model: models.down,
            transfer_limit: limit(spec.transfer_limit),
            energy: radio_energy(spec.radio_energy.as_ref(), &energy_site),
        });
    }
    made
}

/// Reports nodes that need each other but have no way between them. Nodes that a direct network leads to can be
/// reached by devices without any link.
pub(super) fn check_connected(
    directory: &NodeDirectory,
    nodes: &[NodeClassSpec],
    links: &[NamedLink],
    direct: &[DirectSpec],
    site: &Site<'_>,
) {
    let mut components = petgraph::unionfind::UnionFind::<usize>::new(directory.len());
    for (_, link) in links {
        components.union(link.a.index(), link.b.index());
    }
    // Wired nodes that compute or serve devices; switches may lie idle.
    let needed = directory.classes.iter().zip(nodes).filter(|(_, spec)| {
        spec.wireless == Some(false) && (spec.tier != TierName::Network && spec.cores != Some(0))
    });
    let mut first: Option<NodeId> = None;
    let beside = |node: &NodeId| direct.iter().any(|own| own.targets.contains(node));
    let each = needed.flat_map(|((_, entry), _)| (entry.first..entry.first + entry.count).map(NodeId));
    for node in each.filter(|node| !beside(node)) {
        match first {
            None => first = Some(node),
            Some(first) if components.find(first.index()) != components.find(node.index()) => {
                site.error_with_help(
                    format!(
                        "no links lead from {:?} to {:?}",
                        directory.name(first),
                        directory.name(node)
                    ),
                    "add links or a topology that joins them, or leave `network` out for a hierarchy of all",
                );
                return;
            }
            Some(_) => {}
        }
    }
}
