//! Changes of cells: handovers, failed links, commands, faults.

use super::*;

/// In the middle both cells are alike. A command halts a transfer for the interruption and changes nothing else.
#[test]
fn a_handover_delays_a_transfer_by_its_interruption() {
    let arrives = |interruption_s: f64, to: Option<CellId>| {
        let mut world = World::standing(200.0);
        world.spec.handover.kind = HandoverKind::Sticky;
        world.spec.handover.interruption = SimDuration::from_secs(interruption_s);
        let mut kernel = world.start();
        kernel.run_until(SimTime::from_secs(2.3));
        send(&mut kernel, 5e6);
        kernel.run_until(SimTime::from_secs(2.4));
        if let Some(to) = to {
            assert_eq!(command(&mut kernel, RadioCommand::HandOver(to)), Ok(()));
        }
        kernel.run_until(SimTime::from_secs(60.0));
        let [(arrived, TransferOutcome::Delivered)] = kernel.model.ended[..] else {
            panic!("{:?}", kernel.model.ended)
        };
        let found = steps(&kernel.model);
        assert_eq!(found[0], (0.0, Some(CELLS[0]), CellCause::Selected));
        assert_eq!(found.get(1).map(|step| step.1), to.map(Some));
        let counts = *kernel.model.infrastructure.cells().expect("cells").counts();
        assert_eq!(counts.handovers, u64::from(to.is_some()));
        if to.is_some() {
            assert!((counts.interruption_s - interruption_s).abs() < 1e-9, "{counts:?}");
            assert!((counts.stayed_s - 2.4 - interruption_s).abs() < 1e-9, "{counts:?}");
        }
        arrived.as_nanos() as i64
    };
    let alone = arrives(0.05, None);
    for interruption_s in [0.0, 0.05, 0.9] {
        let late = arrives(interruption_s, Some(CELLS[1])) - alone;
        assert!((late - (interruption_s * 1e9) as i64).abs() <= 4, "{interruption_s} s: {late} ns");
    }
}

/// N310 x 0.2 s + T310 after the grants are lost, rounded up to the period; then the search, from which the device comes
/// back after the interruption where only grants are jammed.
#[test]
fn a_link_without_grants_fails_when_it_should() {
    let far = (5.0, 100.0);
    for (period_s, n310, t310_s, expected_s) in
        [(1.0, 1, 1.0, 7.0), (0.04, 1, 1.0, 6.2), (0.04, 2, 0.05, 5.48), (0.5, 5, 0.0, 6.0)]
    {
        let mut world = World::standing(100.0).period(period_s);
        world.spec.handover.interruption = SimDuration::from_secs(0.03);
        world.spec.failure.n310 = n310;
        world.spec.failure.t310 = SimDuration::from_secs(t310_s);
        let world = world.jammed(jammer(selective(Channel::Pdcch), 100.0, 60.0, far));
        let ground = world.run(expected_s + 0.035);
        let [first, failure, back] = steps(&ground)[..] else { panic!("{:?}", steps(&ground)) };
        assert_eq!(first, (0.0, Some(CELLS[0]), CellCause::Selected));
        assert!((failure.0 - expected_s).abs() < 1e-9, "{period_s} s: {failure:?}");
        assert_eq!((failure.1, failure.2), (None, CellCause::LinkFailure));
        assert!((back.0 - expected_s - 0.03).abs() < 1e-9, "{back:?}");
        // The other cell, as its own grants nothing.
        assert_eq!((back.1, back.2), (Some(CELLS[1]), CellCause::Reestablished));
        let counts = ground.infrastructure.cells().expect("cells").counts();
        assert_eq!((counts.link_failures, counts.reestablished, counts.lost), (1, 1, 0));
    }
}

/// Time before a device has come into a cell is none out of sync: 0.45 s of the period in which it comes and 0.15 s of the
/// next are the 0.6 s of three indications, and its end is the first at which that counts.
#[test]
fn a_link_is_watched_from_when_it_is_there() {
    let mut world = World::standing(200.0);
    world.spec.handover.kind = HandoverKind::Sticky;
    world.spec.failure.n310 = 3;
    world.spec.failure.t310 = SimDuration::ZERO;
    let mut grants = jammer(selective(Channel::Pdcch), 200.0, 60.0, (1.7, 9.0));
    grants.jammer.centre_hz = 3.7e9;
    let mut kernel = world.jammed(grants).start();
    kernel.run_until(SimTime::from_secs(1.5));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[1])), Ok(()));
    kernel.run_until(SimTime::from_secs(3.0));
    let expected = [
        (0.0, Some(CELLS[0]), CellCause::Selected),
        (1.55, Some(CELLS[1]), CellCause::Commanded),
        (3.0, None, CellCause::LinkFailure),
    ];
    assert_eq!(steps(&kernel.model), expected);
}

