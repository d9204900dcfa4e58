//! Workflows: from the format to the workload.

use super::WorkloadSite;
use super::tasks::arrival;
use crate::apps::Workload;
use crate::apps::tasks::Arrival;
use crate::apps::workflows::room::largest;
use crate::apps::workflows::{
    WorkflowArrival, WorkflowGraph, WorkflowKind, WorkflowOptions, WorkflowTask, WorkflowWorkload,
};
use crate::engine::{SimDuration, SimTime};
use crate::infra::compute::JobRequest;
use crate::infra::{NodeId, Tier};
use crate::scenario::format::{WorkflowEntry, WorkflowSpec, WorkflowsSpec};
use crate::scenario::import::read_workflow;
use crate::scenario::{BuildWorkload, DataSize, Site, workflow_faults};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Least time until a task is tried again: with less a run during an outage would never come to an end.
const LEAST_RETRY_DELAY_S: f64 = 1e-3;

/// Most workflows that come at a time.
const MOST_AT_A_TIME: u32 = 1_000_000;

/// The workflow of an entry, found good.
fn resolve(entry: &WorkflowEntry, site: &Site<'_>) -> Option<WorkflowSpec> {
    match (&entry.file, &entry.workflow) {
        (Some(file), None) => site.key("file").check(read_workflow(&site.file(file))),
        (None, Some(workflow)) => {
            let faults = workflow_faults(workflow);
            let good = faults.is_empty();
            faults.into_iter().for_each(|fault| site.key("workflow").fault(fault));
            good.then(|| workflow.clone())
        }
        (Some(_), Some(_)) => {
            site.key("file").error("both `file` and `workflow` are given; a workflow is one of them");
            None
        }
        (None, None) => {
            site.error_with_help("there is no workflow", "name a `file`, or write the `workflow` out");
            None
        }
    }
}

/// The numbers of names, each once, in their order.
fn numbers(names: &[String], known: &BTreeMap<&str, u32>) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::with_capacity(names.len());
    let mut seen = std::collections::BTreeSet::new();
    for number in names.iter().filter_map(|name| known.get(name.as_str())) {
        if seen.insert(*number) {
            found.push(*number);
        }
    }
    found
}

/// The workflow with runtimes as work: what cores of the reference speed do in them.
fn graph(spec: &WorkflowSpec, reference_mips: f64, site: &Site<'_>) -> Option<WorkflowGraph> {
    let tasks: BTreeMap<&str, u32> =
        spec.tasks.iter().zip(0..).map(|(task, number)| (task.name.as_str(), number)).collect();
    let files: BTreeMap<&str, u32> =
        spec.files.iter().zip(0..).map(|(file, number)| (file.name.as_str(), number)).collect();
    let task = |task: &crate::scenario::format::WorkflowTaskSpec| {
        // Shares of a core are taken as whole ones.
        let cores = task.cores.ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
        WorkflowTask {
            name: task.name.clone(),
            category: task.category.clone(),
            job: JobRequest {
                cores,
                memory_bytes: task.memory.as_bytes(),
                ..JobRequest::new(task.runtime.as_secs() * reference_mips * f64::from(cores))
            },
            parents: numbers(&task.parents, &tasks),
            inputs: numbers(&task.inputs, &files),
            outputs: numbers(&task.outputs, &files),
        }
    };
    let sizes = spec.files.iter().map(|file| (file.name.clone(), file.size.as_bytes()));
    site.check(WorkflowGraph::new(&spec.name, spec.tasks.iter().map(task).collect(), sizes.collect()))
}

/// When the workflows of an entry come.
fn arrivals(entry: &WorkflowEntry, horizon: SimTime, site: &Site<'_>) -> Option<WorkflowArrival> {
    let Some(spec) = &entry.arrival else {
        let times = entry.at.as_deref().unwrap_or_default();
        if entry.at.as_ref().is_some_and(Vec::is_empty) {
            site.key("at").error("no time is given, so that the workflow never comes");
            return None;
        }
        let times: Vec<SimTime> = times.iter().map(|time| SimTime::from_secs(time.as_secs())).collect();
        if !times.is_sorted() {
            site.key("at").error("the times must ascend");
            return None;
        }
        if let Some(first) = times.first().filter(|&&first| first > horizon) {
            site.key("at").error_with_help(
                format!("the first comes at {first}, after the run, which ends at {horizon}"),
                "give earlier times, or a longer `duration`",
            );
            return None;
        }
        return Some(WorkflowArrival::At(if times.is_empty() { vec![SimTime::ZERO] } else { times }));
    };
    if entry.at.is_some() {
        site.key("at").error("both `at` and `arrival` are given; leave out one of them");
        return None;
    }
    Some(match arrival(spec, &site.key("arrival"))? {
        Arrival::Gaps(gaps) => WorkflowArrival::Gaps(gaps),
        Arrival::Periodic(period_s) => WorkflowArrival::Periodic(period_s),
        Arrival::Trace(rows) => WorkflowArrival::At(rows.iter().map(|row| row.time).collect()),
    })
}

