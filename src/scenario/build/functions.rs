//! Functions: from the format to the workload.

mod arrivals;
mod described;
mod neighbours;
mod policy;
mod weights;

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::functions::{
    EpochOptions, Function, FunctionOptions, FunctionWorkload, Loads, Prices, Routing,
};
use crate::apps::replica_allocation::FunctionProblem;
use crate::engine::{RandomStreams, SimDuration};
use crate::infra::{NodeClass, NodeId};
use crate::placement::functions::{Instance, METHOD_NAMES, Normalisation, PredictedLoads};
use crate::scenario::format::{FunctionsSpec, LoadsName, Names, RejectedName};
use crate::scenario::{BuildWorkload, Site};
use crate::world::instance_of;
use arrivals::Came;
use described::Described;
use rand::Rng;

/// Most streams of a workload: nodes times functions.
const MOST_STREAMS: usize = 10_000_000;

/// Most replicas that there are at least.
const MOST_REPLICAS: u64 = 1_000_000;

/// Shortest epoch, and shortest of other times that are waited for over and over.
const LEAST_TIME_S: f64 = 1e-3;

/// Bytes of a megabyte, the unit of memory of the problem.
const MB_BYTES: f64 = 1e6;

/// Where the functions of a workload run.
#[derive(Debug)]
struct Ground<'a> {
    name: &'a str,
    here: &'a WorkloadSite<'a>,
    /// The nodes at which requests enter, and those of the cloud.
    nodes: Vec<NodeId>,
    cloud: Vec<NodeId>,
}

impl<'a> Ground<'a> {
    fn class(&self, node: NodeId) -> &'a NodeClass {
        // Nodes come from the directory, which has no others.
        self.here.infrastructure.class_of(node).unwrap_or(&self.here.infrastructure.classes()[0])
    }

    /// Megabytes of a node, as whole ones.
    fn memory_mb(&self, node: NodeId) -> u64 {
        // A float-to-integer cast saturates.
        (self.class(node).resources.memory_bytes / MB_BYTES).floor() as u64
    }

    fn node_name(&self, node: usize) -> &str {
        self.here.directory.name(self.nodes[node])
    }

    /// Random streams of a part of the workload.
    fn streams(&self, part: &str) -> RandomStreams {
        let name = format!("functions/{}/{part}", self.name);
        RandomStreams::new(self.here.streams.stream(&name).next_u64())
    }
}

