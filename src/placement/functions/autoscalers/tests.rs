//! Autoscalers by hand.

use super::knative::State;
use super::*;
use crate::apps::replica_allocation::{FunctionProblem, ObservedStreams, ReplicaAllocationRequest};
use crate::engine::{RandomStreams, SimTime};
use crate::infra::NodeId;
use crate::placement::functions::{Instance, InstanceParts, ReplicaAllocationPolicy};
use crate::units::Ratio;
use proptest::prelude::*;

fn seconds(value: f64) -> Duration {
    Duration::from_secs(value)
}

/// Requests at a time, that change at the times that are told: `(from, how many)`.
fn mean(steps: &[(f64, f64)], now_s: f64, window_s: f64) -> f64 {
    let from_s = now_s - window_s;
    let part = |(i, &(at_s, value)): (usize, &(f64, f64))| {
        let end_s = steps.get(i + 1).map_or(now_s, |next| next.0.min(now_s));
        value * (end_s - at_s.max(from_s)).max(0.0)
    };
    steps.iter().enumerate().map(part).sum::<f64>() / window_s
}

/// 10 at a time become 100 at second 0, and none at 100, with 10 a replica; replicas start at once.
///
/// At 2 s the panic window has (2 * 100 + 4 * 10) / 6 = 40, which 4 replicas serve: 4 times what there is, panic. At 4 s it
/// has 70, at 6 s 100. It ends 60 s after 2 s, when the stable window has 100, too. From 100 s on the stable window has
/// 100 (160 - t) / 60, so that the second replica goes at 154 s and none is wanted from 160 s on; the last one stays
/// for 30 s more.
#[test]
fn knative_steps_by_hand() {
    let scaler = Knative { target: 10.0, utilisation: Ratio::from_fraction(1.0), ..Knative::default() };
    let load = [(-60.0, 10.0), (0.0, 100.0), (100.0, 0.0)];
    let (mut state, mut ready) = (State::default(), 1);
    for tick in 0..=100 {
        let now_s = 2.0 * f64::from(tick);
        let means = [60.0, 6.0].map(|window_s| mean(&load, now_s, window_s));
        ready = scaler.desired(&mut state, now_s, ready, means, (false, 1000));
        let expected = match tick {
            0 => 1,
            1 => 4,
            2 => 7,
            3..=50 => 10,
            51..=79 => (10.0 * (160.0 - now_s) / 60.0).ceil() as u32,
            80..=94 => 1,
            _ => 0,
        };
        assert_eq!(ready, expected, "at {now_s} s");
        assert_eq!(state.panic_s.is_some(), (1..=31).contains(&tick), "at {now_s} s");
    }
    // Back from none, which counts as one: 10 replicas are 10 times that.
    ready = scaler.desired(&mut state, 202.0, 0, [100.0 / 30.0, 100.0 / 3.0], (false, 1000));
    assert_eq!((ready, state.panic_s), (4, Some(202.0)));
    // One that has just come is in no mean yet.
    assert_eq!(scaler.desired(&mut State::default(), 0.0, 0, [0.0, 0.0], (true, 1000)), 1);
}

/// In panic nothing falls, though the stable window wants less; outside of it at most half goes at once, and at most
/// `max_up` times as many come.
#[test]
fn knative_bounds_by_hand() {
    let scaler = Knative { target: 1.0, utilisation: Ratio::from_fraction(1.0), ..Knative::default() };
    let mut state = State::default();
    assert_eq!(scaler.desired(&mut state, 0.0, 2, [3.0, 8.0], (false, 1000)), 8);
    assert_eq!(scaler.desired(&mut state, 2.0, 8, [3.0, 0.0], (false, 1000)), 8);
    assert_eq!(scaler.desired(&mut state, 60.0, 8, [3.0, 0.0], (false, 1000)), 8);
    assert_eq!(scaler.desired(&mut state, 62.0, 8, [3.0, 0.0], (false, 1000)), 4);
    assert_eq!(scaler.desired(&mut state, 64.0, 4, [3.0, 0.0], (false, 1000)), 3);
    let slow = Knative { max_up: 1.1, panic_threshold: 100.0, ..scaler.clone() };
    assert_eq!(slow.desired(&mut State::default(), 0.0, 2, [30.0, 30.0], (false, 1000)), 3);
}

/// The default target is 70 at a time: 71 need two replicas.
#[test]
fn knative_aims_at_part_of_the_target() {
    let scaler = Knative::default();
    assert_eq!(scaler.desired(&mut State::default(), 0.0, 1, [70.0, 70.0], (false, 1000)), 1);
    assert_eq!(scaler.desired(&mut State::default(), 0.0, 1, [71.0, 71.0], (false, 1000)), 2);
    // A replica that serves 10 at once is to have 7.
    assert_eq!(scaler.desired(&mut State::default(), 0.0, 10, [71.0, 71.0], (false, 10)), 11);
}