/// 44 dBm and 8 dB over 1272 subcarriers, less 40 dB and 35 dB a decade, are -100 dBm at 10^(80.955 / 35) m.
#[test]
fn the_range_of_a_cell_is_where_it_serves_nobody_any_more() {
    let mut world = World::standing(20.0);
    world.spec.least_dbm = -100.0;
    let kernel = world.start();
    let cells = kernel.model.infrastructure.cells().expect("cells");
    let expected_m = 10f64.powf((44.0 + 8.0 - 10.0 * 1272f64.log10() - 40.0 + 100.0) / 35.0);
    for gnb in GNBS {
        let range_m = cells.range_m(gnb).expect("a range");
        assert!((range_m - expected_m).abs() < 1.2, "{range_m} {expected_m}");
    }
    assert_eq!(cells.range_m(SERVER), None);
}

/// Where all is jammed, the search ends with T311; transfers wait until then, and are lost, or go on over WiFi.
#[test]
fn a_device_that_finds_no_cell_loses_its_connection() {
    for has_wifi in [false, true] {
        let mut world = World::standing(20.0);
        (world.has_wifi, world.spec.handover.falls_back) = (has_wifi, has_wifi);
        world.spec.failure.t311 = SimDuration::from_secs(1.5);
        // No cell on the other carrier can be heard.
        world.spec.least_dbm = -100.0;
        let mut kernel = world.jammed(jammer(JammerKind::Constant, 20.0, 60.0, (5.0, 100.0))).start();
        kernel.run_until(SimTime::from_secs(5.5));
        send(&mut kernel, 1e6);
        kernel.run_until(SimTime::from_secs(8.5));
        assert!(kernel.model.ended.is_empty(), "it waits");
        kernel.run_until(SimTime::from_secs(12.0));
        let found = steps(&kernel.model);
        // Failed at 7 s; tries at 7, 8 and 9 s, of which the last is after T311 has run out.
        let cause = if has_wifi { CellCause::Fallback } else { CellCause::Lost };
        assert_eq!(found[1..3], [(7.0, None, CellCause::LinkFailure), (9.0, None, cause)]);
        let outcome =
            if has_wifi { TransferOutcome::Delivered } else { TransferOutcome::LostToMobility };
        assert_eq!(kernel.model.ended.iter().map(|end| end.1).collect::<Vec<_>>(), [outcome]);
        let attached = kernel.model.infrastructure.attached_to(PHONE);
        assert_eq!(attached, has_wifi.then_some(WIFI));
        let counts = kernel.model.infrastructure.cells().expect("cells").counts();
        assert_eq!((counts.link_failures, counts.lost, counts.reestablished), (1, 1, 0));
    }
}

/// From 100 m to 300 m and back in 20 s: the strongest cell is another from 200 m on. With 3 dB of offset and as much
/// hysteresis 35 lg(d / (400 - d)) must be 6 dB: from 239.3 m on.
#[test]
fn devices_go_over_where_the_other_cell_is_better() {
    let world = || World::walking(&[(0.0, 100.0), (10.0, 300.0), (20.0, 100.0)]).period(0.1);
    let at = |kind| {
        let mut world = world();
        world.spec.handover.kind = kind;
        (world.spec.handover.filter, world.spec.handover.interruption) = (0, SimDuration::ZERO);
        let ground = world.run(20.0);
        steps(&ground).into_iter().map(|step| step.0).collect::<Vec<_>>()
    };
    let a3 = |decibels, seconds| HandoverKind::A3 {
        offset_db: decibels,
        hysteresis_db: decibels,
        time_to_trigger: SimDuration::from_secs(seconds),
    };
    let near = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        let are_near =
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(are_near, "{found:?} {expected:?}");
    };
    // At 200 m, after 5 s, both are alike: the first measurement after that.
    near(at(HandoverKind::Strongest), &[0.0, 5.1, 15.1]);
    assert_eq!(at(HandoverKind::Strongest), at(a3(0.0, 0.0)));
    near(at(a3(3.0, 0.0)), &[0.0, 7.0, 17.0]);
    near(at(a3(3.0, 0.25)), &[0.0, 7.3, 17.3]);
    assert_eq!(at(HandoverKind::Sticky), [0.0]);
}

