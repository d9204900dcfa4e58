use super::tests::{at, link, send, wires};
use super::*;
use crate::engine::{SimDuration, SimTime};
use crate::infra::ids::{LinkId, NodeId};
use proptest::prelude::*;

/// Bits carried by `time` at a bandwidth that changes to `rates[i].1` at `rates[i].0`.
fn integral(first_bps: f64, rates: &[(f64, f64)], time: f64) -> f64 {
    let (mut bits, mut since, mut rate) = (0.0, 0.0, first_bps);
    for &(at, bps) in rates {
        let end = at.min(time);
        bits += rate * (end - since);
        (since, rate) = (end, bps);
    }
    bits + rate * (time - since).max(0.0)
}

proptest! {
    /// A transfer alone on a link whose bandwidth changes piecewise has sent, when it arrives, the integral of the
    /// bandwidth; fairly shared, unshared, and with an unshared link before a shared one.
    #[test]
    fn a_transfer_takes_the_integral_of_its_bandwidth(
        model in 0..3u8,
        gaps in prop::collection::vec((0.01..2.0f64, 1e3..1e6f64), 0..12),
        bytes in 1e3..1e6f64,
    ) {
        let own = if model == 0 { LinkModel::FairShare } else { LinkModel::Unshared };
        let mut links = vec![link(0, 1, 0.25, 1e5, own)];
        if model == 2 {
            links.push(link(1, 2, 0.0, 1e9, LinkModel::FairShare));
        }
        let mut kernel = wires(&links);
        send(&mut kernel, at(0), at(links.len() as u32), bytes);
        let (mut now, mut rates) = (0.0, Vec::new());
        for (gap, bps) in gaps {
            now += gap;
            kernel.run_until(SimTime::from_secs(now));
            let time = kernel.now();
            kernel.model.network.change_bandwidth(time, LinkId(0), Direction::Both, bps);
            kernel.model.network.settle_changes(&mut kernel.schedule);
            rates.push((now, bps));
        }
        kernel.run_until(SimTime::from_secs(1e5));
        let (arrived, record) = kernel.model.ended[0];
        let sent_bits = integral(1e5, &rates, arrived - 0.25);
        // The last byte leaves at a whole nanosecond, as expected anew at each change: 0.001 bits each.
        let tolerance = 1e-3 * (rates.len() + 2) as f64;
        prop_assert!((sent_bits - 8.0 * bytes).abs() < tolerance, "{sent_bits} {bytes}");
        prop_assert!((record.sent_bytes - bytes).abs() < 1e-6 * bytes);
        let (forth, _) = kernel.model.network.link_state(kernel.now(), LinkId(0));
        prop_assert!((forth.carried_bytes - bytes).abs() < 1e-6 * bytes);
    }

    /// Routes after random changes of latencies, and failures and repairs one by one or together, are those of a
    /// network that has been made so.
    #[test]
    fn routes_are_those_of_a_fresh_computation(
        links in prop::collection::vec((0..8u32, 0..8u32, 1..100u64), 1..24),
        changes in prop::collection::vec(
            (0..24usize, 0..3u32, 1..100u64, any::<bool>()),
            0..30,
        ),
        gathers in any::<bool>(),
    ) {
        let mut links: Vec<_> = links.into_iter().filter(|link| link.0 != link.1).collect();
        let fresh = |links: &[(u32, u32, u64)], up: &[bool], nodes_up: &[bool; 8]| {
            let mut routes = Routes::default();
            for (index, &(a, b, latency)) in links.iter().enumerate() {
                let id = LinkId(index as u32);
                routes.add_link(id, NodeId(a), NodeId(b), SimDuration::from_nanos(latency));
            }
            for (index, up) in up.iter().enumerate() {
                routes.set_link(LinkId(index as u32), *up);
            }
            for (index, up) in nodes_up.iter().enumerate() {
                routes.set_node(NodeId(index as u32), *up);
            }
            routes.find_components();
            routes
        };
        let (mut up, mut nodes_up) = (vec![true; links.len()], [true; 8]);
        let mut routes = fresh(&links, &up, &nodes_up);
        for step in changes.chunks(3) {
            if gathers {
                routes.gather();
            }
            for &(which, kind, latency, works) in step {
                if kind == 0 {
                    nodes_up[which % 8] = works;
                    routes.set_node(NodeId(which as u32 % 8), works);
                    continue;
                }
                let Some(own) = links.get_mut(which) else { continue };
                let id = LinkId(which as u32);
                if kind == 1 {
                    own.2 = latency;
                    routes.set_latency(id, SimDuration::from_nanos(latency));
                } else {
                    up[which] = works;
                    routes.set_link(id, works);
                }
            }
            routes.settle();
            let mut oracle = fresh(&links, &up, &nodes_up);
            for from in (0..8).map(NodeId) {
                for to in (0..8).map(NodeId) {
                    prop_assert_eq!(routes.latency_between(from, to), oracle.latency_between(from, to));
                    prop_assert_eq!(routes.is_connected(from, to), oracle.is_connected(from, to));
                    let (mut own, mut other) = (Vec::new(), Vec::new());
                    routes.route(from, to, |link, _| own.push(link));
                    oracle.route(from, to, |link, _| other.push(link));
                    prop_assert_eq!(own, other);
                }
            }
        }
    }
}

