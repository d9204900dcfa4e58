use super::super::super::mobility::TrajectoryPoint;
use super::super::super::nr::{
    Duplex, Durations, FreeSpace, Numerology, Reaction, UrbanMicro, mw_from_dbm,
};
use super::super::spec::{CarrierSpec, LineOfSightChoice};
use super::*;
use rand::RngExt as _;
use std::sync::Arc;

fn carrier() -> Carrier {
    Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier")
}

fn jammer(kind: JammerKind) -> Jammer {
    Jammer { kind, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 98.28e6 }
}

fn placed(kind: JammerKind, place: JammerPlace, windows: Option<&[(f64, f64)]>) -> PlacedJammer {
    let at = SimTime::from_secs;
    PlacedJammer {
        name: "jammer".into(),
        jammer: jammer(kind),
        place,
        windows: windows.map(|list| list.iter().map(|&(from, to)| (at(from), at(to))).collect()),
    }
}

/// A jammer at the origin, 2 m above the ground.
fn still(windows: Option<&[(f64, f64)]>) -> PlacedJammer {
    let place = Position { z_m: 2.0, ..Position::default() };
    placed(JammerKind::Constant, JammerPlace::At(place), windows)
}

/// Signals spread as `path_loss` says.
fn scenario(path_loss: impl PathLoss + 'static, jammers: &[PlacedJammer]) -> CellularSpec {
    let mut spec = CellularSpec::new(vec![CarrierSpec::new("n78", carrier())]);
    (spec.path_loss, spec.jammers) = (Arc::new(path_loss), jammers.to_vec());
    spec
}

fn all(spec: &CellularSpec) -> Jammers {
    Jammers::new(spec, 8, 4, RandomStreams::new(1))
}

fn begin(jammers: &mut Jammers, from_s: f64, to_s: f64) -> Vec<(JammerId, bool)> {
    jammers.begin(SimTime::from_secs(from_s), SimTime::from_secs(to_s), &|_| None);
    jammers.changes().to_vec()
}

/// What a device and a base station 400 m north of the origin feel.
fn ask(jammers: &mut Jammers, spec: &CellularSpec, device: Position) -> Felt {
    ask_by_sector(jammers, spec, device, &SectorSpec::OMNI)
}

fn ask_by_sector(
    jammers: &mut Jammers,
    spec: &CellularSpec,
    device: Position,
    sector: &SectorSpec,
) -> Felt {
    let cell = Cell { site: NodeId(3), gnb: 3, sector: 0, carrier: 0, name: "gnb".into(), is_up: true };
    let victim = Victim {
        number: 7,
        cell: &cell,
        sector,
        carrier: &spec.carriers[0].carrier,
        device,
        device_gain_db: -9.0,
        base: Position { x_m: 0.0, y_m: 400.0, z_m: 2.0 },
        base_gain_db: 8.0,
        base_dbm: 44.0,
        device_dbm: 23.0,
        activity: 0.25,
    };
    let mut felt = Felt::default();
    jammers.strike(spec, &victim, &mut felt);
    felt
}

const EAST: Position = Position { x_m: 300.0, y_m: 0.0, z_m: 2.0 };

/// Loss of free space at 3.5 GHz.
fn loss_db(metres: f64) -> f64 {
    20.0 * (4.0 * std::f64::consts::PI * 3.5e9 * metres / 299_792_458.0).log10()
}

/// Free space: 30 dBm over 300 m to -9 dB and over 400 m to 8 dB of gain.
#[test]
fn powers_are_those_of_the_distances_and_antennas() {
    let spec = scenario(FreeSpace, &[still(None)]);
    let mut jammers = all(&spec);
    assert_eq!(ask(&mut jammers, &spec, EAST), Felt::default(), "nothing before a period");
    assert!(jammers.is_silent());
    assert_eq!(begin(&mut jammers, 0.0, 1.0), [(JammerId(0), true)]);
    assert!(!jammers.is_silent());
    let found = ask(&mut jammers, &spec, EAST);
    assert_eq!(found.jammers, [JammerId(0)]);
    let [arrival] = found.arrivals[0][..] else { panic!("one arrival") };
    let (device_mw, base_mw) =
        (mw_from_dbm(30.0 - 9.0 - loss_db(300.0)), mw_from_dbm(30.0 + 8.0 - loss_db(400.0)));
    assert!((arrival.device_mw / device_mw - 1.0).abs() < 1e-9, "{arrival:?}");
    assert!((arrival.base_mw / base_mw - 1.0).abs() < 1e-9, "{arrival:?}");
    assert_eq!((arrival.time, arrival.airtime), (1.0, 1.0));
    // The jammer is south of the gNB, whose sector looks to the north-west: 135 degrees off, more than 30 dB less; or
    // to 147.5 degrees, half a beam off: 12 / 4 dB less.
    for (azimuth_deg, less_db) in [(315.0, 30.0), (147.5, 3.0), (180.0, 0.0)] {
        let sector = SectorSpec { azimuth_deg: Some(azimuth_deg), ..SectorSpec::OMNI };
        let found = ask_by_sector(&mut jammers, &spec, EAST, &sector);
        let expected_mw = base_mw * mw_from_dbm(-less_db);
        let found_mw = found.arrivals[0][0].base_mw;
        assert!((found_mw / expected_mw - 1.0).abs() < 1e-9, "{azimuth_deg}: {found_mw}");
    }
}

