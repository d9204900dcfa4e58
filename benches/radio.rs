//! The cost of a 5G device in a period of measurement, at each fidelity and part by part.
//!
//! Run with `cargo bench --no-default-features --bench radio`; figures are in `README.md`.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use stratosim::engine::{EntityStream, RandomStreams};
use stratosim::infra::nr::{
    AnalyticLink, Arrivals, Carrier, ChannelLayout, ControlCurves, Coupling, Direction, Duplex, End,
    Jammer, JammerKind, LargeScaleFading, LinkConfig, LinkFidelity, LinkMemory, LinkPeriod, LinkState,
    Numerology, RadioPath, ReceivedPowers, ShannonLink, SlotLink, TddPattern, UrbanMicro, flat, from_db,
    jam, mw_from_dbm, noise_dbm, sinr_groups,
};

/// The serving cell and the four strongest others.
const CELLS: usize = 5;

/// A device that walks among cells.
struct Device {
    carrier: Carrier,
    model: UrbanMicro,
    paths: [RadioPath; CELLS],
    fading: [LargeScaleFading; CELLS],
    random: EntityStream,
    step: u32,
}

impl Device {
    fn new() -> Self {
        let mut random = RandomStreams::new(1).entity("radio", 0);
        let duplex = Duplex::Time(TddPattern::DDDSU);
        let path = RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m: 150.0,
            base_height_m: 10.0,
            device_height_m: 1.5,
            line_of_sight: false,
        };
        Device {
            carrier: Carrier::new(3.5e9, 100e6, Numerology::Khz30, duplex).expect("a carrier"),
            model: UrbanMicro::default(),
            paths: [path; CELLS],
            fading: std::array::from_fn(|_| LargeScaleFading::new(&mut random)),
            random,
            step: 0,
        }
    }

    /// Moves by 1.5 m, and receives the cells in milliwatts.
    fn receive(&mut self) -> [f64; CELLS] {
        self.step = (self.step + 1) % 200;
        let along_m = 1.5 * f64::from(self.step);
        let mut received = [0.0; CELLS];
        for (place, (path, fading)) in self.paths.iter_mut().zip(&mut self.fading).enumerate() {
            path.distance_2d_m = (along_m - 200.0 * place as f64).hypot(60.0);
            fading.moved(&self.model, path, 1.5, &mut self.random);
            received[place] = mw_from_dbm(52.0 - fading.path_loss_db(&self.model, path));
        }
        received
    }

    /// Signal, noise and interference at the device.
    fn end(&self, received: &[f64; CELLS]) -> End {
        End {
            signal_mw: received[0],
            noise_mw: mw_from_dbm(noise_dbm(self.carrier.occupied_hz(), 7.0)),
            interference_mw: 0.4 * received[1..].iter().sum::<f64>(),
        }
    }
}

fn radio(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("radio");
    group
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_millis(500))
        .sample_size(20);
    let mut device = Device::new();
    let (carrier, layout, curves) = (device.carrier, ChannelLayout::default(), ControlCurves::default());
    let analytic = AnalyticLink::new(LinkConfig::new(carrier, Direction::Downlink)).expect("good");
    let uplink = AnalyticLink::new(LinkConfig::new(carrier, Direction::Uplink)).expect("good");
    let mut memory = LinkMemory::default();
    let mut random = RandomStreams::new(2).entity("link", 0);

    group.bench_function("five cells received", |bencher| bencher.iter(|| device.receive()));
    let received = device.receive();
    let end = device.end(&received);
    let mut run = |name: &str, link: &dyn LinkFidelity, states: &[LinkState]| {
        group.bench_function(name, |bencher| {
            let period = LinkPeriod::whole(1.0, states);
            bencher.iter(|| link.period(black_box(&period), &mut memory, &mut random));
        });
    };
    let even = [LinkState::always(flat(from_db(14.0)))];
    let parts = sinr_groups(
        1.0,
        0.02,
        0.02,
        &[stratosim::infra::nr::BandPower { from: 0.4, to: 0.6, power_mw: 0.1 }],
    );
    let uneven = [LinkState::always(parts)];
    run("analytic, one SINR", &analytic, &even);
    run("analytic, two parts", &analytic, &uneven);
    let shannon = ShannonLink::new(*analytic.config(), ShannonLink::USUAL_GAP_DB).expect("good");
    run("shannon, one SINR", &shannon, &even);
    let slots = SlotLink::new(*analytic.config()).expect("good");
    run("slots, one SINR (2000 slots)", &slots, &even);

    // All of it: what a device costs in a period, down.
    group.bench_function("device and period, down", |bencher| {
        bencher.iter(|| {
            let received = device.receive();
            let end = device.end(&received);
            let powers = ReceivedPowers {
                signal_mw: end.signal_mw,
                load: 0.5,
                interference_mw: end.interference_mw,
                jamming_mw: 0.0,
                noise_mw: end.noise_mw,
            };
            let groups = sinr_groups(end.signal_mw, end.noise_mw, end.interference_mw, &[]);
            let states = [LinkState::always(groups)];
            let period = LinkPeriod::whole(1.0, &states);
            (powers.measure(&carrier), analytic.period(&period, &mut memory, &mut random))
        });
    });
    let jammer =
        Jammer { kind: JammerKind::Constant, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 20e6 };
    let coupling = Coupling {
        to_device_db: -110.0,
        to_base_db: -115.0,
        sensed_dbm: -80.0,
        burst_s: 5e-4,
        activity: 0.5,
    };
    let mut state = jammer.state(&mut random);
    let emission = jammer.emit(&mut state, 0.0, 1.0, &mut random);
    for (name, jammers) in [
        ("both directions, no jammer", Vec::new()),
        ("both directions, a spot jammer", vec![emission.arrivals(&carrier, &layout, &coupling)]),
    ] {
        group.bench_function(name, |bencher| {
            let jammers: &[Arrivals] = &jammers;
            bencher.iter(|| {
                let link = jam(&carrier, &layout, &curves, &end, &end, black_box(jammers), 1.0);
                let down = LinkPeriod::whole(1.0, &link.downlink);
                let up = LinkPeriod::whole(1.0, &link.uplink);
                let down = analytic.period(&down, &mut memory, &mut random);
                (down, uplink.period(&up, &mut memory, &mut random), link.channels)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, radio);
criterion_main!(benches);
