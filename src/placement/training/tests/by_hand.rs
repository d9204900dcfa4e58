//! Small cases worked out by hand.

use super::*;
use crate::infra::optical::{LeafId, SwitchId};

fn leaves(cluster: &Cluster, placement: &Placement) -> Vec<(u32, u32)> {
    placement.leaves(cluster.shape()).iter().map(|share| (share.leaf.0, share.gpus)).collect()
}

/// 4 leaves of 2 servers of 4: after 6 GPUs of leaf 0 and 3 of leaf 1 are gone.
fn used(fabric: Fabric) -> Cluster {
    let mut cluster = Cluster::new(SHAPE, fabric).unwrap();
    cluster.start(&job(90, JobKind::Llm, 6, 1.0), Placement::new(vec![(0, 4), (1, 2)])).unwrap();
    cluster.start(&job(91, JobKind::Llm, 3, 1.0), Placement::new(vec![(2, 3)])).unwrap();
    cluster
}

#[test]
fn placements_go_where_their_rules_say() {
    let cluster = used(Fabric::NonBlocking);
    assert_eq!(
        (cluster.free(), cluster.free_at_leaf(LeafId(0)), cluster.free_at_leaf(LeafId(1))),
        (23, 2, 5)
    );
    let at = |policy: &mut dyn TrainingPlacement, gpus| {
        place(policy, &cluster, &job(1, JobKind::Llm, gpus, 1.0)).map(|found| leaves(&cluster, &found))
    };
    assert_eq!(at(&mut FirstFit {}, 4), Some(vec![(0, 2), (1, 2)]));
    // Leaf 1 holds 4 and is left with the fewest.
    assert_eq!(at(&mut Packed {}, 4), Some(vec![(1, 4)]));
    assert_eq!(at(&mut Packed {}, 2), Some(vec![(0, 2)]));
    // Two whole leaves, and the rest of 2 where it just fits; 4 goes to leaf 1.
    assert_eq!(at(&mut Packed {}, 18), Some(vec![(0, 2), (2, 8), (3, 8)]));
    assert_eq!(at(&mut Packed {}, 20), Some(vec![(1, 4), (2, 8), (3, 8)]));
    assert_eq!(at(&mut UplinkAware {}, 20), Some(vec![(1, 4), (2, 8), (3, 8)]));
    // One whole server: leaf 1 has one left and is left with none.
    assert_eq!(at(&mut DomainFirst {}, 4), Some(vec![(1, 4)]));
    assert_eq!(at(&mut DomainFirst {}, 1), Some(vec![(1, 1)]));
    assert_eq!(at(&mut DomainFirst {}, 8), Some(vec![(2, 8)]));
    for policy in [&mut FirstFit {} as &mut dyn TrainingPlacement, &mut Packed {}, &mut RandomServers {}]
    {
        assert_eq!(at(policy, 24), None);
        assert_eq!(at(policy, 23).unwrap().iter().map(|share| share.1).sum::<u32>(), 23);
    }
    // Within leaf 1: the server with one free GPU for one, the whole one for four.
    let place = place(&mut Packed {}, &cluster, &job(1, JobKind::Llm, 4, 1.0)).unwrap();
    assert_eq!(place.servers(), [(3, 4)]);
}

#[test]
fn a_leaf_without_ports_is_left_out() {
    let mut cluster = used(optics(2, 1.0));
    assert_eq!(cluster.free_ports(LeafId(2)), Some(2));
    let circuits = cluster.circuits_mut().unwrap();
    circuits.fail_switch(SwitchId(0));
    circuits.fail_port(LeafId(2), SwitchId(1));
    let wide = job(1, JobKind::Dlrm, 12, 1.0);
    let found = place(&mut UplinkAware {}, &cluster, &wide).unwrap();
    assert_eq!(leaves(&cluster, &found), [(1, 4), (3, 8)]);
    // A job of one leaf needs no port: it takes the leaf without.
    let narrow = job(2, JobKind::Dlrm, 8, 1.0);
    assert_eq!(leaves(&cluster, &place(&mut UplinkAware {}, &cluster, &narrow).unwrap()), [(2, 8)]);
    // Packed does not look at ports, and is refused.
    let packed = place(&mut Packed {}, &cluster, &wide).unwrap();
    let refusal = cluster.start(&wide, packed).unwrap_err();
    assert_eq!(refusal.cause(), "port");
    assert_eq!(cluster.free(), 23);
}