#[test]
fn a_link_for_its_ends_only_remains_one_when_its_latency_changes() {
    // A triangle whose short sides meet in 2.
    let mut routes = Routes::default();
    for (id, (a, b, ns)) in [(0, 1, 10), (1, 2, 1), (2, 0, 1)].into_iter().enumerate() {
        routes.add_link(LinkId(id as u32), NodeId(a), NodeId(b), SimDuration::from_nanos(ns));
    }
    routes.avoid_link(LinkId(1));
    routes.avoid_link(LinkId(2));
    routes.find_components();
    routes.set_latency(LinkId(1), SimDuration::from_nanos(3));
    let between = |routes: &mut Routes, a, b| routes.latency_between(NodeId(a), NodeId(b));
    assert_eq!(between(&mut routes, 0, 1), Some(SimDuration::from_nanos(10)));
    assert_eq!(between(&mut routes, 1, 2), Some(SimDuration::from_nanos(3)));
    assert_eq!(routes.latency(LinkId(1)), SimDuration::from_nanos(3));
    let before = routes.changes();
    routes.set_latency(LinkId(1), SimDuration::from_nanos(3));
    assert_eq!(routes.changes(), before);
}

#[test]
fn a_message_has_the_latency_that_its_link_had_when_it_was_sent() {
    let mut kernel = wires(&[link(0, 1, 0.5, 8e6, LinkModel::FairShare)]);
    // 1 MB in 1 s and 0.5 s; the next one with 0.1 s.
    send(&mut kernel, at(0), at(1), 1e6);
    kernel.model.network.change_latency(LinkId(0), SimDuration::from_secs(0.1));
    kernel.run_until(SimTime::from_secs(2.0));
    send(&mut kernel, at(0), at(1), 1e6);
    kernel.run_until(SimTime::from_secs(5.0));
    let times: Vec<f64> = kernel.model.ended.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [1.5, 3.1]);
}

#[test]
fn directions_change_each_by_itself() {
    // 1 MB each way: at 8 Mbit/s 1 s; back at 4 Mbit/s from half a second on 1.5 s.
    let mut kernel = wires(&[link(0, 1, 0.0, 8e6, LinkModel::FairShare)]);
    send(&mut kernel, at(0), at(1), 1e6);
    send(&mut kernel, at(1), at(0), 1e6);
    kernel.run_until(SimTime::from_secs(0.5));
    let now = kernel.now();
    kernel.model.network.change_bandwidth(now, LinkId(0), Direction::Back, 4e6);
    kernel.model.network.settle_changes(&mut kernel.schedule);
    assert_eq!(kernel.model.network.bandwidth_bps(LinkId(0), Direction::Back), 4e6);
    assert_eq!(kernel.model.network.bandwidth_bps(LinkId(0), Direction::Forth), 8e6);
    kernel.run_until(SimTime::from_secs(5.0));
    let times: Vec<f64> = kernel.model.ended.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [1.0, 1.5]);
}
