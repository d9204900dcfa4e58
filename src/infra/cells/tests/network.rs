//! Cells beside the rest of the network: faults, other networks, the ends of runs.

use super::*;
use crate::infra::network::{DirectScope, DirectSpec, LinkModel, NetworkClass, OwnRadio, RadioEnergy};
use crate::infra::{FaultTarget, FaultTimes, InfraError, TransferOutcome};

/// The gNB of a device fails: another cell takes over, and the transfer goes on there with what was left.
#[test]
fn transfers_go_on_at_another_gnb() {
    let mut plan = Plan::new(&[(0.0, 0.0), (500.0, 0.0)], &[(200.0, 0.0)]);
    plan.add = |builder| {
        let times = [1.25, 50.0].map(SimTime::from_secs).to_vec();
        builder.fault(FaultTarget::Node(NodeId(0)), FaultTimes::Given(times));
    };
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let before_bps = report(&world, 0).downlink.whole_bps;
    let bytes = before_bps / 8.0;
    send(&mut world, plan.server(), plan.device(0), bytes);
    run_to(&mut world, 2.0);
    assert_eq!(world.model.cells().serving(plan.device(0)), Some(CellId(1)));
    let after_bps = report(&world, 0).downlink.whole_bps;
    assert!(after_bps < before_bps);
    run_to(&mut world, 5.0);
    let (time, record) = &world.model.ended[0];
    assert_eq!((record.outcome, record.reroutes), (TransferOutcome::Delivered, 1));
    assert_near(record.sent_bytes, bytes, 1e-3);
    let expected_s = 0.25 + 0.75 * before_bps / after_bps + 0.002;
    assert_near(time.as_secs() - 1.0, expected_s, 1e-8);
    // A cell that does not work disturbs nobody.
    assert_near(report(&world, 0).measured.sinr_db, report(&world, 0).downlink.sinr_db, 1e-9);
    let change = world.model.changes.last().expect("a change");
    assert_eq!((change.1.from, change.1.to), (Some(CellId(0)), Some(CellId(1))));
    assert_near(change.0.as_secs(), 1.25, 1e-9);
}

/// A network of another kind leads from devices to the server directly: what takes it passes no cell, what does not passes its own
/// channel.
#[test]
fn direct_networks_lead_around_cells() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    plan.add = |builder| {
        builder.direct(DirectSpec {
            name: "satellite".into(),
            class: NetworkClass::Wan,
            targets: vec![NodeId(1)],
            scope: DirectScope::Everywhere,
            uplink_bps: 8e6,
            downlink_bps: 8e6,
            half_duplex: false,
            latency: SimDuration::from_secs(0.25),
            model: LinkModel::FairShare,
            down_model: None,
            transfer_limit: usize::MAX,
            energy: RadioEnergy::default(),
        });
    };
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    let (server, device) = (plan.server(), plan.device(0));
    let estimate = |world: &mut Kernel<World>, via| {
        let now = world.now();
        let infrastructure = &mut world.model.infrastructure;
        infrastructure.estimated_transfer_via_s(now, server, device, 1e6, via).expect("a way")
    };
    assert_near(estimate(&mut world, None), 8e6 / whole_bps + 0.002, 1e-8);
    assert_near(estimate(&mut world, Some(NetworkClass::Wan)), 1.25, 1e-8);
    for via in [None, Some(NetworkClass::Wan)] {
        let owner = Owner { workload: 0, token: 0 };
        let World { infrastructure, .. } = &mut world.model;
        infrastructure
            .start_transfer(&mut world.schedule, server, device, 1e6, owner, via)
            .expect("there is a way");
        world.model.listen(&mut world.schedule);
    }
    run_to(&mut world, 4.0);
    let ended: Vec<f64> = world.model.ended.iter().map(|(time, _)| time.as_secs() - 1.0).collect();
    assert_near(ended[0], 8e6 / whole_bps + 0.002, 1e-8);
    assert_near(ended[1], 1.25, 1e-8);
    let carried =
        world.model.infrastructure.network().own_carried_bytes(world.now(), OwnRadio::Cells, device);
    assert_near(carried[0], 1e6, 1e-3);
}

/// A run that ends within a period: its part is reported, and counted by its length.
#[test]
fn a_part_of_a_period_is_reported() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    plan.device.background_bps = [1e6, 0.0];
    let mut world = plan.start();
    run_to(&mut world, 2.5);
    assert!(world.model.infrastructure.close_cells(world.now()));
    assert!(!world.model.infrastructure.close_cells(world.now()));
    let cells = world.model.cells();
    assert_eq!(cells.reported(), (SimTime::from_secs(2.0), SimTime::from_secs(2.5)));
    assert_eq!(cells.counts().device_s, 2.5);
    assert_near(report(&world, 0).downlink.brate_bps, 1e6, 1e-3);
    let device = cells.reports()[0];
    assert_near(device.delivered_bytes, 0.5e6 / 8.0, 1e-6);
    assert_eq!(device.offered_bytes, 0.5e6 / 8.0);
}

/// What makes no cells is told by class and figure.
#[test]
fn what_makes_no_cells_is_told() {
    let error = |change: fn(&mut Plan, &mut NodeClass)| {
        let mut plan = Plan::new(&[(0.0, 0.0)], &[]);
        let mut class = NodeClass {
            access_point: Some(AccessPointSpec::new(1.0, 1.0)),
            gnb: Some(GnbSpec::default()),
            ..NodeClass::new("gnb", Tier::Edge, 1)
        };
        change(&mut plan, &mut class);
        let mut builder = InfraBuilder::new(RandomStreams::new(1));
        builder.class(class, Box::new(Static::at(vec![Position::default()]).expect("a place")));
        builder.cells(plan.spec);
        match builder.build() {
            Err(InfraError::Cells(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        error(|_, class| class.gnb = None),
        "cells need at least one gNB with a sector and a carrier"
    );
    let found = error(|_, class| class.access_point = None);
    assert_eq!(found, "class gnb: gNBs are access points, which stand still and are wired");
    let found = error(|_, class| class.gnb.as_mut().expect("a gNB").carriers = vec![3]);
    assert_eq!(found, "gnb is on carrier number 3, but there are 1, counted from 0");
    let found = error(|plan, _| plan.spec.period = SimDuration::from_secs(61.0));
    assert_eq!(found, "cells: the period is 61, but must be 0.001 to 60 s");
    let found = error(|_, class| class.gnb.as_mut().expect("a gNB").background_load = 1.0);
    assert_eq!(found, "gnb: the background load is 1, but must be 0 to 0.95");
    let found = error(|plan, _| plan.spec.carriers.clear());
    assert_eq!(found, "cells need at least one carrier");
}
