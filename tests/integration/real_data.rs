//! Runs on real maps and networks: SUMO traces and Topology Zoo files. They are looked for in the folder
//! `STRATOSIM_DATA`, or `../shared/data`; without it these tests say that they are skipped, and pass.

use flate2::read::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use stratosim::apps::Context;
use stratosim::energy::{Load, PowerModel, power_presets};
use stratosim::engine::SimTime;
use stratosim::infra::{LocalPlane, LonLat, NodeId, Position};
use stratosim::output::{Destination, Recorder, RecorderSummary, TableSelection, first_difference};
use stratosim::records::NoRecords;
use stratosim::scenario::{Document, Loaded, Registry, load};
use stratosim::world::UserEvent;

/// The folder of the data, if there is one.
pub(crate) fn data(folder: &str) -> Option<PathBuf> {
    let named = std::env::var_os("STRATOSIM_DATA").unwrap_or_else(|| "../shared/data".into());
    // Absolute, since scenarios start relative paths from their own folder.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(named).join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no folder {}", folder.display());
    None
}

fn open(scenario: &serde_json::Value, folder: &Path) -> Result<Loaded, String> {
    let document = Document::parse("test.json", &scenario.to_string()).unwrap();
    load(&document, &Registry::with_builtins(), folder).map_err(|errors| errors.to_string())
}

/// Runs a scenario and gives its summary and tables.
fn run(scenario: &serde_json::Value, folder: &Path) -> (serde_json::Value, RecorderSummary) {
    let recorder = Recorder::new(Destination::Memory, TableSelection::All);
    let world = open(scenario, folder).unwrap().world;
    let finished = world.build(Box::new(recorder)).unwrap().run().unwrap();
    let recorder: Box<Recorder> = finished.records.into_any().downcast().unwrap();
    (finished.summary, recorder.finish().unwrap())
}

// ---------------------------------------------------------------------------- maps

/// South-west corner and size of the rectangle on which 25 sites stand.
struct Map {
    file: &'static str,
    /// The corner's place on earth, if coordinates are longitudes and latitudes.
    origin: Option<LonLat>,
    size_m: [f64; 2],
    seconds: u32,
    vehicles: usize,
    rows: usize,
}

impl Map {
    /// Vehicles offload a task every 5 s to the road-side unit that they are attached to.
    fn scenario(&self) -> serde_json::Value {
        let [width, height] = self.size_m.map(|metres| format!("{metres} m"));
        let mut mobility = serde_json::json!({ "kind": "sumo_fcd", "file": self.file });
        if let Some(origin) = self.origin {
            mobility["origin_longitude"] = origin.longitude_deg.into();
            mobility["origin_latitude"] = origin.latitude_deg.into();
        }
        serde_json::json!({
            // A vehicle's last row holds for a second.
            "duration": format!("{} s", self.seconds + 1),
            "area": { "width": width, "height": height },
            "nodes": [
                { "tier": "edge", "name": "site", "count": 25 },
                { "tier": "cloud" },
                { "tier": "device", "name": "car", "mobility": mobility }
            ],
            "workloads": [{
                "kind": "tasks",
                "applications": [{
                    "arrival": { "kind": "poisson", "mean_interval": "5 s" },
                    "length": { "kind": "exponential", "mean": "500 MI" },
                    "upload": { "kind": "exponential", "mean": "20 kB" }
                }]
            }],
            "output": { "sample": { "interval": "1 min" } }
        })
    }