/// 44 + 8 dBm over 400 m arrive with -43.4 dBm at the jammer, the device's 23 - 9 dBm over 300 m with -78.9 dBm.
#[test]
fn reactive_jammers_hear_the_louder_end() {
    assert!((52.0 - loss_db(400.0) + 43.370_3).abs() < 1e-3, "{}", loss_db(400.0));
    let airtime = |threshold_dbm| {
        let reaction = Reaction { threshold_dbm, sense_s: 0.0, stay_s: 1.0, probability: 1.0 };
        let place = JammerPlace::At(Position { z_m: 2.0, ..Position::default() });
        let spec = scenario(FreeSpace, &[placed(JammerKind::Reactive(reaction), place, None)]);
        let mut jammers = all(&spec);
        begin(&mut jammers, 0.0, 1.0);
        let found = ask(&mut jammers, &spec, EAST);
        found.arrivals.iter().flatten().map(|one| one.airtime).sum::<f64>()
    };
    assert_eq!(airtime(-43.4), 0.25, "its share of the period is that in which the two send");
    assert_eq!(airtime(-43.3), 0.0);
}

#[test]
fn windows_are_open_for_their_share_of_a_period() {
    let spec = scenario(FreeSpace, &[still(Some(&[(1.25, 1.5), (1.75, 3.0)]))]);
    let mut jammers = all(&spec);
    let (mut shares, mut changes) = (Vec::new(), Vec::new());
    for second in 0..5 {
        let from_s = f64::from(second);
        let changed = begin(&mut jammers, from_s, from_s + 1.0);
        changes.extend(changed.into_iter().map(|(_, on)| (second, on)));
        let found = ask(&mut jammers, &spec, EAST);
        shares.push(found.arrivals.first().map_or(0.0, |list| list[0].time));
    }
    assert_eq!(shares, [0.0, 0.5, 1.0, 0.0, 0.0]);
    assert_eq!(changes, [(1, true), (3, false)]);
    jammers.switch(JammerId(0), true);
    jammers.switch(JammerId(1), true);
    assert_eq!(begin(&mut jammers, 5.0, 6.0), [(JammerId(0), true)]);
    jammers.switch(JammerId(0), false);
    assert_eq!(begin(&mut jammers, 6.0, 7.0), [(JammerId(0), false)]);
}

#[test]
fn jammers_go_their_way_or_that_of_a_node() {
    let point = |time_s, x_m| TrajectoryPoint { time_s, position: Position::ground(x_m, 0.0) };
    let way = JammerPlace::Way(vec![point(1.0, 10.0), point(3.0, 30.0), point(4.0, 0.0)]);
    let way = placed(JammerKind::Constant, way, None);
    let carried = placed(JammerKind::Constant, JammerPlace::On(NodeId(5)), None);
    let spec = scenario(FreeSpace, &[way, carried]);
    let mut jammers = all(&spec);
    let mut x_m = Vec::new();
    for second in 0..6 {
        let at = |second: i32| SimTime::from_secs(f64::from(second));
        let is_there = second > 1;
        jammers.begin(at(second), at(second + 1), &|node| {
            (node == NodeId(5) && is_there).then(|| Position::ground(f64::from(second), 1.0))
        });
        let [way, carried] = jammers.views() else { panic!("two jammers") };
        x_m.push(way.place.x_m);
        assert!(way.moves && carried.moves && carried.is_on == is_there);
        if is_there {
            assert_eq!(carried.place.x_m, f64::from(second));
        }
    }
    // In the middle of each second: 0.5 s, 1.5 s, ...
    assert_eq!(x_m, [10.0, 15.0, 25.0, 15.0, 0.0, 0.0]);
}

