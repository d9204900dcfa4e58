//! What holds of all jobs.

use super::*;
use crate::infra::optical::LeafId;
use proptest::prelude::*;
use std::cmp::Ordering;

fn a_job(id: u32) -> impl Strategy<Value = TrainingJob> {
    let kind = prop_oneof![Just(JobKind::Llm), Just(JobKind::Dlrm)];
    (kind, 1..20_u32, 1.0..1000.0_f64)
        .prop_map(move |(kind, gpus, duration_s)| job(id, kind, gpus, duration_s))
}

fn policies() -> Vec<Box<dyn TrainingPlacement>> {
    vec![
        Box::new(RandomServers {}),
        Box::new(FirstFit {}),
        Box::new(Packed {}),
        Box::new(UplinkAware {}),
        Box::new(DomainFirst {}),
        Box::new(LookAhead::default()),
        Box::new(Exhaustive::default()),
    ]
}

proptest! {
    /// Jobs come and go by any rule: books are those of the placements, and all is free in the end.
    #[test]
    fn books_are_right(
        jobs in prop::collection::vec((a_job(0), 0..7_usize, any::<bool>()), 1..25),
        uplinks in 1..9_u32,
    ) {
        let mut cluster = Cluster::new(SHAPE, optics(uplinks, 0.5)).unwrap();
        let mut policies = policies();
        for (id, (job, policy, ends)) in (0_u32..).zip(jobs) {
            let job = TrainingJob { id, ..job };
            if let Some(found) = place(policies[policy].as_mut(), &cluster, &job) {
                prop_assert_eq!(found.gpus(), u64::from(job.gpus));
                let before = cluster.free();
                match cluster.start(&job, found) {
                    Ok(started) => {
                        prop_assert!(started.rate > 0.0 && started.rate <= 1.0);
                        prop_assert_eq!(cluster.free(), before - u64::from(job.gpus));
                    }
                    Err(refusal) => {
                        prop_assert_eq!(cluster.free(), before);
                        prop_assert_ne!(refusal.cause(), "gpu", "a rule gave GPUs that are not free");
                    }
                }
            } else {
                // Only a rule that tries circuits, or looks at ports, may fail with enough free GPUs.
                prop_assert!(u64::from(job.gpus) > cluster.free() || policy == 3 || policy >= 5);
            }
            if ends && let Some(&first) = cluster.jobs().keys().next() {
                cluster.end(first);
            }
            let shape = cluster.shape();
            for leaf in (0..shape.leaves).map(LeafId) {
                let of_servers: u32 = shape.servers_of(leaf).map(|server| cluster.free_at_server(server)).sum();
                prop_assert_eq!(of_servers, cluster.free_at_leaf(leaf));
                prop_assert!(cluster.by_free().contains(&(of_servers, leaf)));
            }
            prop_assert_eq!(cluster.by_free().len(), shape.leaves as usize);
        }
        let ids: Vec<u32> = cluster.jobs().keys().copied().collect();
        ids.into_iter().for_each(|id| {
            cluster.end(id);
        });
        prop_assert_eq!(cluster.free(), SHAPE.gpus());
        prop_assert_eq!(cluster.circuits().unwrap().map().circuits().count(), 0);
    }

    /// Trying all placements is at least as good as any rule, and starts whatever a rule can start.
    #[test]
    fn trying_all_is_best(
        running in prop::collection::vec(a_job(0), 0..4),
        wanted in a_job(99),
        uplinks in 1..9_u32,
        accept in prop_oneof![Just(0.5), Just(1.0)],
    ) {
        let mut cluster = Cluster::new(SHAPE, optics(uplinks, accept)).unwrap();
        for (id, job) in (0..).zip(running) {
            let job = TrainingJob { id, ..job };
            if let Some(found) = place(&mut RandomServers {}, &cluster, &job) {
                let _ = cluster.start(&job, found);
            }
        }
        let best = place(&mut Exhaustive::default(), &cluster, &wanted);
        let best = best.and_then(|found| score(&cluster, &wanted, &found));
        for policy in &mut policies() {
            let found = place(policy.as_mut(), &cluster, &wanted);
            if let Some(other) = found.and_then(|found| score(&cluster, &wanted, &found)) {
                prop_assert!(best.is_some_and(|best| best.compare(&other) != Ordering::Less), "{:?} {:?} {:?}", policy, other, best);
            }
        }
    }

    /// The best order of a window is at least as good as the one in which jobs came, by its own predictor, and has each job once.
    #[test]
    fn permutations_are_no_worse_than_fifo(jobs in prop::collection::vec(a_job(0), 0..8), horizon_s in 1.0..2000.0_f64) {
        let mut cluster = Cluster::new(SHAPE, optics(8, 0.5)).unwrap();
        let jobs: Vec<TrainingJob> = (0..).zip(jobs).map(|(id, job)| TrainingJob { id, ..job }).collect();
        let mut running = Vec::new();
        if let Some(first) = jobs.first()
            && let Some(found) = place(&mut Packed {}, &cluster, first)
            && cluster.start(first, found).is_ok()
        {
            running.push(RunningJob { state: WaitingJob::new(*first), end_s: first.duration_s });
        }
        let waiting: Vec<WaitingJob> = jobs.iter().skip(1).copied().map(WaitingJob::new).collect();
        let view = QueueView { now_s: 0.0, waiting: &waiting, running: &running, cluster: &cluster };
        let mut oracle = OraclePredictor { horizon_s };
        let mut policy = WindowPermutation::new(4, Discipline::Strict, oracle);
        let order = policy.order(&view);
        let window = waiting.len().min(4);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..waiting.len()).collect::<Vec<_>>());
        let in_order: Vec<usize> = (0..window).collect();
        prop_assert!(oracle.score(&view, &order[..window]) >= oracle.score(&view, &in_order));
    }
}
