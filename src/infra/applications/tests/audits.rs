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