/// Beyond where even a line of sight lets 10 dB less than thermal noise arrive at both ends, nothing is drawn or felt; of
/// the same power on a few blocks more is left.
#[test]
fn weak_jammers_are_passed_over() {
    let felt = |kind, eirp_dbm| {
        let mut own = still(None);
        own.jammer = Jammer { eirp_dbm, ..jammer(kind) };
        let spec = scenario(FreeSpace, &[own]);
        let mut jammers = all(&spec);
        begin(&mut jammers, 0.0, 1.0);
        let is_felt = !ask(&mut jammers, &spec, EAST).jammers.is_empty();
        assert_eq!(is_felt, jammers.units[0].to_devices[7].is_some());
        is_felt
    };
    // 10 dB below -174 dBm/Hz x 98.28 MHz at the base station, which hears more than the device.
    let limit_dbm = -174.0 + 79.925 - 10.0 - 8.0 + loss_db(400.0);
    assert!(limit_dbm < -104.075 + 9.0 + loss_db(300.0));
    assert!(felt(JammerKind::Constant, limit_dbm + 0.01));
    assert!(!felt(JammerKind::Constant, limit_dbm - 0.01));
    let selective = JammerKind::Selective { target: Channel::Pucch, accuracy: 1.0 };
    let blocks_db = 10.0 * (4.0_f64 / 273.0).log10();
    assert!(felt(selective, limit_dbm + blocks_db + 0.01));
    assert!(!felt(selective, limit_dbm + blocks_db - 0.01));
    let mut outside = still(None);
    outside.jammer.centre_hz = 3.7e9;
    let spec = scenario(FreeSpace, &[outside]);
    let mut jammers = all(&spec);
    begin(&mut jammers, 0.0, 1.0);
    assert_eq!(ask(&mut jammers, &spec, EAST), Felt::default());
}

/// What a jammer draws hangs neither on its windows nor on who listens; fading goes on where it was.
#[test]
fn draws_are_the_jammers_own() {
    let durations = Durations::Exponential;
    let kind = JammerKind::Random { mean_on_s: 0.3, mean_off_s: 0.7, durations };
    let last = |windows, asks: &dyn Fn(u32) -> bool| {
        let place = JammerPlace::At(Position { z_m: 2.0, ..Position::default() });
        let spec = scenario(UrbanMicro::default(), &[placed(kind, place, windows)]);
        let mut jammers = all(&spec);
        let mut found = Felt::default();
        for second in 0..20 {
            begin(&mut jammers, f64::from(second), f64::from(second + 1));
            if asks(second) {
                found = ask(&mut jammers, &spec, EAST);
            }
        }
        (found, jammers.units[0].random.random::<u64>())
    };
    let always = last(None, &|_| true);
    assert_eq!(always.0.jammers.len(), 1);
    assert_eq!(always, last(None, &|second| second == 19), "a device that stands draws nothing");
    assert_eq!(always, last(Some(&[(19.0, 20.0)]), &|_| true));
    assert_eq!(always.1, last(Some(&[]), &|_| true).1);
}

/// Both ends' ways decorrelate the shadowing; a second look in a period changes nothing.
#[test]
fn fading_moves_with_both_ends() {
    let point = |time_s, x_m| TrajectoryPoint { time_s, position: Position { x_m, ..EAST } };
    let way = JammerPlace::Way(vec![point(0.0, 0.0), point(100.0, -500.0)]);
    let spec = scenario(UrbanMicro::default(), &[placed(JammerKind::Constant, way, None)]);
    let mut jammers = all(&spec);
    begin(&mut jammers, 0.0, 1.0);
    let first = ask(&mut jammers, &spec, EAST);
    assert_eq!(first, ask(&mut jammers, &spec, EAST));
    let state = |jammers: &Jammers| jammers.units[0].to_devices[7].as_ref().map(|own| own.state);
    let before = state(&jammers);
    begin(&mut jammers, 1.0, 2.0);
    ask(&mut jammers, &spec, EAST);
    assert_ne!(before, state(&jammers), "the jammer has moved");
    let before = state(&jammers);
    ask(&mut jammers, &spec, Position { x_m: 301.0, ..EAST });
    assert_ne!(before, state(&jammers), "the device has moved");
}

/// UMi in the open at 400 m: with a line of sight 28 dB less than without, and nothing scatters.
#[test]
fn signals_spread_as_the_scenario_wants() {
    let received = |line_of_sight| {
        let mut spec = scenario(UrbanMicro::default(), &[still(None)]);
        (spec.line_of_sight, spec.shadowing) = (line_of_sight, false);
        let mut jammers = all(&spec);
        begin(&mut jammers, 0.0, 1.0);
        ask(&mut jammers, &spec, EAST).arrivals[0][0].device_mw
    };
    let expected_mw = |line_of_sight| {
        let path = RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m: 300.0,
            base_height_m: 2.0,
            device_height_m: 2.0,
            line_of_sight,
        };
        mw_from_dbm(30.0 - 9.0 - UrbanMicro::default().path_loss_db(&path))
    };
    for (choice, seen) in [(LineOfSightChoice::Always, true), (LineOfSightChoice::Never, false)] {
        assert!((received(choice) / expected_mw(seen) - 1.0).abs() < 1e-9, "{choice:?}");
    }
    assert!(expected_mw(true) > 10.0 * expected_mw(false));
}