/// A ring over three leaves with duplex ports wants four circuits a side and has six ports a leaf: three a side fit, which is
/// three quarters of the rate.
#[test]
fn fewer_circuits_are_a_lower_rate() {
    let ring = job(1, JobKind::Llm, 24, 100.0);
    let place = Placement::new((0..6).map(|server| (server, 4)).collect());
    let mut whole = Cluster::new(SHAPE, optics(6, 1.0)).unwrap();
    assert_eq!(whole.start(&ring, place.clone()).unwrap_err().cause(), "port");
    let mut cluster = Cluster::new(SHAPE, optics(6, 0.5)).unwrap();
    let started = cluster.start(&ring, place.clone()).unwrap();
    let granted: Vec<u32> =
        started.allocation.unwrap().granted.iter().map(|pair| pair.granted).collect();
    // Of three leaves an odd one is left over at each of six switches: six circuits in all.
    assert_eq!(granted, [2, 2, 2]);
    assert_eq!(started.rate, 0.5);
    // A quarter of the time is communication, which takes twice as long.
    assert_eq!(ring.slow_down(started.rate), 1.25);
    let mut blocking = Cluster::new(SHAPE, Fabric::NonBlocking).unwrap();
    assert_eq!(blocking.start(&ring, place).unwrap().rate, 1.0);
}

#[test]
fn what_cannot_start_is_told() {
    let mut cluster = used(Fabric::NonBlocking);
    let wanted = job(5, JobKind::Llm, 4, 1.0);
    let refusal = cluster.start(&wanted, Placement::new(vec![(0, 4)])).unwrap_err();
    assert_eq!(refusal.to_string(), "server 0 has 0 free GPUs, but 4 are wanted of it");
    let refusal = cluster.start(&wanted, Placement::new(vec![(7, 3)])).unwrap_err();
    assert_eq!(refusal, StartRefusal::Count { wanted: 4, placed: 3 });
    let unknown = cluster.start(&wanted, Placement::new(vec![(99, 4)])).unwrap_err();
    assert!(matches!(unknown, StartRefusal::Gpus { free: 0, .. }));
    cluster.start(&wanted, Placement::new(vec![(7, 1), (7, 3)])).unwrap();
    assert_eq!(
        cluster.start(&wanted, Placement::new(vec![(6, 4)])).unwrap_err(),
        StartRefusal::Twice(5)
    );
    assert_eq!(cluster.end(5).unwrap().servers(), [(7, 4)]);
    assert_eq!(cluster.end(5), None);
    let shape = ClusterShape { leaves: 0, ..SHAPE };
    assert!(Cluster::new(shape, Fabric::NonBlocking).is_err());
}

/// An all-to-all over four leaves of 8 GPUs wants floor(8/3) = 2 circuits a pair, 6 a leaf.
#[test]
fn jobs_that_can_never_start_are_found_on_the_empty_cluster() {
    let wide = job(1, JobKind::Dlrm, 32, 1.0);
    let find = |fabric| feasibility(SHAPE, fabric, &wide).unwrap();
    assert_eq!(find(Fabric::NonBlocking), Feasibility::Starts { rate: 1.0 });
    assert_eq!(find(optics(6, 1.0)), Feasibility::Starts { rate: 1.0 });
    let Feasibility::NoCircuits(refusal) = find(optics(4, 1.0)) else { panic!("it has 4 ports") };
    assert_eq!(refusal.to_string(), "leaf 0 needs 6 free ports and has 4");
    assert_eq!(find(optics(4, 0.5)), Feasibility::Starts { rate: 0.5 });
    // The triangle: 24 GPUs on three leaves want floor(8/2) = 4 a pair; with 8 uplinks, degree 8, an odd one is left over.
    // Spread over four leaves (6 GPUs each, 2 a pair) they start.
    let triangle = job(2, JobKind::Dlrm, 24, 1.0);
    let mut cluster = Cluster::new(SHAPE, optics(8, 1.0)).unwrap();
    let packed = place(&mut Packed {}, &cluster, &triangle).unwrap();
    assert_eq!(cluster.start(&triangle, packed).unwrap_err().cause(), "colouring");
    assert_eq!(
        feasibility(SHAPE, optics(8, 1.0), &triangle).unwrap(),
        Feasibility::Starts { rate: 1.0 }
    );
    let large = job(3, JobKind::Dlrm, 33, 1.0);
    let found = feasibility(SHAPE, Fabric::NonBlocking, &large).unwrap();
    assert_eq!(found, Feasibility::TooLarge { wanted: 33, gpus: 32 });
}

