//! Hand-computed cases, and random histories against an independent oracle.

use super::*;
use crate::engine::{RandomStreams, SimDuration};
use proptest::prelude::*;
use rand::RngExt;
use std::collections::BTreeMap;

const FREE: f64 = f64::INFINITY;

fn at(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn links(share: &mut FairShare, capacities: &[f64]) -> Vec<LinkIndex> {
    capacities.iter().map(|&capacity| share.add_link(capacity)).collect()
}

#[track_caller]
fn assert_rates(share: &FairShare, expected: &[(FlowIndex, f64)]) {
    for (place, &(flow, rate)) in expected.iter().enumerate() {
        let found = share.rate(flow);
        assert!((found - rate).abs() <= 1e-12 * rate, "flow {place}: {found}, not {rate}");
    }
    check_invariants(share);
}

/// What makes the rates max-min fair, and what makes them cheap to keep.
#[track_caller]
fn check_invariants(share: &FairShare) {
    assert!(share.dirty.is_empty());
    for (index, link) in share.links.iter().enumerate() {
        assert_eq!(link.saturated, !link.members.is_empty(), "a group has members: {index}");
        let used = share.use_by_others(index as u32);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        if link.saturated {
            let count = link.members.len() as f64;
            assert!(
                near(used + count * link.level, link.capacity),
                "saturated: {index}: {used} + {count} * {}, not {}; rebuilds {}",
                link.level,
                link.capacity,
                share.rebuilds
            );
            assert!((link.allotted - used).abs() <= 1e-9 * link.capacity, "{index}");
        } else {
            assert!(used <= link.capacity * (1.0 + 1e-9), "within its capacity: {index}");
            assert!(link.allotted <= link.capacity * (1.0 + 1e-9), "{index}");
        }
        for &id in &link.crossings {
            let crossing = &share.crossings[id as usize];
            let level = share.links[crossing.group as usize].level;
            assert!(!crossing.flows.is_empty());
            if link.saturated {
                assert!(level <= link.level * (1.0 + 1e-9), "no rival is faster: {index}");
            } else {
                assert!(share.use_of(id) <= crossing.share * (1.0 + 1e-9), "below its ceiling: {index}");
            }
        }
    }
}

/// Pops all completions up to `end`, with their times.
fn run(share: &mut FairShare, end: SimTime) -> Vec<(SimTime, FlowIndex)> {
    let mut ended = Vec::new();
    while let Some(due) = share.next_completion().filter(|&due| due <= end) {
        let before = ended.len();
        while let Some(flow) = share.pop_completed(due) {
            ended.push((due, flow));
        }
        assert!(ended.len() > before, "what is announced is there");
    }
    ended
}

#[test]
fn two_links_and_three_flows() {
    // x + z <= 10, y + z <= 4: link b saturates first, y = z = 2, then x = 8.
    let mut share = FairShare::new();
    let l = links(&mut share, &[10.0, 4.0]);
    let x = share.start(at(0.0), &[l[0]], FREE, 80.0);
    let z = share.start(at(0.0), &[l[0], l[1]], FREE, 20.0);
    let y = share.start(at(0.0), &[l[1]], FREE, 4.0);
    assert_rates(&share, &[(x, 8.0), (y, 2.0), (z, 2.0)]);
    assert_eq!((share.link_load(l[0]), share.link_load(l[1])), (10.0, 4.0));
    // y ends at 2 s with 16 of z and 64 of x left; then z = 4, x = 6: z ends at 6 s, when 40 of x are left,
    // which end at 10 s.
    assert_eq!(run(&mut share, at(100.0)), [(at(2.0), y), (at(6.0), z), (at(10.0), x)]);
    assert_eq!(share.carried_bytes(at(100.0), l[0]), 100.0);
    assert_eq!(share.carried_bytes(at(100.0), l[1]), 24.0);
}

#[test]
fn parking_lot() {
    // One long flow over n links of capacity 6, and k short flows on the k-th:
    // long + k short_k <= 6 for k = 1, 2, 3: link 3 gives long = 6 / 4; then short_2 = 4.5 / 2, short_1 = 4.5.
    let mut share = FairShare::new();
    let l = links(&mut share, &[6.0; 3]);
    let long = share.start(at(0.0), &l, FREE, FREE);
    assert_rates(&share, &[(long, 6.0)]);
    let mut expected = vec![(long, 1.5)];
    for (place, rate) in [(0, 4.5), (1, 2.25), (1, 2.25), (2, 1.5), (2, 1.5), (2, 1.5)] {
        expected.push((share.start(at(0.0), &[l[place]], FREE, FREE), rate));
    }
    assert_rates(&share, &expected);
    // Without the flows on link 3, link 2 gives long = 2, and short_1 = 4.
    for &(flow, _) in &expected[4..] {
        assert_eq!(share.cancel(at(1.0), flow), FREE);
    }
    assert_rates(&share, &[(long, 2.0), (expected[1].0, 4.0), (expected[2].0, 2.0)]);
}

#[test]
fn star_with_a_common_receiver() {
    // Senders with access links 1, 2, 10, 10 to a receiver with 12: 1 + 2 + 4.5 + 4.5.
    let mut share = FairShare::new();
    let l = links(&mut share, &[1.0, 2.0, 10.0, 10.0, 12.0]);
    let flows: Vec<_> = (0..4).map(|i| share.start(at(0.0), &[l[i], l[4]], FREE, 100.0)).collect();
    assert_rates(&share, &[(flows[0], 1.0), (flows[1], 2.0), (flows[2], 4.5), (flows[3], 4.5)]);
    // 4 flows over a hub of 2: 0.5 each, and all access links are idle in part.
    share.set_capacity(at(0.0), l[4], 2.0);
    assert_rates(&share, &[(flows[0], 0.5), (flows[1], 0.5), (flows[2], 0.5), (flows[3], 0.5)]);
    // With a hub that is wide enough only the access links count.
    share.set_capacity(at(0.0), l[4], 100.0);
    assert_rates(&share, &[(flows[0], 1.0), (flows[1], 2.0), (flows[2], 10.0), (flows[3], 10.0)]);
}

#[test]
fn caps_leave_the_rest_to_others() {
    // a + b + c <= 9, a <= 1, b <= 3.5: a = 1, then (9 - 1) / 2 = 4 > 3.5, so b = 3.5 and c = 4.5.
    let mut share = FairShare::new();
    let l = links(&mut share, &[9.0]);
    let a = share.start(at(0.0), &l, 1.0, 100.0);
    let b = share.start(at(0.0), &l, 3.5, 100.0);
    let c = share.start(at(0.0), &l, FREE, 100.0);
    assert_rates(&share, &[(a, 1.0), (b, 3.5), (c, 4.5)]);
    // A fourth flow: (9 - 1) / 3 = 8 / 3 < 3.5.
    let d = share.start(at(0.0), &l, FREE, 100.0);
    assert_rates(&share, &[(a, 1.0), (b, 8.0 / 3.0), (c, 8.0 / 3.0), (d, 8.0 / 3.0)]);
    share.cancel(at(0.0), c);
    share.cancel(at(0.0), d);
    assert_rates(&share, &[(a, 1.0), (b, 3.5)]);
    assert_eq!(share.link_load(l[0]), 4.5);
}

#[test]
fn a_path_may_be_empty_and_a_size_nothing() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[0.0]);
    let capped = share.start(at(1.0), &[], 4.0, 8.0);
    let free = share.start(at(1.0), &[], FREE, 1e12);
    let nothing = share.start(at(1.0), &l, FREE, 0.0);
    assert_eq!(run(&mut share, at(1.0)), [(at(1.0), free), (at(1.0), nothing)]);
    assert_eq!(run(&mut share, at(9.0)), [(at(3.0), capped)]);
    assert_eq!(share.next_completion(), None);
}

