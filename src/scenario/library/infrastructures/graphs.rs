//! Infrastructures whose shape is a graph of the literature.

use super::plan::Plan;
use super::{InfrastructureError, InfrastructureSpec};
use crate::engine::{RandomStreams, Stream};
use crate::infra::{Connectivity, Role, Topology};
use crate::placement::offloading::TierName;
use crate::scenario::Ratio;

/// Most links of an infrastructure: each is written out, and told in the record of a run.
pub(super) const MOST_LINKS: f64 = 2e6;

/// The plan of an infrastructure whose shape is such a graph, `None` of others.
pub(super) fn plan(
    spec: &InfrastructureSpec,
    streams: RandomStreams,
) -> Result<Option<Plan>, InfrastructureError> {
    let mut stream = streams.stream("infrastructure/topology");
    let stream = &mut stream;
    let (topology, tier) = match spec {
        InfrastructureSpec::Star { clients, tier, .. } => {
            let mut plan = Plan::of_topology(Topology::star(*clients as usize)?, "client", *tier);
            for (number, node) in plan.nodes.iter_mut().enumerate() {
                match number.checked_sub(1) {
                    None => {
                        node.name = "center".into();
                        node.group = "center".into();
                        node.tier = TierName::Cloud;
                    }
                    Some(client) => node.name = format!("client-{client}"),
                }
            }
            return Ok(Some(plan));
        }
        InfrastructureSpec::Random { nodes, probability, tier, .. } => {
            let probability = probability.as_fraction();
            limit_links(f64::from(*nodes) * f64::from(*nodes) / 2.0 * probability)?;
            let joined = Connectivity::Joined;
            (Topology::erdos_renyi(*nodes as usize, probability, joined, stream)?, *tier)
        }
        InfrastructureSpec::Hierarchical {
            nodes,
            partition,
            connectivity,
            uplinks,
            within,
            peers,
            tier,
            ..
        } => {
            let sizes = sizes(*nodes as usize, partition)?;
            let names: Vec<String> = (0..sizes.len()).map(|level| format!("l{level}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let above = probabilities(&sizes, connectivity.as_deref(), *uplinks)?;
            let within = fractions("within", within.as_deref(), &vec![0.0; sizes.len()])?;
            limit_levels(&sizes, &above, &within, *peers)?;
            let mut made = Topology::levels(&names, &sizes, &above, &within, *peers as usize, stream)?;
            made.connect(Connectivity::Joined, stream);
            let mut plan = Plan::of_topology(made, "", *tier);
            let groups = names.iter().zip(&sizes).flat_map(|(name, &size)| vec![*name; size]);
            plan.nodes.iter_mut().zip(groups).for_each(|(node, group)| node.group = group.to_owned());
            return Ok(Some(plan));
        }
        InfrastructureSpec::FatTree { ports, .. } => {
            return Ok(Some(datacenter(Topology::fat_tree(*ports as usize)?, "host")));
        }
        InfrastructureSpec::BCube { levels, ports, .. } => {
            let servers = f64::from(*ports).powf(f64::from(*levels) + 1.0);
            limit_links(servers * (f64::from(*levels) + 1.0))?;
            return Ok(Some(datacenter(Topology::b_cube(*ports as usize, *levels as usize)?, "server")));
        }
        InfrastructureSpec::SmallWorld { nodes, neighbours, rewiring, tier, .. } => {
            limit_links(f64::from(*nodes) * f64::from(*neighbours) / 2.0)?;
            let (nodes, neighbours) = (*nodes as usize, *neighbours as usize);
            let mut world = Topology::small_world(nodes, neighbours, rewiring.as_fraction(), stream)?;
            world.connect(Connectivity::Joined, stream);
            (world, *tier)
        }
        InfrastructureSpec::ScaleFree { nodes, links, tier, .. } => {
            limit_links(f64::from(*nodes) * f64::from(*links))?;
            if *links == 0 || links >= nodes {
                let message = format!(
                    "{links} links for each of {nodes} nodes, but from 1 to one less are possible"
                );
                return Err(InfrastructureError::new("links", message));
            }
            (Topology::barabasi_albert(*nodes as usize, *links as usize, stream)?, *tier)
        }
        InfrastructureSpec::Gabriel { nodes, extent, route_factor, tier, .. } => {
            if !(extent.as_metres() > 0.0 && extent.as_metres() <= 1e9) {
                let message =
                    format!("an extent of {extent} is not allowed: above 0 and at most 1000000 km");
                return Err(InfrastructureError::new("extent", message));
            }
            let mut graph = Topology::gabriel(*nodes as usize, extent.as_metres(), stream)?;
            graph.set_fibre_latencies(*route_factor)?;
            graph.check()?;
            (graph, *tier)
        }
        _ => return Ok(None),
    };
    Ok(Some(Plan::of_topology(topology, "node", tier)))
}

/// A datacenter: hosts in the cloud, and switches.
fn datacenter(topology: Topology, hosts: &str) -> Plan {
    let roles: Vec<Role> = topology.nodes.iter().map(|node| node.role).collect();
    let mut plan = Plan::of_topology(topology, hosts, TierName::Cloud);
    for (node, role) in plan.nodes.iter_mut().zip(roles) {
        if role != Role::Host {
            node.group = "switch".to_owned();
            node.tier = TierName::Network;
        }
    }
    plan
}

/// How many nodes each level has: the whole part of its share, and the last what is left.
fn sizes(nodes: usize, partition: &[Ratio]) -> Result<Vec<usize>, InfrastructureError> {
    let sum: f64 = partition.iter().map(|share| share.as_fraction()).sum();
    if (sum - 1.0).abs() > 1e-9 {
        let message = format!("the shares of the levels come to {sum}, but must come to 1");
        return Err(InfrastructureError::new("partition", message));
    }
    let mut sizes: Vec<usize> =
        partition.iter().map(|share| (nodes as f64 * share.as_fraction()) as usize).collect();
    let before: usize = sizes.iter().rev().skip(1).sum();
    if let Some(last) = sizes.last_mut() {
        *last = nodes.saturating_sub(before);
    }
    if let Some(level) = sizes.iter().position(|&size| size == 0) {
        let message = format!("of {nodes} nodes none is left for level {level}");
        return Err(InfrastructureError::new("partition", message));
    }
    Ok(sizes)
}

/// The probability of each link between a level and the one above it, from the top on.
pub(super) fn probabilities(
    sizes: &[usize],
    connectivity: Option<&[Ratio]>,
    uplinks: Option<f64>,
) -> Result<Vec<f64>, InfrastructureError> {
    let gaps = sizes.len().saturating_sub(1);
    match (connectivity, uplinks) {
        (Some(_), Some(_)) => Err(InfrastructureError::new(
            "uplinks",
            "both `connectivity` and `uplinks` are given; leave out one of them",
        )),
        (None, Some(uplinks)) => {
            Ok(sizes.iter().take(gaps).map(|&above| (uplinks / above as f64).min(1.0)).collect())
        }
        (given, None) => fractions("connectivity", given, &vec![1.0; gaps]),
    }
}

/// The shares that are given, of which there must be as many as by default.
pub(super) fn fractions(
    key: &'static str,
    given: Option<&[Ratio]>,
    default: &[f64],
) -> Result<Vec<f64>, InfrastructureError> {
    match given {
        None => Ok(default.to_vec()),
        Some(given) if given.len() == default.len() => {
            Ok(given.iter().map(|share| share.as_fraction()).collect())
        }
        Some(given) => {
            let message = format!("found {} values, expected {}", given.len(), default.len());
            Err(InfrastructureError::new(key, message))
        }
    }
}

/// The levels of tiers, from the top on, and which tier each is of.
pub(super) fn tiers(
    tiers: &[(&str, usize)],
    above: &[f64],
    within: &[f64],
    stream: &mut Stream,
) -> Result<Topology, InfrastructureError> {
    let (names, sizes): (Vec<&str>, Vec<usize>) = tiers.iter().copied().unzip();
    limit_levels(&sizes, above, within, 0)?;
    let mut made = Topology::levels(&names, &sizes, above, within, 0, stream)?;
    made.connect(Connectivity::Joined, stream);
    Ok(made)
}

/// Refuses more links than [`MOST_LINKS`] before they are made.
pub(super) fn limit_links(expected: f64) -> Result<(), InfrastructureError> {
    if expected <= MOST_LINKS {
        return Ok(());
    }
    let message = format!("about {expected:.0} links, expected at most {MOST_LINKS}");
    Err(InfrastructureError { key: None, message })
}

fn limit_levels(
    sizes: &[usize],
    above: &[f64],
    within: &[f64],
    peers: u32,
) -> Result<(), InfrastructureError> {
    let sizes: Vec<f64> = sizes.iter().map(|&size| size as f64).collect();
    let up = sizes.windows(2).zip(above).map(|(pair, share)| pair[0] * pair[1] * share);
    let inside = sizes.iter().zip(within).map(|(size, share)| {
        let peers = f64::from(peers).min(size - 1.0);
        size * f64::max((size - 1.0) / 2.0 * share, peers)
    });
    limit_links(up.chain(inside).sum())
}
