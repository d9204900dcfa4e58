//! Infrastructures after a pattern, with figures for nodes and links: those of ECLYPSE 0.9.1.

use super::graphs::{fractions, limit_links, probabilities, tiers};
use super::plan::{Offer, Plan};
use super::{InfrastructureError, InfrastructureSpec};
use crate::engine::RandomStreams;
use crate::placement::offloading::TierName::{Cloud, Device, Edge, Fog, Network};
use crate::scenario::Ratio;

/// Most nodes of a pattern.
const MOST_NODES: u64 = 1_000_000;

fn device() -> Offer {
    Offer::new([1.0, 1.0, 1.0, 0.0], 0.95, 8.0)
}

fn mec(storage_gb: f64) -> Offer {
    Offer::new([16.0, 32.0, storage_gb, 1.0], 0.99, 2.0)
}

fn cloud() -> Offer {
    Offer::new([32.0, 128.0, 1024.0, 4.0], 0.999, 1.0)
}

/// The plan of an infrastructure after a pattern.
pub(super) fn plan(
    spec: &InfrastructureSpec,
    streams: RandomStreams,
) -> Result<Plan, InfrastructureError> {
    let mut plan = Plan::default();
    match spec {
        InfrastructureSpec::ContinuumTiered {
            devices,
            edges,
            fogs,
            clouds,
            connectivity,
            uplinks,
            within,
            ..
        } => {
            let counts = [*devices, *edges, *fogs, *clouds];
            limit(&counts, &[])?;
            return continuum(counts, connectivity.as_deref(), *uplinks, within.as_deref(), streams);
        }
        InfrastructureSpec::Mec5g { users, rans, mecs, clouds, .. } => {
            let mecs = mecs.unwrap_or(*rans);
            limit(&[*users, *rans, mecs, *clouds], &[*clouds])?;
            let ran = Offer::new([2.0, 4.0, 8.0, 0.0], 0.98, 4.0);
            let users = plan.add_numbered("user", *users, Device, &device());
            let rans = plan.add_numbered("ran", *rans, Edge, &ran);
            let mecs = plan.add_numbered("mec", mecs, Fog, &mec(256.0));
            let clouds = plan.add_numbered("cloud", *clouds, Cloud, &cloud());
            plan.join_in_turn(&users, &rans, (5.0, 200.0));
            plan.join_in_turn(&rans, &mecs, (2.0, 1000.0));
            plan.join_in_turn(&mecs, &clouds, (20.0, 500.0));
            plan.join_all(&clouds, (5.0, 2000.0));
        }
        InfrastructureSpec::VehicularEdge { vehicles, rsus, mecs, clouds, .. } => {
            limit(&[*vehicles, *rsus, *mecs, *clouds], &[*rsus])?;
            let vehicle = Offer::new([2.0, 2.0, 4.0, 0.0], 0.94, 7.0);
            let rsu = Offer::new([4.0, 8.0, 16.0, 0.0], 0.98, 4.0);
            let vehicles = plan.add_numbered("vehicle", *vehicles, Device, &vehicle);
            let rsus = plan.add_numbered("rsu", *rsus, Edge, &rsu);
            let mecs = plan.add_numbered("mec", *mecs, Fog, &mec(128.0));
            let clouds = plan.add_numbered("cloud", *clouds, Cloud, &cloud());
            plan.join_in_turn(&vehicles, &rsus, (3.0, 200.0));
            plan.join_in_turn(&rsus, &mecs, (5.0, 500.0));
            plan.join_in_turn(&mecs, &clouds, (20.0, 500.0));
            plan.join_all(&rsus, (8.0, 250.0));
        }
        InfrastructureSpec::MultiRegionWan { regions, nodes_per_region, .. } => {
            limit(&[*regions, regions.saturating_mul(*nodes_per_region)], &[*regions])?;
            let gateway = Offer::new([8.0, 16.0, 64.0, 0.0], 0.995, 2.0);
            let node = Offer::new([16.0, 32.0, 256.0, 1.0], 0.99, 3.0);
            let names = (0..*regions).map(|region| format!("region-{region}-gateway"));
            let gateways = plan.add("gateway", names, Fog, &gateway);
            for (region, &gateway) in gateways.iter().enumerate() {
                let names = (0..*nodes_per_region).map(|node| format!("region-{region}-node-{node}"));
                let nodes = plan.add("node", names, Cloud, &node);
                plan.join_in_turn(&nodes, &[gateway], (2.0, 1000.0));
            }
            plan.join_all(&gateways, (35.0, 300.0));
        }
        InfrastructureSpec::IndustrialTsn { endpoints, switches, controllers, edges, .. } => {
            limit(&[*endpoints, *switches, *controllers, *edges], &[*switches])?;
            let endpoint = Offer::new([1.0, 1.0, 2.0, 0.0], 0.97, 6.0);
            let switch = Offer::new([2.0, 2.0, 8.0, 0.0], 0.999, 1.0);
            let controller = Offer::new([8.0, 8.0, 32.0, 0.0], 0.995, 2.0);
            let edge = Offer::new([16.0, 32.0, 128.0, 1.0], 0.995, 2.0);
            let endpoints = plan.add_numbered("endpoint", *endpoints, Device, &endpoint);
            let switches = plan.add_numbered("switch", *switches, Network, &switch);
            let controllers = plan.add_numbered("controller", *controllers, Edge, &controller);
            let edges = plan.add_numbered("edge", *edges, Edge, &edge);
            plan.join_in_turn(&endpoints, &switches, (0.5, 1000.0));
            plan.join_in_turn(&controllers, &switches, (1.0, 2000.0));
            plan.join_in_turn(&edges, &switches, (1.0, 2000.0));
            plan.join_all(&switches, (1.0, 2000.0));
        }
        InfrastructureSpec::FactoryCells {
            cells,
            machines_per_cell,
            sensors_per_cell,
            plant_edges,
            clouds,
            ..
        } => {
            let in_cell = machines_per_cell.saturating_add(*sensors_per_cell).saturating_add(1);
            limit(&[cells.saturating_mul(in_cell), *plant_edges, *clouds], &[*plant_edges])?;
            let plant_edge = Offer::new([24.0, 64.0, 512.0, 2.0], 0.995, 2.0);
            let plant_edges = plan.add_numbered("plant-edge", *plant_edges, Fog, &plant_edge);
            let clouds = plan.add_numbered("cloud", *clouds, Cloud, &cloud());
            let controller = Offer::new([8.0, 8.0, 32.0, 0.0], 0.99, 3.0);
            let machine = Offer::new([4.0, 4.0, 16.0, 0.0], 0.98, 4.0);
            let sensor = Offer::new([1.0, 1.0, 2.0, 0.0], 0.97, 6.0);
            for cell in 0..*cells {
                let name = std::iter::once(format!("cell-{cell}-controller"));
                let controller = plan.add("controller", name, Edge, &controller);
                let names =
                    (0..*machines_per_cell).map(|number| format!("cell-{cell}-machine-{number}"));
                let machines = plan.add("machine", names, Device, &machine);
                let names = (0..*sensors_per_cell).map(|number| format!("cell-{cell}-sensor-{number}"));
                let sensors = plan.add("sensor", names, Device, &sensor);
                plan.join_in_turn(&machines, &controller, (1.0, 1000.0));
                plan.join_in_turn(&sensors, &controller, (1.0, 1000.0));
                // As there, each cell begins anew with the first edge of the plant.
                plan.join_in_turn(&controller, &plant_edges, (8.0, 500.0));
            }
            plan.join_all(&plant_edges, (2.0, 2000.0));
            plan.join_in_turn(&plant_edges, &clouds, (15.0, 1000.0));
        }
        InfrastructureSpec::OrionCev { .. } => orion_cev(&mut plan),
        // Files and graphs are made elsewhere.
        _ => {}
    }
    Ok(plan)
}

