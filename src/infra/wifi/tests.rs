//! Stations, access points and transfers in a whole infrastructure.

use super::*;
use crate::engine::{Kernel, Model, RandomStreams, Schedule};
use crate::infra::cells::{CarrierSpec, CellularSpec, DeviceRadioSpec, GnbSpec};
use crate::infra::event::{InfraEvent, Notice, TransferOutcome};
use crate::infra::ids::Owner;
use crate::infra::network::LinkSpec;
use crate::infra::nr::{Carrier, Duplex, Numerology};
use crate::infra::{
    AccessPointSpec, FaultTarget, FaultTimes, InfraBuilder, Infrastructure, Static, Tier, Trajectory,
    TrajectoryPoint,
};
use std::sync::Arc;

/// An infrastructure alone, and what it tells: with the time in seconds.
struct Ground {
    infrastructure: Infrastructure,
    handovers: Vec<(f64, NodeId, Option<NodeId>)>,
    ended: Vec<(f64, TransferOutcome)>,
    periods: Vec<Vec<StationReport>>,
}

impl Ground {
    fn listen(&mut self, now_s: f64) {
        while let Some(notice) = self.infrastructure.take_notice() {
            match notice {
                Notice::Handover { device, to, .. } => self.handovers.push((now_s, device, to)),
                Notice::TransferEnded(record) => self.ended.push((now_s, record.outcome)),
                Notice::WifiMeasured => {
                    self.periods.push(self.infrastructure.wifi().expect("WiFi").reports().to_vec());
                }
                _ => {}
            }
        }
    }
}

impl Model for Ground {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.infrastructure.end_event(schedule);
        self.listen(schedule.now().as_secs());
    }
}

/// Places on the x axis in metres at times in seconds.
type Way = Vec<(f64, f64)>;

/// Access points of 802.11a with their ways and channels, a server behind them, and stations with their ways.
struct World {
    spec: WifiSpec,
    phy: Phy,
    points: Vec<(Way, u16)>,
    stations: Vec<Way>,
    radio: WifiRadioSpec,
    /// A base station of 5G in the middle.
    has_cell: bool,
    /// An access point without modelled WiFi: where it is on the x axis, its range in metres, and its bits a second.
    plain: Option<(f64, f64, f64)>,
    fails_at_s: Option<f64>,
}

const SERVER: NodeId = NodeId(0);

impl World {
    fn new(points: &[(f64, u16)], stations: &[f64]) -> Self {
        World {
            spec: WifiSpec::default(),
            phy: Phy::new(Standard::A, Width::Mhz20, 1, false).unwrap(),
            points: points.iter().map(|&(x_m, channel)| (vec![(0.0, x_m)], channel)).collect(),
            stations: stations.iter().map(|&x_m| vec![(0.0, x_m)]).collect(),
            radio: WifiRadioSpec::default(),
            has_cell: false,
            plain: None,
            fails_at_s: None,
        }
    }

    fn point(&self, number: usize) -> NodeId {
        NodeId(1 + number as u32)
    }

    /// Access points of all kinds.
    fn sites(&self) -> usize {
        self.points.len() + usize::from(self.has_cell) + usize::from(self.plain.is_some())
    }

    fn station(&self, number: usize) -> NodeId {
        NodeId((1 + self.sites() + number) as u32)
    }

