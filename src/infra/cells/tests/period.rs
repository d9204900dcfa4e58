//! What is received and reported.

use super::*;
use crate::infra::nr::{Channel, Jammer, JammerKind, LinkState, flat, from_db, mw_from_dbm, noise_dbm};
use crate::infra::{Area, FaultTarget, FaultTimes, RandomWaypoint};

/// The worked vectors of the documentation: 200 m without a line of sight, and a second cell at 500 m that sends half of
/// the time.
#[test]
fn a_device_measures_what_was_worked_out_by_hand() {
    let mut alone = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]).start();
    run_to(&mut alone, 1.0);
    let found = report(&alone, 0);
    assert_near(found.measured.rsrp_dbm, -98.382_280, 1e-6);
    assert_near(found.measured.sinr_db, 23.846_507, 1e-6);
    assert_near(found.downlink.sinr_db, 23.846_507, 1e-6);
    assert_near(found.distance_m, 200.180_544, 1e-6);
    assert_near(found.timing_advance_ns, 2.0 * 200.180_544 / 0.299_792_458, 1e-3);
    assert_eq!((found.downlink.cqi, found.downlink.mcs), (14.0, 25.0));
    assert!(!found.line_of_sight && found.neighbour.is_none());
    let mut plan = Plan::new(&[(0.0, 0.0), (700.0, 0.0)], &[(200.0, 0.0)]);
    plan.loads = vec![0.0, 0.5];
    let mut pair = plan.start();
    run_to(&mut pair, 1.0);
    let found = report(&pair, 0);
    assert_near(found.measured.rsrp_dbm, -98.382_280, 1e-6);
    assert_near(found.measured.sinr_db, 16.222_048, 1e-6);
    let (cell, rsrp_dbm) = found.neighbour.expect("the other cell");
    assert_eq!(cell, CellId(1));
    // 14.035664 dB weaker: 129.264505 less 115.228841 dB.
    assert_near(rsrp_dbm, -98.382_280 - 14.035_664, 1e-6);
    assert_eq!(pair.model.cells().cell(cell).name, "gnb-1/0/n78");
}

/// RSSI by hand: own cell at its SSB in 4 of 14 symbols and its load beside, the other at its load, and noise; RSRQ = N RSRP / RSSI.
#[test]
fn signal_strength_is_the_sum_of_what_is_on_air() {
    let mut plan = Plan::new(&[(0.0, 0.0), (700.0, 0.0)], &[(200.0, 0.0)]);
    plan.loads = vec![0.2, 0.5];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let found = report(&world, 0).measured;
    let noise_mw = mw_from_dbm(noise_dbm(98.28e6, 7.0));
    let total_mw =
        (4.0 + 10.0 * 0.2) / 14.0 * mw_from_dbm(-63.228_841) + 0.5 * mw_from_dbm(-77.264_505) + noise_mw;
    assert_near(found.rssi_dbm, 10.0 * total_mw.log10(), 1e-6);
    assert_near(found.rsrq_db, found.rsrp_dbm + 10.0 * 273_f64.log10() - found.rssi_dbm, 1e-9);
}

/// Up, by hand: the loss between the connectors is 115.228841 - 8 dB. One block of 30 kHz needs -90 + 3.0103 + 107.228841 =
/// 20.239141 dBm, so that 23 dBm suffice for one (2.760859 dB to spare): 23 dBm less 3.01 dB would be two.
#[test]
fn a_device_sends_with_the_power_that_it_has() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    plan.device.background_bps = [0.0, f64::INFINITY];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let found = report(&world, 0);
    assert_near(found.headroom_db, 2.760_859, 1e-6);
    // 20.239141 dBm of which 107.228841 dB are lost, over twelve subcarriers.
    assert_near(found.pusch_rsrp_dbm, 20.239_141 - 107.228_841 - 10.791_812, 1e-6);
    // One of 273 blocks all the time.
    assert_near(found.uplink.airtime, 1.0 / 273.0, 1e-9);
    assert_near(found.uplink.brate_bps, found.uplink.whole_bps / 273.0, 1.0);
    assert_eq!(found.downlink.brate_bps, 0.0);
}

