//! Ways that are taken hop by hop, and direct networks, against calculations by hand.

use super::tests::{OWNER, Wires, at, link, send, wires};
use super::*;
use crate::engine::{Kernel, SimDuration, SimTime};
use crate::infra::event::{TransferOutcome, TransferRecord};
use crate::infra::ids::{LinkId, NodeId};

fn table(rows: &[(u32, f64)]) -> LinkModel {
    LinkModel::Delay(Box::new(ThroughputTable::new(rows, 1.0).unwrap()))
}

/// A device behind the radio of a site.
fn behind(device: u32, site: u32, radio: LinkId) -> Endpoint {
    Endpoint { site: NodeId(site), radio: Some(radio), ..at(device) }
}

fn radio(model: LinkModel, half_duplex: bool) -> RadioSpec {
    RadioSpec {
        uplink_bps: 8e6,
        downlink_bps: 8e6,
        half_duplex,
        latency: SimDuration::ZERO,
        model,
        down_model: None,
        transfer_limit: usize::MAX,
        class: NetworkClass::Wlan,
        energy: RadioEnergy::default(),
        idle_w: 0.0,
    }
}

fn attach(kernel: &mut Kernel<Wires>, device: u32, site: u32, radio: LinkId) {
    let attachment = Attachment { site: NodeId(site), radio };
    kernel.model.network.set_attachment(NodeId(device), Some(attachment));
}

fn ended(kernel: &mut Kernel<Wires>) -> Vec<(f64, TransferRecord)> {
    kernel.run_until(kernel.now() + SimDuration::from_secs(1000.0));
    std::mem::take(&mut kernel.model.ended)
}

#[test]
fn the_links_at_a_node_are_those_that_end_there() {
    let model = || LinkModel::Unshared;
    let links =
        [link(0, 1, 0.0, 8e6, model()), link(2, 1, 0.0, 8e6, model()), link(1, 0, 0.0, 8e6, model())];
    let mut kernel = wires(&links);
    let network = &mut kernel.model.network;
    network.add_radio(NodeId(1), &radio(model(), true));
    let direct = DirectSpec {
        name: "cellular".into(),
        class: NetworkClass::Cellular,
        targets: vec![NodeId(2)],
        scope: DirectScope::Everywhere,
        uplink_bps: 8e6,
        downlink_bps: 8e6,
        half_duplex: false,
        latency: SimDuration::ZERO,
        model: model(),
        down_model: None,
        transfer_limit: usize::MAX,
        energy: RadioEnergy::default(),
    };
    network.add_direct(&direct, &[NodeId(1)]);
    for node in (0..4).map(NodeId) {
        let ends_there = |(_, link): &(u32, &Link)| link.a == node || link.b == Some(node);
        let expected: Vec<LinkId> =
            (0..).zip(network.links()).filter(ends_there).map(|(id, _)| LinkId(id)).collect();
        let mut found = network.links_at(node);
        found.sort_unstable();
        assert_eq!(found, expected, "{node:?}");
    }
    assert_eq!(network.links_at(NodeId(1)).len(), 4);
}

#[test]
fn a_message_is_on_one_link_at_a_time() {
    // 8 Mbit at 8 Mbit/s alone, at 4 beside another; then 1 s and 0.1 s of propagation.
    let links =
        [link(0, 1, 0.0, 99e6, table(&[(0, 8e6), (1, 4e6)])), link(1, 2, 0.1, 8e6, LinkModel::Unshared)];
    let mut kernel = wires(&links);
    send(&mut kernel, at(0), at(2), 1e6);
    send(&mut kernel, at(0), at(2), 1e6);
    let refused = kernel.model.network.start(&mut kernel.schedule, at(0), at(2), 1e6, OWNER);
    assert_eq!(refused, Err(NetworkRefusal::Bandwidth(NetworkClass::Man)));
    let state = |kernel: &Kernel<Wires>, now, link| {
        kernel.model.network.link_state(SimTime::from_secs(now), LinkId(link)).0.transfers
    };
    kernel.run_until(SimTime::from_secs(1.5));
    // The first has gone on to the second link.
    assert_eq!([0, 1].map(|link| state(&kernel, 1.5, link)), [1, 1]);
    let ended = ended(&mut kernel);
    let times: Vec<f64> = ended.iter().map(|(time_s, _)| *time_s).collect();
    assert!((times[0] - 2.1).abs() < 1e-8 && (times[1] - 3.1).abs() < 1e-8, "{times:?}");
    assert_eq!((ended[0].1.hops, ended[0].1.sent_bytes), (2, 1e6));
    assert!((ended[1].1.by_class_s[NetworkClass::Man as usize] - 3.1).abs() < 1e-8);
}