#[test]
fn a_stalled_link_holds_its_flows_until_it_recovers() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[8.0, 8.0]);
    let through = share.start(at(0.0), &[l[0], l[1]], FREE, 32.0);
    let local = share.start(at(0.0), &[l[1]], FREE, 32.0);
    assert_rates(&share, &[(through, 4.0), (local, 4.0)]);
    // 4 bytes sent by 1 s; then the local flow has the link and needs 28 / 8 = 3.5 s.
    share.set_capacity(at(1.0), l[0], 0.0);
    assert_rates(&share, &[(through, 0.0), (local, 8.0)]);
    assert_eq!(run(&mut share, at(10.0)), [(at(4.5), local)]);
    assert_eq!(share.next_completion(), None);
    assert_eq!(share.remaining_bytes(at(10.0), through), 28.0);
    share.set_capacity(at(10.0), l[0], 4.0);
    assert_eq!(run(&mut share, at(99.0)), [(at(17.0), through)]);
}

#[test]
fn simultaneous_completions_come_in_the_order_of_start() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[3.0, 1.0, 7.0]);
    // Three flows of 1/3 of link 0 each, one alone on link 1, and one on link 2: all done at 1e6 / 1 s.
    let size = 1e6;
    let mut flows = vec![share.start(at(0.0), &[l[0]], FREE, size)];
    flows.push(share.start(at(0.0), &[l[1]], FREE, size));
    flows.push(share.start(at(0.0), &[l[0]], FREE, size));
    flows.push(share.start(at(0.0), &[l[2]], FREE, 7.0 * size));
    flows.push(share.start(at(0.0), &[l[0]], FREE, size));
    let expected: Vec<_> = flows.into_iter().map(|flow| (at(1e6), flow)).collect();
    assert_eq!(run(&mut share, at(2e6)), expected);
}