/// Interference of a period is that of the one before: a device that sends all the time disturbs the other cell from the
/// second period on, by what arrives there.
#[test]
fn devices_disturb_other_cells_a_period_later() {
    let mut plan = Plan::new(&[(0.0, 0.0), (700.0, 0.0)], &[(200.0, 0.0), (900.0, 0.0)]);
    plan.device.background_bps = [0.0, f64::INFINITY];
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let first = world.model.cells().cell_reports()[1];
    assert_eq!(first.noise_rise_db, 0.0);
    run_to(&mut world, 2.0);
    let second = world.model.cells().cell_reports()[1];
    // The first device at its cell's limit: one block of 273 at 20.239141 dBm, 129.264505 - 8 dB away.
    let noise_mw = mw_from_dbm(noise_dbm(98.28e6, 5.0));
    let arrives_mw = mw_from_dbm(20.239_141 - 121.264_505);
    let expected_db = 10.0 * (1.0 + arrives_mw / noise_mw).log10();
    assert!(expected_db > 0.01);
    assert_near(second.noise_rise_db, expected_db, 1e-6);
    assert_eq!((second.users, second.active), (1, 1));
    assert_near(second.prb_use[1], 1.0 / 273.0, 1e-9);
}

/// Sectors that radiate backwards as they do forwards are one antenna: two of half the power each disturb as one.
#[test]
fn sectors_of_one_shape_are_one_antenna() {
    let run = |sectors: Vec<SectorSpec>, transmit_dbm: f64| {
        let mut plan = Plan::new(&[(0.0, 0.0), (600.0, 50.0)], &[(250.0, 30.0)]);
        plan.gnb.sectors = sectors;
        plan.gnb.transmit_dbm = transmit_dbm;
        plan.gnb.background_load = 0.3;
        let mut world = plan.start();
        run_to(&mut world, 1.0);
        world.model.cells().device_states[0].heard.iter().map(|own| own.received_mw).sum::<f64>()
    };
    let round = |count| {
        let mut sectors = SectorSpec::around(count, 30.0);
        sectors.iter_mut().for_each(|sector| sector.front_to_back_db = 0.0);
        sectors
    };
    let (one, two) = (run(round(1), 44.0), run(round(2), 44.0 - 10.0 * 2_f64.log10()));
    assert_near(two / one, 1.0, 1e-12);
    // Three true sectors: the one that looks at the device is the best, by what the angle of 3.2 degrees costs.
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(100.0, 5.0)]);
    plan.gnb.sectors = SectorSpec::around(3, 90.0);
    let mut world = plan.start();
    run_to(&mut world, 1.0);
    let angle_deg = (5.0_f64 / 100.0).atan().to_degrees();
    let heard = &world.model.cells().device_states[0].heard;
    let others_db = [120.0 + angle_deg, 120.0 - angle_deg].map(|_: f64| -30.0);
    let expected = [-12.0 * (angle_deg / 65.0).powi(2), others_db[0], others_db[1]];
    for (own, expected_db) in heard.iter().zip(expected) {
        assert_near(own.rsrp_dbm - heard[1].rsrp_dbm, expected_db + 30.0, 1e-9);
    }
    assert_eq!(world.model.cells().serving(plan.device(0)), Some(CellId(0)));
}

/// With as many near sites as there are, what a device receives is the plain sum over all of them; with fewer the rest
/// counts by its mean, which without lines of sight and shadowing is the same.
#[test]
fn far_sites_add_up_to_what_they_are() {
    let places: Vec<(f64, f64)> =
        (0..16).map(|own| (f64::from(own % 4) * 260.0, f64::from(own / 4) * 240.0)).collect();
    let run = |near_sites: u32| {
        let mut plan = Plan::new(&places, &[(333.0, 171.0), (20.0, 700.0)]);
        plan.loads = (0..16).map(|own| 0.05 * f64::from(own)).collect();
        plan.spec.near_sites = near_sites;
        plan.spec.horizon_m = Some(5000.0);
        let mut world = plan.start();
        run_to(&mut world, 2.0);
        [0, 1].map(|number| report(&world, number).measured.sinr_db)
    };
    let spec = Plan::new(&places, &[]).spec;
    for (number, place) in [(333.0, 171.0), (20.0, 700.0)].into_iter().enumerate() {
        let received = |own: usize| {
            let path = crate::infra::nr::RadioPath {
                carrier_hz: 3.5e9,
                distance_2d_m: f64::hypot(places[own].0 - place.0, places[own].1 - place.1),
                base_height_m: 10.0,
                device_height_m: 1.5,
                line_of_sight: false,
            };
            mw_from_dbm(52.0 - spec.path_loss.path_loss_db(&path))
        };
        let best = (0..16).max_by(|&a, &b| received(a).total_cmp(&received(b))).expect("one");
        let others: f64 =
            (0..16).filter(|&own| own != best).map(|own| 0.05 * own as f64 * received(own)).sum();
        let expected_db =
            10.0 * (received(best) / (others + mw_from_dbm(noise_dbm(98.28e6, 7.0)))).log10();
        for near in [16, 12, 8, 3] {
            assert_near(run(near)[number], expected_db, 1e-9);
        }
    }
}