    /// The rows of the trace by vehicle, read without our reader: second and place.
    fn rows(&self, folder: &Path) -> BTreeMap<String, Vec<(u32, Position)>> {
        let bytes = std::fs::read(folder.join(self.file)).unwrap();
        let mut text = String::new();
        if self.file.ends_with(".gz") {
            GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes).unwrap();
        }
        let plane = self.origin.map(|origin| LocalPlane::new(origin.longitude_deg, origin.latitude_deg));
        let attribute = |line: &'_ str, name: &str| {
            let start = line.find(name)? + name.len();
            let length = line[start..].find('"')?;
            Some(line[start..start + length].to_string())
        };
        let (mut second, mut rows) = (0, BTreeMap::<String, Vec<(u32, Position)>>::new());
        for line in text.lines().map(str::trim_start) {
            if line.starts_with("<timestep ") {
                second = attribute(line, " time=\"").unwrap().parse::<f64>().unwrap() as u32;
            } else if line.starts_with("<vehicle ") {
                let number = |name| attribute(line, name).unwrap().parse::<f64>().unwrap();
                let (x, y) = (number(" x=\""), number(" y=\""));
                let place = plane.map_or(Position::ground(x, y), |plane| {
                    plane.position(LonLat { longitude_deg: x, latitude_deg: y })
                });
                rows.entry(attribute(line, " id=\"").unwrap()).or_default().push((second, place));
            }
        }
        rows
    }

    /// The cell of the 5 by 5 grid of sites: the nearest site is the one in whose cell a place is.
    fn cell(&self, place: Position) -> (i32, i32) {
        let index = |at: f64, size: f64| ((5.0 * at / size).floor() as i32).clamp(0, 4);
        (index(place.x_m, self.size_m[0]), index(place.y_m, self.size_m[1]))
    }

    /// Borders of cells that the straight ways between rows cross.
    fn crossings(&self, rows: &BTreeMap<String, Vec<(u32, Position)>>) -> u64 {
        let pairs = rows.values().flat_map(|rows| rows.windows(2));
        let crossed = pairs.map(|pair| {
            let (from, to) = (self.cell(pair[0].1), self.cell(pair[1].1));
            u64::from(from.0.abs_diff(to.0) + from.1.abs_diff(to.1))
        });
        crossed.sum()
    }

    /// Runs the scenario and holds what came out to the rows of the trace; gives the tables.
    fn check(&self, folder: &Path) -> RecorderSummary {
        let (summary, tables) = run(&self.scenario(), folder);
        let rows = self.rows(folder);
        assert_eq!(rows.len(), self.vehicles);
        assert_eq!(rows.values().map(Vec::len).sum::<usize>(), self.rows);

        // Every vehicle appears at its first row and vanishes a second after its last one.
        let faults = tables.rows("faults").unwrap();
        let times = faults.floats("t_s").unwrap();
        let mut stays: BTreeMap<String, [Vec<f64>; 2]> = BTreeMap::new();
        for (row, &time) in times.iter().enumerate() {
            let change = usize::from(faults.text(row, 3) == "vanished");
            stays.entry(faults.text(row, 1)).or_default()[change].push(time);
        }
        assert_eq!(stays.len(), self.vehicles);
        for (name, rows) in &rows {
            let [appeared, vanished] = &stays[&format!("car-{name}")];
            assert_eq!(appeared[..], [f64::from(rows[0].0)], "{name}");
            assert_eq!(vanished[..], [f64::from(rows[rows.len() - 1].0 + 1)], "{name}");
        }

        // Each border crossed is a handover, two in the same second where the way cuts a corner.
        assert_eq!(summary["handovers"], self.crossings(&rows));

        // A row is a second of a vehicle, which creates a task every 5 s; four standard deviations.
        let tasks = &summary["workloads"]["tasks"];
        let created = tasks["created"].as_u64().unwrap();
        let expected = self.rows as f64 / 5.0;
        assert!((created as f64 - expected).abs() < 4.0 * expected.sqrt(), "{created} of {expected}");

        // Each task was decided on once and ended once; what was lost was on its way to a vehicle gone.
        assert_eq!(summary["decisions"]["made"], created);
        let written = tables.rows("tasks").unwrap();
        let numbers: BTreeSet<String> = (0..written.len()).map(|row| written.text(row, 1)).collect();
        assert_eq!((written.len() as u64, numbers.len() as u64), (created, created));
        let outcomes = tasks["outcomes"].as_object().unwrap();
        for (outcome, count) in outcomes {
            let possible = ["done", "lost_to_mobility", "unfinished"].contains(&outcome.as_str());
            assert!(possible || *count == 0, "{outcome}: {count}");
        }
        assert!(tasks["success_share"].as_f64().unwrap() > 0.99, "{tasks}");
        tables
    }
}

#[test]
fn vehicles_of_bologna() {
    let Some(folder) = data("sumo") else { return };
    let bologna = Map {
        file: "bologna_acosta_1397veh_600s_geo.fcd.xml.gz",
        origin: Some(LonLat { longitude_deg: 11.3085, latitude_deg: 44.4896 }),
        size_m: [1850.0, 1370.0],
        seconds: 600,
        vehicles: 1397,
        rows: 250_493,
    };
    let tables = bologna.check(&folder);
    let (_, again) = run(&bologna.scenario(), &folder);
    assert!(first_difference(&tables, &again).is_none());
}

#[test]
fn vehicles_of_a_spider_net() {
    let Some(folder) = data("sumo") else { return };
    Map {
        file: "spider_1013veh_600s_geo.fcd.xml.gz",
        origin: Some(LonLat { longitude_deg: 16.2267, latitude_deg: 39.2819 }),
        size_m: [4020.0, 4020.0],
        seconds: 600,
        vehicles: 1013,
        rows: 430_530,
    }
    .check(&folder);
}

