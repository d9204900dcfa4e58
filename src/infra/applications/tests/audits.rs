use super::*;
use crate::infra::LinkId;

fn faults(own: &mut Infrastructure, id: ApplicationId) -> Vec<Violation> {
    let mut found = Vec::new();
    own.audit(id, &mut found);
    found
}

#[test]
fn a_way_that_has_become_too_long_is_changed_or_at_fault() {
    let mut own = network(3, &[(0, 1, 1.0, 100.0), (0, 2, 2.0, 100.0), (2, 1, 2.0, 100.0)]);
    let id = application(&mut own, 2, &[interaction(0, 1, 5.0, 10.0)]);
    own.place(id, &at(&[(0, 0), (1, 1)])).unwrap();
    assert_eq!(faults(&mut own, id), []);
    own.set_link_latency(LinkId(0), SimDuration::from_secs(0.009));
    assert_eq!(faults(&mut own, id), []);
    assert_eq!((links_of(&own, id, 0), own.application(id).reroutes()), (vec![1, 2], 1));
    assert_eq!(own.booked_bps(LinkId(0)), [0.0, 0.0]);
    // A way that is shorter again does not tempt it.
    own.set_link_latency(LinkId(0), SimDuration::from_secs(0.001));
    assert_eq!(faults(&mut own, id), []);
    assert_eq!(links_of(&own, id, 0), [1, 2]);
    for link in 0..3 {
        own.set_link_latency(LinkId(link), SimDuration::from_secs(0.006));
    }
    let found = faults(&mut own, id);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].offered), (ViolationKind::Latency, 0.006));
    assert_eq!(found[0].replica, Some(ReplicaIndex(1)));
    // It stays booked until it is displaced.
    assert_eq!(own.booked_bps(LinkId(1)), [10e6, 0.0]);
    own.displace(id, ReplicaIndex(1));
    assert_eq!(own.booked_bps(LinkId(1)), [0.0, 0.0]);
}

#[test]
fn a_way_that_another_leaves_is_seen_in_the_same_audit() {
    let links = [(0, 1, 1.0, 10.0), (0, 1, 1.5, 10.0), (2, 0, 1.0, 100.0), (2, 1, 4.0, 100.0)];
    let mut own = network(3, &links);
    let id = application(&mut own, 3, &[interaction(0, 1, 1.8, 10.0), interaction(2, 1, 5.0, 10.0)]);
    own.place(id, &at(&[(0, 0), (1, 1), (2, 2)])).unwrap();
    assert_eq!((links_of(&own, id, 0), links_of(&own, id, 1)), (vec![0], vec![2, 1]));
    // The first could go only where the second is, which has a way elsewhere.
    own.set_link_latency(LinkId(0), SimDuration::from_secs(0.009));
    own.set_link_latency(LinkId(2), SimDuration::from_secs(0.0045));
    assert_eq!(faults(&mut own, id), []);
    assert_eq!((links_of(&own, id, 0), links_of(&own, id, 1)), (vec![1], vec![3]));
    assert_eq!(own.application(id).reroutes(), 2);
}

#[test]
fn the_last_placed_leave_an_overbooked_node() {
    let mut kernel = crate::engine::Kernel::new(Ground(network(2, &[])));
    let ids: Vec<_> = (0..4).map(|_| application(&mut kernel.model.0, 1, &[])).collect();
    let own = &mut kernel.model.0;
    for id in [3, 1, 0, 2] {
        own.place(ids[id], &at(&[(0, 0)])).unwrap();
    }
    own.set_node_cores(&mut kernel.schedule, NodeId(0), 2.5);
    // Two must leave, so that two cores are booked: those that came last, 0 and 2.
    let at_fault: Vec<bool> = ids.iter().map(|&id| !faults(own, id).is_empty()).collect();
    assert_eq!(at_fault, [true, false, true, false]);
    let fault = faults(own, ids[2])[0];
    assert_eq!(
        (fault.kind, fault.asset, fault.needed),
        (ViolationKind::Asset, Some(AssetId::CORES), 4.0)
    );
    assert_eq!((fault.node, fault.offered), (Some(NodeId(0)), 2.5));
    let told = fault.describe(own, ids[2]);
    assert!(told.ends_with("on node \"node-0\": 4 cores are booked there, but it has 2.5"), "{told}");
    // Less than nothing is left for another one, which is told as nothing.
    let another = application(own, 1, &[]);
    let fault = own.place(another, &at(&[(0, 0)])).unwrap_err();
    assert_eq!((fault.needed, fault.offered, fault.is_of_all), (1.0, 0.0, false));
    let told = fault.describe(own, another);
    assert!(told.ends_with("needs 1 cores, but node \"node-0\" has 0"), "{told}");
    own.displace(ids[2], ReplicaIndex(0));
    own.displace(ids[0], ReplicaIndex(0));
    assert!(ids.iter().all(|&id| faults(own, id).is_empty()));
}

#[test]
fn the_last_interactions_leave_a_narrow_link() {
    let mut kernel = crate::engine::Kernel::new(Ground(network(2, &[(0, 1, 1.0, 30.0)])));
    let own = &mut kernel.model.0;
    let ids: Vec<_> = (0..3).map(|_| application(own, 2, &[interaction(0, 1, 5.0, 10.0)])).collect();
    for id in [2, 0, 1] {
        own.place(ids[id], &at(&[(0, 0), (1, 1)])).unwrap();
    }
    own.set_link_bandwidth(
        &mut kernel.schedule,
        LinkId(0),
        crate::infra::network::Direction::Both,
        12e6,
    );
    let at_fault: Vec<bool> = ids.iter().map(|&id| !faults(own, id).is_empty()).collect();
    assert_eq!(at_fault, [true, true, false]);
    let fault = faults(own, ids[0])[0];
    assert_eq!((fault.kind, fault.link), (ViolationKind::Bandwidth, Some(LinkId(0))));
    // Beside the two others nothing is left.
    assert_eq!((fault.needed, fault.offered), (10e6, 12e6 - 20e6));
}

#[test]
fn what_hangs_on_a_failed_node_is_told_once() {
    let mut kernel = crate::engine::Kernel::new(Ground(network(2, &[(0, 1, 1.0, 30.0)])));
    let own = &mut kernel.model.0;
    let id = application(own, 2, &[interaction(0, 1, 5.0, 10.0), interaction(1, 0, 5.0, 10.0)]);
    own.place(id, &at(&[(0, 0), (1, 1)])).unwrap();
    own.fail_node(&mut kernel.schedule, NodeId(1), true);
    let found = faults(own, id);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].replica), (ViolationKind::NodeDown, Some(ReplicaIndex(1))));
    own.fail_node(&mut kernel.schedule, NodeId(1), false);
    assert_eq!(faults(own, id), []);
    own.fail_links(&mut kernel.schedule, &[(LinkId(0), true)]);
    let kinds: Vec<_> = faults(own, id).iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [ViolationKind::Unreachable; 2]);
}
