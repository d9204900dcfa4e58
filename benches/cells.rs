//! 5G cells in the world: CPU time and peak memory of a thousand devices on 28 cells for an hour, with and without their
//! table, of a hundred thousand devices on two thousand cells for ten minutes, how the cost grows with the world, and what
//! a transfer costs in a full cell.
//!
//! `cargo bench --no-default-features --bench cells`, or with cases of one's own: `-- hour hour-full`. Each case runs in a
//! process of its own, so that peak memory is its own. Figures are in `README.md`.

use std::process::Command;
use std::time::Instant;
use stratosim::apps::{Context, Message, Workload};
use stratosim::engine::{Distribution, SimDuration};
use stratosim::infra::cells::{
    CarrierSpec, CellularSpec, DeviceRadioSpec, GnbSpec, JammerPlace, PlacedJammer,
};
use stratosim::infra::nr::{Carrier, Duplex, Jammer, JammerKind, Numerology, TddPattern};
use stratosim::infra::{
    AccessPointSpec, Area, NodeClass, NodeId, Position, RandomWaypoint, Static, Tier, TransferRecord,
};
use stratosim::output::{Destination, FileFormat, Recorder, TableSelection};
use stratosim::world::WorldBuilder;

/// Tells the program to run one case in this process.
const ONE: &str = "--one";
/// Metres between neighbouring gNBs.
const APART_M: f64 = 207.0;
/// Bytes of a transfer of the full cell.
const BYTES: f64 = 30_000.0;

/// What becomes of the rows.
#[derive(Clone, Copy)]
enum Rows {
    /// They are hashed, without the table of devices.
    Few,
    /// They are hashed, all of them.
    Hashed,
    /// They are written.
    Written(FileFormat),
}

struct Case {
    name: &'static str,
    devices: u32,
    columns: u32,
    rows: u32,
    seconds: f64,
    records: Rows,
}

const fn case(name: &'static str, devices: u32, columns: u32, rows: u32, seconds: f64) -> Case {
    Case { name, devices, columns, rows, seconds, records: Rows::Few }
}

const CASES: [Case; 7] = [
    case("hour", 1_000, 7, 4, 3600.0),
    Case { records: Rows::Hashed, ..case("hour-full", 1_000, 7, 4, 3600.0) },
    Case { records: Rows::Written(FileFormat::Csv), ..case("hour-csv", 1_000, 7, 4, 3600.0) },
    Case { records: Rows::Written(FileFormat::Parquet), ..case("hour-parquet", 1_000, 7, 4, 3600.0) },
    case("200 cells", 10_000, 20, 10, 60.0),
    case("2000 cells", 100_000, 50, 40, 60.0),
    case("ten minutes", 100_000, 50, 40, 600.0),
];
/// Transfers in a full cell, and the same on an access point without cells.
const FULL: [&str; 2] = ["full cell", "full access point"];

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

/// 100 MHz at 3.5 GHz in a city, with a jammer in the south-west that is always on.
fn spec() -> CellularSpec {
    let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU));
    let mut spec = CellularSpec::new(vec![CarrierSpec::new("n78", carrier.expect("a carrier"))]);
    let jammer =
        Jammer { kind: JammerKind::Constant, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 100e6 };
    let place = JammerPlace::At(Position { x_m: 300.0, y_m: 200.0, z_m: 2.0 });
    spec.jammers = vec![PlacedJammer { name: "barrage".into(), jammer, place, windows: None }];
    spec
}

/// gNBs in a grid; half of the devices walk, the others stand. All have background traffic down and up.
fn world(devices: u32, columns: u32, rows: u32, seconds: f64, background_bps: [f64; 2]) -> WorldBuilder {
    let area =
        Area::rectangle(APART_M * f64::from(columns), APART_M * f64::from(rows)).expect("an area");
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(seconds));
    let gnb = NodeClass {
        access_point: Some(AccessPointSpec::new(1e9, 1e9)),
        gnb: Some(GnbSpec { background_load: 0.1, ..GnbSpec::default() }),
        ..NodeClass::new("gnb", Tier::Edge, columns * rows)
    };
    world.class(gnb, Static::grid(area, columns, rows).expect("a grid"));
    let radio = Some(DeviceRadioSpec { background_bps, ..DeviceRadioSpec::default() });
    let class = |name: &str, count: u32| NodeClass {
        device_radio: radio.clone(),
        ..NodeClass::new(name, Tier::Device, count)
    };
    let pause = Distribution::constant(0.0).expect("a time");
    let walk = RandomWaypoint::new(area, 0.5, 2.0, pause).expect("speeds");
    world.class(class("walker", devices / 2), walk);
    world.class(class("meter", devices - devices / 2), Static::uniform(area));
    world.infrastructure().cells(spec());
    world
}