/// ceil( ready busy / 0.5 ), unless that is within 10 %; at most 4 or as many as there are more at once.
#[test]
fn horizontal_by_hand() {
    let scaler = Horizontal::default();
    for (current, ready, starting, busy, expected) in [
        (4, 4, 0, 0.52, 4),
        (4, 4, 0, 0.7, 6),
        (1, 1, 0, 1.0, 2),
        (10, 10, 0, 0.56, 12),
        // Two that start count as idle: 0.9 / 0.5 * 2 / 4 < 1.
        (4, 2, 2, 0.9, 4),
        // One does: 1.0 / 0.5 * 4 / 5 = 1.6, and 1.6 * 5 = 8.
        (5, 4, 1, 1.0, 8),
        // Nothing is known of none.
        (3, 0, 3, 0.0, 3),
        (0, 0, 0, 0.0, 1),
    ] {
        let found = scaler.desired(&mut Default::default(), 0.0, current, [ready, starting], busy);
        assert_eq!(found, expected, "{current} {ready} {starting} {busy}");
    }
    let cautious = Horizontal { target: Ratio::from_fraction(0.1), ..scaler };
    assert_eq!(cautious.desired(&mut Default::default(), 0.0, 2, [2, 0], 1.0), 6);
    assert_eq!(cautious.desired(&mut Default::default(), 0.0, 20, [20, 0], 1.0), 40);
}

/// What was there first, and what was wanted later, holds for 300 s; then 0.1 / 0.5 of 8 are 2.
#[test]
fn horizontal_falls_after_five_minutes() {
    let scaler = Horizontal::default();
    let mut wishes = Default::default();
    let mut current = 8;
    for tick in 0..=40 {
        let now_s = 15.0 * f64::from(tick);
        // At 60 s all are busy for once.
        let busy = if tick == 4 { 0.4 } else { 0.1 * 8.0 / f64::from(current) };
        current = scaler.desired(&mut wishes, now_s, current, [current, 0], busy);
        let expected = match tick {
            0..=20 => 8,
            // 0.4 / 0.5 of 8 were 7 at 60 s.
            21..=24 => 7,
            _ => 2,
        };
        assert_eq!(current, expected, "at {now_s} s");
    }
}

#[test]
fn rate_by_hand() {
    let scaler = RequestRate::default();
    for (ready, starting, rate_rps, expected) in [
        (2, 0, 20.0, 5),
        // 4.2 and 3.6 are within 10 % of 4, 3.5 is not: ceil(5 * 3.5 / 4).
        (5, 0, 21.0, 5),
        (5, 0, 18.0, 5),
        (5, 0, 17.5, 5),
        (5, 0, 16.0, 4),
        (5, 0, 0.0, 1),
        // With those that start the mean is 4, which is what it should be.
        (2, 3, 20.0, 5),
        // It would be 8: ceil(2 * 20 / 4) in place of the two that are ready.
        (2, 3, 40.0, 13),
        // 6 in place of 5, but 1.5 a replica when all have started: nothing is done.
        (5, 15, 30.0, 20),
        (0, 2, 20.0, 2),
        (0, 0, 20.0, 1),
    ] {
        assert_eq!(scaler.desired(ready, starting, rate_rps), expected, "{ready} {starting} {rate_rps}");
    }
}

#[test]
fn queue_by_hand() {
    let scaler = QueueLength::default();
    for (ready, starting, queued, expected) in [
        (2, 0, 300, 4),
        // 151 of two are 76 each.
        (2, 0, 151, 2),
        (4, 0, 0, 1),
        (1, 0, 1000, 14),
        (1, 13, 1000, 14),
        (0, 0, 1000, 1),
    ] {
        assert_eq!(scaler.desired(ready, starting, queued), expected, "{ready} {starting} {queued}");
    }
}

/// What is told of streams that are all alike but for their replicas.
#[derive(Debug)]
struct Told {
    ready: Vec<u32>,
    starting: Vec<u32>,
    queued: u32,
}

impl ObservedStreams for Told {
    fn ready(&self, stream: usize) -> u32 {
        self.ready[stream]
    }

    fn starting(&self, stream: usize) -> u32 {
        self.starting[stream]
    }

    fn target(&self, stream: usize) -> u32 {
        self.ready[stream] + self.starting[stream]
    }

    fn queued(&self, _: usize) -> u32 {
        self.queued
    }

    fn in_flight(&self, _: usize) -> u32 {
        0
    }

    fn arrivals_rps(&self, _: usize, _: f64) -> f64 {
        f64::from(self.queued)
    }

    fn concurrency(&self, _: usize, _: f64) -> f64 {
        f64::from(self.queued)
    }

    fn busy_share(&self, _: usize, _: f64) -> f64 {
        1.0
    }

    fn is_up(&self, _: usize) -> bool {
        true
    }
}

