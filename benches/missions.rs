//! Missions: CPU time, events and peak memory of 500 drones and 500 rovers with video for an hour, and the parts that this is
//! made of: without video, without following, over WiFi, over 5G cells.
//!
//! `cargo bench --no-default-features --bench missions`, or with cases of one's own: `-- hour cells`. Each case runs in a
//! process of its own, so that peak memory is its own. Figures are in `README.md`.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use stratosim::apps::missions::{
    AgriculturePlan, Coverage, DetectionMap, FrameSizes, MissionKind, MissionPlan, MissionWorkload,
    Objective, PatrolKind, PatrolPlan, Polygon, Processing, QueueRule, ScannedField, Service,
    StreamPlan, StreamTime, Way, WayEnd,
};
use stratosim::energy::BatteryModel;
use stratosim::engine::{Distribution, SimDuration, SimTime};
use stratosim::infra::cells::{CarrierSpec, CellularSpec, DeviceRadioSpec, GnbSpec};
use stratosim::infra::nr::{Carrier, Duplex, FreeSpace, Numerology, TddPattern};
use stratosim::infra::vehicles::{VehicleSpec, vehicle_preset};
use stratosim::infra::wifi::{Phy, Standard, Width, WifiPointSpec, WifiRadioSpec, WifiSpec};
use stratosim::infra::{AccessPointSpec, BatterySpec, NodeClass, NodeId, Position, Static, Tier};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::placement::engagement::Always;
use stratosim::world::WorldBuilder;

/// Tells the program to run one case in this process.
const ONE: &str = "--one";
/// Metres from field to field, and along their sides.
const APART_M: f64 = 200.0;
const SIDE_M: f64 = 150.0;
/// Fields to the east and north, a drone and a rover on each.
const COLUMNS: u32 = 25;
const ROWS: u32 = 20;
/// Joules of a battery of three cells and 5100 mAh.
const BATTERY_J: f64 = 203_796.0;

struct Case {
    name: &'static str,
    columns: u32,
    rows: u32,
    seconds: f64,
    /// Whether all have video.
    video: bool,
    /// Share of the fields whose drone follows the rover, rather than fly a route of its own.
    following: f64,
    /// What the access points are.
    radio: Radio,
}

/// Ways of vehicles into the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Radio {
    /// Access points of a rate, a kilometre apart.
    Plain,
    /// 802.11n over free space, half a kilometre apart, on eight channels in turn.
    Wifi,
    /// 5G, a kilometre apart.
    Cells,
}

const HOUR: Case = Case {
    name: "hour",
    columns: COLUMNS,
    rows: ROWS,
    seconds: 3600.0,
    video: true,
    following: 0.5,
    radio: Radio::Plain,
};

const CASES: [Case; 7] = [
    HOUR,
    Case { name: "no video", video: false, ..HOUR },
    Case { name: "routes", video: false, following: 0.0, ..HOUR },
    Case { name: "following", video: false, following: 1.0, ..HOUR },
    Case { name: "wifi", radio: Radio::Wifi, ..HOUR },
    Case { name: "cells", radio: Radio::Cells, ..HOUR },
    Case { name: "small", columns: 5, rows: 4, seconds: 600.0, ..HOUR },
];

/// CPU seconds of this process so far, and its peak resident memory in MiB; zero where the system does not tell.
fn used() -> (f64, f64) {
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from behind the name in brackets, which is the second.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    (ticks.unwrap_or(0.0) / TICKS_PER_S, kib.unwrap_or(0.0) / 1024.0)
}

/// The south-western corners of the fields.
fn corners(case: &Case) -> impl Iterator<Item = [f64; 2]> {
    let (columns, rows) = (case.columns, case.rows);
    (0..rows).flat_map(move |row| {
        (0..columns).map(move |column| [column, row].map(|at| APART_M * f64::from(at)))
    })
}

