//! Workflows on a star: a source in the middle, and nodes around it at 8 Mbit/s and 10 ms each.

use super::{Ran, outage, world};
use crate::apps::workflows::{
    WorkflowArrival, WorkflowGraph, WorkflowKind, WorkflowOptions, WorkflowTask, WorkflowWorkload,
};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::compute::JobRequest;
use crate::infra::network::LinkSpec;
use crate::infra::{FaultTarget, NodeClass, NodeId, Static, Tier};
use crate::placement::workflows::{
    DataAware, Fastest, Heft, Local, MaxMin, MinMin, RoundRobin, WorkflowPolicy,
};
use crate::world::WorldBuilder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const MEGABYTE: f64 = 1e6;

/// A task of so many seconds on a core of 1000 MIPS.
fn task(name: &str, runtime_s: f64, inputs: &[u32], outputs: &[u32]) -> WorkflowTask {
    WorkflowTask {
        name: name.into(),
        category: Some("test".into()),
        job: JobRequest::new(1000.0 * runtime_s),
        parents: Vec::new(),
        inputs: inputs.to_vec(),
        outputs: outputs.to_vec(),
    }
}

fn graph(tasks: Vec<WorkflowTask>, megabytes: &[f64]) -> WorkflowGraph {
    let file = |(number, size): (usize, &f64)| (format!("f{number}"), size * MEGABYTE);
    WorkflowGraph::new("test", tasks, megabytes.iter().enumerate().map(file).collect()).unwrap()
}

/// Nodes with these cores of these MIPS around a source that has one core of 1000 MIPS itself. Returns all nodes, the
/// source first.
fn star(world: &mut WorldBuilder, nodes: &[(u32, f64)], memory_bytes: f64) -> Vec<NodeId> {
    let mut all = Vec::new();
    for (number, &(cores, mips)) in [(1, 1000.0)].iter().chain(nodes).enumerate() {
        let mut class = NodeClass::new(format!("n{number}"), Tier::Edge, 1).with_cores(cores, mips);
        class.resources.memory_bytes = memory_bytes;
        let place = Static::at(vec![crate::infra::Position::ground(number as f64, 0.0)]).unwrap();
        let class = world.class(class, place);
        all.extend(world.nodes_of(class));
    }
    for (number, &node) in all.iter().enumerate().skip(1) {
        let latency = SimDuration::from_secs(0.01);
        world.link(format!("l{number}"), LinkSpec::new(all[0], node, latency, 8e6));
    }
    all
}

fn options(nodes: &[NodeId], fault_retries: u32) -> WorkflowOptions {
    WorkflowOptions { nodes: nodes.to_vec(), fault_retries, retry_delay: SimDuration::from_secs(1.0) }
}

/// Adds workflows that come at these times from the first node and run on the others.
fn add(world: &mut WorldBuilder, all: &[NodeId], graph: WorkflowGraph, at_s: &[f64], retries: u32) {
    let times = at_s.iter().map(|&time_s| SimTime::from_secs(time_s)).collect();
    let (graph, arrival) = (Arc::new(graph), WorkflowArrival::At(times));
    let kind = WorkflowKind { graph, sources: vec![all[0]], arrival, count: 1 };
    let options = options(&all[1..], retries);
    let horizon = world.horizon();
    world.workload(WorkflowWorkload::new("workflows", vec![kind], options, horizon));
}

/// Task, node, start and end of all tasks, in the order of their ends.
fn runs(ran: &Ran) -> Vec<String> {
    ran.table("workflow_tasks", &["task", "node", "started_s", "t_s", "outcome"])
}

#[test]
fn a_chain_waits_for_its_input_and_then_runs_where_its_data_are() {
    // 1 MB of input takes 1 s and 10 ms; then 1 + 2 + 3 s on one node, as the files between stay there.
    let policies: [Box<dyn WorkflowPolicy>; 4] =
        [Box::new(Heft {}), Box::new(MinMin {}), Box::new(DataAware {}), Box::new(Fastest {})];
    for policy in policies {
        let mut world = world(100.0);
        let all = star(&mut world, &[(1, 1000.0), (1, 1000.0)], 1e9);
        let tasks =
            vec![task("a", 1.0, &[0], &[1]), task("b", 2.0, &[1], &[2]), task("c", 3.0, &[2], &[3])];
        add(&mut world, &all, graph(tasks, &[1.0, 5.0, 5.0, 5.0]), &[0.0], 0);
        let told = format!("{policy:?}");
        world.boxed_workflow_scheduling("test", policy);
        let ran = Ran::of(world);
        let expected = ["a n1 1.01 2.01 done", "b n1 2.01 4.01 done", "c n1 4.01 7.01 done"];
        assert_eq!(runs(&ran), expected, "{told}");
        let columns =
            ["outcome", "makespan_s", "serial_s", "critical_path_s", "transfers", "moved_bytes"];
        assert_eq!(ran.table("workflows", &columns), ["done 7.01 6 6 1 1000000"], "{told}");
        let own = &ran.summary["workloads"]["workflows"];
        assert_eq!(own["makespan_s"]["mean"], 7.01);
        assert_eq!(own["speed_up"]["mean"], 6.0 / 7.01);
        assert_eq!(own["schedule_length_ratio"]["mean"], 7.01 / 6.0);
        assert_eq!((&own["arrived"], &own["lost"]), (&1.into(), &0.into()));
        assert_eq!(own["tasks"]["done"], 3);
    }
}