/// Far sites disturb by their load, also those who stand and look at them from afar.
#[test]
fn loads_of_far_sites_are_learnt() {
    let mut plan = Plan::new(&[(0.0, 0.0), (700.0, 0.0)], &[(200.0, 0.0), (710.0, 0.0)]);
    plan.spec.near_sites = 1;
    plan.spec.horizon_m = Some(5000.0);
    let mut world = plan.start();
    run_to(&mut world, 3.0);
    assert_near(report(&world, 0).measured.sinr_db, 23.846_507, 1e-6);
    plan.device.background_bps = [f64::INFINITY, 0.0];
    let mut world = plan.start();
    run_to(&mut world, 3.0);
    // At full load: 16.222048 dB are those of half of it.
    let half = from_db(16.222_048);
    let noise = from_db(23.846_507);
    let full = 1.0 / (2.0 * (1.0 / half - 1.0 / noise) + 1.0 / noise);
    assert_near(report(&world, 0).measured.sinr_db, 10.0 * full.log10(), 1e-5);
    // One that has failed disturbs nobody.
    plan.add = |builder| {
        let times = [3.25, 50.0].map(SimTime::from_secs).to_vec();
        builder.fault(FaultTarget::Node(NodeId(1)), FaultTimes::Given(times));
    };
    let mut world = plan.start();
    run_to(&mut world, 5.0);
    assert_near(report(&world, 0).measured.sinr_db, 23.846_507, 1e-6);
}

/// A device far from its cell still hears it, however many sites are nearer: it leaves it by the rules of handovers only.
#[test]
fn the_own_cell_is_always_near() {
    let point = |x_m: f64, time_s: f64| crate::infra::TrajectoryPoint {
        time_s,
        position: Position::ground(x_m, 0.0),
    };
    let mut plan = Plan::new(&[(0.0, 0.0), (400.0, 0.0), (500.0, 0.0)], &[(100.0, 0.0)]);
    let way = vec![point(100.0, 0.0), point(100.0, 1.0), point(450.0, 11.0)];
    plan.mobility = Some(Box::new(crate::infra::Trajectory::new(&[way], false).expect("a way")));
    plan.spec.near_sites = 1;
    plan.spec.handover.kind = HandoverKind::Sticky;
    let mut world = plan.start();
    run_to(&mut world, 13.0);
    let found = report(&world, 0);
    assert_eq!(found.cell, CellId(0));
    let path = crate::infra::nr::RadioPath {
        carrier_hz: 3.5e9,
        distance_2d_m: 450.0,
        base_height_m: 10.0,
        device_height_m: 1.5,
        line_of_sight: false,
    };
    let expected_dbm = 52.0 - plan.spec.path_loss.path_loss_db(&path) - 10.0 * 3276_f64.log10();
    assert_near(found.measured.rsrp_dbm, expected_dbm, 1e-9);
    assert_eq!(world.model.changes.len(), 1);
}

/// SS-SINR is that of the SSB in the middle of the carrier: jammers beside it, and of channels up, are not in it, and those up
/// not in RSSI either.
#[test]
fn measurements_are_those_of_the_ssb() {
    let run = |kind: JammerKind, centre_hz: f64, bandwidth_hz: f64, eirp_dbm: f64| {
        let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
        plan.gnb.background_load = 0.5;
        plan.spec.jammers = vec![PlacedJammer {
            name: "jammer".into(),
            jammer: Jammer { kind, eirp_dbm, centre_hz, bandwidth_hz },
            place: JammerPlace::At(Position { x_m: 230.0, y_m: 0.0, z_m: 2.0 }),
            windows: None,
        }];
        let mut world = plan.start();
        run_to(&mut world, 1.0);
        report(&world, 0)
    };
    let constant = JammerKind::Constant;
    let clear = run(constant, 3.5e9, 100e6, -90.0).measured;
    assert_near(clear.sinr_db, 23.846_507, 1e-3);
    let up = run(JammerKind::Selective { target: Channel::Pucch, accuracy: 1.0 }, 3.5e9, 100e6, 20.0);
    assert!(up.channels.pucch_sinr_db < 10.0, "{up:?}");
    assert_near(up.measured.sinr_db, 23.846_507, 1e-6);
    assert_near(up.measured.rssi_dbm, clear.rssi_dbm, 1e-3);
    // Beside the SSB: only RSSI rises. Over it: the SINR is that of its own blocks.
    let beside = run(constant, 3.46e9, 5e6, 20.0);
    assert_near(beside.measured.sinr_db, 23.846_507, 1e-6);
    assert!(beside.measured.rssi_dbm > clear.rssi_dbm + 1.0);
    let over = run(constant, 3.5e9, 100e6, 20.0);
    assert_near(over.measured.sinr_db, over.channels.ssb_sinr_db, 1e-12);
    assert!(over.measured.sinr_db < 6.0 && over.measured.rsrp_dbm == clear.rsrp_dbm, "{over:?}");
}

