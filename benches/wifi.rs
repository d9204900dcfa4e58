//! WiFi in the world: time of a station and period for stations that measure and walk among access points, and of a transfer
//! on a full channel.
//!
//! `cargo bench --no-default-features --bench wifi`, or with numbers of stations of one's own: `-- 500 1000`.

use std::time::Instant;
use stratosim::apps::{Context, Message, Workload};
use stratosim::engine::{Distribution, SimDuration};
use stratosim::infra::wifi::{Phy, Standard, Width, WifiPointSpec, WifiRadioSpec, WifiSpec};
use stratosim::infra::{
    AccessPointSpec, Area, NodeClass, NodeId, RandomWaypoint, Static, Tier, TransferRecord,
};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::world::WorldBuilder;

/// Metres between neighbouring access points, and stations of each.
const APART_M: f64 = 60.0;
const STATIONS: u32 = 10;
/// Simulated seconds, each a period.
const SECONDS: f64 = 600.0;
/// Bytes of a transfer of the full channel.
const BYTES: f64 = 30_000.0;

/// Access points in a square of so many a side, on three channels in turn by columns, and stations that walk.
fn world(side: u32, stations: u32, seconds: f64) -> (WorldBuilder, Vec<NodeId>, NodeId) {
    let length_m = APART_M * f64::from(side);
    let area = Area::rectangle(length_m, length_m).expect("an area");
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(seconds));
    let phy = Phy::new(Standard::N, Width::Mhz20, 1, false).expect("a standard");
    let mut first = NodeId(0);
    for channel in 0..3_u16 {
        let count = (side * side).div_ceil(3);
        let class = NodeClass {
            access_point: Some(AccessPointSpec::new(1.0, 1.0)),
            wifi_point: Some(WifiPointSpec::new(phy, channel)),
            ..NodeClass::new(format!("point{channel}"), Tier::Edge, count)
        };
        let class = world.class(class, Static::uniform(area));
        first = world.nodes_of(class).next().unwrap_or(first);
    }
    let class = NodeClass {
        wifi_radio: Some(WifiRadioSpec::default()),
        ..NodeClass::new("walker", Tier::Device, stations)
    };
    let pause = Distribution::constant(0.0).expect("a time");
    let walk = RandomWaypoint::new(area, 0.5, 2.0, pause).expect("speeds");
    let class = world.class(class, walk);
    world.infrastructure().wifi(WifiSpec::default());
    let stations = world.nodes_of(class).collect();
    (world, stations, first)
}

fn run(world: WorldBuilder) -> (f64, serde_json::Value) {
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let simulation = world.build(Box::new(recorder)).expect("it fits");
    let started = Instant::now();
    let finished = simulation.run().expect("it runs to its end");
    (started.elapsed().as_secs_f64(), finished.summary)
}

/// Stations that each send one thing after the other to their access point.
#[derive(Debug)]
struct Uploads {
    to: NodeId,
    devices: Vec<NodeId>,
    started: u64,
}

impl Uploads {
    fn next(&mut self, device: NodeId, context: &mut dyn Context) {
        self.started += u64::from(context.start_transfer(device, self.to, BYTES, self.started).is_ok());
    }
}

impl Workload for Uploads {
    fn name(&self) -> &'static str {
        "uploads"
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.devices.clone().into_iter().for_each(|device| self.next(device, context));
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.next(transfer.from, context);
    }

    fn summary(&self) -> serde_json::Value {
        self.started.into()
    }
}

fn main() {
    let given: Vec<u32> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let counts = if given.is_empty() { vec![500, 5_000, 50_000] } else { given };
    println!("| stations | access points | run s | ns a station and period | associated |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for count in counts {
        let side = (f64::from(count) / f64::from(STATIONS)).sqrt().ceil() as u32;
        let (run_s, summary) = run(world(side, count, SECONDS).0);
        let ns = 1e9 * run_s / (f64::from(count) * SECONDS);
        let share = &summary["wifi"]["associated_share"];
        println!("| {count} | {} | {run_s:.2} | {ns:.0} | {share} |", summary["wifi"]["access_points"]);
    }
    let (mut full, devices, to) = world(1, 30, 60.0);
    full.workload(Uploads { to, devices, started: 0 });
    let (run_s, summary) = run(full);
    let started = summary["workloads"]["uploads"].as_f64().unwrap_or(0.0);
    println!("30 stations on full channels: {started} transfers, {:.1} us each", 1e6 * run_s / started);
}