/// A gNB fails: its devices are served by another one at once, and their transfers go on; without another one they are lost.
/// However few sites a device looks at, failed ones are not among them.
#[test]
fn devices_of_a_failed_gnb_select_another_at_once() {
    for (hears_other, near_sites) in [(true, 12), (false, 12), (true, 1), (false, 1)] {
        let mut world = World::standing(100.0);
        world.spec.near_sites = near_sites;
        if !hears_other {
            world.spec.least_dbm = -95.0;
        }
        let mut kernel = world.start();
        kernel.run_until(SimTime::from_secs(2.5));
        send(&mut kernel, 4e6);
        kernel.run_until(SimTime::from_secs(2.6));
        act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, GNBS[0], true));
        let to = hears_other.then_some(CELLS[1]);
        assert_eq!(steps(&kernel.model)[1..], [(2.6, to, CellCause::CellDown)]);
        assert_eq!(kernel.model.infrastructure.attached_to(PHONE), hears_other.then_some(GNBS[1]));
        kernel.run_until(SimTime::from_secs(9.0));
        let outcome =
            if hears_other { TransferOutcome::Delivered } else { TransferOutcome::LostToFault };
        assert_eq!(kernel.model.ended[0].1, outcome);
        act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, GNBS[0], false));
        kernel.run_until(SimTime::from_secs(10.0));
        // It is the stronger one, at the next measurement; the interruption follows.
        let (cause, after_s) = match hears_other {
            true => (CellCause::Handover, 0.05),
            false => (CellCause::Selected, 0.0),
        };
        kernel.run_until(SimTime::from_secs(11.0));
        let last = steps(&kernel.model)[2];
        assert!((last.0 - 10.0 - after_s).abs() < 1e-9, "{last:?}");
        assert_eq!((last.1, last.2), (Some(CELLS[0]), cause));
    }
}

/// A device that fails leaves its cell, and has one again as soon as it works.
#[test]
fn a_device_that_comes_back_has_a_cell_at_once() {
    let mut kernel = World::standing(100.0).start();
    kernel.run_until(SimTime::from_secs(2.5));
    act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, PHONE, true));
    kernel.run_until(SimTime::from_secs(4.5));
    act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, PHONE, false));
    kernel.run_until(SimTime::from_secs(6.0));
    let expected = [
        (0.0, Some(CELLS[0]), CellCause::Selected),
        (2.5, None, CellCause::Left),
        (4.5, Some(CELLS[0]), CellCause::Selected),
    ];
    assert_eq!(steps(&kernel.model), expected);
    assert!(!kernel.model.periods[3].1[0].is_available && kernel.model.periods[4].1[0].is_available);
}