fn order(policy: &mut dyn QueuePolicy, waiting: &[WaitingJob]) -> Vec<usize> {
    policy.check().unwrap();
    let cluster = Cluster::new(SHAPE, Fabric::NonBlocking).unwrap();
    policy.order(&QueueView { now_s: 0.0, waiting, running: &[], cluster: &cluster })
}

#[test]
fn queues_order_as_their_names_say() {
    let waiting = |id, gpus, duration_s, attained_s| {
        let job = job(id, JobKind::Llm, gpus, duration_s);
        WaitingJob { job, attained_s, remaining_s: duration_s - attained_s }
    };
    let jobs = [
        waiting(0, 8, 5000.0, 0.0),
        waiting(1, 1, 4000.0, 3900.0),
        waiting(2, 2, 300.0, 0.0),
        waiting(3, 8, 9000.0, 5000.0),
    ];
    assert_eq!(order(&mut Fifo::default(), &jobs), [0, 1, 2, 3]);
    assert_eq!(order(&mut ShortestFirst {}, &jobs), [2, 1, 0, 3]);
    assert_eq!(order(&mut ShortestRemaining {}, &jobs), [1, 2, 3, 0]);
    // 3900 GPU-seconds are in the second step, 40 000 in the third.
    assert_eq!(order(&mut LeastAttained::default(), &jobs), [0, 2, 1, 3]);
    let bad = LeastAttained { steps_gpu_s: vec![2.0, 1.0] };
    assert_eq!(bad.check().unwrap_err().to_string(), "steps must be above 0 and ascend");
}

/// Services of 1 and 9: at 0 the best while is 1, at which one of two ends after 2 GPU-seconds of both; after 1 the one that is left
/// ends in 8. With one service the index is one over what is left.
#[test]
fn gittins_indices_are_those_of_their_definition() {
    let gittins = Gittins { services_gpu_s: vec![9.0, 1.0] };
    assert_eq!(gittins.index(0.0), 0.5);
    assert_eq!(gittins.index(1.0), 1.0 / 8.0);
    assert_eq!(gittins.index(9.0), 0.0);
    let one = Gittins { services_gpu_s: vec![10.0] };
    assert_eq!([0.0, 5.0, 9.0].map(|attained| one.index(attained)), [0.1, 0.2, 1.0]);
    assert!(Gittins { services_gpu_s: vec![] }.check().is_err());
    let waiting =
        |attained_s| WaitingJob { attained_s, ..WaitingJob::new(job(0, JobKind::Llm, 1, 10.0)) };
    // A fresh job has 1/2, one that has outlived the short ones 1/8, one that is all but done 1.
    let mut policy = gittins;
    assert_eq!(order(&mut policy, &[waiting(2.0), waiting(0.0), waiting(8.0)]), [2, 1, 0]);
}

#[test]
fn a_reservation_admits_what_does_not_delay_it() {
    // 4 free, 8 wanted: 2 more at 10 s, 6 more at 20 s: then 12, of which 4 are to spare.
    let mut reservation = Reservation::of(8, 4, &[(20.0, 6), (10.0, 2)]);
    assert_eq!(reservation, Reservation { at_s: 20.0, spare: 4 });
    let waiting = |gpus, duration_s| WaitingJob::new(job(0, JobKind::Llm, gpus, duration_s));
    assert!(reservation.admits(5.0, &waiting(4, 15.0)));
    assert!(reservation.admits(5.0, &waiting(3, 100.0)));
    assert!(!reservation.admits(5.0, &waiting(2, 100.0)));
    assert_eq!(Reservation::of(99, 4, &[(1.0, 2)]).at_s, f64::INFINITY);
}