/// Refuses what is too large: counts of nodes, and of nodes that are all joined to each other.
fn limit(counts: &[u32], joined: &[u32]) -> Result<(), InfrastructureError> {
    let nodes: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    if nodes == 0 || nodes > MOST_NODES {
        let message = format!("{nodes} nodes, expected 1 to {MOST_NODES}");
        return Err(InfrastructureError { key: None, message });
    }
    limit_links(joined.iter().map(|&count| f64::from(count) * f64::from(count) / 2.0).sum())
}

fn continuum(
    counts: [u32; 4],
    connectivity: Option<&[Ratio]>,
    uplinks: Option<f64>,
    within: Option<&[Ratio]>,
    streams: RandomStreams,
) -> Result<Plan, InfrastructureError> {
    let offers = [
        device(),
        Offer::new([8.0, 16.0, 64.0, 1.0], 0.98, 3.0),
        Offer::new([16.0, 32.0, 256.0, 2.0], 0.99, 2.0),
        cloud(),
    ];
    let all = [("device", Device, 0.0), ("edge", Edge, 0.25), ("fog", Fog, 0.5), ("cloud", Cloud, 1.0)];
    let present: Vec<usize> = (0..4).filter(|&tier| counts[tier] > 0).collect();
    let default: Vec<f64> = present.iter().map(|&tier| all[tier].2).collect();
    let mut within = fractions("within", within, &default)?;
    // The generator begins at the top, the parameters at the bottom.
    within.reverse();
    let levels: Vec<(&str, usize)> =
        present.iter().rev().map(|&tier| (all[tier].0, counts[tier] as usize)).collect();
    let sizes: Vec<usize> = levels.iter().map(|&(_, size)| size).collect();
    let connectivity: Option<Vec<Ratio>> =
        connectivity.map(|given| given.iter().rev().copied().collect());
    let above = probabilities(&sizes, connectivity.as_deref(), uplinks)?;
    let made = tiers(&levels, &above, &within, &mut streams.stream("infrastructure/topology"))?;
    let mut plan = Plan::of_topology(made, "", Cloud);
    let of_node = present.iter().rev().flat_map(|&tier| vec![tier; counts[tier] as usize]);
    for (node, tier) in plan.nodes.iter_mut().zip(of_node) {
        node.group = all[tier].0.to_owned();
        node.tier = all[tier].1;
        node.offer = Some(offers[tier].clone());
    }
    Ok(plan)
}

