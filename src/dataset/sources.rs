//! The runs that a dataset is made of.

use super::DatasetError;
use super::format::DatasetSpec;
use crate::engine::SimTime;
use crate::output::{RunReader, TableDirectory};
use crate::records::TableSpec;
use crate::scenario::{Diagnostics, Document, Duration, Path as Place};
use crate::sweep::{SweepResults, SweepScenarios, tables_of};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
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
    let mut sources = Vec::new();
    let place = Place::root().key("sources");
    for (index, source) in spec.sources.iter().flatten().enumerate() {
        let at = |message: String| Diagnostics::from(document.diagnostic(&place.index(index), message));
        let pattern = directory.join(source);
        let found = match_paths(directory, source).map_err(at)?;
        if found.is_empty() {
            let message = format!("there is no directory {}", pattern.display());
            let help = "directories are looked for beside the dataset file";
            let diagnostic = document.diagnostic(&place.index(index), message).help(help);
            return Err(Diagnostics::from(diagnostic).into());
        }
        sources.extend(found.into_iter().map(|path| (index, path)));
    }
    // The file's own directory is not the dataset's business.
    let given: Vec<&Path> =
        sources.iter().map(|(_, path)| path.strip_prefix(directory).unwrap_or(path)).collect();
    let mut runs = Vec::new();
    for ((index, path), name) in sources.iter().zip(names_of(&given)) {
        let at = |error: DatasetError| document.diagnostic(&place.index(*index), error.to_string());
        runs.extend(open(path, &name).map_err(at)?);
    }
    check_apart(&runs)?;
    Ok(runs)
}

/// The runs in these directories.
pub(super) fn given(paths: &[PathBuf]) -> Result<Vec<Run>, DatasetError> {
    let given: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let mut runs = Vec::new();
    for (path, name) in paths.iter().zip(names_of(&given)) {
        runs.extend(open(path, &name)?);
    }
    check_apart(&runs)?;
    Ok(runs)
}

/// Fails if a run is there twice, under one name or two: one copy could be trained on and the other tested.
fn check_apart(runs: &[Run]) -> Result<(), DatasetError> {
    let mut names = BTreeSet::new();
    let mut places: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut contents: BTreeMap<(u64, &str, String), &str> = BTreeMap::new();
    for run in runs {
        let name = run.name.as_str();
        if !names.insert(name) {
            return Err(DatasetError::Refused(format!("the run {name} is named twice")));
        }
        let tables = run.tables.path();
        let place = tables.canonicalize().unwrap_or_else(|_| tables.to_path_buf());
        if let Some(first) = places.insert(place, name) {
            let message = format!("{first} and {name} are the same directory; leave one of them out");
            return Err(DatasetError::Refused(message));
        }
        let Some(fingerprint) = &run.fingerprint else { continue };
        let content = (run.seed, fingerprint.as_str(), run.scenario.to_string());
        if let Some(first) = contents.insert(content, name) {
            return Err(DatasetError::Refused(format!(
                "{first} and {name} are copies of one run: seed, scenario and fingerprint are the same; leave \
                 one of them out"
            )));
        }
    }
    Ok(())
}

/// What runs in these directories are called: relative paths as they were given, and of an absolute one, which
/// would tell of the machine, as few of its last parts as tell it apart from all others.
fn names_of(paths: &[&Path]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths
        .iter()
        .map(|path| {
            let normal = path
                .components()
                .filter(|part| !matches!(part, Component::RootDir | Component::Prefix(_)));
            normal.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
        })
        .collect();
    let name = |(index, path): (usize, &&Path)| {
        if !path.has_root() {
            return name_of(path);
        }
        let own = &parts[index];
        let others =
            || parts.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, parts)| parts);
        let tail = (1..=own.len())
            .map(|count| &own[own.len() - count..])
            .find(|tail| !others().any(|other| other.ends_with(tail)));
        tail.unwrap_or(own).join("/")
    };
    paths.iter().enumerate().map(name).collect()
}

/// The directories that a source beside the dataset file stands for, sorted by name: the one of that very name,
/// if there is one, else those that it matches as a pattern.
fn match_paths(directory: &Path, source: &str) -> Result<Vec<PathBuf>, String> {
    let literal = directory.join(source);
    if literal.is_dir() {
        return Ok(vec![literal]);
    }
    // The folder's own name is no pattern.
    let pattern = Path::new(&glob::Pattern::escape(&directory.to_string_lossy())).join(source);
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