/// 32 GPUs: 20 run until 100 s. A wants 32, B 12 for 50 s. In order A starts at 100 s and B after it, beyond the horizon;
/// B first does 12 x 50 and then A 32 x 100 of 32 x 200.
#[test]
fn the_oracle_plays_orders_through() {
    let mut cluster = Cluster::new(SHAPE, Fabric::NonBlocking).unwrap();
    let first = job(9, JobKind::Llm, 20, 100.0);
    let place = place(&mut Packed {}, &cluster, &first).unwrap();
    cluster.start(&first, place).unwrap();
    let running = [RunningJob { state: WaitingJob::new(first), end_s: 100.0 }];
    let waiting = [job(0, JobKind::Llm, 32, 500.0), job(1, JobKind::Llm, 12, 50.0)].map(WaitingJob::new);
    let view = QueueView { now_s: 0.0, waiting: &waiting, running: &running, cluster: &cluster };
    let mut oracle = OraclePredictor { horizon_s: 200.0 };
    assert_eq!(oracle.score(&view, &[0, 1]), 0.5);
    assert_eq!(oracle.score(&view, &[1, 0]), 0.5 + 600.0 / 6400.0);
    let mut policy = WindowPermutation::new(5, Discipline::Strict, oracle);
    assert_eq!(policy.order(&view), [1, 0]);
    policy.window = 1;
    assert_eq!(policy.order(&view), [0, 1]);
    policy.window = 9;
    assert_eq!(policy.check().unwrap_err().to_string(), "the window is 9, but must be from 1 to 8");
    let small =
        LinearPredictor { gpus: -1.0, hours: 0.0, waited_hours: 0.0, communication: 0.0, discount: 0.5 };
    let mut policy = WindowPermutation::new(5, Discipline::Strict, small);
    assert_eq!(policy.order(&view), [1, 0]);
}

#[test]
fn looking_ahead_leaves_room_for_the_next() {
    // Leaf 0 has 2, leaf 1 has 5, the others 8; two circuits a leaf and switch.
    let cluster = used(optics(8, 1.0));
    let now = job(1, JobKind::Dlrm, 2, 1.0);
    let next =
        [job(2, JobKind::Dlrm, 5, 1.0), job(3, JobKind::Dlrm, 8, 1.0), job(4, JobKind::Dlrm, 8, 1.0)];
    let view = &mut PlacementView { cluster: &cluster, job: &now, next: &next, random: &mut random() };
    let found = LookAhead::default().place(view).unwrap();
    assert_eq!(leaves(&cluster, &found), [(0, 2)]);
}

/// 32 GPUs, of which two jobs have 16 each: 900 s and 50 s are left of them. One of 100 s with 16 GPUs waits: the first gives way, by
/// what is left, and nobody by when they came.
#[test]
fn who_has_more_left_gives_way() {
    let mut cluster = Cluster::new(SHAPE, Fabric::NonBlocking).unwrap();
    let mut running = Vec::new();
    for (id, remaining_s) in [(0, 900.0), (1, 50.0)] {
        let job = job(id, JobKind::Llm, 16, 1000.0);
        let found = place(&mut Packed {}, &cluster, &job).unwrap();
        cluster.start(&job, found).unwrap();
        let state = WaitingJob { job, attained_s: 1000.0 - remaining_s, remaining_s };
        running.push(RunningJob { state, end_s: remaining_s });
    }
    let late = TrainingJob { submit_s: 1.0, ..job(2, JobKind::Llm, 16, 100.0) };
    let waiting = [WaitingJob::new(late)];
    let view = QueueView { now_s: 0.0, waiting: &waiting, running: &running, cluster: &cluster };
    assert_eq!(giving_way(&view, &ShortestRemaining {}), [0]);
    assert!(giving_way(&view, &Fifo::default()).is_empty());
    // The fresh one has had nothing; of 1600 and 15 200 GPU-seconds the latter is in the next step.
    assert_eq!(giving_way(&view, &LeastAttained::default()), [1]);
}

#[test]
fn a_cluster_of_65_536_gpus_is_filled_and_emptied() {
    let shape = ClusterShape { leaves: 2048, servers_per_leaf: 4, gpus_per_server: 8 };
    let mut cluster = Cluster::new(shape, Fabric::NonBlocking).unwrap();
    assert_eq!(cluster.free(), 65_536);
    for id in 0..4096 {
        let job = job(id, JobKind::Llm, 16, 1.0);
        let found = place(&mut Packed {}, &cluster, &job).unwrap();
        assert_eq!(found.leaves(shape).len(), 1);
        cluster.start(&job, found).unwrap();
    }
    assert_eq!((cluster.free(), cluster.utilisation()), (0, 1.0));
    (0..4096).for_each(|id| {
        cluster.end(id);
    });
    assert_eq!(cluster.free(), 65_536);
}