#[test]
fn a_fork_spreads_and_its_join_fetches_each_file_once() {
    let mut world = world(100.0);
    let all = star(&mut world, &[(1, 1000.0), (1, 1000.0)], 1e9);
    // Two of 4 s with the same input of 1 MB; the join reads both results of 1 MB, and the input again.
    let tasks =
        vec![task("a", 4.0, &[0], &[1]), task("b", 4.0, &[0], &[2]), task("join", 1.0, &[0, 1, 2], &[])];
    add(&mut world, &all, graph(tasks, &[1.0, 1.0, 1.0]), &[0.0], 0);
    world.workflow_scheduling("min_min", MinMin {});
    let ran = Ran::of(world);
    // Both inputs take 1.01 s on links of their own; the other half's result passes two links in 1.02 s.
    let expected = ["a n1 1.01 5.01 done", "b n2 1.01 5.01 done", "join n1 6.03 7.03 done"];
    assert_eq!(runs(&ran), expected);
    assert_eq!(ran.table("workflows", &["transfers", "moved_bytes"]), ["3 3000000"]);
}

#[test]
fn cores_and_memory_are_held_and_waited_for() {
    let four = || vec![0, 1, 2, 3].into_iter().map(|n| task(&format!("t{n}"), 2.0, &[], &[]));
    // Four of 2 s on two cores: two at a time.
    let mut own = world(100.0);
    let all = star(&mut own, &[(2, 1000.0)], 1e9);
    add(&mut own, &all, graph(four().collect(), &[]), &[0.0], 0);
    assert_eq!(Ran::of(own).table("workflows", &["makespan_s"]), ["4"]);
    // Tasks of two cores take all of it, and half the work a core.
    let wide = |task: WorkflowTask| WorkflowTask { job: JobRequest { cores: 2, ..task.job }, ..task };
    let mut own = world(100.0);
    let all = star(&mut own, &[(2, 1000.0)], 1e9);
    add(&mut own, &all, graph(four().map(wide).collect(), &[]), &[0.0], 0);
    assert_eq!(Ran::of(own).table("workflows", &["makespan_s"]), ["4"]);
    // Each needs more than half of the memory, so that one runs at a time.
    let large =
        |task: WorkflowTask| WorkflowTask { job: JobRequest { memory_bytes: 6e8, ..task.job }, ..task };
    let mut own = world(100.0);
    let all = star(&mut own, &[(2, 1000.0)], 1e9);
    add(&mut own, &all, graph(four().map(large).collect(), &[]), &[0.0], 0);
    assert_eq!(Ran::of(own).table("workflows", &["makespan_s"]), ["8"]);
}

#[test]
fn what_no_node_can_take_is_refused_and_the_rest_cancelled() {
    let mut own = world(100.0);
    let all = star(&mut own, &[(2, 1000.0)], 1e9);
    let large = task("large", 1.0, &[], &[]);
    let large = WorkflowTask { job: JobRequest { memory_bytes: 2e9, ..large.job }, ..large };
    add(&mut own, &all, graph(vec![task("a", 1.0, &[], &[]), large], &[]), &[3.0], 5);
    let ran = Ran::of(own);
    assert_eq!(runs(&ran), ["a   3 cancelled", "large   3 refused_for_capacity"]);
    assert_eq!(ran.table("workflows", &["t_s", "outcome", "done_tasks"]), ["3 refused_for_capacity 0"]);
    assert_eq!(ran.summary["workloads"]["workflows"]["lost"], 1);
}