#[test]
fn vehicles_of_a_grid_in_metres() {
    let Some(folder) = data("sumo") else { return };
    Map {
        file: "grid8_50veh_300s_xy.fcd.xml",
        origin: None,
        size_m: [1400.0, 1400.0],
        seconds: 300,
        vehicles: 50,
        rows: 11_523,
    }
    .check(&folder);
}

// ------------------------------------------------------------------------ networks

/// The points of presence of a file compute, the datacenter hangs at the first, and sensors at the second.
fn backbone(file: &str, first: &str, second: &str) -> serde_json::Value {
    serde_json::json!({
        "duration": "1 min",
        "nodes": [
            { "tier": "edge", "name": "pop", "access_point": null },
            { "tier": "cloud", "name": "datacenter" },
            {
                "tier": "device", "name": "sensor", "wireless": false,
                "mobility": { "kind": "static", "layout": "center" }
            }
        ],
        "network": {
            "topology": [{ "kind": "graphml", "file": file, "nodes": "pop", "route_factor": 1.0 }],
            "links": [
                { "a": format!("pop-{first}"), "b": "datacenter", "latency": "1 ms" },
                { "a": format!("pop-{second}"), "b": "sensor", "latency": "1 ms" }
            ]
        },
        "workloads": [{ "kind": "tasks", "applications": [{
            "arrival": { "kind": "periodic", "period": "1 s" },
            "length": "1 GI", "upload": "125 B", "download": "125 B"
        }] }],
        "policies": { "offloading": { "kind": "cloud_only" } }
    })
}

/// Asks for the latencies between all pairs of the first nodes.
#[derive(Debug)]
struct Latencies {
    nodes: u32,
    found_ms: Arc<Mutex<BTreeMap<(u32, u32), f64>>>,
}

impl UserEvent for Latencies {
    fn happen(self: Box<Self>, context: &mut dyn Context) {
        let mut found_ms = self.found_ms.lock().unwrap();
        for (from, to) in (0..self.nodes).flat_map(|from| (0..self.nodes).map(move |to| (from, to))) {
            let latency_s = context.infrastructure().latency_s(NodeId(from), NodeId(to)).unwrap();
            found_ms.insert((from, to), 1e3 * latency_s);
        }
    }
}

/// Latencies in ms between the points of presence of a file, by their numbers there.
fn latencies_ms(file: &str, first: &str, nodes: u32) -> BTreeMap<(u32, u32), f64> {
    let Some(folder) = data("topology") else { return BTreeMap::new() };
    let mut world = open(&backbone(file, first, first), &folder).unwrap().world;
    let found_ms = Arc::new(Mutex::new(BTreeMap::new()));
    world.at(SimTime::ZERO, Latencies { nodes, found_ms: Arc::clone(&found_ms) });
    world.build(Box::new(NoRecords)).unwrap().run().unwrap();
    std::mem::take(&mut found_ms.lock().unwrap())
}

/// Mean over all ordered pairs.
fn mean_ms(latencies_ms: &BTreeMap<(u32, u32), f64>) -> f64 {
    let between = latencies_ms.iter().filter(|((from, to), _)| from != to);
    between.clone().map(|(_, ms)| ms).sum::<f64>() / between.count() as f64
}

#[test]
fn latencies_of_abilene_are_those_of_its_fibre() {
    let latencies_ms = latencies_ms("Abilene.graphml", "New York", 11);
    if latencies_ms.is_empty() {
        return;
    }
    // By topology_reference.csv, computed with networkx.
    assert!((mean_ms(&latencies_ms) - 11.524_11).abs() < 1e-4, "{}", mean_ms(&latencies_ms));
    // New York - Chicago - Indianapolis - Kansas City - Denver - Sunnyvale at 200 km/ms, great circles in
    // km. The way over Washington and Houston is longer: 328 + 872 + 1128 + 2207 + 503.
    let km = 1145.839 + 263.325 + 730.648 + 891.806 + 1503.596;
    let (new_york, sunnyvale) = (0, 4);
    assert!((latencies_ms[&(new_york, sunnyvale)] - km / 200.0).abs() < 1e-4, "{latencies_ms:?}");
    assert_eq!(latencies_ms[&(sunnyvale, new_york)], latencies_ms[&(new_york, sunnyvale)]);
}

#[test]
fn latencies_of_nsfnet_are_those_of_its_fibre() {
    let latencies_ms = latencies_ms("Nsfnet.graphml", "NorthWestNet, Seattle", 13);
    if latencies_ms.is_empty() {
        return;
    }
    assert!((mean_ms(&latencies_ms) - 12.652_429).abs() < 1e-4, "{}", mean_ms(&latencies_ms));
}

