//! Who has how much of a cell.

use super::*;
use crate::infra::event::TransferOutcome;
use crate::infra::network::{Direction, OwnRadio};
use crate::infra::nr::{Channel, Jammer, JammerKind, RoundRobin};
use proptest::prelude::*;
use std::sync::Arc;

/// Seconds from the start of a run in which the first period has ended to the end of each transfer, in order.
fn ends_s(kernel: &Kernel<World>, since_s: f64) -> Vec<f64> {
    kernel.model.ended.iter().map(|(time, _)| time.as_secs() - since_s).collect()
}

const LATENCY_S: f64 = 0.002;

/// One transfer has the whole cell: its time is that of its bytes at the goodput, and the radio's latency.
#[test]
fn one_transfer_takes_its_bytes_over_the_goodput() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    send(&mut world, plan.server(), plan.device(0), 1e7);
    run_to(&mut world, 3.0);
    assert_near(ends_s(&world, 1.0)[0], 8e7 / whole_bps + LATENCY_S, 2e-9);
    assert_eq!(world.model.ended[0].1.hops, 2);
    // Each period has been told; what was carried is in the reports.
    assert_eq!(world.model.measured, 3);
    // Up: one block of 273 (see the test of power).
    let up_bps = report(&world, 0).uplink.whole_bps / 273.0;
    send(&mut world, plan.device(0), plan.server(), 1e4);
    run_to(&mut world, 6.0);
    assert_near(ends_s(&world, 3.0)[1], 8e4 / up_bps + LATENCY_S, 2e-9);
}

/// Reports of a period with one transfer: bits, airtime and blocks.
#[test]
fn reports_tell_what_was_carried() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole = report(&world, 0).downlink;
    assert_eq!((whole.brate_bps, whole.ok, whole.nok), (0.0, 0.0, 0.0));
    send(&mut world, plan.server(), plan.device(0), 1e7);
    run_to(&mut world, 1.1);
    assert!(world.model.infrastructure.close_cells(world.now()));
    // A tenth of a second at the full rate.
    let part = report(&world, 0).downlink;
    assert_near(part.brate_bps, part.whole_bps, 1.0);
    assert_near(part.airtime, 1.0, 1e-9);
    assert_near(part.waiting_bytes, 1e7 - 0.1 * part.whole_bps / 8.0, 1.0);
    let cell = world.model.cells().cell_reports()[0];
    assert_near(cell.prb_use[0], 1.0, 1e-9);
    assert_near(cell.carried_bps[0], part.whole_bps, 1.0);
    assert!(part.ok > 100.0 && part.nok > 0.0);
    assert_near(part.block_error.expect("there were some"), part.nok / (part.ok + part.nok), 1e-12);
}

/// n devices on one cell take n times as long each; transfers of one device share what it has.
#[test]
fn devices_share_the_time_of_a_cell() {
    for count in [1_u32, 2, 5] {
        let places = vec![(200.0, 0.0); count as usize];
        let mut plan = Plan::new(&[(0.0, 0.0)], &places);
        plan.spec.scheduler = Arc::new(RoundRobin);
        let mut world = plan.start();
        run_to(&mut world, 1.0);
        let whole_bps = report(&world, 0).downlink.whole_bps;
        for number in 0..count {
            send(&mut world, plan.server(), plan.device(number), 1e6);
        }
        run_to(&mut world, 5.0);
        let expected_s = f64::from(count) * 8e6 / whole_bps + LATENCY_S;
        for found_s in ends_s(&world, 1.0) {
            assert_near(found_s, expected_s, 1e-8);
        }
        assert_eq!(world.model.ended.len(), count as usize);
    }
    // Two transfers of one device and one of another: a quarter, a quarter and half of the cell.
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (0.0, 200.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    for device in [0, 0, 1] {
        send(&mut world, plan.server(), plan.device(device), 1e6);
    }
    run_to(&mut world, 5.0);
    let (other_s, own_s) = (16e6 / whole_bps, 24e6 / whole_bps);
    let found = ends_s(&world, 1.0);
    assert_near(found[0], other_s + LATENCY_S, 1e-8);
    // When the other one is done half of each is left, at twice the rate.
    assert_near(found[1], own_s + LATENCY_S, 1e-8);
    assert_near(found[2], own_s + LATENCY_S, 1e-8);
}

/// Near and far devices: the same share of the time, not of the rate.
#[test]
fn shares_are_of_time_and_not_of_rates() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(100.0, 0.0), (500.0, 0.0)]);
    plan.spec.scheduler = Arc::new(RoundRobin);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    for number in 0..2 {
        send(&mut world, plan.server(), plan.device(number), 1e9);
    }
    run_to(&mut world, 2.0);
    let [near, far] = [0, 1].map(|number| report(&world, number).downlink);
    assert_near(near.airtime, 0.5, 1e-6);
    assert_near(far.airtime, 0.5, 1e-6);
    assert!(near.brate_bps > 1.5 * far.brate_bps, "{} {}", near.brate_bps, far.brate_bps);
    assert_near(near.brate_bps, 0.5 * near.whole_bps, 1.0);
}