/// End systems of the Orion crew vehicle, each with its switch.
const ORION_END_SYSTEMS: [(&str, &str); 31] = [
    ("DU11", "NS11"),
    ("DU12", "NS11"),
    ("DU13", "NS11"),
    ("DU21", "NS14"),
    ("DU22", "NS14"),
    ("SBAND1", "NS12"),
    ("SBAND2", "NS12"),
    ("MIMU1", "NS13"),
    ("MIMU2", "NS13"),
    ("MIMU3", "NS13"),
    ("StarTr1", "NS13"),
    ("StarTr2", "NS13"),
    ("CMRIU1", "NS21"),
    ("CMRIU2", "NS22"),
    ("BFCU", "NS22"),
    ("FCM1", "NS31"),
    ("LCM1", "NS31"),
    ("RCM1", "NS31"),
    ("FCM2", "NS32"),
    ("LCM2", "NS32"),
    ("RCM2", "NS32"),
    ("CM1CA", "NS41"),
    ("CM1CB", "NS41"),
    ("SM1CA", "NS51"),
    ("SM1CB", "NS51"),
    ("SMRIU1", "NS6"),
    ("SMRIU2", "NS6"),
    ("CM2CA", "NS42"),
    ("CM2CB", "NS42"),
    ("SM2CA", "NS52"),
    ("SM2CB", "NS52"),
];

const ORION_SWITCHES: [&str; 15] = [
    "NS11", "NS12", "NS13", "NS14", "NS21", "NS22", "NS31", "NS32", "NS41", "NS42", "NS51", "NS52",
    "NS6", "NS7", "NS8",
];

/// Links between the switches.
const ORION_BACKBONE: [(&str, &str); 24] = [
    ("NS11", "NS21"),
    ("NS11", "NS22"),
    ("NS12", "NS21"),
    ("NS12", "NS22"),
    ("NS13", "NS21"),
    ("NS13", "NS22"),
    ("NS14", "NS21"),
    ("NS14", "NS22"),
    ("NS21", "NS7"),
    ("NS21", "NS31"),
    ("NS22", "NS7"),
    ("NS22", "NS32"),
    ("NS7", "NS31"),
    ("NS7", "NS32"),
    ("NS31", "NS41"),
    ("NS31", "NS6"),
    ("NS31", "NS8"),
    ("NS32", "NS42"),
    ("NS32", "NS6"),
    ("NS32", "NS8"),
    ("NS41", "NS51"),
    ("NS42", "NS52"),
    ("NS8", "NS51"),
    ("NS8", "NS52"),
];

/// The network of Berisa and others, AVB-aware Routing and Scheduling for Critical Traffic in Time-sensitive
/// Networks with Preemption (RTNS 2022), as ECLYPSE has it: 10 ms and 100 Mbps everywhere.
fn orion_cev(plan: &mut Plan) {
    let end_system = Offer::new([1.0, 1.0, 0.5, 0.0], 0.98, 10.0);
    let switch = Offer::new([0.5, 0.25, 0.2, 0.0], 0.995, 1.0);
    let names = ORION_END_SYSTEMS.iter().map(|(name, _)| (*name).to_owned());
    let end_systems = plan.add("end-system", names, Edge, &end_system);
    let switches =
        plan.add("switch", ORION_SWITCHES.iter().map(|&name| name.to_owned()), Network, &switch);
    let switch = |name: &str| {
        let position = ORION_SWITCHES.iter().position(|&known| known == name);
        position.map(|index| switches[index])
    };
    let up =
        end_systems.iter().zip(ORION_END_SYSTEMS).map(|(&node, (_, name))| (Some(node), switch(name)));
    let between = ORION_BACKBONE.iter().map(|&(a, b)| (switch(a), switch(b)));
    // A test counts the links, so that none is left out for a name.
    let links: Vec<(usize, usize)> = up.chain(between).filter_map(|(a, b)| Some((a?, b?))).collect();
    links.into_iter().for_each(|(a, b)| plan.join(a, b, (10.0, 100.0)));
}