#[test]
fn completions_round_up() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[3.0]);
    share.start(at(0.0), &l, FREE, 1.0);
    assert_eq!(share.next_completion(), Some(SimTime::from_nanos(333_333_334)));
}

#[test]
fn bad_numbers_and_dead_flows_do_no_harm() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[f64::NAN, -1.0, FREE]);
    let stuck = share.start(at(0.0), &[l[0], l[1]], f64::NAN, 1.0);
    assert_eq!((share.rate(stuck), share.next_completion()), (0.0, None));
    let quick = share.start(at(0.0), &[l[2]], FREE, 1e9);
    assert_eq!(run(&mut share, at(0.0)), [(at(0.0), quick)]);
    assert_eq!(share.cancel(at(0.0), quick), 0.0);
    assert_eq!((share.rate(FlowIndex(99)), share.carried_bytes(at(0.0), LinkIndex(99))), (0.0, 0.0));
    share.set_capacity(at(0.0), LinkIndex(99), 1.0);
    assert_eq!(share.cancel(at(0.0), stuck), 1.0);
    check_invariants(&share);
}

#[test]
fn memory_is_recycled_and_a_long_history_stays_exact() {
    let mut share = FairShare::new();
    let l = links(&mut share, &[1e6, 3e6, 0.7e6]);
    let mut carried = 0.0;
    for round in 0..50_000u32 {
        let path = [l[(round % 3) as usize], l[((round + 1) % 3) as usize]];
        let cap = if round % 4 == 0 { 2e5 } else { FREE };
        share.start(share.now, &path, cap, 1e5 + f64::from(round % 17) * 1e4);
        carried += 1e5 + f64::from(round % 17) * 1e4;
        if share.live_flows > 40 {
            let due = share.next_completion().expect("something is under way");
            share.pop_completed(due).expect("and done when announced");
        }
    }
    check_invariants(&share);
    run(&mut share, SimTime::MAX);
    let total: f64 = l.iter().map(|&link| share.carried_bytes(share.now, link)).sum();
    assert!((total / (2.0 * carried) - 1.0).abs() < 1e-12, "{total} {carried}");
    assert!(share.flows.len() <= 41 && share.links.len() <= 44 && share.crossings.len() <= 120);
    assert_eq!((share.crossing_of.len(), share.rebuilds), (0, 0));
}