    fn start(&self) -> Kernel<Ground> {
        let mut builder = InfraBuilder::new(RandomStreams::new(5));
        let walk = |way: &Way| {
            let point = |&(time_s, x_m): &(f64, f64)| TrajectoryPoint {
                time_s,
                position: Position::ground(x_m, 0.0),
            };
            Box::new(Trajectory::new(&[way.iter().map(point).collect()], false).unwrap())
        };
        let stand = || Box::new(Static::at(vec![Position::ground(0.0, 0.0)]).unwrap());
        builder.class(NodeClass::new("server", Tier::Cloud, 1), stand());
        for (number, (way, channel)) in self.points.iter().enumerate() {
            let mut class = NodeClass::new(format!("point{number}"), Tier::Edge, 1);
            class.access_point =
                Some(AccessPointSpec { transmit_power_dbm: 16.0206, ..AccessPointSpec::new(1.0, 1.0) });
            class.wifi_point = Some(WifiPointSpec::new(self.phy, *channel));
            builder.class(class, walk(way));
        }
        if self.has_cell {
            let mut class = NodeClass::new("gnb", Tier::Edge, 1);
            class.access_point = Some(AccessPointSpec::new(1e9, 1e9));
            class.gnb = Some(GnbSpec::default());
            builder.class(class, stand());
            let duplex = Duplex::Time(crate::infra::nr::TddPattern::DDDSU);
            let carrier = Carrier::new(3.5e9, 20e6, Numerology::Khz30, duplex).unwrap();
            builder.cells(CellularSpec::new(vec![CarrierSpec::new("n78", carrier)]));
        }
        if let Some((x_m, range_m, rate_bps)) = self.plain {
            let mut class = NodeClass::new("plain", Tier::Edge, 1);
            class.access_point = Some(AccessPointSpec {
                range_m: Some(range_m),
                ..AccessPointSpec::new(rate_bps, rate_bps)
            });
            builder.class(class, walk(&vec![(0.0, x_m)]));
        }
        for (number, way) in self.stations.iter().enumerate() {
            let mut class = NodeClass::new(format!("station{number}"), Tier::Device, 1);
            class.wifi_radio = Some(self.radio);
            class.device_radio = self.has_cell.then(DeviceRadioSpec::default);
            builder.class(class, walk(way));
        }
        for site in (1..=self.sites() as u32).map(NodeId) {
            let spec = LinkSpec::new(site, SERVER, SimDuration::ZERO, 1e12);
            builder.link(format!("link{}", site.0), spec);
        }
        if let Some(time_s) = self.fails_at_s {
            let failure = vec![SimTime::from_secs(time_s)];
            builder.fault(FaultTarget::Node(self.point(0)), FaultTimes::Given(failure));
        }
        builder.wifi(self.spec.clone());
        let infrastructure = builder.build().expect("a world");
        let (handovers, ended, periods) = (Vec::new(), Vec::new(), Vec::new());
        let mut kernel = Kernel::new(Ground { infrastructure, handovers, ended, periods });
        act(&mut kernel, |infrastructure, schedule| infrastructure.start(schedule));
        kernel
    }
}

/// Does something as an event would.
fn act<T>(
    kernel: &mut Kernel<Ground>,
    action: impl FnOnce(&mut Infrastructure, &mut Schedule<InfraEvent>) -> T,
) -> T {
    let Kernel { model, schedule, .. } = kernel;
    let done = action(&mut model.infrastructure, schedule);
    model.infrastructure.end_event(schedule);
    model.listen(schedule.now().as_secs());
    done
}

fn send(kernel: &mut Kernel<Ground>, from: NodeId, to: NodeId, bytes: f64) {
    let owner = Owner { workload: 0, token: 0 };
    let started = act(kernel, |infrastructure, schedule| {
        infrastructure.start_transfer(schedule, from, to, bytes, owner, None)
    });
    assert!(started.is_ok(), "{started:?}");
}

fn run(kernel: &mut Kernel<Ground>, until_s: f64) {
    kernel.run_until(SimTime::from_secs(until_s));
}

/// 802.11a at 54 and at 24 Mbit/s alone: frames of 1472 bytes in 393.5 us, and in 34 + 67.5 + 536 + 16 + 28 us.
const FAST_BPS: f64 = 1472.0 * 8.0 / 393.5e-6;

#[test]
fn a_station_alone_has_the_goodput_of_its_mode() {
    for is_down in [true, false] {
        let world = World::new(&[(0.0, 36)], &[10.0]);
        let mut kernel = world.start();
        let (from, to) = (SERVER, world.station(0));
        let (from, to) = if is_down { (from, to) } else { (to, from) };
        send(&mut kernel, from, to, 10e6);
        run(&mut kernel, 10.0);
        let [(ended_s, TransferOutcome::Delivered)] = kernel.model.ended[..] else { panic!("one end") };
        // And 2 ms for the radio.
        assert!((ended_s - 0.002 - 8.0 * 10e6 / FAST_BPS).abs() < 1e-6, "{ended_s}");
        let carried: f64 =
            kernel.model.periods.iter().map(|period| period[0].tally.bytes[usize::from(!is_down)]).sum();
        assert!((carried - 10e6).abs() < 1.0, "{carried}");
    }
}

