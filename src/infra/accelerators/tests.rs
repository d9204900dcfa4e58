use super::*;
use crate::engine::{SimDuration, SimTime};
use proptest::prelude::*;

const T4: u16 = 1;
const GPU: u16 = 0;
const NODE: NodeId = NodeId(2);

/// A device of 1000 GFLOPS and 1000 bytes.
fn spec(sharing: AcceleratorSharing, count: u32) -> AcceleratorSpec {
    AcceleratorSpec { sharing, count, ..AcceleratorSpec::new(T4, GPU, 1000.0, 1000.0) }
}

fn accelerators(spec: AcceleratorSpec) -> Accelerators {
    let mut made = Accelerators::default();
    made.add_node(NodeId(0), &[]);
    made.add_node(NodeId(1), &[]);
    made.add_node(NODE, &[spec]);
    made.add_node(NodeId(3), &[]);
    made
}

fn owner(token: u64) -> Owner {
    Owner { workload: 0, token }
}

fn at(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// Submits parts at times in seconds and tells when each was done, by the order of submission.
fn ends(spec: AcceleratorSpec, parts: &[(f64, AcceleratorRequest)]) -> Vec<f64> {
    let mut all = accelerators(spec);
    let group = AcceleratorGroupId(0);
    let mut ends = vec![f64::NAN; parts.len()];
    let mut next = 0;
    loop {
        let due = all.groups[0].next_due();
        let arrival = parts.get(next).map(|(time, _)| at(*time));
        match (due, arrival) {
            (Some(due), arrival) if arrival.is_none_or(|arrival| due <= arrival) => {
                while let Some((_, job)) = all.pop_done(due, group) {
                    ends[job.owner.token as usize] = due.as_secs();
                }
            }
            (_, Some(arrival)) => {
                all.submit(arrival, NODE, parts[next].1, owner(next as u64)).unwrap();
                next += 1;
            }
            _ => return ends,
        }
    }
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found} instead of {expected}");
    }
}

#[test]
fn a_task_alone_takes_launch_copies_and_work() {
    // 0.1 ms + (0.5 ms + 15.75 MB / 15.75 GB/s) + 81 GFLOP / 8100 GFLOPS + (0.5 ms + 1.575 MB / 15.75 GB/s).
    let t4 = AcceleratorSpec {
        link_bytes_per_s: 15.75e9,
        link_latency_s: 0.5e-3,
        launch_s: 0.1e-3,
        context_switch_s: 1e-3,
        ..AcceleratorSpec::new(T4, GPU, 8100.0, 16e9)
    };
    let mut part = AcceleratorRequest::new(GPU, 81.0);
    (part.input_bytes, part.output_bytes) = (15.75e6, 1.575e6);
    let alone_s = 0.1e-3 + 1.5e-3 + 10e-3 + 0.6e-3;
    near(&ends(t4.clone(), &[(1.0, part)]), &[1.0 + alone_s]);
    let estimate = accelerators(t4.clone()).estimated_s(SimTime::ZERO, NODE, &part).unwrap();
    near(&[estimate], &[alone_s]);
    // On one of two slots at half the speed; the second that comes waits for a context switch, too.
    let slots = AcceleratorSpec { sharing: AcceleratorSharing::Slots(2), ..t4.clone() };
    near(&ends(slots, &[(0.0, part), (1e-3, part)]), &[alone_s + 10e-3, 1e-3 + 1e-3 + alone_s + 10e-3]);
    // Memory traffic that takes longer than the arithmetic decides: 6.4 GB at 320 GB/s are 20 ms.
    part.traffic_bytes = 6.4e9;
    near(&ends(AcceleratorSpec { memory_bytes_per_s: 320e9, ..t4 }, &[(0.0, part)]), &[alone_s + 10e-3]);
}

#[test]
fn speeds_by_kind_of_work_and_measured_times_go_before() {
    let own = AcceleratorSpec {
        gflops_of: vec![(7, 4000.0)],
        launch_s: 0.5,
        ..spec(AcceleratorSharing::Exclusive, 1)
    };
    let mut part = AcceleratorRequest::new(T4, 2000.0);
    near(&ends(own.clone(), &[(0.0, part)]), &[2.5]);
    part.work_kind = Some(7);
    near(&ends(own.clone(), &[(0.0, part)]), &[1.0]);
    part.measured.add(T4, 0.25);
    near(&ends(own.clone(), &[(0.0, part)]), &[0.25]);
    // Measured elsewhere only, and no work known: it cannot run here.
    let mut elsewhere = MeasuredTimes::default();
    elsewhere.add(9, 0.25);
    (part.measured, part.work_gflop) = (elsewhere, None);
    assert!(!accelerators(own).can_serve(NODE, &part));
}

#[test]
fn exclusive_devices_serve_in_order() {
    let parts = [1000.0, 3000.0, 1000.0, 1000.0].map(|gflop| (0.0, AcceleratorRequest::new(GPU, gflop)));
    // Two devices: 0-1 and 0-3, then 1-2, then 2-3.
    near(&ends(spec(AcceleratorSharing::Exclusive, 2), &parts), &[1.0, 3.0, 2.0, 3.0]);
}