/// Progressive filling in its plainest form.
fn oracle_rates(capacities: &[f64], flows: &[(Vec<u32>, f64)]) -> Vec<f64> {
    let mut rates: Vec<Option<f64>> = vec![None; flows.len()];
    loop {
        let mut least = f64::INFINITY;
        let mut fixed = Vec::new();
        let open = |flow: &usize| rates[*flow].is_none();
        for (link, capacity) in capacities.iter().enumerate() {
            let across = || (0..flows.len()).filter(|&flow| flows[flow].0.contains(&(link as u32)));
            let used: f64 = across().filter_map(|flow| rates[flow]).sum();
            let waiting: Vec<usize> = across().filter(open).collect();
            let level = (capacity - used).max(0.0) / waiting.len() as f64;
            if !waiting.is_empty() && level < least {
                (least, fixed) = (level, waiting);
            }
        }
        for flow in (0..flows.len()).filter(open) {
            if flows[flow].1 < least {
                (least, fixed) = (flows[flow].1, vec![flow]);
            }
        }
        if fixed.is_empty() {
            return rates.into_iter().map(|rate| rate.unwrap_or(UNLIMITED)).collect();
        }
        fixed.into_iter().for_each(|flow| rates[flow] = Some(least));
    }
}

/// A live flow as the oracle knows it.
#[derive(Debug)]
struct Shadow {
    path: Vec<u32>,
    cap: f64,
    size: f64,
    remaining: f64,
}

/// The oracle beside the structure under test.
struct Trial {
    share: FairShare,
    capacities: Vec<f64>,
    flows: BTreeMap<u32, Shadow>,
    carried: Vec<f64>,
    now: SimTime,
    rates: Vec<f64>,
}

impl Trial {
    fn new(capacities: Vec<f64>) -> Self {
        let mut share = FairShare::new();
        links(&mut share, &capacities);
        let carried = vec![0.0; capacities.len()];
        Trial {
            share,
            capacities,
            flows: BTreeMap::new(),
            carried,
            now: SimTime::ZERO,
            rates: Vec::new(),
        }
    }

    fn pass_to(&mut self, time: SimTime) {
        let seconds = (time - self.now).as_secs();
        for (flow, rate) in self.flows.values_mut().zip(&self.rates) {
            let sent = (rate * seconds).min(flow.remaining);
            flow.remaining -= sent;
            flow.path.iter().for_each(|&link| self.carried[link as usize] += sent);
        }
        self.now = time;
    }

    fn start(&mut self, path: Vec<u32>, cap: f64, size: f64) {
        let indices: Vec<LinkIndex> = path.iter().map(|&link| LinkIndex(link)).collect();
        let flow = self.share.start(self.now, &indices, cap, size);
        let old = self.flows.insert(flow.0, Shadow { path, cap, size, remaining: size });
        assert!(old.is_none(), "an index names one live flow");
    }

    fn cancel(&mut self, place: usize) {
        if let Some((&flow, shadow)) = self.flows.iter().nth(place % self.flows.len().max(1)) {
            let unsent = self.share.cancel(self.now, FlowIndex(flow));
            assert!((unsent - shadow.remaining).abs() <= 1e-6 * shadow.size, "{unsent} {shadow:?}");
            self.flows.remove(&flow);
        }
    }

    /// Goes to the next completion and takes one flow that is done, then checks that the oracle agrees that
    /// it is done now, and that no other flow should have been.
    fn complete(&mut self) {
        let Some(due) = self.share.next_completion() else {
            let moving = self.rates.iter().filter(|&&rate| rate > 1e-9).count();
            assert_eq!(moving, 0, "flows that move end");
            return;
        };
        self.pass_to(due);
        let flow = self.share.pop_completed(due).expect("the announced completion");
        let index = self.flows.keys().position(|&key| key == flow.0).expect("a live flow");
        // A few nanoseconds of work, for the rounding of this and earlier completions.
        let slack = |rate: f64, size: f64| (1e-8 * rate.min(1e30) + 1e-6 * size).max(1e-12);
        for (place, shadow) in self.flows.values().enumerate() {
            let left = shadow.remaining;
            if place == index {
                assert!(left <= slack(self.rates[place], shadow.size), "early: {shadow:?}");
            }
        }
        let shadow = self.flows.remove(&flow.0).expect("a live flow");
        shadow.path.iter().for_each(|&link| self.carried[link as usize] += shadow.remaining);
    }

