//! Datasets through the public API and the command line: what is in them, that no part leaks into another,
//! that they are the same however they are made, and what bad input is told.

mod bad_input;
mod classes;
mod contents;
mod decisions;
mod failures;
mod leaks;
mod same_bytes;
mod sources;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use stratosim::dataset::{Dataset, DatasetError, DatasetSummary};
use stratosim::output::{Destination, FileFormat, Recorder, RunDirectory, TableSelection};
use stratosim::records::{Cell, ColumnSpec, TableSpec};
use tempfile::TempDir;

/// A folder with runs in it, and the datasets that are made of them.
pub(super) struct Study {
    directory: TempDir,
}

/// The load of a node at a time, known to the tests: different for each seed, node and time.
fn load(seed: u64, node: u32, second: u32) -> f64 {
    f64::from(node) + f64::from(second) / 1000.0 + seed as f64 * 100.0
}

impl Study {
    pub(super) fn new() -> Self {
        Study { directory: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a run directory with these tables, which lasts so many seconds.
    fn run(&self, name: &str, seed: u64, seconds: u32, tables: &[(TableSpec, Vec<Vec<Cell<'_>>>)]) {
        let directory = RunDirectory::create(self.path(name), true).unwrap();
        let files = Destination::Files { directory: directory.tables(), format: FileFormat::Csv };
        let mut recorder = Recorder::new(files, TableSelection::All);
        for (spec, rows) in tables {
            let table = recorder.table(spec.clone()).unwrap();
            for row in rows {
                let mut writer = recorder.row(table);
                for cell in row {
                    writer = writer.cell(*cell);
                }
                writer.end();
            }
        }
        directory.write_dictionary(&recorder.dictionary()).unwrap();
        recorder.finish().unwrap();
        let scenario = json!({ "duration": format!("{seconds} s"), "seed": seed, "speed": 10 * seed });
        // Two runs of one seed are not copies.
        let fingerprint = seed + if name.ends_with('a') { 0x1000 } else { 0 };
        let run = json!({
            "stratosim": "0.1.0", "seed": seed, "scenario": scenario, "fingerprint": format!("{fingerprint:016x}")
        });
        directory.write_run(&run).unwrap();
        directory.write_summary(&json!({})).unwrap();
        directory.commit().unwrap();
    }

    /// Writes a run with a sample of three nodes each second, and a fault of the first from 20 s to 30 s.
    pub(super) fn sampled(&self, name: &str, seed: u64, seconds: u32) {
        let nodes = TableSpec::new(
            "nodes",
            "Samples",
            [
                ColumnSpec::float("t_s", "s", "time"),
                ColumnSpec::category("node", "node"),
                ColumnSpec::category("tier", "its tier"),
                ColumnSpec::boolean("available", "whether it works"),
                ColumnSpec::float("load", "1", "load"),
            ],
        );
        let faults = TableSpec::new(
            "faults",
            "Changes",
            [
                ColumnSpec::float("t_s", "s", "when"),
                ColumnSpec::category("subject", "node or link"),
                ColumnSpec::category("change", "failed or repaired"),
            ],
        );
        let names = ["edge-0", "edge-1", "cloud-0"];
        let tiers = ["edge", "edge", "cloud"];
        let mut rows = Vec::new();
        for second in 0..=seconds {
            for node in 0..3 {
                let down = node == 0 && (20..30).contains(&second);
                rows.push(vec![
                    f64::from(second).into(),
                    names[node].into(),
                    tiers[node].into(),
                    (!down).into(),
                    load(seed, node as u32, second).into(),
                ]);
            }
        }
        let changes = vec![
            vec![20.0.into(), "edge-0".into(), "failed".into()],
            vec![30.0.into(), "edge-0".into(), "repaired".into()],
        ];
        self.run(name, seed, seconds, &[(nodes, rows), (faults, changes)]);
    }

    /// Six runs of two minutes with the seeds 1 to 3, two of each.
    pub(super) fn with_six_runs() -> Self {
        let study = Study::new();
        for seed in 1..=3 {
            for copy in ["a", "b"] {
                study.sampled(&format!("run-{seed}{copy}"), seed, 120);
            }
        }
        study
    }

    /// Writes a dataset file.
    pub(super) fn write(&self, name: &str, spec: &Value) -> PathBuf {
        let file = self.path(&format!("{name}.json"));
        fs::write(&file, format!("{spec:#}")).unwrap();
        file
    }

    /// Makes a dataset of its file, in a directory of the same name.
    pub(super) fn attempt(&self, name: &str, spec: &Value) -> Result<Made, DatasetError> {
        let out = self.path(name);
        let summary = Dataset::from_file(self.write(name, spec))?.out(&out).replace().run()?;
        Ok(Made { path: out, summary })
    }

    pub(super) fn make(&self, name: &str, spec: &Value) -> Made {
        self.attempt(name, spec).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A dataset that was made.
pub(super) struct Made {
    pub(super) path: PathBuf,
    pub(super) summary: DatasetSummary,
}

/// A row of a part: its cells by column.
pub(super) type Row = BTreeMap<String, String>;

impl Made {
    /// The rows of a part, in CSV.
    pub(super) fn rows(&self, part: &str) -> Vec<Row> {
        let mut reader = csv::Reader::from_path(self.path.join(format!("{part}.csv"))).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    pub(super) fn json(&self, name: &str) -> Value {
        crate::support::read_json(&self.path.join(name))
    }

    /// The bytes of all files, by name.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path)
    }
}

pub(super) fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

pub(super) fn number(row: &Row, column: &str) -> f64 {
    let text = row.get(column).unwrap_or_else(|| panic!("there is no {column} in {row:?}"));
    text.parse().unwrap_or_else(|_| panic!("{column} is {text:?}"))
}

/// Windows over the load of edge nodes: three lags, and the load 5 s ahead.
pub(super) fn windows() -> Value {
    json!({
        "sources": ["run-*"],
        "samples": {
            "kind": "windows",
            "table": "nodes",
            "entity": ["node"],
            "where": [{ "column": "tier", "is": "edge" }],
            "features": [{ "column": "load", "lags": { "count": 3 } }],
            "horizon": 5,
            "targets": [{ "column": "load" }]
        },
        "split": { "by": "run", "shares": { "train": 0.4, "validation": 0.3, "test": 0.3 } }
    })
}

/// The same with other values of these keys; a dot leads into an object.
pub(super) fn with(mut spec: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let place = path.split('.').fold(&mut spec, |place, key| match key.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[key],
        });
        *place = value.clone();
    }
    spec
}