/// The nodes that tasks may run on.
fn nodes(spec: &WorkflowsSpec, here: &WorkloadSite<'_>) -> Option<Vec<NodeId>> {
    let computes =
        |&node: &NodeId| here.infrastructure.class_of(node).is_some_and(|class| class.cores > 0);
    let nodes = match &spec.nodes {
        Some(names) => here.directory.nodes(names, &here.site.key("nodes"))?,
        None => {
            let tiers = [Tier::Edge, Tier::Fog, Tier::Cloud];
            tiers.into_iter().flat_map(|tier| here.directory.of_tier(tier)).collect()
        }
    };
    let found: Vec<NodeId> = nodes.into_iter().filter(computes).collect();
    if found.is_empty() {
        let place = if spec.nodes.is_some() { here.site.key("nodes") } else { here.site.clone() };
        place.error_with_help(
            "there is no node with cores that tasks could run on",
            "add a node class with `cores`, or name the `nodes`",
        );
        return None;
    }
    Some(found)
}

/// Tells of the first task that no node could ever take.
fn check_fit(graph: &WorkflowGraph, nodes: &[NodeId], here: &WorkloadSite<'_>, site: &Site<'_>) {
    let offers = || nodes.iter().filter_map(|&node| here.infrastructure.class_of(node)).map(largest);
    for task in graph.tasks() {
        let (cores, memory) = (task.job.cores, task.job.memory_bytes);
        if offers().any(|(own_cores, own_memory)| cores <= own_cores && memory <= own_memory) {
            continue;
        }
        let most_cores = offers().map(|own| own.0).max().unwrap_or(0);
        let most_memory = offers().map(|own| own.1).fold(0.0, f64::max);
        let needed = if cores > most_cores {
            format!("{cores} cores, and the most that a node has is {most_cores}")
        } else if memory > most_memory {
            let [memory, most_memory] = [memory, most_memory].map(DataSize::from_bytes);
            format!("{memory} of memory, and the most that a node has is {most_memory}")
        } else {
            format!("{cores} cores and {} of memory, and no node has both", DataSize::from_bytes(memory))
        };
        site.error_with_help(
            format!("task {:?} fits on no node: it needs {needed}", task.name),
            "give `nodes` more, or the task less",
        );
        return;
    }
}

impl BuildWorkload for WorkflowsSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let nodes = nodes(self, here);
        let speed = |node: &NodeId| here.infrastructure.class_of(*node).map(|class| class.mips_per_core);
        let fastest_mips = nodes.iter().flatten().filter_map(speed).fold(0.0, f64::max);
        let reference_mips = self.reference_mips.map_or(fastest_mips, |speed| speed.as_mips());
        if nodes.is_some() && !(reference_mips > 0.0 && reference_mips.is_finite()) {
            site.key("reference_mips").error("the speed that runtimes are for must be above 0");
        }
        let mut kinds = Vec::new();
        for (index, entry) in self.workflows.iter().enumerate() {
            let place = site.key("workflows").index(index);
            let sources = here.directory.nodes(&entry.source, &place.key("source"));
            let arrival = arrivals(entry, here.horizon, &place);
            if entry.count > MOST_AT_A_TIME {
                let message = format!("at most {MOST_AT_A_TIME} workflows can come at a time");
                place.key("count").error(message);
            }
            let key = if entry.file.is_some() { "file" } else { "workflow" };
            let graph = resolve(entry, &place)
                .and_then(|workflow| graph(&workflow, reference_mips, &place.key(key)));
            if let (Some(nodes), Some(graph)) = (&nodes, &graph) {
                check_fit(graph, nodes, here, &place.key(key));
            }
            if let (Some(sources), Some(arrival), Some(graph)) = (sources, arrival, graph) {
                let graph = Arc::new(graph);
                kinds.push(WorkflowKind { graph, sources, arrival, count: entry.count });
            }
        }
        let options = WorkflowOptions {
            nodes: nodes?,
            fault_retries: self.fault_retries,
            retry_delay: SimDuration::from_secs(self.retry_delay.as_secs()),
        };
        if self.retry_delay.as_secs() < LEAST_RETRY_DELAY_S {
            site.key("retry_delay")
                .error("a task cannot be tried again at once; it must be at least 1 ms");
            return None;
        }
        Some(Box::new(WorkflowWorkload::new(&self.name, kinds, options, here.horizon)))
    }
}