/// Asks about a node with so much memory and functions that need so much of it each.
fn ask(
    policy: &mut dyn ReplicaAllocationPolicy,
    told: &Told,
    memory_mb: u64,
    requirement_mb: &[u64],
    [minimum, maximum]: [u32; 2],
) -> Vec<u32> {
    let functions = requirement_mb.len();
    let table = || vec![vec![1.0; functions]];
    let parts = InstanceParts {
        memory_capacity_mb: vec![memory_mb],
        memory_requirement_mb: requirement_mb.to_vec(),
        max_utilisation: vec![1.0; functions],
        demand_s: table(),
        alpha: table(),
        gamma: table(),
        delta: table(),
        load_rps: table(),
        ..InstanceParts::default()
    };
    let mut instance = Instance::new(parts, |_, _, _| 0.0).unwrap();
    let problem = FunctionProblem {
        nodes: vec![NodeId(0)],
        functions,
        minimum: vec![minimum; functions],
        maximum: vec![maximum; functions],
        ..FunctionProblem::default()
    };
    let loads = vec![1.0; functions];
    let request = ReplicaAllocationRequest {
        epoch: 0,
        is_first: true,
        loads_rps: &loads,
        memory_mb: &[memory_mb],
        observed: told,
        served_share: None,
        cold_share: None,
    };
    let mut random = RandomStreams::new(1).stream("test");
    let (now, instance) = (SimTime::ZERO, &mut instance);
    let mut view = AllocationView::new(now, 0, &problem, &request, instance, None, &mut random);
    policy.allocate(&mut view).unwrap().replicas
}

/// 10 replicas of 100 MB, or 5 and 2 of 100 and 200 MB: what is there stays, then each gets one in turn.
#[test]
fn memory_is_given_in_turn() {
    let mut scaler = Knative { target: 1.0, ..Knative::default() };
    let told = Told { ready: vec![0, 0], starting: vec![0, 0], queued: 100 };
    let mut of = |told: &Told, bounds| ask(&mut scaler, told, 1000, &[100, 200], bounds);
    assert_eq!(of(&told, [0, 1000]), [4, 3]);
    assert_eq!(of(&told, [0, 2]), [2, 2]);
    let told = Told { ready: vec![1, 3], starting: vec![0, 1], queued: 100 };
    assert_eq!(of(&told, [0, 1000]), [2, 4]);
}

#[test]
fn per_request_starts_none_but_the_minimum() {
    let told = Told { ready: vec![5], starting: vec![0], queued: 7 };
    assert_eq!(ask(&mut PerRequest {}, &told, 1000, &[100], [2, 10]), [2]);
}

#[test]
fn what_makes_no_autoscaler_is_told() {
    let place = |policy: &dyn ReplicaAllocationPolicy| policy.check().unwrap_err().steps;
    let key = |name: &str| vec![crate::placement::Step::Key(name.to_owned())];
    assert_eq!(place(&Knative { target: 0.0, ..Knative::default() }), key("target"));
    assert_eq!(place(&Knative { period: seconds(0.0), ..Knative::default() }), key("period"));
    assert_eq!(place(&Knative { max_down: 0.5, ..Knative::default() }), key("max_down"));
    assert_eq!(place(&Horizontal { up_factor: 0.0, ..Horizontal::default() }), key("up_factor"));
    assert_eq!(place(&RequestRate { target_rps: -1.0, ..RequestRate::default() }), key("target_rps"));
    assert_eq!(place(&QueueLength { period: seconds(0.0), ..QueueLength::default() }), key("period"));
}

proptest! {
    /// Whatever an autoscaler wants, memory holds it, bounds hold, and nothing that would still fit is left out.
    #[test]
    fn what_is_given_fits(
        memory_mb in 0u64..5000,
        streams in prop::collection::vec((1u64..600, 0u32..5, 0u32..5), 1..5),
        queued in 0u32..300,
        maximum in 0u32..20,
    ) {
        let requirement_mb: Vec<u64> = streams.iter().map(|own| own.0).collect();
        let told = Told {
            ready: streams.iter().map(|own| own.1).collect(),
            starting: streams.iter().map(|own| own.2).collect(),
            queued,
        };
        let policies: [&mut dyn ReplicaAllocationPolicy; 5] = [
            &mut Knative { target: 5.0, ..Knative::default() },
            &mut Horizontal::default(),
            &mut RequestRate::default(),
            &mut QueueLength::default(),
            &mut PerRequest {},
        ];
        for policy in policies {
            let given = ask(policy, &told, memory_mb, &requirement_mb, [0, maximum]);
            let held_mb: u64 = given.iter().zip(&requirement_mb).map(|(&count, own)| u64::from(count) * own).sum();
            prop_assert!(held_mb <= memory_mb);
            prop_assert!(given.iter().all(|&count| count <= maximum));
        }
    }
}
