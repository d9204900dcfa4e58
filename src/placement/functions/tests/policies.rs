//! Methods as policies: what they answer epoch by epoch.

use super::*;
use crate::apps::replica_allocation::{
    FunctionProblem, ObservedStreams, ReplicaAllocation, ReplicaAllocationRequest,
};
use crate::engine::{RandomStreams, SimTime};
use crate::infra::NodeId;
use crate::placement::Step;

/// Streams without replicas or requests at nodes that work.
#[derive(Debug)]
struct Idle;

impl ObservedStreams for Idle {
    fn ready(&self, _: usize) -> u32 {
        0
    }

    fn starting(&self, _: usize) -> u32 {
        0
    }

    fn target(&self, _: usize) -> u32 {
        0
    }

    fn queued(&self, _: usize) -> u32 {
        0
    }

    fn in_flight(&self, _: usize) -> u32 {
        0
    }

    fn arrivals_rps(&self, _: usize, _: f64) -> f64 {
        0.0
    }

    fn concurrency(&self, _: usize, _: f64) -> f64 {
        0.0
    }

    fn busy_share(&self, _: usize, _: f64) -> f64 {
        0.0
    }

    fn is_up(&self, _: usize) -> bool {
        true
    }
}

/// Asks a policy of workload 3 about an instance whose functions have these bounds.
fn ask(
    policy: &mut dyn ReplicaAllocationPolicy,
    instance: &mut Instance,
    [minimum, maximum]: [u32; 2],
) -> Result<ReplicaAllocation, FunctionsError> {
    let (nodes, functions) = (instance.nodes(), instance.functions());
    let problem = FunctionProblem {
        nodes: (0..nodes as u32).map(NodeId).collect(),
        functions,
        minimum: vec![minimum; functions],
        maximum: vec![maximum; functions],
        ..FunctionProblem::default()
    };
    let loads: Vec<f64> = (0..instance.streams()).map(|s| instance.load_rps(s)).collect();
    let memory_mb: Vec<u64> = (0..nodes).map(|n| instance.memory_capacity_mb(n)).collect();
    let request = ReplicaAllocationRequest {
        epoch: 0,
        is_first: true,
        loads_rps: &loads,
        memory_mb: &memory_mb,
        observed: &Idle,
        served_share: None,
        cold_share: None,
    };
    let mut random = RandomStreams::new(1).stream("test");
    let now = SimTime::ZERO;
    policy.allocate(&mut AllocationView::new(now, 3, &problem, &request, instance, None, &mut random))
}

/// Node 0 of h01 serves 1.6 of 4 and forwards the rest to node 1, which needs ceil((2 + 2.4) / 1.6) replicas.
#[test]
fn shares_by_hand() {
    let found = ask(&mut Lmm::default(), &mut h01(), [0, 1000]).unwrap();
    assert_eq!(found.replicas, [1, 3]);
    let shares = found.shares.unwrap();
    close(shares.local[0], 0.4, 1e-9);
    close(shares.forwarded[0], 0.6, 1e-9);
    assert_eq!((shares.local[1], shares.forwarded[1]), (1.0, 0.0));
    let known = found.found.unwrap();
    close(known.objective, 1.94, 1e-9);
    assert!(known.bound.unwrap() >= 1.94 - 1e-9);
    assert_eq!((known.status.as_ref(), known.iterations), ("optimal", 0));
}

/// What is not expected would be served where it enters, without a replica yet.
#[test]
fn shares_without_load() {
    let mut instance = h01();
    instance.set_loads(&[0.0, 2.0]).unwrap();
    for policy in [&mut Lmm::default() as &mut dyn ReplicaAllocationPolicy, &mut Macro::default()] {
        let found = ask(policy, &mut instance, [0, 1000]).unwrap();
        assert_eq!(found.replicas, [0, 2]);
        assert_eq!(found.shares.unwrap().local, [1.0, 1.0]);
    }
}

/// 4.4 requests per second need 3 replicas at node 1; never more than are allowed, and no fewer than are asked for unless
/// memory is short, which holds one at node 0.
#[test]
fn bounds_of_functions_hold() {
    let replicas = |bounds| ask(&mut Lmm::default(), &mut h01(), bounds).unwrap().replicas;
    assert_eq!(replicas([0, 2]), [1, 2]);
    assert_eq!(replicas([5, 1000]), [1, 5]);
}