/// Two senders share a channel with collisions; on two channels, or out of each other's hearing, they do not.
#[test]
fn turns_are_taken_on_one_channel_only() {
    let ends_s = |points: &[(f64, u16)], stations: &[f64]| {
        let world = World::new(points, stations);
        let mut kernel = world.start();
        for number in 0..2 {
            send(&mut kernel, world.station(number), SERVER, 10e6);
        }
        run(&mut kernel, 30.0);
        kernel.model.ended.iter().map(|end| end.0).collect::<Vec<_>>()
    };
    let alone_s = 0.002 + 8.0 * 10e6 / FAST_BPS;
    let mut two = Contenders::default();
    let phy = Phy::new(Standard::A, Width::Mhz20, 1, false).unwrap();
    let fastest = phy.exchanges().pop().unwrap().1;
    (0..2).for_each(|_| two.add(&fastest));
    let share = two.share(&Backoff::default());
    let shared_s = 0.002 + 10e6 / (1472.0 * share.exchanges_per_s(&fastest));
    assert!(shared_s > 1.9 * alone_s);
    for end_s in ends_s(&[(0.0, 36), (20.0, 36)], &[-5.0, 25.0]) {
        assert!((end_s - shared_s).abs() < 1e-3, "{end_s} {shared_s}");
    }
    for points in [[(0.0, 36), (20.0, 40)], [(0.0, 36), (200.0, 36)]] {
        for end_s in ends_s(&points, &[-5.0, points[1].0 + 5.0]) {
            assert!((end_s - alone_s).abs() < 1e-3, "{end_s} {alone_s}");
        }
    }
}

#[test]
fn a_far_station_slows_a_near_one_to_its_own_rate() {
    let world = World::new(&[(0.0, 36)], &[5.0, 49.0]);
    let mut kernel = world.start();
    for number in 0..2 {
        send(&mut kernel, world.station(number), SERVER, 50e6);
    }
    run(&mut kernel, 5.0);
    for period in &kernel.model.periods {
        let [near, far] = [0, 1].map(|number| period[number].tally.bytes[1]);
        assert!((near / far - 1.0).abs() < 1e-3, "{near} {far}");
        let modes = [0, 1].map(|number: usize| period[number].links.unwrap()[1].mode);
        assert_eq!(modes, [7, 4]);
        let airtime: f64 = period.iter().map(|report| report.tally.airtime_s[1]).sum();
        assert!(airtime > 0.7 && airtime < 1.0, "{airtime}");
    }
}

#[test]
fn a_walker_changes_its_access_point_by_the_hysteresis_and_keeps_its_transfer() {
    let mut world = World::new(&[(0.0, 36), (60.0, 40)], &[0.0]);
    world.stations[0] = vec![(0.0, 5.0), (50.0, 55.0)];
    world.spec.period = SimDuration::from_secs(0.1);
    let mut kernel = world.start();
    send(&mut kernel, SERVER, world.station(0), 1e9);
    run(&mut kernel, 49.0);
    let steps: Vec<_> = kernel.model.handovers.iter().map(|&(time_s, _, to)| (time_s, to)).collect();
    let [first, (time_s, second)] = steps[..] else { panic!("{steps:?}") };
    assert_eq!((first, second), ((0.0, Some(world.point(0))), Some(world.point(1))));
    // 5 dB at 30 dB a decade: where the other one is nearer by the factor 10^(1/6), 60 x / (1 + x) m from the first.
    let factor = 10f64.powf(1.0 / 6.0);
    let expected_s = 60.0 * factor / (1.0 + factor) - 5.0;
    assert!(time_s >= expected_s && time_s < expected_s + 0.1 + 1e-9, "{time_s} {expected_s}");
    assert!(kernel.model.ended.is_empty());
    // Half a period of silence.
    let of = |from_s: f64| kernel.model.periods[(from_s * 10.0).round() as usize][0].tally.bytes[0];
    assert!((of(time_s) / of(time_s + 0.1) - 0.5).abs() < 0.01, "{} {}", of(time_s), of(time_s + 0.1));
    let counts = kernel.model.infrastructure.wifi().unwrap().counts();
    assert_eq!((counts.associations, counts.roams), (2, 1));
}