/// Background traffic of half the cell on one device leaves half to another; a device's own takes at most half of what it
/// has.
#[test]
fn background_traffic_takes_its_part() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    plan.device.background_bps = [0.3 * whole_bps, 0.0];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let before = report(&world, 0).downlink;
    assert_near(before.brate_bps, 0.3 * whole_bps, 1.0);
    assert_near(before.airtime, 0.3, 1e-9);
    send(&mut world, plan.server(), plan.device(0), 1e7);
    run_to(&mut world, 4.0);
    assert_near(ends_s(&world, 1.0)[0], 8e7 / (0.7 * whole_bps) + LATENCY_S, 1e-8);
    plan.device.background_bps = [f64::INFINITY, 0.0];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    assert_near(report(&world, 0).downlink.airtime, 1.0, 1e-9);
    send(&mut world, plan.server(), plan.device(0), 1e7);
    run_to(&mut world, 4.0);
    assert_near(ends_s(&world, 1.0)[0], 8e7 / (0.5 * whole_bps) + LATENCY_S, 1e-8);
}

/// What a cell always sends for others is not there for its devices: half of it leaves them half, down; and its blocks are in use
/// once.
#[test]
fn background_load_takes_from_the_cells_own_devices() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (0.0, 200.0)]);
    plan.gnb.background_load = 0.5;
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    let (now, server, device) = (world.now(), plan.server(), plan.device(0));
    let found = world.model.infrastructure.estimated_transfer_s(now, server, device, 1e6);
    assert_near(found.expect("a way"), 8e6 / (0.5 * whole_bps) + LATENCY_S, 1e-8);
    for number in 0..2 {
        send(&mut world, server, plan.device(number), 1e9);
    }
    send(&mut world, device, server, 1e9);
    run_to(&mut world, 2.0);
    for number in 0..2 {
        assert_near(report(&world, number).downlink.brate_bps, 0.25 * whole_bps, 1.0);
    }
    let cell = world.model.cells().cell_reports()[0];
    assert_near(cell.prb_use[0], 0.5, 1e-9);
    // Up as ever: one block of 273.
    assert_near(cell.prb_use[1], 1.0 / 273.0, 1e-9);
}

/// A device that sends all the time sends a block in each slot, however few resource blocks it has; half of the time, half of them.
#[test]
fn blocks_are_counted_by_slots() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    plan.device.background_bps = [f64::INFINITY, f64::INFINITY];
    let mut world = plan.start();
    run_to(&mut world, 2.0);
    let found = report(&world, 0);
    // 400 patterns a second with a slot up each, and four slots down; some for retransmissions.
    let sent = |own: LinkReport| own.ok + own.nok;
    assert_near(sent(found.uplink), 400.0, 1e-6);
    assert_near(sent(found.downlink), 1600.0, 1e-6);
    plan.device.background_bps = [0.0, 0.5 * found.uplink.brate_bps];
    let mut world = plan.start();
    run_to(&mut world, 2.0);
    assert_near(sent(report(&world, 0).uplink), 200.0, 1e-6);
}

