//! What jammers do to devices.

use super::*;

/// RSRP stays bit for bit, RSSI rises, RSRQ, SINR and goodput fall, while the jammer is on; before and after all is as
/// without it.
#[test]
fn jamming_has_its_signature() {
    let run = |eirp_dbm| {
        let mut world = World::standing(100.0).busy();
        world.spec.handover.kind = HandoverKind::Sticky;
        let jammer = jammer(JammerKind::Constant, 130.0, eirp_dbm, (5.0, 10.0));
        world.jammed(jammer).run(16.0)
    };
    let (clear, jammed) = (run(-100.0), run(30.0));
    assert_eq!(jammed.jammers, [(5.0, true), (10.0, false)]);
    assert_eq!(clear.periods.len(), 16);
    for (one, other) in clear.periods.iter().zip(&jammed.periods) {
        let [one_s, other_s] = [one, other].map(|period| period.1[0].serving.expect("a cell"));
        assert_eq!(one_s.measured.rsrp_dbm.to_bits(), other_s.measured.rsrp_dbm.to_bits());
        let is_on = (5.5..10.5).contains(&one.0);
        if is_on {
            assert!(other_s.measured.rssi_dbm > one_s.measured.rssi_dbm + 1.0);
            assert!(other_s.measured.rsrq_db < one_s.measured.rsrq_db - 1.0);
            assert!(other_s.measured.sinr_db < one_s.measured.sinr_db - 1.0);
            assert!(other_s.downlink.brate_bps < 0.9 * one_s.downlink.brate_bps);
        } else {
            assert_eq!(one_s.measured, other_s.measured, "at {} s", one.0);
            assert_eq!(one_s.downlink, other_s.downlink, "at {} s", one.0);
        }
        assert_eq!(other.2[0].map(|truth| truth.jammed), is_on.then_some(true), "at {} s", one.0);
    }
}

/// More power of the jammer, less goodput; and much less in the end.
#[test]
fn goodput_falls_with_the_power_of_the_jammer() {
    let goodput = |eirp_dbm| {
        let mut world = World::standing(100.0).busy();
        world.spec.handover.kind = HandoverKind::Sticky;
        let ground = world.jammed(jammer(JammerKind::Constant, 130.0, eirp_dbm, (1.0, 9.0))).run(2.0);
        ground.periods[1].1[0].serving.expect("a cell").downlink.brate_bps
    };
    let found: Vec<f64> = (0..8).map(|step| goodput(10.0 + 5.0 * f64::from(step))).collect();
    assert!(found.windows(2).all(|pair| pair[1] <= pair[0]), "{found:?}");
    assert!(found[0] > 5.0 * found[7] && found[0] > 1e7, "{found:?}");
}

/// A jammer of the control channel up leaves the data's SINR as it is, and shows in its own column and in the answers.
#[test]
fn a_selective_jammer_shows_in_its_own_columns() {
    let run = |eirp_dbm| {
        let kind = selective(Channel::Pucch);
        let ground =
            World::standing(100.0).busy().jammed(jammer(kind, 60.0, eirp_dbm, (0.0, 9.0))).run(1.0);
        let truth = ground.periods[0].2[0];
        (ground.periods[0].1[0].serving.expect("a cell"), truth)
    };
    let ((clear, _), (jammed, truth)) = (run(-60.0), run(20.0));
    assert_eq!(clear.downlink.sinr_db.to_bits(), jammed.downlink.sinr_db.to_bits());
    assert_eq!(clear.uplink.sinr_db.to_bits(), jammed.uplink.sinr_db.to_bits());
    assert!(jammed.channels.pucch_sinr_db < clear.channels.pucch_sinr_db - 10.0);
    assert!(jammed.channels.pucch_loss > 0.1 && clear.channels.pucch_loss < 0.01);
    assert!(jammed.downlink.nok > clear.downlink.nok && jammed.downlink.ok < clear.downlink.ok);
    let truth = truth.expect("it arrives");
    assert_eq!((truth.jammed, truth.kind, truth.jammer), (true, "selective", JammerId(0)));
}

#[test]
fn half_a_period_of_jamming_is_half_of_it() {
    let ground =
        World::standing(100.0).jammed(jammer(JammerKind::Constant, 130.0, 10.0, (2.25, 2.75))).run(4.0);
    let on: Vec<Option<f64>> =
        ground.periods.iter().map(|period| period.2[0].map(|truth| truth.on)).collect();
    assert_eq!(on, [None, None, Some(0.5), None]);
}