/// Standing devices draw nothing, moving ones the same whatever others do; the same seed gives the same run.
#[test]
fn runs_are_the_same_again() {
    let run = |seed: u64, others: usize| {
        let area =
            Area::new(Position::ground(0.0, 0.0), Position::ground(900.0, 900.0)).expect("an area");
        let mut plan = Plan::new(&[(100.0, 100.0), (700.0, 200.0), (400.0, 800.0)], &[]);
        plan.devices = vec![Position::default(); 1 + others];
        let pause = crate::engine::Distribution::constant(1.0).expect("a pause");
        let walk = RandomWaypoint::new(area, 5.0, 20.0, pause).expect("a model");
        plan.mobility = Some(Box::new(walk));
        plan.spec =
            CellularSpec { handover: plan.spec.handover, ..CellularSpec::new(plan.spec.carriers) };
        plan.seed = seed;
        let mut world = plan.start();
        let mut seen = Vec::new();
        for second in 1..60 {
            run_to(&mut world, f64::from(second));
            let device = &world.model.cells().reports()[0];
            seen.push(device.serving.map(|own| (own.cell, own.measured.rsrp_dbm)));
        }
        seen
    };
    assert_eq!(run(1, 3), run(1, 3));
    assert_ne!(run(1, 3), run(2, 3));
    // What a device receives does not hang on who else is there.
    assert_eq!(run(1, 3), run(1, 0));
}

/// The expectation, each slot and Shannon's bound in one place: within what the documentation tells.
#[test]
fn fidelities_agree() {
    let run = |fidelity: FidelityChoice| {
        let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
        plan.device.background_bps = [f64::INFINITY, 0.0];
        plan.spec.fidelity = fidelity;
        let mut world = plan.start();
        run_to(&mut world, 3.0);
        report(&world, 0).downlink.brate_bps
    };
    let analytic_bps = run(FidelityChoice::Analytic);
    assert_near(analytic_bps / (400.0 * 131_040.0 * 6.914_1), 1.0, 0.02);
    let ratio = run(FidelityChoice::Slots) / analytic_bps;
    assert!((0.9..1.0).contains(&ratio), "{ratio}");
    let ratio = run(FidelityChoice::Shannon { gap_db: 2.0 }) / analytic_bps;
    assert!((1.03..1.09).contains(&ratio), "{ratio}");
}

/// The filter of layer 3 with k = 4 at periods of 0.2 s: half of the way each time.
#[test]
fn measurements_are_filtered() {
    let leg = |x_m: f64, time_s: f64| crate::infra::TrajectoryPoint {
        time_s,
        position: Position::ground(x_m, 0.0),
    };
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(200.0, 0.0)]);
    plan.mobility = Some(Box::new(
        crate::infra::Trajectory::new(
            &[vec![leg(200.0, 0.0), leg(200.0, 0.9), leg(100.0, 0.95)]],
            false,
        )
        .expect("a way"),
    ));
    plan.spec.period = SimDuration::from_secs(0.2);
    plan.spec.handover.filter = 4;
    let mut world = plan.start();
    run_to(&mut world, 0.9);
    let device = plan.device(0);
    let filtered = |world: &Kernel<World>| world.model.cells().neighbours(device)[0].rsrp_dbm;
    assert_near(filtered(&world), -98.382_280, 1e-6);
    run_to(&mut world, 1.1);
    let now_dbm = world.model.cells().device_states[0].heard[0].rsrp_dbm;
    assert!(now_dbm > -90.0);
    assert_near(filtered(&world), 0.5 * (now_dbm - 98.382_280), 1e-6);
}

/// Peak rates of the radio never bind: they are those of all cells at an SINR beyond all schemes.
#[test]
fn the_radio_of_a_gnb_never_binds() {
    let mut plan = Plan::new(&[(0.0, 0.0)], &[(20.0, 0.0)]);
    plan.gnb.sectors = SectorSpec::around(2, 0.0);
    let world = plan.start();
    let network = world.model.infrastructure.network();
    let link = world.model.infrastructure.access_points[0].1;
    let nominal_bps = network.bandwidth_bps(link, crate::infra::network::Direction::Forth);
    let cells = world.model.cells();
    let band = &cells.ground.bands[0];
    let states = [LinkState::always(flat(from_db(60.0)))];
    let mut random = RandomStreams::new(1).entity("x", 0);
    let period = crate::infra::nr::LinkPeriod::whole(1.0, &states);
    let best = band.links[0].period(&period, &mut LinkMemory::default(), &mut random);
    assert_near(nominal_bps, 2.0 * best.goodput_bps, 1.0);
    assert_eq!(plan.spec.scheduler.name(), "proportional_fair");
}