#[test]
fn commands_are_followed_or_refused() {
    let mut world = World::standing(20.0);
    world.has_wifi = true;
    world.spec.handover.kind = HandoverKind::Sticky;
    let mut kernel = world.start();
    let at = |kernel: &mut Kernel<Ground>, seconds| kernel.run_until(SimTime::from_secs(seconds));
    at(&mut kernel, 1.5);
    let refused = [
        (RadioCommand::HandOver(CELLS[0]), RadioRefusal::Same),
        (RadioCommand::HandOver(CellId(2)), RadioRefusal::NoSuchCell),
        (RadioCommand::Carrier(1), RadioRefusal::NoSuchCell),
        (RadioCommand::Carrier(0), RadioRefusal::Same),
        (RadioCommand::AccessPoint(GNBS[1]), RadioRefusal::NoSuchCell),
        (RadioCommand::AccessPoint(SERVER), RadioRefusal::NoSuchCell),
        (RadioCommand::Bar { cell: CellId(9), seconds: 1.0 }, RadioRefusal::NoSuchCell),
    ];
    for (told, expected) in refused {
        assert_eq!(command(&mut kernel, told), Err(expected), "{told:?}");
    }
    let not_wireless = act(&mut kernel, |infrastructure, schedule| {
        infrastructure.command(schedule, SERVER, RadioCommand::Detach { seconds: 1.0 })
    });
    assert_eq!(not_wireless, Err(RadioRefusal::NotWireless));
    // To WiFi, where it stays though there are cells; and back by a command.
    assert_eq!(command(&mut kernel, RadioCommand::AccessPoint(WIFI)), Ok(()));
    assert_eq!(command(&mut kernel, RadioCommand::AccessPoint(WIFI)), Err(RadioRefusal::Same));
    at(&mut kernel, 4.5);
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(WIFI));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[1])), Ok(()));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[1])), Err(RadioRefusal::Same));
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(WIFI), "not yet");
    at(&mut kernel, 5.5);
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(GNBS[1]));
    // Off for 2.25 s; it comes back to the strongest cell that is not barred.
    assert_eq!(command(&mut kernel, RadioCommand::Bar { cell: CELLS[0], seconds: 5.0 }), Ok(()));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[0])), Err(RadioRefusal::Barred));
    assert_eq!(command(&mut kernel, RadioCommand::Detach { seconds: 2.25 }), Ok(()));
    at(&mut kernel, 7.5);
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), None);
    at(&mut kernel, 9.0);
    act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, GNBS[0], true));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[0])), Err(RadioRefusal::CellDown));
    act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, PHONE, true));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[0])), Err(RadioRefusal::Failed));
    let expected = [
        (0.0, Some(CELLS[0]), CellCause::Selected),
        (1.5, None, CellCause::Commanded),
        (4.55, Some(CELLS[1]), CellCause::Commanded),
        (5.5, None, CellCause::Commanded),
        (7.75, Some(CELLS[1]), CellCause::Selected),
        (9.0, None, CellCause::Left),
    ];
    assert_eq!(steps(&kernel.model), expected);
}

/// A device that goes to WiFi within a period reports what its cell has carried before, and nothing of what waits; what WiFi
/// carries afterwards is in no report.
#[test]
fn what_was_carried_before_wifi_is_reported() {
    let mut world = World::standing(20.0);
    world.has_wifi = true;
    let mut kernel = world.start();
    kernel.run_until(SimTime::from_secs(1.25));
    send(&mut kernel, 1e9);
    kernel.run_until(SimTime::from_secs(1.75));
    assert_eq!(command(&mut kernel, RadioCommand::AccessPoint(WIFI)), Ok(()));
    kernel.run_until(SimTime::from_secs(2.0));
    let ground = &kernel.model;
    let report = &ground.periods[1].1[0];
    let carried: f64 = ground
        .infrastructure
        .cells()
        .expect("cells")
        .cell_reports()
        .iter()
        .map(|own| own.carried_bps[0])
        .sum();
    assert!(report.serving.is_none() && carried > 1e7, "{report:?}");
    assert!((report.delivered_bytes - carried / 8.0).abs() < 1.0, "{report:?}");
    assert!((report.offered_bytes - report.delivered_bytes).abs() < 1.0, "{report:?}");
    kernel.run_until(SimTime::from_secs(3.0));
    let report = &kernel.model.periods[2].1[0];
    assert_eq!((report.offered_bytes, report.delivered_bytes), (0.0, 0.0));
}

/// Weak cells and far access points are out of range.
#[test]
fn what_is_too_weak_is_out_of_range() {
    let mut world = World::standing(100.0);
    (world.has_wifi, world.spec.least_dbm) = (true, -95.0);
    let mut kernel = world.start();
    kernel.run_until(SimTime::from_secs(1.5));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[1])), Err(RadioRefusal::OutOfRange));
    assert_eq!(command(&mut kernel, RadioCommand::AccessPoint(WIFI)), Err(RadioRefusal::OutOfRange));
}