#[test]
fn a_task_whose_node_fails_is_tried_again_as_often_as_it_may() {
    let run = |retries: u32, policy: Box<dyn WorkflowPolicy>| {
        let mut own = world(100.0);
        let all = star(&mut own, &[(1, 1000.0), (1, 500.0)], 1e9);
        let tasks = vec![task("a", 4.0, &[0], &[1]), task("b", 1.0, &[1], &[])];
        add(&mut own, &all, graph(tasks, &[1.0, 1.0]), &[0.0], retries);
        // Node 1 fails at 3 s while a runs there, and is repaired at 50 s.
        outage(&mut own, FaultTarget::Node(all[1]), &[3.0, 50.0]);
        own.boxed_workflow_scheduling("test", policy);
        Ran::of(own)
    };
    let policies: [fn() -> Box<dyn WorkflowPolicy>; 2] = [|| Box::new(Heft {}), || Box::new(MinMin {})];
    for policy in policies {
        let lost = run(0, policy());
        assert_eq!(runs(&lost), ["a n1 1.01 3 lost_to_fault", "b   3 cancelled"]);
        assert_eq!(lost.table("workflows", &["outcome"]), ["lost_to_fault"]);
        // After 1 s it is sent to node 2 at half the speed: 1.01 s of input, 8 s, and 2 s.
        let done = run(1, policy());
        assert_eq!(runs(&done), ["a n2 5.01 13.01 done", "b n2 13.01 15.01 done"]);
        assert_eq!(done.table("workflows", &["retries", "transfers"]), ["1 2"]);
    }
}

#[test]
fn a_file_that_is_lost_on_its_way_is_sent_again() {
    let mut own = world(100.0);
    let all = star(&mut own, &[(1, 1000.0)], 1e9);
    add(&mut own, &all, graph(vec![task("a", 1.0, &[0], &[])], &[2.0]), &[0.0], 3);
    // The only link is away from 1 s to 2.5 s: lost at 1 s, no node can be reached at 2 s, on its way from
    // 3 s to 5.01 s.
    outage(&mut own, FaultTarget::Link(crate::infra::LinkId(0)), &[1.0, 2.5]);
    let ran = Ran::of(own);
    assert_eq!(runs(&ran), ["a n1 5.01 6.01 done"]);
    assert_eq!(ran.table("workflows", &["retries", "transfers"]), ["1 2"]);
}

#[test]
fn workflows_that_are_not_done_are_told_at_the_end() {
    let mut own = world(5.0);
    let all = star(&mut own, &[(1, 1000.0)], 1e9);
    let tasks = vec![task("a", 3.0, &[], &[0]), task("b", 3.0, &[0], &[])];
    add(&mut own, &all, graph(tasks, &[1.0]), &[0.0, 4.0], 0);
    own.warm_up(SimDuration::from_secs(1.0));
    let ran = Ran::of(own);
    let expected = ["0 a done", "0 b unfinished", "1 a unfinished", "1 b unfinished"];
    assert_eq!(ran.table("workflow_tasks", &["workflow", "task", "outcome"]), expected);
    // The first came within the warm-up.
    let own = &ran.summary["workloads"]["workflows"];
    assert_eq!((&own["arrived"], &own["outcomes"]["unfinished"]), (&1.into(), &1.into()));
    assert!(own["makespan_s"]["mean"].is_null() && own["success_share"].is_null());
}

#[test]
fn decisions_are_recorded_with_what_came_of_them() {
    let mut own = world(100.0);
    let all = star(&mut own, &[(1, 1000.0)], 1e9);
    let tasks = vec![task("a", 1.0, &[], &[0]), task("b", 3.0, &[0], &[])];
    add(&mut own, &all, graph(tasks, &[1.0]), &[2.0], 0);
    let ran = Ran::of(own);
    let columns = ["point", "policy", "subject", "device", "choice", "outcome", "reward", "length_mi"];
    // Planned at 2 s: done at 3 s and at 6 s.
    let expected = [
        "workflow_scheduling heft 0 n0 n1 done 0.5 1000",
        "workflow_scheduling heft 1 n0 n1 done 0.2 3000",
    ];
    assert_eq!(ran.table("decisions", &columns), expected);
}

