use super::*;
use crate::apps::workflows::{FileHolders, WorkflowGraph, WorkflowRequest, WorkflowTask};
use crate::engine::RandomStreams;
use crate::infra::NodeId;
use crate::infra::compute::JobRequest;

/// Runtimes by task and node, and a second a byte between nodes.
#[derive(Debug)]
struct Matrix<'a>(&'a [[f64; 3]]);

impl TaskCosts for Matrix<'_> {
    fn runtime_s(&mut self, task: u32, node: NodeId) -> f64 {
        self.0[task as usize][node.index()]
    }

    fn transfer_s(&mut self, from: NodeId, to: NodeId, bytes: f64) -> f64 {
        if from == to { 0.0 } else { bytes }
    }
}

/// Tasks with a file for each edge (from, to, bytes); tasks count from 1, as in the paper.
fn graph(tasks: usize, edges: &[(u32, u32, f64)]) -> WorkflowGraph {
    let of = |task: u32| WorkflowTask {
        name: format!("T{task}"),
        category: None,
        job: JobRequest::new(1.0),
        parents: Vec::new(),
        inputs: (0..).zip(edges).filter(|(_, edge)| edge.1 == task).map(|(file, _)| file).collect(),
        outputs: (0..).zip(edges).filter(|(_, edge)| edge.0 == task).map(|(file, _)| file).collect(),
    };
    let files = edges.iter().map(|edge| (format!("{}-{}", edge.0, edge.1), edge.2)).collect();
    WorkflowGraph::new("example", (1..=tasks as u32).map(of).collect(), files).expect("no circle")
}

/// What a policy plans for these open tasks on three nodes of one core, with the files at their holders.
fn planned(
    policy: &mut dyn WorkflowPolicy,
    graph: &WorkflowGraph,
    costs: &[[f64; 3]],
    open: &[u32],
    holders: &[FileHolders],
) -> WorkflowDecision {
    let nodes = [NodeId(0), NodeId(1), NodeId(2)];
    let request = WorkflowRequest {
        workflow: 0,
        graph,
        source: NodeId(0),
        nodes: &nodes,
        open,
        placed: &vec![None; graph.tasks().len()],
        holders,
        booked: &[],
    };
    let offers = nodes.map(|node| NodeOffer { node, task_cores: 1, cores: 1, memory_bytes: 1e9 });
    let mut random = RandomStreams::new(1).stream("test");
    let mut costs = Matrix(costs);
    let mut view = WorkflowView::new(0.0, &request, offers.to_vec(), &mut costs, &mut random);
    policy.schedule(&mut view)
}

/// Table 1 and figure 2 of Topcuoglu, Hariri and Wu (2002).
const COSTS: [[f64; 3]; 10] = [
    [14.0, 16.0, 9.0],
    [13.0, 19.0, 18.0],
    [11.0, 13.0, 19.0],
    [13.0, 8.0, 17.0],
    [12.0, 13.0, 10.0],
    [13.0, 16.0, 9.0],
    [7.0, 15.0, 11.0],
    [5.0, 11.0, 14.0],
    [18.0, 12.0, 20.0],
    [21.0, 7.0, 16.0],
];
const EDGES: [(u32, u32, f64); 15] = [
    (1, 2, 18.0),
    (1, 3, 12.0),
    (1, 4, 9.0),
    (1, 5, 11.0),
    (1, 6, 14.0),
    (2, 8, 19.0),
    (2, 9, 16.0),
    (3, 7, 23.0),
    (4, 8, 27.0),
    (4, 9, 23.0),
    (5, 9, 13.0),
    (6, 8, 15.0),
    (7, 10, 17.0),
    (8, 10, 11.0),
    (9, 10, 13.0),
];