#[test]
fn an_access_point_that_moves_takes_its_network_along() {
    let mut world = World::new(&[(0.0, 36)], &[200.0]);
    world.points[0].0 = vec![(0.0, 0.0), (100.0, 400.0)];
    let mut kernel = world.start();
    run(&mut kernel, 100.0);
    let steps: Vec<_> = kernel.model.handovers.iter().map(|&(time_s, _, to)| (time_s, to)).collect();
    // Heard within 51.4 m: from x = 148.6 m, at 4 m/s, to 251.4 m.
    assert_eq!(steps, [(38.0, Some(world.point(0))), (63.0, None)]);
}

/// 16.0206 dBm both ways, less 46.6777 dB and 30 dB a decade, are the -82 dBm of the gate at 10^(51.3429 / 30) m.
#[test]
fn the_range_of_an_access_point_is_where_the_gate_is_reached() {
    let mut world = World::new(&[(0.0, 36), (100.0, 40)], &[5.0]);
    world.radio = WifiRadioSpec { transmit_dbm: 16.0206, ..world.radio };
    let kernel = world.start();
    let wifi = kernel.model.infrastructure.wifi().expect("WiFi");
    let expected_m = 10f64.powf((16.0206 - 46.6777 + 82.0) / 30.0);
    for number in 0..2 {
        let range_m = wifi.range_m(world.point(number)).expect("a range");
        assert!((range_m - expected_m).abs() < 1.0, "{range_m} {expected_m}");
    }
    assert_eq!(wifi.range_m(SERVER), None);
    // Without stations there is nobody to have a link.
    let silent = World::new(&[(0.0, 36)], &[]).start();
    let wifi = silent.model.infrastructure.wifi().expect("WiFi");
    assert_eq!(wifi.range_m(NodeId(1)), None);
}

#[test]
fn stations_of_a_failed_access_point_go_to_another_one_with_their_transfers() {
    let mut world = World::new(&[(0.0, 36), (20.0, 40)], &[5.0]);
    world.fails_at_s = Some(2.5);
    let mut kernel = world.start();
    send(&mut kernel, world.station(0), SERVER, 20e6);
    run(&mut kernel, 20.0);
    let to: Vec<_> = kernel.model.handovers.iter().map(|&(time_s, _, to)| (time_s, to)).collect();
    assert_eq!(to, [(0.0, Some(world.point(0))), (2.5, Some(world.point(1)))]);
    let [(ended_s, TransferOutcome::Delivered)] = kernel.model.ended[..] else { panic!("one end") };
    let silence_s = 0.05;
    assert!((ended_s - 0.002 - silence_s - 8.0 * 20e6 / FAST_BPS).abs() < 1e-3, "{ended_s}");
}

#[test]
fn a_device_with_both_uses_what_it_prefers() {
    let found = |choice: Arc<dyn LinkChoice>| {
        let mut world = World::new(&[(0.0, 36)], &[0.0]);
        world.has_cell = true;
        // WiFi ends after 51 m.
        world.stations[0] = vec![(0.0, 1.0), (100.0, 101.0)];
        world.spec.choice = choice;
        let mut kernel = world.start();
        send(&mut kernel, SERVER, world.station(0), 1e12);
        run(&mut kernel, 90.0);
        assert!(kernel.model.ended.is_empty(), "{:?}", kernel.model.ended);
        let steps =
            kernel.model.handovers.iter().map(|&(time_s, _, to)| (time_s, to.map(|node| node.0)));
        steps.collect::<Vec<_>>()
    };
    let (wifi, cell) = (Some(1), Some(2));
    assert_eq!(found(Arc::new(Prefer::cells_first())), [(0.0, cell)]);
    assert_eq!(found(Arc::new(Prefer::wifi_first())), [(0.0, wifi), (51.0, cell)]);
    let sticky = Sticky { order: vec![Access::Wifi, Access::Cells] };
    assert_eq!(found(Arc::new(sticky)), [(0.0, wifi), (51.0, cell)]);
    // 20 MHz of 5G are faster than 802.11a next to the mast.
    assert_eq!(found(Arc::new(BestRate { hysteresis: 0.2 })), [(0.0, cell)]);
}

