use super::*;
use crate::infra::LinkId;

#[test]
fn four_interactions_of_ten_over_a_link_of_a_thousand_leave_960() {
    let mut own = network(2, &[(0, 1, 1.0, 1000.0)]);
    let four: Vec<_> = (0..4).map(|_| interaction(0, 1, 5.0, 10.0)).collect();
    let id = application(&mut own, 2, &four);
    own.place(id, &at(&[(0, 0), (1, 1)])).unwrap();
    assert_eq!(own.booked_bps(LinkId(0)), [40e6, 0.0]);
    let left = own.network().bandwidth_bps(LinkId(0), crate::infra::network::Direction::Forth)
        - own.booked_bps(LinkId(0))[0];
    assert_eq!(left, 960e6);
    // Together they take nothing.
    own.place(id, &at(&[(1, 0)])).unwrap();
    assert_eq!(own.booked_bps(LinkId(0)), [0.0, 0.0]);
    assert!(own.application(id).has_way(InteractionIndex(3)));
}

#[test]
fn assets_are_booked_and_given_back() {
    let mut own = network(1, &[]);
    let id = application(&mut own, 5, &[]);
    let node = NodeId(0);
    own.place(id, &at(&[(0, 0), (1, 0), (2, 0), (3, 0)])).unwrap();
    let of = |own: &Infrastructure, asset| {
        let assets = own.assets();
        [assets.offer(node, asset), assets.used(node, asset), assets.residual(node, asset)]
    };
    assert_eq!(of(&own, AssetId::CORES), [4.0, 4.0, 0.0]);
    assert_eq!(of(&own, AssetId::MEMORY_BYTES), [8e9, 4e9, 4e9]);
    assert!(!own.application(id).is_placed());
    let fault = own.place(id, &at(&[(4, 0)])).unwrap_err();
    let expected = Violation {
        replica: Some(ReplicaIndex(4)),
        node: Some(node),
        asset: Some(AssetId::CORES),
        needed: 1.0,
        offered: 0.0,
        ..Violation::new(ViolationKind::Asset)
    };
    assert_eq!(fault, expected);
    assert_eq!(
        fault.describe(&own, id),
        "service \"service4\" of \"shop\" needs 1 cores, but node \"node\" has 0"
    );
    own.displace(id, ReplicaIndex(1));
    own.place(id, &at(&[(4, 0)])).unwrap();
    (0..5).for_each(|replica| own.displace(id, ReplicaIndex(replica)));
    assert_eq!(of(&own, AssetId::CORES), [4.0, 0.0, 4.0]);
    assert_eq!(of(&own, AssetId::MEMORY_BYTES), [8e9, 0.0, 8e9]);
}

#[test]
fn a_way_goes_around_what_is_full_if_that_is_short_enough() {
    // 0 - 1 in 1 ms at 10 Mbit/s, or by way of 2 in 4 ms at 100.
    let links = [(0, 1, 1.0, 10.0), (0, 2, 2.0, 100.0), (2, 1, 2.0, 100.0)];
    let mut own = network(3, &links);
    let ways: Vec<_> = [5.0, 5.0, 3.0].map(|ms| interaction(0, 1, ms, 8.0)).into();
    let id = application(&mut own, 2, &ways[..2]);
    own.place(id, &at(&[(0, 0), (1, 1)])).unwrap();
    assert_eq!((links_of(&own, id, 0), links_of(&own, id, 1)), (vec![0], vec![1, 2]));
    assert_eq!(own.path_latency_s(id, InteractionIndex(1)), 0.004);
    let other = application(&mut own, 2, &ways[2..]);
    let fault = own.place(other, &at(&[(0, 0), (1, 1)])).unwrap_err();
    assert_eq!((fault.kind, fault.link), (ViolationKind::Bandwidth, Some(LinkId(0))));
    assert_eq!((fault.needed, fault.offered), (8e6, 2e6));
    // Nothing of the attempt is left.
    assert_eq!(own.application(other).placed(), 0);
    assert_eq!(own.assets().used(NodeId(0), AssetId::CORES), 1.0);
    // The other direction is free.
    let back = application(&mut own, 2, &[interaction(1, 0, 3.0, 8.0)]);
    own.place(back, &at(&[(0, 0), (1, 1)])).unwrap();
    assert_eq!(own.booked_bps(LinkId(0)), [8e6, 8e6]);
}

#[test]
fn what_is_too_far_or_cut_off_is_told() {
    let mut own = network(4, &[(0, 1, 3.0, 100.0), (1, 2, 3.0, 100.0)]);
    let id = application(&mut own, 2, &[interaction(0, 1, 5.0, 1.0)]);
    let fault = own.place(id, &at(&[(0, 0), (1, 2)])).unwrap_err();
    assert_eq!((fault.kind, fault.needed, fault.offered), (ViolationKind::Latency, 0.005, 0.006));
    assert_eq!(fault.interaction, Some(InteractionIndex(0)));
    let fault = own.place(id, &at(&[(0, 0), (1, 3)])).unwrap_err();
    assert_eq!(fault.kind, ViolationKind::Unreachable);
    own.place(id, &at(&[(0, 0), (1, 1)])).unwrap();
    assert!(own.application(id).is_placed());
}

#[test]
fn violations_are_told_in_words() {
    let mut own = network(2, &[(0, 1, 3.0, 10.0)]);
    let id = application(&mut own, 2, &[interaction(0, 1, 5.0, 12.0)]);
    let words = |fault: Violation| fault.describe(&own, id);
    let asset = |asset, needed, offered| Violation {
        replica: Some(ReplicaIndex(1)),
        node: Some(NodeId(1)),
        asset: Some(asset),
        needed,
        offered,
        ..Violation::new(ViolationKind::Asset)
    };
    let expected = "service \"service1\" of \"shop\" needs ";
    let said = |fault| words(fault).strip_prefix(expected).unwrap().to_string();
    assert_eq!(
        said(asset(AssetId::MEMORY_BYTES, 1.5e9, 0.3e9 - 0.1e9)),
        "1.5 GB of memory, but node \"node-1\" has 0.2"
    );
    assert_eq!(
        said(asset(AssetId::AVAILABILITY, 0.94, 0.9)),
        "0.94 of availability, but node \"node-1\" has 0.9"
    );
    assert_eq!(
        said(asset(AssetId::ARCHITECTURE, 0.0, 0.0)),
        "another architecture than node \"node-1\" has"
    );
    assert_eq!(
        said(asset(AssetId::PROCESSING_TIME_S, 0.1, 0.2)),
        "at most 0.1 s of processing_time_s, but node \"node-1\" has 0.2"
    );
    let way = |kind, link, needed, offered| Violation {
        interaction: Some(InteractionIndex(0)),
        link,
        needed,
        offered,
        ..Violation::new(kind)
    };
    let expected = "the interaction of \"service0\" with \"service1\" in \"shop\"";
    let said = |fault| words(fault).strip_prefix(expected).unwrap().to_string();
    assert_eq!(
        said(way(ViolationKind::Bandwidth, Some(LinkId(0)), 12e6, 10e6)),
        " needs 12 Mbit/s, but link \"link-0\" has 10 left"
    );
    assert_eq!(
        said(way(ViolationKind::Latency, None, 0.005, 0.006)),
        " needs a way of at most 5 ms, but the best takes at least 6 ms"
    );
    assert_eq!(
        said(way(ViolationKind::Unreachable, None, 0.0, 0.0)),
        ": there is no way between their nodes"
    );
}