#[test]
fn heft_plans_the_example_of_its_authors_as_they_do() {
    let graph = graph(10, &EDGES);
    let open: Vec<u32> = (0..10).collect();
    let holders = vec![FileHolders::new(); EDGES.len()];
    let decision = planned(&mut Heft {}, &graph, &COSTS, &open, &holders);
    let mut found: Vec<(u32, u32, f64, f64)> = (decision.assigned.iter())
        .map(|own| (own.task + 1, own.node.0 + 1, own.start_s, own.end_s))
        .collect();
    found.sort_by_key(|own| own.0);
    // Figure 3 (a) of the paper: node, start and end of each task, and the makespan of 80.
    let expected = [
        (1, 3, 0.0, 9.0),
        (2, 1, 27.0, 40.0),
        (3, 3, 9.0, 28.0),
        (4, 2, 18.0, 26.0),
        (5, 3, 28.0, 38.0),
        (6, 2, 26.0, 42.0),
        (7, 3, 38.0, 49.0),
        (8, 1, 57.0, 62.0),
        (9, 2, 56.0, 68.0),
        (10, 2, 73.0, 80.0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn upward_ranks_are_those_of_the_paper() {
    let graph = graph(10, &EDGES);
    let nodes = [NodeId(0), NodeId(1), NodeId(2)];
    let holders = vec![FileHolders::new(); EDGES.len()];
    let request = WorkflowRequest {
        workflow: 0,
        graph: &graph,
        source: NodeId(0),
        nodes: &nodes,
        open: &[],
        placed: &[None; 10],
        holders: &holders,
        booked: &[],
    };
    let offers = nodes.map(|node| NodeOffer { node, task_cores: 1, cores: 1, memory_bytes: 1e9 });
    let mut random = RandomStreams::new(1).stream("test");
    let mut costs = Matrix(&COSTS);
    let mut view = WorkflowView::new(0.0, &request, offers.to_vec(), &mut costs, &mut random);
    let published = [108.0, 77.0, 80.0, 80.0, 69.0, 63.333, 42.667, 35.667, 44.333, 14.667];
    for (rank, published) in heft::upward_ranks(&mut view).into_iter().zip(published) {
        assert!((rank - published).abs() < 1e-3, "{rank} {published}");
    }
}

/// Three tasks of 2, 3 and 10 s that wait for nothing, on three nodes of which the others take twice and thrice as long.
fn three() -> (WorkflowGraph, [[f64; 3]; 3]) {
    (graph(3, &[]), [[2.0, 4.0, 6.0], [3.0, 6.0, 9.0], [10.0, 20.0, 30.0]])
}

fn places(decision: &WorkflowDecision) -> Vec<(u32, u32, f64)> {
    decision.assigned.iter().map(|own| (own.task, own.node.0, own.end_s)).collect()
}

#[test]
fn min_min_takes_the_shortest_first_and_max_min_the_longest() {
    let (graph, costs) = three();
    let plan =
        |policy: &mut dyn WorkflowPolicy| places(&planned(policy, &graph, &costs, &[0, 1, 2], &[]));
    // Min-min: 2 s ends first at 2; then the second at 5 on node 0 (6 on node 1); the third at 15 there (20 on node 1).
    assert_eq!(plan(&mut MinMin {}), [(0, 0, 2.0), (1, 0, 5.0), (2, 0, 15.0)]);
    // Max-min: the third at 10; of the first (4 on node 1) and the second (6 there) the second; the first at 6 on node 2,
    // where it does not wait.
    assert_eq!(plan(&mut MaxMin {}), [(2, 0, 10.0), (1, 1, 6.0), (0, 2, 6.0)]);
    assert_eq!(plan(&mut Fastest {}), [(0, 0, 2.0), (1, 0, 5.0), (2, 0, 15.0)]);
    assert_eq!(plan(&mut RoundRobin::default()), [(0, 0, 2.0), (1, 1, 6.0), (2, 2, 30.0)]);
    assert_eq!(plan(&mut Local {}), [(0, 0, 2.0), (1, 0, 5.0), (2, 0, 15.0)]);
}

#[test]
fn a_task_follows_most_of_its_data() {
    // Two files: 5 bytes on node 1, 1 byte on node 2.
    let graph = {
        let task = WorkflowTask {
            name: "T".into(),
            category: None,
            job: JobRequest::new(1.0),
            parents: Vec::new(),
            inputs: vec![0, 1],
            outputs: Vec::new(),
        };
        WorkflowGraph::new("one", vec![task], vec![("a".into(), 5.0), ("b".into(), 1.0)]).unwrap()
    };
    let holders = [FileHolders::from_slice(&[NodeId(1)]), FileHolders::from_slice(&[NodeId(2)])];
    let costs = [[1.0, 100.0, 1.0]];
    // On node 1 only the byte of node 2 is to come: 1 s, and 100 s of runtime.
    let decision = planned(&mut DataAware {}, &graph, &costs, &[0], &holders);
    assert_eq!(places(&decision), [(0, 1, 101.0)]);
    // On nodes 0 and 2 it waits 5 s for the 5 bytes; node 0 is the first of the two.
    let decision = planned(&mut MinMin {}, &graph, &costs, &[0], &holders);
    assert_eq!(places(&decision), [(0, 0, 6.0)]);
}

#[test]
fn what_is_too_large_waits_or_is_refused() {
    let (mut graph_tasks, costs) = (vec![], [[1.0; 3]]);
    graph_tasks.push(WorkflowTask {
        name: "T".into(),
        category: None,
        job: JobRequest { cores: 2, ..JobRequest::new(1.0) },
        parents: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    });
    let graph = WorkflowGraph::new("large", graph_tasks, Vec::new()).unwrap();
    let policies: [Box<dyn WorkflowPolicy>; 6] = [
        Box::new(Heft {}),
        Box::new(MinMin {}),
        Box::new(MaxMin {}),
        Box::new(DataAware {}),
        Box::new(Fastest {}),
        Box::new(RoundRobin::default()),
    ];
    for mut policy in policies {
        let decision = planned(&mut *policy, &graph, &costs, &[0], &[]);
        assert_eq!(decision, WorkflowDecision::default(), "{policy:?}");
    }
    assert_eq!(planned(&mut Local {}, &graph, &costs, &[0], &[]).refused, [0]);
}
