//! Training jobs: from the format to the workload.

mod jobs;

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::training::{
    CheckpointPlan, ClusterPlan, ClusterShape, FabricPlan, OpticalPlan, Optics, TrainingPlan,
    TrainingWorkload,
};
use crate::infra::optical::{CircuitOptions, Clos, FabricPower, SwitchTiming};
use crate::infra::{FaultTimes, NodeId};
use crate::placement::training::{OraclePredictor, QueuePolicy, WindowPermutation};
use crate::scenario::format::{
    Names, OrderPredictorSpec, PermutationSpec, PortFaultsSpec, TrainingClusterSpec, TrainingFabricSpec,
    TrainingSpec,
};
use crate::scenario::{BuildTrainingQueue, BuildWorkload, Site};
use std::collections::BTreeSet;

/// The nodes of names, which are to be so many.
fn as_many(
    names: &Names,
    wanted: u32,
    what: &str,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<Vec<NodeId>> {
    let nodes = here.directory.nodes(names, site)?;
    if nodes.len() == wanted as usize {
        return Some(nodes);
    }
    site.error_with_help(
        format!("{} nodes are named, but there are {wanted} {what}", nodes.len()),
        format!("name {wanted} nodes, or set the `count` of their class to {wanted}"),
    );
    None
}

fn cluster(spec: &TrainingClusterSpec, here: &WorkloadSite<'_>) -> Option<ClusterPlan> {
    let site = here.site.key("cluster");
    let servers = here.directory.nodes(&spec.servers, &site.key("servers"))?;
    let own = site.key("servers");
    if let Some(bare) = servers
        .iter()
        .find(|node| here.infrastructure.class_of(**node).is_none_or(|class| class.cores == 0))
    {
        own.error_with_help(
            format!("{:?} has no cores that a job could keep busy", here.directory.name(*bare)),
            "give its class `cores`, one for each GPU for instance",
        );
        return None;
    }
    if let Some(host) = servers.iter().find(|node| here.vm_hosts.contains(node)) {
        own.error(format!("{:?} is a host of virtual machines", here.directory.name(*host)));
        return None;
    }
    let count = servers.len() as u32;
    if count == 0 || !count.is_multiple_of(spec.servers_per_leaf) {
        site.key("servers_per_leaf").error_with_help(
            format!(
                "{count} servers do not fill leaves of {} each, but all leaves have as many ports",
                spec.servers_per_leaf
            ),
            "name a multiple of that many servers",
        );
        return None;
    }
    let leaves = count / spec.servers_per_leaf;
    let shape = ClusterShape {
        leaves,
        servers_per_leaf: spec.servers_per_leaf,
        gpus_per_server: spec.gpus_per_server,
    };
    let nodes = match &spec.leaves {
        Some(names) => as_many(names, leaves, "leaves", here, &site.key("leaves"))?,
        None => Vec::new(),
    };
    if spec.nic.as_bps() <= 0.0 {
        site.key("nic").error("nothing is sent at this rate; it must be above 0");
        return None;
    }
    Some(ClusterPlan { shape, servers, leaves: nodes, nic_bytes_per_s: spec.nic.as_bps() / 8.0 })
}

fn port_faults(spec: &PortFaultsSpec, site: &Site<'_>) -> Option<FaultTimes> {
    let time_to_failure_s = site.key("time_to_failure").check(spec.time_to_failure.distribution())?;
    let time_to_repair_s = site.key("time_to_repair").check(spec.time_to_repair.distribution())?;
    if time_to_failure_s.mean() + time_to_repair_s.mean() <= 0.0 {
        site.error("times to failure and repair of 0 would never let time pass");
        return None;
    }
    Some(FaultTimes::Drawn { time_to_failure_s, time_to_repair_s })
}

fn fabric(
    spec: &TrainingFabricSpec,
    shape: ClusterShape,
    here: &WorkloadSite<'_>,
) -> Option<FabricPlan> {
    let site = here.site.key("fabric");
    let usual = shape.gpus_per_leaf();
    let hashed = |uplinks: Option<u32>, groups: &[u32]| {
        let clos = Clos::new(shape.leaves, uplinks.unwrap_or(usual), groups);
        site.check(clos).map(FabricPlan::Hashed)
    };
    match spec {
        TrainingFabricSpec::Ideal {} => Some(FabricPlan::Ideal),
        TrainingFabricSpec::LeafSpine { uplinks } => hashed(*uplinks, &[]),
        TrainingFabricSpec::FatTree { uplinks, leaves_per_pod } => hashed(*uplinks, &[*leaves_per_pod]),
        TrainingFabricSpec::FourTier { uplinks, leaves_per_pod, pods_per_group } => {
            hashed(*uplinks, &[*leaves_per_pod, *pods_per_group])
        }
        TrainingFabricSpec::Optical {
            uplinks,
            ports,
            switch_ports,
            switches,
            switch,
            switching,
            link_up,
            accept,
            multi_hop,
            may_move,
            upgrade,
            defragment,
            port_faults: faults,
        } => {
            let uplinks = uplinks.unwrap_or(usual);
            let accept = accept.as_fraction();
            if !(accept > 0.0 && accept <= 1.0) {
                site.key("accept")
                    .error("a job needs some of its circuits: it must be above 0 and at most 1");
                return None;
            }
            let nodes = match switches {
                Some(names) => as_many(names, uplinks, "uplinks", here, &site.key("switches"))?,
                None => Vec::new(),
            };
            let switching_s = switching.map_or(switch.switching_s(), |own| own.as_secs());
            let timing = site.check(SwitchTiming::new(switching_s, link_up.as_secs()))?;
            let faults = match faults {
                Some(faults) => Some(port_faults(faults, &site.key("port_faults"))?),
                None => None,
            };
            let options = CircuitOptions { accept, multi_hop: *multi_hop, may_move: *may_move };
            let plan = OpticalPlan {
                optics: Optics { uplinks, ports: *ports, options },
                switch_ports: switch_ports.unwrap_or(shape.leaves),
                timing,
                switches: nodes,
                port_faults: faults,
                upgrades: *upgrade,
                defragments: *defragment as usize,
            };
            let here = if switch_ports.is_some() { site.key("switch_ports") } else { site.clone() };
            here.check(plan.layer(shape.leaves))?;
            Some(FabricPlan::Optical(Box::new(plan)))
        }
    }
}

impl BuildWorkload for TrainingSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let cluster = cluster(&self.cluster, here)?;
        let fabric = fabric(&self.fabric, cluster.shape, here);
        let (nodes, mut seen) = (cluster.servers.iter().chain(&cluster.leaves), BTreeSet::new());
        let switches = match &fabric {
            Some(FabricPlan::Optical(own)) => own.switches.as_slice(),
            _ => &[],
        };
        if let Some(twice) = nodes.chain(switches).find(|node| !seen.insert(**node)) {
            let name = here.directory.name(*twice);
            here.site.error(format!(
                "{name:?} has two parts: servers, leaves and switches are nodes of their own"
            ));
            return None;
        }
        let models = jobs::models(&self.models, &here.site.key("models"));
        let power =
            [self.power.leaf, self.power.spine, self.power.circuit_switch, self.power.transceiver];
        let [leaf, spine, circuit_switch, transceiver] = power.map(|own| own.as_watts());
        let power = FabricPower::new(leaf, spine, circuit_switch, transceiver);
        let power = here.site.key("power").check(power);
        let models = models?;
        let jobs = jobs::jobs(&self.jobs, &models, &cluster, here)?;
        let plan = TrainingPlan {
            cluster,
            fabric: fabric?,
            jobs,
            models: models.into_iter().map(|own| (own.name, own.profile)).collect(),
            checkpoint: CheckpointPlan {
                interval_s: self.checkpoint.interval.as_secs(),
                restart_s: self.checkpoint.restart.as_secs(),
            },
            power: power?,
            window: self.window,
        };
        let workload = here.site.key("cluster").check(TrainingWorkload::new(&self.name, plan))?;
        Some(Box::new(workload))
    }
}

impl BuildTrainingQueue for PermutationSpec {
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn QueuePolicy>> {
        let (window, discipline) = (self.window, self.discipline);
        match self.predictor {
            OrderPredictorSpec::Oracle { horizon } => {
                if horizon.as_secs() <= 0.0 {
                    let here = site.key("predictor").key("horizon");
                    here.error("nothing is looked ahead; it must be above 0");
                    return None;
                }
                let predictor = OraclePredictor { horizon_s: horizon.as_secs() };
                Some(Box::new(WindowPermutation::new(window, discipline, predictor)))
            }
            OrderPredictorSpec::Linear { weights } => {
                Some(Box::new(WindowPermutation::new(window, discipline, weights)))
            }
        }
    }
}