fn vehicles(name: &str, preset: &str, case: &Case, battery_j: Option<f64>) -> NodeClass {
    let vehicle: VehicleSpec = vehicle_preset(preset).expect("a preset");
    let full = Distribution::constant(1.0).expect("a share");
    let battery = battery_j.map(|joules| BatterySpec::new(BatteryModel::ideal(joules), full));
    NodeClass {
        vehicle: Some(vehicle),
        battery,
        wireless: true,
        device_radio: (case.radio == Radio::Cells).then(DeviceRadioSpec::default),
        wifi_radio: (case.radio == Radio::Wifi).then(WifiRadioSpec::default),
        ..NodeClass::new(name, Tier::Device, case.columns * case.rows)
    }
}

/// Lines over a field, 10 m apart.
fn way([x, y]: [f64; 2], height_m: f64) -> Way {
    let corners = vec![[x, y], [x + SIDE_M, y], [x + SIDE_M, y + SIDE_M], [x, y + SIDE_M]];
    let coverage = Coverage::new(&Polygon::new(corners).expect("a field"), 10.0, None);
    Way::along(&coverage.expect("lines").lines, height_m, None)
}

fn patrol(name: String, vehicle: NodeId, way: Way, height_m: f64) -> MissionPlan {
    let plan = PatrolPlan {
        kind: PatrolKind::Scan,
        ways: vec![(vehicle, way)],
        height_m,
        area_m2: SIDE_M * SIDE_M,
        width_m: 10.0,
        field: None,
        service: Service::Swap { time_s: 120.0 },
        end: WayEnd::Return,
    };
    MissionPlan { name, start: SimTime::ZERO, kind: MissionKind::Patrol(plan) }
}

fn engagement(name: String, rover: NodeId, drone: NodeId, way: Way) -> MissionPlan {
    let field = ScannedField {
        width_m: 10.0,
        density_per_m2: 0.05,
        own: DetectionMap::uniform(0.6).expect("a share"),
        helper: DetectionMap::uniform(0.9).expect("a share"),
    };
    let plan = AgriculturePlan {
        vehicle: rover,
        way,
        area_m2: SIDE_M * SIDE_M,
        field,
        end: WayEnd::Return,
        period_s: 5.0,
        noise: 0.05,
        spray_l: 0.01,
        drones: vec![drone],
        height_m: 15.0,
        offset_m: [0.0, 0.0, 15.0],
        helper: 0.9,
        service: Service::Swap { time_s: 120.0 },
        objective: Objective::default(),
    };
    MissionPlan { name, start: SimTime::ZERO, kind: MissionKind::Agriculture(Box::new(plan)) }
}

/// A second of 30 pictures of 6 kB in each message, worked on at the nearest edge node.
fn stream(name: String, source: NodeId) -> StreamPlan {
    StreamPlan {
        name,
        source,
        relay: None,
        frame_rate_hz: 30.0,
        sizes: FrameSizes::constant(6e3),
        frames_per_message: 30,
        processing: Processing::NearestEdge,
        frame_mi: 30.0,
        deadline_s: Some(1.0),
        queue_limit: 4,
        queue_rule: QueueRule::DropOldest,
        during: StreamTime::Always,
    }
}

fn cells() -> CellularSpec {
    let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU));
    CellularSpec::new(vec![CarrierSpec::new("n78", carrier.expect("a carrier"))])
}

fn wifi() -> WifiSpec {
    WifiSpec { path_loss: Arc::new(FreeSpace), ..WifiSpec::default() }
}