/// Over a link that carries nothing the lowest scheme is granted and lost as long as there is anything to send: in each slot,
/// as it has the power for few blocks only. Without anything to send there is nothing to tell.
#[test]
fn a_dead_link_loses_all_that_it_is_granted() {
    let run = |background_bps: [f64; 2], devices: usize, sends_at_s: Option<f64>| {
        let mut plan = Plan::new(&[(0.0, 0.0)], &vec![(200.0, 0.0); devices]);
        plan.device.background_bps = background_bps;
        let kind = JammerKind::Selective { target: Channel::Pusch, accuracy: 1.0 };
        plan.spec.jammers = vec![PlacedJammer {
            name: "jammer".into(),
            jammer: Jammer { kind, eirp_dbm: 80.0, centre_hz: 3.5e9, bandwidth_hz: 100e6 },
            place: JammerPlace::At(Position { x_m: 30.0, y_m: 0.0, z_m: 2.0 }),
            windows: None,
        }];
        let mut world = plan.start();
        if let Some(time_s) = sends_at_s {
            run_to(&mut world, time_s);
            send(&mut world, plan.device(0), plan.server(), 1e6);
        }
        run_to(&mut world, 2.0);
        report(&world, 0)
    };
    let idle = run([0.0; 2], 1, None);
    assert_eq!((idle.uplink.nok, idle.uplink.block_error, idle.mac_pdr()), (0.0, None, None));
    assert!(idle.downlink.block_error.is_some_and(|share| share < 0.2), "{idle:?}");
    // One slot up in each of 400 patterns a second, on the few blocks that it has the power for.
    for (background_bps, devices, sends_at_s, expected) in
        [(1e6, 1, None, 400.0), (1e6, 2, None, 400.0), (0.0, 1, Some(1.25), 300.0)]
    {
        let found = run([0.0, background_bps], devices, sends_at_s);
        assert_near(found.uplink.nok, expected * (1.0 - found.channels.pdcch_loss), 1e-6);
        assert_near(found.uplink.lost, found.uplink.nok / 4.0, 1e-9);
        assert_eq!((found.uplink.ok, found.uplink.mcs), (0.0, 0.0));
        assert_eq!((found.uplink.block_error, found.mac_pdr()), (Some(1.0), Some(0.0)));
    }
}

/// What waits is offered once, when it is carried: the share of a run without losses is 1, whatever the period is.
#[test]
fn what_waits_is_no_loss() {
    for period_s in [0.1, 1.0] {
        let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
        plan.spec.period = SimDuration::from_secs(period_s);
        let mut world = plan.start();
        run_to(&mut world, 1.0);
        assert_eq!(world.model.cells().reports()[0].ip_pdr(), None);
        // More than two seconds.
        let bytes = 2.5 * report(&world, 0).downlink.whole_bps / 8.0;
        send(&mut world, plan.server(), plan.device(0), bytes);
        let (mut offered_bytes, mut carried_bytes) = (0.0, 0.0);
        for period in 1..=(4.0 / period_s).round() as u32 {
            run_to(&mut world, 1.0 + f64::from(period) * period_s);
            let own = world.model.cells().reports()[0];
            assert!(own.ip_pdr().is_none_or(|share| share == 1.0), "{own:?}");
            offered_bytes += own.offered_bytes;
            carried_bytes += own.delivered_bytes;
        }
        assert_eq!(world.model.ended.len(), 1);
        assert_near(offered_bytes / bytes, 1.0, 1e-9);
        assert_near(carried_bytes / bytes, 1.0, 1e-9);
    }
}