#[test]
fn slots_have_a_fixed_share() {
    let part = AcceleratorRequest::new(GPU, 1000.0);
    let two = AcceleratorRequest { share: AcceleratorShare::Slots(2), ..part };
    let half = AcceleratorRequest { share: AcceleratorShare::Fraction(0.5), ..part };
    let all = AcceleratorRequest { share: AcceleratorShare::Fraction(1.0), ..part };
    let slots = || spec(AcceleratorSharing::Slots(4), 1);
    near(&ends(slots(), &[(0.0, part)]), &[4.0]);
    // One slot, two, two: the last waits until the first two leave at 2 s, then takes 2 s.
    near(&ends(slots(), &[(0.0, part), (0.0, two), (0.0, half)]), &[4.0, 2.0, 4.0]);
    near(&ends(slots(), &[(0.0, all)]), &[1.0]);
    // A slot has a quarter of the memory.
    let fat = AcceleratorRequest { memory_bytes: 251.0, ..part };
    let made = accelerators(slots());
    assert!(!made.can_serve(NODE, &fat));
    assert!(made.can_serve(NODE, &AcceleratorRequest { share: AcceleratorShare::Slots(2), ..fat }));
    assert!(!made.can_serve(NODE, &AcceleratorRequest { share: AcceleratorShare::Slots(5), ..part }));
    let whole = accelerators(spec(AcceleratorSharing::Exclusive, 1));
    assert!(!whole.can_serve(NODE, &two));
}

#[test]
fn fractions_share_what_nobody_uses() {
    let ask = |share, gflop| AcceleratorRequest {
        share: AcceleratorShare::Fraction(share),
        ..AcceleratorRequest::new(GPU, gflop)
    };
    let shared = || spec(AcceleratorSharing::Fraction, 1);
    // Alone, a quarter of the device has all of it.
    near(&ends(shared(), &[(0.0, ask(0.25, 1000.0))]), &[1.0]);
    // 0.5 and 0.25: two thirds and one third. The first is done after 1.5 s; the second has then 500 left, at full
    // speed.
    near(&ends(shared(), &[(0.0, ask(0.5, 1000.0)), (0.0, ask(0.25, 1000.0))]), &[1.5, 2.0]);
    // The third does not fit beside them, and starts at 1.5 s: 0.25 and 0.75 for 500 and 1000.
    // 1000 / 750 = 4/3 s against 500 / 250 = 2 s: it ends at 17/6 s, with 1/6 left of the second.
    let three = [(0.0, ask(0.5, 1000.0)), (0.0, ask(0.25, 1000.0)), (0.0, ask(0.75, 1000.0))];
    near(&ends(shared(), &three), &[1.5, 3.0, 17.0 / 6.0]);
}

#[test]
fn memory_is_held_and_queues_are_limited() {
    let part = AcceleratorRequest { memory_bytes: 600.0, ..AcceleratorRequest::new(GPU, 1000.0) };
    // Two do not fit at once, though the fractions do.
    near(&ends(spec(AcceleratorSharing::Fraction, 1), &[(0.0, part), (0.0, part)]), &[1.0, 2.0]);
    let limited = AcceleratorSpec { queue_limit: 1, ..spec(AcceleratorSharing::Fraction, 1) };
    let mut all = accelerators(limited);
    let first = all.submit(at(0.0), NODE, part, owner(0)).unwrap();
    all.submit(at(0.0), NODE, part, owner(1)).unwrap();
    assert_eq!(all.submit(at(0.0), NODE, part, owner(2)), Err(Refusal::Queue));
    assert_eq!(all.estimated_s(at(0.0), NODE, &part), None);
    let fat = AcceleratorRequest { memory_bytes: 1001.0, ..part };
    assert_eq!(all.submit(at(0.0), NODE, fat, owner(3)), Err(Refusal::Accelerator));
    assert_eq!(all.submit(at(0.0), NodeId(3), part, owner(3)), Err(Refusal::Accelerator));
    assert_eq!(all.memory_bytes(NODE, GPU), Some((0.0, 1000.0)));
    assert_eq!(all.load(NODE, GPU), Some(0.2));
    // What waits takes the place of what is cancelled.
    all.cancel(at(0.5), first).unwrap();
    assert_eq!((all.running(AcceleratorGroupId(0)), all.waiting(AcceleratorGroupId(0))), (1, 0));
    assert_eq!(all.memory_bytes(NODE, T4), Some((400.0, 1000.0)));
    assert_eq!((all.load(NODE, 9), all.load(NodeId(0), GPU)), (None, None));
}

#[derive(Clone, Debug)]
enum Step {
    Submit { gflop: f64, memory: f64, share: AcceleratorShare, input: f64, output: f64 },
    Cancel(usize),
    Clear,
    Wait(f64),
}

