use super::*;

#[test]
fn what_is_tried_is_seen_and_taken_back() {
    let mut own = network(&[2, 2, 0], &[(0, 2, 1.0), (2, 1, 2.0)]);
    let id = own.add_application(chain(&[1.5, 1.0], 10.0));
    let (first, second) = (ReplicaIndex(0), ReplicaIndex(1));
    see(&mut own, id, |view| {
        assert_eq!(view.candidates(), [NodeId(0), NodeId(1)]);
        let start = view.checkpoint();
        view.assign(first, NodeId(0)).unwrap();
        assert_eq!(view.residual(NodeId(0), AssetId::CORES), 0.5);
        assert!(view.fits(second, NodeId(0)).is_err());
        let before = view.way(NodeId(0), NodeId(1), 1.0, 0.0).unwrap();
        assert_eq!((before.latency_s, before.residual_bps, before.hops), (0.003, 100e6, 2));
        view.assign(second, NodeId(1)).unwrap();
        assert_eq!(view.way(NodeId(0), NodeId(1), 1.0, 0.0).unwrap().residual_bps, 90e6);
        assert_eq!(view.way(NodeId(1), NodeId(0), 1.0, 0.0).unwrap().residual_bps, 100e6);
        assert_eq!(view.way(NodeId(0), NodeId(1), 0.0029, 0.0), None);
        assert_eq!(view.way(NodeId(0), NodeId(1), 1.0, 91e6), None);
        assert_eq!(nodes_of(&view.decided()), [0, 1]);
        view.rollback(start);
        assert_eq!((view.node_of(first), view.residual(NodeId(0), AssetId::CORES)), (None, 2.0));
        assert_eq!(view.way(NodeId(0), NodeId(1), 1.0, 0.0).unwrap().residual_bps, 100e6);
        let near: Vec<_> = view.distances(NodeId(1), 0.0025).collect();
        assert_eq!(near, [(NodeId(1), 0.0), (NodeId(2), 0.002)]);
        let interactions: Vec<_> = view.interactions_of(second).collect();
        assert_eq!((interactions[0].other, interactions[0].is_outgoing), (first, false));
    });
    assert_eq!(own.application(id).placed(), 0);
    assert_eq!(own.assets().residual(NodeId(0), AssetId::CORES), 2.0);
}

#[test]
fn first_fit_looks_at_ways() {
    // The second node has room, but is too far away for the second service.
    let mut own = network(&[1, 1, 1], &[(0, 1, 20.0), (0, 2, 5.0)]);
    let id = own.add_application(chain(&[1.0, 1.0], 10.0));
    let decision = see(&mut own, id, |view| FirstFit {}.place(view));
    assert_eq!(nodes_of(&decision), [0, 2]);
    let far = own.add_application(chain(&[1.0, 1.0], 4.0));
    let decision = see(&mut own, far, |view| FirstFit {}.place(view));
    let ServicePlacementDecision::Reject(fault) = decision else { panic!("{decision:?}") };
    assert_eq!(fault.replica, Some(ReplicaIndex(1)));
}

#[test]
fn a_fixed_placement_is_what_is_given() {
    let mut own = network(&[4, 4], &[(0, 1, 1.0)]);
    let id = own.add_application(chain(&[1.0, 1.0, 1.0], 10.0));
    let nodes = [("s1".to_string(), vec![NodeId(0)]), ("*".to_string(), vec![NodeId(1)])];
    let mut fixed = Fixed { nodes: nodes.into() };
    let decision = see(&mut own, id, |view| fixed.place(view));
    assert_eq!(nodes_of(&decision), [1, 0, 1]);
    fixed.nodes.remove("*");
    let decision = see(&mut own, id, |view| fixed.place(view));
    let ServicePlacementDecision::Reject(fault) = decision else { panic!("{decision:?}") };
    assert_eq!(fault.replica, Some(ReplicaIndex(0)));
}