/// A device alone: whatever it is on counts it among its devices already, and is not worth less for that.
#[test]
fn best_rate_stays_where_it_is() {
    // 802.11ac at 78 Mbit/s carries 60 to 83 Mbit/s, so that half of the other one is worse and all of it better.
    for (start_m, first) in [(5.0, 2), (300.0, 2)] {
        let mut world = World::new(&[(0.0, 36)], &[start_m]);
        world.phy = Phy::new(Standard::Ac, Width::Mhz20, 1, false).unwrap();
        world.stations[0] = vec![(0.0, start_m), (10.0, 5.0)];
        world.plain = Some((0.0, 1000.0, 100e6));
        world.spec.choice = Arc::new(BestRate { hysteresis: 0.2 });
        let mut kernel = world.start();
        send(&mut kernel, SERVER, world.station(0), 1e12);
        run(&mut kernel, 3600.0);
        let steps: Vec<_> =
            kernel.model.handovers.iter().map(|step| step.2.map(|node| node.0)).collect();
        assert_eq!(steps, [Some(first)], "from {start_m} m");
    }
    let phy = Phy::new(Standard::Ac, Width::Mhz20, 1, false).unwrap();
    let bps = goodput_bps(&phy.exchanges().pop().unwrap().1);
    assert!((60e6..83e6).contains(&bps), "{bps}");
}

/// What a device has at one access point says nothing of another one, on whose channel five others send.
#[test]
fn best_rate_judges_an_access_point_by_what_it_would_give() {
    let mut world = World::new(&[(0.0, 36), (60.0, 40)], &[5.0, 55.0, 57.0, 59.0, 61.0, 63.0]);
    world.stations[0] = vec![(0.0, 5.0), (55.0, 60.0)];
    // From 15 to 45 m, where the second access point becomes the stronger one at 35.7 m.
    world.plain = Some((30.0, 15.0, 15e6));
    world.spec.choice = Arc::new(BestRate { hysteresis: 0.2 });
    let mut kernel = world.start();
    for number in 1..=5 {
        send(&mut kernel, world.station(number), SERVER, 1e12);
    }
    run(&mut kernel, 55.0);
    let own = kernel.model.handovers.iter().filter(|step| step.1 == world.station(0));
    let steps: Vec<_> = own.map(|&(time_s, _, to)| (time_s, to.map(|node| node.0))).collect();
    assert_eq!(steps, [(0.0, Some(1)), (31.0, Some(3)), (41.0, Some(2))]);
}

#[test]
fn the_radio_draws_what_it_does() {
    let mut world = World::new(&[(0.0, 36)], &[10.0, 400.0]);
    world.radio.power = Some(RadioPower { idle_w: 0.8, transmit_w: 1.2, receive_w: 1.0, sleep_w: 0.1 });
    let mut kernel = world.start();
    send(&mut kernel, world.station(0), SERVER, 1e6);
    run(&mut kernel, 10.0);
    let sent_s = 1e6 / 1472.0 * 326e-6;
    let expected_j = [8.0 + sent_s * 0.4, 1.0];
    for (number, expected_j) in expected_j.into_iter().enumerate() {
        let found_j =
            kernel.model.infrastructure.meter(world.station(number)).energy_j(SimTime::from_secs(10.0));
        assert!((found_j - expected_j).abs() < 1e-6, "{number}: {found_j} {expected_j}");
    }
}