/// Shadowed devices between two cells, without a time to trigger: the more hysteresis, the fewer ping-pongs.
#[test]
fn ping_pongs_fall_with_hysteresis() {
    let ping_pongs = |hysteresis_db| {
        let mut world = World::walking(&[(0.0, 120.0), (30.0, 280.0)]).period(0.1);
        world.phones =
            (0..8_i32).map(|number| vec![(0.0, 120.0 + f64::from(number)), (30.0, 280.0)]).collect();
        world.spec.path_loss = Arc::new(crate::infra::nr::UrbanMicro::default());
        let time_to_trigger = SimDuration::ZERO;
        world.spec.handover.kind = HandoverKind::A3 { offset_db: 0.0, hysteresis_db, time_to_trigger };
        let ground = world.run(30.0);
        let counts = *ground.infrastructure.cells().expect("cells").counts();
        let told = ground.changes.iter().filter(|(_, change)| change.ping_pong).count();
        assert_eq!(counts.ping_pongs, told as u64);
        counts.ping_pongs
    };
    let found = [0.0, 1.0, 2.0, 4.0, 8.0].map(ping_pongs);
    assert!(found.windows(2).all(|pair| pair[1] <= pair[0]), "{found:?}");
    assert!(found[0] > 10 && found[4] < found[0] / 4, "{found:?}");
}

/// Of WiFi that fails a device comes to a cell at once, and its transfers with it.
#[test]
fn a_device_of_failed_wifi_selects_a_cell_at_once() {
    let mut world = World::standing(20.0);
    world.has_wifi = true;
    let mut kernel = world.start();
    kernel.run_until(SimTime::from_secs(1.5));
    assert_eq!(command(&mut kernel, RadioCommand::AccessPoint(WIFI)), Ok(()));
    send(&mut kernel, 4e6);
    kernel.run_until(SimTime::from_secs(1.6));
    act(&mut kernel, |infrastructure, schedule| infrastructure.fail_node(schedule, WIFI, true));
    assert_eq!(steps(&kernel.model)[2..], [(1.6, Some(CELLS[0]), CellCause::Selected)]);
    kernel.run_until(SimTime::from_secs(9.0));
    assert_eq!(kernel.model.ended[0].1, TransferOutcome::Delivered);
}

/// The preamble of a handover is lost where the other cell's random access is jammed: the link has failed then, and the
/// device comes back to its own cell.
#[test]
fn a_handover_fails_without_access() {
    let mut world = World::standing(200.0);
    world.spec.handover.kind = HandoverKind::Sticky;
    let mut access = jammer(selective(Channel::Prach), 400.0, 60.0, (0.0, 9.0));
    access.jammer.centre_hz = 3.7e9;
    let mut kernel = world.jammed(access).start();
    kernel.run_until(SimTime::from_secs(1.5));
    assert_eq!(command(&mut kernel, RadioCommand::HandOver(CELLS[1])), Ok(()));
    kernel.run_until(SimTime::from_secs(2.5));
    let expected = [
        (0.0, Some(CELLS[0]), CellCause::Selected),
        (1.55, None, CellCause::LinkFailure),
        (1.6, Some(CELLS[0]), CellCause::Reestablished),
    ];
    assert_eq!(steps(&kernel.model), expected);
    let cells = kernel.model.infrastructure.cells().expect("cells");
    assert_eq!((cells.counts().handover_failures, cells.counts().handovers), (1, 0));
    let [own, other] = cells.cell_reports() else { panic!("two cells") };
    assert_eq!((other.access_attempts, other.access_failures), (1, 1));
    assert_eq!((own.access_attempts, own.access_failures, own.failures), (1, 0, 1));
}

/// A device that a jammer keeps out of the strongest cell, or that finds it without grants, takes the next one: at the
/// start, and after its link has failed.
#[test]
fn the_next_cell_is_tried_where_the_strongest_lets_nobody_in() {
    for (target, sticks) in
        [(Channel::Ssb, true), (Channel::Prach, true), (Channel::Pdcch, true), (Channel::Pusch, false)]
    {
        let world = World::standing(150.0).jammed(jammer(selective(target), 100.0, 60.0, (0.0, 9.0)));
        let ground = world.run(0.5);
        let expected = CELLS[usize::from(sticks)];
        assert_eq!(steps(&ground), [(0.0, Some(expected), CellCause::Selected)], "{target:?}");
    }
    let world = World::standing(150.0).jammed(jammer(JammerKind::Constant, 150.0, 60.0, (2.0, 9.0)));
    let ground = world.run(6.0);
    let expected = [
        (0.0, Some(CELLS[0]), CellCause::Selected),
        (4.0, None, CellCause::LinkFailure),
        (4.05, Some(CELLS[1]), CellCause::Reestablished),
    ];
    assert_eq!(steps(&ground)[..3], expected);
}