/// A transfer that is lost after 0.55 s of 2 s had as much to carry as it would have carried; one that its owner gives up
/// has not.
#[test]
fn what_lost_transfers_had_to_carry_is_lost() {
    for (period_s, is_lost) in [(0.1, true), (1.0, true), (1.0, false)] {
        let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
        plan.spec.period = SimDuration::from_secs(period_s);
        let mut world = plan.start();
        run_to(&mut world, 1.0);
        let bytes = 2.0 * report(&world, 0).downlink.whole_bps / 8.0;
        send(&mut world, plan.server(), plan.device(0), bytes);
        run_to(&mut world, 1.55);
        let (device, infrastructure) = (plan.device(0), &mut world.model.infrastructure);
        if is_lost {
            let off = RadioCommand::Detach { seconds: 9.0 };
            infrastructure.command(&mut world.schedule, device, off).expect("it obeys");
        } else {
            let id = infrastructure.network().transfers_of(device)[0];
            let dropped = TransferOutcome::Dropped;
            infrastructure.abort_transfer(&mut world.schedule, id, dropped).expect("it goes on");
        }
        world.model.listen(&mut world.schedule);
        let (mut offered_bytes, mut carried_bytes) = (0.0, 0.0);
        // From the end of the period on in which it began to be carried.
        let begun = (0.55 / period_s).floor() as u32;
        if begun > 0 {
            carried_bytes = f64::from(begun) * period_s * bytes / 2.0;
            offered_bytes = carried_bytes;
        }
        for period in begun + 1..=(4.0 / period_s).round() as u32 {
            run_to(&mut world, 1.0 + f64::from(period) * period_s);
            let own = world.model.cells().reports()[0];
            offered_bytes += own.offered_bytes;
            carried_bytes += own.delivered_bytes;
        }
        let expected = if is_lost { 1.0 } else { 0.275 };
        assert_near(offered_bytes / bytes, expected, 1e-6);
        assert_near(carried_bytes / bytes, 0.275, 1e-6);
    }
}

/// A slower link elsewhere binds, and what a device cannot use of its share stays unused.
#[test]
fn a_slow_backbone_binds() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (200.0, 0.0)]);
    plan.backbone_bps = 2e7;
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    send(&mut world, plan.server(), plan.device(0), 1e6);
    send(&mut world, plan.device(1), plan.device(0), 1e5);
    run_to(&mut world, 2.0);
    // From one device of the gNB to another nothing passes the backbone.
    let down = world.model.ended.iter().find(|(_, own)| own.from == plan.server());
    let (time, _) = down.expect("it has arrived");
    assert_near(time.as_secs() - 1.0, 8e6 / 2e7 + LATENCY_S, 1e-8);
    assert!(report(&world, 0).downlink.airtime < 0.1);
}

/// A transfer that comes in the middle of a period halves the rate at that instant, and gives it back when it ends.
#[test]
fn shares_change_within_a_period() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (0.0, 200.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    send(&mut world, plan.server(), plan.device(0), 0.4 * whole_bps / 8.0);
    run_to(&mut world, 1.1);
    send(&mut world, plan.server(), plan.device(1), 0.1 * whole_bps / 8.0);
    run_to(&mut world, 1.9);
    // A tenth alone, then 0.2 s with the other one, then the rest.
    let found = ends_s(&world, 1.0);
    assert_near(found[0], 0.1 + 0.2 + LATENCY_S, 1e-8);
    assert_near(found[1], 0.1 + 0.2 + 0.2 + LATENCY_S, 1e-8);
}

