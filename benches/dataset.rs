//! Ten lags of a table of ten million rows: rows a second, time of the processors, peak memory.
//!
//! `cargo bench --bench dataset`, or with a number of rows of one's own: `cargo bench --bench dataset -- 1000000`.
//! The table, of a thousand entities and five columns, is written first, in Parquet if this build has it and else
//! in CSV. Each dataset is made in a process of its own, so that peak memory is its own.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use stratosim::dataset::Dataset;
use stratosim::output::{Destination, FileFormat, Recorder, RunDirectory, TableSelection};
use stratosim::records::{ColumnSpec, TableSpec};

const ROWS: u64 = 10_000_000;
const ENTITIES: u64 = 1000;
/// Tells the program to make one dataset in this process.
const ONE: &str = "--one";

/// The format of both table and dataset, and its name.
fn format() -> (FileFormat, &'static str) {
    if cfg!(feature = "parquet") { (FileFormat::Parquet, "parquet") } else { (FileFormat::Csv, "csv") }
}

/// Writes a run with a table of so many rows, a sample of each entity each second.
fn write_run(path: &Path, rows: u64) {
    let directory = RunDirectory::create(path, false).expect("it is free");
    let files = Destination::Files { directory: directory.tables(), format: format().0 };
    let mut recorder = Recorder::new(files, TableSelection::All);
    let samples = TableSpec::new(
        "samples",
        "Samples",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::float("utilisation", "", "busy share"),
            ColumnSpec::float("power_w", "W", "power"),
            ColumnSpec::unsigned("waiting", "", "jobs that wait"),
        ],
    );
    let table = recorder.table(samples).expect("it is well described");
    let names: Vec<_> = (0..ENTITIES).map(|node| recorder.symbol(&format!("node-{node}"))).collect();
    for row in 0..rows {
        let (second, node) = (row / ENTITIES, row % ENTITIES);
        // A multiplicative hash: numbers without a pattern that would compress away.
        let noise = (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / (1_u64 << 24) as f64;
        recorder
            .row(table)
            .float(second as f64)
            .category(names[node as usize])
            .float(noise)
            .float(50.0 + 100.0 * noise)
            .unsigned((noise * 8.0) as u64)
            .end();
    }
    directory.write_dictionary(&recorder.dictionary()).expect("there is room");
    recorder.finish().expect("there is room");
    let scenario = json!({ "duration": rows as f64 / ENTITIES as f64 });
    directory.write_run(&json!({ "seed": 1, "scenario": scenario })).expect("there is room");
    directory.write_summary(&json!({})).expect("there is room");
    directory.commit().expect("it is free");
}

/// Ten lags and a target, read once; and with rolling statistics and scaled, for which the table is read twice.
fn specs() -> [(&'static str, Value); 2] {
    let spec = |rolling: Value, scale: &str| {
        json!({
            "samples": {
                "kind": "windows", "table": "samples", "entity": ["node"], "horizon": 1,
                "features": [{ "column": "utilisation", "lags": { "count": 10 }, "rolling": rolling }],
                "targets": [{ "column": "utilisation" }]
            },
            "split": { "by": "time", "shares": { "train": 0.8, "test": 0.2 } },
            "scale": scale,
            "format": format().1,
            "sources": ["run"]
        })
    };
    let rolling = json!([{ "window": 60, "statistics": ["mean", "std", "slope"] }]);
    [
        ("10 lags", spec(json!([]), "none")),
        ("10 lags, 3 rolling statistics of 60 rows, scaled", spec(rolling, "standard")),
    ]
}

/// Peak resident memory of this process in MiB; zero where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// CPU time of this process in seconds; zero where the system does not tell.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: user and system time are fields 14 and 15, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Makes one dataset in a directory with a run.
fn make(directory: &Path, index: usize) {
    let (name, spec) = &specs()[index];
    let started = Instant::now();
    let dataset = Dataset::from_json(&spec.to_string()).expect("it is good");
    let out = directory.join(format!("dataset-{index}"));
    let summary = dataset.runs([directory.join("run")]).out(&out).run().expect("it can be made");
    let wall_s = started.elapsed().as_secs_f64();
    let rows: u64 = summary.parts.iter().map(|(_, rows)| rows).sum();
    println!(
        "| {name} | {rows} | {wall_s:.1} | {:.2} | {:.1} | {:.0} |",
        rows as f64 / wall_s / 1e6,
        cpu_s(),
        peak_mib()
    );
    std::fs::remove_dir_all(&out).expect("it is ours");
}

fn main() {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [one, directory, index] = arguments.as_slice()
        && one == ONE
    {
        return make(Path::new(directory), index.parse().expect("it is a number"));
    }
    let rows = arguments.first().map_or(ROWS, |rows| rows.parse().expect("it is a number"));
    let directory = tempfile::tempdir().expect("it can be created");
    let started = Instant::now();
    write_run(&directory.path().join("run"), rows);
    println!("{rows} rows written in {:.1} s, in {}\n", started.elapsed().as_secs_f64(), format().1);
    println!(
        "| dataset | rows | s | M rows/s | CPU s | peak MiB |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for index in 0..specs().len() {
        let program = std::env::current_exe().expect("it runs");
        let status =
            Command::new(program).arg(ONE).arg(directory.path()).arg(index.to_string()).status();
        assert!(status.expect("it can be started").success());
    }
}