#[test]
fn a_later_link_may_refuse() {
    let links = [link(0, 1, 0.0, 8e6, LinkModel::Unshared), link(1, 2, 0.0, 8e6, table(&[(0, 8e6)]))];
    let mut kernel = wires(&links);
    for _ in 0..2 {
        send(&mut kernel, at(0), at(2), 1e6);
    }
    let ended = ended(&mut kernel);
    assert_eq!(ended[0].1.outcome, TransferOutcome::RefusedForBandwidth);
    assert_eq!((ended[0].1.refused_by, ended[0].0), (Some(NetworkClass::Man), 1.0));
    assert_eq!((ended[1].1.outcome, ended[1].0), (TransferOutcome::Delivered, 2.0));
    // Nothing is left on the links.
    let state = |link| kernel.model.network.link_state(SimTime::from_secs(9.0), LinkId(link)).0;
    assert_eq!([0, 1].map(|link| state(link).transfers), [0, 0]);
}

#[test]
fn the_links_of_a_pool_are_one_queue_for_each_direction() {
    let mut network = Network::default();
    let pooled =
        |b: u32| LinkSpec { pool: Some(7), ..link(0, b, 0.0, 8e6, table(&[(0, 8e6), (1, 4e6)])) };
    for b in [1, 2] {
        network.add_radio(NodeId(b), &radio(LinkModel::Unshared, false));
    }
    for b in [1, 2] {
        network.add_link(&pooled(b));
    }
    network.prepare();
    let mut kernel = Kernel::new(Wires { network, ended: Vec::new() });
    for device in [5, 6] {
        attach(&mut kernel, device, device - 4, LinkId(device - 5));
    }
    // Up from both sites: the second one finds the first. Down has a queue of its own.
    send(&mut kernel, behind(5, 1, LinkId(0)), at(0), 1e6);
    send(&mut kernel, behind(6, 2, LinkId(1)), at(0), 1e6);
    send(&mut kernel, at(0), behind(5, 1, LinkId(0)), 1e6);
    let mut times: Vec<f64> = ended(&mut kernel).iter().map(|(time_s, _)| *time_s).collect();
    times.sort_by(f64::total_cmp);
    // Radio 1 s each; then 1 s, and 2 s for the one that comes second.
    let expected = [2.0, 2.0, 3.0];
    assert!(times.iter().zip(expected).all(|(time, want)| (time - want).abs() < 1e-8), "{times:?}");
}

/// Two access points, nodes 1 and 2, linked to node 0 and to each other, the latter with half a second.
fn two_sites(model: LinkModel) -> Kernel<Wires> {
    let mut network = Network::default();
    for site in [1, 2] {
        network.add_radio(NodeId(site), &radio(model.clone(), true));
    }
    for (a, b, latency_s) in [(0, 1, 0.1), (0, 2, 0.1), (1, 2, 0.5)] {
        network.add_link(&link(a, b, latency_s, 8e9, LinkModel::Unshared));
    }
    network.prepare();
    Kernel::new(Wires { network, ended: Vec::new() })
}

#[test]
fn a_message_is_led_to_where_its_device_is_by_then() {
    let mut kernel = two_sites(table(&[(0, 8e6)]));
    attach(&mut kernel, 9, 1, LinkId(0));
    send(&mut kernel, at(0), behind(9, 1, LinkId(0)), 1e6);
    kernel.run_until(SimTime::from_secs(0.05));
    attach(&mut kernel, 9, 2, LinkId(1));
    let ended = ended(&mut kernel);
    // 0.1 s and a millisecond to the first site, as much back and on to the second, then the radio.
    let expected = 3.0 * 0.101 + 1.0;
    assert!((ended[0].0 - expected).abs() < 1e-8, "{}", ended[0].0);
    assert_eq!((ended[0].1.reroutes, ended[0].1.outcome), (1, TransferOutcome::Delivered));
    // A device that is nowhere loses it.
    attach(&mut kernel, 9, 1, LinkId(0));
    send(&mut kernel, at(0), behind(9, 1, LinkId(0)), 1e6);
    kernel.model.network.set_attachment(NodeId(9), None);
    assert_eq!(super::hop_tests::ended(&mut kernel)[0].1.outcome, TransferOutcome::LostToMobility);
}

#[test]
fn a_failed_link_ends_what_is_on_it_and_turns_away_what_comes() {
    let mut kernel = two_sites(table(&[(0, 8e6), (1, 8e6)]));
    attach(&mut kernel, 9, 1, LinkId(0));
    // On the radio up while the link behind it fails: it goes round by the other site.
    send(&mut kernel, behind(9, 1, LinkId(0)), at(0), 1e6);
    kernel.run_until(SimTime::from_secs(0.5));
    kernel.model.network.set_link(LinkId(2), false);
    let id = send(&mut kernel, at(1), behind(9, 1, LinkId(0)), 1e6);
    kernel.model.network.set_link(LinkId(0), false);
    let ends = kernel.model.network.ends(id).unwrap();
    let lost = TransferOutcome::LostToFault;
    let record = kernel.model.network.reroute(&mut kernel.schedule, id, ends.0, ends.1, lost);
    assert_eq!(record.map(|record| record.outcome), Some(lost));
    let ended = ended(&mut kernel);
    assert_eq!(ended.len(), 1);
    // Radio 1 s, 0.5 s and 1 ms to the other site, 0.1 s and 1 ms to node 0.
    assert!((ended[0].0 - 1.602).abs() < 1e-8, "{}", ended[0].0);
    assert_eq!(ended[0].1.outcome, TransferOutcome::Delivered);
}

