//! The runs that a dataset is made of.

use super::DatasetError;
use super::format::DatasetSpec;
use crate::engine::SimTime;
use crate::output::{RunReader, TableDirectory};
use crate::records::TableSpec;
use crate::scenario::{Diagnostics, Document, Duration, Path as Place};
use crate::sweep::{SweepResults, SweepScenarios, tables_of};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// One run, and what its rows come from.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// What the column `run` calls it.
    pub(super) name: String,
    pub(super) tables: TableDirectory,
    pub(super) seed: u64,
    /// Its scenario: with all defaults if it was run by itself, as given if it belongs to a sweep.
    pub(super) scenario: Value,
    /// The values of the axes of its sweep.
    pub(super) axes: Map<String, Value>,
    fingerprint: Option<String>,
    version: Option<String>,
    /// How long it simulated, in nanoseconds.
    pub(super) end: u64,
}

impl Run {
    /// Where its rows come from, for the data card.
    pub(super) fn provenance(&self) -> Value {
        json!({
            "run": self.name,
            "seed": self.seed,
            "axes": self.axes,
            "fingerprint": self.fingerprint,
            "scenario_hash": format!("{:016x}", xxh3_64(self.scenario.to_string().as_bytes())),
            "stratosim": self.version,
        })
    }

    /// Its tables.
    pub(super) fn specs(&self) -> Vec<TableSpec> {
        self.tables.tables().cloned().collect()
    }
}

/// How long a scenario is simulated, in nanoseconds; forever if it does not say.
fn end_of(scenario: &Value) -> u64 {
    let seconds = match &scenario["duration"] {
        Value::String(text) => Duration::KIND.parse(text).ok(),
        value => value.as_f64(),
    };
    seconds.map_or(u64::MAX, |seconds| SimTime::from_secs(seconds).as_nanos())
}

/// A path as it was given, the same on all systems.
fn name_of(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The runs of a run directory, or of a sweep directory.
pub(super) fn open(path: &Path, name: &str) -> Result<Vec<Run>, DatasetError> {
    if path.join("sweep.json").is_file() {
        return open_sweep(path, Some(name));
    }
    let reader = RunReader::open(path)?;
    let run = reader.run();
    let scenario = run["scenario"].clone();
    Ok(vec![Run {
        name: name.to_string(),
        seed: run["seed"].as_u64().or(scenario["seed"].as_u64()).unwrap_or_default(),
        fingerprint: run["fingerprint"].as_str().map(str::to_string),
        version: run["stratosim"].as_str().map(str::to_string),
        end: end_of(&scenario),
        tables: TableDirectory::open(path.join("tables"), &path.join("dictionary.json"))?,
        scenario,
        axes: Map::new(),
    }])
}

/// The runs of a sweep that have not failed, with `prefix` before their names.
pub(super) fn open_sweep(path: &Path, prefix: Option<&str>) -> Result<Vec<Run>, DatasetError> {
    let results = SweepResults::read(path).map_err(DatasetError::Sweep)?;
    let rows: Vec<_> = results.rows().iter().filter(|row| row.error.is_none()).collect();
    let scenarios = SweepScenarios::open(path).map_err(DatasetError::Sweep)?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in rows {
        let scenario = scenarios.of(row.run).map_err(DatasetError::Sweep)?;
        let labels = results.axes().iter().zip(results.labels(row.run.point));
        runs.push(Run {
            name: prefix.map_or_else(|| row.run.to_string(), |prefix| format!("{prefix}/{}", row.run)),
            tables: tables_of(path, row.run)?,
            seed: row.seed,
            fingerprint: row.fingerprint.clone(),
            version: Some(scenarios.version().to_string()),
            end: end_of(&scenario),
            scenario,
            axes: labels.map(|(axis, label)| (axis.name.clone(), label.clone())).collect(),
        });
    }
    Ok(runs)
}

/// The runs that a dataset file names, which are looked for in `directory`.
pub(super) fn named(
    spec: &DatasetSpec,
    document: &Document,
    directory: &Path,
) -> Result<Vec<Run>, DatasetError> {
    let mut runs = Vec::new();
    let place = Place::root().key("sources");
    for (index, source) in spec.sources.iter().flatten().enumerate() {
        let at = |message: String| Diagnostics::from(document.diagnostic(&place.index(index), message));
        let pattern = directory.join(source);
        let found = match_paths(&pattern).map_err(at)?;
        if found.is_empty() {
            let message = format!("there is no directory {}", pattern.display());
            let help = "directories are looked for beside the dataset file";
            let diagnostic = document.diagnostic(&place.index(index), message).help(help);
            return Err(Diagnostics::from(diagnostic).into());
        }
        for path in found {
            // As given: the file's own directory is not the dataset's business.
            let name = name_of(path.strip_prefix(directory).unwrap_or(&path));
            runs.extend(open(&path, &name).map_err(|error| at(error.to_string()))?);
        }
    }
    check_names(&runs)?;
    Ok(runs)
}

/// The runs in these directories.
pub(super) fn given(paths: &[PathBuf]) -> Result<Vec<Run>, DatasetError> {
    let mut runs = Vec::new();
    for path in paths {
        runs.extend(open(path, &name_of(path))?);
    }
    check_names(&runs)?;
    Ok(runs)
}

fn check_names(runs: &[Run]) -> Result<(), DatasetError> {
    let mut names = BTreeSet::new();
    match runs.iter().find(|run| !names.insert(run.name.as_str())) {
        Some(run) => Err(DatasetError::Refused(format!("the run {} is named twice", run.name))),
        None => Ok(()),
    }
}

/// The directories that a pattern stands for, sorted by name.
fn match_paths(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern.to_string_lossy();
    let paths = glob::glob(&text).map_err(|error| format!("it is no pattern: {error}"))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| error.to_string())?;
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}