/// Whole flows take loads that are rounded, and parts of these.
#[test]
fn whole_flows_round_loads() {
    let mut instance = h01();
    instance.set_loads(&[4.2, 1.8]).unwrap();
    let options = CentralisedOptions { flows: Flows::Integer, ..CentralisedOptions::optimum() };
    let found = ask(&mut Lmm(options), &mut instance, [0, 1000]).unwrap();
    close(found.found.unwrap().objective, 1.925, 1e-9);
    assert_eq!(found.shares.unwrap().local, [0.25, 1.0]);
}

/// With the last prices a run goes on as one that is given them; without it begins as before.
#[test]
fn prices_are_kept() {
    let mut instance = h03();
    let options = DistributedOptions { max_iterations: 4, ..DistributedOptions::default() };
    let mut run = Distributed::new(&instance, &options).unwrap();
    while run.iterate().unwrap().is_none() {}
    let again = DistributedOptions { first_prices: Some(run.prices().to_vec()), ..options.clone() };
    let expected: Vec<f64> = distribute(&instance, &again)
        .unwrap()
        .iterations
        .iter()
        .map(|own| own.local_objective)
        .collect();
    let mut series = |policy: &mut Macro| {
        let found = ask(policy, &mut instance, [0, 1000]).unwrap().found.unwrap();
        assert_eq!(found.iterations as usize, found.series.len());
        found.series.iter().map(|own| own.local_objective).collect::<Vec<f64>>()
    };
    let mut anew = Macro::new(options.clone());
    let first = series(&mut anew);
    assert_eq!(series(&mut anew), first);
    let mut keeping = Macro { start_from_last_prices: true, ..Macro::new(options) };
    assert_eq!(series(&mut keeping), first);
    assert_eq!(series(&mut keeping), expected);
    assert_ne!(first, expected);
}

/// The forms of fixed numbers, as far as memory goes; those of a wrong length are told.
#[test]
fn fixed_numbers() {
    let of = |replicas| ask(&mut Fixed { replicas }, &mut h04(), [0, 1000]).map(|found| found.replicas);
    // 100 MB hold one of 60 MB, or two of 50 MB.
    assert_eq!(of(ReplicaCounts::Each(3)).unwrap(), [1, 0]);
    assert_eq!(of(ReplicaCounts::ByFunction(vec![0, 2])).unwrap(), [0, 2]);
    assert_eq!(of(ReplicaCounts::ByNode(vec![vec![0, 1]])).unwrap(), [0, 1]);
    let error = of(ReplicaCounts::ByNode(vec![vec![1]])).unwrap_err().to_string();
    assert_eq!(error, "replicas[0]: 1 values where 2 are needed");
    let text = serde_json::json!({ "replicas": [[1, 2], [0, 3]] });
    let fixed: Fixed = serde_json::from_value(text).unwrap();
    assert_eq!(fixed.replicas, ReplicaCounts::ByNode(vec![vec![1, 2], vec![0, 3]]));
}

/// What is wrong has a place, and what depends on the machine is known.
#[test]
fn options_are_checked() {
    let options =
        DistributedOptions { first_prices: Some(vec![0.0, -1.0]), ..DistributedOptions::default() };
    let error = Macro::new(options).check().unwrap_err();
    let key = |name: &str| Step::Key(name.to_owned());
    assert_eq!(error.steps, [key("options"), key("first_prices"), Step::Index(1)]);
    assert_eq!(error.to_string(), "-1 is out of range; it must be at least 0");
    let options = CentralisedOptions { relative_gap: -1.0, ..CentralisedOptions::default() };
    assert_eq!(Lmm(options).check().unwrap_err().steps, [key("relative_gap")]);
    let options = AuctionOptions { patience: 0, ..AuctionOptions::default() };
    assert_eq!(Madea(options).check().unwrap_err().steps, [key("patience")]);
    let options = CentralisedOptions { time_limit_s: Some(1.0), ..CentralisedOptions::default() };
    assert!(Lmm(options).depends_on_machine());
    let fixed_replicas = FixedReplicas::Centralised(options);
    assert!(
        Macro::new(DistributedOptions { fixed_replicas, ..DistributedOptions::default() })
            .depends_on_machine()
    );
    assert!(!Macro::default().depends_on_machine());
}