#[test]
fn a_delay_by_population_follows_attachments() {
    let queue = PopulationQueue::new(1.0, 1e5, 100.0).unwrap();
    let mut kernel = two_sites(LinkModel::Delay(Box::new(queue)));
    for device in 10..14 {
        attach(&mut kernel, device, 1, LinkId(0));
    }
    attach(&mut kernel, 13, 2, LinkId(1));
    assert_eq!([1, 2].map(|site| kernel.model.network.population(NodeId(site))), [3, 1]);
    // mu = 10/s: 1 / (10 - 3) and 1 / (10 - 1).
    let mut estimate = |device: u32, site: u32| {
        let end = behind(device, site, LinkId(site - 1));
        kernel.model.network.estimated_transfer_s(SimTime::ZERO, end, at(site), 1.0).unwrap()
    };
    assert!((estimate(10, 1) - 1.0 / 7.0).abs() < 1e-12);
    assert!((estimate(13, 2) - 1.0 / 9.0).abs() < 1e-12);
}

fn direct(scope: DirectScope) -> DirectSpec {
    DirectSpec {
        name: "wan".into(),
        class: NetworkClass::Wan,
        targets: vec![NodeId(3)],
        scope,
        uplink_bps: 8e6,
        downlink_bps: 8e6,
        half_duplex: true,
        latency: SimDuration::from_secs(0.25),
        model: table(&[(0, 8e6), (1, 4e6)]),
        down_model: None,
        transfer_limit: usize::MAX,
        energy: RadioEnergy::default(),
    }
}

#[test]
fn a_direct_network_leads_beside_the_access_points() {
    let mut kernel = two_sites(LinkModel::FairShare);
    let sites = [NodeId(1), NodeId(2)];
    let links = kernel.model.network.add_direct(&direct(DirectScope::AccessPoint), &sites);
    assert_eq!(links, [LinkId(5), LinkId(6)]);
    kernel.model.network.prepare();
    for (device, site) in [(9, 1), (10, 1), (11, 2)] {
        attach(&mut kernel, device, site, LinkId(site - 1));
    }
    // Up and down of one access point count together, those of the other not.
    send(&mut kernel, behind(9, 1, LinkId(0)), at(3), 1e6);
    send(&mut kernel, at(3), behind(10, 1, LinkId(0)), 1e6);
    send(&mut kernel, behind(11, 2, LinkId(1)), at(3), 1e6);
    // A handover changes nothing for what is on the way.
    attach(&mut kernel, 9, 2, LinkId(1));
    let times: Vec<f64> = ended(&mut kernel).iter().map(|(time_s, _)| *time_s).collect();
    assert_eq!(times, [1.25, 1.25, 2.25]);
    // Sites reach each other by links only, and nothing but devices the far end.
    assert!(!kernel.model.network.is_connected(at(1), at(3)));
    assert!(kernel.model.network.is_connected(behind(9, 2, LinkId(1)), at(3)));
    kernel.model.network.set_link(LinkId(6), false);
    assert!(!kernel.model.network.is_connected(behind(9, 2, LinkId(1)), at(3)));
}

#[test]
fn a_direct_network_everywhere_needs_no_access_point_and_is_taken_when_asked_for() {
    let mut kernel = two_sites(LinkModel::Unshared);
    let network = &mut kernel.model.network;
    network.add_direct(&DirectSpec { targets: vec![NodeId(0)], ..direct(DirectScope::Everywhere) }, &[]);
    network.prepare();
    assert!(network.reaches_everywhere());
    // Without an access point there is one way.
    assert_eq!(network.estimated_transfer_s(SimTime::ZERO, at(9), at(0), 1e6), Some(1.25));
    attach(&mut kernel, 9, 1, LinkId(0));
    let (device, cloud) = (behind(9, 1, LinkId(0)), at(0));
    let network = &mut kernel.model.network;
    let ways: Vec<_> = network.networks_between(device, cloud).collect();
    assert_eq!(ways, [None, Some(NetworkClass::Wan)]);
    let mut by = |via| network.estimated_transfer_via_s(SimTime::ZERO, device, cloud, 1e6, via).unwrap();
    // Radio 1 s and link 0.101 s, hop by hop for an estimate that looks at both; directly 1.25 s.
    assert!((by(None) - 1.101).abs() < 1e-8);
    assert_eq!(by(Some(NetworkClass::Wan)), 1.25);
    // What is asked for but leads nowhere is the usual way.
    assert!((by(Some(NetworkClass::Cellular)) - 1.101).abs() < 1e-8);
    let start = kernel.model.network.start_via(
        &mut kernel.schedule,
        (device, cloud),
        1e6,
        OWNER,
        Some(NetworkClass::Wan),
    );
    assert!(start.is_ok());
    let ended = ended(&mut kernel);
    assert_eq!((ended[0].0, ended[0].1.hops), (1.25, 1));
    assert_eq!(ended[0].1.by_class_s[NetworkClass::Wan as usize], 1.25);
}