/// Jammers that are never on, and those on other carriers, change nothing: not a bit of any report, no change of cell.
#[test]
fn silent_jammers_change_nothing() {
    let run = |jammers: Vec<PlacedJammer>| {
        let mut world = World::walking(&[(0.0, 50.0), (30.0, 350.0)]).busy();
        world.phones.push(vec![(0.0, 380.0), (30.0, 20.0)]);
        world.spec.path_loss = Arc::new(crate::infra::nr::UrbanMicro::default());
        world.spec.jammers = jammers;
        let ground = world.run(30.0);
        let periods: Vec<_> = ground.periods.iter().map(|period| (period.0, period.1.clone())).collect();
        (periods, ground.changes, *ground.infrastructure.cells().expect("cells").counts())
    };
    let nothing = run(Vec::new());
    assert!(nothing.1.len() > 3, "{:?}", nothing.1);
    let durations = Durations::Uniform;
    let random = JammerKind::Random { mean_on_s: 0.2, mean_off_s: 0.2, durations };
    let mut never = jammer(random, 100.0, 60.0, (0.0, 9.0));
    never.windows = Some(Vec::new());
    let mut elsewhere = jammer(JammerKind::Constant, 100.0, 60.0, (0.0, 30.0));
    elsewhere.jammer.centre_hz = 2e9;
    assert_eq!(nothing, run(vec![never, elsewhere]));
    let heard = jammer(JammerKind::Constant, 100.0, 20.0, (0.0, 30.0));
    assert_ne!(nothing, run(vec![heard]));
}

/// A jammer that is switched by hand counts from the next period on.
#[test]
fn jammers_can_be_switched() {
    let mut kernel =
        World::standing(100.0).jammed(jammer(JammerKind::Constant, 130.0, 10.0, (8.0, 9.0))).start();
    for (seconds, on) in [(2.5, true), (4.5, false)] {
        kernel.run_until(SimTime::from_secs(seconds));
        act(&mut kernel, |infrastructure, _| infrastructure.set_jammer(JammerId(0), on));
    }
    kernel.run_until(SimTime::from_secs(12.0));
    assert_eq!(kernel.model.jammers, [(3.0, true), (5.0, false)]);
    let jammed = |period: &(f64, Vec<DeviceReport>, Vec<Option<Truth>>)| period.2[0].is_some();
    let times: Vec<f64> =
        kernel.model.periods.iter().filter(|period| jammed(period)).map(|period| period.0).collect();
    assert_eq!(times, [4.0, 5.0]);
}

/// A device that a jammer keeps out of all cells is jammed as long as it hears them; one that hears none is not.
#[test]
fn a_device_that_is_kept_out_is_jammed() {
    let truths = |x_m: f64| {
        let mut world = World::standing(x_m);
        world.spec.least_dbm = -100.0;
        let ground = world.jammed(jammer(selective(Channel::Ssb), 30.0, 60.0, (0.0, 3.0))).run(5.0);
        assert!(ground.changes.iter().all(|(time_s, _)| *time_s >= 3.0), "{:?}", ground.changes);
        let told = ground.periods.iter().map(|period| period.2[0].map(|truth| truth.jammed));
        told.collect::<Vec<_>>()
    };
    assert_eq!(truths(30.0), [Some(true), Some(true), Some(true), None, None]);
    assert_eq!(truths(-4000.0), [None; 5]);
}

/// One that has gone to WiFi is not jammed, however strong the jammer is.
#[test]
fn a_device_on_wifi_is_not_jammed() {
    for has_wifi in [false, true] {
        let mut world = World::standing(20.0);
        (world.has_wifi, world.spec.handover.falls_back) = (has_wifi, true);
        world.spec.least_dbm = -100.0;
        let ground = world.jammed(jammer(selective(Channel::Ssb), 30.0, 60.0, (0.0, 3.0))).run(2.0);
        assert_eq!(ground.infrastructure.attached_to(PHONE), has_wifi.then_some(WIFI));
        let told = ground.periods.iter().map(|period| period.2[0].is_some_and(|truth| truth.jammed));
        assert_eq!(told.collect::<Vec<_>>(), [!has_wifi; 2]);
    }
}