#[test]
fn all_policies_keep_a_busy_cluster_at_work() {
    // Ten tasks of 1 s without data on five cores: two rounds, whoever decides, but on one node for those that want the
    // fastest or the source.
    let policies: [(Box<dyn WorkflowPolicy>, &str); 6] = [
        (Box::new(Heft {}), "2"),
        (Box::new(MinMin {}), "2"),
        (Box::new(MaxMin {}), "2"),
        (Box::new(DataAware {}), "2"),
        (Box::new(Fastest {}), "2"),
        (Box::new(RoundRobin::default()), "2"),
    ];
    for (policy, expected) in policies {
        let mut own = world(100.0);
        let all = star(&mut own, &[(1, 1000.0); 5], 1e9);
        let tasks = (0..10).map(|n| task(&format!("t{n}"), 1.0, &[], &[])).collect();
        add(&mut own, &all, graph(tasks, &[]), &[0.0], 0);
        let told = format!("{policy:?}");
        own.boxed_workflow_scheduling("test", policy);
        assert_eq!(Ran::of(own).table("workflows", &["makespan_s"]), [expected], "{told}");
    }
    // At the source alone: ten rounds, and it must be among the nodes.
    for (first, expected) in [(0, "done 10"), (1, "refused_for_capacity ")] {
        let mut own = world(100.0);
        let all = star(&mut own, &[(1, 1000.0); 5], 1e9);
        let tasks = (0..10).map(|n| task(&format!("t{n}"), 1.0, &[], &[])).collect();
        let kind = WorkflowKind {
            graph: Arc::new(graph(tasks, &[])),
            sources: vec![all[0]],
            arrival: WorkflowArrival::At(vec![SimTime::ZERO]),
            count: 1,
        };
        let horizon = own.horizon();
        own.workload(WorkflowWorkload::new("w", vec![kind], options(&all[first..], 0), horizon));
        own.workflow_scheduling("local", Local {});
        assert_eq!(Ran::of(own).table("workflows", &["outcome", "makespan_s"]), [expected]);
    }
}

/// A random workflow: each task reads files of some earlier ones, and one from the start.
fn any_graph() -> impl Strategy<Value = WorkflowGraph> {
    let one = (1u32..40, 1u32..3, 0u32..8, prop::collection::vec(0usize..12, 0..4), 0u32..30);
    prop::collection::vec(one, 1..12).prop_map(|all| {
        let count = all.len() as u32;
        let (mut tasks, mut sizes) = (Vec::new(), vec![0.5]);
        for (number, (tenths, cores, memory, reads, size)) in all.into_iter().enumerate() {
            // File 0 is there from the start; file n + 1 is what task n writes.
            let mut inputs: Vec<u32> = reads
                .into_iter()
                .filter(|&from| from < number)
                .map(|from| from as u32 + 1)
                .chain((number % 2 == 0).then_some(0))
                .collect();
            inputs.sort_unstable();
            inputs.dedup();
            let mut own =
                task(&format!("t{number}"), f64::from(tenths) / 10.0, &inputs, &[number as u32 + 1]);
            own.job.cores = cores;
            own.job.memory_bytes = f64::from(memory) * 1e8;
            tasks.push(own);
            sizes.push(f64::from(size) / 10.0);
        }
        assert_eq!(tasks.len() as u32, count);
        graph(tasks, &sizes)
    })
}

fn any_policy() -> impl Strategy<Value = usize> {
    0usize..7
}