fn run(case: &Case) {
    let directory = tempfile::tempdir().expect("a directory");
    let (destination, tables) = match case.records {
        Rows::Few => (Destination::Discard, TableSelection::All),
        Rows::Hashed => (Destination::Discard, TableSelection::Full),
        Rows::Written(format) => {
            let files = Destination::Files { directory: directory.path().into(), format };
            (files, TableSelection::Full)
        }
    };
    let started = Instant::now();
    let world = world(case.devices, case.columns, case.rows, case.seconds, [2e6, 5e5]);
    let simulation = world.build(Box::new(Recorder::new(destination, tables))).expect("it fits");
    let built_s = started.elapsed().as_secs_f64();
    let (before_s, _) = used();
    let finished = simulation.run().expect("it runs to its end");
    let (after_s, peak_mib) = used();
    let run_s = after_s - before_s;
    let periods = f64::from(case.devices) * case.seconds;
    println!(
        "| {} | {} | {} | {} | {built_s:.2} | {run_s:.2} | {:.2} | {peak_mib:.0} | {} |",
        case.name,
        case.devices,
        case.columns * case.rows,
        case.seconds,
        1e6 * run_s / periods,
        finished.summary["cells"]["attached_share"]
    );
}

/// Devices that each download one thing after the other from the gNB.
#[derive(Debug)]
struct Downloads {
    gnb: NodeId,
    devices: Vec<NodeId>,
    started: u64,
}

impl Downloads {
    fn next(&mut self, device: NodeId, context: &mut dyn Context) {
        self.started += 1;
        context.start_transfer(self.gnb, device, BYTES, self.started).expect("a way");
    }
}

impl Workload for Downloads {
    fn name(&self) -> &'static str {
        "downloads"
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.devices.clone().into_iter().for_each(|device| self.next(device, context));
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.next(transfer.to, context);
    }

    fn summary(&self) -> serde_json::Value {
        self.started.into()
    }
}

/// A hundred devices near one gNB, all of which download all the time for a minute.
fn run_full(name: &str) {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(60.0));
    let with_cells = name == FULL[0];
    let gnb = NodeClass {
        access_point: Some(AccessPointSpec::new(250e6, 250e6)),
        gnb: with_cells.then(GnbSpec::default),
        ..NodeClass::new("gnb", Tier::Edge, 1)
    };
    let area = Area::rectangle(100.0, 100.0).expect("an area");
    let gnb = world.class(gnb, Static::grid(area, 1, 1).expect("a grid"));
    let device = NodeClass {
        device_radio: with_cells.then(DeviceRadioSpec::default),
        ..NodeClass::new("device", Tier::Device, 100)
    };
    let devices = world.class(device, Static::uniform(area));
    if with_cells {
        world.infrastructure().cells(CellularSpec { jammers: Vec::new(), ..spec() });
    }
    let gnb = world.nodes_of(gnb).next().expect("a gNB");
    let devices = world.nodes_of(devices).collect();
    world.workload(Downloads { gnb, devices, started: 0 });
    let recorder = Recorder::new(Destination::Discard, TableSelection::Only(["links".into()].into()));
    let simulation = world.build(Box::new(recorder)).expect("it fits");
    let (before_s, _) = used();
    let finished = simulation.run().expect("it runs to its end");
    let (after_s, _) = used();
    let started = finished.summary["workloads"]["downloads"].as_f64().unwrap_or(0.0);
    println!(
        "{name}: {:.0} transfers a second, {:.1} us each",
        started / 60.0,
        1e6 * (after_s - before_s) / started
    );
}

fn run_one(name: &str) {
    match CASES.iter().find(|case| case.name == name) {
        Some(case) => run(case),
        None => run_full(name),
    }
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == ONE
    {
        return run_one(name);
    }
    if arguments.is_empty() {
        let all = CASES.iter().map(|case| case.name).chain(FULL);
        arguments = all
            .filter(|name| cfg!(feature = "parquet") || *name != "hour-parquet")
            .map(Into::into)
            .collect();
    }
    println!(
        "| case | devices | cells | s | build s | CPU s | us a device and period | peak MiB | attached |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for name in arguments {
        let status = Command::new(&program).args([ONE, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {name:?} failed");
    }
}