fn shares() -> impl Strategy<Value = AcceleratorShare> {
    prop_oneof![
        Just(AcceleratorShare::Least),
        (0.0..=1.0f64).prop_map(AcceleratorShare::Fraction),
        (1..5u32).prop_map(AcceleratorShare::Slots),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0.0..3000.0f64, 0.0..1100.0f64, shares(), 0.0..50.0f64, 0.0..50.0f64).prop_map(
            |(gflop, memory, share, input, output)| Step::Submit { gflop, memory, share, input, output }
        ),
        2 => (0..64usize).prop_map(Step::Cancel),
        1 => Just(Step::Clear),
        6 => (0.0..3.0f64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

fn sharings() -> impl Strategy<Value = AcceleratorSharing> {
    prop_oneof![
        Just(AcceleratorSharing::Exclusive),
        (1..6u32).prop_map(AcceleratorSharing::Slots),
        Just(AcceleratorSharing::Fraction),
    ]
}

proptest! {
    /// No device is over its share or memory, each part ends once, and the devices have computed as long as the
    /// finished work takes, if nothing was taken off.
    #[test]
    fn shares_memory_and_work_are_conserved(
        steps in steps(),
        sharing in sharings(),
        count in 1..4u32,
        queue_limit in 0..6usize,
    ) {
        let own = AcceleratorSpec {
            queue_limit,
            link_bytes_per_s: 100.0,
            link_latency_s: 0.01,
            launch_s: 0.02,
            context_switch_s: 0.05,
            max_w: 100.0,
            ..spec(sharing, count)
        };
        let mut all = accelerators(own);
        let group = AcceleratorGroupId(0);
        let (mut now, mut token) = (SimTime::ZERO, 0);
        let mut live: Vec<(AcceleratorJobId, u64)> = Vec::new();
        let (mut finished_gflop, mut completed, mut taken_off) = (0.0, 0, 0);
        for step in steps.into_iter().chain([Step::Wait(1e6)]) {
            match step {
                Step::Submit { gflop, memory, share, input, output } => {
                    let mut part = AcceleratorRequest { share, ..AcceleratorRequest::new(GPU, gflop) };
                    (part.memory_bytes, part.input_bytes, part.output_bytes) = (memory.floor(), input, output);
                    let expected = all.estimated_s(now, NODE, &part);
                    let submitted = all.submit(now, NODE, part, owner(token));
                    prop_assert_eq!(expected.is_some(), submitted.is_ok());
                    prop_assert!(expected.is_none_or(|seconds| seconds >= 0.0 && seconds.is_finite()));
                    live.extend(submitted.ok().map(|id| (id, token)));
                    token += 1;
                    all.meter(now, NODE, true);
                }
                Step::Cancel(which) if !live.is_empty() => {
                    let (id, token) = live.swap_remove(which % live.len());
                    prop_assert_eq!(all.cancel(now, id).unwrap().owner.token, token);
                    taken_off += 1;
                    all.meter(now, NODE, true);
                }
                Step::Cancel(_) => {}
                Step::Clear => {
                    while let Some((_, job)) = all.pop_any(now, group) {
                        let place = live.iter().position(|&(_, own)| own == job.owner.token).unwrap();
                        live.swap_remove(place);
                        taken_off += 1;
                    }
                    prop_assert!(live.is_empty());
                    all.meter(now, NODE, true);
                }
                Step::Wait(span) => {
                    let until = now + SimDuration::from_secs(span);
                    while let Some(due) = all.groups[0].next_due().filter(|&due| due <= until) {
                        prop_assert!(due >= now);
                        now = due;
                        while let Some((_, job)) = all.pop_done(now, group) {
                            let place = live.iter().position(|&(_, own)| own == job.owner.token).unwrap();
                            live.swap_remove(place);
                            finished_gflop += job.request.work_gflop.unwrap();
                            completed += 1;
                        }
                        all.meter(now, NODE, true);
                    }
                    now = now.max(until);
                }
            }
            for (held, bytes, capacity) in all.groups[0].devices_held() {
                prop_assert!(held <= capacity);
                prop_assert!((0.0..=1000.0).contains(&bytes));
            }
            prop_assert!(all.busy_devices(group) <= f64::from(count));
            prop_assert_eq!(all.running(group) as usize + all.waiting(group), live.len());
        }
        prop_assert!(live.is_empty(), "a part was lost");
        prop_assert_eq!(all.done(group), completed);
        prop_assert_eq!((all.load(NODE, GPU), all.held_bytes(group)), (Some(0.0), 0.0));
        let busy_s = all.busy_s(group, now);
        prop_assert!((all.energy_j(group, now) - 100.0 * busy_s).abs() < 1e-6);
        let work_s = finished_gflop / 1000.0;
        if taken_off == 0 {
            prop_assert!((busy_s - work_s).abs() < 1e-5, "{} against {}", busy_s, work_s);
        } else {
            prop_assert!(busy_s >= work_s - 1e-5);
        }
    }
}