/// An estimate is what a transfer then takes, as long as nothing changes.
#[test]
fn estimates_come_true() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (0.0, 200.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let (server, device) = (plan.server(), plan.device(0));
    let estimate = |world: &mut Kernel<World>, bytes| {
        let now = world.now();
        world.model.infrastructure.estimated_transfer_s(now, server, device, bytes).expect("a way")
    };
    let alone_s = estimate(&mut world, 1e6);
    send(&mut world, server, device, 1e6);
    run_to(&mut world, 1.9);
    assert_near(ends_s(&world, 1.0)[0], alone_s, 1e-8);
    // Beside another device that has much to receive: half the cell.
    run_to(&mut world, 2.0);
    send(&mut world, server, plan.device(1), 1e9);
    run_to(&mut world, 3.0);
    let shared_s = estimate(&mut world, 1e6);
    assert_near(shared_s - LATENCY_S, 2.0 * (alone_s - LATENCY_S), 1e-8);
    send(&mut world, server, device, 1e6);
    run_to(&mut world, 3.9);
    assert_near(ends_s(&world, 3.0)[1], shared_s, 1e-8);
}

/// Beside a device that needs a part of the cell only, another one is told that it finds the rest, and does.
#[test]
fn estimates_know_who_needs_no_more() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (0.0, 200.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let whole_bps = report(&world, 0).downlink.whole_bps;
    plan.device.background_bps = [0.3 * whole_bps, 0.0];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let (now, server, device) = (world.now(), plan.server(), plan.device(0));
    let found = world.model.infrastructure.estimated_transfer_s(now, server, device, 1e6);
    // Of the 0.7 that the other one leaves, 0.3 are its own background traffic.
    assert_near(found.expect("a way"), 8e6 / (0.4 * whole_bps) + LATENCY_S, 1e-8);
    send(&mut world, server, device, 1e6);
    run_to(&mut world, 1.9);
    assert_near(ends_s(&world, 1.0)[0], found.expect("a way"), 1e-8);
}

/// A device that was between two cells for a while is told at once what it finds in the new one.
#[test]
fn estimates_are_there_after_a_handover() {
    let leg = |x_m: f64, time_s: f64| crate::infra::TrajectoryPoint {
        time_s,
        position: Position::ground(x_m, 0.0),
    };
    let mut plan = Plan::new(&[(0.0, 0.0), (500.0, 0.0)], &[(200.0, 0.0)]);
    let way = vec![leg(200.0, 0.0), leg(200.0, 1.1), leg(300.0, 1.2)];
    plan.mobility = Some(Box::new(crate::infra::Trajectory::new(&[way], false).expect("a way")));
    plan.spec.handover.interruption = SimDuration::from_secs(0.05);
    let mut world = plan.start();
    let estimate_s = |world: &mut Kernel<World>, time_s: f64| {
        run_to(world, time_s);
        let (now, server, device) = (world.now(), plan.server(), plan.device(0));
        world.model.infrastructure.estimated_transfer_s(now, server, device, 1e6).expect("a way")
    };
    let before_s = estimate_s(&mut world, 1.9);
    let between_s = estimate_s(&mut world, 2.01);
    let after_s = estimate_s(&mut world, 2.06);
    // It was decided at 2 s, and is as far from the one as it was from the other.
    assert_near(after_s, before_s, 1e-9);
    assert!(between_s > 1e5 * before_s, "{between_s}");
    assert_eq!(world.model.cells().serving(plan.device(0)), Some(CellId(1)));
    run_to(&mut world, 3.0);
    assert_near(report(&world, 0).interrupted_s, 0.05, 1e-9);
    assert_near(world.model.cells().counts().interruption_s, 0.05, 1e-9);
}

/// Two devices of one gNB send to each other: both radios' directions and both own channels are on the way.
#[test]
fn devices_reach_each_other() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(100.0, 0.0), (0.0, 100.0)]);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let (up, down) = (report(&world, 0).uplink, report(&world, 1).downlink);
    send(&mut world, plan.device(0), plan.device(1), 1e5);
    run_to(&mut world, 3.0);
    assert!(up.whole_bps < down.whole_bps);
    let (_, record) = &world.model.ended[0];
    assert_eq!((record.hops, record.sent_bytes), (2, 1e5));
    let reports = world.model.cells().reports();
    assert_eq!(reports.len(), 2);
}