/// The nodes of a key, each of which must be able to hold replicas.
fn hosts(names: &Names, what: &str, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<Vec<NodeId>> {
    let nodes = here.directory.nodes(names, site)?;
    if nodes.is_empty() {
        site.error_with_help(
            format!("no node is named, so that there would be no {what}"),
            "name some, or a class of nodes",
        );
        return None;
    }
    let fault = nodes.iter().find_map(|&node| {
        let class = here.infrastructure.class_of(node)?;
        let fault = match (class.wireless, class.cores) {
            (true, _) => "is wireless",
            (false, 0) => "has no cores",
            _ if here.vm_hosts.contains(&node) => "is a host of virtual machines",
            _ => return None,
        };
        Some((node, fault))
    });
    if let Some((node, fault)) = fault {
        site.error_with_help(
            format!("{:?} {fault}, so that it can hold no replicas", here.directory.name(node)),
            "name wired nodes with cores that are no hosts of virtual machines",
        );
        return None;
    }
    Some(nodes)
}

/// The nodes of the cloud; none if rejected requests are dropped.
fn cloud(spec: &FunctionsSpec, here: &WorkloadSite<'_>) -> Option<Vec<NodeId>> {
    let site = here.site.key("cloud");
    match (spec.rejected, &spec.cloud) {
        (RejectedName::Drop, None) => Some(Vec::new()),
        (RejectedName::Drop, Some(_)) => {
            site.error_with_help(
                "rejected requests are dropped, so that the cloud would serve none",
                "set `rejected` to \"cloud\", or leave `cloud` out",
            );
            None
        }
        (RejectedName::Cloud, None) => {
            here.site.key("rejected").error_with_help(
                "no node is named for rejected requests",
                "name nodes in `cloud`, or set `rejected` to \"drop\"",
            );
            None
        }
        (RejectedName::Cloud, Some(names)) => hosts(names, "cloud", here, &site),
    }
}

/// How epochs go.
fn epochs(spec: &FunctionsSpec, here: &WorkloadSite<'_>) -> Option<EpochOptions> {
    let site = &here.site;
    let length_s = spec.epoch.as_secs();
    let is_long_enough = length_s >= LEAST_TIME_S;
    if !is_long_enough {
        site.key("epoch").error("it must be at least 1 ms");
    }
    let loads = match (spec.loads, &spec.predictor) {
        (LoadsName::Forecast, Some(kind)) => here
            .registry
            .make_predictor(kind, &site.key("predictor"))
            .map(|predictor| Loads::Forecast(Box::new(PredictedLoads(predictor)))),
        (LoadsName::Forecast, None) => {
            site.key("loads").error_with_help(
                "nothing forecasts the loads",
                "give a `predictor`, such as { \"kind\": \"moving_average\" }",
            );
            None
        }
        (_, Some(_)) => {
            site.key("predictor").error_with_help(
                "loads are not forecast, so that it would be asked nothing",
                "set `loads` to \"forecast\", or leave `predictor` out",
            );
            None
        }
        (LoadsName::Measured, None) => Some(Loads::Measured),
        (LoadsName::Announced, None) => Some(Loads::Announced),
    };
    let decision_s = site.key("decision_time").check(spec.decision_time.distribution());
    Some(EpochOptions {
        length: is_long_enough.then(|| SimDuration::from_secs(length_s))?,
        loads: loads?,
        decision_s: decision_s?,
        per_iteration_s: spec.per_iteration.as_secs(),
    })
}

/// Whether methods to compare with have names that there are.
fn check_compare(spec: &FunctionsSpec, site: &Site<'_>) -> bool {
    let mut good = true;
    for (index, name) in spec.compare.iter().enumerate() {
        let site = site.key("compare").index(index);
        if !METHOD_NAMES.contains(&name.as_str()) {
            site.unknown("method", name, METHOD_NAMES.iter().copied());
            good = false;
        } else if spec.compare[..index].contains(name) {
            site.error(format!("the method {name:?} is named twice"));
            good = false;
        }
    }
    good
}

/// What is known of requests that are alone on a replica of a function at a node: mean seconds for which they keep it busy.
fn demand_s(function: &Function, site: usize, class: &NodeClass) -> f64 {
    let alone_s = match &function.work_mi {
        Some(work_mi) => work_mi.mean() / (class.mips_per_core * function.cores.min(1.0)),
        None => function.time_s.get(site).or(function.time_s.first()).map_or(0.0, |own| own.mean()),
    };
    alone_s / f64::from(function.concurrency).min(function.cores.max(1.0))
}

/// The problem, but for neighbours and weights.
fn problem(ground: &Ground<'_>, described: &Described, is_total: bool) -> FunctionProblem {
    let functions = &described.functions;
    let demand = |node: usize| {
        let class = ground.class(ground.nodes[node]);
        functions.iter().map(move |function| demand_s(function, node, class))
    };
    FunctionProblem {
        nodes: ground.nodes.clone(),
        functions: functions.len(),
        memory_mb: functions.iter().map(|own| own.memory_mb).collect(),
        max_utilisation: functions.iter().map(|own| own.max_utilisation).collect(),
        minimum: functions.iter().map(|own| own.minimum).collect(),
        maximum: functions.iter().map(|own| own.maximum).collect(),
        demand_s: (0..ground.nodes.len()).flat_map(demand).collect(),
        is_total,
        ..FunctionProblem::default()
    }
}

/// Whether each function fits somewhere, and the least replicas everywhere. What cores allow is told.
fn check_room(ground: &Ground<'_>, described: &Described, limits_mb: Option<&[u64]>) -> bool {
    let mut good = true;
    let memory_mb = |node: usize| {
        let own = ground.memory_mb(ground.nodes[node]);
        limits_mb.map_or(own, |limits| own.min(limits[node]))
    };
    let nodes = 0..ground.nodes.len();
    let cores = |node: usize| f64::from(ground.class(ground.nodes[node]).cores);
    let mut told = vec![false; described.sites.len()];
    for (function, &origin) in described.functions.iter().zip(&described.origins) {
        let site = &described.sites[origin];
        let fits = |node: &usize| {
            function.memory_mb <= memory_mb(*node) && function.cores <= cores(*node) * (1.0 + 1e-9)
        };
        if !nodes.clone().any(|node| fits(&node)) {
            let most_mb = nodes.clone().map(memory_mb).max().unwrap_or(0);
            let most_cores = nodes.clone().map(cores).fold(0.0, f64::max);
            let name = &function.name;
            if function.memory_mb > most_mb {
                site.key("memory").error_with_help(
                    format!(
                        "a replica of {name:?} needs {} MB, but no node has more than {most_mb} MB",
                        function.memory_mb
                    ),
                    "raise the `memory` of the nodes, or lower this one",
                );
            } else {
                site.key("cores").error_with_help(
                    format!(
                        "a replica of {name:?} needs {} MB and {} cores, but no node has both (at most {most_cores} \
                         cores)",
                        function.memory_mb, function.cores
                    ),
                    "give the nodes more cores, or the function less",
                );
            }
            good = false;
            continue;
        }
        let bound = nodes.clone().find(|&node| {
            let by_memory = (memory_mb(node) / function.memory_mb) as f64;
            let by_memory = by_memory.min(f64::from(function.maximum));
            fits(&node) && by_memory * function.cores > cores(node) * (1.0 + 1e-9)
        });
        if let Some(node) = bound.filter(|_| !std::mem::replace(&mut told[origin], true)) {
            let by_cores = (cores(node) / function.cores * (1.0 + 1e-9)).floor();
            ground.here.site.note(format!(
                "the cores of {:?} allow {by_cores} replicas of {:?}, its memory more: allocation methods count memory \
                 only, and replicas that find no cores are told as `replicas_short`",
                ground.node_name(node),
                function.name
            ));
        }
    }
    let least_mb: u64 = described
        .functions
        .iter()
        .map(|function| u64::from(function.minimum).saturating_mul(function.memory_mb))
        .fold(0, u64::saturating_add);
    if let Some(node) = nodes.clone().find(|&node| least_mb > memory_mb(node)) {
        let first = described.functions.iter().position(|own| own.minimum > 0).unwrap_or(0);
        described.sites[described.origins[first]].key("minimum").error_with_help(
            format!(
                "the replicas that there are at least need {least_mb} MB at each node, but {:?} has {}",
                ground.node_name(node),
                memory_mb(node)
            ),
            "lower the `minimum` of functions, or raise the `memory` of the nodes",
        );
        good = false;
    }
    let least: u64 = described.functions.iter().map(|own| u64::from(own.minimum)).sum();
    if least.saturating_mul(ground.nodes.len() as u64) > MOST_REPLICAS {
        ground.here.site.key("functions").error(format!(
            "there would be more than {MOST_REPLICAS} replicas at least; lower the `minimum` of functions"
        ));
        good = false;
    }
    good
}

impl BuildWorkload for FunctionsSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let nodes = hosts(&self.nodes, "node for replicas", here, &site.key("nodes"));
        let cloud = cloud(self, here);
        let epochs = epochs(self, here);
        let mut good = check_compare(self, site);
        let registries = match &self.registry {
            None => Some(Vec::new()),
            Some(names) => here.directory.nodes(names, &site.key("registry")),
        };
        if let Routing::PowerOfD { choices: 0 } = self.routing {
            site.key("routing").key("choices").error("it must be at least 1");
            good = false;
        }
        if !(self.load_factor >= 0.0 && self.load_factor.is_finite()) {
            site.key("load_factor").error("it must be at least 0");
            good = false;
        }
        let (nodes, cloud) = (nodes?, cloud?);
        if let Some(&node) = cloud.iter().find(|node| nodes.contains(node)) {
            site.key("cloud").error_with_help(
                format!("{:?} is one of the `nodes`, too", here.directory.name(node)),
                "name other nodes",
            );
            good = false;
        }
        let ground = Ground { name: &self.name, here, nodes, cloud };
        let came = Came::read(self, &ground)?;
        let described = Described::new(self, &ground, &came)?;
        let streams = ground.nodes.len().saturating_mul(described.functions.len());
        if streams > MOST_STREAMS {
            site.key("functions").error(format!(
                "{} functions at {} nodes are more than {MOST_STREAMS} streams",
                described.functions.len(),
                ground.nodes.len()
            ));
            return None;
        }
        let agents = policy::agents(self, &ground);
        good &= policy::check_lists(&ground, described.functions.len());
        let limits_mb = came.memory_limits_mb();
        good &= check_room(&ground, &described, limits_mb.as_deref());
        let is_total = match came.instance() {
            Some(instance) => instance.normalisation() == Normalisation::Total,
            None => self.normalisation == Some(Normalisation::Total),
        };
        let mut problem = problem(&ground, &described, is_total);
        problem.compare.clone_from(&self.compare);
        problem.arcs = neighbours::arcs(self, &ground, came.instance())?;
        weights::set(self, &mut problem, &ground, came.instance())?;
        let instance = instance_with_memory(&problem, &ground, limits_mb.as_deref())?;
        neighbours::tell_parts(&instance, &ground);
        let arrivals = came.arrivals(self, &ground, &described, &instance)?;
        let options = FunctionOptions {
            agents: agents?,
            epochs: epochs?,
            split: self.split,
            routing: self.routing,
            start_on_demand: self.start_on_demand,
            cloud: ground.cloud.clone(),
            registries: registries?,
            image_cache_bytes: self.image_cache.map_or(f64::INFINITY, |size| size.as_bytes()),
            travel: self.network,
            memory_limits_mb: limits_mb,
            prices: Prices {
                memory_gb_s: self.prices.memory_gb_s,
                cloud_memory_gb_s: self.prices.cloud_memory_gb_s,
                request: self.prices.request,
                transfer_gb: self.prices.transfer_gb,
            },
        };
        let Described { functions, images, .. } = described;
        let workload = FunctionWorkload::new(
            &self.name,
            functions,
            images,
            arrivals,
            problem,
            options,
            here.horizon,
        );
        good.then(|| Box::new(workload) as Box<dyn Workload>)
    }
}

/// The problem with the memory that nodes have at the start.
fn instance_with_memory(
    problem: &FunctionProblem,
    ground: &Ground<'_>,
    limits_mb: Option<&[u64]>,
) -> Option<Instance> {
    let mut instance = ground.here.site.check(instance_of(problem))?;
    for (node, &id) in ground.nodes.iter().enumerate() {
        let own = ground.memory_mb(id);
        let memory_mb = limits_mb.map_or(own, |limits| own.min(limits[node]));
        instance.set_memory_capacity_mb(node, memory_mb);
    }
    Some(instance)
}