/// Sensor and datacenter at two points of presence: the time of a task is that of light, the links' and
/// the processor's.
#[test]
fn a_task_over_abilene_takes_the_time_of_its_way() {
    let Some(folder) = data("topology") else { return };
    let (summary, tables) = run(&backbone("Abilene.graphml", "New York", "Sunnyvale"), &folder);
    // 60 tasks, the last of which may be under way at the end.
    let tasks = tables.rows("tasks").unwrap();
    assert_eq!(tasks.len(), 60, "{summary}");
    // Five links of the way and one at each end of 1 ms; 1000 bits take 1 us at 1 Gbit/s; 1 GI takes
    // 100 ms on a core of 10 000 MIPS.
    let way_s = (1145.839 + 263.325 + 730.648 + 891.806 + 1503.596) / 200e3 + 0.002;
    for (row, &service_s) in tasks.floats("service_s").unwrap().iter().enumerate() {
        if tasks.text(row, 7) != "unfinished" {
            let excess_s = service_s - (2.0 * way_s + 0.1);
            // Store and forward would add 1 us a link, cut-through 1 us in all.
            assert!((1.9e-6..=15e-6).contains(&excess_s), "{excess_s}");
        }
    }
    assert_eq!(summary["workloads"]["tasks"]["success_share"], 1.0);
}

#[test]
fn every_network_of_one_piece_carries_tasks() {
    let Some(folder) = data("topology") else { return };
    let ends = [
        ("Abilene.graphml", 11, "Seattle", "Atlanta"),
        ("Cogentco.graphml", 197, "Timisoara", "Bucharest"),
        ("Dfn.graphml", 58, "CHE", "LEI"),
        ("Garr201201.graphml", 61, "CA", "GEANT"),
        ("Geant2012.graphml", 40, "NL", "RO"),
        ("Kdl.graphml", 754, "Rolla", "Marquette"),
        ("Nsfnet.graphml", 13, "NorthWestNet, Seattle", "Westnet, Salt Lake City"),
        ("TataNld.graphml", 145, "Varanasi", "Gaya"),
    ];
    for (file, nodes, first, second) in ends {
        let (summary, _) = run(&backbone(file, first, second), &folder);
        assert_eq!(summary["tiers"]["edge"]["nodes"], nodes, "{file}");
        assert_eq!(summary["workloads"]["tasks"]["success_share"], 1.0, "{file}: {summary}");
    }
}

#[test]
fn a_network_of_several_pieces_is_refused() {
    let Some(folder) = data("topology") else { return };
    let scenario = backbone("DeutscheTelekom.graphml", "Frankfurt", "Frankfurt");
    let message = open(&scenario, &folder).unwrap_err();
    assert!(message.contains("no links lead from \"pop-"), "{message}");
    assert!(message.contains("to \"pop-"), "{message}");
}

// ---------------------------------------------------------------------------- power

/// The rows of a CSV file, by the names of their columns.
fn csv_rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        header.iter().map(str::to_string).zip(record.iter().map(str::to_string)).collect()
    });
    rows.collect()
}

#[test]
fn presets_of_servers_are_the_published_results() {
    let Some(folder) = data("energy/power") else { return };
    let at = |model: &dyn PowerModel, utilisation: f64| model.power_w(&Load::of(utilisation));
    let mut ends = BTreeSet::new();
    let rows = csv_rows(&folder.join("specpower_11point_watts.csv"));
    assert_eq!(rows.len(), 21);
    for row in &rows {
        // The preset whose description begins with the name of the server and has its processor.
        let own: Vec<_> = power_presets()
            .iter()
            .filter(|preset| {
                preset.about.starts_with(&format!("{},", row["server"]))
                    && preset.about.contains(&row["cpu"])
            })
            .collect();
        let [preset] = own[..] else { panic!("{} presets for {row:?}", own.len()) };
        let model = preset.model(row["cores"].parse().unwrap());
        for percent in (0..=100).step_by(10) {
            let watts: f64 = row[&format!("w{percent}")].parse().unwrap();
            let found = at(&*model, f64::from(percent) / 100.0);
            assert!(
                (found - watts).abs() < 1e-9,
                "{} at {percent} %: {found} against {watts}",
                preset.name
            );
        }
        ends.insert((row["w0"].clone(), row["w100"].clone()));
    }
    // Idle and full load are also in the list of all results.
    let all: Vec<(f64, f64)> = csv_rows(&folder.join("SPECpower_idle_max_2026-03-09.csv"))
        .iter()
        .filter_map(|row| {
            Some((row["avg. watts @ active idle"].parse().ok()?, row["avg. watts @ 100%"].parse().ok()?))
        })
        .collect();
    assert!(all.len() > 1000);
    for (idle, full) in ends {
        let pair: (f64, f64) = (idle.parse().unwrap(), full.parse().unwrap());
        assert!(all.contains(&pair), "no result has {pair:?}");
    }
}