    /// Compares everything that can be seen with the oracle.
    fn check(&mut self) {
        check_invariants(&self.share);
        let flows: Vec<_> = self.flows.values().map(|flow| (flow.path.clone(), flow.cap)).collect();
        self.rates = oracle_rates(&self.capacities, &flows);
        let filled: Vec<(Vec<LinkIndex>, f64)> = flows
            .iter()
            .map(|(path, cap)| (path.iter().map(|&l| LinkIndex(l)).collect(), *cap))
            .collect();
        let filled: Vec<(&[LinkIndex], f64)> =
            filled.iter().map(|(path, cap)| (&path[..], *cap)).collect();
        let filled = max_min_rates(&self.capacities, &filled);
        let mut load = vec![0.0; self.capacities.len()];
        for (place, (&index, flow)) in self.flows.iter().enumerate() {
            let (rate, expected) = (self.share.rate(FlowIndex(index)), self.rates[place]);
            let same =
                |rate: f64| rate == expected || (rate - expected).abs() <= 1e-6 * expected + 1e-12;

            assert!(same(rate), "{index}: {rate}, not {expected}; {:?}", self.flows);
            assert!(same(filled[place].min(UNLIMITED)), "filling: {}, not {expected}", filled[place]);
            flow.path.iter().for_each(|&link| load[link as usize] += rate);
            let remaining = self.share.remaining_bytes(self.now, FlowIndex(index));
            assert!((remaining - flow.remaining).abs() <= 1e-6 * flow.size, "{remaining} {flow:?}");
        }
        for (link, &load) in load.iter().enumerate() {
            let index = LinkIndex(link as u32);
            assert!(load <= self.capacities[link] * (1.0 + 1e-9) + 1e-12, "over capacity: {link}");
            assert!((self.share.link_load(index) - load).abs() <= 1e-9 * load);
            let crossing = |flow: &&Shadow| flow.path.contains(&(link as u32));
            assert_eq!(self.share.link_flows(index), self.flows.values().filter(crossing).count());
            let (found, expected) = (self.share.carried_bytes(self.now, index), self.carried[link]);
            assert!(
                (found - expected).abs() <= 1e-6 * expected + 1e-9,
                "carried {found}, not {expected}"
            );
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Start {
        path: Vec<u32>,
        cap: f64,
        size: f64,
    },
    Cancel(usize),
    Complete,
    Wait(f64),
    Capacity(u32, f64),
    /// Does what a repair that takes too long ends in.
    Rebuild,
}

/// Few different values, so that ties are common, or any value.
fn quantity(zero: bool) -> impl Strategy<Value = f64> {
    let ties =
        prop::sample::select(if zero { vec![1.0, 2.0, 3.0, 6.0, 0.0] } else { vec![1.0, 2.0, 6.0] });
    prop_oneof![3 => ties, 2 => 0.1..20.0]
}

fn change(count: u32, hub: bool) -> impl Strategy<Value = Change> {
    let path = prop::collection::vec(0..count, 0..5).prop_map(move |mut path| {
        if hub {
            path.truncate(2);
            path.push(0);
        }
        path.sort_unstable();
        path.dedup();
        path
    });
    let cap = prop_oneof![2 => Just(FREE), 1 => quantity(false).prop_map(|cap| cap / 4.0)];
    let size = prop_oneof![1 => Just(0.0), 20 => quantity(false).prop_map(|size| 10.0 * size)];
    prop_oneof![
        10 => (path, cap, size).prop_map(|(path, cap, size)| Change::Start { path, cap, size }),
        2 => any::<usize>().prop_map(Change::Cancel),
        5 => Just(Change::Complete),
        2 => (0.0..1.0).prop_map(Change::Wait),
        2 => (0..count, quantity(true)).prop_map(|(link, capacity)| Change::Capacity(link, capacity)),
        1 => Just(Change::Rebuild),
    ]
}

fn history() -> impl Strategy<Value = (Vec<f64>, Vec<Change>)> {
    (1u32..16, any::<bool>()).prop_flat_map(|(count, hub)| {
        let capacities = prop_oneof![
            prop::collection::vec(quantity(true), count as usize),
            quantity(false).prop_map(move |capacity| vec![capacity; count as usize]),
        ];
        (capacities, prop::collection::vec(change(count, hub), 1..100))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// After every change all rates, loads, remaining and carried bytes are those of the oracle; in the end
    /// every link has carried the sizes of the flows that ended on it.
    #[test]
    fn any_history_agrees_with_the_oracle((capacities, changes) in history()) {
        let (mut trial, mut rebuilds) = (Trial::new(capacities), 0);
        for change in changes {
            match change {
                Change::Start { path, cap, size } => trial.start(path, cap, size),
                Change::Cancel(place) => trial.cancel(place),
                Change::Complete => trial.complete(),
                Change::Wait(part) => {
                    let second = SimDuration::from_secs(1.0);
                    let next = trial.share.next_completion().unwrap_or(trial.now + second);
                    let span_s = (next - trial.now).as_secs() * part;
                    trial.pass_to(trial.now + SimDuration::from_nanos((span_s * 1e9) as u64));
                }
                Change::Capacity(link, capacity) => {
                    trial.capacities[link as usize] = capacity;
                    trial.share.set_capacity(trial.now, LinkIndex(link), capacity);
                }
                Change::Rebuild => {
                    trial.share.rebuild();
                    rebuilds += 1;
                }
            }
            trial.check();
        }
        prop_assert_eq!(trial.share.rebuilds, rebuilds);
    }
}

/// Hundreds of flows, so that links are crossed by many groups: all rates against a full filling.
#[test]
fn large_networks_agree_with_a_full_filling() {
    // The capacity of link 0, which every flow crosses; that of the last link; whether flows have caps.
    let cases = [
        (1e9, 10.0, false),
        (300.0, 10.0, false),
        (600.0, 10.0, true),
        (900.0, 1.0, false),
        (1_500.0, 200.0, true),
        (0.5, 1e6, true),
    ];
    for (case, (hub, last, caps)) in cases.into_iter().enumerate() {
        let mut random = RandomStreams::new(7).entity("large networks", case as u64);
        let mut share = FairShare::new();
        let mut capacities: Vec<f64> = (0..200).map(|_| random.random_range(1.0..20.0)).collect();
        (capacities[0], capacities[199]) = (hub, last);
        let l = links(&mut share, &capacities);
        let mut flows = BTreeMap::new();
        for round in 0..3_000 {
            let mut path = vec![l[0], l[random.random_range(1..100)], l[random.random_range(100..200)]];
            if random.random_bool(0.1) {
                path.push(l[199]);
                path.dedup();
            }
            let cap = if caps { random.random_range(0.1..10.0) } else { FREE };
            let flow = share.start(share.now, &path, cap, random.random_range(1.0..20.0));
            flows.insert(flow, (path, cap));
            while flows.len() > 300 {
                let due = share.next_completion().expect("flows are under way");
                let flow = share.pop_completed(due).expect("it is due");
                flows.remove(&flow);
            }
            if round % 100 == 50 {
                let link = random.random_range(0..200);
                capacities[link] *= random.random_range(0.5..1.5);
                share.set_capacity(share.now, l[link], capacities[link]);
            }
            if round % 20 == 0 {
                check_invariants(&share);
                let given: Vec<(&[LinkIndex], f64)> =
                    flows.values().map(|(path, cap)| (&path[..], *cap)).collect();
                for (&flow, rate) in flows.keys().zip(max_min_rates(&capacities, &given)) {
                    let found = share.rate(flow);
                    assert!((found - rate).abs() <= 1e-9 * rate, "{case}, {round}: {found}, not {rate}");
                }
            }
        }
        assert_eq!(share.rebuilds, 0, "{case}");
    }
}