/// Edge nodes with access points in a grid.
fn sites(case: &Case, world: &mut WorldBuilder) {
    let lengths_m = [case.columns, case.rows].map(|count| APART_M * f64::from(count));
    let (apart_m, channels) = if case.radio == Radio::Wifi { (500.0, 8) } else { (1000.0, 1) };
    let [columns, rows] = lengths_m.map(|length_m| (length_m / apart_m).ceil() as u32);
    let phy = Phy::new(Standard::N, Width::Mhz20, 1, false).expect("a standard");
    for channel in 0..channels {
        let on_channel = (0..columns * rows).filter(|number| number % channels == channel);
        let places: Vec<Position> = on_channel
            .map(|number| [number % columns, number / columns].map(|at| apart_m * (f64::from(at) + 0.5)))
            .map(|[x, y]| Position::ground(x, y))
            .collect();
        let class = NodeClass {
            access_point: Some(AccessPointSpec::new(1e9, 1e9)),
            gnb: (case.radio == Radio::Cells).then(GnbSpec::default),
            wifi_point: (case.radio == Radio::Wifi).then(|| WifiPointSpec::new(phy, channel as u16)),
            cores: 16,
            mips_per_core: 10_000.0,
            ..NodeClass::new(format!("site-{channel}"), Tier::Edge, places.len() as u32)
        };
        world.class(class, Static::at(places).expect("places"));
    }
    match case.radio {
        Radio::Plain => {}
        Radio::Wifi => {
            world.infrastructure().wifi(wifi());
        }
        Radio::Cells => {
            world.infrastructure().cells(cells());
        }
    }
}

/// Fields with a rover and a drone each, among sites.
fn world(case: &Case) -> WorldBuilder {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(case.seconds));
    sites(case, &mut world);
    let homes: Vec<Position> = corners(case).map(|[x, y]| Position::ground(x, y)).collect();
    let stand = || Static::at(homes.clone()).expect("places");
    let drones = world.class(vehicles("drone", "arducopter_4_5", case, Some(BATTERY_J)), stand());
    let rovers = world.class(vehicles("rover", "rover_4_7", case, None), stand());
    let drones: Vec<NodeId> = world.nodes_of(drones).collect();
    let rovers: Vec<NodeId> = world.nodes_of(rovers).collect();
    let following = (case.following * drones.len() as f64) as usize;
    let mut plans = Vec::new();
    for (number, corner) in corners(case).enumerate() {
        let (drone, rover) = (drones[number], rovers[number]);
        if number < following {
            plans.push(engagement(format!("field-{number}"), rover, drone, way(corner, 0.0)));
        } else {
            plans.push(patrol(format!("drive-{number}"), rover, way(corner, 0.0), 1.0));
            plans.push(patrol(format!("flight-{number}"), drone, way(corner, 20.0), 20.0));
        }
    }
    let sources = drones.iter().chain(&rovers).filter(|_| case.video);
    let streams = sources.enumerate().map(|(number, &node)| stream(format!("video-{number}"), node));
    let streams = streams.collect();
    world.workload(MissionWorkload::new("missions", plans, streams));
    world.mission_engagement("always", Always {});
    world
}

fn run(case: &Case) {
    let started = Instant::now();
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let simulation = world(case).build(Box::new(recorder)).expect("it fits");
    let built_s = started.elapsed().as_secs_f64();
    let (before_s, _) = used();
    let finished = simulation.run().expect("it runs to its end");
    let (after_s, peak_mib) = used();
    let run_s = after_s - before_s;
    let events = finished.summary["events"].as_f64().unwrap_or(0.0);
    println!(
        "| {} | {} | {} | {built_s:.2} | {run_s:.2} | {:.2} | {:.2} | {peak_mib:.0} |",
        case.name,
        2 * case.columns * case.rows,
        case.seconds,
        events / 1e6,
        events / 1e6 / run_s,
    );
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == ONE
    {
        run(CASES.iter().find(|case| case.name == name).expect("a case of this name"));
        return;
    }
    if arguments.is_empty() {
        arguments = CASES.iter().map(|case| case.name.to_string()).collect();
    }
    println!("| case | vehicles | s | build s | CPU s | M events | M events a s | peak MiB |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for name in arguments {
        let status = Command::new(&program).args([ONE, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {name:?} failed");
    }
}