/// A device that hears nothing has no cell; transfers find no way.
#[test]
fn out_of_range_there_is_no_cell() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0), (30_000.0, 0.0)]);
    let mut world = plan.start();
    run_to(&mut world, 2.0);
    let cells = world.model.cells();
    assert_eq!(cells.serving(plan.device(0)), Some(CellId(0)));
    assert_eq!(cells.serving(plan.device(1)), None);
    let counts = cells.counts();
    assert_eq!((counts.device_s, counts.attached_s, counts.out_of_coverage_s), (4.0, 2.0, 2.0));
    assert_eq!(counts.never_attached, 1);
    let now = world.now();
    let infrastructure = &mut world.model.infrastructure;
    assert!(infrastructure.endpoint(plan.device(1)).is_none());
    assert_eq!(infrastructure.estimated_transfer_s(now, plan.server(), plan.device(1), 1.0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Bytes of the devices add up to those of the gNBs' radios, whatever comes and goes; no cell is used beyond its time.
    #[test]
    fn bytes_are_conserved(
        sends in prop::collection::vec((0_u32..6, any::<bool>(), 1e3..2e7_f64, 0.0..0.4_f64), 1..30),
        background in prop_oneof![Just(0.0), Just(2e6), Just(f64::INFINITY)],
    ) {
        let devices: Vec<(f64, f64)> = (0..6).map(|own| (40.0 + 90.0 * f64::from(own), 20.0)).collect();
        let mut plan = Plan::new(&[(0.0, 0.0), (500.0, 0.0)], &devices);
        plan.device.background_bps = [background, 0.2 * background];
        let mut world = plan.start();
        let mut time_s = 0.0;
        let mut reported = [0.0; 2];
        let add = |world: &Kernel<World>, reported: &mut [f64; 2]| {
            for cell in world.model.cells().cell_reports() {
                prop_assert!(cell.prb_use.iter().all(|share| *share <= 1.0 + 1e-9));
            }
            for device in world.model.cells().reports() {
                let own = device.serving.expect("it is served");
                prop_assert!(own.downlink.airtime <= 1.0 + 1e-9);
                reported[0] += own.downlink.brate_bps / 8.0;
                reported[1] += own.uplink.brate_bps / 8.0;
            }
            Ok(())
        };
        for (device, is_up, bytes, wait_s) in sends {
            let next_s = time_s + wait_s;
            if next_s.floor() > time_s.floor() {
                run_to(&mut world, next_s.floor());
                add(&world, &mut reported)?;
            }
            run_to(&mut world, next_s);
            time_s = next_s;
            let (from, to) = match is_up {
                true => (plan.device(device), plan.server()),
                false => (plan.server(), plan.device(device)),
            };
            send(&mut world, from, to, bytes);
        }
        let end_s = time_s.floor() + 1.0;
        run_to(&mut world, end_s);
        add(&world, &mut reported)?;
        let now = world.now();
        let network = world.model.infrastructure.network();
        let mut radios = [0.0; 2];
        for number in 0..2 {
            let link = world.model.infrastructure.access_points[number].1;
            let (down, up) = network.link_state(now, link);
            radios[0] += down.carried_bytes;
            radios[1] += up.expect("two channels").carried_bytes;
            prop_assert!(network.bandwidth_bps(link, Direction::Forth) > 1e8);
        }
        let mut own = [0.0; 2];
        for number in 0..6 {
            let carried = network.own_carried_bytes(now, OwnRadio::Cells, plan.device(number));
            own[0] += carried[0];
            own[1] += carried[1];
        }
        for direction in 0..2 {
            let (own, radios) = (own[direction], radios[direction]);
            prop_assert!((own - radios).abs() <= 1e-6 * (1.0 + radios), "{} {}", own, radios);
            if background == 0.0 {
                let seen = reported[direction];
                prop_assert!((seen - radios).abs() <= 1e-6 * (1.0 + radios), "{} {}", seen, radios);
            }
        }
    }
}
