//! The cost of a 5G device in a period of measurement, at each fidelity and part by part: CPU time, which other programs
//! on the machine disturb less than the clock of the wall.
//!
//! Run with `cargo bench --no-default-features --bench radio`; figures are in `README.md`. A thousand devices for an hour
//! are 3.6 million periods, which are to take less than 10 s.

use std::hint::black_box;
use std::time::Instant;
use stratosim::engine::{EntityStream, RandomStreams};
use stratosim::infra::nr::{
    AnalyticLink, Arrivals, BandPower, Carrier, ChannelLayout, ControlCurves, Coupling, Direction,
    Duplex, End, Jammer, JammerKind, LargeScaleFading, LinkConfig, LinkFidelity, LinkMemory, LinkPeriod,
    LinkState, Numerology, RadioPath, ReceivedPowers, ShannonLink, SlotLink, TddPattern, UrbanMicro,
    flat, from_db, jam, mw_from_dbm, noise_dbm, sinr_groups,
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

/// CPU seconds of this process so far; wall time where the system does not tell.
fn cpu_s(started: Instant) -> f64 {
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from behind the name in brackets, which is the second.
    let ticks: Option<u64> = stat.rsplit_once(')').and_then(|(_, rest)| {
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    });
    ticks.map_or_else(|| started.elapsed().as_secs_f64(), |ticks| ticks as f64 / TICKS_PER_S)
}

/// Runs a part so many times and prints what one takes.
fn measure(name: &str, times: u32, mut part: impl FnMut() -> f64) {
    let started = Instant::now();
    // Past what is slow only once.
    (0..times / 100).for_each(|_| {
        black_box(part());
    });
    let before_s = cpu_s(started);
    for _ in 0..times {
        black_box(part());
    }
    let part_us = 1e6 * (cpu_s(started) - before_s) / f64::from(times);
    println!("| {name} | {part_us:.2} | {:.1} |", 3.6 * part_us);
}

fn main() {
    println!("| part | CPU us | CPU s of 3.6 million |\n| --- | ---: | ---: |");
    const MANY: u32 = 3_600_000;
    let mut device = Device::new();
    let (carrier, layout, curves) = (device.carrier, ChannelLayout::default(), ControlCurves::default());
    let analytic = AnalyticLink::new(LinkConfig::new(carrier, Direction::Downlink)).expect("good");
    let uplink = AnalyticLink::new(LinkConfig::new(carrier, Direction::Uplink)).expect("good");
    let shannon = ShannonLink::new(*analytic.config(), ShannonLink::USUAL_GAP_DB).expect("good");
    let slots = SlotLink::new(*analytic.config()).expect("good");
    let mut memory = LinkMemory::default();
    let mut random = RandomStreams::new(2).entity("link", 0);

    measure("five cells received", MANY, || device.receive()[0]);
    let even = [LinkState::always(flat(from_db(14.0)))];
    let band = BandPower { from: 0.4, to: 0.6, power_mw: 0.1 };
    let uneven = [LinkState::always(sinr_groups(1.0, 0.02, 0.02, &[band]))];
    for (name, times, link, states) in [
        ("analytic, one SINR", MANY, &analytic as &dyn LinkFidelity, &even),
        ("analytic, two parts of the carrier", MANY, &analytic, &uneven),
        ("Shannon, one SINR", MANY, &shannon, &even),
        ("slot by slot, 2000 slots", 3_600, &slots, &even),
    ] {
        measure(name, times, || {
            let period = LinkPeriod::whole(1.0, black_box(states));
            link.period(&period, &mut memory, &mut random).goodput_bps
        });
    }

    // All that a device costs in a period.
    measure("device and period, down", MANY, || {
        let received = device.receive();
        let end = device.end(&received);
        let groups = sinr_groups(end.signal_mw, end.noise_mw, end.interference_mw, &[]);
        let states = [LinkState::always(groups)];
        let goodput_bps =
            analytic.period(&LinkPeriod::whole(1.0, &states), &mut memory, &mut random).goodput_bps;
        goodput_bps + measured(&carrier, &end)
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
    let spot = [emission.arrivals(&carrier, &layout, &coupling)];
    let cases: [(&str, &[Arrivals]); 2] = [
        ("device and period, both ways and control channels", &[]),
        ("the same with a spot jammer", &spot),
    ];
    for (name, jammers) in cases {
        measure(name, MANY, || {
            let received = device.receive();
            let end = device.end(&received);
            let link = jam(&carrier, &layout, &curves, &end, &end, black_box(jammers), 1.0);
            let down = LinkPeriod::whole(1.0, &link.downlink);
            let up = LinkPeriod::whole(1.0, &link.uplink);
            let down_bps = analytic.period(&down, &mut memory, &mut random).goodput_bps;
            let up_bps = uplink.period(&up, &mut memory, &mut random).goodput_bps;
            down_bps + up_bps + link.channels.ssb_loss + measured(&carrier, &end)
        });
    }
}

/// What a device measures of its cell.
fn measured(carrier: &Carrier, end: &End) -> f64 {
    let powers = ReceivedPowers {
        signal_mw: end.signal_mw,
        load: 0.5,
        interference_mw: end.interference_mw,
        jamming_mw: 0.0,
        noise_mw: end.noise_mw,
    };
    let measurement = powers.measure(carrier);
    measurement.rsrp_dbm + measurement.rssi_dbm + measurement.rsrq_db + measurement.sinr_db
}