/// Ten cells let nobody in, and ten weaker ones do: the first period is for eight of the former, the second for the last
/// two and the strongest of the latter.
#[test]
fn cells_that_refuse_do_not_hide_weaker_ones() {
    let ring = (0..10).map(|own| f64::from(own) * std::f64::consts::TAU / 10.0);
    let places: Vec<(f64, f64)> = ring.map(|angle| (150.0 * angle.cos(), 150.0 * angle.sin())).collect();
    let mut plan = super::super::tests::Plan::new(&places, &[(0.0, 0.0)]);
    let duplex = Duplex::Time(TddPattern::DDDSU);
    let narrow = Carrier::new(3.7e9, 20e6, Numerology::Khz30, duplex).expect("a carrier");
    plan.spec.carriers.push(CarrierSpec::new("narrow", narrow));
    plan.gnb.carriers = vec![0, 1];
    let mut jamming = jammer(selective(Channel::Ssb), 0.0, 60.0, (0.0, 9.0));
    jamming.jammer.centre_hz = 3.7e9;
    jamming.jammer.bandwidth_hz = 20e6;
    plan.spec.jammers.push(jamming);
    let mut world = plan.start();
    world.run_until(SimTime::from_secs(3.5));
    let [(time, change)] = &world.model.changes[..] else { panic!("{:?}", world.model.changes) };
    assert_eq!((time.as_secs(), change.cause), (1.0, CellCause::Selected));
    let cell = world.model.cells().cell(change.to.expect("a cell"));
    assert_eq!(cell.carrier, 0);
}

/// The radio of a gNB fails, not its node: devices go to another gNB with their transfers, and come back afterwards. A repair of
/// the radio of a failed gNB is none of its cells.
#[test]
fn devices_leave_a_gnb_without_its_radio() {
    let mut kernel = World::standing(100.0).start();
    let radio = |kernel: &mut Kernel<Ground>, fails: bool| {
        let radio = kernel.model.infrastructure.access_points[0].1;
        act(kernel, |own, schedule| own.fail_links(schedule, &[(radio, fails)]));
    };
    kernel.run_until(SimTime::from_secs(2.5));
    send(&mut kernel, 4e6);
    kernel.run_until(SimTime::from_secs(2.6));
    radio(&mut kernel, true);
    assert_eq!(steps(&kernel.model)[1..], [(2.6, Some(CELLS[1]), CellCause::CellDown)]);
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(GNBS[1]));
    kernel.run_until(SimTime::from_secs(4.5));
    assert_eq!(
        kernel.model.ended.iter().map(|end| end.1).collect::<Vec<_>>(),
        [TransferOutcome::Delivered]
    );
    act(&mut kernel, |own, schedule| own.fail_node(schedule, GNBS[0], true));
    radio(&mut kernel, false);
    kernel.run_until(SimTime::from_secs(6.5));
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(GNBS[1]), "the node is down still");
    act(&mut kernel, |own, schedule| own.fail_node(schedule, GNBS[0], false));
    kernel.run_until(SimTime::from_secs(7.5));
    assert_eq!(kernel.model.infrastructure.attached_to(PHONE), Some(GNBS[0]));
}

/// Who fails or leaves the world is no drop of its cell; who finds no cell any more is one.
#[test]
fn devices_that_leave_are_no_drops() {
    let drops = |ground: &Ground| {
        let cells = ground.infrastructure.cells().expect("cells");
        cells.cell_reports().iter().map(|report| report.drops).sum::<u32>()
    };
    let mut kernel = World::standing(100.0).start();
    kernel.run_until(SimTime::from_secs(1.5));
    act(&mut kernel, |own, schedule| own.fail_node(schedule, PHONE, true));
    kernel.run_until(SimTime::from_secs(2.0));
    assert_eq!(drops(&kernel.model), 0);
    let mut world = World::walking(&[(0.0, 100.0), (1.5, 100.0), (1.6, 5000.0)]);
    (world.spec.least_dbm, world.spec.handover.filter) = (-110.0, 0);
    let mut kernel = world.start();
    kernel.run_until(SimTime::from_secs(3.0));
    assert_eq!(steps(&kernel.model)[1..], [(2.0, None, CellCause::Lost)]);
    assert_eq!(drops(&kernel.model), 1);
}