fn policy(number: usize) -> Box<dyn WorkflowPolicy> {
    match number {
        0 => Box::new(Heft {}),
        1 => Box::new(MinMin {}),
        2 => Box::new(MaxMin {}),
        3 => Box::new(DataAware {}),
        4 => Box::new(Fastest {}),
        5 => Box::new(RoundRobin::default()),
        _ => Box::new(Local {}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the workflow, the policy and the faults: each workflow and each task ends once; no task starts before its
    /// parents have ended and its files are there; and no node runs more than it has cores and memory for.
    #[test]
    fn tasks_wait_for_what_they_need_and_nothing_is_lost(
        graph in any_graph(),
        number in any_policy(),
        at in prop::collection::vec(0u32..10, 1..4),
        faults in prop::collection::vec((0usize..4, 1u32..80, 1u32..100), 0..4),
        retries in 0u32..3,
    ) {
        let mut own = world(400.0);
        let nodes = [(2, 1000.0), (2, 2000.0), (3, 500.0)];
        let all = star(&mut own, &nodes, 1e9);
        let mut times: Vec<f64> = at.iter().map(|&tenths| f64::from(tenths) / 2.0).collect();
        times.sort_by(f64::total_cmp);
        add(&mut own, &all, graph.clone(), &times, retries);
        own.boxed_workflow_scheduling("test", policy(number));
        let mut hit = std::collections::BTreeSet::new();
        for (which, from, lasts) in faults {
            // A node, or a link; each once, as its times must ascend.
            let target = if which < 3 {
                FaultTarget::Node(all[which + 1])
            } else {
                FaultTarget::Link(crate::infra::LinkId(from % 3))
            };
            if hit.insert(format!("{target:?}")) {
                let from = f64::from(from) / 10.0;
                outage(&mut own, target, &[from, from + f64::from(lasts) / 10.0]);
            }
        }
        let ran = Ran::of(own);
        let parse = |text: &str| -> f64 { text.parse().unwrap() };
        let columns = ["workflow", "task", "node", "started_s", "t_s", "outcome", "staged_s"];
        let mut ended: BTreeMap<(String, String), (String, String, f64, String)> = BTreeMap::new();
        let mut intervals: BTreeMap<String, Vec<(f64, f64, u32, f64)>> = BTreeMap::new();
        for row in ran.table("workflow_tasks", &columns) {
            let cells: Vec<&str> = row.split(' ').collect();
            let [workflow, name, node, started, end, outcome, staged] = cells[..] else { panic!("{row}") };
            let task = graph.tasks().iter().find(|task| task.name == name).unwrap();
            if outcome == "done" {
                prop_assert!(parse(started) >= parse(staged), "{row}");
            }
            if !started.is_empty() {
                let own = (parse(started), parse(end), task.job.cores, task.job.memory_bytes);
                intervals.entry(node.to_string()).or_default().push(own);
            }
            let key = (workflow.to_string(), name.to_string());
            let value = (node.to_string(), started.to_string(), parse(end), outcome.to_string());
            prop_assert!(ended.insert(key, value).is_none(), "told twice: {row}");
        }
        let workflows = ran.table("workflows", &["workflow", "outcome", "done_tasks"]);
        prop_assert_eq!(workflows.len(), times.len());
        prop_assert_eq!(ended.len(), times.len() * graph.tasks().len());
        for row in &workflows {
            let cells: Vec<&str> = row.split(' ').collect();
            let of = |outcome: &str| {
                ended.iter().filter(|(key, value)| key.0 == cells[0] && value.3 == outcome).count()
            };
            prop_assert_eq!(of("done").to_string(), cells[2]);
            prop_assert_eq!(cells[1] == "done", of("done") == graph.tasks().len(), "{}", row);
            prop_assert!(cells[1] == "done" || of(cells[1]) > 0, "{}", row);
            prop_assert_eq!(of("unfinished"), 0, "all faults are over and no plan is stuck: {}", row);
        }
        for ((workflow, name), (_, started, _, _)) in &ended {
            let number = (0..).zip(graph.tasks()).find(|(_, task)| task.name == *name).unwrap().0;
            for &parent in graph.parents(number) {
                let parent = &ended[&(workflow.clone(), graph.task(parent).name.clone())];
                if !started.is_empty() {
                    prop_assert!(parent.3 == "done" && parent.2 <= parse(started));
                }
            }
        }
        for (node, own) in intervals {
            let place: usize = node[1..].parse().unwrap();
            for &(start, ..) in &own {
                let now = own.iter().filter(|other| other.0 <= start && start < other.1);
                let (cores, memory) =
                    now.fold((0, 0.0), |sum, other| (sum.0 + other.2, sum.1 + other.3));
                prop_assert!(cores <= nodes[place - 1].0 && memory <= 1e9, "{} {}", cores, memory);
            }
        }
    }
}

#[test]
fn arrivals_repeat_by_seed_and_come_from_each_source() {
    let run = |seed: u64| {
        let mut own = WorldBuilder::new(seed, SimDuration::from_secs(200.0));
        let all = star(&mut own, &[(4, 1000.0)], 1e9);
        let kind = |arrival| WorkflowKind {
            graph: Arc::new(graph(vec![task("a", 0.1, &[], &[])], &[])),
            sources: all.clone(),
            arrival,
            count: 2,
        };
        let kinds = vec![
            kind(WorkflowArrival::Gaps(Distribution::exponential(10.0).unwrap())),
            kind(WorkflowArrival::Periodic(50.0)),
        ];
        let horizon = own.horizon();
        own.workload(WorkflowWorkload::new("w", kinds, options(&all[1..], 0), horizon));
        Ran::of(own).table("workflows", &["source", "arrived_s"])
    };
    let (first, again, other) = (run(3), run(3), run(4));
    assert_eq!(first, again);
    assert_ne!(first, other);
    // Periodic: four of 50 s in 200 s from each of two sources, two at a time; about 20 gaps of 10 s more each.
    let of = |source: &str| first.iter().filter(|row| row.starts_with(source)).count();
    for source in ["n0", "n1"] {
        assert!((8 + 20..=8 + 2 * 35).contains(&of(source)), "{first:?}");
    }
}
